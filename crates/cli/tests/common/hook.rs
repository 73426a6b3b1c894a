//! Who is told: a receiver of webhooks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// 32 bytes of 0x07.
pub const SECRET: &str = "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

#[derive(Debug, Clone, Default)]
pub struct Told {
    pub path: String,
    pub id: String,
    pub timestamp: String,
    pub signature: Vec<u8>,
    pub head: String,
    pub body: String,
}

#[derive(Clone)]
pub struct Hook {
    pub url: String,
    told: Arc<(Mutex<Vec<Told>>, Condvar)>,
}

impl Hook {
    /// Sends the first one elsewhere, and takes all others. Its thread ends with the test process.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let hook = Self { url: url.clone(), told: Arc::default() };
        let told = hook.told.clone();
        std::thread::spawn(move || {
            for (i, stream) in listener.incoming().flatten().enumerate() {
                let one = read(stream, i == 0, &url);
                told.0.lock().unwrap().push(one);
                told.1.notify_all();
            }
        });
        hook
    }

    /// Waits until `id` was told `count` times.
    pub fn wait(&self, id: &str, count: usize) -> Vec<Told> {
        let all = self.told.0.lock().unwrap();
        let of = |all: &[Told]| all.iter().filter(|t| t.id == id).cloned().collect::<Vec<_>>();
        let limit = Duration::from_secs(60);
        let (all, out) = self.told.1.wait_timeout_while(all, limit, |all| of(all).len() < count).unwrap();
        assert!(!out.timed_out(), "{id} was not told: {all:?}");
        of(&all)
    }

    /// Where anything was sent, each once.
    pub fn paths(&self) -> Vec<String> {
        let mut paths: Vec<String> = self.told.0.lock().unwrap().iter().map(|t| t.path.clone()).collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// All that was told.
    #[allow(dead_code, reason = "each test uses a part")]
    pub fn all(&self) -> Vec<Told> {
        self.told.0.lock().unwrap().clone()
    }

    /// All that was sent.
    pub fn everything(&self) -> String {
        self.told.0.lock().unwrap().iter().map(|t| format!("{}{}", t.head, t.body)).collect()
    }
}

fn read(stream: TcpStream, redirect: bool, url: &str) -> Told {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut told, mut length) = (Told::default(), 0);
    let mut line = String::new();
    while reader.read_line(&mut line).unwrap() > 0 && line.trim() != "" {
        told.head.push_str(&line);
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.trim();
        match name {
            "webhook-id" => told.id = value.to_owned(),
            "webhook-timestamp" => told.timestamp = value.to_owned(),
            "webhook-signature" => told.signature = STANDARD.decode(value.strip_prefix("v1,").unwrap()).unwrap(),
            "content-length" => length = value.parse().unwrap(),
            _ => {}
        }
        if let Some(path) = line.strip_prefix("POST ").and_then(|rest| rest.split(' ').next()) {
            told.path = path.to_owned();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    told.body = String::from_utf8(body).unwrap();
    let stolen = url.replace("/hook", "/stolen");
    let answer = if redirect {
        format!(
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: {stolen}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )
    } else {
        "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_owned()
    };
    let mut stream = stream;
    stream.write_all(answer.as_bytes()).unwrap();
    told
}

/// What a receiver computes.
pub fn signature(told: &Told) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&[7; 32]).unwrap();
    mac.update(format!("{}.{}.{}", told.id, told.timestamp, told.body).as_bytes());
    mac.finalize().into_bytes().to_vec()
}
