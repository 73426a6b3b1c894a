//! Grants that sign their owner in: drafted for whoever says to be the owner of an account, and kept in memory until that
//! account's signature comes. Nothing is written for anybody who has proved nothing, so nobody's lists can be filled by others.

use crate::ApiError;
use crate::limits::client::Source;
use crate::work::drafted::Drafted;
use axum::http::StatusCode;
use hallpass_session::LoginNonce;
use hallpass_session::login_nonce::NONCE_LIFE;
use hallpass_types::{AccountId, SessionId, UnixSeconds};
use std::collections::HashMap;

/// Most that wait, for everybody together.
const MOST: usize = 4_000;
/// Most of one client.
const MOST_OF_ONE: usize = 16;
/// Most bytes of grants that wait.
const MOST_BYTES: usize = 64 * 1024 * 1024;

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
    /// The client that asked.
    pub source: Source,
    /// The words that were shown.
    pub text: String,
    /// What it takes in memory, about.
    pub bytes: usize,
}

/// Those that wait, by their sessions.
#[derive(Debug, Default)]
pub struct Openings {
    waiting: HashMap<SessionId, Opening>,
    bytes: usize,
}

impl Openings {
    /// That one more of a client fits. Those whose time has run out are forgotten first.
    ///
    /// # Errors
    /// 429 `too_many_logins`.
    pub fn room(&mut self, source: Source, now: UnixSeconds) -> Result<(), ApiError> {
        self.waiting.retain(|_, opening| opening.nonce.clone().use_at(now).is_ok());
        self.bytes = self.waiting.values().map(|opening| opening.bytes).sum();
        let of_one = self.waiting.values().filter(|opening| opening.source == source).count();
        if self.waiting.len() < MOST && self.bytes < MOST_BYTES && of_one < MOST_OF_ONE {
            return Ok(());
        }
        Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_logins", "too many logins were begun")
            .hint("try again in five minutes")
            .retry_after(NONCE_LIFE))
    }

    /// Adds one.
    ///
    /// # Errors
    /// As [`Self::room`].
    pub fn put(&mut self, opening: Opening, now: UnixSeconds) -> Result<(), ApiError> {
        self.room(opening.source, now)?;
        self.bytes = self.bytes.saturating_add(opening.bytes);
        self.waiting.insert(opening.drafted.id, opening);
        Ok(())
    }

    /// Looks at one.
    #[must_use]
    pub fn get(&self, id: &SessionId) -> Option<&Opening> {
        self.waiting.get(id)
    }

    /// Takes one out: it is there once.
    #[must_use]
    pub fn take(&mut self, id: &SessionId) -> Option<Opening> {
        self.waiting.remove(id)
    }
}
