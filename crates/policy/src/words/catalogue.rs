//! Every sentence, in one place. A translation replaces this file and no other.

/// Headings.
pub const WHO: &str = "Who asks, and for what account";
/// Heading of the rules.
pub const MAY: &str = "What may be done; nothing else is allowed";
/// Heading of the totals.
pub const TOTAL: &str = "How much in total";
/// Heading of the time.
pub const WHEN: &str = "Until when";
/// Heading of gas.
pub const GAS: &str = "Who pays the gas";
/// Heading of what only the signer sees.
pub const SIGNER: &str = "What only the signer checks, not the chain";
/// Heading of the warnings.
pub const WRONG: &str = "What can go wrong";

/// The requester's title, as a claim.
#[must_use]
pub fn title(title: &str) -> String {
    format!("the requester calls this pass \"{title}\"; nobody has checked that name")
}

/// Names of arguments that are claims.
pub const QUOTED: &str = "names in quotation marks are the requester's own; nobody has checked them";

/// The account.
#[must_use]
pub fn account(account: Option<&str>, chain: &str) -> String {
    match account {
        Some(account) => format!("spends from account {account} on chain {chain}, and on no other chain"),
        None => format!("spends from an account that is not filled in yet, on chain {chain}, and on no other chain"),
    }
}

/// The key.
#[must_use]
pub fn holder(key: Option<&str>) -> String {
    match key {
        Some(key) => format!("whoever holds session key {key} may use it"),
        None => "the session key is not filled in yet".to_owned(),
    }
}

/// The enforcing contract.
#[must_use]
pub fn backend(backend: Option<&str>) -> String {
    match backend {
        Some(backend) => format!("enforced by the signer and, on chain, by contract {backend}"),
        None => "the contract that enforces it is not filled in yet".to_owned(),
    }
}

/// A call rule.
#[must_use]
pub fn call(number: usize, function: &str, selector: &str, target: &str) -> String {
    format!("{number}. call {function} (selector {selector}) of {target}")
}

/// What a function is for, by the operator's lists.
#[must_use]
pub fn intent(call: &str, intent: &str) -> String {
    format!("{call}; it is for: {intent}")
}

/// A typed rule.
#[must_use]
pub fn sign(number: usize, ty: &str, domain: &str) -> String {
    format!(
        "{number}. sign messages of type {ty} in the domain {domain}, for the session key itself and never for the account"
    )
}

/// An app rule.
#[must_use]
pub fn act(number: usize, verb: &str, app: &str) -> String {
    format!("{number}. do '{verb}' in the app '{app}'")
}

