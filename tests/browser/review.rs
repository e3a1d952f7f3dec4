//! Where a team reviews: pictures side by side, notes and approvals by picture, what the platform covers, what was made
//! before, and words that nobody loses.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::stage::{Stage, closer, digest, everything, row};

const ESCAPE: &str = "\u{e00c}";

fn candidates() -> Value {
    let shot = json!({ "operation": "generate", "model": "openai/gpt-image-2", "width": 304, "height": 400, "quality": "low",
                       "prompt": "the whole prompt", "references": [], "pick": 2,
                       "candidates": [digest(11), digest(12), digest(13)] });
    let paid = |n: usize, current: bool| {
        json!({ "day": "2026-11-20", "at": 1_763_600_000_000_u64, "model": "openai/gpt-image-2",
                       "cost": 42_000, "prompt": "an old prompt", "pictures": [digest(n)], "key": format!("k{n}"), "current": current })
    };
    json!({ "shots": [shot], "history": [paid(12, true), paid(21, false)] })
}

fn open(more: &Value) -> (Stage, Browser) {
    let fresh =
        json!({ "state": "fresh", "to_do": false, "real": digest(12), "candidates": 3, "pick": 2 });
    let rows = [row("a", &fresh), row("b", &json!({}))];
    let stage = Stage::new(everything(&rows, more));
    stage.answer("asset?id=a", 200, closer("a", &candidates()));
    stage.answer("asset?id=b", 200, closer("b", &json!({})));
    let browser = Browser::start();
    browser.goto(&format!("{}#asset=a", stage.url));
    browser.wait_until("document.querySelector('#detail [data-candidate]')");
    (stage, browser)
}

#[test]
fn candidates_side_by_side_move_together_and_a_number_picks() {
    let (stage, browser) = open(&json!({}));
    browser.press("cc");
    browser.wait_until("document.querySelectorAll('.pane').length === 3");
    assert!(
        browser
            .text_of("return location.hash")
            .contains("look=side")
    );
    browser.press("z");
    browser.wait_until(
        "document.querySelector('[data-zoom=\"1\"]').getAttribute('aria-pressed') === 'true'",
    );
    browser.wait_until("[...document.querySelectorAll('.pane-view img')].every(e => e.complete && e.naturalWidth === 300)");
    // A pixel of the picture is a pixel of the screen.
    browser.wait_until("[...document.querySelectorAll('.pane-view img')].every(e => e.getBoundingClientRect().width === 300)");
    browser.find("[data-zoom='2']").click();
    let places = "return [...document.querySelectorAll('.pane-view img')].map(e => e.style.transform).join('|')";
    let before = browser.text_of(places);
    browser.run(
        "const v = document.querySelector('.pane-view'); v.focus(); \
         v.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }))",
    );
    let after = browser.text_of(places);
    assert_ne!(before, after);
    let all: Vec<&str> = after.split('|').collect();
    assert!(all.iter().all(|one| *one == all[0]), "{after}");
    browser.press("3");
    assert_eq!(
        stage.wait_for("pick", 1),
        json!({ "id": "a", "number": 3, "shot": 1 })
    );
    // Any of the others can stand beside it, at most four.
    browser.run("for (const e of document.querySelectorAll('[data-source]:not([disabled])[aria-pressed=false]')) e.click()");
    browser.wait_until("document.querySelectorAll('.pane').length === 4");
}

#[test]
fn a_number_picks_in_the_panel_too() {
    let (stage, browser) = open(&json!({}));
    browser.press("2");
    browser.press("1");
    assert_eq!(
        stage.wait_for("pick", 1),
        json!({ "id": "a", "number": 1, "shot": 1 })
    );
    assert_eq!(
        stage.asked("pick").len(),
        1,
        "what is picked is not picked again"
    );
}

#[test]
fn notes_and_approvals_belong_to_the_picture() {
    let reviews = json!({ digest(12): { "approved": true, "note": "Good.", "by": "Lin", "day": "2026-11-28" } });
    let (stage, browser) = open(&json!({ "reviews": reviews }));
    assert_eq!(browser.find("[data-chip=approved] span").text(), "1");
    let said = browser.find("#detail .review").text();
    assert!(said.contains("approved · Lin, 2026-11-28"), "{said}");
    assert_eq!(
        browser.text_of("return document.querySelector('#detail textarea[name=note]').value"),
        "Good."
    );
    browser.press("a");
    let sent = stage.wait_for("review", 1);
    assert_eq!(
        sent,
        json!({ "digest": digest(12), "approved": null, "note": "Good." })
    );
    browser.wait_until("!document.querySelector('[data-chip=approved]')");
    // A note that nobody kept yet survives a reload.
    browser.press("n");
    browser.wait_until("document.activeElement.name === 'note'");
    browser
        .find("#detail textarea[name=note]")
        .type_in(" Shorter.");
    browser.run("location.reload()");
    browser.wait_until(
        "document.querySelector('#detail textarea[name=note]')?.value === 'Good. Shorter.'",
    );
    browser.find("#detail .keep-note").click();
    assert_eq!(stage.wait_for("review", 2)["note"], "Good. Shorter.");
    browser.wait_until("document.querySelector('#detail .keep-note').hidden");
    // What another page says of it comes by itself.
    let other = json!({ digest(12): { "approved": false, "note": "No.", "by": "Mei", "day": "2026-11-29" } });
    stage.tell(&json!({ "event": "reviews", "reviews": other }));
    browser.wait_until(
        "document.querySelector('#detail .review').textContent.includes('needs work · Mei')",
    );
}

