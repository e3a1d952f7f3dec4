//! Whether a drawing that is no overlay lets through what is behind it: mostly a layout whose ground was forgotten.
//! Knows how much of it was seen through; draws nothing itself.

use base::diagnostic::Diagnostic;
use declare::spec::Spec;

/// The warning, if a part of the picture is transparent.
pub fn transparent(spec: &Spec, part: f32) -> Option<Diagnostic> {
    let part = match part {
        part if part <= 0.0 => return None,
        part if part < 0.01 => "less than 1 %".to_owned(),
        part => format!("{:.0} %", (part * 100.0).floor()),
    };
    let warning = Diagnostic::warning(format!("{part} of the picture is transparent"))
        .at(spec.place.clone())
        .for_asset(&spec.id)
        .hint("a `background` of `body` in the layout fills the picture; a JPEG is white where there is none");
    Some(warning)
}
