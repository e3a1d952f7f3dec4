//! Drawing, from the start of the process to the last byte, against renderers that run in node: 30 different
//! pictures, and one. Prints times and ratios; nothing here is a test.
//!
//! `npm install` in `benches/peers`, then `cargo bench --bench draw`. Peers that are not there are skipped,
//! and named.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench: it has a clock and prints, and a panic is how it fails"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

/// How often each is run, after a run that is not counted; the median stands.
const RUNS: usize = 7;
/// What the text of every picture has besides its headline.
const BADGE: &str = "限时报名 · 仅 24 席";
const SUBHEAD: &str = "四周 · 线上 · 小班";
const CAPTIONS: [&str; 4] = ["每日打卡", "实战项目", "小班答疑", "结业作品"];
const FOOTER: &str = "班期 04-30 启动";

/// A renderer in node, and the package whose presence says that it is installed.
struct Peer {
    name: &'static str,
    script: &'static str,
    package: &'static str,
    args: &'static [&'static str],
}

const PEERS: [Peer; 4] = [
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
];

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers")
}

fn headlines(count: usize) -> Vec<String> {
    let rows = include_str!("../src/provider/local/headlines.txt").lines();
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

/// Builds a project of which nothing is made.
fn ours(folder: &Path) -> Duration {
    for made in [".gpbuild", "dist"] {
        let _ = fs::remove_dir_all(folder.join(made));
    }
    let _ = fs::remove_file(folder.join("gpbuild.lock"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_gpbuild"));
    time(command.arg("-q").current_dir(folder))
}

fn theirs(peer: &Peer, words: &Path, out: &Path) -> Duration {
    let _ = fs::remove_dir_all(out);
    let mut command = Command::new("node");
    command.arg(peers().join(peer.script)).args([words, out]);
    time(command.args(peer.args))
}

fn time(command: &mut Command) -> Duration {
    let began = Instant::now();
    let status = command.stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
    began.elapsed()
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// Runs ours and theirs in turn, so that both see the same machine; the medians in ms, and that of the ratios.
fn pairs(ours: impl Fn() -> Duration, theirs: impl Fn() -> Duration) -> (f64, f64, f64) {
    let (mut a, mut b, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..=RUNS {
        let (one, other) = (ours().as_secs_f64() * 1e3, theirs().as_secs_f64() * 1e3);
        if run > 0 {
            a.push(one);
            b.push(other);
            ratios.push(one / other);
        }
    }
    (median(a), median(b), median(ratios))
}

fn main() {
    let there = |peer: &&Peer| {
        let found = peers().join("node_modules").join(peer.package).exists();
        if !found {
            println!(
                "skipped: {}; `npm install` in benches/peers brings it",
                peer.name
            );
        }
        found
    };
    let installed: Vec<&Peer> = PEERS.iter().filter(there).collect();
    for count in [30, 1] {
        let folder = tempfile::tempdir().unwrap();
        let headlines = headlines(count);
        assert_eq!(headlines.len(), count);
        let words = folder.path().join("words.json");
        let fonts = Path::new(env!("CARGO_MANIFEST_DIR")).join("fonts");
        let text = json!({
            "fonts": fonts, "badge": BADGE, "subhead": SUBHEAD, "captions": CAPTIONS, "footer": FOOTER,
            "headlines": headlines,
        });
        fs::write(&words, text.to_string()).unwrap();
        for layout in ["event", "poster"] {
            let ours_in = folder.path().join(layout);
            project(&ours_in, layout, &headlines);
            if installed.is_empty() {
                let took = median((0..RUNS).map(|_| ours(&ours_in).as_secs_f64()).collect());
                println!("{count:>2} of `{layout}`: {:.0} ms", took * 1e3);
            }
            for peer in &installed {
                let out = folder.path().join("out");
                let (a, b, ratio) = pairs(|| ours(&ours_in), || theirs(peer, &words, &out));
                println!(
                    "{count:>2} of `{layout}`: {a:>5.0} ms; {}: {b:>5.0} ms; ratio {ratio:.2}",
                    peer.name
                );
            }
        }
    }
}
