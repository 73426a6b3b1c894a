//! Typed data as `eth_signTypedData_v4` takes it, for the structs that backends sign (EIP-712).

use super::steps::{Party, ToSign, Unreadable};
use alloy_primitives::Address;
use alloy_sol_types::{Eip712Domain, SolStruct};
use hallpass_policy::eip712::{End, Epoch, domain, replace_digest};
use hallpass_policy::labels::Labels;
use hallpass_policy::{Grant, json as form, typed_data};
use serde_json::{Map, Value, json};

/// A struct in a domain that has name, version, chain and contract; `message` is its JSON.
#[must_use]
pub fn of<T: SolStruct>(by: Party, what: &'static str, value: &T, domain: &Eip712Domain, message: &Value) -> ToSign {
    let typed = json!({
        "domain": {
            "name": domain.name,
            "version": domain.version,
            "chainId": domain.chain_id.and_then(|c| u64::try_from(c).ok()),
            "verifyingContract": domain.verifying_contract.map(|a| a.to_checksum(None)),
        },
        "primaryType": T::NAME,
        "types": types(&T::eip712_encode_type()),
        "message": message,
    });
    ToSign { by, what, typed, digest: value.eip712_signing_hash(domain) }
}

/// The owner's signature over the grant.
#[must_use]
pub fn grant(grant: &Grant) -> ToSign {
    ToSign { by: Party::Owner, what: "grant", typed: typed_data::of_grant(grant), digest: grant.message().digest() }
}

/// The owner's signature that puts `to` in the place of `from`.
#[must_use]
pub fn replace(from: &Grant, to: &Grant) -> ToSign {
    let id = from.id();
    ToSign {
        by: Party::Owner,
        what: "replace",
        typed: typed_data::of_replace(id, to),
        digest: replace_digest(id, to.message()),
    }
}

/// `End` in the Grant domain.
#[must_use]
pub fn end(grant: &Grant, by: Party) -> ToSign {
    let value = End { grant: grant.id() };
    of(by, "end", &value, &domain(grant.chain.get(), grant.backend), &json!({ "grant": value.grant }))
}

/// `Epoch` in the Grant domain.
#[must_use]
pub fn epoch(grant: &Grant, next: u64) -> ToSign {
    let value = Epoch { account: grant.account, next };
    let message = json!({ "account": checksum(grant.account), "next": next.to_string() });
    of(Party::Owner, "epoch", &value, &domain(grant.chain.get(), grant.backend), &message)
}

/// Reads the grant that an owner is asked to sign, by the typed data alone; `labels` are those that it names by hash.
///
/// # Errors
/// [`Unreadable`] where it is not the one form of a well-formed grant.
pub fn read_grant(typed: &Value, labels: &Labels) -> Result<Grant, Unreadable> {
    let bad = |says: String| Unreadable(format!("the grant: {says}"));
    let mut message = typed.get("message").cloned().ok_or_else(|| bad("there is no message".to_owned()))?;
    let rest =
        message.get_mut("rest").and_then(Value::as_object_mut).ok_or_else(|| bad("there is no rest".to_owned()))?;
    let labels = serde_json::to_value(labels).map_err(|e| bad(e.to_string()))?;
    rest.insert("labels".to_owned(), labels);
    let grant = form::parse_grant(&message.to_string()).map_err(|e| bad(e.to_string()))?;
    // Domain, types and the labels' hash are whatever this grant has: anything else was not made of it.
    if typed_data::of_grant(&grant) == *typed {
        Ok(grant)
    } else {
        Err(bad("its typed data is not its own".to_owned()))
    }
}

/// EIP-55.
#[must_use]
pub fn checksum(address: Address) -> String {
    address.to_checksum(None)
}

/// The `types` object of an EIP-712 `encodeType`, with the domain's own type.
fn types(encode_type: &str) -> Value {
    let fields = |members: &str| -> Value {
        let each = members.split(',').filter_map(|m| m.split_once(' '));
        each.map(|(ty, name)| json!({ "name": name, "type": ty })).collect()
    };
    let mut out = Map::new();
    let domain = "string name,string version,uint256 chainId,address verifyingContract";
    out.insert("EIP712Domain".to_owned(), fields(domain));
    for one in encode_type.split_terminator(')') {
        if let Some((name, members)) = one.split_once('(') {
            out.insert(name.to_owned(), fields(members));
        }
    }
    Value::Object(out)
}
