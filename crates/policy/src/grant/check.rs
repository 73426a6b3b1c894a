//! What makes a grant a bad one (`spec/policy.md`, "What makes a grant a bad one"); single rules are [`super::check_rule`]'s.

use super::{CAP_LIMIT, CallRule, FEE_METER, Grant, MIN_PERIOD, Meter, Require, Rest, SessionKey, What, pack};
use crate::labels::is_visible;
use crate::{forbidden, known, message};
use alloy_primitives::{Address, U256};
use hallpass_types::UnixSeconds;
use std::collections::BTreeMap;

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

/// Judges the rules, meters and requirements of a grant or of a draft; `start` is what a draft may still lack.
///
/// # Errors
/// The first [`BadGrant`] in the grant's own order.
pub fn rules_and_meters(
    calls: &[CallRule],
    meters: &[Meter],
    rest: &Rest,
    start: Option<UnixSeconds>,
) -> Result<(), BadGrant> {
    let (typed, apps) = (&rest.typed, &rest.apps);
    let count = calls.len() + typed.len() + apps.len();
    if count == 0 {
        return Err(BadGrant::new("rules", "a grant without a rule allows nothing"));
    }
    if count > 1000 || meters.len() > 1000 {
        return Err(BadGrant::new("rules", "a grant has at most 1,000 rules and 1,000 meters"));
    }
    let mut last = None;
    for (i, m) in meters.iter().enumerate() {
        meter(m, last, start).map_err(|e| e.under(&format!("meters[{i}]")))?;
        last = Some(m.id);
    }
    let mut used: Vec<u16> = calls.iter().flat_map(|r| &r.uses).map(|u| u.meter).collect();
    used.extend(typed.iter().flat_map(|r| &r.uses).map(|u| u.meter));
    used.extend(apps.iter().flat_map(|r| &r.uses).map(|u| u.meter));
    used.sort_unstable();
    if let Some(i) = meters.iter().position(|m| used.binary_search(&m.id).is_err()) {
        return Err(BadGrant::new(format!("meters[{i}]"), "no rule uses this meter"));
    }
    let mut all = Twins::default();
    for (i, r) in calls.iter().enumerate() {
        let at = |e: BadGrant| e.under(&format!("rules[{i}]"));
        all.add(i, (0_u8, r.target.to_vec(), r.signature.clone(), r.max_value, pack::of_call(r)))?;
        super::check_rule::call(r, meters).map_err(at)?;
    }
    for (i, r) in typed.iter().enumerate() {
        let i = calls.len() + i;
        let m = r.message();
        all.add(i, (1, m.domain.into_bytes(), m.encodeType, U256::ZERO, m.checks.to_vec()))?;
        super::check_rule::typed(r, meters).map_err(|e| e.under(&format!("rules[{i}]")))?;
    }
    for (i, r) in apps.iter().enumerate() {
        let i = calls.len() + typed.len() + i;
        let m = r.message();
        all.add(i, (2, m.app.into_bytes(), m.verb, U256::ZERO, m.checks.to_vec()))?;
        super::check_rule::app(r, meters).map_err(|e| e.under(&format!("rules[{i}]")))?;
    }
    requirements(&rest.requires)
}

/// Finds two equal rules.
#[derive(Default)]
struct Twins(BTreeMap<Twin, usize>);

/// Everything in a rule: its kind, what it is for, the most value, its checks.
type Twin = (u8, Vec<u8>, String, U256, Vec<u8>);

impl Twins {
    fn add(&mut self, number: usize, rule: Twin) -> Result<(), BadGrant> {
        match self.0.insert(rule, number) {
            None => Ok(()),
            Some(twin) => Err(BadGrant::new(format!("rules[{number}]"), format!("the same as rules[{twin}]"))),
        }
    }
}

fn requirements(all: &[Require]) -> Result<(), BadGrant> {
    for (i, require) in all.iter().enumerate() {
        let bad = |says: &str| Err(BadGrant::new(format!("requires[{i}]"), says));
        if all.iter().take(i).any(|other| other == require) {
            return bad("the same requirement twice");
        }
        match require {
            Require::Holds { token, at_least, .. } if token.is_zero() || at_least.is_zero() => {
                return bad("a balance is of a token that is not zero, and at least 1");
            }
            Require::Role(name) if !is_visible(name, 64) => {
                return bad("a role is 1 to 64 visible ASCII characters, without quotation marks or backslashes");
            }
            Require::Credential { issuer, kind } if !is_visible(issuer, 255) || !is_visible(kind, 255) => {
                return bad(
                    "issuer and type are 1 to 255 visible ASCII characters each, without quotation marks or backslashes",
                );
            }
            _ => {}
        }
    }
    if all.len() > 255 {
        return Err(BadGrant::new("requires", "a grant has at most 255 requirements"));
    }
    Ok(())
}

