//! Token lists (<https://tokenlists.org>, Uniswap's `tokenlist.schema.json`).

use super::source::{Place, Read, parse};
use super::{Contract, Entries, Token};
use std::collections::BTreeMap;

/// Reads a token list: `tokens[]`, each with `chainId`, `address`, `name`, `symbol` and `decimals`. All else is left out.
///
/// # Errors
/// [`SourceError`](super::SourceError) with the path of the first entry that does not fit.
pub fn read(text: &str) -> Read<Entries> {
    entries(&Place::top(&parse(text)?))
}

pub(super) fn entries(top: &Place<'_>) -> Read<Entries> {
    top.need("name")?.text()?;
    let mut entries = Entries::new();
    for token in top.need("tokens")?.list()? {
        let contract = Contract {
            name: token.need("name")?.name()?,
            token: Some(Token {
                symbol: token.need("symbol")?.symbol()?,
                decimals: token.need("decimals")?.decimals()?,
            }),
            functions: BTreeMap::new(),
        };
        token.enter(&mut entries, token.contract()?, contract)?;
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::address;
    use hallpass_types::ChainId;

    const USDC: &str = r#"{"chainId": 8453, "address": "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", "name": "USD Coin",
        "symbol": "USDC", "decimals": 6, "logoURI": "https://x.example/\u202e.png", "tags": ["stable"], "extensions": null}"#;
    const WETH: &str = r#"{"chainId": 1, "address": "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2", "name": "Wrapped Ether",
        "symbol": "WETH", "decimals": 18}"#;

    fn list(tokens: &[&str]) -> String {
        format!(
            r#"{{"name": "Ours", "version": {{"major": 1, "minor": 0, "patch": 0}}, "tokens": [{}]}}"#,
            tokens.join(", ")
        )
    }

    fn error(tokens: &[&str]) -> String {
        read(&list(tokens)).unwrap_err().to_string()
    }

    #[test]
    fn tokens_are_read_with_their_chain() {
        let entries = read(&list(&[USDC, WETH])).unwrap();
        let at = (ChainId::new(8453).unwrap(), address!("833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"));
        let token = Some(Token { symbol: "USDC".into(), decimals: 6 });
        assert_eq!(entries[&at], Contract { name: "USD Coin".into(), token, functions: BTreeMap::new() });
        assert_eq!(entries.len(), 2);
        assert_eq!(read(&list(&[USDC, USDC])).unwrap().len(), 1, "the same twice is the same");
        assert!(read(&list(&[])).unwrap().is_empty());
    }

    #[test]
    fn a_bad_entry_is_an_error_that_says_where() {
        let cases = [
            (r#""USDC""#, r#""US\u202eDC""#, "tokens[1].symbol: expected 1 to 32 letters"),
            (r#""USDC""#, r#""USDC is \"safe\"""#, "tokens[1].symbol: expected 1 to 32 letters"),
            (r#""USDC""#, r#""""#, "tokens[1].symbol: expected 1 to 32 letters"),
            (r#""USDC""#, r#""012345678901234567890123456789012""#, "tokens[1].symbol: expected 1 to 32 letters"),
            (r#""USD Coin""#, r#"" ""#, "tokens[1].name: expected 1 to 128 letters"),
            (r#""USD Coin""#, r#""USD\u200bCoin""#, "tokens[1].name: expected 1 to 128 letters"),
            (r#""USD Coin""#, "7", "tokens[1].name: expected a string, found 7"),
            (": 6", ": 78", "tokens[1].decimals: expected a whole number from 0 to 77, found 78"),
            (": 6", ": 6.5", "tokens[1].decimals: expected a whole number from 0 to 77, found 6.5"),
            (": 6", r#": "6""#, "tokens[1].decimals: expected a whole number from 0 to 77, found \"6\""),
            ("8453", "0", "tokens[1].chainId: expected a chain's number, which is never 0, found 0"),
            ("8453", "-1", "tokens[1].chainId: expected a chain's number, which is never 0, found -1"),
            ("0x8335", "0x8336", "tokens[1].address: expected an address (the address's EIP-55 checksum is wrong"),
            (r#""chainId""#, r#""chain""#, "tokens[1].chainId: is missing"),
            (r#""decimals": 6"#, r#""decimals": null"#, "tokens[1].decimals: is missing"),
        ];
        for (from, to, says) in cases {
            let bad = USDC.replacen(from, to, 1);
            assert_ne!(bad, USDC, "{from}");
            assert!(error(&[WETH, &bad]).starts_with(says), "{}", error(&[WETH, &bad]));
        }
        assert!(!error(&[&USDC.replace("\"USDC\"", r#""\u202e""#)]).contains('\u{202e}'), "errors are harmless too");
    }

    #[test]
    fn what_says_two_things_of_one_token_is_refused() {
        let other = USDC.replace(": 6", ": 18");
        let says = "tokens[1]: says something else of eip155:8453:0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913 than an entry before it";
        assert_eq!(error(&[USDC, &other]), says);
        let twice = USDC.replace("\"decimals\"", "\"symbol\": \"USDT\", \"decimals\"");
        assert!(error(&[&twice]).contains("`symbol` stands twice"), "{}", error(&[&twice]));
    }

    #[test]
    fn what_is_no_token_list_is_refused() {
        for (text, says) in [
            ("[]", "the whole file: expected an object, found a list"),
            ("{}", "name: is missing"),
            (r#"{"name": "x"}"#, "tokens: is missing"),
            (r#"{"name": "x", "tokens": {}}"#, "tokens: expected a list, found an object"),
            (r#"{"name": "x", "tokens": [7]}"#, "tokens[0]: expected an object, found 7"),
        ] {
            assert_eq!(read(text).unwrap_err().to_string(), says);
        }
        assert!(matches!(read("{"), Err(super::super::SourceError::Json(_))));
        assert!(matches!(read(&"[".repeat(100_000)), Err(super::super::SourceError::Json(_))));
        let large = " ".repeat(super::super::source::MAX_BYTES + 1);
        assert_eq!(read(&large), Err(super::super::SourceError::TooLarge));
    }
}
