//! What a page says, role by role: so that of two pages it can be told which texts differ. Reads tags; builds no tree.

use std::collections::BTreeMap;

use super::scan::{Tag, raw, unescape};

/// The elements that have no end tag.
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
];

/// The texts of each `data-role`, white space as one space.
pub fn role_texts(html: &str) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    // The elements that are open: their names, and where the text of those with a role goes.
    let mut open: Vec<(String, Option<(String, String)>)> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (text, tag) = rest.split_at(at);
        say(&mut open, text);
        if let Some(comment) = tag.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let Some(tag) = Tag::read(tag) else {
            say(&mut open, "<");
            rest = &tag[1..];
            continue;
        };
        rest = tag.after;
        let name = tag.name.to_ascii_lowercase();
        match name.strip_prefix('/') {
            Some(ended) => {
                if let Some(from) = open.iter().rposition(|(name, _)| name == ended) {
                    close(open.drain(from..), &mut found);
                }
            }
            None if matches!(name.as_str(), "style" | "script" | "title") => {
                (_, rest) = raw(rest, &name);
            }
            None if VOID.contains(&name.as_str()) => say(&mut open, " "),
            None if tag.source.ends_with("/>") => {}
            None => {
                let role = tag.value("data-role").filter(|role| !role.is_empty());
                open.push((name, role.map(|role| (role, String::new()))));
            }
        }
    }
    say(&mut open, rest);
    close(open.drain(..), &mut found);
    found
}

/// Adds text to every role that is open.
fn say(open: &mut [(String, Option<(String, String)>)], text: &str) {
    for (_, said) in open.iter_mut().filter_map(|(_, role)| role.as_mut()) {
        said.push_str(text);
    }
}

/// Takes the texts of elements that end.
fn close(
    ended: impl DoubleEndedIterator<Item = (String, Option<(String, String)>)>,
    found: &mut BTreeMap<String, Vec<String>>,
) {
    for (role, said) in ended.rev().filter_map(|(_, role)| role) {
        let said = unescape(&said);
        let words: Vec<&str> = said.split_whitespace().collect();
        found.entry(role).or_default().push(words.join(" "));
    }
}

#[cfg(test)]
mod tests {
    use super::role_texts;

    #[test]
    fn texts_are_found_by_their_role() {
        let html = "<!DOCTYPE html><style>p{content:'<p data-role=no>'}</style><h1 data-role='headline'>30 天 <em>A &amp; B</em><br>\
            <code>x_y</code></h1><ul><li data-role=items>一<li data-role=items> 二 \n 三</ul><p>no</p><!-- <p data-role=c>c</p> -->\
            <img data-role='logo' src='a.png'><p data-role='note'>1 < 2";
        let found: Vec<(String, Vec<String>)> = role_texts(html).into_iter().collect();
        let texts = |role: &str, texts: &[&str]| {
            let texts = texts.iter().map(|text| (*text).to_owned()).collect();
            (role.to_owned(), texts)
        };
        assert_eq!(
            found,
            [
                texts("headline", &["30 天 A & B x_y"]),
                texts("items", &["二 三", "一 二 三"]),
                texts("note", &["1 < 2"]),
            ]
        );
    }
}