/// A name, and whose it is.
#[derive(Debug, Clone, Copy)]
pub enum Name<'a> {
    /// None is known.
    None,
    /// The operator's lists have it, or it is signed.
    Fact(&'a str),
    /// The requester says so.
    Claim(&'a str),
}

/// A thing by its place, with its name.
fn named(thing: &str, number: usize, name: Name<'_>) -> String {
    match name {
        Name::None => format!("{thing} {number}"),
        Name::Fact(name) => format!("{thing} {number} ({name})"),
        Name::Claim(name) => format!("{thing} {number} (\"{name}\")"),
    }
}

/// An argument, by its place.
#[must_use]
pub fn argument(number: usize, name: Name<'_>) -> String {
    named("argument", number, name)
}

/// A field of a message, or of an element of it; without a field, the element itself.
#[must_use]
pub fn field(name: &str, of: &str) -> String {
    match (name, of) {
        ("", of) => of.to_owned(),
        (name, "") => format!("the field {name}"),
        (name, of) => format!("the field {name} of {of}"),
    }
}

/// An attribute of an app action.
#[must_use]
pub fn attribute(name: &str) -> String {
    format!("the attribute {name}")
}

/// A member of a tuple.
#[must_use]
pub fn member(number: usize, name: Name<'_>, of: &str) -> String {
    format!("{} of {of}", named("member", number, name))
}

/// One element of an array, counted from 1.
#[must_use]
pub fn element(number: usize, of: &str) -> String {
    format!("element {number} of {of}")
}

/// Every element.
#[must_use]
pub fn every(of: &str) -> String {
    format!("each element of {of}")
}

/// Some element.
#[must_use]
pub fn some(of: &str) -> String {
    format!("at least one element of {of}")
}

/// The length of an array.
#[must_use]
pub fn count(of: &str) -> String {
    format!("the number of elements of {of}")
}

/// The length of bytes or text.
#[must_use]
pub fn bytes(of: &str) -> String {
    format!("the length in bytes of {of}")
}

/// A text whose content is known.
#[must_use]
pub fn text(text: &str) -> String {
    format!("the text '{text}'")
}

/// A text or bytes of which only the hash is known.
#[must_use]
pub fn hashed(hash: &str) -> String {
    format!("the content whose keccak-256 is {hash}")
}

/// An address that is the account's own.
#[must_use]
pub fn own(address: &str) -> String {
    format!("{address} (the account itself)")
}

/// A price.
#[must_use]
pub fn priced(left: &str, right: &str, factor: &str) -> String {
    if factor.is_empty() {
        format!("{left} is at least {right}")
    } else {
        format!("{left} is at least {right} times {factor}, both in smallest units")
    }
}

/// A fraction, exactly and about.
#[must_use]
pub fn factor(numerator: &str, denominator: &str, about: Option<&str>) -> String {
    match (denominator, about) {
        ("1", _) => numerator.to_owned(),
        (_, Some(about)) => format!("{numerator} / {denominator} (that is {about})"),
        (_, None) => format!("{numerator} / {denominator}"),
    }
}

/// Heading of the requirements.
pub const MUST: &str = "What must be true before each action";

/// A balance.
#[must_use]
pub fn holds(token: &str, at_least: &str, id: Option<&str>) -> String {
    match id {
        Some(id) => format!("the account holds at least {at_least} of id {id} of {token}"),
        None => format!("the account holds at least {at_least} of {token}"),
    }
}

/// A role.
#[must_use]
pub fn role(name: &str) -> String {
    format!("the server has given the holder the role '{name}'")
}

/// A credential.
#[must_use]
pub fn credential(kind: &str, issuer: &str) -> String {
    format!("the holder has shown a credential of type '{kind}' from '{issuer}'")
}

/// A rule of empty calldata.
#[must_use]
pub fn send(number: usize, target: &str, value: bool) -> String {
    if value {
        format!("{number}. send native coin to {target}, with empty calldata")
    } else {
        format!("{number}. call {target} with empty calldata, without any value")
    }
}

/// A known contract.
#[must_use]
pub fn known(address: &str, name: &str) -> String {
    format!("{name} ({address})")
}

/// A contract, known or not, that the requester has a name of its own for.
#[must_use]
pub fn claimed(contract: &str, name: &str) -> String {
    format!("{contract}, which the requester calls \"{name}\"")
}

/// The first condition, or a further one.
#[must_use]
pub fn only_if(condition: &str, first: bool) -> String {
    if first { format!("only if {condition}") } else { format!("and {condition}") }
}

/// A comparison.
#[must_use]
pub fn compared(name: &str, op: &str, value: &str) -> String {
    let words = match op {
        "==" => "is",
        "!=" => "is not",
        "<=" => "is at most",
        ">=" => "is at least",
        "<" => "is below",
        _ => "is above",
    };
    format!("{name} {words} {value}")
}

/// A list.
#[must_use]
pub fn one_of(name: &str, values: &str) -> String {
    format!("{name} is one of {values}")
}

/// A mask.
#[must_use]
pub fn masked(name: &str, mask: &str, expected: &str) -> String {
    format!("the bits {mask} of {name} are {expected}")
}

/// Native value of one call.
#[must_use]
pub fn value(amount: &str) -> String {
    format!("each call may carry at most {amount}")
}

/// A meter, at its rule; `counted` says what its amount is.
#[must_use]
pub fn capped(amount: &str, counted: &Counted, window: Option<&str>) -> String {
    let most = match counted {
        Counted::Whole => format!("at most {amount}"),
        Counted::Of(place) => format!("in all at most {amount} of {place}"),
        Counted::By(place) => format!("in all at most {amount}, counted by {place},"),
    };
    match window {
        Some(window) => format!("{most} in each window of {window}"),
        None => format!("{most} over the whole life of the pass"),
    }
}

/// What the amount of a meter is, at its rule.
#[derive(Debug, Clone)]
pub enum Counted {
    /// What it says: calls, or native coin.
    Whole,
    /// A plain number, which stands at this place.
    Of(String),
    /// A token's smallest units, which stand at this place.
    By(String),
}

/// A window, where it does not count from the start of the pass.
#[must_use]
pub fn window_from(length: &str, anchor: &str) -> String {
    format!("{length} (counted from {anchor})")
}

/// A count of calls.
#[must_use]
pub fn calls(count: &str) -> String {
    if count == "1" { "1 call".to_owned() } else { format!("{count} calls") }
}

/// An amount of native coin.
#[must_use]
pub fn native(decimal: &str, wei: &str) -> String {
    format!("{decimal} of the native coin ({wei} wei)")
}

/// An amount of a token that the operator's lists know.
#[must_use]
pub fn known_token(units: &str, decimal: &str, symbol: &str) -> String {
    format!("{decimal} {symbol} ({units} smallest units)")
}

/// An amount of a token whose name is a claim.
#[must_use]
pub fn claimed_token(units: &str, decimal: &str, name: &str) -> String {
    format!("{units} smallest units (the requester says that is {decimal} {name})")
}

/// An amount of a token without a name.
#[must_use]
pub fn token(units: &str) -> String {
    format!("{units} smallest units of the token")
}

/// What a meter counts, as its rule says it.
#[must_use]
pub fn counts(number: usize, counted: &Counted) -> String {
    match counted {
        Counted::Whole => format!("rule {number}"),
        Counted::Of(place) | Counted::By(place) => format!("{place} of rule {number}"),
    }
}

/// What one meter counts, in all its rules.
#[must_use]
pub fn counts_all(all: &[String]) -> String {
    match all {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last} together", head.join(", ")),
    }
}

