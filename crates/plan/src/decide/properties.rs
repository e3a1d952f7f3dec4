//! What holds of every verdict, whatever was observed.

use super::tests::{changed, d};
use super::{Disk, Observed, decide};
use crate::{Reason, Verdict};

#[test]
fn whatever_is_observed_a_strangers_file_is_never_written_over() {
    // Every combination of what can be true.
    for bits in 0..1_u32 << 12 {
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
            behind: None,
            retired: bit(10).then(|| "gone".to_owned()),
            unreachable: bit(11).then_some(Reason::NotTrusted),
            force: false,
            locked_only: bit(9),
        };
        assert_eq!(decide(&seen).0, Verdict::Blocked, "{seen:?}");
    }
}

#[test]
fn what_a_person_accepted_gives_way_to_nothing_by_itself() {
    for bits in 0..1_u32 << 9 {
        let bit = |n: u32| bits & (1 << n) != 0;
        let seen = Observed {
            accepted: true,
            lock_holds: bit(0),
            stored: bit(1).then(|| d("new")),
            disk: if bit(2) {
                Disk::Missing
            } else {
                Disk::Is(d("old"))
            },
            disk_in_store: bit(3),
            locked_in_store: bit(4),
            stored_in_store: bit(1) && bit(5),
            picture_in_store: !bit(0) && bit(6),
            unreachable: bit(7).then_some(Reason::NotTrusted),
            locked_only: bit(8),
            ..changed()
        };
        let verdict = decide(&seen).0;
        let keeps = matches!(verdict, Verdict::Fresh | Verdict::Blocked);
        let back = verdict == Verdict::Restore(d("old"));
        assert!(keeps || back, "{verdict:?}: {seen:?}");
    }
}
