//! Providers of the built-in table make the pictures, each on a server that speaks as it does: two of tickets, and Gemini,
//! whose answer holds the picture.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use api_server::{Behaviour, GeminiServer, PROTOCOLS, Protocol, ProviderServer, Refused};

use crate::count::Count;
use crate::shots::{self, Maker};

/// How long Gemini takes.
const LATENCY: Duration = Duration::from_millis(2);

/// Those whose answers are tickets.
const OF_TICKETS: [&str; 2] = ["bfl", "dashscope"];

fn maker(name: &'static str) -> Box<dyn Maker> {
    let row = PROTOCOLS.into_iter().find(|protocol| protocol.name == name);
    match row {
        Some(protocol) => Box::new(Row::new(protocol)),
        None => Box::new(GeminiServer::start(LATENCY)),
    }
}

/// Ends the process before and after every operation.
pub fn kills(binary: &Path) -> Count {
    shots::kills(binary, "", ["bfl", "dashscope", "gemini"], maker)
}

/// Ends it at random instants, so many projects for each provider of tickets, which is odd in every second of them.
pub fn at_random(binary: &Path, projects: u64) -> Count {
    shots::at_random(binary, projects, OF_TICKETS, maker)
}

/// Cuts the power after every operation, while providers of tickets are asked.
pub fn cuts(binary: &Path) -> Count {
    shots::cuts(binary, OF_TICKETS, maker)
}

/// A row of the table whose requests are answered with tickets.
struct Row {
    protocol: &'static Protocol,
    server: ProviderServer,
}

impl Row {
    fn new(protocol: &'static Protocol) -> Self {
        Self {
            protocol,
            server: ProviderServer::start(protocol, right()),
        }
    }
}

/// As it should behave.
fn right() -> Behaviour {
    Behaviour {
        polls: 1,
        retry_after: Some(0),
        ..Behaviour::default()
    }
}

impl Maker for Row {
    fn manifest(&self) -> String {
        let model = match self.protocol.name {
            "bfl" => "model = \"bfl/flux-2-pro\"\nsize = \"64x64\"\n",
            _ => "model = \"dashscope/qwen-image-3.0\"\nsize = \"512x512\"\ncandidates = 2\n",
        };
        format!("[defaults]\n{model}")
    }

    fn set(&self, command: &mut Command) {
        let name = self.protocol.name.to_uppercase();
        command
            .env(format!("{name}_API_KEY"), self.protocol.key)
            .env(format!("{name}_BASE_URL"), self.server.base_url());
    }

    fn asked(&self) -> Vec<String> {
        self.server.prompts()
    }

    fn made(&self) -> Vec<(String, Vec<String>)> {
        self.server.tasks()
    }

    fn wrong(&self) -> Vec<String> {
        self.server.seen().wrong
    }

    fn be_odd(&self, way: u64) {
        self.server.behave(|behaviour| match way % 5 {
            // What `dashscope` lists does not say its prompt: of two that are lost nothing is sent, and a person decides.
            0 if self.protocol.name == "bfl" => behaviour.loses = true,
            0 => behaviour.polls = 2,
            1 => behaviour.forgets = true,
            2 => behaviour.slow = Duration::from_millis(way / 5 % 200),
            3 => behaviour.polls = 50,
            _ => behaviour.refuses = Some(Refused::Moderation),
        });
    }

    fn be_right(&self) {
        self.server.behave(|behaviour| *behaviour = right());
    }
}

impl Maker for GeminiServer {
    fn manifest(&self) -> String {
        "[defaults]\nmodel = \"gemini/gemini-3.1-flash-lite-image\"\nsize = \"256x256\"\n"
            .to_owned()
    }

    fn set(&self, command: &mut Command) {
        command
            .env("GEMINI_API_KEY", self.key())
            .env("GEMINI_BASE_URL", self.base_url());
    }

    fn asked(&self) -> Vec<String> {
        let asked = self.asked().into_iter();
        asked.map(|asked| asked.prompt().to_owned()).collect()
    }

    fn made(&self) -> Vec<(String, Vec<String>)> {
        let asked = self.asked().into_iter();
        let made = asked.map(|asked| (asked.id, asked.picture.into_iter().collect()));
        made.collect()
    }

    fn wrong(&self) -> Vec<String> {
        self.wrong()
    }
}
