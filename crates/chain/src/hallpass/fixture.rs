//! A complete grant for tests: a game's move, and native value.

use crate::backend::Backend;
use alloy_primitives::Address;
use hallpass_policy::grant::{Gas, Routes, SessionKey};
use hallpass_policy::{Fill, Grant, text};
use hallpass_types::UnixSeconds;

/// When it begins.
pub fn start() -> UnixSeconds {
    UnixSeconds::new(1_800_000_000).unwrap()
}

/// Two rules, each with a meter, for `backend`, in epoch 3.
pub fn grant(backend: &impl Backend, relayer: Address) -> Grant {
    let text = r#"
        chain = "eip155:31337"
        lasts = "1h"
        [[allow]]
        call = "0x1000000000000000000000000000000000000001"
        function = "move(uint256 hero, uint8 direction)"
        at_most = "5 per 1m"
        [[allow]]
        call = "0x2000000000000000000000000000000000000002"
        value = "<= 1 ETH"
        spend = "value <= 2 ETH"
    "#;
    let fill = Fill {
        account: Some(Address::repeat_byte(0xaa)),
        backend: Some(backend.contract()),
        epoch: Some(3),
        salt: Some([7; 16]),
        key: Some(SessionKey::Secp256k1(Address::repeat_byte(0xbb))),
        at: Some(start()),
        routes: Some(Routes::DIRECT),
        relayer: Some(relayer),
        gas: Some(Gas { units_per_op: 100_000, ..Gas::default() }),
        ender: Some(Address::ZERO),
    };
    text::parse(text).unwrap().complete(&fill).unwrap()
}
