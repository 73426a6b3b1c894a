//! Anvil, contracts, the server: real processes on loopback, on free ports, stopped by their process ids.

use super::processes;
use crate::client::Client;
use crate::commands::serve::node_error;
use crate::commands::wallet_error;
use crate::error::CliError;
use crate::system::{out, write_private};
use alloy_consensus::TxEip1559;
use alloy_primitives::{Address, Bytes, TxKind, U256};
use alloy_sol_types::{SolValue, sol};
use hallpass_chain::Node;
use hallpass_chain::contracts::{Artifact, CREATE2_DEPLOYER, Suite};
use hallpass_chain::node::request;
use hallpass_chain::relay::Receipt;
use hallpass_chain::wallet::{DEV_CHAIN, DevWallet, Manners};
use hallpass_server::endpoints::health::Health;
use hallpass_types::ChainId;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

sol! {
    /// The demo's game.
    interface IGame {
        function move(uint256 hero, uint8 direction) external;
        function craft(uint256 recipe) external;
        function claim(uint256 item) external;
        function equip(uint256 hero, uint256 item) external;
        function sell(uint256 item, uint256 price) external;
    }
}

/// The pass of the demo, in the text form; names in braces are filled in with this run's addresses.
pub const ARENA: &str = include_str!("arena.toml");
/// The price of item 7, in smallest units of the token.
pub const PRICE: u64 = 2_000_000;

/// A chain with our contracts and a game on it, and a server beside it.
pub struct World {
    /// The node.
    pub node: Node,
    /// Our contracts.
    pub suite: Suite,
    /// The server, without a token.
    pub server: Client,
    /// The game.
    pub game: Address,
    /// The shop.
    pub shop: Address,
    /// The token.
    pub token: Address,
    /// Pays for what is not the server's.
    pub deployer: DevWallet,
    /// Sends what the signer refused, at its own cost.
    pub thief: DevWallet,
    folder: PathBuf,
    processes: Mutex<Vec<Child>>,
}

impl World {
    /// Starts everything.
    pub async fn start(folder: &Path, anvil: &Path) -> Result<Self, CliError> {
        processes::sweep(folder);
        let folder = folder.join(format!("run-{}", std::process::id()));
        let failed = |what: &str, e: std::io::Error| {
            CliError::missing("demo_folder", format!("cannot {what} {}: {e}", folder.display()))
        };
        std::fs::create_dir_all(&folder).map_err(|e| failed("make", e))?;
        let (mut chain, url) = processes::start_anvil(anvil, &folder)?;
        let id = ChainId::new(DEV_CHAIN).ok_or_else(|| CliError::missing("chain", "no chain"))?;
        let node = match processes::connect(&url, id, &mut chain).await {
            Ok(node) => node,
            Err(error) => {
                let _ = chain.kill();
                return Err(error);
            }
        };
        let port = url.rsplit(':').next().unwrap_or_default();
        processes::note(&folder, chain.id(), &format!("--port {port}"))?;
        let processes = Mutex::new(vec![chain]);
        let wallet = |name: &str| DevWallet::named(name, id, Manners::Local).map_err(wallet_error);
        let (deployer, thief) = (wallet("deployer")?, wallet("thief")?);
        let suite = Suite::load().map_err(|e| CliError::missing("bad_artifact", e.to_string()))?;
        let mut world = Self {
            node,
            suite,
            server: Client::new(""),
            game: Address::ZERO,
            shop: Address::ZERO,
            token: Address::ZERO,
            deployer,
            thief,
            folder,
            processes,
        };
        let ready = world.prepare(&url).await;
        if let Err(error) = ready {
            world.stop();
            return Err(error);
        }
        Ok(world)
    }

    async fn prepare(&mut self, url: &str) -> Result<(), CliError> {
        fund(url, self.deployer.address()).await?;
        fund(url, self.thief.address()).await?;
        self.deploy().await?;
        self.serve(url).await?;
        let health: Health = self.server.get("/v1/health").await?;
        let relayer = health
            .relayer
            .parse()
            .map_err(|_| CliError::missing("bad_answer", "the server's relayer is no address"))?;
        fund(url, relayer).await
    }

    async fn deploy(&mut self) -> Result<(), CliError> {
        let pocket = self.suite.pocket.0;
        let proxy = TxKind::Call(CREATE2_DEPLOYER);
        for data in [
            self.suite.delegate.1.deploy_data(&[]),
            self.suite.pocket.1.deploy_data(&[]),
            self.suite.factory.1.deploy_data(pocket.into_word().as_slice()),
        ] {
            self.send(&self.deployer, proxy, data, None).await?;
        }
        let read =
            |name, json| Artifact::parse(name, json).map_err(|e| CliError::missing("bad_artifact", e.to_string()));
        let token = read("ArenaToken", include_str!("../../../../contracts/artifacts/ArenaToken.json"))?;
        let shop = read("Shop", include_str!("../../../../contracts/artifacts/Shop.json"))?;
        let game = read("ArenaGame", include_str!("../../../../contracts/artifacts/ArenaGame.json"))?;
        self.token = self.create(&token, U256::from(1_000_000_000_000_u64).abi_encode()).await?;
        let goods = (self.token, vec![U256::from(7)], vec![U256::from(PRICE)]);
        self.shop = self.create(&shop, goods.abi_encode_params()).await?;
        self.game = self.create(&game, self.shop.abi_encode()).await?;
        Ok(())
    }

