//! A run in which only data changed or outputs are gone: it looks at the assets that this concerns, and at
//! no other. Whatever is not as plain as that (money, a lock that a person wrote, anything wrong) is left to
//! the run that looks at everything; the result must be the same, and is held so by tests.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::diagnostic::{Exit, Failure};
use crate::digest::Digest;
use crate::fs::{Durability, Root};
use crate::index;
use crate::ledger::Ledger;
use crate::lock::{self, Lock, Tables};
use crate::manifest::{Person, Tree};
use crate::output;
use crate::path::ProjectPath;
use crate::pipeline::outcome::{Outcome, fresh_report};
use crate::pipeline::remember::{Remembered, outputs, own_files, rows};
use crate::pipeline::run::Early;
use crate::pipeline::{
    PREVIEW, Planned, Project, Settings, alone, load_part, open, run, store_failure,
};
use crate::plan::{self, Plan, Reason, Recall, Step, Verdict};
use crate::report::{AssetReport, Reporter, State as Shown};
use crate::spec::Spec;
use crate::state::{self, Item, Look, Output, State, StateFile};
use crate::store::Store;
use crate::world::{Seen, Signature};

/// Builds what the drift concerns; `None` if everything has to be looked at. Nothing is done then.
pub fn build(
    settings: &Settings,
    reporter: &Reporter,
    remembered: Remembered<'_>,
) -> Result<Option<Exit>, Failure> {
    if !is_plain(settings, &remembered.state) {
        return Ok(None);
    }
    let alone = alone(settings, reporter)?;
    let file = StateFile::signature_now(&settings.root, settings.state_name());
    // Another gpbuild may have worked since the look.
    if alone.waited || file != remembered.file {
        return Ok(None);
    }
    let store = Store::open(settings.home.data())?;
    if !store.arrived().is_empty() {
        return Ok(None);
    }
    let Some((project, part)) = load(settings, &remembered) else {
        return Ok(None);
    };
    let Some(planned) = part.plan(settings, &remembered, project, store)? else {
        return Ok(None);
    };
    carry_out(settings, reporter, remembered, &part, planned)
}

/// Whether nothing is asked for but what is not fresh.
fn is_plain(settings: &Settings, state: &State<'_>) -> bool {
    let asked =
        settings.force || settings.locked || settings.prune || settings.money.retry_in_doubt;
    let all_there = |path: &String| settings.root.join(path).exists();
    !asked && settings.select.is_empty() && state.unclaimed.iter().all(all_there)
}

/// A file of gpbuild's own, if it still is what it was.
fn as_seen(root: &Root, state: &State<'_>, path: &str) -> Option<String> {
    let place = ProjectPath::new(path).ok()?;
    let bytes = root.read_output(&place, lock::MAX_BYTES).ok()?;
    let look = state.seen.iter().find(|look| look.path == path)?;
    let same = matches!(look.seen, Seen::File(_, digest) if digest == Digest::of(&bytes));
    String::from_utf8(bytes).ok().filter(|_| same)
}

/// What is concerned besides the assets of data that changed.
struct Part {
    /// Places of outputs that are gone and whose assets are as they were.
    gone: Vec<usize>,
    /// The lock and the index, as they were seen; empty where there is none, or no need of it.
    lock_text: String,
    index_text: String,
}

