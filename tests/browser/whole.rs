//! The page and its server together, and the page as a folder without one.

use std::time::Duration;

use api_server::Fault;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::open::{DEFAULTS, Open, PAID, look_closer};
use crate::project::Run;

fn with(ids: &[&str]) -> Open {
    let mut manifest = DEFAULTS.replace("120x90", "1200x900");
    for id in ids {
        manifest += &format!("[cover.{id}]\ntext = {{ headline = \"{id}\" }}\n");
    }
    Open::new(&manifest)
}

#[test]
fn a_list_fetches_small_pictures() {
    let mut open = with(&["a", "b", "c"]);
    let browser = open.page(3);
    let img = "document.querySelector('[data-id=a] img')";
    browser.wait_until(&format!("{img}.complete && {img}.src.endsWith('/320')"));
    assert_eq!(browser.run(&format!("return {img}.naturalWidth")), 320);
}

#[test]
fn outputs_that_are_gone_come_back_with_one_click() {
    let ids = ["a", "b", "c", "d", "e"];
    let mut open = with(&ids);
    open.build();
    open.drafts = true;
    for id in ids {
        open.project.remove(&format!("dist/{id}.png"));
    }
    let browser = open.page(5);
    browser.wait_until("document.querySelector('#banner .put-back')");
    assert!(browser.find("#banner").text().contains("5"));
    browser.find("#banner .put-back").click();
    browser.wait_until("document.querySelector('#banner').hidden");
    browser.wait_until("document.querySelector('[data-chip=fresh] span')?.textContent === '5'");
    assert!(open.project.has("dist/a.png") && open.project.has("dist/e.png"));
}

#[test]
fn two_clicks_are_one_order_and_a_page_finds_the_next_watch() {
    let mut open = Open::new(&format!(
        "{PAID}[cover.a]\ntext = {{ headline = \"one\" }}\n"
    ));
    let browser = open.page(1);
    look_closer(&browser, "a");
    browser.run("const b = document.querySelector('#detail .make'); b.click(); b.click()");
    browser.wait_until("document.querySelector(\"[data-id=a][data-state=fresh]\")");
    assert_eq!(open.server.stats().accepted, 1);
    assert_eq!(
        browser.run("return document.querySelectorAll('#jobs [data-stage=failed]').length"),
        0
    );
    browser.run("window.marked = true");
    let before = open.url.clone();
    open.end();
    browser.wait_until("document.querySelector('#progress.lost')");
    open.watch();
    assert_eq!(open.url, before);
    browser.wait_until("!document.querySelector('#progress.lost')");
    assert_eq!(browser.run("return window.marked"), true);
}

