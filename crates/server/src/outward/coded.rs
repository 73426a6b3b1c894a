//! Encodings of texts, undone: percent signs (RFC 3986), base64 (RFC 4648, both alphabets), hex.

use alloy_primitives::hex;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine, GeneralPurpose, GeneralPurposeConfig};
use std::borrow::Cow;

/// Shorter runs of hex digits or base64 hold nothing that is looked for.
const LEAST: usize = 24;

/// Whatever can be read, a run cut out of a longer one too.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What a text says when it is decoded, in each way in which it can be.
pub(super) fn decoded(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    if let Cow::Owned(bytes) = Cow::from(percent_encoding::percent_decode_str(text)) {
        all.push(lossy(&bytes));
    }
    for run in runs(text, |b| b.is_ascii_hexdigit()) {
        // An odd digit before it may be the 0 of something else.
        all.extend([run, run.get(1..).unwrap_or_default()].map(|run| lossy(&from_hex(run))));
    }
    for run in runs(text, |b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_')) {
        // Letters or a slash may stand before it, so it may begin at each of four places.
        all.extend((0..4).filter_map(|skip| run.get(skip..)).map(|run| lossy(&from_base64(run))));
    }
    all
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn runs(text: &str, is_part: impl Fn(u8) -> bool) -> impl Iterator<Item = &[u8]> {
    text.as_bytes().split(move |b| !is_part(*b)).filter(|run| run.len() >= LEAST)
}

fn from_hex(run: &[u8]) -> Vec<u8> {
    let whole = run.get(..run.len() - run.len() % 2).unwrap_or_default();
    hex::decode(whole).unwrap_or_default()
}

fn from_base64(run: &[u8]) -> Vec<u8> {
    let standard = |b: &u8| match b {
        b'-' => b'+',
        b'_' => b'/',
        other => *other,
    };
    // One digit over is less than a byte.
    let whole = if run.len() % 4 == 1 { run.len() - 1 } else { run.len() };
    let digits: Vec<u8> = run.iter().take(whole).map(standard).collect();
    LENIENT.decode(digits).unwrap_or_default()
}
