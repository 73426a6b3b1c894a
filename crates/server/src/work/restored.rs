//! What becomes of a store that was put back from a copy: everything that may have ended since the copy was taken ends, and
//! nothing is signed before it is known what was signed since.

use crate::ApiError;
use crate::app::event;
use crate::work::requests::moves;
use hallpass_session::{Action, Actor, Lifecycle, Reason, RequestState, Subject};
use hallpass_store::Store;
use hallpass_types::{Clock, UnixSeconds};

/// Sessions moved in one transaction.
const CHUNK: usize = 500;

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// Key sessions that were suspended.
    pub suspended: usize,
    /// Logins that were ended.
    pub logins: usize,
    /// Holders' tokens that were forgotten.
    pub holders: usize,
    /// Requests to owners that were withdrawn: they may have been answered since.
    pub requests: usize,
}

/// Suspends every key session that is active, ends every login, forgets every holder's token and login nonce: any of them may
/// have been ended, replaced or used after the copy was taken. Broken off, it can be done again.
///
/// # Errors
/// As the store.
pub async fn apply(store: &dyn Store, clock: &dyn Clock) -> Result<Done, ApiError> {
    let mut done = Done::default();
    let forever = UnixSeconds::MAX;
    let (by, why) = (Actor::Server, Some(Reason::Restored));
    let mut tx = store.begin().await?;
    done.holders = tx.sessions().forget_holders().await?;
    tx.nonces().prune(forever).await?;
    tx.commit().await?;
    let open = store.read().await?.requests().list_open().await?;
    for request in open {
        let mut tx = store.begin().await?;
        let Some(request) = tx.requests().find(request.id).await?.filter(|r| r.state == RequestState::Open) else {
            continue;
        };
        let now = clock.now();
        moves::close(tx.as_mut(), request.withdraw(now)?, by, now).await?;
        tx.commit().await?;
        done.requests += 1;
    }
    let logins = store.read().await?.logins().list_live().await?;
    for chunk in logins.chunks(CHUNK) {
        let mut tx = store.begin().await?;
        for login in chunk {
            let Some(stored) = tx.logins().find(login.id).await? else { continue };
            let now = clock.now();
            let (id, user) = (stored.id, stored.user);
            let ended = stored.revoke(now, Reason::Restored, by)?;
            tx.logins().save(&ended, &event(now, by, Action::Revoked, Subject::Login(id), user, why)).await?;
            done.logins += 1;
        }
        tx.commit().await?;
    }
    let mut keys = store.read().await?.sessions().list_due_keys(forever).await?;
    for asked in keys.iter().filter(|s| matches!(s.lifecycle, Lifecycle::Requested { .. })) {
        // It may have been answered, used and ended since: an old signature of its owner would begin it again.
        let mut tx = store.begin().await?;
        moves::refuse(tx.as_mut(), asked.id, Reason::Restored, by, clock.now()).await?;
        tx.commit().await?;
        done.requests += 1;
    }
    keys.retain(|s| matches!(s.lifecycle, Lifecycle::Active { .. }));
    for chunk in keys.chunks(CHUNK) {
        let mut tx = store.begin().await?;
        for key in chunk {
            let Some(stored) = tx.sessions().find_key(key.id).await? else { continue };
            let now = clock.now();
            let (id, user) = (stored.id, stored.user);
            let moved = stored.suspend(now, Reason::Restored, by)?;
            tx.sessions().save_key(&moved, &event(now, by, Action::Suspended, Subject::Key(id), user, why)).await?;
            done.suspended += 1;
        }
        tx.commit().await?;
    }
    Ok(done)
}
