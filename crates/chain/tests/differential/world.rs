//! The chain: revm over an in-memory state, our contracts deployed from the committed artifacts by real transactions,
//! one account in each home, and targets that accept anything.

use crate::rng::Rng;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, address, keccak256};
use alloy_sol_types::{SolCall, SolValue};
use hallpass_chain::contracts::{Artifact, IHallpassFactory, error_code};
use k256::ecdsa::SigningKey;
use revm::bytecode::Bytecode;
use revm::context::result::{ExecutionResult, Output};
use revm::context::{ContextTr, TxEnv};
use revm::database::{CacheDB, EmptyDB};
use revm::handler::{MainnetContext, MainnetEvm};
use revm::primitives::hardfork::SpecId;
use revm::state::AccountInfo;
use revm::{Context, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext};

/// The chain of every grant that is not meant for another one.
pub const CHAIN: u64 = 31_337;
/// Contracts whose code is one `STOP`.
pub const TARGETS: [Address; 3] = [
    address!("0x1000000000000000000000000000000000000001"),
    address!("0x2000000000000000000000000000000000000002"),
    address!("0x3000000000000000000000000000000000000003"),
];
/// A contract that reverts with `0xdeadbeef`, whatever it is asked.
pub const REFUSES: Address = address!("0x4000000000000000000000000000000000000004");
const DEPLOYER: Address = address!("0xde00000000000000000000000000000000000000");
/// More than any cap lets out.
const RICH: U256 = U256::from_limbs([0, 0, 0, 1 << 62]);
/// Below the cap of EIP-7825.
pub const GAS: u64 = 15_000_000;

/// A secp256k1 key and its address.
#[derive(Debug, Clone)]
pub struct Key {
    secret: SigningKey,
    pub address: Address,
}

/// The order of secp256k1.
const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

impl Key {
    pub fn random(rng: &mut Rng) -> Self {
        let secret = SigningKey::from_slice(&rng.bytes::<32>()).unwrap();
        let point = secret.verifying_key().to_encoded_point(false);
        let address = Address::from_slice(&keccak256(&point.as_bytes()[1..])[12..]);
        Self { secret, address }
    }

    /// r, s and v; s is low.
    pub fn sign(&self, digest: B256) -> [u8; 65] {
        let (signature, parity) = self.secret.sign_prehash_recoverable(digest.as_slice()).unwrap();
        let mut out = [0; 65];
        out[..64].copy_from_slice(&signature.to_bytes());
        out[64] = 27 + parity.to_byte();
        out
    }
}

/// The other signature of the same digest by the same key: s above half the order.
pub fn high_s(mut signature: [u8; 65]) -> [u8; 65] {
    let s = U256::from_be_slice(&signature[32..64]);
    let order = U256::from_str_radix(ORDER, 16).unwrap();
    signature[32..64].copy_from_slice(&(order - s).to_be_bytes::<32>());
    signature[64] = 27 + 28 - signature[64];
    signature
}

/// An account in one of the two homes.
#[derive(Debug, Clone)]
pub struct Account {
    pub home: &'static str,
    pub at: Address,
    pub backend: Address,
    pub owner: Key,
    /// Mirrors the chain; checked after every step.
    pub epoch: u64,
}

/// What a transaction came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// By its stable code, with the bytes.
    Reverted(&'static str, Bytes),
    Halted(String),
}

impl Outcome {
    /// `allowed`, or the code.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Done => "allowed",
            Self::Reverted(code, _) => code,
            Self::Halted(_) => "halted",
        }
    }
}

/// A chain with both homes on it.
pub struct World {
    evm: MainnetEvm<MainnetContext<CacheDB<EmptyDB>>>,
    pub accounts: [Account; 2],
}

fn artifact(name: &'static str, json: &str) -> Artifact {
    Artifact::parse(name, json).unwrap()
}

