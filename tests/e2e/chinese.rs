//! What a person reads whose locale is Chinese: all of it in Chinese, in whole outputs; and what a program reads, which is
//! the same in every language. Errors are in `tests/wording/chinese.md`.

use std::process::Command;

use api_server::{Options, Server};

use crate::project::{Project, Run};

const LOCALE: &str = "zh_CN.UTF-8";

fn chinese(project: &Project, arguments: &[&str]) -> Run {
    run(project.command(arguments).env("LANG", LOCALE))
}

fn run(command: &mut Command) -> Run {
    Run::of(command.output().unwrap())
}

/// One that is drawn, one whose text is edited, and a carousel.
fn drawn() -> Project {
    Project::new(
        r#"
[defaults]
size = "300x400"
[cover.hero]
text = { headline = "一" }
[cover.封面]
text = { headline = "二" }
"#,
    )
}

#[test]
fn the_locale_decides_unless_somebody_says_otherwise() {
    let project = drawn();
    let told = |variables: &[(&str, &str)], flags: &[&str]| {
        let mut command = project.command(&[flags, &["plan", "nobody"]].concat());
        run(command.envs(variables.iter().copied())).err
    };
    let english = "error: no asset matches `nobody`\n";
    let chinese = "错误: 没有图片匹配 `nobody`\n";
    for (variables, flags, words) in [
        (&[][..], &[][..], english),
        (&[("LANG", LOCALE)], &[], chinese),
        (&[("LANG", "zh_TW.UTF-8")], &[], chinese),
        (&[("LANG", "ja_JP.UTF-8")], &[], english),
        (&[("LANG", LOCALE), ("LC_ALL", "C")], &[], english),
        (&[("LANG", LOCALE), ("LC_MESSAGES", "en_US.UTF-8")], &[], english),
        (&[("LC_ALL", "C"), ("GPBUILD_LANG", "zh")], &[], chinese),
        (&[("LANG", LOCALE)], &["--lang", "en"], english),
        (&[("LC_ALL", "C")], &["--lang=zh"], chinese),
        (&[("LANG", "C")], &["--lang", "zh"], chinese),
    ] {
        assert_eq!(told(variables, flags), words, "{variables:?} {flags:?}");
    }
}
