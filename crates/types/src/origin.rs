//! Origins as browsers write them (RFC 6454, section 6.2).

use std::net::Ipv6Addr;

/// The host of an origin: `https://app.example:8443` has `app.example`, without a dot at its end. `None` for what is no origin
/// of the web: `null`, another scheme, an upper-case letter, anything after the port. Whether there is such a host is not asked.
#[must_use]
pub fn host(origin: &str) -> Option<&str> {
    host_of_authority(origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"))?)
}

/// The same of what stands behind the scheme: a host, and a port where there is one.
#[must_use]
pub fn host_of_authority(authority: &str) -> Option<&str> {
    let is_port = |port: &str| !port.is_empty() && port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit());
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.find(']')) {
        // An address of version 6, with its brackets.
        Some(end) => authority.split_at(end.checked_add(2)?),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    if !(port.is_empty() || port.strip_prefix(':').is_some_and(is_port)) {
        return None;
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let fits = match address {
        Some(address) => !address.bytes().any(|b| b.is_ascii_uppercase()) && address.parse::<Ipv6Addr>().is_ok(),
        None => is_host_name(host),
    };
    fits.then_some(host)
}

/// Whether `name` is labels of small letters, digits, `-` and `_`, at most 253 characters of them.
#[must_use]
pub fn is_host_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
    };
    name.len() <= 253 && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_one_host() {
        for (origin, expected) in [
            ("https://app.example", "app.example"),
            ("https://app.example:8443", "app.example"),
            ("https://app.example.", "app.example"),
            ("http://127.0.0.1:3000", "127.0.0.1"),
            ("http://[::1]:3000", "[::1]"),
            ("https://xn--bcher-kva.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(host(origin), Some(expected), "{origin}");
        }
        for none in [
            "",
            "null",
            "app.example",
            "https://",
            "https://app.example/",
            "https://App.example",
            "https://user@app.example",
            "https://app.example:",
            "https://app.example:80a",
            "https://app..example",
            "https://app.example..",
            "https://b\u{fc}cher.example",
            "chrome-extension://abcdef",
            "https://[::1",
            "https://[::1]x",
            "https://[evil]",
            "https://[]",
            "https://[::AB]",
            "https://app.example:443.evil.example",
            &format!("https://{}", "a.".repeat(127) + "a"),
        ] {
            assert_eq!(host(none), None, "{none}");
        }
    }
}
