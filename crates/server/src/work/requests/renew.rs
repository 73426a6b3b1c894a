//! The same pass for longer, asked before it ends: its rules and caps, from its end on, for as long as it lasted.

use super::make::{self, New};
use super::{claim, deadline, room};
use crate::app::{record_id, sealed_key};
use crate::caller::Asker;
use crate::work::stored_grant;
use crate::{ApiError, App};
use alloy_primitives::{B256, hex};
use hallpass_policy::draft::Span;
use hallpass_policy::{Draft, Grant};
use hallpass_session::{Actor, Asked, KeySession, OwnerRequest, RequestState};
use hallpass_types::{IdempotencyKey, SessionId, UnixSeconds};
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;

/// How a renewal is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Later<'a> {
    /// How many seconds the new pass lasts; as long as the old one where absent.
    pub lasts: Option<u64>,
    /// What it is for: a claim.
    pub why: Option<&'a str>,
    /// How long the owner has, in seconds.
    pub seconds: Option<u64>,
}

/// Asks the owner to renew a session; the request that is open already, where there is one.
///
/// # Errors
/// 404 for a session that is not the asker's; 409 where it is not active, or was renewed; 422 for one that no contract
/// enforces; 429 where too many are open.
pub async fn ask(
    app: &App,
    asker: &Asker,
    actor: Actor,
    id: SessionId,
    how: Later<'_>,
) -> Result<OwnerRequest, ApiError> {
    let turn = Arc::clone(&app.asking).lock_owned().await;
    in_turn(app, asker, actor, id, how, turn).await
}

async fn in_turn(
    app: &App,
    asker: &Asker,
    actor: Actor,
    id: SessionId,
    how: Later<'_>,
    turn: OwnedMutexGuard<()>,
) -> Result<OwnerRequest, ApiError> {
    let (why, answer_by, lasts) = (claim(how.why)?, deadline(app, how.seconds)?, how.lasts);
    let now = app.clock.now();
    let mut tx = app.store.read().await?;
    let session = asker.session_to_use(tx.as_mut(), id).await?;
    let (_, grant) = stored_grant(tx.as_mut(), &session).await?;
    if !session.is_live(now) {
        let says = format!("the session is {}, or its time has run out", session.lifecycle.name());
        return Err(ApiError::conflict("session_ended", says).hint("ask for a new pass"));
    }
    for request in tx.requests().list_of(id).await? {
        match (&request.asked, request.state_at(now)) {
            (Asked::Renewal { .. }, RequestState::Open) => return Ok(request),
            (Asked::Renewal { .. }, RequestState::Approved { .. }) => {
                return Err(ApiError::conflict("renewed", "this session was renewed already")
                    .hint("renew the session that followed it"));
            }
            _ => {}
        }
    }
    if tx.requests().find_by_proposal(id).await?.is_some_and(|r| matches!(r.asked, Asked::OneOff { .. })) {
        return Err(ApiError::refused("not_askable", "one call, once, is not renewed"));
    }
    drop(tx);
    if grant.backend.is_zero() {
        return Err(ApiError::refused(
            "not_askable",
            "the account is the session key's own, and a new pass has a new key",
        )
        .hint("ask for a new pass"));
    }
    room(app, id, session.user).await?;
    let mut tx = app.store.read().await?;
    let outside = sealed_key(tx.as_mut(), &record_id("session", id)).await?.is_none();
    drop(tx);
    let draft = later(&session, &grant, lasts, outside)?;
    // One that was refused may be asked again, so it has no key to be found by.
    let key = IdempotencyKey::try_from(format!("renewal:{}", hex::encode(app.random::<16>()?)))
        .map_err(|e| ApiError::internal("key", e.to_string()))?;
    let asked = Asked::Renewal { from: session.grant };
    let hash = session.grant;
    let new = New {
        // Nothing is approved for a session that has ended.
        deadline: answer_by.min(session.not_after),
        session,
        draft,
        asked,
        why,
        key,
        hash,
    };
    make::create(app, actor, new, turn).await
}

/// The grant from its end on. Windows are counted as before; a key in the vault is a new one, one outside stays.
fn later(session: &KeySession, grant: &Grant, lasts: Option<u64>, outside: bool) -> Result<Draft, ApiError> {
    let life = session.not_after.get().saturating_sub(session.not_before.get());
    let lasts = lasts.unwrap_or(life);
    let until = session.not_after.plus(lasts).filter(|_| lasts > 0);
    let until: UnixSeconds =
        until.ok_or_else(|| ApiError::bad("bad_time", "a pass lasts at least a second, and ends before 2^48"))?;
    let mut draft = Draft::from(grant);
    for (open, meter) in draft.meters.iter_mut().zip(&grant.meters) {
        open.anchor = meter.period.is_some().then_some(meter.anchor);
    }
    // It signs nobody in.
    draft.rest.login = B256::ZERO;
    draft.rest.labels.login = None;
    Ok(Draft {
        time: Some(Span::Between(session.not_after, until)),
        salt: None,
        key: draft.key.filter(|_| outside),
        ender: None,
        epoch: None,
        ..draft
    })
}

