//! What the formula of prompts has to say of an asset's prompt. Knows no model.

use base::diagnostic::{Diagnostic, Place, Source};
use declare::lint::{lint, lint_overlaid};
use declare::spec::Spec;

/// What the formula of prompts has to say of an asset's prompt.
pub fn prompt(spec: &Spec) -> Vec<Diagnostic> {
    let Some(shots) = spec.shots() else {
        return Vec::new();
    };
    let asked = shots.requests.first().and_then(|first| first.prompt());
    let asked = asked.map(|prompt| prompt.text.as_str());
    let Some(prompt) = shots.prompt.as_deref().or(asked) else {
        return Vec::new();
    };
    let source = Source::new(format!("the prompt of {}", spec.id), prompt);
    // What is written in the picture before any edit is what the first prompt must say.
    let mut findings = lint(
        prompt,
        &shots.first_text,
        spec.preset.width,
        spec.preset.height,
    );
    if shots.overlay.is_some() {
        findings.extend(lint_overlaid(prompt, &spec.text));
    }
    findings
        .into_iter()
        .map(|finding| {
            let mut diagnostic = Diagnostic::warning(finding.message).for_asset(&spec.id);
            if let Some(span) = finding.span {
                diagnostic = diagnostic.at(Place::new(&source, span));
            }
            diagnostic.hints.extend(finding.hint);
            diagnostic
        })
        .collect()
}
