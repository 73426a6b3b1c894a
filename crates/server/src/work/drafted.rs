//! A grant that was drafted for an owner, with the keys that were made for it: kept in the store, or not at all.

use crate::app::{event, put_sealed_key, record_id};
use crate::work::stored_grant;
use crate::{ApiError, App};
use hallpass_chain::hallpass::Ready;
use hallpass_policy::draft::Draft;
use hallpass_policy::grant::{Grant, SessionKey};
use hallpass_policy::json;
use hallpass_session::{Action, Actor, Decision, Installation, KeySession, Lifecycle, StoredGrant, Subject};
use hallpass_store::Tx;
use hallpass_types::{AccountId, GrantId, SessionId, UnixSeconds, UserId};
use hallpass_vault::SealedRecord;

/// Most sessions of a user that have not ended.
const MAX_OPEN: usize = 100;

/// A grant that nobody has been asked for yet.
#[derive(Debug)]
pub struct Drafted {
    /// The session that would stand on it.
    pub id: SessionId,
    /// The account that it is for.
    pub account: AccountId,
    /// The owner's pocket of that number.
    pub pocket: Option<u64>,
    /// The grant.
    pub grant: Grant,
    /// Who asks.
    pub requested_by: String,
    /// The grant that it is to take the place of.
    pub replaces: Option<GrantId>,
    /// What has to happen before the account can take it.
    pub ready: Ready,
    /// The session key; none where it is held outside the vault.
    pub inside: Option<SealedRecord>,
    /// The ender's key.
    pub ender: SealedRecord,
    /// When it was drafted.
    pub at: UnixSeconds,
}

/// A grant that waits for its owner's answer.
#[derive(Debug)]
pub struct Proposed {
    /// The session that would stand on it.
    pub session: KeySession,
    /// The grant.
    pub grant: Grant,
    /// What has to happen before the account can take it.
    pub ready: Ready,
    /// Whether the session key is held outside the vault.
    pub outside: bool,
}

impl Drafted {
    /// The session that would stand on it, if `user` is its owner.
    ///
    /// # Errors
    /// 422 for a session key of a kind that nobody signs with here.
    pub fn session(&self, user: UserId) -> Result<KeySession, ApiError> {
        let SessionKey::Secp256k1(key) = &self.grant.key else {
            return Err(ApiError::refused("not_yet_supported", "a session key of this kind"));
        };
        Ok(KeySession {
            id: self.id,
            user,
            account: self.account,
            pocket: self.pocket,
            grant: self.grant.id(),
            lifecycle: Lifecycle::Requested { at: self.at },
            key: *key,
            created: self.at,
            not_before: self.grant.not_before,
            not_after: self.grant.not_after,
            install: Installation::NotInstalled,
            ender: self.grant.rest.ender,
        })
    }

    /// Stores it: `user` is asked for it.
    ///
    /// # Errors
    /// 409 where too many sessions of that user are open; as the store.
    pub async fn keep(self, app: &App, user: UserId, actor: Actor) -> Result<Proposed, ApiError> {
        let session = self.session(user)?;
        let (id, now) = (self.id, self.at);
        let stored = StoredGrant {
            id: session.grant,
            user,
            account: self.account,
            session: id,
            canonical_json: json::print(&Draft::from(&self.grant)),
            title: self.grant.rest.labels.title.clone().unwrap_or_default(),
            requested_by: self.requested_by,
            lists: app.settings.lists.hash(),
            created: now,
            replaces: self.replaces,
            decision: Decision::Pending,
        };
        let mut tx = app.store.begin().await?;
        let open = tx.sessions().list_keys(user).await?.iter().filter(|s| !s.lifecycle.is_terminal()).count();
        if open >= MAX_OPEN {
            let says = format!("you have {open} sessions that have not ended");
            return Err(ApiError::conflict("too_many_sessions", says)
                .hint("end some with `hallpass session revoke`, or refuse what is still asked for"));
        }
        own_key(tx.as_mut(), &session, &self.grant).await?;
        put_sealed_key(tx.as_mut(), &record_id("ender", id), &self.ender).await?;
        if let Some(record) = &self.inside {
            put_sealed_key(tx.as_mut(), &record_id("session", id), record).await?;
        }
        let line = |subject| event(now, actor, Action::Requested, subject, user, None);
        tx.grants().create(&stored, &line(Subject::Grant(stored.id))).await?;
        tx.sessions().create_key(&session, &line(Subject::Key(id))).await?;
        tx.commit().await?;
        Ok(Proposed { session, grant: self.grant, ready: self.ready, outside: self.inside.is_none() })
    }
}

/// That a session key is no other person's and no other app's in a pass that was approved: whoever sees it twice would know who
/// is who. A vault's key is made for each grant, and is new.
///
/// # Errors
/// 422 `key_known`; as the store.
pub async fn own_key(tx: &mut dyn Tx, session: &KeySession, grant: &Grant) -> Result<(), ApiError> {
    for id in tx.sessions().list_by_key(session.key).await?.into_iter().filter(|id| *id != session.id) {
        let other = tx.sessions().find_key(id).await?.ok_or_else(|| ApiError::missing("session"))?;
        let (stored, standing) = stored_grant(tx, &other).await?;
        // What nobody signed makes no key theirs.
        let approved = matches!(stored.decision, Decision::Approved { .. });
        let same = other.user == session.user && standing.rest.labels.origin == grant.rest.labels.origin;
        if approved && !same {
            let says = "this session key stands in a pass for somebody or something else";
            return Err(ApiError::refused("key_known", says).hint("make a new key for each person and each app"));
        }
    }
    Ok(())
}
