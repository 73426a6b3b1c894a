//! One round: a pass is asked for and approved, four payments by three clients, a revocation.

use crate::common::World;
use crate::common::api::{Answer, execute_body};
use crate::common::people::{Owner, Pass, address_of, pay, pay_pass};
use alloy_primitives::Address;
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// Payments of a round.
pub const PAYMENTS: u32 = 4;
const AMOUNT: u64 = 1_000_000;
/// Just enough.
const CAP: u64 = PAYMENTS as u64 * AMOUNT;

/// What was acknowledged of a payment: operation and transaction.
type Told = (String, String);

/// What a client has sent, and what it was told.
pub struct Story {
    name: String,
    shop: Address,
    pass: Option<Pass>,
    approval: Option<Value>,
    approved: bool,
    paid: Vec<Option<Told>>,
    revoked: bool,
    cut: bool,
}

impl Story {
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            shop: address_of(name),
            pass: None,
            approval: None,
            approved: false,
            paid: vec![None; PAYMENTS as usize],
            revoked: false,
            cut: false,
        }
    }

    /// Whether the server died before all was done.
    pub fn was_cut(&self) -> bool {
        self.cut
    }

    /// Everything in order, until the server does not answer any more.
    pub async fn live(&mut self, world: &World, owner: &Owner) {
        self.cut = self.ask(world, owner).await.is_none()
            || self.approve(world, owner).await.is_none()
            || self.pay_all(world, owner).await.is_none()
            || self.revoke(owner).await.is_none();
    }

    /// The rest, with the same keys; what was acknowledged is not asked for again.
    pub async fn complete(&mut self, world: &World, owner: &Owner) {
        let done = async {
            self.ask(world, owner).await?;
            self.approve(world, owner).await?;
            if !self.revoked {
                self.pay_all(world, owner).await?;
            }
            self.revoke(owner).await
        };
        assert!(done.await.is_some(), "{}: the server died again", self.name);
    }

    /// Everything that was acknowledged is as it was told; nothing more executes under what was ended.
    pub async fn check_acknowledged(&self, world: &World, owner: &Owner) {
        let Some(pass) = &self.pass else { return };
        let view = owner.api.get(&format!("/v1/sessions/{}", pass.session)).await.ok();
        let state = view["session"]["state"].as_str().unwrap_or("").to_owned();
        if self.approved {
            assert_eq!(view["session"]["installed"], "yes", "{}", self.name);
        }
        for (i, told) in self.paid.iter().enumerate().filter_map(|(i, t)| t.as_ref().map(|t| (i, t))) {
            let again = owner.execute(&pass.session, &self.key(i), &self.action(world)).await;
            assert_eq!(&told_of(&self.name, &again), told, "{}: payment {i}", self.name);
        }
        if self.revoked {
            assert!(["revoking", "revoked"].contains(&state.as_str()), "{}: {state}", self.name);
            let more = owner.execute(&pass.session, "after the end", &self.action(world)).await;
            assert_eq!(more.kind(), (400, "bad_idempotency_key".to_owned()), "{}: {}", self.name, more.text);
            let more = owner.execute(&pass.session, "after-the-end", &self.action(world)).await;
            assert_eq!(more.kind(), (403, "grant_ended".to_owned()), "{}: {}", self.name, more.text);
        }
    }

    /// The chain shows each payment once.
    pub async fn check_chain(&self, world: &World, owner: &Owner) {
        let pass = self.pass.as_ref().unwrap();
        let id = pass.grant.id();
        let acknowledged = self.paid.iter().flatten().count();
        let mut nonces = world.chain.executed(owner.account(), id).await;
        let count = nonces.len();
        nonces.dedup();
        assert_eq!(nonces.len(), count, "{}", self.name);
        assert_eq!(count, acknowledged, "{}", self.name);
        let spent = world.chain.tokens_of(self.shop).await;
        assert_eq!(spent, acknowledged as u64 * AMOUNT, "{}", self.name);
        assert!(spent <= CAP, "{}: {spent}", self.name);
        assert_eq!(world.chain.grant_status(owner.account(), id).await, 2, "{}", self.name);
    }

    fn key(&self, payment: usize) -> String {
        format!("payment-{payment}")
    }

    fn action(&self, world: &World) -> Value {
        pay(world.chain.token, self.shop, AMOUNT)
    }

    async fn ask(&mut self, world: &World, owner: &Owner) -> Option<()> {
        if self.pass.is_some() {
            return Some(());
        }
        let text = pay_pass(world.chain.token, self.shop, CAP);
        let answer = owner.api.try_post("/v1/grants", &json!({ "grant": text })).await.ok().filter(told)?;
        self.pass = Some(Pass::of(&answer.ok()));
        Some(())
    }

    async fn approve(&mut self, world: &World, owner: &Owner) -> Option<()> {
        let pass = self.pass.clone()?;
        if self.approved {
            return Some(());
        }
        if self.approval.is_none() {
            self.approval = Some(owner.approval(world, &pass).await);
        }
        let path = format!("/v1/sessions/{}/approve", pass.session);
        let answer = owner.api.try_post(&path, self.approval.as_ref()?).await.ok().filter(told)?;
        assert_eq!(answer.status, 200, "{}: approve: {}", self.name, answer.text);
        self.approved = true;
        Some(())
    }

    /// What is not paid yet, by three clients at once.
    async fn pay_all(&mut self, world: &World, owner: &Owner) -> Option<()> {
        let pass = self.pass.clone()?;
        let open: Vec<usize> = (0..self.paid.len()).filter(|i| self.paid[*i].is_none()).collect();
        let mut clients = JoinSet::new();
        for client in 0..3 {
            let mine: Vec<(usize, Value)> = open
                .iter()
                .filter(|i| *i % 3 == client)
                .map(|i| (*i, execute_body(&self.key(*i), &self.action(world))))
                .collect();
            let (api, path) = (owner.api.clone(), format!("/v1/sessions/{}/execute", pass.session));
            clients.spawn(async move {
                let mut answers = Vec::new();
                for (i, body) in mine {
                    answers.push((i, api.try_post(&path, &body).await.ok().filter(told)));
                }
                answers
            });
        }
        let mut all = Some(());
        for (i, answer) in clients.join_all().await.into_iter().flatten() {
            match answer {
                Some(answer) => self.paid[i] = Some(told_of(&self.name, &answer)),
                None => all = None,
            }
        }
        all
    }

    async fn revoke(&mut self, owner: &Owner) -> Option<()> {
        let pass = self.pass.clone()?;
        let path = format!("/v1/sessions/{}/revoke", pass.session);
        let answer = owner.api.try_post(&path, &Value::Null).await.ok().filter(told)?;
        let view = answer.ok();
        assert!(view.get("pending").is_none(), "{}: revoke: {view}", self.name);
        self.revoked = true;
        Some(())
    }
}

/// Whether an answer came from a server that lives: one whose line broke says so before it dies.
fn told(answer: &Answer) -> bool {
    answer.code() != "node_unreachable"
}

fn told_of(name: &str, answer: &Answer) -> Told {
    assert_eq!(answer.status, 200, "{name}: execute: {}", answer.text);
    let body = answer.json();
    assert_eq!(body["success"], true, "{name}: execute: {}", answer.text);
    (body["operation"].to_string(), body["tx"].to_string())
}
