//! A project, what was made of it before, and what is to be done. Looks, and writes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use crate::own;
use crate::pipeline::adopt;
use crate::pipeline::money::{self, UnderWay};
use crate::pipeline::project::{Project, load, store_failure};
use crate::pipeline::settings::Settings;
use crate::select::Selection;
use crate::trust;
use base::diagnostic::{Diagnostic, Failure};
use base::digest::Digest;
use base::path::ProjectPath;
use declare::manifest::{Person, Provider};
use declare::spec::Spec;
use model::{COMMAND, ModelId, Models, PicturePrice};
use plan::index;
use plan::key::Key;
use plan::lock::{self, FILE as LOCK_FILE, Lock, LockFile};
use plan::state::KnownOutputs;
use plan::{LockIndex, Observer, Plan, Rules, Sources, Step};
use report::{Event, Reporter};
use store::ledger::{Entry, Ledger};
use store::{Payer, Store};

/// What is asked for and what was made before, as far as it can be wrong.
pub struct Before {
    selection: Selection,
    /// What was made.
    pub store: Store,
    lock: LockFile,
}

impl Before {
    /// Looks for a project that was read.
    pub fn look(settings: &Settings, project: &Project) -> Result<Self, Failure> {
        let selection = selection(settings, &project.specs)?;
        own::check(&settings.root)?;
        let store = Store::open(settings.home.data())?;
        let lock = if settings.resolve.is_draft() {
            LockFile::default()
        } else {
            LockFile::read(&settings.root)?
        };
        Ok(Self {
            selection,
            store,
            lock,
        })
    }

    /// The same once nobody else works in the project: somebody may have ended just before.
    pub fn again(self, settings: &Settings) -> Result<Self, Failure> {
        if settings.resolve.is_draft() {
            return Ok(self);
        }
        let lock = self.lock.again(&settings.root)?;
        Ok(Self { lock, ..self })
    }
}

/// The assets that are asked for.
pub(super) fn selection(settings: &Settings, specs: &[Arc<Spec>]) -> Result<Selection, Failure> {
    match settings.exactly {
        true => Ok(Selection::exactly(&settings.select)),
        false => Selection::new(&settings.select, specs),
    }
}

/// A project, what was made of it before, and what is to be done.
pub struct Planned {
    /// The project.
    pub project: Arc<Project>,
    /// What was made.
    pub store: Store,
    /// What was agreed on; empty for a draft.
    pub lock: Arc<Lock>,
    /// The same by key.
    pub lock_index: Arc<LockIndex>,
    /// What was spent.
    pub ledger: Arc<Ledger>,
    /// Who asks for which shot just now.
    pub payers: BTreeMap<Key, Payer>,
    /// The shots that are paid for and on their way.
    pub pending: BTreeSet<Key>,
    /// Requests that may have been paid for without an answer.
    pub doubts: Vec<Entry>,
    /// What is to be done.
    pub plan: Plan,
    /// Outputs that gpbuild wrote and nobody declares, with their digests.
    pub unclaimed: BTreeMap<String, Digest>,
    /// The person's own limits; none where nothing can be asked for.
    pub person: Person,
    /// What models can do and cost, with what the person says of their own programs.
    pub models: Arc<Models>,
    /// The same where each request is sent alone.
    pub at_once: Arc<Models>,
    /// The assets that are asked for.
    selection: Selection,
    /// What the last run knew of outputs.
    pub(super) known: KnownOutputs,
    /// Nothing that the project sets waits for the person's word.
    pub(super) trusted: bool,
    /// What is paid for already may be where nobody looks.
    pub(super) old_store: bool,
    /// Another run of this process works in the project at the same time, and is told of.
    pub(super) joined: bool,
}

/// Loads the project and says what is to be done. Writes nothing.
pub fn plan(settings: &Settings) -> Result<Planned, Failure> {
    plan_for(settings, Arc::new(load(settings)?))
}

/// What is to be done for a project that was read.
pub fn plan_for(settings: &Settings, project: Arc<Project>) -> Result<Planned, Failure> {
    let before = Before::look(settings, &project)?;
    let known = settings.known_outputs();
    Planned::new(settings, project, before, known, ledger(settings)?)
}

/// What was spent so far; a draft pays for nothing, whatever was paid before.
pub fn ledger(settings: &Settings) -> Result<Ledger, Failure> {
    if settings.resolve.is_draft() {
        return Ok(Ledger::unread(settings.home.data()));
    }
    Ledger::open(settings.home.data()).map_err(|e| store_failure(&e))
}

impl Planned {
    /// What is to be done, by all that is known.
    pub fn new(
        settings: &Settings,
        project: Arc<Project>,
        before: Before,
        known: KnownOutputs,
        ledger: Ledger,
    ) -> Result<Self, Failure> {
        let Before {
            selection,
            store,
            lock,
        } = before;
        let is_draft = settings.resolve.is_draft();
        let UnderWay {
            payers,
            pending,
            doubts,
        } = if is_draft {
            UnderWay::default()
        } else {
            money::under_way(&store, &ledger)?
        };
        let asked = |spec: &Arc<Spec>| spec.is_paid();
        let is_asked = !is_draft && project.specs.iter().any(asked);
        let person = if is_asked {
            trust::person(&settings.home, &settings.root)?
        } else {
            Person::default()
        };
        let mut unclaimed = unclaimed(&settings.root, &lock.lock, &project.specs);
        if !is_draft {
            unclaimed.extend(left_index(&project));
        }
        let mut planned = Self {
            payers,
            pending,
            doubts,
            unclaimed,
            ledger: Arc::new(ledger),
            models: with_programs(&project.manifest.models, &person),
            person,
            selection,
            ..Self::free(settings, project, store, lock.lock, known)
        };
        planned.at_once = Arc::clone(&planned.models);
        if settings.build.batching.sends {
            let providers = &planned.project.manifest.providers;
            let has_batches = |name: &str| providers.get(name).is_some_and(Provider::has_batches);
            planned.models = Arc::new(planned.at_once.in_batches(has_batches));
        }
        planned.trusted = !is_asked || planned.is_trusted(settings);
        planned.old_store = is_asked && adopt::is_strangers(settings);
        planned.decide(settings);
        Ok(planned)
    }

