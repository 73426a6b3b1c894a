//! Where known token functions say who receives, and how much.

use crate::abi::EVERY;
use crate::grant::Path;

/// The places of a known function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    /// Whom it favours; nobody for a function that burns the caller's own.
    pub recipient: Option<&'static [u16]>,
    /// How much, or which one of a collection; none where it is all or nothing.
    pub amount: Option<&'static [u16]>,
    /// The place of a bool that gives (true) or takes back (false).
    pub gives: Option<u16>,
}

impl Places {
    /// The recipient's place.
    pub fn recipient(&self) -> Option<Path> {
        self.recipient.map(|path| Path(path.to_vec()))
    }

    /// The amount's place.
    pub fn amount(&self) -> Option<Path> {
        self.amount.map(|path| Path(path.to_vec()))
    }
}

/// The places of a function of [`crate::known::KNOWN`].
pub fn of(signature: &str) -> Option<Places> {
    let places = |recipient: &'static [u16], amount: &'static [u16]| {
        Some(Places { recipient: Some(recipient), amount: Some(amount), gives: None })
    };
    let all = |gives| Some(Places { recipient: Some(&[0]), amount: None, gives });
    match signature {
        "transfer(address,uint256)"
        | "approve(address,uint256)"
        | "increaseAllowance(address,uint256)"
        | "transferAndCall(address,uint256)"
        | "transferAndCall(address,uint256,bytes)"
        | "send(address,uint256,bytes)"
        | "burnFrom(address,uint256)"
        | "increaseApproval(address,uint256)"
        | "approveAndCall(address,uint256)"
        | "approveAndCall(address,uint256,bytes)" => places(&[0], &[1]),
        "transferFrom(address,address,uint256)"
        | "safeTransferFrom(address,address,uint256)"
        | "safeTransferFrom(address,address,uint256,bytes)"
        | "transferFromAndCall(address,address,uint256)"
        | "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"
        | "approve(address,address,uint160,uint48)"
        | "transferFrom(address,address,uint160,address)" => places(&[1], &[2]),
        "safeTransferFrom(address,address,uint256,uint256,bytes)" => places(&[1], &[3]),
        "safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)" => places(&[1], &[3, EVERY]),
        "burn(uint256)" => Some(Places { recipient: None, amount: Some(&[0]), gives: None }),
        "permit(address,address,uint256,uint256,bool,uint8,bytes32,bytes32)" => {
            Some(Places { recipient: Some(&[1]), amount: None, gives: Some(4) })
        }
        "permit(address,((address,uint160,uint48,uint48),address,uint256),bytes)" => places(&[1, 1], &[1, 0, 1]),
        "permit(address,((address,uint160,uint48,uint48)[],address,uint256),bytes)" => {
            places(&[1, 1], &[1, 0, EVERY, 1])
        }
        "transferFrom((address,address,uint160,address)[])" => places(&[0, EVERY, 1], &[0, EVERY, 2]),
        "permitTransferFrom(((address,uint256),uint256,uint256),(address,uint256),address,bytes)" => {
            places(&[1, 0], &[1, 1])
        }
        "permitTransferFrom(((address,uint256)[],uint256,uint256),(address,uint256)[],address,bytes)" => {
            places(&[1, EVERY, 0], &[1, EVERY, 1])
        }
        "setApprovalForAll(address,bool)" | "setOperator(address,bool)" => all(Some(1)),
        "authorizeOperator(address)" => all(None),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{Function, Ty};
    use crate::known::KNOWN;

    #[test]
    fn every_known_function_has_its_places_and_they_are_of_the_right_type() {
        for known in KNOWN {
            let types = Function::parse(known.signature).unwrap().types;
            let places = of(known.signature).unwrap_or_else(|| panic!("{} has none", known.signature));
            let head = places.recipient.map(|path| usize::from(path[0]));
            assert_eq!(head, known.favours, "{}", known.signature);
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
}
