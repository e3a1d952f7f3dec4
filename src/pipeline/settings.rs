//! What the command line asks of the pipeline. Knows no project.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::check::Judge;
use crate::execute::Batching;
use crate::pipeline::access::Access;
use crate::pipeline::money::Money;
use base::home::Home;
use declare::spec;
use plan::state::{KnownOutputs, StateFile};

/// What the command line says of a build.
#[derive(Clone, Debug, Default)]
pub struct BuildOptions {
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
    /// What is sent in batches, and waited for.
    pub batching: Batching,
    /// What may be spent, and on what.
    pub money: Money,
}

/// What the command line asks of the pipeline: where, of which assets and resolved how, built how, and who may be
/// reached.
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
    /// How to build; what of it a plan goes by counts for it as well.
    pub build: BuildOptions,
    /// How to reach providers, as the environment says.
    pub access: Access,
    /// Who judges what providers answer.
    pub judge: Judge,
    /// `GPBUILD_TRUST`: digests of settings that were agreed to.
    pub trusted: Option<String>,
    /// How it goes together with what else this process does.
    pub beside: Beside,
}

/// How a run goes together with what else its process does; the default is one that is alone in it.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// Others of this process may work in the project at the same time: what they write is merged.
    pub together: bool,
    /// Nothing more is begun once this is true.
    pub cancel: Option<Arc<AtomicBool>>,
    /// It was begun by a save: once it is cancelled, a newer one takes its place.
    pub of_save: bool,
    /// What is wrong keeps nothing else from being drawn.
    pub lenient: bool,
    /// The assets that somebody looks at: they come first.
    pub first: Arc<BTreeSet<String>>,
}

impl Beside {
    /// Whether nothing more is to be begun.
    pub fn is_cancelled(&self) -> bool {
        let cancel = self.cancel.as_ref();
        cancel.is_some_and(|cancel| cancel.load(Ordering::Acquire))
    }
}

impl Settings {
    /// The options that the state was saved for, as text: specs depend on each of them.
    pub(super) fn state_options(&self) -> String {
        let spec::Options {
            profile,
            model,
            explain,
        } = &self.resolve;
        json!({
            "profile": profile,
            "model": model.as_ref().map(ToString::to_string),
            "explain": explain,
        })
        .to_string()
    }

    /// What the last run left.
    pub fn state_file(&self) -> StateFile {
        StateFile::read(&self.root, self.state_name())
    }

    /// The outputs whose contents the last run knew.
    pub(super) fn known_outputs(&self) -> KnownOutputs {
        self.state_file().state().known(|_| true)
    }

    /// The name of its file: drafts have one of their own.
    pub(super) fn state_name(&self) -> &'static str {
        if self.resolve.is_draft() {
            "state-draft"
        } else {
            "state"
        }
    }
}