impl World {
    pub fn new(rng: &mut Rng) -> Self {
        let mut db = CacheDB::new(EmptyDB::default());
        for target in TARGETS {
            db.insert_account_info(target, AccountInfo::from_bytecode(Bytecode::new_legacy([0x00].into())));
        }
        // PUSH4 deadbeef, PUSH0, MSTORE, PUSH1 4, PUSH1 28, REVERT
        let refuses = [0x63, 0xde, 0xad, 0xbe, 0xef, 0x5f, 0x52, 0x60, 4, 0x60, 28, 0xfd];
        db.insert_account_info(REFUSES, AccountInfo::from_bytecode(Bytecode::new_legacy(refuses.into())));
        let evm = Context::mainnet()
            .modify_cfg_chained(|cfg| {
                cfg.set_spec_and_mainnet_gas_params(SpecId::OSAKA);
                cfg.disable_nonce_check = true;
                cfg.tx_chain_id_check = false;
                cfg.chain_id = CHAIN;
                // What is built without the optimiser is compared too (tools/faults/unoptimized.sh); a chain's limit is held to
                // where the committed bytecode is deployed on one.
                cfg.limit_contract_code_size = Some(usize::MAX);
                cfg.limit_contract_initcode_size = Some(usize::MAX);
                cfg.tx_gas_limit_cap = Some(u64::MAX);
            })
            .with_db(db)
            .build_mainnet();
        let account = |home, owner| Account { home, at: Address::ZERO, backend: Address::ZERO, owner, epoch: 0 };
        let accounts = [account("7702", Key::random(rng)), account("pocket", Key::random(rng))];
        let mut world = Self { evm, accounts };
        world.delegate();
        world.open(U256::from(rng.below(5)));
        world
    }

    /// The first account: its owner's own address, delegated.
    fn delegate(&mut self) {
        let code = include_str!("../../../../contracts/artifacts/Hallpass7702.json");
        let backend = self.deploy(&artifact("Hallpass7702", code), &[]);
        let at = self.accounts[0].owner.address;
        let code = AccountInfo::from_bytecode(Bytecode::new_eip7702(backend));
        self.evm.ctx.db_mut().insert_account_info(at, AccountInfo { balance: RICH, nonce: 1, ..code });
        (self.accounts[0].at, self.accounts[0].backend) = (at, backend);
    }

    /// The second account: a pocket, opened by the factory.
    fn open(&mut self, index: U256) {
        let code = include_str!("../../../../contracts/artifacts/HallpassPocket.json");
        let backend = self.deploy(&artifact("HallpassPocket", code), &[]);
        let code = include_str!("../../../../contracts/artifacts/HallpassFactory.json");
        let factory = self.deploy(&artifact("HallpassFactory", code), &backend.abi_encode());
        let owner = self.accounts[1].owner.address;
        let at = self.view(factory, &IHallpassFactory::pocketOfCall { owner, index });
        let open = IHallpassFactory::openCall { owner, index }.abi_encode();
        assert_eq!(self.send(DEPLOYER, factory, open.into(), 1, CHAIN), Outcome::Done);
        self.evm.ctx.db_mut().load_account(at).unwrap().info.balance = RICH;
        (self.accounts[1].at, self.accounts[1].backend) = (at, backend);
    }

    /// A transaction at second `now` of chain `chain`; what it changes stays.
    pub fn send(&mut self, from: Address, to: Address, data: Bytes, now: u64, chain: u64) -> Outcome {
        self.evm.ctx.block.timestamp = U256::from(now);
        self.evm.ctx.cfg.chain_id = chain;
        match self.evm.transact_commit(call(from, to, data)).unwrap() {
            ExecutionResult::Success { .. } => Outcome::Done,
            ExecutionResult::Revert { output, .. } => Outcome::Reverted(error_code(&output), output),
            ExecutionResult::Halt { reason, .. } => Outcome::Halted(format!("{reason:?}")),
        }
    }

    /// Calls a view function; nothing stays.
    pub fn view<C: SolCall>(&mut self, to: Address, of: &C) -> C::Return {
        C::abi_decode_returns(&self.ask(to, of.abi_encode())).unwrap()
    }

    /// As [`World::view`], in bytes.
    pub fn ask(&mut self, to: Address, data: Vec<u8>) -> Bytes {
        self.evm.ctx.cfg.chain_id = CHAIN;
        let result = self.evm.transact(call(DEPLOYER, to, data.into())).unwrap().result;
        assert!(result.is_success(), "a view failed: {result:?}");
        result.into_output().unwrap_or_default()
    }

    /// Deploys a contract by a transaction of its own.
    pub fn deploy(&mut self, artifact: &Artifact, arguments: &[u8]) -> Address {
        let data = [artifact.bytecode.as_ref(), arguments].concat().into();
        let tx = TxEnv { kind: TxKind::Create, gas_limit: 4 * GAS, ..call(DEPLOYER, Address::ZERO, data) };
        match self.evm.transact_commit(tx).unwrap() {
            ExecutionResult::Success { output: Output::Create(_, Some(address)), .. } => address,
            other => panic!("a contract was not deployed: {other:?}"),
        }
    }
}

fn call(from: Address, to: Address, data: Bytes) -> TxEnv {
    TxEnv {
        caller: from,
        kind: TxKind::Call(to),
        data,
        gas_limit: GAS,
        gas_price: 0,
        chain_id: None,
        ..TxEnv::default()
    }
}
