//! Development wallets: keys that everybody knows, for chain 31337 alone.
//!
//! [`DevWallet`] signs what a wallet signs; as [`Manners::Browser`] it refuses what MetaMask refuses a page:
//! EIP-7702 authorizations, and typed data whose `verifyingContract` is the user's own address.

use alloy_consensus::{SignableTransaction, TxEip1559, transaction::RlpEcdsaEncodableTx};
use alloy_eips::eip7702::{Authorization, SignedAuthorization};
use alloy_primitives::{Address, B256, Bytes, Signature, U256, eip191_hash_message, keccak256};
use alloy_sol_types::{Eip712Domain, SolStruct};
use hallpass_types::ChainId;
use k256::ecdsa::SigningKey;

/// The only chain that development keys are good for.
pub const DEV_CHAIN: u64 = 31_337;

/// What a wallet agrees to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manners {
    /// A key in a program: signs authorizations too.
    Local,
    /// A browser wallet asked by a page.
    Browser,
}

/// Why the wallet does not sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WalletRefusal {
    /// Not the development chain.
    #[error("a development key signs on chain eip155:31337 only")]
    NotDevelopment,
    /// A browser wallet asked for an authorization.
    #[error("a browser wallet signs no EIP-7702 authorization for a page")]
    Delegation,
    /// Typed data aimed at the user's own account.
    #[error("a browser wallet signs no typed data whose verifyingContract is the user's own address")]
    OwnAddress,
    /// The bytes are no secp256k1 key.
    #[error("this is no development key: expected 0 to 9, or 32 bytes in hex that make a secp256k1 key")]
    BadKey,
}

impl WalletRefusal {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotDevelopment => "not_development",
            Self::Delegation => "wallet_refuses_delegation",
            Self::OwnAddress => "wallet_refuses_own_address",
            Self::BadKey => "bad_key",
        }
    }
}

/// A wallet with a key that protects nothing.
pub struct DevWallet {
    key: SigningKey,
    address: Address,
    manners: Manners,
}

impl core::fmt::Debug for DevWallet {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("DevWallet")
            .field("address", &self.address)
            .field("manners", &self.manners)
            .finish_non_exhaustive()
    }
}

impl DevWallet {
    /// A wallet of 32 secret bytes for `chain`.
    ///
    /// # Errors
    /// [`WalletRefusal::NotDevelopment`] on any other chain than 31337, [`WalletRefusal::BadKey`].
    pub fn new(secret: &[u8; 32], chain: ChainId, manners: Manners) -> Result<Self, WalletRefusal> {
        if chain.get() != DEV_CHAIN {
            return Err(WalletRefusal::NotDevelopment);
        }
        let key = SigningKey::from_slice(secret).map_err(|_| WalletRefusal::BadKey)?;
        let address = Address::from_public_key(key.verifying_key());
        Ok(Self { key, address, manners })
    }

    /// A wallet that is a function of a name: the same at every start, on the development chain alone.
    ///
    /// # Errors
    /// As [`DevWallet::new`].
    pub fn named(name: &str, chain: ChainId, manners: Manners) -> Result<Self, WalletRefusal> {
        Self::new(&keccak256(format!("hallpass development key {name}")).0, chain, manners)
    }

