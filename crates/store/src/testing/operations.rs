//! Promises about reservations and nonces.

use super::sample::*;
use crate::{Inserted, Store};
use alloy_primitives::{B256, Bytes};
use hallpass_session::{FinalBlock, FinalView, GrantState, LoginNonce, NonceState, Reservation};
use hallpass_types::{GrantId, ReservationId};
use std::sync::Arc;

/// A hundred tasks at once with one key: one reservation, and every task gets it.
pub async fn an_idempotency_key_makes_one_reservation(store: Arc<dyn Store>) {
    let mut tx = peopled(&*store).await;
    tx.sessions().create_key(&key(2, 21), &key_event(2, 21)).await.unwrap();
    tx.commit().await.unwrap();
    let asked = |id: u8| Reservation { idempotency: idempotency("same"), ..reservation(20, id) };
    let tasks: Vec<_> = (1..=100)
        .map(|id| {
            let (store, asked) = (Arc::clone(&store), asked(id));
            tokio::spawn(async move {
                let mut tx = store.begin().await.unwrap();
                let made = tx.reservations().insert(&asked, &reservation_event(1, id)).await.unwrap();
                tx.commit().await.unwrap();
                match made {
                    Inserted::New => (true, asked.id),
                    Inserted::Existing(before) => (false, before.id),
                }
            })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    assert_eq!(answers.iter().filter(|(new, _)| *new).count(), 1);
    assert!(answers.iter().all(|(_, id)| *id == answers[0].1));

    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.reservations().list_live(session(20)).await.unwrap().len(), 1);
    let other = Reservation { request_hash: B256::repeat_byte(2), ..asked(101) };
    let refused = tx.reservations().insert(&other, &reservation_event(1, 101)).await;
    assert_eq!(refused.unwrap_err().code(), "idempotency_conflict");
    let elsewhere = Reservation { idempotency: idempotency("same"), ..reservation(21, 102) };
    let made = tx.reservations().insert(&elsewhere, &reservation_event(2, 102)).await.unwrap();
    assert_eq!(made, Inserted::New, "another session's key");
    assert_eq!(tx.reservations().find_by_key(session(21), &idempotency("same")).await.unwrap(), Some(elsewhere));
    let unknown = tx.reservations().insert(&reservation(99, 103), &reservation_event(1, 103)).await;
    assert_eq!(unknown.unwrap_err().code(), "no_such_row");
}

/// Reserved, signed, submitted, settled; never back, and nothing but the state changes.
pub async fn a_reservation_goes_forward_alone(store: Arc<dyn Store>) {
    let mut tx = peopled(&*store).await;
    let (fresh, event) = (reservation(20, 1), reservation_event(1, 1));
    tx.reservations().insert(&fresh, &event).await.unwrap();
    let signed = fresh.clone().signed(Bytes::from_static(b"sig")).unwrap();
    let cheaper = Reservation { costs: vec![], ..signed.clone() };
    assert_eq!(tx.reservations().save(&cheaper, &event).await.unwrap_err().code(), "stale_write");
    tx.reservations().save(&signed, &event).await.unwrap();
    assert_eq!(tx.reservations().save(&fresh, &event).await.unwrap_err().code(), "stale_write");
    let spent = settled(signed.clone(), 7);
    tx.reservations().save(&spent, &event).await.unwrap();
    assert_eq!(tx.reservations().save(&signed, &event).await.unwrap_err().code(), "stale_write");
    tx.commit().await.unwrap();
    let found = store.read().await.unwrap().reservations().find(ReservationId::from_bytes([1; 16])).await.unwrap();
    assert_eq!(found, Some(spent));
}

/// Live ones always; spent ones until the ledger was read at their block; released ones never; one grant's alone.
pub async fn what_is_held_outlives_its_settlement_until_the_ledger_has_it(store: Arc<dyn Store>) {
    let mut tx = peopled(&*store).await;
    tx.sessions().create_key(&key(1, 21), &key_event(1, 21)).await.unwrap();
    for id in 1..=5 {
        tx.reservations().insert(&reservation(20, id), &reservation_event(1, id)).await.unwrap();
    }
    tx.reservations().insert(&reservation(21, 6), &reservation_event(1, 6)).await.unwrap();
    for (id, block) in [(3, 300), (2, 500)] {
        tx.reservations().save(&settled(reservation(20, id), block), &reservation_event(1, id)).await.unwrap();
    }
    let view = FinalView {
        block: FinalBlock { number: 600, time: at(999) },
        nonce: NonceState::Unused,
        grant: GrantState::Live,
    };
    let released = reservation(20, 4).settle(view).unwrap();
    tx.reservations().save(&released, &reservation_event(1, 4)).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = store.read().await.unwrap();
    for (ledger_block, expected) in
        [(0, vec![3, 2, 1, 5]), (299, vec![3, 2, 1, 5]), (300, vec![2, 1, 5]), (500, vec![1, 5])]
    {
        let held = tx.reservations().held(GrantId::repeat_byte(20), ledger_block).await.unwrap();
        assert_eq!(held.iter().map(|r| r.id.as_bytes()[0]).collect::<Vec<_>>(), expected, "ledger at {ledger_block}");
    }
    let ids = |live: Vec<Reservation>| live.iter().map(|r| r.id.as_bytes()[0]).collect::<Vec<_>>();
    let sessions = tx.reservations().live_sessions().await.unwrap();
    let mut live = Vec::new();
    for session in &sessions {
        live.extend(ids(tx.reservations().list_live(*session).await.unwrap()));
    }
    live.sort_unstable();
    assert_eq!((sessions.len(), live), (2, vec![1, 5, 6]));
}

/// A hundred tasks take one nonce at once: one gets it.
pub async fn a_nonce_is_used_once_by_a_hundred_tasks(store: Arc<dyn Store>) {
    let nonce = LoginNonce::issue([7; 16], at(100));
    let mut tx = store.begin().await.unwrap();
    tx.nonces().issue(&nonce).await.unwrap();
    assert_eq!(tx.nonces().issue(&nonce).await.unwrap_err().code(), "already_exists");
    tx.commit().await.unwrap();
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut tx = store.begin().await.unwrap();
                let got = tx.nonces().take(&[7; 16]).await.unwrap();
                tx.commit().await.unwrap();
                got
            })
        })
        .collect();
    let mut got = Vec::new();
    for task in tasks {
        got.extend(task.await.unwrap());
    }
    assert_eq!(got, [nonce]);
}
/// What was compared belongs to its grant, and the newest stands.
pub async fn what_was_compared_is_kept_for_its_grant(store: Arc<dyn Store>) {
    let mut tx = peopled(&*store).await;
    let (grant, other) = (GrantId::repeat_byte(20), GrantId::repeat_byte(99));
    let ledger = hallpass_policy::Ledger {
        frozen: false,
        epoch: 0,
        status: hallpass_policy::Status::Active,
        base: 3,
        used: 5,
        lanes: Vec::new(),
        meters: Vec::new(),
    };
    let seen = |block| hallpass_session::Explained { block, ledger: ledger.clone() };
    assert_eq!(tx.reservations().explained(grant).await.unwrap(), None);
    tx.reservations().set_explained(grant, &seen(7)).await.unwrap();
    tx.reservations().set_explained(grant, &seen(8)).await.unwrap();
    assert_eq!(tx.reservations().set_explained(other, &seen(9)).await.unwrap_err().code(), "no_such_row");
    tx.commit().await.unwrap();
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.reservations().explained(grant).await.unwrap(), Some(seen(8)));
    assert_eq!(tx.reservations().set_explained(grant, &seen(9)).await.unwrap_err().code(), "read_only");
}

/// Those issued before the time, and no others.
pub async fn old_nonces_are_pruned(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.unwrap();
    for n in 0..4 {
        tx.nonces().issue(&LoginNonce::issue([n; 16], at(100 + u64::from(n)))).await.unwrap();
    }
    assert_eq!(tx.nonces().prune(at(102)).await.unwrap(), 2);
    assert_eq!(tx.nonces().take(&[1; 16]).await.unwrap(), None);
    assert!(tx.nonces().take(&[2; 16]).await.unwrap().is_some());
}

fn settled(reservation: Reservation, block: u64) -> Reservation {
    let nonce = NonceState::UsedBy(reservation.digest);
    let block = FinalBlock { number: block, time: at(150) };
    reservation.settle(FinalView { block, nonce, grant: GrantState::Live }).unwrap()
}
