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
    let template = template(&command);
    let mut command = command
        .override_usage(usage)
        .help_template(template)
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

/// The help as clap sets it, under headings of its own.
fn template(command: &Command) -> String {
    let mut template = format!(
        "{{before-help}}{{about-with-newline}}\n{}{{usage}}",
        heading("用法: ")
    );
    let mut section = |is_there: bool, name: &str, of: &str| {
        if is_there {
            template += &format!("\n\n{}\n{of}", heading(name));
        }
    };
    let is_shown = |argument: &&Arg| !argument.is_hide_set();
    section(command.has_subcommands(), "命令:", "{subcommands}");
    section(
        command.get_positionals().any(|a| is_shown(&a)),
        "参数:",
        "{positionals}",
    );
    section(
        command.get_opts().any(|a| is_shown(&a)),
        "选项:",
        "{options}",
    );
    template + "{after-help}"
}

fn heading(name: &str) -> String {
    format!("\u{1b}[1m\u{1b}[4m{name}\u{1b}[0m")
}

fn helped_argument(argument: Arg) -> Arg {
    let takes_a_value = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
    let mut more = String::new();
    let defaults: Vec<String> = argument
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy().into_owned())
        .collect();
    if takes_a_value && !defaults.is_empty() {
        more += &format!(" [默认：{}]", defaults.join(" "));
    }
    let possible = argument.get_possible_values();
    if takes_a_value && !possible.is_empty() {
        let names: Vec<&str> = possible.iter().map(|value| value.get_name()).collect();
        more += &format!(" [可选：{}]", names.join("、"));
    }
    let said = |help: Option<&StyledStr>| help.map(|help| chinese(help) + &more);
    let (help, long_help) = (said(argument.get_help()), said(argument.get_long_help()));
    let mut argument = argument.hide_default_value(true).hide_possible_values(true);
    if let Some(help) = help {
        argument = argument.help(help);
    }
    if let Some(help) = long_help {
        argument = argument.long_help(help);
    }
    argument
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
