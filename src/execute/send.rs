//! One request on its way: the turn and the slot that it waits for, its intent, the sending, and what is settled by the
//! reply. Sends again only what surely was not accepted.

use std::path::PathBuf;

use tokio::sync::SemaphorePermit;
use tokio::time::Instant;

use crate::execute::ask::{Ask, PaidClient, own_id};
use crate::execute::retry::{Next, Tries};
use crate::execute::route::Route;
use crate::execute::run_handle::{Asked, Asking, Message, RunHandle};
use crate::execute::spent::Spent;
use crate::execute::{Failed, not_made};
use model::request::Prompt;
use model::{ModelId, Money};
use plan::Answer;
use provider::reply::{Refusal, RefusalKind, Reply};
use provider::submission::Submission;
use store::Incoming;
use store::ledger::{Intent, NotIntended, Outcome, Settlement};

/// What is said of who waits for the turn of a model.
pub(super) const RATE_LIMIT: &str = "the provider's rate limit";

/// What takes as long as another time: by who is asked, how fine it is to be, and how many there are.
pub fn time_of(model: &ModelId, quality: Option<&str>, pictures: u32) -> String {
    format!("{model} {} {pictures}", quality.unwrap_or_default())
}

fn what(ask: &Ask<'_>) -> String {
    let Prompt {
        quality,
        candidates,
        ..
    } = ask.prompt;
    time_of(&ask.request.model, quality.as_deref(), *candidates)
}

/// A request that was sent, and what came of it.
struct Sent<'r> {
    /// The number of its intent.
    number: u64,
    reply: Reply,
    /// What came, on the disk.
    incoming: Incoming,
    /// A ticket is waited for in its slot: what a provider makes at once is bounded too.
    slot: Option<SemaphorePermit<'r>>,
}

impl PaidClient {
    /// Sends it, and again what surely was not accepted.
    pub(super) async fn send(
        &self,
        ask: &Ask<'_>,
        route: &Route,
        handle: &RunHandle,
        spent: &mut Spent,
    ) -> Result<Answer, Failed> {
        let mut tries = Tries::default();
        loop {
            let Some(sent) = self.in_turn(ask, route, handle).await? else {
                continue;
            };
            let Sent {
                number,
                reply,
                incoming,
                slot: _slot,
            } = sent;
            match reply {
                Reply::Answered { request_id } => {
                    spent.requests += 1;
                    self.tell(ask, handle, Asked::Arrived);
                    let path = self.arrived(number, incoming, request_id.as_deref(), spent)?;
                    return self
                        .taken(ask, route, &path, request_id, handle, spent)
                        .await;
                }
                Reply::Ticket(ticket) => {
                    spent.requests += 1;
                    let path = self.arrived(number, incoming, Some(&ticket.id), spent)?;
                    let taken = self.collect(ask.asset, &path, None, route, handle).await;
                    return self.told(taken, ask, handle, spent);
                }
                Reply::Doubt { why, request_id } => {
                    spent.requests += 1;
                    spent.unknown = true;
                    let hint = route.adapter.page_hint(&ask.request.model);
                    return Err(self.doubted((number, incoming), &why, request_id, hint));
                }
                Reply::Disk(error) => {
                    spent.requests += 1;
                    spent.unknown = true;
                    let _ = self.settle(number, Outcome::Doubt, Some(error.to_string()), None);
                    return Err(not_made::no_room(&error, incoming.keep_part().as_deref()));
                }
                Reply::Unreadable(why) => {
                    return self.unsendable(number, incoming, not_made::unreadable(&why));
                }
                Reply::TooLarge { bytes, most } => {
                    return self.unsendable(number, incoming, not_made::too_large(bytes, most));
                }
                Reply::Unsent(why) => {
                    incoming.forget();
                    self.settle(number, Outcome::Unsent, Some(why.clone()), None)?;
                    self.unsent(ask, &why, &mut tries, handle).await?;
                }
                Reply::Refused(refusal) => {
                    incoming.forget();
                    let (said, id) = (Some(refusal.said()), refusal.request_id.clone());
                    self.settle(number, Outcome::Refused, said, id)?;
                    self.refused(ask, route, &refusal, &mut tries, handle)
                        .await?;
                }
            }
        }
    }

