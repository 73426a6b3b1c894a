//! What is asked of the signer, and what it answers.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use hallpass_policy::eval::AppAction;
use hallpass_policy::message::Message;
use hallpass_policy::transaction::Transaction;
use hallpass_policy::{Batch, Cost, Denial, EntryPoint, Facts, Ledger, Paymaster, UserOpGas};
use hallpass_session::{ChainView, EntryKey, Lane, Reservation};
use hallpass_store::StoreError;
use hallpass_types::{ChainId, IdempotencyKey, SessionId};
use hallpass_vault::SignError;
use std::sync::Arc;

/// A request for one signature, or for one action that is only counted.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The session.
    pub session: SessionId,
    /// Sent again with the same key, the request is answered by the same operation.
    pub idempotency: IdempotencyKey,
    /// What is wanted.
    pub wanted: Wanted,
    /// What was last seen of the grant on chain; for a grant without a contract, [`ChainView::uncounted`].
    pub view: Arc<ChainView>,
    /// What is known of the world.
    pub facts: Facts,
    /// Judge, and reserve nothing.
    pub dry_run: bool,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// An operation of the account, on the direct route; with the sequence that the caller wants, or the next free one; to
    /// be sent by whom the caller names, where the grant leaves that open, or by our relayer.
    Calls(Batch, Option<u32>, Option<Address>),
    /// Calls of the account that an EntryPoint carries.
    UserOp(Box<WantedUserOp>),
    /// A typed message, signed for the key alone.
    Message(Message),
    /// A plain transaction of the key's own account.
    Transaction(Transaction),
    /// An action inside an app: counted, and nothing is signed.
    App(AppAction),
}

/// A user operation, as far as its asker has a say. Calldata, nonce and hash are made from this here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedUserOp {
    /// The calls.
    pub batch: Batch,
    /// Who carries it.
    pub entry_point: EntryPoint,
    /// Which of the grant's counters there.
    pub lane: Lane,
    /// The number: one that is still out has this operation take its place; the next free one where absent.
    pub sequence: Option<u32>,
    /// Gas and prices.
    pub gas: UserOpGas,
    /// Who pays; `None` for the account.
    pub paymaster: Option<Paymaster>,
}

impl WantedUserOp {
    /// Its counter, for a session of `grant`.
    #[must_use]
    pub fn counter(&self, grant: B256) -> EntryKey {
        EntryKey::new(self.entry_point, grant, self.lane)
    }
}

/// What the operator fixes for all sessions.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The chain.
    pub chain: ChainId,
    /// Who sends operations of grants that leave it open: nobody else can then land them first, or with gas of their
    /// choosing.
    pub relayer: Address,
}

/// What became of a request.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The policy denied it; nothing was reserved.
    Denied {
        /// Why.
        denial: Denial,
        /// What it was judged against: everything signed counted as executed.
        ledger: Ledger,
    },
    /// It would be allowed; nothing was reserved.
    Allowed {
        /// The rule that allowed each call.
        rules: Vec<u16>,
        /// What it would cost.
        costs: Vec<Cost>,
        /// What it was judged against.
        ledger: Ledger,
    },
    /// It is reserved, and signed where there is something to sign.
    Signed(Box<Signed>),
    /// It was asked for before, and is past signing: sent, spent or released.
    Earlier(Box<Reservation>),
}

/// A durable reservation, and its signature.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The reservation.
    pub reservation: Reservation,
    /// Of the reservation's digest: 65 bytes for secp256k1. `None` for an action inside an app.
    pub signature: Option<Bytes>,
    /// The rule that allowed each call.
    pub rules: Vec<u16>,
    /// What stood before it, with everything signed earlier counted as executed.
    pub ledger: Ledger,
}

