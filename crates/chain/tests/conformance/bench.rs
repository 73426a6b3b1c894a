//! One grant of one subject, used by one route.

use crate::framework::START;
use crate::keys::{Key, P256Key};
use crate::subject::{Ask, Route, Subject, Unsupported};
use crate::userop::{self, CALL_GAS};
use crate::world::{Outcome, Tx, World};
use alloy_primitives::aliases::U192;
use alloy_primitives::{Address, B256, Bytes, U256, address, hex};
use hallpass_chain::backend::{Ender, Need, Party, Ready, Step};
use hallpass_policy::eval::{At, Facts};
use hallpass_policy::grant::{Amount, CallRule, Gas, Meter, Path, Rest, Routes, SessionKey, Use, What, arguments_of};
use hallpass_policy::{Batch, Call, Grant, Ledger, OpBounds, Status, authorise};
use hallpass_types::{ChainId, UnixSeconds};

pub const RELAYER: Address = address!("0xee00000000000000000000000000000000000011");
pub const STRANGER: Address = address!("0xee00000000000000000000000000000000000022");
/// Whom transfers go to.
pub const TO: Address = address!("0xee00000000000000000000000000000000000033");
/// Cap of the meter, over the grant's life where a case does not say otherwise.
pub const CAP: u64 = 100;
pub const END: u64 = START + 3600;

/// Who signs operations.
pub enum Session {
    Secp256k1(Key),
    P256(P256Key),
}

impl Session {
    pub fn sign(&self, digest: B256) -> Bytes {
        match self {
            Self::Secp256k1(key) => key.sign(digest),
            Self::P256(key) => key.sign(digest),
        }
    }
}

pub struct Bench {
    /// The case, for what it says when it fails.
    case: &'static str,
    pub world: World,
    pub subject: Box<dyn Subject>,
    pub route: Route,
    pub grant: Grant,
    pub session: Session,
    pub ender: Key,
    /// The owner's signatures over the install step.
    pub install: Vec<Bytes>,
    /// What is done to the session key's signatures.
    pub mangle: Option<fn(Bytes) -> Bytes>,
    pub call_gas: u128,
    /// How each denial was put, in order.
    pub words: Vec<String>,
    /// Operations that the backend's own trait made, byte for byte.
    pub honest: u32,
    sequence: u64,
}

pub fn seconds(value: u64) -> UnixSeconds {
    UnixSeconds::new(value).unwrap()
}

pub fn rule(target: Address, signature: &str) -> CallRule {
    let arguments = arguments_of(signature).unwrap();
    let signature = signature.to_owned();
    CallRule { target, signature, arguments, max_value: U256::ZERO, conditions: Vec::new(), uses: Vec::new() }
}

impl Bench {
    pub fn new(case: &'static str, mut world: World, subject: Box<dyn Subject>, route: Route) -> Self {
        subject.stand(&mut world);
        // Every operation can have begun a second before.
        world.now = START + 1;
        let (key, ender) = (Key::new(0x21), Key::new(0x22));
        let mut transfer = rule(world.token, "transfer(address,uint256)");
        transfer.uses = vec![Use { meter: 0, amount: Amount::Path(Path::argument(1)) }];
        let meter =
            Meter { id: 0, what: What::Token(world.token), cap: u128::from(CAP), period: None, anchor: seconds(START) };
        let grant = Grant {
            chain: ChainId::new(world.chain).unwrap(),
            account: subject.account(),
            backend: subject.backend().contract(),
            epoch: 0,
            salt: [9; 16],
            key: SessionKey::Secp256k1(key.address()),
            not_before: seconds(START),
            not_after: seconds(END),
            first_seq: 0,
            end_seq: 1 << 32,
            routes: Routes::new(if route == Route::Direct { 1 } else { 6 }).unwrap(),
            relayer: if route == Route::Direct { RELAYER } else { Address::ZERO },
            calls: vec![transfer],
            meters: vec![meter],
            rest: Rest {
                gas: Gas { units_per_op: 10_000_000, ..Gas::default() },
                ender: ender.address(),
                ..Rest::default()
            },
        };
        let session = Session::Secp256k1(key);
        let (install, words) = (Vec::new(), Vec::new());
        Self {
            case,
            world,
            subject,
            route,
            grant,
            session,
            ender,
            install,
            mangle: None,
            call_gas: CALL_GAS,
            words,
            honest: 0,
            sequence: 0,
        }
    }

