//! The grant as `eth_signTypedData_v4` takes it (EIP-712).

use crate::draft::Draft;
use crate::eip712::{self, DOMAIN_NAME, DOMAIN_VERSION};
use crate::grant::Grant;
use crate::json;
use alloy_primitives::B256;
use alloy_sol_types::SolStruct;
use serde_json::{Map, Value, json};

/// What a wallet is asked to sign. Integers are decimal strings; labels stand as their hash.
#[must_use]
pub fn of_grant(grant: &Grant) -> Value {
    whole::<eip712::Grant>(grant, message(grant))
}

/// What a wallet is asked to sign to put `to` in the place of the grant whose id is `from`.
#[must_use]
pub fn of_replace(from: B256, to: &Grant) -> Value {
    whole::<eip712::Replace>(to, json!({ "from": from, "to": message(to) }))
}

/// A grant as the message of typed data.
fn message(grant: &Grant) -> Value {
    // What `json::print` writes is JSON, so the fallbacks below are not reached.
    let mut message: Value = serde_json::from_str(&json::print(&Draft::from(grant))).unwrap_or_default();
    if let Some(rest) = message.get_mut("rest").and_then(Value::as_object_mut) {
        rest.insert("labels".to_owned(), json!(grant.rest.labels.hash()));
    }
    message
}

/// A struct in the Grant domain of `grant`.
fn whole<T: SolStruct>(grant: &Grant, message: Value) -> Value {
    json!({
        "domain": {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": grant.chain.get(),
            "verifyingContract": grant.backend.to_checksum(None),
        },
        "primaryType": T::NAME,
        "types": types(&T::eip712_encode_type()),
        "message": message,
    })
}

/// The `types` object of an EIP-712 `encodeType`, with the domain's own type.
fn types(encode_type: &str) -> Value {
    let mut out = Map::new();
    out.insert(
        "EIP712Domain".to_owned(),
        fields("string name,string version,uint256 chainId,address verifyingContract"),
    );
    for one in encode_type.split_terminator(')') {
        if let Some((name, members)) = one.split_once('(') {
            out.insert(name.to_owned(), fields(members));
        }
    }
    Value::Object(out)
}

fn fields(members: &str) -> Value {
    members.split(',').filter_map(|m| m.split_once(' ')).map(|(ty, name)| json!({ "name": name, "type": ty })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_struct_is_listed_with_its_fields_in_order() {
        let types = types(&eip712::Grant::eip712_encode_type());
        let names: Vec<&String> = types.as_object().unwrap().keys().collect();
        assert_eq!(
            names,
            ["AppRule", "CallRule", "EIP712Domain", "Gas", "Grant", "Meter", "Require", "Rest", "TypedRule"]
        );
        assert_eq!(types["Meter"][3], json!({ "name": "cap", "type": "uint120" }));
        assert_eq!(types["Grant"].as_array().unwrap().len(), 16);
    }
}
