//! Operations that the chain tells of, compared with what was reserved: so a key that is used elsewhere is noticed while its
//! session is asked for nothing.
//!
//! A node's log alone suspends nothing where the account's own state can be asked instead.

use super::books::Books;
use super::{alarm, stored_grant};
use crate::{ApiError, App};
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Address, B256, U256};
use hallpass_chain::entry_point;
use hallpass_chain::hallpass::state;
use hallpass_policy::ledger::lane_and_sequence;
use hallpass_policy::{Grant, LaneUsed, UserOp};
use hallpass_session::{Elsewhere, Explained, FurtherLane, KeySession, Nonce, Reservation, Seen};
use std::collections::{BTreeMap, BTreeSet};

/// How many blocks before the head are looked at first.
const BEFORE: u64 = 1_000;
/// Most blocks looked at in one go.
const MOST: u64 = 2_000;
/// How many blocks are looked at again, since a reorganisation may have changed them.
const AGAIN: u64 = 16;

/// Looks at the blocks since the last time.
///
/// # Errors
/// As node and store; the same blocks are then looked at again.
pub async fn once(app: &App) -> Result<(), ApiError> {
    let node = &app.chain.node;
    let head = node.block(BlockNumberOrTag::Latest).await?.number;
    let before = *app.watched.lock().map_err(|_| ApiError::internal("lock", "a lock is poisoned"))?;
    let from = before.map_or_else(|| head.saturating_sub(BEFORE), |next| next.saturating_sub(AGAIN));
    let to = head.min(from.saturating_add(MOST));
    let mut grants: BTreeMap<(Address, B256), Vec<U256>> = BTreeMap::new();
    for (account, grant, nonce) in node.executed_by_any(from, to).await? {
        grants.entry((account, grant)).or_default().push(nonce);
    }
    // One grant that cannot be looked at hides no other: anybody may make an account of theirs unreadable.
    let told = |grant: B256, looked: Result<(), ApiError>| match looked {
        Err(error) if error.problem.code != alarm::SPENT_ELSEWHERE => {
            tracing::warn!(%grant, code = %error.problem.code, "what the chain tells of a grant could not be looked at");
        }
        _ => {}
    };
    for ((account, grant), nonces) in grants {
        told(grant, grant_executed(app, account, grant, &nonces).await);
    }
    let mut validated: BTreeMap<(Address, B256), BTreeSet<B256>> = BTreeMap::new();
    for (account, grant, hash) in entry_point::validated_by_any(node, from, to).await? {
        validated.entry((account, grant)).or_default().insert(hash);
    }
    for ((account, grant), hashes) in validated {
        told(grant, grant_validated(app, account, grant, &hashes).await);
    }
    *app.watched.lock().map_err(|_| ApiError::internal("lock", "a lock is poisoned"))? = Some(to.saturating_add(1));
    Ok(())
}

/// A session of ours that is active, and what is known to have been reserved of it.
struct Watched {
    session: KeySession,
    grant: Grant,
    before: Explained,
    since: Vec<Reservation>,
}

/// The session of a grant that `account` tells of; `None` where it is not ours to watch, or of somebody whose data was deleted.
async fn watched(app: &App, account: Address, grant: B256) -> Result<Option<Watched>, ApiError> {
    let mut tx = app.store.read().await?;
    let Ok(Some(stored)) = tx.grants().find(grant).await else { return Ok(None) };
    let Some(session) = tx.sessions().find_key(stored.session).await? else { return Ok(None) };
    let theirs = session.account.address != account;
    if theirs || !session.lifecycle.is_active() || !alarm::is_ours(tx.as_mut(), &session).await? {
        return Ok(None);
    }
    let (_, grant) = stored_grant(tx.as_mut(), &session).await?;
    let Some(before) = alarm::explained(tx.as_mut(), &session, &grant).await? else { return Ok(None) };
    let since = tx.reservations().held(session.grant, before.block).await?;
    Ok(Some(Watched { session, grant, before, since }))
}

async fn grant_executed(app: &App, account: Address, grant: B256, nonces: &[U256]) -> Result<(), ApiError> {
    let Some(Watched { session, grant, before, since }) = watched(app, account, grant).await? else { return Ok(()) };
    let strange = |nonce: &&U256| match Nonce::direct(**nonce) {
        Some(nonce) => !Seen::from(&before.ledger).is_used(nonce) && since.iter().all(|r| r.nonce() != nonce),
        None => true,
    };
    match nonces.iter().find(strange) {
        None => Ok(()),
        Some(nonce) => look(app, &session, &grant, *nonce).await,
    }
}

/// User operations that were never reserved here have the account's meters looked at: what they spend stands there.
async fn grant_validated(app: &App, account: Address, grant: B256, hashes: &BTreeSet<B256>) -> Result<(), ApiError> {
    let Some(Watched { session, grant, since, .. }) = watched(app, account, grant).await? else { return Ok(()) };
    let ours: BTreeSet<B256> =
        since.iter().filter_map(|r| UserOp::decode(&r.op)).map(|op| op.signed.userOpHash).collect();
    if hashes.is_subset(&ours) {
        return Ok(());
    }
    let books = Books::read(app, &grant, session.grant).await?;
    alarm::look(app, &session, &grant, &books).await
}

async fn look(app: &App, session: &KeySession, grant: &Grant, nonce: U256) -> Result<(), ApiError> {
    let (lane, _) = lane_and_sequence(nonce);
    let further = FurtherLane::of(lane);
    if lane.is_zero() || further.is_some() {
        let books = Books::read_with(app, grant, session.grant, further.as_slice()).await?;
        return alarm::look(app, session, grant, &books).await;
    }
    // Nothing is signed here in such a lane. Where there is a second node, both must show it.
    let used = async |node| {
        let state = state::lane_used(node, grant, session.grant, BlockId::latest(), lane).await?;
        Ok::<_, ApiError>(state != LaneUsed::fresh(lane))
    };
    let mut shown = used(&app.chain.node).await?;
    if let Some(second) = app.chain.second.as_ref().filter(|_| shown) {
        shown = used(second).await?;
    }
    if shown {
        alarm::suspend(app, session, Elsewhere::Lane, None).await?;
    }
    Ok(())
}
