//! Functions that move or approve tokens, known by the selector that the chain runs, not by the name that is written.

use crate::abi::signature::selector;

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
    /// The place of the amount that a token meter counts (DESIGN section 3, point 4), where this version counts one.
    pub amount: Option<u16>,
}

const fn moves(signature: &'static str, favours: usize) -> Known {
    Known { signature, does: Does::Moves, favours: Some(favours), amount: None }
}

const fn approves(signature: &'static str, favours: usize) -> Known {
    Known { signature, does: Does::Approves, favours: Some(favours), amount: None }
}

const fn counted(known: Known, amount: u16) -> Known {
    Known { amount: Some(amount), ..known }
}

/// ERC-20 and its common extensions, ERC-721, ERC-1155, Permit2.
pub const KNOWN: [Known; 24] = [
    counted(moves("transfer(address,uint256)", 0), 1),
    counted(approves("approve(address,uint256)", 0), 1),
    counted(approves("increaseAllowance(address,uint256)", 0), 1),
    moves("transferFrom(address,address,uint256)", 1),
    moves("safeTransferFrom(address,address,uint256)", 1),
    moves("safeTransferFrom(address,address,uint256,bytes)", 1),
    moves("safeTransferFrom(address,address,uint256,uint256,bytes)", 1),
    moves("safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)", 1),
    moves("transferAndCall(address,uint256)", 0),
    moves("transferAndCall(address,uint256,bytes)", 0),
    moves("transferFromAndCall(address,address,uint256)", 1),
    moves("send(address,uint256,bytes)", 0),
    moves("burnFrom(address,uint256)", 0),
    Known { signature: "burn(uint256)", does: Does::Moves, favours: None, amount: None },
    approves("increaseApproval(address,uint256)", 0),
    approves("approveAndCall(address,uint256)", 0),
    approves("approveAndCall(address,uint256,bytes)", 0),
    approves("permit(address,address,uint256,uint256,uint8,bytes32,bytes32)", 1),
    approves("permit(address,address,uint256,uint256,bool,uint8,bytes32,bytes32)", 1),
    approves("approve(address,address,uint160,uint48)", 1),
    moves("transferFrom(address,address,uint160,address)", 1),
    Known { signature: "setApprovalForAll(address,bool)", does: Does::ApprovesAll, favours: Some(0), amount: None },
    Known { signature: "authorizeOperator(address)", does: Does::ApprovesAll, favours: Some(0), amount: None },
    Known { signature: "setOperator(address,bool)", does: Does::ApprovesAll, favours: Some(0), amount: None },
];

/// The known function that the chain runs for a canonical signature, whatever name is written.
#[must_use]
pub fn of(signature: &str) -> Option<Known> {
    let wanted = selector(signature);
    KNOWN.into_iter().find(|known| selector(known.signature) == wanted)
}

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
