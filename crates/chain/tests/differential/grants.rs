//! Random grants: mostly such as an owner would be shown, with a few rules among them that only a careless owner signs.

use crate::rng::Rng;
use crate::values;
use crate::world::{Account, CHAIN, Key, TARGETS};
use alloy_primitives::{Address, B256, U256, address};
use core::num::NonZeroU32;
use hallpass_policy::Grant;
use hallpass_policy::abi::{Ty, Word};
use hallpass_policy::forbidden::ENTRY_POINTS;
use hallpass_policy::grant::arguments_of;
use hallpass_policy::grant::{
    Amount, CallRule, Condition, Gas, Meter, Path, Rest, Routes, SessionKey, Test, Use, What,
};
use hallpass_types::{ChainId, UnixSeconds};

/// Who sends operations.
pub const CALLERS: [Address; 3] = [
    address!("0xca00000000000000000000000000000000000001"),
    address!("0xca00000000000000000000000000000000000002"),
    address!("0xca00000000000000000000000000000000000003"),
];

/// What is special about a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// Nothing.
    Plain,
    /// Its target is the account, the backend or an EntryPoint.
    Forbidden,
    /// Its meter is not in the grant, or leads nowhere, or counts from after the grant.
    Bad,
    /// A ratio or a dynamic argument.
    Unsupported,
}

/// A grant with its keys.
#[derive(Debug, Clone)]
pub struct Made {
    pub grant: Grant,
    /// The grant's.
    pub id: B256,
    /// One for each rule.
    pub tags: Vec<Tag>,
    pub session: Key,
    pub ender: Key,
}

pub fn seconds(value: u64) -> UnixSeconds {
    UnixSeconds::new(value).unwrap()
}

/// A grant for `account` in its epoch.
pub fn make(rng: &mut Rng, account: &Account) -> Made {
    let start = match rng.below(20) {
        0 => 600 + rng.below(5000),
        1 => (1 << 47) + rng.below(1 << 20),
        _ => 1_700_000_000 + rng.below(1 << 28),
    };
    let life = rng.pick(&[1, 61, 600, 601, 3600, 3600, 20_000, 20_000, 200_000, 200_000]);
    // Half of the owners sign nothing that approval would refuse to read.
    let careless = rng.chance(50);
    let mut meters = meters(rng, start, life, careless);
    let (calls, tags) = rules(rng, account, &meters, careless);
    if !careless {
        meters.retain(|m| calls.iter().flat_map(|rule| &rule.uses).any(|used| used.meter == m.id));
    }
    let first_seq = rng.pick(&[0, 0, 0, 1, 1000, (1 << 32) - 3000]);
    let end_seq = if rng.chance(50) { 1 << 32 } else { first_seq + rng.pick(&[40, 200, 1000, 3000]) };
    let (session, ender) = (Key::random(rng), Key::random(rng));
    let relayer = if rng.chance(30) { CALLERS[0] } else { Address::ZERO };
    let grant = Grant {
        chain: ChainId::new(CHAIN).unwrap(),
        account: account.at,
        backend: account.backend,
        epoch: account.epoch,
        salt: rng.bytes(),
        key: SessionKey::Secp256k1(session.address),
        not_before: seconds(start),
        not_after: seconds(start + life),
        first_seq,
        end_seq,
        routes: Routes::new(rng.pick(&[1, 1, 1, 3, 5, 7])).unwrap(),
        relayer,
        calls,
        meters,
        rest: Rest { gas: gas(rng), ender: ender.address, ..Rest::default() },
    };
    Made { id: grant.id(), grant, tags, session, ender }
}

/// Fees for half of the grants, in the chain's coin or in a token.
fn gas(rng: &mut Rng) -> Gas {
    let none = Gas { units_per_op: 1_000_000, ..Gas::default() };
    if rng.chance(50) {
        return none;
    }
    let fee_per_op: u128 = rng.pick(&[1, 255, 1000, (1 << 120) - 1]);
    let fee_cap = rng.pick(&[0, fee_per_op - 1, fee_per_op, fee_per_op.saturating_mul(3).min((1 << 120) - 1)]);
    Gas { fee_token: rng.pick(&[Address::ZERO, TARGETS[1]]), fee_per_op, fee_cap, ..none }
}

