//! The requests of a paid picture: the first shot with its references, then one for each edit step.
//! Knows what models can do; sends nothing.

use std::sync::PoisonError;

use crate::manifest::{At, Edit};
use crate::spec::Problems;
use crate::spec::context::{self, Context};
use crate::spec::preflight::{Mask, Preflight, who_can, with};
use crate::spec::ready::Ready;
use crate::spec::resolve::Resolver;
use crate::spec::target::{From, MAX_REFERENCE_BYTES, Target};
use base::diagnostic::{Diagnostic, Place};
use base::path::ProjectPath;
use base::text::Text;
use export::{ExportError, ImageInfo};
use model::request::{Picture, Prompt, Request, Work};
use model::{COMMAND, Model, ModelId};
use provider::COMMAND_VERSION;
use provider::table::Row;

/// What the prompts of an asset have in common: its model, and the size that it is asked for.
struct Asked<'m> {
    id: &'m ModelId,
    /// Nothing if no model of the provider is in the table: then anything goes.
    model: Option<&'m Model>,
    width: u32,
    height: u32,
}

/// An edit step, and the words in the picture once it is done.
struct Step<'s> {
    edit: &'s Edit,
    text: &'s Text,
}

impl<'a> Resolver<'a> {
    /// The requests of a paid picture: the first shot, then one for each edit step.
    pub(super) fn ask(
        &self,
        ready: &Ready<'a>,
        target: &Target<'_>,
        model: &At<ModelId>,
        template: &str,
        context: &Context,
    ) -> Result<Vec<Request>, Problems> {
        let known = match self.manifest.models.look_up(&model.value) {
            Ok(known) => known,
            Err(why) => return Err(vec![why.at(model.place.clone())]),
        };
        let mut flight = Preflight::new(
            &model.value,
            known,
            self.row(&model.value),
            &self.manifest.models,
        );
        let first = self.first_prompt(&mut flight, ready, target, &model.value, template, context);
        let (first, (width, height)) = first;
        if !flight.problems.is_empty() {
            return Err(flight.problems);
        }
        let asked = Asked {
            id: &model.value,
            model: known,
            width,
            height,
        };
        let mut prompts = vec![first];
        let mut text = ready.text.clone();
        for edit in self.edits(ready) {
            text = self.text_after(ready, &text, edit)?;
            // Under an overlay the new words are its own, and the model only changes the picture.
            let told = match ready.overlay {
                Some(_) => &Text::default(),
                None => &text,
            };
            let step = Step { edit, text: told };
            prompts.push(self.edit_prompt(&asked, ready, target, &prompts[0], &step, context)?);
        }
        let request = |prompt| Request {
            model: model.value.clone(),
            adapter: match model.value.provider.as_str() {
                COMMAND => COMMAND_VERSION,
                // Nobody is asked, or nobody yet: the first version of whatever will ask them.
                _ => self.row(&model.value).map_or(1, |row| row.version()),
            },
            width,
            height,
            cell: known.and_then(|known| known.sizes.cell(width, height).cloned()),
            variant: self.variant(ready),
            work: Work::Ask(prompt),
        };
        let requests: Vec<Request> = prompts.into_iter().map(request).collect();
        self.sendable(ready, &requests, target)?;
        Ok(requests)
    }

    /// The first prompt, and the size to ask for; what is wrong with them is in `flight`.
    fn first_prompt(
        &self,
        flight: &mut Preflight<'_>,
        ready: &Ready<'a>,
        target: &Target<'_>,
        model: &ModelId,
        template: &str,
        context: &Context,
    ) -> (Prompt, (u32, u32)) {
        let layers = &ready.unit.layers;
        let quality = layers.get(|f| f.quality.as_ref()).map(|found| found.value);
        let quality = flight
            .word("quality", quality, |model| &model.qualities)
            .or_else(|| flight.default_quality());
        let background = layers.get(|f| f.background.as_ref());
        let background = background.map(|found| found.value);
        let background = flight.word("background", background, |model| &model.backgrounds);
        let candidates = layers.get(|f| f.candidates.as_ref());
        let candidates = flight.candidates(candidates.map(|found| found.value));
        let preset = &target.preset;
        let size = flight.size(preset.width, preset.height, &target.place);
        let (references, mask) = self.first_pictures(flight, ready, target, model);
        let text = flight.keep(self.prompt(template, context));
        flight.prompt(&text, &target.place);
        let params = layers.get(|f| f.params.as_ref()).map(|found| found.value);
        let params = flight.params(params, background.as_deref());
        let prompt = Prompt {
            text,
            quality,
            background,
            candidates,
            format: "png".to_owned(),
            params,
            references,
            mask,
        };
        (prompt, size)
    }

