//! From a unit with its words to its specs: its own target, and each of `also`. Which model makes them,
//! which template says how.

use std::collections::BTreeSet;

use crate::manifest::{Also, At, Edit, Providers};
use crate::markdown::unmarked;
use crate::preset::Preset;
use crate::spec::context::{self, Context};
use crate::spec::preflight::opaque;
use crate::spec::ready::{Ready, origin};
use crate::spec::resolve::Resolver;
use crate::spec::{Origin, Problems, Recipe, Shots, Spec};
use crate::template;
use base::diagnostic::{Diagnostic, Place, list};
use base::text::Text;
use export::Crop;
use model::ModelId;
use model::request::Request;

/// The largest picture that is read for a request or a page, in bytes; a provider may take less.
pub const MAX_REFERENCE_BYTES: u64 = 49_999_999;
/// The template of a cover that names none.
const COVER: &str = "cover";
/// The template of a slide that names none.
pub const SLIDE: &str = "slide";

/// One target of a unit.
pub struct Target<'a> {
    /// Its id.
    pub id: String,
    /// What is delivered.
    pub preset: Preset,
    /// The part of the picture that is delivered.
    pub crop: Option<Crop>,
    /// Where it is declared.
    pub place: Place,
    /// What the picture is made from.
    pub from: From<'a>,
}

/// What a target's picture is made from.
pub enum From<'a> {
    /// Its own request.
    Own,
    /// The same shots as the main target, exported otherwise.
    Shared(&'a [Request]),
    /// Its own request, with the main target's picture to go by.
    After(String),
}

/// What the templates of a target may speak of.
struct Contexts {
    /// Its output and its group: no words.
    plain: Context,
    /// Its first shot: the words that are to be in that picture.
    first: Context,
    /// What is shown in the end: the words after all edits.
    finished: Context,
}

impl Contexts {
    fn new(ready: &Ready<'_>, target: &Target<'_>, first: &Text, finished: &Text) -> Self {
        let preset = context::preset(&target.preset);
        let plain = ready.context.with("preset", preset);
        let first = context::with_text(&plain, first);
        Self {
            first: match &ready.overlay {
                Some(name) => first.with("overlay", minijinja::Value::from(name.value.as_str())),
                None => first,
            },
            finished: context::with_text(&plain, finished),
            plain,
        }
    }
}

impl<'a> Resolver<'a> {
    /// The specs of a unit: its own target, then each of `also`.
    pub(super) fn targets(&self, ready: &Ready<'a>) -> Result<Vec<Spec>, Problems> {
        let unit = &ready.unit;
        let (preset, preset_origin) = self.preset(ready).map_err(|p| vec![p])?;
        let (model, model_origin) = self.model(ready)?;
        let main = Target {
            id: unit.id.clone(),
            preset,
            crop: None,
            place: unit.place.clone(),
            from: From::Own,
        };
        let mut first = self.target(ready, &main, &model)?;
        first.origins.extend(preset_origin);
        first.origins.extend(model_origin);
        first.origins.sort_by(|a, b| a.field.cmp(&b.field));
        let mut specs = vec![first];
        let mut problems = Vec::new();
        let also = unit.layers.get(|f| f.also.as_ref());
        for extra in also.map_or(&[][..], |found| found.value.as_slice()) {
            let built = self
                .also(ready, extra, &specs[0], &model)
                .and_then(|target| self.target(ready, &target, &model));
            match built {
                Ok(spec) => specs.push(spec),
                Err(more) => problems.extend(more),
            }
        }
        if problems.is_empty() {
            Ok(specs)
        } else {
            Err(problems)
        }
    }

