//! What nobody reads, and what somebody wrote into the lock: paid for once all the same.

use std::process::{Command, Stdio};

use crate::paid::{Paid, summary};

#[test]
fn what_is_paid_for_goes_on_without_a_reader() {
    let paid = Paid::one();
    for to in [">/dev/full", ">&-"] {
        let command = paid.command(&["build", "--json", "--yes"]);
        let (program, arguments) = (command.get_program().to_owned(), command.get_args());
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &format!("exec \"$@\" {to}"), "sh"])
            .arg(program)
            .args(arguments)
            .current_dir(paid.project.root())
            .env_clear()
            .envs(command.get_envs().filter_map(|(k, v)| Some((k, v?))))
            .stderr(Stdio::null());
        shell.status().unwrap();
    }
    assert_eq!(paid.accepted(), 1);
    assert!(paid.project.has("dist/a.png"));
    assert_eq!(summary(&paid.build(0))["requests"], 0);
}

#[test]
fn a_plan_says_what_a_build_does_whatever_is_in_the_lock() {
    let paid = Paid::one();
    paid.build(0);
    let (lock, picture) = (
        paid.project.text("gpbuild.lock"),
        paid.project.read("dist/a.png"),
    );
    let list = lock
        .split("candidates = ")
        .nth(1)
        .unwrap()
        .split(", pick")
        .next()
        .unwrap()
        .to_owned();
    let once = list.trim_matches(['[', ']']).to_owned();
    for (from, to) in [
        (list.as_str(), "[]"),
        ("pick = 1", "pick = 0"),
        ("pick = 1", "pick = 9"),
        (list.as_str(), &*format!("[{once}, {once}]")),
        ("dist/a.png", "../../out.png"),
        ("dist/a.png", "/etc/hostname"),
    ] {
        for gone in [None, Some("dist")] {
            if let Some(gone) = gone {
                paid.project.remove(gone);
            }
            paid.project.write("gpbuild.lock", lock.replace(from, to));
            let plan = paid.run(&["plan", "--json"]);
            let planned = plan.asset("a")["state"].as_str().unwrap().to_owned();
            assert_eq!(plan.counts_of_plan("requests"), 0, "{to}: {}", plan.out);
            assert!(!plan.out.contains("hostname"), "{}", plan.out);
            let built = paid.build(0);
            let made = built.asset("a")["state"].as_str().unwrap().to_owned();
            let as_planned = [("fresh", "fresh"), ("restore", "restored")];
            assert!(
                as_planned.contains(&(&*planned, &*made)),
                "{to}: {planned}, {made}"
            );
            assert_eq!(summary(&built)["requests"], 0, "{to}");
            assert!(paid.project.read("dist/a.png") == picture, "{to}");
        }
    }
    assert_eq!(paid.accepted(), 1);
}
