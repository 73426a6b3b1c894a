//! `vectors/all.json`: every vector in the form that any implementation can run.

use crate::random::{Step, histories};
use crate::vector::{judge, read_grant};
use crate::{Expected, Vector, hand, spec};
use hallpass_policy::text;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The seed of the random vectors.
const SEED: u64 = 7;
/// Random cases that are looked at.
const CASES: u64 = 6_000;
/// Random vectors of each verdict.
const EACH: usize = 8;

/// Where the file stands.
#[must_use]
pub fn path() -> PathBuf {
    spec().join("vectors/all.json")
}

/// Makes the file's text from the hand-written vectors and from random cases.
///
/// # Errors
/// One sentence, where a hand-written vector cannot be read.
pub fn make() -> Result<String, String> {
    let mut vectors = hand::all()?;
    vectors.extend(random()?);
    let mut grants: BTreeMap<String, Value> = BTreeMap::new();
    let mut lines = Vec::new();
    for v in &vectors {
        lines.push(match &v.expect {
            Expected::Refused(text) => json!({ "name": v.name, "cites": v.cites, "text": text, "refused": true }),
            Expected::Verdict(expect) => {
                let id = read_grant(&v.grant)?.id().to_string();
                grants.insert(id.clone(), v.grant.clone());
                json!({ "name": v.name, "cites": v.cites, "grant": id, "case": v.case, "expect": expect })
            }
        });
    }
    let grants: Vec<String> = grants.iter().map(|(id, grant)| format!("\"{id}\":{grant}")).collect();
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    let about = "made by `cargo run -p hallpass-spec --bin vectors`; see README.md";
    Ok(format!(
        "{{\"about\":{},\n\"grants\":{{\n{}\n}},\n\"vectors\":[\n{}\n]}}\n",
        json!(about),
        grants.join(",\n"),
        lines.join(",\n")
    ))
}

/// A few random cases of each verdict, whatever kind of action it is about.
fn random() -> Result<Vec<Vector>, String> {
    let mut found: BTreeMap<&'static str, Vec<Vector>> = BTreeMap::new();
    histories(SEED, CASES, |step: &Step<'_>| {
        let list = found.entry(step.word).or_default();
        if list.len() >= EACH {
            return Ok(());
        }
        let expect = judge(step.grant, &step.case)?;
        let name = format!("random, {} {}", step.word, list.len() + 1);
        let (grant, case) = (step.json.clone(), step.case.clone());
        list.push(Vector { name, cites: Vec::new(), grant, case, expect: Expected::Verdict(expect) });
        Ok::<(), String>(())
    })?;
    Ok(found.into_values().flatten().collect())
}

/// What one line of the file is.
#[derive(Debug)]
pub enum Line {
    /// A grant that is refused where it is read.
    Refused {
        /// Its name.
        name: String,
        /// The text form.
        text: String,
    },
    /// A decision.
    Vector(Vector),
}

/// Reads the file.
///
/// # Errors
/// One sentence.
pub fn read(file: &str) -> Result<Vec<Line>, String> {
    let root: Value = serde_json::from_str(file).map_err(|e| e.to_string())?;
    let vectors = root.get("vectors").and_then(Value::as_array).ok_or("no vectors")?;
    vectors.iter().map(|v| line(v, &root).ok_or_else(|| format!("not a vector: {v}"))).collect()
}

fn line(v: &Value, root: &Value) -> Option<Line> {
    let name = v.get("name")?.as_str()?.to_owned();
    if v.get("refused").is_some() {
        return Some(Line::Refused { name, text: v.get("text")?.as_str()?.to_owned() });
    }
    let cites = v.get("cites")?.as_array()?.iter();
    Some(Line::Vector(Vector {
        name,
        cites: cites.map(|c| c.as_str().map(str::to_owned)).collect::<Option<_>>()?,
        grant: root.get("grants")?.get(v.get("grant")?.as_str()?)?.clone(),
        case: v.get("case")?.clone(),
        expect: Expected::Verdict(v.get("expect")?.clone()),
    }))
}

/// Whether a text is refused, as a grant or for what it leaves open.
#[must_use]
pub fn is_refused(source: &str) -> bool {
    text::parse(source).map_or(true, |draft| draft.complete(&hallpass_policy::Fill::default()).is_err())
}
