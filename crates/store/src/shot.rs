//! [`ShotEntry`]: what a shot led to. A provider may be asked several times for the same, where what it draws is judged:
//! each answer is a roll, and one of them is accepted. On the disk a shot of one accepted roll of which nothing was found is
//! as it always was; anything else has a form that an older gpbuild does not know, which is why the store says then that it
//! is of a newer version. Knows no judge.

use serde::{Deserialize, Serialize, Serializer};

use crate::key::Ingredients;
use base::digest::Digest;
use model::Finding;

/// The most rolls of a shot.
const MAX_ROLLS: usize = 64;
/// The most findings of a roll.
const MAX_FINDINGS: usize = 64;

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roll {
    /// The candidates' digests, in the order they came.
    pub candidates: Vec<Digest>,
    /// The model that answered, if it says more than the one that was asked.
    pub model: String,
    /// What it cost, in micro-dollars.
    pub cost: u64,
    /// The prompt that was drawn, where the provider says that it is another one. Only for people: no key has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rewritten: Option<String>,
    /// What was found when it was judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    findings: Vec<Finding>,
}

impl Roll {
    /// An answer of which nothing was found.
    pub fn new(candidates: Vec<Digest>, model: String, cost: u64) -> Self {
        Self {
            candidates,
            model,
            cost,
            rewritten: None,
            findings: Vec::new(),
        }
    }

    /// The same, drawn from another prompt than the one that was asked for, if there is one.
    #[must_use]
    pub fn drawn_from(self, prompt: Option<&str>) -> Self {
        Self {
            rewritten: prompt.map(str::to_owned),
            ..self
        }
    }

    /// What was found when it was judged; nothing too where it was not.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Notes what was found; the first 64 are kept.
    pub fn judged(&mut self, mut findings: Vec<Finding>) {
        findings.truncate(MAX_FINDINGS);
        self.findings = findings;
    }
}

/// What a shot led to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct ShotEntry {
    /// Every answer that was paid for, in the order they came.
    pub rolls: Vec<Roll>,
    /// The one that counts, from 0; `None` while it is not decided.
    pub accepted: Option<usize>,
    /// What the key was made of, so that a change can be explained later.
    pub ingredients: Ingredients,
}

impl ShotEntry {
    /// A shot whose one answer counts as it came.
    pub fn accepted(roll: Roll, ingredients: Ingredients) -> Self {
        Self {
            rolls: vec![roll],
            accepted: Some(0),
            ingredients,
        }
    }

    /// A shot that has no answer yet, and whose answers are judged.
    pub fn open(ingredients: Ingredients) -> Self {
        Self {
            rolls: Vec::new(),
            accepted: None,
            ingredients,
        }
    }

    /// The answer that counts: a person picks among its candidates.
    pub fn answer(&self) -> Option<&Roll> {
        self.rolls.get(self.accepted?)
    }

    /// The same, where only that is wanted.
    pub fn into_answer(mut self) -> Option<Roll> {
        let accepted = self.accepted.filter(|n| *n < self.rolls.len())?;
        Some(self.rolls.swap_remove(accepted))
    }

    /// The pictures of all its rolls.
    pub fn pictures(&self) -> impl Iterator<Item = Digest> {
        let candidates = self.rolls.iter().flat_map(|roll| &roll.candidates);
        candidates.copied()
    }

    /// What all its rolls cost, in micro-dollars.
    pub fn cost(&self) -> u64 {
        let costs = self.rolls.iter().map(|roll| roll.cost);
        costs.fold(0, u64::saturating_add)
    }

    /// Whether a provider was asked: then it cannot be had again for nothing.
    pub fn is_paid(&self) -> bool {
        let is_paid = |roll: &Roll| roll.cost > 0 || roll.model != model::LOCAL;
        self.rolls.iter().any(is_paid)
    }

