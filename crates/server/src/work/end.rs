//! A revocation: durable here before it is answered, then submitted to the chain and confirmed by [`super::settle`].

use super::install::own;
use super::{send, stored_grant};
use crate::app::{event, record_id, sealed_key};
use crate::caller::Caller;
use crate::{ApiError, App};
use alloy_primitives::{B256, Bytes};
use alloy_sol_types::SolCall;
use hallpass_chain::contracts::IHallpass;
use hallpass_chain::hallpass::wire;
use hallpass_chain::relay::{Receipt, Relayed};
use hallpass_policy::Grant;
use hallpass_session::{Action, Actor, KeySession, Lifecycle, Reason, Subject};
use hallpass_types::SessionId;

/// What a revocation has reached so far.
#[derive(Debug)]
pub struct Ended {
    /// The session, which signs nothing any more.
    pub session: KeySession,
    /// Signed operations that could still execute.
    pub outstanding: usize,
    /// Until when, in Unix seconds.
    pub outstanding_until: Option<u64>,
    /// The transaction that ends it on chain; `None` where that is still to be sent.
    pub on_chain: Option<Receipt>,
    /// Why it could not be sent yet.
    pub pending: Option<ApiError>,
}

/// Ends a session. Sent again, it tries the chain again.
///
/// # Errors
/// 404, 409 where it never was active, 503 where the end could not be made durable.
pub async fn revoke(app: &App, caller: &Caller, id: SessionId) -> Result<Ended, ApiError> {
    let signing = app.signing.write().await;
    let mut tx = app.store.begin().await?;
    let session = own(tx.as_mut(), caller, id).await?;
    let (_, grant) = stored_grant(tx.as_mut(), &session).await?;
    let now = app.clock.now();
    let session = match session.lifecycle {
        Lifecycle::Revoking { .. } | Lifecycle::Revoked { .. } => session,
        _ => {
            let session = session.revoke(now, Reason::OwnerAsked, Actor::Owner(caller.user()))?;
            let why = Some(Reason::OwnerAsked);
            let line = event(now, Actor::Owner(caller.user()), Action::Revoking, Subject::Key(id), caller.user(), why);
            tx.sessions().save_key(&session, &line).await?;
            session
        }
    };
    let live: Vec<_> = tx.reservations().list_live().await?.into_iter().filter(|r| r.session == id).collect();
    tx.commit().await?;
    drop(signing);
    let sent = if matches!(session.lifecycle, Lifecycle::Revoking { .. }) {
        on_chain(app, &session, &grant).await
    } else {
        Ok(None)
    };
    let (on_chain, pending) = match sent {
        Ok(receipt) => (receipt, None),
        Err(error) => (None, Some(error)),
    };
    Ok(Ended {
        session,
        outstanding: live.len(),
        outstanding_until: live.iter().map(|r| r.valid_until.get()).max(),
        on_chain,
        pending,
    })
}

/// Has the ender key end the grant on chain; `None` where it stands ended already.
///
/// # Errors
/// As node and vault.
pub async fn on_chain(app: &App, session: &KeySession, grant: &Grant) -> Result<Option<Receipt>, ApiError> {
    let id: B256 = session.grant;
    let mut tx = app.store.read().await?;
    let key = sealed_key(tx.as_mut(), &record_id("ender", session.id)).await?;
    drop(tx);
    let key = key.ok_or_else(|| ApiError::internal("ender_missing", "the vault has no ender for this session"))?;
    if app.chain.node.code(grant.account).await?.is_empty() {
        // Nothing stands there, and nothing can be installed without the owner's delegation or a first installation.
        return Ok(None);
    }
    let signature = app.vault.sign_end(&key, grant.chain.get(), grant.backend, id)?;
    let call = IHallpass::endForCall {
        grant: wire::install(grant).into(),
        rest: wire::rest(grant).into(),
        signature: Bytes::copy_from_slice(signature.as_bytes()),
    };
    let relayed = Relayed { to: grant.account, data: call.abi_encode().into(), authorizations: Vec::new() };
    match send::send(app, relayed).await {
        Ok(sent) => Ok(Some(send::receipt(app, sent).await?)),
        Err(error) if error.problem.code == "grant_ended" => Ok(None),
        Err(error) => Err(error),
    }
}
