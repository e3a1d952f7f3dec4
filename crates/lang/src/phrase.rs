//! From a finished English text to the other language: the template that says most and whose holes can all be said, or
//! what is put together of such. All of a text or none of it. Knows nothing of where texts come from.

use std::collections::HashMap;

use crate::catalogue::Catalogue;
use crate::spacing::Seamed;
use crate::template::{Kind, Piece, Template};

/// How deep phrases are looked for within phrases.
const MAX_DEPTH: usize = 6;
/// How many cuts of one text are tried: nobody's words may take a second to be said.
const MAX_TRIES: usize = 20_000;
/// From so many bytes on that are no hole a template is a sentence of its own.
const SAYS_MUCH: usize = 12;
/// A longer text was not written here.
const MAX_BYTES: usize = 16 << 10;

/// The translation of a whole text, if the catalogue has all of it.
pub fn whole(catalogue: &Catalogue, text: &str) -> Option<String> {
    if text.len() > MAX_BYTES || !has_words(text) {
        return None;
    }
    let mut search = Search {
        catalogue,
        known: HashMap::new(),
        tries: 0,
    };
    search.phrase(text, 0).or_else(|| search.lines(text))
}

struct Search<'c, 't> {
    catalogue: &'c Catalogue,
    known: HashMap<(&'t str, usize), Option<String>>,
    tries: usize,
}

impl<'t> Search<'_, 't> {
    /// Each line by itself; an indent stays.
    fn lines(&mut self, text: &'t str) -> Option<String> {
        if !text.trim_end_matches('\n').contains('\n') {
            return None;
        }
        let mut out = Vec::new();
        for line in text.split('\n') {
            let words = line.trim_start_matches(' ');
            let indent = &line[..line.len() - words.len()];
            let said = match self.phrase(words, 0) {
                Some(said) => said,
                None if !has_words(words) => words.to_owned(),
                None => return None,
            };
            out.push(format!("{indent}{said}"));
        }
        Some(out.join("\n"))
    }

    /// A text or a part of one.
    fn phrase(&mut self, text: &'t str, depth: usize) -> Option<String> {
        if let Some(words) = self.catalogue.exact(text) {
            return Some(words.to_owned());
        }
        if depth >= MAX_DEPTH || text.is_empty() || !has_words(text) {
            return None;
        }
        if let Some(known) = self.known.get(&(text, depth)) {
            return known.clone();
        }
        // `{made} made` would take a whole list into its hole; `would {}` is meant to.
        let says_much = |template: &Template| {
            let begins = template.texts.first().is_some_and(|text| text.len() > 3);
            begins || template.weight() >= SAYS_MUCH
        };
        let said = self
            .template(text, depth, &says_much)
            .or_else(|| self.compound(text, depth))
            .or_else(|| self.template(text, depth, &|template| !says_much(template)));
        self.known.insert((text, depth), said.clone());
        said
    }

    /// What stands in a hole that has to be said.
    fn words(&mut self, text: &'t str, depth: usize) -> Option<String> {
        match has_words(text) {
            true => self.phrase(text, depth),
            false => Some(self.catalogue.exact(text).unwrap_or(text).to_owned()),
        }
    }

    fn template(
        &mut self,
        text: &'t str,
        depth: usize,
        of: &dyn Fn(&Template) -> bool,
    ) -> Option<String> {
        let catalogue = self.catalogue;
        for (template, translation) in catalogue.templates() {
            let (Some(first), Some(last)) = (template.texts.first(), template.texts.last()) else {
                continue;
            };
            let fits = template.weight() <= text.len()
                && of(template)
                && text.starts_with(first.as_str())
                && text.ends_with(last.as_str());
            if !fits {
                continue;
            }
            if let Some(said) = self.by(template, translation, text, depth) {
                return Some(said);
            }
        }
        None
    }

    /// A text as this template says it.
    fn by(
        &mut self,
        template: &Template,
        translation: &[Piece],
        text: &'t str,
        depth: usize,
    ) -> Option<String> {
        let first = template.texts.first().map_or(0, String::len);
        let mut holes = Vec::with_capacity(template.names.len());
        if !self.cut(template, translation, text, first, depth, &mut holes) {
            return None;
        }
        let mut said = Seamed::default();
        for piece in translation {
            match piece {
                Piece::Text(text) => said.push(text),
                Piece::Hole(hole, _) if template.is_quoted(*hole) => {
                    said.push_quoted(&holes[*hole]);
                }
                Piece::Hole(hole, _) => said.push(&holes[*hole]),
            }
        }
        Some(said.finish())
    }

