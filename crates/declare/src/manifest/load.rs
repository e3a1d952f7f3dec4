//! Finds and reads every manifest of the project and puts them together, collecting everything
//! that is wrong. Renders no template and looks no preset up.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use icu_normalizer::properties::CanonicalCombiningClassMap;
use toml::de::DeTable;

use crate::data;
use crate::manifest::fields::{fields, preset_fields, vars, words};
use crate::manifest::reader::{Problems, Table};
use crate::manifest::{
    At, Carousel, Cover, Items, MANIFEST_SUFFIX, MAX_BYTES, Manifest, PROJECT_FILE, Project,
    SlideTable, Slides, Style, Tree, find, models, providers,
};
use crate::preset::{Confidence, Preset, Safe};
use base::diagnostic::{Diagnostic, Failure, Place, Source, list};
use base::fs::FsError;
use base::path::ProjectPath;
use base::text::ROLES;
use base::world::World;

/// The styles that every project has, written as a project writes its own.
const BUILT_IN_STYLES: &str = include_str!("styles.toml");
/// Keys that only `gpbuild.toml` may have.
const PROJECT_KEYS: [&str; 8] = [
    "project", "defaults", "profile", "model", "provider", "budget", "quota", "fonts",
];

impl Default for Project {
    fn default() -> Self {
        Self {
            name: None,
            out: default_out(),
            roles: ROLES.iter().map(|role| (*role).to_owned()).collect(),
        }
    }
}

#[expect(clippy::unwrap_used, reason = "a constant that the tests read")]
fn default_out() -> ProjectPath {
    ProjectPath::for_output("dist").unwrap()
}

/// Reads the project's manifests. What is wrong in any of them comes back all at once, beside what
/// could be read. With a tree, only of the files in it.
pub fn load(
    world: &World,
    tree: Option<Tree>,
) -> Result<(Manifest, Tree, Vec<Diagnostic>), Failure> {
    let problems = Problems::default();
    let mut manifest = Manifest::default();
    let root_file = ProjectPath::new(PROJECT_FILE).map_err(Failure::usage)?;
    let root_text = read(world, &root_file, &problems);
    let Some(root_text) = root_text else {
        let diagnostics = problems.into_inner();
        let missing = !world.root().at(&root_file).exists();
        return Err(if missing {
            Failure::usage(format!(
                "there is no `{PROJECT_FILE}` in {}",
                here(world.root().path())
            ))
            .with_hint("`gpbuild init` starts a project here; `-C DIR` works in another folder")
        } else {
            Failure::manifest(diagnostics)
        });
    };
    manifest.read.insert(root_file.clone());
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
        if !file.as_str().ends_with(MANIFEST_SUFFIX) {
            continue;
        }
        let Some(source) = read(world, file, &problems) else {
            continue;
        };
        manifest.read.insert(file.clone());
        with_table(&source, &problems, |table| {
            read_shared(&table, file.parent(), &mut manifest);
            table.finish_with(&[], |key| {
                PROJECT_KEYS
                    .contains(&key)
                    .then(|| format!("`[{key}]` belongs in `{PROJECT_FILE}`"))
            });
        });
    }
    for (path, why) in &tree.odd {
        if path.ends_with(MANIFEST_SUFFIX) {
            let shown = path.escape_debug();
            let problem = Diagnostic::error(format!("the path of the manifest `{shown}` {why}"));
            problems.borrow_mut().push(problem.hint("rename it"));
        }
    }
    // Last, so that a style of the project is not the second of its name.
    let mut built_in = Manifest::default();
    let source = Source::new("styles.toml (built in)", BUILT_IN_STYLES);
    with_table(&source, &problems, |table| {
        read_shared(&table, "", &mut built_in);
    });
    for (name, style) in built_in.styles {
        manifest.styles.entry(name).or_insert(style);
    }
    Ok((manifest, tree, problems.into_inner()))
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
        let place = Place::new(source, span);
        // On one line, the second error follows from the first; behind a table that stands twice,
        // every key of it does.
        let follows = error.message() == "duplicate key" && std::mem::replace(&mut twice, true);
        if !follows && lines.insert(line_start) {
            let message = format!("not valid TOML: {}", error.message());
            problems.push(Diagnostic::error(message).at(place));
        }
    }
}

