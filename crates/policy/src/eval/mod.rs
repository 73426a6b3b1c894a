//! The decision: is this action inside this grant, now, after what was spent?
//!
//! - this file: the verdict, [`judge`], and [`authorise`], which makes of an allowed batch the operation that is signed.
//! - [`ask`]: what is asked.
//! - [`policy`]: a grant made ready for many questions; the checks in the order of `spec/policy.md`.
//! - [`bounds`]: chain, route, time, relayer, fee, sequence, status, nonce. [`requires`]: requirements.
//! - [`rule`]: conditions. [`meters`]: windows and sums.
//! - [`denial`]: the codes and what they say; [`fail`]: the same, small, while other rules may still allow.

pub mod ask;
pub mod bounds;
pub mod denial;
pub mod fail;
pub mod meters;
pub mod policy;
pub mod requires;
pub mod rule;

use crate::eip712::SessionOp;
use crate::grant::{Grant, SessionKey, pack};
use crate::ledger::{Cost, Ledger};
use alloy_primitives::{Address, B256, U256, Uint};
use smallvec::SmallVec;

pub use ask::{Action, AppAction, At, Attr, Batch, Call, Facts, Held, Op, OpBounds};
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

/// An operation that the policy has allowed. Only [`authorise`] makes one; the vault signs nothing else for a session.
#[derive(Debug, Clone)]
pub struct Authorised {
    op: SessionOp,
    digest: B256,
    key: Address,
    verdict: Verdict,
}

impl Authorised {
    /// What the session key signs: `SessionOp` in the account's domain (EIP-712).
    #[must_use]
    pub const fn digest(&self) -> B256 {
        self.digest
    }

    /// The session key that the grant names.
    #[must_use]
    pub const fn key(&self) -> Address {
        self.key
    }

    /// The grant's id.
    #[must_use]
    pub const fn grant(&self) -> B256 {
        self.op.grant
    }

    /// The operation.
    #[must_use]
    pub const fn op(&self) -> &SessionOp {
        &self.op
    }

    /// Rules and costs.
    #[must_use]
    pub const fn verdict(&self) -> &Verdict {
        &self.verdict
    }
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

/// Judges calls on the direct route and makes of them the operation that the session key signs.
///
/// # Errors
/// As [`judge`]; [`Code::BadGrant`] where [`Grant::check`] refuses the grant; [`Code::NotYetSupported`] where the session
/// key is of another kind than secp256k1.
pub fn authorise(
    grant: &Grant,
    ledger: &Ledger,
    batch: &Batch,
    op: &OpBounds,
    at: &At,
    facts: &Facts,
) -> Result<Authorised, Denial> {
    let SessionKey::Secp256k1(key) = grant.key else {
        return Err(Denial::new(Code::NotYetSupported, "key"));
    };
    // Whoever made the value: what breaks the protocol is never signed for.
    grant.check().map_err(|bad| Denial::new(Code::BadGrant, bad.at).found(bad.says))?;
    let verdict = Policy::new(grant).judge_calls(ledger, batch, &Op::from(op), at, facts)?;
    let op = SessionOp {
        grant: grant.id(),
        nonce: (op.lane << 64) | U256::from(op.sequence),
        validFrom: Uint::from(op.valid_from.get()),
        validUntil: Uint::from(op.valid_until.get()),
        relayer: op.relayer,
        maxFee: Uint::saturating_from(op.max_fee),
        calls: encode_calls(batch, op, &verdict)?.into(),
    };
    let digest = op.digest(grant.chain.get(), grant.account);
    Ok(Authorised { op, digest, key, verdict })
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
