//! Login nonces.

use super::kv::NONCES;
use super::tx::RedbTx;
use crate::{Nonces, StoreError};
use async_trait::async_trait;
use hallpass_session::LoginNonce;
use hallpass_types::UnixSeconds;

#[async_trait]
impl Nonces for RedbTx {
    async fn issue(&mut self, nonce: &LoginNonce) -> Result<(), StoreError> {
        let row = Self::clear(nonce)?;
        self.kv().add(NONCES, nonce.as_bytes(), &row)
    }

    async fn take(&mut self, nonce: &[u8; 16]) -> Result<Option<LoginNonce>, StoreError> {
        self.writes()?;
        let Some(row) = self.kv().get(NONCES, nonce)? else { return Ok(None) };
        self.kv().remove(NONCES, nonce)?;
        Self::read_clear(NONCES, nonce, &row).map(Some)
    }

    async fn prune(&mut self, time: UnixSeconds) -> Result<usize, StoreError> {
        self.writes()?;
        let mut gone = 0;
        for (key, row) in self.kv().all(NONCES, &[])? {
            let nonce: LoginNonce = Self::read_clear(NONCES, &key, &row)?;
            if nonce.issued_at() < time {
                self.kv().remove(NONCES, &key)?;
                gone += 1;
            }
        }
        Ok(gone)
    }
}
