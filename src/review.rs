//! `gpbuild.review.toml`, committed: what people say of pictures, and what was found in them and accepted, by digest.
//! Sorted, so that it merges as the lock does, and of both sides of a merge the newer word counts. What is in it is
//! somebody's word: bounded, and shown as words. Knows no page and no asset.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use base::diagnostic::{Diagnostic, Exit, Failure};
use base::digest::Digest;
use base::fs::{Durability, Folder, FsError};
use page::Review;
use store::ledger::Moment;

/// The file's name.
pub const FILE: &str = "gpbuild.review.toml";
/// The version that is written; a newer one is refused.
const VERSION: u32 = 1;
/// The largest file, in bytes.
const MAX_BYTES: u64 = 16 << 20;
/// The longest note, in characters.
pub const MAX_NOTE: usize = 2_000;
/// The longest name of a person or an asset, in characters.
const MAX_NAME: usize = 200;
/// The most pictures of which something is said.
const MAX_PICTURES: usize = 100_000;

/// What is said of a picture, as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Said {
    #[serde(skip_serializing_if = "Option::is_none")]
    approved: Option<bool>,
    #[serde(skip_serializing_if = "String::is_empty")]
    note: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    day: Option<String>,
}

/// What was found and accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Accepted {
    asset: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    version: u32,
    picture: BTreeMap<Digest, Said>,
    accepted: BTreeMap<Digest, Accepted>,
}

/// What people say of the pictures of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reviews(File);

impl Reviews {
    /// Reads those of the project in `root`; none if there are none.
    pub fn read(root: &Path) -> Result<Self, Failure> {
        let bytes = match Folder::open(root).and_then(|root| root.read(FILE, MAX_BYTES)) {
            Ok(bytes) => bytes,
            Err(e) if e.is_not_found() => return Ok(Self::default()),
            Err(e) => return Err(damaged(Diagnostic::error(e.to_string()))),
        };
        let text = String::from_utf8_lossy(&bytes);
        let sides = sides(&text);
        let mut read = Self::default();
        for side in &sides {
            read.merge(Self::parse(side)?);
        }
        Ok(read)
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        let file: File = toml::from_str(text).map_err(|e| {
            damaged(
                Diagnostic::error(format!("`{FILE}`: {}", e.message())).hint(
                    "mend it, or take back an older one: `git checkout -- gpbuild.review.toml`",
                ),
            )
        })?;
        if file.version > VERSION {
            return Err(damaged(
                Diagnostic::error(format!(
                    "`{FILE}` is of version {}; this gpbuild knows {VERSION}",
                    file.version
                ))
                .hint("use a newer gpbuild"),
            ));
        }
        let reviews = Self(file);
        reviews.check()?;
        Ok(reviews)
    }

    /// Refuses what nobody writes by hand.
    fn check(&self) -> Result<(), Failure> {
        if self.0.picture.len() > MAX_PICTURES || self.0.accepted.len() > MAX_PICTURES {
            let why = format!("`{FILE}` says something of more than {MAX_PICTURES} pictures");
            return Err(damaged(Diagnostic::error(why)));
        }
        for (digest, said) in &self.0.picture {
            let names = [&said.by, &said.day];
            let mut names = names.into_iter().flatten();
            if said.note.chars().count() > MAX_NOTE || names.any(|n| n.chars().count() > MAX_NAME) {
                let why = format!("`{FILE}`: what is said of `{}` is too long", digest.short());
                let hint = format!("a note has at most {MAX_NOTE} characters, a name {MAX_NAME}");
                return Err(damaged(Diagnostic::error(why).hint(hint)));
            }
        }
        Ok(())
    }

    /// Takes what another one says, too; of one picture the newer word counts, and the other's if they are of one day.
    pub fn merge(&mut self, other: Self) {
        for (digest, said) in other.0.picture {
            match self.0.picture.get(&digest) {
                Some(own) if own.day > said.day => {}
                _ => {
                    self.0.picture.insert(digest, said);
                }
            }
        }
        self.0.accepted.extend(other.0.accepted);
    }

