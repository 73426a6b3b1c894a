//! One endpoint a file.

pub mod approve;
pub mod approve_request;
pub mod check;
pub mod delete_me;
pub mod draft_login;
pub mod execute;
pub mod export_me;
pub mod forward_auth;
pub mod get_grant;
pub mod get_request;
pub mod health;
pub mod holder;
pub mod introspect;
pub mod list_logins;
pub mod list_requests;
pub mod list_sessions;
pub mod login;
pub mod login_by_grant;
pub mod logout;
pub mod me;
pub mod nonce;
pub mod oauth;
pub mod refuse;
pub mod refuse_request;
pub mod renew;
pub mod renewed_holder;
pub mod request_grant;
pub mod request_shapes;
pub mod resume;
pub mod revoke;
pub mod revoke_logins;
pub mod revoke_token;
pub mod roles;
pub mod rpc;
pub mod shapes;
pub mod sign;
pub mod step_up;
pub mod surrender;
pub mod token;
pub mod user_op;

use crate::App;
use crate::caller::proof::{DPOP, DPOP_NONCE};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Largest request body, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

#[derive(OpenApi)]
#[openapi(info(
    title = "Hallpass",
    description = "Hands out a pass instead of a key. Amounts are decimal strings in smallest units, times Unix seconds, \
                   bytes 0x-hex. Every refusal is a `Problem` with a stable code.",
    license(name = "MIT OR Apache-2.0")
))]
struct Doc;

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Doc::openapi())
        .routes(routes!(health::handler))
        .routes(routes!(nonce::handler))
        .routes(routes!(login::handler))
        .routes(routes!(draft_login::handler))
        .routes(routes!(login_by_grant::handler))
        .routes(routes!(step_up::handler))
        .routes(routes!(logout::handler))
        .routes(routes!(token::handler))
        .routes(routes!(introspect::handler))
        .routes(forward_auth::route())
        .routes(routes!(revoke_token::handler))
        .routes(routes!(list_logins::handler))
        .routes(routes!(revoke_logins::one))
        .routes(routes!(revoke_logins::all))
        .routes(routes!(revoke_logins::others))
        .routes(routes!(me::handler))
        .routes(routes!(roles::handler))
        .routes(routes!(export_me::handler))
        .routes(routes!(delete_me::handler))
        .routes(routes!(list_sessions::handler))
        .routes(routes!(request_grant::handler))
        .routes(routes!(get_grant::handler))
        .routes(routes!(approve::handler))
        .routes(routes!(refuse::handler))
        .routes(routes!(check::handler))
        .routes(routes!(execute::handler))
        .routes(routes!(sign::handler))
        .routes(routes!(holder::handler))
        .routes(routes!(rpc::handler))
        .routes(routes!(revoke::handler))
        .routes(routes!(resume::handler))
        .routes(routes!(surrender::handler))
        .routes(routes!(renew::handler))
        .routes(routes!(list_requests::handler))
        .routes(routes!(get_request::handler))
        .routes(routes!(approve_request::handler))
        .routes(routes!(refuse_request::handler))
        .routes(routes!(renewed_holder::handler))
}

/// The API. Bodies over 64 KiB are refused.
pub fn router(app: App) -> Router {
    let (router, _) = routes().split_for_parts();
    router
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .fallback(not_found)
        .method_not_allowed_fallback(no_such_method)
        .layer(axum::middleware::from_fn_with_state(app.clone(), crate::limits::layer))
        .layer(axum::middleware::from_fn_with_state(app.clone(), headers))
        .with_state(app)
}

/// What every answer has: it is stored nowhere, and who proves a key gets the nonce for the next proof (RFC 9449, section 8.2).
/// No answer lets a page of another origin read it: there is no `Access-Control-Allow-Origin` anywhere.
async fn headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let proves = request.headers().contains_key(DPOP) || request.uri().path() == "/v1/login/nonce";
    let mut response = next.run(request).await;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if proves && let Ok(nonce) = HeaderValue::from_str(&app.logins.nonces.at(app.clock.now())) {
        response.headers_mut().insert(DPOP_NONCE, nonce);
    }
    response
}

/// The OpenAPI document, as it is committed under `docs/reference/openapi.json`.
///
/// # Errors
/// Where it cannot be written as JSON.
pub fn openapi() -> Result<String, serde_json::Error> {
    let (_, doc) = routes().split_for_parts();
    doc.to_pretty_json()
}

async fn not_found() -> crate::ApiError {
    crate::ApiError::new(StatusCode::NOT_FOUND, "no_such_endpoint", "there is no such endpoint")
        .hint("docs/reference/openapi.json lists them all")
}

async fn no_such_method() -> crate::ApiError {
    crate::ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "no_such_method", "this endpoint has no such method")
        .hint("docs/reference/openapi.json lists them all")
}