    /// Enters the answer to the request that was asked as roll `n`, from 0; whether there was anything to enter. An
    /// answer that is there already stays as it is, as often as it is taken in.
    pub fn enter(&mut self, n: usize, roll: Roll) -> bool {
        let is_same = |known: &Roll| known.candidates == roll.candidates;
        if self.rolls.len() > n && self.rolls.iter().any(is_same) {
            return false;
        }
        self.rolls.push(roll);
        self.accepted = None;
        true
    }

    /// The one roll, if an older gpbuild can be told of it.
    fn plain(&self) -> Option<&Roll> {
        match (&self.rolls[..], self.accepted) {
            ([roll], Some(0)) if roll.findings.is_empty() => Some(roll),
            _ => None,
        }
    }

    /// Whether an older gpbuild can read it.
    pub(crate) fn is_plain(&self) -> bool {
        self.plain().is_some()
    }
}

/// A shot with one roll, as it is written.
#[derive(Serialize)]
struct Plain<'a> {
    candidates: &'a [Digest],
    model: &'a str,
    cost: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    rewritten: Option<&'a str>,
    ingredients: &'a Ingredients,
}

/// Any other.
#[derive(Serialize)]
struct Rolls<'a> {
    rolls: &'a [Roll],
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted: Option<usize>,
    ingredients: &'a Ingredients,
}

impl Serialize for ShotEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ingredients = &self.ingredients;
        match self.plain() {
            Some(roll) => Plain {
                candidates: &roll.candidates,
                model: &roll.model,
                cost: roll.cost,
                rewritten: roll.rewritten.as_deref(),
                ingredients,
            }
            .serialize(serializer),
            None => Rolls {
                rolls: &self.rolls,
                accepted: self.accepted,
                ingredients,
            }
            .serialize(serializer),
        }
    }
}

/// What is read: the fields of both forms.
#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    rolls: Vec<Roll>,
    accepted: Option<usize>,
    candidates: Option<Vec<Digest>>,
    model: Option<String>,
    cost: Option<u64>,
    rewritten: Option<String>,
    ingredients: Ingredients,
}

