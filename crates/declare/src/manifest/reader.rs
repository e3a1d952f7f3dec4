//! Reads TOML tables key by key: each value with its place, each wrong type and each unknown key
//! reported where it stands. Knows TOML, not what the keys mean.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::manifest::At;
use base::diagnostic::{Diagnostic, Place, Source, list};
use model::Micro;

/// Where everything wrong is collected.
pub type Problems = RefCell<Vec<Diagnostic>>;

/// Where no more keys than this are known, they are all named.
const LISTED: usize = 8;

/// A TOML table being read.
pub struct Table<'a> {
    table: &'a DeTable<'a>,
    source: &'a Arc<Source>,
    problems: &'a Problems,
    /// The name in messages: `cover.bootcamp`.
    name: String,
    /// Keys asked for so far: what is left over is unknown.
    known: RefCell<Vec<&'static str>>,
    place: Place,
}

impl<'a> Table<'a> {
    /// The root table of a manifest.
    pub fn root(table: &'a DeTable<'a>, source: &'a Arc<Source>, problems: &'a Problems) -> Self {
        Self {
            table,
            source,
            problems,
            name: String::new(),
            known: RefCell::default(),
            place: Place::new(source, 0..0),
        }
    }

    /// Where the table is declared.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Reports something wrong.
    pub fn report(&self, diagnostic: Diagnostic) {
        self.problems.borrow_mut().push(diagnostic);
    }

    /// The place of a byte range of this manifest.
    pub fn place_of(&self, span: Range<usize>) -> Place {
        Place::new(self.source, span)
    }

    fn get(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.known.borrow_mut().push(key);
        self.table.get(key)
    }

