//! Literals that look like texts and are said to nobody in another language, each with the reason.

use super::sources::Literal;

/// Files none of whose literals reach a person.
const FILES: [(&str, &str); 10] = [
    ("crates/lang/src/drawn.rs", "looked for in what is drawn"),
    (
        "crates/lang/src/catalogue.rs",
        "what is wrong with a catalogue, for whoever writes it",
    ),
    ("crates/provider/src/rows.rs", "a test of rows of the table"),
    ("crates/render/src/fonts/embedded.rs", "names of fonts"),
    (
        "crates/provider/src/samples.rs",
        "a test of answers that real providers gave",
    ),
    ("crates/render/src/numerals.rs", "a page that is drawn"),
    (
        "crates/render/src/contrast.rs",
        "styles of a page that is drawn",
    ),
    (
        "crates/render/src/headlines.rs",
        "pages that are drawn to judge where lines break",
    ),
    ("src/site.rs", "comments in a manifest that `init` writes"),
    (
        "crates/report/src/live.rs",
        "said in both languages in place",
    ),
];

/// Single literals.
const TEXTS: [(&str, &str); 90] = [
    ("cannot be sliced", "looked for in what an engine says"),
    (
        "# What people say of pictures, by their digests. Written by gpbuild; commit it.\nversion = {VERSION}\n",
        "of a file that is committed",
    ),
    ("approved = {approved}", "of a file that is committed"),
    ("window.GPBUILD = {data};\n", "a script"),
    ("attachment; filename*=UTF-8''{name}", "a header"),
    (
        "<script src=\"data.js\"></script>\n<script src=\"page.js\" defer></script>\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'self' file:; style-src 'self' file:; img-src 'self' file: blob:; base-uri 'none'; form-action 'none'\">",
        "of a page",
    ),
    ("data: ", "a protocol"),
    (
        "What `--detach` begins this program with",
        "hidden in the help",
    ),
    (
        "A run that was agreed to in another process: its id, and the digest of its plan",
        "of the program itself",
    ),
    ("The name of a run", "of the program itself"),
    ("The run", "of the program itself"),
    ("What was agreed to", "of the program itself"),
    (
        "What is to be taken as a shot of this asset, with files as they were typed in the folder `here`",
        "of the program itself",
    ),
    (
        "The flags that were given, for the message that they stand in the wrong place",
        "of the program itself",
    ),
    (
        "missing object",
        "counted: the catalogue has it with its number",
    ),
    (
        "damaged file",
        "counted: the catalogue has it with its number",
    ),
    ("{}.{} kB", "a unit"),
    ("{}.{} MB", "a unit"),
    ("{}.{} GB", "a unit"),
    ("name = \"my-pictures\"\n", "a file that `init` writes"),
    ("gpbuild.lock merge=union", "a file that `init` writes"),
    (" --shot {n}", "what is typed"),
    (" --shot {}", "what is typed"),
    ("  key", "said without its indent"),
    ("  reference", "said without its indent"),
    ("  mask", "said without its indent"),
    ("\\ No newline", "a mark in a difference"),
    ("gpbuild agreed plan", "what a digest begins with"),
    ("gpbuild trust 1", "what a digest begins with"),
    ("gpbuild trust of a folder 1", "what a digest begins with"),
    ("gpbuild names", "what a digest begins with"),
    ("gpbuild item", "what a digest begins with"),
    ("gpbuild shot", "what a digest begins with"),
    ("gpbuild export", "what a digest begins with"),
    (
        "# gpbuild: somebody agreed to these settings of the project in this folder. Without this file, gpbuild asks again.",
        "a file that is written",
    ),
    (
        "{} and {last}",
        "a list: put together again in the other language",
    ),
    (" (os error ", "cut off from what a system says"),
    (" at line ", "looked for in what a parser says"),
    ("number out of range", "looked for in what a parser says"),
    ("trailing comma", "looked for in what a parser says"),
    ("control character", "looked for in what a parser says"),
    ("trailing characters", "looked for in what a parser says"),
    ("duplicate key ", "looked for in what a parser says"),
    ("inexact number ", "looked for in what a parser says"),
    ("recursion depth", "looked for in what a parser says"),
    ("duplicate key", "looked for in what a parser says"),
    ("invalid unquoted key", "looked for in what a parser says"),
    ("tabs ", "looked for in what a parser says"),
    (" tab", "looked for in what a parser says"),
    ("recursion limit", "looked for in what a parser says"),
    (
        "too large or too complex",
        "looked for in what a parser says",
    ),
    ("limit exceeded", "looked for in what a parser says"),
    ("depth exceeded", "looked for in what a parser says"),
    (
        "mapping values are not allowed",
        "looked for in what a parser says",
    ),
    ("did not find expected", "looked for in what a parser says"),
    ("null is not allowed", "looked for in what a parser says"),
    ("unknown value", "looked for in what a parser says"),
    ("unexpected character", "looked for in what a parser says"),
    ("no other text", "looked for in a prompt"),
    ("no text", "looked for in a prompt"),
    (
        "{ text_in = {text_in}, image_in = {image_in}, image_out = {image_out}{text_out} }",
        "TOML",
    ),
    ("{ api_version = {}, deployments = { {} } }", "TOML"),
    ("styles.toml (built in)", "the name of a file"),
    ("{file} (built in)", "the name of a file"),
    ("import ", "looked for in MDX"),
    (" from ", "looked for in MDX"),
    ("export ", "looked for in MDX"),
    (
        "padding: 0 0.18em; background-image: linear-gradient(transparent 14%, rgba(128, 128, 128, 0.3) 14%, rgba(128, 128, 128, 0.3) 92%, transparent 92%)",
        "a style",
    ),
    (
        "template not found",
        "looked for in what the template engine says",
    ),
    (" is unknown", "looked for in what the template engine says"),
    (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "a header",
    ),
    ("private, max-age=31536000, immutable", "a header"),
    (
        "overlay ",
        "the beginning of a name: the catalogue has the whole",
    ),
    (
        "font ",
        "the beginning of a name: the catalogue has the whole",
    ),
    (
        "slide ",
        "the beginning of a name: the catalogue has the whole",
    ),
    (
        "numerals ",
        "the beginning of a name: the catalogue has the whole",
    ),
    ("{prefix}font {}", "the catalogue has it with each prefix"),
    ("{prefix}image {}", "the catalogue has it with each prefix"),
    ("export = \"", "the lock"),
    ("version = ", "the lock"),
    ("version = {VERSION}", "the lock"),
    (
        "# Which picture each asset has. Written by gpbuild: commit it, do not edit it.\n",
        "the lock",
    ),
    ("accepted = true\n", "the lock"),
    ("shots = []\n", "the lock"),
    ("shots = [\n", "the lock"),
    (
        "  { key = \"{}\", candidates = [{}], pick = {} },",
        "the lock",
    ),
    ("upload, finalize", "a header"),
    ("not wanted", "looked for in what a provider says"),
    ("must be verified", "looked for in what a provider says"),
    (
        "html, body { height: 100%; } body { margin: 0; box-sizing: border-box; }",
        "a style",
    ),
];

/// Whether a literal is known to be said to nobody.
pub fn is_listed(literal: &Literal) -> bool {
    FILES.iter().any(|(file, _)| *file == literal.file)
        || TEXTS.iter().any(|(text, _)| *text == literal.text)
}

/// What is listed and not there any more.
pub fn unused(all: &[Literal]) -> Vec<&'static str> {
    let files = FILES.iter().map(|(file, _)| *file);
    let files = files.filter(|file| !all.iter().any(|literal| literal.file == *file));
    let texts = TEXTS.iter().map(|(text, _)| *text);
    let texts = texts.filter(|text| !all.iter().any(|literal| literal.text == *text));
    files.chain(texts).collect()
}
