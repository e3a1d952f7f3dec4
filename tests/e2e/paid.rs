//! Paid pictures, against a real server that speaks the API: what is asked for, what is not asked for
//! again, and what is told when it says no.

mod answers;
#[cfg(unix)]
mod detach;
mod edit;
mod faults;
mod gemini;
mod home;
mod kill;
mod like;
mod money;
mod pick;
mod pictures;
mod providers;
mod reader;
mod relay;
#[cfg(feature = "faults")]
mod rolls;
#[cfg(unix)]
mod shared;
mod setup;
mod shots;
mod ticket;
mod tls;
mod told;
mod trust;
mod unread;

use std::process::Stdio;
use std::time::Duration;

use api_server::{Options, Server};

use crate::process::until;
use crate::project::{Project, Run};

/// A project and the server that it asks.
struct Paid {
    project: Project,
    server: Server,
    /// The person's folder, where it has to be outside of the project.
    home: Option<tempfile::TempDir>,
}

impl Paid {
    /// A project with this manifest.
    fn new(manifest: &str) -> Self {
        Self::with(manifest, Options::default())
    }

    fn with(manifest: &str, options: Options) -> Self {
        Self {
            project: Project::new(manifest),
            server: Server::start(options),
            home: None,
        }
    }

    /// One small cover named `a`.
    fn one() -> Self {
        Self::new(&format!(
            "{DEFAULTS}[cover.a]\ntext = {{ headline = \"one\" }}\n"
        ))
    }

    /// The same, where the server is no relay but the provider itself, whose table says which failures are not paid for.
    fn at_home() -> Self {
        let server = Server::start(Options::default());
        let manifest = format!(
            r#"[provider.own]
shape = "images"
base_url = "{}"
auth = {{ header = "authorization", scheme = "Bearer" }}
paths = {{ generate = "/images/generations", edit = "/images/edits" }}
unpaid = [[500, 501], [503, 503]]
[cover.a]
model = "own/gpt-image-2"
size = "1024x1024"
text = {{ headline = "one" }}
"#,
            server.base_url()
        );
        let project = Project::new(&manifest);
        let home = Some(tempfile::tempdir().unwrap());
        let paid = Self {
            project,
            server,
            home,
        };
        let trusted = paid.run(&["trust", "--yes"]);
        assert_eq!(trusted.code, 0, "{}", trusted.err);
        paid
    }

    /// A carousel `c` of `n` slides that go by the first.
    fn series(n: usize) -> Self {
        Self::series_with(n, Options::default())
    }

    fn series_with(n: usize, options: Options) -> Self {
        let mut manifest = format!("{DEFAULTS}[carousel.c]\nseries = \"first\"\n");
        for n in 1..=n {
            manifest += &format!("[[carousel.c.slide]]\ntext = {{ headline = \"page {n}\" }}\n");
        }
        Self::with(&manifest, options)
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = self.project.command(arguments);
        command
            .env("OPENAI_API_KEY", self.server.key())
            .env("OWN_API_KEY", self.server.key())
            .env("OPENAI_BASE_URL", self.server.base_url());
        if let Some(home) = &self.home {
            command.env("GPBUILD_HOME", home.path());
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let run = Run::of(self.command(arguments).output().unwrap());
        let key = self.server.key();
        assert!(
            !run.out.contains(key) && !run.err.contains(key),
            "it says the key"
        );
        run
    }

    /// Builds with `--yes` and JSON; it must end with this code.
    fn build(&self, code: i32) -> Run {
        let run = self.run(&["build", "--json", "--yes"]);
        assert_eq!(run.code, code, "{}{}", run.out, run.err);
        run
    }

    /// Builds while a file comes to stand at `place` after the request was sent: nothing is written below it.
    fn build_in_the_way(&self, place: &str) -> Run {
        self.server.hold();
        let mut command = self.command(&["build", "--yes"]);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        until("it is asked for", || self.server.stats().in_flight > 0);
        self.project.write(place, "in the way");
        self.server.release();
        Run::of(child.wait_with_output().unwrap())
    }

    /// Where requests go.
    fn host(&self) -> String {
        self.server.origin().replace("http://", "")
    }

    /// How many requests the server took.
    fn accepted(&self) -> u64 {
        self.server.stats().accepted
    }

    /// The outcomes of all requests in the ledger.
    fn outcomes(&self) -> Vec<String> {
        let log = self.run(&["log", "--json"]).json();
        let outcome = |e: &serde_json::Value| e["outcome"].as_str().unwrap().to_owned();
        log.iter().map(outcome).collect()
    }
}

impl Drop for Paid {
    /// Whatever a test did: every request was one that the official specification allows, and the key is
    /// nowhere on the disk.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let problems: Vec<_> = self
            .server
            .requests()
            .into_iter()
            .flat_map(|request| request.problems)
            .collect();
        assert_eq!(problems, [""; 0]);
        let key = self.server.key().as_bytes();
        for name in self.project.files("") {
            let bytes = self.project.read(&name);
            let found = bytes.windows(key.len()).any(|window| window == key);
            assert!(!found, "the key is in {name}");
        }
    }
}

/// How long the server still holds its answers back after a signal was sent: the program has heard it by then.
const HEARD: Duration = Duration::from_millis(700);

/// The cheapest pictures that the model makes.
const DEFAULTS: &str =
    "[defaults]\nmodel = \"openai/gpt-image-2\"\nquality = \"low\"\nsize = \"800x800\"\n";

pub(crate) fn summary(run: &Run) -> serde_json::Value {
    run.json().pop().unwrap()
}

/// Dollars of JSON as whole micro-dollars.
pub(crate) fn micros(value: &serde_json::Value) -> u64 {
    (value.as_f64().unwrap() * 1e6).round() as u64
}
