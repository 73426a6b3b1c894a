//! The operator's own names for contracts: the only ones that plain words show as fact.
//!
//! Read from what the field already writes. Nothing here is ever judged by; it is only shown, and its hash is recorded
//! beside what was shown.
//!
//! - [`token_list`], [`abi`], [`erc7730`]: one reader a format, text in, [`Entries`] out; `display` is the part of a
//!   descriptor that speaks of functions.
//! - `source`: JSON with its places, and what a name must be. `canonical`: what [`Lists::hash`] hashes.

pub mod abi;
mod canonical;
mod display;
pub mod erc7730;
mod source;
pub mod token_list;

use crate::abi::Named;
use alloy_primitives::{Address, B256};
use hallpass_types::{AccountId, ChainId};
use std::collections::BTreeMap;

pub use source::{MAX_BYTES, MAX_DECIMALS, MAX_NAME, MAX_SYMBOL, SourceError};

/// What one source says of contracts.
pub type Entries = BTreeMap<(ChainId, Address), Contract>;

/// What the operator says of contracts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lists {
    contracts: Entries,
    /// Which source said it, for errors alone.
    sources: BTreeMap<(ChainId, Address), Sources>,
    hash: B256,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Sources {
    name: String,
    token: Option<String>,
}

/// What is known of a contract.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contract {
    /// What it is called.
    pub name: String,
    /// Its symbol and decimals, where it is a token.
    pub token: Option<Token>,
    /// Its functions, by canonical signature.
    pub functions: BTreeMap<String, Function>,
}

/// What is known of a token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Token {
    /// Such as `USDC`.
    pub symbol: String,
    /// Smallest units are `10^-decimals`.
    pub decimals: u8,
}

/// What is known of a function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Function {
    /// What it is for, in a few words, where a descriptor says so.
    pub intent: Option<String>,
    /// What its arguments are called.
    pub names: Vec<Named>,
}

/// Two sources that say different things of one contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{later} says that the {what} of {account} is `{found}`, and {earlier} that it is `{before}`")]
pub struct Contradiction {
    /// The contract.
    pub account: AccountId,
    /// `name`, `symbol` or `number of decimals`.
    pub what: &'static str,
    /// The source that was added first.
    pub earlier: String,
    /// What it says.
    pub before: String,
    /// The source that was being added.
    pub later: String,
    /// What it says.
    pub found: String,
}

impl Contradiction {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "contradicting_labels"
    }
}

/// Reads a token list or an ERC-7730 descriptor, told apart by what they hold.
///
/// # Errors
/// [`SourceError`]; so for an ABI, which says neither its contract's place nor its name.
pub fn read(text: &str) -> Result<Entries, SourceError> {
    let json = source::parse(text)?;
    let top = source::Place::top(&json);
    match (top.is_list(), top.is_list() || top.member("context")?.is_none()) {
        (false, true) if top.member("tokens")?.is_some() => token_list::entries(&top),
        (false, false) => erc7730::entries(&top, None),
        _ => Err(top.bad("is neither a token list (with `tokens`) nor an ERC-7730 descriptor (with `context`)")),
    }
}

impl Lists {
    /// Adds what `source` says, where nothing is known yet: what was added earlier stays.
    ///
    /// # Errors
    /// [`Contradiction`] in a name, a symbol or decimals; nothing is added then.
    pub fn add(&mut self, source: &str, entries: Entries) -> Result<(), Contradiction> {
        for (key, found) in &entries {
            self.compare(source, *key, found)?;
        }
        for (key, found) in entries {
            let sources = self.sources.entry(key).or_insert_with(|| Sources { name: source.to_owned(), token: None });
            if found.token.is_some() && sources.token.is_none() {
                sources.token = Some(source.to_owned());
            }
            match self.contracts.get_mut(&key) {
                None => {
                    self.contracts.insert(key, found);
                }
                Some(known) => known.fill(found),
            }
        }
        self.hash = canonical::hash(&self.contracts);
        Ok(())
    }

    fn compare(&self, source: &str, key: (ChainId, Address), found: &Contract) -> Result<(), Contradiction> {
        let (Some(known), Some(sources)) = (self.contracts.get(&key), self.sources.get(&key)) else { return Ok(()) };
        let account = AccountId { chain: key.0, address: key.1 };
        let differs = |what: &'static str, earlier: &str, before: &str, found: &str| Contradiction {
            account,
            what,
            earlier: earlier.to_owned(),
            before: before.to_owned(),
            later: source.to_owned(),
            found: found.to_owned(),
        };
        if known.name != found.name {
            return Err(differs("name", &sources.name, &known.name, &found.name));
        }
        let (Some(before), Some(token)) = (&known.token, &found.token) else { return Ok(()) };
        let earlier = sources.token.as_deref().unwrap_or(&sources.name);
        if before.symbol != token.symbol {
            return Err(differs("symbol", earlier, &before.symbol, &token.symbol));
        }
        if before.decimals != token.decimals {
            let (before, found) = (before.decimals.to_string(), token.decimals.to_string());
            return Err(differs("number of decimals", earlier, &before, &found));
        }
        Ok(())
    }

    /// What is known of the contract at `address`.
    #[must_use]
    pub fn contract(&self, chain: ChainId, address: Address) -> Option<&Contract> {
        self.contracts.get(&(chain, address))
    }

    /// What is known of a token.
    #[must_use]
    pub fn token(&self, chain: ChainId, address: Address) -> Option<&Token> {
        self.contract(chain, address)?.token.as_ref()
    }

    /// Tells lists apart: the keccak-256 of the canonical JSON (RFC 8785) of all that is known, whichever sources said it;
    /// zero for nothing. The JSON is defined in `docs/reference/labels.md`.
    #[must_use]
    pub const fn hash(&self) -> B256 {
        self.hash
    }
}

