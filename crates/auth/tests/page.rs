//! docs/reference/siwe.md lists every refusal, as the code says it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use hallpass_auth::siwe::ParseError;
use hallpass_auth::{SignatureError, VerifyError, WalletError};

const PAGE: &str = include_str!("../../../docs/reference/siwe.md");

/// Fails to compile where a variant is missing here.
fn messages() -> Vec<ParseError> {
    use ParseError::*;
    let all = vec![
        TooLong,
        Header,
        Scheme,
        Domain,
        Address,
        Layout,
        Statement,
        Uri,
        Version,
        ChainId,
        Nonce,
        IssuedAt,
        ExpirationTime,
        NotBefore,
        RequestId,
        Resource,
        TooManyResources,
        Trailing,
    ];
    match all[0] {
        TooLong | Header | Scheme | Domain | Address | Layout | Statement | Uri | Version | ChainId | Nonce
        | IssuedAt | ExpirationTime | NotBefore | RequestId | Resource | TooManyResources | Trailing => all,
    }
}

fn signatures() -> Vec<SignatureError> {
    use SignatureError::*;
    let all = vec![Length, V, HighS, Invalid, WrongSigner];
    match all[0] {
        Length | V | HighS | Invalid | WrongSigner => all,
    }
}

fn expectations() -> Vec<VerifyError> {
    use VerifyError::*;
    let all = vec![Domain, Userinfo, Uri, Scheme, Nonce, Chain, IssuedInFuture, Expired, NotYetValid];
    match all[0] {
        // The last three speak with the words of others.
        Domain | Userinfo | Uri | Scheme | Nonce | Chain | IssuedInFuture | Expired | NotYetValid | Message(_)
        | Signature(_) | Wallet(_) => all,
    }
}

fn wallets() -> Vec<WalletError> {
    use WalletError::*;
    let all = vec![TooLong, Wrapper, Refused, NotDeployed, PreparationFailed, OtherChain];
    match all[0] {
        TooLong | Wrapper | Refused | NotDeployed | PreparationFailed | OtherChain | Signature(_) | Unread(_) => all,
    }
}

#[test]
fn the_page_has_every_refusal_and_no_other() {
    let mut rows = Vec::new();
    rows.extend(messages().iter().map(|e| (e.code(), e.to_string())));
    rows.extend(expectations().iter().map(|e| (e.code(), e.to_string())));
    rows.extend(signatures().iter().map(|e| (e.code(), e.to_string())));
    rows.extend(wallets().iter().map(|e| (e.code(), e.to_string())));
    let codes = PAGE.split("## Codes").nth(1).unwrap().split("\n## ").next().unwrap();
    let found: Vec<(&str, String)> = codes
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split(" | ");
            Some((cells.next()?.trim_end_matches('`'), cells.next()?.to_owned()))
        })
        // A node's own codes are not this crate's.
        .filter(|(code, _)| !code.starts_with("node_") && !["wrong_chain", "bad_url"].contains(code))
        .collect();
    let missing: Vec<String> =
        rows.iter().filter(|r| !found.contains(r)).map(|(c, s)| format!("| `{c}` | {s} |")).collect();
    assert!(missing.is_empty(), "docs/reference/siwe.md lacks:\n{}", missing.join("\n"));
    let more: Vec<_> = found.iter().filter(|r| !rows.contains(r)).collect();
    assert!(more.is_empty(), "docs/reference/siwe.md has what is not: {more:?}");
    assert_eq!(found.len(), rows.len(), "a code stands twice");
    let mut codes: Vec<_> = rows.iter().map(|(code, _)| code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), rows.len(), "two refusals have one code");
}
