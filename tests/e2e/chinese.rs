//! What a person reads whose locale is Chinese: all of it in Chinese, in whole outputs; and what a program reads, which is
//! the same in every language. Errors are in `tests/wording/chinese.md`.

use std::process::Command;

use api_server::{Options, Server};

use crate::project::{Project, Run};

const LOCALE: &str = "zh_CN.UTF-8";

/// With a server that makes pictures at a price.
fn paid(project: &Project, server: &Server, arguments: &[&str]) -> Run {
    let mut command = project.command(arguments);
    command
        .env("LANG", LOCALE)
        .env("OPENAI_API_KEY", server.key())
        .env("OPENAI_BASE_URL", server.base_url());
    run(&mut command)
}

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
[cover."封面"]
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
        (
            &[("LANG", LOCALE), ("LC_MESSAGES", "en_US.UTF-8")],
            &[],
            english,
        ),
        (&[("LC_ALL", "C"), ("GPBUILD_LANG", "zh")], &[], chinese),
        (&[("LANG", LOCALE)], &["--lang", "en"], english),
        (&[("LC_ALL", "C")], &["--lang=zh"], chinese),
        (&[("LANG", "C")], &["--lang", "zh"], chinese),
    ] {
        assert_eq!(told(variables, flags), words, "{variables:?} {flags:?}");
    }
}

#[test]
fn a_plan_and_a_build_are_told_in_columns() {
    let project = drawn();
    assert_eq!(
        chinese(&project, &["plan"]).out,
        "待做      hero  从未制作\n待做      封面  从未制作\n\n将做 2 张图\n"
    );
    let run = chinese(&project, &["build", "--jobs", "1"]);
    let mut lines: Vec<&str> = run.err.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "完成 2，失败 0，用时 TIME",
            "已做      hero  dist/hero.png  （从未制作）",
            "已做      封面  dist/封面.png  （从未制作）",
        ]
    );
    assert_eq!(chinese(&project, &["build"]).err, "最新 2，用时 TIME\n");
    assert_eq!(chinese(&project, &["plan"]).out, "没有要做的（最新 2）\n");
    let text = project.text("gpbuild.toml").replace("\"一\"", "\"三\"");
    project.write("gpbuild.toml", text);
    assert_eq!(
        chinese(&project, &["plan"]).out,
        "待做      hero  `text.headline` 变了\n\n将做 1 张图（最新 1）\n"
    );
    let why = chinese(&project, &["why", "hero"]).out;
    assert!(
        why.starts_with("hero: 将制作：`text.headline` 变了\n  版式\n    @@"),
        "{why}"
    );
    project.write("dist/封面.png", "somebody's own");
    assert_eq!(
        chinese(&project, &["plan", "封面"]).out,
        "受阻      封面  输出被手工改过：`gpbuild accept` 留下它，`--force` 换掉它\n\n没有要做的（受阻 1）\n"
    );
}

#[test]
fn money_is_told_in_chinese() {
    let project = Project::new(
        "[defaults]\nsize = \"1024x1024\"\nmodel = \"openai/gpt-image-2\"\n[cover.hero]\ntext = { headline = \"一\" }\n",
    );
    let server = Server::start(Options::default());
    assert_eq!(
        chinese(&project, &["plan"]).out,
        "受阻      hero  $0.057  没有设置 `OPENAI_API_KEY`\n\n没有要做的（受阻 1：约 $0.057 · 1 个请求）\n"
    );
    let host = server.base_url().replace("http://", "").replace("/v1", "");
    let told = |arguments: &[&str]| {
        let run = paid(&project, &server, arguments);
        format!("{}{}", run.out, run.err).replace(&host, "HOST")
    };
    assert_eq!(
        told(&["plan"]),
        "待做      hero  $0.057  从未制作\n\n将做 1 张图：约 $0.057 · 1 个请求\n1 个请求会发往 HOST\n"
    );
    assert_eq!(
        told(&["build", "--max-cost", "0.01"]),
        "请求会发往 HOST\n受阻      hero  dist/hero.png  （没有请求：会超出 `--max-cost`：$0.010 还剩 $0.010）\n失败 0，受阻 1，用时 TIME\n"
    );
    assert_eq!(
        told(&["build"]),
        "请求会发往 HOST\n已做      hero  dist/hero.png  （从未制作） · $0.056805\n完成 1，失败 0，用时 TIME · 1 个请求 · $0.056805\n"
    );
    let sums = "1 个请求，1 张图：$0.057";
    let log = told(&["log", "--by", "model"]);
    assert_eq!(
        log,
        format!("openai/gpt-image-2  {sums}\n\n本月  {sums}\n合计  {sums}\n")
    );
    assert_eq!(
        told(&["edit", "hero", "warmer"]),
        "待做      hero  $0.063  修改步骤变了\n\n将做 1 张图：约 $0.063 · 1 个请求\n已追加    hero  第 1 步，在 gpbuild.toml\n1 个请求会发往 HOST\n"
    );
    assert_eq!(
        told(&["cache", "stats"])
            .lines()
            .skip(1)
            .collect::<Vec<_>>(),
        ["1 步，1 次导出", "付费：$0.057"]
    );
}

#[test]
fn a_program_reads_the_same_in_every_language() {
    let (one, other) = (drawn(), drawn());
    let english = |arguments: &[&str]| run(one.command(arguments).env("LC_ALL", "C"));
    let told = |run: &Run| {
        let mut lines: Vec<String> = run.out.lines().map(without_seconds).collect();
        lines.sort();
        (run.code, lines, run.err.clone())
    };
    for arguments in [
        &["plan", "--json"][..],
        &["build", "--json"],
        &["build", "--json"],
        &["why", "hero", "--json"],
        &["show", "hero", "--json"],
        &["check", "--json"],
        &["log", "--json"],
        &["models", "--json"],
        &["plan", "nobody", "--json"],
        &["trust", "--json"],
        &["cache", "stats", "--json"],
    ] {
        let (first, second) = (english(arguments), chinese(&other, arguments));
        assert_eq!(told(&first), told(&second), "{arguments:?}");
    }
    for file in ["gpbuild.lock", "dist/assets.json", "dist/hero.png"] {
        assert!(one.read(file) == other.read(file), "{file}");
    }
}

/// How long a run took is another time each time.
fn without_seconds(line: &str) -> String {
    match line.split_once("\"seconds\":") {
        Some((before, _)) => before.to_owned(),
        None => line.to_owned(),
    }
}
