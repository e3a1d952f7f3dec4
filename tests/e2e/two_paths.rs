//! A run of what changed and a run of everything, on projects and changes that nobody thought of: both say the
//! same and leave the same, byte for byte, and remember the same.
//!
//! `TWO_PATHS_CASES=2000 cargo test --test e2e two_paths` runs as many.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base::world::Fingerprint;
use plan::state::StateFile;
use serde_json::Value;

use crate::partial;
use crate::project::{PLAIN, Project};
use crate::random::Random;

/// So many changes are made to one project.
const CHANGES: u64 = 25;
/// So many in all, unless `TWO_PATHS_CASES` says otherwise: what two cores do in half a minute.
const CASES: u64 = 100;
/// Projects are built on so many threads.
const THREADS: u64 = 2;

/// A ground of one colour, and one line of text over it.
const BASE: &str = "<div style=\"width: 100%; height: 100%; background: #204060\"></div>\n";
const OVER: &str = "<html><body style=\"margin: 0\"><div data-role=\"headline\" data-break=\"css\" \
    style=\"width: 100%; font-size: 10px; color: #ffffff\">{{ text.headline }}</div></body></html>\n";

const SLUGS: [&str; 9] = ["a", "b", "c", "d", "e-1", "天上", "F_f", "h/i", "a1"];

/// Words that have been taken for something else somewhere, a few that fit nowhere, and one that no font has.
const TITLES: [&str; 18] = [
    "one",
    "two",
    "three",
    "30 天上手",
    "a \"b\"",
    "it's",
    "[asset.a]",
    "}, {",
    "a: b",
    "# c",
    "x,y",
    "{{ a }}",
    "<b>",
    "&amp;",
    "\\n",
    "ü é",
    "\u{10ffff}",
    "a text that is far too long for a picture of this size, whatever is done",
];

/// What an asset is made for.
#[derive(Clone)]
struct Item {
    slug: String,
    title: String,
    hidden: bool,
}

/// What the manifest says.
#[derive(Clone)]
struct Features {
    also: bool,
    when: bool,
    overlay: bool,
    quota: bool,
    /// A carousel of slides, and one of the rows that are covers too: with one, all is looked at.
    decks: u64,
    pdf: bool,
    sheet: bool,
    format: &'static str,
    alone: String,
    font: u64,
}

/// All that the project's files say.
#[derive(Clone)]
struct Content {
    features: Features,
    /// A file for each.
    posts: BTreeMap<u64, Item>,
    /// `rows.csv`, `things.json` and `slides.csv`.
    lists: [Vec<Item>; 3],
    /// Words that count for nothing.
    noise: u64,
}

fn pick<T: Clone>(random: &mut Random, of: &[T]) -> T {
    let n = random.below(of.len() as u64);
    of[usize::try_from(n).unwrap()].clone()
}

fn title(random: &mut Random) -> String {
    // The last ones fail: seldom.
    let most = if random.below(12) == 0 { 18 } else { 16 };
    pick(random, &TITLES[..most]).to_owned()
}

/// A slug that none of these has, as a rule: one that is there twice is an error.
fn slug<'i>(random: &mut Random, others: impl Iterator<Item = &'i Item> + Clone) -> String {
    let may_be_twice = random.below(20) == 0;
    let is_free = |slug: &&str| may_be_twice || others.clone().all(|other| other.slug != *slug);
    let free: Vec<&str> = SLUGS.into_iter().filter(is_free).collect();
    match free.is_empty() {
        true => SLUGS[0].to_owned(),
        false => pick(random, &free).to_owned(),
    }
}

fn item<'i>(random: &mut Random, others: impl Iterator<Item = &'i Item> + Clone) -> Item {
    Item {
        slug: slug(random, others),
        title: title(random),
        hidden: random.below(6) == 0,
    }
}

fn items(random: &mut Random) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for _ in 0..1 + random.below(4) {
        items.push(item(random, items.iter()));
    }
    items
}

