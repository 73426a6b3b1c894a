//! Hostile messages, by hand: each is one change of a valid one, with the code of its refusal, or `reads`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use hallpass_auth::siwe::{MAX_MESSAGE, Message};

const GOOD: &str = "good.com wants you to sign in with your Ethereum account:
0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2

Sign in.

URI: https://good.com/login
Version: 1
Chain ID: 1
Nonce: 32891757abc
Issued At: 2026-11-21T10:00:00Z
Expiration Time: 2026-11-21T11:00:00Z
Not Before: 2026-11-21T09:00:00Z
Request ID: r1
Resources:
- https://good.com/a";

/// What is replaced, by what, and what is said then.
const CHANGES: [(&str, &str, &str); 88] = [
    // Line ends.
    ("good.com wants", "\u{feff}good.com wants", "bad_domain"),
    ("account:\n", "account:\r\n", "bad_header"),
    ("Cc2\n", "Cc2\r\n", "bad_address"),
    ("in.\n", "in.\r\n", "bad_statement"),
    ("Version: 1\n", "Version: 1\r\n", "bad_version"),
    ("login\n", "login\r", "bad_uri"),
    ("login\n", "login\u{2028}", "bad_uri"),
    ("login\n", "login\u{85}\n", "bad_uri"),
    ("abc\n", "abc\0\n", "bad_nonce"),
    // Who asks: look-alikes, users, ports, literals.
    ("good.com wants", "g\u{43e}od.com wants", "bad_domain"),
    ("good.com wants", "good\u{2024}com wants", "bad_domain"),
    ("good.com wants", "good.com\u{200b} wants", "bad_domain"),
    ("good.com wants", "\u{ff47}ood.com wants", "bad_domain"),
    ("good.com wants", "xn--god-5cd.com wants", "reads"),
    ("good.com wants", "good.com@evil.com wants", "reads"),
    ("good.com wants", "good.com:443@evil.com wants", "reads"),
    ("good.com wants", "good.com@evil.com@evil.org wants", "bad_domain"),
    ("good.com wants", "good.com@ wants", "bad_domain"),
    ("good.com wants", "good.com/@evil.com wants", "bad_domain"),
    ("good.com wants", "good.com\\@evil.com wants", "bad_domain"),
    ("good.com wants", "good.com#@evil.com wants", "bad_domain"),
    ("good.com wants", "good.com?@evil.com wants", "bad_domain"),
    ("good.com wants", "good.com wants you to sign in with your Ethereum account: wants", "bad_domain"),
    ("good.com wants", "https://good.com wants", "reads"),
    ("good.com wants", "https://https://good.com wants", "bad_domain"),
    ("good.com wants", "https:good.com wants", "bad_domain"),
    ("good.com wants", "javascript://good.com wants", "reads"),
    ("good.com wants", "h\u{442}tps://good.com wants", "bad_scheme"),
    ("good.com wants", "https ://good.com wants", "bad_scheme"),
    ("good.com wants", "good.com: wants", "reads"),
    ("good.com wants", "good.com:0 wants", "reads"),
    ("good.com wants", "good.com:65536 wants", "reads"),
    ("good.com wants", "good.com:0443 wants", "reads"),
    ("good.com wants", "good.com:443a wants", "bad_domain"),
    ("good.com wants", "good.com:+443 wants", "bad_domain"),
    ("good.com wants", "good.com:\u{664}\u{664}\u{663} wants", "bad_domain"),
    ("good.com wants", ":443 wants", "bad_domain"),
    ("good.com wants", "[::1] wants", "reads"),
    ("good.com wants", "[2001:db8::ff00:42:8329]:8080 wants", "reads"),
    ("good.com wants", "[::ffff:192.0.2.1] wants", "reads"),
    ("good.com wants", "[::ffff:192.0.2.01] wants", "bad_domain"),
    ("good.com wants", "[::ffff:192.0.2.256] wants", "bad_domain"),
    ("good.com wants", "[1::2::3] wants", "bad_domain"),
    ("good.com wants", "[12345::1] wants", "bad_domain"),
    ("good.com wants", "[fe80::1%eth0] wants", "bad_domain"),
    ("good.com wants", "[fe80::1%25eth0] wants", "bad_domain"),
    ("good.com wants", "::1 wants", "bad_domain"),
    ("good.com wants", "[v1f.a:b] wants", "reads"),
    ("good.com wants", "g%6Fod.com wants", "reads"),
    ("good.com wants", "g%6od.com wants", "bad_domain"),
    // The account.
    ("0xC02aaA", "0xc02aaA", "bad_address"),
    ("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2", "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2", "bad_address"),
    ("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2", "0xC02AAA39B223FE8D0A0E5C4F27EAD9083C756CC2", "bad_address"),
    ("0xC02aaA", "0XC02aaA", "bad_address"),
    ("0xC02aaA", " 0xC02aaA", "bad_address"),
    ("Cc2\n", "Cc\n", "bad_address"),
    ("Cc2\n", "Cc2a\n", "bad_address"),
    ("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2", "good.eth", "bad_address"),
    // The statement.
    ("Sign in.\n\n", "\n", "reads"),
    ("Sign in.\n\n", "\n\n", "reads"),
    ("Sign in.\n\n", "\n\n\n", "bad_uri"),
    ("Sign in.\n\n", "", "bad_layout"),
    ("Sign in.", "Sign\nin.", "bad_layout"),
    ("Sign in.", "Sign in.\n\nURI: https://evil.com", "bad_version"),
    ("Sign in.", "URI: https://evil.com", "reads"),
    ("Sign in.", "caf\u{e9}", "bad_statement"),
    ("Sign in.", "100%", "bad_statement"),
    ("Sign in.", "a\tb", "bad_statement"),
    // The rest.
    ("https://good.com/login", "https://good.com/%2", "bad_uri"),
    ("https://good.com/login", "https://good.com/%2e%2E/", "reads"),
    ("https://good.com/login", "/login", "bad_uri"),
    ("https://good.com/login", "https://g\u{43e}od.com/login", "bad_uri"),
    ("Chain ID: 1", "Chain ID: 01", "bad_chain"),
    ("Chain ID: 1", "Chain ID: 0", "bad_chain"),
    ("Chain ID: 1", "Chain ID: eip155:1", "bad_chain"),
    ("32891757abc", "3289175", "bad_nonce"),
    ("32891757abc", "32891757_abc", "bad_nonce"),
    ("Issued At: 2026-11-21T10:00:00Z", "Issued At: 2016-12-31T23:59:60Z", "reads"),
    ("Issued At: 2026-11-21T10:00:00Z", "Issued At: 2016-12-30T23:59:60Z", "bad_issued_at"),
    ("Expiration Time: 2026-11-21T11:00:00Z", "Expiration Time: 9999-12-31T23:59:59Z", "reads"),
    ("Expiration Time: 2026-11-21T11:00:00Z", "Expiration Time: never", "bad_expiration_time"),
    ("Expiration Time: 2026-11-21T11:00:00Z", "Expiration Time: ", "bad_expiration_time"),
    ("Not Before: 2026-11-21T09:00:00Z", "Not Before: 2026-11-21T09:00:00.5+00:00", "reads"),
    ("Request ID: r1", "Request ID: a/b", "bad_request_id"),
    ("Resources:\n- https://good.com/a", "Resources:", "reads"),
    ("Resources:\n- https://good.com/a", "Resources: ", "trailing_line"),
    ("- https://good.com/a", "https://good.com/a", "bad_resource"),
    ("- https://good.com/a", "- ", "bad_resource"),
];

