//! Goes over a page's HTML as text: takes out `<style>` and `<script>`, notes the marked start tags
//! and gives them a class, collects what the parser does not hand over. Builds no tree.

use std::collections::BTreeSet;

use super::{DrawError, css, svg};

/// What a page holds besides its tree.
#[derive(Default)]
pub(super) struct Scan {
    /// The page without its style sheets, the marked elements with a class each.
    pub html: String,
    /// The style sheets.
    pub css: String,
    /// The marked elements, in order.
    pub found: Vec<Found>,
    /// Texts that are drawn but not in the tree: of inline SVG, and of `content:` in the CSS.
    pub text: String,
    /// Names of pictures in the CSS.
    pub images: BTreeSet<String>,
}

/// A marked start tag.
pub(super) struct Found {
    pub role: String,
    pub fit: Option<(f32, f32)>,
    pub words: bool,
    pub style: String,
}

/// The class that finds the mark `index` again in the tree.
pub(super) fn class(index: usize) -> String {
    format!("gpbuild-mark-{index}")
}

/// Goes over a page.
pub(super) fn scan(html: &str) -> Result<Scan, DrawError> {
    let mut scan = Scan {
        html: String::with_capacity(html.len() + 256),
        ..Scan::default()
    };
    let mut rest = html;
    let mut depth = 0_usize;
    while let Some(at) = rest.find('<') {
        let (text, tag) = rest.split_at(at);
        if depth > 0 {
            scan.text.push_str(&unescape(text));
        }
        scan.html.push_str(text);
        if let Some(comment) = tag.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let Some(tag) = Tag::read(tag) else {
            scan.html.push('<');
            rest = &tag[1..];
            continue;
        };
        rest = tag.after;
        match tag.name.to_ascii_lowercase().as_str() {
            name @ ("style" | "script" | "title") => {
                let (content, after) = raw(rest, name);
                if name == "style" {
                    scan.css.push_str(content);
                    scan.css.push('\n');
                }
                rest = after;
                continue;
            }
            "svg" if !tag.source.ends_with("/>") => depth += 1,
            "/svg" => depth = depth.saturating_sub(1),
            _ if depth > 0 => refuse_outside(&tag)?,
            _ => {}
        }
        let marked = |name: &&Attribute<'_>| {
            ["data-role", "data-fit", "data-break"]
                .iter()
                .any(|m| name.name.eq_ignore_ascii_case(m))
        };
        if tag.name.starts_with('/') || !tag.attributes.iter().any(|a| marked(&a)) {
            scan.html.push_str(tag.source);
        } else {
            let name = class(scan.found.len());
            scan.found.push(found(&tag)?);
            add_class(&tag, &name, &mut scan.html);
        }
    }
    if depth > 0 {
        scan.text.push_str(&unescape(rest));
    }
    scan.html.push_str(rest);
    let drawn = css::find(&scan.css);
    scan.text.push_str(&drawn.text);
    scan.images = drawn.images;
    Ok(scan)
}

/// A start or end tag.
pub(super) struct Tag<'h> {
    /// `div`, `/div`.
    pub name: &'h str,
    attributes: Vec<Attribute<'h>>,
    /// All of it.
    pub source: &'h str,
    /// What follows it.
    pub after: &'h str,
}

struct Attribute<'h> {
    name: &'h str,
    /// As written, entities and all.
    value: &'h str,
    /// Where the value ends in the tag, before the quote.
    end: usize,
    quoted: bool,
}

impl<'h> Attribute<'h> {
    /// Reads the attribute that begins at a byte of a tag, and says where the next may begin; `None` when its value
    /// does not end.
    fn read(html: &'h str, start: usize) -> Option<(Self, usize)> {
        let rest = &html[start..];
        let stop = |c: char| c.is_ascii_whitespace() || matches!(c, '=' | '>' | '/');
        let length = rest
            .char_indices()
            .skip(1)
            .find(|(_, c)| stop(*c))
            .map_or(rest.len(), |(at, _)| at);
        let name = &rest[..length];
        let mut at = start + length;
        let spaces = html[at..].len() - html[at..].trim_start().len();
        if !html[at + spaces..].starts_with('=') {
            let attribute = Self {
                name,
                value: "",
                end: at,
                quoted: false,
            };
            return Some((attribute, at));
        }
        at += spaces + 1;
        at += html[at..].len() - html[at..].trim_start().len();
        let rest = &html[at..];
        let quote = rest.chars().next()?;
        let quoted = quote == '"' || quote == '\'';
        let (value, end, after) = if quoted {
            let value = &rest[1..1 + rest[1..].find(quote)?];
            let after = at + value.len() + 2;
            (value, after - 1, after)
        } else {
            let stop = |c: char| c.is_ascii_whitespace() || c == '>';
            let value = &rest[..rest.find(stop)?];
            let after = at + value.len();
            (value, after, after)
        };
        let attribute = Self {
            name,
            value,
            end,
            quoted,
        };
        Some((attribute, after))
    }
}

