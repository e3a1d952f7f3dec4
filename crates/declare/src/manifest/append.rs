//! Appends an edit step to the text of a manifest, everything else in it kept as it is written. Knows
//! nothing of what the step means.

use std::fmt;

use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value};

/// Whose step it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// `[cover.NAME]`.
    Cover(String),
    /// The slide of `[[carousel.NAME.slide]]` with this number, from 1.
    Slide(String, usize),
}

/// The step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditStep {
    /// What to change.
    pub change: String,
    /// What to keep.
    pub keep: Option<String>,
    /// The words from this step on, by role.
    pub text: Vec<(String, String)>,
    /// Where the picture may change: a path from the manifest's folder.
    pub mask: Option<String>,
}

/// Why a step cannot be appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppendError {
    /// The text is not TOML.
    NotToml(String),
    /// There is nothing of that name in it, or it is written in a way that cannot be added to.
    NoPlace,
}

impl fmt::Display for AppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotToml(why) => write!(f, "is not valid TOML: {why}"),
            Self::NoPlace => {
                f.write_str("writes the asset in a way that a step cannot be added to")
            }
        }
    }
}

/// The text with the step behind the owner's other steps.
pub fn append(text: &str, owner: &Owner, step: &EditStep) -> Result<String, AppendError> {
    let (mark, body) = match text.strip_prefix('\u{feff}') {
        Some(body) => ("\u{feff}", body),
        None => ("", text),
    };
    let ends = |end: &str| body.matches(end).count();
    let windows = ends("\r\n") > 0 && ends("\r\n") == ends("\n");
    let mut document: DocumentMut = body
        .parse()
        .map_err(|e: toml_edit::TomlError| AppendError::NotToml(e.message().to_owned()))?;
    let place = find(&mut document, owner).ok_or(AppendError::NoPlace)?;
    push(place, step)?;
    let mut out = document.to_string();
    if windows {
        out = out.replace("\r\n", "\n").replace('\n', "\r\n");
    }
    Ok(format!("{mark}{out}"))
}

/// How the owner is written: as `[header]` and lines, or in braces.
enum Written<'a> {
    Table(&'a mut Table),
    Inline(&'a mut InlineTable),
}

impl<'a> Written<'a> {
    fn of(item: &'a mut Item) -> Option<Self> {
        match item {
            Item::Table(table) => Some(Self::Table(table)),
            Item::Value(Value::InlineTable(table)) => Some(Self::Inline(table)),
            _ => None,
        }
    }

    fn get(self, key: &str) -> Option<&'a mut Item> {
        match self {
            Self::Table(table) => table.get_mut(key),
            Self::Inline(table) => TableLike::get_mut(table, key),
        }
    }
}

fn find<'a>(document: &'a mut DocumentMut, owner: &Owner) -> Option<Written<'a>> {
    let (kind, name) = match owner {
        Owner::Cover(name) => ("cover", name),
        Owner::Slide(name, _) => ("carousel", name),
    };
    let named = Written::of(document.get_mut(kind)?)?.get(name)?;
    let Owner::Slide(_, number) = owner else {
        return Written::of(named);
    };
    let index = number.checked_sub(1)?;
    match Written::of(named)?.get("slide")? {
        Item::ArrayOfTables(slides) => slides.get_mut(index).map(Written::Table),
        Item::Value(Value::Array(slides)) => {
            let slide = slides.get_mut(index)?.as_inline_table_mut()?;
            Some(Written::Inline(slide))
        }
        _ => None,
    }
}

fn push(owner: Written<'_>, step: &EditStep) -> Result<(), AppendError> {
    let (is_table, owner): (bool, &mut dyn TableLike) = match owner {
        Written::Table(table) => (true, table),
        Written::Inline(table) => (false, table),
    };
    match owner.get_mut("edit") {
        // Braces can only hold braces.
        None if !is_table => {
            let steps = Array::from_iter([Value::InlineTable(inline_step(step))]);
            owner.insert("edit", Item::Value(Value::Array(steps)));
        }
        None => {
            let mut steps = ArrayOfTables::new();
            steps.push(table_step(step));
            owner.insert("edit", Item::ArrayOfTables(steps));
        }
        Some(Item::ArrayOfTables(steps)) => steps.push(table_step(step)),
        Some(Item::Value(Value::Array(steps))) => {
            steps.push(Value::InlineTable(inline_step(step)));
        }
        Some(_) => return Err(AppendError::NoPlace),
    }
    Ok(())
}

fn table_step(step: &EditStep) -> Table {
    let mut table = Table::new();
    for (name, value) in values(step) {
        table.insert(name, Item::Value(value));
    }
    table
}

fn inline_step(step: &EditStep) -> InlineTable {
    values(step).into_iter().collect()
}

