//! The handle to the signer.

use crate::batch::{Task, Waiting};
use crate::{Answer, Ask, AskError, Limits};
use hallpass_store::Store;
use hallpass_types::{Clock, Rng};
use hallpass_vault::Vault;
use std::sync::Arc;
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
#[derive(Debug, Clone)]
pub struct Signer {
    queue: mpsc::Sender<Waiting>,
}

impl Signer {
    /// Starts the task, on the running tokio runtime.
    #[must_use]
    pub fn start(parts: Parts) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(Task::new(parts).run(waiting));
        Self { queue }
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
