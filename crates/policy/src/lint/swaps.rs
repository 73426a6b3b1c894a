//! Prices, and deadlines of calls.

use super::bounds::{self, Value};
use super::{Code, Findings, catalogue as say, words};
use crate::abi::Ty;
use crate::diff::view::View;
use crate::grant::{CallRule, Path, Test};

pub fn look(rule: &View<'_, Path>, r: &CallRule, out: &mut Findings) {
    let function = r.signature.split('(').next().unwrap_or("");
    let values = bounds::values(rule.types, &rule.names);
    if words::is_swap(function) {
        for minimum in values.iter().filter(|v| is_number(v) && words::is_minimum(v.name)) {
            if !is_priced(r, minimum, &values) {
                let name = rule.place(&minimum.path);
                out.add(Code::SwapWithoutPrice, rule.at(), say::swap_without_price(&name));
            }
        }
    }
    if r.conditions.iter().any(|c| matches!(c.test, Test::Ratio(..))) {
        let receives = |v: &&Value<'_>| *v.ty == Ty::Address && (v.name.is_empty() || words::is_recipient(v.name));
        // The first is enough: it says what to do with the others.
        let mut open = values.iter().filter(receives).filter(|v| !v.path.is_quantified());
        if let Some(to) = open.find(|v| !bounds::is_pinned(&r.conditions, &v.path)) {
            out.add(Code::PriceWithoutRecipient, rule.at(), say::price_without_recipient(&rule.place(&to.path)));
        }
    }
    for deadline in values.iter().filter(|v| is_number(v) && words::is_deadline(v.name)) {
        if bounds::most(&r.conditions, &deadline.path).is_none() {
            out.add(Code::DeadlineUnbound, rule.at(), say::deadline_unbound(&rule.place(&deadline.path)));
        }
    }
}

/// Whether the least that a swap brings is bound: by a price, or by a fixed amount beside a bound on what goes in.
fn is_priced(r: &CallRule, minimum: &Value<'_>, values: &[Value<'_>]) -> bool {
    let price = r.conditions.iter().any(|c| c.path == minimum.path && matches!(c.test, Test::Ratio(..)));
    let inward = |v: &&Value<'_>| is_number(v) && !words::is_minimum(v.name) && !words::is_deadline(v.name);
    let fixed = bounds::is_above_zero(&r.conditions, &minimum.path)
        && values.iter().filter(inward).any(|v| bounds::most(&r.conditions, &v.path).is_some());
    price || fixed
}

fn is_number(v: &Value<'_>) -> bool {
    matches!(v.ty, Ty::Uint(_) | Ty::Int(_))
}
