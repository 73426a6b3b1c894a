//! The twelve checks of RFC 9449, section 4.3, each by proofs that differ from a good one in what it looks at.

use super::*;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

const NOW: u64 = 1_795_255_200;
const URI: &str = "https://hallpass.example/v1/me";
const TOKEN: &str = "hpd_0000";

enum Key {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Key {
    fn p256() -> Self {
        Self::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    fn ed25519() -> Self {
        Self::Ed25519(Ed25519KeyPair::generate().unwrap())
    }

    fn alg(&self) -> &'static str {
        if matches!(self, Self::P256(_)) { "ES256" } else { "EdDSA" }
    }

    fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::P256(key) => {
                let point = key.public_key().as_ref();
                json!({ "kty": "EC", "crv": "P-256", "x": text(&point[1..33]), "y": text(&point[33..]) })
            }
            Self::Ed25519(key) => json!({ "kty": "OKP", "crv": "Ed25519", "x": text(key.public_key().as_ref()) }),
        }
    }

    fn jkt(&self) -> [u8; 32] {
        let jwk = self.jwk();
        PublicKey::of(jwk.as_object().unwrap(), Algorithm::named(self.alg()).unwrap()).unwrap().thumbprint()
    }

    fn sign(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = match self {
            Self::P256(key) => key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap().as_ref().to_vec(),
            Self::Ed25519(key) => key.sign(signed.as_bytes()).as_ref().to_vec(),
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn now() -> UnixSeconds {
    UnixSeconds::new(NOW).unwrap()
}

fn nonces() -> Nonces {
    Nonces::new([4; 32])
}

fn header(key: &Key) -> Value {
    json!({ "typ": "dpop+jwt", "alg": key.alg(), "jwk": key.jwk() })
}

fn claims() -> Value {
    let ath = URL_SAFE_NO_PAD.encode(Sha256::digest(TOKEN));
    json!({ "jti": "one", "htm": "GET", "htu": URI, "iat": NOW, "nonce": nonces().at(now()), "ath": ath })
}

/// What is said of these headers, beside the token that `key` is bound to.
fn verdict(key: &Key, headers: &[&[u8]]) -> Result<Proof, ProofError> {
    let nonces = nonces();
    let token = Some((TOKEN, key.jkt()));
    verify(headers, &Expected { method: "GET", uri: URI, nonces: &nonces, now: now(), token })
}

/// Of a good proof with another header or other claims, signed.
fn changed(key: &Key, change: impl FnOnce(&mut Value, &mut Value)) -> Result<Proof, ProofError> {
    let (mut header, mut claims) = (header(key), claims());
    change(&mut header, &mut claims);
    verdict(key, &[key.sign(&header.to_string(), &claims.to_string()).as_bytes()])
}

fn with_claim(name: &str, value: Value) -> Result<Proof, ProofError> {
    changed(&Key::p256(), |_, claims| claims[name] = value)
}

fn with_header(name: &str, value: Value) -> Result<Proof, ProofError> {
    changed(&Key::p256(), |header, _| header[name] = value)
}

#[test]
fn check_0_a_proof_that_meets_all_twelve_is_taken() {
    for key in [Key::p256(), Key::ed25519()] {
        let proof = changed(&key, |_, _| {}).unwrap();
        assert_eq!(proof, Proof { jkt: key.jkt(), jti: "one".into(), period: NOW / nonce::PERIOD });
    }
}

#[test]
fn check_1_there_is_one_header() {
    let key = Key::p256();
    let good = key.sign(&header(&key).to_string(), &claims().to_string());
    assert!(verdict(&key, &[good.as_bytes()]).is_ok());
    assert_eq!(verdict(&key, &[]), Err(ProofError::Missing));
    assert_eq!(verdict(&key, &[good.as_bytes(), good.as_bytes()]), Err(ProofError::Several));
}

#[test]
fn check_2_it_is_one_well_formed_jwt() {
    let key = Key::p256();
    let (header, claims) = (header(&key).to_string(), claims().to_string());
    let good = key.sign(&header, &claims);
    let doubled = |text: &str, at: &str, more: &str| text.replacen(at, &format!("{more},{at}"), 1);
    let list = format!("[{claims}]");
    for bad in [
        String::new(),
        "..".to_owned(),
        good.rsplit_once('.').unwrap().0.to_owned(),
        format!("{good}.e30"),
        format!("{good}, {good}"),
        format!("{good}="),
        format!(" {good}"),
        good.replace('.', "+."),
        key.sign(&doubled(&header, "\"typ\"", "\"typ\":\"dpop+jwt\""), &claims),
        key.sign(&header, &doubled(&claims, "\"htm\"", "\"htm\":\"POST\"")),
        key.sign(&header, &list),
        key.sign(&header, ""),
        key.sign(&doubled(&header, "\"typ\"", "\"crit\":[\"b64\"]"), &claims),
        key.sign(&header, &doubled(&claims, "\"htm\"", &format!("\"pad\":\"{}\"", "x".repeat(MAX_PROOF)))),
    ] {
        assert_eq!(verdict(&key, &[bad.as_bytes()]), Err(ProofError::Malformed), "{bad}");
    }
    assert_eq!(verdict(&key, &[&[0xff; 40]]), Err(ProofError::Malformed));
}

#[test]
fn a_proof_has_at_most_4096_bytes_inclusive() {
    let key = Key::p256();
    let of = |length: usize| {
        let padded = |mut value: Value, pad: usize| {
            value["pad"] = json!("x".repeat(pad));
            value.to_string()
        };
        let all = (0..3).flat_map(|h| (2_600..2_900).map(move |c| (h, c)));
        let mut signed = all.map(|(h, c)| key.sign(&padded(header(&key), h), &padded(claims(), c)));
        signed.find(|proof| proof.len() == length).unwrap()
    };
    assert!(verdict(&key, &[of(MAX_PROOF).as_bytes()]).is_ok());
    assert_eq!(verdict(&key, &[of(MAX_PROOF + 1).as_bytes()]), Err(ProofError::Malformed));
}

#[test]
fn check_3_it_has_every_claim() {
    for name in ["jti", "htm", "htu", "iat"] {
        let missing = changed(&Key::p256(), |_, claims| drop(claims.as_object_mut().unwrap().remove(name)));
        assert_eq!(missing, Err(ProofError::Claims), "{name}");
        assert_eq!(with_claim(name, json!([1])), Err(ProofError::Claims), "{name}");
    }
    for (name, value) in
        [("iat", json!("1795255200")), ("iat", json!(-1)), ("jti", json!("")), ("jti", json!("x".repeat(257)))]
    {
        assert_eq!(with_claim(name, value), Err(ProofError::Claims), "{name}");
    }
    assert!(with_claim("jti", json!("x".repeat(256))).is_ok());
}

#[test]
fn check_4_its_type_is_dpop_jwt() {
    for typ in [json!("jwt"), json!("JWT"), json!("DPOP+JWT"), json!("application/dpop+jwt"), Value::Null] {
        assert_eq!(with_header("typ", typ.clone()), Err(ProofError::Type), "{typ}");
    }
}

#[test]
fn check_5_its_algorithm_is_asymmetric_and_ours() {
    for alg in ["none", "None", "HS256", "RS256", "ES384", "ES256K", "es256", ""] {
        assert_eq!(with_header("alg", json!(alg)), Err(ProofError::Algorithm), "{alg}");
    }
    // A key of the other algorithm is none of this one.
    assert_eq!(with_header("alg", json!("EdDSA")), Err(ProofError::Key));
}

#[test]
fn check_6_it_is_signed_by_the_key_in_it() {
    for (key, other) in [(Key::p256(), Key::p256()), (Key::ed25519(), Key::ed25519())] {
        let foreign = other.sign(&header(&key).to_string(), &claims().to_string());
        assert_eq!(verdict(&key, &[foreign.as_bytes()]), Err(ProofError::Signature));
        let good = key.sign(&header(&key).to_string(), &claims().to_string());
        let (signed, _) = good.rsplit_once('.').unwrap();
        for bare in [String::new(), URL_SAFE_NO_PAD.encode([0; 64])] {
            let unsigned = format!("{signed}.{bare}");
            assert_eq!(verdict(&key, &[unsigned.as_bytes()]), Err(ProofError::Signature));
        }
    }
    // A point that is not on the curve.
    let off = URL_SAFE_NO_PAD.encode([1; 32]);
    let key = changed(&Key::p256(), |header, _| header["jwk"]["x"] = json!(off));
    assert_eq!(key, Err(ProofError::Signature));
}

#[test]
fn check_7_its_key_has_no_private_part() {
    for name in ["d", "k", "p", "priv"] {
        let shown = changed(&Key::p256(), |header, _| header["jwk"][name] = json!("AA"));
        assert_eq!(shown, Err(ProofError::PrivateKey), "{name}");
    }
    assert_eq!(with_header("jwk", Value::Null), Err(ProofError::Key));
    assert_eq!(with_header("jwk", json!({})), Err(ProofError::Key));
}

#[test]
fn check_8_it_is_for_this_method() {
    for method in ["POST", "get", "HEAD", ""] {
        assert_eq!(with_claim("htm", json!(method)), Err(ProofError::Method), "{method}");
    }
}

#[test]
fn check_9_it_is_for_this_address() {
    for same in ["https://HALLPASS.example:443/v1/me", "https://hallpass.example/v1/me?x=1#y"] {
        assert!(with_claim("htu", json!(same)).is_ok(), "{same}");
    }
    for other in
        ["https://hallpass.example/v1/me2", "https://evil.example/v1/me", "http://hallpass.example/v1/me", "/v1/me", ""]
    {
        assert_eq!(with_claim("htu", json!(other)), Err(ProofError::Address), "{other}");
    }
}

#[test]
fn check_10_it_has_this_server_s_nonce() {
    let old = nonces().at(now().minus(2 * nonce::PERIOD));
    let foreign = Nonces::new([5; 32]).at(now());
    for nonce in [json!(old), json!(foreign), json!(""), Value::Null] {
        assert_eq!(with_claim("nonce", nonce.clone()), Err(ProofError::Nonce), "{nonce}");
    }
    assert!(with_claim("nonce", json!(nonces().at(now().minus(nonce::PERIOD)))).is_ok());
}

#[test]
fn check_11_it_was_made_just_now() {
    for (iat, good) in
        [(NOW - 61, false), (NOW - 60, true), (NOW + 60, true), (NOW + 61, false), (0, false), (u64::MAX, false)]
    {
        let verdict = with_claim("iat", json!(iat));
        assert_eq!(verdict.err(), (!good).then_some(ProofError::Time), "{iat}");
    }
}

#[test]
fn check_12_it_is_for_this_token_and_by_its_key() {
    let other = URL_SAFE_NO_PAD.encode(Sha256::digest("hpd_0001"));
    for ath in [json!(other), json!(""), Value::Null] {
        assert_eq!(with_claim("ath", ath.clone()), Err(ProofError::TokenHash), "{ath}");
    }
    let (key, bound) = (Key::p256(), Key::p256());
    let proof = key.sign(&header(&key).to_string(), &claims().to_string());
    assert_eq!(verdict(&bound, &[proof.as_bytes()]), Err(ProofError::OtherKey));
    // Without a token there is nothing to be bound to.
    let nonces = nonces();
    let bare = Expected { method: "GET", uri: URI, nonces: &nonces, now: now(), token: None };
    assert_eq!(verify(&[proof.as_bytes()], &bare).unwrap().jkt, key.jkt());
}

/// Every bit of a good proof matters.
#[test]
fn no_changed_proof_holds() {
    let key = Key::ed25519();
    let mut proof = key.sign(&header(&key).to_string(), &claims().to_string()).into_bytes();
    for at in 0..proof.len() {
        proof[at] ^= 1;
        assert!(verdict(&key, &[&proof]).is_err(), "byte {at}");
        proof[at] ^= 1;
    }
    assert!(verdict(&key, &[&proof]).is_ok());
}

/// RFC 9449, sections 5 and 8: one code asks for a nonce, one refuses a proof.
#[test]
fn a_missing_nonce_has_a_code_of_its_own() {
    assert_eq!(ProofError::Nonce.code(), "use_dpop_nonce");
    for other in [ProofError::Missing, ProofError::Signature, ProofError::Time, ProofError::OtherKey] {
        assert_eq!(other.code(), "invalid_dpop_proof");
    }
}

/// RFC 9449, sections 7.1 and 8: what a refusal asks for.
#[test]
fn a_refusal_says_what_is_to_be_sent() {
    for (error, code) in [(ProofError::Nonce, "use_dpop_nonce"), (ProofError::Signature, "invalid_dpop_proof")] {
        assert_eq!(error.challenge(), format!("DPoP error=\"{code}\", algs=\"ES256 EdDSA\""));
        assert!(error.hint().len() > 20);
    }
    assert!(ProofError::Nonce.hint().contains("DPoP-Nonce") && !ProofError::Signature.hint().contains("DPoP-Nonce"));
}
