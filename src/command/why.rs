//! `gpbuild why`: which ingredient of the key changed since an asset was last made, old and new.

use std::fmt::Write as _;

use serde_json::json;
use similar::TextDiff;

use crate::diagnostic::{Exit, Failure};
use crate::key::{self, Ingredients};
use crate::pipeline::{self, Planned, Settings};
use crate::plan::{Change, Reason, Step, Verdict, changes};
use crate::provider::request::Picture;
use crate::report::Reporter;

/// Runs the command.
pub fn run(settings: &Settings, as_json: bool, reporter: &Reporter) -> Result<Exit, Failure> {
    let planned = pipeline::plan(settings)?;
    for step in planned.asked_for(settings)? {
        let found = explain(&planned, step);
        if as_json {
            reporter.out(&format!("{}\n", as_line(step, &found)));
        } else {
            reporter.out(&as_text(step, &found));
        }
    }
    Ok(Exit::Done)
}

/// What is known of the change.
struct Found {
    changes: Vec<Change>,
    /// Something changed, and what it was is not known any more.
    forgotten: bool,
}

fn explain(planned: &Planned, step: &Step) -> Found {
    let mut found = Found {
        changes: Vec::new(),
        forgotten: false,
    };
    let Some(locked) = planned.lock.assets.get(&step.spec.id) else {
        return found;
    };
    let mut previous = None;
    for (n, request) in step.spec.shots.iter().enumerate() {
        let now = key::shot(request, |picture| match picture {
            Picture::File(_, digest) => Some(*digest),
            Picture::Previous => previous,
            Picture::Asset(id) => planned
                .plan
                .steps
                .iter()
                .find(|other| other.spec.id == *id)
                .and_then(|other| other.trace.picture(&other.spec)),
        });
        let Some(before) = locked.shots.get(n) else {
            found.changes.push(Change {
                name: format!("edit step {n}"),
                old: None,
                new: Some(request.prompt.clone()),
            });
            continue;
        };
        previous = before.picked();
        let Ok(now) = now else {
            continue;
        };
        if now.key(key::SHOT) == before.key {
            continue;
        }
        let old = planned
            .store
            .shot(&before.key)
            .map(|entry| entry.ingredients);
        found.add(old, &now);
    }
    if locked.shots.len() > step.spec.shots.len() {
        found.changes.push(Change {
            name: "edit steps".to_owned(),
            old: Some(locked.shots.len().saturating_sub(1).to_string()),
            new: Some(step.spec.shots.len().saturating_sub(1).to_string()),
        });
    }
    if let Some(now) = step.bundled()
        && now.key(key::EXPORT) != locked.export
    {
        let old = planned.store.export(&locked.export);
        found.add(old.map(|entry| entry.ingredients), &now);
    }
    if let Some(picture) = step.trace.picture(&step.spec) {
        let now = key::export(&step.spec.export, step.spec.overlay.as_ref(), picture);
        let same_picture = locked.shots.last().and_then(|s| s.picked()) == Some(picture);
        if now.key(key::EXPORT) != locked.export && same_picture {
            let old = planned
                .store
                .export(&locked.export)
                .map(|entry| entry.ingredients);
            found.add(old, &now);
        }
    }
    found
}

impl Found {
    fn add(&mut self, old: Option<Ingredients>, now: &Ingredients) {
        match old {
            Some(old) if !old.0.is_empty() => self.changes.extend(changes(&old, now)),
            _ => self.forgotten = true,
        }
    }
}

fn as_text(step: &Step, found: &Found) -> String {
    let mut out = format!("{}: {}\n", step.spec.id, headline(step));
    if found.forgotten {
        out.push_str("  its inputs changed; what they were is not in the store of this machine\n");
    }
    for change in &found.changes {
        let (old, new) = (change.old.as_deref(), change.new.as_deref());
        match (old, new) {
            (Some(old), Some(new)) if old.contains('\n') || new.contains('\n') => {
                let _ = writeln!(out, "  {}", change.name);
                for line in diff(old, new) {
                    let _ = writeln!(out, "    {line}");
                }
            }
            (old, new) => {
                let show = |value: Option<&str>| value.unwrap_or("(nothing)").to_owned();
                let _ = writeln!(out, "  {}", change.name);
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

fn as_line(step: &Step, found: &Found) -> serde_json::Value {
    let changes: Vec<serde_json::Value> = found
        .changes
        .iter()
        .map(|c| json!({ "ingredient": c.name, "old": c.old, "new": c.new }))
        .collect();
    json!({
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
    })
}
