//! What a program's sources say to people: the text literals in them. Knows nothing of a catalogue.

use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{
    Attribute, Expr, ExprCall, ExprLit, ExprMacro, ExprMethodCall, Item, Lit, LitStr, Macro,
    StmtMacro,
};

/// A text literal, and where it is.
#[derive(Clone, Debug)]
pub struct Literal {
    /// The file, from the root of the project.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The text as the catalogue has it: a hole is `{name}` or `{}`, any other brace itself.
    pub text: String,
    /// Whether it is what things are called that are counted: `picture`.
    pub is_noun: bool,
}

/// Every text literal of a file that is no pattern, no attribute, in no test and in no assertion; doc comments too, if
/// they are help of the command line.
pub fn literals(file: &str, source: &str) -> Vec<Literal> {
    let parsed = syn::parse_file(source).unwrap_or_else(|e| panic!("{file}: {e}"));
    let mut found = Found {
        is_help: file.ends_with("cli/args.rs"),
        file: file.to_owned(),
        literals: Vec::new(),
    };
    found.visit_file(&parsed);
    found.literals
}

/// Every source file of the program, by its path from the root, without tests.
pub fn files(root: &Path) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for folder in ["src", "crates"] {
        for entry in walkdir::WalkDir::new(root.join(folder)).sort_by_file_name() {
            let path = entry.unwrap().into_path();
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .replace('\\', "/");
            let is_test = name.contains("/tests/") || name.ends_with("/tests.rs");
            if name.ends_with(".rs") && name.contains("src/") && !is_test {
                all.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(all.len() > 150, "{}", all.len());
    all
}

struct Found {
    file: String,
    is_help: bool,
    literals: Vec<Literal>,
}

impl Found {
    fn add(&mut self, text: String, line: usize, is_noun: bool) {
        self.literals.push(Literal {
            file: self.file.clone(),
            line,
            text,
            is_noun,
        });
    }

    /// What stands between the brackets of a macro or of a call in it: `name` is what is called.
    fn tokens(&mut self, name: &str, tokens: TokenStream) {
        if FOR_DEVELOPERS.contains(&name) {
            return;
        }
        let mut is_format = FORMATS.contains(&name);
        let mut called = String::new();
        for token in tokens {
            match token {
                TokenTree::Group(group) => {
                    self.tokens(&std::mem::take(&mut called), group.stream());
                }
                TokenTree::Literal(literal) => {
                    if let Ok(text) = syn::parse_str::<LitStr>(&literal.to_string()) {
                        let text = match is_format {
                            true => unformatted(&text.value()),
                            false => text.value(),
                        };
                        self.add(text, literal.span().start().line, name == "count");
                        is_format = false;
                    }
                    called.clear();
                }
                TokenTree::Ident(ident) => called = ident.to_string(),
                TokenTree::Punct(punct) if punct.as_char() == '!' => {}
                TokenTree::Punct(_) => called.clear(),
            }
        }
    }

    fn of_macro(&mut self, of: &Macro) {
        let name = of.path.segments.last().map(|s| s.ident.to_string());
        self.tokens(&name.unwrap_or_default(), of.tokens.clone());
    }
}

/// What is said to whoever changes the program.
const FOR_DEVELOPERS: [&str; 11] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "debug_assert_eq",
    "env",
    "expect",
    "include_bytes",
    "include_str",
    "panic",
    "unreachable",
];

/// Macros whose first literal has holes.
const FORMATS: [&str; 4] = ["format", "format_args", "write", "writeln"];

/// A literal of `format!` as the catalogue has it: a hole without how it is set, and braces that stand for themselves
/// once.
fn unformatted(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '{' | '}' if rest.peek() == Some(&c) => {
                rest.next();
                out.push(c);
            }
            '{' => {
                let hole: String = rest.by_ref().take_while(|c| *c != '}').collect();
                let name = hole.split(':').next().unwrap_or_default();
                out.push_str(&format!("{{{name}}}"));
            }
            c => out.push(c),
        }
    }
    out
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || (attribute.path().is_ident("cfg")
                && attribute.meta.require_list().is_ok_and(|list| {
                    let tokens = list.tokens.to_string();
                    tokens.contains("test") && !tokens.contains("not")
                }))
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Fn(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Const(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        _ => &[],
    }
}

impl<'ast> Visit<'ast> for Found {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        // A module's own docs are for developers.
        let is_inner = matches!(attribute.style, syn::AttrStyle::Inner(_));
        if !self.is_help || is_inner || !attribute.path().is_ident("doc") {
            return;
        }
        if let Ok(named) = attribute.meta.require_name_value()
            && let Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) = &named.value
        {
            let text = text.value().trim().trim_end_matches('.').to_owned();
            self.add(text, attribute.pound_token.span.start().line, false);
        }
    }

    fn visit_pat(&mut self, _: &'ast syn::Pat) {}

    fn visit_lit_str(&mut self, literal: &'ast LitStr) {
        self.add(literal.value(), literal.span().start().line, false);
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        let is_count = matches!(&*call.func, Expr::Path(path) if path.path.is_ident("count"));
        for argument in &call.args {
            match argument {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(noun),
                    ..
                }) if is_count => {
                    self.add(noun.value(), noun.span().start().line, true);
                }
                argument => self.visit_expr(argument),
            }
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if call.method != "expect" {
            visit::visit_expr_method_call(self, call);
        }
    }

    fn visit_expr_macro(&mut self, of: &'ast ExprMacro) {
        self.of_macro(&of.mac);
    }

    fn visit_stmt_macro(&mut self, of: &'ast StmtMacro) {
        self.of_macro(&of.mac);
    }
}
