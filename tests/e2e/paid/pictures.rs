//! Odd pictures: as the answer of a model, as what goes to one, and as what is drawn on a page. The right
//! picture or a clear error, and nothing is paid for twice.

use api_server::Fault;

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
        let again = paid.run(&["build", "--yes", "--json"]);
        assert_eq!(summary(&again)["requests"], 0, "{name}");
        assert_eq!(again.code, run.code, "{name}");
        assert_eq!(paid.accepted(), 1, "{name}");
    }
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
                let digest = gpbuild::digest::Digest::of(&bytes).to_string();
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
