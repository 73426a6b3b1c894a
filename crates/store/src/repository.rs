//! The traits that every store implements.
//!
//! Listings are in the order they name. `find` answers `None` for what never was, and
//! [`StoreError::DataDeleted`] for what can no longer be read because its owner's data was deleted.
//! Besides the errors named at each method, every method may fail with [`StoreError::Failed`] or
//! [`StoreError::CorruptRow`], with [`StoreError::Sealed`] where it touches sealed data before the keys are handed in
//! ([`Nonces`] and [`Vault`] touch none), and every writing one with [`StoreError::ReadOnly`].

use crate::StoreError;
use alloy_primitives::Address;
use async_trait::async_trait;
use hallpass_policy::Spent;
use hallpass_session::chain::Head;
use hallpass_session::{
    AuditEvent, Consent, Explained, KeySession, LoginNonce, LoginSession, OwnerRequest, Reservation, StoredGrant,
    TokenHash,
};
use hallpass_types::{AccountId, GrantId, IdempotencyKey, RequestId, ReservationId, SessionId, UnixSeconds, UserId};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A store.
#[async_trait]
pub trait Store: Send + Sync {
    /// A transaction that may write. Only one at a time; the next waits.
    async fn begin(&self) -> Result<Box<dyn Tx>, StoreError>;

    /// A transaction that only reads: what was committed when it began. Waits for nobody.
    async fn read(&self) -> Result<Box<dyn Tx>, StoreError>;

    /// Writes a copy of what was committed to a new file, readable to its owner alone and marked as a copy, so that a server
    /// that is started on it knows that it was restored.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] where there is a file, [`StoreError::Failed`] where none can be written.
    async fn copy_to(&self, path: &Path) -> Result<(), StoreError>;
}

/// A transaction. Dropping it undoes it.
#[async_trait]
pub trait Tx: Send {
    /// People, by the accounts they have proved.
    fn accounts(&mut self) -> &mut dyn Accounts;
    /// Login sessions.
    fn logins(&mut self) -> &mut dyn Logins;
    /// Key sessions.
    fn sessions(&mut self) -> &mut dyn Sessions;
    /// Grants as asked for and answered.
    fn grants(&mut self) -> &mut dyn Grants;
    /// Budget held for operations.
    fn reservations(&mut self) -> &mut dyn Reservations;
    /// What owners are asked beside new grants.
    fn requests(&mut self) -> &mut dyn Requests;
    /// Login nonces.
    fn nonces(&mut self) -> &mut dyn Nonces;
    /// The vault's header and sealed records, opaque here.
    fn vault(&mut self) -> &mut dyn Vault;
    /// The audit trail.
    fn audit(&mut self) -> &mut dyn AuditLog;

    /// How many write transactions were committed before this one: what a witness outside the store compares, to
    /// notice a restored snapshot. A write transaction commits as this number plus one.
    async fn generation(&mut self) -> Result<u64, StoreError>;

    /// Makes everything durable, or nothing. Once it answers `Ok`, no power cut undoes it.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`] for a transaction that only reads.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// A person or system, by an account it has proved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The id that everything else refers to.
    pub user: UserId,
    /// The account; sealed.
    pub account: AccountId,
    /// When it was first proved.
    pub created: UnixSeconds,
}

/// People, by the accounts they have proved.
#[async_trait]
pub trait Accounts: Send {
    /// Adds one, with a fresh key of its own for all its personal data.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] where the user or the account is known.
    async fn create(&mut self, account: &Account, event: &AuditEvent) -> Result<(), StoreError>;
    /// By id; `None` also once its data was deleted.
    async fn find(&mut self, user: UserId) -> Result<Option<Account>, StoreError>;
    /// By account; `None` also once its data was deleted.
    async fn find_by_account(&mut self, account: &AccountId) -> Result<Option<Account>, StoreError>;
    /// Destroys the user's key and forgets the account. Sessions, grants, reservations, requests and the origins of audit events
    /// can then not be read by anyone; the audit trail keeps who did what to which id, and when.
    ///
    /// # Errors
    /// [`StoreError::StillLive`] while a session is not terminal, a reservation is live or a request is open, [`StoreError::Missing`] for
    /// an unknown user.
    async fn delete_personal_data(&mut self, user: UserId, event: &AuditEvent) -> Result<(), StoreError>;
}

