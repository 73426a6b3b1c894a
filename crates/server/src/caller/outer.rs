//! The request behind a request: what somebody asked a proxy for that stands in front of an app. The proxy asks us whether it
//! is let in, and forwards its headers.
//!
//! What a proxy says of that request is believed of a proxy that the operator lists, and only of origins that it is listed
//! for; of nobody else is anything looked at.

use super::shown::Shown;
use super::{Caller, origin};
use crate::app::{App, Proxy, origin_of};
use crate::error::ApiError;
use axum::http::HeaderMap;
use hallpass_auth::dpop::htu;
use hallpass_session::{Token, TokenKind};

/// The header of a proxy's credential.
pub const PROXY: &str = "hallpass-proxy";
/// What was asked for, as Caddy and Traefik name it by themselves.
const METHOD: &str = "x-forwarded-method";
const PROTO: &str = "x-forwarded-proto";
const HOST: &str = "x-forwarded-host";
const URI: &str = "x-forwarded-uri";

/// What was asked of a proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outer {
    method: String,
    /// In its one spelling, without query.
    uri: String,
}

impl Outer {
    /// Reads it, from a proxy that is listed.
    ///
    /// # Errors
    /// 403: `proxy_not_listed`, in the same words for every reason; `bad_forwarded_request`; `host_not_listed`.
    pub fn of(headers: &HeaderMap, proxies: &[Proxy]) -> Result<Self, ApiError> {
        let proxy = proxy(headers, proxies).ok_or_else(|| {
            let says = "this is for the proxies that the operator lists";
            ApiError::forbidden("proxy_not_listed", says).hint(
                "have the proxy send its credential as `Hallpass-Proxy`, and list its hash under `[[forward_auth]]`",
            )
        })?;
        let outer = Self::read(headers).ok_or_else(|| {
            let says = "the proxy does not say what was asked of it, or that is no request that can be judged";
            ApiError::forbidden("bad_forwarded_request", says).hint(
                "it sends each of X-Forwarded-Method, -Proto, -Host and -Uri once; a path has no `.` or `..` to resolve",
            )
        })?;
        if !proxy.origins.iter().any(|origin| origin == outer.origin()) {
            let says = "the proxy was asked for an origin that it is not listed for";
            return Err(ApiError::forbidden("host_not_listed", says)
                .hint("list it under `origins` of the proxy's `[[forward_auth]]`"));
        }
        Ok(outer)
    }

    fn read(headers: &HeaderMap) -> Option<Self> {
        let one = |name: &str| origin::one(headers, name).ok().flatten().filter(|text| !text.is_empty());
        let (method, proto, host, path) = (one(METHOD)?, one(PROTO)?, one(HOST)?, one(URI)?);
        let is_method = method.bytes().all(|b| b.is_ascii_uppercase() || b == b'-');
        // What ends a host would move the path.
        let is_host = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b));
        if !is_method || !is_host || !matches!(proto, "http" | "https") || !path.starts_with('/') {
            return None;
        }
        let uri = htu::normal(&format!("{proto}://{host}{path}"))?;
        Some(Self { method: method.to_owned(), uri })
    }

    /// The origin that was asked, as browsers write it.
    #[must_use]
    pub fn origin(&self) -> &str {
        origin_of(&self.uri)
    }

    /// Who asked for it. A cookie is taken from pages of the very origin that was asked.
    ///
    /// # Errors
    /// As extracting a [`Caller`].
    pub async fn caller(&self, app: &App, headers: &HeaderMap) -> Result<Caller, ApiError> {
        let shown = Shown::of(headers)?;
        if shown.is_cookie() {
            // A page may open a WebSocket to another site by a `GET`, and is sent what comes over it.
            let opens = headers.contains_key("upgrade") || headers.contains_key("sec-websocket-key");
            let reads = matches!(self.method.as_str(), "GET" | "HEAD") && !opens;
            origin::check_outer(headers, reads, self.origin())?;
        }
        Caller::by(app, headers, &self.method, &self.uri, &shown).await?.expect_whole()
    }
}