impl Content {
    fn new(random: &mut Random) -> Self {
        let mut is = || random.below(2) == 0;
        let features = Features {
            also: is(),
            when: is(),
            overlay: is(),
            quota: is(),
            pdf: is(),
            sheet: is(),
            decks: 0,
            format: "png",
            alone: "alone".to_owned(),
            font: 9,
        };
        let posts = items(random).into_iter().enumerate();
        Self {
            posts: posts.map(|(n, item)| (n as u64, item)).collect(),
            lists: [items(random), items(random), items(random)],
            noise: 0,
            features: Features {
                decks: random.below(7).saturating_sub(4),
                format: pick(random, &["png", "jpeg", "webp"]),
                ..features
            },
        }
    }

    fn manifest(&self) -> String {
        let it = &self.features;
        let or = |is: bool, text: &'static str| if is { text } else { "" };
        let mut text = String::from(
            "[defaults]\nsize = \"90x70\"\ntemplate = \"plain\"\n[preset.og]\nsize = [120, 70]\n",
        );
        text += or(it.quota, "[quota]\nthings = 4\n");
        let alone = Value::from(it.alone.as_str());
        let _ = write!(text, "[cover.alone]\ntext = {{ headline = {alone} }}\n");
        text += "[cover.post]\nfor_each = { front_matter = \"posts/*.md\" }\nid = \"post/{{ item.slug }}\"\n";
        text += or(it.when, "when = \"{{ not item.hidden }}\"\n");
        text += or(it.also, "also = [{ preset = \"og\" }]\n");
        text += "text = { headline = \"{{ item.title }}\" }\n[cover.row]\nfor_each = { csv = \"rows.csv\" }\n";
        let _ = writeln!(text, "format = \"{}\"", it.format);
        text += or(it.overlay, "overlay = \"over\"\ntemplate = \"base\"\n");
        text += "id = \"row/{{ item.slug }}\"\ntext = { headline = \"{{ item.title }}\" }\n";
        text += "[cover.thing]\nfor_each = { json = \"things.json\" }\nid = \"thing/{{ item.slug }}\"\n";
        text += or(it.quota, "group = \"things\"\n");
        text += "text = { headline = \"{{ item.title }}\" }\n";
        if it.decks > 0 {
            text += "[carousel.deck]\nslides = { csv = \"slides.csv\" }\n";
            text += or(it.pdf, "pdf = true\n");
            text += or(it.sheet, "sheet = true\n");
            text += "text = { headline = \"{{ item.title }}\" }\n";
        }
        if it.decks > 1 {
            text += "[carousel.rows]\nslides = { csv = \"rows.csv\" }\n";
            text += "text = { headline = \"{{ item.slug }}\" }\n";
        }
        text
    }

    /// The project's files.
    fn files(&self) -> BTreeMap<String, String> {
        let csv = |items: &[Item]| {
            let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
            let row = |item: &Item| format!("{},{}\n", quoted(&item.slug), quoted(&item.title));
            format!("slug,title\n{}", items.iter().map(row).collect::<String>())
        };
        let json = |items: &[Item]| {
            let one = |item: &Item| serde_json::json!({ "slug": item.slug, "title": item.title });
            let items: Vec<Value> = items.iter().map(one).collect();
            format!("{}\n", Value::from(items))
        };
        let plain = PLAIN.replace("12px", &format!("{}px", self.features.font));
        let [rows, things, slides] = &self.lists;
        let mut files = BTreeMap::from([
            ("gpbuild.toml".to_owned(), self.manifest()),
            ("templates/plain.html".to_owned(), plain),
            ("templates/base.html".to_owned(), BASE.to_owned()),
            ("templates/over.html".to_owned(), OVER.to_owned()),
            ("rows.csv".to_owned(), csv(rows)),
            ("things.json".to_owned(), json(things)),
            ("slides.csv".to_owned(), csv(slides)),
        ]);
        for (n, item) in &self.posts {
            let (slug, title) = (Value::from(&*item.slug), Value::from(&*item.title));
            let hidden = if item.hidden { "hidden: true\n" } else { "" };
            let post = format!(
                "---\nslug: {slug}\ntitle: {title}\n{hidden}---\n{}\n",
                self.noise
            );
            files.insert(format!("posts/{n}.md"), post);
        }
        files
    }

