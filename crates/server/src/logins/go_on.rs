//! A login is used, or refreshed.

use super::begin::Given;
use super::{Logins, Work};
use crate::ApiError;
use hallpass_session::{Action, Actor, Checked, NoRefresh, Reason, Token, TokenHash};
use hallpass_types::{SessionId, UnixSeconds};
use std::sync::Arc;

/// How often, in seconds, tokens of ended logins are forgotten.
const PRUNE_EVERY: u64 = 600;
/// Logins moved by one sweep, in one transaction.
const CHUNK: usize = 500;

impl Logins {
    /// Notes that a token was used, before what it asks for is done: that its successor is in use durably, the time coarsely.
    ///
    /// # Errors
    /// 401 where it is not good any more; as the store.
    pub async fn used(self: &Arc<Self>, checked: &Checked, token: TokenHash) -> Result<(), ApiError> {
        let id = checked.login.id;
        if checked.pending {
            self.confirm(id, token).await?;
        }
        let now = self.now();
        if self.read()?.used(id, now) {
            // Where this is lost, the login ends a minute early.
            let logins = Arc::clone(self);
            (self.beside)(Box::pin(async move {
                if let Err(error) = logins.note(id, now).await {
                    tracing::warn!(code = %error.problem.code, "the last use of a login could not be noted");
                }
            }));
        }
        Ok(())
    }

    async fn confirm(self: &Arc<Self>, id: SessionId, token: TokenHash) -> Result<(), ApiError> {
        let logins = Arc::clone(self);
        self.change(move |work| {
            Box::pin(async move {
                let login = logins.live(work, id).await?.ok_or_else(ApiError::unauthorized)?;
                let now = work.now;
                if login.access.hash == token {
                    return Ok(());
                }
                let login = login.confirm(&token).ok_or_else(ApiError::unauthorized)?;
                work.note(login.used(now)).await
            })
        })
        .await
    }

    async fn note(self: &Arc<Self>, id: SessionId, at: UnixSeconds) -> Result<(), ApiError> {
        self.change(move |work| {
            Box::pin(async move {
                match work.tx.logins().find(id).await? {
                    Some(login) if login.lifecycle.is_active() && login.seen < at => work.note(login.used(at)).await,
                    _ => Ok(()),
                }
            })
        })
        .await
    }

    /// Presents a refresh token, by whoever proved the key with thumbprint `jkt`; `None` where it gives nothing, whatever the
    /// reason. A spent one ends its family.
    ///
    /// # Errors
    /// As the store.
    pub async fn refresh(self: &Arc<Self>, token: Token, jkt: Option<[u8; 32]>) -> Result<Option<Given>, ApiError> {
        let logins = Arc::clone(self);
        self.change(move |work| Box::pin(async move { logins.present(work, &token, jkt).await })).await
    }

    async fn present(&self, work: &mut Work, token: &Token, jkt: Option<[u8; 32]>) -> Result<Option<Given>, ApiError> {
        let now = work.now;
        let Some(family) = work.tx.logins().find_by_token(&token.hash()).await? else { return Ok(None) };
        // A token without its key is nothing, and ends nothing.
        if family.binding.jkt().map(|bound| bound.0) != jkt {
            return Ok(None);
        }
        let used = self.last_used(family.id).unwrap_or(family.seen);
        let (by, stood) = (Actor::Holder(family.id), family.refresh);
        match family.present(&self.refresh, token, (now, used), self.bounds.access) {
            Ok(next) => {
                // The same answer once more is no change.
                if next.login.refresh != stood {
                    work.save(next.login.clone(), Action::Refreshed, by, None).await?;
                }
                Ok(Some(Given {
                    login: next.login,
                    access: next.access,
                    access_not_after: next.access_not_after,
                    refresh: Some(next.refresh),
                }))
            }
            Err(NoRefresh::Reused(ended)) => {
                tracing::warn!(login = %ended.id, "a spent refresh token was presented: the login is ended");
                work.save(*ended, Action::Revoked, by, Some(Reason::RefreshReused)).await?;
                Ok(None)
            }
            Err(NoRefresh::Ended) => Ok(None),
        }
    }

    /// Notes as ended what ran out, and forgets the tokens of what no token could bring back any more.
    ///
    /// # Errors
    /// As the store.
    pub async fn sweep(self: &Arc<Self>) -> Result<(), ApiError> {
        let now = self.now();
        let due = self.store.read().await?.logins().list_due(now).await?;
        let prune = self.prune_due(now);
        if due.is_empty() && !prune {
            return Ok(());
        }
        let logins = Arc::clone(self);
        self.change(move |work| {
            Box::pin(async move {
                for login in due.into_iter().take(CHUNK) {
                    logins.run_out(work, login.id).await?;
                }
                if prune && work.tx.logins().prune_tokens(work.now).await? > 0 {
                    work.wrote();
                }
                Ok(())
            })
        })
        .await
    }

    /// Expires a login, or notes that it was used later than the store knew.
    async fn run_out(&self, work: &mut Work, id: SessionId) -> Result<(), ApiError> {
        let now = work.now;
        let Some(login) = work.tx.logins().find(id).await?.filter(|l| !l.lifecycle.is_terminal()) else {
            return Ok(());
        };
        let used = self.last_used(id).unwrap_or(login.seen);
        if now < login.ends(used) {
            return work.note(login.used(used)).await;
        }
        work.save(login.expire(now, used)?, Action::Expired, Actor::Server, None).await
    }

    fn prune_due(&self, now: UnixSeconds) -> bool {
        let mut last = self.pruned.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let due = last.plus(PRUNE_EVERY).is_some_and(|next| next <= now);
        if due {
            *last = now;
        }
        due
    }
}
