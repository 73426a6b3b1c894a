//! The hash of a grant is one: in Rust, by the Solidity oracle that hashes by the book, by the account that hashes from
//! the bytes of `install`, and by viem, which shares no code with any of them.
//!
//! Every field is filled at random, the lists that no contract opens included; texts are of any script. `HALLPASS_HASHES`
//! (64) sets the number of grants, `HALLPASS_DIFF_SEED` (1) the seed. Node and `contracts/node_modules` must be there.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used, reason = "a test")]

#[path = "differential/rng.rs"]
#[allow(dead_code, reason = "made for another test")]
mod rng;
#[path = "differential/world.rs"]
#[allow(dead_code, reason = "made for another test")]
mod world;

use alloy_primitives::aliases::{U48, U120};
use alloy_primitives::{Address, B256, Bytes, FixedBytes, U256, hex, keccak256};
use alloy_sol_types::{SolStruct, SolValue, sol};
use hallpass_chain::contracts::Artifact;
use hallpass_chain::wire;
use hallpass_policy::eip712::{AppRule, CallRule, Gas, Grant, Meter, Require, Rest, TypedRule, domain};
use rng::Rng;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use world::World;

sol! {
    function grantHash(bytes grant) external pure returns (bytes32);
}

/// The oracle's function, as its ABI names it.
const ORACLE: &str = "hash((uint64,address,address,uint64,bytes16,uint8,bytes,uint48,uint48,uint64,uint64,uint8,address,\
    (address,string,uint256,bytes)[],(uint16,uint8,address,uint120,uint32,uint48)[],\
    ((uint64,address,uint120,uint120),address,bytes32,bytes32,bytes32,address[],address[],\
    (string,string,bytes)[],(string,string,bytes)[],(uint8,bytes)[])))";

fn address(rng: &mut Rng) -> Address {
    if rng.chance(20) { Address::ZERO } else { Address::from(rng.bytes::<20>()) }
}

fn bytes(rng: &mut Rng) -> Bytes {
    (0..rng.pick(&[0, 1, 31, 32, 33, 70])).map(|_| rng.word() as u8).collect()
}

fn text(rng: &mut Rng) -> String {
    (0..rng.pick(&[0, 1, 31, 32, 33])).map(|_| rng.pick(&['a', '(', '"', '\\', '\n', 'é', '語', '🎮'])).collect()
}

fn word(rng: &mut Rng) -> B256 {
    if rng.chance(20) { B256::ZERO } else { B256::from(rng.bytes::<32>()) }
}

/// Zero, all ones, or anything of `bits`.
fn number(rng: &mut Rng, bits: u32) -> u128 {
    let max = u128::MAX >> (128 - bits);
    match rng.below(4) {
        0 => 0,
        1 => max,
        _ => u128::from_be_bytes(rng.bytes()) & max,
    }
}

fn list<T>(rng: &mut Rng, mut item: impl FnMut(&mut Rng) -> T) -> Vec<T> {
    (0..rng.below(4)).map(|_| item(rng)).collect()
}

fn grant(rng: &mut Rng) -> Grant {
    let kind = 1 + rng.below(4) as u8;
    let key: Vec<u8> = (0..[20, 64, 64, 32][usize::from(kind) - 1]).map(|_| rng.word() as u8).collect();
    Grant {
        chainId: number(rng, 64) as u64,
        account: address(rng),
        backend: address(rng),
        epoch: number(rng, 64) as u64,
        salt: FixedBytes(rng.bytes::<16>()),
        keyKind: kind,
        key: key.into(),
        notBefore: U48::from(number(rng, 48)),
        notAfter: U48::from(number(rng, 48)),
        firstSeq: number(rng, 64) as u64,
        endSeq: number(rng, 64) as u64,
        routes: number(rng, 8) as u8,
        relayer: address(rng),
        calls: list(rng, |r| CallRule {
            target: address(r),
            signature: text(r),
            maxValue: U256::from_be_bytes(word(r).0),
            checks: bytes(r),
        }),
        meters: list(rng, |r| Meter {
            id: number(r, 16) as u16,
            what: number(r, 8) as u8,
            token: address(r),
            cap: U120::from(number(r, 120)),
            period: number(r, 32) as u32,
            anchor: U48::from(number(r, 48)),
        }),
        rest: Rest {
            gas: Gas {
                unitsPerOp: number(rng, 64) as u64,
                feeToken: address(rng),
                feePerOp: U120::from(number(rng, 120)),
                feeCap: U120::from(number(rng, 120)),
            },
            ender: address(rng),
            login: word(rng),
            labels: word(rng),
            rpIdHash: word(rng),
            relayers: list(rng, address),
            paymasters: list(rng, address),
            typed: list(rng, |r| TypedRule { domain: text(r), encodeType: text(r), checks: bytes(r) }),
            apps: list(rng, |r| AppRule { app: text(r), verb: text(r), checks: bytes(r) }),
            requires: list(rng, |r| Require { kind: number(r, 8) as u8, data: bytes(r) }),
        },
    }
}

