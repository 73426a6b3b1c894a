//! `hallpass:7702` and `hallpass:pocket`.

use crate::keys::Key;
use crate::subject::{Ask, Entry, Subject};
use crate::world::{ENTRY_POINT, Tx, World};
use alloy_primitives::{Address, B256, Bytes, U256, Uint};
use alloy_sol_types::SolCall;
use hallpass_chain::contracts::{IHallpass, IHallpassFactory, Suite};
use hallpass_chain::hallpass::backend::Hallpass;
use hallpass_chain::wire::{self, Opening};
use hallpass_chain::{Backend, Home};
use hallpass_policy::Grant;
use hallpass_policy::eip712::SessionOp;
use hallpass_policy::eval::push_call;

/// Our account in one of its homes.
pub struct Ours {
    name: &'static str,
    backend: Hallpass,
    owner: Key,
    account: Address,
    other: Address,
    /// The factory, for a pocket.
    factory: Option<Address>,
    delegate: Address,
}

impl Ours {
    pub fn delegated() -> Self {
        let suite = Suite::load().unwrap();
        let owner = Key::new(0x11);
        Self {
            name: "hallpass:7702",
            account: owner.address(),
            other: Key::new(0x12).address(),
            delegate: suite.delegate.0,
            factory: None,
            backend: Hallpass::new(suite, Home::Delegated),
            owner,
        }
    }

    pub fn pocket() -> Self {
        let suite = Suite::load().unwrap();
        let owner = Key::new(0x13);
        let home = |index| Home::Pocket { owner: owner.address(), index };
        Self {
            name: "hallpass:pocket",
            account: home(0).account(&suite, owner.address()),
            other: home(1).account(&suite, owner.address()),
            delegate: suite.delegate.0,
            factory: Some(suite.factory.0),
            backend: Hallpass::new(suite, home(0)),
            owner,
        }
    }
}

impl Subject for Ours {
    fn name(&self) -> &'static str {
        self.name
    }

    fn backend(&self) -> &dyn Backend {
        &self.backend
    }

    fn account(&self) -> Address {
        self.account
    }

    fn other(&self) -> Address {
        self.other
    }

    fn stand(&self, world: &mut World) {
        match self.factory {
            None => world.delegate(self.other, self.delegate),
            Some(factory) => {
                // The first is opened by the install step.
                let call = IHallpassFactory::openCall { owner: self.owner.address(), index: U256::from(1) };
                world.send(&Tx::new(self.owner.address(), factory, call.abi_encode()));
            }
        }
        world.fund(self.account);
        world.fund(self.other);
    }

    fn approve(&self, digest: B256) -> Bytes {
        self.owner.sign(digest)
    }

    fn by_account(&self, to: Address, data: Bytes) -> Tx {
        Tx::new(self.account, to, data)
    }

    fn freeze(&self) -> Option<Tx> {
        Some(Tx::new(self.owner.address(), self.account, IHallpass::freezeCall {}.abi_encode()))
    }

    fn op_to_sign(&self, grant: &Grant, ask: &Ask, _: Address) -> Vec<B256> {
        vec![session_op(grant, ask).digest(grant.chain.get(), grant.account)]
    }

    fn op(&self, grant: &Grant, ask: &Ask, caller: Address, _: &[Bytes], signatures: &[Bytes]) -> (Address, Bytes) {
        let wire = wire(grant, ask, caller, &signatures[0]).into();
        (grant.account, IHallpass::executeCall { wire }.abi_encode().into())
    }

    fn entry(&self) -> Option<Entry> {
        Some(Entry { entry_point: ENTRY_POINT, nonce: U256::ZERO, tag: &[1] })
    }
}

/// The operation as it is signed.
pub fn session_op(grant: &Grant, ask: &Ask) -> SessionOp {
    let mut calls = Vec::new();
    for (rule, call) in &ask.calls {
        push_call(*rule, ask.floor, call.value, call.data.get(4..).unwrap_or_default(), &mut calls).unwrap();
    }
    SessionOp {
        grant: grant.id(),
        nonce: U256::from(ask.sequence),
        validFrom: Uint::from(ask.from),
        validUntil: Uint::from(ask.until),
        relayer: ask.relayer,
        maxFee: Uint::ZERO,
        calls: calls.into(),
    }
}

/// The wire of an operation.
pub fn wire(grant: &Grant, ask: &Ask, caller: Address, signature: &[u8]) -> Vec<u8> {
    wire::execute(grant, &session_op(grant, ask), &opening(grant, ask, caller), signature)
}

/// What is opened for it.
pub fn opening(grant: &Grant, ask: &Ask, caller: Address) -> Opening {
    let rules: Vec<u16> = ask.calls.iter().map(|(rule, _)| *rule).collect();
    Opening::needed(grant, &rules, caller)
}
