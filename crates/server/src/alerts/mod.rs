//! What the operator is told of at once: in the log, and at the webhook.
//!
//! - this file: what is counted, and how much is told. [`device`]: a login from where its owner never was.
//!
//! An alert names ids and a network, never an address, a token or a text that somebody sent. At most so many are told in a minute;
//! what is held back is counted, and the next one that is told says how many there were.

pub mod device;

use crate::webhook::{Alert, Outbox, alert::Data};
use crate::{ApiError, App};
use axum::http::StatusCode;
use core::hash::Hash;
use hallpass_session::KeySession;
use hallpass_signer::Answer;
use hallpass_types::{AccountId, SessionId, UnixSeconds};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What the operator decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// So many refusals of one session, or of logins of one account, with nothing that was good in between, are told.
    pub refusals: u32,
    /// Most alerts in a minute.
    pub per_minute: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { refusals: 10, per_minute: 10 }
    }
}

/// What is told, and what was told lately.
#[derive(Debug)]
pub struct Alerts {
    bounds: Bounds,
    outbox: Option<Outbox>,
    sessions: Mutex<Rows<SessionId>>,
    accounts: Mutex<Rows<AccountId>>,
    told: Mutex<Told>,
}

/// What was told in a minute.
#[derive(Debug, Default)]
struct Told {
    minute: u64,
    told: u32,
    held_back: u64,
    /// Of all since the start.
    number: u64,
}

/// Refusals in a row.
#[derive(Debug)]
struct Rows<K>(HashMap<K, u32>);

/// Most sessions, and accounts, whose refusals are counted at once.
const MOST: usize = 10_000;

impl<K> Default for Rows<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq> Rows<K> {
    /// Counts a refusal; tells whether it is the so many-th in a row, and then begins anew.
    fn refused(&mut self, key: K, threshold: u32) -> bool {
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            // The counts of all begin anew: they are a help, and nothing is decided by them.
            self.0.clear();
        }
        let count = self.0.entry(key).or_insert(0);
        *count = count.saturating_add(1);
        let reached = *count >= threshold.max(1);
        if reached {
            *count = 0;
        }
        reached
    }

    fn good(&mut self, key: &K) {
        self.0.remove(key);
    }
}

impl Told {
    /// Whether one more may be told at `now`: its number, and how many were held back before it.
    fn admit(&mut self, now: UnixSeconds, per_minute: u32) -> Option<(u64, u64)> {
        let minute = now.get() / 60;
        if self.minute != minute {
            (self.minute, self.told) = (minute, 0);
        }
        if self.told >= per_minute.max(1) {
            self.held_back = self.held_back.saturating_add(1);
            return None;
        }
        self.told = self.told.saturating_add(1);
        self.number = self.number.saturating_add(1);
        Some((self.number, core::mem::take(&mut self.held_back)))
    }
}

impl Alerts {
    /// Nothing has happened.
    #[must_use]
    pub fn new(bounds: Bounds, outbox: Option<Outbox>) -> Self {
        Self { bounds, outbox, sessions: Mutex::default(), accounts: Mutex::default(), told: Mutex::default() }
    }

    /// Tells the operator, or counts it for later.
    pub fn tell(&self, kind: &'static str, now: UnixSeconds, data: Data) {
        let Some((number, held_back)) = lock(&self.told).admit(now, self.bounds.per_minute) else { return };
        tracing::warn!(
            kind,
            session = data.session.as_deref(),
            user = data.user.as_deref(),
            network = data.network.as_deref(),
            refusals = data.refusals,
            held_back,
            "alert"
        );
        if let Some(outbox) = &self.outbox {
            outbox.put(Alert::new(kind, now, number, Data { held_back, ..data }));
        }
    }

    /// Tells that alerts were held back, once their minute is over and nothing else was told since.
    pub fn flush(&self, now: UnixSeconds) {
        let due = {
            let told = lock(&self.told);
            told.held_back > 0 && told.minute != now.get() / 60
        };
        if due {
            self.tell("alert.held_back", now, Data::default());
        }
    }

    /// What the signer answered a session.
    pub fn answered(&self, session: &KeySession, answer: &Result<Answer, ApiError>, now: UnixSeconds) {
        match answer {
            Ok(Answer::Denied { .. }) => {
                if lock(&self.sessions).refused(session.id, self.bounds.refusals) {
                    let data = Data {
                        session: Some(session.id.to_string()),
                        user: Some(session.user.to_string()),
                        refusals: Some(self.bounds.refusals),
                        ..Data::default()
                    };
                    self.tell("alert.refusals", now, data);
                }
            }
            Ok(Answer::Signed(_)) => lock(&self.sessions).good(&session.id),
            Ok(_) | Err(_) => {}
        }
    }

    /// What became of a login message that speaks of an account. Only people who are known here are told of.
    pub fn login(&self, app: &App, account: AccountId, proved: Result<(), &ApiError>) {
        match proved {
            Ok(()) => lock(&self.accounts).good(&account),
            Err(error) if error.status == StatusCode::UNAUTHORIZED => {
                if lock(&self.accounts).refused(account, self.bounds.refusals) {
                    let app = app.clone();
                    tokio::spawn(async move { app.alerts.refused_logins(&app, account).await });
                }
            }
            Err(_) => {}
        }
    }

    async fn refused_logins(&self, app: &App, account: AccountId) {
        let Ok(mut tx) = app.store.read().await else { return };
        let Ok(Some(known)) = tx.accounts().find_by_account(&account).await else { return };
        let data = Data { user: Some(known.user.to_string()), refusals: Some(self.bounds.refusals), ..Data::default() };
        self.tell("alert.refusals", app.clock.now(), data);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_refusals_in_a_row_are_told_once_and_what_is_good_ends_the_row() {
        let mut rows = Rows::default();
        let told = |rows: &mut Rows<u8>, n: usize| (0..n).filter(|_| rows.refused(1, 3)).count();
        assert_eq!(told(&mut rows, 2), 0);
        rows.good(&1);
        assert_eq!(told(&mut rows, 2), 0);
        assert_eq!(told(&mut rows, 1), 1);
        assert_eq!(told(&mut rows, 6), 2, "and begins anew");
        assert!(!rows.refused(2, 3));
    }

    #[test]
    fn the_rows_are_bounded() {
        let mut rows = Rows::default();
        for key in 0..25_000 {
            rows.refused(key, 3);
        }
        assert!(rows.0.len() <= MOST);
    }

    #[test]
    fn so_many_are_told_in_a_minute_and_the_rest_is_counted() {
        let mut told = Told::default();
        let at = |seconds| UnixSeconds::new(seconds).unwrap();
        let mut admit = |seconds| told.admit(at(seconds), 2);
        assert_eq!([admit(600), admit(601), admit(602), admit(659)], [Some((1, 0)), Some((2, 0)), None, None]);
        assert_eq!([admit(660), admit(661), admit(662)], [Some((3, 2)), Some((4, 0)), None]);
    }
}
