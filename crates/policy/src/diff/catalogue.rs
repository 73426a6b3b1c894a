//! Every sentence of a comparison, in one place. A translation replaces this file and no other.

use super::Summary;

/// All changes together.
#[must_use]
pub const fn summary(summary: Summary) -> &'static str {
    match summary {
        Summary::Wider => "it allows more, or that cannot be told, and nothing less",
        Summary::Narrower => "it allows less, and nothing more",
        Summary::Mixed => "it allows more, or that cannot be told, and something less",
        Summary::Same => "it allows the same",
    }
}

/// What a field that is not filled in is called.
pub const OPEN: &str = "not filled in";

/// A field with another value.
#[must_use]
pub fn field(of: &str, old: &str, new: &str) -> String {
    format!("the {of} is {new}; it was {old}")
}

/// A bound that was moved.
#[must_use]
pub fn number(of: &str, old: &str, new: &str, up: bool) -> String {
    let moved = if up { "raised" } else { "lowered" };
    format!("{of} is {moved} from {old} to {new}")
}

/// Another salt.
pub const SALT: &str = "the salt is another: it is a pass of its own, and its counters begin at zero";
/// No chain enforces it any more.
pub const UNENFORCED: &str = "no contract enforces it any more: everything rests on the signer";
/// A form of time that cannot be compared.
pub const TIME_FORM: &str = "one names its times and the other only how long it lasts, so they cannot be compared";
/// A bound.
pub const START: &str = "the start";
/// A bound.
pub const END: &str = "the end";
/// A bound.
pub const LIFE: &str = "its life, in seconds,";
/// A bound.
pub const FIRST_SEQUENCE: &str = "the first sequence";
/// A bound.
pub const END_SEQUENCE: &str = "the end of the sequences";
/// A bound.
pub const GAS_UNITS: &str = "the gas of an operation";
/// A bound.
pub const FEE_PER_OP: &str = "the fee of an operation";
/// A bound.
pub const FEE_CAP: &str = "the fee in all";
/// A bound.
pub const MAX_VALUE: &str = "the most wei of a call";

/// The time, earlier or later.
#[must_use]
pub fn moved(of: &str, old: &str, new: &str, later: bool) -> String {
    let moved = if later { "later" } else { "earlier" };
    format!("{of} is {moved}: {new} instead of {old}")
}

/// A route.
#[must_use]
pub fn route(name: &str, opened: bool) -> String {
    if opened { format!("operations may also come by the route {name}") } else { format!("the route {name} is closed") }
}

/// Relayers.
#[must_use]
pub fn relayer(who: &str, opened: bool) -> String {
    if opened { format!("{who} may send operations") } else { format!("{who} may send operations no more") }
}

/// Whoever wants to.
pub const ANYONE: &str = "anyone";

/// Relayers, from anyone to a few.
#[must_use]
pub fn only_relayers(who: &str) -> String {
    format!("only {who} may send operations; anyone could")
}

/// A paymaster.
#[must_use]
pub fn paymaster(who: &str, added: bool) -> String {
    if added { format!("{who} may pay for operations") } else { format!("{who} may pay for operations no more") }
}

/// The ender is gone or new.
#[must_use]
pub fn ender(has: bool) -> String {
    if has {
        "the server can end it too".to_owned()
    } else {
        "the server can end it no more; its owner alone can".to_owned()
    }
}

/// Fees in another token cannot be compared.
pub const FEE_TOKEN: &str = "fees are paid in another token, so their bounds cannot be compared";

/// A requirement.
#[must_use]
pub fn requirement(what: &str, added: bool) -> String {
    if added { format!("it works only if {what}") } else { format!("it works also without this: {what}") }
}

/// A balance.
#[must_use]
pub fn holds(token: &str, at_least: &str, id: Option<&str>) -> String {
    crate::words::catalogue::holds(token, at_least, id)
}

/// A balance that must be larger or smaller.
#[must_use]
pub fn holds_changed(what: &str, old: &str) -> String {
    format!("{what}; it was {old}")
}

/// A rule.
#[must_use]
pub fn rule(subject: &str, value: Option<&str>, conditions: &str, caps: &str, added: bool) -> String {
    let only = if conditions.is_empty() { String::new() } else { format!(", only if {conditions}") };
    let caps = if caps.is_empty() { ", without any cap".to_owned() } else { format!(", at most {caps}") };
    let may = if added { "it may also" } else { "it may no more" };
    let value = value.map_or(String::new(), |wei| format!(" with up to {wei} wei each time"));
    format!("{may} {subject}{value}{only}{caps}")
}

/// A cap at a rule.
#[must_use]
pub fn cap(cap: &str, of: &str, per: Option<&str>) -> String {
    match per {
        Some(per) => format!("{cap} {of} per {per}"),
        None => format!("{cap} {of} over the whole life"),
    }
}

