//! Our evaluator and the reference on one case.

use hallpass_policy::json::ask::{Case, print_verdict};
use hallpass_policy::{Grant, Policy};
use hallpass_spec::vector::fixed;
use serde_json::Value;

/// A grant with everything that does not depend on the case.
#[derive(Debug)]
pub struct Ready<'g> {
    /// The grant.
    pub grant: &'g Grant,
    /// Its canonical JSON.
    pub json: Value,
    /// The grant made ready.
    pub policy: Policy<&'g Grant>,
}

/// Fails where the two disagree. What we cannot read we do not allow, and where `strict` is set neither
/// does the reference.
pub fn agree(ready: &Ready<'_>, case: &Value, strict: bool) {
    let theirs = || hallpass_spec_reference::judge(&ready.json, case);
    let read = match Case::read(case, ready.grant) {
        Ok(read) => read,
        Err(e) => {
            let allows = || theirs()["allowed"] == true;
            assert!(!strict || !allows(), "the reference allows what is not readable: {e}\n{case}");
            return;
        }
    };
    let judged = read.judge(&ready.policy);
    let ours = fixed(&print_verdict(&ready.policy, &read.ledger, &judged));
    let theirs = theirs();
    assert_eq!(ours, theirs, "ours, and the reference's\ngrant {}\ncase {case}", ready.json);
}
