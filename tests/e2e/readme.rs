//! What the READMEs show works as it is shown, and both show the same.

use crate::project::{Counts, Project};

/// The files in the manifest block of a README: a line `# NAME.toml` begins one.
fn shown(readme: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(format!("{}/{readme}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let block = text.split("```toml\n").nth(1).unwrap();
    let block = block.split("```").next().unwrap();
    let mut files: Vec<(String, String)> = Vec::new();
    for line in block.lines() {
        match line
            .strip_prefix("# ")
            .filter(|name| name.ends_with(".toml"))
        {
            Some(name) => files.push((name.to_owned(), String::new())),
            None => {
                let (_, file) = files.last_mut().unwrap();
                // Comments are in the language of the README.
                let code = line.split("  #").next().unwrap().trim_end();
                file.push_str(code);
                file.push('\n');
            }
        }
    }
    files
}

#[test]
fn the_manifest_of_the_readme_builds() {
    let files = shown("README.md");
    assert_eq!(files.len(), 4);
    assert_eq!(files, shown("README.zh-CN.md"));
    let project = Project::empty();
    for (name, text) in files {
        project.write(&name, text);
    }
    project.write("posts/a.md", "---\ntitle: 你好\nslug: a\n---\n");
    project.write("carousel/slides.csv", "headline,body\n一,二\n三,四\n");
    assert_eq!(project.build(), Counts::made(7));
    assert_eq!(
        project.files("dist"),
        [
            "dist/assets.json",
            "dist/bootcamp.png",
            "dist/bootcamp/wechat-header.png",
            "dist/post/a.png",
            "dist/prompt-formula-sheet.png",
            "dist/prompt-formula.pdf",
            "dist/prompt-formula/part-1/01.png",
            "dist/prompt-formula/part-1/02.png",
        ]
    );
}

#[test]
fn every_command_and_flag_of_the_help_is_in_both_readmes() {
    let project = Project::empty();
    let help = project.ok(&["--help"]).out;
    let commands = help.split("Commands:\n").nth(1).unwrap();
    let commands = commands.split("\n\n").next().unwrap();
    let names = commands
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let flags = help
        .split_whitespace()
        .filter(|word| word.starts_with("--"));
    let words: Vec<&str> = names
        .chain(flags)
        .filter(|w| !matches!(*w, "help" | "--help"))
        .collect();
    assert!(words.len() > 15, "{words:?}");
    for readme in ["README.md", "README.zh-CN.md"] {
        let text =
            std::fs::read_to_string(format!("{}/{readme}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        for word in &words {
            let word = word.trim_end_matches(['`', ',', '.']);
            let short = match word {
                "--quiet" => "-q",
                "--verbose" => "-v",
                "--version" => continue,
                word => word,
            };
            assert!(text.contains(short), "{short} is not in {readme}");
        }
    }
}
