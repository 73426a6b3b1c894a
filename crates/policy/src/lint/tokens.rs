//! Functions that move or approve tokens.

use super::meters::unlimited;
use super::places::{self, Places};
use super::{Code, Findings, bounds, catalogue as say};
use crate::diff::view::View;
use crate::draft::{Draft, DraftMeter};
use crate::grant::{Amount, CallRule, Meter, Path, What, check::is_uncounted};
use crate::known::{self, Does, Known};
use alloy_primitives::U256;
use hallpass_types::UnixSeconds;

/// Permit2's own approval, which ends by itself, and the place of its end.
const ENDING: (&str, u16) = ("approve(address,address,uint160,uint48)", 3);

/// Looks at one rule; false where nothing counts its tokens.
pub fn look(d: &Draft, rule: &View<'_, Path>, r: &CallRule, out: &mut Findings) -> bool {
    let known = known::of(&r.signature).zip(places::of(&r.signature));
    let Some((known, places)) = known else {
        let meters: Vec<Meter> = d.meters.iter().map(|m| m.anchored(UnixSeconds::EPOCH)).collect();
        let uncounted = is_uncounted(r, &meters);
        if uncounted {
            out.add(Code::UncountedTokens, rule.at(), say::uncounted_on_token());
        }
        return !uncounted;
    };
    if takes_back(r, places) {
        return true;
    }
    recipient(rule, r, places, out);
    match known.does {
        Does::ApprovesAll => {
            let approved = places.gives.map(|place| rule.place(&Path::argument(place)));
            out.add(Code::ApprovalForAll, rule.at(), say::approval_for_all(approved.as_deref()));
            true
        }
        Does::Approves => {
            let counted = amount(d, rule, r, known, places, out);
            if let Counted::Upto(most) = counted
                && most >= unlimited(d, Some(r.target))
            {
                let name = places.amount().map(|path| rule.place(&path));
                let said = say::approval_unlimited(Some(&most.to_string()), name.as_deref());
                out.add(Code::ApprovalUnlimited, rule.at(), said);
            }
            if places.amount.is_none() {
                out.add(Code::ApprovalUnlimited, rule.at(), say::approval_unlimited(None, None));
            }
            if !ends_by_itself(r) {
                let spender = places.recipient().map(|path| rule.place(&path));
                let spender = spender.filter(|name| !name.starts_with('$'));
                let spender = spender.map_or(say::SPENDER.to_owned(), |name| format!("`{name}`"));
                out.add(Code::ApprovalOutlives, rule.at(), say::approval_outlives(&spender));
            }
            counted != Counted::Not
        }
        Does::Moves => amount(d, rule, r, known, places, out) != Counted::Not,
    }
}

/// Whether a rule approves something, to whomever.
pub fn approves(r: &CallRule) -> bool {
    let known = known::of(&r.signature).zip(places::of(&r.signature));
    known.is_some_and(|(known, places)| known.does != Does::Moves && !takes_back(r, places))
}

/// Whether a meter counts the amount of a known token function.
pub fn counts_amount(r: &CallRule, id: u16) -> bool {
    let amount = places::of(&r.signature).and_then(|p| p.amount());
    r.uses.iter().any(|u| u.meter == id && matches!(&u.amount, Amount::Path(path) if Some(path) == amount.as_ref()))
}

/// An approval of nothing.
fn takes_back(r: &CallRule, places: Places) -> bool {
    let approves = known::of(&r.signature).is_some_and(|k| k.does != Does::Moves);
    let zero = |path: &Path| bounds::is_exactly(&r.conditions, path, U256::ZERO);
    let gives = places.gives.map(Path::argument);
    approves && (places.amount().is_some_and(|path| zero(&path)) || gives.is_some_and(|path| zero(&path)))
}

fn recipient(rule: &View<'_, Path>, r: &CallRule, places: Places, out: &mut Findings) {
    let Some(path) = places.recipient() else { return };
    if !bounds::is_pinned(&r.conditions, &path) {
        out.add(Code::NoRecipient, rule.at(), say::no_recipient(&rule.place(&path)));
    }
}

/// How a rule's tokens are counted.
#[derive(PartialEq, Eq)]
enum Counted {
    Not,
    Upto(U256),
}

fn amount(d: &Draft, rule: &View<'_, Path>, r: &CallRule, known: Known, places: Places, out: &mut Findings) -> Counted {
    // All or nothing: there is no amount.
    let Some(path) = places.amount() else { return Counted::Upto(U256::ZERO) };
    let meters = || {
        let used = |m: &&DraftMeter| counts_amount(r, m.id);
        d.meters.iter().filter(used)
    };
    let most = bounds::most(&r.conditions, &path);
    let within = |cap: u128| Counted::Upto(most.map_or(U256::from(cap), |most| most.min(U256::from(cap))));
    if let Some((i, _)) = r.uses.iter().enumerate().find(|(_, u)| {
        matches!(u.amount, Amount::Path(_)) && meters().any(|m| m.id == u.meter && matches!(m.what, What::Token(_)))
    }) {
        if r.signature == "transferFrom(address,address,uint256)" {
            out.add(Code::TokenIds, format!("{}.uses[{i}]", rule.at()), say::token_ids());
        }
        return meters().map(|m| m.cap).min().map_or(Counted::Not, within);
    }
    if let Some(cap) = meters().map(|m| m.cap).min() {
        if known.spends.is_some() {
            out.add(Code::CustomMeterOnToken, format!("{}.uses", rule.at()), say::custom_meter_on_token());
        }
        return within(cap);
    }
    match most.filter(|_| r.uses.iter().any(|u| u.amount == Amount::One)) {
        Some(most) => Counted::Upto(most),
        None => {
            let said = say::uncounted(&rule.place(&path), known.spends.is_some());
            out.add(Code::UncountedTokens, rule.at(), said);
            Counted::Not
        }
    }
}

fn ends_by_itself(r: &CallRule) -> bool {
    r.signature == ENDING.0 && bounds::most(&r.conditions, &Path::argument(ENDING.1)).is_some()
}