    /// Nothing is decided yet, all is asked for, and nothing is paid for: `lock` says of every asset of this
    /// project what was agreed on.
    pub(super) fn free(
        settings: &Settings,
        project: Arc<Project>,
        store: Store,
        lock: Lock,
        known: KnownOutputs,
    ) -> Self {
        Self {
            lock_index: Arc::new(LockIndex::new(&lock, &project.specs)),
            models: Arc::clone(&project.manifest.models),
            at_once: Arc::clone(&project.manifest.models),
            project,
            store,
            lock: Arc::new(lock),
            ledger: Arc::new(Ledger::unread(settings.home.data())),
            payers: BTreeMap::new(),
            pending: BTreeSet::new(),
            doubts: Vec::new(),
            plan: Plan::default(),
            unclaimed: BTreeMap::new(),
            person: Person::default(),
            selection: Selection::default(),
            known,
            trusted: true,
            old_store: false,
            joined: false,
        }
    }

    /// Decides what is to be done, by all that is known.
    pub(super) fn decide(&mut self, settings: &Settings) {
        let specs = self.project.specs.clone();
        let is_selected = |id: &str| self.selection.has(id);
        let plan = plan::plan(specs, &self.observer(settings), &is_selected);
        self.plan = plan;
    }

    /// Tells of a lock that git left with both sides of a merge in it.
    pub fn tell_of_merge(&self, reporter: &Reporter) {
        if self.lock.mended {
            reporter.event(Event::Diagnostic(&Diagnostic::warning(format!(
                "`{LOCK_FILE}` holds both sides of a merge: both are taken in, and a build writes it whole"
            ))));
        }
    }

    /// The steps of the assets that are asked for, without those of which they only take something.
    pub fn asked_for(&self) -> Vec<&Step> {
        let steps = self.plan.steps.iter();
        steps
            .filter(|step| self.selection.has(&step.spec.id))
            .collect()
    }

    /// What steps are decided by; the same for those that are decided while others are made.
    pub(super) fn observer<'a>(&'a self, settings: &'a Settings) -> Observer<'a> {
        Observer {
            sources: Sources {
                root: self.project.world.root(),
                store: &self.store,
                lock: &self.lock,
                lock_index: &self.lock_index,
                known: &self.known,
            },
            rules: Rules {
                models: &self.models,
                lock: &self.lock,
                reach: Box::new(|model| self.unreachable(settings, model)),
                // A preview is gpbuild's own: nobody edits it.
                force: settings.build.force || settings.resolve.is_draft(),
                locked_only: settings.build.locked,
                doubts: money::doubts(settings, &self.person, &self.doubts),
                payers: &self.payers,
                pending: &self.pending,
            },
        }
    }
}

/// What models cost, with what the person says of their own programs: that comes before what a project says.
fn with_programs(models: &Arc<Models>, person: &Person) -> Arc<Models> {
    if person.commands.is_empty() {
        return Arc::clone(models);
    }
    let mut all = Models::clone(models);
    for (name, program) in &person.commands {
        let id = ModelId {
            provider: COMMAND.to_owned(),
            name: name.clone(),
        };
        let mut model = all.get(&id).cloned().unwrap_or_default();
        if program.cost.is_some() {
            model.free = program.is_free();
            // Who has a program says what it costs.
            model.picture_price = program.cost.map(PicturePrice::flat);
        }
        all.insert(id, model);
    }
    Arc::new(all)
}

/// The index at its usual place, where the project has it elsewhere by now: it says what is no longer so.
fn left_index(project: &Project) -> Option<(String, Digest)> {
    let settings = &project.manifest.project;
    let usual = settings.usual_index();
    if usual == settings.index() {
        return None;
    }
    let bytes = project
        .world
        .root()
        .read_output(&usual, lock::MAX_BYTES)
        .ok()?;
    let declared = project.specs.iter().any(|spec| spec.output == usual);
    (!declared && index::is_index(&bytes)).then(|| (usual.as_str().to_owned(), Digest::of(&bytes)))
}

/// Outputs that the lock knows and no spec declares, as far as they are still there.
fn unclaimed(root: &Path, lock: &Lock, specs: &[Arc<Spec>]) -> BTreeMap<String, Digest> {
    let declared: BTreeSet<&str> = specs.iter().map(|spec| spec.output.as_str()).collect();
    let written = lock
        .assets
        .values()
        .chain(&lock.others)
        .map(|asset| (&asset.output, &asset.digest));
    written
        .chain(&lock.unclaimed)
        // A lock is what somebody wrote: what it names outside is none of ours.
        .filter(|(path, _)| ProjectPath::new(path).is_ok())
        .filter(|(path, _)| !declared.contains(path.as_str()) && root.join(path).exists())
        .map(|(path, digest)| (path.clone(), *digest))
        .collect()
}
