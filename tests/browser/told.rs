//! What the page says of what goes on, second by second, and of what went wrong: it is true, it stays, and there is a
//! way on from it.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::stage::{Stage, closer, everything, now, row};

fn open(rows: &[Value], more: &Value) -> (Stage, Browser) {
    let stage = Stage::new(everything(rows, more));
    stage.answer("asset", 200, closer("a", &json!({})));
    let browser = Browser::start();
    browser.goto(&stage.url);
    browser.wait_until("document.querySelector('.card, #empty p, #empty h2')");
    (stage, browser)
}

fn making(phase: &str, more: &Value) -> Value {
    let mut making = json!({
        "phase": phase, "what": "openai/gpt-image-2", "since": now() - 12_000, "expected_ms": 40_000,
        "cost": 42_000, "by": "page", "project": null, "order": 7, "resume_at": null, "why": null,
    });
    for (name, value) in more.as_object().unwrap() {
        making[name] = value.clone();
    }
    making
}

#[test]
fn what_is_being_made_counts_its_seconds_and_says_what_it_costs_and_who_waits() {
    let made = making("asking", &json!({}));
    let rows = [
        row(
            "a",
            &json!({ "state": "making", "making": made, "waited_by": ["b"], "waited_by_count": 1 }),
        ),
        row("b", &json!({ "waits_on": "a" })),
    ];
    let (stage, browser) = open(&rows, &json!({}));
    let card = browser.find("[data-id=a] .caption").text();
    assert!(
        card.contains("being made 1") && card.contains("/ ~40 s"),
        "{card}"
    );
    assert!(card.contains("$0.042"), "{card}");
    assert!(!card.contains("doubt"), "{card}");
    assert!(
        browser
            .find("[data-id=b] .message")
            .text()
            .contains("waits for a")
    );
    // It goes on without a word of the server.
    let seconds = "Number(document.querySelector('[data-id=a] [data-since]:not(.run)').textContent.replace(' s', ''))";
    let first = browser.run(&format!("return {seconds}")).as_u64().unwrap();
    browser.wait_until(&format!("{seconds} > {first}"));
    let share = browser.text_of(
        "return document.querySelector('[data-id=a] .run').style.getPropertyValue('--share')",
    );
    let share: f64 = share.parse().unwrap();
    assert!((0.2..0.6).contains(&share), "{share}");
    browser.find("[data-id=a] .frame").click();
    browser.wait_until("document.querySelector('#detail .making')");
    let panel = browser.find("#detail .making").text();
    for said in [
        "$0.042",
        "asked for on a page",
        "order 7",
        "openai/gpt-image-2",
        "b",
    ] {
        assert!(panel.contains(said), "{said}: {panel}");
    }
    // While it is made, there is no button that would make it again.
    assert_eq!(
        browser.run("return document.querySelectorAll('#detail .make, #detail .again').length"),
        0
    );
    stage.tell(&json!({ "event": "making", "id": "a", "making": null }));
    browser.wait_until("!document.querySelector('#detail .making')");
}

#[test]
fn a_rate_limit_says_when_it_goes_on() {
    let waiting = making(
        "waiting",
        &json!({ "resume_at": now() + 30_000, "why": "429: rate limit" }),
    );
    let rows = [row("a", &json!({ "state": "making", "making": waiting }))];
    let progress =
        json!({ "page": { "total": 8, "done": 3, "running": { "a": "x" }, "left_ms": 95_000 } });
    let (stage, browser) = open(&rows, &json!({ "progress": progress }));
    let card = browser.find("[data-id=a] .caption").text();
    assert!(
        card.contains("goes on in 2") && card.contains("429"),
        "{card}"
    );
    let line = browser.find("#progress").text();
    assert!(
        line.contains("3/8") && line.contains("rate limit: goes on at"),
        "{line}"
    );
    assert!(
        browser
            .text_of("return document.title")
            .starts_with("(3/8) staged")
    );
    // Once it goes on, it is told how long the rest takes.
    stage.tell(&json!({ "event": "making", "id": "a", "making": making("asking", &json!({})) }));
    browser.wait_until("document.querySelector('#progress').textContent.includes('about 1:')");
}

