//! Gateways and relays: pictures that are somewhere else, answers in other forms than the API's, errors in other words.
//! What was paid for is not lost, nothing is sent again that may be paid for, and a key goes nowhere.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use api_server::Fault;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::corpus::{corpus, is_red_blue};
use crate::paid::{Paid, summary};
use crate::process::until;

/// Where pictures are: a server of files that anybody may fetch.
struct Files {
    port: u16,
    status: Arc<AtomicU16>,
    fetched: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Files {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let files = Self {
            port: listener.local_addr().unwrap().port(),
            status: Arc::new(AtomicU16::new(200)),
            fetched: Arc::default(),
            heads: Arc::default(),
        };
        let (status, fetched) = (Arc::clone(&files.status), Arc::clone(&files.fetched));
        let heads = Arc::clone(&files.heads);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                fetched.fetch_add(1, Ordering::SeqCst);
                let head = serve(stream.unwrap(), status.load(Ordering::SeqCst));
                heads.lock().unwrap().push(head);
            }
        });
        files
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/1.png", self.port)
    }

    fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    fn fetched(&self) -> usize {
        self.fetched.load(Ordering::SeqCst)
    }
}

/// Answers one request, and gives its head.
fn serve(mut stream: TcpStream, status: u16) -> String {
    let mut head = String::new();
    let mut lines = BufReader::new(stream.try_clone().unwrap());
    while lines.read_line(&mut head).unwrap() > 2 {}
    let body = if status == 200 {
        picture()
    } else {
        b"no".to_vec()
    };
    let more = match status {
        302 => "location: http://169.254.169.254/latest\r\n",
        _ => "",
    };
    let answer = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n{more}\r\n",
        body.len()
    );
    // Who asked may be gone.
    let _ = stream.write_all(answer.as_bytes());
    let _ = stream.write_all(&body);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let _ = stream.read(&mut [0]);
    head
}

fn picture() -> Vec<u8> {
    corpus().remove(0).bytes
}

fn body(text: &str) -> Fault {
    Fault::raw(200, "application/json", text.as_bytes()).accepted()
}

/// A project whose first request is answered so.
fn against(fault: Fault) -> Paid {
    let paid = Paid::one();
    paid.server.script([fault]);
    paid
}

/// The same, asked as Azure is.
fn against_azure(fault: Fault) -> Paid {
    let mut paid = against(fault);
    let text = paid.project.text("gpbuild.toml");
    let azure = "[provider.openai.azure]\napi_version = \"preview\"\n";
    let base = paid.server.base_url().replace("/v1", "");
    let provider = format!("[provider.openai]\nbase_url = \"{base}\"\n{azure}");
    paid.project
        .write("gpbuild.toml", format!("{text}{provider}"));
    paid.home = Some(tempfile::tempdir().unwrap());
    assert_eq!(paid.run(&["trust", "--yes"]).code, 0);
    paid
}

/// It is made of that answer, which is paid for once.
fn made(paid: &Paid) {
    let run = paid.build(0);
    assert!(is_red_blue(&paid.project.read("dist/a.png")), "{}", run.err);
    assert_eq!(paid.outcomes(), ["answered"]);
    if paid.home.is_none() {
        assert_eq!(paid.project.files(".gpbuild/store/incoming"), [""; 0]);
    }
    assert_eq!(summary(&paid.build(0))["fresh"], 1);
    assert_eq!(paid.server.stats().arrived, 1);
}

