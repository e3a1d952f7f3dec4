//! What a template sees: `text`, `vars`, `style`, `preset`, `item`, `file`, `slide`, `edit` and `overlay`
//! where there is one, and nothing else.

use minijinja::Value;
use minijinja::value::Serde;

use crate::manifest::Style;
use crate::preset::Preset;
use crate::spec::file::Section;
use base::text::{Text, Words};

pub use crate::template::Context;

/// `slide`: which one of how many, from 1, and what the section says that it is made of.
pub fn slide(number: usize, total: usize, section: Option<&Section>) -> Value {
    let place = [
        ("number", Value::from(number)),
        ("total", Value::from(total)),
        ("first", Value::from(number == 1)),
        ("last", Value::from(number == total)),
    ];
    let said = section.map(|section| {
        [
            ("title", Value::from(section.title.as_str())),
            ("body", Value::from(section.body.as_str())),
        ]
    });
    Value::from_pairs(place.into_iter().chain(said.into_iter().flatten()))
}

/// `text`: what stands in each role; roles without words are not defined.
pub fn text(text: &Text) -> Value {
    Value::from_pairs(text.iter().map(|(role, words)| {
        let value = match words {
            Words::One(text) => Value::from(text.as_str()),
            Words::Many(texts) => texts.iter().map(String::as_str).map(Value::from).collect(),
        };
        (role.to_owned(), value)
    }))
}

/// `style`: its name, prompt and vars; empty without one.
pub fn style(named: Option<(&str, &Style)>) -> Value {
    let (name, prompt, vars) = match named {
        Some((name, style)) => {
            let vars = style
                .vars
                .iter()
                .map(|(name, at)| (name.as_str(), Value::from(Serde(&at.value))));
            let vars = Value::from_pairs(vars);
            (name, style.prompt.as_str(), vars)
        }
        None => (
            "",
            "",
            Value::from_pairs(std::iter::empty::<(&str, Value)>()),
        ),
    };
    Value::from_pairs([
        ("name", Value::from(name)),
        ("prompt", Value::from(prompt)),
        ("vars", vars),
    ])
}

/// `preset`.
pub fn preset(preset: &Preset) -> Value {
    let safe = Value::from_pairs([
        ("top", preset.safe.top),
        ("right", preset.safe.right),
        ("bottom", preset.safe.bottom),
        ("left", preset.safe.left),
    ]);
    Value::from_pairs([
        ("name", Value::from(preset.name.as_str())),
        ("title", Value::from(preset.title.as_str())),
        ("width", Value::from(preset.width)),
        ("height", Value::from(preset.height)),
        ("ratio", Value::from(preset.ratio())),
        ("shape", Value::from(preset.shape())),
        ("safe", safe),
    ])
}
