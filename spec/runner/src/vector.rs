//! One decision: a grant, a case, and the verdict that the prose gives it.

use hallpass_policy::draft::Fill;
use hallpass_policy::json::ask::{Case, print_verdict};
use hallpass_policy::{Draft, Grant, Policy, json};
use serde_json::{Map, Value};

/// One vector, with every default filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Vector {
    /// What it shows.
    pub name: String,
    /// The marks of the prose that it shows; none for a random one.
    pub cites: Vec<String>,
    /// The grant in its canonical JSON.
    pub grant: Value,
    /// `{ at, action, ledger?, op?, facts? }`
    pub case: Value,
    /// The verdict.
    pub expect: Expected,
}

/// What a vector expects.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// The grant itself is a bad one; its text, since it has no canonical JSON.
    Refused(String),
    /// This verdict: `allowed`, `rules`, `costs`, or `allowed`, `code`, `at`, `call`.
    Verdict(Value),
}

/// The members of a verdict that a vector fixes.
const ALLOWED: [&str; 3] = ["allowed", "rules", "costs"];
const DENIED: [&str; 4] = ["allowed", "code", "at", "call"];

/// Reads a grant's canonical JSON.
///
/// # Errors
/// One sentence.
pub fn read_grant(value: &Value) -> Result<Grant, String> {
    let draft: Draft = json::parse(&value.to_string()).map_err(|e| format!("the grant: {e}"))?;
    draft.complete(&Fill::default()).map_err(|e| format!("the grant: {e}"))
}

/// What our evaluator says of a case, reduced to what a vector fixes.
///
/// # Errors
/// One sentence, where the case cannot be read.
pub fn judge(grant: &Grant, case: &Value) -> Result<Value, String> {
    let case = Case::read(case, grant).map_err(|e| format!("unreadable: {e}"))?;
    let policy = Policy::new(grant);
    let judged = case.judge(&policy);
    Ok(fixed(&print_verdict(&policy, &case.ledger, &judged)))
}

/// The members that a vector fixes; of an allowed action not the place, of a denied one not the rule.
#[must_use]
pub fn fixed(verdict: &Value) -> Value {
    let mut out = Map::new();
    let allowed = verdict.get("allowed") == Some(&Value::Bool(true));
    for key in if allowed { &ALLOWED[..] } else { &DENIED } {
        if let Some(value) = verdict.get(key) {
            out.insert((*key).to_owned(), value.clone());
        }
    }
    Value::Object(out)
}
