//! The texts of errors, whole: message, place, caret and hint.

use super::{Format, file};
use crate::data::read;

mod markup;

fn error(format: Format, text: impl AsRef<[u8]>) -> String {
    read(format, &file(format), text.as_ref())
        .unwrap_err()
        .render(false)
}

/// (text, message, `LINE:COLUMN`, the line under the text, hint)
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

/// Tests all of a text but the line that it shows.
fn check(format: Format, table: &[Row]) {
    for (text, message, place, caret, hint) in table {
        let found = error(format, text);
        let mut lines: Vec<&str> = found.lines().collect();
        assert_eq!(lines.len(), 7, "{text:?}\n{found}");
        lines.remove(3);
        let name = file(format);
        let expected = [
            format!("error: {message}"),
            format!(" --> {name}:{place}"),
            "  |".to_owned(),
            format!("  | {caret}"),
            "  |".to_owned(),
            format!("  = help: {hint}"),
        ];
        assert_eq!(lines, expected, "{text:?}\n{found}");
    }
}

#[test]
fn shown_whole() {
    assert_eq!(
        error(Format::Csv, "slug,标题\na,你好,世界\n"),
        "\
error: a row of `s.csv` has 3 cells, but there are 2 columns
 --> s.csv:2:6
  |
2 | a,你好,世界
  |        ^^^^ one too many
  |
  = help: put a cell that has commas into double quotes: `\"one, two\"`"
    );
    assert_eq!(
        error(Format::FrontMatter, "---\ntitle: x\n\nbody\n"),
        "\
error: the front matter of `posts/a.md` never ends
 --> posts/a.md:1:1
  |
1 | ---
  | ^^^ opened here, but no line `---` follows
  |
  = help: close it with a line `---`
  = help: if `---` is only a rule, put an empty line before it"
    );
}

