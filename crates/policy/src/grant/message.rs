//! Between [`Grant`] and the EIP-712 message that is signed.

use super::{AppRule, BadGrant, Gas, Grant, Meter, Require, Rest, Routes, SessionKey, TypedRule, What, pack, unpack};
use crate::eip712;
use crate::labels::Labels;
use alloy_primitives::{Address, B256, Bytes, Uint};
use core::num::NonZeroU32;
use hallpass_types::{ChainId, UnixSeconds};

impl Grant {
    /// The message that the owner signs.
    #[must_use]
    pub fn message(&self) -> eip712::Grant {
        let (kind, key) = self.key.parts();
        eip712::Grant {
            chainId: self.chain.get(),
            account: self.account,
            backend: self.backend,
            epoch: self.epoch,
            salt: self.salt.into(),
            keyKind: kind,
            key,
            notBefore: Uint::from(self.not_before.get()),
            notAfter: Uint::from(self.not_after.get()),
            firstSeq: self.first_seq,
            endSeq: self.end_seq,
            routes: self.routes.bits(),
            relayer: self.relayer,
            calls: self.calls.iter().map(super::CallRule::message).collect(),
            meters: self.meters.iter().map(Meter::message).collect(),
            rest: self.rest.message(),
        }
    }

    /// `hashStruct(Grant)`.
    #[must_use]
    pub fn id(&self) -> B256 {
        self.message().id()
    }

    /// Reads a message and its labels, and judges it.
    ///
    /// # Errors
    /// [`BadGrant`] where the message is not canonical or breaks a rule.
    pub fn from_message(m: &eip712::Grant, labels: Labels) -> Result<Self, BadGrant> {
        if labels.hash() != m.rest.labels {
            return Err(BadGrant::new("rest.labels", "the labels beside the grant are not those that it names"));
        }
        let grant = Self {
            chain: ChainId::new(m.chainId).ok_or_else(|| BadGrant::new("chainId", "there is no chain 0"))?,
            account: m.account,
            backend: m.backend,
            epoch: m.epoch,
            salt: m.salt.0,
            key: SessionKey::from_parts(m.keyKind, &m.key)?,
            not_before: seconds(m.notBefore.to(), "notBefore")?,
            not_after: seconds(m.notAfter.to(), "notAfter")?,
            first_seq: m.firstSeq,
            end_seq: m.endSeq,
            routes: Routes::new(m.routes)
                .ok_or_else(|| BadGrant::new("routes", "routes are bits 1, 2 and 4, at least one"))?,
            relayer: m.relayer,
            calls: m
                .calls
                .iter()
                .enumerate()
                .map(|(i, r)| {
                    unpack::rule(r.target, &r.signature, r.maxValue, &r.checks)
                        .map_err(|e| e.under(&format!("rules[{i}]")))
                })
                .collect::<Result<_, _>>()?,
            meters: m
                .meters
                .iter()
                .enumerate()
                .map(|(i, meter)| Meter::from_message(meter).map_err(|e| e.under(&format!("meters[{i}]"))))
                .collect::<Result<_, _>>()?,
            rest: Rest::from_message(&m.rest, labels, m.calls.len())?,
        };
        grant.check()?;
        Ok(grant)
    }
}

impl super::CallRule {
    /// The rule as it is signed.
    #[must_use]
    pub fn message(&self) -> eip712::CallRule {
        eip712::CallRule {
            target: self.target,
            signature: self.signature.clone(),
            maxValue: self.max_value,
            checks: pack::of_call(self).into(),
        }
    }
}

impl SessionKey {
    /// The kind's number and the key's bytes.
    #[must_use]
    pub fn parts(&self) -> (u8, Bytes) {
        match self {
            Self::Secp256k1(address) => (1, address.to_vec().into()),
            Self::Other(kind, bytes) => (*kind, bytes.clone()),
        }
    }

    /// Reads a key of a known kind: secp256k1 (20 bytes), p256 or webauthn (64), ed25519 (32).
    ///
    /// # Errors
    /// [`BadGrant`] for another kind or length.
    pub fn from_parts(kind: u8, bytes: &Bytes) -> Result<Self, BadGrant> {
        match (kind, bytes.len()) {
            (1, 20) => Ok(Self::Secp256k1(Address::from_slice(bytes))),
            (2 | 3, 64) | (4, 32) => Ok(Self::Other(kind, bytes.clone())),
            _ => Err(BadGrant::new("key", "a key is 20 bytes (kind 1), 64 (kinds 2 and 3) or 32 (kind 4)")),
        }
    }
}

