//! From a ticket to a shot in the store: poll until it is ready, fetch, enter, settle. It is the same for a ticket that
//! came just now and for one that an earlier run left; nothing here is paid for, so all of it may be done again.

use std::path::Path;
use std::time::Duration;

use reqwest::Url;
use tokio::time::Instant;

use crate::execute::ask::PaidClient;
use crate::execute::ingest::{Ingested, NotEntered, enter, form_of, odd_number, settle_own};
use crate::execute::retry::{Unready, Wait};
use crate::execute::route::Route;
use crate::execute::run_handle::RunHandle;
use crate::execute::{Failed, not_made};
use base::diagnostic::Exit;
use base::fs::{Durability, shown};
use provider::TaskForm;
use provider::reply::{Contents, Fetched, Polled, Refusal, Ticket};
use store::Head;
use store::ledger::{Outcome, Settlement};

/// A ticket that is gone on with.
struct Errand<'a> {
    asset: &'a str,
    path: &'a Path,
    head: &'a Head,
    form: &'a TaskForm,
    ticket: &'a Ticket,
}

/// What a poll came to in the end.
enum Polling {
    /// What is ready, as it came.
    Ready(Vec<u8>),
    /// Nothing will come: why.
    Gone,
    Failed {
        refusal: Refusal,
        is_unpaid: bool,
    },
}

impl PaidClient {
    /// Goes on with the ticket in the file `path`; `request_id` is the provider's name for the request, where the ticket
    /// is none.
    pub(super) async fn collect(
        &self,
        asset: &str,
        path: &Path,
        request_id: Option<String>,
        route: &Route,
        handle: &RunHandle,
    ) -> Result<Ingested, Failed> {
        let (head, answer) = self.store.ticket(path).map_err(|e| not_made::disk(&e))?;
        let form = form_of(&head, path).map_err(|e| not_made::disk(&e))?;
        let Some(form) = form.task() else {
            return self.gather(asset, path, request_id, route, handle).await;
        };
        let ticket = form.ticket(&answer, &route.adapter.veil());
        let ticket = ticket.map_err(|why| not_made::no_ticket(&why, path))?;
        let errand = Errand {
            asset,
            path,
            head: &head,
            form,
            ticket: &ticket,
        };
        // What an earlier run was told is as good as a poll, unless it is too old to be fetched.
        if let Some(answer) = self.store.ready(path)
            && let Ok(contents) = self.fetch(&errand, &answer, route, handle).await?
        {
            return self.entered(&errand, &contents);
        }
        if let Some(why) = route.adapter.is_elsewhere(form) {
            return Err(Failed {
                exit: Exit::Provider,
                ..not_made::on_its_way(asset, &why)
            });
        }
        match self.poll(&errand, route, handle).await? {
            Polling::Ready(answer) => {
                self.store
                    .put_ready(path, &answer)
                    .map_err(|e| not_made::disk(&e))?;
                let contents = self.fetch(&errand, &answer, route, handle).await?;
                let lost = |why: String| Contents {
                    error: Some(format!("they are not where the provider says: {why}")),
                    ..Contents::default()
                };
                self.entered(&errand, &contents.unwrap_or_else(lost))
            }
            Polling::Failed { refusal, is_unpaid } if is_unpaid => {
                self.settle_errand(&errand, Outcome::Refused, refusal.said())?;
                self.store
                    .remove_ticket(path)
                    .map_err(|e| not_made::disk(&e))?;
                Err(not_made::refused(&refusal, route.adapter.hint(&refusal)))
            }
            Polling::Failed { refusal, .. } => Err(self.in_doubt(
                &errand,
                format!("the provider failed at it: {}", refusal.said()),
            )),
            Polling::Gone => Err(self.in_doubt(
                &errand,
                format!("the provider does not know its ticket `{}`", ticket.id),
            )),
        }
    }

    /// Asks for a ticket until there is nothing to wait for any more.
    async fn poll(
        &self,
        errand: &Errand<'_>,
        route: &Route,
        handle: &RunHandle,
    ) -> Result<Polling, Failed> {
        let mut unready = Unready::new(Instant::now());
        loop {
            if let Some(why) = route.halted() {
                let why = format!("the provider said {why}");
                return Err(not_made::on_its_way(errand.asset, &why));
            }
            let wait = match route.adapter.poll(errand.form, errand.ticket).await {
                Polled::Ready(answer) => return Ok(Polling::Ready(answer)),
                Polled::Failed { refusal, is_unpaid } => {
                    return Ok(Polling::Failed { refusal, is_unpaid });
                }
                Polled::Pending(after) => unready.pending(after),
                Polled::Gone => unready.gone(),
                Polled::Refused(refusal) => {
                    route.halt(&refusal);
                    unready.refused(&refusal)
                }
                Polled::Unknown(why) => unready.unknown(why),
            };
            match wait {
                Wait::For(time) => {
                    self.wait_on_way(time, errand.asset, handle, &unready)
                        .await?;
                }
                Wait::Gone => return Ok(Polling::Gone),
                Wait::Enough(why) => return Err(not_made::on_its_way(errand.asset, &why)),
            }
            if let Wait::Enough(why) = unready.at(Instant::now()) {
                return Err(not_made::on_its_way(errand.asset, &why));
            }
        }
    }

