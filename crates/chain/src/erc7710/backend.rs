//! The framework behind the trait that every backend implements.

use super::abi::{IDelegationManager, INonceEnforcer};
use super::contracts::{ALL, Contract};
use super::{delegation, redeem, rule, whole};
use crate::backend::card::{self, Authoriser, Card};
use crate::backend::steps::{Ender, Need, NotReady, Party, Reading, Ready, Refusal, Sent, Step, ToSign, Unreadable};
use crate::backend::{Backend, typed};
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall, SolValue};
use hallpass_policy::labels::Labels;
use hallpass_policy::{Authorised, Batch, Grant};

/// The Delegation Framework 1.3, for accounts that are delegated to its stateless delegator by EIP-7702.
#[derive(Debug, Clone, Copy, Default)]
pub struct Erc7710;

impl Erc7710 {
    fn supported(self, grant: &Grant) -> Result<(), Refusal> {
        self.compile(grant).held().map(|_| ())
    }

    fn redeemed(self, grant: &Grant, op: &Authorised, caller: Address) -> Result<Vec<redeem::Redeemed>, Refusal> {
        self.supported(grant)?;
        if !whole::redeemers(grant).contains(&caller) {
            return Err(Refusal::NoStep("relayer_not_allowed", format!("{caller} may not redeem these delegations")));
        }
        redeem::calls(grant, op).map_err(|e| Refusal::NoStep("grant_unknown", e.to_string()))
    }
}

/// A call that the account itself makes.
fn by_account(grant: &Grant, to: Contract, call: &impl SolCall, does: &'static str) -> Sent {
    let data = call.abi_encode().into();
    Sent { by: Party::Account(grant.account), to: to.address(), value: U256::ZERO, data, does }
}

fn disable(grant: &Grant) -> Vec<Sent> {
    let one = |d| {
        let call = IDelegationManager::disableDelegationCall { delegation: delegation::sent(d, Bytes::new()) };
        by_account(grant, Contract::Manager, &call, "disables a delegation")
    };
    delegation::all(grant).iter().map(one).collect()
}

