//! What the last run saw, held against what is there now: a run with nothing to do ends at once.

use crate::own;
use crate::pipeline::Settings;
use crate::select::Selection;
use base::diagnostic::Failure;
use base::world::Signature;
use plan::state::{self, Changes, Output, State, StateFile};
use report::{Event, LeftOut, Reporter};

/// What the last run saw, held against what is there now.
pub struct Remembered<'f> {
    /// What it saw, with new signatures.
    pub state: State<'f>,
    /// What is otherwise; `None` if that may concern any asset.
    pub drift: Option<Changes>,
    /// The file that says so.
    pub file: Option<Signature>,
}

/// What changed since the run that left this state.
pub fn remembered<'f>(settings: &Settings, file: &'f StateFile) -> Result<Remembered<'f>, Failure> {
    // Before anything is looked at: a change after it is then found by the next run.
    let now = state::now();
    let mut state = file.state();
    let options = settings.state_options();
    let drift = state.survey(&settings.root, &state::program(), &options, now);
    if drift
        .as_ref()
        .is_some_and(|drift| drift.compared || !drift.is_none())
    {
        // Only a state that was written here holds by signatures: any other may have come with the repository.
        own::check(&settings.root)?;
    }
    Ok(Remembered {
        state,
        drift,
        file: file.signature,
    })
}

impl<'f> Remembered<'f> {
    /// If nothing at all changed: the outputs of that run. A build, which `builds`, may write the state again to
    /// make the next run cheaper, and has something to do where the lock names an output of nobody's that is gone.
    pub fn unchanged(&mut self, settings: &Settings, builds: bool) -> Option<Unchanged<'f>> {
        let state = &mut self.state;
        let drift = self.drift.as_ref()?;
        // Of a tree that is to be what its lock says, what nobody declares is told with all the rest.
        let looks = settings.build.prune || (builds && settings.build.locked);
        if !drift.is_none() || (looks && !state.unclaimed.is_empty()) {
            return None;
        }
        let is_there = |path: &String| settings.root.join(path).exists();
        if builds && !state.unclaimed.iter().all(is_there) {
            return None;
        }
        let ids = state.outputs.iter().map(|output| &*output.id);
        let selection = Selection::of_ids(&settings.select, ids).ok()?;
        if builds && drift.renewed {
            // As with any state: one that cannot be written only makes the next run slower.
            let _ = state.write(&settings.root, settings.state_name());
        }
        let mut outputs = std::mem::take(&mut state.outputs);
        outputs.retain(|output| selection.has(&output.id));
        let mut unclaimed = std::mem::take(&mut state.unclaimed);
        unclaimed.retain(is_there);
        Some(Unchanged {
            outputs,
            unclaimed,
            left_out: left_out(state),
        })
    }
}

/// If nothing at all changed since a run that left nothing to do and this state: the outputs of that run.
pub fn nothing_changed<'f>(
    settings: &Settings,
    file: &'f StateFile,
) -> Result<Option<Unchanged<'f>>, Failure> {
    Ok(remembered(settings, file)?.unchanged(settings, false))
}

/// A project in which nothing changed.
pub struct Unchanged<'f> {
    /// The outputs of the selected assets, all in place.
    pub outputs: Vec<Output<'f>>,
    /// Outputs that no asset declares any more.
    pub unclaimed: Vec<String>,
    /// Files that make no item: what names them, how many it names, and which they are.
    pub left_out: Vec<(String, usize, Vec<String>)>,
}

impl Unchanged<'_> {
    /// Tells what nothing is made for, as the run did that saw it.
    pub fn tell_left_out(&self, reporter: &Reporter) {
        tell_left_out(&self.left_out, reporter);
    }
}

/// The files that make no item, by name.
pub fn left_out(state: &State<'_>) -> Vec<(String, usize, Vec<String>)> {
    let name = |n: &u32| Some(state.seen.get(*n as usize)?.path.to_string());
    let lists = state.left_out.iter().map(|left_out| {
        let files = left_out.files.iter().filter_map(name).collect();
        (left_out.named.clone(), left_out.of as usize, files)
    });
    lists.collect()
}

/// Tells what nothing is made for.
pub fn tell_left_out(left_out: &[(String, usize, Vec<String>)], reporter: &Reporter) {
    for (named, of, files) in left_out {
        reporter.event(Event::LeftOut(&LeftOut {
            named,
            of: *of,
            files,
        }));
    }
}
