//! What is granted: rules of every kind that a delegation can hold, with caps and times biased to the edges.

use crate::rng::Rng;
use crate::world::{CHAIN, Key, START, TARGETS};
use alloy_primitives::{Address, U256};
use core::num::NonZeroU32;
use hallpass_chain::erc7710::contracts::Contract;
use hallpass_policy::Grant;
use hallpass_policy::abi::Word;
use hallpass_policy::grant::{
    Amount, CallRule, Condition, Gas, Meter, Path, Rest, Routes, SessionKey, Test, Use, What, arguments_of,
};
use hallpass_types::{ChainId, UnixSeconds};

pub fn seconds(value: u64) -> UnixSeconds {
    UnixSeconds::new(value).unwrap()
}

pub fn rule(target: Address, signature: &str) -> CallRule {
    CallRule {
        target,
        signature: signature.to_owned(),
        arguments: arguments_of(signature).unwrap(),
        max_value: U256::ZERO,
        conditions: Vec::new(),
        uses: Vec::new(),
    }
}

pub fn word(value: u64) -> Word {
    Word::from_uint(U256::from(value))
}

pub fn equals(path: &[u16], word: Word) -> Condition {
    Condition { path: Path(path.to_vec()), test: Test::Eq(word) }
}

pub fn meter(id: u16, what: What, cap: u128, period: Option<u32>, anchor: u64) -> Meter {
    Meter { id, what, cap, period: period.and_then(NonZeroU32::new), anchor: seconds(anchor) }
}

/// A grant with one transfer of at most 100 to anyone, open for an hour from `START`.
pub fn plain(account: Address, key: Address, relayer: Address, epoch: u64) -> Grant {
    let mut transfer = rule(TARGETS[0], "transfer(address,uint256)");
    transfer.uses = vec![Use { meter: 0, amount: Amount::Path(Path::argument(1)) }];
    Grant {
        chain: ChainId::new(CHAIN).unwrap(),
        account,
        backend: Contract::Manager.address(),
        epoch,
        salt: [9; 16],
        key: SessionKey::Secp256k1(key),
        not_before: seconds(START),
        not_after: seconds(START + 3600),
        first_seq: 0,
        end_seq: 1 << 32,
        routes: Routes::DIRECT,
        relayer,
        calls: vec![transfer],
        meters: vec![meter(0, What::Token(TARGETS[0]), 100, None, START)],
        rest: Rest { gas: Gas { units_per_op: 1_000_000, ..Gas::default() }, ..Rest::default() },
    }
}

/// Draws a grant that a delegation holds.
pub fn draw(rng: &mut Rng, account: Address, key: &Key, relayer: &Key, epoch: u64) -> Grant {
    let bound = if rng.chance(60) { relayer.address } else { Address::ZERO };
    let mut grant = plain(account, key.address, bound, epoch);
    grant.salt = rng.bytes();
    grant.not_before = seconds(START + rng.below(1000));
    grant.not_after = seconds(grant.not_before.get() + 1 + rng.below(900));
    if !bound.is_zero() && rng.chance(30) {
        grant.rest.relayers = vec![key.address];
    }
    let mut draft = Draft { grant: Grant { calls: Vec::new(), meters: Vec::new(), ..grant }, next: 0 };
    for _ in 0..1 + rng.below(3) {
        let rule = draft.rule(rng);
        // Only rules without a meter can be the same twice.
        if !draft.grant.calls.contains(&rule) {
            draft.grant.calls.push(rule);
        }
    }
    draft.grant
}

struct Draft {
    grant: Grant,
    next: u16,
}

impl Draft {
    /// A new meter, as a use.
    fn meter(&mut self, rng: &mut Rng, what: What, amount: Amount, windows: bool) -> Use {
        let cap = rng.pick(&[0_u128, 1, 3, 10, 100, 100, 1000]);
        let start = self.grant.not_before.get();
        let anchor = if rng.chance(50) { start } else { start - rng.below(500) };
        let period = (windows && rng.chance(60)).then(|| 60 + rng.below(200) as u32);
        let id = self.next;
        self.next += 1;
        self.grant.meters.push(meter(id, what, cap, period, anchor));
        Use { meter: id, amount }
    }

