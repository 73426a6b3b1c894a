//! Why a store refused or failed.

use std::error::Error;

/// Why a store refused or failed. No variant shows what a row holds.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another instance has the store open.
    #[error("the store is open in another process; stop that one first")]
    Locked,
    /// The keys have not been handed in.
    #[error("the store is sealed; unseal the vault first")]
    Sealed,
    /// The keys are not the ones this store was made with.
    #[error("these are not the keys that this store was made with")]
    WrongKeys,
    /// A write in a transaction that only reads.
    #[error("this transaction only reads")]
    ReadOnly,
    /// The file was written by another version, or is no Hallpass store.
    #[error("the store has format `{found}`, and this version reads format `{expected}`")]
    UnknownFormat {
        /// What the file says; `none` where it says nothing.
        found: String,
        /// What this version reads.
        expected: u32,
    },
    /// A row that cannot be read. The row is named, its content is not.
    #[error("the row `{key}` of table `{table}` is corrupt")]
    CorruptRow {
        /// The table.
        table: &'static str,
        /// The row's key, in hex.
        key: String,
    },
    /// The row belongs to someone whose data was deleted.
    #[error("the owner's data was deleted")]
    DataDeleted,
    /// Something with this key is there already.
    #[error("the table `{table}` already has this row")]
    AlreadyExists {
        /// The table.
        table: &'static str,
    },
    /// A change of something that is not there.
    #[error("the table `{table}` has no such row")]
    Missing {
        /// The table.
        table: &'static str,
    },
    /// A change that the stored state does not allow: it was made from an older one.
    #[error("the stored state has moved on; read it again in the same transaction")]
    Stale,
    /// An idempotency key that was used for another request.
    #[error("this idempotency key was used for another request; take a new one")]
    OtherRequest,
    /// Deletion of data while sessions live or signed operations could still execute.
    #[error("sessions or signed operations are still live; end them and let them settle first")]
    StillLive,
    /// An audit event that does not tell of the change it came with.
    #[error("the audit event tells of something else than the change")]
    AuditMismatch,
    /// The operating system gave no randomness.
    #[error("no random bytes; refused to store anything sealed")]
    NoRandomness,
    /// The database or the disk failed. What an unanswered `commit` did is known after reopening.
    #[error("the store failed")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Locked => "store_locked",
            Self::Sealed => "store_sealed",
            Self::WrongKeys => "wrong_store_keys",
            Self::ReadOnly => "read_only",
            Self::UnknownFormat { .. } => "unknown_format",
            Self::CorruptRow { .. } => "corrupt_row",
            Self::DataDeleted => "data_deleted",
            Self::AlreadyExists { .. } => "already_exists",
            Self::Missing { .. } => "no_such_row",
            Self::Stale => "stale_write",
            Self::OtherRequest => "idempotency_conflict",
            Self::StillLive => "still_live",
            Self::AuditMismatch => "audit_mismatch",
            Self::NoRandomness => "no_randomness",
            Self::Failed(_) => "store_failed",
        }
    }

    /// A failure below the store.
    pub fn failed(source: impl Error + Send + Sync + 'static) -> Self {
        Self::Failed(Box::new(source))
    }
}
