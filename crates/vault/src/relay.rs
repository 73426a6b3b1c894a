//! What a relayer's key may sign: calls of Hallpass's own functions, without value.

use alloy_consensus::{SignableTransaction, TxEip1559, TxEip7702, transaction::RlpEcdsaEncodableTx};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256};

/// The functions that a relayer may call. Fixed when the vault is opened, see
/// [`Vault::with_relay_policy`](crate::Vault::with_relay_policy).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RelayPolicy {
    selectors: Vec<[u8; 4]>,
}

impl RelayPolicy {
    /// Allows calls whose calldata begins with one of `selectors`. An empty list allows nothing.
    #[must_use]
    pub fn new(selectors: &[[u8; 4]]) -> Self {
        Self { selectors: selectors.to_vec() }
    }

    /// Judges a transaction that the key of `relayer` is asked to sign.
    pub(crate) fn judge(&self, tx: &RelayTx, relayer: Address) -> Result<(), RelayRefusal> {
        let (chain, value, input) = match tx {
            RelayTx::Eip1559(tx) => {
                if tx.to == TxKind::Create {
                    return Err(RelayRefusal::Create);
                }
                (tx.chain_id, tx.value, &tx.input)
            }
            RelayTx::Eip7702(tx) => (tx.chain_id, tx.value, &tx.input),
        };
        if chain == 0 {
            return Err(RelayRefusal::Chain);
        }
        if value != U256::ZERO {
            return Err(RelayRefusal::Value);
        }
        if !input.first_chunk::<4>().is_some_and(|selector| self.selectors.contains(selector)) {
            return Err(RelayRefusal::Selector);
        }
        match tx {
            RelayTx::Eip1559(_) => Ok(()),
            RelayTx::Eip7702(tx) if owners_signed(tx, relayer) => Ok(()),
            RelayTx::Eip7702(_) => Err(RelayRefusal::Authorization),
        }
    }
}

/// At least one authorization, each for this chain alone and by another key than the relayer's (EIP-7702).
fn owners_signed(tx: &TxEip7702, relayer: Address) -> bool {
    !tx.authorization_list.is_empty()
        && tx.authorization_list.iter().all(|authorization| {
            authorization.chain_id == U256::from(tx.chain_id)
                && authorization.recover_authority().is_ok_and(|owner| owner != relayer)
        })
}

/// A transaction for a relayer to sign and pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelayTx {
    /// A call (EIP-1559).
    Eip1559(TxEip1559),
    /// A call that brings delegations which owners signed (EIP-7702).
    Eip7702(TxEip7702),
}

impl RelayTx {
    /// What is signed: keccak256 of the type byte and the unsigned fields in RLP.
    pub(crate) fn digest(&self) -> B256 {
        match self {
            Self::Eip1559(tx) => tx.signature_hash(),
            Self::Eip7702(tx) => tx.signature_hash(),
        }
    }

    /// The signed transaction in EIP-2718 form.
    pub(crate) fn encode(&self, signature: &Signature) -> Bytes {
        let mut out = Vec::new();
        match self {
            Self::Eip1559(tx) => tx.eip2718_encode(signature, &mut out),
            Self::Eip7702(tx) => tx.eip2718_encode(signature, &mut out),
        }
        out.into()
    }
}

/// Why a relayer's key signs no such transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RelayRefusal {
    /// It creates a contract.
    #[error("a relayer creates no contracts")]
    Create,
    /// It names chain 0.
    #[error("a relayer's transaction names its chain")]
    Chain,
    /// It moves native value.
    #[error("a relayer sends no value")]
    Value,
    /// It calls another function, or none.
    #[error("a relayer calls only the functions that it is configured for")]
    Selector,
    /// It has no authorization, one for another chain or every chain, or one that no owner signed.
    #[error("a relayer carries authorizations that owners signed for the transaction's chain alone, at least one")]
    Authorization,
}