fn read_project(table: &Table<'_>, manifest: &mut Manifest) {
    if let Some(project) = table.table("project") {
        manifest.project.name = project.string("name").map(|at| at.value);
        if let Some(out) = project.string("out") {
            match ProjectPath::for_output(&out.value) {
                Ok(path) => manifest.project.out = path,
                Err(why) => project.report(
                    Diagnostic::error(format!("`out` {why}"))
                        .at(out.place)
                        .hint("outputs go to a folder of the project, such as `dist`"),
                ),
            }
        }
        for role in project.strings("roles").unwrap_or_default() {
            if is_name(&role.value) {
                manifest.project.roles.push(role.value);
            } else {
                project.report(not_a_name("role", &role));
            }
        }
        project.finish();
    }
    let roles = manifest.project.roles.clone();
    if let Some(defaults) = table.table("defaults") {
        manifest.defaults = fields(&defaults, &roles);
        defaults.finish();
    }
    for (name, profile) in table.tables("profile") {
        let defaults = profile.table("defaults").map(|table| {
            let read = fields(&table, &roles);
            table.finish();
            read
        });
        profile.finish_with(&[], |key| {
            Some(format!(
                "settings go in `[profile.{}.defaults]`: `{key} = …`",
                name.value
            ))
        });
        manifest
            .profiles
            .insert(name.value, defaults.unwrap_or_default());
    }
    let (mut models, of_models) = models::models(table);
    if let Some(budget) = table.table("budget") {
        let (budget, claims) = providers::budget(budget, &mut models);
        manifest.budget = budget;
        manifest.claims = claims;
    }
    manifest.models = Arc::new(models);
    // Where the key goes is told first.
    if let Some(provider) = table.table("provider") {
        let (providers, claims) = providers::providers(provider, &manifest.models);
        manifest.providers = providers;
        manifest.claims.splice(..0, claims);
    }
    manifest.claims.extend(of_models);
    if let Some(quota) = table.table("quota") {
        for (group, element) in quota.entries() {
            match element.as_whole().and_then(|n| u32::try_from(n).ok()) {
                Some(value) => {
                    let place = group.place;
                    manifest.quota.insert(group.value, At { value, place });
                }
                None => {
                    element.report_must_be("a whole number: at most so many assets of the group");
                }
            }
        }
    }
    if let Some(fonts) = table.table("fonts") {
        manifest.fonts = fonts.strings("files").unwrap_or_default();
        fonts.finish();
    }
}

