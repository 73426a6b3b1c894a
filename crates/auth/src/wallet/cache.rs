//! What stood at an account in a block, remembered: it never changes.

use super::reader::{Answer, Block, Code, ContractReader, Question, ReadError};
use alloy_primitives::{Address, B256};
use hallpass_types::ChainId;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// How many look-ups are remembered: below 1 MB.
pub const REMEMBERED: usize = 4096;

/// A reader that looks up the code of an account once a block. Answers of contracts are never remembered.
#[derive(Debug)]
pub struct Cached<R> {
    reader: R,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    codes: HashMap<(Address, B256), Code>,
    /// Oldest first. Blocks pass, so what was learnt first is needed least.
    order: VecDeque<(Address, B256)>,
}

impl<R> Cached<R> {
    /// Around `reader`.
    pub fn new(reader: R) -> Self {
        Self { reader, known: Mutex::default() }
    }

    /// The reader within.
    pub const fn reader(&self) -> &R {
        &self.reader
    }

    /// Another reader, with what is remembered.
    #[cfg(test)]
    pub(super) fn replace(&mut self, reader: R) {
        self.reader = reader;
    }

    fn known<T>(&self, work: impl FnOnce(&mut Known) -> T) -> T {
        // A panic elsewhere leaves at worst a key in one of the two, which is a look-up more.
        work(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<R: ContractReader + Send> ContractReader for Cached<R> {
    fn chain(&self) -> ChainId {
        self.reader.chain()
    }

    async fn head(&self) -> Result<Block, ReadError> {
        self.reader.head().await
    }

    async fn code(&self, account: Address, block: Block) -> Result<Code, ReadError> {
        let key = (account, block.hash);
        if let Some(code) = self.known(|known| known.codes.get(&key).copied()) {
            return Ok(code);
        }
        let code = self.reader.code(account, block).await?;
        self.known(|known| {
            if known.codes.insert(key, code).is_none() {
                known.order.push_back(key);
            }
            if known.order.len() > REMEMBERED
                && let Some(oldest) = known.order.pop_front()
            {
                known.codes.remove(&oldest);
            }
        });
        Ok(code)
    }

    async fn ask(&self, question: &Question<'_>, block: Block) -> Result<Answer, ReadError> {
        self.reader.ask(question, block).await
    }
}
