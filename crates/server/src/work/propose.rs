//! From a text to a grant that waits for its owner.

use super::replace::Replaced;
use super::{same_chain, takes};
use crate::caller::Caller;
use crate::work::drafted::{Drafted, Proposed};
use crate::{ApiError, App};
use alloy_primitives::Address;
use hallpass_chain::Home;
use hallpass_chain::contracts::IHallpass;
use hallpass_chain::hallpass::Ready;
use hallpass_policy::draft::{CompleteError, Draft, Fill};
use hallpass_policy::grant::{Gas, Routes, SessionKey};
use hallpass_policy::{json, text};
use hallpass_session::Actor;
use hallpass_types::AccountId;
use hallpass_vault::SealedRecord;

/// Who enforces a grant beside the signer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The caller's own account, by EIP-7702.
    Delegated,
    /// The caller's pocket of that number.
    Pocket(u64),
    /// Nobody: the account is the session key's own, which the vault makes.
    SignerOnly,
}

/// Reads a grant in either form.
///
/// # Errors
/// 422 with the parser's code and message.
pub fn read(source: &str) -> Result<Draft, ApiError> {
    if source.trim_start().starts_with('{') {
        json::parse(source).map_err(|e| ApiError::refused(e.code(), e.to_string()))
    } else {
        text::parse(source).map_err(|mut e| {
            let hint = e.hint.take();
            let refused = ApiError::refused(e.code, e.to_string());
            hint.into_iter().fold(refused, ApiError::hint)
        })
    }
}

/// Whom a grant is drafted for, and who asks for it.
#[derive(Debug, Clone)]
pub struct For {
    /// The wallet that is to sign.
    pub account: AccountId,
    /// The page that asks, by its origin; a login; or a request.
    pub requested_by: String,
}

/// What the page that asks leaves to this server: who it is, and where the signature signs in.
///
/// # Errors
/// 422 for a draft that names another page, or any sign-in.
pub fn asked_by(mut draft: Draft, page: Option<&str>) -> Result<Draft, ApiError> {
    let labels = &mut draft.rest.labels;
    if labels.origin.as_deref().is_some_and(|named| Some(named) != page) {
        return Err(wrong_origin());
    }
    labels.origin = page.map(str::to_owned);
    if labels.login.is_some() || !draft.rest.login.is_zero() {
        return Err(foreign_login());
    }
    Ok(draft)
}

/// 422: a draft that says another page asked.
#[must_use]
pub fn wrong_origin() -> ApiError {
    let says = "the grant names another page than the one that asks";
    ApiError::refused("wrong_origin", says).hint("leave `origin` out: it is filled in")
}

/// 422: a draft whose signature would be evidence of a login.
#[must_use]
pub fn foreign_login() -> ApiError {
    let says = "signing this grant would also sign its owner in somewhere";
    ApiError::refused("foreign_login", says)
        .hint("leave `login` out; to sign in with a grant, ask for it at POST /v1/login/grant")
}

/// Completes a draft for the caller, makes its keys, and stores the request. With `replaces` it is to take the place of that
/// session's grant, and its counters.
///
/// # Errors
/// 422 for a grant that is bad, of another account, or not judged by this version, or wider than the one that it replaces; 502
/// and 503 as node and store.
pub async fn propose(
    app: &App,
    caller: &Caller,
    page: Option<&str>,
    draft: Draft,
    place: Place,
    replaces: Option<&Replaced>,
) -> Result<Proposed, ApiError> {
    let draft = match replaces {
        None => asked_by(draft, page)?,
        Some(old) => old.asked_by(draft)?,
    };
    let requested_by = page.map_or_else(|| caller.login.id.to_string(), str::to_owned);
    let owner = For { account: caller.account(), requested_by };
    let drafted = self::draft(app, &owner, &draft, place, replaces).await?;
    drafted.keep(app, caller.user(), Actor::Owner(caller.user())).await
}

