//! What a page asks the server to do: read, bounded, and handed on. Knows not how it is done.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use crate::action::Action;
use crate::context::{Context, Shared, blocking, refused, told};
use crate::view::{Quote, Review};
use base::digest::Digest;
use model::Micro;

/// The longest change, in characters.
const MAX_CHANGE: usize = 8_000;
/// The longest note on a picture, in characters.
const MAX_NOTE: usize = 2_000;
/// The most assets of one order.
const MAX_IDS: usize = 10_000;
/// The most assets that are told to be visible.
const MAX_SEEN: usize = 200;

/// Chooses a candidate.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pick {
    id: String,
    number: usize,
    shot: usize,
}

pub async fn pick(State(context): Shared, Json(order): Json<Pick>) -> Response {
    let Pick { id, number, shot } = order;
    taken(&context, Action::Pick { id, number, shot })
}

/// Appends an edit step.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    id: String,
    change: String,
    keep: Option<String>,
}

pub async fn edit(State(context): Shared, Json(order): Json<Edit>) -> Response {
    let Edit { id, change, keep } = order;
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

/// Makes real pictures.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Make {
    ids: Vec<String>,
    /// What the page showed, in micro-dollars; none is unknown.
    price: Option<u64>,
    /// Somebody was asked.
    confirmed: bool,
}

/// Takes an order at the price that was shown, and not at any other.
pub async fn make(State(context): Shared, Json(order): Json<Make>) -> Response {
    let Make {
        mut ids,
        price,
        confirmed,
    } = order;
    ids.sort();
    ids.dedup();
    if ids.is_empty() || ids.len() > MAX_IDS {
        let why = format!("say which: from 1 to {MAX_IDS} assets");
        return refused(StatusCode::BAD_REQUEST, &why);
    }
    let all = Action::Make {
        ids: ids.clone(),
        most: None,
        paid: true,
    };
    // What is being made already is agreed to, and has no price any more.
    if let Some(number) = context.orders.doing(&all) {
        return accepted(number, true);
    }
    let first = ids[0].clone();
    context.orders.leave_out(&mut ids);
    if ids.is_empty() {
        // Each of them is in an order, though not all in the same one.
        let one = Action::Make {
            ids: vec![first],
            most: None,
            paid: true,
        };
        if let Some(number) = context.orders.doing(&one) {
            return accepted(number, true);
        }
    }
    match agreed(&context, ids.clone(), false, price, confirmed).await {
        Ok(quote) => {
            let (most, paid) = (quote.price.map(Micro), quote.requests > 0);
            taken(&context, Action::Make { ids, most, paid })
        }
        Err(response) => response,
    }
}

/// Sends what is in doubt again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Again {
    id: String,
    price: Option<u64>,
    confirmed: bool,
}

pub async fn again(State(context): Shared, Json(order): Json<Again>) -> Response {
    let Again {
        id,
        price,
        confirmed,
    } = order;
    let action = |most| Action::Again {
        id: id.clone(),
        most,
    };
    if let Some(number) = context.orders.doing(&action(None)) {
        return accepted(number, true);
    }
    match agreed(&context, vec![id.clone()], true, price, confirmed).await {
        Ok(quote) => taken(&context, action(quote.price.map(Micro))),
        Err(response) => response,
    }
}

/// What an order would cost, if a person agreed to that: it costs no more than they saw.
async fn agreed(
    context: &Arc<Context>,
    ids: Vec<String>,
    again: bool,
    shown: Option<u64>,
    confirmed: bool,
) -> Result<Quote, Response> {
    let project = Arc::clone(&context.project);
    let quote = blocking(move || project.quote(&ids, again)).await?;
    let quote = quote.map_err(|why| refused(StatusCode::CONFLICT, &why))?;
    let as_shown = match (quote.price, shown) {
        (Some(now), Some(shown)) => now <= shown,
        (Some(_), None) => true,
        (None, shown) => shown.is_none(),
    };
    if as_shown && (confirmed || !quote.confirm) {
        return Ok(quote);
    }
    let why = match as_shown {
        true => "it has to be confirmed",
        false => "it costs something else by now",
    };
    let body = json!({ "error": why, "confirm": true, "quote": quote });
    Err((StatusCode::CONFLICT, Json(body)).into_response())
}

/// A request that is in doubt did not come.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gone {
    id: String,
    number: u64,
}

pub async fn gone(State(context): Shared, Json(order): Json<Gone>) -> Response {
    let Gone { id, number } = order;
    taken(&context, Action::Gone { id, number })
}

/// Goes back to a picture that was paid for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Back {
    id: String,
    key: String,
    number: usize,
}

