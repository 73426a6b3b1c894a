//! The rules that an operation names: an honest sender's where the evaluator allows, the one it denies by elsewhere.

use hallpass_policy::eval::{Verdict, rule};
use hallpass_policy::grant::{CallRule, Grant};
use hallpass_policy::{Batch, Call, Denial};

/// The rule that the operation names for each call: those that allowed; where a call was denied, the rule that the
/// denial names, or a number that no rule has. `judge` judges the calls before it.
pub fn named(
    grant: &Grant,
    batch: &Batch,
    judge: impl Fn(&Batch) -> Result<Verdict, Denial>,
    verdict: &Result<Verdict, Denial>,
) -> Vec<u16> {
    let denial = match verdict {
        Ok(verdict) => return verdict.rules.to_vec(),
        Err(denial) => denial,
    };
    let failed = denial.call.unwrap_or(0);
    let before = Batch { calls: batch.calls[..failed.min(batch.calls.len())].to_vec(), ..batch.clone() };
    let mut numbers = judge(&before).map_or(Vec::new(), |verdict| verdict.rules.to_vec());
    let named = denial.at.strip_prefix("rules[").and_then(|t| t.split(']').next()).and_then(|t| t.parse().ok());
    for (i, call) in batch.calls.iter().enumerate().skip(numbers.len()) {
        numbers.push(named.filter(|_| i == failed).unwrap_or_else(|| lowest(grant, call)));
    }
    numbers
}

fn lowest(grant: &Grant, call: &Call) -> u16 {
    let fits = |r: &CallRule| r.target == call.to && rule::same_function(r, &call.data);
    // Just past the end, and as far past it as can be.
    let none = if call.data.len().is_multiple_of(2) { grant.calls.len() as u16 } else { u16::MAX };
    grant.calls.iter().position(fits).map_or(none, |i| i as u16)
}
