//! A signer over a store in memory, with one user and sessions of chosen grants.
#![allow(dead_code, reason = "each test file takes a part")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

pub mod changed;
pub mod model;
pub mod world;

use alloy_primitives::{Address, B256, Bytes, U256};
use hallpass_policy::eval::AppAction;
use hallpass_policy::{Batch, Call, Draft, Facts, Fill, Grant, json, text};
use hallpass_session::{
    Action, Actor, AuditEvent, ChainView, Decision, Installation, KeySession, Lifecycle, Reason, StoredGrant, Subject,
};
use hallpass_signer::{Answer, Ask, AskError, Limits, Parts, Signed, Signer, Wanted, record_id};
use hallpass_store::testing::SeededRng;
use hallpass_store::testing::disk::Disk;
use hallpass_store::{Account, RedbStore, Store, StoreError, StoreKeys};
use hallpass_types::{AccountId, ChainId, Clock, IdempotencyKey, ReservationId, SessionId, UnixSeconds, UserId};
use hallpass_vault::{KdfParams, Passphrase, SealedRecord, Vault, VaultHeader};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::RwLock;

const PASSPHRASE: &str = "correct horse battery";
pub const START: u64 = 1_790_000_000;
pub const SHOP: Address = Address::repeat_byte(0x51);
pub const BACKEND: Address = Address::repeat_byte(0xbe);
pub const RELAYER: Address = Address::repeat_byte(0x4e);

pub fn user() -> UserId {
    UserId::from_bytes([1; 16])
}

pub fn chain() -> ChainId {
    ChainId::new(5).unwrap()
}

/// A clock that is set.
#[derive(Debug)]
pub struct Hand(pub AtomicU64);