impl<'h> Tag<'h> {
    /// Reads the tag at the start of `html`; `None` when it is only a `<`.
    pub fn read(html: &'h str) -> Option<Self> {
        let body = html.strip_prefix('<')?;
        let start = body.strip_prefix('/').unwrap_or(body);
        if !start.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let stop = |c: char| c.is_ascii_whitespace() || c == '>';
        let length = body.find(stop)?;
        let name = body[..length].trim_end_matches('/');
        let mut attributes = Vec::new();
        let mut at = 1 + name.len();
        loop {
            let skip = |c: char| c.is_ascii_whitespace() || c == '/';
            at += html[at..].len() - html[at..].trim_start_matches(skip).len();
            let rest = &html[at..];
            if rest.is_empty() {
                return None;
            }
            if rest.starts_with('>') {
                at += 1;
                return Some(Self {
                    name,
                    attributes,
                    source: &html[..at],
                    after: &html[at..],
                });
            }
            let (attribute, after) = Attribute::read(html, at)?;
            attributes.push(attribute);
            at = after;
        }
    }

    fn attribute(&self, name: &str) -> Option<&Attribute<'h>> {
        self.attributes
            .iter()
            .find(|a| a.name.eq_ignore_ascii_case(name))
    }

    /// The value of an attribute, its references resolved.
    pub fn value(&self, name: &str) -> Option<String> {
        self.attribute(name).map(|a| unescape(a.value))
    }
}

/// An inline SVG shows what is in it, and nothing else.
fn refuse_outside(tag: &Tag<'_>) -> Result<(), DrawError> {
    let why = "stands in an inline `<svg>`, which shows only `data:` URIs; `<img>` shows it";
    svg::named(tag).map_or(Ok(()), |name| {
        Err(DrawError::Image {
            name,
            why: why.to_owned(),
        })
    })
}

/// Reads the `data-` attributes of a tag.
fn found(tag: &Tag<'_>) -> Result<Found, DrawError> {
    let role = tag.value("data-role").unwrap_or_default();
    let fit = match tag.value("data-fit") {
        None => None,
        Some(text) => Some(range(&text).ok_or_else(|| {
            DrawError::Html(format!(
                "`data-fit=\"{text}\"` is not two font sizes in px, the smaller one first"
            ))
        })?),
    };
    let words = match tag.value("data-break").as_deref().map(str::trim) {
        None => role == "headline",
        Some("words") => true,
        Some("css") => false,
        Some(other) => {
            return Err(DrawError::Html(format!(
                "`data-break=\"{other}\"` is neither `words` nor `css`"
            )));
        }
    };
    let style = tag.value("style").unwrap_or_default();
    Ok(Found {
        role,
        fit,
        words,
        style,
    })
}

/// `"40 96"` or `"40px 96px"`.
fn range(text: &str) -> Option<(f32, f32)> {
    let mut sizes = text
        .split([' ', ',', '\n', '\t'])
        .filter(|part| !part.is_empty())
        .map(|part| part.trim_end_matches("px").parse::<f32>().ok());
    let (low, high) = (sizes.next()??, sizes.next()??);
    let sane = low >= 1.0 && high <= 4096.0 && low <= high && sizes.next().is_none();
    sane.then_some((low, high))
}

/// Writes the tag with one more class.
fn add_class(tag: &Tag<'_>, class: &str, html: &mut String) {
    match tag.attribute("class") {
        Some(classes) if classes.quoted => {
            html.push_str(&tag.source[..classes.end]);
            html.push(' ');
            html.push_str(class);
            html.push_str(&tag.source[classes.end..]);
        }
        Some(classes) => {
            let start = classes.end - classes.value.len();
            html.push_str(&tag.source[..start]);
            html.push_str(&format!("\"{} {class}\"", classes.value));
            html.push_str(&tag.source[classes.end..]);
        }
        None => {
            let at = 1 + tag.name.len();
            html.push_str(&tag.source[..at]);
            html.push_str(&format!(" class=\"{class}\""));
            html.push_str(&tag.source[at..]);
        }
    }
}

/// The content of a raw element, and what follows its end tag.
pub(super) fn raw<'h>(html: &'h str, name: &str) -> (&'h str, &'h str) {
    let end = format!("</{name}");
    let at = html.char_indices().map(|(at, _)| at).find(|at| {
        html.get(*at..*at + end.len())
            .is_some_and(|t| t.eq_ignore_ascii_case(&end))
    });
    match at {
        None => (html, ""),
        Some(at) => {
            let after = html[at..].split_once('>').map_or("", |(_, after)| after);
            (&html[..at], after)
        }
    }
}

/// Text with its character references as what they stand for: those by number, and the five names that XML
/// knows. HTML's other names are left as they are written.
pub(super) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(REFERENCE).position(|b| b == b';');
        match end.and_then(|end| Some((referred(&rest[1..end])?, end + 1))) {
            Some((sign, after)) => {
                plain.push(sign);
                rest = &rest[after..];
            }
            None => {
                plain.push('&');
                rest = &rest[1..];
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// No reference that is known is longer, in bytes; zeros may stand before a number.
const REFERENCE: usize = 32;

/// What stands between `&` and `;`, as a character.
fn referred(name: &str) -> Option<char> {
    let number = match name.strip_prefix('#') {
        Some(digits) => match digits.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => digits.parse().ok()?,
        },
        None => {
            return Some(match name {
                "quot" => '"',
                "apos" => '\'',
                "lt" => '<',
                "gt" => '>',
                "amp" => '&',
                _ => return None,
            });
        }
    };
    char::from_u32(number)
}
