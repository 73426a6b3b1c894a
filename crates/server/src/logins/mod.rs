//! Logins: who is logged in, and every change of that.
//!
//! - this file: the live table beside the store, and the one way in which both change. [`begin`]: a login is made, or proves
//!   its wallet once more; [`door`]: what a request to log in says of itself. [`by_grant`]:
//!   grants that sign in. [`go_on`]: a login is used, or refreshed. [`end`]: it ends.
//!
//! Requests are checked against the table alone. What changes a login goes through [`Logins::change`]: one at a time, the
//! store first and durably, then the table, then the answer. It runs in a task of its own, so that a caller who hangs up
//! stops it at no point in between; and where a commit fails the table takes what the store then says, or forgets the login.

pub mod again;
pub mod begin;
pub mod by_grant;
pub mod door;
pub mod end;
pub mod go_on;

use crate::ApiError;
use crate::app::event;
use hallpass_auth::dpop::{Nonces, Replays};
use hallpass_session::{Action, Actor, Checked, LiveLogins, LoginSession, Reason, RefreshKey, Subject, TokenHash};
use hallpass_store::{Store, Tx};
use hallpass_types::{Clock, Rng, SessionId, UnixSeconds};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// What the operator decides of logins. Times in seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// How long one lives, whatever the activity.
    pub absolute: u64,
    /// The same for one that is refreshed.
    pub refreshed: u64,
    /// How long one lives without being used.
    pub idle: u64,
    /// How long an access token lives that can be refreshed.
    pub access: u64,
    /// For how long after a proof of the wallet a login may do what asks for one.
    pub step_up: u64,
    /// For how long the answer of a contract wallet is good (ERC-1271); it is asked again before.
    pub contract: u64,
    /// Most that live at once for one person; above it the one used least lately ends.
    pub most: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            absolute: 12 * 3600,
            refreshed: 12 * 3600,
            idle: 30 * 60,
            access: 10 * 60,
            step_up: 5 * 60,
            contract: 5 * 60,
            most: 32,
        }
    }
}

/// A piece of work that goes on although nobody waits for it.
pub type Errand = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What logins are kept with.
pub struct Parts {
    /// Where they are kept.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// What the operator decides.
    pub bounds: Bounds,
    /// What successors of refresh tokens are derived with.
    pub refresh: RefreshKey,
    /// Runs an errand: `tokio::spawn`, or a test's scheduler.
    pub beside: fn(Errand),
}

/// Who is logged in.
pub struct Logins {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    bounds: Bounds,
    refresh: RefreshKey,
    beside: fn(Errand),
    table: RwLock<LiveLogins>,
    /// One change at a time, so that the table takes commits in their order.
    gate: tokio::sync::Mutex<()>,
    /// When tokens of ended logins were last forgotten.
    pruned: Mutex<UnixSeconds>,
    /// What DPoP proofs must name.
    pub nonces: Nonces,
    /// The DPoP proofs that were shown.
    pub replays: Mutex<Replays>,
}

/// A change of logins, in its transaction.
pub struct Work {
    /// The transaction.
    pub tx: Box<dyn Tx>,
    /// When it is made.
    pub now: UnixSeconds,
    moved: Vec<LoginSession>,
    wrote: bool,
}

/// What a change does, in its transaction.
pub type Doing<'a, T> = Pin<Box<dyn Future<Output = Result<T, ApiError>> + Send + 'a>>;

impl Logins {
    /// Fills the table from the store.
    ///
    /// # Errors
    /// As the store, and where there is no randomness.
    pub async fn start(parts: Parts) -> Result<Self, ApiError> {
        let Parts { store, clock, rng, bounds, refresh, beside } = parts;
        let mut key = [0; 32];
        rng.fill(&mut key).map_err(|e| ApiError::unavailable("no_randomness", e.to_string()))?;
        let logins = Self {
            store,
            clock,
            rng,
            bounds,
            refresh,
            beside,
            table: RwLock::default(),
            gate: tokio::sync::Mutex::default(),
            pruned: Mutex::new(UnixSeconds::EPOCH),
            nonces: Nonces::new(key),
            replays: Mutex::default(),
        };
        logins.refill().await?;
        Ok(logins)
    }

    /// Fills the table anew, after the store was changed by other ways than [`Self::change`].
    ///
    /// # Errors
    /// As the store.
    pub async fn refill(&self) -> Result<(), ApiError> {
        let _one = self.gate.lock().await;
        let mut table = LiveLogins::new();
        for login in self.store.read().await?.logins().list_live().await? {
            table.put(&login);
        }
        *self.write() = table;
        Ok(())
    }

