//! Promises about accounts, sessions and grants.

use super::sample::*;
use crate::{Account, Store};
use alloy_primitives::{Address, Bytes};
use hallpass_session::{Action, Actor, Consent, Decision, Installation, KeySession, Lifecycle, Reason, Subject};
use hallpass_types::GrantId;
use std::sync::Arc;

/// Whatever goes in comes out the same, by every way of finding it.
pub async fn what_is_stored_reads_back(store: Arc<dyn Store>) {
    peopled(&*store).await.commit().await.unwrap();
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.accounts().find(user(1)).await.unwrap(), Some(account(1)));
    assert_eq!(tx.accounts().find_by_account(&account_id(2)).await.unwrap(), Some(account(2)));
    assert_eq!(tx.accounts().find_by_account(&account_id(3)).await.unwrap(), None);
    assert_eq!(tx.logins().find(session(10)).await.unwrap(), Some(login(1, 10)));
    assert_eq!(tx.logins().find_by_token(&login(1, 10).access.hash).await.unwrap(), Some(login(1, 10)));
    assert_eq!(tx.logins().find_by_token(&login(1, 11).access.hash).await.unwrap(), None);
    assert_eq!(tx.sessions().find_key(session(20)).await.unwrap(), Some(key(1, 20)));
    assert_eq!(tx.sessions().find_key(session(10)).await.unwrap(), None);
    assert_eq!(tx.grants().find(GrantId::repeat_byte(20)).await.unwrap(), Some(grant(1, 20)));
}

/// Neither a user nor an account nor a session nor a token is added twice, and a refusal leaves nothing behind.
pub async fn an_account_is_known_once(store: Arc<dyn Store>) {
    peopled(&*store).await.commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let same_account = Account { user: user(3), ..account(1) };
    let same_user = Account { account: account_id(3), ..account(1) };
    let refused = [
        tx.accounts().create(&same_account, &account_event(3)).await,
        tx.accounts().create(&same_user, &account_event(1)).await,
        tx.logins().create(&login(2, 10), &login_event(2, 10)).await,
        tx.sessions().create_key(&key(2, 20), &key_event(2, 20)).await,
        tx.grants().create(&grant(2, 20), &grant_event(2, 20)).await,
    ];
    for result in refused {
        assert_eq!(result.unwrap_err().code(), "already_exists");
    }
    let mut same_token = login(2, 11);
    same_token.access.hash = login(1, 10).access.hash;
    let result = tx.logins().create(&same_token, &login_event(2, 11)).await;
    assert_eq!(result.unwrap_err().code(), "already_exists");
    assert_eq!(tx.logins().create(&login(9, 12), &login_event(9, 12)).await.unwrap_err().code(), "no_such_row");
    tx.commit().await.unwrap();
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.accounts().find(user(3)).await.unwrap(), None);
    assert_eq!(tx.logins().find(session(11)).await.unwrap(), None);
    assert_eq!(tx.logins().find(session(10)).await.unwrap(), Some(login(1, 10)));
    assert_eq!(tx.audit().list(None, 0, 100).await.unwrap().len(), 5);
}

