//! Keys on a token: generated there, used there, never read.

use super::error::failed;
use super::{Token, TokenError};
use crate::sign::{SessionSignature, SignError, Signature65, lower_s};
use crate::{Algorithm, PublicKey};
use alloy_primitives::{Address, B256};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, UnparsedPublicKey};
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use hallpass_memory::{Wiped, wipe};
use hallpass_types::Rng;
use secp256k1::Message;
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use sha2::{Digest, Sha256};
use std::sync::PoisonError;

const LABEL: &[u8] = b"hallpass";
/// Object identifiers in DER (SEC 2, RFC 5480, RFC 8410).
const SECP256K1: &[u8] = &[6, 5, 0x2b, 0x81, 4, 0, 0x0a];
const P256: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const ED25519_OID: &[u8] = &[6, 3, 0x2b, 0x65, 0x70];
/// The curve's name as a PrintableString, which PKCS#11 allows beside the identifier.
const ED25519_NAME: &[u8] = b"\x13\x0cedwards25519";

impl Token {
    /// Makes a key pair that cannot be read out, under a new random id.
    pub(crate) fn generate(&self, algorithm: Algorithm, rng: &dyn Rng) -> Result<([u8; 16], PublicKey), TokenError> {
        let id = self.new_id(ObjectClass::PRIVATE_KEY, rng)?;
        let public = self.with_session(|session| match algorithm {
            Algorithm::Ed25519 => {
                self.needs(MechanismType::ECC_EDWARDS_KEY_PAIR_GEN, "Ed25519 key generation")?;
                self.needs(MechanismType::EDDSA, "EdDSA (CKM_EDDSA)")?;
                let made = pair(session, &Mechanism::EccEdwardsKeyPairGen, ED25519_OID, &id);
                made.or_else(|_| pair(session, &Mechanism::EccEdwardsKeyPairGen, ED25519_NAME, &id))
            }
            Algorithm::Secp256k1 | Algorithm::P256 => {
                self.needs(MechanismType::ECC_KEY_PAIR_GEN, "EC key generation (CKM_EC_KEY_PAIR_GEN)")?;
                self.needs(MechanismType::ECDSA, "raw ECDSA (CKM_ECDSA)")?;
                let curve = if algorithm == Algorithm::P256 { P256 } else { SECP256K1 };
                pair(session, &Mechanism::EccKeyPairGen, curve, &id)
            }
        })?;
        let public = public_key(algorithm, &public).ok_or(TokenError::BadAnswer)?;
        Ok((id, public))
    }

    /// Signs `digest` as [`SessionSignature`] says, with the key of this id, and checks the answer.
    pub(crate) fn sign(&self, id: &[u8; 16], public: &PublicKey, digest: B256) -> Result<SessionSignature, SignError> {
        let ed25519 = EddsaParams::new(EddsaSignatureScheme::Pure);
        let (mechanism, message): (_, [u8; 32]) = match public {
            PublicKey::Secp256k1(_) => (Mechanism::Ecdsa, digest.0),
            PublicKey::P256(_) => (Mechanism::Ecdsa, Sha256::digest(digest).into()),
            PublicKey::Ed25519(_) => (Mechanism::Eddsa(ed25519), digest.0),
        };
        let answer = self.with_session(|session| {
            let key = self.find(session, id)?;
            session.sign(&mechanism, key, &message).map_err(|error| {
                self.handles.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
                failed(error)
            })
        })?;
        checked(&answer, public, digest).ok_or(SignError::Token(TokenError::BadAnswer))
    }

    /// Makes a secret that cannot be read out, for [`Self::mac`], under a new random id.
    pub(crate) fn generate_secret(&self, rng: &dyn Rng) -> Result<[u8; 16], TokenError> {
        self.needs(MechanismType::GENERIC_SECRET_KEY_GEN, "secret key generation (CKM_GENERIC_SECRET_KEY_GEN)")?;
        self.needs(MechanismType::SHA256_HMAC, "HMAC (CKM_SHA256_HMAC)")?;
        let id = self.new_id(ObjectClass::SECRET_KEY, rng)?;
        self.with_session(|session| {
            let mut template = private(&id);
            template.extend([
                Attribute::Class(ObjectClass::SECRET_KEY),
                Attribute::KeyType(KeyType::GENERIC_SECRET),
                Attribute::ValueLen(32.into()),
                Attribute::Verify(false),
                Attribute::Encrypt(false),
                Attribute::Decrypt(false),
                Attribute::Wrap(false),
                Attribute::Unwrap(false),
            ]);
            let key = session.generate_key(&Mechanism::GenericSecretKeyGen, &template).map_err(failed)?;
            stays(session, key)
        })?;
        Ok(id)
    }

    /// HMAC-SHA256 of `message` under the secret of this id.
    pub(crate) fn mac(&self, id: &[u8; 16], message: &[u8], out: &mut Wiped<32>) -> Result<(), TokenError> {
        self.with_session(|session| {
            let key = one(session, ObjectClass::SECRET_KEY, id)?;
            let mut answer = session.sign(&Mechanism::Sha256Hmac, key, message).map_err(failed)?;
            let fits = answer.len() == 32;
            for (to, from) in out.iter_mut().zip(&answer) {
                *to = *from;
            }
            wipe(&mut answer);
            if fits { Ok(()) } else { Err(TokenError::BadAnswer) }
        })
    }

    /// Destroys the secret of this id.
    pub(crate) fn destroy_secret(&self, id: &[u8; 16]) -> Result<(), TokenError> {
        self.with_session(|session| {
            let key = one(session, ObjectClass::SECRET_KEY, id)?;
            session.destroy_object(key).map_err(failed)
        })
    }

