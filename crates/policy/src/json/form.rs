//! The shape of the message.

use super::values::{Addr, Dec};
use crate::draft::{Draft, DraftMeter, Span};
use crate::eip712;
use crate::grant::message::signers;
use crate::grant::{
    AppRule, BadGrant, Gas, Require, Rest, Routes, SessionKey, TypedRule, What, check::BadGrant as Bad, pack, unpack,
};
use crate::labels::Labels;
use alloy_primitives::{Address, B256, Bytes, FixedBytes, U256};
use core::num::NonZeroU32;
use hallpass_types::{ChainId, UnixSeconds};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Form {
    chain_id: Dec,
    account: Option<Addr>,
    backend: Option<Addr>,
    epoch: Option<Dec>,
    salt: Option<FixedBytes<16>>,
    key_kind: Option<Dec>,
    key: Option<Bytes>,
    not_before: Option<Dec>,
    not_after: Option<Dec>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lasts: Option<Dec>,
    first_seq: Dec,
    end_seq: Dec,
    routes: Option<Dec>,
    relayer: Option<Addr>,
    calls: Vec<CallForm>,
    meters: Vec<MeterForm>,
    rest: RestForm,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct CallForm {
    target: Addr,
    signature: String,
    max_value: Dec,
    checks: Bytes,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MeterForm {
    id: Dec,
    what: Dec,
    token: Addr,
    cap: Dec,
    period: Dec,
    anchor: Option<Dec>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RestForm {
    gas: Option<GasForm>,
    ender: Option<Addr>,
    login: B256,
    labels: Labels,
    rp_id_hash: B256,
    relayers: Vec<Addr>,
    paymasters: Vec<Addr>,
    typed: Vec<TypedForm>,
    apps: Vec<AppForm>,
    requires: Vec<RequireForm>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct GasForm {
    units_per_op: Dec,
    fee_token: Addr,
    fee_per_op: Dec,
    fee_cap: Dec,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct TypedForm {
    domain: String,
    encode_type: String,
    checks: Bytes,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AppForm {
    app: String,
    verb: String,
    checks: Bytes,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequireForm {
    kind: Dec,
    data: Bytes,
}

impl From<&Draft> for Form {
    fn from(d: &Draft) -> Self {
        let parts = d.key.as_ref().map(SessionKey::parts);
        let (not_before, not_after, lasts) = match d.time {
            Some(Span::Between(from, until)) => (Some(Dec::from(from.get())), Some(Dec::from(until.get())), None),
            Some(Span::Lasts(seconds)) => (None, None, Some(Dec::from(seconds))),
            None => (None, None, None),
        };
        // A complete time fixes the anchors too, so that the JSON of a grant is its message.
        let start = match d.time {
            Some(Span::Between(from, _)) => Some(from),
            _ => None,
        };
        Self {
            chain_id: d.chain.get().into(),
            account: d.account.map(Addr),
            backend: d.backend.map(Addr),
            epoch: d.epoch.map(Dec::from),
            salt: d.salt.map(FixedBytes),
            key_kind: parts.as_ref().map(|(kind, _)| u64::from(*kind).into()),
            key: parts.map(|(_, bytes)| bytes),
            not_before,
            not_after,
            lasts,
            first_seq: d.sequences.0.into(),
            end_seq: d.sequences.1.into(),
            routes: d.routes.map(|r| u64::from(r.bits()).into()),
            relayer: d.relayer.map(Addr),
            calls: d
                .calls
                .iter()
                .map(|r| CallForm {
                    target: Addr(r.target),
                    signature: r.signature.clone(),
                    max_value: Dec(r.max_value),
                    checks: pack::of_call(r).into(),
                })
                .collect(),
            meters: d
                .meters
                .iter()
                .map(|m| {
                    let (what, token) = match m.what {
                        What::Native => (1_u64, Address::ZERO),
                        What::Token(token) => (2, token),
                        What::Calls => (3, Address::ZERO),
                        What::Custom => (4, Address::ZERO),
                    };
                    MeterForm {
                        id: u64::from(m.id).into(),
                        what: what.into(),
                        token: Addr(token),
                        cap: Dec(U256::from(m.cap)),
                        period: u64::from(m.period.map_or(0, NonZeroU32::get)).into(),
                        anchor: m.anchor.or(start).map(|a| a.get().into()),
                    }
                })
                .collect(),
            rest: RestForm {
                gas: d.gas.map(|g| GasForm {
                    units_per_op: g.units_per_op.into(),
                    fee_token: Addr(g.fee_token),
                    fee_per_op: Dec(U256::from(g.fee_per_op)),
                    fee_cap: Dec(U256::from(g.fee_cap)),
                }),
                ender: d.ender.map(Addr),
                login: d.rest.login,
                labels: d.rest.labels.clone(),
                rp_id_hash: d.rest.rp_id_hash,
                relayers: d.rest.relayers.iter().copied().map(Addr).collect(),
                paymasters: d.rest.paymasters.iter().copied().map(Addr).collect(),
                typed: d
                    .rest
                    .typed
                    .iter()
                    .map(TypedRule::message)
                    .map(|t| TypedForm { domain: t.domain, encode_type: t.encodeType, checks: t.checks })
                    .collect(),
                apps: d
                    .rest
                    .apps
                    .iter()
                    .map(AppRule::message)
                    .map(|a| AppForm { app: a.app, verb: a.verb, checks: a.checks })
                    .collect(),
                requires: d
                    .rest
                    .requires
                    .iter()
                    .map(Require::message)
                    .map(|r| RequireForm { kind: u64::from(r.kind).into(), data: r.data })
                    .collect(),
            },
        }
    }
}

impl Form {
    pub fn into_draft(self) -> Result<Draft, BadGrant> {
        let chain: u64 = self.chain_id.to("chainId")?;
        let key = match (self.key_kind, self.key) {
            (Some(kind), Some(bytes)) => Some(SessionKey::from_parts(kind.to("keyKind")?, &bytes)?),
            (None, None) => None,
            _ => return Err(Bad::new("key", "keyKind and key come together")),
        };
        let time = match (self.not_before, self.not_after, self.lasts) {
            (Some(from), Some(until), None) => {
                Some(Span::Between(from.seconds("notBefore")?, until.seconds("notAfter")?))
            }
            (None, None, Some(seconds)) => Some(Span::Lasts(seconds.to("lasts")?)),
            (None, None, None) => None,
            _ => return Err(Bad::new("notBefore", "a grant has notBefore and notAfter, or lasts, or neither")),
        };
        let start = match time {
            Some(Span::Between(from, _)) => Some(from),
            _ => None,
        };
        let sequences = (self.first_seq.to("firstSeq")?, self.end_seq.to("endSeq")?);
        if sequences.0 >= sequences.1 || sequences.1 > 1 << 32 {
            return Err(Bad::new("endSeq", "sequences run from firstSeq up to endSeq, which is at most 2^32"));
        }
        let routes = match self.routes {
            Some(bits) => {
                Some(Routes::new(bits.to("routes")?).ok_or_else(|| Bad::new("routes", "routes are bits 1, 2 and 4"))?)
            }
            None => None,
        };
        let gas = match self.rest.gas {
            Some(g) => Some(Gas {
                units_per_op: g.units_per_op.to("rest.gas.unitsPerOp")?,
                fee_token: g.fee_token.0,
                fee_per_op: g.fee_per_op.to("rest.gas.feePerOp")?,
                fee_cap: g.fee_cap.to("rest.gas.feeCap")?,
            }),
            None => None,
        };
        let mut calls = Vec::with_capacity(self.calls.len());
        for (i, r) in self.calls.into_iter().enumerate() {
            let rule = unpack::rule(r.target.0, &r.signature, r.max_value.0, &r.checks);
            calls.push(rule.map_err(|e| e.under(&format!("rules[{i}]")))?);
        }
        let mut meters = Vec::with_capacity(self.meters.len());
        for (i, m) in self.meters.into_iter().enumerate() {
            meters.push(m.into_draft(start).map_err(|e| e.under(&format!("meters[{i}]")))?);
        }
        let mut requires = Vec::new();
        for r in self.rest.requires {
            requires.push(eip712::Require { kind: r.kind.to("requires")?, data: r.data });
        }
        let typed: Vec<_> = self
            .rest
            .typed
            .into_iter()
            .map(|t| eip712::TypedRule { domain: t.domain, encodeType: t.encode_type, checks: t.checks })
            .collect();
        let apps: Vec<_> = self
            .rest
            .apps
            .into_iter()
            .map(|a| eip712::AppRule { app: a.app, verb: a.verb, checks: a.checks })
            .collect();
        let (typed, apps, requires) = signers(calls.len(), &typed, &apps, &requires)?;
        Ok(Draft {
            chain: ChainId::new(chain).ok_or_else(|| Bad::new("chainId", "there is no chain 0"))?,
            account: self.account.map(|a| a.0),
            backend: self.backend.map(|a| a.0),
            epoch: self.epoch.map(|e| e.to("epoch")).transpose()?,
            salt: self.salt.map(|s| s.0),
            key,
            time,
            sequences,
            routes,
            relayer: self.relayer.map(|a| a.0),
            gas,
            ender: self.rest.ender.map(|a| a.0),
            calls,
            meters,
            rest: Rest {
                gas: Gas::default(),
                ender: Address::ZERO,
                login: self.rest.login,
                labels: self.rest.labels,
                rp_id_hash: self.rest.rp_id_hash,
                relayers: self.rest.relayers.into_iter().map(|a| a.0).collect(),
                paymasters: self.rest.paymasters.into_iter().map(|a| a.0).collect(),
                typed,
                apps,
                requires,
            },
        })
    }
}

impl MeterForm {
    fn into_draft(self, start: Option<UnixSeconds>) -> Result<DraftMeter, BadGrant> {
        let what = match (self.what.to::<u8>("what")?, self.token.0) {
            (1, Address::ZERO) => What::Native,
            (2, token) => What::Token(token),
            (3, Address::ZERO) => What::Calls,
            (4, Address::ZERO) => What::Custom,
            _ => {
                return Err(Bad::new(
                    "what",
                    "a meter counts native (1), token (2, the only one with a token), calls (3) or custom (4)",
                ));
            }
        };
        let anchor = self.anchor.map(|a| a.seconds("anchor")).transpose()?;
        Ok(DraftMeter {
            id: self.id.to("id")?,
            what,
            cap: self.cap.to("cap")?,
            period: NonZeroU32::new(self.period.to("period")?),
            anchor: anchor.filter(|a| Some(*a) != start),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::{json, text};

    #[test]
    fn sequences_that_no_grant_may_have_are_refused_in_a_draft() {
        let rule = "[[allow]]\ncall = \"0x5151515151515151515151515151515151515151\"\nfunction = \"f()\"";
        let draft = text::parse(&format!("chain = \"eip155:5\"\nsequences = \"3..100\"\n{rule}")).unwrap();
        let good = json::print(&draft);
        assert_eq!(json::parse(&good).unwrap(), draft);
        for (first, end) in [("100", "100"), ("4284467440794967295", "4294967296"), ("3", "4294967297")] {
            let bad = good.replace("\"firstSeq\":\"3\"", &format!("\"firstSeq\":\"{first}\""));
            let bad = bad.replace("\"endSeq\":\"100\"", &format!("\"endSeq\":\"{end}\""));
            assert_eq!(json::parse(&bad).unwrap_err().code(), "bad_grant", "{bad}");
        }
    }

    #[test]
    fn the_order_of_members_and_escapes_are_free_and_values_are_not() {
        let rule = "[[allow]]\ncall = \"0x5151515151515151515151515151515151515151\"\nfunction = \"f()\"";
        let draft = text::parse(&format!("chain = \"eip155:5\"\n{rule}")).unwrap();
        let good = json::print(&draft);
        let moved = good.replace("\"chainId\":\"5\",", "").replacen('{', "{ \"chainId\": \"\\u0035\",\n", 1);
        assert_ne!(moved, good);
        assert_eq!(json::parse(&moved).unwrap(), draft);
        for other in ["\"05\"", "5", "\"0x5\""] {
            assert!(
                json::parse(&good.replace("\"chainId\":\"5\"", &format!("\"chainId\":{other}"))).is_err(),
                "{other}"
            );
        }
    }
}
