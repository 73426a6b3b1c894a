//! Which pages may use a browser's cookie. A browser sends it by itself, so the page behind a request must be one of ours.

use crate::{ApiError, Settings};
use axum::http::header::ORIGIN;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};

/// Whether a request with the cookie may be answered.
///
/// What changes something needs an `Origin` that is allowed. `Sec-Fetch-Site`, where a browser sends it, must say that the
/// request comes from the same origin, or from another of the same site that is allowed; what only reads may also come from
/// the person alone (`none`).
///
/// # Errors
/// 403 `origin_not_allowed`.
pub fn check(parts: &Parts, settings: &Settings) -> Result<(), ApiError> {
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    if allowed(&parts.headers, reads, settings.origin(), &settings.origins) { Ok(()) } else { Err(refused()) }
}

/// The same for a login that asks for a cookie: a page of somebody else's must not log anybody in as its own account.
///
/// # Errors
/// As [`check`].
pub fn check_login(headers: &HeaderMap, settings: &Settings) -> Result<(), ApiError> {
    if allowed(headers, false, settings.origin(), &settings.origins) { Ok(()) } else { Err(refused()) }
}

/// The same for what was asked of a proxy: from pages of the origin that was asked, and of no other.
///
/// # Errors
/// As [`check`].
pub fn check_outer(headers: &HeaderMap, reads: bool, asked: &str) -> Result<(), ApiError> {
    if allowed(headers, reads, asked, &[]) { Ok(()) } else { Err(refused()) }
}

fn refused() -> ApiError {
    ApiError::forbidden("origin_not_allowed", "a page that may not use this browser's login sent the request")
        .hint("send it from a page of the server's own origin, or list the page's origin under `origins`")
}

/// The one value of a header; `Err` where there are several, or it is no text.
pub(super) fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ()> {
    let mut all = headers.get_all(name).iter();
    match (all.next(), all.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| ()),
        (Some(_), Some(_)) => Err(()),
    }
}

fn allowed(headers: &HeaderMap, reads: bool, ours: &str, listed: &[String]) -> bool {
    let (Ok(origin), Ok(site)) = (one(headers, ORIGIN.as_str()), one(headers, "sec-fetch-site")) else { return false };
    let origin_fits = match origin {
        Some(origin) => origin == ours || listed.iter().any(|other| other == origin),
        None => reads,
    };
    let others = origin.is_some_and(|origin| origin != ours);
    let site_fits = match site {
        None => true,
        Some("same-origin") => !others,
        Some("same-site") => others,
        Some("none") => reads && origin.is_none(),
        Some(_) => false,
    };
    origin_fits && site_fits
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn verdict(reads: bool, origin: &[&'static str], site: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in origin {
            headers.append(ORIGIN, HeaderValue::from_static(value));
        }
        for value in site {
            headers.append("sec-fetch-site", HeaderValue::from_static(value));
        }
        let settings = Settings {
            uri: "https://hallpass.example/".to_owned(),
            origins: vec!["https://app.hallpass.example".to_owned()],
            ..crate::app::tests::settings()
        };
        allowed(&headers, reads, settings.origin(), &settings.origins)
    }

    const OURS: &str = "https://hallpass.example";
    const OTHER: &str = "https://app.hallpass.example";

    #[test]
    fn what_changes_something_comes_from_a_page_that_may() {
        for (origin, site) in [(OURS, vec![]), (OURS, vec!["same-origin"]), (OTHER, vec!["same-site"]), (OTHER, vec![])]
        {
            assert!(verdict(false, &[origin], &site), "{origin} {site:?}");
        }
        for origin in [
            "null",
            "",
            "https://evil.example",
            "http://hallpass.example",
            "https://hallpass.example:8443",
            "https://hallpass.example.evil.example",
            "https://hallpass.example/",
            "https://HALLPASS.example",
            "https://other.hallpass.example",
        ] {
            assert!(!verdict(false, &[origin], &[]), "{origin}");
            assert!(!verdict(true, &[origin], &[]), "{origin} reads");
        }
        assert!(!verdict(false, &[], &[]), "no origin");
        assert!(!verdict(false, &[OURS, OURS], &[]), "two origins");
        for (origin, site) in
            [(OURS, "cross-site"), (OURS, "none"), (OURS, "same-site"), (OTHER, "same-origin"), (OTHER, "cross-site")]
        {
            assert!(!verdict(false, &[origin], &[site]), "{origin} {site}");
        }
        assert!(!verdict(false, &[OURS], &["same-origin", "same-origin"]));
    }

    #[test]
    fn what_reads_may_have_no_origin_and_still_comes_from_no_other_site() {
        let sites =
            [vec![], vec!["same-origin"], vec!["none"], vec!["cross-site"], vec!["same-site"], vec!["new-word"]];
        let read = sites.map(|site| verdict(true, &[], &site));
        assert_eq!(read, [true, true, true, false, false, false]);
    }
}
