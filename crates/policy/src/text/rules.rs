//! One `[[allow]]` table, and the meters it brings along.

use super::expr::{self, Attributes, Compared, Names, Place};
use super::fields::{Problem, Read, Table, Text, integer, text};
use super::path::Scope;
use super::units;
use crate::abi::{Function, Named, layout};
use crate::draft::DraftMeter;
use crate::grant::{Amount, AppRule, CAP_LIMIT, CallRule, TypedRule, Use, What, check::is_uncounted};
use crate::known;
use crate::labels::Labels;
use crate::message::{Domain, StructType};
use alloy_primitives::{Address, U256};
use core::num::NonZeroU32;
use core::ops::Range;
use hallpass_types::account::parse_address;

/// The native value of a call, where an argument is called `value` too.
pub const NATIVE_VALUE: &str = "$value";

/// A meter while the grant is read: `[meters.x]` has a name, an inline one has none.
pub struct NamedMeter {
    pub name: Option<String>,
    pub meter: DraftMeter,
}

/// A rule with what can be judged only when all meters are known.
pub struct ReadRule {
    pub rule: AnyRule,
    pub unmetered: Option<Range<usize>>,
    pub span: Range<usize>,
}

/// One of the three kinds, in the order in which a grant has them.
pub enum AnyRule {
    Call(CallRule, Vec<Named>),
    Typed(TypedRule),
    App(AppRule),
}

/// Reads one rule; its inline meters are added to `meters` with the next free place as their id.
pub fn rule(mut table: Table<'_, '_>, names: &Names<'_>, meters: &mut Vec<NamedMeter>) -> Read<ReadRule> {
    let span = table.span();
    let unmetered = table.flag("unmetered")?.filter(|(on, _)| *on).map(|(_, span)| span);
    let rule = if let Some(app) = table.text("app")? {
        AnyRule::App(app_rule(app, &mut table, names, meters)?)
    } else if let Some(typed) = table.text("typed")? {
        AnyRule::Typed(typed_rule(&typed, &mut table, names, meters)?)
    } else {
        call_rule(&mut table, names, meters)?
    };
    table.finish()?;
    Ok(ReadRule { rule, unmetered, span })
}

fn call_rule(table: &mut Table<'_, '_>, names: &Names<'_>, meters: &mut Vec<NamedMeter>) -> Read<AnyRule> {
    let span = table.span();
    let call = table.need_text("call", "call = \"0x...\" or the name of a token")?;
    let target = target(&call, names.labels)?;
    let signature = table.text("function")?;
    let function = signature.as_ref().map(function).transpose()?;
    let empty = Function { name: String::new(), types: Vec::new(), names: Vec::new() };
    let known = function.as_ref().unwrap_or(&empty);
    let scope = Scope { of: &known.name, types: &known.types, names: &known.names };
    let conditions =
        table.texts("where")?.iter().map(|t| expr::condition(t, &scope, names)).collect::<Read<Vec<_>>>()?;
    let max_value = table.text("value")?.map(|t| max_value(&t, names.labels)).transpose()?.unwrap_or(U256::ZERO);
    let signature = function.as_ref().map(Function::canonical).unwrap_or_default();
    let mut uses = at_most(table, meters)?;
    for text in table.texts("spend")? {
        uses.push(spend(
            &text,
            names,
            meters,
            |text, name, place| {
                if name == NATIVE_VALUE {
                    return Ok((Amount::Value, What::Native));
                }
                if name == "value" {
                    if known.index_of("value").is_some() {
                        return Err(Problem::bad(
                            text.part(place),
                            "`value` could be the native value or the argument of that name",
                        )
                        .hint(format!(
                            "write the native value as `{NATIVE_VALUE}`, and the argument by its place, such as `$1`"
                        )));
                    }
                    return Ok((Amount::Value, What::Native));
                }
                let (path, _) = scope.path(text, place, Compared::AsNumber)?;
                let token = names.labels.tokens.values().any(|t| t.address == target);
                Ok((Amount::Path(path), if token { What::Token(target) } else { What::Custom }))
            },
            |what, amount| match (amount, what) {
                (Amount::Value, What::Native) | (Amount::Path(_), What::Custom) => true,
                (Amount::Path(_), What::Token(token)) => known::spends(target, &signature, token).is_some(),
                _ => false,
            },
        )?);
    }
    if !max_value.is_zero() && !uses.iter().any(|u| u.amount == Amount::Value) {
        return Err(Problem::bad(span, "a rule that lets native value out needs a cap on it")
            .hint("add for example spend = \"value <= 0.05 ETH per 1d\""));
    }
    let arguments = function.as_ref().map(|f| f.types.clone());
    let rule = CallRule { target, signature, arguments, max_value, conditions, uses };
    Ok(AnyRule::Call(rule, function.map(|f| f.names).unwrap_or_default()))
}

