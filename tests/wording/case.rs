//! The form of a file of cases: Markdown, so that it reads well, of which only what is needed is allowed.
//!
//! ````text
//! # What these cases are about
//!
//! ## the_name_of_a_case
//!
//! What is worth saying of it, if anything is.
//!
//! `gpbuild.toml`
//! ```toml
//! [cover.a]
//! ```
//!
//! ```console
//! $ gpbuild --draft
//! ? 2
//! error: the whole text that it prints
//! ```
//! ````
//!
//! The files of the project come first, each under its name: `NAME`, or `NAME` with what its text does not show:
//!
//! - `NAME` with escapes: in its text, `\xff` is that byte and `\\` a backslash;
//! - `NAME` without its last line break;
//! - `NAME` is a picture of 8x8 (with alpha) (, the first 20 bytes), and no text follows.
//!
//! Then comes what is run, the exit code, and the words. It does not know what is done with a case.

use std::io::Cursor;
use std::ops::Range;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

/// A project, what is run in it, and how that ends.
#[derive(Debug, PartialEq, Eq)]
pub struct Case {
    /// Its name, unique in its file.
    pub name: String,
    /// The line of its name, from 1.
    pub line: usize,
    /// The files of the project: names and contents.
    pub files: Vec<(String, Vec<u8>)>,
    /// What follows `gpbuild` on the command line.
    pub arguments: Vec<String>,
    /// The exit code.
    pub code: i32,
    /// All that is printed on standard error.
    pub words: String,
    /// The lines, from 0, that hold the exit code and the words.
    pub answer: Range<usize>,
}

/// The cases of a file, in order. An error is its line, from 1, and what is wrong with it.
pub fn parse(text: &str) -> Result<Vec<Case>, (usize, String)> {
    let mut lines = Lines::of(text);
    lines.blank();
    let title = lines.next("a title, `# …`")?;
    if !title.starts_with("# ") {
        return lines.error("the first line is a title, `# …`");
    }
    lines.prose()?;
    let mut cases: Vec<Case> = Vec::new();
    while !lines.is_at_end() {
        let case = case(&mut lines)?;
        if cases.iter().any(|before| before.name == case.name) {
            return Err((case.line, format!("`{}` is there twice", case.name)));
        }
        cases.push(case);
    }
    if cases.is_empty() {
        return lines.error("there is no case in it");
    }
    Ok(cases)
}

/// The exit code and the words, as the lines that [`Case::answer`] counts.
pub fn answer(code: i32, words: &str) -> Result<String, String> {
    if !words.is_empty() && !words.ends_with('\n') {
        return Err("its words do not end with a line break".to_owned());
    }
    if words.lines().any(|line| line.starts_with(FENCE)) {
        return Err(format!("its words have a line that begins with {FENCE}"));
    }
    Ok(format!("? {code}\n{words}"))
}

/// What begins and ends a text.
const FENCE: &str = "```";

/// The lines of a file, and how far it is read.
struct Lines<'a> {
    all: Vec<&'a str>,
    at: usize,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            all: text.lines().collect(),
            at: 0,
        }
    }

    fn is_at_end(&self) -> bool {
        self.at == self.all.len()
    }

    fn peek(&self) -> Option<&'a str> {
        self.all.get(self.at).copied()
    }

    /// The next line; it must be there.
    fn next(&mut self, what: &str) -> Result<&'a str, (usize, String)> {
        let line = self.peek();
        self.at += 1;
        line.ok_or_else(|| {
            (
                self.at,
                format!("the file ends where there should be {what}"),
            )
        })
    }

    /// The line that was read last is wrong.
    fn error<T>(&self, why: impl Into<String>) -> Result<T, (usize, String)> {
        Err((self.at.max(1), why.into()))
    }

    fn blank(&mut self) {
        while self.peek().is_some_and(|line| line.trim().is_empty()) {
            self.at += 1;
        }
    }

    /// Words for whoever reads the file: no line of them looks like anything else.
    fn prose(&mut self) -> Result<(), (usize, String)> {
        self.blank();
        while let Some(line) = self.peek()
            && !line.starts_with("## ")
            && !line.starts_with('`')
        {
            self.at += 1;
            if !line.starts_with(|c: char| c.is_alphabetic()) {
                return self.error("a sentence begins with a letter");
            }
            self.blank();
        }
        Ok(())
    }

    /// The lines of a text whose fence is read, and the fence that ends it.
    fn fenced(&mut self) -> Result<String, (usize, String)> {
        let mut text = String::new();
        loop {
            let line = self.next("the end of a text, ```")?;
            if line == FENCE {
                return Ok(text);
            }
            if line.starts_with(FENCE) {
                return self.error("a text begins in a text");
            }
            text += line;
            text.push('\n');
        }
    }
}

