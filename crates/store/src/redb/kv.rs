//! Tables of bytes by bytes, in a transaction that reads or writes.

use crate::StoreError;
use core::cell::RefCell;
use core::ops::Bound;
use redb::{
    Database, Durability, ReadOnlyTable, ReadTransaction, ReadableDatabase, TableDefinition, TableError,
    WriteTransaction,
};
use std::collections::BTreeMap;

/// A table. Row keys are fixed-width parts put together, integers big-endian, so that byte order is the listing order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Table(pub(super) &'static str);

type Definition = TableDefinition<'static, &'static [u8], &'static [u8]>;

type Rows = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// A row: key and value.
pub(super) type Row = (Vec<u8>, Vec<u8>);

/// `"format"`, `"keys_check"`, `"generation"`, `"audit"` (the head of the trail), `"origins"` (the place up to which it has none any more), `"vault_header"`, `"start"`, and in a backup `"copy"`.
pub(super) const META: Table = Table("meta");
/// User -> the user's key, wrapped. Deleting this row deletes the user's data.
pub(super) const USER_KEYS: Table = Table("user_keys");
/// User -> sealed account.
pub(super) const ACCOUNTS: Table = Table("accounts");
/// HMAC of the CAIP-10 text -> user.
pub(super) const ACCOUNT_INDEX: Table = Table("account_index");
/// Session -> sealed login.
pub(super) const LOGINS: Table = Table("logins");
/// Hash of every token that a login ever had, access and refresh -> session; until the login's absolute end.
pub(super) const LOGIN_TOKENS: Table = Table("login_tokens");
/// User, created, session.
pub(super) const LOGINS_BY_USER: Table = Table("logins_by_user");
/// The login's absolute end, session, token hash; one for each row of [`LOGIN_TOKENS`].
pub(super) const LOGIN_TOKEN_ENDS: Table = Table("login_token_ends");
/// User, session; while not terminal.
pub(super) const LIVE_LOGINS: Table = Table("live_logins");
/// The end, were it not used again; session; while not terminal.
pub(super) const DUE_LOGINS: Table = Table("due_logins");
/// The login's absolute end, session -> its key in [`LOGINS_BY_USER`]; once it is terminal.
pub(super) const ENDED_LOGINS: Table = Table("ended_logins");
/// Session -> sealed key session.
pub(super) const KEYS: Table = Table("keys");
/// User, created, session.
pub(super) const KEYS_BY_USER: Table = Table("keys_by_user");
/// When something is to be done about it (0 while it is being revoked, else its end), session; while not terminal.
pub(super) const DUE_KEYS: Table = Table("due_keys");
/// Grant -> sealed grant.
pub(super) const GRANTS: Table = Table("grants");
/// User, created, grant.
pub(super) const GRANTS_BY_USER: Table = Table("grants_by_user");
/// Grant -> sealed, what its owner was shown.
pub(super) const CONSENTS: Table = Table("consents");
/// HMAC of a session key, session.
pub(super) const KEY_INDEX: Table = Table("key_index");
/// Reservation -> sealed reservation.
pub(super) const RESERVATIONS: Table = Table("reservations");
/// HMAC of session and idempotency key -> reservation.
pub(super) const IDEMPOTENCY: Table = Table("idempotency");
/// Grant, block at which it was spent (all ones while live), reservation.
pub(super) const HELD: Table = Table("held");
/// Session, reservation; while live.
pub(super) const LIVE: Table = Table("live");
/// Grant -> sealed list of what no chain counts of it.
pub(super) const COUNTED: Table = Table("counted");
/// Grant -> sealed, what the chain showed when it was last compared.
pub(super) const EXPLAINED: Table = Table("explained");
/// Token hash -> session.
pub(super) const HOLDERS: Table = Table("holders");
/// Session -> its holder's token hash.
pub(super) const HOLDER_OF: Table = Table("holder_of");
/// Request -> sealed request.
pub(super) const REQUESTS: Table = Table("requests");
/// User, made, request.
pub(super) const REQUESTS_BY_USER: Table = Table("requests_by_user");
/// Session, made, request.
pub(super) const REQUESTS_BY_SESSION: Table = Table("requests_by_session");
/// HMAC of session and idempotency key -> request.
pub(super) const REQUEST_KEYS: Table = Table("request_keys");
/// The session that stands on the drafted grant -> request.
pub(super) const PROPOSALS: Table = Table("proposals");
/// Deadline, request; while open.
pub(super) const OPEN_REQUESTS: Table = Table("open_requests");
/// Nonce -> when it was issued.
pub(super) const NONCES: Table = Table("nonces");
/// Id -> the vault's bytes.
pub(super) const VAULT: Table = Table("vault");
/// Place in the trail -> line of the chain, its origin sealed.
pub(super) const AUDIT: Table = Table("audit");
/// User, place.
pub(super) const AUDIT_BY_USER: Table = Table("audit_by_user");