fn typed_rule(
    typed: &Text,
    table: &mut Table<'_, '_>,
    names: &Names<'_>,
    meters: &mut Vec<NamedMeter>,
) -> Read<TypedRule> {
    let ty = StructType::parse(&typed.text).map_err(|e| {
        Problem::bad(typed.span.clone(), e.0).hint("for example typed = \"Order(address maker,uint256 amount)\"")
    })?;
    let domain = domain(table)?;
    let scope = Scope { of: ty.primary(), types: &ty.types, names: &ty.names };
    let conditions =
        table.texts("where")?.iter().map(|t| expr::condition(t, &scope, names)).collect::<Read<Vec<_>>>()?;
    let mut uses = at_most(table, meters)?;
    for text in table.texts("spend")? {
        uses.push(spend(
            &text,
            names,
            meters,
            |text, _, place| {
                let (path, _) = scope.path(text, place, Compared::AsNumber)?;
                Ok((Amount::Path(path), What::Custom))
            },
            |what, _| what == What::Custom,
        )?);
    }
    Ok(TypedRule { domain, ty, conditions, uses })
}

fn app_rule(app: Text, table: &mut Table<'_, '_>, names: &Names<'_>, meters: &mut Vec<NamedMeter>) -> Read<AppRule> {
    let verb = table.need_text("verb", "verb = \"post.create\"")?;
    let place = Attributes(names.labels);
    let conditions =
        table.texts("where")?.iter().map(|t| expr::condition(t, &place, names)).collect::<Read<Vec<_>>>()?;
    let mut uses = at_most(table, meters)?;
    for text in table.texts("spend")? {
        uses.push(spend(
            &text,
            names,
            meters,
            |text, _, span| {
                let (attribute, _) = place.path(text, span, Compared::AsNumber)?;
                Ok((Amount::Path(attribute), What::Custom))
            },
            |what, _| what == What::Custom,
        )?);
    }
    Ok(AppRule { app: app.text, verb: verb.text, conditions, uses })
}

fn domain(table: &mut Table<'_, '_>) -> Read<Domain> {
    let span = table.span();
    let missing = || {
        Problem::new(span.clone(), "missing_field", "`domain` is missing")
            .hint("for example domain = { name = \"Exchange\", chainId = 137, verifyingContract = \"0x...\" }")
    };
    let mut inner = table.table("domain")?.ok_or_else(missing)?;
    let mut map = serde_json::Map::new();
    let at = inner.span();
    for key in ["name", "version", "verifyingContract", "salt"] {
        if let Some(text) = inner.text(key)? {
            map.insert(key.to_owned(), text.text.into());
        }
    }
    match inner.take("chainId") {
        None => {}
        Some(value) => {
            let id = integer(value).map(|n| n.to_string()).or_else(|_| text(inner.source(), value).map(|t| t.text))?;
            map.insert("chainId".to_owned(), id.into());
        }
    }
    inner.finish()?;
    Domain::read(&map.into()).map_err(|says| Problem::bad(at, says))
}