    pub fn is_7710(&self) -> bool {
        self.subject.name() == "erc7710"
    }

    /// The answer of a backend whose card says `code`.
    #[track_caller]
    pub fn says(&self, code: &'static str) -> Unsupported {
        let card = self.subject.backend().compile(&self.grant);
        let said = card.signer.iter().chain(card.differences()).chain(card.unsupported()).any(|f| f.code == code);
        assert!(said, "{}: nothing on the card says {code}: {card:?}", self.at());
        Unsupported::Says(code)
    }

    /// Installs the grant as the backend says, whatever the owner has to do before.
    pub fn installed(&mut self) -> Result<(), Unsupported> {
        self.prepared()?;
        self.step(&Step::Install)
    }

    /// All that comes before the install step; nothing is sent of it.
    pub fn prepared(&mut self) -> Result<(), Unsupported> {
        let backend = self.subject.backend();
        let asked = backend.to_sign(&self.grant, &Step::Install).map_err(Unsupported::Refused)?;
        assert!(asked.iter().all(|a| a.by == Party::Owner));
        self.install = asked.iter().map(|a| self.subject.approve(a.digest)).collect();
        let found = self.found();
        for call in self.subject.backend().prepare(&self.grant, &found) {
            assert_eq!(call.by, Party::Account(self.grant.account));
            self.must(&self.subject.by_account(call.to, call.data));
        }
        let found = self.found();
        let backend = self.subject.backend();
        if let Ready::NeedsDelegation = backend.ready(&self.grant, &found).unwrap() {
            let to = backend.delegates_to().unwrap();
            self.world.delegate(self.grant.account, to);
        }
        Ok(())
    }

    fn found(&mut self) -> Vec<Bytes> {
        let needs = self.subject.backend().needs(&self.grant);
        let one = |need: &Need| match need {
            Need::Code(at) => self.world.code(*at),
            Need::View(at, data) => self.world.ask(*at, data.clone()).unwrap_or_default(),
        };
        needs.iter().map(one).collect()
    }

    /// Takes a step, with everyone's honest signatures.
    pub fn step(&mut self, step: &Step<'_>) -> Result<(), Unsupported> {
        for tx in self.step_txs(step)? {
            self.must(&tx);
        }
        Ok(())
    }

    /// What is sent for a step.
    pub fn step_txs(&mut self, step: &Step<'_>) -> Result<Vec<Tx>, Unsupported> {
        let backend = self.subject.backend();
        let asked = backend.to_sign(&self.grant, step).map_err(Unsupported::Refused)?;
        let sign = |by: Party, digest| match by {
            Party::SessionKey => self.session.sign(digest),
            Party::Ender => self.ender.sign(digest),
            _ => self.subject.approve(digest),
        };
        let signatures: Vec<Bytes> = asked.iter().map(|a| sign(a.by, a.digest)).collect();
        let sent = backend.calls(&self.grant, step, &signatures).map_err(Unsupported::Refused)?;
        let tx = |s: hallpass_chain::backend::Sent| match s.by {
            Party::Account(_) => self.subject.by_account(s.to, s.data),
            _ => Tx::new(STRANGER, s.to, s.data),
        };
        Ok(sent.into_iter().map(tx).collect())
    }

    pub fn end(&mut self, by: Ender) -> Result<(), Unsupported> {
        self.step(&Step::End(by))
    }

    #[track_caller]
    pub fn must(&mut self, tx: &Tx) {
        let outcome = self.world.send(tx);
        assert!(matches!(outcome, Outcome::Done(_)), "{}: {outcome:?}", self.at());
    }

    pub fn transfer(&self, amount: u64) -> Call {
        let data = [&hex!("a9059cbb")[..], TO.into_word().as_slice(), &U256::from(amount).to_be_bytes::<32>()].concat();
        Call { to: self.grant.calls[0].target, value: U256::ZERO, data: data.into() }
    }