    /// The pictures that the first prompt comes with: its references and its mask.
    fn first_pictures(
        &self,
        flight: &mut Preflight<'_>,
        ready: &Ready<'a>,
        target: &Target<'_>,
        model: &ModelId,
    ) -> (Vec<Picture>, Option<Picture>) {
        let most = self.most_bytes(model);
        let references = self.references(ready, target, most);
        let broken = references.is_err();
        let mut references = flight.keep(references);
        if let From::After(main) = &target.from {
            references.insert(0, Picture::Asset(main.clone()));
        }
        flight.references(&references, &target.place);
        let mask = ready.unit.layers.get(|f| f.mask.as_ref());
        let mask = mask.and_then(|found| flight.keep(self.mask(found.folder, found.value, most)));
        if let Some((_, seen)) = &mask {
            match references.first() {
                None if broken => {}
                None => flight.no_picture_under(seen),
                Some(under) => flight.mask(seen, self.size_of(under)),
            }
        }
        (references, mask.map(|(picture, _)| picture))
    }

    /// The prompt of an edit step: like the first, but with the picture before it as its reference.
    fn edit_prompt(
        &self,
        asked: &Asked<'_>,
        ready: &Ready<'a>,
        target: &Target<'_>,
        first: &Prompt,
        step: &Step<'_>,
        context: &Context,
    ) -> Result<Prompt, Problems> {
        let edit = step.edit;
        let change = self.string(&edit.change, context).map_err(|p| vec![p])?;
        let keep = match &edit.keep {
            Some(keep) => self.string(keep, context).map_err(|p| vec![p])?,
            None => "everything else".to_owned(),
        };
        let value = minijinja::Value::from_pairs([("change", change), ("keep", keep)]);
        let context = context::with_text(&context.with("edit", value), step.text);
        let mut flight = Preflight::new(
            asked.id,
            asked.model,
            self.row(asked.id),
            &self.manifest.models,
        );
        let references = vec![Picture::Previous];
        flight.references(&references, &edit.change.place);
        let mask = edit.mask.as_ref().and_then(|at| {
            let layers = &ready.unit.layers;
            let folder = layers.get(|f| (!f.edits.is_empty()).then_some(&f.edits));
            flight.keep(self.mask(
                folder.map_or("", |found| found.folder),
                at,
                self.most_bytes(asked.id),
            ))
        });
        if let Some((_, seen)) = &mask {
            flight.mask(seen, Some((asked.width, asked.height)));
        }
        let text = flight.keep(self.prompt("edit", &context));
        flight.prompt(&text, &target.place);
        if !flight.problems.is_empty() {
            return Err(flight.problems);
        }
        Ok(Prompt {
            text,
            references,
            mask: mask.map(|(picture, _)| picture),
            // Candidates are for the first shot, which is chosen from: an edit of the chosen one that
            // asked for as many again would cost as much again.
            candidates: 1,
            ..first.clone()
        })
    }

    /// Whether all that is asked for has a place in what its provider is sent.
    fn sendable(
        &self,
        ready: &Ready<'a>,
        shots: &[Request],
        target: &Target<'_>,
    ) -> Result<(), Problems> {
        for (shot, prompt) in shots.iter().filter_map(|shot| Some((shot, shot.prompt()?))) {
            let row = self.row(&shot.model);
            let lacks = row.map(|row| row.lacks(shot, prompt)).unwrap_or_default();
            let problem = |field: &&str| {
                let error =
                    Diagnostic::error(format!("`{}` cannot be asked for `{field}`", shot.model));
                let place = place_of(ready, field).unwrap_or_else(|| target.place.clone());
                let hint = match *field {
                    "size" => Some(NO_CELL.to_owned()),
                    field => who_can(&self.manifest.models, field),
                };
                with(error.at(place), hint)
            };
            if !lacks.is_empty() {
                return Err(lacks.iter().map(problem).collect());
            }
        }
        Ok(())
    }

