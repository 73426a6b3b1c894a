//! What a request comes with: one token, in one place, in the place that its kind is for.

use crate::ApiError;
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE};
use hallpass_session::{Token, TokenKind};

/// The cookie of a browser's login. The prefix has browsers take it with `Secure`, for one host and all its paths alone.
pub const COOKIE_NAME: &str = "__Host-hallpass";

/// A token, by the way it came.
#[derive(Debug, Clone)]
pub enum Shown {
    /// `Authorization: Bearer`.
    Bearer(Token),
    /// `Authorization: DPoP`; the proof is beside it.
    Dpop(Token),
    /// The cookie.
    Cookie(Token),
}

impl Shown {
    /// Reads it.
    ///
    /// # Errors
    /// 401 where there is none that can be read, in the same words for each reason; 400 where there is more than one.
    pub fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        let mut cookies = cookies(headers);
        let cookie = cookies.next();
        if cookies.next().is_some() {
            let says = "the request has the session cookie more than once";
            return Err(ApiError::bad("duplicate_cookie", says));
        }
        let mut all = headers.get_all(AUTHORIZATION).iter();
        let authorization = all.next();
        if all.next().is_some() || (authorization.is_some() && cookie.is_some()) {
            let says = "the request shows more than one credential";
            return Err(ApiError::bad("two_credentials", says).hint("send the cookie or one `Authorization`, not both"));
        }
        let shown = match (authorization.map(|value| value.to_str()), cookie) {
            (Some(Ok(text)), _) => Token::of_authorization(text).map(|token| match token.kind() {
                TokenKind::Dpop => Self::Dpop(token),
                _ => Self::Bearer(token),
            }),
            (None, Some(text)) => {
                text.parse().ok().filter(|token: &Token| token.kind() == TokenKind::Cookie).map(Self::Cookie)
            }
            _ => None,
        };
        shown.ok_or_else(ApiError::unauthorized)
    }

    /// The token.
    #[must_use]
    pub const fn token(&self) -> &Token {
        match self {
            Self::Bearer(token) | Self::Dpop(token) | Self::Cookie(token) => token,
        }
    }

    /// Whether a browser sent it by itself.
    #[must_use]
    pub const fn is_cookie(&self) -> bool {
        matches!(self, Self::Cookie(_))
    }
}

/// The values of our cookie (RFC 6265, section 4.2.1), in however many headers. Bytes that are no text are no cookie of ours.
pub fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let texts = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(';')).filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (name.trim() == COOKIE_NAME).then_some(value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn token(kind: TokenKind) -> String {
        Token::from_random(kind, [7; 32]).reveal().to_string()
    }

    fn of(headers: &[(HeaderName, String)]) -> Result<TokenKind, String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, HeaderValue::from_str(value).unwrap());
        }
        Shown::of(&map).map(|shown| shown.token().kind()).map_err(|e| e.problem.code)
    }

    #[test]
    fn a_token_is_taken_in_the_place_of_its_kind_alone() {
        for kind in TokenKind::ALL {
            let text = token(kind);
            let cookie = format!("theme=dark; {COOKIE_NAME}={text}");
            let ways =
                [(AUTHORIZATION, format!("Bearer {text}")), (AUTHORIZATION, format!("DPoP {text}")), (COOKIE, cookie)];
            let taken = ways.map(|way| of(&[way]).is_ok());
            let expected = match kind {
                TokenKind::Holder | TokenKind::Bearer => [true, false, false],
                TokenKind::Dpop => [false, true, false],
                TokenKind::Cookie => [false, false, true],
                TokenKind::Refresh | TokenKind::ResourceServer => [false; 3],
            };
            assert_eq!(taken, expected, "{kind:?}");
        }
    }

    #[test]
    fn two_credentials_are_refused_and_so_is_the_cookie_twice() {
        let bearer = (AUTHORIZATION, format!("Bearer {}", token(TokenKind::Bearer)));
        let pair = format!("{COOKIE_NAME}={}", token(TokenKind::Cookie));
        let cookie = (COOKIE, pair.clone());
        assert_eq!(of(&[bearer.clone(), cookie.clone()]), Err("two_credentials".into()));
        assert_eq!(of(&[bearer.clone(), bearer.clone()]), Err("two_credentials".into()));
        // Also where one of them is nothing: which one was meant is not guessed.
        assert_eq!(of(&[bearer, (COOKIE, format!("{COOKIE_NAME}="))]), Err("two_credentials".into()));
        assert_eq!(of(&[cookie.clone(), cookie.clone()]), Err("duplicate_cookie".into()));
        assert_eq!(of(&[(COOKIE, format!("{pair}; {pair}"))]), Err("duplicate_cookie".into()));
        assert_eq!(of(&[(COOKIE, format!("{pair}; {COOKIE_NAME}=x"))]), Err("duplicate_cookie".into()));
        assert_eq!(of(&[cookie]), Ok(TokenKind::Cookie));
    }

    #[test]
    fn what_is_none_is_not_logged_in() {
        let text = token(TokenKind::Bearer);
        for value in
            ["", "Bearer", &text, &format!("Basic {text}"), &format!("Bearer  {text}"), &format!("Bearer {text} ")]
        {
            // Trailing blanks are no part of a header's value, and this map keeps what it is given.
            assert_eq!(of(&[(AUTHORIZATION, value.to_string())]), Err("not_logged_in".into()), "{value:?}");
        }
        assert_eq!(of(&[]), Err("not_logged_in".into()));
        let other = format!("hallpass={0}; x{COOKIE_NAME}={0}; __host-hallpass={0}", token(TokenKind::Cookie));
        assert_eq!(of(&[(COOKIE, other)]), Err("not_logged_in".into()));
    }
}
