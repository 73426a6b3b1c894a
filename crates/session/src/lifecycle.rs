//! The one lifecycle of every kind of session.
//!
//! ```text
//! Requested -> Active -> (Suspended <-> Active) -> Expired | Revoking -> Revoked
//! Requested -> Refused
//! ```

use hallpass_types::{GrantId, SessionId, UnixSeconds, UserId};
use serde::{Deserialize, Serialize};

/// Where a session stands, with what is known there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case", deny_unknown_fields)]
pub enum Lifecycle {
    /// Asked for; gives no authority yet.
    Requested {
        /// When it was asked for.
        at: UnixSeconds,
    },
    /// Gives authority, inside its times.
    Active {
        /// When it was approved, or last resumed.
        since: UnixSeconds,
    },
    /// Gives none for now; may be resumed.
    Suspended {
        /// When.
        since: UnixSeconds,
        /// Why.
        reason: Reason,
        /// By whom.
        by: Actor,
    },
    /// Its time ran out. Terminal.
    Expired {
        /// When that was noticed; authority ended at its `not_after`.
        at: UnixSeconds,
    },
    /// Gives none here any more; the effect elsewhere (chain, venue) is not confirmed yet.
    Revoking {
        /// When the local effect took place.
        since: UnixSeconds,
        /// Why.
        reason: Reason,
        /// By whom.
        by: Actor,
    },
    /// Ended everywhere. Terminal.
    Revoked {
        /// When the local effect took place.
        since: UnixSeconds,
        /// When the effect elsewhere was confirmed.
        at: UnixSeconds,
        /// Why.
        reason: Reason,
        /// By whom.
        by: Actor,
    },
    /// Asked for and never given. Terminal.
    Refused {
        /// When.
        at: UnixSeconds,
        /// Why.
        reason: Reason,
        /// By whom.
        by: Actor,
    },
}

/// Who moved a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "actor", content = "id", rename_all = "snake_case")]
pub enum Actor {
    /// The person whose account it is.
    Owner(UserId),
    /// Whoever holds the session.
    Holder(SessionId),
    /// The vault's ender key, moved by this server.
    Ender,
    /// This server, by a rule of its own (expiry, alarm, restart).
    Server,
    /// An operator of this server.
    Admin(UserId),
}

/// Why a session was moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", content = "of", rename_all = "snake_case")]
pub enum Reason {
    /// The owner asked for it.
    OwnerAsked,
    /// The holder gave it back: a logout.
    HolderAsked,
    /// An operator asked for it.
    AdminAsked,
    /// The owner said no.
    Declined,
    /// The request was not answered in time.
    RequestExpired,
    /// Another grant took its place and its counters.
    Replaced(GrantId),
    /// The chain counts more than the ledger: the key was used past the signer.
    SpentElsewhere,
    /// The chain says that the grant ended.
    EndedOnChain,
    /// The account's epoch moved.
    EpochMoved,
    /// The account is frozen by a guardian or the owner.
    Frozen,
    /// The store may be a restored snapshot.
    Restored,
    /// Its owner's data was deleted.
    DataDeleted,
    /// A refresh token was presented after its successor was in use: one of the two is in other hands.
    RefreshReused,
    /// The same browser logged in again.
    LoggedInAgain,
    /// Its contract wallet no longer accepts what proved it.
    WalletRefused,
    /// Its owner logged in elsewhere, and it was the one used least lately above the limit.
    TooManyLogins,
}

impl Reason {
    /// The stable code, for audit rows and pages.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::OwnerAsked => "owner_asked",
            Self::HolderAsked => "holder_asked",
            Self::AdminAsked => "admin_asked",
            Self::Declined => "declined",
            Self::RequestExpired => "request_expired",
            Self::Replaced(_) => "replaced",
            Self::SpentElsewhere => "spent_elsewhere",
            Self::EndedOnChain => "ended_on_chain",
            Self::EpochMoved => "epoch_moved",
            Self::Frozen => "frozen",
            Self::Restored => "restored",
            Self::DataDeleted => "data_deleted",
            Self::RefreshReused => "refresh_reused",
            Self::LoggedInAgain => "logged_in_again",
            Self::WalletRefused => "wallet_refused",
            Self::TooManyLogins => "too_many_logins",
        }
    }
}

