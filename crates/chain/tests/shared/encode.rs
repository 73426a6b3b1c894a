//! `calls` of a `SessionOp`, written from `spec/encoding.md` alone: the signer's own encoder is under test.

use alloy_primitives::U256;
use hallpass_policy::Call;

/// One call after another: u16 rule, u32 gas floor, minimal value, u24 length, arguments.
pub fn calls(calls: &[Call], rules: &[u16], floors: &[u32]) -> Vec<u8> {
    let mut out = Vec::new();
    for (i, (call, rule)) in calls.iter().zip(rules).enumerate() {
        out.extend_from_slice(&rule.to_be_bytes());
        out.extend_from_slice(&floors.get(i).copied().unwrap_or(0).to_be_bytes());
        minimal(call.value, &mut out);
        let arguments = if call.data.len() < 4 { &[] } else { &call.data[4..] };
        out.extend_from_slice(&(arguments.len() as u32).to_be_bytes()[1..]);
        out.extend_from_slice(arguments);
    }
    out
}

/// One length byte, and that many bytes of which the first is not zero.
fn minimal(value: U256, out: &mut Vec<u8>) {
    let bytes = value.to_be_bytes::<32>();
    let first = bytes.iter().position(|b| *b != 0).unwrap_or(32);
    out.push(32 - first as u8);
    out.extend_from_slice(&bytes[first..]);
}