impl Contract {
    /// Adds what is not known yet.
    fn fill(&mut self, other: Self) {
        if self.token.is_none() {
            self.token = other.token;
        }
        for (signature, function) in other.functions {
            let known = self.functions.entry(signature).or_default();
            if known.intent.is_none() {
                known.intent = function.intent;
            }
            fill(&mut known.names, &function.names);
        }
    }
}

/// Adds names where there are none.
fn fill(known: &mut Vec<Named>, other: &[Named]) {
    if known.is_empty() {
        known.extend_from_slice(other);
        return;
    }
    for (known, other) in known.iter_mut().zip(other) {
        if known.name.is_empty() {
            known.name.clone_from(&other.name);
        }
        fill(&mut known.members, &other.members);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "eip155:1:0xdAC17F958D2ee523a2206206994597C13D831ec7";

    fn key() -> (ChainId, Address) {
        let account: AccountId = ACCOUNT.parse().unwrap();
        (account.chain, account.address)
    }

    fn token(name: &str, symbol: &str, decimals: u8) -> Entries {
        let token = Some(Token { symbol: symbol.into(), decimals });
        Entries::from([(key(), Contract { name: name.into(), token, functions: BTreeMap::new() })])
    }

    fn function(name: &str, intent: Option<&str>, signature: &str) -> Entries {
        let read = crate::abi::Function::parse(signature).unwrap();
        let function = Function { intent: intent.map(str::to_owned), names: read.names.clone() };
        let functions = BTreeMap::from([(read.canonical(), function)]);
        Entries::from([(key(), Contract { name: name.into(), token: None, functions })])
    }

    fn lists(sources: &[(&str, Entries)]) -> Result<Lists, Contradiction> {
        let mut lists = Lists::default();
        for (source, entries) in sources {
            lists.add(source, entries.clone())?;
        }
        Ok(lists)
    }

    #[test]
    fn a_later_source_adds_what_the_earlier_lacks_and_changes_nothing() {
        let list = ("list", token("Tether USD", "USDT", 6));
        let abi = ("abi", function("Tether USD", None, "f((uint8 kind, address) order, uint256)"));
        let more = ("more", function("Tether USD", Some("Order"), "f((uint8 sort, address whom) x, uint256 amount)"));
        let merged = lists(&[list.clone(), abi.clone(), more.clone()]).unwrap();
        let contract = merged.contract(key().0, key().1).unwrap();
        assert_eq!(contract.token, Some(Token { symbol: "USDT".into(), decimals: 6 }));
        let known = &contract.functions["f((uint8,address),uint256)"];
        assert_eq!(known.intent.as_deref(), Some("Order"));
        assert_eq!(Named::flatten(&known.names), ["order", "kind", "whom", "amount"]);
        let other = lists(&[more, abi, list]).unwrap();
        let known = &other.contract(key().0, key().1).unwrap().functions["f((uint8,address),uint256)"];
        assert_eq!(Named::flatten(&known.names), ["x", "sort", "whom", "amount"]);
    }

    #[test]
    fn a_contradiction_names_both_sources_and_adds_nothing() {
        let first = ("a.json", token("Tether USD", "USDT", 6));
        let says = |second: Entries| lists(&[first.clone(), ("b.json", second)]).unwrap_err().to_string();
        let account = format!("of {ACCOUNT} is");
        assert_eq!(
            says(token("Tether USD", "USDT", 18)),
            format!("b.json says that the number of decimals {account} `18`, and a.json that it is `6`")
        );
        assert_eq!(
            says(token("Tether USD", "USDC", 6)),
            format!("b.json says that the symbol {account} `USDC`, and a.json that it is `USDT`")
        );
        assert_eq!(
            says(function("Tether", None, "f()")),
            format!("b.json says that the name {account} `Tether`, and a.json that it is `Tether USD`")
        );
        // The source of the symbol is not that of the name.
        let named = ("abi", function("Tether USD", None, "f()"));
        let third = ("c.json", token("Tether USD", "T", 6));
        let error = lists(&[named, first.clone(), third]).unwrap_err();
        assert_eq!((error.earlier.as_str(), error.later.as_str()), ("a.json", "c.json"));

        let mut merged = lists(&[first]).unwrap();
        let before = merged.clone();
        let mut both = token("Tether USD", "USDT", 18);
        both.insert((key().0, Address::ZERO), Contract { name: "New".into(), ..Contract::default() });
        merged.add("b.json", both).unwrap_err();
        assert_eq!(merged, before);
    }

    #[test]
    fn kinds_are_told_apart_by_what_they_hold() {
        let read = |text: &str| super::read(text).map(|entries| entries.len()).map_err(|e| e.to_string());
        let neither =
            "the whole file: is neither a token list (with `tokens`) nor an ERC-7730 descriptor (with `context`)";
        assert_eq!(read(r#"{"name": "x", "tokens": []}"#), Ok(0));
        assert_eq!(read(r#"{"context": {"eip712": {}}}"#), Ok(0));
        assert_eq!(read("[]"), Err(neither.to_owned()));
        assert_eq!(read(r#"{"abi": []}"#), Err(neither.to_owned()));
        assert_eq!(read("7"), Err("the whole file: expected an object, found 7".to_owned()));
    }
}
