//! `gpbuild models`: what the table and the project know of models, with what a picture costs; and, with `--check`,
//! what providers themselves list. Pays for nothing; sends a key only where a request might.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::pipeline::{self, Project, Settings, wishes};
use base::diagnostic::{Diagnostic, Exit, Failure, count, list};
use declare::manifest::{PROJECT_FILE, Provider, Providers};
use model::{Model, ModelId, Models, Money, SizeRule};
use provider::{catalogue, table};
use report::{Event, Reporter, columns};

/// The size whose price is told, or the one that is nearest to it.
const SIZE: u32 = 1024;
/// How long a list may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// At most so many assets are named.
const MAX_TOLD: usize = 5;

/// What is known where the command runs.
pub(super) struct Known {
    models: Models,
    pub(super) providers: Providers,
    project: Option<Project>,
}

impl Known {
    /// Of the project, if there is one here.
    pub(super) fn find(settings: &Settings) -> Result<Self, Failure> {
        if !settings.root.join(PROJECT_FILE).is_file() {
            return Ok(Self {
                models: model::builtin().clone(),
                providers: Providers::default(),
                project: None,
            });
        }
        let project = pipeline::load(settings)?;
        Ok(Self {
            models: (*project.manifest.models).clone(),
            providers: project.manifest.providers.clone(),
            project: Some(project),
        })
    }

    /// The models that can be asked for, by provider and name.
    fn rows(&self) -> Vec<Row<'_>> {
        let is_asked = |id: &ModelId| id.is_local() || self.providers.get(&id.provider).is_some();
        let models = self.models.iter().filter(|(id, _)| is_asked(id));
        models.map(|(id, model)| Row::of(id, model)).collect()
    }

    /// The assets that are made with a model, and where one of them stands.
    fn users(&self, id: &ModelId) -> Vec<&str> {
        let specs = self.project.iter().flat_map(|project| &project.specs);
        let users = specs.filter(|spec| spec.paid().any(|shot| shot.model == *id));
        users.map(|spec| spec.id.as_str()).collect()
    }
}

/// A model, and what one picture of it costs.
struct Row<'a> {
    id: &'a ModelId,
    model: &'a Model,
    name: String,
    size: Option<(u32, u32)>,
    price: Option<Money>,
}

impl<'a> Row<'a> {
    fn of(id: &'a ModelId, model: &'a Model) -> Self {
        let size = nearest(model);
        let quality = model.default_quality.as_deref().unwrap_or_default();
        Self {
            id,
            model,
            name: match id.name.as_str() {
                "*" => id.provider.clone(),
                _ => id.to_string(),
            },
            size,
            price: size.and_then(|size| model::quote(model, quality, size, 1, 0, &[])),
        }
    }

    fn size(&self) -> String {
        self.size
            .map_or_else(String::new, |(w, h)| format!("{w}x{h}"))
    }

    /// `$0.037 (¥0.250)`.
    fn price(&self, models: &Models) -> String {
        let Some(price) = self.price else {
            return "unknown".to_owned();
        };
        if self.model.free {
            return "free".to_owned();
        }
        let dollars = models.rates().in_dollars(price);
        match price.foreign() {
            Some(foreign) => format!("{dollars} ({foreign})"),
            None => dollars.to_string(),
        }
    }

    fn json(&self, models: &Models) -> Value {
        let dollars = self.price.map(|price| models.rates().in_dollars(price));
        let dollars = dollars.and_then(|m| serde_json::from_str::<Value>(&m.decimal()).ok());
        json!({
            "event": "model",
            "id": self.name,
            "size": self.size(),
            "quality": self.model.default_quality,
            "price_usd": dollars,
            "published": self.price.and_then(Money::foreign),
            "chinese": self.model.chinese.as_ref().map(|c| &c.score),
            "chinese_source": self.model.chinese.as_ref().map(|c| &c.source),
            "retired_on": self.model.retired_on,
            "successor": self.model.successor,
            "source": self.model.source,
            "checked_on": self.model.checked_on,
            "note": self.model.note,
        })
    }
}

