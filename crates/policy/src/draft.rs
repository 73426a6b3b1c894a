//! A grant that may still lack what is only known when it is handed out.

use crate::grant::{BadGrant, CallRule, Gas, Grant, Meter, Rest, Routes, SessionKey, What, check};
use crate::{json, text};
use alloy_primitives::Address;
use core::num::NonZeroU32;
use hallpass_types::{ChainId, UnixSeconds};

/// The time a draft names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// Seconds from the moment it is handed out.
    Lasts(u64),
    /// From (inclusive) until (exclusive).
    Between(UnixSeconds, UnixSeconds),
}

/// What people write: rules and meters, with `None` for what is still open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The only chain it is good on.
    pub chain: ChainId,
    /// The account it spends from.
    pub account: Option<Address>,
    /// The contract that enforces it.
    pub backend: Option<Address>,
    /// The account's epoch.
    pub epoch: Option<u64>,
    /// Tells grants of one account and epoch apart.
    pub salt: Option<[u8; 16]>,
    /// The session key.
    pub key: Option<SessionKey>,
    /// When.
    pub time: Option<Span>,
    /// First sequence (inclusive) and last (exclusive).
    pub sequences: (u64, u64),
    /// The ways an operation may reach the account.
    pub routes: Option<Routes>,
    /// The only relayer, or zero for any.
    pub relayer: Option<Address>,
    /// Gas and fee bounds.
    pub gas: Option<Gas>,
    /// A key that may end the grant and nothing else.
    pub ender: Option<Address>,
    /// The rules.
    pub calls: Vec<CallRule>,
    /// The meters, by ascending id.
    pub meters: Vec<DraftMeter>,
    /// Everything else; its `gas` and `ender` are those of a default and are not read.
    pub rest: Rest,
}

/// A meter whose windows may count from a start that is not fixed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftMeter {
    /// As in [`Meter`].
    pub id: u16,
    /// As in [`Meter`].
    pub what: What,
    /// As in [`Meter`].
    pub cap: u128,
    /// As in [`Meter`].
    pub period: Option<NonZeroU32>,
    /// `None` counts from the grant's start.
    pub anchor: Option<UnixSeconds>,
}

/// Values for what a draft leaves open. A value that the draft has stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Fill {
    /// The account.
    pub account: Option<Address>,
    /// The backend.
    pub backend: Option<Address>,
    /// The epoch.
    pub epoch: Option<u64>,
    /// The salt.
    pub salt: Option<[u8; 16]>,
    /// The session key.
    pub key: Option<SessionKey>,
    /// The moment a relative time begins.
    pub at: Option<UnixSeconds>,
    /// The routes.
    pub routes: Option<Routes>,
    /// The relayer.
    pub relayer: Option<Address>,
    /// Gas bounds.
    pub gas: Option<Gas>,
    /// The ender.
    pub ender: Option<Address>,
}

/// Why a draft is no grant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompleteError {
    /// Fields that neither the draft nor the caller gave.
    #[error("the grant is incomplete: it lacks {}", .0.join(", "))]
    Incomplete(Vec<&'static str>),
    /// It breaks a rule of the protocol.
    #[error(transparent)]
    Bad(#[from] BadGrant),
}

impl CompleteError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Incomplete(_) => "incomplete",
            Self::Bad(bad) => bad.code(),
        }
    }
}

impl Draft {
    /// Judges what is there already.
    ///
    /// # Errors
    /// The first [`BadGrant`].
    pub fn check(&self) -> Result<(), BadGrant> {
        let start = match self.time {
            Some(Span::Between(from, until)) if from >= until => {
                return Err(BadGrant::new("until", "a grant must end after it begins"));
            }
            Some(Span::Lasts(0)) => return Err(BadGrant::new("lasts", "a grant must last at least a second")),
            Some(Span::Between(from, _)) => Some(from),
            _ => None,
        };
        check::parties(self.account, self.backend, self.key.as_ref(), &self.calls, &self.rest)?;
        self.rest.labels.check(&self.calls, &self.rest)?;
        if let Some(relayer) = self.relayer {
            check::relayers(relayer, &self.rest.relayers)?;
        }
        let meters: Vec<Meter> = self.meters.iter().map(|m| m.anchored(UnixSeconds::EPOCH)).collect();
        check::rules_and_meters(&self.calls, &meters, &self.rest, start)
    }

    /// Judges how large it is in each form (`spec/policy.md`, G14), so that what was made can be read back.
    ///
    /// # Errors
    /// [`BadGrant`] above 64 KiB.
    pub fn check_size(&self) -> Result<(), BadGrant> {
        for (form, size, most) in [
            ("canonical JSON", json::print(self).len(), json::MAX_BYTES),
            ("text form", text::print(self).len(), text::MAX_BYTES),
        ] {
            if size > most {
                return Err(BadGrant::new(
                    "grant",
                    format!("its {form} has {size} bytes, and at most {most} are read"),
                ));
            }
        }
        Ok(())
    }

