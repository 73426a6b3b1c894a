//! Writes `results.json` from what criterion measured: `results CRITERION_FOLDER [ENTRIES...]` prints it. ENTRIES are files
//! of finished entries, as `signer-speed` and `http-speed` print them.
//!
//! A value is the median of criterion's samples. In a group that holds `hallpass`, every other function is a peer: the entry
//! bears the peer's name, and its value is that of `hallpass` in the same run.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::{env, fs, io};

const OURS: &str = "hallpass";
/// What is built from, of which the commit must hold the very text.
const SOURCES: [&str; 9] = [
    "bench/src",
    "bench/benches",
    "bench/policies",
    "bench/signer",
    "bench/http",
    "bench/Cargo.lock",
    "crates",
    "Cargo.toml",
    "Cargo.lock",
];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args().nth(1).ok_or("usage: results CRITERION_FOLDER [ENTRIES...]")?;
    let mut groups = BTreeMap::new();
    read(Path::new(&folder), &mut groups)?;
    if groups.is_empty() {
        return Err(format!("no estimates under {folder}").into());
    }
    let mut entries = BTreeMap::new();
    for (group, functions) in &groups {
        let ours = functions.get(OURS);
        for (function, median) in functions.iter().filter(|(name, _)| *name != OURS) {
            let name = format!("{group}/{function}");
            entries.insert(name, ours.map_or_else(|| alone(*median), |ours| against(*ours, function, *median)));
        }
    }
    for file in env::args().skip(2) {
        entries.extend(parse(Path::new(&file))?.as_object().ok_or("no entries")?.clone());
    }
    // By hand: one entry a line, and `_about` before them.
    println!("{{\n  \"_about\": {},", about());
    let last = entries.len() - 1;
    for (i, (name, entry)) in entries.iter().enumerate() {
        println!("  {}: {entry}{}", Value::from(name.as_str()), if i == last { "" } else { "," });
    }
    println!("}}");
    Ok(())
}

/// Group, function, median in nanoseconds, wherever criterion has put `new/benchmark.json` and `new/estimates.json`.
fn read(folder: &Path, groups: &mut BTreeMap<String, BTreeMap<String, f64>>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        if !path.ends_with("new") {
            read(&path, groups)?;
            continue;
        }
        let names = parse(&path.join("benchmark.json"))?;
        let estimates = parse(&path.join("estimates.json"))?;
        let text = |key: &str| names[key].as_str().map(str::to_owned).ok_or(format!("{}: no {key}", path.display()));
        let median = estimates["median"]["point_estimate"].as_f64().ok_or(format!("{}: no median", path.display()))?;
        groups.entry(text("group_id")?).or_default().insert(text("function_id")?, median);
    }
    Ok(())
}

fn parse(path: &Path) -> Result<Value, Box<dyn Error>> {
    let text = fs::read_to_string(path).map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", path.display())))?;
    Ok(serde_json::from_str(&text)?)
}

fn alone(median: f64) -> Value {
    json!({ "value": round(median), "unit": "ns", "peer": null, "peer_value": null, "ratio": null })
}

fn against(ours: f64, function: &str, theirs: f64) -> Value {
    let (package, rest) = function.split_once('_').unwrap_or((function, ""));
    let peer = format!("{package} {} {rest}", version(package));
    json!({
        "value": round(ours), "unit": "ns", "peer": peer.trim_end(), "peer_value": round(theirs),
        "ratio": round(theirs / ours),
    })
}

/// Three digits are more than two runs agree on.
fn round(x: f64) -> f64 {
    if x < 100.0 { (x * 10.0).round() / 10.0 } else { x.round() }
}

/// A package's version in the lock file.
fn version(package: &str) -> &'static str {
    let lock = include_str!("../../Cargo.lock");
    let rest = lock.split_once(&format!("name = \"{package}\"\nversion = \"")).map_or("", |(_, rest)| rest);
    rest.split('"').next().unwrap_or("")
}

fn about() -> Value {
    let mut commit = output("git", &["rev-parse", "HEAD"]);
    if !output("git", &[&["status", "--porcelain", "--"][..], &SOURCES].concat()).is_empty() {
        commit.push_str(" with changes");
    }
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|l| l.strip_prefix("model name")?.split_once(": ")).map_or("unknown", |(_, m)| m);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').nth(1).unwrap_or("unknown");
    let about = [
        ("date", output("date", &["-u", "+%Y-%m-%d"])),
        ("commit", commit),
        ("cpu", model.to_owned()),
        ("cores", cores.to_string()),
        ("load over 5 minutes", load.to_owned()),
        ("rustc", output("rustc", &["--version"])),
        ("profile", "bench: opt-level 3, 16 codegen units, no LTO".to_owned()),
        ("value", "median of criterion's samples".to_owned()),
    ];
    Value::Object(about.into_iter().map(|(k, v)| (k.to_owned(), Value::from(v))).collect::<Map<_, _>>())
}

/// What a command prints, or nothing. Paths are seen from the repository's root.
fn output(command: &str, arguments: &[&str]) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let run = Command::new(command).args(arguments).current_dir(root).output();
    run.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned()).unwrap_or_default()
}
