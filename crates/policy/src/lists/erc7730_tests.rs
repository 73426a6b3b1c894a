use super::*;
use crate::abi::Named;
use crate::lists::Function;
use hallpass_types::AccountId;

const TOKEN: &str = r##"{
  "$schema": "../../specs/erc7730-v1.schema.json",
  "context": {"$id": "Tether USD", "contract": {
    "deployments": [
      {"chainId": 1, "address": "0xdAC17F958D2ee523a2206206994597C13D831ec7"},
      {"chainId": 42161, "address": "0xfd086bc7cd5c481dcc9c85ebe478a1c0b69fcbb9"},
      {"chainId": 1, "address": "0xdAC17F958D2ee523a2206206994597C13D831ec7"}],
    "abi": [
      {"type": "function", "name": "approve", "inputs": [{"name": "_spender", "type": "address"}, {"name": "_value", "type": "uint256"}]},
      {"type": "function", "name": "mint", "inputs": [{"name": "to", "type": "address"}]}],
    "addressMatcher": null}},
  "metadata": {"owner": "Tether", "info": {"url": "https://x.example"}, "token": {"name": "Tether USD", "ticker": "USDT", "decimals": 6}},
  "display": {"formats": {
    "transfer(address _to,uint256 _value)": {"$id": "t", "intent": "Send", "required": ["_to"], "fields": [
      {"path": "#._to", "label": "To", "format": "addressName"},
      {"path": "_value", "label": "Amount", "format": "tokenAmount", "params": {"tokenPath": "@.to"}},
      {"path": "@.from", "label": "From"},
      {"path": "$.metadata.owner", "label": "\u202e"},
      {"value": "7", "label": "Seven"}]},
    "0x095EA7B3": {"intent": {"Who": "another contract", "Action": "Approve"}, "fields": [{"path": "_spender", "label": "Spender"}]},
    "pause()": {"intent": null, "fields": []}}}}"##;

const ROUTER: &str = r##"{
  "context": {"$id": "RouterV5", "contract": {"deployments": [{"chainId": 1, "address": "0x1111111254EEB25477B68fb85Ed929f73A960582"}]}},
  "metadata": {"owner": "1inch"},
  "display": {
    "definitions": {"amount": {"label": "Amount to send", "format": "tokenAmount"}, "bare": {"format": "raw"}},
    "formats": {
      "swap(address executor, tuple(address token, (uint256 amount, uint8)[] parts) memory desc, bytes calldata data)": {
        "intent": "Swap", "interpolatedIntent": "Swap {desc.token}", "fields": [
          {"path": "desc.token", "$ref": "$.display.definitions.amount"},
          {"path": "desc.token", "label": "Shown once more"},
          {"path": "executor", "$ref": "$.display.definitions.bare"},
          {"path": "desc.parts.[].amount", "label": "Part"},
          {"path": "data.[0:20]", "label": "Head"},
          {"path": "desc", "label": "Terms", "fields": [
            {"path": "parts", "label": "Parts", "fields": [{"path": "amount", "label": "Least"}, {"path": "#.data", "label": "Extra"}]},
            {"path": "[0]", "label": "First", "fields": [{"path": "nowhere", "label": "x"}]}]}]}}}}"##;

fn of<'e>(entries: &'e Entries, account: &str) -> &'e Contract {
    let account: AccountId = account.parse().unwrap();
    &entries[&(account.chain, account.address)]
}

fn names(function: &Function) -> Vec<String> {
    Named::flatten(&function.names)
}

/// Replaces and reads.
fn error(text: &str, from: &str, to: &str) -> String {
    let bad = text.replacen(from, to, 1);
    assert_ne!(bad, text, "{from}");
    read(&bad, None).unwrap_err().to_string()
}

