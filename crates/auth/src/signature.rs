//! Who signed: recovery of secp256k1 signatures, strictly, and the proof that an owner signed a grant.

use alloy_primitives::{Address, B256, eip191_hash_message, keccak256};
use secp256k1::{
    Message,
    ecdsa::{RecoverableSignature, RecoveryId},
};

/// Recovers the address whose key signed `digest`.
///
/// `signature` is 65 bytes, `r || s || v`; `v` is 27 or 28, or 0 or 1 as some wallets write it. A caller that stores
/// signatures as identities must not: the same signature has two values of `v`. The 64 bytes of ERC-2098 are not read: no
/// wallet signs messages so, and they would be a third spelling.
///
/// # Errors
/// [`SignatureError`] for another length or `v`, for an `s` above half the group's order (EIP-2), and where no key
/// could have made it.
pub fn recover(digest: B256, signature: &[u8]) -> Result<Address, SignatureError> {
    let signature: &[u8; 65] = signature.try_into().map_err(|_| SignatureError::Length)?;
    let [rs @ .., v] = signature;
    let id = match v {
        0 | 27 => RecoveryId::Zero,
        1 | 28 => RecoveryId::One,
        _ => return Err(SignatureError::V),
    };
    let high = rs.iter().skip(32).gt(HALF_ORDER.iter());
    if high {
        return Err(SignatureError::HighS);
    }
    let key = RecoverableSignature::from_compact(rs, id)
        .and_then(|signature| signature.recover_ecdsa(Message::from_digest(digest.0)))
        .map_err(|_| SignatureError::Invalid)?;
    let [_tag, point @ ..] = key.serialize_uncompressed();
    Ok(Address::from_word(keccak256(point)))
}

/// The hash that `personal_sign` signs: keccak256 of `0x19`, `Ethereum Signed Message:`, a line break, the length in
/// decimal and the message (ERC-191, version 0x45).
#[must_use]
pub fn personal_hash(message: impl AsRef<[u8]>) -> B256 {
    eip191_hash_message(message)
}

/// Proves that `owner` signed the grant whose EIP-712 digest is `digest`.
///
/// # Errors
/// What [`recover`] refuses, and [`SignatureError::WrongSigner`] where another key signed, or another grant was signed.
pub fn prove_grant(digest: B256, signature: &[u8], owner: Address) -> Result<ProvenGrant, SignatureError> {
    if recover(digest, signature)? == owner {
        Ok(ProvenGrant { digest, owner })
    } else {
        Err(SignatureError::WrongSigner)
    }
}

/// A grant's digest that its owner is known to have signed. Only [`prove_grant`] makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProvenGrant {
    digest: B256,
    owner: Address,
}

impl ProvenGrant {
    /// The EIP-712 digest that was signed; not the grant's id, which is `hashStruct` alone.
    #[must_use]
    pub const fn digest(&self) -> B256 {
        self.digest
    }

    /// Who signed it.
    #[must_use]
    pub const fn owner(&self) -> Address {
        self.owner
    }
}

/// Why a signature proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not 65 bytes. A contract wallet's signature ends up here too.
    #[error("a plain account's signature has 65 bytes; a contract wallet's has to be asked of its chain")]
    Length,
    /// The last byte.
    #[error("a signature ends in 27, 28, 0 or 1")]
    V,
    /// The other of the two `s` that verify.
    #[error("the signature's s is in the upper half of the group's order")]
    HighS,
    /// r or s is 0 or too large, or no point belongs to it.
    #[error("no key makes this signature")]
    Invalid,
    /// Valid, and not by the account named.
    #[error("another account signed, or something else was signed")]
    WrongSigner,
}

impl SignatureError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Length => "signature_length",
            Self::V => "signature_v",
            Self::HighS => "signature_high_s",
            Self::Invalid => "signature_invalid",
            Self::WrongSigner => "wrong_signer",
        }
    }
}

