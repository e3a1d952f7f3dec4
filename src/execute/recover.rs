//! What an earlier run left: answers that it did not live to see whole or to take in, and tickets whose pictures are
//! entered already. Asks nobody.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::execute::ingest::{NotIngested, ingest, roll_of, settle_own};
use base::diagnostic::Diagnostic;
use base::digest::Digest;
use base::fs::hold::Held;
use base::fs::{FsError, read_bounded};
use model::{Micro, Money};
use plan::key::Key;
use provider::Veil;
use provider::reply::KeepError;
use store::ledger::{Ledger, Moment, Outcome, Settlement};
use store::{Arrived, Head, Payer, Store};

/// No ticket is longer, in bytes.
const MAX_TICKET_BYTES: u64 = 1 << 20;
/// No head is longer, in bytes.
const HEAD: u64 = 64 << 10;

/// Whether the file of an answer whose end nobody saw is needed any more.
enum Part {
    /// All of the answer is there: only the run was ended before it could say so.
    Whole(Box<Head>),
    /// Something is there, and the request is in doubt: a person may want to see it.
    Cut,
    /// Nothing came, or it is known what became of the request.
    Needless,
}

/// Looks at the file of an answer whose end nobody saw.
fn look_at(store: &Store, ledger: &Ledger, path: &Path) -> Result<Part, FsError> {
    let Ok(mut arrived) = store.answer(path) else {
        // Without the end of its head nothing was sent yet. What is damaged is left for a person.
        let is_begun = read_bounded(path, HEAD).is_ok_and(|bytes| !bytes.contains(&b'\n'));
        return Ok(if is_begun { Part::Needless } else { Part::Cut });
    };
    let head = arrived.head.clone();
    if is_settled(store, ledger, &head) {
        return Ok(Part::Needless);
    }
    if is_whole(&mut arrived)? {
        return Ok(Part::Whole(Box::new(head)));
    }
    // A later request for the same shot has answered.
    let is_moot = ledger.doubt(&head.key).is_none();
    let is_empty = arrived.body_is_empty();
    Ok(if is_moot || is_empty {
        Part::Needless
    } else {
        Part::Cut
    })
}

/// An answer that turns out to be whole is one that has arrived; what nobody needs goes.
fn finish_part(store: &Store, ledger: &Ledger, path: &Path) -> Result<(), FsError> {
    match look_at(store, ledger, path)? {
        Part::Whole(head) => store.is_complete(path, &head).map(drop),
        Part::Cut => Ok(()),
        Part::Needless => store.remove_answer(path),
    }
}

/// Whether it is known what became of a request, and nothing of it is needed any more. Settled alone is not enough to
/// throw a paid answer away: its pictures must be in the store.
fn is_settled(store: &Store, ledger: &Ledger, head: &Head) -> bool {
    let settled = ledger
        .entry(head.number)
        .filter(|e| e.intent.key == head.key && !e.is_in_doubt());
    settled
        .and_then(|e| e.settlement)
        .is_some_and(|s| s.outcome.is_free() || roll_of(store, head).is_some())
}

/// Whether all of an answer is there.
fn is_whole(arrived: &mut Arrived) -> Result<bool, FsError> {
    let (head, body) = (&arrived.head, &mut arrived.body);
    if let Some(form) = head.form.task() {
        let mut answer = Vec::new();
        let _ = body.take(MAX_TICKET_BYTES).read_to_end(&mut answer);
        return Ok(form.ticket(&answer, &Veil::default()).is_ok());
    }
    let mut size = 0;
    let mut look = |bytes: &mut dyn Read| -> Result<Digest, KeepError> {
        size += std::io::copy(bytes, &mut std::io::sink()).map_err(KeepError::Picture)?;
        Ok(Digest::of(&[]))
    };
    let said = head
        .form
        .read(body, head.pictures, &Veil::default(), &mut look)?;
    let kept = (said.pictures.len() + said.sources.len()) as u64;
    let is_whole = said.trouble.is_none() && kept == u64::from(head.pictures);
    let has_all = is_whole && (size > 0 || !said.sources.is_empty());
    Ok(has_all || said.refusal.is_some())
}