/// By time of creation, then by id; ended ones stay; nobody else's.
pub async fn listings_are_oldest_first_and_a_users_own(store: Arc<dyn Store>) {
    let mut tx = peopled(&*store).await;
    let mut expected = vec![(100, 10)];
    for (id, created) in [(13, 70), (12, 300), (11, 300), (14, 256)] {
        let made = hallpass_session::LoginSession { created: at(created), ..login(1, id) };
        tx.logins().create(&made, &login_event(1, id)).await.unwrap();
        let made = hallpass_session::KeySession { created: at(created), ..key(1, id + 20) };
        tx.sessions().create_key(&made, &key_event(1, id + 20)).await.unwrap();
        let made = hallpass_session::StoredGrant { created: at(created), ..grant(1, id + 20) };
        tx.grants().create(&made, &grant_event(1, id + 20)).await.unwrap();
        expected.push((created, id));
    }
    let ended = login(1, 10).revoke(at(150), Reason::OwnerAsked, Actor::Server).unwrap();
    tx.logins().save(&ended, &login_event(1, 10)).await.unwrap();
    tx.commit().await.unwrap();
    expected.sort_unstable();

    let mut tx = store.read().await.unwrap();
    let logins = tx.logins().list(user(1)).await.unwrap();
    assert_eq!(logins.iter().map(|s| (s.created.get(), s.id.as_bytes()[0])).collect::<Vec<_>>(), expected);
    let keys = tx.sessions().list_keys(user(1)).await.unwrap();
    let order: Vec<u8> = keys.iter().map(|s| s.id.as_bytes()[0]).collect();
    assert_eq!(order, [33, 20, 34, 31, 32]);
    let grants = tx.grants().list(user(1)).await.unwrap();
    assert_eq!(grants.iter().map(|g| g.id[0]).collect::<Vec<_>>(), [33, 20, 34, 31, 32]);
    assert_eq!(tx.logins().list(user(2)).await.unwrap(), []);
    assert_eq!(tx.grants().list(user(2)).await.unwrap(), []);
    let due = async |tx: &mut dyn crate::Tx, now| {
        let due = tx.sessions().list_due_keys(at(now)).await.unwrap();
        due.iter().map(|s| s.id.as_bytes()[0]).collect::<Vec<_>>()
    };
    assert_eq!(due(tx.as_mut(), 999).await, [0_u8; 0]);
    assert_eq!(due(tx.as_mut(), 1000).await, [20, 31, 32, 33, 34]);
}

/// Terminal is terminal, and what is being revoked becomes nothing but revoked.
pub async fn an_ended_session_is_never_revived(store: Arc<dyn Store>) {
    let mut tx = peopled(&*store).await;
    let revoking = key(1, 20).revoke(at(200), Reason::OwnerAsked, Actor::Server).unwrap();
    tx.sessions().save_key(&revoking, &key_event(1, 20)).await.unwrap();
    assert_eq!(tx.sessions().save_key(&key(1, 20), &key_event(1, 20)).await.unwrap_err().code(), "stale_write");
    assert_eq!(tx.sessions().list_due_keys(at(0)).await.unwrap(), std::slice::from_ref(&revoking), "it is due at once");
    let sent = hallpass_session::KeySession { install: Installation::Submitted { tx: Default::default() }, ..revoking };
    tx.sessions().save_key(&sent, &key_event(1, 20)).await.unwrap();
    let revoked = sent.confirm_revoked(at(300)).unwrap();
    tx.sessions().save_key(&revoked, &key_event(1, 20)).await.unwrap();
    assert_eq!(tx.sessions().list_due_keys(at(100_000)).await.unwrap(), []);
    assert_eq!(tx.sessions().save_key(&revoked, &key_event(1, 20)).await.unwrap_err().code(), "stale_write");

    let expired = login(1, 10).expire(at(1000), at(100)).unwrap();
    tx.logins().save(&expired, &login_event(1, 10)).await.unwrap();
    assert_eq!(tx.logins().save(&login(1, 10), &login_event(1, 10)).await.unwrap_err().code(), "stale_write");
    tx.commit().await.unwrap();
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.sessions().find_key(session(20)).await.unwrap(), Some(revoked));
    assert_eq!(tx.logins().find(session(10)).await.unwrap(), Some(expired));
}

/// A state computed from an older read would undo what happened since: here, a suspension.
pub async fn a_state_read_in_another_transaction_is_not_saved(store: Arc<dyn Store>) {
    peopled(&*store).await.commit().await.unwrap();
    let stale = store.read().await.unwrap().sessions().find_key(session(20)).await.unwrap().unwrap();

    let mut tx = store.begin().await.unwrap();
    let fresh = tx.sessions().find_key(session(20)).await.unwrap().unwrap();
    let suspended = fresh.suspend(at(200), Reason::SpentElsewhere, Actor::Server).unwrap();
    tx.sessions().save_key(&suspended, &key_event(1, 20)).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = store.begin().await.unwrap();
    let undoing = hallpass_session::KeySession { install: Installation::Submitted { tx: Default::default() }, ..stale };
    assert_eq!(tx.sessions().save_key(&undoing, &key_event(1, 20)).await.unwrap_err().code(), "stale_write");
    tx.commit().await.unwrap();
    assert_eq!(store.read().await.unwrap().sessions().find_key(session(20)).await.unwrap(), Some(suspended));
}

