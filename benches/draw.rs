//! Drawing, from the start of the process to the last byte, against other renderers: 30 different pictures, and
//! one. Prints times, ratios, and what the processor did for it, which another program on the same cores
//! disturbs less; nothing here is a test.
//!
//! `npm install` in `benches/peers` and `pip install typst`, then `cargo bench --bench draw`. Peers that are not
//! there are skipped, and named.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench: it has a clock and prints, and a panic is how it fails"
)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use common::{find, median, usage};

/// How often each is run, after a run that is not counted; the median stands.
const RUNS: usize = 7;
/// What the text of every picture has besides its headline.
const BADGE: &str = "限时报名 · 仅 24 席";
const SUBHEAD: &str = "四周 · 线上 · 小班";
const CAPTIONS: [&str; 4] = ["每日打卡", "实战项目", "小班答疑", "结业作品"];
const FOOTER: &str = "班期 04-30 启动";

/// How often what the processor does is asked for; the least stands.
const CPU_RUNS: usize = 3;

/// Another renderer.
struct Peer {
    name: &'static str,
    /// Run by node, or by python.
    script: &'static str,
    /// The package whose presence says that it is installed.
    package: &'static str,
    args: &'static [&'static str],
}

const PEERS: [Peer; 6] = [
    Peer {
        name: "takumi, one by one",
        script: "takumi.mjs",
        package: "@takumi-rs/core",
        args: &["one-by-one"],
    },
    Peer {
        name: "takumi, all at once",
        script: "takumi.mjs",
        package: "@takumi-rs/core",
        args: &[],
    },
    Peer {
        name: "satori + resvg-js",
        script: "resvg.mjs",
        package: "@resvg/resvg-js",
        args: &[],
    },
    Peer {
        name: "satori + sharp",
        script: "sharp.mjs",
        package: "sharp",
        args: &[],
    },
    Peer {
        name: "typst",
        script: "event.py",
        package: "typst",
        args: &[],
    },
    Peer {
        name: "Chromium",
        script: "chromium.mjs",
        package: "playwright-core",
        args: &[],
    },
];

impl Peer {
    fn is_python(&self) -> bool {
        self.script.ends_with(".py")
    }

    fn program(&self) -> &'static str {
        if self.is_python() { "python3" } else { "node" }
    }

    /// Whether it is there; says so if not.
    fn is_installed(&self) -> bool {
        let (found, how) = if self.is_python() {
            let mut import = Command::new(self.program());
            import.args(["-c", &format!("import {}", self.package)]);
            let output = import.stderr(Stdio::null()).status();
            (
                output.is_ok_and(|status| status.success()),
                "`pip install typst`",
            )
        } else {
            let package = peers().join("node_modules").join(self.package);
            (
                package.exists() && find("node").is_some(),
                "`npm install` in benches/peers",
            )
        };
        if !found {
            println!("skipped: {}; {how} brings it", self.name);
        }
        found
    }

    /// Draws `words` into `out`.
    fn command(&self, words: &Path, out: &Path) -> Command {
        let mut command = Command::new(self.program());
        command.arg(peers().join(self.script)).args([words, out]);
        command.args(self.args);
        command
    }
}

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers")
}

fn headlines(count: usize) -> Vec<String> {
    let rows = include_str!("../crates/render/src/headlines.txt").lines();
    rows.filter(|row| !row.starts_with('#') && !row.is_empty())
        // Every peer has to get it into the same place at the same size.
        .map(|row| row.replace('|', ""))
        .filter(|row| (8..=18).contains(&row.chars().count()))
        .take(count)
        .collect()
}

