//! Odd pictures: as the answer of a model, as what goes to one, and as what is drawn on a page. The right
//! picture or a clear error, and nothing is paid for twice.

use api_server::Fault;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::corpus::{Odd, Right, bent, corpus, is_red_blue};
use crate::paid::{DEFAULTS, Paid, summary};
use crate::project::{Counts, Project};

#[test]
fn as_an_answer() {
    for Odd { name, bytes, right } in corpus().into_iter().chain(bent()) {
        let paid = Paid::one();
        paid.server.script([Fault::picture(&bytes)]);
        let run = paid.run(&["build", "--yes"]);
        match right {
            Right::RedBlue => {
                assert_eq!(run.code, 0, "{name}: {}", run.err);
                assert!(is_red_blue(&paid.project.read("dist/a.png")), "{name}");
            }
            Right::Refused(why) => {
                assert_eq!(run.code, 1, "{name}: {}", run.err);
                let line = run.err.lines().find(|line| line.starts_with("error: "));
                assert!(
                    line.is_some_and(|line| line.contains(why)),
                    "{name}: {}",
                    run.err
                );
                assert!(!paid.project.has("dist/a.png"), "{name}");
            }
        }
        // It was paid for: it is there as it came, and nobody asks for it again by himself.
        let kept = paid.project.files(".gpbuild/store/objects");
        assert!(
            kept.iter().any(|object| paid.project.read(object) == bytes),
            "{name}"
        );
        // What a plan says is what a build does.
        let plan = paid.run(&["plan", "--json"]).asset("a");
        let again = paid.run(&["build", "--yes", "--json"]);
        assert_eq!(summary(&again)["requests"], 0, "{name}");
        assert_eq!(again.code, run.code, "{name}");
        assert_eq!(paid.accepted(), 1, "{name}");
        let again = again.asset("a");
        assert_eq!(plan["state"], again["state"], "{name}");
        assert_eq!(plan["reason"], again["reason"], "{name}");
        if let Right::Refused(why) = right {
            assert_eq!(plan["state"], "blocked", "{name}");
            let reason = plan["reason"].as_str().unwrap();
            assert!(
                reason.starts_with("the picture that came for $0.")
                    && reason.contains(&format!(" cannot be used: {why}")),
                "{name}: {reason}"
            );
        }
    }
}

/// A cover of two candidates, of which the first is a page of HTML.
fn html_and_picture() -> Paid {
    let paid = Paid::new(&format!(
        "{DEFAULTS}[cover.a]\ncandidates = 2\ntext = {{ headline = \"one\" }}\n"
    ));
    let pictures = [HTML.to_vec(), corpus().remove(0).bytes];
    let data = pictures.map(|bytes| format!("{{\"b64_json\":\"{}\"}}", STANDARD.encode(bytes)));
    let body = format!(
        "{{\"data\":[{}],\"usage\":{{\"input_tokens\":100,\"output_tokens\":300}}}}",
        data.join(",")
    );
    let answer = Fault::raw(200, "application/json", body.as_bytes()).accepted();
    paid.server.script([answer]);
    paid
}

const HTML: &[u8] = b"<html>503</html>";

#[test]
fn what_was_paid_for_and_cannot_be_used_is_told_with_every_way_out() {
    let paid = html_and_picture();
    let hex = base::digest::Digest::of(HTML).hex();
    let object = format!(".gpbuild/store/objects/{}/{}", &hex[..2], &hex[2..]);
    let what = "the picture that came for $0.010 cannot be used: this is not a PNG, JPEG or WebP picture: it looks like HTML";
    let ways = [
        format!("it is kept as it came in `{object}`"),
        "`gpbuild pick a 2` takes another candidate, for nothing".to_owned(),
        "put a mended one at `dist/a.png`, and `gpbuild accept a` takes it, for nothing".to_owned(),
        "`variant = 2` in its table asks for another one, for about $0.019".to_owned(),
    ];
    let helps: String = ways
        .iter()
        .map(|way| format!("  = help: {way}\n"))
        .collect();
    let run = paid.run(&["build", "--yes"]);
    assert_eq!(run.code, 1);
    let error = format!(
        "error: {what}\n --> gpbuild.toml:5:8\n  |\n5 | [cover.a]\n  |        ^\n  |\n  = note: in asset `a`\n{helps}"
    );
    assert!(run.err.contains(&error), "{}\n{error}", run.err);
    assert!(
        run.err.contains("a: picture 1 cannot be used: this is not a PNG, JPEG or WebP picture: it looks like HTML\n"),
        "{}",
        run.err
    );
    // The same from then on, by whoever is asked.
    let line = format!("{what}; {}", ways.join("; "));
    for _ in 0..2 {
        for command in ["plan", "build"] {
            let run = paid.run(&[command, "--json"]);
            let asset = run.asset("a");
            assert_eq!(asset["state"], "blocked");
            assert_eq!(asset["reason"], line);
            assert_eq!(run.code, i32::from(command == "build"));
        }
    }
    assert_eq!(paid.accepted(), 1);
    // Another candidate.
    assert_eq!(paid.run(&["pick", "a", "2"]).code, 0);
    let run = paid.build(0);
    assert_eq!(
        (run.counts(), summary(&run)["requests"].as_u64()),
        (Counts::made(1), Some(0))
    );
    assert!(is_red_blue(&paid.project.read("dist/a.png")));
    assert_eq!(paid.build(0).counts(), Counts::fresh(1));
}

