//! What the fuzz targets share. Each target states in its first lines what must hold; `README.md` lists them.
//!
//! - [`feed`]: values from the fuzzer's bytes. [`abi`]: an ABI encoder and a lenient decoder that know nothing of ours.
//! - [`checks`]: a reader of `checks` bytes by `spec/encoding.md`. [`drafts`]: what must hold of any draft that was read.
//! - [`grants`]: the fixed grants. [`case`](mod@case): actions about a grant. [`judged`]: both evaluators on one case.
//! - [`planted`]: the negative control.

#![forbid(unsafe_code)]

pub mod abi;
pub mod case;
pub mod checks;
pub mod drafts;
pub mod feed;
pub mod grants;
pub mod judged;
pub mod planted;

pub use feed::Feed;
pub use planted::planted;
