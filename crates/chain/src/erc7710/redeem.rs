//! An operation as what redeems delegations, and read back.
//!
//! The session key that sends by itself redeems the owner's delegation as it is. Where another sends, the key signs for each call
//! a delegation of its own, to that sender: this very call, once, within the operation's time, on top of the owner's.

use super::abi::{self, IDelegationManager, MODE, signed};
use super::caveat::{Term, execution, read_execution};
use super::contracts::Contract;
use super::{delegation, whole};
use crate::backend::steps::Unreadable;
use crate::hallpass::read::calls_of;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolValue};
use hallpass_policy::eip712::SessionOp;
use hallpass_policy::{Authorised, Batch, Call, Grant};

/// One call and the rule that allowed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redeemed {
    /// The rule's number.
    pub rule: usize,
    /// The call.
    pub call: Call,
}

/// The calls of an operation, each with its rule.
///
/// # Errors
/// [`Unreadable`] where the operation is not one of `grant`.
pub fn calls(grant: &Grant, op: &Authorised) -> Result<Vec<Redeemed>, Unreadable> {
    if op.grant() != grant.id() {
        return Err(Unreadable("the operation is another grant's".to_owned()));
    }
    let batch = calls_of(grant, &op.op().calls)?;
    let rules = op.verdict().rules.iter().map(|r| usize::from(*r));
    Ok(batch.calls.into_iter().zip(rules).map(|(call, rule)| Redeemed { rule, call }).collect())
}

/// What the session key signs for each call when `caller` sends it; nothing where the key sends by itself.
#[must_use]
pub fn leaves(grant: &Grant, op: &SessionOp, redeemed: &[Redeemed], caller: Address) -> Vec<signed::Delegation> {
    let key = whole::key(grant);
    if caller == key {
        return Vec::new();
    }
    let roots = delegation::all(grant);
    let one = |(place, r): (usize, &Redeemed)| {
        let root = roots.get(r.rule)?;
        let from: u64 = op.validFrom.to();
        let terms = [
            Term::Redeemers(vec![caller]),
            Term::Time { after: from.saturating_sub(1), before: op.validUntil.to() },
            Term::Execution(r.call.to, r.call.value, r.call.data.clone()),
            Term::Calls(U256::from(1)),
        ];
        Some(signed::Delegation {
            delegate: caller,
            delegator: key,
            authority: delegation::hash(root),
            caveats: terms.iter().map(Term::caveat).collect(),
            salt: salt(op, place),
        })
    };
    redeemed.iter().enumerate().filter_map(one).collect()
}

/// Binds a leaf to its operation: two operations of one form are two delegations, each good once.
fn salt(op: &SessionOp, place: usize) -> U256 {
    let place = u32::try_from(place).unwrap_or(u32::MAX);
    keccak256([op.grant.as_slice(), &op.nonce.to_be_bytes::<32>(), &place.to_be_bytes()].concat()).into()
}

/// The calldata that redeems: `roots` are the owner's signatures over each delegation, `leaves` the key's.
#[must_use]
pub fn calldata(
    grant: &Grant,
    redeemed: &[Redeemed],
    roots: &[Bytes],
    leaves: &[(signed::Delegation, Bytes)],
) -> Bytes {
    let delegations = delegation::all(grant);
    let context = |(place, r): (usize, &Redeemed)| {
        let signature = roots.get(r.rule).cloned().unwrap_or_default();
        let root = delegations.get(r.rule).map(|d| delegation::sent(d, signature));
        let leaf = leaves.get(place).map(|(d, signature)| delegation::sent(d, signature.clone()));
        // Leaf first.
        let chain: Vec<abi::Delegation> = leaf.into_iter().chain(root).collect();
        Bytes::from(chain.abi_encode())
    };
    let executions = redeemed.iter().map(|r| execution(r.call.to, r.call.value, &r.call.data).into());
    let call = IDelegationManager::redeemDelegationsCall {
        permissionContexts: redeemed.iter().enumerate().map(context).collect(),
        modes: vec![MODE; redeemed.len()],
        executionCallDatas: executions.collect(),
    };
    call.abi_encode().into()
}

/// The calls of what would be sent, where each redeems a delegation of `grant` in the form that honest senders write.
///
/// # Errors
/// [`Unreadable`] otherwise.
pub fn read(grant: &Grant, data: &Bytes) -> Result<Batch, Unreadable> {
    let bad = |says: &str| Unreadable(says.to_owned());
    let call = IDelegationManager::redeemDelegationsCall::abi_decode_validate(data)
        .map_err(|_| bad("the calldata redeems no delegations"))?;
    let (contexts, executions) = (&call.permissionContexts, &call.executionCallDatas);
    let single = call.modes.len() == executions.len() && call.modes.iter().all(|m| *m == MODE);
    if contexts.is_empty() || contexts.len() != executions.len() || !single {
        return Err(bad("an operation is one or more single calls"));
    }
    let roots = delegation::all(grant);
    let mut calls = Vec::new();
    for (context, packed) in contexts.iter().zip(executions) {
        let chain =
            Vec::<abi::Delegation>::abi_decode_validate(context).map_err(|_| bad("a context is no delegations"))?;
        let root = chain.last().ok_or_else(|| bad("a call without a delegation acts for its sender"))?;
        if !roots.contains(&root.to_signed()) {
            return Err(bad("a delegation is none of this grant"));
        }
        let (to, value, data) = read_execution(packed).ok_or_else(|| bad("an execution is cut short"))?;
        match chain.as_slice() {
            [_] => {}
            [leaf, root] => leaf_of(grant, leaf, delegation::hash(&root.to_signed()), packed)?,
            _ => return Err(bad("a delegation stands on another's")),
        }
        calls.push(Call { to, value, data });
    }
    if call.abi_encode() != data.to_vec() {
        return Err(bad("the calldata is not in its one form"));
    }
    Ok(Batch { chain: grant.chain, calls })
}

/// Requires that a leaf is the session key's, for this very call.
fn leaf_of(grant: &Grant, leaf: &abi::Delegation, root: B256, packed: &Bytes) -> Result<(), Unreadable> {
    let exact = Contract::ExactExecution.address();
    let same = leaf.caveats.iter().any(|c| c.enforcer == exact && c.terms == *packed);
    if leaf.delegator == whole::key(grant) && leaf.authority == root && same {
        Ok(())
    } else {
        Err(Unreadable("the session key's delegation is for another call".to_owned()))
    }
}