    fn path(&self, key: &str) -> String {
        if self.name.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.name)
        }
    }

    fn wrong(&self, key: &str, wanted: &str, value: &Spanned<DeValue<'a>>) {
        self.report(
            Diagnostic::error(format!("`{}` must be {wanted}", self.path(key)))
                .at(self.place_of(value.span()))
                .label(this_is(value.get_ref())),
        );
    }

    /// Whether the key stands here; does not read it.
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Where the key stands; does not read it.
    pub fn key_place(&self, key: &str) -> Option<Place> {
        let (key, _) = self.table.get_key_value(key)?;
        Some(self.place_of(key.span()))
    }

    /// A string.
    pub fn string(&self, key: &'static str) -> Option<At<String>> {
        let value = self.get(key)?;
        self.as_string(key, value)
    }

    fn as_string(&self, key: &str, value: &Spanned<DeValue<'a>>) -> Option<At<String>> {
        if let DeValue::String(text) = value.get_ref() {
            return Some(At {
                value: text.to_string(),
                place: self.place_of(value.span()),
            });
        }
        self.wrong(key, "a string", value);
        None
    }

    /// A boolean.
    pub fn boolean(&self, key: &'static str) -> Option<At<bool>> {
        let value = self.get(key)?;
        if let DeValue::Boolean(value_) = value.get_ref() {
            return Some(At {
                value: *value_,
                place: self.place_of(value.span()),
            });
        }
        self.wrong(key, "`true` or `false`", value);
        None
    }

    /// A whole number within `range`.
    pub fn integer(&self, key: &'static str, range: RangeInclusive<u64>) -> Option<At<u64>> {
        let value = self.get(key)?;
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        if let Some(n) = whole(value.get_ref())
            && range.contains(&n)
        {
            return Some(At {
                value: n,
                place: self.place_of(value.span()),
            });
        }
        self.wrong(key, &wanted, value);
        None
    }

    /// The same, as `u32`; the range must fit.
    pub fn small(&self, key: &'static str, range: RangeInclusive<u32>) -> Option<At<u32>> {
        let at = self.integer(key, u64::from(*range.start())..=u64::from(*range.end()))?;
        Some(At {
            value: u32::try_from(at.value).unwrap_or(u32::MAX),
            place: at.place,
        })
    }

    /// US dollars as a number: whole micro-dollars come back.
    pub fn dollars(&self, key: &'static str) -> Option<Micro> {
        let wanted = "an amount in US dollars, such as `2.00`, with at most six decimals";
        self.amount(key, wanted, |_| true)
    }

    /// An amount as a number, if it is one of those that are `right`: whole millionths come back. It must be `wanted`.
    pub fn amount(
        &self,
        key: &'static str,
        wanted: &str,
        right: impl Fn(Micro) -> bool,
    ) -> Option<Micro> {
        let value = self.get(key)?;
        let text = match value.get_ref() {
            DeValue::Integer(n) => n.to_string(),
            DeValue::Float(n) => n.to_string(),
            _ => String::new(),
        };
        let micro = Micro::parse(&text).filter(|micro| right(*micro));
        if micro.is_none() {
            self.wrong(key, wanted, value);
        }
        micro
    }

    /// A string or a list of strings.
    pub fn strings(&self, key: &'static str) -> Option<Vec<At<String>>> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::String(_) => self.as_string(key, value).map(|at| vec![at]),
            DeValue::Array(items) => Some(
                items
                    .iter()
                    .enumerate()
                    .filter_map(|(n, v)| self.as_string(&format!("{key}[{n}]"), v))
                    .collect(),
            ),
            _ => {
                self.wrong(key, "a string or a list of strings", value);
                None
            }
        }
    }

    /// Every element of a list, for the caller to read one by one.
    pub fn array(&self, key: &'static str) -> Option<Vec<Element<'a>>> {
        let value = self.get(key)?;
        if let DeValue::Array(items) = value.get_ref() {
            return Some(
                items
                    .iter()
                    .enumerate()
                    .map(|(n, value)| Element {
                        value,
                        source: self.source,
                        problems: self.problems,
                        name: format!("{}[{n}]", self.path(key)),
                    })
                    .collect(),
            );
        }
        self.wrong(key, "a list", value);
        None
    }

    /// The value as an element: for keys that take more than one type.
    pub fn element(&self, key: &'static str) -> Option<Element<'a>> {
        Some(Element {
            value: self.get(key)?,
            source: self.source,
            problems: self.problems,
            name: self.path(key),
        })
    }

    /// A sub-table.
    pub fn table(&self, key: &'static str) -> Option<Table<'a>> {
        let key_place = self.table.get_key_value(key).map(|(k, _)| k.span());
        let value = self.get(key)?;
        if let DeValue::Table(table) = value.get_ref() {
            return Some(self.child(key, table, key_place.unwrap_or(value.span())));
        }
        self.wrong(key, "a table", value);
        None
    }

    fn child(&self, key: &str, table: &'a DeTable<'a>, span: Range<usize>) -> Table<'a> {
        Table {
            table,
            source: self.source,
            problems: self.problems,
            name: self.path(&quoted(key)),
            known: RefCell::default(),
            place: self.place_of(span),
        }
    }

    /// Every entry of a table of tables: `[cover.NAME]`.
    pub fn tables(&self, key: &'static str) -> Vec<(At<String>, Table<'a>)> {
        let Some(outer) = self.table(key) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for (name, value) in outer.table {
            let at = At {
                value: name.get_ref().to_string(),
                place: self.place_of(name.span()),
            };
            match value.get_ref() {
                DeValue::Table(table) => {
                    let child = outer.child(name.get_ref(), table, name.span());
                    found.push((at, child));
                }
                _ => outer.wrong(name.get_ref(), "a table", value),
            }
        }
        found
    }

    /// Every (key, value) of this table, for tables whose keys are the user's.
    pub fn entries(&self) -> Vec<(At<String>, Element<'a>)> {
        let entry = |(name, value): (&'a Spanned<_>, &'a Spanned<DeValue<'a>>)| {
            let text: &toml::de::DeString<'a> = name.get_ref();
            (
                At {
                    value: text.to_string(),
                    place: self.place_of(name.span()),
                },
                Element {
                    value,
                    source: self.source,
                    problems: self.problems,
                    name: self.path(text),
                },
            )
        };
        self.table.iter().map(entry).collect()
    }

    /// A list of tables: `[[….edit]]`.
    pub fn table_list(&self, key: &'static str) -> Vec<Table<'a>> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong(
                key,
                &format!("a list of tables, `[[{}]]`", self.path(key)),
                value,
            );
            return Vec::new();
        };
        let mut found = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::Table(table) => found.push(self.child(key, table, item.span())),
                _ => self.wrong(
                    key,
                    &format!("a list of tables, `[[{}]]`", self.path(key)),
                    item,
                ),
            }
        }
        found
    }

    /// Reports every key that nobody asked for.
    pub fn finish(self) {
        self.finish_with(&[], |_| None);
    }

    /// The same; `also_known` are further words for suggestions, `hint` may say where a key belongs.
    pub fn finish_with(self, also_known: &[&str], hint: impl Fn(&str) -> Option<String>) {
        let known = self.known.borrow();
        for (key, _) in self.table {
            let word = key.get_ref().as_ref();
            if known.contains(&word) || also_known.contains(&word) {
                continue;
            }
            let place = self.place_of(key.span());
            let within = if self.name.is_empty() {
                String::new()
            } else {
                format!(" in `[{}]`", self.name)
            };
            let mut diagnostic =
                Diagnostic::error(format!("unknown key `{word}`{within}")).at(place);
            diagnostic = match hint(word) {
                Some(hint) => diagnostic.hint(hint),
                None => {
                    diagnostic.did_you_mean(word, known.iter().chain(also_known.iter()).copied())
                }
            };
            if diagnostic.hints.is_empty() && known.len() <= LISTED {
                diagnostic = diagnostic.hint(format!("it takes {}", list(&known)));
            }
            self.report(diagnostic);
        }
    }
}

