//! Whose request it is, as far as the network tells: the other end of the connection or, behind proxies that the operator
//! trusts, what they say.

use axum::http::HeaderMap;
use core::str::FromStr;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv6Addr};

/// The header. `Forwarded` (RFC 7239) is not read.
pub const FORWARDED_FOR: &str = "x-forwarded-for";

/// The client of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client(pub IpAddr);

impl Client {
    /// From the other end of the connection, and from `X-Forwarded-For` where that end is trusted: from the right, the first
    /// address that is not itself trusted. What cannot be read ends the way there, so the proxy counts.
    #[must_use]
    pub fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> Self {
        let is_trusted = |ip: IpAddr| trusted.iter().any(|network| network.contains(ip));
        let mut client = peer.to_canonical();
        let hops: Vec<&[u8]> =
            headers.get_all(FORWARDED_FOR).iter().flat_map(|value| value.as_bytes().split(|b| *b == b',')).collect();
        for hop in hops.into_iter().rev() {
            if !is_trusted(client) {
                break;
            }
            let Some(ip) = core::str::from_utf8(hop).ok().and_then(|text| text.trim().parse::<IpAddr>().ok()) else {
                break;
            };
            client = ip.to_canonical();
        }
        Self(client)
    }

    /// Where it is, no closer than a network: IPv4 /24, IPv6 /48.
    #[must_use]
    pub fn network(self) -> String {
        match self.0.to_canonical() {
            IpAddr::V4(ip) => {
                let [a, b, c, _] = ip.octets();
                format!("{a}.{b}.{c}.0/24")
            }
            IpAddr::V6(ip) => {
                let [a, b, c, ..] = ip.segments();
                format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
            }
        }
    }

    /// What is counted: an IPv4 address whole, of an IPv6 address the first 64 bits, since one customer has as many of the rest
    /// as they like.
    #[must_use]
    pub fn source(self) -> Source {
        match self.0.to_canonical() {
            IpAddr::V4(ip) => Source::V4(ip.octets()),
            IpAddr::V6(ip) => {
                let [first, second, third, fourth, ..] = ip.segments();
                Source::V6([first, second, third, fourth])
            }
        }
    }
}

/// What is counted of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// An IPv4 address.
    V4([u8; 4]),
    /// The first 64 bits of an IPv6 address.
    V6([u16; 4]),
    /// Nothing is known of it: a router without connections, in tests.
    Unknown,
}

/// A network (CIDR): `10.0.0.0/8`, `2001:db8::/32`. An address alone is itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(IpNet);

/// A text that is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no network such as 10.0.0.0/8, with no bits after the prefix")]
pub struct NoNetwork;

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let alone = || text.parse::<IpAddr>().map(IpNet::from);
        let network = text.parse::<IpNet>().or_else(|_| alone()).map_err(|_| NoNetwork)?;
        if network.trunc() == network { Ok(Self(network)) } else { Err(NoNetwork) }
    }
}

impl Network {
    /// Whether an address is in it.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        self.0.contains(&ip.to_canonical())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn client(peer: &str, lines: &[&'static str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
        }
        let trusted: Vec<Network> = trusted.iter().map(|n| n.parse().unwrap()).collect();
        Client::of(peer.parse().unwrap(), &headers, &trusted).0.to_string()
    }

    #[test]
    fn nobody_says_who_they_are_but_proxies_that_are_trusted() {
        let spoofed = ["203.0.113.9, 198.51.100.7"];
        assert_eq!(client("192.0.2.1", &spoofed, &[]), "192.0.2.1");
        assert_eq!(client("192.0.2.1", &spoofed, &["127.0.0.1/32"]), "192.0.2.1");
        assert_eq!(client("127.0.0.1", &[], &["127.0.0.1/32"]), "127.0.0.1");
    }

    /// What stands left of the first address that is not ours was written by whoever it is.
    #[test]
    fn behind_proxies_the_rightmost_address_that_is_not_theirs_counts() {
        let trusted = ["127.0.0.1", "10.0.0.0/8", "fd00::/8"];
        assert_eq!(client("127.0.0.1", &["198.51.100.7"], &trusted), "198.51.100.7");
        assert_eq!(client("127.0.0.1", &["1.1.1.1, 198.51.100.7"], &trusted), "198.51.100.7");
        assert_eq!(client("127.0.0.1", &["1.1.1.1, 198.51.100.7, 10.1.2.3"], &trusted), "198.51.100.7");
        assert_eq!(client("127.0.0.1", &["1.1.1.1", "198.51.100.7,10.9.9.9", "fd00::1"], &trusted), "198.51.100.7");
        assert_eq!(client("::ffff:127.0.0.1", &["::ffff:198.51.100.7"], &trusted), "198.51.100.7");
        assert_eq!(client("127.0.0.1", &["2001:db8::5"], &trusted), "2001:db8::5");
        assert_eq!(client("127.0.0.1", &["10.0.0.1, 10.0.0.2"], &trusted), "10.0.0.1", "all are ours");
        for junk in ["", "unknown", "1.1.1.1, x", "198.51.100.7:80", "198.51.100.7 1.1.1.1", "\"198.51.100.7\""] {
            let junk: &'static str = Box::leak(junk.to_owned().into_boxed_str());
            assert_eq!(client("127.0.0.1", &[junk], &trusted), "127.0.0.1", "{junk}");
        }
    }

    #[test]
    fn a_network_is_its_prefix() {
        let holds = |network: &str, ip: &str| network.parse::<Network>().unwrap().contains(ip.parse().unwrap());
        assert!(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.0"));
        assert!(holds("0.0.0.0/0", "8.8.8.8") && !holds("0.0.0.0/0", "::1") && holds("::/0", "::1"));
        assert!(holds("127.0.0.1", "127.0.0.1") && !holds("127.0.0.1", "127.0.0.2"));
        assert!(holds("2001:db8::/33", "2001:db8:7fff::1") && !holds("2001:db8::/33", "2001:db8:8000::1"));
        for bad in
            ["", "10.0.0.1/8", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/8/8", "a/8", "10.0.0/8"]
        {
            assert_eq!(bad.parse::<Network>(), Err(NoNetwork), "{bad}");
        }
    }

    #[test]
    fn an_ipv6_client_is_its_first_64_bits() {
        let source = |ip: &str| Client(ip.parse().unwrap()).source();
        assert_eq!(source("2001:db8:1:2::1"), source("2001:db8:1:2:ffff::9"));
        assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
        assert_eq!(source("192.0.2.1"), source("::ffff:192.0.2.1"));
    }

    #[test]
    fn an_address_is_cut_to_its_network() {
        let cut = ["203.0.113.77", "2001:db8:aaaa:bbbb::1", "::ffff:203.0.113.77"]
            .map(|ip| Client(ip.parse().unwrap()).network());
        assert_eq!(cut, ["203.0.113.0/24", "2001:db8:aaaa::/48", "203.0.113.0/24"]);
    }
}