    /// Fetches what is ready into the store; the inner error says why none of it is there any more.
    async fn fetch(
        &self,
        errand: &Errand<'_>,
        answer: &[u8],
        route: &Route,
        handle: &RunHandle,
    ) -> Result<Result<Contents, String>, Failed> {
        let ready = errand.form.ready(answer, &route.adapter.veil());
        let mut contents = Contents {
            came: ready.came,
            prompt: ready.prompt,
            ..Contents::default()
        };
        contents.costs(errand.ticket.cost.clone());
        contents.costs(ready.cost);
        let asked = usize::try_from(errand.head.pictures).unwrap_or(usize::MAX);
        for source in ready.sources.iter().take(asked) {
            match self.picture(source, errand.asset, route, handle).await? {
                Ok(bytes) => {
                    let kept = self.store.put(&bytes, Durability::Paid);
                    let kept = kept.map_err(|e| not_made::not_kept(&e, errand.path))?;
                    contents.pictures.push(kept);
                }
                Err(why) => {
                    contents.trouble.get_or_insert(why);
                }
            }
        }
        match contents.trouble.take_if(|_| contents.pictures.is_empty()) {
            None => Ok(Ok(contents)),
            Some(why) => {
                let removed = self.store.remove_ready(errand.path);
                removed.map_err(|e| not_made::disk(&e))?;
                Ok(Err(why))
            }
        }
    }

    /// One picture; the inner error says why it is not there any more.
    pub(super) async fn picture(
        &self,
        source: &Url,
        asset: &str,
        route: &Route,
        handle: &RunHandle,
    ) -> Result<Result<Vec<u8>, String>, Failed> {
        let mut unready = Unready::new(Instant::now());
        loop {
            match route.adapter.fetch(source).await {
                Fetched::Picture(bytes) => return Ok(Ok(bytes)),
                Fetched::Gone(why) => return Ok(Err(why)),
                Fetched::Later(why) => match unready.unknown(why) {
                    Wait::For(time) => self.wait_on_way(time, asset, handle, &unready).await?,
                    Wait::Enough(why) => return Err(not_made::on_its_way(asset, &why)),
                    Wait::Gone => return Ok(Err("it is not there".to_owned())),
                },
            }
        }
    }

    /// Enters what was fetched, and removes the ticket.
    fn entered(&self, errand: &Errand<'_>, contents: &Contents) -> Result<Ingested, Failed> {
        let (head, path) = (errand.head, errand.path);
        let id = Some(errand.ticket.id.clone());
        let mut taken = match enter(&self.store, &self.ledger, head, contents, id) {
            Ok(taken) => taken,
            Err(NotEntered::Empty(why)) => {
                let aside = self.set_aside(errand);
                return Err(not_made::doubt(&why, Some(&aside)));
            }
            // A ticket that failed is told as such before.
            Err(NotEntered::Refused(refusal, _)) => return Err(not_made::refused(&refusal, None)),
            Err(NotEntered::Disk(error)) => return Err(not_made::not_kept(&error, path)),
        };
        let (kept, asked) = (contents.pictures.len(), u64::from(head.pictures));
        if kept as u64 == asked && contents.came == asked {
            let removed = self.store.remove_ticket(path);
            removed.map_err(|e| not_made::disk(&e))?;
        } else {
            let aside = self.set_aside(errand);
            let odd = odd_number(head, contents);
            let kept = shown(&aside);
            taken
                .remarks
                .push(format!("{odd}; its ticket is kept in `{kept}`"));
        }
        Ok(taken)
    }

    /// Nothing will come of a ticket that may be paid for: only a person has it asked for again.
    fn in_doubt(&self, errand: &Errand<'_>, why: String) -> Failed {
        if let Err(failed) = self.settle_errand(errand, Outcome::Doubt, why.clone()) {
            return failed;
        }
        let aside = self.set_aside(errand);
        not_made::doubt(&why, Some(&aside))
    }

    fn settle_errand(
        &self,
        errand: &Errand<'_>,
        outcome: Outcome,
        why: String,
    ) -> Result<(), Failed> {
        let settlement = Settlement {
            outcome,
            cost: None,
            billed: None,
            request_id: Some(errand.ticket.id.clone()),
            why: Some(why),
        };
        let settled = settle_own(&self.ledger, errand.head, settlement);
        settled.map_err(|e| not_made::disk(&e))
    }

    fn set_aside(&self, errand: &Errand<'_>) -> std::path::PathBuf {
        self.store.set_ready_aside(errand.path);
        match self.store.answer(errand.path) {
            Ok(ticket) => ticket.set_aside(),
            Err(_) => errand.path.to_path_buf(),
        }
    }

    /// Waits, but not past the end of the run: a ticket waits for the next one.
    async fn wait_on_way(
        &self,
        time: Duration,
        asset: &str,
        handle: &RunHandle,
        unready: &Unready,
    ) -> Result<(), Failed> {
        let waited = self.wait(time, handle).await;
        waited.map_err(|_| not_made::on_its_way(asset, &unready.why()))
    }
}
