//! A chain, a line to it that writes down what is asked, and wallets to put on it.

use crate::common::chain::{CHAIN, Chain};
use crate::common::people::wallet;
use crate::common::proxy::Proxy;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolValue, sol};
use hallpass_auth::wallet::{Eoa, Evidence, MAGIC, WalletError, prove};
use hallpass_chain::contracts::Artifact;
use hallpass_chain::wallet::DevWallet;
use hallpass_chain::{AccountReader, Node};
use hallpass_types::{AccountId, ChainId};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

sol! {
    interface ITestFactory {
        function deploy(uint8 how, address owner, bytes32 salt) external returns (address);
        function deployAndRevert(uint8 how, address owner, bytes32 salt) external;
        function deployAndDestroy(uint8 how, address owner, bytes32 salt, address heir) external;
        function deployAndBurn(uint8 how, address owner, bytes32 salt) external;
        function deployAndBomb(uint8 how, address owner, bytes32 salt) external;
        function pretend() external pure;
        function wake() external;
        function awake() external view returns (bool);
    }
}

/// `TestWallet.Manner`, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Owner,
    Reverts,
    Garbage,
    Short,
    Long,
    Nothing,
    Dirty,
    RightAligned,
    True,
    AllOnes,
    BurnsGas,
    Bomb,
    Writes,
    Simulated,
}

/// Every manner but the honest one: whatever they are asked, it is not what ERC-1271 calls yes.
pub const DISHONEST: [Manner; 13] = [
    Manner::Reverts,
    Manner::Garbage,
    Manner::Short,
    Manner::Long,
    Manner::Nothing,
    Manner::Dirty,
    Manner::RightAligned,
    Manner::True,
    Manner::AllOnes,
    Manner::BurnsGas,
    Manner::Bomb,
    Manner::Writes,
    Manner::Simulated,
];

/// What may be asked of a node: all of it reads.
pub const READING: [&str; 3] = ["eth_getBlockByNumber", "eth_getCode", "eth_call"];

pub const DIGEST: B256 = B256::repeat_byte(0x5a);

pub fn artifact(name: &'static str) -> Artifact {
    let text = match name {
        "TestWallet" => include_str!("../../../../contracts/artifacts/TestWallet.json"),
        "TestFactory" => include_str!("../../../../contracts/artifacts/TestFactory.json"),
        _ => include_str!("../../../../contracts/artifacts/SleepingWallet.json"),
    };
    Artifact::parse(name, text).unwrap()
}

pub struct Lab {
    pub chain: Chain,
    pub proxy: Proxy,
    pub reader: AccountReader,
    pub owner: DevWallet,
    pub stranger: DevWallet,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Lab {
    pub async fn new() -> Self {
        let chain = Chain::bare().await;
        // Blocks by transactions alone, so that none comes by itself.
        chain.rpc("evm_setIntervalMining", json!([0])).await;
        chain.rpc("evm_setAutomine", json!([true])).await;
        let proxy = Proxy::to(&chain.url);
        let node = Node::connect(&proxy.url, ChainId::new(CHAIN).unwrap()).await.unwrap();
        let reader = AccountReader::new(node).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let lab = Self { chain, proxy, reader, owner: wallet("owner"), stranger: wallet("stranger"), asked };
        lab.listen();
        lab
    }

    /// Writes down every request, and passes the answer on.
    pub fn listen(&self) {
        let asked = self.asked.clone();
        self.proxy.lie(Some(move |question: &Value, _: &mut Value| {
            asked.lock().unwrap().push(question["method"].as_str().unwrap().to_owned());
            true
        }));
    }

    /// What was asked since the last look; all of it reads.
    #[track_caller]
    pub fn asked(&self) -> Vec<String> {
        let asked = core::mem::take(&mut *self.asked.lock().unwrap());
        assert!(asked.iter().all(|method| READING.contains(&method.as_str())), "{asked:?}");
        asked
    }

    /// Whatever was asked until now is not looked at.
    pub fn forget(&self) {
        self.asked.lock().unwrap().clear();
    }

    /// Puts a contract on the chain.
    pub async fn deploy(&self, name: &'static str, arguments: &[u8]) -> Address {
        let code = [artifact(name).bytecode.as_ref(), arguments].concat();
        self.chain.transact(None, code.into()).await.unwrap()
    }

    pub async fn wallet(&self, manner: Manner) -> Address {
        self.deploy("TestWallet", &wallet_arguments(manner, self.owner.address())).await
    }

    /// What is decided of `signature` over [`DIGEST`]: what proved it, or the code of the refusal.
    pub async fn proved(&self, account: Address, signature: &[u8], eoa: Eoa) -> &'static str {
        shown(&prove(on_chain(account), DIGEST, signature, eoa, &self.reader).await)
    }

    pub fn signed(&self, by: &DevWallet) -> Bytes {
        by.sign(DIGEST).unwrap()
    }

    /// Everything that the chain holds: its whole state as anvil writes it out, and its newest block.
    pub async fn everything(&self) -> (Value, Value) {
        let head = self.chain.rpc("eth_getBlockByNumber", json!(["latest", true])).await;
        (self.chain.rpc("anvil_dumpState", json!([])).await, head)
    }
}

pub fn on_chain(address: Address) -> AccountId {
    AccountId { chain: ChainId::new(CHAIN).unwrap(), address }
}

pub fn shown(result: &Result<Evidence, WalletError>) -> &'static str {
    match result {
        Ok(Evidence::Key) => "key",
        Ok(Evidence::Contract(_)) => "contract",
        Ok(Evidence::Prepared(_)) => "prepared",
        Err(error) => error.code(),
    }
}

pub fn wallet_arguments(manner: Manner, owner: Address) -> Vec<u8> {
    (U256::from(manner as u8), owner).abi_encode_params()
}

/// Where the factory puts a wallet.
pub fn counterfactual(factory: Address, manner: Manner, owner: Address, salt: B256) -> Address {
    let code = [artifact("TestWallet").bytecode.as_ref(), &wallet_arguments(manner, owner)].concat();
    factory.create2(salt, keccak256(code))
}

/// ERC-6492.
pub fn wrapped(to: Address, call: &impl SolCall, signature: &[u8]) -> Vec<u8> {
    let body = (to, Bytes::from(call.abi_encode()), Bytes::copy_from_slice(signature)).abi_encode_params();
    [body.as_slice(), MAGIC.as_slice()].concat()
}
