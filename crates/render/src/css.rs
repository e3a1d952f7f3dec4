//! What a style sheet puts on a page that is not in its tree: the strings of `content`, and the pictures of
//! `url()`. Tokens, not text: comments, selectors and escapes are what CSS says they are. Applies no rule.

use std::collections::BTreeSet;

use cssparser::{ParseError, Parser, Token};

/// Blocks and functions nest no deeper; what is deeper is not looked into, and nobody draws it.
const MAX_DEPTH: usize = 64;

/// What was found in style sheets.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// The strings of `content`.
    pub text: String,
    /// The names in `url()`.
    pub images: BTreeSet<String>,
}

/// Looks through a style sheet, or through the declarations of a `style` attribute.
pub(super) fn find(css: &str) -> Found {
    let mut found = Found::default();
    look(&mut Parser::new(css), At::Start, 0, &mut found);
    found
}

/// Where in a declaration the parser is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// Where a declaration may begin.
    Start,
    /// Behind `content`.
    Name,
    /// Behind `content:`.
    Value,
    /// Anywhere else.
    Else,
}

fn look(parser: &mut Parser<'_>, mut at: At, depth: usize, found: &mut Found) {
    // Bad tokens are tokens, too: the parser goes on behind them.
    while let Ok(token) = parser.next().cloned() {
        let is_url = matches!(&token, Token::Function(name) if is_url_function(name));
        at = match (&token, at) {
            (Token::Semicolon | Token::CurlyBracketBlock, _) => At::Start,
            (Token::Ident(name), At::Start) if name.eq_ignore_ascii_case("content") => At::Name,
            (Token::Colon, At::Name) => At::Value,
            (_, At::Value) => At::Value,
            _ => At::Else,
        };
        match &token {
            Token::QuotedString(text) if at == At::Value => found.text.push_str(text),
            Token::UnquotedUrl(name) => {
                found.images.insert(name.trim().to_owned());
            }
            Token::Function(_)
            | Token::ParenthesisBlock
            | Token::SquareBracketBlock
            | Token::CurlyBracketBlock
                if depth < MAX_DEPTH =>
            {
                let within = match at {
                    // `content: counter(x, "–")` draws what is in it as well.
                    At::Value => At::Value,
                    _ if token == Token::CurlyBracketBlock => At::Start,
                    _ => At::Else,
                };
                let _ = parser.parse_nested_block(|inner| {
                    if is_url {
                        url(inner, found);
                    } else {
                        look(inner, within, depth + 1, found);
                    }
                    Ok::<_, ParseError<()>>(())
                });
            }
            _ => {}
        }
    }
}

fn is_url_function(name: &str) -> bool {
    name.eq_ignore_ascii_case("url") || name.eq_ignore_ascii_case("src")
}

/// The name in `url("…")`.
fn url(inner: &mut Parser<'_>, found: &mut Found) {
    if let Ok(name) = inner.expect_string() {
        found.images.insert(name.trim().to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn only_what_is_drawn_is_text() {
        for (css, text) in [
            (r"p::before{content:'\2717'}", "\u{2717}"),
            (
                r#"p::before { CONTENT : "a" counter(n, "b") 'c'; color: red }"#,
                "abc",
            ),
            ("@media print { p::after { x: y; content: 'in' } }", "in"),
            ("a[title='content: x'] { color: red }", ""),
            (
                "/* content: 'no' */ p { justify-content: center; --x: 'no' }",
                "",
            ),
            ("p { align-content: 'no'; content: 'yes' }", "yes"),
            (
                ".content:hover { color: red } .b::after { content: 'y' }",
                "y",
            ),
            ("p { content: 'open", "open"),
            ("content: 'of a style attribute'", "of a style attribute"),
        ] {
            assert_eq!(find(css).text, text, "{css}");
        }
    }

    #[test]
    fn pictures_are_named_by_tokens() {
        for (css, names) in [
            (
                "/* url(old.png) */ p { background: url(a.png) }",
                &["a.png"][..],
            ),
            (
                r#"p { background: url( "b c.png" ), URL('d.png') }"#,
                &["b c.png", "d.png"],
            ),
            (r"p { background: url(a\)b.png) }", &["a)b.png"]),
            ("p { content: 'url(no.png)' }", &[]),
            (
                "@font-face { src: url(f.woff) } p { x: image-set(url(e.png) 1x) }",
                &["e.png", "f.woff"],
            ),
        ] {
            let found: Vec<String> = find(css).images.into_iter().collect();
            assert_eq!(found, names, "{css}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        for open in ["(", "[", "{", "a("] {
            find(&open.repeat(100_000));
            find(&format!("p{{content:{}", open.repeat(100_000)));
        }
    }
}