    /// Writes what is otherwise, and removes what is not there any more.
    fn write(&self, project: &Project) {
        let files = self.files();
        for name in project.files("posts") {
            if !files.contains_key(&name) {
                project.remove(&name);
            }
        }
        for (name, text) in files {
            if !project.has(&name) || project.read(&name) != text.as_bytes() {
                project.write(&name, text);
            }
        }
    }

    /// Some item, if there is one.
    fn any(&mut self, random: &mut Random) -> Option<&mut Item> {
        let posts = self.posts.values_mut();
        let mut all: Vec<&mut Item> = posts.chain(self.lists.iter_mut().flatten()).collect();
        let n = usize::try_from(random.below(all.len() as u64)).unwrap();
        (n < all.len()).then(|| all.swap_remove(n))
    }

    /// Changes something; what that was.
    fn change(&mut self, random: &mut Random) -> &'static str {
        let list = usize::try_from(random.below(3)).unwrap();
        match random.below(20) {
            0..=8 => {
                let title = title(random);
                if let Some(item) = self.any(random) {
                    item.title = title;
                }
                "a title"
            }
            9 => {
                let title = self.any(random).map(|item| item.title.clone());
                if let (Some(title), Some(item)) = (title, self.any(random)) {
                    item.title = title;
                }
                "the title of another"
            }
            10 => {
                let new = item(random, self.lists[list].iter());
                self.lists[list].push(new);
                "a row more"
            }
            11 => {
                self.lists[list].pop();
                "a row less"
            }
            12 => {
                self.lists[list].reverse();
                "rows in another order"
            }
            13 => {
                let new = item(random, self.posts.values());
                self.posts.insert(random.below(6), new);
                "another post"
            }
            14 => {
                self.posts.remove(&random.below(6));
                "a post less"
            }
            15 => {
                let slug = slug(random, self.posts.values().chain(&self.lists[list]));
                if let Some(item) = self.lists[list].last_mut() {
                    item.slug = slug;
                }
                "another slug"
            }
            16 => {
                if let Some(item) = self.any(random) {
                    item.hidden = !item.hidden;
                }
                "hidden or shown"
            }
            17 => {
                self.noise += 1;
                "words below the front matter"
            }
            18 => {
                self.features.alone = title(random);
                "the manifest"
            }
            _ => {
                self.features.font = 8 + random.below(2);
                "the template"
            }
        }
    }
}

/// Does something to what gpbuild wrote; what that was.
fn meddle(project: &Project, random: &mut Random) -> &'static str {
    let outputs = project.files("dist");
    if outputs.is_empty() {
        return "nothing";
    }
    let output = pick(random, &outputs);
    match random.below(12) {
        0..=3 => {
            project.remove(&output);
            "an output gone"
        }
        4 => {
            for output in outputs.iter().filter(|_| random.below(3) == 0) {
                project.remove(output);
            }
            "outputs gone"
        }
        5 => {
            project.write(&output, "by hand");
            "an output edited"
        }
        6 => {
            let bytes = project.read(&output);
            project.write(&output, &bytes[..bytes.len() / 2]);
            "an output cut"
        }
        7 => {
            let bytes = project.read(&output);
            project.remove(&output);
            project.write(&output, bytes);
            "an output put there again"
        }
        8 => {
            let other = pick(random, &outputs);
            let bytes = project.read(&other);
            project.write(&output, bytes);
            "an output in the place of another"
        }
        9 if project.has(".gpbuild/store") => {
            project.remove(".gpbuild/store");
            "the store gone"
        }
        10 if project.has("gpbuild.lock") => {
            let lock = project.text("gpbuild.lock");
            project.write("gpbuild.lock", lock.replacen("pick = 1", "pick  = 1", 1));
            "the lock edited"
        }
        _ => {
            project.remove("dist");
            "all outputs gone"
        }
    }
}

