//! Grants of many rules, and calls for the last of them.

use alloy_primitives::{Address, Bytes, U256};
use hallpass_policy::abi::Word;
use hallpass_policy::grant::{CallRule, Condition, Grant, Path, Test};
use hallpass_policy::labels::Labels;
use hallpass_policy::{Action, Batch, Call};

/// The numbers of rules; the last is the most that a grant may have.
pub const COUNTS: [u16; 3] = [10, 100, 1_000];

fn nth(kind: u8, n: u16) -> Address {
    let mut address = Address::repeat_byte(kind);
    address[18..].copy_from_slice(&n.to_be_bytes());
    address
}

/// `count` rules for `transfer`, each for one recipient: of one token, or each of its own.
#[must_use]
pub fn grant(count: u16, one_target: bool) -> Grant {
    let mut grant = crate::grant(crate::six::TEXT);
    let transfer = grant.calls[1].clone();
    // They name the arguments of the six rules.
    grant.rest.labels = Labels::default();
    grant.calls = (0..count)
        .map(|n| {
            let recipient = Condition { path: Path::argument(0), test: Test::Eq(Word::from_address(nth(0x20, n))) };
            let conditions = vec![recipient, transfer.conditions[1].clone()];
            CallRule { target: nth(0x30, if one_target { 0 } else { n }), conditions, ..transfer.clone() }
        })
        .collect();
    grant.check().unwrap();
    grant
}

/// A transfer to the recipient of rule `n`, under the token of rule `target`.
#[must_use]
pub fn pay(target: u16, n: u16) -> Action {
    let mut data = vec![0xa9, 0x05, 0x9c, 0xbb];
    data.extend(nth(0x20, n).into_word());
    data.extend(U256::from(5).to_be_bytes::<32>());
    let call = Call { to: nth(0x30, target), value: U256::ZERO, data: Bytes::from(data) };
    Action::Calls(Batch { chain: crate::at().chain, calls: vec![call] })
}
