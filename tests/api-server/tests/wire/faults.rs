//! What a test scripts: faults, rules, the limit of pictures, latency.

use std::io::Read;
use std::time::{Duration, Instant};

use api_server::{Fault, Options, Server};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::socket::{LONG, generate, generate_for, otter};

#[test]
fn errors_on_demand() {
    let server = Server::start(Options::default());
    let request = "invalid_request_error";
    let faults = [
        (
            Fault::rate_limit(Some(7)),
            429,
            json!("input-images"),
            json!("rate_limit_exceeded"),
        ),
        (
            Fault::rate_limit(None),
            429,
            json!("input-images"),
            json!("rate_limit_exceeded"),
        ),
        (
            Fault::quota("credit_balance_exhausted"),
            429,
            json!("insufficient_quota"),
            json!("credit_balance_exhausted"),
        ),
        (
            Fault::billing_hard_limit(),
            400,
            json!(request),
            json!("billing_hard_limit_reached"),
        ),
        (
            Fault::server_error(500),
            500,
            json!("server_error"),
            Value::Null,
        ),
        (Fault::overloaded(), 503, json!("server_error"), Value::Null),
        (
            Fault::slow_down(),
            503,
            json!("server_error"),
            json!("slow_down"),
        ),
        (
            Fault::moderation("output", &["violence"]),
            400,
            json!("image_generation_user_error"),
            json!("moderation_blocked"),
        ),
        (Fault::not_verified(), 403, json!(request), Value::Null),
        (
            Fault::invalid_key(),
            401,
            json!(request),
            json!("invalid_api_key"),
        ),
    ];
    let replies: Vec<_> = faults
        .into_iter()
        .map(|(fault, status, kind, code)| {
            server.script([fault]);
            let reply = generate(&server, &otter()).unwrap();
            assert_eq!(reply.error(), (status, kind, code, Value::Null));
            reply
        })
        .collect();
    assert_eq!(replies[0].header("retry-after"), Some("7"));
    assert_eq!(replies[1].header("retry-after"), None);
    assert_eq!(
        replies[7].json()["error"]["moderation_details"],
        json!({"moderation_stage": "output", "categories": ["violence"]})
    );
    assert_eq!(server.stats().accepted, 0);
    server.script([Fault::server_error(500).accepted()]);
    assert_eq!(generate(&server, &otter()).unwrap().status, 500);
    assert_eq!((server.stats().accepted, server.stats().answered), (1, 0));
}

#[test]
fn answers_that_only_look_good() {
    let server = Server::start(Options::default());
    let faulty = |fault: Fault| {
        server.script([fault]);
        generate(&server, &otter()).unwrap()
    };
    let wrong = faulty(Fault::wrong_size(1024, 1024)).picture(0);
    assert_eq!(image::load_from_memory(&wrong).unwrap().width(), 1024);
    assert_eq!(faulty(Fault::no_data()).json()["data"], json!([]));
    assert_eq!(faulty(Fault::no_picture()).json()["data"], json!([{}]));
    assert!(faulty(Fault::error_in_200()).json()["error"].is_object());
    let broken = faulty(Fault::invalid_base64()).json();
    let text = broken["data"][0]["b64_json"].as_str().unwrap().to_owned();
    assert!(STANDARD.decode(text).is_err());
    assert!(image::guess_format(&faulty(Fault::not_a_picture()).picture(0)).is_err());
    let half = faulty(Fault::truncated_picture()).picture(0);
    assert!(image::guess_format(&half).is_ok() && image::load_from_memory(&half).is_err());
    assert!(serde_json::from_slice::<Value>(&faulty(Fault::not_json()).body).is_err());
    assert_eq!(
        (server.stats().accepted, server.stats().refused.len()),
        (8, 0)
    );
}

#[test]
fn broken_ways() {
    let server = Server::start(Options::default());
    let faulty = |fault: Fault| {
        server.script([fault]);
        generate(&server, &otter())
    };
    assert!(faulty(Fault::close()).is_none());
    assert_eq!(server.stats().accepted, 0);
    server.script([Fault::hang()]);
    let moment = Duration::from_millis(300);
    assert!(generate_for([moment; 2], &server, &otter()).is_none());
    let cut = faulty(Fault::cut(50)).unwrap();
    assert!(cut.status == 200 && !cut.body.is_empty() && !cut.whole());
    server.script([Fault::stall(50)]);
    let stalled = generate_for([LONG, Duration::from_secs(1)], &server, &otter()).unwrap();
    assert!(!stalled.body.is_empty() && !stalled.whole());
    let endless = faulty(Fault::endless()).unwrap();
    assert!(endless.body.len() > 7 << 20);
    assert_eq!((server.stats().accepted, server.stats().answered), (4, 0));

    let start = Instant::now();
    let dripped = faulty(Fault::drip(4, Duration::from_millis(20))).unwrap();
    assert!(dripped.whole() && start.elapsed() >= Duration::from_millis(80));
    let gzip = faulty(Fault::gzip()).unwrap();
    assert_eq!(gzip.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(gzip.body.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    assert!(text.starts_with("{\"created\""));
    let moved = faulty(Fault::redirect("http://127.0.0.1:9/v1/images/generations")).unwrap();
    assert_eq!(moved.status, 307);
    assert_eq!(
        moved.header("location"),
        Some("http://127.0.0.1:9/v1/images/generations")
    );
    assert_eq!(faulty(Fault::bad_gateway()).unwrap().status, 502);
    assert_eq!(faulty(Fault::gateway_timeout()).unwrap().status, 504);
    let stats = server.stats();
    assert_eq!((stats.accepted, stats.answered), (7, 2));
}

#[test]
fn rules_before_the_queue_and_a_limit_before_both() {
    let server = Server::start(Options {
        images_per_minute: Some(3),
        ..Options::default()
    });
    server.rule(|request| request.prompt.contains("hat").then(Fault::slow_down));
    server.script([Fault::none(), Fault::overloaded()]);
    let mut hat = otter();
    hat["prompt"] = json!("a hat");
    let status = |body: &Value| generate(&server, body).unwrap().status;
    assert_eq!(
        [status(&hat), status(&otter()), status(&otter())],
        [503, 200, 503]
    );
    let over = generate(&server, &otter()).unwrap();
    let expected = (
        429,
        json!("input-images"),
        json!("rate_limit_exceeded"),
        Value::Null,
    );
    assert_eq!(over.error(), expected);
    let seconds: u64 = over.header("retry-after").unwrap().parse().unwrap();
    assert!((10..=20).contains(&seconds), "{seconds}");
    assert_eq!(server.stats().accepted, 1);
}

#[test]
fn latency_and_requests_in_flight() {
    let server = Server::start(Options {
        latency: Duration::from_millis(300),
        ..Options::default()
    });
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| generate(&server, &otter()).unwrap());
        }
    });
    assert!(start.elapsed() >= Duration::from_millis(300));
    let stats = server.stats();
    assert_eq!(
        (stats.answered, stats.max_in_flight, stats.in_flight),
        (4, 4, 0)
    );
}

#[test]
fn answers_are_held_back_until_they_are_released() {
    let server = Server::start(Options::default());
    server.hold();
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| generate(&server, &otter()).unwrap());
        while server.stats().accepted == 0 {
            assert!(!asked.is_finished(), "it is answered");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!((server.stats().in_flight, server.stats().answered), (1, 0));
        server.release();
        assert_eq!(asked.join().unwrap().status, 200);
    });
    // What comes later is not held.
    assert_eq!(generate(&server, &otter()).unwrap().status, 200);
}
