//! A thousand outputs of 20 kB are gone and come back from the store: against `cp -r` of the same files.
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
use std::path::Path;

use common::{GPBUILD, in_turn, run, settle};

const ROUNDS: usize = 15;
/// Noise does not compress: such a square is a PNG of 20 kB.
const SIDE: u32 = 81;

fn main() {
    for n in common::sizes(&[1_000]) {
        restore(n);
    }
    println!(
        "skipped: turborepo, whose cache holds the outputs of whole tasks and not of one picture"
    );
}

fn restore(n: usize) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, n);
    run(GPBUILD, &["build", "-q"], folder);
    let size = fs::metadata(folder.join("dist/t000000.png")).unwrap().len();
    run("cp", &["-r", "dist", "saved"], folder);
    settle(folder, &["build"]);
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
    let pairs = in_turn(
        ROUNDS,
        || {
            gone();
            run(GPBUILD, &["build", "-q"], folder)
        },
        || {
            gone();
            run("cp", &["-r", "saved/.", "dist"], folder)
        },
    );
    for i in 0..n {
        let name = format!("t{i:06}.png");
        let read = |at: &str| fs::read(folder.join(at).join(&name)).unwrap();
        assert_eq!(read("dist"), read("saved"), "{name}");
    }
    let what = format!("{n} outputs of {} kB restored", size / 1_000);
    pairs.tell(&what, "cp -r", 1.2);
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
