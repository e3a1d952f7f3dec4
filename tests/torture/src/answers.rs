//! Answers that HTTP and JSON allow and no API should give, and such that they do not allow, from a real
//! socket to the real client: a clear end, in bounded time and memory, and the key for nobody else.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base::digest::Digest;
use model::ModelId;
use model::request::{Prompt, Request, Work};
use provider::reply::{Contents, KeepError, Reply};
use provider::submission::Submission;
use provider::{Adapter, Config, Form, Veil, address, table};

use crate::count::Count;
use crate::random::Random;

const KEY: &str = "sk-secret-of-this-test-0123456789";
/// How long a request may take whose answer is slow, or has no end.
const TIMEOUT: Duration = Duration::from_millis(400);
/// How long any other may take, on a machine that does other things as well.
const LONG: Duration = Duration::from_secs(30);
/// The most memory that all of them may take, in KiB.
const MEMORY: u64 = 96 << 10;
/// One picture, in base64: the bytes are nobody's business here.
const PICTURE: &str = "aVZCT1J3MEtHZ28=";

/// So many answers; each has a seed of its own. Who gives them is a process of its own, so that what is measured is who
/// reads them.
pub fn answers(answers: u64, first_seed: u64) -> Count {
    let mut server = Command::new(std::env::current_exe().unwrap())
        .args(["/", "serve-answers"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut told = BufReader::new(server.stdout.take().unwrap());
    told.read_line(&mut line).unwrap();
    let count = answered(answers, first_seed, line.trim().parse().unwrap());
    server.kill().unwrap();
    server.wait().unwrap();
    count
}

/// Gives answers until the process is ended.
pub fn server() -> ! {
    println!("{}", serve());
    loop {
        std::thread::park();
    }
}

/// The same, where they are given at this address.
fn answered(answers: u64, first_seed: u64, server: SocketAddr) -> Count {
    let (other, calls) = listen();
    let before = peak();
    let seeds = first_seed..first_seed + answers;
    let (waits, works): (Vec<_>, Vec<_>) = seeds.partition(|seed| is_slow(*seed));
    let mut count = Count::default();
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| some(&waits, server, other));
        count += some(&works, server, other);
        count += slow.join().unwrap();
    });
    let grown = peak().saturating_sub(before);
    if grown > MEMORY {
        println!("{answers} answers took {} MB", grown >> 10);
        count.wrong += 1;
    }
    let calls = calls.load(Ordering::SeqCst);
    if calls > 0 {
        println!("{calls} requests went to another host");
        count.wrong += calls;
    }
    count
}

/// The most that is made of an answer, in bytes: what it says of the prompt is kept up to 4,000 of them.
const MAX_SAID: usize = 8000;

/// One after another.
fn some(seeds: &[u64], server: SocketAddr, other: SocketAddr) -> Count {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut count = Count::default();
    for &seed in seeds {
        let began = Instant::now();
        let (said, answer) = runtime.block_on(ask(server, other, seed));
        let took = began.elapsed();
        count.cases += 1;
        let is_taken = answer.is_some_and(|a| a.pictures.len() == 1 && a.trouble.is_none());
        let wrong = if took > LONG {
            Some(format!("it took {took:?}"))
        } else if said.contains(KEY) || said.len() > MAX_SAID || said.is_empty() {
            Some("it is not told well".to_owned())
        } else if matches!(kind(seed), 0 | 22..=25) && !is_taken {
            Some("a good answer is not taken".to_owned())
        } else {
            None
        };
        if let Some(wrong) = wrong {
            println!("answer {seed}, of kind {}: {wrong}: {said}", kind(seed));
            count.wrong += 1;
        }
    }
    count
}

