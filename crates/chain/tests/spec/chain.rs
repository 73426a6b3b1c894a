//! An account in revm, in each place where our contracts enforce, whose slots are written as a case wants them.

use alloy_primitives::{Address, B256, Bytes, TxKind, U256, hex, keccak256};
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
use std::collections::{BTreeMap, HashMap};

/// The root of the account's storage (ERC-7201, `hallpass.account.v1`).
fn root() -> U256 {
    let inner = U256::from_be_bytes(keccak256("hallpass.account.v1").0) - U256::from(1);
    U256::from_be_bytes(keccak256(inner.to_be_bytes::<32>()).0) & !U256::from(0xff)
}

fn mapped(key: U256, slot: U256) -> U256 {
    U256::from_be_bytes(keccak256([key.to_be_bytes::<32>(), slot.to_be_bytes()].concat()).0)
}

/// The slot of a meter that is not its grant's first.
fn meter_slot(grant: &Grant, id: u16) -> U256 {
    let salt = U256::from_be_slice(&grant.salt);
    mapped(U256::from(grant.epoch) << 144 | salt << 16 | U256::from(id), root() + U256::from(2))
}

/// A ledger as it is stored in a place. In a module every slot is a mapping by the account besides.
pub fn slots(place: Place, grant: &Grant, id: B256, ledger: &Ledger) -> BTreeMap<U256, U256> {
    let shared = |slot: U256| match place {
        Place::Module => mapped(U256::from_be_slice(grant.account.into_word().as_slice()), slot),
        _ => slot,
    };
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
    let grants = mapped(U256::from_be_bytes(id.0), root() + U256::from(1));
    let mut out = BTreeMap::from([(shared(root()), account), (shared(grants), word)]);
    for meter in grant.meters.iter().skip(1) {
        out.insert(shared(meter_slot(grant, meter.id)), counter(meter.id));
    }
    out.insert(shared(meter_slot(grant, FEE_METER)), counter(FEE_METER));
    let lanes = mapped(U256::from_be_bytes(id.0), root() + U256::from(4));
    for lane in &ledger.lanes {
        let word = U256::from(lane.base) | U256::from(lane.used) << 64;
        out.insert(shared(mapped(U256::from(lane.lane), lanes)), word);
    }
    out
}

/// Gas of a transaction: below the most that one may take (EIP-7825). `HALLPASS_CHAIN_GAS` gives bytecode without the optimiser more:
/// a rule with 255 meters does not fit into one there.
fn gas() -> u64 {
    static GAS: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    *GAS.get_or_init(|| std::env::var("HALLPASS_CHAIN_GAS").map_or(16_000_000, |n| n.parse().unwrap()))
}

/// Where a grant is enforced, and by which route an operation comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// An EOA's delegate, sent to directly.
    Delegated,
    /// The same, by EntryPoint 0.8.
    EntryPoint,
    /// A pocket, sent to directly.
    Pocket,
    /// OpenZeppelin's ERC-7579 account, the module sent to directly.
    Module,
}

impl Place {
    pub const ALL: [Self; 4] = [Self::Delegated, Self::EntryPoint, Self::Pocket, Self::Module];
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

/// What a call came to: `allowed`, or the code; what it returned; and the slots after it.
pub struct After {
    pub word: String,
    pub output: Bytes,
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
    delegate: Artifact,
    pocket: Artifact,
    module: Artifact,
    account7579: Artifact,
    /// Codes of backend and account by place and backend: to look for jump destinations anew costs more than a case.
    known: HashMap<(Place, Address), [Bytecode; 2]>,
    pub key: Key,
}

impl Chain {
    pub fn new() -> Self {
        let read = |name, code| Artifact::parse(name, code).unwrap();
        let evm = Context::mainnet()
            .modify_cfg_chained(|cfg| {
                cfg.set_spec_and_mainnet_gas_params(SpecId::OSAKA);
                cfg.disable_nonce_check = true;
                cfg.tx_chain_id_check = false;
            })
            .with_db(CacheDB::new(EmptyDB::default()))
            .build_mainnet();
        Self {
            evm,
            delegate: read("Hallpass7702", include_str!("../../../../contracts/artifacts/Hallpass7702.json")),
            pocket: read("HallpassPocket", include_str!("../../../../contracts/artifacts/HallpassPocket.json")),
            module: read("HallpassModule", include_str!("../../../../contracts/artifacts/HallpassModule.json")),
            account7579: read("Erc7579Account", include_str!("../../../../contracts/artifacts/Erc7579Account.json")),
            known: HashMap::new(),
            key: Key::new(),
        }
    }

