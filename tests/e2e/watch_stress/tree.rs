//! A project of 300 assets whose files change at random, in all the ways in which editors, people and git
//! change files. Keeps what was broken on purpose, so that it can be mended.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::project::Project;
use crate::random::Random;

const POSTS: usize = 190;
/// Folders of posts.
const FOLDERS: usize = 6;
/// In each of two tables.
const ROWS: usize = 30;
const CAMPAIGNS: usize = 10;
const COVERS: usize = 4;
const SLIDES: usize = 10;
const BRANCHES: usize = 4;

/// Files of which many assets are made.
const SHARED: [&str; 5] = [
    "templates/ground.html",
    "style.gp.toml",
    "rows-a.csv",
    "rows-b.csv",
    "slides.csv",
];

/// Pictures are as small as can be: how large they are makes no difference here.
const ROOT: &str = "[defaults]
size = \"16x16\"
style = \"shared\"
template = \"tile\"
[cover.post]
for_each = { front_matter = \"posts/**/*.md\" }
id = \"{{ file.path }}\"
text = { headline = \"{{ item.title }}\" }
[cover.row]
for_each = { csv = \"rows-*.csv\" }
id = \"row/{{ item.slug }}\"
text = { headline = \"{{ item.title }}\" }
[carousel.deck]
slides = { csv = \"slides.csv\" }
";
const IGNORE: &str = "/.gpbuild\n/dist\n";
const TILE: &str = "{% include \"ground.html\" %}\n";
/// The words are the colour: no two words are one picture.
const GROUND: &str = "<body style=\"width: 16px; height: 16px; background: #{{ text.headline }}\">\
    <div style=\"width: 5px; height: 5px; background: {{ vars.ink }}\"></div></body>\n";

/// The project, and what was done to it.
pub struct Tree {
    pub project: Project,
    /// Outside of the project: it is not what is tried here.
    git: tempfile::TempDir,
    random: Random,
    /// Files that were broken or taken away on purpose, as they were.
    broken: BTreeMap<String, Vec<u8>>,
    /// So many words and names were given.
    given: usize,
}

impl Tree {
    /// The project, with some branches of which each has other words, on the last of them.
    pub fn new(random: Random) -> Self {
        let mut tree = Self {
            project: Project::new(ROOT),
            git: tempfile::tempdir().unwrap(),
            random,
            broken: BTreeMap::new(),
            given: 0,
        };
        tree.git(&["init", "-q"]);
        for branch in 0..BRANCHES {
            tree.git(&["checkout", "-q", "-b", &format!("b{branch}")]);
            tree.write_all();
            tree.git(&["add", "-A"]);
            let person = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
            tree.git(&[&person[..], &["commit", "-q", "-m", "words"]].concat());
        }
        tree
    }

    fn write_all(&mut self) {
        self.project.write(".gitignore", IGNORE);
        self.project.write("templates/tile.html", TILE);
        let posts = (0..POSTS).map(|n| format!("posts/f{}/p{n}.md", n % FOLDERS));
        let campaigns = (0..CAMPAIGNS).map(|n| format!("campaigns/c{n}/all.gp.toml"));
        for name in posts.chain(campaigns).chain(SHARED.map(str::to_owned)) {
            let text = self.text(&name, 0);
            self.project.write(&name, text);
        }
    }

    /// Changes something.
    pub fn change(&mut self) {
        match self.below(100) {
            0..24 => self.save(),
            24..38 => self.save_by_rename(),
            38..44 => self.save_in_steps(),
            44..54 => self.rename(),
            54..60 => self.remove(),
            60..67 => self.add(),
            67..71 => self.swap(),
            71..75 => self.break_one(),
            75..79 => self.take_away(),
            79..82 => self.make_folder_again(),
            82..85 => self.rename_folder(),
            85..89 => self.replace_folder_by_its_copy(),
            89..91 => self.ignore(),
            91..93 => self.checkout(),
            _ => self.mend(),
        }
        // Some come at once, some during a build, some after it.
        if self.below(3) == 0 {
            self.pause(40);
        }
    }

    /// Puts right what was broken on purpose.
    pub fn mend(&mut self) {
        for (name, bytes) in std::mem::take(&mut self.broken) {
            self.project.write(&name, bytes);
        }
    }

    /// In place, now and then with the time of an earlier save.
    fn save(&mut self) {
        let name = self.any();
        let text = self.new_text(&name);
        self.project.write(&name, text);
        if self.below(4) == 0 {
            let file = File::options()
                .append(true)
                .open(self.project.path(&name))
                .unwrap();
            let earlier = SystemTime::now() - Duration::from_hours(1);
            file.set_modified(earlier).unwrap();
        }
    }

    /// As editors do: beside it, then in its place.
    fn save_by_rename(&mut self) {
        let name = self.any();
        let text = self.new_text(&name);
        // Some hide it, some do not.
        let beside = match (self.below(2), name.rsplit_once('/')) {
            (0, Some((folder, file))) => format!("{folder}/.{file}.swp"),
            _ => format!("{name}~"),
        };
        self.project.write(&beside, text);
        self.move_to(&beside, &name);
    }

    /// Slowly enough that half of it may be built.
    fn save_in_steps(&mut self) {
        let name = self.any();
        let text = self.new_text(&name);
        let middle = text.len() / 2;
        self.project.write(&name, &text[..middle]);
        self.pause(60);
        self.project.write(&name, text);
    }

    fn rename(&mut self) {
        let name = self.any_in("posts");
        let to = self.new_post();
        self.move_to(&name, &to);
    }

    fn remove(&mut self) {
        let name = self.any_in("posts");
        self.project.remove(&name);
        self.remove_if_empty(&name);
    }

    fn add(&mut self) {
        let name = self.new_post();
        let text = self.new_text(&name);
        self.project.write(&name, text);
    }

    /// Two files change their names with each other: no folder has other names in it.
    fn swap(&mut self) {
        let (one, other) = (self.any_in("posts"), self.any_in("posts"));
        if one != other {
            self.move_to(&one, "posts/.between");
            self.move_to(&other, &one);
            self.move_to("posts/.between", &other);
        }
    }

    fn break_one(&mut self) {
        let name = self.any();
        let before = self.project.read(&name);
        self.project.write(&name, &before[..before.len() / 2]);
        self.broken.insert(name, before);
    }

    fn take_away(&mut self) {
        let name = self.any();
        let before = self.project.read(&name);
        self.project.remove(&name);
        self.remove_if_empty(&name);
        self.broken.insert(name, before);
    }

    /// A folder that was deleted and made again is another one.
    fn make_folder_again(&mut self) {
        let folder = self.any_folder();
        let files: Vec<_> = self.project.snapshot(&folder).into_iter().collect();
        self.project.remove(&folder);
        self.pause(3);
        for (name, (bytes, _)) in files {
            self.project.write(&name, bytes);
        }
        self.save_in(&folder);
    }

    fn rename_folder(&mut self) {
        let folder = self.any_folder();
        let to = format!("{}-{}", folder.split('-').next().unwrap(), self.next());
        self.move_to(&folder, &to);
        self.save_in(&to);
    }

    /// Nothing is otherwise, but for the folder itself; then a file in it is.
    fn replace_folder_by_its_copy(&mut self) {
        let folder = self.any_folder();
        for (name, (bytes, _)) in self.project.snapshot(&folder) {
            self.project.write(&format!(".copy/{name}"), bytes);
        }
        self.move_to(&folder, ".before");
        self.move_to(&format!(".copy/{folder}"), &folder);
        self.project.remove(".before");
        self.project.remove(".copy");
        // Now and then it is looked at before the file changes.
        self.pause(80);
        self.save_in(&folder);
    }

    /// Leaves out some posts, or none.
    fn ignore(&mut self) {
        let text = match self.below(3) {
            0 => IGNORE.to_owned(),
            1 => format!("{IGNORE}/posts/f{}\n", self.below(FOLDERS)),
            _ => format!("{IGNORE}p1{}*.md\n", self.below(10)),
        };
        self.project.write(".gitignore", text);
    }

    /// Nearly every file at once.
    fn checkout(&mut self) {
        let branch = format!("b{}", self.below(BRANCHES));
        self.broken.clear();
        self.git(&["checkout", "-q", "-f", &branch]);
        self.git(&["clean", "-fdq"]);
    }

    /// A file that is not broken.
    fn any(&mut self) -> String {
        let shared = SHARED[self.below(SHARED.len())];
        // What many assets share changes more often than one time of two hundred.
        if self.below(8) == 0 && self.project.has(shared) && !self.broken.contains_key(shared) {
            return shared.to_owned();
        }
        let folder = ["campaigns", "posts", "posts", "posts"][self.below(4)];
        self.any_in(folder)
    }

    fn any_in(&mut self, folder: &str) -> String {
        let mut names = self.project.files(folder);
        names.retain(|name| !self.broken.contains_key(name));
        let at = self.below(names.len());
        names.swap_remove(at)
    }

    /// A folder in which nothing is broken.
    fn any_folder(&mut self) -> String {
        self.mend();
        let below = if self.below(3) == 0 {
            "campaigns"
        } else {
            "posts"
        };
        let name = self.any_in(below);
        name.rsplit_once('/').unwrap().0.to_owned()
    }

    fn save_in(&mut self, folder: &str) {
        let name = self.any_in(folder);
        let text = self.new_text(&name);
        self.project.write(&name, text);
    }

    /// In a folder that is there, in a new one, or in one below.
    fn new_post(&mut self) -> String {
        let n = self.next();
        match self.below(8) {
            0 => format!("posts/g{n}/p{n}.md"),
            1 => format!("posts/f{}/deep/er/p{n}.md", n % FOLDERS),
            _ => format!("posts/f{}/p{n}.md", n % FOLDERS),
        }
    }

    fn new_text(&mut self, name: &str) -> String {
        let fewer = self.below(3);
        self.text(name, fewer)
    }

    /// What a file holds, with new words and so many assets less than it may have. Texts of posts are all
    /// of one length: their size tells nothing.
    fn text(&mut self, name: &str, fewer: usize) -> String {
        let folder = name.split('/').nth(1).unwrap_or_default();
        let mut words = || {
            self.given += 1;
            format!("{:06x}", self.given * 7_919 % 0x100_0000)
        };
        let mut lines = |n: usize, line: &dyn Fn(usize, String) -> String| -> String {
            (0..n - fewer).map(|n| line(n, words())).collect()
        };
        match name {
            "style.gp.toml" => format!("[style.shared]\nvars = {{ ink = \"#{}\" }}\n", words()),
            "templates/ground.html" => format!("{GROUND}<!-- {} -->\n", words()),
            "templates/tile.html" => TILE.to_owned(),
            "slides.csv" => format!(
                "headline\n{}",
                lines(SLIDES, &|_, words| format!("{words}\n"))
            ),
            "rows-a.csv" | "rows-b.csv" => {
                let table = &name[5..6];
                let rows = lines(ROWS, &|n, words| format!("{table}{n},{words}\n"));
                format!("slug,title\n{rows}")
            }
            _ if name.ends_with(".md") => format!("---\ntitle: \"{}\"\n---\nBody\n", words()),
            _ => {
                // The campaign keeps its name where its folder got another.
                let campaign = folder.split('-').next().unwrap();
                lines(COVERS, &|n, words| {
                    format!("[cover.\"{campaign}/{n}\"]\ntext = {{ headline = \"{words}\" }}\n")
                })
            }
        }
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.random.below(n as u64)).unwrap()
    }

    fn next(&mut self) -> usize {
        self.given += 1;
        POSTS + self.given
    }

    fn move_to(&self, from: &str, to: &str) {
        let to = self.project.path(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::rename(self.project.path(from), to).unwrap();
        self.remove_if_empty(from);
    }

    /// As git does.
    fn remove_if_empty(&self, name: &str) {
        if let Some((folder, _)) = name.rsplit_once('/') {
            // Else it is not empty.
            let _ = fs::remove_dir(self.project.path(folder));
        }
    }

    fn pause(&mut self, most: u64) {
        std::thread::sleep(Duration::from_millis(self.random.below(most)));
    }

    fn git(&self, arguments: &[&str]) {
        let status = Command::new("git")
            .arg("--git-dir")
            .arg(self.git.path())
            .arg("--work-tree=.")
            .args(arguments)
            .current_dir(self.project.root())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .status()
            .unwrap();
        assert!(status.success(), "git {arguments:?}");
    }
}
