//! A login ends: in effect, durably and in the table, before the answer.

use super::{Logins, Work};
use crate::ApiError;
use hallpass_session::{Action, Actor, LoginSession, Reason, TokenHash};
use hallpass_types::{AccountId, SessionId, UserId};
use std::sync::Arc;

/// Which ones.
#[derive(Debug, Clone, Copy)]
pub enum Which {
    /// One, if it is this person's.
    One(UserId, SessionId),
    /// All of a person's.
    All(UserId),
    /// All of a person's but this one.
    Others(UserId, SessionId),
    /// One, whoever's it is.
    Anyones(SessionId),
    /// All of whoever proved this account.
    Account(AccountId),
    /// Everybody's.
    Everybody,
}

impl Logins {
    /// Ends them; answers those that had not ended. An id that is not there, or not the person's, ends nothing.
    ///
    /// # Errors
    /// As the store.
    pub async fn end(self: &Arc<Self>, which: Which, by: Actor, why: Reason) -> Result<Vec<LoginSession>, ApiError> {
        self.change(move |work| {
            Box::pin(async move {
                let found = find(work, which).await?;
                end_all(work, found, by, why).await
            })
        })
        .await
    }

    /// Ends the login that a token is or was of (RFC 7009), whatever token of it that is.
    ///
    /// # Errors
    /// As the store.
    pub async fn end_by_token(self: &Arc<Self>, token: TokenHash) -> Result<(), ApiError> {
        self.change(move |work| {
            Box::pin(async move {
                let found = work.tx.logins().find_by_token(&token).await?;
                let Some(login) = found.filter(|login| !login.lifecycle.is_terminal()) else { return Ok(()) };
                let by = Actor::Holder(login.id);
                end_all(work, vec![login], by, Reason::HolderAsked).await.map(drop)
            })
        })
        .await
    }
}

async fn find(work: &mut Work, which: Which) -> Result<Vec<LoginSession>, ApiError> {
    let one = |login: Option<LoginSession>| login.into_iter().filter(|l| !l.lifecycle.is_terminal()).collect();
    Ok(match which {
        Which::One(user, id) => one(work.tx.logins().find(id).await?.filter(|login| login.user == user)),
        Which::Anyones(id) => one(work.tx.logins().find(id).await?),
        Which::All(user) => work.tx.logins().list_live_of(user).await?,
        Which::Others(user, id) => {
            let mut all = work.tx.logins().list_live_of(user).await?;
            all.retain(|login| login.id != id);
            all
        }
        Which::Account(account) => match work.tx.accounts().find_by_account(&account).await? {
            Some(known) => work.tx.logins().list_live_of(known.user).await?,
            None => Vec::new(),
        },
        Which::Everybody => work.tx.logins().list_live().await?,
    })
}

async fn end_all(
    work: &mut Work,
    found: Vec<LoginSession>,
    by: Actor,
    why: Reason,
) -> Result<Vec<LoginSession>, ApiError> {
    let mut ended = Vec::with_capacity(found.len());
    for login in found {
        let login = login.revoke(work.now, why, by)?;
        work.save(login.clone(), Action::Revoked, by, Some(why)).await?;
        ended.push(login);
    }
    Ok(ended)
}
