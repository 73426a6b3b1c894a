//! The chain: every contract where it stands, in a state that is copied for each case.

use crate::code;
use crate::framework;
use alloy_primitives::{Address, B256, Bytes, Log, TxKind, U256, address, hex, keccak256};
use alloy_sol_types::SolCall;
use hallpass_chain::contracts::{Artifact, CREATE2_DEPLOYER, IERC20, Suite};
use hallpass_chain::erc7710::contracts::ALL;
use revm::bytecode::Bytecode;
use revm::context::result::{ExecutionResult, HaltReason, Output};
use revm::context::{ContextTr, TxEnv};
use revm::database::{AccountState, CacheDB, EmptyDB};
use revm::handler::{MainnetContext, MainnetEvm};
use revm::primitives::hardfork::SpecId;
use revm::state::AccountInfo;
use revm::{Context, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext};

pub const CHAIN: u64 = framework::CHAIN;
/// EntryPoint 0.8, and the place of 0.9, which OpenZeppelin's account trusts: the code of 0.8 stands there too.
pub const ENTRY_POINT: Address = address!("0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108");
pub const ENTRY_POINT_09: Address = address!("0x433709009B8330FDa32311DF1C2AFA402eD8D009");
/// Below the cap of EIP-7825.
pub const GAS: u64 = 15_000_000;
const DEPLOYER: Address = address!("0xde00000000000000000000000000000000000000");
const RICH: U256 = U256::from_limbs([0, 0, 1, 0]);
/// The deterministic deployment proxy.
const PROXY: [u8; 69] = hex!(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
);

/// A transaction.
#[derive(Debug, Clone)]
pub struct Tx {
    pub from: Address,
    pub to: Address,
    pub data: Bytes,
    pub gas: u64,
}

impl Tx {
    pub fn new(from: Address, to: Address, data: impl Into<Bytes>) -> Self {
        Self { from, to, data: data.into(), gas: GAS }
    }
}

/// What a transaction came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Done(Vec<Log>),
    Reverted(Bytes),
    OutOfGas,
}

/// A chain.
#[derive(Debug, Clone)]
pub struct World {
    db: CacheDB<EmptyDB>,
    pub suite: Suite,
    /// An ERC-20, all of which the accounts have.
    pub token: Address,
    pub now: u64,
    pub chain: u64,
}

type Evm = MainnetEvm<MainnetContext<CacheDB<EmptyDB>>>;

fn artifact(name: &'static str, json: &str) -> Artifact {
    Artifact::parse(name, json).unwrap()
}

impl World {
    pub fn new() -> Self {
        let suite = Suite::load().unwrap();
        let mut world =
            Self { db: CacheDB::new(EmptyDB::default()), suite, token: Address::ZERO, now: 1, chain: CHAIN };
        world.place(CREATE2_DEPLOYER, &PROXY);
        let suite = world.suite.clone();
        let pocket = suite.pocket.0.into_word();
        for ((at, artifact), arguments) in [
            (&suite.delegate, &[][..]),
            (&suite.pocket, &[]),
            (&suite.factory, pocket.as_slice()),
            (&suite.module, &[]),
        ] {
            let made = world.send(&Tx::new(DEPLOYER, CREATE2_DEPLOYER, artifact.deploy_data(arguments)));
            assert!(matches!(made, Outcome::Done(_)), "{made:?}");
            assert!(!world.code(*at).is_empty(), "nothing stands at {at}");
        }
        let token = artifact("ArenaToken", include_str!("../../../../contracts/artifacts/ArenaToken.json"));
        let supply = B256::from(U256::from(1) << 100_usize);
        world.token = world.create(&[token.bytecode.as_ref(), supply.as_slice()].concat());
        for at in [ENTRY_POINT, ENTRY_POINT_09] {
            world.entry_point(at);
        }
        for known in &ALL {
            world.place(known.address, &framework::runtime(known, CHAIN));
        }
        world
    }

    /// Has an account own tokens and coin.
    pub fn fund(&mut self, account: Address) {
        let call = IERC20::transferCall { to: account, amount: U256::from(1) << 64_usize };
        let done = self.send(&Tx::new(DEPLOYER, self.token, call.abi_encode()));
        assert!(matches!(done, Outcome::Done(_)), "{done:?}");
        let account = self.db.load_account(account).unwrap();
        account.info.balance = RICH;
        if account.account_state == AccountState::NotExisting {
            account.account_state = AccountState::None;
        }
    }

    /// Puts code at an address.
    pub fn place(&mut self, at: Address, code: &[u8]) {
        let code = Bytecode::new_legacy(Bytes::copy_from_slice(code));
        self.insert(at, code);
    }

    /// Has the account of a key delegate (EIP-7702).
    pub fn delegate(&mut self, account: Address, to: Address) {
        self.insert(account, Bytecode::new_eip7702(to));
    }

    fn insert(&mut self, at: Address, code: Bytecode) {
        let account = self.db.load_account(at).unwrap();
        let balance = account.info.balance;
        account.info = AccountInfo { balance, nonce: 1, ..AccountInfo::from_bytecode(code) };
        if account.account_state == AccountState::NotExisting {
            account.account_state = AccountState::None;
        }
        let (hash, code) = (account.info.code_hash, account.info.code.clone().unwrap());
        self.db.cache.contracts.insert(hash, code);
    }

