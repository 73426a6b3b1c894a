//! The rules of a draft back into text.

use super::path;
use super::print::{checksum, quoted};
use super::rules::NATIVE_VALUE;
use super::units::print_duration;
use crate::abi::{Named, Ty, Word};
use crate::draft::{Draft, DraftMeter};
use crate::eval::fail::show;
use crate::grant::{
    Amount, AppRule, Attribute, CallRule, Condition, Meter, Path, Test, TypedRule, What, check::is_uncounted,
};
use crate::labels::Labels;
use alloy_primitives::U256;
use core::fmt::Write as _;
use hallpass_types::UnixSeconds;
use std::collections::{BTreeMap, BTreeSet};

// Writing to a `String` cannot fail, so the results of `writeln!` are dropped.
pub fn all(d: &Draft, named: &BTreeSet<u16>, out: &mut String) {
    let meters: Vec<Meter> = d.meters.iter().map(|m| m.anchored(UnixSeconds::EPOCH)).collect();
    for (i, r) in d.calls.iter().enumerate() {
        call(d, i, r, named, &meters, out);
    }
    for r in &d.rest.typed {
        typed(d, r, named, out);
    }
    for r in &d.rest.apps {
        app(d, r, named, out);
    }
}

/// The ids that must stand under `[meters]`: shared, anchored, of another kind than their line would make, or with an id that
/// is not their place.
pub fn named_meters(d: &Draft) -> BTreeSet<u16> {
    // Each use, in the order of the text, with what an inline meter there would count.
    let mut uses: Vec<(u16, What)> = Vec::new();
    for r in &d.calls {
        uses.extend(r.uses.iter().map(|u| (u.meter, implied(d, r, &u.amount))));
    }
    let signer = |one: bool| if one { What::Calls } else { What::Custom };
    for r in &d.rest.typed {
        uses.extend(r.uses.iter().map(|u| (u.meter, signer(u.amount == Amount::One))));
    }
    for r in &d.rest.apps {
        uses.extend(r.uses.iter().map(|u| (u.meter, signer(u.amount == Amount::One))));
    }
    let mut of: BTreeMap<u16, (usize, What)> = BTreeMap::new();
    for (id, what) in &uses {
        of.entry(*id).or_insert((0, *what)).0 += 1;
    }
    let inline = |m: &&DraftMeter| m.anchor.is_none() && of.get(&m.id) == Some(&(1, m.what));
    let mut named: BTreeSet<u16> = d.meters.iter().filter(|m| !inline(m)).map(|m| m.id).collect();
    loop {
        // Naming one moves the places of all others, so it begins anew; at the latest when all are named it ends.
        let before = named.len();
        let mut place = before;
        for (id, _) in &uses {
            if named.contains(id) {
                continue;
            }
            if place != usize::from(*id) {
                named.insert(*id);
                break;
            }
            place += 1;
        }
        if named.len() == before {
            return named;
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

fn call(d: &Draft, number: usize, r: &CallRule, named: &BTreeSet<u16>, meters: &[Meter], out: &mut String) {
    let labels = &d.rest.labels;
    let target = labels.token_at(r.target).map_or_else(|| checksum(r.target), |(name, _)| name.to_owned());
    let _ = writeln!(out, "\n[[allow]]\ncall = \"{target}\"");
    let types = r.arguments.as_deref().unwrap_or(&[]);
    let names = labels.names(number, types);
    if r.arguments.is_some() {
        let name = r.signature.split('(').next().unwrap_or("");
        let _ = writeln!(out, "function = \"{name}({})\"", arguments(types, &names));
    }
    let path = |p: &Path| path::print(p, types, &names);
    let ty = |p: &Path| Ty::at(types, &p.0);
    conditions(&r.conditions, &path, &ty, labels, out);
    if !r.max_value.is_zero() {
        let _ = writeln!(out, "value = \"<= {}\"", r.max_value);
    }
    // In `spend`, the word `value` alone is the native value.
    let counted = |p: &Path| match path(p) {
        name if name == "value" => format!("${}", p.0.first().copied().unwrap_or(0)),
        name => name,
    };
    let native = if names.iter().any(|n| n.name == "value") { NATIVE_VALUE } else { "value" };
    uses(d, r.uses.iter().map(|u| (u.meter, &u.amount)), named, native, &counted, out);
    if is_uncounted(r, meters) {
        let _ = writeln!(out, "unmetered = true");
    }
}

fn typed(d: &Draft, r: &TypedRule, named: &BTreeSet<u16>, out: &mut String) {
    let _ = writeln!(out, "\n[[allow]]\ntyped = {}", quoted(&r.ty.text));
    let domain = &r.domain;
    let text = |key: &str, value: Option<String>| value.map(|v| format!("{key} = {}", quoted(&v)));
    let fields = [
        text("name", domain.name.clone()),
        text("version", domain.version.clone()),
        domain.chain_id.map(|id| match u64::try_from(id) {
            Ok(id) if i64::try_from(id).is_ok() => format!("chainId = {id}"),
            _ => format!("chainId = \"{id}\""),
        }),
        text("verifyingContract", domain.verifying_contract.map(checksum)),
        text("salt", domain.salt.map(|s| s.to_string())),
    ];
    let fields: Vec<String> = fields.into_iter().flatten().collect();
    let _ = writeln!(out, "domain = {{ {} }}", fields.join(", "));
    let path = |p: &Path| path::print(p, &r.ty.types, &r.ty.names);
    conditions(&r.conditions, &path, &|p| Ty::at(&r.ty.types, &p.0), &d.rest.labels, out);
    uses(d, r.uses.iter().map(|u| (u.meter, &u.amount)), named, "value", &path, out);
}

fn app(d: &Draft, r: &AppRule, named: &BTreeSet<u16>, out: &mut String) {
    let _ = writeln!(out, "\n[[allow]]\napp = {}\nverb = {}", quoted(&r.app), quoted(&r.verb));
    let path = |a: &Attribute| a.name.clone();
    conditions(&r.conditions, &path, &|a| Some(a.kind.ty()), &d.rest.labels, out);
    uses(d, r.uses.iter().map(|u| (u.meter, &u.amount)), named, "value", &path, out);
}

/// `address to, (uint256 id, bytes data)[] items`.
fn arguments(types: &[Ty], names: &[Named]) -> String {
    let one = |(ty, named): (&Ty, &Named)| {
        let ty = written(ty, &named.members);
        if named.name.is_empty() { ty } else { format!("{ty} {}", named.name) }
    };
    types.iter().zip(names).map(one).collect::<Vec<_>>().join(", ")
}

fn written(ty: &Ty, members: &[Named]) -> String {
    match ty {
        Ty::Tuple(types) => format!("({})", arguments(types, members)),
        Ty::Array(inner) => format!("{}[]", written(inner, members)),
        Ty::FixedArray(inner, n) => format!("{}[{n}]", written(inner, members)),
        _ => ty.to_string(),
    }
}

fn conditions<'t, P>(
    all: &[Condition<P>],
    path: &dyn Fn(&P) -> String,
    ty: &dyn Fn(&P) -> Option<&'t Ty>,
    labels: &Labels,
    out: &mut String,
) {
    if all.is_empty() {
        return;
    }
    let lines: Vec<String> = all.iter().map(|c| quoted(&condition(c, path, ty, labels))).collect();
    let _ = writeln!(out, "where = [{}]", lines.join(", "));
}

/// One condition, as it is read back.
pub fn condition<'t, P>(
    c: &Condition<P>,
    path: &dyn Fn(&P) -> String,
    ty: &dyn Fn(&P) -> Option<&'t Ty>,
    labels: &Labels,
) -> String {
    let name = path(&c.path);
    // A grant whose paths lead nowhere was refused when it was made.
    let ty = ty(&c.path).unwrap_or(&Ty::Bytes);
    let value = |w: &Word| match (ty, labels.text_of(*w)) {
        (Ty::String, Some(text)) => format!("'{text}'"),
        _ => show(*w, ty),
    };
    match &c.test {
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
        Test::Ratio(right, numerator, denominator) => {
            let part = |sign: &str, n: &U256| if *n == U256::ONE { String::new() } else { format!(" {sign} {n}") };
            format!("{name} >= {}{}{}", path(right), part("*", numerator), part("/", denominator))
        }
    }
}

fn uses<'u, P: 'u>(
    d: &Draft,
    uses: impl Iterator<Item = (u16, &'u Amount<P>)>,
    named: &BTreeSet<u16>,
    native: &str,
    path: &dyn Fn(&P) -> String,
    out: &mut String,
) {
    let mut at_most = Vec::new();
    let mut spend = Vec::new();
    for (id, amount) in uses {
        let Some(m) = d.meters.iter().find(|m| m.id == id) else { continue };
        let bound = |cap: String| match m.period {
            _ if named.contains(&m.id) => format!("from m{}", m.id),
            Some(period) => format!("{cap} per {}", print_duration(period.get().into())),
            None => cap,
        };
        match amount {
            Amount::One => at_most.push(bound(m.cap.to_string())),
            Amount::Value => spend.push(format!("{native} {}", bound(format!("<= {}", m.cap)))),
            Amount::Path(p) => spend.push(format!("{} {}", path(p), bound(format!("<= {}", m.cap)))),
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
}
