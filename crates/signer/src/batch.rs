//! The task: takes what has come while the disk was busy, decides it in one transaction, syncs once, signs.

use crate::ask::in_full;
use crate::decide::{Decision, Now, Ready, decide};
use crate::known::Memory;
use crate::points::{Point, beside, reached};
use crate::signer::Failures;
use crate::{Answer, Ask, AskError, Parts, Signed};
use alloy_primitives::Bytes;
use hallpass_store::{StoreError, Tx};
use hallpass_types::{ReservationId, UnixSeconds};
use hallpass_vault::{SealedRecord, Vault};
use std::sync::Arc;
use tokio::sync::{OwnedRwLockReadGuard, mpsc, oneshot};

/// Most requests in one transaction.
const MOST: usize = 256;

type Reply = oneshot::Sender<Result<Answer, AskError>>;

/// A request, and who waits for it.
#[derive(Debug)]
pub struct Waiting {
    pub ask: Ask,
    pub reply: Reply,
}

/// A reservation that is to be signed once it is durable.
struct Signing {
    reply: Reply,
    ready: Box<Ready>,
    key: Option<Arc<SealedRecord>>,
}

pub struct Task {
    parts: Parts,
    memory: Memory,
    failures: Failures,
    /// How many reservations' ids were made.
    made: u32,
    /// To sign on: as many as there are cores. Asked for once, since the answer is read from files.
    threads: usize,
}

impl Task {
    pub fn new(parts: Parts, failures: Failures) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { parts, memory: Memory::default(), failures, made: 0, threads }
    }

    pub async fn run(mut self, mut waiting: mpsc::Receiver<Waiting>) {
        let mut batch = Vec::with_capacity(MOST);
        while waiting.recv_many(&mut batch, MOST).await > 0 {
            self.batch(batch.drain(..)).await;
        }
    }

    async fn batch(&mut self, batch: impl Iterator<Item = Waiting>) {
        // Held until the signatures exist: a revocation waits for it, so none is made after a revocation was answered.
        let gate = Arc::clone(&self.parts.gate).read_owned().await;
        reached(Point::Received);
        let mut batch = batch;
        let (mut tx, generation) = match self.begin().await {
            Ok(begun) => begun,
            Err(error) => {
                self.failures.note();
                let why = in_full(&error);
                tracing::error!(%why, "the store takes no transaction: nothing is signed");
                return batch.for_each(|w| drop(w.reply.send(Err(AskError::NotDurable(why.clone())))));
            }
        };
        let (mut signing, mut answers) = (Vec::new(), Vec::new());
        let mut failed = None;
        for Waiting { ask, reply } in batch.by_ref() {
            match self.one(tx.as_mut(), &ask).await {
                Ok((Decision::Answer(answer), _)) => answers.push((reply, Ok(answer))),
                Ok((Decision::Sign(ready), key)) => signing.push(Signing { reply, ready, key }),
                // Of this transaction nothing is known any more.
                Err(AskError::NotDurable(why)) => {
                    answers.push((reply, Err(AskError::NotDurable(why.clone()))));
                    failed = Some(why);
                    break;
                }
                Err(error) => answers.push((reply, Err(error))),
            }
        }
        reached(Point::BeforeCommit);
        let failed = match failed {
            None => tx.commit().await.err().map(|e| in_full(&e)),
            some => some,
        };
        if let Some(why) = failed {
            self.failures.note();
            tracing::error!(%why, "the store took nothing: nothing was signed");
            let error = || Err(AskError::NotDurable(why.clone()));
            signing.into_iter().for_each(|s| drop(s.reply.send(error())));
            answers.into_iter().for_each(|(reply, _)| drop(reply.send(error())));
            return batch.for_each(|w| drop(w.reply.send(error())));
        }
        reached(Point::AfterCommit);
        self.failures.forget();
        self.memory.committed(generation);
        answers.into_iter().for_each(|(reply, answer)| drop(reply.send(answer)));
        sign(signing, self.threads, &self.parts.vault, gate);
    }

    async fn begin(&mut self) -> Result<(Box<dyn Tx>, u64), StoreError> {
        let mut tx = self.parts.store.begin().await?;
        let generation = tx.generation().await?;
        self.memory.begin(generation);
        Ok((tx, generation))
    }

    /// In the order in which they are made, so that new rows stand together in the store: a row at a random place costs a page
    /// of its own.
    fn fresh(&mut self, now: UnixSeconds) -> Result<ReservationId, AskError> {
        let mut random = [0; 7];
        self.parts.rng.fill(&mut random).map_err(|e| AskError::NotDurable(e.to_string()))?;
        self.made = self.made.wrapping_add(1);
        Ok(id(now, self.made, random))
    }

    async fn one(&mut self, tx: &mut dyn Tx, ask: &Ask) -> Result<(Decision, Option<Arc<SealedRecord>>), AskError> {
        let clock = self.parts.clock.now();
        let now = Now { clock, id: self.fresh(clock)? };
        let known = self.memory.get(tx, ask.session, ask.view.final_block).await?;
        let decision = decide(tx, known, ask, &self.parts.limits, now).await?;
        Ok((decision, known.key.clone()))
    }
}

/// Of a reservation's id: the second, its number among ours, and what keeps two starts in one second apart.
fn id(second: UnixSeconds, number: u32, random: [u8; 7]) -> ReservationId {
    let [_, _, _, second @ ..] = second.get().to_be_bytes();
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(second.into_iter().chain(number.to_be_bytes()).chain(random)) {
        *to = from;
    }
    ReservationId::from_bytes(id)
}

/// Signs beside the next transaction, on as many threads as there are cores.
fn sign(mut all: Vec<Signing>, threads: usize, vault: &Arc<Vault>, gate: OwnedRwLockReadGuard<()>) {
    let gate = Arc::new(gate);
    let share = all.len().div_ceil(threads).max(1);
    while !all.is_empty() {
        let part = all.split_off(all.len().saturating_sub(share));
        let (vault, gate) = (Arc::clone(vault), Arc::clone(&gate));
        beside(move || {
            for Signing { reply, ready, key } in part {
                reached(Point::BeforeSignature);
                let answer = signed(*ready, key.as_deref(), &vault);
                reached(Point::BeforeAnswer);
                // Who asked may be gone; the reservation stands, and the same request is answered by it.
                let _ = reply.send(answer);
                reached(Point::AfterAnswer);
            }
            drop(gate);
        });
    }
}

fn signed(ready: Ready, key: Option<&SealedRecord>, vault: &Vault) -> Result<Answer, AskError> {
    let Ready { reservation, signable, rules, ledger } = ready;
    let signature = match signable {
        None => None,
        Some(signable) => {
            let key = key.ok_or(AskError::KeyOutside)?;
            let signature = vault.sign_session(key, &signable).map_err(AskError::Vault)?;
            Some(Bytes::copy_from_slice(signature.as_bytes()))
        }
    };
    Ok(Answer::Signed(Box::new(Signed { reservation, signature, rules, ledger })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_the_order_in_which_they_are_made_and_differ_in_every_part() {
        let at = |s| UnixSeconds::new(s).unwrap();
        let made =
            [id(at(255), u32::MAX, [9; 7]), id(at(256), 0, [9; 7]), id(at(256), 1, [0; 7]), id(at(256), 1, [1; 7])];
        assert!(made.windows(2).all(|pair| pair[0].as_bytes() < pair[1].as_bytes()), "{made:?}");
        assert_eq!(made[1].as_bytes()[..9], [0, 0, 0, 1, 0, 0, 0, 0, 0]);
    }
}