impl Lifecycle {
    /// `Requested -> Active`.
    ///
    /// # Errors
    /// [`TransitionError::NotAllowed`] from any other state, as for every transition here.
    pub fn approve(self, now: UnixSeconds) -> Result<Self, TransitionError> {
        match self {
            Self::Requested { .. } => Ok(Self::Active { since: now }),
            other => Err(other.cannot("approve")),
        }
    }

    /// `Requested -> Refused`.
    ///
    /// # Errors
    /// As [`Self::approve`].
    pub fn refuse(self, now: UnixSeconds, reason: Reason, by: Actor) -> Result<Self, TransitionError> {
        match self {
            Self::Requested { .. } => Ok(Self::Refused { at: now, reason, by }),
            other => Err(other.cannot("refuse")),
        }
    }

    /// `Active -> Suspended`.
    ///
    /// # Errors
    /// As [`Self::approve`].
    pub fn suspend(self, now: UnixSeconds, reason: Reason, by: Actor) -> Result<Self, TransitionError> {
        match self {
            Self::Active { .. } => Ok(Self::Suspended { since: now, reason, by }),
            other => Err(other.cannot("suspend")),
        }
    }

    /// `Suspended -> Active`.
    ///
    /// # Errors
    /// As [`Self::approve`].
    pub fn resume(self, now: UnixSeconds) -> Result<Self, TransitionError> {
        match self {
            Self::Suspended { .. } => Ok(Self::Active { since: now }),
            other => Err(other.cannot("resume")),
        }
    }

    /// `Active | Suspended -> Expired`, from the second `not_after` on (exclusive end).
    ///
    /// # Errors
    /// As [`Self::approve`], and [`TransitionError::NotExpired`] before that second.
    pub fn expire(self, now: UnixSeconds, not_after: UnixSeconds) -> Result<Self, TransitionError> {
        match self {
            Self::Active { .. } | Self::Suspended { .. } if now < not_after => Err(TransitionError::NotExpired),
            Self::Active { .. } | Self::Suspended { .. } => Ok(Self::Expired { at: now }),
            other => Err(other.cannot("expire")),
        }
    }

    /// `Active | Suspended -> Revoking`: the local effect.
    ///
    /// # Errors
    /// As [`Self::approve`].
    pub fn revoke(self, now: UnixSeconds, reason: Reason, by: Actor) -> Result<Self, TransitionError> {
        match self {
            Self::Active { .. } | Self::Suspended { .. } => Ok(Self::Revoking { since: now, reason, by }),
            other => Err(other.cannot("revoke")),
        }
    }

    /// `Revoking -> Revoked`: the effect elsewhere is confirmed.
    ///
    /// # Errors
    /// As [`Self::approve`].
    pub fn confirm_revoked(self, now: UnixSeconds) -> Result<Self, TransitionError> {
        match self {
            Self::Revoking { since, reason, by } => Ok(Self::Revoked { since, at: now, reason, by }),
            other => Err(other.cannot("confirm_revoked")),
        }
    }

    /// Whether it gives authority, its times aside.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        matches!(self, Self::Active { .. })
    }

    /// Whether nothing can move it any more.
    #[must_use]
    pub const fn is_terminal(&self) -> bool {
        matches!(self, Self::Expired { .. } | Self::Revoked { .. } | Self::Refused { .. })
    }

    /// The state's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Requested { .. } => "requested",
            Self::Active { .. } => "active",
            Self::Suspended { .. } => "suspended",
            Self::Expired { .. } => "expired",
            Self::Revoking { .. } => "revoking",
            Self::Revoked { .. } => "revoked",
            Self::Refused { .. } => "refused",
        }
    }

    pub(crate) const fn cannot(&self, action: &'static str) -> TransitionError {
        TransitionError::NotAllowed { state: self.name(), action }
    }
}

