//! What a live login costs in memory, everything counted that the table has allocated: at most 400 bytes.

#![allow(clippy::unwrap_used, reason = "a test")]

use hallpass_session::{Access, Binding, Jkt, Lifecycle, LiveLogins, LoginSession, Pending, Refresh, TokenHash};
use hallpass_types::{SessionId, UnixSeconds, UserId};

fn at(seconds: u64) -> UnixSeconds {
    UnixSeconds::new(seconds).unwrap()
}

/// Bits that spread as those of a hash do (SplitMix64), without the price of one.
fn spread(n: u64, of: u64) -> u64 {
    let z = n.wrapping_mul(6).wrapping_add(of).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn access(n: u64, of: u64) -> Access {
    let mut bits = [0; 32];
    bits[..8].copy_from_slice(&n.to_be_bytes());
    bits[8] = of as u8;
    bits[24..].copy_from_slice(&spread(n, of).to_be_bytes());
    Access { hash: TokenHash::from_bytes(bits), not_after: at(1_000) }
}

/// Login `n`, bound to a key; with a successor that was given where `pending`.
fn login(n: u64, pending: bool) -> LoginSession {
    let refresh = access(n, 0).hash;
    let next = Pending { refresh, access: access(n, 1), issued: at(100) };
    LoginSession {
        id: SessionId::from_bytes((u128::from(n) << 64 | u128::from(spread(n, 3))).to_be_bytes()),
        user: UserId::from_bytes([7; 16]),
        account: "eip155:1:0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266".parse().unwrap(),
        lifecycle: Lifecycle::Active { since: at(100) },
        created: at(100),
        not_after: at(10_000),
        idle: 1_800,
        seen: at(100),
        proved_at: at(100),
        binding: Binding::Dpop { jkt: Jkt([3; 32]) },
        access: access(n, 2),
        refresh: Some(Refresh { current: refresh, pending: pending.then_some(next) }),
        device: None,
        ip: None,
        contract: None,
        own_pass: None,
    }
}

fn bytes_each(count: u64, pending: impl Fn(u64) -> bool) -> u64 {
    let mut table = LiveLogins::new();
    let info = allocation_counter::measure(|| {
        for n in 0..count {
            table.put(&login(n, pending(n)));
        }
    });
    assert_eq!(table.len() as u64, count);
    u64::try_from(info.bytes_current).unwrap() / count
}

#[test]
fn a_live_login_of_a_million_takes_at_most_400_bytes() {
    let each = bytes_each(1_000_000, |_| false);
    println!("{each} bytes each");
    assert!(each <= 400, "{each}");
}

/// Where the maps have just grown, at their emptiest; and one in twenty between a refresh and its first use.
#[test]
fn the_worst_number_of_logins_takes_no_more() {
    let each = bytes_each(917_505, |n| n % 20 == 1);
    println!("{each} bytes each");
    assert!(each <= 400, "{each}");
}
