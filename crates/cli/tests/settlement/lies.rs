//! What a node may say that is not so.

use crate::common::proxy::Proxy;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

pub struct Liar {
    lies: Arc<AtomicBool>,
    told: Arc<AtomicU64>,
}

/// Numbers that look random.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

impl Liar {
    /// Has every eighth answer or so be a lie while it lies.
    pub fn at(line: &Proxy, seed: u64) -> Self {
        let (lies, told) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (on, count) = (Arc::clone(&lies), Arc::clone(&told));
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut before: HashMap<String, Value> = HashMap::new();
        line.lie(Some(move |asked: &Value, answer: &mut Value| {
            let what = format!("{}{}", asked["method"], asked["params"][0]);
            let older = before.insert(what, answer["result"].clone());
            if !on.load(Ordering::SeqCst) || !next(&mut state).is_multiple_of(8) {
                return true;
            }
            count.fetch_add(1, Ordering::SeqCst);
            lie(asked["method"].as_str().unwrap_or_default(), answer, older, next(&mut state))
        }));
        Self { lies, told }
    }

    /// Lies in this step, or not.
    pub fn turn(&self) {
        self.lies.fetch_xor(true, Ordering::SeqCst);
    }

    pub fn stop(&self) {
        self.lies.store(false, Ordering::SeqCst);
    }

    pub fn told(&self) -> u64 {
        self.told.load(Ordering::SeqCst)
    }
}

/// One lie; `false` breaks the line.
fn lie(method: &str, answer: &mut Value, older: Option<Value>, which: u64) -> bool {
    let result = &mut answer["result"];
    match (method, which % 5) {
        (_, 0) => return false,
        // What it said of the same question some time ago.
        (_, 1) => *result = older.unwrap_or(Value::Null),
        ("eth_getTransactionReceipt", 2) => *result = Value::Null,
        ("eth_getTransactionReceipt", _) if !result.is_null() => {
            let failed = result["status"] == "0x0";
            result["status"] = json!(if failed { "0x1" } else { "0x0" });
        }
        // A block far ahead in time, or another one's hash.
        ("eth_getBlockByNumber", 2) if !result.is_null() => result["timestamp"] = json!("0xf0000000"),
        ("eth_getBlockByNumber", 3) if !result.is_null() => result["hash"] = json!(format!("0x{:064x}", which)),
        // State: nothing was spent or used; or everything ended.
        ("eth_call", 2) if result.is_string() => {
            let length = result.as_str().unwrap_or_default().len();
            *result = json!(format!("0x{}", "0".repeat(length.saturating_sub(2))));
        }
        ("eth_call", 3) if result.as_str().is_some_and(|text| text.len() > 66) => {
            let text = result.as_str().unwrap_or_default();
            *result = json!(format!("0x{:064x}{}", 2, &text[66..]));
        }
        ("eth_getLogs", _) => *result = json!([]),
        ("eth_getCode", _) => *result = json!("0x"),
        _ => answer["result"] = Value::Null,
    }
    true
}
