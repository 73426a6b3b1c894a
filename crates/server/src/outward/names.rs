//! What a field's name says of its value.

use super::What;
use serde_json::{Map, Value};

/// A shorter value is a flag, a number, or a redaction.
const LEAST: usize = 8;

/// Whether `value` looks like a secret because its field is called `name`; `beside` are the fields of the same object.
pub(super) fn judge(name: &str, value: &Value, beside: &Map<String, Value>) -> Option<What> {
    let words = words(name);
    if is_credential(&words) && long(value) {
        return Some(What::Credential);
    }
    if is_secret(&words) && long(value) {
        return Some(What::PrivateKey);
    }
    // A grant's own `key` is public, and stands beside its kind.
    let public = beside.contains_key("keyKind") && name == "key";
    (is_key(&words) && !public && key_bytes(value)).then_some(What::PrivateKey)
}

/// `apiSecret`, `api_secret`, `API-SECRET`, `APISecret`: the words of a name, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let letters: Vec<char> = name.chars().collect();
    for (i, letter) in letters.iter().enumerate() {
        let lower_before = i.checked_sub(1).and_then(|b| letters.get(b)).is_some_and(|c| c.is_lowercase());
        let lower_after = letters.get(i + 1).is_some_and(|c| c.is_lowercase());
        let begins = letter.is_uppercase() && (lower_before || lower_after);
        if begins || !letter.is_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn has(words: &[String], one_of: &[&str]) -> bool {
    words.iter().any(|word| one_of.contains(&word.as_str()))
}

/// Two words in a row, or written as one.
fn has_pair(words: &[String], firsts: &[&str], second: &str) -> bool {
    let two = words.windows(2).any(|pair| matches!(pair, [a, b] if firsts.contains(&a.as_str()) && b == second));
    two || words.iter().any(|w| w.strip_suffix(second).is_some_and(|first| firsts.contains(&first)))
}

/// What such a field holds is secret, whatever its form.
pub(super) fn is_secret_name(name: &str) -> bool {
    let words = words(name);
    is_secret(&words) || is_credential(&words)
}

fn is_secret(words: &[String]) -> bool {
    let alone =
        ["secret", "mnemonic", "passphrase", "password", "passwd", "pwd", "privkey", "seedphrase", "xprv", "wif"];
    has(words, &alone)
        || has_pair(words, &["private", "secret", "priv"], "key")
        || has_pair(words, &["seed", "recovery", "backup", "wallet"], "phrase")
        || words == ["seed"]
}

fn is_credential(words: &[String]) -> bool {
    let keys = ["api", "access", "auth", "listen", "license"];
    let tokens = ["access", "refresh", "auth", "bearer", "session", "holder", "login", "api", "id"];
    has(words, &["bearer", "authorization", "apikey", "apisecret", "cookie"])
        || has_pair(words, &keys, "key")
        || has_pair(words, &tokens, "token")
        || has_pair(words, &["client", "api", "consumer", "webhook", "shared"], "secret")
}

/// May be public or private: only what is as long as a key counts.
fn is_key(words: &[String]) -> bool {
    let public = ["public", "pub", "verifying", "verification", "idempotency", "primary", "foreign"];
    (has(words, &["key", "keypair", "sk", "private", "priv", "seed", "signer", "keys"])
        || words.iter().any(|w| w.ends_with("key") || w.ends_with("seed")))
        && !has(words, &public)
        && !words.iter().any(|w| w.starts_with("pubkey") || w.starts_with("publickey"))
}

fn long(value: &Value) -> bool {
    match value {
        // An address of 20 bytes is no secret wherever it stands.
        Value::String(text) => {
            let redacted = text.chars().all(|c| c == '*' || c == 'x' || c == '.') || text.contains("redacted");
            text.len() >= LEAST && !redacted && hex_len(text) != Some(20)
        }
        Value::Array(list) => list.len() >= LEAST && (bytes_in(list) || list.iter().all(Value::is_string)),
        Value::Number(number) => number.to_string().len() > 20,
        Value::Null | Value::Bool(_) | Value::Object(_) => false,
    }
}

/// 32 or 64 bytes in one of the ways in which keys are written.
fn key_bytes(value: &Value) -> bool {
    match value {
        Value::String(text) => is_key_text(text),
        Value::Array(list) if matches!(list.len(), 32 | 64) && bytes_in(list) => true,
        // A list of keys.
        Value::Array(list) => list.iter().any(|one| one.as_str().is_some_and(is_key_text)),
        _ => false,
    }
}

/// Whether all are numbers from 0 to 255.
pub(super) fn bytes_in(list: &[Value]) -> bool {
    list.iter().all(|n| n.as_u64().is_some_and(|n| n < 256))
}

fn is_key_text(text: &str) -> bool {
    let text = text.trim();
    if matches!(hex_len(text), Some(32 | 64)) {
        return true;
    }
    let base64 = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'-' | b'_');
    let base58 = |c: u8| c.is_ascii_alphanumeric() && !matches!(c, b'0' | b'O' | b'I' | b'l');
    let bare = text.trim_end_matches('=');
    // 32 and 64 bytes are 43 and 86 characters of base64; of base58 43 or 44, and 87 or 88.
    (matches!(bare.len(), 43 | 86) && bare.bytes().all(base64))
        || (matches!(text.len(), 43 | 44 | 87 | 88) && text.bytes().all(base58))
}

/// How many bytes a text is in hex, with or without `0x`.
fn hex_len(text: &str) -> Option<usize> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    (digits.len().is_multiple_of(2) && digits.bytes().all(|b| b.is_ascii_hexdigit())).then_some(digits.len() / 2)
}