fn read_shared(table: &Table<'_>, folder: &str, manifest: &mut Manifest) {
    let roles = manifest.project.roles.clone();
    for (name, style) in table.tables("style") {
        let prompt = style.string("prompt").map(|at| at.value);
        let style_vars = style.table("vars").map(|t| vars(&t)).unwrap_or_default();
        let read = Style {
            prompt: prompt.unwrap_or_default(),
            vars: style_vars,
            place: name.place.clone(),
        };
        style.finish();
        if let Some(first) = manifest.styles.get(&name.value) {
            table.report(twice("style", &name, &first.place));
        } else {
            manifest.styles.insert(name.value, read);
        }
    }
    for (name, preset) in table.tables("preset") {
        if let Some(read) = read_preset(&name, preset) {
            manifest.presets.insert(name.value, read);
        }
    }
    for (name, cover) in table.tables("cover") {
        let own = fields(&cover, &roles);
        for (key, place) in [
            ("series", own.series.as_ref().map(|at| &at.place)),
            ("split", own.split.as_ref().map(|at| &at.place)),
            ("pdf", own.pdf.as_ref().map(|at| &at.place)),
            ("sheet", own.sheet.as_ref().map(|at| &at.place)),
        ] {
            if let Some(place) = place {
                cover.report(
                    Diagnostic::error(format!("`{key}` is for a `[carousel.NAME]`"))
                        .at(place.clone()),
                );
            }
        }
        let read = Cover {
            folder: folder.to_owned(),
            for_each: items(&cover, "for_each"),
            id: cover.string("id"),
            fields: own,
            name,
        };
        // Of a cover whose `for_each` is wrong nobody knows what it declares.
        let broken = cover.has("for_each") && read.for_each.is_none();
        if let (Some(id), None, false) = (&read.id, &read.for_each, broken) {
            cover.report(
                Diagnostic::error("`id` is for a cover with `for_each`")
                    .at(id.place.clone())
                    .hint(format!(
                        "the id of this cover is its name, `{}`",
                        read.name.value
                    )),
            );
        }
        cover.finish_with(&[], belongs_to_carousel);
        if !is_id(&read.name.value) {
            table.report(not_a_name("cover", &read.name));
            continue;
        }
        let taken = manifest
            .covers
            .iter()
            .find(|c| c.name.value == read.name.value);
        if let Some(first) = taken {
            table.report(twice("cover", &read.name, &first.name.place));
        } else if !broken {
            manifest.covers.push(read);
        }
    }
    for (name, carousel) in table.tables("carousel") {
        if !is_id(&name.value) {
            table.report(not_a_name("carousel", &name));
            continue;
        }
        let own = fields(&carousel, &roles);
        let slides = slides(&carousel, &name, &roles);
        carousel.finish_with(&[], |key| match key {
            "for_each" => {
                Some("a carousel takes its slides from `slides = { csv = … }`".to_owned())
            }
            _ => None,
        });
        let Some(slides) = slides else {
            continue;
        };
        let taken = manifest
            .carousels
            .iter()
            .find(|c| c.name.value == name.value);
        if let Some(first) = taken {
            table.report(twice("carousel", &name, &first.name.place));
        } else {
            manifest.carousels.push(Carousel {
                name,
                folder: folder.to_owned(),
                fields: own,
                slides,
            });
        }
    }
}

fn belongs_to_carousel(key: &str) -> Option<String> {
    matches!(key, "slides" | "slide").then(|| format!("`{key}` is for a `[carousel.NAME]`"))
}

fn slides(carousel: &Table<'_>, name: &At<String>, roles: &[String]) -> Option<Slides> {
    let from_items = items(carousel, "slides");
    let tables = carousel.table_list("slide");
    match (from_items, tables.is_empty()) {
        (Some(items), true) => Some(Slides::Items(items)),
        (Some(_), false) => {
            carousel.report(
                Diagnostic::error(format!(
                    "carousel `{}` has both `slides` and `[[carousel.{}.slide]]`",
                    name.value, name.value
                ))
                .at(name.place.clone())
                .hint("take its slides from one of them"),
            );
            None
        }
        (None, false) => {
            let read = tables
                .into_iter()
                .map(|table| slide(table, roles))
                .collect();
            Some(Slides::Tables(read))
        }
        (None, true) => {
            if !carousel.has("slides") {
                carousel.report(
                    Diagnostic::error(format!("carousel `{}` has no slides", name.value))
                        .at(name.place.clone())
                        .hint(format!(
                            "add `slides = {{ csv = \"slides.csv\" }}` or `[[carousel.{}.slide]]` tables",
                            name.value
                        )),
                );
            }
            None
        }
    }
}

/// A slide table: keys named like a role are its text.
fn slide(table: Table<'_>, roles: &[String]) -> SlideTable {
    let mut own = fields(&table, roles);
    for (key, element) in table.entries() {
        if roles.contains(&key.value)
            && let Some(words) = words(&element)
        {
            own.text.entry(key.value).or_insert(words);
        }
    }
    let place = table.place().clone();
    let names: Vec<&str> = roles.iter().map(String::as_str).collect();
    for (key, place) in [
        ("split", own.split.as_ref().map(|at| &at.place)),
        ("pdf", own.pdf.as_ref().map(|at| &at.place)),
        ("sheet", own.sheet.as_ref().map(|at| &at.place)),
    ] {
        if let Some(place) = place {
            table.report(
                Diagnostic::error(format!("`{key}` is for the whole carousel")).at(place.clone()),
            );
        }
    }
    table.finish_with(&names, |_| None);
    SlideTable { fields: own, place }
}

