//! What is wrong with a rendered prompt, measured against the formula that gets text drawn right.
//! A pure function of the prompt, its texts and its size: does not know templates, models or files.

mod shape;

use std::ops::Range;

use base::text::Text;

/// The headline has to stand within so many words: what comes first weighs most.
///
/// A word is a run of letters and digits; Chinese has no spaces, so every two characters of a run
/// of them count as one word, which is the commonest length of a Chinese word.
pub const HEADLINE_WITHIN: usize = 50;

/// Stands for every byte of a literal text while the words around the texts are read.
const MASK: char = '\u{1f}';

/// One thing that a prompt gets wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// A lowercase sentence without a full stop.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// Where in the prompt, in bytes, if it is somewhere.
    pub span: Option<Range<usize>>,
}

impl Finding {
    fn new(message: String, hint: impl Into<String>, span: Option<Range<usize>>) -> Self {
        Self {
            message,
            hint: Some(hint.into()),
            span,
        }
    }
}

/// Everything that `prompt` gets wrong for these texts in a picture of `width` x `height`.
///
/// A text counts as present if it stands between straight double quotes exactly as it is, up to
/// white space at its ends; quotation marks and line breaks inside it stay as they are.
pub fn lint(prompt: &str, text: &Text, width: u32, height: u32) -> Vec<Finding> {
    let masked = mask(prompt, text);
    let mut findings = Vec::new();
    for (role, literal) in text.literals() {
        let literal = literal.trim();
        if !literal.is_empty() {
            findings.extend(literal_finding(prompt, &masked, role, literal));
        }
    }
    findings.extend(shape_findings(&masked, width, height));
    findings.extend(no_other_text(&masked, text));
    findings
}

/// The words that an overlay draws and `prompt`, which is to be without any text, says all the same.
///
/// A short text counts only between quotes: elsewhere it is another word by chance.
pub fn lint_overlaid(prompt: &str, text: &Text) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (role, literal) in text.literals() {
        let literal = literal.trim();
        let long = literal.chars().count() > 3;
        let quoted = format!("\"{literal}\"");
        let plain = find_all(prompt, literal).find(|at| long && whole_word(prompt, at));
        if let Some(at) = find_all(prompt, &quoted).next().or(plain) {
            findings.push(Finding::new(
                format!(
                    "the prompt says the {role} `{}`, which the overlay draws",
                    shorten(literal)
                ),
                "leave it out, or it stands in the picture twice; whoever changes it pays again",
                Some(at),
            ));
        }
    }
    findings
}

fn literal_finding(prompt: &str, masked: &str, role: &str, literal: &str) -> Option<Finding> {
    let short = shorten(literal);
    let quoted: Vec<Range<usize>> = find_all(prompt, &format!("\"{literal}\"")).collect();
    let Some(first) = quoted.first() else {
        return Some(absent(prompt, role, literal));
    };
    if !quoted.iter().any(|at| role_is_near(masked, at, role)) {
        return Some(Finding::new(
            format!("the prompt does not say that `{short}` is the {role}"),
            format!("name the role on the same line: {role}: \"{short}\""),
            Some(first.clone()),
        ));
    }
    let last_word = words(&prompt[..first.end]);
    if role == "headline" && last_word > HEADLINE_WITHIN {
        return Some(Finding::new(
            format!(
                "the headline ends at word {last_word} of the prompt, past the first {HEADLINE_WITHIN}"
            ),
            "say what the picture is for and its headline first; two Chinese characters count as one word",
            Some(first.clone()),
        ));
    }
    None
}

/// The text is not there in straight quotes: in which form is it there?
fn absent(prompt: &str, role: &str, literal: &str) -> Finding {
    const OTHER_QUOTES: [(&str, &str); 8] = [
        ("“", "”"),
        ("‘", "’"),
        ("「", "」"),
        ("『", "』"),
        ("《", "》"),
        ("«", "»"),
        ("'", "'"),
        ("`", "`"),
    ];
    let short = shorten(literal);
    for (open, close) in OTHER_QUOTES {
        if let Some(at) = find_all(prompt, &format!("{open}{literal}{close}")).next() {
            return Finding::new(
                format!("the {role} stands between {open} and {close}"),
                format!("put it between straight double quotes: \"{short}\""),
                Some(at),
            );
        }
    }
    if let Some(at) = find_all(prompt, literal).next() {
        return Finding::new(
            format!("the {role} `{short}` is not in quotes"),
            format!("put it between straight double quotes: \"{short}\""),
            Some(at),
        );
    }
    if squash(prompt).contains(&squash(literal)) {
        return Finding::new(
            format!("the {role} `{short}` is not verbatim: spaces, line breaks or capitals differ"),
            "a filter of the template changes it; write the text as it is",
            None,
        );
    }
    Finding::new(
        format!("the {role} `{short}` is not in the prompt"),
        format!("the template has to write it: \"{{{{ text.{role} }}}}\""),
        None,
    )
}

