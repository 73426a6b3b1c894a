//! ERC-7730 clear-signing descriptors, versions 1 and 2: what a contract and its functions are called.
//!
//! Nothing is fetched: a descriptor that points elsewhere for what is read here is refused. How values are formatted is
//! left out, for words show values as they are signed. A descriptor of EIP-712 messages has no entries: the names in a
//! message are signed themselves.

use super::source::{HARMLESS_NAME, MAX_NAME, Place, Read, SourceError, is_harmless, parse};
use super::{Contract, Entries, Token, abi, display};
use std::collections::BTreeMap;

/// Reads a descriptor. `name` is what the operator calls the contract, instead of what the descriptor does.
///
/// # Errors
/// [`SourceError`] with the path of the first member that does not fit.
pub fn read(text: &str, name: Option<&str>) -> Read<Entries> {
    entries(&Place::top(&parse(text)?), name)
}

pub(super) fn entries(top: &Place<'_>, given: Option<&str>) -> Read<Entries> {
    if let Some(includes) = top.member("includes")? {
        return Err(
            includes.bad("another file is not fetched: put what it holds into this one, and take this line out")
        );
    }
    let context = top.need("context")?;
    let Some(contract) = context.member("contract")? else {
        return match context.member("eip712")? {
            Some(_) => Ok(Entries::new()),
            None => Err(context.bad("has neither `contract` nor `eip712`")),
        };
    };
    let mut functions = match contract.member("abi")? {
        None => BTreeMap::new(),
        Some(abi) if abi.is_text() => {
            return Err(abi.bad(
                "a URL is not fetched: put the ABI itself here, or take this line out where `display.formats` has whole signatures",
            ));
        }
        Some(abi) => abi::functions(&abi)?,
    };
    display::formats(top, &mut functions)?;
    let metadata = top.member("metadata")?;
    let token = metadata.as_ref().map(|m| m.member("token")).transpose()?.flatten();
    let name = match (given, &token) {
        (Some(given), _) if is_harmless(given, MAX_NAME) => given.to_owned(),
        (Some(_), _) => {
            return Err(SourceError::Bad { at: "name".to_owned(), says: format!("expected {HARMLESS_NAME}") });
        }
        (None, Some(token)) => token.need("name")?.name()?,
        (None, None) => name(&context, metadata.as_ref())?,
    };
    let token = match token {
        None => None,
        Some(t) => Some(Token { symbol: t.need("ticker")?.symbol()?, decimals: t.need("decimals")?.decimals()? }),
    };
    let deployments = contract.need("deployments")?;
    let mut entries = Entries::new();
    for deployment in deployments.list()? {
        let contract = Contract { name: name.clone(), token: token.clone(), functions: functions.clone() };
        deployment.enter(&mut entries, deployment.contract()?, contract)?;
    }
    if entries.is_empty() {
        return Err(deployments.bad("names no contract"));
    }
    Ok(entries)
}

/// The owner's name and the contract's, as far as they are there.
fn name(context: &Place<'_>, metadata: Option<&Place<'_>>) -> Read<String> {
    let of = |key: &str| metadata.map(|m| m.member(key)).transpose().map(Option::flatten);
    let owner = of("owner")?.map(|p| p.name()).transpose()?;
    let contract = match of("contractName")? {
        None => context.member("$id")?,
        found => found,
    };
    let contract = contract.map(|p| p.name()).transpose()?;
    let name = match (owner, contract) {
        (None, None) => {
            return Err(
                context.bad("nothing names the contract: no `metadata.owner`, no `metadata.contractName`, no `$id`")
            );
        }
        (Some(one), None) | (None, Some(one)) => one,
        (Some(owner), Some(contract)) if contract.starts_with(&owner) => contract,
        (Some(owner), Some(contract)) => format!("{owner} {contract}"),
    };
    if is_harmless(&name, MAX_NAME) {
        Ok(name)
    } else {
        Err(context.bad("owner and contract name together are longer than 128 characters"))
    }
}

#[cfg(test)]
#[path = "erc7730_tests.rs"]
mod tests;
