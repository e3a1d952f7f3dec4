//! minijinja, fenced in: strict, bounded, without clock, random or environment; the project's
//! `templates/` before the built-in ones. Knows no assets and no manifest.

mod built_in;
mod context;
mod depth;
mod drawn;
mod environment;
mod explain;
mod filters;
#[cfg(test)]
mod layouts;
mod names;
#[cfg(test)]
mod overlays;
mod reads;
mod text_filters;

use std::sync::Arc;

use minijinja::{Environment, Error, ErrorKind, Template, UndefinedBehavior, Value};

use crate::manifest::At;
use crate::template::built_in::BUILT_IN;
use crate::template::depth::{TemplateTooDeep, too_deep};
use crate::template::environment::{MAX_BYTES, bounded, environment};
use crate::template::explain::{describe, explain, innermost, misused, place_in_manifest};
use base::diagnostic::{Diagnostic, Place, Source};
use base::fs::FsError;
use base::path::ProjectPath;
use base::world::World;

pub use built_in::{OVERLAYS, built_in};
pub use context::{Context, truth};

/// How an undefined value is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undefined {
    /// It is an error.
    Refused,
    /// It counts as false in a condition, and is an error elsewhere: for `when`.
    False,
}

/// All templates of a project.
pub struct Templates {
    strict: Environment<'static>,
    lenient: Environment<'static>,
    world: Arc<World>,
    /// Where the project's own are.
    folder: ProjectPath,
}

impl Templates {
    /// The templates in a folder of the project, over the built-in ones.
    pub fn new(world: &Arc<World>, folder: &ProjectPath) -> Self {
        let mut strict = environment(UndefinedBehavior::Strict);
        let loader = (Arc::clone(world), folder.clone());
        strict.set_loader(move |name| load(&loader.0, &loader.1, name));
        Self {
            strict,
            lenient: environment(UndefinedBehavior::SemiStrict),
            world: Arc::clone(world),
            folder: folder.clone(),
        }
    }

    /// Whether there is a template of this name, extension included.
    pub fn exists(&self, name: &str) -> bool {
        match self.strict.get_template(name) {
            Ok(_) => true,
            Err(e) => e.kind() != ErrorKind::TemplateNotFound,
        }
    }

    /// Renders a template by its name, extension included.
    pub fn render(&self, name: &str, context: &Context) -> Result<String, Diagnostic> {
        let told = |e: Error| explain(&self.folder, &self.world, &e, context);
        let template = self.strict.get_template(name).map_err(told)?;
        let context = &match name.ends_with(".html") {
            true => context.for_layout(),
            false => context.clone(),
        };
        let value = context.seen_by(template.source()).map_err(|wrong| {
            let source = Source::new(format!("{}/{name}", self.folder), template.source());
            misused(&wrong).at(Place::new(&source, wrong.span))
        })?;
        draw(&template, value).map_err(told)
    }

    /// Renders a string of a manifest once; what comes out is never rendered again.
    pub fn render_string(
        &self,
        raw: &At<String>,
        context: &Context,
        undefined: Undefined,
    ) -> Result<String, Diagnostic> {
        if !is_template(&raw.value) {
            return Ok(raw.value.clone());
        }
        let environment = match undefined {
            Undefined::Refused => &self.strict,
            Undefined::False => &self.lenient,
        };
        if let Some(deep) = too_deep(&raw.value) {
            let place = place_in_manifest(raw, Some(deep.span.clone()));
            return Err(deep.diagnostic().at(place));
        }
        let value = context
            .seen_by(&raw.value)
            .map_err(|wrong| misused(&wrong).at(place_in_manifest(raw, Some(wrong.span))))?;
        let template = environment.template_from_named_str("", &raw.value);
        let rendered = template.and_then(|template| draw(&template, value));
        rendered.map_err(|e| {
            let inner = innermost(&e);
            let place = match inner.name() {
                Some("") | None => place_in_manifest(raw, inner.range()),
                Some(_) => return explain(&self.folder, &self.world, &e, context),
            };
            describe(&self.folder, inner, &raw.value, context).at(place)
        })
    }

    /// Where the project's own are, from its root.
    pub fn folder(&self) -> &str {
        self.folder.as_str()
    }

    /// The project that they are of.
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }
}

fn draw(template: &Template<'_, '_>, value: Value) -> Result<String, Error> {
    bounded(|out| template.render_captured_to(value, out).map(|_| ()))
}

/// Whether a string has anything to render.
pub fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("{#")
}

