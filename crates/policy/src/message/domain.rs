//! The domain of a typed message.

use alloy_primitives::{Address, B256, U256};
use core::str::FromStr;
use hallpass_types::account::parse_address;
use serde_json::{Map, Value};

/// An EIP-712 domain; at least one field is there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Domain {
    /// `name`
    pub name: Option<String>,
    /// `version`
    pub version: Option<String>,
    /// `chainId`
    pub chain_id: Option<U256>,
    /// `verifyingContract`
    pub verifying_contract: Option<Address>,
    /// `salt`
    pub salt: Option<B256>,
}

/// The fields, in EIP-712's order.
const FIELDS: [(&str, &str); 5] = [
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
    ("salt", "bytes32"),
];

impl Domain {
    /// The canonical JSON (RFC 8785), as a typed rule holds it.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut map = Map::new();
        let values = [
            self.name.clone(),
            self.version.clone(),
            self.chain_id.map(|n| n.to_string()),
            self.verifying_contract.map(|a| a.to_checksum(None)),
            self.salt.map(|s| s.to_string()),
        ];
        for ((field, _), value) in FIELDS.iter().zip(values) {
            if let Some(value) = value {
                map.insert((*field).to_owned(), Value::String(value));
            }
        }
        serde_json_canonicalizer::to_string(&map).unwrap_or_default()
    }

    /// Reads the canonical JSON, and nothing else.
    #[must_use]
    pub fn parse_canonical(text: &str) -> Option<Self> {
        let domain = Self::read(&serde_json::from_str(text).ok()?).ok()?;
        (domain.canonical() == text).then_some(domain)
    }

    /// Reads a domain as wallets take it: `chainId` may be a number, a decimal string or hex.
    ///
    /// # Errors
    /// One sentence.
    pub fn read(value: &Value) -> Result<Self, String> {
        let map = value.as_object().ok_or("a domain is an object")?;
        if let Some(key) = map.keys().find(|k| !FIELDS.iter().any(|(field, _)| field == k)) {
            return Err(format!("`{key}` is no field of a domain"));
        }
        if map.is_empty() {
            return Err("a domain has at least one field".to_owned());
        }
        let text = |key: &str| match map.get(key) {
            None => Ok(None),
            Some(Value::String(s)) => Ok(Some(s.clone())),
            Some(_) => Err(format!("`{key}` is a text")),
        };
        let chain_id = match map.get("chainId") {
            None => None,
            Some(value) => Some(super::read::unsigned(value).ok_or("`chainId` is a whole number below 2^256")?),
        };
        let verifying_contract = match text("verifyingContract")? {
            None => None,
            Some(t) => Some(parse_address(&t).map_err(|e| format!("`verifyingContract`: {e}"))?),
        };
        let salt = match text("salt")? {
            None => None,
            Some(t) if t.starts_with("0x") && t.len() == 66 => {
                Some(B256::from_str(&t).map_err(|_| "`salt` is `0x` and 64 hex digits")?)
            }
            Some(_) => return Err("`salt` is `0x` and 64 hex digits".to_owned()),
        };
        Ok(Self { name: text("name")?, version: text("version")?, chain_id, verifying_contract, salt })
    }

    /// The members of `EIP712Domain` for this domain: name and type, in order.
    pub fn members(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let present = [
            self.name.is_some(),
            self.version.is_some(),
            self.chain_id.is_some(),
            self.verifying_contract.is_some(),
            self.salt.is_some(),
        ];
        FIELDS.into_iter().zip(present).filter(|(_, there)| *there).map(|(field, _)| field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_domain_has_one_canonical_text() {
        let domain = Domain::read(&json!({
            "name": "Exchange", "chainId": "0x89", "verifyingContract": "0x5fbdb2315678afecb367f032d93f642f64180aa3"
        }))
        .unwrap();
        let text =
            r#"{"chainId":"137","name":"Exchange","verifyingContract":"0x5FbDB2315678afecb367f032d93F642f64180aa3"}"#;
        assert_eq!(domain.canonical(), text);
        assert_eq!(Domain::parse_canonical(text), Some(domain));
        for bad in [
            text.replace("\"137\"", "137"),
            text.replace("0x5Fb", "0x5fb"),
            text.replace(',', ", "),
            "{}".to_owned(),
            text.replace("name", "nam"),
            text.replace("\"137\"", "\"0137\""),
        ] {
            assert_eq!(Domain::parse_canonical(&bad), None, "{bad}");
        }
    }
}
