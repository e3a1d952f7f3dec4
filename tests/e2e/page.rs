//! The page of `watch` among strangers: thousands of connections that say nothing, or not enough, take neither
//! the page nor the watch with them.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::process::{LONG, end, until};
use crate::project::Project;

/// How many files the watch may have open.
const FILES: usize = 1024;

struct Page {
    project: Project,
    child: Child,
    host: String,
    token: String,
}

impl Drop for Page {
    fn drop(&mut self) {
        // Ended already, if all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Page {
    fn open() -> Self {
        let project = Project::one("one");
        let mut child = Command::new("sh")
            .args(["-c", &format!("ulimit -Sn {FILES}; exec \"$0\" \"$@\"")])
            .args([
                env!("CARGO_BIN_EXE_gpbuild"),
                "watch",
                "--draft",
                "--port",
                "0",
            ])
            .current_dir(project.root())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("GPBUILD_HOME", ".gpbuild")
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
            host: host.to_owned(),
            token: token.to_owned(),
            project,
            child,
        };
        until("the first draft", || page.project.has(DRAFT));
        page
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.host).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream
    }

    fn head(&self, method: &str, what: &str) -> String {
        let Self { host, token, .. } = self;
        format!("{method} /{token}/{what} HTTP/1.1\r\nhost: {host}\r\n")
    }

    /// The status of the page itself.
    fn status(&self) -> u16 {
        let mut stream = self.connect();
        let request = self.head("GET", "") + "connection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// Saves other words, and waits until they are drawn.
    fn save(&self, words: &str) {
        // None for a moment, if a build began while the manifest was half written: then there is no such asset.
        let draft = || std::fs::read(self.project.path(DRAFT)).ok();
        let before = draft();
        self.project
            .write("gpbuild.toml", Project::one_manifest(words));
        until(words, || {
            draft().is_some_and(|now| before.as_ref() != Some(&now))
        });
    }

    fn files(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.child.id());
        std::fs::read_dir(folder).unwrap().count()
    }

    /// Ends it as ctrl-c does; what the process answers.
    fn end(mut self) -> Option<i32> {
        end(&mut self.child, "-INT")
    }
}

const DRAFT: &str = ".gpbuild/preview/dist/a.png";

/// Whether the other end closes the connection by itself, after whatever it may say.
fn is_closed(mut stream: &TcpStream) -> bool {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => true,
        Err(e) => e.kind() == ErrorKind::ConnectionReset,
    }
}

#[test]
fn two_thousand_connections_end_neither_the_page_nor_the_watch() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: Some(limit.maximum.map_or(8192, |most| most.min(8192))),
        ..limit
    };
    if limit.current.is_some_and(|now| now < 4096) {
        setrlimit(Resource::Nofile, wanted).unwrap();
    }
    let page = Page::open();
    let mut listens = BufReader::new(page.connect());
    let events = page.head("GET", "events") + "\r\n";
    listens.get_mut().write_all(events.as_bytes()).unwrap();
    let crowd: Vec<TcpStream> = (0..2000)
        .map(|n| {
            let mut stream = page.connect();
            // Some say nothing, some begin to, some came for something and stay, some have no business here.
            let said = match n % 4 {
                0 => String::new(),
                1 => page.head("GET", "")[..20].to_owned(),
                2 => page.head("GET", "page.css") + "\r\n",
                _ => "GET / HTTP/1.1\r\nhost: example.com\r\n\r\n".to_owned(),
            };
            stream.write_all(said.as_bytes()).unwrap();
            stream
        })
        .collect();
    assert_eq!(page.status(), 200);
    page.save("two");
    assert!(page.files() < FILES / 3, "{}", page.files());
    // The page that was open still is, and is told.
    let told = (&mut listens)
        .lines()
        .map_while(Result::ok)
        .any(|line| line.contains("\"headline\"") || line.contains("\"done\""));
    assert!(told);
    page.save("three");
    assert_eq!(page.status(), 200);
    drop(crowd);
    assert_eq!(page.status(), 200);
    assert_eq!(page.end(), Some(0));
}

#[test]
fn whoever_does_not_come_to_the_point_is_not_waited_for() {
    let page = Page::open();
    let begins = |said: String| {
        let mut stream = page.connect();
        stream.write_all(said.as_bytes()).unwrap();
        stream
    };
    let began = Instant::now();
    let silent = begins(String::new());
    let half = begins(page.head("GET", ""));
    let kept = begins(page.head("GET", "page.css") + "\r\n");
    let body = begins(
        page.head("POST", "pick")
            + "content-type: application/json\r\ncontent-length: 100\r\n\r\n{\"id\"",
    );
    let chunks = begins(
        page.head("POST", "edit")
            + "content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n",
    );
    // A word now and then is not enough.
    let mut drips = begins(page.head("GET", ""));
    let mut own = drips.try_clone().unwrap();
    let dripping = std::thread::spawn(move || {
        for n in 0.. {
            if write!(own, "x-{n}: 1\r\n").is_err() {
                return n;
            }
            std::thread::sleep(Duration::from_millis(250));
        }
        0
    });
    for (what, stream) in [
        ("silent", &silent),
        ("half", &half),
        ("kept", &kept),
        ("body", &body),
        ("chunks", &chunks),
    ] {
        assert!(is_closed(stream), "{what}");
        let took = began.elapsed();
        assert!(took < Duration::from_secs(25), "{what}: {took:?}");
    }
    // More than that comes within ten seconds only if nobody ended it.
    assert!(dripping.join().unwrap() < 120);
    let _ = drips.read(&mut [0; 100]);
    assert_eq!(page.status(), 200);
    assert_eq!(page.end(), Some(0));
}
