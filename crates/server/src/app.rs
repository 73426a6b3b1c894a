//! What every handler is given.

use crate::alerts::{self, Alerts};
use crate::error::ApiError;
use crate::limits::{self, Rates};
use crate::logins::{self, Bounds, Logins};
use crate::roles::{Roles, Rule};
use crate::webhook::Outbox;
use crate::work::requests::Asking;
use alloy_eips::BlockNumberOrTag;
use alloy_primitives::Address;
use hallpass_auth::origins::Denylist;
use hallpass_auth::{Cached, Eoa};
use hallpass_chain::contracts::Suite;
use hallpass_chain::{AccountReader, Node};
use hallpass_policy::lists::Lists;
use hallpass_session::{Action, Actor, AuditEvent, Reason, RefreshKey, Subject, TokenHash};
pub use hallpass_signer::record_id;
use hallpass_signer::{Limits, Parts, Signer};
use hallpass_store::{Store, Tx};
use hallpass_types::{ChainId, Clock, ReservationId, Rng, SessionId, UnixSeconds, UserId};
use hallpass_vault::{SealedRecord, Vault};
use std::sync::Arc;

/// What the operator decides.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The authority that people see, and that login messages must name: `hallpass.example` or `127.0.0.1:8700`.
    pub domain: String,
    /// The URI that login messages must name.
    pub uri: String,
    /// The chain.
    pub chain: ChainId,
    /// Whether an account's own key is enough to log in before the chain was asked what stands at the account.
    pub eoa: Eoa,
    /// The block that counts as final.
    pub finality: Finality,
    /// What is decided of logins.
    pub logins: Bounds,
    /// Origins of other pages that may use a browser's login, as browsers write them.
    pub origins: Vec<String>,
    /// Who may ask whose token it was shown.
    pub resource_servers: Vec<ResourceServer>,
    /// What gives roles.
    pub roles: Vec<Rule>,
    /// For how many seconds stands what was read of a token.
    pub role_seconds: u64,
    /// Proxies that ask whether they let a request in.
    pub forward_auth: Vec<Proxy>,
    /// Apps whose pages may ask for logins and grants.
    pub apps: Vec<RegisteredApp>,
    /// Hosts whose pages may not, whoever lists them.
    pub denylist: Arc<Denylist>,
    /// Gas units that a grant allows each operation where it does not say.
    pub gas_per_op: u64,
    /// Gas units that are relayed for one user in a day (UTC).
    pub relay_gas_per_day: u64,
    /// Longest life, in seconds, of a pass whose key is held outside the vault.
    pub outside_seconds: u64,
    /// Most wei, for each call and in each window, that such a pass may carry.
    pub outside_wei: u128,
    /// The names that plain words show as facts.
    pub lists: Lists,
    /// What owners are asked, and who is told.
    pub asking: Asking,
    /// How much may be asked in a minute.
    pub limits: Rates,
    /// What the operator is told of at once.
    pub alerts: alerts::Bounds,
    /// How long logins are kept once their absolute end is over, and the origins of audit events.
    pub retention_seconds: u64,
}

impl Settings {
    /// The origin of our own pages, as browsers write it.
    #[must_use]
    pub fn origin(&self) -> &str {
        origin_of(&self.uri)
    }

    /// The address of one of our paths, as people write it.
    #[must_use]
    pub fn address(&self, path: &str) -> String {
        format!("{}{path}", self.uri.trim_end_matches('/'))
    }
}

/// Scheme, host and port of a URI.
pub(crate) fn origin_of(uri: &str) -> &str {
    let host = uri.find("://").map_or(0, |at| at + 3);
    let end = uri.get(host..).and_then(|rest| rest.find('/')).map_or(uri.len(), |at| host + at);
    uri.get(..end).unwrap_or_default()
}

/// An app, by the pages that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredApp {
    /// What the operator calls it.
    pub name: String,
    /// The origins of its pages, as browsers write them.
    pub origins: Vec<String>,
}

/// A proxy in front of apps, which asks us whether it lets a request in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// What the operator calls it.
    pub name: String,
    /// What its credential hashes to.
    pub credential: TokenHash,
    /// The origins that it may be asked for, as browsers write them.
    pub origins: Vec<String>,
}

/// Somebody who takes our tokens and asks us about them (RFC 7662).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceServer {
    /// What the operator calls it.
    pub name: String,
    /// What its credential hashes to.
    pub credential: TokenHash,
}

/// Which block is final.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finality {
    /// The node's `finalized` tag.
    Tag,
    /// The head less this many blocks.
    Depth(u64),
}

