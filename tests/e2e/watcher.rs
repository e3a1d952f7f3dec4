//! A running `gpbuild watch`, and what it tells.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::Value;

use crate::process::{LONG, end};
use crate::project::Project;

/// Longer than a build that should not begin would need to show itself.
pub const QUIET: Duration = Duration::from_millis(900);

/// A running `gpbuild watch`, ended with the test.
pub struct Watch {
    child: Child,
    events: Receiver<Value>,
}

impl Watch {
    /// Starts to watch, and waits for the end of the first build.
    pub fn start(project: &Project, arguments: &[&str]) -> Self {
        let watch = Self::begin(project, arguments);
        watch.built();
        watch
    }

    /// Starts to watch.
    pub fn begin(project: &Project, arguments: &[&str]) -> Self {
        let mut child = project
            .command(&[&["watch", "--json"], arguments].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (tell, events) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if tell.send(serde_json::from_str(&line).unwrap()).is_err() {
                    break;
                }
            }
        });
        Self { child, events }
    }

    /// What is told, up to the first event of this kind.
    pub fn next(&self, kind: &str) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let told = self.events.recv_timeout(LONG);
            let event = told.unwrap_or_else(|_| panic!("no {kind} after {events:?}"));
            let is_last = event["event"] == kind;
            events.push(event);
            if is_last {
                return events;
            }
        }
    }

    /// The events of the next build, up to its summary.
    pub fn built(&self) -> Vec<Value> {
        self.next("summary")
    }

    /// The ids of the next build that were drawn, sorted.
    pub fn drawn(&self) -> Vec<String> {
        let drawn = self.built();
        let mut ids: Vec<String> = drawn
            .iter()
            .filter(|event| event["state"] == "draft")
            .map(|event| event["id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    }

    /// Whether nothing is told for a while.
    pub fn is_quiet(&self) -> bool {
        self.events.recv_timeout(QUIET) == Err(RecvTimeoutError::Timeout)
    }

    /// Waits until nothing is told for a while.
    pub fn settle(&self) {
        while !self.is_quiet() {}
    }

    /// Ends it by this signal: the exit code.
    pub fn end(mut self, signal: &str) -> Option<i32> {
        end(&mut self.child, signal)
    }

    /// Ends it as ctrl-c does.
    pub fn end_well(self) {
        let code = self.end("-INT");
        // One that is just ending a build says so.
        assert!(matches!(code, Some(0 | 130)), "{code:?}");
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Ended already, if all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
