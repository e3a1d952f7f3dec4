//! A run in which only data changed or outputs are gone: it looks at the assets that this concerns, and at
//! no other. Whatever is not as plain as that (money, a lock that a person wrote, anything wrong) is left to
//! the run that looks at everything; the result must be the same, and is held so by tests.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::output;
use crate::pipeline::finish::{Left, index_path};
use crate::pipeline::outcome::fresh_report;
use crate::pipeline::process_lock::{ProcessLock, lock_process};
use crate::pipeline::run::Prior;
use crate::pipeline::save::Remembered;
use crate::pipeline::{PREVIEW, Planned, Project, Settings, load_part, open};
use base::diagnostic::Failure;
use base::digest::Digest;
use base::fs::Root;
use base::path::ProjectPath;
use base::world::Fingerprint;
use declare::manifest::Tree;
use declare::spec::Spec;
use plan::index;
use plan::lock::{self, Lock, Tables};
use plan::state::{Changes, Output, State, StateFile};
use plan::{Reason, Step, Verdict};
use report::{AssetReport, Reporter, State as Shown};
use store::Store;

/// A run of some assets that is as plain as that.
pub struct Part<'f> {
    /// What is to be done for those that changed.
    pub planned: Planned,
    /// What is known of all others. Outputs of theirs that were gone are back in their places.
    pub prior: Prior,
    /// What the last run left of them.
    pub left: Box<Left<'f>>,
    _alone: ProcessLock,
}

/// Finds the assets that are concerned, and puts outputs back that are gone; `None` if everything has to be
/// looked at. Nothing is done then.
pub fn find<'f>(
    settings: &Settings,
    reporter: &Reporter,
    remembered: &mut Remembered<'f>,
) -> Result<Option<Part<'f>>, Failure> {
    let Some(drift) = &remembered.drift else {
        return Ok(None);
    };
    let state = &remembered.state;
    if !is_plain(settings, state) {
        return Ok(None);
    }
    let process_lock = lock_process(settings, reporter)?;
    let file = StateFile::signature_now(&settings.root, settings.state_name());
    // Another gpbuild may have worked since the look.
    if process_lock.waited || file != remembered.file {
        return Ok(None);
    }
    let store = process_lock.store.clone();
    if !store.arrived().is_ok_and(|arrived| arrived.is_empty()) {
        return Ok(None);
    }
    let Some(concerned) = load(settings, state, drift) else {
        return Ok(None);
    };
    let Some(planned) = concerned.plan(settings, state, store) else {
        return Ok(None);
    };
    if !restore(&planned, state, &concerned.gone) {
        return Ok(None);
    }
    let prior = prior(reporter, &planned, state, &concerned.gone);
    Ok(Some(Part {
        planned,
        prior,
        left: Box::new(Left {
            lock: concerned.lock_text,
            index: concerned.index_text,
            state: std::mem::take(&mut remembered.state),
            restored: concerned.gone,
        }),
        _alone: process_lock,
    }))
}

/// Whether nothing is asked for but what is not fresh.
fn is_plain(settings: &Settings, state: &State<'_>) -> bool {
    let asked = settings.build.force
        || settings.build.locked
        || settings.build.prune
        || settings.build.money.retry_in_doubt;
    let all_there = |path: &String| settings.root.join(path).exists();
    !asked && settings.select.is_empty() && state.unclaimed.iter().all(all_there)
}

/// A file of gpbuild's own, if it still is what it was.
fn as_seen(root: &Root, state: &State<'_>, path: &str) -> Option<String> {
    let place = ProjectPath::new(path).ok()?;
    let bytes = root.read_output(&place, lock::MAX_BYTES).ok()?;
    let look = state.seen.iter().find(|look| look.path == path)?;
    let same = matches!(look.seen, Fingerprint::File(_, digest) if digest == Digest::of(&bytes));
    String::from_utf8(bytes).ok().filter(|_| same)
}

/// What is concerned.
struct Concerned {
    /// The assets of data that changed.
    project: Arc<Project>,
    /// Places of outputs that are gone and whose assets are as they were.
    gone: Vec<usize>,
    /// The lock and the index, as they were seen; empty where there is none, or no need of it.
    lock_text: String,
    index_text: String,
}

/// Resolves the assets of what changed, and no others. They must be the same ones, at the same places, and
/// have nothing to do with any other.
fn load(settings: &Settings, state: &State<'_>, drift: &Changes) -> Option<Concerned> {
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
    let gone = gone.collect();
    let (mut lock_text, mut index_text) = (String::new(), String::new());
    if !project.specs.is_empty() {
        let root = project.world.root();
        let is_draft = settings.resolve.is_draft();
        if !is_draft {
            lock_text = as_seen(root, state, lock::FILE)?;
        }
        index_text = as_seen(root, state, &index_path(&project, is_draft))?;
        // Asked before anything is made: afterwards it could not be left to the other run.
        index::has(&index_text, &new).then_some(())?;
    }
    Some(Concerned {
        project: Arc::new(project),
        gone,
        lock_text,
        index_text,
    })
}

