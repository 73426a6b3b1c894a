//! A grant made ready for many questions: selectors hashed, rules sorted by what they are for, meters found.

use super::fail::{Fail, Found, Place, wanted};
use super::meters::{Frame, Tally};
use super::rule::{Arguments, Source, conditions};
use super::{Action, AppAction, At, Batch, Call, Code, Denial, Facts, Op, Verdict, bounds, requires};
use crate::abi::{Decoded, Hashes, Ty};
use crate::forbidden;
use crate::grant::{Amount, CallRule, Condition, FEE_METER, Grant, Meter, Path, Use, What};
use crate::known::{self, Spends};
use crate::ledger::{Cost, Ledger};
use crate::message::{self, Message};
use alloy_primitives::{Address, U256};
use core::borrow::Borrow;
use smallvec::SmallVec;
use std::collections::HashMap;

/// A grant that answers. Making one hashes each signature; asking it allocates nothing where the answer is yes, up to eight
/// calls and eight meters.
#[derive(Debug)]
pub struct Policy<G = &'static Grant> {
    grant: G,
    calls: Vec<Ready>,
    /// The numbers of the call rules, by what they are for and then ascending.
    order: Vec<(Key, u16)>,
}

/// What a call rule is for: a contract, and a selector or empty calldata.
type Key = (Address, Option<[u8; 4]>);

/// A call rule with what is looked up once.
#[derive(Debug)]
struct Ready {
    /// The first rule of the same signature: all of them share one decoding.
    group: u16,
    meters: Vec<Metered>,
}

/// A use with the place of its meter, and whose tokens it must be that are spent.
#[derive(Debug)]
struct Metered {
    meter: Option<usize>,
    owner: Option<u16>,
}

impl<G: Borrow<Grant>> Policy<G> {
    /// Makes a grant ready. It should have passed [`Grant::check`]; what has not is denied where it shows, as
    /// [`Code::BadGrant`].
    #[must_use]
    pub fn new(grant: G) -> Self {
        let of: &Grant = grant.borrow();
        let mut groups: HashMap<&str, u16> = HashMap::new();
        let mut calls = Vec::with_capacity(of.calls.len());
        for (rule, number) in of.calls.iter().zip(0..=u16::MAX) {
            let group = *groups.entry(&rule.signature).or_insert(number);
            calls.push(Ready { group, meters: rule.uses.iter().map(|used| Metered::new(of, rule, used)).collect() });
        }
        let mut order: Vec<(Key, u16)> =
            of.calls.iter().zip(0..=u16::MAX).map(|(rule, number)| ((rule.target, rule.selector()), number)).collect();
        order.sort_unstable();
        Self { grant, calls, order }
    }

    /// The grant.
    #[must_use]
    pub fn grant(&self) -> &Grant {
        self.grant.borrow()
    }

    /// Judges an action. What has no operation is not asked for one: `op` is then not looked at.
    ///
    /// # Errors
    /// The first [`Denial`] in the order of `spec/policy.md`.
    pub fn judge(&self, ledger: &Ledger, action: &Action, op: &Op, at: &At, facts: &Facts) -> Result<Verdict, Denial> {
        match action {
            Action::Calls(batch) => self.judge_calls(ledger, batch, op, at, facts),
            Action::Typed(message) => self.judge_message(ledger, message, at, facts),
            Action::App(action) => self.bare(ledger, at, facts, |tally| self.app(action, tally)),
        }
    }

    /// Judges calls. Call by call, in batch order, the lowest rule is taken that allows, given what the earlier calls cost;
    /// there is no going back. A denial is that of the lowest rule for the call.
    ///
    /// # Errors
    /// The first [`Denial`].
    pub fn judge_calls(
        &self,
        ledger: &Ledger,
        batch: &Batch,
        op: &Op,
        at: &At,
        facts: &Facts,
    ) -> Result<Verdict, Denial> {
        let frame = bounds::operation(self.grant(), ledger, batch, op, at)?;
        requires::check(self.grant(), facts, at)?;
        let mut tally = Tally::new(ledger, frame);
        let mut rules = SmallVec::new();
        for (i, call) in batch.calls.iter().enumerate() {
            rules.push(self.call(call, &mut tally).map_err(|d| d.in_call(i, batch.calls.len()))?);
        }
        Ok(Verdict { rules, costs: tally.into_costs(op.fee) })
    }

