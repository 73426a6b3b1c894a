//! The bytes that the account reads (`spec/encoding.md`, "What is sent to the account").

use crate::contracts::IHallpass;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolStruct};
use hallpass_policy::Grant;
use hallpass_policy::eip712::{Grant as Message, Meter, Rest, SessionOp, SessionUserOp};
use hallpass_policy::grant::pack::push_minimal;

/// What a wire opens, and how it names relayers. [`Opening::needed`] is what honest senders use.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Rules sent in full, by ascending number.
    pub rules: Vec<u16>,
    /// Places of meters sent in full, ascending.
    pub meters: Vec<u16>,
    /// Who will send it: a relayer that is the caller needs no bytes.
    pub caller: Address,
}

impl Opening {
    /// The rules that the calls name, and the meters that those rules use.
    #[must_use]
    pub fn needed(grant: &Grant, rules: &[u16], caller: Address) -> Self {
        let mut opened = rules.to_vec();
        opened.sort_unstable();
        opened.dedup();
        let used = |id: u16| {
            let named = opened.iter().filter_map(|r| grant.calls.get(usize::from(*r)));
            named.flat_map(|r| &r.uses).any(|u| u.meter == id)
        };
        let meters =
            grant.meters.iter().enumerate().filter(|(_, m)| used(m.id)).filter_map(|(i, _)| u16::try_from(i).ok());
        Self { meters: meters.collect(), rules: opened, caller }
    }
}

/// The argument of `execute(bytes)`.
#[must_use]
pub fn execute(grant: &Grant, op: &SessionOp, opening: &Opening, signature: &[u8]) -> Vec<u8> {
    message(&grant.message(), op, opening, signature)
}

/// The calldata of `execute(bytes)`.
#[must_use]
pub fn execute_calldata(grant: &Grant, op: &SessionOp, opening: &Opening, signature: &[u8]) -> Bytes {
    IHallpass::executeCall { wire: execute(grant, op, opening, signature).into() }.abi_encode().into()
}

/// As [`execute`], from a message that need not be a well-formed grant: for tests of what the chain refuses.
#[must_use]
pub fn message(m: &Message, op: &SessionOp, opening: &Opening, signature: &[u8]) -> Vec<u8> {
    let mut out = header(m, op.relayer, opens_rest(m, op), opening.caller);
    rules(m, &opening.rules, &mut out);
    meters(m, &opening.meters, &mut out);
    out.extend((op.nonce >> 64_usize).to_be_bytes::<32>().iter().skip(8));
    out.extend(op.nonce.to_be_bytes::<32>().iter().skip(24));
    out.extend(uint48(op.validFrom.to()));
    out.extend(uint48(op.validUntil.to()));
    push_minimal(U256::from(op.maxFee), &mut out);
    out.extend(u32::try_from(op.calls.len()).unwrap_or(u32::MAX).to_be_bytes().iter().skip(1));
    out.extend(&op.calls);
    out.extend(signature);
    out
}

/// What a session's user operation carries as its signature, behind the byte 1 where the account is ours. The rest is open
/// where the operation may cost something or has a paymaster.
#[must_use]
pub fn user_op(grant: &Grant, op: &SessionUserOp, opening: &Opening, open_rest: bool, signature: &[u8]) -> Vec<u8> {
    let m = &grant.message();
    let mut out = header(m, Address::ZERO, open_rest || m.keyKind == WEBAUTHN, opening.caller);
    rules(m, &opening.rules, &mut out);
    meters(m, &opening.meters, &mut out);
    out.extend(uint48(op.validFrom.to()));
    out.extend(uint48(op.validUntil.to()));
    out.push(u8::try_from(op.rules.len()).unwrap_or(u8::MAX));
    out.extend(op.rules.iter().flat_map(|rule| rule.to_be_bytes()));
    out.extend(signature);
    out
}

