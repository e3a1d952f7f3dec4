//! A project: its manifests read and resolved. Knows nothing of what was made of it before.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::pipeline::fonts;
use crate::pipeline::right;
use crate::pipeline::settings::Settings;
use base::diagnostic::{Diagnostic, Exit, Failure, Severity, merge};
use base::digest::Digest;
use base::fs::FsError;
use base::path::ProjectPath;
use base::world::World;
use declare::manifest::{self, Manifest, Tree};
use declare::spec::{self, LeftOut, Spec};
use declare::template::Templates;
use plan::state;
use render::Fonts;
use report::{Event, Reporter};

/// Where drafts go: never in the way of a paid picture.
pub const PREVIEW: &str = ".gpbuild/preview";
/// The index of drafts.
pub const DRAFT_INDEX: &str = ".gpbuild/preview/assets.json";

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
    /// What is wrong, where that keeps nothing else from being drawn: what it declares is not among the assets.
    pub wrong: Vec<Diagnostic>,
    /// Files that are named and make no item.
    pub left_out: Vec<LeftOut>,
    /// Before anything of it was looked at, in nanoseconds since 1970.
    pub began: i64,
}

impl Project {
    /// Tells what is only worth a word, and what nothing is made for.
    pub fn tell(&self, reporter: &Reporter) {
        for warning in &self.warnings {
            reporter.event(Event::Diagnostic(warning));
        }
        self.tell_left_out(reporter);
    }

    /// Tells what nothing is made for.
    pub fn tell_left_out(&self, reporter: &Reporter) {
        for left_out in &self.left_out {
            let files: Vec<String> = left_out.files.iter().map(ToString::to_string).collect();
            reporter.event(Event::LeftOut(&report::LeftOut {
                named: &left_out.named,
                of: left_out.of,
                files: &files,
            }));
        }
    }

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

/// As [`load`], as if the file at `path` held `text`: what an edit would make of the project.
pub fn load_with(
    settings: &Settings,
    path: &ProjectPath,
    text: String,
) -> Result<Project, Failure> {
    let world = World::open(&settings.root).map_err(|e| manifest_failure(&e))?;
    load_from(settings, &Arc::new(world.with(path, text.into_bytes())))
}

/// The project's folder, of which nothing was read yet.
pub(super) fn open(settings: &Settings) -> Result<Arc<World>, Failure> {
    let world = World::open(&settings.root).map_err(|e| manifest_failure(&e))?;
    Ok(Arc::new(world))
}

/// Reads and resolves the manifests of a project that is open.
pub(super) fn load_from(settings: &Settings, world: &Arc<World>) -> Result<Project, Failure> {
    let (project, _) = load_part(settings, world, None)?;
    Ok(project)
}

/// As [`load_from`]; of a part of the project, only what is made for items that are not known. Those that are
/// come back.
pub(super) fn load_part(
    settings: &Settings,
    world: &Arc<World>,
    part: Option<(Tree, &BTreeSet<Digest>)>,
) -> Result<(Project, Vec<Digest>), Failure> {
    let began = state::now();
    let world = Arc::clone(world);
    let (tree, known) = part.unzip();
    let (manifest, tree, mut problems) = manifest::load(&world, tree)?;
    let fonts = Arc::new(fonts::fonts(&world, &manifest, &tree, &mut problems)?);
    let templates = Templates::new(&world, &manifest.project.templates);
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
    let (wrong, problems) = match settings.beside.lenient {
        true => right::keep(problems, &mut resolved.specs),
        false => (Vec::new(), problems),
    };
    let problems = merge(problems);
    if problems.iter().any(|d| d.severity == Severity::Error) {
        return Err(Failure::manifest(problems));
    }
    let project = Project {
        wrong: merge(wrong),
        world,
        manifest,
        fonts,
        specs: resolved.specs.into_iter().map(Arc::new).collect(),
        warnings: problems,
        left_out: resolved.left_out,
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
