//! One pass over the lines of a message, in the order of the ABNF.

use super::{DateTime, HEADER, MAX_MESSAGE, MAX_RESOURCES, Message, Version};
use alloy_primitives::Address;
use core::{iter::Peekable, str::FromStr, str::Split};
use hallpass_types::ChainId;

impl FromStr for Message {
    type Err = ParseError;

    /// Reads a message of ERC-4361, section "ABNF Message Format".
    ///
    /// Stricter than the ABNF where it would let one meaning have two spellings, or none: the domain's host is not
    /// empty, the address has its EIP-55 checksum, the chain id has no leading zero, is not 0 and fits 64 bits. And it is
    /// bounded by [`MAX_MESSAGE`] and [`MAX_RESOURCES`].
    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text.len() > MAX_MESSAGE {
            return Err(ParseError::TooLong);
        }
        let mut lines = text.split('\n').peekable();

        let origin = lines.next().and_then(|line| line.strip_suffix(HEADER)).ok_or(ParseError::Header)?;
        let (scheme, domain) = match origin.split_once("://") {
            Some((scheme, domain)) => (Some(scheme.parse()?), domain.parse()?),
            None => (None, origin.parse()?),
        };
        let address = lines.next().ok_or(ParseError::Address)?;
        let address = Address::parse_checksummed(address, None).map_err(|_| ParseError::Address)?;

        blank(&mut lines)?;
        let statement = match lines.next().ok_or(ParseError::Layout)? {
            // Two blank lines and then another one: a statement that is there, and empty.
            "" if lines.peek() == Some(&"") => Some(""),
            "" => None,
            statement => Some(statement),
        };
        if statement.is_some() {
            blank(&mut lines)?;
        }

        Ok(Self {
            scheme,
            domain,
            address,
            statement: statement.map(str::parse).transpose()?,
            uri: tagged(&mut lines, "URI: ").ok_or(ParseError::Uri)?.parse()?,
            version: match tagged(&mut lines, "Version: ") {
                Some("1") => Version::V1,
                _ => return Err(ParseError::Version),
            },
            chain_id: tagged(&mut lines, "Chain ID: ").and_then(chain).ok_or(ParseError::ChainId)?,
            nonce: tagged(&mut lines, "Nonce: ").ok_or(ParseError::Nonce)?.parse()?,
            issued_at: tagged(&mut lines, "Issued At: ").and_then(DateTime::parse).ok_or(ParseError::IssuedAt)?,
            expiration_time: time(&mut lines, "Expiration Time: ", ParseError::ExpirationTime)?,
            not_before: time(&mut lines, "Not Before: ", ParseError::NotBefore)?,
            request_id: tagged(&mut lines, "Request ID: ").map(str::parse).transpose()?,
            resources: resources(&mut lines)?,
        })
    }
}

/// Why a text is not a message of ERC-4361.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// More than [`MAX_MESSAGE`] bytes.
    #[error("a sign-in message has at most 8192 bytes")]
    TooLong,
    /// The first line ends otherwise.
    #[error("the first line must end in ` wants you to sign in with your Ethereum account:`")]
    Header,
    /// Not a URI scheme before `://`.
    #[error("the scheme before `://` is not an RFC 3986 scheme")]
    Scheme,
    /// Not an authority, or an empty one.
    #[error("the domain is not an RFC 3986 authority with a host")]
    Domain,
    /// Not an address, or without its EIP-55 checksum.
    #[error("the second line must be an address with its EIP-55 checksum")]
    Address,
    /// A blank line is missing around the statement.
    #[error("blank lines must stand around the statement, or in its place")]
    Layout,
    /// A character that no statement has.
    #[error("the statement has a character outside RFC 3986's reserved and unreserved ones and the space")]
    Statement,
    /// `URI: ` is missing, or a resource or the URI is not one.
    #[error("the message needs `URI: ` and an RFC 3986 URI")]
    Uri,
    /// Another version than 1.
    #[error("the message needs `Version: 1`")]
    Version,
    /// No chain id, a leading zero, 0, or above 2^64 - 1.
    #[error("the message needs `Chain ID: ` and a chain's number, without leading zeros")]
    ChainId,
    /// No nonce, a short one, or another character.
    #[error("the message needs `Nonce: ` and at least 8 letters and digits")]
    Nonce,
    /// No time of issue.
    #[error("the message needs `Issued At: ` and an RFC 3339 time")]
    IssuedAt,
    /// Not a time.
    #[error("after `Expiration Time: ` an RFC 3339 time must stand")]
    ExpirationTime,
    /// Not a time.
    #[error("after `Not Before: ` an RFC 3339 time must stand")]
    NotBefore,
    /// A character that no request id has.
    #[error("the request id has a character outside RFC 3986's `pchar`")]
    RequestId,
    /// A resource without its dash, or not a URI.
    #[error("each resource must be a line of `- ` and an RFC 3986 URI")]
    Resource,
    /// More than [`MAX_RESOURCES`].
    #[error("a sign-in message has at most 64 resources")]
    TooManyResources,
    /// An unknown, repeated or misplaced line, or a line break at the end.
    #[error(
        "after the last field nothing may stand: a line is unknown, repeated or out of order, or a line break ends the message"
    )]
    Trailing,
}

