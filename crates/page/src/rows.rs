//! The rows that pages were told of, and what is otherwise in those of now. Knows nothing of runs.

use std::collections::{BTreeMap, BTreeSet};

use crate::view::{Row, Standing, Wrong};
use base::digest::Digest;

/// A picture that could not be made.
struct Failed {
    /// By the run of a save, which tries all of them again each time.
    by_save: bool,
    message: String,
    /// The asset as it was then: once it is another, this is no news of it.
    asked: Option<Asked>,
}

/// What is asked of an asset, whoever is making it just now: its output, its model, its layout and its words.
type Asked = [String; 4];

fn asked(row: &Row) -> Asked {
    [
        row.output.clone(),
        row.model.clone().unwrap_or_default(),
        row.template.clone().unwrap_or_default(),
        row.words.clone(),
    ]
}

/// All rows, in order.
#[derive(Default)]
pub struct Rows {
    rows: BTreeMap<String, Row>,
    order: Vec<String>,
    /// The pictures that were there before: draft and real one.
    before: BTreeMap<String, [Option<Digest>; 2]>,
    failed: BTreeMap<String, Failed>,
}

/// What is otherwise.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct News {
    /// These rows.
    pub changed: Vec<String>,
    /// The list of them: all ids.
    pub order: Option<Vec<String>>,
}

impl News {
    /// Nothing is.
    pub fn is_none(&self) -> bool {
        self.changed.is_empty() && self.order.is_none()
    }
}

impl Rows {
    /// The ids, in order.
    pub fn order(&self) -> &[String] {
        &self.order
    }

    /// The row of an asset.
    pub fn get(&self, id: &str) -> Option<&Row> {
        self.rows.get(id)
    }

    /// What was there before of an asset: draft and real picture.
    pub fn before(&self, id: &str) -> [Option<Digest>; 2] {
        self.before.get(id).copied().unwrap_or_default()
    }

    /// Why an asset could not be made.
    pub fn failed(&self, id: &str) -> Option<&str> {
        Some(self.failed.get(id)?.message.as_str())
    }

    /// Takes the rows of now for those of before. Rows of what is `wrong` stay, with what is wrong with them.
    pub fn take(&mut self, rows: Vec<Row>, wrong: Option<&Wrong>) -> News {
        let rows = self.with_old(rows, wrong);
        let order: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
        let mut changed = Vec::new();
        for row in &rows {
            let Some(old) = self.rows.get(&row.id) else {
                changed.push(row.id.clone());
                continue;
            };
            let pictures = [(old.draft, row.draft), (old.real, row.real)];
            for (n, (was, is)) in pictures.into_iter().enumerate() {
                if was.is_some() && was != is {
                    self.before.entry(row.id.clone()).or_default()[n] = was;
                }
            }
            if old != row {
                changed.push(row.id.clone());
            }
        }
        let is_other = self.order != order;
        self.rows = rows.into_iter().map(|row| (row.id.clone(), row)).collect();
        self.order = order;
        let known = &self.rows;
        self.before.retain(|id, _| known.contains_key(id));
        self.failed.retain(|id, failed| {
            known.get(id).is_some_and(|row| {
                let is_same = *failed.asked.get_or_insert_with(|| asked(row)) == asked(row);
                failed.by_save || (is_same && row.state != Standing::Fresh)
            })
        });
        News {
            changed,
            order: is_other.then(|| self.order.clone()),
        }
    }

    /// The rows of now, and those of before whose assets are declared by what is wrong.
    fn with_old(&self, mut rows: Vec<Row>, wrong: Option<&Wrong>) -> Vec<Row> {
        let Some(wrong) = wrong else {
            return rows;
        };
        let there: BTreeSet<String> = rows.iter().map(|row| row.id.clone()).collect();
        let old = self.rows.values().filter(|row| !there.contains(&row.id));
        let kept = old.filter_map(|row| {
            let error = wrong.of(&row.id, &row.manifest)?;
            Some(Row {
                error: Some(error.clone()),
                ..row.clone()
            })
        });
        rows.extend(kept);
        rows.sort_by(|a, b| (&a.manifest, &a.id).cmp(&(&b.manifest, &b.id)));
        rows
    }

    /// All are tried again: what failed at a save before is no news any more.
    pub fn forget_failed(&mut self) -> Vec<String> {
        let mut gone = Vec::new();
        self.failed.retain(|id, failed| {
            if failed.by_save {
                gone.push(id.clone());
            }
            !failed.by_save
        });
        gone
    }

    /// Notes that an asset was made, or why it was not.
    pub fn outcome(&mut self, by_save: bool, id: &str, message: Option<String>) {
        let Some(message) = message else {
            self.failed.remove(id);
            return;
        };
        let failed = Failed {
            by_save,
            message,
            asked: self.rows.get(id).map(asked),
        };
        self.failed.insert(id.to_owned(), failed);
    }
}
