//! Grants as asked for and answered.

use super::kv::{CONSENTS, GRANTS, GRANTS_BY_USER};
use super::tx::{RedbTx, by_user};
use crate::{Grants, StoreError};
use async_trait::async_trait;
use hallpass_session::{AuditEvent, Consent, Decision, StoredGrant, Subject};
use hallpass_types::{GrantId, UserId};

#[async_trait]
impl Grants for RedbTx {
    async fn create(&mut self, grant: &StoredGrant, event: &AuditEvent) -> Result<(), StoreError> {
        self.expect_user(grant.user)?;
        let event = self.prepare(event, Subject::Grant(grant.id), grant.user)?;
        let row = self.sealed(GRANTS, grant.id.as_slice(), grant.user, grant)?;
        self.kv().add(GRANTS, grant.id.as_slice(), &row)?;
        self.kv().add(GRANTS_BY_USER, &by_user(grant.user, grant.created, grant.id.as_slice()), &[])?;
        self.record(&event).map(drop)
    }

    async fn save(&mut self, grant: &StoredGrant, event: &AuditEvent) -> Result<(), StoreError> {
        let old: StoredGrant = self.stored(GRANTS, grant.id.as_slice())?;
        let same = StoredGrant { decision: old.decision.clone(), ..grant.clone() } == old;
        if !same || old.decision != Decision::Pending {
            return Err(StoreError::Stale);
        }
        let event = self.prepare(event, Subject::Grant(grant.id), grant.user)?;
        let row = self.sealed(GRANTS, grant.id.as_slice(), grant.user, grant)?;
        self.kv().put(GRANTS, grant.id.as_slice(), &row)?;
        self.record(&event).map(drop)
    }

    async fn find(&mut self, id: GrantId) -> Result<Option<StoredGrant>, StoreError> {
        self.find_sealed(GRANTS, id.as_slice())
    }

    async fn list(&mut self, user: UserId) -> Result<Vec<StoredGrant>, StoreError> {
        self.of_user(GRANTS_BY_USER, user, GRANTS)
    }

    async fn record_consent(&mut self, consent: &Consent) -> Result<(), StoreError> {
        let key = consent.grant.as_slice();
        let grant: StoredGrant = self.stored(GRANTS, key)?;
        if grant.user != consent.user {
            return Err(StoreError::Missing { table: GRANTS.0 });
        }
        if !matches!(grant.decision, Decision::Approved { .. }) {
            return Err(StoreError::Stale);
        }
        let row = self.sealed(CONSENTS, key, consent.user, consent)?;
        self.kv().add(CONSENTS, key, &row)
    }

    async fn consent(&mut self, grant: GrantId) -> Result<Option<Consent>, StoreError> {
        self.find_sealed(CONSENTS, grant.as_slice())
    }
}