/// The proxy whose credential it is. Compared by its hash, so that time tells nothing of it.
fn proxy<'a>(headers: &HeaderMap, proxies: &'a [Proxy]) -> Option<&'a Proxy> {
    let token = origin::one(headers, PROXY).ok()??.parse::<Token>().ok()?;
    let hash = (token.kind() == TokenKind::ResourceServer).then(|| token.hash())?;
    proxies.iter().find(|proxy| proxy.credential == hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn credential(bits: u8) -> Token {
        Token::from_random(TokenKind::ResourceServer, [bits; 32])
    }

    fn proxies() -> Vec<Proxy> {
        let listed = |bits: u8, origin: &str| Proxy {
            name: origin.to_owned(),
            credential: credential(bits).hash(),
            origins: vec![origin.to_owned()],
        };
        vec![listed(1, "https://app.example"), listed(2, "http://127.0.0.1:8080")]
    }

    fn good() -> Vec<(&'static str, String)> {
        let text = |text: &str| text.to_owned();
        vec![
            (PROXY, credential(1).reveal().to_string()),
            (METHOD, text("GET")),
            (PROTO, text("https")),
            (HOST, text("app.example")),
            (URI, text("/notes?page=2")),
        ]
    }

    fn of(headers: &[(&'static str, String)]) -> Result<Outer, String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        Outer::of(&map, &proxies()).map_err(|e| {
            assert_eq!(e.status, 403);
            e.problem.code
        })
    }

    fn with(name: &'static str, value: &str) -> Result<Outer, String> {
        let mut headers = good();
        headers.retain(|(known, _)| *known != name);
        headers.push((name, value.to_owned()));
        of(&headers)
    }

    #[test]
    fn a_listed_proxy_is_believed_what_it_was_asked_for() {
        let outer = of(&good()).unwrap();
        assert_eq!((outer.method.as_str(), outer.uri.as_str()), ("GET", "https://app.example/notes"));
        for host in ["APP.example", "app.example:443"] {
            assert_eq!(with(HOST, host).as_ref(), Ok(&outer), "{host}");
        }
        assert_eq!(with(METHOD, "POST").unwrap().method, "POST");
    }

    #[test]
    fn nobody_else_is() {
        let bearer = Token::from_random(TokenKind::Bearer, [1; 32]).reveal().to_string();
        let good_one = credential(1).reveal().to_string();
        for credential in ["", "x", &bearer, &credential(3).reveal(), &good_one.to_uppercase()] {
            assert_eq!(with(PROXY, credential), Err("proxy_not_listed".into()), "{credential}");
        }
        assert_eq!(of(&good()[1..]), Err("proxy_not_listed".into()));
        assert_eq!(of(&[good(), vec![(PROXY, good_one)]].concat()), Err("proxy_not_listed".into()), "twice");
    }

    #[test]
    fn a_proxy_is_believed_of_its_own_origins_alone() {
        for (name, value) in [
            (HOST, "other.example"),
            (HOST, "app.example.evil.example"),
            (HOST, "app.example:8443"),
            (HOST, "app.example."),
            (PROTO, "http"),
            // It is listed, with another credential.
            (PROXY, &credential(2).reveal()),
        ] {
            assert_eq!(with(name, value), Err("host_not_listed".into()), "{name}: {value}");
        }
    }

    #[test]
    fn what_is_said_badly_is_not_guessed() {
        for (name, value) in [
            (METHOD, ""),
            (METHOD, "get"),
            (METHOD, "GET, POST"),
            (PROTO, "wss"),
            (PROTO, "https, http"),
            (HOST, ""),
            (HOST, "app.example/else"),
            (HOST, "app.example?"),
            (HOST, "app.example#"),
            (HOST, "user@app.example"),
            (HOST, "evil.example, app.example"),
            (URI, ""),
            (URI, "notes"),
            (URI, "https://app.example/notes"),
            (URI, "/notes/../admin"),
            (URI, "/notes/%2e%2E/admin"),
            (URI, "/notes%"),
        ] {
            assert_eq!(with(name, value), Err("bad_forwarded_request".into()), "{name}: {value}");
        }
        for absent in [METHOD, PROTO, HOST, URI] {
            let mut headers = good();
            headers.retain(|(name, _)| *name != absent);
            assert_eq!(of(&headers), Err("bad_forwarded_request".into()), "no {absent}");
            let twice = good().into_iter().find(|(name, _)| *name == absent).unwrap();
            let headers = [good(), vec![twice]].concat();
            assert_eq!(of(&headers), Err("bad_forwarded_request".into()), "{absent} twice");
        }
    }
}
