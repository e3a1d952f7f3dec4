//! `gpbuild why`: which ingredient of the key changed since an asset was last made, old and new.

use std::fmt::Write as _;

use serde_json::json;
use similar::TextDiff;

use crate::pipeline::{self, Settings, Why};
use base::diagnostic::{Exit, Failure};
use plan::{Reason, Step, Verdict};
use report::Reporter;

/// Runs the command.
pub fn run(settings: &Settings, as_json: bool, reporter: &Reporter) -> Result<Exit, Failure> {
    let planned = pipeline::plan(settings)?;
    for step in planned.asked_for() {
        let found = planned.why(step);
        if as_json {
            reporter.out(&format!("{}\n", as_line(step, &found)));
        } else {
            reporter.out(&as_text(step, &found, reporter));
        }
    }
    Ok(Exit::Done)
}

fn as_text(step: &Step, found: &Why, reporter: &Reporter) -> String {
    let mut out = format!("{}: {}\n", step.spec.id, reporter.say(&headline(step)));
    if found.forgotten {
        out.push_str(
            &reporter
                .say("  its inputs changed; what they were is not in the store of this machine\n"),
        );
    }
    for prompt in &found.rewritten {
        let line = format!("  the provider drew from a prompt of its own: {prompt}\n");
        out.push_str(&reporter.say(&line));
    }
    for change in &found.changes {
        let _ = writeln!(out, "  {}", reporter.say(&change.name));
        let (old, new) = (change.old.as_deref(), change.new.as_deref());
        match (old, new) {
            (Some(old), Some(new)) if old.contains('\n') || new.contains('\n') => {
                for line in diff(old, new) {
                    let _ = writeln!(out, "    {line}");
                }
            }
            (old, new) => {
                let none = reporter.say("(nothing)");
                let show = |value: Option<&str>| value.unwrap_or(&none).to_owned();
                let _ = writeln!(out, "    - {}", show(old));
                let _ = writeln!(out, "    + {}", show(new));
            }
        }
    }
    out
}

fn headline(step: &Step) -> String {
    let what = match &step.verdict {
        Verdict::Fresh => "fresh",
        Verdict::Restore(_) => "would be restored",
        Verdict::Export | Verdict::Make | Verdict::Wait(_) => "would be made",
        Verdict::Blocked => "blocked",
    };
    match &step.reason {
        Reason::None => format!("{what}, nothing changed since it was made"),
        reason => format!("{what}: {reason}"),
    }
}

/// The lines that differ, with two lines around them.
fn diff(old: &str, new: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(old, new);
    let text = diff.unified_diff().context_radius(2).to_string();
    text.lines()
        .filter(|line| !line.starts_with("\\ No newline"))
        .map(str::to_owned)
        .collect()
}

fn as_line(step: &Step, found: &Why) -> serde_json::Value {
    let changes: Vec<serde_json::Value> = found
        .changes
        .iter()
        .map(|c| json!({ "ingredient": c.name, "old": c.old, "new": c.new }))
        .collect();
    let mut line = json!({
        "event": "why",
        "id": step.spec.id,
        "state": match &step.verdict {
            Verdict::Fresh => "fresh",
            Verdict::Restore(_) => "restore",
            Verdict::Blocked => "blocked",
            _ => "make",
        },
        "reason": match &step.reason {
            Reason::None => None,
            reason => Some(reason.to_string()),
        },
        "changes": changes,
        "forgotten": found.forgotten,
    });
    if !found.rewritten.is_empty() {
        line["rewritten"] = json!(found.rewritten);
    }
    line
}