/// One value whose type is not yet known.
pub struct Element<'a> {
    value: &'a Spanned<DeValue<'a>>,
    source: &'a Arc<Source>,
    problems: &'a Problems,
    name: String,
}

impl<'a> Element<'a> {
    /// Where it stands.
    pub fn place(&self) -> Place {
        Place::new(self.source, self.value.span())
    }

    /// Its string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        self.value.get_ref().as_str()
    }

    /// Whether it is `true`, if it is a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value.get_ref() {
            DeValue::Boolean(value) => Some(*value),
            _ => None,
        }
    }

    /// Its strings, if it is a list of nothing else.
    pub fn as_strings(&self) -> Option<Vec<String>> {
        let items = self.value.get_ref().as_array()?;
        items
            .iter()
            .map(|v| v.get_ref().as_str().map(str::to_owned))
            .collect()
    }

    /// Its numbers, if it is a list of nothing else.
    pub fn as_numbers(&self) -> Option<Vec<f64>> {
        let items = self.value.get_ref().as_array()?;
        items
            .iter()
            .map(|v| match v.get_ref() {
                DeValue::Integer(n) => n.to_string().parse().ok(),
                DeValue::Float(n) => n.as_str().replace('_', "").parse().ok(),
                _ => None,
            })
            .collect()
    }

    /// Its whole number, if it is one.
    pub fn as_whole(&self) -> Option<u64> {
        whole(self.value.get_ref())
    }

    /// Its table, if it is one.
    pub fn as_table(&self) -> Option<Table<'a>> {
        let DeValue::Table(table) = self.value.get_ref() else {
            return None;
        };
        Some(Table {
            table,
            source: self.source,
            problems: self.problems,
            name: self.name.clone(),
            known: RefCell::default(),
            place: self.place(),
        })
    }

    /// The whole value as JSON; dates become strings, numbers must be finite.
    pub fn as_json(&self) -> Option<Value> {
        let json = json(self.value.get_ref());
        if json.is_none() {
            self.report_must_be("made of strings, finite numbers, booleans, lists and tables");
        }
        json
    }

    /// Reports that the value is of the wrong kind.
    pub fn report_must_be(&self, wanted: &str) {
        self.problems.borrow_mut().push(
            Diagnostic::error(format!("`{}` must be {wanted}", self.name))
                .at(self.place())
                .label(this_is(self.value.get_ref())),
        );
    }
}

/// A key as TOML writes it: in quotes, if it is not bare.
fn quoted(key: &str) -> Cow<'_, str> {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !key.is_empty() && key.chars().all(bare) {
        Cow::Borrowed(key)
    } else {
        Cow::Owned(format!("\"{key}\""))
    }
}

/// What a value of the wrong type is, for the caret.
fn this_is(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Table(_) => "this is a table".to_owned(),
        DeValue::Array(_) => "this is a list".to_owned(),
        DeValue::Integer(n) => format!("this is the integer {n}"),
        DeValue::Float(n) => format!("this is the float {n}"),
        DeValue::Boolean(b) => format!("this is the boolean {b}"),
        DeValue::Datetime(_) => "this is a date".to_owned(),
        DeValue::String(_) => "this is a string".to_owned(),
    }
}

fn whole(value: &DeValue<'_>) -> Option<u64> {
    let DeValue::Integer(n) = value else {
        return None;
    };
    u64::from_str_radix(n.as_str(), n.radix()).ok()
}

fn json(value: &DeValue<'_>) -> Option<Value> {
    Some(match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(n) => Value::from(i64::from_str_radix(n.as_str(), n.radix()).ok()?),
        DeValue::Float(n) => {
            let float: f64 = n.as_str().replace('_', "").parse().ok()?;
            Value::Number(serde_json::Number::from_f64(float)?)
        }
        DeValue::Boolean(b) => Value::Bool(*b),
        DeValue::Datetime(d) => Value::String(d.to_string()),
        DeValue::Array(items) => Value::Array(
            items
                .iter()
                .map(|v| json(v.get_ref()))
                .collect::<Option<_>>()?,
        ),
        DeValue::Table(table) => Value::Object(
            table
                .iter()
                .map(|(k, v)| Some((k.get_ref().to_string(), json(v.get_ref())?)))
                .collect::<Option<_>>()?,
        ),
    })
}
