//! The requester's own names: hashed into the grant, and shown as claims, never as facts; and the texts that conditions
//! compare with, which their hashes prove.

mod asked_by;
mod deceptive;

use crate::abi::{Named, Ty, Word};
use crate::grant::{BadGrant, CallRule, Condition, Rest, Test};
use alloy_primitives::{Address, B256, keccak256};
use hallpass_types::origin;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use asked_by::LoginPlace;
pub(crate) use deceptive::is_deceptive;

/// Names that travel with a grant. What a grant allows is never judged by them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Labels {
    /// What the requester calls the pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Tokens by the requester's name for them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tokens: BTreeMap<String, TokenLabel>,
    /// The argument names of each call rule, in order and in pre-order through tuples; an empty list where none was written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<Vec<String>>,
    /// What conditions on text compare with, ascending by its keccak-256, which stands in the grant. Checked, not claimed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<String>,
    /// The page that asked, by its origin, as the server that drafted the grant was told: a browser tells it truly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// What the grant's `login` is the hash of. Checked, not claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<LoginPlace>,
}

/// What the requester says of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenLabel {
    /// The contract, which is fact.
    #[serde(with = "crate::json::checksummed")]
    pub address: Address,
    /// A claim; amounts are signed in smallest units.
    pub decimals: u8,
}

/// Names of the native coin, which no token may have.
const RESERVED: [&str; 2] = [crate::text::units::NATIVE_UNIT, "wei"];

impl Labels {
    /// The keccak of the canonical JSON (RFC 8785); zero for no labels at all.
    #[must_use]
    pub fn hash(&self) -> B256 {
        if *self == Self::default() {
            return B256::ZERO;
        }
        serde_json_canonicalizer::to_vec(self).map_or(B256::ZERO, keccak256)
    }

    /// Judges the shape of the names, not their truth.
    ///
    /// # Errors
    /// [`BadGrant`] for a name that could pass for something else, or names that do not fit the rules.
    pub fn check(&self, rules: &[CallRule], rest: &Rest) -> Result<(), BadGrant> {
        let bad = |at: &str, says: &str| Err(BadGrant::new(format!("rest.labels.{at}"), says));
        if self.title.as_ref().is_some_and(|t| !is_plain_name(t)) {
            return bad(
                "title",
                "a title is 1 to 128 letters, digits, spaces and signs, without quotation marks or anything invisible",
            );
        }
        for (name, token) in &self.tokens {
            if !is_name(name) || RESERVED.contains(&name.as_str()) || token.decimals > 77 {
                return bad(
                    "tokens",
                    "a token's name is 1 to 32 letters, digits, `.`, `_` or `-`, and not ETH or wei; its decimals are 0 to 77",
                );
            }
            if self.tokens.iter().any(|(other, t)| other != name && t.address == token.address) {
                return bad("tokens", "two names for one token");
            }
        }
        self.check_texts(rules, rest)?;
        self.check_asked_by(rest)?;
        if self.params.is_empty() {
            return Ok(());
        }
        let fits = self.params.len() == rules.len()
            && self.params.iter().zip(rules).all(|(names, rule)| {
                let types = rule.arguments.as_deref().unwrap_or(&[]);
                names.is_empty()
                    || Named::unflatten(types, names)
                        .is_some_and(|read| names.iter().any(|n| !n.is_empty()) && distinct(&read))
            });
        if fits && self.params.iter().any(|names| !names.is_empty()) {
            Ok(())
        } else {
            bad("params", "argument names are identifiers, one list for each rule, one name for each argument")
        }
    }

    fn check_asked_by(&self, rest: &Rest) -> Result<(), BadGrant> {
        let bad = |at: &str, says: &str| Err(BadGrant::new(format!("rest.labels.{at}"), says));
        if self.origin.as_ref().is_some_and(|origin| origin::host(origin).is_none()) {
            return bad("origin", "an origin is as browsers write it: `https://arena.example`, with a port or without");
        }
        match &self.login {
            Some(place) if !place.is_plain() => {
                bad("login", "domain, URI and nonce are 1 to 255 visible ASCII characters, without quotation marks")
            }
            Some(place) if place.hash() != rest.login => {
                bad("login", "the grant's `login` is not the hash of this domain, URI and nonce")
            }
            _ => Ok(()),
        }
    }

