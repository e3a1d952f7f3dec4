//! A unit with its style, vars and words rendered, and its preset found: all that does not depend on
//! which target is made.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::Value;
use minijinja::value::Serde;

use crate::emoji::without_emoji;
use crate::manifest::{At, RawWords, Style};
use crate::markdown::unmarked;
use crate::preset::{self, Preset};
use crate::spec::Origin;
use crate::spec::context::{self, Context};
use crate::spec::layers::Target;
use crate::spec::resolve::{Resolver, Unit};
use base::diagnostic::{Diagnostic, Place, beginning, list};
use base::path::ProjectPath;
use base::text::{Text, Words};

/// The vars that name a picture which a layout shows.
const PICTURES: [&str; 2] = ["background_image", "logo"];
/// Switches an inherited picture off.
const NO_PICTURE: &str = "none";

/// A unit with its style, vars and words rendered.
pub struct Ready<'a> {
    /// The unit.
    pub unit: Unit<'a>,
    /// The words of the first shot, with their marks.
    pub text: Text,
    /// The name of the layout that is drawn over the picture; the words are its own then.
    pub overlay: Option<At<String>>,
    /// What templates see, all but `preset`.
    pub context: Context,
    /// Where values came from.
    pub origins: Vec<Origin>,
}

impl<'a> Resolver<'a> {
    pub(super) fn ready(&self, unit: Unit<'a>) -> Result<Ready<'a>, Vec<Diagnostic>> {
        let mut problems = Vec::new();
        let mut origins = Vec::new();
        let style = self.style(&unit, &mut problems, &mut origins);
        let mut context = unit.context.with(
            "style",
            context::style(style.as_ref().map(|(n, s)| (n.as_str(), *s))),
        );
        let mut vars: BTreeMap<String, serde_json::Value> = BTreeMap::new();
        for (name, at) in unit.layers.vars(style.map(|(_, style)| style)) {
            let rendered = self
                .rendered(&at.value, &at.place, &context)
                .and_then(|value| picture(name, value, &at.place));
            match rendered {
                Ok(serde_json::Value::Null) => {}
                Ok(value) => {
                    if self.options.explain {
                        origins.push(origin(
                            &format!("vars.{name}"),
                            &value.to_string(),
                            &at.place,
                            "",
                        ));
                    }
                    vars.insert(name.to_owned(), value);
                }
                Err(problem) => problems.push(problem),
            }
        }
        context = context.with("vars", Value::from(Serde(&vars)));
        let text = self.text(&unit, &context, &mut problems, &mut origins);
        context = context::with_text(&context, &text);
        let overlay = match self.overlay_name(&unit, &context, &mut origins) {
            Ok(name) => name,
            Err(problem) => {
                problems.push(problem);
                None
            }
        };
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Ready {
            unit,
            text,
            overlay,
            context,
            origins,
        })
    }

    fn style(
        &self,
        unit: &Unit<'a>,
        problems: &mut Vec<Diagnostic>,
        origins: &mut Vec<Origin>,
    ) -> Option<(String, &'a Style)> {
        let found = unit.layers.get(|f| f.style.as_ref())?;
        let name = match self.string(found.value, &unit.context) {
            Ok(name) => name,
            Err(problem) => {
                problems.push(problem);
                return None;
            }
        };
        if self.options.explain {
            origins.push(origin("style", &name, &found.value.place, found.layer));
        }
        if let Some(style) = self.manifest.styles.get(&name) {
            return Some((name, style));
        }
        let known = self.manifest.styles.keys().map(String::as_str);
        let mut problem = Diagnostic::error(format!("there is no style `{name}`"))
            .at(found.value.place.clone())
            .did_you_mean(&name, known);
        if problem.hints.is_empty() {
            let known: Vec<&str> = self.manifest.styles.keys().map(String::as_str).collect();
            problem = problem.hint(format!(
                "a style is declared as `[style.{name}]`; there are {}",
                list(&known)
            ));
        }
        problems.push(problem);
        None
    }

