//! minijinja, fenced in: strict, bounded, without clock, random or environment; the project's
//! `templates/` before the built-in ones. Knows no assets and no manifest.

mod depth;
mod filters;
#[cfg(test)]
mod layouts;
#[cfg(test)]
mod overlays;

use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value, value::ValueKind,
};

use crate::manifest::At;
use crate::template::depth::{TemplateTooDeep, too_deep};
use base::diagnostic::{Diagnostic, Place, Source, nearest};
use base::fs::FsError;
use base::path::ProjectPath;
use base::world::World;
use render::{hex_ratio, is_light};

/// Steps that one rendering may take: a large poster takes some thousand.
const MAX_STEPS: u64 = 2_000_000;
/// The largest template that is read and the largest text that one gives, in bytes.
const MAX_BYTES: u64 = 1 << 20;
/// The deepest nesting of includes and macros.
const MAX_NESTING: usize = 40;
/// The folder of the project's own templates.
pub const FOLDER: &str = "templates";

/// A built-in template: its file name and its text.
macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../templates/", $name)))),*]
    };
}

/// The templates in the binary.
const BUILT_IN: &[(&str, &str)] = built_in![
    "article.html",
    "article.prompt",
    "band.html",
    "banner.html",
    "banner.prompt",
    "built-in.html",
    "compare.html",
    "compare.prompt",
    "cover.html",
    "cover.prompt",
    "edit.prompt",
    "formula.prompt",
    "list.html",
    "list.prompt",
    "poster.html",
    "poster.prompt",
    "quote.html",
    "quote.prompt",
    "slide.html",
    "slide.prompt",
    "slide-cover.html",
    "slide-cover.prompt",
    "slide-end.html",
    "slide-end.prompt",
    "slide-page.html",
    "slide-page.prompt",
    "title.html",
];

/// The built-in layouts that are made to be drawn over a picture: their ground is transparent.
pub const OVERLAYS: [&str; 2] = ["band.html", "title.html"];

/// What built-in templates are made of; none of them is drawn or sent by itself.
const PARTS: [&str; 2] = ["built-in.html", "formula.prompt"];

/// How an undefined value is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undefined {
    /// It is an error.
    Refused,
    /// It counts as false in a condition, and is an error elsewhere: for `when`.
    False,
}

/// All templates of a project.
pub struct Templates {
    strict: Environment<'static>,
    lenient: Environment<'static>,
    world: Arc<World>,
}

impl Templates {
    /// The project's templates over the built-in ones.
    pub fn new(world: &Arc<World>) -> Self {
        let mut strict = environment(UndefinedBehavior::Strict);
        let loader = Arc::clone(world);
        strict.set_loader(move |name| load(&loader, name));
        Self {
            strict,
            lenient: environment(UndefinedBehavior::SemiStrict),
            world: Arc::clone(world),
        }
    }

    /// Whether there is a template of this name, extension included.
    pub fn exists(&self, name: &str) -> bool {
        match self.strict.get_template(name) {
            Ok(_) => true,
            Err(e) => e.kind() != ErrorKind::TemplateNotFound,
        }
    }

    /// Renders a template by its name, extension included.
    pub fn render(&self, name: &str, context: &Value) -> Result<String, Diagnostic> {
        let render = || {
            let template = self.strict.get_template(name)?;
            bounded(|out| {
                template
                    .render_captured_to(context.clone(), out)
                    .map(|_| ())
            })
        };
        render().map_err(|e| self.explain(&e, context))
    }

    /// Renders a string of a manifest once; what comes out is never rendered again.
    pub fn render_string(
        &self,
        raw: &At<String>,
        context: &Value,
        undefined: Undefined,
    ) -> Result<String, Diagnostic> {
        if !is_template(&raw.value) {
            return Ok(raw.value.clone());
        }
        let environment = match undefined {
            Undefined::Refused => &self.strict,
            Undefined::False => &self.lenient,
        };
        if let Some(deep) = too_deep(&raw.value) {
            let place = place_in_manifest(raw, Some(deep.span.clone()));
            return Err(deep.diagnostic().at(place));
        }
        let render = || {
            let template = environment.template_from_named_str("", &raw.value)?;
            bounded(|out| {
                template
                    .render_captured_to(context.clone(), out)
                    .map(|_| ())
            })
        };
        render().map_err(|e| {
            let inner = innermost(&e);
            let place = match inner.name() {
                Some("") | None => place_in_manifest(raw, inner.range()),
                Some(_) => return self.explain(&e, context),
            };
            let text = raw.value.as_str();
            describe(inner, text, context).at(place)
        })
    }

