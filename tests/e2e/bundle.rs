//! All slides of a carousel in one PDF and on one contact sheet: made when the slides are, and kept,
//! restored, blocked and told like every other output.

use crate::project::{Counts, PLAIN, Project, Run, another_picture};

/// A carousel `c` of three small slides, with both bundles.
fn carousel() -> Project {
    carousel_of(3, "pdf = true\nsheet = true\n")
}

fn carousel_of(slides: usize, fields: &str) -> Project {
    let project = Project::new(&format!(
        "[defaults]\nsize = \"60x80\"\ntemplate = \"plain\"\n[carousel.c]\n{fields}slides = {{ csv = \"slides.csv\" }}\n"
    ));
    let rows: String = (1..=slides).map(|n| format!("s{n}\n")).collect();
    project.write("slides.csv", format!("headline\n{rows}"));
    project.write("templates/plain.html", PLAIN);
    project
}

fn size(project: &Project, sheet: &str) -> (u32, u32) {
    image::image_dimensions(project.path(sheet)).unwrap()
}

/// How many pages a PDF says that it has.
fn pages(project: &Project, pdf: &str) -> usize {
    let bytes = project.read(pdf);
    assert!(bytes.starts_with(b"%PDF-1.7\n"));
    let text = String::from_utf8_lossy(&bytes);
    let rest = text.split("/Count ").nth(1).unwrap();
    let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
    number.parse().unwrap()
}

fn reason(run: &Run, id: &str) -> String {
    run.asset(id)["reason"].as_str().unwrap().to_owned()
}

fn made_and_fresh(made: usize, fresh: usize) -> Counts {
    Counts {
        made,
        fresh,
        ..Counts::default()
    }
}

#[test]
fn a_pdf_and_a_sheet_are_made_when_the_slides_are_and_then_stay() {
    let project = carousel();
    let plan = project.ok(&["plan"]);
    assert_eq!(
        plan.out,
        "make      c/01     never made\n\
         make      c/02     never made\n\
         make      c/03     never made\n\
         make      c/pdf    takes the picture of `c/01`, which is made first\n\
         make      c/sheet  takes the picture of `c/01`, which is made first\n\n\
         would make 5 pictures\n"
    );
    assert_eq!(project.build(), Counts::made(5));
    assert_eq!(
        project.files("dist"),
        [
            "dist/assets.json",
            "dist/c-sheet.png",
            "dist/c.pdf",
            "dist/c/01.png",
            "dist/c/02.png",
            "dist/c/03.png",
        ]
    );
    assert_eq!(pages(&project, "dist/c.pdf"), 3);
    assert_eq!(size(&project, "dist/c-sheet.png"), (348, 240));
    let before = project.snapshot("");
    assert_eq!(project.build(), Counts::fresh(5));
    project.remove(".gpbuild/state");
    assert_eq!(project.build(), Counts::fresh(5));
    let mut after = project.snapshot("");
    let mut unchanged = before;
    for files in [&mut after, &mut unchanged] {
        files.retain(|name, _| !name.starts_with(".gpbuild/"));
    }
    assert_eq!(after, unchanged);
    project.ok(&["check"]);
}

