//! A random history: several tasks at once ask, ask again, revoke, and let time pass.

use super::common::model::Model;
use super::common::world::{SESSIONS, Want, What};
use super::common::{Bench, Held, ask};
use hallpass_signer::Answer;
use hallpass_store::StoreError;
use hallpass_store::testing::SeededRng;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

const TASKS: u64 = 4;
const STEPS: u64 = 16;
/// Keys of one session: few, so that they meet.
const KEYS: u64 = 24;
/// The most that one request asks for.
const MOST: u64 = 25;

/// Everything that tasks share.
#[derive(Clone)]
pub struct Shared {
    pub bench: Arc<Bench>,
    pub held: Arc<Vec<Held>>,
    pub model: Arc<Mutex<Model>>,
    pub seed: u64,
}

impl Shared {
    /// What this session is asked for under this key, so that a retry asks for the same.
    fn want(&self, session: usize, key: u64, variant: u64) -> Want {
        let rng = SeededRng::new(self.seed ^ (session as u64) << 32 ^ key << 40 ^ variant << 60);
        Want { session, key, what: What::random(session, MOST, &rng) }
    }

    /// Asks, and notes what left.
    pub async fn ask(&self, want: Want) -> Option<Result<Answer, hallpass_signer::AskError>> {
        let after = self.model.lock().unwrap().is_revoked(want.session);
        let asked = ask(self.held.get(want.session)?, &want.key(), want.what.wanted());
        let answer = self.bench.signer.ask(asked).await;
        let mut model = self.model.lock().unwrap();
        match &answer {
            Ok(Answer::Signed(signed)) => {
                assert_eq!(signed.signature.is_some(), want.what.is_signed());
                model.leave(want, &signed.reservation, after);
            }
            Ok(Answer::Earlier(reservation)) => model.answer(want, reservation),
            Ok(Answer::Denied { .. } | Answer::Allowed { .. }) | Err(_) => {}
        }
        Some(answer)
    }

    /// Revokes, and notes what was there.
    async fn revoke(&self, session: usize) -> Result<(), StoreError> {
        let mut keys: Vec<_> = (0..KEYS).map(|key| self.want(session, key, 0).key()).collect();
        keys.push(format!("k{}", u64::MAX));
        if let Some(there) = self.bench.revoke(&self.held[session], keys).await? {
            self.model.lock().unwrap().revoke(session, there);
        }
        Ok(())
    }

    async fn step(&self, rng: &SeededRng) {
        let session = rng.below(SESSIONS as u64) as usize;
        match rng.below(40) {
            0 => drop(self.revoke(session).await),
            1..4 => drop(self.bench.clock.0.fetch_add(rng.below(25), Ordering::SeqCst)),
            n => drop(self.ask(self.want(session, rng.below(KEYS), u64::from(n < 7))).await),
        }
    }

    /// Everything that is asked between two restarts.
    pub async fn round(&self, round: u64) {
        let tasks: Vec<_> = (0..TASKS)
            .map(|task| {
                let (shared, rng) = (self.clone(), SeededRng::new(self.seed << 8 ^ round << 4 ^ task));
                tokio::spawn(async move {
                    for _ in 0..STEPS {
                        shared.step(&rng).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    }

    /// Asks each session for all that is left.
    pub async fn exhaust(&self) {
        let (mut key, mut unused) = (KEYS, 6);
        for session in 0..SESSIONS {
            for amount in [40, 20, 10, 5, 2, 1] {
                let kinds = match session {
                    2 => vec![What::Order(amount), What::Transact(0, amount)],
                    3 => vec![What::Order(amount)],
                    _ => vec![What::Pay(amount)],
                };
                for mut what in kinds {
                    // A budget holds no more than 100 times the least.
                    for _ in 0..100 {
                        key += 1;
                        if let What::Transact(nonce, _) = &mut what {
                            *nonce = unused;
                            unused += 1;
                        }
                        let want = Want { session, key, what };
                        match self.ask(want).await {
                            Some(Ok(Answer::Signed(_))) => {}
                            _ => break,
                        }
                    }
                }
            }
        }
    }
}
