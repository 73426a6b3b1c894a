//! A JSON web signature in its compact form (RFC 7515), read strictly.

use super::MAX_PROOF;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallpass_policy::json::strict;
use serde_json::{Map, Value};

/// What stands in it; nothing of it is believed yet.
pub(super) struct Jws<'a> {
    /// The protected header.
    pub(super) header: Map<String, Value>,
    /// The claims of the JWT.
    pub(super) claims: Map<String, Value>,
    /// What is signed.
    pub(super) signed: &'a [u8],
    /// The signature.
    pub(super) signature: Vec<u8>,
}

/// `None` unless it is three parts of unpadded canonical base64url, of which the first two are JSON objects in which no name
/// stands twice, and the header has no extension that would have to be understood (`crit`).
pub(super) fn parse(text: &[u8]) -> Option<Jws<'_>> {
    if text.len() > MAX_PROOF {
        return None;
    }
    let mut parts = text.split(|b| *b == b'.');
    let (Some(header), Some(claims), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let signed = text.get(..header.len().checked_add(claims.len())?.checked_add(1)?)?;
    let header = object(header)?;
    if header.contains_key("crit") {
        return None;
    }
    Some(Jws { header, claims: object(claims)?, signed, signature: URL_SAFE_NO_PAD.decode(signature).ok()? })
}

fn object(part: &[u8]) -> Option<Map<String, Value>> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(part).ok()?).ok()?;
    match strict::parse(&text) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}