    /// Writes them, sorted; nothing where nothing is said any more and there is no file.
    pub fn write(&self, root: &Path) -> Result<(), Failure> {
        let failed = |e: FsError| damaged(Diagnostic::error(e.to_string()));
        let folder = Folder::open(root).map_err(failed)?;
        folder
            .write(FILE, self.text().as_bytes(), Durability::Paid)
            .map_err(failed)
    }

    fn text(&self) -> String {
        let mut text = format!(
            "# What people say of pictures, by their digests. Written by gpbuild; commit it.\nversion = {VERSION}\n"
        );
        // Writing to a string does not fail.
        for (digest, said) in &self.0.picture {
            let _ = write!(text, "\n[picture.{}]\n", digest.hex());
            if let Some(approved) = said.approved {
                let _ = writeln!(text, "approved = {approved}");
            }
            let fields = [
                ("by", said.by.as_deref()),
                ("day", said.day.as_deref()),
                ("note", Some(said.note.as_str())),
            ];
            for (name, value) in fields {
                if let Some(value) = value.filter(|value| !value.is_empty()) {
                    let _ = writeln!(text, "{name} = {}", toml::Value::from(value));
                }
            }
        }
        for (key, accepted) in &self.0.accepted {
            let asset = toml::Value::from(accepted.asset.as_str());
            let _ = write!(text, "\n[accepted.{}]\nasset = {asset}\n", key.hex());
        }
        text
    }

    /// Notes what a person says of a picture; nothing at all takes back what was said.
    pub fn say(&mut self, picture: Digest, review: Review) {
        let note: String = review.note.trim().chars().take(MAX_NOTE).collect();
        if review.approved.is_none() && note.is_empty() {
            self.0.picture.remove(&picture);
            return;
        }
        let short = |name: String| name.chars().take(MAX_NAME).collect::<String>();
        let said = Said {
            approved: review.approved,
            note,
            by: review.by.map(short).filter(|by| !by.trim().is_empty()),
            day: Some(Moment::now().day().to_string()),
        };
        self.0.picture.insert(picture, said);
    }

    /// Notes that a person accepts what was found of an asset.
    pub fn accept(&mut self, key: Digest, asset: &str) {
        let asset = asset.chars().take(MAX_NAME).collect();
        self.0.accepted.insert(key, Accepted { asset });
    }

    /// Whether a person accepted what was found.
    pub fn accepts(&self, key: &Digest) -> bool {
        self.0.accepted.contains_key(key)
    }

    /// What is said of a picture.
    pub fn of(&self, picture: &Digest) -> Option<Review> {
        self.0.picture.get(picture).map(shown)
    }

    /// What is said of all of them.
    pub fn all(&self) -> BTreeMap<Digest, Review> {
        let pictures = self.0.picture.iter();
        pictures
            .map(|(digest, said)| (*digest, shown(said)))
            .collect()
    }
}

fn shown(said: &Said) -> Review {
    Review {
        approved: said.approved,
        note: said.note.clone(),
        by: said.by.clone(),
        day: said.day.clone(),
    }
}

/// What people say of the pictures of some assets, as a terminal tells it: a line for each of which there is a word.
pub fn told<'a>(
    reviews: &Reviews,
    pictures: impl Iterator<Item = (&'a str, Digest)>,
) -> Vec<String> {
    let lines = pictures.filter_map(|(id, digest)| {
        let review = reviews.of(&digest)?;
        let by = review.by.map(|by| format!(" by {by}")).unwrap_or_default();
        let note = match review.note.is_empty() {
            true => String::new(),
            false => format!(": {}", review.note.replace('\n', " ")),
        };
        Some(match review.approved {
            Some(true) => format!("review    {id}  approved{by}{note}"),
            Some(false) => format!("review    {id}  not approved{by}{note}"),
            None => format!("review    {id}  noted{by}{note}"),
        })
    });
    lines.collect()
}

