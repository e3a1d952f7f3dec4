//! A picture that came from a provider and cannot be used: what is told of it, the same by `plan` and by
//! `build`, run after run, and what a person can do about it. Nothing is asked for again by itself.

use crate::digest::Digest;
use crate::fs::shown;
use crate::key::Key;
use crate::model::{Micro, Models};
use crate::plan::{Answer, Observer, Trace, Verdict, price};
use crate::spec::Spec;
use crate::store::Store;

/// What is told of a picture that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// What is wrong, and what it cost.
    pub what: String,
    /// Where it is, and what can be done: the cheapest first.
    pub ways: Vec<String>,
}

impl Unusable {
    /// All of it in one line.
    pub fn line(&self) -> String {
        format!("{}; {}", self.what, self.ways.join("; "))
    }
}

/// What is told of the picked picture of the shot `n` of an asset, counted from 0. `None` if nothing is wrong with
/// it that anybody knows of, or if it was drawn here.
pub fn unusable(
    store: &Store,
    models: &Models,
    spec: &Spec,
    n: usize,
    key: &Key,
    answer: &Answer,
) -> Option<Unusable> {
    let request = spec.requests().get(n).filter(|shot| shot.is_paid())?;
    let picture = answer.picked()?;
    let why = store.flaw(&picture)?;
    let cost = store.shot(key).map_or(0, |entry| entry.cost);
    let of_shot = match spec.requests().len() {
        1 => String::new(),
        _ => format!(" of shot {}", n + 1),
    };
    let paid = match cost {
        0 => String::new(),
        cost => format!(" for {}", Micro(cost)),
    };
    let what = format!("the picture{of_shot} that came{paid} cannot be used: {why}");
    let mut ways = Vec::new();
    if let Some(path) = store.path_of(&picture) {
        ways.push(format!("it is kept as it came in `{}`", shown(&path)));
    }
    let id = &spec.id;
    if let Some(other) = another(store, &answer.candidates) {
        let shot = match n + 1 == spec.requests().len() {
            true => String::new(),
            false => format!(" --shot {}", n + 1),
        };
        ways.push(format!(
            "`gpbuild pick {id} {other}{shot}` takes another candidate, for nothing"
        ));
    }
    ways.push(format!(
        "put a mended one at `{}`, and `gpbuild accept {id}` takes it, for nothing",
        spec.output
    ));
    let prices = spec.paid().map(|shot| price(models, shot));
    let about = match prices.sum::<Option<Micro>>() {
        Some(sum) => format!("about {sum}"),
        None => "a price that nobody knows".to_owned(),
    };
    ways.push(format!(
        "`variant = {}` in its table asks for another one, for {about}",
        request.variant.saturating_add(1)
    ));
    Some(Unusable { what, ways })
}

/// The number of the first candidate of which nothing bad is known.
fn another(store: &Store, candidates: &[Digest]) -> Option<usize> {
    let is_good = |picture: &Digest| store.has(picture) && store.flaw(picture).is_none();
    Some(candidates.iter().position(is_good)? + 1)
}

impl Observer<'_> {
    /// What would have to be used and cannot be: the last picture, or before a further shot that goes by it
    /// any other.
    pub(super) fn unusable(
        &self,
        spec: &Spec,
        verdict: &Verdict,
        trace: &Trace,
    ) -> Option<Unusable> {
        let used = match verdict {
            Verdict::Export => trace.shots.len().saturating_sub(1)..trace.shots.len(),
            Verdict::Make => 0..trace.shots.len(),
            _ => return None,
        };
        used.into_iter().find_map(|n| {
            let shot = trace.shots.get(n)?;
            let answer = shot.answer.as_ref()?;
            unusable(self.store, self.models, spec, n, &shot.key, answer)
        })
    }
}
