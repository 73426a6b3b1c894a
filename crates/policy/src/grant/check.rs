//! What makes a grant a bad one, and what this version does not judge yet.

use super::{
    Amount, CAP_LIMIT, CallRule, Condition, EVERY_STEP, FEE_METER, Grant, MIN_PERIOD, Meter, Path, SessionKey, Test,
    What,
};
use crate::abi::{Ty, Word};
use crate::{forbidden, known};
use alloy_primitives::Address;
use hallpass_types::UnixSeconds;

/// A grant that breaks a rule of the protocol. Nothing in it is repaired.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {says}")]
pub struct BadGrant {
    /// The path in the grant, such as `rules[1].conditions[0]`.
    pub at: String,
    /// One sentence.
    pub says: String,
}

impl BadGrant {
    pub(crate) fn new(at: impl Into<String>, says: impl Into<String>) -> Self {
        Self { at: at.into(), says: says.into() }
    }

    pub(crate) fn under(self, at: &str) -> Self {
        Self { at: format!("{at}.{}", self.at), says: self.says }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "bad_grant"
    }
}

/// A well-formed part of a grant that this version does not judge, and so refuses at approval.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {what} cannot be granted by this version yet")]
pub struct Unsupported {
    /// The path in the grant.
    pub at: String,
    /// What it is.
    pub what: &'static str,
}

impl Unsupported {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "not_yet_supported"
    }
}

/// Judges the rules and meters of a grant or of a draft. `fixed` holds what a draft may still lack.
///
/// # Errors
/// The first [`BadGrant`] in the grant's own order.
pub fn rules_and_meters(rules: &[CallRule], meters: &[Meter], start: Option<UnixSeconds>) -> Result<(), BadGrant> {
    if rules.is_empty() {
        return Err(BadGrant::new("rules", "a grant without a rule allows nothing"));
    }
    if rules.len() > 1000 || meters.len() > 1000 {
        return Err(BadGrant::new("rules", "a grant has at most 1,000 rules and 1,000 meters"));
    }
    let mut last = None;
    for (i, m) in meters.iter().enumerate() {
        meter(m, last, start).map_err(|e| e.under(&format!("meters[{i}]")))?;
        last = Some(m.id);
    }
    if let Some(i) = meters.iter().position(|m| !rules.iter().flat_map(|r| &r.uses).any(|u| u.meter == m.id)) {
        return Err(BadGrant::new(format!("meters[{i}]"), "no rule uses this meter"));
    }
    for (i, r) in rules.iter().enumerate() {
        let at = format!("rules[{i}]");
        if let Some(twin) = rules.iter().take(i).position(|other| other == r) {
            return Err(BadGrant::new(at, format!("the same as rules[{twin}]")));
        }
        rule(r, meters).map_err(|e| e.under(&at))?;
    }
    Ok(())
}

impl Grant {
    /// Judges the whole grant.
    ///
    /// # Errors
    /// The first [`BadGrant`].
    pub fn check(&self) -> Result<(), BadGrant> {
        if self.not_before >= self.not_after {
            return Err(BadGrant::new("notAfter", "a grant must end after it begins"));
        }
        if self.first_seq >= self.end_seq || self.end_seq > 1 << 32 {
            return Err(BadGrant::new("endSeq", "sequences run from firstSeq up to endSeq, which is at most 2^32"));
        }
        if self.account.is_zero() {
            return Err(BadGrant::new("account", "the zero address is nobody's account"));
        }
        if matches!(&self.key, SessionKey::Secp256k1(key) if key.is_zero() || *key == self.account) {
            return Err(BadGrant::new("key", "a session key is neither zero nor the account's own key"));
        }
        if self.rest.gas.fee_per_op >= CAP_LIMIT || self.rest.gas.fee_cap >= CAP_LIMIT {
            return Err(BadGrant::new("rest.gas", "a fee is below 2^120"));
        }
        for (i, rule) in self.calls.iter().enumerate() {
            if forbidden::target(rule.target, self.account, self.backend) {
                return Err(BadGrant::new(
                    format!("rules[{i}].target"),
                    format!(
                        "{} is the account itself, its backend or an EntryPoint, which no session may call",
                        rule.target
                    ),
                ));
            }
        }
        self.rest.labels.check(&self.calls)?;
        rules_and_meters(&self.calls, &self.meters, Some(self.not_before))
    }

