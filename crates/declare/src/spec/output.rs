//! What is delivered of a target: its size, format and byte limit, and the path it goes to.

use crate::spec::Problems;
use crate::spec::context::Context;
use crate::spec::ready::Ready;
use crate::spec::resolve::Resolver;
use crate::spec::target::Target;
use base::diagnostic::{Diagnostic, Place, list};
use base::path::ProjectPath;
use export::{Export, Format};

impl<'a> Resolver<'a> {
    /// What is delivered, and where.
    pub(super) fn output(
        &self,
        ready: &Ready<'a>,
        target: &Target<'_>,
        context: &Context,
    ) -> Result<(Export, ProjectPath), Problems> {
        let layers = &ready.unit.layers;
        let preset = &target.preset;
        let asked = layers.get(|f| f.format.as_ref());
        let format = match (asked, &preset.format) {
            (Some(found), _) => Some((found.value.value.as_str(), found.value.place.clone())),
            (None, Some(format)) => Some((format.as_str(), target.place.clone())),
            (None, None) => None,
        };
        let parsed = match format {
            None => None,
            Some((word, place)) => Some(parse_format(word, place).map_err(|p| vec![p])?),
        };
        let (output, place) = match layers.get(|f| f.output.as_ref()) {
            Some(found) => {
                let extension = parsed.unwrap_or(Format::Png).extension();
                let context = context
                    .with("id", minijinja::Value::from(target.id.as_str()))
                    .with("ext", minijinja::Value::from(extension));
                let path = self.string(found.value, &context).map_err(|p| vec![p])?;
                (path, found.value.place.clone())
            }
            None => {
                let extension = parsed.unwrap_or(Format::Png).extension();
                (
                    self.default_output(ready, target, extension),
                    target.place.clone(),
                )
            }
        };
        let path = ProjectPath::for_output(&output).map_err(|why| {
            vec![
                Diagnostic::error(format!("the output `{output}` {why}"))
                    .at(place.clone())
                    .hint(
                        "an output is a path inside the project, such as `dist/{{ id }}.{{ ext }}`",
                    ),
            ]
        })?;
        let by_name = path.extension().and_then(|ext| Format::parse(&ext));
        let format = match (asked.is_some().then_some(parsed).flatten(), by_name) {
            (Some(asked), Some(named)) if asked != named => {
                return Err(vec![
                    Diagnostic::error(format!(
                        "the output `{path}` does not fit the format `{}`",
                        asked.extension()
                    ))
                    .at(place)
                    .hint("end the output in `.{{ ext }}`, or leave `format` out"),
                ]);
            }
            (Some(asked), _) => asked,
            (None, Some(named)) => named,
            (None, None) => {
                return Err(vec![
                    Diagnostic::error(format!("the output `{path}` ends in no known format"))
                        .at(place)
                        .hint("end it in `.png`, `.jpg`, `.webp`, or in `.{{ ext }}`"),
                ]);
            }
        };
        let max_bytes = layers.get(|f| f.max_bytes.as_ref());
        let export = Export {
            width: preset.width,
            height: preset.height,
            crop: target.crop,
            format,
            quality: None,
            max_bytes: max_bytes
                .map(|found| found.value.value)
                .or(preset.max_bytes),
        };
        Ok((export, path))
    }

    pub(super) fn default_output(
        &self,
        ready: &Ready<'a>,
        target: &Target<'_>,
        extension: &str,
    ) -> String {
        let out = &self.manifest.project.out;
        let split = ready.unit.layers.get(|f| f.split.as_ref());
        if let (Some(slide), Some(split)) = (&ready.unit.slide, split)
            && let Some(rest) = target.id.strip_prefix(&format!("{}/", slide.carousel))
        {
            let part = (slide.number - 1) / split.value.value as usize + 1;
            return format!("{out}/{}/part-{part}/{rest}.{extension}", slide.carousel);
        }
        format!("{out}/{}.{extension}", target.id)
    }
}

fn parse_format(word: &str, place: Place) -> Result<Format, Diagnostic> {
    Format::parse(word).ok_or_else(|| {
        Diagnostic::error(format!("there is no format `{word}`"))
            .at(place)
            .did_you_mean(word, Format::NAMES)
            .hint(format!("pictures are written as {}", list(&Format::NAMES)))
    })
}
