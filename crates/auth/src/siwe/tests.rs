use super::*;
use alloy_primitives::address;
use proptest::{option, prelude::*};

const FULL: &str = "https://example.com:3388 wants you to sign in with your Ethereum account:
0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2

I accept the Terms: https://example.com/tos

URI: https://example.com/login?a=1#b
Version: 1
Chain ID: 8453
Nonce: 32891756abc
Issued At: 2026-11-21T09:59:00.5Z
Expiration Time: 2026-11-21T12:10:00+02:00
Not Before: 2026-11-21T09:00:00Z
Request ID: a%20b:@
Resources:
- ipfs://bafybeiemxf5abjwjbikoz4mc3a3dla6ual3jsgpdr4cjr3oz3evfyavhwq/
- https://example.com/my-web2-claim.json";

const BARE: &str = "example.com wants you to sign in with your Ethereum account:
0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2


URI: did:example:1
Version: 1
Chain ID: 1
Nonce: abcdefgh
Issued At: 2021-09-30T16:25:24Z";

/// The message with every field.
pub(crate) fn full() -> Message {
    FULL.parse().unwrap()
}

fn code(text: &str) -> &'static str {
    text.parse::<Message>().map_or_else(ParseError::code, |_| "parsed")
}

fn replaced(from: &str, to: &str) -> &'static str {
    assert!(FULL.contains(from), "{from}");
    code(&FULL.replacen(from, to, 1))
}

#[test]
fn every_field_is_read() {
    let m = full();
    assert_eq!(m.scheme.unwrap().as_str(), "https");
    assert_eq!(m.domain.as_str(), "example.com:3388");
    assert_eq!(m.address, address!("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"));
    assert_eq!(m.statement.unwrap().as_str(), "I accept the Terms: https://example.com/tos");
    assert_eq!(m.uri.as_str(), "https://example.com/login?a=1#b");
    assert_eq!(m.version, Version::V1);
    assert_eq!(m.chain_id.get(), 8453);
    assert_eq!(m.nonce.as_str(), "32891756abc");
    assert_eq!(m.issued_at, DateTime::parse("2026-11-21T09:59:00.5Z").unwrap());
    assert_eq!(m.expiration_time, DateTime::parse("2026-11-21T12:10:00+02:00"));
    assert_eq!(m.not_before, DateTime::parse("2026-11-21T09:00:00Z"));
    assert_eq!(m.request_id.unwrap().as_str(), "a%20b:@");
    assert_eq!(
        m.resources.unwrap().iter().map(Uri::as_str).collect::<Vec<_>>(),
        [
            "ipfs://bafybeiemxf5abjwjbikoz4mc3a3dla6ual3jsgpdr4cjr3oz3evfyavhwq/",
            "https://example.com/my-web2-claim.json"
        ]
    );
}

#[test]
fn what_is_optional_may_be_absent() {
    let m: Message = BARE.parse().unwrap();
    assert_eq!(
        (m.scheme, m.statement, m.expiration_time, m.not_before, m.request_id, m.resources),
        (None, None, None, None, None, None)
    );
}

#[test]
fn an_empty_field_is_not_an_absent_one() {
    let empty = BARE.replace("\n\n\n", "\n\n\n\n") + "\nRequest ID: \nResources:";
    let m: Message = empty.parse().unwrap();
    assert_eq!(m.statement.as_ref().unwrap().as_str(), "");
    assert_eq!(m.request_id.as_ref().unwrap().as_str(), "");
    assert_eq!(m.resources, Some(vec![]));
    assert_eq!(m.to_string(), empty);
}

#[test]
fn a_statement_that_looks_like_a_field_is_still_the_statement() {
    let text = FULL.replace("I accept the Terms: https://example.com/tos", "URI: https://evil.example");
    let m: Message = text.parse().unwrap();
    assert_eq!(m.statement.unwrap().as_str(), "URI: https://evil.example");
    assert_eq!(m.uri.as_str(), "https://example.com/login?a=1#b");
}

