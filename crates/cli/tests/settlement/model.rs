//! Random steps, and what must hold after each.

use crate::common::chain::Chain;
use crate::common::people::{Owner, Pass, address_of, pay};
use crate::inside::{DEPTH, Inside};
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall;
use hallpass_chain::contracts::IERC20;
use hallpass_chain::hallpass::state;
use hallpass_server::work;
use hallpass_session::{Release, Reservation, ReservationState};
use hallpass_types::{ReservationId, SessionId};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const CAP: u64 = 200;
/// Seconds of a window.
const PERIOD: u64 = 1_800;

/// A signed operation, as its sender has it.
#[derive(Clone)]
struct Signed {
    id: ReservationId,
    from: Address,
    to: Address,
    data: Bytes,
}

/// A transaction in somebody's pool, or in a block.
#[derive(Clone, Copy)]
struct Sent {
    hash: B256,
    from: Address,
    nonce: u64,
}

pub struct Model {
    chain: Chain,
    inside: Inside,
    owner: Owner,
    pass: Pass,
    shop: Address,
    senders: Vec<Address>,
    signed: Vec<Signed>,
    sent: Vec<Sent>,
    released: BTreeSet<ReservationId>,
    poor: bool,
    now: u64,
    random: u64,
    keys: u64,
    counts: BTreeMap<&'static str, u64>,
}

