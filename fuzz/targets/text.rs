//! PROPERTY: a text that reads is a draft that both forms print and read back unchanged, that can be put in words, supposed
//! at any moment, and asked. One that does not says a place inside it.

#![no_main]

use hallpass_fuzz::{drafts, planted};
use hallpass_policy::{Draft, text};

libfuzzer_sys::fuzz_target!(|source: &str| {
    match text::parse(source) {
        Ok(draft) => {
            drafts::holds(&draft);
            limit(source, &draft);
        }
        Err(e) => {
            assert!((1..=source.matches('\n').count() + 1).contains(&e.line), "line {} of {source:?}", e.line);
            let line = source.split('\n').nth(e.line - 1).unwrap_or("");
            assert!((1..=line.chars().count() + 1).contains(&e.column), "column {} of {line:?}", e.column);
            assert!(e.to_string().contains(&e.says));
            planted(e.says.as_bytes());
        }
    }
});

/// 64 KiB read, and a byte more is refused. Not for each: it takes long.
fn limit(source: &str, draft: &Draft) {
    if !source.len().is_multiple_of(32) || !source.ends_with('\n') || source.len() > text::MAX_BYTES {
        return;
    }
    let full = source.to_owned() + &"#".repeat(text::MAX_BYTES - source.len());
    assert_eq!(text::parse(&full).as_ref(), Ok(draft), "with a comment of as much as may be");
    assert_eq!(text::parse(&(full + "#")).map_err(|e| e.code), Err("too_large"), "and with one of more");
}
