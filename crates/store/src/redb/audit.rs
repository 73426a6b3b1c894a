//! The audit trail. An event stands in clear but for its origin, which is sealed under its user's key, or under the
//! field key where it has no user.

use super::kv::{AUDIT, AUDIT_BY_USER};
use super::tx::{RedbTx, join};
use crate::{AuditLog, StoreError, keys};
use alloy_primitives::Bytes;
use async_trait::async_trait;
use hallpass_session::{AuditEvent, Origin};
use hallpass_types::UserId;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AuditRow {
    /// With neither place nor origin.
    event: AuditEvent,
    origin: Option<Bytes>,
}

impl RedbTx {
    /// The row of an event whose place will be `key`.
    pub(super) fn audit_row(&mut self, key: &[u8], event: &AuditEvent) -> Result<Vec<u8>, StoreError> {
        let origin = match (&event.from, event.user) {
            (None, _) => None,
            (Some(from), Some(user)) => Some(self.sealed(AUDIT, key, user, from)?),
            (Some(from), None) => {
                let plain = Zeroizing::new(serde_json::to_vec(from).map_err(StoreError::failed)?);
                Some(keys::seal(&self.keys()?.field, &place(key), &plain, self.rng())?)
            }
        };
        Self::clear(&AuditRow {
            event: AuditEvent { seq: None, from: None, ..event.clone() },
            origin: origin.map(Bytes::from),
        })
    }

    fn audit_event(&mut self, key: &[u8], row: &[u8]) -> Result<AuditEvent, StoreError> {
        let AuditRow { event, origin } = Self::read_clear(AUDIT, key, row)?;
        let seq = key.try_into().map(u64::from_be_bytes).map_err(|_| AUDIT.corrupt(key))?;
        let from: Option<Origin> = match (origin, event.user) {
            (None, _) => None,
            (Some(sealed), Some(_)) => match self.read_sealed(AUDIT, key, &sealed) {
                Ok((_, from)) => Some(from),
                Err(StoreError::DataDeleted) => None,
                Err(other) => return Err(other),
            },
            (Some(sealed), None) => {
                let plain = keys::open(&self.keys()?.field, &place(key), &sealed).ok_or_else(|| AUDIT.corrupt(key))?;
                Some(serde_json::from_slice(&plain).map_err(|_| AUDIT.corrupt(key))?)
            }
        };
        Ok(AuditEvent { seq: Some(seq), from, ..event })
    }
}

fn place(key: &[u8]) -> Vec<u8> {
    keys::aad(&[AUDIT.0.as_bytes(), key])
}

#[async_trait]
impl AuditLog for RedbTx {
    async fn append(&mut self, event: &AuditEvent) -> Result<u64, StoreError> {
        let event = self.prepare_any(event)?;
        self.record(&event)
    }

    async fn list(&mut self, user: Option<UserId>, after: u64, limit: usize) -> Result<Vec<AuditEvent>, StoreError> {
        let Some(start) = after.checked_add(1) else { return Ok(Vec::new()) };
        let start = start.to_be_bytes();
        let rows = match user {
            None => self.kv().scan(AUDIT, &[], &start, limit)?,
            Some(user) => {
                let index = self.kv().scan(AUDIT_BY_USER, user.as_bytes(), &join(&[user.as_bytes(), &start]), limit)?;
                let mut rows = Vec::with_capacity(index.len());
                for (at, _) in index {
                    let key = at.get(16..).ok_or_else(|| AUDIT_BY_USER.corrupt(&at))?;
                    let row = self.kv().get(AUDIT, key)?.ok_or_else(|| AUDIT_BY_USER.corrupt(&at))?;
                    rows.push((key.to_vec(), row));
                }
                rows
            }
        };
        rows.iter().map(|(key, row)| self.audit_event(key, row)).collect()
    }
}
