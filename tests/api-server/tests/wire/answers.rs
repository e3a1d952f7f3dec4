//! Good answers, and refusals of what is not valid.

use api_server::{Auth, Fault, Options, Server, openapi};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::socket::{edit, generate, otter, send};

#[test]
fn pictures_of_the_size_asked_for_and_no_two_the_same() {
    let server = Server::start(Options::default());
    let mut body = otter();
    body["n"] = json!(2);
    let reply = generate(&server, &body).unwrap();
    assert_eq!(reply.status, 200);
    assert_eq!(openapi::check_response(&reply.json()), Ok(()));
    let (one, two) = (reply.picture(0), reply.picture(1));
    assert_ne!(one, two);
    for picture in [&one, &two] {
        let decoded = image::load_from_memory(picture).unwrap();
        assert_eq!((decoded.width(), decoded.height()), (1088, 1440));
    }
    let again = generate(&server, &body).unwrap();
    assert_ne!(again.picture(0), one);

    let json = reply.json();
    assert_eq!(
        (&json["size"], &json["quality"]),
        (&json!("1088x1440"), &json!("low"))
    );
    assert_eq!(json["usage"]["output_tokens"], 2 * 172);
    let (stats, requests) = (server.stats(), server.requests());
    assert_eq!((stats.arrived, stats.accepted, stats.answered), (2, 2, 2));
    assert_eq!(
        (stats.pictures, stats.in_flight, stats.nonconforming),
        (4, 0, 0)
    );
    assert_eq!(stats.bill_micros, 2 * requests[0].bill_micros);
    assert_eq!(
        requests[0].pictures[0],
        blake3::hash(&one).to_hex().as_str()
    );
    assert_eq!(requests[0].auth, Auth::Bearer);
    assert_eq!(requests[0].id, reply.header("x-request-id").unwrap());
    assert!(!format!("{requests:?}").contains(server.key()));
}

#[test]
fn other_formats() {
    let server = Server::start(Options::default());
    for (format, guessed) in [
        ("jpeg", image::ImageFormat::Jpeg),
        ("webp", image::ImageFormat::WebP),
    ] {
        let mut body = otter();
        body["output_format"] = json!(format);
        body["output_compression"] = json!(80);
        let reply = generate(&server, &body).unwrap();
        assert_eq!(image::guess_format(&reply.picture(0)).unwrap(), guessed);
    }
}

#[test]
fn edits_in_both_encodings() {
    let server = Server::start(Options::default());
    let png = generate(&server, &otter()).unwrap().picture(0);
    let texts = [
        ("model", "gpt-image-2"),
        ("prompt", "a hat"),
        ("n", "1"),
        ("size", "1088x1440"),
    ];
    let files = [
        ("image[]", "image/png", png.as_slice()),
        ("image[]", "image/png", &png),
    ];
    let reply = edit(&server, &texts, &files);
    assert_eq!(
        reply.status,
        200,
        "{}",
        String::from_utf8_lossy(&reply.body)
    );
    assert_eq!(openapi::check_response(&reply.json()), Ok(()));
    let request = &server.requests()[1];
    let digest = blake3::hash(&png).to_hex();
    assert_eq!(request.images.len(), 2);
    assert_eq!(request.images[0].digest, digest.as_str());
    assert_eq!(request.params["n"], 1);
    assert_eq!(
        reply.json()["usage"]["input_tokens_details"]["image_tokens"],
        2 * 34 * 45
    );

    let url = format!("data:image/png;base64,{}", STANDARD.encode(&png));
    let body = json!({"model": "gpt-image-2", "prompt": "a hat", "images": [{"image_url": url}]});
    let bearer = format!("Bearer {}", server.key());
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let reply = send(
        &server,
        "/v1/images/edits",
        &headers,
        body.to_string().as_bytes(),
    )
    .unwrap();
    assert_eq!(reply.status, 200);
    assert_eq!(server.stats().nonconforming, 0);

    let invalid = |code: &str, param: &str| {
        (
            400,
            json!("invalid_request_error"),
            json!(code),
            json!(param),
        )
    };
    let octets = [("image", "application/octet-stream", png.as_slice())];
    assert_eq!(
        edit(&server, &texts, &octets).error(),
        invalid("unsupported_file_mimetype", "image")
    );
    let twice = [
        ("image", "image/png", png.as_slice()),
        ("image", "image/png", &png),
    ];
    assert_eq!(
        edit(&server, &texts, &twice).error(),
        invalid("duplicate_parameter", "image")
    );
    assert_eq!(
        edit(&server, &texts, &[]).error(),
        invalid("missing_required_parameter", "image")
    );
    let moderated = [texts[0], texts[1], ("moderation", "low")];
    let one = [("image", "image/png", png.as_slice())];
    assert_eq!(
        edit(&server, &moderated, &one).error(),
        invalid("unknown_parameter", "moderation")
    );
    assert_eq!(server.stats().accepted, 3);
    assert_eq!(server.stats().nonconforming, 4);
}

