//! Key sessions: a key that may act for an account, inside a grant.

use crate::{Actor, Lifecycle, Reason, TransitionError};
use alloy_primitives::{Address, B256};
use hallpass_types::{AccountId, GrantId, SessionId, UnixSeconds, UserId};
use serde::{Deserialize, Serialize};

/// A session key and the grant it stands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySession {
    /// Its id.
    pub id: SessionId,
    /// The owner.
    pub user: UserId,
    /// The account it acts for.
    pub account: AccountId,
    /// Which of the owner's pockets the account is; `None` for the owner's own address.
    pub pocket: Option<u64>,
    /// What it may do.
    pub grant: GrantId,
    /// Where it stands.
    pub lifecycle: Lifecycle,
    /// The session key's address; the key itself is in the vault.
    pub key: Address,
    /// When it was asked for.
    pub created: UnixSeconds,
    /// The grant's inclusive start.
    pub not_before: UnixSeconds,
    /// The grant's exclusive end.
    pub not_after: UnixSeconds,
    /// Whether the grant stands on chain.
    pub install: Installation,
    /// The vault key that may end the grant and nothing else; zero for none.
    pub ender: Address,
}

/// Whether a grant stands on chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "install", rename_all = "snake_case")]
pub enum Installation {
    /// Nothing was sent.
    NotInstalled,
    /// Sent, not yet seen in a block.
    Submitted {
        /// The newest transaction; an earlier one may still be included, with the same effect.
        tx: B256,
    },
    /// Stands on chain.
    Installed {
        /// The transaction that did it.
        tx: B256,
        /// The block's number.
        block: u64,
    },
}

impl KeySession {
    /// Whether the signer may sign at `now`: active, and `not_before <= now < not_after`. The policy decides the rest.
    #[must_use]
    pub fn is_live(&self, now: UnixSeconds) -> bool {
        self.lifecycle.is_active() && self.not_before <= now && now < self.not_after
    }

    /// The owner signed the grant.
    ///
    /// # Errors
    /// [`TransitionError::TooLate`] from `not_after` on, [`TransitionError::NotAllowed`] unless it was requested.
    pub fn approve(self, now: UnixSeconds) -> Result<Self, TransitionError> {
        let lifecycle = self.lifecycle.approve(now)?;
        if now >= self.not_after {
            return Err(TransitionError::TooLate);
        }
        Ok(Self { lifecycle, ..self })
    }

    /// The owner declined, or nobody answered.
    ///
    /// # Errors
    /// [`TransitionError::NotAllowed`] unless it was requested.
    pub fn refuse(self, now: UnixSeconds, reason: Reason, by: Actor) -> Result<Self, TransitionError> {
        let lifecycle = self.lifecycle.refuse(now, reason, by)?;
        Ok(Self { lifecycle, ..self })
    }

    /// Stops signing for now.
    ///
    /// # Errors
    /// [`TransitionError::NotAllowed`] unless it is active.
    pub fn suspend(self, now: UnixSeconds, reason: Reason, by: Actor) -> Result<Self, TransitionError> {
        let lifecycle = self.lifecycle.suspend(now, reason, by)?;
        Ok(Self { lifecycle, ..self })
    }

    /// Signs again.
    ///
    /// # Errors
    /// [`TransitionError::NotAllowed`] unless it is suspended.
    pub fn resume(self, now: UnixSeconds) -> Result<Self, TransitionError> {
        let lifecycle = self.lifecycle.resume(now)?;
        Ok(Self { lifecycle, ..self })
    }

    /// Stops signing for good. What was signed before can still execute until its `valid_until`.
    ///
    /// # Errors
    /// [`TransitionError::NotAllowed`] unless it is active or suspended.
    pub fn revoke(self, now: UnixSeconds, reason: Reason, by: Actor) -> Result<Self, TransitionError> {
        let lifecycle = self.lifecycle.revoke(now, reason, by)?;
        Ok(Self { lifecycle, ..self })
    }

    /// The chain ended the grant at a final block, or never had it.
    ///
    /// # Errors
    /// [`TransitionError::NotAllowed`] unless it is being revoked.
    pub fn confirm_revoked(self, now: UnixSeconds) -> Result<Self, TransitionError> {
        let lifecycle = self.lifecycle.confirm_revoked(now)?;
        Ok(Self { lifecycle, ..self })
    }

    /// Notes that its time ran out.
    ///
    /// # Errors
    /// [`TransitionError::NotExpired`] before `not_after`, [`TransitionError::NotAllowed`] unless active or suspended.
    pub fn expire(self, now: UnixSeconds) -> Result<Self, TransitionError> {
        let lifecycle = self.lifecycle.expire(now, self.not_after)?;
        Ok(Self { lifecycle, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> UnixSeconds {
        UnixSeconds::new(s).unwrap()
    }

    fn requested() -> KeySession {
        KeySession {
            id: SessionId::from_bytes([1; 16]),
            user: UserId::from_bytes([2; 16]),
            account: "eip155:1:0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266".parse().unwrap(),
            grant: GrantId::repeat_byte(3),
            lifecycle: Lifecycle::Requested { at: at(90) },
            key: Address::repeat_byte(4),
            created: at(90),
            not_before: at(100),
            not_after: at(200),
            pocket: None,
            install: Installation::NotInstalled,
            ender: Address::repeat_byte(5),
        }
    }

    #[test]
    fn a_key_signs_from_the_grants_start_and_not_at_its_end() {
        let active = requested().approve(at(95)).unwrap();
        let live: Vec<bool> = [99, 100, 199, 200].map(|t| active.is_live(at(t))).into();
        assert_eq!(live, [false, true, true, false]);
        assert!(!requested().is_live(at(150)));
        assert!(!active.clone().suspend(at(150), Reason::Frozen, Actor::Server).unwrap().is_live(at(150)));
        assert!(!active.revoke(at(150), Reason::OwnerAsked, Actor::Server).unwrap().is_live(at(150)));
    }

    #[test]
    fn a_grant_whose_time_ran_out_is_not_approved() {
        assert_eq!(requested().approve(at(200)), Err(TransitionError::TooLate));
        assert!(requested().approve(at(199)).is_ok());
    }
}
