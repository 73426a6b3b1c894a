//! One sign-in message of a plain account, read and verified: from text and signature to a proven account. The target is 15,000
//! a second a core, 66.7 µs.

use alloy_primitives::{B256, hex};
use core::hint::black_box;
use criterion::{Criterion, criterion_group, criterion_main};
use hallpass_auth::siwe::Message;
use hallpass_auth::{Expected, personal_hash, recover, verify};
use hallpass_types::{ChainId, UnixSeconds};

const TEXT: &str = "app.example wants you to sign in with your Ethereum account:
0x58DA990A8F4A3a6ca7cb6315d68a140105917352

Log in to Arena. This signature costs nothing and moves nothing.

URI: https://app.example/login
Version: 1
Chain ID: 8453
Nonce: 5f1e2d3c4b5a69788796a5b4c3d2e1f0
Issued At: 2026-11-21T09:59:30.123Z
Expiration Time: 2026-11-21T10:09:30.123Z";
/// By viem.
const SIGNATURE: [u8; 65] = hex!(
    "2902a7ad531a2868c68c16a71bdbae41124f17773faddf23a18723afda22f41f16fc784f38f29a9e2c801a5e43b65d0b7dfde59a5e060a0fde8fd6d8f098efd01c"
);

fn login(c: &mut Criterion) {
    let chains = [ChainId::new(8453).unwrap()];
    let expected = Expected {
        domain: "app.example",
        uri: "https://app.example/login",
        nonce: "5f1e2d3c4b5a69788796a5b4c3d2e1f0",
        chains: &chains,
        now: UnixSeconds::new(1_795_255_200).unwrap(),
    };
    let proven = verify(TEXT, &SIGNATURE, &expected).unwrap();
    assert_eq!(proven.account().to_string(), "eip155:8453:0x58DA990A8F4A3a6ca7cb6315d68a140105917352");
    let hash: B256 = personal_hash(TEXT);
    let mut group = c.benchmark_group("login");
    group.bench_function("eoa_verify", |b| b.iter(|| verify(black_box(TEXT), black_box(&SIGNATURE), &expected)));
    // What it consists of.
    group.bench_function("parse", |b| b.iter(|| black_box(TEXT).parse::<Message>()));
    group.bench_function("personal_hash", |b| b.iter(|| personal_hash(black_box(TEXT))));
    group.bench_function("recover", |b| b.iter(|| recover(black_box(hash), black_box(&SIGNATURE))));
    group.finish();
}

criterion_group! { name = benches; config = hallpass_bench::criterion(); targets = login }
criterion_main!(benches);