#[test]
fn a_tokens_descriptor_gives_its_name_symbol_functions_intents_and_labels() {
    let entries = read(TOKEN, None).unwrap();
    assert_eq!(entries.len(), 2, "the same deployment twice is the same");
    let contract = of(&entries, "eip155:42161:0xfd086bc7cd5c481dcc9c85ebe478a1c0b69fcbb9");
    assert_eq!(contract, of(&entries, "eip155:1:0xdAC17F958D2ee523a2206206994597C13D831ec7"));
    assert_eq!(contract.name, "Tether USD");
    assert_eq!(contract.token, Some(Token { symbol: "USDT".into(), decimals: 6 }));
    let functions = &contract.functions;
    assert_eq!(functions.len(), 4);
    assert_eq!(functions["transfer(address,uint256)"].intent.as_deref(), Some("Send"));
    assert_eq!(names(&functions["transfer(address,uint256)"]), ["To", "Amount"]);
    let approve = &functions["approve(address,uint256)"];
    assert_eq!(approve.intent.as_deref(), Some("Approve, another contract"), "in the order of the members' names");
    assert_eq!(names(approve), ["Spender", "_value"]);
    assert_eq!((&functions["mint(address)"].intent, names(&functions["mint(address)"])), (&None, vec!["to".into()]));
    assert_eq!(functions["pause()"], Function::default());
    assert_eq!(
        of(&read(TOKEN, Some("Dollars")).unwrap(), "eip155:1:0xdAC17F958D2ee523a2206206994597C13D831ec7").name,
        "Dollars"
    );
}

#[test]
fn labels_reach_members_of_tuples_and_leave_out_what_is_no_argument() {
    let entries = read(ROUTER, None).unwrap();
    let contract = of(&entries, "eip155:1:0x1111111254EEB25477B68fb85Ed929f73A960582");
    assert_eq!((contract.name.as_str(), &contract.token), ("1inch RouterV5", &None));
    let swap = &contract.functions["swap(address,(address,(uint256,uint8)[]),bytes)"];
    assert_eq!(swap.intent.as_deref(), Some("Swap"));
    assert_eq!(names(swap), ["executor", "Terms", "Amount to send", "Parts", "Least", "", "Extra"]);
}