    /// An operation of these calls by rule 0, now, with a sequence of its own.
    pub fn ask(&mut self, calls: Vec<Call>) -> Ask {
        let from = (self.world.now - u64::from(self.second_later())).clamp(START, END - 1);
        self.sequence += 1;
        Ask {
            calls: calls.into_iter().map(|c| (0, c)).collect(),
            floor: 0,
            from,
            until: (from + 60).min(END),
            sequence: self.sequence,
            relayer: self.grant.relayer,
        }
    }

    /// As an honest client sends it. Where the policy allows it to a grant of which nothing was spent, it is what the backend
    /// makes of it, byte for byte.
    pub fn tx(&mut self, ask: &Ask) -> Tx {
        match self.route {
            Route::Direct => self.direct(ask, RELAYER),
            Route::EntryPoint => self.user_op(ask),
        }
    }

    pub fn direct(&mut self, ask: &Ask, caller: Address) -> Tx {
        let digests = self.subject.op_to_sign(&self.grant, ask, caller);
        let signatures: Vec<Bytes> = digests.iter().map(|d| self.signature(*d)).collect();
        let (to, data) = self.subject.op(&self.grant, ask, caller, &self.install, &signatures);
        let backend = self.subject.backend();
        let batch = Batch { chain: self.grant.chain, calls: ask.calls.iter().map(|(_, c)| c.clone()).collect() };
        let op = OpBounds {
            valid_from: seconds(ask.from),
            valid_until: seconds(ask.until),
            lane: U192::ZERO,
            sequence: ask.sequence,
            relayer: ask.relayer,
            max_fee: 0,
            gas_floors: vec![ask.floor; ask.calls.len()],
        };
        let at = At { now: seconds(ask.from), chain: self.grant.chain, caller: Some(caller) };
        let ledger = Ledger {
            frozen: false,
            epoch: self.grant.epoch,
            status: Status::Active,
            base: 0,
            used: 0,
            lanes: Vec::new(),
            meters: Vec::new(),
        };
        if let Ok(allowed) = authorise(&self.grant, &ledger, &batch, &op, &at, &Facts::default()) {
            let asked = backend.op_to_sign(&self.grant, &allowed, caller).unwrap();
            assert_eq!(asked.iter().map(|a| a.digest).collect::<Vec<_>>(), digests, "{}", self.at());
            let sent = backend.op_calls(&self.grant, &allowed, caller, &self.install, &signatures).unwrap();
            assert_eq!(sent.iter().map(|s| (s.to, s.data.clone())).collect::<Vec<_>>(), [(to, data.clone())]);
            assert_eq!(backend.read_calls(&self.grant, &sent).unwrap(), batch);
            self.honest += 1;
        }
        Tx::new(caller, to, data)
    }

    pub fn user_op(&mut self, ask: &Ask) -> Tx {
        let entry = self.subject.entry().unwrap();
        let op = userop::unsigned(&entry, &self.grant, ask, self.call_gas);
        self.sign_user_op(ask, op)
    }

    /// Signs a user operation as it stands.
    pub fn sign_user_op(&mut self, ask: &Ask, op: userop::PackedUserOperation) -> Tx {
        let entry = self.subject.entry().unwrap();
        let message = userop::to_sign(&mut self.world, &entry, &self.grant, ask, &op);
        let signature = self.signature(message.digest(self.grant.chain.get(), self.grant.account));
        userop::signed(&entry, &self.grant, ask, op, &message, &signature)
    }

    fn signature(&self, digest: B256) -> Bytes {
        let signature = self.session.sign(digest);
        self.mangle.map_or(signature.clone(), |mangle| mangle(signature))
    }

    /// A case's short way: an operation of one transfer.
    pub fn one(&mut self, amount: u64) -> Tx {
        let ask = self.ask(vec![self.transfer(amount)]);
        self.tx(&ask)
    }

    /// Whether an operation executes only from the second after its first: what a card says of a route.
    pub fn second_later(&self) -> bool {
        let card = self.subject.backend().compile(&self.grant);
        card.differences().iter().any(|f| f.code == "second_later")
    }

    pub fn at(&self) -> String {
        format!("{} of {} {}", self.case, self.subject.name(), self.route)
    }
}
