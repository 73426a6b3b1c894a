//! Whose token it is, among 1,000,000 logins: the live table, beside SHA-256 and a look-up in a map with nothing else in it.
//!
//! Tokens are asked for in an order that no cache foresees, and the same for each.

use core::hint::black_box;
use criterion::{Criterion, criterion_group, criterion_main};
use hallpass_session::{Access, Binding, Lifecycle, LiveLogins, LoginSession, Token, TokenKind};
use hallpass_types::{SessionId, UnixSeconds, UserId};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::RwLock;

const LOGINS: u64 = 1_000_000;

fn at(seconds: u64) -> UnixSeconds {
    UnixSeconds::new(seconds).unwrap()
}

/// The bits of token `n`, as random as they come.
fn bits(n: u64) -> [u8; 32] {
    Sha256::digest(n.to_be_bytes()).into()
}

fn token(n: u64) -> Token {
    Token::from_random(TokenKind::Bearer, bits(n))
}

fn login(n: u64) -> LoginSession {
    let id: [u8; 32] = Sha256::digest([b"id".as_slice(), &n.to_be_bytes()].concat()).into();
    LoginSession {
        id: SessionId::from_bytes(*id.first_chunk().unwrap()),
        user: UserId::from_bytes(*id.last_chunk().unwrap()),
        account: "eip155:1:0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266".parse().unwrap(),
        lifecycle: Lifecycle::Active { since: at(100) },
        created: at(100),
        not_after: at(50_000),
        idle: 1_800,
        seen: at(100),
        proved_at: at(100),
        binding: Binding::Bearer,
        access: Access { hash: token(n).hash(), not_after: at(50_000) },
        refresh: None,
        device: None,
        ip: None,
        contract: None,
        own_pass: None,
    }
}

fn check(c: &mut Criterion) {
    let (mut table, mut bare) = (LiveLogins::new(), HashMap::new());
    for n in 0..LOGINS {
        let login = login(n);
        table.put(&login);
        bare.insert(*login.access.hash.as_bytes(), login.id);
    }
    let asked: Vec<u64> = (0..LOGINS).map(|n| n.wrapping_mul(611_953) % LOGINS).collect();
    let tokens: Vec<Token> = asked.iter().map(|n| token(*n)).collect();
    let texts: Vec<[u8; 36]> =
        asked.iter().map(|n| [b"hps_".as_slice(), &bits(*n)].concat().try_into().unwrap()).collect();
    let mut group = c.benchmark_group("session/check");
    let mut next = 0;
    let mut turn = move || {
        next = (next + 1) % LOGINS as usize;
        next
    };
    group.bench_function("bare_sha256_and_map", |b| {
        b.iter(|| {
            let hash: [u8; 32] = Sha256::digest(black_box(&texts[turn()])).into();
            *bare.get(&hash).unwrap()
        });
    });
    group.bench_function("check", |b| {
        b.iter(|| table.check(&black_box(&tokens[turn()]).hash(), at(200)).unwrap().login.id);
    });
    group.bench_function("check_none", |b| {
        let other = Token::from_random(TokenKind::Refresh, bits(0));
        b.iter(|| table.check(&black_box(&other).hash(), at(200)).is_none());
    });
    let table = RwLock::new(table);
    group.bench_function("check_locked_and_used", |b| {
        b.iter(|| {
            let table = table.read().unwrap();
            let checked = table.check(&black_box(&tokens[turn()]).hash(), at(110)).unwrap();
            table.used(checked.login.id, at(110))
        });
    });
    group.finish();
}

criterion_group! { name = benches; config = hallpass_bench::criterion(); targets = check }
criterion_main!(benches);
