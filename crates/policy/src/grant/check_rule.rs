//! What makes a single rule a bad one (`spec/policy.md`, G4 to G11, S1 to S7).

use super::{Amount, AppRule, Attribute, BadGrant, CallRule, Condition, Kind, Meter, Path, Test, TypedRule, Use, What};
use crate::abi::{Ty, Word};
use crate::{known, labels};
use alloy_primitives::{Address, U256};

/// Judges a call rule.
///
/// # Errors
/// The first [`BadGrant`].
pub fn call(r: &CallRule, meters: &[Meter]) -> Result<(), BadGrant> {
    if r.signature.len() > 255 {
        return Err(BadGrant::new("signature", "a signature has at most 255 bytes"));
    }
    if let Some(real) = known::disguised(&r.signature) {
        return Err(BadGrant::new(
            "signature",
            format!("`{}` has the selector of `{}`, which is what the chain would run", r.signature, real.signature),
        ));
    }
    let arguments = r.arguments.as_deref().unwrap_or(&[]);
    abi_conditions(arguments, &r.conditions)?;
    uses(&r.uses, meters, |what, amount| match (what, amount) {
        (What::Native, Amount::Value) => Ok(()),
        (What::Token(token), Amount::Path(path)) => spends(r, token, path),
        (What::Custom, Amount::Path(path)) => unsigned_at(arguments, path),
        _ => Err("a native meter counts the value, a token or custom meter an argument, a calls meter one".to_owned()),
    })?;
    let native = r.uses.iter().any(|u| u.amount == Amount::Value);
    if !r.max_value.is_zero() && !native {
        return Err(BadGrant::new("maxValue", "a rule that lets native value out needs a native meter"));
    }
    Ok(())
}

/// Judges a typed rule.
///
/// # Errors
/// The first [`BadGrant`].
pub fn typed(r: &TypedRule, meters: &[Meter]) -> Result<(), BadGrant> {
    let names = [&r.domain.name, &r.domain.version];
    if names.into_iter().flatten().any(|name| !labels::is_plain_name(name)) {
        return Err(BadGrant::new(
            "domain",
            "a domain's name and version are 1 to 128 letters, digits, spaces and signs, without quotation marks or anything invisible",
        ));
    }
    abi_conditions(&r.ty.types, &r.conditions)?;
    uses(&r.uses, meters, |what, amount| match (what, amount) {
        (What::Custom, Amount::Path(path)) => unsigned_at(&r.ty.types, path),
        _ => Err("a typed rule is counted by calls meters and, at a field, by custom meters".to_owned()),
    })
}

/// Judges an app rule.
///
/// # Errors
/// The first [`BadGrant`].
pub fn app(r: &AppRule, meters: &[Meter]) -> Result<(), BadGrant> {
    for (at, text) in [("app", &r.app), ("verb", &r.verb)] {
        if !labels::is_visible(text, 255) {
            let says =
                "an app and a verb are 1 to 255 visible ASCII characters, without quotation marks or backslashes";
            return Err(BadGrant::new(at, says));
        }
    }
    for attribute in r.attributes() {
        if !is_attribute(&attribute.name) {
            return Err(BadGrant::new(
                "checks",
                "an attribute's name is 1 to 64 letters, digits, `_`, `-` or `.`, beginning with a letter or `_`",
            ));
        }
        if r.attributes().any(|other| other.name == attribute.name && other.kind != attribute.kind) {
            return Err(BadGrant::new("checks", format!("`{}` has two types", attribute.name)));
        }
    }
    let ty = |a: &Attribute| Some(a.kind.ty());
    conditions(&r.conditions, &ty, &|test| match test {
        Test::Mask(..) => Err("an attribute has no bits to mask".to_owned()),
        _ => Ok(()),
    })?;
    uses(&r.uses, meters, |what, amount| match (what, amount) {
        (What::Custom, Amount::Path(a)) if a.kind == Kind::Number => Ok(()),
        _ => Err("an app rule is counted by calls meters and, at a number, by custom meters".to_owned()),
    })
}

