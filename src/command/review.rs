//! `gpbuild review`: the page as a folder that opens in any browser without a server, and what comes back of it. What comes
//! back is a stranger's file: it says something of pictures that this project knows, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use crate::board::{self, About};
use crate::pipeline::{self, Settings, store_failure};
use crate::review::{self, MAX_NOTE, Reviews};
use base::diagnostic::{Diagnostic, Exit, Failure, count};
use base::digest::Digest;
use base::fs::{Durability, Folder, read_bounded};
use export::Format;
use page::{Board, Detail, Project, Review};
use report::{Event, Reporter};

/// The largest file that comes back, in bytes.
const MAX_BYTES: u64 = 16 << 20;
/// How wide the small pictures of a folder are, in pixels.
const THUMB: u32 = 640;
/// What tells a folder of ours from another one.
const MARK: &str = "data.js";

/// What comes back.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Returned {
    gpbuild_review: u32,
    #[serde(default)]
    project: String,
    reviews: BTreeMap<String, Word>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Word {
    #[serde(default)]
    approved: Option<bool>,
    #[serde(default)]
    note: String,
    #[serde(default)]
    by: Option<String>,
}

/// Writes the folder `to`.
pub fn write(settings: &Settings, to: &Path, reporter: &Reporter) -> Result<Exit, Failure> {
    // A folder without what was said of its pictures is not what anybody asked for.
    Reviews::read(&settings.root)?;
    let drafts = pipeline::drafts_of(settings);
    let about = About::new(settings.clone(), Some(drafts), false, None);
    // What is wrong with the project is told as by every command.
    let assets = board::details(&about)?;
    let board = about.board();
    let folder = ready(to)?;
    let (pictures, thumbs) = copy(&about, &board, &assets, &folder)?;
    let shown = board.rows.as_ref().map_or(0, Vec::len);
    let page = page::Folder {
        about: about.about(),
        board,
        assets,
        pictures,
        thumbs,
    };
    for (name, bytes) in page.files() {
        let written = folder.write(&name, &bytes, Durability::Free);
        written.map_err(|e| store_failure(&e))?;
    }
    reporter.event(Event::Note(&format!(
        "review    {}  {}: open index.html; `gpbuild review --take FILE` takes what comes back",
        to.display(),
        count(shown, "asset")
    )));
    Ok(Exit::Done)
}

/// The folder, which is new, empty, or one that was written before.
fn ready(to: &Path) -> Result<Folder, Failure> {
    let folder = Folder::create(to).map_err(|e| store_failure(&e))?;
    let names = folder.list().map_err(|e| store_failure(&e))?;
    if names.is_empty() || names.iter().any(|(name, _)| name == MARK) {
        return Ok(folder);
    }
    let why = format!("`{}` is a folder with other things in it", to.display());
    let diagnostic = Diagnostic::error(why).hint("name one that is new or empty");
    Err(Failure::new(Exit::Manifest, diagnostic))
}

type Files = BTreeMap<Digest, String>;

/// Copies every picture that the page names, and makes a small one of each.
fn copy(
    about: &About,
    board: &Board,
    assets: &BTreeMap<String, Detail>,
    folder: &Folder,
) -> Result<(Files, Files), Failure> {
    let mut seen_at = BTreeMap::new();
    for (digest, place) in &board.pictures {
        seen_at.entry(*digest).or_insert_with(|| place.clone());
    }
    for digest in assets.values().flat_map(all_of) {
        seen_at.entry(digest).or_insert(None);
    }
    let folders = ["pictures", "thumbs"].map(|name| folder.make(name));
    let [large, small] = folders.map(|folder| folder.map_err(|e| store_failure(&e)));
    let (large, small) = (large?, small?);
    let (mut pictures, mut thumbs) = (Files::new(), Files::new());
    for (digest, place) in seen_at {
        let Some(bytes) = about.picture(&digest, place.as_deref()) else {
            continue;
        };
        let put = |folder: &Folder, name: &str, bytes: &[u8], files: &mut Files| {
            let ending = Format::of(bytes).map_or("pdf", Format::extension);
            let file = format!("{}.{ending}", digest.hex());
            files.insert(digest, format!("{name}/{file}"));
            folder.write(&file, bytes, Durability::Free)
        };
        let put_large = put(&large, "pictures", &bytes, &mut pictures);
        put_large.map_err(|e| store_failure(&e))?;
        if let Some(bytes) = about.thumbnail(&digest, place.as_deref(), THUMB) {
            let put_small = put(&small, "thumbs", &bytes, &mut thumbs);
            put_small.map_err(|e| store_failure(&e))?;
        }
    }
    Ok((pictures, thumbs))
}

