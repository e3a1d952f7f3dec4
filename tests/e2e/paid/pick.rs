//! Choosing one of several candidates: recorded in the lock, free, and followed by what depends on it.

use crate::paid::{DEFAULTS, Paid, summary};

/// A cover with four candidates, made.
fn four(more: &str) -> Paid {
    let paid = Paid::new(&format!(
        "{DEFAULTS}[cover.a]\ncandidates = 4\ntext = {{ headline = \"one\" }}\n{more}"
    ));
    paid.build(0);
    paid
}

fn pick(paid: &Paid, arguments: &[&str]) -> String {
    let run = paid.run(&[&["pick"], arguments].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    run.err
}

fn requests(paid: &Paid) -> u64 {
    summary(&paid.run(&["plan", "--json"]))["requests"]
        .as_u64()
        .unwrap()
}

#[test]
fn another_candidate_is_free_and_so_is_the_first_one_again() {
    let paid = four("");
    let first = paid.project.read("dist/a.png");
    assert_eq!(
        pick(&paid, &["a", "3"]),
        "picked    a  candidate 3 of 4\nmade      a  dist/a.png  (picture changed)\n1 made, 0 failed in TIME\n"
    );
    let third = paid.project.read("dist/a.png");
    assert!(third != first);
    assert!(paid.project.text("gpbuild.lock").contains("pick = 3"));
    assert_eq!(summary(&paid.build(0))["fresh"], 1);
    pick(&paid, &["a", "1"]);
    assert!(paid.project.read("dist/a.png") == first);
    // Losers stay, whatever is swept.
    paid.run(&["cache", "gc", "--days", "0"]);
    pick(&paid, &["a", "3"]);
    assert!(paid.project.read("dist/a.png") == third);
    assert_eq!(paid.accepted(), 1);
}

#[test]
fn a_choice_outlives_words_and_names_and_the_store() {
    let paid = four("");
    pick(&paid, &["a", "2"]);
    let second = paid.project.read("dist/a.png");
    paid.project.edit("gpbuild.toml", "\"one\"", "\"two\"");
    paid.build(0);
    paid.project.edit("gpbuild.toml", "\"two\"", "\"one\"");
    paid.build(0);
    assert!(
        paid.project.read("dist/a.png") == second,
        "other words and back"
    );
    paid.project.edit("gpbuild.toml", "[cover.a]", "[cover.b]");
    paid.build(0);
    assert!(paid.project.read("dist/b.png") == second, "another name");
    paid.project.remove(".gpbuild");
    assert_eq!(summary(&paid.build(0))["fresh"], 1);
    assert!(paid.project.read("dist/b.png") == second);
    assert_eq!(paid.accepted(), 2);
}

#[test]
fn an_edit_follows_the_choice_and_says_its_price_first() {
    let paid = four("[[cover.a.edit]]\nchange = \"redder\"\n");
    let before = paid.project.read("dist/a.png");
    assert_eq!(paid.accepted(), 2);
    // The edit's own shot has one candidate; the four are of the first.
    let told = pick(&paid, &["a", "2", "--shot", "1"]);
    assert!(
        told.contains(
            "what was made from another candidate is to be made anew: 1 request, about $0.0"
        ),
        "{told}"
    );
    assert_eq!(paid.accepted(), 2, "a pick asks for nothing");
    assert_eq!(requests(&paid), 1);
    // Back again is free.
    pick(&paid, &["a", "1", "--shot", "1"]);
    assert_eq!(requests(&paid), 0);
    assert!(paid.project.read("dist/a.png") == before);
    pick(&paid, &["a", "2", "--shot", "1"]);
    paid.build(0);
    let sent = paid.server.requests();
    assert_eq!(sent[2].images[0].digest, sent[0].pictures[1]);
}

#[test]
fn slides_and_further_targets_follow() {
    let paid = Paid::new(&format!(
        "{DEFAULTS}[carousel.c]\nseries = \"first\"\n[[carousel.c.slide]]\ncandidates = 2\ntext = {{ headline = \"1\" }}\n[[carousel.c.slide]]\ntext = {{ headline = \"2\" }}\n[[carousel.c.slide]]\ntext = {{ headline = \"3\" }}\n"
    ));
    paid.build(0);
    let told = pick(&paid, &["c/01", "2"]);
    assert!(told.contains("2 requests, about $0.0"), "{told}");
    assert_eq!(requests(&paid), 2);
    let also = Paid::new(
        "[defaults]\nmodel = \"openai/gpt-image-2\"\nquality = \"low\"\n[cover.a]\npreset = \"xiaohongshu-cover\"\nalso = [\"wechat-newspic\"]\ncandidates = 2\ntext = { headline = \"one\" }\n",
    );
    also.build(0);
    let before = also.project.snapshot("dist");
    pick(&also, &["a", "2"]);
    for (name, (bytes, _)) in before {
        let is_picture = name.ends_with(".png") || name.ends_with(".jpg");
        assert!(!is_picture || also.project.read(&name) != bytes, "{name}");
    }
    assert_eq!(summary(&also.build(0))["fresh"], 2);
}

#[test]
fn candidates_are_laid_out_to_be_looked_at() {
    let paid = four("");
    pick(&paid, &["a", "2"]);
    let run = paid.run(&["pick", "a"]);
    assert_eq!(
        run.out,
        "  1  .gpbuild/candidates/a/1.png\n* 2  .gpbuild/candidates/a/2.png\n  3  .gpbuild/candidates/a/3.png\n  4  .gpbuild/candidates/a/4.png\n"
    );
    let digests: Vec<String> = (1..=4)
        .map(|n| {
            let bytes = paid.project.read(&format!(".gpbuild/candidates/a/{n}.png"));
            base::digest::Digest::of(&bytes).hex()
        })
        .collect();
    assert_eq!(digests, paid.server.requests()[0].pictures);
}

#[cfg(unix)]
#[test]
fn candidates_are_laid_out_behind_no_link() {
    let paid = four("");
    pick(&paid, &["a", "2"]);
    let project = &paid.project;
    project.write("victim/a/keep.txt", "mine");
    project.write("victim/a/1.png", "mine");
    for (link, target) in [
        (".gpbuild/candidates", "../victim"),
        (".gpbuild/candidates/a", "../../victim/a"),
    ] {
        let folder = link.rsplit_once('/').unwrap().0;
        std::fs::create_dir_all(project.path(folder)).unwrap();
        std::os::unix::fs::symlink(target, project.path(link)).unwrap();
        let run = paid.run(&["pick", "a"]);
        assert_eq!(
            (run.code, run.err),
            (
                5,
                format!("error: `{link}` is a symbolic link, and gpbuild follows none here\n")
            )
        );
        assert_eq!(
            project.files("victim"),
            ["victim/a/1.png", "victim/a/keep.txt"]
        );
        assert_eq!(project.text("victim/a/1.png"), "mine");
        std::fs::remove_file(project.path(link)).unwrap();
    }
}

#[test]
fn what_cannot_be_picked_says_why() {
    let paid = Paid::new(&format!(
        "{DEFAULTS}[cover.a]\ncandidates = 4\ntext = {{ headline = \"one\" }}\n[cover.drawn]\nmodel = \"local\"\ntext = {{ headline = \"one\" }}\n"
    ));
    let told = |arguments: &[&str]| {
        let run = paid.run(&[&["pick"], arguments].concat());
        assert_ne!(run.code, 0);
        run.err
    };
    assert_eq!(
        told(&["a", "1"]),
        "error: `a` is not made as it is declared now: there is nothing to pick from\n --> gpbuild.toml:5:8\n  |\n5 | [cover.a]\n  |        ^\n  |\n  = help: `gpbuild plan a` says what is missing, `gpbuild build a` makes it\n"
    );
    paid.build(0);
    for (arguments, expected) in [
        (
            &["a", "5"][..],
            "error: `a` has 4 candidates, there is no number 5\n",
        ),
        (
            &["a", "0"],
            "error: `a` has 4 candidates, there is no number 0\n",
        ),
        (
            &["a", "1", "--shot", "2"],
            "error: `a` has 1 shot, there is no number 2\n",
        ),
        (
            &["drawn", "1"],
            "error: `drawn` is drawn here: it has no candidates to pick from\n",
        ),
        (
            &["a", "1", "--draft"],
            "error: a draft is drawn: it has no candidates\n",
        ),
        (
            &["*", "1"],
            "error: `pick` takes one asset, by its whole id: `gpbuild pick bootcamp 2`\n",
        ),
    ] {
        assert_eq!(told(arguments), expected);
    }
    assert!(told(&["drwan", "1"]).contains("did you mean `drawn`?"));
    paid.project
        .edit("gpbuild.toml", "[cover.a]\n", "[cover.a]\npin = true\n");
    assert!(told(&["a", "2"]).contains("take `pin = true` out first"));
}

#[test]
fn a_pick_never_pays_for_a_target_of_another_ratio() {
    let paid = Paid::new(
        "[defaults]\nmodel = \"openai/gpt-image-2\"\nquality = \"low\"\n[cover.a]\npreset = \"xiaohongshu-cover\"\nalso = [\"wechat-square\"]\ncandidates = 2\ntext = { headline = \"one\" }\n",
    );
    paid.build(0);
    assert_eq!(paid.accepted(), 2);
    let told = pick(&paid, &["a", "2"]);
    // That one is composed anew, with the picture as its reference: for a price, so not by itself.
    assert!(
        told.contains("is to be made anew: 1 request, about $0.0"),
        "{told}"
    );
    assert!(told.contains("made      a  "), "{told}");
    assert_eq!(paid.accepted(), 2);
    assert_eq!(requests(&paid), 1);
}

#[test]
fn a_picture_that_was_accepted_is_not_replaced_without_a_word() {
    let paid = four("");
    let ours = paid.project.read("dist/a.png");
    pick(&paid, &["a", "2"]);
    let theirs = paid.project.read("dist/a.png");
    pick(&paid, &["a", "1"]);
    paid.project.write("dist/a.png", &theirs);
    assert_eq!(paid.run(&["accept", "a"]).code, 0);
    let run = paid.run(&["pick", "a", "1"]);
    assert_eq!(
        (run.code, run.err.as_str()),
        (
            1,
            "error: the picture of `a` was accepted from a person\n  = help: `--force` takes the candidate in its place\n"
        )
    );
    assert!(paid.project.read("dist/a.png") == theirs);
    pick(&paid, &["a", "1", "--force"]);
    assert!(paid.project.read("dist/a.png") == ours);
}
