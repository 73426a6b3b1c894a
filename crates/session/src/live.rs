//! The logins that are live, by their tokens: what every request is checked against, without the store.
//!
//! A table of one process, changed after each commit by whoever commits. Pure: time is handed in, and whoever shares it
//! locks it. A login costs one slot and a row in each of two maps; slots stand in chunks, so that growing moves none of them.

use crate::login::{Access, Binding, ends};
use crate::{LoginSession, TokenHash};
use core::hash::{BuildHasherDefault, Hasher};
use core::sync::atomic::{AtomicU64, Ordering};
use hallpass_types::{AccountId, SessionId, UnixSeconds, UserId};
use std::collections::HashMap;

/// Slots in a chunk.
const CHUNK: u32 = 1024;

/// What a request is told of its login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveLogin {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The account that was proved.
    pub account: AccountId,
    /// What its tokens must come with.
    pub binding: Binding,
    /// Inclusive start.
    pub created: UnixSeconds,
    /// Exclusive end, whatever the activity.
    pub not_after: UnixSeconds,
    /// The same, or where the last answer of its contract wallet is too old before that.
    pub until: UnixSeconds,
    /// Seconds without use after which it ends.
    pub idle: u64,
    /// When its wallet last proved itself.
    pub proved_at: UnixSeconds,
}

/// A token that is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// Its login.
    pub login: LiveLogin,
    /// The token's exclusive end.
    pub not_after: UnixSeconds,
    /// Whether it came with a successor that was not used yet: that is to be made durable before anything else.
    pub pending: bool,
    /// Whether this use is far enough after the last durable one to be written.
    pub note: bool,
}

/// The logins that are live.
#[derive(Debug, Default)]
pub struct LiveLogins {
    by_token: HashMap<TokenHash, Place, Plain>,
    by_id: HashMap<SessionId, u32, Plain>,
    chunks: Vec<Box<[Option<Slot>]>>,
    free: Vec<u32>,
    used: u32,
    /// Those that a contract wallet proved, and from when on it is asked again.
    contracts: HashMap<SessionId, UnixSeconds, Plain>,
}

/// A slot, and which of its tokens.
#[derive(Debug, Clone, Copy)]
struct Place(u32);

#[derive(Debug)]
struct Slot {
    login: LiveLogin,
    access: Access,
    pending: Option<Access>,
    /// The last use, in seconds.
    used: AtomicU64,
    /// The last use that is durable.
    noted: AtomicU64,
}

/// How far, in seconds, a durable last use may lie behind.
pub const NOTE_EVERY: u64 = 60;

impl LiveLogins {
    /// Nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The login of a token that is good at `now`; `None` for every other. Using it is noted by [`Self::used`].
    #[must_use]
    pub fn check(&self, token: &TokenHash, now: UnixSeconds) -> Option<Checked> {
        let place = *self.by_token.get(token)?;
        let slot = self.slot(place.slot())?;
        let access = if place.is_pending() { slot.pending.as_ref()? } else { &slot.access };
        let (login, used) = (&slot.login, slot.used());
        let live = login.created <= now && now < ends(login.until, login.idle, used) && now < access.not_after;
        let note = now.get() >= slot.noted.load(Ordering::Relaxed).saturating_add(NOTE_EVERY);
        let (not_after, pending) = (access.not_after, place.is_pending());
        live.then_some(Checked { login: *login, not_after, pending, note })
    }

