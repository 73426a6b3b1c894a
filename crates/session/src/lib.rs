//! What a session is and how it lives: pure decisions, no clock, network, disk or randomness of their own.
//!
//! - [`lifecycle`]: the states every kind of session passes through, and who moved it, and why.
//! - [`login`], [`login_nonce`], [`token`]: a login session, the one-use nonce before it, and its tokens.
//! - [`refresh`]: how one refresh token follows another. [`live`]: the logins that requests are checked against.
//! - [`key`], [`grant_request`]: a key session, and the grant it stands on; [`consent`]: what its owner was shown.
//! - [`reservation`]: the budget held for one operation, from before its signature until its death at a final block.
//! - [`budget`]: what is left, and the ledger that the next operation is judged against; [`view`]: what that starts from.
//! - [`counter`]: whose number an operation uses.
//! - [`request`]: what an owner is asked beside a new grant: one call that a pass does not allow, or the pass for longer.
//! - [`audit`]: what every transition writes down; [`chain`]: each line with the hash of the one before.
//!
//! Times are Unix seconds, intervals half-open. Every transition consumes the old state; terminal states are terminal.

pub mod audit;
pub mod budget;
pub mod chain;
pub mod consent;
pub mod counter;
pub mod elsewhere;
pub mod grant_request;
pub mod key;
pub mod lifecycle;
pub mod live;
pub mod login;
pub mod login_nonce;
pub mod refresh;
pub mod request;
pub mod reservation;
pub mod token;
pub mod view;

pub use audit::{Action, AuditEvent, Origin, Subject};
pub use consent::Consent;
pub use counter::{Counter, Counters, EntryKey, FurtherLane, Lane, Nonce, Seen};
pub use elsewhere::{Elsewhere, Explained, Sequences};
pub use grant_request::{Decision, StoredGrant};
pub use key::{Installation, KeySession};
pub use lifecycle::{Actor, Lifecycle, Reason, TransitionError};
pub use live::{Checked, LiveLogin, LiveLogins};
pub use login::{Access, Binding, ContractProof, Jkt, LoginSession, Pending, Refresh};
pub use login_nonce::{LoginNonce, NonceError};
pub use refresh::{NoRefresh, RefreshKey, Refreshed};
pub use request::{Asked, How, Met, OwnerRequest, RequestError, RequestState};
pub use reservation::{
    FinalBlock, FinalView, GrantState, NonceState, Release, Reservation, ReservationState, Route, SettleError,
};
pub use token::{Token, TokenError, TokenHash, TokenKind};
pub use view::ChainView;