#[test]
fn they_are_in_the_index_and_the_lock() {
    let project = carousel();
    project.build();
    let index: serde_json::Value =
        serde_json::from_slice(&project.read("dist/assets.json")).unwrap();
    let rows: Vec<String> = index["assets"]
        .as_object()
        .unwrap()
        .iter()
        .skip(3)
        .map(|(id, row)| {
            format!(
                "{id:?} {} {} {} {} {}",
                row["path"], row["width"], row["height"], row["format"], row["alt"]
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            r#""c/pdf" "dist/c.pdf" 60 80 "pdf" "s1""#,
            r#""c/sheet" "dist/c-sheet.png" 348 240 "png" "s1""#,
        ]
    );
    let lock = project.text("gpbuild.lock");
    assert!(
        lock.contains("[asset.\"c/pdf\"]\noutput = \"dist/c.pdf\"\n"),
        "{lock}"
    );
    assert!(lock.ends_with("shots = []\n"), "{lock}");
    project.remove("dist/c-sheet.png");
    let clone = project.fresh_clone();
    assert_eq!(
        clone.ok(&["plan", "--json"]).asset("c/pdf")["state"],
        "fresh"
    );
}

#[test]
fn one_other_slide_makes_only_that_slide_and_its_bundles() {
    let project = carousel();
    project.build();
    let (pdf, sheet) = (project.read("dist/c.pdf"), project.read("dist/c-sheet.png"));
    project.edit("slides.csv", "s2", "x");
    let plan = project.ok(&["plan", "--json"]);
    assert_eq!(
        reason(&plan, "c/pdf"),
        "takes the picture of `c/02`, which is made first"
    );
    let run = project.ok(&["build", "--json"]);
    assert_eq!(run.counts(), made_and_fresh(3, 2));
    for bundle in ["c/pdf", "c/sheet"] {
        assert_eq!(run.asset(bundle)["state"], "made");
        assert_eq!(reason(&run, bundle), "slide 2 changed");
    }
    assert_ne!(project.read("dist/c.pdf"), pdf);
    assert_ne!(project.read("dist/c-sheet.png"), sheet);
    assert_eq!(project.build(), Counts::fresh(5));
    project.edit("slides.csv", "x", "s2");
    assert_eq!(
        project.build(),
        Counts {
            restored: 3,
            ..Counts::fresh(2)
        }
    );
    assert_eq!(project.read("dist/c.pdf"), pdf);
    assert_eq!(project.read("dist/c-sheet.png"), sheet);
}

#[test]
fn a_slide_that_comes_out_the_same_leaves_them_fresh() {
    let project = carousel();
    project.build();
    project.write(
        "templates/plain.html",
        format!("{PLAIN}<!-- a comment -->\n"),
    );
    assert_eq!(project.build(), made_and_fresh(3, 2));
}

#[test]
fn slides_that_are_only_exported_anew_are_waited_for() {
    let project = carousel();
    project.build();
    project.edit(
        "gpbuild.toml",
        "pdf = true",
        "pdf = true\nformat = \"jpeg\"",
    );
    let run = project.ok(&["build", "--json"]);
    assert_eq!(run.counts(), Counts::made(5));
    assert_eq!(reason(&run, "c/pdf"), "slide 1, slide 2, slide 3 changed");
    assert!(String::from_utf8_lossy(&project.read("dist/c.pdf")).contains("/DCTDecode"));
    assert_eq!(project.build(), Counts::fresh(5));
}

#[test]
fn many_other_slides_are_counted() {
    let project = carousel_of(5, "pdf = true\n");
    project.build();
    project.edit("slides.csv", "s", "x");
    assert_eq!(
        reason(&project.ok(&["build", "--json"]), "c/pdf"),
        "5 slides changed"
    );
}

#[test]
fn a_slide_put_in_at_the_front_moves_the_others() {
    let project = carousel();
    project.build();
    project.edit("slides.csv", "s1", "s0\ns1");
    assert_eq!(project.build().made, 3);
    assert_eq!(pages(&project, "dist/c.pdf"), 4);
    assert_eq!(size(&project, "dist/c-sheet.png"), (432, 240));
    assert_eq!(project.build(), Counts::fresh(6));
}

#[test]
fn a_deleted_one_is_restored_even_after_a_sweep() {
    let project = carousel();
    project.build();
    let (pdf, sheet) = (project.read("dist/c.pdf"), project.read("dist/c-sheet.png"));
    project.ok(&["cache", "gc", "--days", "0"]);
    project.remove("dist/c.pdf");
    project.remove("dist/c-sheet.png");
    assert_eq!(
        project.build(),
        Counts {
            restored: 2,
            ..Counts::fresh(3)
        }
    );
    assert_eq!(project.read("dist/c.pdf"), pdf);
    assert_eq!(project.read("dist/c-sheet.png"), sheet);
    // Where there is no store, they are made of the slides that are in place.
    let clone = project.fresh_clone();
    clone.remove("dist/c.pdf");
    let run = clone.ok(&["build", "--json", "--locked"]);
    assert_eq!(run.counts(), made_and_fresh(1, 4));
    assert_eq!(reason(&run, "c/pdf"), "output is missing");
    assert_eq!(clone.read("dist/c.pdf"), pdf);
    let clone = project.fresh_clone();
    clone.remove("dist");
    assert_eq!(clone.build(), Counts::made(5));
    assert_eq!(clone.read("dist/c.pdf"), pdf);
    assert_eq!(clone.read("dist/c-sheet.png"), sheet);
    assert_eq!(clone.read("gpbuild.lock"), project.read("gpbuild.lock"));
}

#[test]
fn one_that_was_edited_by_hand_is_blocked_until_it_is_accepted() {
    let project = carousel();
    project.build();
    let pdf = project.read("dist/c.pdf");
    let mut edited = pdf.clone();
    edited.extend(b"% a note\n");
    project.write("dist/c.pdf", &edited);
    let run = project.run(&["build", "--json"]);
    assert_eq!(
        (run.code, run.asset("c/pdf")["state"].as_str()),
        (1, Some("blocked"))
    );
    assert_eq!(project.read("dist/c.pdf"), edited);
    project.write("dist/c.pdf", "no PDF");
    let run = project.run(&["accept", "c/pdf"]);
    assert_eq!(
        (run.code, run.err.as_str()),
        (
            1,
            "error: `dist/c.pdf` is not a PDF\n  = note: in asset `c/pdf`\n  = help: save it in the format that its name says\n"
        )
    );
    project.write("dist/c.pdf", &edited);
    let run = project.ok(&["accept", "c/pdf"]);
    assert_eq!(run.err.lines().count(), 1, "{}", run.err);
    assert_eq!(project.build(), Counts::fresh(5));
    assert_eq!(project.read("dist/c.pdf"), edited);
    // The slides are other ones now: so is what is made of them, once a person gives up what they accepted.
    project.edit("slides.csv", "s3", "x");
    let run = project.run(&["build", "--json"]);
    assert_eq!(run.code, 1);
    assert_eq!(run.asset("c/pdf")["state"], "blocked");
    assert_eq!(project.read("dist/c.pdf"), edited);
    let forced = project.ok(&["build", "--force", "--json"]);
    assert_eq!(forced.counts(), made_and_fresh(1, 4));
    assert_ne!(project.read("dist/c.pdf"), edited);
    project.write("dist/c-sheet.png", "edited");
    let forced = project.ok(&["build", "--force", "--json"]);
    assert_eq!(
        forced.counts(),
        Counts {
            restored: 1,
            ..Counts::fresh(4)
        }
    );
}

#[test]
fn a_slide_that_fails_blocks_them() {
    let project = carousel();
    project.edit("slides.csv", "s2", "한");
    let run = project.run(&["build", "--json"]);
    assert_eq!(run.code, 1);
    let expected = Counts {
        made: 2,
        failed: 1,
        blocked: 2,
        ..Counts::default()
    };
    assert_eq!(run.counts(), expected);
    for bundle in ["c/pdf", "c/sheet"] {
        assert_eq!(
            reason(&run, bundle),
            "takes the picture of `c/02`, which could not be made"
        );
    }
    assert!(!project.has("dist/c.pdf") && !project.has("dist/c-sheet.png"));
    project.edit("slides.csv", "한", "s2");
    assert_eq!(project.build(), made_and_fresh(3, 2));
}

#[test]
fn a_slide_that_is_blocked_blocks_them() {
    let project = carousel();
    project.build();
    project.write("dist/c/03.png", another_picture());
    project.edit("slides.csv", "s1", "x");
    let run = project.run(&["build", "--json"]);
    assert_eq!(run.code, 1);
    assert_eq!(
        reason(&run, "c/pdf"),
        "takes the picture of `c/03`, which is blocked"
    );
    assert_eq!(
        run.counts(),
        Counts {
            blocked: 3,
            ..made_and_fresh(1, 1)
        }
    );
    // An accepted slide is a page like the others.
    project.ok(&["accept", "c/03"]);
    assert_eq!(project.build(), made_and_fresh(2, 3));
    assert_eq!(project.build(), Counts::fresh(5));
}

#[test]
fn a_draft_has_its_own() {
    let project = carousel();
    project.build();
    let (dist, lock) = (project.snapshot("dist"), project.read("gpbuild.lock"));
    project.edit("slides.csv", "s1", "x");
    let run = project.ok(&["build", "--draft", "--json"]);
    assert_eq!(run.asset("c/pdf")["output"], ".gpbuild/preview/dist/c.pdf");
    assert_eq!(pages(&project, ".gpbuild/preview/dist/c.pdf"), 3);
    assert!(project.has(".gpbuild/preview/dist/c-sheet.png"));
    assert_eq!(project.snapshot("dist"), dist);
    assert_eq!(project.read("gpbuild.lock"), lock);
    let again = project.ok(&["build", "--draft", "--json"]);
    assert_eq!(again.counts(), Counts::fresh(5));
}

#[test]
fn they_are_selected_like_every_asset() {
    let project = carousel();
    let ids = |arguments: &[&str]| -> Vec<String> {
        let run = project.ok(&[&["build", "--json"], arguments].concat());
        run.states().into_iter().map(|(id, _)| id).collect()
    };
    assert_eq!(ids(&["c/02"]), ["c/02"]);
    // What it is made of comes with it.
    assert_eq!(ids(&["c/pdf"]), ["c/01", "c/02", "c/03", "c/pdf"]);
    assert!(!project.has("dist/c-sheet.png"));
    assert_eq!(ids(&["c/*"]).len(), 5);
    project.edit("slides.csv", "s3", "x");
    assert_eq!(ids(&["c/03"]), ["c/03"]);
    let plan = project.ok(&["plan", "--json", "c/sheet"]);
    assert_eq!(reason(&plan, "c/sheet"), "slide 3 changed");
}

#[test]
fn why_and_show_tell_of_what_they_are_made() {
    let project = carousel();
    project.build();
    assert_eq!(
        project.ok(&["why", "c/pdf"]).out,
        "c/pdf: fresh, nothing changed since it was made\n"
    );
    project.edit("slides.csv", "s3", "x");
    project.ok(&["build", "c/03"]);
    let why = project.ok(&["why", "c/pdf"]).out;
    let lines: Vec<&str> = why.lines().collect();
    assert_eq!(
        lines[..2],
        ["c/pdf: would be made: slide 3 changed", "  slide 3"]
    );
    assert!(
        lines[2].starts_with("    - ") && lines[3].starts_with("    + "),
        "{why}"
    );
    assert_eq!(lines.len(), 4, "{why}");
    let shown = project.ok(&["show", "c/sheet"]).out;
    let key = shown
        .lines()
        .find_map(|line| line.strip_prefix("    key       "))
        .unwrap();
    assert_eq!(
        shown,
        format!(
            "c/sheet\n  \
               output      dist/c-sheet.png\n  \
               made of     the outputs of c/01 to c/03, 3 in all\n  \
               export      348x240 png\n    \
                 key       {key}\n\n  \
               where its values came from\n  \
               sheet  dist/c-sheet.png  (gpbuild.toml:6)\n"
        )
    );
    let json = project.ok(&["show", "--json", "c/pdf"]).json().remove(0);
    assert_eq!(json["bundle"]["format"], "pdf");
    assert_eq!(json["bundle"]["slides"][2], "c/03");
    assert_eq!(json["export"], "pdf, 3 pages, the first 60x80 pixels");
}

#[test]
fn a_long_carousel_in_parts_is_one_file_each() {
    let project = carousel_of(60, "pdf = true\nsheet = true\nsplit = 18\n");
    assert_eq!(project.build(), Counts::made(62));
    assert!(project.has("dist/c/part-4/60.png"));
    assert_eq!(pages(&project, "dist/c.pdf"), 60);
    assert_eq!(size(&project, "dist/c-sheet.png"), (600, 1608));
    assert_eq!(project.build(), Counts::fresh(62));
    project.edit("slides.csv", "s60\n", "x\n");
    assert_eq!(project.build(), made_and_fresh(3, 59));
}

#[test]
fn where_they_go_can_be_said_and_what_is_left_behind_is_pruned() {
    let project = carousel();
    project.build();
    project.edit(
        "gpbuild.toml",
        "pdf = true",
        "pdf = \"decks/{{ id }}.{{ ext }}\"",
    );
    project.edit("gpbuild.toml", "sheet = true", "sheet = false");
    let run = project.ok(&["build", "--prune", "--json"]);
    assert_eq!(
        run.counts(),
        Counts {
            restored: 1,
            ..Counts::fresh(3)
        }
    );
    assert_eq!(pages(&project, "decks/c.pdf"), 3);
    assert!(!project.has("dist/c.pdf") && !project.has("dist/c-sheet.png"));
    assert_eq!(project.build(), Counts::fresh(4));
}

#[test]
fn defaults_and_profiles_set_them_for_every_carousel() {
    let project = Project::new(
        "[defaults]\nsize = \"60x80\"\ntemplate = \"plain\"\nsheet = true\n\
         [profile.print.defaults]\npdf = true\n\
         [cover.a]\ntext = { headline = \"a\" }\n\
         [[carousel.c.slide]]\nheadline = \"1\"\n\
         [carousel.d]\nsheet = false\n[[carousel.d.slide]]\nheadline = \"2\"\n",
    );
    project.write("templates/plain.html", PLAIN);
    let ids = |arguments: &[&str]| -> Vec<String> {
        let run = project.ok(&[&["plan", "--json"], arguments].concat());
        run.states().into_iter().map(|(id, _)| id).collect()
    };
    assert_eq!(ids(&[]), ["a", "c/01", "c/sheet", "d/01"]);
    assert_eq!(
        ids(&["--profile", "print"]),
        ["a", "c/01", "c/pdf", "c/sheet", "d/01", "d/pdf"]
    );
}

#[test]
fn a_renamed_carousel_costs_its_bundles_alone() {
    let project = carousel();
    project.build();
    project.edit("gpbuild.toml", "carousel.c", "carousel.d");
    // The title of the PDF is the carousel's name; nothing on the sheet is.
    let run = project.ok(&["build", "--json"]);
    assert_eq!(
        run.counts(),
        Counts {
            made: 1,
            ..Counts::restored(4)
        }
    );
    assert_eq!(run.asset("d/pdf")["state"], "made");
}

#[test]
fn they_are_free_whatever_the_slides_cost() {
    let project = carousel();
    project.edit(
        "gpbuild.toml",
        "[carousel.c]",
        "[profile.final.defaults]\nmodel = \"openai/gpt-image-2\"\ntemplate = \"slide\"\nseries = \"first\"\n[carousel.c]",
    );
    project.edit("gpbuild.toml", "60x80", "1080x1440");
    let plan = project.ok(&["plan", "--json", "--profile", "final"]);
    assert_eq!(plan.counts_of_plan("requests"), 3);
    assert_eq!(plan.asset("c/pdf")["estimate_usd"], 0);
    let told = project.ok(&["plan", "--profile", "final"]).out;
    assert!(
        told.contains("2 assets take it as reference: up to "),
        "{told}"
    );
}

#[test]
fn a_carousel_without_slides_has_none() {
    let project = carousel_of(0, "pdf = true\nsheet = true\n");
    assert_eq!(project.build(), Counts::default());
}

#[test]
fn locked_makes_none_that_the_lock_does_not_know() {
    let project = carousel_of(3, "");
    project.build();
    project.edit(
        "gpbuild.toml",
        "[carousel.c]\n",
        "[carousel.c]\npdf = true\n",
    );
    let run = project.run(&["build", "--locked", "--json"]);
    assert_eq!(run.code, 1);
    assert_eq!(reason(&run, "c/pdf"), "the lock does not answer for it");
    assert!(!project.has("dist/c.pdf"));
}

/// These tables, in a manifest with a CSV of so many slides, are refused with this text.
fn refused(tables: &str, slides: usize, expected: &str) {
    let project = Project::new(tables);
    let rows: String = (0..slides).map(|n| format!("{n}\n")).collect();
    project.write("slides.csv", format!("headline\n{rows}"));
    let run = project.run(&["build"]);
    assert_eq!((run.code, run.err.as_str()), (2, expected));
    assert!(!project.has("dist"));
}

#[test]
fn they_are_for_whole_carousels() {
    refused(
        r#"[carousel.c]
size = "60x80"
slides = { csv = "slides.csv" }
pdf = 1
sheet = true
[cover.x]
size = "9x9"
text = { headline = "x" }
sheet = true
[carousel.d]
size = "60x80"
[[carousel.d.slide]]
headline = "a"
pdf = true
"#,
        2,
        r"error: `sheet` is for a `[carousel.NAME]`
 --> gpbuild.toml:9:9
  |
9 | sheet = true
  |         ^^^^

error: `carousel.c.pdf` must be `true`, `false` or the path that it goes to
 --> gpbuild.toml:4:7
  |
4 | pdf = 1
  |       ^ this is the integer 1

error: `pdf` is for the whole carousel
  --> gpbuild.toml:14:7
   |
14 | pdf = true
   |       ^^^^
",
    );
}

#[test]
fn a_path_that_does_not_do_is_told() {
    refused(
        r#"[carousel.c]
size = "60x80"
slides = { csv = "slides.csv" }
pdf = "../c.pdf"
sheet = "c.jpg"
[carousel.d]
size = "60x80"
slides = { csv = "slides.csv" }
pdf = "{{ slide }}.pdf"
"#,
        2,
        r#"error: the output `../c.pdf` leaves the project
 --> gpbuild.toml:4:7
  |
4 | pdf = "../c.pdf"
  |       ^^^^^^^^^^
  |
  = help: an output is a path inside the project, such as `dist/{{ id }}.pdf`

error: the output `c.jpg` does not end in `.png`
 --> gpbuild.toml:5:9
  |
5 | sheet = "c.jpg"
  |         ^^^^^^^
  |
  = help: `sheet = true` writes `dist/c-sheet.png`

error: `slide` is not defined
 --> gpbuild.toml:9:11
  |
9 | pdf = "{{ slide }}.pdf"
  |           ^^^^^
  |
  = help: there is: id, ext
  = help: `slide is defined` asks first; `slide | default("…")` gives another value
"#,
    );
}

#[test]
fn their_ids_and_paths_are_theirs_alone() {
    refused(
        r#"[carousel.c]
size = "60x80"
slides = { csv = "slides.csv" }
pdf = true
sheet = true
[cover.c-sheet]
size = "9x9"
text = { headline = "x" }
[cover."c/pdf"]
size = "9x9"
text = { headline = "x" }
"#,
        2,
        r#"error: two assets have the id `c/pdf`
 --> gpbuild.toml:1:11
  |
1 | [carousel.c]
  |           ^
  |
 ::: gpbuild.toml:9:8
  |
9 | [cover."c/pdf"]
  |        ------- the other is declared here

error: assets `c-sheet` and `c/sheet` have the same output: `dist/c-sheet.png`
 --> gpbuild.toml:1:11
  |
1 | [carousel.c]
  |           ^
  |
 ::: gpbuild.toml:6:8
  |
6 | [cover.c-sheet]
  |        ------- `c-sheet` is declared here
"#,
    );
}

#[test]
fn no_picture_can_be_made_after_them() {
    refused(
        r#"[carousel.c]
size = "60x80"
slides = { csv = "slides.csv" }
pdf = true
[cover.x]
size = "1024x1024"
model = "openai/gpt-image-2"
references = [{ asset = "c/pdf" }]
text = { headline = "x" }
"#,
        2,
        r"error: asset `x` takes the picture of `c/pdf`, which is many slides in one file
 --> gpbuild.toml:5:8
  |
5 | [cover.x]
  |        ^
  |
  = help: name one of the slides, such as `c/01`
",
    );
}

#[test]
fn more_slides_than_can_be_seen_on_a_sheet_are_refused() {
    refused(
        "[carousel.c]\nsize = \"60x80\"\nslides = { csv = \"slides.csv\" }\nsheet = true\n",
        3000,
        r"error: the 3000 slides of carousel `c` are too many for one contact sheet
 --> gpbuild.toml:1:11
  |
1 | [carousel.c]
  |           ^
  |
  = help: `sheet = false` leaves it out; `pdf = true` holds them all
",
    );
}
