//! Encodings of texts, undone: percent signs (RFC 3986), base64 (RFC 4648, both alphabets), hex.

/// Shorter runs of hex digits or base64 hold nothing that is looked for.
const LEAST: usize = 24;

/// What a text says when it is decoded, in each way in which it can be.
pub(super) fn decoded(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    all.extend(percent(text));
    for run in runs(text, |b| b.is_ascii_hexdigit()) {
        // An odd digit before it may be the 0 of something else.
        all.push(lossy(&hex(run)));
        all.push(lossy(&hex(run.get(1..).unwrap_or_default())));
    }
    for run in runs(text, |b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_')) {
        // Letters or a slash may stand before it, so it may begin at each of four places.
        all.extend((0..4).filter_map(|skip| run.get(skip..)).map(|run| lossy(&base64(run))));
    }
    all
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn runs(text: &str, is_part: impl Fn(u8) -> bool) -> impl Iterator<Item = &[u8]> {
    text.as_bytes().split(move |b| !is_part(*b)).filter(|run| run.len() >= LEAST)
}

fn percent(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    let mut any = false;
    while let Some((first, after)) = rest.split_first() {
        let pair = after.first_chunk::<2>().filter(|_| *first == b'%');
        match pair.and_then(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)) {
            Some(byte) => {
                any = true;
                out.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    any.then(|| lossy(&out))
}

fn digit(b: u8) -> Option<u8> {
    u8::try_from(char::from(b).to_digit(16)?).ok()
}

fn hex(digits: &[u8]) -> Vec<u8> {
    let pair = |pair: &[u8; 2]| Some(digit(pair[0])? << 4 | digit(pair[1])?);
    digits.as_chunks().0.iter().map_while(pair).collect()
}

fn base64(run: &[u8]) -> Vec<u8> {
    let six = |b: u8| match b {
        b'A'..=b'Z' => Some(b - b'A'),
        b'a'..=b'z' => Some(b - b'a' + 26),
        b'0'..=b'9' => Some(b - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    };
    let mut out = Vec::with_capacity(run.len());
    let (mut bits, mut held) = (0_u32, 0_u32);
    for value in run.iter().map_while(|b| six(*b)) {
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            // Eight bits, by the mask.
            out.push((bits >> held & 0xff) as u8);
        }
    }
    out
}