/// Whether the role is named on the line of the text or, where the line holds only texts, on the
/// line above them.
fn role_is_near(masked: &str, at: &Range<usize>, role: &str) -> bool {
    let start = masked[..at.start].rfind('\n').map_or(0, |n| n + 1);
    let end = masked[at.end..]
        .find('\n')
        .map_or(masked.len(), |n| at.end + n);
    let bare = |line: &str| {
        line.chars().all(|c| {
            c == MASK || c.is_whitespace() || c.is_ascii_digit() || "-*•.,;)(、，".contains(c)
        })
    };
    let line = &masked[start..end];
    let line = if bare(line) {
        masked[..start]
            .lines()
            .rev()
            .find(|l| !bare(l))
            .unwrap_or("")
    } else {
        line
    };
    let line = line.to_lowercase().replace(['-', '_'], " ");
    let role = role.to_lowercase().replace(['-', '_'], " ");
    let singular = role.strip_suffix('s').filter(|s| s.len() > 2);
    [Some(role.as_str()), singular, chinese(&role)]
        .into_iter()
        .flatten()
        .any(|name| find_all(&line, name).any(|found| whole_word(&line, &found)))
}

/// What a prompt in Chinese calls a role.
fn chinese(role: &str) -> Option<&'static str> {
    Some(match role {
        "headline" => "标题",
        "subhead" => "副标题",
        "kicker" => "眉题",
        "badge" => "角标",
        "quote" => "引文",
        "author" => "作者",
        "body" => "正文",
        "items" => "列表",
        "captions" => "说明",
        "before" => "之前",
        "after" => "之后",
        "label" => "标签",
        "date" => "日期",
        "place" => "地点",
        "price" => "价格",
        "cta" => "行动",
        "note" => "注",
        "footer" => "页脚",
        "brand" => "品牌",
        _ => return None,
    })
}

/// Sizes, ratios and orientations in words that say something else than the preset.
fn shape_findings(masked: &str, width: u32, height: u32) -> Vec<Finding> {
    shape::contradictions(masked, width, height)
        .into_iter()
        .map(|at| {
            Finding::new(
                format!(
                    "the prompt says `{}`, but the picture is {width}x{height}",
                    &masked[at.clone()]
                ),
                "leave size and ratio to the preset, which is sent beside the prompt",
                Some(at),
            )
        })
        .collect()
}

fn no_other_text(masked: &str, text: &Text) -> Option<Finding> {
    const CHINESE: [&str; 5] = ["其他文字", "其它文字", "多余文字", "额外文字", "任何文字"];
    let lower = masked.to_lowercase();
    let said = lower.contains("no other text")
        || CHINESE.iter().any(|c| lower.contains(c))
        || text.literals().next().is_none() && lower.contains("no text");
    if said {
        return None;
    }
    Some(Finding::new(
        "the prompt does not say `no other text`".to_owned(),
        "without it, models fill empty space with letters of their own; end the prompt with \"No other text.\"",
        None,
    ))
}

/// The prompt with every literal text, and whatever else stands in straight quotes on one line,
/// masked byte by byte: what is drawn is not an instruction. Offsets stay what they are.
fn mask(prompt: &str, text: &Text) -> String {
    let mut literals: Vec<&str> = text.literals().map(|(_, t)| t.trim()).collect();
    literals.retain(|t| !t.is_empty());
    literals.sort_by_key(|t| std::cmp::Reverse(t.len()));
    let mut masked = prompt.to_owned();
    let cover = |masked: &mut String, at: Range<usize>| {
        let length = at.len();
        masked.replace_range(at, &MASK.to_string().repeat(length));
    };
    for literal in literals {
        let quoted = format!("\"{literal}\"");
        while let Some(at) = masked.find(&quoted) {
            cover(&mut masked, at..at + quoted.len());
        }
    }
    let mut from = 0;
    while let Some(open) = masked[from..].find('"').map(|n| from + n) {
        let rest = &masked[open + 1..];
        let line = rest.find('\n').unwrap_or(rest.len());
        match rest[..line].find('"') {
            Some(close) => {
                from = open + close + 2;
                cover(&mut masked, open..from);
            }
            None => from = open + 1,
        }
    }
    masked
}

/// How many words; see [`HEADLINE_WITHIN`].
fn words(text: &str) -> usize {
    let mut count = 0;
    let mut han = 0_usize;
    let mut in_word = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if is_han(c) {
            han += 1;
            in_word = false;
            continue;
        }
        count += han.div_ceil(2);
        han = 0;
        let inside = in_word
            && "-'’.,:/".contains(c)
            && chars
                .peek()
                .is_some_and(|n| n.is_alphanumeric() && !is_han(*n));
        if c.is_alphanumeric() {
            count += usize::from(!in_word);
            in_word = true;
        } else if !inside {
            in_word = false;
        }
    }
    count + han.div_ceil(2)
}

/// Characters of scripts that write without spaces: Han and kana.
fn is_han(c: char) -> bool {
    matches!(c, '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

fn find_all<'a>(text: &'a str, what: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    text.match_indices(what)
        .map(|(n, found)| n..n + found.len())
}

fn whole_word(text: &str, at: &Range<usize>) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric();
    !(text[at.clone()].starts_with(letter)
        && (text[..at.start].ends_with(letter) || text[at.end..].starts_with(letter)))
}

fn squash(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Enough of a text to know it by, on one line.
fn shorten(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(24) {
        Some((n, _)) => format!("{}…", &line[..n]),
        None => line,
    }
}

#[cfg(test)]
mod tests;
