//! The error envelope of the API, and the sentences in it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// An answer that is an error: the status, the four fields of the envelope, headers of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// What a person reads.
    pub message: String,
    /// `error.type`.
    pub kind: Option<&'static str>,
    /// `error.param`.
    pub param: Option<String>,
    /// `error.code`.
    pub code: Option<String>,
    /// `error.moderation_details`, where there are some.
    pub moderation: Option<Value>,
    /// Headers besides those that every answer has.
    pub headers: BTreeMap<&'static str, String>,
}

/// `error.type` of a request that is wrong in its form.
pub const INVALID_REQUEST: &str = "invalid_request_error";
/// `error.type` of a request that the image models refuse.
pub const IMAGE_USER: &str = "image_generation_user_error";

impl ApiError {
    /// An error of that status, type, code and message.
    pub fn new(
        status: u16,
        kind: impl Into<Option<&'static str>>,
        code: Option<&str>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            message: message.into(),
            kind: kind.into(),
            param: None,
            code: code.map(str::to_owned),
            moderation: None,
            headers: BTreeMap::new(),
        }
    }

    /// A 400 about the form of the request.
    pub fn invalid(param: &str, code: &str, message: impl Into<String>) -> Self {
        Self::new(400, INVALID_REQUEST, Some(code), message).about(param)
    }

    /// A 400 of the image models about a value.
    pub fn image_value(param: &str, message: impl Into<String>) -> Self {
        Self::new(400, IMAGE_USER, Some("invalid_value"), message).about(param)
    }

    /// The same with `param`.
    #[must_use]
    pub fn about(mut self, param: &str) -> Self {
        self.param = Some(param.to_owned());
        self
    }

    /// The same with a header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.insert(name, value.into());
        self
    }

    /// The body.
    pub fn json(&self) -> Value {
        let mut error = json!({
            "message": self.message,
            "type": self.kind,
            "param": self.param,
            "code": self.code,
        });
        if let Some(details) = &self.moderation {
            error["moderation_details"] = details.clone();
        }
        json!({ "error": error })
    }
}
