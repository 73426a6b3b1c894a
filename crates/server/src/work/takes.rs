//! Which grants this server takes: what it can sign and watch, and what a key outside the vault may carry.

use crate::{ApiError, App};
use alloy_primitives::{Address, U256};
use hallpass_chain::hallpass::holds::unsupported;
use hallpass_policy::grant::{Grant, What};
use hallpass_policy::known::{self, Does};

/// Most meters of a grant: each is a question to the node.
const MAX_METERS: usize = 32;

/// What this server does not take, whoever would sign it.
///
/// # Errors
/// 422 naming what.
pub fn judge(app: &App, grant: &Grant, backend: Address, epoch: u64, ender: Address) -> Result<(), ApiError> {
    if grant.meters.len() > MAX_METERS {
        return Err(ApiError::refused("too_many_meters", format!("a grant has at most {MAX_METERS} meters here")));
    }
    let ours = app.chain.relayer_address;
    if !grant.relayer.is_zero() && grant.relayer != ours {
        return Err(ApiError::refused("wrong_relayer", format!("operations are sent by {ours} here")));
    }
    let unsupported = unsupported(grant);
    if !unsupported.is_empty() {
        let all: Vec<String> = unsupported.iter().map(ToString::to_string).collect();
        return Err(ApiError::refused("not_yet_supported", all.join("; ")));
    }
    if grant.backend != backend {
        return Err(ApiError::refused(
            "wrong_backend",
            format!("contract {} does not enforce grants in this home", grant.backend),
        ));
    }
    if grant.epoch != epoch {
        return Err(ApiError::refused(
            "epoch_moved",
            format!("the account is in epoch {epoch}, the grant in {}", grant.epoch),
        ));
    }
    if grant.rest.ender != ender {
        return Err(ApiError::refused("wrong_ender", "a grant's ender is made by this server; leave `ender` out"));
    }
    if grant.not_after <= app.clock.now() {
        return Err(ApiError::refused("grant_expired", "the grant has ended already"));
    }
    Ok(())
}

/// What a key outside the vault may carry: what the chain holds it to, within the operator's ceilings, and no approval, which
/// outlives the pass.
///
/// # Errors
/// 422 `outside_ceiling` naming what.
pub fn ceilings(app: &App, grant: &Grant) -> Result<(), ApiError> {
    let refused = |what: String| {
        Err(ApiError::refused("outside_ceiling", format!("a key outside the vault may not carry {what}"))
            .hint("leave `key` out, so that the vault makes it, or ask the operator"))
    };
    // The signer alone checks these, and such a key signs without it.
    if !grant.rest.typed.is_empty() {
        return refused("rules about typed messages".to_owned());
    }
    if !grant.rest.apps.is_empty() {
        return refused("rules about actions inside an app".to_owned());
    }
    if !grant.rest.requires.is_empty() {
        return refused("requirements".to_owned());
    }
    let settings = &app.settings;
    let life = grant.not_after.get().saturating_sub(grant.not_before.get());
    if life > settings.outside_seconds {
        return refused(format!("a pass of more than {} seconds", settings.outside_seconds));
    }
    // Whoever holds the key may bundle, and so be paid.
    if grant.rest.gas.fee_cap > settings.outside_wei {
        return refused(format!("more than {} wei for gas", settings.outside_wei));
    }
    for rule in &grant.calls {
        // By selector, whatever name is written: all that lets somebody else take tokens later.
        if known::of(&rule.signature).is_some_and(|k| k.does != Does::Moves) {
            return refused(format!("`{}`", rule.signature));
        }
        if rule.max_value > U256::from(settings.outside_wei) {
            return refused(format!("more than {} wei in a call", settings.outside_wei));
        }
    }
    let native = grant.meters.iter().filter(|m| m.what == What::Native);
    if native.into_iter().any(|m| m.cap > settings.outside_wei) {
        return refused(format!("more than {} wei in a window", settings.outside_wei));
    }
    Ok(())
}
