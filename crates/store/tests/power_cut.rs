//! The power goes at a random moment: whatever was acknowledged is there, and nothing is there by half.
//!
//! `HALLPASS_POWER_CUTS` sets the number of runs (200).

use hallpass_session::{Access, LoginNonce, LoginSession, Token, TokenKind};
use hallpass_store::testing::SeededRng;
use hallpass_store::testing::disk::{Cut, Disk};
use hallpass_store::testing::sample::{account, account_event, at, login, login_event, user};
use hallpass_store::{RedbStore, Store, StoreError, StoreKeys};
use hallpass_types::{SessionId, UnixSeconds};
use std::sync::Arc;

/// The power goes before this many writes, resizes and syncs; a step takes at least three.
const OPERATIONS: u64 = 400;

fn runs() -> u64 {
    std::env::var("HALLPASS_POWER_CUTS").ok().and_then(|n| n.parse().ok()).unwrap_or(200)
}

fn id(n: u64) -> [u8; 16] {
    (u128::from(n) + 1).to_be_bytes()
}

async fn open(disk: &Disk, seed: u64) -> Result<RedbStore, StoreError> {
    let store = RedbStore::with_backend(disk.clone(), Arc::new(SeededRng::new(seed)))?;
    store.unlock(StoreKeys { index: [1; 32], field: [2; 32] }).await?;
    Ok(store)
}

/// Step `n`: a login, its event, a vault record and a nonce in one transaction; and the nonce of an earlier step, used.
async fn step(store: &RedbStore, n: u64, rng: &SeededRng) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    let bits = [id(n), id(n)].concat().try_into().unwrap_or_default();
    let access = Access { hash: Token::from_random(TokenKind::Bearer, bits).hash(), not_after: at(1000) };
    let session = LoginSession { id: SessionId::from_bytes(id(n)), created: created(n), access, ..login(1, 0) };
    let mut event = login_event(1, 0);
    event.subject = hallpass_session::Subject::Login(session.id);
    tx.logins().create(&session, &event).await?;
    tx.vault().put_record(&n.to_string(), &vec![n as u8; rng.below(9000) as usize]).await?;
    tx.nonces().issue(&LoginNonce::issue(id(n), at(n))).await?;
    if let Some(earlier) = n.checked_sub(3) {
        tx.nonces().take(&id(earlier)).await?;
    }
    tx.commit().await
}

fn created(n: u64) -> UnixSeconds {
    at(1000 - n.min(900))
}

/// Works until the power goes; answers how many steps were acknowledged.
async fn work(disk: &Disk, seed: u64, rng: &SeededRng) -> Result<u64, StoreError> {
    let store = open(disk, seed).await?;
    let mut acknowledged = 0;
    // More steps than the operations allow, so that a store that never touches the disk ends too, and is found out.
    while acknowledged < 200 && step(&store, acknowledged, rng).await.is_ok() {
        acknowledged += 1;
    }
    Ok(acknowledged)
}

/// Reads everything back; `Err` says what is wrong.
async fn check(bytes: Vec<u8>, acknowledged: u64, seed: u64) -> Result<(), String> {
    let store = open(&Disk::new(bytes, None), seed + 1).await.map_err(|e| format!("does not open: {e:?}"))?;
    let read = async {
        let mut tx = store.read().await?;
        let sessions = tx.logins().list(user(1)).await?.len() as u64;
        let events = tx.audit().list(None, 0, usize::MAX).await?.len() as u64;
        let records = tx.vault().record_ids().await?.len() as u64;
        let account = tx.accounts().find(user(1)).await?.is_some();
        Ok::<_, StoreError>((sessions, events, records, account))
    };
    let (sessions, events, records, account) = read.await.map_err(|e| format!("cannot be read: {e:?}"))?;
    if !account || sessions < acknowledged {
        return Err(format!("{acknowledged} acknowledged, {sessions} there"));
    }
    // The one whose acknowledgement the power cut prevented may be there: all of it or none.
    if sessions > acknowledged + 1 || events != sessions + 1 || records != sessions {
        return Err(format!("by half: {sessions} sessions, {events} events, {records} records of {acknowledged}"));
    }
    let mut tx = store.begin().await.map_err(|e| format!("cannot be written: {e:?}"))?;
    for n in 0..sessions {
        let there = tx.nonces().take(&id(n)).await.map_err(|e| format!("nonce {n}: {e:?}"))?.is_some();
        if there != (n + 3 >= sessions) {
            return Err(format!("nonce {n} of {sessions}: there is {there}"));
        }
    }
    tx.commit().await.map_err(|e| format!("cannot be committed: {e:?}"))
}

/// One run: a store with one account, then work until the power goes after a random number of operations.
async fn run(seed: u64, honest: bool) -> Result<u64, String> {
    let rng = SeededRng::new(seed);
    let base = Disk::new(Vec::new(), None);
    let prepare = async {
        let store = open(&base, seed).await?;
        let mut tx = store.begin().await?;
        tx.accounts().create(&account(1), &account_event(1)).await?;
        tx.commit().await
    };
    prepare.await.map_err(|e| format!("cannot begin: {e:?}"))?;
    let mut disk = Disk::new(base.bytes(), Some(1 + rng.below(OPERATIONS)));
    if !honest {
        disk = disk.lying();
    }
    // Where the power goes while opening, nothing was acknowledged.
    let acknowledged = work(&disk, seed, &rng).await.unwrap_or(0);
    let cut = match rng.below(4) {
        0 => Cut::Nothing,
        1 => Cut::Beginning,
        2 => Cut::Subset,
        _ => Cut::Torn,
    };
    check(disk.after(cut, &rng), acknowledged, seed).await.map_err(|e| format!("seed {seed}, {cut:?}: {e}"))?;
    Ok(acknowledged)
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_power_cut() {
    let mut acknowledged = 0;
    for seed in 0..runs() {
        acknowledged += run(seed, true).await.unwrap();
    }
    assert!(acknowledged > runs(), "too little was acknowledged for the test to mean anything: {acknowledged}");
}

/// The negative control: on a disk that lies about syncing, the same test finds losses.
#[tokio::test]
async fn a_disk_that_does_not_sync_is_found_out() {
    let mut lost = 0;
    for seed in 0..runs().min(40) {
        lost += u64::from(run(seed, false).await.is_err());
    }
    assert!(lost > 0, "nothing was lost, so the test above shows nothing");
}
