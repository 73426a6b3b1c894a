//! What the name of an argument suggests. Names are the requester's: they make a finding likely, and never certain.

/// The words of an identifier, in lower case: `amountOutMin`, `min_dy`, `_to`.
fn words(name: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut before_lower = false;
    for c in name.chars() {
        if c == '_' || (c.is_ascii_uppercase() && before_lower) {
            out.push(String::new());
        }
        if c != '_'
            && let Some(word) = out.last_mut()
        {
            word.push(c.to_ascii_lowercase());
        }
        before_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    out.retain(|word| !word.is_empty());
    out
}

/// The least that a swap may bring.
pub fn is_minimum(name: &str) -> bool {
    words(name).iter().any(|w| w == "min" || w == "minimum")
}

/// A function that gives one thing for another at the market's price.
pub fn is_swap(function: &str) -> bool {
    let name = function.to_ascii_lowercase();
    // Uniswap's routers call some of theirs `exactInput...`.
    ["swap", "exchange", "exactinput"].iter().any(|part| name.contains(part))
}

/// Who receives something.
pub fn is_recipient(name: &str) -> bool {
    let words = words(name);
    let last = words.last().map_or("", String::as_str);
    words == ["to"] || matches!(last, "recipient" | "receiver" | "beneficiary")
}

/// Until when something is good.
pub fn is_deadline(name: &str) -> bool {
    let words = words(name);
    let pair = |a: &str, b: &str| words.windows(2).any(|w| matches!(w, [x, y] if x == a && y == b));
    words.iter().any(|w| matches!(w.as_str(), "deadline" | "expiry" | "expiration" | "expires"))
        || pair("valid", "until")
        || pair("valid", "to")
        || pair("valid", "before")
        || pair("end", "time")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_word_by_word() {
        for yes in ["min_dy", "amountOutMin", "amountOutMinimum", "minReturn", "_min", "MIN"] {
            assert!(is_minimum(yes), "{yes}");
        }
        for no in ["minter", "admin", "minute", "amount", "determine"] {
            assert!(!is_minimum(no), "{no}");
        }
        for yes in ["deadline", "sigDeadline", "expirationTime", "validUntil", "valid_to", "expiry", "endTime"] {
            assert!(is_deadline(yes), "{yes}");
        }
        for no in ["validator", "expireAll", "to", "valid", "end", "timeValid"] {
            assert!(!is_deadline(no), "{no}");
        }
        for yes in ["to", "_to", "recipient", "dstReceiver", "fee_recipient"] {
            assert!(is_recipient(yes), "{yes}");
        }
        for no in ["token", "tokenTo", "from", "receiverCount", ""] {
            assert!(!is_recipient(no), "{no}");
        }
    }
}
