//! The hand-written form of `vectors/README.md`.

use crate::{Expected, Vector, spec};
use hallpass_policy::draft::Fill;
use hallpass_policy::{Draft, json, text};
use serde_json::{Map, Value};
use std::fs;
use std::path::Path;

/// Reads every file under `vectors/hand`, by name.
///
/// # Errors
/// File, vector and one sentence.
pub fn all() -> Result<Vec<Vector>, String> {
    let folder = spec().join("vectors/hand");
    let listed = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut files: Vec<_> = listed.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let (mut out, mut wrong) = (Vec::new(), Vec::new());
    for file in files {
        match read(&file) {
            Ok(vectors) => out.extend(vectors),
            Err(e) => wrong.push(e),
        }
    }
    if wrong.is_empty() { Ok(out) } else { Err(wrong.join("\n")) }
}

fn read(path: &Path) -> Result<Vec<Vector>, String> {
    let file = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let text = fs::read_to_string(path).map_err(|e| format!("{file}: {e}"))?;
    let root: Value = serde_json::from_str(&text).map_err(|e| format!("{file}: {e}"))?;
    let head = root.get("head").map_or(Ok(String::new()), lines).map_err(|e| format!("{file}, head: {e}"))?;
    let vectors = root.get("vectors").and_then(Value::as_array).ok_or_else(|| format!("{file}: no vectors"))?;
    let read: Vec<_> =
        vectors.iter().map(|v| one(v, &root, &head).map_err(|e| format!("{file}, {}: {e}", name(v)))).collect();
    let wrong: Vec<&str> = read.iter().filter_map(|v| v.as_ref().err().map(String::as_str)).collect();
    if wrong.is_empty() { Ok(read.into_iter().flatten().collect()) } else { Err(wrong.join("\n")) }
}

fn name(vector: &Value) -> String {
    vector.get("name").and_then(Value::as_str).unwrap_or("a vector without a name").to_owned()
}

fn one(v: &Value, root: &Value, head: &str) -> Result<Vector, String> {
    let grant_name = v.get("grant").and_then(Value::as_str).ok_or("`grant` is a name")?;
    let body =
        root.get("grants").and_then(|g| g.get(grant_name)).ok_or_else(|| format!("there is no grant {grant_name}"))?;
    let mut source = format!("{head}{}", lines(body)?);
    for edit in v.get("edit").and_then(Value::as_array).into_iter().flatten() {
        let part = |i: usize| edit.get(i).and_then(Value::as_str).ok_or("an edit is [from, to]");
        let (from, to) = (part(0)?, part(1)?);
        if !source.contains(from) {
            return Err(format!("`{from}` does not stand in the grant"));
        }
        source = source.replace(from, to);
    }
    let expect = v.get("expect").ok_or("`expect` is missing")?;
    let cites = v.get("cites").and_then(Value::as_array).ok_or("`cites` is missing")?;
    let cites = cites.iter().filter_map(|c| c.as_str().map(str::to_owned)).collect();
    let read = text::parse(&source).map_err(|e| e.to_string());
    let complete = read.and_then(|draft| draft.complete(&Fill::default()).map_err(|e| e.to_string()));
    if expect.get("refused").is_some() {
        return match complete {
            Ok(_) => Err("the grant was to be refused, and is not".to_owned()),
            Err(_) => {
                let (grant, case) = (Value::Null, Value::Null);
                Ok(Vector { name: name(v), cites, grant, case, expect: Expected::Refused(source) })
            }
        };
    }
    let canonical = json::print(&Draft::from(&complete?));
    let grant = serde_json::from_str(&canonical).map_err(|e| e.to_string())?;
    let mut case = Map::new();
    for key in ["at", "action", "ledger", "op", "facts"] {
        if let Some(value) = v.get(key) {
            case.insert(key.to_owned(), joined(value));
        }
    }
    Ok(Vector { name: name(v), cites, grant, case: Value::Object(case), expect: Expected::Verdict(expect.clone()) })
}

/// The lines of a text.
fn lines(value: &Value) -> Result<String, String> {
    let list = value.as_array().ok_or("a list of lines")?;
    list.iter().map(|l| l.as_str().map(|l| format!("{l}\n")).ok_or_else(|| "a line is a string".to_owned())).collect()
}

/// A list of hex pieces under `data` is one string.
fn joined(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let pieces = |v: &Value| v.as_array().and_then(|l| l.iter().map(Value::as_str).collect::<Option<String>>());
            let call = map.contains_key("to");
            map.iter()
                .map(|(k, v)| match (call && k == "data").then(|| pieces(v)).flatten() {
                    Some(hex) => (k.clone(), Value::String(hex)),
                    None => (k.clone(), joined(v)),
                })
                .collect()
        }
        Value::Array(items) => items.iter().map(joined).collect(),
        other => other.clone(),
    }
}
