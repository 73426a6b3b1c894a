//! From an allowed action to what a session key signs.
//!
//! A [`Signable`] is made here and nowhere else, and only of what the policy has allowed: a vault that signs nothing but
//! these for a session signs nothing that was not allowed.

use super::{At, Batch, ByEntryPoint, Code, Denial, Facts, Op, OpBounds, Policy, Verdict, encode_calls};
use crate::eip712::{SessionOp, SessionUserOp};
use crate::grant::{Grant, SessionKey};
use crate::ledger::{Ledger, nonce};
use crate::message::Message;
use crate::transaction::Transaction;
use crate::userop::{UserOp, UserOpBounds};
use alloy_primitives::aliases::U192;
use alloy_primitives::{Address, B256, Uint};
use core::borrow::Borrow;
use core::ops::Deref;

/// What one session key may sign, once the policy has allowed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signable {
    digest: B256,
    key: SessionKey,
    grant: B256,
}

impl Signable {
    /// The 32 bytes that are signed.
    #[must_use]
    pub const fn digest(&self) -> B256 {
        self.digest
    }

    /// The session key that the grant names.
    #[must_use]
    pub const fn key(&self) -> &SessionKey {
        &self.key
    }

    /// The grant's id.
    #[must_use]
    pub const fn grant(&self) -> B256 {
        self.grant
    }
}

/// An operation that the policy has allowed: a `SessionOp`, or a [`UserOp`] made of the judged calls. Its digest is that of the
/// `SessionOp` or `SessionUserOp` in the account's domain (EIP-712).
#[derive(Debug, Clone)]
pub struct Authorised<T = SessionOp> {
    op: T,
    signable: Signable,
    verdict: Verdict,
}

impl<T> Authorised<T> {
    /// The operation.
    #[must_use]
    pub const fn op(&self) -> &T {
        &self.op
    }

    /// Rules and costs; a user operation's fee is among them.
    #[must_use]
    pub const fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// What is signed.
    #[must_use]
    pub const fn signable(&self) -> &Signable {
        &self.signable
    }
}

impl<T> Deref for Authorised<T> {
    type Target = Signable;

    fn deref(&self) -> &Signable {
        &self.signable
    }
}

/// Most calls of a user operation: the account is told of their rules with a count of one byte.
const MOST_CALLS: usize = 255;

/// A grant that passed its check, ready to authorise: what a signer keeps of a session.
#[derive(Debug)]
pub struct Authority<G = &'static Grant> {
    policy: Policy<G>,
    id: B256,
}

impl<G: Borrow<Grant>> Authority<G> {
    /// Checks a grant and makes it ready. Whoever made the value: what breaks the protocol is never signed for.
    ///
    /// # Errors
    /// [`Code::BadGrant`] where [`Grant::check`] refuses it.
    pub fn new(grant: G) -> Result<Self, Denial> {
        let of: &Grant = grant.borrow();
        of.check().map_err(|bad| Denial::new(Code::BadGrant, bad.at).found(bad.says))?;
        let id = of.id();
        Ok(Self { policy: Policy::new(grant), id })
    }

    /// The policy.
    #[must_use]
    pub const fn policy(&self) -> &Policy<G> {
        &self.policy
    }

    /// The grant's id.
    #[must_use]
    pub const fn id(&self) -> B256 {
        self.id
    }

    /// Judges calls on the direct route and makes of them the operation that the session key signs.
    ///
    /// # Errors
    /// The first [`Denial`].
    pub fn calls(
        &self,
        ledger: &Ledger,
        batch: &Batch,
        op: &OpBounds,
        at: &At,
        facts: &Facts,
    ) -> Result<Authorised, Denial> {
        let grant = self.policy.grant();
        let verdict = self.policy.judge_calls(ledger, batch, &Op::from(op), at, facts)?;
        let op = SessionOp {
            grant: self.id,
            nonce: nonce(op.lane, op.sequence),
            validFrom: Uint::from(op.valid_from.get()),
            validUntil: Uint::from(op.valid_until.get()),
            relayer: op.relayer,
            maxFee: Uint::saturating_from(op.max_fee),
            calls: encode_calls(batch, op, &verdict)?.into(),
        };
        let signable = self.signable(op.digest(grant.chain.get(), grant.account));
        Ok(Authorised { op, signable, verdict })
    }

