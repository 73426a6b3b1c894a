use super::*;
use crate::wallet::reader::{Answer, Block, Code, Question, ReadError};
use crate::{
    signature::tests::Signer,
    siwe::{DateTime, tests::full},
};
use alloy_primitives::{Address, B256};
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use proptest::prelude::*;

const CHAINS: [ChainId; 1] = [ChainId::new(8453).unwrap()];

fn expected() -> Expected<'static> {
    Expected {
        domain: "example.com:3388",
        uri: "https://example.com/login?a=1#b",
        nonce: "32891756abc",
        chains: &CHAINS,
        now: UnixSeconds::new(1_795_255_200).unwrap(),
    }
}

fn signed(change: impl FnOnce(&mut Message)) -> (String, [u8; 65]) {
    let signer = Signer::new(9);
    let mut message = full();
    message.address = signer.address();
    change(&mut message);
    let text = message.to_string();
    let signature = signer.sign(personal_hash(&text));
    (text, signature)
}

fn verdict(change: impl FnOnce(&mut Message)) -> &'static str {
    let (text, signature) = signed(change);
    verify(&text, &signature, &expected()).map_or_else(|e| e.code(), |_| "proven")
}

fn at(seconds_from_now: i64) -> DateTime {
    let now = i64::try_from(expected().now.get()).unwrap();
    DateTime::from_unix(UnixSeconds::new((now + seconds_from_now).try_into().unwrap()).unwrap()).unwrap()
}

#[test]
fn the_signer_is_proven_on_the_chain_it_named() {
    let (text, signature) = signed(|_| {});
    let proven = verify(&text, &signature, &expected()).unwrap();
    assert_eq!(proven.account().to_string(), format!("eip155:8453:{}", Signer::new(9).address()));
    assert_eq!(proven.nonce(), "32891756abc");
}

#[test]
fn what_the_server_does_not_expect_is_denied_by_its_code() {
    assert_eq!(verdict(|_| {}), "proven");
    assert_eq!(verdict(|m| m.domain = "example.com".parse().unwrap()), "domain_mismatch");
    assert_eq!(verdict(|m| m.domain = "Example.com:3388".parse().unwrap()), "domain_mismatch");
    assert_eq!(verdict(|m| m.domain = "example.com:3388@evil.com".parse().unwrap()), "domain_mismatch");
    assert_eq!(verdict(|m| m.uri = "https://example.com/login".parse().unwrap()), "uri_mismatch");
    assert_eq!(verdict(|m| m.scheme = Some("http".parse().unwrap())), "scheme_mismatch");
    assert_eq!(verdict(|m| m.scheme = None), "proven");
    assert_eq!(verdict(|m| m.nonce = "32891756abd".parse().unwrap()), "nonce_mismatch");
    assert_eq!(verdict(|m| m.chain_id = ChainId::new(1).unwrap()), "chain_not_allowed");
    assert_eq!(verdict(|m| m.address = Signer::new(8).address()), "wrong_signer");
}

#[test]
fn times_are_half_open_and_the_future_is_a_minute_away() {
    assert_eq!(verdict(|m| m.issued_at = at(60)), "proven");
    assert_eq!(verdict(|m| m.issued_at = at(61)), "issued_in_future");
    assert_eq!(verdict(|m| m.expiration_time = Some(at(1))), "proven");
    assert_eq!(verdict(|m| m.expiration_time = Some(at(0))), "expired");
    assert_eq!(verdict(|m| m.expiration_time = None), "proven");
    assert_eq!(verdict(|m| m.not_before = Some(at(0))), "proven");
    assert_eq!(verdict(|m| m.not_before = Some(at(1))), "not_yet_valid");
    assert_eq!(verdict(|m| m.not_before = None), "proven");
}

#[test]
fn a_domain_with_a_user_name_is_denied_though_it_is_expected() {
    let domain = "good.example@evil.example";
    let (text, signature) = signed(|m| m.domain = domain.parse().unwrap());
    let denied = verify(&text, &signature, &Expected { domain, ..expected() });
    assert_eq!(denied, Err(VerifyError::Userinfo));
}

#[test]
fn no_chain_at_all_is_not_every_chain() {
    let (text, signature) = signed(|_| {});
    let denied = verify(&text, &signature, &Expected { chains: &[], ..expected() });
    assert_eq!(denied, Err(VerifyError::Chain));
}

#[test]
fn a_signature_of_the_text_itself_is_not_a_personal_one() {
    let (text, _) = signed(|_| {});
    let raw = Signer::new(9).sign(alloy_primitives::keccak256(&text));
    assert_eq!(verify(&text, &raw, &expected()), Err(SignatureError::WrongSigner.into()));
}

