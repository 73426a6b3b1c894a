//! Budget held for one operation: Reserved -> Signed -> Submitted -> Spent | Released.
//!
//! A reservation is durable before its operation is signed, and is let go only when its signature is dead at a final
//! block. A wall clock or an unfinal block never releases: [`Reservation::settle`] is the only way out, and takes a
//! [`FinalView`].

use crate::Counter;
use alloy_primitives::{B256, Bytes};
use hallpass_policy::Cost;
use hallpass_types::{GrantId, IdempotencyKey, ReservationId, SessionId, UnixSeconds};
use serde::{Deserialize, Serialize};

/// What is held for one operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reservation {
    /// Its id.
    pub id: ReservationId,
    /// The key session that signs.
    pub session: SessionId,
    /// The grant it counts against.
    pub grant: GrantId,
    /// What the caller sent so that a retry finds this reservation.
    pub idempotency: IdempotencyKey,
    /// The hash of the caller's request; the same key with another hash is refused.
    pub request_hash: B256,
    /// How it reaches the chain.
    pub route: Route,
    /// The encoded operation, opaque here.
    pub op: Bytes,
    /// What is signed.
    pub digest: B256,
    /// The number that it uses; operations may share one, then at most one of them executes.
    pub sequence: u32,
    /// What counts it: an EntryPoint's on [`Route::EntryPoint`], on all others its own. Rows from before do not say.
    #[serde(default, skip_serializing_if = "Counter::is_own")]
    pub counter: Counter,
    /// Inclusive start of the signature's life.
    pub valid_from: UnixSeconds,
    /// Exclusive end of it; without meaning on [`Route::Plain`].
    pub valid_until: UnixSeconds,
    /// What it charges if it executes. Entries for one meter and window add up.
    pub costs: Vec<Cost>,
    /// Where it stands.
    pub state: ReservationState,
}

/// How an operation reaches the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// A `SessionOp` sent to the account.
    Direct,
    /// A user operation through an ERC-4337 EntryPoint.
    EntryPoint,
    /// A plain transaction, which has no end of validity: only its nonce's use ends it.
    Plain,
    /// A message that the key signs for itself, or an action inside an app: no chain tells what becomes of it, so it is
    /// counted for good as it is made.
    Bare,
}

/// Where a reservation stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ReservationState {
    /// Held. A signature may exist all the same: a crash may fall between signing and noting it.
    Reserved,
    /// A signature exists.
    Signed {
        /// The signature.
        signature: Bytes,
    },
    /// Sent. What a block says before it is final changes nothing here.
    Submitted {
        /// The signature.
        signature: Bytes,
        /// Every transaction that carries it, oldest first, each once.
        txs: Vec<B256>,
    },
    /// Counted for good: on [`Route::Bare`], and on [`Route::Plain`] once the nonce is used. A signature may exist. Terminal.
    Counted,
    /// Executed, at a final block. Terminal.
    Spent {
        /// The final block at which that was read.
        block: FinalBlock,
    },
    /// Can never execute any more. Terminal.
    Released {
        /// Why not.
        why: Release,
        /// The final block at which that was read.
        block: FinalBlock,
    },
}

/// A block that is final: the RPC's `finalized` tag, or the configured depth. Only a finality reader makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinalBlock {
    /// Its number.
    pub number: u64,
    /// Its timestamp.
    pub time: UnixSeconds,
}

/// Why a signature is dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Release {
    /// Another operation used its nonce.
    NonceUsed,
    /// Its sequence fell below the grant's base, unexecuted.
    BelowBase,
    /// The grant ended.
    GrantEnded,
    /// The account's epoch moved.
    EpochMoved,
    /// A final block's time reached `valid_until` with the nonce unused.
    Expired,
}

impl Release {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NonceUsed => "nonce_used",
            Self::BelowBase => "below_base",
            Self::GrantEnded => "grant_ended",
            Self::EpochMoved => "epoch_moved",
            Self::Expired => "expired",
        }
    }
}

/// What one final block says of one operation. All of it is read at that block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FinalView {
    /// The block.
    pub block: FinalBlock,
    /// The operation's nonce.
    pub nonce: NonceState,
    /// The grant.
    pub grant: GrantState,
}

/// What became of a nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NonceState {
    /// Not used. A revert on the direct route leaves it so.
    Unused,
    /// Used, by the operation with this digest; on the EntryPoint route also where that operation failed, and for a
    /// plain transaction also where it reverted.
    UsedBy(B256),
    /// Below the grant's base, and no operation has used it.
    BelowBase,
}