/// Why there is no answer. Nothing was signed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AskError {
    /// There is no such session.
    #[error("there is no such session")]
    UnknownSession,
    /// Its key is held outside the vault.
    #[error("this session's key is held outside, so only its holder can sign")]
    KeyOutside,
    /// The idempotency key came with another request before.
    #[error("this idempotency key was used for another request")]
    OtherRequest,
    /// The wanted sequence would kill others that are still out.
    #[error("the next free sequence is {0}")]
    SequenceTooFar(u32),
    /// No sequence is free now.
    #[error("64 operations of this session are out, or its sequence numbers are used up")]
    TooManyInFlight,
    /// Nobody has read the EntryPoint's counter.
    #[error("the EntryPoint's counter of the account was not read")]
    NoCounter,
    /// What was reserved may no longer be signed.
    #[error("the reserved operation can no longer be signed: {0}")]
    Dead(Denial),
    /// The chain's clock and ours differ too much.
    #[error("the chain's clock runs far ahead of this server's")]
    Clock,
    /// What is stored cannot be read.
    #[error("what is stored of this session cannot be read: {0}")]
    Corrupt(String),
    /// Nothing could be made durable.
    #[error("the store did not take it, so nothing was signed: {0}")]
    NotDurable(String),
    /// The vault refused.
    #[error("{0}")]
    Vault(SignError),
    /// The server is stopping.
    #[error("the signer has stopped")]
    Stopped,
}

impl AskError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownSession => "not_found",
            Self::KeyOutside => "key_outside",
            Self::OtherRequest => "idempotency_conflict",
            Self::SequenceTooFar(_) => "sequence_too_far",
            Self::TooManyInFlight => "too_many_in_flight",
            Self::NoCounter => "counter_unread",
            Self::Dead(denial) => denial.code.as_str(),
            Self::Clock => "clock_mismatch",
            Self::Corrupt(_) => "corrupt_row",
            Self::NotDurable(_) => "not_durable",
            Self::Vault(error) => error.code(),
            Self::Stopped => "stopped",
        }
    }
}

impl From<StoreError> for AskError {
    /// Of a reading; where a writing fails, the whole batch does.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::OtherRequest => Self::OtherRequest,
            StoreError::CorruptRow { .. } | StoreError::DataDeleted => Self::Corrupt(error.to_string()),
            other => Self::NotDurable(in_full(&other)),
        }
    }
}

/// A failure and what it came from, down to the disk: the operator must know whether it is full, broken, or wants the store
/// opened again.
pub(crate) fn in_full(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut below = core::error::Error::source(error);
    while let Some(cause) = below {
        text = format!("{text}: {cause}");
        below = cause.source();
    }
    text
}

impl Wanted {
    /// What makes two requests the same.
    #[must_use]
    pub fn hash(&self) -> B256 {
        let mut bytes = Vec::new();
        match self {
            Self::Calls(batch, sequence, relayer) => {
                bytes.push(0);
                bytes.extend(batch.chain.get().to_be_bytes());
                bytes.extend(sequence.map(u32::to_be_bytes).into_iter().flatten());
                bytes.extend(relayer.iter().flatten());
                calls(batch, &mut bytes);
            }
            Self::Message(message) => {
                bytes.push(1);
                bytes.extend(message.digest().unwrap_or_default());
            }
            Self::Transaction(tx) => {
                bytes.push(2);
                bytes.extend(tx.digest());
            }
            Self::App(action) => {
                bytes.push(3);
                bytes.extend(format!("{action:?}").bytes());
            }
            Self::UserOp(op) => {
                bytes.push(4);
                bytes.extend(op.batch.chain.get().to_be_bytes());
                bytes.extend([op.entry_point.route(), op.lane.get(), u8::from(op.sequence.is_some())]);
                bytes.extend(op.sequence.unwrap_or_default().to_be_bytes());
                let UserOpGas { call, verification, pre_verification, max_fee, max_priority_fee } = op.gas;
                for figure in [call, verification, pre_verification, max_fee, max_priority_fee] {
                    bytes.extend(figure.to_be_bytes());
                }
                bytes.push(u8::from(op.paymaster.is_some()));
                if let Some(Paymaster { address, verification_gas, post_op_gas, data }) = &op.paymaster {
                    bytes.extend(address);
                    bytes.extend(verification_gas.to_be_bytes());
                    bytes.extend(post_op_gas.to_be_bytes());
                    bytes.extend(keccak256(data));
                }
                calls(&op.batch, &mut bytes);
            }
        }
        keccak256(bytes)
    }
}

fn calls(batch: &Batch, bytes: &mut Vec<u8>) {
    for call in &batch.calls {
        bytes.extend(call.to);
        bytes.extend(call.value.to_be_bytes::<{ U256::BYTES }>());
        bytes.extend(keccak256(&call.data));
    }
}