    pub fn code(&mut self, at: Address) -> Bytes {
        let info = self.db.load_account(at).unwrap().info.clone();
        let code = info.code.or_else(|| self.db.cache.contracts.get(&info.code_hash).cloned());
        code.map_or_else(Bytes::new, |code| code.original_bytes())
    }

    pub fn slot(&mut self, at: Address, slot: U256) -> U256 {
        self.db.load_account(at).unwrap().storage.get(&slot).copied().unwrap_or_default()
    }

    pub fn write(&mut self, at: Address, slot: U256, value: U256) {
        self.db.insert_account_storage(at, slot, value).unwrap();
    }

    pub fn balance(&mut self, of: Address) -> U256 {
        self.view(self.token, &IERC20::balanceOfCall { account: of })
    }

    /// Sends; what it changes stays.
    pub fn send(&mut self, tx: &Tx) -> Outcome {
        let mut evm = self.evm();
        let result = evm.transact_commit(env(tx, TxKind::Call(tx.to))).unwrap();
        self.db = evm.ctx.db_mut().clone();
        outcome(result)
    }

    /// What a view answers; nothing stays.
    pub fn view<C: SolCall>(&mut self, to: Address, of: &C) -> C::Return {
        C::abi_decode_returns(&self.ask(to, of.abi_encode().into()).unwrap()).unwrap()
    }

    /// As [`World::view`], in bytes; none where it reverts.
    pub fn ask(&mut self, to: Address, data: Bytes) -> Option<Bytes> {
        let result = self.evm().transact(env(&Tx::new(DEPLOYER, to, data), TxKind::Call(to))).unwrap().result;
        result.is_success().then(|| result.into_output().unwrap_or_default())
    }

    fn create(&mut self, code: &[u8]) -> Address {
        let mut evm = self.evm();
        let tx = env(&Tx::new(DEPLOYER, Address::ZERO, code.to_vec()), TxKind::Create);
        let result = evm.transact_commit(tx).unwrap();
        self.db = evm.ctx.db_mut().clone();
        match result {
            ExecutionResult::Success { output: Output::Create(_, Some(address)), .. } => address,
            other => panic!("a contract was not deployed: {other:?}"),
        }
    }

    /// The package's EntryPoint: its creation code runs as if it stood at `at`, and what it returns is then the code there.
    fn entry_point(&mut self, at: Address) {
        let path = format!(
            "{}/../../contracts/node_modules/@account-abstraction/contracts/artifacts/EntryPoint.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|e| panic!("{path}: {e}; `npm ci --prefix contracts` puts the package there"));
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let creation = hex::decode(json["bytecode"].as_str().unwrap()).unwrap();
        self.place(at, &creation);
        let mut evm = self.evm();
        let result = evm.transact_commit(env(&Tx::new(DEPLOYER, at, Bytes::new()), TxKind::Call(at))).unwrap();
        self.db = evm.ctx.db_mut().clone();
        assert!(result.is_success(), "{result:?}");
        self.place(at, &result.into_output().unwrap());
    }

    fn evm(&self) -> Evm {
        let mut evm = Context::mainnet()
            .modify_cfg_chained(|cfg| {
                cfg.set_spec_and_mainnet_gas_params(SpecId::OSAKA);
                cfg.disable_nonce_check = true;
                cfg.tx_chain_id_check = false;
                cfg.chain_id = self.chain;
            })
            .with_db(self.db.clone())
            .build_mainnet();
        evm.ctx.block.timestamp = U256::from(self.now);
        evm
    }
}

fn env(tx: &Tx, kind: TxKind) -> TxEnv {
    TxEnv {
        caller: tx.from,
        kind,
        data: tx.data.clone(),
        gas_limit: tx.gas,
        gas_price: 0,
        chain_id: None,
        ..TxEnv::default()
    }
}

fn outcome(result: ExecutionResult<HaltReason>) -> Outcome {
    match result {
        ExecutionResult::Success { logs, .. } => Outcome::Done(logs),
        ExecutionResult::Revert { output, .. } => Outcome::Reverted(output),
        ExecutionResult::Halt { .. } => Outcome::OutOfGas,
    }
}

/// The slot of `key` in the mapping at `slot`.
pub fn mapped(key: Address, slot: u8) -> U256 {
    let slot = B256::with_last_byte(slot);
    U256::from_be_bytes(keccak256([key.into_word().as_slice(), slot.as_slice()].concat()).0)
}

#[test]
fn the_hostile_contracts_are_what_they_are_called() {
    let mut world = World::new();
    let at = Address::repeat_byte(0x77);
    let outcome = |code: &[u8], set: bool| {
        let mut world = world.clone();
        world.place(at, code);
        world.write(at, U256::ZERO, U256::from(set));
        let tx = Tx { gas: 3_000_000, ..Tx::new(DEPLOYER, at, Bytes::new()) };
        world.send(&tx)
    };
    assert_eq!(outcome(&code::SWITCH, false), Outcome::Reverted(hex!("deadbeef").into()));
    assert_eq!(outcome(&code::BURNS, false), Outcome::OutOfGas);
    assert_eq!(outcome(&code::BOMB, false), Outcome::Reverted(vec![0; 300_000].into()));
    for code in [&code::SWITCH[..], &code::BURNS, &code::BOMB] {
        assert_eq!(outcome(code, true), Outcome::Done(Vec::new()));
    }
    world.place(at, &code::GAS);
    world.send(&Tx::new(DEPLOYER, at, Bytes::new()));
    assert!(world.slot(at, U256::ZERO) > U256::from(GAS - 50_000));
}