/// A new token takes the place of the one before, and no token is of two sessions.
pub async fn a_holder_is_known_by_its_newest_token_alone(store: Arc<dyn Store>) {
    let mut tx = peopled(&*store).await;
    let [first, second, third] = [1, 2, 3].map(|n| token(hallpass_session::TokenKind::Holder, n));
    let unknown = tx.sessions().set_holder(session(99), &first, &key_event(1, 99)).await;
    assert_eq!(unknown.unwrap_err().code(), "no_such_row");
    tx.sessions().set_holder(session(20), &first, &key_event(1, 20)).await.unwrap();
    assert_eq!(tx.sessions().held_by(&first).await.unwrap(), Some(session(20)));
    assert_eq!(tx.sessions().find_key_by_holder(&first).await.unwrap(), Some(key(1, 20)));
    tx.sessions().set_holder(session(20), &second, &key_event(1, 20)).await.unwrap();
    let again = tx.sessions().set_holder(session(20), &second, &key_event(1, 20)).await;
    assert_eq!(again.unwrap_err().code(), "already_exists");
    tx.commit().await.unwrap();

    let mut tx = store.read().await.unwrap();
    for (token, held) in [(first, None), (second, Some(session(20))), (third, None)] {
        assert_eq!(tx.sessions().held_by(&token).await.unwrap(), held);
        assert_eq!(tx.sessions().find_key_by_holder(&token).await.unwrap().map(|s| s.id), held);
    }
}

/// Nobody's signature is replaced, and nothing that was signed changes.
pub async fn a_grant_is_answered_once(store: Arc<dyn Store>) {
    let mut tx = peopled(&*store).await;
    let event = grant_event(1, 20);
    let signed = grant(1, 20).approve(at(150), Bytes::from_static(b"one")).unwrap();
    let forged = hallpass_session::StoredGrant { canonical_json: "{}".into(), ..signed.clone() };
    assert_eq!(tx.grants().save(&forged, &event).await.unwrap_err().code(), "stale_write");
    tx.grants().save(&signed, &event).await.unwrap();
    let again = grant(1, 20).approve(at(151), Bytes::from_static(b"two")).unwrap();
    assert_eq!(tx.grants().save(&again, &event).await.unwrap_err().code(), "stale_write");
    tx.commit().await.unwrap();
    let found = store.read().await.unwrap().grants().find(GrantId::repeat_byte(20)).await.unwrap().unwrap();
    assert!(matches!(found.decision, Decision::Approved { .. }));
    assert_eq!(found, signed);
}

/// A token is one session's; it is handed on within a user's own, or forgotten with all others.
pub async fn a_holders_token_is_one_sessions_and_is_handed_on_or_forgotten(store: Arc<dyn Store>) {
    let mut tx = peopled(&*store).await;
    tx.sessions().create_key(&key(1, 21), &key_event(1, 21)).await.unwrap();
    tx.sessions().create_key(&key(2, 22), &key_event(2, 22)).await.unwrap();
    let [first, second] = [7, 8].map(|n| token(hallpass_session::TokenKind::Holder, n));
    let whose = async |tx: &mut dyn crate::Tx, hash| {
        tx.sessions().find_key_by_holder(hash).await.unwrap().map(|s| s.id.as_bytes()[0])
    };
    tx.sessions().set_holder(session(20), &first, &key_event(1, 20)).await.unwrap();
    let taken = tx.sessions().set_holder(session(21), &first, &key_event(1, 21)).await.unwrap_err();
    assert_eq!(taken.code(), "already_exists");
    tx.sessions().set_holder(session(21), &second, &key_event(1, 21)).await.unwrap();
    let foreign = tx.sessions().hand_on_holder(session(20), session(22), &key_event(2, 22)).await.unwrap_err();
    assert_eq!(foreign.code(), "no_such_row");
    tx.sessions().hand_on_holder(session(20), session(21), &key_event(1, 21)).await.unwrap();
    assert_eq!((whose(tx.as_mut(), &first).await, whose(tx.as_mut(), &second).await), (Some(21), None));
    tx.sessions().hand_on_holder(session(20), session(21), &key_event(1, 21)).await.unwrap();
    assert_eq!(whose(tx.as_mut(), &first).await, Some(21), "nobody holds the other one");

    let has =
        [tx.sessions().has_holder(session(20)).await.unwrap(), tx.sessions().has_holder(session(21)).await.unwrap()];
    assert_eq!(has, [false, true]);
    assert_eq!(tx.sessions().forget_holders().await.unwrap(), 1);
    assert_eq!((whose(tx.as_mut(), &first).await, tx.sessions().forget_holders().await.unwrap()), (None, 0));
}

