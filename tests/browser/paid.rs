//! What a person asks for on the page: to keep another candidate, another edit, a paid picture. Against a
//! server that speaks the API.

use api_server::Fault;

use crate::browser::Browser;
use crate::open::{Open, PAID, look_closer};

fn one(more: &str) -> Open {
    Open::new(&format!(
        "{PAID}[cover.a]\n{more}text = {{ headline = \"one\" }}\n"
    ))
}

/// Waits until what was asked for is done.
fn wait_for(browser: &Browser, job: &str, stage: &str) {
    browser.wait_until(&format!(
        "document.querySelector('#jobs [data-job={job}][data-stage={stage}]')"
    ));
}

#[test]
fn a_click_picks_a_candidate() {
    let mut open = one("candidates = 3\n");
    open.build();
    let first = open.project.read("dist/a.png");
    let browser = open.page(1);
    look_closer(&browser, "a");
    let kept = |n: u32| format!("#detail [data-candidate='{n}'][aria-pressed=true]");
    browser.wait_until(&format!("document.querySelector(\"{}\")", kept(1)));
    browser.find("#detail [data-candidate='3']").click();
    wait_for(&browser, "pick", "done");
    browser.wait_until(&format!("document.querySelector(\"{}\")", kept(3)));
    assert!(open.project.text("gpbuild.lock").contains("pick = 3"));
    assert!(open.project.read("dist/a.png") != first);
    browser.find("#detail [data-candidate='1']").click();
    browser.wait_until(&format!("document.querySelector(\"{}\")", kept(1)));
    assert!(open.project.read("dist/a.png") == first);
    assert_eq!(open.server.stats().accepted, 1, "picking is free");
}

#[test]
fn the_edit_box_appends_a_step_and_leaves_the_rest_alone() {
    let mut open = one("# A word to my colleagues.\n");
    open.build();
    let before = open.project.text("gpbuild.toml");
    let browser = open.page(1);
    look_closer(&browser, "a");
    browser.wait_until("document.querySelector('#detail .edit textarea')");
    let change = "say \"two\"\\ and 二";
    browser.find("#detail .edit textarea").type_in(change);
    browser.find("#detail .append").click();
    wait_for(&browser, "edit", "done");
    let after = open.project.text("gpbuild.toml");
    let added = after.strip_prefix(&before).expect("the rest is as it was");
    let added: toml_edit::DocumentMut = added.parse().unwrap();
    let step = &added["cover"]["a"]["edit"][0];
    assert_eq!(step["change"].as_str(), Some(change));
    // It is there at once: the picture is stale, and the box is empty for the next one.
    browser.wait_until("document.querySelector(\"[data-id=a][data-state=stale]\")");
    browser.wait_until("document.querySelector('#detail .edit textarea').value === ''");
    assert_eq!(
        open.server.stats().accepted,
        1,
        "nothing is paid for by asking"
    );
}

#[test]
fn what_changed_since_it_was_made_is_shown() {
    let mut open = one("");
    open.build();
    let browser = open.page(1);
    look_closer(&browser, "a");
    open.project.edit("gpbuild.toml", "\"one\"", "\"three\"");
    browser.wait_until("document.querySelector('#detail .diff ins')");
    let texts = |tag: &str| {
        browser.text_of(&format!(
            "return [...document.querySelectorAll('#detail [data-change=prompt] {tag}')].map(e => e.textContent).join(' ')"
        ))
    };
    assert_eq!(texts("del"), "one");
    assert_eq!(texts("ins"), "three");
    let prompt = browser.find("#detail [data-slot=prompt] .prompt").text();
    assert!(prompt.contains("\"three\""), "{prompt}");
}

#[test]
fn a_button_with_its_price_makes_the_picture() {
    let mut open = one("");
    let browser = open.page(1);
    assert_eq!(browser.find("[data-id=a] .state").text(), "draft");
    look_closer(&browser, "a");
    let button = browser.find("#detail .make").text();
    assert!(button.starts_with("Make · $0.0"), "{button}");
    assert_eq!(open.server.stats().accepted, 0);
    browser.find("#detail .make").click();
    wait_for(&browser, "make", "done");
    browser.wait_until("document.querySelector(\"[data-id=a][data-state=fresh]\")");
    assert!(open.project.has("dist/a.png"));
    assert_eq!(open.server.stats().accepted, 1);
    browser.wait_until("!document.querySelector('#detail .make')");
    // Spent today, on the page as in the ledger.
    browser.wait_until("!document.querySelector('#money b').textContent.startsWith('$0.000')");
    // Draft and paid picture can be laid over one another.
    browser.find("#detail [data-look=slide]").click();
    let options = "[...document.querySelectorAll('#detail select[data-side=left] option')].map(e => e.textContent).join()";
    browser.wait_until(&format!("{options}.startsWith('picture,draft')"));
}

#[test]
fn what_costs_much_is_confirmed() {
    let mut open = Open::new(&format!(
        "{PAID}[budget]\nconfirm = 0.001\n[cover.a]\ntext = {{ headline = \"one\" }}\n"
    ));
    let browser = open.page(1);
    look_closer(&browser, "a");
    browser.find("#detail .make").click();
    browser.wait_until("document.querySelector('#confirm').open");
    let asked = browser.find("#confirm").text();
    assert!(
        asked.contains("This is paid for.") && asked.contains("$0.0"),
        "{asked}"
    );
    browser.find("#confirm .quiet").click();
    browser.wait_until("!document.querySelector('#confirm').open");
    browser.find("#detail .make").click();
    browser.wait_until("document.querySelector('#confirm').open");
    assert_eq!(open.server.stats().accepted, 0, "nobody agreed");
    browser.find("#confirm .agree").click();
    browser.wait_until("document.querySelector(\"[data-id=a][data-state=fresh]\")");
    assert_eq!(open.server.stats().accepted, 1);
}

#[test]
fn what_could_not_be_made_says_why() {
    let mut open = one("");
    open.server
        .script([Fault::moderation("input", &["violence"])]);
    let browser = open.page(1);
    look_closer(&browser, "a");
    browser.find("#detail .make").click();
    wait_for(&browser, "make", "failed");
    browser.wait_until("document.querySelector(\"[data-id=a][data-state=failed] .message\")");
    let message = browser.find("#detail .told").text();
    assert!(message.contains("safety"), "{message}");
}

#[test]
fn a_picture_by_hand_is_told_and_its_prompt_can_be_copied() {
    let mut open = Open::new(
        "[defaults]\nmodel = \"manual/midjourney\"\nsize = \"300x400\"\n[cover.a]\ntext = { headline = \"one\" }\n",
    );
    let browser = open.page(1);
    assert_eq!(browser.find("[data-id=a] .state").text(), "by hand");
    look_closer(&browser, "a");
    browser.wait_until("document.querySelector('#detail .copy')");
    let prompt = browser.find("#detail .prompt").text();
    assert!(prompt.contains("\"one\""), "{prompt}");
    browser.find("#detail .copy").click();
    // Where a browser lets no page copy, the prompt is marked.
    browser.wait_until(
        "document.querySelector('#detail .copy').textContent === 'Copied' || getSelection().toString().includes('one')",
    );
}
