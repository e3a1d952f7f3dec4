//! A thousand posts.

use std::fmt::Write as _;

use crate::project::{Counts, Project};

#[test]
fn a_thousand_posts() {
    let project = Project::new(
        r#"[cover.post]
for_each = { front_matter = "posts/**/*.md" }
id = "post/{{ item.slug }}"
size = "200x200"
template = "plain"
text = { headline = "{{ item.title }}" }
"#,
    );
    project.write(
        "templates/plain.html",
        "<body style=\"width: 200px; height: 200px; background: #234\"><p style=\"font-size: 32px; color: #fff\">{{ text.headline }}</p></body>",
    );
    let mut expected = String::new();
    for n in 0..1000 {
        let post = format!("---\nslug: n{n}\ntitle: 第 {n} 篇\n---\n\n# text {n}\n");
        project.write(&format!("posts/{}/{n}.md", n % 10), post);
        let _ = writeln!(expected, "dist/post/n{n}.png");
    }
    assert_eq!(project.build(), Counts::made(1000));
    let mut expected: Vec<&str> = expected.lines().collect();
    expected.sort_unstable();
    assert_eq!(project.files("dist/post"), expected);
    assert_eq!(project.build(), Counts::fresh(1000));
    // One of them changes.
    project.edit("posts/7/507.md", "第 507 篇", "改过的");
    let run = project.ok(&["build", "--json"]);
    assert_eq!(run.asset("post/n507")["state"], "made");
    assert_eq!((run.counts().made, run.counts().fresh), (1, 999));
}
