//! Reads `[carousel.NAME]` and its slides.

use crate::manifest::fields::{fields, words};
use crate::manifest::items::{items, items_of};
use crate::manifest::names::{is_id, not_an_id, twice};
use crate::manifest::reader::Table;
use crate::manifest::{At, Carousel, Fields, Manifest, SlideTable, Slides};
use crate::markdown::LEVELS;
use base::diagnostic::{Diagnostic, Place};

/// Reads the carousels of a file in `folder`.
pub(super) fn read_carousels(table: &Table<'_>, folder: &str, manifest: &mut Manifest) {
    for (name, carousel) in table.tables("carousel") {
        if !is_id(&name.value) {
            table.report(not_an_id("carousel", &name));
            continue;
        }
        let Some(read) = read_carousel(name, carousel, folder, &manifest.project.roles) else {
            continue;
        };
        let mut known = manifest.carousels.iter();
        if let Some(first) = known.find(|c| c.name.value == read.name.value) {
            table.report(twice("carousel", &read.name, &first.name.place));
        } else {
            manifest.carousels.push(read);
        }
    }
}

/// A carousel; none if it cannot be said what its slides are.
fn read_carousel(
    name: At<String>,
    carousel: Table<'_>,
    folder: &str,
    roles: &[String],
) -> Option<Carousel> {
    let own = fields(&carousel, roles);
    let for_each = items(&carousel, "for_each");
    // Of a carousel whose `for_each` is wrong nobody knows what it declares.
    let broken = carousel.has("for_each") && for_each.is_none();
    let id = carousel.string("id");
    let slides = slides(&carousel, &name, roles);
    if !broken && let Some(slides) = &slides {
        refuse_what_does_not_go_together(&carousel, &name, for_each.is_some(), slides);
    }
    carousel.finish();
    Some(Carousel {
        slides: slides.filter(|_| !broken)?,
        folder: folder.to_owned(),
        fields: own,
        for_each,
        id,
        name,
    })
}

/// What is of a carousel for each item, and what is of one that stands alone.
fn refuse_what_does_not_go_together(
    carousel: &Table<'_>,
    name: &At<String>,
    for_each: bool,
    slides: &Slides,
) {
    let key = |key: &str| {
        carousel
            .key_place(key)
            .unwrap_or_else(|| name.place.clone())
    };
    match slides {
        Slides::Headings(level) if !for_each => carousel.report(
            Diagnostic::error("`headings` are those of the text that a carousel is made for")
                .at(level.place.clone())
                .hint("add `for_each = { front_matter = \"posts/*.md\" }` and an `id`"),
        ),
        Slides::Items(items) if for_each => carousel.report(
            Diagnostic::error("a carousel for each item has no `slides` of other data")
                .at(items.files[0].place.clone())
                .hint(format!(
                    "take them of its text, `slides = {{ headings = 2 }}`, or write `[[carousel.{}.slide]]` tables",
                    name.value
                )),
        ),
        _ => {}
    }
    match (for_each, carousel.has("id")) {
        (true, false) => carousel.report(
            Diagnostic::error(format!(
                "carousel `{}` has `for_each` but no `id`",
                name.value
            ))
            .at(name.place.clone())
            .hint("add `id = \"post/{{ file.stem }}\"`: each item needs an id of its own"),
        ),
        (false, true) => carousel.report(
            Diagnostic::error("`id` is for a carousel with `for_each`")
                .at(key("id"))
                .hint(format!(
                    "the id of this carousel is its name, `{}`",
                    name.value
                )),
        ),
        _ => {}
    }
}

/// The settings that are of a carousel and of none of its slides, where they stand.
pub(super) fn of_whole_carousel(fields: &Fields) -> Vec<(&'static str, Place)> {
    let settings = [
        ("split", fields.split.as_ref().map(|at| &at.place)),
        ("pdf", fields.pdf.as_ref().map(|at| &at.place)),
        ("sheet", fields.sheet.as_ref().map(|at| &at.place)),
    ];
    let set = settings.into_iter();
    set.filter_map(|(key, place)| Some((key, place?.clone())))
        .collect()
}

fn slides(carousel: &Table<'_>, name: &At<String>, roles: &[String]) -> Option<Slides> {
    let from_data = of_data(carousel);
    let tables = carousel.table_list("slide");
    match (from_data, tables.is_empty()) {
        (Some(slides), true) => Some(slides),
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

/// `slides = { csv = … }`, or `{ headings = 2 }`.
fn of_data(carousel: &Table<'_>) -> Option<Slides> {
    let inner = carousel.table("slides")?;
    let slides = match inner.has("headings") {
        true => {
            let level = inner.small("headings", 1..=LEVELS as u32);
            level.map(Slides::Headings)
        }
        false => items_of(&inner, "slides").map(Slides::Items),
    };
    inner.finish();
    slides
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
    for (key, place) in of_whole_carousel(&own) {
        table.report(Diagnostic::error(format!("`{key}` is for the whole carousel")).at(place));
    }
    table.finish_with(&names, |_| None);
    SlideTable { fields: own, place }
}
