//! RFC 3339 date and time, kept as it was written.

use core::{cmp::Ordering, fmt};
use hallpass_types::UnixSeconds;
use jiff::Span;
use jiff::civil::Date;

const DAY: i64 = 86_400;

/// A `date-time` of RFC 3339, section 5.6: its text, and the moment that it means.
///
/// Every `date-time` of the RFC reads: any number of digits of a second's fraction, any offset below a day, and a leap second
/// where section 5.7 has one, at the end of June or December in UTC. A leap second is the same moment as the midnight after
/// it, as in Unix time. The year 0000 is there, as in the RFC's grammar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateTime {
    text: String,
    /// The second in which it lies, in Unix seconds; before 1970 below zero.
    second: i64,
    /// Whether it lies after the start of that second.
    after: bool,
}

impl DateTime {
    /// Reads a `date-time`; `None` for anything else, dates that no calendar has included.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (second, after) = moment(text.as_bytes())?;
        Some(Self { text: text.to_owned(), second, after })
    }

    /// The whole second, written in UTC (`2026-11-21T10:00:00Z`); `None` past the year 9999.
    #[must_use]
    pub fn from_unix(at: UnixSeconds) -> Option<Self> {
        let second = i64::try_from(at.get()).ok()?;
        let date = date(second.div_euclid(DAY))?;
        let rest = second.rem_euclid(DAY);
        let (hour, minute, sec) = (rest / 3600, rest / 60 % 60, rest % 60);
        let text = format!("{date}T{hour:02}:{minute:02}:{sec:02}Z");
        Some(Self { text, second, after: false })
    }

    /// The text, as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The second in which it lies; `None` before 1970.
    #[must_use]
    pub fn unix(&self) -> Option<UnixSeconds> {
        u64::try_from(self.second).ok().and_then(UnixSeconds::new)
    }

    /// Whether this moment is before, at or after the start of the second `other`.
    #[must_use]
    pub fn cmp_unix(&self, other: UnixSeconds) -> Ordering {
        // Both are far inside an i64: a year has four digits, and a `UnixSeconds` 48 bits.
        let other = i64::try_from(other.get()).unwrap_or(i64::MAX);
        self.second.cmp(&other).then(if self.after { Ordering::Greater } else { Ordering::Equal })
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The Unix second in which a `date-time` lies, and whether it lies after that second's start.
fn moment(text: &[u8]) -> Option<(i64, bool)> {
    let (head, tail) = text.split_at_checked(19)?;
    let [y @ .., b'-', m0, m1, b'-', d0, d1, b'T' | b't', h0, h1, b':', i0, i1, b':', s0, s1] = head else {
        return None;
    };
    let (year, month, day) = (number(y)?, number(&[*m0, *m1])?, number(&[*d0, *d1])?);
    let (hour, minute, second) = (number(&[*h0, *h1])?, number(&[*i0, *i1])?, number(&[*s0, *s1])?);
    let days = days(year, month, day)?;
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (fraction, zone) = match tail.strip_prefix(b".") {
        None => (&[][..], tail),
        Some(rest) => match rest.split_at_checked(rest.iter().take_while(|b| b.is_ascii_digit()).count())? {
            ([], _) => return None,
            split => split,
        },
    };
    let at = days * DAY + hour * 3600 + minute * 60 + second - offset(zone)?;
    if second == 60 && !leap_may_end_before(at) {
        return None;
    }
    Some((at, fraction.iter().any(|b| *b != b'0')))
}

/// Whether the second before `at`, a midnight in UTC, may have been a leap second: the last of June or of December.
fn leap_may_end_before(at: i64) -> bool {
    let first = |date: Date| matches!((date.month(), date.day()), (1 | 7, 1));
    // The midnight after the last day that is counted is one.
    at.rem_euclid(DAY) == 0 && date(at.div_euclid(DAY)).is_none_or(first)
}

/// `"Z" / ("+" / "-") time-hour ":" time-minute`, in seconds east.
fn offset(text: &[u8]) -> Option<i64> {
    match text {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] => {
            let (hours, minutes) = (number(&[*h0, *h1])?, number(&[*m0, *m1])?);
            let east = if *sign == b'+' { 1 } else { -1 };
            (hours < 24 && minutes < 60).then_some(east * (hours * 3600 + minutes * 60))
        }
        _ => None,
    }
}

/// ASCII digits alone; at most four are ever given.
fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
}

/// Days from 1970-01-01 to a date; `None` for one that no calendar has.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let date = Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok()?;
    Some(EPOCH.until(date).ok()?.get_days().into())
}

