//! The benchmarks, and what they share. `make bench` runs them; `docs/reference/benchmarks.md` says what they mean.
//!
//! - [`six`]: a grant of six rules, and questions about it; [`engines`]: the same questions, asked of three engines.
//! - [`metered`]: actions under a grant with two meters a rule. [`many`]: grants of many rules.
//! - `policies/`: the grants, and what the peers are given in their stead.
//! - `benches/`: the measurements. `src/bin/results.rs`: their results, in one file.
//!
//! Set-up fails by panicking, as tests do: a benchmark of a wrong answer is worth nothing.

pub mod engines;
pub mod many;
pub mod metered;
pub mod six;

use alloy_primitives::Address;
use core::time::Duration;
use criterion::Criterion;
use hallpass_policy::grant::{Gas, Grant, Routes, SessionKey};
use hallpass_policy::{At, Fill, text};
use hallpass_types::{ChainId, UnixSeconds};

/// The first second of every grant here, and that of every question.
pub const START: u64 = 1_790_000_000;

/// What the grants leave open.
#[must_use]
pub fn fill() -> Fill {
    Fill {
        account: Some("0x28c95f95d477f0296cd74ae231585bad318b72d3".parse().unwrap()),
        backend: Some(Address::repeat_byte(0xbe)),
        epoch: Some(4),
        salt: Some([7; 16]),
        key: Some(SessionKey::Secp256k1(Address::repeat_byte(0x5e))),
        at: None,
        routes: Some(Routes::DIRECT),
        relayer: Some(Address::ZERO),
        gas: Some(Gas { units_per_op: 1_000_000, ..Gas::default() }),
        ender: Some(Address::repeat_byte(0xed)),
    }
}

/// A grant from its text.
#[must_use]
pub fn grant(source: &str) -> Grant {
    text::parse(source).unwrap_or_else(|e| panic!("{e}")).complete(&fill()).unwrap()
}

/// A second.
#[must_use]
pub fn t(seconds: u64) -> UnixSeconds {
    UnixSeconds::new(seconds).unwrap()
}

/// The first second of the grants, on their chain.
#[must_use]
pub fn at() -> At {
    At { now: t(START), chain: ChainId::new(8453).unwrap(), caller: None }
}

/// A second of warm-up, three of measurement, no plots.
#[must_use]
pub fn criterion() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .nresamples(10_000)
        .without_plots()
        .configure_from_args()
}
