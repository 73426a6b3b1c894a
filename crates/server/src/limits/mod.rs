//! What is refused before any work: too many requests of one client, one account, one app.
//!
//! - this file: which requests are counted, and by what. [`gcra`]: the buckets. [`client`]: whose request it is.
//!
//! What asks a session for signatures is not counted here: it is limited by the session's own budget and meters, and a program
//! may be fast. Nor is what a login reads. A proof of a key (RFC 9449) costs a signature check wherever it comes with, so proofs
//! are counted of their own.

pub mod client;
pub mod gcra;

use crate::caller::proof::DPOP;
use crate::endpoints::introspect::is_resource_server;
use crate::{ApiError, App};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::ORIGIN;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use client::Source;
pub use client::{Client, Network};
use core::hash::BuildHasher;
use gcra::{Buckets, Empty};
use hallpass_types::{AccountId, UnixSeconds};
use std::hash::RandomState;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

/// What the operator allows: so many at once, and so many a minute from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rates {
    /// Requests about logins, of one client.
    pub client: u32,
    /// Login messages of one account, and grants that it asks for.
    pub account: u32,
    /// Requests about logins, of one app's pages.
    pub app: u32,
    /// Proofs of a key, of one client.
    pub proofs: u32,
    /// The proxies in front whose `X-Forwarded-For` is believed.
    pub proxies: Vec<Network>,
}

impl Default for Rates {
    fn default() -> Self {
        Self { client: 300, account: 60, app: 3_000, proofs: 6_000, proxies: Vec::new() }
    }
}

impl Rates {
    /// As good as none, for tests that ask for more than people do.
    #[must_use]
    pub const fn wide() -> Self {
        Self { client: 1_000_000, account: 1_000_000, app: 1_000_000, proofs: 1_000_000, proxies: Vec::new() }
    }
}

/// Most keys that are counted at once, of each kind; some 4 MiB.
const MOST: usize = 65_536;

/// What has been asked lately.
#[derive(Debug)]
pub struct Limits {
    clients: Mutex<Buckets<Source>>,
    accounts: Mutex<Buckets<u64>>,
    apps: Mutex<Buckets<u64>>,
    proofs: Mutex<Buckets<Source>>,
    /// Accounts and origins are kept by a hash that nobody outside can aim at.
    hash: RandomState,
}

impl Limits {
    /// Nothing has been asked.
    #[must_use]
    pub fn new(rates: &Rates) -> Self {
        Self {
            clients: Mutex::new(Buckets::new(rates.client, MOST)),
            accounts: Mutex::new(Buckets::new(rates.account, MOST)),
            apps: Mutex::new(Buckets::new(rates.app, MOST)),
            proofs: Mutex::new(Buckets::new(rates.proofs, MOST)),
            hash: RandomState::new(),
        }
    }

    /// Counts a login message, or a grant that is asked for, of an account, on whatever chain.
    ///
    /// # Errors
    /// 429.
    pub fn account(&self, account: &AccountId, now: UnixSeconds) -> Result<(), ApiError> {
        let key = self.hash.hash_one(account.address);
        lock(&self.accounts).take(key, now).map_err(too_many)
    }

    /// Counts a request of a client, and of the app whose page sent it.
    fn request(&self, source: Source, origin: Option<&[u8]>, now: UnixSeconds) -> Result<(), ApiError> {
        lock(&self.clients).take(source, now).map_err(too_many)?;
        let Some(origin) = origin else { return Ok(()) };
        lock(&self.apps).take(self.hash.hash_one(origin), now).map_err(too_many)
    }

    fn proof(&self, source: Source, now: UnixSeconds) -> Result<(), ApiError> {
        lock(&self.proofs).take(source, now).map_err(too_many)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // What a bucket holds is right at every moment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn too_many(Empty(seconds): Empty) -> ApiError {
    ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "too many requests in a short time")
        .hint(format!("try again in {seconds} seconds"))
        .retry_after(seconds)
}

/// What is counted by client and app: what anybody may ask, and what ends in a signature check or a write for somebody who has
/// shown nothing yet.
fn is_counted(method: &Method, path: &str) -> bool {
    const EXACT: [&str; 8] = [
        "/v1/login",
        "/v1/login/nonce",
        "/v1/login/grant",
        "/v1/login/step_up",
        "/v1/token",
        "/v1/introspect",
        "/v1/revoke_token",
        "/v1/grants",
    ];
    *method == Method::POST && (EXACT.contains(&path) || path.starts_with("/v1/login/grant/"))
}

/// Refuses before any handler runs, and tells handlers whose request it is ([`Client`]).
pub async fn layer(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let client = peer.map(|peer| Client::of(peer, request.headers(), &app.settings.limits.proxies));
    if let Err(error) = admit(&app, &request, client) {
        return error.into_response();
    }
    if let Some(client) = client {
        request.extensions_mut().insert(client);
    }
    next.run(request).await
}

fn admit(app: &App, request: &Request, client: Option<Client>) -> Result<(), ApiError> {
    let source = client.map_or(Source::Unknown, Client::source);
    let (path, now) = (request.uri().path(), app.clock.now());
    let counted = is_counted(request.method(), path)
        // Whoever has a credential for it asks for all its own users.
        && !(path == "/v1/introspect" && is_resource_server(app, request.headers()));
    if counted {
        let origin = request.headers().get(ORIGIN).map(|origin| origin.as_bytes());
        app.limits.request(source, origin, now)?;
    }
    if request.headers().contains_key(DPOP) {
        app.limits.proof(source, now)?;
    }
    Ok(())
}
