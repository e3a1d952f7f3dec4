//! What a page may ask for. Knows nothing of how it is done.

use model::Micro;

/// What a page may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Choose a candidate.
    Pick {
        /// The asset.
        id: String,
        /// The candidate, from 1.
        number: usize,
        /// Of this shot, from 1.
        shot: usize,
    },
    /// Append an edit step.
    Edit {
        /// The asset.
        id: String,
        /// What is to be different.
        change: String,
        /// What is to stay.
        keep: Option<String>,
    },
    /// Make the real pictures.
    Make {
        /// The assets.
        ids: Vec<String>,
        /// At most for so much; none if nobody knows the price, and somebody agreed to that.
        most: Option<Micro>,
        /// Whether anything is asked for that may cost something.
        paid: bool,
    },
    /// Take a picture that was paid for before.
    Back {
        /// The asset.
        id: String,
        /// The shot, as the page was told it.
        key: String,
        /// The candidate, from 1.
        number: usize,
    },
    /// Send a request that is in doubt again.
    Again {
        /// The asset.
        id: String,
        /// At most for so much; none if nobody knows the price, and somebody agreed to that.
        most: Option<Micro>,
    },
    /// A request that is in doubt did not come.
    Gone {
        /// The asset.
        id: String,
        /// Its number in the ledger.
        number: u64,
    },
}

impl Action {
    /// In a word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pick { .. } => "pick",
            Self::Edit { .. } => "edit",
            Self::Make { .. } => "make",
            Self::Back { .. } => "back",
            Self::Again { .. } => "again",
            Self::Gone { .. } => "gone",
        }
    }

    /// The assets that it is about.
    pub fn ids(&self) -> &[String] {
        match self {
            Self::Make { ids, .. } => ids,
            Self::Pick { id, .. }
            | Self::Edit { id, .. }
            | Self::Back { id, .. }
            | Self::Again { id, .. }
            | Self::Gone { id, .. } => std::slice::from_ref(id),
        }
    }

    /// Whether it makes pictures, and not only says something of them.
    pub fn makes(&self) -> bool {
        matches!(self, Self::Make { .. } | Self::Again { .. })
    }

    /// Whether anything is asked for that may cost something.
    pub fn is_paid(&self) -> bool {
        matches!(self, Self::Make { paid: true, .. } | Self::Again { .. })
    }

    /// At most for so much.
    pub fn price(&self) -> Option<Micro> {
        match self {
            Self::Make { most, .. } | Self::Again { most, .. } => *most,
            _ => Some(Micro(0)),
        }
    }

    /// Whether who asks for this has what they want once `other` is done.
    pub fn is_in(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Make { ids, .. }) if self.makes() => {
                self.ids().iter().all(|id| ids.contains(id))
            }
            (Self::Make { ids, .. }, Self::Again { id, .. }) => *ids == [id.clone()],
            (Self::Again { id, .. }, Self::Again { id: other, .. }) => id == other,
            _ => self == other,
        }
    }
}
