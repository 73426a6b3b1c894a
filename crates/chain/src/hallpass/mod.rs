//! Our own backends: one contract in two homes, and a module of the same libraries for ERC-7579 accounts.
//!
//! - this file: the homes, and what a grant needs to be installed in one.
//! - [`holds`]: what the contract does not judge yet.
//! - [`wire`]: the bytes that the account reads (`spec/encoding.md`).
//! - [`state`]: what the account says of itself.
//! - [`backend`]: all of it behind the trait that every backend implements. [`module`]: the module behind it.
//! - [`steps`]: what is signed, for both. [`routes`]: what an EntryPoint changes. [`read`]: operations, read back.

pub mod backend;
#[cfg(test)]
mod fixture;
pub mod holds;
pub mod module;
pub mod read;
pub mod routes;
pub mod state;
pub mod steps;
pub mod wire;

pub use crate::backend::Ready;

use crate::contracts::{IHallpass, IHallpassFactory, Suite};
use crate::node::{Node, NodeError};
use alloy_primitives::{Address, B256, Bytes, U256, hex};
use alloy_sol_types::SolCall;
use hallpass_policy::Grant;
use serde::{Deserialize, Serialize};

/// Where the account lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "home", rename_all = "snake_case")]
pub enum Home {
    /// The owner's EOA itself, delegated by EIP-7702.
    Delegated,
    /// A pocket of the owner's, at a deterministic address.
    Pocket {
        /// The wallet that owns it.
        owner: Address,
        /// Which of its pockets.
        index: u64,
    },
}

/// Why an account cannot take a grant.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Our contracts are not on this chain, or other code stands in their place.
    #[error("contract {0} is not deployed here, or other code stands there")]
    Backend(Address),
    /// The EOA is delegated to somebody else's contract.
    #[error("account {0} is delegated to another contract")]
    ForeignDelegation(Address),
    /// Other code stands at the account's address.
    #[error("account {0} is a contract of another kind")]
    ForeignCode(Address),
    /// The node.
    #[error(transparent)]
    Node(#[from] NodeError),
}

impl HomeError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Backend(_) => "backend_missing",
            Self::ForeignDelegation(_) => "foreign_delegation",
            Self::ForeignCode(_) => "foreign_code",
            Self::Node(e) => e.code(),
        }
    }
}

impl Home {
    /// The contract that enforces a grant in this home.
    #[must_use]
    pub const fn backend(self, suite: &Suite) -> Address {
        match self {
            Self::Delegated => suite.delegate.0,
            Self::Pocket { .. } => suite.pocket.0,
        }
    }

    /// The account of `wallet` in this home. No node is asked: a lie here would have the owner fund a stranger.
    ///
    /// A pocket is an ERC-1167 clone with the owner's address as immutable argument, made by CREATE2 from the factory
    /// with the index as salt.
    #[must_use]
    pub fn account(self, suite: &Suite, wallet: Address) -> Address {
        match self {
            Self::Delegated => wallet,
            Self::Pocket { owner, index } => {
                let argument = owner.into_word();
                // Two bytes of size: 45 bytes of proxy, 32 of argument.
                let mut code = vec![0x61, 0x00, 45 + 32];
                code.extend(CLONE_HEAD);
                code.extend(suite.pocket.0);
                code.extend(CLONE_TAIL);
                code.extend(argument);
                suite.factory.0.create2_from_code(B256::from(U256::from(index)), code)
            }
        }
    }

    /// Looks at the code of backend and account.
    ///
    /// # Errors
    /// [`HomeError`] where either is not ours.
    pub async fn ready(self, node: &Node, suite: &Suite, account: Address) -> Result<Ready, HomeError> {
        let backend = node.code(self.backend(suite)).await?;
        self.check_backend(suite, &backend)?;
        let ready = self.judge_account(suite, account, &node.code(account).await?)?;
        if ready == Ready::NeedsOpening {
            self.check_factory(suite, &node.code(suite.factory.0).await?)?;
        }
        Ok(ready)
    }

    /// Judges the code at the backend's address.
    ///
    /// # Errors
    /// [`HomeError::Backend`] where it is not ours.
    pub fn check_backend(self, suite: &Suite, code: &[u8]) -> Result<(), HomeError> {
        let (backend, artifact) = match self {
            Self::Delegated => &suite.delegate,
            Self::Pocket { .. } => &suite.pocket,
        };
        if artifact.is_code_of(code, *backend) { Ok(()) } else { Err(HomeError::Backend(*backend)) }
    }

    /// Judges the code at the account's address; where it answers [`Ready::NeedsOpening`], the factory's is to be looked at.
    ///
    /// # Errors
    /// [`HomeError`] where it is somebody else's.
    pub fn judge_account(self, suite: &Suite, account: Address, code: &[u8]) -> Result<Ready, HomeError> {
        match (self, code.is_empty()) {
            (Self::Delegated, true) => Ok(Ready::NeedsDelegation),
            (Self::Delegated, false) => match code.strip_prefix(&[0xef, 0x01, 0x00]) {
                Some(to) if to == self.backend(suite).as_slice() => Ok(Ready::Yes),
                Some(_) => Err(HomeError::ForeignDelegation(account)),
                None => Err(HomeError::ForeignCode(account)),
            },
            (Self::Pocket { .. }, true) => Ok(Ready::NeedsOpening),
            // The address commits to the clone's code, so code there is the clone.
            (Self::Pocket { .. }, false) => Ok(Ready::Yes),
        }
    }

    /// Judges the code at the factory's address.
    ///
    /// # Errors
    /// [`HomeError::Backend`] where it is not ours.
    pub fn check_factory(self, suite: &Suite, code: &[u8]) -> Result<(), HomeError> {
        let (factory, artifact) = &suite.factory;
        if artifact.is_code_of(code, suite.pocket.0) { Ok(()) } else { Err(HomeError::Backend(*factory)) }
    }

    /// The call that installs a grant: where to, and what. It opens a pocket that is not open yet.
    #[must_use]
    pub fn install(self, suite: &Suite, grant: &Grant, signature: &Bytes) -> (Address, Bytes) {
        let bytes: Bytes = wire::install(grant).into();
        match self {
            Self::Delegated => {
                let call = IHallpass::installCall { grant: bytes, signature: signature.clone() };
                (grant.account, call.abi_encode().into())
            }
            Self::Pocket { owner, index } => {
                let call = IHallpassFactory::openAndInstallCall {
                    owner,
                    index: U256::from(index),
                    grant: bytes,
                    signature: signature.clone(),
                };
                (suite.factory.0, call.abi_encode().into())
            }
        }
    }
}

/// Around the implementation's address in a clone with immutable arguments (ERC-1167).
const CLONE_HEAD: [u8; 17] = hex!("3d81600a3d39f3363d3d373d3d3d363d73");
const CLONE_TAIL: [u8; 15] = hex!("5af43d82803e903d91602b57fd5bf3");

/// The selectors that a relayer's key may call.
pub const RELAYED: [[u8; 4]; 9] = [
    IHallpass::executeCall::SELECTOR,
    IHallpass::installCall::SELECTOR,
    IHallpass::endCall::SELECTOR,
    IHallpass::replaceCall::SELECTOR,
    IHallpass::endForCall::SELECTOR,
    IHallpass::surrenderCall::SELECTOR,
    IHallpass::moveEpochCall::SELECTOR,
    IHallpassFactory::openCall::SELECTOR,
    IHallpassFactory::openAndInstallCall::SELECTOR,
];
