//! Which assets the command line means: globs over ids. Knows ids, nothing else.

use std::collections::BTreeSet;
use std::sync::Arc;

use globset::GlobSet;

use base::diagnostic::{Diagnostic, Exit, Failure, beginning};
use declare::manifest::{glob, set};
use declare::spec::Spec;

/// The selected assets.
#[derive(Debug, Default)]
pub struct Selection(Which);

#[derive(Debug, Default)]
enum Which {
    #[default]
    All,
    Matching(GlobSet),
    These(BTreeSet<String>),
}

impl Selection {
    /// The assets among `specs` that one of `patterns` names; all of them without patterns. A name
    /// also stands for what is below it: `bootcamp` selects `bootcamp/wechat-header`.
    pub fn new(patterns: &[String], specs: &[Arc<Spec>]) -> Result<Self, Failure> {
        Self::of_ids(patterns, specs.iter().map(|spec| spec.id.as_str()))
    }

    /// As [`Self::new`], over ids alone.
    pub fn of_ids<'a>(
        patterns: &[String],
        ids: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<Self, Failure> {
        if patterns.is_empty() {
            return Ok(Self(Which::All));
        }
        let mut all = Vec::new();
        let mut wrong = Vec::new();
        for pattern in patterns {
            // An id may hold what means something in a glob.
            let pattern = match ids.clone().any(|id| id == pattern) {
                true => &escaped(pattern),
                false => pattern,
            };
            let globs = glob(pattern, false).and_then(|exact| {
                let below = format!("{}/**", pattern.trim_end_matches('/'));
                let globs = [exact, glob(&below, false)?];
                Ok((set(&globs)?, globs))
            });
            match globs {
                Ok((one, globs)) => {
                    if !ids.clone().any(|id| one.is_match(id)) {
                        wrong.push(
                            Diagnostic::error(format!("no asset matches `{}`", beginning(pattern)))
                                .did_you_mean(pattern, ids.clone()),
                        );
                    }
                    all.extend(globs);
                }
                Err(why) => {
                    let shown = beginning(pattern);
                    wrong.push(Diagnostic::error(format!("`{shown}` {why}")));
                }
            }
        }
        if !wrong.is_empty() {
            return Err(Failure {
                exit: Exit::Manifest,
                diagnostics: wrong,
            });
        }
        let set = set(&all)
            .map_err(|_| Failure::usage("the globs are too large together: name fewer at once"))?;
        Ok(Self(Which::Matching(set)))
    }

    /// These assets, and nothing below them.
    pub fn exactly(ids: &[String]) -> Self {
        Self(Which::These(ids.iter().cloned().collect()))
    }

    /// Whether the asset is selected.
    pub fn has(&self, id: &str) -> bool {
        match &self.0 {
            Which::All => true,
            Which::Matching(set) => set.is_match(id),
            Which::These(ids) => ids.contains(id),
        }
    }
}

/// A glob that matches a text, and nothing else.
fn escaped(text: &str) -> String {
    let mut glob = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '[' | ']' | '{' | '}' => glob.extend(['[', c, ']']),
            c => glob.push(c),
        }
    }
    glob
}
