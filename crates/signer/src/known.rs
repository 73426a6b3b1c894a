//! What the task remembers of sessions between two transactions.
//!
//! A transaction that begins at the generation at which ours ended was preceded by nobody else's: what is remembered is
//! then what the store holds. After anybody else's, every session is read again before it is used. Grants never change,
//! so they are kept ready for as long as there is room.

use crate::{AskError, record_id};
use alloy_primitives::B256;
use hallpass_policy::{Authority, Grant, Ledger, Spent, json};
use hallpass_session::{Explained, KeySession, Reservation};
use hallpass_store::Tx;
use hallpass_types::SessionId;
use hallpass_vault::SealedRecord;
use std::collections::HashMap;
use std::sync::Arc;

/// Most sessions that are remembered; with all of them taken, all are forgotten.
const MOST: usize = 200_000;

/// A session, and what is held and counted for it.
#[derive(Debug)]
pub struct Known {
    /// The session.
    pub session: KeySession,
    /// Its grant, ready.
    pub authority: Arc<Authority<Arc<Grant>>>,
    /// Its key; `None` where that is held outside.
    pub key: Option<Arc<SealedRecord>>,
    /// Its reservations that are not released, and not spent at or before `held_from`.
    pub held: Vec<Reservation>,
    /// The final block that they are read beside.
    pub held_from: u64,
    /// What no chain counts.
    pub counted: Vec<Spent>,
    /// What was seen at a final block before.
    explained: Option<Explained>,
    /// Since when nobody else has written.
    era: u64,
}

impl Known {
    /// What no node's word goes below.
    #[must_use]
    pub fn floor(&self) -> Option<&Ledger> {
        self.explained.as_ref().map(|e| &e.ledger)
    }
}

/// Everything that is remembered.
#[derive(Debug, Default)]
pub struct Memory {
    sessions: HashMap<SessionId, Known>,
    /// What was read in another era is read again.
    era: u64,
    /// The generation at which our last transaction ended.
    ended: Option<u64>,
}

impl Memory {
    /// A transaction begins at `generation`.
    pub fn begin(&mut self, generation: u64) {
        if self.ended != Some(generation) {
            self.era = self.era.saturating_add(1);
        }
        self.ended = None;
    }

    /// The transaction that began at `generation` was committed: what it read and made is what the store now holds.
    pub const fn committed(&mut self, generation: u64) {
        self.ended = Some(generation.saturating_add(1));
    }

    /// The session as it stands in `tx`.
    pub async fn get(&mut self, tx: &mut dyn Tx, id: SessionId, final_block: u64) -> Result<&mut Known, AskError> {
        let fresh = |known: &Known| known.era == self.era && known.held_from <= final_block;
        if !self.sessions.get(&id).is_some_and(fresh) {
            let before = self.sessions.remove(&id);
            let known = read(tx, id, final_block, self.era, before).await?;
            if self.sessions.len() >= MOST {
                self.sessions.clear();
            }
            self.sessions.insert(id, known);
        }
        self.sessions.get_mut(&id).ok_or(AskError::UnknownSession)
    }
}

async fn read(
    tx: &mut dyn Tx,
    id: SessionId,
    final_block: u64,
    era: u64,
    before: Option<Known>,
) -> Result<Known, AskError> {
    let session = tx.sessions().find_key(id).await?.ok_or(AskError::UnknownSession)?;
    let (authority, key) = match before.filter(|known| known.session.grant == session.grant) {
        Some(known) => (known.authority, known.key),
        None => (ready(tx, session.grant).await?, sealed(tx, id).await?),
    };
    let explained = tx.reservations().explained(session.grant).await?;
    let from = explained.as_ref().map_or(final_block, |e| e.block.min(final_block));
    let held = tx.reservations().held(session.grant, from).await?;
    let counted = tx.reservations().counted(session.grant).await?;
    Ok(Known { session, authority, key, held, held_from: from, counted, explained, era })
}

async fn ready(tx: &mut dyn Tx, id: B256) -> Result<Arc<Authority<Arc<Grant>>>, AskError> {
    let corrupt = |why: String| AskError::Corrupt(why);
    let stored = tx.grants().find(id).await?.ok_or_else(|| corrupt("its grant is not there".to_owned()))?;
    let grant = json::parse_grant(&stored.canonical_json).map_err(|e| corrupt(e.to_string()))?;
    let authority = Authority::new(Arc::new(grant)).map_err(AskError::Dead)?;
    if authority.id() == id {
        Ok(Arc::new(authority))
    } else {
        Err(corrupt("a stored grant is not the one it is filed under".to_owned()))
    }
}

async fn sealed(tx: &mut dyn Tx, id: SessionId) -> Result<Option<Arc<SealedRecord>>, AskError> {
    let name = record_id("session", id);
    let Some(bytes) = tx.vault().record(&name).await? else { return Ok(None) };
    let record = serde_json::from_slice(&bytes);
    record.map(|r| Some(Arc::new(r))).map_err(|_| AskError::Corrupt(format!("the vault record {name} cannot be read")))
}
