//! The public keys that proofs are made with (RFC 7517, 7518 and 8037), and their thumbprints (RFC 7638).

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// An algorithm that is taken: asymmetric, with keys that browsers keep and do not give out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// By its name in IANA's list; `None` for every other, `none` included.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "ES256" => Some(Self::Es256),
            "EdDSA" => Some(Self::EdDsa),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// What a key's JSON form may hold beside its own members, as browsers write it.
const BESIDE: [&str; 5] = ["kid", "use", "alg", "key_ops", "ext"];

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// A point of P-256: its two coordinates.
    P256([u8; 32], [u8; 32]),
    /// An Ed25519 key.
    Ed25519([u8; 32]),
}

/// Whether it holds what belongs to a private or symmetric key (RFC 7518, section 6; `priv`: RFC 9964's kind).
#[must_use]
pub fn has_private_part(jwk: &Map<String, Value>) -> bool {
    ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"].iter().any(|name| jwk.contains_key(*name))
}

impl PublicKey {
    /// Reads it; `None` where it is not one of `algorithm`, or holds anything that is not known.
    #[must_use]
    pub fn of(jwk: &Map<String, Value>, algorithm: Algorithm) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        if text("alg").unwrap_or(algorithm.name()) != algorithm.name() {
            return None;
        }
        let own: &[&str] = match algorithm {
            Algorithm::Es256 => &["kty", "crv", "x", "y"],
            Algorithm::EdDsa => &["kty", "crv", "x"],
        };
        if !jwk.keys().all(|name| own.contains(&name.as_str()) || BESIDE.contains(&name.as_str())) {
            return None;
        }
        let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok()?.try_into().ok();
        match (algorithm, text("kty")?, text("crv")?) {
            (Algorithm::Es256, "EC", "P-256") => Some(Self::P256(coordinate("x")?, coordinate("y")?)),
            (Algorithm::EdDsa, "OKP", "Ed25519") => Some(Self::Ed25519(coordinate("x")?)),
            _ => None,
        }
    }

    /// Whether it made `signature` over `message`. A point that is not on the curve made none.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::P256(x, y) => {
                let point = [&[4], x.as_slice(), y].concat();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
            Self::Ed25519(x) => UnparsedPublicKey::new(&ED25519, x).verify(message, signature).is_ok(),
        }
    }

    /// SHA-256 of its required members in the order of their names (RFC 7638, section 3).
    #[must_use]
    pub fn thumbprint(&self) -> [u8; 32] {
        let text = |bytes: &[u8; 32]| URL_SAFE_NO_PAD.encode(bytes);
        let canonical = match self {
            Self::P256(x, y) => format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, text(x), text(y)),
            Self::Ed25519(x) => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, text(x)),
        };
        Sha256::digest(canonical).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Map<String, Value> {
        serde_json::from_str(text).unwrap()
    }

    /// RFC 8037, appendix A.3.
    #[test]
    fn the_thumbprint_of_an_ed25519_key_is_that_of_rfc_8037() {
        let jwk = object(r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#);
        let key = PublicKey::of(&jwk, Algorithm::EdDsa).unwrap();
        assert_eq!(URL_SAFE_NO_PAD.encode(key.thumbprint()), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    /// RFC 9449, section 6.1: the `jkt` of the key of section 4.1.
    #[test]
    fn the_thumbprint_of_a_p_256_key_is_that_of_rfc_9449() {
        let jwk = object(
            r#"{"kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
                "y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA","crv":"P-256"}"#,
        );
        let key = PublicKey::of(&jwk, Algorithm::Es256).unwrap();
        assert_eq!(URL_SAFE_NO_PAD.encode(key.thumbprint()), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    }

    #[test]
    fn a_key_of_another_algorithm_or_with_anything_unknown_is_none() {
        let good = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        assert!(PublicKey::of(&object(good), Algorithm::EdDsa).is_some());
        assert!(PublicKey::of(&object(good), Algorithm::Es256).is_none());
        for (from, to) in [
            ("OKP", "EC"),
            ("Ed25519", "Ed448"),
            ("11qYAYKx", "1qYAYKx"),
            ("HURo\"", "HURp\""),
            ("\"kty\"", "\"alg\":\"ES256\",\"kty\""),
            ("\"kty\"", "\"y\":\"AA\",\"kty\""),
            ("\"kty\"", "\"surprise\":1,\"kty\""),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good);
            assert!(PublicKey::of(&object(&bad), Algorithm::EdDsa).is_none(), "{bad}");
        }
        let browser = good.replacen("\"kty\"", "\"ext\":true,\"key_ops\":[\"verify\"],\"alg\":\"EdDSA\",\"kty\"", 1);
        assert!(PublicKey::of(&object(&browser), Algorithm::EdDsa).is_some());
    }
}
