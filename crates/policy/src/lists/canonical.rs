//! What the hash of lists is taken of: one JSON object by CAIP-10 account, canonical by RFC 8785.

use super::{Contract, Entries, Function};
use crate::abi::Named;
use alloy_primitives::{B256, keccak256};
use hallpass_types::AccountId;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct ContractForm<'l> {
    name: &'l str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<TokenForm<'l>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    functions: BTreeMap<&'l str, FunctionForm<'l>>,
}

#[derive(Serialize)]
struct TokenForm<'l> {
    symbol: &'l str,
    decimals: u8,
}

#[derive(Serialize)]
struct FunctionForm<'l> {
    #[serde(skip_serializing_if = "Option::is_none")]
    intent: Option<&'l str>,
    /// In order and in pre-order through tuples, as a grant's own labels have them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    names: Vec<String>,
}

impl<'l> From<&'l Contract> for ContractForm<'l> {
    fn from(c: &'l Contract) -> Self {
        Self {
            name: &c.name,
            token: c.token.as_ref().map(|t| TokenForm { symbol: &t.symbol, decimals: t.decimals }),
            functions: c.functions.iter().map(|(signature, f)| (signature.as_str(), f.into())).collect(),
        }
    }
}

impl<'l> From<&'l Function> for FunctionForm<'l> {
    fn from(f: &'l Function) -> Self {
        Self { intent: f.intent.as_deref(), names: Named::flatten(&f.names) }
    }
}

fn text(contracts: &Entries) -> Option<String> {
    let form: BTreeMap<String, ContractForm<'_>> = contracts
        .iter()
        .map(|((chain, address), c)| (AccountId { chain: *chain, address: *address }.to_string(), c.into()))
        .collect();
    serde_json_canonicalizer::to_string(&form).ok()
}

/// Zero for nothing.
pub fn hash(contracts: &Entries) -> B256 {
    if contracts.is_empty() {
        return B256::ZERO;
    }
    // Maps with string keys, strings and small numbers: none of them can fail.
    text(contracts).map_or(B256::ZERO, keccak256)
}

#[cfg(test)]
mod tests {
    use super::super::Token;
    use super::*;
    use alloy_primitives::Address;
    use hallpass_types::ChainId;

    fn entries(intent: Option<&str>, signature: &str) -> Entries {
        let read = crate::abi::Function::parse(signature).unwrap();
        let function = Function { intent: intent.map(str::to_owned), names: read.names.clone() };
        let contract = Contract {
            name: "USD Coin".into(),
            token: Some(Token { symbol: "USDC".into(), decimals: 6 }),
            functions: BTreeMap::from([(read.canonical(), function)]),
        };
        let other = Contract { name: "Arena".into(), ..Contract::default() };
        let at = |chain, byte| (ChainId::new(chain).unwrap(), Address::repeat_byte(byte));
        Entries::from([(at(8453, 0x11), contract), (at(1, 0x22), other)])
    }

    #[test]
    fn the_hash_is_of_this_very_text() {
        let entries = entries(Some("Send"), "pay((address to, uint256) order)");
        let expected = r#"{"eip155:1:0x2222222222222222222222222222222222222222":{"name":"Arena"},"eip155:8453:0x1111111111111111111111111111111111111111":{"functions":{"pay((address,uint256))":{"intent":"Send","names":["order","to",""]}},"name":"USD Coin","token":{"decimals":6,"symbol":"USDC"}}}"#;
        assert_eq!(text(&entries).unwrap(), expected);
        assert_eq!(hash(&entries), keccak256(expected));
        assert_eq!(hash(&Entries::new()), B256::ZERO);
    }

    #[test]
    fn whatever_is_shown_changes_the_hash() {
        let base = entries(Some("Send"), "pay(address to)");
        let mut seen = vec![hash(&base)];
        for changed in [entries(None, "pay(address to)"), entries(Some("Send"), "pay(address)"), {
            let mut e = base.clone();
            e.pop_first();
            e
        }] {
            seen.push(hash(&changed));
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 4);
    }
}