/// Login sessions. `create` needs the user's account; `save` and `note` change what was read or added in the same
/// transaction.
///
/// `save` and `note` fail with [`StoreError::Stale`] where it was not, where the stored login is terminal, and where anything
/// but its state, its last use and proof, and its tokens differs; `create`, `save` and `note` with
/// [`StoreError::AlreadyExists`] where a token is another login's.
#[async_trait]
pub trait Logins: Send {
    /// Adds one.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] where the id or a token is known.
    async fn create(&mut self, login: &LoginSession, event: &AuditEvent) -> Result<(), StoreError>;
    /// Moves one.
    async fn save(&mut self, login: &LoginSession, event: &AuditEvent) -> Result<(), StoreError>;
    /// Notes what is no transition and makes no audit event: its last use, and that a successor is in use.
    ///
    /// # Errors
    /// [`StoreError::Stale`] also where the state or the proof differs, or a token is new.
    async fn note(&mut self, login: &LoginSession) -> Result<(), StoreError>;
    /// By id.
    async fn find(&mut self, id: SessionId) -> Result<Option<LoginSession>, StoreError>;
    /// By the hash of any token that it ever had, spent ones too, whatever its state; until [`Self::prune_tokens`].
    async fn find_by_token(&mut self, hash: &TokenHash) -> Result<Option<LoginSession>, StoreError>;
    /// All of a user's, ended ones too, oldest first, then by id; none once the user's data was deleted.
    async fn list(&mut self, user: UserId) -> Result<Vec<LoginSession>, StoreError>;
    /// Every user's that has not ended, by id.
    async fn list_live(&mut self) -> Result<Vec<LoginSession>, StoreError>;
    /// A user's that have not ended, by id.
    async fn list_live_of(&mut self, user: UserId) -> Result<Vec<LoginSession>, StoreError>;
    /// Every user's that has not ended and whose time has run out at `now` as far as its last use is known here, by that end
    /// and then by id.
    async fn list_due(&mut self, now: UnixSeconds) -> Result<Vec<LoginSession>, StoreError>;
    /// Forgets at most `limit` logins that have ended and whose absolute end is before `before`, earliest first, with their
    /// tokens; answers how many. Their audit events stay.
    async fn forget_ended(&mut self, before: UnixSeconds, limit: usize) -> Result<usize, StoreError>;
    /// Forgets the tokens of every login whose absolute end is `now` or earlier; answers how many.
    async fn prune_tokens(&mut self, now: UnixSeconds) -> Result<usize, StoreError>;
}

/// Key sessions. `create` needs the user's account; `save` changes what was read or added in the same
/// transaction: what was read before may have changed since.
///
/// `save` fails with [`StoreError::Stale`] where it was not, where the stored session is terminal, or is being revoked and
/// the new state is not, and where more than its state and installation differs; `create` with [`StoreError::AlreadyExists`] where the id
/// is known.
#[async_trait]
pub trait Sessions: Send {
    /// Adds a key session.
    async fn create_key(&mut self, session: &KeySession, event: &AuditEvent) -> Result<(), StoreError>;
    /// Moves a key session.
    async fn save_key(&mut self, session: &KeySession, event: &AuditEvent) -> Result<(), StoreError>;
    /// By id.
    async fn find_key(&mut self, id: SessionId) -> Result<Option<KeySession>, StoreError>;
    /// The sessions that a session key has, ended ones too, by id; without those of users whose data was deleted.
    async fn list_by_key(&mut self, key: Address) -> Result<Vec<SessionId>, StoreError>;
    /// Lets whoever shows the token that hashes to `holder` ask for signatures of this key session; whoever could before
    /// no longer can.
    ///
    /// # Errors
    /// [`StoreError::Missing`] for an unknown session, [`StoreError::AlreadyExists`] where the token is known.
    async fn set_holder(&mut self, id: SessionId, holder: &TokenHash, event: &AuditEvent) -> Result<(), StoreError>;
    /// Whoever may ask for signatures of `from` may do so of `to`, a session of the same user, and no longer of `from`. Nothing
    /// where nobody may.
    ///
    /// # Errors
    /// [`StoreError::Missing`] for an unknown session or one of another user.
    async fn hand_on_holder(&mut self, from: SessionId, to: SessionId, event: &AuditEvent) -> Result<(), StoreError>;
    /// Forgets every holder's token; answers how many.
    async fn forget_holders(&mut self) -> Result<usize, StoreError>;
    /// Whether anybody has a token to ask for signatures of this key session.
    async fn has_holder(&mut self, id: SessionId) -> Result<bool, StoreError>;
    /// The id of the key session whose holder's token this is; nothing of the session is read.
    async fn held_by(&mut self, holder: &TokenHash) -> Result<Option<SessionId>, StoreError>;
    /// By its holder's token.
    async fn find_key_by_holder(&mut self, holder: &TokenHash) -> Result<Option<KeySession>, StoreError>;
    /// All of a user's, ended ones too, oldest first, then by id; none once the user's data was deleted.
    async fn list_keys(&mut self, user: UserId) -> Result<Vec<KeySession>, StoreError>;
    /// Every user's that something is to be done about, now or since `now` or earlier: those being revoked, then those whose
    /// time has run out, by their end and then by id.
    async fn list_due_keys(&mut self, now: UnixSeconds) -> Result<Vec<KeySession>, StoreError>;
}