    /// What the operator decided.
    #[must_use]
    pub const fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// The login of an access token that is good now.
    #[must_use]
    pub fn check(&self, token: &TokenHash) -> Option<Checked> {
        self.read().ok()?.check(token, self.clock.now())
    }

    /// When a login was last used; `None` where it is not live.
    #[must_use]
    pub fn last_used(&self, id: SessionId) -> Option<UnixSeconds> {
        self.read().ok()?.last_used(id)
    }

    /// The present second.
    #[must_use]
    pub fn now(&self) -> UnixSeconds {
        self.clock.now()
    }

    /// A table that a thread died over is not read: nobody is logged in any more.
    fn read(&self) -> Result<RwLockReadGuard<'_, LiveLogins>, ApiError> {
        self.table.read().map_err(|_| ApiError::internal("lock", "a lock is poisoned"))
    }

    fn write(&self) -> RwLockWriteGuard<'_, LiveLogins> {
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn random<const N: usize>(&self) -> Result<[u8; N], ApiError> {
        let mut bytes = [0; N];
        self.rng.fill(&mut bytes).map_err(|e| ApiError::unavailable("no_randomness", e.to_string()))?;
        Ok(bytes)
    }

    /// Makes a change: durable and in effect when this answers, or undone.
    ///
    /// # Errors
    /// The step's own, and the store's.
    pub async fn change<T, F>(self: &Arc<Self>, step: F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Work) -> Doing<'a, T> + Send + 'static,
    {
        let logins = Arc::clone(self);
        let (tell, told) = tokio::sync::oneshot::channel();
        (self.beside)(Box::pin(async move {
            let _ = tell.send(logins.change_now(step).await);
        }));
        told.await.unwrap_or_else(|_| Err(ApiError::internal("broken_off", "a change of a login was broken off")))
    }

    async fn change_now<T>(
        &self,
        step: impl for<'a> FnOnce(&'a mut Work) -> Doing<'a, T> + Send,
    ) -> Result<T, ApiError> {
        let _one = self.gate.lock().await;
        let tx = self.store.begin().await?;
        let mut work = Work { tx, now: self.clock.now(), moved: Vec::new(), wrote: false };
        let done = step(&mut work).await?;
        let Work { tx, moved, wrote, .. } = work;
        if !wrote {
            return Ok(done);
        }
        match tx.commit().await {
            Ok(()) => {
                let mut table = self.write();
                moved.iter().for_each(|login| table.put(login));
                Ok(done)
            }
            Err(error) => {
                self.reread(&moved).await;
                Err(error.into())
            }
        }
    }

    /// What a failed commit left behind is what the store says; where it says nothing, the login is nobody's here.
    async fn reread(&self, moved: &[LoginSession]) {
        for login in moved {
            let stored = match self.store.read().await {
                Ok(mut tx) => tx.logins().find(login.id).await.ok().flatten(),
                Err(_) => None,
            };
            let mut table = self.write();
            match stored {
                Some(stored) => table.put(&stored),
                None => drop(table.remove(login.id)),
            }
        }
    }
}

impl Work {
    /// Adds a login.
    ///
    /// # Errors
    /// As the store.
    pub async fn create(&mut self, login: LoginSession, by: Actor) -> Result<(), ApiError> {
        let line = event(self.now, by, Action::Created, Subject::Login(login.id), login.user, None);
        self.tx.logins().create(&login, &line).await?;
        self.moved(login);
        Ok(())
    }

    /// Moves a login.
    ///
    /// # Errors
    /// As the store.
    pub async fn save(
        &mut self,
        login: LoginSession,
        action: Action,
        by: Actor,
        why: Option<Reason>,
    ) -> Result<(), ApiError> {
        let line = event(self.now, by, action, Subject::Login(login.id), login.user, why);
        self.tx.logins().save(&login, &line).await?;
        self.moved(login);
        Ok(())
    }

    /// Notes what is no transition.
    ///
    /// # Errors
    /// As the store.
    pub async fn note(&mut self, login: LoginSession) -> Result<(), ApiError> {
        self.tx.logins().note(&login).await?;
        self.moved(login);
        Ok(())
    }

    /// Says that something else was written.
    pub const fn wrote(&mut self) {
        self.wrote = true;
    }

    fn moved(&mut self, login: LoginSession) {
        self.wrote = true;
        self.moved.push(login);
    }
}
