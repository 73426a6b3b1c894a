//! `hallpass-7579`: our module, in any ERC-7579 account.

use super::{holds, read, steps, wire};
use crate::backend::Backend;
use crate::backend::card::{Authoriser, Card, Finding};
use crate::backend::steps::{Ender, Need, NotReady, Party, Reading, Ready, Refusal, Sent, Step, ToSign, Unreadable};
use crate::contracts::{IERC7579Account, IHallpassModule, Suite};
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall, SolValue};
use hallpass_policy::labels::Labels;
use hallpass_policy::{Authorised, Batch, Grant};

/// What the module calls itself, here and on chain.
pub const NAME: &str = "hallpass-7579";
/// Its version on chain, and that of the domain.
pub const VERSION: &str = hallpass_policy::eip712::DOMAIN_VERSION;

const VALIDATOR: u64 = 1;
const EXECUTOR: u64 = 2;

/// The module, as executor for the direct route and as validator for an EntryPoint's.
#[derive(Debug, Clone)]
pub struct Module {
    suite: Suite,
}

impl Module {
    /// The backend for ERC-7579 accounts.
    #[must_use]
    pub const fn new(suite: Suite) -> Self {
        Self { suite }
    }

    /// What the module has to be in an account, for the routes of `grant`.
    fn kinds(grant: &Grant) -> Vec<u64> {
        let by_entry_point = grant.routes.bits() & !1 != 0;
        let kinds = [(by_entry_point, VALIDATOR), (grant.routes.direct(), EXECUTOR)];
        kinds.iter().filter(|(needed, _)| *needed).map(|(_, kind)| *kind).collect()
    }

    fn whole(&self, grant: &Grant) -> Vec<Finding> {
        let contract = self.contract();
        let mut out = Vec::new();
        if grant.backend != contract {
            let says = format!("the contract that enforces it here is {contract}");
            out.push(Finding::new("backend", "wrong_backend", says));
        }
        if grant.account == contract || grant.account.is_zero() {
            out.push(Finding::new("account", "wrong_account", "the account is an ERC-7579 account, not the module"));
        }
        out.extend(holds::findings(grant));
        out
    }

    fn call(&self, by: Party, call: &impl SolCall, does: &'static str) -> Sent {
        Sent { by, to: self.contract(), value: U256::ZERO, data: call.abi_encode().into(), does }
    }
}