    /// Fills the holes from the next one on; `at` is where it begins.
    fn cut(
        &mut self,
        template: &Template,
        translation: &[Piece],
        text: &'t str,
        at: usize,
        depth: usize,
        holes: &mut Vec<String>,
    ) -> bool {
        let hole = holes.len();
        if hole == template.names.len() {
            return at == text.len();
        }
        let next = &template.texts[hole + 1];
        let is_last = hole + 1 == template.names.len();
        let mut from = if is_last {
            text.len().saturating_sub(next.len()).max(at)
        } else {
            at
        };
        while let Some(end) = text
            .get(from..)
            .and_then(|rest| rest.find(next.as_str()))
            .map(|n| from + n)
        {
            self.tries += 1;
            if self.tries > MAX_TRIES {
                return false;
            }
            if let Some(said) = self.hole(template, translation, hole, &text[at..end], depth) {
                holes.push(said);
                if self.cut(template, translation, text, end + next.len(), depth, holes) {
                    return true;
                }
                holes.truncate(hole);
            }
            from = end + text[end..].chars().next().map_or(1, char::len_utf8);
        }
        false
    }

    /// What a hole says in the other language; nothing if it cannot be.
    fn hole(
        &mut self,
        template: &Template,
        translation: &[Piece],
        hole: usize,
        inside: &'t str,
        depth: usize,
    ) -> Option<String> {
        if template.counts && hole == 0 && !is_number(inside) {
            return None;
        }
        if template.is_quoted(hole) {
            return (!inside.contains('`')).then(|| inside.to_owned());
        }
        let kind = translation.iter().find_map(|piece| match piece {
            Piece::Hole(n, kind) if *n == hole => Some(*kind),
            _ => None,
        });
        match kind {
            Some(Kind::Name) => Some(inside.to_owned()),
            Some(Kind::Foreign) => Some(
                self.words(inside, depth + 1)
                    .unwrap_or_else(|| inside.to_owned()),
            ),
            Some(Kind::Words) => self.words(inside, depth + 1),
            // Grammar of the one language that the other does not have: `is`, `are`.
            None => (!inside.contains(' ')).then(String::new),
        }
    }

    /// What is put together without a template: `a; b`, `a: b`, `a · b`, `a (b)`, `a, b and c`.
    fn compound(&mut self, text: &'t str, depth: usize) -> Option<String> {
        let mut joined = |parts: Vec<&'t str>, by: &[&str]| -> Option<String> {
            let mut said = Seamed::default();
            for (n, part) in parts.iter().enumerate() {
                if n > 0 {
                    said.push(by[(n - 1).min(by.len() - 1)]);
                }
                said.push(&self.words(part, depth + 1)?);
            }
            Some(said.finish())
        };
        for (separator, by) in [("; ", "；"), (" · ", " · ")] {
            let parts = split(text, separator);
            if parts.len() > 1
                && let Some(said) = joined(parts, &[by])
            {
                return Some(said);
            }
        }
        if let Some((before, after)) = text.split_once(": ")
            && let Some(said) = joined(vec![before, after], &["："])
        {
            return Some(said);
        }
        if let Some(body) = text.strip_suffix(')')
            && let Some((before, inside)) = body.rsplit_once(" (")
            && let Some(said) = joined(vec![before, inside], &["（"])
        {
            return Some(said + "）");
        }
        let and = split(text, " and ");
        let mut parts = Vec::new();
        for (n, part) in and.iter().enumerate() {
            let commas = if n + 1 < and.len() || and.len() == 1 {
                split(part, ", ")
            } else {
                vec![*part]
            };
            parts.extend(commas);
        }
        match (parts.len(), and.len()) {
            (..2, _) => None,
            (_, 1) => joined(parts, &["，"]),
            (n, _) => {
                let mut by = vec!["、"; n - 2];
                by.push("和");
                joined(parts, &by)
            }
        }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b',')
}

/// The parts of a text between separators that stand in no quotes and no brackets.
fn split<'t>(text: &'t str, separator: &str) -> Vec<&'t str> {
    let mut parts = Vec::new();
    let (mut from, mut brackets, mut is_quoted) = (0, 0_usize, false);
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '`' => is_quoted = !is_quoted,
            '(' | '“' if !is_quoted => brackets += 1,
            ')' | '”' if !is_quoted => brackets = brackets.saturating_sub(1),
            _ => {}
        }
        if !is_quoted && brackets == 0 && text[at..].starts_with(separator) {
            parts.push(&text[from..at]);
            at += separator.len();
            from = at;
        } else {
            at += c.len_utf8();
        }
    }
    parts.push(&text[from..]);
    parts
}

/// Whether there are English words in a text, outside of quotes: what is a number, a path, code or an abbreviation says
/// the same in every language.
pub fn has_words(text: &str) -> bool {
    let mut quoted: Option<char> = None;
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match (quoted, c) {
            (Some(close), c) if c == close => quoted = None,
            (Some(_), _) => {}
            (None, '`') => quoted = Some('`'),
            (None, '“') => quoted = Some('”'),
            (None, '"') => quoted = Some('"'),
            (None, c) => plain.push(c),
        }
    }
    plain.split_whitespace().any(is_word)
}