impl Backend for Erc7710 {
    fn name(&self) -> &'static str {
        "erc7710"
    }

    fn contract(&self) -> Address {
        Contract::Manager.address()
    }

    fn delegates_to(&self) -> Option<Address> {
        Some(Contract::Delegator.address())
    }

    fn authorisers(&self) -> &'static [Authoriser] {
        &[Authoriser::LocalKey, Authoriser::ControlledAccount]
    }

    fn compile(&self, grant: &Grant) -> Card {
        Card {
            backend: self.name(),
            contract: self.contract(),
            whole: whole::compile(grant),
            rules: card::rules(grant, |number| rule::compile(grant, number).1),
            signer: whole::signer(grant),
            notes: Vec::new(),
            authorisers: self.authorisers(),
        }
    }

    fn needs(&self, grant: &Grant) -> Vec<Need> {
        let manager = self.contract();
        let nonce = INonceEnforcer::currentNonceCall { delegationManager: manager, delegator: grant.account };
        let paused = IDelegationManager::pausedCall {}.abi_encode().into();
        ALL.iter()
            .map(|known| Need::Code(known.address))
            .chain([
                Need::Code(grant.account),
                Need::View(Contract::Nonce.address(), nonce.abi_encode().into()),
                Need::View(manager, paused),
            ])
            .collect()
    }

    fn ready(&self, grant: &Grant, found: &[Bytes]) -> Result<Ready, NotReady> {
        let unready = |code, says: String| Err(NotReady { code, says });
        let (codes, [account, nonce, paused]) = found.split_at(found.len().saturating_sub(3)) else {
            return unready("unreadable", "an answer of the chain is missing".to_owned());
        };
        if codes.len() != ALL.len() {
            return unready("unreadable", "an answer of the chain is missing".to_owned());
        }
        for (known, code) in ALL.iter().zip(codes) {
            if !known.is_code(code, grant.chain.get()) {
                let says = format!("{} 1.3 does not stand at {} here, or other code does", known.name, known.address);
                return unready("backend_missing", says);
            }
        }
        match U256::abi_decode_validate(nonce) {
            Ok(nonce) if nonce == U256::from(grant.epoch) => {}
            Ok(nonce) => {
                return unready(
                    "epoch_moved",
                    format!("the account's nonce is {nonce}, the grant's epoch {}", grant.epoch),
                );
            }
            Err(_) => return unready("unreadable", "the account's nonce cannot be read".to_owned()),
        }
        match bool::abi_decode_validate(paused) {
            Ok(false) => {}
            Ok(true) => return unready("paused", "the owner of the DelegationManager has paused it".to_owned()),
            Err(_) => return unready("unreadable", "whether the manager is paused cannot be read".to_owned()),
        }
        match (account.is_empty(), account.strip_prefix(&[0xef, 0x01, 0x00])) {
            (true, _) => Ok(Ready::NeedsDelegation),
            (_, Some(to)) if to == Contract::Delegator.address().as_slice() => Ok(Ready::Yes),
            (_, Some(_)) => {
                unready("foreign_delegation", format!("account {} is delegated to another contract", grant.account))
            }
            (_, None) => unready("foreign_code", format!("account {} is a contract of another kind", grant.account)),
        }
    }

    fn to_sign(&self, grant: &Grant, step: &Step<'_>) -> Result<Vec<ToSign>, Refusal> {
        self.supported(grant)?;
        let install = |grant: &Grant| {
            let domain = delegation::domain(grant);
            let delegations = delegation::all(grant);
            let each = delegations.iter().map(|d| delegation::to_sign(Party::Owner, d, &domain));
            core::iter::once(typed::grant(grant)).chain(each).collect()
        };
        match step {
            Step::Install => Ok(install(grant)),
            Step::Replace(with) => {
                self.supported(with)?;
                if with.account != grant.account || with.chain != grant.chain {
                    return Err(Refusal::NoStep(
                        "wrong_account",
                        "a replacement is of the same account and chain".to_owned(),
                    ));
                }
                if !grant.meters.is_empty() {
                    let says =
                        "counters belong to a delegation and cannot be carried to another: end the old grant instead";
                    return Err(Refusal::NoStep("counters_lost", says.to_owned()));
                }
                Ok(install(with))
            }
            // The account's own calls say it; nothing is signed beside them.
            Step::End(Ender::Owner) | Step::MoveEpoch => Ok(Vec::new()),
            Step::End(Ender::Key | Ender::Session) => {
                let says =
                    "the framework knows no ender but the account: it disables its delegations or moves its nonce";
                Err(Refusal::NoStep("not_ender", says.to_owned()))
            }
        }
    }

    fn calls(&self, grant: &Grant, step: &Step<'_>, signatures: &[Bytes]) -> Result<Vec<Sent>, Refusal> {
        Refusal::count(self.to_sign(grant, step)?.len(), signatures)?;
        Ok(match step {
            // Delegations stand in what redeems them; nothing is sent before.
            Step::Install | Step::End(Ender::Key | Ender::Session) => Vec::new(),
            Step::Replace(_) | Step::End(Ender::Owner) => disable(grant),
            Step::MoveEpoch => {
                let call = INonceEnforcer::incrementNonceCall { delegationManager: self.contract() };
                vec![by_account(grant, Contract::Nonce, &call, "ends every delegation of the epoch")]
            }
        })
    }

    fn op_to_sign(&self, grant: &Grant, op: &Authorised, caller: Address) -> Result<Vec<ToSign>, Refusal> {
        let redeemed = self.redeemed(grant, op, caller)?;
        let domain = delegation::domain(grant);
        let leaves = redeem::leaves(grant, op.op(), &redeemed, caller);
        Ok(leaves.iter().map(|leaf| delegation::to_sign(Party::SessionKey, leaf, &domain)).collect())
    }

    fn op_calls(
        &self,
        grant: &Grant,
        op: &Authorised,
        caller: Address,
        install: &[Bytes],
        signatures: &[Bytes],
    ) -> Result<Vec<Sent>, Refusal> {
        let redeemed = self.redeemed(grant, op, caller)?;
        let leaves = redeem::leaves(grant, op.op(), &redeemed, caller);
        Refusal::count(leaves.len(), signatures)?;
        Refusal::count(grant.calls.len() + 1, install)?;
        // The first is the grant's own.
        let roots = install.get(1..).unwrap_or_default();
        let leaves: Vec<_> = leaves.into_iter().zip(signatures.iter().cloned()).collect();
        let data = redeem::calldata(grant, &redeemed, roots, &leaves);
        Ok(vec![Sent {
            by: Party::Only(caller),
            to: self.contract(),
            value: U256::ZERO,
            data,
            does: "redeems delegations",
        }])
    }

    fn read_grant(&self, signed: &[ToSign], labels: &Labels) -> Result<Reading, Unreadable> {
        let (first, delegations) = signed.split_first().ok_or_else(|| Unreadable("there is no grant".to_owned()))?;
        let grant = typed::read_grant(&first.typed, labels)?;
        let expected = self.to_sign(&grant, &Step::Install).map_err(|e| Unreadable(e.to_string()))?;
        let others = expected.get(1..).unwrap_or_default();
        if others.len() != delegations.len() || others.iter().zip(delegations).any(|(a, b)| a.typed != b.typed) {
            return Err(Unreadable("the delegations are not those of the grant".to_owned()));
        }
        let mut beside = Vec::new();
        for (rule, one) in delegations.iter().enumerate() {
            beside.extend(delegation::lines(rule, &one.typed)?);
        }
        Ok(Reading { grant, beside })
    }

    fn read_calls(&self, grant: &Grant, sent: &[Sent]) -> Result<Batch, Unreadable> {
        match sent {
            [one] if one.to == self.contract() && one.value.is_zero() => redeem::read(grant, &one.data),
            _ => Err(Unreadable("an operation is one call of the DelegationManager, without value".to_owned())),
        }
    }
}