impl Concerned {
    /// The plan for the assets that changed; `None` if it takes knowing what the lock says of others, or
    /// money.
    fn plan(&self, settings: &Settings, state: &State<'_>, store: Store) -> Option<Planned> {
        let project = &self.project;
        let specs = &project.specs;
        let ids: BTreeSet<&str> = specs.iter().map(|spec| spec.id.as_str()).collect();
        let tables = Tables::new(&self.lock_text);
        let lock = match &tables {
            Some(tables) => tables.part(&ids)?,
            None => Lock::default(),
        };
        if tables.is_some() && lock.assets.len() != ids.len() {
            return None;
        }
        let known = state.known(|output| ids.contains(&*output.id));
        // What is paid for is left to the run that looks at everything.
        let mut planned = Planned::free(settings, Arc::clone(project), store, lock, known);
        planned.decide(settings);
        let others = tables.map(|tables| tables.keys()).unwrap_or_default();
        let store = &planned.store;
        let plain = |step: &Step| match (&step.verdict, &step.reason) {
            (Verdict::Fresh, Reason::None) => true,
            (Verdict::Restore(digest), _) => store.is_whole(digest),
            // Nobody has made it: neither the store nor another asset of the lock, whose picture would do.
            (Verdict::Make, _) => step.trace.shots.last().is_some_and(|shot| {
                !others.contains(shot.key.0.hex().as_str())
                    && matches!(store.shot(&shot.key), Ok(None))
            }),
            (Verdict::Export, _) => step.trace.export.is_some_and(|key| {
                !others.contains(key.0.hex().as_str()) && store.export(&key).is_none()
            }),
            _ => false,
        };
        let process_lock = planned.plan.waiting.is_empty() && planned.plan.steps.iter().all(plain);
        process_lock.then_some(planned)
    }
}

/// What is known of the assets that are not looked at: those in `gone` were put back.
fn prior(reporter: &Reporter, planned: &Planned, state: &State<'_>, gone: &[usize]) -> Prior {
    let gone: BTreeSet<usize> = gone.iter().copied().collect();
    let specs = planned.project.specs.iter();
    let mine: BTreeSet<&str> = specs.map(|spec| spec.id.as_str()).collect();
    let mut prior = Prior::default();
    for (n, output) in state.outputs.iter().enumerate() {
        if gone.contains(&n) {
            prior.restored.push(AssetReport {
                state: Shown::Restored,
                reason: Some(Reason::OutputMissing.to_string()),
                ..fresh_report(output)
            });
        } else if !mine.contains(&*output.id) {
            prior.in_place += 1;
            if reporter.tells(Shown::Fresh) {
                prior.fresh.push(fresh_report(output));
            }
        }
    }
    prior
}

/// The files that everything depends on, and the data that changed.
fn tree(state: &State<'_>, data: &BTreeSet<usize>) -> Tree {
    let seen = state.seen.iter().enumerate();
    let files = seen
        .filter(|(n, look)| {
            matches!(look.seen, Fingerprint::File(..)) && (!look.data || data.contains(n))
        })
        .filter_map(|(_, look)| ProjectPath::new(&look.path).ok());
    Tree::part(files.collect())
}

/// Drawn here, of nothing but what it says itself.
fn is_alone(spec: &Spec) -> bool {
    spec.takes().next().is_none()
        && spec.group.is_none()
        && spec.shots().is_some()
        && !spec.is_paid()
}

/// Whether all that was read besides the data that changed is as it was.
fn reads_the_same(state: &State<'_>, project: &Project, data: &BTreeSet<usize>) -> bool {
    let seen = project.world.seen();
    let is_data = project.world.data();
    state.seen.iter().enumerate().all(|(n, look)| {
        match (seen.get(&*look.path), &look.seen) {
            (None, _) => true,
            (Some(Fingerprint::Absent), Fingerprint::Absent) => true,
            (Some(Fingerprint::Unread(now)), Fingerprint::Unread(before)) => now == before,
            (Some(Fingerprint::File(_, now)), Fingerprint::File(_, before)) => {
                // Data must be nothing else now either.
                look.data == is_data.contains(&*look.path) && (now == before || data.contains(&n))
            }
            _ => false,
        }
    })
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::pipeline::finish::Scope;
    use crate::pipeline::partial::Part;
    use crate::pipeline::save::remembered;
    use crate::pipeline::{self, Settings, partial};
    use base::home::{Home, STATE_FOLDER};
    use report::{ReportOptions, Reporter};

    fn write(root: &Path, name: &str, text: &str) {
        let path = root.join(name);
        base::fs::write_atomic(&path, text.as_bytes(), base::fs::Durability::Free).unwrap();
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
            let mut remembered = remembered(&settings, &file).unwrap();
            assert!(remembered.drift.is_some(), "more than data is otherwise");
            let part = partial::find(&settings, &reporter, &mut remembered).unwrap();
            let Some(Part {
                planned,
                prior,
                left,
                _alone,
            }) = part
            else {
                return false;
            };
            pipeline::carry_out(
                &settings,
                &reporter,
                planned,
                prior,
                Scope::Part(left),
                None,
            )
            .unwrap();
            assert!(nothing_is_left(&settings), "something is left to do");
            true
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
        let file = settings.state_file();
        let remembered = remembered(&settings, &file).unwrap();
        assert!(remembered.drift.is_none(), "a template");
    }

    fn nothing_is_left(settings: &Settings) -> bool {
        let file = settings.state_file();
        let remembered = remembered(settings, &file).unwrap();
        remembered.drift.is_some_and(|drift| drift.is_none())
    }
}