fn meters(rng: &mut Rng, start: u64, life: u64, careless: bool) -> Vec<Meter> {
    let mut id = rng.pick(&[0, 0, 1, 300, 64_000]);
    let mut out = Vec::new();
    for _ in 0..if rng.chance(10) { 0 } else { 1 + rng.below(4) } {
        let what = match rng.below(5) {
            0 => What::Native,
            1 => What::Token(rng.pick(&TARGETS)),
            2 => What::Calls,
            _ => What::Custom,
        };
        let cap = match what {
            What::Calls => rng.pick(&[0, 1, 2, 3, 5, 10, 50]),
            _ => rng.pick(&[0, 1, 2, 3, 100, 1000, 1000, 1_000_000, 1 << 64, (1 << 119) + 1, (1 << 120) - 1]),
        };
        let period = NonZeroU32::new(rng.pick(&[0, 60, 60, 61, 90, 300, 600, 601, 3600, 86_400]));
        let back = match rng.below(4) {
            0 => rng.below(100_000),
            1 if start < 1 << 40 => start,
            _ => 0,
        };
        out.push(Meter { id, what, cap, period, anchor: seconds(start.saturating_sub(back)) });
        id += 1 + rng.pick(&[0, 0, 1, 255, 65]) as u16;
    }
    // A window that begins after the grant: bad, and only rules tagged so use it.
    if careless && rng.chance(60) {
        let anchor = seconds(start + life + rng.below(100));
        out.push(Meter { id, what: What::Calls, cap: 5, period: NonZeroU32::new(60), anchor });
    }
    out
}

fn rules(rng: &mut Rng, account: &Account, meters: &[Meter], careless: bool) -> (Vec<CallRule>, Vec<Tag>) {
    let late =
        meters.last().filter(|m| m.what == What::Calls && m.anchor > meters[0].anchor && m.cap == 5).map(|m| m.id);
    let functions: Vec<String> = (0..1 + rng.below(3)).map(|n| function(rng, n, None)).collect();
    let mut list = Vec::new();
    for _ in 0..1 + rng.below(6) {
        list.push((plain(rng, &functions, meters, late), Tag::Plain));
    }
    if careless && rng.chance(90) {
        let target = rng.pick(&[
            account.at,
            account.backend,
            ENTRY_POINTS[0],
            ENTRY_POINTS[1],
            ENTRY_POINTS[2],
            ENTRY_POINTS[3],
        ]);
        list.push((CallRule { target, ..plain(rng, &functions, &[], None) }, Tag::Forbidden));
    }
    if careless && rng.chance(90) {
        let mut rule = rule(rng.pick(&TARGETS), "bad(uint64)".to_owned());
        let amount = match rng.below(3) {
            0 if late.is_some() => (late.unwrap(), Amount::One),
            1 if meters.iter().any(|m| m.what == What::Custom) => (
                meters.iter().find(|m| m.what == What::Custom).unwrap().id,
                Amount::Path(Path::argument(1 + rng.below(3) as u16)),
            ),
            _ => (65_535, Amount::One),
        };
        rule.uses = vec![Use { meter: amount.0, amount: amount.1 }];
        list.push((rule, Tag::Bad));
    }
    if rng.chance(75) {
        let mut made = rule(
            rng.pick(&TARGETS),
            rng.pick(&["odd(uint64,uint64)", "odd(uint256,bytes)", "odd(string)", "odd(uint8[])", "odd((bool))"])
                .to_owned(),
        );
        if made.signature.ends_with("uint64)") {
            let ratio = Test::Ratio(Path::argument(1), U256::from(1), U256::from(1));
            made.conditions = vec![Condition { path: Path::argument(0), test: ratio }];
        }
        list.push((made, Tag::Unsupported));
    }
    rng.shuffle(&mut list);
    list.into_iter().unzip()
}

