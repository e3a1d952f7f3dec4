//! [`Stop`]: why the reading of an answer ends early. Knows no answer.

use std::io;

use struson::reader::ReaderError;

use crate::bounded;
use base::fs::FsError;

/// Why reading ends early.
pub(crate) enum Stop {
    /// What came is not what it should be: why.
    Trouble(String),
    /// The disk said no.
    Disk(FsError),
}

impl From<ReaderError> for Stop {
    fn from(error: ReaderError) -> Self {
        Self::Trouble(bounded::sentence(&match error {
            ReaderError::IoError { error, .. } => error.to_string(),
            ReaderError::SyntaxError(error) => format!("it is not JSON: {error}"),
            other => format!("it is not what the API answers: {other}"),
        }))
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Trouble(bounded::sentence(&error.to_string()))
    }
}