    /// A built-in template needs words that the asset does not have. Nobody can mend a built-in
    /// template, so the error does not point into it.
    fn missing_words(&self, error: &Error, text: &str, context: &Value) -> Option<Diagnostic> {
        let name = error
            .name()
            .filter(|_| error.kind() == ErrorKind::UndefinedError)?;
        if self.world.files().contains(&format!("{FOLDER}/{name}")) {
            return None;
        }
        let start = error.range()?.start;
        let line = text.get(..start)?.rfind('\n').map_or(0, |n| n + 1);
        let line = text[line..].lines().next()?;
        let words = context.get_attr("text").ok()?;
        let role = line.split("text.").skip(1).find_map(|rest| {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            let role = &rest[..end.unwrap_or(rest.len())];
            let absent = words.get_attr(role).is_ok_and(|v| v.is_undefined());
            (absent && !role.is_empty()).then_some(role)
        })?;
        let what = match PARTS.contains(&name) {
            true => "the built-in layout".to_owned(),
            false => format!("the built-in template `{name}`"),
        };
        let diagnostic = Diagnostic::error(format!("there is no `{role}`, and {what} needs one"));
        Some(diagnostic.hint(format!("add `text = {{ {role} = \"…\" }}`")))
    }

    /// A template error as a diagnostic that points into the template.
    fn explain(&self, error: &Error, context: &Value) -> Diagnostic {
        let inner = innermost(error);
        let text = inner.template_source().unwrap_or("");
        if let Some(missing) = self.missing_words(inner, text, context) {
            return missing;
        }
        if let Some(refused) = std::error::Error::source(inner)
            .and_then(|source| source.downcast_ref::<TemplateTooDeep>())
        {
            return refused.diagnostic();
        }
        let diagnostic = describe(inner, text, context);
        let Some(name) = inner.name() else {
            return diagnostic;
        };
        if text.is_empty() {
            return diagnostic;
        }
        let file = format!("{FOLDER}/{name}");
        let own = self.world.files().contains(&file);
        let shown = if own {
            file
        } else {
            format!("{file} (built in)")
        };
        let source = Source::new(shown, text);
        diagnostic.at(Place::new(&source, inner.range().unwrap_or(0..0)))
    }
}

/// Whether a string has anything to render.
pub fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("{#")
}

/// The names of the built-in templates that an asset can name, extension included.
pub fn built_in() -> impl Iterator<Item = &'static str> {
    let names = BUILT_IN.iter().map(|(name, _)| *name);
    names.filter(|name| !PARTS.contains(name))
}

fn environment(undefined: UndefinedBehavior) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(undefined);
    environment.set_debug(true);
    environment.set_fuel(Some(MAX_STEPS));
    environment.set_recursion_limit(MAX_NESTING);
    environment.remove_global("debug");
    filters::fence(&mut environment);
    environment.add_function("is_light", |colour: &str| is_light(colour));
    environment.add_function("contrast", |one: &str, other: &str| hex_ratio(one, other));
    environment.set_auto_escape_callback(|name| {
        if name.ends_with(".html") {
            AutoEscape::Html
        } else {
            AutoEscape::None
        }
    });
    environment
}

fn load(world: &World, name: &str) -> Result<Option<String>, Error> {
    let refused = |why: String| Error::new(ErrorKind::InvalidOperation, why);
    let path = ProjectPath::new(&format!("{FOLDER}/{name}"))
        .ok()
        .filter(|path| path.as_str().starts_with("templates/"));
    let Some(path) = path else {
        return Ok(None);
    };
    match world.read_text(&path, MAX_BYTES) {
        Ok(text) => match too_deep(&text) {
            None => Ok(Some(text)),
            Some(deep) => {
                let source = Source::new(path.as_str(), text);
                let error = refused("the template is too deep".to_owned());
                Err(error.with_source(TemplateTooDeep { source, deep }))
            }
        },
        Err(e) if e.is_not_found() => Ok(BUILT_IN
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, text)| (*text).to_owned())),
        Err(e @ FsError::TooLarge { .. }) => Err(refused(e.to_string())),
        Err(e) => Err(refused(e.to_string())),
    }
}

