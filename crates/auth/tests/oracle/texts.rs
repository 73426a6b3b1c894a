//! Messages as text: valid ones by the grammar, with hostile values in one field, and changed by a byte or a line.

use alloy_primitives::Address;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use proptest::string::string_regex;
use proptest::test_runner::TestRunner;
use proptest::{collection, option};

const HOSTILE_DOMAINS: [&str; 34] = [
    "good.com@evil.com",
    "good.com:80@evil.com",
    "user:password@good.com",
    "@good.com",
    "good.com@",
    ":80",
    "",
    "good.com:",
    "good.com:0",
    "good.com:65536",
    "good.com:00443",
    "good.com:99999999999999999999",
    "good.com:80:80",
    "good.com:8o",
    "good.com:-1",
    "g\u{43e}\u{43e}d.com",
    "xn--gd-6kcc.com",
    "good.com\u{200b}",
    "GOOD.com",
    "good.com.",
    "good..com",
    "g%6fod.com",
    "g%6zod.com",
    "[::1]",
    "[::1]:8080",
    "[::ffff:127.0.0.1]",
    "[1:2:3:4:5:6:7:8:9]",
    "[fe80::1%25eth0]",
    "[v1.a:b]",
    "[not-an-address]",
    "127.0.0.1",
    "good.com/evil",
    "good.com\\evil.com",
    "good_com!$&'()*+,;=",
];
const HOSTILE_TIMES: [&str; 22] = [
    "2016-12-31T23:59:60Z",
    "2015-06-30T23:59:60Z",
    "2015-03-31T23:59:60Z",
    "2026-11-21T23:59:60Z",
    "2016-12-31T22:59:60-01:00",
    "2026-11-21T10:00:00.1Z",
    "2026-11-21T10:00:00.123456789012345678901234567890Z",
    "2026-11-21T10:00:00.Z",
    "2026-11-21T10:00:00,5Z",
    "2026-11-21t10:00:00z",
    "2026-11-21 10:00:00Z",
    "2026-11-21T10:00:00+00:00",
    "2026-11-21T10:00:00-00:00",
    "2026-11-21T10:00:00+14:00",
    "2026-11-21T10:00:00+24:00",
    "2026-11-21T10:00:00+0200",
    "2026-11-21T10:00:00",
    "2026-11-21T24:00:00Z",
    "2026-02-29T10:00:00Z",
    "2024-02-29T10:00:00Z",
    "9999-12-31T23:59:59Z",
    "2026-11-21T10:00Z",
];
const HOSTILE_URIS: [&str; 16] = [
    "https://good.com",
    "https://good.com@evil.com/",
    "javascript:alert(1)",
    "//good.com",
    "good.com",
    "https://good.com/%zz",
    "https://good.com/%20",
    "https://g\u{43e}od.com/",
    "https://good.com/ ",
    "https://good.com/a#b#c",
    "https://[::1]/",
    "https://[::1:2:3:4:5:6:7]/",
    "https://[::1",
    "https://good.com:/",
    "1https://good.com",
    "urn:",
];
const HOSTILE_STATEMENTS: [&str; 9] = [
    "",
    " ",
    "He said \"yes\" <b>{}|\\^`",
    "100% sure",
    "caf\u{e9}",
    "URI: https://evil.com",
    "tab\there",
    "bell\u{7}",
    "a\r",
];
const HOSTILE_CHAINS: [&str; 10] =
    ["0", "01", "+1", "-1", "0x1", "", "18446744073709551615", "18446744073709551616", " 1", "\u{661}"];
const HOSTILE_IDS: [&str; 9] = ["", " ", "a b", "a/b", "a%20", "a%2", "a#b", "\u{e9}", "a:b@c!$&'()*+,;="];
const HOSTILE_NONCES: [&str; 6] = ["", "1234567", "12345678", "1234567-", "1234567 ", "1234567\u{e9}"];
const HOSTILE_ADDRESSES: [&str; 7] = [
    "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2",
    "0xC02AAA39B223FE8D0A0E5C4F27EAD9083C756CC2",
    "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756cc2",
    "0XC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
    "C02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
    "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc",
    "0x0000000000000000000000000000000000000001",
];

/// What a message consists of, as text: nothing here is parsed.
#[derive(Debug, Clone)]
struct Parts {
    scheme: Option<String>,
    domain: String,
    address: String,
    statement: Option<String>,
    uri: String,
    chain: String,
    nonce: String,
    issued: String,
    expires: Option<String>,
    begins: Option<String>,
    request: Option<String>,
    resources: Option<Vec<String>>,
}

impl Parts {
    fn text(&self) -> String {
        let Self { domain, address, uri, chain, nonce, issued, .. } = self;
        let scheme = self.scheme.as_ref().map_or(String::new(), |s| format!("{s}://"));
        let statement = self.statement.as_ref().map_or(String::new(), |s| format!("{s}\n"));
        let mut out = format!(
            "{scheme}{domain} wants you to sign in with your Ethereum account:\n{address}\n\n{statement}\n\
             URI: {uri}\nVersion: 1\nChain ID: {chain}\nNonce: {nonce}\nIssued At: {issued}"
        );
        for (tag, value) in
            [("Expiration Time: ", &self.expires), ("Not Before: ", &self.begins), ("Request ID: ", &self.request)]
        {
            out += &value.as_ref().map_or(String::new(), |value| format!("\n{tag}{value}"));
        }
        if let Some(resources) = &self.resources {
            out += "\nResources:";
            out.extend(resources.iter().map(|uri| format!("\n- {uri}")));
        }
        out
    }
}

fn time() -> impl Strategy<Value = String> {
    let clock = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,12})?";
    let zone = "(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])";
    let date = "[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])";
    string_regex(&format!("{date}T{clock}{zone}")).unwrap()
}