/// Logins that have not ended are found without their users, and so is every key session that has not.
pub async fn what_a_restored_store_ends_is_found(store: Arc<dyn Store>) {
    let mut tx = peopled(&*store).await;
    tx.logins().create(&login(2, 40), &login_event(2, 40)).await.unwrap();
    let ended = login(1, 10).revoke(at(150), Reason::Restored, Actor::Server).unwrap();
    tx.logins().save(&ended, &login_event(1, 10)).await.unwrap();
    assert_eq!(tx.logins().list_live().await.unwrap(), [login(2, 40)]);

    let suspended = key(1, 20).suspend(at(150), Reason::Restored, Actor::Server).unwrap();
    tx.sessions().save_key(&suspended, &key_event(1, 20)).await.unwrap();
    let all = tx.sessions().list_due_keys(hallpass_types::UnixSeconds::MAX).await.unwrap();
    assert_eq!(all, std::slice::from_ref(&suspended));
}

/// Once, beside an approval, under the owner's key.
pub async fn what_an_owner_was_shown_is_kept_with_their_answer(store: Arc<dyn Store>) {
    let mut tx = peopled(&*store).await;
    let id = GrantId::repeat_byte(20);
    let shown = consent(1, 20);
    assert_eq!(tx.grants().record_consent(&shown).await.unwrap_err().code(), "stale_write", "nothing was answered");
    let approved = grant(1, 20).approve(at(150), Bytes::from_static(b"signature")).unwrap();
    tx.grants().save(&approved, &grant_event(1, 20)).await.unwrap();
    let other = Consent { user: user(2), ..shown.clone() };
    assert_eq!(tx.grants().record_consent(&other).await.unwrap_err().code(), "no_such_row", "another's grant");
    let none = Consent { grant: GrantId::repeat_byte(99), ..shown.clone() };
    assert_eq!(tx.grants().record_consent(&none).await.unwrap_err().code(), "no_such_row", "no grant");
    tx.grants().record_consent(&shown).await.unwrap();
    let later = Consent { text: "something else".into(), ..shown.clone() };
    assert_eq!(tx.grants().record_consent(&later).await.unwrap_err().code(), "already_exists");
    tx.commit().await.unwrap();
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.grants().consent(id).await.unwrap(), Some(shown));
    assert_eq!(tx.grants().consent(GrantId::repeat_byte(99)).await.unwrap(), None);
}

/// Whoever's they are, ended ones too.
pub async fn sessions_are_found_by_their_key(store: Arc<dyn Store>) {
    let mut tx = peopled(&*store).await;
    let shared = key(1, 20).key;
    let theirs = KeySession { grant: GrantId::repeat_byte(60), ..key(2, 60) };
    tx.sessions().create_key(&theirs, &key_event(2, 60)).await.unwrap();
    let other = KeySession { key: Address::repeat_byte(0x77), ..key(2, 61) };
    tx.sessions().create_key(&other, &key_event(2, 61)).await.unwrap();
    tx.sessions().save_key(&key(1, 20).expire(at(1000)).unwrap(), &key_event(1, 20)).await.unwrap();
    assert_eq!(tx.sessions().list_by_key(shared).await.unwrap(), [session(20), session(60)]);
    assert_eq!(tx.sessions().list_by_key(Address::repeat_byte(0x77)).await.unwrap(), [session(61)]);
    assert_eq!(tx.sessions().list_by_key(Address::ZERO).await.unwrap(), []);
}