    /// An id that no object of this class has.
    fn new_id(&self, class: ObjectClass, rng: &dyn Rng) -> Result<[u8; 16], TokenError> {
        let mut id = [0; 16];
        rng.fill(&mut id).map_err(|_| TokenError::Randomness)?;
        let template = [Attribute::Class(class), Attribute::Id(id.to_vec())];
        let taken = self.with_session(|session| session.find_objects(&template).map_err(failed))?;
        if taken.is_empty() { Ok(id) } else { Err(TokenError::Randomness) }
    }

    fn find(&self, session: &Session, id: &[u8; 16]) -> Result<ObjectHandle, TokenError> {
        let handles = || self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = handles().get(id) {
            return Ok(*handle);
        }
        let handle = one(session, ObjectClass::PRIVATE_KEY, id)?;
        handles().insert(*id, handle);
        Ok(handle)
    }
}

fn one(session: &Session, class: ObjectClass, id: &[u8; 16]) -> Result<ObjectHandle, TokenError> {
    let found = session.find_objects(&[Attribute::Class(class), Attribute::Id(id.to_vec())]).map_err(failed)?;
    match found[..] {
        [handle] => Ok(handle),
        _ => Err(TokenError::NoKey),
    }
}

/// What a key is that stays on its token and signs.
fn private(id: &[u8; 16]) -> Vec<Attribute> {
    vec![
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
        Attribute::Id(id.to_vec()),
        Attribute::Label(LABEL.to_vec()),
    ]
}

/// Makes a pair and gives the public point as the token has it.
fn pair(session: &Session, mechanism: &Mechanism<'_>, curve: &[u8], id: &[u8; 16]) -> Result<Vec<u8>, TokenError> {
    let public = [
        Attribute::Token(true),
        Attribute::Verify(true),
        Attribute::EcParams(curve.to_vec()),
        Attribute::Id(id.to_vec()),
        Attribute::Label(LABEL.to_vec()),
    ];
    let (public, private) = session.generate_key_pair(mechanism, &public, &private(id)).map_err(failed)?;
    if let Err(error) = stays(session, private) {
        session.destroy_object(public).map_err(failed)?;
        return Err(error);
    }
    let found = session.get_attributes(public, &[AttributeType::EcPoint]).map_err(failed)?;
    match found.into_iter().next() {
        Some(Attribute::EcPoint(point)) => Ok(point),
        _ => Err(TokenError::BadAnswer),
    }
}

/// Believes the token's own word that a key never leaves it, and destroys one that might.
fn stays(session: &Session, key: ObjectHandle) -> Result<(), TokenError> {
    let asked = [AttributeType::Sensitive, AttributeType::Extractable, AttributeType::Local];
    let found = session.get_attributes(key, &asked).map_err(failed)?;
    let wanted = [Attribute::Sensitive(true), Attribute::Extractable(false), Attribute::Local(true)];
    if wanted.iter().all(|attribute| found.contains(attribute)) {
        return Ok(());
    }
    session.destroy_object(key).map_err(failed)?;
    Err(TokenError::Extractable)
}

/// A point as PKCS#11 gives it: in an octet string, or, in older and newer versions for some curves, as it is.
fn public_key(algorithm: Algorithm, given: &[u8]) -> Option<PublicKey> {
    let length = if algorithm == Algorithm::Ed25519 { 32 } else { 65 };
    let point = match given {
        [4, n, point @ ..] if usize::from(*n) == length && point.len() == length => point,
        point if point.len() == length => point,
        _ => return None,
    };
    match algorithm {
        Algorithm::Ed25519 => point.try_into().ok().map(PublicKey::Ed25519),
        Algorithm::P256 => match point {
            [4, xy @ ..] => xy.try_into().ok().map(PublicKey::P256),
            _ => None,
        },
        Algorithm::Secp256k1 => {
            // Refuses what is no point of the curve.
            let point = secp256k1::PublicKey::from_slice(point).ok()?.serialize_uncompressed();
            Some(PublicKey::Secp256k1(Address::from_raw_public_key(point.get(1..)?)))
        }
    }
}

/// The token's answer in the form that the chain takes, if it is a signature of this key.
fn checked(answer: &[u8], public: &PublicKey, digest: B256) -> Option<SessionSignature> {
    let rs: [u8; 64] = answer.try_into().ok()?;
    match public {
        PublicKey::Secp256k1(address) => {
            let rs = lower_s(rs, Algorithm::Secp256k1)?;
            // The token does not say which of the two points it met: try both.
            let odd = [false, true].into_iter().find(|odd| recovers(&rs, *odd, digest) == Some(*address))?;
            Some(SessionSignature::Secp256k1(Signature65::new(rs, odd)))
        }
        PublicKey::P256(point) => {
            let rs = lower_s(rs, Algorithm::P256)?;
            let sec1 = [&[4], &point[..]].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, sec1).verify(digest.as_slice(), &rs).ok()?;
            Some(SessionSignature::P256(rs))
        }
        PublicKey::Ed25519(point) => {
            UnparsedPublicKey::new(&ED25519, point).verify(digest.as_slice(), &rs).ok()?;
            Some(SessionSignature::Ed25519(rs))
        }
    }
}

fn recovers(rs: &[u8; 64], odd: bool, digest: B256) -> Option<Address> {
    let id = if odd { RecoveryId::One } else { RecoveryId::Zero };
    let signature = RecoverableSignature::from_compact(rs, id).ok()?;
    let point = signature.recover_ecdsa(Message::from_digest(digest.0)).ok()?.serialize_uncompressed();
    Some(Address::from_raw_public_key(point.get(1..)?))
}