fn load(world: &World, folder: &ProjectPath, name: &str) -> Result<Option<String>, Error> {
    let refused = |why: String| Error::new(ErrorKind::InvalidOperation, why);
    let path = ProjectPath::new(&format!("{folder}/{name}"))
        .ok()
        .filter(|path| path.as_str().starts_with(&format!("{folder}/")));
    let Some(path) = path else {
        return Ok(None);
    };
    match world.read_text(&path, MAX_BYTES) {
        Ok(text) => match too_deep(&text) {
            None => Ok(Some(text)),
            Some(deep) => {
                let source = Source::new(path.as_str(), text);
                let error = refused("the template is too deep".to_owned());
                Err(error.with_source(TemplateTooDeep { source, deep }))
            }
        },
        Err(e) if e.is_not_found() => Ok(BUILT_IN
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, text)| (*text).to_owned())),
        Err(e @ FsError::TooLarge { .. }) => Err(refused(e.to_string())),
        Err(e) => Err(refused(e.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use minijinja::value::Serde;
    use serde_json::json;

    use super::environment::TOO_LONG;
    use super::{Context, Templates, Undefined};
    use crate::data::Item;
    use crate::manifest::At;
    use base::diagnostic::{Place, Source};
    use base::path::ProjectPath;
    use base::world::World;

    fn project(files: &[(&str, &str)]) -> (tempfile::TempDir, Templates) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("templates")).unwrap();
        for (name, text) in files {
            base::fs::write_atomic(
                &dir.path().join("templates").join(name),
                text.as_bytes(),
                base::fs::Durability::Free,
            )
            .unwrap();
        }
        let world = Arc::new(World::open(dir.path()).unwrap());
        (
            dir,
            Templates::new(&world, &ProjectPath::new("templates").unwrap()),
        )
    }

    fn raw(text: &str) -> At<String> {
        let toml = format!("headline = \"{text}\"");
        let span = 11..toml.len();
        let source = Source::new("a.gp.toml", toml);
        At {
            value: text.to_owned(),
            place: Place::new(&source, span),
        }
    }

    fn given(name: &'static str, value: serde_json::Value) -> Context {
        Context::default().with(name, minijinja::Value::from(Serde(value)))
    }

    fn item(value: serde_json::Value) -> Context {
        Context::default().with_item(&Item {
            file: ProjectPath::new("posts/a.md").unwrap(),
            line: 1,
            value,
            written: None,
            body: None,
        })
    }

    #[test]
    fn an_error_points_into_the_template() {
        let (_dir, templates) = project(&[("a.prompt", "one\n{{ text.headlin }}\n")]);
        let context = given("text", json!({ "headline": "x" }));
        let error = templates.render("a.prompt", &context).unwrap_err();
        assert_eq!(
            error.render(false),
            "error: `text.headlin` is not defined\n --> templates/a.prompt:2:4\n  |\n2 | {{ text.headlin }}\n  |    ^^^^^^^^^^^^\n  |\n  = help: did you mean `headline`?\n  = help: `text.headlin is defined` asks first; `text.headlin | default(\"…\")` gives another value"
        );
    }

    #[test]
    fn an_error_in_a_manifest_string_points_into_the_manifest() {
        let (_dir, templates) = project(&[]);
        let context = item(json!({ "title": "x" }));
        let error = templates
            .render_string(&raw("«{{ item.titel }}»"), &context, Undefined::Refused)
            .unwrap_err();
        assert_eq!(
            error
                .render(false)
                .lines()
                .take(5)
                .collect::<Vec<_>>()
                .join("\n"),
            "error: `item.titel` is not defined\n --> a.gp.toml:1:17\n  |\n1 | headline = \"«{{ item.titel }}»\"\n  |                 ^^^^^^^^^^"
        );
    }

    #[test]
    fn templates_are_bounded() {
        let (_dir, templates) = project(&[
            (
                "loop.prompt",
                "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
            ),
            (
                "long.prompt",
                "{% for a in range(9999) %}{{ 'x' * 900 }}{% endfor %}",
            ),
            ("self.prompt", "{% include 'self.prompt' %}"),
        ]);
        let message = |name: &str| {
            templates
                .render(name, &Context::default())
                .unwrap_err()
                .message
        };
        assert_eq!(
            message("loop.prompt"),
            "the template does not come to an end"
        );
        assert_eq!(message("long.prompt"), TOO_LONG);
        assert!(
            message("self.prompt").contains("nested"),
            "{}",
            message("self.prompt")
        );
    }

    #[test]
    fn neither_clock_nor_random_nor_debug() {
        let (_dir, templates) = project(&[]);
        for name in ["now()", "random()", "debug()", "env", "[1] | random"] {
            let text = raw(&format!("{{{{ {name} }}}}"));
            let result = templates.render_string(&text, &Context::default(), Undefined::Refused);
            assert!(result.is_err(), "{name}");
        }
    }

    #[test]
    fn what_comes_from_data_is_not_rendered_again() {
        let (_dir, templates) = project(&[]);
        let context = item(json!({ "title": "{{ 1 + 1 }}" }));
        let text = templates.render_string(&raw("{{ item.title }}"), &context, Undefined::Refused);
        assert_eq!(text.as_deref(), Ok("{{ 1 + 1 }}"));
    }

    #[test]
    fn when_takes_a_missing_field_as_false() {
        let (_dir, templates) = project(&[]);
        let context = item(json!({ "title": "x" }));
        let text =
            templates.render_string(&raw("{{ not item.draft }}"), &context, Undefined::False);
        assert_eq!(text.as_deref(), Ok("true"));
    }

    #[test]
    fn a_template_cannot_be_read_from_outside() {
        let (dir, templates) = project(&[("a.prompt", "{% include '../secret' %}")]);
        std::fs::File::create(dir.path().join("secret")).unwrap();
        assert!(templates.render("a.prompt", &Context::default()).is_err());
    }
}