impl Grant {
    /// Whether its sequences bound how often it may act: they are not all there are.
    #[must_use]
    pub const fn bounds_sequences(&self) -> bool {
        self.first_seq != 0 || self.end_seq != 1 << 32
    }

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
        parties(Some(self.account), Some(self.backend), Some(&self.key), &self.calls, &self.rest)?;
        if self.rest.gas.fee_per_op >= CAP_LIMIT || self.rest.gas.fee_cap >= CAP_LIMIT {
            return Err(BadGrant::new("rest.gas", "a fee is below 2^120"));
        }
        relayers(self.relayer, &self.rest.relayers)?;
        self.rest.labels.check(&self.calls, &self.rest)?;
        rules_and_meters(&self.calls, &self.meters, &self.rest, Some(self.not_before))
    }
}

/// Judges who takes part: the account, the backend, the key, and whom the rules are about, as far as they are known.
///
/// # Errors
/// The first [`BadGrant`].
pub fn parties(
    account: Option<Address>,
    backend: Option<Address>,
    key: Option<&SessionKey>,
    calls: &[CallRule],
    rest: &Rest,
) -> Result<(), BadGrant> {
    if account.is_some_and(|account| account.is_zero()) {
        return Err(BadGrant::new("account", "the zero address is nobody's account"));
    }
    // Where a contract enforces, the account's own key stands above the grant; where none does, it may be the vault's.
    let own = |key: &Address| Some(*key) == account && backend != Some(Address::ZERO);
    if matches!(key, Some(SessionKey::Secp256k1(key)) if key.is_zero() || own(key)) {
        return Err(BadGrant::new("key", "a session key is neither zero nor, under a contract, the account's own key"));
    }
    let (account, backend) = (account.unwrap_or_default(), backend.unwrap_or_default());
    for (i, rule) in calls.iter().enumerate() {
        if forbidden::target(rule.target, account, backend) {
            let says = format!(
                "{} is the account itself, its backend or an EntryPoint, which no session may call",
                rule.target
            );
            return Err(BadGrant::new(format!("rules[{i}].target"), says));
        }
    }
    for (i, rule) in rest.typed.iter().enumerate() {
        if message::is_forbidden(&rule.domain, rule.ty.primary(), account, backend) {
            return Err(BadGrant::new(
                format!("rules[{}].domain", calls.len() + i),
                "a session signs no Hallpass message, no user operation, no delegation, and nothing for the account, its \
                 backend or an EntryPoint",
            ));
        }
    }
    Ok(())
}

/// Judges the further relayers of a grant.
///
/// # Errors
/// [`BadGrant`] where they stand beside none, one is zero, or one stands twice.
pub fn relayers(relayer: Address, further: &[Address]) -> Result<(), BadGrant> {
    if further.is_empty() {
        return Ok(());
    }
    let twice = further.iter().enumerate().any(|(i, r)| *r == relayer || further.iter().take(i).any(|o| o == r));
    if relayer.is_zero() || further.iter().any(|r| r.is_zero()) || twice {
        return Err(BadGrant::new(
            "rest.relayers",
            "further relayers stand beside a relayer; none is zero or stands twice",
        ));
    }
    Ok(())
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

/// Whether a rule acts on a token that has a meter, or on Permit2 beside a token meter, and no token meter counts it
/// (`spec/policy.md`, S5).
#[must_use]
pub fn is_uncounted(rule: &CallRule, meters: &[Meter]) -> bool {
    let of_token = |m: &Meter| match m.what {
        What::Token(token) => rule.target == token || rule.target == known::PERMIT2,
        _ => false,
    };
    let counted = |m: &Meter| matches!(m.what, What::Token(_)) && rule.uses.iter().any(|u| u.meter == m.id);
    meters.iter().any(of_token) && !meters.iter().any(counted)
}