fn items(table: &Table<'_>, key: &'static str) -> Option<Items> {
    let inner = table.table(key)?;
    let kinds = [
        ("front_matter", data::Format::FrontMatter),
        ("csv", data::Format::Csv),
        ("toml", data::Format::Toml),
        ("json", data::Format::Json),
        ("yaml", data::Format::Yaml),
    ];
    let mut found: Vec<Items> = Vec::new();
    for (name, format) in kinds {
        if let Some(files) = inner.string(name) {
            found.push(Items { format, files });
        }
    }
    let names: Vec<&str> = kinds.iter().map(|(name, _)| *name).collect();
    let place = inner.place().clone();
    let named = names.iter().any(|name| inner.has(name));
    if found.len() > 1 || !named {
        inner.report(
            Diagnostic::error(format!("`{key}` takes exactly one of {}", list(&names))).at(place),
        );
        found.clear();
    }
    inner.finish();
    found.pop()
}

fn read_preset(name: &At<String>, table: Table<'_>) -> Option<Preset> {
    let own = preset_fields(&table);
    let safe = table.table("safe").map(|t| {
        let side = |key| t.small(key, 0..=8192).map_or(0, |at| at.value);
        let safe = Safe {
            top: side("top"),
            right: side("right"),
            bottom: side("bottom"),
            left: side("left"),
        };
        t.finish();
        safe
    });
    let text = |key| table.string(key).map(|at| at.value);
    let title = text("title").unwrap_or_else(|| name.value.clone());
    let source = text("source").unwrap_or_else(|| "this project".to_owned());
    let checked_on = text("checked_on").unwrap_or_default();
    let note = text("note");
    let confidence = text("confidence").map(|c| Confidence::parse(&c));
    if let Some(None) = confidence {
        table.report(
            Diagnostic::error("`confidence` must be `A`, `B`, `C` or `U`").at(name.place.clone()),
        );
    }
    let max_count = table.small("max_count", 1..=10_000).map(|at| at.value);
    if own.size.is_none() && !table.has("size") {
        table.report(
            Diagnostic::error(format!("preset `{}` has no size", name.value))
                .at(name.place.clone())
                .hint("add `size = [1080, 1440]`"),
        );
    }
    table.finish();
    if !is_name(&name.value) {
        return None;
    }
    let (width, height) = own.size?.value;
    Some(Preset {
        name: name.value.clone(),
        title,
        width,
        height,
        format: own.format.map(|at| at.value),
        max_bytes: own.max_bytes.map(|at| at.value),
        max_count,
        safe: safe.unwrap_or_default(),
        source,
        checked_on,
        confidence: confidence.flatten().unwrap_or(Confidence::U),
        note,
    })
}

/// A folder in words.
fn here(folder: &Path) -> String {
    if folder == Path::new(".") {
        "this folder or any above it".to_owned()
    } else {
        format!("`{}` or any folder above it", folder.display())
    }
}

fn twice(what: &str, name: &At<String>, first: &Place) -> Diagnostic {
    Diagnostic::error(format!("{what} `{}` is declared twice", name.value))
        .at(name.place.clone())
        .also_at(first.clone(), "first here")
}

fn not_a_name(what: &str, name: &At<String>) -> Diagnostic {
    Diagnostic::error(format!("`{}` cannot be the name of a {what}", name.value))
        .at(name.place.clone())
        .hint("a name has letters, digits, `-` and `_`; an asset's may also have `/` between parts")
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || c == '-' || c == '_')
}

/// Whether this can be the id of an asset: names with `/` between them.
pub fn is_id(id: &str) -> bool {
    id.split('/').all(|part| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .chars()
                .all(|c| c.is_alphanumeric() || "-_.+~ ".contains(c) || is_mark(c))
    })
}

/// Whether a character goes onto the one before it: an accent that some system writes apart from its
/// letter, or what joins letters of India's scripts.
fn is_mark(c: char) -> bool {
    CanonicalCombiningClassMap::new().get_u8(c) != 0
}
