//! A store full of live sessions, written as the server would write it.

use alloy_primitives::{Address, B256, Bytes, keccak256};
use hallpass_policy::{Draft, Fill, json, text};
use hallpass_session::{
    Action, Actor, AuditEvent, Decision, Installation, KeySession, Lifecycle, StoredGrant, Subject, Token, TokenKind,
};
use hallpass_signer::record_id;
use hallpass_store::{Account, RedbStore, Store, StoreKeys, Tx};
use hallpass_types::{AccountId, ChainId, Rng, RngError, SessionId, UnixSeconds, UserId};
use hallpass_vault::{KdfParams, Passphrase, SealedRecord, Vault, VaultHeader};
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// People, who have the sessions among them.
const USERS: usize = 1000;
/// Sessions in one transaction.
const CHUNK: usize = 500;
/// Whom calls may pay.
pub const SHOP: Address = Address::repeat_byte(0x51);
/// The token that they pay with.
pub const TOKEN: Address = Address::repeat_byte(0x70);

/// What a session signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Orders at an exchange: typed messages, capped by a meter a day, checked by the signer alone.
    Typed,
    /// Operations of an account: token transfers to one recipient, capped by a meter a day, checked by the chain as well.
    Call,
}

/// What a client of a session needs.
#[derive(Debug, Clone)]
pub struct Session {
    pub kind: Kind,
    pub token: Arc<str>,
    pub key: Address,
}

struct OsRng;

impl Rng for OsRng {
    fn fill(&self, out: &mut [u8]) -> Result<(), RngError> {
        getrandom::fill(out).map_err(|_| RngError)
    }
}

/// Every user's account.
pub fn accounts() -> impl Iterator<Item = Address> {
    (0..USERS).map(|n| Address::from_word(keccak256(format!("account {n}"))))
}

fn user(n: usize) -> UserId {
    UserId::from_bytes(sixteen(&format!("user {n}")))
}

fn sixteen(name: &str) -> [u8; 16] {
    *keccak256(name).first_chunk().unwrap()
}