fn header(m: &Message, op_relayer: Address, open: bool, caller: Address) -> Vec<u8> {
    let mut out = Vec::with_capacity(600);
    out.extend(m.chainId.to_be_bytes());
    out.extend(m.epoch.to_be_bytes());
    out.extend(m.salt);
    out.push(m.keyKind);
    out.extend(&m.key);
    out.extend(uint48(m.notBefore.to()));
    out.extend(uint48(m.notAfter.to()));
    out.extend(m.firstSeq.to_be_bytes());
    out.extend(m.endSeq.to_be_bytes());
    out.push(m.routes);
    let mode = |a: Address| {
        if a.is_zero() {
            0
        } else if a == caller {
            1
        } else {
            2
        }
    };
    let (grant_mode, op_mode) = (mode(m.relayer), mode(op_relayer));
    out.push(grant_mode | op_mode << 4 | u8::from(open) << 7);
    for (mode, relayer) in [(grant_mode, m.relayer), (op_mode, op_relayer)] {
        if mode == 2 {
            out.extend(relayer);
        }
    }
    if open {
        out.extend(open_rest(&m.rest));
    } else {
        out.extend(m.rest.eip712_hash_struct());
    }
    out
}

/// Whether the account has to see the grant's rest: for a fee, for one of the further relayers, for a relying party.
fn opens_rest(m: &Message, op: &SessionOp) -> bool {
    !op.maxFee.is_zero()
        || (!op.relayer.is_zero() && !m.relayer.is_zero() && op.relayer != m.relayer)
        || m.keyKind == WEBAUTHN
}

const WEBAUTHN: u8 = 3;

fn rules(m: &Message, opened: &[u16], out: &mut Vec<u8>) {
    out.extend(short(m.calls.len()));
    out.push(u8::try_from(opened.len()).unwrap_or(u8::MAX));
    for number in opened {
        let Some(rule) = m.calls.get(usize::from(*number)) else { continue };
        out.extend(number.to_be_bytes());
        out.extend(rule.target);
        out.push(u8::try_from(rule.signature.len()).unwrap_or(u8::MAX));
        out.extend(rule.signature.as_bytes());
        push_minimal(rule.maxValue, out);
        out.extend(short(rule.checks.len()));
        out.extend(&rule.checks);
    }
    for (i, rule) in m.calls.iter().enumerate() {
        if !opened.iter().any(|o| usize::from(*o) == i) {
            out.extend(rule.eip712_hash_struct());
        }
    }
}

fn meters(m: &Message, opened: &[u16], out: &mut Vec<u8>) {
    out.extend(short(m.meters.len()));
    out.push(u8::try_from(opened.len()).unwrap_or(u8::MAX));
    for place in opened {
        let Some(meter) = m.meters.get(usize::from(*place)) else { continue };
        out.extend(place.to_be_bytes());
        self::meter(meter, out);
    }
    for (i, meter) in m.meters.iter().enumerate() {
        if !opened.iter().any(|o| usize::from(*o) == i) {
            out.extend(meter.eip712_hash_struct());
        }
    }
}

fn meter(meter: &Meter, out: &mut Vec<u8>) {
    out.extend(meter.id.to_be_bytes());
    out.push(meter.what);
    out.extend(meter.token);
    out.extend(meter.cap.to_be_bytes::<15>());
    out.extend(meter.period.to_be_bytes());
    out.extend(uint48(meter.anchor.to()));
}

/// The `grant` bytes of `install`, `endFor` and `surrender`.
#[must_use]
pub fn install(grant: &Grant) -> Vec<u8> {
    install_message(&grant.message())
}

/// As [`install`], from a message that need not be a well-formed grant.
#[must_use]
pub fn install_message(m: &Message) -> Vec<u8> {
    let mut out = Vec::with_capacity(280);
    out.extend(m.chainId.to_be_bytes());
    out.extend(m.account);
    out.extend(m.backend);
    out.extend(m.epoch.to_be_bytes());
    out.extend(m.salt);
    out.push(m.keyKind);
    out.push(u8::try_from(m.key.len()).unwrap_or(u8::MAX));
    out.extend(&m.key);
    out.extend(uint48(m.notBefore.to()));
    out.extend(uint48(m.notAfter.to()));
    out.extend(m.firstSeq.to_be_bytes());
    out.extend(m.endSeq.to_be_bytes());
    out.push(m.routes);
    out.extend(m.relayer);
    out.extend(list(m.calls.iter().map(SolStruct::eip712_hash_struct)));
    out.extend(list(m.meters.iter().map(SolStruct::eip712_hash_struct)));
    out.extend(m.rest.eip712_hash_struct());
    out
}