/// Grants as asked for and answered. `create` and `save` fail as in [`Sessions`]; an answered grant is not answered again.
#[async_trait]
pub trait Grants: Send {
    /// Adds a request.
    async fn create(&mut self, grant: &StoredGrant, event: &AuditEvent) -> Result<(), StoreError>;
    /// Records the owner's answer.
    async fn save(&mut self, grant: &StoredGrant, event: &AuditEvent) -> Result<(), StoreError>;
    /// By id.
    async fn find(&mut self, id: GrantId) -> Result<Option<StoredGrant>, StoreError>;
    /// All of a user's, oldest first, then by id; none once the user's data was deleted.
    async fn list(&mut self, user: UserId) -> Result<Vec<StoredGrant>, StoreError>;
    /// Keeps what the owner was shown of a grant that was read or added in the same transaction; for good.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where there is no such grant of that user, [`StoreError::AlreadyExists`] where it has one,
    /// [`StoreError::Stale`] unless it is approved.
    async fn record_consent(&mut self, consent: &Consent) -> Result<(), StoreError>;
    /// What the owner of a grant was shown.
    async fn consent(&mut self, grant: GrantId) -> Result<Option<Consent>, StoreError>;
}

/// What became of a reservation handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inserted {
    /// It is new and was added.
    New,
    /// A retry: this one was made before for the same request, and nothing was added.
    Existing(Reservation),
}

/// Budget held for operations.
#[async_trait]
pub trait Reservations: Send {
    /// Adds one, or finds the one that the same session made with the same idempotency key.
    ///
    /// # Errors
    /// [`StoreError::OtherRequest`] where that key was used for another request, [`StoreError::AlreadyExists`] where the
    /// id is known, [`StoreError::Missing`] where the session is not.
    async fn insert(&mut self, reservation: &Reservation, event: &AuditEvent) -> Result<Inserted, StoreError>;
    /// Moves one that was read or added in the same transaction: its state alone may differ.
    ///
    /// # Errors
    /// [`StoreError::Stale`] where it was not, and where the stored one is spent or released, or further along, or anything else differs.
    async fn save(&mut self, reservation: &Reservation, event: &AuditEvent) -> Result<(), StoreError>;
    /// By id.
    async fn find(&mut self, id: ReservationId) -> Result<Option<Reservation>, StoreError>;
    /// By a session's idempotency key.
    async fn find_by_key(
        &mut self,
        session: SessionId,
        key: &IdempotencyKey,
    ) -> Result<Option<Reservation>, StoreError>;
    /// What [`hallpass_session::budget`] needs beside a ledger read at final block `ledger_block`: the grant's live
    /// reservations, and those spent at a later block than that (by block, then id; live ones last).
    async fn held(&mut self, grant: GrantId, ledger_block: u64) -> Result<Vec<Reservation>, StoreError>;
    /// What [`hallpass_session::Route::Bare`] has charged to the grant's meters.
    async fn counted(&mut self, grant: GrantId) -> Result<Vec<Spent>, StoreError>;
    /// Sets it.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where there is no such grant.
    async fn set_counted(&mut self, grant: GrantId, counted: &[Spent]) -> Result<(), StoreError>;
    /// What the chain showed of the grant when it was last compared with what is held here.
    async fn explained(&mut self, grant: GrantId) -> Result<Option<Explained>, StoreError>;
    /// Sets it.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where there is no such grant.
    async fn set_explained(&mut self, grant: GrantId, explained: &Explained) -> Result<(), StoreError>;
    /// A session's live ones, by id: what is to be sent or settled.
    async fn list_live(&mut self, session: SessionId) -> Result<Vec<Reservation>, StoreError>;
    /// The sessions that have live ones, each once, by id.
    async fn live_sessions(&mut self) -> Result<Vec<SessionId>, StoreError>;
}

