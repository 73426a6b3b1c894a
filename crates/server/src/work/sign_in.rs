//! A grant that signs its owner in: from the signature to a login, and to the pass that comes with it.

use super::consent::Agreed;
use super::drafted::Drafted;
use super::{install, wallet};
use crate::caller::Caller;
use crate::logins::begin::Given;
use crate::logins::by_grant::{self, Opening};
use crate::logins::door::Door;
use crate::{ApiError, App};
use alloy_eips::eip7702::SignedAuthorization;
use alloy_primitives::Bytes;
use hallpass_chain::hallpass::Ready;
use hallpass_chain::relay::Receipt;
use hallpass_session::{Actor, KeySession};
use hallpass_types::SessionId;

/// The grant that waits under that id, which is gone from there; and what its owner agrees to.
///
/// # Errors
/// 401 where there is none. 403 for another page than began, 409 for other words, 422 without a delegation that is needed, 429:
/// then it is there still.
pub fn take(
    app: &App,
    id: &SessionId,
    door: &Door,
    delegated: bool,
    hash: Option<&str>,
) -> Result<(Opening, Agreed), ApiError> {
    let mut openings = by_grant::of(app)?;
    let unknown = || wallet::refused("nonce_unknown", "no grant waits for this, or it was used before".to_owned());
    let waiting = openings.get(id).ok_or_else(unknown)?;
    if waiting.page != door.page {
        return Err(ApiError::forbidden("wrong_origin", "another page asked for this grant"));
    }
    if waiting.drafted.ready == Ready::NeedsDelegation && !delegated {
        return Err(install::needs_delegation());
    }
    let agreed = Agreed::to(waiting.text.clone(), hash, door.page.clone())?;
    app.limits.account(&waiting.owner, app.clock.now())?;
    Ok((openings.take(id).ok_or_else(unknown)?, agreed))
}

/// A session and the transaction that installed its grant.
type Stood = (KeySession, Option<Receipt>);

/// The pass of a login that was just made, approved by the signature that made it. It goes on where the caller goes away.
///
/// # Errors
/// The outer one where the grant could not be stored; the inner one where it was, and does not stand.
pub async fn stand(
    app: &App,
    given: &Given,
    drafted: Drafted,
    signature: Bytes,
    delegation: Option<SignedAuthorization>,
    agreed: Agreed,
) -> Result<Result<Stood, ApiError>, ApiError> {
    let login = app.logins.check(&given.access.hash()).ok_or_else(ApiError::unauthorized)?.login;
    let (app, id, caller) = (app.clone(), drafted.id, Caller { login });
    let stood = tokio::spawn(async move {
        drafted.keep(&app, caller.user(), Actor::Owner(caller.user())).await?;
        Ok(install::approve(&app, &caller, id, &signature, delegation, agreed).await)
    });
    stood.await.map_err(|e| ApiError::internal("task", e.to_string()))?
}
