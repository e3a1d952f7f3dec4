//! What the server answers from, who is let in, and how answers are put. Knows no route.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::feed::Feed;
use crate::orders::Orders;
use crate::pictures::Pictures;
use crate::project::Project;
use crate::refresh::Refresh;
use crate::view::Detail;
use base::diagnostic::Failure;
use base::digest::Digest;

/// What the server answers from.
pub struct Context {
    /// What the page is about.
    pub project: Arc<dyn Project>,
    /// What pages are told.
    pub feed: Arc<Feed>,
    /// What they may see.
    pub pictures: Arc<Pictures>,
    /// Takes what they ask for.
    pub orders: Arc<Orders>,
    /// Asked when a page opens.
    pub refresh: Refresh,
    /// Who does not know it is nobody.
    pub token: String,
    /// Where it listens.
    pub address: SocketAddr,
}

pub type Shared = State<Arc<Context>>;

impl Context {
    pub fn refuses(&self, request: &Request) -> Option<(StatusCode, &'static str)> {
        let port = self.address.port();
        let hosts = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
        let is_ours = |name: &str| hosts.iter().any(|host| host == name);
        let headers = request.headers();
        // A name that someone else made point here is not ours.
        if !header_of(headers, &header::HOST).is_some_and(is_ours) {
            return Some((
                StatusCode::MISDIRECTED_REQUEST,
                "this is not the host that you meant",
            ));
        }
        let token = request.uri().path().split('/').nth(1).unwrap_or_default();
        // Digests, so that the time it takes tells nothing.
        if Digest::of(token.as_bytes()) != Digest::of(self.token.as_bytes()) {
            return Some((
                StatusCode::FORBIDDEN,
                "open the link that `gpbuild watch` printed: it holds a token",
            ));
        }
        if request.method() == Method::POST {
            let from = headers.get(header::ORIGIN);
            let from_here = |origin: &HeaderValue| {
                origin
                    .to_str()
                    .is_ok_and(|o| o.strip_prefix("http://").is_some_and(is_ours))
            };
            if from.is_some_and(|origin| !from_here(origin)) {
                return Some((StatusCode::FORBIDDEN, "another page may not ask for this"));
            }
        }
        None
    }

    /// One asset, looked at closely; from then on a page may see its pictures.
    pub fn detail(&self, id: &str) -> Result<Option<Detail>, Failure> {
        let found = self.project.detail(id)?;
        if let Some(detail) = &found {
            let candidates = detail.shots.iter().flat_map(|shot| &shot.candidates);
            let paid = detail.history.iter().flat_map(|paid| &paid.pictures);
            for digest in candidates.chain(paid) {
                self.pictures.allow(Some(*digest), None);
            }
        }
        Ok(found)
    }
}

fn header_of<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// What takes long is done beside what is answered; a panic there is an answer, too.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Response> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| refused(StatusCode::INTERNAL_SERVER_ERROR, &e.to_string()))
}

pub fn refused(status: StatusCode, why: &str) -> Response {
    let body: Value = json!({ "error": why });
    (status, Json(body)).into_response()
}

pub fn no_asset(id: &str) -> String {
    format!("there is no asset `{id}`")
}

pub fn told(failure: &Failure) -> String {
    let texts: Vec<String> = failure
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.render(false))
        .collect();
    texts.join("\n")
}
