//! What the chain says of a grant now, and what is left of it.

use crate::{ApiError, App};
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::aliases::U192;
use alloy_primitives::{B256, U256};
use hallpass_chain::Node;
use hallpass_chain::entry_point;
use hallpass_chain::hallpass::state;
use hallpass_chain::node::{BlockInfo, NodeError};
use hallpass_policy::eval::meters::{window_end, window_of};
use hallpass_policy::grant::{Grant, Meter};
use hallpass_policy::{EntryPoint, Ledger, Spent};
use hallpass_session::{ChainView, Counter, Counters, EntryKey, FurtherLane};
use hallpass_types::UnixSeconds;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa::ToSchema;

/// What the chain says at two blocks.
#[derive(Debug, Clone)]
pub struct Books {
    /// The ledgers.
    pub view: Arc<ChainView>,
    /// The head's number.
    pub head: u64,
    /// The final block.
    pub final_block: BlockInfo,
    /// The lanes other than 0 that were read.
    lanes: Vec<U192>,
}

impl Books {
    /// Reads both. Of a grant that no contract enforces there is nothing to read but, for plain transactions, the nonces of
    /// its account. Of lanes other than 0 those are read in which anything was ever seen, or may be out.
    ///
    /// # Errors
    /// As the node.
    pub async fn read(app: &App, grant: &Grant, id: B256) -> Result<Self, ApiError> {
        Self::read_with(app, grant, id, &[]).await
    }

    /// The same, with further lanes.
    ///
    /// # Errors
    /// As the node.
    pub async fn read_with(app: &App, grant: &Grant, id: B256, more: &[FurtherLane]) -> Result<Self, ApiError> {
        if grant.backend.is_zero() && grant.calls.is_empty() {
            let time = app.clock.now();
            let view = Arc::new(ChainView::uncounted(grant, time));
            let final_block = BlockInfo { number: 0, hash: B256::ZERO, time };
            return Ok(Self { view, head: 0, final_block, lanes: Vec::new() });
        }
        let node = &app.chain.node;
        let head_block = node.block(BlockNumberOrTag::Latest).await?;
        let final_block = node.block(app.final_tag().await?).await?;
        // Two answers may come from two nodes: what was read at the head is never called newer than the head.
        let final_block = if final_block.number >= head_block.number { head_block } else { final_block };
        let out = Out::of(app, grant, id, final_block.number, more).await?;
        let head = ledger(node, grant, id, head_block, &out.lanes).await?;
        let settled = if final_block.number == head_block.number {
            head.clone()
        } else {
            ledger(node, grant, id, final_block, &out.lanes).await?
        };
        let mut view = ChainView {
            head,
            head_time: head_block.time,
            settled,
            final_block: final_block.number,
            head_counters: Counters::new(),
            settled_counters: Counters::new(),
        };
        for key in out.keys {
            counter(app, grant, &mut view, key, (head_block.number, final_block.number)).await?;
        }
        Ok(Self { view: Arc::new(view), head: head_block.number, final_block, lanes: out.lanes })
    }

    /// The view, with every lane in it in which anything is signed here.
    ///
    /// # Errors
    /// As the node.
    pub async fn with_lanes(&self, app: &App, grant: &Grant, id: B256) -> Result<Arc<ChainView>, ApiError> {
        let mut view = ChainView::clone(&self.view);
        let number = [self.head, self.final_block.number];
        for (ledger, number) in [&mut view.head, &mut view.settled].into_iter().zip(number) {
            let unread = FurtherLane::ALL.map(FurtherLane::number).into_iter().filter(|l| !self.lanes.contains(l));
            for lane in unread {
                let at = BlockId::number(number);
                ledger.lanes.push(state::lane_used(&app.chain.node, grant, id, at, lane).await?);
            }
        }
        Ok(Arc::new(view))
    }

    /// The view, with this counter of an EntryPoint in it.
    ///
    /// # Errors
    /// As the node; 422 where the EntryPoint does not stand on this chain.
    pub async fn with_counter(&self, app: &App, grant: &Grant, key: EntryKey) -> Result<Arc<ChainView>, ApiError> {
        if self.view.head_counters.contains_key(&key) {
            return Ok(Arc::clone(&self.view));
        }
        let mut view = ChainView::clone(&self.view);
        counter(app, grant, &mut view, key, (self.head, self.final_block.number)).await?;
        if view.head_counters.contains_key(&key) {
            return Ok(Arc::new(view));
        }
        let version = key.entry_point.as_str();
        Err(ApiError::refused("no_entry_point", format!("EntryPoint {version} is not deployed on this chain"))
            .hint("name the other EntryPoint, where the pass allows it, or sign for the direct route"))
    }

