//! Sessions of every kind of budget, and what is asked of them.

use super::{BACKEND, Bench, Held, SHOP, chain, pay, post};
use alloy_primitives::{Address, Bytes, U256};
use hallpass_policy::message::read;
use hallpass_policy::transaction::{Price, Transaction};
use hallpass_policy::{Batch, Call};
use hallpass_signer::Wanted;
use hallpass_store::testing::SeededRng;
use serde_json::json;

/// Operations under a budget for the grant's life; operations under one for each minute; of no contract: transactions under
/// a budget for life, messages and actions inside an app that share one for each minute; and messages under one for life.
const RULES: [(Address, &str); 4] = [
    (
        BACKEND,
        "[[allow]]\ncall = \"0x5151515151515151515151515151515151515151\"\nvalue = \"<= 100\"\nspend = \"value <= 100\"\n",
    ),
    (
        BACKEND,
        "[[allow]]\ncall = \"0x5151515151515151515151515151515151515151\"\nvalue = \"<= 60\"\n\
         spend = \"value <= 60 per 1m\"\n",
    ),
    (
        Address::ZERO,
        "[meters.units]\nwhat = \"custom\"\ncap = \"80\"\nper = \"1m\"\n\
         [[allow]]\ncall = \"0x5151515151515151515151515151515151515151\"\nvalue = \"<= 100\"\nspend = \"value <= 100\"\n\
         [[allow]]\ntyped = \"Order(uint256 size)\"\ndomain = { name = \"Exchange\", chainId = 5 }\n\
         spend = \"size from units\"\n\
         [[allow]]\napp = \"chat.example\"\nverb = \"post.create\"\nspend = \"words from units\"\n",
    ),
    (
        Address::ZERO,
        "[[allow]]\ntyped = \"Order(uint256 size)\"\ndomain = { name = \"Exchange\", chainId = 5 }\n\
         spend = \"size <= 120\"\n",
    ),
];

/// How many sessions there are.
pub const SESSIONS: usize = RULES.len();

/// The sessions, made.
pub async fn sessions(bench: &Bench) -> Vec<Held> {
    let mut out = Vec::new();
    for (n, (backend, rules)) in (1..).zip(RULES) {
        out.push(bench.session(n, backend, rules).await);
    }
    out
}

/// A budget, said once more in the words of the test: its cap, and its seconds where it has windows.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    pub cap: u64,
    pub period: Option<u64>,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Pay(u64),
    /// With a sequence that the caller wants.
    PayAt(u32, u64),
    /// With a nonce.
    Transact(u32, u64),
    Order(u64),
    Post(u64),
}

/// One request: of a session, under an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Want {
    pub session: usize,
    pub key: u64,
    pub what: What,
}

impl What {
    /// Something for this session, at most `most`.
    pub fn random(session: usize, most: u64, rng: &SeededRng) -> Self {
        let amount = rng.below(most + 1);
        match (session, rng.below(6)) {
            (2, 0 | 1) => Self::Order(amount),
            (2, 2 | 3) => Self::Post(amount),
            (3, _) => Self::Order(amount),
            (2, _) => Self::Transact(rng.below(6) as u32, amount),
            (_, 0) => Self::PayAt(rng.below(8) as u32, amount),
            _ => Self::Pay(amount),
        }
    }

    pub const fn amount(self) -> u64 {
        match self {
            Self::Pay(n) | Self::PayAt(_, n) | Self::Transact(_, n) | Self::Order(n) | Self::Post(n) => n,
        }
    }

    pub fn wanted(self) -> Wanted {
        match self {
            Self::Pay(amount) => pay(amount),
            Self::PayAt(sequence, amount) => {
                let call = Call { to: SHOP, value: U256::from(amount), data: Bytes::new() };
                Wanted::Calls(Batch { chain: chain(), calls: vec![call] }, Some(sequence), None)
            }
            Self::Transact(nonce, amount) => Wanted::Transaction(Transaction {
                chain: chain(),
                nonce: nonce.into(),
                gas_limit: 21_000,
                price: Price::Legacy(1),
                to: Some(SHOP),
                value: U256::from(amount),
                data: Bytes::new(),
            }),
            Self::Order(size) => {
                let message = json!({
                    "types": { "Order": [{ "name": "size", "type": "uint256" }] }, "primaryType": "Order",
                    "domain": { "name": "Exchange", "chainId": 5 }, "message": { "size": size },
                });
                Wanted::Message(read::message(&message).unwrap())
            }
            Self::Post(words) => post(words.try_into().unwrap()),
        }
    }

    /// Whether there is something to sign.
    pub const fn is_signed(self) -> bool {
        !matches!(self, Self::Post(_))
    }
}

impl Want {
    /// The budget that it counts against.
    pub const fn budget(&self) -> (u8, Budget) {
        match (self.session, self.what) {
            (0, _) | (2, What::Transact(..)) => (0, Budget { cap: 100, period: None }),
            (1, _) => (0, Budget { cap: 60, period: Some(60) }),
            (3, _) => (0, Budget { cap: 120, period: None }),
            (_, _) => (1, Budget { cap: 80, period: Some(60) }),
        }
    }

    pub fn key(&self) -> String {
        format!("k{}", self.key)
    }
}
