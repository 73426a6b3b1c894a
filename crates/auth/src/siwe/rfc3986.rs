//! The grammar of RFC 3986, as far as ERC-4361 needs it.

use std::net::Ipv6Addr;

/// Section 2.3.
pub(super) fn is_unreserved(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-._~".contains(&b)
}

/// Section 2.2: gen-delims and sub-delims.
pub(super) fn is_reserved(b: u8) -> bool {
    b":/?#[]@".contains(&b) || is_sub_delim(b)
}

/// Section 3.1.
pub(super) fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// Section 3: `scheme ":" hier-part [ "?" query ] [ "#" fragment ]`.
pub(super) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (hier, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = match hier.strip_prefix("//") {
        Some(hier) => {
            let (authority, path) = hier.split_at(hier.find('/').unwrap_or(hier.len()));
            if host(authority).is_none() {
                return false;
            }
            path
        }
        None => hier,
    };
    is_scheme(scheme)
        && encoded(path, |b| is_pchar(b) || b == b'/')
        && [query, fragment].iter().all(|part| encoded(part, |b| is_pchar(b) || b"/?".contains(&b)))
}

/// `*pchar` (section 3.3).
pub(super) fn is_pchars(text: &str) -> bool {
    encoded(text, is_pchar)
}

/// The host of an authority, `[ userinfo "@" ] host [ ":" port ]` (section 3.2); `None` where it is not one.
/// A host may be empty, as in `file:///etc`.
pub(super) fn host(authority: &str) -> Option<&str> {
    let (userinfo, rest) = authority.split_once('@').unwrap_or(("", authority));
    let (host, port, valid) = match rest.strip_prefix('[') {
        Some(literal) => {
            let (literal, port) = literal.split_once(']')?;
            let port = if port.is_empty() { "" } else { port.strip_prefix(':')? };
            (literal, port, literal.parse::<Ipv6Addr>().is_ok() || is_future(literal))
        }
        None => {
            let (name, port) = rest.split_once(':').unwrap_or((rest, ""));
            (name, port, encoded(name, |b| is_unreserved(b) || is_sub_delim(b)))
        }
    };
    let user = encoded(userinfo, |b| is_unreserved(b) || is_sub_delim(b) || b == b':');
    (valid && user && port.bytes().all(|b| b.is_ascii_digit())).then_some(host)
}

/// `IPvFuture` (section 3.2.2).
fn is_future(literal: &str) -> bool {
    let Some((version, address)) = literal.strip_prefix(['v', 'V']).and_then(|rest| rest.split_once('.')) else {
        return false;
    };
    !version.is_empty()
        && version.bytes().all(|b| b.is_ascii_hexdigit())
        && !address.is_empty()
        && address.bytes().all(|b| is_unreserved(b) || is_sub_delim(b) || b == b':')
}

fn is_sub_delim(b: u8) -> bool {
    b"!$&'()*+,;=".contains(&b)
}

fn is_pchar(b: u8) -> bool {
    is_unreserved(b) || is_sub_delim(b) || b":@".contains(&b)
}

/// Whether every byte is allowed, or part of a percent-encoded octet (section 2.1).
fn encoded(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        let fits = if b == b'%' {
            bytes.next().is_some_and(|b| b.is_ascii_hexdigit()) && bytes.next().is_some_and(|b| b.is_ascii_hexdigit())
        } else {
            allowed(b)
        };
        if !fits {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_are_those_of_the_grammar() {
        for (text, expected) in [
            ("example.com", "example.com"),
            ("example.com:3388", "example.com"),
            ("example.com:", "example.com"),
            ("a:b@example.com:1", "example.com"),
            ("127.0.0.1:80", "127.0.0.1"),
            ("[::1]:80", "::1"),
            ("[v7.x:y]", "v7.x:y"),
            ("a%20b", "a%20b"),
            ("", ""),
        ] {
            assert_eq!(host(text), Some(expected), "{text}");
        }
        for text in [
            "a b",
            "a/b",
            "a?b",
            "a#b",
            "a:80:80",
            "a:8o",
            "[::1",
            "[::1]80",
            "[::g]",
            "[fe80::1%25eth0]",
            "[v.x]",
            "[v7.]",
            "::1",
            "a@b@c",
            "a b@c",
            "a%@c",
            "[@c",
            "a%2",
            "a%zz",
            "b\u{fc}cher.example",
            "a\\b",
            "a\r",
            "[]",
        ] {
            assert_eq!(host(text), None, "{text:?}");
        }
    }

    #[test]
    fn uris_are_those_of_the_grammar() {
        for text in [
            "https://example.com/login?a=b/?#c/?",
            "ipfs://bafy/",
            "did:key:z6Mk",
            "urn:recap:eyJ",
            "file:///etc",
            "mailto:a@b",
            "a:",
            "a:/b",
            "https://[::1]:1/%20",
            "https://example.com#",
            "HTTPS://EXAMPLE.com",
        ] {
            assert!(is_uri(text), "{text}");
        }
        for text in [
            "",
            "example.com",
            "//example.com",
            ":a",
            "1a:b",
            "https://exa mple.com",
            "https://a/b c",
            "https://a/%2",
            "https://a#b#c",
            "https://a/\"",
            "https://[::1",
            "a:\u{e9}",
            "a:b\n",
            "a:[",
            "https://a/[",
            "https://a?[",
        ] {
            assert!(!is_uri(text), "{text:?}");
        }
    }
}
