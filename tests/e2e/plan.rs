//! `plan` says what `build` does, and does nothing.

use serde_json::Value;

use crate::project::{Project, Run, another_picture};

/// Builds a project of one asset, then changes something.
fn after(change: impl Fn(&Project)) -> Project {
    let project = Project::one("one");
    project.build();
    change(&project);
    project
}

fn set(project: &Project, line: &str) {
    project.edit(
        "gpbuild.toml",
        "[cover.a]\n",
        &format!("[cover.a]\n{line}\n"),
    );
}

/// Plans and builds with the same flags: the states must be each other's.
fn agree(what: &str, project: &Project, flags: &[&str], expected: &[(&str, &str)]) {
    let arguments = |command| [&[command, "--json"], flags].concat();
    let planned = project.ok(&arguments("plan"));
    let built = project.run(&arguments("build"));
    let as_built = |state: &str| match state {
        "make" => "made".to_owned(),
        "restore" => "restored".to_owned(),
        other => other.to_owned(),
    };
    let planned_as: Vec<(String, String)> = planned.states();
    let expected: Vec<(String, String)> = expected
        .iter()
        .map(|(id, state)| ((*id).to_owned(), (*state).to_owned()))
        .collect();
    assert_eq!(planned_as, expected, "{what}: plan");
    let would: Vec<(String, String)> = planned_as
        .into_iter()
        .map(|(id, state)| (id, as_built(&state)))
        .collect();
    assert_eq!(built.states(), would, "{what}: build");
    for (id, state) in would {
        if state != "failed" {
            let (planned, built) = (planned.asset(&id), built.asset(&id));
            assert_eq!(planned["reason"], built["reason"], "{what}: {id}");
            assert_eq!(planned["key"], built["key"], "{what}: {id}");
        }
    }
}

#[test]
fn plan_and_build_agree() {
    let edit = |project: &Project| project.write("dist/a.png", another_picture());
    let reword = |project: &Project| project.edit("gpbuild.toml", "one", "two");
    let rename = |project: &Project| project.edit("gpbuild.toml", "cover.a", "cover.b");
    let (make, restore, fresh, blocked) = (
        &[("a", "make")],
        &[("a", "restore")],
        &[("a", "fresh")],
        &[("a", "blocked")],
    );
    agree("first build", &Project::one("one"), &[], make);
    agree(
        "first build, locked",
        &Project::one("one"),
        &["--locked"],
        blocked,
    );
    agree("nothing changed", &after(|_| {}), &[], fresh);
    agree(
        "nothing changed, locked",
        &after(|_| {}),
        &["--locked"],
        fresh,
    );
    agree("text changed", &after(reword), &[], make);
    agree(
        "text changed, locked",
        &after(reword),
        &["--locked"],
        blocked,
    );
    agree("output deleted", &after(|p| p.remove("dist")), &[], restore);
    agree(
        "output deleted, locked",
        &after(|p| p.remove("dist")),
        &["--locked"],
        restore,
    );
    agree(
        "store deleted",
        &after(|p| p.remove(".gpbuild")),
        &[],
        fresh,
    );
    let lost = |p: &Project| {
        p.remove(".gpbuild");
        p.remove("dist");
    };
    agree("both deleted", &after(lost), &[], make);
    agree("both deleted, locked", &after(lost), &["--locked"], blocked);
    agree(
        "lock deleted",
        &after(|p| p.remove("gpbuild.lock")),
        &[],
        fresh,
    );
    let lock_and_output = |p: &Project| {
        p.remove("gpbuild.lock");
        p.remove("dist");
    };
    agree(
        "lock and output deleted",
        &after(lock_and_output),
        &[],
        restore,
    );
    agree("edited", &after(edit), &[], blocked);
    agree("edited, forced", &after(edit), &["--force"], restore);
    agree("renamed", &after(rename), &[], &[("b", "restore")]);
    let reverted = |p: &Project| {
        reword(p);
        p.build();
        p.edit("gpbuild.toml", "two", "one");
    };
    agree("reverted", &after(reverted), &[], restore);
    agree(
        "another format",
        &after(|p| set(p, "format = \"webp\"")),
        &[],
        make,
    );
    agree("another roll", &after(|p| set(p, "variant = 2")), &[], make);
    let pinned = |p: &Project| {
        set(p, "pin = true");
        reword(p);
    };
    agree("pinned and stale", &after(pinned), &[], fresh);
    let pinned_and_lost = |p: &Project| {
        pinned(p);
        lost(p);
    };
    agree("pinned and nowhere", &after(pinned_and_lost), &[], blocked);
    let foreign = Project::one("one");
    edit(&foreign);
    agree("somebody else's file", &foreign, &[], blocked);
    let folder = Project::one("one");
    folder.write("dist/a.png/x", "");
    agree("a folder, forced", &folder, &["--force"], blocked);
    agree(
        "the same layout by its name",
        &after(|_| {}),
        &["--model", "local/cover"],
        fresh,
    );
}

