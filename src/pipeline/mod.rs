//! The one page: load -> resolve -> plan -> execute -> lock -> index -> state. Only this file knows
//! all the stages; each takes what the one before it gives.

mod access;
mod adopt;
mod alone;
mod fonts;
mod gate;
mod limits;
mod money;
mod outcome;
mod partial;
mod remember;
mod run;
mod settle;
mod why;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::diagnostic::{Diagnostic, Exit, Failure, Severity, merge};
use crate::digest::Digest;
use crate::execute::{self, Executed, Maker, Pace};
use crate::fs::FsError;
use crate::home::Home;
use crate::key::Key;
use crate::ledger::{Entry, Ledger};
use crate::lock::Lock;
use crate::manifest::{self, Manifest, Person, Tree};
use crate::own;
use crate::path::ProjectPath;
use crate::pipeline::outcome::{Outcome, empty_summary};
use crate::pipeline::remember::remembered;
use crate::pipeline::run::{Early, Run};
use crate::plan::{self, Observer, Plan, Recall, Step};
use crate::provider::local::Fonts;
use crate::report::{Event, Reporter, State as Shown, Summary};
use crate::select::Selection;
use crate::spec::{self, Spec};
use crate::state::{self, KnownOutputs, StateFile};
use crate::store::{Payer, Store};
use crate::template::Templates;
use crate::trust;
use crate::world::{Sight, World};

pub use access::Access;
pub use adopt::{
    adopt_by_word, is_there as has_old_store, nothing_there, plan_note as old_store_note,
};
pub use alone::alone;
pub use gate::{Wishes, wishes};
pub use money::{Money, UnderWay, unasked, under_way};
pub use outcome::{asset_report, fresh_report};
pub use remember::{Unchanged, nothing_changed};
pub use why::Why;

/// Where drafts go: never in the way of a paid picture.
const PREVIEW: &str = ".gpbuild/preview";

/// What the command line asks of the pipeline.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The project's folder.
    pub root: PathBuf,
    /// The person's folders: store and ledger lie there.
    pub home: Home,
    /// What specs depend on.
    pub resolve: spec::Options,
    /// Which assets; all if empty.
    pub select: Vec<String>,
    /// They are whole ids: what is below them is not meant.
    pub exactly: bool,
    /// At most so many pictures at once; 0 is one for each core.
    pub jobs: usize,
    /// Overwrite outputs that a person changed.
    pub force: bool,
    /// Make nothing that the lock does not answer.
    pub locked: bool,
    /// Begin nothing more once something failed.
    pub fail_fast: bool,
    /// Remove outputs that no asset declares.
    pub prune: bool,
    /// What may be spent, and on what.
    pub money: Money,
    /// How to reach providers, as the environment says.
    pub access: Access,
    /// `GPBUILD_TRUST`: digests of settings that were agreed to.
    pub trusted: Option<String>,
}

impl Settings {
    /// The options that the state was saved for, as text.
    fn state_options(&self) -> String {
        format!("{:?}", self.resolve)
    }

    /// What the last run left.
    pub fn state_file(&self) -> StateFile {
        StateFile::read(&self.root, self.state_name())
    }

    fn state_name(&self) -> &'static str {
        if self.resolve.is_draft() {
            "state-draft"
        } else {
            "state"
        }
    }
}

/// A project whose manifests are right.
pub struct Project {
    /// What was read.
    pub world: Arc<World>,
    /// What was written.
    pub manifest: Manifest,
    /// What pages are drawn with.
    pub fonts: Arc<Fonts>,
    /// Every asset, sorted by id.
    pub specs: Vec<Arc<Spec>>,
    /// What is only worth a word.
    pub warnings: Vec<Diagnostic>,
    /// Before anything of it was looked at, in nanoseconds since 1970.
    pub began: i64,
}

impl Project {
    /// The name under which its money is counted.
    pub fn name(&self) -> String {
        name_of(&self.world, &self.manifest)
    }
}

/// A project's name; the name of its folder where it has none.
fn name_of(world: &World, manifest: &Manifest) -> String {
    let folder = || {
        let folder = world.root().real().file_name();
        folder.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    };
    let name = manifest.project.name.clone().unwrap_or_else(folder);
    // The ledger holds no longer one.
    name.chars().take(200).collect()
}

/// The name of a project, without resolving what it declares; `None` if it cannot be read.
pub fn project_name(settings: &Settings) -> Option<String> {
    let world = Arc::new(World::open(&settings.root).ok()?);
    let (manifest, _, _) = manifest::load(&world, None).ok()?;
    Some(name_of(&world, &manifest))
}

/// Reads and resolves the manifests. Everything wrong in any of them comes back at once.
pub fn load(settings: &Settings) -> Result<Project, Failure> {
    load_from(settings, &open(settings)?)
}

