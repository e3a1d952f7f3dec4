//! Looks for the ticket of a request whose answer was lost: then it is not in doubt any more, and nothing is sent again.
//! Free, and only where a person asks for what is in doubt.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::execute::ask::{Ask, PaidClient, own_id};
use crate::execute::ingest::form_of;
use crate::execute::route::Route;
use crate::execute::{Failed, not_made};
use base::fs::FsError;
use provider::reply::{Found, Listed, Lost};
use store::ledger::Entry;

/// Requests that were sent further apart have none of their tasks in common.
const MAX_APART: Duration = Duration::from_secs(3_600);

/// Which of the tasks that a provider lists a request is.
#[derive(Debug, PartialEq, Eq)]
enum Which {
    /// None: it was not accepted.
    None,
    /// This one.
    One(Vec<u8>),
    /// Nobody can tell: these may be it.
    Unclear(Vec<String>),
}

impl PaidClient {
    /// Looks for it where the provider takes names of ours, or lists its tasks.
    pub(super) async fn find(&self, ask: &Ask<'_>, route: &Route) -> Result<(), Failed> {
        let Some(entry) = self.ledger.doubt(&ask.key) else {
            return Ok(());
        };
        let settled = entry.settlement.as_ref();
        if settled.is_some_and(|s| s.request_id.is_some()) {
            return Ok(());
        }
        let tickets = self.store.tickets().map_err(|e| not_made::disk(&e))?;
        if tickets.contains_key(&ask.key) {
            return Ok(());
        }
        // What one takes is no other's: they look one after another.
        let _alone = self.finding.lock().await;
        let lost = Lost {
            model: &ask.request.model.name,
            own_id: &own_id(&ask.key, entry.number),
            prompt: &ask.prompt.text,
            sent: entry.at.into(),
        };
        let answer = match route.adapter.find(&lost).await {
            Found::Ticket(answer) => answer,
            Found::Listed(listed) => {
                let known = self.known_tickets(route).map_err(|e| not_made::disk(&e))?;
                let rivals = self.ledger.doubts();
                let is_alone = !rivals.iter().any(|other| is_rival(&entry, other));
                match which(listed, &known, is_alone) {
                    Which::None => return Ok(()),
                    Which::One(answer) => answer,
                    Which::Unclear(tickets) => return Err(not_made::unclear(&tickets)),
                }
            }
            // To look costs nothing, and to send may be to pay again.
            Found::Unknown(why) => return Err(not_made::not_looked_for(&why)),
            Found::Nothing => return Ok(()),
        };
        let head = self.head(ask, route, entry.number);
        let put = self.store.put_ticket(&head, &answer);
        put.map(drop).map_err(|e| not_made::disk(&e))
    }

    /// The tickets that are some request's already.
    fn known_tickets(&self, route: &Route) -> Result<BTreeSet<String>, FsError> {
        self.ledger.refresh()?;
        let entries = self.ledger.entries().into_iter();
        let settled = entries.filter_map(|entry| entry.settlement?.request_id);
        let mut known: BTreeSet<String> = settled.collect();
        for path in self.store.tickets()?.values() {
            let (head, answer) = self.store.ticket(path)?;
            let form = form_of(&head, path)?;
            let ticket = form
                .task()
                .map(|form| form.ticket(&answer, &route.adapter.veil()));
            known.extend(ticket.and_then(Result::ok).map(|ticket| ticket.id));
        }
        Ok(known)
    }
}

/// Whether a task may be another request's as well as this one's.
fn is_rival(entry: &Entry, other: &Entry) -> bool {
    let is_other = other.number != entry.number;
    let settled = other.settlement.as_ref();
    let has_ticket = settled.is_some_and(|s| s.request_id.is_some());
    let apart = entry.at.apart(other.at);
    is_other && !has_ticket && apart <= MAX_APART && other.intent.model == entry.intent.model
}

/// Judges what a provider lists: whatever has an owner is out; of what says another prompt, the list is without it.
fn which(listed: Vec<Listed>, known: &BTreeSet<String>, is_alone: bool) -> Which {
    let free = listed
        .into_iter()
        .filter(|one| !known.contains(&one.ticket));
    let (sure, possible): (Vec<Listed>, Vec<Listed>) = free.partition(|one| one.says_prompt);
    let mut all: Vec<Listed> = sure.into_iter().chain(possible).collect();
    match all.as_slice() {
        [] => Which::None,
        [one] if (one.says_prompt || is_alone) && !one.answer.is_empty() => {
            Which::One(all.remove(0).answer)
        }
        _ => Which::Unclear(all.into_iter().map(|one| one.ticket).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Listed, Which, which};

    #[test]
    fn one_that_nobody_has_is_it_and_several_are_nobodys() {
        let listed = |names: &[(&str, bool)]| -> Vec<Listed> {
            let one = |(name, says_prompt): &(&str, bool)| Listed {
                ticket: (*name).to_owned(),
                answer: name.as_bytes().to_vec(),
                says_prompt: *says_prompt,
            };
            names.iter().map(one).collect()
        };
        let unclear =
            |names: &[&str]| Which::Unclear(names.iter().map(ToString::to_string).collect());
        let one = |name: &str| Which::One(name.as_bytes().to_vec());
        for (names, is_alone, expected) in [
            (&[][..], true, Which::None),
            (&[("known", true)], true, Which::None),
            (&[("known", false), ("a", false)], true, one("a")),
            // Of two requests that are in doubt, nobody can tell whose it is, unless it says so.
            (&[("a", false)], false, unclear(&["a"])),
            (&[("a", true)], false, one("a")),
            (&[("a", false), ("b", false)], true, unclear(&["a", "b"])),
            (&[("a", false), ("b", true)], true, unclear(&["b", "a"])),
        ] {
            let known = ["known".to_owned()].into();
            assert_eq!(
                which(listed(names), &known, is_alone),
                expected,
                "{names:?}"
            );
        }
    }
}
