//! From an answer that has arrived to a shot in the store: pictures first, then the entry, which is read
//! back, then the settlement, then the answer may go. It is the same after a kill: whatever arrived is
//! taken in, as often as it takes.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::execute::bill::{bill, billed, refused_bill};
use base::digest::Digest;
use base::fs::{Durability, FsError, shown};
use model::Micro;
use plan::Answer;
use plan::key::Key;
use provider::reply::{Contents, KeepError, Refusal};
use provider::{Form, Veil};
use store::ledger::{Ledger, Outcome, Settlement};
use store::{Arrived, Head, Roll, ShotEntry, Store, StreamError};

/// The largest picture, in bytes: four for each of eight million pixels, and as much again.
const MAX_PICTURE_BYTES: u64 = 64 << 20;

/// An answer that was taken in.
#[derive(Debug)]
pub struct Ingested {
    /// The candidates.
    pub answer: Answer,
    /// The bill; `None` if the provider told no usage, or nobody knows the price.
    pub cost: Option<Micro>,
    /// What is odd about the pictures; they are kept all the same.
    pub remarks: Vec<String>,
}

/// Why there is nothing to take in.
#[derive(Debug)]
pub enum NotIngested {
    /// There is no picture in it: why, and where it is kept.
    Empty(String, PathBuf),
    /// Its pictures are to be fetched from where it says, which is on the disk.
    Elsewhere(PathBuf),
    /// The provider says that there is none, and why; what that costs, if anybody knows.
    Refused(Refusal, Option<Micro>),
    /// The disk said no; the answer stays where it is.
    Disk(FsError),
}

/// Takes in the answer in the file `path`; `veil` hides the key in what it says.
pub fn ingest(
    store: &Store,
    ledger: &Ledger,
    path: &Path,
    request_id: Option<String>,
    veil: &Veil,
) -> Result<Ingested, NotIngested> {
    let (arrived, said) = read_answer(store, path, veil).map_err(NotIngested::Disk)?;
    if !said.sources.is_empty() {
        let path = arrived.leave().map_err(NotIngested::Disk)?;
        return Err(NotIngested::Elsewhere(path));
    }
    entered(store, ledger, arrived, &said, request_id)
}

/// An answer, and what is in it; its pictures are in the store.
pub(super) fn read_answer(
    store: &Store,
    path: &Path,
    veil: &Veil,
) -> Result<(Arrived, Contents), FsError> {
    let mut arrived = store.answer(path)?;
    let mut keep = |bytes: &mut dyn Read| -> Result<Digest, KeepError> {
        store
            .put_stream(bytes, MAX_PICTURE_BYTES)
            .map_err(|e| match e {
                StreamError::Source(e) => KeepError::Picture(e),
                StreamError::Disk(e) => KeepError::Disk(e),
            })
    };
    let (head, body) = (&arrived.head, &mut arrived.body);
    let form = form_of(head, path)?;
    let said = form.read(body, head.pictures, veil, &mut keep)?;
    Ok((arrived, said))
}

/// Enters what was in an answer, and removes that.
pub(super) fn entered(
    store: &Store,
    ledger: &Ledger,
    arrived: Arrived,
    said: &Contents,
    request_id: Option<String>,
) -> Result<Ingested, NotIngested> {
    let head = arrived.head.clone();
    let mut taken = match enter(store, ledger, &head, said, request_id) {
        Ok(taken) => taken,
        Err(NotEntered::Empty(why)) => return Err(NotIngested::Empty(why, arrived.set_aside())),
        Err(NotEntered::Refused(refusal, cost)) => {
            arrived.done().map_err(NotIngested::Disk)?;
            return Err(NotIngested::Refused(refusal, cost));
        }
        Err(NotEntered::Disk(error)) => return Err(NotIngested::Disk(error)),
    };
    let (kept, asked) = (said.pictures.len() as u64, u64::from(head.pictures));
    if kept == asked && said.came == asked {
        arrived.done().map_err(NotIngested::Disk)?;
    } else {
        // The rest may be in it, in some form.
        let aside = arrived.set_aside();
        let aside = shown(&aside);
        let odd = odd_number(&head, said);
        taken.remarks.push(match kept == asked {
            true => format!("{odd}, and the whole answer is kept in `{aside}`"),
            false => format!("{odd}: the whole answer is kept in `{aside}`"),
        });
    }
    Ok(taken)
}