/// The date that lies `days` after 1970-01-01; `None` past the year 9999.
fn date(days: i64) -> Option<Date> {
    EPOCH.checked_add(Span::new().try_days(days).ok()?).ok()
}

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unix(seconds: u64) -> UnixSeconds {
        UnixSeconds::new(seconds).unwrap()
    }

    #[test]
    fn a_moment_lies_in_a_second_from_1970_on() {
        let second = |text: &str| DateTime::parse(text).unwrap().unix();
        assert_eq!(second("1970-01-01T00:00:01.9Z"), Some(unix(1)));
        assert_eq!(second("1969-12-31T23:59:59Z"), None);
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
        assert_eq!(DateTime::from_unix(unix(253_402_300_799)).unwrap().to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(DateTime::from_unix(unix(253_402_300_800)), None);
        assert_eq!(DateTime::from_unix(unix((1 << 48) - 1)), None);
    }

    #[test]
    fn a_fraction_counts() {
        let time = DateTime::parse("2026-11-21T10:00:00.000000001Z").unwrap();
        assert_eq!(time.cmp_unix(unix(1_795_255_200)), Ordering::Greater);
        assert_eq!(time.cmp_unix(unix(1_795_255_201)), Ordering::Less);
        let finer = DateTime::parse("2026-11-21T10:00:00.00000000000000000000000000000001Z").unwrap();
        assert_eq!(finer.cmp_unix(unix(1_795_255_200)), Ordering::Greater);
        assert_eq!(finer.cmp_unix(unix(1_795_255_201)), Ordering::Less);
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
            "2016-12-31T23:59:61Z",
            "2016-12-31T22:59:60Z",
            "2016-12-31T23:59:60+01:00",
            "2016-09-30T23:59:60Z",
            "1900-02-29T00:00:00Z",
            "2026-00-10T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-11-21T10:60:00Z",
            "2026-11-21T1:00:00Z",
            "2026-11-21T10:00:00-2:00",
            "2026-11-21T10:00:00\u{2212}02:00",
            "20261121T100000Z",
            "+002026-11-21T10:00:00Z",
            "2026-11-21T10:00:00.5",
            "2026-W47-6T10:00:00Z",
            "\u{0662}026-11-21T10:00:00Z",
        ] {
            assert_eq!(DateTime::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_leap_second_is_the_midnight_after_it() {
        for (text, at) in [
            ("2016-12-31T23:59:60Z", 1_483_228_800),
            ("2016-12-31T23:59:60.0Z", 1_483_228_800),
            ("1990-12-31T15:59:60-08:00", 662_688_000),
            ("2017-01-01T05:29:60+05:30", 1_483_228_800),
            ("2015-06-30T23:59:60Z", 1_435_708_800),
        ] {
            assert_eq!(DateTime::parse(text).unwrap().cmp_unix(unix(at)), Ordering::Equal, "{text}");
        }
        assert_eq!(DateTime::parse("2016-12-31T23:59:60.9Z").unwrap().cmp_unix(unix(1_483_228_800)), Ordering::Greater);
    }

    #[test]
    fn the_edges_of_four_digits_are_moments_too() {
        for text in ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59"] {
            assert_eq!(DateTime::parse(text).unwrap().cmp_unix(unix(253_402_300_798)), Ordering::Greater, "{text}");
        }
        for text in ["0000-01-01T00:00:00Z", "0000-01-01T00:00:00+23:59", "1969-12-31T23:59:59Z"] {
            assert_eq!(DateTime::parse(text).unwrap().cmp_unix(unix(0)), Ordering::Less, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_calendar_is_that_of_another_library(
            year in 0..9999_i64, month in 0..14_i64, day in 0..33_i64, time in 0..86_400_i64, offset in -1439..1440_i64,
        ) {
            let sign = if offset < 0 { '-' } else { '+' };
            let (h, m, s) = (time / 3600, time / 60 % 60, time % 60);
            let (oh, om) = (offset.abs() / 60, offset.abs() % 60);
            let text = format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}{sign}{oh:02}:{om:02}");
            let ours = DateTime::parse(&text).map(|t| t.second);
            let theirs = text.parse::<jiff::Timestamp>().ok().map(|t| t.as_second());
            prop_assert_eq!(ours, theirs, "{}", text);
        }

        #[test]
        fn every_second_prints_as_that_library_prints_it(second in 0..253_402_207_200_u64) {
            let theirs = jiff::Timestamp::from_second(i64::try_from(second).unwrap()).unwrap().to_string();
            let ours = DateTime::from_unix(unix(second)).unwrap();
            prop_assert_eq!(ours.as_str(), &theirs);
            prop_assert_eq!(DateTime::parse(&theirs), Some(ours));
        }
    }
}