    /// The row of a model's provider, if that can be asked.
    fn row(&self, model: &ModelId) -> Option<&'a Row> {
        let provider = self.manifest.providers.get(&model.provider)?;
        Some(&provider.row)
    }

    /// The most bytes of a picture that this model is sent.
    fn most_bytes(&self, model: &ModelId) -> u64 {
        let most = self.row(model).map(|row| row.max_reference_bytes);
        most.unwrap_or(MAX_REFERENCE_BYTES).min(MAX_REFERENCE_BYTES)
    }

    /// A picture as a manifest in `folder` names it.
    pub(super) fn picture(
        &self,
        folder: &str,
        at: &At<String>,
        most: u64,
    ) -> Result<Picture, Diagnostic> {
        self.file(&join(folder, at)?, &at.place, most)
    }

    /// A file of the project that a model is sent: a picture that it can read.
    pub(super) fn file(
        &self,
        path: &ProjectPath,
        place: &Place,
        most: u64,
    ) -> Result<Picture, Diagnostic> {
        let digest = self
            .world
            .digest(path, most)
            .map_err(|e| Diagnostic::error(e.to_string()).at(place.clone()))?;
        self.pictures
            .is_there(self.world.root(), path)
            .map_err(|p| p.at(place.clone()))?;
        self.image_info(path).map_err(|why| {
            Diagnostic::error(format!("`{path}` cannot be sent to a model: {why}"))
                .at(place.clone())
        })?;
        Ok(Picture::File(path.clone(), digest))
    }

    /// The mask, and what there is to check of it.
    fn mask<'p>(
        &self,
        folder: &str,
        at: &'p At<String>,
        most: u64,
    ) -> Result<Option<(Picture, Mask<'p>)>, Problems> {
        let path = join(folder, at).map_err(|p| vec![p])?;
        let picture = self.file(&path, &at.place, most).map_err(|p| vec![p])?;
        let bytes = std::fs::metadata(self.world.root().at(&path)).map_or(0, |meta| meta.len());
        let seen = self.image_info(&path).ok().map(|seen| Mask {
            name: path.to_string(),
            place: &at.place,
            seen,
            bytes,
        });
        Ok(seen.map(|seen| (picture, seen)))
    }

    /// What a picture says of itself; looked at once, however many assets send it.
    fn image_info(&self, path: &ProjectPath) -> Result<ImageInfo, ExportError> {
        let mut known = self.glances.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = known.get(path) {
            return seen.clone();
        }
        let bytes = self.world.root().read(path, MAX_REFERENCE_BYTES);
        let seen = export::image_info(&bytes.unwrap_or_default());
        known.insert(path.clone(), seen.clone());
        seen
    }

    /// The size of a picture, if it is a file: that of another asset's is not known here.
    fn size_of(&self, picture: &Picture) -> Option<(u32, u32)> {
        let Picture::File(path, _) = picture else {
            return None;
        };
        let seen = self.image_info(path).ok()?;
        Some((seen.width, seen.height))
    }
}

/// What a model says that is told no pixels.
const NO_CELL: &str = "it is told a ratio and a tier, not pixels: write its `sizes` as in `[[1024, 1024, \"1:1\", \"1K\"]]`";

/// Where a field stands that a provider cannot be asked for.
fn place_of(ready: &Ready<'_>, field: &str) -> Option<Place> {
    let layers = &ready.unit.layers;
    let word = |found: &At<String>| found.place.clone();
    match field {
        "quality" => layers
            .get(|f| f.quality.as_ref())
            .map(|found| word(found.value)),
        "background" => layers
            .get(|f| f.background.as_ref())
            .map(|found| word(found.value)),
        "mask" => layers
            .get(|f| f.mask.as_ref())
            .map(|found| word(found.value)),
        "candidates" => layers
            .get(|f| f.candidates.as_ref())
            .map(|found| found.value.place.clone()),
        _ => None,
    }
}

/// A path as a manifest in `folder` writes it.
fn join(folder: &str, at: &At<String>) -> Result<ProjectPath, Diagnostic> {
    ProjectPath::join(folder, &at.value)
        .map_err(|why| Diagnostic::error(format!("`{}` {why}", at.value)).at(at.place.clone()))
}
