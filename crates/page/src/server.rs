//! Speaks HTTP with the page, on this machine only. Whoever calls must know the token and name the host
//! right; nothing from a URL is a path. Knows what may be asked for, and not how it is done.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, Query, RawQuery, Request, State};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::middleware::{self, Next};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::stream;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;

use crate::archive;
use crate::asked;
use crate::connections::{self, READ_TIMEOUT};
use crate::context::{Context, Shared, blocking, no_asset, refused, told};
use crate::language;
use crate::ui;
use base::diagnostic::Failure;
use base::digest::Digest;
use export::Format;

/// The largest request, in bytes.
const MAX_BODY: usize = 1 << 20;
/// So many pages at once.
const MAX_PAGES: usize = 32;
/// The longest words that are searched for, in characters.
const MAX_WORDS: usize = 200;
/// How wide a thumbnail may be, in pixels.
const WIDTHS: [u32; 5] = [160, 320, 640, 960, 1280];

/// Nothing but what this page brings along: no script in its text, no other host, no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Everything that can be asked for.
pub fn router(context: Arc<Context>) -> Router {
    Router::new()
        .route("/{token}/", get(index))
        .route("/{token}/{file}", get(file))
        .route("/{token}/events", get(events))
        .route("/{token}/asset", get(asset))
        .route("/{token}/picture/{digest}", get(picture))
        .route("/{token}/thumb/{digest}/{width}", get(thumb))
        .route("/{token}/search", get(search))
        .route("/{token}/quote", get(quote).post(asked::quote))
        .route("/{token}/spend", get(spend))
        .route("/{token}/download", get(download))
        .route("/{token}/zip", get(zip))
        .route("/{token}/pick", post(asked::pick))
        .route("/{token}/edit", post(asked::edit))
        .route("/{token}/make", post(asked::make))
        .route("/{token}/again", post(asked::again))
        .route("/{token}/gone", post(asked::gone))
        .route("/{token}/back", post(asked::back))
        .route("/{token}/cancel", post(asked::cancel))
        .route("/{token}/accept", post(asked::accept))
        .route("/{token}/review", post(asked::review))
        .route("/{token}/open", post(asked::open))
        .route("/{token}/seen", post(asked::seen))
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
    match blocking(move || context.detail(&wanted)).await {
        Ok(Ok(Some(detail))) => Json(detail).into_response(),
        Ok(Ok(None)) => refused(StatusCode::NOT_FOUND, &no_asset(&id)),
        Ok(Err(failure)) => refused(StatusCode::CONFLICT, &told(&failure)),
        Err(response) => response,
    }
}

async fn picture(State(context): Shared, Path((_, name)): Path<(String, String)>) -> Response {
    let Some(digest) = Digest::parse(&name) else {
        return no_picture();
    };
    let found = blocking(move || context.pictures.get(&digest)).await;
    let Ok(Some(bytes)) = found else {
        return no_picture();
    };
    for_ever(media_type(&bytes), bytes)
}

async fn thumb(
    State(context): Shared,
    Path((_, name, width)): Path<(String, String, u32)>,
) -> Response {
    let Some(digest) = Digest::parse(&name).filter(|_| WIDTHS.contains(&width)) else {
        return no_picture();
    };
    let found = blocking(move || context.pictures.thumbnail(&digest, width)).await;
    let Ok(Some(bytes)) = found else {
        return no_picture();
    };
    for_ever(media_type(&bytes), bytes)
}

fn media_type(bytes: &[u8]) -> &'static str {
    match Format::of(bytes) {
        Some(format) => format.media_type(),
        None if bytes.starts_with(b"%PDF-") => "application/pdf",
        None => "application/octet-stream",
    }
}

/// What never changes: its name is its digest.
fn for_ever(media_type: &'static str, bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (
            header::CACHE_CONTROL,
            "private, max-age=31536000, immutable",
        ),
    ];
    (headers, bytes).into_response()
}

fn no_picture() -> Response {
    refused(StatusCode::NOT_FOUND, "there is no such picture")
}

