//! The table of verdicts.

use super::{Disk, Observed, decide};
use crate::{Reason, Verdict};
use base::digest::Digest;

pub(super) fn d(name: &str) -> Digest {
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
        retired: None,
        unreachable: None,
        behind: None,
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
pub(super) fn changed() -> Observed {
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
            "a power cut left half of the output",
            Observed {
                disk: Disk::Cut,
                ..settled()
            },
            Restore(d("new")),
            Reason::OutputCut,
        ),
        (
            "a power cut left an empty file, and no lock and no store",
            Observed {
                disk: Disk::Cut,
                ..nothing()
            },
            Make,
            Reason::NeverMade,
        ),
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
            "accepted, text changed",
            Observed {
                accepted: true,
                ..changed()
            },
            Blocked,
            Reason::AcceptedStale,
        ),
        (
            "accepted, text changed, output missing",
            Observed {
                accepted: true,
                disk: Disk::Missing,
                ..changed()
            },
            Blocked,
            Reason::AcceptedStale,
        ),
        (
            "accepted, and may turn out to be what it was",
            Observed {
                accepted: true,
                waits_on: Some("a".into()),
                ..changed()
            },
            Wait("a".into()),
            Reason::WaitsOn("a".into()),
        ),
        (
            "accepted, text changed, --force",
            Observed {
                accepted: true,
                force: true,
                ..changed()
            },
            Make,
            Reason::Changed(Vec::new()),
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
            "model retired, never made",
            Observed {
                retired: Some("gone".into()),
                ..nothing()
            },
            Blocked,
            Reason::Retired("gone".into()),
        ),
        (
            "model retired, never made, and takes a picture that is not there",
            Observed {
                retired: Some("gone".into()),
                waits_on: Some("a".into()),
                ..nothing()
            },
            Blocked,
            Reason::Retired("gone".into()),
        ),
        (
            "model retired, locked, and takes a picture that is not there",
            Observed {
                retired: Some("gone".into()),
                waits_on: Some("a".into()),
                ..changed()
            },
            Wait("a".into()),
            Reason::WaitsOn("a".into()),
        ),
        (
            "model retired, second run",
            Observed {
                retired: Some("gone".into()),
                ..settled()
            },
            Fresh,
            Reason::None,
        ),
        (
            "model retired, output deleted",
            Observed {
                retired: Some("gone".into()),
                disk: Disk::Missing,
                ..settled()
            },
            Restore(d("new")),
            Reason::OutputMissing,
        ),
        (
            "model retired, only the format changed",
            Observed {
                retired: Some("gone".into()),
                picture_in_store: true,
                ..changed()
            },
            Export,
            Reason::ExportChanged(no()),
        ),
        (
            "model retired, text changed",
            Observed {
                retired: Some("gone".into()),
                ..changed()
            },
            Blocked,
            Reason::Retired("gone".into()),
        ),
        (
            "model retired, picture nowhere",
            Observed {
                retired: Some("gone".into()),
                disk: Disk::Missing,
                stored: None,
                locked_in_store: false,
                stored_in_store: false,
                picture_in_store: false,
                ..settled()
            },
            Blocked,
            Reason::Retired("gone".into()),
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
            "no key, never made",
            Observed {
                unreachable: Some(Reason::NoKey("KEY".to_owned())),
                ..nothing()
            },
            Blocked,
            Reason::NoKey("KEY".to_owned()),
        ),
        (
            "no key, never made, and takes a picture that is not there",
            Observed {
                unreachable: Some(Reason::NoKey("KEY".to_owned())),
                waits_on: Some("a".into()),
                ..nothing()
            },
            Blocked,
            Reason::NoKey("KEY".to_owned()),
        ),
        (
            "no key, never made, and takes a picture that will not come",
            Observed {
                unreachable: Some(Reason::NoKey("KEY".to_owned())),
                waits_on: Some("a".into()),
                behind: Some(Reason::Behind("a".into())),
                ..nothing()
            },
            Blocked,
            Reason::Behind("a".into()),
        ),
        (
            "no key, locked, and takes a picture that is not there",
            Observed {
                unreachable: Some(Reason::NoKey("KEY".to_owned())),
                waits_on: Some("a".into()),
                ..changed()
            },
            Wait("a".into()),
            Reason::WaitsOn("a".into()),
        ),
        (
            "no key, second run",
            Observed {
                unreachable: Some(Reason::NoKey("KEY".to_owned())),
                ..settled()
            },
            Fresh,
            Reason::None,
        ),
        (
            "no key, output deleted",
            Observed {
                unreachable: Some(Reason::NoKey("KEY".to_owned())),
                disk: Disk::Missing,
                ..settled()
            },
            Restore(d("new")),
            Reason::OutputMissing,
        ),
        (
            "no key, the picture is there",
            Observed {
                unreachable: Some(Reason::NoKey("KEY".to_owned())),
                picture_in_store: true,
                ..nothing()
            },
            Export,
            Reason::NeverMade,
        ),
        (
            "no key, text changed",
            Observed {
                unreachable: Some(Reason::NoKey("KEY".to_owned())),
                ..changed()
            },
            Blocked,
            Reason::NoKey("KEY".to_owned()),
        ),
        (
            "no key, --locked, picture nowhere",
            Observed {
                unreachable: Some(Reason::NoKey("KEY".to_owned())),
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