impl TryFrom<Written> for ShotEntry {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written {
            rolls,
            accepted,
            candidates,
            model,
            cost,
            rewritten,
            ingredients,
        } = written;
        match (candidates, model, cost) {
            (Some(candidates), Some(model), Some(cost)) if rolls.is_empty() => {
                let roll = Roll::new(candidates, model, cost).drawn_from(rewritten.as_deref());
                Ok(Self::accepted(roll, ingredients))
            }
            (None, None, None)
                if (1..=MAX_ROLLS).contains(&rolls.len())
                    && rolls.iter().all(|roll| roll.findings.len() <= MAX_FINDINGS)
                    && accepted.is_none_or(|n| n < rolls.len()) =>
            {
                Ok(Self {
                    rolls,
                    accepted,
                    ingredients,
                })
            }
            _ => Err("no shot: it has neither one answer nor several"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Roll, ShotEntry};
    use crate::Store;
    use crate::key::{Ingredients, Key};
    use base::digest::Digest;
    use base::fs::{Durability, read_bounded, write_atomic};
    use model::{Finding, Severity};

    fn roll(name: &str, cost: u64) -> Roll {
        let picture = Digest::of(name.as_bytes());
        Roll::new(vec![picture], "made-up/m".to_owned(), cost)
    }

    fn wrong(what: &str) -> Vec<Finding> {
        vec![Finding::new("words", Severity::Wrong, 1, what)]
    }

    /// What gpbuild wrote before there were rolls: a drawn picture, and one of two candidates that were paid for.
    #[test]
    fn real_entries_of_before_are_read_and_written_as_they_were() {
        let entries = [
            (include_str!("shot/drawn.entry"), 1, 0, false),
            (include_str!("shot/asked.entry"), 2, 8410, true),
        ];
        for (before, candidates, cost, is_paid) in entries {
            let dir = tempfile::tempdir().unwrap();
            let store = Store::open(dir.path()).unwrap();
            let hex = Digest::of(before.as_bytes()).hex();
            let key = Key(Digest::of(before.as_bytes()));
            let path = store.folder().join("shots").join(&hex[..2]).join(&hex[2..]);
            write_atomic(&path, before.as_bytes(), Durability::Free).unwrap();
            let entry = store.shot(&key).unwrap().unwrap();
            let answer = entry.answer().unwrap();
            assert_eq!(answer.candidates.len(), candidates);
            assert_eq!((entry.cost(), entry.is_paid()), (cost, is_paid));
            store.put_shot(&key, &entry, Durability::Free).unwrap();
            let after = read_bounded(&path, 1 << 20).unwrap();
            assert_eq!(String::from_utf8(after).unwrap(), before);
            assert_eq!(store.version(), 1);
        }
    }

    #[test]
    fn what_an_older_gpbuild_cannot_read_makes_the_store_newer_first() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let key = Key(Digest::of(b"key"));
        let mut entry = ShotEntry::accepted(roll("a", 7), Ingredients::default());
        store.put_shot(&key, &entry, Durability::Free).unwrap();
        assert_eq!(store.version(), 1);
        entry.rolls[0].judged(wrong("reads `one`"));
        store.put_shot(&key, &entry, Durability::Free).unwrap();
        assert_eq!(store.version(), 2);
        assert_eq!(store.shot(&key).unwrap(), Some(entry));
        // Whoever takes such a store over is as new.
        let other = Store::open(&dir.path().join("other")).unwrap();
        other.adopt(&store, &[].into()).unwrap();
        assert_eq!(other.version(), 2);
        assert_eq!(
            other.shot(&key).unwrap().unwrap().rolls[0].findings().len(),
            1
        );
    }

    #[test]
    fn an_answer_is_entered_once_however_often_it_is_taken_in() {
        let mut entry = ShotEntry::open(Ingredients::default());
        assert!(entry.enter(0, roll("a", 7)));
        assert!(!entry.enter(0, roll("a", 7)));
        entry.rolls[0].judged(wrong("reads `one`"));
        // A model may answer with the very same picture: it was paid for all the same.
        assert!(entry.enter(1, roll("a", 5)));
        assert!(!entry.enter(1, roll("a", 5)));
        assert_eq!((entry.rolls.len(), entry.cost()), (2, 12));
        entry.accepted = Some(1);
        // What comes late for a roll that was asked for again is not lost.
        assert!(entry.enter(0, roll("b", 3)));
        assert_eq!((entry.rolls.len(), entry.accepted), (3, None));
        assert_eq!(entry.pictures().count(), 3);
    }

    #[test]
    fn what_is_no_shot_is_a_miss() {
        let ingredients = "\"ingredients\":[]";
        let one = "\"candidates\":[],\"model\":\"m\",\"cost\":1";
        let several = "\"rolls\":[{\"candidates\":[],\"model\":\"m\",\"cost\":1}]";
        let read = |fields: &str| {
            serde_json::from_str::<ShotEntry>(&format!("{{{fields},{ingredients}}}"))
        };
        assert_eq!(read(one).unwrap().accepted, Some(0));
        assert_eq!(read(several).unwrap().accepted, None);
        let many = format!(
            "\"rolls\":[{}]",
            ["{\"candidates\":[],\"model\":\"m\",\"cost\":1}"; 65].join(",")
        );
        let cases = [
            format!("{one},{several}"),
            format!("{several},\"accepted\":1"),
            "\"rolls\":[]".to_owned(),
            "\"candidates\":[],\"model\":\"m\"".to_owned(),
            many,
        ];
        for case in cases {
            let error = read(&case).unwrap_err().to_string();
            assert!(error.contains("neither one answer nor several"), "{error}");
        }
    }
}
