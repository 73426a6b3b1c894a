//! Where a comparison says that nothing is wider, no row of actions is: whatever the new grant allows one after the other, the
//! old one allows too. Random grants, random edits, random rows of actions; the judge is the evaluator.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

use alloy_primitives::{Address, Bytes, U256};
use hallpass_policy::abi::Word;
use hallpass_policy::diff::{Summary, diff};
use hallpass_policy::draft::{Draft, DraftMeter, Span};
use hallpass_policy::eval::{AppAction, Attr};
use hallpass_policy::grant::{
    Amount, AppRule, Attribute, CallRule, Condition, Gas, Grant, Kind, Path, Rest, Routes, SessionKey, Test, Use, What,
    arguments_of,
};
use hallpass_policy::{Action, At, Batch, Call, Facts, Ledger, Op, Policy, Spent, Status};
use hallpass_types::{ChainId, UnixSeconds};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::num::NonZeroU32;

const START: u64 = 1_000_020;
const TARGET: Address = Address::repeat_byte(0x9a);
const SIGNATURES: [&str; 2] = ["f(uint8)", "g(uint8,uint8)"];
/// Meters by their place: what they count.
const WHATS: [What; 4] = [What::Calls, What::Calls, What::Custom, What::Native];

/// A grant in few numbers, of which every value makes some grant.
#[derive(Debug, Clone)]
struct Raw {
    rules: Vec<RawRule>,
    /// Cap, and the period in minutes; 0 is for life.
    meters: [(u8, u8); 4],
    stride: u16,
    start: u64,
    life: u64,
    sequences: u64,
}

#[derive(Debug, Clone)]
struct RawRule {
    /// 0 and 1: functions; 2: an app's verb.
    kind: u8,
    /// Argument, operator, two values.
    conditions: Vec<(u8, u8, u8, u8)>,
    /// Meter, and which argument it counts.
    uses: Vec<(u8, u8)>,
    value: u8,
}

#[derive(Debug, Clone)]
enum Edit {
    Insert(usize, RawRule),
    Remove(usize),
    Swap(usize, usize),
    Condition(usize, usize, (u8, u8, u8, u8)),
    AddCondition(usize, (u8, u8, u8, u8)),
    DropCondition(usize, usize),
    Use(usize, (u8, u8)),
    /// From one calls meter to the other.
    Retarget(usize),
    Value(usize, u8),
    Cap(usize, u8),
    Period(usize, u8),
    Stride(u16),
    Start(u64),
    Life(u64),
    Sequences(u64),
}

fn condition() -> impl Strategy<Value = (u8, u8, u8, u8)> {
    (0..2_u8, 0..9_u8, 0..4_u8, 0..4_u8)
}

fn raw_rule() -> impl Strategy<Value = RawRule> {
    let parts =
        (0..3_u8, prop::collection::vec(condition(), 0..3), prop::collection::vec((0..4_u8, 0..2_u8), 0..3), 0..2_u8);
    parts.prop_map(|(kind, conditions, uses, value)| RawRule { kind, conditions, uses, value })
}

fn raw() -> impl Strategy<Value = Raw> {
    let meters = prop::array::uniform4((0..6_u8, prop::sample::select(vec![0_u8, 0, 1, 2, 3])));
    (prop::collection::vec(raw_rule(), 1..5), meters, 1..3_u16, 2..5_u64).prop_map(|(rules, meters, stride, life)| {
        Raw { rules, meters, stride, start: START, life: life * 60, sequences: 50 }
    })
}