/// What became of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantState {
    /// Installed, or not installed yet: its operations may still execute.
    Live,
    /// Ended.
    Ended,
    /// The account's epoch is past the grant's.
    EpochMoved,
}

impl Reservation {
    /// Whether its operation may still execute, as far as final blocks have told.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        matches!(
            self.state,
            ReservationState::Reserved | ReservationState::Signed { .. } | ReservationState::Submitted { .. }
        )
    }

    /// Whether it will never cost anything.
    #[must_use]
    pub const fn is_released(&self) -> bool {
        matches!(self.state, ReservationState::Released { .. })
    }

    /// Whether its sequence may be given to another operation: released with the nonce unused, by time alone.
    #[must_use]
    pub const fn is_reusable(&self) -> bool {
        matches!(self.state, ReservationState::Released { why: Release::Expired, .. })
    }

    /// Answers a retry: the caller gets this reservation for the same request.
    ///
    /// # Errors
    /// [`SettleError::OtherRequest`] where the key came with another request.
    pub fn same_request(&self, request_hash: B256) -> Result<&Self, SettleError> {
        if self.request_hash == request_hash { Ok(self) } else { Err(SettleError::OtherRequest) }
    }

    /// `Reserved -> Signed`. Signing again is allowed with the same signature alone.
    ///
    /// # Errors
    /// [`SettleError::NotAllowed`] from any other state.
    pub fn signed(self, signature: Bytes) -> Result<Self, SettleError> {
        match &self.state {
            ReservationState::Reserved => Ok(Self { state: ReservationState::Signed { signature }, ..self }),
            ReservationState::Signed { signature: old } if *old == signature => Ok(self),
            _ => Err(SettleError::NotAllowed),
        }
    }

    /// `Signed | Submitted -> Submitted`, with one more transaction; one already noted changes nothing.
    ///
    /// # Errors
    /// [`SettleError::NotAllowed`] from any other state.
    pub fn submitted(self, tx: B256) -> Result<Self, SettleError> {
        let (signature, mut txs) = match self.state {
            ReservationState::Signed { signature } => (signature, Vec::new()),
            ReservationState::Submitted { signature, txs } => (signature, txs),
            _ => return Err(SettleError::NotAllowed),
        };
        if !txs.contains(&tx) {
            txs.push(tx);
        }
        Ok(Self { state: ReservationState::Submitted { signature, txs }, ..self })
    }

    /// Counted for good, for a transaction whose nonce was used: no chain has a counter for it, so ours has it from here on.
    ///
    /// # Errors
    /// [`SettleError::NotAllowed`] on any other route, or where it is already settled.
    pub fn count(self) -> Result<Self, SettleError> {
        if self.route == Route::Plain && self.is_live() {
            Ok(Self { state: ReservationState::Counted, ..self })
        } else {
            Err(SettleError::NotAllowed)
        }
    }

    /// Moves it by what a final block says; unchanged where the operation may still execute.
    ///
    /// Execution is judged first: an operation that executed before its grant ended is spent, not released.
    ///
    /// # Errors
    /// [`SettleError::NotAllowed`] where it is already spent or released.
    pub fn settle(self, view: FinalView) -> Result<Self, SettleError> {
        if !self.is_live() {
            return Err(SettleError::NotAllowed);
        }
        let FinalView { block, nonce, grant } = view;
        let over = self.route != Route::Plain && block.time >= self.valid_until;
        let why = match (nonce, grant) {
            (NonceState::UsedBy(digest), _) if digest == self.digest => {
                return Ok(Self { state: ReservationState::Spent { block }, ..self });
            }
            (NonceState::UsedBy(_), _) => Release::NonceUsed,
            (NonceState::BelowBase, _) if self.route != Route::Plain => Release::BelowBase,
            // No contract judges a plain transaction, so a grant's end does not kill it.
            (_, GrantState::Ended) if self.route != Route::Plain => Release::GrantEnded,
            (_, GrantState::EpochMoved) if self.route != Route::Plain => Release::EpochMoved,
            _ if over => Release::Expired,
            _ => return Ok(self),
        };
        Ok(Self { state: ReservationState::Released { why, block }, ..self })
    }
}

/// Why a reservation did not move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SettleError {
    /// The state has no such way out.
    #[error("the reservation is not in a state that allows this")]
    NotAllowed,
    /// The idempotency key came with another request.
    #[error("this idempotency key was used for another request; take a new one")]
    OtherRequest,
}

impl SettleError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotAllowed => "transition_not_allowed",
            Self::OtherRequest => "idempotency_conflict",
        }
    }
}

#[cfg(test)]
#[path = "reservation_tests.rs"]
pub(crate) mod tests;