    /// Everything in the grant that this version carries but does not judge; approval refuses it.
    #[must_use]
    pub fn unsupported(&self) -> Vec<Unsupported> {
        let mut out = Vec::new();
        let mut add = |cond: bool, at: &str, what| {
            if cond {
                out.push(Unsupported { at: at.to_owned(), what });
            }
        };
        let rest = &self.rest;
        add(matches!(self.key, SessionKey::Other(..)), "key", "a session key of this kind");
        add(self.routes.bits() != 1, "routes", "an EntryPoint route");
        add(!rest.relayers.is_empty(), "rest.relayers", "a list of relayers");
        add(!rest.paymasters.is_empty(), "rest.paymasters", "a list of paymasters");
        add(!rest.typed.is_empty(), "rest.typed", "a typed rule");
        add(!rest.apps.is_empty(), "rest.apps", "an app rule");
        add(!rest.requires.is_empty(), "rest.requires", "a requirement");
        add(!rest.login.is_zero(), "rest.login", "a login inside the grant");
        add(!rest.rp_id_hash.is_zero(), "rest.rpIdHash", "a WebAuthn relying party");
        add(rest.gas.fee_cap != 0 || rest.gas.fee_per_op != 0, "rest.gas", "a fee paid by the account");
        for (i, rule) in self.calls.iter().enumerate() {
            let at = format!("rules[{i}]");
            let flat = rule.arguments.iter().flatten().all(Ty::is_word);
            add(!flat, &at, "a function with dynamic, array or tuple arguments");
            add(rule.uses.len() > 1, &format!("{at}.uses"), "a rule with more than one meter");
            for (j, c) in rule.conditions.iter().enumerate() {
                let ratio = matches!(c.test, Test::Ratio(..));
                add(ratio, &format!("{at}.conditions[{j}]"), "a ratio of two arguments");
            }
        }
        out
    }
}

fn meter(m: &Meter, last: Option<u16>, start: Option<UnixSeconds>) -> Result<(), BadGrant> {
    if last.is_some_and(|last| last >= m.id) {
        return Err(BadGrant::new("id", "meter ids must ascend"));
    }
    if m.id == FEE_METER {
        return Err(BadGrant::new("id", "65535 is the fee cap's own meter"));
    }
    if m.cap >= CAP_LIMIT {
        return Err(BadGrant::new("cap", "a cap is below 2^120"));
    }
    if m.period.is_some_and(|p| p.get() < MIN_PERIOD) {
        return Err(BadGrant::new("period", "a window is at least 60 seconds"));
    }
    if start.is_some_and(|start| m.anchor > start) {
        return Err(BadGrant::new("anchor", "windows must be counted from the grant's start or before"));
    }
    if matches!(m.what, What::Token(token) if token.is_zero()) {
        return Err(BadGrant::new("token", "the zero address is no token"));
    }
    Ok(())
}

fn rule(r: &CallRule, meters: &[Meter]) -> Result<(), BadGrant> {
    if r.conditions.len() > 255 || r.uses.len() > 255 || r.signature.len() > 255 {
        return Err(BadGrant::new(
            "checks",
            "a rule has at most 255 conditions, 255 meters and 255 bytes of signature",
        ));
    }
    if let Some(real) = known::disguised(&r.signature) {
        return Err(BadGrant::new(
            "signature",
            format!("`{}` has the selector of `{}`, which is what the chain would run", r.signature, real.signature),
        ));
    }
    for (i, c) in r.conditions.iter().enumerate() {
        let at = format!("conditions[{i}]");
        if r.conditions.iter().take(i).any(|other| other == c) {
            return Err(BadGrant::new(at, "the same condition twice"));
        }
        condition(r, c).map_err(|says| BadGrant::new(at, says))?;
    }
    for (i, u) in r.uses.iter().enumerate() {
        let at = format!("uses[{i}]");
        if r.uses.iter().take(i).any(|other| other.meter == u.meter) {
            return Err(BadGrant::new(at, "the same meter twice"));
        }
        let m = meters.iter().find(|m| m.id == u.meter);
        let m = m.ok_or_else(|| BadGrant::new(&at, format!("there is no meter {}", u.meter)))?;
        amount(r, m, &u.amount).map_err(|says| BadGrant::new(at, says))?;
    }
    let calls_first = r.uses.iter().skip_while(|u| u.amount == Amount::One).all(|u| u.amount != Amount::One);
    if !calls_first {
        return Err(BadGrant::new("uses", "meters that count calls come before the others"));
    }
    let native = r.uses.iter().any(|u| u.amount == Amount::Value);
    if !r.max_value.is_zero() && !native {
        return Err(BadGrant::new("maxValue", "a rule that lets native value out needs a native meter"));
    }
    Ok(())
}