/// The worst case of a meter.
#[must_use]
pub fn worst(counts: &str, capped: &str, total: Option<&str>) -> String {
    match total {
        Some(total) => format!("{counts}: {capped}, which is {total} in the worst case over the whole life"),
        None => format!("{counts}: {capped}"),
    }
}

/// Nothing is counted.
pub const NO_TOTAL: &str = "nothing is counted: what is allowed above is allowed without end";

/// Window edges.
pub const EDGE: &str = "around the edge of two windows, twice a window's cap can go within moments";

/// Absolute time.
#[must_use]
pub fn between(from: &str, until: &str, lasts: &str) -> String {
    format!("from {from} until just before {until} ({lasts})")
}

/// Relative time.
#[must_use]
pub fn lasts(lasts: &str) -> String {
    format!("{lasts}, from the moment the pass is asked for")
}

/// No time.
pub const NO_TIME: &str = "its end is not filled in yet";

/// Ending, by the owner.
pub const OWNER_ENDS: &str = "you can end it at any moment, with a signature of your own";

/// Ending, where no contract hears of it.
pub const SERVER_ENDS: &str =
    "you can end it at any moment, at this server alone: nothing stops whoever has the session key itself";

/// Ending, by a key.
#[must_use]
pub fn ender(key: &str) -> String {
    format!("whoever holds the key {key} can end it too, and can do nothing else with that key")
}

/// Ending, by a key that is still to be made.
pub const ENDER_OPEN: &str =
    "a key that is not filled in yet can end it too; whoever holds it can do nothing else with it";

