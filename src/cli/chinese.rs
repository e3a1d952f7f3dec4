//! The command line in Chinese: its help, and what is wrong with what was typed. What may be typed stays the same.

use clap::builder::StyledStr;
use clap::{Arg, ArgAction, Command};

use lang::{Lang, say};

/// The command line, with its help in Chinese.
pub(super) fn helped(command: Command) -> Command {
    let mut command = command;
    // What clap adds by itself is there from here on, and global flags are where they are heard.
    command.build();
    said(command)
}

fn said(command: Command) -> Command {
    let usage = command.clone().render_usage().to_string();
    let usage = placeholders(usage.trim_start_matches("Usage:").trim());
    let about = command.get_about().map(chinese);
    let long_about = command.get_long_about().map(chinese);
    let mut command = command
        .override_usage(usage)
        .help_template(TEMPLATE)
        .subcommand_help_heading("命令")
        .mut_args(helped_argument)
        .mut_subcommands(said);
    if let Some(about) = about {
        command = command.about(about);
    }
    if let Some(about) = long_about {
        command = command.long_about(about);
    }
    command
}

/// As clap sets it, with a heading of its own.
const TEMPLATE: &str = "{before-help}{about-with-newline}\n\u{1b}[1m\u{1b}[4m用法：\u{1b}[0m{usage}\n\n{all-args}{after-help}";

fn helped_argument(argument: Arg) -> Arg {
    let heading = if argument.is_positional() {
        "参数"
    } else {
        "选项"
    };
    let mut help = argument.get_help().map(chinese).unwrap_or_default();
    let takes_a_value = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
    let defaults: Vec<String> = argument
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy().into_owned())
        .collect();
    if takes_a_value && !defaults.is_empty() {
        help += &format!(" [默认：{}]", defaults.join(" "));
    }
    let possible = argument.get_possible_values();
    if takes_a_value && !possible.is_empty() {
        let names: Vec<&str> = possible.iter().map(|value| value.get_name()).collect();
        help += &format!(" [可选：{}]", names.join("、"));
    }
    argument
        .help(help)
        .help_heading(heading)
        .hide_default_value(true)
        .hide_possible_values(true)
}

/// A help text, each paragraph by itself; clap ends none with a full stop but those of several.
fn chinese(text: &StyledStr) -> String {
    let text = text.to_string();
    let paragraph = |text: &str| match text.strip_suffix('.') {
        Some(sentence) => format!("{}。", say(Lang::Chinese, sentence)),
        None => say(Lang::Chinese, text).into_owned(),
    };
    text.split("\n\n")
        .map(paragraph)
        .collect::<Vec<_>>()
        .join("\n\n")
}

/// What clap says of a wrong command line, line by line.
pub(super) fn wrong(text: &str) -> String {
    let line = |line: &str| {
        let words = line.trim_start();
        let indent = &line[..line.len() - words.len()];
        format!("{indent}{}\n", placeholders(&say(Lang::Chinese, words)))
    };
    text.lines().map(line).collect()
}

fn placeholders(usage: &str) -> String {
    usage
        .replace("[OPTIONS]", "[选项]")
        .replace("[COMMAND]", "[命令]")
        .replace("<COMMAND>", "<命令>")
}
