//! An app that knows nothing of Hallpass: it notes what reaches it, and answers.

use axum::extract::Request;
use std::sync::{Arc, Mutex};

/// A request that reached it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub uri: String,
    headers: Vec<(String, String)>,
}

impl Seen {
    /// The values of a header, by every spelling of its name that some app takes for it.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let plain = |name: &str| name.to_lowercase().replace(['_', '.', ' '], "-");
        self.headers.iter().filter(|(known, _)| plain(known) == plain(name)).map(|(_, value)| value.as_str()).collect()
    }

    /// Every header whose name says that it is ours.
    pub fn ours(&self) -> Vec<&str> {
        let mut names: Vec<_> =
            self.headers.iter().map(|(name, _)| name.as_str()).filter(|name| name.starts_with("hallpass")).collect();
        names.sort_unstable();
        names
    }

    /// Whether a text is in any value.
    pub fn has(&self, text: &str) -> bool {
        self.headers.iter().any(|(_, value)| value.contains(text))
    }
}

/// The app.
pub struct TestApp {
    pub at: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    served: tokio::task::JoinHandle<()>,
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.served.abort();
    }
}

impl TestApp {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap().to_string();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let notes = Arc::clone(&seen);
        let answer = move |request: Request| {
            let headers = request.headers().iter();
            let headers =
                headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()));
            notes.lock().unwrap().push(Seen {
                method: request.method().to_string(),
                uri: request.uri().to_string(),
                headers: headers.collect(),
            });
            async { "the app" }
        };
        let router = axum::Router::new().fallback(answer);
        let served = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { at, seen, served }
    }

    /// What reached it since this was last asked.
    pub fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}