/// Asks for the renewal of what ends soon, where the operator wants that.
///
/// # Errors
/// As the store.
pub async fn ahead(app: &App) -> Result<(), ApiError> {
    let lead = app.settings.asking.renew_ahead;
    if lead == 0 {
        return Ok(());
    }
    let now = app.clock.now();
    let soon = now.plus(lead).unwrap_or(now);
    let mut tx = app.store.read().await?;
    let mut due = Vec::new();
    for session in tx.sessions().list_due_keys(soon).await?.into_iter().filter(|s| s.is_live(now)) {
        let asked = tx.requests().list_of(session.id).await?;
        let renewals = asked.iter().any(|r| matches!(r.asked, Asked::Renewal { .. }));
        let one_off = tx.requests().find_by_proposal(session.id).await?;
        let one_off = one_off.is_some_and(|r| matches!(r.asked, Asked::OneOff { .. }));
        // A pass shorter than the lead would be renewed from its first second on.
        let long = session.not_after.get().saturating_sub(session.not_before.get()) > lead;
        let (_, grant) = stored_grant(tx.as_mut(), &session).await?;
        if !renewals && !one_off && long && !grant.backend.is_zero() {
            due.push((session.id, session.not_after));
        }
    }
    drop(tx);
    for (id, end) in due {
        let left = end.get().saturating_sub(now.get()).clamp(1, super::LONGEST);
        let how = Later { seconds: Some(left), ..Later::default() };
        // Settlement waits for no asker.
        let Ok(turn) = Arc::clone(&app.asking).try_lock_owned() else { return Ok(()) };
        match in_turn(app, &Asker::Holder(id), Actor::Server, id, how, turn).await {
            Ok(_) => {}
            Err(error) => tracing::debug!(session = %id, code = %error.problem.code, "a renewal could not be asked"),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

    use super::*;
    use alloy_primitives::Address;
    use hallpass_policy::draft::Fill;
    use hallpass_policy::grant::{Gas, Routes, SessionKey};
    use hallpass_session::{Installation, Lifecycle};
    use hallpass_types::UserId;

    fn at(s: u64) -> UnixSeconds {
        UnixSeconds::new(s).unwrap()
    }

    #[test]
    fn a_renewal_begins_where_the_pass_ends_and_counts_the_same_windows() {
        let text = "chain = \"eip155:5\"\nfrom = 1000\nuntil = 8200\n[[allow]]\ncall = \"0x5151515151515151515151515151515151515151\"\n\
                    at_most = \"2 per 1h\"\n[[allow]]\ncall = \"0x5252525252525252525252525252525252525252\"\nat_most = \"2\"\n";
        let fill = |salt: u8| Fill {
            account: Some(Address::repeat_byte(0xac)),
            backend: Some(Address::repeat_byte(0xbe)),
            epoch: Some(0),
            salt: Some([salt; 16]),
            key: Some(SessionKey::Secp256k1(Address::repeat_byte(salt))),
            at: None,
            routes: Some(Routes::DIRECT),
            relayer: Some(Address::ZERO),
            gas: Some(Gas::default()),
            ender: Some(Address::repeat_byte(0xed)),
        };
        let grant = hallpass_policy::text::parse(text).unwrap().complete(&fill(1)).unwrap();
        let session = KeySession {
            id: SessionId::from_bytes([1; 16]),
            user: UserId::from_bytes([2; 16]),
            account: "eip155:5:0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266".parse().unwrap(),
            pocket: None,
            grant: grant.id(),
            lifecycle: Lifecycle::Active { since: at(1000) },
            key: Address::repeat_byte(1),
            created: at(1000),
            not_before: grant.not_before,
            not_after: grant.not_after,
            install: Installation::NotInstalled,
            ender: Address::repeat_byte(0xed),
        };
        let renewed = later(&session, &grant, None, false).unwrap().complete(&fill(2)).unwrap();
        assert_eq!(
            (renewed.not_before, renewed.not_after),
            (at(8200), at(15400)),
            "no overlap: no budget twice at once"
        );
        assert_eq!(renewed.meters[0].anchor, at(1000));
        assert_eq!(renewed.meters[1].anchor, at(8200));
        assert_eq!((renewed.calls == grant.calls, renewed.account), (true, grant.account));
        assert_eq!(later(&session, &grant, None, true).unwrap().key, Some(grant.key.clone()));
        assert_eq!(later(&session, &grant, Some(0), false).unwrap_err().problem.code, "bad_time");
        assert_eq!(later(&session, &grant, Some(u64::MAX), false).unwrap_err().problem.code, "bad_time");
    }
}