fn is_word(token: &str) -> bool {
    let token =
        token.trim_matches(|c: char| c.is_ascii_punctuation() && c != '-' && c != '/' && c != '$');
    let letters = token.bytes().filter(u8::is_ascii_alphabetic).count();
    let is_code = token.starts_with('-')
        || token.contains(['/', '_', '=', '@', '\\', '<', '>', '.', '$'])
        || token.bytes().any(|b| b.is_ascii_digit())
        || !token.is_ascii()
        || token.bytes().skip(1).any(|b| b.is_ascii_uppercase());
    letters > 1 && !is_code
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{Search, Template, has_words, split, whole};
    use crate::catalogue::read;

    fn said(text: &str) -> Option<String> {
        let (catalogue, faults) = read(CATALOGUE);
        assert_eq!(faults, []);
        whole(&catalogue, text)
    }

    const CATALOGUE: &str = r#"
msgid "there is no {what} `{}`"
msgstr "没有{what} `{}`"
msgid "{what} `{}` is gone: {why}"
msgstr "{what} `{}` 不见了：{why?}"
msgid "asset"
msgstr "图片"
msgid "the system says nothing"
msgstr "系统没有说什么"
msgid "next: {id} is {}"
msgstr "接下来：{id!} {}"
msgid "{} picture"
msgid_plural "{} pictures"
msgstr[0] "{} 张图"
msgid "{} {belong} to no asset"
msgstr "{}不属于任何图片"
msgid "{made} made"
msgstr "完成 {made}"
msgid "{} in {}"
msgstr "{}，用时 {}"
"#;

    #[test]
    fn a_template_is_said_with_its_holes() {
        for (text, words) in [
            ("there is no asset `hero`", "没有图片 `hero`"),
            // What is quoted is nobody's to translate, even if it reads like a text.
            (
                "there is no asset `there is no asset`",
                "没有图片 `there is no asset`",
            ),
            (
                "asset `a` is gone: the system says nothing",
                "图片 `a` 不见了：系统没有说什么",
            ),
            (
                "asset `a` is gone: Broken pipe it says",
                "图片 `a` 不见了：Broken pipe it says",
            ),
            ("next: made is 3 pictures", "接下来：made 3 张图"),
            ("3 pictures belong to no asset", "3 张图不属于任何图片"),
            ("3 made in 1.8s", "完成 3，用时 1.8s"),
            ("1 picture, 2 pictures and 3 made", "1 张图、2 张图和完成 3"),
        ] {
            assert_eq!(said(text).as_deref(), Some(words), "{text}");
        }
    }

    #[test]
    fn a_text_is_said_whole_or_not_at_all() {
        for text in [
            "there is no glue `hero`",
            "there is no asset `hero` any more",
            "next: a is somewhere",
            "3 pictures belong to nobody at all",
            "3 made, 4 lost",
            "",
            "3",
            "dist/a.png",
        ] {
            assert_eq!(said(text), None, "{text}");
        }
    }

    /// A text with this in each hole.
    fn example(template: &Template, inside: &str) -> String {
        template.texts.join(inside)
    }

    #[test]
    fn each_template_says_its_own_example() {
        let catalogue = crate::chinese();
        let mut wrong = Vec::new();
        for (template, translation) in catalogue.templates() {
            let text = example(template, "7");
            let mut search = Search {
                catalogue,
                known: HashMap::new(),
                tries: 0,
            };
            let own = search.by(template, translation, &text, 0);
            let said = whole(catalogue, &text);
            if has_words(&text) && own != said {
                wrong.push(format!("{text}\n  {own:?}\n  {said:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn lines_are_said_each_by_itself_and_all_of_them() {
        assert_eq!(
            said("asset\n  3 pictures\n").as_deref(),
            Some("图片\n  3 张图\n")
        );
        assert_eq!(said("asset\n  3 glues\n"), None);
    }

    #[test]
    fn nobody_makes_it_search_for_long() {
        let text = "there is no ".repeat(1_000) + "`a`";
        assert_eq!(said(&text), None);
        let text = "glue, paste and ".repeat(500);
        assert_eq!(said(&text), None);
        let text = format!(
            "{} `x` is gone: {}",
            "asset `a` ".repeat(300),
            "is gone: ".repeat(300)
        );
        assert_eq!(said(&text), None);
    }

    #[test]
    fn words_are_told_from_what_is_the_same_everywhere() {
        for text in [
            "3",
            "1.8s",
            "$0.053",
            "dist/a.png",
            "`some words`",
            "PNG",
            "--force",
            "a",
            "“some words”",
            "GiB",
            "300x400",
            "中文",
        ] {
            assert!(!has_words(text), "{text}");
        }
        for text in ["made", "3 pictures", "a `b` is", "unknown"] {
            assert!(has_words(text), "{text}");
        }
    }

    #[test]
    fn what_stands_in_brackets_or_quotes_is_one() {
        assert_eq!(
            split("a, (b, c), `d, e`, “f, g”", ", "),
            ["a", "(b, c)", "`d, e`", "“f, g”"]
        );
    }
}