    async fn create(&self, artifact: &Artifact, arguments: Vec<u8>) -> Result<Address, CliError> {
        let nonce = self.node.next_nonce(self.deployer.address()).await.map_err(|e| node_error(&e))?;
        let data = [artifact.bytecode.as_ref(), &arguments].concat();
        let receipt = self.send(&self.deployer, TxKind::Create, data.into(), None).await?;
        if receipt.success {
            Ok(self.deployer.address().create(nonce))
        } else {
            Err(CliError::missing("deploy_failed", "a contract could not be deployed"))
        }
    }

    /// Sends a transaction of a wallet's own. `gas` is estimated where not given; given, the transaction may revert.
    pub async fn send(
        &self,
        wallet: &DevWallet,
        to: TxKind,
        data: Bytes,
        gas: Option<u64>,
    ) -> Result<Receipt, CliError> {
        let fail = |e| node_error(&e);
        let gas_limit = match gas {
            Some(gas) => gas,
            None => {
                let mut asked = request(wallet.address(), Address::ZERO, data.clone());
                asked.to = Some(to);
                let estimate = self.node.estimate(asked).await.map_err(fail)?;
                estimate + estimate / 5
            }
        };
        let (max_fee_per_gas, max_priority_fee_per_gas) = self.node.fees().await.map_err(fail)?;
        let tx = TxEip1559 {
            chain_id: DEV_CHAIN,
            nonce: self.node.next_nonce(wallet.address()).await.map_err(fail)?,
            gas_limit,
            max_fee_per_gas,
            max_priority_fee_per_gas,
            to,
            value: U256::ZERO,
            access_list: Default::default(),
            input: data,
        };
        let raw = wallet.sign_transaction(tx).map_err(wallet_error)?;
        let hash = self.node.send_raw(&raw).await.map_err(fail)?;
        let receipt = self.node.wait(hash, Duration::from_secs(30)).await.map_err(fail)?;
        Receipt::read(&receipt).map_err(fail)
    }

    async fn serve(&mut self, rpc: &str) -> Result<(), CliError> {
        let port = processes::free_port()?;
        let url = format!("http://127.0.0.1:{port}");
        let store = self.folder.join("hallpass.redb");
        let passphrase = self.folder.join("passphrase");
        let config = self.folder.join("hallpass.toml");
        let mut random = [0; 16];
        getrandom::fill(&mut random)
            .map_err(|_| CliError::missing("no_randomness", "the operating system gave no random bytes"))?;
        write_private(&passphrase, &hex::encode(random))?;
        let text = format!(
            "listen = \"127.0.0.1:{port}\"\npublic_url = \"{url}\"\nchain = \"eip155:{DEV_CHAIN}\"\nrpc = \"{rpc}\"\nstore = {}\nwitness = {}\npassphrase_file = {}\n",
            json!(store),
            json!(self.folder.join("witness")),
            json!(passphrase)
        );
        write_private(&config, &text)?;
        let program = std::env::current_exe().map_err(|e| CliError::missing("no_program", e.to_string()))?;
        let hallpass = |arguments: &[&str]| {
            let mut command = Command::new(&program);
            command.arg("--config").arg(&config).args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
            command
        };
        let log = std::fs::File::create(self.folder.join("server.log"))
            .map_err(|e| CliError::missing("demo_folder", e.to_string()))?;
        let made = hallpass(&["vault", "init"]).status().map_err(|e| CliError::missing("no_program", e.to_string()))?;
        if !made.success() {
            return Err(CliError::missing("vault_init", "the vault could not be made"));
        }
        let server =
            hallpass(&["serve"]).stderr(log).spawn().map_err(|e| CliError::missing("no_program", e.to_string()))?;
        processes::note(&self.folder, server.id(), &config.display().to_string())?;
        self.processes.lock().map_err(|_| CliError::missing("lock", "a lock is poisoned"))?.push(server);
        self.server = Client::new(&url);
        for _ in 0..200 {
            if self.server.get::<Health>("/v1/health").await.is_ok_and(|h| h.ready) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(CliError::missing("server_unreachable", "the server did not become ready within 10 s")
            .hint(format!("look at {}", self.folder.join("server.log").display())))
    }

    /// Stops what was started, by process id.
    pub fn stop(&self) {
        if let Ok(mut processes) = self.processes.lock() {
            for child in processes.iter_mut().rev() {
                let _ = child.kill();
                let _ = child.wait();
            }
            processes.clear();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }

    /// Leaves server and chain running, and says where; on standard error where standard output is one JSON value.
    pub fn leave(&self, json: bool) -> Result<(), CliError> {
        let processes = self.processes.lock().map_err(|_| CliError::missing("lock", "a lock is poisoned"))?;
        let pids: Vec<String> = processes.iter().map(|c| c.id().to_string()).collect();
        write_private(&self.folder.join("stay"), &pids.join("\n"))?;
        let command = format!("hallpass --config {}", self.folder.join("hallpass.toml").display());
        let text = [
            "\nserver and chain stay up".to_owned(),
            format!("  server  {}", self.server.url()),
            format!("  node    {}", self.node.shown()),
            format!("  log in  {command} login --dev-key owner-a"),
            format!("  look    {command} session list"),
            format!("  stop    kill {}", pids.join(" ")),
        ]
        .join("\n");
        if json {
            eprintln!("{text}");
        } else {
            out(&text);
        }
        Ok(())
    }
}

/// Development money; set-up alone.
async fn fund(url: &str, address: Address) -> Result<(), CliError> {
    let body =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "anvil_setBalance", "params": [address, "0x56bc75e2d63100000"] });
    let failed = || CliError::missing("node_refused", "anvil gave no development money");
    let answer = reqwest::Client::new().post(url).json(&body).send().await.map_err(|_| failed())?;
    let answer: Value = answer.json().await.map_err(|_| failed())?;
    if answer.get("error").is_some() { Err(failed()) } else { Ok(()) }
}