    /// The codes of backend and account.
    fn codes(&mut self, place: Place, grant: &Grant) -> [(Address, Bytecode); 2] {
        let key = (place, grant.backend);
        if !self.known.contains_key(&key) {
            let codes = self.fresh_codes(place, grant.backend).map(Bytecode::new_legacy);
            self.known.insert(key, codes);
        }
        let [backend, account] = self.known[&key].clone();
        [(grant.backend, backend), (grant.account, account)]
    }

    fn fresh_codes(&self, place: Place, backend: Address) -> [Bytes; 2] {
        let at = |artifact: &Artifact| artifact.runtime_at(backend).unwrap();
        match place {
            // As if it were the delegate's own: a delegation to an address of the vectors' may be to none.
            Place::Delegated | Place::EntryPoint => [at(&self.delegate), at(&self.delegate)],
            Place::Pocket => {
                let head = hex!("363d3d373d3d3d363d73");
                let tail = hex!("5af43d82803e903d91602b57fd5bf3");
                let owner = B256::with_last_byte(0x0e);
                let clone = [&head[..], backend.as_slice(), &tail, owner.as_slice()].concat();
                [at(&self.pocket), clone.into()]
            }
            Place::Module => [at(&self.module), at(&self.account7579)],
        }
    }

    /// Sends to where the grant's state is, whose slots are `before`; every address in `targets` takes whatever it is sent.
    pub fn send(
        &mut self,
        place: Place,
        grant: &Grant,
        before: &BTreeMap<U256, U256>,
        targets: &[Address],
        sent: Sent,
    ) -> After {
        let mut db = CacheDB::new(EmptyDB::default());
        for target in targets.iter().filter(|t| **t != sent.from) {
            db.insert_account_info(*target, AccountInfo::from_bytecode(Bytecode::new_legacy([0x00].into())));
        }
        let rich = U256::from(1) << 200;
        for (address, code) in self.codes(place, grant) {
            let info = AccountInfo::from_bytecode(code);
            db.insert_account_info(address, AccountInfo { balance: rich, ..info });
        }
        let holder = if place == Place::Module { grant.backend } else { grant.account };
        for (slot, value) in before {
            db.insert_account_storage(holder, *slot, *value).unwrap();
        }
        if place == Place::Module {
            // In the set of executors, which is the account's second.
            let module = U256::from_be_slice(grant.backend.into_word().as_slice());
            db.insert_account_storage(grant.account, mapped(module, U256::from(3)), U256::from(1)).unwrap();
        }
        *self.evm.ctx.db_mut() = db;
        self.evm.ctx.block.timestamp = U256::from(sent.now);
        self.evm.ctx.cfg.chain_id = sent.chain;
        self.evm.ctx.cfg.tx_gas_limit_cap = Some(gas());
        let tx = TxEnv {
            caller: sent.from,
            kind: TxKind::Call(holder),
            data: sent.data,
            gas_limit: gas(),
            gas_price: 0,
            chain_id: None,
            ..TxEnv::default()
        };
        let done = self.evm.transact(tx).unwrap();
        let (word, output) = match done.result {
            ExecutionResult::Success { output, .. } => ("allowed".to_owned(), output.into_data()),
            ExecutionResult::Revert { output, .. } => (error_code(&output).to_owned(), output),
            ExecutionResult::Halt { reason, .. } => (format!("{reason:?}"), Bytes::new()),
        };
        let mut slots = before.clone();
        if word == "allowed" {
            let changed = &done.state[&holder].storage;
            slots.extend(changed.iter().map(|(slot, value)| (*slot, value.present_value)));
        }
        After { word, output, slots }
    }
}