    fn check_texts(&self, rules: &[CallRule], rest: &Rest) -> Result<(), BadGrant> {
        let bad = |says: &str| Err(BadGrant::new("rest.labels.texts", says));
        let order: Vec<_> = self.texts.iter().map(keccak256).collect();
        if order.windows(2).any(|pair| matches!(pair, [a, b] if a >= b)) {
            return bad("texts ascend by their keccak-256, and none stands twice");
        }
        if self.texts.iter().any(|text| !is_plain_text(text)) {
            return bad(
                "a text has at most 1,024 letters, digits, spaces and signs, without quotation marks or anything invisible",
            );
        }
        if self.texts.is_empty() {
            return Ok(());
        }
        let mut hashes = Vec::new();
        for rule in rules {
            compared_texts(&rule.conditions, &|p| rule.type_at(p), &mut hashes);
        }
        for rule in &rest.typed {
            compared_texts(&rule.conditions, &|p| Ty::at(&rule.ty.types, &p.0), &mut hashes);
        }
        for rule in &rest.apps {
            compared_texts(&rule.conditions, &|a| Some(a.kind.ty()), &mut hashes);
        }
        hashes.sort_unstable();
        let used = |hash: &B256| hashes.binary_search(&Word(hash.0)).is_ok();
        if order.iter().all(used) { Ok(()) } else { bad("no condition compares with this text") }
    }

    /// The text whose keccak-256 is `word`, where the grant holds it.
    #[must_use]
    pub fn text_of(&self, word: Word) -> Option<&str> {
        let place = self.texts.binary_search_by_key(&word.0, |text| keccak256(text).0).ok()?;
        self.texts.get(place).map(String::as_str)
    }

    /// The name that the requester gives the token at `address`.
    #[must_use]
    pub fn token_at(&self, address: Address) -> Option<(&str, &TokenLabel)> {
        self.tokens.iter().find(|(_, t)| t.address == address).map(|(name, t)| (name.as_str(), t))
    }

    /// The names of the arguments of call rule `rule`, which has these types.
    #[must_use]
    pub fn names(&self, rule: usize, types: &[Ty]) -> Vec<Named> {
        let flat = self.params.get(rule).map_or(&[][..], Vec::as_slice);
        Named::unflatten(types, flat).unwrap_or_else(|| Named::none(types))
    }
}

/// Whether every name is an identifier or nothing, and no two that stand beside each other are the same.
fn distinct(names: &[Named]) -> bool {
    names.iter().enumerate().all(|(i, n)| {
        let unique = n.name.is_empty() || !names.iter().skip(i + 1).any(|o| o.name == n.name);
        unique && (n.name.is_empty() || is_identifier(&n.name)) && distinct(&n.members)
    })
}

/// Adds the hashes that conditions on a `string` compare with.
fn compared_texts<'t, P>(conditions: &[Condition<P>], ty: &dyn Fn(&P) -> Option<&'t Ty>, out: &mut Vec<Word>) {
    for c in conditions {
        match &c.test {
            Test::Eq(w) | Test::Ne(w) if ty(&c.path) == Some(&Ty::String) => out.push(*w),
            Test::In(list) if ty(&c.path) == Some(&Ty::String) => out.extend(list),
            _ => {}
        }
    }
}

/// Whether `text` can be shown as a name in a sentence: 1 to 128 letters, digits, spaces and signs, without quotation marks or
/// anything that cannot be seen.
#[must_use]
pub fn is_plain_name(text: &str) -> bool {
    (1..=128).contains(&text.chars().count()) && !text.chars().any(is_deceptive)
}

/// Whether `text` can be shown between quotation marks as it is: at most `most` visible ASCII characters, none of them a
/// quotation mark or a backslash, and at least one.
#[must_use]
pub fn is_visible(text: &str, most: usize) -> bool {
    let quiet = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'`' | b'\\');
    (1..=most).contains(&text.len()) && text.bytes().all(quiet)
}

/// Whether a condition's text can be shown, and written between single quotes.
#[must_use]
pub fn is_plain_text(text: &str) -> bool {
    text.chars().count() <= 1024 && !text.chars().any(|c| is_deceptive(c) || c == '\'')
}

/// Whether `text` is fit to name a token: 1 to 32 letters, digits, `.`, `_` or `-`, beginning with a letter.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let rest = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    (1..=32).contains(&text.len()) && text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) && rest
}

fn is_identifier(text: &str) -> bool {
    let rest = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    text.len() <= 64 && text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_') && rest
}