/// The size that is nearest to a square of 1024: the cheapest that covers it, or the largest there is.
fn nearest(model: &Model) -> Option<(u32, u32)> {
    let covers = model::request_size(model, SIZE, SIZE);
    covers.or_else(|| match &model.sizes {
        SizeRule::List(sizes) => sizes
            .iter()
            .copied()
            .max_by_key(|(w, h)| u64::from(*w) * u64::from(*h)),
        _ => None,
    })
}

/// Runs the command.
pub fn run(
    settings: &Settings,
    check: bool,
    as_json: bool,
    reporter: &Reporter,
) -> Result<Exit, Failure> {
    let known = Known::find(settings)?;
    if check {
        return ask(settings, &known, as_json, reporter);
    }
    let rows = known.rows();
    let text = match as_json {
        true => rows
            .iter()
            .map(|row| format!("{}\n", row.json(&known.models)))
            .collect(),
        false => as_text(&rows, &known.models, reporter),
    };
    reporter.out(&text);
    Ok(Exit::Done)
}

/// One line a model; what its numbers go by stands below.
fn as_text(rows: &[Row<'_>], models: &Models, reporter: &Reporter) -> String {
    let widest = rows.iter().map(|row| row.name.chars().count()).max();
    let widest = widest.unwrap_or_default();
    let mut sources: Vec<&str> = Vec::new();
    let mut out = String::new();
    for row in rows {
        let _ = write!(out, "{:widest$}  ", row.name);
        if let Some(day) = &row.model.retired_on {
            let successor = row.model.successor.as_deref().unwrap_or("no successor");
            let line = format!("off from {day}: {successor}");
            let _ = writeln!(out, "{}", reporter.say(&line));
            continue;
        }
        let price = columns(&reporter.say(&row.price(models)), 17);
        let line = format!("{price}  {:9}", row.size());
        let chinese = row.model.chinese.as_ref().map(|chinese| {
            let n = sources.iter().position(|source| *source == chinese.source);
            let n = n.unwrap_or_else(|| {
                sources.push(&chinese.source);
                sources.len() - 1
            });
            let line = format!("  Chinese {} [{}]", chinese.score, n + 1);
            reporter.say(&line).into_owned()
        });
        let line = format!("{line}{}", chinese.unwrap_or_default());
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out += &reporter.say(
        "\nprice of one picture of that size, at the model's own quality, without its prompt\n",
    );
    if rows
        .iter()
        .any(|row| row.price.and_then(Money::foreign).is_some())
    {
        let rates = models.rates();
        let day = match rates.as_of.as_str() {
            "" => String::new(),
            day => format!(" of {day}"),
        };
        let line = format!(
            "¥{} is a dollar{day}, {}",
            rates.cny.decimal(),
            rates.source
        );
        let _ = writeln!(out, "{}", reporter.say(&line));
    }
    for (n, source) in sources.iter().enumerate() {
        let _ = writeln!(out, "[{}] {source}", n + 1);
    }
    out
}

/// What became of asking a provider.
enum Asked {
    /// It lists these.
    Lists(BTreeSet<String>),
    /// It was not asked: why.
    Not(String),
    /// It was asked for nothing: why.
    Failed(String),
}

/// Asks every provider for its list, and tells what of the table is not in it.
fn ask(
    settings: &Settings,
    known: &Known,
    as_json: bool,
    reporter: &Reporter,
) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::new(Exit::SomeFailed, Diagnostic::error(e.to_string())))?;
    let mut rows: BTreeMap<&str, Vec<Row<'_>>> = BTreeMap::new();
    for row in known.rows() {
        rows.entry(&row.id.provider).or_default().push(row);
    }
    let mut exit = Exit::Done;
    for name in known.providers.names() {
        let Some(provider) = known.providers.get(name) else {
            continue;
        };
        let rows = rows.remove(name).unwrap_or_default();
        let asked = match may_ask(settings, known, provider)? {
            Some(why) => Asked::Not(why),
            None => runtime.block_on(list_of(settings, provider))?,
        };
        if let Asked::Failed(why) = &asked {
            exit = Exit::Provider;
            let error = Diagnostic::error(format!("{name} told no list of its models: {why}"));
            reporter.event(Event::Diagnostic(&error));
        }
        tell(known, name, &rows, &asked, as_json, reporter);
    }
    Ok(exit)
}