/// Asks for one picture; what is said of it, and what was read if an answer came.
async fn ask(server: SocketAddr, other: SocketAddr, seed: u64) -> (String, Option<Contents>) {
    // The seed goes with the request, so that the server knows what to answer.
    let base_url = address::parse(&format!(
        "http://127.0.0.1:{}/{seed}/{}",
        server.port(),
        other.port()
    ))
    .unwrap();
    let row = &table::builtin()["openai"];
    let timeout = if is_slow(seed) { TIMEOUT } else { LONG };
    let adapter = Adapter::new(Config::new(row, base_url, KEY.into(), timeout));
    let request = request();
    let submission = Submission {
        request: &request,
        prompt: request.prompt().unwrap(),
        own_id: "",
        references: &[],
        mask: None,
    };
    let mut file = tempfile::tempfile().unwrap();
    let reply = adapter
        .submit(submission, &mut file, std::path::Path::new("answer"))
        .await;
    match reply {
        Reply::Answered { .. } => {
            std::io::Seek::rewind(&mut file).unwrap();
            let mut size = 0;
            let mut keep = |bytes: &mut dyn Read| {
                size += std::io::copy(bytes, &mut std::io::sink()).map_err(KeepError::Picture)?;
                Ok(Digest::of(&[]))
            };
            let answer = Form::Images
                .read(
                    std::io::BufReader::new(file),
                    1,
                    &Veil::default(),
                    &mut keep,
                )
                .unwrap();
            (format!("{answer:?}"), Some(answer))
        }
        Reply::Refused(refusal) => (refusal.said(), None),
        Reply::Unsent(why) | Reply::Unreadable(why) | Reply::Doubt { why, .. } => (why, None),
        Reply::Disk(error) => (error.to_string(), None),
        Reply::TooLarge { bytes, .. } => (bytes.to_string(), None),
        Reply::Ticket(ticket) => (ticket.id, None),
    }
}

fn request() -> Request {
    Request {
        model: ModelId::parse("openai/gpt-image-2").unwrap(),
        adapter: 1,
        width: 800,
        height: 800,
        cell: None,
        variant: 1,
        work: Work::Ask(Prompt {
            text: "one".to_owned(),
            quality: Some("low".to_owned()),
            background: None,
            candidates: 1,
            format: "png".to_owned(),
            params: serde_json::Value::Null,
            references: Vec::new(),
            mask: None,
        }),
    }
}

/// A host that nobody has to call.
fn listen() -> (SocketAddr, Arc<AtomicU64>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    std::thread::spawn(move || {
        for _ in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (address, calls)
}

fn serve() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                // The client goes away whenever it has enough.
                let _ = answer(stream);
            });
        }
    });
    address
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.extend_from_slice(&byte);
    }
    let text = String::from_utf8_lossy(&head).to_lowercase();
    let length = text
        .split("content-length: ")
        .nth(1)
        .and_then(|l| l.split("\r\n").next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body)?;
    let mut parts = text.split('/').skip(1);
    let seed: u64 = parts.next().and_then(|n| n.parse().ok()).unwrap_or(0);
    let other: u16 = parts.next().and_then(|n| n.parse().ok()).unwrap_or(0);
    write(&mut stream, seed, other)
}

/// What is wrong with the answer of that seed.
fn kind(seed: u64) -> u64 {
    match Random::new(seed).below(400) {
        // These take long: a timeout each.
        n @ 0..=7 => 100 + n % 4,
        n => n % 29,
    }
}

/// Whether that answer comes as slowly as it is waited for.
fn is_slow(seed: u64) -> bool {
    kind(seed) >= 28
}

fn good() -> String {
    format!(
        "{{\"created\":1713833628,\"data\":[{{\"b64_json\":\"{PICTURE}\"}}],\"usage\":{{\"input_tokens\":10,\"output_tokens\":200}}}}"
    )
}

fn send(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8]) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)
}

