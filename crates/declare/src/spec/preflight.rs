//! What a request asks for against what its model can, before anything is sent: every refusal that can
//! be foreseen is told at its place. What a model can is in the table; only what is gpbuild's own to
//! say of a parameter is here. Asks nobody, and makes no request.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::manifest::At;
use crate::spec::Problems;
use crate::spec::ready::Ready;
use base::diagnostic::{Diagnostic, Place, list};
use export::{Export, Format, ImageInfo};
use model::request::{Picture, Request};
use model::{Model, ModelId, Models};
use provider::table::Row;

/// The background that only some formats can have.
const TRANSPARENT: &str = "transparent";

/// A request that is being put together, and what is wrong with it so far.
pub struct Preflight<'m> {
    id: &'m ModelId,
    /// Nothing if no model of the provider is in the table: then anything goes.
    model: Option<&'m Model>,
    /// Its provider, if it can be asked.
    row: Option<&'m Row>,
    /// Who else there is.
    models: &'m Models,
    /// What is wrong.
    pub problems: Problems,
}

impl<'m> Preflight<'m> {
    /// Nothing wrong yet.
    pub fn new(
        id: &'m ModelId,
        model: Option<&'m Model>,
        row: Option<&'m Row>,
        models: &'m Models,
    ) -> Self {
        Self {
            id,
            model,
            row,
            models,
            problems: Vec::new(),
        }
    }

    /// Takes what came out right, and notes what is wrong otherwise.
    pub fn keep<T: Default>(&mut self, result: Result<T, Problems>) -> T {
        result.unwrap_or_else(|problems| {
            self.problems.extend(problems);
            T::default()
        })
    }

    /// `quality`, `background`: a word of a column. An empty column takes any.
    pub fn word(
        &mut self,
        field: &str,
        at: Option<&At<String>>,
        column: impl Fn(&Model) -> &[String],
    ) -> Option<String> {
        let at = at?;
        let of = self.model.map_or(&[][..], &column);
        if !of.is_empty() && !of.contains(&at.value) {
            let error = Diagnostic::error(format!("`{}` has no {field} `{}`", self.id, at.value))
                .at(at.place.clone())
                .did_you_mean(&at.value, of.iter().map(String::as_str))
                .hint(format!("it has {}", list(of)));
            let who = who_has(self.models, |model| column(model).contains(&at.value));
            self.problems.push(with(error, who));
        }
        Some(at.value.clone())
    }

    /// The quality of whoever says none.
    pub fn default_quality(&self) -> Option<String> {
        self.model?.default_quality.clone()
    }

    /// How many pictures; one if nothing is said.
    pub fn candidates(&mut self, at: Option<&At<u32>>) -> u32 {
        let Some(at) = at else {
            return 1;
        };
        if let Some(model) = self.model
            && at.value > model.max_n
        {
            let most = match model.max_n {
                1 => "one candidate".to_owned(),
                most => format!("{most} candidates"),
            };
            let error = Diagnostic::error(format!(
                "`{}` gives at most {most}, not {}",
                self.id, at.value
            ))
            .at(at.place.clone());
            let who = who_has(self.models, |model| model.max_n >= at.value);
            self.problems.push(with(error, who));
        }
        at.value
    }

    /// The size to ask for, for one to deliver.
    pub fn size(&mut self, width: u32, height: u32, place: &Place) -> (u32, u32) {
        let Some(model) = self.model else {
            return (width, height);
        };
        model::request_size(model, width, height).unwrap_or_else(|| {
            self.problems.push(
                Diagnostic::error(format!(
                    "`{}` has no size that covers {width}x{height}",
                    self.id
                ))
                .at(place.clone())
                .hint(format!("it draws {}", model.sizes.words())),
            );
            (width, height)
        })
    }

    /// How many reference pictures.
    pub fn references(&mut self, references: &[Picture], place: &Place) {
        let Some(model) = self.model else {
            return;
        };
        let most = model.max_references;
        if references.len() > most as usize {
            let message = match most {
                0 => format!("`{}` takes no reference pictures", self.id),
                _ => format!(
                    "`{}` takes at most {most} reference pictures, not {}",
                    self.id,
                    references.len()
                ),
            };
            self.problems
                .push(Diagnostic::error(message).at(place.clone()));
        }
    }

    /// A prompt, as it will be sent.
    pub fn prompt(&mut self, prompt: &str, place: &Place) {
        let Some(most) = self.model.and_then(|model| model.max_prompt) else {
            return;
        };
        let length = prompt.chars().count();
        if length > most as usize {
            self.problems.push(
                Diagnostic::error(format!(
                    "the prompt has {length} characters; `{}` takes at most {most}",
                    self.id
                ))
                .at(place.clone())
                .hint("shorten its texts, or write a shorter prompt: `templates/NAME.prompt` of your own comes before the built-in one of its name"),
            );
        }
    }

    /// A mask: PNG with alpha, as large as the picture `under` it, where that is known.
    pub fn mask(&mut self, mask: &Mask<'_>, under: Option<(u32, u32)>) {
        let Some(model) = self.model else {
            return;
        };
        let Mask { name, seen, .. } = mask;
        let mut wrong = |message: String, hint: &str| {
            self.problems
                .push(Diagnostic::error(message).at(mask.place.clone()).hint(hint));
        };
        let meaning = "a mask is a PNG: where it is transparent, the picture may change";
        if seen.format != Format::Png {
            wrong(format!("the mask `{name}` is no PNG"), meaning);
        } else if !seen.alpha {
            wrong(format!("the mask `{name}` has no transparency"), meaning);
        }
        if let Some((width, height)) = under
            && (seen.width, seen.height) != (width, height)
        {
            wrong(
                format!(
                    "the mask `{name}` is {}x{}; the picture under it is {width}x{height}",
                    seen.width, seen.height
                ),
                "a mask is as large as the picture that it is laid on",
            );
        }
        if let Some(most) = model.max_mask_bytes
            && mask.bytes > most
        {
            wrong(
                format!(
                    "the mask `{name}` has {} bytes; `{}` takes at most {most}",
                    mask.bytes, self.id
                ),
                "a mask of two colours is small: save it with a palette",
            );
        }
    }

