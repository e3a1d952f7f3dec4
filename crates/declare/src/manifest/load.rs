//! Finds and reads every manifest of the project and puts them together, collecting everything
//! that is wrong. Renders no template and looks no preset up.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use toml::de::DeTable;

use crate::manifest::project::{PROJECT_KEYS, read_project};
use crate::manifest::reader::{Problems, Table};
use crate::manifest::shared::read_shared;
use crate::manifest::{MANIFEST_SUFFIX, MAX_BYTES, Manifest, PROJECT_FILE, Tree, find};
use crate::quotes;
use base::diagnostic::{Diagnostic, Failure, Place, Source};
use base::fs::FsError;
use base::path::ProjectPath;
use base::world::World;

/// The styles that every project has, written as a project writes its own.
const BUILT_IN_STYLES: &str = include_str!("styles.toml");
/// Reads the project's manifests. What is wrong in any of them comes back all at once, beside what
/// could be read. With a tree, only of the files in it.
pub fn load(
    world: &World,
    tree: Option<Tree>,
) -> Result<(Manifest, Tree, Vec<Diagnostic>), Failure> {
    let problems = Problems::default();
    let mut manifest = Manifest::default();
    let root_file = ProjectPath::new(PROJECT_FILE).map_err(Failure::usage)?;
    let Some(root_text) = read(world, &root_file, &problems) else {
        return Err(no_project(world, &root_file, problems));
    };
    manifest.read.insert(root_file);
    with_table(&root_text, &problems, |table| {
        read_project(&table, &mut manifest);
        read_shared(&table, "", &mut manifest);
        table.finish_with(&[], |key| {
            // Nor is it known here: what is run is not a project's word.
            (key == "command").then(|| {
                "which program a name stands for is said in your own `config.toml`, and in no project".to_owned()
            })
        });
    });
    let tree = match tree {
        Some(tree) => tree,
        None => find::walk(world, &manifest.project.out)?,
    };
    for file in &tree.files {
        if file.as_str().ends_with(MANIFEST_SUFFIX) {
            read_manifest(world, file, &mut manifest, &problems);
        }
    }
    report_odd_paths(&tree, &problems);
    // Last, so that a style of the project is not the second of its name.
    add_built_in_styles(&mut manifest, &problems);
    Ok((manifest, tree, problems.into_inner()))
}

/// Why there is nothing to read: no project here, or what is wrong with its file.
fn no_project(world: &World, root_file: &ProjectPath, problems: Problems) -> Failure {
    if world.root().at(root_file).exists() {
        return Failure::manifest(problems.into_inner());
    }
    Failure::usage(format!(
        "there is no `{PROJECT_FILE}` in {}",
        here(world.root().path())
    ))
    .with_hint("`gpbuild init` starts a project here; `-C DIR` works in another folder")
}

/// Reads a manifest below `gpbuild.toml`.
fn read_manifest(world: &World, file: &ProjectPath, manifest: &mut Manifest, problems: &Problems) {
    let Some(source) = read(world, file, problems) else {
        return;
    };
    manifest.read.insert(file.clone());
    with_table(&source, problems, |table| {
        read_shared(&table, file.parent(), manifest);
        table.finish_with(&[], |key| {
            PROJECT_KEYS
                .contains(&key)
                .then(|| format!("`[{key}]` belongs in `{PROJECT_FILE}`"))
        });
    });
}

/// Manifests whose paths no project can name.
fn report_odd_paths(tree: &Tree, problems: &Problems) {
    for (path, why) in &tree.odd {
        if path.ends_with(MANIFEST_SUFFIX) {
            let shown = path.escape_debug();
            let problem = Diagnostic::error(format!("the path of the manifest `{shown}` {why}"));
            problems.borrow_mut().push(problem.hint("rename it"));
        }
    }
}

/// The styles that every project has, but for those that it has itself.
fn add_built_in_styles(manifest: &mut Manifest, problems: &Problems) {
    let mut built_in = Manifest::default();
    let source = Source::new("styles.toml (built in)", BUILT_IN_STYLES);
    with_table(&source, problems, |table| {
        read_shared(&table, "", &mut built_in);
    });
    for (name, style) in built_in.styles {
        manifest.styles.entry(name).or_insert(style);
    }
}

fn read(world: &World, file: &ProjectPath, problems: &Problems) -> Option<Arc<Source>> {
    match world.read_text(file, MAX_BYTES) {
        Ok(text) => Some(Source::new(file.as_str(), text)),
        Err(e) => {
            let mut diagnostic = Diagnostic::error(e.to_string());
            if let FsError::NotUtf8 { offset, .. } = e {
                let bytes = world.read(file, MAX_BYTES).unwrap_or_default();
                let end = bytes.len().min(offset + 1000);
                // The wrong byte becomes U+FFFD, three bytes long; what is before it stays in place.
                let text = String::from_utf8_lossy(&bytes[..end]);
                let source = Source::new(file.as_str(), text);
                diagnostic = Diagnostic::error(format!("`{file}` is not UTF-8"))
                    .at(Place::new(&source, offset..offset + 3))
                    .label("this byte is wrong")
                    .hint("save the file as UTF-8");
            }
            problems.borrow_mut().push(diagnostic);
            None
        }
    }
}

/// Parses a manifest; what is not TOML is reported, and the rest of that file is left alone, since
/// half a table would only give errors that are not there.
pub(super) fn with_table(source: &Arc<Source>, problems: &Problems, then: impl FnOnce(Table<'_>)) {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    if errors.is_empty() {
        return then(Table::root(table.get_ref(), source, problems));
    }
    let mut problems = problems.borrow_mut();
    let mut lines = BTreeSet::new();
    let mut twice = false;
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let line_start = source
            .text
            .get(..span.start)
            .and_then(|before| before.rfind('\n'));
        let curly = quotes::curly(&source.text, span.start);
        let place = Place::new(source, curly.clone().unwrap_or(span));
        // On one line, the second error follows from the first; behind a table that stands twice,
        // every key of it does.
        let follows = error.message() == "duplicate key" && std::mem::replace(&mut twice, true);
        if !follows && lines.insert(line_start) {
            let message = format!("not valid TOML: {}", error.message());
            let problem = Diagnostic::error(message).at(place);
            problems.push(match curly {
                Some(_) => problem.hint(quotes::HINT),
                None => problem,
            });
        }
    }
}

/// A folder in words.
fn here(folder: &Path) -> String {
    if folder == Path::new(".") {
        "this folder or any above it".to_owned()
    } else {
        format!("`{}` or any folder above it", folder.display())
    }
}