/// Lets at most [`MAX_BYTES`] through.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() as u64 + bytes.len() as u64 > MAX_BYTES {
            return Err(io::Error::other(TOO_LONG));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const TOO_LONG: &str = "the template gives more than 1 MiB of text";

fn bounded(render: impl FnOnce(&mut Bounded) -> Result<(), Error>) -> Result<String, Error> {
    let mut out = Bounded(Vec::new());
    render(&mut out)?;
    String::from_utf8(out.0)
        .map_err(|_| Error::new(ErrorKind::BadSerialization, "the text is not UTF-8"))
}

/// The error of the innermost template: an include wraps what went wrong inside it.
fn innermost(error: &Error) -> &Error {
    let mut found = error;
    let mut next: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
    while let Some(source) = next {
        if let Some(inner) = source.downcast_ref::<Error>() {
            found = inner;
        }
        next = source.source();
    }
    found
}

fn describe(error: &Error, text: &str, context: &Value) -> Diagnostic {
    let expression = error
        .range()
        .and_then(|range| text.get(range))
        .unwrap_or("")
        .trim();
    match error.kind() {
        ErrorKind::UndefinedError => undefined(expression, context),
        ErrorKind::OutOfFuel => Diagnostic::error("the template does not come to an end").hint(
            format!("a rendering may take {MAX_STEPS} steps; look for a loop over a loop"),
        ),
        ErrorKind::WriteFailure => {
            Diagnostic::error(TOO_LONG).hint("look for a loop, or a value that is repeated")
        }
        ErrorKind::TemplateNotFound => {
            let message = error.detail().unwrap_or("template not found");
            Diagnostic::error(message.to_owned()).hint(format!(
                "templates are looked for in `{FOLDER}/`, then among the built-in ones"
            ))
        }
        ErrorKind::InvalidOperation
            if error
                .detail()
                .is_some_and(|d| d.contains("recursion limit")) =>
        {
            Diagnostic::error(format!("templates are nested more than {MAX_NESTING} deep"))
                .hint("look for a template that includes itself, or a macro that calls itself")
        }
        kind => {
            let message = match error.detail() {
                Some(detail) => format!("{kind}: {detail}"),
                None => kind.to_string(),
            };
            Diagnostic::error(format!("template error: {message}"))
        }
    }
}

fn undefined(expression: &str, context: &Value) -> Diagnostic {
    let path: Vec<&str> = expression.split('.').map(str::trim).collect();
    let plain = !expression.is_empty()
        && path
            .iter()
            .all(|p| !p.is_empty() && p.chars().all(|c| c.is_alphanumeric() || c == '_'));
    if !plain {
        return Diagnostic::error("a value that is not defined is used here")
            .hint("`x is defined` asks first; `x | default(\"…\")` gives another value");
    }
    let mut diagnostic = Diagnostic::error(format!("`{expression}` is not defined"));
    // Walk as far as the path is defined: the next name is the one that was misspelled.
    let mut at = context.clone();
    for name in &path {
        let next = at.get_attr(name).unwrap_or_default();
        if !next.is_undefined() {
            at = next;
            continue;
        }
        if at.kind() == ValueKind::Map {
            let keys: Vec<String> = at
                .try_iter()
                .map(|keys| keys.map(|k| k.to_string()).collect())
                .unwrap_or_default();
            match nearest(name, keys.iter().map(String::as_str)) {
                Some(near) => diagnostic = diagnostic.hint(format!("did you mean `{near}`?")),
                None if !keys.is_empty() => {
                    diagnostic = diagnostic.hint(format!("there is: {}", keys.join(", ")));
                }
                None if path.len() > 1 && path[0] == "text" => {
                    diagnostic = diagnostic.hint(
                        "`text` is empty: the asset has no words, or it has an `overlay`, which draws them over the picture",
                    );
                }
                None => {}
            }
        }
        break;
    }
    diagnostic.hint(format!(
        "`{expression} is defined` asks first; `{expression} | default(\"…\")` gives another value"
    ))
}

