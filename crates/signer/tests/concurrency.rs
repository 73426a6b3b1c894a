//! Many at once on one budget: what was signed never exceeds the cap, and nothing that still fitted was refused.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod common;

use common::{BACKEND, Bench, PAYS, ask, pay, post};
use hallpass_signer::{Answer, AskError};
use hallpass_store::testing::SeededRng;
use std::collections::BTreeSet;

/// Amounts of each of 64 askers.
const EACH: u64 = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_spend_the_cap_and_no_more() {
    let bench = Bench::new().await;
    // Lifetime budget of a million, in a window that holds more askers than sequences: an app's, which has none.
    let rules = "[[allow]]\napp = \"chat.example\"\nverb = \"post.create\"\nspend = \"words <= 1000000\"\n";
    let held = bench.session(9, BACKEND, rules).await;
    let tasks: Vec<_> = (0..64_u64)
        .map(|n| {
            let (signer, held) = (bench.signer.clone(), held.clone());
            tokio::spawn(async move {
                let rng = SeededRng::new(n);
                let (mut spent, mut refused) = (0, Vec::new());
                for i in 0..EACH {
                    let amount = rng.below(2000) + 1;
                    let wanted = post(i64::try_from(amount).unwrap());
                    match signer.ask(ask(&held, &format!("{n}-{i}"), wanted)).await.unwrap() {
                        Answer::Signed(_) => spent += amount,
                        Answer::Denied { denial, .. } => refused.push((amount, denial.bound.unwrap())),
                        other => panic!("{other:?}"),
                    }
                }
                (spent, refused)
            })
        })
        .collect();
    let (mut spent, mut refused) = (0, Vec::new());
    for task in tasks {
        let (more, others) = task.await.unwrap();
        spent += more;
        refused.extend(others);
    }
    assert!(spent <= 1_000_000, "{spent}");
    assert!(!refused.is_empty(), "the budget was not reached");
    // What is left at the end never fitted what was refused: budgets only shrink.
    let left = 1_000_000 - spent;
    for (amount, bound) in refused {
        assert!(amount > left, "{amount} was refused, and {left} is left");
        assert!(bound.parse::<u64>().unwrap() >= left);
    }
    let mut tx = bench.store.read().await.unwrap();
    let counted = tx.reservations().counted(held.grant.id()).await.unwrap();
    assert_eq!(counted.iter().map(|c| c.spent).sum::<u128>(), u128::from(spent));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn operations_share_the_cap_and_no_sequence() {
    let bench = Bench::new().await;
    let held = bench.session(9, BACKEND, PAYS).await;
    let tasks: Vec<_> = (0..64_u64)
        .map(|n| {
            let (signer, held) = (bench.signer.clone(), held.clone());
            tokio::spawn(async move { signer.ask(ask(&held, &format!("{n}"), pay(n % 7 + 1))).await })
        })
        .collect();
    let (mut spent, mut sequences, mut denied) = (0, BTreeSet::new(), 0);
    for (n, task) in (0..64_u64).zip(tasks) {
        match task.await.unwrap() {
            Ok(Answer::Signed(signed)) => {
                spent += n % 7 + 1;
                assert!(sequences.insert(signed.reservation.sequence), "a sequence was given twice");
                assert_eq!(signed.signature.unwrap().len(), 65);
            }
            Ok(Answer::Denied { denial, .. }) => {
                denied += 1;
                assert_eq!(denial.code.as_str(), "meter_exceeded");
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(spent <= 100 && denied > 0);
    assert_eq!(bench.refused(&held, "last", pay(100 - spent + 1)).await, "meter_exceeded");
    if spent < 100 {
        bench.signed(&held, "rest", pay(100 - spent)).await;
    }
    assert_eq!(bench.refused(&held, "over", pay(1)).await, "meter_exceeded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_are_in_flight_and_no_more() {
    let bench = Bench::new().await;
    let held = bench.session(9, BACKEND, PAYS).await;
    for n in 0..64 {
        bench.signed(&held, &format!("{n}"), pay(0)).await;
    }
    assert_eq!(bench.refused(&held, "65th", pay(0)).await, "too_many_in_flight");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_key_is_one_operation_however_often_it_is_asked_at_once() {
    let bench = Bench::new().await;
    let held = bench.session(9, BACKEND, PAYS).await;
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (signer, held) = (bench.signer.clone(), held.clone());
            tokio::spawn(async move { signer.ask(ask(&held, "same", pay(60))).await })
        })
        .collect();
    let mut all = BTreeSet::new();
    for task in tasks {
        match task.await.unwrap() {
            Ok(Answer::Signed(s)) => drop(all.insert((s.reservation.id.to_string(), s.signature.unwrap()))),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(all.len(), 1);
    match bench.ask(&held, "same", pay(61)).await {
        Err(AskError::OtherRequest) => {}
        other => panic!("{other:?}"),
    }
    bench.signed(&held, "other", pay(40)).await;
}