/// Resolves the assets of what changed, and no others. They must be the same ones, at the same places, and
/// have nothing to do with any other.
fn load(settings: &Settings, remembered: &Remembered<'_>) -> Option<(Project, Part)> {
    let Remembered { state, drift, .. } = remembered;
    let data: BTreeSet<usize> = drift.data.iter().copied().collect();
    let mut concerned: BTreeMap<&str, (&Output<'_>, Digest)> = BTreeMap::new();
    for output in &state.outputs {
        if let Some(item) = &output.item
            && data.contains(&(item.file as usize))
        {
            concerned.insert(&output.id, (output, item.digest));
        }
    }
    let known: BTreeSet<Digest> = concerned.values().map(|(_, item)| *item).collect();
    let world = open(settings).ok()?;
    let part = Some((tree(state, &data), &known));
    let (project, kept) = load_part(settings, &world, part).ok()?;
    let kept: BTreeSet<Digest> = kept.into_iter().collect();
    let as_before = |spec: &Arc<Spec>| {
        let before = concerned.get(spec.id.as_str());
        before.is_some_and(|(before, item)| {
            // If that item is still there, this would be the second asset of its name.
            !kept.contains(item) && !before.bound && before.path == spec.output.as_str()
        }) && is_alone(spec)
    };
    let new: BTreeSet<&str> = project.specs.iter().map(|spec| spec.id.as_str()).collect();
    let still_there =
        |(output, item): &(&Output<'_>, Digest)| new.contains(&*output.id) || kept.contains(item);
    let right = project.warnings.is_empty()
        && project.specs.iter().all(as_before)
        && concerned.values().all(still_there)
        && reads_the_same(state, &project, &data);
    right.then_some(())?;
    let gone = drift.gone.iter().copied();
    let gone = gone.filter(|n| !new.contains(&*state.outputs[*n].id));
    let mut part = Part {
        gone: gone.collect(),
        lock_text: String::new(),
        index_text: String::new(),
    };
    if !(settings.resolve.is_draft() || project.specs.is_empty()) {
        let root = project.world.root();
        part.lock_text = as_seen(root, state, lock::FILE)?;
        part.index_text = as_seen(root, state, &own_files(&project)[1])?;
        // Asked before anything is made: afterwards it could not be left to the other run.
        index::has(&part.index_text, &new).then_some(())?;
    }
    Some((project, part))
}

impl Part {
    fn tables(&self) -> Option<Tables<'_>> {
        Tables::new(&self.lock_text)
    }

    /// The plan for the assets that changed; `None` if it takes knowing what the lock says of others, or
    /// money.
    fn plan(
        &self,
        settings: &Settings,
        remembered: &Remembered<'_>,
        project: Project,
        store: Store,
    ) -> Result<Option<Planned>, Failure> {
        let specs = project.specs.clone();
        let ids: BTreeSet<&str> = specs.iter().map(|spec| spec.id.as_str()).collect();
        let tables = self.tables();
        let lock = match &tables {
            Some(tables) => tables.part(&ids),
            None => Some(Lock::default()),
        };
        let Some(lock) = lock.filter(|lock| tables.is_none() || lock.assets.len() == ids.len())
        else {
            return Ok(None);
        };
        let is_meant = |output: &Output<'_>| ids.contains(&*output.id);
        let mut planned = Planned {
            // What is paid for is left to the run that looks at everything.
            payers: BTreeMap::new(),
            pending: BTreeSet::new(),
            doubts: Vec::new(),
            known: remembered.state.known(is_meant),
            unclaimed: BTreeMap::new(),
            project,
            store,
            recall: Arc::new(Recall::new(&lock, &specs)),
            lock: Arc::new(lock),
            ledger: Arc::new(Ledger::unread(settings.home.data())),
            plan: Plan::default(),
            // Nothing here is paid for.
            person: Person::default(),
            trusted: true,
            old_store: false,
        };
        let plan = plan::plan(specs.clone(), &planned.observer(settings), &|_| true);
        planned.plan = plan;
        let others = tables.map(|tables| tables.keys()).unwrap_or_default();
        let store = &planned.store;
        let plain = |step: &Step| match (&step.verdict, &step.reason) {
            (Verdict::Fresh, Reason::None) => true,
            (Verdict::Restore(digest), _) => store.is_whole(digest),
            // Nobody has made it: neither the store nor another asset of the lock, whose picture would do.
            (Verdict::Make, _) => step.trace.shots.last().is_some_and(|shot| {
                !others.contains(shot.key.0.hex().as_str()) && store.shot(&shot.key).is_none()
            }),
            (Verdict::Export, _) => step.trace.export.is_some_and(|key| {
                !others.contains(key.0.hex().as_str()) && store.export(&key).is_none()
            }),
            _ => false,
        };
        let alone = planned.plan.waiting.is_empty() && planned.plan.steps.iter().all(plain);
        Ok(alone.then_some(planned))
    }
}

/// The files that everything depends on, and the data that changed.
fn tree(state: &State<'_>, data: &BTreeSet<usize>) -> Tree {
    let seen = state.seen.iter().enumerate();
    let files = seen
        .filter(|(n, look)| matches!(look.seen, Seen::File(..)) && (!look.data || data.contains(n)))
        .filter_map(|(_, look)| ProjectPath::new(&look.path).ok());
    Tree::part(files.collect())
}

/// Drawn here, of nothing but what it says itself.
fn is_alone(spec: &Spec) -> bool {
    spec.takes().next().is_none()
        && spec.group.is_none()
        && spec.bundle.is_none()
        && spec.shots.iter().all(|shot| shot.page.is_some())
}

/// Whether all that was read besides the data that changed is as it was.
fn reads_the_same(state: &State<'_>, project: &Project, data: &BTreeSet<usize>) -> bool {
    let seen = project.world.seen();
    let is_data = project.world.data();
    state.seen.iter().enumerate().all(|(n, look)| {
        match (seen.get(&*look.path), &look.seen) {
            (None, _) => true,
            (Some(Seen::Absent), Seen::Absent) => true,
            (Some(Seen::Unread(now)), Seen::Unread(before)) => now == before,
            (Some(Seen::File(_, now)), Seen::File(_, before)) => {
                // Data must be nothing else now either.
                look.data == is_data.contains(&*look.path) && (now == before || data.contains(&n))
            }
            _ => false,
        }
    })
}

fn carry_out(
    settings: &Settings,
    reporter: &Reporter,
    remembered: Remembered<'_>,
    part: &Part,
    mut planned: Planned,
) -> Result<Option<Exit>, Failure> {
    let Remembered {
        mut state, drift, ..
    } = remembered;
    if !restore(&planned, &state, &part.gone) {
        return Ok(None);
    }
    let gone: BTreeSet<usize> = part.gone.iter().copied().collect();
    let mine: BTreeSet<String> = planned.project.specs.iter().map(|s| s.id.clone()).collect();
    let mut early = Early::default();
    for (n, output) in state.outputs.iter().enumerate() {
        if gone.contains(&n) {
            early.restored.push(AssetReport {
                state: Shown::Restored,
                reason: Some(Reason::OutputMissing.to_string()),
                ..fresh_report(output)
            });
        } else if !mine.contains(&*output.id) {
            early.in_place += 1;
            if reporter.tells(Shown::Fresh) {
                early.fresh.push(fresh_report(output));
            }
        }
    }
    let (lock, outcome) = run(settings, reporter, &mut planned, early)?;
    let written = write(settings, &planned, part, &lock, &outcome)?;
    update(written, &mut state, &planned, &lock, &outcome, &drift.data);
    for n in gone {
        let output = &mut state.outputs[n];
        if let Some(signature) = Signature::of(&settings.root.join(&*output.path)) {
            output.signature = signature;
            output.sure = state::is_sure(&signature, planned.project.began);
        }
    }
    state.settled = outcome.is_settled();
    // As with any state: one that cannot be written only makes the next run slower.
    let _ = state.write(&settings.root, settings.state_name());
    outcome.tell(reporter);
    Ok(Some(outcome.exit()))
}

/// Puts outputs back that are gone: all of them, or none if the store does not have every one.
fn restore(planned: &Planned, state: &State<'_>, gone: &[usize]) -> bool {
    let root = planned.project.world.root();
    let paths = gone.iter().map(|n| &state.outputs[*n].path);
    // As any output, whatever the state says: but for drafts, which have a folder of gpbuild's own.
    let checked = |path: &Cow<'_, str>| match path.strip_prefix(PREVIEW) {
        Some(rest) => ProjectPath::for_output(rest.strip_prefix('/')?)
            .and_then(|_| ProjectPath::new(path))
            .ok(),
        None => ProjectPath::for_output(path).ok(),
    };
    let paths: Option<Vec<ProjectPath>> = paths.map(checked).collect();
    let Some(paths) = paths else {
        return false;
    };
    let Ok(writer) = output::Writer::new(root, paths.iter()) else {
        return false;
    };
    let put_back = |(n, path): (&usize, &ProjectPath)| {
        let bytes = planned.store.get(&state.outputs[*n].digest).ok()??;
        writer.write(path, &bytes).ok()
    };
    let done: Vec<Option<()>> = gone.par_iter().zip(&paths).map(put_back).collect();
    if done.iter().all(Option::is_some) {
        return true;
    }
    for (path, _) in paths.iter().zip(done).filter(|(_, done)| done.is_some()) {
        // As it was: the run that looks at everything tells what it puts back.
        let _ = writer.remove(path);
    }
    false
}

