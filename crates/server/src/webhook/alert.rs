//! What a webhook is told beside requests: see [`crate::alerts`].

use hallpass_types::UnixSeconds;
use serde::Serialize;

/// An alert.
#[derive(Debug, Clone, Serialize)]
pub struct Alert {
    /// `alert.refusals`, `alert.new_device`, `alert.past_the_signer` or `alert.held_back`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// When, in Unix seconds.
    pub at: u64,
    /// What it is about.
    pub data: Data,
    #[serde(skip)]
    number: u64,
}

/// What an alert is about. Ids, and a network no closer than IPv4 /24 or IPv6 /48.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Data {
    /// The session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// So many refusals in a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusals: Option<u32>,
    /// The network that a login came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Alerts that were held back before this one.
    pub held_back: u64,
}

impl Alert {
    /// The so many-th since the start.
    #[must_use]
    pub const fn new(kind: &'static str, at: UnixSeconds, number: u64, data: Data) -> Self {
        Self { kind, at: at.get(), data, number }
    }

    /// The same for each delivery of this alert.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}.{}.{}", self.kind, self.at, self.number)
    }
}
