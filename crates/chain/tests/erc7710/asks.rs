//! What is asked of both sides: by whom, when, and with what honest senders would never send.

use crate::grants::seconds;
use crate::rng::Rng;
use crate::world::{Key, World};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolCall, SolStruct, SolValue, sol};
use hallpass_chain::backend::{Answer, Backend};
use hallpass_chain::erc7710::Erc7710;
use hallpass_chain::erc7710::abi::{self, IDelegationManager, INonceEnforcer, MODE, ROOT, signed};
use hallpass_chain::erc7710::caveat::{Term, execution};
use hallpass_chain::erc7710::contracts::Contract;
use hallpass_chain::erc7710::{delegation, whole};
use hallpass_policy::eval::{At, Facts};
use hallpass_policy::{Batch, Call, Denial, Grant, Ledger, Op, Policy, Status, Verdict};

sol! {
    struct Execution { address target; uint256 value; bytes callData; }
}

/// Who redeems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Key,
    Relayer,
    Stranger,
}

/// How the delegations are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chain {
    /// The owner's, and where another redeems than the key a leaf that the key signed, with no caveat at all.
    Right,
    /// The leaf is signed by the one who redeems.
    LeafByOther,
    /// The owner's delegation is signed by the session key.
    RootByKey,
    /// The owner's delegation without its last caveat.
    RootCut,
    /// The session key's own delegation as if it stood on none.
    NoRoot,
}

/// How it is executed (ERC-7579).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Single,
    Batch,
    Try,
}

/// One question.
#[derive(Debug, Clone)]
pub struct Ask {
    pub rule: usize,
    pub calls: Vec<Call>,
    pub who: Who,
    pub chain: Chain,
    pub mode: Mode,
    pub now: u64,
}

/// A grant, what its owner signed, and what both sides know of it.
pub struct Bench {
    pub world: World,
    pub key: Key,
    pub relayer: Key,
    pub stranger: Key,
    pub grant: Grant,
    pub ledger: Ledger,
    /// Rules whose delegation was disabled.
    pub ended: Vec<bool>,
    pub roots: Vec<signed::Delegation>,
    pub signatures: Vec<Bytes>,
}

pub fn fresh(epoch: u64) -> Ledger {
    Ledger { frozen: false, epoch, status: Status::Active, base: 0, used: 0, lanes: Vec::new(), meters: Vec::new() }
}

impl Bench {
    pub fn new(rng: &mut Rng, make: impl FnOnce(&mut Rng, Address, &Key, &Key, u64) -> Grant) -> Self {
        let world = World::new(rng);
        Self::on(world, rng, make)
    }

    pub fn on(mut world: World, rng: &mut Rng, make: impl FnOnce(&mut Rng, Address, &Key, &Key, u64) -> Grant) -> Self {
        world.renew(rng);
        let (key, relayer, stranger) = (Key::random(rng), Key::random(rng), Key::random(rng));
        // Some accounts have moved their nonce before.
        if rng.chance(30) {
            let call = INonceEnforcer::incrementNonceCall { delegationManager: Contract::Manager.address() };
            let owner = world.owner.address;
            world.send(owner, Contract::Nonce.address(), call.abi_encode().into(), 1).unwrap();
        }
        let epoch = world.nonce();
        let grant = make(rng, world.owner.address, &key, &relayer, epoch);
        let mut bench = Self {
            ledger: fresh(epoch),
            ended: vec![false; grant.calls.len()],
            roots: Vec::new(),
            signatures: Vec::new(),
            world,
            key,
            relayer,
            stranger,
            grant,
        };
        // What cannot be held has no delegations that mean anything.
        if Erc7710.compile(&bench.grant).answer() != Answer::Unsupported {
            bench.sign(|terms| terms);
        }
        bench
    }

    /// The owner signs the delegations, with their caveats changed.
    pub fn sign(&mut self, change: impl Fn(Vec<Term>) -> Vec<Term>) {
        let domain = delegation::domain(&self.grant);
        self.roots = delegation::all(&self.grant);
        for root in &mut self.roots {
            let terms = root.caveats.iter().map(|c| Term::read(c).unwrap()).collect();
            root.caveats = change(terms).iter().map(Term::caveat).collect();
        }
        let sign = |d: &signed::Delegation| self.world.owner.sign(d.eip712_signing_hash(&domain));
        self.signatures = self.roots.iter().map(sign).collect();
    }

    pub fn who(&self, who: Who) -> &Key {
        match who {
            Who::Key => &self.key,
            Who::Relayer => &self.relayer,
            Who::Stranger => &self.stranger,
        }
    }

