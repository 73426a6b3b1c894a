//! A server inside the test, by a clock that the test sets. No chain, but where roles ask for one: the node answers its id alone.

use crate::common::server::Folder;
use alloy_eips::BlockNumberOrTag;
use hallpass_auth::{Cached, Eoa};
use hallpass_chain::contracts::Suite;
use hallpass_chain::{AccountReader, Node};
use hallpass_server::app::{Finality, Proxy, ResourceServer};
use hallpass_server::limits::Rates;
use hallpass_server::logins::Bounds;
use hallpass_server::roles::Rule;
use hallpass_server::{App, ChainSide, Settings, router};
use hallpass_session::{Token, TokenKind};
use hallpass_store::{RedbStore, StoreKeys};
use hallpass_types::{ChainId, Clock, Rng, RngError, UnixSeconds};
use hallpass_vault::{KdfParams, Passphrase, Vault, VaultHeader};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub const START: u64 = 1_795_255_200;

/// The resource server's credential.
pub fn credential() -> Token {
    Token::from_random(TokenKind::ResourceServer, [42; 32])
}

/// A clock that stands where it is put.
pub struct Hand(AtomicU64);

impl Hand {
    pub fn forward(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> UnixSeconds {
        UnixSeconds::new(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// The operating system's.
pub struct Os;

impl Rng for Os {
    fn fill(&self, out: &mut [u8]) -> Result<(), RngError> {
        aws_lc_rs::rand::fill(out).map_err(|_| RngError)
    }
}

/// A server.
pub struct Inside {
    pub app: App,
    pub url: String,
    pub clock: Arc<Hand>,
    pub folder: Arc<Folder>,
    vault: Arc<Vault>,
    terms: Terms,
    served: tokio::task::JoinHandle<()>,
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.served.abort();
    }
}

fn store_keys() -> StoreKeys {
    StoreKeys { index: [1; 32], field: [2; 32] }
}

/// A node of chain 31337 that knows nothing else.
async fn stub() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = |body: axum::Json<serde_json::Value>| async move {
        let id = body.0.get("id").cloned().unwrap_or_default();
        axum::Json(serde_json::json!({ "jsonrpc": "2.0", "id": id, "result": "0x7a69" }))
    };
    let stub = axum::Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, stub).await.unwrap() });
    url
}

/// What differs from server to server.
#[derive(Clone)]
struct Terms {
    bounds: Bounds,
    proxies: Vec<Proxy>,
    rates: Rates,
    roles: Vec<Rule>,
    /// The node, where there is one.
    rpc: Option<String>,
}

impl Default for Terms {
    fn default() -> Self {
        Self { bounds: Bounds::default(), proxies: Vec::new(), rates: Rates::wide(), roles: Vec::new(), rpc: None }
    }
}

#[allow(dead_code, reason = "each test takes a part")]
impl Inside {
    pub async fn start(name: &str) -> Self {
        Self::with(name, Terms::default()).await
    }

    pub async fn bounded(name: &str, bounds: Bounds) -> Self {
        Self::with(name, Terms { bounds, ..Terms::default() }).await
    }

    /// One that these proxies ask.
    pub async fn behind(name: &str, proxies: Vec<Proxy>) -> Self {
        Self::with(name, Terms { proxies, ..Terms::default() }).await
    }

    /// The same, with roles. Where a chain at `rpc` says who has them, its newest block is of now.
    pub async fn ruled(name: &str, proxies: Vec<Proxy>, roles: Vec<Rule>, rpc: Option<&str>) -> Self {
        Self::with(name, Terms { proxies, roles, rpc: rpc.map(str::to_owned), ..Terms::default() }).await
    }

    /// Where so much may be asked in a minute.
    pub async fn limited(name: &str, rates: Rates) -> Self {
        Self::with(name, Terms { rates, ..Terms::default() }).await
    }

    async fn with(name: &str, terms: Terms) -> Self {
        let folder = Arc::new(Folder::new(name));
        let passphrase = Passphrase::new("a passphrase".into(), KdfParams::MINIMUM);
        let (vault, _) = VaultHeader::create(&passphrase, &Os).unwrap();
        let mut now = START;
        if let Some(rpc) = &terms.rpc {
            let node = Node::connect(rpc, ChainId::new(31_337).unwrap()).await.unwrap();
            now = node.block(BlockNumberOrTag::Latest).await.unwrap().time.get();
        }
        let clock = Arc::new(Hand(AtomicU64::new(now)));
        Self::on(folder, Arc::new(vault), clock, terms).await
    }

    async fn on(folder: Arc<Folder>, vault: Arc<Vault>, clock: Arc<Hand>, terms: Terms) -> Self {
        let chain = ChainId::new(31_337).unwrap();
        let rpc = match &terms.rpc {
            Some(rpc) => rpc.clone(),
            None => stub().await,
        };
        let node = Node::connect(&rpc, chain).await.unwrap();
        let store = RedbStore::open(folder.path().join("store"), Arc::new(Os)).unwrap();
        store.unlock(store_keys()).await.unwrap();
        let relayer = vault.create_relayer_key([7; 16], &Os).unwrap();
        let relayer_address = relayer.address().unwrap();
        let relayer = tokio::sync::Mutex::new(relayer);
        let wallets = Cached::new(AccountReader::new(node.clone()).unwrap());
        let side = ChainSide { node, second: None, wallets, suite: Suite::load().unwrap(), relayer, relayer_address };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let settings = Settings {
            domain: url.trim_start_matches("http://").to_owned(),
            uri: url.clone(),
            chain,
            eoa: Eoa::WithoutRpc,
            roles: terms.roles.clone(),
            role_seconds: 30,
            logins: terms.bounds.clone(),
            origins: vec!["https://app.example".to_owned()],
            resource_servers: vec![ResourceServer { name: "api".to_owned(), credential: credential().hash() }],
            forward_auth: terms.proxies.clone(),
            apps: Vec::new(),
            denylist: Default::default(),
            finality: Finality::Depth(1),
            gas_per_op: 1_000_000,
            relay_gas_per_day: 0,
            outside_seconds: 0,
            outside_wei: 0,
            lists: Default::default(),
            asking: Default::default(),
            limits: terms.rates.clone(),
            alerts: Default::default(),
            retention_seconds: 30 * 86_400,
        };
        let app = App::start(
            Arc::new(store),
            Arc::clone(&vault),
            Arc::new(side),
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::new(Os),
            settings,
        )
        .await
        .unwrap();
        let service = router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let served = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        Self { app, url, clock, folder, vault, terms, served }
    }

    /// Takes no connection any more.
    pub fn stop(&self) {
        self.served.abort();
    }

    /// Another start on the same store, as after a crash: nothing that stood in memory alone is left.
    pub async fn again(self) -> Self {
        let (folder, vault, clock) = (Arc::clone(&self.folder), Arc::clone(&self.vault), Arc::clone(&self.clock));
        let terms = Terms { rates: Rates::wide(), ..self.terms.clone() };
        self.served.abort();
        let copy = folder.path().join("copy");
        std::fs::copy(folder.path().join("store"), &copy).unwrap();
        let anew = Arc::new(Folder::new("login-again"));
        std::fs::rename(copy, anew.path().join("store")).unwrap();
        Self::on(anew, vault, clock, terms).await
    }
}
