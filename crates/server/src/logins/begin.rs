//! A login is made, or proves its wallet once more. Either gives new tokens.

use super::{Logins, Work};
use crate::ApiError;
use crate::app::event;
use hallpass_session::{
    Access, Action, Actor, Binding, ContractProof, Lifecycle, LoginSession, Reason, Refresh, Subject, Token, TokenKind,
};
use hallpass_store::Account;
use hallpass_types::{AccountId, SessionId, UnixSeconds, UserId};
use std::cmp::min;
use std::sync::Arc;

/// A login that is wanted, its wallet proved.
#[derive(Debug)]
pub struct Wanted {
    /// The account that was proved.
    pub account: AccountId,
    /// What its contract wallet accepted; none for an account's own key.
    pub contract: Option<ContractProof>,
    /// What its tokens shall be bound to.
    pub binding: Binding,
    /// Whether its access tokens shall be short, with a refresh token beside them.
    pub refresh: bool,
    /// What its owner calls the device.
    pub device: Option<String>,
    /// The network that it comes from.
    pub ip: Option<String>,
    /// The login of the same browser that it takes the place of.
    pub instead: Option<SessionId>,
    /// Where the signature of a grant proved it, the session that stands on that.
    pub own_pass: Option<SessionId>,
}

/// Tokens that were made, and what they are of.
#[derive(Debug)]
pub struct Given {
    /// The login.
    pub login: LoginSession,
    /// Its access token.
    pub access: Token,
    /// Its exclusive end.
    pub access_not_after: UnixSeconds,
    /// Its refresh token.
    pub refresh: Option<Token>,
}

/// Fresh tokens for a login that ends at `not_after`.
struct Fresh {
    access: Token,
    until: UnixSeconds,
    refresh: Option<Token>,
}

impl Logins {
    fn fresh(&self, kind: TokenKind, refresh: bool, now: UnixSeconds, ends: UnixSeconds) -> Result<Fresh, ApiError> {
        let access = Token::from_random(kind, self.random()?);
        let refresh = if refresh { Some(Token::from_random(TokenKind::Refresh, self.random()?)) } else { None };
        let short = now.plus(self.bounds.access).unwrap_or(ends);
        let until = if refresh.is_some() { min(short, ends) } else { ends };
        Ok(Fresh { access, until, refresh })
    }

    /// Makes a login. Above the limit, the person's login that was used least lately ends for it.
    ///
    /// # Errors
    /// As the store.
    pub async fn log_in(self: &Arc<Self>, wanted: Wanted) -> Result<Given, ApiError> {
        let logins = Arc::clone(self);
        let id = SessionId::from_bytes(self.random()?);
        self.change(move |work| Box::pin(async move { logins.make(work, id, wanted).await })).await
    }

    async fn make(&self, work: &mut Work, id: SessionId, wanted: Wanted) -> Result<Given, ApiError> {
        let now = work.now;
        let user = self.user(work, wanted.account).await?;
        if let Some(instead) = wanted.instead
            && let Some(old) = work.tx.logins().find(instead).await?
            && !old.lifecycle.is_terminal()
        {
            // Whoever's it was: what this browser sends from now on is another.
            let by = Actor::Holder(old.id);
            let ended = old.revoke(now, Reason::LoggedInAgain, by)?;
            work.save(ended, Action::Revoked, by, Some(Reason::LoggedInAgain)).await?;
        }
        self.make_room(work, user).await?;
        let seconds = if wanted.refresh { self.bounds.refreshed } else { self.bounds.absolute };
        let not_after = now.plus(seconds).ok_or_else(|| ApiError::internal("time", "a time is out of range"))?;
        let fresh = self.fresh(wanted.binding.token(), wanted.refresh, now, not_after)?;
        let login = LoginSession {
            id,
            user,
            account: wanted.account,
            lifecycle: Lifecycle::Active { since: now },
            created: now,
            not_after,
            idle: self.bounds.idle,
            seen: now,
            proved_at: now,
            binding: wanted.binding,
            access: Access { hash: fresh.access.hash(), not_after: fresh.until },
            refresh: fresh.refresh.as_ref().map(|token| Refresh { current: token.hash(), pending: None }),
            device: wanted.device,
            ip: wanted.ip,
            contract: wanted.contract,
            own_pass: wanted.own_pass,
        };
        work.create(login.clone(), Actor::Owner(user)).await?;
        Ok(Given { login, access: fresh.access, access_not_after: fresh.until, refresh: fresh.refresh })
    }

    /// The person of an account, made where it was never seen.
    async fn user(&self, work: &mut Work, account: AccountId) -> Result<UserId, ApiError> {
        if let Some(known) = work.tx.accounts().find_by_account(&account).await? {
            return Ok(known.user);
        }
        let user = UserId::from_bytes(self.random()?);
        let made = Account { user, account, created: work.now };
        let line = event(work.now, Actor::Owner(user), Action::Created, Subject::Account(user), user, None);
        work.tx.accounts().create(&made, &line).await?;
        work.wrote();
        Ok(user)
    }

    /// Ends what is above the limit, so that one more fits.
    async fn make_room(&self, work: &mut Work, user: UserId) -> Result<(), ApiError> {
        let mut live = work.tx.logins().list_live_of(user).await?;
        let used = |login: &LoginSession| self.last_used(login.id).unwrap_or(login.seen).max(login.seen);
        live.sort_by_key(|login| (used(login), login.created, *login.id.as_bytes()));
        let above = (live.len() + 1).saturating_sub(self.bounds.most.max(1));
        for login in live.into_iter().take(above) {
            let now = work.now;
            if login.ends(used(&login)) <= now {
                let used = used(&login);
                work.save(login.expire(now, used)?, Action::Expired, Actor::Server, None).await?;
            } else {
                let ended = login.revoke(now, Reason::TooManyLogins, Actor::Server)?;
                work.save(ended, Action::Revoked, Actor::Server, Some(Reason::TooManyLogins)).await?;
            }
        }
        Ok(())
    }

    /// The wallet of a live login proved itself once more: new tokens, and every older one is good for nothing.
    ///
    /// # Errors
    /// 401 where the login has ended meanwhile; as the store.
    pub async fn step_up(self: &Arc<Self>, id: SessionId, contract: Option<ContractProof>) -> Result<Given, ApiError> {
        let logins = Arc::clone(self);
        self.change(move |work| {
            Box::pin(async move {
                let now = work.now;
                let login = logins.live(work, id).await?.ok_or_else(ApiError::unauthorized)?;
                let fresh = logins.fresh(login.binding.token(), login.refresh.is_some(), now, login.not_after)?;
                let access = Access { hash: fresh.access.hash(), not_after: fresh.until };
                let login = login.step_up(now, access, fresh.refresh.as_ref().map(Token::hash), contract)?;
                work.save(login.clone(), Action::SteppedUp, Actor::Owner(login.user), None).await?;
                Ok(Given { login, access: fresh.access, access_not_after: fresh.until, refresh: fresh.refresh })
            })
        })
        .await
    }

    /// A login that is live now, as the store has it.
    pub(super) async fn live(&self, work: &mut Work, id: SessionId) -> Result<Option<LoginSession>, ApiError> {
        let login = work.tx.logins().find(id).await?;
        Ok(login.filter(|login| login.is_live(work.now, self.last_used(id).unwrap_or(login.seen))))
    }
}
