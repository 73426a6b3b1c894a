//! What a session key signs beside operations: messages and plain transactions, each only where the policy allows it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

use alloy_primitives::{Address, B256, U256, address, hex};
use hallpass_policy::grant::SessionKey;
use hallpass_policy::ledger::Status;
use hallpass_policy::message::read;
use hallpass_policy::transaction::{Price, Transaction};
use hallpass_policy::{At, Authority, Code, Draft, Facts, Fill, Grant, Ledger, text};
use hallpass_types::{ChainId, UnixSeconds};
use serde_json::json;

const KEY: Address = address!("5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e");
const SHOP: Address = address!("5151515151515151515151515151515151515151");
const START: u64 = 1_000_000;

const TEXT: &str = r#"
chain = "eip155:5"
account = "0x5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"
backend = "0x0000000000000000000000000000000000000000"
epoch = 0
salt = "0x07070707070707070707070707070707"
key = "0x5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"
ender = "0xedededededededededededededededededededed"
from = 1000000
until = 1003600
sequences = "3..100"
[relay]
routes = ["direct"]
relayer = "any"
[gas]
per_op = 100
fee_per_op = 1000
fee_cap = 1500
[[allow]]
call = "0x5151515151515151515151515151515151515151"
value = "<= 5"
spend = "value <= 9"
[[allow]]
typed = "Order(uint256 size)"
domain = { name = "Exchange", chainId = 5 }
spend = "size <= 100"
"#;

fn grant() -> Grant {
    let draft: Draft = text::parse(TEXT).unwrap();
    draft.complete(&Fill::default()).unwrap()
}

fn ledger() -> Ledger {
    Ledger { frozen: false, epoch: 0, status: Status::Active, base: 3, used: 0, lanes: Vec::new(), meters: Vec::new() }
}

fn at() -> At {
    At { now: UnixSeconds::new(START).unwrap(), chain: ChainId::new(5).unwrap(), caller: None }
}

fn tx() -> Transaction {
    Transaction {
        chain: ChainId::new(5).unwrap(),
        nonce: 3,
        gas_limit: 100,
        price: Price::Market(10, 1, Vec::new()),
        to: Some(SHOP),
        value: U256::from(5),
        data: Default::default(),
    }
}

fn denied(grant: Grant, ledger: &Ledger, tx: &Transaction) -> (Code, String) {
    let denial = Authority::new(&grant).unwrap().transaction(ledger, tx, &at(), &Facts::default()).unwrap_err();
    (denial.code, denial.at)
}

#[test]
fn a_transaction_is_signed_as_one_call_with_its_gas_as_the_fee() {
    let grant = grant();
    let authority = Authority::new(&grant).unwrap();
    let (signable, verdict) = authority.transaction(&ledger(), &tx(), &at(), &Facts::default()).unwrap();
    assert_eq!((signable.digest(), signable.key()), (tx().digest(), &SessionKey::Secp256k1(KEY)));
    assert_eq!(signable.grant(), grant.id());
    let costs: Vec<(u16, u64)> = verdict.costs.iter().map(|c| (c.meter, c.amount.to())).collect();
    assert_eq!(costs, [(0, 5), (65535, 1000)]);
}

#[test]
fn what_no_rule_allows_is_not_signed_as_a_transaction_either() {
    let ledger = ledger();
    let with = |change: fn(&mut Transaction)| {
        let mut tx = tx();
        change(&mut tx);
        denied(grant(), &ledger, &tx).0
    };
    assert_eq!(with(|t| t.to = None), Code::BadTransaction);
    assert_eq!(with(|t| t.to = Some(KEY)), Code::TargetForbidden);
    assert_eq!(with(|t| t.value = U256::from(6)), Code::ValueOverMax);
    assert_eq!(with(|t| t.data = vec![1].into()), Code::NoRule);
    assert_eq!(with(|t| t.chain = ChainId::new(1).unwrap()), Code::WrongChain);
    assert_eq!(with(|t| t.nonce = 2), Code::SequenceOutOfRange);
    assert_eq!(with(|t| t.nonce = 100), Code::SequenceOutOfRange);
    let more = |t: &mut Transaction| (t.gas_limit, t.price) = (101, Price::Legacy(1));
    assert_eq!(with(more), Code::GasOverCap);
    assert_eq!(with(|t| t.price = Price::Market(11, 1, Vec::new())), Code::FeeOverCap);
    assert_eq!(with(|t| t.price = Price::Legacy(u128::MAX)), Code::FeeOverCap);
    assert_eq!(with(|t| t.price = Price::AccessList(11, Vec::new())), Code::FeeOverCap);
    let used = Ledger { used: 1, ..ledger.clone() };
    assert_eq!(denied(grant(), &used, &tx()).0, Code::NonceUsed);
}

#[test]
fn a_transaction_passes_no_contract_by() {
    let by_contract = Grant { backend: Address::repeat_byte(0xbe), ..grant() };
    assert_eq!(Authority::new(&by_contract).unwrap_err().code, Code::BadGrant);
    let of_another = Grant { account: Address::repeat_byte(0xac), ..by_contract };
    assert_eq!(denied(of_another, &ledger(), &tx()), (Code::BadTransaction, "account".to_owned()));
    let of_another = Grant { account: Address::repeat_byte(0xac), ..grant() };
    assert_eq!(denied(of_another, &ledger(), &tx()), (Code::BadTransaction, "account".to_owned()));
    let mut in_tokens = grant();
    in_tokens.rest.gas.fee_token = Address::repeat_byte(0x70);
    assert_eq!(denied(in_tokens, &ledger(), &tx()), (Code::BadTransaction, "rest.gas.feeToken".to_owned()));
}

#[test]
fn a_message_is_signed_by_its_own_digest() {
    let grant = grant();
    let authority = Authority::new(&grant).unwrap();
    let order = |size: u64, domain: &str| {
        read::message(&json!({
            "types": { "Order": [{ "name": "size", "type": "uint256" }] },
            "primaryType": "Order", "domain": { "name": domain, "chainId": 5 }, "message": { "size": size },
        }))
        .unwrap()
    };
    let judged = |size, domain| authority.message(&ledger(), &order(size, domain), &at(), &Facts::default());
    let (signable, verdict) = judged(100, "Exchange").unwrap();
    assert_eq!(signable.digest(), order(100, "Exchange").digest().unwrap());
    assert_eq!(verdict.costs.len(), 1);
    assert_eq!(judged(101, "Exchange").unwrap_err().code, Code::MeterExceeded);
    assert_eq!(judged(1, "Other").unwrap_err().code, Code::NoRule);
    assert_eq!(judged(1, "Hallpass").unwrap_err().code, Code::TargetForbidden);
}

#[test]
fn a_bad_grant_authorises_nothing() {
    let mut bad = grant();
    bad.end_seq = bad.first_seq;
    assert_eq!(Authority::new(bad).unwrap_err().code, Code::BadGrant);
}

#[test]
fn a_digest_of_eip_155_is_the_standard_s_own() {
    // EIP-155, section "Example".
    let tx = Transaction {
        chain: ChainId::new(1).unwrap(),
        nonce: 9,
        gas_limit: 21_000,
        price: Price::Legacy(20_000_000_000),
        to: Some(Address::repeat_byte(0x35)),
        value: U256::from(10).pow(U256::from(18)),
        data: Default::default(),
    };
    let hash = hex!("daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53");
    assert_eq!(tx.digest(), B256::from(hash));
}