/// Half of secp256k1's order, rounded down: the largest `s` that is allowed.
const HALF_ORDER: [u8; 32] = alloy_primitives::hex!("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use alloy_primitives::{U256, b256};
    use k256::ecdsa::SigningKey;

    /// Signs with another implementation than the one that recovers.
    pub(crate) struct Signer(SigningKey);

    impl Signer {
        pub(crate) fn new(secret: u8) -> Self {
            Self(SigningKey::from_slice(&[secret; 32]).unwrap())
        }

        pub(crate) fn address(&self) -> Address {
            Address::from_word(keccak256(&self.0.verifying_key().to_encoded_point(false).as_bytes()[1..]))
        }

        pub(crate) fn sign(&self, digest: B256) -> [u8; 65] {
            let (signature, id) = self.0.sign_prehash_recoverable(digest.as_slice()).unwrap();
            let mut out = [0; 65];
            out[..64].copy_from_slice(&signature.to_bytes());
            out[64] = 27 + id.to_byte();
            out
        }
    }

    const DIGEST: B256 = b256!("0x1111111111111111111111111111111111111111111111111111111111111111");

    #[test]
    fn a_signature_names_its_signer_whichever_way_v_is_written() {
        for secret in 1..=20 {
            let signer = Signer::new(secret);
            let mut signature = signer.sign(DIGEST);
            assert_eq!(recover(DIGEST, &signature), Ok(signer.address()));
            signature[64] -= 27;
            assert_eq!(recover(DIGEST, &signature), Ok(signer.address()));
        }
    }

    #[test]
    fn the_other_s_is_refused_though_it_verifies() {
        let order = U256::from_be_bytes(HALF_ORDER) * U256::from(2) + U256::from(1);
        let signature = Signer::new(7).sign(DIGEST);
        let mut other = signature;
        let s = U256::from_be_slice(&signature[32..64]);
        other[32..64].copy_from_slice(&(order - s).to_be_bytes::<32>());
        other[64] = 55 - signature[64];
        assert_eq!(recover(DIGEST, &other), Err(SignatureError::HighS));
        assert_eq!(recover(DIGEST, &signature), Ok(Signer::new(7).address()));
    }

    #[test]
    fn half_the_order_is_the_last_s() {
        let mut signature = Signer::new(7).sign(DIGEST);
        signature[32..64].copy_from_slice(&HALF_ORDER);
        assert!(recover(DIGEST, &signature).is_ok());
        signature[63] += 1;
        assert_eq!(recover(DIGEST, &signature), Err(SignatureError::HighS));
    }

    #[test]
    fn other_shapes_are_refused() {
        let signature = Signer::new(7).sign(DIGEST);
        assert_eq!(recover(DIGEST, &signature[..64]), Err(SignatureError::Length));
        assert_eq!(recover(DIGEST, &[&signature[..], &[0]].concat()), Err(SignatureError::Length));
        assert_eq!(recover(DIGEST, &[]), Err(SignatureError::Length));
        for v in (2..=26).chain(29..=255) {
            let mut bad = signature;
            bad[64] = v;
            assert_eq!(recover(DIGEST, &bad), Err(SignatureError::V), "{v}");
        }
        for zeroed in [0..32, 32..64] {
            let mut bad = signature;
            bad[zeroed].fill(0);
            assert_eq!(recover(DIGEST, &bad), Err(SignatureError::Invalid));
        }
        let mut bad = signature;
        bad[..32].fill(0xff);
        assert_eq!(recover(DIGEST, &bad), Err(SignatureError::Invalid));
    }

    #[test]
    fn the_personal_hash_is_that_of_erc_191() {
        assert_eq!(
            personal_hash("Hello World"),
            b256!("0xa1de988600a42c4b4ab089b619297c17d53cffae5d5120d82d8a92d0bb3b78f2")
        );
        assert_ne!(personal_hash("Hello World"), keccak256("Hello World"));
    }

    #[test]
    fn a_grant_is_proven_by_its_owner_alone() {
        let (owner, other) = (Signer::new(1), Signer::new(2));
        let proven = prove_grant(DIGEST, &owner.sign(DIGEST), owner.address()).unwrap();
        assert_eq!((proven.digest(), proven.owner()), (DIGEST, owner.address()));
        assert_eq!(prove_grant(DIGEST, &other.sign(DIGEST), owner.address()), Err(SignatureError::WrongSigner));
        assert_eq!(prove_grant(B256::ZERO, &owner.sign(DIGEST), owner.address()), Err(SignatureError::WrongSigner));
    }
}
