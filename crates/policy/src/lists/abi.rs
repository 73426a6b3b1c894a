//! Contract ABIs in JSON, as compilers write them (Contract ABI Specification, "JSON").

use super::source::{HARMLESS_NAME, MAX_NAME, Place, Read, SourceError, is_harmless, parse};
use super::{Contract, Entries, Function};
use crate::abi::{Function as Signature, Named};
use hallpass_types::AccountId;
use std::collections::BTreeMap;

/// Reads the functions of the contract at `account`, which the operator calls `name`: from an ABI, or from a compiler's
/// artifact that has one as `abi`.
///
/// # Errors
/// [`SourceError`] with the path of the first entry that does not fit.
pub fn read(text: &str, account: AccountId, name: &str) -> Read<Entries> {
    if !is_harmless(name, MAX_NAME) {
        return Err(SourceError::Bad { at: "name".to_owned(), says: format!("expected {HARMLESS_NAME}") });
    }
    let json = parse(text)?;
    let top = Place::top(&json);
    let abi = if top.is_list() { top } else { top.need("abi")? };
    let contract = Contract { name: name.to_owned(), token: None, functions: functions(&abi)? };
    Ok(Entries::from([((account.chain, account.address), contract)]))
}

/// The functions of an ABI, by canonical signature.
pub(super) fn functions(abi: &Place<'_>) -> Read<BTreeMap<String, Function>> {
    let mut functions = BTreeMap::new();
    for entry in abi.list()? {
        let kind = match entry.member("type")? {
            // "type can be omitted, defaulting to "function""
            None => "function",
            Some(kind) => match kind.text()? {
                known @ ("function" | "constructor" | "receive" | "fallback" | "event" | "error") => known,
                _ => return Err(kind.bad("is no kind of an ABI's entries")),
            },
        };
        if kind != "function" {
            continue;
        }
        let (signature, names) = function(&entry)?;
        let function = Function { intent: None, names };
        if functions.get(&signature).is_some_and(|before| *before != function) {
            return Err(entry.bad(format!("`{signature}` stands twice, with other argument names")));
        }
        functions.insert(signature, function);
    }
    Ok(functions)
}

fn function(entry: &Place<'_>) -> Read<(String, Vec<Named>)> {
    let name = entry.need("name")?.text()?;
    let (types, names) = arguments(&entry.need("inputs")?)?;
    let text = format!("{name}({})", types.join(","));
    match Signature::parse(&text) {
        // Spaces before a name would be passed over.
        Ok(function) if function.name == name => Ok((function.canonical(), names)),
        Ok(_) => Err(entry.need("name")?.bad("is no function's name")),
        Err(e) => Err(entry.bad(format!("`{text}`: {e}"))),
    }
}

/// The types and names of arguments, or of a tuple's members.
fn arguments(list: &Place<'_>) -> Read<(Vec<String>, Vec<Named>)> {
    let read = list.list()?.iter().map(argument).collect::<Read<Vec<_>>>()?;
    Ok(read.into_iter().unzip())
}

fn argument(place: &Place<'_>) -> Read<(String, Named)> {
    let name = match place.member("name")? {
        Some(name) if !name.text()?.is_empty() => name.name()?,
        _ => String::new(),
    };
    let ty = place.need("type")?;
    let text = ty.text()?;
    // Nothing else than one type, whatever stands beside it.
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'[' | b']')) {
        return Err(ty.bad("is no type"));
    }
    let Some(arrays) = text.strip_prefix("tuple") else {
        return Ok((text.to_owned(), Named { name, members: Vec::new() }));
    };
    let (types, members) = arguments(&place.need("components")?)?;
    Ok((format!("({}){arrays}", types.join(",")), Named { name, members }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> AccountId {
        "eip155:1:0x1111111254EEB25477B68fb85Ed929f73A960582".parse().unwrap()
    }

    fn read_functions(text: &str) -> Read<BTreeMap<String, Function>> {
        read(text, account(), "Router").map(|entries| entries.into_values().next().unwrap().functions)
    }

    const SWAP: &str = r#"{"type": "function", "name": "swap", "stateMutability": "payable", "outputs": [], "inputs": [
        {"name": "executor", "type": "address", "internalType": "contract IExecutor", "components": null},
        {"name": "orders", "type": "tuple[2][]", "components": [
            {"name": "maker", "type": "address"},
            {"name": "", "type": "tuple", "components": [{"name": "side", "type": "uint8"}, {"type": "bytes"}]}]},
        {"name": "", "type": "bytes32[]"}]}"#;

    #[test]
    fn tuples_become_canonical_signatures_with_names() {
        let abi = format!(
            r#"[{{"type": "constructor", "inputs": []}}, {{"type": "event", "name": "E", "inputs": []}}, {SWAP},
                {{"name": "old", "inputs": []}}, {{"type": "receive"}}, {{"type": "error", "name": "x", "inputs": []}}]"#
        );
        let functions = read_functions(&abi).unwrap();
        let signature = "swap(address,(address,(uint8,bytes))[2][],bytes32[])";
        assert_eq!(functions.keys().collect::<Vec<_>>(), ["old()", signature]);
        let written = "swap(address executor, (address maker, (uint8 side, bytes))[2][] orders, bytes32[])";
        assert_eq!(functions[signature].names, Signature::parse(written).unwrap().names);
        let artifact = format!(r#"{{"contractName": "Router", "abi": {abi}, "bytecode": "0x"}}"#);
        assert_eq!(read_functions(&artifact), Ok(functions));
    }

    #[test]
    fn a_bad_entry_is_an_error_that_says_where() {
        for (from, to, says) in [
            ("\"swap\"", "\"swap(\"", "[1]: `swap((address,(address,(uint8,bytes))[2][],bytes32[])`: expected"),
            ("\"swap\"", "\" swap\"", "[1].name: is no function's name"),
            ("\"executor\"", "\"to\\u202e\"", "[1].inputs[0].name: expected 1 to 128 letters"),
            (
                "\"side\"",
                "\"a \\\"b\\\"\"",
                "[1].inputs[1].components[1].components[0].name: expected 1 to 128 letters",
            ),
            ("\"uint8\"", "\"uint8,bool\"", "[1].inputs[1].components[1].components[0].type: is no type"),
            ("\"uint8\"", "\"uint\"", "[1]: `swap(address,(address,(uint,bytes))[2][],bytes32[])`: expected a type"),
            ("\"components\": [\n", "\"parts\": [\n", "[1].inputs[1].components: is missing"),
            ("\"inputs\"", "\"outputs2\"", "[1].inputs: is missing"),
            ("\"function\"", "\"method\"", "[1].type: is no kind of an ABI's entries"),
        ] {
            let bad = SWAP.replacen(from, to, 1);
            assert_ne!(bad, SWAP, "{from}");
            let error = read_functions(&format!(r#"[{{"type": "receive"}}, {bad}]"#)).unwrap_err().to_string();
            assert!(error.starts_with(says), "{error}");
        }
        let renamed = SWAP.replace("executor", "caller");
        let error = read_functions(&format!("[{SWAP}, {renamed}]")).unwrap_err().to_string();
        assert!(error.ends_with("stands twice, with other argument names"), "{error}");
        assert_eq!(read_functions("{}").unwrap_err().to_string(), "abi: is missing");
        assert!(
            read("[]", account(), "Rou\u{200b}ter").unwrap_err().to_string().starts_with("name: expected 1 to 128")
        );
    }
}
