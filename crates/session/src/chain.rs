//! The audit trail as a chain: every line carries the hash of the line before, so that none is changed, left out, moved or
//! put in without every later one, and the head, changing with it.
//!
//! A line's bytes, integers big-endian:
//!
//! | at | bytes | |
//! | --- | --- | --- |
//! | 0 | 1 | version, 1 |
//! | 1 | 32 | link |
//! | 33 | 4 | length of the event |
//! | 37 | as it says | the event: JSON, with neither place nor origin |
//! | then | 1 | 1 where it has, or had, an origin, else 0 |
//! | then, after a 1 | 32 | SHA-256 of the sealed origin |
//! | then | to the end | the sealed origin; none once it was deleted |
//!
//! `link = SHA-256("hallpass audit line 1" ‖ link before ‖ place (8 bytes) ‖ bytes 33 to the end of the origin's hash)`; before
//! the first line, whose place is 1, stand 32 zero bytes. The origin is in it by its hash alone, so deleting personal data
//! breaks nothing.

use alloy_primitives::hex;
use core::{fmt, str::FromStr};
use sha2::{Digest, Sha256};

const DOMAIN: &[u8] = b"hallpass audit line 1";
const VERSION: u8 = 1;

/// What a line hashes to, with all before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Link(pub [u8; 32]);

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// Where a trail ends: the place of its last line, 0 for an empty one, and that line's link. Written `SEQ:HASH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// The place.
    pub seq: u64,
    /// The link; zero bytes before the first line.
    pub link: Link,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.link)
    }
}

/// A text that is no head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a head is a place, a colon and 64 lower-case hex digits")]
pub struct NoHead;

impl FromStr for Head {
    type Err = NoHead;

    fn from_str(text: &str) -> Result<Self, NoHead> {
        let (seq, link) = text.split_once(':').ok_or(NoHead)?;
        let link = hex::decode(link).ok().and_then(|bytes| bytes.try_into().ok()).map(Link).ok_or(NoHead)?;
        let head = Self { seq: seq.parse().map_err(|_| NoHead)?, link };
        // One spelling.
        if head.to_string() == text { Ok(head) } else { Err(NoHead) }
    }
}

/// The bytes of the line after `last`, and the head with it. `event` is its JSON, `origin` is sealed.
#[must_use]
pub fn line(last: Head, event: &[u8], origin: Option<&[u8]>) -> (Head, Vec<u8>) {
    let length = u32::try_from(event.len()).unwrap_or(u32::MAX).to_be_bytes();
    let mut hashed = Vec::with_capacity(event.len().saturating_add(37));
    hashed.extend_from_slice(&length);
    hashed.extend_from_slice(event);
    match origin {
        None => hashed.push(0),
        Some(origin) => {
            hashed.push(1);
            hashed.extend_from_slice(&Sha256::digest(origin));
        }
    }
    let seq = last.seq.saturating_add(1);
    let head = Head { seq, link: link(last.link, seq, &hashed) };
    (head, [&[VERSION], head.link.0.as_slice(), &hashed, origin.unwrap_or_default()].concat())
}

fn link(before: Link, seq: u64, hashed: &[u8]) -> Link {
    let mut hash = Sha256::new();
    for part in [DOMAIN, &before.0, &seq.to_be_bytes(), hashed] {
        hash.update(part);
    }
    Link(hash.finalize().into())
}

/// A line that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its link.
    pub link: Link,
    /// The event's JSON.
    pub event: &'a [u8],
    /// The sealed origin; none where there was none, or it was deleted.
    pub origin: Option<&'a [u8]>,
    /// What the link is over.
    hashed: &'a [u8],
    /// Whether the sealed origin is the one that was hashed.
    origin_fits: bool,
}

impl<'a> Line<'a> {
    /// Reads its bytes; `None` for what is no line.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let (&VERSION, rest) = bytes.split_first()? else { return None };
        let (link, rest) = rest.split_first_chunk::<32>()?;
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (event, after) = after.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        let (flag, after) = after.split_first()?;
        let (origin, origin_fits) = match flag {
            0 if after.is_empty() => (after, true),
            1 => {
                let (hash, origin) = after.split_first_chunk::<32>()?;
                (origin, origin.is_empty() || Sha256::digest(origin).as_slice() == hash)
            }
            _ => return None,
        };
        let hashed = rest.get(..rest.len().checked_sub(origin.len())?)?;
        let origin = Some(origin).filter(|origin| !origin.is_empty());
        Some(Self { link: Link(*link), event, origin, hashed, origin_fits })
    }

    /// The bytes of the same line without its origin. Its link, and every other, stays what it is.
    #[must_use]
    pub fn without_origin(&self) -> Vec<u8> {
        [&[VERSION], self.link.0.as_slice(), self.hashed].concat()
    }
}

