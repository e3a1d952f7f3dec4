//! What comes back from whoever was asked, in words that hold for every provider: what became of a request, what a
//! refusal means, what an answer holds. Knows no provider, no wire format, no store.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;

use crate::amount;
use crate::bounded;
use crate::veil::Veil;
use base::digest::Digest;
use base::fs::FsError;
use model::{Micro, Price};

/// A picture that goes with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Where it is.
    pub path: PathBuf,
    /// Its bytes, as they are in the key.
    pub digest: Digest,
}

/// What became of a request.
#[derive(Debug)]
pub enum Reply {
    /// It was accepted, and the whole answer is written.
    Answered {
        /// The provider's name for it.
        request_id: Option<String>,
    },
    /// It was accepted, and the whole answer is written: the pictures are to be asked for with this ticket.
    Ticket(Ticket),
    /// The provider said no.
    Refused(Refusal),
    /// It surely did not reach the provider: why.
    Unsent(String),
    /// It could not be put together: a picture that goes with it cannot be read.
    Unreadable(String),
    /// It was not sent: all in all it is larger than the provider takes.
    TooLarge {
        /// So large it is, in bytes.
        bytes: u64,
        /// So large it may be.
        most: u64,
    },
    /// It may have been accepted: why nobody knows.
    Doubt {
        /// What happened.
        why: String,
        /// The provider's name for it, if it told one.
        request_id: Option<String>,
    },
    /// It was accepted, but the answer could not be written.
    Disk(FsError),
}

/// A request that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The provider's name for it.
    pub id: String,
    /// Where it is asked for.
    pub poll: Url,
    /// What it costs, if the provider says so.
    pub cost: Option<Cost>,
}

/// How a ticket stands.
#[derive(Debug)]
pub enum Polled {
    /// Not ready: ask again, after so long if the provider says so.
    Pending(Option<Duration>),
    /// Ready: the answer, as it came. The form reads it.
    Ready(Vec<u8>),
    /// It failed.
    Failed {
        /// What follows.
        refusal: Refusal,
        /// It is surely not paid for.
        is_unpaid: bool,
    },
    /// It is not known.
    Gone,
    /// The poll was refused, whatever became of the request.
    Refused(Refusal),
    /// Nobody can tell now: why.
    Unknown(String),
}

/// What is ready.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ready {
    /// Where each picture is; what cannot be fetched from is left out.
    pub sources: Vec<Url>,
    /// How many there are in all.
    pub came: u64,
    /// What was billed, if the provider says so.
    pub cost: Option<Cost>,
    /// The prompt that was drawn, if the provider says so: within bounds, and without a key.
    pub prompt: Option<String>,
}

/// What comes from where a picture is.
#[derive(Debug)]
pub enum Fetched {
    /// Its bytes.
    Picture(Vec<u8>),
    /// It is not there any more: why.
    Gone(String),
    /// It does not come now: why.
    Later(String),
}

/// A request whose answer was lost.
#[derive(Clone, Copy, Debug)]
pub struct Lost<'a> {
    /// The model that it asks, by its name at the provider.
    pub model: &'a str,
    /// The name of ours that went with it, where the provider takes one.
    pub own_id: &'a str,
    /// What it asks.
    pub prompt: &'a str,
    /// When it was about to be sent.
    pub sent: Timestamp,
}

/// A task that a provider lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its ticket.
    pub ticket: String,
    /// The answer to its request, as it would have come: the form reads it. Empty if it cannot be asked for.
    pub answer: Vec<u8>,
    /// The list shows its prompt, and it is that of the request.
    pub says_prompt: bool,
}

/// What is known of a request whose answer was lost.
#[derive(Debug)]
pub enum Found {
    /// It was accepted: the answer, as it would have come. The form reads it.
    Ticket(Vec<u8>),
    /// Whichever of these tasks has no other owner may be it; none of them, if it was not accepted.
    Listed(Vec<Listed>),
    /// It was not accepted, or cannot be looked for.
    Nothing,
    /// Nobody can tell now: why.
    Unknown(String),
}

/// A request that the provider did not take: nothing was made, nothing was paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What follows from it.
    pub kind: RefusalKind,
    /// The HTTP status; 0 from what is not asked by HTTP.
    pub status: u16,
    /// The provider's own code.
    pub code: Option<String>,
    /// What the provider said.
    pub message: String,
    /// How long it asks to wait.
    pub retry_after: Option<Duration>,
    /// Its name for the request.
    pub request_id: Option<String>,
}

/// What follows from a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// Too many at once: the same again, later.
    RateLimit,
    /// Overloaded, or failed on its side and said so: the same again, a few times.
    Overloaded,
    /// Asked to send much less, for a quarter of an hour.
    SlowDown,
    /// No credit, or a limit of the account: nothing goes until a person changes that.
    Quota,
    /// The key, or what it may do: nothing goes until a person changes that.
    Credentials,
    /// The words or the picture are not allowed; by stage and categories, if told.
    Moderation {
        /// `input`, `output` or `unknown`.
        stage: Option<String>,
        /// `violence`, `sexual`, …
        categories: Vec<String>,
    },
    /// There is no such model, or not for this key.
    NoModel,
    /// The request is wrong as it is.
    Invalid,
    /// It pointed elsewhere: gpbuild does not follow, so that the key goes to nobody else.
    Redirect(String),
}

