//! What a project asks for that only a person can grant: where their key goes, what a model is taken to cost,
//! what is spent without a question. Knows the settings and how each reads; not who agreed to them.

use std::collections::BTreeMap;
use std::fmt;

use base::diagnostic::Place;
use model::{Micro, Model, ModelId, ParamRule, Price};

/// A run spends so much without asking, unless the person or the project says otherwise; a project alone
/// cannot say more.
pub const CONFIRM: Micro = Micro(1_000_000);

/// One setting that is not the project's own to decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its whole key: `provider.openai.base_url`.
    pub name: String,
    /// Its value in one way of writing, so that comments, spaces and order make no difference.
    pub value: String,
    /// Where it stands.
    pub place: Place,
    /// What hangs on it.
    pub stake: Stake,
}

/// What hangs on a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stake {
    /// The key of this provider goes to this host.
    Host {
        /// The provider's name.
        provider: String,
        /// The host.
        host: String,
    },
    /// The project says what this provider is: the key in this variable goes to this host.
    Provider {
        /// The variable with the key.
        variable: String,
        /// The host.
        host: String,
    },
    /// Azure: in which form the key is sent, and which deployment is asked and billed.
    Deployment,
    /// What is paid without a question.
    Confirm,
    /// What every estimate and every limit reckons with.
    Price,
    /// What a request may hold that no estimate counts.
    Params,
}

impl Claim {
    /// A setting of a model.
    fn of_model(id: &ModelId, column: &str, value: String, place: Place, stake: Stake) -> Self {
        Self {
            name: format!("model.{}.{column}", quoted(&id.to_string())),
            value,
            place,
            stake,
        }
    }

    /// What hangs on it, in words.
    pub fn means(&self) -> String {
        match &self.stake {
            Stake::Host { host, .. } => format!("your key and every request go to {host}"),
            Stake::Provider { variable, host } => format!(
                "it says what is asked and how, and your key in `{variable}` goes to {host}"
            ),
            Stake::Deployment => {
                "it says how your key is sent, and which deployment is asked and billed".to_owned()
            }
            Stake::Confirm => format!("a run spends up to ${} without asking you", self.value),
            Stake::Price => {
                "estimates, budgets and `--max-cost` reckon with it; the bill may be another"
                    .to_owned()
            }
            Stake::Params => "requests may hold what no estimate counts".to_owned(),
        }
    }
}

/// `provider.openai.base_url = "https://gateway.example.com/v1"`.
impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.name, self.value)
    }
}

/// What a project says of a model that changes what it is taken to cost, or what may be asked of it. Of a
/// model that is not in the built-in table, only its price: all else is new.
pub fn of_model(
    id: &ModelId,
    known: Option<&Model>,
    model: &Model,
    place: impl Fn(&str) -> Option<Place>,
) -> Vec<Claim> {
    let nothing = Model::default();
    let before = known.unwrap_or(&nothing);
    let mut claims = Vec::new();
    let mut claim = |column: &str, value: Option<String>, stake: Stake| {
        if let (Some(value), Some(place)) = (value, place(column)) {
            claims.push(Claim::of_model(id, column, value, place, stake));
        }
    };
    let free = (model.free != before.free).then(|| model.free.to_string());
    claim("free", free, Stake::Price);
    let price = model.price.filter(|_| model.price != before.price);
    claim("price", price.map(as_price), Stake::Price);
    let in_batches = model.batch_price;
    let in_batches = in_batches.filter(|_| model.batch_price != before.batch_price);
    claim("batch_price", in_batches.map(as_price), Stake::Price);
    let by_picture = model.picture_price.as_ref();
    let by_picture = by_picture.filter(|_| model.picture_price != before.picture_price);
    let by_picture = by_picture.and_then(|price| serde_json::to_string(price).ok());
    claim("picture_price", by_picture, Stake::Price);
    let tokens = model.tokens.as_ref();
    let tokens = tokens.filter(|_| model.tokens != before.tokens);
    claim(
        "tokens",
        tokens.map(|rule| as_table(&rule.axis, u32::to_string)),
        Stake::Price,
    );
    let params = model.params.as_ref();
    let params = params.filter(|_| known.is_some() && model.params != before.params);
    claim(
        "params",
        params.map(|rules| as_table(rules, as_rule)),
        Stake::Params,
    );
    claims
}

fn as_price(price: Price) -> String {
    let Price {
        text_in,
        image_in,
        image_out,
        text_out,
    } = price;
    // As it was before there was such a column: what was agreed to stays agreed to.
    let text_out = match text_out {
        0 => String::new(),
        price => format!(", text_out = {price}"),
    };
    format!("{{ text_in = {text_in}, image_in = {image_in}, image_out = {image_out}{text_out} }}")
}

fn as_table<T>(table: &BTreeMap<String, T>, value: impl Fn(&T) -> String) -> String {
    let entries: Vec<String> = table
        .iter()
        .map(|(name, entry)| format!("{} = {}", quoted(name), value(entry)))
        .collect();
    match entries.is_empty() {
        true => "{}".to_owned(),
        false => format!("{{ {} }}", entries.join(", ")),
    }
}

fn as_rule(rule: &ParamRule) -> String {
    match rule {
        ParamRule::Words(words) => {
            let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
            format!("[{}]", words.join(", "))
        }
        ParamRule::Range(least, most) => format!("[{least}, {most}]"),
        ParamRule::Text(_) => quoted("text"),
    }
}

/// A text in quotes, in which every character is what it looks like: whatever is not plain ASCII is escaped.
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            c => out.extend(c.escape_unicode()),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn nothing_in_a_setting_looks_like_something_else() {
        assert_eq!(quoted("gpt-image-2"), "\"gpt-image-2\"");
        assert_eq!(quoted("a\" = \\\n"), "\"a\\\" = \\\\\\u{a}\"");
        // A Cyrillic letter, and one that turns the writing around.
        assert_eq!(
            quoted("gpt-im\u{430}ge\u{202e}"),
            "\"gpt-im\\u{430}ge\\u{202e}\""
        );
    }
}
