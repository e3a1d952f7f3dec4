//! What an earlier run left: answers that it did not live to see whole or to take in, and tickets whose pictures are
//! entered already. Asks nobody.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::execute::batch;
use crate::execute::ingest::{NotIngested, form_of, ingest, roll_of, settle_own};
use base::diagnostic::Diagnostic;
use base::digest::Digest;
use base::fs::hold::Held;
use base::fs::{FsError, read_bounded};
use model::{Micro, Money};
use plan::key::Key;
use provider::reply::KeepError;
use provider::{Form, Veil};
use store::ledger::{Ledger, Moment, Outcome, Settlement};
use store::{Arrived, Head, Payer, Store};

/// No ticket is longer, in bytes.
const MAX_TICKET_BYTES: u64 = 1 << 20;
/// No head is longer, in bytes.
const MAX_HEAD_BYTES: u64 = 64 << 10;

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
    let mut arrived = match store.answer(path) {
        Ok(arrived) => arrived,
        // Without the end of its head nothing was sent yet. What is damaged is left for a person.
        Err(_) if is_begun(path)? => return Ok(Part::Needless),
        Err(error) => return Err(error),
    };
    let head = arrived.head.clone();
    if is_settled(store, ledger, &head) {
        return Ok(Part::Needless);
    }
    if is_whole(&mut arrived, &form_of(&head, path)?)? {
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

/// Whether not even the head of an answer is whole.
fn is_begun(path: &Path) -> Result<bool, FsError> {
    match read_bounded(path, MAX_HEAD_BYTES) {
        Ok(bytes) => Ok(!bytes.contains(&b'\n')),
        Err(FsError::TooLarge { .. }) => Ok(false),
        Err(error) => Err(error),
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
fn is_whole(arrived: &mut Arrived, form: &Form) -> Result<bool, FsError> {
    let (head, body) = (&arrived.head, &mut arrived.body);
    if let Some(form) = form.task() {
        let mut answer = Vec::new();
        let _ = body.take(MAX_TICKET_BYTES).read_to_end(&mut answer);
        return Ok(form.ticket(&answer, &Veil::default()).is_ok());
    }
    let mut size = 0;
    let mut look = |bytes: &mut dyn Read| -> Result<Digest, KeepError> {
        size += std::io::copy(bytes, &mut std::io::sink()).map_err(KeepError::Picture)?;
        Ok(Digest::of(&[]))
    };
    let said = form.read(body, head.pictures, &Veil::default(), &mut look)?;
    let kept = (said.pictures.len() + said.sources.len()) as u64;
    let is_whole = said.trouble.is_none() && kept == u64::from(head.pictures);
    let has_all = is_whole && (size > 0 || !said.sources.is_empty());
    Ok(has_all || said.refusal.is_some())
}

/// Keeps everybody else from the shot that a file is the answer to; `None` if it is under way, or was taken in
/// meanwhile. Nothing need be held for a file that says no shot: nobody writes such a one.
fn hold(store: &Store, path: &Path, own: Option<Key>) -> Result<Option<Option<Held>>, FsError> {
    let key = store.key_of(path).filter(|key| own != Some(*key));
    let held = match key {
        None => None,
        Some(key) => {
            let payer = Payer {
                process: std::process::id(),
                since: Moment::now().to_string(),
                ..Payer::default()
            };
            match store.try_make(&key, &payer)? {
                Some(held) => Some(held),
                None => return Ok(None),
            }
        }
    };
    Ok(store.has_answer(path)?.then_some(held))
}

/// Settles and removes a ticket whose pictures were entered before an earlier run was ended. One that is still to be
/// collected is left.
fn finish_ticket(
    store: &Store,
    ledger: &Ledger,
    path: &Path,
    own: Option<Key>,
) -> Result<(), FsError> {
    let Some(_held) = hold(store, path, own)? else {
        return Ok(());
    };
    let _ = ledger.refresh();
    let (head, answer) = store.ticket(path)?;
    if let Some(roll) = roll_of(store, &head)
        && !is_settled(store, ledger, &head)
    {
        let form = form_of(&head, path)?;
        let ticket = form
            .task()
            .and_then(|form| form.ticket(&answer, &Veil::default()).ok());
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
    let cannot = |what: &str, error: FsError| Diagnostic::warning(format!("{what}: {error}"));
    let listed = |list: Result<Vec<PathBuf>, FsError>, told: &mut Vec<Diagnostic>| {
        list.unwrap_or_else(|error| {
            told.push(cannot(
                "answers of earlier runs could not be looked for",
                error,
            ));
            Vec::new()
        })
    };
    let parts = listed(store.parts(), &mut told);
    for path in parts.into_iter().filter(is_meant) {
        if let Err(error) = recover_part(store, ledger, &path, own) {
            told.push(cannot(
                "an answer of an earlier run could not be looked at",
                error,
            ));
        }
    }
    let arrived = listed(store.arrived(), &mut told);
    for path in arrived.into_iter().filter(is_meant) {
        told.extend(recover_answer(store, ledger, &path, own, veil));
    }
    let tickets = store
        .tickets()
        .map(|tickets| tickets.into_values().collect());
    let tickets = listed(tickets, &mut told);
    for path in tickets.into_iter().filter(is_meant) {
        if let Err(error) = finish_ticket(store, ledger, &path, own) {
            told.push(cannot(
                "a ticket of an earlier run could not be looked at",
                error,
            ));
        }
    }
    if own.is_none()
        && let Err(error) = batch::recover(store, ledger)
    {
        told.push(cannot(
            "batches of earlier runs could not be looked at",
            error,
        ));
    }
    told
}

/// Looks after the file of an answer whose end nobody saw.
fn recover_part(
    store: &Store,
    ledger: &Ledger,
    path: &Path,
    own: Option<Key>,
) -> Result<(), FsError> {
    let Some(_held) = hold(store, path, own)? else {
        return Ok(());
    };
    // Who held it before may have written more since.
    let _ = ledger.refresh();
    match look_at(store, ledger, path)? {
        Part::Whole(head) => store.is_complete(path, &head).map(drop),
        Part::Cut => Ok(()),
        Part::Needless => store.remove_answer(path),
    }
}

/// Takes in an answer of an earlier run; gives what is to be told of that.
fn recover_answer(
    store: &Store,
    ledger: &Ledger,
    path: &Path,
    own: Option<Key>,
    veil: &Veil,
) -> Vec<Diagnostic> {
    let not_taken = |error: FsError| {
        Diagnostic::warning(format!(
            "an answer of an earlier run could not be taken in: {error}"
        ))
    };
    let _held = match hold(store, path, own) {
        Ok(Some(held)) => held,
        Ok(None) => return Vec::new(),
        Err(error) => return vec![not_taken(error)],
    };
    // Who held it before may have written more since.
    let _ = ledger.refresh();
    let asset = store.answer(path).map(|arrived| arrived.head.asset).ok();
    let told = match ingest(store, ledger, path, None, veil) {
        Ok(taken) => taken.remarks.into_iter().map(Diagnostic::warning).collect(),
        Err(NotIngested::Empty(why, aside)) => vec![Diagnostic::warning(format!(
            "a request of an earlier run was {why}; the answer is kept in `{}`",
            base::fs::shown(&aside)
        ))],
        // They are fetched when the shot is asked for.
        Err(NotIngested::Elsewhere(_)) => Vec::new(),
        Err(NotIngested::Refused(refusal, _)) => vec![Diagnostic::warning(format!(
            "a request of an earlier run was refused: {}",
            refusal.said()
        ))],
        // Whoever takes in a batch has taken it in meanwhile.
        Err(NotIngested::Disk(error)) if error.is_not_found() => Vec::new(),
        Err(NotIngested::Disk(error)) => vec![not_taken(error)],
    };
    let of_asset = |warning: Diagnostic| match &asset {
        Some(asset) => warning.for_asset(asset),
        None => warning,
    };
    told.into_iter().map(of_asset).collect()
}
