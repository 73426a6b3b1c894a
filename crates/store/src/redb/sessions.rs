//! Key sessions.

use super::kv::{ACCOUNTS, DUE_KEYS, HOLDER_OF, HOLDERS, KEY_INDEX, KEYS, KEYS_BY_USER};
use super::tx::{RedbTx, by_user, join};
use crate::{Sessions, StoreError};
use alloy_primitives::Address;
use async_trait::async_trait;
use hallpass_session::{AuditEvent, KeySession, Lifecycle, Subject, TokenHash};
use hallpass_types::{SessionId, UnixSeconds, UserId};

/// Whether `new` may stand where `old` stands: nothing revives an ended session, whoever computed it from what.
pub(super) fn may_follow(old: &Lifecycle, new: &Lifecycle) -> bool {
    match old {
        ended if ended.is_terminal() => false,
        Lifecycle::Revoking { .. } => matches!(new, Lifecycle::Revoking { .. } | Lifecycle::Revoked { .. }),
        Lifecycle::Requested { .. } => true,
        _ => !matches!(new, Lifecycle::Requested { .. } | Lifecycle::Refused { .. }),
    }
}

/// The row in [`DUE_KEYS`]; none once it is terminal.
fn due_key(session: &KeySession) -> Option<Vec<u8>> {
    let due = match session.lifecycle {
        ref ended if ended.is_terminal() => return None,
        Lifecycle::Revoking { .. } => 0,
        _ => session.not_after.get(),
    };
    Some(join(&[&due.to_be_bytes(), session.id.as_bytes()]))
}

impl RedbTx {
    /// Whether `user` is someone whose data is here.
    pub(super) fn expect_user(&mut self, user: UserId) -> Result<(), StoreError> {
        self.writes()?;
        match self.owner(ACCOUNTS, user.as_bytes())? {
            Some(_) => Ok(()),
            None => Err(StoreError::Missing { table: ACCOUNTS.0 }),
        }
    }

    /// The rows of a session key begin so in [`KEY_INDEX`].
    pub(super) fn key_prefix(&self, key: &Address) -> Result<[u8; 32], StoreError> {
        self.keys()?.index(KEY_INDEX.0, &[key.as_slice()])
    }
}

#[async_trait]
impl Sessions for RedbTx {
    async fn create_key(&mut self, session: &KeySession, event: &AuditEvent) -> Result<(), StoreError> {
        self.expect_user(session.user)?;
        let id = session.id.as_bytes();
        let event = self.prepare(event, Subject::Key(session.id), session.user)?;
        let row = self.sealed(KEYS, id, session.user, session)?;
        self.kv().add(KEYS, id, &row)?;
        self.kv().add(KEYS_BY_USER, &by_user(session.user, session.created, id), &[])?;
        let of_key = join(&[&self.key_prefix(&session.key)?, id]);
        self.kv().add(KEY_INDEX, &of_key, &[])?;
        if let Some(due) = due_key(session) {
            self.kv().add(DUE_KEYS, &due, &[])?;
        }
        self.record(&event).map(drop)
    }

    async fn save_key(&mut self, session: &KeySession, event: &AuditEvent) -> Result<(), StoreError> {
        let id = session.id.as_bytes();
        let old: KeySession = self.stored(KEYS, id)?;
        let same = KeySession { lifecycle: old.lifecycle.clone(), install: old.install, ..session.clone() } == old;
        if !same || !may_follow(&old.lifecycle, &session.lifecycle) {
            return Err(StoreError::Stale);
        }
        let event = self.prepare(event, Subject::Key(session.id), session.user)?;
        let row = self.sealed(KEYS, id, session.user, session)?;
        self.kv().put(KEYS, id, &row)?;
        if let Some(due) = due_key(&old) {
            self.kv().remove(DUE_KEYS, &due)?;
        }
        if let Some(due) = due_key(session) {
            self.kv().add(DUE_KEYS, &due, &[])?;
        }
        self.record(&event).map(drop)
    }

    async fn find_key(&mut self, id: SessionId) -> Result<Option<KeySession>, StoreError> {
        self.find_sealed(KEYS, id.as_bytes())
    }

