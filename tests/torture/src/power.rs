//! Power cuts: what a run did to the disk is replayed on a small model of a file system up to each
//! operation, what was not synced is dropped, and the next run goes on from what is left.
//!
//! The model: a file has contents, and contents that were synced; a folder has names, and names that were
//! synced. Nothing else is on the disk for sure, not even the way to a file that is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use crate::count::Count;
use crate::journal::{self, Op};
use crate::project::Project;
use crate::random::Random;
use crate::spread::spread;

/// Slides of the carousel.
const SLIDES: u64 = 3;

/// A number of a file or a folder.
type Inode = usize;

#[derive(Clone, Debug, Default)]
enum Node {
    #[default]
    Gone,
    File {
        now: Vec<u8>,
        synced: Vec<u8>,
    },
    Folder {
        now: BTreeMap<String, Inode>,
        synced: BTreeMap<String, Inode>,
    },
}

/// What is kept of what was not synced.
#[derive(Clone, Copy, Debug)]
pub enum Kept {
    /// Nothing.
    Nothing,
    /// Names, but no contents: files are empty.
    Names,
    /// Names, and half of the contents.
    Halves,
    /// Each name and each content or not, by that seed.
    Some(u64),
}

/// The ways in which what was not synced is kept; two of them by seeds of this number.
pub fn ways(number: u64) -> [Kept; 5] {
    [
        Kept::Nothing,
        Kept::Names,
        Kept::Halves,
        Kept::Some(number * 2),
        Kept::Some(number * 2 + 1),
    ]
}

/// The disk of a project.
#[derive(Clone, Debug)]
pub struct Disk {
    nodes: Vec<Node>,
}

impl Disk {
    /// A disk with these files on it, surely.
    pub fn new(files: &BTreeMap<String, Vec<u8>>) -> Self {
        let mut disk = Self {
            nodes: vec![folder()],
        };
        for (path, bytes) in files {
            disk.make_folders(path.rsplit_once('/').map_or("", |(folder, _)| folder));
            disk.link(path, |disk| {
                disk.add(Node::File {
                    now: bytes.clone(),
                    synced: bytes.clone(),
                })
            });
        }
        for node in &mut disk.nodes {
            if let Node::Folder { now, synced } = node {
                synced.clone_from(now);
            }
        }
        disk
    }

    fn add(&mut self, node: Node) -> Inode {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn find(&self, path: &str) -> Option<Inode> {
        let mut at = 0;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            let Node::Folder { now, .. } = &self.nodes[at] else {
                return None;
            };
            at = *now.get(part)?;
        }
        Some(at)
    }

    fn names(&mut self, folder: &str) -> &mut BTreeMap<String, Inode> {
        let at = self
            .find(folder)
            .unwrap_or_else(|| panic!("no folder {folder}"));
        match &mut self.nodes[at] {
            Node::Folder { now, .. } => now,
            other => panic!("{folder} is {other:?}"),
        }
    }

    /// Gives a name to a node, over what had it.
    fn link(&mut self, path: &str, node: impl FnOnce(&mut Self) -> Inode) {
        let node = node(self);
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.names(folder).insert(name.to_owned(), node);
    }

    fn unlink(&mut self, path: &str) -> Option<Inode> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.names(folder).remove(name)
    }

    fn make_folders(&mut self, path: &str) {
        let mut at = String::new();
        for part in path.split('/').filter(|part| !part.is_empty()) {
            at = if at.is_empty() {
                part.to_owned()
            } else {
                format!("{at}/{part}")
            };
            if self.find(&at).is_none() {
                self.link(&at, |disk| disk.add(folder()));
            }
        }
    }

    /// Does what a run did.
    pub fn replay(&mut self, op: &Op) {
        // With several threads, a folder may be used before who made it has said so.
        match op.verb.as_str() {
            "sync-folder" => self.make_folders(&op.path),
            _ => self.make_folders(op.path.rsplit_once('/').map_or("", |(folder, _)| folder)),
        }
        if op.verb == "rename" {
            self.make_folders(op.to.rsplit_once('/').map_or("", |(folder, _)| folder));
        }
        match op.verb.as_str() {
            "create-folder" => self.make_folders(&op.path),
            "create" => self.link(&op.path, |disk| disk.add(file())),
            "append" | "hold" => {
                if self.find(&op.path).is_none() {
                    self.link(&op.path, |disk| disk.add(file()));
                }
            }
            "write" => {
                let at = self.find(&op.path).unwrap();
                if let Node::File { now, .. } = &mut self.nodes[at] {
                    now.extend_from_slice(&op.with);
                }
            }
            "sync" => {
                let at = self.find(&op.path).unwrap();
                if let Node::File { now, synced } = &mut self.nodes[at] {
                    synced.clone_from(now);
                }
            }
            "sync-folder" => {
                let at = self.find(&op.path).unwrap();
                if let Node::Folder { now, synced } = &mut self.nodes[at] {
                    synced.clone_from(now);
                }
            }
            "rename" => {
                if let Some(node) = self.unlink(&op.path) {
                    self.link(&op.to, |_| node);
                }
            }
            "remove" => drop(self.unlink(&op.path)),
            other => panic!("what is {other}?"),
        }
    }

    /// What is there after a power cut.
    pub fn after(&self, kept: Kept) -> BTreeMap<String, Vec<u8>> {
        let mut random = Random::new(match kept {
            Kept::Some(seed) => seed,
            _ => 0,
        });
        let mut files = BTreeMap::new();
        self.walk(0, "", kept, &mut random, &mut files);
        files
    }

    fn walk(
        &self,
        at: Inode,
        path: &str,
        kept: Kept,
        random: &mut Random,
        files: &mut BTreeMap<String, Vec<u8>>,
    ) {
        match &self.nodes[at] {
            Node::Gone => {}
            Node::File { now, synced } => {
                let contents = match kept {
                    _ if now == synced => now.clone(),
                    Kept::Nothing | Kept::Names => synced.clone(),
                    // What was synced stays, whatever came after it.
                    Kept::Halves => now[..now.len().div_ceil(2).max(synced.len())].to_vec(),
                    Kept::Some(_) => {
                        let more = random.below((now.len() - synced.len()) as u64 + 1);
                        now[..synced.len() + usize::try_from(more).unwrap()].to_vec()
                    }
                };
                files.insert(path.to_owned(), contents);
            }
            Node::Folder { now, synced } => {
                let all: BTreeSet<&String> = now.keys().chain(synced.keys()).collect();
                for name in all {
                    let is_kept = match kept {
                        Kept::Nothing => false,
                        Kept::Names | Kept::Halves => true,
                        Kept::Some(_) => random.below(2) == 0,
                    };
                    let names = if is_kept { now } else { synced };
                    if let Some(node) = names.get(name) {
                        let path = if path.is_empty() {
                            name.clone()
                        } else {
                            format!("{path}/{name}")
                        };
                        self.walk(*node, &path, kept, random, files);
                    }
                }
            }
        }
    }
}

