//! PROPERTY: a message that reads has a canonical `encodeType`, a canonical domain and, by an encoder of its own, a canonical
//! encoding of its members; written as JSON from what that decodes to, it reads again as the same message.

#![no_main]

use hallpass_fuzz::abi::{members, read, write};
use hallpass_fuzz::planted;
use hallpass_policy::abi::Decoded;
use hallpass_policy::message::{Domain, Message, StructType, is_forbidden, read::message};
use serde_json::{Value, json};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(given) = serde_json::from_str::<Value>(text) else { return };
    match message(&given) {
        Ok(read) => holds(&given, &read),
        Err(e) => planted(e.says.as_bytes()),
    }
});

fn holds(given: &Value, read_as: &Message) {
    let Message { domain, ty, data } = read_as;
    assert_eq!(StructType::parse(&ty.text).as_ref(), Ok(ty), "one encodeType");
    assert_eq!(Domain::parse_canonical(&domain.canonical()).as_ref(), Some(domain), "one domain");
    assert!(Decoded::new(&ty.types, data).is_some(), "our decoder accepts our encoder's bytes");
    let values = read(&ty.types, data).expect("so does the lenient one");
    assert_eq!(&write(&ty.types, &values), data, "and these are canonical");
    let written = json!({
        "types": given["types"], "primaryType": ty.primary(),
        "domain": serde_json::from_str::<Value>(&domain.canonical()).expect("a domain is JSON"),
        "message": members(&ty.types, &ty.names, &values),
    });
    assert_eq!(message(&written).as_ref(), Ok(read_as), "{written}");
    let _ = is_forbidden(domain, ty.primary(), [0xac; 20].into(), [0xbe; 20].into());
    planted(domain.name.as_deref().unwrap_or("").as_bytes());
}
