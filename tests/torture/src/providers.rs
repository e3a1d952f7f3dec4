//! Providers of the built-in table make the pictures, each on a server that speaks as it does: two of tickets, and Gemini,
//! whose answer holds the picture.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use api_server::{Behaviour, GeminiServer, PROTOCOLS, Protocol, ProviderServer};

use crate::count::Count;
use crate::shots::{self, Maker};

/// How long Gemini takes.
const LATENCY: Duration = Duration::from_millis(2);

/// Ends the process before and after every operation.
pub fn kills(binary: &Path) -> Count {
    let cases = ["bfl", "dashscope", "gemini"];
    shots::kills(binary, "", cases, |name| {
        let row = PROTOCOLS.into_iter().find(|protocol| protocol.name == name);
        match row {
            Some(protocol) => Box::new(Row::new(protocol)),
            None => Box::new(GeminiServer::start(LATENCY)),
        }
    })
}

/// A row of the table whose requests are answered with tickets.
struct Row {
    protocol: &'static Protocol,
    server: ProviderServer,
}

impl Row {
    fn new(protocol: &'static Protocol) -> Self {
        let behaviour = Behaviour {
            polls: 1,
            retry_after: Some(0),
            ..Behaviour::default()
        };
        Self {
            protocol,
            server: ProviderServer::start(protocol, behaviour),
        }
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
