//! What an answer costs: by its own word as far as that is believed, by the tokens it tells, or by the price of its pictures.
//! Knows neither ledger nor store.

use model::{Micro, Money};
use provider::reply::Contents;
use store::Head;

/// A bill is believed up to so many times its estimate, and down to such a part of it.
const MAX_BELIEVED: u64 = 100;
/// Where there is no estimate: so much for each picture.
const MAX_BELIEVED_EACH: Micro = Micro(100_000_000);

/// What an answer costs, and what is odd about that. It is the word of whoever answered: it is not to
/// empty a budget at one stroke, and not to leave it full either. `None` counts at the estimate.
pub(super) fn bill(head: &Head, said: &Contents) -> (Option<Micro>, Option<String>) {
    // What is known to cost nothing has no price of its pictures.
    let is_free = head.estimate == Some(Micro(0));
    let by_picture = || {
        let whole = head.estimate.filter(|_| is_free || head.quoted.is_some())?;
        Some(of_those_that_came(whole, head, said))
    };
    let Some(cost) = told_bill(head, said).or_else(by_picture) else {
        return (None, None);
    };
    let estimate = head.estimate.filter(|estimate| estimate.0 > 0);
    let most = most_believed(head);
    if cost > most {
        let about = estimate.map_or("", |_| ", more than a hundred times the estimate");
        let remark = format!(
            "the answer bills {cost}{about}: it counts as {most}; look at the provider's bill"
        );
        return (Some(most), Some(remark));
    }
    if let Some(estimate) = estimate
        && cost.times(MAX_BELIEVED) < estimate
    {
        let remark = format!(
            "the answer bills {cost}, less than a hundredth of the estimate: it counts as {estimate}; look at the provider's bill"
        );
        return (None, Some(remark));
    }
    (Some(cost), None)
}

/// The part of what all pictures cost that those make that came; of an answer that may hold more than it says, all.
fn of_those_that_came(whole: Micro, head: &Head, said: &Contents) -> Micro {
    if said.pictures.is_empty() {
        return whole;
    }
    let asked = u64::from(head.pictures.max(1));
    let came = said.came.min(asked.saturating_mul(MAX_BELIEVED));
    let part = (u128::from(whole.0) * u128::from(came)).div_ceil(u128::from(asked));
    Micro(u64::try_from(part).unwrap_or(u64::MAX))
}

/// What an answer costs in the currency of its price, where that is another one: only what goes by that price.
pub(super) fn billed(head: &Head, said: &Contents, cost: Option<Micro>) -> Option<Money> {
    let quoted = head.quoted.and_then(Money::foreign)?;
    let is_own = said.cost.is_some() || said.usage.is_some_and(|_| head.price.is_some());
    if is_own || cost.is_none() {
        return None;
    }
    Some(Money {
        amount: of_those_that_came(quoted.amount, head, said),
        ..quoted
    })
}

/// What an answer costs that says why there is no picture: mostly the words that were read, which is far below any
/// estimate. One that says nothing of it counts at the estimate.
pub(super) fn refused_bill(head: &Head, said: &Contents) -> Option<Micro> {
    let told = told_bill(head, said).map(|cost| cost.min(most_believed(head)));
    told.or(head.estimate)
}

/// What an answer says that it costs.
fn told_bill(head: &Head, said: &Contents) -> Option<Micro> {
    let by_tokens = || Some(said.usage?.cost(&head.price?));
    said.cost.or_else(by_tokens)
}

fn most_believed(head: &Head) -> Micro {
    match head.estimate.filter(|estimate| estimate.0 > 0) {
        Some(estimate) => estimate.times(MAX_BELIEVED),
        None => MAX_BELIEVED_EACH.times(u64::from(head.pictures)),
    }
}
