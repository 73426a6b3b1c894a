//! What owners are asked beside new grants.

use super::kv::{KEYS, OPEN_REQUESTS, PROPOSALS, REQUEST_KEYS, REQUESTS, REQUESTS_BY_SESSION, REQUESTS_BY_USER};
use super::tx::{RedbTx, by_user, join};
use crate::{Requests, StoreError};
use async_trait::async_trait;
use hallpass_session::{AuditEvent, OwnerRequest, RequestState, Subject};
use hallpass_types::{IdempotencyKey, RequestId, SessionId, UserId};

/// Where the id begins in a key of session, made, id.
const BY_SESSION: usize = 24;
/// Where the id begins in a key of deadline, id.
const BY_DEADLINE: usize = 8;

fn open_key(request: &OwnerRequest) -> Vec<u8> {
    join(&[&request.deadline.get().to_be_bytes(), request.id.as_bytes()])
}

impl RedbTx {
    fn request_key(&self, session: SessionId, key: &IdempotencyKey) -> Result<[u8; 32], StoreError> {
        self.keys()?.index(REQUEST_KEYS.0, &[session.as_bytes(), key.as_str().as_bytes()])
    }
}

#[async_trait]
impl Requests for RedbTx {
    async fn create(&mut self, request: &OwnerRequest, event: &AuditEvent) -> Result<(), StoreError> {
        self.expect_user(request.user)?;
        if self.owner(KEYS, request.session.as_bytes())? != Some(request.user) {
            return Err(StoreError::Missing { table: KEYS.0 });
        }
        let (id, index) = (request.id.as_bytes(), self.request_key(request.session, &request.idempotency)?);
        let event = self.prepare(event, Subject::Request(request.id), request.user)?;
        let row = self.sealed(REQUESTS, id, request.user, request)?;
        for (table, key) in [(REQUEST_KEYS, index.as_slice()), (PROPOSALS, request.proposal.as_bytes())] {
            if self.kv().get(table, key)?.is_some() {
                return Err(StoreError::AlreadyExists { table: table.0 });
            }
        }
        self.kv().add(REQUESTS, id, &row)?;
        self.kv().add(REQUEST_KEYS, &index, id)?;
        self.kv().add(PROPOSALS, request.proposal.as_bytes(), id)?;
        self.kv().add(REQUESTS_BY_USER, &by_user(request.user, request.made, id), &[])?;
        let of_session = join(&[request.session.as_bytes(), &request.made.get().to_be_bytes(), id]);
        self.kv().add(REQUESTS_BY_SESSION, &of_session, &[])?;
        if request.state == RequestState::Open {
            self.kv().add(OPEN_REQUESTS, &open_key(request), &[])?;
        }
        self.record(&event).map(drop)
    }

    async fn save(&mut self, request: &OwnerRequest, event: &AuditEvent) -> Result<(), StoreError> {
        let id = request.id.as_bytes();
        let old: OwnerRequest = self.stored(REQUESTS, id)?;
        let same = OwnerRequest { state: old.state, ..request.clone() } == old;
        if !same || old.state != RequestState::Open {
            return Err(StoreError::Stale);
        }
        let event = self.prepare(event, Subject::Request(request.id), request.user)?;
        let row = self.sealed(REQUESTS, id, request.user, request)?;
        self.kv().put(REQUESTS, id, &row)?;
        if request.state != RequestState::Open {
            self.kv().remove(OPEN_REQUESTS, &open_key(request))?;
        }
        self.record(&event).map(drop)
    }

    async fn find(&mut self, id: RequestId) -> Result<Option<OwnerRequest>, StoreError> {
        self.find_sealed(REQUESTS, id.as_bytes())
    }

    async fn find_by_key(
        &mut self,
        session: SessionId,
        key: &IdempotencyKey,
    ) -> Result<Option<OwnerRequest>, StoreError> {
        let index = self.request_key(session, key)?;
        let Some(id) = self.kv().get(REQUEST_KEYS, &index)? else { return Ok(None) };
        self.find_sealed(REQUESTS, &id)?.ok_or_else(|| REQUEST_KEYS.corrupt(&index)).map(Some)
    }

    async fn find_by_proposal(&mut self, proposal: SessionId) -> Result<Option<OwnerRequest>, StoreError> {
        self.keys()?;
        let Some(id) = self.kv().get(PROPOSALS, proposal.as_bytes())? else { return Ok(None) };
        self.find_sealed(REQUESTS, &id)?.ok_or_else(|| PROPOSALS.corrupt(proposal.as_bytes())).map(Some)
    }

    async fn list(&mut self, user: UserId) -> Result<Vec<OwnerRequest>, StoreError> {
        self.of_user(REQUESTS_BY_USER, user, REQUESTS)
    }

    async fn list_of(&mut self, session: SessionId) -> Result<Vec<OwnerRequest>, StoreError> {
        let prefix = session.as_bytes();
        self.listed(REQUESTS_BY_SESSION, prefix, prefix, BY_SESSION, REQUESTS)
    }

    async fn list_open(&mut self) -> Result<Vec<OwnerRequest>, StoreError> {
        self.listed(OPEN_REQUESTS, &[], &[], BY_DEADLINE, REQUESTS)
    }
}