/// Why a session did not move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError {
    /// The state has no such way out.
    #[error("a session that is `{state}` cannot `{action}`")]
    NotAllowed {
        /// The state's name.
        state: &'static str,
        /// The transition's name.
        action: &'static str,
    },
    /// Expiry before the time.
    #[error("the session's time has not run out")]
    NotExpired,
    /// Approval after the time.
    #[error("the session's time has already run out")]
    TooLate,
}

impl TransitionError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotAllowed { .. } => "transition_not_allowed",
            Self::NotExpired => "not_expired",
            Self::TooLate => "too_late",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> UnixSeconds {
        UnixSeconds::new(s).unwrap()
    }

    /// What pages show is what is stored.
    #[test]
    fn a_reason_s_code_is_what_it_is_stored_as() {
        let all = [
            Reason::OwnerAsked,
            Reason::HolderAsked,
            Reason::AdminAsked,
            Reason::Declined,
            Reason::RequestExpired,
            Reason::Replaced(GrantId::ZERO),
            Reason::SpentElsewhere,
            Reason::EndedOnChain,
            Reason::EpochMoved,
            Reason::Frozen,
            Reason::Restored,
            Reason::DataDeleted,
            Reason::RefreshReused,
            Reason::LoggedInAgain,
            Reason::WalletRefused,
            Reason::TooManyLogins,
        ];
        for reason in all {
            assert_eq!(serde_json::to_value(reason).unwrap()["reason"], reason.code());
        }
    }

    fn states() -> Vec<Lifecycle> {
        let (reason, by) = (Reason::OwnerAsked, Actor::Server);
        vec![
            Lifecycle::Requested { at: at(1) },
            Lifecycle::Active { since: at(1) },
            Lifecycle::Suspended { since: at(1), reason, by },
            Lifecycle::Revoking { since: at(1), reason, by },
            Lifecycle::Expired { at: at(1) },
            Lifecycle::Revoked { since: at(1), at: at(2), reason, by },
            Lifecycle::Refused { at: at(1), reason, by },
        ]
    }

    /// Every (from, to) pair that exists; the diagram above, written once more as a table.
    #[test]
    fn the_transitions_are_the_diagrams_and_no_others() {
        let mut found = Vec::new();
        for from in states() {
            let (r, a) = (Reason::OwnerAsked, Actor::Server);
            let ways = [
                from.clone().approve(at(9)),
                from.clone().refuse(at(9), r, a),
                from.clone().suspend(at(9), r, a),
                from.clone().resume(at(9)),
                from.clone().expire(at(9), at(9)),
                from.clone().revoke(at(9), r, a),
                from.clone().confirm_revoked(at(9)),
            ];
            for to in ways.into_iter().flatten() {
                assert!(!from.is_terminal(), "{} moved", from.name());
                found.push(format!("{} {}", from.name(), to.name()));
            }
        }
        assert_eq!(
            found,
            [
                "requested active",
                "requested refused",
                "active suspended",
                "active expired",
                "active revoking",
                "suspended active",
                "suspended expired",
                "suspended revoking",
                "revoking revoked",
            ]
        );
    }

    #[test]
    fn a_session_expires_at_its_end_and_not_a_second_before() {
        let active = Lifecycle::Active { since: at(1) };
        assert_eq!(active.clone().expire(at(9), at(10)), Err(TransitionError::NotExpired));
        assert_eq!(active.expire(at(10), at(10)), Ok(Lifecycle::Expired { at: at(10) }));
    }

    #[test]
    fn a_revocation_keeps_who_why_and_since_when() {
        let (reason, by) = (Reason::Replaced(GrantId::repeat_byte(7)), Actor::Owner(UserId::from_bytes([1; 16])));
        let end = Lifecycle::Active { since: at(1) }.revoke(at(5), reason, by).unwrap().confirm_revoked(at(8)).unwrap();
        assert_eq!(end, Lifecycle::Revoked { since: at(5), at: at(8), reason, by });
        let text = serde_json::to_string(&end).unwrap();
        assert_eq!(serde_json::from_str::<Lifecycle>(&text).unwrap(), end);
    }
}
