//! A bucket for each key (GCRA): `n` at once, and from then on `n` a minute. Pure; memory is bounded.
//!
//! Each key has the moment at which its bucket is full again. That moment may lie at most a minute ahead, so a key that is left
//! alone for a minute is as one that was never seen. Where there are too many keys at once, none is forgotten, for that would
//! give it a full bucket: whoever comes new then shares one bucket with all others who do.

use core::hash::Hash;
use hallpass_types::UnixSeconds;
use std::collections::HashMap;

/// A minute, in the microseconds that moments are kept in.
const MINUTE: u64 = 60_000_000;

/// Buckets.
#[derive(Debug)]
pub struct Buckets<K> {
    per_minute: u64,
    most: usize,
    full_at: HashMap<K, u64>,
    /// The bucket of those that there is no room for.
    others: u64,
    swept: u64,
}

/// Nothing is left in the bucket for so many seconds, rounded up; at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Empty(pub u64);

impl<K: Hash + Eq> Buckets<K> {
    /// `per_minute` (at least 1) for each of at most `most` keys.
    #[must_use]
    pub fn new(per_minute: u32, most: usize) -> Self {
        Self { per_minute: u64::from(per_minute.max(1)), most, full_at: HashMap::new(), others: 0, swept: 0 }
    }

    /// Takes one out of a key's bucket. One that is refused costs nothing.
    ///
    /// # Errors
    /// [`Empty`].
    pub fn take(&mut self, key: K, now: UnixSeconds) -> Result<(), Empty> {
        let now = now.get().saturating_mul(1_000_000);
        if self.full_at.len() >= self.most && !self.full_at.contains_key(&key) {
            self.sweep(now);
        }
        let room = self.full_at.len() < self.most;
        // Rounded down, so that all `n` fit into the minute; by less than a microsecond each.
        let step = (MINUTE / self.per_minute).max(1);
        let (full_at, known) = match self.full_at.get_mut(&key) {
            Some(full_at) => (full_at, true),
            None => (&mut self.others, false),
        };
        // A clock that went back leaves nobody waiting for longer than a minute.
        let ahead = if known || !room { full_at.saturating_sub(now).min(MINUTE) } else { 0 };
        let after = ahead.saturating_add(step);
        if after > MINUTE {
            return Err(Empty(after.saturating_sub(MINUTE).div_ceil(1_000_000).max(1)));
        }
        let full = now.saturating_add(after);
        if known || !room {
            *full_at = full;
        } else {
            self.full_at.insert(key, full);
        }
        Ok(())
    }

    /// Forgets those whose bucket is full; once a second, since it goes through all.
    fn sweep(&mut self, now: u64) {
        if self.swept != now {
            self.swept = now;
            self.full_at.retain(|_, full_at| *full_at > now && *full_at <= now.saturating_add(MINUTE));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> UnixSeconds {
        UnixSeconds::new(seconds).unwrap()
    }

    fn taken(buckets: &mut Buckets<u32>, key: u32, now: u64) -> usize {
        (0..10_000).take_while(|_| buckets.take(key, at(now)).is_ok()).count()
    }

    #[test]
    fn a_bucket_gives_n_at_once_and_n_a_minute_after() {
        let mut buckets = Buckets::new(30, 100);
        assert_eq!(taken(&mut buckets, 1, 1000), 30);
        assert_eq!(taken(&mut buckets, 2, 1000), 30, "another key's is another");
        assert_eq!(buckets.take(1, at(1000)), Err(Empty(2)));
        assert_eq!(buckets.take(1, at(1001)), Err(Empty(1)));
        assert_eq!(taken(&mut buckets, 1, 1002), 1);
        assert_eq!(taken(&mut buckets, 1, 1012), 5);
        assert_eq!(taken(&mut buckets, 1, 1072), 30);
        assert_eq!(taken(&mut buckets, 1, 9000), 30, "and no more, however long it was left alone");
    }

    /// Whoever waits for as long as they were told gets one.
    #[test]
    fn what_is_told_is_long_enough_and_never_too_long() {
        for per_minute in [1, 7, 30, 60, 61, 100, 600, 100_000] {
            let mut buckets = Buckets::new(per_minute, 10);
            let first = taken(&mut buckets, 1, 0);
            assert_eq!(first, per_minute.min(10_000) as usize);
            let Err(Empty(wait)) = buckets.take(1, at(0)) else { continue };
            assert!((1..=60).contains(&wait), "{per_minute}");
            assert_eq!(buckets.take(1, at(wait)), Ok(()), "{per_minute}");
        }
    }

    #[test]
    fn a_key_is_not_forgotten_for_others_and_they_share_one_bucket() {
        let mut buckets = Buckets::new(10, 3);
        for key in 0..3 {
            assert_eq!(taken(&mut buckets, key, 0), 10);
        }
        let strangers = (100..10_000).filter(|key| buckets.take(*key, at(0)).is_ok()).count();
        assert_eq!(strangers, 10, "together");
        assert_eq!(taken(&mut buckets, 0, 0), 0, "still empty");
        assert_eq!(buckets.full_at.len(), 3);
        // A minute on there is room again.
        assert_eq!(taken(&mut buckets, 100, 61), 10);
        assert_eq!(taken(&mut buckets, 101, 61), 10);
        assert!(buckets.full_at.len() <= 3);
    }

    #[test]
    fn a_clock_that_goes_back_locks_nobody_out() {
        let mut buckets = Buckets::new(10, 3);
        assert_eq!(taken(&mut buckets, 1, 1_000_000), 10);
        assert_eq!(taken(&mut buckets, 1, 10), 0);
        assert!(buckets.take(1, at(70)).is_err(), "the moment that was kept is still ahead");
        assert!(matches!(buckets.take(1, at(70)), Err(Empty(1..=60))));
    }
}