/// Every table.
pub(super) const ALL: [Table; 36] = [
    META,
    USER_KEYS,
    ACCOUNTS,
    ACCOUNT_INDEX,
    LOGINS,
    LOGIN_TOKENS,
    LOGINS_BY_USER,
    LOGIN_TOKEN_ENDS,
    LIVE_LOGINS,
    DUE_LOGINS,
    ENDED_LOGINS,
    KEYS,
    KEYS_BY_USER,
    DUE_KEYS,
    GRANTS,
    GRANTS_BY_USER,
    CONSENTS,
    KEY_INDEX,
    RESERVATIONS,
    IDEMPOTENCY,
    HELD,
    LIVE,
    COUNTED,
    EXPLAINED,
    HOLDERS,
    HOLDER_OF,
    REQUESTS,
    REQUESTS_BY_USER,
    REQUESTS_BY_SESSION,
    REQUEST_KEYS,
    PROPOSALS,
    OPEN_REQUESTS,
    NONCES,
    VAULT,
    AUDIT,
    AUDIT_BY_USER,
];

impl Table {
    const fn definition(self) -> Definition {
        TableDefinition::new(self.0)
    }

    /// The error for a row of this table that cannot be read.
    pub(super) fn corrupt(self, key: &[u8]) -> StoreError {
        StoreError::CorruptRow { table: self.0, key: alloy_primitives::hex::encode(key) }
    }
}

/// A redb transaction.
///
/// What one writes waits beside it, sorted, until it is committed: each table is then opened once and gone through in
/// order, where a table opened for each row costs as much as the row. Reads look there first, then at what was committed
/// before, which nobody else changes meanwhile.
pub(super) enum Kv {
    Read(Base),
    Write(Box<Writing>),
}

pub(super) struct Writing {
    base: Base,
    /// `None` where a row is to be removed.
    rows: BTreeMap<&'static str, Changes>,
    txn: WriteTransaction,
}

type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// What was committed, and the tables of it that were opened.
pub(super) struct Base {
    txn: ReadTransaction,
    open: RefCell<Vec<(Table, Rows)>>,
}

impl Base {
    fn begin(database: &Database) -> Result<Self, StoreError> {
        Ok(Self { txn: database.begin_read().map_err(StoreError::failed)?, open: RefCell::default() })
    }

    /// What `work` makes of a table; nothing where a new file has none of it yet.
    fn with<T>(
        &self,
        table: Table,
        work: impl FnOnce(&Rows) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        if let Some((_, rows)) = self.open.borrow().iter().find(|(open, _)| *open == table) {
            return work(rows).map(Some);
        }
        match self.txn.open_table(table.definition()) {
            Ok(rows) => {
                let done = work(&rows);
                self.open.borrow_mut().push((table, rows));
                done.map(Some)
            }
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(other) => Err(StoreError::failed(other)),
        }
    }
}

impl Kv {
    pub(super) fn read(database: &Database) -> Result<Self, StoreError> {
        Ok(Self::Read(Base::begin(database)?))
    }

    /// Waits until no other is writing.
    pub(super) fn write(database: &Database) -> Result<Self, StoreError> {
        let mut txn = database.begin_write().map_err(StoreError::failed)?;
        txn.set_durability(Durability::Immediate).map_err(StoreError::failed)?;
        // After it, so that it sees what the last one committed.
        let base = Base::begin(database)?;
        Ok(Self::Write(Box::new(Writing { base, rows: BTreeMap::new(), txn })))
    }

