//! Which site generator a folder belongs to, told by the files that such a site has, and where gpbuild's own files
//! are in nobody's way there. Reads no file: what is in them is not asked.

use std::path::Path;

/// Where a project's files go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    /// What it is called.
    pub name: &'static str,
    /// The file or folder that tells so.
    pub by: &'static str,
    /// Where outputs go: what the generator publishes as it stands.
    pub out: &'static str,
    /// Where the index goes: where the generator reads data.
    pub index: &'static str,
}

/// Every generator that is known: the first whose file is there is taken. As each of them documents it; those that
/// `docs/sites.md` says were built.
const SITES: [Site; 20] = [
    site("Hugo", "hugo.toml", "static/covers", "data/gpbuild.json"),
    site("Hugo", "hugo.yaml", "static/covers", "data/gpbuild.json"),
    site("Hugo", "archetypes", "static/covers", "data/gpbuild.json"),
    site(
        "Astro",
        "astro.config.mjs",
        "public/covers",
        "src/data/gpbuild.json",
    ),
    site(
        "Astro",
        "astro.config.ts",
        "public/covers",
        "src/data/gpbuild.json",
    ),
    site(
        "VitePress",
        "docs/.vitepress",
        "docs/public/covers",
        "docs/.vitepress/gpbuild.json",
    ),
    site(
        "VitePress",
        ".vitepress",
        "public/covers",
        ".vitepress/gpbuild.json",
    ),
    site(
        "Docusaurus",
        "docusaurus.config.js",
        "static/covers",
        "src/data/gpbuild.json",
    ),
    site(
        "Docusaurus",
        "docusaurus.config.ts",
        "static/covers",
        "src/data/gpbuild.json",
    ),
    site("MkDocs", "mkdocs.yml", "docs/covers", "gpbuild.json"),
    site("MkDocs", "mkdocs.yaml", "docs/covers", "gpbuild.json"),
    site(
        "Eleventy",
        "eleventy.config.js",
        "covers",
        "_data/gpbuild.json",
    ),
    site(
        "Eleventy",
        "eleventy.config.mjs",
        "covers",
        "_data/gpbuild.json",
    ),
    site(
        "Eleventy",
        "eleventy.config.cjs",
        "covers",
        "_data/gpbuild.json",
    ),
    site("Eleventy", ".eleventy.js", "covers", "_data/gpbuild.json"),
    site(
        "Next.js",
        "next.config.js",
        "public/covers",
        "src/data/gpbuild.json",
    ),
    site(
        "Next.js",
        "next.config.mjs",
        "public/covers",
        "src/data/gpbuild.json",
    ),
    site(
        "Next.js",
        "next.config.ts",
        "public/covers",
        "src/data/gpbuild.json",
    ),
    site(
        "Hexo",
        "source/_posts",
        "source/covers",
        "source/_data/gpbuild.json",
    ),
    site(
        "Jekyll",
        "_config.yml",
        "assets/covers",
        "_data/gpbuild.json",
    ),
];
/// Zola shares the name of its settings with older Hugo sites; the folder of its templates tells them apart.
const ZOLA: Site = site("Zola", "config.toml", "static/covers", "gpbuild.json");

const fn site(
    name: &'static str,
    by: &'static str,
    out: &'static str,
    index: &'static str,
) -> Site {
    Site {
        name,
        by,
        out,
        index,
    }
}

/// The generator of a site, if it is one that is known.
pub fn find(folder: &Path) -> Option<Site> {
    let has = |name: &str| std::fs::symlink_metadata(folder.join(name)).is_ok();
    let known = SITES.iter().find(|site| has(site.by)).copied();
    known.or_else(|| (has(ZOLA.by) && has("content") && has("templates")).then_some(ZOLA))
}

/// What `[project]` should say in a folder, so that nothing of what is there is written over or swept away; empty where
/// the usual places are free.
pub fn settings(folder: &Path) -> String {
    let has = |name: &str| std::fs::symlink_metadata(folder.join(name)).is_ok();
    let mut lines = match find(folder) {
        Some(site) => format!(
            "# {} ({}) publishes what is there, and reads the index as data: see docs/sites.md of gpbuild.\nout = \"{}\"\nindex = \"{}\"\n",
            site.name, site.by, site.out, site.index
        ),
        // What builds here with npm empties its `dist` first.
        None if has("dist") || has("package.json") => {
            "# `dist` is somebody else's here.\nout = \"covers\"\n".to_owned()
        }
        None => String::new(),
    };
    if has("templates") {
        lines += "# `templates` is somebody else's here.\ntemplates = \"gpbuild/templates\"\n";
    }
    lines
}