#[test]
fn refusals_cost_nothing() {
    let server = Server::start(Options::default());
    // Validity comes before what is scripted.
    server.script([Fault::hang()]);
    let request = "invalid_request_error";
    let with = |name: &str, value: Value| {
        let mut body = otter();
        body[name] = value;
        generate(&server, &body).unwrap().error()
    };
    let image = "image_generation_user_error";
    assert_eq!(
        with("size", json!("4096x4096")),
        (400, json!(image), json!("invalid_value"), json!("size"))
    );
    assert_eq!(
        with("model", json!("dall-e-3")),
        (404, json!(request), json!("model_not_found"), Value::Null)
    );
    assert_eq!(
        with("response_format", json!("b64_json")),
        (
            400,
            json!(request),
            json!("unknown_parameter"),
            json!("response_format")
        )
    );
    let bearer = format!("Bearer {}", server.key());
    let post = |auth: &str, media_type: &str, path: &str, body: &str| {
        let headers = [("authorization", auth), ("content-type", media_type)];
        send(&server, path, &headers, body.as_bytes())
            .unwrap()
            .error()
    };
    let path = "/v1/images/generations";
    let good = otter().to_string();
    assert_eq!(
        post(
            "Bearer sk-wrong-0123456789",
            "application/json",
            path,
            &good
        ),
        (401, json!(request), json!("invalid_api_key"), Value::Null)
    );
    assert_eq!(post(&bearer, "text/plain", path, &good).0, 400);
    assert_eq!(post(&bearer, "application/json", path, "{").0, 400);
    assert_eq!(
        post(&bearer, "application/json", "/v1/images", &good).0,
        404
    );
    let stats = server.stats();
    assert_eq!(
        (stats.arrived, stats.accepted, stats.bill_micros),
        (7, 0, 0)
    );
    let refused: Vec<_> = stats.refused.into_iter().collect();
    assert_eq!(refused, [(400, 4), (401, 1), (404, 2)]);
}

#[test]
fn azure() {
    let server = Server::start(Options {
        deployments: vec![("posters".to_owned(), "gpt-image-2".to_owned())],
        ..Options::default()
    });
    let headers = [
        ("api-key", server.key()),
        ("content-type", "application/json"),
    ];
    let mut body = otter();
    body["model"] = json!("posters");
    for path in [
        "/openai/v1/images/generations?api-version=preview",
        "/openai/deployments/posters/images/generations?api-version=2025-04-01-preview",
    ] {
        let reply = send(&server, path, &headers, body.to_string().as_bytes()).unwrap();
        assert_eq!(reply.status, 200, "{path}");
    }
    let requests = server.requests();
    assert!(
        requests
            .iter()
            .all(|r| r.auth == Auth::ApiKey && r.model == "posters")
    );
}

#[test]
fn streams() {
    let server = Server::start(Options::default());
    let mut body = otter();
    body["stream"] = json!(true);
    body["partial_images"] = json!(2);
    let reply = generate(&server, &body).unwrap();
    assert_eq!(
        reply.header("content-type"),
        Some("text/event-stream; charset=utf-8")
    );
    let text = String::from_utf8(reply.body).unwrap();
    let data: Vec<&str> = text
        .lines()
        .filter_map(|l| l.strip_prefix("data: "))
        .collect();
    let [first, second, last, done] = data.as_slice() else {
        panic!("{} events", data.len());
    };
    for (event, kind) in [
        (first, "image_generation.partial_image"),
        (second, "image_generation.partial_image"),
        (last, "image_generation.completed"),
    ] {
        let event: Value = serde_json::from_str(event).unwrap();
        assert_eq!(openapi::check_event(&event), Ok(()));
        assert_eq!(event["type"], kind);
    }
    assert_eq!(*done, "[DONE]");
}
