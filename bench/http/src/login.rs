//! A wallet's login, by its message.

use crate::processes::http;
use hallpass_auth::siwe::{DateTime, Message};
use hallpass_chain::wallet::{DevWallet, Manners};
use hallpass_types::{ChainId, UnixSeconds};
use serde_json::{Value, json};

/// The token of a plain login.
pub fn bearer(port: u16) -> String {
    let chain = ChainId::new(31_337).unwrap();
    let wallet = DevWallet::named("who-am-i", chain, Manners::Local).unwrap();
    let nonce = post(port, "/v1/login/nonce", "");
    let text = |key: &str| nonce[key].as_str().unwrap().to_owned();
    let message = Message::required(
        text("domain").parse().unwrap(),
        wallet.address(),
        text("uri").parse().unwrap(),
        chain,
        text("nonce").parse().unwrap(),
        DateTime::from_unix(UnixSeconds::new(nonce["now"].as_u64().unwrap()).unwrap()).unwrap(),
    )
    .to_string();
    let signature = wallet.sign_message(&message).unwrap().to_string();
    let login = post(port, "/v1/login", &json!({ "message": message, "signature": signature }).to_string());
    login["token"].as_str().unwrap_or_else(|| panic!("{login}")).to_owned()
}

fn post(port: u16, path: &str, body: &str) -> Value {
    let answer = http(port, &format!("POST {path}"), body).unwrap();
    serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap()
}
