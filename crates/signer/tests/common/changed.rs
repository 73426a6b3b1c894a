//! A transaction whose commit is another.

use async_trait::async_trait;
use hallpass_store::repository::{Accounts, AuditLog, Grants, Logins, Nonces, Requests, Reservations, Sessions, Vault};
use hallpass_store::{Store, StoreError, Tx};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

/// What is done instead of the commit.
pub type Commit = Box<dyn FnOnce(Box<dyn Tx>) -> Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>> + Send>;

pub struct Changed {
    pub inner: Box<dyn Tx>,
    pub commit: Commit,
}

#[async_trait]
impl Tx for Changed {
    fn accounts(&mut self) -> &mut dyn Accounts {
        self.inner.accounts()
    }
    fn logins(&mut self) -> &mut dyn Logins {
        self.inner.logins()
    }
    fn sessions(&mut self) -> &mut dyn Sessions {
        self.inner.sessions()
    }
    fn grants(&mut self) -> &mut dyn Grants {
        self.inner.grants()
    }
    fn reservations(&mut self) -> &mut dyn Reservations {
        self.inner.reservations()
    }
    fn requests(&mut self) -> &mut dyn Requests {
        self.inner.requests()
    }
    fn nonces(&mut self) -> &mut dyn Nonces {
        self.inner.nonces()
    }
    fn vault(&mut self) -> &mut dyn Vault {
        self.inner.vault()
    }
    fn audit(&mut self) -> &mut dyn AuditLog {
        self.inner.audit()
    }

    async fn generation(&mut self) -> Result<u64, StoreError> {
        self.inner.generation().await
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        (self.commit)(self.inner).await
    }
}

/// A store that answers a commit at once and makes it when the next transaction begins. A signer over it signs before the
/// commit: the negative control.
pub struct Early {
    inner: Arc<dyn Store>,
    late: Arc<Mutex<Option<Box<dyn Tx>>>>,
    /// The inner store's queue stands still while one is late.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Early {
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, late: Arc::default(), turn: Arc::default() }
    }
}

#[async_trait]
impl Store for Early {
    async fn begin(&self) -> Result<Box<dyn Tx>, StoreError> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let late = self.late.lock().unwrap().take();
        if let Some(tx) = late {
            tx.commit().await?;
        }
        let (inner, late) = (self.inner.begin().await?, Arc::clone(&self.late));
        let commit: Commit = Box::new(move |tx| {
            *late.lock().unwrap() = Some(tx);
            drop(turn);
            Box::pin(async { Ok(()) })
        });
        Ok(Box::new(Changed { inner, commit }))
    }

    async fn read(&self) -> Result<Box<dyn Tx>, StoreError> {
        self.inner.read().await
    }

    async fn copy_to(&self, path: &std::path::Path) -> Result<(), StoreError> {
        self.inner.copy_to(path).await
    }
}
