//! A transaction: rows sealed and opened, and every change with its audit event.

use super::audit::{HEAD, head_row};
use super::kv::{AUDIT, AUDIT_BY_USER, Kv, META, Table, USER_KEYS};
use super::{ROW_VERSION, SharedWitness, blocking};
use crate::keys::{self, UserKey};
use crate::repository::{Accounts, AuditLog, Grants, Logins, Nonces, Requests, Reservations, Sessions, Vault};
use crate::{StoreError, StoreKeys, Tx};
use async_trait::async_trait;
use hallpass_session::chain::Head;
use hallpass_session::{AuditEvent, Subject};
use hallpass_types::{Rng, UnixSeconds, UserId};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError};
use tokio::sync::OwnedMutexGuard;
use zeroize::Zeroizing;

pub(super) struct RedbTx {
    // First, so that it is undone before the next writer is let in.
    kv: Kv,
    keys: Option<Arc<StoreKeys>>,
    rng: Arc<dyn Rng>,
    opened: HashMap<UserId, UserKey>,
    /// Sealed rows read or made here.
    seen: HashSet<(&'static str, Vec<u8>)>,
    /// The head of the audit trail, once an event was written; written at the end.
    audited: Option<Head>,
    writer: Option<Writer>,
}

/// The only writer's place, and where its commit is noted.
type Writer = (OwnedMutexGuard<()>, SharedWitness);

/// An audit event with its origin sealed, ready to be written.
pub(super) struct Prepared {
    head: Head,
    row: Vec<u8>,
    user: Option<UserId>,
}

impl RedbTx {
    pub(super) fn new(kv: Kv, keys: Option<Arc<StoreKeys>>, rng: Arc<dyn Rng>, writer: Option<Writer>) -> Self {
        Self { kv, keys, rng, opened: HashMap::new(), seen: HashSet::new(), audited: None, writer }
    }

    pub(super) const fn kv(&mut self) -> &mut Kv {
        &mut self.kv
    }

    pub(super) const fn kv_ref(&self) -> &Kv {
        &self.kv
    }

    pub(super) const fn audited(&self) -> Option<Head> {
        self.audited
    }

    /// Refuses at once what [`Kv`] would refuse at its first write.
    pub(super) const fn writes(&self) -> Result<(), StoreError> {
        if self.kv.only_reads() { Err(StoreError::ReadOnly) } else { Ok(()) }
    }

    pub(super) fn keys(&self) -> Result<Arc<StoreKeys>, StoreError> {
        self.keys.clone().ok_or(StoreError::Sealed)
    }

    // ---- rows ----

    /// A row in clear.
    pub(super) fn clear<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
        let mut row = vec![ROW_VERSION];
        serde_json::to_writer(&mut row, value).map_err(StoreError::failed)?;
        Ok(row)
    }

    pub(super) fn read_clear<T: DeserializeOwned>(table: Table, key: &[u8], row: &[u8]) -> Result<T, StoreError> {
        match row.split_first() {
            Some((&ROW_VERSION, json)) => serde_json::from_slice(json).map_err(|_| table.corrupt(key)),
            _ => Err(table.corrupt(key)),
        }
    }

    /// A row under `user`'s key.
    pub(super) fn sealed<T: Serialize>(
        &mut self,
        table: Table,
        key: &[u8],
        user: UserId,
        value: &T,
    ) -> Result<Vec<u8>, StoreError> {
        let user_key = self.user_key(user)?;
        let plain = Zeroizing::new(serde_json::to_vec(value).map_err(StoreError::failed)?);
        let sealed = keys::seal(&user_key, &row_aad(table, key, user), &plain, &*self.rng)?;
        self.seen.insert((table.0, key.to_vec()));
        Ok([&[ROW_VERSION], user.as_bytes().as_slice(), &sealed].concat())
    }

    pub(super) fn read_sealed<T: DeserializeOwned>(
        &mut self,
        table: Table,
        key: &[u8],
        row: &[u8],
    ) -> Result<(UserId, T), StoreError> {
        let (user, sealed) = split_sealed(table, key, row)?;
        let user_key = self.user_key(user)?;
        let plain = keys::open(&user_key, &row_aad(table, key, user), sealed).ok_or_else(|| table.corrupt(key))?;
        let value = serde_json::from_slice(&plain).map_err(|_| table.corrupt(key))?;
        Ok((user, value))
    }