/// Adds a table to the manifest.
fn add(project: &Project, table: &str) {
    let before = project.text("gpbuild.toml");
    project.write("gpbuild.toml", format!("{before}\n{table}"));
}

#[test]
fn plan_and_build_agree_on_what_cannot_be_asked_for() {
    let paid = |model: &str| {
        let project = Project::one("one");
        set(&project, &format!("model = \"{model}\""));
        project
    };
    let blocked = &[("a", "blocked")];
    agree("no key", &paid("openai/gpt-image-2"), &[], blocked);
    agree("no such provider", &paid("bfl/flux-2-pro"), &[], blocked);
    agree(
        "no key, and nothing may be made",
        &paid("openai/gpt-image-2"),
        &["--locked"],
        blocked,
    );
    agree(
        "a model that answers no more, and no key",
        &paid("openai/dall-e-3"),
        &[],
        blocked,
    );
    agree(
        "no key, by a flag",
        &after(|_| {}),
        &["--model", "openai/gpt-image-2"],
        blocked,
    );
    // What is in the lock needs nobody.
    let kept = after(|project| {
        add(
            project,
            "[cover.b]\nsize = \"40x30\"\nmodel = \"bfl/flux-2-pro\"\ntext = { headline = \"b\" }\n",
        );
    });
    agree(
        "one of two",
        &kept,
        &[],
        &[("a", "fresh"), ("b", "blocked")],
    );
    // What waits for a drawn picture is blocked before that is drawn, and its takers behind it.
    let drawn = Project::one("one");
    let taker = |id: &str, of: &str| {
        format!(
            "[cover.{id}]\nsize = \"40x30\"\nmodel = \"openai/gpt-image-2\"\nreferences = [{{ asset = \"{of}\" }}]\ntext = {{ headline = \"{id}\" }}\n"
        )
    };
    add(&drawn, &taker("b", "a"));
    add(&drawn, &taker("c", "b"));
    let states = &[("a", "make"), ("b", "blocked"), ("c", "blocked")];
    agree("a drawn reference", &drawn, &[], states);
    let series = series();
    let slides = ["c/01", "c/02", "c/03"].map(|id| (id, "blocked"));
    agree("slides", &series, &["--profile", "final"], &slides);
}

