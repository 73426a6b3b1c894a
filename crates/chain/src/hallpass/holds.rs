//! What the contract of this version does not hold. A grant with any of it is refused before an owner is asked.

use crate::backend::card::Finding;
use hallpass_policy::Grant;
use hallpass_policy::grant::SessionKey;

/// A well-formed part of a grant that the contract does not judge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {what} cannot be granted by this version yet")]
pub struct Unsupported {
    /// The path in the grant.
    pub at: String,
    /// What it is.
    pub what: &'static str,
}

impl Unsupported {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "not_yet_supported"
    }
}

/// Everything in `grant` that the contract does not judge.
#[must_use]
pub fn lacks(grant: &Grant) -> Vec<Unsupported> {
    found([
        (matches!(grant.key, SessionKey::Other(kind, _) if kind > WEBAUTHN), "key", "a session key of this kind"),
        (grant.calls.is_empty(), "calls", "a grant without a call rule"),
    ])
}

/// The same, as findings of a card.
#[must_use]
pub fn findings(grant: &Grant) -> Vec<Finding> {
    let one = |lack: Unsupported| match lack.at.as_str() {
        "calls" => {
            let says = "without a call rule there is nothing for a contract to hold: `signer-only` takes it";
            Finding::new("calls", "no_call_rule", says)
        }
        at => Finding::new(at, lack.code(), format!("{} cannot be granted by this version yet", lack.what)),
    };
    lacks(grant).into_iter().map(one).collect()
}

/// Everything in `grant` that the contract, or the server beside it, does not judge yet.
#[must_use]
pub fn unsupported(grant: &Grant) -> Vec<Unsupported> {
    let rest = &grant.rest;
    let by_entry_point = grant.routes.bits() & !1 != 0;
    let bounded = !grant.relayer.is_zero() || grant.bounds_sequences();
    let mut out = found([
        (matches!(grant.key, SessionKey::Other(..)), "key", "a session key of this kind"),
        (by_entry_point && grant.backend.is_zero(), "routes", "an EntryPoint route without a contract"),
        (by_entry_point && bounded, "routes", "an EntryPoint route beside a relayer or bounded sequences"),
        (!rest.relayers.is_empty(), "rest.relayers", "a list of relayers"),
        (
            !by_entry_point && !rest.paymasters.is_empty(),
            "rest.paymasters",
            "a list of paymasters for the direct route",
        ),
        (!rest.requires.is_empty(), "rest.requires", "a requirement"),
        (!rest.rp_id_hash.is_zero(), "rest.rpIdHash", "a WebAuthn relying party"),
    ]);
    // Without a contract the fee is a transaction's gas, which the signer bounds.
    if !grant.backend.is_zero() {
        let fees = rest.gas.fee_cap != 0 || rest.gas.fee_per_op != 0;
        let in_token = by_entry_point && fees && !rest.gas.fee_token.is_zero();
        out.extend(found([
            (fees && !by_entry_point, "rest.gas", "a fee paid by the account on the direct route"),
            (in_token, "rest.gas.feeToken", "a fee in a token on an EntryPoint route"),
        ]));
        out.extend(lacks(grant).into_iter().filter(|lack| lack.at != "key"));
    }
    out
}

const WEBAUTHN: u8 = 3;

fn found<const N: usize>(all: [(bool, &str, &'static str); N]) -> Vec<Unsupported> {
    let found = all.into_iter().filter(|(found, ..)| *found);
    found.map(|(_, at, what)| Unsupported { at: at.to_owned(), what }).collect()
}
