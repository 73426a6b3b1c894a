//! A revocation: durable here before it is answered, then submitted to the chain and confirmed by [`super::settle`].

use super::requests::moves;
use super::{home, send, stored_grant};
use crate::app::{event, record_id, sealed_key};
use crate::caller::{Asker, Caller};
use crate::logins::end::Which;
use crate::{ApiError, App};
use alloy_primitives::{B256, Bytes, U256};
use alloy_sol_types::SolCall;
use hallpass_chain::Home;
use hallpass_chain::contracts::{IHallpass, IHallpassFactory};
use hallpass_chain::hallpass::wire;
use hallpass_chain::relay::{Receipt, Relayed};
use hallpass_policy::Grant;
use hallpass_session::{Action, Actor, KeySession, Lifecycle, LoginSession, Reason, Subject};
use hallpass_types::SessionId;

/// What a revocation has reached so far.
#[derive(Debug)]
pub struct Ended {
    /// The session, which signs nothing here any more.
    pub session: KeySession,
    /// Whether its key is held outside, and so could sign until the chain knows of the end.
    pub outside: bool,
    /// Signed operations that could still execute.
    pub outstanding: usize,
    /// Until when, in Unix seconds.
    pub outstanding_until: Option<u64>,
    /// The transaction that ends it on chain; `None` where that is still to be sent.
    pub on_chain: Option<Receipt>,
    /// Why it could not be sent yet.
    pub pending: Option<ApiError>,
}

/// Ends a key session: its owner revokes it, or its holder surrenders it. Sent again, it tries the chain again.
///
/// # Errors
/// 404, 409 where it never was active, 503 where the end could not be made durable.
pub async fn revoke(app: &App, asker: &Asker, id: SessionId) -> Result<Ended, ApiError> {
    let signing = app.signing.write().await;
    let mut tx = app.store.begin().await?;
    let session = asker.session(tx.as_mut(), id).await?;
    let (by, reason) = match asker {
        Asker::Owner(caller) => (Actor::Owner(caller.user()), Reason::OwnerAsked),
        Asker::Holder(_) | Asker::Local(_) => (Actor::Holder(id), Reason::HolderAsked),
    };
    let (_, grant) = stored_grant(tx.as_mut(), &session).await?;
    let now = app.clock.now();
    let mut withdrawn = Vec::new();
    let session = match session.lifecycle {
        Lifecycle::Revoking { .. } | Lifecycle::Revoked { .. } => session,
        _ => {
            let session = session.revoke(now, reason, by)?;
            withdrawn = moves::session_ended(tx.as_mut(), &session, reason, by, now).await?;
            let (user, why) = (session.user, Some(reason));
            let line = event(now, by, Action::Revoking, Subject::Key(id), user, why);
            tx.sessions().save_key(&session, &line).await?;
            if grant.backend.is_zero() {
                // Nobody else is to be told.
                let session = session.confirm_revoked(now)?;
                let line = event(now, Actor::Server, Action::Revoked, Subject::Key(id), user, why);
                tx.sessions().save_key(&session, &line).await?;
                session
            } else {
                session
            }
        }
    };
    let live = tx.reservations().list_live(id).await?;
    let outside = sealed_key(tx.as_mut(), &record_id("session", id)).await?.is_none();
    tx.commit().await?;
    drop(signing);
    for request in &withdrawn {
        moves::tell(app, request).await;
    }
    let revoking = matches!(session.lifecycle, Lifecycle::Revoking { .. });
    let sent = if revoking { finish(app, &session, &grant).await } else { Ok(None) };
    let (on_chain, pending) = match sent {
        Ok(receipt) => (receipt, None),
        Err(error) => (None, Some(error)),
    };
    Ok(Ended {
        session,
        outside,
        outstanding: live.len(),
        outstanding_until: live.iter().map(|r| r.valid_until.get()).max(),
        on_chain,
        pending,
    })
}

