//! Amounts with units, and durations.

use crate::labels::Labels;
use alloy_primitives::U256;

/// Decimals of the native coin of any chain.
pub const NATIVE_DECIMALS: u8 = 18;
/// What the native coin is called in the text form, on any chain.
pub const NATIVE_UNIT: &str = "ETH";

/// Reads `25`, `25 USDC` or `0.05 ETH` into smallest units. Without a unit the number is whole and in smallest units.
///
/// # Errors
/// One sentence.
pub fn amount(text: &str, labels: &Labels) -> Result<U256, String> {
    let mut parts = text.split_whitespace();
    let (number, unit) = (parts.next().unwrap_or(""), parts.next());
    if parts.next().is_some() {
        return Err(format!("`{text}` is no amount"));
    }
    let decimals = match unit {
        None => 0,
        Some(NATIVE_UNIT) => NATIVE_DECIMALS,
        Some("wei") => 0,
        Some(unit) => match labels.tokens.get(unit) {
            Some(token) => token.decimals,
            None => return Err(format!("`{unit}` is no unit: it is not under `[tokens]`, and not ETH or wei")),
        },
    };
    scaled(number, decimals).ok_or_else(|| {
        if decimals == 0 {
            format!("`{number}` is no whole number below 2^256; without a unit an amount is in smallest units")
        } else {
            format!("`{number}` is no number below 2^256 with at most {decimals} decimals")
        }
    })
}

fn scaled(number: &str, decimals: u8) -> Option<U256> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let shaped = !whole.is_empty() && (whole == "0" || !whole.starts_with('0')) && digits(whole) && digits(fraction);
    if !shaped || fraction.len() > usize::from(decimals) || number.ends_with('.') {
        return None;
    }
    let zeros = usize::from(decimals) - fraction.len();
    let text = format!("{whole}{fraction}{}", "0".repeat(zeros));
    if text.len() > 90 { None } else { U256::from_str_radix(&text, 10).ok() }
}

/// Writes an amount with its decimals, exactly: `25`, `0.05`.
#[must_use]
pub fn decimal(amount: U256, decimals: u8) -> String {
    let digits = amount.to_string();
    let decimals = usize::from(decimals);
    if decimals == 0 {
        return digits;
    }
    let padded = format!("{digits:0>width$}", width = decimals + 1);
    let (whole, fraction) = padded.split_at(padded.len() - decimals);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

const DURATIONS: [(&str, u64); 5] = [("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// Reads `90s`, `30m`, `1h`, `7d`, `2w` into seconds.
///
/// # Errors
/// One sentence.
pub fn duration(text: &str) -> Result<u64, String> {
    let bad = || format!("`{text}` is no duration: write a whole number and `s`, `m`, `h`, `d` or `w`, such as `1h`");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(digits.len()..).unwrap_or("");
    let factor = DURATIONS.iter().find(|(name, _)| *name == unit).map(|(_, s)| *s).ok_or_else(bad)?;
    let canonical = !digits.is_empty() && !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
    let number: u64 = if canonical { digits.parse().map_err(|_| bad())? } else { return Err(bad()) };
    number.checked_mul(factor).ok_or_else(bad)
}

/// Writes seconds in the largest unit that divides them.
#[must_use]
pub fn print_duration(seconds: u64) -> String {
    let fits = DURATIONS.iter().find(|(_, unit)| seconds >= *unit && seconds.is_multiple_of(*unit));
    fits.map_or_else(|| format!("{seconds}s"), |(name, unit)| format!("{}{name}", seconds / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_or_refused() {
        let labels = Labels::default();
        assert_eq!(amount("0.05 ETH", &labels), Ok(U256::from(50_000_000_000_000_000_u64)));
        assert_eq!(amount("25", &labels), Ok(U256::from(25)));
        for bad in [
            "0.0000000000000000001 ETH",
            "1.5",
            "025",
            "1e3",
            "-1",
            "+1",
            "1.",
            ".5 ETH",
            "1 USDC",
            "",
            "1 ETH x",
            "1_000",
        ] {
            assert!(amount(bad, &labels).is_err(), "{bad}");
        }
        let most = U256::MAX.to_string();
        assert_eq!(amount(&most, &labels), Ok(U256::MAX));
        assert!(amount(&format!("{most}0"), &labels).is_err());
        assert_eq!(decimal(U256::from(50_000_u32), 6), "0.05");
        assert_eq!(decimal(U256::from(25_000_000_u32), 6), "25");
    }

    #[test]
    fn durations_read_back() {
        for (text, seconds) in [("1m", 60), ("90s", 90), ("1h", 3600), ("1d", 86_400), ("2w", 1_209_600)] {
            assert_eq!(duration(text), Ok(seconds));
            assert_eq!(print_duration(seconds), text);
        }
        for bad in ["1", "h", "01h", "0h", "1y", "1.5h", "1 h", "99999999999999999999h", "9999999999999999w"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