fn edit() -> impl Strategy<Value = Edit> {
    let i = || 0..5_usize;
    prop_oneof![
        (i(), raw_rule()).prop_map(|(i, r)| Edit::Insert(i, r)),
        i().prop_map(Edit::Remove),
        (i(), i()).prop_map(|(i, j)| Edit::Swap(i, j)),
        (i(), i(), condition()).prop_map(|(i, k, c)| Edit::Condition(i, k, c)),
        (i(), condition()).prop_map(|(i, c)| Edit::AddCondition(i, c)),
        (i(), condition()).prop_map(|(i, c)| Edit::AddCondition(i, c)),
        (i(), i()).prop_map(|(i, k)| Edit::DropCondition(i, k)),
        (i(), (0..4_u8, 0..2_u8)).prop_map(|(i, u)| Edit::Use(i, u)),
        i().prop_map(Edit::Retarget),
        i().prop_map(Edit::Retarget),
        (i(), 0..2_u8).prop_map(|(i, v)| Edit::Value(i, v)),
        (0..4_usize, 0..6_u8).prop_map(|(i, cap)| Edit::Cap(i, cap)),
        (0..4_usize, 0..4_u8).prop_map(|(i, p)| Edit::Period(i, p)),
        (1..3_u16).prop_map(Edit::Stride),
        (0..3_u64).prop_map(|n| Edit::Start(START + n * 30)),
        (0..3_u64).prop_map(|n| Edit::Start(START + n * 30)),
        (2..5_u64).prop_map(|n| Edit::Life(n * 60)),
        (48..52_u64).prop_map(Edit::Sequences),
    ]
}

fn apply(raw: &mut Raw, edit: Edit) {
    let count = raw.rules.len();
    match edit {
        Edit::Insert(i, rule) => raw.rules.insert(i.min(count), rule),
        Edit::Remove(i) if i < count => drop(raw.rules.remove(i)),
        Edit::Swap(i, j) if i < count && j < count => raw.rules.swap(i, j),
        Edit::Condition(i, k, c) if i < count && k < raw.rules[i].conditions.len() => raw.rules[i].conditions[k] = c,
        Edit::AddCondition(i, c) if i < count => raw.rules[i].conditions.push(c),
        Edit::DropCondition(i, k) if i < count && k < raw.rules[i].conditions.len() => {
            raw.rules[i].conditions.remove(k);
        }
        Edit::Use(i, u) if i < count => match raw.rules[i].uses.iter().position(|v| *v == u) {
            Some(k) => drop(raw.rules[i].uses.remove(k)),
            None => raw.rules[i].uses.push(u),
        },
        Edit::Retarget(i) if i < count => {
            if let Some(used) = raw.rules[i].uses.iter_mut().find(|(meter, _)| *meter < 2) {
                used.0 = 1 - used.0;
            }
        }
        Edit::Value(i, v) if i < count => raw.rules[i].value = v,
        Edit::Cap(i, cap) => raw.meters[i].0 = cap,
        Edit::Period(i, p) => raw.meters[i].1 = p,
        Edit::Stride(s) => raw.stride = s,
        // The end stays.
        Edit::Start(s) => (raw.start, raw.life) = (s, raw.life + raw.start - s),
        Edit::Life(s) => raw.life = s,
        Edit::Sequences(n) => raw.sequences = n,
        _ => {}
    }
}

fn conditions<P: Clone + PartialEq>(raw: &RawRule, app: bool, place: impl Fn(u8) -> P) -> Vec<Condition<P>> {
    let mut out: Vec<Condition<P>> = Vec::new();
    for (argument, op, a, b) in &raw.conditions {
        let word = |n: &u8| Word::from_uint(U256::from(*n));
        let test = match op {
            0 => Test::Eq(word(a)),
            1 => Test::Ne(word(a)),
            2 => Test::Le(word(a)),
            3 => Test::Ge(word(a)),
            4 => Test::Lt(word(a)),
            5 => Test::Gt(word(a)),
            6 if a != b => Test::In(vec![word(a.min(b)), word(a.max(b))]),
            7 if !app => Test::Mask(word(b), word(&(a & b))),
            8 => {
                let (n, d) = (U256::from(*a + 1), U256::from(*b + 1));
                let common = n.gcd(d);
                Test::Ratio(place(1 - argument), n / common, d / common)
            }
            _ => continue,
        };
        let c = Condition { path: place(*argument), test };
        if !out.contains(&c) {
            out.push(c);
        }
    }
    out
}