    pub(super) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(change) = self.changes(table).and_then(|changes| changes.get(key)) {
            return Ok(change.clone());
        }
        let found = self.committed(table, |rows| {
            Ok(rows.get(key).map_err(StoreError::failed)?.map(|value| value.value().to_vec()))
        })?;
        Ok(found.flatten())
    }

    /// At most `limit` rows whose key begins with `prefix`, from `start` on (inclusive), in byte order.
    pub(super) fn scan(&self, table: Table, prefix: &[u8], start: &[u8], limit: usize) -> Result<Vec<Row>, StoreError> {
        self.range(table, Bound::Included(start), Bound::Unbounded, |key| key.starts_with(prefix), limit)
    }

    /// Every row whose key is below `end`, in byte order.
    pub(super) fn until(&self, table: Table, end: &[u8]) -> Result<Vec<Row>, StoreError> {
        self.range(table, Bound::Unbounded, Bound::Excluded(end), |_| true, usize::MAX)
    }

    /// Every row whose key begins with `prefix`, in byte order.
    pub(super) fn all(&self, table: Table, prefix: &[u8]) -> Result<Vec<Row>, StoreError> {
        self.scan(table, prefix, prefix, usize::MAX)
    }

    pub(super) fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.writing()?.rows.entry(table.0).or_default().insert(key.to_vec(), Some(value.to_vec()));
        Ok(())
    }

    /// [`Self::put`] of a row that must not be there yet.
    pub(super) fn add(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.writing()?;
        if self.get(table, key)?.is_some() {
            return Err(StoreError::AlreadyExists { table: table.0 });
        }
        self.put(table, key, value)
    }

    /// Answers whether it was there.
    pub(super) fn remove(&mut self, table: Table, key: &[u8]) -> Result<bool, StoreError> {
        self.writing()?;
        let before = self.get(table, key)?.is_some();
        if before {
            self.writing()?.rows.entry(table.0).or_default().insert(key.to_vec(), None);
        }
        Ok(before)
    }

    /// Writes rows at once, for a copy that is larger than memory. Reads of this transaction do not see them.
    pub(super) fn fill(&mut self, table: Table, rows: &[Row]) -> Result<(), StoreError> {
        let mut open = self.writing()?.txn.open_table(table.definition()).map_err(StoreError::failed)?;
        for (key, value) in rows {
            open.insert(key.as_slice(), value.as_slice()).map_err(StoreError::failed)?;
        }
        Ok(())
    }

    /// Whether there is no table yet: the file is new.
    pub(super) fn is_empty(&mut self) -> Result<bool, StoreError> {
        Ok(self.writing()?.txn.list_tables().map_err(StoreError::failed)?.next().is_none())
    }

    pub(super) fn create_tables(&mut self) -> Result<(), StoreError> {
        for table in ALL {
            self.writing()?.txn.open_table(table.definition()).map_err(StoreError::failed)?;
        }
        Ok(())
    }

    pub(super) const fn only_reads(&self) -> bool {
        matches!(self, Self::Read(_))
    }

    pub(super) fn commit(self) -> Result<(), StoreError> {
        let Self::Write(writing) = self else { return Err(StoreError::ReadOnly) };
        let Writing { rows, txn, base } = *writing;
        drop(base);
        for (table, changes) in rows {
            let mut open = txn.open_table(Table(table).definition()).map_err(StoreError::failed)?;
            for (key, change) in changes {
                match change {
                    Some(value) => open.insert(key.as_slice(), value.as_slice()).map(drop),
                    None => open.remove(key.as_slice()).map(drop),
                }
                .map_err(StoreError::failed)?;
            }
        }
        txn.commit().map_err(StoreError::failed)
    }

    fn writing(&mut self) -> Result<&mut Writing, StoreError> {
        match self {
            Self::Read(_) => Err(StoreError::ReadOnly),
            Self::Write(writing) => Ok(writing),
        }
    }

    fn changes(&self, table: Table) -> Option<&Changes> {
        match self {
            Self::Read(_) => None,
            Self::Write(writing) => writing.rows.get(table.0),
        }
    }

    /// What `work` makes of a table as it was committed. Only a file that is being made lacks one.
    fn committed<T>(
        &self,
        table: Table,
        work: impl FnOnce(&Rows) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match self {
            Self::Write(writing) => writing.base.with(table, work),
            Self::Read(base) => {
                let done = base.with(table, work)?;
                done.map(Some).ok_or_else(|| StoreError::failed(TableError::TableDoesNotExist(table.0.to_owned())))
            }
        }
    }

    /// The rows between two keys, as long as `fits`, in byte order: what was committed, and over it what was changed here.
    fn range(
        &self,
        table: Table,
        start: Bound<&[u8]>,
        end: Bound<&[u8]>,
        fits: impl Fn(&[u8]) -> bool,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let changed = self.changes(table).into_iter().flat_map(|changes| changes.range::<[u8], _>((start, end)));
        let mut changed = changed.take_while(|(key, _)| fits(key)).peekable();
        let mut out = Vec::new();
        let take = |change: (&Vec<u8>, &Option<Vec<u8>>), out: &mut Vec<Row>| {
            out.extend(change.1.clone().map(|value| (change.0.clone(), value)));
        };
        self.committed(table, |rows| {
            for entry in rows.range::<&[u8]>((start, end)).map_err(StoreError::failed)? {
                let (key, value) = entry.map_err(StoreError::failed)?;
                if out.len() >= limit || !fits(key.value()) {
                    break;
                }
                while let Some(before) = changed.next_if(|(changed, _)| changed.as_slice() < key.value()) {
                    take(before, &mut out);
                }
                match changed.next_if(|(changed, _)| changed.as_slice() == key.value()) {
                    Some(instead) => take(instead, &mut out),
                    None => out.push((key.value().to_vec(), value.value().to_vec())),
                }
            }
            Ok(())
        })?;
        while out.len() < limit
            && let Some(after) = changed.next()
        {
            take(after, &mut out);
        }
        out.truncate(limit);
        Ok(out)
    }
}