/// Writes lock and index, if they are otherwise: the looks at what was written.
fn write(
    settings: &Settings,
    planned: &Planned,
    part: &Part,
    lock: &Lock,
    outcome: &Outcome,
) -> Result<Vec<Look<'static>>, Failure> {
    let Some(tables) = &part.tables() else {
        return Ok(Vec::new());
    };
    let [lock_path, index_path] = own_files(&planned.project);
    let written = |path: String, text: &str, durability| {
        let full = settings.root.join(&path);
        let root = planned.project.world.root();
        let place =
            ProjectPath::new(&path).map_err(|why| Failure::usage(format!("`{path}` {why}")))?;
        root.make_output_folder(&place)
            .and_then(|folder| folder.write(place.file_name(), text.as_bytes(), durability))
            .map_err(|e| store_failure(&e))?;
        let digest = Digest::of(text.as_bytes());
        let seen = Signature::of(&full).map_or(Seen::Absent, |now| Seen::File(now, digest));
        Ok(Some(Look::new(path.into(), seen, planned.project.began)))
    };
    let write_lock = || match *lock == *planned.lock {
        true => Ok(None),
        false => written(lock_path, &tables.with(lock), Durability::Paid),
    };
    let write_index = || {
        let ids: BTreeSet<&str> = lock.assets.keys().map(String::as_str).collect();
        let before = index::part(&part.index_text, &ids).unwrap_or_default();
        let rows = rows(&planned.project, lock, outcome, before.as_bytes());
        match index::with(&part.index_text, &rows) {
            Some(text) if text != part.index_text => written(index_path, &text, Durability::Free),
            _ => Ok(None),
        }
    };
    // Both wait for the disk: together.
    let (lock, index) = rayon::join(write_lock, write_index);
    Ok(lock?.into_iter().chain(index?).collect())
}

