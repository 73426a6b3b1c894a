//! Where a known token function says who receives, and how much.

use crate::grant::Path;

/// The places of a known function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    /// Whom it favours; nobody for a function that burns, or gives back to the account itself.
    pub recipient: Option<&'static [u16]>,
    /// How much, or which one of a collection; none where it is all or nothing.
    pub amount: Option<&'static [u16]>,
    /// Whether the amount is which one of a collection, and not how much.
    pub single: bool,
    /// The place of a bool that gives (true) or takes back (false).
    pub gives: Option<u16>,
}

impl Places {
    /// The recipient's place.
    #[must_use]
    pub fn recipient(&self) -> Option<Path> {
        self.recipient.map(|path| Path(path.to_vec()))
    }

    /// The amount's place.
    #[must_use]
    pub fn amount(&self) -> Option<Path> {
        self.amount.map(|path| Path(path.to_vec()))
    }
}