fn write(stream: &mut TcpStream, seed: u64, other: u16) -> std::io::Result<()> {
    let mut random = Random::new(seed ^ 0x5555_0000);
    let mut pick = |n: usize| usize::try_from(random.below(n as u64)).unwrap_or(0);
    let good = good();
    match kind(seed) {
        0 => send(stream, "200 OK", "", good.as_bytes()),
        // The beginning of a good answer, and the length of the whole.
        1 => {
            let cut = pick(good.len());
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", good.len());
            stream.write_all(head.as_bytes())?;
            stream.write_all(&good.as_bytes()[..cut])
        }
        // The beginning of a good answer that says it is all.
        2 => send(stream, "200 OK", "", &good.as_bytes()[..pick(good.len())]),
        // A byte or several of it are others.
        3 | 4 => {
            let mut bytes = good.into_bytes();
            for _ in 0..=pick(4) {
                let at = pick(bytes.len());
                bytes[at] = u8::try_from(pick(256)).unwrap_or(0);
            }
            send(stream, "200 OK", "", &bytes)
        }
        // Types that are not what they should be.
        5..=7 => {
            let values = [
                "null",
                "[]",
                "{}",
                "1",
                "-1e999",
                "\"\"",
                "true",
                "[[[]]]",
                "{\"b64_json\":1}",
                "99999999999999999999999999",
                "\"\\ud800\"",
                "[null]",
                "[1]",
            ];
            let value = values[pick(values.len())];
            let fields = ["data", "usage", "error", "model", "created", "b64_json"];
            let field = fields[pick(fields.len())];
            let body = match pick(4) {
                0 => value.to_owned(),
                1 => format!("{{\"{field}\":{value}}}"),
                2 => format!("{{\"data\":[{{\"b64_json\":{value}}}],\"{field}\":{value}}}"),
                _ => format!(
                    "{{\"usage\":{{\"input_tokens\":{value},\"output_tokens\":{value},\"input_tokens_details\":{value}}},\"data\":[{{\"b64_json\":\"{PICTURE}\"}}],\"{field}\":{value}}}"
                ),
            };
            send(stream, "200 OK", "", body.as_bytes())
        }
        // An error where none should be.
        8 => send(
            stream,
            "200 OK",
            "",
            b"{\"error\":{\"code\":\"x\",\"message\":\"no\",\"type\":[1,2]}}",
        ),
        // Elsewhere.
        9 | 10 => {
            let status = ["301 M", "302 F", "303 S", "307 T", "308 P", "300 C"][pick(6)];
            let to = [
                format!("http://127.0.0.1:{other}/v1/images/generations"),
                format!("//localhost:{other}/"),
                format!("http://user:{KEY}@127.0.0.1:{other}/?k=1"),
                "https:".to_owned(),
                String::new(),
            ];
            let location = format!("location: {}\r\n", to[pick(to.len())]);
            send(stream, status, &location, b"")
        }
        // What unfolds to a thousand times its size.
        11 => {
            let coding = ["gzip", "br", "deflate", "zstd", "gzip, gzip"][pick(5)];
            // A stored block of gzip that says it goes on, again and again.
            let mut body = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3];
            body.extend(std::iter::repeat_n([0xEC, 0xC1, 0x01, 0x01], 20_000).flatten());
            send(
                stream,
                "200 OK",
                &format!("content-encoding: {coding}\r\n"),
                &body,
            )
        }
        // Not HTTP.
        12 => {
            let odd: [&[u8]; 8] = [
                b"",
                b"\r\n\r\n",
                b"HTTP/9.9 200 OK\r\n\r\n",
                b"SSH-2.0-x\r\n",
                b"HTTP/1.1 2000 OK\r\n\r\n",
                b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{}",
                b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n{}",
                b"\x16\x03\x01\x00\x02\x02\x28",
            ];
            stream.write_all(odd[pick(odd.len())])
        }
        // Heads that are too large, or hold what no head may.
        13 => {
            let header = match pick(3) {
                0 => format!("x-large: {}\r\n", "y".repeat(4 << 20)),
                1 => "x-many: 1\r\n".repeat(20_000),
                _ => "x-odd: \u{1}\u{0}\r\n".to_owned(),
            };
            send(stream, "200 OK", &header, good.as_bytes())
        }
        // Chunks whose sizes are not theirs.
        14 => {
            let sizes = ["ffffffffffffffff", "-1", "zz", "5;x=y", "0", "7fffffff"];
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            let body = format!("{head}{}\r\n{good}\r\n0\r\n\r\n", sizes[pick(sizes.len())]);
            stream.write_all(body.as_bytes())
        }
        // So deep that nobody comes back.
        15 => {
            let deep = ["[", "{\"a\":", "{\"data\":["][pick(3)].repeat(200_000);
            send(stream, "200 OK", "", deep.as_bytes())
        }
        // Any status, with or without an error that the API could have written.
        16 | 17 => {
            let status = format!("{} X", 100 + pick(500));
            let bodies = [
                "",
                "{",
                "<html>",
                "{\"error\":null}",
                "{\"error\":{\"message\":1}}",
                "{\"error\":{\"message\":\"x\",\"code\":\"rate_limit_exceeded\"}}",
                "[]",
            ];
            let headers = [
                "",
                "retry-after: 99999999999999\r\n",
                "retry-after: -1\r\n",
                "retry-after: soon\r\n",
                "retry-after-ms: 1e99\r\n",
            ];
            let body = bodies[pick(bodies.len())];
            send(
                stream,
                &status,
                headers[pick(headers.len())],
                body.as_bytes(),
            )
        }
        // Refusals that do not end soon.
        18 => {
            let text = "x".repeat(1 << 20);
            send(
                stream,
                "400 Bad",
                "",
                format!("{{\"error\":{{\"message\":\"{text}\"}}}}").as_bytes(),
            )
        }
        // Before the answer, many that are none.
        19 => {
            for _ in 0..200 {
                stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            }
            send(stream, "200 OK", "", good.as_bytes())
        }
        // One name again and again.
        20 => {
            let data = format!("\"data\":[{{\"b64_json\":\"{PICTURE}\"}}],");
            send(
                stream,
                "200 OK",
                "",
                format!("{{{}\"x\":1}}", data.repeat(100)).as_bytes(),
            )
        }
        // Noise.
        21 => {
            let noise: Vec<u8> = (0..pick(5000))
                .map(|_| u8::try_from(pick(256)).unwrap_or(0))
                .collect();
            send(stream, "200 OK", "", &noise)
        }
        // More than was asked for, most of it nothing.
        22 => {
            let more = [
                ",{\"b64_json\":\"\"}".repeat(300_000),
                format!(",{{\"b64_json\":\"{PICTURE}\"}}").repeat(1000),
            ];
            let body = format!(
                "{{\"data\":[{{\"b64_json\":\"{PICTURE}\"}}{}]}}",
                more[pick(2)]
            );
            send(stream, "200 OK", "", body.as_bytes())
        }
        // Fields without measure.
        23 => {
            let long = "m".repeat(4 << 20);
            let field = ["model", "revised_prompt", "x", "background"][pick(4)];
            let body = format!("{{\"{field}\":\"{long}\",{}", &good[1..]);
            send(stream, "200 OK", "", body.as_bytes())
        }
        // Bills that are none.
        24 => {
            let digits = "9".repeat(100_000);
            let numbers = [
                "-1",
                "0.5",
                "1e300",
                "-1e-300",
                "18446744073709551616",
                "0",
                &digits,
            ];
            let number = numbers[pick(numbers.len())];
            let body = good.replace("200", number);
            send(stream, "200 OK", "", body.as_bytes())
        }
        // A name for the request that is none.
        25 => {
            let name = ["r".repeat(100_000), "a b".to_owned(), String::new()];
            let header = format!("x-request-id: {}\r\n", name[pick(3)]);
            send(stream, "200 OK", &header, good.as_bytes())
        }
        // A name of a field without measure.
        26 => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"")?;
            for _ in 0..20 {
                stream.write_all(&[b'n'; 1 << 20])?;
            }
            stream.write_all(b"\":1,")?;
            stream.write_all(&good.as_bytes()[1..])
        }
        // Refusals that say more than anybody reads.
        27 => {
            let categories = vec!["\"violence\""; [1000, 100_000][pick(2)]].join(",");
            let long = "c".repeat(1000);
            let body = format!(
                "{{\"error\":{{\"code\":\"moderation_blocked\",\"param\":\"{long}\",\"moderation_details\":{{\"moderation_stage\":\"{long}\",\"categories\":[{categories}]}}}}}}"
            );
            send(
                stream,
                "400 Bad",
                &format!("location: {long}\r\n"),
                body.as_bytes(),
            )
        }
        // A refusal whose body drips.
        28 => {
            let status = ["401 U", "429 T", "500 I"][pick(3)];
            stream.write_all(
                format!("HTTP/1.1 {status}\r\ncontent-length: 1000\r\n\r\n").as_bytes(),
            )?;
            for _ in 0..100 {
                stream.write_all(b"x")?;
                std::thread::sleep(Duration::from_millis(20));
            }
            Ok(())
        }
        // No answer within the time.
        100 => {
            std::thread::sleep(TIMEOUT * 3);
            Ok(())
        }
        // A byte now and then.
        101 => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")?;
            for byte in good.bytes().cycle().take(1000) {
                stream.write_all(&[byte])?;
                std::thread::sleep(Duration::from_millis(20));
            }
            Ok(())
        }
        // Without an end.
        102 => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"data\":[{\"b64_json\":\"")?;
            let piece = vec![b'A'; 1 << 20];
            loop {
                stream.write_all(&piece)?;
            }
        }
        // A head that does not end.
        _ => loop {
            stream.write_all(b"x-and-so-on: 1\r\n")?;
            std::thread::sleep(Duration::from_millis(1));
        },
    }
}

/// The most memory of this process so far, in KiB; 0 where the system does not say.
fn peak() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// Some of them; `torture answers` tries thousands.
#[cfg(test)]
mod tests {
    #[test]
    fn every_answer_has_a_clear_end_and_the_key_goes_nowhere_else() {
        let count = super::answered(400, 1, super::serve());
        assert_eq!(count.cases, 400);
        assert!(count.is_good(), "{count}");
    }
}
