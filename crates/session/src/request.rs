//! What an owner is asked beside a new grant: one call that a pass does not allow, or the pass for longer.
//!
//! A request carries no authority. With it a grant is drafted, for a session of its own (`proposal`); the owner's answer is
//! that grant's signature, or a no. What was asked never changes, so that what is signed is what was shown.
//!
//! ```text
//! Open -> Approved | Refused | Expired | Withdrawn
//! ```

use alloy_primitives::{Address, B256, Bytes, U256};
use hallpass_types::{ChainId, GrantId, IdempotencyKey, RequestId, SessionId, UnixSeconds, UserId};
use serde::{Deserialize, Serialize};

/// A request to an owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerRequest {
    /// Its id; also the idempotency key of what is done once it is approved.
    pub id: RequestId,
    /// The session for which it is asked.
    pub session: SessionId,
    /// The owner.
    pub user: UserId,
    /// When it was made.
    pub made: UnixSeconds,
    /// From this second on it can no longer be approved (exclusive).
    pub deadline: UnixSeconds,
    /// The asker's idempotency key, one for each session: a retry finds this request.
    pub idempotency: IdempotencyKey,
    /// What makes two requests with that key the same.
    pub request_hash: B256,
    /// What the asker says it is for: a claim.
    pub why: Option<String>,
    /// What is asked.
    pub asked: Asked,
    /// The session that stands on the grant which was drafted as the answer.
    pub proposal: SessionId,
    /// That grant.
    pub grant: GrantId,
    /// Where it stands.
    pub state: RequestState,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "asked", rename_all = "snake_case", deny_unknown_fields)]
pub enum Asked {
    /// One call, once.
    OneOff {
        /// What is done with the answer.
        how: How,
        /// The chain.
        chain: ChainId,
        /// The contract.
        to: Address,
        /// Wei.
        value: U256,
        /// Calldata.
        data: Bytes,
        /// Who is to send it, where the asker names somebody.
        relayer: Option<Address>,
        /// Why the owner is asked.
        met: Met,
    },
    /// The same grant with later times.
    Renewal {
        /// The grant that ends.
        from: GrantId,
    },
}

/// What is done with the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The server signs and sends.
    Execute,
    /// The server signs, and the asker sends.
    Sign,
}

/// Why the owner is asked: a denial of the policy, or a kind of action that the operator wants asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Met {
    /// The stable code.
    pub code: String,
    /// The place in the grant; empty where it is about none.
    pub at: String,
    /// One sentence.
    pub says: String,
}

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case", deny_unknown_fields)]
pub enum RequestState {
    /// Waits for the owner.
    Open,
    /// The owner signed. Terminal.
    Approved {
        /// When.
        at: UnixSeconds,
    },
    /// The owner said no. Terminal.
    Refused {
        /// When.
        at: UnixSeconds,
    },
    /// Nobody answered in time. Terminal.
    Expired {
        /// When that was noticed; it could not be approved from its deadline on.
        at: UnixSeconds,
    },
    /// Its session ended first. Terminal.
    Withdrawn {
        /// When.
        at: UnixSeconds,
    },
}

impl RequestState {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved { .. } => "approved",
            Self::Refused { .. } => "refused",
            Self::Expired { .. } => "expired",
            Self::Withdrawn { .. } => "withdrawn",
        }
    }
}

/// Why a request did not move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// It is past answering.
    #[error("this request is {0}, which is final")]
    Final(&'static str),
    /// Its deadline has passed.
    #[error("this request's deadline has passed")]
    TooLate,
    /// Its deadline has not passed.
    #[error("this request's deadline has not passed")]
    TooEarly,
}

impl RequestError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Final(_) => "request_answered",
            Self::TooLate => "request_expired",
            Self::TooEarly => "not_expired",
        }
    }
}

impl OwnerRequest {
    /// Whether it waits, and still may be approved.
    #[must_use]
    pub fn is_open(&self, now: UnixSeconds) -> bool {
        self.state == RequestState::Open && now < self.deadline
    }

    /// Where it stands at `now`: one that nobody has answered in time is expired, noticed or not.
    #[must_use]
    pub fn state_at(&self, now: UnixSeconds) -> RequestState {
        match self.state {
            RequestState::Open if now >= self.deadline => RequestState::Expired { at: self.deadline },
            state => state,
        }
    }