impl Clock for Hand {
    fn now(&self) -> UnixSeconds {
        UnixSeconds::new(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

fn passphrase() -> Passphrase {
    Passphrase::new(PASSPHRASE.into(), KdfParams::MINIMUM)
}

/// Everything that a test needs.
pub struct Bench {
    pub store: Arc<dyn Store>,
    pub vault: Arc<Vault>,
    pub clock: Arc<Hand>,
    pub gate: Arc<RwLock<()>>,
    pub signer: Signer,
    pub rng: Arc<SeededRng>,
}

/// A session of a bench.
#[derive(Clone)]
pub struct Held {
    pub id: SessionId,
    pub grant: Arc<Grant>,
    pub view: Arc<ChainView>,
}

pub fn event(action: Action, subject: Subject) -> AuditEvent {
    AuditEvent {
        seq: None,
        at: UnixSeconds::new(START).unwrap(),
        actor: Actor::Owner(user()),
        action,
        subject,
        user: Some(user()),
        why: None,
        from: None,
    }
}

pub async fn open(disk: Disk) -> Result<Arc<dyn Store>, StoreError> {
    unlocked(RedbStore::with_backend(disk, Arc::new(SeededRng::new(7)))?).await
}

pub async fn unlocked(store: RedbStore) -> Result<Arc<dyn Store>, StoreError> {
    store.unlock(StoreKeys { index: [1; 32], field: [2; 32] }).await?;
    Ok(Arc::new(store))
}

impl Bench {
    pub async fn new() -> Self {
        Self::on(Disk::new(Vec::new(), None)).await
    }

    /// On an empty disk.
    pub async fn on(disk: Disk) -> Self {
        Self::fresh(open(disk).await.unwrap()).await
    }

    /// Over an empty store, with a vault of its own.
    pub async fn fresh(store: Arc<dyn Store>) -> Self {
        Self::made(&store).await;
        let rng = Arc::new(SeededRng::new(3));
        let (vault, _) = VaultHeader::create(&passphrase(), &*rng).unwrap();
        Self::over(store, Arc::new(vault), rng)
    }

    /// Over a store whose vault is kept in it; both are made where there is none. The `start`-th time.
    pub async fn kept(store: Arc<dyn Store>, start: u64) -> Self {
        let rng = Arc::new(SeededRng::new(start));
        let header = store.read().await.unwrap().vault().header().await.unwrap();
        let vault = match header {
            Some(header) => {
                let header: VaultHeader = serde_json::from_slice(&header).unwrap();
                header.unseal(&passphrase()).unwrap()
            }
            None => {
                Self::made(&store).await;
                let (vault, header) = VaultHeader::create(&passphrase(), &*rng).unwrap();
                let mut tx = store.begin().await.unwrap();
                tx.vault().set_header(&serde_json::to_vec(&header).unwrap()).await.unwrap();
                tx.commit().await.unwrap();
                vault
            }
        };
        Self::over(store, Arc::new(vault), rng)
    }

    /// The one user.
    async fn made(store: &Arc<dyn Store>) {
        let mut tx = store.begin().await.unwrap();
        let account = AccountId { chain: chain(), address: Address::repeat_byte(0xac) };
        let person = Account { user: user(), account, created: UnixSeconds::new(START).unwrap() };
        tx.accounts().create(&person, &event(Action::Created, Subject::Account(user()))).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub fn over(store: Arc<dyn Store>, vault: Arc<Vault>, rng: Arc<SeededRng>) -> Self {
        Self::at(store, vault, rng, Arc::new(Hand(AtomicU64::new(START + 10))))
    }

    pub fn at(store: Arc<dyn Store>, vault: Arc<Vault>, rng: Arc<SeededRng>, clock: Arc<Hand>) -> Self {
        let (bench, task) = Self::with_task(store, vault, rng, clock);
        tokio::spawn(task);
        bench
    }

    pub fn with_task(
        store: Arc<dyn Store>,
        vault: Arc<Vault>,
        rng: Arc<SeededRng>,
        clock: Arc<Hand>,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let gate = Arc::new(RwLock::new(()));
        let parts = Parts {
            store: Arc::clone(&store),
            vault: Arc::clone(&vault),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            rng: Arc::clone(&rng) as Arc<dyn hallpass_types::Rng>,
            limits: Limits { chain: chain(), relayer: RELAYER },
            gate: Arc::clone(&gate),
        };
        let (signer, task) = Signer::with_task(parts);
        (Self { store, vault, clock, gate, signer, rng }, task)
    }

    /// A session that was made before, if it was.
    pub async fn found(&self, n: u8) -> Option<Held> {
        let id = SessionId::from_bytes([n; 16]);
        let mut tx = self.store.read().await.unwrap();
        let session = tx.sessions().find_key(id).await.unwrap()?;
        let stored = tx.grants().find(session.grant).await.unwrap()?;
        let grant = Arc::new(json::parse_grant(&stored.canonical_json).unwrap());
        let view = Arc::new(ChainView::uncounted(&grant, UnixSeconds::new(START).unwrap()));
        Some(Held { id, grant, view })
    }

    /// Revokes as the server does; answers which reservations of these keys were there. `None` where it was revoked before.
    pub async fn revoke(
        &self,
        held: &Held,
        keys: impl IntoIterator<Item = String>,
    ) -> Result<Option<BTreeSet<ReservationId>>, StoreError> {
        let _gate = self.gate.write().await;
        let mut tx = self.store.begin().await?;
        let stored = tx.sessions().find_key(held.id).await?.unwrap();
        if !matches!(stored.lifecycle, Lifecycle::Active { .. }) {
            return Ok(None);
        }
        let revoked = stored.revoke(self.clock.now(), Reason::OwnerAsked, Actor::Owner(user())).unwrap();
        tx.sessions().save_key(&revoked, &event(Action::Revoking, Subject::Key(held.id))).await?;
        let mut there = BTreeSet::new();
        for key in keys {
            there.extend(tx.reservations().find_by_key(held.id, &key.try_into().unwrap()).await?.map(|r| r.id));
        }
        tx.commit().await?;
        Ok(Some(there))
    }

    /// An active session of a grant whose rules are `rules`; its key is in the vault.
    pub async fn session(&self, n: u8, backend: Address, rules: &str) -> Held {
        self.numbered(n, backend, "0..1000", rules).await
    }

    /// The same with other sequences.
    pub async fn numbered(&self, n: u8, backend: Address, sequences: &str, rules: &str) -> Held {
        let record = self.vault.create_session_key([n; 16], &*self.rng).unwrap();
        let key = record.address().unwrap();
        let account = if backend.is_zero() { key } else { Address::repeat_byte(0xac) };
        let head = format!(
            "chain = \"eip155:5\"\naccount = \"{account}\"\nbackend = \"{backend}\"\nepoch = 0\nkey = \"{}\"\n\
             salt = \"0x{n:032x}\"\nender = \"{}\"\nfrom = {START}\nuntil = {}\nsequences = \"{sequences}\"\n\
             [relay]\nroutes = [\"direct\"]\nrelayer = \"any\"\n\
             [gas]\nper_op = 1000000\nfee_per_op = 1000000\nfee_cap = 1000000000\n",
            key,
            Address::repeat_byte(0xed),
            START + 86_400,
        );
        let draft: Draft = text::parse(&(head + rules)).unwrap();
        let grant = Arc::new(draft.complete(&Fill::default()).unwrap());
        self.add(n, &grant, &record).await
    }

    pub async fn add(&self, n: u8, grant: &Arc<Grant>, record: &SealedRecord) -> Held {
        let id = SessionId::from_bytes([n; 16]);
        let now = UnixSeconds::new(START).unwrap();
        let account = AccountId { chain: chain(), address: grant.account };
        let stored = StoredGrant {
            id: grant.id(),
            user: user(),
            account,
            session: id,
            canonical_json: json::print(&Draft::from(&**grant)),
            title: String::new(),
            requested_by: String::new(),
            lists: B256::ZERO,
            created: now,
            replaces: None,
            decision: Decision::Pending,
        };
        let session = KeySession {
            id,
            user: user(),
            account,
            grant: grant.id(),
            lifecycle: Lifecycle::Active { since: now },
            key: record.address().unwrap(),
            created: now,
            not_before: grant.not_before,
            not_after: grant.not_after,
            pocket: None,
            install: Installation::NotInstalled,
            ender: Address::ZERO,
        };
        let mut tx = self.store.begin().await.unwrap();
        let bytes = serde_json::to_vec(record).unwrap();
        tx.vault().put_record(&record_id("session", id), &bytes).await.unwrap();
        tx.grants().create(&stored, &event(Action::Requested, Subject::Grant(stored.id))).await.unwrap();
        tx.sessions().create_key(&session, &event(Action::Requested, Subject::Key(id))).await.unwrap();
        tx.commit().await.unwrap();
        let view = Arc::new(ChainView::uncounted(grant, now));
        Held { id, grant: Arc::clone(grant), view }
    }

    pub async fn ask(&self, held: &Held, key: &str, wanted: Wanted) -> Result<Answer, AskError> {
        self.signer.ask(ask(held, key, wanted)).await
    }

    pub async fn signed(&self, held: &Held, key: &str, wanted: Wanted) -> Signed {
        match self.ask(held, key, wanted).await {
            Ok(Answer::Signed(signed)) => *signed,
            other => panic!("not signed: {other:?}"),
        }
    }

    /// The code of a denial, or of an error.
    pub async fn refused(&self, held: &Held, key: &str, wanted: Wanted) -> &'static str {
        match self.ask(held, key, wanted).await {
            Ok(Answer::Denied { denial, .. }) => denial.code.as_str(),
            Err(error) => error.code(),
            other => panic!("not refused: {other:?}"),
        }
    }
}

pub fn ask(held: &Held, key: &str, wanted: Wanted) -> Ask {
    Ask {
        session: held.id,
        idempotency: IdempotencyKey::try_from(key.to_owned()).unwrap(),
        wanted,
        view: Arc::clone(&held.view),
        facts: Facts::default(),
        dry_run: false,
    }
}

/// Rules of a call that spends a native meter of 100 in all, and calls of a counter.
pub const PAYS: &str = "[[allow]]\ncall = \"0x5151515151515151515151515151515151515151\"\nvalue = \"<= 100\"\n\
                        spend = \"value <= 100\"\n";

/// A payment.
pub fn pay(amount: u64) -> Wanted {
    let call = Call { to: SHOP, value: U256::from(amount), data: Bytes::new() };
    Wanted::Calls(Batch { chain: chain(), calls: vec![call] }, None, None)
}

/// An app action that posts `amount` words.
pub fn post(amount: i64) -> Wanted {
    let attrs = [("words".to_owned(), hallpass_policy::eval::Attr::Integer(amount))].into();
    Wanted::App(AppAction { app: "chat.example".to_owned(), verb: "post.create".to_owned(), attrs })
}
