//! MetaMask's Delegation Framework 1.3 (ERC-7710): each call rule of a grant as a delegation that the owner signs.
//!
//! - [`abi`]: what its contracts take, and the EIP-712 types that are signed.
//! - [`contracts`]: where they stand on every chain, and what code must stand there.
//! - [`caveat`]: single caveats: to bytes, back, and in words.
//! - [`rule`]: a call rule as caveats; [`whole`]: what belongs to no rule. [`pins`]: words of calldata that are pinned. `caps`: its
//!   meters.
//! - [`delegation`]: the delegations of a grant; [`redeem`]: an operation as what redeems them, and read back.
//! - [`backend`]: all of it as a [`crate::backend::Backend`].
//!
//! What is never looser here and easily would be: the account's native coin beside an ERC-20 caveat (its enforcer ignores the
//! value), bytes behind the arguments and dirty addresses (no enforcer decodes calldata), and counters of one meter in two
//! delegations (each has its own). So each delegation pins the value, the whole calldata or the length and the padding of a
//! `transfer`, and a meter that two rules share is refused.

pub mod abi;
pub mod backend;
mod caps;
pub mod caveat;
pub mod contracts;
pub mod delegation;
pub mod pins;
pub mod redeem;
pub mod rule;
pub mod whole;

pub use backend::Erc7710;
