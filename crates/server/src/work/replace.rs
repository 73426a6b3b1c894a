//! A narrower grant in the place of another: one signature of the owner ends the old one and carries its counters.
//!
//! The old session signs nothing more from the moment of the signature. The new one signs once a final block shows it in the
//! other's place: until then an operation of the old one could still execute, and what it would spend is not known.

use super::books::Books;
use super::propose::{self, Place};
use super::{own, send, stored_grant};
use crate::app::event;
use crate::caller::Caller;
use crate::work::install::note;
use crate::work::requests::moves;
use crate::{ApiError, App};
use alloy_primitives::{B256, Bytes};
use alloy_sol_types::SolCall;
use hallpass_chain::contracts::IHallpass;
use hallpass_chain::hallpass::{steps, wire};
use hallpass_chain::relay::{Receipt, Relayed};
use hallpass_policy::diff::diff;
use hallpass_policy::draft::Draft;
use hallpass_policy::{Grant, Status};
use hallpass_session::{Action, Actor, Explained, Installation, KeySession, Lifecycle, Reason, StoredGrant, Subject};
use hallpass_store::Tx;
use hallpass_types::{GrantId, SessionId, UserId};

/// A session whose grant is to be replaced.
#[derive(Debug)]
pub struct Replaced {
    /// The session.
    pub session: KeySession,
    /// Its grant.
    pub grant: Grant,
}

impl Replaced {
    /// Finds a session of the caller's that can be replaced.
    ///
    /// # Errors
    /// 404; 409 where it is not active on chain.
    pub async fn find(app: &App, caller: &Caller, id: &str) -> Result<Self, ApiError> {
        let id: SessionId = id.parse().map_err(|_| ApiError::missing("session"))?;
        let mut tx = app.store.read().await?;
        let session = own(tx.as_mut(), caller, id).await?;
        let (_, grant) = stored_grant(tx.as_mut(), &session).await?;
        if grant.backend.is_zero() {
            return Err(ApiError::conflict(
                "no_contract",
                "no contract counts for this pass, so nothing can be carried over",
            )
            .hint("ask for a new pass, and revoke this one"));
        }
        if !session.lifecycle.is_active() || !matches!(session.install, Installation::Installed { .. }) {
            let says = format!("the session is {}, so there is nothing to take the place of", session.lifecycle.name());
            return Err(ApiError::conflict("not_active", says));
        }
        Ok(Self { session, grant })
    }

    /// Where its account lives.
    #[must_use]
    pub fn place(&self) -> Place {
        self.session.pocket.map_or(Place::Delegated, Place::Pocket)
    }

    /// The draft as what takes its place: the page that asked stays the one that asked first, and it signs nobody in.
    ///
    /// # Errors
    /// 422 for a draft that names another page or sign-in than it has.
    pub fn asked_by(&self, mut draft: Draft) -> Result<Draft, ApiError> {
        let (old, rest) = (&self.grant.rest, &mut draft.rest);
        if !rest.login.is_zero() && rest.login != old.login {
            return Err(propose::foreign_login());
        }
        if rest.labels.origin.is_some() && rest.labels.origin != old.labels.origin {
            return Err(propose::wrong_origin());
        }
        rest.login = B256::ZERO;
        rest.labels.login = None;
        rest.labels.origin.clone_from(&old.labels.origin);
        Ok(draft)
    }

    /// The draft with the starts that meters of the same id have: a window goes on where it was.
    #[must_use]
    pub fn keep(&self, draft: &Draft) -> Draft {
        let mut draft = draft.clone();
        for meter in draft.meters.iter_mut().filter(|m| m.anchor.is_none()) {
            meter.anchor = self.grant.meters.iter().find(|old| old.id == meter.id).map(|old| old.anchor);
        }
        draft
    }

    /// Whether `to` may take its place: nothing more is allowed, and every meter goes on. `outside`: its key is not the vault's.
    ///
    /// # Errors
    /// 422 `bad_replacement`, `not_narrower` with what would be wider.
    pub fn narrows(&self, to: &Grant, outside: bool) -> Result<(), ApiError> {
        steps::replaces(&self.grant, to).map_err(|e| ApiError::refused(e.code(), e.to_string()))?;
        let mut new = Draft::from(to);
        // Another key, and another ender, that the vault makes are nobody else's.
        if !outside {
            new.key = Some(self.grant.key.clone());
        }
        new.ender = Some(self.grant.rest.ender);
        let found = diff(&Draft::from(&self.grant), &new);
        if !found.summary.may_widen() {
            return Ok(());
        }
        let wider = found.changes.iter().filter(|c| c.widens() != Some(false));
        let all: Vec<String> = wider.map(|c| format!("{}: {}", c.at, c.says)).collect();
        Err(ApiError::refused("not_narrower", format!("it would allow more: {}", all.join("; ")))
            .hint("ask for a new pass instead"))
    }
}

/// The grant that is replaced.
///
/// # Errors
/// As the store.
pub async fn replaced_grant(tx: &mut dyn Tx, id: GrantId) -> Result<Grant, ApiError> {
    let old = of_grant(tx, id).await?;
    stored_grant(tx, &old).await.map(|(_, grant)| grant)
}