/// What a meter counts.
pub const WEI: &str = "wei";
/// What a meter counts.
pub const CALLS: &str = "calls";
/// What a meter counts.
pub const CUSTOM: &str = "by the argument";

/// What a meter counts.
#[must_use]
pub fn units(token: &str) -> String {
    format!("smallest units of {token}")
}

/// Between conditions.
pub const AND: &str = " and ";
/// Between caps.
pub const WITH: &str = ", ";

/// A condition that was added or removed.
#[must_use]
pub fn condition(condition: &str, added: bool) -> String {
    if added {
        format!("it must hold that `{condition}`")
    } else {
        format!("it need no longer hold that `{condition}`")
    }
}

/// A condition that changes nothing, since another says as much.
#[must_use]
pub fn idle(condition: &str, added: bool) -> String {
    let verb = if added { "is new" } else { "is gone" };
    format!("`{condition}` {verb}, and follows from the other conditions")
}

/// Another condition in a condition's place.
#[must_use]
pub fn condition_changed(old: &str, new: &str, how: How) -> String {
    let how = match how {
        How::Tighter => ", which lets less through",
        How::Wider => ", which lets more through",
        How::Other => ", which lets other values through",
        How::Same => ", which lets the same through",
        How::Unknown => "; which lets more through cannot be told",
    };
    format!("`{new}` stands in place of `{old}`{how}")
}

/// How two conditions compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Less passes.
    Tighter,
    /// More passes.
    Wider,
    /// Something more, and something less.
    Other,
    /// The same passes.
    Same,
    /// It cannot be told.
    Unknown,
}

/// Rules in another order.
#[must_use]
pub fn order(first: &str, second: &str) -> String {
    format!(
        "{first} now comes before {second}, and an action that both allow is counted by the first: what that does to the sum cannot be told"
    )
}

/// What a rule no longer takes falls to another.
#[must_use]
pub fn takeover(by: &str, old: &str) -> String {
    format!(
        "what {old} of the old grant took may now fall to {by}, which charges other meters and leaves more for the rest: it cannot be told how much"
    )
}

/// A use of a meter.
#[must_use]
pub fn counted(cap: &str, added: bool) -> String {
    if added { format!("it is also counted: at most {cap}") } else { format!("it is no longer counted: at most {cap}") }
}

/// A cap that is two.
#[must_use]
pub fn split(cap: &str, count: usize) -> String {
    format!("what one cap counted ({cap}), {count} caps count now, and they add up")
}

/// Caps that are one.
#[must_use]
pub fn merged(cap: &str, count: usize) -> String {
    format!("what {count} caps counted, one counts now ({cap})")
}

/// A cap.
#[must_use]
pub fn cap_of(what: &str) -> String {
    format!("the cap on {what}")
}

/// A period.
#[must_use]
pub fn period(old: Option<&str>, new: Option<&str>) -> String {
    let name = |p: Option<&str>| p.map_or("the whole life".to_owned(), |p| format!("each {p}"));
    format!("the cap is for {} instead of {}; {NO_REPLACEMENT}", name(new), name(old))
}

/// What a replacement may not do (DESIGN section 3, point 8).
pub const NO_REPLACEMENT: &str = "a replacement may lower a cap, and never change a meter's token, period or anchor";

/// An anchor.
#[must_use]
pub fn anchor() -> String {
    format!("its windows are counted from another moment; {NO_REPLACEMENT}")
}

/// Another id.
#[must_use]
pub fn id(old: u16, new: u16) -> String {
    format!("the cap is meter {new} and was meter {old}: in a replacement, what was spent does not come along")
}

/// An id that meant something else.
#[must_use]
pub fn reused(id: u16) -> String {
    format!("meter {id} counted something else; {NO_REPLACEMENT}")
}

/// A claim.
#[must_use]
pub fn claim(what: &str, old: &str, new: &str) -> String {
    format!("the requester's {what} is {new}; it was {old}; nothing is judged by it")
}

/// The page that asked.
#[must_use]
pub fn origin(old: &str, new: &str) -> String {
    format!("the page that asked is {new}; it was {old}; nothing that is allowed depends on it")
}

/// A name that is not there.
pub const NONE: &str = "none";
/// A claim.
pub const TITLE: &str = "title";
/// A claim.
pub const ARGUMENT_NAMES: &str = "names of the arguments";

/// A claim.
#[must_use]
pub fn token_name(name: &str) -> String {
    format!("token `{name}`")
}

/// A token, as the requester names it.
#[must_use]
pub fn token(address: &str, decimals: u8) -> String {
    format!("{address} with {decimals} decimals")
}

/// Quoted.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}
