//! Every built-in layout in every ratio of the presets, against the digests that the repository holds: a
//! changed picture is named, with where to look at it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::project::Project;

/// The digest of each picture in a lock, by the asset's id.
fn digests(lock: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut id = String::new();
    for line in lock.lines() {
        if let Some(rest) = line.strip_prefix("[asset.\"") {
            id = rest.trim_end_matches("\"]").to_owned();
        } else if let Some(rest) = line.strip_prefix("digest = ") {
            found.insert(id.clone(), rest.to_owned());
        }
    }
    found
}

#[test]
fn every_layout_draws_what_it_drew_in_every_ratio() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/references");
    let project = Project::empty();
    let manifest = std::fs::read(folder.join("gpbuild.toml")).unwrap();
    project.write("gpbuild.toml", manifest);
    project.ok(&["build"]);
    let drawn = digests(&project.text("gpbuild.lock"));
    let committed = digests(&std::fs::read_to_string(folder.join("gpbuild.lock")).unwrap());
    let changed: Vec<&String> = drawn
        .iter()
        .filter(|(id, digest)| committed.get(*id) != Some(digest))
        .map(|(id, _)| id)
        .chain(committed.keys().filter(|id| !drawn.contains_key(*id)))
        .collect();
    assert!(
        changed.is_empty(),
        "these pictures changed; if that is meant, `cargo run -- -C tests/references` makes them in tests/references/dist: look at them there, and commit the lock: {changed:#?}"
    );
}

#[test]
fn the_references_have_every_ratio_of_the_presets_and_every_layout() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/references/gpbuild.toml");
    let manifest: toml::Table = std::fs::read_to_string(manifest).unwrap().parse().unwrap();
    let presets = manifest["preset"].as_table().unwrap();
    let ratios: Vec<f64> = presets
        .values()
        .map(|preset| {
            let (width, height) = preset["size"].as_str().unwrap().split_once('x').unwrap();
            width.parse::<f64>().unwrap() / height.parse::<f64>().unwrap()
        })
        .collect();
    for preset in declare::preset::builtin().values() {
        let near = |ratio: &f64| (ratio / preset.ratio() - 1.0).abs() < 0.01;
        assert!(ratios.iter().any(near), "{}", preset.name);
    }
    let named = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/references/gpbuild.lock"
    ));
    let named = named.unwrap();
    for file in declare::template::built_in().filter(|name| name.ends_with(".html")) {
        let layout = file.trim_end_matches(".html");
        // Its slides are drawn by the three layouts that it picks from.
        let shown = match layout {
            "slide-cover" => "slide/01",
            "slide-page" => "slide/02",
            "slide-end" => "slide/03",
            "slide" => continue,
            other => other,
        };
        assert!(named.contains(&format!("[asset.\"{shown}\"]")), "{layout}");
    }
}