/// The same, as if the file at `path` held `text`: what an edit would make of the project.
pub fn load_with(
    settings: &Settings,
    path: &ProjectPath,
    text: String,
) -> Result<Project, Failure> {
    let world = World::open(&settings.root).map_err(|e| manifest_failure(&e))?;
    load_from(settings, &Arc::new(world.with(path, text.into_bytes())))
}

fn open(settings: &Settings) -> Result<Arc<World>, Failure> {
    let world = World::open(&settings.root).map_err(|e| manifest_failure(&e))?;
    Ok(Arc::new(world))
}

fn load_from(settings: &Settings, world: &Arc<World>) -> Result<Project, Failure> {
    let (project, _) = load_part(settings, world, None)?;
    Ok(project)
}

/// The same; of a part of the project, only what is made for items that are not known. Those that are come
/// back.
fn load_part(
    settings: &Settings,
    world: &Arc<World>,
    part: Option<(Tree, &BTreeSet<Digest>)>,
) -> Result<(Project, Vec<Digest>), Failure> {
    let began = state::now();
    let world = Arc::clone(world);
    let (tree, known) = part.unzip();
    let (manifest, tree, mut problems) = manifest::load(&world, tree)?;
    let fonts = Arc::new(fonts::fonts(&world, &manifest, &tree, &mut problems)?);
    let templates = Templates::new(&world);
    let digests = Arc::from(fonts.digests());
    room_for_values();
    // On those threads, all of it.
    let mut resolved = rayon::scope(|_| {
        spec::resolve(
            &manifest,
            &tree,
            &world,
            &templates,
            &digests,
            &settings.resolve,
            known,
        )
    });
    if settings.resolve.is_draft() {
        for spec in &mut resolved.specs {
            spec.output = preview(&spec.output);
        }
    }
    problems.extend(resolved.diagnostics);
    let problems = merge(problems);
    if problems.iter().any(|d| d.severity == Severity::Error) {
        return Err(Failure::manifest(problems));
    }
    let project = Project {
        world,
        manifest,
        fonts,
        specs: resolved.specs.into_iter().map(Arc::new).collect(),
        warnings: problems,
        began,
    };
    Ok((project, resolved.kept))
}

/// Makes the threads that resolve, if there are none yet, with room for what a template may nest within its
/// fuel: lists in lists are let go of one in another. Only what is used of it is ever memory.
fn room_for_values() {
    const STACK: usize = 128 << 20;
    // They may be there: then they are these.
    let _ = rayon::ThreadPoolBuilder::new()
        .stack_size(STACK)
        .build_global();
}

fn preview(output: &ProjectPath) -> ProjectPath {
    ProjectPath::new(&format!("{PREVIEW}/{output}")).unwrap_or_else(|_| output.clone())
}

fn manifest_failure(error: &FsError) -> Failure {
    Failure::new(Exit::Manifest, Diagnostic::error(error.to_string()))
}

/// A failure of the store, the ledger or the lock on disk.
pub fn store_failure(error: &FsError) -> Failure {
    Failure::new(Exit::Damaged, Diagnostic::error(error.to_string()))
}

/// A project, what was made of it before, and what is to be done.
pub struct Planned {
    /// The project.
    pub project: Project,
    /// What was made.
    pub store: Store,
    /// What was agreed on; empty for a draft.
    pub lock: Arc<Lock>,
    /// The same by key.
    pub recall: Arc<Recall>,
    /// What was spent.
    pub ledger: Arc<Ledger>,
    /// Who asks for which shot just now.
    pub payers: BTreeMap<Key, Payer>,
    /// The shots that are paid for and on their way.
    pub pending: BTreeSet<Key>,
    /// Requests that may have been paid for without an answer.
    pub doubts: Vec<Entry>,
    /// What the last run knew of outputs.
    known: KnownOutputs,
    /// What is to be done.
    pub plan: Plan,
    /// Outputs that gpbuild wrote and nobody declares, with their digests.
    pub unclaimed: BTreeMap<String, Digest>,
    /// The person's own limits; none where nothing can be asked for.
    pub person: Person,
    /// Nothing that the project sets waits for the person's word.
    trusted: bool,
    /// What is paid for already may be where nobody looks.
    old_store: bool,
}

/// Loads the project and says what is to be done. Writes nothing.
pub fn plan(settings: &Settings) -> Result<Planned, Failure> {
    let project = load(settings)?;
    plan_for(settings, project)
}

/// What is asked for and what was made before, as far as it can be wrong.
fn look(settings: &Settings, project: &Project) -> Result<(Selection, Store, Lock), Failure> {
    let selection = selection(settings, &project.specs)?;
    own::check(&settings.root)?;
    let store = Store::open(settings.home.data())?;
    let lock = if settings.resolve.is_draft() {
        Lock::default()
    } else {
        Lock::read(&settings.root)?
    };
    Ok((selection, store, lock))
}