#[test]
fn a_plan_says_what_is_missing_and_what_it_would_cost() {
    let project = series();
    let run = project.ok(&["plan", "--profile", "final"]);
    assert_eq!(
        run.out,
        "blocked   c/01   $0.04  `OPENAI_API_KEY` is not set\n          2 assets take it as reference: up to $0.090\nblocked   c/02  $0.045  takes the picture of `c/01`, which is blocked\nblocked   c/03  $0.045  takes the picture of `c/01`, which is blocked\n\nnothing to make (3 blocked: up to $0.13 · 3 requests)\n"
    );
    let drawn = "[cover.d]\nsize = \"40x30\"\ntext = { headline = \"d\" }\n[cover.e]\nsize = \"40x30\"\nmodel = \"bfl/flux-2-pro\"\ntext = { headline = \"e\" }\n";
    let project = Project::new(drawn);
    assert_eq!(
        project.ok(&["plan"]).out,
        "make      d         never made\nblocked   e  $0.03  `BFL_API_KEY` is not set\n\nwould make 1 picture (1 blocked: about $0.03 · 1 request)\n"
    );
    let run = project.ok(&["plan", "--json"]);
    let summary = run.json().pop().unwrap();
    assert_eq!(
        (&summary["requests"], &summary["estimate_usd"]),
        (&1.into(), &0.03.into())
    );
    // And check tells it before anybody plans, of each provider.
    add(
        &project,
        "[cover.f]\nsize = \"1024x1024\"\nmodel = \"openai/gpt-image-2\"\ntext = { headline = \"f\" }\n",
    );
    let check = project.ok(&["check"]);
    let missing: Vec<&str> = check
        .err
        .lines()
        .filter(|line| line.contains("could not be asked"))
        .collect();
    assert_eq!(
        missing,
        [
            "warning: `BFL_API_KEY` is not set: 1 shot could not be asked for",
            "warning: `OPENAI_API_KEY` is not set: 1 shot could not be asked for",
        ]
    );
}

#[test]
fn several_states_at_once() {
    let project = Project::many(4);
    project.build();
    project.remove("dist/a01.png");
    project.edit("gpbuild.toml", "\"2\"", "\"new\"");
    project.write("dist/a03.png", another_picture());
    let states = [
        ("a00", "fresh"),
        ("a01", "restore"),
        ("a02", "make"),
        ("a03", "blocked"),
    ];
    agree("one of each", &project, &[], &states);
}

#[test]
fn plan_writes_nothing_at_all() {
    let project = Project::one("one");
    let before = project.snapshot("");
    for arguments in [
        &["plan"][..],
        &["plan", "--json"],
        &["plan", "--draft"],
        &["why", "a"],
    ] {
        project.ok(arguments);
        assert_eq!(project.snapshot(""), before, "{arguments:?}");
    }
    assert!(!project.has(".gpbuild") && !project.has("dist") && !project.has("gpbuild.lock"));
    project.build();
    project.edit("gpbuild.toml", "one", "two");
    let before = project.snapshot("");
    for arguments in [
        &["plan"][..],
        &["plan", "--json"],
        &["show", "a"],
        &["check"],
        &["why", "a"],
    ] {
        project.ok(arguments);
        assert_eq!(project.snapshot(""), before, "{arguments:?}");
    }
}

/// A line of JSON whose key is replaced.
fn without_key(line: &str, event: &Value) -> String {
    let key = event["key"].as_str().unwrap();
    assert!(
        key.len() == 64 && key.bytes().all(|b| b.is_ascii_hexdigit()),
        "{key}"
    );
    line.replace(key, "KEY")
}

#[test]
fn the_shape_of_a_plan() {
    let project = Project::one("one");
    let run = project.ok(&["plan", "--json"]);
    let events = run.json();
    assert_eq!(events.len(), 2, "{}", run.out);
    assert_eq!(
        without_key(&run.out, &events[0]),
        "{\"event\":\"asset\",\"id\":\"a\",\"state\":\"make\",\"reason\":\"never made\",\"key\":\"KEY\",\"output\":\"dist/a.png\",\"cost_usd\":0,\"estimate_usd\":0}\n\
         {\"event\":\"summary\",\"fresh\":0,\"restore\":0,\"make\":1,\"failed\":0,\"blocked\":0,\"requests\":0,\"estimate_usd\":0,\"up_to\":false}\n"
    );
    project.build();
    let run = project.ok(&["plan", "--json"]);
    assert_eq!(
        without_key(&run.out, &run.json()[0]),
        "{\"event\":\"asset\",\"id\":\"a\",\"state\":\"fresh\",\"reason\":null,\"key\":\"KEY\",\"output\":\"dist/a.png\",\"cost_usd\":0,\"estimate_usd\":0}\n\
         {\"event\":\"summary\",\"fresh\":1,\"restore\":0,\"make\":0,\"failed\":0,\"blocked\":0,\"requests\":0,\"estimate_usd\":0,\"up_to\":false}\n"
    );
}

