//! The verdict on one asset: a pure function of what was observed. No disk, no clock, no order.

use crate::digest::Digest;
use crate::plan::{Reason, Verdict};

/// What is at an output's path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    /// Nothing.
    Missing,
    /// A file with these bytes.
    Is(Digest),
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
    if let Some(wanted) = wanted
        && in_store
    {
        let reason = match seen.disk {
            Disk::Missing => Reason::OutputMissing,
            _ if !is_ours(seen) => Reason::Replaced,
            _ if seen.lock_holds => Reason::OutputDiffers,
            _ => Reason::Changed(Vec::new()),
        };
        return (Verdict::Restore(wanted), reason);
    }
    if seen.pinned && seen.locked.is_some() && !seen.lock_holds {
        return (Verdict::Blocked, Reason::PinnedLost);
    }
    if seen.lock_holds && seen.accepted && !seen.force {
        return (Verdict::Blocked, Reason::AcceptedLost);
    }
    if seen.locked_only && !seen.lock_holds {
        return (Verdict::Blocked, Reason::NotLocked);
    }
    if seen.picture_in_store {
        let reason = match (seen.lock_holds, seen.locked) {
            (true, _) => Reason::OutputMissing,
            (false, Some(_)) => Reason::ExportChanged(Vec::new()),
            (false, None) => Reason::NeverMade,
        };
        return (Verdict::Export, reason);
    }
    if let Some(id) = &seen.waits_on {
        return (Verdict::Wait(id.clone()), Reason::WaitsOn(id.clone()));
    }
    if seen.locked_only {
        return (Verdict::Blocked, Reason::Lost);
    }
    let reason = match (seen.locked, seen.lock_holds) {
        (None, _) => Reason::NeverMade,
        (Some(_), true) => Reason::Lost,
        (Some(_), false) => Reason::Changed(Vec::new()),
    };
    (Verdict::Make, reason)
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
        Disk::Missing => None,
        Disk::Odd(what) => Some(Reason::Foreign(what)),
        Disk::Is(_) if is_ours(seen) => None,
        Disk::Is(_) if seen.locked.is_some() => Some(Reason::Edited),
        Disk::Is(_) => Some(Reason::Foreign("a file")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Disk, Observed, decide};
    use crate::digest::Digest;
    use crate::plan::{Reason, Verdict};

    fn d(name: &str) -> Digest {
        Digest::of(name.as_bytes())
    }

    /// Nothing is known, nothing is there.
    fn nothing() -> Observed {
        Observed {
            pinned: false,
            locked: None,
            lock_holds: false,
            accepted: false,
            stored: None,
            disk: Disk::Missing,
            disk_in_store: false,
            locked_in_store: false,
            stored_in_store: false,
            picture_in_store: false,
            waits_on: None,
            force: false,
            locked_only: false,
        }
    }

    /// The lock answers with `new`, and so does the store.
    fn settled() -> Observed {
        Observed {
            locked: Some(d("new")),
            lock_holds: true,
            stored: Some(d("new")),
            locked_in_store: true,
            stored_in_store: true,
            picture_in_store: true,
            disk: Disk::Is(d("new")),
            disk_in_store: true,
            ..nothing()
        }
    }

    /// The inputs changed since the lock was written; the store knows nothing of the new ones.
    fn changed() -> Observed {
        Observed {
            lock_holds: false,
            stored: None,
            stored_in_store: false,
            picture_in_store: false,
            locked: Some(d("old")),
            disk: Disk::Is(d("old")),
            ..settled()
        }
    }

    #[test]
    fn the_table_of_verdicts() {
        use Verdict::{Blocked, Export, Fresh, Make, Restore, Wait};
        let no = Vec::new;
        let cases: Vec<(&str, Observed, Verdict, Reason)> = vec![
            ("first build", nothing(), Make, Reason::NeverMade),
            ("second run", settled(), Fresh, Reason::None),
            (
                "fresh clone: outputs and lock, no store",
                Observed {
                    stored: None,
                    locked_in_store: false,
                    stored_in_store: false,
                    picture_in_store: false,
                    disk_in_store: false,
                    ..settled()
                },
                Fresh,
                Reason::None,
            ),
            (
                "lock deleted, output and store there",
                Observed {
                    locked: None,
                    lock_holds: false,
                    ..settled()
                },
                Fresh,
                Reason::None,
            ),
            (
                "output deleted",
                Observed {
                    disk: Disk::Missing,
                    disk_in_store: false,
                    ..settled()
                },
                Restore(d("new")),
                Reason::OutputMissing,
            ),
            (
                "output deleted, only the picture left in the store",
                Observed {
                    disk: Disk::Missing,
                    locked_in_store: false,
                    stored_in_store: false,
                    ..settled()
                },
                Export,
                Reason::OutputMissing,
            ),
            (
                "output and store deleted",
                Observed {
                    disk: Disk::Missing,
                    stored: None,
                    locked_in_store: false,
                    stored_in_store: false,
                    picture_in_store: false,
                    ..settled()
                },
                Make,
                Reason::Lost,
            ),
            (
                "renamed asset, or reverted text: the store answers, the output is missing",
                Observed {
                    locked: None,
                    lock_holds: false,
                    disk: Disk::Missing,
                    ..settled()
                },
                Restore(d("new")),
                Reason::OutputMissing,
            ),
            ("text changed", changed(), Make, Reason::Changed(no())),
            (
                "text reverted: the store has the picture, the lock names the other one",
                Observed {
                    stored: Some(d("new")),
                    stored_in_store: true,
                    ..changed()
                },
                Restore(d("new")),
                Reason::Changed(no()),
            ),
            (
                "only the format changed",
                Observed {
                    picture_in_store: true,
                    ..changed()
                },
                Export,
                Reason::ExportChanged(no()),
            ),
            (
                "edited by hand",
                Observed {
                    disk: Disk::Is(d("edited")),
                    disk_in_store: false,
                    ..settled()
                },
                Blocked,
                Reason::Edited,
            ),
            (
                "edited by hand and text changed: not paid for before it is settled",
                Observed {
                    disk: Disk::Is(d("edited")),
                    disk_in_store: false,
                    ..changed()
                },
                Blocked,
                Reason::Edited,
            ),
            (
                "edited by hand, forced",
                Observed {
                    disk: Disk::Is(d("edited")),
                    disk_in_store: false,
                    force: true,
                    ..settled()
                },
                Restore(d("new")),
                Reason::Replaced,
            ),
            (
                "an older picture of ours is in place",
                Observed {
                    disk: Disk::Is(d("older")),
                    ..settled()
                },
                Restore(d("new")),
                Reason::OutputDiffers,
            ),
            (
                "somebody else's file is in place",
                Observed {
                    disk: Disk::Is(d("theirs")),
                    ..nothing()
                },
                Blocked,
                Reason::Foreign("a file"),
            ),
            (
                "a link is in place",
                Observed {
                    disk: Disk::Odd("a symbolic link"),
                    ..settled()
                },
                Blocked,
                Reason::Foreign("a symbolic link"),
            ),
            (
                "a folder is in place, forced",
                Observed {
                    disk: Disk::Odd("a folder"),
                    force: true,
                    ..settled()
                },
                Blocked,
                Reason::Foreign("a folder"),
            ),
            (
                "pinned, text changed",
                Observed {
                    pinned: true,
                    ..changed()
                },
                Fresh,
                Reason::PinnedStale,
            ),
            (
                "pinned, text changed, output deleted",
                Observed {
                    pinned: true,
                    disk: Disk::Missing,
                    ..changed()
                },
                Restore(d("old")),
                Reason::OutputMissing,
            ),
            (
                "pinned, text changed, picture nowhere",
                Observed {
                    pinned: true,
                    disk: Disk::Missing,
                    locked_in_store: false,
                    ..changed()
                },
                Blocked,
                Reason::PinnedLost,
            ),
            (
                "pinned, never made",
                Observed {
                    pinned: true,
                    ..nothing()
                },
                Make,
                Reason::NeverMade,
            ),
            (
                "accepted picture nowhere",
                Observed {
                    accepted: true,
                    disk: Disk::Missing,
                    locked_in_store: false,
                    ..settled()
                },
                Blocked,
                Reason::AcceptedLost,
            ),
            (
                "takes a picture that is not there",
                Observed {
                    waits_on: Some("a".into()),
                    ..nothing()
                },
                Wait("a".into()),
                Reason::WaitsOn("a".into()),
            ),
            (
                "--locked, text changed",
                Observed {
                    locked_only: true,
                    ..changed()
                },
                Blocked,
                Reason::NotLocked,
            ),
            (
                "--locked, output deleted",
                Observed {
                    locked_only: true,
                    disk: Disk::Missing,
                    ..settled()
                },
                Restore(d("new")),
                Reason::OutputMissing,
            ),
            (
                "--locked, never made",
                Observed {
                    locked_only: true,
                    ..nothing()
                },
                Blocked,
                Reason::NotLocked,
            ),
            (
                "--locked, picture nowhere",
                Observed {
                    locked_only: true,
                    disk: Disk::Missing,
                    stored: None,
                    locked_in_store: false,
                    stored_in_store: false,
                    picture_in_store: false,
                    ..settled()
                },
                Blocked,
                Reason::Lost,
            ),
        ];
        for (name, seen, verdict, reason) in cases {
            assert_eq!(decide(&seen), (verdict, reason), "{name}");
        }
    }

    #[test]
    fn whatever_is_observed_a_strangers_file_is_never_written_over() {
        // Every combination of what can be true.
        for bits in 0..1_u32 << 11 {
            let bit = |n: u32| bits & (1 << n) != 0;
            let seen = Observed {
                pinned: bit(0),
                locked: bit(1).then(|| d("old")),
                lock_holds: bit(1) && bit(2),
                accepted: bit(1) && bit(3),
                stored: bit(4).then(|| d("new")),
                disk: Disk::Is(d("theirs")),
                disk_in_store: false,
                locked_in_store: bit(5),
                stored_in_store: bit(4) && bit(6),
                picture_in_store: bit(7),
                waits_on: bit(8).then(|| "a".to_owned()),
                force: false,
                locked_only: bit(9),
            };
            assert_eq!(decide(&seen).0, Verdict::Blocked, "{seen:?}");
        }
    }
}
