//! `gpbuild edit` appends a step to the manifest, keeps its formatting, and asks for nothing.

use crate::paid::{DEFAULTS, Paid, summary};

fn edit(paid: &Paid, arguments: &[&str]) -> crate::project::Run {
    paid.run(&[&["edit"], arguments].concat())
}

#[test]
fn a_step_is_appended_priced_and_made_by_the_next_build() {
    let paid = Paid::one();
    paid.build(0);
    let before = paid.project.text("gpbuild.toml");
    let run = edit(&paid, &["a", "a warmer sky", "--text", "headline=暖一点"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(
        paid.project.text("gpbuild.toml"),
        format!(
            "{before}\n[[cover.a.edit]]\nchange = \"a warmer sky\"\ntext = {{ headline = \"暖一点\" }}\n"
        )
    );
    let host = paid.host();
    assert_eq!(
        run.err,
        format!("appended  a  step 1 in gpbuild.toml\n1 request would go to {host}\n")
    );
    assert!(
        run.out.contains("would make 1 picture: about $0.0") && run.out.contains(" · 1 request"),
        "{}",
        run.out
    );
    assert_eq!(paid.accepted(), 1, "an edit asks for nothing");
    assert_eq!(summary(&paid.build(0))["requests"], 1);
    let sent = paid.server.requests().pop().unwrap();
    assert!(sent.prompt.contains("a warmer sky") && sent.prompt.contains("暖一点"));
    edit(&paid, &["a", "no clouds", "--keep", "the words"]);
    assert_eq!(summary(&paid.build(0))["requests"], 1);
}

#[test]
fn a_slide_is_edited_alone() {
    let paid = Paid::series(3);
    paid.build(0);
    assert_eq!(edit(&paid, &["c/02", "larger"]).code, 0);
    let run = paid.build(0);
    assert_eq!(summary(&run)["requests"], 1);
    assert_eq!(run.asset("c/02")["state"], "made");
}

#[test]
fn a_slide_is_found_by_its_table_and_not_by_its_number() {
    let paid = Paid::series(3);
    paid.project.edit(
        "gpbuild.toml",
        "text = { headline = \"page 2\" }\n",
        "when = \"{{ false }}\"\ntext = { headline = \"page 2\" }\n",
    );
    let run = edit(&paid, &["c/02", "larger"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let text = paid.project.text("gpbuild.toml");
    let third = text.find("page 3").unwrap();
    assert!(text.find("larger").unwrap() > third, "{text}");
}

#[test]
fn steps_of_all_slides_are_not_replaced_by_one() {
    let paid = Paid::series(2);
    let text = paid.project.text("gpbuild.toml");
    let steps = "series = \"first\"\nedit = [{ change = \"redder\" }]\n";
    paid.project
        .write("gpbuild.toml", text.replace("series = \"first\"\n", steps));
    let before = paid.project.text("gpbuild.toml");
    let run = edit(&paid, &["c/02", "larger"]);
    assert_eq!(run.code, 1);
    assert!(
        run.err.starts_with("error: `c/02` has its steps from its carousel or from `[defaults]`: one of its own would take their place\n"),
        "{}",
        run.err
    );
    assert_eq!(paid.project.text("gpbuild.toml"), before);
}

#[test]
fn what_cannot_be_edited_says_why_and_nothing_is_written() {
    let paid = Paid::new(&format!(
        "{DEFAULTS}[cover.a]\nalso = [\"wechat-square\"]\ntext = {{ headline = \"one\" }}\n[cover.drawn]\nmodel = \"local\"\ntext = {{ headline = \"one\" }}\n[cover.post]\nfor_each = {{ front_matter = \"posts/*.md\" }}\nid = \"post/{{{{ file.stem }}}}\"\ntext = {{ headline = \"{{{{ item.title }}}}\" }}\n"
    ));
    paid.project.write("posts/x.md", "---\ntitle: one\n---\n");
    let before = paid.project.text("gpbuild.toml");
    let place = |line: usize, text: &str, at: usize, carets: usize| {
        format!(
            " --> gpbuild.toml:{line}:{at}\n  |\n{line} | {text}\n  | {}{}\n  |\n",
            " ".repeat(at - 1),
            "^".repeat(carets)
        )
    };
    for (id, expected) in [
        (
            "drawn",
            format!("error: `drawn` is drawn here: a drawing is not edited, it is written anew\n{}  = help: change its text or its layout; or give it a model that edits pictures\n", place(8, "[cover.drawn]", 8, 5)),
        ),
        (
            "a/wechat-square",
            "error: `a/wechat-square` is a further target of `a`\n".to_owned(),
        ),
        (
            "post/x",
            "error: `post/x` is made from `posts/x.md`: a step here would be one of all its siblings\n".to_owned(),
        ),
        (
            "a*",
            "error: `edit` takes one asset, by its whole id: `gpbuild edit bootcamp \"a warmer sky\"`\n".to_owned(),
        ),
    ] {
        let run = edit(&paid, &[id, "redder"]);
        assert_ne!(run.code, 0, "{id}");
        assert!(run.err.starts_with(&expected), "{}", run.err);
    }
    // A step that would be wrong is refused as it would be in the manifest.
    let run = edit(&paid, &["a", "redder", "--text", "headlin=x"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("did you mean `headline`?"), "{}", run.err);
    let run = edit(&paid, &["a", "redder", "--mask", "none.png"]);
    assert!(run.err.contains("none.png"), "{}", run.err);
    assert_eq!(paid.project.text("gpbuild.toml"), before);
    assert_eq!(paid.server.stats().arrived, 0);
}
