//! Reads the tables that only `gpbuild.toml` may have: the project, its defaults and profiles, models, providers,
//! budget, quota and fonts. Knows nothing of assets.

use std::sync::Arc;

use crate::manifest::fields::fields;
use crate::manifest::names::{is_name, not_a_name};
use crate::manifest::reader::Table;
use crate::manifest::{At, INDEX_FILE, Manifest, Project, TEMPLATES_FOLDER, models, providers};
use base::diagnostic::Diagnostic;
use base::path::ProjectPath;
use base::text::ROLES;

/// Keys that only `gpbuild.toml` may have.
pub(super) const PROJECT_KEYS: [&str; 8] = [
    "project", "defaults", "profile", "model", "provider", "budget", "quota", "fonts",
];

impl Default for Project {
    fn default() -> Self {
        Self {
            name: None,
            out: folder("dist"),
            templates: folder(TEMPLATES_FOLDER),
            index: None,
            roles: ROLES.iter().map(|role| (*role).to_owned()).collect(),
        }
    }
}

impl Project {
    /// Where the index of all outputs goes.
    pub fn index(&self) -> ProjectPath {
        match &self.index {
            Some(index) => index.value.clone(),
            None => self.usual_index(),
        }
    }

    /// Where it goes if nothing is said of it.
    pub fn usual_index(&self) -> ProjectPath {
        let usual = ProjectPath::new(&format!("{}/{INDEX_FILE}", self.out));
        // The folder is one already; only a path of the greatest length has no place for more.
        usual.unwrap_or_else(|_| self.out.clone())
    }
}

#[expect(clippy::unwrap_used, reason = "a constant that the tests read")]
fn folder(name: &str) -> ProjectPath {
    ProjectPath::for_output(name).unwrap()
}

/// Reads all of them.
pub(super) fn read_project(table: &Table<'_>, manifest: &mut Manifest) {
    if let Some(project) = table.table("project") {
        read_names(&project, &mut manifest.project);
        project.finish();
    }
    read_defaults(table, manifest);
    read_profiles(table, manifest);
    read_paid(table, manifest);
    if let Some(quota) = table.table("quota") {
        read_quota(&quota, manifest);
    }
    if let Some(fonts) = table.table("fonts") {
        manifest.fonts = fonts.strings("files").unwrap_or_default();
        fonts.finish();
    }
}

/// `[project]`.
fn read_names(table: &Table<'_>, project: &mut Project) {
    project.name = table.string("name").map(|at| at.value);
    if let Some(out) = table.string("out") {
        match ProjectPath::for_output(&out.value) {
            Ok(path) => project.out = path,
            Err(why) => table.report(
                Diagnostic::error(format!("`out` {why}"))
                    .at(out.place)
                    .hint("outputs go to a folder of the project, such as `dist`"),
            ),
        }
    }
    if let Some(templates) = table.string("templates") {
        match ProjectPath::new(&templates.value) {
            Ok(path) => project.templates = path,
            Err(why) => table.report(
                Diagnostic::error(format!("`templates` {why}"))
                    .at(templates.place)
                    .hint("it is a folder of the project, such as `gpbuild/templates`"),
            ),
        }
    }
    if let Some(index) = table.string("index") {
        let path = ProjectPath::for_output(&index.value).map_err(|why| why.to_string());
        let path = path.and_then(|path| match index.value.ends_with(".json") {
            true => Ok(path),
            false => Err("must end in `.json`".to_owned()),
        });
        match path {
            Ok(value) => {
                let place = index.place;
                project.index = Some(At { value, place });
            }
            Err(why) => table.report(
                Diagnostic::error(format!("`index` {why}"))
                    .at(index.place)
                    .hint("it is a file of the project that a site generator reads, such as `data/gpbuild.json`"),
            ),
        }
    }
    for role in table.strings("roles").unwrap_or_default() {
        if is_name(&role.value) {
            project.roles.push(role.value);
        } else {
            table.report(not_a_name("role", &role));
        }
    }
}

/// `[defaults]`.
fn read_defaults(table: &Table<'_>, manifest: &mut Manifest) {
    if let Some(defaults) = table.table("defaults") {
        manifest.defaults = fields(&defaults, &manifest.project.roles);
        defaults.finish();
    }
}

/// `[profile.NAME.defaults]`.
fn read_profiles(table: &Table<'_>, manifest: &mut Manifest) {
    for (name, profile) in table.tables("profile") {
        let defaults = profile.table("defaults").map(|table| {
            let read = fields(&table, &manifest.project.roles);
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
}

/// Who is asked, for what, and for how much: `[[model]]`, `[provider]` and `[budget]`, and the claims that they make.
fn read_paid(table: &Table<'_>, manifest: &mut Manifest) {
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
}

/// `[quota]`: a group and a number each.
fn read_quota(quota: &Table<'_>, manifest: &mut Manifest) {
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
