//! One action after another against a grant, with the ledger that follows, and how often each verdict was seen.

use super::actions::{self, Asked};
use super::spoil::spoil;
use super::{Rng, grants, write};
use crate::vector::read_grant;
use hallpass_policy::abi::LENGTH;
use hallpass_policy::eval::{Action, At, Code};
use hallpass_policy::grant::{CallRule, Path, Require, What};
use hallpass_policy::{Denial, Draft, Grant, Ledger, Policy, Verdict, json, known};
use serde_json::Value;
use std::collections::BTreeMap;

/// Actions in a history.
pub const STEPS: usize = 16;
/// How often a wanted verdict is tried for.
const TRIES: usize = 24;
/// The word for an allowed action, beside the codes.
pub const ALLOWED: &str = "allowed";
/// Codes that no case here can have: of the chain alone, or of a signer that makes an operation or a transaction.
pub const ELSEWHERE: [Code; 4] =
    [Code::BadSignature, Code::NotYetSupported, Code::BadTransaction, Code::PaymasterNotAllowed];

/// A grant, a case, and our own verdict.
pub struct Step<'g> {
    /// The grant, as it was read back from its canonical JSON.
    pub grant: &'g Grant,
    /// The grant in its canonical JSON.
    pub json: &'g Value,
    /// The case.
    pub case: Value,
    /// The verdict's word.
    pub word: &'static str,
}

/// Counts of verdicts.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    counts: BTreeMap<&'static str, u64>,
    /// Cases.
    pub total: u64,
    /// Batches of several calls, messages, app actions.
    pub kinds: [u64; 3],
}

impl Tally {
    /// How often a word was seen.
    #[must_use]
    pub fn of(&self, word: &str) -> u64 {
        self.counts.get(word).copied().unwrap_or(0)
    }

    /// Adds what another one counted.
    pub fn add(&mut self, other: &Self) {
        for (word, count) in &other.counts {
            *self.counts.entry(word).or_default() += count;
        }
        self.total += other.total;
        self.kinds.iter_mut().zip(other.kinds).for_each(|(a, b)| *a += b);
    }

    /// Every word that a case can have.
    pub fn words() -> impl Iterator<Item = &'static str> {
        let codes = Code::ALL.iter().filter(|c| !ELSEWHERE.contains(c)).map(|c| c.as_str());
        core::iter::once(ALLOWED).chain(codes)
    }

    /// One line a word.
    #[must_use]
    pub fn table(&self) -> String {
        let [batches, typed, apps] = self.kinds;
        let mut out =
            format!("{} cases: {batches} batches of several calls, {typed} messages, {apps} app actions\n", self.total);
        for word in Self::words() {
            let share = self.of(word) * 10_000 / self.total.max(1);
            out += &format!("{word:<24}{:>12}{:>6}.{:02} %\n", self.of(word), share / 100, share % 100);
        }
        out
    }

    /// Of the codes that a grant can be denied by, one of the few that were seen least.
    fn rarest(&self, rng: &mut Rng, grant: Option<&Grant>) -> Option<Code> {
        let can = |c: &Code| !ELSEWHERE.contains(c) && grant.is_none_or(|grant| possible(*c, grant));
        let mut codes: Vec<Code> = Code::ALL.iter().copied().filter(can).collect();
        codes.sort_by_key(|c| self.of(c.as_str()));
        codes.truncate(4);
        rng.one(&codes).copied()
    }
}

