//! Speaks HTTP with the page, on this machine only. Whoever calls must know the token and name the host
//! right; nothing from a URL is a path. Knows what may be asked for, and not how it is done.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use crate::connections::{self, READ_TIMEOUT};
use crate::feed::Feed;
use crate::language;
use crate::pictures::Pictures;
use crate::project::Project;
use crate::refresh::Refresh;
use crate::ui;
use crate::view::Detail;
use crate::worker::{Action, Queue, Refused};
use base::diagnostic::Failure;
use base::digest::Digest;
use export::Format;

/// The largest request, in bytes.
const MAX_BODY: usize = 64 << 10;
/// So many pages at once.
const MAX_PAGES: usize = 32;
/// The longest change, in characters.
const MAX_CHANGE: usize = 8_000;

/// Nothing but what this page brings along: no script in its text, no other host, no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the server answers from.
pub struct Context {
    /// What the page is about.
    pub project: Arc<dyn Project>,
    /// What pages are told.
    pub feed: Arc<Feed>,
    /// What they may see.
    pub pictures: Arc<Pictures>,
    /// Takes what they ask for.
    pub queue: Queue,
    /// Asked when a page opens.
    pub refresh: Refresh,
    /// Who does not know it is nobody.
    pub token: String,
    /// Where it listens.
    pub address: SocketAddr,
}

type Shared = State<Arc<Context>>;

/// Everything that can be asked for.
pub fn router(context: Arc<Context>) -> Router {
    Router::new()
        .route("/{token}/", get(index))
        .route("/{token}/{file}", get(file))
        .route("/{token}/events", get(events))
        .route("/{token}/asset", get(asset))
        .route("/{token}/picture/{digest}", get(picture))
        .route("/{token}/pick", post(pick))
        .route("/{token}/edit", post(edit))
        .route("/{token}/make", post(make))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&context), guard))
        .layer(middleware::from_fn(language::translated))
        .with_state(context)
}