/// What is wrong with a trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// The trail goes on without it, or ends before it.
    #[error("the line is missing")]
    Missing,
    /// Something stands there whose place is no place, or was there before.
    #[error("the line stands in a place that is none")]
    Place,
    /// Its bytes are no line.
    #[error("the line cannot be read")]
    Unreadable,
    /// Its content, or the line before it together with that line's link.
    #[error("the line was changed, or the one before it was and linked anew")]
    Changed,
    /// Its link alone: the line after it fits the link that it should have.
    #[error("the line's link was changed")]
    Link,
    /// Its origin is not the one that was hashed.
    #[error("the line's origin was changed")]
    Origin,
    /// It stands after the head that the store keeps, or is not the line that it names.
    #[error("the store's head is another")]
    Head,
    /// A head that was kept elsewhere names another line.
    #[error("the line is not the one that was noted elsewhere")]
    Noted,
}

impl Wrong {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "line_missing",
            Self::Place => "line_misplaced",
            Self::Unreadable => "line_unreadable",
            Self::Changed => "line_changed",
            Self::Link => "link_changed",
            Self::Origin => "origin_changed",
            Self::Head => "head_mismatch",
            Self::Noted => "noted_mismatch",
        }
    }
}

/// The first line that something is wrong with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {seq}: {wrong}")]
pub struct Broken {
    /// Its place.
    pub seq: u64,
    /// What.
    pub wrong: Wrong,
}

/// Goes through a trail, line by line in the order of their places.
#[derive(Debug, Clone, Default)]
pub struct Verifier {
    head: Head,
    /// The link that the last line should have, where it has another. The next line tells which of the two is right.
    doubted: Option<Link>,
    /// Heads that were noted elsewhere and are still to come, by place.
    noted: Vec<Head>,
}

impl Verifier {
    /// A trail that must hold these heads, which were noted elsewhere.
    #[must_use]
    pub fn new(noted: &[Head]) -> Self {
        let noted = noted.iter().copied().filter(|head| *head != Head::default()).collect();
        Self { head: Head::default(), doubted: None, noted }
    }

    /// Where it has come.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// The next line, by the key and bytes that it is stored as.
    ///
    /// # Errors
    /// [`Broken`]. Nothing is to be taken after it.
    pub fn take(&mut self, place: &[u8], bytes: &[u8]) -> Result<(), Broken> {
        let seq = self.head.seq.saturating_add(1);
        let broken = |wrong| Err(Broken { seq, wrong });
        let found = place.try_into().map(u64::from_be_bytes).ok();
        let line = Line::read(bytes);
        if let Some(right) = self.doubted {
            let fits = found == Some(seq) && line.is_some_and(|line| link(right, seq, line.hashed) == line.link);
            return Err(Broken { seq: self.head.seq, wrong: if fits { Wrong::Link } else { Wrong::Changed } });
        }
        match found {
            Some(found) if found == seq => {}
            Some(found) if found > seq => return broken(Wrong::Missing),
            _ => return broken(Wrong::Place),
        }
        let Some(line) = line else { return broken(Wrong::Unreadable) };
        let right = link(self.head.link, seq, line.hashed);
        if right != line.link {
            self.doubted = Some(right);
        } else if !line.origin_fits {
            return broken(Wrong::Origin);
        }
        self.head = Head { seq, link: line.link };
        if self.doubted.is_none() && self.noted.iter().any(|noted| noted.seq == seq && noted.link != line.link) {
            return broken(Wrong::Noted);
        }
        Ok(())
    }

    /// The end of the trail, and the head that the store keeps.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn finish(&self, kept: Head) -> Result<Head, Broken> {
        let Head { seq, .. } = self.head;
        if let Some(right) = self.doubted {
            let fits = kept == Head { seq, link: right };
            return Err(Broken { seq, wrong: if fits { Wrong::Link } else { Wrong::Changed } });
        }
        let next = seq.saturating_add(1);
        if kept.seq > seq || self.noted.iter().any(|noted| noted.seq > seq) {
            return Err(Broken { seq: next, wrong: Wrong::Missing });
        }
        if kept == self.head {
            Ok(kept)
        } else {
            Err(Broken { seq: kept.seq.saturating_add(1).min(seq), wrong: Wrong::Head })
        }
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
