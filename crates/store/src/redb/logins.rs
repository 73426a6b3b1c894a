//! Login sessions and their tokens.

use super::kv::{DUE_LOGINS, ENDED_LOGINS, LIVE_LOGINS, LOGIN_TOKEN_ENDS, LOGIN_TOKENS, LOGINS, LOGINS_BY_USER};
use super::sessions::may_follow;
use super::tx::{RedbTx, by_user, join};
use crate::{Logins, StoreError};
use async_trait::async_trait;
use hallpass_session::{AuditEvent, LoginSession, Subject, TokenHash};
use hallpass_types::{SessionId, UnixSeconds, UserId};

/// What of a login never changes.
fn fixed(old: &LoginSession, new: &LoginSession) -> bool {
    let LoginSession { lifecycle, seen, proved_at, own_pass, access, refresh, contract, .. } = old.clone();
    LoginSession { lifecycle, seen, proved_at, own_pass, access, refresh, contract, ..new.clone() } == *old
}

/// The row in [`DUE_LOGINS`]; none once it is terminal.
fn due(login: &LoginSession) -> Option<Vec<u8>> {
    let ends = login.ends(login.seen).get().to_be_bytes();
    (!login.lifecycle.is_terminal()).then(|| join(&[&ends, login.id.as_bytes()]))
}

/// The row in [`LIVE_LOGINS`].
fn live(login: &LoginSession) -> Vec<u8> {
    join(&[login.user.as_bytes(), login.id.as_bytes()])
}

/// The row in [`LOGIN_TOKEN_ENDS`].
fn token_end(login: &LoginSession, token: &TokenHash) -> Vec<u8> {
    join(&[&login.not_after.get().to_be_bytes(), login.id.as_bytes(), token.as_bytes()])
}

impl RedbTx {
    /// Remembers every token of `login` that was not known; one of another login is refused.
    fn add_tokens(&mut self, login: &LoginSession) -> Result<(), StoreError> {
        for token in login.tokens() {
            match self.kv().get(LOGIN_TOKENS, token.as_bytes())? {
                Some(known) if known == login.id.as_bytes() => {}
                Some(_) => return Err(StoreError::AlreadyExists { table: LOGIN_TOKENS.0 }),
                None => {
                    self.kv().add(LOGIN_TOKENS, token.as_bytes(), login.id.as_bytes())?;
                    self.kv().add(LOGIN_TOKEN_ENDS, &token_end(login, &token), &[])?;
                }
            }
        }
        Ok(())
    }

    /// Puts `login` in the place of what is stored.
    fn replace_login(&mut self, old: &LoginSession, login: &LoginSession) -> Result<(), StoreError> {
        let id = login.id.as_bytes();
        let row = self.sealed(LOGINS, id, login.user, login)?;
        self.add_tokens(login)?;
        self.kv().put(LOGINS, id, &row)?;
        if let Some(due) = due(old) {
            self.kv().remove(DUE_LOGINS, &due)?;
        }
        match due(login) {
            Some(due) => self.kv().add(DUE_LOGINS, &due, &[]),
            None => {
                self.kv().remove(LIVE_LOGINS, &live(login))?;
                self.note_end(login)
            }
        }
    }

    /// Has it found once it is to be forgotten.
    fn note_end(&mut self, login: &LoginSession) -> Result<(), StoreError> {
        let listed = by_user(login.user, login.created, login.id.as_bytes());
        self.kv().put(ENDED_LOGINS, &join(&[&login.not_after.get().to_be_bytes(), login.id.as_bytes()]), &listed)
    }

    /// The login sessions whose ids stand at the end of `rows`' keys.
    fn logins_of(
        &mut self,
        rows: Vec<(Vec<u8>, Vec<u8>)>,
        skip: usize,
        table: super::kv::Table,
    ) -> Result<Vec<LoginSession>, StoreError> {
        let found = rows.iter().map(|(key, _)| {
            let id = key.get(skip..).ok_or_else(|| table.corrupt(key))?;
            self.find_sealed(LOGINS, id)?.ok_or_else(|| table.corrupt(key))
        });
        found.collect()
    }

    /// Forgets the tokens of a login.
    pub(super) fn forget_tokens(&mut self, login: &LoginSession) -> Result<(), StoreError> {
        let prefix = join(&[&login.not_after.get().to_be_bytes(), login.id.as_bytes()]);
        for (key, _) in self.kv().all(LOGIN_TOKEN_ENDS, &prefix)? {
            self.forget_token(&key)?;
        }
        Ok(())
    }

    fn forget_token(&mut self, end: &[u8]) -> Result<(), StoreError> {
        let token = end.get(24..).ok_or_else(|| LOGIN_TOKEN_ENDS.corrupt(end))?;
        self.kv().remove(LOGIN_TOKENS, token)?;
        self.kv().remove(LOGIN_TOKEN_ENDS, end).map(drop)
    }
}

