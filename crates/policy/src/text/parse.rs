//! The grant as a whole.

use super::expr::Names;
use super::fields::{Problem, Read, Table, Text, integer, table, text};
use super::ratio::{self, Prices};
use super::rules::{self, AnyRule, NamedMeter, ReadRule};
use super::units;
use crate::abi::Named;
use crate::draft::{Draft, DraftMeter, Span};
use crate::grant::{CAP_LIMIT, Gas, Meter, Require, Rest, Routes, SessionKey, What};
use crate::json;
use crate::labels::{Labels, LoginPlace, TokenLabel};
use alloy_primitives::{Address, B256, Bytes, U256, hex, keccak256};
use core::cell::RefCell;
use core::str::FromStr;
use hallpass_types::{ChainId, UnixSeconds, account::parse_address};
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub fn grant(source: &str) -> Read<Draft> {
    let root = DeTable::parse(source).map_err(|e| {
        let span = e.span().unwrap_or(0..0);
        Problem::new(span, "bad_toml", e.message().lines().next().unwrap_or("this is not TOML"))
    })?;
    let mut t = Table::new(source, root.get_ref(), 0..0);
    let title = t.text("title")?.map(|t| t.text);
    let chain = chain(&t.need_text("chain", "chain = \"eip155:8453\"")?)?;
    let origin = t.text("origin")?.map(|t| t.text);
    let labels = Labels { title, origin, tokens: tokens(&mut t)?, ..Labels::default() };
    let account = t.text("account")?.map(|a| address(&a)).transpose()?;
    let backend = t.text("backend")?.map(|a| address(&a)).transpose()?;
    let epoch = t.integer("epoch")?.map(|(n, at)| fit(n, at)).transpose()?;
    let salt = t.text("salt")?.map(|s| salt(&s)).transpose()?;
    let key = t.text("key")?.map(|k| key(&k)).transpose()?;
    let ender = t.text("ender")?.map(|a| address(&a)).transpose()?;
    let time = time(&mut t)?;
    let sequences = t.text("sequences")?.map(|s| sequences(&s)).transpose()?.unwrap_or((0, 1 << 32));
    let relay = relay(&mut t)?;
    let gas = gas(&mut t, &labels)?;
    let (login, place) = login(&mut t)?;
    let rp_id_hash = t.text("rp_id_hash")?.map(|t| word(&t)).transpose()?.unwrap_or_default();
    let mut meters = named_meters(&mut t, &labels)?;
    let prices = prices(&mut t, &labels)?;
    let requires = requires(&mut t, &labels)?;
    let texts = RefCell::new(BTreeSet::new());
    let names = Names { labels: &labels, prices: &prices, texts: &texts };
    let read = allow(&mut t, &names, &mut meters)?;
    t.finish()?;
    let mut texts: Vec<String> = texts.into_inner().into_iter().collect();
    texts.sort_by_cached_key(|text| keccak256(text));
    let labels = Labels { texts, login: place, ..labels };
    assemble(
        source,
        Draft {
            chain,
            account,
            backend,
            epoch,
            salt,
            key,
            time,
            sequences,
            routes: relay.routes,
            relayer: relay.relayer,
            gas,
            ender,
            calls: Vec::new(),
            meters: Vec::new(),
            rest: Rest {
                labels,
                login,
                rp_id_hash,
                relayers: relay.relayers,
                paymasters: relay.paymasters,
                requires,
                ..Rest::default()
            },
        },
        read,
        meters,
    )
}

