//! Anvil with our contracts and a token.

use super::free_port;
use alloy_eips::BlockId;
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolCall, SolValue, sol};
use hallpass_chain::Node;
use hallpass_chain::contracts::{Artifact, CREATE2_DEPLOYER, IERC20, IHallpass, Suite};
use hallpass_types::ChainId;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

sol! {
    /// `TestNft`.
    interface INft {
        function mint(address to, uint256 id) external;
        function transferFrom(address from, address to, uint256 id) external;
    }
    /// `TestItems`.
    interface IItems {
        function mint(address to, uint256 id, uint256 amount) external;
    }
}

/// The development chain.
pub const CHAIN: u64 = 31_337;

/// A chain that stops when it is dropped.
pub struct Chain {
    child: Child,
    pub url: String,
    pub node: Node,
    pub suite: Suite,
    pub token: Address,
    bank: Address,
    http: reqwest::Client,
}

/// Where anvil is.
fn anvil() -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/anvil-path");
    let found = Command::new(script).output().unwrap();
    assert!(found.status.success(), "anvil is not installed: run make tools");
    let path = String::from_utf8(found.stdout).unwrap();
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path.trim()).display().to_string()
}

/// Starts an anvil of chain `id`, and waits until it answers.
async fn start(id: u64) -> (Child, String, Node) {
    let port = free_port();
    let fixed = "--host 127.0.0.1 --slots-in-an-epoch 1 --mixed-mining --block-time 1 --accounts 1 --silent";
    let mut child = Command::new(anvil())
        .args(fixed.split(' '))
        .args(["--chain-id", &id.to_string(), "--port", &port.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let url = format!("http://127.0.0.1:{port}");
    for _ in 0..600 {
        if let Ok(node) = Node::connect(&url, ChainId::new(id).unwrap()).await {
            return (child, url, node);
        }
        assert!(child.try_wait().unwrap().is_none(), "anvil stopped at once");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let _ = child.kill();
    panic!("anvil does not answer within 30 s");
}

impl Chain {
    /// With our contracts, and a token whose whole supply the bank holds.
    pub async fn start() -> Self {
        let mut chain = Self::bare().await;
        let pocket = chain.suite.pocket.0;
        for data in [
            chain.suite.delegate.1.deploy_data(&[]),
            chain.suite.pocket.1.deploy_data(&[]),
            chain.suite.factory.1.deploy_data(pocket.into_word().as_slice()),
        ] {
            chain.transact(Some(CREATE2_DEPLOYER), data).await;
        }
        let token = include_str!("../../../../contracts/artifacts/ArenaToken.json");
        let token = Artifact::parse("ArenaToken", token).unwrap();
        let code = [token.bytecode.as_ref(), &U256::from(1_000_000_000_000_u64).abi_encode()].concat();
        chain.token = chain.transact(None, code.into()).await.unwrap();
        chain
    }

    /// With nothing on it.
    pub async fn bare() -> Self {
        let (child, url, node) = start(CHAIN).await;
        let suite = Suite::load().unwrap();
        let http = reqwest::Client::new();
        let mut chain = Self { child, url, node, suite, token: Address::ZERO, bank: Address::ZERO, http };
        let accounts = chain.rpc("eth_accounts", json!([])).await;
        chain.bank = serde_json::from_value(accounts[0].clone()).unwrap();
        chain
    }

    /// One JSON-RPC request; panics where it is refused.
    pub async fn rpc(&self, method: &str, params: Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer: Value = self.http.post(&self.url).json(&body).send().await.unwrap().json().await.unwrap();
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// One JSON-RPC request as it is, and its answer as it is.
    pub async fn try_rpc(&self, body: &Value) -> Value {
        self.http.post(&self.url).json(body).send().await.unwrap().json().await.unwrap()
    }

    /// The bank sends a transaction; tells the contract that it made.
    pub async fn transact(&self, to: Option<Address>, data: Bytes) -> Option<Address> {
        let hash = self.rpc("eth_sendTransaction", json!([{ "from": self.bank, "to": to, "data": data }])).await;
        let hash: B256 = serde_json::from_value(hash).unwrap();
        let receipt = self.node.wait(hash, Duration::from_secs(30)).await.unwrap();
        assert!(receipt.status(), "a transaction of the set-up reverted");
        receipt.contract_address
    }

    /// A collection of ERC-721 that anybody mints.
    pub async fn nft(&self) -> Address {
        self.deploy("TestNft", include_str!("../../../../contracts/artifacts/TestNft.json")).await
    }

    /// Kinds of ERC-1155 that anybody mints.
    pub async fn items(&self) -> Address {
        self.deploy("TestItems", include_str!("../../../../contracts/artifacts/TestItems.json")).await
    }

    async fn deploy(&self, name: &'static str, text: &str) -> Address {
        self.transact(None, Artifact::parse(name, text).unwrap().bytecode).await.unwrap()
    }

    /// `from` hands a piece of a collection on, whoever has its key.
    pub async fn hand_on(&self, nft: Address, from: Address, to: Address, id: u64) {
        self.rpc("anvil_impersonateAccount", json!([from])).await;
        self.fund(from).await;
        let data: Bytes = INft::transferFromCall { from, to, id: U256::from(id) }.abi_encode().into();
        let hash = self.rpc("eth_sendTransaction", json!([{ "from": from, "to": nft, "data": data }])).await;
        let hash: B256 = serde_json::from_value(hash).unwrap();
        assert!(self.node.wait(hash, Duration::from_secs(30)).await.unwrap().status());
    }

    /// Native coin for gas.
    pub async fn fund(&self, who: Address) {
        self.rpc("anvil_setBalance", json!([who, "0x56bc75e2d63100000"])).await;
    }

    /// Tokens, in smallest units.
    pub async fn give_tokens(&self, to: Address, amount: u64) {
        let call = IERC20::transferCall { to, amount: U256::from(amount) };
        self.transact(Some(self.token), call.abi_encode().into()).await;
    }

    /// Tokens held at the head, in smallest units.
    pub async fn tokens_of(&self, account: Address) -> u64 {
        self.node.view(self.token, &IERC20::balanceOfCall { account }).await.unwrap().to()
    }

    /// Operations of a grant that executed: their nonces, oldest first.
    pub async fn executed(&self, account: Address, grant: B256) -> Vec<u64> {
        let head = self.node.block(alloy_eips::BlockNumberOrTag::Latest).await.unwrap();
        let all = self.node.executed(account, grant, 0, head.number).await.unwrap();
        all.into_iter().map(|(nonce, _)| nonce.to()).collect()
    }

    /// 0 unknown, 1 active, 2 ended.
    pub async fn grant_status(&self, account: Address, grant: B256) -> u8 {
        if self.node.code(account).await.unwrap().is_empty() {
            return 0;
        }
        let call = IHallpass::grantStateCall { grant };
        self.node.view_at(account, &call, BlockId::latest()).await.unwrap().status
    }

    /// Kills it now.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A bare chain of another id, for those who are to be turned away.
pub struct Foreign(Child, pub String);

impl Foreign {
    pub async fn start(id: u64) -> Self {
        let (child, url, _) = start(id).await;
        Self(child, url)
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
