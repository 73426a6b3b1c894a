//! Login sessions. One is one family of tokens: what is refreshed, rotated, revoked and remembered is the whole of it.

use crate::{Actor, Lifecycle, Reason, TokenHash, TokenKind, TransitionError};
use alloy_primitives::{B256, Bytes, hex};
use core::cmp::{max, min};
use core::fmt;
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
    /// Inclusive start.
    pub created: UnixSeconds,
    /// Exclusive end, whatever the activity.
    pub not_after: UnixSeconds,
    /// Seconds without use after which it ends.
    pub idle: u64,
    /// When it was last used, as far as that is durable: at most a minute behind.
    pub seen: UnixSeconds,
    /// When its wallet last proved itself.
    pub proved_at: UnixSeconds,
    /// What a token of it must come with.
    pub binding: Binding,
    /// The access token.
    pub access: Access,
    /// How the next one is asked for; none where the access token lives as long as the login.
    pub refresh: Option<Refresh>,
    /// What its owner calls the device: a claim.
    pub device: Option<String>,
    /// Where it was begun from: the network alone (IPv4 /24, IPv6 /48).
    pub ip: Option<String>,
    /// Where a contract wallet proved it: what is asked again; none for an account's own key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<ContractProof>,
    /// Where the signature of a grant proved it, and no message since: the session that stands on that grant, the only one that
    /// the login may use. No wallet compares a grant with the page that asks for it, as wallets do with a message (ERC-4361).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_pass: Option<SessionId>,
}

/// What a contract wallet accepted as its own (ERC-1271). Its answer is of one block: the same is asked again, and the login
/// ends where that is not done in time.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractProof {
    /// What was signed.
    pub digest: B256,
    /// As it was handed over.
    pub signature: Bytes,
    /// When the wallet accepted it last.
    pub asked: UnixSeconds,
    /// For how many seconds an answer is good.
    pub every: u64,
}

impl ContractProof {
    /// Until when the last answer is good, exclusive.
    #[must_use]
    pub fn ends(&self) -> UnixSeconds {
        self.asked.plus(self.every).unwrap_or(UnixSeconds::MAX)
    }

    /// From when on it is asked again: half of its time has passed.
    #[must_use]
    pub fn due(&self) -> UnixSeconds {
        self.asked.plus(self.every / 2).unwrap_or(UnixSeconds::MAX)
    }
}

impl fmt::Debug for ContractProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContractProof(asked at {}, good for {} s)", self.asked.get(), self.every)
    }
}

/// What a token must come with to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Binding {
    /// Nothing: whoever bears it. Our own command line.
    Bearer,
    /// A browser, its cookie, and an origin that may use it.
    Cookie,
    /// A proof of the key with this thumbprint (RFC 9449).
    Dpop {
        /// RFC 7638, SHA-256.
        jkt: Jkt,
    },
}

impl Binding {
    /// The kind of its access tokens.
    #[must_use]
    pub const fn token(&self) -> TokenKind {
        match self {
            Self::Bearer => TokenKind::Bearer,
            Self::Cookie => TokenKind::Cookie,
            Self::Dpop { .. } => TokenKind::Dpop,
        }
    }

    /// Its stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::Cookie => "cookie",
            Self::Dpop { .. } => "dpop",
        }
    }

    /// The key, where there is one.
    #[must_use]
    pub const fn jkt(&self) -> Option<Jkt> {
        match self {
            Self::Dpop { jkt } => Some(*jkt),
            Self::Bearer | Self::Cookie => None,
        }
    }
}

/// The thumbprint of a public key: SHA-256 of its canonical JSON form (RFC 7638).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Jkt(#[serde(with = "hex::serde")] pub [u8; 32]);

impl fmt::Debug for Jkt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Jkt({})", hex::encode(self.0))
    }
}

/// An access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// What it hashes to.
    pub hash: TokenHash,
    /// Its exclusive end.
    pub not_after: UnixSeconds,
}

/// Where a family's refresh tokens stand; see [`crate::refresh`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The one that gives the successor.
    pub current: TokenHash,
    /// The successor, from when it was first given until it is used.
    pub pending: Option<Pending>,
}

/// A successor that was given and not used yet: the answer may have been lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    /// The refresh token's hash.
    pub refresh: TokenHash,
    /// The access token that came with it.
    pub access: Access,
    /// When that access token was made: it derives from this.
    pub issued: UnixSeconds,
}

impl LoginSession {
    /// When it ends if it is not used after `used`, exclusive.
    #[must_use]
    pub fn ends(&self, used: UnixSeconds) -> UnixSeconds {
        ends(self.until(), self.idle, max(self.seen, used))
    }

