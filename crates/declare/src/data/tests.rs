//! What data files give, and what is said about wrong ones: tables of small inputs.

use std::fmt::Write;

use super::{Form, Format, MAX_ITEMS, read};
use base::path::ProjectPath;

mod errors;

fn file(format: Format) -> ProjectPath {
    ProjectPath::new(match format {
        Format::FrontMatter => "posts/a.md",
        Format::Csv => "s.csv",
        Format::Toml => "s.toml",
        Format::Json => "s.json",
        Format::Yaml => "s.yaml",
    })
    .unwrap()
}

/// `LINE VALUE` for each item.
fn items(format: Format, text: impl AsRef<[u8]>) -> String {
    let mut out = String::new();
    for item in read(format, &file(format), text.as_ref()).unwrap() {
        assert_eq!(item.file, file(format));
        assert!(item.value.is_object());
        writeln!(out, "{} {}", item.line, item.value).unwrap();
    }
    out
}

fn check(format: Format, table: &[(&str, &str)]) {
    for (text, expected) in table {
        let expected: String = expected.lines().fold(String::new(), |mut all, line| {
            writeln!(all, "{}", line.trim_start()).unwrap();
            all
        });
        assert_eq!(items(format, text), expected, "{text:?}");
    }
}

#[test]
fn csv_rows() {
    check(
        Format::Csv,
        &[
            ("a,b\n", ""),
            ("a,b\n1,2", r#"2 {"a":"1","b":"2"}"#),
            ("a\r\n1\r\n\r\n2\r\n", "2 {\"a\":\"1\"}\n4 {\"a\":\"2\"}"),
            (
                "\u{feff}\"a\", b \nx,\"y, z\"\n",
                r#"2 {"a":"x","b":"y, z"}"#,
            ),
            // A cell with a line break: the row after it is two lines further down.
            (
                "a,b\n\"x\ny\",\"q\"\"q\"\n 1 ,\n",
                "2 {\"a\":\"x\\ny\",\"b\":\"q\\\"q\"}\n4 {\"a\":\" 1 \",\"b\":\"\"}",
            ),
            // A quote inside of a plain cell is a quote.
            ("a\n5\" disk\n", r#"2 {"a":"5\" disk"}"#),
            // Rows without any content are no items.
            ("a,b\n,\n\" \",\n1,\n", r#"4 {"a":"1","b":""}"#),
            ("题,b\n{{ x }},007\n", r#"2 {"题":"{{ x }}","b":"007"}"#),
        ],
    );
}

#[test]
fn toml_tables() {
    check(
        Format::Toml,
        &[
            ("", "1 {}"),
            ("# x\n\nb = 1\na = 2", r#"3 {"b":1,"a":2}"#),
            (
                "[[slide]]\na = 1\n\n[[slide]]\na = 2\n[slide.in]\nb = 3\n",
                "1 {\"a\":1}\n4 {\"a\":2,\"in\":{\"b\":3}}",
            ),
            ("s = [\n{ a = 1 },\n{ a = 2 }]", "2 {\"a\":1}\n3 {\"a\":2}"),
            ("s = []", ""),
            // Anything else is one item.
            ("[[s]]\na = 1\n[t]\n", r#"1 {"s":[{"a":1}],"t":{}}"#),
            ("s = [1]", r#"1 {"s":[1]}"#),
            ("[s]\na = 0x10", r#"1 {"s":{"a":16}}"#),
            (
                "a = 2024-01-02 03:04:05.60Z\nb = 2024-01-02\nc = 07:30:00",
                r#"1 {"a":"2024-01-02 03:04:05.60Z","b":"2024-01-02","c":"07:30:00"}"#,
            ),
            (
                "a = 1.50\nb = true\nc = -1",
                r#"1 {"a":1.5,"b":true,"c":-1}"#,
            ),
        ],
    );
}

#[test]
fn json_values() {
    check(
        Format::Json,
        &[
            ("[]", ""),
            ("\u{feff}\n{}\n", "2 {}"),
            (
                " \n[\n {\"a\": \"]},\\\"{\"},\n\n\n {\"b\": [1.5, null, true]}, {}]",
                "3 {\"a\":\"]},\\\"{\"}\n6 {\"b\":[1.5,null,true]}\n6 {}",
            ),
            (
                r#"{"a": 18446744073709551615, "b": -9223372036854775808, "c": {"a": 1}}"#,
                r#"1 {"a":18446744073709551615,"b":-9223372036854775808,"c":{"a":1}}"#,
            ),
        ],
    );
}

#[test]
fn yaml_values() {
    check(
        Format::Yaml,
        &[
            ("[]", ""),
            ("{}", "1 {}"),
            ("# c\n---\na: 1\n", r#"3 {"a":1}"#),
            (
                "# c\n- a: 1\n-\n  b: 2\n- {c: 3}\n",
                "2 {\"a\":1}\n4 {\"b\":2}\n5 {\"c\":3}",
            ),
            // Words stay words; a date is what was written.
            (
                "a: [no, off, 007, 1_000, 2024-01-02, 12:30, ~, true, 1.5, 0x10, '1']\n",
                r#"1 {"a":["no","off","007","1_000","2024-01-02","12:30",null,true,1.5,16,"1"]}"#,
            ),
            (
                "1: a\ntrue: b\n标题: c\n",
                r#"1 {"1":"a","true":"b","标题":"c"}"#,
            ),
            (
                "a: |\n  one\n  two\nb: >-\n  one\n  two\n",
                r#"1 {"a":"one\ntwo\n","b":"one two"}"#,
            ),
            (
                "x: &x {a: 1}\ny:\n  <<: *x\n  b: 2\n",
                r#"1 {"x":{"a":1},"y":{"b":2,"a":1}}"#,
            ),
            // An item that is an alias stands where it is used.
            ("- &d {a: 1}\n- *d\n", "1 {\"a\":1}\n2 {\"a\":1}"),
            ("a: !note x\n", r#"1 {"a":"x"}"#),
        ],
    );
}

#[test]
fn front_matter() {
    check(
        Format::FrontMatter,
        &[
            // None: a README among the posts, a template, a rule further down.
            ("", ""),
            ("# Hello\n---\na: 1\n---\n", ""),
            ("----\n", ""),
            ("{{< figure >}}\n", ""),
            ("{% raw %}\n", ""),
            // YAML, however it is fenced.
            ("---\ntitle: x\n---\nbody", r#"1 {"title":"x"}"#),
            (
                "\u{feff}---\r\ntitle: 封面\r\ndate: 2024-01-02\r\n---\r\n",
                r#"1 {"title":"封面","date":"2024-01-02"}"#,
            ),
            ("--- \t\na: 1\n---  ", r#"1 {"a":1}"#),
            ("---\na: 1\n...\nb: 2\n---\n", r#"1 {"a":1}"#),
            ("---\n---\n", "1 {}"),
            ("---\n# nothing\n---\n", "1 {}"),
            ("---\na: |\n  ---\n  b\n---\n", r#"1 {"a":"---\nb\n"}"#),
            ("---yaml\na: 1\n---\n", r#"1 {"a":1}"#),
            // TOML.
            (
                "+++\ntitle = \"x\"\ndate = 2024-01-02\n+++\n+++\n",
                r#"1 {"title":"x","date":"2024-01-02"}"#,
            ),
            ("+++\n[[a]]\nb = 1\n+++\n", r#"1 {"a":[{"b":1}]}"#),
            ("---toml\na = 1\n---\n", r#"1 {"a":1}"#),
            // JSON.
            (
                "{\n \"a\": {\"b\": \"}\"}\n}\nbody }",
                r#"1 {"a":{"b":"}"}}"#,
            ),
            ("{}", "1 {}"),
            ("---json\n{\"a\": 1}\n---\n", r#"1 {"a":1}"#),
            (";;;\n{\"a\": 1}\n;;;\n", r#"1 {"a":1}"#),
            (";;;\n;;;\n", "1 {}"),
        ],
    );
}

#[test]
fn only_the_head_of_a_text_file_counts() {
    let mut bytes = b"---\na: 1\n---\n".to_vec();
    bytes.extend(vec![0xff; 80 * 1024 * 1024]);
    assert_eq!(items(Format::FrontMatter, &bytes), "1 {\"a\":1}\n");
    bytes[..14].copy_from_slice(b"{\"a\": 1}\n\n\n\n\n\n");
    assert_eq!(items(Format::FrontMatter, &bytes), "1 {\"a\":1}\n");
}

#[test]
fn one_anchor_for_many_slides_is_no_attack() {
    let mut text = "- &base {style: night}\n".to_owned();
    for n in 0..2000 {
        writeln!(text, "- {{<<: *base, n: {n}}}").unwrap();
    }
    assert_eq!(
        read(Format::Yaml, &file(Format::Yaml), text.as_bytes())
            .unwrap()
            .len(),
        2001
    );
}

#[test]
fn so_many_items_and_no_more() {
    let header = "slug\n";
    let mut text = header.to_owned();
    for _ in 0..MAX_ITEMS {
        text.push_str("x\n");
    }
    let csv = file(Format::Csv);
    assert_eq!(
        read(Format::Csv, &csv, text.as_bytes()).unwrap().len(),
        MAX_ITEMS
    );
    text.push_str("y\n");
    let error = read(Format::Csv, &csv, text.as_bytes()).unwrap_err();
    assert_eq!(error.message, "`s.csv` has more than 200000 items");
    assert_eq!(error.place.unwrap().line_column(), (MAX_ITEMS + 2, 1));

    let json = format!("[{}{{}}]", "{},".repeat(MAX_ITEMS));
    let error = read(Format::Json, &file(Format::Json), json.as_bytes()).unwrap_err();
    assert_eq!(error.message, "`s.json` has more than 200000 items");
    let wide = format!("[{}1]", "1,".repeat(super::MAX_VALUES));
    let error = read(
        Format::Toml,
        &file(Format::Toml),
        format!("a = {wide}").as_bytes(),
    );
    assert_eq!(
        error.unwrap_err().message,
        "`s.toml` has more than 4000000 values"
    );
}

/// `as_written` of each item.
fn written(format: Format, text: &str) -> String {
    let items = read(format, &file(format), text.as_bytes()).unwrap();
    let shown = items.iter().map(|item| item.as_written().to_string());
    shown.collect::<Vec<_>>().join(" ")
}

#[test]
fn numbers_are_known_as_they_are_written() {
    for (format, text, expected) in [
        (
            Format::Yaml,
            "标题: 1.10\nb: [1.5, 2.0, 1e3, 0x1F]\nc: {d: 3.50, e: 5}\nf: 2024-01-05 # 1.10\n",
            r#"{"标题":"1.10","b":[1.5,2.0,"1e3","0x1F"],"c":{"d":"3.50","e":5},"f":"2024-01-05"}"#,
        ),
        (
            Format::Yaml,
            "- a: &x 1.10\n- a: *x\n",
            r#"{"a":"1.10"} {"a":"1.10"}"#,
        ),
        (
            Format::Toml,
            "a = 1.10\nb = [1_000, 0xFF, 7]\n[c]\nd = +5\n",
            r#"{"a":"1.10","b":["1_000","0xFF",7],"c":{"d":"+5"}}"#,
        ),
        (
            Format::Json,
            r#"[{"a":1.10,"b":[1e3,7,"x"]},{"a":2}]"#,
            r#"{"a":"1.10","b":["1e3",7,"x"]} {"a":2}"#,
        ),
        (
            Format::FrontMatter,
            "+++\nversion = 2.10\n+++\n",
            r#"{"version":"2.10"}"#,
        ),
        (
            Format::FrontMatter,
            "{\"version\": 2.10}\nbody",
            r#"{"version":"2.10"}"#,
        ),
    ] {
        assert_eq!(written(format, text), expected, "{text}");
    }
}

#[test]
fn what_differs_only_by_checkout_is_the_same() {
    for (format, text) in [
        (Format::Yaml, "a: |\n  one\n  two\nb: 1\n"),
        (Format::Toml, "a = \"\"\"\none\ntwo\"\"\"\nb = 1\n"),
        (Format::Csv, "a,b\n\"one\ntwo\",2\n"),
        (Format::Json, "{\n\"a\": 1,\n\"b\": 2\n}\n"),
        (
            Format::FrontMatter,
            "---\na: >\n  one\n  two\n---\nbody\n\nmore\n",
        ),
    ] {
        let read = |text: String| read(format, &file(format), text.as_bytes()).unwrap();
        let plain = read(text.to_owned());
        assert_eq!(read(text.replace('\n', "\r\n")), plain, "{text}");
        assert_eq!(read(format!("\u{feff}{text}")), plain, "{text}");
        assert_eq!(
            read(format!("\u{feff}\u{feff}{}", text.replace('\n', "\r\n"))),
            plain,
            "{text}"
        );
    }
}

#[test]
fn front_matter_begins_in_the_first_line_that_is_not_blank() {
    check(
        Format::FrontMatter,
        &[
            ("\n\n---\na: 1\n---\n", r#"1 {"a":1}"#),
            ("\u{feff}\u{feff}\n  \n+++\na = 1\n+++\n", r#"1 {"a":1}"#),
            ("\n{\"a\": 1}\n", r#"1 {"a":1}"#),
            // A rule between blank lines.
            ("\n---\n\ntext\n", ""),
            ("text\n\n---\na: 1\n---\n", ""),
        ],
    );
    let optional = Form {
        optional: true,
        ..Format::FrontMatter.into()
    };
    let items = read(optional, &file(Format::FrontMatter), b"# A title\n").unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].value.to_string(), "{}");
}

#[test]
fn csv_as_spreadsheets_save_it() {
    let form = |separator, encoding| Form {
        separator,
        encoding,
        ..Format::Csv.into()
    };
    let utf16: Vec<u8> = "\u{feff}a\tb\r\n一\t2\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let gbk = encoding_rs::GBK.encode("a,b\n一,2\n").0.into_owned();
    for (form, bytes) in [
        (form(Some(b';'), None), "a;b\n一;2\n".as_bytes()),
        (form(None, None), "sep=;\r\na;b\r\n一;2\r\n".as_bytes()),
        (form(Some(b'\t'), None), "a\tb\n\"一\"\t2\n".as_bytes()),
        (form(Some(b'\t'), None), utf16.as_slice()),
        (form(None, Some(encoding_rs::GBK)), gbk.as_slice()),
    ] {
        let items = read(form, &file(Format::Csv), bytes).unwrap();
        assert_eq!(items.len(), 1);
        assert_eq!(items[0].value.to_string(), r#"{"a":"一","b":"2"}"#);
    }
}

#[test]
fn a_tab_is_shown_in_its_line() {
    for (text, place) in [
        ("a: 1\n\tb: 2\n", "2:1"),
        ("a:\n  b: 1\n\tc: 2\n", "3:1"),
        ("a:\n  b: 1\n  \tc: 2\n", "3:3"),
        ("a:\n\t- b\n", "2:1"),
        ("title: x\ntags:\n\t- one\n", "3:1"),
    ] {
        let error = read(Format::Yaml, &file(Format::Yaml), text.as_bytes()).unwrap_err();
        let shown = error.render(false);
        assert!(
            shown.contains(&format!("s.yaml:{place}\n")),
            "{text:?}\n{shown}"
        );
        assert!(shown.contains("indent with spaces"), "{text:?}\n{shown}");
    }
}
