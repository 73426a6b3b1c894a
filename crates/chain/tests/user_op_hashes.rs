//! The hash of a user operation is the EntryPoint's: ours against viem's, which shares no code with it, for 0.7 and 0.8.
//!
//! Node and `contracts/node_modules` must be there. That the real EntryPoint 0.8 says the same is shown in
//! `crates/cli/tests/entrypoint.rs`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used, reason = "a test")]

#[path = "differential/rng.rs"]
#[allow(dead_code, reason = "made for another test")]
mod rng;

use alloy_primitives::{Address, B256, Bytes, U256};
use hallpass_policy::EntryPoint;
use hallpass_policy::userop::PackedUserOperation;
use rng::Rng;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// Zero, all ones, or anything of 120 bits.
fn figure(rng: &mut Rng) -> u128 {
    let max = u128::MAX >> 8;
    match rng.below(4) {
        0 => 0,
        1 => max,
        _ => u128::from_be_bytes(rng.bytes()) & max,
    }
}

fn bytes(rng: &mut Rng) -> Bytes {
    (0..rng.pick(&[0, 1, 31, 32, 33, 200])).map(|_| rng.word() as u8).collect()
}

fn pair(high: u128, low: u128) -> B256 {
    B256::from(U256::from(high) << 128_usize | U256::from(low))
}

/// An operation, and the same as viem takes it.
fn operation(rng: &mut Rng) -> (PackedUserOperation, Value) {
    let figures: [u128; 7] = core::array::from_fn(|_| figure(rng));
    let [call, verification, before, most, priority, paymaster_verification, post_op] = figures;
    let (sender, nonce) = (Address::from(rng.bytes::<20>()), U256::from_be_bytes(rng.bytes::<32>()));
    let call_data = bytes(rng);
    let mut value = json!({
        "sender": sender.to_checksum(None), "nonce": nonce.to_string(), "callData": call_data,
        "callGasLimit": call.to_string(), "verificationGasLimit": verification.to_string(),
        "preVerificationGas": before.to_string(), "maxFeePerGas": most.to_string(),
        "maxPriorityFeePerGas": priority.to_string(), "signature": "0x",
    });
    let mut paymaster = Bytes::new();
    if rng.chance(50) {
        let (address, data) = (Address::from(rng.bytes::<20>()), bytes(rng));
        paymaster = [address.as_slice(), pair(paymaster_verification, post_op).as_slice(), &data].concat().into();
        value["paymaster"] = json!(address.to_checksum(None));
        value["paymasterVerificationGasLimit"] = json!(paymaster_verification.to_string());
        value["paymasterPostOpGasLimit"] = json!(post_op.to_string());
        value["paymasterData"] = json!(data);
    }
    let op = PackedUserOperation {
        sender,
        nonce,
        initCode: Bytes::new(),
        callData: call_data,
        accountGasLimits: pair(verification, call),
        preVerificationGas: U256::from(before),
        gasFees: pair(priority, most),
        paymasterAndData: paymaster,
    };
    (op, value)
}

#[test]
fn the_hash_is_viem_s_at_both_entry_points() {
    let mut rng = Rng::new(1, 1);
    let (mut ours, mut asked) = (Vec::new(), Vec::new());
    for _ in 0..64 {
        let (op, value) = operation(&mut rng);
        for entry_point in EntryPoint::ALL {
            let chain = 1 + rng.below(1 << 40);
            ours.push(op.hash(entry_point, chain));
            let address = entry_point.address().to_checksum(None);
            asked.push(json!({ "version": entry_point.as_str(), "address": address, "chain": chain, "op": value }));
        }
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("user-op-hashes.json");
    std::fs::write(&file, Value::from(asked).to_string()).unwrap();
    let run = Command::new("node").arg(here.join("tests/js/user-op-hashes.mjs")).arg(&file).output();
    let run = run.expect("`node` does not start: install Node.js 22 or later");
    assert!(run.status.success(), "viem refused: {}", String::from_utf8_lossy(&run.stderr));
    let viem: Vec<B256> = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(viem.len(), 128);
    assert_eq!(ours, viem);
}