    /// A value whose strings are rendered, however deep they are.
    fn rendered(
        &self,
        value: &serde_json::Value,
        place: &Place,
        context: &Context,
    ) -> Result<serde_json::Value, Diagnostic> {
        use serde_json::Value as Json;
        Ok(match value {
            Json::String(text) => {
                let raw = At {
                    value: text.clone(),
                    place: place.clone(),
                };
                Json::String(self.string(&raw, context)?)
            }
            Json::Array(items) => Json::Array(
                items
                    .iter()
                    .map(|item| self.rendered(item, place, context))
                    .collect::<Result<_, _>>()?,
            ),
            Json::Object(map) => Json::Object(
                map.iter()
                    .map(|(key, item)| Ok((key.clone(), self.rendered(item, place, context)?)))
                    .collect::<Result<_, Diagnostic>>()?,
            ),
            other => other.clone(),
        })
    }

    /// The words. A column fills its role, unless the carousel maps that role itself with a template;
    /// a slide's own table always wins.
    fn text(
        &self,
        unit: &Unit<'a>,
        context: &Context,
        problems: &mut Vec<Diagnostic>,
        origins: &mut Vec<Origin>,
    ) -> Text {
        let raw = unit.layers.text();
        let mut entries: Vec<(String, Words)> = Vec::new();
        for (role, column) in &unit.columns {
            let mapped = raw
                .get(role.as_str())
                .is_some_and(|at| is_mapped(&at.value));
            if !mapped && !column.trim().is_empty() {
                if self.options.explain {
                    origins.push(Origin {
                        field: format!("text.{role}"),
                        value: column.clone(),
                        from: "its row".to_owned(),
                    });
                }
                let column = Words::One(column.clone());
                match self.as_seen(unit, role, column, &unit.place) {
                    Ok(words) => entries.push((role.clone(), words)),
                    Err(problem) => problems.push(problem),
                }
            }
        }
        for (role, at) in raw {
            if entries.iter().any(|(r, _)| r == role) {
                continue;
            }
            let words = self.words(at, context);
            match words.and_then(|words| self.as_seen(unit, role, words, &at.place)) {
                Ok(words) => {
                    if self.options.explain {
                        let value = words.each().collect::<Vec<_>>().join(" | ");
                        origins.push(origin(&format!("text.{role}"), &value, &at.place, ""));
                    }
                    entries.push((role.to_owned(), words));
                }
                Err(problem) => problems.push(problem),
            }
        }
        Text::new(entries, &self.manifest.project.roles)
    }

    pub(super) fn words(&self, at: &At<RawWords>, context: &Context) -> Result<Words, Diagnostic> {
        let one = |text: &String| {
            let raw = At {
                value: text.clone(),
                place: at.place.clone(),
            };
            self.string(&raw, context)
        };
        Ok(match &at.value {
            RawWords::One(text) => Words::One(one(text)?),
            RawWords::Many(texts) => Words::Many(texts.iter().map(one).collect::<Result<_, _>>()?),
        })
    }

    /// Words as they are drawn: without emoji, if they are to be dropped. Words of which nobody would see anything are
    /// refused; what is empty is meant to be.
    pub(super) fn as_seen(
        &self,
        unit: &Unit<'a>,
        role: &str,
        words: Words,
        place: &Place,
    ) -> Result<Words, Diagnostic> {
        let unseen = words
            .each()
            .find(|text| !text.trim().is_empty() && !is_seen(text));
        if let Some(text) = unseen {
            let held: Vec<String> = text
                .chars()
                .take(5)
                .map(|c| format!("U+{:04X}", u32::from(c)))
                .collect();
            return Err(Diagnostic::error(format!(
                "`text.{role}` draws nothing: all that it holds is {}",
                held.join(" ")
            ))
            .at(place.clone())
            .hint("write what is to be read there, or leave it empty"));
        }
        let Some(found) = unit.layers.get(|f| f.emoji.as_ref()) else {
            return Ok(words);
        };
        match found.value.value.as_str() {
            "drop" => {
                let dropped = words.map(without_emoji);
                if role == "headline" && dropped.is_empty() && !words.is_empty() {
                    let message = "`text.headline` draws nothing: it holds emoji alone, and `emoji` is `drop`";
                    return Err(Diagnostic::error(message).at(place.clone()));
                }
                Ok(dropped)
            }
            "draw" => Ok(words),
            other => Err(Diagnostic::error(format!(
                "`emoji` is `drop` or `draw`, not `{}`",
                beginning(other)
            ))
            .at(found.value.place.clone())
            .did_you_mean(other, ["drop", "draw"])),
        }
    }

