//! A draft back into text.

use super::print_rules;
use super::units::print_duration;
use crate::draft::{Draft, DraftMeter, Span};
use crate::grant::{Gas, Require, SessionKey, What};
use crate::labels::LoginPlace;
use alloy_primitives::{Address, hex};
use core::fmt::Write as _;
use hallpass_types::UnixSeconds;

pub fn draft(d: &Draft) -> String {
    let mut out = String::new();
    head(d, &mut out);
    let named = print_rules::named_meters(d);
    for m in d.meters.iter().filter(|m| named.contains(&m.id)) {
        meter(m, d, &mut out);
    }
    for require in &d.rest.requires {
        requirement(require, &mut out);
    }
    print_rules::all(d, &named, &mut out);
    out
}

// Writing to a `String` cannot fail, so the results of `writeln!` are dropped.
fn head(d: &Draft, out: &mut String) {
    let mut text = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(out, "{key} = {}", quoted(&value));
        }
    };
    text("title", d.rest.labels.title.clone());
    text("origin", d.rest.labels.origin.clone());
    text("chain", Some(d.chain.to_string()));
    text("account", d.account.map(checksum));
    text("backend", d.backend.map(checksum));
    text("salt", d.salt.map(|s| format!("0x{}", hex::encode(s))));
    text("key", d.key.as_ref().map(key));
    text("ender", d.ender.map(checksum));
    text("sequences", (d.sequences != (0, 1 << 32)).then(|| format!("{}..{}", d.sequences.0, d.sequences.1)));
    if let Some(Span::Lasts(seconds)) = d.time {
        text("lasts", Some(print_duration(seconds)));
    }
    let hash = d.rest.labels.login.is_none() && !d.rest.login.is_zero();
    text("login", hash.then(|| d.rest.login.to_string()));
    text("rp_id_hash", (!d.rest.rp_id_hash.is_zero()).then(|| d.rest.rp_id_hash.to_string()));
    if let Some(place) = &d.rest.labels.login {
        let LoginPlace { domain, uri, nonce } = place;
        let (domain, uri, nonce) = (quoted(domain), quoted(uri), quoted(nonce));
        let _ = writeln!(out, "login = {{ domain = {domain}, uri = {uri}, nonce = {nonce} }}");
    }
    if let Some(epoch) = d.epoch {
        let _ = writeln!(out, "epoch = {epoch}");
    }
    if let Some(Span::Between(from, until)) = d.time {
        let _ = writeln!(out, "from = {}\nuntil = {}", moment(from), moment(until));
    }
    relay(d, out);
    if let Some(g) = d.gas {
        gas(&g, out);
    }
    for (name, token) in &d.rest.labels.tokens {
        let _ = writeln!(
            out,
            "\n[tokens.{}]\naddress = \"{}\"\ndecimals = {}",
            quoted(name),
            checksum(token.address),
            token.decimals
        );
    }
}

fn gas(g: &Gas, out: &mut String) {
    let _ = writeln!(out, "\n[gas]\nper_op = {}", g.units_per_op);
    if !g.fee_token.is_zero() {
        let _ = writeln!(out, "fee_token = \"{}\"", checksum(g.fee_token));
    }
    for (name, amount) in [("fee_per_op", g.fee_per_op), ("fee_cap", g.fee_cap)] {
        if amount != 0 {
            let _ = writeln!(out, "{name} = {amount}");
        }
    }
}

fn relay(d: &Draft, out: &mut String) {
    let lists = [("relayers", &d.rest.relayers), ("paymasters", &d.rest.paymasters)];
    if d.routes.is_none() && d.relayer.is_none() && lists.iter().all(|(_, list)| list.is_empty()) {
        return;
    }
    let _ = writeln!(out, "\n[relay]");
    if let Some(routes) = d.routes {
        let names: Vec<&str> = [(1, "\"direct\""), (2, "\"entrypoint-0.7\""), (4, "\"entrypoint-0.8\"")]
            .into_iter()
            .filter(|(bit, _)| routes.bits() & bit != 0)
            .map(|(_, name)| name)
            .collect();
        let _ = writeln!(out, "routes = [{}]", names.join(", "));
    }
    if let Some(relayer) = d.relayer {
        let relayer = if relayer.is_zero() { "any".to_owned() } else { checksum(relayer) };
        let _ = writeln!(out, "relayer = \"{relayer}\"");
    }
    for (key, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        let list: Vec<String> = list.iter().map(|a| format!("\"{}\"", checksum(*a))).collect();
        let _ = writeln!(out, "{key} = [{}]", list.join(", "));
    }
}

fn requirement(require: &Require, out: &mut String) {
    let _ = writeln!(out, "\n[[requires]]");
    let _ = match require {
        Require::Holds { token, at_least, id } => {
            let id = id.map_or_else(String::new, |id| format!("\nid = \"{id}\""));
            writeln!(out, "holds = \"{}\"\nat_least = \"{at_least}\"{id}", checksum(*token))
        }
        Require::Role(name) => writeln!(out, "role = {}", quoted(name)),
        Require::Credential { issuer, kind } => {
            writeln!(out, "credential = {}\nissuer = {}", quoted(kind), quoted(issuer))
        }
    };
}

fn meter(m: &DraftMeter, d: &Draft, out: &mut String) {
    let (what, token) = match m.what {
        What::Native => ("native", None),
        What::Token(token) => ("token", Some(token)),
        What::Calls => ("calls", None),
        What::Custom => ("custom", None),
    };
    let _ = writeln!(out, "\n[meters.m{}]\nid = {}\nwhat = \"{what}\"", m.id, m.id);
    if let Some(token) = token {
        let name = d.rest.labels.token_at(token).map_or_else(|| checksum(token), |(name, _)| name.to_owned());
        let _ = writeln!(out, "token = \"{name}\"");
    }
    let _ = writeln!(out, "cap = \"{}\"", m.cap);
    if let Some(period) = m.period {
        let _ = writeln!(out, "per = \"{}\"", print_duration(period.get().into()));
    }
    if let Some(anchor) = m.anchor {
        let _ = writeln!(out, "anchor = {}", moment(anchor));
    }
}

pub fn checksum(address: Address) -> String {
    address.to_checksum(None)
}

fn key(key: &SessionKey) -> String {
    match key {
        SessionKey::Secp256k1(address) => checksum(*address),
        SessionKey::Other(kind, bytes) => {
            let name = match kind {
                2 => "p256",
                3 => "webauthn",
                _ => "ed25519",
            };
            format!("{name}:{bytes}")
        }
    }
}

fn moment(t: UnixSeconds) -> String {
    i64::try_from(t.get())
        .ok()
        .and_then(|s| jiff::Timestamp::from_second(s).ok())
        .map_or_else(|| t.to_string(), |at| at.to_string())
}

/// A TOML basic string.
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