fn rule(target: Address, signature: String) -> CallRule {
    let arguments = arguments_of(&signature).unwrap();
    CallRule { target, signature, arguments, max_value: U256::ZERO, conditions: Vec::new(), uses: Vec::new() }
}

/// A function of 0 to 4 arguments, one of them perhaps wished for; sometimes empty calldata or one of a token's.
fn function(rng: &mut Rng, n: u64, wish: Option<Ty>) -> String {
    if wish.is_none() && rng.chance(25) {
        return rng.pick(&["", "transfer(address,uint256)", "approve(address,uint256)"]).to_owned();
    }
    let mut types: Vec<Ty> = (0..rng.below(4)).map(|_| values::ty(rng)).collect();
    types.extend(wish);
    rng.shuffle(&mut types);
    let names: Vec<String> = types.iter().map(ToString::to_string).collect();
    format!("f{n}({})", names.join(","))
}

fn plain(rng: &mut Rng, functions: &[String], meters: &[Meter], late: Option<u16>) -> CallRule {
    let mut made = rule(TARGETS[rng.index(2)], functions[rng.index(functions.len())].clone());
    let metered = !meters.is_empty() && rng.chance(75);
    if let Some(meter) = metered.then(|| &meters[rng.index(meters.len())]).filter(|m| Some(m.id) != late) {
        let amount = match meter.what {
            What::Native => {
                let cap = U256::from(meter.cap);
                made.max_value = rng.pick(&[
                    U256::ZERO,
                    U256::from(5),
                    cap,
                    cap + U256::from(1),
                    U256::from(1_u64 << 50),
                    U256::MAX,
                ]);
                Amount::Value
            }
            What::Calls => Amount::One,
            What::Token(token) => {
                made = rule(
                    token,
                    rng.pick(&[
                        "transfer(address,uint256)",
                        "approve(address,uint256)",
                        "increaseAllowance(address,uint256)",
                    ])
                    .to_owned(),
                );
                Amount::Path(Path::argument(1))
            }
            What::Custom => {
                let place = |r: &CallRule| r.arguments.iter().flatten().position(|t| matches!(t, Ty::Uint(_)));
                if place(&made).is_none() {
                    let wish = Ty::Uint(rng.pick(&[1, 2, 8, 15, 16, 32]));
                    made = rule(made.target, function(rng, 9, Some(wish)));
                }
                Amount::Path(Path::argument(place(&made).unwrap() as u16))
            }
        };
        made.uses = vec![Use { meter: meter.id, amount }];
    }
    let arguments = made.arguments.clone().unwrap_or_default();
    for _ in 0..if arguments.is_empty() { 0 } else { rng.below(4) } {
        let index = rng.index(arguments.len());
        let made_now = condition(rng, index, &arguments[index]);
        if !made.conditions.contains(&made_now) {
            made.conditions.push(made_now);
        }
    }
    made
}

fn condition(rng: &mut Rng, index: usize, ty: &Ty) -> Condition {
    let word = values::canonical(rng, ty);
    let maskable = matches!(ty, Ty::Uint(_) | Ty::FixedBytes(_));
    let test = match rng.below(8) {
        0 => Test::Ne(word),
        1 if ty.is_integer() => Test::Le(word),
        2 if ty.is_integer() => Test::Ge(word),
        3 if ty.is_integer() => Test::Lt(word),
        4 if ty.is_integer() => Test::Gt(word),
        5 if maskable => Test::Mask(word, Word::from_uint(word.uint() & values::canonical(rng, ty).uint())),
        6 | 7 => {
            let mut list: Vec<Word> = (0..2 + rng.below(4)).map(|_| values::canonical(rng, ty)).collect();
            list.sort_unstable();
            list.dedup();
            if list.len() < 2 { Test::Ne(word) } else { Test::In(list) }
        }
        _ => Test::Eq(word),
    };
    Condition { path: Path::argument(index as u16), test }
}
