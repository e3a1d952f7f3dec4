//! Reads `[model."provider/name"]`: what a project says of models, in the columns of the built-in table.
//! Of a known model it replaces them one by one; a new one has to have what is needed to ask for a
//! picture. Knows what columns may hold; not what they are for.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::manifest::At;
use crate::manifest::claims::{self, Claim};
use crate::manifest::declared;
use crate::manifest::reader::{Element, Table};
use base::diagnostic::{Diagnostic, list, nearest};
use export::Format;
use export::MAX_PIXELS;
use model::{
    Cell, Chinese, Model, ModelId, Models, ParamRule, PicturePrice, Price, SizeRule, TokenRule,
};
use render::MAX_SIDE;

/// The columns without which nothing can be asked of a model.
const NEEDED: [&str; 4] = ["formats", "max_n", "max_references", "sizes"];
/// The words of `background`.
const BACKGROUNDS: [&str; 3] = ["auto", "opaque", "transparent"];

/// The built-in table with the project's `[model."…"]` tables laid over it; and what of them only a person
/// can grant.
pub fn models(root: &Table<'_>) -> (Models, Vec<Claim>) {
    let mut models = model::builtin().clone();
    let mut successors = Vec::new();
    let mut claims = Vec::new();
    let declared = declared::names(root);
    let declared: Vec<&str> = declared.iter().map(String::as_str).collect();
    for (name, table) in root.tables("model") {
        let id = match ModelId::parse_among(&name.value, &declared) {
            Ok(id) if id.is_local() => Err(Diagnostic::error(
                "`local` is gpbuild's own renderer: nothing of it can be set",
            )),
            other => other,
        };
        match id {
            Ok(id) => {
                let (model, successor) = read(&table, &name, &id, &models);
                let known = model::builtin().get(&id);
                let place = |column: &str| table.key_place(column);
                claims.extend(claims::of_model(&id, known, &model, place));
                models.insert(id, model);
                successors.extend(successor);
            }
            Err(why) => {
                columns(&table, &mut Model::default());
                table.report(why.at(name.place));
            }
        }
        table.finish();
    }
    for at in successors {
        let known = ModelId::parse_among(&at.value, &declared)
            .and_then(|id| models.look_up(&id).map(|_| ()));
        if let Err(why) = known {
            root.report(why.at(at.place));
        }
    }
    (models, claims)
}

/// The model, and its successor as it is written.
fn read(
    table: &Table<'_>,
    name: &At<String>,
    id: &ModelId,
    models: &Models,
) -> (Model, Option<At<String>>) {
    let known = models.get(id);
    let mut model = known.cloned().unwrap_or_else(|| Model {
        source: "this project".to_owned(),
        ..Model::default()
    });
    let successor = columns(table, &mut model);
    let lacks: Vec<&str> = NEEDED.into_iter().filter(|key| !table.has(key)).collect();
    if known.is_none() && !lacks.is_empty() {
        let names: Vec<String> = models.names().collect();
        let error = Diagnostic::error(format!("the model `{id}` lacks {}", list(&lacks)))
            .at(name.place.clone());
        let error = match nearest(&name.value, names.iter().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error,
        };
        table.report(error.hint("only a model of the built-in table can leave columns out"));
    }
    if let Some(quality) = &model.default_quality
        && !model.qualities.contains(quality)
    {
        let place = table.string("default_quality").map(|at| at.place);
        table.report(
            Diagnostic::error(format!(
                "the default quality `{quality}` is none of the qualities of `{id}`"
            ))
            .at(place.unwrap_or_else(|| name.place.clone()))
            .hint(format!("it has {}", list(&model.qualities))),
        );
    }
    (model, successor)
}

