//! Operations made past the signer, with a session key that is held outside the vault.

use super::players::Player;
use super::setup::World;
use crate::commands::serve::node_error;
use crate::commands::wallet_error;
use crate::error::CliError;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, Uint};
use alloy_sol_types::SolCall;
use hallpass_chain::NodeError;
use hallpass_chain::contracts::IHallpass;
use hallpass_chain::hallpass::wire::{self, Opening};
use hallpass_chain::wallet::DevWallet;
use hallpass_policy::eip712::{Grant as Message, SessionOp};
use hallpass_policy::eval::push_call;

/// Gas for what is expected to revert.
const GAS: u64 = 600_000;

/// An operation as a thief with the session key would make it.
pub struct Forged<'a> {
    /// The grant as the wire opens it.
    pub message: Message,
    /// The grant that the operation names.
    pub grant: B256,
    /// The rule that it names.
    pub rule: u16,
    /// The sequence.
    pub sequence: u64,
    /// Wei.
    pub value: u64,
    /// The call's arguments, without selector.
    pub arguments: Vec<u8>,
    /// From (inclusive) and until (exclusive).
    pub valid: (u64, u64),
    /// The chain that the signature is for.
    pub chain: u64,
    /// The session key.
    pub key: &'a DevWallet,
}

/// What the chain said, and the gas of the transaction that was sent all the same.
pub struct Answer {
    /// `executed`, or the custom error's code.
    pub said: String,
    /// Gas units.
    pub gas: u64,
}

impl Forged<'_> {
    /// The calldata of `execute`.
    fn calldata(&self, world: &World, player: &Player) -> Result<Bytes, CliError> {
        let mut calls = Vec::new();
        push_call(self.rule, 0, U256::from(self.value), &self.arguments, &mut calls)
            .ok_or_else(|| CliError::input("too_long", "the arguments are too long"))?;
        let op = SessionOp {
            grant: self.grant,
            nonce: U256::from(self.sequence),
            validFrom: Uint::from(self.valid.0),
            validUntil: Uint::from(self.valid.1),
            relayer: Address::ZERO,
            maxFee: Uint::ZERO,
            calls: calls.into(),
        };
        let signature = self.key.sign(op.digest(self.chain, player.account)).map_err(wallet_error)?;
        let known = self.message.calls.len();
        let rules = if usize::from(self.rule) < known { vec![self.rule] } else { Vec::new() };
        let meters = (0..u16::try_from(self.message.meters.len()).unwrap_or(0)).collect();
        let opening = Opening { rules, meters, caller: world.thief.address() };
        let wire = wire::message(&self.message, &op, &opening, &signature);
        Ok(IHallpass::executeCall { wire: wire.into() }.abi_encode().into())
    }

    /// Asks the chain, and sends the transaction whatever it said.
    pub async fn send(&self, world: &World, player: &Player) -> Result<Answer, CliError> {
        let data = self.calldata(world, player)?;
        let simulated = world.node.simulate(world.thief.address(), player.account, data.clone()).await;
        let said = match simulated {
            Ok(_) => "executed".to_owned(),
            Err(NodeError::Reverts { code, .. }) => code.to_owned(),
            Err(other) => return Err(node_error(&other)),
        };
        let receipt = world.send(&world.thief, TxKind::Call(player.account), data, Some(GAS)).await?;
        // The word counts only where the transaction bears it out.
        let agrees = receipt.success == (said == "executed");
        Ok(Answer {
            said: if agrees { said } else { format!("{said}, yet success is {}", receipt.success) },
            gas: receipt.gas_used,
        })
    }
}

/// Installs a grant that the server would never ask for: signed by the owner all the same, and sent by the thief.
pub async fn install(world: &World, player: &Player, message: &Message) -> Result<(), CliError> {
    let domain = hallpass_policy::eip712::domain(message.chainId, message.backend);
    let signature = player.wallet.sign_typed(&domain, message).map_err(wallet_error)?;
    let call = IHallpass::installCall { grant: wire::install_message(message).into(), signature };
    let receipt = world.send(&world.thief, TxKind::Call(player.account), call.abi_encode().into(), None).await?;
    if receipt.success { Ok(()) } else { Err(CliError::refused("reverted", "the bad grant could not be installed")) }
}
