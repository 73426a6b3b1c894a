//! What an account says of itself and of a grant, at one block.

use crate::contracts::IHallpass;
use crate::node::{Node, NodeError};
use alloy_eips::BlockId;
use alloy_primitives::B256;
use alloy_primitives::aliases::U192;
use hallpass_policy::grant::FEE_METER;
use hallpass_policy::{Grant, LaneUsed, Ledger, Spent, Status};

/// Reads the ledger of `grant` at `block`, and what was used of `lanes`, none of them 0. An account without code has installed
/// nothing.
///
/// # Errors
/// [`NodeError`]; an answer that cannot be read is an error, never an empty ledger.
pub async fn ledger(node: &Node, grant: &Grant, id: B256, block: BlockId, lanes: &[U192]) -> Result<Ledger, NodeError> {
    if node.code_at(grant.account, block).await?.is_empty() {
        return Ok(Ledger {
            frozen: false,
            epoch: 0,
            status: Status::Unknown,
            base: 0,
            used: 0,
            lanes: lanes.iter().copied().map(LaneUsed::fresh).collect(),
            meters: Vec::new(),
        });
    }
    let account = node.view_at(grant.account, &IHallpass::accountStateCall {}, block).await?;
    let state = node.view_at(grant.account, &IHallpass::grantStateCall { grant: id }, block).await?;
    let status = match state.status {
        0 => Status::Unknown,
        1 => Status::Active,
        2 => Status::Ended,
        _ => return Err(NodeError::Unreadable("grantState")),
    };
    let mut meters = Vec::new();
    for (place, meter) in grant.meters.iter().enumerate() {
        let (window, spent) = if place == 0 {
            (state.window, state.spent)
        } else {
            let call = IHallpass::meterStateCall { epoch: grant.epoch, salt: grant.salt.into(), id: meter.id };
            let s = node.view_at(grant.account, &call, block).await?;
            (s.window, s.spent)
        };
        meters.push(Spent { meter: meter.id, window, spent: spent.to() });
    }
    // A grant that pays no fees has none counted.
    if grant.rest.gas.fee_cap != 0 {
        let call = IHallpass::meterStateCall { epoch: grant.epoch, salt: grant.salt.into(), id: FEE_METER };
        let s = node.view_at(grant.account, &call, block).await?;
        meters.push(Spent { meter: FEE_METER, window: s.window, spent: s.spent.to() });
    }
    let (frozen, epoch) = (account.frozen, account.epoch);
    let mut ledger = Ledger { frozen, epoch, status, base: state.base, used: state.used, lanes: Vec::new(), meters };
    for lane in lanes {
        ledger.lanes.push(shown(node, grant, id, block, *lane).await?);
    }
    Ok(ledger)
}

/// Reads what was used of a lane other than 0 at `block`. An account without code has used nothing.
///
/// # Errors
/// [`NodeError`].
pub async fn lane_used(
    node: &Node,
    grant: &Grant,
    id: B256,
    block: BlockId,
    lane: U192,
) -> Result<LaneUsed, NodeError> {
    if node.code_at(grant.account, block).await?.is_empty() {
        return Ok(LaneUsed::fresh(lane));
    }
    shown(node, grant, id, block, lane).await
}

async fn shown(node: &Node, grant: &Grant, id: B256, block: BlockId, lane: U192) -> Result<LaneUsed, NodeError> {
    let state = node.view_at(grant.account, &IHallpass::laneStateCall { grant: id, lane }, block).await?;
    Ok(LaneUsed { lane, base: state.base, used: state.used })
}
