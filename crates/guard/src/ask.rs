//! Asks Hallpass what a token is (RFC 7662).

use crate::guard::{GuardError, Known, Login};
use axum::http::HeaderValue;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use core::time::Duration;
use hallpass_session::{Token, TokenKind};
use hallpass_types::UnixSeconds;
use serde::Deserialize;

/// How long Hallpass has to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest answer, in bytes.
const MAX_ANSWER: usize = 16 * 1024;

/// Where Hallpass is, and who asks.
pub struct Asking {
    http: reqwest::Client,
    url: String,
    credential: HeaderValue,
}

impl core::fmt::Debug for Asking {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Asking").field("url", &self.url).finish_non_exhaustive()
    }
}

/// What is said of a token.
#[derive(Deserialize)]
struct Introspection {
    active: bool,
    token_type: Option<String>,
    sub: Option<String>,
    account: Option<String>,
    sid: Option<String>,
    exp: Option<u64>,
    auth_time: Option<u64>,
    /// Absent where none are configured.
    #[serde(default)]
    roles: Vec<String>,
    cnf: Option<Confirmation>,
}

#[derive(Deserialize)]
struct Confirmation {
    jkt: String,
}

impl Asking {
    /// By Hallpass's URL and the app's credential.
    ///
    /// # Errors
    /// [`GuardError`].
    pub fn new(hallpass: &str, credential: &str) -> Result<Self, GuardError> {
        let url = url::Url::parse(hallpass).map_err(|_| GuardError::Url)?;
        let near = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            None => return Err(GuardError::Url),
        };
        if !(url.scheme() == "https" || (url.scheme() == "http" && near)) {
            return Err(GuardError::Plain);
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(GuardError::Url);
        }
        let token = credential.parse::<Token>().ok().filter(|token| token.kind() == TokenKind::ResourceServer);
        let text = token.ok_or(GuardError::Credential)?.reveal();
        let mut credential = HeaderValue::from_str(&format!("Bearer {}", *text)).map_err(|_| GuardError::Credential)?;
        credential.set_sensitive(true);
        // What is sent is secret: it goes where the operator says and nowhere else.
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|_| GuardError::Client)?;
        Ok(Self { http, url: format!("{}/v1/introspect", hallpass.trim_end_matches('/')), credential })
    }

    /// What the token is; `None` for one that is not good.
    ///
    /// # Errors
    /// What goes into the log: there was no answer, or none that can be read.
    pub async fn ask(&self, token: &Token) -> Result<Option<Known>, &'static str> {
        // Hex digits and a prefix: nothing in it has to be escaped in a form.
        let body = format!("token={}", *token.reveal());
        let request = self.http.post(&self.url).header(AUTHORIZATION, self.credential.clone());
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        let mut answer = request.send().await.map_err(|_| "Hallpass does not answer")?;
        match answer.status().as_u16() {
            200 => {}
            401 => return Err("Hallpass does not list this app's credential under `resource_servers`"),
            _ => return Err("Hallpass answers with another status than 200"),
        }
        let mut text = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|_| "Hallpass broke off its answer")? {
            text.extend_from_slice(&chunk);
            if text.len() > MAX_ANSWER {
                return Err("Hallpass's answer is too long");
            }
        }
        let said: Introspection = serde_json::from_slice(&text).map_err(|_| "Hallpass's answer cannot be read")?;
        if !said.active {
            return Ok(None);
        }
        said.known(token.kind()).map(Some).ok_or("Hallpass's answer lacks something; is it another version?")
    }
}

