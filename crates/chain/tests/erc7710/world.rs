//! The chain: the framework where it stands everywhere, and one account that is delegated to its delegator.

use crate::rng::Rng;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, address, hex, keccak256};
use alloy_sol_types::{SolCall, SolValue};
use hallpass_chain::erc7710::abi::INonceEnforcer;
use hallpass_chain::erc7710::contracts::{ALL, Contract, Known};
use k256::ecdsa::SigningKey;
use revm::bytecode::Bytecode;
use revm::context::result::ExecutionResult;
use revm::context::{ContextTr, TxEnv};
use revm::database::{CacheDB, EmptyDB};
use revm::handler::{MainnetContext, MainnetEvm};
use revm::primitives::hardfork::SpecId;
use revm::state::AccountInfo;
use revm::{Context, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext};

pub const CHAIN: u64 = 31_337;
pub const START: u64 = 1_800_000_000;
/// Contracts whose code is one `STOP`: the first is the token.
pub const TARGETS: [Address; 2] =
    [address!("0x1000000000000000000000000000000000000001"), address!("0x2000000000000000000000000000000000000002")];
const ENTRY_POINT: Address = address!("0x0000000071727De22E5E9d8BAf0edAc6f37da032");
const RICH: U256 = U256::from_limbs([0, 0, 0, 1]);

/// A secp256k1 key and its address.
#[derive(Debug, Clone)]
pub struct Key {
    secret: SigningKey,
    pub address: Address,
}

impl Key {
    pub fn random(rng: &mut Rng) -> Self {
        let secret = SigningKey::from_slice(&rng.bytes::<32>()).unwrap();
        let point = secret.verifying_key().to_encoded_point(false);
        let address = Address::from_slice(&keccak256(&point.as_bytes()[1..])[12..]);
        Self { secret, address }
    }

    pub fn sign(&self, digest: B256) -> Bytes {
        let (signature, parity) = self.secret.sign_prehash_recoverable(digest.as_slice()).unwrap();
        let mut out = signature.to_bytes().to_vec();
        out.push(27 + parity.to_byte());
        out.into()
    }
}

/// The creation code that the package publishes, with its constructor's arguments.
pub fn creation(known: &Known) -> Vec<u8> {
    let path = format!(
        "{}/../../contracts/node_modules/@metamask/delegation-abis/dist/bytecode/{}.mjs",
        env!("CARGO_MANIFEST_DIR"),
        known.name
    );
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|e| panic!("{path}: {e}; `npm ci --prefix contracts` puts the package there"));
    let code = text.split('"').find(|part| part.starts_with("0x")).unwrap();
    let mut code = hex::decode(code).unwrap();
    match known.contract {
        // Its owner stands in storage.
        Contract::Manager => code.extend(Address::with_last_byte(7).abi_encode()),
        Contract::Delegator => code.extend((Contract::Manager.address(), ENTRY_POINT).abi_encode_params()),
        _ => {}
    }
    code
}

/// The runtime code that the creation code leaves at the contract's own address on chain `chain`: it is run there as if it
/// were the contract, and what it returns is what a deployment would store.
pub fn runtime(known: &Known, chain: u64) -> Bytes {
    let mut db = CacheDB::new(EmptyDB::default());
    let init = Bytecode::new_legacy(creation(known).into());
    db.insert_account_info(known.address, AccountInfo::from_bytecode(init));
    let result = evm(db, chain).transact(call(Address::ZERO, known.address, Bytes::new())).unwrap().result;
    assert!(result.is_success(), "{}: {result:?}", known.name);
    result.into_output().unwrap()
}

type Evm = MainnetEvm<MainnetContext<CacheDB<EmptyDB>>>;

fn evm(db: CacheDB<EmptyDB>, chain: u64) -> Evm {
    Context::mainnet()
        .modify_cfg_chained(|cfg| {
            cfg.set_spec_and_mainnet_gas_params(SpecId::OSAKA);
            cfg.disable_nonce_check = true;
            cfg.tx_chain_id_check = false;
            cfg.chain_id = chain;
        })
        .with_db(db)
        .build_mainnet()
}

fn call(from: Address, to: Address, data: Bytes) -> TxEnv {
    TxEnv {
        caller: from,
        kind: TxKind::Call(to),
        data,
        gas_limit: 10_000_000,
        gas_price: 0,
        chain_id: None,
        ..TxEnv::default()
    }
}

/// A chain with the framework on it.
pub struct World {
    evm: Evm,
    pub owner: Key,
}

impl World {
    pub fn new(rng: &mut Rng) -> Self {
        let mut db = CacheDB::new(EmptyDB::default());
        for known in &ALL {
            let code = Bytecode::new_legacy(runtime(known, CHAIN));
            db.insert_account_info(known.address, AccountInfo::from_bytecode(code));
        }
        for target in TARGETS {
            db.insert_account_info(target, AccountInfo::from_bytecode(Bytecode::new_legacy([0x00].into())));
        }
        let mut world = Self { evm: evm(db, CHAIN), owner: Key::random(rng) };
        world.delegate();
        world
    }

    /// A new owner, whose account is delegated.
    pub fn renew(&mut self, rng: &mut Rng) {
        self.owner = Key::random(rng);
        self.delegate();
    }

    fn delegate(&mut self) {
        let code = AccountInfo::from_bytecode(Bytecode::new_eip7702(Contract::Delegator.address()));
        let info = AccountInfo { balance: RICH, nonce: 1, ..code };
        self.evm.ctx.db_mut().insert_account_info(self.owner.address, info);
    }

    /// A transaction at second `now`; what it changes stays. The reason where it reverts.
    pub fn send(&mut self, from: Address, to: Address, data: Bytes, now: u64) -> Result<(), String> {
        self.evm.ctx.block.timestamp = U256::from(now);
        match self.evm.transact_commit(call(from, to, data)).unwrap() {
            ExecutionResult::Success { .. } => Ok(()),
            ExecutionResult::Revert { output, .. } => Err(reason(&output)),
            ExecutionResult::Halt { reason, .. } => panic!("{reason:?}"),
        }
    }

    pub fn view<C: SolCall>(&mut self, to: Address, of: &C) -> C::Return {
        C::abi_decode_returns(&self.ask(to, of.abi_encode().into())).unwrap()
    }

    pub fn ask(&mut self, to: Address, data: Bytes) -> Bytes {
        let result = self.evm.transact(call(Address::ZERO, to, data)).unwrap().result;
        assert!(result.is_success(), "a view failed: {result:?}");
        result.into_output().unwrap_or_default()
    }

    pub fn code(&mut self, at: Address) -> Bytes {
        let info = self.evm.ctx.db_mut().load_account(at).unwrap().info.clone();
        info.code.map_or_else(Bytes::new, |code| code.original_bytes())
    }

    pub fn nonce(&mut self) -> u64 {
        let of = INonceEnforcer::currentNonceCall {
            delegationManager: Contract::Manager.address(),
            delegator: self.owner.address,
        };
        self.view(Contract::Nonce.address(), &of).to()
    }
}

/// `Error(string)`, or the bytes.
fn reason(output: &Bytes) -> String {
    match output.strip_prefix(&hex!("08c379a0")) {
        Some(rest) => String::abi_decode(rest).unwrap(),
        None => output.to_string(),
    }
}
