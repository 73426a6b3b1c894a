//! How one refresh token follows another (RFC 6749, section 6; RFC 9700, section 4.14.2).
//!
//! A successor is an HMAC of the token before it, so that only hashes are stored and a lost answer can be given again: the
//! same old token gives the same successor until that one is used. Used is: presented for the next one, or its access token
//! shown. From then on the old token is spent, and whoever presents it ends the family: either it was stolen, or its
//! successor was.

use crate::login::{Access, Pending, Refresh};
use crate::{Actor, LoginSession, Reason, Token, TokenHash, TokenKind};
use core::cmp::min;
use core::fmt;
use hallpass_types::UnixSeconds;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// What successors are derived with: 256 bits that stay the same for as long as the vault lives.
pub struct RefreshKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for RefreshKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshKey(redacted)")
    }
}

impl RefreshKey {
    /// From a key that nothing else uses.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }

    /// The refresh token after `old`.
    fn successor(&self, old: &Token) -> Option<Token> {
        self.derive(TokenKind::Refresh, &[b"hallpass/refresh/successor/", old.bits()])
    }

    /// The access token that comes with it, made at `issued`.
    fn access(&self, kind: TokenKind, old: &Token, issued: UnixSeconds) -> Option<Token> {
        let issued = issued.get().to_be_bytes();
        self.derive(kind, &[b"hallpass/refresh/access/", kind.prefix().as_bytes(), &issued, old.bits()])
    }

    fn derive(&self, kind: TokenKind, parts: &[&[u8]]) -> Option<Token> {
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(self.0.as_slice()).ok()?;
        parts.iter().for_each(|part| mac.update(part));
        Some(Token::from_random(kind, mac.finalize().into_bytes().into()))
    }
}

/// A family that went on, and what its holder gets.
#[derive(Debug)]
pub struct Refreshed {
    /// The family as it stands now.
    pub login: LoginSession,
    /// The access token.
    pub access: Token,
    /// Its exclusive end.
    pub access_not_after: UnixSeconds,
    /// The refresh token.
    pub refresh: Token,
}

/// Why a refresh token gives nothing. Whoever asks is told the same for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoRefresh {
    /// The family has ended, or its time ran out, or it has no refresh tokens.
    Ended,
    /// A spent token was presented: the family, ended by that.
    Reused(Box<LoginSession>),
}

impl LoginSession {
    /// Presents `old`, which the store knows as one of this family's, at `now`, the family having been used at `used` last. An
    /// access token lives for `seconds`, and never longer than the family.
    ///
    /// # Errors
    /// [`NoRefresh`]; the ended family is to be saved.
    pub fn present(
        self,
        key: &RefreshKey,
        old: &Token,
        (now, used): (UnixSeconds, UnixSeconds),
        seconds: u64,
    ) -> Result<Refreshed, NoRefresh> {
        let hash = old.hash();
        let may = old.kind() == TokenKind::Refresh && self.is_live(now, used);
        let Some(refresh) = self.refresh.filter(|_| may) else { return Err(NoRefresh::Ended) };
        let (moved, refresh) = match refresh.pending {
            _ if hash == refresh.current => (self, refresh),
            Some(pending) if hash == pending.refresh => {
                let refresh = Refresh { current: hash, pending: None };
                (Self { access: pending.access, ..self }, refresh)
            }
            _ => {
                let by = Actor::Holder(self.id);
                let ended = self.revoke(now, Reason::RefreshReused, by).map_err(|_| NoRefresh::Ended)?;
                return Err(NoRefresh::Reused(Box::new(ended)));
            }
        };
        let living = refresh.pending.filter(|pending| now < pending.access.not_after);
        let issued = living.map_or(now, |pending| pending.issued);
        let kind = moved.binding.token();
        let (Some(next), Some(access)) = (key.successor(old), key.access(kind, old, issued)) else {
            return Err(NoRefresh::Ended);
        };
        let ends = issued.plus(seconds).unwrap_or(moved.not_after);
        let access_not_after = living.map_or(min(ends, moved.not_after), |pending| pending.access.not_after);
        let pending = Pending {
            refresh: next.hash(),
            access: Access { hash: access.hash(), not_after: access_not_after },
            issued,
        };
        let refresh = Some(Refresh { current: hash, pending: Some(pending) });
        let login = Self { refresh, ..moved.used(now) };
        Ok(Refreshed { login, access, access_not_after, refresh: next })
    }

