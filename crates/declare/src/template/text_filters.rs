//! Filters that make a text of what data holds: what people know from other template languages, without a clock, and
//! for texts in which words are not apart. Knows values, and no templates.

use jiff::civil::{Date, DateTime, Time};
use minijinja::value::{Kwargs, Rest, StringInput, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, Value, filters};

use crate::markdown;
use crate::template::drawn::{NoText, truth_word};

/// The longest text that `truncate` gives by itself, in characters.
const LENGTH: usize = 255;

/// Adds all of them.
pub fn add(environment: &mut Environment<'static>) {
    environment.add_filter("date", date);
    environment.add_filter("d", default);
    environment.add_filter("default", default);
    environment.add_filter("join", join);
    environment.add_filter("markdown", |text: StringInput| {
        markdown::plain(text.as_str())
    });
    environment.add_filter("slugify", |text: StringInput| slugify(text.as_str()));
    environment.add_filter("striptags", |text: StringInput| striptags(text.as_str()));
    environment.add_filter("truncate", truncate);
    environment.add_test("none", |value: &Value| {
        value.is_none() || value.is_undefined()
    });
}

/// The filter of minijinja, which knows nothing of null.
fn default(state: &State, value: &Value, args: Rest<Value>) -> Result<Value, Error> {
    match value.is_none() {
        true => filters::default(state, &Value::UNDEFINED, args),
        false => filters::default(state, value, args),
    }
}

/// The filter of minijinja, for texts: a text that stands alone is the whole list, what is null is left out, and
/// what is no text is refused.
fn join(
    state: &mut State,
    value: &Value,
    joiner: Option<StringInput<'_>>,
    attribute: Option<&str>,
    kwargs: Kwargs,
) -> Result<Value, Error> {
    if value.kind() == ValueKind::String {
        return Ok(value.clone());
    }
    if value.kind() == ValueKind::Map {
        return Err(NoText::Table.into());
    }
    let is_list = matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable);
    if !is_list || attribute.is_some() || kwargs.has("attribute") {
        return filters::join(state, value, joiner, attribute, kwargs);
    }
    let mut kept = Vec::new();
    for entry in value.try_iter()? {
        match NoText::of(&entry) {
            Some(NoText::Null) => {}
            Some(NoText::Table) => return Err(NoText::ListOfTables.into()),
            Some(_) => return Err(NoText::ListOfLists.into()),
            None if entry.kind() == ValueKind::Bool => kept.push(Value::from(truth_word(&entry))),
            None => kept.push(entry),
        }
    }
    filters::join(state, &Value::from(kept), joiner, attribute, kwargs)
}

/// Lower case, with `-` for whatever is neither letter nor digit: what can be a part of an id or a path.
fn slugify(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for c in markdown::unmarked(text)
        .chars()
        .flat_map(char::to_lowercase)
    {
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') && c != '\'' && c != '’' {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// At most so many characters, `end` among them. Where words are apart it ends after one, unless `killwords`.
fn truncate(
    text: StringInput<'_>,
    length: Option<usize>,
    killwords: Option<bool>,
    end: Option<String>,
    kwargs: Kwargs,
) -> Result<Value, Error> {
    let length = length.map_or_else(|| kwargs.get::<Option<usize>>("length"), |n| Ok(Some(n)))?;
    let killwords =
        killwords.map_or_else(|| kwargs.get::<Option<bool>>("killwords"), |b| Ok(Some(b)))?;
    let end = end.map_or_else(|| kwargs.get::<Option<String>>("end"), |e| Ok(Some(e)))?;
    kwargs.assert_all_used()?;
    let length = length.unwrap_or(LENGTH);
    let end = end.unwrap_or_else(|| "…".to_owned());
    let whole = text.as_str();
    if whole.chars().count() <= length {
        return Ok(text.preserve_safety(whole.to_owned()));
    }
    let room = length.saturating_sub(end.chars().count());
    let cut = whole
        .char_indices()
        .nth(room)
        .map_or(whole.len(), |(at, _)| at);
    let kept = match killwords.unwrap_or(false) {
        true => &whole[..cut],
        false => &whole[..after_word(whole, cut)],
    };
    Ok(text.preserve_safety(format!("{}{end}", kept.trim_end())))
}

/// The end of the last whole word before `cut`; `cut` itself within Chinese, or where there is only one word.
fn after_word(text: &str, cut: usize) -> usize {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && !is_wide(c));
    if !(is_part(text[..cut].chars().next_back()) && is_part(text[cut..].chars().next())) {
        return cut;
    }
    let rest = text[..cut].trim_end_matches(|c: char| is_part(Some(c)));
    match rest.trim_end().is_empty() {
        true => cut,
        false => rest.len(),
    }
}

/// Whether words are written without spaces between them where this character stands.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// A date as data writes it, in another form: `%Y-%m-%d`, `%B %-d, %Y`, `%Y 年 %-m 月 %-d 日`. Day and time stay those
/// of the place where it was written.
fn date(text: StringInput<'_>, form: Option<&str>) -> Result<String, Error> {
    let wrong = |why: String| Error::new(ErrorKind::InvalidOperation, why);
    let text = text.as_str();
    let form = form.unwrap_or("%Y-%m-%d");
    let Some(date) = parse_date(text) else {
        return Err(wrong(format!(
            "`{text}` is no date: write it as `2024-01-31`, or as `2024-01-31 09:30:00`"
        )));
    };
    jiff::fmt::strtime::format(form, date)
        .map_err(|why| wrong(format!("`{form}` cannot be the form of a date: {why}")))
}

/// `2024-01-31`, `2024/1/31`, and what begins so and goes on with a time.
fn parse_date(text: &str) -> Option<DateTime> {
    let text = text.trim();
    let (day, rest) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], text[at + 1..].trim_start()),
        None => (text, ""),
    };
    let mut numbers = day.split(['-', '/', '.']);
    let mut next = || numbers.next().filter(|n| n.len() <= 4 && !n.is_empty());
    let (year, month, day) = (next()?, next()?, next()?);
    if year.len() != 4 || numbers.next().is_some() {
        return None;
    }
    let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
    let mut clock = rest
        .split(|c: char| !c.is_ascii_digit())
        .map(str::parse::<i8>);
    let mut next = || clock.next().and_then(Result::ok).unwrap_or(0);
    let time = Time::new(next(), next(), next(), 0).ok()?;
    Some(date.to_datetime(time))
}

