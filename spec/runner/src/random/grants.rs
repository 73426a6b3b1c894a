//! Grants of every kind of rule, all of them good ones.

use super::Rng;
use super::values::{addresses, word};
use alloy_primitives::{Address, U256};
use core::num::NonZeroU32;
use hallpass_policy::Grant;
use hallpass_policy::abi::{EVERY, LENGTH, SOME, Ty, Word};
use hallpass_policy::grant::{
    Amount, AppRule, Attribute, CallRule, Condition, Gas, Kind, Meter, Path, Require, Rest, Routes, SessionKey, Test,
    TypedRule, Use, What, arguments_of,
};
use hallpass_policy::known;
use hallpass_policy::message::{Domain, StructType};
use hallpass_types::{ChainId, UnixSeconds};

/// The account that every grant spends from.
pub const ACCOUNT: Address = Address::repeat_byte(0xac);
/// The contract that enforces every grant.
pub const BACKEND: Address = Address::repeat_byte(0xbe);

const SIGNATURES: [&str; 19] = [
    "",
    "ping()",
    "move(uint256,uint8)",
    "set(int64,bool,bytes4)",
    "wide(int256,uint256,int8,uint128)",
    "transfer(address,uint256)",
    "transfer(address,uint256)",
    "approve(address,uint256)",
    "transferFrom(address,address,uint256)",
    "transferFrom(address,address,uint256)",
    "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
    "approve(address,address,uint160,uint48)",
    "transferFrom(address,address,uint160,address)",
    "pay(address[],uint256[])",
    "note(string,bytes)",
    "swap((address,address,uint24,uint256,uint256))",
    "orders((address,uint8,(uint64,int32)[])[],uint16)",
    "grid(uint8[2][],bytes3[2])",
    "names(string[],bytes32)",
];

const MESSAGES: [&str; 3] = [
    "Order(address maker,uint8 side,uint128 size,uint256 price)",
    "Mail(Person from,Person[] to,string text)Person(address wallet,uint32 rank)",
    "Batch(int64[] deltas,bytes blob,uint16 count)",
];

/// Attributes that apps have.
pub const ATTRIBUTES: [(&str, Kind); 5] = [
    ("board", Kind::Text),
    ("length", Kind::Number),
    ("size", Kind::Number),
    ("pinned", Kind::Bool),
    ("to", Kind::Address),
];

/// A good grant.
pub fn make(rng: &mut Rng) -> Grant {
    loop {
        let grant = attempt(rng);
        if grant.check().is_ok() {
            return grant;
        }
    }
}

fn seconds(value: u64) -> UnixSeconds {
    UnixSeconds::new(value).unwrap_or(UnixSeconds::EPOCH)
}