#[test]
fn a_mended_picture_is_accepted() {
    let paid = html_and_picture();
    paid.build(1);
    let mended = corpus().remove(3).bytes;
    paid.project.write("dist/a.png", &mended);
    // It is the person's, and nothing goes over it.
    let run = paid.build(1);
    assert_eq!(
        run.asset("a")["reason"],
        "a file is at its path that gpbuild did not make: `gpbuild accept` keeps it, `--force` replaces it"
    );
    assert_eq!(paid.run(&["accept", "a"]).code, 0);
    assert_eq!(paid.build(0).counts(), Counts::fresh(1));
    paid.project.remove("dist/a.png");
    assert_eq!(paid.build(0).counts(), Counts::restored(1));
    assert_eq!(paid.project.read("dist/a.png"), mended);
    assert_eq!(paid.accepted(), 1);
}

#[test]
fn another_variant_is_another_picture() {
    let paid = html_and_picture();
    paid.build(1);
    paid.project.edit(
        "gpbuild.toml",
        "candidates = 2",
        "candidates = 2\nvariant = 2",
    );
    let estimate = paid.run(&["plan", "--json"]).asset("a")["estimate_usd"].clone();
    assert!(
        (estimate.as_f64().unwrap() - 0.0185).abs() < 0.001,
        "{estimate}"
    );
    assert_eq!(paid.build(0).counts(), Counts::made(1));
    assert_eq!(paid.accepted(), 2);
}

#[test]
fn no_edit_goes_by_a_picture_that_cannot_be_used() {
    let paid = Paid::new(&format!(
        "{DEFAULTS}[cover.a]\ntext = {{ headline = \"one\" }}\n[[cover.a.edit]]\nchange = \"a red ground\"\n[cover.b]\nreferences = [{{ asset = \"a\" }}]\ntext = {{ headline = \"two\" }}\n"
    ));
    paid.server.script([Fault::picture(HTML)]);
    let run = paid.build(1);
    let reason = run.asset("a")["reason"].to_string();
    assert!(
        reason.starts_with("\"the picture of shot 1 that came for $0.")
            && reason.contains("looks like HTML"),
        "{reason}"
    );
    assert_eq!(
        run.asset("b")["reason"],
        "takes the picture of `a`, which could not be made"
    );
    for command in ["plan", "build"] {
        let run = paid.run(&[command, "--json"]);
        assert_eq!(run.asset("a")["state"], "blocked");
        assert_eq!(
            run.asset("b")["reason"],
            "takes the picture of `a`, which is blocked"
        );
    }
    assert_eq!(paid.server.stats().arrived, 1);
}

#[test]
fn as_a_reference() {
    for Odd { name, bytes, right } in corpus() {
        let paid = Paid::new(&format!(
            "{DEFAULTS}[cover.a]\nreferences = [\"it.png\"]\ntext = {{ headline = \"one\" }}\n"
        ));
        paid.project.write("it.png", &bytes);
        let run = paid.run(&["build", "--yes"]);
        match right {
            Right::RedBlue => {
                assert_eq!(run.code, 0, "{name}: {}", run.err);
                let digest = base::digest::Digest::of(&bytes).to_string();
                let sent = paid.server.requests().remove(0);
                assert!(digest.ends_with(&sent.images[0].digest), "{name}");
            }
            Right::Refused(why) => {
                assert_eq!((run.code, paid.accepted()), (2, 0), "{name}: {}", run.err);
                let told = format!("error: `it.png` cannot be sent to a model: {why}\n");
                assert!(run.err.starts_with(&told), "{name}: {}", run.err);
            }
        }
    }
}

#[test]
fn as_what_a_page_shows() {
    for Odd { name, bytes, right } in corpus().into_iter().chain(bent()) {
        let project = Project::new(
            "[cover.a]\nsize = \"80x80\"\ntemplate = \"page\"\ntext = { headline = \"one\" }\n",
        );
        project.write(
            "templates/page.html",
            "<img src=\"it.png\" style=\"width: 80px; height: 80px\"><i data-role=\"headline\" style=\"position: absolute; left: 0; top: 32px; font-size: 4px\">{{ text.headline }}</i>",
        );
        project.write("it.png", &bytes);
        let run = project.run(&["build"]);
        match right {
            Right::RedBlue => {
                assert_eq!(run.code, 0, "{name}: {}", run.err);
                assert!(is_red_blue(&project.read("dist/a.png")), "{name}");
                assert_eq!(project.build(), Counts::fresh(1), "{name}");
            }
            Right::Refused(why) => {
                assert_ne!(run.code, 0, "{name}");
                assert!(!run.err.contains("a bug in gpbuild"), "{name}: {}", run.err);
                let line = run.err.lines().find(|line| line.starts_with("error: "));
                let why = why.trim_start_matches("the PNG picture is damaged");
                assert!(
                    line.is_some_and(|line| line.contains("it.png") && line.contains(why)),
                    "{name}: {}",
                    run.err
                );
                assert!(!project.has("dist/a.png"), "{name}");
            }
        }
    }
}
