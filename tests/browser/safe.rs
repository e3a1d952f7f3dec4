//! The page is for the person at this machine, and what stands in a project is never more than text.

use crate::browser::Browser;
use crate::open::{DEFAULTS, Open, drafted, look_closer};

const SCRIPT: &str = "<script>window.hacked = 1</script>";
const IMAGE: &str = "\"><img src=x onerror=\"window.hacked = 1\">";

fn is_whole(browser: &Browser) {
    assert_eq!(
        browser.run("return window.hacked ?? null"),
        serde_json::Value::Null
    );
    let foreign = "return document.querySelectorAll('[onerror], script:not([src]), iframe').length";
    assert_eq!(browser.run(foreign), 0);
}

#[test]
fn hostile_words_are_words() {
    let wide = DEFAULTS.replace("120x90", "600x200");
    let mut open = Open::new(&format!(
        "{wide}[cover.post]\nfor_each = {{ front_matter = \"posts/*.md\" }}\n\
         id = \"post/{{{{ file.stem }}}}\"\ntext = {{ headline = \"{{{{ item.title }}}}\" }}\n"
    ));
    for (name, title) in [
        ("a", SCRIPT),
        ("b", IMAGE),
        ("<img src=x onerror=hacked()>", "c"),
    ] {
        let text = format!("---\ntitle: '{title}'\n---\n");
        open.project.write(&format!("posts/{name}.md"), text);
    }
    // A name that is no id is told, and is no element either.
    open.watch();
    let browser = Browser::start();
    browser.goto(&open.url);
    browser.wait_until("document.querySelector('#problems pre')");
    let told = browser.find("#problems").text();
    assert!(told.contains("<img src=x onerror=hacked()>"), "{told}");
    is_whole(&browser);
    open.project.remove("posts/<img src=x onerror=hacked()>.md");
    drafted(&browser, 2);
    for (id, title) in [("post/a", SCRIPT), ("post/b", IMAGE)] {
        look_closer(&browser, id);
        let is_told =
            "[...document.querySelectorAll('#detail dt')].some(e => e.textContent === 'headline')";
        browser.wait_until(is_told);
        let told = browser.find("#detail").text();
        assert!(told.contains(title), "{told}");
        is_whole(&browser);
        browser.find("#detail .close").click();
    }
}

#[test]
fn who_names_another_host_or_does_not_know_the_token_is_refused() {
    let mut open = Open::new(&format!(
        "{DEFAULTS}[cover.a]\ntext = {{ headline = \"one\" }}\n"
    ));
    open.watch();
    let (host, token) = (open.host(), open.token());
    let get = |path: &str, host: &str| {
        open.ask(&format!(
            "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
        ))
    };
    let status = |path: &str, host: &str| get(path, host).0;
    let (ok, page) = get(&format!("/{token}/"), host);
    assert_eq!(ok, 200);
    let port = host.split(':').nth(1).unwrap();
    assert!(host.starts_with("127.0.0.1:"), "{host}");
    for what in [
        "",
        "page.js",
        "page.css",
        "events",
        "asset?id=a",
        "picture/0",
    ] {
        // A name that somebody else made point to this machine.
        for other in [
            "evil.example",
            &format!("evil.example:{port}"),
            "127.0.0.1",
            "127.0.0.1:1",
            "",
        ] {
            assert_eq!(
                status(&format!("/{token}/{what}"), other),
                421,
                "{what} at {other}"
            );
        }
        let wrong = token.replace(|c| c != '0', "0");
        for other in [
            "",
            "x",
            &wrong,
            &token[1..],
            &format!("{token}0"),
            "%00",
            "..",
        ] {
            assert_eq!(
                status(&format!("/{other}/{what}"), host),
                403,
                "{what} with {other}"
            );
        }
    }
    assert_eq!(status("/", host), 403);
    let policy = "content-security-policy: default-src 'none'; script-src 'self';";
    assert!(page.contains(policy) && !page.contains("unsafe"), "{page}");
    assert!(
        !page.contains("<script>") && !page.contains("style="),
        "{page}"
    );
    // Without a name at all, there is none that is right.
    let (bare, _) = open.ask(&format!("GET /{token}/ HTTP/1.0\r\n\r\n"));
    assert!(matches!(bare, 400 | 421), "{bare}");
}

#[test]
fn nothing_from_a_url_is_a_path() {
    let mut open = Open::new(&format!(
        "{DEFAULTS}[cover.a]\ntext = {{ headline = \"one\" }}\n"
    ));
    open.project.write("secret.txt", "secret");
    open.project.ok(&["build"]);
    open.watch();
    let (host, token) = (open.host(), open.token());
    for path in [
        "picture/../../gpbuild.toml",
        "picture/..%2f..%2fgpbuild.toml",
        "picture/%2fetc%2fpasswd",
        "picture/secret.txt",
        "picture/",
        "../gpbuild.toml",
        "asset?id=../../secret.txt",
        "asset?id=%00",
        "nothing",
    ] {
        let request =
            format!("GET /{token}/{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        let (status, answer) = open.ask(&request);
        assert_eq!(status, 404, "{path}: {answer}");
        assert!(
            !answer.contains("secret\n") && !answer.contains("[cover.a]"),
            "{answer}"
        );
    }
    // Nor is a digest that the page was not told of a picture.
    let digest = blake3::hash(b"secret").to_hex();
    let request = format!(
        "GET /{token}/picture/{digest} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
    );
    assert_eq!(open.ask(&request).0, 404);
}

#[test]
fn another_page_may_change_nothing() {
    let mut open = Open::new(&format!(
        "{DEFAULTS}[cover.a]\ntext = {{ headline = \"one\" }}\n"
    ));
    open.watch();
    let (host, token) = (open.host(), open.token());
    let before = open.project.text("gpbuild.toml");
    let post = |headers: &str, what: &str, body: &str| {
        open.ask(&format!(
            "POST /{token}/{what} HTTP/1.1\r\nhost: {host}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        ))
        .0
    };
    let json = "content-type: application/json\r\n";
    let edit = "{\"id\":\"a\",\"change\":\"x\",\"keep\":null}";
    for from in [
        "https://evil.example",
        "null",
        &format!("https://{host}"),
        "http://127.0.0.1:1",
    ] {
        assert_eq!(
            post(&format!("{json}origin: {from}\r\n"), "edit", edit),
            403,
            "{from}"
        );
    }
    // What a form of another page could send without asking.
    assert_eq!(post("content-type: text/plain\r\n", "edit", edit), 415);
    assert_eq!(post("", "edit", edit), 415);
    assert_eq!(post(json, "edit", "{\"id\":\"a\"}"), 422);
    assert_eq!(post(json, "edit", "{"), 400);
    assert_eq!(
        post(
            json,
            "edit",
            &format!("{{\"id\":\"{}\"}}", "x".repeat(1_100_000))
        ),
        413
    );
    let empty = "{\"id\":\"a\",\"change\":\" \",\"keep\":null}";
    assert_eq!(post(json, "edit", empty), 400);
    for what in ["pick", "edit", "make"] {
        let request =
            format!("GET /{token}/{what} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        assert_eq!(open.ask(&request).0, 405, "{what}");
    }
    assert_eq!(open.project.text("gpbuild.toml"), before);
}
