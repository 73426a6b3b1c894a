//! What a request to log in says of itself, whatever proves the wallet: judged before anything is used up.

use super::begin::{Given, Wanted};
use crate::caller::shown::cookies;
use crate::caller::{asking, origin, proof};
use crate::limits::Client;
use crate::work::wallet::Proven;
use crate::{ApiError, App, alerts};
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use hallpass_session::{Binding, Jkt, Token, TokenKind};
use hallpass_types::SessionId;

/// How somebody wants to be logged in.
#[derive(Debug, Clone, Default)]
pub struct Ways {
    /// The token in a cookie.
    pub cookie: bool,
    /// A short token, and one to refresh it with.
    pub refresh: bool,
    /// What the device is called.
    pub device: Option<String>,
}

/// A request that may log somebody in.
#[derive(Debug)]
pub struct Door {
    /// The page that asks; none for a program.
    pub page: Option<String>,
    binding: Binding,
    refresh: bool,
    device: Option<String>,
    ip: Option<String>,
    instead: Option<SessionId>,
}

impl Door {
    /// Of a request. A `DPoP` header binds the login to the proof's key (RFC 9449); a proof that is to be made again does not cost
    /// a signature.
    ///
    /// # Errors
    /// 400 and 403; nothing was used up but a proof that was good.
    pub fn of(app: &App, parts: &Parts, ways: Ways) -> Result<Self, ApiError> {
        let device = ways.device.map(device).transpose()?.or_else(|| agent(&parts.headers));
        let proof = proof::of_request(app, &parts.headers, parts.uri.path())?;
        let binding = match (&proof, ways.cookie) {
            (Some(_), true) => {
                return Err(ApiError::bad("two_bindings", "a login is bound to a cookie or to a key, not to both"));
            }
            (Some(proof), false) => Binding::Dpop { jkt: Jkt(proof.jkt) },
            (None, true) => Binding::Cookie,
            (None, false) => Binding::Bearer,
        };
        let cookie = binding == Binding::Cookie;
        if cookie {
            if ways.refresh {
                return Err(ApiError::bad(
                    "cookie_slides",
                    "a login in a cookie lives on by being used; it is not refreshed",
                ));
            }
            origin::check_login(&parts.headers, &app.settings)?;
        }
        let page = asking::check(&parts.headers, &app.settings)?.page;
        if let Some(proof) = &proof {
            proof::once(app, proof, StatusCode::BAD_REQUEST)?;
        }
        Ok(Self {
            page,
            refresh: ways.refresh || proof.is_some(),
            binding,
            device,
            ip: parts.extensions.get::<Client>().map(|client| client.network()),
            instead: if cookie { of_browser(app, &parts.headers) } else { None },
        })
    }

    /// Logs in whoever was proved.
    ///
    /// # Errors
    /// As the store.
    pub async fn enter(self, app: &App, proven: Proven) -> Result<Given, ApiError> {
        let wanted = Wanted {
            account: proven.account,
            contract: proven.contract,
            own_pass: proven.own_pass,
            binding: self.binding,
            refresh: self.refresh,
            device: self.device,
            ip: self.ip,
            instead: self.instead,
        };
        let given = app.logins.log_in(wanted).await?;
        alerts::device::look(app, &given.login);
        Ok(given)
    }
}

/// The login that this browser has now.
fn of_browser(app: &App, headers: &HeaderMap) -> Option<SessionId> {
    let tokens = cookies(headers).filter_map(|text| text.parse::<Token>().ok());
    let mut ours = tokens.filter(|token| token.kind() == TokenKind::Cookie);
    ours.find_map(|token| app.logins.check(&token.hash())).map(|checked| checked.login.id)
}

fn device(name: String) -> Result<String, ApiError> {
    let fits = (1..=64).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits {
        Ok(name)
    } else {
        Err(ApiError::bad("bad_device", "a device's name is 1 to 64 characters, none of control"))
    }
}

/// The program that somebody logs in with, where they name no device: its `User-Agent`, cut.
fn agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(USER_AGENT)?.to_str().ok()?;
    device(text.chars().filter(|c| !c.is_control()).take(64).collect()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_s_name_is_short_and_plain() {
        for good in ["a", "Ann\u{2019}s laptop", &"x".repeat(64)] {
            assert!(device(good.to_owned()).is_ok(), "{good}");
        }
        for bad in ["", "a\nb", "\u{7f}", &"x".repeat(65)] {
            assert_eq!(device(bad.to_owned()).unwrap_err().problem.code, "bad_device", "{bad}");
        }
    }
}
