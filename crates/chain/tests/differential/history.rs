//! A grant's life: installed, used 10 to 40 times over its windows, frozen and unfrozen, at last ended or left behind.

use crate::compare;
use crate::generator::{Past, Step, valid, window};
use crate::grants::{CALLERS, Made, make};
use crate::rng::Rng;
use crate::spoil::{AIMS, spoil};
use crate::tally::Tally;
use crate::world::{Account, CHAIN, Outcome, World};
use alloy_primitives::{Address, Bytes};
use alloy_sol_types::SolCall;
use hallpass_chain::contracts::IHallpass;
use hallpass_chain::wire;
use hallpass_policy::eip712::{end_digest, epoch_digest};
use hallpass_policy::labels::Labels;
use hallpass_policy::{Code, Grant, Ledger, Status};

/// One history, and what stands so far.
pub struct History<'a> {
    world: &'a mut World,
    home: usize,
    account: Account,
    made: Made,
    ledger: Ledger,
    now: u64,
    name: String,
    steps: u32,
}

impl<'a> History<'a> {
    /// Makes a grant for one of the two accounts; nothing is installed yet.
    pub fn begin(world: &'a mut World, rng: &mut Rng, name: String) -> Self {
        let home = rng.index(2);
        let account = world.accounts[home].clone();
        let made = make(rng, &account);
        let ledger = Ledger {
            frozen: false,
            epoch: account.epoch,
            status: Status::Unknown,
            base: 0,
            used: 0,
            lanes: Vec::new(),
            meters: Vec::new(),
        };
        let now = made.grant.not_before.get();
        let name = format!("{name} ({})", account.home);
        Self { world, home, account, made, ledger, now, name, steps: 0 }
    }

    /// The whole life.
    pub fn live(mut self, rng: &mut Rng, tally: &mut Tally) {
        self.read_back(tally);
        let before = self.now;
        self.pass(rng);
        if rng.chance(45) {
            self.step(rng, tally);
        }
        if rng.chance(60) {
            self.now = before;
        }
        self.install(rng);
        for _ in 0..10 + rng.below(31) {
            self.step(rng, tally);
            if self.ledger.frozen && rng.chance(75) {
                self.freeze(false);
            }
            self.pass(rng);
        }
        if self.ledger.frozen {
            self.freeze(false);
        }
        match rng.below(8) {
            0..=4 => self.end(rng),
            5 => self.move_epoch(rng),
            _ => return,
        }
        for _ in 0..1 + rng.below(2) {
            self.pass(rng);
            self.step(rng, tally);
        }
        if self.ledger.frozen {
            self.freeze(false);
        }
    }

    /// A grant that approval would read comes back from its message as it was.
    fn read_back(&self, tally: &mut Tally) {
        if self.made.grant.check().is_ok() {
            let read = Grant::from_message(&self.made.grant.message(), Labels::default());
            assert_eq!(read.as_ref(), Ok(&self.made.grant), "{}", self.name);
            tally.well_formed += 1;
        }
    }

    fn step(&mut self, rng: &mut Rng, tally: &mut Tally) {
        self.steps += 1;
        let place = format!("{}, step {}", self.name, self.steps);
        let mut step = self.plan(rng, tally);
        if step.aim == Some(Code::AccountFrozen) && !self.ledger.frozen {
            self.freeze(true);
        }
        step.at.now = step.at.now.max(crate::grants::seconds(1));
        let before = self.ledger.clone();
        let code = compare::step(self.world, &self.account, &self.made, &step, &mut self.ledger, &place);
        tally.count(code, self.account.home, step.action.calls.len());
        tally.moved(&before, &self.ledger);
    }

    /// Half of the operations are left as they should be; the others are spoiled towards what is still rare.
    fn plan(&self, rng: &mut Rng, tally: &Tally) -> Step {
        let past = Past { made: &self.made, ledger: &self.ledger, now: self.now };
        let good = valid(rng, past);
        if rng.chance(47) || self.ledger.status == Status::Ended && rng.chance(80) {
            return good;
        }
        for _ in 0..6 {
            let aims: [_; 5] = core::array::from_fn(|_| rng.pick(&AIMS));
            let aim = aims.into_iter().min_by_key(|a| tally.of(a.as_str())).unwrap_or(aims[0]);
            let mut step = good.clone();
            if spoil(rng, past, aim, &mut step) {
                return step;
            }
        }
        good
    }

