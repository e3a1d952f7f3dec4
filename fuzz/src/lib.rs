//! What each fuzz target does with its bytes. Whatever they are: no panic, and an end.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use base::diagnostic::{Diagnostic, Place, Source};
use base::digest::Digest;
use base::path::ProjectPath;
use base::world::World;
use declare::data;
use declare::manifest::{self, At};
use declare::markdown;
use declare::spec::{self, Options};
use declare::template::{Context, Templates, Undefined};
use export::{Export, Format};
use plan::lock::Lock;
use plan::state::{State, StateFile};
use provider::reply::KeepError;
use provider::{Form, Veil};
use render::Fonts;
use store::ledger::Ledger;

/// An empty project, one for the whole run.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let made = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join(".gpbuild")).expect("a folder in it");
        folder
    });
    made.path()
}

fn world(name: &str, bytes: &[u8]) -> Arc<World> {
    let path = ProjectPath::new(name).expect("a path");
    let world = World::open(folder()).expect("a project");
    Arc::new(world.with(&path, bytes.to_vec()))
}

/// A diagnostic has to be printed, too.
fn told<'a>(diagnostics: impl IntoIterator<Item = &'a Diagnostic>) {
    for diagnostic in diagnostics {
        assert!(!diagnostic.render(false).is_empty());
    }
}

/// A `gpbuild.toml`, with all that is resolved from it.
pub fn manifest(bytes: &[u8]) {
    let world = world("gpbuild.toml", bytes);
    match manifest::load(&world, None) {
        Ok((manifest, tree, problems)) => {
            let templates = Templates::new(&world, &templates_folder());
            let (fonts, options): (Arc<[Digest]>, _) = (Arc::from([]), Options::default());
            let resolved =
                spec::resolve(&manifest, &tree, &world, &templates, &fonts, &options, None);
            told(problems.iter().chain(&resolved.diagnostics));
        }
        Err(failure) => told(&failure.diagnostics),
    }
}

/// A template, as a string of a manifest and as a file.
pub fn template(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let world = world("templates/page.html", bytes);
    let templates = Templates::new(&world, &templates_folder());
    let value = |value: serde_json::Value| minijinja::Value::from(minijinja::value::Serde(value));
    let text_of =
        serde_json::json!({ "headline": "标题 one", "points": ["a", "b"], "number": 1.5 });
    let context = Context::default()
        .with("text", value(text_of))
        .with("vars", value(serde_json::json!({ "accent": "#ff0000" })))
        .with("file", value(serde_json::json!({ "stem": "a", "path": "posts/a.md" })))
        .with_item(&data::Item {
            file: ProjectPath::new("posts/a.md").expect("a path"),
            line: 1,
            value: serde_json::json!({ "tags": ["x", "y"], "nested": { "deep": [1, 2, [3]] }, "none": null, "draft": "no" }),
            written: None,
            body: None,
        });
    told(templates.render("page.html", &context).err().as_ref());
    let source = Source::new("gpbuild.toml", text);
    let raw = At {
        value: text.to_owned(),
        place: Place::new(&source, 0..text.len()),
    };
    for undefined in [Undefined::Refused, Undefined::False] {
        told(
            templates
                .render_string(&raw, &context, undefined)
                .err()
                .as_ref(),
        );
    }
}

/// A page of HTML and CSS, drawn.
pub fn page(bytes: &[u8]) {
    static FONTS: OnceLock<Fonts> = OnceLock::new();
    let Ok(html) = std::str::from_utf8(bytes) else {
        return;
    };
    let fonts = FONTS.get_or_init(|| Fonts::embedded().expect("the fonts"));
    if let Err(error) = render::draw(html, 64, 64, fonts, &BTreeMap::new()) {
        assert!(!error.to_string().is_empty());
    }
}