    /// What the evaluator says, by the one rule that the delegation stands for.
    pub fn judge(&self, ask: &Ask) -> Result<Verdict, Denial> {
        let caller = self.who(ask.who).address;
        let grant = Grant { calls: vec![self.grant.calls[ask.rule].clone()], ..self.grant.clone() };
        let status = if self.ended[ask.rule] { Status::Ended } else { Status::Active };
        let ledger = Ledger { status, ..self.ledger.clone() };
        let named = whole::redeemers(&self.grant).contains(&caller) && !self.grant.relayer.is_zero();
        let op = Op { relayer: named.then_some(caller), ..Op::default() };
        let at = At { now: seconds(ask.now), chain: self.grant.chain, caller: Some(caller) };
        let batch = Batch { chain: self.grant.chain, calls: ask.calls.clone() };
        Policy::new(&grant).judge_calls(&ledger, &batch, &op, &at, &Facts::default())
    }

    /// Whether the delegations and the mode are those that honest senders give; then the calls alone decide.
    pub fn is_honest(&self, ask: &Ask) -> bool {
        let leaf = ask.chain == Chain::LeafByOther && ask.who == Who::Key;
        (ask.chain == Chain::Right || leaf) && ask.mode == Mode::Single
    }

    /// Sends it; what it changes stays.
    pub fn send(&mut self, ask: &Ask) -> Result<(), String> {
        let data = self.calldata(ask);
        let caller = self.who(ask.who).address;
        self.world.send(caller, Contract::Manager.address(), data, ask.now)
    }

    fn calldata(&self, ask: &Ask) -> Bytes {
        let context = Bytes::from(self.context(ask).abi_encode());
        let single = |c: &Call| Bytes::from(execution(c.to, c.value, &c.data));
        let (modes, executions): (Vec<B256>, Vec<Bytes>) = match ask.mode {
            Mode::Single => ask.calls.iter().map(|c| (MODE, single(c))).unzip(),
            // The second byte says that a failing call is passed over.
            Mode::Try => ask.calls.iter().map(|c| (mode(0, 1), single(c))).unzip(),
            Mode::Batch => {
                let all = ask.calls.iter();
                let all = all.map(|c| Execution { target: c.to, value: c.value, callData: c.data.clone() });
                (vec![mode(1, 0)], vec![all.collect::<Vec<_>>().abi_encode().into()])
            }
        };
        let call = IDelegationManager::redeemDelegationsCall {
            permissionContexts: vec![context; modes.len()],
            modes,
            executionCallDatas: executions,
        };
        call.abi_encode().into()
    }

    fn context(&self, ask: &Ask) -> Vec<abi::Delegation> {
        let domain = delegation::domain(&self.grant);
        let mut root = self.roots[ask.rule].clone();
        let mut signature = self.signatures[ask.rule].clone();
        match ask.chain {
            Chain::RootCut => drop(root.caveats.pop()),
            Chain::RootByKey => signature = self.key.sign(root.eip712_signing_hash(&domain)),
            _ => {}
        }
        let caller = self.who(ask.who);
        let own = caller.address == self.key.address;
        let authority = if ask.chain == Chain::NoRoot { ROOT } else { delegation::hash(&root) };
        let leaf = signed::Delegation {
            delegate: caller.address,
            delegator: self.key.address,
            authority,
            caveats: Vec::new(),
            salt: U256::ZERO,
        };
        let by = if ask.chain == Chain::LeafByOther { caller } else { &self.key };
        let leaf = delegation::sent(&leaf, by.sign(leaf.eip712_signing_hash(&domain)));
        match (ask.chain, own) {
            (Chain::NoRoot, _) => vec![leaf],
            (_, true) => vec![delegation::sent(&root, signature)],
            (_, false) => vec![leaf, delegation::sent(&root, signature)],
        }
    }

    /// The account disables a rule's delegation.
    pub fn disable(&mut self, rule: usize, now: u64) {
        let call =
            IDelegationManager::disableDelegationCall { delegation: delegation::sent(&self.roots[rule], Bytes::new()) };
        let owner = self.world.owner.address;
        self.world.send(owner, Contract::Manager.address(), call.abi_encode().into(), now).unwrap();
        self.ended[rule] = true;
    }

    /// The account moves its nonce.
    pub fn move_nonce(&mut self, now: u64) {
        let call = INonceEnforcer::incrementNonceCall { delegationManager: Contract::Manager.address() };
        let owner = self.world.owner.address;
        self.world.send(owner, Contract::Nonce.address(), call.abi_encode().into(), now).unwrap();
        self.ledger.epoch = self.world.nonce();
    }
}

fn mode(call: u8, exec: u8) -> B256 {
    let mut out = B256::ZERO;
    (out[0], out[1]) = (call, exec);
    out
}
