//! A made-up provider of tickets makes the pictures, with and without requests that it finds by our name.

use std::path::Path;
use std::process::Command;

use api_server::{Manner, TicketServer};

use crate::count::Count;
use crate::shots::{self, Maker};

/// Ends the process before and after every operation; `judge` is what is found in the rolls of each shot, if they are judged.
pub fn kills(binary: &Path, judge: &'static str) -> Count {
    shots::kills(binary, judge, [true, false], |finds| {
        let server = TicketServer::start(Manner {
            polls: 1,
            retry_after: Some(0),
            ..Manner::default()
        });
        Box::new(Tickets { finds, server })
    })
}

struct Tickets {
    finds: bool,
    server: TicketServer,
}

impl Maker for Tickets {
    fn manifest(&self) -> String {
        let mut manifest = self.server.declaration();
        if !self.finds {
            manifest = manifest.replace("find = \"/find/{own_id}\"\n", "");
        }
        manifest + "[defaults]\nmodel = \"made-up/m\"\nsize = \"64x48\"\ncandidates = 2\n"
    }

    fn set(&self, command: &mut Command) {
        command.env("MADE_UP_API_KEY", self.server.key());
    }

    fn asked(&self) -> Vec<String> {
        let tasks = self.server.tasks().into_iter();
        let prompt = |task: api_server::Ticketed| task.body["input"]["prompt"].to_string();
        tasks.map(prompt).collect()
    }

    fn made(&self) -> Vec<(String, Vec<String>)> {
        let tasks = self.server.tasks().into_iter();
        tasks.map(|task| (task.id, task.pictures)).collect()
    }

    fn wrong(&self) -> Vec<String> {
        self.server.wrong()
    }

    fn finds(&self) -> bool {
        self.finds
    }
}
