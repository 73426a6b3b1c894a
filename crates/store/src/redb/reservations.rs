//! Budget held for operations, and counted for what no chain counts.

use super::kv::{COUNTED, EXPLAINED, GRANTS, HELD, IDEMPOTENCY, KEYS, LIVE, RESERVATIONS, Table};
use super::tx::{RedbTx, join};
use crate::{Inserted, Reservations, StoreError};
use async_trait::async_trait;
use hallpass_policy::Spent;
use hallpass_session::{AuditEvent, Explained, Reservation, ReservationState, Subject};
use hallpass_types::{GrantId, IdempotencyKey, ReservationId, SessionId, UserId};
use serde::Serialize;

/// Where the id begins in a key of grant, block, id.
const HELD_ID: usize = 40;

/// The row in [`HELD`]: by the block at which it was spent, live ones after all blocks, none once released.
fn held_key(reservation: &Reservation) -> Option<Vec<u8>> {
    let block = match reservation.state {
        ReservationState::Spent { block } => block.number,
        ReservationState::Released { .. } | ReservationState::Counted => return None,
        _ => u64::MAX,
    };
    Some(join(&[reservation.grant.as_slice(), &block.to_be_bytes(), reservation.id.as_bytes()]))
}

fn live_key(reservation: &Reservation) -> Vec<u8> {
    join(&[reservation.session.as_bytes(), reservation.id.as_bytes()])
}

const fn rank(state: &ReservationState) -> u8 {
    match state {
        ReservationState::Reserved => 0,
        ReservationState::Signed { .. } => 1,
        ReservationState::Submitted { .. } => 2,
        ReservationState::Counted | ReservationState::Spent { .. } | ReservationState::Released { .. } => 3,
    }
}

impl RedbTx {
    fn idempotency_key(&self, session: SessionId, key: &IdempotencyKey) -> Result<[u8; 32], StoreError> {
        self.keys()?.index(IDEMPOTENCY.0, &[session.as_bytes(), key.as_str().as_bytes()])
    }

    /// A row of the grant's own, under its owner's key.
    fn beside_grant<T: Serialize>(&mut self, table: Table, grant: GrantId, value: &T) -> Result<(), StoreError> {
        let user = self.owner(GRANTS, grant.as_slice())?.ok_or(StoreError::Missing { table: GRANTS.0 })?;
        let row = self.sealed(table, grant.as_slice(), user, value)?;
        self.kv().put(table, grant.as_slice(), &row)
    }

    /// The reservation that the row at `index` of [`IDEMPOTENCY`] names.
    fn by_index(&mut self, index: &[u8], id: &[u8]) -> Result<Reservation, StoreError> {
        self.find_sealed(RESERVATIONS, id)?.ok_or_else(|| IDEMPOTENCY.corrupt(index))
    }

    fn session_user(&self, session: SessionId) -> Result<UserId, StoreError> {
        self.owner(KEYS, session.as_bytes())?.ok_or(StoreError::Missing { table: KEYS.0 })
    }
}

#[async_trait]
impl Reservations for RedbTx {
    async fn insert(&mut self, reservation: &Reservation, event: &AuditEvent) -> Result<Inserted, StoreError> {
        self.writes()?;
        let user = self.session_user(reservation.session)?;
        let index = self.idempotency_key(reservation.session, &reservation.idempotency)?;
        let id = reservation.id.as_bytes();
        if let Some(before) = self.kv().get(IDEMPOTENCY, &index)? {
            let before = self.by_index(&index, &before)?;
            before.same_request(reservation.request_hash).map_err(|_| StoreError::OtherRequest)?;
            return Ok(Inserted::Existing(before));
        }
        let event = self.prepare(event, Subject::Reservation(reservation.id), user)?;
        let row = self.sealed(RESERVATIONS, id, user, reservation)?;
        self.kv().add(RESERVATIONS, id, &row)?;
        self.kv().put(IDEMPOTENCY, &index, id)?;
        if let Some(key) = held_key(reservation) {
            self.kv().add(HELD, &key, &[])?;
        }
        if reservation.is_live() {
            self.kv().add(LIVE, &live_key(reservation), &[])?;
        }
        self.record(&event)?;
        Ok(Inserted::New)
    }

    async fn save(&mut self, reservation: &Reservation, event: &AuditEvent) -> Result<(), StoreError> {
        let id = reservation.id.as_bytes();
        let old: Reservation = self.stored(RESERVATIONS, id)?;
        let same = Reservation { state: old.state.clone(), ..reservation.clone() } == old;
        if !same || !old.is_live() || rank(&reservation.state) < rank(&old.state) {
            return Err(StoreError::Stale);
        }
        let user = self.session_user(reservation.session)?;
        let event = self.prepare(event, Subject::Reservation(reservation.id), user)?;
        let row = self.sealed(RESERVATIONS, id, user, reservation)?;
        self.kv().put(RESERVATIONS, id, &row)?;
        if let Some(key) = held_key(&old) {
            self.kv().remove(HELD, &key)?;
        }
        if let Some(key) = held_key(reservation) {
            self.kv().add(HELD, &key, &[])?;
        }
        if !reservation.is_live() {
            self.kv().remove(LIVE, &live_key(reservation))?;
        }
        self.record(&event).map(drop)
    }

    async fn find(&mut self, id: ReservationId) -> Result<Option<Reservation>, StoreError> {
        self.find_sealed(RESERVATIONS, id.as_bytes())
    }

    async fn find_by_key(
        &mut self,
        session: SessionId,
        key: &IdempotencyKey,
    ) -> Result<Option<Reservation>, StoreError> {
        let index = self.idempotency_key(session, key)?;
        let Some(id) = self.kv().get(IDEMPOTENCY, &index)? else { return Ok(None) };
        self.by_index(&index, &id).map(Some)
    }

    async fn held(&mut self, grant: GrantId, ledger_block: u64) -> Result<Vec<Reservation>, StoreError> {
        let start = join(&[grant.as_slice(), &ledger_block.saturating_add(1).to_be_bytes()]);
        self.listed(HELD, grant.as_slice(), &start, HELD_ID, RESERVATIONS)
    }

    async fn counted(&mut self, grant: GrantId) -> Result<Vec<Spent>, StoreError> {
        Ok(self.find_sealed(COUNTED, grant.as_slice())?.unwrap_or_default())
    }

    async fn set_counted(&mut self, grant: GrantId, counted: &[Spent]) -> Result<(), StoreError> {
        self.writes()?;
        self.beside_grant(COUNTED, grant, &counted)
    }

    async fn explained(&mut self, grant: GrantId) -> Result<Option<Explained>, StoreError> {
        self.find_sealed(EXPLAINED, grant.as_slice())
    }

    async fn set_explained(&mut self, grant: GrantId, explained: &Explained) -> Result<(), StoreError> {
        self.writes()?;
        self.beside_grant(EXPLAINED, grant, explained)
    }

    async fn list_live(&mut self, session: SessionId) -> Result<Vec<Reservation>, StoreError> {
        self.listed(LIVE, session.as_bytes(), session.as_bytes(), 16, RESERVATIONS)
    }

    async fn live_sessions(&mut self) -> Result<Vec<SessionId>, StoreError> {
        let mut sessions = Vec::new();
        for (key, _) in self.kv().all(LIVE, &[])? {
            let id = key.first_chunk::<16>().ok_or_else(|| LIVE.corrupt(&key))?;
            sessions.push(SessionId::from_bytes(*id));
        }
        sessions.dedup();
        Ok(sessions)
    }
}