#[test]
fn words_that_were_typed_are_kept_over_escape_another_asset_and_a_reload() {
    let (stage, browser) = open(&json!({}));
    browser
        .find("#detail .edit textarea")
        .type_in("make it blue");
    browser.press(ESCAPE);
    browser.wait_until("document.querySelector('#detail').hidden");
    browser.find("[data-id=b] .frame").click();
    browser.wait_until("document.querySelector('#detail .edit textarea')?.value === ''");
    browser.run("location.reload()");
    browser.wait_until("document.querySelector('#detail h2')?.textContent === 'b'");
    browser.press(ESCAPE);
    browser.wait_until("document.querySelector('#detail').hidden");
    browser.find("[data-id=a] .frame").click();
    browser
        .wait_until("document.querySelector('#detail .edit textarea')?.value === 'make it blue'");
    // They go once they were taken, and not before.
    stage.answer("edit", 409, json!({ "error": "the manifest is read-only" }));
    browser.find("#detail .append").click();
    browser.wait_until(
        "document.querySelector('#jobs [data-stage=failed]')?.textContent.includes('read-only')",
    );
    assert_eq!(
        browser.text_of("return document.querySelector('#detail .edit textarea').value"),
        "make it blue"
    );
    stage.answer("edit", 202, json!({ "order": 3, "joined": false }));
    browser.find("#detail .append").click();
    browser.wait_until("document.querySelector('#detail .edit textarea').value === ''");
    assert_eq!(
        stage.asked("edit")[1],
        json!({ "id": "a", "change": "make it blue", "keep": null })
    );
}

#[test]
fn what_was_made_before_comes_back_for_nothing() {
    let (stage, browser) = open(&json!({}));
    let said = browser.find("#detail .history").text();
    assert!(
        said.contains("$0.042") && said.contains("openai/gpt-image-2"),
        "{said}"
    );
    assert!(
        browser
            .text_of("return document.querySelector('#detail .history').textContent")
            .contains("an old prompt")
    );
    browser.find("#detail [data-paid=k21] .back").click();
    assert_eq!(
        stage.wait_for("back", 1),
        json!({ "id": "a", "key": "k21", "number": 1 })
    );
    assert_eq!(
        browser.run("return document.querySelectorAll('[data-paid=k12] .back').length"),
        0
    );
}

#[test]
fn the_picture_as_its_platform_shows_it() {
    let preset = json!({ "width": 300, "height": 400, "confidence": "estimate", "feed": { "width": 180 },
                         "safe": [{ "x": 0.0, "y": 0.0, "w": 1.0, "h": 0.1, "why": "page counter" }],
                         "crops": [{ "name": "grid 1:1", "x": 0.0, "y": 0.125, "w": 1.0, "h": 0.75 }] });
    let mut about = everything(&[], &json!({}))["about"].clone();
    about["presets"] = json!({ "xiaohongshu-cover": preset });
    let (_stage, browser) = open(&json!({ "about": about }));
    browser.press("sp");
    browser.wait_until("document.querySelectorAll('#detail .over-box').length === 2");
    let share = "(() => { const box = document.querySelector('.over-box.safe').getBoundingClientRect(); \
                 const all = document.querySelector('.sheet').getBoundingClientRect(); return box.height / all.height; })()";
    let share = browser.run(&format!("return {share}")).as_f64().unwrap();
    assert!((share - 0.1).abs() < 0.01, "{share}");
    browser.press("f");
    browser.wait_until("document.querySelector('.sheet').getBoundingClientRect().width === 180");
    assert!(browser.find("#detail .choices").text().contains("180 px"));
}

#[test]
fn taken_along_and_opened_in_the_editor() {
    let (stage, browser) = open(&json!({}));
    let link = browser
        .text_of("return document.querySelector('#detail a[download]').getAttribute('href')");
    assert_eq!(link, "download?id=a");
    assert_eq!(
        browser.text_of("return document.querySelector('#detail a[download]').download"),
        "a.png"
    );
    stage.answer(
        "open",
        409,
        json!({ "error": "no editor: set GPBUILD_EDITOR or VISUAL" }),
    );
    browser.press("e");
    browser
        .wait_until("document.querySelector('#detail').textContent.includes('set GPBUILD_EDITOR')");
    assert_eq!(stage.asked("open"), [json!({ "id": "a" })]);
    assert!(
        browser
            .find("#detail [data-slot=facts]")
            .text()
            .contains("posts/a.gp.toml:3")
    );
}

#[test]
fn the_slider_lays_one_over_another() {
    let (_stage, browser) = open(&json!({}));
    browser.press("c");
    browser.wait_until("document.querySelector('#detail .pair input')");
    let options = "[...document.querySelectorAll('#detail select[data-side=left] option')].map(e => e.textContent).join()";
    assert!(
        browser
            .text_of(&format!("return {options}"))
            .starts_with("picture,draft")
    );
    browser.run("const e = document.querySelector('#detail .pair input'); e.value = 20; e.dispatchEvent(new Event('input'))");
    assert_eq!(
        browser.text_of("return document.querySelector('.pair').style.getPropertyValue('--cut')"),
        "20%"
    );
}
