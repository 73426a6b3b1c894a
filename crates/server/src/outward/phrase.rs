//! The words of a wallet (BIP-39), in English.

use bip0039::{English, Language, Mnemonic};

/// How many words a phrase has.
const LENGTHS: [usize; 5] = [12, 15, 18, 21, 24];

/// Whether so many words of the list stand in a row, whatever is between them, that their checksum holds.
///
/// Of words that were not drawn as a phrase, one row in sixteen passes the checksum of twelve.
pub(super) fn is_in(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let mut row: Vec<&str> = Vec::new();
    for word in words {
        if English::index_of(word).is_none() {
            row.clear();
            continue;
        }
        row.push(word);
        let ends_one = |length: &usize| {
            let from = row.len().checked_sub(*length).and_then(|start| row.get(start..));
            from.is_some_and(|phrase| Mnemonic::<English>::validate(phrase.join(" ")).is_ok())
        };
        if LENGTHS.iter().any(ends_one) {
            return true;
        }
    }
    false
}
