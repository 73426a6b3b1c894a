//! What must not be done, each at the signer and each past it. A control row differs in one field and succeeds.

use super::forge;
use super::play::{call, one_move, pay};
use super::players::{Pass, Player};
use super::report::Report;
use super::rows::Rows;
use super::setup::{IGame, World};
use super::stolen::Stolen;
use crate::commands::wallet_error;
use crate::error::CliError;
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use hallpass_chain::contracts::IERC20;
use hallpass_chain::wallet::{DevWallet, Manners};
use hallpass_policy::eip712::{CallRule, Grant as Message};
use hallpass_server::endpoints::shapes::{ActionBody, CallBody};

/// The rules of the demo's pass.
pub const MOVE: u16 = 0;
const TRANSFER: u16 = 4;
/// The cap of the token meter, in smallest units.
const CAP: u64 = 25_000_000;

fn arguments(call: &impl SolCall) -> Vec<u8> {
    call.abi_encode().split_off(4)
}

fn transfer(to: Address, amount: u64) -> Vec<u8> {
    arguments(&IERC20::transferCall { to, amount: U256::from(amount) })
}

/// The arguments of a move.
pub fn step() -> Vec<u8> {
    arguments(&IGame::moveCall { hero: U256::from(1), direction: 1 })
}

/// Every row but expiry and revocation.
pub async fn all(world: &World, player: &Player, pass: &Pass, report: &mut Report) -> Result<(), CliError> {
    let mut stolen = Stolen::new(world, player, super::setup::ARENA, "arena", report).await?;
    let mut rows = Rows { world, player, pass, report };
    let stranger = world.thief.address();
    let single = |to: Address, value: u64, data: Vec<u8>| ActionBody::Call(call(world, to, value, data));
    let sell = IGame::sellCall { item: U256::from(7), price: U256::from(1) };

    // A function outside the grant.
    rows.at_signer("sell an item", "no_rule", single(world.game, 0, sell.abi_encode()), None).await?;
    rows.at_signer("control: move a hero", "executed", one_move(world, 1), None).await?;
    let mut altered = stolen.forge(world, MOVE, arguments(&sell)).await?;
    alter(&mut altered.message, MOVE, |rule| rule.signature = "sell(uint256,uint256)".to_owned());
    rows.past("sell, by an altered rule", "grant_unknown", altered).await?;
    let beyond = stolen.forge(world, 5, arguments(&sell)).await?;
    rows.past("sell, by a rule out of range", "no_rule", beyond).await?;
    let control = stolen.forge(world, MOVE, step()).await?;
    rows.past("control: move, by the rule as signed", "executed", control).await?;

    // Another contract.
    let other = IERC20::transferCall { to: world.shop, amount: U256::from(1) };
    rows.at_signer("pay with another contract", "no_rule", single(world.shop, 0, other.abi_encode()), None).await?;
    rows.at_signer("control: pay with the token", "executed", pay(world, 1), None).await?;
    let mut altered = stolen.forge(world, TRANSFER, transfer(world.shop, 1)).await?;
    alter(&mut altered.message, TRANSFER, |rule| rule.target = stranger);
    rows.past("another contract, by an altered rule", "grant_unknown", altered).await?;
    let beyond = stolen.forge(world, u16::MAX, transfer(world.shop, 1)).await?;
    rows.past("another contract, by a rule out of range", "no_rule", beyond).await?;
    let control = stolen.forge(world, TRANSFER, transfer(world.shop, 1)).await?;
    rows.past("control: the token, by the rule as signed", "executed", control).await?;

    // Another recipient.
    let away = IERC20::transferCall { to: stranger, amount: U256::from(1) };
    rows.at_signer("pay another recipient", "condition_failed", single(world.token, 0, away.abi_encode()), None)
        .await?;
    rows.at_signer("control: pay the shop", "executed", pay(world, 1), None).await?;
    let forged = stolen.forge(world, TRANSFER, transfer(stranger, 1)).await?;
    rows.past("pay another recipient", "condition_failed", forged).await?;
    let control = stolen.forge(world, TRANSFER, transfer(world.shop, 1)).await?;
    rows.past("control: pay the shop", "executed", control).await?;

    // Native value.
    let data = IGame::moveCall { hero: U256::from(1), direction: 1 }.abi_encode();
    rows.at_signer("move, with 1 wei", "value_over_max", single(world.game, 1, data.clone()), None).await?;
    rows.at_signer("control: move, with 0 wei", "executed", single(world.game, 0, data.clone()), None).await?;
    let mut forged = stolen.forge(world, MOVE, step()).await?;
    forged.value = 1;
    rows.past("move, with 1 wei", "value_over_max", forged).await?;
    let control = stolen.forge(world, MOVE, step()).await?;
    rows.past("control: move, with 0 wei", "executed", control).await?;

    // A used sequence.
    rows.at_signer("use sequence 0 again", "nonce_used", one_move(world, 2), Some(0)).await?;
    rows.at_signer("control: use the next sequence", "executed", one_move(world, 2), None).await?;
    let mut forged = stolen.forge(world, MOVE, step()).await?;
    let fresh = forged.sequence;
    forged.sequence = fresh - 1;
    rows.past("use a sequence again", "nonce_used", forged).await?;
    let mut control = stolen.forge(world, MOVE, step()).await?;
    control.sequence = fresh;
    rows.past("control: use the next sequence", "executed", control).await?;

    chains(&mut rows, &mut stolen).await?;
    bad_grants(&mut rows, &stolen).await?;
    caps(&mut rows, &mut stolen).await
}

