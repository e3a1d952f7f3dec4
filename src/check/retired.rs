//! Assets of models that answer no more. Knows the table's word, and no clock.

use base::diagnostic::Diagnostic;
use model::Models;
use plan::{Reason, Step};

/// Wrong, where something would have to be asked of a model that answers no more; worth a word, where the lock
/// or the store still has the picture.
pub fn retired(models: &Models, step: &Step) -> Option<Diagnostic> {
    let spec = &step.spec;
    let what = spec.paid().find_map(|shot| models.retired(&shot.model))?;
    let diagnostic = match step.reason {
        Reason::Retired(_) | Reason::Behind(_) => Diagnostic::error(what),
        _ => Diagnostic::warning(what)
            .hint("its picture is kept; only another one could not be asked for"),
    };
    Some(diagnostic.at(spec.place.clone()).for_asset(&spec.id))
}
