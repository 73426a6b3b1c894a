use super::cache::{Cached, REMEMBERED};
use super::reader::Prepare;
use super::wrapper::tests::wrapped;
use super::*;
use crate::signature::tests::Signer;
use alloy_primitives::{Address, U256, address};
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use hallpass_types::ChainId;
use std::sync::Mutex;

const CHAIN: ChainId = ChainId::new(8453).unwrap();
const DIGEST: B256 = B256::repeat_byte(0x11);
const DELEGATE: Address = address!("0x00000000000000000000000000000000000000de");
const FACTORY: Address = address!("0x00000000000000000000000000000000000000fa");
const DOWN: &str = "node_unreachable";

/// A chain that says what it was told to, and writes down what it was asked.
struct Told {
    chain: ChainId,
    head: u64,
    code: Option<Code>,
    answer: Option<Answer>,
    asked: Mutex<Vec<String>>,
}

impl Told {
    fn new(code: Code, answer: Answer) -> Self {
        Self { chain: CHAIN, head: 7, code: Some(code), answer: Some(answer), asked: Mutex::default() }
    }

    fn note(&self, what: String) {
        self.asked.lock().unwrap().push(what);
    }

    fn asked(&self) -> Vec<String> {
        core::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn down() -> ReadError {
    ReadError { code: DOWN, says: "the node does not answer".into() }
}

fn block(number: u64) -> Block {
    Block { number, hash: U256::from(number).into() }
}

impl ContractReader for Told {
    fn chain(&self) -> ChainId {
        self.chain
    }

    async fn head(&self) -> Result<Block, ReadError> {
        self.note("head".into());
        Ok(block(self.head))
    }

    async fn code(&self, _account: Address, block: Block) -> Result<Code, ReadError> {
        self.note(format!("code at {}", block.number));
        self.code.ok_or_else(down)
    }

    async fn ask(&self, question: &Question<'_>, block: Block) -> Result<Answer, ReadError> {
        assert_eq!(question.digest, DIGEST);
        let prepares = question.prepare.map_or(String::new(), |p| format!(" prepared by {:x}", p.to.0[19]));
        self.note(format!("ask {} bytes at {}{prepares}", question.signature.len(), block.number));
        self.answer.ok_or_else(down)
    }
}

/// Nothing here ever waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

fn of(signer: &Signer) -> AccountId {
    AccountId { chain: CHAIN, address: signer.address() }
}

fn proved(account: AccountId, signature: &[u8], eoa: Eoa, told: &Told) -> Result<Evidence, WalletError> {
    now(prove(account, DIGEST, signature, eoa, told))
}

fn code_of(result: Result<Evidence, WalletError>) -> &'static str {
    match result {
        Ok(Evidence::Key) => "key",
        Ok(Evidence::Contract(_)) => "contract",
        Ok(Evidence::Prepared(_)) => "prepared",
        Err(error) => error.code(),
    }
}

#[test]
fn a_key_is_proven_without_a_question() {
    let signer = Signer::new(3);
    let told = Told::new(Code::Contract, Answer::Refused);
    assert_eq!(proved(of(&signer), &signer.sign(DIGEST), Eoa::WithoutRpc, &told), Ok(Evidence::Key));
    assert_eq!(told.asked(), [""; 0]);
    // Another chain's node is not asked either.
    let elsewhere = Told { chain: ChainId::new(1).unwrap(), ..told };
    assert_eq!(proved(of(&signer), &signer.sign(DIGEST), Eoa::WithoutRpc, &elsewhere), Ok(Evidence::Key));
}

/// Every kind of code, every answer, the account's own signature and another's, both policies.
#[test]
fn what_stands_at_the_account_says_who_decides() {
    let (own, other) = (Signer::new(3), Signer::new(4));
    let delegation = Code::Delegation(DELEGATE);
    for (code, answer, by_own, by_other) in [
        (Code::None, Answer::NoCode, "key", "wrong_signer"),
        // Not asked: nothing stands there.
        (Code::None, Answer::Accepted, "key", "wrong_signer"),
        (Code::Contract, Answer::Accepted, "contract", "contract"),
        (Code::Contract, Answer::Refused, "contract_refused", "contract_refused"),
        (delegation, Answer::Accepted, "contract", "contract"),
        (delegation, Answer::Refused, "key", "wrong_signer"),
    ] {
        let told = Told::new(code, answer);
        let what = format!("{code:?} {answer:?}");
        assert_eq!(code_of(proved(of(&own), &own.sign(DIGEST), Eoa::CodeFirst, &told)), by_own, "{what}");
        told.asked();
        for eoa in [Eoa::WithoutRpc, Eoa::CodeFirst] {
            assert_eq!(code_of(proved(of(&own), &other.sign(DIGEST), eoa, &told)), by_other, "{what}");
            let asked = told.asked();
            let question = if code == Code::None { &[][..] } else { &["ask 65 bytes at 7"] };
            assert_eq!(asked, [&["head", "code at 7"], question].concat(), "{what}");
        }
    }
}

#[test]
fn no_other_spelling_of_a_key_s_signature_is_taken_where_nothing_stands() {
    let signer = Signer::new(3);
    let good = signer.sign(DIGEST);
    let told = Told::new(Code::None, Answer::NoCode);
    // ERC-2098: the parity in the highest bit of s.
    let mut compact = good[..64].to_vec();
    compact[32] |= (good[64] - 27) << 7;
    let mut eip155 = good;
    eip155[64] += 10;
    let mut high = good;
    let order = U256::from_be_slice(&alloy_primitives::hex!(
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
    ));
    high[32..64].copy_from_slice(&(order - U256::from_be_slice(&good[32..64])).to_be_bytes::<32>());
    high[64] = 55 - good[64];
    for eoa in [Eoa::WithoutRpc, Eoa::CodeFirst] {
        for (bad, code) in [
            (&compact[..], "signature_length"),
            (&[], "signature_length"),
            (&eip155, "signature_v"),
            (&high, "signature_high_s"),
            (&[2; 65], "signature_v"),
        ] {
            assert_eq!(code_of(proved(of(&signer), bad, eoa, &told)), code);
        }
        let mut bare = good;
        bare[64] -= 27;
        assert_eq!(code_of(proved(of(&signer), &bare, eoa, &told)), "key");
    }
}

#[test]
fn a_wrapped_signature_is_the_contract_s_business_alone() {
    let signer = Signer::new(3);
    // The inner signature is the account's own, and counts for nothing.
    let signature = wrapped(FACTORY, &[1], &signer.sign(DIGEST));
    for code in [Code::None, Code::Contract, Code::Delegation(DELEGATE)] {
        for (answer, says) in [
            (Answer::Accepted, "contract"),
            (Answer::AcceptedWhenPrepared, "prepared"),
            (Answer::Refused, "contract_refused"),
            (Answer::NoCode, "contract_not_deployed"),
            (Answer::PreparationFailed, "preparation_failed"),
        ] {
            for eoa in [Eoa::WithoutRpc, Eoa::CodeFirst] {
                let told = Told::new(code, answer);
                assert_eq!(code_of(proved(of(&signer), &signature, eoa, &told)), says);
                assert_eq!(told.asked(), ["head", "ask 65 bytes at 7 prepared by fa"]);
            }
        }
    }
    let told = Told::new(Code::Contract, Answer::Accepted);
    let broken = &signature[32..];
    assert_eq!(code_of(proved(of(&signer), broken, Eoa::WithoutRpc, &told)), "signature_wrapper");
    assert_eq!(told.asked(), [""; 0]);
}

#[test]
fn only_a_contract_s_answer_ages() {
    assert!(!Evidence::Key.ages());
    assert!(Evidence::Contract(block(1)).ages() && Evidence::Prepared(block(1)).ages());
}

#[test]
fn another_chain_is_never_read() {
    let (own, other) = (Signer::new(3), Signer::new(4));
    let told = Told { chain: ChainId::new(1).unwrap(), ..Told::new(Code::Contract, Answer::Accepted) };
    let wrapped = wrapped(FACTORY, &[], &[]);
    for (signature, eoa) in
        [(&other.sign(DIGEST)[..], Eoa::WithoutRpc), (&own.sign(DIGEST), Eoa::CodeFirst), (&wrapped, Eoa::WithoutRpc)]
    {
        let refused = proved(of(&own), signature, eoa, &told).unwrap_err();
        assert_eq!((refused.code(), refused.is_verdict()), ("chain_not_read", false));
    }
    assert_eq!(told.asked(), [""; 0]);
}

#[test]
fn a_silent_node_is_not_a_verdict_and_no_proof() {
    let (own, other) = (Signer::new(3), Signer::new(4));
    let without_code = Told { code: None, ..Told::new(Code::None, Answer::Accepted) };
    let without_answer = Told { answer: None, ..Told::new(Code::Contract, Answer::Accepted) };
    // A delegate that cannot be asked is not one that refused: the key does not step in.
    let delegate = Told { answer: None, ..Told::new(Code::Delegation(DELEGATE), Answer::Accepted) };
    for told in [without_code, without_answer, delegate] {
        for signature in [own.sign(DIGEST), other.sign(DIGEST)] {
            let refused = proved(of(&own), &signature, Eoa::CodeFirst, &told).unwrap_err();
            assert_eq!((refused.code(), refused.is_verdict()), (DOWN, false));
        }
    }
    for error in [WalletError::TooLong, WalletError::Wrapper, WalletError::Refused, SignatureError::V.into()] {
        assert!(error.is_verdict());
    }
}

#[test]
fn a_signature_is_bounded() {
    let told = Told::new(Code::Contract, Answer::Accepted);
    let account = of(&Signer::new(3));
    assert_eq!(code_of(proved(account, &[1; MAX_SIGNATURE], Eoa::WithoutRpc, &told)), "contract");
    assert_eq!(code_of(proved(account, &[1; MAX_SIGNATURE + 1], Eoa::WithoutRpc, &told)), "signature_too_long");
    assert_eq!(WalletError::TooLong.to_string(), format!("a signature has at most {MAX_SIGNATURE} bytes"));
}

#[test]
fn a_delegation_is_23_bytes() {
    let designator = [&[0xef, 0x01, 0x00], DELEGATE.as_slice()].concat();
    assert_eq!(Code::of(&designator), Code::Delegation(DELEGATE));
    assert_eq!(Code::of(&[]), Code::None);
    for other in [&designator[..22], &[designator.clone(), vec![0]].concat(), &[0xef, 0x01, 0x01], &[0x60; 23], &[0]] {
        assert_eq!(Code::of(other), Code::Contract);
    }
}

#[test]
fn code_is_looked_up_once_a_block_and_an_answer_each_time() {
    let other = Signer::new(4).sign(DIGEST);
    let account = of(&Signer::new(3));
    let mut cached = Cached::new(Told::new(Code::Contract, Answer::Accepted));
    let once = |cached: &Cached<Told>| {
        assert_eq!(code_of(now(prove(account, DIGEST, &other, Eoa::WithoutRpc, cached))), "contract");
        cached.reader().asked()
    };
    assert_eq!(once(&cached), ["head", "code at 7", "ask 65 bytes at 7"]);
    assert_eq!(once(&cached), ["head", "ask 65 bytes at 7"]);
    let mut told = Told::new(Code::Contract, Answer::Accepted);
    told.head = 8;
    cached.replace(told);
    assert_eq!(once(&cached), ["head", "code at 8", "ask 65 bytes at 8"]);
}

#[test]
fn what_failed_is_asked_again() {
    let cached = Cached::new(Told { code: None, ..Told::new(Code::None, Answer::NoCode) });
    for _ in 0..2 {
        assert_eq!(now(cached.code(FACTORY, block(1))), Err(down()));
        assert_eq!(cached.reader().asked(), ["code at 1"]);
    }
}

#[test]
fn the_oldest_look_up_is_forgotten_first() {
    let cached = Cached::new(Told::new(Code::Contract, Answer::Accepted));
    let look = |number: u64| {
        now(cached.code(FACTORY, block(number))).unwrap();
        cached.reader().asked().len()
    };
    let all = u64::try_from(REMEMBERED).unwrap();
    assert_eq!((0..all).map(look).sum::<usize>(), REMEMBERED);
    assert_eq!((0..all).map(look).sum::<usize>(), 0);
    assert_eq!((look(all), look(1), look(0), look(1)), (1, 0, 1, 1));
}

#[test]
fn a_preparation_is_handed_over_as_it_stands() {
    let read = Wrapper::of(&wrapped(FACTORY, &[1, 2], &[3])).unwrap().unwrap();
    assert_eq!(read.prepare, Prepare { to: FACTORY, data: vec![1, 2].into() });
}