fn file() -> Node {
    Node::File {
        now: Vec::new(),
        synced: Vec::new(),
    }
}

fn folder() -> Node {
    Node::Folder {
        now: BTreeMap::new(),
        synced: BTreeMap::new(),
    }
}

/// What is known of the slides at some operation.
#[derive(Clone, Debug, Default)]
struct Known {
    /// Files of answers, and the slides that they answer.
    slides: BTreeMap<String, u64>,
    /// Slides that may have been asked for: the file for the answer is there, and its head.
    sent: BTreeSet<u64>,
    /// Files that were renamed since the folder was synced.
    named: BTreeSet<String>,
    /// Slides whose answers are surely on the disk.
    durable: BTreeSet<u64>,
}

impl Known {
    fn note(&mut self, op: &Op) {
        if op.verb == "write" && op.path.ends_with(".part") {
            let text = String::from_utf8_lossy(&op.with);
            let id = text.split("\"asset\":\"c/").nth(1);
            if let Some(n) = id.and_then(|id| id.split('"').next()?.parse().ok()) {
                self.slides.insert(op.path.clone(), n);
            }
            // The end of the head: what comes next is the request.
            if op.with.ends_with(b"\n") {
                self.sent.extend(self.slides.get(&op.path));
            }
        }
        if op.verb == "rename" && op.path.ends_with(".part") {
            self.named.insert(op.path.clone());
        }
        if op.verb == "sync-folder" && op.path == "home" {
            for named in std::mem::take(&mut self.named) {
                self.durable.extend(self.slides.get(&named));
            }
        }
    }
}

/// The slides that a server was asked for.
fn asked(project: &Project) -> BTreeSet<u64> {
    let accepted = project.accepted();
    (1..=SLIDES)
        .filter(|n| {
            accepted
                .keys()
                .any(|p| p.contains(&format!("\"page {n}\"")))
        })
        .collect()
}

/// Cuts the power after every operation, in every way.
pub fn cuts(binary: &Path) -> Count {
    let mut count = Count::default();
    let latency = Duration::from_millis(2);
    for jobs in ["1", "8"] {
        let whole = Project::new(binary, SLIDES, latency);
        let mut disk = Disk::new(&whole.files());
        let ops = journal::record(&whole, &["build", "--yes", "-q", "--jobs", jobs]);
        let mut known = Known::default();
        let moments = ops.iter().enumerate().flat_map(|(n, op)| {
            disk.replay(op);
            known.note(op);
            ways(n as u64).map(|kept| {
                let case = format!(
                    "power cut after operation {n} of {}, {} {}, {kept:?} kept, {jobs} jobs",
                    ops.len(),
                    op.verb,
                    op.path
                );
                (disk.after(kept), known.clone(), case)
            })
        });
        count += spread(moments, |(files, known, case)| {
            cut(binary, &files, &known, &case)
        });
        assert_eq!(known.durable.len() as u64, SLIDES, "{known:?}");
    }
    count
}

fn cut(binary: &Path, files: &BTreeMap<String, Vec<u8>>, known: &Known, case: &str) -> Count {
    let project = Project::empty(binary, SLIDES, Duration::ZERO);
    for (name, bytes) in files {
        project.write(name, bytes);
    }
    let mut count = Count {
        cases: 1,
        ..Count::default()
    };
    let plain = project.run(&["build", "--yes"]);
    if !matches!(plain.status.code(), Some(0 | 1)) {
        println!("{case}: {}", String::from_utf8_lossy(&plain.stderr));
        count.wrong = 1;
    }
    count.twice = asked(&project).intersection(&known.sent).count() as u64;
    let again = project.run(&["build", "--yes", "--retry-in-doubt"]);
    if !again.status.success() {
        println!("{case}: {}", String::from_utf8_lossy(&again.stderr));
        count.wrong = 1;
    }
    count.lost = asked(&project).intersection(&known.durable).count() as u64;
    count.doubts = asked(&project).intersection(&known.sent).count() as u64;
    count.paid = known.sent.len() as u64 + project.server.stats().accepted;
    let summary = project.json(&["build", "--json"]).pop().unwrap_or_default();
    if summary["requests"] != 0 || summary["fresh"] != project.assets() {
        println!("{case}: not all is fresh in the end: {summary}");
        count.wrong = 1;
    }
    if count.lost + count.twice > 0 {
        println!("{case}: {count}\n{known:?}");
    }
    count
}
