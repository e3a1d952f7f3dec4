//! The browser does what the tests want of it.

use std::io::{Read, Write};
use std::net::TcpListener;

use crate::browser::Browser;

const PAGE: &str = "<!doctype html><meta charset=utf-8><title>page</title>
<meta name=viewport content='width=device-width'><p id=words class=a>一 two</p>
<input id=field><button id=button>press</button>
<script>button.onclick = () => { words.textContent = field.value }</script>";

/// Serves [`PAGE`] to whoever asks; its URL.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let length = PAGE.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            let _ = stream.write_all((head + PAGE).as_bytes());
        }
    });
    url
}

#[test]
fn it_reads_types_clicks_and_takes_pictures() {
    let browser = Browser::start();
    browser.goto(&serve());
    let words = browser.find("#words");
    assert_eq!(words.text(), "一 two");
    assert_eq!(words.attribute("class").as_deref(), Some("a"));
    assert_eq!(words.attribute("title"), None);
    browser.find("#field").type_in("三 four");
    browser.find("#button").click();
    browser.wait_until("words.textContent === '三 four'");
    browser.prefer("dark");
    browser.wait_until("matchMedia('(prefers-color-scheme: dark)').matches");
    browser.resize(390, 844, 2);
    assert_eq!(browser.run("return innerWidth"), 390);
    let picture = image::open(browser.screenshot("harness")).unwrap();
    assert_eq!((picture.width(), picture.height()), (780, 1688));
}
