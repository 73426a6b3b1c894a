//! Promises about login sessions and their tokens.

use super::sample::*;
use crate::Store;
use hallpass_session::{Access, Action, Actor, LoginSession, Pending, Reason, Refresh, Subject, TokenKind};
use std::sync::Arc;

/// User 1's login 30 with refresh token `n`, and a successor that was given where `next` is.
fn family(n: u8, next: Option<u8>) -> LoginSession {
    let pending = next.map(|next| Pending {
        refresh: token(TokenKind::Refresh, next),
        access: Access { hash: token(TokenKind::Bearer, next), not_after: at(500) },
        issued: at(200),
    });
    LoginSession { refresh: Some(Refresh { current: token(TokenKind::Refresh, n), pending }), ..login(1, 30) }
}

/// Current, successor and spent ones, refresh and access tokens alike.
pub async fn a_login_is_known_by_every_token_it_ever_had(store: Arc<dyn Store>) {
    let mut tx = peopled(&*store).await;
    tx.logins().create(&family(31, None), &login_event(1, 30)).await.unwrap();
    tx.logins().save(&family(31, Some(32)), &login_event(1, 30)).await.unwrap();
    let used = family(31, Some(32)).confirm(&token(TokenKind::Bearer, 32)).unwrap();
    tx.logins().note(&used).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.read().await.unwrap();
    for (kind, n) in
        [(TokenKind::Bearer, 30), (TokenKind::Bearer, 32), (TokenKind::Refresh, 31), (TokenKind::Refresh, 32)]
    {
        assert_eq!(tx.logins().find_by_token(&token(kind, n)).await.unwrap().as_ref(), Some(&used), "{kind:?} {n}");
    }
    assert_eq!(tx.logins().find_by_token(&token(TokenKind::Refresh, 33)).await.unwrap(), None);
}

/// No second login takes a token, be it new, changed or ended.
pub async fn a_token_is_one_logins(store: Arc<dyn Store>) {
    let mut tx = peopled(&*store).await;
    tx.logins().create(&family(31, Some(32)), &login_event(1, 30)).await.unwrap();
    for n in [31, 32] {
        let taking = LoginSession { refresh: family(n, None).refresh, ..login(2, 40) };
        assert_eq!(tx.logins().create(&taking, &login_event(2, 40)).await.unwrap_err().code(), "already_exists");
    }
    tx.logins().create(&login(2, 40), &login_event(2, 40)).await.unwrap();
    let taking = LoginSession { access: family(31, None).access, ..login(2, 40) };
    assert_eq!(tx.logins().save(&taking, &login_event(2, 40)).await.unwrap_err().code(), "already_exists");
}

/// Its last use and a successor in use, without an audit event; nothing that would need one.
pub async fn what_is_noted_of_a_login_is_no_transition(store: Arc<dyn Store>) {
    peopled(&*store).await.commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.logins().note(&login(1, 10)).await.unwrap_err().code(), "stale_write", "not read here");
    let read = tx.logins().find(session(10)).await.unwrap().unwrap();
    let events = tx.audit().list(None, 0, 100).await.unwrap().len();
    tx.logins().note(&read.clone().used(at(300))).await.unwrap();
    let access = Access { hash: token(TokenKind::Bearer, 99), not_after: at(1000) };
    for (what, other) in [
        ("a new token", LoginSession { access, ..read.clone() }),
        ("a proof", LoginSession { proved_at: at(300), ..read.clone() }),
        ("what proved it", LoginSession { own_pass: Some(session(77)), ..read.clone() }),
        ("an end", read.clone().revoke(at(300), Reason::OwnerAsked, Actor::Server).unwrap()),
    ] {
        assert_eq!(tx.logins().note(&other).await.unwrap_err().code(), "stale_write", "{what}");
    }
    assert_eq!(tx.audit().list(None, 0, 100).await.unwrap().len(), events);
    let ended = read.revoke(at(300), Reason::OwnerAsked, Actor::Server).unwrap();
    tx.logins().save(&ended, &login_event(1, 10)).await.unwrap();
    assert_eq!(tx.logins().note(&ended.used(at(400))).await.unwrap_err().code(), "stale_write", "it has ended");
}

/// State, use, proof and tokens move; who it is, its bounds and what it is bound to do not.
pub async fn a_login_changes_in_what_moves_alone(store: Arc<dyn Store>) {
    let mut tx = peopled(&*store).await;
    let fresh = Access { hash: token(TokenKind::Bearer, 77), not_after: at(900) };
    let proved = login(1, 10).step_up(at(300), fresh, None, None).unwrap();
    tx.logins().save(&proved, &login_event(1, 10)).await.unwrap();
    assert_eq!(tx.logins().find(session(10)).await.unwrap(), Some(proved.clone()));
    let key = hallpass_session::Binding::Dpop { jkt: hallpass_session::Jkt([1; 32]) };
    for (what, other) in [
        ("longer", LoginSession { not_after: at(2000), ..proved.clone() }),
        ("idle for longer", LoginSession { idle: 1000, ..proved.clone() }),
        ("bound otherwise", LoginSession { binding: key, ..proved.clone() }),
        ("another account", LoginSession { account: account_id(2), ..proved.clone() }),
        ("older", LoginSession { created: at(1), ..proved }),
    ] {
        assert_eq!(tx.logins().save(&other, &login_event(1, 10)).await.unwrap_err().code(), "stale_write", "{what}");
    }
}

