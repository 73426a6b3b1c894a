//! The session key's signature, by the right key, in its one form.

use super::Case;
use crate::bench::{Bench, STRANGER, Session};
use crate::keys::{Key, P256, P256Key, SECP256K1, mirrored};
use crate::subject::Unsupported;
use crate::world::Tx;
use alloy_primitives::Bytes;
use alloy_sol_types::SolCall;
use hallpass_chain::contracts::IHallpass;
use hallpass_chain::wire;
use hallpass_policy::grant::SessionKey;

pub const CASES: [(&str, Case); 6] = [
    ("high_s", high_s),
    ("by_another_key", by_another_key),
    ("p256", p256),
    ("malleable_p256", malleable_p256),
    ("wrong_key_kind", wrong_key_kind),
    ("ed25519", ed25519),
];

fn high_s(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.installed()?;
    bench.mangle = Some(|signature| mirrored(&signature, SECP256K1));
    let tx = bench.one(1);
    bench.denied(&tx, "bad_signature");
    bench.mangle = None;
    let tx = bench.one(1);
    bench.done(&tx, 1);
    Ok(())
}

fn by_another_key(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.installed()?;
    bench.session = Session::Secp256k1(Key::new(0x67));
    let tx = bench.one(1);
    bench.denied(&tx, "bad_signature");
    Ok(())
}

fn with_p256(bench: &mut Bench) -> Result<(), Unsupported> {
    let key = P256Key::new(0x31);
    bench.grant.key = key.public();
    bench.session = Session::P256(key);
    bench.installed()
}

fn p256(bench: &mut Bench) -> Result<(), Unsupported> {
    with_p256(bench)?;
    let tx = bench.one(40);
    bench.done(&tx, 40);
    bench.denied(&tx, "nonce_used");
    let tx = bench.one(61);
    bench.denied(&tx, "meter_exceeded");
    Ok(())
}

fn malleable_p256(bench: &mut Bench) -> Result<(), Unsupported> {
    with_p256(bench)?;
    bench.mangle = Some(|signature| mirrored(&signature, P256));
    let tx = bench.one(1);
    bench.denied(&tx, "bad_signature");
    Ok(())
}

/// A grant for a key of one kind, signed for by one of the other, in the length of either.
fn wrong_key_kind(bench: &mut Bench) -> Result<(), Unsupported> {
    with_p256(bench)?;
    bench.session = Session::Secp256k1(Key::new(0x21));
    let tx = bench.one(1);
    bench.denied(&tx, "malformed");
    bench.mangle = Some(|signature| signature.slice(..64));
    let tx = bench.one(1);
    bench.denied(&tx, "bad_signature");
    Ok(())
}

/// Refused before an owner signs; where one has signed all the same, by the contract.
fn ed25519(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.installed()?;
    bench.grant.salt = [8; 16];
    bench.grant.key = SessionKey::Other(4, Bytes::from(vec![7; 32]));
    if !bench.is_7710() {
        let signature = bench.subject.approve(bench.grant.message().digest());
        let call = IHallpass::installCall { grant: wire::install(&bench.grant).into(), signature };
        let module = bench.subject.name() == "hallpass-7579";
        let to = if module { bench.grant.backend } else { bench.grant.account };
        bench.denied(&Tx::new(STRANGER, to, call.abi_encode()), "not_yet_supported");
    }
    bench.installed()
}