/// Why a provider is not to be asked; nothing if it is.
pub(super) fn may_ask(
    settings: &Settings,
    known: &Known,
    provider: &Provider,
) -> Result<Option<String>, Failure> {
    let row = &provider.row;
    if !settings.access.has_key(row) {
        let variable = row.key_variables().next().unwrap_or_default();
        return Ok(Some(format!("`{variable}` is not set")));
    }
    // What the project says of it decides where the key goes: then somebody has to have agreed.
    let is_built_in = table::builtin().get(&row.name) == Some(row);
    let is_moved = provider.base_url.is_some() && !settings.access.names_place(row);
    let is_own = !is_built_in || is_moved || provider.azure.is_some();
    if known.project.is_some() && is_own && !wishes(settings)?.trusted {
        return Ok(Some(
            "what this project sets needs your trust first: `gpbuild trust` shows it".to_owned(),
        ));
    }
    Ok(None)
}

async fn list_of(settings: &Settings, provider: &Provider) -> Result<Asked, Failure> {
    let Some(config) = settings.access.config(provider, TIMEOUT)? else {
        return Ok(Asked::Not("its key is not set".to_owned()));
    };
    Ok(match catalogue::models(config).await {
        Ok(Some(names)) => Asked::Lists(names),
        Ok(None) => Asked::Not("no list of its models is known".to_owned()),
        Err(why) => Asked::Failed(why),
    })
}

/// Tells of one provider, and of each of its models that is on its way out.
fn tell(
    known: &Known,
    provider: &str,
    rows: &[Row<'_>],
    asked: &Asked,
    as_json: bool,
    reporter: &Reporter,
) {
    if let Asked::Not(why) = asked {
        reporter.event(Event::Note(&format!("{provider} was not asked: {why}")));
    }
    let mut there = 0;
    for row in rows {
        let users = known.users(row.id);
        let listed = match asked {
            Asked::Lists(names) => Some(names.contains(&row.id.name)),
            Asked::Not(_) | Asked::Failed(_) => None,
        };
        there += usize::from(listed == Some(true));
        if as_json {
            let line = json!({
                "event": "model",
                "id": row.name,
                "listed": listed,
                "retired_on": row.model.retired_on,
                "successor": row.model.successor,
                "assets": users,
            });
            reporter.out(&format!("{line}\n"));
            continue;
        }
        let what = match row.model.retired(row.id) {
            Some(retired) if !users.is_empty() => retired,
            None if listed == Some(false) => {
                format!(
                    "`{}` is not in the list of {provider}: it is unknown there, or going away",
                    row.name
                )
            }
            _ => continue,
        };
        let warning = Diagnostic::warning(what);
        let warning = match users.is_empty() {
            true => warning,
            false => warning.hint(used_by(&users)),
        };
        reporter.event(Event::Diagnostic(&warning));
    }
    if let (Asked::Lists(names), false) = (asked, as_json) {
        reporter.tell(&format!(
            "{provider}: {there} of the {} that gpbuild knows are among the {} that it lists\n",
            count(rows.len(), "model"),
            names.len()
        ));
    }
}

/// `it makes `a`, `b` and 3 more`.
fn used_by(users: &[&str]) -> String {
    match users.len().checked_sub(MAX_TOLD) {
        None | Some(0) => format!("it makes {}", list(users)),
        Some(more) => format!("it makes {} and {more} more", list(&users[..MAX_TOLD])),
    }
}