/// The numbers of operations.
#[must_use]
pub fn sequences(first: u64, end: u64) -> String {
    let count = end.saturating_sub(first);
    let operations = if count == 1 { "1 operation".to_owned() } else { format!("{count} operations") };
    if first == 0 {
        format!("at most {operations} in all")
    } else {
        format!("at most {operations} in all, numbered from {first} until just before {end}")
    }
}

/// The grant's number.
#[must_use]
pub fn number(salt: Option<&str>, epoch: Option<u64>) -> String {
    match (salt, epoch) {
        (Some(salt), Some(epoch)) => format!("the number of the pass is {salt}, in epoch {epoch} of the account"),
        (Some(salt), None) => {
            format!("the number of the pass is {salt}; the account's epoch, which it is for, is not filled in yet")
        }
        (None, Some(epoch)) => {
            format!("the number of the pass is not filled in yet; it is for epoch {epoch} of the account")
        }
        (None, None) => "the number of the pass and the account's epoch are not filled in yet".to_owned(),
    }
}

/// The page that asked.
#[must_use]
pub fn origin(origin: &str) -> String {
    format!(
        "whoever asked named the page {origin}; what a browser says of that is true, what another program says need not be"
    )
}

/// Login evidence, and where it is good.
#[must_use]
pub fn login(domain: &str, uri: &str, nonce: &str) -> String {
    format!("signing this also signs you in to {domain} ({uri}), once, with nonce {nonce}")
}

/// Login evidence.
#[must_use]
pub fn login_somewhere(hash: &str) -> String {
    format!("signing this also signs you in somewhere: the hash of where is {hash}")
}

/// The site of a passkey.
#[must_use]
pub fn rp_id(hash: &str) -> String {
    format!("the session key is a passkey of the site whose name has the SHA-256 {hash}, and is good there alone")
}

/// Relaying.
#[must_use]
pub fn relayer(relayer: &str) -> String {
    format!("operations may be sent by {relayer} alone")
}

/// Relaying by anyone.
pub const RELAYER_ANY: &str = "operations may be sent by anyone; only the session key can make them";

/// Relaying that is still open.
pub const RELAYER_OPEN: &str = "who may send operations is not filled in yet";

/// The ways to the account.
#[must_use]
pub fn routes(names: &[&str]) -> String {
    format!("operations reach the account {}", either(names))
}

/// Ways that are still open.
pub const ROUTES_OPEN: &str = "how operations reach the account is not filled in yet";

/// The ways, by their bits.
pub const ROUTES: [(u8, &str); 3] = [
    (1, "by a call straight to it"),
    (2, "through the ERC-4337 EntryPoint 0.7"),
    (4, "through the ERC-4337 EntryPoint 0.8"),
];

fn either(all: &[&str]) -> String {
    match all {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [head @ .., last] => format!("{} or {last}", head.join(", ")),
    }
}

/// Who may pay at an EntryPoint.
#[must_use]
pub fn paymaster(paymaster: &str) -> String {
    format!("paymaster {paymaster} may pay the gas of an operation through an EntryPoint")
}

/// Nobody may pay at an EntryPoint.
pub const NO_PAYMASTER: &str = "no paymaster may pay the gas of an operation through an EntryPoint";

/// No bound on gas or fees is there yet.
pub const GAS_OPEN: &str = "bounds on gas and on fees are not filled in yet";

/// No fee.
pub const NO_FEE: &str = "whoever sends an operation pays its gas; your account pays none";

/// A fee.
#[must_use]
pub fn fee(per_op: &str, cap: &str) -> String {
    format!("your account repays at most {per_op} for an operation and {cap} in all")
}

/// A further relayer.
#[must_use]
pub fn further_relayer(relayer: &str) -> String {
    format!("or by {relayer}")
}

