//! From the owner's signature to a grant on chain.

use super::consent::Agreed;
use super::requests::moves;
use super::{drafted, home, own, replace, send, stored_grant};
use crate::app::event;
use crate::caller::Caller;
use crate::{ApiError, App};
use alloy_eips::eip7702::SignedAuthorization;
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Bytes, U256};
use hallpass_auth::prove_grant;
use hallpass_chain::Home;
use hallpass_chain::hallpass::{Ready, state};
use hallpass_chain::relay::{Receipt, Relayed};
use hallpass_policy::eip712::replace_digest;
use hallpass_policy::{Grant, Status};
use hallpass_session::{Action, Actor, Decision, Installation, KeySession, Lifecycle, Subject};
use hallpass_types::SessionId;

/// Takes the owner's signature, makes the session active, and installs the grant where a contract is to enforce it. Sent again, it goes on where it stopped.
///
/// # Errors
/// 422 for a signature that is not the owner's or a delegation that is missing or foreign; 409 where the request was
/// answered otherwise; the chain's own refusal where it will not install.
pub async fn approve(
    app: &App,
    caller: &Caller,
    id: SessionId,
    signature: &Bytes,
    delegation: Option<SignedAuthorization>,
    agreed: Agreed,
) -> Result<(KeySession, Option<Receipt>), ApiError> {
    let signature = &on_chain_form(signature);
    // Of one that is replaced nothing is signed after.
    let signing = app.signing.write().await;
    let mut tx = app.store.begin().await?;
    let session = own(tx.as_mut(), caller, id).await?;
    let (stored, grant) = stored_grant(tx.as_mut(), &session).await?;
    let owner = caller.account().address;
    let replaces = stored.replaces;
    let digest = replaces.map_or_else(|| grant.message().digest(), |from| replace_digest(from, grant.message()));
    prove_grant(digest, signature, owner).map_err(|e| ApiError::refused(e.code(), e.to_string()))?;
    let now = app.clock.now();
    let actor = Actor::Owner(caller.user());
    let session = match stored.decision {
        Decision::Pending => {
            // The signature just now proves the wallet, where the grant it is over was drafted just now: it names an ender that
            // was made for it, so no older signature fits.
            let just_now = stored.created.plus(app.logins.bounds().step_up).is_some_and(|until| now < until);
            // One that signs in names a nonce of this server, and was judged by it.
            if !just_now && caller.login.own_pass != Some(id) {
                caller.expect_fresh(app)?;
            }
            drafted::own_key(tx.as_mut(), &session, &grant).await?;
            let stored = stored.approve(now, signature.clone())?;
            let session = session.approve(now)?;
            let consent = agreed.record(app, caller, &session, now);
            let line = |subject| event(now, actor, Action::Approved, subject, caller.user(), None);
            tx.grants().save(&stored, &line(Subject::Grant(stored.id))).await?;
            tx.grants().record_consent(&consent).await?;
            tx.sessions().save_key(&session, &line(Subject::Key(id))).await?;
            if let Some(from) = replaces {
                replace::take_over(app, tx.as_mut(), &session, from).await?;
            }
            let answered = moves::approved(tx.as_mut(), id, caller.user(), now).await?;
            tx.commit().await?;
            if let Some(request) = answered {
                moves::tell(app, &request).await;
            }
            session
        }
        Decision::Approved { .. } if matches!(session.lifecycle, Lifecycle::Active { .. }) => {
            // There is one writer at a time, and this one has nothing to write before the node has answered.
            drop(tx);
            session
        }
        _ => return Err(ApiError::conflict("answered", "this request was answered, or its session has ended")),
    };
    drop(signing);
    if grant.backend.is_zero() {
        return Ok((session, None));
    }
    if let Installation::Installed { tx, .. } = session.install {
        return Ok((session, Some(send::receipt(app, tx).await?)));
    }
    // Sent just before a crash, or by somebody else: anybody may install what the owner signed.
    if let Some(receipt) = standing(app, &grant).await? {
        let session = note(app, id, Installation::Installed { tx: receipt.tx, block: receipt.block }).await?;
        return Ok((session, Some(receipt)));
    }
    if let Some(from) = replaces {
        return replace::install(app, session, &grant, from, signature).await;
    }
    let place = home(&session, owner);
    let ready = place.ready(&app.chain.node, &app.chain.suite, grant.account).await?;
    let authorizations = match (place, ready, delegation) {
        (Home::Delegated, Ready::NeedsDelegation, Some(signed)) => {
            let ours = signed.chain_id == U256::from(grant.chain.get()) && signed.address == grant.backend;
            if !ours || signed.recover_authority().ok() != Some(grant.account) {
                return Err(ApiError::refused(
                    "bad_delegation",
                    "the authorization is not by the account, for this chain and contract",
                ));
            }
            let next = app.chain.node.mined_nonce(grant.account).await?;
            if signed.nonce != next {
                return Err(ApiError::refused(
                    "stale_delegation",
                    format!("the authorization has nonce {}, the account's next is {next}", signed.nonce),
                )
                .hint("sign the authorization again"));
            }
            vec![signed]
        }
        (Home::Delegated, Ready::NeedsDelegation, None) => {
            return Err(needs_delegation());
        }
        _ => Vec::new(),
    };
    let (to, data) = place.install(&app.chain.suite, &grant, signature);
    let sent = send::send(app, Some(caller.user()), Relayed { to, data, authorizations }, send::UPKEEP).await?;
    note(app, id, Installation::Submitted { tx: sent }).await?;
    let receipt = send::receipt(app, sent).await?;
    if !receipt.success {
        return Err(ApiError::refused("reverted", format!("the installation was refused in transaction {sent}")));
    }
    // A transaction to an account whose delegation was not taken succeeds and does nothing.
    if standing(app, &grant).await?.is_none() {
        return Err(ApiError::refused(
            "not_installed",
            "the account did not take the delegation, so nothing stands there",
        )
        .hint("sign the authorization with the account's next nonce and approve again"));
    }
    let session = note(app, id, Installation::Installed { tx: sent, block: receipt.block }).await?;
    Ok((session, Some(receipt)))
}

