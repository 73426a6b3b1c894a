//! Contract wallets are asked again: at each refresh, and before their last answer is too old.

use super::Logins;
use crate::ApiError;
use hallpass_session::{Action, Actor, ContractProof, LoginSession, Reason, Token};
use hallpass_types::{AccountId, SessionId, UnixSeconds};
use std::sync::Arc;

/// A contract wallet's proof, as it stands in the store.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The login.
    pub id: SessionId,
    /// Who is asked.
    pub account: AccountId,
    /// What.
    pub proof: ContractProof,
}

impl Asked {
    fn of(login: LoginSession) -> Option<Self> {
        Some(Self { id: login.id, account: login.account, proof: login.contract? })
    }
}

impl Logins {
    /// The contract wallet behind a refresh token, where whoever proved the key with thumbprint `jkt` may use that.
    ///
    /// # Errors
    /// As the store.
    pub async fn behind(&self, token: &Token, jkt: Option<[u8; 32]>) -> Result<Option<Asked>, ApiError> {
        let found = self.store.read().await?.logins().find_by_token(&token.hash()).await?;
        let may =
            |login: &LoginSession| !login.lifecycle.is_terminal() && login.binding.jkt().map(|bound| bound.0) == jkt;
        Ok(found.filter(may).and_then(Asked::of))
    }

    /// Those that are to be asked again now.
    ///
    /// # Errors
    /// As the store.
    pub async fn to_be_asked(&self) -> Result<Vec<Asked>, ApiError> {
        let due = self.read()?.due_contracts(self.now());
        let mut tx = self.store.read().await?;
        let mut all = Vec::with_capacity(due.len());
        for id in due {
            let found = tx.logins().find(id).await?;
            all.extend(found.filter(|login| !login.lifecycle.is_terminal()).and_then(Asked::of));
        }
        Ok(all)
    }

    /// What the wallet answered to a question that was put at `at`: it accepts, and the login goes on; or not, and it ends.
    /// Nothing where its wallet has proved itself otherwise meanwhile.
    ///
    /// # Errors
    /// As the store.
    pub async fn answered(self: &Arc<Self>, asked: Asked, at: UnixSeconds, accepts: bool) -> Result<(), ApiError> {
        let logins = Arc::clone(self);
        self.change(move |work| {
            Box::pin(async move {
                let Some(login) = logins.live(work, asked.id).await? else { return Ok(()) };
                let same = login.contract.as_ref().is_some_and(|c| {
                    c.digest == asked.proof.digest && c.signature == asked.proof.signature
                });
                if !same {
                    return Ok(());
                }
                if accepts {
                    return work.note(login.proved_again(at)).await;
                }
                tracing::warn!(login = %login.id, "a contract wallet no longer accepts what proved a login: it is ended");
                let ended = login.revoke(work.now, Reason::WalletRefused, Actor::Server)?;
                work.save(ended, Action::Revoked, Actor::Server, Some(Reason::WalletRefused)).await
            })
        })
        .await
    }
}