/// The message as wallets get it: decimal strings.
fn typed_data(g: &Grant) -> Value {
    let n = |v: &dyn ToString| v.to_string();
    let calls = g
        .calls
        .iter()
        .map(|r| json!({"target": r.target, "signature": r.signature, "maxValue": n(&r.maxValue), "checks": r.checks}));
    let meters = g.meters.iter().map(|m| {
        json!({"id": n(&m.id), "what": n(&m.what), "token": m.token, "cap": n(&m.cap), "period": n(&m.period), "anchor": n(&m.anchor)})
    });
    let r = &g.rest;
    let gas = json!({"unitsPerOp": n(&r.gas.unitsPerOp), "feeToken": r.gas.feeToken, "feePerOp": n(&r.gas.feePerOp), "feeCap": n(&r.gas.feeCap)});
    let typed = r.typed.iter().map(|t| json!({"domain": t.domain, "encodeType": t.encodeType, "checks": t.checks}));
    let apps = r.apps.iter().map(|t| json!({"app": t.app, "verb": t.verb, "checks": t.checks}));
    let requires = r.requires.iter().map(|t| json!({"kind": n(&t.kind), "data": t.data}));
    json!({
        "domain": {"name": "Hallpass", "version": "1", "chainId": n(&g.chainId), "verifyingContract": g.backend},
        "message": {
            "chainId": n(&g.chainId), "account": g.account, "backend": g.backend, "epoch": n(&g.epoch), "salt": g.salt,
            "keyKind": n(&g.keyKind), "key": g.key, "notBefore": n(&g.notBefore), "notAfter": n(&g.notAfter),
            "firstSeq": n(&g.firstSeq), "endSeq": n(&g.endSeq), "routes": n(&g.routes), "relayer": g.relayer,
            "calls": calls.collect::<Vec<_>>(), "meters": meters.collect::<Vec<_>>(),
            "rest": {
                "gas": gas, "ender": r.ender, "login": r.login, "labels": r.labels, "rpIdHash": r.rpIdHash,
                "relayers": r.relayers, "paymasters": r.paymasters, "typed": typed.collect::<Vec<_>>(),
                "apps": apps.collect::<Vec<_>>(), "requires": requires.collect::<Vec<_>>(),
            },
        },
    })
}

/// (hashStruct, digest) of each, by viem.
fn by_viem(grants: &[Grant]) -> Vec<(B256, B256)> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let modules = here.join("../../contracts/node_modules/viem");
    assert!(modules.exists(), "viem is not installed: run `npm ci` in `contracts`");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("grant-hashes.json");
    std::fs::write(&file, Value::from(grants.iter().map(typed_data).collect::<Vec<_>>()).to_string()).unwrap();
    let run = Command::new("node").arg(here.join("tests/js/grant-hashes.mjs")).arg(&file).output();
    let run = run.expect("`node` does not start: install Node.js 22 or later");
    assert!(run.status.success(), "viem refused: {}", String::from_utf8_lossy(&run.stderr));
    let found: Vec<Value> = serde_json::from_slice(&run.stdout).unwrap();
    let hash = |v: &Value, key: &str| v[key].as_str().unwrap().parse().unwrap();
    found.iter().map(|v| (hash(v, "structHash"), hash(v, "digest"))).collect()
}

#[test]
fn a_grant_has_one_hash() {
    let setting = |name: &str, otherwise: u64| std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap());
    let (count, seed) = (setting("HALLPASS_HASHES", 64), setting("HALLPASS_DIFF_SEED", 1));
    println!("HALLPASS_DIFF_SEED={seed} HALLPASS_HASHES={count}");
    let mut rng = Rng::new(seed, u64::MAX);
    let mut world = World::new(&mut rng);
    let oracle = Artifact::parse("GrantHasher", include_str!("../../../contracts/artifacts/GrantHasher.json")).unwrap();
    let oracle = world.deploy(&oracle, &[]);
    let selector = &keccak256(ORACLE)[..4];

    let grants: Vec<Grant> = (0..count).map(|_| grant(&mut rng)).collect();
    let viem = by_viem(&grants);
    assert_eq!(viem.len(), grants.len());
    for (grant, (hash, digest)) in grants.iter().zip(viem) {
        let context = || format!("seed {seed}: {}", typed_data(grant));
        assert_eq!(grant.eip712_hash_struct(), hash, "Rust and viem: {}", context());
        assert_eq!(grant.id(), hash, "the id: {}", context());
        assert_eq!(grant.digest(), digest, "the digest, Rust and viem: {}", context());
        assert_eq!(grant.eip712_signing_hash(&domain(grant.chainId, grant.backend)), digest);

        let data = [selector, &(grant.clone(),).abi_encode_params()].concat();
        assert_eq!(B256::from_slice(&world.ask(oracle, data)), hash, "the oracle in Solidity: {}", context());
        let account = world.accounts[0].at;
        let own = world.view(account, &grantHashCall { grant: wire::install_message(grant).into() });
        assert_eq!(own, hash, "the account: {} {}", hex::encode(wire::install_message(grant)), context());
    }
}
