//! Every sentence of the findings, in one place. A translation replaces this file and no other.

use super::Code;

/// What is said of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Why it is unwise.
    pub says: String,
    /// What to do.
    pub fix: String,
}

fn said(says: impl Into<String>, fix: impl Into<String>) -> Said {
    Said { says: says.into(), fix: fix.into() }
}

/// A line for `where`.
fn add(line: &str) -> String {
    format!("add to `where`: \"{line}\"")
}

pub(super) fn no_recipient(to: &str) -> Said {
    said("whoever holds the key chooses who receives the tokens", add(&format!("{to} == 0x...")))
}

pub(super) fn uncounted(amount: &str, countable: bool) -> Said {
    let fix = if countable {
        format!("name the token under `[tokens]` and write spend = \"{amount} <= 25 TOKEN per 1d\"")
    } else {
        format!("write at_most = \"1 per 1d\" and {}", add(&format!("{amount} <= ...")))
    };
    said("it moves or approves tokens, and no cap counts how many", fix)
}

pub(super) fn uncounted_all() -> Said {
    said("it moves all there is: no argument says how much", "use `transfer` or another function that says how much")
}

pub(super) fn uncounted_on_token() -> Said {
    said(
        "it calls a token that the grant caps, and the cap does not count it: `unmetered` lets it past",
        "use `transfer` or another function that the cap counts, or leave the rule out",
    )
}

pub(super) fn approval_unlimited(most: Option<&str>, amount: Option<&str>) -> Said {
    let says = match most {
        Some(most) => format!("an allowance of up to {most} smallest units is no limit that matters"),
        None => "the function gives all or nothing, so the allowance has no limit".to_owned(),
    };
    let fix = match amount {
        Some(amount) => format!("approve what is needed: spend = \"{amount} <= 25 TOKEN per 1d\""),
        None => "use `approve(address spender, uint256 amount)` with a cap".to_owned(),
    };
    said(says, fix)
}

pub(super) fn approval_for_all(approved: Option<&str>) -> Said {
    let fix = match approved {
        Some(approved) => {
            format!("approve single tokens instead; to take it back only, {}", add(&format!("{approved} == false")))
        }
        None => "approve single tokens instead".to_owned(),
    };
    said("it hands over every token of a collection at once, those that come later too, until it is taken back", fix)
}

pub(super) fn approval_outlives(spender: &str) -> Said {
    said(
        format!("what {spender} has been allowed stays allowed after the pass has ended"),
        "cap it at what one use takes, and set the allowance back to 0 when the pass has ended",
    )
}

/// The spender of an allowance, where it has no name.
pub(super) const SPENDER: &str = "the spender";

pub(super) fn custom_meter_on_token() -> Said {
    said(
        "a custom meter counts this amount; a token's own meter also refuses the tokens of other owners, and the owner of the \
account reads its name",
        "name the token under `[tokens]`, and write its name in `call`",
    )
}

pub(super) fn token_ids() -> Said {
    said(
        "of a collection of single tokens (ERC-721) the cap would count the tokens' numbers, and no chain tells the two apart",
        "make sure that the contract is an ERC-20 token; for a collection use `safeTransferFrom` with its number in `where`",
    )
}

pub(super) fn long_life(days: u64) -> Said {
    said(
        format!("it lives {days} days: a key that is lost today is still good then, and its owner reads that in red"),
        "write lasts = \"1w\" or less, and ask for a new pass then",
    )
}

pub(super) fn no_ender() -> Said {
    said(
        "no key but the owner's can end it, so this server cannot when it sees abuse",
        "leave `ender` out: the server makes a key that can do nothing else",
    )
}

pub(super) fn outside_key(approves: bool) -> Said {
    let says = if approves {
        "it names its own session key, which so is outside the vault, and such a key may not approve: this is refused when it is asked for"
    } else {
        "it names its own session key, which so is outside the vault, and no chain checks this rule: it is refused when it is asked for"
    };
    said(says, "leave `key` out, so that the vault makes it, or leave the rule out")
}

pub(super) fn relayer_any() -> Said {
    said(
        "anyone may send its operations, so whoever sees one before it is mined chooses when it is",
        "leave `relayer` out, or name one: [relay] relayer = \"0x...\"",
    )
}

pub(super) fn fee_never() -> Said {
    said("a fee bound is written, and no fee can be paid under it", "write both `fee_per_op` and `fee_cap`, or neither")
}

pub(super) fn fee_beyond() -> Said {
    said("`fee_per_op` is above `fee_cap`, so that it never binds", "write a `fee_per_op` of at most `fee_cap`")
}

pub(super) fn fee_without_calls() -> Said {
    said("fees are paid for calls, and the grant has no rule for calls", "leave `fee_per_op` and `fee_cap` out")
}

pub(super) fn gas_open() -> Said {
    said(
        "no bound on the gas of an operation is written, so the server's own is taken",
        "write [gas] per_op = 500000, or what the largest batch needs",
    )
}

