//! Promises about what owners are asked.

use super::sample::*;
use crate::{Store, Tx};
use hallpass_session::{Action, Actor, OwnerRequest, Reason, Subject};
use hallpass_types::RequestId;
use std::sync::Arc;

async fn create(tx: &mut Box<dyn Tx>, request: &OwnerRequest) -> Result<(), &'static str> {
    let event = event(1, Subject::Request(request.id), Action::Requested);
    tx.requests().create(request, &event).await.map_err(|e| e.code())
}

/// By id, key, proposal, user, session and as open; nobody else's, and in the order in which they were made.
pub async fn a_request_reads_back_in_every_way(store: Arc<dyn Store>) {
    let mut tx = peopled(&*store).await;
    tx.sessions().create_key(&key(1, 21), &key_event(1, 21)).await.unwrap();
    let early = OwnerRequest { deadline: at(900), ..request(2) };
    let other = OwnerRequest { session: session(21), ..request(3) };
    for asked in [&request(1), &early, &other] {
        create(&mut tx, asked).await.unwrap();
    }
    tx.commit().await.unwrap();

    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.requests().find(request(1).id).await.unwrap(), Some(request(1)));
    assert_eq!(tx.requests().find(RequestId::from_bytes([9; 16])).await.unwrap(), None);
    assert_eq!(tx.requests().find_by_proposal(session(2)).await.unwrap(), Some(early.clone()));
    assert_eq!(tx.requests().find_by_proposal(session(20)).await.unwrap(), None);
    let key = idempotency("request-1");
    assert_eq!(tx.requests().find_by_key(session(20), &key).await.unwrap(), Some(request(1)));
    assert_eq!(tx.requests().find_by_key(session(21), &key).await.unwrap(), None);
    assert_eq!(tx.requests().list(user(1)).await.unwrap(), [request(1), early.clone(), other.clone()]);
    assert_eq!(tx.requests().list(user(2)).await.unwrap(), []);
    assert_eq!(tx.requests().list_of(session(20)).await.unwrap(), [request(1), early.clone()]);
    assert_eq!(tx.requests().list_open().await.unwrap(), [early, request(1), other]);
}

/// Nothing revives an answered request, and nothing about it changes but its state.
pub async fn a_request_is_answered_once(store: Arc<dyn Store>) {
    let mut tx = peopled(&*store).await;
    create(&mut tx, &request(1)).await.unwrap();
    let event = request_event(1, 1);
    let approved = request(1).approve(at(150)).unwrap();
    let forged = OwnerRequest { proposal: session(99), ..approved.clone() };
    assert_eq!(tx.requests().save(&forged, &event).await.unwrap_err().code(), "stale_write");
    let other = request_event(1, 2);
    assert_eq!(tx.requests().save(&approved, &other).await.unwrap_err().code(), "audit_mismatch");
    tx.requests().save(&approved, &event).await.unwrap();
    for again in [request(1), request(1).refuse(at(160)).unwrap(), request(1).approve(at(170)).unwrap()] {
        assert_eq!(tx.requests().save(&again, &event).await.unwrap_err().code(), "stale_write");
    }
    tx.commit().await.unwrap();

    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.requests().list_open().await.unwrap(), []);
    // Computed from what was read in another transaction.
    let stale = tx.requests().save(&request(1).refuse(at(160)).unwrap(), &event).await;
    assert_eq!(stale.unwrap_err().code(), "stale_write");
    assert_eq!(tx.requests().find(request(1).id).await.unwrap(), Some(approved));
}

/// One request for each key of a session, one for each proposal, and none for a session that is not there or not theirs.
pub async fn a_session_asks_once_with_a_key(store: Arc<dyn Store>) {
    let mut tx = peopled(&*store).await;
    tx.sessions().create_key(&key(1, 21), &key_event(1, 21)).await.unwrap();
    tx.sessions().create_key(&key(2, 22), &key_event(2, 22)).await.unwrap();
    create(&mut tx, &request(1)).await.unwrap();
    let same_key = OwnerRequest { idempotency: request(1).idempotency, ..request(2) };
    assert_eq!(create(&mut tx, &same_key).await, Err("already_exists"));
    let same_proposal = OwnerRequest { proposal: request(1).proposal, ..request(2) };
    assert_eq!(create(&mut tx, &same_proposal).await, Err("already_exists"));
    assert_eq!(create(&mut tx, &request(1)).await, Err("already_exists"));
    let nobodys = OwnerRequest { session: session(77), ..request(2) };
    assert_eq!(create(&mut tx, &nobodys).await, Err("no_such_row"));
    let of_another = OwnerRequest { session: session(22), ..request(2) };
    assert_eq!(create(&mut tx, &of_another).await, Err("no_such_row"));
    let elsewhere = OwnerRequest { session: session(21), ..same_key };
    assert_eq!(create(&mut tx, &elsewhere).await, Ok(()));
}

/// Deletion waits for what is open; then nothing of a request can be read, and nothing stumbles over it.
pub async fn an_open_request_keeps_its_owners_data(store: Arc<dyn Store>) {
    let mut tx = peopled(&*store).await;
    create(&mut tx, &request(1)).await.unwrap();
    let login_end = login(1, 10).revoke(at(200), Reason::DataDeleted, Actor::Server).unwrap();
    tx.logins().save(&login_end, &login_event(1, 10)).await.unwrap();
    tx.sessions().save_key(&key(1, 20).expire(at(1000)).unwrap(), &key_event(1, 20)).await.unwrap();
    let deletion = event(1, Subject::Account(user(1)), Action::DataDeleted);
    let early = tx.accounts().delete_personal_data(user(1), &deletion).await;
    assert_eq!(early.unwrap_err().code(), "still_live");
    tx.requests().save(&request(1).withdraw(at(1000)).unwrap(), &request_event(1, 1)).await.unwrap();
    tx.accounts().delete_personal_data(user(1), &deletion).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.requests().find(request(1).id).await.unwrap_err().code(), "data_deleted");
    assert_eq!(
        tx.requests().find_by_key(session(20), &request(1).idempotency).await.unwrap_err().code(),
        "data_deleted"
    );
    assert_eq!(tx.requests().list(user(1)).await.unwrap(), []);
    assert_eq!(tx.requests().list_open().await.unwrap(), []);
}
