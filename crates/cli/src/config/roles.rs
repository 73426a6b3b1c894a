//! What of the configuration is about roles.

use crate::error::CliError;
use alloy_primitives::{Address, U256};
use hallpass_server::roles::{Rule, Source, Token};
use hallpass_types::AccountId;
use serde::{Deserialize, Serialize};

/// A `[[roles]]` table: either `accounts`, or `token`, `standard` and what belongs to them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleEntry {
    /// The role.
    pub name: String,
    /// Who has it, CAIP-10.
    pub accounts: Option<Vec<String>>,
    /// The contract of a token that its holders have it by.
    pub token: Option<String>,
    /// `erc20`, `erc721` or `erc1155`.
    pub standard: Option<String>,
    /// The kind, for ERC-1155; a decimal text.
    pub id: Option<String>,
    /// How much of it, in smallest units; a decimal text, 1 where absent.
    pub at_least: Option<String>,
}

/// Most tables, each of which may be a question to the node.
const MOST: usize = 32;

/// Reads them.
pub fn read(listed: &[RoleEntry]) -> Result<Vec<Rule>, CliError> {
    if listed.len() > MOST {
        return Err(CliError::input("bad_config", format!("there are at most {MOST} `[[roles]]` tables")));
    }
    listed.iter().map(rule).collect()
}

fn rule(entry: &RoleEntry) -> Result<Rule, CliError> {
    let bad = |says: &str| {
        let hint = "either `accounts`, or `token` and `standard` (`erc20`, `erc721`, `erc1155` with `id`)";
        CliError::input("bad_config", format!("the role `{}`: {says}", entry.name)).hint(hint)
    };
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
    if entry.name.is_empty() || entry.name.len() > 64 || !entry.name.bytes().all(plain) {
        return Err(bad("a name is 1 to 64 lower-case letters, digits, `-` or `_`"));
    }
    let source = match (&entry.accounts, &entry.token) {
        (Some(accounts), None) if entry.standard.is_none() && entry.id.is_none() && entry.at_least.is_none() => {
            let read = |text: &String| text.parse::<AccountId>().map_err(|e| bad(&format!("`{text}`: {e}")));
            Source::Listed(accounts.iter().map(read).collect::<Result<_, _>>()?)
        }
        (None, Some(token)) => holds(entry, token, &bad)?,
        _ => return Err(bad("it needs one source")),
    };
    Ok(Rule { role: entry.name.clone(), source })
}

fn holds(entry: &RoleEntry, token: &str, bad: &dyn Fn(&str) -> CliError) -> Result<Source, CliError> {
    let contract =
        Address::parse_checksummed(token, None).map_err(|_| bad("`token` is no address with its checksum"))?;
    let number = |name: &str, text: &str| {
        let one_spelling = text == "0" || !text.starts_with('0');
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let read = U256::from_str_radix(text, 10).ok().filter(|_| digits && one_spelling);
        read.ok_or_else(|| bad(&format!("`{name}` is a decimal text below 2^256")))
    };
    let id = entry.id.as_deref().map(|text| number("id", text)).transpose()?;
    let token = match (entry.standard.as_deref(), id) {
        (Some("erc20"), None) => Token::Erc20(contract),
        (Some("erc721"), None) => Token::Erc721(contract),
        (Some("erc1155"), Some(id)) => Token::Erc1155(contract, id),
        _ => return Err(bad("`standard` and `id` do not fit")),
    };
    let at_least = entry.at_least.as_deref().map_or(Ok(U256::from(1)), |text| number("at_least", text))?;
    if at_least.is_zero() {
        return Err(bad("`at_least` is at least 1: everybody holds nothing"));
    }
    Ok(Source::Holds { token, at_least })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

    fn one(text: &str) -> Result<Rule, String> {
        let entry: RoleEntry = toml::from_str(text).unwrap();
        read(&[entry]).map(|mut all| all.remove(0)).map_err(|e| format!("{e:?}"))
    }

    #[test]
    fn each_source_is_read() {
        let holds = |token, at_least: u64| Source::Holds { token, at_least: U256::from(at_least) };
        let contract: Address = TOKEN.parse().unwrap();
        for (text, source) in [
            ("standard = \"erc20\"\nat_least = \"25\"", holds(Token::Erc20(contract), 25)),
            ("standard = \"erc721\"", holds(Token::Erc721(contract), 1)),
            ("standard = \"erc1155\"\nid = \"0\"", holds(Token::Erc1155(contract, U256::ZERO), 1)),
        ] {
            let rule = one(&format!("name = \"member\"\ntoken = \"{TOKEN}\"\n{text}")).unwrap();
            assert_eq!(rule, Rule { role: "member".to_owned(), source });
        }
        let listed = one(&format!("name = \"a\"\naccounts = [\"eip155:1:{TOKEN}\"]")).unwrap();
        assert!(matches!(listed.source, Source::Listed(all) if all.len() == 1));
    }

    #[test]
    fn what_is_not_whole_is_refused_and_nothing_is_guessed() {
        let with = |text: &str| format!("name = \"member\"\ntoken = \"{TOKEN}\"\n{text}");
        for bad in [
            "name = \"member\"".to_owned(),
            "name = \"\"\naccounts = []".to_owned(),
            "name = \"Admin\"\naccounts = []".to_owned(),
            "name = \"a\"\naccounts = [\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\"]".to_owned(),
            "name = \"a\"\naccounts = []\nat_least = \"1\"".to_owned(),
            with("accounts = []"),
            with(""),
            with("standard = \"erc721\"\nid = \"1\""),
            with("standard = \"erc1155\""),
            with("standard = \"erc777\""),
            with("standard = \"erc20\"\nat_least = \"0\""),
            with("standard = \"erc20\"\nat_least = \"01\""),
            with("standard = \"erc20\"\nat_least = \"-1\""),
            with("standard = \"erc20\"\nat_least = \"0x1\""),
            with("standard = \"erc20\"").replace("5aAeb", "5aaeb"),
        ] {
            assert!(one(&bad).is_err(), "{bad}");
        }
    }
}