/// Another chain id.
async fn chains(rows: &mut Rows<'_>, stolen: &mut Stolen) -> Result<(), CliError> {
    let world = rows.world;
    let foreign = match one_move(world, 3) {
        ActionBody::Call(body) => ActionBody::Call(CallBody { chain: "eip155:1".to_owned(), ..body }),
        batch @ ActionBody::Batch(_) => batch,
    };
    rows.at_signer("move on chain 1", "wrong_chain", foreign, None).await?;
    rows.at_signer("control: move on this chain", "executed", one_move(world, 3), None).await?;
    let mut forged = stolen.forge(world, MOVE, step()).await?;
    forged.message.chainId = 1;
    rows.past("a grant for chain 1", "wrong_chain", forged).await?;
    let mut forged = stolen.forge(world, MOVE, step()).await?;
    forged.chain = 1;
    rows.past("an operation signed for chain 1", "bad_signature", forged).await?;
    let control = stolen.forge(world, MOVE, step()).await?;
    rows.past("control: signed for this chain", "executed", control).await
}

/// Over the cap, last: its control uses the budget up.
async fn caps(rows: &mut Rows<'_>, stolen: &mut Stolen) -> Result<(), CliError> {
    let world = rows.world;
    // Three purchases and three payments of 1 have been made under the pass; three payments of 1 by the stolen key.
    let left = CAP - 3 * super::setup::PRICE - 2;
    rows.at_signer("pay 1 more than the cap leaves", "meter_exceeded", pay(world, left + 1), None).await?;
    rows.at_signer("control: pay what the cap leaves", "executed", pay(world, left), None).await?;
    let left = CAP - 2;
    let forged = stolen.forge(world, TRANSFER, transfer(world.shop, left + 1)).await?;
    rows.past("pay 1 more than the cap leaves", "meter_exceeded", forged).await?;
    let control = stolen.forge(world, TRANSFER, transfer(world.shop, left)).await?;
    rows.past("control: pay what the cap leaves", "executed", control).await
}

/// Grants that the owner signed though they are bad, refused when they are used.
async fn bad_grants(rows: &mut Rows<'_>, stolen: &Stolen) -> Result<(), CliError> {
    let (world, player) = (rows.world, rows.player);
    // A call to the account itself, at the signer.
    let freeze = hallpass_chain::contracts::IHallpass::freezeCall {}.abi_encode();
    let own = ActionBody::Call(call(world, player.account, 0, freeze));
    rows.at_signer("call the account itself", "target_forbidden", own, None).await?;
    rows.at_signer("control: call the game", "executed", one_move(world, 0), None).await?;

    let mut message = stolen.message.clone();
    message.salt = random()?.into();
    let template = message.calls.get(usize::from(MOVE)).cloned();
    let Some(template) = template else { return Ok(()) };
    // Rules 5 to 7: the account itself, its backend, and a sale whose checks are no encoding.
    let rule = |target: Address| CallRule { target, ..template.clone() };
    let sale =
        CallRule { signature: "sell(uint256,uint256)".to_owned(), checks: vec![0xff].into(), ..template.clone() };
    message.calls.extend([rule(player.account), rule(message.backend), sale]);
    forge::install(world, player, &message).await?;
    let mut bad = Stolen {
        pass: Pass { session: String::new(), grant: stolen.pass.grant.clone() },
        message,
        key: DevWallet::named(&format!("stolen {} arena", player.name), world.node.chain(), Manners::Local)
            .map_err(wallet_error)?,
        next: 0,
    };
    for (rule, action, expected) in [
        (5, "the account itself, by an owner-signed bad grant", "target_forbidden"),
        (6, "another contract, by an owner-signed bad grant", "target_forbidden"),
        (7, "sell, by an owner-signed bad grant", "bad_grant"),
        (MOVE, "control: a good rule of the same bad grant", "executed"),
    ] {
        let id = bad.message.id();
        let mut forged = bad.forge(world, rule, step()).await?;
        forged.grant = id;
        rows.past(action, expected, forged).await?;
    }
    Ok(())
}

fn random() -> Result<[u8; 16], CliError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|_| CliError::missing("no_randomness", "the operating system gave no random bytes"))?;
    Ok(bytes)
}

fn alter(message: &mut Message, rule: u16, change: impl FnOnce(&mut CallRule)) {
    if let Some(rule) = message.calls.get_mut(usize::from(rule)) {
        change(rule);
    }
}
