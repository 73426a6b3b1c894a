//! Which pages may ask for a login or a grant. A page is known by its `Origin`, which browsers set and no script changes;
//! whoever sends none is a program, and no page.

use super::origin;
use crate::error::ApiError;
use crate::{App, Settings};
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::ORIGIN;
use axum::http::request::Parts;
use hallpass_types::origin::host as origin_host;

/// That the page behind a request may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MayAsk {
    /// Its origin; none for a program.
    pub page: Option<String>,
}

impl FromRequestParts<App> for MayAsk {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        check(&parts.headers, &app.settings)
    }
}

/// The same, and which page it is.
///
/// # Errors
/// 403: `origin_denied` for one that the operator's denylist denies, whoever listed it; `origin_unknown` for one that is
/// neither ours, nor under `origins`, nor a registered app's.
pub fn check(headers: &HeaderMap, settings: &Settings) -> Result<MayAsk, ApiError> {
    let unknown = || {
        ApiError::forbidden("origin_unknown", "a page that is no registered app's asked")
            .hint("list the page's origin under `origins` of an `[[apps]]` table")
    };
    let Some(asks) = origin::one(headers, ORIGIN.as_str()).map_err(|()| unknown())? else {
        return Ok(MayAsk { page: None });
    };
    let host = origin_host(asks).ok_or_else(unknown)?;
    if settings.denylist.denies(host).is_some() {
        let says = "a page asked whose name is known to deceive people, or looks like one that it is not";
        return Err(ApiError::forbidden("origin_denied", says)
            .hint("where that is a mistake, put the host on the denylist's `whitelist`"));
    }
    let listed = settings.origins.iter().chain(settings.apps.iter().flat_map(|app| &app.origins));
    let known = asks == settings.origin() || listed.into_iter().any(|origin| origin == asks);
    if known { Ok(MayAsk { page: Some(asks.to_owned()) }) } else { Err(unknown()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::RegisteredApp;
    use axum::http::HeaderValue;
    use hallpass_auth::origins::Denylist;
    use std::sync::Arc;

    fn verdict(origins: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for origin in origins {
            headers.append(ORIGIN, HeaderValue::from_static(origin));
        }
        let list = r#"{ "tolerance": 1, "fuzzylist": ["arena.example"], "whitelist": ["arena.example"],
                        "blacklist": ["drained.example"] }"#;
        let app = |name: &str, origin: &str| RegisteredApp { name: name.to_owned(), origins: vec![origin.to_owned()] };
        let settings = Settings {
            origins: vec!["https://other.hallpass.example".to_owned()],
            apps: vec![app("arena", "https://arena.example:8443"), app("drained", "https://drained.example")],
            denylist: Arc::new(Denylist::parse(list).unwrap()),
            ..crate::app::tests::settings()
        };
        match check(&headers, &settings) {
            Ok(asks) => {
                assert_eq!(asks.page.as_deref(), origins.first().copied());
                "may".to_owned()
            }
            Err(error) => {
                assert_eq!(error.status, 403);
                error.problem.code
            }
        }
    }

    #[test]
    fn pages_of_our_own_and_of_registered_apps_may_ask() {
        for origin in ["https://hallpass.example", "https://other.hallpass.example", "https://arena.example:8443"] {
            assert_eq!(verdict(&[origin]), "may", "{origin}");
        }
        assert_eq!(verdict(&[]), "may", "a program");
    }

    #[test]
    fn no_other_page_may() {
        for origin in [
            "",
            "null",
            "https://evil.example",
            "https://arena.example",
            "http://arena.example:8443",
            "https://login.arena.example:8443",
            "https://arena.example:8443/",
            "https://arena.example:8443.evil.example",
            "https://ARENA.example:8443",
            "https://arena.example.:8443",
        ] {
            assert_eq!(verdict(&[origin]), "origin_unknown", "{origin}");
        }
        assert_eq!(verdict(&["https://arena.example:8443", "https://arena.example:8443"]), "origin_unknown");
    }

    #[test]
    fn what_is_denied_may_not_though_it_is_registered() {
        for origin in ["https://drained.example", "https://x.drained.example", "https://arenna.example:8443"] {
            assert_eq!(verdict(&[origin]), "origin_denied", "{origin}");
        }
    }
}
