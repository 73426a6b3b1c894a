//! The layer around routes.

use crate::guard::Guard;
use axum::extract::{OriginalUri, Request};
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use core::pin::Pin;
use core::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// Lets in who is logged in; the routes inside may extract [`Login`](crate::Login) and [`Account`](crate::Account).
#[derive(Debug, Clone)]
pub struct RequireLogin(pub(crate) Guard);

impl<S> Layer<S> for RequireLogin {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { guard: self.0.clone(), inner }
    }
}

/// Notes in a request which guard let it in.
#[derive(Clone)]
struct LetIn(Guard);

/// A service behind a guard.
#[derive(Debug, Clone)]
pub struct Guarded<S> {
    guard: Guard,
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
        let guard = self.guard.clone();
        // The one that was asked whether it is ready is the one that is called.
        let waiting = self.inner.clone();
        let mut inner = core::mem::replace(&mut self.inner, waiting);
        Box::pin(async move {
            // A proof is good once: where one layer of the same guard stands in another, the outer one has asked.
            if request.extensions().get::<LetIn>().is_some_and(|LetIn(by)| by.is(&guard)) {
                return Ok(inner.call(request).await?.into_response());
            }
            let proves = request.headers().contains_key("dpop");
            // A router inside another sees a part of the path; what was asked for is the whole.
            let asked = request.extensions().get::<OriginalUri>().map(|OriginalUri(uri)| uri.path().to_owned());
            let path = asked.unwrap_or_else(|| request.uri().path().to_owned());
            let checked = guard.check(request.headers(), request.method().as_str(), &path).await;
            let mut response = match checked {
                Err(refusal) => refusal.into_response(),
                Ok(login) => {
                    request.extensions_mut().insert(login);
                    request.extensions_mut().insert(LetIn(guard.clone()));
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
