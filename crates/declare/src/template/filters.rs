//! Keeps what a template makes of a value within bounds: the fuel of a rendering is counted when a text is made,
//! and that is too late for one of gigabytes. Knows values, and no templates.

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, Value, filters};

use crate::template::drawn::draw;

/// So many bytes the text of a value may have, by and large: more than a whole rendering may give.
const MAX_BYTES: usize = 4 << 20;
/// So deep lists and maps may lie in each other: data may be as deep as 128.
const MAX_DEPTH: usize = 140;
/// So wide `tojson` may indent.
const MAX_INDENT: usize = 16;
/// What a value costs besides its text.
const EACH: usize = 8;

/// Puts a fence around all that makes a text of any value, or compares values.
pub fn fence(environment: &mut Environment<'static>) {
    environment.set_formatter(|out, state, value| {
        measure(value, 0)?;
        draw(out, state, value)
    });
    environment.add_filter("tojson", tojson);
    environment.add_filter("pprint", |state: &State, value: &Value| {
        measure(value, 4)?;
        charged(state, filters::pprint(value))
    });
    environment.add_filter("string", |state: &State, value: Value| {
        measure(&value, 0)?;
        filters::string(state, &value)
    });
    environment.add_filter("sort", |state: &State, value: Value, how: Kwargs| {
        measure(&value, 0)?;
        filters::sort(state, value, how)
    });
    environment.add_filter("unique", |state: &State, value: Value, how: Kwargs| {
        measure(&value, 0)?;
        filters::unique(state, value, how)
    });
}

fn tojson(
    state: &State,
    value: &Value,
    indent: Option<Value>,
    how: Kwargs,
) -> Result<Value, Error> {
    let indent = match indent {
        Some(indent) => Some(indent),
        None => how.get("indent")?,
    };
    let wide = match &indent {
        None => 0,
        Some(indent) if indent.kind() == ValueKind::Bool => 2,
        Some(indent) => indent.as_usize().unwrap_or(usize::MAX),
    };
    if wide > MAX_INDENT {
        let message = format!("`tojson` indents by {MAX_INDENT} at most");
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    measure(value, wide)?;
    let text = filters::tojson(value, indent, how)?;
    let length = text.as_str().map_or(0, str::len);
    state.consume_fuel(length as u64 / 4)?;
    Ok(text)
}

fn charged(state: &State, text: String) -> Result<Value, Error> {
    state.consume_fuel(text.len() as u64 / 4)?;
    Ok(Value::from(text))
}

/// Refuses a value whose text would be too long, or that lies too deep in itself, without making that text.
/// What is nested is indented by `indent`.
fn measure(value: &Value, indent: usize) -> Result<(), Error> {
    let mut left = MAX_BYTES;
    match take(value, indent, 0, &mut left) {
        Ok(()) => Ok(()),
        Err(what) => Err(Error::new(ErrorKind::InvalidOperation, what)),
    }
}

fn take(value: &Value, indent: usize, depth: usize, left: &mut usize) -> Result<(), &'static str> {
    const LONG: &str = "the text of this value would be longer than 4 MiB";
    let text = value
        .as_str()
        .map_or_else(|| value.as_bytes().map_or(0, <[u8]>::len), str::len);
    let cost = text.saturating_add(EACH).saturating_add(indent * depth);
    *left = left.checked_sub(cost).ok_or(LONG)?;
    let is_map = value.kind() == ValueKind::Map;
    if !is_map && !matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) {
        return Ok(());
    }
    if depth >= MAX_DEPTH {
        return Err("the lists and maps of this value lie more than 140 deep in each other");
    }
    let Ok(inner) = value.try_iter() else {
        return Ok(());
    };
    for inner in inner {
        take(&inner, indent, depth + 1, left)?;
        if is_map && let Ok(held) = value.get_item(&inner) {
            take(&held, indent, depth + 1, left)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use minijinja::Environment;

    fn render(text: &str) -> Result<String, String> {
        let mut environment = Environment::new();
        super::fence(&mut environment);
        let rendered = environment.render_str(text, ());
        rendered.map_err(|e| e.detail().unwrap_or("").to_owned())
    }

    #[test]
    fn what_is_within_bounds_is_as_it_was() {
        for text in [
            "{{ {'a': [1, 2.5, none, '<x>']} | string }} {{ 'a' ~ 1 }} {{ 2.50 }}",
            "{{ {'a': [1, '<x>']} | tojson }} {{ [1, [2]] | tojson(indent=2) }} {{ [] | tojson(true) }}",
            "{{ {'a': [1]} | pprint }} {{ [1] | string }} {{ range(3) | string }} {{ namespace(a=1) | string }}",
            "{{ [3, 1, 2] | sort(reverse=true) | string }} {{ [1, 1, 2] | unique | list | string }} {{ ['b', 'A'] | sort | string }}",
        ] {
            let plain = Environment::new().render_str(text, ()).unwrap();
            assert_eq!(render(text).unwrap(), plain);
        }
    }

    #[test]
    fn what_is_not_is_refused() {
        let doubled = "{% set n = namespace(x=[1]) %}{% for a in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}";
        for use_of in [
            "{{ n.x }}",
            "{{ n.x | tojson }}",
            "{{ n.x | pprint }}",
            "{{ n.x | string }}",
            "{{ [n.x, n.x] | sort }}",
        ] {
            let error = render(&format!("{doubled}{use_of}")).unwrap_err();
            assert_eq!(error, "the text of this value would be longer than 4 MiB");
        }
        assert_eq!(
            render("{{ [[1]] | tojson(indent=100000) }}").unwrap_err(),
            "`tojson` indents by 16 at most"
        );
        assert_eq!(
            render("{{ [['x' * 1000000] * 100] | tojson }}").unwrap_err(),
            "the text of this value would be longer than 4 MiB"
        );
        assert_eq!(
            render("{% set n = namespace(x=1) %}{% set n.x = n %}{{ n }}").unwrap_err(),
            "the lists and maps of this value lie more than 140 deep in each other"
        );
    }
}
