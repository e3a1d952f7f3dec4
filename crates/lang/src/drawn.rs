//! A diagnostic that is drawn already: its texts are found again between its marks. Knows how diagnostics are drawn, and
//! nothing of what they say.

use std::borrow::Cow;

use crate::{Lang, say};

/// A text that may be a drawn diagnostic (`error: …`, the line with its caret, `= help: …`), or several, in a language.
pub fn say_drawn(lang: Lang, text: &str) -> Cow<'_, str> {
    let is_drawn = ["error: ", "warning: "]
        .iter()
        .any(|head| text.starts_with(head));
    if lang == Lang::English || !is_drawn {
        return say(lang, text);
    }
    let lines: Vec<String> = text.lines().map(|line| said(lang, line)).collect();
    Cow::Owned(lines.join("\n") + if text.ends_with('\n') { "\n" } else { "" })
}

fn said(lang: Lang, line: &str) -> String {
    for level in ["error", "warning"] {
        if let Some(message) = after(line, level) {
            return format!("{}: {}", say(lang, level), say(lang, message));
        }
    }
    let words = line.trim_start();
    let indent = &line[..line.len() - words.len()];
    for level in ["help", "note"] {
        if let Some(note) = words
            .strip_prefix("= ")
            .and_then(|words| after(words, level))
        {
            return format!("{indent}= {}: {}", say(lang, level), say(lang, note));
        }
    }
    // `  |    ^^^ label`
    let is_mark = |c: char| matches!(c, ' ' | '|' | '^' | '-' | '_' | '+' | '/' | '\\');
    let label = line.find(|c| !is_mark(c)).unwrap_or(line.len());
    let marks = &line[..label];
    match words.starts_with('|') && (marks.ends_with("^ ") || marks.ends_with("- ")) {
        true => format!("{marks}{}", say(lang, &line[label..])),
        false => line.to_owned(),
    }
}

fn after<'l>(line: &'l str, level: &str) -> Option<&'l str> {
    line.strip_prefix(level)?.strip_prefix(": ")
}

#[cfg(test)]
mod tests {
    use super::{Lang, say_drawn};

    const ENGLISH: &str = "error: unknown key `modl` in `[cover.a]`
 --> gpbuild.toml:2:1
  |
1 | [cover.a]
2 | modl = \"error: never made\"
  | ^^^^ this is a string
  |
  = note: in asset `a`
  = help: did you mean `model`?";

    const CHINESE: &str = "错误: 未知的键 `modl`，在 `[cover.a]` 里
 --> gpbuild.toml:2:1
  |
1 | [cover.a]
2 | modl = \"error: never made\"
  | ^^^^ 这是字符串
  |
  = 说明: 在图片 `a` 里
  = 提示: 是不是想写 `model`？";

    #[test]
    fn the_texts_of_a_drawn_diagnostic_are_said_and_its_source_is_not() {
        assert_eq!(say_drawn(Lang::Chinese, ENGLISH), CHINESE);
        assert_eq!(say_drawn(Lang::English, ENGLISH), ENGLISH);
        assert_eq!(say_drawn(Lang::Chinese, "never made"), "从未制作");
        assert_eq!(say_drawn(Lang::Chinese, ""), "");
    }
}