fn uses<P: PartialEq>(raw: &RawRule, stride: u16, native: bool, place: impl Fn(u8) -> P) -> Vec<Use<P>> {
    let mut out: Vec<Use<P>> = Vec::new();
    let mut all = raw.uses.clone();
    if native && raw.value > 0 {
        all.push((3, 0));
    }
    all.sort_unstable();
    for (meter, argument) in all {
        let amount = match WHATS[usize::from(meter)] {
            What::Calls => Amount::One,
            What::Native if native => Amount::Value,
            What::Native => continue,
            _ => Amount::Path(place(argument)),
        };
        let id = u16::from(meter) * stride;
        if !out.iter().any(|u| u.meter == id) {
            out.push(Use { meter: id, amount });
        }
    }
    out
}

/// The grant, or nothing where it would be a bad one.
fn grant(raw: &Raw) -> Option<Grant> {
    let (mut calls, mut apps) = (Vec::new(), Vec::new());
    for rule in &raw.rules {
        if let Some(signature) = SIGNATURES.get(usize::from(rule.kind)) {
            let arguments = arguments_of(signature).unwrap();
            let last = u8::try_from(arguments.as_ref().unwrap().len()).unwrap() - 1;
            let place = |i: u8| Path::argument(u16::from(i.min(last)));
            calls.push(CallRule {
                target: TARGET,
                signature: (*signature).to_owned(),
                arguments,
                max_value: U256::from(rule.value),
                conditions: conditions(rule, false, place),
                uses: uses(rule, raw.stride, true, place),
            });
        } else {
            let place = |i: u8| Attribute { name: ["n", "m"][usize::from(i)].to_owned(), kind: Kind::Number };
            apps.push(AppRule {
                app: "a.example".to_owned(),
                verb: "v".to_owned(),
                conditions: conditions(rule, true, place),
                uses: uses(rule, raw.stride, false, place),
            });
        }
    }
    let used = |id: u16| {
        calls.iter().any(|r: &CallRule| r.uses.iter().any(|u| u.meter == id))
            || apps.iter().any(|r: &AppRule| r.uses.iter().any(|u| u.meter == id))
    };
    let meter = |(i, (cap, period)): (usize, &(u8, u8))| {
        let id = u16::try_from(i).unwrap() * raw.stride;
        let period = NonZeroU32::new(u32::from(*period) * 60);
        used(id).then_some(DraftMeter { id, what: WHATS[i], cap: u128::from(*cap), period, anchor: None })
    };
    let start = UnixSeconds::new(raw.start).unwrap();
    let draft = Draft {
        chain: ChainId::new(5).unwrap(),
        account: Some(Address::repeat_byte(0xac)),
        backend: Some(Address::repeat_byte(0xbe)),
        epoch: Some(4),
        salt: Some([7; 16]),
        key: Some(SessionKey::Secp256k1(Address::repeat_byte(0x5e))),
        time: Some(Span::Between(start, start.plus(raw.life).unwrap())),
        sequences: (0, raw.sequences),
        routes: Some(Routes::DIRECT),
        relayer: Some(Address::ZERO),
        gas: Some(Gas { units_per_op: 1000, ..Gas::default() }),
        ender: Some(Address::repeat_byte(0xed)),
        meters: raw.meters.iter().enumerate().filter_map(meter).collect(),
        calls,
        rest: Rest { apps, ..Rest::default() },
    };
    draft.complete(&hallpass_policy::Fill::default()).ok()
}

/// One call: the function, two arguments, value.
type RawCall = (u8, u8, u8, u8);

fn action(calls: &[RawCall]) -> Action {
    let (kind, n, m, _) = calls[0];
    if kind == 2 {
        let attr = |n: u8| Attr::Integer(n.into());
        let attrs = BTreeMap::from([("n".to_owned(), attr(n)), ("m".to_owned(), attr(m))]);
        return Action::App(AppAction { app: "a.example".to_owned(), verb: "v".to_owned(), attrs });
    }
    let call = |(kind, n, m, value): &RawCall| {
        let signature = SIGNATURES[usize::from(kind % 2)];
        let mut data = alloy_primitives::keccak256(signature)[..4].to_vec();
        data.extend(Word::from_uint(U256::from(*n)).0);
        if kind % 2 == 1 {
            data.extend(Word::from_uint(U256::from(*m)).0);
        }
        Call { to: TARGET, value: U256::from(*value), data: Bytes::from(data) }
    };
    Action::Calls(Batch { chain: ChainId::new(5).unwrap(), calls: calls.iter().map(call).collect() })
}

