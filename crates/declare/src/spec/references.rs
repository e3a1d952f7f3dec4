//! The pictures that a request refers to: what `references` names, and what `series` adds to a slide. Knows
//! nothing of the rest of the request.

use crate::manifest::{At, Reference, is_glob};
use crate::spec::Problems;
use crate::spec::ready::Ready;
use crate::spec::resolve::Resolver;
use crate::spec::target::Target;
use base::diagnostic::{Diagnostic, beginning};
use model::request::Picture;

/// What was found, and what is wrong: all of it is told at once.
#[derive(Default)]
struct Found {
    pictures: Vec<Picture>,
    problems: Problems,
}

impl Found {
    fn add(&mut self, picture: Result<Picture, Diagnostic>) {
        match picture {
            Ok(picture) => self.pictures.push(picture),
            Err(problem) => self.problems.push(problem),
        }
    }
}

impl<'a> Resolver<'a> {
    /// `references`, and what `series` adds to a slide; none of more than so many bytes.
    pub(super) fn references(
        &self,
        ready: &Ready<'a>,
        target: &Target<'_>,
        most: u64,
    ) -> Result<Vec<Picture>, Problems> {
        let mut found = Found::default();
        if let Some(picture) = self.of_series(ready, most) {
            found.add(picture);
        }
        let listed = ready.unit.layers.get(|f| f.references.as_ref());
        let folder = listed.map_or("", |listed| listed.folder);
        for reference in listed.map_or(&[][..], |listed| listed.value.as_slice()) {
            match reference {
                Reference::Asset(at) => {
                    found.add(self.string(at, &ready.context).map(Picture::Asset));
                }
                Reference::Files(at) if is_glob(&at.value) => {
                    self.matching(folder, at, most, &mut found);
                }
                Reference::Files(at) => {
                    let rendered = self.string(at, &ready.context).map(|value| At {
                        value,
                        place: at.place.clone(),
                    });
                    found.add(rendered.and_then(|at| self.picture(folder, &at, most)));
                }
            }
        }
        if found.pictures.contains(&Picture::Asset(target.id.clone())) {
            found.problems.push(
                Diagnostic::error(format!("cyclic reference: {id} -> {id}", id = target.id))
                    .at(target.place.clone())
                    .hint("an asset cannot take its own picture"),
            );
        }
        if found.problems.is_empty() {
            Ok(found.pictures)
        } else {
            Err(found.problems)
        }
    }

    /// What `series` adds to a slide, if anything.
    fn of_series(&self, ready: &Ready<'a>, most: u64) -> Option<Result<Picture, Diagnostic>> {
        let slide = ready.unit.slide.as_ref()?;
        let found = ready.unit.layers.get(|f| f.series.as_ref())?;
        match found.value.value.as_str() {
            "none" => None,
            "first" => (slide.number > 1).then(|| Ok(Picture::Asset(slide.first.clone()))),
            "previous" => slide.previous.clone().map(|id| Ok(Picture::Asset(id))),
            _ => {
                let picture = self.picture(found.folder, found.value, most);
                Some(picture.map_err(|problem| {
                    problem
                        .hint("`series` is `first`, `previous`, `none` or a picture of the project")
                }))
            }
        }
    }

    /// The files that a pattern matches: at least one.
    fn matching(&self, folder: &str, at: &At<String>, most: u64, found: &mut Found) {
        match self.tree.glob(folder, &at.value) {
            Ok(files) if files.is_empty() => found.problems.push(
                Diagnostic::error(format!("no file matches `{}`", at.value)).at(at.place.clone()),
            ),
            Ok(files) => {
                for file in files {
                    found.add(self.file(&file, &at.place, most));
                }
            }
            Err(why) => found.problems.push(
                Diagnostic::error(format!("`{}` {why}", beginning(&at.value))).at(at.place.clone()),
            ),
        }
    }
}
