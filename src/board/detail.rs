//! What the page says of one asset when somebody looks closer: prompts, what changed, candidates, and the
//! pictures that were paid for before. Knows nothing of HTTP.

use std::collections::BTreeMap;

use similar::{ChangeTag, TextDiff};

use crate::pipeline::{Planned, Why};
use model::request::Picture;
use page::{Changed, Detail, Paid, Part, Shot};
use plan::key::Key;
use plan::{Change, Step};
use store::ledger::Outcome;

/// So many of the pictures that were paid for before are shown.
const MAX_HISTORY: usize = 12;
/// Texts longer than this, in bytes together, are compared by lines: words would take long.
const MAX_BY_WORDS: usize = 40_000;

/// What there is to say of an asset.
pub fn detail(planned: &Planned, step: &Step) -> Detail {
    let spec = &step.spec;
    let Why {
        changes,
        forgotten,
        // The page has no place for it: `show` and `why` say it.
        rewritten: _,
    } = planned.why(step);
    let prompt = spec.shots().and_then(|shots| shots.prompt.clone());
    Detail {
        id: spec.id.clone(),
        words: spec
            .text
            .iter()
            .map(|(role, words)| (role.to_owned(), words.each().collect::<Vec<_>>().join("\n")))
            .collect(),
        shots: (0..spec.requests().len()).map(|n| shot(step, n)).collect(),
        prompt: prompt.filter(|_| !spec.is_paid()),
        changes: changes.iter().map(changed).collect(),
        forgotten,
        history: history(planned, step),
        manifest_path: spec.place.source.name.clone(),
        line: spec.place.line_column().0,
    }
}

fn shot(step: &Step, n: usize) -> Shot {
    let request = &step.spec.requests()[n];
    let prompt = request.prompt();
    let references = prompt.map_or(&[][..], |prompt| &prompt.references);
    let answer = step
        .trace
        .shots
        .get(n)
        .and_then(|shot| shot.answer.as_ref());
    Shot {
        operation: request.operation().word(),
        model: request.model.to_string(),
        width: request.width,
        height: request.height,
        quality: prompt.and_then(|prompt| prompt.quality.clone()),
        prompt: prompt.map(|prompt| prompt.text.clone()),
        references: references.iter().filter_map(reference).collect(),
        candidates: answer
            .map(|answer| answer.candidates.clone())
            .unwrap_or_default(),
        pick: answer.map_or(0, |answer| answer.pick),
    }
}

/// A picture that a shot takes, unless it is that of the shot before.
fn reference(picture: &Picture) -> Option<String> {
    match picture {
        Picture::File(path, _) => Some(path.to_string()),
        Picture::Asset(id) => Some(id.clone()),
        Picture::Previous => None,
    }
}

fn history(planned: &Planned, step: &Step) -> Vec<Paid> {
    let id = step.spec.id.as_str();
    let entries = planned.ledger.entries();
    let project = planned.project.name();
    // The ledger is the person's, of all their projects: what another one paid for is none of this one's pictures.
    let answered = entries.iter().rev().filter(|entry| {
        let outcome = entry.settlement.as_ref().map(|s| s.outcome);
        entry.intent.asset == id
            && entry.is_of(&project)
            && !entry.is_import()
            && outcome == Some(Outcome::Answered)
    });
    // Of each key, how many newer ones there were.
    let mut newer: BTreeMap<Key, usize> = BTreeMap::new();
    answered
        .filter_map(|entry| {
            let shot = planned.store.shot(&entry.intent.key).ok().flatten()?;
            let newer = newer.entry(entry.intent.key).or_default();
            *newer += 1;
            let roll = shot.rolls.get(shot.rolls.len().saturating_sub(*newer))?;
            let key = entry.intent.key;
            Some(Paid {
                day: entry.at.day().to_string(),
                at: entry.at.millis(),
                model: entry.intent.model.clone(),
                cost: entry.cost().map(|micro| micro.0),
                prompt: shot.ingredients.get("prompt").map(str::to_owned),
                pictures: roll.candidates.clone(),
                key: key.0.hex(),
                current: step.trace.shots.iter().any(|shot| shot.key == key),
            })
        })
        .take(MAX_HISTORY)
        .collect()
}

fn changed(change: &Change) -> Changed {
    let part = |is, text: &str| Part {
        is,
        text: text.to_owned(),
    };
    let parts = match (change.old.as_deref(), change.new.as_deref()) {
        (Some(old), Some(new)) => parts(old, new),
        (Some(old), None) => vec![part("old", old)],
        (None, Some(new)) => vec![part("new", new)],
        (None, None) => Vec::new(),
    };
    Changed {
        name: change.name.clone(),
        parts,
    }
}

/// Word by word; Chinese has no spaces, and its characters count as words.
fn parts(old: &str, new: &str) -> Vec<Part> {
    let diff = if old.len() + new.len() <= MAX_BY_WORDS {
        TextDiff::from_unicode_words(old, new)
    } else {
        TextDiff::from_lines(old, new)
    };
    let mut parts: Vec<Part> = Vec::new();
    for change in diff.iter_all_changes() {
        let is = match change.tag() {
            ChangeTag::Equal => "same",
            ChangeTag::Delete => "old",
            ChangeTag::Insert => "new",
        };
        match parts.last_mut() {
            Some(last) if last.is == is => last.text += change.value(),
            _ => parts.push(Part {
                is,
                text: change.value().to_owned(),
            }),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::{Part, parts};

    fn part(is: &'static str, text: &str) -> Part {
        Part {
            is,
            text: text.to_owned(),
        }
    }

    #[test]
    fn chinese_is_compared_character_by_character() {
        let found = parts("画一张封面，暖色", "画一张海报，暖色");
        let wanted = [
            part("same", "画一张"),
            part("old", "封面"),
            part("new", "海报"),
            part("same", "，暖色"),
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn latin_is_compared_word_by_word() {
        let found = parts("a warm sky", "a cold sky");
        let wanted = [
            part("same", "a "),
            part("old", "warm"),
            part("new", "cold"),
            part("same", " sky"),
        ];
        assert_eq!(found, wanted);
    }
}
