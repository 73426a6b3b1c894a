//! A call rule as caveats.
//!
//! No enforcer decodes calldata, and only those of ERC-20 transfers and of exact bytes look at its length. So a rule can be
//! held where its calldata has one form that they fix: a `transfer(address,uint256)`, arguments that are all pinned, or none.

use super::caveat::{Period, Term};
use super::contracts::Contract;
use super::pins::Pins;
use crate::backend::card::{Enforced, Finding};
use alloy_primitives::{Bytes, U256};
use hallpass_policy::Grant;
use hallpass_policy::abi::Word;
use hallpass_policy::forbidden;
use hallpass_policy::grant::{Amount, CallRule, Meter, Path, Test};

/// The one function whose amounts the framework counts.
pub(super) const TRANSFER: &str = "transfer(address,uint256)";
/// Where its first word stands in the calldata.
const TO: u64 = 4;

/// The caveats of rule `number` of `grant`, and what is to be said of them. Meaningless where the rule is unsupported.
#[must_use]
pub fn compile(grant: &Grant, number: usize) -> (Vec<Term>, Enforced) {
    let Some(rule) = grant.calls.get(number) else { return (Vec::new(), Enforced::Exact) };
    let mut made = Made::new(grant, rule, number);
    made.target();
    made.function();
    made.conditions();
    made.meters();
    made.finish()
}

/// What the calldata looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Empty,
    Transfer,
    Pinned,
}

/// A rule in the making.
pub(super) struct Made<'g> {
    pub(super) grant: &'g Grant,
    pub(super) rule: &'g CallRule,
    pub(super) number: usize,
    pub(super) shape: Shape,
    pub(super) pins: Option<Pins>,
    pub(super) terms: Vec<Term>,
    /// The smallest cap of each kind; one caveat each, since two of one enforcer would share a counter and count twice.
    pub(super) value: U256,
    pub(super) amount: Option<U256>,
    pub(super) amount_period: Option<Period>,
    pub(super) native: Option<U256>,
    pub(super) native_period: Option<Period>,
    pub(super) calls: Option<U256>,
    pub(super) differences: Vec<Finding>,
    pub(super) lacks: Vec<Finding>,
}

impl<'g> Made<'g> {
    fn new(grant: &'g Grant, rule: &'g CallRule, number: usize) -> Self {
        let shape = match rule.signature.as_str() {
            "" => Shape::Empty,
            TRANSFER => Shape::Transfer,
            _ => Shape::Pinned,
        };
        Self {
            grant,
            rule,
            number,
            shape,
            pins: Pins::of(rule),
            terms: Vec::new(),
            value: rule.max_value,
            amount: None,
            amount_period: None,
            native: None,
            native_period: None,
            calls: None,
            differences: Vec::new(),
            lacks: Vec::new(),
        }
    }

    fn at(&self, part: &str) -> String {
        format!("rules[{}]{part}", self.number)
    }

    pub(super) fn lack(&mut self, part: &str, code: &'static str, says: impl Into<String>) {
        let at = self.at(part);
        self.lacks.push(Finding::new(at, code, says));
    }

    fn differ(&mut self, part: &str, code: &'static str, says: impl Into<String>) {
        let at = self.at(part);
        self.differences.push(Finding::new(at, code, says));
    }

    fn target(&mut self) {
        let enforces = Contract::at(self.rule.target).is_some();
        if enforces || forbidden::target(self.rule.target, self.grant.account, self.grant.backend) {
            self.lack(".target", "target_forbidden", "no session may call the contracts that enforce its own limits");
        }
        self.terms.push(Term::Target(self.rule.target));
    }

    fn function(&mut self) {
        let selector = self.rule.selector();
        self.terms.extend(selector.map(Term::Method));
        match self.shape {
            Shape::Empty => self.terms.push(Term::ExactCalldata(Bytes::new())),
            // Twelve zero bytes before the address; the length is the enforcers' of amounts.
            Shape::Transfer if self.pin(0).is_none() => {
                self.terms.push(Term::Calldata(TO, Bytes::from_static(&[0; 12])))
            }
            Shape::Transfer => {}
            Shape::Pinned => match self.pins.as_ref().and_then(Pins::all) {
                Some(words) => {
                    let words = words.iter().flat_map(|w| w.0);
                    let data: Vec<u8> = selector.unwrap_or_default().into_iter().chain(words).collect();
                    self.terms.push(Term::ExactCalldata(data.into()));
                }
                None => self.free(),
            },
        }
    }

