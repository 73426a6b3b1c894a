//! What an owner was shown before they signed, and the record of it.

use crate::caller::Caller;
use crate::{ApiError, App};
use alloy_primitives::{B256, keccak256};
use hallpass_session::{Consent, KeySession};
use hallpass_types::UnixSeconds;

/// The words that a signature agrees to.
#[derive(Debug, Clone)]
pub struct Agreed {
    text: String,
    page: Option<String>,
    confirmed: bool,
}

impl Agreed {
    /// The words of now; `hash` names the words that were looked at, where whoever showed them says so.
    ///
    /// # Errors
    /// 400 for what is no hash; 409 `other_words` where it names others: nothing was agreed to.
    pub fn to(text: String, hash: Option<&str>, page: Option<String>) -> Result<Self, ApiError> {
        let named = hash
            .map(|hash| hash.parse::<B256>().map_err(|_| ApiError::bad("bad_hash", "`words_hash`: 32 bytes, 0x-hex")));
        let named = named.transpose()?;
        if named.is_some_and(|named| named != keccak256(&text)) {
            let says = "what was shown is not what this server shows of the grant now";
            return Err(ApiError::conflict("other_words", says).hint("ask for the grant again, and read it again"));
        }
        Ok(Self { text, page, confirmed: named.is_some() })
    }

    /// The record, once the signature was taken.
    #[must_use]
    pub fn record(self, app: &App, caller: &Caller, session: &KeySession, at: UnixSeconds) -> Consent {
        Consent {
            grant: session.grant,
            user: caller.user(),
            account: caller.account(),
            login: caller.login.id,
            page: self.page,
            text: self.text,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            lists: app.settings.lists.hash(),
            confirmed: self.confirmed,
            at,
        }
    }
}
