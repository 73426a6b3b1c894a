//! The text fields of a message: strings that can hold only what the ABNF allows.

use super::{ParseError, rfc3986};
use core::{fmt, str::FromStr};

macro_rules! field {
    ($(#[$doc:meta])* $name:ident, $error:ident, $allows:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = ParseError;
            fn from_str(text: &str) -> Result<Self, ParseError> {
                let allows: fn(&str) -> bool = $allows;
                if allows(text) { Ok(Self(text.to_owned())) } else { Err(ParseError::$error) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

field!(
    /// A URI scheme (RFC 3986, section 3.1).
    Scheme, Scheme, rfc3986::is_scheme
);
field!(
    /// An authority (RFC 3986, section 3.2) whose host is not empty.
    Domain, Domain, |text| rfc3986::host(text).is_some_and(|host| !host.is_empty())
);
field!(
    /// RFC 3986's reserved and unreserved characters, and spaces.
    Statement, Statement, |text| text.bytes().all(|b| b == b' ' || rfc3986::is_reserved(b) || rfc3986::is_unreserved(b))
);
field!(
    /// A URI with a scheme (RFC 3986, section 3).
    Uri, Uri, rfc3986::is_uri
);
field!(
    /// At least 8 ASCII letters and digits.
    Nonce, Nonce, |text| text.len() >= 8 && text.bytes().all(|b| b.is_ascii_alphanumeric())
);
field!(
    /// RFC 3986's `pchar`, any number of them.
    RequestId, RequestId, rfc3986::is_pchars
);

impl Domain {
    /// Whether a user name stands before the host, as in `good.com@evil.com`: the grammar has it, and no browser shows it.
    #[must_use]
    pub fn has_userinfo(&self) -> bool {
        self.0.contains('@')
    }
}