/// Another selector on a metered token must be declared, and only there is the declaration allowed (DESIGN section 3, point 4).
pub fn check_unmetered(read: &ReadRule, meters: &[crate::grant::Meter]) -> Read<()> {
    let uncounted = matches!(&read.rule, AnyRule::Call(rule, _) if is_uncounted(rule, meters));
    match (uncounted, &read.unmetered) {
        (true, None) => {
            Err(Problem::bad(read.span.clone(), "this rule calls a token that the grant caps, and no cap counts it")
                .hint("add a `spend` line, or write `unmetered = true` if that is meant"))
        }
        (false, Some(span)) => Err(Problem::bad(
            span.clone(),
            "`unmetered` is for a rule on a capped token that no cap counts, which this is not",
        )),
        _ => Ok(()),
    }
}

fn target(call: &Text, labels: &Labels) -> Read<Address> {
    match labels.tokens.get(&call.text) {
        Some(token) => Ok(token.address),
        None => parse_address(&call.text).map_err(|e| {
            Problem::bad(call.span.clone(), format!("`{}`: {e}", call.text))
                .hint("an address, or a name under `[tokens]`")
        }),
    }
}

fn function(text: &Text) -> Read<Function> {
    let f = Function::parse(&text.text)
        .map_err(|e| Problem::bad(text.part(e.at.min(text.text.len())..text.text.len()), e.says))?;
    if f.canonical().len() > 255 || layout::encode(&f.types).len() > layout::MAX_BYTES {
        return Err(Problem::bad(text.span.clone(), "the signature is longer than 255 bytes"));
    }
    Ok(f)
}

fn max_value(text: &Text, labels: &Labels) -> Read<U256> {
    let raw = text.text.trim().strip_prefix("<=").map(str::trim);
    let raw = raw.ok_or_else(|| {
        Problem::bad(text.span.clone(), "expected `<= AMOUNT`").hint("for example value = \"<= 0.01 ETH\"")
    })?;
    units::amount(raw, labels).map_err(|says| Problem::bad(text.span.clone(), says))
}

fn at_most<P>(table: &mut Table<'_, '_>, meters: &mut Vec<NamedMeter>) -> Read<Vec<Use<P>>> {
    table.texts("at_most")?.iter().map(|text| calls(text, meters)).collect()
}

fn calls<P>(text: &Text, meters: &mut Vec<NamedMeter>) -> Read<Use<P>> {
    if let Some(name) = text.text.trim().strip_prefix("from ") {
        return shared(text, name.trim(), Amount::One, meters, |what| what == What::Calls);
    }
    let (count, period) = per(text, text.text.trim())?;
    let cap = count.parse::<u128>().ok().filter(|c| *c < CAP_LIMIT && c.to_string() == count);
    let cap = cap.ok_or_else(|| {
        Problem::bad(text.span.clone(), format!("`{count}` is no number of calls"))
            .hint("for example at_most = \"120 per 1m\"")
    })?;
    inline(text, DraftMeter { id: 0, what: What::Calls, cap, period, anchor: None }, Amount::One, meters)
}

