//! Which assets the command line means: globs over ids. Knows ids, nothing else.

use std::collections::BTreeSet;
use std::sync::Arc;

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::diagnostic::{Diagnostic, Exit, Failure};
use crate::spec::Spec;

/// The selected assets.
pub struct Selection(Which);

enum Which {
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

    /// The same, over ids alone.
    pub fn of_ids<'a>(
        patterns: &[String],
        ids: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<Self, Failure> {
        if patterns.is_empty() {
            return Ok(Self(Which::All));
        }
        let mut all = GlobSetBuilder::new();
        let mut wrong = Vec::new();
        for pattern in patterns {
            let globs = Glob::new(pattern).and_then(|exact| {
                let below = Glob::new(&format!("{}/**", pattern.trim_end_matches('/')))?;
                Ok([exact, below])
            });
            match globs {
                Ok(globs) => {
                    let mut one = GlobSetBuilder::new();
                    for glob in globs {
                        one.add(glob.clone());
                        all.add(glob);
                    }
                    let found = one
                        .build()
                        .is_ok_and(|set| ids.clone().any(|id| set.is_match(id)));
                    if !found {
                        wrong.push(
                            Diagnostic::error(format!("no asset matches `{pattern}`"))
                                .did_you_mean(pattern, ids.clone()),
                        );
                    }
                }
                Err(e) => wrong.push(Diagnostic::error(format!(
                    "`{pattern}` is not a glob: {}",
                    e.kind()
                ))),
            }
        }
        if !wrong.is_empty() {
            return Err(Failure {
                exit: Exit::Manifest,
                diagnostics: wrong,
            });
        }
        let set = all
            .build()
            .map_err(|e| Failure::usage(format!("the globs are too large together: {e}")))?;
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
