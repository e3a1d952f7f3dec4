//! What is saved is seen, without a reload.

use crate::browser::Browser;
use crate::open::{DEFAULTS, Open, PAID, look_closer};

/// The digest of the picture that a card shows, once it is loaded.
fn picture(browser: &Browser, id: &str) -> String {
    let img = format!("document.querySelector(\"[data-id='{id}'] img\")");
    browser.wait_until(&format!(
        "{img} && {img}.complete && {img}.naturalWidth > 0 && {img}.src.includes({img}.dataset.digest)"
    ));
    browser.text_of(&format!("return {img}.dataset.digest"))
}

fn wait_for_another(browser: &Browser, id: &str, before: &str) {
    browser.wait_until(&format!(
        "document.querySelector(\"[data-id='{id}'] img\")?.dataset.digest !== '{before}'"
    ));
    assert_ne!(picture(browser, id), before);
}

/// Marks the page as it is loaded now: a reload loses that.
fn mark(browser: &Browser) {
    browser.run("window.marked = true");
}

fn is_marked(browser: &Browser) -> bool {
    browser.run("return window.marked === true") == true
}

fn posts() -> String {
    format!(
        "{DEFAULTS}[cover.post]\nfor_each = {{ front_matter = \"posts/*.md\" }}\n\
         id = \"post/{{{{ file.stem }}}}\"\ntext = {{ headline = \"{{{{ item.title }}}}\" }}\n"
    )
}

fn post(open: &Open, name: &str, title: &str) {
    let text = format!("---\ntitle: {title}\n---\nBody\n");
    open.project.write(&format!("posts/{name}.md"), text);
}

#[test]
fn a_save_is_shown_and_the_scroll_stays() {
    let mut open = Open::new(&posts());
    for n in 10..50 {
        post(&open, &format!("p{n}"), "one");
    }
    let browser = open.page(40);
    mark(&browser);
    browser.run("scrollTo(0, 700)");
    // Somewhere where there is still something above and below.
    browser.wait_until("scrollY === 700");
    let before = picture(&browser, "post/p30");
    post(&open, "p30", "two");
    wait_for_another(&browser, "post/p30", &before);
    assert_eq!(browser.run("return scrollY"), 700);
    // A new one comes at the end. Where one above goes, the others move up with the view.
    post(&open, "p99", "new");
    browser.wait_until("document.querySelector('[data-chip=all] span').textContent === '41'");
    assert_eq!(browser.run("return scrollY"), 700);
    open.project.remove("posts/p11.md");
    browser.wait_until("!document.querySelector(\"[data-id='post/p11']\")");
    assert!(is_marked(&browser));
}

#[test]
fn a_carousel_keeps_the_slide_that_one_was_at() {
    let mut manifest = format!("{DEFAULTS}[carousel.deck]\n");
    for n in 1..=12 {
        manifest += &format!("[[carousel.deck.slide]]\ntext = {{ headline = \"page {n}\" }}\n");
    }
    let mut open = Open::new(&manifest);
    let browser = open.page(12);
    browser.run("document.querySelector('.strip').scrollTo({ left: 1500, behavior: 'instant' })");
    let at = "return document.querySelector('.strip').scrollLeft";
    let left = browser.run(at);
    assert!(left.as_f64().unwrap() > 1_000.0, "{left}");
    let order =
        "return [...document.querySelectorAll('.strip .name')].map(e => e.textContent).join(' ')";
    let order = browser.text_of(order);
    assert!(
        "01 02 03 04 05 06 07 08 09 10 11 12".contains(&order),
        "{order}"
    );
    let before = picture(&browser, "deck/05");
    open.project
        .edit("gpbuild.toml", "\"page 5\"", "\"page five\"");
    wait_for_another(&browser, "deck/05", &before);
    assert_eq!(browser.run(at), left);
}

#[test]
fn what_is_open_follows_too_and_who_writes_keeps_the_cursor() {
    let mut open = Open::new(&format!(
        "{PAID}[cover.a]\ntext = {{ headline = \"one\" }}\n"
    ));
    let browser = open.page(1);
    look_closer(&browser, "a");
    let words = "[...document.querySelectorAll('#detail dd')].some(e => e.textContent === 'two')";
    browser.wait_until("document.querySelector('#detail .edit textarea')");
    browser.find("#detail .edit textarea").type_in("half a sen");
    let before = picture(&browser, "a");
    open.project.edit("gpbuild.toml", "\"one\"", "\"two\"");
    wait_for_another(&browser, "a", &before);
    browser.wait_until(words);
    browser.run("document.activeElement.setRangeText('tence', 10, 10, 'end')");
    assert_eq!(
        browser.text_of("return document.activeElement.value"),
        "half a sentence"
    );
    // The draft before can be laid over the new one.
    browser.find("#detail [data-look=slide]").click();
    browser.wait_until("document.querySelector('#detail select[data-side=left]')");
    let options = browser.text_of(
        "return [...document.querySelectorAll('#detail select[data-side=left] option')].map(e => e.textContent).join()",
    );
    assert_eq!(options, "draft,draft before");
    let cut = "document.querySelector('#detail .pair input')";
    browser.run(&format!(
        "const e = {cut}; e.value = 20; e.dispatchEvent(new Event('input'))"
    ));
    assert_eq!(
        browser.text_of("return document.querySelector('.pair').style.getPropertyValue('--cut')"),
        "20%"
    );
}

#[test]
fn a_mistake_is_shown_until_it_is_mended() {
    let mut open = Open::new(&format!(
        "{DEFAULTS}[cover.a]\ntext = {{ headline = \"one\" }}\n"
    ));
    let browser = open.page(1);
    mark(&browser);
    open.project.edit("gpbuild.toml", "headline", "headlin");
    browser.wait_until("document.querySelector('#problems pre')");
    let told = browser.find("#problems").text();
    assert!(
        told.contains("did you mean `headline`?") && told.contains("gpbuild.toml:5"),
        "{told}"
    );
    // What was there stays to be seen.
    picture(&browser, "a");
    open.project.edit("gpbuild.toml", "headlin ", "headline ");
    browser.wait_until("!document.querySelector('#problems pre')");
    assert!(is_marked(&browser));
}

#[test]
fn the_end_of_the_watch_is_told() {
    let mut open = Open::new(&format!(
        "{DEFAULTS}[cover.a]\ntext = {{ headline = \"one\" }}\n"
    ));
    let browser = open.page(1);
    assert_eq!(browser.find("#progress").text(), "");
    assert_eq!(open.end(), Some(0));
    browser.wait_until(
        "document.querySelector('#progress.lost')?.textContent.includes('Not connected')",
    );
}