fn uri() -> impl Strategy<Value = String> {
    let authority =
        "(([a-z:]{1,4}@)?([a-zA-Z0-9._~-]|%2[0-9]|[!$&'()*+,;=]){0,12}|\\[::[0-9a-f]{1,4}\\])(:[0-9]{0,5})?";
    let path = "(/([a-zA-Z0-9@:!$]|%[0-9A-Fa-f]{2}){0,5}){0,3}";
    let tail = "(\\?[a-z/?=&]{0,5})?(#[a-z/?]{0,5})?";
    let written = format!("[a-zA-Z][a-z0-9+.-]{{0,5}}:(//{authority}{path}|[a-zA-Z0-9@!$]{{1,5}}{path}|){tail}");
    string_regex(&written).unwrap()
}

prop_compose! {
    fn parts()(
        scheme in option::of("[a-zA-Z][a-z0-9+.-]{0,6}"),
        domain in "([a-z0-9-]{1,8}\\.){0,2}[a-z]{2,6}(:[0-9]{1,5})?",
        address: [u8; 20],
        statement in option::of("[A-Za-z0-9._~:/?#@!$&'()*+,;= \\[\\]-]{0,40}"),
        uri in uri(),
        chain in 1..=u64::MAX,
        nonce in "[A-Za-z0-9]{8,40}",
        times in (time(), option::of(time()), option::of(time())),
        request in option::of("([a-zA-Z0-9:@!$&'()*+,;=._~-]|%[0-9A-Fa-f]{2}){0,9}"),
        resources in option::of(collection::vec(uri(), 0..5)),
    ) -> Parts {
        let (issued, expires, begins) = times;
        let address = Address::from(address).to_checksum(None);
        Parts { scheme, domain, address, statement, uri, chain: chain.to_string(), nonce, issued, expires, begins, request, resources }
    }
}

/// Valid messages.
pub fn valid() -> impl Strategy<Value = String> {
    parts().prop_map(|parts| parts.text())
}

/// A few hundred of them, to be changed: making one takes longer than all that is done with it.
pub struct Pool(Vec<Parts>);

impl Pool {
    pub fn new(runner: &mut TestRunner) -> Self {
        let parts = parts();
        Self((0..400).map(|_| parts.new_tree(runner).unwrap().current()).collect())
    }

    fn parts(&self) -> impl Strategy<Value = Parts> + use<> {
        select(self.0.clone())
    }

    /// Valid, hostile, changed and large ones.
    pub fn texts(&self) -> impl Strategy<Value = String> + use<> {
        let valid = self.parts().prop_map(|parts| parts.text());
        prop_oneof![3 => valid, 5 => hostile(self.parts()), 6 => changed(self.parts()), 1 => large(self.parts())]
    }
}

/// One hostile value in one field.
fn hostile(parts: impl Strategy<Value = Parts>) -> impl Strategy<Value = String> {
    (parts, 0..10_usize, any::<Index>()).prop_map(|(mut parts, which, index)| {
        match which {
            0 | 1 => parts.domain = index.get(&HOSTILE_DOMAINS).to_string(),
            2 => parts.address = index.get(&HOSTILE_ADDRESSES).to_string(),
            3 => parts.statement = Some(index.get(&HOSTILE_STATEMENTS).to_string()),
            4 => parts.uri = index.get(&HOSTILE_URIS).to_string(),
            5 => parts.chain = index.get(&HOSTILE_CHAINS).to_string(),
            6 => parts.nonce = index.get(&HOSTILE_NONCES).to_string(),
            7 => parts.issued = index.get(&HOSTILE_TIMES).to_string(),
            8 => parts.request = Some(index.get(&HOSTILE_IDS).to_string()),
            _ => parts.resources = Some(vec![index.get(&HOSTILE_URIS).to_string()]),
        }
        parts.text()
    })
}

/// Over the bounds, at them, and below.
fn large(parts: impl Strategy<Value = Parts>) -> impl Strategy<Value = String> {
    (parts, 60..70_usize, 8_150..8_250_usize).prop_map(|(mut parts, resources, length)| {
        if length.is_multiple_of(2) {
            parts.resources = Some(vec!["a:b".to_owned(); resources]);
        } else {
            parts.nonce += &"0".repeat(length.saturating_sub(parts.text().len()));
        }
        parts.text()
    })
}

/// Changes of a byte or a line.
fn changed(parts: impl Strategy<Value = Parts>) -> impl Strategy<Value = String> {
    let byte = prop_oneof![any::<u8>().prop_map(|b| b & 0x7f), select(b"\r\n :/@?#[]%\"-.0Z".to_vec())];
    let change = (0..9_u8, any::<usize>(), byte);
    (parts, collection::vec(change, 1..3)).prop_map(|(parts, changes)| {
        changes.into_iter().fold(parts.text(), |text, (kind, place, byte)| {
            if text.is_empty() {
                return text;
            }
            let mut bytes = text.clone().into_bytes();
            let at = place % bytes.len();
            let mut lines: Vec<&str> = text.split('\n').collect();
            let line = place % lines.len();
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => drop(bytes.remove(at)),
                3 => bytes.insert(at, bytes[at]),
                4 => bytes.truncate(at),
                5 => bytes.push(byte),
                6 => {
                    lines.insert(line, lines[line]);
                    bytes = lines.join("\n").into_bytes();
                }
                7 => {
                    let next = (line + 1) % lines.len();
                    lines.swap(line, next);
                    bytes = lines.join("\n").into_bytes();
                }
                _ => bytes = text.replace('\n', "\r\n").into_bytes(),
            }
            String::from_utf8_lossy(&bytes).into_owned()
        })
    })
}
