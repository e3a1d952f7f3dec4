//! In which form an answer is: words that are kept with it for whoever can read it, and mean nothing here.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// In which form an answer is, in the words of whoever can read it: one word where the pictures are in it; a table,
/// with all that is needed to go on, where it is a ticket for them. Null where nobody said: such a head is older than the
/// second form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Form(pub Value);

impl Form {
    /// Whether the answer is a ticket.
    pub fn is_ticket(&self) -> bool {
        self.0.is_object()
    }
}