    async fn list_by_key(&mut self, key: Address) -> Result<Vec<SessionId>, StoreError> {
        let prefix = self.key_prefix(&key)?;
        let rows = self.kv().all(KEY_INDEX, &prefix)?;
        let id = |key: &[u8]| key.get(prefix.len()..).and_then(|id| id.try_into().ok()).map(SessionId::from_bytes);
        rows.iter().map(|(key, _)| id(key).ok_or_else(|| KEY_INDEX.corrupt(key))).collect()
    }

    async fn set_holder(&mut self, id: SessionId, holder: &TokenHash, event: &AuditEvent) -> Result<(), StoreError> {
        self.writes()?;
        let user = self.owner(KEYS, id.as_bytes())?.ok_or(StoreError::Missing { table: KEYS.0 })?;
        let event = self.prepare(event, Subject::Key(id), user)?;
        if self.kv().get(HOLDERS, holder.as_bytes())?.is_some() {
            return Err(StoreError::AlreadyExists { table: HOLDERS.0 });
        }
        if let Some(before) = self.kv().get(HOLDER_OF, id.as_bytes())? {
            self.kv().remove(HOLDERS, &before)?;
        }
        self.kv().put(HOLDER_OF, id.as_bytes(), holder.as_bytes())?;
        self.kv().add(HOLDERS, holder.as_bytes(), id.as_bytes())?;
        self.record(&event).map(drop)
    }

    async fn hand_on_holder(&mut self, from: SessionId, to: SessionId, event: &AuditEvent) -> Result<(), StoreError> {
        self.writes()?;
        let missing = StoreError::Missing { table: KEYS.0 };
        let Some(user) = self.owner(KEYS, to.as_bytes())? else { return Err(missing) };
        if self.owner(KEYS, from.as_bytes())? != Some(user) {
            return Err(missing);
        }
        let event = self.prepare(event, Subject::Key(to), user)?;
        let Some(token) = self.kv().get(HOLDER_OF, from.as_bytes())? else { return Ok(()) };
        if let Some(before) = self.kv().get(HOLDER_OF, to.as_bytes())? {
            self.kv().remove(HOLDERS, &before)?;
        }
        self.kv().remove(HOLDER_OF, from.as_bytes())?;
        self.kv().put(HOLDER_OF, to.as_bytes(), &token)?;
        self.kv().put(HOLDERS, &token, to.as_bytes())?;
        self.record(&event).map(drop)
    }

    async fn forget_holders(&mut self) -> Result<usize, StoreError> {
        self.writes()?;
        let mut gone = 0;
        for (token, session) in self.kv().all(HOLDERS, &[])? {
            self.kv().remove(HOLDERS, &token)?;
            self.kv().remove(HOLDER_OF, &session)?;
            gone += 1;
        }
        Ok(gone)
    }

    async fn has_holder(&mut self, id: SessionId) -> Result<bool, StoreError> {
        Ok(self.kv().get(HOLDER_OF, id.as_bytes())?.is_some())
    }

    async fn held_by(&mut self, holder: &TokenHash) -> Result<Option<SessionId>, StoreError> {
        self.keys()?;
        let Some(id) = self.kv().get(HOLDERS, holder.as_bytes())? else { return Ok(None) };
        let id = id.try_into().map_err(|_| HOLDERS.corrupt(holder.as_bytes()))?;
        Ok(Some(SessionId::from_bytes(id)))
    }

    async fn find_key_by_holder(&mut self, holder: &TokenHash) -> Result<Option<KeySession>, StoreError> {
        let Some(id) = self.held_by(holder).await? else { return Ok(None) };
        self.find_sealed(KEYS, id.as_bytes())?.ok_or_else(|| HOLDERS.corrupt(holder.as_bytes())).map(Some)
    }

    async fn list_keys(&mut self, user: UserId) -> Result<Vec<KeySession>, StoreError> {
        self.of_user(KEYS_BY_USER, user, KEYS)
    }

    async fn list_due_keys(&mut self, now: UnixSeconds) -> Result<Vec<KeySession>, StoreError> {
        self.keys()?;
        let mut due = Vec::new();
        for (key, _) in self.kv().until(DUE_KEYS, &now.get().saturating_add(1).to_be_bytes())? {
            let id = key.get(8..).ok_or_else(|| DUE_KEYS.corrupt(&key))?;
            due.push(self.find_sealed(KEYS, id)?.ok_or_else(|| DUE_KEYS.corrupt(&key))?);
        }
        Ok(due)
    }
}