/// A change to one place of a text: replaced, inserted, deleted, doubled, or cut off from there.
fn mutate(text: &str, place: usize, kind: u8, byte: u8) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let place = place % bytes.len();
    match kind {
        0 => bytes[place] = byte,
        1 => bytes.insert(place, byte),
        2 => drop(bytes.remove(place)),
        3 => bytes.insert(place, bytes[place]),
        _ => bytes.truncate(place),
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

proptest! {
    #[test]
    fn no_changed_message_verifies(place: usize, kind in 0..5_u8, byte in 0..128_u8) {
        let (text, signature) = signed(|_| {});
        let changed = mutate(&text, place, kind, byte);
        prop_assume!(changed != text);
        prop_assert!(verify(&changed, &signature, &expected()).is_err());
    }

    #[test]
    fn no_changed_signature_verifies(place in 0..64_usize, bit in 0..8_u8) {
        let (text, mut signature) = signed(|_| {});
        signature[place] ^= 1 << bit;
        prop_assert!(verify(&text, &signature, &expected()).is_err());
    }

    #[test]
    fn whatever_parses_prints_back_the_same_bytes(
        changes in proptest::collection::vec((any::<usize>(), 0..5_u8, 0..128_u8), 0..4)
    ) {
        let text = changes.into_iter().fold(full().to_string(), |text, (place, kind, byte)| match text.as_str() {
            "" => text,
            text => mutate(text, place, kind, byte),
        });
        if let Ok(message) = text.parse::<Message>() {
            prop_assert_eq!(message.to_string(), text);
        }
    }
}

/// A chain on which every account is a contract that accepts, or on which nothing can be asked.
struct Chain {
    accepts: bool,
}

impl ContractReader for Chain {
    fn chain(&self) -> ChainId {
        CHAINS[0]
    }

    async fn head(&self) -> Result<Block, ReadError> {
        let down = ReadError { code: "node_unreachable", says: "the node does not answer".into() };
        if self.accepts { Ok(Block { number: 5, hash: B256::ZERO }) } else { Err(down) }
    }

    async fn code(&self, _account: Address, _block: Block) -> Result<Code, ReadError> {
        Ok(Code::Contract)
    }

    async fn ask(&self, question: &Question<'_>, _block: Block) -> Result<Answer, ReadError> {
        Ok(if question.signature == [1, 2, 3] { Answer::Accepted } else { Answer::Refused })
    }
}

fn on_chain(
    text: &str,
    signature: &[u8],
    expected: &Expected<'_>,
    accepts: bool,
) -> Result<ProvenAccount, VerifyError> {
    let chain = Chain { accepts };
    let future = pin!(verify_on(text, signature, expected, Eoa::CodeFirst, &chain));
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(verdict) => verdict,
        Poll::Pending => panic!("nothing here waits"),
    }
}

#[test]
fn a_contract_is_proven_on_the_chain_it_named() {
    let (text, signature) = signed(|_| {});
    let proven = on_chain(&text, &[1, 2, 3], &expected(), true).unwrap();
    assert_eq!(proven.account().to_string(), format!("eip155:8453:{}", Signer::new(9).address()));
    assert_eq!(proven.nonce(), "32891756abc");
    assert!(proven.evidence().ages());
    let refused = on_chain(&text, &signature, &expected(), true).unwrap_err();
    assert_eq!((refused.code(), refused.is_verdict()), ("contract_refused", true));
    assert!(!verify(&text, &signature, &expected()).unwrap().evidence().ages());
}

#[test]
fn what_is_expected_of_a_message_holds_for_contracts_too_and_before_they_are_asked() {
    let (text, _) = signed(|_| {});
    let silent = on_chain(&text, &[1, 2, 3], &expected(), false).unwrap_err();
    assert_eq!((silent.code(), silent.is_verdict()), ("node_unreachable", false));
    for (wrong, code) in [
        (Expected { domain: "evil.com", ..expected() }, "domain_mismatch"),
        (Expected { uri: "https://evil.com", ..expected() }, "uri_mismatch"),
        (Expected { nonce: "anothernonce", ..expected() }, "nonce_mismatch"),
        (Expected { chains: &[], ..expected() }, "chain_not_allowed"),
        (Expected { now: UnixSeconds::EPOCH, ..expected() }, "issued_in_future"),
        (Expected { now: UnixSeconds::MAX, ..expected() }, "expired"),
    ] {
        let refused = on_chain(&text, &[1, 2, 3], &wrong, false).unwrap_err();
        assert_eq!((refused.code(), refused.is_verdict()), (code, true));
    }
}