    pub(super) fn find_sealed<T: DeserializeOwned>(
        &mut self,
        table: Table,
        key: &[u8],
    ) -> Result<Option<T>, StoreError> {
        self.keys()?;
        let Some(row) = self.kv.get(table, key)? else { return Ok(None) };
        let (_, value) = self.read_sealed(table, key, &row)?;
        self.seen.insert((table.0, key.to_vec()));
        Ok(Some(value))
    }

    /// The sealed row that `save` is about to change. There is one writer at a time, so a row that was read or added in
    /// this transaction is what the new state was made from; another might undo what someone did in between.
    pub(super) fn stored<T: DeserializeOwned>(&mut self, table: Table, key: &[u8]) -> Result<T, StoreError> {
        self.writes()?;
        let seen = self.seen.contains(&(table.0, key.to_vec()));
        if !seen && self.kv.get(table, key)?.is_some() {
            return Err(StoreError::Stale);
        }
        self.find_sealed(table, key)?.ok_or(StoreError::Missing { table: table.0 })
    }

    /// Whose key seals a row; `None` where there is no such row.
    pub(super) fn owner(&self, table: Table, key: &[u8]) -> Result<Option<UserId>, StoreError> {
        match self.kv.get(table, key)? {
            Some(row) => split_sealed(table, key, &row).map(|(user, _)| Some(user)),
            None => Ok(None),
        }
    }

    /// The rows of `table` that `index` lists under `prefix`, in its order; the row's key is what follows `skip` bytes.
    pub(super) fn listed<T: DeserializeOwned>(
        &mut self,
        index: Table,
        prefix: &[u8],
        start: &[u8],
        skip: usize,
        table: Table,
    ) -> Result<Vec<T>, StoreError> {
        self.keys()?;
        let rows = self.kv.scan(index, prefix, start, usize::MAX)?;
        let found = rows.iter().map(|(at, _)| {
            let key = at.get(skip..).ok_or_else(|| index.corrupt(at))?;
            self.find_sealed(table, key)?.ok_or_else(|| index.corrupt(at))
        });
        found.collect()
    }

    /// [`Self::listed`] by an index of user, created, id; nothing where the user's data was deleted.
    pub(super) fn of_user<T: DeserializeOwned>(
        &mut self,
        index: Table,
        user: UserId,
        table: Table,
    ) -> Result<Vec<T>, StoreError> {
        let prefix = user.as_bytes();
        match self.listed(index, prefix, prefix, BY_USER, table) {
            Err(StoreError::DataDeleted) => Ok(Vec::new()),
            other => other,
        }
    }

    // ---- users' keys ----

    pub(super) fn make_user_key(&mut self, user: UserId) -> Result<(), StoreError> {
        let (keys, fresh) = (self.keys()?, keys::fresh(&*self.rng)?);
        let wrapped = keys::seal(&keys.field, &row_aad(USER_KEYS, &[], user), fresh.as_slice(), &*self.rng)?;
        self.kv.add(USER_KEYS, user.as_bytes(), &wrapped)?;
        self.opened.insert(user, fresh);
        Ok(())
    }

    pub(super) fn destroy_user_key(&mut self, user: UserId) -> Result<(), StoreError> {
        self.opened.remove(&user);
        self.kv.remove(USER_KEYS, user.as_bytes())?;
        Ok(())
    }

    fn user_key(&mut self, user: UserId) -> Result<UserKey, StoreError> {
        let keys = self.keys()?;
        if let Some(known) = self.opened.get(&user) {
            return Ok(known.clone());
        }
        let wrapped = self.kv.get(USER_KEYS, user.as_bytes())?.ok_or(StoreError::DataDeleted)?;
        let plain = keys::open(&keys.field, &row_aad(USER_KEYS, &[], user), &wrapped)
            .and_then(|plain| plain.first_chunk().copied().map(Zeroizing::new))
            .ok_or_else(|| USER_KEYS.corrupt(user.as_bytes()))?;
        self.opened.insert(user, plain.clone());
        Ok(plain)
    }

    // ---- audit ----

