//! RFC 3339 date and time, kept as it was written.

use core::{cmp::Ordering, fmt};
use hallpass_types::UnixSeconds;
use jiff::Timestamp;

/// A `date-time` of RFC 3339, section 5.6: its text, and the moment that it means.
///
/// Stricter than the RFC in two points: at most 9 digits of a second's fraction, and no leap second (`:60`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateTime {
    text: String,
    at: Timestamp,
}

impl DateTime {
    /// Reads a `date-time`; `None` for anything else, dates that no calendar has included.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let at = has_shape(text.as_bytes()).then(|| text.parse().ok()).flatten()?;
        Some(Self { text: text.to_owned(), at })
    }

    /// The whole second, written in UTC (`2026-11-21T10:00:00Z`); `None` past the year 9999.
    #[must_use]
    pub fn from_unix(at: UnixSeconds) -> Option<Self> {
        let at = Timestamp::from_second(i64::try_from(at.get()).ok()?).ok()?;
        Some(Self { text: at.to_string(), at })
    }

    /// Whether this moment is before, at or after the start of the second `other`.
    #[must_use]
    pub fn cmp_unix(&self, other: UnixSeconds) -> Ordering {
        let other = i128::from(other.get()) * 1_000_000_000;
        self.at.as_nanosecond().cmp(&other)
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// jiff reads more of ISO 8601 than RFC 3339 has, so the shape and the small ranges are checked here; jiff then
/// checks the calendar.
fn has_shape(text: &[u8]) -> bool {
    let Some((head, tail)) = text.split_at_checked(19) else { return false };
    let plain = head.iter().zip(b"0000-00-00T00:00:00").all(|(found, shape)| match shape {
        b'0' => found.is_ascii_digit(),
        _ => found.eq_ignore_ascii_case(shape),
    });
    let leap = head.ends_with(b"60");
    let offset = match tail.strip_prefix(b".") {
        None => tail,
        Some(rest) => {
            let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            match rest.split_at_checked(digits) {
                Some((_, offset)) if (1..=9).contains(&digits) => offset,
                _ => return false,
            }
        }
    };
    plain && !leap && is_offset(offset)
}

/// `"Z" / ("+" / "-") time-hour ":" time-minute`
fn is_offset(text: &[u8]) -> bool {
    match text {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', hours @ .., b':', b'0'..=b'5', b'0'..=b'9'] => {
            matches!(hours, [b'0' | b'1', b'0'..=b'9'] | [b'2', b'0'..=b'3'])
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unix(seconds: u64) -> UnixSeconds {
        UnixSeconds::new(seconds).unwrap()
    }

    #[test]
    fn one_moment_has_many_spellings_and_each_is_kept() {
        for text in [
            "2026-11-21T10:00:00Z",
            "2026-11-21t10:00:00z",
            "2026-11-21T10:00:00.000Z",
            "2026-11-21T12:30:00+02:30",
            "2026-11-20T10:01:00-23:59",
            "2026-11-21T10:00:00-00:00",
            "2026-11-21T10:00:00.000000000+00:00",
        ] {
            let time = DateTime::parse(text).unwrap();
            assert_eq!(time.cmp_unix(unix(1_795_255_200)), Ordering::Equal, "{text}");
            assert_eq!(time.to_string(), text);
        }
        assert_eq!(DateTime::from_unix(unix(1_795_255_200)).unwrap().to_string(), "2026-11-21T10:00:00Z");
        assert_eq!(DateTime::from_unix(unix((1 << 48) - 1)), None);
    }

    #[test]
    fn a_fraction_counts() {
        let time = DateTime::parse("2026-11-21T10:00:00.000000001Z").unwrap();
        assert_eq!(time.cmp_unix(unix(1_795_255_200)), Ordering::Greater);
        assert_eq!(time.cmp_unix(unix(1_795_255_201)), Ordering::Less);
    }

    #[test]
    fn the_rest_of_iso_8601_is_refused() {
        for text in [
            "",
            "2026-11-21",
            "2026-11-21T10:00:00",
            "2026-11-21 10:00:00Z",
            "2026-11-21T10:00Z",
            "2026-11-21T10:00:00,5Z",
            "2026-11-21T10:00:00.Z",
            "2026-11-21T10:00:00.0000000001Z",
            "2026-11-21T10:00:00+02",
            "2026-11-21T10:00:00+0200",
            "2026-11-21T10:00:00+24:00",
            "2026-11-21T10:00:00+02:60",
            "2026-11-21T10:00:00+02:00:00",
            "2026-11-21T10:00:00Z ",
            "2026-11-21T10:00:00Z[UTC]",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-11-21T24:00:00Z",
            "2026-11-21T23:59:60Z",
            "20261121T100000Z",
            "+002026-11-21T10:00:00Z",
            "2026-11-21T10:00:00.5",
            "2026-W47-6T10:00:00Z",
            "\u{0662}026-11-21T10:00:00Z",
        ] {
            assert_eq!(DateTime::parse(text), None, "{text}");
        }
    }
}
