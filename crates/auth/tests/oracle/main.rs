//! Our reader of sign-in messages beside `signinwithethereum`, on valid messages, changed ones and hostile ones: both say the
//! same, or the text is of a class in which the standards say who is right. Each class is named, counted, and met.
//!
//! - [`texts`]: the messages. [`classes`]: the differences, judged by the standards' own rules or by a third implementation.
//! - [`signatures`]: the same for who signed. [`vectors`]: the vectors that the oracle's authors share between their libraries.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod classes;
mod signatures;
mod texts;
mod vectors;

use classes::Class;
use hallpass_auth::siwe;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use signinwithethereum as theirs;
use std::collections::BTreeMap;

/// The same in every run.
fn runner() -> TestRunner {
    TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// Both read a text: do they read the same?
fn compare(ours: &siwe::Message, theirs: &theirs::Message) {
    let text = |t: &siwe::DateTime| t.to_string();
    assert_eq!(ours.scheme.as_ref().map(|s| s.as_str()), theirs.scheme.as_deref());
    assert_eq!(ours.domain.as_str(), theirs.domain.as_str());
    assert_eq!(ours.address.0.0, theirs.address);
    assert_eq!(ours.statement.as_ref().map(|s| s.as_str()), theirs.statement.as_deref());
    assert_eq!(ours.uri.as_str(), theirs.uri.as_str());
    assert_eq!(ours.chain_id.get(), theirs.chain_id);
    assert_eq!(ours.nonce.as_str(), theirs.nonce);
    assert_eq!(text(&ours.issued_at), theirs.issued_at.to_string());
    assert_eq!(ours.expiration_time.as_ref().map(text), theirs.expiration_time.as_ref().map(ToString::to_string));
    assert_eq!(ours.not_before.as_ref().map(text), theirs.not_before.as_ref().map(ToString::to_string));
    assert_eq!(ours.request_id.as_ref().map(|r| r.as_str()), theirs.request_id.as_deref());
    // They do not tell an empty list from none.
    let resources: Vec<_> = ours.resources.iter().flatten().map(|uri| uri.as_str()).collect();
    assert_eq!(resources, theirs.resources.iter().map(|uri| uri.as_str()).collect::<Vec<_>>());
    // And the moments are the same: ours is in the second that they name.
    for (ours, theirs) in [
        (Some(&ours.issued_at), Some(&theirs.issued_at)),
        (ours.expiration_time.as_ref(), theirs.expiration_time.as_ref()),
        (ours.not_before.as_ref(), theirs.not_before.as_ref()),
    ] {
        let (Some(ours), Some(theirs)) = (ours, theirs) else { continue };
        let second = theirs.as_ref().unix_timestamp();
        // They hold a leap second for the second before it.
        let second = if ours.as_str()[17..].starts_with("60") { second + 1 } else { second };
        assert_eq!(ours.unix().map(|s| s.get()), u64::try_from(second).ok(), "{ours}");
    }
}

/// What the two make of a text: `None` where they agree.
fn judged(text: &str) -> Option<Class> {
    let ours = text.parse::<siwe::Message>();
    let theirs = text.parse::<theirs::Message>();
    match (&ours, &theirs) {
        (Ok(ours), Ok(theirs)) => {
            compare(ours, theirs);
            assert_eq!(ours.to_string(), text, "what is read prints back");
            None
        }
        (Err(_), Err(_)) => None,
        (Ok(_), Err(error)) => {
            let class = classes::they_refuse(text);
            Some(class.unwrap_or_else(|| panic!("only we read this, they say `{error}`:\n{text}\n{text:?}")))
        }
        (Err(error), Ok(_)) => {
            let class = classes::we_refuse(text, *error);
            Some(class.unwrap_or_else(|| panic!("only they read this, we say `{error}`:\n{text}\n{text:?}")))
        }
    }
}

#[test]
fn both_readers_say_the_same_or_the_standards_say_who_is_right() {
    let mut runner = runner();
    let mut classes: BTreeMap<Class, u32> = BTreeMap::new();
    let (mut valid, mut agreed) = (0, 0);
    let texts = texts::Pool::new(&mut runner).texts();
    for _ in 0..30_000 {
        let text = texts.new_tree(&mut runner).unwrap().current();
        valid += u32::from(text.parse::<siwe::Message>().is_ok());
        match judged(&text) {
            None => agreed += 1,
            Some(class) => *classes.entry(class).or_default() += 1,
        }
    }
    println!("{valid} valid, {agreed} agreed; {classes:?}");
    assert!(valid > 5_000 && agreed > 15_000, "{valid} valid, {agreed} agreed");
    for class in Class::ALL {
        assert!(classes.contains_key(&class), "{class:?} was not met: {classes:?}");
    }
}

#[test]
fn what_neither_changes_is_read_the_same() {
    let mut runner = runner();
    let texts = texts::valid();
    for _ in 0..1_000 {
        let text = texts.new_tree(&mut runner).unwrap().current();
        let ours = text.parse::<siwe::Message>();
        assert!(ours.is_ok(), "{ours:?}\n{text}");
        let class = judged(&text);
        assert!(matches!(class, None | Some(Class::Authority)), "{class:?}\n{text}");
    }
}
