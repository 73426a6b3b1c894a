//! Names that are known to deceive people, in the format of wallets' lists: `config.json` of eth-phishing-detect.
//!
//! `blacklist` and `whitelist` (or `blocklist` and `allowlist`, as later versions call them) hold hosts, and whatever stands
//! under one: `evil.example` is also `login.evil.example`, and not `notevil.example`. `whitelist` wins. `fuzzylist` holds hosts
//! that are imitated: a host is denied whose name is theirs, or at most `tolerance` letters away, the last label of both left out.
//! So is one whose parent is; wallets look at the whole name alone, where `www.` before an imitation is enough to pass.

use hallpass_types::origin::is_host_name;
use serde_json::Value;
use std::collections::HashSet;
use strsim::levenshtein;

/// Most letters that an imitation may be away; beyond, every short name would be one.
const MAX_TOLERANCE: u64 = 5;

/// The list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Denylist {
    denied: HashSet<String>,
    allowed: HashSet<String>,
    imitated: Vec<String>,
    tolerance: usize,
}

/// Why a host is denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied<'a> {
    /// This entry of `blacklist`.
    Listed(&'a str),
    /// It looks like this entry of `fuzzylist`.
    Imitates(&'a str),
}

/// A list that is not read. Nothing in it is passed over: what is not understood could be what is to be denied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DenylistError {
    /// No JSON object.
    #[error("the list is no json object")]
    Json,
    /// A member that must be there, or one of another shape, or twice under two names.
    #[error("`{0}` is missing, or there twice, or no list of texts")]
    Member(&'static str),
    /// An entry that is no host.
    #[error("`{list}[{place}]` is no host name")]
    Entry {
        /// The member.
        list: &'static str,
        /// Counted from 0.
        place: usize,
    },
    /// Too wide, or no number.
    #[error("`tolerance` is 0 to 5")]
    Tolerance,
}

impl DenylistError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "bad_denylist"
    }
}

impl Denylist {
    /// Reads one. Of what else is in it (`version`, for example) nothing is read.
    ///
    /// # Errors
    /// [`DenylistError`].
    pub fn parse(text: &str) -> Result<Self, DenylistError> {
        let value: Value = serde_json::from_str(text).map_err(|_| DenylistError::Json)?;
        let object = value.as_object().ok_or(DenylistError::Json)?;
        let member = |old: &'static str, new: Option<&str>| {
            let mut all = [object.get(old), new.and_then(|new| object.get(new))].into_iter().flatten();
            match (all.next(), all.next()) {
                (Some(list), None) => list.as_array().ok_or(DenylistError::Member(old)),
                _ => Err(DenylistError::Member(old)),
            }
        };
        let hosts = |name: &'static str, list: &Vec<Value>| {
            let read = |(place, entry): (usize, &Value)| {
                let text = entry.as_str().ok_or(DenylistError::Member(name))?.to_ascii_lowercase();
                let host = text.strip_suffix('.').unwrap_or(&text).to_owned();
                if is_host_name(&host) { Ok(host) } else { Err(DenylistError::Entry { list: name, place }) }
            };
            list.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()
        };
        let tolerance = match object.get("tolerance") {
            None => 0,
            Some(number) => number.as_u64().filter(|n| *n <= MAX_TOLERANCE).ok_or(DenylistError::Tolerance)?,
        };
        Ok(Self {
            denied: hosts("blacklist", member("blacklist", Some("blocklist"))?)?.into_iter().collect(),
            allowed: hosts("whitelist", member("whitelist", Some("allowlist"))?)?.into_iter().collect(),
            imitated: hosts("fuzzylist", member("fuzzylist", None)?)?,
            tolerance: usize::try_from(tolerance).unwrap_or(0),
        })
    }

    /// Whether a host is denied, and why. It is in lower case, as [`host`](hallpass_types::origin::host) tells it.
    #[must_use]
    pub fn denies(&self, host: &str) -> Option<Denied<'_>> {
        if suffixes(host).any(|suffix| self.allowed.contains(suffix)) {
            return None;
        }
        if let Some(entry) = suffixes(host).find_map(|suffix| self.denied.get(suffix)) {
            return Some(Denied::Listed(entry));
        }
        // An address of the network has no letters to mistake.
        if host.starts_with('[') || host.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            return None;
        }
        let alike = |target: &&String| {
            suffixes(host).any(|suffix| match (stem(suffix), stem(target)) {
                (Some(name), Some(target)) => levenshtein(name, target) <= self.tolerance,
                _ => false,
            })
        };
        self.imitated.iter().find(alike).map(|target| Denied::Imitates(target))
    }

    /// How many entries it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.denied.len().saturating_add(self.allowed.len()).saturating_add(self.imitated.len())
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The host, its parent, and so on.
fn suffixes(host: &str) -> impl Iterator<Item = &str> {
    core::iter::successors(Some(host), |host| host.split_once('.').map(|(_, parent)| parent))
}

