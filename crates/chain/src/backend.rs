//! What every backend implements: it compiles a grant for its chain contracts, and says what of it they hold.
//!
//! - this file: the trait, and what a grant goes through on a chain.
//! - [`card`]: the report card: what is held exactly, what more strictly, what not at all, what by the signer alone.
//!   [`authoriser`]: which wallets can authorise it.
//! - [`steps`]: what is signed and what is sent, as values. [`typed`]: the same as wallets take it.
//! - [`signer_only`]: the backend of plain accounts, venues and app actions, which holds nothing on any chain.
//!
//! A backend is one module; the others are [`crate::hallpass::backend`], [`crate::hallpass::module`] and [`crate::erc7710`].
//! A backend knows no node: what it needs of a chain it asks for as [`Need`]s and is given as bytes.
//!
//! A backend is never looser than the grant: whatever its contracts let a session key do, `hallpass_policy::Policy` allows.

pub mod authoriser;
pub mod card;
pub mod signer_only;
pub mod steps;
pub mod typed;

use alloy_primitives::{Address, Bytes};
use core::fmt;
use hallpass_policy::labels::Labels;
use hallpass_policy::{Authorised, Batch, Grant};

pub use card::{Answer, Authoriser, Card, Enforced, Finding, Kind, RuleCard};
pub use steps::{Ender, Line, Need, NotReady, Party, Reading, Ready, Refusal, Sent, Step, ToSign, Unreadable};

/// A way to have a grant enforced.
///
/// Object-safe, and without I/O: every answer is a function of its arguments.
pub trait Backend: fmt::Debug + Send + Sync {
    /// Its name, such as `hallpass:7702`.
    fn name(&self) -> &'static str;

    /// What `Grant.backend` must be: the contract that enforces, or zero where none does.
    fn contract(&self) -> Address;

    /// The code that the account's key delegates to by EIP-7702, where the backend wants that.
    fn delegates_to(&self) -> Option<Address>;

    /// Which wallets can authorise a grant here.
    fn authorisers(&self) -> &'static [Authoriser];

    /// What the backend makes of each rule and of the grant as a whole. It answers for any well-formed grant.
    fn compile(&self, grant: &Grant) -> Card;

    /// What [`Backend::ready`] has to be told, in the order of its `found`.
    fn needs(&self, grant: &Grant) -> Vec<Need>;

    /// Judges the contracts and the account as they stand on the chain: `found` answers [`Backend::needs`], one by one.
    ///
    /// # Errors
    /// [`NotReady`] where something else stands there, or an answer is missing or cannot be read.
    fn ready(&self, grant: &Grant, found: &[Bytes]) -> Result<Ready, NotReady>;

    /// Calls that the account itself has to make before the install step, as far as `found`, which answers
    /// [`Backend::needs`], does not show that it made them. `found` may be empty: then all that it can take.
    fn prepare(&self, grant: &Grant, found: &[Bytes]) -> Vec<Sent> {
        let (_, _) = (grant, found);
        Vec::new()
    }

    /// What has to be signed for a step of `grant`, in order.
    ///
    /// # Errors
    /// [`Refusal`], naming each rule that the backend cannot hold, before anything is signed.
    fn to_sign(&self, grant: &Grant, step: &Step<'_>) -> Result<Vec<ToSign>, Refusal>;

    /// What has to be sent for a step: `signatures` are over [`Backend::to_sign`], in its order.
    ///
    /// # Errors
    /// As [`Backend::to_sign`]; [`Refusal::Signatures`] where their number is another.
    fn calls(&self, grant: &Grant, step: &Step<'_>, signatures: &[Bytes]) -> Result<Vec<Sent>, Refusal>;

    /// What the session key has to sign for an operation that the policy has allowed, when `caller` sends it.
    ///
    /// # Errors
    /// [`Refusal`]: a grant that the backend cannot hold, an operation of another grant, a caller who may not send it.
    fn op_to_sign(&self, grant: &Grant, op: &Authorised, caller: Address) -> Result<Vec<ToSign>, Refusal>;

    /// What has to be sent for it: `install` are the owner's signatures over the install step, `signatures` the session
    /// key's over [`Backend::op_to_sign`].
    ///
    /// # Errors
    /// As [`Backend::op_to_sign`]; [`Refusal::Signatures`].
    fn op_calls(
        &self,
        grant: &Grant,
        op: &Authorised,
        caller: Address,
        install: &[Bytes],
        signatures: &[Bytes],
    ) -> Result<Vec<Sent>, Refusal>;

    /// Reads the grant back from what the owner is asked to sign, so that the text which the owner reads comes from those
    /// bytes: the grant itself, and one line for each thing beside it that says what it lets happen.
    ///
    /// # Errors
    /// [`Unreadable`] for anything that this backend would not ask to have signed for that very grant.
    fn read_grant(&self, signed: &[ToSign], labels: &Labels) -> Result<Reading, Unreadable>;

    /// Reads the actions back from what would be sent for an operation.
    ///
    /// # Errors
    /// [`Unreadable`] for what is no operation of `grant` in its one form.
    fn read_calls(&self, grant: &Grant, sent: &[Sent]) -> Result<Batch, Unreadable>;
}