    /// Notes a use; answers whether it is to be written, which one caller is told.
    #[must_use]
    pub fn used(&self, id: SessionId, now: UnixSeconds) -> bool {
        let Some(slot) = self.by_id.get(&id).and_then(|slot| self.slot(*slot)) else { return false };
        slot.used.fetch_max(now.get(), Ordering::Relaxed);
        let noted = slot.noted.load(Ordering::Relaxed);
        let due = now.get() >= noted.saturating_add(NOTE_EVERY);
        due && slot.noted.compare_exchange(noted, now.get(), Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// When it was last used; `None` where it is not here.
    #[must_use]
    pub fn last_used(&self, id: SessionId) -> Option<UnixSeconds> {
        self.by_id.get(&id).and_then(|slot| self.slot(*slot)).map(Slot::used)
    }

    /// Takes a login as it was committed: puts it in place of what was known of it, or takes it out where it has ended.
    pub fn put(&mut self, login: &LoginSession) {
        let used = self.remove(login.id).map_or(login.seen, |old| old.max(login.seen));
        if login.lifecycle.is_active() {
            self.add(login, used);
            if let Some(proof) = &login.contract {
                self.contracts.insert(login.id, proof.due());
            }
        }
    }

    /// Those whose contract wallet is to be asked again at `now`.
    #[must_use]
    pub fn due_contracts(&self, now: UnixSeconds) -> Vec<SessionId> {
        self.contracts.iter().filter(|(_, due)| **due <= now).map(|(id, _)| *id).collect()
    }

    /// Takes one out; answers when it was last used.
    pub fn remove(&mut self, id: SessionId) -> Option<UnixSeconds> {
        let at = self.by_id.remove(&id)?;
        self.contracts.remove(&id);
        let slot = self.chunks.get_mut((at / CHUNK) as usize)?.get_mut((at % CHUNK) as usize)?.take()?;
        self.by_token.remove(&slot.access.hash);
        if let Some(pending) = &slot.pending {
            self.by_token.remove(&pending.hash);
        }
        self.free.push(at);
        Some(slot.used())
    }

    fn add(&mut self, login: &LoginSession, used: UnixSeconds) {
        let pending = login.refresh.and_then(|refresh| refresh.pending).map(|pending| pending.access);
        let slot = Slot {
            login: LiveLogin {
                id: login.id,
                user: login.user,
                account: login.account,
                binding: login.binding,
                created: login.created,
                not_after: login.not_after,
                until: login.until(),
                idle: login.idle,
                proved_at: login.proved_at,
            },
            access: login.access,
            pending,
            used: AtomicU64::new(used.get()),
            noted: AtomicU64::new(login.seen.get()),
        };
        let Some(at) = self.place() else { return };
        let Some(place) = self.chunks.get_mut((at / CHUNK) as usize).and_then(|c| c.get_mut((at % CHUNK) as usize))
        else {
            return;
        };
        *place = Some(slot);
        self.by_id.insert(login.id, at);
        self.by_token.insert(login.access.hash, Place::of(at, false));
        if let Some(pending) = pending {
            self.by_token.insert(pending.hash, Place::of(at, true));
        }
    }

    /// A slot that is free; none beyond two thousand million, which then are not let in.
    fn place(&mut self) -> Option<u32> {
        if let Some(at) = self.free.pop() {
            return Some(at);
        }
        let at = self.used;
        self.used = at.checked_add(1).filter(|used| *used < 1 << 31)?;
        if at.is_multiple_of(CHUNK) {
            self.chunks.push((0..CHUNK).map(|_| None).collect());
        }
        Some(at)
    }

    fn slot(&self, at: u32) -> Option<&Slot> {
        self.chunks.get((at / CHUNK) as usize)?.get((at % CHUNK) as usize)?.as_ref()
    }
}

impl Slot {
    fn used(&self) -> UnixSeconds {
        UnixSeconds::new(self.used.load(Ordering::Relaxed)).unwrap_or(UnixSeconds::EPOCH)
    }
}

impl Place {
    const fn of(slot: u32, pending: bool) -> Self {
        Self(slot << 1 | pending as u32)
    }

    const fn slot(self) -> u32 {
        self.0 >> 1
    }

    const fn is_pending(self) -> bool {
        self.0 & 1 == 1
    }
}

type Plain = BuildHasherDefault<Leading>;

/// Keys here are SHA-256 or random already: their last eight bytes are hash enough. Whoever sends tokens cannot choose what
/// they hash to, and puts nothing in.
#[derive(Default)]
struct Leading(u64);

impl Hasher for Leading {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last_chunk() {
            self.0 = u64::from_le_bytes(*last);
        }
    }

    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::login::tests::{at, session};
    use crate::login::{Pending, Refresh};
    use crate::{Actor, Reason, Token, TokenKind};

    fn hash(n: u32) -> TokenHash {
        let mut bits = [7; 32];
        bits[..4].copy_from_slice(&n.to_be_bytes());
        Token::from_random(TokenKind::Bearer, bits).hash()
    }

    fn login(n: u32) -> LoginSession {
        let mut id = [0; 16];
        id[12..].copy_from_slice(&n.to_be_bytes());
        let access = Access { hash: hash(n), not_after: at(180) };
        LoginSession { id: SessionId::from_bytes(id), access, ..session() }
    }

    fn good(table: &LiveLogins, token: &TokenHash, now: u64) -> bool {
        table.check(token, at(now)).is_some()
    }

    #[test]
    fn a_token_is_good_inside_every_bound_alone() {
        let mut table = LiveLogins::new();
        table.put(&login(1));
        assert_eq!([99, 100, 139, 140].map(|t| good(&table, &hash(1), t)), [false, true, true, false], "idle");
        assert!(!good(&table, &hash(2), 110));
        let _ = table.used(login(1).id, at(139));
        assert_eq!([178, 179].map(|t| good(&table, &hash(1), t)), [true, false]);
        let _ = table.used(login(1).id, at(178));
        assert_eq!([179, 180].map(|t| good(&table, &hash(1), t)), [true, false], "the token's own end");
        let mut long = login(1);
        long.access.not_after = at(900);
        table.put(&long);
        assert_eq!([199, 200].map(|t| good(&table, &hash(1), t)), [true, false], "the login's absolute end");
    }

    #[test]
    fn one_use_a_minute_is_to_be_written_and_by_one_caller() {
        let mut table = LiveLogins::new();
        let long = LoginSession { idle: 500, not_after: at(900), ..login(1) };
        table.put(&long);
        assert_eq!([159, 160, 160, 219, 220].map(|t| table.used(long.id, at(t))), [false, true, false, false, true]);
        assert_eq!(table.last_used(long.id), Some(at(220)));
        let _ = table.used(long.id, at(150));
        assert_eq!(table.last_used(long.id), Some(at(220)), "never back");
        // A row that is older than what is known here does not make it older.
        table.put(&long);
        assert_eq!(table.last_used(long.id), Some(at(220)));
    }

    #[test]
    fn an_ended_login_and_its_old_tokens_are_gone() {
        let mut table = LiveLogins::new();
        let pending =
            Pending { refresh: hash(50), access: Access { hash: hash(51), not_after: at(150) }, issued: at(110) };
        let both = LoginSession { refresh: Some(Refresh { current: hash(52), pending: Some(pending) }), ..login(1) };
        table.put(&both);
        assert!(!table.check(&hash(1), at(110)).unwrap().pending);
        assert!(table.check(&hash(51), at(110)).unwrap().pending);
        assert!(!good(&table, &hash(50), 110) && !good(&table, &hash(52), 110), "a refresh token is no access token");
        table.put(&both.clone().confirm(&hash(51)).unwrap());
        assert!(!good(&table, &hash(1), 110) && good(&table, &hash(51), 110));
        assert!(!table.check(&hash(51), at(110)).unwrap().pending);
        table.put(&both.clone().revoke(at(110), Reason::OwnerAsked, Actor::Server).unwrap());
        assert!(!good(&table, &hash(51), 110) && table.is_empty());
        assert_eq!((table.by_token.len(), table.free.len()), (0, 1));
    }

    /// Against a plain map, over many logins that come, change and go.
    #[test]
    fn the_table_is_what_was_put_into_it() {
        let mut table = LiveLogins::new();
        let mut model = HashMap::new();
        let mut random = 1_u64;
        for step in 0..20_000_u32 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let n = (random >> 33) as u32 % 3_000;
            if random >> 62 == 0 {
                assert_eq!(table.remove(login(n).id).is_some(), model.remove(&n).is_some());
            } else {
                let access = Access { hash: hash(10_000 + step), not_after: at(180) };
                table.put(&LoginSession { access, ..login(n) });
                model.insert(n, access.hash);
            }
        }
        assert_eq!(table.len(), model.len());
        assert_eq!(table.by_token.len(), model.len());
        for (n, token) in &model {
            assert_eq!(table.check(token, at(110)).unwrap().login.id, login(*n).id);
        }
    }
}
