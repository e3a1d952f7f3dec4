//! Events as JSON, one object a line, for programs. Keys and their order are part of what gpbuild
//! promises. Makes texts only; knows nothing of where they go.

use serde_json::Value;

use super::event::{AssetReport, Cost, LeftOut, Plan, State, Summary};
use super::words::dollars_number;
use base::diagnostic::{Diagnostic, Severity};
use base::digest::Digest;

/// Written by hand: `serde_json` would write money as floating point.
struct Object(String);

impl Object {
    fn new(event: &str) -> Self {
        Self("{".to_owned()).text("event", event)
    }

    fn raw(mut self, key: &str, json: &str) -> Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0 += &format!("\"{key}\":{json}");
        self
    }

    fn text(self, key: &str, text: &str) -> Self {
        self.raw(key, &Value::from(text).to_string())
    }

    fn maybe(self, key: &str, text: Option<&str>) -> Self {
        self.raw(key, &Value::from(text).to_string())
    }

    fn count(self, key: &str, n: usize) -> Self {
        self.raw(key, &n.to_string())
    }

    /// Nothing where there is nothing to count.
    fn count_if_any(self, key: &str, n: usize) -> Self {
        match n {
            0 => self,
            n => self.count(key, n),
        }
    }

    fn cost(self, key: &str, cost: Cost) -> Self {
        match cost {
            Cost::Known(micros) => self.raw(key, &dollars_number(micros)),
            Cost::Counted(_) | Cost::Unknown => self.raw(key, "null"),
        }
    }

    /// What was paid; where that is not known, what it counts at.
    fn paid(self, cost: Cost) -> Self {
        let object = self.cost("cost_usd", cost);
        match cost {
            Cost::Counted(micros) => object.raw("counted_usd", &dollars_number(micros)),
            Cost::Known(_) | Cost::Unknown => object,
        }
    }

    /// Nothing where it is not another one.
    fn cost_if_any(self, key: &str, cost: Option<Cost>) -> Self {
        match cost {
            None => self,
            Some(cost) => self.cost(key, cost),
        }
    }

    fn end(self) -> String {
        self.0 + "}\n"
    }
}

pub(super) fn asset(report: &AssetReport, planned: bool) -> String {
    let key = report.key.as_ref().map(Digest::hex);
    let object = Object::new("asset")
        .text("id", &report.id)
        .text("state", report.state.word())
        .maybe("reason", report.reason.as_deref())
        .maybe("key", key.as_deref())
        .text("output", &report.output)
        .paid(report.cost);
    if planned {
        object
            .cost("estimate_usd", report.estimate.unwrap_or(Cost::FREE))
            .end()
    } else {
        object.end()
    }
}

/// Drafts count as made: the keys are fixed, and their sum is the number of assets.
pub(super) fn summary(summary: &Summary) -> String {
    let millis = u64::try_from(summary.elapsed.as_millis()).unwrap_or(u64::MAX);
    Object::new("summary")
        .count("fresh", summary.fresh)
        .count("restored", summary.restored)
        .count("made", summary.made + summary.draft)
        .count("failed", summary.failed)
        .count("blocked", summary.blocked)
        .count_if_any("manual", summary.manual)
        .count_if_any("pending", summary.pending)
        .count("requests", summary.requests)
        .paid(summary.cost)
        .raw("seconds", &dollars_number(millis.saturating_mul(1_000)))
        .end()
}

/// An object for each output that no asset declares.
pub(super) fn unclaimed(outputs: &[String]) -> String {
    let object = |path: &String| Object::new("unclaimed").text("output", path).end();
    outputs.iter().map(object).collect()
}

/// An object for each asset and each unclaimed output, and the totals.
pub(super) fn plan(plan: &Plan) -> String {
    let mut text: String = plan
        .assets
        .iter()
        .map(|report| asset(report, true))
        .collect();
    text += &unclaimed(plan.unclaimed);
    let of = |state: State| plan.assets.iter().filter(|a| a.state == state).count();
    let estimates = plan.assets.iter().filter_map(|a| a.estimate);
    text += &Object::new("summary")
        .count("fresh", of(State::Fresh))
        .count("restore", of(State::Restore))
        .count_if_any("pending", of(State::Pending))
        .count("make", of(State::Make) + of(State::Draft))
        .count("failed", of(State::Failed))
        .count("blocked", of(State::Blocked))
        .count_if_any("manual", of(State::Manual))
        .count("requests", plan.requests + plan.withheld)
        .cost("estimate_usd", estimates.fold(Cost::FREE, Cost::plus))
        .cost_if_any("at_once_usd", plan.at_once)
        .raw("up_to", if plan.up_to { "true" } else { "false" })
        .end();
    text
}

pub(super) fn left_out(left_out: &LeftOut<'_>) -> String {
    Object::new("left_out")
        .text("named", left_out.named)
        .count("of", left_out.of)
        .raw("files", &Value::from(left_out.files).to_string())
        .end()
}

pub(super) fn diagnostic(diagnostic: &Diagnostic) -> String {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let object = Object::new("diagnostic")
        .text("severity", severity)
        .text("message", &diagnostic.message);
    let object = match &diagnostic.place {
        Some(place) => {
            let (line, column) = place.line_column();
            object
                .text("file", &place.source.name)
                .count("line", line)
                .count("column", column)
        }
        None => object
            .raw("file", "null")
            .raw("line", "null")
            .raw("column", "null"),
    };
    object
        .raw("hints", &Value::from(diagnostic.hints.clone()).to_string())
        .maybe(
            "asset",
            diagnostic.asset.as_ref().map(|(id, _)| id.as_str()),
        )
        .end()
}
