//! An EntryPoint (ERC-4337) as it is read, and a session's operation as it is taken there.

use crate::contracts::IHallpass;
use crate::hallpass::wire::{self, Opening};
use crate::node::{Node, NodeError};
use alloy_eips::BlockId;
use alloy_primitives::{Address, B256, Bytes, U256, aliases::U192};
use alloy_rpc_types_eth::Filter;
use alloy_sol_types::{SolEvent, sol};
use hallpass_policy::{EntryPoint, Grant, UserOp};

sol! {
    /// An EntryPoint of 0.7 and later, as far as it is needed.
    interface IEntryPoint {
        function getNonce(address sender, uint192 key) external view returns (uint256 nonce);
        event UserOperationEvent(
            bytes32 indexed userOpHash, address indexed sender, address indexed paymaster,
            uint256 nonce, bool success, uint256 actualGasCost, uint256 actualGasUsed
        );
    }
}

/// The byte before a session's signature, where the account is ours.
const BY_SESSION: u8 = 1;

/// The next number that `entry_point` takes in a counter of `account`, at `block`; `None` where it does not stand there.
///
/// # Errors
/// [`NodeError`]; an answer of another counter is none.
pub async fn next(
    node: &Node,
    entry_point: EntryPoint,
    account: Address,
    key: U192,
    block: BlockId,
) -> Result<Option<u64>, NodeError> {
    let at = entry_point.address();
    if node.code_at(at, block).await?.is_empty() {
        return Ok(None);
    }
    let nonce = node.view_at(at, &IEntryPoint::getNonceCall { sender: account, key }, block).await?;
    let [sequence, high @ ..] = nonce.into_limbs();
    if U192::from_limbs(high) == key { Ok(Some(sequence)) } else { Err(NodeError::Unreadable("getNonce")) }
}

/// The hash of the operation of `account` that used `nonce`, in blocks `from` to `to` inclusive; `None` where no event tells:
/// the account may also have raised the number itself.
///
/// # Errors
/// [`NodeError`].
pub async fn used_by(
    node: &Node,
    entry_point: EntryPoint,
    account: Address,
    nonce: U256,
    (from, to): (u64, u64),
) -> Result<Option<B256>, NodeError> {
    let filter = Filter::new()
        .address(entry_point.address())
        .event_signature(IEntryPoint::UserOperationEvent::SIGNATURE_HASH)
        .topic2(account.into_word())
        .from_block(from)
        .to_block(to);
    for log in node.logs(&filter).await? {
        let event = IEntryPoint::UserOperationEvent::decode_log(&log.inner)
            .map_err(|_| NodeError::Unreadable("UserOperationEvent"))?;
        let ours = log.inner.address == entry_point.address() && event.sender == account;
        if ours && event.nonce == nonce {
            return Ok(Some(event.userOpHash));
        }
    }
    Ok(None)
}

/// The grants of which any account passed user operations in blocks `from` to `to` inclusive, with the operations' hashes.
///
/// # Errors
/// [`NodeError`].
pub async fn validated_by_any(node: &Node, from: u64, to: u64) -> Result<Vec<(Address, B256, B256)>, NodeError> {
    let filter = Filter::new().event_signature(IHallpass::Validated::SIGNATURE_HASH).from_block(from).to_block(to);
    let logs = node.logs(&filter).await?;
    // Anybody may emit what looks like ours; what cannot be read is not ours.
    let read = |log: &alloy_rpc_types_eth::Log| IHallpass::Validated::decode_log(&log.inner).ok();
    Ok(logs.iter().filter_map(read).map(|event| (event.address, event.grant, event.userOpHash)).collect())
}

/// The `signature` of a session's operation (`spec/encoding.md`, "A user operation").
#[must_use]
pub fn signature(grant: &Grant, op: &UserOp, session: &[u8]) -> Bytes {
    let opening = Opening::needed(grant, &op.signed.rules, Address::ZERO);
    // A price above 0 means a fee above 0: no operation goes without gas.
    let price = U256::from_be_bytes(op.op.gasFees.0) & U256::from(u128::MAX);
    let open_rest = !price.is_zero() || !op.op.paymasterAndData.is_empty();
    let wire = wire::user_op(grant, &op.signed, &opening, open_rest, session);
    [&[BY_SESSION], wire.as_slice()].concat().into()
}