impl Meter {
    /// The meter as it is signed.
    #[must_use]
    pub fn message(&self) -> eip712::Meter {
        let (what, token) = match self.what {
            What::Native => (1, Address::ZERO),
            What::Token(token) => (2, token),
            What::Calls => (3, Address::ZERO),
            What::Custom => (4, Address::ZERO),
        };
        eip712::Meter {
            id: self.id,
            what,
            token,
            cap: Uint::saturating_from(self.cap),
            period: self.period.map_or(0, NonZeroU32::get),
            anchor: Uint::from(self.anchor.get()),
        }
    }

    fn from_message(m: &eip712::Meter) -> Result<Self, BadGrant> {
        let what = match m.what {
            1 => What::Native,
            2 => What::Token(m.token),
            3 => What::Calls,
            4 => What::Custom,
            _ => return Err(BadGrant::new("what", "a meter counts native (1), token (2), calls (3) or custom (4)")),
        };
        if !matches!(what, What::Token(_)) && !m.token.is_zero() {
            return Err(BadGrant::new("token", "only a token meter names a token"));
        }
        Ok(Self {
            id: m.id,
            what,
            cap: m.cap.to(),
            period: NonZeroU32::new(m.period),
            anchor: seconds(m.anchor.to(), "anchor")?,
        })
    }
}

impl Rest {
    fn message(&self) -> eip712::Rest {
        eip712::Rest {
            gas: eip712::Gas {
                unitsPerOp: self.gas.units_per_op,
                feeToken: self.gas.fee_token,
                feePerOp: Uint::saturating_from(self.gas.fee_per_op),
                feeCap: Uint::saturating_from(self.gas.fee_cap),
            },
            ender: self.ender,
            login: self.login,
            labels: self.labels.hash(),
            rpIdHash: self.rp_id_hash,
            relayers: self.relayers.clone(),
            paymasters: self.paymasters.clone(),
            typed: self.typed.iter().map(TypedRule::message).collect(),
            apps: self.apps.iter().map(AppRule::message).collect(),
            requires: self.requires.iter().map(Require::message).collect(),
        }
    }

    fn from_message(m: &eip712::Rest, labels: Labels, calls: usize) -> Result<Self, BadGrant> {
        let (typed, apps, requires) = signers(calls, &m.typed, &m.apps, &m.requires)?;
        Ok(Self {
            gas: Gas {
                units_per_op: m.gas.unitsPerOp,
                fee_token: m.gas.feeToken,
                fee_per_op: m.gas.feePerOp.to(),
                fee_cap: m.gas.feeCap.to(),
            },
            ender: m.ender,
            login: m.login,
            labels,
            rp_id_hash: m.rpIdHash,
            relayers: m.relayers.clone(),
            paymasters: m.paymasters.clone(),
            typed,
            apps,
            requires,
        })
    }
}

/// What the signer alone checks, as it stands in a grant.
pub type Signers = (Vec<TypedRule>, Vec<AppRule>, Vec<Require>);

/// Reads typed rules, app rules and requirements; `before` is the number of call rules.
///
/// # Errors
/// [`BadGrant`] at the first that is not canonical.
pub fn signers(
    before: usize,
    typed: &[eip712::TypedRule],
    apps: &[eip712::AppRule],
    requires: &[eip712::Require],
) -> Result<Signers, BadGrant> {
    let rule = |number: usize| move |e: BadGrant| e.under(&format!("rules[{number}]"));
    let read_typed = |(i, r)| TypedRule::from_message(r).map_err(rule(before + i));
    let read_app = |(i, r)| AppRule::from_message(r).map_err(rule(before + typed.len() + i));
    let read_require = |(i, r)| Require::from_message(r).map_err(|e| e.under(&format!("requires[{i}]")));
    Ok((
        typed.iter().enumerate().map(read_typed).collect::<Result<_, _>>()?,
        apps.iter().enumerate().map(read_app).collect::<Result<_, _>>()?,
        requires.iter().enumerate().map(read_require).collect::<Result<_, _>>()?,
    ))
}

fn seconds(value: u64, at: &str) -> Result<UnixSeconds, BadGrant> {
    UnixSeconds::new(value).ok_or_else(|| BadGrant::new(at, "a time is below 2^48 seconds"))
}
