//! Programs and browsers, with every header as the test wants it.

use crate::common::api::Answer;
use crate::common::people::wallet;
use crate::inside::Inside;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallpass_auth::siwe::{DateTime, Message};
use hallpass_types::{ChainId, Clock};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicU64, Ordering};

/// An answer with its headers.
pub struct Got {
    pub answer: Answer,
    pub headers: reqwest::header::HeaderMap,
}

impl Got {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The value of the cookie that was set.
    pub fn cookie(&self) -> String {
        let text = self.header("set-cookie");
        text.strip_prefix("__Host-hallpass=").unwrap().split(';').next().unwrap().to_owned()
    }

    #[track_caller]
    pub fn ok(&self) -> Value {
        self.answer.ok()
    }

    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> &Self {
        self.answer.refused(status, code);
        self
    }

    /// The same of an endpoint whose refusals have OAuth's members too.
    #[track_caller]
    pub fn oauth(&self, status: u16, error: &str) -> &Self {
        let body = self.answer.json();
        assert_eq!(
            (self.answer.status, &body["error"], &body["code"]),
            (status, &json!(error), &json!(error)),
            "{body}"
        );
        assert!(body["error_description"].is_string() && body["says"].is_string());
        self
    }
}

/// A client of one server. Several share its connections.
#[derive(Clone)]
pub struct Client {
    pub url: String,
    http: reqwest::Client,
}

/// Headers, in their order.
pub type Headers<'a> = &'a [(&'a str, String)];

impl Client {
    pub fn of(inside: &Inside) -> Self {
        Self::at(&inside.url)
    }

    /// Of something else that is served.
    pub fn at(url: &str) -> Self {
        Self { url: url.to_owned(), http: reqwest::Client::new() }
    }

    pub async fn get(&self, path: &str, headers: Headers<'_>) -> Got {
        self.send(self.http.get(format!("{}{path}", self.url)), headers).await
    }

    pub async fn post(&self, path: &str, headers: Headers<'_>, body: &Value) -> Got {
        self.send(self.http.post(format!("{}{path}", self.url)).json(body), headers).await
    }

    pub async fn form(&self, path: &str, headers: Headers<'_>, fields: &[(&str, &str)]) -> Got {
        let body = fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
        let request = self.http.post(format!("{}{path}", self.url)).body(body);
        self.send(request.header("content-type", "application/x-www-form-urlencoded"), headers).await
    }

    async fn send(&self, mut request: reqwest::RequestBuilder, headers: Headers<'_>) -> Got {
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Got { answer: Answer { status, text: answer.text().await.unwrap() }, headers }
    }

    /// A nonce, in a message that `name`'s wallet signs; the body of a login or a step-up.
    pub async fn signed(&self, name: &str) -> Value {
        let nonce = self.post("/v1/login/nonce", &[], &Value::Null).await.ok();
        let text = |key: &str| nonce[key].as_str().unwrap().to_owned();
        let wallet = wallet(name);
        let now = hallpass_types::UnixSeconds::new(nonce["now"].as_u64().unwrap()).unwrap();
        let message = Message::required(
            text("domain").parse().unwrap(),
            wallet.address(),
            text("uri").parse().unwrap(),
            ChainId::new(31_337).unwrap(),
            text("nonce").parse().unwrap(),
            DateTime::from_unix(now).unwrap(),
        )
        .to_string();
        json!({ "message": message, "signature": wallet.sign_message(&message).unwrap().to_string() })
    }

    /// A login of `name`, with more members in its body.
    pub async fn log_in(&self, name: &str, headers: Headers<'_>, more: &Value) -> Got {
        let mut body = self.signed(name).await;
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        self.post("/v1/login", headers, &body).await
    }

    /// A plain one; its token.
    pub async fn bearer(&self, name: &str) -> String {
        self.log_in(name, &[], &json!({})).await.ok()["token"].as_str().unwrap().to_owned()
    }

    /// One that is refreshed; access and refresh token.
    pub async fn family(&self, name: &str) -> (String, String) {
        pair(&self.log_in(name, &[], &json!({ "refresh": true })).await.ok(), "token")
    }

    /// A browser's; its cookie.
    pub async fn browser(&self, name: &str) -> String {
        self.log_in(name, &[("origin", self.url.clone())], &json!({ "cookie": true })).await.cookie()
    }

    pub async fn refresh(&self, token: &str, headers: Headers<'_>) -> Got {
        self.form("/v1/token", headers, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    /// Whether a bearer's token is good.
    pub async fn is_good(&self, token: &str) -> bool {
        self.get("/v1/me", &[bearer(token)]).await.answer.status == 200
    }
}

pub fn bearer(token: &str) -> (&'static str, String) {
    ("authorization", format!("Bearer {token}"))
}

pub fn cookie(token: &str) -> (&'static str, String) {
    ("cookie", format!("__Host-hallpass={token}"))
}

/// Access and refresh token of an answer.
pub fn pair(body: &Value, access: &str) -> (String, String) {
    (body[access].as_str().unwrap().to_owned(), body["refresh_token"].as_str().unwrap().to_owned())
}

/// A program's key.
pub struct Key(EcdsaKeyPair);

impl Key {
    pub fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    fn jwk(&self) -> Value {
        let point = self.0.public_key().as_ref();
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({ "kty": "EC", "crv": "P-256", "x": text(&point[1..33]), "y": text(&point[33..]) })
    }

    /// Its thumbprint, as introspection tells it.
    pub fn jkt(&self) -> String {
        let jwk = self.jwk();
        let text = format!(r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#, jwk["x"], jwk["y"]);
        URL_SAFE_NO_PAD.encode(Sha256::digest(text))
    }

    /// A proof, with claims of the test's own in the place of good ones.
    pub fn proof_with(&self, inside: &Inside, method: &str, path: &str, token: Option<&str>, other: &Value) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let mut claims = json!({
            "jti": NEXT.fetch_add(1, Ordering::Relaxed).to_string(),
            "htm": method,
            "htu": format!("{}{path}", inside.url),
            "iat": inside.clock.now().get(),
            "nonce": inside.app.logins.nonces.at(inside.clock.now()),
        });
        if let Some(token) = token {
            claims["ath"] = json!(URL_SAFE_NO_PAD.encode(Sha256::digest(token)));
        }
        for (name, value) in other.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk() });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    /// A good proof.
    pub fn proof(&self, inside: &Inside, method: &str, path: &str, token: Option<&str>) -> (&'static str, String) {
        ("dpop", self.proof_with(inside, method, path, token, &json!({})))
    }

    /// What a request with a token comes with.
    pub fn shows(&self, inside: &Inside, method: &str, path: &str, token: &str) -> [(&'static str, String); 2] {
        [("authorization", format!("DPoP {token}")), self.proof(inside, method, path, Some(token))]
    }

    /// A login of `name`, bound to this key.
    pub async fn log_in(&self, inside: &Inside, name: &str) -> (String, String) {
        let proof = self.proof(inside, "POST", "/v1/login", None);
        pair(&Client::of(inside).log_in(name, &[proof], &json!({})).await.ok(), "token")
    }
}
