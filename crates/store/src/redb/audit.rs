//! The audit trail. A row is a line of the [`chain`]: its event stands in clear but for its origin, which is sealed under its
//! user's key, or under the field key where it has no user.

use super::kv::{AUDIT, AUDIT_BY_USER, META};
use super::tx::{RedbTx, join};
use crate::{AuditLine, AuditLog, StoreError, keys};
use async_trait::async_trait;
use hallpass_session::chain::{self, Head, Line, Link};
use hallpass_session::{AuditEvent, Origin};
use hallpass_types::{UnixSeconds, UserId};
use zeroize::Zeroizing;

impl RedbTx {
    /// The bytes of the line after `last`, and the head with it.
    pub(super) fn audit_line(&mut self, last: Head, event: &AuditEvent) -> Result<(Head, Vec<u8>), StoreError> {
        let key = last.seq.saturating_add(1).to_be_bytes();
        let origin = match (&event.from, event.user) {
            (None, _) => None,
            (Some(from), Some(user)) => Some(self.sealed(AUDIT, &key, user, from)?),
            (Some(from), None) => {
                let plain = Zeroizing::new(serde_json::to_vec(from).map_err(StoreError::failed)?);
                Some(keys::seal(&self.keys()?.field, &place(&key), &plain, self.rng())?)
            }
        };
        let bare = AuditEvent { seq: None, from: None, ..event.clone() };
        let bare = serde_json::to_vec(&bare).map_err(StoreError::failed)?;
        Ok(chain::line(last, &bare, origin.as_deref()))
    }

    fn audit_event(&mut self, key: &[u8], row: &[u8]) -> Result<AuditEvent, StoreError> {
        let line = Line::read(row).ok_or_else(|| AUDIT.corrupt(key))?;
        let event: AuditEvent = serde_json::from_slice(line.event).map_err(|_| AUDIT.corrupt(key))?;
        let seq = key.try_into().map(u64::from_be_bytes).map_err(|_| AUDIT.corrupt(key))?;
        let from: Option<Origin> = match (line.origin, event.user) {
            (None, _) => None,
            (Some(sealed), Some(_)) => match self.read_sealed(AUDIT, key, sealed) {
                Ok((_, from)) => Some(from),
                Err(StoreError::DataDeleted) => None,
                Err(other) => return Err(other),
            },
            (Some(sealed), None) => {
                let plain = keys::open(&self.keys()?.field, &place(key), sealed).ok_or_else(|| AUDIT.corrupt(key))?;
                Some(serde_json::from_slice(&plain).map_err(|_| AUDIT.corrupt(key))?)
            }
        };
        Ok(AuditEvent { seq: Some(seq), from, ..event })
    }

    /// The head of what was committed before, or of what was written here.
    pub(super) fn audit_head(&self) -> Result<Head, StoreError> {
        if let Some(head) = self.audited() {
            return Ok(head);
        }
        match self.kv_ref().get(META, HEAD)? {
            None => Ok(Head::default()),
            Some(bytes) => read_head(&bytes).ok_or_else(|| META.corrupt(HEAD)),
        }
    }
}

/// The row of [`META`] with the head: its place, then its link.
pub(super) const HEAD: &[u8] = b"audit";

/// The row of [`META`] with the place up to which no event has its origin any more.
const ORIGINS: &[u8] = b"origins";

pub(super) fn head_row(head: Head) -> Vec<u8> {
    [head.seq.to_be_bytes().as_slice(), &head.link.0].concat()
}

fn read_head(bytes: &[u8]) -> Option<Head> {
    let (seq, link) = bytes.split_first_chunk()?;
    Some(Head { seq: u64::from_be_bytes(*seq), link: Link(link.try_into().ok()?) })
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

    async fn head(&mut self) -> Result<Head, StoreError> {
        self.audit_head()
    }

    async fn lines(&mut self, start: &[u8], limit: usize) -> Result<Vec<AuditLine>, StoreError> {
        let rows = self.kv().scan(AUDIT, &[], start, limit)?;
        Ok(rows.into_iter().map(|(place, bytes)| AuditLine { place, bytes }).collect())
    }

    async fn forget_origins(&mut self, before: UnixSeconds, limit: usize) -> Result<usize, StoreError> {
        self.writes()?;
        let from = self.counter(ORIGINS)?;
        let rows = self.kv().scan(AUDIT, &[], &from.saturating_add(1).to_be_bytes(), limit)?;
        let (mut done, mut last) = (0, from);
        for (key, row) in &rows {
            let line = Line::read(row).ok_or_else(|| AUDIT.corrupt(key))?;
            let event: AuditEvent = serde_json::from_slice(line.event).map_err(|_| AUDIT.corrupt(key))?;
            if event.at >= before {
                break;
            }
            if line.origin.is_some() {
                self.kv().put(AUDIT, key, &line.without_origin())?;
            }
            last = key.as_slice().try_into().map(u64::from_be_bytes).map_err(|_| AUDIT.corrupt(key))?;
            done = usize::saturating_add(done, 1);
        }
        if last != from {
            self.kv().put(META, ORIGINS, &last.to_be_bytes())?;
        }
        Ok(done)
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