/// It is in doubt for this reason, is not sent again, and a person can have it sent again.
fn doubt(paid: &Paid, why: &str) {
    let run = paid.build(1);
    let reason = run.asset("a")["reason"].as_str().unwrap().to_owned();
    assert_eq!(reason, format!("it is in doubt: {why}"));
    assert_eq!(paid.outcomes(), ["doubt"]);
    for command in ["plan", "build"] {
        let run = paid.run(&[command, "--json"]);
        assert_eq!(run.asset("a")["state"], "blocked", "{}", run.out);
    }
    assert_eq!(paid.server.stats().arrived, 1);
    let again = paid.run(&["build", "--yes", "--retry-in-doubt"]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert_eq!(paid.outcomes(), ["doubt", "answered"]);
}

#[test]
fn a_picture_that_is_elsewhere_is_fetched_at_once_and_without_the_key() {
    let files = Files::start();
    for form in ["", "\"b64_json\":null,", "\"b64_json\":\"\","] {
        let paid = against(body(&format!(
            "{{\"created\":0,\"data\":[{{{form}\"url\":\"{}\"}}]}}",
            files.url()
        )));
        made(&paid);
        let log = paid.run(&["log", "--json"]).json();
        assert!(log[0]["request_id"].is_string(), "{}", log[0]);
        let heads = files.heads.lock().unwrap().join("").to_lowercase();
        assert!(
            !heads.contains("authorization") && !heads.contains(paid.server.key()),
            "{heads}"
        );
    }
    assert_eq!(files.fetched(), 3);
    // A picture that is there is taken before one that has to be fetched.
    let both = format!(
        "{{\"data\":[{{\"url\":\"{}\",\"b64_json\":\"{}\"}}]}}",
        files.url(),
        STANDARD.encode(picture())
    );
    made(&against(body(&both)));
    assert_eq!(files.fetched(), 3);
}

#[test]
fn pictures_here_and_elsewhere_keep_their_order() {
    let files = Files::start();
    let manifest = format!(
        "{}[cover.a]\ncandidates = 3\ntext = {{ headline = \"one\" }}\n",
        crate::paid::DEFAULTS
    );
    let paid = Paid::new(&manifest);
    let others: Vec<String> = corpus()
        .iter()
        .skip(1)
        .take(2)
        .map(|c| STANDARD.encode(&c.bytes))
        .collect();
    paid.server.script([body(&format!(
        "{{\"data\":[{{\"b64_json\":\"{}\"}},{{\"url\":\"{}\"}},{{\"b64_json\":\"{}\"}}]}}",
        others[0],
        files.url(),
        others[1]
    ))]);
    paid.build(0);
    let lock = paid.project.text("gpbuild.lock");
    let place = |bytes: &[u8]| lock.find(blake3::hash(bytes).to_hex().as_str());
    let order: Vec<_> = [&corpus()[1].bytes, &picture(), &corpus()[2].bytes]
        .map(|b| place(b))
        .into();
    assert!(
        order.iter().all(Option::is_some) && order.is_sorted(),
        "{order:?}\n{lock}"
    );
}

#[test]
fn what_does_not_come_now_is_pending_and_fetched_by_the_next_run_for_nothing() {
    let files = Files::start();
    files.answer(503);
    let url = format!(
        "{}?X-Amz-Date=20261128T100000Z&X-Amz-Expires=600",
        files.url()
    );
    let paid = against(body(&format!("{{\"data\":[{{\"url\":\"{url}\"}}]}}")));
    let run = paid.build(1);
    assert_eq!(run.asset("a")["state"], "pending");
    assert_eq!(
        run.asset("a")["reason"],
        "it is on its way: where its picture is, 503 was answered"
    );
    for help in [
        "it is paid for: the next `gpbuild build` collects `a` at no new cost".to_owned(),
        format!("its picture is said to be at `{url}`, which lives until 2026-11-28T10:10:00Z"),
        "if it never comes, `gpbuild build --retry-in-doubt` gives it up".to_owned(),
    ] {
        assert!(run.out.contains(&help), "{}", run.out);
    }
    let plan = paid.run(&["plan", "--json"]);
    assert_eq!(plan.asset("a")["state"], "pending");
    assert!(
        paid.run(&["log"])
            .out
            .contains("1 request on the way, counted at its estimate")
    );
    files.answer(200);
    assert_eq!(summary(&paid.build(0))["requests"], 0);
    assert_eq!(paid.outcomes(), ["answered"]);
    assert_eq!(paid.server.stats().arrived, 1);
}

#[test]
fn a_kill_before_the_picture_is_fetched_loses_nothing() {
    let files = Files::start();
    files.answer(503);
    let paid = against(body(&format!(
        "{{\"data\":[{{\"url\":\"{}\"}}]}}",
        files.url()
    )));
    let mut child = paid.command(&["build", "--yes"]).spawn().unwrap();
    until("it is fetched", || files.fetched() > 0);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(paid.outcomes(), ["pending"]);
    files.answer(200);
    made(&paid);
}

#[test]
fn what_never_comes_is_given_up_by_a_person_alone() {
    let files = Files::start();
    files.answer(503);
    let paid = against(body(&format!(
        "{{\"data\":[{{\"url\":\"{}\"}}]}}",
        files.url()
    )));
    paid.build(1);
    assert_eq!(paid.outcomes(), ["pending"]);
    let given_up = paid.run(&["build", "--yes", "--json", "--retry-in-doubt"]);
    let why = format!(
        "it is in doubt: it is on its way: where its picture is, 503 was answered; it said `{}`",
        files.url()
    );
    assert_eq!(given_up.asset("a")["reason"], why);
    assert_eq!(paid.server.stats().arrived, 1);
    assert_eq!(paid.outcomes(), ["doubt"]);
    let again = paid.run(&["build", "--yes", "--retry-in-doubt"]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert_eq!(paid.server.stats().arrived, 2);
}

#[test]
fn what_is_not_there_any_more_is_in_doubt_and_its_url_is_told() {
    let files = Files::start();
    files.answer(403);
    let url = files.url();
    let paid = against(body(&format!("{{\"data\":[{{\"url\":\"{url}\"}}]}}")));
    let why = "answered without a picture: where its picture is, 403 was answered; it said";
    doubt(&paid, &format!("{why} `{url}`"));
}

#[test]
fn nothing_is_fetched_from_where_it_is_not_safe() {
    let files = Files::start();
    files.answer(302);
    let moved = files.url();
    let hosts = [
        ("http://169.254.169.254/latest", "169.254.169.254"),
        ("http://cdn.example.com/1.png", "cdn.example.com"),
        (moved.as_str(), "169.254.169.254"),
    ];
    for (url, host) in hosts {
        let paid = against(body(&format!("{{\"data\":[{{\"url\":\"{url}\"}}]}}")));
        let why = format!(
            "answered without a picture: its picture is said to be at `{host}`: gpbuild fetches by `https:` only; it said `{url}`"
        );
        doubt(&paid, &why);
    }
    // Of a file is nothing said that could be a URL of a picture.
    let paid = against(body("{\"data\":[{\"url\":\"file:///etc/passwd\"}]}"));
    let run = paid.build(1);
    let reason = run.asset("a")["reason"].as_str().unwrap().to_owned();
    assert!(
        reason
            .starts_with("it is in doubt: answered without a picture: picture 1 cannot be read: "),
        "{reason}"
    );
}

#[test]
fn base64_as_others_write_it() {
    let plain = STANDARD.encode(picture());
    let lines: Vec<String> = plain
        .as_bytes()
        .chunks(76)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    for text in [
        format!("data:image/png;base64,{plain}"),
        lines.join("\\r\\n"),
        STANDARD_NO_PAD.encode(picture()),
        URL_SAFE_NO_PAD.encode(picture()),
    ] {
        made(&against(body(&format!(
            "{{\"data\":[{{\"b64_json\":\"{text}\"}}]}}"
        ))));
    }
    made(&against(body(&format!(
        "{{\"data\":[{{\"url\":\"data:image/png;base64,{plain}\"}}]}}"
    ))));
}

#[test]
fn answers_as_others_carry_them() {
    let plain = STANDARD.encode(picture());
    let json = format!("{{\"data\":[{{\"b64_json\":\"{plain}\"}}]}}");
    let preview = STANDARD.encode(&corpus()[1].bytes);
    for text in [
        format!("\u{feff}{json}"),
        format!("\n \n{json}"),
        format!(": processing\n\n: processing\n\n{json}"),
        format!("data: {json}\n\ndata: [DONE]\n\n"),
        format!(
            ": ping\n\nevent: image_generation.partial_image\ndata: {{\"b64_json\":\"{preview}\",\"partial_image_index\":0}}\n\n: ping\n\nevent: image_generation.completed\ndata: {{\"b64_json\":\"{plain}\",\"type\":\"image_generation.completed\"}}\n\ndata: [DONE]\n\n"
        ),
        format!(
            "data: {{\"b64_json\":\"{preview}\",\"type\":\"image_edit.partial_image\"}}\r\n\r\ndata: {{\"type\":\"image_edit.completed\",\"b64_json\":\"{plain}\"}}\r\n\r\n"
        ),
    ] {
        made(&against(body(&text)));
    }
    made(&against(
        Fault::raw(200, "image/png", &picture()).accepted(),
    ));
    // What it says it is does not count.
    made(&against(
        Fault::raw(200, "application/json", &picture()).accepted(),
    ));
    let paid = against(Fault::gzip());
    paid.build(0);
    assert_eq!(paid.outcomes(), ["answered"]);
}

#[test]
fn a_200_without_a_picture_says_why_in_its_own_words_and_nothing_is_sent_again() {
    for (text, said) in [
        (
            "{\"code\":500,\"msg\":\"upstream error\"}",
            ": 500: upstream error",
        ),
        (
            "{\"status\":\"queued\",\"task_id\":\"t-1\"}",
            ": status `queued`, task `t-1`",
        ),
        ("{\"error\":\"no channel\"}", ": no channel"),
        (
            "{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"bad size\"}]}",
            ": bad size",
        ),
        (
            "{\"data\":[],\"base_resp\":{\"status_code\":1026,\"status_msg\":\"sensitive\"}}",
            ": 1026: sensitive",
        ),
        (
            "{\"data\":[{\"error\":{\"code\":\"x\",\"message\":\"blocked\"}}]}",
            ": blocked",
        ),
        ("{\"data\":[{\"b64_json\":\"\"}]}", ""),
        ("{\"data\":[{\"b64_json\":\" \\n\"}]}", ""),
        ("{\"data\":[{\"b64_json\":\"====\"}]}", ""),
        ("{\"data\":[]}", ""),
        ("no channel for this group", ": no channel for this group"),
        (
            "<html>welcome</html>",
            ": it is a web page, and no answer of an API",
        ),
        (
            "event: error\ndata: {\"error\":{\"message\":\"moderation\"}}\n\n",
            ": moderation",
        ),
    ] {
        doubt(
            &against(body(text)),
            &format!("answered without a picture{said}"),
        );
    }
}

#[test]
fn a_refusals_own_words_are_told_whatever_their_form() {
    for text in [
        "{\"error\":\"bad size\"}",
        "{\"detail\":\"bad size\"}",
        "{\"message\":\"bad size\",\"success\":false}",
        "{\"errors\":[{\"message\":\"bad size\"}]}",
        "{\"error\":{\"message\":\"bad size\"}}",
        "bad size",
    ] {
        let paid = against(Fault::raw(400, "application/json", text.as_bytes()));
        let run = paid.build(1);
        assert_eq!(
            run.asset("a")["reason"],
            "the provider refused it: 400: bad size",
            "{text}"
        );
        assert_eq!(paid.outcomes(), ["refused"]);
    }
}

#[test]
fn a_failure_of_a_relay_is_in_doubt_and_not_sent_again() {
    for status in [500, 503, 408] {
        doubt(
            &against(Fault::server_error(status)),
            &format!(
                "something between here and the provider answered {status}: The server had an error while processing your request. Sorry about that!"
            ),
        );
    }
}

#[test]
fn no_model_behind_a_relay_is_a_refusal_and_not_sent_again() {
    let text = "{\"error\":{\"message\":\"no available channel\",\"code\":\"model_not_found\"}}";
    let paid = against(Fault::raw(503, "application/json", text.as_bytes()));
    let run = paid.build(3);
    assert_eq!(
        run.asset("a")["reason"],
        "the provider refused it: 503 model_not_found: no available channel"
    );
    assert_eq!(paid.server.stats().arrived, 1);
    assert_eq!(paid.outcomes(), ["refused"]);
}

#[test]
fn a_bill_in_other_words_counts_at_the_estimate() {
    let plain = STANDARD.encode(picture());
    for usage in [
        "{\"prompt_tokens\":10,\"completion_tokens\":200}",
        "{\"input_tokens\":0,\"output_tokens\":0,\"total_tokens\":0}",
        "{}",
        "null",
    ] {
        let paid = against(body(&format!(
            "{{\"data\":[{{\"b64_json\":\"{plain}\"}}],\"usage\":{usage}}}"
        )));
        let estimate = paid.run(&["plan", "--json"]).asset("a")["estimate_usd"].clone();
        paid.build(0);
        let entry = paid.run(&["log", "--json"]).json().remove(0);
        assert_eq!(entry["cost_usd"], estimate, "{usage}");
    }
}

#[test]
fn a_wait_is_obeyed_as_a_moment_and_as_a_fraction() {
    for wait in ["0.2", "Sat, 28 Nov 2026 10:00:01 GMT"] {
        let paid = Paid::one();
        let fault = Fault::raw(429, "application/json", b"{}")
            .with_header("retry-after", wait)
            .with_header("date", "Sat, 28 Nov 2026 10:00:00 GMT");
        paid.server.script([fault]);
        paid.build(0);
        let [first, second] = paid.server.requests().try_into().unwrap();
        let waited = second.arrived - first.arrived;
        assert!(
            waited.as_millis() >= 190 && waited.as_millis() < 1900,
            "{wait}: {waited:?}"
        );
    }
}

#[test]
fn azures_answers_are_read_as_a_relays_are() {
    let files = Files::start();
    let plain = STANDARD.encode(picture());
    for text in [
        format!(
            "{{\"data\":[{{\"b64_json\":\"{plain}\",\"url\":\"{}\"}}]}}",
            files.url()
        ),
        format!(
            "{{\"data\":[{{\"b64_json\":null,\"url\":\"{}\"}}]}}",
            files.url()
        ),
        format!(
            "event: image_generation.completed\ndata: {{\"b64_json\":\"{plain}\",\"type\":\"image_generation.completed\"}}\n\ndata: [DONE]\n\n"
        ),
    ] {
        made(&against_azure(body(&text)));
    }
    assert_eq!(files.fetched(), 1);
    doubt(
        &against_azure(body(
            "{\"error\":{\"code\":\"DeploymentNotFound\",\"message\":\"no\"}}",
        )),
        "answered without a picture: no",
    );
}
