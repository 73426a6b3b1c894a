//! PROPERTY: a sign-in message that reads prints back byte by byte, and reads again as the same; one that is put together of
//! fields that read, each by itself, reads as that message. What does not read has a code of its own and at most one hint.

#![no_main]

use hallpass_auth::siwe::{DateTime, MAX_MESSAGE, MAX_RESOURCES, Message, Version};
use hallpass_fuzz::planted;
use hallpass_types::ChainId;
use std::str::FromStr;

libfuzzer_sys::fuzz_target!(|text: &str| {
    match text.parse::<Message>() {
        Ok(message) => {
            assert_eq!(message.to_string(), text, "it reads, and prints as something else");
            assert_eq!(message.to_string().parse::<Message>().as_ref(), Ok(&message));
            assert!(text.is_ascii() && !text.contains('\r') && text.len() <= MAX_MESSAGE);
        }
        Err(error) => {
            assert!(!error.code().is_empty() && !error.to_string().is_empty());
            let _ = error.hint(text);
        }
    }
    let message = put_together(text);
    planted(message.statement.as_ref().map_or("", |statement| statement.as_str()).as_bytes());
    planted(message.nonce.as_str().as_bytes());
    let printed = message.to_string();
    if printed.len() <= MAX_MESSAGE {
        assert_eq!(printed.parse::<Message>().as_ref(), Ok(&message), "{printed:?}");
    }
});

/// A line of the input for each field, where it is one; else another that is.
fn put_together(text: &str) -> Message {
    let mut lines = text.split('\n');
    let mut next = || lines.next().unwrap_or("");
    fn or<T: FromStr>(line: &str, other: &str) -> T {
        line.parse().or_else(|_| other.parse()).unwrap_or_else(|_| unreachable!("{other} reads"))
    }
    let time = |line: &str| DateTime::parse(line);
    Message {
        scheme: next().parse().ok(),
        domain: or(next(), "a"),
        address: next()
            .bytes()
            .fold([0; 20], |mut all: [u8; 20], b| {
                all.rotate_left(1);
                all[0] ^= b;
                all
            })
            .into(),
        // An empty line is an empty statement; none is what cannot be one.
        statement: next().parse().ok(),
        uri: or(next(), "a:b"),
        version: Version::V1,
        chain_id: next().parse().ok().and_then(ChainId::new).unwrap_or(ChainId::MAX),
        nonce: or(next(), "00000000"),
        issued_at: time(next()).or_else(|| time("2026-11-21T10:00:00Z")).unwrap_or_else(|| unreachable!("it reads")),
        expiration_time: time(next()),
        not_before: time(next()),
        request_id: next().parse().ok(),
        resources: match next() {
            "none" => None,
            _ => Some(lines.filter_map(|line| line.parse().ok()).take(MAX_RESOURCES).collect()),
        },
    }
}
