//! Whether the words of a picture stand out from what is behind them, measured on pixels: those of its page,
//! and those of its overlay on the picture under it. Knows no text but by its role.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use image::RgbaImage;

use super::{Facts, drawn};
use base::diagnostic::Diagnostic;
use declare::spec::Spec;
use model::request::Page;
use render::{LowContrast, Seen};

/// So many characters of a text tell which one is meant.
const FIRST_WORDS: usize = 12;

/// What is seen of an asset: the texts that stand out too little, of its page and of its overlay, and how much of the
/// page is transparent. `picture` is the one under its overlay, encoded, if it is made elsewhere and known. What cannot
/// be drawn at all is told by [`super::page`].
pub fn look(facts: &Facts<'_>, spec: &Spec, picture: &dyn Fn() -> Option<Vec<u8>>) -> Seen {
    let images = |page: &Page| (facts.images)(page).ok();
    let seen = |(page, width, height): (&Page, u32, u32), under: Option<&RgbaImage>| {
        let html = &page.html;
        render::look(html, width, height, facts.fonts, &images(page)?, under).ok()
    };
    let base = drawn(spec);
    let mut found = base.and_then(|base| seen(base, None)).unwrap_or_default();
    if let Some(shots) = spec.shots()
        && let Some(overlay) = &shots.overlay
    {
        let under = match base {
            Some((page, width, height)) => images(page).and_then(|images| {
                render::draw(&page.html, width, height, facts.fonts, &images).ok()
            }),
            None => picture().and_then(|bytes| export::pixels(&shots.export, &bytes).ok()),
        };
        let page = (&overlay.page, shots.export.width, shots.export.height);
        found
            .faint
            .extend(seen(page, under.as_ref()).unwrap_or_default().faint);
    }
    found
}

/// One warning for each role of a cover or carousel: for the asset where it is the faintest.
pub fn faintest(found: Vec<(&Spec, LowContrast)>) -> Vec<Diagnostic> {
    let mut worst: BTreeMap<(String, usize, String), (&Spec, LowContrast, usize)> = BTreeMap::new();
    for (spec, faint) in found {
        let place = &spec.place;
        let declared = (
            place.source.name.clone(),
            place.span.start,
            faint.role.clone(),
        );
        match worst.entry(declared) {
            Entry::Vacant(entry) => {
                entry.insert((spec, faint, 0));
            }
            Entry::Occupied(mut entry) => {
                let (first, most, others) = entry.get_mut();
                *others += 1;
                if faint.ratio / faint.needed < most.ratio / most.needed {
                    (*first, *most) = (spec, faint);
                }
            }
        }
    }
    worst
        .into_values()
        .map(|(spec, faint, others)| faint_diagnostic(spec, &faint, others))
        .collect()
}

fn faint_diagnostic(spec: &Spec, faint: &LowContrast, others: usize) -> Diagnostic {
    let words = match faint.line.char_indices().nth(FIRST_WORDS) {
        Some((end, _)) => format!("{}…", &faint.line[..end]),
        None => faint.line.clone(),
    };
    // Rounded down, so that what fails does not look as if it passed.
    let ratio = (faint.ratio * 10.0).floor() / 10.0;
    let mut diagnostic = Diagnostic::warning(format!(
        "the `{}` “{words}” has a contrast of {ratio:.1}:1 to what is behind it; type of this size needs {}:1",
        faint.role, faint.needed
    ))
    .at(spec.place.clone())
    .hint("take a lighter or darker colour, larger type, or a calmer ground; sizes are judged on a phone, 390 px wide");
    diagnostic.asset = Some((spec.id.clone(), others));
    diagnostic
}