/// An account that keeps the books of one grant.
struct Book<'g> {
    policy: Policy<&'g Grant>,
    ledger: Ledger,
}

impl<'g> Book<'g> {
    fn new(grant: &'g Grant) -> Self {
        let ledger = Ledger {
            frozen: false,
            epoch: 4,
            status: Status::Active,
            base: 0,
            used: 0,
            lanes: Vec::new(),
            meters: Vec::new(),
        };
        Self { policy: Policy::new(grant), ledger }
    }

    /// Whether the action is allowed; what it costs is then booked (`spec/policy.md`, A1).
    fn take(&mut self, action: &Action, now: u64) -> bool {
        let at = At { now: UnixSeconds::new(now).unwrap(), chain: ChainId::new(5).unwrap(), caller: None };
        let Ok(verdict) = self.policy.judge(&self.ledger, action, &Op::default(), &at, &Facts::default()) else {
            return false;
        };
        for cost in verdict.costs {
            let amount = u128::try_from(cost.amount).unwrap();
            match self.ledger.meters.iter_mut().find(|s| s.meter == cost.meter) {
                Some(s) if s.window == cost.window => s.spent += amount,
                Some(s) => *s = Spent { meter: cost.meter, window: cost.window, spent: amount },
                None => self.ledger.meters.push(Spent { meter: cost.meter, window: cost.window, spent: amount }),
            }
        }
        true
    }
}

/// The first action of a row that only the new grant allows, after all before it that it allows.
fn witness(old: &Grant, new: &Grant, row: &[(u64, Vec<RawCall>)]) -> Option<usize> {
    let (mut before, mut after) = (Book::new(old), Book::new(new));
    let mut now = START;
    for (i, (wait, calls)) in row.iter().enumerate() {
        now += wait;
        let action = action(calls);
        if after.take(&action, now) && !before.take(&action, now) {
            return Some(i);
        }
    }
    None
}

fn rows() -> impl Strategy<Value = Vec<Vec<(u64, Vec<RawCall>)>>> {
    let call = (0..3_u8, 0..5_u8, 0..5_u8, prop::sample::select(vec![0_u8, 0, 0, 1]));
    let step = (prop::sample::select(vec![0_u64, 0, 0, 10, 35]), prop::collection::vec(call, 1..3));
    prop::collection::vec(prop::collection::vec(step, 1..24), 12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, max_global_rejects: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_grant_is_the_same_as_itself(raw in raw()) {
        let Some(grant) = grant(&raw) else { return Ok(()) };
        let draft = Draft::from(&grant);
        let found = diff(&draft, &draft);
        prop_assert_eq!(found.summary, Summary::Same);
        prop_assert!(found.changes.is_empty(), "{:?}", found.changes);
    }

    #[test]
    fn what_only_the_new_grant_allows_makes_it_wider(raw in raw(), edits in prop::collection::vec(edit(), 1..3), rows in rows()) {
        let mut edited = raw.clone();
        edits.into_iter().for_each(|e| apply(&mut edited, e));
        let (Some(old), Some(new)) = (grant(&raw), grant(&edited)) else { return Ok(()) };
        for (a, b) in [(&old, &new), (&new, &old)] {
            // Of another salt: the books begin empty.
            let fresh = Grant { salt: [8; 16], ..b.clone() };
            let found = diff(&Draft::from(a), &Draft::from(&fresh));
            if found.summary.may_widen() {
                continue;
            }
            for row in &rows {
                let seen = witness(a, &fresh, row);
                prop_assert!(seen.is_none(), "{:?}, but action {:?} of {:?}:\n{:#?}", found.summary, seen, row, found.changes);
            }
        }
    }
}