fn assemble(source: &str, mut draft: Draft, read: Vec<ReadRule>, meters: Vec<NamedMeter>) -> Read<Draft> {
    let mut meters: Vec<DraftMeter> = meters.into_iter().map(|m| m.meter).collect();
    meters.sort_by_key(|m| m.id);
    let anchored: Vec<Meter> = meters.iter().map(|m| m.anchored(UnixSeconds::EPOCH)).collect();
    for rule in &read {
        rules::check_unmetered(rule, &anchored)?;
    }
    let spans: Vec<_> = read.iter().map(|r| r.span.clone()).collect();
    let mut params = Vec::new();
    for ReadRule { rule, span, .. } in read {
        let later = !draft.rest.apps.is_empty();
        match rule {
            AnyRule::Call(rule, names) if !later && draft.rest.typed.is_empty() => {
                draft.calls.push(rule);
                params.push(Named::flatten(&names));
            }
            AnyRule::Typed(rule) if !later => draft.rest.typed.push(rule),
            AnyRule::App(rule) => draft.rest.apps.push(rule),
            _ => {
                return Err(Problem::bad(span, "call rules come first, then typed rules, then app rules")
                    .hint("move this rule up; a rule's number is its place"));
            }
        }
    }
    if params.iter().any(|names| !names.is_empty()) {
        draft.rest.labels.params = params;
    }
    draft.meters = meters;
    let sized = || if source.len() > json::LARGE { draft.check_size() } else { Ok(()) };
    draft.check().and_then(|()| sized()).map_err(|bad| {
        let number =
            bad.at.strip_prefix("rules[").and_then(|r| r.split(']').next()).and_then(|n| n.parse::<usize>().ok());
        let span = number.and_then(|n| spans.get(n).cloned()).unwrap_or(0..0);
        Problem::new(span, bad.code(), bad.to_string())
    })?;
    Ok(draft)
}

fn allow(t: &mut Table<'_, '_>, names: &Names<'_>, meters: &mut Vec<NamedMeter>) -> Read<Vec<ReadRule>> {
    let source = t.source();
    let missing = || {
        Problem::new(0..0, "missing_field", "a grant without a rule allows nothing").hint("add an `[[allow]]` table")
    };
    let value = t.take("allow").ok_or_else(missing)?;
    let DeValue::Array(items) = value.get_ref() else {
        return Err(Problem::bad(value.span(), "rules are written as `[[allow]]` tables"));
    };
    if items.len() > 1000 {
        return Err(Problem::bad(value.span(), "a grant has at most 1,000 rules"));
    }
    items.iter().map(|item| rules::rule(table(source, item)?, names, meters)).collect()
}

fn tokens(t: &mut Table<'_, '_>) -> Read<BTreeMap<String, TokenLabel>> {
    let mut out = BTreeMap::new();
    let Some(mut list) = t.table("tokens")? else { return Ok(out) };
    for (name, value) in list.rest() {
        let mut entry = table(t.source(), value)?;
        let token = address(&entry.need_text("address", "address = \"0x...\"")?)?;
        let decimals = entry.integer("decimals")?;
        let (decimals, at) =
            decimals.ok_or_else(|| Problem::new(entry.span(), "missing_field", "`decimals` is missing"))?;
        let decimals =
            u8::try_from(decimals).ok().filter(|d| *d <= 77).ok_or_else(|| Problem::bad(at, "decimals are 0 to 77"))?;
        entry.finish()?;
        if !crate::labels::is_name(&name.text) || [units::NATIVE_UNIT, "wei"].contains(&name.text.as_str()) {
            return Err(Problem::bad(
                name.span,
                "a token's name is 1 to 32 letters, digits, `.`, `_` or `-`, and not ETH or wei",
            ));
        }
        if let Some((twin, _)) = out.iter().find(|(_, t): &(&String, &TokenLabel)| t.address == token) {
            return Err(Problem::bad(name.span, format!("the same contract as `{twin}`")));
        }
        out.insert(name.text, TokenLabel { address: token, decimals });
    }
    Ok(out)
}

