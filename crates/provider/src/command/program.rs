//! [`Program`]: what a person's own configuration says of one of their programs. Knows neither file nor process.

use std::path::PathBuf;
use std::time::Duration;

use model::Micro;

/// A program that makes pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Where it is; absolute.
    pub path: PathBuf,
    /// What it is started with.
    pub args: Vec<String>,
    /// How long it may take for one request.
    pub timeout: Duration,
    /// What a picture costs; nothing if that is not known. Of one that costs nothing, no request is ever in doubt.
    pub cost: Option<Micro>,
    /// The variables of the environment that it is handed besides the usual ones.
    pub environment: Vec<String>,
}

impl Program {
    /// Whether it surely costs nothing.
    pub fn is_free(&self) -> bool {
        self.cost == Some(Micro(0))
    }
}