fn says(text: &str) -> &'static str {
    match text.parse::<Message>() {
        Ok(message) => {
            assert_eq!(message.to_string(), text);
            "reads"
        }
        Err(error) => error.code(),
    }
}

#[test]
fn each_hostile_message_is_refused_by_the_line_that_is_wrong() {
    assert_eq!(says(GOOD), "reads");
    let mut wrong = Vec::new();
    for (from, to, expected) in CHANGES {
        assert_eq!(GOOD.matches(from).count(), 1, "{from}");
        let found = says(&GOOD.replacen(from, to, 1));
        if found != expected {
            wrong.push(format!("{from:?} -> {to:?}: {found}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_line_comes_twice_or_out_of_its_order() {
    let lines: Vec<&str> = GOOD.split('\n').collect();
    // The statement is free text, and two resources may be the same.
    for (i, line) in lines.iter().enumerate().filter(|(_, line)| !line.starts_with("- ")) {
        let mut twice = lines.clone();
        twice.insert(i, line);
        // A third blank line is the end of an empty statement, or stands where the URI has to.
        assert_ne!(says(&twice.join("\n")), "reads", "{line:?} twice");
    }
    for i in 0..lines.len() {
        for j in i + 1..lines.len() {
            let mut swapped = lines.clone();
            swapped.swap(i, j);
            if lines[i] != lines[j] {
                assert_ne!(says(&swapped.join("\n")), "reads", "{:?} and {:?}", lines[i], lines[j]);
            }
        }
    }
    for i in 0..lines.len() {
        let mut without = lines.clone();
        let line = without.remove(i);
        let optional =
            ["Sign in.", "Expiration", "Not Before", "Request ID", "- "].iter().any(|tag| line.starts_with(tag));
        assert_eq!(says(&without.join("\n")) == "reads", optional, "without {line:?}");
    }
}

#[test]
fn nothing_stands_after_the_end() {
    for more in ["\n", " ", "\r\n", "\0", "\n\n", "\nNonce: 12345678", "\n- not a uri", "\n\u{feff}"] {
        assert_ne!(says(&format!("{GOOD}{more}")), "reads", "{more:?}");
    }
    assert_eq!(says(&GOOD[..GOOD.len() - 1]), "reads");
    assert_eq!(says(&format!("{GOOD}\n")), "trailing_line");
}

#[test]
fn a_message_has_an_end() {
    let longest = format!("{GOOD}{}", "a".repeat(MAX_MESSAGE - GOOD.len()));
    assert_eq!(says(&longest), "reads");
    assert_eq!(says(&(longest + "a")), "message_too_long");
    assert_eq!(says(&"\n".repeat(1 << 20)), "message_too_long");
    assert_eq!(says(&"\n".repeat(MAX_MESSAGE)), "bad_header");
}
