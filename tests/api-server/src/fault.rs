//! Faults that a test scripts: what comes instead of the good answer, and whether it was billed.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use serde_json::json;

use crate::error::{ApiError, IMAGE_USER, INVALID_REQUEST};
use crate::stats::Request;

/// A fault of one request. A fault before acceptance costs nothing; one after it is billed like a good
/// answer. Every constructor says which; [`Fault::accepted`] and [`Fault::not_accepted`] turn it round.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Whether the request counts as accepted, that is: as billed.
    pub(crate) accepted: bool,
    /// How much later than usual the answer begins.
    pub(crate) delay: Duration,
    /// What is done.
    pub(crate) action: Action,
}

/// What a fault does.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// The good answer after all.
    Good,
    /// An error in the API's envelope.
    Error(Box<ApiError>),
    /// Any other answer.
    Raw {
        /// The HTTP status.
        status: u16,
        /// Headers of its own.
        headers: Vec<(&'static str, String)>,
        /// The body as it is.
        body: Vec<u8>,
        /// Before each byte of the body, and after the last one for ever; none if it is whole at once.
        drip: Option<Duration>,
    },
    /// The connection is closed before the head of an answer.
    Close,
    /// No answer ever.
    Hang,
    /// An answer that looks good, with another content.
    Content(Content),
    /// The good answer, carried badly.
    Transport(Transport),
}

/// What is wrong with the content of an answer that looks good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Pictures of another size.
    Size(u32, u32),
    /// `data` is empty; a stream ends without its last event.
    NoData,
    /// The entries of `data` have no `b64_json`.
    NoPicture,
    /// An error in a 200; in a stream as an event.
    Error,
    /// `b64_json` is not base64.
    Base64,
    /// `b64_json` is not a picture.
    Text,
    /// `b64_json` is half of a picture.
    Half,
    /// `b64_json` is this.
    Bytes(Vec<u8>),
}

/// What is wrong with the way of a good answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Transport {
    /// So many pieces, with a pause before each.
    Drip(usize, Duration),
    /// So many percent, then the connection is closed.
    Cut(u8),
    /// So many percent, then nothing more.
    Stall(u8),
    /// Base64 without an end.
    Endless,
    /// Compressed with gzip.
    Gzip,
}

impl Fault {
    fn before(action: Action) -> Self {
        Self {
            accepted: false,
            delay: Duration::ZERO,
            action,
        }
    }

    fn after(action: Action) -> Self {
        Self {
            accepted: true,
            ..Self::before(action)
        }
    }

