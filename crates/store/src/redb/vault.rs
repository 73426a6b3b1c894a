//! The vault's header and records: bytes, readable without the store's keys.

use super::kv::{META, VAULT};
use super::tx::RedbTx;
use crate::{StoreError, Vault};
use async_trait::async_trait;

#[async_trait]
impl Vault for RedbTx {
    async fn header(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        self.kv().get(META, b"vault_header")
    }

    async fn set_header(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.kv().put(META, b"vault_header", bytes)
    }

    async fn record(&mut self, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.kv().get(VAULT, id.as_bytes())
    }

    async fn put_record(&mut self, id: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.kv().put(VAULT, id.as_bytes(), bytes)
    }

    async fn delete_record(&mut self, id: &str) -> Result<bool, StoreError> {
        self.kv().remove(VAULT, id.as_bytes())
    }

    async fn record_ids(&mut self) -> Result<Vec<String>, StoreError> {
        let rows = self.kv().all(VAULT, &[])?;
        rows.into_iter().map(|(key, _)| String::from_utf8(key).map_err(|e| VAULT.corrupt(e.as_bytes()))).collect()
    }
}