/// Changes what is said in a project, while nobody else of this process does.
pub fn change(root: &Path, change: impl FnOnce(&mut Reviews)) -> Result<(), Failure> {
    let _writing = crate::pipeline::writing();
    let mut reviews = Reviews::read(root)?;
    let before = reviews.clone();
    change(&mut reviews);
    reviews.check()?;
    match reviews == before {
        true => Ok(()),
        false => reviews.write(root),
    }
}

/// The text, or both sides of it where git left those of a merge in it.
fn sides(text: &str) -> Vec<String> {
    #[derive(Clone, Copy, PartialEq)]
    enum At {
        Both,
        Ours,
        Base,
        Theirs,
    }
    let is_merge = text.lines().any(|line| line.starts_with("<<<<<<< "));
    if !is_merge {
        return vec![text.to_owned()];
    }
    let [mut ours, mut theirs] = [String::new(), String::new()];
    let mut at = At::Both;
    for line in text.lines() {
        let next = match line.get(..7) {
            Some("<<<<<<<") => Some(At::Ours),
            Some("|||||||") if at == At::Ours => Some(At::Base),
            Some("=======") if at != At::Both => Some(At::Theirs),
            Some(">>>>>>>") => Some(At::Both),
            _ => None,
        };
        if let Some(next) = next {
            at = next;
            continue;
        }
        for (side, own) in [(&mut ours, At::Ours), (&mut theirs, At::Theirs)] {
            if at == At::Both || at == own {
                side.push_str(line);
                side.push('\n');
            }
        }
    }
    vec![ours, theirs]
}

fn damaged(diagnostic: Diagnostic) -> Failure {
    Failure::new(Exit::Damaged, diagnostic)
}

#[cfg(test)]
mod tests {
    use super::{FILE, Reviews, change};
    use base::digest::Digest;
    use page::Review;

    fn said(note: &str) -> Review {
        Review {
            approved: Some(true),
            note: note.to_owned(),
            ..Review::default()
        }
    }

    #[test]
    fn what_is_said_is_read_again_and_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        change(root, |all| {
            all.say(a, said("\"quoted\"\n和中文 \u{1b}[31m"));
        })
        .unwrap();
        change(root, |all| all.say(b, said(""))).unwrap();
        change(root, |all| all.accept(b, "cover/x")).unwrap();
        let all = Reviews::read(root).unwrap();
        assert_eq!(all.of(&a).unwrap().note, "\"quoted\"\n和中文 \u{1b}[31m");
        assert!(all.accepts(&b) && !all.accepts(&a));
        change(root, |all| all.say(a, Review::default())).unwrap();
        assert_eq!(Reviews::read(root).unwrap().of(&a), None);
    }

    #[test]
    fn both_sides_of_a_merge_are_taken_and_what_nobody_wrote_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let [a, b] = [Digest::of(b"a").hex(), Digest::of(b"b").hex()];
        let write = |text: String| {
            base::fs::write_atomic(
                &root.join(FILE),
                text.as_bytes(),
                base::fs::Durability::Free,
            )
            .unwrap();
        };
        write(format!(
            "version = 1\n<<<<<<< ours\n[picture.{a}]\nnote = \"old\"\nday = \"2026-01-01\"\n=======\n[picture.{a}]\nnote = \"new\"\nday = \"2026-02-01\"\n\n[picture.{b}]\napproved = false\n>>>>>>> theirs\n"
        ));
        let all = Reviews::read(root).unwrap();
        assert_eq!(all.of(&Digest::of(b"a")).unwrap().note, "new");
        assert_eq!(all.of(&Digest::of(b"b")).unwrap().approved, Some(false));
        for text in [
            "version = 9".to_owned(),
            "[picture.zz]\nnote = \"x\"".to_owned(),
            format!("[picture.{a}]\nrun = \"rm\""),
            format!("[picture.{a}]\nnote = \"{}\"", "x".repeat(2_001)),
        ] {
            write(text);
            assert!(Reviews::read(root).is_err());
        }
    }
}