#[test]
fn each_line_has_its_own_denial() {
    assert_eq!(code(""), "bad_header");
    assert_eq!(replaced("account:", "account: "), "bad_header");
    assert_eq!(replaced(" wants", "  wants"), "bad_domain");
    assert_eq!(replaced("https://example.com:3388 ", "1https://example.com:3388 "), "bad_scheme");
    assert_eq!(replaced("https://example.com:3388 ", "://example.com:3388 "), "bad_scheme");
    assert_eq!(replaced("https://example.com:3388 ", ""), "bad_header");
    assert_eq!(replaced("https://example.com:3388 ", " "), "bad_domain");
    assert_eq!(replaced("https://example.com:3388 ", ":3388 "), "bad_domain");
    assert_eq!(replaced("0xC02aaA", "0xc02aaA"), "bad_address");
    assert_eq!(
        code(&FULL.replace("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2", "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2")),
        "bad_address"
    );
    assert_eq!(replaced("0xC02aaA", "C02aaA"), "bad_address");
    assert_eq!(replaced("Cc2\n\n", "Cc2\n"), "bad_layout");
    assert_eq!(replaced("tos\n\n", "tos\n"), "bad_layout");
    assert_eq!(replaced("I accept", "I \"accept\""), "bad_statement");
    assert_eq!(replaced("I accept", "I acc\u{e9}pt"), "bad_statement");
    assert_eq!(replaced("URI: ", "uri: "), "bad_uri");
    assert_eq!(replaced("URI: https", "URI:  https"), "bad_uri");
    assert_eq!(replaced("login", "log in"), "bad_uri");
    assert_eq!(replaced("Version: 1", "Version: 2"), "bad_version");
    assert_eq!(replaced("Version: 1", "Version: 1 "), "bad_version");
    for chain in ["0", "08453", "", "+1", "0x1", "18446744073709551616", "1 "] {
        assert_eq!(replaced("Chain ID: 8453", &format!("Chain ID: {chain}")), "bad_chain", "{chain}");
    }
    assert_eq!(replaced("32891756abc", "1234567"), "bad_nonce");
    assert_eq!(replaced("32891756abc", "1234567-"), "bad_nonce");
    assert_eq!(replaced("32891756abc", "12345678"), "parsed");
    assert_eq!(replaced("2026-11-21T09:59:00.5Z", "2026-11-21 09:59:00.5Z"), "bad_issued_at");
    assert_eq!(replaced("2026-11-21T12:10", "2026-11-31T12:10"), "bad_expiration_time");
    assert_eq!(replaced("Not Before: 2026", "Not Before:  2026"), "bad_not_before");
    assert_eq!(replaced("a%20b", "a b"), "bad_request_id");
    assert_eq!(replaced("- ipfs", "-ipfs"), "bad_resource");
    assert_eq!(replaced("my-web2-claim", "my web2 claim"), "bad_resource");
}

#[test]
fn line_breaks_are_single_and_between_lines() {
    assert_eq!(code(&FULL.replace('\n', "\r\n")), "bad_header");
    assert_eq!(code(&BARE.replace("24Z", "24Z\r")), "bad_issued_at");
    assert_eq!(code(&format!("{BARE}\n")), "trailing_line");
    assert_eq!(code(&format!("{FULL}\n")), "trailing_line");
    assert_eq!(code(&format!("{FULL}\n\n")), "bad_resource");
    assert_eq!(code(&format!("{BARE}\nResources:\n")), "trailing_line");
    assert_eq!(code(&format!("\n{FULL}")), "bad_header");
}

#[test]
fn bytes_that_nobody_sees_are_pointed_at() {
    let hint = |text: String| text.parse::<Message>().unwrap_err().hint(&text).unwrap_or("none");
    assert!(hint(format!("\u{feff}{BARE}")).contains("byte order mark"));
    assert!(hint(BARE.replace('\n', "\r\n")).contains("carriage returns"));
    assert!(hint(format!("{BARE}\n")).contains("line break"));
    assert!(hint(format!("{BARE} ")).contains("space"));
    assert_eq!(hint(BARE.replace("Version: 1", "Version: 2")), "none");
}

