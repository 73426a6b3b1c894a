//! What a server keeps of a grant: as asked for, and as answered.

use crate::{Actor, Reason, TransitionError};
use alloy_primitives::{B256, Bytes};
use hallpass_types::{AccountId, GrantId, SessionId, UnixSeconds, UserId};
use serde::{Deserialize, Serialize};

/// A grant as it was asked for, and what the owner answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredGrant {
    /// `hashStruct(Grant)`.
    pub id: GrantId,
    /// The owner.
    pub user: UserId,
    /// The account it is for.
    pub account: AccountId,
    /// The key session that stands on it.
    pub session: SessionId,
    /// RFC 8785 JSON of the EIP-712 message, with `labels` in clear. Its hash is `id`.
    pub canonical_json: String,
    /// The requester's title, a claim; empty for none.
    pub title: String,
    /// Where the request came from: an origin (`https://arena.example`) or an operator's name for a program.
    pub requested_by: String,
    /// The hash of the operator's lists that the approval text was made with.
    pub lists: B256,
    /// When it was asked for.
    pub created: UnixSeconds,
    /// The grant that it replaces, ending it and carrying its counters.
    pub replaces: Option<GrantId>,
    /// What the owner answered.
    pub decision: Decision,
}

/// What the owner answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum Decision {
    /// Nothing yet.
    Pending,
    /// Signed.
    Approved {
        /// When.
        at: UnixSeconds,
        /// The owner's signature over the typed data `Grant`, checked before it came here.
        owner_signature: Bytes,
    },
    /// No.
    Refused {
        /// When.
        at: UnixSeconds,
        /// Why.
        reason: Reason,
        /// By whom.
        by: Actor,
    },
}

impl StoredGrant {
    /// The owner's signature, where there is one.
    #[must_use]
    pub const fn owner_signature(&self) -> Option<&Bytes> {
        match &self.decision {
            Decision::Approved { owner_signature, .. } => Some(owner_signature),
            Decision::Pending | Decision::Refused { .. } => None,
        }
    }

    /// Records the owner's signature. The caller has checked it.
    ///
    /// # Errors
    /// [`TransitionError::NotAllowed`] where the owner has already answered.
    pub fn approve(self, now: UnixSeconds, owner_signature: Bytes) -> Result<Self, TransitionError> {
        self.answer(Decision::Approved { at: now, owner_signature }, "approve")
    }

    /// Records a refusal.
    ///
    /// # Errors
    /// [`TransitionError::NotAllowed`] where the owner has already answered.
    pub fn refuse(self, now: UnixSeconds, reason: Reason, by: Actor) -> Result<Self, TransitionError> {
        self.answer(Decision::Refused { at: now, reason, by }, "refuse")
    }

    fn answer(self, decision: Decision, action: &'static str) -> Result<Self, TransitionError> {
        let state = match self.decision {
            Decision::Pending => return Ok(Self { decision, ..self }),
            Decision::Approved { .. } => "approved",
            Decision::Refused { .. } => "refused",
        };
        Err(TransitionError::NotAllowed { state, action })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_answered_once() {
        let now = UnixSeconds::new(5).unwrap();
        let pending = StoredGrant {
            id: GrantId::repeat_byte(1),
            user: UserId::from_bytes([2; 16]),
            account: "eip155:1:0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266".parse().unwrap(),
            session: SessionId::from_bytes([3; 16]),
            canonical_json: "{}".into(),
            title: String::new(),
            requested_by: "https://arena.example".into(),
            lists: B256::ZERO,
            created: now,
            replaces: None,
            decision: Decision::Pending,
        };
        let signed = pending.clone().approve(now, Bytes::from_static(b"sig")).unwrap();
        assert_eq!(signed.owner_signature(), Some(&Bytes::from_static(b"sig")));
        let refused = pending.refuse(now, Reason::Declined, Actor::Server).unwrap();
        assert_eq!(refused.owner_signature(), None);
        for answered in [signed, refused] {
            assert!(answered.clone().approve(now, Bytes::new()).is_err());
            assert!(answered.refuse(now, Reason::Declined, Actor::Server).is_err());
        }
    }
}