pub async fn back(State(context): Shared, Json(order): Json<Back>) -> Response {
    let Back { id, key, number } = order;
    if Digest::parse(&key).is_none() {
        return refused(StatusCode::BAD_REQUEST, "there is no such picture");
    }
    taken(&context, Action::Back { id, key, number })
}

/// Ends an order.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    order: u64,
}

pub async fn cancel(State(context): Shared, Json(Cancel { order }): Json<Cancel>) -> Response {
    match context.orders.cancel(order) {
        Some(cancelled) => Json(json!({ "cancelled": cancelled })).into_response(),
        None => refused(StatusCode::NOT_FOUND, "that order ended already"),
    }
}

/// Accepts what was found.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accept {
    id: String,
    key: String,
}

pub async fn accept(State(context): Shared, Json(order): Json<Accept>) -> Response {
    let Accept { id, key } = order;
    let project = Arc::clone(&context.project);
    match blocking(move || project.accept(&id, &key)).await {
        Ok(Ok(())) => {
            context.refresh.request();
            Json(json!({})).into_response()
        }
        Ok(Err(why)) => refused(StatusCode::CONFLICT, &why),
        Err(response) => response,
    }
}

/// What is said of one picture.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Word {
    approved: Option<bool>,
    #[serde(default)]
    note: String,
}

/// Says something of a picture, or of several.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    digest: Option<String>,
    approved: Option<bool>,
    #[serde(default)]
    note: String,
    #[serde(default)]
    reviews: BTreeMap<String, Word>,
}

pub async fn review(State(context): Shared, Json(said): Json<Said>) -> Response {
    let mut words = said.reviews;
    if let Some(digest) = said.digest {
        let (approved, note) = (said.approved, said.note);
        words.insert(digest, Word { approved, note });
    }
    let mut reviews = BTreeMap::new();
    for (digest, word) in words {
        let Some(digest) = Digest::parse(&digest).filter(|d| context.pictures.knows(d)) else {
            return refused(StatusCode::NOT_FOUND, "there is no such picture");
        };
        if word.note.chars().count() > MAX_NOTE {
            let why = format!("say it in fewer words: at most {MAX_NOTE} characters");
            return refused(StatusCode::BAD_REQUEST, &why);
        }
        let review = Review {
            approved: word.approved,
            note: word.note.trim().to_owned(),
            by: None,
            day: None,
        };
        reviews.insert(digest, review);
    }
    let project = Arc::clone(&context.project);
    match blocking(move || project.review(reviews)).await {
        Ok(Ok(())) => {
            context.refresh.request();
            Json(json!({})).into_response()
        }
        Ok(Err(failure)) => refused(StatusCode::CONFLICT, &told(&failure)),
        Err(response) => response,
    }
}

/// What some assets would cost; as the same question with a query, for more of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    ids: Vec<String>,
    /// What is in doubt is sent again.
    #[serde(default)]
    again: bool,
}

pub async fn quote(State(context): Shared, Json(Which { ids, again }): Json<Which>) -> Response {
    if ids.len() > MAX_IDS {
        return refused(StatusCode::BAD_REQUEST, "those are too many at once");
    }
    let project = Arc::clone(&context.project);
    match blocking(move || project.quote(&ids, again)).await {
        Ok(Ok(quote)) => Json(quote).into_response(),
        Ok(Err(why)) => refused(StatusCode::CONFLICT, &why),
        Err(response) => response,
    }
}

/// One asset.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct One {
    id: String,
}

pub async fn open(State(context): Shared, Json(One { id }): Json<One>) -> Response {
    let project = Arc::clone(&context.project);
    match blocking(move || project.open(&id)).await {
        Ok(Ok(())) => Json(json!({ "opened": true })).into_response(),
        Ok(Err(why)) => refused(StatusCode::CONFLICT, &why),
        Err(response) => response,
    }
}

/// Assets that are visible.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    ids: Vec<String>,
}

pub async fn seen(State(context): Shared, Json(Seen { mut ids }): Json<Seen>) -> Response {
    ids.truncate(MAX_SEEN);
    context.project.seen(ids);
    StatusCode::NO_CONTENT.into_response()
}

fn taken(context: &Context, action: Action) -> Response {
    match context.orders.take(action) {
        Some(taken) => accepted(taken.order, taken.joined),
        None => refused(StatusCode::SERVICE_UNAVAILABLE, "too much waits already"),
    }
}

fn accepted(order: u64, joined: bool) -> Response {
    let body = json!({ "order": order, "joined": joined });
    (StatusCode::ACCEPTED, Json(body)).into_response()
}
