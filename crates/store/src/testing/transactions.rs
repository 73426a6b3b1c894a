//! Promises about transactions, the audit trail and the vault's bytes.

use super::sample::*;
use crate::Store;
use hallpass_session::chain::{Broken, Head, Verifier};
use hallpass_session::{Action, Actor, AuditEvent, LoginNonce, Subject};
use std::sync::Arc;

/// Neither the change nor its audit event is there, and the places in the trail have no gap.
pub async fn dropping_a_transaction_undoes_it(store: Arc<dyn Store>) {
    drop(peopled(&*store).await);
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.accounts().find(user(1)).await.unwrap(), None);
    assert_eq!(tx.logins().find(session(10)).await.unwrap(), None);
    assert_eq!(tx.audit().list(None, 0, 100).await.unwrap(), []);
    tx.accounts().create(&account(1), &account_event(1)).await.unwrap();
    tx.commit().await.unwrap();
    let trail = store.read().await.unwrap().audit().list(None, 0, 100).await.unwrap();
    assert_eq!(trail, [AuditEvent { seq: Some(1), ..account_event(1) }]);
}

/// Every writing method, and `commit`, says so.
pub async fn a_reading_transaction_writes_nothing(store: Arc<dyn Store>) {
    peopled(&*store).await.commit().await.unwrap();
    let mut tx = store.read().await.unwrap();
    assert!(tx.sessions().find_key(session(20)).await.unwrap().is_some());
    assert!(tx.logins().find(session(10)).await.unwrap().is_some());
    assert!(tx.grants().find(grant(1, 20).id).await.unwrap().is_some());
    let codes = [
        tx.accounts().create(&account(3), &account_event(3)).await.unwrap_err().code(),
        tx.accounts().delete_personal_data(user(1), &account_event(1)).await.unwrap_err().code(),
        tx.logins().create(&login(1, 11), &login_event(1, 11)).await.unwrap_err().code(),
        tx.logins().save(&login(1, 10), &login_event(1, 10)).await.unwrap_err().code(),
        tx.sessions().create_key(&key(1, 21), &key_event(1, 21)).await.unwrap_err().code(),
        tx.sessions().save_key(&key(1, 20), &key_event(1, 20)).await.unwrap_err().code(),
        tx.grants().create(&grant(1, 21), &grant_event(1, 21)).await.unwrap_err().code(),
        tx.grants().save(&grant(1, 20), &grant_event(1, 20)).await.unwrap_err().code(),
        tx.reservations().insert(&reservation(20, 1), &reservation_event(1, 1)).await.unwrap_err().code(),
        tx.reservations().save(&reservation(20, 1), &reservation_event(1, 1)).await.unwrap_err().code(),
        tx.nonces().issue(&LoginNonce::issue([1; 16], at(1))).await.unwrap_err().code(),
        tx.nonces().take(&[1; 16]).await.unwrap_err().code(),
        tx.nonces().prune(at(1)).await.unwrap_err().code(),
        tx.vault().set_header(b"h").await.unwrap_err().code(),
        tx.vault().put_record("r", b"r").await.unwrap_err().code(),
        tx.vault().delete_record("r").await.unwrap_err().code(),
        tx.audit().append(&login_event(1, 10)).await.unwrap_err().code(),
        tx.commit().await.unwrap_err().code(),
    ];
    assert_eq!(codes, ["read_only"; 18]);
}

/// What is committed after it began is not in it.
pub async fn a_reading_transaction_sees_one_moment(store: Arc<dyn Store>) {
    let mut before = store.read().await.unwrap();
    peopled(&*store).await.commit().await.unwrap();
    assert_eq!(before.accounts().find(user(1)).await.unwrap(), None);
    assert!(store.read().await.unwrap().accounts().find(user(1)).await.unwrap().is_some());
}

/// Fifty tasks write at once: every event has its own place, in order, and pages join without gap or overlap.
pub async fn the_audit_trail_strictly_increases_and_pages(store: Arc<dyn Store>) {
    peopled(&*store).await.commit().await.unwrap();
    let tasks: Vec<_> = (0..50u8)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut tx = store.begin().await.unwrap();
                let (first, second) = (login_event(1 + n % 2, n), login_event(1 + n % 2, n));
                let a = tx.audit().append(&first).await.unwrap();
                let b = tx.audit().append(&second).await.unwrap();
                tx.commit().await.unwrap();
                assert!(a < b);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let server = AuditEvent {
        user: None,
        actor: Actor::Server,
        subject: Subject::Vault,
        action: Action::Unsealed,
        ..login_event(1, 1)
    };
    let mut tx = store.begin().await.unwrap();
    tx.audit().append(&server).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = store.read().await.unwrap();
    let all = tx.audit().list(None, 0, 1000).await.unwrap();
    assert_eq!(all.len(), 106);
    assert!(all.windows(2).all(|w| w[0].seq < w[1].seq));
    assert_eq!(all.last().map(|e| &e.from), Some(&server.from), "the server's own event keeps its origin");
    let mut paged = Vec::new();
    while let page @ [_, ..] =
        tx.audit().list(None, paged.last().and_then(|e: &AuditEvent| e.seq).unwrap_or(0), 7).await.unwrap().as_slice()
    {
        assert!(page.len() <= 7);
        paged.extend_from_slice(page);
    }
    assert_eq!(paged, all);
    let own = tx.audit().list(Some(user(2)), 0, 1000).await.unwrap();
    assert_eq!(own, all.iter().filter(|e| e.user == Some(user(2))).cloned().collect::<Vec<_>>());
    let rest = tx.audit().list(Some(user(2)), own[3].seq.unwrap(), 2).await.unwrap();
    assert_eq!(rest, own[4..6]);
    assert_eq!(tx.audit().list(None, u64::MAX, 10).await.unwrap(), []);
}

