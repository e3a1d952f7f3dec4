//! What the live page is told while pictures are paid for, second by second, is true: what is on its way is being made and
//! never in doubt, a refusal says when it goes on, a picture of a wrong size stays a finding, and after a kill it is said
//! what is known and what can be done.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api_server::{Fault, Options};
use serde_json::{Value, json};

use super::Paid;
use crate::process::{LONG, until};

/// The page of a watch, as a browser sees it.
struct Page {
    child: Child,
    host: String,
    token: String,
    seen: Arc<Mutex<Seen>>,
}

/// What a page was told.
#[derive(Default)]
struct Seen {
    rows: BTreeMap<String, Value>,
    orders: BTreeMap<u64, Value>,
    everything: Value,
    /// Each state that an asset was told to be in, in order: with its phase, if it is being made.
    states: Vec<(String, String)>,
}

impl Seen {
    fn hear(&mut self, message: Value) {
        match message["event"].as_str().unwrap() {
            "everything" => {
                for row in message["rows"].as_array().unwrap() {
                    self.row(row.clone());
                }
                for order in message["orders"].as_array().unwrap() {
                    self.order(order);
                }
                self.everything = message;
            }
            "rows" => {
                for row in message["rows"].as_array().unwrap() {
                    self.row(row.clone());
                }
            }
            "making" => {
                let id = message["id"].as_str().unwrap();
                if let Some(row) = self.rows.get(id) {
                    let mut row = row.clone();
                    row["making"] = message["making"].clone();
                    row["state"] = message["state"].clone();
                    self.row(row);
                }
            }
            "order" => self.order(&message["order"]),
            // Its row follows only if something else of it is otherwise.
            "done" => {
                if let Some(row) = self.rows.get_mut(message["id"].as_str().unwrap()) {
                    row["failed"] = message["failed"].clone();
                }
            }
            _ => {}
        }
    }

    fn row(&mut self, row: Value) {
        let id = row["id"].as_str().unwrap().to_owned();
        let phase = row["making"]["phase"].as_str();
        let state = phase.or(row["state"].as_str()).unwrap();
        self.states.push((id.clone(), state.to_owned()));
        self.rows.insert(id, row);
    }

    fn order(&mut self, order: &Value) {
        let number = order["number"].as_u64().unwrap();
        self.orders.insert(number, order.clone());
    }