impl Model {
    pub async fn new(chain: Chain, inside: Inside, seed: u64) -> Self {
        let owner = Owner::on(&inside.api, &chain, "alice").await;
        chain.fund(inside.app.chain.relayer_address).await;
        let shop = address_of("shop");
        let text = format!(
            "chain = \"eip155:31337\"\nlasts = \"60d\"\n[tokens.AUSD]\naddress = \"{}\"\ndecimals = 6\n[[allow]]\ncall = \"AUSD\"\n\
             function = \"transfer(address to, uint256 amount)\"\nwhere = [\"to == {shop}\"]\nspend = \"amount <= {CAP} per {PERIOD}s\"\n",
            chain.token
        );
        let pass = owner.ask(&text).await;
        let body = owner.approval_on(&chain, &pass).await;
        owner.at(&pass.session, "approve", &body).await.ok();
        let senders: Vec<Address> = ["one", "two", "three"].map(address_of).into();
        for sender in &senders {
            chain.fund(*sender).await;
            chain.rpc("anvil_impersonateAccount", json!([sender])).await;
        }
        chain.rpc("anvil_impersonateAccount", json!([pass.grant.account])).await;
        chain.rpc("anvil_setIntervalMining", json!([0])).await;
        chain.rpc("anvil_setAutomine", json!([false])).await;
        let head = chain.node.block(BlockNumberOrTag::Latest).await.unwrap();
        let mut model = Self {
            chain,
            inside,
            owner,
            pass,
            shop,
            senders,
            signed: Vec::new(),
            sent: Vec::new(),
            released: BTreeSet::new(),
            poor: false,
            now: head.time.get(),
            random: seed.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1,
            keys: 0,
            counts: BTreeMap::new(),
        };
        // What was set up is final.
        for _ in 0..=DEPTH {
            model.mine(1).await;
        }
        model
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % bound
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    pub async fn step(&mut self) {
        match self.below(100) {
            0..28 => self.sign().await,
            28..55 => self.send().await,
            55..58 => self.replace().await,
            58..61 => self.drop_one().await,
            61..80 => {
                let seconds = 1 + self.below(120);
                self.mine(seconds).await;
            }
            80..82 => {
                let seconds = 200 + self.below(900);
                self.mine(seconds).await;
            }
            82..85 => self.reorganise().await,
            85..88 => self.turn_poor().await,
            _ => self.settle().await,
        }
        self.holds().await;
    }

    async fn sign(&mut self) {
        let (amount, sender) = (1 + self.below(20), self.below(3) as usize);
        self.keys += 1;
        let from = self.senders[sender];
        let body = json!({ "idempotency_key": format!("k{}", self.keys), "relayer": from,
            "action": pay(self.chain.token, self.shop, amount) });
        let answer = self.owner.at(&self.pass.session, "sign", &body).await;
        if answer.status != 200 {
            // Denied, or the node is of no use now.
            let what = if answer.status == 403 { "denied" } else { "not signed" };
            assert_ne!(answer.code(), "spent_elsewhere", "{}", answer.text);
            return self.count(what);
        }
        let view = answer.ok();
        let address = |v: &Value| serde_json::from_value::<Address>(v.clone()).unwrap();
        self.signed.push(Signed {
            id: view["operation"].as_str().unwrap().parse().unwrap(),
            from,
            to: address(&view["call"]["to"]),
            data: serde_json::from_value(view["call"]["data"].clone()).unwrap(),
        });
        self.count("signed");
    }

    async fn transact(&mut self, from: Address, to: Address, data: &Bytes, nonce: Option<u64>, price: u64) {
        let nonce = match nonce {
            Some(nonce) => nonce,
            None => self.chain.node.next_nonce(from).await.unwrap(),
        };
        let tx = json!([{ "from": from, "to": to, "data": data, "gas": "0xf4240", "nonce": format!("0x{nonce:x}"),
            "gasPrice": format!("0x{:x}", price * 1_000_000_000) }]);
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_sendTransaction", "params": tx });
        let answer = self.chain.try_rpc(&body).await;
        if let Ok(hash) = serde_json::from_value(answer["result"].clone()) {
            self.sent.push(Sent { hash, from, nonce });
            self.count("sent");
        }
    }

    async fn send(&mut self) {
        if self.signed.is_empty() {
            return;
        }
        let newest = self.signed.len().min(20) as u64;
        let back = 1 + self.below(newest) as usize;
        let one = self.signed[self.signed.len() - back].clone();
        let price = 3 + self.below(5);
        self.transact(one.from, one.to, &one.data, None, price).await;
    }

    /// Another transaction under the same nonce of the sender, for more.
    async fn replace(&mut self) {
        let Some(last) = self.sent.last().copied() else { return };
        let mined = self.chain.node.mined_nonce(last.from).await.unwrap();
        if last.nonce >= mined {
            self.count("replaced");
            let to = address_of("nobody");
            self.transact(last.from, to, &Bytes::new(), Some(last.nonce), 20).await;
        }
    }

    async fn drop_one(&mut self) {
        let Some(last) = self.sent.last().copied() else { return };
        self.chain
            .try_rpc(&json!({ "jsonrpc": "2.0", "id": 1, "method": "anvil_dropTransaction", "params": [last.hash] }))
            .await;
        self.count("dropped");
    }

    async fn mine(&mut self, seconds: u64) {
        self.now += seconds;
        self.chain.rpc("evm_setNextBlockTimestamp", json!([self.now])).await;
        self.chain.rpc("anvil_mine", json!(["0x1"])).await;
        self.inside.clock.set(self.now);
        self.count("blocks");
    }

    /// Blocks that are not final are others, without what was in them.
    async fn reorganise(&mut self) {
        let depth = 1 + self.below(DEPTH - 1);
        self.chain.rpc("anvil_reorg", json!([depth, []])).await;
        let head = self.chain.node.block(BlockNumberOrTag::Latest).await.unwrap();
        self.now = self.now.max(head.time.get());
        self.inside.clock.set(self.now);
        self.count("reorganised");
    }

    /// Takes the account's tokens away, so that what is sent reverts; or gives them back.
    async fn turn_poor(&mut self) {
        let (account, bank) = (self.pass.grant.account, address_of("bank"));
        self.chain.rpc("anvil_impersonateAccount", json!([bank])).await;
        self.chain.fund(bank).await;
        let (from, to) = if self.poor { (bank, account) } else { (account, bank) };
        let amount = U256::from(self.chain.tokens_of(from).await);
        let data: Bytes = IERC20::transferCall { to, amount }.abi_encode().into();
        let token = self.chain.token;
        self.transact(from, token, &data, None, 30).await;
        self.poor = !self.poor;
        self.mine(1).await;
    }

    async fn settle(&mut self) {
        work::settle::once(&self.inside.app).await;
        self.count("settled");
    }

    async fn reservations(&self) -> Vec<Reservation> {
        let mut tx = self.inside.app.store.read().await.unwrap();
        let mut all = Vec::new();
        for signed in &self.signed {
            all.push(tx.reservations().find(signed.id).await.unwrap().unwrap());
        }
        all
    }

    /// What the chain answers to an operation now.
    async fn executes(&self, one: &Signed) -> bool {
        self.chain.node.simulate(one.from, one.to, one.data.clone()).await.is_ok()
    }

    /// In every window, what is held and spent is at most the cap; what was released cannot execute.
    async fn holds(&mut self) {
        let all = self.reservations().await;
        let mut windows: BTreeMap<u32, BTreeMap<u32, U256>> = BTreeMap::new();
        for r in all.iter().filter(|r| !r.is_released()) {
            for cost in r.costs.iter().filter(|c| c.meter == 0) {
                let held = windows.entry(cost.window).or_default().entry(r.sequence).or_default();
                *held = (*held).max(cost.amount);
            }
        }
        for (window, by_sequence) in windows {
            let sum: U256 = by_sequence.values().copied().sum();
            assert!(sum <= U256::from(CAP), "window {window}: {sum} signed");
        }
        for (signed, r) in self.signed.clone().iter().zip(&all) {
            if r.is_released() && self.released.insert(r.id) {
                assert!(!self.executes(signed).await, "released {:?}, and it executes", r.state);
                let why = match r.state {
                    ReservationState::Released { why: Release::Expired, .. } => "expired",
                    _ => "released otherwise",
                };
                self.count(why);
            }
        }
    }

    /// Lets everything become final, and compares.
    pub async fn end(mut self) -> String {
        let session: SessionId = self.pass.session.parse().unwrap();
        self.mine(700).await;
        for _ in 0..=DEPTH {
            self.mine(1).await;
        }
        self.settle().await;
        let all = self.reservations().await;
        let live: Vec<&Reservation> = all.iter().filter(|r| r.is_live()).collect();
        assert!(live.is_empty(), "{live:?}");
        let mut tx = self.inside.app.store.read().await.unwrap();
        let stored = tx.sessions().find_key(session).await.unwrap().unwrap();
        assert!(stored.lifecycle.is_active(), "{:?}", stored.lifecycle);
        drop(tx);

        let head = self.chain.node.block(BlockNumberOrTag::Latest).await.unwrap();
        let grant = &self.pass.grant;
        let at = BlockId::number(head.number);
        let shown = state::ledger(&self.chain.node, grant, grant.id(), at, &[]).await.unwrap().meters[0];
        let spent = |window| -> U256 {
            let spent = all.iter().filter(|r| matches!(r.state, ReservationState::Spent { .. }));
            spent.flat_map(|r| &r.costs).filter(|c| c.meter == 0 && c.window == window).map(|c| c.amount).sum()
        };
        assert_eq!(spent(shown.window), U256::from(shown.spent), "window {}", shown.window);
        let ours: BTreeSet<u64> = all
            .iter()
            .filter(|r| matches!(r.state, ReservationState::Spent { .. }))
            .map(|r| u64::from(r.sequence))
            .collect();
        let theirs: BTreeSet<u64> = self.chain.executed(grant.account, grant.id()).await.into_iter().collect();
        assert_eq!(ours, theirs, "spent here, executed there");
        let paid: U256 = all
            .iter()
            .filter(|r| matches!(r.state, ReservationState::Spent { .. }))
            .flat_map(|r| &r.costs)
            .map(|c| c.amount)
            .sum();
        assert_eq!(paid, U256::from(self.chain.tokens_of(self.shop).await));
        for (signed, r) in self.signed.iter().zip(&all).filter(|(_, r)| r.is_released()) {
            assert!(!self.executes(signed).await, "released {:?}, and it executes", r.state);
        }
        for what in ["signed", "sent", "denied", "replaced", "dropped", "reorganised", "expired"] {
            assert!(self.counts.contains_key(what), "{what} never happened: {:?}", self.counts);
        }
        let told: Vec<String> = self.counts.iter().map(|(what, n)| format!("{n} {what}")).collect();
        format!("{} executed; {}", theirs.len(), told.join(", "))
    }
}
