//! How long a signature takes: `cargo run --release -p hallpass-vault --example signing`.
//!
//! Medians, in one run: secp256k1 with the key at hand, and from a sealed record; what a session's signature adds to
//! the latter is the judgement of its operation, which is the policy's.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::indexing_slicing, reason = "a measurement")]

use hallpass_types::{Rng, RngError};
use hallpass_vault::{KdfParams, Passphrase, VaultHeader};
use secp256k1::ecdsa::RecoverableSignature;
use secp256k1::{Message, SecretKey};
use std::hint::black_box;
use std::time::Instant;

struct OsRng;

impl Rng for OsRng {
    fn fill(&self, out: &mut [u8]) -> Result<(), RngError> {
        getrandom::fill(out).map_err(|_| RngError)
    }
}

#[global_allocator]
static WIPING: hallpass_memory::WipingAllocator = hallpass_memory::WipingAllocator;

fn median(name: &str, mut work: impl FnMut(u64)) {
    let mut times: Vec<_> = (0..20_000)
        .map(|n| {
            let start = Instant::now();
            work(n);
            start.elapsed()
        })
        .collect();
    times.sort();
    println!("{name}: {:?} median, {:?} p99", times[times.len() / 2], times[times.len() * 99 / 100]);
}

fn main() {
    let provider = Passphrase::new("a measured passphrase".into(), KdfParams::MINIMUM);
    let (vault, _) = VaultHeader::create(&provider, &OsRng).unwrap();
    let record = vault.create_ender_key([1; 16], &OsRng).unwrap();
    let key = SecretKey::from_secret_bytes([7; 32]).unwrap();
    for _ in 0..2 {
        median("raw secp256k1 signature", |n| {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&n.to_be_bytes());
            black_box(RecoverableSignature::sign_ecdsa_recoverable(Message::from_digest(digest), &key));
        });
        median("open the record and sign", |n| {
            let mut grant = [0; 32];
            grant[..8].copy_from_slice(&n.to_be_bytes());
            black_box(vault.sign_end(&record, 1, [1; 20].into(), grant.into()).unwrap());
        });
    }
}