impl Refusal {
    /// What was said, with its status and code: `429 rate_limit_exceeded: …`.
    pub fn said(&self) -> String {
        let mut text = match self.status {
            // Not by HTTP.
            0 => return self.message.trim_end_matches('.').to_owned(),
            status => status.to_string(),
        };
        if let Some(code) = &self.code {
            let _ = write!(text, " {code}");
        }
        if !self.message.is_empty() {
            let _ = write!(text, ": {}", self.message.trim_end_matches('.'));
        }
        text
    }
}

/// What an answer says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// The pictures, in the order they came; at most as many as were asked for.
    pub pictures: Vec<Digest>,
    /// Where further ones are to be fetched from, in the order they came.
    pub sources: Vec<Source>,
    /// How many came, with those that are not kept. What is empty is none.
    pub came: u64,
    /// The model that answered, if it says which, and by a name that is one.
    pub model: Option<String>,
    /// What is billed, if it can be.
    pub usage: Option<Usage>,
    /// The same as an amount, from a provider that says one.
    pub cost: Option<Micro>,
    /// What it says in place of that, which is no amount: within bounds.
    pub odd_cost: Option<String>,
    /// What its `usage` says of a cost, in whatever the provider counts.
    pub usage_cost: Option<String>,
    /// The prompt that was drawn, where it says one: within bounds, and without a key.
    pub prompt: Option<String>,
    /// What an `error` in it says.
    pub error: Option<String>,
    /// The provider says that there is no picture, and why: nobody is in doubt then. What that costs says `usage`.
    pub refusal: Option<Refusal>,
    /// The provider's name for the answer, if it stands in it.
    pub request_id: Option<String>,
    /// Why it could not be read to its end, or a picture in it not at all.
    pub trouble: Option<String>,
    /// It names its model, but not by a name that is one.
    pub odd_model: bool,
    /// It says what it bills, but not in whole numbers of tokens.
    pub odd_usage: bool,
}

impl Contents {
    /// The prompt that was drawn, if it says one that is not the one that was asked for.
    pub fn rewritten(&self, asked: &str) -> Option<&str> {
        let told = self.prompt.as_deref().filter(|told| !told.is_empty());
        told.filter(|told| **told != bounded::prompt(asked))
    }
}

/// So much is told of a cost that is none, in characters.
const MAX_ODD_COST: usize = 40;

/// What a provider says of a cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cost {
    /// So much.
    Is(Micro),
    /// What is no amount: negative, not finite, or more than there is. Within bounds.
    Odd(String),
}

impl Cost {
    /// What a text says, in units of so many micro-dollars; `veil` hides the key in what is none.
    pub fn of(text: &str, unit: u64, veil: &Veil) -> Self {
        let odd = || {
            let text = veil.over(text);
            let sign = |c: char| if c.is_control() { ' ' } else { c };
            Self::Odd(text.chars().take(MAX_ODD_COST).map(sign).collect())
        };
        amount::micro(text, unit).map_or_else(odd, Self::Is)
    }
}

impl Contents {
    /// Takes over what is said of its cost.
    pub fn costs(&mut self, cost: Option<Cost>) {
        match cost {
            Some(Cost::Is(cost)) => self.cost = Some(cost),
            Some(Cost::Odd(said)) => self.odd_cost = Some(said),
            None => {}
        }
    }
}

/// A picture that is to be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its place among all that are kept, from 0.
    pub place: usize,
    /// Where it is, as the answer says.
    pub url: String,
}

/// Tokens, as billed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Of the prompt.
    pub text_in: u64,
    /// Of references and mask.
    pub image_in: u64,
    /// Of the pictures.
    pub image_out: u64,
    /// Of words that came with them, and of what was thought.
    pub text_out: u64,
}

impl Usage {
    /// What it costs, to the micro-dollar, rounded up.
    pub fn cost(&self, price: &Price) -> Micro {
        let parts = [
            (self.text_in, price.text_in),
            (self.image_in, price.image_in),
            (self.image_out, price.image_out),
            (self.text_out, price.text_out),
        ];
        let sum = parts
            .iter()
            .map(|(tokens, price)| u128::from(*tokens) * u128::from(*price))
            .fold(0_u128, u128::saturating_add)
            .div_ceil(1_000_000);
        Micro(u64::try_from(sum).unwrap_or(u64::MAX))
    }
}

/// Why a picture could not be kept.
#[derive(Debug)]
pub enum KeepError {
    /// What came is not what it should be.
    Picture(io::Error),
    /// The disk said no.
    Disk(FsError),
}

/// What is wrong with a parameter beside the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamProblem {
    /// Which one.
    pub name: &'static str,
    /// What is wrong.
    pub message: &'static str,
    /// What to do.
    pub hint: &'static str,
}