pub(super) fn sequences_open(rule: &str) -> Said {
    said(
        format!(
            "any number of operations may be made, since nothing caps the calls of {rule}; whoever sends them pays their gas"
        ),
        "write sequences = \"0..100\", or an `at_most` line for each rule",
    )
}

pub(super) fn label_unused(name: &str) -> Said {
    said(
        format!("nothing in the grant has the address of `{name}`; its owner reads a name that plays no part"),
        format!("leave [tokens.{name}] out, unless it gives an amount its unit"),
    )
}

pub(super) fn no_meter() -> Said {
    said("nothing limits how often it is used", "write at_most = \"20 per 1h\", or whatever is enough")
}

pub(super) fn no_calls_cap() -> Said {
    said(
        "amounts are capped and calls are not: calls of amount 0 cost nothing and may be made without end",
        "write at_most = \"20 per 1h\", or whatever is enough",
    )
}

pub(super) fn every_without_length(array: &str) -> Said {
    said(
        format!(
            "each element of `{array}` is bound and their number is not: an empty array passes, and one of any length"
        ),
        add(&format!("{array}.length <= 10")),
    )
}

pub(super) fn app_without_conditions() -> Said {
    said(
        "whatever attributes the app sends, the action is allowed",
        "add conditions to `where` if the action has attributes, such as \"board == 'general'\"",
    )
}

pub(super) fn cap_no_limit(cap: &str, calls: bool) -> Said {
    if calls {
        said(
            format!("a cap of {cap} calls is no limit: a pass has at most 2^32 operations"),
            "write a count that a person would notice, such as at_most = \"20 per 1h\"",
        )
    } else {
        said(
            format!("a cap of {cap} smallest units is no limit that matters"),
            "write the largest amount that may be lost",
        )
    }
}

pub(super) fn many_windows(cap: &str, windows: u64, sum: &str) -> Said {
    said(
        format!("{cap} in each of {windows} windows is {sum} smallest units over the whole life"),
        format!("if that is too much, add a cap for the whole life beside it: \"<= ...\" without `per`, below {sum}"),
    )
}

pub(super) fn meter_order(best: &str, uses: usize) -> Said {
    said(
        format!("only the grant's first meter is cheap on chain, and {best} is used by more rules for calls ({uses})"),
        format!("give {best} the lowest id: under `[meters]`, first"),
    )
}

pub(super) fn unreachable(earlier: &str) -> Said {
    said(
        format!("{earlier} allows whatever this rule does, and comes first, so that this one is never taken"),
        format!("put it before {earlier}, or leave it out"),
    )
}

pub(super) fn caps_add_up(earlier: &str) -> Said {
    said(
        format!(
            "it differs from {earlier} only in what counts it: when the caps there are spent, those here begin, and they add up"
        ),
        "write one rule with all the caps: at_most and spend take lists",
    )
}

pub(super) fn swap_without_price(minimum: &str) -> Said {
    said(
        format!("no price binds `{minimum}`, so a swap may bring next to nothing, and somebody else the difference"),
        format!("write a price under `[prices]` and {}", add(&format!("{minimum} >= AMOUNT_IN * 0.99 * PRICE"))),
    )
}

pub(super) fn price_without_recipient(to: &str) -> Said {
    said(
        format!("the price is bound and `{to}` is not: what is bought at a fair price may go to somebody else"),
        add(&format!("{to} == 0x...")),
    )
}

pub(super) fn deadline_unbound(deadline: &str) -> Said {
    said(
        format!("no condition binds `{deadline}`, so a call may be good for longer than is meant"),
        add(&format!("{deadline} <= ...")),
    )
}

pub(super) fn domain_open(lacks: &[&str]) -> Said {
    said(
        format!("the domain does not name its {}: the same signature is good elsewhere too", lacks.join(" and its ")),
        format!(
            "add to `domain`: {}",
            lacks
                .iter()
                .map(|l| if *l == CHAIN_ID { "chainId = 1" } else { "verifyingContract = \"0x...\"" })
                .collect::<Vec<_>>()
                .join(", ")
        ),
    )
}

/// A field of a domain.
pub(super) const CHAIN_ID: &str = "chainId";
/// A field of a domain.
pub(super) const VERIFYING_CONTRACT: &str = "verifyingContract";

pub(super) fn message_outlives(until: &str, bound: Option<(&str, &str)>) -> Said {
    let says = match bound {
        None => format!("no condition binds `{until}`, so a message may be good long after the pass has ended"),
        Some((most, end)) => format!("`{until}` may be {most}, and the pass ends at {end}"),
    };
    said(says, add(&format!("{until} <= ...")))
}

pub(super) fn message_without_end(ty: &str) -> Said {
    said(
        format!("a `{ty}` has no field that says until when it is good: it stays good after the pass has ended"),
        "know how its receiver takes it back, or use a type with a deadline",
    )
}

