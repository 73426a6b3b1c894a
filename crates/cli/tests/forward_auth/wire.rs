//! HTTP/1.1 byte by byte, on one connection: headers as no client library would send them.

use crate::common::api::Answer;
use std::collections::HashMap;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A connection that stays open.
pub struct Wire {
    stream: BufReader<TcpStream>,
    host: String,
}

/// An answer, with header names in lower case.
pub struct Told {
    pub answer: Answer,
    pub headers: HashMap<String, String>,
}

impl Told {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

impl Wire {
    pub async fn to(at: &str) -> Self {
        Self { stream: BufReader::new(TcpStream::connect(at).await.unwrap()), host: at.to_owned() }
    }

    pub async fn get(&mut self, path: &str, headers: &[(&str, String)]) -> Told {
        self.ask("GET", path, headers, "").await
    }

    /// Asks, and reads the answer to its end. A `host` among the headers stands in the place of the real one.
    pub async fn ask(&mut self, method: &str, path: &str, headers: &[(&str, String)], body: &str) -> Told {
        let mut text = format!("{method} {path} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| *name == "host") {
            text.push_str(&format!("host: {}\r\n", self.host));
        }
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            text.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        text.push_str("\r\n");
        text.push_str(body);
        self.stream.get_mut().write_all(text.as_bytes()).await.unwrap();
        self.read().await
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).await.unwrap();
        assert_ne!(read, 0, "the connection ended");
        line.trim_end().to_owned()
    }

    async fn exactly(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).await.unwrap();
        bytes
    }

    async fn read(&mut self) -> Told {
        let status = self.line().await.split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers: HashMap<String, String> = HashMap::new();
        loop {
            let line = self.line().await;
            let Some((name, value)) = line.split_once(':') else { break };
            // As RFC 9110, section 5.3, joins them.
            let value = value.trim();
            headers
                .entry(name.to_lowercase())
                .and_modify(|had| *had = format!("{had}, {value}"))
                .or_insert(value.into());
        }
        let mut body = Vec::new();
        if let Some(length) = headers.get("content-length") {
            body = self.exactly(length.parse().unwrap()).await;
        } else if headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked") {
            loop {
                let length = usize::from_str_radix(&self.line().await, 16).unwrap();
                body.extend(self.exactly(length).await);
                self.line().await;
                if length == 0 {
                    break;
                }
            }
        }
        Told { answer: Answer { status, text: String::from_utf8(body).unwrap() }, headers }
    }
}