/// An event about something else, or someone else, refuses the change.
pub async fn an_audit_event_tells_of_its_change(store: Arc<dyn Store>) {
    let mut tx = peopled(&*store).await;
    let wrong = [
        tx.accounts().create(&account(3), &account_event(1)).await,
        tx.logins().create(&login(1, 11), &login_event(1, 12)).await,
        tx.logins().create(&login(1, 11), &login_event(2, 11)).await,
        tx.logins().save(&login(1, 10), &key_event(1, 10)).await,
        tx.sessions().create_key(&key(1, 21), &login_event(1, 21)).await,
        tx.sessions().save_key(&key(1, 20), &key_event(1, 21)).await,
        tx.grants().create(&grant(1, 21), &grant_event(1, 20)).await,
        tx.grants().save(&grant(1, 20), &grant_event(2, 20)).await,
        tx.reservations().insert(&reservation(20, 1), &reservation_event(1, 2)).await.map(drop),
        tx.accounts().delete_personal_data(user(2), &account_event(1)).await,
    ];
    for result in wrong {
        assert_eq!(result.unwrap_err().code(), "audit_mismatch");
    }
    assert_eq!(tx.logins().find(session(11)).await.unwrap(), None);
    assert_eq!(tx.audit().list(None, 0, 100).await.unwrap().len(), 5);
}

/// Goes through the trail, which must hold `noted`; two lines at a time, so that reading on is tested too.
pub async fn verified(store: &dyn Store, noted: &[Head]) -> Result<Head, Broken> {
    let mut tx = store.read().await.unwrap();
    let mut verifier = Verifier::new(noted);
    let mut start = Vec::new();
    while let lines @ [.., last] = tx.audit().lines(&start, 2).await.unwrap().as_slice() {
        for line in lines {
            verifier.take(&line.place, &line.bytes)?;
        }
        start = [last.place.as_slice(), &[0]].concat();
    }
    verifier.finish(tx.audit().head().await.unwrap())
}

/// A head that was read once stays in it; what was dropped never was; deletion of personal data breaks nothing.
pub async fn the_audit_trail_is_a_chain_whatever_is_undone_and_deleted(store: Arc<dyn Store>) {
    assert_eq!(verified(&*store, &[]).await, Ok(Head::default()));
    drop(peopled(&*store).await);
    peopled(&*store).await.commit().await.unwrap();
    let first = verified(&*store, &[]).await.unwrap();
    assert_eq!(first.seq, 5);
    let mut tx = store.begin().await.unwrap();
    tx.accounts().create(&account(3), &account_event(3)).await.unwrap();
    let within = tx.audit().head().await.unwrap();
    assert_eq!(within.seq, 6);
    tx.audit().append(&login_event(1, 10)).await.unwrap();
    tx.commit().await.unwrap();
    super::people::delete_user(&*store, 3).await;
    let last = verified(&*store, &[first, within]).await.unwrap();
    assert_eq!(last.seq, 8);
    let other = Head { link: last.link, ..first };
    assert_eq!(verified(&*store, &[other]).await.unwrap_err().seq, 5);
}

/// Once, in order, and only those.
pub async fn origins_are_forgotten_in_time_and_the_chain_stays_whole(store: Arc<dyn Store>) {
    peopled(&*store).await.commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let later = AuditEvent { at: at(500), ..login_event(1, 10) };
    for event in [&later, &login_event(1, 10)] {
        tx.audit().append(event).await.unwrap();
    }
    tx.commit().await.unwrap();
    let head = verified(&*store, &[]).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.audit().forget_origins(at(100), 100).await.unwrap(), 0);
    let rounds = [3, 100, 100].map(|limit| (limit, at(500)));
    let mut went = Vec::new();
    for (limit, before) in rounds {
        went.push(tx.audit().forget_origins(before, limit).await.unwrap());
    }
    assert_eq!(went, [3, 2, 0], "as far as the first that is kept");
    tx.commit().await.unwrap();
    let all = store.read().await.unwrap().audit().list(None, 0, 100).await.unwrap();
    assert_eq!(
        all.iter().map(|event| event.from.is_some()).collect::<Vec<_>>(),
        [false, false, false, false, false, true, true]
    );
    assert_eq!(verified(&*store, &[head]).await, Ok(head));
}

/// One more for each commit, none for what was dropped.
pub async fn a_generation_is_a_commit(store: Arc<dyn Store>) {
    let before = store.read().await.unwrap().generation().await.unwrap();
    for _ in 0..3 {
        store.begin().await.unwrap().commit().await.unwrap();
        drop(peopled(&*store).await);
    }
    assert_eq!(store.read().await.unwrap().generation().await.unwrap(), before + 3);
}

/// As they were, in order of id.
pub async fn the_vaults_bytes_are_kept(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.vault().header().await.unwrap(), None);
    tx.vault().set_header(b"one").await.unwrap();
    tx.vault().set_header(b"two").await.unwrap();
    for id in ["b", "a", "c"] {
        tx.vault().put_record(id, id.as_bytes()).await.unwrap();
    }
    assert!(tx.vault().delete_record("c").await.unwrap());
    assert!(!tx.vault().delete_record("c").await.unwrap());
    tx.commit().await.unwrap();
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.vault().header().await.unwrap().as_deref(), Some(b"two".as_slice()));
    assert_eq!(tx.vault().record("a").await.unwrap().as_deref(), Some(b"a".as_slice()));
    assert_eq!(tx.vault().record("c").await.unwrap(), None);
    assert_eq!(tx.vault().record_ids().await.unwrap(), ["a", "b"]);
}
