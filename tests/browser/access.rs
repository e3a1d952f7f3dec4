//! For everybody: names, roles and focus, by keyboard alone, in both languages and both themes. What axe-core says of it
//! is asked where `GPBUILD_AXE` names its file, as `.ci/run` does; what is held here needs nothing.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::stage::{Stage, closer, digest, everything, now, row};

/// One page with a bit of everything.
fn stage() -> Stage {
    let making = json!({ "phase": "asking", "what": "openai/gpt-image-2", "since": now(), "expected_ms": 40_000, "cost": 42_000,
                         "by": "page", "project": null, "order": 7, "resume_at": null, "why": null });
    let finding = json!({ "key": "k1", "kind": "size", "level": "warning", "text": "1024×1365 came back", "from": "answer",
                          "digest": null, "accepted": false, "mark": null });
    let mut rows = vec![
        row(
            "a",
            &json!({ "state": "fresh", "real": digest(12), "candidates": 3, "findings": [finding] }),
        ),
        row("b", &json!({ "state": "making", "making": making })),
        row(
            "c",
            &json!({ "failed": "error: the safety system refused it" }),
        ),
        row(
            "d",
            &json!({ "state": "doubt", "doubt": { "number": 1, "at": now(), "request_id": null, "model": "m", "cost": null, "why": null } }),
        ),
        row("e", &json!({ "state": "manual" })),
        row("f", &json!({ "state": "stale", "draft": null })),
        row(
            "g",
            &json!({ "state": "blocked", "reason": "edited by hand" }),
        ),
    ];
    for n in 1..9 {
        rows.push(row(
            &format!("deck/{n}"),
            &json!({ "carousel": "deck", "slide": n }),
        ));
    }
    let problem = json!({ "text": "error: unknown key\n --> a.gp.toml:5:10", "level": "error", "file": "a.gp.toml", "line": 5, "ids": [] });
    let stage = Stage::new(everything(&rows, &json!({ "problems": [problem] })));
    let shot = json!({ "operation": "generate", "model": "m", "width": 3, "height": 4, "quality": "low", "prompt": "words\n".repeat(40),
                       "references": [], "pick": 2, "candidates": [digest(11), digest(12), digest(13)] });
    let paid = json!({ "day": "2026-11-20", "at": 0, "model": "m", "cost": null, "prompt": "old", "pictures": [digest(5)], "key": "k", "current": false });
    let part = |is: &str, text: &str| json!({ "is": is, "text": text });
    let change = json!({ "name": "prompt", "parts": [part("same", "a"), part("old", "b"), part("new", "c")] });
    stage.answer(
        "asset",
        200,
        closer(
            "a",
            &json!({ "shots": [shot], "history": [paid], "changes": [change] }),
        ),
    );
    stage.answer("spend", 200, json!({ "days": [{ "day": "2026-11-28", "cost": 1, "requests": 1 }], "assets": [], "models": [], "doubt": 0, "total": 1 }));
    stage.answer("quote", 200, json!({ "price": 1, "unknown": 0, "requests": 1, "restores": 0, "models": [], "skipped": [] }));
    stage
}

/// What a person cannot get at: no name, or out of reach of the keyboard.
const LACKS: &str = r"
const seen = e => e.getClientRects().length > 0 && !e.closest('[inert], [hidden]');
const name = e => e.getAttribute('aria-label') || (e.getAttribute('aria-labelledby') || '').split(' ').map(id => document.getElementById(id)?.textContent).join('')
  || e.labels?.[0]?.textContent || e.textContent.trim() || [...e.querySelectorAll('img')].map(i => i.alt).join('');
const lacks = [];
for (const e of document.querySelectorAll('button, a[href], input, select, textarea, [role=dialog], [role=region], [role=group], dialog[open]'))
  if (seen(e) && !name(e)) lacks.push(`no name: ${e.outerHTML.slice(0, 120)}`);
for (const e of document.querySelectorAll('img')) if (seen(e) && (!e.alt || e.alt === 'draft')) lacks.push(`says nothing: ${e.outerHTML.slice(0, 120)}`);
for (const e of document.querySelectorAll('*')) {
  const style = getComputedStyle(e);
  const scrolls = [style.overflowX, style.overflowY].some(o => o === 'auto' || o === 'scroll')
    && (e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1);
  if (scrolls && seen(e) && e !== document.documentElement && e.tabIndex < 0 && !e.querySelector('button, a[href], input, select, textarea, [tabindex=\'0\']'))
    lacks.push(`scrolls out of reach: ${e.outerHTML.slice(0, 120)}`);
}
const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
for (const id of new Set(ids)) if (ids.filter(other => other === id).length > 1) lacks.push(`twice: ${id}`);
return lacks;
";

fn is_reachable(browser: &Browser, what: &str) {
    let lacks = browser.run(LACKS);
    assert_eq!(lacks, json!([]), "{what}");
    let Ok(path) = std::env::var("GPBUILD_AXE") else {
        return;
    };
    let axe = std::fs::read_to_string(path).unwrap();
    browser.run(&format!("{axe}; window.axe = axe;"));
    let found = browser.run(
        "return axe.run({ resultTypes: ['violations'] }).then(all => all.violations.map(one => \
         `${one.id} (${one.impact}): ${one.nodes.map(node => node.target).slice(0, 4).join(' | ')}`))",
    );
    assert_eq!(found, json!([]), "{what}");
}

