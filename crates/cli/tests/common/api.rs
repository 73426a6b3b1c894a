//! The HTTP API as strangers see it: any body, any token, and the answer as it came.

use super::secrets;
use serde_json::{Value, json};
use std::time::Duration;

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub text: String,
}

impl Answer {
    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// A refusal's code; empty where there is none.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or("").to_owned()
    }

    /// Status and code.
    pub fn kind(&self) -> (u16, String) {
        (self.status, self.code())
    }

    /// Asserts that it is a refusal with a body of ours: a code, one sentence, at most a hint beside them; and where a
    /// role is missing, the evidence.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> &Self {
        assert_eq!(self.kind(), (status, code.to_owned()), "{}", self.text);
        let body = self.json();
        let fields: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert!(fields.iter().all(|f| ["code", "says", "hint", "evidence"].contains(&f.as_str())), "{}", self.text);
        assert_eq!(body.get("evidence").is_some(), code == "role_required", "{}", self.text);
        assert!(body["says"].as_str().is_some_and(|says| !says.is_empty()), "{}", self.text);
        self
    }

    /// Asserts success and tells the body.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text);
        self.json()
    }
}

/// A server, with or without a token.
#[derive(Debug, Clone)]
pub struct Api {
    pub url: String,
    pub token: Option<String>,
    http: reqwest::Client,
}

impl Api {
    /// Without a token.
    pub fn new(url: &str) -> Self {
        // A server that hangs fails the test instead of stopping it.
        let http = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
        Self { url: url.to_owned(), token: None, http }
    }

    /// The same server with a token.
    pub fn with(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.http.get(format!("{}{path}", self.url))).await.unwrap()
    }

    /// `POST` of JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.try_post(path, body).await.unwrap()
    }

    /// `POST` to a server that may die.
    pub async fn try_post(&self, path: &str, body: &Value) -> Result<Answer, reqwest::Error> {
        self.send(self.http.post(format!("{}{path}", self.url)).json(body)).await
    }

    /// `POST` of anything.
    pub async fn post_raw(&self, path: &str, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.http.post(format!("{}{path}", self.url)).header("content-type", content_type).body(body);
        self.send(request).await.unwrap()
    }

    /// Any method without a body.
    pub async fn method(&self, method: &str, path: &str) -> Answer {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        self.send(self.http.request(method, format!("{}{path}", self.url))).await.unwrap()
    }

    async fn send(&self, mut request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = request.send().await?;
        let (status, path) = (answer.status().as_u16(), answer.url().path().to_owned());
        let text = answer.text().await?;
        secrets::said(&self.url, &path, &text);
        Ok(Answer { status, text })
    }
}

/// The body of `execute`.
pub fn execute_body(key: &str, action: &Value) -> Value {
    json!({ "idempotency_key": key, "action": action })
}
