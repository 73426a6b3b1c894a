//! Functions that move or approve tokens, known by the selector that the chain runs, not by the name that is written.
//!
//! - [`table`]: which they are. [`places`]: where each says who receives, and how much.
//! - [`judged`]: what a rule's conditions and meters make of one; plain words and findings judge alike.

pub mod judged;
pub mod places;
mod table;

use crate::abi::signature::selector;
use alloy_primitives::{Address, address};
use std::sync::LazyLock;

pub use places::Places;
pub use table::KNOWN;

/// What a known function does with tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    /// Moves some now.
    Moves,
    /// Lets somebody else move some later, even after the pass has ended.
    Approves,
    /// Lets somebody else move all of a collection, or all that the account has in a contract.
    ApprovesAll,
}

/// A known function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The canonical signature.
    pub signature: &'static str,
    /// What it does.
    pub does: Does,
    /// Where it says who receives, and how much.
    pub places: Places,
    /// What a token meter counts of it (`spec/policy.md`, S1), where one can.
    pub spends: Option<Spends>,
}

/// Where a function says how much of what, and whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spends {
    /// The place of the amount.
    pub amount: u16,
    /// The place of the one whose tokens they are; without it, the caller's.
    pub owner: Option<u16>,
    /// The place of the token; without it, the contract called. Permit2 alone has one.
    pub token: Option<u16>,
}

/// Permit2, at one address on every chain.
pub const PERMIT2: Address = address!("0x000000000022D473030F116dDEE9F6B43aC78BA3");

/// What a meter of `token` counts of a call of `signature` to `target`; `None` where it cannot count it.
#[must_use]
pub fn spends(target: Address, signature: &str, token: Address) -> Option<Spends> {
    let known = KNOWN.iter().find(|known| known.signature == signature)?;
    known.spends.filter(|s| match s.token {
        None => target == token,
        Some(_) => target == PERMIT2,
    })
}

/// The known function that the chain runs for a canonical signature, whatever name is written.
#[must_use]
pub fn of(signature: &str) -> Option<Known> {
    let wanted = selector(signature);
    let place = SELECTORS.iter().position(|known| *known == wanted)?;
    KNOWN.get(place).copied()
}

/// The selectors of [`KNOWN`], in its order: hashing them anew for each rule took half the time of reading a grant.
static SELECTORS: LazyLock<Vec<[u8; 4]>> =
    LazyLock::new(|| KNOWN.iter().map(|known| selector(known.signature)).collect());

/// Whether a signature borrows the selector of a known function under another name.
#[must_use]
pub fn disguised(signature: &str) -> Option<Known> {
    of(signature).filter(|known| known.signature != signature)
}

/// Whether a function of a token neither gives nor promises anything of the account's to anybody else, by its name; empty calldata
/// does not.
#[must_use]
pub fn is_harmless(signature: &str) -> bool {
    signature.is_empty() || table::HARMLESS.contains(&signature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{Function, Ty};
    use std::collections::BTreeSet;

    #[test]
    fn every_known_function_is_canonical_and_has_a_selector_of_its_own() {
        let mut selectors = BTreeSet::new();
        for (i, known) in KNOWN.iter().enumerate() {
            let read = Function::parse(known.signature).unwrap();
            assert_eq!(read.canonical(), known.signature);
            assert_eq!(of(known.signature).map(|k| k.signature), Some(KNOWN[i].signature));
            assert!(selectors.insert(selector(known.signature)), "{} has the selector of another", known.signature);
        }
        for harmless in table::HARMLESS {
            assert_eq!(Function::parse(harmless).unwrap().canonical(), harmless);
            assert!(selectors.insert(selector(harmless)), "{harmless} has the selector of another");
        }
    }

    #[test]
    fn every_known_function_has_its_places_and_they_are_of_the_right_type() {
        for known in KNOWN {
            let types = Function::parse(known.signature).unwrap().types;
            let places = known.places;
            if let Some(path) = places.recipient {
                assert_eq!(Ty::at(&types, path), Some(&Ty::Address), "{}", known.signature);
            }
            if let Some(path) = places.amount {
                assert!(matches!(Ty::at(&types, path), Some(Ty::Uint(_))), "{}", known.signature);
            }
            if let Some(spends) = known.spends {
                assert_eq!(places.amount, Some(&[spends.amount][..]), "{}", known.signature);
            }
            if let Some(gives) = places.gives {
                assert_eq!(Ty::at(&types, &[gives]), Some(&Ty::Bool), "{}", known.signature);
            }
        }
    }

    #[test]
    fn a_token_meter_counts_what_the_specification_lists_and_nothing_else() {
        let counted: Vec<&str> = KNOWN.iter().filter(|k| k.spends.is_some()).map(|k| k.signature).collect();
        assert_eq!(
            counted,
            [
                "transfer(address,uint256)",
                "approve(address,uint256)",
                "increaseAllowance(address,uint256)",
                "transferFrom(address,address,uint256)",
                "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
                "approve(address,address,uint160,uint48)",
                "transferFrom(address,address,uint160,address)",
            ]
        );
    }

    #[test]
    fn selectors_are_those_of_the_deployed_contracts() {
        for (signature, wanted) in [
            ("push(address,uint256)", "b753a98c"),
            ("move(address,address,uint256)", "bb35783b"),
            ("transfer(address,uint256,uint256)", "095bcdb6"),
            ("withdraw(uint256,address,address)", "b460af94"),
            ("redeem(uint256,address,address)", "ba087652"),
            (
                "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
                "e3ee160e",
            ),
            (
                "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
                "ef55bec6",
            ),
            ("approveDelegation(address,uint256)", "c04a8a10"),
            ("transferShares(address,uint256)", "8fcb4e5b"),
            ("setApprovalForAll(address,bool)", "a22cb465"),
        ] {
            assert_eq!(alloy_primitives::hex::encode(selector(signature)), wanted, "{signature}");
            assert!(of(signature).is_some());
        }
    }

    #[test]
    fn a_borrowed_selector_is_noticed() {
        for (name, real) in [
            ("watch_tg_invmru_2f69f1b(address,address)", "approve(address,uint256)"),
            ("join_tg_invmru_haha_fd06787(address,bool)", "transfer(address,uint256)"),
            ("gasprice_bit_ether(int128)", "transferFrom(address,address,uint256)"),
        ] {
            assert_eq!(disguised(name).map(|k| k.signature), Some(real));
        }
        assert_eq!(disguised("transfer(address,uint256)"), None);
        assert_eq!(disguised("move(uint256,uint8)"), None);
    }
}
