//! How deep a template goes, counted on its tokens before anything is made of them: the parser and all that
//! comes after it call themselves once for each level, and a thread has only so much stack. Knows no values.

use std::ops::Range;
use std::sync::Arc;

use minijinja::machinery::{Span, Token, tokenize};

use base::diagnostic::{Diagnostic, Place, Source};

/// So deep a template may go, in blocks, brackets and links of a chain together. A thread of the pool has room
/// for some times as many.
pub const MAX_DEPTH: usize = 200;

/// A place from which a template is too deep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooDeep {
    /// The token that is one too many, in bytes.
    pub span: Range<usize>,
    /// What is so long or so deep.
    pub what: &'static str,
}

/// A template of the project that is not even parsed.
#[derive(Debug)]
pub struct TemplateTooDeep {
    /// Its text.
    pub source: Arc<Source>,
    /// Where it is too deep.
    pub deep: TooDeep,
}

impl TemplateTooDeep {
    /// What is told of it.
    pub fn diagnostic(&self) -> Diagnostic {
        let place = Place::new(&self.source, self.deep.span.clone());
        self.deep.diagnostic().at(place)
    }
}

impl std::fmt::Display for TemplateTooDeep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.diagnostic().message)
    }
}

impl std::error::Error for TemplateTooDeep {}

impl TooDeep {
    /// What is told of it, without a place.
    pub fn diagnostic(&self) -> Diagnostic {
        Diagnostic::error(format!("the template is more than {MAX_DEPTH} levels deep"))
            .label(self.what)
            .hint("`{% set … %}` names a part of an expression, and `{% include … %}` takes a part out")
    }
}

const CHAIN: &str = "a chain of operators, filters or attributes";
const BRACKETS: &str = "brackets in brackets";
const BLOCKS: &str = "blocks in blocks";
const BRANCHES: &str = "a chain of `elif`";

/// The blocks that have an end. `set` has one only without a `=`.
const BLOCK: [&str; 9] = [
    "for",
    "if",
    "with",
    "set",
    "autoescape",
    "filter",
    "block",
    "macro",
    "call",
];

/// Words between the parts of an expression.
const LINKS: [&str; 7] = ["not", "and", "or", "if", "else", "in", "is"];

/// The place where a template is deeper than [`MAX_DEPTH`], if there is one. What is no template is for the parser
/// to refuse.
pub fn too_deep(source: &str) -> Option<TooDeep> {
    let mut depth = Depth::default();
    let mut tag: Option<Tag> = None;
    for token in tokenize(source, false, Default::default()) {
        let (token, span) = token.ok()?;
        let what = match token {
            Token::TemplateData(_) => None,
            Token::BlockStart => {
                tag = Some(Tag::default());
                None
            }
            Token::BlockEnd => {
                let what = tag.take().and_then(|tag| depth.block(&tag));
                depth.expression_ends();
                what
            }
            Token::VariableStart | Token::VariableEnd => {
                depth.expression_ends();
                None
            }
            token => match &mut tag {
                // The keyword is no part of an expression.
                Some(tag) if tag.keyword.is_none() => {
                    tag.keyword = Some(match token {
                        Token::Ident(name) => name.to_owned(),
                        _ => String::new(),
                    });
                    None
                }
                tag => {
                    if let Some(tag) = tag
                        && matches!(token, Token::Assign)
                        && depth.open.is_empty()
                    {
                        tag.assigns = true;
                    }
                    depth.token(&token)
                }
            },
        };
        if let Some(what) = what {
            return Some(TooDeep {
                span: bytes(span),
                what,
            });
        }
    }
    None
}

fn bytes(span: Span) -> Range<usize> {
    span.start_offset as usize..span.end_offset as usize
}

/// What is known of a `{% … %}` under way.
#[derive(Default)]
struct Tag {
    keyword: Option<String>,
    /// There is a `=` outside of brackets.
    assigns: bool,
}

#[derive(Default)]
struct Depth {
    /// Links so far in each open block: one, and one for each `elif`.
    blocks: Vec<usize>,
    /// Links so far outside of each open bracket.
    open: Vec<usize>,
    /// Links so far in the innermost bracket, or in the expression.
    links: usize,
    /// The sums of `blocks` and of `open`.
    above: usize,
    outside: usize,
}

impl Depth {
    fn expression_ends(&mut self) {
        self.open.clear();
        self.links = 0;
        self.outside = 0;
    }