    /// When it ends whatever the activity, exclusive: where a contract wallet proved it, once the last answer is too old.
    #[must_use]
    pub fn until(&self) -> UnixSeconds {
        self.contract.as_ref().map_or(self.not_after, |proof| min(self.not_after, proof.ends()))
    }

    /// Its contract wallet accepted at `asked` what proved it.
    #[must_use]
    pub fn proved_again(self, asked: UnixSeconds) -> Self {
        let contract = self.contract.map(|proof| ContractProof { asked: max(proof.asked, asked), ..proof });
        Self { contract, ..self }
    }

    /// Whether it is good at `now`, last used at `used`: active, `created <= now`, and before its end.
    #[must_use]
    pub fn is_live(&self, now: UnixSeconds, used: UnixSeconds) -> bool {
        self.lifecycle.is_active() && self.created <= now && now < self.ends(used)
    }

    /// Every token that it takes now.
    pub fn tokens(&self) -> impl Iterator<Item = TokenHash> {
        let refresh = self.refresh.into_iter().flat_map(|r| {
            let pending = r.pending.into_iter().flat_map(|p| [p.refresh, p.access.hash]);
            core::iter::once(r.current).chain(pending)
        });
        core::iter::once(self.access.hash).chain(refresh)
    }

    /// Notes that it was used. Never back: a clock that goes back shortens nothing and lengthens nothing.
    #[must_use]
    pub fn used(self, at: UnixSeconds) -> Self {
        Self { seen: max(self.seen, at), ..self }
    }

    /// The wallet proved itself once more: every token of before is good for nothing, `refresh` gives the next ones.
    ///
    /// # Errors
    /// [`TransitionError::NotAllowed`] where it is not active.
    pub fn step_up(
        self,
        now: UnixSeconds,
        access: Access,
        refresh: Option<TokenHash>,
        contract: Option<ContractProof>,
    ) -> Result<Self, TransitionError> {
        if !self.lifecycle.is_active() {
            return Err(self.lifecycle.cannot("step_up"));
        }
        let refresh = self.refresh.and(refresh).map(|current| Refresh { current, pending: None });
        Ok(Self { proved_at: now, access, refresh, contract, own_pass: None, ..self.used(now) })
    }

    /// Ends it. Nothing outside this server knows of a login, so it is revoked at once.
    ///
    /// # Errors
    /// [`TransitionError::NotAllowed`] where it has already ended.
    pub fn revoke(self, now: UnixSeconds, reason: Reason, by: Actor) -> Result<Self, TransitionError> {
        let lifecycle = self.lifecycle.revoke(now, reason, by)?.confirm_revoked(now)?;
        Ok(Self { lifecycle, ..self })
    }

    /// Notes that its time ran out, the last use being at `used`.
    ///
    /// # Errors
    /// [`TransitionError::NotExpired`] before its end, [`TransitionError::NotAllowed`] where it has already ended.
    pub fn expire(self, now: UnixSeconds, used: UnixSeconds) -> Result<Self, TransitionError> {
        let ends = self.ends(used);
        let lifecycle = self.lifecycle.expire(now, ends)?;
        Ok(Self { lifecycle, ..self })
    }
}