/// Deletion waits for what lives, then nothing personal can be read, and nobody else is touched.
pub async fn deleted_data_is_gone_and_live_data_is_not_deleted(store: Arc<dyn Store>) {
    let mut tx = peopled(&*store).await;
    tx.logins().create(&login(2, 40), &login_event(2, 40)).await.unwrap();
    let event = event(1, Subject::Account(user(1)), Action::DataDeleted);
    let delete = async |tx: &mut Box<dyn crate::Tx>| tx.accounts().delete_personal_data(user(1), &event).await;
    assert_eq!(delete(&mut tx).await.unwrap_err().code(), "still_live", "a live login");
    let login_end = login(1, 10).revoke(at(200), Reason::DataDeleted, Actor::Server).unwrap();
    tx.logins().save(&login_end, &login_event(1, 10)).await.unwrap();
    assert_eq!(delete(&mut tx).await.unwrap_err().code(), "still_live", "a live key session");
    let ended = key(1, 20).expire(at(1000)).unwrap();
    assert!(matches!(ended.lifecycle, Lifecycle::Expired { .. }));
    tx.reservations().insert(&reservation(20, 1), &reservation_event(1, 1)).await.unwrap();
    tx.sessions().save_key(&ended, &key_event(1, 20)).await.unwrap();
    assert_eq!(delete(&mut tx).await.unwrap_err().code(), "still_live", "a live reservation");
    let block = hallpass_session::FinalBlock { number: 9, time: at(300) };
    let view = hallpass_session::FinalView {
        block,
        nonce: hallpass_session::NonceState::Unused,
        grant: hallpass_session::GrantState::Live,
    };
    let released = reservation(20, 1).settle(view).unwrap();
    tx.reservations().save(&released, &reservation_event(1, 1)).await.unwrap();
    delete(&mut tx).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.accounts().find(user(1)).await.unwrap(), None);
    assert_eq!(tx.accounts().find_by_account(&account_id(1)).await.unwrap(), None);
    assert_eq!(tx.logins().find(session(10)).await.unwrap_err().code(), "data_deleted");
    assert_eq!(tx.logins().find_by_token(&login(1, 10).access.hash).await.unwrap(), None);
    assert_eq!(tx.sessions().find_key(session(20)).await.unwrap_err().code(), "data_deleted");
    assert_eq!(tx.grants().find(GrantId::repeat_byte(20)).await.unwrap_err().code(), "data_deleted");
    assert_eq!(tx.sessions().list_keys(user(1)).await.unwrap(), []);
    assert_eq!(tx.sessions().list_by_key(key(1, 20).key).await.unwrap(), [], "nothing leads to a deleted session");
    let trail = tx.audit().list(Some(user(1)), 0, 100).await.unwrap();
    assert_eq!(trail.len(), 9, "the trail stays");
    assert!(trail.iter().all(|e| e.from.is_none()), "without origins");
    assert_eq!(tx.logins().find(session(40)).await.unwrap(), Some(login(2, 40)));
    assert!(tx.audit().list(Some(user(2)), 0, 100).await.unwrap().iter().all(|e| e.from.is_some()));

    let mut tx = store.begin().await.unwrap();
    assert_eq!(delete(&mut tx).await.unwrap_err().code(), "no_such_row");
    assert_eq!(tx.accounts().create(&account(1), &account_event(1)).await.unwrap_err().code(), "already_exists");
    let anew = Account { user: user(3), ..account(1) };
    tx.accounts().create(&anew, &account_event(3)).await.unwrap();
}

/// Deletes the data of a user who has nothing live.
pub async fn delete_user(store: &dyn Store, n: u8) {
    let mut tx = store.begin().await.unwrap();
    let event = event(n, Subject::Account(user(n)), Action::DataDeleted);
    tx.accounts().delete_personal_data(user(n), &event).await.unwrap();
    tx.commit().await.unwrap();
}
