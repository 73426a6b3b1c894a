//! What any rule may lack; functions, swaps and messages have files of their own.

use super::whole::ALL_SEQUENCES;
use super::{Code, Findings, bounds, catalogue as say, messages, swaps, tokens};
use crate::abi::{EVERY, LENGTH, SOME, Ty};
use crate::diff::view::{self, Place, View};
use crate::draft::Draft;
use crate::grant::{Amount, Path};

pub fn look(d: &Draft, out: &mut Findings) {
    for (rule, call) in view::calls(d).iter().zip(&d.calls) {
        let counted = tokens::look(d, rule, call, out);
        // A native send of 0 does nothing, so that a cap on the value is enough.
        meters(d, rule, counted, call.arguments.is_some(), out);
        lengths(rule, out);
        swaps::look(rule, call, out);
    }
    for (rule, typed) in view::typed(d).iter().zip(&d.rest.typed) {
        meters(d, rule, true, true, out);
        lengths(rule, out);
        messages::look(d, rule, typed, out);
    }
    for rule in &view::apps(d) {
        meters(d, rule, true, true, out);
        if rule.conditions.is_empty() {
            out.add(Code::AppWithoutConditions, rule.at(), say::app_without_conditions());
        }
    }
    sequences(d, out);
}

/// Said where no rule was said to lack a calls cap already.
fn sequences(d: &Draft, out: &mut Findings) {
    let said = out.0.iter().any(|f| matches!(f.code, Code::NoCallsCap | Code::NoMeter | Code::UncountedTokens));
    let uncapped = d.calls.iter().position(|r| !r.uses.iter().any(|u| u.amount == Amount::One));
    if let Some(rule) = uncapped.filter(|_| !said && d.sequences.1 >= ALL_SEQUENCES) {
        out.add(Code::SequencesOpen, "endSeq", say::sequences_open(&format!("rules[{rule}]")));
    }
}

/// `counted` is false where it was said already that nothing counts the rule's tokens.
fn meters<P: Place>(d: &Draft, rule: &View<'_, P>, counted: bool, zero_matters: bool, out: &mut Findings) {
    if rule.uses.is_empty() {
        if counted {
            out.add(Code::NoMeter, rule.at(), say::no_meter());
        }
        return;
    }
    let costs = |amount: &Amount<P>| match amount {
        Amount::One => true,
        Amount::Value => false,
        Amount::Path(path) => bounds::is_above_zero(rule.conditions, path),
    };
    let open = d.sequences.1 >= ALL_SEQUENCES;
    if open && zero_matters && !rule.uses.iter().any(|u| costs(&u.amount)) {
        out.add(Code::NoCallsCap, format!("{}.uses", rule.at()), say::no_calls_cap());
    }
}

/// Arrays whose elements are bound, and whose length is not.
fn lengths(rule: &View<'_, Path>, out: &mut Findings) {
    let mut seen: Vec<&[u16]> = Vec::new();
    for (i, c) in rule.conditions.iter().enumerate() {
        for (place, _) in c.path.0.iter().enumerate().skip(1).filter(|(_, step)| **step == EVERY) {
            let Some(array) = c.path.0.get(..place) else { continue };
            let dynamic = matches!(Ty::at(rule.types, array), Some(Ty::Array(_)));
            if !dynamic || seen.contains(&array) || is_measured(rule, array) {
                continue;
            }
            seen.push(array);
            let name = rule.place(&Path(array.to_vec()));
            out.add(
                Code::EveryWithoutLength,
                format!("{}.conditions[{i}]", rule.at()),
                say::every_without_length(&name),
            );
        }
    }
}

/// Whether a condition looks at the array's length, or needs an element.
fn is_measured(rule: &View<'_, Path>, array: &[u16]) -> bool {
    rule.conditions.iter().any(|c| match c.path.0.strip_prefix(array) {
        Some([step, ..]) => *step == LENGTH || *step == SOME || *step < LENGTH,
        _ => false,
    })
}