    /// Sends it once, when it is its turn; none if others used up the minute before it had its slot.
    async fn in_turn<'r>(
        &self,
        ask: &Ask<'_>,
        route: &'r Route,
        handle: &RunHandle,
    ) -> Result<Option<Sent<'r>>, Failed> {
        let model = ask.request.model.to_string();
        self.turn(ask, route, handle).await?;
        let slot = route.slots.acquire().await;
        // While this one waited for its slot, a person may have said that it is enough.
        if *handle.stop.borrow() {
            return Err(not_made::stopped());
        }
        if let Some(why) = route.halted() {
            return Err(not_made::halted(&why));
        }
        // While this one waited for its slot, others may have used up the minute.
        if !route.turn(&model, ask.prompt.candidates) {
            return Ok(None);
        }
        self.tell(ask, handle, Asked::Sent);
        let began = Instant::now();
        let sent = self.once(ask, route).await;
        if matches!(sent, Ok((_, Reply::Answered { .. }, _))) {
            self.store.note_time(&what(ask), began.elapsed());
        }
        if !matches!(sent, Ok((_, Reply::Refused(_), _))) {
            let through = matches!(sent, Ok((_, Reply::Answered { .. } | Reply::Ticket(_), _)));
            route.ended(&model, through);
        }
        let (number, reply, incoming) = sent?;
        if let Reply::Refused(refusal) = &reply {
            // Before the slot is free: nobody slips through.
            route.halt(refusal);
        }
        let slot = slot.ok().filter(|_| matches!(reply, Reply::Ticket(_)));
        Ok(Some(Sent {
            number,
            reply,
            incoming,
            slot,
        }))
    }

    /// One request: the intent is on the disk before it is sent.
    async fn once(&self, ask: &Ask<'_>, route: &Route) -> Result<(u64, Reply, Incoming), Failed> {
        let request = ask.request;
        let intent = Intent {
            asset: ask.asset.to_owned(),
            key: ask.key,
            model: request.model.to_string(),
            pictures: ask.prompt.candidates,
            estimate: ask.estimate,
            quoted: ask.quoted.and_then(Money::foreign),
            project: self.project.clone(),
            from: None,
            batch: None,
        };
        let number = match self.ledger.intend(intent, &self.ceilings) {
            Ok(number) => number,
            Err(NotIntended::Disk(error)) => return Err(not_made::disk(&error)),
            Err(NotIntended::Over(ceiling, left)) => {
                return Err(not_made::over(self.budget.passed(&ceiling, left)));
            }
        };
        let head = self.head(ask, route, number);
        let expected = self.store.expect(&head);
        let mut incoming = match expected {
            Ok(incoming) => incoming,
            Err(error) => {
                let settlement = Settlement {
                    outcome: Outcome::Unsent,
                    cost: None,
                    billed: None,
                    request_id: None,
                    why: Some(error.to_string()),
                };
                // Nothing was sent; if even that cannot be written, it stays in doubt.
                let _ = self.ledger.settle(number, settlement);
                return Err(not_made::disk(&error));
            }
        };
        let path = incoming.path().to_path_buf();
        let submission = Submission {
            request,
            prompt: ask.prompt,
            own_id: &own_id(&ask.key, number),
            references: ask.references,
            mask: ask.mask,
        };
        let reply = route.adapter.submit(submission, &mut incoming, &path).await;
        Ok((number, reply, incoming))
    }

    /// Where a whole answer is; in doubt if the disk does not take it.
    fn arrived(
        &self,
        number: u64,
        incoming: Incoming,
        request_id: Option<&str>,
        spent: &mut Spent,
    ) -> Result<PathBuf, Failed> {
        incoming.arrived().map_err(|astray| {
            spent.unknown = true;
            let (why, id) = (astray.error.to_string(), request_id.map(str::to_owned));
            // A disk that takes no more may not take this either: in doubt it is anyway.
            let _ = self.settle(number, Outcome::Doubt, Some(why), id);
            not_made::astray(&astray)
        })
    }

    /// Writes what became of a request whose cost no answer tells.
    fn settle(
        &self,
        number: u64,
        outcome: Outcome,
        why: Option<String>,
        request_id: Option<String>,
    ) -> Result<(), Failed> {
        let settlement = Settlement {
            outcome,
            cost: None,
            billed: None,
            request_id,
            why,
        };
        self.ledger
            .settle(number, settlement)
            .map_err(|e| not_made::disk(&e))
    }

    /// What could not be put together, or is too large, was not sent.
    fn unsendable(
        &self,
        number: u64,
        incoming: Incoming,
        failed: Failed,
    ) -> Result<Answer, Failed> {
        incoming.forget();
        let why = failed.diagnostic.message.clone();
        self.settle(number, Outcome::Unsent, Some(why), None)?;
        Err(failed)
    }

    /// Settles what may have been accepted, and tells it.
    fn doubted(
        &self,
        sent: (u64, Incoming),
        why: &str,
        request_id: Option<String>,
        hint: Option<String>,
    ) -> Failed {
        let (number, incoming) = sent;
        // Without it, the intent alone says that it is in doubt.
        let _ = self.settle(number, Outcome::Doubt, Some(why.to_owned()), request_id);
        not_made::no_answer(why, incoming.keep_part().as_deref(), hint)
    }

    /// Waits until what never left may be sent again, or gives it up.
    async fn unsent(
        &self,
        ask: &Ask<'_>,
        why: &str,
        tries: &mut Tries,
        handle: &RunHandle,
    ) -> Result<(), Failed> {
        match tries.unsent() {
            Next::Again(wait) => {
                self.tell(ask, handle, Asked::Waits(wait, why.to_owned()));
                self.wait(wait, handle).await
            }
            Next::AllWait(_) | Next::GiveUp => Err(not_made::unreached(why)),
        }
    }

    /// Waits until what was refused may be sent again, or gives it up.
    async fn refused(
        &self,
        ask: &Ask<'_>,
        route: &Route,
        refusal: &Refusal,
        tries: &mut Tries,
        handle: &RunHandle,
    ) -> Result<(), Failed> {
        let model = ask.request.model.to_string();
        let next = tries.refused(refusal);
        if !matches!(next, Next::AllWait(_)) {
            route.ended(&model, false);
        }
        match next {
            Next::Again(wait) => {
                self.tell(ask, handle, Asked::Waits(wait, refusal.said()));
                self.wait(wait, handle).await
            }
            Next::AllWait(asked) if route.all_wait(&model, ask.prompt.candidates, asked) => Ok(()),
            Next::AllWait(_) | Next::GiveUp => {
                if refusal.kind == RefusalKind::RateLimit {
                    // Nobody else is told the same only after minutes.
                    route.close(refusal.said());
                }
                let hint = route.adapter.hint(refusal);
                Err(not_made::refused(refusal, hint))
            }
        }
    }

    /// Tells how far a request is.
    fn tell(&self, ask: &Ask<'_>, handle: &RunHandle, asked: Asked) {
        // The run may be over.
        let _ = handle.tell.send(Message::Asking(Asking {
            id: ask.asset.to_owned(),
            model: ask.request.model.to_string(),
            asked,
            reserved: ask.estimate,
            expected: self.store.typical_time(&what(ask)),
        }));
    }

    /// Waits until the model may be asked; nothing is counted yet.
    async fn turn(&self, ask: &Ask<'_>, route: &Route, handle: &RunHandle) -> Result<(), Failed> {
        let model = ask.request.model.to_string();
        loop {
            if *handle.stop.borrow() {
                return Err(not_made::stopped());
            }
            if let Some(why) = route.halted() {
                return Err(not_made::halted(&why));
            }
            match route.wait(&model, ask.prompt.candidates) {
                None => return Ok(()),
                Some(wait) => {
                    let message = Message::Paced {
                        id: ask.asset.to_owned(),
                        wait,
                        limit: route.limit(&model),
                    };
                    let _ = handle.tell.send(message);
                    self.tell(ask, handle, Asked::Waits(wait, RATE_LIMIT.to_owned()));
                    self.wait(wait, handle).await?;
                }
            }
        }
    }
}
