//! What is answered, in the language that a page asks for: `?lang=zh`. The texts in JSON are found by what they are called;
//! all else, above all what somebody wrote, stays. Knows nothing of what is asked for.

use std::collections::HashMap;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::StreamExt;
use serde_json::Value;

use lang::{Lang, say_drawn};

/// What texts are called that are said to people: they, or lists of them.
const TEXTS: [&str; 7] = [
    "error", "failed", "problems", "reason", "text", "told", "why",
];
/// What is being done, by asset.
const RUNNING: &str = "running";
/// What an event begins with, on its way to a page.
const DATA: &str = "data: ";

/// Answers in the language that is asked for.
pub(crate) async fn translated(request: Request, next: Next) -> Response {
    let wanted = wanted(request.uri().query().unwrap_or_default());
    let response = next.run(request).await;
    let of_type = |name: &str| {
        let media_type = response.headers().get(header::CONTENT_TYPE);
        media_type.is_some_and(|is| is.as_bytes().starts_with(name.as_bytes()))
    };
    let (is_json, is_stream) = (of_type("application/json"), of_type("text/event-stream"));
    if wanted == Lang::English || !(is_json || is_stream) {
        return response;
    }
    let (mut head, body) = response.into_parts();
    // It is of another length now.
    head.headers.remove(header::CONTENT_LENGTH);
    // One event is one piece of the body; so is an answer.
    let pieces = body
        .into_data_stream()
        .map(move |piece| piece.map(|piece| said(wanted, &piece)));
    Response::from_parts(head, Body::from_stream(pieces))
}

fn wanted(query: &str) -> Lang {
    let named = query.split('&').find_map(|pair| pair.strip_prefix("lang="));
    named.and_then(Lang::parse).unwrap_or_default()
}

/// A piece that is one JSON value, or an event with one, with its texts in a language; any other as it is.
fn said(lang: Lang, piece: &Bytes) -> Bytes {
    let text = String::from_utf8_lossy(piece);
    let json = text.strip_prefix(DATA).unwrap_or(&text);
    let Ok(mut value) = serde_json::from_str::<Value>(json.trim_end()) else {
        return piece.clone();
    };
    let mut known = HashMap::new();
    within(lang, &mut value, false, &mut known);
    let head = &text[..text.len() - json.len()];
    let end = &json[json.trim_end().len()..];
    Bytes::from(format!("{head}{value}{end}"))
}

/// `known`: of ten thousand assets most say the same.
fn within(lang: Lang, value: &mut Value, is_said: bool, known: &mut HashMap<String, String>) {
    match value {
        Value::String(text) if is_said => {
            let said = known
                .entry(text.clone())
                .or_insert_with_key(|text| say_drawn(lang, text).into_owned());
            text.clone_from(said);
        }
        Value::Array(values) => {
            for value in values {
                within(lang, value, is_said, known);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                match value {
                    // Its names are assets, and may be any.
                    Value::Object(running) if name == RUNNING => {
                        for what in running.values_mut() {
                            within(lang, what, true, known);
                        }
                    }
                    value => within(lang, value, TEXTS.contains(&name.as_str()), known),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{Bytes, Lang, said, wanted};

    fn piece(text: &str) -> String {
        let said = said(Lang::Chinese, &Bytes::copy_from_slice(text.as_bytes()));
        String::from_utf8(said.to_vec()).unwrap_or_default()
    }

    #[test]
    fn texts_are_said_and_what_somebody_wrote_stays() {
        assert_eq!(
            piece(
                "data: {\"event\":\"rows\",\"rows\":[{\"id\":\"never made\",\"reason\":\"never made\",\"words\":\"never made\"}]}\n\n"
            ),
            "data: {\"event\":\"rows\",\"rows\":[{\"id\":\"never made\",\"reason\":\"从未制作\",\"words\":\"never made\"}]}\n\n"
        );
        assert_eq!(
            piece("{\"error\":\"there is no such picture\",\"running\":{\"reason\":\"drawing\"}}"),
            "{\"error\":\"没有这张图\",\"running\":{\"reason\":\"绘制中\"}}"
        );
        assert_eq!(
            piece("data: {\"problems\":[\"error: no asset matches `b`\"]}\n\n"),
            "data: {\"problems\":[\"错误: 没有图片匹配 `b`\"]}\n\n"
        );
        for other in [": \n\n", "", "retry: 1\n", "data: never made\n\n"] {
            assert_eq!(piece(other), other);
        }
    }

    #[test]
    fn the_language_is_asked_for() {
        assert_eq!(wanted("id=a&lang=zh"), Lang::Chinese);
        for query in ["", "lang=en", "lang=", "lang=fr", "xlang=zh", "id=lang=zh"] {
            assert_eq!(wanted(query), Lang::English, "{query}");
        }
    }
}