    /// Checks that `event` tells of `subject`, which is `user`'s, and seals it. Before any write, so that a refused
    /// change leaves nothing behind.
    pub(super) fn prepare(
        &mut self,
        event: &AuditEvent,
        subject: Subject,
        user: UserId,
    ) -> Result<Prepared, StoreError> {
        if event.subject != subject || event.user != Some(user) {
            return Err(StoreError::AuditMismatch);
        }
        self.prepare_any(event)
    }

    pub(super) fn prepare_any(&mut self, event: &AuditEvent) -> Result<Prepared, StoreError> {
        self.writes()?;
        let last = self.audit_head()?;
        let (head, row) = self.audit_line(last, event)?;
        Ok(Prepared { head, row, user: event.user })
    }

    /// Writes a prepared event; answers its place in the trail.
    pub(super) fn record(&mut self, event: &Prepared) -> Result<u64, StoreError> {
        let seq = event.head.seq;
        self.kv.add(AUDIT, &seq.to_be_bytes(), &event.row)?;
        self.audited = Some(event.head);
        if let Some(user) = event.user {
            self.kv.add(AUDIT_BY_USER, &join(&[user.as_bytes(), &seq.to_be_bytes()]), &[])?;
        }
        Ok(seq)
    }

    pub(super) fn counter(&self, name: &'static [u8]) -> Result<u64, StoreError> {
        match self.kv.get(META, name)? {
            Some(bytes) => bytes.try_into().map(u64::from_be_bytes).map_err(|_| META.corrupt(name)),
            None => Ok(0),
        }
    }

    /// Durable here, then noted at the witness, then answered. Where it cannot be noted it is not answered for: nobody may
    /// act on what the witness has not seen.
    pub(super) async fn commit_now(mut self: Box<Self>) -> Result<(), StoreError> {
        self.writes()?;
        let next = self.counter(b"generation")?.saturating_add(1);
        self.kv.put(META, b"generation", &next.to_be_bytes())?;
        if let Some(head) = self.audited {
            self.kv.put(META, HEAD, &head_row(head))?;
        }
        let Self { kv, writer, audited, .. } = *self;
        blocking(move || {
            kv.commit()?;
            let Some((guard, witness)) = writer else { return Ok(()) };
            let noted = witness
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .as_mut()
                .map_or(Ok(()), |w| w.note(next, audited));
            drop(guard);
            noted
        })
        .await
    }

    pub(super) fn rng(&self) -> &dyn Rng {
        &*self.rng
    }
}

/// Where the id begins in a key of user, created, id.
const BY_USER: usize = 24;

/// A key of user, created, id.
pub(super) fn by_user(user: UserId, created: UnixSeconds, id: &[u8]) -> Vec<u8> {
    join(&[user.as_bytes(), &created.get().to_be_bytes(), id])
}

pub(super) fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn row_aad(table: Table, key: &[u8], user: UserId) -> Vec<u8> {
    keys::aad(&[table.0.as_bytes(), &[ROW_VERSION], key, user.as_bytes()])
}

fn split_sealed<'a>(table: Table, key: &[u8], row: &'a [u8]) -> Result<(UserId, &'a [u8]), StoreError> {
    let parts = match row.split_first() {
        Some((&ROW_VERSION, rest)) => rest.split_first_chunk::<16>(),
        _ => None,
    };
    let (user, sealed) = parts.ok_or_else(|| table.corrupt(key))?;
    Ok((UserId::from_bytes(*user), sealed))
}

#[async_trait]
impl Tx for RedbTx {
    fn accounts(&mut self) -> &mut dyn Accounts {
        self
    }
    fn logins(&mut self) -> &mut dyn Logins {
        self
    }
    fn sessions(&mut self) -> &mut dyn Sessions {
        self
    }
    fn grants(&mut self) -> &mut dyn Grants {
        self
    }
    fn reservations(&mut self) -> &mut dyn Reservations {
        self
    }
    fn requests(&mut self) -> &mut dyn Requests {
        self
    }
    fn nonces(&mut self) -> &mut dyn Nonces {
        self
    }
    fn vault(&mut self) -> &mut dyn Vault {
        self
    }
    fn audit(&mut self) -> &mut dyn AuditLog {
        self
    }

    async fn generation(&mut self) -> Result<u64, StoreError> {
        self.counter(b"generation")
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.commit_now().await
    }
}
