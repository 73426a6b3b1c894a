//! Whether two texts are one address (RFC 3986, sections 6.2.2 and 6.2.3), query and fragment left out.

/// The address as every spelling of it comes out: scheme and host in lower case, no default port, no empty path, no needless
/// percent-encoding. `None` where it is not `http` or `https` with a host, or has a user in it or a path with dots to resolve.
#[must_use]
pub fn normal(text: &str) -> Option<String> {
    let text = text.split(['?', '#']).next()?;
    let (scheme, rest) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let default = match scheme.as_str() {
        "https" => "443",
        "http" => "80",
        _ => return None,
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.to_ascii_lowercase();
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (name, port),
        _ => (host.as_str(), ""),
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~:[]".contains(&b);
    if name.is_empty() || !name.bytes().all(plain) {
        return None;
    }
    let port = if port.is_empty() || port == default { String::new() } else { format!(":{port}") };
    let path = if path.is_empty() { "/".to_owned() } else { decoded(path)? };
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return None;
    }
    Some(format!("{scheme}://{name}{port}{path}"))
}

/// Percent-encodings of what needs none are undone, others are in upper case.
fn decoded(path: &str) -> Option<String> {
    let mut out = String::with_capacity(path.len());
    let mut rest = path.chars();
    while let Some(c) = rest.next() {
        match c {
            '%' => {
                let code = u32::from_str_radix(rest.as_str().get(..2).filter(|two| hex(two))?, 16).ok()?;
                rest.nth(1);
                match char::from_u32(code) {
                    Some(c) if c.is_ascii_alphanumeric() || "-._~".contains(c) => out.push(c),
                    _ => out.push_str(&format!("%{code:02X}")),
                }
            }
            c if c.is_ascii_graphic() => out.push(c),
            _ => return None,
        }
    }
    Some(out)
}

fn hex(two: &str) -> bool {
    two.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_address_are_one() {
        let one = normal("https://hallpass.example/v1/me").unwrap();
        for same in [
            "HTTPS://Hallpass.Example/v1/me",
            "https://hallpass.example:443/v1/me",
            "https://hallpass.example:/v1/me",
            "https://hallpass.example/v1/me?open=true",
            "https://hallpass.example/v1/me#top",
            "https://hallpass.example/v1/%6de",
            "https://hallpass.example/v1/%6De",
        ] {
            assert_eq!(normal(same).as_deref(), Some(one.as_str()), "{same}");
        }
        assert_eq!(normal("http://127.0.0.1:80"), normal("http://127.0.0.1/"));
        assert_eq!(normal("http://[::1]:80/"), normal("http://[::1]/"));
        assert_eq!(normal("https://h/%2f").as_deref(), Some("https://h/%2F"));
    }

    #[test]
    fn another_address_is_another_and_what_is_none_is_none() {
        let one = normal("https://hallpass.example/v1/me");
        for other in [
            "http://hallpass.example/v1/me",
            "https://hallpass.example:8443/v1/me",
            "https://hallpass.example/v1/me/",
            "https://hallpass.example/v1/ME",
            "https://hallpass.example/v1%2fme",
            "https://hallpass.example./v1/me",
        ] {
            let other = normal(other);
            assert!(other.is_some() && other != one, "{other:?}");
        }
        for none in [
            "",
            "hallpass.example/v1/me",
            "ftp://hallpass.example/v1/me",
            "https:///v1/me",
            "https://user@hallpass.example/v1/me",
            "https://evil.example\\@hallpass.example/v1/me",
            "https://hallpass.example:8%34/v1/me",
            "https://hallpass.example/v1/../v1/me",
            "https://hallpass.example/v1/%2e/me",
            "https://hallpass.example/v1/%6",
            "https://hallpass.example/v1/%+6",
            "https://hallpass.example/v1/m\u{e9}",
            "https://hallpass.example/v1/m e",
        ] {
            assert_eq!(normal(none), None, "{none}");
        }
    }
}
