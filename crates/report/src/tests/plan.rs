//! The plan as people read it.

use super::{asset, options, summary, told};
use crate::{AssetReport, Cost, Event, Plan, ReportOptions, State};

pub(super) fn planned() -> Vec<AssetReport> {
    let estimated = |id, state, reason, estimate| {
        let mut asset = asset(id, state, Some(reason));
        asset.estimate = estimate;
        asset
    };
    vec![
        asset("old", State::Fresh, None),
        estimated(
            "bootcamp/xhs",
            State::Make,
            "never made",
            Some(Cost::Known(53_000)),
        ),
        estimated(
            "封面",
            State::Restore,
            "the output is missing",
            Some(Cost::FREE),
        ),
        estimated("slide/02", State::Blocked, "slide/01 failed", None),
        estimated(
            "训练营/01",
            State::Make,
            "`text.headline` changed",
            Some(Cost::Unknown),
        ),
        asset("local", State::Make, None),
    ]
}

#[test]
fn a_plan_is_a_table() {
    let assets = planned();
    let unclaimed = ["dist/gone.png".to_owned(), "dist/a\nb.png".to_owned()];
    let plan = Plan {
        at_once: None,
        assets: &assets,
        unclaimed: &unclaimed,
        requests: 2,
        foreign: Some("¥0.250"),
        foreign_withheld: None,
        withheld: 0,
        remark: None,
        up_to: false,
    };
    let options = ReportOptions {
        plan: true,
        ..options()
    };
    let end = summary();
    let (out, err) = told(&options, &[Event::Plan(&plan), Event::Summary(&end)]);
    assert_eq!(err, "");
    assert_eq!(
        out,
        "\
make      bootcamp/xhs   $0.053  never made
make      训练营/01     unknown  `text.headline` changed
make      local
restore   封面                   the output is missing
blocked   slide/02               slide/01 failed

would make 3 pictures and restore 1: about $0.053 (¥0.250), and 1 of unknown price · 2 requests \
(1 blocked, 1 fresh)

2 outputs belong to no asset:
  dist/gone.png
  dist/a\\nb.png
"
    );
    let quiet = ReportOptions {
        quiet: 1,
        ..options.clone()
    };
    assert_eq!(
        told(&quiet, &[Event::Plan(&plan)]).0,
        "would make 3 pictures and restore 1: about $0.053 (¥0.250), and 1 of unknown price · 2 requests \
         (1 blocked, 1 fresh)\n"
    );
    let build = ReportOptions {
        plan: false,
        ..options
    };
    assert_eq!(
        told(&build, &[Event::Plan(&plan)]).1,
        out,
        "in a build a plan is talk"
    );
}

#[test]
fn plans_say_what_they_cost() {
    let total = |assets: &[AssetReport], up_to: bool| {
        let plan = Plan {
            at_once: None,
            assets,
            unclaimed: &[],
            requests: 0,
            foreign: None,
            foreign_withheld: None,
            withheld: 0,
            remark: None,
            up_to,
        };
        let options = ReportOptions {
            plan: true,
            quiet: 1,
            ..options()
        };
        told(&options, &[Event::Plan(&plan)]).0
    };
    let mut make = asset("a", State::Make, Some("never made"));
    assert_eq!(total(&[], false), "nothing to make\n");
    assert_eq!(
        total(&[asset("a", State::Fresh, None)], false),
        "nothing to make (1 fresh)\n"
    );
    assert_eq!(total(&[make.clone()], false), "would make 1 picture\n");
    make.estimate = Some(Cost::Unknown);
    assert_eq!(
        total(&[make.clone()], false),
        "would make 1 picture: cost unknown\n"
    );
    make.estimate = Some(Cost::Known(40_000));
    assert_eq!(
        total(&vec![make.clone(); 30], false),
        "would make 30 pictures: about $1.20\n"
    );
    assert_eq!(
        total(&vec![make; 30], true),
        "would make 30 pictures: up to $1.20\n"
    );
    assert_eq!(
        total(&[asset("a", State::Restore, None)], false),
        "would restore 1 picture\n"
    );
}

#[test]
fn a_plan_with_free_pictures_has_no_price_column() {
    let assets = [
        asset("a", State::Make, Some("never made")),
        asset("bb", State::Make, Some("x")),
    ];
    let plan = Plan {
        at_once: None,
        assets: &assets,
        unclaimed: &[],
        requests: 0,
        foreign: None,
        foreign_withheld: None,
        withheld: 0,
        remark: None,
        up_to: false,
    };
    let (out, _) = told(
        &ReportOptions {
            plan: true,
            ..options()
        },
        &[Event::Plan(&plan)],
    );
    assert_eq!(
        out,
        "make      a   never made\nmake      bb  x\n\nwould make 2 pictures\n"
    );
}
