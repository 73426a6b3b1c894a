//! A store whose commits are another's.

use async_trait::async_trait;
use hallpass_store::repository::{Accounts, AuditLog, Grants, Logins, Nonces, Requests, Reservations, Sessions, Vault};
use hallpass_store::{Store, StoreError, Tx};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

/// What is done in the place of the commit.
pub type Commit = Box<dyn FnOnce(Box<dyn Tx>) -> Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>> + Send>;

/// A transaction with another commit.
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

/// How the next commits end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    Well,
    /// Undone, and said so.
    Undone,
    /// Durable, and said to have failed: the answer was lost.
    Lost,
}

/// A store that fails as it is told.
pub struct Failing {
    pub inner: Arc<dyn Store>,
    pub ends: std::sync::Mutex<Ends>,
    /// Whether reading fails too.
    pub blind: std::sync::atomic::AtomicBool,
}

fn failed() -> StoreError {
    StoreError::failed(std::io::Error::other("as the test wants it"))
}

#[async_trait]
impl Store for Failing {
    async fn begin(&self) -> Result<Box<dyn Tx>, StoreError> {
        let (inner, ends) = (self.inner.begin().await?, *self.ends.lock().unwrap());
        let commit: Commit = Box::new(move |tx| {
            Box::pin(async move {
                match ends {
                    Ends::Well => tx.commit().await,
                    Ends::Undone => Err(failed()),
                    Ends::Lost => tx.commit().await.and(Err(failed())),
                }
            })
        });
        Ok(Box::new(Changed { inner, commit }))
    }

    async fn read(&self) -> Result<Box<dyn Tx>, StoreError> {
        if self.blind.load(std::sync::atomic::Ordering::SeqCst) { Err(failed()) } else { self.inner.read().await }
    }

    async fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        self.inner.copy_to(path).await
    }
}
