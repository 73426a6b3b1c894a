//! A case on which two implementations disagree, made as small as it can be while they still do, and written as a
//! hand-written vector is.

use crate::vector::judge;
use hallpass_policy::json::ask::Case;
use hallpass_policy::{Draft, Grant, text};
use serde_json::{Map, Value, json};

/// Makes grant and case smaller as long as `fails` says that it still fails. Only good grants and readable cases are tried.
#[must_use]
pub fn shrink(grant: &Grant, case: &Value, fails: &mut dyn FnMut(&Grant, &Case) -> bool) -> (Grant, Value) {
    let (mut grant, mut case) = (grant.clone(), case.clone());
    let mut still = |grant: &Grant, case: &Value| {
        grant.check().is_ok() && Case::read(case, grant).is_ok_and(|read| fails(grant, &read))
    };
    loop {
        if let Some(smaller) = grants(&grant).into_iter().find(|g| still(g, &case)) {
            grant = smaller;
        } else if let Some(smaller) = cases(&case).into_iter().find(|c| still(&grant, c)) {
            case = smaller;
        } else {
            return (grant, case);
        }
    }
}

/// A file of `spec/vectors/hand` with this one vector, which expects what our evaluator says: to be judged by the prose.
#[must_use]
pub fn vector(name: &str, grant: &Grant, case: &Value) -> String {
    let printed = text::print(&Draft::from(grant));
    let mut out = Map::new();
    out.insert("name".to_owned(), json!(name));
    out.insert("cites".to_owned(), json!([]));
    out.insert("grant".to_owned(), json!("shrunk"));
    out.extend(case.as_object().cloned().unwrap_or_default());
    out.insert("expect".to_owned(), judge(grant, case).unwrap_or_else(|e| json!(e)));
    let lines: Vec<&str> = printed.lines().collect();
    let file = json!({ "head": [], "grants": { "shrunk": lines }, "vectors": [out] });
    serde_json::to_string_pretty(&file).unwrap_or_default()
}

/// Grants with one thing less.
fn grants(grant: &Grant) -> Vec<Grant> {
    let mut out = Vec::new();
    let mut with = |change: &dyn Fn(&mut Grant)| {
        let mut smaller = grant.clone();
        change(&mut smaller);
        if smaller != *grant {
            out.push(smaller);
        }
    };
    with(&|g| (g.rest.typed, g.rest.apps) = (Vec::new(), Vec::new()));
    with(&|g| g.rest.requires.clear());
    with(&|g| g.rest.relayers.clear());
    with(&|g| g.rest.paymasters.clear());
    with(&|g| g.rest.labels = Default::default());
    for i in 0..grant.calls.len() {
        with(&|g| drop(g.calls.remove(i)));
        let rule = grant.calls.get(i);
        for c in 0..rule.map_or(0, |r| r.conditions.len()) {
            with(&|g| g.calls.get_mut(i).map(|r| r.conditions.remove(c)).map_or((), drop));
        }
        for u in 0..rule.map_or(0, |r| r.uses.len()) {
            with(&|g| g.calls.get_mut(i).map(|r| r.uses.remove(u)).map_or((), drop));
        }
        with(&|g| g.calls.get_mut(i).map_or((), |r| r.max_value = Default::default()));
    }
    for i in 0..grant.meters.len() {
        with(&|g| {
            g.meters.remove(i);
        });
    }
    // A meter that no rule uses any more goes with the last use of it.
    let used = |g: &Grant, id| g.calls.iter().any(|r| r.uses.iter().any(|u| u.meter == id));
    for smaller in &mut out {
        let kept = smaller.clone();
        smaller.meters.retain(|m| used(&kept, m.id));
    }
    out
}

/// Cases with one thing less.
fn cases(case: &Value) -> Vec<Value> {
    let mut out = Vec::new();
    for key in ["op", "facts", "ledger"] {
        let mut smaller = case.clone();
        if smaller.as_object_mut().is_some_and(|c| c.remove(key).is_some()) {
            out.push(smaller);
        }
        for inner in case.get(key).and_then(Value::as_object).into_iter().flat_map(Map::keys) {
            let mut smaller = case.clone();
            smaller.get_mut(key).and_then(Value::as_object_mut).map(|o| o.remove(inner));
            out.push(smaller);
        }
    }
    let listed = |path: &str| case.pointer(path).and_then(Value::as_array).map_or(0, Vec::len);
    for path in ["/ledger", "/ledger/meters", "/action/batch", "/facts/holds", "/facts/roles", "/facts/credentials"] {
        for i in 0..listed(path) {
            let mut smaller = case.clone();
            smaller.pointer_mut(path).and_then(Value::as_array_mut).map(|list| list.remove(i));
            out.push(smaller);
        }
    }
    if let Some([one]) = case.pointer("/action/batch").and_then(Value::as_array).map(Vec::as_slice) {
        let mut smaller = case.clone();
        smaller.as_object_mut().map(|c| c.insert("action".to_owned(), one.clone()));
        out.push(smaller);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::histories;
    use hallpass_policy::Policy;
    use hallpass_policy::eval::Action;

    #[test]
    fn what_a_failure_does_not_need_goes_and_what_it_needs_stays() {
        let mut found = 0;
        // A planted disagreement: the evaluator's own answer is wrong where a ratio denies.
        let wrong = |grant: &Grant, case: &Case| {
            matches!(case.action, Action::Calls(_))
                && case.judge(&Policy::new(grant)).is_err_and(|d| d.code.as_str() == "meter_exceeded")
        };
        histories(11, 4000, |step| {
            let case = Case::read(&step.case, step.grant).map_err(|e| e.to_string())?;
            if found < 5 && step.grant.calls.len() > 3 && wrong(step.grant, &case) {
                let (small, case) = shrink(step.grant, &step.case, &mut |g, c| wrong(g, c));
                // Two calls of two rules at most may take their one meter over its cap together.
                assert!(small.calls.len() <= 2 && small.meters.len() == 1, "{}", vector("x", &small, &case));
                assert!(small.calls.iter().all(|r| r.conditions.is_empty() && r.uses.len() == 1));
                assert!(wrong(&small, &Case::read(&case, &small).unwrap()));
                let file: Value = serde_json::from_str(&vector("it", &small, &case)).unwrap();
                assert_eq!(file["vectors"][0]["expect"]["code"], "meter_exceeded");
                let lines: Vec<&str> =
                    file["grants"]["shrunk"].as_array().unwrap().iter().map(|l| l.as_str().unwrap()).collect();
                let draft = text::parse(&lines.join("\n")).unwrap();
                assert_eq!(draft.complete(&Default::default()).unwrap(), small);
                found += 1;
            }
            Ok::<(), String>(())
        })
        .unwrap();
        assert_eq!(found, 5);
    }
}
