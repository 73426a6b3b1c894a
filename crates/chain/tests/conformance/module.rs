//! `hallpass-7579`, in OpenZeppelin's ERC-7579 account as it stands.
//!
//! Its owner signs by a validator that takes one key, and acts by being one of its executors: both are written to its
//! storage. Our module is then installed as the backend says.

use crate::code;
use crate::hallpass::{session_op, wire};
use crate::keys::Key;
use crate::subject::{Ask, Entry, Subject};
use crate::world::{ENTRY_POINT_09, Tx, World, mapped};
use alloy_primitives::{Address, B256, Bytes, U256, address};
use alloy_sol_types::{SolCall, sol};
use hallpass_chain::Backend;
use hallpass_chain::contracts::{Artifact, IHallpassModule, Suite};
use hallpass_chain::hallpass::module::Module;
use hallpass_policy::Grant;

sol! {
    function executeFromExecutor(bytes32 mode, bytes data) returns (bytes[] memory);
}

/// The validator of both accounts: a module of theirs that is not ours.
pub const VALIDATOR: Address = address!("0x7000000000000000000000000000000000000007");
/// Where the account keeps the place of each validator and of each executor.
const VALIDATORS: u8 = 1;
const EXECUTORS: u8 = 3;

pub struct Modular {
    backend: Module,
    owner: Key,
}

impl Modular {
    pub fn new() -> Self {
        Self { backend: Module::new(Suite::load().unwrap()), owner: Key::new(0x14) }
    }
}

impl Subject for Modular {
    fn name(&self) -> &'static str {
        "hallpass-7579"
    }

    fn backend(&self) -> &dyn Backend {
        &self.backend
    }

    fn account(&self) -> Address {
        address!("0x7100000000000000000000000000000000000071")
    }

    fn other(&self) -> Address {
        address!("0x7200000000000000000000000000000000000072")
    }

    fn stand(&self, world: &mut World) {
        let json = include_str!("../../../../contracts/artifacts/Erc7579Account.json");
        let artifact = Artifact::parse("Erc7579Account", json).unwrap();
        world.place(VALIDATOR, &code::validator(self.owner.address()));
        for account in [self.account(), self.other()] {
            world.place(account, &artifact.runtime_at(account).unwrap());
            world.write(account, mapped(VALIDATOR, VALIDATORS), U256::from(1));
            world.write(account, mapped(self.owner.address(), EXECUTORS), U256::from(1));
            world.fund(account);
        }
        let module = self.backend.contract();
        world.write(self.other(), mapped(module, EXECUTORS), U256::from(1));
        world.write(self.other(), mapped(module, VALIDATORS), U256::from(1));
    }

    fn approve(&self, digest: B256) -> Bytes {
        [VALIDATOR.as_slice(), &self.owner.sign(digest)].concat().into()
    }

    fn by_account(&self, to: Address, data: Bytes) -> Tx {
        let single = [to.as_slice(), &[0; 32], &data].concat();
        let call = executeFromExecutorCall { mode: B256::ZERO, data: single.into() };
        Tx::new(self.owner.address(), self.account(), call.abi_encode())
    }

    fn freeze(&self) -> Option<Tx> {
        Some(self.by_account(self.backend.contract(), IHallpassModule::freezeCall {}.abi_encode().into()))
    }

    fn op_to_sign(&self, grant: &Grant, ask: &Ask, _: Address) -> Vec<B256> {
        vec![session_op(grant, ask).digest(grant.chain.get(), grant.account)]
    }

    fn op(&self, grant: &Grant, ask: &Ask, caller: Address, _: &[Bytes], signatures: &[Bytes]) -> (Address, Bytes) {
        let wire = wire(grant, ask, caller, &signatures[0]).into();
        let call = IHallpassModule::executeCall { account: grant.account, wire };
        (self.backend.contract(), call.abi_encode().into())
    }

    fn entry(&self) -> Option<Entry> {
        // The validator stands in the nonce's first twenty bytes.
        let nonce = U256::from_be_slice(self.backend.contract().as_slice()) << 96_usize;
        Some(Entry { entry_point: ENTRY_POINT_09, nonce, tag: &[] })
    }
}