    fn rule(&mut self, rng: &mut Rng) -> CallRule {
        match rng.below(10) {
            0..=4 => self.transfer(rng),
            5..=7 => self.pinned(rng),
            _ => self.empty(rng),
        }
    }

    fn transfer(&mut self, rng: &mut Rng) -> CallRule {
        let mut rule = rule(TARGETS[0], "transfer(address,uint256)");
        if rng.chance(40) {
            rule.conditions.push(equals(&[0], Word::from_address(Address::with_last_byte(1 + rng.below(3) as u8))));
        }
        if rng.chance(10) {
            rule.conditions.push(equals(&[1], word(rng.below(12))));
        }
        if rng.chance(20) {
            rule.uses.push(self.meter(rng, What::Calls, Amount::One, false));
        }
        self.value(rng, &mut rule);
        let windows = rule.max_value.is_zero();
        // Sometimes none, sometimes two: the smaller of two caps of one kind holds.
        for what in [What::Token(TARGETS[0]), What::Custom] {
            let periodic = rule.uses.iter().any(|u| {
                matches!(u.amount, Amount::Path(_))
                    && self.grant.meters.iter().any(|m| m.id == u.meter && m.period.is_some())
            });
            if rng.chance(55) {
                let amount = Amount::Path(Path::argument(1));
                rule.uses.push(self.meter(rng, what, amount, windows && !periodic));
            }
        }
        let caps = rule.uses.iter().filter(|u| matches!(u.amount, Amount::Path(_)));
        let least = caps.filter_map(|u| self.grant.meters.iter().find(|m| m.id == u.meter)).map(|m| m.cap).min();
        if let Some(cap) = least.filter(|_| rng.chance(20)) {
            let bound = Word::from_uint(U256::from(cap + u128::from(rng.below(2))));
            rule.conditions.push(Condition { path: Path::argument(1), test: Test::Le(bound) });
        }
        rule
    }

    fn pinned(&mut self, rng: &mut Rng) -> CallRule {
        let amount = rng.below(5);
        let (signature, conditions) = match rng.below(5) {
            0 => ("ping()", vec![]),
            1 => ("set(bool,int8)", vec![equals(&[0], word(1)), equals(&[1], Word([0xff; 32]))]),
            2 => ("buy((uint256,address),bytes4)", {
                let four = [&[0xde, 0xad, 0xbe, 0xef][..], &[0; 28]].concat();
                vec![
                    equals(&[0, 0], word(amount)),
                    equals(&[0, 1], Word::from_address(TARGETS[1])),
                    equals(&[1], Word(four.try_into().unwrap())),
                ]
            }),
            3 => ("put(uint256[2])", vec![equals(&[0, 1], word(2)), equals(&[0, 0], word(amount))]),
            _ => ("approve(address,uint256)", vec![equals(&[0], word(7)), equals(&[1], word(amount))]),
        };
        let mut rule = rule(TARGETS[usize::from(rng.chance(50))], signature);
        rule.conditions = conditions;
        if rng.chance(60) {
            rule.uses.push(self.meter(rng, What::Calls, Amount::One, false));
        }
        self.value(rng, &mut rule);
        let counted = match signature {
            "approve(address,uint256)" => Some(vec![1]),
            "put(uint256[2])" | "buy((uint256,address),bytes4)" => Some(vec![0, 0]),
            _ => None,
        };
        if let Some(path) = counted.filter(|_| rng.chance(60)) {
            rule.uses.push(self.meter(rng, What::Custom, Amount::Path(Path(path)), false));
        }
        rule
    }

    fn empty(&mut self, rng: &mut Rng) -> CallRule {
        let mut rule = rule(TARGETS[1], "");
        if rng.chance(30) {
            rule.uses.push(self.meter(rng, What::Calls, Amount::One, false));
        }
        rule.max_value = U256::from(rng.pick(&[0, 1, 50, 1000]));
        let windows = rng.chance(70);
        rule.uses.push(self.meter(rng, What::Native, Amount::Value, windows));
        rule
    }

    /// Native value beside a function, now and then.
    fn value(&mut self, rng: &mut Rng, rule: &mut CallRule) {
        if rng.chance(15) {
            rule.max_value = U256::from(rng.pick(&[1, 20, 100]));
            let windows = rng.chance(50);
            rule.uses.push(self.meter(rng, What::Native, Amount::Value, windows));
        }
    }
}
