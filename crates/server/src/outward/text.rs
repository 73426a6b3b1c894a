//! What a text looks like by itself.

use super::{What, names, phrase};
use hallpass_session::TokenKind;

/// How far before a key the word may stand that says what it is, in bytes.
const NEAR: usize = 40;

/// What stands in a text, by its shape or by the word before it.
pub(super) fn shape(text: &str) -> Option<What> {
    let lower = text.to_ascii_lowercase();
    let ours = TokenKind::ALL.into_iter().flat_map(|kind| after_each(&lower, kind.prefix()));
    if ours.into_iter().any(|rest| run(rest, |b| b.is_ascii_hexdigit()) >= 64) {
        return Some(What::Token);
    }
    let armoured = after_each(&lower, "-----begin ")
        .any(|rest| rest.split("-----").next().is_some_and(|title| title.contains("private key")));
    let marked = ["age-secret-key-1", "putty-user-key-file-", "openssh-key-v1"].iter().any(|mark| lower.contains(mark));
    if armoured || marked || is_extended(text) || named_bytes(&lower) {
        return Some(What::PrivateKey);
    }
    if is_web_token(text) || is_known(text) || assigned(text) {
        return Some(What::Credential);
    }
    phrase::is_in(text).then_some(What::Mnemonic)
}

/// What follows each `mark`.
fn after_each<'a>(text: &'a str, mark: &str) -> impl Iterator<Item = &'a str> {
    text.match_indices(mark).filter_map(move |(at, mark)| text.get(at + mark.len()..))
}

/// How many bytes at the start are such.
fn run(text: &str, is_part: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|b| is_part(*b)).count()
}

/// 111 characters of base58 that begin with `xprv` or another version of SLIP-132.
fn is_extended(text: &str) -> bool {
    let heads = ["xprv", "yprv", "zprv", "tprv", "uprv", "vprv", "Yprv", "Zprv", "Uprv", "Vprv"];
    heads.iter().any(|head| after_each(text, head).any(|rest| run(rest, |b| b.is_ascii_alphanumeric()) >= 100))
}

/// Three parts of base64, the first of which is a JSON object (RFC 7519).
fn is_web_token(text: &str) -> bool {
    let part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    after_each(text, "eyJ").any(|rest| {
        let mut parts = rest.split('.').map(|p| run(p, part) >= 10 && run(p, part) == p.len());
        // The last may be followed by anything.
        parts.next() == Some(true)
            && parts.next() == Some(true)
            && rest.split('.').nth(2).is_some_and(|p| run(p, part) >= 10)
    })
}

/// Prefix, what may follow, and at least how much of it.
fn is_known(text: &str) -> bool {
    let upper = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    ["AKIA", "ASIA"].iter().any(|head| after_each(text, head).any(|rest| run(rest, upper) >= 16))
        || ["sk_live_", "rk_live_", "ghp_", "github_pat_", "xoxb-", "xoxp-", "glpat-"]
            .iter()
            .any(|head| after_each(text, head).any(|rest| run(rest, word) >= 20))
}

/// 32 or 64 bytes of hex, with a word shortly before it, on the same line, that says that they are secret.
fn named_bytes(lower: &str) -> bool {
    let words =
        ["private", "secret", "privkey", "mnemonic", "seed", "keypair", "signing key", "signing_key", "key=", "key:"];
    let mut from = 0;
    for run in lower.split(|c: char| !c.is_ascii_hexdigit()) {
        let start = from;
        from += run.len();
        // What it was split at; one byte or more.
        from += lower.get(from..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        if !matches!(run.len(), 64 | 128) {
            continue;
        }
        let mut before = start.saturating_sub(NEAR);
        while !lower.is_char_boundary(before) {
            before += 1;
        }
        let line = lower.get(before..start).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
        if words.iter().any(|word| line.contains(word)) && !line.contains("public") && !line.contains("idempotency") {
            return true;
        }
    }
    false
}

/// `api_secret=...`, as environment files, query strings and forms have it.
fn assigned(text: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    text.match_indices('=').any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let name = before.rsplit(|c| !part(c)).next().unwrap_or_default();
        let value = text.get(at + 1..).unwrap_or_default().trim_start_matches(['"', '\'']);
        let length = value.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '&')).unwrap_or(value.len());
        let redacted = value.starts_with("***") || value.get(..length).unwrap_or_default().contains("redacted");
        !name.is_empty() && length >= 8 && !redacted && !value.starts_with('=') && names::is_secret_name(name)
    })
}
