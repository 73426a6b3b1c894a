//! The decision: is this action inside this grant, now, after what was spent?
//!
//! - this file: the verdict and [`judge`].
//! - [`authorise`]: from an allowed action to what is signed.
//! - [`ask`]: what is asked.
//! - [`policy`]: a grant made ready for many questions; the checks in the order of `spec/policy.md`.
//! - [`bounds`]: chain, route, time, relayer, fee, sequence, status, nonce. [`requires`]: requirements.
//! - [`rule`]: conditions. [`meters`]: windows and sums.
//! - [`denial`]: the codes and what they say; [`fail`]: the same, small, while other rules may still allow.

pub mod ask;
pub mod authorise;
pub mod bounds;
pub mod denial;
pub mod fail;
pub mod meters;
pub mod policy;
pub mod requires;
pub mod rule;

use crate::grant::{Grant, pack};
use crate::ledger::{Cost, Ledger};
use alloy_primitives::U256;
use smallvec::SmallVec;

pub use ask::{Action, AppAction, At, Attr, Batch, ByEntryPoint, Call, Facts, Held, Op, OpBounds};
pub use authorise::{Authorised, Authority, Signable, authorise};
pub use denial::{Code, Denial};
pub use policy::Policy;

/// Allowed: by which rules, and what it costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The rule that allowed each call, in call order; one for a message or an app action.
    pub rules: SmallVec<[u16; 8]>,
    /// At most one entry for each meter, in the order of first use; a fee's (meter 65535) last.
    pub costs: SmallVec<[Cost; 8]>,
}

/// Judges one action. Who asks often of one grant makes a [`Policy`] of it.
///
/// # Errors
/// The first [`Denial`] in the order of `spec/policy.md`.
pub fn judge(
    grant: &Grant,
    ledger: &Ledger,
    action: &Action,
    op: &Op,
    at: &At,
    facts: &Facts,
) -> Result<Verdict, Denial> {
    Policy::new(grant).judge(ledger, action, op, at, facts)
}

/// `calls` of a `SessionOp` (`spec/encoding.md`).
fn encode_calls(batch: &Batch, op: &OpBounds, verdict: &Verdict) -> Result<Vec<u8>, Denial> {
    let mut out = Vec::new();
    for (i, (call, rule)) in batch.calls.iter().zip(&verdict.rules).enumerate() {
        let floor = op.gas_floors.get(i).copied().unwrap_or(0);
        let arguments = call.data.get(4..).unwrap_or(&[]);
        push_call(*rule, floor, call.value, arguments, &mut out)
            .ok_or_else(|| Denial::new(Code::BadCalldata, format!("rules[{rule}]")))?;
    }
    Ok(out)
}

/// One call of a `SessionOp` (`spec/encoding.md`); `None` where the arguments take 2^24 bytes or more.
#[must_use]
pub fn push_call(rule: u16, gas_floor: u32, value: U256, arguments: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let length = u32::try_from(arguments.len()).ok().filter(|n| *n < 1 << 24)?;
    out.extend(rule.to_be_bytes());
    out.extend(gas_floor.to_be_bytes());
    pack::push_minimal(value, out);
    out.extend(length.to_be_bytes().iter().skip(1));
    out.extend(arguments);
    Some(())
}
