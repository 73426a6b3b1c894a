//! One `[[allow]]` table, and the meters it brings along.

use super::expr;
use super::fields::{Problem, Read, Table, Text};
use super::units;
use crate::abi::{Function, layout};
use crate::draft::DraftMeter;
use crate::grant::{Amount, CAP_LIMIT, CallRule, Path, Use, What, check::is_metered_token};
use crate::labels::Labels;
use alloy_primitives::{Address, U256};
use core::num::NonZeroU32;
use core::ops::Range;
use hallpass_types::account::parse_address;

/// A meter while the grant is read: `[meters.x]` has a name, an inline one has none.
pub struct NamedMeter {
    pub name: Option<String>,
    pub meter: DraftMeter,
}

/// A rule with what can be judged only when all meters are known.
pub struct ReadRule {
    pub rule: CallRule,
    pub names: Vec<String>,
    pub unmetered: Option<Range<usize>>,
    pub span: Range<usize>,
}

/// Reads one rule; its inline meters are added to `meters` with the next free place as their id.
pub fn rule(mut table: Table<'_, '_>, labels: &Labels, meters: &mut Vec<NamedMeter>) -> Read<ReadRule> {
    let span = table.span();
    for kind in ["app", "typed"] {
        if let Some(value) = table.take(kind) {
            return Err(Problem::new(
                value.span(),
                "not_yet_supported",
                format!("`{kind}` rules cannot be granted yet"),
            ));
        }
    }
    let call = table.need_text("call", "call = \"0x...\" or the name of a token")?;
    let target = target(&call, labels)?;
    let signature = table.text("function")?;
    let function = signature.as_ref().map(function).transpose()?;
    let empty = Function { name: String::new(), types: Vec::new(), names: Vec::new() };
    let known = function.as_ref().unwrap_or(&empty);
    let conditions =
        table.texts("where")?.iter().map(|t| expr::condition(t, known, labels)).collect::<Read<Vec<_>>>()?;
    let max_value = table.text("value")?.map(|t| max_value(&t, labels)).transpose()?.unwrap_or(U256::ZERO);
    let mut uses = Vec::new();
    for text in table.texts("at_most")? {
        uses.push(at_most(&text, target, meters)?);
    }
    for text in table.texts("spend")? {
        uses.push(spend(&text, known, target, labels, meters)?);
    }
    let unmetered = table.flag("unmetered")?.filter(|(on, _)| *on).map(|(_, span)| span);
    table.finish()?;
    if !max_value.is_zero() && !uses.iter().any(|u| u.amount == Amount::Value) {
        return Err(Problem::bad(span, "a rule that lets native value out needs a cap on it")
            .hint("add for example spend = \"value <= 0.05 ETH per 1d\""));
    }
    let rule = CallRule {
        target,
        signature: function.as_ref().map(Function::canonical).unwrap_or_default(),
        arguments: function.as_ref().map(|f| f.types.clone()),
        max_value,
        conditions,
        uses,
    };
    Ok(ReadRule { rule, names: function.map(|f| f.names).unwrap_or_default(), unmetered, span })
}

/// Another selector on a metered token must be declared, and only there is the declaration allowed (DESIGN section 3, point 4).
pub fn check_unmetered(read: &ReadRule, meters: &[crate::grant::Meter]) -> Read<()> {
    let token = is_metered_token(read.rule.target, meters);
    let spends =
        read.rule.uses.iter().any(|u| meters.iter().any(|m| m.id == u.meter && matches!(m.what, What::Token(_))));
    match (token && !spends, &read.unmetered) {
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

fn at_most(text: &Text, target: Address, meters: &mut Vec<NamedMeter>) -> Read<Use> {
    if let Some(name) = text.text.trim().strip_prefix("from ") {
        return shared(text, name.trim(), Amount::One, target, meters);
    }
    let (count, period) = per(text, text.text.trim())?;
    let cap = count.parse::<u128>().ok().filter(|c| *c < CAP_LIMIT && !count.starts_with('+'));
    let cap = cap.ok_or_else(|| {
        Problem::bad(text.span.clone(), format!("`{count}` is no number of calls"))
            .hint("for example at_most = \"120 per 1m\"")
    })?;
    inline(text, DraftMeter { id: 0, what: What::Calls, cap, period, anchor: None }, Amount::One, meters)
}

fn spend(
    text: &Text,
    function: &Function,
    target: Address,
    labels: &Labels,
    meters: &mut Vec<NamedMeter>,
) -> Read<Use> {
    let line = text.text.trim();
    let name_len = line.find(char::is_whitespace).unwrap_or(line.len());
    let (name, rest) = line.split_at(name_len);
    let rest = rest.trim();
    let start = text.text.len() - text.text.trim_start().len();
    let place = start..start + name_len;
    let (amount, what) = if name == "value" {
        if function.index_of("value").is_some() {
            return Err(Problem::bad(
                text.part(place),
                "`value` could be the native value or the argument of that name",
            )
            .hint("write the argument by its place, such as `$1`, or give it another name"));
        }
        (Amount::Value, What::Native)
    } else {
        let index = expr::argument(text, place, name, function)?;
        let index = u16::try_from(index).map_err(|_| Problem::bad(text.span.clone(), "no such argument"))?;
        let token = labels.tokens.values().any(|t| t.address == target);
        (Amount::Path(Path::argument(index)), if token { What::Token(target) } else { What::Custom })
    };
    if let Some(name) = rest.strip_prefix("from ") {
        return shared(text, name.trim(), amount, target, meters);
    }
    let capped = rest.strip_prefix("<=").map(str::trim);
    let capped = capped.ok_or_else(|| {
        Problem::bad(text.span.clone(), "expected `<= AMOUNT` or `from METER`")
            .hint("for example spend = \"amount <= 25 USDC per 1d\"")
    })?;
    let (raw, period) = per(text, capped)?;
    let cap = units::amount(raw, labels).map_err(|says| Problem::bad(text.span.clone(), says))?;
    let cap = u128::try_from(cap).ok().filter(|c| *c < CAP_LIMIT);
    let cap = cap.ok_or_else(|| Problem::bad(text.span.clone(), "a cap is below 2^120"))?;
    inline(text, DraftMeter { id: 0, what, cap, period, anchor: None }, amount, meters)
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

fn inline(text: &Text, meter: DraftMeter, amount: Amount, meters: &mut Vec<NamedMeter>) -> Read<Use> {
    let id = u16::try_from(meters.len()).map_err(|_| Problem::bad(text.span.clone(), "too many meters"))?;
    meters.push(NamedMeter { name: None, meter: DraftMeter { id, ..meter } });
    Ok(Use { meter: id, amount })
}

fn shared(text: &Text, name: &str, amount: Amount, target: Address, meters: &[NamedMeter]) -> Read<Use> {
    let found = meters.iter().find(|m| m.name.as_deref() == Some(name));
    let found = found.ok_or_else(|| Problem::bad(text.span.clone(), format!("there is no `[meters.{name}]`")))?;
    let fits = match (&amount, found.meter.what) {
        (Amount::One, What::Calls) | (Amount::Value, What::Native) | (Amount::Path(_), What::Custom) => true,
        (Amount::Path(_), What::Token(token)) => token == target,
        _ => false,
    };
    if !fits {
        return Err(Problem::bad(
            text.span.clone(),
            format!("`[meters.{name}]` counts something else than this line does"),
        ));
    }
    Ok(Use { meter: found.meter.id, amount })
}
