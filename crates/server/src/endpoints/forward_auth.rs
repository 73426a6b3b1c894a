//! `GET /v1/forward_auth`: whether a proxy lets a request in to the app behind it, and whose it is.

use crate::caller::outer::Outer;
use crate::roles::{self, asked};
use crate::{ApiError, App};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::AppendHeaders;
use utoipa_axum::router::UtoipaMethodRouter;
use utoipa_axum::routes;

/// The account that was proved, CAIP-10.
const ACCOUNT: &str = "hallpass-account";
/// The person's id here.
const USER: &str = "hallpass-user";
/// The login.
const SESSION: &str = "hallpass-session";
/// The roles that the account has. Sent empty too: where it is absent, Caddy 2.6 tells the app the name of its own variable.
const ROLES: &str = "hallpass-roles";

/// The route. Some proxies ask with the method that they were asked with: every method is answered alike.
pub fn route() -> UtoipaMethodRouter<App> {
    let (schemas, paths, _) = routes!(handler);
    (schemas, paths, axum::routing::any(handler))
}

/// For proxies that the operator lists, each with its own credential as `Hallpass-Proxy`. The proxy sends the headers of the
/// request that it was asked for, and what that was. Being asked about counts as being used. Whatever is not let in answers 401
/// or 403, which every proxy hands on; 429, 5xx and no answer let nobody in either. Roles are looked at once it is known whose
/// request it is: whoever is not logged in is told nothing of them.
#[utoipa::path(get, path = "/v1/forward_auth", operation_id = "forwardAuth", tag = "login",
    params(
        ("role" = Option<Vec<String>>, Query, max_items = 8, description = "Roles that the account must have, every one of them"),
        ("Hallpass-Proxy" = String, Header, description = "The proxy's credential"),
        ("X-Forwarded-Method" = String, Header, description = "The method that the proxy was asked with"),
        ("X-Forwarded-Proto" = String, Header, description = "`http` or `https`, as it was asked by"),
        ("X-Forwarded-Host" = String, Header, description = "The host that it was asked for, with its port"),
        ("X-Forwarded-Uri" = String, Header, description = "The path that it was asked for, with its query")),
    responses(
        (status = 200, description = "Let it in", headers(
            ("Hallpass-Account" = String, description = "The account that was proved, CAIP-10"),
            ("Hallpass-User" = String, description = "The person's id here"),
            ("Hallpass-Session" = String, description = "The login"),
            ("Hallpass-Roles" = String, description = "The roles that the account has, with commas between them"))),
        (status = 401, body = crate::error::Problem), (status = 403, body = crate::error::Problem)))]
pub async fn handler(
    State(app): State<App>,
    headers: HeaderMap,
    query: asked::Asked,
) -> Result<AppendHeaders<[(&'static str, String); 4]>, ApiError> {
    let outer = Outer::of(&headers, &app.settings.forward_auth)?;
    let caller = outer.caller(&app, &headers).await.map_err(for_proxies)?;
    let required = asked::roles(query).map_err(for_proxies)?;
    let decisions = roles::of(&app, caller.account()).await?;
    asked::expect(&required, &decisions)?;
    Ok(AppendHeaders([
        (ACCOUNT, caller.account().to_string()),
        (USER, caller.user().to_string()),
        (SESSION, caller.login.id.to_string()),
        (ROLES, roles::held(&decisions).collect::<Vec<_>>().join(",")),
    ]))
}

/// nginx takes a 400 for a failure of ours.
fn for_proxies(mut error: ApiError) -> ApiError {
    if error.status == StatusCode::BAD_REQUEST {
        error.status = StatusCode::FORBIDDEN;
    }
    error
}