#[test]
fn an_error_stays_in_sight_wherever_one_looks() {
    let rows: Vec<Value> = (0..60)
        .map(|n| row(&format!("p{n}"), &json!({})))
        .chain([row(
            "z",
            &json!({ "error": "error: unknown key `headlin`\n --> z.gp.toml:5" }),
        )])
        .collect();
    let problem = json!({ "text": "error: unknown key `headlin`\n --> z.gp.toml:5:10", "level": "error",
                          "file": "z.gp.toml", "line": 5, "column": 10, "ids": ["z"] });
    let (stage, browser) = open(&rows, &json!({ "problems": [problem] }));
    let alarm = browser.find("#alarm").text();
    assert!(
        alarm.contains("2 errors") && alarm.contains("unknown key `headlin` – z.gp.toml:5"),
        "{alarm}"
    );
    assert!(
        browser
            .text_of("return document.title")
            .starts_with("(✕ 2) staged")
    );
    assert!(
        browser
            .find("#problems pre")
            .text()
            .contains("z.gp.toml:5:10")
    );
    browser.run("scrollTo(0, 1200)");
    browser.wait_until("scrollY > 1000");
    let seen = "(() => { const e = document.querySelector('#alarm').getBoundingClientRect(); return e.top >= 0 && e.bottom < 140; })()";
    browser.wait_until(seen);
    // The chip counts it, the card is marked, and the panel has all of the text.
    assert_eq!(browser.find("[data-chip=failed] span").text(), "1");
    browser.find("#alarm button:last-of-type").click();
    browser.wait_until("document.querySelectorAll('.card').length === 1");
    assert_eq!(browser.find("[data-id=z] .mark.bad").text(), "!");
    browser.find("[data-id=z] .frame").click();
    browser.wait_until("document.querySelector('#detail .told')");
    assert!(browser.find("#detail .told").text().contains("z.gp.toml:5"));
    assert!(
        browser
            .find("#detail .wrong")
            .text()
            .contains("the last one that was right")
    );
    // Mended, it is gone everywhere.
    stage.tell(&json!({ "event": "problems", "problems": [] }));
    stage.tell(&json!({ "event": "rows", "rows": [row("z", &json!({}))], "order": null }));
    browser.wait_until(
        "document.querySelector('#alarm').hidden && document.title === 'staged – gpbuild'",
    );
    browser.wait_until("!document.querySelector('#detail .told')");
}

#[test]
fn what_is_in_doubt_says_what_is_known_and_has_two_ways_on() {
    let doubt = json!({ "number": 17, "at": now() - 3_600_000, "request_id": "req_7", "model": "openai/gpt-image-2",
                        "cost": 42_000, "why": "timed out" });
    let rows = [row("a", &json!({ "state": "doubt", "doubt": doubt }))];
    let (stage, browser) = open(&rows, &json!({}));
    assert!(
        browser
            .find("[data-id=a] .message")
            .text()
            .contains("no answer seen")
    );
    browser.find("[data-id=a] .frame").click();
    browser.wait_until("document.querySelector('#detail .doubt')");
    let panel = browser.find("#detail .doubt").text();
    for said in [
        "req_7",
        "$0.042",
        "timed out",
        "Send again · $0.042",
        "It did not come",
    ] {
        assert!(panel.contains(said), "{said}: {panel}");
    }
    assert_eq!(
        browser.run("return document.querySelectorAll('#detail .make').length"),
        0
    );
    browser.find("#detail .again").click();
    assert_eq!(
        stage.wait_for("again", 1),
        json!({ "id": "a", "price": 42_000, "confirmed": false })
    );
    browser.find("#detail .gone").click();
    assert_eq!(
        stage.wait_for("gone", 1),
        json!({ "id": "a", "number": 17 })
    );
}

