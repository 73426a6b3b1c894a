//! The vectors that come with the oracle (`test-vectors/`, shared by its authors' libraries): read from its package.

use crate::classes::{self, Class};
use hallpass_auth::siwe::Message;
use iri_string::types::UriStr;
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

/// Where cargo keeps the oracle's package.
fn folder() -> PathBuf {
    let command = ["metadata", "--format-version", "1", "--locked", "--offline"];
    let output = Command::new(env!("CARGO")).args(command).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let oracle = packages.iter().find(|package| package["name"] == "signinwithethereum").unwrap();
    PathBuf::from(oracle["manifest_path"].as_str().unwrap()).with_file_name("test-vectors").join("vectors")
}

/// Each vector of a file, by name.
fn vectors(file: &str) -> Vec<(String, Value)> {
    let text = std::fs::read_to_string(folder().join(file)).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    all.as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The fields by their names; null where absent.
fn fields(m: &Message) -> Value {
    let text = |t: &dyn ToString| Value::from(t.to_string());
    serde_json::json!({
        "scheme": m.scheme.as_ref().map(|v| text(v)),
        "domain": m.domain.as_str(),
        "address": m.address.to_checksum(None),
        "statement": m.statement.as_ref().map(|v| text(v)),
        "uri": m.uri.as_str(),
        "version": "1",
        "chainId": m.chain_id.get(),
        "nonce": m.nonce.as_str(),
        "issuedAt": m.issued_at.as_str(),
        "expirationTime": m.expiration_time.as_ref().map(|v| text(v)),
        "notBefore": m.not_before.as_ref().map(|v| text(v)),
        "requestId": m.request_id.as_ref().map(|v| text(v)),
        "resources": m.resources.as_ref().map(|list| list.iter().map(|v| text(v)).collect::<Vec<_>>()),
    })
}

#[test]
fn what_they_read_is_read_as_they_read_it() {
    let all = vectors("parsing/parsing_positive.json");
    assert!(all.len() >= 20, "{}", all.len());
    for (name, vector) in all {
        let text = vector["message"].as_str().unwrap();
        let message: Message = text.parse().unwrap_or_else(|e| panic!("{name}: {e}"));
        let ours = fields(&message);
        for (field, theirs) in vector["fields"].as_object().unwrap() {
            assert_eq!(&ours[field], theirs, "{name}: {field}");
        }
        assert_eq!(message.to_string(), text, "{name}");
    }
}

#[test]
fn what_they_refuse_is_refused() {
    let files = ["parsing/parsing_negative.json", "grammar/invalid_uris.json", "grammar/invalid_resources.json"];
    for file in files {
        let all = vectors(file);
        assert!(all.len() >= 3, "{file}");
        for (name, vector) in all {
            let text = vector.as_str().or_else(|| vector["msg"].as_str()).unwrap_or_else(|| panic!("{name}: {vector}"));
            assert!(text.parse::<Message>().is_err(), "{file}: {name}");
        }
    }
}

#[test]
fn what_they_only_warn_of_is_refused() {
    for (name, vector) in vectors("parsing/parsing_warnings.json") {
        let text = vector["message"].as_str().unwrap_or_else(|| panic!("{name}: {vector}"));
        let refused = text.parse::<Message>().unwrap_err();
        assert_eq!(classes::we_refuse(text, refused), Some(Class::AddressCase), "{name}");
    }
}

#[test]
fn the_grammar_s_edges_are_read() {
    let mut refused = Vec::new();
    for file in ["grammar/valid_uris.json", "grammar/valid_resources.json", "grammar/valid_specification.json"] {
        let all = vectors(file);
        assert!(all.len() >= 3, "{file}");
        for (name, vector) in all {
            let text = vector["msg"].as_str().unwrap_or_else(|| panic!("{name}: {vector}"));
            // RFC 3986: `dec-octet` has no leading zeros; another reader of it agrees, the vectors do not.
            let uri = text.split('\n').find_map(|line| line.strip_prefix("URI: ")).unwrap();
            if UriStr::new(uri).is_err() {
                assert!(text.parse::<Message>().is_err(), "{name}");
                refused.push(uri.to_owned());
                continue;
            }
            let message: Message = text.parse().unwrap_or_else(|e| panic!("{file}: {name}: {e}\n{text}"));
            assert_eq!(message.to_string(), text, "{file}: {name}");
            let ours = fields(&message);
            for (field, theirs) in vector["items"].as_object().into_iter().flatten() {
                let theirs = if field == "resources" && theirs.is_null() { &Value::Null } else { theirs };
                assert_eq!(&ours[field], theirs, "{file}: {name}: {field}");
            }
        }
    }
    assert_eq!(refused, ["uri://[::000.000.010.001]", "uri://[::001.099.200.255]"]);
}
