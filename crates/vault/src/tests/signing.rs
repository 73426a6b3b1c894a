use super::*;
use crate::KeyKind;
use alloy_primitives::aliases::U192;
use alloy_primitives::{U256, hex};
use hallpass_policy::{
    Authorised, Batch, Call, Facts, Grant, Ledger, OpBounds, Status, authorise,
    eval::At,
    grant::{CallRule, Rest, Routes, SessionKey, arguments_of},
};
use hallpass_types::{ChainId, UnixSeconds};
use std::collections::BTreeSet;

const ACCOUNT: Address = address!("0x00000000000000000000000000000000000000aa");

/// A transfer that a grant to `key` allows.
fn authorised(key: Address) -> Authorised {
    let at = |seconds| UnixSeconds::new(seconds).unwrap();
    let chain = ChainId::new(8453).unwrap();
    let signature = "move(uint256)";
    let rule = CallRule {
        target: Address::repeat_byte(0x55),
        signature: signature.into(),
        arguments: arguments_of(signature).unwrap(),
        max_value: U256::ZERO,
        conditions: vec![],
        uses: vec![],
    };
    let data = [&rule.selector().unwrap()[..], &[0; 32]].concat().into();
    let action = Batch { chain, calls: vec![Call { to: rule.target, value: U256::ZERO, data }] };
    let grant = Grant {
        chain,
        account: ACCOUNT,
        backend: BACKEND,
        epoch: 0,
        salt: [0; 16],
        key: SessionKey::Secp256k1(key),
        not_before: at(1000),
        not_after: at(2000),
        first_seq: 0,
        end_seq: 10,
        routes: Routes::DIRECT,
        relayer: Address::ZERO,
        calls: vec![rule],
        meters: vec![],
        rest: Rest::default(),
    };
    let ledger =
        Ledger { frozen: false, epoch: 0, status: Status::Active, base: 0, used: 0, lanes: Vec::new(), meters: vec![] };
    let op = OpBounds {
        valid_from: at(1100),
        valid_until: at(1200),
        lane: U192::ZERO,
        sequence: 3,
        relayer: Address::ZERO,
        max_fee: 0,
        gas_floors: vec![],
    };
    authorise(&grant, &ledger, &action, &op, &At { now: at(1150), chain, caller: None }, &Facts::default()).unwrap()
}

#[test]
fn a_session_key_signs_the_authorised_operation_for_the_account() {
    let vault = vault();
    let record = vault.create_session_key([1; 16], &Recorder::default()).unwrap();
    let operation = authorised(record.address().unwrap());
    let signature = vault.sign_session(&record, &operation).unwrap();
    let signature = Signature::from_raw(signature.as_bytes()).unwrap();
    let signer = signature.recover_address_from_prehash(&operation.op().digest(8453, ACCOUNT)).unwrap();
    assert_eq!(Some(signer), record.address());
}

#[test]
fn an_operation_of_another_session_is_not_signed() {
    let (vault, rng) = (vault(), Recorder::default());
    let record = vault.create_session_key([1; 16], &rng).unwrap();
    let other = vault.create_session_key([2; 16], &rng).unwrap();
    assert_eq!(vault.sign_session(&record, &authorised(other.address().unwrap())), Err(SignError::KeyMismatch));
    let disguised = SealedRecord { public: other.public, ..record };
    assert_eq!(vault.sign_session(&disguised, &authorised(other.address().unwrap())), Err(SignError::Tampered));
}

#[test]
fn each_kind_signs_one_thing() {
    let (vault, rng) = (vault(), Recorder::default());
    let session = vault.create_session_key([1; 16], &rng).unwrap();
    let ender = vault.create_ender_key([2; 16], &rng).unwrap();
    let relayer = vault.create_relayer_key([3; 16], &rng).unwrap();
    assert_eq!([session.kind, ender.kind, relayer.kind], [KeyKind::Session, KeyKind::Ender, KeyKind::Relayer]);

    assert!(ends(&vault, &ender).is_ok() && vault.sign_relay(&relayer, &call()).is_ok());
    for other in [&session, &relayer] {
        assert_eq!(ends(&vault, other), Err(SignError::WrongKind));
    }
    for other in [&session, &ender] {
        assert_eq!(vault.sign_relay(other, &call()), Err(SignError::WrongKind));
    }
    for other in [&ender, &relayer] {
        assert_eq!(vault.sign_session(other, &authorised(other.address().unwrap())), Err(SignError::WrongKind));
    }
}

#[test]
fn signatures_have_the_lower_s_and_a_v_that_contracts_take() {
    let (vault, rng) = (vault(), Recorder::default());
    let half = U256::from_be_slice(&hex!("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0"));
    let mut parities = BTreeSet::new();
    for n in 0..40 {
        let record = vault.create_ender_key([n; 16], &rng).unwrap();
        let signature = *vault.sign_end(&record, 1, BACKEND, GRANT).unwrap().as_bytes();
        assert!(U256::from_be_slice(&signature[32..64]) <= half);
        assert_eq!(ends(&vault, &record), Ok(record.address().unwrap()));
        parities.insert(signature[64]);
    }
    assert_eq!(parities, BTreeSet::from([27, 28]));
}

#[test]
fn an_end_is_for_one_grant_backend_and_chain() {
    let vault = vault();
    let record = vault.create_ender_key([1; 16], &Recorder::default()).unwrap();
    let all: BTreeSet<_> =
        [(1, BACKEND, GRANT), (2, BACKEND, GRANT), (1, Address::ZERO, GRANT), (1, BACKEND, B256::ZERO)]
            .map(|(chain, backend, grant)| vault.sign_end(&record, chain, backend, grant).unwrap().to_string())
            .into();
    assert_eq!(all.len(), 4);
}