fn attempt(rng: &mut Rng) -> Grant {
    // Now and then so late that windows of a minute, counted from 1970, are past 2^32.
    let late = rng.chance(20);
    let start = if late { 60 * ((1 << 32) - 2) + rng.below(200) } else { 1_700_000_000 + rng.below(1 << 24) };
    let life = rng.pick(&[1_u64, 61, 601, 3600, 3600, 90_000, 90_000]);
    let mut made = Making { meters: meters(rng, start, late), rng };
    let mut calls: Vec<CallRule> = Vec::new();
    for _ in 0..made.rng.below(5) {
        let rule = made.call();
        // Sometimes a second rule for the same function, so that two match.
        if made.rng.chance(40) {
            let twin = made.like(&rule);
            calls.push(twin);
        }
        calls.push(rule);
    }
    let typed = (0..made.rng.pick(&[0_u64, 0, 1, 2])).map(|_| made.typed()).collect::<Vec<_>>();
    let mut apps: Vec<AppRule> = Vec::new();
    for _ in 0..made.rng.pick(&[0_u64, 0, 1, 2]) {
        apps.push(made.app());
    }
    let Making { mut meters, rng } = made;
    let used = |id: u16| {
        calls.iter().any(|r| r.uses.iter().any(|u| u.meter == id))
            || typed.iter().any(|r| r.uses.iter().any(|u| u.meter == id))
            || apps.iter().any(|r| r.uses.iter().any(|u| u.meter == id))
    };
    meters.retain(|m| used(m.id));
    let relayer = if rng.chance(35) { Address::repeat_byte(0xc1) } else { Address::ZERO };
    let further = if !relayer.is_zero() && rng.chance(50) { vec![Address::repeat_byte(0xc2)] } else { Vec::new() };
    let first_seq = rng.pick(&[0_u64, 0, 3, (1 << 32) - 100]);
    Grant {
        chain: ChainId::new(5).unwrap_or(ChainId::MAX),
        account: ACCOUNT,
        backend: BACKEND,
        epoch: rng.below(3),
        salt: [7; 16],
        key: SessionKey::Secp256k1(Address::repeat_byte(0x5e)),
        not_before: seconds(start),
        not_after: seconds(start + life),
        first_seq,
        end_seq: if rng.chance(50) { 1 << 32 } else { first_seq + rng.pick(&[1_u64, 5, 90]) },
        routes: Routes::new(rng.pick(&[1_u8, 1, 3, 6])).unwrap_or(Routes::DIRECT),
        relayer,
        calls,
        meters,
        rest: Rest {
            gas: Gas { units_per_op: 1000, fee_token: Address::ZERO, fee_per_op: 10, fee_cap: 25 },
            ender: Address::repeat_byte(0xed),
            relayers: further,
            typed,
            apps,
            requires: requires(rng),
            ..Rest::default()
        },
    }
}

fn requires(rng: &mut Rng) -> Vec<Require> {
    let mut out = Vec::new();
    if rng.chance(25) {
        let id = rng.chance(40).then(|| U256::from(rng.below(3)));
        out.push(Require::Holds { token: Address::repeat_byte(0x70), at_least: U256::from(1 + rng.below(9)), id });
    }
    if rng.chance(15) {
        out.push(Require::Role("trader".to_owned()));
    }
    if rng.chance(15) {
        out.push(Require::Credential { issuer: "did:web:issuer.example".to_owned(), kind: "KYC".to_owned() });
    }
    out
}

fn meters(rng: &mut Rng, start: u64, late: bool) -> Vec<Meter> {
    let mut id = rng.pick(&[0_u16, 0, 7]);
    let mut out = Vec::new();
    for _ in 0..1 + rng.below(5) {
        let what = match rng.below(6) {
            0 => What::Native,
            1 | 2 => What::Token(rng.pick(&[Address::repeat_byte(0x70), Address::repeat_byte(0x71)])),
            3 => What::Calls,
            _ => What::Custom,
        };
        let cap = match what {
            What::Calls => rng.pick(&[0_u128, 1, 2, 3, 10]),
            _ => rng.pick(&[0_u128, 1, 5, 10, 100, 1 << 62, (1 << 120) - 1]),
        };
        let period = NonZeroU32::new(rng.pick(&[0_u32, 0, 60, 61, 600, 3600]));
        let back = rng.pick(&[0_u64, 0, 1, 59, 60, 100_000]);
        let anchor = if late && rng.chance(70) { 0 } else { start - back };
        out.push(Meter { id, what, cap, period, anchor: seconds(anchor) });
        id += 1 + rng.pick(&[0_u16, 0, 1, 300]);
    }
    out
}

struct Making<'r> {
    rng: &'r mut Rng,
    meters: Vec<Meter>,
}

