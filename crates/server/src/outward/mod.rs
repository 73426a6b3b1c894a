//! What leaves this server for somebody else's (webhooks, exports, what is pinned to IPFS) is looked through first:
//! nothing that looks like key material goes out. A sender takes [`Checked`], which only these checks make.
//!
//! Found, in bytes as they are, and written once more as JSON in a text, percent-, base64- or hex-encoded:
//!
//! - by shape: our tokens (`hp_`, `hps_` and their kin, and 64 hex digits), PEM and OpenSSH private keys, age and PuTTY keys, extended private keys
//!   (BIP-32: `xprv` and its kin), English mnemonics of 12, 15, 18, 21 or 24 words whose checksum holds (BIP-39), JSON web
//!   tokens, AWS key ids, tokens of a few services by their prefix;
//! - by structure: private JSON web keys (RFC 7517), Ethereum keystores (version 3), a file of 64 numbers as Solana keeps a key;
//! - by name: 32 or 64 bytes, as hex, base64, base58 or a list of numbers, in a field called key or after such a word in a
//!   text; any value of some length in a field whose name says that it is secret (`privateKey`, `apiSecret`, `password`,
//!   `access_token`), or after it and `=` in a text.
//!
//! Not found, because they look like any hash, address or signature: 32 bytes alone, raw or encoded, without a word beside
//! them that says what they are; what is compressed, encrypted, or encoded twice; mnemonics in other languages; keys
//! split over several fields; passwords in prose. It is a net below the types that keep secrets in, not instead of them.
//!
//! `names`: what a field's name says. `text`: shapes. `coded`: encodings. `phrase`: mnemonics.

mod coded;
mod names;
mod phrase;
mod text;

#[cfg(test)]
mod tests;

use hallpass_policy::json::strict;
use serde_json::{Map, Value};

/// Something that looks like a key stands in what was to be sent. Says what and where, never itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LooksLikeKey {
    /// What it looks like.
    pub what: What,
    /// A JSON pointer (RFC 6901), and for other texts nothing.
    pub at: String,
}

/// What something looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// One of our own tokens.
    Token,
    /// A private key, by its form or by the word beside it.
    PrivateKey,
    /// The words of a wallet.
    Mnemonic,
    /// A private JSON web key.
    WebKey,
    /// An encrypted wallet: guessing its password is all that is left to do.
    Keystore,
    /// A credential of another service.
    Credential,
}

impl LooksLikeKey {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "looks_like_key"
    }
}

impl core::fmt::Display for LooksLikeKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let what = match self.what {
            What::Token => "a token of this server",
            What::PrivateKey => "a private key",
            What::Mnemonic => "the words of a wallet",
            What::WebKey => "a private JSON web key",
            What::Keystore => "an encrypted wallet",
            What::Credential => "a credential",
        };
        let at = if self.at.is_empty() { "" } else { " at " };
        write!(f, "what was to be sent holds something that looks like {what}{at}{}", self.at)
    }
}

impl core::error::Error for LooksLikeKey {}

/// Bytes that were looked through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked(Vec<u8>);

impl Checked {
    /// The bytes, to be sent as they are.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, for a client that wants them as its own.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// A JSON body that may be sent.
///
/// # Errors
/// [`LooksLikeKey`].
pub fn body(value: &Value) -> Result<Checked, LooksLikeKey> {
    bytes(value.to_string().into_bytes())
}

/// Anything else that may be sent: a file of lines, a page, an archive that is not compressed.
///
/// # Errors
/// [`LooksLikeKey`].
pub fn bytes(bytes: Vec<u8>) -> Result<Checked, LooksLikeKey> {
    check(&bytes).map(|()| Checked(bytes))
}

/// Looks through bytes that are to leave: as a text, and as JSON where they are JSON, or are lines of it.
///
/// # Errors
/// [`LooksLikeKey`].
pub fn check(bytes: &[u8]) -> Result<(), LooksLikeKey> {
    document(&String::from_utf8_lossy(bytes), Encoded::Not)
        .map_or(Ok(()), |(what, at)| Err(LooksLikeKey { what, at: at.concat() }))
}

/// Whether a text was taken out of an encoding already; one level is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoded {
    Not,
    Once,
}

/// What was found, and the way to it: its steps, each with the `/` before it.
type Found = Option<(What, Vec<String>)>;

fn document(text: &str, encoded: Encoded) -> Found {
    // Of two values with one name, a reader takes either; so such a document is looked through as a text as well.
    if let Ok(value @ (Value::Object(_) | Value::Array(_))) = strict::parse(text) {
        return root(&value, encoded);
    }
    let lines = text.lines().filter(|line| line.trim_start().starts_with(['{', '[']));
    let read = |text| serde_json::from_str::<Value>(text).ok().and_then(|value| root(&value, encoded));
    read(text).or_else(|| lines.into_iter().find_map(read)).or_else(|| string(text, encoded))
}

fn root(value: &Value, encoded: Encoded) -> Found {
    if value.as_array().is_some_and(|list| list.len() == 64 && names::bytes_in(list)) {
        return Some((What::PrivateKey, Vec::new()));
    }
    each(value, encoded)
}

fn each(value: &Value, encoded: Encoded) -> Found {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
        Value::String(text) => string(text, encoded),
        Value::Array(list) => list.iter().enumerate().find_map(|(i, v)| below(each(v, encoded), &i.to_string())),
        Value::Object(map) => object(map, encoded),
    }
}

fn object(map: &Map<String, Value>, encoded: Encoded) -> Found {
    if map.contains_key("kty") && ["d", "k"].iter().any(|secret| map.get(*secret).is_some_and(Value::is_string)) {
        return Some((What::WebKey, Vec::new()));
    }
    if map.contains_key("ciphertext") && map.contains_key("kdfparams") {
        return Some((What::Keystore, Vec::new()));
    }
    map.iter().find_map(|(name, value)| {
        // A name may be the secret itself, and is then not told.
        if let Some((what, _)) = string(name, encoded) {
            return Some((what, vec!["/*".to_owned()]));
        }
        let own = names::judge(name, value, map).map(|what| (what, Vec::new()));
        below(own.or_else(|| each(value, encoded)), name)
    })
}

fn below(found: Found, step: &str) -> Found {
    found.map(|(what, mut at)| {
        at.insert(0, format!("/{}", step.replace('~', "~0").replace('/', "~1")));
        (what, at)
    })
}

/// A text: what it is, and what it is an encoding of.
fn string(text: &str, encoded: Encoded) -> Found {
    if let Some(what) = text::shape(text) {
        return Some((what, Vec::new()));
    }
    if encoded == Encoded::Once {
        return None;
    }
    let inside = |text: &str| document(text, Encoded::Once).map(|(what, _)| (what, Vec::new()));
    if text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<Value>(text).is_ok() {
        return inside(text);
    }
    coded::decoded(text).iter().find_map(|decoded| inside(decoded))
}