impl Backend for Module {
    fn name(&self) -> &'static str {
        NAME
    }

    fn contract(&self) -> Address {
        self.suite.module.0
    }

    fn delegates_to(&self) -> Option<Address> {
        None
    }

    fn authorisers(&self) -> &'static [Authoriser] {
        &[Authoriser::AccountSigner]
    }

    fn compile(&self, grant: &Grant) -> Card {
        let notes = vec![
            Finding::new(
                "account",
                "account_makes_calls",
                "the account makes the calls: its own code and its hooks are trusted to",
            ),
            Finding::new(
                "calls",
                "modules_forbidden",
                "no operation is taken that opens a rule for a module of the account; the account names them, on chain",
            ),
            Finding::new("epoch", "uninstall_ends", "to uninstall the module ends every grant of the account"),
        ];
        steps::card(self, grant, self.whole(grant), true, notes)
    }

    /// The module's code, whose name and version are then known, the account's, and what the account says of the module.
    fn needs(&self, grant: &Grant) -> Vec<Need> {
        let installed = |kind: u64| {
            let call = IERC7579Account::isModuleInstalledCall {
                moduleTypeId: U256::from(kind),
                module: self.contract(),
                additionalContext: Bytes::new(),
            };
            Need::View(grant.account, call.abi_encode().into())
        };
        let codes = [Need::Code(self.contract()), Need::Code(grant.account)];
        codes.into_iter().chain(Self::kinds(grant).into_iter().map(installed)).collect()
    }

    fn ready(&self, grant: &Grant, found: &[Bytes]) -> Result<Ready, NotReady> {
        let unready = |code, says: &str| Err(NotReady { code, says: says.to_owned() });
        let kinds = Self::kinds(grant);
        let [module, account, installed @ ..] = found else {
            return unready("unreadable", "an answer of the chain is missing");
        };
        if installed.len() != kinds.len() {
            return unready("unreadable", "an answer of the chain is missing");
        }
        let (at, artifact) = &self.suite.module;
        if !artifact.is_code_of(module, *at) {
            let says = format!("contract {at} is not deployed here, or other code stands there");
            return unready("backend_missing", &says);
        }
        if account.is_empty() {
            let says = format!("there is no account at {} yet", grant.account);
            return unready("account_missing", &says);
        }
        for (kind, answer) in kinds.iter().zip(installed) {
            match bool::abi_decode_validate(answer) {
                Ok(true) => {}
                Ok(false) => {
                    let says =
                        format!("account {} has yet to install the module as its {}", grant.account, role(*kind));
                    return unready("module_missing", &says);
                }
                Err(_) => {
                    let says = format!("account {} does not answer as an ERC-7579 account does", grant.account);
                    return unready("foreign_code", &says);
                }
            }
        }
        Ok(Ready::Yes)
    }

    fn prepare(&self, grant: &Grant, found: &[Bytes]) -> Vec<Sent> {
        let answers = found.iter().skip(2).map(|answer| bool::abi_decode_validate(answer) == Ok(true));
        let known = answers.chain(core::iter::repeat(false));
        let missing = Self::kinds(grant).into_iter().zip(known).filter(|(_, installed)| !installed);
        missing
            .map(|(kind, _)| {
                let call = IERC7579Account::installModuleCall {
                    moduleTypeId: U256::from(kind),
                    module: self.contract(),
                    initData: Bytes::new(),
                };
                Sent {
                    by: Party::Account(grant.account),
                    to: grant.account,
                    value: U256::ZERO,
                    data: call.abi_encode().into(),
                    does: if kind == VALIDATOR {
                        "installs the module as validator"
                    } else {
                        "installs the module as executor"
                    },
                }
            })
            .collect()
    }

    fn to_sign(&self, grant: &Grant, step: &Step<'_>) -> Result<Vec<ToSign>, Refusal> {
        steps::to_sign(self, grant, step)
    }

    fn calls(&self, grant: &Grant, step: &Step<'_>, signatures: &[Bytes]) -> Result<Vec<Sent>, Refusal> {
        Refusal::count(self.to_sign(grant, step)?.len(), signatures)?;
        let signature = signatures.first().cloned().unwrap_or_default();
        let (account, bytes, rest) = (grant.account, wire::install(grant).into(), wire::rest(grant).into());
        Ok(vec![match step {
            Step::Install => {
                let call = IHallpassModule::installCall { grant: bytes, signature };
                self.call(Party::Anyone, &call, "installs the grant")
            }
            Step::Replace(with) => {
                let [from, from_meters, to, to_meters] = wire::replace(grant, with).map(Bytes::from);
                let call =
                    IHallpassModule::replaceCall { from, fromMeters: from_meters, to, toMeters: to_meters, signature };
                self.call(Party::Anyone, &call, "replaces the grant; what was spent stays spent")
            }
            Step::End(Ender::Owner) => {
                let call = IHallpassModule::endCall { account, grant: grant.id(), signature };
                self.call(Party::Anyone, &call, "ends the grant, by its owner")
            }
            Step::End(Ender::Key) => {
                let call = IHallpassModule::endForCall { grant: bytes, rest, signature };
                self.call(Party::Anyone, &call, "ends the grant, by its ender")
            }
            Step::End(Ender::Session) => {
                let call = IHallpassModule::surrenderCall { grant: bytes, rest, signature };
                self.call(Party::Anyone, &call, "ends the grant, by its session key")
            }
            Step::MoveEpoch => {
                let call = IHallpassModule::moveEpochCall { account, next: steps::next_epoch(grant)?, signature };
                self.call(Party::Anyone, &call, "ends every grant of the epoch")
            }
        }])
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
        let call = IHallpassModule::executeCall { account: grant.account, wire };
        Ok(vec![self.call(steps::sender(grant, op, caller), &call, "executes the operation")])
    }

    fn read_grant(&self, signed: &[ToSign], labels: &Labels) -> Result<Reading, Unreadable> {
        steps::read_grant(self, signed, labels)
    }

    fn read_calls(&self, grant: &Grant, sent: &[Sent]) -> Result<Batch, Unreadable> {
        let [one] = sent else { return Err(Unreadable("an operation is one transaction".to_owned())) };
        if one.to != self.contract() || !one.value.is_zero() {
            return Err(Unreadable("an operation goes to the module, without value".to_owned()));
        }
        let call = IHallpassModule::executeCall::abi_decode(&one.data).map_err(|e| Unreadable(e.to_string()))?;
        if call.account != grant.account || call.abi_encode() != one.data.to_vec() {
            return Err(Unreadable("the operation is another account's, or not in its one form".to_owned()));
        }
        read::operation(grant, &call.wire)
    }
}

const fn role(kind: u64) -> &'static str {
    if kind == VALIDATOR { "validator" } else { "executor" }
}