/// In which form an answer is; `path` is where it is.
pub(super) fn form_of(head: &Head, path: &Path) -> Result<Form, FsError> {
    Form::of_words(&head.form.0).ok_or_else(|| {
        let why = "it is in a form that this gpbuild does not know";
        FsError::io("read", path)(std::io::Error::other(why))
    })
}

/// Why pictures are not entered.
pub(super) enum NotEntered {
    /// There are none: why. The request is in doubt now.
    Empty(String),
    /// The provider says that there are none, and why: the request is settled, at what that costs.
    Refused(Refusal, Option<Micro>),
    /// The disk said no.
    Disk(FsError),
}

impl From<FsError> for NotEntered {
    fn from(error: FsError) -> Self {
        Self::Disk(error)
    }
}

/// From pictures in the store to their entry, which is read back, and then the settlement.
pub(super) fn enter(
    store: &Store,
    ledger: &Ledger,
    head: &Head,
    said: &Contents,
    request_id: Option<String>,
) -> Result<Ingested, NotEntered> {
    let request_id = request_id.or_else(|| said.request_id.clone());
    if let Some(refusal) = &said.refusal {
        let cost = refused_bill(head, said);
        let settlement = Settlement {
            outcome: Outcome::Refused,
            cost,
            billed: None,
            request_id,
            why: Some(refusal.said()),
        };
        settle_own(ledger, head, settlement)?;
        return Err(NotEntered::Refused(refusal.clone(), cost));
    }
    let (cost, odd_bill) = bill(head, said);
    let billed = billed(head, said, cost);
    let why = said.error.clone().or(said.trouble.clone());
    let settle = |outcome, why: Option<String>| Settlement {
        outcome,
        cost,
        billed,
        request_id,
        why,
    };
    if said.pictures.is_empty() {
        let why = match why {
            Some(why) => format!("answered without a picture: {why}"),
            None => "answered without a picture".to_owned(),
        };
        settle_own(ledger, head, settle(Outcome::Doubt, Some(why.clone())))?;
        return Err(NotEntered::Empty(why));
    }
    let provider = head.model.split('/').next().unwrap_or_default();
    let model = match &said.model {
        Some(model) => format!("{provider}/{model}"),
        None => head.model.clone(),
    };
    let roll = Roll::new(
        said.pictures.clone(),
        model.clone(),
        cost.unwrap_or_default().0,
    );
    let asked = head.ingredients.get("prompt").unwrap_or_default();
    let roll = roll.drawn_from(said.rewritten(asked));
    enter_roll(store, head, roll)?;
    let mut remarks = odd_words(head, said);
    remarks.extend(odd_bill);
    remarks.extend(odd_cost(head, said, cost));
    remarks.extend(odd_pictures(store, head, &said.pictures)?);
    // Last of all: what is settled is never looked at again.
    settle_own(ledger, head, settle(Outcome::Answered, why))?;
    Ok(Ingested {
        answer: Answer {
            candidates: said.pictures.clone(),
            pick: 1,
            model,
        },
        cost,
        remarks,
    })
}

/// What is odd about what an answer says of itself.
fn odd_words(head: &Head, said: &Contents) -> Vec<String> {
    let mut remarks = Vec::new();
    if said.odd_model {
        remarks.push(format!(
            "the answer names its model by what is no name: it counts as `{}`",
            head.model
        ));
    }
    if said.odd_usage {
        remarks
            .push("the answer bills what is no number of tokens: its cost is not known".to_owned());
    }
    remarks
}

/// What is odd about a cost that is told and is no amount.
fn odd_cost(head: &Head, said: &Contents, cost: Option<Micro>) -> Option<String> {
    let told = said.odd_cost.as_ref().filter(|_| said.cost.is_none())?;
    Some(match cost.or(head.estimate) {
        Some(counts) => format!(
            "the provider says that it costs `{told}`, which is no amount: it counts at {counts}; look at its bill"
        ),
        None => format!(
            "the provider says that it costs `{told}`, which is no amount: nobody knows what it costs; look at its bill"
        ),
    })
}

