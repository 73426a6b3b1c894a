//! Sample data: everything is made from small numbers, so that a failing test is easy to read.

use crate::{Account, Store, Tx};
use alloy_primitives::{Address, B256, Bytes, U256};
use hallpass_policy::Cost;
use hallpass_session::{
    Access, Action, Actor, Asked, AuditEvent, Binding, Consent, Counter, Decision, Installation, KeySession, Lifecycle,
    LoginSession, Origin, OwnerRequest, RequestState, Reservation, ReservationState, Route, StoredGrant, Subject,
    Token, TokenHash, TokenKind,
};
use hallpass_types::{
    AccountId, ChainId, GrantId, IdempotencyKey, RequestId, ReservationId, SessionId, UnixSeconds, UserId,
};

/// A moment.
#[must_use]
pub fn at(seconds: u64) -> UnixSeconds {
    UnixSeconds::new(seconds).unwrap()
}

/// User `n`.
#[must_use]
pub const fn user(n: u8) -> UserId {
    UserId::from_bytes([n; 16])
}

/// Session `n`.
#[must_use]
pub const fn session(n: u8) -> SessionId {
    SessionId::from_bytes([n; 16])
}

/// The account of user `n`, with an address of mixed case.
#[must_use]
pub fn account_id(n: u8) -> AccountId {
    let mut address = Address::repeat_byte(0xac);
    address.0[19] = n;
    AccountId { chain: ChainId::new(8453).unwrap(), address }
}

/// The account of user `n`.
#[must_use]
pub fn account(n: u8) -> Account {
    Account { user: user(n), account: account_id(n), created: at(100) }
}

/// What token `id` hashes to.
#[must_use]
pub fn token(kind: TokenKind, id: u8) -> TokenHash {
    Token::from_random(kind, [id; 32]).hash()
}

/// A login of user `n`, live from 100 to 1000.
#[must_use]
pub fn login(n: u8, id: u8) -> LoginSession {
    LoginSession {
        id: session(id),
        user: user(n),
        account: account_id(n),
        lifecycle: Lifecycle::Active { since: at(100) },
        created: at(100),
        not_after: at(1000),
        idle: 900,
        seen: at(100),
        proved_at: at(100),
        binding: Binding::Bearer,
        access: Access { hash: token(TokenKind::Bearer, id), not_after: at(1000) },
        refresh: None,
        device: Some("a laptop".into()),
        ip: Some("203.0.113.0/24".into()),
        contract: None,
        own_pass: None,
    }
}

/// A key session of user `n` on grant `id`, active.
#[must_use]
pub fn key(n: u8, id: u8) -> KeySession {
    KeySession {
        id: session(id),
        user: user(n),
        account: account_id(n),
        grant: GrantId::repeat_byte(id),
        lifecycle: Lifecycle::Active { since: at(100) },
        key: Address::repeat_byte(0xee),
        created: at(100),
        not_before: at(100),
        not_after: at(1000),
        pocket: Some(3),
        install: Installation::NotInstalled,
        ender: Address::repeat_byte(0xef),
    }
}

/// Grant `id` of user `n`, unanswered; its JSON names the account.
#[must_use]
pub fn grant(n: u8, id: u8) -> StoredGrant {
    StoredGrant {
        id: GrantId::repeat_byte(id),
        user: user(n),
        account: account_id(n),
        session: session(id),
        canonical_json: format!("{{\"account\":\"{}\"}}", account_id(n).address),
        title: "Arena".into(),
        requested_by: "https://arena.example".into(),
        lists: B256::ZERO,
        created: at(100),
        replaces: None,
        decision: Decision::Pending,
    }
}

/// What user `n` was shown of grant `id`.
#[must_use]
pub fn consent(n: u8, id: u8) -> Consent {
    Consent {
        grant: GrantId::repeat_byte(id),
        user: user(n),
        account: account_id(n),
        login: session(10),
        page: Some("https://arena.example".into()),
        text: format!("the account is {}", account_id(n).address),
        version: "0.1.0".into(),
        lists: B256::repeat_byte(9),
        confirmed: true,
        at: at(150),
    }
}

