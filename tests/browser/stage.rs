//! The page with a server that says what a test has it say: for what a real one does seldom, slowly, or only with ten
//! thousand assets. It sends the very files of the page, under the same rules for what they may do.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// As `crates/page/src/server.rs` has it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What a test says, and what it was asked.
#[derive(Default)]
struct Played {
    everything: Value,
    /// Answers by the path that is asked for: status and body.
    answers: BTreeMap<String, (u16, Value)>,
    asked: Vec<(String, Value)>,
    pages: Vec<TcpStream>,
    /// Nobody is let in.
    closed: bool,
}

/// A page on a stage.
pub struct Stage {
    played: Arc<Mutex<Played>>,
    /// Where it is.
    pub url: String,
}

/// Milliseconds since 1970.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

/// A digest, one for each number.
pub fn digest(n: usize) -> String {
    format!("{n:064x}")
}

/// An asset that was drafted and costs 42,000 micro-dollars; `more` says what is otherwise.
pub fn row(id: &str, more: &Value) -> Value {
    let mut row = json!({
        "id": id, "manifest": "posts/a.gp.toml", "line": 3, "carousel": null, "slide": null, "bundle": false,
        "group": null, "template": "cover", "output": format!("dist/{id}.png"), "width": 300, "height": 400,
        "format": "png", "target": "xiaohongshu-cover", "model": "openai/gpt-image-2", "state": "draft",
        "reason": "never made", "to_do": true, "requests": 1, "price": 42_000, "up_to": false, "draft": digest(1),
        "real": null, "candidates": 0, "pick": 1, "before": { "draft": null, "real": null }, "failed": null,
        "words": "one line\nand another", "making": null, "waits_on": null, "waited_by": [], "waited_by_count": 0,
        "doubt": null, "findings": [], "error": null,
    });
    for (name, value) in more.as_object().unwrap() {
        row[name] = value.clone();
    }
    row
}

/// Everything that a page is told first, with these assets.
pub fn everything(rows: &[Value], more: &Value) -> Value {
    let mut all = json!({
        "event": "everything", "now": now(), "ready": true, "rows": rows, "problems": [], "progress": {},
        "orders": [], "reviews": {}, "fresh_clone": null,
        "about": { "project": "staged", "version": "1", "drafts": true, "mode": "live", "id": "staged", "jobs": 8,
                   "open": true, "makes": { "profile": null, "model": null }, "presets": {} },
        "money": { "today": 0, "month": 0, "run_budget": null, "month_budget": null, "month_left": null, "confirm": 0 },
    });
    for (name, value) in more.as_object().unwrap() {
        all[name] = value.clone();
    }
    all
}

/// What is said of an asset that is looked at closely.
pub fn closer(id: &str, more: &Value) -> Value {
    let mut said = json!({
        "id": id, "words": [["headline", "one line"]], "prompt": null, "changes": [], "forgotten": false, "history": [],
        "shots": [{ "operation": "generate", "model": "openai/gpt-image-2", "width": 304, "height": 400,
                    "quality": "low", "prompt": "the whole prompt", "references": [], "candidates": [], "pick": 1 }],
    });
    for (name, value) in more.as_object().unwrap() {
        said[name] = value.clone();
    }
    said
}

impl Stage {
    /// A page that is told this first.
    pub fn new(everything: Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/staged/", listener.local_addr().unwrap());
        let played = Arc::new(Mutex::new(Played {
            everything,
            ..Played::default()
        }));
        let shared = Arc::clone(&played);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { played, url }
    }

    /// Tells all open pages something more.
    pub fn tell(&self, message: &Value) {
        let mut played = self.played.lock().unwrap();
        played
            .pages
            .retain_mut(|page| write!(page, "data: {message}\n\n").is_ok());
    }

    /// From now on a page that opens is told this.
    pub fn set(&self, everything: Value) {
        self.played.lock().unwrap().everything = everything;
    }

    /// How a path is answered from now on.
    pub fn answer(&self, path: &str, status: u16, body: Value) {
        let mut played = self.played.lock().unwrap();
        played.answers.insert(path.to_owned(), (status, body));
    }

