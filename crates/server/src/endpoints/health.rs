//! `GET /v1/health`: whether the server can work, and what it is.

use crate::App;
use alloy_eips::BlockNumberOrTag;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the server is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// Whether store and node answer.
    pub ready: bool,
    /// The version.
    pub version: String,
    /// CAIP-2.
    pub chain: String,
    /// Whether the node answers.
    pub node: bool,
    /// Whether the store answers, and a reservation could be made durable.
    pub store: bool,
    /// The relayer's address.
    pub relayer: String,
    /// The contract behind EIP-7702 accounts.
    pub delegate: String,
    /// The contract behind pockets.
    pub pocket: String,
    /// The contract that opens pockets.
    pub factory: String,
}

/// Needs no login. 503 where it is not ready.
#[utoipa::path(get, path = "/v1/health", operation_id = "health", tag = "server",
    responses((status = 200, body = Health), (status = 503, body = Health)))]
pub async fn handler(State(app): State<App>) -> (StatusCode, Json<Health>) {
    let node = app.chain.node.block(BlockNumberOrTag::Latest).await.is_ok();
    let store = app.store.read().await.is_ok() && app.signer.ready().await;
    let health = Health {
        ready: node && store,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        chain: app.settings.chain.to_string(),
        node,
        store,
        relayer: app.chain.relayer_address.to_checksum(None),
        delegate: app.chain.suite.delegate.0.to_checksum(None),
        pocket: app.chain.suite.pocket.0.to_checksum(None),
        factory: app.chain.suite.factory.0.to_checksum(None),
    };
    (if health.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(health))
}
