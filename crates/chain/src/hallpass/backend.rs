//! `hallpass:7702` and `hallpass:pocket`: our own contract in its two homes, as backends.

use super::{Home, HomeError, holds, read, steps, wire};
use crate::backend::Backend;
use crate::backend::card::{Authoriser, Card, Finding};
use crate::backend::steps::{Ender, Need, NotReady, Party, Reading, Ready, Refusal, Sent, Step, ToSign, Unreadable};
use crate::contracts::{IHallpass, Suite};
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall;
use hallpass_policy::labels::Labels;
use hallpass_policy::{Authorised, Batch, Grant};

/// Our contract in one home.
#[derive(Debug, Clone)]
pub struct Hallpass {
    suite: Suite,
    home: Home,
}

impl Hallpass {
    /// The backend for accounts in `home`.
    #[must_use]
    pub const fn new(suite: Suite, home: Home) -> Self {
        Self { suite, home }
    }

    /// The account of `wallet`.
    #[must_use]
    pub fn account(&self, wallet: Address) -> Address {
        self.home.account(&self.suite, wallet)
    }

    /// Reasons that belong to no rule.
    fn whole(&self, grant: &Grant) -> Vec<Finding> {
        let mut out = Vec::new();
        let contract = self.contract();
        if grant.backend != contract {
            out.push(Finding::new(
                "backend",
                "wrong_backend",
                format!("the contract that enforces it here is {contract}"),
            ));
        }
        if let Home::Pocket { owner, index } = self.home {
            let account = self.account(owner);
            if grant.account != account {
                let says = format!("pocket {index} of {owner} is {account}");
                out.push(Finding::new("account", "wrong_account", says));
            }
        }
        out.extend(holds::findings(grant));
        out
    }
}

impl From<HomeError> for NotReady {
    fn from(e: HomeError) -> Self {
        Self { code: e.code(), says: e.to_string() }
    }
}

impl Backend for Hallpass {
    fn name(&self) -> &'static str {
        match self.home {
            Home::Delegated => "hallpass:7702",
            Home::Pocket { .. } => "hallpass:pocket",
        }
    }

    fn contract(&self) -> Address {
        self.home.backend(&self.suite)
    }

    fn delegates_to(&self) -> Option<Address> {
        match self.home {
            Home::Delegated => Some(self.contract()),
            Home::Pocket { .. } => None,
        }
    }

    fn authorisers(&self) -> &'static [Authoriser] {
        match self.home {
            Home::Delegated => &[Authoriser::LocalKey, Authoriser::Wallet7702],
            Home::Pocket { .. } => &[Authoriser::Eip712Wallet, Authoriser::LocalKey],
        }
    }

    fn compile(&self, grant: &Grant) -> Card {
        steps::card(self, grant, self.whole(grant), false, Vec::new())
    }

    fn needs(&self, grant: &Grant) -> Vec<Need> {
        vec![Need::Code(self.contract()), Need::Code(grant.account), Need::Code(self.suite.factory.0)]
    }

    fn ready(&self, grant: &Grant, found: &[Bytes]) -> Result<Ready, NotReady> {
        let [backend, account, factory] = found else {
            return Err(NotReady {
                code: "unreadable",
                says: "three codes are needed: backend, account, factory".to_owned(),
            });
        };
        self.home.check_backend(&self.suite, backend)?;
        let ready = self.home.judge_account(&self.suite, grant.account, account)?;
        if ready == Ready::NeedsOpening {
            self.home.check_factory(&self.suite, factory)?;
        }
        Ok(ready)
    }

    fn to_sign(&self, grant: &Grant, step: &Step<'_>) -> Result<Vec<ToSign>, Refusal> {
        steps::to_sign(self, grant, step)
    }

    fn calls(&self, grant: &Grant, step: &Step<'_>, signatures: &[Bytes]) -> Result<Vec<Sent>, Refusal> {
        let needed = self.to_sign(grant, step)?.len();
        Refusal::count(needed, signatures)?;
        let signature = signatures.first().cloned().unwrap_or_default();
        let (to, data, does) = match step {
            Step::Install => {
                let (to, data) = self.home.install(&self.suite, grant, &signature);
                (to, data, "installs the grant")
            }
            Step::End(Ender::Owner) => {
                let call = IHallpass::endCall { grant: grant.id(), signature };
                (grant.account, call.abi_encode().into(), "ends the grant, by its owner")
            }
            Step::End(Ender::Key) => {
                let (bytes, rest) = (wire::install(grant).into(), wire::rest(grant).into());
                let call = IHallpass::endForCall { grant: bytes, rest, signature };
                (grant.account, call.abi_encode().into(), "ends the grant, by its ender")
            }
            Step::End(Ender::Session) => {
                let (bytes, rest) = (wire::install(grant).into(), wire::rest(grant).into());
                let call = IHallpass::surrenderCall { grant: bytes, rest, signature };
                (grant.account, call.abi_encode().into(), "ends the grant, by its session key")
            }
            Step::MoveEpoch => {
                let call = IHallpass::moveEpochCall { next: steps::next_epoch(grant)?, signature };
                (grant.account, call.abi_encode().into(), "ends every grant of the epoch")
            }
            Step::Replace(with) => {
                let [from, from_meters, to, to_meters] = wire::replace(grant, with).map(Bytes::from);
                let call = IHallpass::replaceCall { from, fromMeters: from_meters, to, toMeters: to_meters, signature };
                (grant.account, call.abi_encode().into(), "replaces the grant; what was spent stays spent")
            }
        };
        Ok(vec![Sent { by: Party::Anyone, to, value: U256::ZERO, data, does }])
    }

    fn op_to_sign(&self, grant: &Grant, op: &Authorised, caller: Address) -> Result<Vec<ToSign>, Refusal> {
        steps::op_to_sign(self, grant, op, caller)
    }

    fn op_calls(
        &self,
        grant: &Grant,
        op: &Authorised,
        caller: Address,
        _: &[Bytes],
        signatures: &[Bytes],
    ) -> Result<Vec<Sent>, Refusal> {
        let wire = steps::op_wire(self, grant, op, caller, signatures)?;
        let data = IHallpass::executeCall { wire }.abi_encode().into();
        let by = steps::sender(grant, op, caller);
        Ok(vec![Sent { by, to: grant.account, value: U256::ZERO, data, does: "executes the operation" }])
    }

    fn read_grant(&self, signed: &[ToSign], labels: &Labels) -> Result<Reading, Unreadable> {
        steps::read_grant(self, signed, labels)
    }

    fn read_calls(&self, grant: &Grant, sent: &[Sent]) -> Result<Batch, Unreadable> {
        let [one] = sent else { return Err(Unreadable("an operation is one transaction".to_owned())) };
        if one.to != grant.account || !one.value.is_zero() {
            return Err(Unreadable("an operation goes to the account, without value".to_owned()));
        }
        let call = IHallpass::executeCall::abi_decode(&one.data).map_err(|e| Unreadable(e.to_string()))?;
        if call.abi_encode() != one.data.to_vec() {
            return Err(Unreadable("the calldata is not in its one form".to_owned()));
        }
        read::operation(grant, &call.wire)
    }
}
