//! Large projects: how long a run takes, and how much memory.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::count::Count;

/// Builds the large projects, and prints what it took.
pub fn load(binary: &Path) -> Count {
    let mut count = Count::default();
    for assets in [10_000, 30_000, 100_000] {
        count += one(binary, &format!("{assets} assets of one CSV"), |root| {
            let rows: String = (0..assets).map(|n| format!("a{n},{n}\n")).collect();
            std::fs::write(root.join("rows.csv"), format!("id,headline\n{rows}")).unwrap();
            std::fs::write(root.join("gpbuild.toml"), CSV).unwrap();
        });
    }
    count += one(binary, "2,000 manifests", |root| {
        std::fs::write(root.join("gpbuild.toml"), DEFAULTS).unwrap();
        for n in 0..2000 {
            let folder = root.join(format!("m{n}"));
            std::fs::create_dir(&folder).unwrap();
            let text = format!("[cover.m{n}]\ntext = {{ headline = \"{n}\" }}\n");
            std::fs::write(folder.join("m.gp.toml"), text).unwrap();
        }
    });
    count += one(binary, "300 carousels of 30 slides", |root| {
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
    count
}

const DEFAULTS: &str = "[defaults]\nsize = \"40x30\"\ntemplate = \"plain\"\n";
const CSV: &str = "[defaults]\nsize = \"40x30\"\ntemplate = \"plain\"\n[cover.row]\nfor_each = { csv = \"rows.csv\" }\nid = \"{{ item.id }}\"\ntext = { headline = \"{{ item.headline }}\" }\n";
const PLAIN: &str = "<div data-role=\"headline\" style=\"width: 100%; height: 100%; font-size: 8px\">{{ text.headline }}</div>\n";

fn one(binary: &Path, what: &str, fill: impl FnOnce(&Path)) -> Count {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("templates")).unwrap();
    std::fs::write(folder.path().join("templates/plain.html"), PLAIN).unwrap();
    fill(folder.path());
    let mut wrong = 0;
    for run in ["first", "second"] {
        let began = Instant::now();
        let mut child = Command::new(binary)
            .args(["build", "-q"])
            .current_dir(folder.path())
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
        println!(
            "{what}, {run} run: {:.2} s, {} MB",
            began.elapsed().as_secs_f64(),
            most / 1024
        );
    }
    Count {
        cases: 1,
        wrong,
        ..Count::default()
    }
}

/// The most memory so far, in KiB; 0 where the system does not say.
fn peak(status: &str) -> u64 {
    let text = std::fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