impl ParseError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLong => "message_too_long",
            Self::Header => "bad_header",
            Self::Scheme => "bad_scheme",
            Self::Domain => "bad_domain",
            Self::Address => "bad_address",
            Self::Layout => "bad_layout",
            Self::Statement => "bad_statement",
            Self::Uri => "bad_uri",
            Self::Version => "bad_version",
            Self::ChainId => "bad_chain",
            Self::Nonce => "bad_nonce",
            Self::IssuedAt => "bad_issued_at",
            Self::ExpirationTime => "bad_expiration_time",
            Self::NotBefore => "bad_not_before",
            Self::RequestId => "bad_request_id",
            Self::Resource => "bad_resource",
            Self::TooManyResources => "too_many_resources",
            Self::Trailing => "trailing_line",
        }
    }

    /// Where another byte than the writer sees may be to blame: what to do about it.
    #[must_use]
    pub fn hint(self, text: &str) -> Option<&'static str> {
        if text.starts_with('\u{feff}') {
            Some("the text begins with a byte order mark, which is no part of a message; write it without")
        } else if text.contains('\r') {
            Some("the text has carriage returns; the lines of a message end in a line feed alone")
        } else if text.ends_with('\n') {
            Some("the text ends in a line break, which is no part of a message; `printf %s` writes none")
        } else if text.ends_with(' ') {
            Some("the text ends in a space, which is no part of a message")
        } else {
            None
        }
    }
}

type Lines<'a> = Peekable<Split<'a, char>>;

fn blank(lines: &mut Lines<'_>) -> Result<(), ParseError> {
    if lines.next() == Some("") { Ok(()) } else { Err(ParseError::Layout) }
}

/// The rest of the next line, if it begins with `tag`; otherwise the line stays.
fn tagged<'a>(lines: &mut Lines<'a>, tag: &str) -> Option<&'a str> {
    let rest = lines.peek()?.strip_prefix(tag)?;
    lines.next();
    Some(rest)
}

fn time(lines: &mut Lines<'_>, tag: &str, error: ParseError) -> Result<Option<DateTime>, ParseError> {
    tagged(lines, tag).map(|text| DateTime::parse(text).ok_or(error)).transpose()
}

fn chain(digits: &str) -> Option<ChainId> {
    let canonical = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    if canonical { ChainId::new(digits.parse().ok()?) } else { None }
}

/// Everything that is left.
fn resources(lines: &mut Lines<'_>) -> Result<Option<Vec<super::Uri>>, ParseError> {
    match lines.next() {
        None => return Ok(None),
        Some("Resources:") => {}
        Some(_) => return Err(ParseError::Trailing),
    }
    let mut uris = Vec::new();
    while let Some(line) = lines.next() {
        if line.is_empty() && lines.peek().is_none() {
            return Err(ParseError::Trailing);
        }
        if uris.len() == MAX_RESOURCES {
            return Err(ParseError::TooManyResources);
        }
        let uri = line.strip_prefix("- ").ok_or(ParseError::Resource)?;
        uris.push(uri.parse().map_err(|_| ParseError::Resource)?);
    }
    Ok(Some(uris))
}
