//! An account of ours in revm, whose slots are written as a case wants them.

use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use hallpass_chain::contracts::{Artifact, error_code};
use hallpass_policy::grant::{FEE_METER, Grant};
use hallpass_policy::{Ledger, Status};
use k256::ecdsa::SigningKey;
use revm::bytecode::Bytecode;
use revm::context::result::ExecutionResult;
use revm::context::{ContextTr, TxEnv};
use revm::database::{CacheDB, EmptyDB};
use revm::handler::{MainnetContext, MainnetEvm};
use revm::primitives::hardfork::SpecId;
use revm::state::AccountInfo;
use revm::{Context, ExecuteEvm, MainBuilder, MainContext};
use std::collections::BTreeMap;

/// The root of the account's storage (ERC-7201, `hallpass.account.v1`).
fn root() -> U256 {
    let inner = U256::from_be_bytes(keccak256("hallpass.account.v1").0) - U256::from(1);
    U256::from_be_bytes(keccak256(inner.to_be_bytes::<32>()).0) & !U256::from(0xff)
}

fn mapped(key: U256, slot: U256) -> U256 {
    U256::from_be_bytes(keccak256([key.to_be_bytes::<32>(), slot.to_be_bytes()].concat()).0)
}

/// The slot of the account's word.
pub fn account_slot() -> U256 {
    root()
}

/// The slot of a grant's word.
pub fn grant_slot(id: B256) -> U256 {
    mapped(U256::from_be_bytes(id.0), root() + U256::from(1))
}

/// The slot of a meter that is not its grant's first.
pub fn meter_slot(grant: &Grant, id: u16) -> U256 {
    let salt = U256::from_be_slice(&grant.salt);
    mapped(U256::from(grant.epoch) << 144 | salt << 16 | U256::from(id), root() + U256::from(2))
}

/// A ledger as the account stores it.
pub fn slots(grant: &Grant, id: B256, ledger: &Ledger) -> BTreeMap<U256, U256> {
    let counter = |meter: u16| {
        let spent = ledger.meters.iter().find(|s| s.meter == meter);
        spent.map_or(U256::ZERO, |s| U256::from(s.window) | U256::from(s.spent) << 32)
    };
    let status = match ledger.status {
        Status::Unknown => 0,
        Status::Active => 1,
        Status::Ended => 2,
    };
    let first = grant.meters.first().map_or(U256::ZERO, |m| counter(m.id));
    let word = U256::from(status) | U256::from(ledger.base) << 8 | U256::from(ledger.used) << 40 | first << 104;
    let account = U256::from(ledger.epoch) | U256::from(ledger.frozen) << 64;
    let mut out = BTreeMap::from([(account_slot(), account), (grant_slot(id), word)]);
    for meter in grant.meters.iter().skip(1) {
        out.insert(meter_slot(grant, meter.id), counter(meter.id));
    }
    out.insert(meter_slot(grant, FEE_METER), counter(FEE_METER));
    out
}

/// The key of every session here.
pub struct Key(SigningKey);

impl Key {
    pub fn new() -> Self {
        Self(SigningKey::from_slice(&[0x5e; 32]).unwrap())
    }

    pub fn address(&self) -> Address {
        let point = self.0.verifying_key().to_encoded_point(false);
        Address::from_slice(&keccak256(&point.as_bytes()[1..])[12..])
    }

    pub fn sign(&self, digest: B256) -> Vec<u8> {
        let (signature, parity) = self.0.sign_prehash_recoverable(digest.as_slice()).unwrap();
        [&signature.to_bytes()[..], &[27 + parity.to_byte()]].concat()
    }
}

/// What a call to the account came to: `allowed`, or the code; and the account's slots after it.
pub struct After {
    pub word: String,
    pub slots: BTreeMap<U256, U256>,
}

/// What is sent to the account, and when.
pub struct Sent {
    pub from: Address,
    pub data: Bytes,
    pub now: u64,
    pub chain: u64,
}

pub struct Chain {
    evm: MainnetEvm<MainnetContext<CacheDB<EmptyDB>>>,
    account: Artifact,
    pub key: Key,
}

impl Chain {
    pub fn new() -> Self {
        let code = include_str!("../../../../contracts/artifacts/Hallpass7702.json");
        let evm = Context::mainnet()
            .modify_cfg_chained(|cfg| {
                cfg.set_spec_and_mainnet_gas_params(SpecId::OSAKA);
                cfg.disable_nonce_check = true;
                cfg.tx_chain_id_check = false;
            })
            .with_db(CacheDB::new(EmptyDB::default()))
            .build_mainnet();
        Self { evm, account: Artifact::parse("Hallpass7702", code).unwrap(), key: Key::new() }
    }

    /// Sends to the grant's account, whose slots are `before`; every address in `targets` takes whatever it is sent.
    pub fn send(&mut self, grant: &Grant, before: &BTreeMap<U256, U256>, targets: &[Address], sent: Sent) -> After {
        let mut db = CacheDB::new(EmptyDB::default());
        for target in targets.iter().filter(|t| **t != sent.from) {
            db.insert_account_info(*target, AccountInfo::from_bytecode(Bytecode::new_legacy([0x00].into())));
        }
        let code = Bytecode::new_legacy(self.account.runtime_at(grant.backend).unwrap());
        let rich = U256::from(1) << 200;
        db.insert_account_info(grant.account, AccountInfo { balance: rich, ..AccountInfo::from_bytecode(code) });
        for (slot, value) in before {
            db.insert_account_storage(grant.account, *slot, *value).unwrap();
        }
        *self.evm.ctx.db_mut() = db;
        self.evm.ctx.block.timestamp = U256::from(sent.now);
        self.evm.ctx.cfg.chain_id = sent.chain;
        let tx = TxEnv {
            caller: sent.from,
            kind: TxKind::Call(grant.account),
            data: sent.data,
            gas_limit: 16_000_000,
            gas_price: 0,
            chain_id: None,
            ..TxEnv::default()
        };
        let done = self.evm.transact(tx).unwrap();
        let word = match done.result {
            ExecutionResult::Success { .. } => "allowed".to_owned(),
            ExecutionResult::Revert { output, .. } => error_code(&output).to_owned(),
            ExecutionResult::Halt { reason, .. } => format!("{reason:?}"),
        };
        let mut slots = before.clone();
        if word == "allowed" {
            let changed = &done.state[&grant.account].storage;
            slots.extend(changed.iter().map(|(slot, value)| (*slot, value.present_value)));
        }
        After { word, slots }
    }
}