    /// Makes a complete, well-formed grant.
    ///
    /// # Errors
    /// [`CompleteError::Incomplete`] names every field still missing; [`CompleteError::Bad`] as [`Grant::check`].
    pub fn complete(&self, fill: &Fill) -> Result<Grant, CompleteError> {
        let mut missing = Vec::new();
        let mut need = |present: bool, name| {
            if !present {
                missing.push(name);
            }
        };
        let time = match (self.time, fill.at) {
            (Some(Span::Between(from, until)), _) => Some((from, until)),
            (Some(Span::Lasts(seconds)), Some(at)) => at.plus(seconds).map(|until| (at, until)),
            _ => None,
        };
        let account = self.account.or(fill.account);
        let backend = self.backend.or(fill.backend);
        let epoch = self.epoch.or(fill.epoch);
        let salt = self.salt.or(fill.salt);
        let key = self.key.clone().or_else(|| fill.key.clone());
        let routes = self.routes.or(fill.routes);
        let relayer = self.relayer.or(fill.relayer);
        let gas = self.gas.or(fill.gas);
        let ender = self.ender.or(fill.ender);
        need(account.is_some(), "account");
        need(backend.is_some(), "backend");
        need(epoch.is_some(), "epoch");
        need(salt.is_some(), "salt");
        need(key.is_some(), "key");
        need(time.is_some(), if self.time.is_some() { "at" } else { "lasts" });
        need(routes.is_some(), "relay.routes");
        need(relayer.is_some(), "relay.relayer");
        need(gas.is_some(), "gas");
        need(ender.is_some(), "ender");
        match (account, backend, epoch, salt, key, time, routes, relayer, gas, ender) {
            (
                Some(account),
                Some(backend),
                Some(epoch),
                Some(salt),
                Some(key),
                Some((not_before, not_after)),
                Some(routes),
                Some(relayer),
                Some(gas),
                Some(ender),
            ) => {
                let grant = Grant {
                    chain: self.chain,
                    account,
                    backend,
                    epoch,
                    salt,
                    key,
                    not_before,
                    not_after,
                    first_seq: self.sequences.0,
                    end_seq: self.sequences.1,
                    routes,
                    relayer,
                    calls: self.calls.clone(),
                    meters: self.meters.iter().map(|m| m.anchored(not_before)).collect(),
                    rest: Rest { gas, ender, ..self.rest.clone() },
                };
                grant.check()?;
                Self::from(&grant).check_size()?;
                Ok(grant)
            }
            _ => Err(CompleteError::Incomplete(missing)),
        }
    }
}

impl Draft {
    /// A grant to ask questions of before everything is known: what is open is taken as the least that matters (a zero
    /// account, backend, epoch, salt and ender, any relayer, the direct route, no gas bound), a relative time begins at
    /// `at`, and an absent one lasts from `at` on. It is never hashed, signed or installed.
    ///
    /// # Errors
    /// [`BadGrant`] where the draft has everything, and [`Grant::check`] refuses it.
    pub fn supposed(&self, at: UnixSeconds) -> Result<Grant, BadGrant> {
        match self.complete(&Fill { at: Some(at), ..Fill::default() }) {
            Ok(grant) => return Ok(grant),
            Err(CompleteError::Bad(bad)) => return Err(bad),
            Err(CompleteError::Incomplete(_)) => {}
        }
        let (not_before, not_after) = match self.time {
            Some(Span::Between(from, until)) => (from, until),
            Some(Span::Lasts(seconds)) => (at, at.plus(seconds).unwrap_or(UnixSeconds::MAX)),
            None => (at, UnixSeconds::MAX),
        };
        Ok(Grant {
            chain: self.chain,
            account: self.account.unwrap_or_default(),
            backend: self.backend.unwrap_or_default(),
            epoch: self.epoch.unwrap_or_default(),
            salt: self.salt.unwrap_or_default(),
            key: self.key.clone().unwrap_or(SessionKey::Secp256k1(Address::ZERO)),
            not_before,
            not_after,
            first_seq: self.sequences.0,
            end_seq: self.sequences.1,
            routes: self.routes.unwrap_or(Routes::DIRECT),
            relayer: self.relayer.unwrap_or_default(),
            calls: self.calls.clone(),
            meters: self.meters.iter().map(|m| m.anchored(not_before)).collect(),
            rest: Rest {
                gas: self.gas.unwrap_or(Gas { units_per_op: u64::MAX, ..Gas::default() }),
                ender: self.ender.unwrap_or_default(),
                ..self.rest.clone()
            },
        })
    }
}

impl DraftMeter {
    /// The meter, counting from `start` where it names no anchor.
    #[must_use]
    pub fn anchored(&self, start: UnixSeconds) -> Meter {
        Meter { id: self.id, what: self.what, cap: self.cap, period: self.period, anchor: self.anchor.unwrap_or(start) }
    }
}

impl From<&Grant> for Draft {
    fn from(g: &Grant) -> Self {
        Self {
            chain: g.chain,
            account: Some(g.account),
            backend: Some(g.backend),
            epoch: Some(g.epoch),
            salt: Some(g.salt),
            key: Some(g.key.clone()),
            time: Some(Span::Between(g.not_before, g.not_after)),
            sequences: (g.first_seq, g.end_seq),
            routes: Some(g.routes),
            relayer: Some(g.relayer),
            gas: Some(g.rest.gas),
            ender: Some(g.rest.ender),
            calls: g.calls.clone(),
            meters: g
                .meters
                .iter()
                .map(|m| DraftMeter {
                    id: m.id,
                    what: m.what,
                    cap: m.cap,
                    period: m.period,
                    anchor: (m.anchor != g.not_before).then_some(m.anchor),
                })
                .collect(),
            rest: Rest { gas: Gas::default(), ender: Address::ZERO, ..g.rest.clone() },
        }
    }
}
