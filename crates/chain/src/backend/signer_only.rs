//! No contract at all: what plain accounts, venues and app actions have. Everything is the signer's, and is said in red.

use super::card::{self, Authoriser, Card, Enforced, Finding};
use super::steps::{Ender, Need, NotReady, Party, Reading, Ready, Refusal, Sent, Step, ToSign, Unreadable};
use super::{Backend, typed};
use alloy_primitives::{Address, Bytes};
use hallpass_policy::grant::SessionKey;
use hallpass_policy::labels::Labels;
use hallpass_policy::{Authorised, Batch, Grant};

/// The backend without a contract.
#[derive(Debug, Clone, Copy, Default)]
pub struct SignerOnly;

impl SignerOnly {
    fn supported(self, grant: &Grant) -> Result<(), Refusal> {
        self.compile(grant).held().map(|_| ())
    }
}

impl Backend for SignerOnly {
    fn name(&self) -> &'static str {
        "signer-only"
    }

    fn contract(&self) -> Address {
        Address::ZERO
    }

    fn delegates_to(&self) -> Option<Address> {
        None
    }

    fn authorisers(&self) -> &'static [Authoriser] {
        &[Authoriser::LoggedInOwner, Authoriser::LocalKey, Authoriser::Eip712Wallet]
    }

    fn compile(&self, grant: &Grant) -> Card {
        let mut lacks = Vec::new();
        if !grant.backend.is_zero() {
            lacks.push(Finding::new(
                "backend",
                "wrong_backend",
                "a grant that no contract enforces has the zero address",
            ));
        }
        if !matches!(grant.key, SessionKey::Secp256k1(_)) {
            lacks.push(Finding::new("key", "not_yet_supported", "a session key of this kind cannot be granted yet"));
        }
        let whole = if lacks.is_empty() { Enforced::Signer } else { Enforced::Unsupported(lacks) };
        let mut signer = card::signers_own(grant);
        signer.insert(
            0,
            Finding::new(
                "backend",
                "no_contract",
                "no contract enforces any of it: whoever takes the session key out of the signer has what the key has",
            ),
        );
        Card {
            backend: self.name(),
            contract: Address::ZERO,
            whole,
            rules: card::rules(grant, |_| Enforced::Signer),
            signer,
            notes: Vec::new(),
            authorisers: self.authorisers(),
        }
    }

    fn needs(&self, _: &Grant) -> Vec<Need> {
        Vec::new()
    }

    fn ready(&self, _: &Grant, _: &[Bytes]) -> Result<Ready, NotReady> {
        Ok(Ready::Yes)
    }

    fn to_sign(&self, grant: &Grant, step: &Step<'_>) -> Result<Vec<ToSign>, Refusal> {
        self.supported(grant)?;
        match step {
            Step::Install => Ok(vec![typed::grant(grant)]),
            Step::Replace(with) => {
                self.supported(with)?;
                Ok(vec![typed::grant(with)])
            }
            Step::End(Ender::Owner) => Ok(vec![typed::end(grant, Party::Owner)]),
            Step::End(Ender::Key) => Ok(vec![typed::end(grant, Party::Ender)]),
            Step::End(Ender::Session) => Ok(vec![typed::end(grant, Party::SessionKey)]),
            Step::MoveEpoch => {
                Err(Refusal::NoStep("no_epoch", "an account without a contract has no epoch".to_owned()))
            }
        }
    }

    fn calls(&self, grant: &Grant, step: &Step<'_>, signatures: &[Bytes]) -> Result<Vec<Sent>, Refusal> {
        Refusal::count(self.to_sign(grant, step)?.len(), signatures)?;
        Ok(Vec::new())
    }

    fn op_to_sign(&self, grant: &Grant, _: &Authorised, _: Address) -> Result<Vec<ToSign>, Refusal> {
        self.supported(grant)?;
        Err(Refusal::NoStep("no_operation", "without a contract the session key signs plain transactions".to_owned()))
    }

    fn op_calls(
        &self,
        grant: &Grant,
        op: &Authorised,
        caller: Address,
        _: &[Bytes],
        _: &[Bytes],
    ) -> Result<Vec<Sent>, Refusal> {
        self.op_to_sign(grant, op, caller).map(|_| Vec::new())
    }

    fn read_grant(&self, signed: &[ToSign], labels: &Labels) -> Result<Reading, Unreadable> {
        match signed {
            [one] => {
                let grant = typed::read_grant(&one.typed, labels)?;
                self.supported(&grant).map_err(|e| Unreadable(e.to_string()))?;
                Ok(Reading { grant, beside: Vec::new() })
            }
            _ => Err(Unreadable("one grant is signed, and nothing beside it".to_owned())),
        }
    }

    fn read_calls(&self, _: &Grant, _: &[Sent]) -> Result<Batch, Unreadable> {
        Err(Unreadable("there are no operations without a contract".to_owned()))
    }
}