/// Without the tags of HTML; white space is one space.
fn striptags(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = match rest.strip_prefix("<!--") {
            Some(comment) => comment.find("-->").map(|end| end + 7),
            None => {
                let begins = |c: char| c.is_ascii_alphabetic() || c == '/' || c == '!';
                let is_tag = rest[1..].starts_with(begins);
                rest.find('>').filter(|_| is_tag).map(|end| end + 1)
            }
        };
        match end {
            Some(end) => rest = &rest[end..],
            None => {
                plain.push('<');
                rest = &rest[1..];
            }
        }
    }
    plain.push_str(rest);
    let words: Vec<&str> = plain.split_whitespace().collect();
    let mut plain = words.join(" ");
    for (entity, c) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#x2f;", "/"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ] {
        plain = plain.replace(entity, c);
    }
    plain
}

#[cfg(test)]
mod tests {
    use minijinja::Environment;

    fn render(text: &str) -> Result<String, String> {
        let mut environment = Environment::new();
        super::add(&mut environment);
        let rendered = environment.render_str(text, ());
        rendered.map_err(|e| e.detail().unwrap_or("").to_owned())
    }

    #[test]
    fn what_they_give() {
        for (text, expected) in [
            (
                "{{ 'Hello, World! C++ & `Rust`' | slugify }}",
                "hello-world-c-rust",
            ),
            ("{{ \"Don't — stop\" | slugify }}", "dont-stop"),
            ("{{ '提示词公式：30 天' | slugify }}", "提示词公式-30-天"),
            ("{{ none | default('x') }}{{ y | default('z') }}", "xz"),
            (
                "{{ '' | default('x') }}|{{ '' | default('x', true) }}",
                "|x",
            ),
            ("{{ ['a', none, 'b'] | join(', ') }}", "a, b"),
            ("{{ [true, false, 1.5] | join(', ') }}", "true, false, 1.5"),
            ("{{ 'python' | join(', ') }}", "python"),
            ("{{ [] | join(', ') }}", ""),
            (
                "{{ [{'a': 1}, {'a': 2}] | join('-', attribute='a') }}",
                "1-2",
            ),
            ("{{ 'one two three' | truncate(9) }}", "one two…"),
            ("{{ 'one two three' | truncate(9, true) }}", "one two…"),
            (
                "{{ 'one two three' | truncate(11, killwords=true, end='') }}",
                "one two thr",
            ),
            ("{{ '一二三四五六' | truncate(4) }}", "一二三…"),
            ("{{ 'short' | truncate(5) }}", "short"),
            ("{{ '2024-01-05' | date('%-d.%-m.%Y') }}", "5.1.2024"),
            (
                "{{ '2024-01-05T23:59:01+08:00' | date('%Y %H:%M') }}",
                "2024 23:59",
            ),
            ("{{ '2024-1-5 09:05:00 +0800' | date }}", "2024-01-05"),
            (
                "{{ '2024/01/05' | date('%Y 年 %-m 月 %-d 日') }}",
                "2024 年 1 月 5 日",
            ),
            ("{{ '2024-01-05' | date('%B') }}", "January"),
            (
                "{{ '<p>a <b>b</b>\n &amp; 1 < 2</p><!-- <x> -->' | striptags }}",
                "a b & 1 < 2",
            ),
            (
                "{{ '# A\n\nSome **bold** `code` and [a link](x).' | markdown }}",
                "A\n\nSome bold code and a link.",
            ),
            (
                "{{ none is none }}{{ x is none }}{{ 1 is none }}",
                "TrueTrueFalse",
            ),
        ] {
            assert_eq!(render(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_they_refuse() {
        for (text, said) in [
            (
                "{{ [['a']] | join }}",
                "a list that holds a list is no text",
            ),
            (
                "{{ [{'a': 1}] | join }}",
                "a list that holds a table is no text",
            ),
            ("{{ {'a': 1} | join }}", "a table is no text"),
            (
                "{{ 'soon' | date }}",
                "`soon` is no date: write it as `2024-01-31`, or as `2024-01-31 09:30:00`",
            ),
            (
                "{{ '2024-13-01' | date }}",
                "`2024-13-01` is no date: write it as `2024-01-31`, or as `2024-01-31 09:30:00`",
            ),
        ] {
            assert_eq!(render(text), Err(said.to_owned()), "{text}");
        }
        let error = render("{{ '2024-01-01' | date('%Q-%') }}").unwrap_err();
        assert!(
            error.starts_with("`%Q-%` cannot be the form of a date"),
            "{error}"
        );
    }
}
