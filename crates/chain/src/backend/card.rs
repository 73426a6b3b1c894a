//! The report card: what a backend makes of a grant.

pub use super::authoriser::Authoriser;

use super::steps::Refusal;
use alloy_primitives::Address;
use hallpass_policy::Grant;
use serde_json::{Value, json};

/// One thing said of a part of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The path in the grant, such as `rules[1].conditions[0]`.
    pub at: String,
    /// The stable code.
    pub code: &'static str,
    /// One plain sentence, lower-case, without full stop.
    pub says: String,
}

impl Finding {
    /// A finding.
    #[must_use]
    pub fn new(at: impl Into<String>, code: &'static str, says: impl Into<String>) -> Self {
        Self { at: at.into(), code, says: says.into() }
    }

    /// As JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({ "at": self.at, "code": self.code, "says": self.says })
    }
}

/// Who enforces a part of a grant, and how closely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enforced {
    /// The chain, to the letter.
    Exact,
    /// The chain, and it denies more: each difference.
    Stricter(Vec<Finding>),
    /// Nobody but the signer; said in red.
    Signer,
    /// The backend cannot hold it: each reason. Nothing is signed.
    Unsupported(Vec<Finding>),
}

impl Enforced {
    /// Sums up what was found: reasons against it come before differences.
    #[must_use]
    pub fn of(differences: Vec<Finding>, lacks: Vec<Finding>) -> Self {
        if !lacks.is_empty() {
            Self::Unsupported(lacks)
        } else if !differences.is_empty() {
            Self::Stricter(differences)
        } else {
            Self::Exact
        }
    }

    /// The answer.
    #[must_use]
    pub const fn answer(&self) -> Answer {
        match self {
            Self::Exact => Answer::Exact,
            Self::Stricter(_) => Answer::Stricter,
            Self::Signer => Answer::SignerOnly,
            Self::Unsupported(_) => Answer::Unsupported,
        }
    }

    /// Differences or reasons.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::Stricter(findings) | Self::Unsupported(findings) => findings,
            Self::Exact | Self::Signer => &[],
        }
    }
}

/// An answer without its reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// The chain holds it to the letter.
    Exact,
    /// The chain holds it, and denies more.
    Stricter,
    /// The signer alone holds it.
    SignerOnly,
    /// It cannot be held.
    Unsupported,
}

impl Answer {
    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Stricter => "stricter",
            Self::SignerOnly => "signer_only",
            Self::Unsupported => "unsupported",
        }
    }
}

/// What kind of rule it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A contract call.
    Call,
    /// A typed message, signed for the session key alone.
    Typed,
    /// An action inside an app.
    App,
}

impl Kind {
    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Typed => "typed",
            Self::App => "app",
        }
    }
}

/// What becomes of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleCard {
    /// Its place in the grant's whole list of rules.
    pub rule: usize,
    /// Its kind.
    pub kind: Kind,
    /// Who enforces it.
    pub enforced: Enforced,
}

/// What a backend makes of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// The backend's name.
    pub backend: &'static str,
    /// The contract that enforces; zero where none does.
    pub contract: Address,
    /// What belongs to no rule: time, key, relayer, routes, epoch, sequences, fees.
    pub whole: Enforced,
    /// Every rule, in the grant's order.
    pub rules: Vec<RuleCard>,
    /// What the signer alone checks, beside the rules that are the signer's.
    pub signer: Vec<Finding>,
    /// What else an owner has to know of the backend; it lowers no answer.
    pub notes: Vec<Finding>,
    /// Who can authorise it.
    pub authorisers: &'static [Authoriser],
}

impl Card {
    /// The answer for the grant. What is the signer's by nature (typed and app rules, requirements) does not lower it, but
    /// a grant of which no chain holds a single rule is the signer's.
    #[must_use]
    pub fn answer(&self) -> Answer {
        let calls = self.rules.iter().filter(|r| r.kind == Kind::Call).map(|r| r.enforced.answer());
        calls.chain([self.whole.answer()]).max().unwrap_or(Answer::Unsupported)
    }