    /// The bodies that were sent to a path.
    pub fn asked(&self, path: &str) -> Vec<Value> {
        let played = self.played.lock().unwrap();
        let asked = played.asked.iter().filter(|(to, _)| to == path);
        asked.map(|(_, body)| body.clone()).collect()
    }

    /// Waits until a path was asked for so many times; the last body.
    pub fn wait_for(&self, path: &str, times: usize) -> Value {
        for _ in 0..3_000 {
            let asked = self.asked(path);
            if asked.len() >= times {
                return asked.last().unwrap().clone();
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("`{path}` was asked for {} times", self.asked(path).len());
    }

    /// Breaks off all pages; whether one is let in again.
    pub fn close(&self, closed: bool) {
        let mut played = self.played.lock().unwrap();
        played.closed = closed;
        for page in played.pages.drain(..) {
            let _ = page.shutdown(Shutdown::Both);
        }
    }
}

/// The first line of a request without its method, and its body.
fn request(stream: &TcpStream) -> Option<(String, Value)> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Some((first.split(' ').nth(1)?.to_owned(), body))
}

fn serve(mut stream: TcpStream, played: &Mutex<Played>) {
    let Some((path, body)) = request(&stream) else {
        return;
    };
    // What is answered here is the same in both languages.
    let path = path.replace("?lang=zh", "").replace("&lang=zh", "");
    let path = path.strip_prefix("/staged/").unwrap_or_default();
    let (name, _) = path.split_once('?').unwrap_or((path, ""));
    if name == "events" {
        return join(stream, played);
    }
    let known = {
        let mut played = played.lock().unwrap();
        played.asked.push((path.to_owned(), body));
        played
            .answers
            .get(path)
            .or_else(|| played.answers.get(name))
            .cloned()
    };
    let picture = name.starts_with("picture/") || name.starts_with("thumb/");
    let (status, kind, bytes) = match known {
        Some((status, body)) => (status, "application/json", body.to_string().into_bytes()),
        None if picture => (
            200,
            "image/png",
            drawn(name.split('/').nth(1).unwrap_or_default()),
        ),
        None => file(name),
    };
    let head = format!(
        "HTTP/1.1 {status} -\r\ncontent-type: {kind}\r\ncontent-length: {}\r\ncontent-security-policy: {POLICY}\r\n\
         cache-control: no-store\r\nconnection: close\r\n\r\n",
        bytes.len()
    );
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(&bytes);
}

fn join(mut stream: TcpStream, played: &Mutex<Played>) {
    let mut played = played.lock().unwrap();
    if played.closed {
        let _ =
            stream.write_all(b"HTTP/1.1 403 -\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        return;
    }
    let head = "HTTP/1.1 200 -\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    if write!(stream, "{head}data: {}\n\n", played.everything).is_ok() {
        played.pages.push(stream);
    }
}

/// A file of the page; what is asked for and not known is taken and done.
fn file(name: &str) -> (u16, &'static str, Vec<u8>) {
    let name = if name.is_empty() { "index.html" } else { name };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/page/src/ui");
    let kind = match Path::new(name).extension().and_then(|e| e.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => {
            return (
                202,
                "application/json",
                br#"{"order":1,"joined":false}"#.to_vec(),
            );
        }
    };
    match std::fs::read(folder.join(name)) {
        Ok(bytes) => (200, kind, bytes),
        Err(_) => (404, "text/plain", Vec::new()),
    }
}

/// A picture of 300x400 in a colour of its own.
fn drawn(digest: &str) -> Vec<u8> {
    let last = digest
        .get(digest.len().saturating_sub(2)..)
        .unwrap_or_default();
    let shade = u8::from_str_radix(last, 16)
        .unwrap_or_default()
        .wrapping_mul(40);
    let pixels = (0..300_u32 * 400).flat_map(|n| {
        let is_light = (n % 300 / 20 + n / 300 / 20).is_multiple_of(2);
        [shade, if is_light { 150 } else { 90 }, 140]
    });
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 300, 400);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    writer
        .write_image_data(&pixels.collect::<Vec<u8>>())
        .unwrap();
    writer.finish().unwrap();
    bytes
}
