//! The ledger that an operation is judged against.
//!
//! Two readings, each made no looser by the reservations that it does not show yet: one at a final block, which no
//! reorganisation changes, and one at the head, which shows a key that was used past the signer. Of each meter the
//! stricter one counts; status, epoch, freeze and sequences are the head's.

use crate::{ApiError, App};
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{B256, U256};
use hallpass_chain::hallpass::state;
use hallpass_chain::node::BlockInfo;
use hallpass_policy::eval::meters::{window_end, window_of};
use hallpass_policy::grant::{Grant, Meter};
use hallpass_policy::{Ledger, Spent};
use hallpass_session::{Reservation, budget};
use hallpass_types::UnixSeconds;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far the chain's clock may run ahead of ours before we refuse to sign, in seconds.
const MAX_AHEAD: u64 = 120;

/// What the chain says at two blocks.
#[derive(Debug, Clone)]
pub struct Books {
    /// At the head.
    pub head: Ledger,
    /// The head.
    pub head_block: BlockInfo,
    /// At a final block.
    pub settled: Ledger,
    /// That block.
    pub final_block: BlockInfo,
}

impl Books {
    /// Reads both.
    ///
    /// # Errors
    /// As the node.
    pub async fn read(app: &App, grant: &Grant, id: B256) -> Result<Self, ApiError> {
        let node = &app.chain.node;
        let head_block = node.block(BlockNumberOrTag::Latest).await?;
        let final_block = node.block(app.final_tag().await?).await?;
        let head = state::ledger(node, grant, id, BlockId::number(head_block.number)).await?;
        // Two answers may come from two nodes: what was read at the head is never called newer than the head.
        let (settled, final_block) = if final_block.number >= head_block.number {
            (head.clone(), head_block)
        } else {
            (state::ledger(node, grant, id, BlockId::number(final_block.number)).await?, final_block)
        };
        Ok(Self { head, head_block, settled, final_block })
    }

    /// The second to judge at: the later of our clock and the chain's.
    ///
    /// # Errors
    /// 503 where they differ too much.
    pub fn now(&self, ours: UnixSeconds) -> Result<UnixSeconds, ApiError> {
        if self.head_block.time.get() > ours.get().saturating_add(MAX_AHEAD) {
            return Err(ApiError::unavailable("clock_mismatch", "the chain's clock runs far ahead of this server's")
                .hint("set this server's clock, or look at the node"));
        }
        Ok(self.head_block.time.max(ours))
    }

    /// The ledger with everything signed counted as executed. `held` are the grant's reservations beside the final block.
    #[must_use]
    pub fn judged(&self, held: &[Reservation]) -> Ledger {
        let at_head = budget::project(&self.head, held);
        let at_final = budget::project(&self.settled, held);
        let mut meters = at_head.meters;
        for other in at_final.meters {
            match meters.iter_mut().find(|m| m.meter == other.meter) {
                None => meters.push(other),
                Some(m) if other.window > m.window => *m = other,
                Some(m) if other.window == m.window => m.spent = m.spent.max(other.spent),
                Some(_) => {}
            }
        }
        Ledger { meters, ..at_head }
    }

    /// The sequence for the next operation.
    ///
    /// # Errors
    /// 409 where 64 are out, or the grant has no more.
    pub fn next_sequence(&self, grant: &Grant, held: &[Reservation]) -> Result<u32, ApiError> {
        let first = u32::try_from(grant.first_seq).unwrap_or(u32::MAX);
        let end = u32::try_from(grant.end_seq).unwrap_or(u32::MAX);
        budget::next_sequence(&self.head, held, first, end).ok_or_else(|| {
            ApiError::conflict(
                "too_many_in_flight",
                "64 operations of this session are out, or its sequence numbers are used up",
            )
            .hint("wait until the oldest is in a block")
        })
    }
}

/// What is left of a meter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Left {
    /// The meter's id.
    pub meter: u16,
    /// What is left in the present window, in smallest units, as a decimal string.
    pub left: String,
    /// The cap of a window, likewise.
    pub cap: String,
    /// When the window ends, in Unix seconds; absent for a lifetime meter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
}

/// What is left of every meter at `now`.
#[must_use]
pub fn left(grant: &Grant, ledger: &Ledger, now: UnixSeconds) -> Vec<Left> {
    grant.meters.iter().map(|m| one(m, ledger, now)).collect()
}

fn one(meter: &Meter, ledger: &Ledger, now: UnixSeconds) -> Left {
    let window = window_of(meter.anchor, meter.period, now);
    let spent = |s: &&Spent| s.meter == meter.id && Some(s.window) >= window;
    let spent = ledger.meters.iter().find(spent).map_or(0, |s| s.spent);
    Left {
        meter: meter.id,
        left: U256::from(meter.cap.saturating_sub(spent)).to_string(),
        cap: meter.cap.to_string(),
        until: window_end(meter, now).map(UnixSeconds::get),
    }
}
