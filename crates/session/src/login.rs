//! Login sessions, and the nonce that a wallet signs to start one.

use crate::{Actor, Lifecycle, Reason, TokenHash, TransitionError};
use alloy_primitives::hex;
use hallpass_types::{AccountId, SessionId, UnixSeconds, UserId};
use serde::{Deserialize, Serialize};

/// Someone is logged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginSession {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The account that was proved.
    pub account: AccountId,
    /// Where it stands.
    pub lifecycle: Lifecycle,
    /// Exclusive end, whatever the activity.
    pub not_after: UnixSeconds,
    /// What the holder's token hashes to.
    pub token_hash: TokenHash,
    /// Inclusive start.
    pub created: UnixSeconds,
}

impl LoginSession {
    /// Whether its token is good at `now`: active, and `created <= now < not_after`.
    #[must_use]
    pub fn is_live(&self, now: UnixSeconds) -> bool {
        self.lifecycle.is_active() && self.created <= now && now < self.not_after
    }

    /// Ends it. Nothing outside this server knows of a login, so it is revoked at once.
    ///
    /// # Errors
    /// [`TransitionError::NotAllowed`] where it has already ended.
    pub fn revoke(self, now: UnixSeconds, reason: Reason, by: Actor) -> Result<Self, TransitionError> {
        let lifecycle = self.lifecycle.revoke(now, reason, by)?.confirm_revoked(now)?;
        Ok(Self { lifecycle, ..self })
    }

    /// Notes that its time ran out.
    ///
    /// # Errors
    /// [`TransitionError::NotExpired`] before `not_after`, [`TransitionError::NotAllowed`] where it has already ended.
    pub fn expire(self, now: UnixSeconds) -> Result<Self, TransitionError> {
        let lifecycle = self.lifecycle.expire(now, self.not_after)?;
        Ok(Self { lifecycle, ..self })
    }
}

/// How long a login nonce lives, in seconds.
pub const NONCE_LIFE: u64 = 300;

/// What a login message must contain, once: 32 hex digits, the `nonce` of ERC-4361.
///
/// One use is the store's part: it hands a nonce out of its table and forgets it in the same transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginNonce {
    value: [u8; 16],
    issued_at: UnixSeconds,
}

impl LoginNonce {
    /// From 16 bytes of a random source.
    #[must_use]
    pub const fn issue(random: [u8; 16], now: UnixSeconds) -> Self {
        Self { value: random, issued_at: now }
    }

    /// The text that the message contains.
    #[must_use]
    pub fn text(&self) -> String {
        hex::encode(self.value)
    }

    /// Reads the text back to the bytes that stores key by; `None` unless it is 32 lower-case hex digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<[u8; 16]> {
        let mut value = [0; 16];
        let canonical = text.len() == 32 && !text.bytes().any(|b| b.is_ascii_uppercase());
        (canonical && hex::decode_to_slice(text, &mut value).is_ok()).then_some(value)
    }

    /// The bytes, as stores key by them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.value
    }

    /// When it was issued.
    #[must_use]
    pub const fn issued_at(&self) -> UnixSeconds {
        self.issued_at
    }

    /// Uses it up: `issued_at <= now < issued_at + 300`.
    ///
    /// # Errors
    /// [`NonceError::Expired`] from the end of its life on, [`NonceError::FromTheFuture`] where the clock went back.
    pub fn use_at(self, now: UnixSeconds) -> Result<(), NonceError> {
        match now.get().checked_sub(self.issued_at.get()) {
            None => Err(NonceError::FromTheFuture),
            Some(age) if age >= NONCE_LIFE => Err(NonceError::Expired),
            Some(_) => Ok(()),
        }
    }
}

/// Why a nonce was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NonceError {
    /// Older than its life.
    #[error("the login took longer than five minutes; start again")]
    Expired,
    /// Issued after the present.
    #[error("the server's clock went back; start again")]
    FromTheFuture,
}

impl NonceError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Expired => "nonce_expired",
            Self::FromTheFuture => "clock_went_back",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Token;

    fn at(s: u64) -> UnixSeconds {
        UnixSeconds::new(s).unwrap()
    }

    fn session() -> LoginSession {
        LoginSession {
            id: SessionId::from_bytes([1; 16]),
            user: UserId::from_bytes([2; 16]),
            account: "eip155:1:0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266".parse().unwrap(),
            lifecycle: Lifecycle::Active { since: at(100) },
            not_after: at(200),
            token_hash: Token::from_random([3; 32]).hash(),
            created: at(100),
        }
    }

    #[test]
    fn a_login_is_live_from_its_start_and_dead_at_its_end() {
        let live: Vec<bool> = [99, 100, 199, 200].map(|t| session().is_live(at(t))).into();
        assert_eq!(live, [false, true, true, false]);
    }

    #[test]
    fn a_revoked_login_is_dead_at_once_and_for_good() {
        let ended = session().revoke(at(150), Reason::HolderAsked, Actor::Holder(session().id)).unwrap();
        assert!(!ended.is_live(at(150)));
        assert_eq!(
            ended.clone().revoke(at(151), Reason::OwnerAsked, Actor::Server).unwrap_err().code(),
            "transition_not_allowed"
        );
        assert_eq!(ended.expire(at(300)).unwrap_err().code(), "transition_not_allowed");
    }

    /// Neither the token nor eight bytes of it in a row, in hex or as numbers, stand in what is shown of it or made with it.
    #[test]
    fn nothing_shown_or_stored_has_a_token_in_it() {
        let bytes: [u8; 32] = core::array::from_fn(|i| 0xa0 | i as u8);
        let (token, login) = (Token::from_random(bytes), session());
        let login = LoginSession { token_hash: token.hash(), ..login };
        let bad = token.reveal().to_uppercase().parse::<Token>().unwrap_err();
        let shown = [
            format!("{token:?} {token:#?} {login:?} {login:#?} {:?} {bad:?} {bad}", token.hash()),
            serde_json::to_string(&(&login, token.hash())).unwrap(),
        ]
        .concat()
        .to_lowercase();
        let numbers = |part: &[u8], between: &str| part.iter().map(u8::to_string).collect::<Vec<_>>().join(between);
        let shows = |text: &str, secret: &[u8]| {
            secret.windows(8).any(|part| {
                [hex::encode(part), numbers(part, ","), numbers(part, ", ")].iter().any(|form| text.contains(form))
            })
        };
        assert!(!shows(&shown, &bytes));
        // The search finds what is there.
        assert!(shows(&shown, token.hash().as_bytes()) && shows(&token.reveal(), &bytes));
    }

    #[test]
    fn a_nonce_lives_for_five_minutes_and_not_before_it_was_issued() {
        let nonce = LoginNonce::issue([0xc4; 16], at(1000));
        assert_eq!(LoginNonce::parse(&nonce.text()), Some([0xc4; 16]));
        assert_eq!(LoginNonce::parse(&nonce.text().to_uppercase()), None);
        assert_eq!(nonce.clone().use_at(at(1000)), Ok(()));
        assert_eq!(nonce.clone().use_at(at(1299)), Ok(()));
        assert_eq!(nonce.clone().use_at(at(1300)), Err(NonceError::Expired));
        assert_eq!(nonce.use_at(at(999)), Err(NonceError::FromTheFuture));
    }
}