fn case(lines: &mut Lines<'_>) -> Result<Case, (usize, String)> {
    let heading = lines.next("a case, `## …`")?;
    let is_name = |name: &&str| {
        !name.is_empty() && name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric())
    };
    let Some(name) = heading.strip_prefix("## ").filter(is_name) else {
        return lines.error("a case begins with `## name_of_it`");
    };
    let line = lines.at;
    lines.prose()?;
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    loop {
        let next = lines.next("a file or a command")?;
        if next == "```console" {
            break;
        }
        let (name, contents) = file(next, lines)?;
        if files.iter().any(|(before, _)| *before == name) {
            return lines.error(format!("`{name}` is there twice"));
        }
        files.push((name, contents));
        lines.blank();
    }
    let arguments = command(lines)?;
    let begin = lines.at;
    let code = lines.next("the exit code, `? 2`")?;
    let Some(code) = code.strip_prefix("? ").and_then(|code| code.parse().ok()) else {
        return lines.error("the exit code is told as in `? 2`");
    };
    let words = lines.fenced()?;
    let answer = begin..lines.at - 1;
    lines.blank();
    Ok(Case {
        name: name.to_owned(),
        line,
        files,
        arguments,
        code,
        words,
        answer,
    })
}

/// The words of a command after `$ gpbuild`. There is no quoting, so nothing that would need it.
fn command(lines: &mut Lines<'_>) -> Result<Vec<String>, (usize, String)> {
    let line = lines.next("a command, `$ gpbuild …`")?;
    let arguments = match line.strip_prefix("$ gpbuild") {
        Some("") => return Ok(Vec::new()),
        Some(rest) => rest.strip_prefix(' '),
        None => None,
    };
    let Some(arguments) = arguments else {
        return lines.error("a command begins with `$ gpbuild`");
    };
    if arguments.contains(['"', '\'', '\\', '$']) {
        return lines.error("a command has no quotes, no `\\` and no `$`");
    }
    if arguments.split(' ').any(str::is_empty) {
        return lines.error("one space stands between two arguments");
    }
    Ok(arguments.split(' ').map(str::to_owned).collect())
}

/// A file of the project, of which the line with its name is read.
fn file(named: &str, lines: &mut Lines<'_>) -> Result<(String, Vec<u8>), (usize, String)> {
    let parts = named
        .strip_prefix('`')
        .and_then(|rest| rest.split_once('`'));
    let Some((name, how)) = parts.filter(|(name, _)| !name.is_empty()) else {
        return lines.error("a file is named as in `gpbuild.toml`");
    };
    if let Some(picture) = how.strip_prefix(" is a picture of ") {
        let Some(bytes) = drawn(name, picture) else {
            return lines.error("a picture is told as in `a.png` is a picture of 8x8 with alpha, the first 20 bytes");
        };
        return Ok((name.to_owned(), bytes));
    }
    if !matches!(how, "" | " with escapes" | " without its last line break") {
        return lines.error(format!("nobody knows what this means:{how}"));
    }
    lines.blank();
    let fence = lines.next("a text, ```")?;
    let language = fence.strip_prefix(FENCE);
    if language
        .is_none_or(|word| word == "console" || !word.bytes().all(|b| b.is_ascii_lowercase()))
    {
        return lines.error("a text begins with ``` and a language");
    }
    let mut text = lines.fenced()?;
    let bytes = match how {
        " with escapes" => match unescaped(&text) {
            Some(bytes) => bytes,
            None => return lines.error("an escape is `\\xff` or `\\\\`"),
        },
        " without its last line break" => {
            if text.pop().is_none() {
                return lines.error("an empty text has no line break");
            }
            text.into_bytes()
        }
        _ => text.into_bytes(),
    };
    Ok((name.to_owned(), bytes))
}

/// The bytes that a text with escapes stands for.
fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut parts = text.split('\\');
    bytes.extend_from_slice(parts.next()?.as_bytes());
    while let Some(part) = parts.next() {
        if part.is_empty() {
            bytes.push(b'\\');
            bytes.extend_from_slice(parts.next()?.as_bytes());
        } else {
            let hex = part.strip_prefix('x')?.get(..2)?;
            bytes.push(u8::from_str_radix(hex, 16).ok()?);
            bytes.extend_from_slice(&part.as_bytes()[3..]);
        }
    }
    Some(bytes)
}

/// A picture of one colour, as `8x8 with alpha, the first 20 bytes` tells of it; its format is that of its name.
fn drawn(name: &str, told: &str) -> Option<Vec<u8>> {
    let (told, length) = match told.split_once(", the first ") {
        Some((told, length)) => (told, Some(length.strip_suffix(" bytes")?.parse().ok()?)),
        None => (told, None),
    };
    let size = told.strip_suffix(" with alpha");
    let (width, height) = size.unwrap_or(told).split_once('x')?;
    let (width, height) = (width.parse().ok()?, height.parse().ok()?);
    let picture = match size {
        Some(_) => DynamicImage::from(RgbaImage::from_pixel(width, height, Rgba([9, 9, 9, 0]))),
        None => DynamicImage::from(RgbImage::from_pixel(width, height, Rgb([9, 9, 9]))),
    };
    let mut bytes = Cursor::new(Vec::new());
    let format = ImageFormat::from_path(name).ok()?;
    picture.write_to(&mut bytes, format).ok()?;
    let mut bytes = bytes.into_inner();
    if let Some(length) = length {
        bytes.truncate(length);
    }
    Some(bytes)
}