#[test]
fn a_finding_stays_at_its_asset_until_somebody_accepts_it() {
    let finding = json!({ "key": "k1", "kind": "size", "level": "warning", "text": "1024×1365 came back", "from": "answer",
                          "digest": null, "accepted": false, "mark": { "x": 0.1, "y": 0.1, "w": 0.5, "h": 0.1 } });
    let rows = [row(
        "a",
        &json!({ "state": "fresh", "to_do": false, "findings": [finding] }),
    )];
    let (stage, browser) = open(&rows, &json!({}));
    assert_eq!(browser.find("[data-chip=notes] span").text(), "1");
    assert_eq!(browser.find("[data-id=a] .mark.warn").text(), "1");
    assert!(
        browser
            .find("[data-id=a] .message")
            .text()
            .contains("1024×1365")
    );
    browser.find("[data-id=a] .frame").click();
    browser.wait_until("document.querySelector('#detail [data-finding=k1]')");
    // Its place is marked on the picture.
    browser.wait_until("document.querySelector('#detail .over-box.found')");
    browser.find("#detail .accept").click();
    assert_eq!(
        stage.wait_for("accept", 1),
        json!({ "id": "a", "key": "k1" })
    );
    browser.wait_until("document.querySelector('#detail [data-finding=k1].accepted')");
    browser.wait_until("!document.querySelector('[data-chip=notes], [data-id=a] .mark.warn')");
}

fn order(number: u32, stage: &str, more: &Value) -> Value {
    let mut order = json!({ "number": number, "action": "make", "ids": ["a"], "stage": stage, "can_cancel": false,
                            "price": 42_000, "spent": null, "at": now(), "ended": null, "told": [] });
    for (name, value) in more.as_object().unwrap() {
        order[name] = value.clone();
    }
    json!({ "event": "order", "order": order })
}

#[test]
fn orders_are_seen_can_be_cancelled_and_what_failed_stays() {
    let (stage, browser) = open(&[row("a", &json!({}))], &json!({}));
    stage.tell(&order(1, "waiting", &json!({ "can_cancel": true })));
    browser.wait_until("document.querySelector('#jobs [data-order=\"1\"] .cancel')");
    stage.answer("cancel", 200, json!({ "cancelled": true }));
    browser.find("#jobs .cancel").click();
    assert_eq!(stage.wait_for("cancel", 1), json!({ "order": 1 }));
    stage.tell(&order(1, "cancelled", &json!({ "ended": now() })));
    browser.wait_until("document.querySelector('#jobs [data-order=\"1\"][data-stage=cancelled]')");
    // Several take one line, until somebody wants to see them.
    for number in 2..7 {
        stage.tell(&order(number, "running", &json!({})));
    }
    browser
        .wait_until("document.querySelector('#jobs .more')?.textContent === '5 orders under way'");
    browser.find("#jobs .more").click();
    browser.wait_until("document.querySelectorAll('#jobs [data-stage=running]').length === 5");
    stage.tell(&order(
        2,
        "failed",
        &json!({ "ended": now(), "told": ["error: no"] }),
    ));
    stage.tell(&order(3, "done", &json!({ "ended": now() })));
    browser.wait_until("document.querySelector('#jobs [data-stage=failed] pre')");
    // What went well goes by itself, what did not only by a click.
    browser.wait_until("!document.querySelector('#jobs [data-stage=done]')");
    browser.find("#jobs [data-stage=failed] .icon").click();
    browser.wait_until("!document.querySelector('#jobs [data-stage=failed]')");
}

#[test]
fn a_second_click_is_no_error_and_a_button_waits_with_its_order() {
    let (stage, browser) = open(&[row("a", &json!({}))], &json!({}));
    stage.answer("make", 202, json!({ "order": 4, "joined": true }));
    browser.find("[data-id=a] .frame").click();
    browser.wait_until("document.querySelector('#detail .make')");
    browser.run("const b = document.querySelector('#detail .make'); b.click(); b.click()");
    assert_eq!(
        stage.wait_for("make", 2),
        json!({ "ids": ["a"], "price": 42_000, "confirmed": false })
    );
    stage.tell(&order(4, "running", &json!({})));
    browser.wait_until("document.querySelector('#detail .make').disabled");
    assert_eq!(
        browser.run("return document.querySelectorAll('#jobs [data-stage=failed]').length"),
        0
    );
}