/// The chain, our contracts on it, and the key that pays for gas.
pub struct ChainSide {
    /// The node.
    pub node: Node,
    /// Another node of the same chain: what is final for the first is final for us once this one says the same.
    pub second: Option<Node>,
    /// Asks contract wallets.
    pub wallets: Cached<AccountReader>,
    /// Our contracts.
    pub suite: Suite,
    /// The relayer's sealed key; its nonces are given out one at a time.
    pub relayer: tokio::sync::Mutex<SealedRecord>,
    /// The relayer's address.
    pub relayer_address: Address,
}

/// Everything. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Where things are kept.
    pub store: Arc<dyn Store>,
    /// Where keys are kept.
    pub vault: Arc<Vault>,
    /// The chain.
    pub chain: Arc<ChainSide>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// What the operator decides.
    pub settings: Arc<Settings>,
    /// Who is logged in.
    pub logins: Arc<Logins>,
    /// Which roles were decided a moment ago.
    pub roles: Arc<Roles>,
    /// Reserves and signs.
    pub signer: Signer,
    /// Read while an operation is reserved and signed, written while a session is ended.
    pub signing: Arc<tokio::sync::RwLock<()>>,
    /// The window that login nonces are counted in, and how many.
    pub(crate) nonces: Arc<std::sync::Mutex<(u64, u32)>>,
    /// How many draft such a grant at once: the keys and questions of those that come to nothing cost as much.
    pub(crate) drafting: Arc<tokio::sync::Semaphore>,
    /// Grants that will sign in, while they wait for their signature.
    pub(crate) openings: Arc<std::sync::Mutex<crate::logins::by_grant::Openings>>,
    /// What has been asked lately.
    pub limits: Arc<limits::Limits>,
    /// What the operator is told of at once.
    pub alerts: Arc<Alerts>,
    /// What was found for local askers.
    pub(crate) seen: Arc<std::sync::Mutex<crate::work::ask::Seen>>,
    /// When to look next for what is to be forgotten.
    pub(crate) retained: Arc<std::sync::Mutex<UnixSeconds>>,
    /// What has been relayed for whom.
    pub(crate) relayings: Arc<std::sync::Mutex<crate::work::send::Relayings>>,
    /// The next block whose operations are to be looked at.
    pub(crate) watched: Arc<std::sync::Mutex<Option<u64>>>,
    /// One asks an owner at a time.
    pub(crate) asking: Arc<tokio::sync::Mutex<()>>,
    /// What the webhook is told.
    pub(crate) outbox: Option<Outbox>,
    /// Transactions that end grants, while they wait for a block.
    pub(crate) ending: Arc<std::sync::Mutex<std::collections::HashMap<SessionId, alloy_primitives::B256>>>,
    /// One sender at a time for each operation.
    sending: Arc<[tokio::sync::Mutex<()>; 64]>,
}

/// Most grants that are drafted at once for people who have proved nothing.
const DRAFTING: usize = 32;

impl App {
    /// Puts the parts together, reads who is logged in, and starts the signer on the running tokio runtime.
    ///
    /// # Errors
    /// As the store, and where there is no randomness.
    pub async fn start(
        store: Arc<dyn Store>,
        vault: Arc<Vault>,
        chain: Arc<ChainSide>,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        settings: Settings,
    ) -> Result<Self, ApiError> {
        let logins = Logins::start(logins::Parts {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            rng: Arc::clone(&rng),
            bounds: settings.logins.clone(),
            refresh: RefreshKey::new(*vault.derive_index_key("session/refresh")),
            beside: |errand| drop(tokio::spawn(errand)),
        })
        .await?;
        let sending = Arc::new(core::array::from_fn(|_| tokio::sync::Mutex::new(())));
        let signing = Arc::default();
        let signer = Signer::start(Parts {
            store: Arc::clone(&store),
            vault: Arc::clone(&vault),
            clock: Arc::clone(&clock),
            rng: Arc::clone(&rng),
            limits: Limits { chain: settings.chain, relayer: chain.relayer_address },
            gate: Arc::clone(&signing),
        });
        let outbox = settings.asking.webhook.clone().map(|webhook| Outbox::start(webhook, Arc::clone(&clock)));
        let limits = Arc::new(limits::Limits::new(&settings.limits));
        let alerts = Arc::new(Alerts::new(settings.alerts.clone(), outbox.clone()));
        Ok(Self {
            store,
            vault,
            chain,
            clock,
            rng,
            settings: Arc::new(settings),
            logins: Arc::new(logins),
            roles: Arc::default(),
            signer,
            signing,
            nonces: Arc::default(),
            openings: Arc::default(),
            drafting: Arc::new(tokio::sync::Semaphore::new(DRAFTING)),
            limits,
            alerts,
            retained: Arc::new(std::sync::Mutex::new(UnixSeconds::EPOCH)),
            seen: Arc::default(),
            relayings: Arc::default(),
            watched: Arc::default(),
            asking: Arc::default(),
            outbox,
            ending: Arc::default(),
            sending,
        })
    }

