//! `GET /v1/me` by many clients in one thread, as `redis-benchmark` has them: a request is bytes that were made before, of an
//! answer the status, the length and the body are looked at.

use crate::Round;
use crate::processes::{Server, cpu};
use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

/// The request, as curl would send it.
pub fn request(token: &str) -> Vec<u8> {
    format!("GET /v1/me HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nAccept: */*\r\n\r\n").into()
}

/// `clients` clients for `length`. Every answer is 200, with the same body.
pub fn round(server: &Server, request: &[u8], clients: usize, length: Duration) -> Round {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let local = LocalSet::new();
    let answers = Rc::new(Cell::new(0_u64));
    let port = server.port;
    let connected: Vec<_> = runtime.block_on(async {
        let mut all = Vec::new();
        for _ in 0..clients {
            let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            stream.set_nodelay(true).unwrap();
            all.push(stream);
        }
        all
    });
    let before = (server.cpu(), cpu("self"));
    let started = Instant::now();
    for stream in connected {
        let (answers, request) = (Rc::clone(&answers), request.to_owned());
        local.spawn_local(async move { client(stream, &request, started, length, &answers).await });
    }
    runtime.block_on(local);
    let took = started.elapsed().as_secs_f64();
    let cpu = ((server.cpu() - before.0) / took, (cpu("self") - before.1) / took);
    Round { rate: answers.get() as f64 / took, cpu }
}

async fn client(mut stream: TcpStream, request: &[u8], started: Instant, length: Duration, answers: &Cell<u64>) {
    let (mut buffer, mut body) = ([0; 4096], Vec::new());
    while started.elapsed() < length {
        stream.write_all(request).await.unwrap();
        let mut filled = 0;
        let at = loop {
            let read = stream.read(&mut buffer[filled..]).await.unwrap();
            assert!(read > 0, "the server ended a connection");
            filled += read;
            if let Some(at) = whole(&buffer[..filled]) {
                break at;
            }
        };
        if body.is_empty() {
            body = buffer[at..filled].to_owned();
            assert!(body.starts_with(b"{\"user\":\"usr_"), "{}", String::from_utf8_lossy(&body));
        }
        assert!(buffer[at..filled] == body, "another answer: {}", String::from_utf8_lossy(&buffer[..filled]));
        answers.set(answers.get() + 1);
    }
}

/// Where the body of a whole answer begins; every one is 200.
fn whole(answer: &[u8]) -> Option<usize> {
    const LENGTH: &[u8] = b"content-length: ";
    let body = answer.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let head = &answer[..body];
    assert!(head.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", String::from_utf8_lossy(answer));
    let at = head.windows(LENGTH.len()).position(|w| w == LENGTH).unwrap() + LENGTH.len();
    let length = head[at..].iter().take_while(|b| b.is_ascii_digit()).fold(0, |n, b| n * 10 + usize::from(b - b'0'));
    (answer.len() >= body + length).then_some(body)
}
