//! Whether the pages of an asset can be drawn: its own, and the one that is drawn over its picture.
//! Draws nothing itself.

use super::{Facts, drawn, overlay};
use base::diagnostic::Diagnostic;
use declare::emoji::is_emoji;
use declare::spec::Spec;
use model::request::{Overlay, Page};
use render::DrawError;

/// All that drawing an asset would complain about, without drawing it.
pub fn page(facts: &Facts<'_>, spec: &Spec) -> Vec<Diagnostic> {
    let check = |page: &Page, (width, height), told: &dyn Fn(DrawError) -> Diagnostic| {
        let images = (facts.images)(page)?;
        render::check(&page.html, width, height, facts.fonts, &images).map_err(told)
    };
    let own = drawn(spec)
        .and_then(|(page, width, height)| check(page, (width, height), &draw_diagnostic).err());
    let over = overlay(spec).and_then(|overlay| {
        let told = |e| overlay_diagnostic(e, overlay);
        check(&overlay.page, spec.size(), &told).err()
    });
    let at_home = |error: Diagnostic| {
        let error = error.at(spec.place.clone()).for_asset(&spec.id);
        match &spec.item {
            Some(item) => error.of_item(&item.shown),
            None => error,
        }
    };
    own.into_iter().chain(over).map(at_home).collect()
}

/// What ends a line or a paragraph in some programs, and is drawn by no font.
fn is_line_end(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// What to do about a page that cannot be drawn.
pub fn draw_diagnostic(error: DrawError) -> Diagnostic {
    let diagnostic = Diagnostic::error(error.to_string());
    match error {
        DrawError::MissingGlyphs(characters) => {
            let any = |is: fn(char) -> bool| characters.iter().copied().any(is);
            let mut diagnostic = diagnostic;
            if any(|c| c == char::REPLACEMENT_CHARACTER) {
                diagnostic = diagnostic.hint("a character was lost before gpbuild read it (U+FFFD stands for it): save the text anew as UTF-8");
            }
            if any(is_line_end) {
                diagnostic = diagnostic
                    .hint("U+2028 and U+2029 end lines in some programs: write a line break");
            }
            if any(|c| c != char::REPLACEMENT_CHARACTER && !is_line_end(c)) {
                diagnostic = diagnostic.hint(
                    "add a font that has it: `[fonts] files = [\"fonts/*.otf\"]` in gpbuild.toml",
                );
            }
            match any(is_emoji) {
                true => diagnostic.hint("or leave emoji out of texts: `emoji = \"drop\"` in `[defaults]`, or of this asset"),
                false => diagnostic,
            }
        }
        DrawError::Overflow { .. } => {
            diagnostic.hint("shorten the text, or break it with a line break of your own")
        }
        _ => diagnostic,
    }
}

/// What to do about an overlay that cannot be drawn.
pub fn overlay_diagnostic(error: DrawError, overlay: &Overlay) -> Diagnostic {
    draw_diagnostic(error).hint(format!("it stands in the overlay `{}`", overlay.layout))
}