    fn also<'s>(
        &self,
        ready: &Ready<'a>,
        also: &Also,
        main: &'s Spec,
        model: &At<ModelId>,
    ) -> Result<Target<'s>, Problems> {
        let name = self
            .string(&also.preset, &ready.context)
            .map_err(|p| vec![p])?;
        let preset = self
            .named_preset(&name, &also.preset.place)
            .map_err(|p| vec![p])?;
        let local = model.value.is_local();
        let crop = match &also.crop {
            None => None,
            Some(at) => Some(Crop::new(at.value).map_err(|why| {
                vec![Diagnostic::error(format!("the crop {why}")).at(at.place.clone())]
            })?),
        };
        let from = if local {
            // The layout is composed anew for each target: that is free, and better than a crop.
            From::Own
        } else if crop.is_some() || alike(&preset, &main.preset) {
            From::Shared(main.requests())
        } else {
            From::After(main.id.clone())
        };
        Ok(Target {
            id: format!("{}/{name}", main.id),
            preset,
            crop: if local { None } else { crop },
            place: also.preset.place.clone(),
            from,
        })
    }

    /// The model of an asset. In a draft it is a local one, whatever the asset says: a draft that
    /// could cost something would be none.
    pub(super) fn model(
        &self,
        ready: &Ready<'a>,
    ) -> Result<(At<ModelId>, Option<Origin>), Problems> {
        let unit = &ready.unit;
        let from = |id: &ModelId, place: &Place, layer: &str| {
            Some(origin("model", &id.to_string(), place, layer))
        };
        if self.options.is_draft() {
            let asked = self.profile.and_then(|fields| fields.model.as_ref());
            let Some(at) = asked else {
                let value = ModelId::local();
                let place = unit.place.clone();
                return Ok((At { value, place }, None));
            };
            let id = parse_model(at, &self.manifest.providers)?;
            if !id.is_local() {
                return Err(vec![
                    Diagnostic::error(format!("a draft is drawn by `local`, not by `{id}`"))
                        .at(at.place.clone())
                        .hint("give the profile another name: `draft` never costs anything"),
                ]);
            }
            let place = at.place.clone();
            return Ok((At { value: id, place }, None));
        }
        if let Some(id) = &self.options.model {
            let origin = Origin {
                field: "model".to_owned(),
                value: id.to_string(),
                from: "--model".to_owned(),
            };
            let value = id.clone();
            let place = unit.place.clone();
            return Ok((At { value, place }, Some(origin)));
        }
        let Some(found) = unit.layers.get(|f| f.model.as_ref()) else {
            let value = ModelId::local();
            let place = unit.place.clone();
            let origin = Origin {
                field: "model".to_owned(),
                value: value.to_string(),
                from: "default".to_owned(),
            };
            return Ok((At { value, place }, Some(origin)));
        };
        let id = parse_model(found.value, &self.manifest.providers)?;
        let origin = from(&id, &found.value.place, found.layer);
        let place = found.value.place.clone();
        Ok((At { value: id, place }, origin))
    }

    fn target(
        &self,
        ready: &Ready<'a>,
        target: &Target<'_>,
        model: &At<ModelId>,
    ) -> Result<Spec, Problems> {
        let unit = &ready.unit;
        let template = self.template(ready)?;
        let text = self.text_after_edits(ready)?;
        // Under an overlay the picture is made without any words: so they cannot be in its key.
        let first_text = match ready.overlay {
            Some(_) => Text::default(),
            None => ready.text.clone(),
        };
        let contexts = Contexts::new(ready, target, &first_text, &text);
        let requests = self.requests(ready, target, model, &template, &contexts)?;
        let overlay = self.overlay(ready, &contexts.finished)?;
        let prompt = self.shown_prompt(model, &requests, &template, &contexts.first)?;
        let (export, output) = self.output(ready, target, &contexts.plain)?;
        if let Some(problem) = opaque(ready, &requests, &export) {
            return Err(vec![problem]);
        }
        let is_main = target.id == unit.id;
        let group = unit.layers.get(|f| f.group.as_ref()).filter(|_| is_main);
        let group = group
            .map(|found| self.string(found.value, &contexts.plain))
            .transpose()
            .map_err(|p| vec![p])?;
        let pin = unit.layers.get(|f| f.pin.as_ref());
        Ok(Spec {
            id: target.id.clone(),
            output,
            place: target.place.clone(),
            item: unit.item.clone(),
            text: text.map(unmarked),
            preset: target.preset.clone(),
            slide: unit
                .slide
                .as_ref()
                .map(|slide| (slide.carousel.clone(), slide.number)),
            group,
            pin: pin.is_some_and(|found| found.value.value),
            recipe: Recipe::Shots(Shots {
                template,
                first_text: first_text.map(unmarked),
                prompt,
                requests,
                export,
                overlay,
            }),
            origins: ready.origins.clone(),
        })
    }

    /// What is asked for to make the picture.
    fn requests(
        &self,
        ready: &Ready<'a>,
        target: &Target<'_>,
        model: &At<ModelId>,
        template: &str,
        contexts: &Contexts,
    ) -> Result<Vec<Request>, Problems> {
        if let From::Shared(requests) = &target.from {
            return Ok(requests.to_vec());
        }
        if !model.value.is_local() {
            return self.ask(ready, target, model, template, &contexts.first);
        }
        self.refuse_what_only_a_model_can(ready, model)?;
        // A draft shows the picture as it will be after all its edits.
        let context = match ready.overlay {
            Some(_) => &contexts.first,
            None => &contexts.finished,
        };
        Ok(vec![self.draw(ready, target, model, template, context)?])
    }

    /// The prompt that a person is shown: the one that is sent, or, where the picture is drawn and somebody asks,
    /// the one that a model would be.
    fn shown_prompt(
        &self,
        model: &At<ModelId>,
        requests: &[Request],
        template: &str,
        context: &Context,
    ) -> Result<Option<String>, Problems> {
        if !model.value.is_local() {
            let first = requests.first().and_then(Request::prompt);
            return Ok(first.map(|prompt| prompt.text.clone()));
        }
        if !self.options.explain || !self.templates.exists(&format!("{template}.prompt")) {
            return Ok(None);
        }
        self.prompt(template, context).map(Some)
    }

    /// The template's name: one that has at least one face.
    pub(super) fn template(&self, ready: &Ready<'a>) -> Result<String, Problems> {
        let Some(found) = ready.unit.layers.get(|f| f.template.as_ref()) else {
            let default = if ready.unit.slide.is_some() {
                SLIDE
            } else {
                COVER
            };
            return Ok(default.to_owned());
        };
        let name = self
            .string(found.value, &ready.context)
            .map_err(|p| vec![p])?;
        let exists = |ext: &str| self.templates.exists(&format!("{name}.{ext}"));
        if exists("prompt") || exists("html") {
            return Ok(name);
        }
        let stem = |file: &str| file.rsplit_once('.').map(|(stem, _)| stem.to_owned());
        let own = self.tree.files.iter().filter_map(|path| {
            stem(
                path.as_str()
                    .strip_prefix(self.templates.folder())?
                    .strip_prefix('/')?,
            )
        });
        let known: Vec<String> = own.chain(template::built_in().filter_map(stem)).collect();
        let mut problem = Diagnostic::error(format!("there is no template `{name}`"))
            .at(found.value.place.clone())
            .did_you_mean(&name, known.iter().map(String::as_str));
        if problem.hints.is_empty() {
            let known: BTreeSet<&str> = known.iter().map(String::as_str).collect();
            let known: Vec<&str> = known.into_iter().collect();
            problem = problem.hint(format!("there are {}", list(&known)));
        }
        Err(vec![
            problem.hint(format!(
                    "looked for `{folder}/{name}.prompt` and `{folder}/{name}.html`, then among the built-in ones",
                    folder = self.templates.folder()
                )),
        ])
    }

    pub(super) fn prompt(&self, template: &str, context: &Context) -> Result<String, Problems> {
        let name = format!("{template}.prompt");
        if !self.templates.exists(&name) {
            return Err(vec![
                Diagnostic::error(format!("template `{template}` has no prompt")).hint(format!(
                    "a model is told what `{}/{name}` says",
                    self.templates.folder()
                )),
            ]);
        }
        let text = self.templates.render(&name, context).map_err(|p| vec![p])?;
        Ok(text.trim().to_owned())
    }

    /// The words once all edit steps are done, with their marks.
    pub(super) fn text_after_edits(&self, ready: &Ready<'a>) -> Result<Text, Problems> {
        let mut text = ready.text.clone();
        for edit in self.edits(ready) {
            text = self.text_after(ready, &text, edit)?;
        }
        Ok(text)
    }

    pub(super) fn text_after(
        &self,
        ready: &Ready<'a>,
        before: &Text,
        edit: &Edit,
    ) -> Result<Text, Problems> {
        let mut entries: Vec<_> = before
            .iter()
            .map(|(role, words)| (role.to_owned(), words.clone()))
            .collect();
        for (role, at) in &edit.text {
            let words = self.words(at, &ready.context).map_err(|p| vec![p])?;
            let words = self.as_seen(&ready.unit, role, words, &at.place);
            let words = words.map_err(|p| vec![p])?;
            entries.push((role.clone(), words));
        }
        Ok(Text::new(entries, &self.manifest.project.roles))
    }

    pub(super) fn edits(&self, ready: &Ready<'a>) -> &'a [Edit] {
        ready
            .unit
            .layers
            .get(|f| (!f.edits.is_empty()).then_some(&f.edits))
            .map_or(&[], |found| found.value.as_slice())
    }

    pub(super) fn variant(&self, ready: &Ready<'a>) -> u32 {
        let found = ready.unit.layers.get(|f| f.variant.as_ref());
        found.map_or(1, |found| found.value.value)
    }
}

/// Whether two targets have the same ratio, within 2 %; in whole numbers, so that it is the same
/// everywhere.
fn alike(a: &Preset, b: &Preset) -> bool {
    let left = u64::from(a.width) * u64::from(b.height);
    let right = u64::from(b.width) * u64::from(a.height);
    left.abs_diff(right) * 50 <= left.max(right)
}

fn parse_model(at: &At<String>, providers: &Providers) -> Result<ModelId, Problems> {
    let id = ModelId::parse_among(&at.value, &providers.names());
    id.map_err(|why| vec![why.at(at.place.clone())])
}