    /// The same with one more header; only for [`Fault::raw`].
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        if let Action::Raw { headers, .. } = &mut self.action {
            headers.push((name, value.to_owned()));
        }
        self
    }

    /// The same, byte by byte with a pause before each, and without an end; only for [`Fault::raw`].
    #[must_use]
    pub fn dripping(mut self, pause: Duration) -> Self {
        if let Action::Raw { drip, .. } = &mut self.action {
            *drip = Some(pause);
        }
        self
    }

    fn error(error: ApiError) -> Self {
        Self::before(Action::Error(Box::new(error)))
    }

    /// The same, billed.
    #[must_use]
    pub fn accepted(mut self) -> Self {
        self.accepted = true;
        self
    }

    /// The same, not billed.
    #[must_use]
    pub fn not_accepted(mut self) -> Self {
        self.accepted = false;
        self
    }

    /// The same, so much later.
    #[must_use]
    pub fn delayed(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// No fault: keeps the place of a good answer in a queue.
    pub fn none() -> Self {
        Self::after(Action::Good)
    }

    /// The good answer, so much later; billed.
    pub fn slow(delay: Duration) -> Self {
        Self::none().delayed(delay)
    }

    /// 429 `rate_limit_exceeded`, with `Retry-After` in whole seconds or without; not billed.
    pub fn rate_limit(retry_after: Option<u64>) -> Self {
        let wait = retry_after.map_or_else(String::new, |s| format!(" Please try again in {s}s."));
        let message = format!(
            "Rate limit reached for gpt-image-2 in organization org-test on input-images per min: Limit 5, \
             Used 5, Requested 1.{wait} Visit https://platform.openai.com/account/rate-limits to learn more."
        );
        let mut error = ApiError::new(429, "input-images", Some("rate_limit_exceeded"), message);
        if let Some(seconds) = retry_after {
            error = error.with_header("retry-after", seconds.to_string());
        }
        Self::error(error)
    }

    /// 429 of type `insufficient_quota`: `credit_balance_exhausted`, `organization_spend_limit_exceeded`,
    /// `project_spend_limit_exceeded`, `organization_usage_limit_exceeded`, or `insufficient_quota` as of
    /// old; not billed.
    pub fn quota(code: &str) -> Self {
        let message = "You exceeded your current quota, please check your plan and billing details. For more \
                       information on this error, read the docs: \
                       https://platform.openai.com/docs/guides/error-codes/api-errors.";
        Self::error(ApiError::new(
            429,
            "insufficient_quota",
            Some(code),
            message,
        ))
    }

    /// 400 `billing_hard_limit_reached`; not billed.
    pub fn billing_hard_limit() -> Self {
        Self::error(ApiError::new(
            400,
            INVALID_REQUEST,
            Some("billing_hard_limit_reached"),
            "Billing hard limit has been reached.",
        ))
    }

    /// 500 or another of its family as the API writes it; not billed.
    pub fn server_error(status: u16) -> Self {
        Self::error(ApiError::new(
            status,
            "server_error",
            None,
            "The server had an error while processing your request. Sorry about that!",
        ))
    }

    /// 503 "Engine overloaded"; not billed.
    pub fn overloaded() -> Self {
        Self::error(ApiError::new(
            503,
            "server_error",
            None,
            "The engine is currently overloaded, please try again later.",
        ))
    }

    /// 503 "Slow Down"; not billed.
    pub fn slow_down() -> Self {
        Self::error(ApiError::new(
            503,
            "server_error",
            Some("slow_down"),
            "Slow Down",
        ))
    }

    /// 502 of a gateway that is no API: HTML; not billed.
    pub fn bad_gateway() -> Self {
        Self::gateway(502, "Bad Gateway")
    }

    /// 504 of a gateway that gave up while the picture is made: HTML; billed.
    pub fn gateway_timeout() -> Self {
        Self::gateway(504, "Gateway Time-out").accepted()
    }

    fn gateway(status: u16, reason: &str) -> Self {
        let html = format!("<html><body><h1>{status} {reason}</h1></body></html>\n");
        Self::raw(status, "text/html", html.as_bytes())
    }

    /// Any answer of that status, type and body; not billed.
    pub fn raw(status: u16, content_type: &str, body: &[u8]) -> Self {
        Self::before(Action::Raw {
            status,
            headers: vec![("content-type", content_type.to_owned())],
            body: body.to_vec(),
            drip: None,
        })
    }

    /// 400 `moderation_blocked` at a stage (`input`, `output`, `unknown`) for categories (`violence`, …);
    /// not billed.
    pub fn moderation(stage: &str, categories: &[&str]) -> Self {
        let mut error = ApiError::new(
            400,
            IMAGE_USER,
            Some("moderation_blocked"),
            "Your request was rejected by the safety system. If you believe this is an error, contact us at \
             help.openai.com and include the request ID.",
        );
        error.moderation = Some(json!({ "moderation_stage": stage, "categories": categories }));
        Self::error(error)
    }

    /// 403: the organization is not verified; not billed.
    pub fn not_verified() -> Self {
        Self::error(ApiError::new(
            403,
            INVALID_REQUEST,
            None,
            "Your organization must be verified to use the model `gpt-image-2`. Please go to: \
             https://platform.openai.com/settings/organization/general and click on Verify Organization. If \
             you just verified, it can take up to 30 minutes for access to propagate.",
        ))
    }

    /// 401 `invalid_api_key`, for a key that was withdrawn meanwhile; not billed.
    pub fn invalid_key() -> Self {
        Self::error(ApiError::new(
            401,
            INVALID_REQUEST,
            Some("invalid_api_key"),
            "Incorrect API key provided. You can find your API key at \
             https://platform.openai.com/account/api-keys.",
        ))
    }

    /// The connection is closed before the head of an answer; not billed.
    pub fn close() -> Self {
        Self::before(Action::Close)
    }

    /// No answer, until the client or the server ends; billed.
    pub fn hang() -> Self {
        Self::after(Action::Hang)
    }

    /// 307 to that address; not billed.
    pub fn redirect(url: &str) -> Self {
        Self::before(Action::Raw {
            status: 307,
            headers: vec![("location", url.to_owned())],
            body: Vec::new(),
            drip: None,
        })
    }

    /// 200 with a body that is not JSON; billed.
    pub fn not_json() -> Self {
        Self::raw(200, "text/html", b"<html>welcome to the proxy</html>").accepted()
    }

    /// Pictures of another size than asked for; billed.
    pub fn wrong_size(width: u32, height: u32) -> Self {
        Self::content(Content::Size(width, height))
    }

    /// 200 with an empty `data`; a stream that ends without its last event; billed.
    pub fn no_data() -> Self {
        Self::content(Content::NoData)
    }

    /// 200 with entries without `b64_json`; billed.
    pub fn no_picture() -> Self {
        Self::content(Content::NoPicture)
    }

    /// 200 with an `error` in it; a stream with an event `error`; billed.
    pub fn error_in_200() -> Self {
        Self::content(Content::Error)
    }

    /// `b64_json` that is not base64; billed.
    pub fn invalid_base64() -> Self {
        Self::content(Content::Base64)
    }

    /// `b64_json` of a text; billed.
    pub fn not_a_picture() -> Self {
        Self::content(Content::Text)
    }

    /// `b64_json` of the first half of a picture; billed.
    pub fn truncated_picture() -> Self {
        Self::content(Content::Half)
    }

    /// `b64_json` of this; billed.
    pub fn picture(bytes: &[u8]) -> Self {
        Self::content(Content::Bytes(bytes.to_vec()))
    }

    fn content(content: Content) -> Self {
        Self::after(Action::Content(content))
    }

    /// The good answer in so many pieces with a pause before each; billed.
    pub fn drip(pieces: usize, pause: Duration) -> Self {
        Self::after(Action::Transport(Transport::Drip(pieces.max(1), pause)))
    }

    /// So many percent of the good answer's body, then the connection is closed; billed.
    pub fn cut(percent: u8) -> Self {
        Self::after(Action::Transport(Transport::Cut(percent.min(99))))
    }

    /// So many percent of the good answer's body, then nothing more; billed.
    pub fn stall(percent: u8) -> Self {
        Self::after(Action::Transport(Transport::Stall(percent.min(99))))
    }

    /// A body that begins well and does not end; billed.
    pub fn endless() -> Self {
        Self::after(Action::Transport(Transport::Endless))
    }

    /// The good answer compressed with gzip, whether that was asked for or not; billed.
    pub fn gzip() -> Self {
        Self::after(Action::Transport(Transport::Gzip))
    }
}

/// A function of a request that may give a fault.
pub(crate) type Rule = Box<dyn FnMut(&Request) -> Option<Fault> + Send>;

/// What is scripted: rules that look at the request, then a queue. Only requests that are valid and within
/// the limit of pictures come here.
#[derive(Default)]
pub(crate) struct Script {
    rules: Vec<Rule>,
    queue: VecDeque<Fault>,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rules, {:?}", self.rules.len(), self.queue)
    }
}

impl Script {
    /// Puts faults at the end of the queue.
    pub(crate) fn push(&mut self, faults: impl IntoIterator<Item = Fault>) {
        self.queue.extend(faults);
    }

    /// Adds a rule after the others.
    pub(crate) fn rule(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    /// The fault of a request: the first that a rule gives, else the next of the queue.
    pub(crate) fn next(&mut self, request: &Request) -> Fault {
        let ruled = self.rules.iter_mut().find_map(|rule| rule(request));
        ruled
            .or_else(|| self.queue.pop_front())
            .unwrap_or_else(Fault::none)
    }
}
