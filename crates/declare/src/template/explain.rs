//! What is told of a template that cannot be rendered: which expression, and what was probably meant. Renders
//! nothing.

use std::ops::Range;

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

use crate::manifest::At;
use crate::template::built_in::PARTS;
use crate::template::context::{Context, Misused};
use crate::template::depth::TemplateTooDeep;
use crate::template::drawn::NoText;
use crate::template::environment::{MAX_NESTING, MAX_STEPS, TOO_LONG};
use crate::template::names;
use crate::template::reads::reads;
use base::diagnostic::{Diagnostic, Place, Source, list, nearest};
use base::path::ProjectPath;
use base::world::World;

/// A built-in template needs words that the asset does not have. Nobody can mend a built-in
/// template, so the error does not point into it.
fn missing_words(
    folder: &ProjectPath,
    world: &World,
    error: &Error,
    text: &str,
    context: &Context,
) -> Option<Diagnostic> {
    let name = error
        .name()
        .filter(|_| error.kind() == ErrorKind::UndefinedError)?;
    if world.files().contains(&format!("{folder}/{name}")) {
        return None;
    }
    let start = error.range()?.start;
    let line = text.get(..start)?.rfind('\n').map_or(0, |n| n + 1);
    let line = text[line..].lines().next()?;
    let words = context.value().get_attr("text").ok()?;
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
pub fn explain(
    folder: &ProjectPath,
    world: &World,
    error: &Error,
    context: &Context,
) -> Diagnostic {
    let inner = innermost(error);
    let text = inner.template_source().unwrap_or("");
    if let Some(missing) = missing_words(folder, world, inner, text, context) {
        return missing;
    }
    if let Some(refused) =
        std::error::Error::source(inner).and_then(|source| source.downcast_ref::<TemplateTooDeep>())
    {
        return refused.diagnostic();
    }
    let diagnostic = describe(folder, inner, text, context);
    let Some(name) = inner.name() else {
        return diagnostic;
    };
    if text.is_empty() {
        return diagnostic;
    }
    let file = format!("{folder}/{name}");
    let own = world.files().contains(&file);
    let shown = if own {
        file
    } else {
        format!("{file} (built in)")
    };
    let source = Source::new(shown, text);
    diagnostic.at(Place::new(&source, inner.range().unwrap_or(0..0)))
}

/// The error of the innermost template: an include wraps what went wrong inside it.
pub fn innermost(error: &Error) -> &Error {
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

/// A template error in words, without a place; `text` is the template.
pub fn describe(folder: &ProjectPath, error: &Error, text: &str, context: &Context) -> Diagnostic {
    let expression = error
        .range()
        .and_then(|range| text.get(range))
        .unwrap_or("")
        .trim();
    match error.kind() {
        ErrorKind::UndefinedError => {
            let at = error.range().map_or(0, |range| range.end);
            match null_before(text, at, context) {
                Some(null) => refused(&null, NoText::Null),
                None => undefined(
                    missing(expression, text, at, context).as_str(),
                    &context.value(),
                ),
            }
        }
        ErrorKind::OutOfFuel => Diagnostic::error("the template does not come to an end").hint(
            format!("a rendering may take {MAX_STEPS} steps; look for a loop over a loop"),
        ),
        ErrorKind::WriteFailure => {
            Diagnostic::error(TOO_LONG).hint("look for a loop, or a value that is repeated")
        }
        ErrorKind::TemplateNotFound => {
            let message = error.detail().unwrap_or("template not found");
            Diagnostic::error(message.to_owned()).hint(format!(
                "templates are looked for in `{folder}/`, then among the built-in ones"
            ))
        }
        _ if let Some(what) = no_text(error) => drawn_no_text(error, expression, text, what),
        ErrorKind::UnknownFilter | ErrorKind::UnknownTest | ErrorKind::UnknownFunction => {
            unknown(error)
        }
        ErrorKind::UnknownMethod => unknown_method(error),
        ErrorKind::InvalidOperation if let Some(told) = operation(error, expression) => told,
        kind => {
            let message = match error.detail() {
                Some(detail) => format!("{kind}: {detail}"),
                None => kind.to_string(),
            };
            Diagnostic::error(format!("template error: {message}"))
        }
    }
}

/// A value that is drawn and is no text.
fn drawn_no_text(error: &Error, expression: &str, text: &str, what: NoText) -> Diagnostic {
    let filtered = error
        .range()
        .and_then(|range| before_filter(text, range.start));
    let shown = match filtered {
        Some(value) => value,
        None if expression.is_empty() => "a value",
        None => expression,
    };
    refused(shown, what)
}

/// What cannot be done with a value, where more can be said than the template engine says.
fn operation(error: &Error, expression: &str) -> Option<Diagnostic> {
    let detail = error.detail()?;
    if detail.contains("recursion limit") {
        let message = format!("templates are nested more than {MAX_NESTING} deep");
        return Some(
            Diagnostic::error(message)
                .hint("look for a template that includes itself, or a macro that calls itself"),
        );
    }
    if detail.contains("cannot be sliced") {
        let value = expression.split('[').next().unwrap_or(expression);
        let message = format!("`{value}` is no text, of which a part could be taken");
        return Some(Diagnostic::error(message).hint(format!(
            "`({value} | string)[:10]` takes the first ten characters of what it is drawn as"
        )));
    }
    // What a filter of gpbuild's own says is whole.
    detail.starts_with('`').then(|| Diagnostic::error(detail))
}

fn undefined(expression: &str, context: &Value) -> Diagnostic {
    let path: Vec<&str> = expression.split('.').map(str::trim).collect();
    if !is_plain(expression) {
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
                .map(|keys| keys.map(|k| k.to_string()).filter(|k| k != name).collect())
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
pub fn place_in_manifest(raw: &At<String>, range: Option<Range<usize>>) -> Place {
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

/// The value that is handed to a filter whose name begins at `at`: `item.tags` of `{{ item.tags | join }}`.
fn before_filter(text: &str, at: usize) -> Option<&str> {
    let before = text.get(..at)?.trim_end().strip_suffix('|')?;
    let start = before.rfind(['{', '(', ',', '~', '+']).map_or(0, |n| n + 1);
    let value = before[start..].trim().trim_start_matches('%').trim();
    (!value.is_empty()).then_some(value)
}

/// What a value is that is no text, if that is what is wrong.
fn no_text(error: &Error) -> Option<NoText> {
    let source = std::error::Error::source(error)?;
    source.downcast_ref::<NoText>().copied()
}

/// A value that cannot be drawn.
fn refused(expression: &str, what: NoText) -> Diagnostic {
    // Of a chain of filters, what it begins with.
    let value = expression.split('|').next().unwrap_or(expression).trim();
    let is_slice = value.ends_with(']') && value.contains(':');
    let hint = match what {
        NoText::List if is_slice => {
            "a slice of a list is a list; `| join(\", \")` makes one text of it".to_owned()
        }
        _ => what.hint(value),
    };
    Diagnostic::error(format!("`{value}` is {what}, and no text")).hint(hint)
}

/// The field of the item that holds nothing, though its data names it, and is read last before `at` in a template.
fn null_before(text: &str, at: usize, context: &Context) -> Option<String> {
    let fields = reads(text).fields.into_iter();
    let mut nulls = fields.filter(|field| field.span.start < at && context.is_null(&field.path));
    nulls.next_back().map(|field| text[field.span].to_owned())
}

/// What is not defined in an expression: the field of the item that it reads and that is not there, if its own text
/// does not say so.
fn missing(expression: &str, text: &str, at: usize, context: &Context) -> String {
    if is_plain(expression) {
        return expression.to_owned();
    }
    let fields = reads(text).fields.into_iter();
    let mut absent = fields.filter(|field| field.span.start < at && context.is_absent(&field.path));
    let last = absent.next_back();
    last.map_or_else(
        || expression.to_owned(),
        |field| text[field.span].to_owned(),
    )
}

/// Whether an expression is names with dots between them.
fn is_plain(expression: &str) -> bool {
    let is_name =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    expression.split('.').map(str::trim).all(is_name)
}

/// A field of the item that is used as a text and is none.
pub fn misused(misused: &Misused) -> Diagnostic {
    let Misused { field, kind, .. } = misused;
    let what = match *kind {
        "a list" => NoText::List,
        _ => NoText::Table,
    };
    Diagnostic::error(format!("`{field}` is {what}, and no text")).hint(what.hint(field))
}

/// A filter, test or function that there is none of.
fn unknown(error: &Error) -> Diagnostic {
    let detail = error.detail().unwrap_or_default();
    let name = detail.trim_end_matches(" is unknown");
    let name = name.rsplit(' ').next().unwrap_or(name);
    let (what, known): (_, Vec<String>) = match error.kind() {
        ErrorKind::UnknownFilter => ("filter", names::FILTERS.map(str::to_owned).to_vec()),
        ErrorKind::UnknownTest => ("test", names::TESTS.map(str::to_owned).to_vec()),
        _ => ("function", names::FUNCTIONS.map(str::to_owned).to_vec()),
    };
    let diagnostic = Diagnostic::error(format!("there is no {what} `{name}`"));
    // A word that goes on, `slug`, is nearer than any with other letters.
    let longer = known
        .iter()
        .find(|known| name.len() > 2 && known.starts_with(name));
    let diagnostic = match longer {
        Some(longer) => diagnostic.hint(format!("did you mean `{longer}`?")),
        None => diagnostic.did_you_mean(name, known.iter().map(String::as_str)),
    };
    if what == "function" && names::FILTERS.contains(&name) {
        return diagnostic.hint(format!("it is a filter: `{{{{ value | {name} }}}}`"));
    }
    match diagnostic.hints.is_empty() {
        true => diagnostic.hint(format!("there are {}", list(&known))),
        false => diagnostic,
    }
}

/// A method of a value that has none: `title.upper()`, as in Python.
fn unknown_method(error: &Error) -> Diagnostic {
    let detail = error.detail().unwrap_or_default();
    let name = detail.rsplit(' ').next().unwrap_or_default();
    let diagnostic = Diagnostic::error(format!("values have no methods, and no `{name}()`"));
    match names::FILTERS.contains(&name) {
        true => diagnostic.hint(format!("it is a filter: `{{{{ value | {name} }}}}`")),
        false => diagnostic.hint(format!("there are filters: {}", list(&names::FILTERS))),
    }
}
