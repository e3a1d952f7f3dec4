//! [`Money`] in the currency that it is published in, and the [`Rates`] that make dollars of it. Whole millionths,
//! rounded up; never a float. Knows no market: a rate is a row of a table, with its day.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::price::Micro;

/// In which prices are published.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Currency {
    /// US dollars.
    #[default]
    #[serde(rename = "USD")]
    Usd,
    /// Chinese yuan.
    #[serde(rename = "CNY")]
    Cny,
}

impl Currency {
    /// Its code, as tables and JSON write it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Usd => "USD",
            Self::Cny => "CNY",
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Usd => "$",
            Self::Cny => "¥",
        }
    }
}

/// An amount as it was published or billed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// In millionths of the currency.
    pub amount: Micro,
    /// Which one.
    pub currency: Currency,
}

impl Money {
    /// Dollars.
    pub fn dollars(amount: Micro) -> Self {
        Self {
            amount,
            currency: Currency::Usd,
        }
    }

    /// It, if it is not in dollars: then both are told.
    pub fn foreign(self) -> Option<Self> {
        (self.currency != Currency::Usd).then_some(self)
    }

    /// Both together; nothing of two currencies.
    pub fn plus(self, other: Self) -> Option<Self> {
        (self.currency == other.currency).then_some(Self {
            amount: self.amount + other.amount,
            currency: self.currency,
        })
    }
}

/// `¥0.250`: as dollars are written.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dollars = self.amount.to_string();
        let digits = dollars.trim_start_matches('$');
        write!(f, "{}{digits}", self.currency.sign())
    }
}

/// What a dollar is in other currencies. It is in no key: another rate makes nothing again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    /// The day that they are of.
    pub as_of: String,
    /// Who says so.
    pub source: String,
    /// Micro-yuan for a dollar.
    pub cny: Micro,
}

/// Nothing can be bought for nothing: without a table, a yuan counts as a dollar.
impl Default for Rates {
    fn default() -> Self {
        Self {
            as_of: String::new(),
            source: String::new(),
            cny: Micro(1_000_000),
        }
    }
}

impl Rates {
    /// What an amount is in dollars, rounded up.
    pub fn in_dollars(&self, money: Money) -> Micro {
        let one = match money.currency {
            Currency::Usd => return money.amount,
            Currency::Cny => self.cny,
        };
        let micros = (u128::from(money.amount.0) * 1_000_000).div_ceil(u128::from(one.0.max(1)));
        Micro(u64::try_from(micros).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::{Currency, Money, Rates};
    use crate::price::Micro;

    fn yuan(amount: u64) -> Money {
        Money {
            amount: Micro(amount),
            currency: Currency::Cny,
        }
    }

    #[test]
    fn dollars_are_rounded_up_and_never_wrap() {
        let rates = |cny| Rates {
            cny: Micro(cny),
            ..Rates::default()
        };
        for (cny, amount, dollars) in [
            (7_000_000, 250_000, 35_715),
            (7_000_000, 7, 1),
            (7_000_000, 8, 2),
            (7_000_000, 0, 0),
            (1, u64::MAX, u64::MAX),
            (0, 5, 5_000_000),
        ] {
            assert_eq!(rates(cny).in_dollars(yuan(amount)), Micro(dollars));
        }
        let same = Money::dollars(Micro(41_000));
        assert_eq!(rates(7_000_000).in_dollars(same), Micro(41_000));
    }

    #[test]
    fn it_is_shown_and_kept_with_its_currency() {
        assert_eq!(yuan(250_000).to_string(), "¥0.250");
        assert_eq!(Money::dollars(Micro(40)).to_string(), "$0.00004");
        let text = serde_json::to_string(&yuan(250_000)).unwrap();
        assert_eq!(text, r#"{"amount":250000,"currency":"CNY"}"#);
        assert_eq!(serde_json::from_str::<Money>(&text).unwrap(), yuan(250_000));
        assert_eq!(yuan(1).plus(yuan(2)), Some(yuan(3)));
        assert_eq!(yuan(1).plus(Money::dollars(Micro(2))), None);
        assert_eq!(yuan(1).foreign(), Some(yuan(1)));
        assert_eq!(Money::dollars(Micro(1)).foreign(), None);
    }
}
