//! What an answer says besides pictures, by whatever names gateways give it: a code, a message, how a task stands. Knows
//! no JSON.

use std::fmt::Write as _;

use crate::bounded;
use crate::veil::Veil;

const MESSAGE: [&str; 9] = [
    "message",
    "msg",
    "detail",
    "error_msg",
    "error_message",
    "errmsg",
    "status_msg",
    "description",
    "reason",
];
const CODE: [&str; 5] = ["code", "error_code", "errcode", "err_code", "status_code"];
const STATUS: [&str; 3] = ["status", "task_status", "state"];
const TASK: [&str; 3] = ["task_id", "taskId", "job_id"];
/// What words may stand in.
const NESTED: [&str; 6] = [
    "error",
    "errors",
    "detail",
    "details",
    "base_resp",
    "output",
];

/// What was said first of each.
#[derive(Debug, Default)]
pub(super) struct Words {
    code: Option<String>,
    message: Option<String>,
    status: Option<String>,
    task: Option<String>,
}

impl Words {
    /// Whether a field of this name is one of words.
    pub(super) fn are(name: &str) -> bool {
        let all = [&MESSAGE[..], &CODE, &STATUS, &TASK];
        name == "error" || all.iter().any(|names| names.contains(&name))
    }

    /// Whether words may stand below a field of this name.
    pub(super) fn nested(name: &str) -> bool {
        NESTED.contains(&name)
    }

    /// Notes what a field says.
    pub(super) fn note(&mut self, name: &str, text: &str, veil: &Veil) {
        let text = bounded::sentence(&veil.over(text));
        let text = veil.over(&text).into_owned();
        let place = match name {
            _ if text.is_empty() => return,
            name if CODE.contains(&name) => &mut self.code,
            name if STATUS.contains(&name) => &mut self.status,
            name if TASK.contains(&name) => &mut self.task,
            _ => &mut self.message,
        };
        place.get_or_insert(text);
    }

    /// What an `error` says: its message, or else its code.
    pub(super) fn error(self) -> Option<String> {
        self.message.or(self.code)
    }

    /// All of it in one line; nothing if nothing was said.
    pub(super) fn said(self) -> Option<String> {
        let mut said = match (self.code, self.message) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (code, message) => message.or(code).unwrap_or_default(),
        };
        for (name, value) in [("status", self.status), ("task", self.task)] {
            if let Some(value) = value {
                let comma = if said.is_empty() { "" } else { ", " };
                let _ = write!(said, "{comma}{name} `{value}`");
            }
        }
        (!said.is_empty()).then_some(said)
    }
}