/// The earlier of an absolute end and that of idleness since `used`; both exclusive.
pub(crate) fn ends(not_after: UnixSeconds, idle: u64, used: UnixSeconds) -> UnixSeconds {
    min(not_after, used.plus(idle).unwrap_or(UnixSeconds::MAX))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::Token;

    pub(crate) fn at(s: u64) -> UnixSeconds {
        UnixSeconds::new(s).unwrap()
    }

    pub(crate) fn session() -> LoginSession {
        LoginSession {
            id: SessionId::from_bytes([1; 16]),
            user: UserId::from_bytes([2; 16]),
            account: "eip155:1:0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266".parse().unwrap(),
            lifecycle: Lifecycle::Active { since: at(100) },
            created: at(100),
            not_after: at(200),
            idle: 40,
            seen: at(100),
            proved_at: at(100),
            binding: Binding::Bearer,
            access: Access { hash: Token::from_random(TokenKind::Bearer, [3; 32]).hash(), not_after: at(200) },
            refresh: None,
            device: None,
            ip: None,
            contract: None,
            own_pass: None,
        }
    }

    #[test]
    fn a_login_is_live_from_its_start_and_dead_at_its_end() {
        let live = |t, used| session().is_live(at(t), at(used));
        assert_eq!([99, 100, 139, 140].map(|t| live(t, 100)), [false, true, true, false], "idle");
        assert_eq!([199, 200].map(|t| live(t, 190)), [true, false], "absolute");
        assert!(live(139, 50), "what is durable counts too");
    }

    #[test]
    fn a_binding_has_its_name_and_its_kind_of_token() {
        let dpop = Binding::Dpop { jkt: Jkt([0xab; 32]) };
        let all = [Binding::Bearer, Binding::Cookie, dpop].map(|b| (b.name(), b.token(), b.jkt().is_some()));
        let expected = [
            ("bearer", TokenKind::Bearer, false),
            ("cookie", TokenKind::Cookie, false),
            ("dpop", TokenKind::Dpop, true),
        ];
        assert_eq!(all, expected);
        assert_eq!(format!("{:?}", dpop.jkt()), format!("Some(Jkt({}))", "ab".repeat(32)));
    }

    #[test]
    fn a_revoked_login_is_dead_at_once_and_for_good() {
        let ended = session().revoke(at(130), Reason::HolderAsked, Actor::Holder(session().id)).unwrap();
        assert!(!ended.is_live(at(130), at(130)));
        assert_eq!(
            ended.clone().revoke(at(131), Reason::OwnerAsked, Actor::Server).unwrap_err().code(),
            "transition_not_allowed"
        );
        let access = ended.access;
        assert_eq!(ended.clone().step_up(at(131), access, None, None).unwrap_err().code(), "transition_not_allowed");
        assert_eq!(ended.expire(at(300), at(300)).unwrap_err().code(), "transition_not_allowed");
    }

    #[test]
    fn an_idle_login_expires_and_a_used_one_does_not() {
        assert_eq!(session().expire(at(140), at(101)).unwrap_err().code(), "not_expired");
        assert!(session().expire(at(140), at(100)).unwrap().lifecycle.is_terminal());
    }

    #[test]
    fn a_step_up_leaves_none_of_the_old_tokens() {
        let hash = |n| Token::from_random(TokenKind::Refresh, [n; 32]).hash();
        let pending =
            Pending { refresh: hash(5), access: Access { hash: hash(6), not_after: at(150) }, issued: at(120) };
        let family = LoginSession { refresh: Some(Refresh { current: hash(4), pending: Some(pending) }), ..session() };
        let before: Vec<_> = family.tokens().collect();
        let fresh = Access { hash: hash(7), not_after: at(160) };
        let after = family.step_up(at(130), fresh, Some(hash(8)), None).unwrap();
        assert_eq!(after.tokens().collect::<Vec<_>>(), [hash(7), hash(8)]);
        assert_eq!((before.len(), after.proved_at, after.seen), (4, at(130), at(130)));
        // One without refresh tokens gets none by it.
        assert_eq!(session().step_up(at(130), fresh, Some(hash(8)), None).unwrap().refresh, None);
    }

    /// Neither the token nor eight bytes of it in a row, in hex or as numbers, stand in what is shown of it or made with it.
    #[test]
    fn nothing_shown_or_stored_has_a_token_in_it() {
        let bytes: [u8; 32] = core::array::from_fn(|i| 0xa0 | i as u8);
        let (token, login) = (Token::from_random(TokenKind::Bearer, bytes), session());
        let login = LoginSession { access: Access { hash: token.hash(), not_after: at(200) }, ..login };
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
    fn a_contract_wallet_is_asked_again_at_half_of_its_time_and_its_answer_is_not_printed() {
        let proof = ContractProof {
            digest: B256::repeat_byte(0xd1),
            signature: Bytes::from_static(&[0xab; 3]),
            asked: at(100),
            every: 30,
        };
        assert_eq!((proof.due(), proof.ends()), (at(115), at(130)));
        assert_eq!(format!("{proof:?}"), "ContractProof(asked at 100, good for 30 s)");
        let login = LoginSession { contract: Some(proof.clone()), ..session() };
        let again = login.clone().proved_again(at(120)).contract.unwrap();
        assert_eq!(again, ContractProof { asked: at(120), ..proof });
        assert_eq!(session().proved_again(at(120)).contract, None);
    }

    #[test]
    fn a_step_up_stands_on_its_own_proof_alone() {
        let proof = ContractProof { digest: B256::ZERO, signature: Bytes::new(), asked: at(100), every: 30 };
        let pass = SessionId::from_bytes([9; 16]);
        let login = LoginSession { contract: Some(proof.clone()), own_pass: Some(pass), ..session() };
        let access = login.access;
        let by_key = login.clone().step_up(at(120), access, None, None).unwrap();
        assert_eq!((by_key.contract, by_key.own_pass, by_key.proved_at), (None, None, at(120)));
        let other = ContractProof { asked: at(120), ..proof };
        assert_eq!(login.step_up(at(120), access, None, Some(other.clone())).unwrap().contract, Some(other));
    }
}