    fn states_of(&self, id: &str) -> Vec<&str> {
        let of = self.states.iter().filter(|(of, _)| of == id);
        let mut states: Vec<&str> = of.map(|(_, state)| state.as_str()).collect();
        states.dedup();
        states
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Page {
    fn open(paid: &Paid, more: &[&str]) -> Self {
        let mut arguments = vec!["watch", "--port", "0"];
        arguments.extend(more);
        let mut child = paid
            .command(&arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let page = lines.find_map(|line| Some(line.unwrap().strip_prefix("page: ")?.to_owned()));
        let page = page.expect("it says where its page is");
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        let mut parts = page.trim_start_matches("http://").split('/');
        let (host, token) = (parts.next().unwrap(), parts.next().unwrap());
        let page = Self {
            child,
            host: host.to_owned(),
            token: token.to_owned(),
            seen: Arc::default(),
        };
        page.listen();
        until("the rows", || !page.seen.lock().unwrap().rows.is_empty());
        page
    }

    fn listen(&self) {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        let Self { host, token, .. } = self;
        let head = format!("GET /{token}/events HTTP/1.1\r\nhost: {host}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let seen = Arc::clone(&self.seen);
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                if let Some(data) = line.strip_prefix("data: ") {
                    seen.lock()
                        .unwrap()
                        .hear(serde_json::from_str(data).unwrap());
                }
            }
        });
    }

    fn ask(&self, method: &str, what: &str, body: Option<Value>) -> (u16, Value) {
        let Self { host, token, .. } = self;
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let head = format!(
            "{method} /{token}/{what} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.write_all((head + &body).as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    fn post(&self, what: &str, body: Value) -> (u16, Value) {
        self.ask("POST", what, Some(body))
    }

    fn make(&self, ids: &[String]) -> Value {
        let (status, quote) = self.post("quote", json!({ "ids": ids }));
        assert_eq!(status, 200, "{quote}");
        let order = json!({ "ids": ids, "price": quote["price"], "confirmed": true });
        let (status, taken) = self.post("make", order);
        assert_eq!(status, 202, "{taken}");
        taken
    }

    fn row(&self, id: &str) -> Value {
        self.seen
            .lock()
            .unwrap()
            .rows
            .get(id)
            .cloned()
            .unwrap_or_default()
    }

    fn order(&self, number: &Value) -> Value {
        let seen = self.seen.lock().unwrap();
        seen.orders
            .get(&number.as_u64().unwrap())
            .cloned()
            .unwrap_or_default()
    }

    fn wait_for(&self, id: &str, what: &str, is_so: impl Fn(&Value) -> bool) {
        until(&format!("{id}: {what}"), || is_so(&self.row(id)));
    }
}

const PAID: &str =
    "[defaults]\nmodel = \"openai/gpt-image-2\"\nquality = \"low\"\nsize = \"800x800\"\n";

fn covers(n: usize) -> (String, Vec<String>) {
    let names: Vec<String> = (1..=n).map(|n| format!("n{n:02}")).collect();
    let mut manifest = PAID.to_owned();
    for name in &names {
        manifest += &format!("[cover.{name}]\ntext = {{ headline = \"{name}\" }}\n");
    }
    (manifest, names)
}

fn options(latency: u64) -> Options {
    Options {
        latency: Duration::from_millis(latency),
        ..Options::default()
    }
}

#[test]
fn of_thirty_pictures_each_second_is_told_as_it_is() {
    let (manifest, names) = covers(30);
    let paid = Paid::with(&manifest, options(400));
    paid.server.rule(move |request| {
        // Alone in its order: else the run would learn from it how few a minute takes.
        if request.number == 1 {
            return Some(Fault::rate_limit(Some(1)));
        }
        if request.prompt.contains("\"n11\"") {
            return Some(Fault::moderation("input", &["violence"]));
        }
        request
            .prompt
            .contains("\"n13\"")
            .then(|| Fault::wrong_size(640, 800))
    });
    let page = Page::open(&paid, &["--jobs", "6"]);
    let first = page.make(&names[..1]);
    page.wait_for("n01", "waiting", |row| row["making"]["phase"] == "waiting");
    let waits = page.row("n01")["making"].clone();
    assert!(
        waits["resume_at"].as_i64() > waits["since"].as_i64(),
        "{waits}"
    );
    until("the first", || {
        page.order(&first["order"])["stage"] == "done"
    });
    let taken = page.make(&names[1..]);
    let order = &taken["order"];
    // Who asks for the same again joins what is there.
    let again = json!({ "ids": ["n02"], "price": null, "confirmed": false });
    assert_eq!(
        page.post("make", again).1,
        json!({ "order": order, "joined": true })
    );
    until("the end", || {
        matches!(page.order(order)["stage"].as_str(), Some("done" | "failed"))
    });
    page.wait_for("n30", "fresh", |row| row["state"] == "fresh");
    page.wait_for("n11", "told", |row| row["failed"].is_string());
    let seen = page.seen.lock().unwrap();
    for id in &names {
        let states = seen.states_of(id);
        let asked = states.contains(&"asking");
        assert!(asked, "{id} was on its way: {states:?}");
        let is_wrong = |state: &&&str| ["blocked", "doubt", "pending"].contains(*state);
        let wrong = states.iter().find(is_wrong);
        assert_eq!(wrong, None, "{id}: {states:?}");
    }
    assert_eq!(
        seen.orders[&order.as_u64().unwrap()]["stage"],
        "failed",
        "one was refused"
    );
    drop(seen);
    // What is looked at is looked at closely; what a model drew in another size stays told until somebody accepts it.
    page.post("seen", json!({ "ids": ["n13"] }));
    page.wait_for("n13", "its size", |row| {
        row["findings"][0]["kind"] == "size"
    });
    let key = page.row("n13")["findings"][0]["key"].clone();
    let (status, _) = page.post("accept", json!({ "id": "n13", "key": key }));
    assert_eq!(status, 200);
    page.wait_for("n13", "accepted", |row| {
        row["findings"][0]["accepted"] == true
    });
    assert!(
        paid.project
            .text("gpbuild.review.toml")
            .contains("[accepted.")
    );
}

#[test]
fn after_a_kill_it_is_told_what_is_known_and_both_ways_out_are_open() {
    let (manifest, names) = covers(2);
    let paid = Paid::with(&manifest, Options::default());
    paid.server.hold();
    let mut page = Page::open(&paid, &[]);
    page.make(&names);
    until("they are asked for", || paid.server.stats().in_flight == 2);
    for id in &names {
        page.wait_for(id, "asking", |row| row["making"]["phase"] == "asking");
        assert!(page.row(id)["making"]["cost"].as_u64() > Some(0));
    }
    page.child.kill().unwrap();
    page.child.wait().unwrap();
    let before = page.token.clone();
    paid.server.release();
    let port = page.host.clone();
    let page = Page::open(&paid, &[]);
    assert_eq!(
        (&page.token, &page.host),
        (&before, &port),
        "open pages find it again"
    );
    for id in &names {
        page.wait_for(id, "in doubt", |row| row["state"] == "doubt");
        let doubt = page.row(id)["doubt"].clone();
        assert_eq!(doubt["model"], "openai/gpt-image-2");
        assert!(
            doubt["number"].is_u64() && doubt["at"].as_i64() > Some(0),
            "{doubt}"
        );
    }
    let number = page.row("n01")["doubt"]["number"].clone();
    let (status, taken) = page.post("gone", json!({ "id": "n01", "number": number }));
    assert_eq!(status, 202, "{taken}");
    page.wait_for("n01", "to be made", |row| {
        row["state"] == "draft" && row["to_do"] == true
    });
    let again = json!({ "id": "n02", "price": 1_000_000, "confirmed": true });
    let (status, taken) = page.post("again", again);
    assert_eq!(status, 202, "{taken}");
    page.wait_for("n02", "fresh", |row| row["state"] == "fresh");
}

#[test]
fn what_is_free_waits_for_nothing_and_what_was_not_sent_is_cancelled() {
    let (mut manifest, names) = covers(3);
    manifest += "[cover.free]\nmodel = \"local\"\nsize = \"120x90\"\ntext = { headline = \"x\" }\n";
    let paid = Paid::with(&manifest, Options::default());
    paid.server.hold();
    let page = Page::open(&paid, &["--jobs", "1"]);
    let first = page.make(&names[..1]);
    until("it is asked for", || paid.server.stats().in_flight == 1);
    let second = page.make(&names[1..2]);
    until("the second", || {
        page.order(&second["order"])["stage"] == "waiting"
    });
    page.wait_for("n02", "queued", |row| row["making"]["phase"] == "queued");
    page.make(&["free".to_owned()]);
    page.wait_for("free", "fresh", |row| row["state"] == "fresh");
    let number = second["order"].clone();
    let (status, answer) = page.post("cancel", json!({ "order": number }));
    assert_eq!((status, &answer["cancelled"]), (200, &json!(true)));
    page.wait_for("n02", "not made", |row| row["state"] == "draft");
    paid.server.release();
    until("the first", || {
        page.order(&first["order"])["stage"] == "done"
    });
    page.wait_for("n01", "fresh", |row| row["state"] == "fresh");
    assert_eq!(paid.accepted(), 1);
    let lock = paid.project.text("gpbuild.lock");
    assert!(lock.contains("n01") && lock.contains("free") && !lock.contains("n02"));
}

#[test]
fn a_profile_says_what_the_buttons_make_and_a_save_only_draws() {
    let (mut manifest, names) = covers(1);
    manifest += "[profile.final.defaults]\nquality = \"high\"\n";
    let paid = Paid::new(&manifest);
    let price = |page: &Page| page.post("quote", json!({ "ids": names })).1["price"].as_u64();
    let low = price(&Page::open(&paid, &[]));
    let page = Page::open(&paid, &["--profile", "final"]);
    assert!(price(&page) > low);
    until("its draft", || {
        paid.project.has(".gpbuild/preview/dist/n01.png")
    });
    assert_eq!(paid.accepted(), 0, "a save pays for nothing");
    page.make(&names);
    page.wait_for("n01", "fresh", |row| row["state"] == "fresh");
    assert_eq!(paid.server.requests()[0].quality, "high");
}

#[test]
fn a_wrong_manifest_keeps_its_pictures_and_stops_nobody_else() {
    let paid = Paid::new("[defaults]\nmodel = \"local\"\nsize = \"120x90\"\n");
    let cover = |name: &str, words: &str| {
        let text = format!("[cover.{name}]\ntext = {{ headline = \"{words}\" }}\n");
        paid.project.write(&format!("{name}.gp.toml"), text);
    };
    cover("a", "one");
    cover("b", "one");
    let page = Page::open(&paid, &["--draft"]);
    for id in ["a", "b"] {
        page.wait_for(id, "its draft", |row| row["draft"].is_string());
    }
    let before = [
        page.row("a")["draft"].clone(),
        page.row("b")["draft"].clone(),
    ];
    paid.project
        .write("a.gp.toml", "[cover.a]\ntext = { headlin = \"two\" }\n");
    page.wait_for("a", "what is wrong", |row| row["error"].is_string());
    cover("b", "two");
    page.wait_for("b", "its new draft", |row| row["draft"] != before[1]);
    assert_eq!(page.row("a")["draft"], before[0], "it keeps its picture");
    assert!(paid.project.has(".gpbuild/preview/dist/a.png"));
    cover("a", "two");
    page.wait_for("a", "mended", |row| {
        row["error"].is_null() && row["draft"] != before[0]
    });
}

#[test]
fn what_another_project_paid_for_is_no_picture_of_this_one() {
    let (manifest, names) = covers(1);
    let named = |name: &str| format!("[project]\nname = \"{name}\"\n{manifest}");
    let paid = Paid::with(&named("one"), options(0));
    let page = Page::open(&paid, &[]);
    let order = page.make(&names)["order"].clone();
    until("the picture", || page.order(&order)["stage"] == "done");
    let (_, asset) = page.ask("GET", "asset?id=n01", None);
    let key = asset["history"][0]["key"].clone();
    assert!(key.is_string(), "{asset}");
    drop(page);
    // The ledger is the person's: to it that is another project, with an asset of the same name.
    paid.project.write(
        "gpbuild.toml",
        named("two").replace("headline = \"n01\"", "headline = \"other\""),
    );
    paid.project.remove("gpbuild.lock");
    let page = Page::open(&paid, &[]);
    let (_, asset) = page.ask("GET", "asset?id=n01", None);
    assert_eq!(asset["history"], json!([]));
    let (_, taken) = page.post("back", json!({ "id": "n01", "key": key, "number": 1 }));
    until("its end", || {
        page.order(&taken["order"])["stage"] == "failed"
    });
}

#[test]
fn an_order_that_a_budget_refuses_says_so() {
    let (manifest, names) = covers(1);
    let paid = Paid::with(&format!("[budget]\nmonth = 0.001\n{manifest}"), options(0));
    let page = Page::open(&paid, &[]);
    let order = page.make(&names)["order"].clone();
    until("its end", || page.order(&order)["stage"] == "failed");
    let told = page.order(&order)["told"].to_string();
    assert!(told.contains("budget of this month"), "{told}");
    assert_eq!(paid.server.stats().arrived, 0);
}

#[test]
fn while_a_manifest_is_wrong_what_is_drawn_anyway_has_drafts() {
    let paid = Paid::new("[defaults]\nmodel = \"local\"\nsize = \"120x90\"\n");
    let cover = |name: &str, words: &str| {
        let text = format!("[cover.{name}]\ntext = {{ headline = \"{words}\" }}\n");
        paid.project.write(&format!("{name}.gp.toml"), text);
    };
    cover("a", "one");
    cover("b", "one");
    let page = Page::open(&paid, &[]);
    for id in ["a", "b"] {
        page.wait_for(id, "its picture", |row| row["state"] == "fresh");
    }
    let lock = paid.project.read("gpbuild.lock");
    let before = [page.row("a")["real"].clone(), page.row("b")["real"].clone()];
    paid.project
        .write("a.gp.toml", "[cover.a]\ntext = { headlin = \"two\" }\n");
    page.wait_for("a", "what is wrong", |row| row["error"].is_string());
    cover("b", "two");
    page.wait_for("b", "its draft", |row| row["draft"].is_string());
    assert_eq!(page.row("b")["real"], before[1]);
    assert_eq!(page.row("a")["real"], before[0], "it keeps its picture");
    assert_eq!(
        paid.project.read("gpbuild.lock"),
        lock,
        "nothing is locked that leaves `a` out"
    );
    cover("a", "two");
    for (n, id) in ["a", "b"].into_iter().enumerate() {
        page.wait_for(id, "its new picture", |row| {
            row["state"] == "fresh" && row["real"] != before[n] && row["draft"].is_null()
        });
    }
}