/// Ends one of the caller's own logins, at once and everywhere; `None` where the id is not one.
///
/// # Errors
/// 409 where it has ended already.
pub async fn revoke_login(app: &App, caller: &Caller, id: SessionId) -> Result<Option<LoginSession>, ApiError> {
    let mut tx = app.store.read().await?;
    let known = tx.logins().find(id).await?.filter(|login| login.user == caller.user());
    drop(tx);
    let Some(login) = known else { return Ok(None) };
    let by = Actor::Owner(caller.user());
    let ended = app.logins.end(Which::One(caller.user(), id), by, Reason::OwnerAsked).await?;
    match ended.into_iter().next() {
        Some(ended) => Ok(Some(ended)),
        // Says why not, as the transition does.
        None => login.revoke(app.clock.now(), Reason::OwnerAsked, by).map(Some).map_err(ApiError::from),
    }
}

async fn finish(app: &App, session: &KeySession, grant: &Grant) -> Result<Option<Receipt>, ApiError> {
    match on_chain(app, session, grant).await? {
        Some(tx) => send::receipt(app, tx).await.map(Some),
        None => Ok(None),
    }
}

/// Has the ender key end the grant on chain, and tells the transaction; `None` where it stands ended already. One that is
/// waiting for its block is not sent twice.
///
/// # Errors
/// As node and vault; `not_installed` where the account does not exist yet, so that nothing can be told to it.
pub async fn on_chain(app: &App, session: &KeySession, grant: &Grant) -> Result<Option<B256>, ApiError> {
    let id: B256 = session.grant;
    let node = &app.chain.node;
    let waiting = ending(app)?.get(&session.id).copied();
    if let Some(waiting) = waiting {
        if node.receipt(waiting).await?.is_none() && node.knows(waiting).await? {
            return Ok(Some(waiting));
        }
        ending(app)?.remove(&session.id);
    }
    let mut tx = app.store.read().await?;
    let key = sealed_key(tx.as_mut(), &record_id("ender", session.id)).await?;
    let account = tx.accounts().find(session.user).await?;
    drop(tx);
    let key = key.ok_or_else(|| ApiError::internal("ender_missing", "the vault has no ender for this session"))?;
    if node.code(grant.account).await?.is_empty() {
        // Whoever has the owner's signature could install the grant later, so it must be ended even so.
        let owner = account.ok_or_else(|| ApiError::missing("account"))?.account.address;
        match home(session, owner) {
            Home::Pocket { owner, index } => {
                let open = IHallpassFactory::openCall { owner, index: U256::from(index) };
                let (to, data) = (app.chain.suite.factory.0, open.abi_encode().into());
                let call = Relayed { to, data, authorizations: Vec::new() };
                let opened = send::send(app, None, call, send::UPKEEP).await?;
                send::receipt(app, opened).await?;
            }
            Home::Delegated => {
                return Err(ApiError::conflict(
                    "not_installed",
                    "the account is not delegated, so there is nobody to tell",
                )
                .hint("the server ends the pass as soon as the account is delegated, until it has expired"));
            }
        }
    }
    let signature = app.vault.sign_end(&key, grant.chain.get(), grant.backend, id)?;
    let call = IHallpass::endForCall {
        grant: wire::install(grant).into(),
        rest: wire::rest(grant).into(),
        signature: Bytes::copy_from_slice(signature.as_bytes()),
    };
    let relayed = Relayed { to: grant.account, data: call.abi_encode().into(), authorizations: Vec::new() };
    match send::send(app, None, relayed, send::UPKEEP).await {
        Ok(sent) => {
            ending(app)?.insert(session.id, sent);
            Ok(Some(sent))
        }
        Err(error) if error.problem.code == "grant_ended" => Ok(None),
        Err(error) => Err(error),
    }
}

type Ending<'a> = std::sync::MutexGuard<'a, std::collections::HashMap<SessionId, B256>>;

fn ending(app: &App) -> Result<Ending<'_>, ApiError> {
    app.ending.lock().map_err(|_| ApiError::internal("lock", "a lock is poisoned"))
}
