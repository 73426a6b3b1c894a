//! Functions that move or approve tokens, known by the selector that the chain runs, not by the name that is written.

use crate::abi::signature::selector;
use alloy_primitives::{Address, address};
use std::sync::LazyLock;

/// What a known function does with tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    /// Moves some now.
    Moves,
    /// Lets somebody else move some later, even after the pass has ended.
    Approves,
    /// Lets somebody else move all of a collection.
    ApprovesAll,
}

/// A known function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The canonical signature.
    pub signature: &'static str,
    /// What it does.
    pub does: Does,
    /// The place of the argument that it favours, where it has one.
    pub favours: Option<usize>,
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

const fn moves(signature: &'static str, favours: usize) -> Known {
    Known { signature, does: Does::Moves, favours: Some(favours), spends: None }
}

const fn approves(signature: &'static str, favours: usize) -> Known {
    Known { signature, does: Does::Approves, favours: Some(favours), spends: None }
}

const fn all(signature: &'static str) -> Known {
    Known { signature, does: Does::ApprovesAll, favours: Some(0), spends: None }
}

const fn counted(known: Known, amount: u16, owner: Option<u16>, token: Option<u16>) -> Known {
    Known { spends: Some(Spends { amount, owner, token }), ..known }
}

/// ERC-20 and its common extensions, ERC-721, ERC-1155, Permit2.
pub const KNOWN: [Known; 29] = [
    counted(moves("transfer(address,uint256)", 0), 1, None, None),
    counted(approves("approve(address,uint256)", 0), 1, None, None),
    counted(approves("increaseAllowance(address,uint256)", 0), 1, None, None),
    counted(moves("transferFrom(address,address,uint256)", 1), 2, Some(0), None),
    moves("safeTransferFrom(address,address,uint256)", 1),
    moves("safeTransferFrom(address,address,uint256,bytes)", 1),
    moves("safeTransferFrom(address,address,uint256,uint256,bytes)", 1),
    moves("safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)", 1),
    moves("transferAndCall(address,uint256)", 0),
    moves("transferAndCall(address,uint256,bytes)", 0),
    moves("transferFromAndCall(address,address,uint256)", 1),
    moves("send(address,uint256,bytes)", 0),
    moves("burnFrom(address,uint256)", 0),
    Known { signature: "burn(uint256)", does: Does::Moves, favours: None, spends: None },
    approves("increaseApproval(address,uint256)", 0),
    approves("approveAndCall(address,uint256)", 0),
    approves("approveAndCall(address,uint256,bytes)", 0),
    counted(approves("permit(address,address,uint256,uint256,uint8,bytes32,bytes32)", 1), 2, Some(0), None),
    approves("permit(address,address,uint256,uint256,bool,uint8,bytes32,bytes32)", 1),
    counted(approves("approve(address,address,uint160,uint48)", 1), 2, None, Some(0)),
    counted(moves("transferFrom(address,address,uint160,address)", 1), 2, Some(0), Some(3)),
    approves("permit(address,((address,uint160,uint48,uint48),address,uint256),bytes)", 1),
    approves("permit(address,((address,uint160,uint48,uint48)[],address,uint256),bytes)", 1),
    moves("transferFrom((address,address,uint160,address)[])", 0),
    moves("permitTransferFrom(((address,uint256),uint256,uint256),(address,uint256),address,bytes)", 1),
    moves("permitTransferFrom(((address,uint256)[],uint256,uint256),(address,uint256)[],address,bytes)", 1),
    all("setApprovalForAll(address,bool)"),
    all("authorizeOperator(address)"),
    all("setOperator(address,bool)"),
];

/// What a meter of `token` counts of a call of `signature` to `target`; `None` where it cannot count it.
#[must_use]
pub fn spends(target: Address, signature: &str, token: Address) -> Option<Spends> {
    let known = KNOWN.into_iter().find(|known| known.signature == signature)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::Function;

    #[test]
    fn every_known_function_is_canonical_and_has_a_selector_of_its_own() {
        for (i, known) in KNOWN.iter().enumerate() {
            let read = Function::parse(known.signature).unwrap();
            assert_eq!(read.canonical(), known.signature);
            assert!(known.favours.is_none_or(|place| place < read.types.len()));
            assert_eq!(of(known.signature).map(|k| k.signature), Some(KNOWN[i].signature));
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