/// A range of a manifest's string in the manifest, where the string is written as it reads.
fn place_in_manifest(raw: &At<String>, range: Option<Range<usize>>) -> Place {
    let place = &raw.place;
    let Some(range) = range else {
        return place.clone();
    };
    let written = place.source.text.get(place.span.clone()).unwrap_or("");
    match written.find(&raw.value) {
        Some(offset) => {
            let start = place.span.start + offset;
            Place::new(&place.source, start + range.start..start + range.end)
        }
        None => place.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use minijinja::context;

    use super::{Templates, Undefined};
    use crate::manifest::At;
    use base::diagnostic::{Place, Source};
    use base::world::World;

    fn project(files: &[(&str, &str)]) -> (tempfile::TempDir, Templates) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("templates")).unwrap();
        for (name, text) in files {
            base::fs::write_atomic(
                &dir.path().join("templates").join(name),
                text.as_bytes(),
                base::fs::Durability::Free,
            )
            .unwrap();
        }
        let world = Arc::new(World::open(dir.path()).unwrap());
        (dir, Templates::new(&world))
    }

    fn raw(text: &str) -> At<String> {
        let toml = format!("headline = \"{text}\"");
        let span = 11..toml.len();
        let source = Source::new("a.gp.toml", toml);
        At {
            value: text.to_owned(),
            place: Place::new(&source, span),
        }
    }

    #[test]
    fn an_error_points_into_the_template() {
        let (_dir, templates) = project(&[("a.prompt", "one\n{{ text.headlin }}\n")]);
        let context = context! { text => context! { headline => "x" } };
        let error = templates.render("a.prompt", &context).unwrap_err();
        assert_eq!(
            error.render(false),
            "error: `text.headlin` is not defined\n --> templates/a.prompt:2:4\n  |\n2 | {{ text.headlin }}\n  |    ^^^^^^^^^^^^\n  |\n  = help: did you mean `headline`?\n  = help: `text.headlin is defined` asks first; `text.headlin | default(\"…\")` gives another value"
        );
    }

    #[test]
    fn an_error_in_a_manifest_string_points_into_the_manifest() {
        let (_dir, templates) = project(&[]);
        let context = context! { item => context! { title => "x" } };
        let error = templates
            .render_string(&raw("«{{ item.titel }}»"), &context, Undefined::Refused)
            .unwrap_err();
        assert_eq!(
            error
                .render(false)
                .lines()
                .take(5)
                .collect::<Vec<_>>()
                .join("\n"),
            "error: `item.titel` is not defined\n --> a.gp.toml:1:17\n  |\n1 | headline = \"«{{ item.titel }}»\"\n  |                 ^^^^^^^^^^"
        );
    }

    #[test]
    fn templates_are_bounded() {
        let (_dir, templates) = project(&[
            (
                "loop.prompt",
                "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
            ),
            (
                "long.prompt",
                "{% for a in range(9999) %}{{ 'x' * 900 }}{% endfor %}",
            ),
            ("self.prompt", "{% include 'self.prompt' %}"),
        ]);
        let message = |name: &str| templates.render(name, &context! {}).unwrap_err().message;
        assert_eq!(
            message("loop.prompt"),
            "the template does not come to an end"
        );
        assert_eq!(message("long.prompt"), super::TOO_LONG);
        assert!(
            message("self.prompt").contains("nested"),
            "{}",
            message("self.prompt")
        );
    }

    #[test]
    fn neither_clock_nor_random_nor_debug() {
        let (_dir, templates) = project(&[]);
        for name in ["now()", "random()", "debug()", "env", "[1] | random"] {
            let text = raw(&format!("{{{{ {name} }}}}"));
            let result = templates.render_string(&text, &context! {}, Undefined::Refused);
            assert!(result.is_err(), "{name}");
        }
    }

    #[test]
    fn what_comes_from_data_is_not_rendered_again() {
        let (_dir, templates) = project(&[]);
        let context = context! { item => context! { title => "{{ 1 + 1 }}" } };
        let text = templates.render_string(&raw("{{ item.title }}"), &context, Undefined::Refused);
        assert_eq!(text.as_deref(), Ok("{{ 1 + 1 }}"));
    }

    #[test]
    fn when_takes_a_missing_field_as_false() {
        let (_dir, templates) = project(&[]);
        let context = context! { item => context! { title => "x" } };
        let text =
            templates.render_string(&raw("{{ not item.draft }}"), &context, Undefined::False);
        assert_eq!(text.as_deref(), Ok("True"));
    }

    #[test]
    fn a_template_cannot_be_read_from_outside() {
        let (dir, templates) = project(&[("a.prompt", "{% include '../secret' %}")]);
        std::fs::File::create(dir.path().join("secret")).unwrap();
        assert!(templates.render("a.prompt", &context! {}).is_err());
    }
}
