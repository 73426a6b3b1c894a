//! What the EntryPoint route changes (`spec/encoding.md`, "A user operation").

use crate::backend::card::Finding;
use hallpass_policy::Grant;

const ENTRY_POINTS: u8 = 2 | 4;

/// What the sequences of a grant are that bounds none.
const ALL_SEQUENCES: (u64, u64) = (0, 1 << 32);

/// What is to be said of a grant's routes.
#[derive(Debug, Default)]
pub struct Routed {
    /// What the chain denies on a route that the grant opens beside another one.
    pub differences: Vec<Finding>,
    /// The same, where it is the grant's only route: it could never be used.
    pub lacks: Vec<Finding>,
    /// What holds on that route.
    pub notes: Vec<Finding>,
}

/// Judges the routes of `grant`; `module`: by a module, which does not see the EntryPoint that its account trusts.
#[must_use]
pub fn judge(grant: &Grant, module: bool) -> Routed {
    let open = grant.routes.bits() & ENTRY_POINTS;
    if open == 0 {
        return Routed::default();
    }
    let gas = &grant.rest.gas;
    let mut found = Vec::new();
    let mut find = |wrong: bool, at: &str, code, says: &str| {
        if wrong {
            found.push(Finding::new(at, code, says));
        }
    };
    find(
        module && open != ENTRY_POINTS,
        "routes",
        "entry_points_apart",
        "a module does not see which EntryPoint its account trusts: by one it takes only a grant for 0.7 and 0.8",
    );
    find(
        !grant.relayer.is_zero(),
        "relayer",
        "entry_point_relayer",
        "by an EntryPoint no grant with a relayer is taken: who bundles is not known there",
    );
    find(
        (grant.first_seq, grant.end_seq) != ALL_SEQUENCES,
        "endSeq",
        "entry_point_sequences",
        "by an EntryPoint only all sequences are taken: the nonces there are its own",
    );
    let token = !gas.fee_token.is_zero() && gas.fee_cap != 0;
    find(
        token,
        "rest.gas.feeToken",
        "entry_point_fee_token",
        "by an EntryPoint nothing that costs gas is taken: it charges the native coin, not this token",
    );
    let mut routed = Routed { notes: notes(), ..Routed::default() };
    if grant.routes.direct() {
        routed.differences = found;
    } else {
        routed.lacks = found;
    }
    if module {
        let says = "EntryPoint 0.8 executes an operation from the second after its first";
        routed.differences.push(Finding::new("routes", "second_later", says));
    }
    routed
}

fn notes() -> Vec<Finding> {
    let fee =
        "by an EntryPoint the fee is counted at its maximum, whoever pays: all gas limits times the highest price";
    let failed = "by an EntryPoint what was counted stays counted where the calls then fail";
    vec![Finding::new("rest.gas.feeCap", "entry_point_fee", fee), Finding::new("meters", "entry_point_failure", failed)]
}
