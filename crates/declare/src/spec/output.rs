//! What is delivered of a target: its size, format and byte limit, and the path it goes to.

use crate::spec::Problems;
use crate::spec::context::Context;
use crate::spec::ready::Ready;
use crate::spec::resolve::Resolver;
use crate::spec::target::Target;
use base::diagnostic::{Diagnostic, Place, list};
use base::path::ProjectPath;
use export::{Export, Format};

/// The format that is asked for by more than a name.
#[derive(Clone, Copy)]
enum Asked {
    /// The asset says so: its output must be named like it.
    ByAsset(Format),
    /// The preset does: the name of an output may say otherwise.
    ByPreset(Format),
    /// Nobody does.
    No,
}

impl Asked {
    /// It, whoever asks for it.
    fn format(self) -> Option<Format> {
        match self {
            Self::ByAsset(format) | Self::ByPreset(format) => Some(format),
            Self::No => None,
        }
    }
}

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
        let asked = self.format_asked_for(ready, target)?;
        let (path, place) = self.path(ready, target, asked.format(), context)?;
        let format = format(asked, &path, place)?;
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

    /// The format that the asset asks for, or else the one of its preset.
    fn format_asked_for(&self, ready: &Ready<'a>, target: &Target<'_>) -> Result<Asked, Problems> {
        let asked = ready.unit.layers.get(|f| f.format.as_ref());
        let parse = |word: &str, place: &Place| {
            parse_format(word, place.clone()).map_err(|problem| vec![problem])
        };
        match (asked, &target.preset.format) {
            (Some(found), _) => parse(&found.value.value, &found.value.place).map(Asked::ByAsset),
            (None, Some(format)) => parse(format, &target.place).map(Asked::ByPreset),
            (None, None) => Ok(Asked::No),
        }
    }

    /// Where the output goes, and where that is said. Its name ends as pictures of the format do.
    fn path(
        &self,
        ready: &Ready<'a>,
        target: &Target<'_>,
        format: Option<Format>,
        context: &Context,
    ) -> Result<(ProjectPath, Place), Problems> {
        let extension = format.unwrap_or(Format::Png).extension();
        let (output, place) = match ready.unit.layers.get(|f| f.output.as_ref()) {
            Some(found) => {
                let context = context
                    .with("id", minijinja::Value::from(target.id.as_str()))
                    .with("ext", minijinja::Value::from(extension));
                let path = self.string(found.value, &context).map_err(|p| vec![p])?;
                (path, found.value.place.clone())
            }
            None => (
                self.default_output(ready, target, extension),
                target.place.clone(),
            ),
        };
        match ProjectPath::for_output(&output) {
            Ok(path) => Ok((path, place)),
            Err(why) => Err(vec![
                Diagnostic::error(format!("the output `{output}` {why}"))
                    .at(place)
                    .hint(
                        "an output is a path inside the project, such as `dist/{{ id }}.{{ ext }}`",
                    ),
            ]),
        }
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

/// The format of an output at this path, which `place` says.
fn format(asked: Asked, path: &ProjectPath, place: Place) -> Result<Format, Problems> {
    let by_name = path.extension().and_then(|ext| Format::parse(&ext));
    let wrong = |what: String, hint: &str| Err(vec![Diagnostic::error(what).at(place).hint(hint)]);
    match (asked, by_name) {
        (Asked::ByAsset(asked), Some(named)) if asked != named => wrong(
            format!(
                "the output `{path}` does not fit the format `{}`",
                asked.extension()
            ),
            "end the output in `.{{ ext }}`, or leave `format` out",
        ),
        (Asked::ByAsset(asked), _) => Ok(asked),
        (Asked::ByPreset(_) | Asked::No, Some(named)) => Ok(named),
        (Asked::ByPreset(_) | Asked::No, None) => wrong(
            format!("the output `{path}` ends in no known format"),
            "end it in `.png`, `.jpg`, `.webp`, or in `.{{ ext }}`",
        ),
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