/// Fills the store; tells what its clients need, in the order of the sessions.
pub async fn fill(path: &Path, passphrase: &str, sessions: usize) -> Vec<Session> {
    let store = RedbStore::open(path, Arc::new(OsRng)).unwrap();
    let header = store.read().await.unwrap().vault().header().await.unwrap().unwrap();
    let header: VaultHeader = serde_json::from_slice(&header).unwrap();
    let vault = header.unseal(&Passphrase::new(passphrase.into(), KdfParams::MINIMUM)).unwrap();
    let keys =
        StoreKeys { index: *vault.derive_index_key("store/index"), field: *vault.derive_index_key("store/field") };
    store.unlock(keys).await.unwrap();

    let now = UnixSeconds::new(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let chain = ChainId::new(31_337).unwrap();
    let mut tx = store.begin().await.unwrap();
    for (n, address) in accounts().enumerate() {
        let account = Account { user: user(n), account: AccountId { chain, address }, created: now };
        tx.accounts().create(&account, &event(now, Subject::Account(user(n)), user(n))).await.unwrap();
    }
    tx.commit().await.unwrap();

    let places: Vec<Address> = accounts().collect();
    let drafts = [Kind::Typed, Kind::Call].map(|kind| text::parse(&grant(kind, now)).unwrap());
    let mut out = Vec::with_capacity(sessions);
    let mut n = 0;
    while n < sessions {
        let mut tx = store.begin().await.unwrap();
        for n in n..sessions.min(n + CHUNK) {
            let kind = if n % 2 == 0 { Kind::Typed } else { Kind::Call };
            let owner = (n / 2) % USERS;
            let made = one(tx.as_mut(), &vault, (kind, &drafts[n % 2]), n, (user(owner), places[owner]), now).await;
            out.push(made);
        }
        tx.commit().await.unwrap();
        n += CHUNK;
    }
    out
}

/// A day's pass, as a bot has it.
fn grant(kind: Kind, now: UnixSeconds) -> String {
    let head = format!(
        "title = \"A bot's pass\"\nchain = \"eip155:31337\"\nfrom = {}\nuntil = {}\n",
        now.get(),
        now.get() + 86_400
    );
    head + &match kind {
        Kind::Typed => "[[allow]]\ntyped = \"Order(address maker,uint256 market,uint256 price,uint256 size)\"\n\
             domain = { name = \"Exchange\", version = \"1\", chainId = 31337 }\n\
             where = [\"market in [1, 2, 3]\", \"price <= 100000\"]\nspend = \"size <= 1000000000000 per 1d\"\n"
            .to_owned(),
        Kind::Call => format!(
            "[tokens.USD]\naddress = \"{TOKEN}\"\ndecimals = 6\n[[allow]]\ncall = \"USD\"\n\
             function = \"transfer(address to, uint256 amount)\"\nwhere = [\"to == {SHOP}\"]\n\
             spend = \"amount <= 1000000 USD per 1d\"\n",
        ),
    }
}

async fn one(
    tx: &mut dyn Tx,
    vault: &Vault,
    (kind, draft): (Kind, &Draft),
    n: usize,
    (user, owner): (UserId, Address),
    now: UnixSeconds,
) -> Session {
    let id = SessionId::from_bytes(sixteen(&format!("session {n}")));
    let (session, ender) = (
        vault.create_session_key(*id.as_bytes(), &OsRng).unwrap(),
        vault.create_ender_key(*id.as_bytes(), &OsRng).unwrap(),
    );
    let (key, ended_by) = (session.address().unwrap(), ender.address().unwrap());
    let signer_only = kind == Kind::Typed;
    let (account, backend) = if signer_only { (key, Address::ZERO) } else { (owner, Address::repeat_byte(0xbe)) };
    let fill = Fill {
        account: Some(account),
        backend: Some(backend),
        epoch: Some(0),
        salt: Some(sixteen(&format!("salt {n}"))),
        key: Some(session.public.into()),
        at: Some(now),
        routes: Some(hallpass_policy::grant::Routes::DIRECT),
        relayer: Some(Address::ZERO),
        gas: Some(hallpass_policy::grant::Gas { units_per_op: 1_000_000, ..Default::default() }),
        ender: Some(ended_by),
    };
    let grant = draft.complete(&fill).unwrap();
    let account = AccountId { chain: grant.chain, address: account };
    let stored = StoredGrant {
        id: grant.id(),
        user,
        account,
        session: id,
        canonical_json: json::print(&Draft::from(&grant)),
        title: "A bot's pass".to_owned(),
        requested_by: "a bot".to_owned(),
        lists: B256::ZERO,
        created: now,
        replaces: None,
        decision: Decision::Approved { at: now, owner_signature: Bytes::from([0x51; 65]) },
    };
    let held = KeySession {
        id,
        user,
        account,
        grant: grant.id(),
        lifecycle: Lifecycle::Active { since: now },
        key,
        created: now,
        not_before: grant.not_before,
        not_after: grant.not_after,
        pocket: None,
        install: if signer_only {
            Installation::NotInstalled
        } else {
            Installation::Installed { tx: B256::ZERO, block: 1 }
        },
        ender: ended_by,
    };
    put(tx, "session", id, &session).await;
    put(tx, "ender", id, &ender).await;
    tx.grants().create(&stored, &event(now, Subject::Grant(stored.id), user)).await.unwrap();
    tx.sessions().create_key(&held, &event(now, Subject::Key(id), user)).await.unwrap();
    let token = Token::from_random(TokenKind::Holder, keccak256([b"token", id.as_bytes().as_slice()].concat()).0);
    tx.sessions().set_holder(id, &token.hash(), &event(now, Subject::Key(id), user)).await.unwrap();
    Session { kind, token: token.reveal().as_str().into(), key }
}

async fn put(tx: &mut dyn Tx, kind: &str, id: SessionId, record: &SealedRecord) {
    tx.vault().put_record(&record_id(kind, id), &serde_json::to_vec(record).unwrap()).await.unwrap();
}

const fn event(at: UnixSeconds, subject: Subject, user: UserId) -> AuditEvent {
    AuditEvent {
        seq: None,
        at,
        actor: Actor::Owner(user),
        action: Action::Created,
        subject,
        user: Some(user),
        why: None,
        from: None,
    }
}
