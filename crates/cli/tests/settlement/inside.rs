//! The server inside the test, by a clock that is set.

use crate::common::api::Api;
use crate::common::chain::CHAIN;
use crate::common::server::Folder;
use hallpass_auth::{Cached, Eoa};
use hallpass_chain::contracts::Suite;
use hallpass_chain::hallpass::RELAYED;
use hallpass_chain::{AccountReader, Node};
use hallpass_policy::lists::Lists;
use hallpass_server::app::Finality;
use hallpass_server::logins::Bounds;
use hallpass_server::{App, ChainSide, Settings, router};
use hallpass_store::{RedbStore, StoreKeys};
use hallpass_types::{ChainId, Clock, Rng, RngError, UnixSeconds};
use hallpass_vault::{KdfParams, Passphrase, RelayPolicy, VaultHeader};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Blocks below the head that are final.
pub const DEPTH: u64 = 8;

/// A clock that is set.
#[derive(Debug, Default)]
pub struct Hand(AtomicU64);

impl Hand {
    pub fn set(&self, seconds: u64) {
        self.0.store(seconds, Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> UnixSeconds {
        UnixSeconds::new(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

struct Os;

impl Rng for Os {
    fn fill(&self, out: &mut [u8]) -> Result<(), RngError> {
        getrandom::fill(out).map_err(|_| RngError)
    }
}

pub struct Inside {
    pub app: App,
    pub api: Api,
    pub clock: Arc<Hand>,
}

impl Inside {
    pub async fn start(folder: &Folder, rpc: &str, second: Option<&str>) -> Self {
        let chain = ChainId::new(CHAIN).unwrap();
        let node = Node::connect(rpc, chain).await.unwrap();
        let second = match second {
            None => None,
            Some(url) => Some(Node::connect(url, chain).await.unwrap()),
        };
        let clock = Arc::new(Hand::default());
        let head = node.block(alloy_eips::BlockNumberOrTag::Latest).await.unwrap();
        clock.set(head.time.get());
        let store = RedbStore::open(folder.path().join("store"), Arc::new(Os)).unwrap();
        store.unlock(StoreKeys { index: [1; 32], field: [2; 32] }).await.unwrap();
        let passphrase = Passphrase::new("a passphrase".into(), KdfParams::MINIMUM);
        let (vault, _) = VaultHeader::create(&passphrase, &Os).unwrap();
        let vault = vault.with_relay_policy(RelayPolicy::new(&RELAYED));
        let relayer = vault.create_relayer_key([7; 16], &Os).unwrap();
        let relayer_address = relayer.address().unwrap();
        let wallets = Cached::new(AccountReader::new(node.clone()).unwrap());
        let side = ChainSide {
            node,
            second,
            wallets,
            suite: Suite::load().unwrap(),
            relayer: tokio::sync::Mutex::new(relayer),
            relayer_address,
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let settings = Settings {
            domain: url.trim_start_matches("http://").to_owned(),
            uri: url.clone(),
            chain,
            eoa: Eoa::WithoutRpc,
            roles: Vec::new(),
            role_seconds: 30,
            finality: Finality::Depth(DEPTH),
            logins: Bounds { absolute: 10_000_000, idle: 10_000_000, step_up: 10_000_000, ..Bounds::default() },
            origins: Vec::new(),
            resource_servers: Vec::new(),
            forward_auth: Vec::new(),
            apps: Vec::new(),
            denylist: Default::default(),
            gas_per_op: 1_000_000,
            relay_gas_per_day: u64::MAX,
            outside_seconds: 0,
            outside_wei: 0,
            lists: Lists::default(),
            asking: Default::default(),
            limits: hallpass_server::limits::Rates::wide(),
            alerts: Default::default(),
            retention_seconds: 30 * 86_400,
        };
        let app = App::start(
            Arc::new(store),
            Arc::new(vault),
            Arc::new(side),
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::new(Os),
            settings,
        )
        .await
        .unwrap();
        let served = axum::serve(listener, router(app.clone()));
        tokio::spawn(async move { served.await.unwrap() });
        Self { app, api: Api::new(&url), clock }
    }
}
