//! How a template reads the fields of an item: where it asks whether one is true, where it makes text of one, and
//! whether it calculates. Looks at tokens, as minijinja itself cuts them; knows no values.

use std::ops::Range;

use minijinja::machinery::{Token, tokenize};

/// What is said of the items of data: by this name templates see them.
const ITEM: &str = "item";
/// Filters that give another value for one that is not there, and leave it as true or false as it was.
const KEEP_TRUTH: [&str; 3] = ["bool", "d", "default"];
/// Filters that need a number.
const COUNT: [&str; 10] = [
    "abs", "batch", "float", "int", "max", "min", "round", "slice", "sort", "sum",
];
/// Tests of numbers.
const NUMERIC: [&str; 7] = [
    "divisibleby",
    "even",
    "float",
    "int",
    "integer",
    "number",
    "odd",
];
/// Filters that make a text of whatever they are given.
const WRITE: [&str; 12] = [
    "capitalize",
    "lower",
    "markdown",
    "replace",
    "slugify",
    "split",
    "striptags",
    "title",
    "trim",
    "truncate",
    "upper",
    "urlencode",
];

/// A field of the item, read at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The names on the way to it: `["author", "name"]`; none for the item itself.
    pub path: Vec<String>,
    /// Where it stands, in bytes.
    pub span: Range<usize>,
    /// What it is read for.
    pub purpose: Purpose,
}

/// What a field is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Whether it is true.
    Truth,
    /// A text is made of it.
    Text,
    /// Anything else.
    Other,
}

/// What a template reads of an item.
#[derive(Debug, Default)]
pub struct Reads {
    /// Every field, in the order of the template.
    pub fields: Vec<Field>,
    /// Whether it compares or calculates with numbers.
    pub calculates: bool,
}

/// Whether a template reads an item at all, said quickly.
pub fn reads_item(source: &str) -> bool {
    source.contains("item.") || source.contains("item[")
}

/// What a template reads of the item. What is no template is for the parser to refuse.
pub fn reads(source: &str) -> Reads {
    let tokens: Vec<(Token<'_>, Range<usize>)> = tokenize(source, false, Default::default())
        .filter_map(Result::ok)
        .map(|(token, span)| (token, span.start_offset as usize..span.end_offset as usize))
        .collect();
    let mut found = Reads {
        fields: Vec::new(),
        calculates: (0..tokens.len()).any(|at| calculates(&tokens, at)),
    };
    let mut at = 0;
    while at < tokens.len() {
        let begins = is_word(&tokens[at].0, &[ITEM])
            && !at
                .checked_sub(1)
                .is_some_and(|before| matches!(tokens[before].0, Token::Dot));
        if !begins {
            at += 1;
            continue;
        }
        let (path, end) = chain(&tokens, at + 1);
        found.fields.push(Field {
            path,
            span: tokens[at].1.start..tokens[end - 1].1.end,
            purpose: purpose(&tokens, at, end),
        });
        at = end;
    }
    found
}

type Tokens<'t> = [(Token<'t>, Range<usize>)];

/// The names that follow, and where they end.
fn chain(tokens: &Tokens<'_>, mut at: usize) -> (Vec<String>, usize) {
    let token = |at: usize| tokens.get(at).map(|(token, _)| token);
    let mut path = Vec::new();
    loop {
        match (token(at), token(at + 1), token(at + 2)) {
            (Some(Token::Dot), Some(Token::Ident(name)), _) => {
                path.push((*name).to_owned());
                at += 2;
            }
            (Some(Token::BracketOpen), Some(Token::Str(name)), Some(Token::BracketClose)) => {
                path.push((*name).to_owned());
                at += 3;
            }
            _ => return (path, at),
        }
    }
}

fn purpose(tokens: &Tokens<'_>, start: usize, end: usize) -> Purpose {
    let token = |at: usize| tokens.get(at).map(|(token, _)| token);
    let before = |back: usize| start.checked_sub(back).and_then(token);
    let is_tilde = |token: Option<&Token<'_>>| matches!(token, Some(Token::Tilde));
    let filter = match (token(end), token(end + 1)) {
        (Some(Token::Pipe), Some(Token::Ident(name))) => Some(*name),
        _ => None,
    };
    let written = filter.is_some_and(|name| WRITE.contains(&name));
    if written || is_tilde(before(1)) || is_tilde(token(end)) {
        return Purpose::Text;
    }
    let end = after_filters(tokens, end);
    let compared = matches!(token(end), Some(Token::Eq | Token::Ne))
        && token(end + 1).is_some_and(is_boolean)
        || token(end).is_some_and(|token| is_word(token, &["is"]))
            && (token(end + 1).is_some_and(is_boolean) || token(end + 2).is_some_and(is_boolean));
    if compared {
        return Purpose::Truth;
    }
    const ASK: [&str; 5] = ["not", "and", "or", "if", "elif"];
    // In brackets only where these are no call's.
    let mut back = 1;
    while matches!(before(back), Some(Token::ParenOpen)) {
        back += 1;
    }
    let asked = match before(back) {
        Some(token) if is_word(token, &ASK) => true,
        Some(Token::VariableStart) => token(end).is_some_and(|next| is_word(next, &["and", "or"])),
        _ => false,
    };
    let ends = match token(end) {
        None | Some(Token::VariableEnd | Token::BlockEnd | Token::ParenClose) => true,
        Some(token) => is_word(token, &["and", "or", "if", "else"]),
    };
    match asked && ends {
        true => Purpose::Truth,
        false => Purpose::Other,
    }
}