/// Gas units.
#[must_use]
pub fn gas_units(units: &str) -> String {
    format!("this server sends no operation whose calls take more than {units} units of gas")
}

/// Nothing is left to the signer.
pub const CHAIN_CHECKS_ALL: &str = "nothing of the rules above: the chain checks them all";

/// The same, where a contract is still to be filled in.
pub const BACKEND_OPEN: &str = "nothing of the rules for calls, once a contract enforces them; it is not filled in yet, and without one everything rests on the signer";

/// Everything is left to the signer.
pub const SIGNER_ALL: &str =
    "everything: no contract enforces any of it, so whoever holds the session key could act past all of it";

/// What is left to the signer.
pub const SIGNER_GAS: &str = "the bound on gas units";

/// Rules that are left to the signer.
#[must_use]
pub fn signer_rules(numbers: &[usize]) -> String {
    let them = if numbers.len() == 1 { "it" } else { "them" };
    format!(
        "{}: no chain sees what is done under {them}, so whoever holds the session key could act past {them}",
        rules(numbers)
    )
}

/// `rule 1`, or `rules 1, 2 and 3`.
fn rules(numbers: &[usize]) -> String {
    let all: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    match all.as_slice() {
        [one] => format!("rule {one}"),
        [head @ .., last] => format!("rules {} and {last}", head.join(", ")),
        [] => String::new(),
    }
}

/// Requirements are left to the signer.
pub const SIGNER_REQUIRES: &str = "what must be true before each action";

/// A call to a token without recipient bound.
#[must_use]
pub fn no_recipient(number: usize) -> String {
    format!("rule {number} does not bind who receives the tokens")
}

/// A token function that no cap counts.
#[must_use]
pub fn unmetered(number: usize) -> String {
    format!("rule {number} may move or approve tokens, and no cap counts it")
}

/// A token function that a cap on whatever number counts.
#[must_use]
pub fn by_custom(number: usize) -> String {
    format!(
        "rule {number} moves or approves tokens; its cap counts the number that the call names, whoever's tokens they are"
    )
}

/// A function of a token that has a cap, which does not count it.
#[must_use]
pub fn beside_cap(number: usize) -> String {
    format!("rule {number} acts on a token that has a cap of its own, and that cap does not count it")
}

/// A function of a token, which is none of those that are known.
#[must_use]
pub fn uncounted_on_token(number: usize, token: &str) -> String {
    format!(
        "rule {number} calls the token {token} with a function that no cap of the token counts and that is not known to be harmless"
    )
}

/// A function that has the selector of a listed one.
#[must_use]
pub fn other_function(number: usize, listed: &str) -> String {
    format!(
        "rule {number} would run {listed}: by this server's lists that is the function of the contract with this selector"
    )
}

/// A function that the lists do not have.
#[must_use]
pub fn unknown_function(number: usize) -> String {
    format!("rule {number}: this server's lists know the contract, but not this function")
}

/// `setApprovalForAll`.
#[must_use]
pub fn approval_for_all(number: usize) -> String {
    format!(
        "rule {number} can hand every token of a collection, or all that the account has in the contract, to somebody else"
    )
}

/// `approve`.
#[must_use]
pub fn approval(number: usize) -> String {
    format!("rule {number} lets a contract take tokens later, even after the pass has ended")
}

/// `approve` up to more than any amount that means anything.
#[must_use]
pub fn unlimited(number: usize) -> String {
    format!("rule {number} may approve without any limit that matters")
}

/// An allowance of 0, which ERC-721 would misread.
#[must_use]
pub fn id_zero(number: usize) -> String {
    format!(
        "rule {number} takes an allowance back to 0; if the contract is a collection of single tokens (ERC-721), it hands over the one with the number 0 instead"
    )
}

/// A token meter that ERC-721 would misread.
#[must_use]
pub fn ids(number: usize) -> String {
    format!(
        "rule {number} counts amounts of an ERC-20 token; if the contract is a collection of single tokens (ERC-721), it counts their numbers instead"
    )
}