/// Whether `text` can be an attribute's name.
#[must_use]
pub fn is_attribute(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && !matches!(text, "true" | "false")
        && text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

fn uses<P: PartialEq>(
    uses: &[Use<P>],
    meters: &[Meter],
    fits: impl Fn(What, &Amount<P>) -> Result<(), String>,
) -> Result<(), BadGrant> {
    if uses.len() > 255 {
        return Err(BadGrant::new("uses", "a rule has at most 255 meters"));
    }
    for (i, u) in uses.iter().enumerate() {
        let at = format!("uses[{i}]");
        if uses.iter().take(i).any(|other| other.meter == u.meter) {
            return Err(BadGrant::new(at, "the same meter twice"));
        }
        let m = meters.binary_search_by_key(&u.meter, |m| m.id).ok().and_then(|i| meters.get(i));
        let m = m.ok_or_else(|| BadGrant::new(&at, format!("there is no meter {}", u.meter)))?;
        let judged = if (m.what, &u.amount) == (What::Calls, &Amount::One) { Ok(()) } else { fits(m.what, &u.amount) };
        judged.map_err(|says| BadGrant::new(at, says))?;
    }
    let calls_first = uses.iter().skip_while(|u| u.amount == Amount::One).all(|u| u.amount != Amount::One);
    if calls_first { Ok(()) } else { Err(BadGrant::new("uses", "meters that count calls come before the others")) }
}

/// Whether a meter of `token` counts the argument at `path` of a call of `r`.
fn spends(r: &CallRule, token: Address, path: &Path) -> Result<(), String> {
    let spends = known::spends(r.target, &r.signature, token).filter(|s| *path == Path::argument(s.amount));
    let spends = spends.ok_or(
        "a token meter counts the amount that `transfer`, `transferFrom`, `approve`, `increaseAllowance` or `permit` of that \
         very token asks for, or Permit2's `approve` and `transferFrom`",
    )?;
    let pinned = |place: u16| {
        let wanted = Condition { path: Path::argument(place), test: Test::Eq(Word::from_address(token)) };
        r.conditions.contains(&wanted)
    };
    if spends.token.is_none_or(pinned) {
        Ok(())
    } else {
        Err(format!("a rule on Permit2 must pin the token: a condition that it is {token}"))
    }
}

fn unsigned_at(arguments: &[Ty], path: &Path) -> Result<(), String> {
    if path.is_quantified() {
        return Err("an amount stands in one place, not in `every` or `some`".to_owned());
    }
    match Ty::at(arguments, &path.0) {
        Some(Ty::Uint(_)) => Ok(()),
        _ => Err("an amount is an unsigned integer".to_owned()),
    }
}

fn abi_conditions(arguments: &[Ty], all: &[Condition]) -> Result<(), BadGrant> {
    conditions(all, &|path: &Path| Ty::at(arguments, &path.0), &|_| Ok(()))?;
    for (i, c) in all.iter().enumerate() {
        let right = matches!(&c.test, Test::Ratio(right, ..) if c.path.is_quantified() || right.is_quantified());
        if right {
            return Err(BadGrant::new(
                format!("conditions[{i}]"),
                "two arguments are compared in one place each, not in `every` or `some`",
            ));
        }
    }
    Ok(())
}

fn conditions<'t, P: PartialEq>(
    all: &[Condition<P>],
    ty: &dyn Fn(&P) -> Option<&'t Ty>,
    more: &dyn Fn(&Test<P>) -> Result<(), String>,
) -> Result<(), BadGrant> {
    if all.len() > 255 {
        return Err(BadGrant::new("conditions", "a rule has at most 255 conditions"));
    }
    for (i, c) in all.iter().enumerate() {
        let at = format!("conditions[{i}]");
        if all.iter().take(i).any(|other| other == c) {
            return Err(BadGrant::new(at, "the same condition twice"));
        }
        condition(c, ty).and_then(|()| more(&c.test)).map_err(|says| BadGrant::new(at, says))?;
    }
    Ok(())
}

fn condition<'t, P>(c: &Condition<P>, at: &dyn Fn(&P) -> Option<&'t Ty>) -> Result<(), String> {
    let ty = at(&c.path).ok_or("the path leads nowhere")?;
    let hashed = matches!(ty, Ty::Bytes | Ty::String);
    if !ty.is_word() && !hashed {
        return Err("a condition ends at a word, bytes or a string".to_owned());
    }
    let canonical = |w: &Word| {
        if hashed || w.is_canonical(ty) { Ok(()) } else { Err(format!("the value is no canonical `{ty}`")) }
    };
    match &c.test {
        Test::Eq(w) | Test::Ne(w) => canonical(w),
        Test::Le(w) | Test::Ge(w) | Test::Lt(w) | Test::Gt(w) => {
            if !ty.is_integer() {
                return Err(format!("`{ty}` has no order"));
            }
            canonical(w)
        }
        Test::In(words) => {
            words.iter().try_for_each(canonical)?;
            let ascending = words.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
            if words.len() < 2 || words.len() > 255 || !ascending {
                return Err("a list has 2 to 255 values, each larger than the one before".to_owned());
            }
            Ok(())
        }
        Test::Mask(mask, expected) => {
            if !matches!(ty, Ty::Uint(_) | Ty::FixedBytes(_)) {
                return Err(format!("`{ty}` has no bits to mask"));
            }
            canonical(mask)?;
            canonical(expected)?;
            if expected.uint() & !mask.uint() != U256::ZERO {
                return Err("the expected bits lie outside the mask".to_owned());
            }
            Ok(())
        }
        Test::Ratio(right, numerator, denominator) => {
            if !ty.is_integer() || !at(right).is_some_and(Ty::is_integer) {
                return Err("a ratio needs two integers".to_owned());
            }
            if numerator.is_zero() || denominator.is_zero() || numerator.gcd(*denominator) != U256::from(1) {
                return Err("a ratio's two numbers are at least 1 and in lowest terms".to_owned());
            }
            Ok(())
        }
    }
}
