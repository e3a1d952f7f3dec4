//! `gpbuild edit`: appends an edit step to an asset's manifest. The manifest with it must be right before
//! anything is written; what it costs is shown, and nothing is asked for.

use crate::command;
use crate::pipeline::{self, Settings, store_failure};
use base::diagnostic::{Diagnostic, Exit, Failure};
use base::fs::Root;
use base::path::ProjectPath;
use base::world::World;
use declare::manifest::{self, EditStep, Manifest, Owner, Slides};
use declare::spec::Spec;
use report::{Event, Reporter};

/// Runs the command for the one asset that `settings` selects.
pub fn run(settings: &Settings, step: &EditStep, reporter: &Reporter) -> Result<Exit, Failure> {
    if settings.resolve.is_draft() {
        return Err(Failure::usage(
            "an edit step is for the real picture: leave `--draft` out",
        ));
    }
    let writing = pipeline::writing();
    let planned = pipeline::plan(settings)?;
    let project = &planned.project;
    let mut found = project.specs.iter();
    let Some(spec) = found.find(|spec| settings.select.contains(&spec.id)) else {
        return Err(Failure::usage(
            "`edit` takes one asset, by its whole id: `gpbuild edit bootcamp \"a warmer sky\"`",
        ));
    };
    let owner = owner(&project.manifest, spec).map_err(|d| {
        let d = d.at(spec.place.clone());
        Failure::new(Exit::SomeFailed, d)
    })?;
    let file = File::read(&project.world, spec)?;
    let with_step = file.with(&owner, step)?;
    try_out(settings, spec, &file.path, &with_step)?;
    file.replace(&with_step)?;
    drop(writing);
    reporter.event(Event::Note(&format!(
        "appended  {}  step {} in {}",
        spec.id,
        spec.requests().len(),
        file.name
    )));
    command::plan::run(settings, false, reporter)
}

/// The manifest that declares an asset, as it was read.
struct File<'p> {
    root: &'p Root,
    name: &'p str,
    path: ProjectPath,
    text: String,
}

impl<'p> File<'p> {
    fn read(world: &'p World, spec: &'p Spec) -> Result<Self, Failure> {
        let (root, name) = (world.root(), &*spec.place.source.name);
        let path = ProjectPath::new(name)
            .map_err(|_| Failure::usage(format!("`{name}` is not a file of the project")))?;
        let text = root
            .read_text(&path, manifest::MAX_BYTES)
            .map_err(|e| store_failure(&e))?;
        Ok(Self {
            root,
            name,
            path,
            text,
        })
    }

    /// Its text with the step.
    fn with(&self, owner: &Owner, step: &EditStep) -> Result<String, Failure> {
        manifest::append(&self.text, owner, step).map_err(|why| {
            let hint = match owner {
                Owner::Cover(name) => format!("write it yourself: `[[cover.{name}.edit]]`"),
                Owner::Slide(..) => "write it yourself: `[[carousel.NAME.slide.edit]]`".to_owned(),
            };
            let problem = Diagnostic::error(format!("`{}` {why}", self.name));
            Failure::new(Exit::SomeFailed, problem.hint(hint))
        })
    }

    /// Writes another text, unless somebody saved the file meanwhile.
    fn replace(&self, text: &str) -> Result<(), Failure> {
        let now = self.root.read_text(&self.path, manifest::MAX_BYTES).ok();
        if now.as_ref() != Some(&self.text) {
            return Err(Failure::new(
                Exit::SomeFailed,
                Diagnostic::error(format!(
                    "`{}` was changed meanwhile: nothing is written",
                    self.name
                ))
                .hint("run it again"),
            ));
        }
        // A link stays one: what it leads to is written.
        self.root
            .write_source(&self.path, text.as_bytes())
            .map_err(|e| store_failure(&e))
    }
}

/// Resolves the project as if the manifest held the step: it must be the asset's next one, and nothing may be wrong.
fn try_out(
    settings: &Settings,
    spec: &Spec,
    path: &ProjectPath,
    with_step: &str,
) -> Result<(), Failure> {
    let tried = pipeline::load_with(settings, path, with_step.to_owned())?;
    let now = tried.specs.iter().find(|tried| tried.id == spec.id);
    if now.is_none_or(|now| now.requests().len() != spec.requests().len() + 1) {
        return Err(Failure::new(
            Exit::SomeFailed,
            Diagnostic::error(format!(
                "`{}` has its steps from its carousel or from `[defaults]`: one of its own would take their place",
                spec.id
            ))
            .at(spec.place.clone())
            .hint("write all its steps in its own table"),
        ));
    }
    // Nor may a plain `gpbuild` find anything wrong with it.
    let mut plain = settings.clone();
    plain.resolve.profile = None;
    plain.resolve.model = None;
    pipeline::load_with(&plain, path, with_step.to_owned()).map(|_| ())
}

/// Where the asset's steps are written.
fn owner(manifest: &Manifest, spec: &Spec) -> Result<Owner, Diagnostic> {
    let id = spec.id.as_str();
    if !spec.is_paid() {
        return Err(Diagnostic::error(format!(
            "`{id}` is drawn here: a drawing is not edited, it is written anew"
        ))
        .hint("change its text or its layout; or give it a model that edits pictures"));
    }
    if let Some(item) = &spec.item {
        return Err(Diagnostic::error(format!(
            "`{id}` is made from `{}`: a step here would be one of all its siblings",
            item.shown
        ))
        .hint("declare a cover of its own for it, with the same text, and edit that"));
    }
    if manifest.covers.iter().any(|cover| cover.name.value == id) {
        return Ok(Owner::Cover(id.to_owned()));
    }
    if let Some((name, _)) = id.rsplit_once('/') {
        let carousel = manifest.carousels.iter().find(|c| c.name.value == name);
        if let Some(carousel) = carousel
            && let Slides::Tables(tables) = &carousel.slides
            // Not by its number: `when` may have left some out.
            && let Some(index) = tables.iter().position(|table| table.place == spec.place)
        {
            return Ok(Owner::Slide(name.to_owned(), index + 1));
        }
        if manifest.covers.iter().any(|cover| cover.name.value == name) {
            return Err(
                Diagnostic::error(format!("`{id}` is a further target of `{name}`"))
                    .hint(format!("edit that: `gpbuild edit {name} \"…\"`")),
            );
        }
    }
    Err(Diagnostic::error(format!(
        "`{id}` has no table of its own that a step could be added to"
    )))
}