/// Where the filters end that leave a value as true as it was.
fn after_filters(tokens: &Tokens<'_>, mut at: usize) -> usize {
    let token = |at: usize| tokens.get(at).map(|(token, _)| token);
    while let (Some(Token::Pipe), Some(name)) = (token(at), token(at + 1))
        && is_word(name, &KEEP_TRUTH)
    {
        at += 2;
        if !matches!(token(at), Some(Token::ParenOpen)) {
            continue;
        }
        let mut depth = 0_usize;
        while let Some(next) = token(at) {
            at += 1;
            match next {
                Token::ParenOpen => depth += 1,
                Token::ParenClose if depth <= 1 => break,
                Token::ParenClose => depth -= 1,
                _ => {}
            }
        }
    }
    at
}

/// Whether a token is of numbers.
fn calculates(tokens: &Tokens<'_>, at: usize) -> bool {
    let is_number = |at: Option<usize>| {
        let token = at.and_then(|at| tokens.get(at)).map(|(token, _)| token);
        matches!(
            token,
            Some(Token::Int(_) | Token::Int128(_) | Token::Float(_))
        )
    };
    let next = tokens.get(at + 1).map(|(token, _)| token);
    match &tokens[at].0 {
        Token::Plus | Token::Minus | Token::Mul | Token::Div | Token::FloorDiv => true,
        Token::Pow | Token::Mod | Token::Gt | Token::Gte | Token::Lt | Token::Lte => true,
        Token::Eq | Token::Ne => is_number(at.checked_sub(1)) || is_number(Some(at + 1)),
        Token::Pipe => next.is_some_and(|name| is_word(name, &COUNT)),
        token if is_word(token, &["is", "not"]) => next.is_some_and(|name| is_word(name, &NUMERIC)),
        _ => false,
    }
}

fn is_boolean(token: &Token<'_>) -> bool {
    is_word(token, &["true", "false", "True", "False"])
}

fn is_word(token: &Token<'_>, words: &[&str]) -> bool {
    matches!(token, Token::Ident(name) if words.contains(name))
}

#[cfg(test)]
mod tests {
    use super::{Purpose, reads};

    #[test]
    fn what_a_field_is_read_for() {
        for (text, purpose) in [
            ("{{ not item.draft }}", Purpose::Truth),
            ("{{ not item[\"draft\"] }}", Purpose::Truth),
            ("{{ not (item.draft) }}", Purpose::Truth),
            ("{{ item.draft and true }}", Purpose::Truth),
            ("{{ not item.draft | default(false) }}", Purpose::Truth),
            ("{{ item.draft != true }}", Purpose::Truth),
            ("{{ item.draft is not true }}", Purpose::Truth),
            ("{% if item.draft %}x{% endif %}", Purpose::Truth),
            ("{% if x and item.a.b %}x{% endif %}", Purpose::Truth),
            ("{{ 'x' if item.draft else 'y' }}", Purpose::Truth),
            ("{{ item.lang == 'no' }}", Purpose::Other),
            ("{{ not item.lang == 'no' }}", Purpose::Other),
            ("{{ item.title }}", Purpose::Other),
            ("{{ item.title if x }}", Purpose::Other),
            ("{{ f(item.title) }}", Purpose::Other),
            ("{{ item.tags | join }}", Purpose::Other),
            ("{{ item.tags | upper }}", Purpose::Text),
            ("{{ 'x' ~ item.tags }}", Purpose::Text),
            ("{{ item.tags ~ 'x' }}", Purpose::Text),
        ] {
            let found = reads(text);
            assert_eq!(found.fields.len(), 1, "{text}");
            assert_eq!(found.fields[0].purpose, purpose, "{text}");
            assert!(
                text[found.fields[0].span.clone()].starts_with("item"),
                "{text}"
            );
        }
        assert_eq!(reads("{{ items.a }}{{ x.item.a }}").fields, []);
    }

    #[test]
    fn whether_it_calculates() {
        for text in [
            "{{ item.a * 2 }}",
            "{{ item.a > 3 }}",
            "{{ item.a == 1.1 }}",
            "{{ item.a | round }}",
            "{% if item.a is odd %}{% endif %}",
        ] {
            assert!(reads(text).calculates, "{text}");
        }
        for text in [
            "{{- item.a -}}",
            "v{{ item.a }}",
            "{{ item.a == 'x' }}",
            "{{ item.a | upper }}",
            "1 + 2",
        ] {
            assert!(!reads(text).calculates, "{text}");
        }
    }
}
