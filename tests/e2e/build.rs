//! The first run makes, the second finds everything fresh.

use crate::project::{Counts, Project};

#[test]
fn the_second_run_makes_nothing() {
    let project = Project::one("30 天学会 ChatGPT");
    assert_eq!(project.build(), Counts::made(1));
    let picture = project.read("dist/a.png");
    assert_eq!(project.build(), Counts::fresh(1));
    assert_eq!(project.build(), Counts::fresh(1));
    assert_eq!(project.read("dist/a.png"), picture);
}
