//! Languages, themes and widths. Pictures of them go to the target directory, for a person to look at.

use std::path::Path;

use crate::browser::Browser;
use crate::open::{Open, drafted, go_to};
use crate::project::Project;

/// The example project, as a person has it after a first build and some more words.
fn example() -> Open {
    let project = Project::empty();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("example-project");
    let mut folders = vec![from.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(&from).unwrap().to_str().unwrap();
            if path.is_dir() {
                if !name.starts_with(".gpbuild") && name != "dist" {
                    folders.push(path);
                }
            } else if name != "gpbuild.lock" {
                project.write(name, std::fs::read(&path).unwrap());
            }
        }
    }
    Open::of(project)
}

fn settle(browser: &Browser) {
    // Those out of sight are loaded when they come into it.
    browser.wait_until(
        "[...document.querySelectorAll('img')].filter(e => { const box = e.getBoundingClientRect(); \
         return box.width > 0 && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth; \
         }).every(e => e.complete)",
    );
    browser.wait_until(
        "document.fonts.status === 'loaded' \
         && document.getAnimations().every(moves => moves.playState !== 'running')",
    );
}

fn fits(browser: &Browser, what: &str) {
    let wider = "return document.documentElement.scrollWidth - innerWidth";
    let wider = browser.run(wider).as_i64().unwrap();
    assert!(wider <= 0, "{what}: {wider} pixels wider than the window");
}

#[test]
fn both_languages_both_themes_and_a_phone() {
    let mut open = example();
    open.project
        .ok(&["build", "chatgpt", "bootcamp*", "post/*"]);
    open.project.edit(
        "xiaohongshu/chatgpt.gp.toml",
        "headline = \"",
        "headline = \"全新 ",
    );
    open.watch();
    let browser = Browser::start();
    browser.goto(&open.url);
    drafted(&browser, 41);
    browser.wait_until("document.querySelector('#progress').textContent === ''");
    let ground = "return getComputedStyle(document.documentElement).backgroundColor";
    let mut grounds = Vec::new();
    for scheme in ["light", "dark"] {
        browser.prefer(scheme);
        // The page hears of it by an event, which comes after the query says so.
        browser.wait_until(&format!(
            "document.documentElement.dataset.theme === '{scheme}'"
        ));
        settle(&browser);
        grounds.push(browser.text_of(ground));
        fits(&browser, scheme);
        browser.screenshot(&format!("wide-{scheme}"));
        go_to(&browser, "chatgpt");
        settle(&browser);
        browser.screenshot(&format!("wide-{scheme}-detail"));
        browser.find("#detail .close").click();
    }
    assert_ne!(grounds[0], grounds[1]);
    // What a person sets comes before what the system prefers, and is remembered.
    browser.find("#theme").click();
    browser.wait_until("document.documentElement.dataset.theme === 'light'");
    assert_eq!(browser.text_of(ground), grounds[0]);
    browser.find("#language").click();
    browser.wait_until("document.documentElement.lang === 'zh-CN'");
    assert_eq!(browser.find("#language").text(), "English");
    browser.goto(&open.url);
    drafted(&browser, 41);
    assert_eq!(
        browser.text_of("return document.documentElement.lang"),
        "zh-CN"
    );
    assert_eq!(browser.text_of(ground), grounds[0]);
    browser.resize(390, 844, 2);
    for theme in ["light", "dark"] {
        settle(&browser);
        fits(&browser, theme);
        browser.screenshot(&format!("phone-{theme}"));
        browser.run(
            "return (async () => { while (!document.querySelector('.carousel')) { scrollBy({ top: 300, behavior: 'instant' }); \
             await new Promise(requestAnimationFrame); } document.querySelector('.carousel').scrollIntoView({ behavior: 'instant' }); })()",
        );
        settle(&browser);
        browser.screenshot(&format!("phone-{theme}-carousel"));
        go_to(&browser, "bootcamp");
        settle(&browser);
        fits(&browser, theme);
        browser.screenshot(&format!("phone-{theme}-detail"));
        browser.find("#detail .close").click();
        browser.wait_until("document.querySelector('#detail').hidden");
        browser.run("scrollTo(0, 0)");
        browser.find("#theme").click();
        browser.wait_until(&format!(
            "localStorage.getItem('gpbuild.theme') !== '{theme}'"
        ));
    }
}