    /// The preset that an asset names, or one made of its size.
    pub(super) fn preset(&self, ready: &Ready<'a>) -> Result<(Preset, Option<Origin>), Diagnostic> {
        let unit = &ready.unit;
        match unit.layers.target() {
            Target::Preset(at) => {
                let name = self.string(at, &ready.context)?;
                let from = origin("preset", &name, &at.place, "");
                Ok((self.named_preset(&name, &at.place)?, Some(from)))
            }
            Target::Size(at) => {
                let (width, height) = at.value;
                let name = format!("{width}x{height}");
                let from = origin("size", &name, &at.place, "");
                Ok((Preset::of_size(width, height), Some(from)))
            }
            Target::Both(preset, size) => Err(Diagnostic::error(
                "both `preset` and `size` are set: which one is meant?",
            )
            .at(size.place.clone())
            .also_at(preset.place.clone(), "the preset")),
            Target::None => Err(Diagnostic::error(format!(
                "asset `{}` has neither a preset nor a size",
                unit.id
            ))
            .at(unit.place.clone())
            .hint("add `preset = \"xiaohongshu-cover\"`, or `size = \"1080x1440\"`")),
        }
    }

    pub(super) fn named_preset(&self, name: &str, place: &Place) -> Result<Preset, Diagnostic> {
        let own = self.manifest.presets.get(name);
        if let Some(preset) = own.or_else(|| preset::builtin().get(name)) {
            return Ok(preset.clone());
        }
        let known = self.manifest.presets.keys().chain(preset::builtin().keys());
        let known: BTreeSet<&str> = known.map(String::as_str).collect();
        let mut problem = Diagnostic::error(format!("there is no preset `{name}`"))
            .at(place.clone())
            .did_you_mean(name, known.iter().copied());
        if problem.hints.is_empty() {
            let known: Vec<&str> = known.into_iter().collect();
            problem = problem.hint(format!("there are {}", list(&known)));
            problem = problem.hint(format!(
                "a preset of your own is declared as `[preset.{name}]` with `size = [1080, 1440]`"
            ));
        }
        Err(problem)
    }
}

/// A var as templates see it: those that name a picture by its path from the project's root, as every
/// page does, while a manifest writes it as its other paths; none if it is switched off.
fn picture(
    name: &str,
    value: serde_json::Value,
    place: &Place,
) -> Result<serde_json::Value, Diagnostic> {
    use serde_json::Value as Json;
    if !PICTURES.contains(&name) {
        return Ok(value);
    }
    let Json::String(path) = &value else {
        return Err(
            Diagnostic::error(format!("`{name}` is not the path of a picture"))
                .at(place.clone())
                .hint(format!("write `{name} = \"img/NAME.png\"`")),
        );
    };
    if path == NO_PICTURE {
        return Ok(Json::Null);
    }
    let folder = place.source.name.rsplit_once('/').map_or("", |(f, _)| f);
    let joined = ProjectPath::join(folder, path).map_err(|why| {
        Diagnostic::error(format!("`{name}`: the path {why}"))
            .at(place.clone())
            .hint(
                "a picture of a layout is a file of the project; its path is relative to this file",
            )
    })?;
    Ok(Json::String(joined.as_str().to_owned()))
}

/// Whether anything of a text is seen: its marks are not drawn, nor are characters without a width.
fn is_seen(text: &str) -> bool {
    let drawn =
        |c: char| !c.is_whitespace() && !c.is_control() && !is_invisible(c) && !"`*~".contains(c);
    unmarked(text).chars().any(drawn)
}

/// Whether a text may hold a character and nobody sees it.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a carousel's text maps the data itself.
fn is_mapped(words: &RawWords) -> bool {
    match words {
        RawWords::One(text) => text.contains("item"),
        RawWords::Many(texts) => texts.iter().any(|text| text.contains("item")),
    }
}

/// The origin of a value written in a manifest.
pub fn origin(field: &str, value: &str, place: &Place, layer: &str) -> Origin {
    let (line, _) = place.line_column();
    let at = format!("{}:{line}", place.source.name);
    Origin {
        field: field.to_owned(),
        value: value.to_owned(),
        from: if layer.is_empty() {
            at
        } else {
            format!("{layer}, {at}")
        },
    }
}
