//! A draft back into text.

use super::units::print_duration;
use crate::abi::Ty;
use crate::draft::{Draft, DraftMeter, Span};
use crate::eval::rule::show;
use crate::grant::{Amount, CallRule, Condition, Gas, Meter, SessionKey, Test, What, check::is_metered_token};
use alloy_primitives::{Address, hex};
use core::fmt::Write as _;
use hallpass_types::UnixSeconds;

/// What the text form of this version cannot say; the JSON form can.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: the text form cannot say {what} yet; the JSON form can")]
pub struct PrintError {
    /// The place in the grant.
    pub at: String,
    /// What it is.
    pub what: &'static str,
}

impl PrintError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "not_yet_supported"
    }
}

pub fn draft(d: &Draft) -> Result<String, PrintError> {
    let rest = &d.rest;
    let odd = [
        (!rest.typed.is_empty(), "rest.typed", "typed rules"),
        (!rest.apps.is_empty(), "rest.apps", "app rules"),
        (!rest.requires.is_empty(), "rest.requires", "requirements"),
        (!rest.relayers.is_empty() || !rest.paymasters.is_empty(), "rest.relayers", "lists of relayers or paymasters"),
        (!rest.login.is_zero() || !rest.rp_id_hash.is_zero(), "rest.login", "login evidence or a relying party"),
        (d.routes.is_some() != d.relayer.is_some(), "routes", "routes without a relayer, or a relayer without routes"),
    ];
    if let Some((_, at, what)) = odd.into_iter().find(|(found, ..)| *found) {
        return Err(PrintError { at: at.to_owned(), what });
    }
    let mut out = String::new();
    head(d, &mut out);
    let named = named_meters(d);
    for m in d.meters.iter().filter(|m| named.contains(&m.id)) {
        meter(m, d, &mut out);
    }
    for (i, r) in d.calls.iter().enumerate() {
        rule(d, i, r, &named, &mut out)?;
    }
    Ok(out)
}

// Writing to a `String` cannot fail, so the results of `writeln!` are dropped.
fn head(d: &Draft, out: &mut String) {
    let mut text = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(out, "{key} = {}", quoted(&value));
        }
    };
    text("title", d.rest.labels.title.clone());
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
    if let Some(epoch) = d.epoch {
        let _ = writeln!(out, "epoch = {epoch}");
    }
    if let Some(Span::Between(from, until)) = d.time {
        let _ = writeln!(out, "from = {}\nuntil = {}", moment(from), moment(until));
    }
    if let (Some(routes), Some(relayer)) = (d.routes, d.relayer) {
        let names: Vec<&str> = [(1, "\"direct\""), (2, "\"entrypoint-0.7\""), (4, "\"entrypoint-0.8\"")]
            .into_iter()
            .filter(|(bit, _)| routes.bits() & bit != 0)
            .map(|(_, name)| name)
            .collect();
        let relayer = if relayer.is_zero() { "any".to_owned() } else { checksum(relayer) };
        let _ = writeln!(out, "\n[relay]\nroutes = [{}]\nrelayer = \"{relayer}\"", names.join(", "));
    }
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

/// The ids that must stand under `[meters]`: shared, unused, anchored, of another kind than their line would make, or with
/// an id that is not their place.
fn named_meters(d: &Draft) -> Vec<u16> {
    let uses: Vec<_> = d.calls.iter().flat_map(|r| r.uses.iter().map(move |u| (r, u))).collect();
    let mut named: Vec<u16> = d
        .meters
        .iter()
        .filter(|m| {
            let mine: Vec<_> = uses.iter().filter(|(_, u)| u.meter == m.id).collect();
            let inline = match mine.as_slice() {
                [(r, u)] => m.anchor.is_none() && implied(d, r, &u.amount) == m.what,
                _ => false,
            };
            !inline
        })
        .map(|m| m.id)
        .collect();
    loop {
        let misplaced = uses
            .iter()
            .filter(|(_, u)| !named.contains(&u.meter))
            .enumerate()
            .find(|(place, (_, u))| named.len() + place != usize::from(u.meter));
        match misplaced {
            None => return named,
            Some((_, (_, u))) => named.push(u.meter),
        }
    }
}

