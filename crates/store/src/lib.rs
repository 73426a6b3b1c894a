//! What outlives a restart: repositories behind traits, transactions, and the embedded store.
//!
//! - [`repository`]: the traits. [`Store::begin`] gives a [`Tx`], a [`Tx`] gives one repository for each kind of thing;
//!   nothing is kept until [`Tx::commit`] answers, and dropping a [`Tx`] undoes it. Every change of a session, grant or
//!   reservation takes its [`AuditEvent`](hallpass_session::AuditEvent) along, so that none can be forgotten.
//! - [`keys`]: sealing. Whatever names a person is under a key of that person's own, which deleting their data destroys.
//! - [`witness`]: how a store that was put back from a copy is noticed.
//! - [`redb`](mod@redb): the traits in one file, durable when `commit` answers.
//! - `testing` (feature `testing`): the conformance suite that every implementation runs, and a disk that loses power.
//!
//! To add a repository: a trait and an accessor in [`repository`], a file in [`redb`](mod@redb), cases in `testing`.

pub mod error;
pub mod keys;
pub mod redb;
pub mod repository;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod witness;

pub use self::redb::RedbStore;
pub use error::StoreError;
pub use keys::StoreKeys;
pub use repository::{
    Account, Accounts, AuditLine, AuditLog, Grants, Inserted, Logins, Nonces, Requests, Reservations, Sessions, Store,
    Tx, Vault,
};
pub use witness::Restored;
