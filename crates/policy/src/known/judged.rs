//! What a rule's conditions and meters make of a known function.

use super::{Does, Known};
use crate::abi::{EVERY, LENGTH};
use crate::draft::{Draft, DraftMeter, Span};
use crate::grant::{Amount, CallRule, Path, What};
use crate::lint::bounds;
use alloy_primitives::{Address, U256};

/// Permit2's own approval, which ends by itself, and the place of its end.
const ENDING: (&str, u16) = ("approve(address,address,uint160,uint48)", 3);
/// Ten billion whole tokens are no limit.
pub const UNLIMITED_WHOLE: u8 = 10;
/// What is taken where a token's decimals are not known: those of ETH and of most tokens.
pub const USUAL_DECIMALS: u8 = 18;

/// What counts the tokens of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A meter of the token.
    Token,
    /// A meter of whatever stands at the amount's place.
    Custom,
    /// A bound on the amount beside a count of calls.
    Bound,
}

/// How the tokens of a rule are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// What counts them.
    pub by: By,
    /// The most that one call may ask for, in smallest units; inclusive.
    pub most: U256,
    /// The most that all calls may ask for over the life of the pass.
    pub total: U256,
}

/// How a rule's tokens are counted; `None` where nothing does, or where there is no amount.
#[must_use]
pub fn counted(d: &Draft, r: &CallRule, known: Known) -> Option<Counted> {
    let path = known.places.amount()?;
    let bound = most(r, &path);
    let over_life = |m: &DraftMeter| {
        let n = if m.period.is_some() { windows(d, m).unwrap_or(u64::MAX) } else { 1 };
        U256::from(m.cap).saturating_mul(U256::from(n))
    };
    let calls = r.uses.iter().filter(|u| u.amount == Amount::One);
    let calls = calls.filter_map(|u| d.meters.iter().find(|m| m.id == u.meter)).map(over_life).min();
    let bounded = bound.zip(calls).map(|(most, calls)| most.saturating_mul(calls));
    // A sum of the numbers of single tokens means nothing.
    let meters = || d.meters.iter().filter(|m| !known.places.single && uses(r, m.id, &path));
    let by = if meters().any(|m| matches!(m.what, What::Token(_))) {
        By::Token
    } else if meters().next().is_some() {
        By::Custom
    } else {
        let (most, total) = bound.zip(bounded)?;
        return Some(Counted { by: By::Bound, most, total });
    };
    let cap = meters().map(|m| U256::from(m.cap)).min()?;
    let total = meters().map(over_life).chain(bounded).min()?;
    Some(Counted { by, most: bound.map_or(cap, |most| most.min(cap)), total })
}

/// How many windows of a meter the life touches, where both are known.
#[must_use]
pub fn windows(d: &Draft, m: &DraftMeter) -> Option<u64> {
    let period = u64::from(m.period?.get());
    match (d.time?, m.anchor) {
        (Span::Lasts(seconds), None) => Some(seconds.div_ceil(period)),
        (Span::Lasts(seconds), Some(_)) => Some(seconds.div_ceil(period).saturating_add(1)),
        (Span::Between(from, until), anchor) => {
            let anchor = anchor.unwrap_or(from).get();
            let first = from.get().checked_sub(anchor)? / period;
            let last = until.get().checked_sub(anchor.checked_add(1)?)? / period;
            last.checked_sub(first)?.checked_add(1)
        }
    }
}

/// Whether a meter counts the amount of a known token function.
#[must_use]
pub fn counts_amount(r: &CallRule, id: u16) -> bool {
    super::of(&r.signature).and_then(|k| k.places.amount()).is_some_and(|amount| uses(r, id, &amount))
}

fn uses(r: &CallRule, id: u16, amount: &Path) -> bool {
    r.uses.iter().any(|u| u.meter == id && matches!(&u.amount, Amount::Path(path) if path == amount))
}

/// The most that the values at a path may come to, where the conditions bound them and, inside arrays, their number.
fn most(r: &CallRule, path: &Path) -> Option<U256> {
    let mut most = bounds::most(&r.conditions, path)?;
    for (place, _) in path.0.iter().enumerate().skip(1).filter(|(_, step)| **step == EVERY) {
        let length = [path.0.get(..place)?, &[LENGTH]].concat();
        most = most.saturating_mul(bounds::most(&r.conditions, &Path(length))?);
    }
    Some(most)
}

/// Whether the conditions bind whom a known function favours; true where it favours nobody.
#[must_use]
pub fn binds_who(r: &CallRule, known: Known) -> bool {
    known.places.recipient().is_none_or(|path| bounds::is_pinned(&r.conditions, &path))
}

/// Whether a rule approves nothing, or takes back what was approved. What calls the spender too does more than that.
#[must_use]
pub fn takes_back(r: &CallRule, known: Known) -> bool {
    let zero = |path: &Path| bounds::is_exactly(&r.conditions, path, U256::ZERO);
    let amount = known.places.amount().filter(|_| !known.places.single);
    let gives = known.places.gives.map(Path::argument);
    let quiet = known.does != Does::Moves && !known.signature.starts_with("approveAndCall");
    quiet && (amount.is_some_and(|path| zero(&path)) || gives.is_some_and(|path| zero(&path)))
}

/// When an approval ends by itself at the latest, in Unix seconds, where the conditions say so.
#[must_use]
pub fn ends_by_itself(r: &CallRule) -> Option<U256> {
    if r.signature == ENDING.0 { bounds::most(&r.conditions, &Path::argument(ENDING.1)) } else { None }
}

/// The first amount of a token that is no limit: ten billion whole ones. `known` are the decimals by the operator's lists; else the
/// requester's are taken, but no more than the usual ones, which would only put the limit out of sight.
#[must_use]
pub fn unlimited(d: &Draft, token: Option<Address>, known: Option<u8>) -> U256 {
    let claim = token.and_then(|token| d.rest.labels.token_at(token)).map(|(_, label)| label.decimals);
    let decimals = known.unwrap_or_else(|| claim.map_or(USUAL_DECIMALS, |claim| claim.min(USUAL_DECIMALS)));
    U256::from(10).saturating_pow(U256::from(decimals.saturating_add(UNLIMITED_WHOLE)))
}