/// The name without its last label; `None` where that is all of it.
fn stem(host: &str) -> Option<&str> {
    host.rsplit_once('.').map(|(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Denylist {
        Denylist::parse(
            r#"{ "version": 2, "tolerance": 2, "fuzzylist": ["metamask.io", "hallpass.example"],
                 "whitelist": ["metamask.io", "metamask.github.io", "good.evil.example", "hallpass.example"],
                 "blacklist": ["evil.example", "Drain.example.", "metamask.io", "192.0.2.7", "co.uk"] }"#,
        )
        .unwrap()
    }

    #[test]
    fn a_listed_host_is_denied_with_all_under_it_and_no_other() {
        let list = list();
        for (host, entry) in [
            ("evil.example", "evil.example"),
            ("login.evil.example", "evil.example"),
            ("a.b.evil.example", "evil.example"),
            ("drain.example", "drain.example"),
            ("192.0.2.7", "192.0.2.7"),
            ("any.co.uk", "co.uk"),
        ] {
            assert_eq!(list.denies(host), Some(Denied::Listed(entry)), "{host}");
        }
        for host in ["notevil.example", "evil.example.org", "example", "app.example", "192.0.2.8", "[::1]", "uk"] {
            assert_eq!(list.denies(host), None, "{host}");
        }
    }

    #[test]
    fn what_is_allowed_is_not_denied() {
        let list = list();
        // On both lists; under a denied one; and all under it.
        for host in ["metamask.io", "portfolio.metamask.io", "good.evil.example", "x.good.evil.example"] {
            assert_eq!(list.denies(host), None, "{host}");
        }
        assert!(list.denies("bad.evil.example").is_some());
    }

    #[test]
    fn an_address_of_the_network_imitates_nobody() {
        let text = r#"{ "tolerance": 5, "fuzzylist": ["ab.io", "10.0.0.1"], "whitelist": [], "blacklist": [] }"#;
        let list = Denylist::parse(text).unwrap();
        for host in ["10.0.0.2", "1.2.3.4", "[::1.2.3.4]", "[::1]"] {
            assert_eq!(list.denies(host), None, "{host}");
        }
        for host in ["1.2.3.x", "10.0.0.a", "x.io"] {
            assert!(list.denies(host).is_some(), "{host}");
        }
    }

    #[test]
    fn its_entries_are_counted() {
        assert_eq!((list().len(), list().is_empty()), (11, false));
        assert_eq!((Denylist::default().len(), Denylist::default().is_empty()), (0, true));
        assert_eq!(Denylist::parse("{").unwrap_err().code(), "bad_denylist");
    }

    #[test]
    fn an_imitation_is_denied_wherever_it_stands() {
        let list = list();
        for host in [
            "metamask.com",
            "metarnask.io",
            "rnetamask.io",
            "metamaskk.app",
            "meta-mask.io",
            "www.metarnask.io",
            "wallet.login.metamsk.net",
            "hallpas.example",
        ] {
            assert!(matches!(list.denies(host), Some(Denied::Imitates(_))), "{host}");
        }
        for host in ["medium.com", "mask.io", "metamask", "com", "metamask.evil.org"] {
            assert_eq!(list.denies(host), None, "{host}");
        }
        let exact = Denylist::parse(r#"{ "fuzzylist": ["a.io"], "whitelist": [], "blacklist": [] }"#).unwrap();
        assert_eq!((exact.denies("a.com").is_some(), exact.denies("b.com"), exact.len()), (true, None, 1));
    }

    #[test]
    fn both_names_of_a_member_are_read_and_nothing_is_passed_over() {
        let new = r#"{ "fuzzylist": [], "allowlist": ["a.example"], "blocklist": ["b.example"], "tolerance": 0 }"#;
        assert!(Denylist::parse(new).unwrap().denies("b.example").is_some());
        let whole = r#"{ "tolerance": 1, "fuzzylist": [], "whitelist": [], "blacklist": ["a.example"] }"#;
        assert!(Denylist::parse(whole).is_ok());
        for (from, to, error) in [
            ("{ \"tol", "[ \"tol", DenylistError::Json),
            ("\"blacklist\"", "\"blackList\"", DenylistError::Member("blacklist")),
            ("\"blacklist\": [", "\"blocklist\": [], \"blacklist\": [", DenylistError::Member("blacklist")),
            ("\"whitelist\": []", "\"whitelist\": \"\"", DenylistError::Member("whitelist")),
            ("\"fuzzylist\": []", "\"fuzzylist\": [1]", DenylistError::Member("fuzzylist")),
            ("a.example", "a.example/path", DenylistError::Entry { list: "blacklist", place: 0 }),
            ("a.example", "https://a.example", DenylistError::Entry { list: "blacklist", place: 0 }),
            ("a.example", "", DenylistError::Entry { list: "blacklist", place: 0 }),
            ("a.example", "b\u{fc}cher.example", DenylistError::Entry { list: "blacklist", place: 0 }),
            (": 1", ": 6", DenylistError::Tolerance),
            (": 1", ": -1", DenylistError::Tolerance),
            (": 1", ": \"1\"", DenylistError::Tolerance),
        ] {
            assert_eq!(Denylist::parse(&whole.replacen(from, to, 1)), Err(error), "{to}");
        }
    }
}
