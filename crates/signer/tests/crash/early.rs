//! A store that answers a commit at once and makes it when the next transaction begins. A signer over it signs before the
//! commit: the negative control.

use async_trait::async_trait;
use hallpass_store::repository::{Accounts, AuditLog, Grants, Nonces, Reservations, Sessions, Vault};
use hallpass_store::{Store, StoreError, Tx};
use std::sync::{Arc, Mutex};

pub struct Early {
    inner: Arc<dyn Store>,
    late: Late,
}

type Late = Arc<Mutex<Option<Box<dyn Tx>>>>;

struct EarlyTx(Box<dyn Tx>, Late);

impl Early {
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, late: Late::default() }
    }
}

#[async_trait]
impl Store for Early {
    async fn begin(&self) -> Result<Box<dyn Tx>, StoreError> {
        let late = self.late.lock().unwrap().take();
        if let Some(tx) = late {
            tx.commit().await?;
        }
        Ok(Box::new(EarlyTx(self.inner.begin().await?, Arc::clone(&self.late))))
    }

    async fn read(&self) -> Result<Box<dyn Tx>, StoreError> {
        self.inner.read().await
    }
}

#[async_trait]
impl Tx for EarlyTx {
    fn accounts(&mut self) -> &mut dyn Accounts {
        self.0.accounts()
    }
    fn sessions(&mut self) -> &mut dyn Sessions {
        self.0.sessions()
    }
    fn grants(&mut self) -> &mut dyn Grants {
        self.0.grants()
    }
    fn reservations(&mut self) -> &mut dyn Reservations {
        self.0.reservations()
    }
    fn nonces(&mut self) -> &mut dyn Nonces {
        self.0.nonces()
    }
    fn vault(&mut self) -> &mut dyn Vault {
        self.0.vault()
    }
    fn audit(&mut self) -> &mut dyn AuditLog {
        self.0.audit()
    }

    async fn generation(&mut self) -> Result<u64, StoreError> {
        self.0.generation().await
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let Self(tx, late) = *self;
        *late.lock().unwrap() = Some(tx);
        Ok(())
    }
}