    fn check(&self, what: &'static str) -> Option<&'static str> {
        (self.above + self.outside + self.links > MAX_DEPTH).then_some(what)
    }

    fn block(&mut self, tag: &Tag) -> Option<&'static str> {
        let name = tag.keyword.as_deref().unwrap_or("");
        if name == "elif" {
            *self.blocks.last_mut()? += 1;
            self.above += 1;
            return self.check(BRANCHES);
        }
        if name.starts_with("end") {
            self.above -= self.blocks.pop().unwrap_or(0);
        } else if BLOCK.contains(&name) && !(name == "set" && tag.assigns) {
            self.blocks.push(1);
            self.above += 1;
            return self.check(BLOCKS);
        }
        None
    }

    fn token(&mut self, token: &Token<'_>) -> Option<&'static str> {
        match token {
            Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => {
                // What is called or taken a part of is a link as well: `a()()()`.
                self.links += 1;
                self.outside += self.links;
                self.open.push(self.links);
                self.links = 0;
                self.check(BRACKETS)
            }
            Token::ParenClose | Token::BracketClose | Token::BraceClose => {
                self.links = self.open.pop().unwrap_or(0);
                self.outside = self.outside.saturating_sub(self.links);
                None
            }
            // What comes next is beside what came before.
            Token::Comma => {
                self.links = 0;
                None
            }
            Token::Ident(word) if !LINKS.contains(word) => None,
            Token::Str(_)
            | Token::String(_)
            | Token::Int(_)
            | Token::Int128(_)
            | Token::Float(_)
            | Token::Colon
            | Token::Assign => None,
            _ => {
                self.links += 1;
                self.check(CHAIN)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_DEPTH, too_deep};

    #[test]
    fn what_is_long_but_not_deep_is_taken() {
        let many = 10 * MAX_DEPTH;
        for text in [
            "{{ a }}".repeat(many),
            "{% if a %}{{ -b.c }}{% elif not d %}e{% endif %}".repeat(many),
            "{% set a = 1 %}{% set b %}x{% endset %}".repeat(many),
            format!("{{{{ [{}] }}}}", "-a.b|upper, ".repeat(many)),
            format!("{{{{ {{{}}} }}}}", "1: (a, b), ".repeat(many)),
            format!("{{{{ f({}) }}}}", "not x, ".repeat(many)),
            format!("{{{{ {} }}}}", "'a' ".repeat(many)),
            format!("{{% raw %}}{}{{% endraw %}}", "{{ [[[[".repeat(many)),
            format!("{{# {} #}}", "((((".repeat(many)),
        ] {
            assert_eq!(too_deep(&text), None, "{}", &text[..40]);
        }
    }

    #[test]
    fn everything_that_the_parser_calls_itself_for_is_counted() {
        let many = |text: &str| text.repeat(MAX_DEPTH + 1);
        for text in [
            format!("{{{{ {}x }}}}", many("not ")),
            format!("{{{{ {}1 }}}}", many("-")),
            format!("{{{{ 1{} }}}}", many("|string")),
            format!("{{{{ 1{} }}}}", many(" is odd")),
            format!("{{{{ a{} }}}}", many(".a")),
            format!("{{{{ a{} }}}}", many("['a']")),
            format!("{{{{ a{} }}}}", many("()")),
            format!("{{{{ 1{} }}}}", many("+1")),
            format!("{{{{ 1{} }}}}", many("~1")),
            format!("{{{{ 1{} }}}}", many("**1")),
            format!("{{{{ 1{} }}}}", many(" and 1")),
            format!("{{{{ 1{} }}}}", many(" if 1")),
            format!("{{{{ 1{} }}}}", many(" if 1 else 1")),
            format!("{{{{ {}", many("[")),
            format!("{{{{ {}", many("(")),
            format!("{{{{ {}", many("{1: ")),
            format!("{{{{ {}", many("f(a, ")),
            format!("{{% if 0 %}}{}{{% endif %}}", many("{% elif 0 %}")),
            many("{% if 1 %}"),
            many("{% for a in b %}"),
            many("{% set x %}"),
            many("{% macro x() %}"),
            format!("{{% set x{} = 1 %}}", many(".a")),
            format!("{{% set {}x = 1 %}}", many("(")),
            format!("{{% filter upper{} %}}", many("|upper")),
        ] {
            assert!(too_deep(&text).is_some(), "{}", &text[..40]);
        }
    }
}