fn named_meters(t: &mut Table<'_, '_>, labels: &Labels) -> Read<Vec<NamedMeter>> {
    let mut out: Vec<NamedMeter> = Vec::new();
    let Some(mut list) = t.table("meters")? else { return Ok(out) };
    for (place, (name, value)) in list.rest().into_iter().enumerate() {
        let mut m = table(t.source(), value)?;
        let kind = m.need_text("what", "what = \"token\"")?;
        let token = m.text("token")?;
        let what = match (kind.text.as_str(), &token) {
            ("native", None) => What::Native,
            ("calls", None) => What::Calls,
            ("custom", None) => What::Custom,
            ("token", Some(t)) => What::Token(match labels.tokens.get(&t.text) {
                Some(known) => known.address,
                None => address(t)?,
            }),
            ("token", None) => return Err(Problem::new(m.span(), "missing_field", "a token meter needs `token`")),
            _ => return Err(Problem::bad(kind.span, "a meter counts native, token (with `token`), calls or custom")),
        };
        let cap = match m.take("cap") {
            None => return Err(Problem::new(m.span(), "missing_field", "`cap` is missing")),
            Some(v) => match v.get_ref() {
                DeValue::Integer(_) => integer(v)?,
                _ => {
                    let raw = text(t.source(), v)?;
                    let amount =
                        units::amount(&raw.text, labels).map_err(|says| Problem::bad(raw.span.clone(), says))?;
                    u128::try_from(amount).map_err(|_| Problem::bad(raw.span, "a cap is below 2^120"))?
                }
            },
        };
        if cap >= CAP_LIMIT {
            return Err(Problem::bad(m.span(), "a cap is below 2^120"));
        }
        let period = m.text("per")?.map(|p| rules::period(&p.text, p.span.clone())).transpose()?;
        let anchor = m.take("anchor").map(moment).transpose()?;
        let given = m.integer("id")?.map(|(n, at)| fit(n, at)).transpose()?;
        m.finish()?;
        let id = given
            .or_else(|| u16::try_from(place).ok())
            .ok_or_else(|| Problem::bad(name.span.clone(), "too many meters"))?;
        out.push(NamedMeter { name: Some(name.text), meter: DraftMeter { id, what, cap, period, anchor } });
    }
    Ok(out)
}

fn time(t: &mut Table<'_, '_>) -> Read<Option<Span>> {
    let lasts = t.text("lasts")?;
    let from = t.take("from").map(moment).transpose()?;
    let until = t.take("until").map(moment).transpose()?;
    match (lasts, from, until) {
        (None, None, None) => Ok(None),
        (Some(d), None, None) => {
            Ok(Some(Span::Lasts(units::duration(&d.text).map_err(|says| Problem::bad(d.span, says))?)))
        }
        (None, Some(from), Some(until)) => Ok(Some(Span::Between(from, until))),
        (Some(d), ..) => Err(Problem::bad(d.span, "a grant has either `lasts`, or `from` and `until`")),
        _ => Err(Problem::bad(0..0, "`from` and `until` come together")),
    }
}

fn moment(value: &Spanned<DeValue<'_>>) -> Read<UnixSeconds> {
    let bad = || Problem::bad(value.span(), "expected Unix seconds, or a time such as 2026-11-21T10:00:00Z");
    let seconds = match value.get_ref() {
        DeValue::Integer(_) => u64::try_from(integer(value)?).map_err(|_| bad())?,
        DeValue::Datetime(d) => {
            let at = jiff::Timestamp::from_str(&d.to_string()).map_err(|_| bad())?;
            // A leap second has no Unix second of its own.
            let leap = d.time.is_some_and(|t| t.second == Some(60));
            if at.subsec_nanosecond() != 0 || leap {
                return Err(bad());
            }
            u64::try_from(at.as_second()).map_err(|_| bad())?
        }
        _ => return Err(bad()),
    };
    UnixSeconds::new(seconds).ok_or_else(bad)
}

fn prices(t: &mut Table<'_, '_>, labels: &Labels) -> Read<Prices> {
    let mut out = Prices::new();
    let Some(mut list) = t.table("prices")? else { return Ok(out) };
    for (name, value) in list.rest() {
        let says = text(t.source(), value)?;
        let identifier = name.text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && name.text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
        if !identifier {
            return Err(Problem::bad(name.span, "a price's name is letters, digits and `_`, beginning with a letter"));
        }
        let price = ratio::price(&says.text, labels).map_err(|e| Problem::bad(says.span, e))?;
        out.insert(name.text, price);
    }
    Ok(out)
}