    /// The lock of an operation; a few operations share each.
    pub(crate) fn sending(&self, id: ReservationId) -> &tokio::sync::Mutex<()> {
        let [first, others @ ..] = self.sending.as_ref();
        let place = usize::from(id.as_bytes().last().copied().unwrap_or(0) % 64);
        place.checked_sub(1).and_then(|i| others.get(i)).unwrap_or(first)
    }

    /// Sixteen random bytes.
    ///
    /// # Errors
    /// 503 where the operating system gives none.
    pub fn random<const N: usize>(&self) -> Result<[u8; N], ApiError> {
        let mut bytes = [0; N];
        self.rng.fill(&mut bytes).map_err(|e| ApiError::unavailable("no_randomness", e.to_string()))?;
        Ok(bytes)
    }

    /// A fresh session id.
    ///
    /// # Errors
    /// As [`App::random`].
    pub fn session_id(&self) -> Result<SessionId, ApiError> {
        self.random().map(SessionId::from_bytes)
    }

    /// A fresh user id.
    ///
    /// # Errors
    /// As [`App::random`].
    pub fn user_id(&self) -> Result<UserId, ApiError> {
        self.random().map(UserId::from_bytes)
    }

    /// A fresh reservation id.
    ///
    /// # Errors
    /// As [`App::random`].
    pub fn reservation_id(&self) -> Result<ReservationId, ApiError> {
        self.random().map(ReservationId::from_bytes)
    }

    /// The block that counts as final, for state reads.
    ///
    /// # Errors
    /// As the node.
    pub async fn final_tag(&self) -> Result<BlockNumberOrTag, ApiError> {
        Ok(match self.settings.finality {
            Finality::Tag => BlockNumberOrTag::Finalized,
            Finality::Depth(depth) => {
                let head = self.chain.node.block(BlockNumberOrTag::Latest).await?;
                BlockNumberOrTag::Number(head.number.saturating_sub(depth))
            }
        })
    }
}

/// A line for the audit trail.
#[must_use]
pub const fn event(
    at: UnixSeconds,
    actor: Actor,
    action: Action,
    subject: Subject,
    user: UserId,
    why: Option<Reason>,
) -> AuditEvent {
    AuditEvent { seq: None, at, actor, action, subject, user: Some(user), why, from: None }
}

/// Reads a sealed key.
///
/// # Errors
/// 500 where the row is missing or unreadable.
pub async fn sealed_key(tx: &mut dyn Tx, id: &str) -> Result<Option<SealedRecord>, ApiError> {
    match tx.vault().record(id).await? {
        None => Ok(None),
        Some(bytes) => match serde_json::from_slice(&bytes) {
            Ok(record) => Ok(Some(record)),
            Err(_) => Err(ApiError::internal("corrupt_row", format!("the vault record {id} cannot be read"))),
        },
    }
}

/// Writes a sealed key.
///
/// # Errors
/// 500 where it cannot be written.
pub async fn put_sealed_key(tx: &mut dyn Tx, id: &str, record: &SealedRecord) -> Result<(), ApiError> {
    let bytes = serde_json::to_vec(record).map_err(|e| ApiError::internal("encode", e.to_string()))?;
    Ok(tx.vault().put_record(id, &bytes).await?)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn settings() -> Settings {
        Settings {
            domain: "hallpass.example".to_owned(),
            uri: "https://hallpass.example".to_owned(),
            eoa: Eoa::WithoutRpc,
            chain: ChainId::new(1).unwrap(),
            logins: Bounds::default(),
            origins: Vec::new(),
            resource_servers: Vec::new(),
            roles: Vec::new(),
            role_seconds: 30,
            forward_auth: Vec::new(),
            apps: Vec::new(),
            denylist: Arc::default(),
            finality: Finality::Tag,
            gas_per_op: 0,
            relay_gas_per_day: 0,
            outside_seconds: 0,
            outside_wei: 0,
            lists: Lists::default(),
            asking: Asking::default(),
            limits: Rates::default(),
            alerts: alerts::Bounds::default(),
            retention_seconds: 90 * 86_400,
        }
    }

    #[test]
    fn the_origin_is_scheme_host_and_port() {
        for (uri, origin) in [
            ("https://hallpass.example", "https://hallpass.example"),
            ("https://hallpass.example/", "https://hallpass.example"),
            ("http://127.0.0.1:8700/under/a/path", "http://127.0.0.1:8700"),
        ] {
            assert_eq!(Settings { uri: uri.to_owned(), ..settings() }.origin(), origin);
        }
    }
}