pub(super) fn permit_unbound(ty: &str) -> Said {
    said(
        format!("a `{ty}` gives something away, and any one is signed: no condition binds any field"),
        "bind in `where` who receives, which token and how much",
    )
}

/// The table of the reference: what makes a finding, and what to do.
#[must_use]
pub const fn explained(code: Code) -> (&'static str, &'static str) {
    match code {
        Code::NoRecipient => (
            "a known token function (`transfer`, `approve`, ...) whose recipient or spender no `==` or `in` binds",
            "bind it in `where`",
        ),
        Code::UncountedTokens => (
            "a known token function with neither a meter on its amount, nor an upper bound on it beside a calls cap; or another function on a capped token (`unmetered`)",
            "add a `spend` line",
        ),
        Code::ApprovalUnlimited => (
            "an approval whose cap or bound is ten billion whole tokens or more (10^28 smallest units where the decimals are not known), or that gives all or nothing",
            "approve what is needed",
        ),
        Code::ApprovalForAll => (
            "`setApprovalForAll`, `authorizeOperator` or `setOperator`, unless its bool must be false",
            "approve single tokens",
        ),
        Code::LongLife => ("a life of more than a week", "shorten it, and ask again"),
        Code::NoMeter => ("a rule without any meter", "add an `at_most` line"),
        Code::CapNoLimit => (
            "a calls cap of 2^32 or more, or another cap of ten billion whole tokens or more (10^28 where the decimals are not known)",
            "write the largest loss that is bearable",
        ),
        Code::ManyWindows => (
            "a windowed cap on an amount, with ten windows or more in the grant's life; the finding states the sum",
            "add a cap for the whole life",
        ),
        Code::UnreachableRule => (
            "an earlier rule for the same takes whatever this one would, and no meter of its own can run out first",
            "change the order, or leave one out",
        ),
        Code::CapsAddUp => ("two rules that differ only in their meters", "make one rule of them"),
        Code::SwapWithoutPrice => (
            "a function called `swap`, `exchange` or `exactInput` with an argument called `min`, which no price binds, nor a fixed minimum beside a bound on another amount",
            "bind it by a price",
        ),
        Code::PriceWithoutRecipient => (
            "a price is bound, and an address called `to`, `recipient`, `receiver` or `beneficiary`, or one without a name, is not",
            "bind it in `where`",
        ),
        Code::EveryWithoutLength => (
            "a condition on `every` element of an array, with none on its `length`, on `some` element or on one by its number",
            "bind the `length`",
        ),
        Code::DomainOpen => ("a typed rule whose domain lacks `chainId` or `verifyingContract`", "name both"),
        Code::MessageOutlives => (
            "a typed rule whose type has a deadline that no condition binds, or that may be later than the grant's end",
            "bind it in `where`",
        ),
        Code::PermitUnbound => {
            ("a typed rule for a `Permit`, `Order` or the like without any condition", "bind its fields")
        }
        Code::NoEnder => ("`ender` is the zero address", "leave it out"),
        Code::OutsideKey => (
            "a draft that names its own key, with a rule that approves, or that no chain checks",
            "leave `key` out, or the rule",
        ),
        Code::ApprovalOutlives => (
            "an approval, unless it ends by itself (Permit2, with its `expiration` bound) or sets 0",
            "cap it tightly; take it back at the end",
        ),
        Code::CustomMeterOnToken => {
            ("a custom meter on the amount of a function that a token meter counts", "name the token under `[tokens]`")
        }
        Code::NoCallsCap => (
            "a rule with caps on amounts alone, none of which must be above 0, in a grant of unbounded `sequences`",
            "add an `at_most` line",
        ),
        Code::DeadlineUnbound => (
            "a number called `deadline`, `expiry`, `expiration`, `validUntil` or the like, in a call, without an upper bound",
            "bind it in `where`",
        ),
        Code::AppWithoutConditions => ("an app rule without conditions", "add conditions if the action has attributes"),
        Code::MessageWithoutEnd => ("a typed rule whose type has no deadline", "know how to take the message back"),
        Code::RelayerAny => ("`relayer = \"any\"`", "name one, or leave it open"),
        Code::FeeUnused => (
            "one of `fee_per_op` and `fee_cap` is 0 and the other is not, the first is above the second, or there is no rule for calls",
            "write both, or neither",
        ),
        Code::GasOpen => ("rules for calls, and no `[gas]`", "write `per_op`"),
        Code::SequencesOpen => (
            "unbounded `sequences`, and a rule for calls without a calls cap, where nothing above says so",
            "write `sequences`",
        ),
        Code::MeterOrder => ("another meter than the first is used by more rules for calls", "put it first"),
        Code::LabelUnused => (
            "a token under `[tokens]` whose address stands nowhere in the grant; whether it gives an amount its unit cannot be seen",
            "leave it out",
        ),
        Code::TokenIds => (
            "a token meter on `transferFrom(address,address,uint256)`, which ERC-721 shares",
            "make sure that it is an ERC-20 token",
        ),
    }
}
