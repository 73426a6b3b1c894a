//! Tells one URL of the operator's what owners are asked, and what became of it.
//!
//! In the form of [Standard Webhooks](https://www.standardwebhooks.com): a JSON body, and three headers. `webhook-signature`
//! is `v1,` and the Base64 of HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}`. An id names one event of one
//! request, so that what is told twice is noticed.
//!
//! - this file: where to, with what secret, and the queue. [`event`], [`alert`]: what is told. `send`: how.
//!
//! Nobody waits for it, and nothing fails with it: a queue that is full loses the newest, and what is still open is told
//! again at the next start.

pub mod alert;
pub mod event;
mod send;

pub use alert::Alert;
use core::fmt;
pub use event::Event;
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// Most events that wait.
const QUEUE: usize = 256;
/// Shortest secret, in bytes (Standard Webhooks: 24 to 64).
pub const SECRET: core::ops::RangeInclusive<usize> = 24..=64;

/// Where to, and with what secret. Neither is shown: such URLs often hold a token.
#[derive(Clone)]
pub struct Webhook {
    url: reqwest::Url,
    secret: Arc<Zeroizing<Vec<u8>>>,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Webhook(redacted)")
    }
}

/// Why a webhook cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookError {
    /// No URL, or neither http nor https, or with a user or password in it.
    BadUrl,
    /// No `whsec_` and Base64 of 24 to 64 bytes.
    BadSecret,
}

impl fmt::Display for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadUrl => "`webhook` is no http or https URL without a user in it",
            Self::BadSecret => "the webhook's secret is `whsec_` and the Base64 of 24 to 64 bytes",
        })
    }
}

impl Webhook {
    /// Reads both.
    ///
    /// # Errors
    /// [`WebhookError`].
    pub fn new(url: &str, secret: &str) -> Result<Self, WebhookError> {
        let url: reqwest::Url = url.parse().map_err(|_| WebhookError::BadUrl)?;
        let plain = matches!(url.scheme(), "http" | "https") && url.host().is_some();
        if !plain || !url.username().is_empty() || url.password().is_some() {
            return Err(WebhookError::BadUrl);
        }
        let text = secret.trim().strip_prefix("whsec_").ok_or(WebhookError::BadSecret)?;
        let secret = send::from_base64(text).map(Zeroizing::new).ok_or(WebhookError::BadSecret)?;
        if SECRET.contains(&secret.len()) {
            Ok(Self { url, secret: Arc::new(secret) })
        } else {
            Err(WebhookError::BadSecret)
        }
    }
}

/// The queue in front of a webhook. Cheap to clone; its task ends with the last clone.
#[derive(Clone)]
pub struct Outbox(mpsc::Sender<Told>);

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outbox")
    }
}

/// What is told.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Told {
    /// Of a request.
    Request(Box<Event>),
    /// Of what the operator should look at.
    Alert(Alert),
}

impl From<Event> for Told {
    fn from(event: Event) -> Self {
        Self::Request(Box::new(event))
    }
}

impl From<Alert> for Told {
    fn from(alert: Alert) -> Self {
        Self::Alert(alert)
    }
}

impl Told {
    /// The same for each delivery.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::Request(event) => event.id(),
            Self::Alert(alert) => alert.id(),
        }
    }

    /// The same without words that somebody claims.
    #[must_use]
    pub fn without_words(&self) -> Self {
        match self {
            Self::Request(event) => event.without_words().into(),
            Self::Alert(alert) => alert.clone().into(),
        }
    }
}

impl Outbox {
    /// Starts the task, on the running tokio runtime.
    #[must_use]
    pub fn start(webhook: Webhook, clock: Arc<dyn hallpass_types::Clock>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(send::task(webhook, clock, waiting));
        Self(queue)
    }

    /// Puts an event into the queue, or loses it.
    pub fn put(&self, event: impl Into<Told>) {
        if let Err(error) = self.0.try_send(event.into()) {
            tracing::warn!(%error, "an event is not told to the webhook");
        }
    }
}