#[test]
fn the_shape_of_a_build() {
    let project = Project::one("one");
    let run = project.ok(&["build", "--json"]);
    let events = run.json();
    let seconds = format!("\"seconds\":{}}}", events[1]["seconds"]);
    assert_eq!(
        without_key(&run.out, &events[0]).replace(&seconds, "\"seconds\":TIME}"),
        "{\"event\":\"asset\",\"id\":\"a\",\"state\":\"made\",\"reason\":\"never made\",\"key\":\"KEY\",\"output\":\"dist/a.png\",\"cost_usd\":0}\n\
         {\"event\":\"summary\",\"fresh\":0,\"restored\":0,\"made\":1,\"failed\":0,\"blocked\":0,\"requests\":0,\"cost_usd\":0,\"seconds\":TIME}\n"
    );
    assert_eq!(run.err, "");
}

#[test]
fn a_plan_for_people() {
    let project = Project::many(3);
    project.build();
    project.remove("dist/a01.png");
    project.edit("gpbuild.toml", "\"2\"", "\"new\"");
    let run = project.ok(&["plan"]);
    assert_eq!(
        run.out,
        "make      a02  `text.headline` changed\n\
         restore   a01  output is missing\n\
         \n\
         would make 1 picture and restore 1 (1 fresh)\n"
    );
    assert_eq!(run.err, "");
    project.build();
    assert_eq!(project.ok(&["plan"]).out, "nothing to make (3 fresh)\n");
}

#[test]
fn an_unknown_price_is_null_and_never_nothing() {
    let project = Project::one("one");
    let model = "openai/gpt-image-2.6-flare";
    let run = project.ok_with_key(&["plan", "--json", "--model", model]);
    assert_eq!(run.asset("a")["state"], "make");
    assert!(run.asset("a")["estimate_usd"].is_null());
    let events = run.json();
    let summary = events.last().unwrap();
    assert!(summary["estimate_usd"].is_null());
    assert_eq!(summary["requests"], 1);
    let text = project.ok_with_key(&["plan", "--model", model]).out;
    assert_eq!(
        text,
        "make      a  unknown  never made\n\nwould make 1 picture: cost unknown · 1 request\n"
    );
}

/// A carousel whose slides go by the first one, drawn locally unless asked otherwise.
fn series() -> Project {
    let mut manifest = "[profile.final.defaults]\nmodel = \"openai/gpt-image-2\"\nseries = \"first\"\n[carousel.c]\nsize = \"300x400\"\n".to_owned();
    for headline in ["one", "two", "three"] {
        manifest += &format!("[[carousel.c.slide]]\ntext = {{ headline = \"{headline}\" }}\n");
    }
    Project::new(&manifest)
}

fn micros(value: &Value) -> u64 {
    (value.as_f64().unwrap() * 1e6).round() as u64
}

#[test]
fn paid_pictures_are_priced_and_wait_for_the_one_they_go_by() {
    let project = series();
    for flags in [["--profile", "final"], ["--model", "openai/gpt-image-2"]] {
        let arguments = ["plan", "--json", flags[0], flags[1]];
        let run = project.ok_with_key(&arguments);
        assert_eq!(run.err, "");
        // Without a key they are blocked, for the same price.
        let blocked = project.ok(&arguments);
        let total = |run: &Run| {
            let summary = run.json().pop().unwrap();
            ["requests", "estimate_usd", "up_to"].map(|name| summary[name].clone())
        };
        assert_eq!(total(&blocked), total(&run));
        for (id, state) in blocked.states() {
            assert_eq!(state, "blocked");
            let (now, then) = (run.asset(&id), blocked.asset(&id));
            assert_eq!(now["estimate_usd"], then["estimate_usd"], "{id}");
        }
        let first = run.asset("c/01");
        assert_eq!(
            (&first["state"], &first["reason"]),
            (&"make".into(), &"never made".into())
        );
        assert!(first["key"].is_string());
        assert!(
            (6_000..211_000).contains(&micros(&first["estimate_usd"])),
            "{first}"
        );
        let summary = run.json().pop().unwrap();
        assert_eq!(summary["make"], 3);
        assert_eq!(summary["requests"], 3);
        let all = ["c/01", "c/02", "c/03"].map(|id| micros(&run.asset(id)["estimate_usd"]));
        assert_eq!(micros(&summary["estimate_usd"]), all.iter().sum::<u64>());
        let waits = flags[0] == "--profile";
        assert_eq!(summary["up_to"], waits);
        for id in ["c/02", "c/03"] {
            let slide = run.asset(id);
            assert_eq!(slide["state"], "make");
            if waits {
                assert_eq!(
                    slide["reason"],
                    "takes the picture of `c/01`, which is made first"
                );
                assert!(slide["key"].is_null());
                // A reference costs something too.
                assert!(micros(&slide["estimate_usd"]) > all[0], "{slide}");
            } else {
                assert_eq!(slide["reason"], "never made");
            }
        }
    }
    assert_eq!(project.files(""), ["gpbuild.toml"]);
}

