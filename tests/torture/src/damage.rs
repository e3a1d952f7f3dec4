//! Damage on the disk: every byte of the small files, flipped, cut off, zeroed; random flips of the large
//! ones. A picture is never wrong and fresh; nothing is asked for again that the store still has.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::count::Count;
use crate::project::Project;
use crate::random::Random;
use crate::spread::spread;

/// What is done to a file.
#[derive(Clone, Copy, Debug)]
enum Harm {
    /// One bit is another.
    Flip(usize, u8),
    /// The rest is gone.
    Cut(usize),
    /// Zeros from there to the end.
    Zeros(usize),
}

impl Harm {
    fn to(self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        match self {
            Self::Flip(at, bit) => bytes[at] ^= 1 << bit,
            Self::Cut(at) => bytes.truncate(at),
            Self::Zeros(at) => bytes[at..].fill(0),
        }
        bytes
    }
}

/// Projects that the damage is spread over.
const PROJECTS: usize = 16;

/// Damages files of projects of one paid slide and two drawn covers, one at a time.
pub fn damage(binary: &Path, flips: u64) -> Count {
    spread(0..PROJECTS, |nth| {
        let project = Project::new(binary, 1, Duration::ZERO);
        let built = project.run(&["build", "--yes"]);
        assert!(built.status.success(), "{built:?}");
        let good = project.files();
        let mut count = Count {
            paid: project.server.stats().accepted,
            ..Count::default()
        };
        let harms = small(&good).chain(large(&good, flips));
        for (name, harm) in harms.skip(nth).step_by(PROJECTS) {
            count += one(&project, &good, name, harm);
        }
        count
    })
}

/// Every byte of the small files.
fn small(good: &BTreeMap<String, Vec<u8>>) -> impl Iterator<Item = (&str, Harm)> {
    let is_small = |name: &str| {
        name == "p/gpbuild.lock"
            || name == "home/ledger"
            || name == "p/.gpbuild/state"
            || name.contains("/shots/")
            || name.contains("/exports/")
            || name.ends_with("VERSION")
    };
    let files = good.iter().filter(move |(name, _)| is_small(name));
    files.flat_map(|(name, bytes)| {
        (0..bytes.len()).flat_map(move |at| {
            let bit = u8::try_from(at % 8).unwrap();
            // Every byte is flipped; of cuts and zeros every fourth will do.
            let harms = [Harm::Flip(at, bit), Harm::Cut(at), Harm::Zeros(at)];
            let wanted = if at % 4 == 0 { 3 } else { 1 };
            harms
                .into_iter()
                .take(wanted)
                .map(move |harm| (name.as_str(), harm))
        })
    })
}

/// Random flips of the objects.
fn large(good: &BTreeMap<String, Vec<u8>>, flips: u64) -> impl Iterator<Item = (&str, Harm)> {
    let objects: Vec<(&str, usize)> = good
        .iter()
        .filter(|(name, _)| name.contains("/objects/"))
        .map(|(name, bytes)| (name.as_str(), bytes.len()))
        .collect();
    let mut random = Random::new(7);
    let mut below = move |n: usize| usize::try_from(random.below(n as u64)).unwrap();
    (0..flips).map(move |_| {
        let (name, length) = objects[below(objects.len())];
        (
            name,
            Harm::Flip(below(length), u8::try_from(below(8)).unwrap()),
        )
    })
}

fn one(project: &Project, good: &BTreeMap<String, Vec<u8>>, name: &str, harm: Harm) -> Count {
    let mut count = Count {
        cases: 1,
        ..Count::default()
    };
    // The outputs are gone, so that what is delivered comes out of what is damaged.
    let now = project.files();
    for name in now.keys().filter(|name| !good.contains_key(*name)) {
        std::fs::remove_file(project.root().join(name)).unwrap();
    }
    for (other, bytes) in good
        .iter()
        .filter(|(other, bytes)| now.get(*other) != Some(bytes))
    {
        project.write(other, bytes);
    }
    let outputs = good
        .keys()
        .filter(|name| name.starts_with("p/dist/") && !name.ends_with(".json"));
    let outputs: Vec<&String> = outputs.collect();
    for output in &outputs {
        std::fs::remove_file(project.root().join(output)).unwrap();
    }
    project.write(name, &harm.to(&good[name]));
    let before = project.server.stats().accepted;
    let run = project.run(&["build", "--json"]);
    let asked = project.server.stats().accepted - before;
    count.paid = asked;
    let is_whole = |output: &&String| {
        let there = std::fs::read(project.root().join(output)).ok();
        there.as_ref() == Some(&good[*output])
    };
    let tell = |what: &str| {
        println!(
            "{name} {harm:?}: {what}: {:?}\n{}",
            run.status.code(),
            String::from_utf8_lossy(&run.stderr)
        );
        1
    };
    match run.status.code() {
        Some(0) if !outputs.iter().all(is_whole) => {
            count.wrong = tell("a wrong picture is delivered");
        }
        Some(0..=5) => {}
        _ => count.wrong = tell("a crash"),
    }
    if asked > 0 {
        count.twice = asked * tell("asked for again");
    }
    count
}
