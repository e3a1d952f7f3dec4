//! What is paid for lives with the person: clones, worktrees and wiped checkouts share it, one payer for each
//! shot, and nothing of it goes by itself.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use api_server::{Options, Server};

use crate::paid::{DEFAULTS, summary};
use crate::process::{ended, until};
use crate::project::{Counts, Project, Run, another_picture};

/// A person with a folder of their own, and the server that their projects ask.
struct Person {
    folder: tempfile::TempDir,
    server: Server,
}

impl Person {
    fn new() -> Self {
        Self::with_latency(Duration::ZERO)
    }

    fn with_latency(latency: Duration) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            server: Server::start(Options {
                latency,
                ..Options::default()
            }),
        }
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home/of/gpbuild")
    }

    fn command(&self, root: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gpbuild"));
        command
            .args(arguments)
            .current_dir(root)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("GPBUILD_HOME", self.home())
            .env("OPENAI_API_KEY", self.server.key())
            .env("OPENAI_BASE_URL", self.server.base_url());
        command
    }

    fn run(&self, project: &Project, arguments: &[&str]) -> Run {
        Run::of(self.command(project.root(), arguments).output().unwrap())
    }

    fn build(&self, project: &Project) -> Run {
        let run = self.run(project, &["build", "--json", "--yes"]);
        assert_eq!(run.code, 0, "{}{}", run.out, run.err);
        run
    }

    fn begin(&self, project: &Project, arguments: &[&str]) -> Child {
        let mut command = self.command(project.root(), arguments);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    fn accepted(&self) -> u64 {
        self.server.stats().accepted
    }

    /// Begins a build, and waits until the server has a request of it in its hands, which it holds there until
    /// [`Server::release`].
    fn begin_and_hold(&self, project: &Project, arguments: &[&str]) -> Child {
        self.server.hold();
        let child = self.begin(project, arguments);
        until("something is asked for", || {
            self.server.stats().in_flight > 0
        });
        child
    }
}

/// A project of so many slides that go by the first.
fn series(name: &str, slides: u64) -> Project {
    let mut manifest =
        format!("[project]\nname = \"{name}\"\n{DEFAULTS}[carousel.c]\nseries = \"first\"\n");
    for n in 1..=slides {
        manifest += &format!("[[carousel.c.slide]]\ntext = {{ headline = \"page {n}\" }}\n");
    }
    Project::new(&manifest)
}

/// A project of one paid cover with these words.
fn one(name: &str, words: &str) -> Project {
    Project::new(&format!(
        "[project]\nname = \"{name}\"\n{DEFAULTS}[cover.a]\ntext = {{ headline = \"{words}\" }}\n"
    ))
}