fn requires(t: &mut Table<'_, '_>, labels: &Labels) -> Read<Vec<Require>> {
    let Some(value) = t.take("requires") else { return Ok(Vec::new()) };
    let DeValue::Array(items) = value.get_ref() else {
        return Err(Problem::bad(value.span(), "requirements are written as `[[requires]]` tables"));
    };
    items.iter().map(|item| require(table(t.source(), item)?, labels)).collect()
}

fn require(mut t: Table<'_, '_>, labels: &Labels) -> Read<Require> {
    let whole = t.span();
    let amount = |text: &Text| units::amount(&text.text, labels).map_err(|says| Problem::bad(text.span.clone(), says));
    let require = match (t.text("holds")?, t.text("role")?, t.text("credential")?) {
        (Some(token), None, None) => {
            let token = match labels.tokens.get(&token.text) {
                Some(known) => known.address,
                None => address(&token)?,
            };
            let at_least = t.text("at_least")?.map_or(Ok(U256::from(1)), |text| amount(&text))?;
            let id = t.text("id")?.map(|text| amount(&text)).transpose()?;
            Require::Holds { token, at_least, id }
        }
        (None, Some(role), None) => Require::Role(role.text),
        (None, None, Some(kind)) => {
            let issuer = t.need_text("issuer", "issuer = \"did:web:issuer.example\"")?.text;
            Require::Credential { issuer, kind: kind.text }
        }
        _ => {
            return Err(Problem::bad(whole, "a requirement is one of `holds`, `role` and `credential`")
                .hint("for example role = \"trader\""));
        }
    };
    t.finish()?;
    Ok(require)
}

#[derive(Default)]
struct Relay {
    routes: Option<Routes>,
    relayer: Option<Address>,
    relayers: Vec<Address>,
    paymasters: Vec<Address>,
}

fn relay(t: &mut Table<'_, '_>) -> Read<Relay> {
    let Some(mut relay) = t.table("relay")? else { return Ok(Relay::default()) };
    let mut bits = 0;
    let routes = relay.span_of("routes");
    let named = relay.texts("routes")?;
    if let (Some(span), true) = (routes, named.is_empty()) {
        return Err(
            Problem::bad(span, "a list of routes names at least one").hint("leave `routes` out to keep it open")
        );
    }
    for name in &named {
        let bit = match name.text.as_str() {
            "direct" => 1,
            "entrypoint-0.7" => 2,
            "entrypoint-0.8" => 4,
            _ => return Err(Problem::bad(name.span.clone(), "a route is direct, entrypoint-0.7 or entrypoint-0.8")),
        };
        if bits & bit != 0 {
            return Err(Problem::bad(name.span.clone(), "the same route twice"));
        }
        bits |= bit;
    }
    let relayer = match relay.text("relayer")? {
        None => None,
        Some(t) if t.text == "any" => Some(Address::ZERO),
        Some(t) => Some(address(&t)?),
    };
    let relayers = relay.texts("relayers")?.iter().map(address).collect::<Read<_>>()?;
    let paymasters = relay.texts("paymasters")?.iter().map(address).collect::<Read<_>>()?;
    relay.finish()?;
    Ok(Relay { routes: Routes::new(bits), relayer, relayers, paymasters })
}