#[test]
fn a_page_finds_its_server_again() {
    let (stage, browser) = open(&[row("a", &json!({}))], &json!({}));
    browser.run("window.marked = true");
    stage.close(true);
    browser.wait_until("document.querySelector('#progress.lost')");
    // Refused for a while, as a server is that starts: a browser by itself would not come again.
    std::thread::sleep(std::time::Duration::from_secs(2));
    stage.set(everything(
        &[row("a", &json!({})), row("b", &json!({}))],
        &json!({}),
    ));
    stage.close(false);
    browser.wait_until("document.querySelector('[data-id=b]')");
    browser.wait_until("!document.querySelector('#progress.lost')");
    assert_eq!(browser.run("return window.marked === true"), true);
    // Another version brings another page.
    let mut other = everything(&[row("a", &json!({}))], &json!({}));
    other["about"]["version"] = json!("2");
    stage.set(other);
    stage.close(false);
    browser.wait_until("window.marked !== true && document.querySelector('.card')");
}

#[test]
fn a_fresh_clone_says_what_it_is_and_puts_all_back_with_one_click() {
    let rows: Vec<Value> = (0..4)
        .map(|n| {
            row(
                &format!("p{n}"),
                &json!({ "state": "stale", "requests": usize::from(n == 3), "draft": null }),
            )
        })
        .collect();
    let fresh =
        json!({ "stale": 4, "restore": 3, "make": 1, "price": 42_000, "ids": ["p0", "p1", "p2"] });
    let (stage, browser) = open(&rows, &json!({ "fresh_clone": fresh }));
    let said = browser.find("#banner").text();
    assert!(
        said.contains(
            "4 pictures are not in their place: a fresh clone, or outputs that were removed. 3 can be put back for nothing."
        ),
        "{said}"
    );
    assert!(said.contains("Make the other 1 · $0.042"), "{said}");
    browser.find("#banner .put-back").click();
    assert_eq!(
        stage.wait_for("make", 1),
        json!({ "ids": ["p0", "p1", "p2"], "price": 0, "confirmed": false })
    );
    stage.tell(&json!({ "event": "fresh_clone", "fresh_clone": null }));
    browser.wait_until("document.querySelector('#banner').hidden");
}

#[test]
fn what_costs_is_asked_with_model_count_and_what_is_left() {
    let (stage, browser) = open(&[row("a", &json!({}))], &json!({}));
    let quote = json!({ "price": 84_000, "unknown": 0, "requests": 2, "restores": 0, "up_to": false, "confirm": true,
                        "models": [{ "model": "openai/gpt-image-2", "requests": 2, "price": 84_000 }],
                        "skipped": [{ "id": "b", "why": "blocked" }], "run_left": 2_000_000, "month_left": null, "confirm_above": 50_000 });
    stage.answer(
        "make",
        409,
        json!({ "error": "it has to be confirmed", "confirm": true, "quote": quote }),
    );
    browser.find("[data-id=a] .frame").click();
    browser.wait_until("document.querySelector('#detail .make')");
    browser.find("#detail .make").click();
    browser.wait_until("document.querySelector('#confirm').open");
    let asked = browser.find("#confirm").text();
    for said in [
        "This is paid for.",
        "$0.084",
        "openai/gpt-image-2",
        "2 requests",
        "$2.000, then $1.916",
        "1 is left out",
    ] {
        assert!(asked.contains(said), "{said}: {asked}");
    }
    stage.answer("make", 202, json!({ "order": 1, "joined": false }));
    browser.find("#confirm .agree").click();
    // At the price that was agreed on.
    assert_eq!(
        stage.wait_for("make", 2),
        json!({ "ids": ["a"], "price": 84_000, "confirmed": true })
    );
}