/// Reservation `id` in key session `key`; its operation holds the account of user 1.
#[must_use]
pub fn reservation(key: u8, id: u8) -> Reservation {
    Reservation {
        id: ReservationId::from_bytes([id; 16]),
        session: session(key),
        grant: GrantId::repeat_byte(key),
        idempotency: idempotency(&format!("request-{id}")),
        request_hash: B256::repeat_byte(1),
        route: Route::Direct,
        op: Bytes::from(account_id(1).address.to_vec()),
        digest: B256::repeat_byte(id),
        sequence: u32::from(id),
        counter: Counter::Own,
        valid_from: at(100),
        valid_until: at(200),
        costs: vec![Cost { meter: 0, window: 0, amount: U256::from(5) }],
        state: ReservationState::Reserved,
    }
}

/// Request `id` of user 1's key session 20, made at `100 + id` and open until 1000; its proposal is session `id`.
#[must_use]
pub fn request(id: u8) -> OwnerRequest {
    OwnerRequest {
        id: RequestId::from_bytes([id; 16]),
        session: session(20),
        user: user(1),
        made: at(100 + u64::from(id)),
        deadline: at(1000),
        idempotency: idempotency(&format!("request-{id}")),
        request_hash: B256::repeat_byte(1),
        why: Some("rent of November".into()),
        asked: Asked::Renewal { from: GrantId::repeat_byte(20) },
        proposal: session(id),
        grant: GrantId::repeat_byte(id),
        state: RequestState::Open,
    }
}

/// An idempotency key.
#[must_use]
pub fn idempotency(text: &str) -> IdempotencyKey {
    IdempotencyKey::try_from(text.to_owned()).unwrap()
}

/// An event about `subject` of user `n`, with an origin.
#[must_use]
pub fn event(n: u8, subject: Subject, action: Action) -> AuditEvent {
    AuditEvent {
        seq: None,
        at: at(100),
        actor: Actor::Owner(user(n)),
        action,
        subject,
        user: Some(user(n)),
        why: None,
        from: Some(Origin { ip: Some("203.0.113.77".into()), user_agent: Some("Sample/1.0".into()) }),
    }
}

/// That account `n` was made.
#[must_use]
pub fn account_event(n: u8) -> AuditEvent {
    event(n, Subject::Account(user(n)), Action::Created)
}

/// That login `id` of user `n` was made.
#[must_use]
pub fn login_event(n: u8, id: u8) -> AuditEvent {
    event(n, Subject::Login(session(id)), Action::Created)
}

/// That key session `id` of user `n` was made.
#[must_use]
pub fn key_event(n: u8, id: u8) -> AuditEvent {
    event(n, Subject::Key(session(id)), Action::Approved)
}

/// That grant `id` of user `n` was asked for.
#[must_use]
pub fn grant_event(n: u8, id: u8) -> AuditEvent {
    event(n, Subject::Grant(GrantId::repeat_byte(id)), Action::Requested)
}

/// That reservation `id` of user `n` was made.
#[must_use]
pub fn reservation_event(n: u8, id: u8) -> AuditEvent {
    event(n, Subject::Reservation(ReservationId::from_bytes([id; 16])), Action::Reserved)
}

/// That request `id` of user `n` was made.
#[must_use]
pub fn request_event(n: u8, id: u8) -> AuditEvent {
    event(n, Subject::Request(RequestId::from_bytes([id; 16])), Action::Requested)
}

/// A transaction with accounts 1 and 2 and, for user 1, login 10, key session 20 and grant 20; not committed.
pub async fn peopled(store: &dyn Store) -> Box<dyn Tx> {
    let mut tx = store.begin().await.unwrap();
    tx.accounts().create(&account(1), &account_event(1)).await.unwrap();
    tx.accounts().create(&account(2), &account_event(2)).await.unwrap();
    tx.logins().create(&login(1, 10), &login_event(1, 10)).await.unwrap();
    tx.sessions().create_key(&key(1, 20), &key_event(1, 20)).await.unwrap();
    tx.grants().create(&grant(1, 20), &grant_event(1, 20)).await.unwrap();
    tx
}
