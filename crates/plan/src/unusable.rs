//! A picture that came from a provider and cannot be used: what is told of it, the same by `plan` and by
//! `build`, run after run, and what a person can do about it. Nothing is asked for again by itself.

use std::path::PathBuf;

use crate::key::Key;
use crate::{Answer, request_estimate};
use base::digest::Digest;
use base::fs::shown;
use declare::spec::Spec;
use model::{Micro, Models};
use store::Store;

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

/// Why a picture that a shot led to cannot be used, and what is there in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    why: String,
    /// What the shot cost.
    cost: Micro,
    /// Where the picture is.
    path: Option<PathBuf>,
    /// The number of the first candidate of which nothing bad is known.
    another: Option<usize>,
}

impl Flaw {
    /// What the store knows of the picked picture of a shot; `None` if nothing is wrong with it that anybody knows of.
    pub fn look(store: &Store, key: &Key, answer: &Answer) -> Option<Self> {
        let picture = answer.picked()?;
        let why = store.flaw(&picture)?;
        let is_good = |picture: &Digest| store.has(picture) && store.flaw(picture).is_none();
        Some(Self {
            why,
            cost: Micro(store.shot(key).map_or(0, |entry| entry.cost())),
            path: store.path_of(&picture),
            another: answer.candidates.iter().position(is_good).map(|n| n + 1),
        })
    }
}

/// What is told of the picked picture of the shot `n` of an asset, counted from 0, that has a flaw. `None` if it was
/// drawn here.
pub fn unusable(models: &Models, spec: &Spec, n: usize, flaw: &Flaw) -> Option<Unusable> {
    let request = spec.requests().get(n).filter(|shot| shot.is_paid())?;
    let of_shot = match spec.requests().len() {
        1 => String::new(),
        _ => format!(" of shot {}", n + 1),
    };
    let paid = match flaw.cost {
        Micro(0) => String::new(),
        cost => format!(" for {cost}"),
    };
    let why = &flaw.why;
    let what = format!("the picture{of_shot} that came{paid} cannot be used: {why}");
    let mut ways = Vec::new();
    if let Some(path) = &flaw.path {
        ways.push(format!("it is kept as it came in `{}`", shown(path)));
    }
    let id = &spec.id;
    if let Some(other) = flaw.another {
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
    let asked = spec.requests().iter().filter(|shot| shot.is_paid());
    let prices = asked.map(|shot| request_estimate(models, shot));
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