/// The step's keys and values, in the order in which they are written.
fn values(step: &EditStep) -> Vec<(&'static str, Value)> {
    let mut values = vec![("change", Value::from(step.change.as_str()))];
    if let Some(keep) = &step.keep {
        values.push(("keep", keep.as_str().into()));
    }
    if !step.text.is_empty() {
        let words = step.text.iter();
        let table: InlineTable = words
            .map(|(role, words)| (role.as_str(), Value::from(words.as_str())))
            .collect();
        values.push(("text", Value::InlineTable(table)));
    }
    if let Some(mask) = &step.mask {
        values.push(("mask", mask.as_str().into()));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::{AppendError, EditStep, Owner, append};

    fn step() -> EditStep {
        EditStep {
            change: "make \"it\" red".to_owned(),
            keep: Some("the words".to_owned()),
            text: vec![("headline".to_owned(), "你好".to_owned())],
            mask: None,
        }
    }

    fn change(change: &str) -> EditStep {
        EditStep {
            change: change.to_owned(),
            ..EditStep::default()
        }
    }

    const STEP: &str =
        "change = 'make \"it\" red'\nkeep = \"the words\"\ntext = { headline = \"你好\" }\n";

    fn cover(text: &str) -> Result<String, AppendError> {
        append(text, &Owner::Cover("a".to_owned()), &step())
    }

    #[test]
    fn a_step_stands_with_its_cover_and_nothing_else_moves() {
        let text = "# ours\n[cover.a]  # first\nsize =   \"1x1\"\n[cover.a.text]\nheadline = \"x\"  # word\n\n# theirs\n[cover.b]\nsize = \"2x2\"\n";
        assert_eq!(
            cover(text).unwrap(),
            format!(
                "# ours\n[cover.a]  # first\nsize =   \"1x1\"\n[cover.a.text]\nheadline = \"x\"  # word\n\n[[cover.a.edit]]\n{STEP}\n# theirs\n[cover.b]\nsize = \"2x2\"\n"
            )
        );
    }

    #[test]
    fn steps_come_in_their_order() {
        let owner = Owner::Cover("a".to_owned());
        let one = append("[cover.a]\nsize = \"1x1\"", &owner, &change("one")).unwrap();
        let two = append(&one, &owner, &change("two")).unwrap();
        assert_eq!(
            two,
            "[cover.a]\nsize = \"1x1\"\n\n[[cover.a.edit]]\nchange = \"one\"\n\n[[cover.a.edit]]\nchange = \"two\"\n"
        );
    }

    #[test]
    fn a_slide_gets_its_own() {
        let text = "[carousel.c]\n[[carousel.c.slide]]\nheadline = \"1\"\n[[carousel.c.slide]]\nheadline = \"2\"\n";
        let owner = Owner::Slide("c".to_owned(), 1);
        assert_eq!(
            append(text, &owner, &change("one")).unwrap(),
            "[carousel.c]\n[[carousel.c.slide]]\nheadline = \"1\"\n\n[[carousel.c.slide.edit]]\nchange = \"one\"\n[[carousel.c.slide]]\nheadline = \"2\"\n"
        );
        let none = Owner::Slide("c".to_owned(), 3);
        assert_eq!(append(text, &none, &change("x")), Err(AppendError::NoPlace));
    }

    #[test]
    fn braces_stay_braces() {
        assert_eq!(
            cover("cover = { a = { size = \"1x1\" } }\n").unwrap(),
            "cover = { a = { size = \"1x1\" , edit = [{ change = 'make \"it\" red', keep = \"the words\", text = { headline = \"你好\" } }] } }\n"
        );
        assert_eq!(
            append(
                "[cover.a]\nedit = [{ change = \"one\" }]\n",
                &Owner::Cover("a".to_owned()),
                &change("two")
            )
            .unwrap(),
            "[cover.a]\nedit = [{ change = \"one\" }, { change = \"two\" }]\n"
        );
    }

    #[test]
    fn line_ends_and_marks_stay() {
        let text = "\u{feff}[cover.a]\r\nsize = \"1x1\"\r\n";
        let out = append(text, &Owner::Cover("a".to_owned()), &change("one")).unwrap();
        assert_eq!(
            out,
            "\u{feff}[cover.a]\r\nsize = \"1x1\"\r\n\r\n[[cover.a.edit]]\r\nchange = \"one\"\r\n"
        );
    }

    #[test]
    fn what_cannot_be_added_to_is_refused() {
        assert_eq!(cover("[cover.b]\n"), Err(AppendError::NoPlace));
        assert_eq!(cover("cover = 1\n"), Err(AppendError::NoPlace));
        assert!(matches!(cover("[cover.a\n"), Err(AppendError::NotToml(_))));
    }
}