/// Reads `NAME <= AMOUNT [per DURATION]` or `NAME from METER`; `resolve` says what the name is, `fits` whether a meter counts it.
fn spend<P>(
    text: &Text,
    names: &Names<'_>,
    meters: &mut Vec<NamedMeter>,
    resolve: impl FnOnce(&Text, &str, Range<usize>) -> Read<(Amount<P>, What)>,
    fits: impl FnOnce(What, &Amount<P>) -> bool,
) -> Read<Use<P>> {
    let line = text.text.trim();
    let name_len = line.find(char::is_whitespace).unwrap_or(line.len());
    let (name, rest) = line.split_at(name_len);
    let rest = rest.trim();
    let start = text.text.len() - text.text.trim_start().len();
    let (amount, what) = resolve(text, name, start..start + name_len)?;
    if let Some(name) = rest.strip_prefix("from ") {
        let counted = meters.iter().find(|m| m.name.as_deref() == Some(name.trim())).map(|m| m.meter.what);
        let fits = counted.is_none_or(|what| fits(what, &amount));
        return shared(text, name.trim(), amount, meters, |_| fits);
    }
    let capped = rest.strip_prefix("<=").map(str::trim);
    let capped = capped.ok_or_else(|| {
        Problem::bad(text.span.clone(), "expected `<= AMOUNT` or `from METER`")
            .hint("for example spend = \"amount <= 25 USDC per 1d\"")
    })?;
    let (raw, period) = per(text, capped)?;
    unit_fits(raw, what, names.labels).map_err(|says| Problem::bad(text.span.clone(), says))?;
    let cap = units::amount(raw, names.labels).map_err(|says| Problem::bad(text.span.clone(), says))?;
    let cap = u128::try_from(cap).ok().filter(|c| *c < CAP_LIMIT);
    let cap = cap.ok_or_else(|| Problem::bad(text.span.clone(), "a cap is below 2^120"))?;
    inline(text, DraftMeter { id: 0, what, cap, period, anchor: None }, amount, meters)
}

/// Whether an amount's unit is one of what the meter counts; a custom meter counts anything.
fn unit_fits(raw: &str, what: What, labels: &Labels) -> Result<(), String> {
    let Some(unit) = raw.split_whitespace().nth(1) else { return Ok(()) };
    let fits = match what {
        What::Native => matches!(unit, units::NATIVE_UNIT | "wei"),
        What::Token(token) => labels.tokens.get(unit).is_none_or(|t| t.address == token) && unit != units::NATIVE_UNIT,
        What::Calls | What::Custom => true,
    };
    if fits { Ok(()) } else { Err(format!("`{unit}` is not the unit of what this line counts")) }
}

fn per<'t>(text: &Text, raw: &'t str) -> Read<(&'t str, Option<NonZeroU32>)> {
    match raw.split_once(" per ") {
        None => Ok((raw.trim(), None)),
        Some((head, duration)) => Ok((head.trim(), Some(period(duration.trim(), text.span.clone())?))),
    }
}

/// A window's length: at least a minute, below 2^32 seconds.
pub fn period(duration: &str, span: Range<usize>) -> Read<NonZeroU32> {
    let seconds = units::duration(duration).map_err(|says| Problem::bad(span.clone(), says))?;
    let fits = u32::try_from(seconds).ok().filter(|s| *s >= crate::grant::MIN_PERIOD).and_then(NonZeroU32::new);
    fits.ok_or_else(|| Problem::bad(span, "a window is at least 60 seconds and below 2^32"))
}

fn inline<P>(text: &Text, meter: DraftMeter, amount: Amount<P>, meters: &mut Vec<NamedMeter>) -> Read<Use<P>> {
    let id = u16::try_from(meters.len()).map_err(|_| Problem::bad(text.span.clone(), "too many meters"))?;
    meters.push(NamedMeter { name: None, meter: DraftMeter { id, ..meter } });
    Ok(Use { meter: id, amount })
}

fn shared<P>(
    text: &Text,
    name: &str,
    amount: Amount<P>,
    meters: &[NamedMeter],
    fits: impl FnOnce(What) -> bool,
) -> Read<Use<P>> {
    let found = meters.iter().find(|m| m.name.as_deref() == Some(name));
    let found = found.ok_or_else(|| Problem::bad(text.span.clone(), format!("there is no `[meters.{name}]`")))?;
    if !fits(found.meter.what) {
        return Err(Problem::bad(
            text.span.clone(),
            format!("`[meters.{name}]` counts something else than this line does"),
        ));
    }
    Ok(Use { meter: found.meter.id, amount })
}
