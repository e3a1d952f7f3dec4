//! The requests of a paid picture: the first shot with its references, then one for each edit step.
//! Knows what models can do; sends nothing.

use crate::diagnostic::{Diagnostic, Place, list};
use crate::manifest::{At, Edit, Reference, is_glob};
use crate::model::{self, Model, ModelId};
use crate::path::ProjectPath;
use crate::provider::request::{Operation, Picture, Request};
use crate::spec::context::{self, Context};
use crate::spec::ready::Ready;
use crate::spec::resolve::Resolver;
use crate::spec::target::{From, MAX_PICTURE_BYTES, Problems, Target};
use crate::text::Text;

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
        let layers = &ready.unit.layers;
        let mut problems = Vec::new();
        let known = match known_model(&model.value) {
            Ok(known) => known,
            Err(why) => return Err(vec![why.at(model.place.clone())]),
        };
        let mut choice = |field: &str, at: Option<&At<String>>, of: Option<&[String]>| {
            let at = at?;
            if let Some(of) = of
                && !of.contains(&at.value)
            {
                problems.push(
                    Diagnostic::error(format!("`{}` has no {field} `{}`", model.value, at.value))
                        .at(at.place.clone())
                        .did_you_mean(&at.value, of.iter().map(String::as_str))
                        .hint(format!("it has {}", list(of))),
                );
            }
            Some(at.value.clone())
        };
        let quality = choice(
            "quality",
            layers.get(|f| f.quality.as_ref()).map(|found| found.value),
            known.map(|k| k.qualities.as_slice()),
        )
        .or_else(|| known.and_then(|k| k.default_quality.clone()));
        let background = choice(
            "background",
            layers
                .get(|f| f.background.as_ref())
                .map(|found| found.value),
            known.map(|k| k.backgrounds.as_slice()),
        );
        let mut candidates = 1;
        if let Some(found) = layers.get(|f| f.candidates.as_ref()) {
            candidates = found.value.value;
            if let Some(known) = known
                && candidates > known.max_n
            {
                problems.push(
                    Diagnostic::error(format!(
                        "`{}` gives at most {} candidates, not {candidates}",
                        model.value, known.max_n
                    ))
                    .at(found.value.place.clone()),
                );
            }
        }
        let (width, height) = (target.preset.width, target.preset.height);
        let size = match known {
            Some(known) => model::request_size(known, width, height),
            None => Some((width, height)),
        };
        let Some((width, height)) = size else {
            problems.push(
                Diagnostic::error(format!(
                    "`{}` has no size that covers {width}x{height}",
                    model.value
                ))
                .at(target.place.clone()),
            );
            return Err(problems);
        };
        let mut references = match self.references(ready, target) {
            Ok(references) => references,
            Err(more) => {
                problems.extend(more);
                Vec::new()
            }
        };
        if let From::After(main) = &target.from {
            references.insert(0, Picture::Asset(main.clone()));
        }
        if let Some(known) = known
            && references.len() > known.max_references as usize
        {
            problems.push(
                Diagnostic::error(format!(
                    "`{}` takes at most {} reference pictures, not {}",
                    model.value,
                    known.max_references,
                    references.len()
                ))
                .at(target.place.clone()),
            );
        }
        let mask = match layers.get(|f| f.mask.as_ref()) {
            Some(found) => match self.picture(found.folder, found.value) {
                Ok(picture) => Some(picture),
                Err(problem) => {
                    problems.push(problem);
                    None
                }
            },
            None => None,
        };
        let prompt = match self.prompt(template, context) {
            Ok(prompt) => prompt,
            Err(more) => {
                problems.extend(more);
                String::new()
            }
        };
        if !problems.is_empty() {
            return Err(problems);
        }
        let params = layers.get(|f| f.params.as_ref());
        let first = Request {
            model: model.value.clone(),
            adapter: model::ADAPTER,
            operation: if references.is_empty() {
                Operation::Generate
            } else {
                Operation::Edit
            },
            width,
            height,
            prompt,
            page: None,
            quality,
            background,
            candidates,
            format: "png".to_owned(),
            params: params.map_or(serde_json::Value::Null, |found| found.value.value.clone()),
            variant: self.variant(ready),
            references,
            mask,
        };
        let mut shots = vec![first];
        let mut text = ready.text.clone();
        for edit in self.edits(ready) {
            text = self.text_after(ready, &text, edit)?;
            // Under an overlay the new words are its own, and the model only changes the picture.
            let told = match ready.overlay {
                Some(_) => &Text::default(),
                None => &text,
            };
            let shot = self.edit(ready, &shots[0], edit, told, context)?;
            shots.push(shot);
        }
        Ok(shots)
    }

    pub(super) fn edit(
        &self,
        ready: &Ready<'a>,
        first: &Request,
        edit: &Edit,
        text: &Text,
        context: &Context,
    ) -> Result<Request, Problems> {
        let change = self.string(&edit.change, context).map_err(|p| vec![p])?;
        let keep = match &edit.keep {
            Some(keep) => self.string(keep, context).map_err(|p| vec![p])?,
            None => "everything else".to_owned(),
        };
        let value = minijinja::Value::from_pairs([("change", change), ("keep", keep)]);
        let context = context
            .with("edit", value)
            .with("text", context::text(text));
        let mask = match &edit.mask {
            Some(at) => {
                let folder = ready
                    .unit
                    .layers
                    .get(|f| (!f.edits.is_empty()).then_some(&f.edits));
                let folder = folder.map_or("", |found| found.folder);
                Some(self.picture(folder, at).map_err(|p| vec![p])?)
            }
            None => None,
        };
        Ok(Request {
            operation: Operation::Edit,
            prompt: self.prompt("edit", &context)?,
            references: vec![Picture::Previous],
            mask,
            // Candidates are for the first shot, which is chosen from: an edit of the chosen one that
            // asked for as many again would cost as much again.
            candidates: 1,
            ..first.clone()
        })
    }

    /// `references`, and what `series` adds to a slide.
    pub(super) fn references(
        &self,
        ready: &Ready<'a>,
        target: &Target<'_>,
    ) -> Result<Vec<Picture>, Problems> {
        let layers = &ready.unit.layers;
        let mut pictures = Vec::new();
        let mut problems = Vec::new();
        if let (Some(slide), Some(found)) = (&ready.unit.slide, layers.get(|f| f.series.as_ref())) {
            match found.value.value.as_str() {
                "none" => {}
                "first" if slide.number > 1 => pictures.push(Picture::Asset(slide.first.clone())),
                "previous" => pictures.extend(slide.previous.clone().map(Picture::Asset)),
                "first" => {}
                _ => match self.picture(found.folder, found.value) {
                    Ok(picture) => pictures.push(picture),
                    Err(problem) => problems.push(problem.hint(
                        "`series` is `first`, `previous`, `none` or a picture of the project",
                    )),
                },
            }
        }
        let found = layers.get(|f| f.references.as_ref());
        let folder = found.map_or("", |found| found.folder);
        for reference in found.map_or(&[][..], |found| found.value.as_slice()) {
            match reference {
                Reference::Asset(at) => match self.string(at, &ready.context) {
                    Ok(id) => pictures.push(Picture::Asset(id)),
                    Err(problem) => problems.push(problem),
                },
                Reference::Files(at) if is_glob(&at.value) => {
                    match self.tree.glob(folder, &at.value) {
                        Ok(files) if files.is_empty() => problems.push(
                            Diagnostic::error(format!("no file matches `{}`", at.value))
                                .at(at.place.clone()),
                        ),
                        Ok(files) => {
                            for file in files {
                                match self.file(&file, &at.place) {
                                    Ok(picture) => pictures.push(picture),
                                    Err(problem) => problems.push(problem),
                                }
                            }
                        }
                        Err(why) => problems.push(
                            Diagnostic::error(format!("`{}` {why}", at.value)).at(at.place.clone()),
                        ),
                    }
                }
                Reference::Files(at) => {
                    let rendered = self.string(at, &ready.context).map(|value| At {
                        value,
                        place: at.place.clone(),
                    });
                    match rendered.and_then(|at| self.picture(folder, &at)) {
                        Ok(picture) => pictures.push(picture),
                        Err(problem) => problems.push(problem),
                    }
                }
            }
        }
        if pictures.contains(&Picture::Asset(target.id.clone())) {
            problems.push(
                Diagnostic::error(format!("cyclic reference: {id} -> {id}", id = target.id))
                    .at(target.place.clone())
                    .hint("an asset cannot take its own picture"),
            );
        }
        if problems.is_empty() {
            Ok(pictures)
        } else {
            Err(problems)
        }
    }

    pub(super) fn picture(&self, folder: &str, at: &At<String>) -> Result<Picture, Diagnostic> {
        let path = ProjectPath::join(folder, &at.value).map_err(|why| {
            Diagnostic::error(format!("`{}` {why}", at.value)).at(at.place.clone())
        })?;
        self.file(&path, &at.place)
    }

    pub(super) fn file(&self, path: &ProjectPath, place: &Place) -> Result<Picture, Diagnostic> {
        let digest = self
            .world
            .digest(path, MAX_PICTURE_BYTES)
            .map_err(|e| Diagnostic::error(e.to_string()).at(place.clone()))?;
        Ok(Picture::File(path.clone(), digest))
    }
}

/// The model in the table; none for a provider whose models are not in it.
fn known_model(id: &ModelId) -> Result<Option<&'static Model>, Diagnostic> {
    let table = model::builtin();
    let listed = table
        .names()
        .any(|name| name.starts_with(&format!("{}/", id.provider)));
    if !listed && table.get(id).is_none() {
        return Ok(None);
    }
    table.usable(id).map(Some)
}
