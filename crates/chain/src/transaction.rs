//! Plain transactions: from JSON-RPC's form, and signed.

use alloy_consensus::{SignableTransaction, TxEip1559, TxEip2930, TxLegacy, transaction::RlpEcdsaEncodableTx};
use alloy_eips::eip2718::Encodable2718;
use alloy_eips::eip2930::{AccessList, AccessListItem};
use alloy_primitives::{B256, Bytes, Signature, TxKind, U256};
use alloy_rpc_types_eth::TransactionRequest;
use hallpass_policy::transaction::{self, Price, Transaction};
use hallpass_types::ChainId;

/// Why a request is no transaction that can be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {says}")]
pub struct BadRequest {
    /// The field of the request.
    pub field: &'static str,
    /// One sentence.
    pub says: &'static str,
}

impl BadRequest {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "bad_transaction_request"
    }
}

const fn bad(field: &'static str, says: &'static str) -> BadRequest {
    BadRequest { field, says }
}

/// Reads a request that is complete but for what `gaps` names and fills: nonce, gas and price.
///
/// # Errors
/// [`BadRequest`] for what is missing, contradicts itself, or brings more than a call: delegations (EIP-7702), blobs.
pub fn read(request: &TransactionRequest, chain: ChainId) -> Result<Transaction, BadRequest> {
    if request.authorization_list.as_ref().is_some_and(|list| !list.is_empty()) {
        return Err(bad("authorizationList", "is there: a session key never changes a delegation"));
    }
    if request.blob_versioned_hashes.is_some() || request.sidecar.is_some() || request.max_fee_per_blob_gas.is_some() {
        return Err(bad("blobVersionedHashes", "is there: a session key sends no blobs"));
    }
    let chain = match request.chain_id {
        None => chain,
        Some(id) => ChainId::new(id).ok_or(bad("chainId", "is 0"))?,
    };
    let data = match (&request.input.input, &request.input.data) {
        (Some(input), Some(data)) if input != data => return Err(bad("data", "differs from `input`")),
        (Some(data), _) | (None, Some(data)) => data.clone(),
        (None, None) => Bytes::new(),
    };
    let to = match request.to {
        Some(TxKind::Call(to)) => Some(to),
        Some(TxKind::Create) | None => None,
    };
    let list: transaction::AccessList = request
        .access_list
        .iter()
        .flat_map(|list| list.0.iter().map(|item| (item.address, item.storage_keys.clone())))
        .collect();
    let price = match (request.gas_price, request.max_fee_per_gas, request.max_priority_fee_per_gas) {
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) => {
            return Err(bad("gasPrice", "stands beside `maxFeePerGas`: one of them says the price"));
        }
        (Some(price), None, None) if request.access_list.is_some() => Price::AccessList(price, list),
        (Some(price), None, None) => Price::Legacy(price),
        (None, Some(most), tip) => Price::Market(most, tip.ok_or(bad("maxPriorityFeePerGas", "is missing"))?, list),
        (None, None, _) => return Err(bad("maxFeePerGas", "is missing")),
    };
    let kind = match &price {
        Price::Legacy(_) => 0,
        Price::AccessList(..) => 1,
        Price::Market(..) => 2,
    };
    if request.transaction_type.is_some_and(|named| named != kind) {
        return Err(bad("type", "is not that of the fields"));
    }
    Ok(Transaction {
        chain,
        nonce: request.nonce.ok_or(bad("nonce", "is missing"))?,
        gas_limit: request.gas.ok_or(bad("gas", "is missing"))?,
        price,
        to,
        value: request.value.unwrap_or(U256::ZERO),
        data,
    })
}

/// The signed transaction in EIP-2718 form (a legacy one bare), ready to send, and its hash.
#[must_use]
pub fn signed(tx: &Transaction, signature: &Signature) -> (Bytes, B256) {
    let (chain_id, nonce, gas_limit, value) = (tx.chain.get(), tx.nonce, tx.gas_limit, tx.value);
    let (to, input) = (tx.to.map_or(TxKind::Create, TxKind::Call), tx.data.clone());
    match &tx.price {
        Price::Legacy(gas_price) => {
            let chain_id = Some(chain_id);
            encoded(TxLegacy { chain_id, nonce, gas_price: *gas_price, gas_limit, to, value, input }, signature)
        }
        Price::AccessList(gas_price, list) => {
            let access_list = listed(list);
            let gas_price = *gas_price;
            encoded(TxEip2930 { chain_id, nonce, gas_price, gas_limit, to, value, access_list, input }, signature)
        }
        Price::Market(most, tip, list) => {
            let tx = TxEip1559 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas: *most,
                max_priority_fee_per_gas: *tip,
                to,
                value,
                access_list: listed(list),
                input,
            };
            encoded(tx, signature)
        }
    }
}

fn encoded<T: SignableTransaction<Signature> + RlpEcdsaEncodableTx>(tx: T, signature: &Signature) -> (Bytes, B256)
where
    alloy_consensus::Signed<T>: Encodable2718,
{
    let signed = tx.into_signed(*signature);
    (signed.encoded_2718().into(), *signed.hash())
}

fn listed(list: &transaction::AccessList) -> AccessList {
    let item = |(address, keys): &(_, Vec<B256>)| AccessListItem { address: *address, storage_keys: keys.clone() };
    AccessList(list.iter().map(item).collect())
}