    /// No caveat fixes what stands in a free argument, nor that nothing stands behind the last.
    fn free(&mut self) {
        let which = match self.pins.as_ref().map(Pins::free) {
            Some(Some(path)) => format!("argument {}", steps(&path)),
            _ => "an argument of dynamic length".to_owned(),
        };
        let says = format!(
            "{which} is not pinned by `==`, and no caveat checks the form and the length of free arguments of any function but `{TRANSFER}`"
        );
        self.lack(".signature", "free_argument", says);
    }

    pub(super) fn pin(&self, argument: u16) -> Option<Word> {
        self.pins.as_ref()?.at(&Path::argument(argument))
    }

    fn conditions(&mut self) {
        for (i, c) in self.rule.conditions.iter().enumerate() {
            let place = self.pins.as_ref().and_then(|pins| pins.place(&c.path));
            let part = format!(".conditions[{i}]");
            let lack = match (&c.test, place) {
                (_, None) => Some((
                    "dynamic_path",
                    "a value inside arguments of dynamic length, or in `every` or `some` element, is not looked at",
                )),
                (Test::Eq(word), Some(place)) => {
                    // In the exact calldata already, unless two conditions contradict each other.
                    let exact =
                        self.shape == Shape::Pinned && self.pins.as_ref().and_then(|p| p.at(&c.path)) == Some(*word);
                    if !exact {
                        let at = u64::try_from(place).unwrap_or(u64::MAX).saturating_mul(32).saturating_add(4);
                        self.terms.push(Term::Calldata(at, Bytes::copy_from_slice(&word.0)));
                    }
                    None
                }
                (Test::Le(bound), _) if self.is_implied(&c.path, bound.uint(), true) => None,
                (Test::Lt(bound), _) if self.is_implied(&c.path, bound.uint(), false) => None,
                (Test::Ne(_), _) => Some(("not_equal", "that an argument is not a value is not checked")),
                (Test::In(_), _) => Some(("one_of", "an argument is compared with one value, not with several")),
                (Test::Mask(..), _) => Some(("mask", "single bits of an argument are not checked")),
                (Test::Ratio(..), _) => Some(("ratio", "two arguments are not compared with each other")),
                (Test::Le(_) | Test::Ge(_) | Test::Lt(_) | Test::Gt(_), _) => {
                    Some(("range", "a range of an argument is not checked"))
                }
            };
            if let Some((code, says)) = lack {
                self.lack(&part, code, says);
            }
        }
    }

    /// Whether a cap on the amount of a transfer, on this rule alone, keeps it below `bound` anyway.
    fn is_implied(&self, path: &Path, bound: U256, inclusive: bool) -> bool {
        self.shape == Shape::Transfer
            && *path == Path::argument(1)
            && self.rule.uses.iter().any(|u| {
                let cap = match (&u.amount, self.meter(u.meter)) {
                    (Amount::Path(path), Some(meter)) if *path == Path::argument(1) => U256::from(meter.cap),
                    _ => return false,
                };
                if inclusive { cap <= bound } else { cap < bound }
            })
    }

    pub(super) fn meter(&self, id: u16) -> Option<&'g Meter> {
        self.grant.meters.iter().find(|m| m.id == id)
    }

    fn finish(mut self) -> (Vec<Term>, Enforced) {
        if self.shape == Shape::Transfer && self.amount.is_none() && self.amount_period.is_none() {
            // Only this enforcer fixes the length of the calldata, so it stands also where nothing is capped.
            self.amount = Some(U256::MAX);
            self.differ(".uses", "sum_bounded", "all amounts together stay below 2^256");
        }
        if self.amount_period.is_some() && !self.value.is_zero() {
            self.value = U256::ZERO;
            self.differ(".maxValue", "no_value", "a transfer that is capped in windows carries no native value");
        }
        let token = self.rule.target;
        self.terms.push(Term::ValueLte(self.value));
        self.terms.extend(self.amount.map(|cap| Term::Erc20Total(token, cap)));
        self.terms.extend(self.amount_period.map(|period| Term::Erc20Period(token, period)));
        self.terms.extend(self.native.map(Term::NativeTotal));
        self.terms.extend(self.native_period.map(Term::NativePeriod));
        self.terms.extend(self.calls.map(Term::Calls));
        (self.terms, Enforced::of(self.differences, self.lacks))
    }
}

/// A path as people count: from 1.
fn steps(path: &Path) -> String {
    let each: Vec<String> = path.0.iter().map(|s| (u32::from(*s) + 1).to_string()).collect();
    each.join(".")
}
