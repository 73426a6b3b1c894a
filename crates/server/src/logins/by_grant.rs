//! Grants that sign their owner in: drafted for whoever says to be the owner of an account, and kept in memory until that
//! account's signature comes. Nothing is written for anybody who has proved nothing, so nobody's lists can be filled by others.

use crate::limits::client::Source;
use crate::work::drafted::Drafted;
use crate::{ApiError, App};
use axum::http::StatusCode;
use hallpass_session::LoginNonce;
use hallpass_session::login_nonce::NONCE_LIFE;
use hallpass_types::{AccountId, SessionId, UnixSeconds};
use std::collections::HashMap;
use std::sync::MutexGuard;

/// How much may wait.
#[derive(Debug, Clone, Copy)]
struct Room {
    /// For everybody together.
    all: usize,
    /// Of one client.
    of_one: usize,
    /// Bytes, for everybody together.
    bytes: usize,
    /// Bytes of one client.
    bytes_of_one: usize,
}

const ROOM: Room = Room { all: 4_000, of_one: 16, bytes: 64 * 1024 * 1024, bytes_of_one: 2 * 1024 * 1024 };

/// A grant whose signature will also sign in.
#[derive(Debug)]
pub struct Opening {
    /// The grant, and the keys made for it.
    pub drafted: Drafted,
    /// The account that is to sign.
    pub owner: AccountId,
    /// What the grant names, beside this server.
    pub nonce: LoginNonce,
    /// The page that asked.
    pub page: Option<String>,
    /// The words that were shown.
    pub text: String,
}

/// Whose something is that waits, and what it takes.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    /// The client that asked.
    pub source: Source,
    /// When.
    pub since: UnixSeconds,
    /// Bytes in memory, about.
    pub bytes: usize,
}

/// What waits, by its session.
#[derive(Debug)]
pub struct Waiting<T> {
    rows: HashMap<SessionId, (Held, T)>,
    room: Room,
}

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self { rows: HashMap::new(), room: ROOM }
    }
}

/// Grants that wait.
pub type Openings = Waiting<Opening>;

/// Those of a server.
///
/// # Errors
/// 500 where a thread died over them.
pub fn of(app: &App) -> Result<MutexGuard<'_, Openings>, ApiError> {
    app.openings.lock().map_err(|_| ApiError::internal("lock", "a lock is poisoned"))
}

/// What is counted as one client: of IPv6 the first 48 bits, since whoever has one network of 64 often has 65,536.
#[must_use]
pub const fn counted(source: Source) -> Source {
    match source {
        Source::V6([a, b, c, _]) => Source::V6([a, b, c, 0]),
        other => other,
    }
}

impl<T> Waiting<T> {
    /// Forgets what has waited for as long as a nonce lives.
    pub fn sweep(&mut self, now: UnixSeconds) {
        self.rows.retain(|_, (held, _)| held.since.plus(NONCE_LIFE).is_some_and(|until| now < until));
    }

