//! The handle to the signer.

use crate::batch::{Task, Waiting};
use crate::{Answer, Ask, AskError, Limits};
use hallpass_store::Store;
use hallpass_types::{Clock, Rng};
use hallpass_vault::Vault;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{RwLock, mpsc, oneshot};

/// Most requests that wait for the task; further ones wait for room.
const QUEUE: usize = 4096;

/// What a signer is put together from.
pub struct Parts {
    /// Where reservations are kept.
    pub store: Arc<dyn Store>,
    /// Where the keys are.
    pub vault: Arc<Vault>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// What the operator fixes.
    pub limits: Limits,
    /// Read from the decision until the signature; who ends a session writes it, and so waits for what was allowed before.
    pub gate: Arc<RwLock<()>>,
}

/// The signer. Cheap to clone; its task ends with the last clone.
#[derive(Clone)]
pub struct Signer {
    queue: mpsc::Sender<Waiting>,
    store: Arc<dyn Store>,
    failures: Failures,
}

impl core::fmt::Debug for Signer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Signer")
    }
}

/// How many transactions have failed since the last that was made durable.
#[derive(Debug, Clone, Default)]
pub struct Failures(Arc<AtomicU64>);

impl Failures {
    /// One more.
    pub fn note(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// One was made durable.
    pub fn forget(&self) {
        self.0.store(0, Ordering::SeqCst);
    }
}

impl Signer {
    /// Starts the task, on the running tokio runtime.
    #[must_use]
    pub fn start(parts: Parts) -> Self {
        let (signer, task) = Self::with_task(parts);
        tokio::spawn(task);
        signer
    }

    /// The handle, and the task for whoever runs it.
    pub fn with_task(parts: Parts) -> (Self, impl Future<Output = ()> + Send) {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (store, failures) = (Arc::clone(&parts.store), Failures::default());
        let task = Task::new(parts, failures.clone()).run(waiting);
        (Self { queue, store, failures }, task)
    }

    /// Whether a reservation could be made durable now: the store takes a transaction, and where the last one failed, makes
    /// an empty one durable. A store that fails for good until it is opened again (redb after an I/O error) stays unready.
    pub async fn ready(&self) -> bool {
        let failed = self.failures.0.load(Ordering::SeqCst);
        let Ok(tx) = self.store.begin().await else { return false };
        if failed > 0 && tx.commit().await.is_err() {
            return false;
        }
        // Unless it failed once more meanwhile.
        let mended = self.failures.0.compare_exchange(failed, 0, Ordering::SeqCst, Ordering::SeqCst);
        mended.is_ok_and(|_| !self.queue.is_closed())
    }

    /// Judges, reserves, makes durable and signs.
    ///
    /// # Errors
    /// [`AskError`]; nothing was signed. After [`AskError::NotDurable`] it is not known whether the reservation was made:
    /// the same request with the same idempotency key finds out.
    pub async fn ask(&self, ask: Ask) -> Result<Answer, AskError> {
        let (reply, answer) = oneshot::channel();
        self.queue.send(Waiting { ask, reply }).await.map_err(|_| AskError::Stopped)?;
        answer.await.map_err(|_| AskError::Stopped)?
    }
}