/// What owners are asked beside new grants. `create` needs the user's account and the session; `save` fails as in
/// [`Sessions`]: the state alone may differ, and an answered request is never moved again.
#[async_trait]
pub trait Requests: Send {
    /// Adds one.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] where the id is known, the session has asked with this idempotency key before, or
    /// another request has this proposal; [`StoreError::Missing`] where the session is not.
    async fn create(&mut self, request: &OwnerRequest, event: &AuditEvent) -> Result<(), StoreError>;
    /// Moves one that was read or added in the same transaction.
    async fn save(&mut self, request: &OwnerRequest, event: &AuditEvent) -> Result<(), StoreError>;
    /// By id.
    async fn find(&mut self, id: RequestId) -> Result<Option<OwnerRequest>, StoreError>;
    /// By a session's idempotency key.
    async fn find_by_key(
        &mut self,
        session: SessionId,
        key: &IdempotencyKey,
    ) -> Result<Option<OwnerRequest>, StoreError>;
    /// By the session that stands on its drafted grant.
    async fn find_by_proposal(&mut self, proposal: SessionId) -> Result<Option<OwnerRequest>, StoreError>;
    /// All of a user's, answered ones too, oldest first, then by id; none once the user's data was deleted.
    async fn list(&mut self, user: UserId) -> Result<Vec<OwnerRequest>, StoreError>;
    /// All of a session's, answered ones too, oldest first, then by id.
    async fn list_of(&mut self, session: SessionId) -> Result<Vec<OwnerRequest>, StoreError>;
    /// Every user's that are open, by their deadline and then by id.
    async fn list_open(&mut self) -> Result<Vec<OwnerRequest>, StoreError>;
}

/// Login nonces. Not sealed: a nonce names nobody.
#[async_trait]
pub trait Nonces: Send {
    /// Adds one.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] where it is known.
    async fn issue(&mut self, nonce: &LoginNonce) -> Result<(), StoreError>;
    /// Hands one out and forgets it; `None` where it is unknown or was taken.
    async fn take(&mut self, nonce: &[u8; 16]) -> Result<Option<LoginNonce>, StoreError>;
    /// Forgets every one issued before `time`; answers how many.
    async fn prune(&mut self, time: UnixSeconds) -> Result<usize, StoreError>;
}

/// The vault's own bytes, sealed by the vault and opaque here. Readable before the keys are handed in.
#[async_trait]
pub trait Vault: Send {
    /// The header.
    async fn header(&mut self) -> Result<Option<Vec<u8>>, StoreError>;
    /// Sets the header.
    async fn set_header(&mut self, bytes: &[u8]) -> Result<(), StoreError>;
    /// A record. An id stands in the file in clear, so it must name no account.
    async fn record(&mut self, id: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// Sets a record.
    async fn put_record(&mut self, id: &str, bytes: &[u8]) -> Result<(), StoreError>;
    /// Forgets a record; answers whether it was there.
    async fn delete_record(&mut self, id: &str) -> Result<bool, StoreError>;
    /// All ids, in byte order.
    async fn record_ids(&mut self) -> Result<Vec<String>, StoreError>;
}

/// A line of the audit trail as it is stored: see [`hallpass_session::chain`]. What stands there may be anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// The key of its row: 8 bytes, big-endian, where nobody changed it.
    pub place: Vec<u8>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The audit trail, a chain. The other repositories write to it by themselves.
#[async_trait]
pub trait AuditLog: Send {
    /// Adds an event that goes with no change (a denial, an unsealing); answers its place in the trail.
    ///
    /// # Errors
    /// [`StoreError::DataDeleted`] where the event has an origin and its user's data was deleted.
    async fn append(&mut self, event: &AuditEvent) -> Result<u64, StoreError>;
    /// Forgets the origins of events from before `before`, as far as the first event that is not; goes on where it stopped, over at
    /// most `limit` events. Answers how many it went over. The chain stays whole.
    async fn forget_origins(&mut self, before: UnixSeconds, limit: usize) -> Result<usize, StoreError>;
    /// Where it ends, as the store keeps it beside the lines. Needs no keys.
    async fn head(&mut self) -> Result<Head, StoreError>;
    /// At most `limit` lines as they are stored, from the key `start` on (inclusive), in byte order of their keys. Needs no
    /// keys, and reads nothing into them.
    async fn lines(&mut self, start: &[u8], limit: usize) -> Result<Vec<AuditLine>, StoreError>;
    /// At most `limit` events with a place above `after`, in order; of one user, or of all.
    async fn list(&mut self, user: Option<UserId>, after: u64, limit: usize) -> Result<Vec<AuditEvent>, StoreError>;
}
