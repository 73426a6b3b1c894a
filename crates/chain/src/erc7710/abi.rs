//! What the contracts of the Delegation Framework 1.3 take, as its published ABIs have it.

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{Eip712Domain, sol};

/// The structs as they are signed (EIP-712): without signature and without `args`, which whoever redeems may choose.
pub mod signed {
    use alloy_sol_types::sol;
    sol! {
        /// One thing that must hold.
        #[derive(Debug, PartialEq, Eq)]
        struct Caveat { address enforcer; bytes terms; }

        /// What a delegator lets a delegate do.
        #[derive(Debug, PartialEq, Eq)]
        struct Delegation { address delegate; address delegator; bytes32 authority; Caveat[] caveats; uint256 salt; }
    }
}

sol! {
    /// One thing that must hold, as it is sent.
    #[derive(Debug, PartialEq, Eq)]
    struct Caveat { address enforcer; bytes terms; bytes args; }

    /// A delegation, as it is sent.
    #[derive(Debug, PartialEq, Eq)]
    struct Delegation {
        address delegate;
        address delegator;
        bytes32 authority;
        Caveat[] caveats;
        uint256 salt;
        bytes signature;
    }

    /// The manager, which checks delegations and calls the delegator.
    interface IDelegationManager {
        function redeemDelegations(bytes[] permissionContexts, bytes32[] modes, bytes[] executionCallDatas) external;
        function disableDelegation(Delegation delegation) external;
        function enableDelegation(Delegation delegation) external;
        function disabledDelegations(bytes32 delegationHash) external view returns (bool);
        function getDomainHash() external view returns (bytes32);
        function paused() external view returns (bool);
    }

    /// Ends every delegation of a delegator that names an older nonce.
    interface INonceEnforcer {
        function incrementNonce(address delegationManager) external;
        function currentNonce(address delegationManager, address delegator) external view returns (uint256);
    }
}

/// The authority of a delegation that stands on none.
pub const ROOT: B256 = B256::repeat_byte(0xff);
/// The delegate that means anybody. No session key may be it.
pub const ANYBODY: Address = alloy_primitives::address!("0x0000000000000000000000000000000000000a11");
/// A single call that reverts when it fails (ERC-7579).
pub const MODE: B256 = B256::ZERO;

/// The domain in which delegations are signed.
#[must_use]
pub fn domain(chain: u64, manager: Address) -> Eip712Domain {
    Eip712Domain::new(Some("DelegationManager".into()), Some("1".into()), Some(U256::from(chain)), Some(manager), None)
}

impl Delegation {
    /// Without what is not signed.
    #[must_use]
    pub fn to_signed(&self) -> signed::Delegation {
        let caveats = self.caveats.iter().map(|c| signed::Caveat { enforcer: c.enforcer, terms: c.terms.clone() });
        signed::Delegation {
            delegate: self.delegate,
            delegator: self.delegator,
            authority: self.authority,
            caveats: caveats.collect(),
            salt: self.salt,
        }
    }
}
