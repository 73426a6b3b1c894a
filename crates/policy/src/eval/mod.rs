//! The decision: is this action inside this grant, now, after what was spent?
//!
//! - this file: what is asked, and [`judge`] / [`authorise`], which go through the checks in the order of
//!   `spec/encoding.md`.
//! - [`bounds`]: time, route, relayer, fee, sequence, status, nonce.
//! - [`rule`]: one rule against one call: value, calldata, conditions.
//! - [`meters`]: windows and sums.
//! - [`denial`]: the codes and what they say.

pub mod bounds;
pub mod denial;
pub mod meters;
pub mod rule;

use crate::eip712::SessionOp;
use crate::forbidden;
use crate::grant::{Grant, SessionKey, pack};
use crate::ledger::{Cost, Ledger};
use alloy_primitives::{Address, B256, Bytes, U256, Uint};
use hallpass_types::{ChainId, UnixSeconds};

pub use denial::{Code, Denial};

/// One contract call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The contract.
    pub to: Address,
    /// Wei.
    pub value: U256,
    /// Calldata; empty is its own thing, never selector 0x00000000.
    pub data: Bytes,
}

/// What a session wants done: calls on one chain, all or nothing, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// The chain.
    pub chain: ChainId,
    /// At least one.
    pub calls: Vec<Call>,
}

/// The operation around the calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpBounds {
    /// Inclusive.
    pub valid_from: UnixSeconds,
    /// Exclusive; at most 600 s after `valid_from`.
    pub valid_until: UnixSeconds,
    /// Below 2^192; this version knows lane 0 alone.
    pub lane: U256,
    /// Below 2^32.
    pub sequence: u64,
    /// Who may send it, or zero for anyone; zero only where the grant's is.
    pub relayer: Address,
    /// Most that the account repays, in the fee token's smallest unit.
    pub max_fee: u128,
    /// Gas that each call gets at least, in call order; a missing entry is 0.
    pub gas_floors: Vec<u32>,
}

/// When and where it is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// The second of the decision; on chain the block's.
    pub now: UnixSeconds,
    /// The chain of the decision.
    pub chain: ChainId,
    /// Who sends it, where that is known.
    pub caller: Option<Address>,
}

/// Allowed: by which rules, and what it costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The rule that allowed each call, in call order.
    pub rules: Vec<u16>,
    /// At most one entry for each meter.
    pub costs: Vec<Cost>,
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

/// Judges an action.
///
/// The signer picks, call by call in batch order, the lowest rule that allows, given what the earlier calls cost; it
/// never goes back. A denial is that of the lowest rule with the call's target and function.
///
/// # Errors
/// The first [`Denial`] in the order of `spec/encoding.md`.
pub fn judge(grant: &Grant, ledger: &Ledger, action: &Action, op: &OpBounds, at: &At) -> Result<Verdict, Denial> {
    bounds::check(grant, ledger, action, op, at)?;
    let mut tally = meters::Tally::new(grant, ledger, op);
    let mut rules = Vec::with_capacity(action.calls.len());
    for (i, call) in action.calls.iter().enumerate() {
        let (number, after) = pick(grant, call, &tally).map_err(|d| d.in_call(i, action.calls.len()))?;
        rules.push(number);
        tally = after;
    }
    Ok(Verdict { rules, costs: tally.into_costs() })
}

/// Judges an action and makes of it the operation that the session key signs.
///
/// # Errors
/// As [`judge`]; [`Code::BadGrant`] where [`Grant::check`] refuses the grant; [`Code::NotYetSupported`] where the session
/// key is of another kind than secp256k1.
pub fn authorise(
    grant: &Grant,
    ledger: &Ledger,
    action: &Action,
    op: &OpBounds,
    at: &At,
) -> Result<Authorised, Denial> {
    let SessionKey::Secp256k1(key) = grant.key else {
        return Err(Denial::new(Code::NotYetSupported, "key"));
    };
    // Whoever made the value: what breaks the protocol is never signed for.
    grant.check().map_err(|bad| Denial::new(Code::BadGrant, bad.at).found(bad.says))?;
    let verdict = judge(grant, ledger, action, op, at)?;
    let op = SessionOp {
        grant: grant.id(),
        nonce: (op.lane << 64) | U256::from(op.sequence),
        validFrom: Uint::from(op.valid_from.get()),
        validUntil: Uint::from(op.valid_until.get()),
        relayer: op.relayer,
        maxFee: Uint::saturating_from(op.max_fee),
        calls: encode_calls(action, op, &verdict)?.into(),
    };
    let digest = op.digest(grant.chain.get(), grant.account);
    Ok(Authorised { op, digest, key, verdict })
}

/// `calls` of a `SessionOp` (`spec/encoding.md`).
fn encode_calls(action: &Action, op: &OpBounds, verdict: &Verdict) -> Result<Vec<u8>, Denial> {
    let mut out = Vec::new();
    for (i, (call, rule)) in action.calls.iter().zip(&verdict.rules).enumerate() {
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

fn pick<'g>(grant: &'g Grant, call: &Call, tally: &meters::Tally<'g>) -> Result<(u16, meters::Tally<'g>), Denial> {
    if forbidden::target(call.to, grant.account, grant.backend) {
        return Err(Denial::new(Code::TargetForbidden, "rules").found(call.to));
    }
    let mut first: Option<Denial> = None;
    for (number, rule) in grant.calls.iter().enumerate() {
        if rule.target != call.to || !rule::same_function(rule, &call.data) {
            continue;
        }
        let judged = rule::check(rule, call).and_then(|()| tally.charge(rule, call));
        match (judged, u16::try_from(number)) {
            (Ok(after), Ok(number)) => return Ok((number, after)),
            (Err(denial), _) => {
                first.get_or_insert(denial.under(&format!("rules[{number}]")));
            }
            (Ok(_), Err(_)) => break,
        }
    }
    Err(first.unwrap_or_else(|| {
        let what = match call.data.first_chunk::<4>() {
            Some(selector) => format!("{} with selector 0x{}", call.to, alloy_primitives::hex::encode(selector)),
            None if call.data.is_empty() => format!("{} with empty calldata", call.to),
            None => format!("{} with {} bytes of calldata", call.to, call.data.len()),
        };
        Denial::new(Code::NoRule, "rules").found(what)
    }))
}