    /// Every reason why the backend cannot hold the grant, the whole before the rules.
    #[must_use]
    pub fn unsupported(&self) -> Vec<&Finding> {
        self.parts().filter(|e| e.answer() == Answer::Unsupported).flat_map(Enforced::findings).collect()
    }

    /// Every way in which the chain denies more than the grant.
    #[must_use]
    pub fn differences(&self) -> Vec<&Finding> {
        self.parts().filter(|e| e.answer() == Answer::Stricter).flat_map(Enforced::findings).collect()
    }

    /// The card itself, where the backend can hold the grant.
    ///
    /// # Errors
    /// [`Refusal::Unsupported`].
    pub fn held(self) -> Result<Self, Refusal> {
        if self.answer() == Answer::Unsupported { Err(Refusal::Unsupported(Box::new(self))) } else { Ok(self) }
    }

    fn parts(&self) -> impl Iterator<Item = &Enforced> {
        core::iter::once(&self.whole).chain(self.rules.iter().map(|r| &r.enforced))
    }

    /// As JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let enforced = |e: &Enforced| {
            let findings: Vec<Value> = e.findings().iter().map(Finding::json).collect();
            (e.answer().name(), findings)
        };
        let rules: Vec<Value> = self
            .rules
            .iter()
            .map(|r| {
                let (answer, findings) = enforced(&r.enforced);
                json!({ "rule": r.rule, "kind": r.kind.name(), "answer": answer, "findings": findings })
            })
            .collect();
        let (whole, findings) = enforced(&self.whole);
        json!({
            "backend": self.backend,
            "contract": self.contract.to_checksum(None),
            "answer": self.answer().name(),
            "whole": { "answer": whole, "findings": findings },
            "rules": rules,
            "signer": self.signer.iter().map(Finding::json).collect::<Vec<_>>(),
            "notes": self.notes.iter().map(Finding::json).collect::<Vec<_>>(),
            "authorisers": self.authorisers.iter()
                .map(|a| json!({ "code": a.name(), "says": a.says() })).collect::<Vec<_>>(),
        })
    }
}

/// A card's rules: `call` answers for each call rule; typed and app rules are the signer's everywhere.
pub fn rules(grant: &Grant, mut call: impl FnMut(usize) -> Enforced) -> Vec<RuleCard> {
    let calls = grant.calls.len();
    let typed = grant.rest.typed.len();
    let all = calls + typed + grant.rest.apps.len();
    (0..all)
        .map(|rule| {
            let (kind, enforced) = if rule < calls {
                (Kind::Call, call(rule))
            } else if rule < calls + typed {
                (Kind::Typed, Enforced::Signer)
            } else {
                (Kind::App, Enforced::Signer)
            };
            RuleCard { rule, kind, enforced }
        })
        .collect()
}

/// What the signer alone checks in any grant, wherever it is enforced: requirements, gas, and what messages and app actions
/// charge to a meter that calls use too.
#[must_use]
pub fn signers_own(grant: &Grant) -> Vec<Finding> {
    let rest = &grant.rest;
    let mut out: Vec<Finding> = (0..rest.requires.len())
        .map(|i| {
            Finding::new(
                format!("requires[{i}]"),
                "requires",
                "the requirement is read before every signature, not on chain",
            )
        })
        .collect();
    let of_calls = |id: u16| grant.calls.iter().flat_map(|r| &r.uses).any(|u| u.meter == id);
    let of_others = |id: u16| {
        rest.typed.iter().flat_map(|r| &r.uses).any(|u| u.meter == id)
            || rest.apps.iter().flat_map(|r| &r.uses).any(|u| u.meter == id)
    };
    for (i, meter) in grant.meters.iter().enumerate().filter(|(_, m)| of_calls(m.id) && of_others(m.id)) {
        let says = format!(
            "the chain counts what calls charge to meter {}, the signer what messages and app actions charge too",
            meter.id
        );
        out.push(Finding::new(format!("meters[{i}]"), "meter_of_both", says));
    }
    out.push(Finding::new(
        "rest.gas.unitsPerOp",
        "gas",
        format!(
            "the sum of an operation's gas floors, at most {}, is checked before every signature",
            rest.gas.units_per_op
        ),
    ));
    out
}
