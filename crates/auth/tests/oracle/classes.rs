//! Where the two readers differ, and what the standards say. No class is taken on our parser's word: each looks at the text by
//! itself, or asks `iri-string`, which reads RFC 3986.

use hallpass_auth::siwe::{MAX_MESSAGE, MAX_RESOURCES, ParseError};
use iri_string::types::UriStr;

/// A named difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Both ways. `domain = authority` of RFC 3986: the oracle's `http` crate takes ports that are no digits and brackets around
    /// anything, and refuses percent-encoding in a host and what else HTTP has no use for.
    Authority,
    /// They read a domain without a host, `user@` or `:80`. The grammar has it; ERC-4361 asks for "the domain that is requesting
    /// the signing", and there is none. Ours refuses.
    NoHost,
    /// They read addresses of one case, with a warning. "Must also conform to capitalization checksum encoding specified in
    /// EIP-55".
    AddressCase,
    /// They read every printable character. `statement = *( reserved / unreserved / " " )`.
    Statement,
    /// They read anything. `request-id = *pchar`.
    RequestId,
    /// They read `+1`, which is not `1*DIGIT`; and leading zeros and 0, which are no EIP-155 chain id or another spelling of one.
    ChainId,
    /// They read a leap second at the end of any month. RFC 3339, 5.7: of June or December.
    LeapSecond,
    /// They read anything between date and time. RFC 3339's grammar has `T`; its note on a space is about what people are shown.
    Separator,
    /// They have no bound. Ours: 8,192 bytes and 64 resources.
    Size,
}

impl Class {
    pub const ALL: [Self; 9] = [
        Self::Authority,
        Self::NoHost,
        Self::AddressCase,
        Self::Statement,
        Self::RequestId,
        Self::ChainId,
        Self::LeapSecond,
        Self::Separator,
        Self::Size,
    ];
}

/// The text between scheme and header.
fn domain(text: &str) -> &str {
    let first = text.split('\n').next().unwrap();
    let origin = first.strip_suffix(" wants you to sign in with your Ethereum account:").unwrap_or("");
    origin.split_once("://").map_or(origin, |(_, domain)| domain)
}

/// Whether RFC 3986 has it, as a third implementation reads it: between `//` and the path.
fn is_authority(domain: &str) -> bool {
    !domain.contains(['/', '?', '#']) && UriStr::new(&format!("x://{domain}")).is_ok()
}

fn host_is_empty(domain: &str) -> bool {
    let host = domain.rsplit_once('@').map_or(domain, |(_, host)| host);
    host.is_empty() || host.starts_with(':')
}

/// The first line that begins so, without the tag.
fn field<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    text.split('\n').find_map(|line| line.strip_prefix(tag))
}

/// We refuse a text, by `error`, that they read.
pub fn we_refuse(text: &str, error: ParseError) -> Option<Class> {
    let (class, holds) = match error {
        ParseError::TooLong => (Class::Size, text.len() > MAX_MESSAGE),
        ParseError::TooManyResources => (Class::Size, text.matches("\n- ").count() > MAX_RESOURCES),
        ParseError::Domain if host_is_empty(domain(text)) => (Class::NoHost, is_authority(domain(text))),
        ParseError::Domain => (Class::Authority, !is_authority(domain(text))),
        ParseError::Address => {
            let digits = text.split('\n').nth(1)?.strip_prefix("0x")?;
            let one_case =
                !digits.bytes().any(|b| b.is_ascii_lowercase()) || !digits.bytes().any(|b| b.is_ascii_uppercase());
            let hex = digits.len() == 40 && digits.bytes().all(|b| b.is_ascii_hexdigit());
            (Class::AddressCase, hex && one_case)
        }
        ParseError::Statement => {
            let statement = text.split('\n').nth(3)?;
            let outside = |c: char| !c.is_ascii_alphanumeric() && !"-._~:/?#[]@!$&'()*+,;= ".contains(c);
            (Class::Statement, statement.contains(outside))
        }
        ParseError::RequestId => {
            let id = field(text, "Request ID: ")?;
            // A path of one segment has those characters; a slash ends the segment.
            let is_pchars = !id.contains(['/', '?', '#']) && UriStr::new(&format!("x:/s{id}")).is_ok();
            (Class::RequestId, !is_pchars)
        }
        ParseError::ChainId => {
            let id = field(text, "Chain ID: ")?;
            (Class::ChainId, id.starts_with(['+', '0']))
        }
        ParseError::IssuedAt => of_time(field(text, "Issued At: ")?),
        ParseError::ExpirationTime => of_time(field(text, "Expiration Time: ")?),
        ParseError::NotBefore => of_time(field(text, "Not Before: ")?),
        _ => return None,
    };
    holds.then_some(class)
}

fn of_time(time: &str) -> (Class, bool) {
    if time.get(17..19) == Some("60") {
        // Seen from another zone it may be the month after.
        (Class::LeapSecond, !matches!(time.get(5..7), Some("06" | "07" | "12" | "01")))
    } else {
        (Class::Separator, !matches!(time.as_bytes().get(10), Some(b'T' | b't')))
    }
}

/// They refuse a text that we read.
pub fn they_refuse(text: &str) -> Option<Class> {
    // With a domain that both read, do they read the rest?
    let plain = text.replacen(domain(text), "example.com", 1);
    let by_domain = plain.parse::<signinwithethereum::Message>().is_ok();
    (by_domain && is_authority(domain(text)) && !host_is_empty(domain(text))).then_some(Class::Authority)
}