    /// The address.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.address
    }

    /// `personal_sign` (EIP-191).
    ///
    /// # Errors
    /// [`WalletRefusal::BadKey`] where signing fails.
    pub fn sign_message(&self, message: &str) -> Result<Bytes, WalletRefusal> {
        self.sign(eip191_hash_message(message))
    }

    /// `eth_signTypedData_v4` (EIP-712).
    ///
    /// # Errors
    /// [`WalletRefusal::OwnAddress`] as a browser wallet.
    pub fn sign_typed<T: SolStruct>(&self, domain: &Eip712Domain, message: &T) -> Result<Bytes, WalletRefusal> {
        if self.manners == Manners::Browser && domain.verifying_contract == Some(self.address) {
            return Err(WalletRefusal::OwnAddress);
        }
        if domain.chain_id != Some(U256::from(DEV_CHAIN)) {
            return Err(WalletRefusal::NotDevelopment);
        }
        self.sign(message.eip712_signing_hash(domain))
    }

    /// An EIP-7702 authorization for the development chain; never for chain 0.
    ///
    /// # Errors
    /// [`WalletRefusal::Delegation`] as a browser wallet.
    pub fn sign_authorization(&self, to: Address, nonce: u64) -> Result<SignedAuthorization, WalletRefusal> {
        if self.manners == Manners::Browser {
            return Err(WalletRefusal::Delegation);
        }
        let authorization = Authorization { chain_id: U256::from(DEV_CHAIN), address: to, nonce };
        let (signature, parity) = self
            .key
            .sign_prehash_recoverable(authorization.signature_hash().as_slice())
            .map_err(|_| WalletRefusal::BadKey)?;
        Ok(authorization.into_signed(Signature::from_signature_and_parity(signature, parity.is_y_odd())))
    }

    /// A transaction of the wallet's own (`eth_sendTransaction`), signed.
    ///
    /// # Errors
    /// [`WalletRefusal::NotDevelopment`] for another chain.
    pub fn sign_transaction(&self, tx: TxEip1559) -> Result<Bytes, WalletRefusal> {
        if tx.chain_id != DEV_CHAIN {
            return Err(WalletRefusal::NotDevelopment);
        }
        let hash = tx.signature_hash();
        let (signature, parity) =
            self.key.sign_prehash_recoverable(hash.as_slice()).map_err(|_| WalletRefusal::BadKey)?;
        let mut out = Vec::new();
        tx.eip2718_encode(&Signature::from_signature_and_parity(signature, parity.is_y_odd()), &mut out);
        Ok(out.into())
    }

    /// Signs any digest, which no session key of the vault's ever does: for tests of what the chain refuses.
    ///
    /// # Errors
    /// [`WalletRefusal::BadKey`] where signing fails.
    pub fn sign(&self, digest: B256) -> Result<Bytes, WalletRefusal> {
        let (signature, parity) =
            self.key.sign_prehash_recoverable(digest.as_slice()).map_err(|_| WalletRefusal::BadKey)?;
        Ok(Signature::from_signature_and_parity(signature, parity.is_y_odd()).as_bytes().to_vec().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallpass_policy::eip712::{End, domain};

    fn chain(id: u64) -> ChainId {
        ChainId::new(id).unwrap()
    }

    #[test]
    fn a_development_key_is_worth_nothing_elsewhere() {
        for id in [1, 10, 8453, 31_338] {
            assert_eq!(
                DevWallet::named("owner", chain(id), Manners::Local).unwrap_err(),
                WalletRefusal::NotDevelopment
            );
        }
        let wallet = DevWallet::named("owner", chain(DEV_CHAIN), Manners::Local).unwrap();
        let end = End { grant: B256::ZERO };
        assert_eq!(wallet.sign_typed(&domain(1, Address::ZERO), &end), Err(WalletRefusal::NotDevelopment));
        assert!(wallet.sign_typed(&domain(DEV_CHAIN, Address::ZERO), &end).is_ok());
    }

    #[test]
    fn a_browser_wallet_refuses_what_metamask_refuses() {
        let wallet = DevWallet::named("owner", chain(DEV_CHAIN), Manners::Browser).unwrap();
        let end = End { grant: B256::ZERO };
        assert_eq!(wallet.sign_authorization(Address::ZERO, 0).map(|_| ()), Err(WalletRefusal::Delegation));
        assert_eq!(wallet.sign_typed(&domain(DEV_CHAIN, wallet.address()), &end), Err(WalletRefusal::OwnAddress));
        assert!(wallet.sign_typed(&domain(DEV_CHAIN, Address::ZERO), &end).is_ok());
    }
}
