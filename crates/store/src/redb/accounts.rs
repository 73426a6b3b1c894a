//! People, by the accounts they have proved.

use super::kv::{
    ACCOUNT_INDEX, ACCOUNTS, HOLDER_OF, HOLDERS, KEY_INDEX, KEYS, KEYS_BY_USER, LIVE, LOGINS, LOGINS_BY_USER, META,
    OPEN_REQUESTS, REQUESTS, RESERVATIONS, USER_KEYS,
};
use super::rewrite::REWRITE;
use super::tx::{RedbTx, join};
use crate::{Account, Accounts, StoreError};
use async_trait::async_trait;
use hallpass_session::{AuditEvent, KeySession, LoginSession, Subject};
use hallpass_types::{AccountId, UserId};

impl RedbTx {
    fn account_key(&self, account: &AccountId) -> Result<[u8; 32], StoreError> {
        self.keys()?.index(ACCOUNT_INDEX.0, &[account.to_string().as_bytes()])
    }

    fn has_live_operations(&mut self, user: UserId) -> Result<bool, StoreError> {
        for (key, _) in self.kv().all(LIVE, &[])? {
            let id = key.get(16..).ok_or_else(|| LIVE.corrupt(&key))?;
            if self.owner(RESERVATIONS, id)? == Some(user) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn has_open_requests(&mut self, user: UserId) -> Result<bool, StoreError> {
        for (key, _) in self.kv().all(OPEN_REQUESTS, &[])? {
            let id = key.get(8..).ok_or_else(|| OPEN_REQUESTS.corrupt(&key))?;
            if self.owner(REQUESTS, id)? == Some(user) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[async_trait]
impl Accounts for RedbTx {
    async fn create(&mut self, account: &Account, event: &AuditEvent) -> Result<(), StoreError> {
        self.writes()?;
        let (user, index) = (account.user.as_bytes(), self.account_key(&account.account)?);
        if event.subject != Subject::Account(account.user) || event.user != Some(account.user) {
            return Err(StoreError::AuditMismatch);
        }
        // A deleted user's id stays taken: rows sealed under the destroyed key still name it.
        let known = self.kv().get(ACCOUNTS, user)?.is_some() || self.kv().get(USER_KEYS, user)?.is_some();
        if known || self.kv().get(ACCOUNT_INDEX, &index)?.is_some() {
            return Err(StoreError::AlreadyExists { table: ACCOUNTS.0 });
        }
        self.make_user_key(account.user)?;
        let row = self.sealed(ACCOUNTS, user, account.user, account)?;
        let event = self.prepare_any(event)?;
        self.record(&event)?;
        self.kv().add(ACCOUNTS, user, &row)?;
        self.kv().add(ACCOUNT_INDEX, &index, user)
    }

    async fn find(&mut self, user: UserId) -> Result<Option<Account>, StoreError> {
        match self.find_sealed(ACCOUNTS, user.as_bytes()) {
            Err(StoreError::DataDeleted) => Ok(None),
            other => other,
        }
    }

    async fn find_by_account(&mut self, account: &AccountId) -> Result<Option<Account>, StoreError> {
        let index = self.account_key(account)?;
        let Some(user) = self.kv().get(ACCOUNT_INDEX, &index)? else { return Ok(None) };
        let found: Account = self.find_sealed(ACCOUNTS, &user)?.ok_or_else(|| ACCOUNT_INDEX.corrupt(&index))?;
        Ok(Some(found))
    }

    async fn delete_personal_data(&mut self, user: UserId, event: &AuditEvent) -> Result<(), StoreError> {
        self.writes()?;
        let account = Accounts::find(self, user).await?.ok_or(StoreError::Missing { table: ACCOUNTS.0 })?;
        let logins: Vec<LoginSession> = self.of_user(LOGINS_BY_USER, user, LOGINS)?;
        let keys: Vec<KeySession> = self.of_user(KEYS_BY_USER, user, KEYS)?;
        let mut lifecycles = logins.iter().map(|s| &s.lifecycle).chain(keys.iter().map(|s| &s.lifecycle));
        let ended = lifecycles.all(|l| l.is_terminal());
        if !ended || self.has_live_operations(user)? || self.has_open_requests(user)? {
            return Err(StoreError::StillLive);
        }
        let index = self.account_key(&account.account)?;
        // The deletion's own origin would be personal data sealed under a key that is about to go.
        let bare = AuditEvent { from: None, ..event.clone() };
        let event = self.prepare(&bare, Subject::Account(user), user)?;
        self.record(&event)?;
        for login in logins {
            self.forget_tokens(&login)?;
        }
        for key in keys {
            let of_key = join(&[&self.key_prefix(&key.key)?, key.id.as_bytes()]);
            self.kv().remove(KEY_INDEX, &of_key)?;
            if let Some(holder) = self.kv().get(HOLDER_OF, key.id.as_bytes())? {
                self.kv().remove(HOLDERS, &holder)?;
                self.kv().remove(HOLDER_OF, key.id.as_bytes())?;
            }
        }
        self.kv().remove(ACCOUNT_INDEX, &index)?;
        self.kv().put(META, REWRITE, &[])?;
        self.destroy_user_key(user)
    }
}
