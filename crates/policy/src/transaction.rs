//! Plain transactions: what a session key of its own account signs where no contract is between.
//!
//! Those that call, and nothing else: a transaction that brings delegations (EIP-7702) or blobs (EIP-4844) cannot be said
//! with these types.

use crate::eval::Call;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_rlp::{BufMut, Encodable, Header};
use hallpass_types::ChainId;

/// A transaction before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// The chain; it is part of what is signed, in every kind.
    pub chain: ChainId,
    /// The account's nonce.
    pub nonce: u64,
    /// Most units of gas.
    pub gas_limit: u64,
    /// What a unit may cost.
    pub price: Price,
    /// The contract or account; `None` creates a contract, which no rule allows.
    pub to: Option<Address>,
    /// Wei.
    pub value: U256,
    /// Calldata.
    pub data: Bytes,
}

/// What a unit of gas may cost, in wei, and with it the kind of transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Price {
    /// Before EIP-2718, with the chain's id (EIP-155).
    Legacy(u128),
    /// EIP-2930.
    AccessList(u128, AccessList),
    /// EIP-1559: the most for each unit, and the most of it for the block's builder.
    Market(u128, u128, AccessList),
}

/// Addresses and their slots that are paid for beforehand (EIP-2930); it changes what gas costs, not what is done.
pub type AccessList = Vec<(Address, Vec<B256>)>;

impl Transaction {
    /// The call it makes; `None` where it creates a contract.
    #[must_use]
    pub fn call(&self) -> Option<Call> {
        Some(Call { to: self.to?, value: self.value, data: self.data.clone() })
    }

    /// Most wei that its gas can cost.
    #[must_use]
    pub fn most_for_gas(&self) -> U256 {
        let unit = match &self.price {
            Price::Legacy(price) | Price::AccessList(price, _) | Price::Market(price, ..) => *price,
        };
        U256::from(self.gas_limit).saturating_mul(U256::from(unit))
    }

    /// What is signed: EIP-155 section "Specification", EIP-2930 and EIP-1559 likewise.
    #[must_use]
    pub fn digest(&self) -> B256 {
        let chain = self.chain.get();
        let (kind, mut fields) = match &self.price {
            Price::Legacy(price) => (None, row(&[&self.nonce, price])),
            Price::AccessList(price, _) => (Some(1), row(&[&chain, &self.nonce, price])),
            Price::Market(most, tip, _) => (Some(2), row(&[&chain, &self.nonce, tip, most])),
        };
        let to: &[u8] = self.to.as_ref().map_or(&[], |to| to.as_slice());
        fields.extend(row(&[&self.gas_limit, &to, &self.value, &self.data]));
        match &self.price {
            Price::Legacy(_) => fields.extend(row(&[&chain, &0_u8, &0_u8])),
            Price::AccessList(_, list) | Price::Market(_, _, list) => fields.extend(listed(list)),
        }
        let mut out: Vec<u8> = kind.into_iter().collect();
        out.extend(wrapped(&fields));
        keccak256(out)
    }
}

fn row(fields: &[&dyn Encodable]) -> Vec<u8> {
    let mut out = Vec::new();
    fields.iter().for_each(|field| field.encode(&mut out));
    out
}

/// An RLP list with this content.
fn wrapped(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Header { list: true, payload_length: content.len() }.encode(&mut out);
    out.put_slice(content);
    out
}

fn listed(list: &AccessList) -> Vec<u8> {
    let one = |(address, slots): &(Address, Vec<B256>)| {
        let slots: Vec<u8> = slots.iter().flat_map(|slot| row(&[slot])).collect();
        wrapped(&[row(&[address]), wrapped(&slots)].concat())
    };
    wrapped(&list.iter().flat_map(one).collect::<Vec<u8>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_consensus::{SignableTransaction, TxEip1559, TxEip2930, TxLegacy};
    use alloy_eips::eip2930::{AccessList as TheirList, AccessListItem};
    use alloy_primitives::TxKind;
    use proptest::prelude::*;

    fn theirs(tx: &Transaction) -> B256 {
        let (chain_id, nonce, gas_limit, value, input) =
            (tx.chain.get(), tx.nonce, tx.gas_limit, tx.value, tx.data.clone());
        let to = tx.to.map_or(TxKind::Create, TxKind::Call);
        let list = |list: &AccessList| {
            let item = |(address, storage_keys): &(Address, Vec<B256>)| AccessListItem {
                address: *address,
                storage_keys: storage_keys.clone(),
            };
            TheirList(list.iter().map(item).collect())
        };
        match &tx.price {
            Price::Legacy(gas_price) => {
                TxLegacy { chain_id: Some(chain_id), nonce, gas_price: *gas_price, gas_limit, to, value, input }
                    .signature_hash()
            }
            Price::AccessList(gas_price, l) => {
                let (gas_price, access_list) = (*gas_price, list(l));
                TxEip2930 { chain_id, nonce, gas_price, gas_limit, to, value, access_list, input }.signature_hash()
            }
            Price::Market(most, tip, l) => TxEip1559 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas: *most,
                max_priority_fee_per_gas: *tip,
                to,
                value,
                access_list: list(l),
                input,
            }
            .signature_hash(),
        }
    }

    fn price() -> impl Strategy<Value = Price> {
        let list =
            proptest::collection::vec((any::<[u8; 20]>(), proptest::collection::vec(any::<[u8; 32]>(), 0..3)), 0..3)
                .prop_map(|all| {
                    let one = |(a, slots): ([u8; 20], Vec<[u8; 32]>)| {
                        (Address::from(a), slots.into_iter().map(B256::from).collect())
                    };
                    all.into_iter().map(one).collect::<AccessList>()
                });
        (0..3_u8, any::<u128>(), any::<u128>(), list).prop_map(|(kind, a, b, list)| match kind {
            0 => Price::Legacy(a),
            1 => Price::AccessList(a, list),
            _ => Price::Market(a, b, list),
        })
    }

    proptest! {
        #[test]
        fn the_digest_is_that_of_another_implementation(
            chain in 1_u64..,
            nonce: u64,
            gas_limit: u64,
            price in price(),
            to: Option<[u8; 20]>,
            value: [u8; 32],
            data in proptest::collection::vec(any::<u8>(), 0..100),
        ) {
            let tx = Transaction {
                chain: ChainId::new(chain).unwrap(),
                nonce,
                gas_limit,
                price,
                to: to.map(Address::from),
                value: U256::from_be_bytes(value),
                data: data.into(),
            };
            prop_assert_eq!(tx.digest(), theirs(&tx));
        }
    }
}