#[test]
fn a_contract_is_called_by_its_owner_and_its_own_name() {
    let name = |metadata: &str, id: &str| {
        let deployments = r#"[{"chainId": 1, "address": "0x1111111254eeb25477b68fb85ed929f73a960582"}]"#;
        let text =
            format!(r#"{{"context": {{{id}"contract": {{"deployments": {deployments}}}}}, "metadata": {metadata}}}"#);
        read(&text, None).map(|e| e.into_values().next().unwrap().name).map_err(|e| e.to_string())
    };
    let id = r#""$id": "PoolInstance", "#;
    assert_eq!(name(r#"{"owner": "Aave"}"#, id), Ok("Aave PoolInstance".into()));
    assert_eq!(name(r#"{"owner": "Aave", "contractName": "Pool"}"#, id), Ok("Aave Pool".into()));
    assert_eq!(name(r#"{"owner": "Aave", "contractName": "Aave Pool"}"#, id), Ok("Aave Pool".into()));
    assert_eq!(name(r#"{"owner": "Aave"}"#, ""), Ok("Aave".into()));
    assert_eq!(name("{}", id), Ok("PoolInstance".into()));
    assert!(name("null", "").unwrap_err().starts_with("context: nothing names the contract"));
    let long = format!(r#"{{"owner": "{}"}}"#, "a".repeat(120));
    assert!(name(&long, id).unwrap_err().starts_with("context: owner and contract name together"));
}

#[test]
fn nothing_is_fetched() {
    let abi = r#""deployments": ["#;
    let with = r#""abi": "https://api.example/abi", "deployments": ["#;
    assert!(error(ROUTER, abi, with).starts_with("context.contract.abi: a URL is not fetched"));
    assert!(
        error(ROUTER, "{\n", "{\"includes\": \"common.json\",\n").starts_with("includes: another file is not fetched")
    );
}

#[test]
fn a_descriptor_of_messages_has_no_entries() {
    let text = r#"{"context": {"eip712": {"deployments": [{"chainId": 1, "address": "0x00"}]}}, "display": {"formats": {"Permit(x)": {}}}}"#;
    assert_eq!(read(text, None), Ok(Entries::new()));
    assert_eq!(
        read(r#"{"context": {}}"#, None).unwrap_err().to_string(),
        "context: has neither `contract` nor `eip712`"
    );
}

#[test]
fn a_bad_entry_is_an_error_that_says_where() {
    let transfer = "display.formats[\"transfer(address _to,uint256 _value)\"]";
    for (from, to, says) in [
        ("\"USDT\"", "\"USD\\u200bT\"", "metadata.token.ticker: expected 1 to 32 letters".to_owned()),
        ("\"ticker\"", "\"symbol\"", "metadata.token.ticker: is missing".to_owned()),
        ("\"Tether USD\", \"ticker\"", "\"\", \"ticker\"", "metadata.token.name: expected 1 to 128 letters".to_owned()),
        ("42161", "0", "context.contract.deployments[1].chainId: expected a chain's number".to_owned()),
        (
            "0xfd086",
            "0xFd086",
            "context.contract.deployments[1].address: expected an address (the address's EIP-55".to_owned(),
        ),
        ("\"Send\"", "\"Send \\\"all\\\"\"", format!("{transfer}.intent: expected 1 to 128 letters")),
        ("\"Send\"", "{}", format!("{transfer}.intent: is empty, or longer")),
        ("\"Send\"", "{\"a\": 1}", format!("{transfer}.intent.a: expected a string, found 1")),
        ("\"To\"", "\"\\u202eTo\"", format!("{transfer}.fields[0].label: expected 1 to 128 letters")),
        (
            "#._to",
            "#._too",
            format!("{transfer}.fields[0].path: no argument of `transfer(address,uint256)` is called `_too`"),
        ),
        (
            "#._to\", \"label\": \"To\"",
            "#._to\", \"$ref\": \"$.display.definitions.x\"",
            format!("{transfer}.fields[0].$ref: leads to no"),
        ),
        (
            "uint256 _value)",
            "uint _value)",
            "display.formats[\"transfer(address _to,uint _value)\"]: the key is no function's".to_owned(),
        ),
        ("0x095EA7B3", "0x095ea7b4", "display.formats.0x095ea7b4: no function of `context.contract.abi`".to_owned()),
        ("0x095EA7B3", "approve(address _spender,uint256)", String::new()),
        (
            "pause()",
            "transfer(address,uint256)",
            "display.formats[\"transfer(address,uint256)\"]: `transfer(address,uint256)` stands twice".to_owned(),
        ),
        (
            "pause()",
            "transfer(address _to,uint256 _value)",
            "no JSON as it should be: `transfer(address _to,uint256 _value)` stands twice".to_owned(),
        ),
        ("\"deployments\"", "\"places\"", "context.contract.deployments: is missing".to_owned()),
        ("\"uint256\"}]}", "\"uint25\"}]}", "context.contract.abi[0]: `approve(address,uint25)`".to_owned()),
    ] {
        if says.is_empty() {
            assert!(read(&TOKEN.replacen(from, to, 1), None).is_ok(), "{to}");
        } else {
            assert!(error(TOKEN, from, to).starts_with(&says), "{}", error(TOKEN, from, to));
        }
    }
    assert!(read(TOKEN, Some("\u{200b}")).unwrap_err().to_string().starts_with("name: expected 1 to 128 letters"));
    let empty = r#"{"context": {"$id": "x", "contract": {"deployments": []}}}"#;
    assert_eq!(read(empty, None).unwrap_err().to_string(), "context.contract.deployments: names no contract");
}
