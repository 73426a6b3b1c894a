//! The table of known functions.

use super::{Does, Known, Places, Spends};
use crate::abi::EVERY;

const NOWHERE: Places = Places { recipient: None, amount: None, single: false, gives: None };

const fn moves(signature: &'static str, recipient: &'static [u16], amount: &'static [u16]) -> Known {
    let places = Places { recipient: Some(recipient), amount: Some(amount), ..NOWHERE };
    Known { signature, does: Does::Moves, places, spends: None }
}

/// Destroys some: nobody receives them.
const fn burns(signature: &'static str, amount: &'static [u16]) -> Known {
    let places = Places { amount: Some(amount), ..NOWHERE };
    Known { signature, does: Does::Moves, places, spends: None }
}

/// Moves all there are: no argument says how much.
const fn empties(signature: &'static str, recipient: &'static [u16]) -> Known {
    Known { signature, does: Does::Moves, places: Places { recipient: Some(recipient), ..NOWHERE }, spends: None }
}

const fn approves(signature: &'static str, recipient: &'static [u16], amount: &'static [u16]) -> Known {
    Known { does: Does::Approves, ..moves(signature, recipient, amount) }
}

/// An allowance that a bool gives or takes back.
const fn allows(signature: &'static str, recipient: &'static [u16], gives: u16) -> Known {
    let places = Places { recipient: Some(recipient), gives: Some(gives), ..NOWHERE };
    Known { signature, does: Does::Approves, places, spends: None }
}

const fn all(signature: &'static str, recipient: &'static [u16], gives: Option<u16>) -> Known {
    let places = Places { recipient: Some(recipient), gives, ..NOWHERE };
    Known { signature, does: Does::ApprovesAll, places, spends: None }
}

/// The number is that of one thing, not how much.
const fn single(known: Known) -> Known {
    Known { places: Places { single: true, ..known.places }, ..known }
}

const fn counted(known: Known, amount: u16, owner: Option<u16>, token: Option<u16>) -> Known {
    Known { spends: Some(Spends { amount, owner, token }), ..known }
}