/// What a run remembers: what it read, what of it is data, and its outputs; whether there is nothing left to do.
/// Times and numbers of files are not the same in a copy.
fn remembered(project: &Project) -> (bool, BTreeMap<String, String>, Vec<String>) {
    let file = StateFile::read(project.root(), "state");
    let state = file.state();
    let seen = state.seen.iter().map(|look| {
        let what = match look.seen {
            Fingerprint::Absent => "nothing".to_owned(),
            Fingerprint::File(_, digest) => format!("a file {digest}"),
            Fingerprint::Folder(_, names) => format!("a folder {names}"),
            Fingerprint::Unread(_) => "something".to_owned(),
        };
        (look.path.to_string(), format!("{what} {}", look.data))
    });
    let mut outputs: Vec<String> = state
        .outputs
        .iter()
        .map(|output| {
            let item = output.item.as_ref();
            let item = item.map(|i| (&state.seen[i.file as usize].path, i.digest));
            format!(
                "{} {} {} {:?} {item:?} {}",
                output.id, output.path, output.digest, output.key, output.bound
            )
        })
        .collect();
    outputs.sort();
    (state.settled, seen.collect(), outputs)
}

/// Builds both ways; whether it ended well.
fn build(project: &Project, what: &str) -> bool {
    let (run, other) = partial::both(project, &["build", "--json"], what);
    if !run.out.contains("\"event\":\"summary\"") {
        // It ended before it made anything, and left what it remembered as it was.
        return false;
    }
    let (settled, seen, outputs) = remembered(project);
    let (settled_too, seen_too, outputs_too) = remembered(&other);
    assert_eq!(settled, settled_too, "{what}: whether anything is left");
    if settled {
        assert_eq!(outputs, outputs_too, "{what}: the state's outputs");
        // It may keep in mind what nobody reads any more: then the next run is slower, and no other.
        for (path, look) in seen_too {
            assert_eq!(seen.get(&path), Some(&look), "{what}: the state's `{path}`");
        }
    }
    run.code == 0
}

/// Makes a project, and changes it again and again.
fn project(seed: u64) {
    let mut random = Random::new(seed);
    let project = Project::empty();
    let mut content = Content::new(&mut random);
    let mut good = content.clone();
    let mut history = Vec::new();
    content.write(&project);
    project.run(&["build"]);
    for n in 0..CHANGES {
        let mut done = Vec::new();
        for _ in 0..1 + random.below(10) / 7 {
            match random.below(10) {
                0..=6 => done.push(content.change(&mut random)),
                7 if !history.is_empty() => {
                    content = pick(&mut random, &history);
                    done.push("as it was before");
                }
                _ => done.push(meddle(&project, &mut random)),
            }
        }
        content.write(&project);
        let what = format!("seed {seed}, change {n}: {}", done.join(", "));
        if build(&project, &what) {
            good = content.clone();
            history.push(good.clone());
            if random.below(4) == 0 {
                assert!(build(&project, &format!("{what}, again")));
            }
        } else {
            // So that the next change finds nothing left to do.
            content = good.clone();
            content.write(&project);
            project.run(&["build", "--force"]);
        }
    }
}

#[test]
fn what_is_looked_at_in_part_is_as_if_all_were() {
    let cases = std::env::var("TWO_PATHS_CASES")
        .ok()
        .and_then(|n| n.parse().ok());
    let projects = cases.unwrap_or(CASES).div_ceil(CHANGES);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                let seeds = (1..=projects).filter(|seed| seed % THREADS == thread);
                seeds.for_each(project);
            });
        }
    });
}