/// Judges at least `cases` random cases and hands each to `see`.
///
/// # Errors
/// The first that `see` returns, or a grant that does not read back.
pub fn histories<E: From<String>>(
    seed: u64,
    cases: u64,
    mut see: impl FnMut(&Step<'_>) -> Result<(), E>,
) -> Result<Tally, E> {
    let mut rng = Rng::new(seed);
    let mut tally = Tally::default();
    while tally.total < cases {
        let rarest = tally.rarest(&mut rng, None);
        let mut grant = grants::make(&mut rng);
        for _ in 0..20 {
            if rarest.is_none_or(|code| possible(code, &grant)) {
                break;
            }
            grant = grants::make(&mut rng);
        }
        let text = json::print(&Draft::from(&grant));
        let printed: Value = serde_json::from_str(&text).unwrap_or_default();
        let read = read_grant(&printed)?;
        let policy = Policy::new(&grant);
        let mut ledger = Ledger::fresh(&grant);
        for _ in 0..STEPS {
            let wanted = if rng.chance(60) { tally.rarest(&mut rng, Some(&grant)) } else { None };
            let (asked, seen, judged) = aim(&mut rng, &policy, &ledger, wanted);
            let word = word(&judged);
            tally.total += 1;
            *tally.counts.entry(word).or_default() += 1;
            match &asked.action {
                Action::Calls(batch) if batch.calls.len() > 1 => tally.kinds[0] += 1,
                Action::Calls(_) => {}
                Action::Typed(_) => tally.kinds[1] += 1,
                Action::App(_) => tally.kinds[2] += 1,
            }
            see(&Step { grant: &read, json: &printed, case: write::case(&asked, &seen), word })?;
            if let Ok(verdict) = judged {
                follow(&mut ledger, &asked, &verdict);
            }
        }
    }
    Ok(tally)
}

/// Whether a grant has what a code is about.
fn possible(code: Code, grant: &Grant) -> bool {
    let calls = !grant.calls.is_empty();
    let holds = || grant.rest.requires.iter().any(|r| matches!(r, Require::Holds { .. }));
    let owned = |r: &CallRule| {
        r.uses.iter().any(|u| {
            let token = grant.meters.iter().find(|m| m.id == u.meter).map(|m| m.what);
            matches!(token, Some(What::Token(t)) if known::spends(r.target, &r.signature, t).is_some_and(|s| s.owner.is_some()))
        })
    };
    match code {
        Code::RelayerNotAllowed => calls && !grant.relayer.is_zero(),
        Code::FactsMissing | Code::FactsStale => holds(),
        Code::RequirementUnmet => !grant.rest.requires.is_empty(),
        Code::BadMessage => grant.rest.typed.iter().any(|r| {
            let indexed = |p: &Path| p.0.iter().skip(1).any(|step| *step < LENGTH);
            r.ty.primary() != "Order" && r.conditions.iter().any(|c| indexed(&c.path))
        }),
        Code::BadAttribute => grant.rest.apps.iter().any(|r| !r.conditions.is_empty() || !r.uses.is_empty()),
        Code::ForeignOwner => grant.calls.iter().any(owned),
        Code::WindowCrossed => calls && grant.meters.iter().any(|m| m.period.is_some()),
        Code::WindowPast | Code::MeterExceeded => !grant.meters.is_empty(),
        Code::BadGrant => {
            let bad = |m: &hallpass_policy::grant::Meter| {
                m.period.is_some_and(|p| (grant.not_after.get() - m.anchor.get()) / u64::from(p.get()) >= 1 << 32)
            };
            grant.meters.iter().any(bad)
        }
        Code::TargetForbidden => calls || !grant.rest.typed.is_empty(),
        Code::GrantNotStarted | Code::GrantExpired | Code::AccountFrozen | Code::EpochMoved | Code::GrantUnknown => {
            true
        }
        Code::GrantEnded | Code::NoRule | Code::ConditionFailed => true,
        _ => calls,
    }
}

fn word(judged: &Result<Verdict, Denial>) -> &'static str {
    judged.as_ref().map_or_else(|denial| denial.code.as_str(), |_| ALLOWED)
}

/// Tries for a verdict; what comes last is taken where none fits.
fn aim(
    rng: &mut Rng,
    policy: &Policy<&Grant>,
    ledger: &Ledger,
    wanted: Option<Code>,
) -> (Asked, Ledger, Result<Verdict, Denial>) {
    let grant: &Grant = policy.grant();
    let mut tries = 0;
    loop {
        let mut asked = actions::make(rng, grant, ledger);
        let mut seen = ledger.clone();
        if let Some(code) = wanted {
            spoil(rng, code, grant, &mut asked, &mut seen);
        }
        let chain = match &asked.action {
            Action::Calls(batch) => batch.chain,
            _ => grant.chain,
        };
        let at = At { now: asked.at, chain, caller: None };
        let judged = policy.judge(&seen, &asked.action, &asked.op, &at, &asked.facts);
        tries += 1;
        // Some are taken whatever the verdict: our own evaluator guides the search, and must not hide where it is wrong.
        let blind = wanted.is_some() && rng.chance(12);
        if blind || word(&judged) == wanted.map_or(ALLOWED, Code::as_str) || tries >= TRIES {
            return (asked, seen, judged);
        }
    }
}

/// What an allowed action leaves behind.
fn follow(ledger: &mut Ledger, asked: &Asked, verdict: &Verdict) {
    let nonce = asked.op.nonce.and_then(|(lane, sequence)| Some((lane, u32::try_from(sequence).ok()?)));
    match (&asked.action, nonce) {
        (Action::Calls(_), Some((lane, sequence))) => ledger.apply(lane, sequence, &verdict.costs),
        _ => ledger.charge(&verdict.costs),
    }
}