/// Brings the state up to date with what this run saw and made.
fn update(
    written: Vec<Look<'static>>,
    state: &mut State<'_>,
    planned: &Planned,
    lock: &Lock,
    outcome: &Outcome,
    data: &[usize],
) {
    let project = &planned.project;
    let seen = project.world.seen();
    for n in data {
        let look = &mut state.seen[*n];
        if let Some(now) = seen.get(&*look.path) {
            *look = Look {
                data: true,
                ..Look::new(look.path.clone(), *now, project.began)
            };
        }
    }
    // What was looked for the first time comes behind the rest: places of items stay.
    let known: BTreeSet<&str> = state.seen.iter().map(|look| &*look.path).collect();
    let new: Vec<Look<'_>> = seen
        .into_iter()
        .filter(|(path, _)| !known.contains(path.as_str()))
        .map(|(path, now)| Look::new(path.into(), now, project.began))
        .collect();
    state.seen.extend(new);
    for now in written {
        let mut seen = state.seen.iter_mut();
        if let Some(look) = seen.find(|look| look.path == now.path) {
            *look = now;
        }
    }
    let now = outputs(project, lock, outcome, &planned.known, &[]);
    let mut now: BTreeMap<_, Output<'_>> = now.into_iter().map(|o| (o.id.clone(), o)).collect();
    let items: BTreeMap<&str, &Spec> = project
        .specs
        .iter()
        .map(|spec| (spec.id.as_str(), &**spec))
        .collect();
    for output in &mut state.outputs {
        if let Some(spec) = items.get(&*output.id)
            && let Some(now) = now.remove(&output.id)
        {
            let before = std::mem::replace(output, now);
            output.item = before.item.zip(spec.item.as_ref()).map(|(item, new)| Item {
                file: item.file,
                digest: new.digest,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::home::{Home, STATE_FOLDER};
    use crate::pipeline::remember::remembered;
    use crate::pipeline::{self, Settings, partial};
    use crate::report::{ReportOptions, Reporter};

    fn write(root: &Path, name: &str, text: &str) {
        let path = root.join(name);
        crate::fs::write_atomic(&path, text.as_bytes(), crate::fs::Durability::Free).unwrap();
    }

    #[test]
    fn it_does_what_is_plain_and_leaves_all_else() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        write(
            root,
            "gpbuild.toml",
            "[defaults]\nsize = \"20x20\"\ntemplate = \"t\"\n[cover.c]\nfor_each = { toml = \"specs/*.toml\" }\n\
             id = \"{{ item.slug }}\"\ntext = { headline = \"{{ item.title }}\" }\n",
        );
        write(root, "templates/t.html", "<p>{{ text.headline }}</p>");
        let spec = |slug: &str, title: &str| format!("slug = \"{slug}\"\ntitle = \"{title}\"\n");
        write(root, "specs/a.toml", &spec("a", "one"));
        write(root, "specs/b.toml", &spec("b", "two"));
        let settings = Settings {
            root: root.to_owned(),
            home: Home::at(&root.join(STATE_FOLDER)),
            ..Settings::default()
        };
        let sink = || Box::new(std::io::sink());
        let reporter = Reporter::with_writers(&ReportOptions::default(), sink(), sink());
        let full = || pipeline::build(&settings, &reporter).unwrap();
        let plain = || {
            let file = settings.state_file();
            let remembered = remembered(&settings, &file).unwrap();
            let remembered = remembered.expect("more than data is otherwise");
            let done = partial::build(&settings, &reporter, remembered).unwrap();
            let drift = remembered_drift(&settings);
            assert!(done.is_none() || drift, "something is left to do");
            done.is_some()
        };
        full();
        write(root, "specs/a.toml", &spec("a", "three"));
        assert!(plain(), "other words");
        write(root, "specs/a.toml", &spec("a", "one"));
        assert!(plain(), "going back");
        write(root, "specs/a.toml", &format!("# {}", spec("a", "one")));
        assert!(!plain(), "what is no item any more");
        write(
            root,
            "specs/a.toml",
            &format!("{}# a word\n", spec("a", "one")),
        );
        assert!(plain(), "a comment");
        std::fs::remove_file(root.join("dist/b.png")).unwrap();
        assert!(plain(), "an output that is gone");
        std::fs::remove_file(root.join("dist/a.png")).unwrap();
        write(root, "specs/a.toml", &spec("a", "four"));
        assert!(plain(), "both");
        write(root, "specs/a.toml", &spec("a", "two"));
        assert!(
            plain(),
            "the words of another asset, whose picture the store has"
        );
        write(root, "specs/a.toml", &spec("a", "five"));
        assert!(plain());
        std::fs::remove_dir_all(root.join(STATE_FOLDER).join("store")).unwrap();
        write(root, "specs/a.toml", &spec("a", "six"));
        assert!(plain(), "new words, without a store");
        write(root, "specs/a.toml", &spec("a", "two"));
        assert!(!plain(), "words that only the lock knows, of another asset");
        full();
        write(root, "specs/a.toml", &spec("c", "two"));
        assert!(!plain(), "another id");
        full();
        write(root, "specs/b.toml", &spec("c", "two"));
        assert!(!plain(), "an id twice");
        write(root, "specs/b.toml", &spec("b", "seven"));
        assert!(plain());
        write(root, "templates/t.html", "<b>{{ text.headline }}</b>");
        assert!(
            remembered(&settings, &settings.state_file())
                .unwrap()
                .is_none(),
            "a template"
        );
    }

    fn remembered_drift(settings: &Settings) -> bool {
        remembered(settings, &settings.state_file())
            .unwrap()
            .is_some_and(|remembered| remembered.drift.is_none())
    }
}
