//! JSON lines, to the byte.

use super::plan::planned;
use super::{done, options, run, summary, told};
use crate::{Cost, Event, Plan, ReportOptions, Summary};

use std::time::Duration;

#[test]
fn a_build_in_json() {
    let assets = run();
    let end = Summary {
        fresh: 1,
        made: 2,
        draft: 1,
        failed: 1,
        requests: 3,
        cost: Cost::Known(159_000),
        elapsed: Duration::from_millis(1_849),
        ..summary()
    };
    let mut events = vec![Event::Begin { total: 4 }, Event::Note("talk")];
    events.extend(done(&assets[1..4]));
    events.push(Event::Summary(&end));
    let (out, err) = told(
        &ReportOptions {
            json: true,
            ..options()
        },
        &events,
    );
    assert_eq!(err, "talk\n");
    let key = "07".repeat(32);
    assert_eq!(
        out,
        format!(
            r#"{{"event":"asset","id":"封面/训练营","state":"made","reason":"`text.headline` changed","key":"{key}","output":"dist/封面/训练营.png","cost_usd":0.053}}
{{"event":"asset","id":"command","state":"made","reason":null,"key":"{key}","output":"dist/command.png","cost_usd":null,"counted_usd":0.053}}
{{"event":"asset","id":"post/a","state":"failed","reason":"refused\u001b[2J by the provider","key":"{key}","output":"dist/post/a.png","cost_usd":0}}
{{"event":"summary","fresh":1,"restored":0,"made":3,"failed":1,"blocked":0,"requests":3,"cost_usd":0.159,"seconds":1.849}}
"#
        )
    );
    for line in out.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}

#[test]
fn a_plan_in_json() {
    let mut assets = planned();
    assets.iter_mut().for_each(|asset| asset.key = None);
    let plan = Plan {
        at_once: None,
        assets: &assets[1..4],
        unclaimed: &["dist/gone.png".to_owned()],
        requests: 1,
        foreign: None,
        foreign_withheld: None,
        withheld: 0,
        remark: None,
        up_to: true,
    };
    let options = ReportOptions {
        json: true,
        plan: true,
        ..options()
    };
    let end = summary();
    let (out, err) = told(&options, &[Event::Plan(&plan), Event::Summary(&end)]);
    assert_eq!(err, "");
    assert_eq!(
        out,
        r#"{"event":"asset","id":"bootcamp/xhs","state":"make","reason":"never made","key":null,"output":"dist/bootcamp/xhs.png","cost_usd":0,"estimate_usd":0.053}
{"event":"asset","id":"封面","state":"restore","reason":"the output is missing","key":null,"output":"dist/封面.png","cost_usd":0,"estimate_usd":0}
{"event":"asset","id":"slide/02","state":"blocked","reason":"slide/01 failed","key":null,"output":"dist/slide/02.png","cost_usd":0,"estimate_usd":0}
{"event":"unclaimed","output":"dist/gone.png"}
{"event":"summary","fresh":0,"restore":1,"make":1,"failed":0,"blocked":1,"requests":1,"estimate_usd":0.053,"up_to":true}
"#
    );
}
