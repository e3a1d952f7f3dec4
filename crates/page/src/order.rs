//! An order of a page, as pages are told of it. Knows nothing of how it is carried out.

use serde::Serialize;

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Others are worked on.
    Waiting,
    /// It is worked on.
    Running,
    /// It is done.
    Done,
    /// Not all of it could be done.
    Failed,
    /// A person ended it.
    Cancelled,
}

/// An order, as pages are told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Order {
    /// From 1, in the order in which they came.
    pub number: u64,
    /// `pick`, `edit`, `make`, `back`, `again`, `gone`.
    pub action: &'static str,
    /// The assets.
    pub ids: Vec<String>,
    /// How far it is.
    pub stage: Stage,
    /// Something of it can still be kept from being sent.
    pub can_cancel: bool,
    /// At most for so much, in micro-dollars; none is unknown.
    pub price: Option<u64>,
    /// What was spent, in micro-dollars; none is unknown.
    pub spent: Option<u64>,
    /// When it came, in milliseconds since 1970.
    pub at: i64,
    /// When it ended.
    pub ended: Option<i64>,
    /// What was said about it.
    pub told: Vec<String>,
}

impl Order {
    /// Whether it makes pictures.
    pub fn makes(&self) -> bool {
        matches!(self.action, "make" | "again")
    }
}