    /// That one more of a client fits.
    ///
    /// # Errors
    /// 429 `too_many_logins`.
    pub fn room(&mut self, source: Source, now: UnixSeconds) -> Result<(), ApiError> {
        self.sweep(now);
        let own = self.rows.values().filter(|(held, _)| held.source == source);
        let (count, bytes) = own.fold((0, 0), |(count, bytes), (held, _)| (count + 1, bytes + held.bytes));
        if count < self.room.of_one && bytes < self.room.bytes_of_one {
            return Ok(());
        }
        Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_logins", "too many logins were begun")
            .hint("try again in five minutes")
            .retry_after(NONCE_LIFE))
    }

    /// Adds one. Where all room is taken, the client that takes most loses its oldest: nobody is kept out by others.
    ///
    /// # Errors
    /// As [`Self::room`].
    pub fn put(&mut self, id: SessionId, held: Held, what: T) -> Result<(), ApiError> {
        self.room(held.source, held.since)?;
        let bytes: usize = self.rows.values().map(|(held, _)| held.bytes).sum();
        if self.rows.len() >= self.room.all || bytes >= self.room.bytes {
            self.evict();
        }
        self.rows.insert(id, (held, what));
        Ok(())
    }

    fn evict(&mut self) {
        let mut by_source: HashMap<Source, usize> = HashMap::new();
        for (held, _) in self.rows.values() {
            *by_source.entry(held.source).or_default() += held.bytes.max(1);
        }
        let most = by_source.into_iter().max_by_key(|(_, bytes)| *bytes).map(|(source, _)| source);
        let of_most = self.rows.iter().filter(|(_, (held, _))| Some(held.source) == most);
        if let Some(oldest) = of_most.min_by_key(|(_, (held, _))| held.since).map(|(id, _)| *id) {
            self.rows.remove(&oldest);
        }
    }

    /// Looks at one.
    #[must_use]
    pub fn get(&self, id: &SessionId) -> Option<&T> {
        self.rows.get(id).map(|(_, what)| what)
    }

    /// Takes one out: it is there once.
    #[must_use]
    pub fn take(&mut self, id: &SessionId) -> Option<T> {
        self.rows.remove(id).map(|(_, what)| what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> UnixSeconds {
        UnixSeconds::new(seconds).unwrap()
    }

    const fn id(n: u8) -> SessionId {
        SessionId::from_bytes([n; 16])
    }

    const fn of(client: u8) -> Source {
        Source::V4([client; 4])
    }

    fn small() -> Waiting<u8> {
        Waiting { rows: HashMap::new(), room: Room { all: 4, of_one: 3, bytes: 100, bytes_of_one: 60 } }
    }

    fn put(waiting: &mut Waiting<u8>, n: u8, client: u8, bytes: usize) -> Result<(), String> {
        let held = Held { source: of(client), since: at(100 + u64::from(n)), bytes };
        waiting.put(id(n), held, n).map_err(|error| error.problem.code)
    }

    #[test]
    fn a_client_has_its_share_of_room_and_of_bytes_and_gets_it_back_in_time() {
        let full = Err("too_many_logins".to_owned());
        let mut waiting = small();
        for n in 1..=3 {
            assert_eq!(put(&mut waiting, n, 1, 1), Ok(()));
        }
        assert_eq!(put(&mut waiting, 4, 1, 1), full);
        assert_eq!(put(&mut waiting, 4, 2, 60), Ok(()));
        assert_eq!(put(&mut waiting, 5, 2, 1), full, "by bytes");
        assert!(waiting.room(of(1), at(400)).is_err());
        assert!(waiting.room(of(1), at(401)).is_ok(), "the first has waited for 300 seconds");
        assert_eq!(waiting.get(&id(1)), None);
        assert_eq!((waiting.take(&id(2)), waiting.take(&id(2))), (Some(2), None));
    }

    #[test]
    fn where_all_is_taken_who_has_most_makes_room() {
        let mut waiting = small();
        for (n, client, bytes) in [(1, 1, 20), (2, 2, 15), (3, 2, 15), (4, 3, 1)] {
            assert_eq!(put(&mut waiting, n, client, bytes), Ok(()));
        }
        assert_eq!(put(&mut waiting, 5, 4, 1), Ok(()), "by count");
        assert_eq!(waiting.get(&id(2)), None, "the oldest of the client with thirty bytes");
        assert!([1, 3, 4, 5].iter().all(|n| waiting.get(&id(*n)).is_some()));

        let mut waiting = small();
        assert_eq!(put(&mut waiting, 1, 1, 50), Ok(()));
        assert_eq!(put(&mut waiting, 2, 2, 59), Ok(()));
        assert_eq!(put(&mut waiting, 3, 3, 1), Ok(()), "by bytes");
        assert!(waiting.get(&id(2)).is_none() && waiting.get(&id(1)).is_some());
    }

    #[test]
    fn one_network_of_48_bits_is_one_client() {
        let (a, b) = (Source::V6([1, 2, 3, 4]), Source::V6([1, 2, 3, 5]));
        assert_eq!(counted(a), counted(b));
        assert_ne!(counted(a), counted(Source::V6([1, 2, 4, 4])));
        assert_eq!(counted(Source::V4([1, 2, 3, 4])), Source::V4([1, 2, 3, 4]));
    }
}
