//! `erc7710`: the Delegation Framework's bytecode.

use crate::keys::Key;
use crate::subject::{Ask, Subject};
use crate::world::{Tx, World};
use alloy_primitives::{Address, B256, Bytes};
use alloy_sol_types::SolStruct;
use hallpass_chain::Backend;
use hallpass_chain::erc7710::contracts::Contract;
use hallpass_chain::erc7710::redeem::{self, Redeemed};
use hallpass_chain::erc7710::{Erc7710, delegation};
use hallpass_policy::Grant;

pub struct Delegated7710 {
    owner: Key,
}

impl Delegated7710 {
    pub fn new() -> Self {
        Self { owner: Key::new(0x15) }
    }
}

impl Subject for Delegated7710 {
    fn name(&self) -> &'static str {
        "erc7710"
    }

    fn backend(&self) -> &dyn Backend {
        &Erc7710
    }

    fn account(&self) -> Address {
        self.owner.address()
    }

    fn other(&self) -> Address {
        Key::new(0x16).address()
    }

    fn stand(&self, world: &mut World) {
        world.delegate(self.other(), Contract::Delegator.address());
        world.fund(self.account());
        world.fund(self.other());
    }

    fn approve(&self, digest: B256) -> Bytes {
        self.owner.sign(digest)
    }

    fn by_account(&self, to: Address, data: Bytes) -> Tx {
        Tx::new(self.account(), to, data)
    }

    fn freeze(&self) -> Option<Tx> {
        None
    }

    fn op_to_sign(&self, grant: &Grant, ask: &Ask, caller: Address) -> Vec<B256> {
        let domain = delegation::domain(grant);
        let leaves = redeem::leaves(grant, &crate::hallpass::session_op(grant, ask), &redeemed(ask), caller);
        leaves.iter().map(|leaf| leaf.eip712_signing_hash(&domain)).collect()
    }

    fn op(
        &self,
        grant: &Grant,
        ask: &Ask,
        caller: Address,
        install: &[Bytes],
        signatures: &[Bytes],
    ) -> (Address, Bytes) {
        let redeemed = redeemed(ask);
        let leaves = redeem::leaves(grant, &crate::hallpass::session_op(grant, ask), &redeemed, caller);
        let leaves: Vec<_> = leaves.into_iter().zip(signatures.iter().cloned()).collect();
        let data = redeem::calldata(grant, &redeemed, install.get(1..).unwrap_or_default(), &leaves);
        (Contract::Manager.address(), data)
    }
}

fn redeemed(ask: &Ask) -> Vec<Redeemed> {
    ask.calls.iter().map(|(rule, call)| Redeemed { rule: usize::from(*rule), call: call.clone() }).collect()
}