/// Every known function. What a token meter counts is what S1 of `spec/policy.md` lists, and nothing else.
pub const KNOWN: [Known; 78] = [
    // ERC-20 and its usual extensions.
    counted(moves("transfer(address,uint256)", &[0], &[1]), 1, None, None),
    counted(approves("approve(address,uint256)", &[0], &[1]), 1, None, None),
    counted(approves("increaseAllowance(address,uint256)", &[0], &[1]), 1, None, None),
    counted(moves("transferFrom(address,address,uint256)", &[1], &[2]), 2, Some(0), None),
    approves("increaseApproval(address,uint256)", &[0], &[1]),
    burns("burn(uint256)", &[0]),
    burns("burnFrom(address,uint256)", &[1]),
    // ERC-677, ERC-1363.
    moves("transferAndCall(address,uint256)", &[0], &[1]),
    moves("transferAndCall(address,uint256,bytes)", &[0], &[1]),
    moves("transferFromAndCall(address,address,uint256)", &[1], &[2]),
    moves("transferFromAndCall(address,address,uint256,bytes)", &[1], &[2]),
    approves("approveAndCall(address,uint256)", &[0], &[1]),
    approves("approveAndCall(address,uint256,bytes)", &[0], &[1]),
    // Permits: ERC-2612, with its signature as bytes too, and DAI's.
    counted(approves("permit(address,address,uint256,uint256,uint8,bytes32,bytes32)", &[1], &[2]), 2, Some(0), None),
    approves("permit(address,address,uint256,uint256,bytes)", &[1], &[2]),
    allows("permit(address,address,uint256,uint256,bool,uint8,bytes32,bytes32)", &[1], 4),
    moves("transferWithPermit(address,address,uint256,uint256,uint8,bytes32,bytes32)", &[1], &[2]),
    // ERC-3009.
    moves(
        "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
        &[1],
        &[2],
    ),
    moves("transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)", &[1], &[2]),
    moves(
        "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
        &[1],
        &[2],
    ),
    moves("receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)", &[1], &[2]),
    // DAI's aliases, and the Vat's own `move` and `hope`.
    moves("push(address,uint256)", &[0], &[1]),
    moves("move(address,address,uint256)", &[1], &[2]),
    all("hope(address)", &[0], None),
    // ERC-777.
    moves("send(address,uint256,bytes)", &[0], &[1]),
    moves("operatorSend(address,address,uint256,bytes,bytes)", &[1], &[2]),
    burns("burn(uint256,bytes)", &[0]),
    burns("operatorBurn(address,uint256,bytes,bytes)", &[1]),
    all("authorizeOperator(address)", &[0], None),
    // ERC-721, with its permits and batches; CryptoPunks.
    single(moves("safeTransferFrom(address,address,uint256)", &[1], &[2])),
    single(moves("safeTransferFrom(address,address,uint256,bytes)", &[1], &[2])),
    single(moves("batchTransferFrom(address,address,uint256[])", &[1], &[2, EVERY])),
    single(moves("safeBatchTransferFrom(address,address,uint256[])", &[1], &[2, EVERY])),
    single(moves("safeBatchTransferFrom(address,address,uint256[],bytes)", &[1], &[2, EVERY])),
    single(approves("permit(address,uint256,uint256,bytes)", &[0], &[1])),
    single(approves("permit(address,uint256,uint256,uint8,bytes32,bytes32)", &[0], &[1])),
    single(approves("permit(address,uint256,uint256,uint256,bytes)", &[0], &[1])),
    all("permitForAll(address,address,bool,uint256,uint256,bytes)", &[1], Some(2)),
    all("setApprovalForAll(address,bool)", &[0], Some(1)),
    single(moves("transferPunk(address,uint256)", &[0], &[1])),
    single(approves("offerPunkForSaleToAddress(uint256,uint256,address)", &[2], &[0])),
    // ERC-1155.
    moves("safeTransferFrom(address,address,uint256,uint256,bytes)", &[1], &[3]),
    moves("safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)", &[1], &[3, EVERY]),
    burns("burn(address,uint256,uint256)", &[2]),
    burns("burnBatch(address,uint256[],uint256[])", &[2, EVERY]),
    // ERC-6909.
    moves("transfer(address,uint256,uint256)", &[0], &[2]),
    moves("transferFrom(address,address,uint256,uint256)", &[1], &[3]),
    approves("approve(address,uint256,uint256)", &[0], &[2]),
    all("setOperator(address,bool)", &[0], Some(1)),
    // ERC-4626, which takes assets of the account's, too; wrappers of other tokens.
    moves("deposit(uint256,address)", &[1], &[0]),
    moves("mint(uint256,address)", &[1], &[0]),
    moves("withdraw(uint256,address,address)", &[1], &[0]),
    moves("redeem(uint256,address,address)", &[1], &[0]),
    moves("depositFor(address,uint256)", &[0], &[1]),
    moves("withdrawTo(address,uint256)", &[0], &[1]),
    // Tokens whose amounts change by themselves: stETH, aTokens and their debts, AMPL.
    moves("transferShares(address,uint256)", &[0], &[1]),
    moves("transferSharesFrom(address,address,uint256)", &[1], &[2]),
    approves("approveDelegation(address,uint256)", &[0], &[1]),
    approves("delegationWithSig(address,address,uint256,uint256,uint8,bytes32,bytes32)", &[1], &[2]),
    moves("withdraw(address,uint256,address)", &[2], &[1]),
    empties("transferAll(address)", &[0]),
    empties("transferAllFrom(address,address)", &[1]),
    // What the account has inside Compound III, Morpho and Balancer.
    moves("transferAsset(address,address,uint256)", &[0], &[2]),
    moves("transferAssetFrom(address,address,address,uint256)", &[1], &[3]),
    moves("withdrawTo(address,address,uint256)", &[0], &[2]),
    moves("withdrawFrom(address,address,address,uint256)", &[1], &[3]),
    all("allow(address,bool)", &[0], Some(1)),
    all("setAuthorization(address,bool)", &[0], Some(1)),
    all("setRelayerApproval(address,address,bool)", &[1], Some(2)),
    // Permit2.
    counted(approves("approve(address,address,uint160,uint48)", &[1], &[2]), 2, None, Some(0)),
    counted(moves("transferFrom(address,address,uint160,address)", &[1], &[2]), 2, Some(0), Some(3)),
    moves("transferFrom((address,address,uint160,address)[])", &[0, EVERY, 1], &[0, EVERY, 2]),
    approves("permit(address,((address,uint160,uint48,uint48),address,uint256),bytes)", &[1, 1], &[1, 0, 1]),
    approves("permit(address,((address,uint160,uint48,uint48)[],address,uint256),bytes)", &[1, 1], &[1, 0, EVERY, 1]),
    moves("permitTransferFrom(((address,uint256),uint256,uint256),(address,uint256),address,bytes)", &[1, 0], &[1, 1]),
    moves(
        "permitTransferFrom(((address,uint256)[],uint256,uint256),(address,uint256)[],address,bytes)",
        &[1, EVERY, 0],
        &[1, EVERY, 1],
    ),
    moves(
        "permitWitnessTransferFrom(((address,uint256),uint256,uint256),(address,uint256),address,bytes32,string,bytes)",
        &[1, 0],
        &[1, 1],
    ),
    moves(
        "permitWitnessTransferFrom(((address,uint256)[],uint256,uint256),(address,uint256)[],address,bytes32,string,bytes)",
        &[1, EVERY, 0],
        &[1, EVERY, 1],
    ),
];

/// Functions of tokens and of Permit2 that neither give nor promise anything of the account's to anybody else: they read, lower an
/// allowance, take back what was given, or wrap and unwrap for the caller itself.
pub const HARMLESS: [&str; 24] = [
    "name()",
    "symbol()",
    "decimals()",
    "totalSupply()",
    "balanceOf(address)",
    "balanceOf(address,uint256)",
    "allowance(address,address)",
    "ownerOf(uint256)",
    "getApproved(uint256)",
    "isApprovedForAll(address,address)",
    "nonces(address)",
    "decreaseAllowance(address,uint256)",
    "decreaseApproval(address,uint256)",
    "revokeOperator(address)",
    "nope(address)",
    "cancelAuthorization(address,bytes32)",
    "cancelAuthorization(address,bytes32,bytes)",
    "cancelAuthorization(address,bytes32,uint8,bytes32,bytes32)",
    "lockdown((address,address)[])",
    "invalidateNonces(address,address,uint48)",
    "invalidateUnorderedNonces(uint256,uint256)",
    "increaseNonce()",
    "deposit()",
    "withdraw(uint256)",
];