    /// A mask without a picture to lay it on.
    pub fn no_picture_under(&mut self, mask: &Mask<'_>) {
        self.problems.push(
            Diagnostic::error(format!(
                "there is no picture under the mask `{}`",
                mask.name
            ))
            .at(mask.place.clone())
            .hint("a mask belongs to the first of `references`, or to an edit step"),
        );
    }

    /// `params`, all of which are sent as they stand.
    pub fn params(
        &mut self,
        params: Option<&BTreeMap<String, At<Value>>>,
        background: Option<&str>,
    ) -> Value {
        let Some(params) = params else {
            return Value::Null;
        };
        for (name, at) in params {
            if let Some(model) = self.model
                && let Some(problem) = self.param(model, name, at)
            {
                self.problems.push(problem.at(at.place.clone()));
            }
        }
        let written: Map<String, Value> = params
            .iter()
            .map(|(name, at)| (name.clone(), at.value.clone()))
            .collect();
        if let (Some(_), Some(row)) = (self.model, self.row) {
            for problem in row.shape.params(&written, background) {
                let place = params.get(problem.name).map(|at| at.place.clone());
                let error = Diagnostic::error(problem.message).hint(problem.hint);
                self.problems.push(match place {
                    Some(place) => error.at(place),
                    None => error,
                });
            }
        }
        Value::Object(written)
    }

    fn param(&self, model: &Model, name: &str, at: &At<Value>) -> Option<Diagnostic> {
        let rule = model.params.as_ref().and_then(|rules| rules.get(name));
        // Whatever a project says of its model: a second `n` would be paid for, and in no estimate.
        let rule = rule.filter(|_| !SET_HERE.contains(&name));
        if let Some(rule) = rule {
            let wrong = || {
                Diagnostic::error(format!(
                    "`{name}` of `{}` must be {}",
                    self.id,
                    rule.words()
                ))
            };
            return (!rule.takes(&at.value)).then(wrong);
        }
        let of_provider = || self.row?.instead.get(name).map(String::as_str);
        if let Some(instead) = instead_of(name).or_else(of_provider) {
            return Some(Diagnostic::error(format!("`{name}` is not for `params`")).hint(instead));
        }
        let rules = model.params.as_ref()?;
        let known: Vec<&str> = rules.keys().map(String::as_str).collect();
        let error = Diagnostic::error(format!("`{}` takes no parameter `{name}`", self.id))
            .did_you_mean(name, known.iter().copied());
        Some(match known.as_slice() {
            [] => error,
            known => error.hint(format!("it takes {}", list(known))),
        })
    }
}

/// Who else can be asked for a field of the manifest, for a hint.
pub fn who_can(models: &Models, field: &str) -> Option<String> {
    match field {
        "quality" => who_has(models, |model| !model.qualities.is_empty()),
        "background" => who_has(models, |model| model.backgrounds.len() > 1),
        "candidates" => who_has(models, |model| model.max_n > 1),
        "references" => who_has(models, |model| model.max_references > 0),
        "mask" => who_has(models, |model| model.max_mask_bytes.is_some()),
        _ => None,
    }
}

fn who_has(models: &Models, has: impl Fn(&Model) -> bool) -> Option<String> {
    match models.one_of_each(has).as_slice() {
        [] => None,
        some => Some(format!("{} can", list(some))),
    }
}

/// An error with a hint, if there is one.
pub fn with(error: Diagnostic, hint: Option<String>) -> Diagnostic {
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// What gpbuild itself puts into a request.
const SET_HERE: [&str; 9] = [
    "model",
    "prompt",
    "n",
    "size",
    "quality",
    "background",
    "image",
    "images",
    "mask",
];

/// A file that is to be a mask.
pub struct Mask<'a> {
    /// Its path, as people know it.
    pub name: String,
    /// Where it is named.
    pub place: &'a Place,
    /// What its first bytes say.
    pub seen: ImageInfo,
    /// Its size.
    pub bytes: u64,
}

/// What to do instead of setting a parameter that gpbuild sets itself.
fn instead_of(name: &str) -> Option<&'static str> {
    Some(match name {
        "model" | "quality" | "background" | "mask" | "size" => {
            "set it on the asset, beside `params`: then it is checked"
        }
        "n" => "`candidates = 4` asks for four pictures",
        "prompt" => "the prompt is what the template gives",
        "image" | "images" => "`references = [\"photo.png\"]` sends pictures along",
        _ => return None,
    })
}

/// A transparent picture that is delivered in a format which cannot be.
pub fn opaque(ready: &Ready<'_>, shots: &[Request], export: &Export) -> Option<Diagnostic> {
    let last = shots.last()?.prompt()?;
    if last.background.as_deref() != Some(TRANSPARENT) || export.format != Format::Jpeg {
        return None;
    }
    let found = ready.unit.layers.get(|f| f.background.as_ref());
    let error = Diagnostic::error("the transparent background would be lost: the output is a JPEG")
        .hint("`format = \"png\"` or `\"webp\"` keeps it");
    Some(match found {
        Some(found) => error.at(found.value.place.clone()),
        None => error,
    })
}