#[test]
fn a_place_is_never_inside_of_a_character() {
    assert_eq!(
        error(Format::Json, "{\"a\": \"标"),
        "\
error: `s.json` is not valid JSON
 --> s.json:1:8
  |
1 | {\"a\": \"标
  |        ^ the file ends inside of a string
  |
  = help: something that was opened further up is never closed"
    );
}

#[test]
fn not_utf8() {
    // What a spreadsheet saves in China, and in its own format.
    assert_eq!(
        error(Format::Csv, b"a,b\n\xc4\xe3,1\n"),
        "\
error: `s.csv` is not UTF-8: byte 4 is wrong
 --> s.csv:2:1
  |
2 | \u{fffd}\u{fffd},1
  | ^ 0xC4
  |
  = help: save it as UTF-8; in Excel: `CSV UTF-8 (Comma delimited)`
  = help: or say what it is, beside its name: `{ csv = \"…\", encoding = \"gbk\" }`"
    );
    assert_eq!(
        error(Format::Json, b"\xff\xfea"),
        "\
error: `s.json` is UTF-16 with a damaged character
  = help: save it as UTF-8; of a text in GBK, `iconv -f GBK -t UTF-8 FILE > NEW` makes one"
    );
    for format in [Format::Json, Format::Toml, Format::Yaml] {
        assert!(error(format, b"\"\xff\"").contains("not UTF-8: byte 1 is wrong"));
    }
    assert!(error(Format::FrontMatter, b"---\na: \xff\n---\n").contains("byte 7 is wrong"));
}

#[test]
fn csv() {
    check(
        Format::Csv,
        &[
            (
                "\n\n",
                "`s.csv` is empty",
                "1:1",
                "^ a header row is needed here",
                "write the names of the columns in the first line: `slug,title`",
            ),
            (
                "a,b\n1\n",
                "a row of `s.csv` has 1 cell, but there are 2 columns",
                "2:2",
                " ^ `b` is missing",
                "write a comma for each empty cell",
            ),
            (
                "a,b\n\n\"x\ny\",2\nz",
                "a row of `s.csv` has 1 cell, but there are 2 columns",
                "5:2",
                " ^ `b` is missing",
                "write a comma for each empty cell",
            ),
            (
                "a,a\n",
                "column `a` of `s.csv` stands twice",
                "1:3",
                "  ^ the same as column 1",
                "rename or remove one of the two",
            ),
            (
                "a, \n",
                "column 2 of `s.csv` has no name",
                "1:3",
                "  ^ a name is needed here",
                "name the column, or remove it",
            ),
            (
                "a;b\n1;2\n",
                "`s.csv` is not separated by commas",
                "1:1",
                "^^^ `;` does not separate columns",
                "say so beside its name, `{ csv = \"…\", separator = \";\" }`, or save it with commas",
            ),
            (
                "a\tb\n",
                "`s.csv` is not separated by commas",
                "1:1",
                "^^^^^^ a tab does not separate columns",
                "say so beside its name, `{ csv = \"…\", separator = \"\\t\" }`, or save it with commas",
            ),
            (
                "a,b\n\"x,2\n3,4\n",
                "a quoted cell of `s.csv` never ends",
                "2:1",
                "^ this quote is never closed",
                "close it with `\"`; write a quote inside of a cell twice: `\"\"`",
            ),
            (
                "a,b\n\"x\"y,2\n",
                "a quoted cell of `s.csv` goes on after its quote",
                "2:4",
                "   ^ a comma or a new line is needed here",
                "write a quote inside of a cell twice: `\"\"`",
            ),
        ],
    );
}

#[test]
fn json() {
    check(
        Format::Json,
        &[
            (
                " ",
                "`s.json` is empty",
                "1:1",
                "^ a value is needed here",
                "write `[]` where there is nothing",
            ),
            (
                "[{}, 1]",
                "entry 2 of `s.json` is a number, not a table",
                "1:6",
                "     ^ a table is needed here",
                "write an entry as `{ \"headline\": \"…\" }`",
            ),
            (
                "[{},]",
                "`s.json` is not valid JSON",
                "1:5",
                "    ^ trailing comma",
                "remove the comma before the closing bracket",
            ),
            (
                "{\"k\": 1, \"a\": {\"k\": 2, \"k\": 3}}",
                "`k` stands twice in one table of `s.json`",
                "1:24",
                "                       ^^^ again here",
                "keep one of the two",
            ),
            (
                "{\"a\": 12345678901234567890123, \"b\": 1}",
                "`s.json` has a number without an exact value: `12345678901234567890123`",
                "1:7",
                "      ^^^^^^^^^^^^^^^^^^^^^^^ not exact",
                "write it as a string, in double quotes",
            ),
            (
                "{\"a\": 1e999}",
                "`s.json` has a number without an exact value: `1e999`",
                "1:7",
                "      ^^^^^ not exact",
                "write it as a string, in double quotes",
            ),
            (
                "{\n\"a\": [",
                "`s.json` is not valid JSON",
                "2:6",
                "     ^ the file ends inside of a list",
                "something that was opened further up is never closed",
            ),
            (
                "{\"a\": \"x\ny\"}",
                "`s.json` is not valid JSON",
                "2:1",
                "^ control character (\\u0000-\\u001F) found while parsing a string",
                "write a line break inside a string as `\\n`, a tab as `\\t`",
            ),
            (
                "{'a': 1}",
                "`s.json` is not valid JSON",
                "1:2",
                " ^ key must be a string",
                "JSON has double quotes only, no comments, and a comma between two values",
            ),
            (
                "{\"a\": 1}\n{}",
                "`s.json` is not valid JSON",
                "2:1",
                "^ trailing characters",
                "a file holds one value: put several into a list, `[ …, … ]`",
            ),
            (
                "{\"a\": nul}",
                "`s.json` is not valid JSON",
                "1:10",
                "         ^ expected `true`, `false` or `null`",
                "JSON has double quotes only, no comments, and a comma between two values",
            ),
            (
                "// x\n{}",
                "`s.json` is not valid JSON",
                "1:1",
                "^ expected value",
                "JSON has double quotes only, no comments, and a comma between two values",
            ),
        ],
    );
}
