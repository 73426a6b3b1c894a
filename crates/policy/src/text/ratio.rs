//! Prices: `0.98`, `2950.5 USDC per WETH`, `* 0.98 * eth / 2`, as exact fractions.

use crate::labels::Labels;
use alloy_primitives::U256;
use std::collections::BTreeMap;

/// Named prices.
pub type Prices = BTreeMap<String, Fraction>;

/// A fraction in lowest terms, neither part zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fraction {
    /// Above the line.
    pub numerator: U256,
    /// Below the line.
    pub denominator: U256,
}

impl Fraction {
    /// One.
    pub const ONE: Self = Self { numerator: U256::ONE, denominator: U256::ONE };

    fn new(numerator: U256, denominator: U256) -> Option<Self> {
        if numerator.is_zero() || denominator.is_zero() {
            return None;
        }
        let common = numerator.gcd(denominator);
        Some(Self { numerator: numerator / common, denominator: denominator / common })
    }

    /// The product; `None` where a part would not fit 256 bits.
    #[must_use]
    pub fn times(self, other: Self) -> Option<Self> {
        // Crosswise first, so that nothing overflows that need not.
        let a = Self::new(self.numerator, other.denominator)?;
        let b = Self::new(other.numerator, self.denominator)?;
        Self::new(a.numerator.checked_mul(b.numerator)?, a.denominator.checked_mul(b.denominator)?)
    }

    const fn inverse(self) -> Self {
        Self { numerator: self.denominator, denominator: self.numerator }
    }

    /// A decimal number above 0, such as `0.98`.
    #[must_use]
    pub fn decimal(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        let shaped = !whole.is_empty() && (whole == "0" || !whole.starts_with('0')) && !text.ends_with('.');
        if !shaped || !digits(whole) || !digits(fraction) || text.len() > 80 {
            return None;
        }
        let numerator = U256::from_str_radix(&format!("{whole}{fraction}"), 10).ok()?;
        Self::new(numerator, ten(fraction.len())?)
    }
}

fn ten(power: usize) -> Option<U256> {
    U256::from(10).checked_pow(U256::from(power))
}

/// Reads `2950.5 USDC per WETH`: smallest units of the one for a smallest unit of the other.
///
/// # Errors
/// One sentence.
pub fn price(text: &str, labels: &Labels) -> Result<Fraction, String> {
    let bad = || format!("`{text}` is no price: write for example `2950.5 USDC per WETH`");
    let mut parts = text.split_whitespace();
    let (rate, quote, per, base) = (parts.next(), parts.next(), parts.next(), parts.next());
    let (Some(rate), Some(quote), Some("per"), Some(base), None) = (rate, quote, per, base, parts.next()) else {
        return Err(bad());
    };
    let decimals = |name: &str| match name {
        super::units::NATIVE_UNIT => Ok(super::units::NATIVE_DECIMALS),
        _ => labels.tokens.get(name).map(|t| t.decimals).ok_or_else(|| format!("`{name}` is not under `[tokens]`")),
    };
    let scale = Fraction::new(
        ten(usize::from(decimals(quote)?)).ok_or_else(bad)?,
        ten(usize::from(decimals(base)?)).ok_or_else(bad)?,
    );
    let rate = Fraction::decimal(rate).ok_or_else(bad)?;
    scale.and_then(|scale| rate.times(scale)).ok_or_else(|| format!("`{text}` does not fit 256 bits"))
}

/// Reads what follows the right path: nothing, or `* FACTOR` and `/ NUMBER` any number of times.
///
/// # Errors
/// One sentence.
pub fn factors(text: &str, prices: &Prices) -> Result<Fraction, String> {
    let mut product = Fraction::ONE;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (op, tail) = rest.split_at_checked(1).ok_or("expected `*` or `/`")?;
        let tail = tail.trim_start();
        let len = tail.find(|c: char| c.is_whitespace() || matches!(c, '*' | '/')).unwrap_or(tail.len());
        let word = tail.get(..len).unwrap_or("");
        let factor = Fraction::decimal(word).or_else(|| prices.get(word).copied());
        let factor =
            factor.ok_or_else(|| format!("`{word}` is neither a number above 0 nor a name under `[prices]`"))?;
        product = match op {
            "*" => product.times(factor),
            "/" => product.times(factor.inverse()),
            _ => return Err(format!("expected `*` or `/` at `{rest}`")),
        }
        .ok_or("the product does not fit 256 bits")?;
        rest = tail.get(len..).unwrap_or("").trim_start();
    }
    Ok(product)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::TokenLabel;
    use alloy_primitives::Address;

    #[test]
    fn prices_count_in_smallest_units_and_are_exact() {
        let token = |b, decimals| TokenLabel { address: Address::repeat_byte(b), decimals };
        let tokens = [("USDC".to_owned(), token(1, 6)), ("WETH".to_owned(), token(2, 18))].into();
        let labels = Labels { tokens, ..Labels::default() };
        let eth = price("2950.5 USDC per WETH", &labels).unwrap();
        // 2950.5 * 10^6 / 10^18 = 5901 / 2 * 10^12
        assert_eq!(eth, Fraction { numerator: U256::from(5901), denominator: U256::from(2_000_000_000_000_u64) });
        let prices = [("eth".to_owned(), eth)].into();
        let product = factors("* 0.98 * eth/ 2", &prices).unwrap();
        let expected = Fraction::new(U256::from(5901 * 98), U256::from(400_000_000_000_000_u64)).unwrap();
        assert_eq!(product, expected);
        assert_eq!(factors("", &prices), Ok(Fraction::ONE));
        for bad in ["*", "* 0", "* -1", "+ 1", "* btc", "* 1e3", "* 1.", "1"] {
            assert!(factors(bad, &prices).is_err(), "{bad}");
        }
        for bad in ["2950.5 USDC", "2950.5 USDC per BTC", "0 USDC per WETH", "1 USDC for WETH", "1 USDC per WETH x"] {
            assert!(price(bad, &labels).is_err(), "{bad}");
        }
    }
}
