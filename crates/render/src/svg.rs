//! What an SVG names that is not in it: the drawing library leaves that out without a word. Knows tags; draws nothing.

use super::scan::Tag;

/// The elements that show what they name.
const SHOWN: [&str; 3] = ["image", "feImage", "use"];

/// The first picture that an SVG names and does not hold.
pub(super) fn outside(source: &str) -> Option<String> {
    let mut rest = source;
    while let Some(at) = rest.find('<') {
        let tag = &rest[at..];
        if let Some(comment) = tag.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        match Tag::read(tag) {
            Some(tag) => {
                if let Some(name) = named(&tag) {
                    return Some(name);
                }
                rest = tag.after;
            }
            None => rest = &tag[1..],
        }
    }
    None
}

/// What an element shows that is neither a part of the same file nor written out in it.
pub(super) fn named(tag: &Tag<'_>) -> Option<String> {
    let local = tag.name.rsplit(':').next().unwrap_or(tag.name);
    if !SHOWN.iter().any(|shown| shown.eq_ignore_ascii_case(local)) {
        return None;
    }
    let name = tag.value("href").or_else(|| tag.value("xlink:href"))?;
    let name = name.trim();
    let inside = |start: &str| {
        name.get(..start.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(start))
    };
    (!name.is_empty() && !inside("#") && !inside("data:")).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::outside;

    #[test]
    fn what_is_not_in_the_file_is_found() {
        for (svg, name) in [
            (r#"<svg><image href="photo.png"/></svg>"#, Some("photo.png")),
            (
                "<svg:svg><svg:image width='9' xlink:href='https://example.com/a.png'/></svg:svg>",
                Some("https://example.com/a.png"),
            ),
            (
                r##"<svg><use href="icons.svg#a"/></svg>"##,
                Some("icons.svg#a"),
            ),
            (
                r##"<svg><use href="#a"/><a href="https://example.com">x</a></svg>"##,
                None,
            ),
            (
                r#"<svg><image href="data:image/png;base64,AAAA"/></svg>"#,
                None,
            ),
            (
                r#"<svg><!-- <image href="old.png"/> --><image/></svg>"#,
                None,
            ),
        ] {
            assert_eq!(outside(svg).as_deref(), name, "{svg}");
        }
    }
}
