//! A program of the person's own makes the pictures, one that costs something and one that does not.

use std::path::Path;
use std::process::Command;

use api_server::{Format, Picture};
use serde_json::Value;

use crate::count::Count;
use crate::shots::{self, Maker};

/// Notes the request in one piece, since one that outlives a kill may be at work beside it, and copies two pictures.
const SCRIPT: &str = "{ cat; echo; } > line; cat line >> \"$1\"\n\
                      cp \"$2\" output/1.png; cp \"$3\" output/2.png\n";

/// Ends gpbuild before and after every operation.
pub fn kills(binary: &Path) -> Count {
    shots::kills(binary, "", [false, true], |is_free| {
        Box::new(Program {
            is_free,
            notes: tempfile::NamedTempFile::new().unwrap(),
        })
    })
}

struct Program {
    is_free: bool,
    /// What it was asked for, a line each.
    notes: tempfile::NamedTempFile,
}

fn picture(n: u8) -> Vec<u8> {
    let picture = Picture {
        size: (64, 48),
        format: Format::Png,
        quality: 100,
        transparent: false,
        seed: [n; 32],
    };
    picture.encode()
}

impl Maker for Program {
    fn manifest(&self) -> String {
        "[defaults]\nmodel = \"command/it\"\nsize = \"64x48\"\ncandidates = 2\n".to_owned()
    }

    fn prepare(&self, folder: &Path) {
        std::fs::write(folder.join("program.sh"), SCRIPT).unwrap();
        for n in [1, 2] {
            std::fs::write(folder.join(format!("{n}.png")), picture(n)).unwrap();
        }
        let [script, one, two] = ["program.sh", "1.png", "2.png"].map(|name| folder.join(name));
        let args = [script.as_path(), self.notes.path(), &one, &two];
        let cost = if self.is_free { "0" } else { "0.02" };
        let config =
            format!("[command.it]\nprogram = \"/bin/sh\"\nargs = {args:?}\ncost = {cost}\n");
        std::fs::write(folder.join("home/config.toml"), config).unwrap();
    }

    fn set(&self, _: &mut Command) {}

    fn asked(&self) -> Vec<String> {
        let notes = std::fs::read_to_string(self.notes.path()).unwrap();
        let lines = notes.lines().filter(|line| !line.is_empty());
        let prompt = |line| serde_json::from_str::<Value>(line).unwrap()["prompt"].to_string();
        lines.map(prompt).collect()
    }

    /// It gives its pictures no names.
    fn made(&self) -> Vec<(String, Vec<String>)> {
        Vec::new()
    }

    fn wrong(&self) -> Vec<String> {
        Vec::new()
    }

    fn is_free(&self) -> bool {
        self.is_free
    }
}