fn plan_for(settings: &Settings, project: Project) -> Result<Planned, Failure> {
    let (_, store, lock) = look(settings, &project)?;
    let recall = Arc::new(Recall::new(&lock, &project.specs));
    let (ledger, under_way) = if settings.resolve.is_draft() {
        // It pays for nothing, whatever was paid before.
        let ledger = Ledger::unread(settings.home.data());
        (ledger, UnderWay::default())
    } else {
        let ledger = Ledger::open(settings.home.data()).map_err(|e| store_failure(&e))?;
        let under_way = money::under_way(&store, &ledger);
        (ledger, under_way)
    };
    let asked = |spec: &Arc<Spec>| spec.shots.iter().any(|shot| shot.page.is_none());
    let is_asked = !settings.resolve.is_draft() && project.specs.iter().any(asked);
    let person = if is_asked {
        trust::person(&settings.home, &settings.root)?
    } else {
        Person::default()
    };
    let mut planned = Planned {
        payers: under_way.payers,
        pending: under_way.pending,
        doubts: under_way.doubts,
        known: settings.state_file().state().known(|_| true),
        unclaimed: unclaimed(&settings.root, &lock, &project.specs),
        project,
        store,
        lock: Arc::new(lock),
        recall,
        ledger: Arc::new(ledger),
        plan: Plan::default(),
        person,
        trusted: true,
        old_store: false,
    };
    planned.trusted = !is_asked || planned.is_trusted(settings);
    planned.old_store = is_asked && adopt::is_strangers(settings);
    planned.decide(settings)?;
    Ok(planned)
}

/// The assets that are asked for.
fn selection(settings: &Settings, specs: &[Arc<Spec>]) -> Result<Selection, Failure> {
    match settings.exactly {
        true => Ok(Selection::exactly(&settings.select)),
        false => Selection::new(&settings.select, specs),
    }
}

impl Planned {
    /// Decides what is to be done, by all that is known.
    fn decide(&mut self, settings: &Settings) -> Result<(), Failure> {
        let selection = selection(settings, &self.project.specs)?;
        let specs = self.project.specs.clone();
        let plan = plan::plan(specs, &self.observer(settings), &|id| selection.has(id));
        self.plan = plan;
        Ok(())
    }

    /// The steps of the assets that are asked for, without those of which they only take something.
    pub fn asked_for(&self, settings: &Settings) -> Result<Vec<&Step>, Failure> {
        let selection = Selection::new(&settings.select, &self.project.specs)?;
        let steps = self.plan.steps.iter();
        Ok(steps.filter(|step| selection.has(&step.spec.id)).collect())
    }

    /// What steps are decided by; the same for those that are decided while others are made.
    fn observer<'a>(&'a self, settings: &'a Settings) -> Observer<'a> {
        Observer {
            root: self.project.world.root(),
            store: &self.store,
            models: &self.project.manifest.models,
            lock: &self.lock,
            recall: &self.recall,
            reach: Box::new(|model| self.unreachable(settings, model)),
            known: &self.known,
            // A preview is gpbuild's own: nobody edits it.
            force: settings.force || settings.resolve.is_draft(),
            locked_only: settings.locked,
            doubts: money::doubts(settings, &self.doubts),
            payers: &self.payers,
            pending: &self.pending,
        }
    }
}

/// Outputs that the lock knows and no spec declares, as far as they are still there.
fn unclaimed(root: &Path, lock: &Lock, specs: &[Arc<Spec>]) -> BTreeMap<String, Digest> {
    let declared: BTreeSet<&str> = specs.iter().map(|spec| spec.output.as_str()).collect();
    let written = lock
        .assets
        .values()
        .map(|asset| (&asset.output, &asset.digest));
    written
        .chain(&lock.unclaimed)
        // A lock is what somebody wrote: what it names outside is none of ours.
        .filter(|(path, _)| ProjectPath::new(path).is_ok())
        .filter(|(path, _)| !declared.contains(path.as_str()) && root.join(path).exists())
        .map(|(path, digest)| (path.clone(), *digest))
        .collect()
}

