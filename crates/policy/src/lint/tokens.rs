//! Functions that move or approve tokens.

use super::meters::unlimited;
use super::{Code, Findings, catalogue as say};
use crate::diff::view::View;
use crate::draft::Draft;
use crate::grant::{CallRule, Meter, Path, What, check::is_uncounted};
use crate::known::judged::{self, By, binds_who, ends_by_itself, takes_back};
use crate::known::{self, Does, Known};
use hallpass_types::UnixSeconds;

/// Looks at one rule; false where nothing counts its tokens.
pub fn look(d: &Draft, rule: &View<'_, Path>, r: &CallRule, out: &mut Findings) -> bool {
    let Some(known) = known::of(&r.signature) else {
        let meters: Vec<Meter> = d.meters.iter().map(|m| m.anchored(UnixSeconds::EPOCH)).collect();
        let uncounted = is_uncounted(r, &meters);
        if uncounted {
            out.add(Code::UncountedTokens, rule.at(), say::uncounted_on_token());
        }
        return !uncounted;
    };
    if takes_back(r, known) {
        return true;
    }
    recipient(rule, r, known, out);
    match known.does {
        Does::ApprovesAll => {
            let approved = known.places.gives.map(|place| rule.place(&Path::argument(place)));
            out.add(Code::ApprovalForAll, rule.at(), say::approval_for_all(approved.as_deref()));
            true
        }
        Does::Approves => {
            let counted = is_counted(d, rule, r, known, out);
            if let Some(most) =
                judged::counted(d, r, known).map(|c| c.most).filter(|m| *m >= unlimited(d, Some(r.target)))
            {
                let name = known.places.amount().map(|path| rule.place(&path));
                let said = say::approval_unlimited(Some(&most.to_string()), name.as_deref());
                out.add(Code::ApprovalUnlimited, rule.at(), said);
            }
            if known.places.amount.is_none() {
                out.add(Code::ApprovalUnlimited, rule.at(), say::approval_unlimited(None, None));
            }
            if ends_by_itself(r).is_none() {
                let spender = known.places.recipient().map(|path| rule.place(&path));
                let spender = spender.filter(|name| !name.starts_with('$'));
                let spender = spender.map_or(say::SPENDER.to_owned(), |name| format!("`{name}`"));
                out.add(Code::ApprovalOutlives, rule.at(), say::approval_outlives(&spender));
            }
            counted
        }
        Does::Moves => is_counted(d, rule, r, known, out),
    }
}

/// Whether a rule approves something, to whomever.
pub fn approves(r: &CallRule) -> bool {
    known::of(&r.signature).is_some_and(|known| known.does != Does::Moves && !takes_back(r, known))
}

fn recipient(rule: &View<'_, Path>, r: &CallRule, known: Known, out: &mut Findings) {
    let Some(path) = known.places.recipient() else { return };
    if !binds_who(r, known) {
        out.add(Code::NoRecipient, rule.at(), say::no_recipient(&rule.place(&path)));
    }
}

fn is_counted(d: &Draft, rule: &View<'_, Path>, r: &CallRule, known: Known, out: &mut Findings) -> bool {
    let Some(path) = known.places.amount() else {
        // An approval without an amount is all or nothing, and said to be; what moves everything is not counted.
        if known.does == Does::Moves {
            out.add(Code::UncountedTokens, rule.at(), say::uncounted_all());
        }
        return known.does != Does::Moves;
    };
    match judged::counted(d, r, known).map(|c| c.by) {
        Some(By::Token) => {
            let is_token = |id: u16| d.meters.iter().any(|m| m.id == id && matches!(m.what, What::Token(_)));
            let used = r.uses.iter().position(|u| is_token(u.meter) && judged::counts_amount(r, u.meter));
            if let Some(i) = used.filter(|_| r.signature == "transferFrom(address,address,uint256)") {
                out.add(Code::TokenIds, format!("{}.uses[{i}]", rule.at()), say::token_ids());
            }
            true
        }
        Some(By::Custom) => {
            if known.spends.is_some() {
                out.add(Code::CustomMeterOnToken, format!("{}.uses", rule.at()), say::custom_meter_on_token());
            }
            true
        }
        Some(By::Bound) => true,
        None => {
            out.add(Code::UncountedTokens, rule.at(), say::uncounted(&rule.place(&path), known.spends.is_some()));
            false
        }
    }
}