/// A signature that somebody else can use later.
#[must_use]
pub fn lasting(numbers: &[usize]) -> String {
    format!(
        "a message signed under {} stays good as long as its receiver takes it, even after the pass has ended",
        rules(numbers)
    )
}

/// Names come from lists.
#[must_use]
pub fn lists(hash: &str) -> String {
    format!("names that are not in quotation marks are from this server's own lists ({hash})")
}

/// No label source.
#[must_use]
pub fn unknown_contract(target: &str) -> String {
    format!("no list of this server knows contract {target}")
}

/// No label source for a contract on another chain.
#[must_use]
pub fn unknown_contract_on(target: &str, chain: &str) -> String {
    format!("no list of this server knows contract {target} on chain {chain}")
}

/// No label source can tell, without a chain.
#[must_use]
pub fn unknown_contract_anywhere(target: &str) -> String {
    format!("no list of this server can tell which contract {target} is, since the domain names no chain that there is")
}

/// The enforcing contract is in no list.
#[must_use]
pub fn unknown_backend(backend: &str) -> String {
    format!("no list of this server knows the contract that enforces the pass, {backend}")
}

/// The contract of a domain.
#[must_use]
pub fn verifying(contract: &str) -> String {
    format!("the contract of the domain is {contract}")
}

/// A domain without a chain.
#[must_use]
pub fn every_chain(number: usize) -> String {
    format!("the domain of rule {number} names no chain: what is signed under it is good on every chain")
}

/// A domain without a contract.
#[must_use]
pub fn any_contract(number: usize) -> String {
    format!("the domain of rule {number} names no contract: what is signed under it is good for whoever takes it")
}

/// A domain of another chain.
#[must_use]
pub fn other_chain(number: usize, chain: &str) -> String {
    format!("the domain of rule {number} is of chain {chain}, another than that of the pass")
}

/// A long life.
pub const LONG: &str = "it lasts longer than a week";

/// No cap at all.
#[must_use]
pub fn uncounted(number: usize) -> String {
    format!("nothing limits how often rule {number} is used")
}

/// No enforcing contract.
pub const SIGNER_ONLY: &str = "no contract enforces it: everything rests on the signer";

/// What happens to a pass when an account leaves and comes back.
pub const REDELEGATED: &str =
    "if the account is delegated to another contract and back (EIP-7702), a pass that was not ended is good again";

/// A key that this server does not hold.
pub const OUTSIDE: &str = "the session key is not in this server's vault: whoever holds it can act past this server, and only the \
chain stops it once the pass is ended";

/// A stolen key, where no contract enforces anything.
pub const STOLEN_UNENFORCED: &str = "whoever steals the session key can do with it whatever the key can, past everything above, and ending \
the pass does not stop them";

/// A stolen key, and calls.
pub const STOLEN_CALLS: &str = "whoever steals the session key can make every call that is allowed above, within the caps, and no other call \
of the account, until the pass is ended";

/// A stolen key, where there are no calls.
pub const STOLEN_NO_CALLS: &str = "whoever steals the session key can make no call of the account";

/// A stolen key, where the contract is still to be filled in.
pub const STOLEN_OPEN: &str = "the contract that enforces it is not filled in yet; without one, whoever steals the session key is bound by nothing";

/// A stolen key, and what no chain sees.
#[must_use]
pub fn stolen_past(numbers: &[usize]) -> String {
    format!(
        "whoever steals the session key can sign any message and do anything in any app that the key is good for, past {} too, and ending \
the pass does not stop them",
        rules(numbers)
    )
}

/// A stolen key, and requirements.
pub const STOLEN_REQUIRES: &str =
    "whoever steals the session key is not asked for what must be true before each action: only the signer asks";

/// A stolen key, and gas.
pub const STOLEN_GAS: &str =
    "whoever steals the session key is not held to the bound on gas units: only the signer holds to it";
