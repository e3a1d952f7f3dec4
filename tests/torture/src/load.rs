//! Large projects: how long a run takes, and how much memory.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::count::Count;

/// Builds the large projects, and prints what it took.
pub fn load(binary: &Path) -> Count {
    let mut count = Count::default();
    let mut first = None;
    for assets in [10_000_u32, 30_000, 100_000] {
        let (counted, seconds, peak) =
            one(binary, &format!("{assets} assets of one CSV"), |root| {
                let rows: String = (0..assets).map(|n| format!("a{n},{n}\n")).collect();
                std::fs::write(root.join("rows.csv"), format!("id,headline\n{rows}")).unwrap();
                std::fs::write(root.join("gpbuild.toml"), CSV).unwrap();
            });
        count += counted;
        let of_one = (seconds / f64::from(assets), peak as f64 / f64::from(assets));
        let of_first = *first.get_or_insert(of_one);
        // Twice what a tenth of them took for each would be far from linear, even where others work too.
        if of_one.0 > 2.0 * of_first.0 || of_one.1 > 2.0 * of_first.1 {
            println!("{assets} assets take more than their share");
            count.wrong += 1;
        }
    }
    let (counted, ..) = one(binary, "2,000 manifests", |root| {
        std::fs::write(root.join("gpbuild.toml"), DEFAULTS).unwrap();
        for n in 0..2000 {
            let folder = root.join(format!("m{n}"));
            std::fs::create_dir(&folder).unwrap();
            let text = format!("[cover.m{n}]\ntext = {{ headline = \"{n}\" }}\n");
            std::fs::write(folder.join("m.gp.toml"), text).unwrap();
        }
    });
    count += counted;
    let (counted, ..) = one(binary, "300 carousels of 30 slides", |root| {
        let mut text = DEFAULTS.to_owned();
        for n in 0..300 {
            text += &format!("[carousel.c{n}]\n");
            for slide in 0..30 {
                text +=
                    &format!("[[carousel.c{n}.slide]]\ntext = {{ headline = \"{n} {slide}\" }}\n");
            }
        }
        std::fs::write(root.join("gpbuild.toml"), text).unwrap();
    });
    count += counted;
    count
}

const DEFAULTS: &str = "[defaults]\nsize = \"40x30\"\ntemplate = \"plain\"\n";
const CSV: &str = "[defaults]\nsize = \"40x30\"\ntemplate = \"plain\"\n[cover.row]\nfor_each = { csv = \"rows.csv\" }\nid = \"{{ item.id }}\"\ntext = { headline = \"{{ item.headline }}\" }\n";
const PLAIN: &str = "<div data-role=\"headline\" style=\"width: 100%; height: 100%; font-size: 8px\">{{ text.headline }}</div>\n";

/// What came of it, the seconds of the first run, and its most memory in KiB.
fn one(binary: &Path, what: &str, fill: impl FnOnce(&Path)) -> (Count, f64, u64) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("templates")).unwrap();
    std::fs::write(folder.path().join("templates/plain.html"), PLAIN).unwrap();
    fill(folder.path());
    let mut wrong = 0;
    let mut runs = Vec::new();
    for run in ["first", "second"] {
        let began = Instant::now();
        let mut child = Command::new(binary)
            .args(["build", "-q"])
            .current_dir(folder.path())
            .env("GPBUILD_HOME", ".gpbuild")
            .spawn()
            .unwrap();
        let status = format!("/proc/{}/status", child.id());
        let mut most = 0;
        let code = loop {
            if let Some(code) = child.try_wait().unwrap() {
                break code;
            }
            most = most.max(peak(&status));
            std::thread::sleep(std::time::Duration::from_millis(2));
        };
        wrong += u64::from(!code.success());
        let seconds = began.elapsed().as_secs_f64();
        println!("{what}, {run} run: {seconds:.2} s, {} MB", most / 1024);
        runs.push((seconds, most));
    }
    let count = Count {
        cases: 1,
        wrong,
        ..Count::default()
    };
    (count, runs[0].0, runs[0].1)
}

/// The most memory so far, in KiB; 0 where the system does not say.
fn peak(status: &str) -> u64 {
    let text = std::fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
