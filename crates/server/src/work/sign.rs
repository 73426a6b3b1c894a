//! A signature that the asker sends itself, and actions that are only counted.

use super::ask::{self, Consent};
use super::books::{Left, left};
use super::by_entry_point::{ToBundle, to_bundle};
use super::deliver::calldata;
use crate::caller::Asker;
use crate::{ApiError, App};
use alloy_primitives::{Address, B256, Bytes, Signature};
use hallpass_chain::transaction;
use hallpass_session::{Reservation, Route};
use hallpass_signer::{Answer, Signed, Wanted};
use hallpass_types::{IdempotencyKey, SessionId};

/// A reserved action and what carries it.
#[derive(Debug)]
pub struct Done {
    /// The reservation.
    pub reservation: Reservation,
    /// The signature of its digest.
    pub signature: Option<Bytes>,
    /// The rule that allowed each call.
    pub rules: Vec<u16>,
    /// What is ready to be sent.
    pub ready: Option<ToSend>,
    /// What is left, this action counted.
    pub left: Vec<Left>,
}

/// What is ready to be sent.
#[derive(Debug)]
pub enum ToSend {
    /// An operation: to be called on the account, by its relayer.
    Call {
        /// The account.
        to: Address,
        /// The calldata.
        data: Bytes,
        /// Who must send it.
        from: Address,
    },
    /// A signed transaction (EIP-2718), and its hash.
    Raw(Bytes, B256),
    /// A user operation: to be sent to a bundler, or to its EntryPoint, by anyone.
    Bundle(Box<ToBundle>),
}

/// Signs once for each idempotency key.
///
/// # Errors
/// As [`ask::denied`] and [`ask::refusal`]; 409 for what was sent, spent or released since.
pub async fn sign(
    app: &App,
    asker: &Asker,
    id: SessionId,
    wanted: Wanted,
    key: IdempotencyKey,
) -> Result<Done, ApiError> {
    with(app, asker, id, wanted, key, Consent::Unasked).await
}

/// The same, with the owner's consent or without.
///
/// # Errors
/// As [`sign`].
pub async fn with(
    app: &App,
    asker: &Asker,
    id: SessionId,
    wanted: Wanted,
    key: IdempotencyKey,
    consent: Consent,
) -> Result<Done, ApiError> {
    let asked = ask::prepare(app, asker, id).await?;
    let answer = match consent {
        Consent::Unasked => asked.ask(app, wanted.clone(), key, false).await?,
        Consent::Given => asked.ask_agreed(app, wanted.clone(), key, false).await?,
    };
    let signed = match answer {
        Answer::Denied { denial, .. } => return Err(ask::denied(&denial)),
        Answer::Signed(signed) => *signed,
        Answer::Earlier(earlier) => {
            return Err(ApiError::conflict("already_sent", format!("operation {} is past signing", earlier.id))
                .hint("use a new idempotency key for a new request"));
        }
        Answer::Allowed { .. } => return Err(ApiError::internal("not_reserved", "a request was only judged")),
    };
    let Signed { reservation, signature, rules, ledger } = signed;
    let now = asked.books.view.head_time.max(app.clock.now());
    let mut after = ledger;
    hallpass_session::view::add(&mut after.meters, &hallpass_session::view::charged(&reservation));
    let left = left(&asked.grant, &after, now);
    let ready = match (&wanted, &signature, reservation.route) {
        (Wanted::Calls(..), Some(signature), Route::Direct) => {
            let (from, data) = calldata(&asked.grant, &reservation, signature)?;
            Some(ToSend::Call { to: asked.grant.account, data, from })
        }
        (Wanted::UserOp(_), Some(signature), Route::EntryPoint) => {
            Some(ToSend::Bundle(Box::new(to_bundle(&asked.grant, &reservation, signature)?)))
        }
        (Wanted::Transaction(tx), Some(signature), _) => {
            let signature = Signature::from_raw(signature)
                .map_err(|_| ApiError::internal("bad_signature", "the vault gave no signature of this kind"))?;
            let (raw, hash) = transaction::signed(tx, &signature);
            Some(ToSend::Raw(raw, hash))
        }
        _ => None,
    };
    Ok(Done { reservation, signature, rules, ready, left })
}
