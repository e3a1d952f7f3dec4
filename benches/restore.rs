//! A thousand outputs of 20 kB are gone and come back from the store: against `cp -r` of the same files, and
//! against turborepo's cache (`npm install` in `benches/peers`).
//!
//! `cargo bench --bench restore`, or with another number of them: `cargo bench --bench restore -- 200`.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench: it has a clock and prints, and a panic is how it fails"
)]

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use common::{GPBUILD, in_turn, run, run_at_home};

const ROUNDS: usize = 15;
/// Noise does not compress: such a square is a PNG of 20 kB.
const SIDE: u32 = 81;

fn main() {
    for n in common::sizes(&[1_000]) {
        restore(n, None);
        match another_file_system() {
            Some(home) => restore(n, Some(home.path())),
            None => println!("skipped: a store on another file system; there is no `/dev/shm`"),
        }
    }
}

/// A folder on another file system than that of temporary files, if there is one.
fn another_file_system() -> Option<tempfile::TempDir> {
    use std::os::unix::fs::MetadataExt;
    let there = Path::new("/dev/shm");
    let of = |path: &Path| fs::metadata(path).ok().map(|meta| meta.dev());
    let is_other = of(there)? != of(&std::env::temp_dir())?;
    is_other.then(|| tempfile::tempdir_in(there).ok())?
}

/// With the store in the project's own folder, or in `home`: then what `cp` copies lies there, too.
fn restore(n: usize, home: Option<&Path>) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, n);
    let build = || {
        let home = home.unwrap_or(Path::new(".gpbuild"));
        run_at_home(GPBUILD, &["build", "-q"], folder, home)
    };
    build();
    let size = fs::metadata(folder.join("dist/t000000.png")).unwrap().len();
    let saved = home.map_or_else(|| folder.join("saved"), |home| home.join("saved"));
    let saved = saved.to_str().unwrap();
    run("cp", &["-r", "dist", saved], folder);
    // So that no file is young any more.
    std::thread::sleep(common::SETTLED);
    for _ in 0..3 {
        build();
    }
    // Put aside, not deleted: ext4 does not give the number of a deleted file away again for minutes, and looks
    // for another one, one by one, which would be all that is measured.
    let aside = tempfile::tempdir().unwrap();
    let gone = || {
        let aside = tempfile::tempdir_in(aside.path()).unwrap().keep();
        for i in 0..n {
            let name = format!("t{i:06}.png");
            fs::rename(folder.join("dist").join(&name), aside.join(&name)).unwrap();
        }
    };
    let ours = || {
        gone();
        build()
    };
    let pairs = in_turn(ROUNDS, ours, || {
        gone();
        run("cp", &["-r", &format!("{saved}/."), "dist"], folder)
    });
    for i in 0..n {
        let name = format!("t{i:06}.png");
        let read = |at: &Path| fs::read(at.join(&name)).unwrap();
        assert_eq!(read(&folder.join("dist")), read(Path::new(saved)), "{name}");
    }
    let what = format!("{n} outputs of {} kB restored", size / 1_000);
    if home.is_some() {
        let what = format!("{what} from another file system");
        return pairs.tell(&what, "cp -r from there", 1.2);
    }
    pairs.tell(&what, "cp -r", 1.2);
    let Some(turbo) = turbo() else {
        println!("skipped: turborepo; `npm install` in benches/peers brings it");
        return;
    };
    let task = Task::new(turbo, Path::new(saved));
    let pairs = in_turn(ROUNDS, ours, || task.restore());
    pairs.tell(&what, "turborepo", 1.2);
}

/// turborepo without the script that finds it, which would be a part of what is measured.
fn turbo() -> Option<PathBuf> {
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/node_modules/@turbo");
    let mut found = fs::read_dir(packages).ok()?.filter_map(Result::ok);
    found.find_map(|package| {
        let program = package.path().join("bin/turbo");
        program.is_file().then_some(program)
    })
}

/// One task of turborepo that makes all the files: its cache holds the outputs of whole tasks.
struct Task {
    turbo: String,
    folder: tempfile::TempDir,
    aside: tempfile::TempDir,
}

impl Task {
    fn new(turbo: PathBuf, files: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let copy = format!("mkdir dist && cp -r {}/. dist", files.display());
        let package = json!({
            "name": "restore", "private": true, "packageManager": "npm@11.0.0", "scripts": { "draw": copy },
        });
        let lock = json!({ "name": "restore", "lockfileVersion": 3, "packages": {} });
        let tasks =
            json!({ "tasks": { "draw": { "inputs": ["package.json"], "outputs": ["dist/**"] } } });
        for (name, text) in [
            ("package.json", package),
            ("package-lock.json", lock),
            ("turbo.json", tasks),
        ] {
            fs::write(folder.path().join(name), text.to_string()).unwrap();
        }
        let task = Self {
            turbo: turbo.to_str().unwrap().to_owned(),
            folder,
            aside: tempfile::tempdir().unwrap(),
        };
        task.run();
        task
    }

    fn run(&self) -> f64 {
        let arguments = ["TURBO_TELEMETRY_DISABLED=1", "TURBO_NO_UPDATE_NOTIFIER=1"];
        let command = [&self.turbo, "run", "draw", "--output-logs=none"];
        run(
            "env",
            &[&arguments[..], &command].concat(),
            self.folder.path(),
        )
    }

    fn restore(&self) -> f64 {
        let aside = tempfile::tempdir_in(self.aside.path()).unwrap().keep();
        let dist = self.folder.path().join("dist");
        fs::rename(&dist, aside.join("dist")).unwrap();
        let took = self.run();
        assert!(dist.is_dir(), "turborepo restored nothing");
        took
    }
}

/// A project with `n` pictures of the same noise, each with a pixel of its own colour.
fn write(folder: &Path, n: usize) {
    fs::create_dir_all(folder.join("templates")).unwrap();
    let manifest = format!(
        "[project]\nroles = []\n[defaults]\nsize = \"{SIDE}x{SIDE}\"\ntemplate = \"noise\"\n\
         [cover.tile]\nfor_each = {{ csv = \"rows.csv\" }}\nid = \"{{{{ item.slug }}}}\"\n\
         vars.dot = \"#{{{{ item.colour }}}}\"\n"
    );
    fs::write(folder.join("gpbuild.toml"), manifest).unwrap();
    let page = format!(
        "<body style=\"display: flex; width: {SIDE}px; height: {SIDE}px\">\
         <img src=\"noise.png\" style=\"position: absolute; width: {SIDE}px; height: {SIDE}px\">\
         <div style=\"position: absolute; width: 1px; height: 1px; background: {{{{ vars.dot }}}}\"></div></body>\n"
    );
    fs::write(folder.join("templates/noise.html"), page).unwrap();
    let mut rows = "slug,colour\n".to_owned();
    for i in 0..n {
        let _ = writeln!(rows, "t{i:06},{i:06x}");
    }
    fs::write(folder.join("rows.csv"), rows).unwrap();
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let pixels: Vec<u8> = (0..SIDE * SIDE * 3).map(|_| noise()).collect();
    let file = fs::File::create(folder.join("noise.png")).unwrap();
    let mut encoder = png::Encoder::new(file, SIDE, SIDE);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
}
