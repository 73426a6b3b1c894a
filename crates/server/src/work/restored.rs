//! What becomes of a store that was put back from a copy: everything that may have ended since the copy was taken ends, and
//! nothing is signed before it is known what was signed since.

use crate::ApiError;
use crate::app::event;
use hallpass_session::{Action, Actor, Lifecycle, Reason, Subject};
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
    let logins = store.read().await?.sessions().list_live_logins().await?;
    for chunk in logins.chunks(CHUNK) {
        let mut tx = store.begin().await?;
        for login in chunk {
            let Some(stored) = tx.sessions().find_login(login.id).await? else { continue };
            let now = clock.now();
            let (id, user) = (stored.id, stored.user);
            let ended = stored.revoke(now, Reason::Restored, by)?;
            tx.sessions().save_login(&ended, &event(now, by, Action::Revoked, Subject::Login(id), user, why)).await?;
            done.logins += 1;
        }
        tx.commit().await?;
    }
    let mut keys = store.read().await?.sessions().list_due_keys(forever).await?;
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
