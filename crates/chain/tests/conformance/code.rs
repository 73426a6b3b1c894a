//! Small contracts, as bytecode.

use alloy_primitives::{Address, Bytes, hex};

/// Takes whatever it is sent.
pub const STOP: [u8; 1] = [0x00];

/// Reverts with `0xdeadbeef` while its slot 0 is zero; then takes whatever it is sent.
pub const SWITCH: [u8; 18] = hex!("5f54601157" "63deadbeef5f52" "6004601c" "fd" "5b");

/// Loops while its slot 0 is zero; then takes whatever it is sent.
pub const BURNS: [u8; 10] = hex!("5b" "5f54600857" "5f" "56" "5b" "00");

/// Reverts with 300,000 zeros while its slot 0 is zero; then returns them.
pub const BOMB: [u8; 13] = hex!("620493e0" "5f" "5f54600b57" "fd" "5b" "f3");

/// Writes the gas that it has to its slot 0.
pub const GAS: [u8; 4] = hex!("5a5f5500");

/// Adds the amount of a `transfer` to slot 0, then calls `target` once with `data`, and writes to slot 2 whether that went
/// through: 1 no, 2 yes. Returns true.
pub fn calls_back(target: Address, data: &[u8]) -> Bytes {
    let mut out = hex!("602435" "5f54" "01" "5f55" "600154" "60").to_vec();
    // Where it ends: behind the call.
    let head = out.len() + 1 + 1;
    let end = head + 49;
    out.extend([u8::try_from(end).unwrap(), 0x57]);
    // slot 1 = 1
    out.extend(hex!("6001600155"));
    let length = u16::try_from(data.len()).unwrap().to_be_bytes();
    let blob = u16::try_from(end + 9).unwrap().to_be_bytes();
    // CODECOPY(0, blob, length)
    out.extend([0x61, length[0], length[1], 0x61, blob[0], blob[1], 0x5f, 0x39]);
    // CALL(gas, target, 0, 0, length, 0, 0)
    out.extend([0x5f, 0x5f, 0x61, length[0], length[1], 0x5f, 0x5f]);
    out.push(0x73);
    out.extend(target);
    out.extend(hex!("5a" "f1"));
    // slot 2 = success + 1
    out.extend(hex!("6001" "01" "6002" "55"));
    assert_eq!(out.len(), end);
    // JUMPDEST, return true
    out.extend(hex!("5b" "60015f52" "60205f" "f3"));
    assert_eq!(out.len(), end + 9);
    out.extend(data);
    out.into()
}

/// Answers ERC-1271's word where `owner` signed: `isValidSignatureWithSender(address,bytes32,bytes)` of an ERC-7579 validator.
pub fn validator(owner: Address) -> Bytes {
    let mut out = hex!("6024355f52" "60c4355f1a602052" "608435604052" "60a435606052").to_vec();
    // STATICCALL(gas, 1, 0, 128, 0, 32)
    out.extend(hex!("60205f60805f60015afa50" "73"));
    out.extend(owner);
    out.extend(hex!("5f5114" "631626ba7e02" "60e01b" "5f5260205ff3"));
    out.into()
}