/// Keeps everybody else from the shot that a file is the answer to; `None` if it is under way, or was taken in
/// meanwhile. Nothing need be held for a file that says no shot: nobody writes such a one.
fn hold(store: &Store, path: &Path, own: Option<Key>) -> Option<Option<Held>> {
    let key = store.key_of(path).filter(|key| own != Some(*key));
    let held = match key {
        None => None,
        Some(key) => {
            let payer = Payer {
                process: std::process::id(),
                since: Moment::now().to_string(),
                ..Payer::default()
            };
            // A disk that does not take this takes no picture either.
            Some(store.try_make(&key, &payer).ok().flatten()?)
        }
    };
    store.has_answer(path).then_some(held)
}

/// Settles and removes a ticket whose pictures were entered before an earlier run was ended. One that is still to be
/// collected is left.
fn finish_ticket(store: &Store, ledger: &Ledger, path: &Path) -> Result<(), FsError> {
    let _ = ledger.refresh();
    let (head, answer) = store.ticket(path)?;
    if let Some(roll) = roll_of(store, &head)
        && !is_settled(store, ledger, &head)
    {
        let form = head.form.task();
        let ticket = form.and_then(|form| form.ticket(&answer, &Veil::default()).ok());
        let settlement = Settlement {
            outcome: Outcome::Answered,
            cost: (roll.cost > 0).then_some(Micro(roll.cost)),
            billed: head
                .quoted
                .and_then(Money::foreign)
                .filter(|_| head.estimate == Some(Micro(roll.cost))),
            request_id: ticket.map(|ticket| ticket.id),
            why: None,
        };
        settle_own(ledger, &head, settlement)?;
    }
    match is_settled(store, ledger, &head) {
        true => store.remove_ticket(path),
        false => Ok(()),
    }
}

/// Takes in what arrived before an earlier run was ended; what is wrong with any of it is told. What belongs
/// to a request that is under way is left to whoever sent it. `own` is a key that the caller holds: then only
/// what came for that one is looked at. `veil` hides the key in what the answers say.
pub fn recover(store: &Store, ledger: &Ledger, own: Option<Key>, veil: &Veil) -> Vec<Diagnostic> {
    let mut told = Vec::new();
    let is_meant = |path: &PathBuf| own.is_none() || store.key_of(path) == own;
    for path in store.parts().into_iter().filter(is_meant) {
        let Some(_held) = hold(store, &path, own) else {
            continue;
        };
        // Who held it before may have written more since.
        let _ = ledger.refresh();
        if let Err(error) = finish_part(store, ledger, &path) {
            told.push(Diagnostic::warning(format!(
                "an answer of an earlier run could not be looked at: {error}"
            )));
        }
    }
    for path in store.arrived().into_iter().filter(is_meant) {
        let Some(_held) = hold(store, &path, own) else {
            continue;
        };
        // Who held it before may have written more since.
        let _ = ledger.refresh();
        let asset = store.answer(&path).map(|arrived| arrived.head.asset).ok();
        let warning = match ingest(store, ledger, &path, None, veil) {
            Ok(taken) => {
                let remarks = taken.remarks.into_iter().map(Diagnostic::warning);
                told.extend(remarks.map(|warning| match &asset {
                    Some(asset) => warning.for_asset(asset),
                    None => warning,
                }));
                continue;
            }
            // They are fetched when the shot is asked for.
            Err(NotIngested::Elsewhere(_)) => continue,
            Err(NotIngested::Empty(why, aside)) => Diagnostic::warning(format!(
                "a request of an earlier run was {why}; the answer is kept in `{}`",
                base::fs::shown(&aside)
            )),
            Err(NotIngested::Refused(refusal, _)) => Diagnostic::warning(format!(
                "a request of an earlier run was refused: {}",
                refusal.said()
            )),
            Err(NotIngested::Disk(error)) => Diagnostic::warning(format!(
                "an answer of an earlier run could not be taken in: {error}"
            )),
        };
        told.push(match &asset {
            Some(asset) => warning.for_asset(asset),
            None => warning,
        });
    }
    for (key, path) in store.tickets() {
        if own.is_none_or(|own| own == key)
            && let Some(_held) = hold(store, &path, own)
            && let Err(error) = finish_ticket(store, ledger, &path)
        {
            told.push(Diagnostic::warning(format!(
                "a ticket of an earlier run could not be looked at: {error}"
            )));
        }
    }
    told
}
