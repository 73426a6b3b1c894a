//! The digest of a message (EIP-712, sections "Definition of hashStruct" and "Definition of encodeData").

use super::types::{Members, StructType, members_of};
use super::{Domain, Message};
use crate::abi::encode::Value;
use crate::abi::{Decoded, signature::elementary};
use alloy_primitives::{B256, U256, keccak256};
use std::collections::BTreeMap;

impl Message {
    /// What a key signs: `keccak256(0x1901, domain separator, hashStruct(message))`. `None` where the data is not of the
    /// message's type, which no message that was read is.
    #[must_use]
    pub fn digest(&self) -> Option<B256> {
        let values = Decoded::new(&self.ty.types, &self.data)?.values();
        let structs = members_of(&self.ty.text)?;
        let message = hash_struct(self.ty.primary(), &values, &structs)?;
        let mut out = vec![0x19, 0x01];
        out.extend(self.domain.separator());
        out.extend(message);
        Some(keccak256(out))
    }
}

impl Domain {
    /// `hashStruct(EIP712Domain)`, of the fields that are there.
    #[must_use]
    pub fn separator(&self) -> B256 {
        let members: Vec<String> = self.members().map(|(name, ty)| format!("{ty} {name}")).collect();
        let mut out = keccak256(format!("EIP712Domain({})", members.join(","))).to_vec();
        out.extend(self.name.iter().chain(&self.version).flat_map(keccak256));
        out.extend(self.chain_id.iter().flat_map(U256::to_be_bytes::<32>));
        out.extend(self.verifying_contract.iter().flat_map(|contract| contract.into_word()));
        out.extend(self.salt.iter().flatten());
        keccak256(out)
    }
}

type Structs = BTreeMap<String, Members>;

fn hash_struct(name: &str, values: &[Value], structs: &Structs) -> Option<B256> {
    let members = structs.get(name).filter(|members| members.len() == values.len())?;
    let mut out = keccak256(StructType::build(name, structs).ok()?.text).to_vec();
    for ((_, ty), value) in members.iter().zip(values) {
        out.extend(encode(ty, value, structs)?);
    }
    Some(keccak256(out))
}

/// One member of `encodeData`, or one element of an array.
fn encode(ty: &str, value: &Value, structs: &Structs) -> Option<B256> {
    if let Some((inner, _)) = ty.strip_suffix(']').and_then(|ty| ty.rsplit_once('[')) {
        let Value::List(items) = value else { return None };
        let encoded = items.iter().map(|item| encode(inner, item, structs)).collect::<Option<Vec<_>>>()?;
        return Some(keccak256(encoded.concat()));
    }
    match value {
        Value::List(values) if elementary(ty).is_none() => hash_struct(ty, values, structs),
        Value::List(_) => None,
        Value::Bytes(bytes) => Some(keccak256(bytes)),
        Value::Word(word) => Some(B256::from(word.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use alloy_dyn_abi::TypedData;
    use serde_json::{Value, json};

    fn both(typed: &Value) {
        let ours = read::message(typed).unwrap().digest().unwrap();
        // Another implementation; it wants the domain's type spelled out.
        let theirs: TypedData = serde_json::from_value(typed.clone()).unwrap();
        assert_eq!(ours, theirs.eip712_signing_hash().unwrap(), "{typed}");
    }

    #[test]
    fn a_digest_is_that_of_another_implementation() {
        both(&json!({
            "types": {
                "EIP712Domain": [{ "name": "name", "type": "string" }, { "name": "version", "type": "string" },
                    { "name": "chainId", "type": "uint256" }, { "name": "verifyingContract", "type": "address" },
                    { "name": "salt", "type": "bytes32" }],
                "Order": [{ "name": "maker", "type": "Person" }, { "name": "legs", "type": "Leg[2][]" },
                    { "name": "note", "type": "string" }, { "name": "raw", "type": "bytes" },
                    { "name": "delta", "type": "int64" }, { "name": "tags", "type": "bytes4[]" },
                    { "name": "open", "type": "bool" }],
                "Person": [{ "name": "name", "type": "string" }, { "name": "wallet", "type": "address" }],
                "Leg": [{ "name": "by", "type": "Person" }, { "name": "amount", "type": "uint256" }],
            },
            "primaryType": "Order",
            "domain": { "name": "X", "version": "1", "chainId": 137,
                "verifyingContract": "0x5fbdb2315678afecb367f032d93f642f64180aa3",
                "salt": "0x0101010101010101010101010101010101010101010101010101010101010101" },
            "message": {
                "maker": { "name": "Ann", "wallet": "0x5fbdb2315678afecb367f032d93f642f64180aa3" },
                "legs": [[{ "by": { "name": "", "wallet": "0x0000000000000000000000000000000000000000" }, "amount": "1" },
                    { "by": { "name": "B", "wallet": "0x0000000000000000000000000000000000000001" }, "amount": "2" }]],
                "note": "a text longer than one word, so that nothing of it stands in one word alone",
                "raw": "0x", "delta": "-5", "tags": ["0x01020304", "0x00000000"], "open": true,
            }
        }));
    }

    #[test]
    fn empty_lists_and_bare_domains_too() {
        both(&json!({
            "types": { "EIP712Domain": [{ "name": "name", "type": "string" }],
                "A": [{ "name": "list", "type": "uint8[]" }, { "name": "b", "type": "B[]" }],
                "B": [{ "name": "x", "type": "uint8" }] },
            "primaryType": "A", "domain": { "name": "X" }, "message": { "list": [], "b": [] }
        }));
    }
}
