//! Projects of a size: every picture has a colour of its own, so that no two are one object of the store,
//! and is as small as can be (16x16), so that making a hundred thousand of them ends before supper. How large
//! a picture is makes no difference to a run that has nothing to do.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Assets of one folder.
const IN_FOLDER: usize = 1_000;

/// Where the items of a project come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Items {
    /// A file of 400 bytes for each.
    Files,
    /// One CSV file for all.
    Csv,
}

/// Writes a project with `n` assets that share a template and a style.
pub fn write(folder: &Path, n: usize, items: Items) {
    let source = match items {
        Items::Files => "toml = \"specs/**/*.toml\"",
        Items::Csv => "csv = \"rows.csv\"",
    };
    let manifest = format!(
        "[defaults]\nsize = \"16x16\"\nstyle = \"shared\"\ntemplate = \"tile\"\n\n[cover.tile]\n\
         for_each = {{ {source} }}\nid = \"{{{{ item.group }}}}/{{{{ item.slug }}}}\"\n\
         text = {{ headline = \"{{{{ item.title }}}}\" }}\nvars.ground = \"#{{{{ item.colour }}}}\"\n"
    );
    fs::create_dir_all(folder.join("templates")).unwrap();
    fs::write(folder.join("gpbuild.toml"), manifest).unwrap();
    fs::write(folder.join(TEMPLATE), "<body style=\"width: 16px; height: 16px; background: {{ vars.ground }}; color: {{ vars.ink }}\"><!-- {{ text.headline }} --></body>\n").unwrap();
    fs::write(folder.join(STYLE), "[style.shared]\nprompt = \"muted palette, soft light\"\n\n[style.shared.vars]\nink = \"#ffffff\"\n").unwrap();
    if items == Items::Csv {
        let mut text = "group,slug,title,colour\n".to_owned();
        for i in 0..n {
            let _ = writeln!(text, "{},t{i:06},Picture {i:06},{i:06x}", group(i));
        }
        fs::write(folder.join(ROWS), text).unwrap();
        return;
    }
    for i in 0..n {
        let path = folder.join(spec(i));
        if i % IN_FOLDER == 0 {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
        }
        fs::write(path, spec_text(i, 0)).unwrap();
    }
}

/// The CSV file with all items.
pub const ROWS: &str = "rows.csv";
/// The template that all assets share.
pub const TEMPLATE: &str = "templates/tile.html";
/// The manifest with the style that all assets share.
pub const STYLE: &str = "style.gp.toml";

/// The spec of an asset in its `version`th wording, 400 bytes long.
pub fn spec_text(i: usize, version: usize) -> String {
    let group = group(i);
    let colour = (i + version * 7_919) % 0x100_0000;
    let mut text = format!(
        "group = \"{group}\"\nslug = \"t{i:06}\"\ntitle = \"Picture {i:06}, {version:06}\"\ncolour = \"{colour:06x}\"\n# "
    );
    while text.len() < 399 {
        text.push('-');
    }
    text.push('\n');
    text
}

fn group(i: usize) -> String {
    format!("g{:03}", i / IN_FOLDER)
}

/// Where the spec of an asset is.
pub fn spec(i: usize) -> PathBuf {
    format!("specs/{}/{i:06}.toml", group(i)).into()
}

/// Where the picture of an asset is.
pub fn output(i: usize) -> PathBuf {
    format!("dist/{}/t{i:06}.png", group(i)).into()
}
