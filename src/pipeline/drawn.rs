//! What a watch that pays for nothing does at each save: an asset that is drawn here anyway gets its real picture, of which a
//! draft would be a copy elsewhere; every other one gets a draft. Knows nothing of files that change.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::pipeline::finish::Scope;
use crate::pipeline::planned::selection;
use crate::pipeline::process_lock::try_lock_process_with;
use crate::pipeline::project::{load_from, open};
use crate::pipeline::run::Prior;
use crate::pipeline::{Beside, Settings, build_all, carry_out, prepare};
use base::diagnostic::{Exit, Failure};
use base::world::{Snapshot, World};
use declare::manifest;
use declare::spec::{self, Spec};
use plan::state;
use report::Reporter;
use store::Store;

/// What came of a save.
pub struct Saved {
    /// What was read for it.
    pub snapshot: Snapshot,
    /// How it ended.
    pub result: Result<Exit, Failure>,
    /// Another gpbuild works in this project: all were drafts, and real pictures are to be made once it has ended.
    pub later: bool,
}

/// The assets that are drawn here from nothing but what is drawn here: a draft of one is its picture.
pub fn drawn(specs: &[Arc<Spec>]) -> BTreeSet<&str> {
    let mut drawn: BTreeSet<&str> = specs
        .iter()
        .filter(|spec| !spec.is_paid())
        .map(|spec| spec.id.as_str())
        .collect();
    loop {
        let left: Vec<&str> = specs
            .iter()
            .filter(|spec| drawn.contains(spec.id.as_str()))
            .filter(|spec| spec.takes().any(|id| !drawn.contains(id)))
            .map(|spec| spec.id.as_str())
            .collect();
        if left.is_empty() {
            return drawn;
        }
        for id in left {
            drawn.remove(id);
        }
    }
}

/// Makes what is not fresh: the pictures of what is drawn anyway, and drafts of all else. `settings` are those of the
/// real pictures; `read` is told what was read by the time that work begins.
pub fn save(settings: &Settings, reporter: &Reporter, read: &dyn Fn(Snapshot)) -> Saved {
    let at = state::now();
    let mut later = false;
    let mut world = match open(settings) {
        Ok(world) => world,
        Err(failure) => {
            return Saved {
                // It may come, or come back.
                snapshot: Snapshot::nothing(manifest::PROJECT_FILE),
                result: Err(failure),
                later,
            };
        }
    };
    let read = |world: &Arc<World>| {
        read(Snapshot {
            at,
            ..world.snapshot()
        });
    };
    let result = save_in(settings, reporter, &mut world, &mut later, &read);
    Saved {
        snapshot: Snapshot {
            at,
            ..world.snapshot()
        },
        result,
        later,
    }
}

/// The settings under which everything is a draft, whatever is made when somebody asks for it. What is wrong keeps no other
/// draft from being drawn.
pub fn drafts_of(settings: &Settings) -> Settings {
    Settings {
        resolve: spec::Options {
            profile: Some(spec::DRAFT.to_owned()),
            ..spec::Options::default()
        },
        beside: Beside {
            together: false,
            lenient: true,
            ..settings.beside.clone()
        },
        ..settings.clone()
    }
}

fn save_in(
    settings: &Settings,
    reporter: &Reporter,
    world: &mut Arc<World>,
    later: &mut bool,
    read: &dyn Fn(&Arc<World>),
) -> Result<Exit, Failure> {
    let drafts = drafts_of(settings);
    let draft = |settings: &Settings, world: &mut Arc<World>| {
        build_all(settings, reporter, world, settings.known_outputs(), read)
    };
    // What is wrong for models alone is no matter of drafts; and a lock that leaves out what is wrong is not written.
    let Ok(project) = load_from(settings, world) else {
        return draft(&drafts, world);
    };
    let selected = selection(settings, &project.specs)?;
    let drawn = drawn(&project.specs);
    let ids = |of_drawn: bool| -> Vec<String> {
        let ids = project.specs.iter().map(|spec| spec.id.as_str());
        ids.filter(|id| selected.has(id) && drawn.contains(id) == of_drawn)
            .map(str::to_owned)
            .collect()
    };
    let (real, others) = (ids(true), ids(false));
    if real.is_empty() {
        return draft(&drafts, world);
    }
    let only = |settings: &Settings, ids: Vec<String>| Settings {
        select: ids,
        exactly: true,
        ..settings.clone()
    };
    // All that is asked for, in the words of who asked: then the next run knows that nothing is left.
    let real = match others.is_empty() {
        true => settings.clone(),
        false => only(settings, real),
    };
    // A draft does not wait for a picture that is being paid for.
    let mut is_free = true;
    let lock = |store: &Store| match try_lock_process_with(&real, store, reporter)? {
        Some(lock) => Ok(lock),
        None => {
            is_free = false;
            Err(Failure::usage("another gpbuild works in this project"))
        }
    };
    let known = real.known_outputs();
    let planned = prepare(&real, reporter, world, known, Some(project), lock);
    if !is_free {
        *later = true;
        return draft(&drafts, world);
    }
    let (planned, process_lock) = planned?;
    read(world);
    let made = carry_out(&real, reporter, planned, Prior::default(), Scope::All, None)?;
    drop(process_lock);
    if others.is_empty() || made == Exit::Interrupted || real.beside.is_cancelled() {
        return Ok(made);
    }
    let drafted = draft(&only(&drafts, others), world)?;
    Ok(match made {
        Exit::Done => drafted,
        made => made,
    })
}

/// Whether no other gpbuild makes real pictures in this project.
pub fn is_free(settings: &Settings, reporter: &Reporter) -> bool {
    let store = Store::open(settings.home.data());
    store.is_ok_and(|store| {
        try_lock_process_with(settings, &store, reporter).is_ok_and(|lock| lock.is_some())
    })
}