impl Introspection {
    /// Reads it. That a token is bound must be said exactly of those that are: otherwise one would be taken without a proof.
    fn known(self, kind: TokenKind) -> Option<Known> {
        let jkt = match self.cnf {
            None => None,
            Some(cnf) => Some(<[u8; 32]>::try_from(URL_SAFE_NO_PAD.decode(cnf.jkt).ok()?).ok()?),
        };
        let fits = match (kind, self.token_type.as_deref()) {
            (TokenKind::Bearer, Some("Bearer")) => jkt.is_none(),
            (TokenKind::Dpop, Some("DPoP")) => jkt.is_some(),
            _ => false,
        };
        let login = Login {
            account: self.account?.parse().ok()?,
            user: self.sub?.parse().ok()?,
            session: self.sid?.parse().ok()?,
            proved_at: UnixSeconds::new(self.auth_time?)?,
            not_after: UnixSeconds::new(self.exp?)?,
            roles: self.roles,
        };
        fits.then_some(Known { login, jkt })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREDENTIAL: &str = "hpi_0000000000000000000000000000000000000000000000000000000000000000";

    #[test]
    fn secrets_go_to_one_place_and_not_in_clear() {
        for good in ["https://hallpass.example", "https://h.example:8443/", "http://127.0.0.1:8700", "http://[::1]:1"] {
            assert!(Asking::new(good, CREDENTIAL).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("http://hallpass.example", GuardError::Plain),
            ("http://127.0.0.1.evil.example", GuardError::Plain),
            ("ftp://127.0.0.1", GuardError::Plain),
            ("hallpass.example", GuardError::Url),
            ("https://user@hallpass.example", GuardError::Url),
            ("https://hallpass.example?x", GuardError::Url),
            ("", GuardError::Url),
        ] {
            assert_eq!(Asking::new(bad, CREDENTIAL).err(), Some(why), "{bad}");
        }
        for bad in ["", "hps_", &CREDENTIAL.replace("hpi_", "hps_"), &CREDENTIAL[..67]] {
            assert_eq!(Asking::new("https://h.example", bad).err(), Some(GuardError::Credential), "{bad}");
        }
        let shown = format!("{:?}", Asking::new("https://h.example", CREDENTIAL).unwrap());
        assert!(!shown.contains("000"), "{shown}");
    }

    #[test]
    fn an_answer_that_does_not_fit_the_token_is_none() {
        let account = "eip155:1:0x52908400098527886E0F7030069857D2E4169EE7";
        let user = hallpass_types::UserId::from_bytes([1; 16]).to_string();
        let session = hallpass_types::SessionId::from_bytes([2; 16]).to_string();
        let jkt = URL_SAFE_NO_PAD.encode([7; 32]);
        let whole = serde_json::json!({
            "active": true, "token_type": "DPoP", "sub": user, "account": account, "sid": session, "exp": 9, "auth_time": 1,
            "cnf": { "jkt": jkt }, "iss": "https://h.example", "iat": 1,
        });
        let read = |kind: TokenKind, change: &dyn Fn(&mut serde_json::Value)| {
            let mut body = whole.clone();
            change(&mut body);
            serde_json::from_value::<Introspection>(body).ok().and_then(|said| said.known(kind))
        };
        let bound = read(TokenKind::Dpop, &|_| {}).unwrap();
        assert_eq!((bound.jkt, bound.login.roles.len()), (Some([7; 32]), 0));
        let member = read(TokenKind::Dpop, &|body| body["roles"] = serde_json::json!(["a", "member"])).unwrap().login;
        assert!(
            member.has_role("member") && !member.has_role("Member") && !member.has_role("mem") && !member.has_role("")
        );
        for roles in [serde_json::json!("member"), serde_json::json!([1]), serde_json::json!({ "member": true })] {
            assert!(read(TokenKind::Dpop, &|body| body["roles"] = roles.clone()).is_none(), "{roles}");
        }
        let bearer = |body: &mut serde_json::Value| {
            body["token_type"] = "Bearer".into();
            body.as_object_mut().unwrap().remove("cnf");
        };
        assert_eq!(read(TokenKind::Bearer, &bearer).unwrap().jkt, None);
        assert!(read(TokenKind::Dpop, &bearer).is_none() && read(TokenKind::Bearer, &|_| {}).is_none());
        for name in ["token_type", "sub", "account", "sid", "exp", "auth_time", "cnf"] {
            let without = |body: &mut serde_json::Value| drop(body.as_object_mut().unwrap().remove(name));
            assert!(read(TokenKind::Dpop, &without).is_none(), "without {name}");
        }
        for (name, value) in [("token_type", "Bearer"), ("account", "x"), ("sub", "x"), ("sid", "x")] {
            assert!(read(TokenKind::Dpop, &|body| body[name] = value.into()).is_none(), "{name}");
        }
        assert!(read(TokenKind::Dpop, &|body| body["cnf"]["jkt"] = "AAAA".into()).is_none());
        assert!(read(TokenKind::Dpop, &|body| body["cnf"] = serde_json::json!({ "x5t#S256": "AAAA" })).is_none());
        // Unbound, and said to be bound.
        assert!(read(TokenKind::Bearer, &|body| body["token_type"] = "Bearer".into()).is_none());
    }
}
