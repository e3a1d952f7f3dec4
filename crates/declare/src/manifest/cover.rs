//! Reads `[cover.NAME]`.

use crate::manifest::carousel::of_whole_carousel;
use crate::manifest::fields::fields;
use crate::manifest::items::items;
use crate::manifest::names::{is_id, not_an_id, twice};
use crate::manifest::reader::Table;
use crate::manifest::{At, Cover, Fields, Manifest};
use base::diagnostic::Diagnostic;

/// Reads the covers of a file in `folder`.
pub(super) fn read_covers(table: &Table<'_>, folder: &str, manifest: &mut Manifest) {
    for (name, cover) in table.tables("cover") {
        let read = read_cover(name, &cover, folder, &manifest.project.roles);
        // Of a cover whose `for_each` is wrong nobody knows what it declares.
        let broken = cover.has("for_each") && read.for_each.is_none();
        if !broken {
            refuse_id_without_items(&cover, &read);
        }
        cover.finish_with(&[], belongs_to_carousel);
        if !is_id(&read.name.value) {
            table.report(not_an_id("cover", &read.name));
            continue;
        }
        let mut known = manifest.covers.iter();
        if let Some(first) = known.find(|c| c.name.value == read.name.value) {
            table.report(twice("cover", &read.name, &first.name.place));
        } else if !broken {
            manifest.covers.push(read);
        }
    }
}

fn read_cover(name: At<String>, cover: &Table<'_>, folder: &str, roles: &[String]) -> Cover {
    let own = fields(cover, roles);
    refuse_what_a_carousel_has(cover, &own);
    Cover {
        folder: folder.to_owned(),
        for_each: items(cover, "for_each"),
        id: cover.string("id"),
        fields: own,
        name,
    }
}

fn refuse_what_a_carousel_has(cover: &Table<'_>, own: &Fields) {
    let series = own.series.as_ref().map(|at| ("series", at.place.clone()));
    for (key, place) in series.into_iter().chain(of_whole_carousel(own)) {
        cover.report(Diagnostic::error(format!("`{key}` is for a `[carousel.NAME]`")).at(place));
    }
}

fn refuse_id_without_items(cover: &Table<'_>, read: &Cover) {
    if let (Some(id), None) = (&read.id, &read.for_each) {
        cover.report(
            Diagnostic::error("`id` is for a cover with `for_each`")
                .at(id.place.clone())
                .hint(format!(
                    "the id of this cover is its name, `{}`",
                    read.name.value
                )),
        );
    }
}

fn belongs_to_carousel(key: &str) -> Option<String> {
    matches!(key, "slides" | "slide").then(|| format!("`{key}` is for a `[carousel.NAME]`"))
}
