//! The verdict on one asset: a pure function of what was observed. No disk, no clock, no order.

use crate::{Reason, Verdict};
use base::digest::Digest;

/// What is at an output's path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    /// Nothing.
    Missing,
    /// A file with these bytes.
    Is(Digest),
    /// The beginning of a picture, or zeros: what a power cut or a full disk leaves.
    Cut,
    /// Not a file: what it is.
    Odd(&'static str),
}

/// What is true now of one asset.
#[derive(Clone, Debug)]
pub struct Observed {
    /// `pin = true`.
    pub pinned: bool,
    /// The output's digest in the lock.
    pub locked: Option<Digest>,
    /// The lock's keys are the keys of now.
    pub lock_holds: bool,
    /// The locked picture was put there by a person.
    pub accepted: bool,
    /// The output's digest that the store has for the keys of now.
    pub stored: Option<Digest>,
    /// What is at the output's path.
    pub disk: Disk,
    /// The file's bytes are in the store: overwriting it loses nothing.
    pub disk_in_store: bool,
    /// The bytes that the lock names are in the store, whole.
    pub locked_in_store: bool,
    /// The bytes that the store names for the keys of now are there, whole.
    pub stored_in_store: bool,
    /// The picked picture is known, and its bytes are in the store, whole.
    pub picture_in_store: bool,
    /// The first asset whose picture is not known yet.
    pub waits_on: Option<String>,
    /// What it takes will not come.
    pub behind: Option<Reason>,
    /// A model that would have to be asked answers no more: what to say of it.
    pub retired: Option<String>,
    /// Why the provider that would have to be asked cannot be: no other step blocks what this one lets pass.
    pub unreachable: Option<Reason>,
    /// `--force`: overwrite what a person changed.
    pub force: bool,
    /// `--locked`: make nothing.
    pub locked_only: bool,
}

/// The verdict and its reason. [`Reason::Changed`] comes without names: finding them is dear.
pub fn decide(seen: &Observed) -> (Verdict, Reason) {
    let keeps_lock = seen.lock_holds || (seen.pinned && seen.locked.is_some());
    let (wanted, in_store) = if keeps_lock {
        (seen.locked, seen.locked_in_store)
    } else {
        (seen.stored, seen.stored_in_store)
    };
    if let (Some(wanted), Disk::Is(found)) = (wanted, seen.disk)
        && wanted == found
    {
        let stale = seen.pinned && !seen.lock_holds;
        let reason = if stale {
            Reason::PinnedStale
        } else {
            Reason::None
        };
        return (Verdict::Fresh, reason);
    }
    if let Some(reason) = in_the_way(seen) {
        return (Verdict::Blocked, reason);
    }
    // What it takes may turn out to be what it was.
    let may_hold = seen.waits_on.is_some();
    if seen.accepted && !keeps_lock && !may_hold && !seen.force {
        return (Verdict::Blocked, Reason::AcceptedStale);
    }
    if let Some(wanted) = wanted
        && in_store
    {
        return (Verdict::Restore(wanted), why_restored(seen));
    }
    if let Some(reason) = may_not_be_left(seen) {
        return (Verdict::Blocked, reason);
    }
    if seen.picture_in_store {
        return (Verdict::Export, why_exported(seen));
    }
    if let Some(reason) = nobody_can_be_asked(seen) {
        return (Verdict::Blocked, reason);
    }
    if let Some(id) = &seen.waits_on {
        return (Verdict::Wait(id.clone()), Reason::WaitsOn(id.clone()));
    }
    if seen.locked_only {
        return (Verdict::Blocked, Reason::Lost);
    }
    (Verdict::Make, why_made(seen))
}

/// Why what is to be at the output's path is not there.
fn why_restored(seen: &Observed) -> Reason {
    match seen.disk {
        Disk::Missing => Reason::OutputMissing,
        Disk::Cut => Reason::OutputCut,
        _ if !is_ours(seen) => Reason::Replaced,
        _ if seen.lock_holds => Reason::OutputDiffers,
        _ => Reason::Changed(Vec::new()),
    }
}

/// What was agreed on and is nowhere: nothing else may take its place.
fn may_not_be_left(seen: &Observed) -> Option<Reason> {
    if seen.pinned && seen.locked.is_some() && !seen.lock_holds {
        return Some(Reason::PinnedLost);
    }
    if seen.lock_holds && seen.accepted && !seen.force {
        return Some(Reason::AcceptedLost);
    }
    (seen.locked_only && !seen.lock_holds).then_some(Reason::NotLocked)
}

/// Why the output is made anew of a picture that is there.
fn why_exported(seen: &Observed) -> Reason {
    match (seen.lock_holds, seen.locked) {
        (true, _) => Reason::OutputMissing,
        (false, Some(_)) => Reason::ExportChanged(Vec::new()),
        (false, None) => Reason::NeverMade,
    }
}

/// Why no picture will come, whoever is asked.
fn nobody_can_be_asked(seen: &Observed) -> Option<Reason> {
    // What was made once may turn out to be what it waits for; nothing new will.
    let must_ask = seen.waits_on.is_none() || seen.locked.is_none();
    if let Some(what) = &seen.retired
        && must_ask
    {
        return Some(Reason::Retired(what.clone()));
    }
    if let (Some(_), Some(reason)) = (&seen.waits_on, &seen.behind) {
        return Some(reason.clone());
    }
    // As with a model that answers no more; where nothing is to be made, nobody is asked. Who makes it by hand can
    // begin once all that it takes is there.
    let must_begin = |reason: &Reason| {
        seen.waits_on.is_none() || (seen.locked.is_none() && !reason.is_by_hand())
    };
    let unreachable = seen.unreachable.as_ref();
    unreachable
        .filter(|reason| !seen.locked_only && must_begin(reason))
        .cloned()
}

/// Why a picture is made.
fn why_made(seen: &Observed) -> Reason {
    match (seen.locked, seen.lock_holds) {
        (None, _) => Reason::NeverMade,
        (Some(_), true) => Reason::Lost,
        (Some(_), false) => Reason::Changed(Vec::new()),
    }
}

/// Whether the file at the output's path is one that gpbuild wrote.
fn is_ours(seen: &Observed) -> bool {
    matches!(seen.disk, Disk::Is(found) if seen.locked == Some(found) || seen.disk_in_store)
}

/// What is at the output's path and would be lost by writing there.
fn in_the_way(seen: &Observed) -> Option<Reason> {
    if seen.force {
        return match seen.disk {
            // A folder is not overwritten, whatever is said.
            Disk::Odd(what @ "a folder") => Some(Reason::Foreign(what)),
            _ => None,
        };
    }
    match seen.disk {
        Disk::Missing | Disk::Cut => None,
        Disk::Odd(what) => Some(Reason::Foreign(what)),
        Disk::Is(_) if is_ours(seen) => None,
        Disk::Is(_) if seen.locked.is_some() => Some(Reason::Edited),
        Disk::Is(_) => Some(Reason::Foreign("a file")),
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
