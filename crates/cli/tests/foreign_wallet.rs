//! A wallet that is not ours (viem) through the whole command line: the login message, the grant's typed data, a pocket.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod common;

use common::people::{address_of, pay, pay_pass};
use common::{World, hallpass};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Output, Stdio};

const KEY: &str = "0x4646464646464646464646464646464646464646464646464646464646464646";

/// Has viem answer.
fn viem(what: &str, input: &str) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/js/wallet.mjs");
    let mut child =
        Command::new("node").args([script, what, KEY]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "viem does not answer: run `make tools`");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn good(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_from_login_to_revocation_with_a_wallet_that_only_signs() {
    let world = World::start("foreign-wallet").await;
    let state = world.folder.path().join("state");
    let config = world.server.config().to_owned();
    let command = |arguments: &[&str]| {
        let mut command = hallpass(&world.folder, &[&["--config", &config], arguments].concat());
        command.env("XDG_STATE_HOME", &state);
        command
    };

    // The message is printed, signed elsewhere, and its signature pasted.
    let address = viem("address", "");
    let mut login = command(&["login", "--address", &address]);
    let mut login = login.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(login.stdout.take().unwrap()).lines();
    let mut message = Vec::new();
    while message.last().is_none_or(|line: &String| !line.starts_with("Issued At: ")) {
        message.push(lines.next().unwrap().unwrap());
    }
    let signature = viem("message", &message.join("\n"));
    writeln!(login.stdin.take().unwrap(), "{signature}").unwrap();
    assert!(login.wait().unwrap().success());

    let (token, shop) = (world.chain.token, address_of("shop"));
    world.folder.write("pass.toml", &pay_pass(token, shop, 10));
    let file = world.folder.path().join("pass.toml");
    let asked =
        good(&command(&["--json", "grant", "request", file.to_str().unwrap(), "--pocket", "0"]).output().unwrap());
    let asked: Value = serde_json::from_str(&asked).unwrap();
    let session = asked["session"]["id"].as_str().unwrap();
    let account = asked["session"]["account"].as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap();
    world.chain.give_tokens(account, 4).await;

    let typed = good(&command(&["grant", "typed-data", session]).output().unwrap());
    let wrong = viem("message", &typed);
    let refused = command(&["grant", "approve", session, "--signature", &wrong]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let signature = viem("typed", &typed);
    good(&command(&["grant", "approve", session, "--signature", &signature]).output().unwrap());

    world.folder.write("pay.json", &pay(token, shop, 4).to_string());
    let action = world.folder.path().join("pay.json");
    good(&command(&["session", "execute", session, action.to_str().unwrap()]).output().unwrap());
    assert_eq!(world.chain.tokens_of(shop).await, 4);
    good(&command(&["session", "revoke", session]).output().unwrap());
    let after = command(&["session", "execute", session, action.to_str().unwrap()]).output().unwrap();
    assert_eq!(after.status.code(), Some(1), "{}", String::from_utf8_lossy(&after.stderr));
}
