//! From a text to a grant that waits for its owner.

use super::replace::Replaced;
use super::{same_chain, takes};
use crate::app::{event, put_sealed_key, record_id};
use crate::caller::Caller;
use crate::{ApiError, App};
use alloy_primitives::Address;
use hallpass_chain::Home;
use hallpass_chain::contracts::IHallpass;
use hallpass_chain::hallpass::Ready;
use hallpass_policy::draft::{CompleteError, Draft, Fill};
use hallpass_policy::grant::{Gas, Grant, Routes, SessionKey};
use hallpass_policy::{json, text};
use hallpass_session::{Action, Actor, Decision, Installation, KeySession, Lifecycle, StoredGrant, Subject};
use hallpass_types::{AccountId, UserId};
use hallpass_vault::SealedRecord;

/// Most sessions of a user that have not ended.
const MAX_OPEN: usize = 100;

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
    /// The owner.
    pub user: UserId,
    /// The wallet that is to sign.
    pub account: AccountId,
    /// A login, or a request.
    pub requested_by: String,
    /// Who asks.
    pub actor: Actor,
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
    draft: &Draft,
    place: Place,
    replaces: Option<&Replaced>,
) -> Result<Proposed, ApiError> {
    let (user, requested_by) = (caller.user(), caller.login.id.to_string());
    let owner = For { user, account: caller.account(), requested_by, actor: Actor::Owner(user) };
    draft_for(app, &owner, draft, place, replaces).await
}

/// The same for an owner who is not there.
///
/// # Errors
/// As [`propose`].
pub async fn draft_for(
    app: &App,
    asked: &For,
    draft: &Draft,
    place: Place,
    replaces: Option<&Replaced>,
) -> Result<Proposed, ApiError> {
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
    let now = app.clock.now();
    let grant_id = grant.id();
    let account = AccountId { chain: grant.chain, address: account };
    let session = KeySession {
        id,
        user: asked.user,
        account,
        pocket,
        grant: grant_id,
        lifecycle: Lifecycle::Requested { at: now },
        key: match &grant.key {
            SessionKey::Secp256k1(key) => *key,
            SessionKey::Other(..) => return Err(ApiError::refused("not_yet_supported", "a session key of this kind")),
        },
        created: now,
        not_before: grant.not_before,
        not_after: grant.not_after,
        install: Installation::NotInstalled,
        ender: ender_address,
    };
    let stored = StoredGrant {
        id: grant_id,
        user: asked.user,
        account,
        session: id,
        canonical_json: json::print(&Draft::from(&grant)),
        title: grant.rest.labels.title.clone().unwrap_or_default(),
        requested_by: asked.requested_by.clone(),
        lists: alloy_primitives::B256::ZERO,
        created: now,
        replaces: replaces.map(|old| old.session.grant),
        decision: Decision::Pending,
    };
    let mut tx = app.store.begin().await?;
    let open = tx.sessions().list_keys(asked.user).await?.iter().filter(|s| !s.lifecycle.is_terminal()).count();
    if open >= MAX_OPEN {
        return Err(ApiError::conflict("too_many_sessions", format!("you have {open} sessions that have not ended"))
            .hint("end some with `hallpass session revoke`, or refuse what is still asked for"));
    }
    let actor = asked.actor;
    put_sealed_key(tx.as_mut(), &record_id("ender", id), &ender).await?;
    if let Some(record) = &inside {
        put_sealed_key(tx.as_mut(), &record_id("session", id), record).await?;
    }
    tx.grants()
        .create(&stored, &event(now, actor, Action::Requested, Subject::Grant(grant_id), asked.user, None))
        .await?;
    tx.sessions()
        .create_key(&session, &event(now, actor, Action::Requested, Subject::Key(id), asked.user, None))
        .await?;
    tx.commit().await?;
    Ok(Proposed { session, grant, ready, outside: inside.is_none() })
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