    /// Time goes on: not at all, a little, to the edge of a window, or far; never past the grant's last second.
    fn pass(&mut self, rng: &mut Rng) {
        let last = self.made.grant.not_after.get() - 1;
        let edges: Vec<u64> =
            self.made.grant.meters.iter().filter_map(|m| window(m, self.now)).map(|(_, end)| end).collect();
        let next = match rng.below(16) {
            0..=2 => self.now,
            3..=5 => self.now + 1,
            6..=8 => self.now + rng.below(60),
            9..=13 if !edges.is_empty() => edges[rng.index(edges.len())] - 1 + rng.below(3),
            14 => self.now + rng.below(4000),
            15 => self.now + rng.below((last - self.now) / 8 + 1),
            _ => self.now + rng.below(8),
        };
        self.now = next.clamp(self.now, last);
    }

    fn owner_sends(&mut self, from: Address, data: Vec<u8>) {
        let outcome = self.world.send(from, self.account.at, Bytes::from(data), self.now, CHAIN);
        assert_eq!(outcome, Outcome::Done, "{}: an owner's call failed", self.name);
    }

    fn check(&mut self, what: &str) {
        let (id, name) = (self.made.id, self.name.clone());
        compare::state(self.world, &self.account, &self.made.grant, id, &self.ledger, &|| format!("{name}: {what}"));
    }

    fn install(&mut self, rng: &mut Rng) {
        let grant: Bytes = wire::install(&self.made.grant).into();
        let signature = self.account.owner.sign(self.made.grant.message().digest()).into();
        self.owner_sends(rng.pick(&CALLERS), IHallpass::installCall { grant, signature }.abi_encode());
        self.ledger.status = Status::Active;
        self.ledger.base = u32::try_from(self.made.grant.first_seq).unwrap();
        self.check("installed");
    }

    fn freeze(&mut self, frozen: bool) {
        let data = if frozen { IHallpass::freezeCall {}.abi_encode() } else { IHallpass::unfreezeCall {}.abi_encode() };
        self.owner_sends(self.account.owner.address, data);
        self.ledger.frozen = frozen;
        self.check("frozen or unfrozen");
    }

    /// By the owner's own call, by the owner's signature, or by the ender's.
    fn end(&mut self, rng: &mut Rng) {
        let grant = self.made.id;
        let digest = end_digest(CHAIN, self.account.backend, grant);
        let owner = self.account.owner.clone();
        match rng.below(3) {
            0 => self.owner_sends(owner.address, IHallpass::endCall { grant, signature: Bytes::new() }.abi_encode()),
            1 => {
                let signature = owner.sign(digest).into();
                self.owner_sends(CALLERS[1], IHallpass::endCall { grant, signature }.abi_encode());
            }
            _ => {
                let call = IHallpass::endForCall {
                    grant: wire::install(&self.made.grant).into(),
                    rest: wire::rest(&self.made.grant).into(),
                    signature: self.made.ender.sign(digest).into(),
                };
                self.owner_sends(CALLERS[2], call.abi_encode());
            }
        }
        self.ledger.status = Status::Ended;
        self.check("ended");
    }

    fn move_epoch(&mut self, rng: &mut Rng) {
        let next = self.ledger.epoch + 1 + rng.below(3);
        let digest = epoch_digest(CHAIN, self.account.backend, self.account.at, next);
        let signature = self.account.owner.sign(digest).into();
        self.owner_sends(CALLERS[0], IHallpass::moveEpochCall { next, signature }.abi_encode());
        self.ledger.epoch = next;
        self.account.epoch = next;
        self.world.accounts[self.home].epoch = next;
        self.check("epoch moved");
    }
}