/// A project of covers with one layout: `event`, which draws what the peers draw, or a built-in one.
fn project(folder: &Path, layout: &str, headlines: &[String]) {
    fs::create_dir_all(folder.join("templates")).unwrap();
    fs::copy(
        peers().join("event.html"),
        folder.join("templates/event.html"),
    )
    .unwrap();
    let mut covers = toml::Table::new();
    for (n, headline) in headlines.iter().enumerate() {
        let text = toml::toml! {
            badge = BADGE
            subhead = SUBHEAD
            footer = FOOTER
        };
        let mut text = text;
        text.insert("headline".to_owned(), headline.as_str().into());
        text.insert("captions".to_owned(), CAPTIONS.to_vec().into());
        let mut cover = toml::Table::new();
        cover.insert("template".to_owned(), layout.into());
        cover.insert("text".to_owned(), text.into());
        covers.insert(format!("c{n}"), cover.into());
    }
    let mut manifest = toml::toml! {
        [project]
        name = "draw"
        [defaults]
        model = "local"
        size = "1080x1440"
    };
    manifest.insert("cover".to_owned(), covers.into());
    fs::write(folder.join("gpbuild.toml"), manifest.to_string()).unwrap();
}

/// Builds a new project, in a new folder: ext4 does not give the number of a deleted file away again for minutes,
/// and looks for another one, one by one, which would be a part of what is measured.
fn ours(folder: &Path, layout: &str, headlines: &[String]) -> Command {
    let folder = tempfile::tempdir_in(folder).unwrap().keep();
    project(&folder, layout, headlines);
    let mut command = Command::new(env!("CARGO_BIN_EXE_gpbuild"));
    command.arg("-q").current_dir(folder);
    command
}

fn theirs(peer: &Peer, words: &Path, folder: &Path) -> Command {
    let out = tempfile::tempdir_in(folder).unwrap().keep();
    peer.command(words, &out)
}

fn time(command: &mut Command) -> Duration {
    let began = Instant::now();
    let status = command.stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
    began.elapsed()
}

/// Runs ours and theirs in turn, so that both see the same machine; the medians in ms, and that of the ratios.
fn pairs(ours: impl Fn() -> Command, theirs: impl Fn() -> Command) -> (f64, f64, f64) {
    let (mut a, mut b, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..=RUNS {
        let took = |mut command: Command| time(&mut command).as_secs_f64() * 1e3;
        let (one, other) = (took(ours()), took(theirs()));
        if run > 0 {
            a.push(one);
            b.push(other);
            ratios.push(one / other);
        }
    }
    (median(&a), median(&b), median(&ratios))
}

/// The least that the processor did for a run, in ms.
fn cpu(command: impl Fn() -> Command) -> Option<f64> {
    (0..CPU_RUNS)
        .map(|_| usage(&command()).map(|usage| usage.cpu * 1e3))
        .reduce(|one, other| Some(one?.min(other?)))?
}

fn main() {
    let installed: Vec<&Peer> = PEERS.iter().filter(|peer| peer.is_installed()).collect();
    for count in [30, 1] {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let headlines = headlines(count);
        assert_eq!(headlines.len(), count);
        let words = folder.join("words.json");
        let fonts = Path::new(env!("CARGO_MANIFEST_DIR")).join("fonts");
        let text = json!({
            "fonts": fonts, "badge": BADGE, "subhead": SUBHEAD, "captions": CAPTIONS, "footer": FOOTER,
            "headlines": headlines,
        });
        fs::write(&words, text.to_string()).unwrap();
        for layout in ["event", "poster"] {
            let ours = || ours(folder, layout, &headlines);
            let used = cpu(ours);
            let what = format!("{count:>2} of `{layout}`");
            if let Some(used) = used {
                println!("{what}: processor {used:.0} ms");
            }
            if installed.is_empty() {
                let took: Vec<f64> = (0..RUNS)
                    .map(|_| time(&mut ours()).as_secs_f64() * 1e3)
                    .collect();
                println!("{what}: {:.0} ms", median(&took));
            }
            for peer in &installed {
                let theirs = || theirs(peer, &words, folder);
                let (a, b, ratio) = pairs(ours, theirs);
                let name = peer.name;
                print!("{what}: {a:>5.0} ms; {name}: {b:>5.0} ms; ratio {ratio:.2}");
                match used.zip(cpu(theirs)) {
                    Some((used, cpu)) => println!("; processor {:.2}", used / cpu),
                    None => println!(),
                }
            }
        }
    }
}