/// What is odd about how many pictures came.
pub(super) fn odd_number(head: &Head, said: &Contents) -> String {
    let (kept, asked, came) = (
        said.pictures.len() as u64,
        u64::from(head.pictures),
        said.came,
    );
    if kept == asked {
        let first = match asked {
            1 if Form::of_words(&head.form.0).is_some_and(|form| form.takes_last()) => {
                "the last is taken".to_owned()
            }
            1 => "the first is taken".to_owned(),
            n => format!("the first {n} are taken"),
        };
        return format!("{came} pictures came, {asked} asked for: {first}");
    }
    let why = said.error.as_ref().or(said.trouble.as_ref());
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    format!("{kept} of {asked} pictures came{why}")
}

/// Settles the request that was answered. Where a ledger was lost, its numbers came again: another shot's
/// request is not settled by this.
pub(super) fn settle_own(
    ledger: &Ledger,
    head: &Head,
    settlement: Settlement,
) -> Result<(), FsError> {
    let is_another = |key: Key| key != head.key;
    if ledger
        .entry(head.number)
        .is_some_and(|e| is_another(e.intent.key))
    {
        return Ok(());
    }
    ledger.settle(head.number, settlement)
}

/// Enters the roll that a request was asked for. One that is judged stands behind those before it. One that counts as it
/// came takes the place of another such; of rolls that were judged none is dropped for it.
fn enter_roll(store: &Store, head: &Head, roll: Roll) -> Result<(), FsError> {
    let counts = head.roll.is_none();
    let known = match store.shot(&head.key) {
        // There was no other roll when it was asked for: it is entered over what is damaged.
        Err(FsError::Damaged { .. }) if head.roll.unwrap_or_default() == 0 => None,
        known => known?,
    };
    let known = known.filter(|entry| !counts || entry.rolls.len() > 1);
    let mut entry = known.unwrap_or_else(|| ShotEntry::open(head.ingredients.clone()));
    if !entry.enter(head.roll.unwrap_or_default(), roll) {
        return Ok(());
    }
    if counts {
        entry.accepted = entry.rolls.len().checked_sub(1);
    }
    put_entry(store, head, &entry)
}

/// The roll that a request was asked for, if it is entered and can be read.
pub(super) fn roll_of(store: &Store, head: &Head) -> Option<Roll> {
    let mut rolls = store.shot(&head.key).ok().flatten()?.rolls;
    let n = head.roll.unwrap_or_default();
    (n < rolls.len()).then(|| rolls.swap_remove(n))
}

/// Writes the entry and reads it back: what cannot be found again is not settled.
fn put_entry(store: &Store, head: &Head, entry: &ShotEntry) -> Result<(), FsError> {
    store.put_shot(&head.key, entry, Durability::Paid)?;
    if store.shot(&head.key)?.as_ref() == Some(entry) {
        return Ok(());
    }
    let why = "the entry of the shot cannot be read back";
    Err(FsError::io("write", store.folder())(std::io::Error::other(
        why,
    )))
}

/// What is odd about the pictures that came. What cannot be used is noted in the store, so that nobody tries
/// in vain.
fn odd_pictures(store: &Store, head: &Head, pictures: &[Digest]) -> Result<Vec<String>, FsError> {
    let mut remarks = Vec::new();
    let (width, height) = head.size;
    for (n, digest) in pictures.iter().enumerate() {
        let n = n + 1;
        let Some(picture) = store.get(digest)? else {
            continue;
        };
        match export::dimensions(&picture) {
            Ok(size) if size == head.size => {}
            Ok((w, h)) => remarks.push(format!(
                "picture {n} is {w}x{h}, not {width}x{height} as asked: it is kept, and cropped to fit"
            )),
            Err(why) => {
                let why = why.to_string();
                // Only a note: without it, it is tried again.
                let _ = store.put_flaw(digest, &why);
                // If it is the only one, that is told where it is to be used.
                if pictures.len() > 1 {
                    remarks.push(format!("picture {n} cannot be used: {why}"));
                }
            }
        }
    }
    Ok(remarks)
}