/// The arguments of `replace`, but for the signature: each grant and its meters.
#[must_use]
pub fn replace(from: &Grant, to: &Grant) -> [Vec<u8>; 4] {
    replace_message(&from.message(), &to.message())
}

/// As [`replace`], from messages that need not be well-formed grants.
#[must_use]
pub fn replace_message(from: &Message, to: &Message) -> [Vec<u8>; 4] {
    let all = |m: &Message| {
        let mut out = Vec::with_capacity(m.meters.len() * 48);
        m.meters.iter().for_each(|one| meter(one, &mut out));
        out
    };
    [install_message(from), all(from), install_message(to), all(to)]
}

/// The `rest` bytes of `endFor` and `surrender`.
#[must_use]
pub fn rest(grant: &Grant) -> Vec<u8> {
    open_rest(&grant.message().rest)
}

/// A grant's rest, opened: what is zero or empty is left out.
fn open_rest(rest: &Rest) -> Vec<u8> {
    let gas = &rest.gas;
    let fees = [gas.unitsPerOp == 0, gas.feeToken.is_zero(), gas.feePerOp.is_zero(), gas.feeCap.is_zero()];
    let budget = if fees == [true; 4] {
        Vec::new()
    } else {
        let amounts = [gas.feePerOp.to_be_bytes::<15>(), gas.feeCap.to_be_bytes::<15>()];
        [&gas.unitsPerOp.to_be_bytes()[..], gas.feeToken.as_slice(), &amounts.concat()].concat()
    };
    let word = |word: B256| if word.is_zero() { Vec::new() } else { word.to_vec() };
    let addresses = |all: &[Address]| {
        if all.is_empty() {
            return Vec::new();
        }
        let count = u8::try_from(all.len()).unwrap_or(u8::MAX);
        core::iter::once(count).chain(all.iter().flat_map(|a| a.0.0)).collect()
    };
    let lists = if rest.typed.is_empty() && rest.apps.is_empty() && rest.requires.is_empty() {
        Vec::new()
    } else {
        let hashes = [
            list(rest.typed.iter().map(SolStruct::eip712_hash_struct)),
            list(rest.apps.iter().map(SolStruct::eip712_hash_struct)),
            list(rest.requires.iter().map(SolStruct::eip712_hash_struct)),
        ];
        hashes.concat()
    };
    let parts = [
        budget,
        if rest.ender.is_zero() { Vec::new() } else { rest.ender.to_vec() },
        word(rest.login),
        word(rest.labels),
        word(rest.rpIdHash),
        addresses(&rest.relayers),
        addresses(&rest.paymasters),
        lists,
    ];
    let flags = (0..8_u8).zip(&parts).fold(0, |sum, (bit, part)| sum | u8::from(!part.is_empty()) << bit);
    core::iter::once(flags).chain(parts.into_iter().flatten()).collect()
}

/// The rules that the `calls` of a `SessionOp` name, in call order; `None` where the bytes are cut short.
#[must_use]
pub fn rules_of(mut calls: &[u8]) -> Option<Vec<u16>> {
    let mut out = Vec::new();
    while !calls.is_empty() {
        let (rule, rest) = calls.split_first_chunk::<2>()?;
        let (_, rest) = rest.split_first_chunk::<4>()?;
        let (value, rest) = rest.split_first()?;
        let rest = rest.get(usize::from(*value)..)?;
        let ([a, b, c], rest) = rest.split_first_chunk::<3>()?;
        let length = usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).ok()?;
        calls = rest.get(length..)?;
        out.push(u16::from_be_bytes(*rule));
    }
    Some(out)
}

fn list(words: impl Iterator<Item = B256>) -> B256 {
    keccak256(words.flat_map(|w| w.0).collect::<Vec<u8>>())
}

fn uint48(value: u64) -> impl Iterator<Item = u8> {
    value.to_be_bytes().into_iter().skip(2)
}

fn short(n: usize) -> [u8; 2] {
    u16::try_from(n).unwrap_or(u16::MAX).to_be_bytes()
}