fn git(folder: &Path, arguments: &[&str]) {
    let output = Command::new("git")
        .args(["-c", "user.name=n", "-c", "user.email=e@example.com"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

#[test]
fn a_second_clone_pays_for_nothing_again() {
    let person = Person::new();
    let project = series("p", 3);
    person.build(&project);
    assert!(!project.has(".gpbuild/store") && !project.has(".gpbuild/ledger"));
    let clone = project.fresh_clone();
    clone.remove("gpbuild.lock");
    clone.remove("dist");
    assert_eq!(person.build(&clone).counts(), Counts::restored(3));
    assert_eq!(person.accepted(), 3);
    for name in project.files("dist") {
        assert!(project.read(&name) == clone.read(&name), "{name}");
    }
    assert_eq!(project.text("gpbuild.lock"), clone.text("gpbuild.lock"));
}

#[test]
fn four_worktrees_at_once_have_one_payer_for_each_shot() {
    let person = Person::with_latency(Duration::from_millis(40));
    let projects: Vec<Project> = (0..4).map(|_| series("p", 4)).collect();
    let children: Vec<Child> = projects
        .iter()
        .map(|project| person.begin(project, &["build", "--yes", "--json"]))
        .collect();
    let mut requests = 0;
    for child in children {
        let run = Run::of(child.wait_with_output().unwrap());
        assert_eq!(run.code, 0, "{}{}", run.out, run.err);
        requests += summary(&run)["requests"].as_u64().unwrap();
    }
    assert_eq!((person.accepted(), requests), (4, 4));
    for project in &projects {
        assert_eq!(person.build(project).counts(), Counts::fresh(4));
    }
}

#[test]
fn a_checkout_that_is_wiped_in_the_middle_of_a_run_loses_nothing() {
    let clean: fn(&Project) = |p| git(p.root(), &["clean", "-fdxq"]);
    let stash: fn(&Project) = |p| git(p.root(), &["stash", "-aq"]);
    let state: fn(&Project) = |p| {
        let _ = std::fs::remove_dir_all(p.path(".gpbuild"));
    };
    let all: fn(&Project) = |p| {
        for entry in std::fs::read_dir(p.root()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                let _ = std::fs::remove_dir_all(path);
            } else {
                std::fs::remove_file(path).unwrap();
            }
        }
    };
    for (what, wipe) in [
        ("clean", clean),
        ("stash", stash),
        ("state", state),
        ("all", all),
    ] {
        let person = Person::new();
        let project = series("p", 4);
        let manifest = project.text("gpbuild.toml");
        git(project.root(), &["init", "-q"]);
        git(project.root(), &["add", "gpbuild.toml"]);
        git(project.root(), &["commit", "-qm", "one"]);
        let child = person.begin_and_hold(&project, &["build", "--yes", "--json"]);
        wipe(&project);
        person.server.release();
        // It may fail where its files went from under it; what it asked for it keeps.
        child.wait_with_output().unwrap();
        project.write("gpbuild.toml", &manifest);
        person.build(&project);
        assert_eq!(person.accepted(), 4, "{what}");
        assert_eq!(person.build(&project).counts(), Counts::fresh(4), "{what}");
    }
}

#[test]
fn what_another_process_asks_for_is_being_made_and_not_in_doubt() {
    let person = Person::new();
    let (project, twin) = (one("p", "1"), one("p", "1"));
    let child = person.begin_and_hold(&project, &["build", "--yes"]);
    let who = format!("being made by process {} since ", child.id());
    for place in [&project, &twin] {
        let plan = person.run(place, &["plan", "--json"]);
        let asset = plan.asset("a");
        let reason = asset["reason"].as_str().unwrap();
        assert_eq!((plan.code, &asset["state"]), (0, &"make".into()));
        assert!(reason.starts_with(&who), "{reason}");
    }
    let log = person.run(&project, &["log"]);
    assert!(
        log.out
            .contains("1 request under way, counted at its estimate\n")
            && log.out.contains(&who),
        "{}",
        log.out
    );
    assert!(!log.out.contains("doubt"), "{}", log.out);
    let log = person.run(&project, &["log", "--json"]).json();
    assert_eq!(log[0]["outcome"], "running");
    // Who builds meanwhile waits, and has the picture for nothing.
    let told = std::fs::File::create(twin.path("told")).unwrap();
    let mut waiting = person.command(twin.root(), &["build", "--yes"]);
    let mut waiting = waiting.stderr(told).spawn().unwrap();
    until("it says whom it waits for", || {
        twin.text("told").lines().any(|line| {
            line.starts_with(&format!("a: {who}")) && line.ends_with(": waiting for it")
        })
    });
    person.server.release();
    assert!(ended(&mut waiting).success(), "{}", twin.text("told"));
    assert!(child.wait_with_output().unwrap().status.success());
    assert_eq!(person.accepted(), 1);
    // One that was killed is in doubt.
    let other = one("p", "2");
    let mut child = person.begin_and_hold(&other, &["build", "--yes"]);
    child.kill().unwrap();
    child.wait().unwrap();
    let asset = person.run(&other, &["plan", "--json"]).asset("a");
    assert_eq!(asset["state"], "blocked");
    assert!(asset["reason"].as_str().unwrap().contains("is in doubt"));
}

#[test]
fn gc_knows_all_projects_and_removes_nothing_that_was_paid_for_or_accepted() {
    let person = Person::new();
    let drawn = Project::one("drawn");
    let paid = one("p", "paid");
    let by_hand = Project::one("by hand");
    for project in [&drawn, &paid, &by_hand] {
        person.build(project);
    }
    by_hand.write("dist/a.png", another_picture());
    assert_eq!(person.run(&by_hand, &["accept", "a"]).code, 0);
    // A drawing that no project uses any more: it stays for its days, and goes when they are over.
    let gone = Project::one("gone");
    person.build(&gone);
    let count = |what: &str| {
        let stats = person.run(&drawn, &["cache", "stats", "--json"]).json();
        stats[0][what].as_u64().unwrap()
    };
    drop(gone);
    let (shots, objects) = (count("shots"), count("objects"));
    assert_eq!(
        person.run(&drawn, &["cache", "gc"]).out,
        "removed 0 files, 0 B\n"
    );
    assert_eq!((count("shots"), count("objects")), (shots, objects));
    let swept = person.run(&drawn, &["cache", "gc", "--days", "0"]);
    assert_eq!(swept.code, 0, "{}", swept.err);
    assert_eq!(count("shots"), shots - 1);
    // Even where no project says anything of them any more.
    for project in [&paid, &by_hand] {
        project.remove("gpbuild.lock");
        project.remove("dist");
    }
    let accepted = another_picture();
    person.run(&drawn, &["cache", "gc", "--days", "0"]);
    // The picture is there; what was exported of it is exported anew, for nothing.
    assert_eq!(person.build(&paid).counts(), Counts::made(1));
    assert_eq!(person.accepted(), 1);
    let objects = all_files(&person.home().join("store/objects"));
    let is_kept = |path: &PathBuf| std::fs::read(path).unwrap() == accepted;
    assert!(objects.iter().any(is_kept));
    // By name it goes; its picture stays while a lock names it.
    let key = person.run(&paid, &["log", "--json"]).json()[0]["key"].clone();
    let name = &key.as_str().unwrap()[..12];
    let run = person.run(&paid, &["cache", "remove", name]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.starts_with("removed 1 file, "), "{}", run.out);
    assert!(
        run.out.ends_with(&format!(", which cost $0.009: {name}\n")),
        "{}",
        run.out
    );
    let run = person.run(&paid, &["cache", "remove", name]);
    assert_eq!(
        (run.code, run.out.as_str(), run.err.as_str()),
        (
            1,
            "",
            format!("error: the store has no shot and no object whose name begins with `{name}`\n  = help: `gpbuild log --json` and `gpbuild show ASSET` say keys\n").as_str()
        )
    );
    let run = person.run(&paid, &["cache", "remove", "../../x"]);
    assert_eq!(
        (run.code, run.err.as_str()),
        (
            2,
            "error: `../../x` is no beginning of a key or of an object's name: at least 8 of its digits\n  = help: `gpbuild log --json` and `gpbuild show ASSET` say keys\n"
        )
    );
}

#[test]
fn an_accepted_picture_that_is_pruned_stays() {
    let person = Person::new();
    let project = Project::one("one");
    project.edit(
        "gpbuild.toml",
        "[cover.a]\n",
        "[cover.a]\nwhen = \"true\"\n",
    );
    person.build(&project);
    let accepted = another_picture();
    project.write("dist/a.png", &accepted);
    assert_eq!(person.run(&project, &["accept", "a"]).code, 0);
    // As an older gpbuild leaves it: only the lock says so.
    std::fs::remove_dir_all(person.home().join("store/accepted")).unwrap();
    project.edit("gpbuild.toml", "\"true\"", "\"false\"");
    let run = person.run(&project, &["build", "--prune"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(!project.has("dist/a.png"));
    assert_eq!(
        person.run(&project, &["cache", "gc", "--days", "0"]).code,
        0
    );
    let objects = all_files(&person.home().join("store/objects"));
    assert!(
        objects
            .iter()
            .any(|path| std::fs::read(path).unwrap() == accepted)
    );
}

fn all_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn a_month_counts_by_the_name_of_the_project_over_all_its_clones() {
    let person = Person::new();
    let budget = "[budget]\nmonth = 0.025\n";
    let with = |name: &str, words: &str| {
        let project = one(name, words);
        project.write(
            "gpbuild.toml",
            format!("{budget}{}", project.text("gpbuild.toml")),
        );
        project
    };
    person.build(&with("p", "1"));
    person.build(&with("p", "2"));
    let third = with("p", "3");
    let run = person.run(&third, &["build", "--yes"]);
    assert_eq!(run.code, 4, "{}", run.err);
    assert!(
        run.err.contains("it would pass the budget of this month: "),
        "{}",
        run.err
    );
    person.build(&with("q", "3"));
    assert_eq!(person.accepted(), 3);
    let log = person.run(&third, &["log"]);
    assert!(
        log.out.contains("this month  2 requests for 2 pictures"),
        "{}",
        log.out
    );
    assert_eq!(
        log.err,
        "1 request of other projects is not in it: `--all` tells of them too\n"
    );
    let log = person.run(&third, &["log", "--by", "project"]);
    assert!(
        log.out.starts_with("p  2 requests for 2 pictures: ")
            && log.out.contains("\nq  1 request for 1 picture: "),
        "{}",
        log.out
    );
}

#[test]
fn two_clones_at_once_do_not_pass_the_month_together() {
    let person = Person::with_latency(Duration::from_millis(300));
    let budget = "[budget]\nmonth = 0.025\n";
    let projects: Vec<Project> = (0..4)
        .map(|n| {
            let project = one("p", &n.to_string());
            project.write(
                "gpbuild.toml",
                format!("{budget}{}", project.text("gpbuild.toml")),
            );
            project
        })
        .collect();
    let children: Vec<Child> = projects
        .iter()
        .map(|project| person.begin(project, &["build", "--yes"]))
        .collect();
    let codes: Vec<i32> = children
        .into_iter()
        .map(|child| Run::of(child.wait_with_output().unwrap()).code)
        .collect();
    assert_eq!(person.accepted(), 2, "{codes:?}");
    assert_eq!(
        codes.iter().filter(|code| **code == 4).count(),
        2,
        "{codes:?}"
    );
}

/// A project whose store and ledger lie in it, as older versions had it, with a request in doubt and an answer
/// that nobody has looked at.
fn old(person: &Person) -> Project {
    let project = series("p", 3);
    let within = |arguments: &[&str]| {
        let mut command = person.command(project.root(), arguments);
        command.env("GPBUILD_HOME", ".gpbuild");
        command
    };
    assert!(within(&["build", "--yes"]).status().unwrap().success());
    project.edit("gpbuild.toml", "page 2", "two");
    person.server.hold();
    let mut child = within(&["build", "--yes"]).spawn().unwrap();
    until("something is asked for", || {
        person.server.stats().in_flight > 0
    });
    child.kill().unwrap();
    child.wait().unwrap();
    person.server.release();
    let store = project.path(".gpbuild/store/shots");
    project.edit("gpbuild.toml", "page 3", "three");
    let kept = project.path("kept");
    // What comes for the third finds no room.
    let before = person.server.stats().arrived;
    person.server.hold();
    let mut child = within(&["build", "--yes", "c/03"]).spawn().unwrap();
    until("the third is asked for", || {
        person.server.stats().arrived > before
    });
    std::fs::rename(&store, &kept).unwrap();
    project.write(".gpbuild/store/shots", "in the way");
    person.server.release();
    child.wait().unwrap();
    std::fs::remove_file(&store).unwrap();
    std::fs::rename(&kept, &store).unwrap();
    project
}

#[test]
fn an_old_store_is_taken_over_once_and_told() {
    let person = Person::new();
    let project = old(&person);
    git(project.root(), &["init", "-q"]);
    let before = person.accepted();
    let run = person.run(&project, &["build", "--yes"]);
    let told = format!(
        "took over 3 paid shots for $0.041 and 5 requests of an older gpbuild: from now on they are in `{}`\n",
        person.home().display()
    );
    assert!(run.err.contains(&told), "{}", run.err);
    // What was in doubt is in doubt, what had arrived is taken, and nothing is asked for.
    assert_eq!((run.code, person.accepted()), (1, before), "{}", run.err);
    assert!(run.err.contains("is in doubt"), "{}", run.err);
    assert!(!project.has(".gpbuild/store") && !project.has(".gpbuild/ledger"));
    let log = person.run(&project, &["log", "--json"]).json();
    let outcomes: Vec<&str> = log.iter().map(|e| e["outcome"].as_str().unwrap()).collect();
    assert_eq!(
        outcomes,
        ["answered", "answered", "answered", "doubt", "answered"]
    );
    assert!(log.iter().all(|e| e["project"] == "p"));
    let again = person.run(&project, &["build", "--yes", "--retry-in-doubt"]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(!again.err.contains("took over"), "{}", again.err);
    assert_eq!(person.accepted(), before + 1);
    assert_eq!(person.build(&project).counts(), Counts::fresh(3));
    assert_eq!(person.run(&project, &["cache", "verify"]).code, 0);
}

#[test]
fn a_store_of_which_nobody_knows_whose_it_is_is_taken_over_by_a_persons_word() {
    let person = Person::new();
    let project = old(&person);
    let plan = person.run(&project, &["plan"]);
    assert!(
        plan.err.contains(
            "`.gpbuild` has a store of an older gpbuild: what is in it is not planned with, and nothing is paid for until `gpbuild cache adopt` takes it over, or it is deleted\n"
        ),
        "{}",
        plan.err
    );
    let run = person.run(&project, &["build", "--yes", "c/01"]);
    let warning = "warning: `.gpbuild` has a store of an older gpbuild, which is not used: nobody knows here whose it is\n  = help: `gpbuild cache adopt` takes it over, if it is yours; else delete it\n";
    assert!(run.err.contains(warning), "{}", run.err);
    assert!(project.has(".gpbuild/store"));
    // What was paid for in it is not paid for again because of that.
    let before = person.accepted();
    std::fs::remove_dir_all(project.path("dist")).unwrap();
    let run = person.run(&project, &["build", "--yes", "c/01"]);
    let blocked = "blocked   c/01  dist/c/01.png  (it may be paid for already, in the old store in `.gpbuild`: `gpbuild cache adopt` takes that over, or delete it)\n";
    assert!(run.err.contains(blocked), "{}", run.err);
    assert_eq!((run.code, person.accepted()), (3, before), "{}", run.err);
    let adopted = person.run(&project, &["cache", "adopt"]);
    assert_eq!(adopted.code, 0, "{}", adopted.err);
    assert!(
        adopted.err.contains("took over 3 paid shots"),
        "{}",
        adopted.err
    );
    let again = person.run(&project, &["cache", "adopt"]);
    assert_eq!(
        (again.code, again.err.as_str()),
        (
            1,
            "error: `.gpbuild` has neither store nor ledger of an older gpbuild\n"
        )
    );
}

/// A folder with a name that is no UTF-8 is the one that was meant: nothing is put, or looked for, elsewhere.
#[cfg(target_os = "linux")]
#[test]
fn a_home_of_any_name_is_the_one_that_is_named() {
    use std::os::unix::ffi::OsStrExt;
    let person = Person::new();
    let project = one("p", "one");
    let named = person
        .folder
        .path()
        .join(std::ffi::OsStr::from_bytes(b"h\xff\x1b[31m"));
    let run = |arguments: &[&str]| {
        let mut command = person.command(project.root(), arguments);
        let command = command
            .env("GPBUILD_HOME", &named)
            .env("HOME", person.folder.path());
        Run::of(command.output().unwrap())
    };
    let built = run(&["build", "--yes"]);
    assert_eq!(built.code, 0, "{}", built.err);
    assert!(named.join("ledger").is_file());
    let own: Vec<_> = std::fs::read_dir(person.folder.path()).unwrap().collect();
    assert_eq!(own.len(), 1, "{own:?}");
}
