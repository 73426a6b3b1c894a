//! Tables of bytes by bytes, in a transaction that reads or writes.

use crate::StoreError;
use redb::{Durability, ReadTransaction, ReadableTable, TableDefinition, WriteTransaction};

/// A table. Row keys are fixed-width parts put together, integers big-endian, so that byte order is the listing order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Table(pub(super) &'static str);

type Definition = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// A row: key and value.
pub(super) type Row = (Vec<u8>, Vec<u8>);

/// `"format"`, `"keys_check"`, `"generation"`, `"vault_header"`.
pub(super) const META: Table = Table("meta");
/// User -> the user's key, wrapped. Deleting this row deletes the user's data.
pub(super) const USER_KEYS: Table = Table("user_keys");
/// User -> sealed account.
pub(super) const ACCOUNTS: Table = Table("accounts");
/// HMAC of the CAIP-10 text -> user.
pub(super) const ACCOUNT_INDEX: Table = Table("account_index");
/// Session -> sealed login.
pub(super) const LOGINS: Table = Table("logins");
/// Token hash -> session.
pub(super) const LOGIN_TOKENS: Table = Table("login_tokens");
/// User, created, session.
pub(super) const LOGINS_BY_USER: Table = Table("logins_by_user");
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
/// Token hash -> session.
pub(super) const HOLDERS: Table = Table("holders");
/// Session -> its holder's token hash.
pub(super) const HOLDER_OF: Table = Table("holder_of");
/// Nonce -> when it was issued.
pub(super) const NONCES: Table = Table("nonces");
/// Id -> the vault's bytes.
pub(super) const VAULT: Table = Table("vault");
/// Place in the trail -> event, its origin sealed.
pub(super) const AUDIT: Table = Table("audit");
/// User, place.
pub(super) const AUDIT_BY_USER: Table = Table("audit_by_user");

/// Every table.
pub(super) const ALL: [Table; 23] = [
    META,
    USER_KEYS,
    ACCOUNTS,
    ACCOUNT_INDEX,
    LOGINS,
    LOGIN_TOKENS,
    LOGINS_BY_USER,
    KEYS,
    KEYS_BY_USER,
    DUE_KEYS,
    GRANTS,
    GRANTS_BY_USER,
    RESERVATIONS,
    IDEMPOTENCY,
    HELD,
    LIVE,
    COUNTED,
    HOLDERS,
    HOLDER_OF,
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
pub(super) enum Kv {
    Read(ReadTransaction),
    Write(WriteTransaction),
}

impl Kv {
    pub(super) fn write(mut txn: WriteTransaction) -> Result<Self, StoreError> {
        txn.set_durability(Durability::Immediate).map_err(StoreError::failed)?;
        Ok(Self::Write(txn))
    }

    pub(super) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self {
            Self::Read(txn) => get(&txn.open_table(table.definition()).map_err(StoreError::failed)?, key),
            Self::Write(txn) => get(&txn.open_table(table.definition()).map_err(StoreError::failed)?, key),
        }
    }

    /// At most `limit` rows whose key begins with `prefix`, from `start` on (inclusive), in byte order.
    pub(super) fn scan(&self, table: Table, prefix: &[u8], start: &[u8], limit: usize) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Read(txn) => {
                scan(&txn.open_table(table.definition()).map_err(StoreError::failed)?, prefix, start, limit)
            }
            Self::Write(txn) => {
                scan(&txn.open_table(table.definition()).map_err(StoreError::failed)?, prefix, start, limit)
            }
        }
    }

    /// Every row whose key is below `end`, in byte order.
    pub(super) fn until(&self, table: Table, end: &[u8]) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Read(txn) => until(&txn.open_table(table.definition()).map_err(StoreError::failed)?, end),
            Self::Write(txn) => until(&txn.open_table(table.definition()).map_err(StoreError::failed)?, end),
        }
    }

    /// Every row whose key begins with `prefix`, in byte order.
    pub(super) fn all(&self, table: Table, prefix: &[u8]) -> Result<Vec<Row>, StoreError> {
        self.scan(table, prefix, prefix, usize::MAX)
    }

    pub(super) fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let Self::Write(txn) = self else { return Err(StoreError::ReadOnly) };
        let mut open = txn.open_table(table.definition()).map_err(StoreError::failed)?;
        open.insert(key, value).map_err(StoreError::failed)?;
        Ok(())
    }

    /// [`Self::put`] of a row that must not be there yet.
    pub(super) fn add(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        match self.try_add(table, key, value)? {
            None => Ok(()),
            Some(_) => Err(StoreError::AlreadyExists { table: table.0 }),
        }
    }

    /// Adds a row, or answers the one that is there, which stays. One way down the tree where it is new, as it nearly
    /// always is.
    pub(super) fn try_add(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let Self::Write(txn) = self else { return Err(StoreError::ReadOnly) };
        let mut open = txn.open_table(table.definition()).map_err(StoreError::failed)?;
        let before = open.insert(key, value).map_err(StoreError::failed)?.map(|before| before.value().to_vec());
        if let Some(before) = &before {
            open.insert(key, before.as_slice()).map_err(StoreError::failed)?;
        }
        Ok(before)
    }

    /// Answers whether it was there.
    pub(super) fn remove(&mut self, table: Table, key: &[u8]) -> Result<bool, StoreError> {
        let Self::Write(txn) = self else { return Err(StoreError::ReadOnly) };
        let mut open = txn.open_table(table.definition()).map_err(StoreError::failed)?;
        let before = open.remove(key).map_err(StoreError::failed)?.is_some();
        Ok(before)
    }

    pub(super) fn create_tables(&mut self) -> Result<(), StoreError> {
        let Self::Write(txn) = self else { return Err(StoreError::ReadOnly) };
        for table in ALL {
            txn.open_table(table.definition()).map_err(StoreError::failed)?;
        }
        Ok(())
    }

    pub(super) const fn only_reads(&self) -> bool {
        matches!(self, Self::Read(_))
    }

    pub(super) fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Read(_) => Err(StoreError::ReadOnly),
            Self::Write(txn) => txn.commit().map_err(StoreError::failed),
        }
    }
}

fn get(table: &impl ReadableTable<&'static [u8], &'static [u8]>, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(table.get(key).map_err(StoreError::failed)?.map(|value| value.value().to_vec()))
}

fn scan(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    prefix: &[u8],
    start: &[u8],
    limit: usize,
) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::new();
    for entry in table.range(start..).map_err(StoreError::failed)?.take(limit) {
        let (key, value) = entry.map_err(StoreError::failed)?;
        if !key.value().starts_with(prefix) {
            break;
        }
        rows.push((key.value().to_vec(), value.value().to_vec()));
    }
    Ok(rows)
}

fn until(table: &impl ReadableTable<&'static [u8], &'static [u8]>, end: &[u8]) -> Result<Vec<Row>, StoreError> {
    let rows = table.range::<&[u8]>(..end).map_err(StoreError::failed)?;
    rows.map(|row| row.map(|(k, v)| (k.value().to_vec(), v.value().to_vec())).map_err(StoreError::failed)).collect()
}