/// Lets in who knows the token, came by the right name, and does not come from another page.
async fn guard(State(context): Shared, request: Request, next: Next) -> Response {
    let mut response = match context.refuses(&request) {
        Some((status, why)) => (status, format!("{why}\n")).into_response(),
        None => match whole(request).await {
            Ok(request) => next.run(request).await,
            Err(response) => response,
        },
    };
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    // The token stands in the address: it goes nowhere.
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::CACHE_CONTROL, "no-store");
    set(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    set(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    response
}

/// The request with all of its body, which comes in time or not at all.
async fn whole(request: Request) -> Result<Request, Response> {
    let (head, body) = request.into_parts();
    let read = tokio::time::timeout(READ_TIMEOUT, axum::body::to_bytes(body, MAX_BODY)).await;
    match read {
        Ok(Ok(bytes)) => Ok(Request::from_parts(head, Body::from(bytes))),
        Ok(Err(_)) => Err(refused(StatusCode::PAYLOAD_TOO_LARGE, "that is too much")),
        Err(_) => Err(refused(StatusCode::REQUEST_TIMEOUT, "that took too long")),
    }
}

impl Context {
    fn refuses(&self, request: &Request) -> Option<(StatusCode, &'static str)> {
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
    fn detail(&self, id: &str) -> Result<Option<Detail>, Failure> {
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

async fn index() -> Response {
    sent(ui::INDEX)
}

async fn file(Path((_, name)): Path<(String, String)>) -> Response {
    match ui::file(&name) {
        Some(file) => sent(file),
        None => refused(StatusCode::NOT_FOUND, "there is no such file"),
    }
}

fn sent((media_type, body): ui::File) -> Response {
    ([(header::CONTENT_TYPE, media_type)], body).into_response()
}

/// Everything as it is now, then what changes, for as long as the page is open.
async fn events(State(context): Shared) -> Response {
    // Each has a connection for as long as it is open: the others are for what they ask.
    if context.feed.listeners() >= MAX_PAGES.min(connections::most() / 2) {
        return refused(StatusCode::SERVICE_UNAVAILABLE, "too many pages are open");
    }
    let (everything, receiver) = context.feed.join();
    context.refresh.request();
    let feed = Arc::clone(&context.feed);
    let messages = stream::unfold(
        (Some(everything), receiver, feed),
        async |(first, mut receiver, feed)| {
            let message = match first {
                Some(first) => first,
                None => match receiver.recv().await {
                    Ok(message) => message,
                    Err(RecvError::Lagged(_)) => feed.again(&mut receiver),
                    Err(RecvError::Closed) => return None,
                },
            };
            let event = sse::Event::default().data(&*message);
            Some((Ok::<_, Infallible>(event), (None, receiver, feed)))
        },
    );
    Sse::new(messages)
        .keep_alive(KeepAlive::default())
        .into_response()
}

#[derive(Deserialize)]
struct Asset {
    id: String,
}

async fn asset(State(context): Shared, Query(Asset { id }): Query<Asset>) -> Response {
    let wanted = id.clone();
    let found = tokio::task::spawn_blocking(move || context.detail(&wanted)).await;
    match found {
        Ok(Ok(Some(detail))) => Json(detail).into_response(),
        Ok(Ok(None)) => refused(StatusCode::NOT_FOUND, &no_asset(&id)),
        Ok(Err(failure)) => refused(StatusCode::CONFLICT, &told(&failure)),
        Err(e) => refused(StatusCode::INTERNAL_SERVER_ERROR, &e.to_string()),
    }
}

async fn picture(State(context): Shared, Path((_, name)): Path<(String, String)>) -> Response {
    let Some(digest) = Digest::parse(&name) else {
        return refused(StatusCode::NOT_FOUND, "there is no such picture");
    };
    let found = tokio::task::spawn_blocking(move || context.pictures.get(&digest)).await;
    let Ok(Some(bytes)) = found else {
        return refused(StatusCode::NOT_FOUND, "there is no such picture");
    };
    let media_type = match Format::of(&bytes) {
        Some(format) => format.media_type(),
        None if bytes.starts_with(b"%PDF-") => "application/pdf",
        None => "application/octet-stream",
    };
    let headers = [
        (header::CONTENT_TYPE, media_type),
        // Its name is its digest.
        (
            header::CACHE_CONTROL,
            "private, max-age=31536000, immutable",
        ),
    ];
    (headers, bytes).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PickOrder {
    id: String,
    number: usize,
    shot: usize,
}

async fn pick(State(context): Shared, Json(order): Json<PickOrder>) -> Response {
    let PickOrder { id, number, shot } = order;
    taken(&context, Action::Pick { id, number, shot })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EditOrder {
    id: String,
    change: String,
    keep: Option<String>,
}

async fn edit(State(context): Shared, Json(order): Json<EditOrder>) -> Response {
    let EditOrder { id, change, keep } = order;
    let keep = keep.filter(|keep| !keep.trim().is_empty());
    if change.trim().is_empty() {
        return refused(StatusCode::BAD_REQUEST, "say what is to be different");
    }
    let length = change.chars().count() + keep.iter().flat_map(|keep| keep.chars()).count();
    if length > MAX_CHANGE {
        return refused(
            StatusCode::BAD_REQUEST,
            &format!("say it in fewer words: at most {MAX_CHANGE} characters"),
        );
    }
    taken(&context, Action::Edit { id, change, keep })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MakeOrder {
    id: String,
    /// What the page showed, in micro-dollars; none is unknown.
    price: Option<u64>,
    /// Somebody was asked.
    confirmed: bool,
}

/// Takes an order at the price that was shown, and not at any other.
async fn make(State(context): Shared, Json(order): Json<MakeOrder>) -> Response {
    let MakeOrder {
        id,
        price,
        confirmed,
    } = order;
    let (asked, wanted) = (Arc::clone(&context), id.clone());
    let now = match tokio::task::spawn_blocking(move || asked.project.price(&wanted)).await {
        Ok(Ok(now)) => now,
        Ok(Err(why)) => return refused(StatusCode::CONFLICT, &why),
        Err(e) => return refused(StatusCode::INTERNAL_SERVER_ERROR, &e.to_string()),
    };
    let known = now.known;
    let as_shown = match (known, price) {
        (Some(now), Some(shown)) => now.0 <= shown,
        (Some(_), None) => true,
        (None, shown) => shown.is_none(),
    };
    let dear = known.is_none_or(|known| known > now.asks_above);
    if !as_shown || (dear && !confirmed) {
        let why = match as_shown {
            true => "it has to be confirmed",
            false => "it costs something else by now",
        };
        let body = json!({ "error": why, "confirm": true, "price": known.map(|micro| micro.0) });
        return (StatusCode::CONFLICT, Json(body)).into_response();
    }
    taken(&context, Action::Make { id, most: known })
}

fn taken(context: &Context, action: Action) -> Response {
    match context.queue.take(action) {
        Ok(number) => (StatusCode::ACCEPTED, Json(json!({ "job": number }))).into_response(),
        Err(Refused::Busy) => refused(StatusCode::CONFLICT, "that is being done already"),
        Err(Refused::Full) => refused(StatusCode::SERVICE_UNAVAILABLE, "too much waits already"),
    }
}

fn refused(status: StatusCode, why: &str) -> Response {
    let body: Value = json!({ "error": why });
    (status, Json(body)).into_response()
}

fn no_asset(id: &str) -> String {
    format!("there is no asset `{id}`")
}

fn told(failure: &Failure) -> String {
    let texts: Vec<String> = failure
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.render(false))
        .collect();
    texts.join("\n")
}
