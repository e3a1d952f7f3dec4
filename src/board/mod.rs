//! What the live page shows of a project: the same plan as everything else, once for the real pictures and once
//! for the drafts. Makes nothing, and knows nothing of HTTP.

mod address;
mod closely;
mod detail;
mod editor;
mod findings;
mod problems;
mod quote;
mod row;
mod search;
mod spend;
mod thumbs;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use crate::pipeline::{self, Planned, Settings, store_failure};
use crate::review::{self, Reviews};
use crate::trust;
use base::diagnostic::Failure;
use base::digest::Digest;
use base::fs::read_bounded;
use base::world::Signature;
use page::{Board, Detail, Download, FreshClone, Money, Project, Quote, Review, Row, Spend};
use plan::lock;
use store::ledger::{self, Ledger};
use store::{MAX_OBJECT_BYTES, Store};

pub use address::Address;
pub use editor::Editor;

/// A clone without its outputs is told as that from so many on.
const FEW: usize = 4;

/// A project as a page shows it.
#[derive(Debug)]
pub struct About {
    /// For the real pictures: what the buttons make.
    real: Settings,
    /// For the drafts; none if the real ones are made at every save.
    drafts: Option<Settings>,
    /// Also of what is drawn here anyway, whose real picture is made at every save otherwise.
    all_drafts: bool,
    /// What opens a manifest.
    editor: Option<Editor>,
    /// What pages see just now.
    seen: Mutex<Vec<String>>,
    /// What can be searched for, as it was looked at last.
    index: Mutex<search::Index>,
    /// What checks found so far.
    found: findings::Found,
    thumbs: thumbs::Thumbs,
}

impl About {
    /// A project whose buttons make what `real` says. Saves make `drafts`, unless there are none: of everything, or
    /// only of what is not drawn here anyway.
    pub fn new(
        real: Settings,
        drafts: Option<Settings>,
        all_drafts: bool,
        editor: Option<Editor>,
    ) -> Self {
        let thumbs = thumbs::Thumbs::new(real.root.clone());
        Self {
            real,
            drafts,
            all_drafts,
            editor,
            seen: Mutex::default(),
            index: Mutex::default(),
            found: findings::Found::default(),
            thumbs,
        }
    }

    /// The settings for the real pictures.
    pub fn real(&self) -> &Settings {
        &self.real
    }

    /// What pages see just now.
    pub fn visible(&self) -> BTreeSet<String> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().cloned().collect()
    }

    /// The settings that look at these assets and what they need.
    fn only(&self, ids: &[String]) -> Settings {
        Settings {
            select: ids.to_vec(),
            exactly: true,
            ..self.real.clone()
        }
    }
}

impl Project for About {
    fn about(&self) -> Value {
        let folder = std::fs::canonicalize(&self.real.root).ok();
        let name = folder.as_deref().and_then(|folder| folder.file_name());
        let name = name.map(|name| name.to_string_lossy().into_owned());
        let id = folder.map(|f| Digest::of(f.to_string_lossy().as_bytes()).short());
        let resolve = &self.real.resolve;
        json!({
            "id": id, "project": name.unwrap_or_default(),
            "makes": {
                "profile": resolve.profile,
                "model": resolve.model.as_ref().map(ToString::to_string),
            },
            "jobs": self.jobs(), "open": self.editor.is_some(),
            "presets": closely::presets(&self.real),
        })
    }

    fn has_drafts(&self) -> bool {
        self.drafts.is_some()
    }

    fn jobs(&self) -> usize {
        pipeline::requests_at_once(self.real.build.jobs)
    }

    fn place(&self, output: &str) -> PathBuf {
        self.real.root.join(output)
    }

    fn stamp(&self) -> Vec<Option<Signature>> {
        let mut paths = trust::files(&self.real.home);
        paths.push(self.real.root.join(lock::FILE));
        paths.push(self.real.root.join(review::FILE));
        paths.push(self.real.home.data().join(ledger::FILE));
        paths.push(Store::making(self.real.home.data()));
        paths.iter().map(|path| Signature::of(path)).collect()
    }

    fn board(&self) -> Board {
        look(self)
    }

    fn detail(&self, id: &str) -> Result<Option<Detail>, Failure> {
        let mut settings = self.only(&[id.to_owned()]);
        settings.resolve.explain = true;
        settings.beside.lenient = true;
        let planned = pipeline::plan(&settings)?;
        let step = planned.plan.steps.iter().find(|step| step.spec.id == id);
        Ok(step.map(|step| detail::detail(&planned, step)))
    }

    fn quote(&self, ids: &[String], again: bool) -> Result<Quote, String> {
        let mut settings = self.only(ids);
        settings.build.money.retry_in_doubt = again;
        quote::quote(&settings, ids)
    }

    fn picture(&self, digest: &Digest, seen_at: Option<&Path>) -> Option<Vec<u8>> {
        let store = Store::open(self.real.home.data()).ok()?;
        store.get(digest).ok().flatten().or_else(|| {
            // What a person put there is in no store.
            let bytes = read_bounded(seen_at?, MAX_OBJECT_BYTES).ok()?;
            (Digest::of(&bytes) == *digest).then_some(bytes)
        })
    }

    fn thumbnail(&self, digest: &Digest, seen_at: Option<&Path>, width: u32) -> Option<Vec<u8>> {
        self.thumbs
            .get(digest, width, || self.picture(digest, seen_at))
    }

    fn search(&self, words: &str) -> Vec<String> {
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        index.find(words)
    }

