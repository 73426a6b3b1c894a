//! What a grant says, and whether an action is inside it.
//!
//! Pure: no clock, network, disk or randomness. The same input gives the same answer natively, in WebAssembly and,
//! through contracts written apart from this crate, on chain. In the order in which a grant passes through:
//!
//! - [`text`] and [`json`]: the forms people and tools write, both into a [`Draft`], both printed back.
//! - [`draft`]: a grant that may still lack what is known only when it is handed out.
//! - [`grant`]: the complete [`Grant`], its encodings, and what makes a grant a bad one.
//! - [`eip712`]: what is signed; [`typed_data`]: the same as wallets take it.
//! - [`eval`]: the decision, from a grant, a [`Ledger`] and an action to a [`Signable`] or a denial.
//! - [`words`]: the grant in plain words; [`lists`]: the operator's own names for contracts.
//! - [`gallery`]: grants to begin with.
//! - [`lint`]: what is legal in a grant, but unwise; [`diff`]: what it adds and removes against an older one.
//! - [`pinned`]: the narrowest grant that allows one call.
//! - [`message`]: typed messages (EIP-712); [`transaction`]: plain transactions; [`userop`]: user operations (ERC-4337).
//! - [`abi`], [`forbidden`], [`known`], [`labels`], [`ledger`]: what these are written in.

pub mod abi;
pub mod diff;
pub mod draft;
pub mod eip712;
pub mod eval;
pub mod forbidden;
pub mod gallery;
pub mod grant;
pub mod json;
pub mod known;
pub mod labels;
pub mod ledger;
pub mod lint;
pub mod lists;
pub mod message;
pub mod pinned;
pub mod text;
pub mod transaction;
pub mod typed_data;
pub mod userop;
pub mod words;

pub use draft::{Draft, Fill};
pub use eval::{
    Action, At, Authorised, Authority, Batch, Call, Code, Denial, Facts, Op, OpBounds, Policy, Signable, Verdict,
    authorise, judge,
};
pub use grant::Grant;
pub use ledger::{Cost, LaneUsed, Ledger, Spent, Status};
pub use userop::{EntryPoint, Paymaster, UserOp, UserOpBounds, UserOpGas};