#[test]
fn list_panel_and_dialogs_in_both_languages_and_themes() {
    let stage = stage();
    let browser = Browser::start();
    for language in ["en", "zh"] {
        for theme in ["light", "dark"] {
            browser.goto(&stage.url);
            browser.run(&format!(
                "localStorage.setItem('gpbuild.language', '{language}'); localStorage.setItem('gpbuild.theme', '{theme}'); location.hash = ''; location.reload()"
            ));
            browser.wait_until(&format!("document.documentElement.dataset.theme === '{theme}' && document.querySelector('.card')"));
            let what = |part: &str| format!("{part}, {language}, {theme}");
            is_reachable(&browser, &what("list"));
            browser.run("document.querySelector('#select').click(); document.querySelector('[data-id=a] .tick input').click()");
            browser.wait_until("document.querySelector('#selection .make-these:not([disabled])')");
            is_reachable(&browser, &what("selection"));
            browser.run("document.querySelector('.none-selected').click()");
            for id in ["a", "b", "c", "d"] {
                browser.run(&format!("location.hash = 'asset={id}'"));
                browser.wait_until(&format!("document.querySelector('#detail h2')?.textContent === '{id}' && document.querySelector('#detail .prompt')"));
                is_reachable(&browser, &what(&format!("panel of {id}")));
            }
            browser.run("location.hash = 'asset=a&look=side'");
            browser.wait_until("document.querySelector('.panes')");
            is_reachable(&browser, &what("side by side"));
            browser.run("location.hash = ''");
            browser.wait_until("document.querySelector('#detail').hidden");
            for (button, dialog) in [("#help", "#help-dialog"), ("#money", "#spend")] {
                browser.run(&format!("document.querySelector('{button}').click()"));
                browser.wait_until(&format!("document.querySelector('{dialog}').open"));
                is_reachable(&browser, &what(dialog));
                browser.run(&format!("document.querySelector('{dialog}').close()"));
            }
        }
    }
}

/// Keys that are no letters, as WebDriver names them.
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const RIGHT: &str = "\u{e014}";
const DOWN: &str = "\u{e015}";

#[test]
fn everything_goes_without_a_mouse() {
    let stage = stage();
    let browser = Browser::start();
    browser.goto(&stage.url);
    browser.wait_until("document.querySelector('.card')");
    let at = "document.activeElement.closest('.card')?.dataset.id";
    let press = |keys: &str| browser.press(keys);
    press(RIGHT);
    browser.wait_until(&format!("{at} === 'a'"));
    press(RIGHT);
    browser.wait_until(&format!("{at} === 'b'"));
    press(DOWN);
    browser.wait_until(&format!("{at} && {at} !== 'b'"));
    press(ENTER);
    browser.wait_until("document.querySelector('#detail:not([hidden])')");
    // What is behind is out of reach, and the focus comes back to where it was.
    assert_eq!(
        browser.run("return document.querySelector('#gallery').inert"),
        true
    );
    let id = browser.text_of("return document.querySelector('#detail h2').textContent");
    press(ESCAPE);
    browser.wait_until(&format!("{at} === '{id}'"));
    press("x");
    browser.wait_until("document.querySelector('#selection b')?.textContent === '1 selected'");
    press(ESCAPE);
    browser.wait_until("document.querySelector('#selection').hidden");
    press("/");
    browser.wait_until("document.activeElement.id === 'search'");
    press(ESCAPE);
    press("?");
    browser.wait_until("document.querySelector('#help-dialog').open");
    // Who speaks to the machine may not want single keys.
    browser.find("#help-dialog input").click();
    press(ESCAPE);
    browser.wait_until("!document.querySelector('#help-dialog').open");
    press("g");
    assert_eq!(
        browser.run("return document.querySelector('#spend').open"),
        false
    );
}

#[test]
fn every_word_is_there_in_both_languages() {
    let stage = stage();
    let browser = Browser::start();
    browser.goto(&stage.url);
    let differ = browser.run(
        "return import('./words.js').then(({ WORDS }) => { \
         const paths = (value, at) => typeof value === 'object' && !Array.isArray(value) && at !== '.reasons' \
           ? Object.entries(value).flatMap(([name, inner]) => paths(inner, `${at}.${name}`)) \
           : [`${at}: ${Array.isArray(value) ? value.length : typeof value}`]; \
         const [en, zh] = [paths(WORDS.en, ''), paths(WORDS.zh, '')]; \
         return [...en.filter(path => !zh.includes(path)), ...zh.filter(path => !en.includes(path))]; })",
    );
    assert_eq!(differ, json!([]));
    // No word of the page is missing: `undefined` would stand there.
    for language in ["en", "zh"] {
        browser.run(&format!(
            "localStorage.setItem('gpbuild.language', '{language}'); location.reload()"
        ));
        browser.wait_until("document.querySelector('.card')");
        for id in ["a", "b", "c", "d"] {
            browser.run(&format!("location.hash = 'asset={id}'"));
            browser.wait_until(&format!(
                "document.querySelector('#detail h2')?.textContent === '{id}'"
            ));
            let text = browser.text_of("return document.body.innerText");
            assert!(
                !text.contains("undefined") && !text.contains("=>"),
                "{language}: {text}"
            );
        }
    }
}

#[test]
fn on_paper_there_is_the_whole_list_and_nothing_to_press() {
    let stage = stage();
    let browser = Browser::start();
    browser.goto(&stage.url);
    browser.wait_until("document.querySelector('.card')");
    browser.run("dispatchEvent(new Event('beforeprint'))");
    assert_eq!(
        browser.run("return document.querySelectorAll('#print figure').length"),
        Value::from(15)
    );
    browser.prefer_media("print");
    assert_eq!(
        browser.text_of("return getComputedStyle(document.querySelector('#filter')).display"),
        "none"
    );
    assert_ne!(
        browser.text_of("return getComputedStyle(document.querySelector('#print figure')).display"),
        "none"
    );
    browser.run("dispatchEvent(new Event('afterprint'))");
    assert_eq!(
        browser.run("return document.querySelectorAll('#print figure').length"),
        0
    );
}
