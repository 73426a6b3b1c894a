//! The server's API, as the command line uses it.

use crate::config::Config;
use crate::error::CliError;
use crate::system;
use hallpass_server::error::Problem;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::PathBuf;

/// A server and, once logged in, a token.
#[derive(Clone)]
pub struct Client {
    url: String,
    token: Option<String>,
    http: reqwest::Client,
}

impl Client {
    /// A server without a token.
    pub fn new(url: &str) -> Self {
        Self { url: url.trim_end_matches('/').to_owned(), token: None, http: reqwest::Client::new() }
    }

    /// The configured server, with the token of the last login: `HALLPASS_TOKEN`, or the one kept in the state folder.
    pub fn logged_in(config: &Config) -> Result<Self, CliError> {
        let kept = || std::fs::read_to_string(token_file().ok()?).ok().map(|t| t.trim().to_owned());
        let token = std::env::var("HALLPASS_TOKEN").ok().or_else(kept);
        let token = token
            .ok_or_else(|| CliError::refused("not_logged_in", "there is no session").hint("run `hallpass login`"))?;
        Ok(Self::new(&config.public_url).with_token(token))
    }

    /// The same server, with a token.
    pub fn with_token(mut self, token: String) -> Self {
        self.token = Some(token);
        self
    }

    /// The server's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// `GET`.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CliError> {
        self.send(self.http.get(format!("{}{path}", self.url))).await
    }

    /// `POST`.
    pub async fn post<B: Serialize + Sync, T: DeserializeOwned>(&self, path: &str, body: &B) -> Result<T, CliError> {
        self.send(self.http.post(format!("{}{path}", self.url)).json(body)).await
    }

    async fn send<T: DeserializeOwned>(&self, mut request: reqwest::RequestBuilder) -> Result<T, CliError> {
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let away = |what: &str| {
            CliError::missing("server_unreachable", format!("the server at {} {what}", self.url))
                .hint("start it with `hallpass serve`, or set `public_url` to where it runs")
        };
        let answer = request.send().await.map_err(|_| away("does not answer"))?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(|_| away("broke off its answer"))?;
        if status.is_success() {
            let body = if body.is_empty() { b"null".as_slice() } else { &body };
            return serde_json::from_slice(body)
                .map_err(|_| away("gave an answer that cannot be read; is it another version?"));
        }
        match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => Err(CliError::from_server(status.as_u16(), problem)),
            Err(_) => Err(away(&format!("answered {status}"))),
        }
    }
}

/// Where the token of the last login is kept, readable by its owner only.
pub fn token_file() -> Result<PathBuf, CliError> {
    Ok(system::state_folder()?.join("token"))
}
