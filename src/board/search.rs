//! What can be searched for: the words, the prompt, the model and the names of each asset. Knows no page.

use std::collections::BTreeMap;

use crate::pipeline::Planned;
use page::Row;

/// Texts that are searched, by asset, in order.
#[derive(Debug, Default)]
pub struct Index(Vec<(String, String)>);

impl Index {
    /// Of every row, with the prompts of the plan that it comes from.
    pub fn new(planned: &Planned, rows: &[Row]) -> Self {
        let steps = planned.plan.steps.iter();
        let prompts: BTreeMap<&str, String> = steps
            .map(|step| {
                let prompts = step.spec.requests().iter().filter_map(|shot| shot.prompt());
                let prompts: Vec<&str> = prompts.map(|prompt| &*prompt.text).collect();
                (step.spec.id.as_str(), prompts.join("\n"))
            })
            .collect();
        let texts = rows.iter().map(|row| {
            let texts = [
                Some(row.id.as_str()),
                Some(row.output.as_str()),
                Some(row.manifest.as_str()),
                Some(row.target.as_str()),
                Some(row.words.as_str()),
                row.model.as_deref(),
                row.group.as_deref(),
                row.template.as_deref(),
                prompts.get(row.id.as_str()).map(String::as_str),
            ];
            let texts: Vec<&str> = texts.into_iter().flatten().collect();
            (row.id.clone(), texts.join("\n").to_lowercase())
        });
        Self(texts.collect())
    }

    /// The assets of which each of these words is said somewhere, in any case.
    pub fn find(&self, words: &str) -> Vec<String> {
        let words = words.to_lowercase();
        let words: Vec<&str> = words.split_whitespace().collect();
        let found = self
            .0
            .iter()
            .filter(|(_, text)| words.iter().all(|word| text.contains(word)));
        found.map(|(id, _)| id.clone()).collect()
    }
}