/// A data file; its first byte says of which format.
pub fn data(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    let (format, name) = match first % 5 {
        0 => (data::Format::FrontMatter, "a.md"),
        1 => (data::Format::Csv, "a.csv"),
        2 => (data::Format::Toml, "a.toml"),
        3 => (data::Format::Json, "a.json"),
        _ => (data::Format::Yaml, "a.yaml"),
    };
    if let (data::Format::FrontMatter, Ok(text)) = (format, std::str::from_utf8(rest)) {
        let document = markdown::document(text);
        assert!(document.headings.iter().all(|heading| heading.level > 0));
        assert!(
            text.lines()
                .all(|line| markdown::unmarked(line).len() <= line.len())
        );
    }
    match data::read(format, &ProjectPath::new(name).expect("a path"), rest) {
        Ok(items) => assert!(items.iter().all(|item| item.value.is_object())),
        Err(problem) => told([&problem]),
    }
}

/// A lock: what is read and written is read again as the same.
pub fn lock(bytes: &[u8]) {
    match Lock::parse(bytes) {
        Ok(lock) => {
            let text = lock.text();
            let again = Lock::parse(text.as_bytes()).expect("its own text");
            assert_eq!(again.text(), text);
        }
        Err(failure) => told(&failure.diagnostics),
    }
}

fn state_file(name: &str, bytes: &[u8]) {
    std::fs::write(folder().join(".gpbuild").join(name), bytes).expect("a file");
}

/// A ledger.
pub fn ledger(bytes: &[u8]) {
    // Each line with its digest, so that what is in them is looked at too.
    let with_digests = bytes.split(|byte| *byte == b'\n').map(|line| {
        let digest = Digest::of(line).hex();
        [line, b" ", &digest.as_bytes()[..16], b"\n"].concat()
    });
    let with_digests: Vec<u8> = with_digests.flatten().collect();
    for bytes in [bytes, &with_digests] {
        state_file("ledger", bytes);
        let ledger = Ledger::open(&folder().join(".gpbuild")).expect("what a disk holds");
        let known = ledger.entries().len();
        assert!(ledger.doubts().len() <= known);
        ledger.spent_this_month(None);
        told(ledger.damage().as_ref());
    }
}

/// A state: with the digest and the version that are asked for, so that what is in it is looked at too.
pub fn state(bytes: &[u8]) {
    state_file("state", bytes);
    StateFile::read(folder(), "state").state();
    let empty = {
        let written = State::default();
        written.write(folder(), "state").expect("a file");
        std::fs::read(folder().join(".gpbuild/state")).expect("a file")
    };
    let body = [&empty[32..36], bytes].concat();
    let whole = [Digest::of(&body).bytes().as_slice(), &body].concat();
    state_file("state", &whole);
    StateFile::read(folder(), "state").state();
}

/// A picture, as it comes from a person or an API.
pub fn picture(bytes: &[u8]) {
    let whole = export::dimensions(bytes);
    let asked = Export {
        width: 16,
        height: 12,
        crop: None,
        format: Format::Png,
        quality: None,
        max_bytes: None,
    };
    // A small file that says it is large is believed up to a limit; that takes its time, but ends.
    if let Ok((width, height)) = whole
        && u64::from(width) * u64::from(height) > 1 << 20
    {
        return;
    }
    match export::export(&asked, bytes) {
        Ok(made) => {
            assert_eq!(
                export::dimensions(&made).expect("its own picture"),
                (16, 12)
            );
            assert!(!export::is_cut(&made));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    export::is_cut(bytes);
}

/// The body of an answer.
pub fn answer(bytes: &[u8]) {
    let mut keep = |picture: &mut dyn std::io::Read| {
        std::io::copy(picture, &mut std::io::sink()).map_err(KeepError::Picture)?;
        Ok(Digest::of(&[]))
    };
    let answer = Form::Images
        .read(bytes, 2, &Veil::default(), &mut keep)
        .expect("no disk");
    assert!(
        answer
            .trouble
            .is_none_or(|why| !why.is_empty() && why.len() < 4000)
    );
}

/// Where a project's own templates are, if it does not say.
fn templates_folder() -> ProjectPath {
    ProjectPath::new("templates").expect("a path")
}
