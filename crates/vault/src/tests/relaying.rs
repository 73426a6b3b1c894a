use super::*;
use crate::RelayRefusal;
use alloy_consensus::{TxEip7702, transaction::RlpEcdsaDecodableTx};
use alloy_eips::eip7702::{Authorization, SignedAuthorization};
use alloy_primitives::{TxKind, U256};
use k256::ecdsa::SigningKey;

fn authorization(chain: u64, key: &SigningKey) -> SignedAuthorization {
    let authorization = Authorization { chain_id: U256::from(chain), address: BACKEND, nonce: 1 };
    let (signature, id) = key.sign_prehash_recoverable(authorization.signature_hash().as_slice()).unwrap();
    authorization.into_signed((signature, id).into())
}

fn delegation(authorization_list: Vec<SignedAuthorization>) -> TxEip7702 {
    let TxEip1559 { chain_id, nonce, gas_limit, max_fee_per_gas, input, .. } = plain();
    TxEip7702 {
        chain_id,
        nonce,
        gas_limit,
        max_fee_per_gas,
        to: BACKEND,
        input,
        authorization_list,
        ..Default::default()
    }
}

#[test]
fn a_relayed_call_is_the_one_asked_for_signed_by_the_relayer() {
    let vault = vault();
    let record = vault.create_relayer_key([1; 16], &Recorder::default()).unwrap();
    let owner = SigningKey::from_slice(&[5; 32]).unwrap();

    let raw = vault.sign_relay(&record, &call()).unwrap();
    let signed = TxEip1559::eip2718_decode(&mut raw.as_ref()).unwrap();
    assert_eq!((signed.recover_signer().unwrap(), signed.tx()), (record.address().unwrap(), &plain()));

    let tx = delegation(vec![authorization(8453, &owner)]);
    let raw = vault.sign_relay(&record, &RelayTx::Eip7702(tx.clone())).unwrap();
    let signed = TxEip7702::eip2718_decode(&mut raw.as_ref()).unwrap();
    assert_eq!((signed.recover_signer().unwrap(), signed.tx()), (record.address().unwrap(), &tx));
}

#[test]
fn a_relayer_signs_no_other_transaction() {
    let rng = Recorder::default();
    let vault = vault();
    let record = vault.create_relayer_key([1; 16], &rng).unwrap();
    let relayer = SigningKey::from_slice(&rng.secrets()[0]).unwrap();
    let owner = SigningKey::from_slice(&[5; 32]).unwrap();
    let with = |change: fn(&mut TxEip1559)| {
        let mut tx = plain();
        change(&mut tx);
        RelayTx::Eip1559(tx)
    };
    let bad_s =
        SignedAuthorization::new_unchecked(authorization(8453, &owner).inner().clone(), 0, U256::ZERO, U256::ZERO);
    for (tx, reason) in [
        (with(|tx| tx.value = U256::from(1)), RelayRefusal::Value),
        (with(|tx| tx.to = TxKind::Create), RelayRefusal::Create),
        (with(|tx| tx.chain_id = 0), RelayRefusal::Chain),
        (with(|tx| tx.input = Bytes::new()), RelayRefusal::Selector),
        (with(|tx| tx.input = Bytes::from_static(&[0xaa, 0xbb, 0xcc])), RelayRefusal::Selector),
        (
            with(|tx| tx.input = Bytes::from_static(&[0xa9, 0x05, 0x9c, 0xbb, 0xaa, 0xbb, 0xcc, 0xdd])),
            RelayRefusal::Selector,
        ),
        (RelayTx::Eip7702(delegation(vec![])), RelayRefusal::Authorization),
        (RelayTx::Eip7702(delegation(vec![authorization(0, &owner)])), RelayRefusal::Authorization),
        (RelayTx::Eip7702(delegation(vec![authorization(1, &owner)])), RelayRefusal::Authorization),
        (
            RelayTx::Eip7702(delegation(vec![authorization(8453, &owner), authorization(8453, &relayer)])),
            RelayRefusal::Authorization,
        ),
        (RelayTx::Eip7702(delegation(vec![bad_s])), RelayRefusal::Authorization),
        (
            RelayTx::Eip7702(TxEip7702 { value: U256::from(1), ..delegation(vec![authorization(8453, &owner)]) }),
            RelayRefusal::Value,
        ),
        (
            RelayTx::Eip7702(TxEip7702 { input: Bytes::new(), ..delegation(vec![authorization(8453, &owner)]) }),
            RelayRefusal::Selector,
        ),
    ] {
        let refused = vault.sign_relay(&record, &tx).unwrap_err();
        assert_eq!((&refused, refused.code()), (&SignError::Relay(reason), "relay_refused"));
    }
    let unset = opened([9; 32]);
    assert_eq!(unset.sign_relay(&record, &call()), Err(SignError::Relay(RelayRefusal::Selector)));
}