/// Completes a draft and makes its keys. Nothing is stored.
///
/// # Errors
/// As [`propose`].
pub async fn draft(
    app: &App,
    asked: &For,
    draft: &Draft,
    place: Place,
    replaces: Option<&Replaced>,
) -> Result<Drafted, ApiError> {
    same_chain(app, draft.chain)?;
    let draft = &replaces.map_or_else(|| draft.clone(), |old| old.keep(draft));
    let owner = asked.account.address;
    let id = app.session_id()?;
    // A key that the draft names lives outside; otherwise the vault makes one.
    let inside = match draft.key {
        Some(_) if place == Place::SignerOnly => {
            return Err(ApiError::refused(
                "key_outside",
                "without a contract nobody bounds a key that is held outside",
            )
            .hint("leave `key` out, so that the vault makes it"));
        }
        Some(_) => None,
        None => Some(app.vault.create_session_key(*id.as_bytes(), app.rng.as_ref())?),
    };
    let enforced = enforced(app, place, owner, inside.as_ref().and_then(SealedRecord::address)).await?;
    let Enforced { account, backend, epoch, ready } = enforced;
    if draft.account.is_some_and(|named| named != account) {
        return Err(ApiError::refused("wrong_account", format!("the grant names another account than {account}")));
    }
    let pocket = match place {
        Place::Pocket(index) => Some(index),
        Place::Delegated | Place::SignerOnly => None,
    };
    let ender = app.vault.create_ender_key(*id.as_bytes(), app.rng.as_ref())?;
    let ender_address =
        ender.address().ok_or_else(|| ApiError::internal("wrong_algorithm", "an ender's key has an address"))?;
    let fill = Fill {
        account: Some(account),
        backend: Some(backend),
        epoch: Some(epoch),
        salt: Some(replaces.map_or_else(|| app.random(), |old| Ok(old.grant.salt))?),
        key: inside.as_ref().map(|record| SessionKey::from(record.public)),
        at: Some(app.clock.now()),
        routes: Some(Routes::DIRECT),
        relayer: Some(Address::ZERO),
        gas: Some(Gas { units_per_op: app.settings.gas_per_op, ..Gas::default() }),
        ender: Some(ender_address),
    };
    let grant = draft.complete(&fill).map_err(|e: CompleteError| ApiError::refused(e.code(), e.to_string()))?;
    takes::judge(app, &grant, backend, epoch, ender_address)?;
    if inside.is_none() {
        takes::ceilings(app, &grant)?;
    }
    if let Some(old) = replaces {
        old.narrows(&grant, inside.is_none())?;
    }
    Ok(Drafted {
        id,
        account: AccountId { chain: grant.chain, address: account },
        pocket,
        grant,
        requested_by: asked.requested_by.clone(),
        replaces: replaces.map(|old| old.session.grant),
        ready,
        inside,
        ender,
        at: app.clock.now(),
    })
}

/// Where a grant's account is, and what it needs.
struct Enforced {
    account: Address,
    backend: Address,
    epoch: u64,
    ready: Ready,
}

async fn enforced(app: &App, place: Place, owner: Address, key: Option<Address>) -> Result<Enforced, ApiError> {
    let chain = &app.chain;
    let home = match place {
        Place::Delegated => Home::Delegated,
        Place::Pocket(index) => Home::Pocket { owner, index },
        Place::SignerOnly => {
            let account = key.unwrap_or_default();
            return Ok(Enforced { account, backend: Address::ZERO, epoch: 0, ready: Ready::Yes });
        }
    };
    let account = home.account(&chain.suite, owner);
    let ready = home.ready(&chain.node, &chain.suite, account).await?;
    let epoch = match ready {
        Ready::Yes => chain.node.view(account, &IHallpass::accountStateCall {}).await?.epoch,
        Ready::NeedsDelegation | Ready::NeedsOpening => 0,
    };
    Ok(Enforced { account, backend: home.backend(&chain.suite), epoch, ready })
}