fn implied(d: &Draft, r: &CallRule, amount: &Amount) -> What {
    match amount {
        Amount::One => What::Calls,
        Amount::Value => What::Native,
        Amount::Path(_) if d.rest.labels.token_at(r.target).is_some() => What::Token(r.target),
        Amount::Path(_) => What::Custom,
    }
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

fn rule(d: &Draft, number: usize, r: &CallRule, named: &[u16], out: &mut String) -> Result<(), PrintError> {
    let labels = &d.rest.labels;
    let target = labels.token_at(r.target).map_or_else(|| checksum(r.target), |(name, _)| name.to_owned());
    let _ = writeln!(out, "\n[[allow]]\ncall = \"{target}\"");
    if let Some(types) = &r.arguments {
        let name = r.signature.split('(').next().unwrap_or("");
        let arguments: Vec<String> = types
            .iter()
            .enumerate()
            .map(|(i, ty)| labels.param(number, i).map_or_else(|| ty.to_string(), |n| format!("{ty} {n}")))
            .collect();
        let _ = writeln!(out, "function = \"{name}({})\"", arguments.join(", "));
    }
    let argument = |i: usize| labels.param(number, i).map_or_else(|| format!("${i}"), str::to_owned);
    if !r.conditions.is_empty() {
        let lines = r.conditions.iter().enumerate().map(|(i, c)| {
            condition(r, c, &argument).ok_or_else(|| PrintError {
                at: format!("rules[{number}].conditions[{i}]"),
                what: "a condition on dynamic, nested or compared arguments",
            })
        });
        let lines: Vec<String> = lines.collect::<Result<_, _>>()?;
        let _ = writeln!(out, "where = [{}]", lines.iter().map(|l| quoted(l)).collect::<Vec<_>>().join(", "));
    }
    if !r.max_value.is_zero() {
        let _ = writeln!(out, "value = \"<= {}\"", r.max_value);
    }
    let mut at_most = Vec::new();
    let mut spend = Vec::new();
    for u in &r.uses {
        let m = d.meters.iter().find(|m| m.id == u.meter);
        let Some(m) = m else { continue };
        let bound = |cap: &str| match m.period {
            _ if named.contains(&m.id) => format!("from m{}", m.id),
            Some(period) => format!("{cap} per {}", print_duration(period.get().into())),
            None => cap.to_owned(),
        };
        match &u.amount {
            Amount::One => at_most.push(bound(&m.cap.to_string())),
            Amount::Value => spend.push(format!("value {}", bound(&format!("<= {}", m.cap)))),
            Amount::Path(path) => {
                let index = path.as_argument().ok_or_else(|| PrintError {
                    at: format!("rules[{number}].uses"),
                    what: "an amount inside an array or a tuple",
                })?;
                let name = labels
                    .param(number, index)
                    .filter(|n| *n != "value")
                    .map_or_else(|| format!("${index}"), str::to_owned);
                spend.push(format!("{name} {}", bound(&format!("<= {}", m.cap))));
            }
        }
    }
    for (key, lines) in [("at_most", at_most), ("spend", spend)] {
        match lines.as_slice() {
            [] => {}
            [line] => {
                let _ = writeln!(out, "{key} = {}", quoted(line));
            }
            many => {
                let _ = writeln!(out, "{key} = [{}]", many.iter().map(|l| quoted(l)).collect::<Vec<_>>().join(", "));
            }
        }
    }
    let meters: Vec<Meter> = d.meters.iter().map(|m| m.anchored(UnixSeconds::EPOCH)).collect();
    let spends = r.uses.iter().any(|u| d.meters.iter().any(|m| m.id == u.meter && matches!(m.what, What::Token(_))));
    if is_metered_token(r.target, &meters) && !spends {
        let _ = writeln!(out, "unmetered = true");
    }
    Ok(())
}

fn condition(r: &CallRule, c: &Condition, argument: &impl Fn(usize) -> String) -> Option<String> {
    let name = argument(c.path.as_argument()?);
    let ty = r.type_at(&c.path).filter(|ty| ty.is_word())?;
    let value = |w: &crate::abi::Word| show(*w, ty);
    Some(match &c.test {
        Test::Eq(w) => format!("{name} == {}", value(w)),
        Test::Ne(w) => format!("{name} != {}", value(w)),
        Test::Le(w) => format!("{name} <= {}", value(w)),
        Test::Ge(w) => format!("{name} >= {}", value(w)),
        Test::Lt(w) => format!("{name} < {}", value(w)),
        Test::Gt(w) => format!("{name} > {}", value(w)),
        Test::In(words) => format!("{name} in [{}]", words.iter().map(value).collect::<Vec<_>>().join(", ")),
        Test::Mask(mask, expected) if matches!(ty, Ty::Uint(_)) => {
            format!("{name} mask 0x{:x} == 0x{:x}", mask.uint(), expected.uint())
        }
        Test::Mask(mask, expected) => format!("{name} mask {} == {}", value(mask), value(expected)),
        Test::Ratio(..) => return None,
    })
}

fn checksum(address: Address) -> String {
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
fn quoted(text: &str) -> String {
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
