//! Who may not ask: [`denylist`], in the format that wallets use.

pub mod denylist;

pub use denylist::{Denied, Denylist, DenylistError};
