//! What endpoints have done.
//!
//! - [`books`]: what the chain says of a grant, at the head and at a final block.
//! - [`ask`]: a request to the signer.
//! - [`by_entry_point`]: user operations (ERC-4337).
//! - [`propose`]: from a text to a grant, [`drafted`], that waits for its owner; [`takes`]: which grants are taken.
//! - [`consent`]: what the owner was shown. [`install`]: from the owner's signature to a grant on chain.
//! - [`replace`]: a narrower grant in the place of another.
//! - [`judge`]: what the policy says of an action now.
//! - [`execute`]: has the signer sign and [`deliver`] send, once.
//! - [`sign`]: a signature that the asker sends itself.
//! - [`end`]: a revocation, here first and then on chain.
//! - [`requests`]: what an owner is asked beside a new grant.
//! - [`settle`]: what final blocks say. [`alarm`]: a key that was used past the signer.
//!   [`watch`]: what the chain tells of between two requests.
//! - [`restored`]: a store that was put back from a copy. [`resume`]: from suspended to active again.
//! - [`retain`]: what is old is forgotten.
//! - [`send`]: the relayer's key. [`wallet`]: what proves an account. [`sign_in`]: a grant that signs its owner in.

pub mod alarm;
pub mod ask;
pub mod books;
pub mod by_entry_point;
pub mod consent;
pub mod deliver;
pub mod drafted;
pub mod end;
pub mod execute;
pub mod install;
pub mod judge;
pub mod propose;
pub mod replace;
pub mod requests;
pub mod restored;
pub mod resume;
pub mod retain;
pub mod send;
pub mod settle;
pub mod sign;
pub mod sign_in;
pub mod takes;
pub mod wallet;
pub mod watch;

use crate::caller::Caller;
use crate::{ApiError, App};
use hallpass_chain::Home;
use hallpass_policy::{Grant, json};
use hallpass_session::{KeySession, StoredGrant};
use hallpass_store::Tx;
use hallpass_types::SessionId;

/// The caller's own session, to use.
///
/// # Errors
/// 404 also for somebody else's; 403 as [`Caller::expect_use`].
pub async fn own(tx: &mut dyn Tx, caller: &Caller, id: SessionId) -> Result<KeySession, ApiError> {
    let session = own_to_end(tx, caller, id).await?;
    caller.expect_use(id)?;
    Ok(session)
}

/// The caller's own session, to end it and for nothing else: any login may.
///
/// # Errors
/// 404 also for somebody else's.
pub async fn own_to_end(tx: &mut dyn Tx, caller: &Caller, id: SessionId) -> Result<KeySession, ApiError> {
    tx.sessions().find_key(id).await?.filter(|s| s.user == caller.user()).ok_or_else(|| ApiError::missing("session"))
}

/// A grant as it was stored.
///
/// # Errors
/// 404 where it is not there, 500 where it cannot be read.
pub async fn stored_grant(tx: &mut dyn Tx, session: &KeySession) -> Result<(StoredGrant, Grant), ApiError> {
    let stored = tx.grants().find(session.grant).await?.ok_or_else(|| ApiError::missing("grant"))?;
    let grant =
        json::parse_grant(&stored.canonical_json).map_err(|e| ApiError::internal("corrupt_row", e.to_string()))?;
    if grant.id() == stored.id {
        Ok((stored, grant))
    } else {
        Err(ApiError::internal("corrupt_row", "a stored grant is not the one it is filed under"))
    }
}

/// Where the account of a session lives.
#[must_use]
pub fn home(session: &KeySession, owner: alloy_primitives::Address) -> Home {
    session.pocket.map_or(Home::Delegated, |index| Home::Pocket { owner, index })
}

/// Whether the caller's chain is ours.
///
/// # Errors
/// 503 where the app has none.
pub fn same_chain(app: &App, chain: hallpass_types::ChainId) -> Result<(), ApiError> {
    if chain == app.settings.chain {
        Ok(())
    } else {
        Err(ApiError::refused(
            "wrong_chain",
            format!("this server is on chain {}, the grant on {chain}", app.settings.chain),
        ))
    }
}
