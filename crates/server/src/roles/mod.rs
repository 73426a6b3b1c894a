//! Roles of accounts: by the operator's lists, or by what they hold. A decision names its evidence.
//!
//! - this file: what a role is, and what is decided. [`read`]: what a chain says. [`Roles`]: what was decided a moment ago.
//! - [`asked`]: roles that somebody must have.

pub mod asked;
mod read;

use crate::{ApiError, App};
use alloy_primitives::{Address, U256};
use hallpass_types::{AccountId, UnixSeconds};
use read::Newest;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;
use utoipa::ToSchema;

/// What gives a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The role: 1 to 64 lower-case letters, digits, `-` or `_`.
    pub role: String,
    /// Who has it.
    pub source: Source,
}

/// Who has a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The accounts that the operator lists.
    Listed(BTreeSet<AccountId>),
    /// Whoever holds enough of a token.
    Holds {
        /// Of what.
        token: Token,
        /// In smallest units, inclusive; at least 1.
        at_least: U256,
    },
}

/// A token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// An amount of ERC-20.
    Erc20(Address),
    /// Any of an ERC-721 collection.
    Erc721(Address),
    /// One kind of ERC-1155.
    Erc1155(Address, U256),
}

/// Whether an account has a role, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Decision {
    /// The role.
    pub role: String,
    /// Whether the account has it.
    pub granted: bool,
    /// What that was decided by: of several rules for the role the first that gives it, else the last.
    pub evidence: Evidence,
}

/// What a decision was made by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum Evidence {
    /// The operator's list has the account, or not.
    Listed,
    /// What the account holds, at a block.
    Holds {
        /// The token's contract.
        token: String,
        /// The kind of it, for ERC-1155.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// What it holds, a decimal string.
        balance: String,
        /// What is asked, likewise; inclusive.
        at_least: String,
        /// The block's number.
        block: u64,
        /// When that was read, Unix seconds.
        read_at: u64,
    },
    /// It could not be read, so nobody has it by this.
    Unread {
        /// The stable code.
        code: String,
        /// When that was tried, Unix seconds.
        read_at: u64,
    },
}

/// How many decisions are remembered; with all of them taken, all are forgotten.
const REMEMBERED: usize = 10_000;

/// What was decided by reading a chain, and until when that stands.
#[derive(Debug, Default)]
pub struct Roles(Mutex<HashMap<(AccountId, usize), (UnixSeconds, Decision)>>);

impl Roles {
    /// What was decided of an account by the rule of that number, where it still stands.
    fn known(&self, key: &(AccountId, usize), now: UnixSeconds) -> Result<Option<Decision>, ApiError> {
        let known = self.0.lock().map_err(|_| ApiError::internal("lock", "a lock is poisoned"))?;
        Ok(known.get(key).filter(|(until, _)| now < *until).map(|(_, decision)| decision.clone()))
    }

    fn remember(&self, key: (AccountId, usize), until: UnixSeconds, decision: &Decision) -> Result<(), ApiError> {
        let mut known = self.0.lock().map_err(|_| ApiError::internal("lock", "a lock is poisoned"))?;
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(key, (until, decision.clone()));
        Ok(())
    }
}

/// Every role that is configured, in the order of their first rules, and whether `account` has it.
///
/// # Errors
/// 500 alone; what cannot be read gives no role.
pub async fn of(app: &App, account: AccountId) -> Result<Vec<Decision>, ApiError> {
    let (mut decisions, mut newest) = (Vec::<Decision>::new(), Newest::of(app));
    for (number, rule) in app.settings.roles.iter().enumerate() {
        let place = decisions.iter().position(|known| known.role == rule.role);
        if place.and_then(|at| decisions.get(at)).is_some_and(|known| known.granted) {
            continue;
        }
        let decision = decide(&mut newest, app, account, number, rule).await?;
        match place.and_then(|at| decisions.get_mut(at)) {
            Some(known) => *known = decision,
            None => decisions.push(decision),
        }
    }
    Ok(decisions)
}

/// The names of the roles that `account` has.
///
/// # Errors
/// As [`of`].
pub async fn names(app: &App, account: AccountId) -> Result<Vec<String>, ApiError> {
    Ok(held(&of(app, account).await?).map(str::to_owned).collect())
}

/// The names of those that were granted, in their order.
pub fn held(decisions: &[Decision]) -> impl Iterator<Item = &str> {
    decisions.iter().filter(|decision| decision.granted).map(|decision| decision.role.as_str())
}

async fn decide(
    newest: &mut Newest<'_>,
    app: &App,
    account: AccountId,
    number: usize,
    rule: &Rule,
) -> Result<Decision, ApiError> {
    let decision = |granted, evidence| Decision { role: rule.role.clone(), granted, evidence };
    let (token, at_least) = match &rule.source {
        Source::Listed(accounts) => return Ok(decision(accounts.contains(&account), Evidence::Listed)),
        Source::Holds { token, at_least } => (*token, *at_least),
    };
    let (key, now) = ((account, number), app.clock.now());
    if let Some(known) = app.roles.known(&key, now)? {
        return Ok(known);
    }
    let read_at = now.get();
    match newest.balance(account, token).await {
        // Not remembered: it is tried again at the next question.
        Err(code) => Ok(decision(false, Evidence::Unread { code: code.to_owned(), read_at })),
        Ok(held) => {
            let (contract, id) = token.place();
            let evidence = Evidence::Holds {
                token: contract.to_checksum(None),
                id: id.map(|id| id.to_string()),
                balance: held.balance.to_string(),
                at_least: at_least.to_string(),
                block: held.block,
                read_at,
            };
            let decision = decision(held.balance >= at_least, evidence);
            app.roles.remember(key, now.plus(app.settings.role_seconds).unwrap_or(now), &decision)?;
            Ok(decision)
        }
    }
}

impl Token {
    /// Its contract, and which kind of it.
    const fn place(self) -> (Address, Option<U256>) {
        match self {
            Self::Erc20(contract) | Self::Erc721(contract) => (contract, None),
            Self::Erc1155(contract, id) => (contract, Some(id)),
        }
    }
}
