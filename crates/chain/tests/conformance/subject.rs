//! What a case asks of a backend: where its accounts are, what its owner and its honest clients send.

use crate::delegation::Delegated7710;
use crate::hallpass::Ours;
use crate::module::Modular;
use crate::world::{Tx, World};
use alloy_primitives::{Address, B256, Bytes, U256};
use core::fmt;
use hallpass_chain::Backend;
use hallpass_chain::backend::Refusal;
use hallpass_policy::{Call, Grant};

/// How an operation comes to the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    Direct,
    EntryPoint,
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct => "direct",
            Self::EntryPoint => "ep08",
        })
    }
}

/// An operation, honest or not.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The rule that each call names.
    pub calls: Vec<(u16, Call)>,
    /// The gas floor of each.
    pub floor: u32,
    pub from: u64,
    pub until: u64,
    /// By an EntryPoint it is the nonce's key.
    pub sequence: u64,
    pub relayer: Address,
}

/// Where an account's user operations go.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    pub entry_point: Address,
    /// The nonce, but for what an operation puts into its key.
    pub nonce: U256,
    /// Before the wire.
    pub tag: &'static [u8],
}

/// A backend in use.
pub trait Subject {
    fn name(&self) -> &'static str;
    fn backend(&self) -> &dyn Backend;
    fn account(&self) -> Address;
    /// Another account of the same kind, and of the same owner where an owner can have two.
    fn other(&self) -> Address;
    /// Puts both accounts on the chain, as far as their owners do that without the backend.
    fn stand(&self, world: &mut World);
    /// The owner's signature for the account, as it takes it.
    fn approve(&self, digest: B256) -> Bytes;
    /// The account itself makes a call.
    fn by_account(&self, to: Address, data: Bytes) -> Tx;
    /// The owner freezes the account, where it can be frozen.
    fn freeze(&self) -> Option<Tx>;
    /// What is to be signed for an operation on the direct route.
    fn op_to_sign(&self, grant: &Grant, ask: &Ask, caller: Address) -> Vec<B256>;
    /// What is then sent; `install` are the owner's signatures.
    fn op(
        &self,
        grant: &Grant,
        ask: &Ask,
        caller: Address,
        install: &[Bytes],
        signatures: &[Bytes],
    ) -> (Address, Bytes);
    /// The EntryPoint's route.
    fn entry(&self) -> Option<Entry> {
        None
    }
}

/// Every subject on every route that it has.
pub fn all() -> Vec<(Box<dyn Subject>, Route)> {
    let subjects: [fn() -> Box<dyn Subject>; 4] = [
        || Box::new(Ours::delegated()),
        || Box::new(Ours::pocket()),
        || Box::new(Modular::new()),
        || Box::new(Delegated7710::new()),
    ];
    let mut out = Vec::new();
    for make in subjects {
        out.push((make(), Route::Direct));
        if make().entry().is_some() {
            out.push((make(), Route::EntryPoint));
        }
    }
    out
}

/// A case that a backend cannot hold, by the code with which it says so.
#[derive(Debug)]
pub enum Unsupported {
    /// Nothing is signed.
    Refused(Refusal),
    /// It is on the card, or there is nothing that the case could be about.
    Says(&'static str),
}

impl Unsupported {
    /// The backend's code; where it gives several reasons, the first.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.reasons().first().map_or(refusal.code(), |reason| reason.code),
            Self::Says(code) => code,
        }
    }
}