/// Sets every column that the table has. The successor comes back: it may stand further down.
fn columns(table: &Table<'_>, model: &mut Model) -> Option<At<String>> {
    if let Some(free) = table.boolean("free") {
        model.free = free.value;
    }
    if let Some(qualities) = words(table, "qualities", &[]) {
        model.qualities = qualities;
    }
    if let Some(quality) = table.string("default_quality") {
        model.default_quality = Some(quality.value);
    }
    let formats = [Format::Png, Format::Jpeg, Format::WebP].map(Format::name);
    if let Some(formats) = words(table, "formats", &formats) {
        model.formats = formats;
    }
    if let Some(backgrounds) = words(table, "backgrounds", &BACKGROUNDS) {
        model.backgrounds = backgrounds;
    }
    if let Some(n) = table.small("max_n", 1..=10) {
        model.max_n = n.value;
    }
    if let Some(n) = table.small("max_references", 0..=100) {
        model.max_references = n.value;
    }
    if let Some(n) = table.small("max_prompt", 1..=1_000_000) {
        model.max_prompt = Some(n.value);
    }
    if let Some(n) = table.integer("max_mask_bytes", 1..=1_000_000_000) {
        model.max_mask_bytes = Some(n.value);
    }
    if let Some(sizes) = table.element("sizes").and_then(|element| sizes(&element)) {
        model.sizes = sizes;
    }
    if let Some(params) = table.table("params") {
        model.params = Some(by_name(&params, param));
    }
    prices(table, model);
    if let Some(chinese) = table.table("chinese").and_then(chinese) {
        model.chinese = Some(chinese);
    }
    if let Some(element) = table.element("retired_on") {
        match retired_on(&element) {
            Some(day) => model.retired_on = day,
            None => element.report_must_be(
                "a day such as `\"2026-12-01\"`, or `false` for a model that still answers",
            ),
        }
    }
    let text = |key| table.string(key).map(|at| at.value);
    model.note = text("note").or(model.note.take());
    model.source = text("source").unwrap_or(std::mem::take(&mut model.source));
    model.checked_on = text("checked_on").unwrap_or(std::mem::take(&mut model.checked_on));
    let successor = table.string("successor");
    if let Some(at) = &successor {
        model.successor = Some(at.value.clone());
    }
    successor
}

/// Sets what the table says that a picture costs.
fn prices(table: &Table<'_>, model: &mut Model) {
    if let Some(tokens) = table.table("tokens") {
        let axis = by_name(&tokens, axis);
        model.tokens = Some(TokenRule { axis });
    }
    if let Some(price) = table.table("price").and_then(price) {
        model.price = Some(price);
    }
    if let Some(element) = table.element("picture_price") {
        model.picture_price = picture_price(&element).or(model.picture_price.take());
    }
    if table.has("price") || table.has("picture_price") {
        // It was the half of another one.
        model.batch_price = None;
    }
    if let Some(price) = table.table("batch_price").and_then(price) {
        model.batch_price = Some(price);
    }
}

/// A list of words; each one of `known`, if there are any.
fn words(table: &Table<'_>, key: &'static str, known: &[&str]) -> Option<Vec<String>> {
    let found = table.strings(key)?;
    for word in &found {
        if !known.is_empty() && !known.contains(&word.value.as_str()) {
            table.report(
                Diagnostic::error(format!("`{key}` cannot have `{}` in it", word.value))
                    .at(word.place.clone())
                    .did_you_mean(&word.value, known.iter().copied())
                    .hint(format!("it takes {}", list(known))),
            );
        }
    }
    Some(found.into_iter().map(|at| at.value).collect())
}

/// What `read` makes of the entries of a table; it reports those of which it makes nothing.
fn by_name<T>(table: &Table<'_>, read: impl Fn(&Element<'_>) -> Option<T>) -> BTreeMap<String, T> {
    let entries = table.entries().into_iter();
    entries
        .filter_map(|(name, element)| Some((name.value, read(&element)?)))
        .collect()
}

fn param(element: &Element<'_>) -> Option<ParamRule> {
    let rule = match (element.as_str(), element.as_strings(), element.as_json()?) {
        (Some("text"), _, _) => Some(ParamRule::TEXT),
        (_, Some(words), _) if !words.is_empty() => Some(ParamRule::Words(words)),
        (_, _, Value::Array(range)) => match range.as_slice() {
            [least, most] => least
                .as_i64()
                .zip(most.as_i64())
                .map(|(least, most)| ParamRule::Range(least, most)),
            _ => None,
        },
        _ => None,
    };
    if rule.is_none() {
        element.report_must_be(
            "a list of words, a range such as `[0, 100]`, or `\"text\"` for any text",
        );
    }
    rule
}

fn axis(element: &Element<'_>) -> Option<u32> {
    let axis = element.as_whole().filter(|n| (1..=10_000).contains(n));
    if axis.is_none() {
        element.report_must_be("the quality's axis in the token formula, such as 48");
    }
    u32::try_from(axis?).ok()
}

fn price(table: Table<'_>) -> Option<Price> {
    let tokens = |key| {
        let lacks = !table.has(key);
        if lacks {
            table.report(
                Diagnostic::error(format!("the price lacks `{key}`"))
                    .at(table.place().clone())
                    .hint("`text_in`, `image_in` and `image_out` are micro-dollars per million tokens"),
            );
        }
        table.integer(key, 0..=1_000_000_000_000).map(|at| at.value)
    };
    let found = (tokens("text_in"), tokens("image_in"), tokens("image_out"));
    let text_out = table.integer("text_out", 0..=1_000_000_000_000);
    table.finish();
    Some(Price {
        text_in: found.0?,
        image_in: found.1?,
        image_out: found.2?,
        text_out: text_out.map_or(0, |at| at.value),
    })
}

