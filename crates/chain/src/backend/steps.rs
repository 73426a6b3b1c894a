//! What is signed and what is sent, as values.

use super::card::{Card, Finding};
use alloy_primitives::{Address, B256, Bytes, U256};
use hallpass_policy::Grant;
use serde_json::{Value, json};

/// What a grant goes through on a chain.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// It becomes active.
    Install,
    /// It ends and the other begins, in one step that carries its counters.
    Replace(&'a Grant),
    /// It ends for good.
    End(Ender),
    /// Every grant of its epoch ends.
    MoveEpoch,
}

/// Who ends a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ender {
    /// The account's owner.
    Owner,
    /// The key that the grant names.
    Key,
    /// The session key, which gives up its own grant.
    Session,
}

/// Who signs, or who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// Anyone; what is sent says by itself who stands behind it.
    Anyone,
    /// The account's owner.
    Owner,
    /// The account itself, so that its owner makes the call from it.
    Account(Address),
    /// The session key.
    SessionKey,
    /// The key that may end the grant.
    Ender,
    /// This address alone.
    Only(Address),
}

impl Party {
    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::Owner => "owner",
            Self::Account(_) => "account",
            Self::SessionKey => "session_key",
            Self::Ender => "ender",
            Self::Only(_) => "only",
        }
    }
}

/// Something to sign.
#[derive(Debug, Clone, PartialEq)]
pub struct ToSign {
    /// Whose signature it takes.
    pub by: Party,
    /// What it is: `grant`, `delegation`, `end`, `epoch`, `op`.
    pub what: &'static str,
    /// As `eth_signTypedData_v4` takes it.
    pub typed: Value,
    /// Its EIP-712 digest.
    pub digest: B256,
}

impl ToSign {
    /// As JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({ "by": self.by.name(), "what": self.what, "digest": self.digest, "typedData": self.typed })
    }
}

/// Something to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Who may send it.
    pub by: Party,
    /// Where to.
    pub to: Address,
    /// Wei.
    pub value: U256,
    /// Calldata.
    pub data: Bytes,
    /// What it does, in a few words.
    pub does: &'static str,
}

/// What a backend has to know of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// The code at an address.
    Code(Address),
    /// What a view answers.
    View(Address, Bytes),
}

/// Whether an account stands ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// The contracts are the right ones.
    Yes,
    /// An EOA that has yet to delegate: the owner signs an EIP-7702 authorization.
    NeedsDelegation,
    /// A pocket that is opened together with its first grant.
    NeedsOpening,
}

/// What stands on the chain is not what the backend needs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{says}")]
pub struct NotReady {
    /// The stable code.
    pub code: &'static str,
    /// One sentence.
    pub says: String,
}

/// Why nothing is signed or sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The backend cannot hold the grant: each reason, with its rule.
    #[error("{} cannot hold this grant: {}", .0.backend, list(.0))]
    Unsupported(Box<Card>),
    /// A step that this backend does not have.
    #[error("{1}")]
    NoStep(&'static str, String),
    /// Other signatures than were asked for.
    #[error("{needed} signatures are needed, in the order of what is to be signed; {given} were given")]
    Signatures {
        /// How many.
        needed: usize,
        /// How many were given.
        given: usize,
    },
}

fn list(card: &Card) -> String {
    let each: Vec<String> = card.unsupported().iter().map(|f| format!("{}: {} [{}]", f.at, f.says, f.code)).collect();
    each.join("; ")
}

impl Refusal {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unsupported(_) => "unsupported",
            Self::NoStep(code, _) => code,
            Self::Signatures { .. } => "bad_signatures",
        }
    }

    /// The reasons, for [`Refusal::Unsupported`].
    #[must_use]
    pub fn reasons(&self) -> Vec<&Finding> {
        match self {
            Self::Unsupported(card) => card.unsupported(),
            _ => Vec::new(),
        }
    }

    pub(crate) const fn count(needed: usize, given: &[Bytes]) -> Result<(), Self> {
        if needed == given.len() { Ok(()) } else { Err(Self::Signatures { needed, given: given.len() }) }
    }
}

/// What an owner is asked to sign, read back.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The grant.
    pub grant: Grant,
    /// What stands beside it, in words made of its own bytes.
    pub beside: Vec<Line>,
}

/// One line of a reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The rule it is about.
    pub rule: usize,
    /// One sentence.
    pub text: String,
}

/// Bytes that this backend would not have made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("what was given cannot be read: {0}")]
pub struct Unreadable(pub String);

impl Unreadable {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "unreadable"
    }
}