#[test]
fn a_paid_build_without_a_key_is_blocked_and_nothing_is_written_over() {
    let project = series();
    project.build();
    let (dist, lock) = (project.snapshot("dist"), project.read("gpbuild.lock"));
    let run = project.run(&["build", "--json", "--profile", "final"]);
    assert_eq!(run.code, 3);
    let blocked = |id: &str| (id.to_owned(), "blocked".to_owned());
    assert_eq!(run.states(), ["c/01", "c/02", "c/03"].map(blocked));
    let reason = |id: &str| run.asset(id)["reason"].clone();
    assert_eq!(reason("c/01"), "`OPENAI_API_KEY` is not set");
    assert_eq!(
        reason("c/02"),
        "takes the picture of `c/01`, which is blocked"
    );
    assert_eq!(run.json().pop().unwrap()["requests"], 0);
    assert_eq!(project.snapshot("dist"), dist);
    assert_eq!(project.read("gpbuild.lock"), lock);
    // And the local pictures are still fresh.
    assert_eq!(project.build(), crate::project::Counts::fresh(3));
}

#[test]
fn the_same_picture_twice_in_one_run_is_one_shot() {
    let project = Project::new(
        "[cover.a]\nsize = \"40x30\"\ntext = { headline = \"one\" }\n[cover.b]\nsize = \"40x30\"\ntext = { headline = \"one\" }\n[profile.f.defaults]\nmodel = \"openai/gpt-image-2\"\n",
    );
    let run = project.ok(&["plan", "--json", "--profile", "f"]);
    assert_eq!(run.json().pop().unwrap()["requests"], 1);
}

#[test]
fn a_budget_that_would_be_passed_is_told() {
    let project = series();
    project.edit("gpbuild.toml", "[profile", "[budget]\nrun = 0.05\n[profile");
    let run = project.ok(&["plan", "--profile", "final"]);
    assert_eq!(run.err, "that is more than the budget of one run, $0.050\n");
}

#[test]
fn targets_of_the_same_ratio_share_the_shots_and_their_price() {
    let project = Project::new(
        "[cover.a]\npreset = \"xiaohongshu-cover\"\nalso = [\"wechat-newspic\", \"wechat-square\"]\nmodel = \"openai/gpt-image-2\"\nquality = \"low\"\ntext = { headline = \"one\" }\n[[cover.a.edit]]\nchange = \"make it blue\"\n",
    );
    let run = project.ok(&["plan", "--json"]);
    let estimate = |id: &str| run.asset(id)["estimate_usd"].as_f64().unwrap();
    assert!(estimate("a") > 0.0);
    assert_eq!(
        estimate("a/wechat-newspic"),
        0.0,
        "the same shots, exported again"
    );
    assert!(
        estimate("a/wechat-square") > 0.0,
        "composed for its own canvas"
    );
    let summary = run.json().into_iter().last().unwrap();
    assert_eq!(summary["requests"], 4);
}
