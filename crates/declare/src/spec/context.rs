//! What a template sees: `text`, `vars`, `style`, `preset`, `item`, `file`, `slide`, `edit` and `overlay`
//! where there is one, and nothing else.

use minijinja::value::Serde;
use minijinja::{HtmlEscape, Value};

use crate::manifest::Style;
use crate::markdown::{runs, unmarked};
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

/// With `text`: what stands in each role, roles without words are not defined. The marks that it has are drawn as
/// type by layouts, and nobody else sees them.
pub fn with_text(context: &Context, text: &Text) -> Context {
    let typeset = text
        .literals()
        .any(|(_, text)| is_marked(text))
        .then(|| words(text, typeset));
    let plain = words(&text.map(unmarked), |text| Value::from(text));
    context.with_text(plain, typeset)
}

fn words(text: &Text, value: impl Fn(&str) -> Value) -> Value {
    Value::from_pairs(text.iter().map(|(role, words)| {
        let value = match words {
            Words::One(text) => value(text),
            Words::Many(texts) => texts.iter().map(|text| value(text)).collect(),
        };
        (role.to_owned(), value)
    }))
}

fn is_marked(text: &str) -> bool {
    text.contains(['*', '`']) && runs(text).iter().any(|run| run.bold || run.code)
}

/// How code is set: the type of the text that it stands in, on a grey that shows on light and on dark, and not as high
/// as to touch that of the next line.
const CODE: &str = "padding: 0 0.18em; background-image: linear-gradient(transparent 14%, rgba(128, 128, 128, 0.3) 14%, rgba(128, 128, 128, 0.3) 92%, transparent 92%)";

/// A text as HTML.
fn typeset(text: &str) -> Value {
    if !is_marked(text) {
        return Value::from(unmarked(text));
    }
    let mut html = String::with_capacity(text.len() * 2);
    for run in runs(text) {
        let words = HtmlEscape(&run.text);
        let words = match run.code {
            true => format!("<code style=\"{CODE}\">{words}</code>"),
            false => words.to_string(),
        };
        match run.bold {
            true => html += &format!("<b>{words}</b>"),
            false => html += &words,
        }
    }
    Value::from_safe_string(html)
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
