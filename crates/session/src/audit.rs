//! What every transition writes down: who, what, when, why, from where.

use crate::{Actor, Reason};
use hallpass_types::{GrantId, RequestId, ReservationId, SessionId, UnixSeconds, UserId};
use serde::{Deserialize, Serialize};

/// One line of the audit trail. It never names an account address: people are [`UserId`]s.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditEvent {
    /// Its place in the trail, from 1, strictly increasing; the store gives it, `None` until then.
    pub seq: Option<u64>,
    /// When.
    pub at: UnixSeconds,
    /// By whom.
    pub actor: Actor,
    /// What was done.
    pub action: Action,
    /// To what.
    pub subject: Subject,
    /// Whose data it is; `None` for the server's own.
    pub user: Option<UserId>,
    /// Why.
    pub why: Option<Reason>,
    /// From where: personal, sealed under the user's key, gone when the user's data is deleted.
    pub from: Option<Origin>,
}

/// Where a request came from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The client's IP address, as text.
    pub ip: Option<String>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Made: an account, a session.
    Created,
    /// Asked for.
    Requested,
    /// Approved by the owner.
    Approved,
    /// Refused.
    Refused,
    /// Stopped for now.
    Suspended,
    /// Started again.
    Resumed,
    /// Ended here; the effect elsewhere follows.
    Revoking,
    /// Ended everywhere.
    Revoked,
    /// Ran out.
    Expired,
    /// A request that nobody can answer any more, because what it was about has ended.
    Withdrawn,
    /// A grant's installation was sent or seen on chain.
    Installed,
    /// Budget was set aside for an operation.
    Reserved,
    /// An operation was signed.
    Signed,
    /// An operation was sent.
    Submitted,
    /// An operation executed, at a final block.
    Spent,
    /// An operation's signature died, at a final block.
    Released,
    /// A login got its next tokens.
    Refreshed,
    /// A login's wallet proved itself once more.
    SteppedUp,
    /// An operation was denied by the policy.
    Denied,
    /// Personal data was deleted.
    DataDeleted,
    /// The vault was opened.
    Unsealed,
    /// The vault was closed.
    Sealed,
}

/// What it was done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Subject {
    /// A person's account.
    Account(UserId),
    /// A login session.
    Login(SessionId),
    /// A key session.
    Key(SessionId),
    /// A grant.
    Grant(GrantId),
    /// A reservation.
    Reservation(ReservationId),
    /// A request to the owner.
    Request(RequestId),
    /// The vault.
    Vault,
}