/// 422: an account that needs a delegation, and none came.
#[must_use]
pub fn needs_delegation() -> ApiError {
    ApiError::refused("needs_delegation", "the account is not delegated to our contract yet")
        .hint("send an EIP-7702 authorization along, or use a pocket if your wallet signs none")
}

/// The transaction that installed a grant, whoever sent it; `None` where the account does not know the grant.
async fn standing(app: &App, grant: &Grant) -> Result<Option<Receipt>, ApiError> {
    let node = &app.chain.node;
    let head = node.block(BlockNumberOrTag::Latest).await?;
    let ledger = state::ledger(node, grant, grant.id(), BlockId::number(head.number), &[]).await?;
    if ledger.status == Status::Unknown {
        return Ok(None);
    }
    match node.installed(grant.account, grant.id(), head.number).await? {
        Some(tx) => send::receipt(app, tx).await.map(Some),
        None => Ok(None),
    }
}

/// The recovery byte as the chain takes it: 27 or 28; some wallets give 0 or 1.
fn on_chain_form(signature: &Bytes) -> Bytes {
    let mut bytes = signature.to_vec();
    if let [.., v @ (0 | 1)] = bytes.as_mut_slice() {
        *v += 27;
    }
    bytes.into()
}

/// Notes how far an installation has come.
///
/// # Errors
/// As the store.
pub async fn note(app: &App, id: SessionId, install: Installation) -> Result<KeySession, ApiError> {
    let mut tx = app.store.begin().await?;
    let stored = tx.sessions().find_key(id).await?.ok_or_else(|| ApiError::missing("session"))?;
    let session = KeySession { install, ..stored };
    let line = event(app.clock.now(), Actor::Server, Action::Installed, Subject::Key(id), session.user, None);
    tx.sessions().save_key(&session, &line).await?;
    tx.commit().await?;
    Ok(session)
}