async fn of_grant(tx: &mut dyn Tx, id: GrantId) -> Result<KeySession, ApiError> {
    let stored: StoredGrant = tx.grants().find(id).await?.ok_or_else(|| ApiError::missing("grant"))?;
    tx.sessions().find_key(stored.session).await?.ok_or_else(|| ApiError::missing("session"))
}

/// The owner has signed: the old session signs nothing more, and its holder's token is the new one's.
///
/// # Errors
/// 409 where the old one has ended meanwhile; as the store.
pub async fn take_over(app: &App, tx: &mut dyn Tx, new: &KeySession, from: GrantId) -> Result<(), ApiError> {
    let old = of_grant(tx, from).await?;
    let (now, by) = (app.clock.now(), Actor::Owner(new.user));
    let (id, why) = (old.id, Reason::Replaced(new.grant));
    let ended = old.revoke(now, why, by)?;
    tx.sessions().save_key(&ended, &event(now, by, Action::Revoking, Subject::Key(id), new.user, Some(why))).await?;
    moves::session_ended(tx, &ended, why, by, now).await?;
    // What no chain counts goes on as well; the chain's own counters the contract carries.
    let counted = tx.reservations().counted(from).await?;
    tx.reservations().set_counted(new.grant, &counted).await?;
    let line = event(now, by, Action::Created, Subject::Key(new.id), new.user, None);
    Ok(tx.sessions().hand_on_holder(id, new.id, &line).await?)
}

/// Sends the replacement and waits for its block.
///
/// # Errors
/// The chain's own refusal; 502 as the node. The server goes on trying.
pub async fn install(
    app: &App,
    session: KeySession,
    grant: &Grant,
    from: GrantId,
    signature: &Bytes,
) -> Result<(KeySession, Option<Receipt>), ApiError> {
    let sent = submit(app, &session, grant, from, signature).await?;
    let receipt = send::receipt(app, sent).await?;
    if !receipt.success {
        return Err(ApiError::refused("reverted", format!("the replacement was refused in transaction {sent}")));
    }
    let session = note(app, session.id, Installation::Installed { tx: sent, block: receipt.block }).await?;
    Ok((session, Some(receipt)))
}

/// Sends it. As an end, it is refused for no budget of the owner's.
async fn submit(
    app: &App,
    session: &KeySession,
    grant: &Grant,
    from: GrantId,
    signature: &Bytes,
) -> Result<B256, ApiError> {
    let old = replaced_grant(app.store.read().await?.as_mut(), from).await?;
    let [from, from_meters, to, to_meters] = wire::replace(&old, grant).map(Bytes::from);
    let call =
        IHallpass::replaceCall { from, fromMeters: from_meters, to, toMeters: to_meters, signature: signature.clone() };
    let relayed = Relayed { to: grant.account, data: call.abi_encode().into(), authorizations: Vec::new() };
    let sent = send::send(app, None, relayed, send::UPKEEP).await?;
    note(app, session.id, Installation::Submitted { tx: sent }).await?;
    Ok(sent)
}

/// Sends a replacement that the chain has not taken yet, and waits for nothing; `false` where it is not to stand any more. One
/// that waits for its block is not sent twice.
///
/// # Errors
/// As [`install`].
pub async fn again(app: &App, user: UserId, by: GrantId) -> Result<bool, ApiError> {
    let mut tx = app.store.read().await?;
    let session = of_grant(tx.as_mut(), by).await?;
    let (stored, grant) = stored_grant(tx.as_mut(), &session).await?;
    drop(tx);
    let (Some(signature), Some(from)) = (stored.owner_signature(), stored.replaces) else { return Ok(false) };
    if session.user != user || !matches!(session.lifecycle, Lifecycle::Active { .. }) {
        return Ok(false);
    }
    if let Installation::Submitted { tx } = session.install {
        let node = &app.chain.node;
        if node.receipt(tx).await?.is_none() && node.knows(tx).await? {
            return Ok(true);
        }
    }
    submit(app, &session, &grant, from, signature).await.map(|_| true)
}

/// Lets a replacement be used once a final block shows it in the other's place, and notes what it took over.
///
/// # Errors
/// 409 `not_final` before; as the store.
pub async fn took_over(app: &App, session: &KeySession, grant: &Grant, books: &Books) -> Result<(), ApiError> {
    if books.view.settled.status == Status::Unknown {
        return Err(ApiError::conflict("not_final", "no final block shows this pass in the other's place yet").hint(
            "try again once the chain has gone on; until then the old one is ended here and may stand on chain",
        ));
    }
    if app.store.read().await?.reservations().explained(session.grant).await?.is_some() {
        return Ok(());
    }
    books.confirm(app, grant, session.grant).await?;
    if let Installation::Submitted { tx } = session.install {
        let block = app.chain.node.receipt(tx).await?.and_then(|receipt| receipt.block_number);
        note(app, session.id, Installation::Installed { tx, block: block.unwrap_or_default() }).await?;
    }
    let mut tx = app.store.begin().await?;
    // Nothing was signed of it before, so whatever stands against it was the other's.
    let explained = Explained { block: books.final_block.number, ledger: books.view.settled.clone() };
    tx.reservations().set_explained(session.grant, &explained).await?;
    Ok(tx.commit().await?)
}
