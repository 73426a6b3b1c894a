//! What a transaction has to come to, and how a denial is put.

use crate::bench::{Bench, TO};
use crate::subject::Route;
use crate::userop::IEntryPoint;
use crate::world::{Outcome, Tx};
use alloy_primitives::{U256, hex, keccak256};
use alloy_sol_types::{SolError, SolEvent, SolValue};
use hallpass_chain::contracts::error_code;

impl Bench {
    /// It executes, and moves `amount`.
    #[track_caller]
    pub fn done(&mut self, tx: &Tx, amount: u64) {
        let before = self.world.balance(TO);
        if let Err(word) = self.sent(tx) {
            panic!("{}: denied: {word}", self.at());
        }
        assert_eq!(self.world.balance(TO) - before, U256::from(amount), "{}: what moved", self.at());
    }

    /// It is denied, and moves nothing: in our contracts by `code`, where they are the ones who judge.
    #[track_caller]
    pub fn denied(&mut self, tx: &Tx, code: &str) {
        let before = self.world.balance(TO);
        let Err(word) = self.sent(tx) else { panic!("{}: executed, not {code}", self.at()) };
        assert_eq!(self.world.balance(TO), before, "{}: something moved", self.at());
        let by_entry_point = self.route == Route::EntryPoint && (word.starts_with("AA") || word == "failed");
        assert!(word == code || by_entry_point || self.is_7710(), "{}: {word}, not {code}", self.at());
        self.words.push(word);
    }

    /// Sends; where nothing is executed, how that was put.
    pub fn sent(&mut self, tx: &Tx) -> Result<(), String> {
        match self.world.send(tx) {
            Outcome::OutOfGas => Err("out_of_gas".to_owned()),
            Outcome::Reverted(output) => Err(word(&output)),
            Outcome::Done(logs) => {
                let events = logs.iter().filter_map(|log| IEntryPoint::UserOperationEvent::decode_log(log).ok());
                if events.into_iter().any(|e| !e.success) { Err("failed".to_owned()) } else { Ok(()) }
            }
        }
    }
}

/// How a revert is put: our code, the EntryPoint's number, the framework's text or error.
fn word(output: &[u8]) -> String {
    if let Ok(failed) = IEntryPoint::FailedOpWithRevert::abi_decode(output) {
        return match word(&failed.inner).as_str() {
            "" => failed.reason[..4].to_owned(),
            inner => inner.to_owned(),
        };
    }
    if let Ok(failed) = IEntryPoint::FailedOp::abi_decode(output) {
        return failed.reason[..4].to_owned();
    }
    if let Some(text) = output.strip_prefix(&hex!("08c379a0")) {
        return String::abi_decode(text).unwrap_or_default();
    }
    const NAMES: [&str; 11] = [
        "ECDSAInvalidSignature()",
        "ECDSAInvalidSignatureS(bytes32)",
        "InvalidEOASignature()",
        "InvalidERC1271Signature()",
        "CannotUseADisabledDelegation()",
        "InvalidAuthority()",
        "InvalidDelegate()",
        "EmptySignature()",
        "NotDelegationManager()",
        "UnsupportedCallType(bytes1)",
        "CallTypeNotSupported(bytes1)",
    ];
    let named = NAMES.iter().find(|name| output.starts_with(&keccak256(name)[..4]));
    match (named, error_code(output)) {
        (Some(name), _) => (*name).to_owned(),
        (None, "reverted") if output.is_empty() => String::new(),
        (None, "reverted") => format!("0x{}", hex::encode(&output[..output.len().min(4)])),
        (None, code) => code.to_owned(),
    }
}