/// By user while they have not ended; by when they would end, which a use moves on.
pub async fn logins_that_have_not_ended_are_found_by_user_and_by_their_end(store: Arc<dyn Store>) {
    let mut tx = peopled(&*store).await;
    let short = LoginSession { idle: 50, ..login(1, 12) };
    tx.logins().create(&short, &login_event(1, 12)).await.unwrap();
    tx.logins().create(&LoginSession { idle: 60, ..login(2, 11) }, &login_event(2, 11)).await.unwrap();
    let ids = |logins: Vec<LoginSession>| logins.iter().map(|l| l.id.as_bytes()[0]).collect::<Vec<_>>();
    assert_eq!(ids(tx.logins().list_live_of(user(1)).await.unwrap()), [10, 12]);
    assert_eq!(ids(tx.logins().list_live().await.unwrap()), [10, 11, 12]);
    let mut due = Vec::new();
    for now in [149, 150, 160, 999, 1000] {
        due.push(ids(tx.logins().list_due(at(now)).await.unwrap()));
    }
    assert_eq!(due, [vec![], vec![12], vec![12, 11], vec![12, 11], vec![12, 11, 10]]);
    tx.logins().note(&short.clone().used(at(140))).await.unwrap();
    assert_eq!(ids(tx.logins().list_due(at(189)).await.unwrap()), [11]);
    let ended = short.used(at(140)).expire(at(190), at(140)).unwrap();
    let event = event(1, Subject::Login(ended.id), Action::Expired);
    tx.logins().save(&ended, &event).await.unwrap();
    assert_eq!(ids(tx.logins().list_live_of(user(1)).await.unwrap()), [10]);
    assert_eq!(ids(tx.logins().list_live().await.unwrap()), [10, 11]);
    assert_eq!(ids(tx.logins().list_due(at(190)).await.unwrap()), [11]);
    assert_eq!(ids(tx.logins().list(user(1)).await.unwrap()), [10, 12], "ended ones stay listed");
}

/// A tombstone for every token: nothing takes it for new, and nothing finds a living login by it.
pub async fn an_ended_logins_tokens_are_remembered_until_its_absolute_end(store: Arc<dyn Store>) {
    let mut tx = peopled(&*store).await;
    tx.logins().create(&family(31, Some(32)), &login_event(1, 30)).await.unwrap();
    let ended = family(31, Some(32)).revoke(at(300), Reason::OwnerAsked, Actor::Server).unwrap();
    tx.logins().save(&ended, &login_event(1, 30)).await.unwrap();
    tx.commit().await.unwrap();
    let tokens: Vec<_> = ended.tokens().collect();
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.logins().prune_tokens(at(999)).await.unwrap(), 0);
    for hash in &tokens {
        assert_eq!(tx.logins().find_by_token(hash).await.unwrap().as_ref(), Some(&ended));
    }
    let revived = LoginSession { lifecycle: family(31, None).lifecycle, ..ended.clone() };
    assert_eq!(tx.logins().save(&revived, &login_event(1, 30)).await.unwrap_err().code(), "stale_write");
    let again = LoginSession { refresh: ended.refresh, ..login(1, 33) };
    assert_eq!(tx.logins().create(&again, &login_event(1, 33)).await.unwrap_err().code(), "already_exists");
    // Its own four, and the one of login 10, which ends with it.
    assert_eq!(tx.logins().prune_tokens(at(1000)).await.unwrap(), 5);
    for hash in &tokens {
        assert_eq!(tx.logins().find_by_token(hash).await.unwrap(), None);
    }
    assert_eq!(tx.logins().find(session(30)).await.unwrap(), Some(ended));
}

/// With all that is known of it but its audit events. One that runs out is not forgotten before that was noted.
pub async fn an_ended_login_is_forgotten_in_time_and_a_live_one_never(store: Arc<dyn Store>) {
    peopled(&*store).await.commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    for id in [11, 12, 13] {
        tx.logins().create(&login(1, id), &login_event(1, id)).await.unwrap();
    }
    let ended = |id| login(1, id).revoke(at(200), Reason::OwnerAsked, Actor::Server).unwrap();
    for id in [11, 12] {
        tx.logins().save(&ended(id), &login_event(1, id)).await.unwrap();
    }
    let later = hallpass_session::LoginSession { not_after: at(2000), ..ended(14) };
    tx.logins().create(&later, &login_event(1, 14)).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.logins().forget_ended(at(1000), 10).await.unwrap(), 0, "the end is exclusive");
    assert_eq!(tx.logins().forget_ended(at(1001), 1).await.unwrap(), 1);
    assert_eq!(tx.logins().forget_ended(at(1001), 10).await.unwrap(), 1);
    assert_eq!(tx.logins().forget_ended(at(1001), 10).await.unwrap(), 0);
    tx.commit().await.unwrap();
    let mut tx = store.read().await.unwrap();
    for id in [11, 12] {
        assert_eq!(tx.logins().find(session(id)).await.unwrap(), None);
        assert_eq!(tx.logins().find_by_token(&login(1, id).access.hash).await.unwrap(), None);
    }
    let left: Vec<_> = tx.logins().list(user(1)).await.unwrap().into_iter().map(|login| login.id).collect();
    assert_eq!(left, [session(10), session(13), session(14)]);
    assert_eq!(tx.logins().list_live().await.unwrap().len(), 2);
    assert_eq!(tx.audit().list(None, 0, 100).await.unwrap().len(), 11);
}