#[test]
fn fields_come_once_and_in_order() {
    assert_eq!(replaced("\nNot Before:", "\nExpiration Time: 2026-11-21T12:10:00Z\nNot Before:"), "trailing_line");
    assert_eq!(
        code(&format!("{BARE}\nNot Before: 2026-11-21T09:00:00Z\nExpiration Time: 2026-11-21T12:10:00Z")),
        "trailing_line"
    );
    assert_eq!(code(&format!("{BARE}\nComment: hi")), "trailing_line");
    assert_eq!(replaced("Version: 1\nChain ID: 8453", "Chain ID: 8453\nVersion: 1"), "bad_version");
}

#[test]
fn sizes_are_bounded() {
    let with = |resources: usize| format!("{BARE}\nResources:{}", "\n- a:b".repeat(resources));
    assert_eq!(code(&with(64)), "parsed");
    assert_eq!(code(&with(65)), "too_many_resources");
    let long = |bytes: usize| BARE.replace("abcdefgh", &"a".repeat(8 + bytes - BARE.len()));
    assert_eq!(code(&long(8192)), "parsed");
    assert_eq!(code(&long(8193)), "message_too_long");
}

fn field<T: core::str::FromStr<Err = ParseError> + core::fmt::Debug>(
    pattern: &'static str,
) -> impl Strategy<Value = T> {
    pattern.prop_map(|text: String| text.parse().unwrap())
}

fn time() -> impl Strategy<Value = DateTime> {
    "[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])[Tt]([01][0-9]|2[0-3])(:[0-5][0-9]){2}(\\.[0-9]{1,9})?(Z|z|[+-](0[0-9]|1[0-9]|2[0-3]):[0-5][0-9])"
        .prop_map(|text: String| DateTime::parse(&text).unwrap())
}

prop_compose! {
    fn message()(
        scheme in option::of(field("[a-z][a-z0-9+.-]{0,6}")),
        domain in field("([a-z:]{1,4}@)?([A-Za-z0-9._~-]|%2[0-9]){1,20}(:[0-9]{0,5})?"),
        address: [u8; 20],
        statement in option::of(field("[A-Za-z0-9._~:/?#@!$&'()*+,;= -]{0,40}")),
        uri in field("[a-z]{1,5}:(//[a-z.]{0,9}|[a-zA-Z0-9@:!$]{1,5})(/[a-zA-Z0-9@:!$]{0,5}){0,3}(\\?[a-z/?]{0,5})?(#[a-z/?]{0,5})?"),
        chain in 1..=u64::MAX,
        nonce in field("[A-Za-z0-9]{8,40}"),
        times in (time(), option::of(time()), option::of(time())),
        request_id in option::of(field("([a-z:@!]|%[0-9A-Fa-f]{2}){0,9}")),
        resources in option::of(proptest::collection::vec(field("[a-z]{1,5}:[a-z0-9/]{0,9}"), 0..5)),
    ) -> Message {
        Message {
            scheme,
            domain,
            address: address.into(),
            statement,
            uri,
            version: Version::V1,
            chain_id: ChainId::new(chain).unwrap(),
            nonce,
            issued_at: times.0,
            expiration_time: times.1,
            not_before: times.2,
            request_id,
            resources,
        }
    }
}

proptest! {
    #[test]
    fn what_is_printed_parses_to_the_same_message(m in message()) {
        prop_assert_eq!(m.to_string().parse::<Message>(), Ok(m));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,200}", head in 0..400_usize) {
        let _ = text.parse::<Message>();
        let head = FULL.get(..head).unwrap_or(FULL);
        if let Ok(m) = format!("{head}{text}").parse::<Message>() {
            prop_assert_eq!(m.to_string(), format!("{head}{text}"));
        }
    }
}
