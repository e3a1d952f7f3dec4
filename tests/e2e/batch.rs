//! Batches of both protocols: sent as one, collected by a later run, each line with an end of its own, nothing asked for
//! twice.

mod ends;
mod money;
mod rounds;

use std::process::Command;

use api_server::{BatchManner, BatchProtocol, BatchServer};
use serde_json::Value;

use crate::project::{Project, Run};

/// A project, and the server that it sends batches to.
struct Batches {
    project: Project,
    home: tempfile::TempDir,
    server: BatchServer,
}

const OPENAI: &str =
    "[defaults]\nmodel = \"openai/gpt-image-2\"\nquality = \"low\"\nsize = \"800x800\"\n";
const GEMINI: &str = "[defaults]\nmodel = \"gemini/gemini-nano-banana-2.1\"\nsize = \"800x800\"\n";

/// Covers with these headlines, named `c1` and so on.
fn covers(headlines: &[&str]) -> String {
    let cover = |(n, headline): (usize, &&str)| {
        format!(
            "[cover.c{}]\ntext = {{ headline = \"{headline}\" }}\n",
            n + 1
        )
    };
    headlines.iter().enumerate().map(cover).collect()
}

impl Batches {
    fn new(protocol: BatchProtocol, more: &str, manner: BatchManner) -> Self {
        let defaults = match protocol {
            BatchProtocol::OpenAi => OPENAI,
            BatchProtocol::Gemini => GEMINI,
        };
        Self {
            project: Project::new(&format!("{defaults}{more}")),
            home: tempfile::tempdir().unwrap(),
            server: BatchServer::start(protocol, manner),
        }
    }

    /// Three covers by OpenAI's API.
    fn three(manner: BatchManner) -> Self {
        Self::new(
            BatchProtocol::OpenAi,
            &covers(&["one", "two", "three"]),
            manner,
        )
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.project.command(arguments);
        command
            .envs(self.server.variables())
            .env("GPBUILD_HOME", self.home.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let run = Run::of(self.command(arguments).output().unwrap());
        let key = self.server.key();
        assert!(!run.out.contains(key) && !run.err.contains(key));
        run
    }

    /// Runs it with `--yes` and JSON; it must end with this code.
    fn build(&self, more: &[&str], code: i32) -> Run {
        let arguments = [&["build", "--json", "--yes"], more].concat();
        let run = self.run(&arguments);
        assert_eq!(run.code, code, "{}{}", run.out, run.err);
        run
    }

    /// What the ledger says of each request, in order.
    fn outcomes(&self) -> Vec<String> {
        let log = self.run(&["log", "--json"]).json();
        let outcome = |e: &Value| e["outcome"].as_str().unwrap().to_owned();
        log.iter().map(outcome).collect()
    }

    /// The files of batches without an end.
    fn left(&self) -> usize {
        let files = std::fs::read_dir(self.home.path().join("store/batches"));
        files.map_or(0, Iterator::count)
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.server.wrong(), [""; 0]);
        }
    }
}

fn states(run: &Run) -> Vec<String> {
    run.states().into_iter().map(|(_, state)| state).collect()
}