    /// Requires the second node, where there is one, to have the same final block and to show the same there. What one node
    /// alone says frees nothing.
    ///
    /// # Errors
    /// 503 `nodes_disagree`; 502 as the second node.
    pub async fn confirm(&self, app: &App, grant: &Grant, id: B256) -> Result<(), ApiError> {
        let Some(second) = app.chain.second.as_ref().filter(|_| self.final_block.number > 0) else { return Ok(()) };
        let block = second.block(BlockNumberOrTag::Number(self.final_block.number)).await?;
        if block != self.final_block || ledger(second, grant, id, block, &self.lanes).await? != self.view.settled {
            return Err(disagree());
        }
        for (key, next) in &self.view.settled_counters {
            let at = BlockId::number(block.number);
            if entry_point::next(second, key.entry_point, grant.account, key.key, at).await? != Some(*next) {
                return Err(disagree());
            }
        }
        Ok(())
    }

    /// What the second node shows at its head, where there is one.
    ///
    /// # Errors
    /// 502 as the second node.
    pub async fn second_head(&self, app: &App, grant: &Grant, id: B256) -> Result<Option<Ledger>, ApiError> {
        let Some(second) = app.chain.second.as_ref() else { return Ok(None) };
        let head = second.block(BlockNumberOrTag::Latest).await?;
        Ok(Some(ledger(second, grant, id, head, &self.lanes).await?))
    }
}

/// Two nodes show different things.
pub fn disagree() -> ApiError {
    ApiError::unavailable("nodes_disagree", "the two nodes show different things of the chain")
        .hint("wait until both have caught up; if they stay apart, one of them lies")
}

/// What one node shows of a grant at a block.
async fn ledger(node: &Node, grant: &Grant, id: B256, block: BlockInfo, lanes: &[U192]) -> Result<Ledger, NodeError> {
    let at = BlockId::number(block.number);
    if grant.backend.is_zero() {
        let mut ledger = ChainView::uncounted(grant, block.time).head;
        used_up_to(&mut ledger, node.nonce_at(grant.account, at).await?);
        return Ok(ledger);
    }
    state::ledger(node, grant, id, at, lanes).await
}

/// The numbers of which operations may still be out beside a ledger of a final block.
struct Out {
    /// EntryPoints' counters.
    keys: BTreeSet<EntryKey>,
    /// Lanes other than 0; those too of which anything was seen at a final block before.
    lanes: Vec<U192>,
}

impl Out {
    async fn of(app: &App, grant: &Grant, id: B256, block: u64, more: &[FurtherLane]) -> Result<Self, ApiError> {
        let mut lanes: BTreeSet<U192> = more.iter().map(|lane| lane.number()).collect();
        let mut keys = BTreeSet::new();
        let direct = grant.routes.direct() && !grant.backend.is_zero() && !grant.bounds_sequences();
        let carried = EntryPoint::ALL.iter().any(|e| grant.routes.bits() & e.route() != 0);
        if direct || carried {
            let mut tx = app.store.read().await?;
            for reservation in tx.reservations().held(id, block).await? {
                match reservation.counter {
                    Counter::Own => {}
                    Counter::Further(lane) => lanes.extend([lane.number()]),
                    Counter::EntryPoint(key) => keys.extend([key]),
                }
            }
            let explained = tx.reservations().explained(id).await?;
            lanes.extend(explained.iter().flat_map(|e| &e.ledger.lanes).map(|lane| lane.lane));
        }
        Ok(Self { keys, lanes: lanes.into_iter().collect() })
    }
}

/// Reads one counter at both blocks. Where its EntryPoint does not stand, nothing is known of it.
async fn counter(
    app: &App,
    grant: &Grant,
    view: &mut ChainView,
    key: EntryKey,
    (head, settled): (u64, u64),
) -> Result<(), ApiError> {
    for (counters, block) in [(&mut view.head_counters, head), (&mut view.settled_counters, settled)] {
        let at = BlockId::number(block);
        let next = entry_point::next(&app.chain.node, key.entry_point, grant.account, key.key, at).await?;
        counters.extend(next.map(|next| (key, next)));
    }
    Ok(())
}

/// Every nonce below the account's own is used.
fn used_up_to(ledger: &mut Ledger, nonce: u64) {
    ledger.base = ledger.base.max(u32::try_from(nonce).unwrap_or(u32::MAX));
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