impl Making<'_> {
    fn call(&mut self) -> CallRule {
        let signature = self.rng.one(&SIGNATURES).copied().unwrap_or("").to_owned();
        let arguments = arguments_of(&signature).ok().flatten();
        let permit2 = known::of(&signature).and_then(|k| k.spends).is_some_and(|s| s.token.is_some());
        let target = if permit2 {
            known::PERMIT2
        } else if known::of(&signature).is_some() {
            self.rng.pick(&[Address::repeat_byte(0x70), Address::repeat_byte(0x71)])
        } else {
            self.rng.pick(&[Address::repeat_byte(0x51), Address::repeat_byte(0x9a)])
        };
        let mut rule =
            CallRule { target, signature, arguments, max_value: U256::ZERO, conditions: Vec::new(), uses: Vec::new() };
        self.fill(&mut rule);
        rule
    }

    /// Another rule for the same call.
    fn like(&mut self, rule: &CallRule) -> CallRule {
        let mut twin = CallRule { max_value: U256::ZERO, conditions: Vec::new(), uses: Vec::new(), ..rule.clone() };
        self.fill(&mut twin);
        twin
    }

    fn fill(&mut self, rule: &mut CallRule) {
        let types = rule.arguments.clone().unwrap_or_default();
        rule.conditions = self.conditions(&types);
        for i in 0..self.meters.len() {
            let Some(m) = self.meters.get(i).cloned() else { continue };
            let amount = match m.what {
                What::Calls if self.rng.chance(30) => Some(Amount::One),
                What::Native if self.rng.chance(30) => {
                    rule.max_value = U256::from(self.rng.pick(&[0_u64, 5, 10, 200]));
                    Some(Amount::Value)
                }
                What::Token(token) if self.rng.chance(80) => self.spends(rule, token),
                What::Custom if self.rng.chance(30) => self.amount(&types).map(Amount::Path),
                _ => None,
            };
            if let Some(amount) = amount.filter(|_| rule.uses.len() < 3) {
                rule.uses.push(Use { meter: m.id, amount });
            }
        }
        rule.uses.sort_by_key(|u| u.amount != Amount::One);
    }

    fn spends(&mut self, rule: &mut CallRule, token: Address) -> Option<Amount> {
        let spends = known::spends(rule.target, &rule.signature, token)?;
        if let Some(place) = spends.token {
            let pin = Condition { path: Path::argument(place), test: Test::Eq(Word::from_address(token)) };
            if !rule.conditions.contains(&pin) {
                rule.conditions.push(pin);
            }
        }
        Some(Amount::Path(Path::argument(spends.amount)))
    }

    fn typed(&mut self) -> TypedRule {
        let text = self.rng.one(&MESSAGES).copied().unwrap_or("");
        let ty =
            StructType::parse(text).unwrap_or(StructType { text: String::new(), types: Vec::new(), names: Vec::new() });
        let domain = Domain {
            name: Some("Exchange".to_owned()),
            chain_id: self.rng.chance(50).then(|| U256::from(5)),
            ..Domain::default()
        };
        let conditions = self.conditions(&ty.types);
        let amount = self.amount(&ty.types);
        let uses = self.signer_uses(amount);
        TypedRule { domain, ty, conditions, uses }
    }

    fn app(&mut self) -> AppRule {
        let mut conditions = Vec::new();
        for _ in 0..self.rng.below(3) {
            let (name, kind) = self.rng.one(&ATTRIBUTES).copied().unwrap_or(("board", Kind::Text));
            let path = Attribute { name: name.to_owned(), kind };
            let other = Attribute { name: "size".to_owned(), kind: Kind::Number };
            let test = if kind == Kind::Number && self.rng.chance(20) {
                Test::Ratio(other, U256::from(1 + self.rng.below(2)), U256::from(1))
            } else {
                self.test(kind.ty(), false)
            };
            conditions.push(Condition { path, test });
        }
        let amount = Some(Attribute { name: "size".to_owned(), kind: Kind::Number });
        let uses = self.signer_uses(amount);
        let verb = self.rng.one(&["post.create", "post.like"]).copied().unwrap_or("post.create").to_owned();
        AppRule { app: "chat.example".to_owned(), verb, conditions, uses }
    }

    fn signer_uses<P: Clone>(&mut self, amount: Option<P>) -> Vec<Use<P>> {
        let mut uses = Vec::new();
        for m in &self.meters {
            match m.what {
                What::Calls if self.rng.chance(40) => uses.push(Use { meter: m.id, amount: Amount::One }),
                _ => {}
            }
        }
        for m in &self.meters {
            if let (What::Custom, Some(path), true) = (m.what, &amount, self.rng.chance(40)) {
                uses.push(Use { meter: m.id, amount: Amount::Path(path.clone()) });
            }
        }
        uses
    }

    fn conditions(&mut self, types: &[Ty]) -> Vec<Condition> {
        let mut out: Vec<Condition> = Vec::new();
        for _ in 0..if types.is_empty() { 0 } else { self.rng.below(4) } {
            let Some((path, ty)) = self.path(types, true) else { continue };
            let test = if ty.is_integer() && !path.is_quantified() && self.rng.chance(25) {
                self.ratio(types)
            } else {
                Some(self.test(&ty, true))
            };
            if let Some(test) = test {
                let condition = Condition { path, test };
                if !out.contains(&condition) {
                    out.push(condition);
                }
            }
        }
        out
    }

    fn ratio(&mut self, types: &[Ty]) -> Option<Test> {
        let (right, ty) = self.path(types, false)?;
        let (n, d) = self.rng.one(&[(1_u64, 1_u64), (2, 1), (1, 2), (98, 100), (3, 2)]).copied()?;
        let huge = self.rng.chance(10);
        let numerator = if huge { U256::MAX } else { U256::from(n) };
        let common = numerator.gcd(U256::from(d));
        ty.is_integer().then(|| Test::Ratio(right, numerator / common, U256::from(d) / common))
    }

    /// A path to a plain unsigned integer.
    fn amount(&mut self, types: &[Ty]) -> Option<Path> {
        (0..8).find_map(|_| self.path(types, false).filter(|(_, ty)| matches!(ty, Ty::Uint(_))).map(|(path, _)| path))
    }

    fn path(&mut self, types: &[Ty], quantified: bool) -> Option<(Path, Ty)> {
        let mut steps = Vec::new();
        let index = self.rng.index(types.len());
        let mut ty = types.get(index)?;
        steps.push(u16::try_from(index).ok()?);
        loop {
            let step = match ty {
                Ty::Tuple(members) => u16::try_from(self.rng.index(members.len())).ok()?,
                Ty::Array(_) | Ty::FixedArray(..) => match self.rng.below(6) {
                    0 if matches!(ty, Ty::Array(_)) => LENGTH,
                    1 | 2 if quantified => EVERY,
                    3 if quantified => SOME,
                    _ => u16::try_from(self.rng.below(2)).ok()?,
                },
                Ty::Bytes | Ty::String if self.rng.chance(40) => LENGTH,
                _ => break,
            };
            steps.push(step);
            ty = match ty {
                Ty::Tuple(members) => members.get(usize::from(step))?,
                Ty::Array(_) | Ty::Bytes | Ty::String if step == LENGTH => return Some((Path(steps), Ty::Uint(32))),
                Ty::Array(inner) | Ty::FixedArray(inner, _) => inner,
                _ => return None,
            };
        }
        Some((Path(steps), ty.clone()))
    }

    fn test<P>(&mut self, ty: &Ty, masks: bool) -> Test<P> {
        let value = word(self.rng, ty);
        match self.rng.below(9) {
            0 => Test::Ne(value),
            1 if ty.is_integer() => Test::Lt(value),
            2 if ty.is_integer() => Test::Gt(value),
            3 | 4 if ty.is_integer() => Test::Le(value),
            5 if ty.is_integer() => Test::Ge(value),
            6 if masks && matches!(ty, Ty::Uint(_) | Ty::FixedBytes(_)) => {
                Test::Mask(value, Word::from_uint(value.uint() & word(self.rng, ty).uint()))
            }
            7 | 8 => {
                let mut list: Vec<Word> = (0..2 + self.rng.below(3)).map(|_| word(self.rng, ty)).collect();
                list.sort_unstable();
                list.dedup();
                if list.len() < 2 { Test::Eq(value) } else { Test::In(list) }
            }
            _ => Test::Eq(value),
        }
    }
}

/// Every address that grants and actions speak of.
#[must_use]
pub fn everybody() -> Vec<Address> {
    addresses().into_iter().chain([BACKEND]).collect()
}