/// Every picture that is shown of an asset.
fn all_of(detail: &Detail) -> impl Iterator<Item = Digest> {
    let candidates = detail.shots.iter().flat_map(|shot| &shot.candidates);
    let paid = detail.history.iter().flat_map(|paid| &paid.pictures);
    candidates.chain(paid).copied()
}

/// Takes what came back in the file `from`.
pub fn take(settings: &Settings, from: &Path, reporter: &Reporter) -> Result<Exit, Failure> {
    let name = from.display();
    let usage = |why: String| {
        let diagnostic = Diagnostic::error(format!("`{name}`: {why}"))
            .hint("give the file that the page of `gpbuild review DIR` saved");
        Failure::new(Exit::Manifest, diagnostic)
    };
    let bytes = read_bounded(from, MAX_BYTES).map_err(|e| usage(e.to_string()))?;
    let returned: Returned =
        serde_json::from_slice(&bytes).map_err(|e| usage(format!("it is no review: {e}")))?;
    if returned.gpbuild_review != 1 {
        return Err(usage("it is a review of another gpbuild".to_owned()));
    }
    let known = known(settings)?;
    let (mut taken, mut unknown) = (BTreeMap::new(), 0);
    for (digest, word) in returned.reviews {
        let Some(digest) = Digest::parse(&digest).filter(|digest| known.contains(digest)) else {
            unknown += 1;
            continue;
        };
        if word.note.chars().count() > MAX_NOTE {
            return Err(usage(format!(
                "a note is longer than {MAX_NOTE} characters"
            )));
        }
        let review = Review {
            approved: word.approved,
            note: plain(&word.note),
            by: word.by.map(|by| plain(&by)),
            day: None,
        };
        taken.insert(digest, review);
    }
    let number = taken.len();
    let before = Reviews::read(&settings.root)?;
    let replaced = taken.iter().filter(|(digest, review)| {
        let before = before.of(digest);
        before.is_some_and(|before| !before.note.is_empty() && before.note != review.note)
    });
    let replaced = replaced.count();
    review::change(&settings.root, |all| {
        for (digest, review) in taken {
            all.say(digest, review);
        }
    })?;
    tell_of_taken(
        number,
        replaced,
        unknown,
        &plain(&returned.project),
        reporter,
    );
    Ok(Exit::Done)
}

/// Without what a terminal or an editor would obey.
fn plain(text: &str) -> String {
    let plain = text.chars().filter(|c| !c.is_control() || *c == '\n');
    plain.collect()
}

/// Tells what came of it: of how many pictures something was taken, replaced, and not taken.
fn tell_of_taken(
    number: usize,
    replaced: usize,
    unknown: usize,
    project: &str,
    reporter: &Reporter,
) {
    let words = count(number, "picture");
    let of = match project {
        "" => String::new(),
        project => format!(" of `{project}`"),
    };
    reporter.event(Event::Note(&format!(
        "taken     what is said of {words}{of}"
    )));
    if replaced > 0 {
        let pictures = count(replaced, "picture");
        let message = format!("what was noted of {pictures} before is replaced");
        let diagnostic = Diagnostic::warning(message);
        reporter.event(Event::Diagnostic(
            &diagnostic.hint("`git diff gpbuild.review.toml` shows what it said"),
        ));
    }
    if unknown > 0 {
        let pictures = count(unknown, "picture");
        reporter.event(Event::Diagnostic(&Diagnostic::warning(format!(
            "{pictures} in it this project does not know: nothing is taken of those"
        ))));
    }
}

/// Every picture that this project knows.
fn known(settings: &Settings) -> Result<BTreeSet<Digest>, Failure> {
    let about = About::new(settings.clone(), None, false, None);
    let assets = board::details(&about)?;
    let mut known: BTreeSet<Digest> = assets.values().flat_map(all_of).collect();
    let planned = pipeline::plan(settings)?;
    known.extend(planned.plan.steps.iter().filter_map(|step| step.digest));
    known.extend(planned.lock.assets.values().map(|locked| locked.digest));
    let drafts = pipeline::drafts_of(settings);
    if let Ok(drafts) = pipeline::plan(&drafts) {
        known.extend(drafts.plan.steps.iter().filter_map(|step| step.digest));
    }
    Ok(known)
}
