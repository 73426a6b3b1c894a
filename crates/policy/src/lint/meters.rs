//! Caps and windows.

use super::whole::ALL_SEQUENCES;
use super::{Code, Findings, catalogue as say};
use crate::draft::{Draft, DraftMeter};
use crate::grant::What;
use crate::known::judged::{self, windows};
use crate::known::{self, Does};
use alloy_primitives::{Address, U256};

/// From so many windows on, the sum over the life is told. Ten is an order of magnitude: who reads `100 per 1d` no longer
/// thinks of 1,000.
pub const MANY_WINDOWS: u64 = 10;

pub fn look(d: &Draft, out: &mut Findings) {
    for (i, m) in d.meters.iter().enumerate() {
        let at = format!("meters[{i}]");
        let calls = m.what == What::Calls;
        // What is said of an approval is said at its rule.
        if is_no_limit(d, m) && !only_approves(d, m.id) {
            out.add(Code::CapNoLimit, format!("{at}.cap"), say::cap_no_limit(&m.cap.to_string(), calls));
        }
        let windows = windows(d, m).filter(|n| *n >= MANY_WINDOWS);
        if let Some(windows) = windows.filter(|_| !calls && m.cap > 0) {
            let sum = U256::from(m.cap).saturating_mul(U256::from(windows));
            out.add(
                Code::ManyWindows,
                format!("{at}.period"),
                say::many_windows(&m.cap.to_string(), windows, &sum.to_string()),
            );
        }
    }
    order(d, out);
}

fn is_no_limit(d: &Draft, m: &DraftMeter) -> bool {
    match m.what {
        What::Calls => m.cap >= u128::from(ALL_SEQUENCES),
        What::Token(token) => U256::from(m.cap) >= unlimited(d, Some(token)),
        What::Native | What::Custom => U256::from(m.cap) >= unlimited(d, None),
    }
}

/// The first amount of a token that is no limit, by what the requester says alone.
pub fn unlimited(d: &Draft, token: Option<Address>) -> U256 {
    judged::unlimited(d, token, None)
}

fn only_approves(d: &Draft, id: u16) -> bool {
    let mut users = d.calls.iter().filter(|r| r.uses.iter().any(|u| u.meter == id)).peekable();
    let elsewhere = d.rest.typed.iter().any(|r| r.uses.iter().any(|u| u.meter == id))
        || d.rest.apps.iter().any(|r| r.uses.iter().any(|u| u.meter == id));
    let approves = |signature: &str| known::of(signature).is_some_and(|k| k.does == Does::Approves);
    !elsewhere && users.peek().is_some() && users.all(|r| approves(&r.signature) && judged::counts_amount(r, id))
}

/// The grant's first meter is counted in the word of the state that every operation writes anyway.
fn order(d: &Draft, out: &mut Findings) {
    let uses = |m: &DraftMeter| d.calls.iter().filter(|r| r.uses.iter().any(|u| u.meter == m.id)).count();
    let Some(first) = d.meters.first() else { return };
    let mut best = (0, uses(first));
    for (i, m) in d.meters.iter().enumerate() {
        if uses(m) > best.1 {
            best = (i, uses(m));
        }
    }
    if best.0 > 0 {
        out.add(Code::MeterOrder, "meters[0]", say::meter_order(&format!("meters[{}]", best.0), best.1));
    }
}
