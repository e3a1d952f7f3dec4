//! What the live page shows of a project: the same plan as everything else, once for the real pictures and once
//! for the drafts. Makes nothing, and knows nothing of HTTP.

mod detail;
mod row;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::pipeline::{self, Planned, Settings};
use crate::trust;
use base::diagnostic::{Diagnostic, Failure};
use base::digest::Digest;
use base::fs::read_bounded;
use base::world::Signature;
use page::{Board, Detail, Money, Price, Project};
use plan::lock;
use plan::{Bill, Needs, Verdict};
use store::ledger;
use store::{MAX_OBJECT_BYTES, Store};

/// A project as a page shows it.
#[derive(Clone, Debug)]
pub struct About {
    /// For the real pictures: what the buttons make.
    pub real: Settings,
    /// For the drafts; none if the real ones are made at every save.
    pub drafts: Option<Settings>,
    /// Also of what is drawn here anyway, whose real picture is made at every save otherwise.
    pub all_drafts: bool,
}

impl Project for About {
    /// What the project's folder is called.
    fn name(&self) -> String {
        let folder = std::fs::canonicalize(&self.real.root).ok();
        let name = folder.as_deref().and_then(|folder| folder.file_name());
        name.map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    }

    fn has_drafts(&self) -> bool {
        self.drafts.is_some()
    }

    fn place(&self, output: &str) -> PathBuf {
        self.real.root.join(output)
    }

    fn stamp(&self) -> Vec<Option<Signature>> {
        let mut paths = trust::files(&self.real.home);
        paths.push(self.real.root.join(lock::FILE));
        paths.push(self.real.home.data().join(ledger::FILE));
        paths.iter().map(|path| Signature::of(path)).collect()
    }

    fn board(&self) -> Board {
        look(self)
    }

    fn detail(&self, id: &str) -> Result<Option<Detail>, Failure> {
        let mut settings = self.only(id);
        settings.resolve.explain = true;
        let planned = pipeline::plan(&settings)?;
        let step = planned.plan.steps.iter().find(|step| step.spec.id == id);
        Ok(step.map(|step| detail::detail(&planned, step)))
    }

    fn price(&self, id: &str) -> Result<Price, String> {
        let planned = pipeline::plan(&self.only(id)).map_err(|failure| told(&failure))?;
        let steps = &planned.plan.steps;
        let step = steps.iter().find(|step| step.spec.id == id);
        let step = step.ok_or_else(|| format!("there is no asset `{id}`"))?;
        if step.verdict == Verdict::Blocked {
            return Err(format!("`{id}`: {}", step.reason));
        }
        Ok(Price {
            known: Bill::of(Needs::new(steps).of(id)).price(),
            asks_above: planned.asks_above(),
        })
    }

    fn picture(&self, digest: &Digest, seen_at: Option<&Path>) -> Option<Vec<u8>> {
        let store = Store::open(self.real.home.data()).ok()?;
        store.get(digest).ok().flatten().or_else(|| {
            // What a person put there is in no store.
            let bytes = read_bounded(seen_at?, MAX_OBJECT_BYTES).ok()?;
            (Digest::of(&bytes) == *digest).then_some(bytes)
        })
    }
}

impl About {
    /// The settings that look at one asset and what it needs.
    fn only(&self, id: &str) -> Settings {
        Settings {
            select: vec![id.to_owned()],
            exactly: true,
            ..self.real.clone()
        }
    }
}

fn told(failure: &Failure) -> String {
    let texts: Vec<String> = failure
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.render(false))
        .collect();
    texts.join("\n")
}

fn look(about: &About) -> Board {
    let real = pipeline::plan(&about.real);
    let drafts = about.drafts.as_ref().map(pipeline::plan).transpose();
    let mut board = Board::default();
    for failure in [real.as_ref().err(), drafts.as_ref().err()]
        .into_iter()
        .flatten()
    {
        tell(failure, &mut board.problems);
    }
    let Ok(real) = real else {
        return board;
    };
    for warning in &real.project.warnings {
        push(warning, &mut board.problems);
    }
    board.money = Some(money(&real));
    let drafts = drafts.ok().flatten();
    let drawn = match about.all_drafts {
        true => BTreeSet::new(),
        false => pipeline::drawn(&real.project.specs),
    };
    let rows = row::rows(&real, drafts.as_ref(), &drawn);
    let root = &about.real.root;
    for step in drafts.iter().flat_map(|drafts| &drafts.plan.steps) {
        let seen_at = root.join(step.spec.output.as_str());
        board
            .pictures
            .extend(step.digest.map(|digest| (digest, Some(seen_at))));
    }
    for row in &rows {
        let seen_at = root.join(&row.output);
        board
            .pictures
            .extend(row.real.map(|digest| (digest, Some(seen_at))));
    }
    board.rows = Some(rows);
    board
}

fn tell(failure: &Failure, problems: &mut Vec<String>) {
    for diagnostic in &failure.diagnostics {
        push(diagnostic, problems);
    }
}

/// What is wrong for drafts is mostly wrong for the real ones, in the same words.
fn push(diagnostic: &Diagnostic, problems: &mut Vec<String>) {
    let text = diagnostic.render(false);
    if !problems.contains(&text) {
        problems.push(text);
    }
}

fn money(planned: &Planned) -> Money {
    let name = planned.project.name();
    let month = planned.most_of_month();
    // What is held against the person's own limit is what all their projects cost.
    let of = month.filter(|(_, whose)| *whose == "the").map(|_| &*name);
    let of = if month.is_none() { Some(&*name) } else { of };
    Money {
        today: planned.ledger.spent_today(&name).0,
        month: planned.ledger.spent_this_month(of).0,
        run_budget: planned.most_of_run().map(|(micro, _)| micro.0),
        month_budget: month.map(|(micro, _)| micro.0),
        confirm: planned.asks_above().0,
    }
}
