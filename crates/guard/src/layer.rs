//! The layer around routes.

use crate::guard::{Guard, Login};
use crate::refusal::Refusal;
use axum::extract::{OriginalUri, Request};
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::Arc;
use tower_layer::Layer;
use tower_service::Service;

/// Lets in who is logged in, and has the role where one is asked for; the routes inside may extract [`Login`] and
/// [`Account`](crate::Account).
#[derive(Debug, Clone)]
pub struct RequireLogin {
    pub(crate) guard: Guard,
    pub(crate) role: Option<Arc<str>>,
}

impl<S> Layer<S> for RequireLogin {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { guard: self.guard.clone(), role: self.role.clone(), inner }
    }
}

/// Notes in a request which guard let it in, and as whom.
#[derive(Clone)]
struct LetIn {
    by: Guard,
    login: Login,
}

/// A service behind a guard.
#[derive(Debug, Clone)]
pub struct Guarded<S> {
    guard: Guard,
    role: Option<Arc<str>>,
    inner: S,
}

impl<S> Service<Request> for Guarded<S>
where
    S: Service<Request> + Clone + Send + 'static,
    S::Response: IntoResponse,
    S::Future: Send,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let (guard, role) = (self.guard.clone(), self.role.clone());
        // The one that was asked whether it is ready is the one that is called.
        let waiting = self.inner.clone();
        let mut inner = core::mem::replace(&mut self.inner, waiting);
        Box::pin(async move {
            // A proof is good once: where one layer of the same guard stands in another, the outer one has asked.
            let asked = request.extensions().get::<LetIn>().filter(|let_in| let_in.by.is(&guard)).cloned();
            let proves = asked.is_none() && request.headers().contains_key("dpop");
            let checked = match asked {
                Some(let_in) => Ok(let_in.login),
                None => guard.check(request.headers(), request.method().as_str(), &path(&request)).await,
            };
            let mut response = match checked.and_then(|login| held(login, role.as_deref())) {
                Err(refusal) => refusal.into_response(),
                Ok(login) => {
                    request.extensions_mut().insert(LetIn { by: guard.clone(), login: login.clone() });
                    request.extensions_mut().insert(login);
                    inner.call(request).await?.into_response()
                }
            };
            if proves && let Ok(nonce) = HeaderValue::from_str(&guard.nonce()) {
                response.headers_mut().insert("dpop-nonce", nonce);
            }
            Ok(response)
        })
    }
}

/// A router inside another sees a part of the path; what was asked for is the whole.
fn path(request: &Request) -> String {
    let asked = request.extensions().get::<OriginalUri>().map(|OriginalUri(uri)| uri.path().to_owned());
    asked.unwrap_or_else(|| request.uri().path().to_owned())
}

fn held(login: Login, role: Option<&str>) -> Result<Login, Refusal> {
    match role {
        Some(role) if !login.has_role(role) => Err(Refusal::RoleRequired(role.to_owned())),
        _ => Ok(login),
    }
}