    /// The access token that came with the successor was shown: the successor is in use, and what was before it is spent.
    /// `None` where `access` is not that one.
    #[must_use]
    pub fn confirm(self, access: &TokenHash) -> Option<Self> {
        let refresh = self.refresh?;
        let pending = refresh.pending.filter(|pending| pending.access.hash == *access)?;
        let refresh = Some(Refresh { current: pending.refresh, pending: None });
        Some(Self { access: pending.access, refresh, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::login::tests::{at, session};

    fn key() -> RefreshKey {
        RefreshKey::new([9; 32])
    }

    fn first() -> Token {
        Token::from_random(TokenKind::Refresh, [1; 32])
    }

    /// From 100 to 200, idle after 40; access tokens live for 10.
    fn family() -> LoginSession {
        LoginSession { refresh: Some(Refresh { current: first().hash(), pending: None }), ..session() }
    }

    fn present(family: LoginSession, token: &Token, now: u64) -> Result<Refreshed, NoRefresh> {
        family.present(&key(), token, (at(now), at(now)), 10)
    }

    fn ended(result: Result<Refreshed, NoRefresh>) -> LoginSession {
        match result {
            Err(NoRefresh::Reused(family)) => *family,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_lost_answer_is_given_again_until_it_is_used() {
        let one = present(family(), &first(), 110).unwrap();
        let same = present(one.login.clone(), &first(), 119).unwrap();
        assert_eq!((&same.refresh, &same.access, same.access_not_after), (&one.refresh, &one.access, at(120)));
        assert_eq!(same.login.refresh, one.login.refresh);
        assert_ne!(one.login.refresh, family().refresh);
        // The access token that may never have arrived has run out: another, and still the same successor.
        let later = present(one.login.clone(), &first(), 120).unwrap();
        assert_eq!(later.refresh, one.refresh);
        assert_ne!(later.access, one.access);
        assert_eq!(later.access_not_after, at(130));
    }

    #[test]
    fn a_spent_token_ends_the_family_once_its_successor_was_presented() {
        let one = present(family(), &first(), 110).unwrap();
        let two = present(one.login, &one.refresh, 111).unwrap();
        assert_ne!(two.refresh, one.refresh);
        assert_eq!(
            two.login.access.hash,
            one.access.hash(),
            "the access token before the successor's is nothing any more"
        );
        let dead = ended(present(two.login.clone(), &first(), 112));
        assert!(matches!(dead.lifecycle, crate::Lifecycle::Revoked { reason: Reason::RefreshReused, .. }));
        // What was in use before gives nothing any more either.
        assert_eq!(present(dead, &two.refresh, 113).unwrap_err(), NoRefresh::Ended);
    }

    #[test]
    fn a_spent_token_ends_the_family_once_the_successors_access_token_was_shown() {
        let one = present(family(), &first(), 110).unwrap();
        let hash = one.access.hash();
        assert_eq!(one.login.clone().confirm(&first().hash()), None);
        let used = one.login.confirm(&hash).unwrap();
        assert_eq!((used.access.hash, used.clone().confirm(&hash)), (hash, None));
        ended(present(used.clone(), &first(), 111));
        assert!(present(used, &one.refresh, 111).is_ok());
    }

    #[test]
    fn a_token_of_an_ended_family_gives_nothing() {
        let reason = Reason::OwnerAsked;
        let revoked = family().revoke(at(110), reason, Actor::Server).unwrap();
        assert_eq!(present(revoked, &first(), 111).unwrap_err(), NoRefresh::Ended);
        assert_eq!(present(family(), &first(), 200).unwrap_err(), NoRefresh::Ended, "absolute");
        let idle = family().present(&key(), &first(), (at(140), at(100)), 10);
        assert_eq!(idle.unwrap_err(), NoRefresh::Ended, "idle");
        assert_eq!(present(session(), &first(), 110).unwrap_err(), NoRefresh::Ended, "no refresh tokens");
        assert_eq!(present(family(), &first(), 99).unwrap_err(), NoRefresh::Ended, "before its start");
        let access = Token::from_random(TokenKind::Bearer, [3; 32]);
        assert_eq!(present(family(), &access, 110).unwrap_err(), NoRefresh::Ended, "no refresh token");
    }

    #[test]
    fn an_access_token_does_not_outlive_its_family() {
        let family = LoginSession { idle: 1000, ..family() };
        assert_eq!(present(family, &first(), 195).unwrap().access_not_after, at(200));
    }

    #[test]
    fn debug_shows_nothing_of_the_key() {
        assert_eq!(format!("{:?}", key()), "RefreshKey(redacted)");
    }

    #[test]
    fn a_successor_comes_from_key_and_token_alone() {
        let here = present(family(), &first(), 110).unwrap();
        let other = family().present(&RefreshKey::new([8; 32]), &first(), (at(110), at(110)), 10).unwrap();
        assert_ne!(here.refresh, other.refresh);
        assert_ne!(here.access, other.access);
        assert_ne!(here.refresh.bits(), here.access.bits());
        assert_eq!(here.login.tokens().count(), 4);
    }
}
