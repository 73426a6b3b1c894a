//! Typed messages: what they are good for, and until when.

use super::bounds::{self, Value};
use super::{Code, Findings, catalogue as say, words};
use crate::abi::Ty;
use crate::diff::view::View;
use crate::draft::{Draft, Span};
use crate::grant::{Path, TypedRule};
use alloy_primitives::U256;

/// Types that give something away to whoever holds the signature: ERC-2612 and DAI, Permit2, and orders of exchanges.
pub const GIVES: [&str; 10] = [
    "Permit",
    "PermitSingle",
    "PermitBatch",
    "PermitTransferFrom",
    "PermitBatchTransferFrom",
    "PermitWitnessTransferFrom",
    "PermitBatchWitnessTransferFrom",
    "Order",
    "OrderComponents",
    "LimitOrder",
];
/// A time from here on is in milliseconds: in seconds it would be the year 5138.
pub const MILLISECONDS: u64 = 100_000_000_000;

pub fn look(d: &Draft, rule: &View<'_, Path>, r: &TypedRule, out: &mut Findings) {
    let open = [
        (say::CHAIN_ID, r.domain.chain_id.is_none()),
        (say::VERIFYING_CONTRACT, r.domain.verifying_contract.is_none()),
    ];
    let lacks: Vec<&str> = open.into_iter().filter(|(_, open)| *open).map(|(name, _)| name).collect();
    if !lacks.is_empty() {
        out.add(Code::DomainOpen, format!("{}.domain", rule.at()), say::domain_open(&lacks));
    }
    if GIVES.contains(&r.ty.primary()) && r.conditions.is_empty() {
        out.add(Code::PermitUnbound, rule.at(), say::permit_unbound(r.ty.primary()));
    }
    let values = bounds::values(rule.types, &rule.names);
    let ends: Vec<&Value<'_>> =
        values.iter().filter(|v| matches!(v.ty, Ty::Uint(_) | Ty::Int(_)) && words::is_deadline(v.name)).collect();
    let Some(first) = ends.first() else {
        out.add(Code::MessageWithoutEnd, rule.at(), say::message_without_end(r.ty.primary()));
        return;
    };
    let bounds: Vec<(&Value<'_>, U256)> =
        ends.iter().filter_map(|v| Some((*v, bounds::most(&r.conditions, &v.path)?))).collect();
    // One deadline is enough: a permit has its own beside that of the allowance, say.
    let Some((bound, most)) = bounds.iter().min_by_key(|(_, most)| *most) else {
        out.add(Code::MessageOutlives, rule.at(), say::message_outlives(&rule.place(&first.path), None));
        return;
    };
    if let Some(Span::Between(_, until)) = d.time {
        let seconds = if *most >= U256::from(MILLISECONDS) { *most / U256::from(1000) } else { *most };
        if seconds > U256::from(until.get()) {
            let name = rule.place(&bound.path);
            let said = say::message_outlives(&name, Some((&most.to_string(), &until.to_string())));
            out.add(Code::MessageOutlives, rule.at(), said);
        }
    }
}