#[derive(Deserialize)]
struct Words {
    q: String,
}

async fn search(State(context): Shared, Query(Words { q }): Query<Words>) -> Response {
    let words: String = q.chars().take(MAX_WORDS).collect();
    let project = Arc::clone(&context.project);
    match blocking(move || project.search(&words)).await {
        Ok(ids) => Json(json!({ "ids": ids, "more": false })).into_response(),
        Err(response) => response,
    }
}

async fn quote(State(context): Shared, RawQuery(query): RawQuery) -> Response {
    let (ids, again) = (all_of(query.as_deref(), "id"), false);
    let project = Arc::clone(&context.project);
    match blocking(move || project.quote(&ids, again)).await {
        Ok(Ok(quote)) => Json(quote).into_response(),
        Ok(Err(why)) => refused(StatusCode::CONFLICT, &why),
        Err(response) => response,
    }
}

/// All values of a name in a query, decoded.
fn all_of(query: Option<&str>, name: &str) -> Vec<String> {
    let uri = format!("/?{}", query.unwrap_or_default());
    let uri: Option<axum::http::Uri> = uri.parse().ok();
    let pairs = uri.and_then(|uri| Query::<Vec<(String, String)>>::try_from_uri(&uri).ok());
    let pairs = pairs.map(|Query(pairs)| pairs).unwrap_or_default();
    let values = pairs.into_iter().filter(|(key, _)| key == name);
    values.map(|(_, value)| value).collect()
}

async fn spend(State(context): Shared) -> Response {
    let project = Arc::clone(&context.project);
    match blocking(move || project.spend()).await {
        Ok(Ok(spend)) => Json(spend).into_response(),
        Ok(Err(failure)) => refused(StatusCode::CONFLICT, &told(&failure)),
        Err(response) => response,
    }
}

#[derive(Deserialize)]
struct File {
    id: String,
    picture: Option<String>,
}

async fn download(State(context): Shared, Query(file): Query<File>) -> Response {
    let draft = file.picture.as_deref() == Some("draft");
    let (project, ids) = (Arc::clone(&context.project), [file.id.clone()]);
    match blocking(move || project.downloads(&ids, draft)).await {
        Ok(Ok(files)) => match files.into_iter().next() {
            Some(file) => attached(media_type(&file.bytes), &file.name, file.bytes),
            None => refused(StatusCode::NOT_FOUND, &no_asset(&file.id)),
        },
        Ok(Err(failure)) => refused(StatusCode::CONFLICT, &told(&failure)),
        Err(response) => response,
    }
}

/// The pictures of some assets, or of a carousel, as one file.
async fn zip(State(context): Shared, RawQuery(query): RawQuery) -> Response {
    let ids = all_of(query.as_deref(), "id");
    let carousel = all_of(query.as_deref(), "carousel").into_iter().next();
    let name = carousel.clone().unwrap_or_else(|| "pictures".to_owned());
    let project = Arc::clone(&context.project);
    let packed = move || {
        let ids = match &carousel {
            Some(carousel) => project.carousel(carousel)?,
            None => ids,
        };
        Ok(archive::pack(project.downloads(&ids, false)?))
    };
    match blocking(packed).await {
        Ok(Ok(Ok(bytes))) => attached("application/zip", &format!("{name}.zip"), bytes),
        Ok(Ok(Err(why))) => refused(StatusCode::CONFLICT, &why),
        Ok(Err(failure)) => {
            let failure: Failure = failure;
            refused(StatusCode::CONFLICT, &told(&failure))
        }
        Err(response) => response,
    }
}

/// A file to take home, under the last part of its name.
fn attached(media_type: &'static str, name: &str, bytes: Vec<u8>) -> Response {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name
        .bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => {
                char::from(b).to_string()
            }
            b => format!("%{b:02X}"),
        })
        .collect();
    let how = format!("attachment; filename*=UTF-8''{name}");
    let headers = [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (header::CONTENT_DISPOSITION, how),
    ];
    (headers, bytes).into_response()
}