fn gas(t: &mut Table<'_, '_>, labels: &Labels) -> Read<Option<Gas>> {
    let Some(mut g) = t.table("gas")? else { return Ok(None) };
    let (units_per_op, at) = g.integer("per_op")?.ok_or_else(|| {
        Problem::new(g.span(), "missing_field", "`per_op` is missing").hint("gas units, for example per_op = 500000")
    })?;
    let fee_token = match g.text("fee_token")? {
        None => Address::ZERO,
        Some(name) => match labels.tokens.get(&name.text) {
            Some(known) => known.address,
            None => address(&name)?,
        },
    };
    let fee_per_op = g.integer("fee_per_op")?.map_or(0, |(n, _)| n);
    let fee_cap = g.integer("fee_cap")?.map_or(0, |(n, _)| n);
    g.finish()?;
    Ok(Some(Gas { units_per_op: fit(units_per_op, at)?, fee_token, fee_per_op, fee_cap }))
}

fn chain(t: &Text) -> Read<ChainId> {
    t.text
        .parse()
        .map_err(|e: hallpass_types::account::AccountError| Problem::bad(t.span.clone(), format!("`{}`: {e}", t.text)))
}

fn address(t: &Text) -> Read<Address> {
    parse_address(&t.text).map_err(|e| Problem::bad(t.span.clone(), format!("`{}`: {e}", t.text)))
}

fn hex_bytes<const N: usize>(raw: &str) -> Option<[u8; N]> {
    hex::decode(raw.strip_prefix("0x")?).ok()?.try_into().ok()
}

fn word(t: &Text) -> Read<B256> {
    hex_bytes(&t.text).map(B256::new).ok_or_else(|| Problem::bad(t.span.clone(), "expected `0x` and 64 hex digits"))
}

/// A hash, or what it is the hash of.
fn login(t: &mut Table<'_, '_>) -> Read<(B256, Option<LoginPlace>)> {
    let source = t.source();
    let Some(value) = t.take("login") else { return Ok((B256::ZERO, None)) };
    if let DeValue::String(_) = value.get_ref() {
        return Ok((word(&text(source, value)?)?, None));
    }
    let mut place = table(source, value)?;
    let mut need = |key, example| place.need_text(key, example).map(|t| t.text);
    let named = LoginPlace {
        domain: need("domain", "domain = \"hallpass.example\"")?,
        uri: need("uri", "uri = \"https://hallpass.example\"")?,
        nonce: need("nonce", "nonce = \"32891756\"")?,
    };
    place.finish()?;
    Ok((named.hash(), Some(named)))
}

fn salt(t: &Text) -> Read<[u8; 16]> {
    hex_bytes(&t.text).ok_or_else(|| Problem::bad(t.span.clone(), "a salt is `0x` and 32 hex digits"))
}

fn key(t: &Text) -> Read<SessionKey> {
    let bad = || {
        Problem::bad(t.span.clone(), "a key is an address, or `p256:`, `webauthn:` or `ed25519:` and its bytes in hex")
    };
    let (kind, raw) = match t.text.split_once(':') {
        None => return Ok(SessionKey::Secp256k1(address(t)?)),
        Some(("p256", raw)) => (2, raw),
        Some(("webauthn", raw)) => (3, raw),
        Some(("ed25519", raw)) => (4, raw),
        Some(_) => return Err(bad()),
    };
    let bytes = raw.strip_prefix("0x").and_then(|d| hex::decode(d).ok()).ok_or_else(bad)?;
    SessionKey::from_parts(kind, &Bytes::from(bytes)).map_err(|_| bad())
}

fn sequences(t: &Text) -> Read<(u64, u64)> {
    let bad =
        || Problem::bad(t.span.clone(), "sequences are written `FIRST..END`, FIRST below END, END at most 4294967296");
    let (first, end) = t.text.split_once("..").ok_or_else(bad)?;
    let number = |text: &str| text.parse::<u64>().ok().filter(|n| n.to_string() == text).ok_or_else(bad);
    let (first, end) = (number(first)?, number(end)?);
    if first < end && end <= 1 << 32 { Ok((first, end)) } else { Err(bad()) }
}

fn fit<T: TryFrom<u128>>(n: u128, span: core::ops::Range<usize>) -> Read<T> {
    T::try_from(n).map_err(|_| Problem::bad(span, format!("`{n}` is too large")))
}
