//! What is signed: the EIP-712 types of the protocol, their domains and digests.

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{Eip712Domain, SolStruct, sol};

sol! {
    /// What an owner signs.
    #[derive(Debug, PartialEq, Eq)]
    struct Grant {
        uint64 chainId;
        address account;
        address backend;
        uint64 epoch;
        bytes16 salt;
        uint8 keyKind;
        bytes key;
        uint48 notBefore;
        uint48 notAfter;
        uint64 firstSeq;
        uint64 endSeq;
        uint8 routes;
        address relayer;
        CallRule[] calls;
        Meter[] meters;
        Rest rest;
    }

    /// One contract and function that may be called.
    #[derive(Debug, PartialEq, Eq)]
    struct CallRule { address target; string signature; uint256 maxValue; bytes checks; }

    /// A cap on what is spent in each window.
    #[derive(Debug, PartialEq, Eq)]
    struct Meter { uint16 id; uint8 what; address token; uint120 cap; uint32 period; uint48 anchor; }

    /// What the chain seldom opens.
    #[derive(Debug, PartialEq, Eq)]
    struct Rest {
        Gas gas;
        address ender;
        bytes32 login;
        bytes32 labels;
        bytes32 rpIdHash;
        address[] relayers;
        address[] paymasters;
        TypedRule[] typed;
        AppRule[] apps;
        Require[] requires;
    }

    /// Gas and fee bounds.
    #[derive(Debug, PartialEq, Eq)]
    struct Gas { uint64 unitsPerOp; address feeToken; uint120 feePerOp; uint120 feeCap; }

    /// Typed data that the session key may sign for itself.
    #[derive(Debug, PartialEq, Eq)]
    struct TypedRule { string domain; string encodeType; bytes checks; }

    /// An action inside an app, checked by the signer alone.
    #[derive(Debug, PartialEq, Eq)]
    struct AppRule { string app; string verb; bytes checks; }

    /// A fact that must hold before every signature.
    #[derive(Debug, PartialEq, Eq)]
    struct Require { uint8 kind; bytes data; }

    /// What a session key signs on the direct route.
    #[derive(Debug, PartialEq, Eq)]
    struct SessionOp {
        bytes32 grant;
        uint256 nonce;
        uint48 validFrom;
        uint48 validUntil;
        address relayer;
        uint120 maxFee;
        bytes calls;
    }

    /// What a session key signs on the ERC-4337 route; the EntryPoint owns its nonce.
    #[derive(Debug, PartialEq, Eq)]
    struct SessionUserOp { bytes32 grant; uint48 validFrom; uint48 validUntil; uint16[] rules; bytes32 userOpHash; }

    /// Puts a grant in the place of another, which ends; what was spent stays spent.
    #[derive(Debug, PartialEq, Eq)]
    struct Replace { bytes32 from; Grant to; }

    /// Ends a grant.
    #[derive(Debug, PartialEq, Eq)]
    struct End { bytes32 grant; }

    /// Ends every grant of an account by moving its epoch.
    #[derive(Debug, PartialEq, Eq)]
    struct Epoch { address account; uint64 next; }
}

/// The name in every domain.
pub const DOMAIN_NAME: &str = "Hallpass";
/// The version in every domain.
pub const DOMAIN_VERSION: &str = "1";

/// The domain of `Grant`, `Replace`, `End` and `Epoch`: `contract` is the backend, never the account.
/// The domain of `SessionOp`: `contract` is the account.
#[must_use]
pub fn domain(chain: u64, contract: Address) -> Eip712Domain {
    Eip712Domain::new(
        Some(DOMAIN_NAME.into()),
        Some(DOMAIN_VERSION.into()),
        Some(U256::from(chain)),
        Some(contract),
        None,
    )
}

/// What the ender, or the owner, signs to end `grant`: `End` in the Grant domain (EIP-712).
#[must_use]
pub fn end_digest(chain: u64, backend: Address, grant: B256) -> B256 {
    End { grant }.eip712_signing_hash(&domain(chain, backend))
}

/// What the owner signs to move the epoch of `account` to `next`: `Epoch` in the Grant domain.
#[must_use]
pub fn epoch_digest(chain: u64, backend: Address, account: Address, next: u64) -> B256 {
    Epoch { account, next }.eip712_signing_hash(&domain(chain, backend))
}

/// What the owner signs to put `to` in the place of the grant `from`: `Replace` in the Grant domain.
#[must_use]
pub fn replace_digest(from: B256, to: Grant) -> B256 {
    let domain = domain(to.chainId, to.backend);
    Replace { from, to }.eip712_signing_hash(&domain)
}

impl Grant {
    /// `hashStruct(Grant)`: the grant's id everywhere.
    #[must_use]
    pub fn id(&self) -> B256 {
        self.eip712_hash_struct()
    }

    /// What the owner signs.
    #[must_use]
    pub fn digest(&self) -> B256 {
        self.eip712_signing_hash(&domain(self.chainId, self.backend))
    }
}

impl SessionUserOp {
    /// What the session key signs for `account`.
    #[must_use]
    pub fn digest(&self, chain: u64, account: Address) -> B256 {
        self.eip712_signing_hash(&domain(chain, account))
    }
}

impl SessionOp {
    /// What the session key signs for `account`.
    #[must_use]
    pub fn digest(&self, chain: u64, account: Address) -> B256 {
        self.eip712_signing_hash(&domain(chain, account))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_are_the_protocols() {
        let text = Grant::eip712_encode_type();
        assert_eq!(
            text,
            "Grant(uint64 chainId,address account,address backend,uint64 epoch,bytes16 salt,uint8 keyKind,bytes key,\
             uint48 notBefore,uint48 notAfter,uint64 firstSeq,uint64 endSeq,uint8 routes,address relayer,\
             CallRule[] calls,Meter[] meters,Rest rest)\
             AppRule(string app,string verb,bytes checks)\
             CallRule(address target,string signature,uint256 maxValue,bytes checks)\
             Gas(uint64 unitsPerOp,address feeToken,uint120 feePerOp,uint120 feeCap)\
             Meter(uint16 id,uint8 what,address token,uint120 cap,uint32 period,uint48 anchor)\
             Require(uint8 kind,bytes data)\
             Rest(Gas gas,address ender,bytes32 login,bytes32 labels,bytes32 rpIdHash,address[] relayers,\
             address[] paymasters,TypedRule[] typed,AppRule[] apps,Require[] requires)\
             TypedRule(string domain,string encodeType,bytes checks)"
        );
        assert_eq!(
            SessionOp::eip712_encode_type(),
            "SessionOp(bytes32 grant,uint256 nonce,uint48 validFrom,uint48 validUntil,address relayer,uint120 maxFee,bytes calls)"
        );
    }
}
