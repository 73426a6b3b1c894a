//! Asks contract wallets whether a signature is theirs (ERC-1271, ERC-6492): [`ContractReader`] on a node.
//!
//! The question is one `eth_call` of creation code (`contracts/offchain/SignatureQuestion.sol`): it works on any node and any
//! chain with the EVM, nothing has to be deployed for it, and a call without a receiver and a signature can never become a
//! transaction. `docs/decisions/0029` says why.

use crate::contracts::{Artifact, ArtifactError};
use crate::{Node, NodeError};
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Address, Bytes, U256, address};
use alloy_rpc_types_eth::{TransactionInput, TransactionRequest};
use alloy_sol_types::SolValue;
use hallpass_auth::wallet::reader::{Answer, Block, Code, ContractReader, Question, ReadError};
use hallpass_types::ChainId;

/// Who seems to ask: the last 20 bytes of `keccak256("hallpass.signature.question")`, of which nobody has the key. Not zero, which
/// some contracts take for a simulation and let everything pass.
pub const ASKER: Address = address!("0x4aa4a2c9fe32b1005f70aa6caae4053d2c740316");

/// Gas of a whole question: two times 3,000,000 for the account, 6,000,000 for the preparation, and what a signature of the
/// greatest length costs. Below 2^24, which is all that a transaction may have (EIP-7825).
pub const QUESTION_GAS: u64 = 15_000_000;

/// A node that is asked for what contract wallets accept.
#[derive(Debug, Clone)]
pub struct AccountReader {
    node: Node,
    creation: Bytes,
}

impl AccountReader {
    /// On `node`.
    ///
    /// # Errors
    /// [`ArtifactError`].
    pub fn new(node: Node) -> Result<Self, ArtifactError> {
        let artifact =
            Artifact::parse("SignatureQuestion", include_str!("../../../contracts/artifacts/SignatureQuestion.json"))?;
        Ok(Self { node, creation: artifact.bytecode })
    }

    /// The node.
    #[must_use]
    pub const fn node(&self) -> &Node {
        &self.node
    }
}

impl ContractReader for AccountReader {
    fn chain(&self) -> ChainId {
        self.node.chain()
    }

    async fn head(&self) -> Result<Block, ReadError> {
        let head = self.node.block(BlockNumberOrTag::Latest).await.map_err(unread)?;
        Ok(Block { number: head.number, hash: head.hash })
    }

    async fn code(&self, account: Address, block: Block) -> Result<Code, ReadError> {
        let code = self.node.code_at(account, BlockId::hash(block.hash)).await.map_err(unread)?;
        Ok(Code::of(&code))
    }

    async fn ask(&self, question: &Question<'_>, block: Block) -> Result<Answer, ReadError> {
        let request = TransactionRequest {
            from: Some(ASKER),
            gas: Some(QUESTION_GAS),
            input: TransactionInput::new([self.creation.as_ref(), &arguments(question)].concat().into()),
            ..TransactionRequest::default()
        };
        let word = self.node.run_at(request, BlockId::hash(block.hash)).await.map_err(unread)?;
        answer(&word).ok_or_else(|| unread(NodeError::Unreadable("eth_call")))
    }
}

/// The constructor's arguments.
fn arguments(question: &Question<'_>) -> Vec<u8> {
    let (to, data) = question.prepare.map_or((Address::ZERO, &[][..]), |prepare| (prepare.to, &prepare.data));
    (question.account, question.digest, question.signature, question.prepare.is_some(), to, data).abi_encode_params()
}

/// The word that the contract returns.
fn answer(word: &[u8]) -> Option<Answer> {
    let word: [u8; 32] = word.try_into().ok()?;
    match u8::try_from(U256::from_be_bytes(word)).ok()? {
        1 => Some(Answer::Accepted),
        2 => Some(Answer::AcceptedWhenPrepared),
        3 => Some(Answer::Refused),
        4 => Some(Answer::NoCode),
        5 => Some(Answer::PreparationFailed),
        _ => None,
    }
}

/// The contract never reverts: what looks like it is the node's failure.
fn unread(error: NodeError) -> ReadError {
    let code = match error {
        NodeError::Reverts { .. } => "node_refused",
        _ => error.code(),
    };
    ReadError { code, says: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::keccak256;

    #[test]
    fn nobody_has_the_asker_s_key() {
        assert_eq!(ASKER, Address::from_word(keccak256("hallpass.signature.question")));
    }

    #[test]
    fn only_the_five_words_are_answers() {
        let word = |n: u64| U256::from(n).to_be_bytes::<32>();
        assert_eq!(answer(&word(1)), Some(Answer::Accepted));
        assert_eq!(answer(&word(2)), Some(Answer::AcceptedWhenPrepared));
        assert_eq!(answer(&word(3)), Some(Answer::Refused));
        assert_eq!(answer(&word(4)), Some(Answer::NoCode));
        assert_eq!(answer(&word(5)), Some(Answer::PreparationFailed));
        for other in [0, 6, 257, u64::MAX] {
            assert_eq!(answer(&word(other)), None);
        }
        assert_eq!(answer(&U256::from(1).to_le_bytes::<32>()), None);
        for short in [&[][..], &[1], &[0; 31], &[&word(1)[..], &[0]].concat()] {
            assert_eq!(answer(short), None);
        }
    }
}