#[async_trait]
impl Logins for RedbTx {
    async fn create(&mut self, login: &LoginSession, event: &AuditEvent) -> Result<(), StoreError> {
        self.expect_user(login.user)?;
        let id = login.id.as_bytes();
        let event = self.prepare(event, Subject::Login(login.id), login.user)?;
        let row = self.sealed(LOGINS, id, login.user, login)?;
        for token in login.tokens() {
            if self.kv().get(LOGIN_TOKENS, token.as_bytes())?.is_some() {
                return Err(StoreError::AlreadyExists { table: LOGIN_TOKENS.0 });
            }
        }
        self.kv().add(LOGINS, id, &row)?;
        self.add_tokens(login)?;
        self.kv().add(LOGINS_BY_USER, &by_user(login.user, login.created, id), &[])?;
        if let Some(due) = due(login) {
            self.kv().add(DUE_LOGINS, &due, &[])?;
            self.kv().add(LIVE_LOGINS, &live(login), &[])?;
        } else {
            self.note_end(login)?;
        }
        self.record(&event).map(drop)
    }

    async fn save(&mut self, login: &LoginSession, event: &AuditEvent) -> Result<(), StoreError> {
        let old: LoginSession = self.stored(LOGINS, login.id.as_bytes())?;
        if !fixed(&old, login) || !may_follow(&old.lifecycle, &login.lifecycle) {
            return Err(StoreError::Stale);
        }
        let event = self.prepare(event, Subject::Login(login.id), login.user)?;
        self.replace_login(&old, login)?;
        self.record(&event).map(drop)
    }

    async fn note(&mut self, login: &LoginSession) -> Result<(), StoreError> {
        let old: LoginSession = self.stored(LOGINS, login.id.as_bytes())?;
        let proof = |login: &LoginSession| (login.proved_at, login.own_pass);
        let quiet = old.lifecycle == login.lifecycle && proof(&old) == proof(login) && !old.lifecycle.is_terminal();
        let no_new_token = login.tokens().all(|token| old.tokens().any(|known| known == token));
        if !fixed(&old, login) || !quiet || !no_new_token {
            return Err(StoreError::Stale);
        }
        self.replace_login(&old, login)
    }

    async fn find(&mut self, id: SessionId) -> Result<Option<LoginSession>, StoreError> {
        self.find_sealed(LOGINS, id.as_bytes())
    }

    async fn find_by_token(&mut self, hash: &TokenHash) -> Result<Option<LoginSession>, StoreError> {
        self.keys()?;
        let Some(id) = self.kv().get(LOGIN_TOKENS, hash.as_bytes())? else { return Ok(None) };
        self.find_sealed(LOGINS, &id)?.ok_or_else(|| LOGIN_TOKENS.corrupt(hash.as_bytes())).map(Some)
    }

    async fn list(&mut self, user: UserId) -> Result<Vec<LoginSession>, StoreError> {
        self.of_user(LOGINS_BY_USER, user, LOGINS)
    }

    async fn list_live(&mut self) -> Result<Vec<LoginSession>, StoreError> {
        self.keys()?;
        let rows = self.kv().all(DUE_LOGINS, &[])?;
        let mut live = self.logins_of(rows, 8, DUE_LOGINS)?;
        live.sort_unstable_by_key(|login| *login.id.as_bytes());
        Ok(live)
    }

    async fn list_live_of(&mut self, user: UserId) -> Result<Vec<LoginSession>, StoreError> {
        self.keys()?;
        let rows = self.kv().all(LIVE_LOGINS, user.as_bytes())?;
        self.logins_of(rows, 16, LIVE_LOGINS)
    }

    async fn list_due(&mut self, now: UnixSeconds) -> Result<Vec<LoginSession>, StoreError> {
        self.keys()?;
        let rows = self.kv().until(DUE_LOGINS, &now.get().saturating_add(1).to_be_bytes())?;
        self.logins_of(rows, 8, DUE_LOGINS)
    }

    async fn forget_ended(&mut self, before: UnixSeconds, limit: usize) -> Result<usize, StoreError> {
        self.writes()?;
        let end = before.get().to_be_bytes();
        let mut over = self.kv().scan(ENDED_LOGINS, &[], &[], limit)?;
        over.retain(|(key, _)| key.as_slice() < end.as_slice());
        for (key, listed) in &over {
            let id = key.get(8..).ok_or_else(|| ENDED_LOGINS.corrupt(key))?;
            for (token, _) in self.kv().all(LOGIN_TOKEN_ENDS, key)? {
                self.forget_token(&token)?;
            }
            self.kv().remove(LOGINS, id)?;
            self.kv().remove(LOGINS_BY_USER, listed)?;
            self.kv().remove(ENDED_LOGINS, key)?;
        }
        Ok(over.len())
    }

    async fn prune_tokens(&mut self, now: UnixSeconds) -> Result<usize, StoreError> {
        self.writes()?;
        let over = self.kv().until(LOGIN_TOKEN_ENDS, &now.get().saturating_add(1).to_be_bytes())?;
        for (key, _) in &over {
            self.forget_token(key)?;
        }
        Ok(over.len())
    }
}