    fn spend(&self) -> Result<Spend, Failure> {
        let ledger = Ledger::open(self.real.home.data()).map_err(|e| store_failure(&e))?;
        let name = pipeline::project_name(&self.real);
        Ok(spend::spend(&ledger, name.as_deref()))
    }

    fn downloads(&self, ids: &[String], draft: bool) -> Result<Vec<Download>, Failure> {
        let of_draft = self.drafts.as_ref().filter(|_| draft);
        closely::downloads(of_draft.unwrap_or(&self.real), ids)
    }

    fn carousel(&self, name: &str) -> Result<Vec<String>, Failure> {
        closely::carousel(&self.real, name)
    }

    fn review(&self, reviews: BTreeMap<Digest, Review>) -> Result<(), Failure> {
        review::change(&self.real.root, |all| {
            for (digest, review) in reviews {
                all.say(digest, review);
            }
        })
    }

    fn accept(&self, id: &str, key: &str) -> Result<(), String> {
        let key = Digest::parse(key).ok_or("nothing of that kind was found")?;
        let accepted = review::change(&self.real.root, |all| all.accept(key, id));
        accepted.map_err(|failure| problems::told(&failure))
    }

    fn open(&self, id: &str) -> Result<(), String> {
        let Some(editor) = &self.editor else {
            return Err("no editor is known: set `GPBUILD_EDITOR` or `VISUAL`".to_owned());
        };
        let mut settings = self.only(&[id.to_owned()]);
        settings.beside.lenient = true;
        let project = pipeline::load(&settings).map_err(|failure| problems::told(&failure))?;
        let spec = project.specs.iter().find(|spec| spec.id == id);
        let spec = spec.ok_or_else(|| format!("there is no asset `{id}`"))?;
        let (line, _) = spec.place.line_column();
        editor.open(&project, &spec.place.source.name, line)
    }

    fn idle(&self) -> bool {
        self.found.look_on(&self.visible())
    }

    fn seen(&self, ids: Vec<String>) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = ids;
    }
}

/// Every asset, looked at closely.
pub fn details(about: &About) -> Result<BTreeMap<String, Detail>, Failure> {
    let mut settings = about.real.clone();
    settings.resolve.explain = true;
    let planned = pipeline::plan(&settings)?;
    let steps = planned.asked_for().into_iter();
    let details = steps.map(|step| detail::detail(&planned, step));
    Ok(details.map(|detail| (detail.id.clone(), detail)).collect())
}

fn look(about: &About) -> Board {
    let lenient = |settings: &Settings| {
        let mut settings = settings.clone();
        settings.beside.lenient = true;
        pipeline::plan(&settings)
    };
    let (real, drafts) = rayon::join(
        || lenient(&about.real),
        || about.drafts.as_ref().map(lenient).transpose(),
    );
    let mut board = Board::default();
    for failure in [real.as_ref().err(), drafts.as_ref().err()]
        .into_iter()
        .flatten()
    {
        problems::tell(&failure.diagnostics, &mut board.problems);
    }
    let reviews = Reviews::read(&about.real.root);
    if let Err(failure) = &reviews {
        problems::tell(&failure.diagnostics, &mut board.problems);
    }
    let reviews = reviews.unwrap_or_default();
    board.reviews = reviews.all();
    let Ok(real) = real else {
        return board;
    };
    let wrong = drafts
        .iter()
        .flatten()
        .flat_map(|drafts| &drafts.project.wrong);
    let wrong: Vec<_> = real.project.wrong.iter().chain(wrong).cloned().collect();
    problems::tell(&wrong, &mut board.problems);
    problems::tell(&real.project.warnings, &mut board.problems);
    board.wrong = problems::wrong(&wrong);
    board.money = Some(money(&real));
    let drafts = drafts.ok().flatten();
    let drawn = match about.all_drafts || drafts.is_none() {
        true => BTreeSet::new(),
        false => pipeline::drawn(&real.project.specs),
    };
    let rows = row::rows(&real, drafts.as_ref(), &drawn, &about.found, &reviews);
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
    board.fresh_clone = fresh_clone(&rows);
    let index = search::Index::new(&real, &rows);
    *about.index.lock().unwrap_or_else(PoisonError::into_inner) = index;
    about.found.of(&real);
    board.rows = Some(rows);
    board
}

/// That outputs are gone, if they are for several assets.
fn fresh_clone(rows: &[Row]) -> Option<FreshClone> {
    let gone: Vec<&Row> = rows.iter().filter(|row| row.is_gone).collect();
    if gone.len() < FEW {
        return None;
    }
    let free = gone.iter().filter(|row| row.requests == 0 && row.to_do);
    let ids: Vec<String> = free.map(|row| row.id.clone()).collect();
    let paid: Vec<&&Row> = gone.iter().filter(|row| row.requests > 0).collect();
    Some(FreshClone {
        stale: gone.len(),
        restore: ids.len(),
        ids,
        make: paid.len(),
        price: paid.iter().map(|row| row.price).sum(),
    })
}

fn money(planned: &Planned) -> Money {
    let name = planned.project.name();
    let month = planned.most_of_month();
    // What is held against the person's own limit is what all their projects cost.
    let of = month.filter(|(_, whose)| *whose == "the").map(|_| &*name);
    let of = if month.is_none() { Some(&*name) } else { of };
    let spent = planned.ledger.spent_this_month(of).0;
    Money {
        today: planned.ledger.spent_today(&name).0,
        month: spent,
        run_budget: planned.most_of_run().map(|(micro, _)| micro.0),
        month_budget: month.map(|(micro, _)| micro.0),
        month_left: month.map(|(micro, _)| micro.0.saturating_sub(spent)),
        confirm: planned.asks_above().0,
    }
}