fn amount(r: &CallRule, m: &Meter, amount: &Amount) -> Result<(), String> {
    let fits = match (m.what, amount) {
        (What::Native, Amount::Value) | (What::Calls, Amount::One) => true,
        (What::Token(token), Amount::Path(_)) => token == r.target && spends_at(r, amount),
        (What::Custom, Amount::Path(_)) => true,
        _ => false,
    };
    if !fits {
        return Err(
            "the meter does not count this: native counts the value, calls count one, a token counts the amount that \
                    `transfer`, `approve` or `increaseAllowance` of that very token asks for"
                .to_owned(),
        );
    }
    match amount {
        Amount::Path(path) if path.0.iter().any(|s| *s >= EVERY_STEP) => {
            Err("an amount stands in one place".to_owned())
        }
        Amount::Path(path) if !matches!(r.type_at(path), Some(Ty::Uint(_))) => {
            Err("an amount is an unsigned integer argument".to_owned())
        }
        _ => Ok(()),
    }
}

/// Whether the metered argument is the amount that a known ERC-20 function asks for.
fn spends_at(r: &CallRule, amount: &Amount) -> bool {
    let place = known::of(&r.signature).and_then(|k| k.amount);
    place.is_some_and(|place| *amount == Amount::Path(Path::argument(place)))
}

fn condition(r: &CallRule, c: &Condition) -> Result<(), String> {
    let ty = r.type_at(&c.path).ok_or("the path leads to no argument")?;
    let hashed = matches!(ty, Ty::Bytes | Ty::String);
    if !ty.is_word() && !hashed {
        return Err("a condition ends at a word, bytes or a string".to_owned());
    }
    let canonical = |w: &Word| {
        if hashed || w.is_canonical(ty) { Ok(()) } else { Err(format!("the value is no canonical `{ty}`")) }
    };
    match &c.test {
        Test::Eq(w) | Test::Ne(w) => canonical(w),
        Test::Le(w) | Test::Ge(w) | Test::Lt(w) | Test::Gt(w) => {
            if !ty.is_integer() {
                return Err(format!("`{ty}` has no order"));
            }
            canonical(w)
        }
        Test::In(words) => {
            words.iter().try_for_each(canonical)?;
            let ascending = words.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
            if words.len() < 2 || words.len() > 255 || !ascending {
                return Err("a list has 2 to 255 values, each larger than the one before".to_owned());
            }
            Ok(())
        }
        Test::Mask(mask, expected) => {
            if !matches!(ty, Ty::Uint(_) | Ty::FixedBytes(_)) {
                return Err(format!("`{ty}` has no bits to mask"));
            }
            canonical(mask)?;
            canonical(expected)?;
            if expected.uint() & !mask.uint() != alloy_primitives::U256::ZERO {
                return Err("the expected bits lie outside the mask".to_owned());
            }
            Ok(())
        }
        Test::Ratio(right, _, denominator) => {
            let numbers = ty.is_integer() && r.type_at(right).is_some_and(Ty::is_integer);
            if numbers && !denominator.is_zero() {
                Ok(())
            } else {
                Err("a ratio needs two integers and a denominator".to_owned())
            }
        }
    }
}

/// Whether `address` is in the list of addresses that a grant names as its own token meters.
#[must_use]
pub fn is_metered_token(address: Address, meters: &[Meter]) -> bool {
    meters.iter().any(|m| m.what == What::Token(address))
}