fn picture_price(element: &Element<'_>) -> Option<PicturePrice> {
    let read = |json| serde_json::from_value::<PicturePrice>(json).ok();
    let price = element
        .as_json()
        .and_then(read)
        .filter(PicturePrice::is_right);
    if price.is_none() {
        element.report_must_be(
            "a table with `each`, `steps` or `megapixel`, in millionths of its `currency`, `USD` or `CNY`: docs/models.md shows one",
        );
    }
    price
}

fn chinese(table: Table<'_>) -> Option<Chinese> {
    let text = |key| table.string(key).map(|at| at.value);
    let (score, source) = (text("score"), text("source"));
    table.finish();
    Some(Chinese {
        score: score?,
        source: source.unwrap_or_default(),
    })
}

fn retired_on(element: &Element<'_>) -> Option<Option<String>> {
    match element.as_json()? {
        Value::Bool(false) => Some(None),
        Value::String(day) => {
            let is_day = day.len() == 10
                && day.bytes().enumerate().all(|(n, byte)| match n {
                    4 | 7 => byte == b'-',
                    _ => byte.is_ascii_digit(),
                });
            is_day.then_some(Some(day))
        }
        _ => None,
    }
}

fn sizes(element: &Element<'_>) -> Option<SizeRule> {
    if let Some(table) = element.as_table() {
        return limits(table);
    }
    let rule = match element.as_json()? {
        Value::String(word) if word == "any" => Some(SizeRule::Any),
        Value::Array(pairs) if !pairs.is_empty() => {
            let list = pairs.iter().map(pair).collect::<Option<_>>();
            let cells = || pairs.iter().map(cell).collect::<Option<_>>();
            list.map(SizeRule::List)
                .or_else(|| cells().map(SizeRule::Cells))
        }
        _ => None,
    };
    if rule.is_none() {
        element.report_must_be(&format!(
            "`\"any\"`, a list such as `[[1024, 1536]]` or `[[1024, 1024, \"1:1\", \"1K\"]]` with sides of at most {MAX_SIDE}, or a table of limits"
        ));
    }
    rule
}

fn pair(value: &Value) -> Option<(u32, u32)> {
    match value.as_array()?.as_slice() {
        [width, height] => Some((side(width)?, side(height)?)),
        _ => None,
    }
}

/// A size of a model that is told a ratio and a tier.
fn cell(value: &Value) -> Option<(u32, u32, Cell)> {
    let [width, height, ratio, tier] = value.as_array()?.as_slice() else {
        return None;
    };
    let cell = Cell {
        ratio: ratio.as_str()?.to_owned(),
        tier: tier.as_str()?.to_owned(),
    };
    Some((side(width)?, side(height)?, cell))
}

fn side(value: &Value) -> Option<u32> {
    let side = u32::try_from(value.as_u64()?).ok()?;
    (1..=MAX_SIDE).contains(&side).then_some(side)
}

fn limits(table: Table<'_>) -> Option<SizeRule> {
    const KEYS: [&str; 5] = [
        "multiple",
        "min_pixels",
        "max_pixels",
        "max_edge",
        "max_ratio",
    ];
    let lacks: Vec<&str> = KEYS.into_iter().filter(|key| !table.has(key)).collect();
    if !lacks.is_empty() {
        table.report(
            Diagnostic::error(format!("the limits of `sizes` lack {}", list(&lacks)))
                .at(table.place().clone()),
        );
    }
    let small = |key, most| table.small(key, 1..=most).map(|at| at.value);
    let pixels = |key| table.integer(key, 1..=MAX_PIXELS).map(|at| at.value);
    let found = (
        small("multiple", 1024),
        pixels("min_pixels"),
        pixels("max_pixels"),
        small("max_edge", MAX_SIDE),
        small("max_ratio", 100),
    );
    let experimental_pixels = pixels("experimental_pixels");
    let place = table.place().clone();
    if let (_, Some(min), Some(max), _, _) = found
        && min > max
    {
        table.report(
            Diagnostic::error(format!(
                "`min_pixels` is more than `max_pixels`: {min} > {max}"
            ))
            .at(place),
        );
    }
    table.finish();
    Some(SizeRule::Limits {
        multiple: found.0?,
        min_pixels: found.1?,
        max_pixels: found.2?,
        max_edge: found.3?,
        max_ratio: found.4?,
        experimental_pixels,
    })
}
