//! What must be true before every action (`spec/policy.md`, Q1 to Q4).

use super::{At, Code, Denial, Facts};
use crate::grant::{Grant, Require};
use alloy_primitives::U256;

/// How long a balance counts after it was read, in seconds.
pub const FRESH_SECONDS: u64 = 60;

/// Judges every requirement, in order.
///
/// # Errors
/// The first [`Denial`].
pub fn check(grant: &Grant, facts: &Facts, at: &At) -> Result<(), Denial> {
    for (i, require) in grant.rest.requires.iter().enumerate() {
        one(require, facts, at).map_err(|d| d.under(&format!("requires[{i}]")))?;
    }
    Ok(())
}

fn one(require: &Require, facts: &Facts, at: &At) -> Result<(), Denial> {
    let met = match require {
        Require::Holds { token, at_least, id } => return holds(*token, *at_least, *id, facts, at),
        Require::Role(name) => facts.roles.contains(name),
        Require::Credential { issuer, kind } => facts.credentials.iter().any(|(i, k)| i == issuer && k == kind),
    };
    if met { Ok(()) } else { Err(Denial::new(Code::RequirementUnmet, "")) }
}

fn holds(
    token: alloy_primitives::Address,
    at_least: U256,
    id: Option<U256>,
    facts: &Facts,
    at: &At,
) -> Result<(), Denial> {
    let held = facts.holds.iter().find(|h| h.token == token && h.id == id);
    let held = held.ok_or_else(|| Denial::new(Code::FactsMissing, "").found(token))?;
    let age = at.now.get().checked_sub(held.read_at.get());
    if age.is_none_or(|age| age > FRESH_SECONDS) {
        return Err(Denial::new(Code::FactsStale, "").found(held.read_at).bound(at.now));
    }
    let least = held.newest.min(held.finalized);
    if least < at_least {
        return Err(Denial::new(Code::RequirementUnmet, "").found(least).bound(at_least));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Held;
    use super::*;
    use alloy_primitives::Address;
    use hallpass_types::{ChainId, UnixSeconds};

    fn code(require: &Require, facts: &Facts) -> Option<Code> {
        let now = UnixSeconds::new(1000).unwrap();
        one(require, facts, &At { now, chain: ChainId::new(5).unwrap(), caller: None }).err().map(|d| d.code)
    }

    fn held(id: Option<u64>, newest: u64, finalized: u64, read_at: u64) -> Held {
        let read_at = UnixSeconds::new(read_at).unwrap();
        let token = Address::repeat_byte(0x70);
        Held { token, id: id.map(U256::from), newest: U256::from(newest), finalized: U256::from(finalized), read_at }
    }

    #[test]
    fn a_balance_is_that_of_the_token_and_the_id_fresh_and_enough_at_both_blocks() {
        let require = |id: Option<u64>| Require::Holds {
            token: Address::repeat_byte(0x70),
            at_least: U256::from(3),
            id: id.map(U256::from),
        };
        let with = |id, held: Held| code(&require(id), &Facts { holds: vec![held], ..Facts::default() });
        for (found, expected) in [
            (held(None, 3, 3, 1000), None),
            (held(None, 2, 3, 1000), Some(Code::RequirementUnmet)),
            (held(None, 3, 2, 1000), Some(Code::RequirementUnmet)),
            (held(None, 3, 3, 940), None),
            (held(None, 3, 3, 939), Some(Code::FactsStale)),
            (held(None, 3, 3, 1001), Some(Code::FactsStale)),
            (held(Some(1), 3, 3, 1000), Some(Code::FactsMissing)),
            (Held { token: Address::ZERO, ..held(None, 3, 3, 1000) }, Some(Code::FactsMissing)),
        ] {
            assert_eq!(with(None, found.clone()), expected, "{found:?}");
        }
        assert_eq!(with(Some(1), held(Some(1), 3, 3, 1000)), None);
        assert_eq!(with(Some(2), held(Some(1), 3, 3, 1000)), Some(Code::FactsMissing));
    }

    #[test]
    fn a_credential_is_of_its_issuer_and_its_kind() {
        let require = Require::Credential { issuer: "a".to_owned(), kind: "k".to_owned() };
        let with = |issuer: &str, kind: &str| {
            let credentials = vec![(issuer.to_owned(), kind.to_owned())];
            code(&require, &Facts { credentials, ..Facts::default() })
        };
        assert_eq!((with("a", "k"), with("b", "k")), (None, Some(Code::RequirementUnmet)));
        assert_eq!((with("a", "j"), with("k", "a")), (Some(Code::RequirementUnmet), Some(Code::RequirementUnmet)));
        let role = Require::Role("trader".to_owned());
        let roles = |name: &str| code(&role, &Facts { roles: vec![name.to_owned()], ..Facts::default() });
        assert_eq!((roles("trader"), roles("reader")), (None, Some(Code::RequirementUnmet)));
    }
}