    /// Judges a typed message.
    ///
    /// # Errors
    /// The first [`Denial`].
    pub fn judge_message(&self, ledger: &Ledger, message: &Message, at: &At, facts: &Facts) -> Result<Verdict, Denial> {
        self.bare(ledger, at, facts, |tally| self.typed(message, tally))
    }

    /// What a cost leaves of its meter's window, after what `ledger` holds.
    #[must_use]
    pub fn left(&self, ledger: &Ledger, cost: &Cost) -> u128 {
        let cap = match cost.meter {
            FEE_METER => self.grant().rest.gas.fee_cap,
            id => meter(self.grant(), id).map_or(0, |m| m.cap),
        };
        let spent = ledger.meters.iter().find(|s| s.meter == cost.meter && s.window == cost.window);
        let amount = u128::try_from(cost.amount).unwrap_or(u128::MAX);
        cap.saturating_sub(spent.map_or(0, |s| s.spent)).saturating_sub(amount)
    }

    fn bare(
        &self,
        ledger: &Ledger,
        at: &At,
        facts: &Facts,
        judge: impl FnOnce(&mut Tally<'_>) -> Result<u16, Denial>,
    ) -> Result<Verdict, Denial> {
        let frame: Frame = bounds::bare(self.grant(), ledger, at)?;
        requires::check(self.grant(), facts, at)?;
        let mut tally = Tally::new(ledger, frame);
        let rule = judge(&mut tally)?;
        Ok(Verdict { rules: SmallVec::from_slice(&[rule]), costs: tally.into_costs(0) })
    }

    fn call(&self, call: &Call, tally: &mut Tally<'_>) -> Result<u16, Denial> {
        let grant = self.grant();
        if forbidden::target(call.to, grant.account, grant.backend) {
            return Err(Denial::new(Code::TargetForbidden, "rules").found(call.to));
        }
        let selector = call.data.first_chunk::<4>().copied();
        if selector.is_none() && !call.data.is_empty() {
            return Err(no_rule(call));
        }
        let key = (call.to, selector);
        let first = self.order.partition_point(|(k, _)| *k < key);
        let candidates = self.order.iter().skip(first).take_while(|(k, _)| *k == key);
        let hashes = Hashes::default();
        let mut decoded: Option<(u16, Option<Decoded<'_>>)> = None;
        let judged = lowest(candidates.map(|(_, number)| *number), tally, |number, tally| {
            let place = usize::from(number);
            let both = self.calls.get(place).zip(grant.calls.get(place));
            let (ready, rule) = both.ok_or(Fail::new(Code::BadGrant))?;
            if call.value > rule.max_value {
                let bound = Found::Number(rule.max_value);
                return Err(Fail::new(Code::ValueOverMax)
                    .at(Place::MaxValue)
                    .found(Found::Number(call.value))
                    .bound(bound));
            }
            let arguments = match decoded {
                Some((group, read)) if group == ready.group => read,
                _ => {
                    let read =
                        Decoded::new(rule.arguments.as_deref().unwrap_or(&[]), call.data.get(4..).unwrap_or(&[]));
                    let read = read.map(|read| read.remembering(&hashes));
                    decoded = Some((ready.group, read));
                    read
                }
            };
            let arguments = arguments.ok_or(Fail::new(Code::BadCalldata).at(Place::Signature))?;
            let source = Arguments { decoded: arguments, missing: Code::BadCalldata };
            conditions(&rule.conditions, &source)?;
            for (i, (used, metered)) in rule.uses.iter().zip(&ready.meters).enumerate() {
                charge(used, metered, &source, call.value, grant, tally).map_err(|fail| fail.at(Place::Use(i)))?;
            }
            Ok(())
        });
        match judged {
            Lowest::Allows(number) => Ok(number),
            Lowest::Fails(number, fail) => {
                let rule = grant.calls.get(usize::from(number));
                Err(fail.denial(number.into(), |i, how| Some(wanted(&rule?.conditions.get(i)?.test, how))))
            }
            Lowest::None => Err(no_rule(call)),
        }
    }

    fn typed(&self, message: &Message, tally: &mut Tally<'_>) -> Result<u16, Denial> {
        let grant = self.grant();
        if message::is_forbidden(&message.domain, message.ty.primary(), grant.account, grant.backend) {
            return Err(Denial::new(Code::TargetForbidden, "rules").found(message.ty.primary()));
        }
        let fits = |number: &u16| {
            let rule = grant.rest.typed.get(usize::from(*number));
            rule.is_some_and(|r| r.domain == message.domain && r.ty.text == message.ty.text)
        };
        let decoded =
            Decoded::new(&message.ty.types, &message.data).ok_or_else(|| Denial::new(Code::BadMessage, "rules"))?;
        let hashes = Hashes::default();
        let source = Arguments { decoded: decoded.remembering(&hashes), missing: Code::BadMessage };
        let judged = lowest((0..=u16::MAX).take(grant.rest.typed.len()).filter(fits), tally, |number, tally| {
            let rule = grant.rest.typed.get(usize::from(number)).ok_or(Fail::new(Code::BadGrant))?;
            self.signer_only(&rule.conditions, &rule.uses, &source, tally)
        });
        let before = grant.calls.len();
        match judged {
            Lowest::Allows(number) => place(before, number),
            Lowest::Fails(number, fail) => {
                let rule = grant.rest.typed.get(usize::from(number));
                let test = |i: usize, how| Some(wanted(&rule?.conditions.get(i)?.test, how));
                Err(fail.denial(before + usize::from(number), test))
            }
            Lowest::None => {
                let what = format!("{} of {}", message.ty.primary(), message.domain.canonical());
                Err(Denial::new(Code::NoRule, "rules").found(what))
            }
        }
    }

    fn app(&self, action: &AppAction, tally: &mut Tally<'_>) -> Result<u16, Denial> {
        let apps = &self.grant().rest.apps;
        let fits =
            |number: &u16| apps.get(usize::from(*number)).is_some_and(|r| r.app == action.app && r.verb == action.verb);
        let judged = lowest((0..=u16::MAX).take(apps.len()).filter(fits), tally, |number, tally| {
            let rule = apps.get(usize::from(number)).ok_or(Fail::new(Code::BadGrant))?;
            self.signer_only(&rule.conditions, &rule.uses, action, tally)
        });
        let before = self.grant().calls.len() + self.grant().rest.typed.len();
        match judged {
            Lowest::Allows(number) => place(before, number),
            Lowest::Fails(number, fail) => {
                let rule = apps.get(usize::from(number));
                let test = |i: usize, how| Some(wanted(&rule?.conditions.get(i)?.test, how));
                Err(fail.denial(before + usize::from(number), test))
            }
            Lowest::None => Err(Denial::new(Code::NoRule, "rules").found(format!("{} of {}", action.verb, action.app))),
        }
    }

    fn signer_only<P>(
        &self,
        all: &[Condition<P>],
        uses: &[Use<P>],
        source: &impl Source<P>,
        tally: &mut Tally<'_>,
    ) -> Result<(), Fail> {
        conditions(all, source)?;
        for (i, used) in uses.iter().enumerate() {
            let meter = meter(self.grant(), used.meter);
            let charged = match &used.amount {
                Amount::Value => Err(Fail::new(Code::BadGrant)),
                Amount::One => add(meter, U256::from(1), tally),
                Amount::Path(path) => number(source, path).and_then(|amount| add(meter, amount, tally)),
            };
            charged.map_err(|fail| fail.at(Place::Use(i)))?;
        }
        Ok(())
    }
}

impl Metered {
    fn new(grant: &Grant, rule: &CallRule, used: &Use) -> Self {
        let meter = grant.meters.iter().position(|m| m.id == used.meter);
        let spends = match meter.and_then(|place| grant.meters.get(place)).map(|m| m.what) {
            Some(What::Token(token)) => known::spends(rule.target, &rule.signature, token),
            _ => None,
        };
        Self { meter, owner: spends.and_then(|s: Spends| s.owner) }
    }
}

fn meter(grant: &Grant, id: u16) -> Option<&Meter> {
    grant.meters.iter().find(|m| m.id == id)
}

/// What the rules for a call say.
enum Lowest {
    /// The lowest that allows.
    Allows(u16),
    /// None allows; this is why the lowest does not.
    Fails(u16, Fail),
    /// There is none.
    None,
}

fn lowest<'t>(
    numbers: impl Iterator<Item = u16>,
    tally: &mut Tally<'t>,
    mut judge: impl FnMut(u16, &mut Tally<'t>) -> Result<(), Fail>,
) -> Lowest {
    let mut first = Lowest::None;
    for number in numbers {
        let mut after = tally.clone();
        match judge(number, &mut after) {
            Ok(()) => {
                *tally = after;
                return Lowest::Allows(number);
            }
            Err(fail) if matches!(first, Lowest::None) => first = Lowest::Fails(number, fail),
            Err(_) => {}
        }
    }
    first
}

/// A rule's number in the whole list.
fn place(before: usize, number: u16) -> Result<u16, Denial> {
    u16::try_from(before + usize::from(number)).map_err(|_| Denial::new(Code::BadGrant, "rules"))
}

fn charge(
    used: &Use,
    metered: &Metered,
    source: &Arguments<'_>,
    value: U256,
    grant: &Grant,
    tally: &mut Tally<'_>,
) -> Result<(), Fail> {
    if let Some(place) = metered.owner {
        let owner = source.one(&Path::argument(place))?.word.address();
        if owner != grant.account {
            return Err(Fail::new(Code::ForeignOwner).found(owner.into()).bound(grant.account.into()));
        }
    }
    let amount = match &used.amount {
        Amount::One => U256::from(1),
        Amount::Value => value,
        Amount::Path(path) => source.one(path)?.word.uint(),
    };
    add(metered.meter.and_then(|place| grant.meters.get(place)), amount, tally)
}

fn add(meter: Option<&Meter>, amount: U256, tally: &mut Tally<'_>) -> Result<(), Fail> {
    tally.charge(meter.ok_or(Fail::new(Code::BadGrant))?, amount)
}

/// An amount in a message or an app action: an integer that is not negative.
fn number<P>(source: &impl Source<P>, path: &P) -> Result<U256, Fail> {
    let leaf = source.one(path)?;
    match leaf.ty {
        Ty::Uint(_) => Ok(leaf.word.uint()),
        Ty::Int(_) if leaf.word.uint().bit(255) => {
            Err(Fail::new(Code::BadAttribute).found(Found::Says("a negative amount")))
        }
        Ty::Int(_) => Ok(leaf.word.uint()),
        _ => Err(Fail::new(Code::BadGrant)),
    }
}

fn no_rule(call: &Call) -> Denial {
    let what = match call.data.first_chunk::<4>() {
        Some(selector) => format!("{} with selector 0x{}", call.to, alloy_primitives::hex::encode(selector)),
        None if call.data.is_empty() => format!("{} with empty calldata", call.to),
        None => format!("{} with {} bytes of calldata", call.to, call.data.len()),
    };
    Denial::new(Code::NoRule, "rules").found(what)
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
