//! What is older than the operator keeps is forgotten: logins that have ended, and where audit events came from.

use crate::logins::by_grant;
use crate::{ApiError, App};
use std::sync::PoisonError;

/// Between two looks, in seconds.
const PAUSE: u64 = 3600;
/// Rows in one transaction, which others wait for.
const CHUNK: usize = 500;
/// Most transactions in one look; the rest is for the next.
const ROUNDS: usize = 200;

/// Grants that would sign somebody in, at every call; the rest once an hour by the server's clock, and at the first call.
///
/// # Errors
/// As the store.
pub async fn once(app: &App) -> Result<(), ApiError> {
    let now = app.clock.now();
    by_grant::of(app)?.sweep(now);
    {
        let mut next = app.retained.lock().unwrap_or_else(PoisonError::into_inner);
        if now < *next {
            return Ok(());
        }
        *next = now.plus(PAUSE).unwrap_or(now);
    }
    let before = now.minus(app.settings.retention_seconds);
    for _ in 0..ROUNDS {
        let mut tx = app.store.begin().await?;
        let logins = tx.logins().forget_ended(before, CHUNK).await?;
        let origins = tx.audit().forget_origins(before, CHUNK).await?;
        if logins + origins == 0 {
            break;
        }
        tx.commit().await?;
    }
    Ok(())
}
