//! The fixed grants: the gallery's, and wide ones under `grants/`. An input names its grant by number, so the list only grows.

use crate::abi::Pool;
use crate::judged::Ready;
use alloy_primitives::{Address, U256};
use hallpass_policy::draft::Fill;
use hallpass_policy::grant::{Condition, Gas, Routes, SessionKey, Test};
use hallpass_policy::{Draft, Grant, Policy, gallery, json, text};
use hallpass_types::UnixSeconds;
use std::sync::LazyLock;

/// When the gallery's grants begin.
pub const START: u64 = 1_790_000_000;

/// The gallery's, by name.
const GALLERY: [&str; 15] = [
    "checkout",
    "content-references",
    "creator-membership",
    "defi-rebalance",
    "gasless-onboarding",
    "governance-votes",
    "identity-attestations",
    "loyalty",
    "on-chain-game",
    "social-posts",
    "staff-allowance",
    "subscription",
    "trading-bot",
    "venue-orders",
    "virtual-world",
];

/// Our own.
const WIDE: [&str; 4] = [
    include_str!("../grants/calls.toml"),
    include_str!("../grants/meters.toml"),
    include_str!("../grants/messages.toml"),
    include_str!("../grants/apps.toml"),
];

/// One grant, and what actions about it are made of.
#[derive(Debug)]
pub struct Fixed {
    /// For both evaluators.
    pub ready: Ready<'static>,
    /// What its conditions compare with.
    pub pool: Pool,
}

/// Ours first, then the gallery's.
pub static ALL: LazyLock<Vec<Fixed>> = LazyLock::new(|| {
    let gallery = GALLERY.iter().map(|name| gallery::find(name).expect("it is in the gallery").text);
    WIDE.into_iter().chain(gallery).map(fixed).collect()
});

/// The number of the gallery's grant of that name.
#[must_use]
pub fn of_gallery(name: &str) -> Option<usize> {
    GALLERY.iter().position(|n| *n == name).map(|at| at + WIDE.len())
}

/// What the gallery leaves open.
#[must_use]
pub fn fill(account: Address) -> Fill {
    Fill {
        account: Some(account),
        backend: Some(Address::repeat_byte(0xbe)),
        epoch: Some(4),
        salt: Some([7; 16]),
        key: Some(SessionKey::Secp256k1(Address::repeat_byte(0x5e))),
        at: UnixSeconds::new(START),
        routes: Some(Routes::DIRECT),
        relayer: Some(Address::ZERO),
        gas: Some(Gas { units_per_op: 1_000_000, ..Gas::default() }),
        ender: Some(Address::repeat_byte(0xed)),
    }
}

/// The account of the gallery's cases.
#[must_use]
pub fn account() -> Address {
    alloy_primitives::address!("28c95f95d477f0296cd74ae231585bad318b72d3")
}

fn fixed(source: &str) -> Fixed {
    let draft = text::parse(source).unwrap_or_else(|e| panic!("{e}"));
    let grant = draft.complete(&fill(account())).unwrap_or_else(|e| panic!("{e}\n{source}"));
    Fixed { pool: pool(&grant), ready: ready(Box::leak(Box::new(grant))) }
}

/// Makes a grant ready.
#[must_use]
pub fn ready(grant: &Grant) -> Ready<'_> {
    let json = serde_json::from_str(&json::print(&Draft::from(grant))).expect("what is printed is JSON");
    Ready { grant, json, policy: Policy::new(grant) }
}

fn pool(grant: &Grant) -> Pool {
    let mut words = vec![[0; 32], grant.account.into_word().0];
    let rules = grant.calls.iter().map(|r| &r.conditions).chain(grant.rest.typed.iter().map(|r| &r.conditions));
    rules.for_each(|all| compared(all, &mut words));
    grant.rest.apps.iter().for_each(|r| compared(&r.conditions, &mut words));
    words.extend(grant.meters.iter().map(|m| U256::from(m.cap).to_be_bytes()));
    words.sort_unstable();
    words.dedup();
    Pool { words, texts: grant.rest.labels.texts.clone() }
}

fn compared<P>(conditions: &[Condition<P>], out: &mut Vec<[u8; 32]>) {
    for condition in conditions {
        match &condition.test {
            Test::Eq(w) | Test::Ne(w) | Test::Le(w) | Test::Ge(w) | Test::Lt(w) | Test::Gt(w) => out.push(w.0),
            Test::In(words) => out.extend(words.iter().map(|w| w.0)),
            Test::Mask(mask, expected) => out.extend([mask.0, expected.0]),
            Test::Ratio(_, up, down) => out.extend([up.to_be_bytes(), down.to_be_bytes()]),
        }
    }
}
