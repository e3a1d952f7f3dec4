//! Which site generator a folder belongs to, told by the files that such a site has, and where gpbuild's own files
//! are in nobody's way there. Of the site's settings it reads one: where its sources are.

use std::path::Path;

use base::fs::read_bounded;
use base::path::ProjectPath;

/// The largest file of settings that is read, in bytes.
const MAX_SETTINGS_BYTES: u64 = 1 << 20;

/// Where a project's files go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// What it is called.
    pub name: &'static str,
    /// The file or folder that tells so.
    pub by: &'static str,
    /// Where outputs go: what the generator publishes as it stands.
    pub out: String,
    /// Where the index goes: where the generator reads data.
    pub index: String,
}

/// A generator, by what tells that a folder is its.
struct Known {
    name: &'static str,
    /// One of these is there.
    by: &'static [&'static str],
    /// All of these are there, too.
    and: &'static [&'static str],
    /// The setting that names the folder of its sources, and what that is by itself; `SOURCES` in the paths stands for it.
    sources: Option<(&'static str, &'static str)>,
    out: &'static str,
    index: &'static str,
}

/// What stands in a path for the folder of a site's sources.
const SOURCES: &str = "SOURCES";

const NONE: Known = Known {
    name: "",
    by: &[],
    and: &[],
    sources: None,
    out: "",
    index: "",
};

/// Every generator that is known: the first whose files are there is taken. As each of them documents it; those that
/// `docs/sites.md` says were built.
const KNOWN: [Known; 12] = [
    Known {
        name: "Hugo",
        by: &[
            "hugo.toml",
            "hugo.yaml",
            "hugo.yml",
            "hugo.json",
            "config/_default",
            "archetypes",
        ],
        out: "static/covers",
        index: "data/gpbuild.json",
        ..NONE
    },
    Known {
        name: "Astro",
        by: &[
            "astro.config.mjs",
            "astro.config.ts",
            "astro.config.js",
            "astro.config.mts",
        ],
        out: "public/covers",
        index: "src/data/gpbuild.json",
        ..NONE
    },
    Known {
        name: "VitePress",
        by: &["docs/.vitepress"],
        out: "docs/public/covers",
        index: "docs/.vitepress/gpbuild.json",
        ..NONE
    },
    Known {
        name: "VitePress",
        by: &[".vitepress"],
        out: "public/covers",
        index: ".vitepress/gpbuild.json",
        ..NONE
    },
    Known {
        name: "Docusaurus",
        by: &[
            "docusaurus.config.js",
            "docusaurus.config.ts",
            "docusaurus.config.mjs",
        ],
        out: "static/covers",
        index: "src/data/gpbuild.json",
        ..NONE
    },
    Known {
        name: "MkDocs",
        by: &["mkdocs.yml", "mkdocs.yaml"],
        sources: Some(("docs_dir", "docs")),
        out: "SOURCES/covers",
        index: "gpbuild.json",
        ..NONE
    },
    Known {
        name: "Eleventy",
        by: &[
            "eleventy.config.js",
            "eleventy.config.mjs",
            "eleventy.config.cjs",
            ".eleventy.js",
        ],
        out: "covers",
        index: "_data/gpbuild.json",
        ..NONE
    },
    Known {
        name: "Next.js",
        by: &["next.config.js", "next.config.mjs", "next.config.ts"],
        out: "public/covers",
        index: "src/data/gpbuild.json",
        ..NONE
    },
    Known {
        name: "Hexo",
        by: &["_config.yml"],
        and: &["SOURCES/_posts", "package.json"],
        sources: Some(("source_dir", "source")),
        out: "SOURCES/covers",
        index: "SOURCES/_data/gpbuild.json",
    },
    Known {
        name: "Jekyll",
        by: &["_config.yml", "_config.yaml"],
        sources: Some(("source", ".")),
        out: "SOURCES/assets/covers",
        index: "SOURCES/_data/gpbuild.json",
        ..NONE
    },
    // Zola shares the name of its settings with older Hugo sites; the folder of its templates tells them apart.
    Known {
        name: "Zola",
        by: &["config.toml"],
        and: &["content", "templates"],
        out: "static/covers",
        index: "gpbuild.json",
        ..NONE
    },
    Known {
        name: "Hugo",
        by: &["config.toml", "config.yaml", "config.yml", "config.json"],
        and: &["content"],
        out: "static/covers",
        index: "data/gpbuild.json",
        ..NONE
    },
];

/// The generator of a site, if it is one that is known.
pub fn find(folder: &Path) -> Option<Site> {
    let has = |name: &str| std::fs::symlink_metadata(folder.join(name)).is_ok();
    KNOWN.iter().find_map(|known| {
        let by = known.by.iter().find(|name| has(name))?;
        let sources = known.sources.map(|(setting, usual)| {
            let said = named(&folder.join(by), setting);
            said.unwrap_or_else(|| usual.to_owned())
        });
        let path = |path: &str| match sources.as_deref() {
            None => path.to_owned(),
            Some(".") => path.replace("SOURCES/", ""),
            Some(sources) => path.replace(SOURCES, sources),
        };
        known.and.iter().all(|name| has(&path(name))).then(|| Site {
            name: known.name,
            by,
            out: path(known.out),
            index: path(known.index),
        })
    })
}

/// The folder that a setting names in the first column of a YAML file, if it is one below that file.
fn named(file: &Path, setting: &str) -> Option<String> {
    let bytes = read_bounded(file, MAX_SETTINGS_BYTES).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let said = text.lines().find_map(|line| {
        let rest = line.strip_prefix(setting)?.trim_start();
        rest.strip_prefix(':')
    })?;
    let said = said.split(" #").next().unwrap_or_default().trim();
    let said = said.trim_matches(['"', '\'']);
    let said = said
        .strip_prefix("./")
        .unwrap_or(said)
        .trim_end_matches('/');
    let said = if said.is_empty() { "." } else { said };
    match said {
        "." => Some(said.to_owned()),
        _ => ProjectPath::for_output(said)
            .ok()
            .map(|path| path.to_string()),
    }
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