/// Makes what is not fresh.
pub fn build(settings: &Settings, reporter: &Reporter) -> Result<Exit, Failure> {
    let file = settings.state_file();
    if let Some(mut remembered) = remembered(settings, &file)? {
        if let Some(Unchanged { outputs, .. }) = remembered.unchanged(settings, true) {
            let told = if reporter.tells(Shown::Fresh) {
                &outputs[..]
            } else {
                &[]
            };
            for output in told {
                reporter.event(Event::Done(&fresh_report(output)));
            }
            let summary = Summary {
                fresh: outputs.len(),
                ..empty_summary(reporter)
            };
            reporter.event(Event::Summary(&summary));
            return Ok(Exit::Done);
        }
        if let Some(exit) = partial::build(settings, reporter, remembered)? {
            return Ok(exit);
        }
    }
    // Some hundred bytes for each asset.
    drop(file);
    build_from(settings, reporter, &mut open(settings)?)
}

/// Makes what is not fresh, and says what was read for it, even where that was wrong: what a watch has
/// to watch. Looks at everything anew.
pub fn build_and_see(settings: &Settings, reporter: &Reporter) -> (Sight, Result<Exit, Failure>) {
    let at = state::now();
    let mut world = match open(settings) {
        Ok(world) => world,
        // It may come, or come back.
        Err(failure) => return (Sight::nothing(manifest::PROJECT_FILE), Err(failure)),
    };
    let result = build_from(settings, reporter, &mut world);
    let sight = Sight {
        at,
        ..world.sight()
    };
    (sight, result)
}

fn build_from(
    settings: &Settings,
    reporter: &Reporter,
    world: &mut Arc<World>,
) -> Result<Exit, Failure> {
    // Only a project that can be built is written to, be it to keep others out.
    let project = load_from(settings, world)?;
    look(settings, &project)?;
    let alone = alone(settings, reporter)?;
    // Another gpbuild may have worked meanwhile: what it made is looked at from here on.
    let project = if alone.waited {
        *world = open(settings)?;
        load_from(settings, world)?
    } else {
        project
    };
    if settings.resolve.is_draft() {
        // An answer that comes just now is none of a draft's business.
        settle::sweep(project.world.root(), &project.specs)?;
    } else {
        adopt::adopt(settings, &project, reporter)?;
        money::recover(settings, reporter)?;
    }
    carry_out(settings, reporter, plan_for(settings, project)?)
}

fn carry_out(
    settings: &Settings,
    reporter: &Reporter,
    mut planned: Planned,
) -> Result<Exit, Failure> {
    for warning in &planned.project.warnings {
        reporter.event(Event::Diagnostic(warning));
    }
    let (mut lock, outcome) = run(settings, reporter, &mut planned, Early::default())?;
    let project = &planned.project;
    if !settings.resolve.is_draft() {
        settle::claim(&mut lock, &project.specs, planned.unclaimed.clone());
        if settings.prune && !outcome.interrupted {
            settle::prune(&project.world, &planned.store, &mut lock, reporter)?;
        }
        settle::keep_accepted(&planned.store, &planned.lock)?;
        lock.write(&settings.root).map_err(|e| store_failure(&e))?;
        remember::write_index(project, &lock, &outcome)?;
    }
    let settled = outcome.is_settled() && project.warnings.is_empty();
    remember::save_state(settings, project, &lock, &outcome, settled);
    outcome.tell(reporter);
    Ok(outcome.exit())
}

/// Carries out the plan: the lock as it is then, and what became of the assets. `early` is what is known
/// of assets that are not in the plan.
fn run(
    settings: &Settings,
    reporter: &Reporter,
    planned: &mut Planned,
    early: Early,
) -> Result<(Lock, Outcome), Failure> {
    gate::open_for(settings, planned, reporter)?;
    let plan = std::mem::take(&mut planned.plan);
    let planned = &*planned;
    let asker = money::asker(settings, planned, &plan, reporter)?;
    let (project, store) = (&planned.project, &planned.store);
    let mut run = Run::new(settings, planned, plan.waiting, reporter, early);
    let steps = run.settle(plan.steps);
    run.begin(&steps);
    let maker = Arc::new(Maker {
        root: project.world.root().clone(),
        store: store.clone(),
        models: Arc::clone(&project.manifest.models),
        fonts: Arc::clone(&project.fonts),
        locked: Arc::clone(&planned.lock),
        recall: Arc::clone(&planned.recall),
        room: Semaphore::new(draws(settings.jobs)),
        asker,
    });
    let pace = Pace {
        draws: draws(settings.jobs),
        requests: money::requests_at_once(settings.jobs),
        fail_fast: settings.fail_fast,
    };
    let stop_early = settings.fail_fast && run.outcome.blocked > 0;
    let executed = if stop_early {
        Executed {
            left: steps.len(),
            ..Executed::default()
        }
    } else {
        execute::execute(steps, maker, pace, &mut run).map_err(|d| Failure::new(Exit::Bug, d))?
    };
    Ok(run.end(executed))
}

fn draws(asked: usize) -> usize {
    if asked > 0 {
        return asked;
    }
    std::thread::available_parallelism().map_or(2, usize::from)
}
