//! Four processes of sixteen threads on one budget, random amounts.

use super::child::{SHARED, SHARED_CAP};
use super::client::{Connection, Folder, Signer, other};
use super::common::world::{Want, What};
use super::wire::Reply;
use hallpass_store::testing::SeededRng;
use std::collections::BTreeSet;
use std::path::PathBuf;

const PROCESSES: u64 = 4;
const THREADS: u64 = 16;
const EACH: u64 = 20;

/// One process of clients; says what became of each request.
pub fn clients() {
    let folder = PathBuf::from(std::env::var("HALLPASS_FOLDER").unwrap());
    let process: u64 = std::env::var("HALLPASS_START").unwrap().parse().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let mut connection = Connection::open(&folder, 0);
            scope.spawn(move || {
                let rng = SeededRng::new(process << 8 ^ thread);
                for n in 0..EACH {
                    let amount = rng.below(2000) + 1;
                    let key = process << 32 | thread << 16 | n;
                    let want = Want { session: SHARED, key, what: What::Order(amount) };
                    match connection.ask(&want).unwrap() {
                        Reply::Signed(reservation) => println!("signed {amount} {}", reservation.id),
                        Reply::Denied(code, bound) => {
                            assert_eq!(code, "meter_exceeded");
                            println!("refused {amount} {}", bound.unwrap());
                        }
                        other => panic!("{other:?}"),
                    }
                }
            });
        }
    });
}

pub fn spend_the_cap() {
    let folder = Folder::new("many");
    let signer = Signer::start(&folder, 0);
    let processes: Vec<_> =
        (0..PROCESSES).map(|process| other("clients", signer.folder(), process).spawn().unwrap()).collect();
    let (mut spent, mut ids, mut refused) = (0, BTreeSet::new(), Vec::new());
    for process in processes {
        let said = process.wait_with_output().unwrap();
        assert!(said.status.success());
        for line in String::from_utf8(said.stdout).unwrap().lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let amount: u64 = words[1].parse().unwrap();
            if words[0] == "signed" {
                spent += amount;
                assert!(ids.insert(words[2].to_owned()), "one operation for two keys");
            } else {
                refused.push((amount, words[2].parse::<u64>().unwrap()));
            }
        }
    }
    assert_eq!((ids.len() + refused.len()) as u64, PROCESSES * THREADS * EACH);
    assert!(spent <= SHARED_CAP, "{spent}");
    assert!(!refused.is_empty(), "the budget was not reached");
    // Budgets only shrink: what was refused and fits in what is left was refused wrongly.
    let left = SHARED_CAP - spent;
    for (amount, bound) in &refused {
        assert!(
            *amount > left && *amount > *bound && *bound >= left,
            "{amount} was refused at {bound}; {left} is left"
        );
    }
    let mut connection = signer.connect();
    let mut ask = |key, amount| connection.ask(&Want { session: SHARED, key, what: What::Order(amount) }).unwrap();
    assert!(matches!(ask(u64::MAX, left + 1), Reply::Denied(..)));
    assert!(left == 0 || matches!(ask(u64::MAX - 1, left), Reply::Signed(_)));
    assert!(matches!(ask(u64::MAX - 2, 1), Reply::Denied(..)));
    println!("{} signed, {} refused, {left} left at the end", ids.len(), refused.len());
}