#[test]
fn a_folder_needs_no_server_and_its_words_come_back() {
    let open = with(&["a", "b", "c"]);
    open.build();
    let run = open.run(&["review", "seen"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    let browser = Browser::start();
    let index = open.project.root().join("seen/index.html");
    browser.goto(&format!("file://{}", index.display()));
    browser.wait_until("document.querySelectorAll('.card img').length === 3");
    browser.wait_until(
        "[...document.querySelectorAll('.card img')].every(e => e.complete && e.naturalWidth > 0)",
    );
    let buttons =
        "return document.querySelectorAll('#select:not([hidden]), .make, .append').length";
    browser.find("[data-id=a] .frame").click();
    browser.wait_until("document.querySelector('#detail .verdict.good')");
    assert_eq!(browser.run(buttons), 0, "nothing that needs a server");
    browser.find("#detail .verdict.good").click();
    browser.wait_until("document.querySelector('[data-chip=approved]')");
    browser
        .find("#detail textarea[name=note]")
        .type_in("Good \"so\" </script>");
    browser.find("#detail .keep-note").click();
    // What somebody said is there after a reload, and goes out as a file.
    browser.run("location.reload()");
    browser.wait_until(
        "document.querySelector('#detail textarea[name=note]')?.value.startsWith('Good')",
    );
    let saved = browser.text_of(
        "return (async () => { let saved; URL.createObjectURL = blob => { saved = blob; return '#'; }; \
         document.querySelector('#save-review').click(); return await saved.text(); })()",
    );
    let said: Value = serde_json::from_str(&saved).unwrap();
    assert_eq!(said["gpbuild_review"], json!(1));
    open.project.write("gpbuild-review.json", saved);
    let run = open.run(&["review", "--take", "gpbuild-review.json"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    let kept = open.project.text("gpbuild.review.toml");
    assert!(
        kept.contains("approved = true") && kept.contains("</script>"),
        "{kept}"
    );
}

/// What the page says of each asset, again and again: `window.said` by asset, each time that it is otherwise.
const RECORD: &str = "window.said = {}; window.recorder = setInterval(() => { \
  for (const card of document.querySelectorAll('.card')) { \
    const now = card.dataset.state + ': ' + card.querySelector('.caption').innerText.replace(/\\s+/g, ' '); \
    const all = (said[card.dataset.id] ??= []); if (all.at(-1) !== now) all.push(now); } }, 50)";

#[test]
fn what_the_page_says_of_a_paid_run_is_true_all_the_time() {
    let mut manifest = PAID.to_owned();
    for id in ["a", "b", "c", "d"] {
        manifest += &format!("[cover.{id}]\ntext = {{ headline = \"{id}\" }}\n");
    }
    let mut open = Open::new(&manifest);
    let slow = Duration::from_millis(1500);
    open.server.script([
        Fault::slow(slow),
        Fault::rate_limit(Some(2)),
        Fault::moderation("output", &["violence"]).delayed(slow),
        Fault::wrong_size(512, 512).delayed(slow),
    ]);
    let browser = open.page(4);
    browser.run(RECORD);
    browser.find("#select").click();
    browser.run("document.querySelectorAll('.tick input').forEach(e => e.click())");
    browser.wait_until("document.querySelector('#selection .make-these:not([disabled])')");
    browser.find("#selection .make-these").click();
    browser.wait_until("document.querySelector('.card[data-state=making]')");
    browser.screenshot("run-1");
    browser.wait_until("document.querySelector('#jobs [data-job=make]:not([data-stage=running]):not([data-stage=waiting])')");
    browser.wait_until("!document.querySelector('.card[data-state=making]')");
    browser.screenshot("run-2");
    let said = browser.run("clearInterval(window.recorder); return window.said");
    let all = said.to_string();
    for (id, lines) in said.as_object().unwrap() {
        let lines: Vec<&str> = lines
            .as_array()
            .unwrap()
            .iter()
            .map(|l| l.as_str().unwrap())
            .collect();
        assert!(
            lines.iter().any(|l| l.starts_with("making: ")),
            "{id}: {lines:?}"
        );
        // On its way is never lost, and never merely blocked.
        assert!(
            !lines
                .iter()
                .any(|l| l.starts_with("doubt") || l.starts_with("blocked")),
            "{id}: {lines:?}"
        );
        assert!(
            !lines.last().unwrap().starts_with("making"),
            "{id}: {lines:?}"
        );
    }
    assert!(all.contains("goes on in"), "a 429 says when: {all}");
    assert_eq!(
        browser.run("return document.querySelectorAll('.card[data-state=failed]').length"),
        1
    );
    assert_eq!(
        browser.run("return document.querySelectorAll('.card .mark.warn').length"),
        1,
        "{all}"
    );
    assert_eq!(browser.find("[data-chip=notes] span").text(), "1");
}

#[test]
fn after_a_kill_there_is_a_way_on() {
    let mut open = Open::new(&format!(
        "{PAID}[cover.a]\ntext = {{ headline = \"one\" }}\n"
    ));
    open.server
        .script([Fault::slow(Duration::from_secs(20)), Fault::none()]);
    let browser = open.page(1);
    look_closer(&browser, "a");
    browser.find("#detail .make").click();
    browser.wait_until("document.querySelector('.card[data-state=making]')");
    while open.server.stats().accepted == 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    open.kill();
    open.watch();
    browser.goto(&open.url);
    browser.wait_until("document.querySelector(\"[data-id=a][data-state=doubt]\")");
    look_closer(&browser, "a");
    let told = browser.find("#detail .doubt").text();
    assert!(
        told.contains("Send again · $0.009") && told.contains("gpt-image-2"),
        "{told}"
    );
    browser.screenshot("doubt");
    browser.find("#detail .gone").click();
    // It did not come: then it can be made as any other.
    browser.wait_until("document.querySelector('#detail .make')");
    browser.find("#detail .make").click();
    browser.wait_until("document.querySelector(\"[data-id=a][data-state=fresh]\")");
    assert_eq!(open.server.stats().accepted, 2);
}

impl Open {
    fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().unwrap())
    }
}