    /// Judges calls on an EntryPoint's route and makes of them the user operation, its hash, and what the session key signs
    /// for it. The fee is the most that it can cost, whoever pays; the gas that the grant bounds is that of the calls.
    ///
    /// # Errors
    /// The first [`Denial`]; beside those of calls [`Code::PaymasterNotAllowed`] for one that the grant does not list,
    /// [`Code::FeeOverCap`] also for figures that no EntryPoint takes, [`Code::BadCalldata`] for more than 255 calls, and
    /// [`Code::NonceUsed`] below the EntryPoint's next.
    pub fn user_op(
        &self,
        ledger: &Ledger,
        batch: &Batch,
        bounds: &UserOpBounds,
        at: &At,
        facts: &Facts,
    ) -> Result<Authorised<UserOp>, Denial> {
        let grant = self.policy.grant();
        let op = Op {
            valid_from: Some(bounds.valid_from),
            valid_until: Some(bounds.valid_until),
            fee: bounds.fee(),
            gas: bounds.gas.call.try_into().unwrap_or(u64::MAX),
            route: Some(bounds.entry_point.route()),
            entry: Some(ByEntryPoint {
                paymaster: bounds.paymaster.as_ref().map(|p| p.address),
                sequence: bounds.sequence,
                next: bounds.next,
            }),
            ..Op::default()
        };
        let verdict = self.policy.judge_calls(ledger, batch, &op, at, facts)?;
        if !bounds.fits() {
            return Err(Denial::new(Code::FeeOverCap, "op.gas").found("a figure of 2^120 or more"));
        }
        if batch.calls.len() > MOST_CALLS {
            return Err(Denial::new(Code::BadCalldata, "op.calls").found(batch.calls.len()).bound(MOST_CALLS));
        }
        // For the account the zero address is itself (ERC-7821).
        if batch.calls.iter().any(|call| call.to.is_zero()) {
            return Err(Denial::new(Code::TargetForbidden, "rules").found(Address::ZERO));
        }
        let op = bounds.operation(grant.account, &batch.calls);
        let signed = SessionUserOp {
            grant: self.id,
            validFrom: Uint::from(bounds.valid_from.get()),
            validUntil: Uint::from(bounds.valid_until.get()),
            rules: verdict.rules.to_vec(),
            userOpHash: op.hash(bounds.entry_point, grant.chain.get()),
        };
        let signable = self.signable(signed.digest(grant.chain.get(), grant.account));
        Ok(Authorised { op: UserOp { entry_point: bounds.entry_point, op, signed }, signable, verdict })
    }

    /// Judges a typed message; what is signed is its own EIP-712 digest.
    ///
    /// # Errors
    /// The first [`Denial`]; [`Code::BadMessage`] where it has no digest.
    pub fn message(
        &self,
        ledger: &Ledger,
        message: &Message,
        at: &At,
        facts: &Facts,
    ) -> Result<(Signable, Verdict), Denial> {
        let verdict = self.policy.judge_message(ledger, message, at, facts)?;
        let digest = message.digest().ok_or_else(|| Denial::new(Code::BadMessage, "rules"))?;
        Ok((self.signable(digest), verdict))
    }

    /// Judges a plain transaction of the key's own account, as one call by the grant's lowest route, with the most that
    /// its gas can cost as the fee, and its gas limit as the gas. What is signed is the transaction's own hash.
    ///
    /// # Errors
    /// The first [`Denial`]: [`Code::BadTransaction`] where the account is not the key's own address (nobody else could
    /// send it), where it would create a contract, or where gas is granted in a
    /// token; [`Code::GasOverCap`] and [`Code::FeeOverCap`] for gas that the grant does not
    /// allow or pay; [`Code::SequenceOutOfRange`] for a nonce outside
    /// the grant's.
    pub fn transaction(
        &self,
        ledger: &Ledger,
        tx: &Transaction,
        at: &At,
        facts: &Facts,
    ) -> Result<(Signable, Verdict), Denial> {
        let grant = self.policy.grant();
        let refuse = |at: &'static str, says: &str| Err(Denial::new(Code::BadTransaction, at).found(says));
        // The grant's check takes such a key only where no contract enforces, whose counters a transaction would pass by.
        if grant.key != SessionKey::Secp256k1(grant.account) {
            return refuse("account", "the account is not the session key's own address");
        }
        if !grant.rest.gas.fee_token.is_zero() {
            return refuse("rest.gas.feeToken", "a transaction's gas is paid in the chain's coin");
        }
        let Some(call) = tx.call() else { return refuse("rules", "it creates a contract") };
        let fee = u128::try_from(tx.most_for_gas()).unwrap_or(u128::MAX);
        let op = Op { nonce: Some((U192::ZERO, tx.nonce)), fee, gas: tx.gas_limit, ..Op::default() };
        let batch = Batch { chain: tx.chain, calls: vec![call] };
        let verdict = self.policy.judge_calls(ledger, &batch, &op, at, facts)?;
        Ok((self.signable(tx.digest()), verdict))
    }

    fn signable(&self, digest: B256) -> Signable {
        Signable { digest, key: self.policy.grant().key.clone(), grant: self.id }
    }
}

/// Judges calls on the direct route and makes of them the operation that the session key signs. Who asks often of one
/// grant keeps an [`Authority`].
///
/// # Errors
/// As [`Authority::new`] and [`Authority::calls`].
pub fn authorise(
    grant: &Grant,
    ledger: &Ledger,
    batch: &Batch,
    op: &OpBounds,
    at: &At,
    facts: &Facts,
) -> Result<Authorised, Denial> {
    Authority::new(grant)?.calls(ledger, batch, op, at, facts)
}