    /// What `asked` is called.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.asked {
            Asked::OneOff { .. } => "one_off",
            Asked::Renewal { .. } => "renewal",
        }
    }

    /// `Open -> Approved`, before the deadline. The caller has checked the owner's signature over the drafted grant.
    ///
    /// # Errors
    /// [`RequestError::TooLate`] from the deadline on, [`RequestError::Final`] unless it is open.
    pub fn approve(self, now: UnixSeconds) -> Result<Self, RequestError> {
        let late = now >= self.deadline;
        let moved = self.to(RequestState::Approved { at: now })?;
        if late { Err(RequestError::TooLate) } else { Ok(moved) }
    }

    /// `Open -> Refused`, also after the deadline: a no is always taken.
    ///
    /// # Errors
    /// [`RequestError::Final`] unless it is open.
    pub fn refuse(self, now: UnixSeconds) -> Result<Self, RequestError> {
        self.to(RequestState::Refused { at: now })
    }

    /// `Open -> Expired`, from the deadline on.
    ///
    /// # Errors
    /// [`RequestError::TooEarly`] before it, [`RequestError::Final`] unless it is open.
    pub fn expire(self, now: UnixSeconds) -> Result<Self, RequestError> {
        let early = now < self.deadline;
        let moved = self.to(RequestState::Expired { at: now })?;
        if early { Err(RequestError::TooEarly) } else { Ok(moved) }
    }

    /// `Open -> Withdrawn`: its session ended.
    ///
    /// # Errors
    /// [`RequestError::Final`] unless it is open.
    pub fn withdraw(self, now: UnixSeconds) -> Result<Self, RequestError> {
        self.to(RequestState::Withdrawn { at: now })
    }

    fn to(self, state: RequestState) -> Result<Self, RequestError> {
        match self.state {
            RequestState::Open => Ok(Self { state, ..self }),
            ended => Err(RequestError::Final(ended.name())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> UnixSeconds {
        UnixSeconds::new(s).unwrap()
    }

    fn open() -> OwnerRequest {
        OwnerRequest {
            id: RequestId::from_bytes([1; 16]),
            session: SessionId::from_bytes([2; 16]),
            user: UserId::from_bytes([3; 16]),
            made: at(100),
            deadline: at(200),
            idempotency: IdempotencyKey::try_from("k".to_owned()).unwrap(),
            request_hash: B256::repeat_byte(4),
            why: None,
            asked: Asked::Renewal { from: B256::repeat_byte(5) },
            proposal: SessionId::from_bytes([6; 16]),
            grant: B256::repeat_byte(7),
            state: RequestState::Open,
        }
    }

    #[test]
    fn the_deadline_is_exclusive() {
        assert!(open().approve(at(199)).is_ok());
        assert_eq!(open().approve(at(200)), Err(RequestError::TooLate));
        assert_eq!(open().expire(at(199)), Err(RequestError::TooEarly));
        assert!(open().expire(at(200)).is_ok());
        assert!(open().is_open(at(199)) && !open().is_open(at(200)));
        assert_eq!(open().state_at(at(200)), RequestState::Expired { at: at(200) });
        assert!(open().refuse(at(300)).is_ok());
    }

    #[test]
    fn an_answered_request_is_never_moved_again() {
        let answered = [
            open().approve(at(150)).unwrap(),
            open().refuse(at(150)).unwrap(),
            open().expire(at(250)).unwrap(),
            open().withdraw(at(150)).unwrap(),
        ];
        for request in answered {
            for now in [at(150), at(250)] {
                let (name, all) = (request.state.name(), || request.clone());
                let moved = [all().approve(now), all().refuse(now), all().expire(now), all().withdraw(now)];
                assert!(moved.iter().all(|m| *m == Err(RequestError::Final(name))), "{name} moved");
                assert_eq!(request.state_at(now), request.state);
            }
        }
    }

    #[test]
    fn it_reads_back() {
        let met = Met { code: "meter_exceeded".into(), at: "meters[0]".into(), says: "too much".into() };
        let asked = Asked::OneOff {
            how: How::Execute,
            chain: ChainId::new(1).unwrap(),
            to: Address::repeat_byte(1),
            value: U256::MAX,
            data: Bytes::from_static(b"x"),
            relayer: None,
            met,
        };
        let request = OwnerRequest { asked, why: Some("rent".into()), ..open() };
        let text = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<OwnerRequest>(&text).unwrap(), request);
    }
}
