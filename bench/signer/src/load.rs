//! Many clients, each on a connection of its own, each with one request out at a time.

use crate::fill::{Kind, SHOP, Session, TOKEN};
use crate::processes::{Server, cpu};
use alloy_primitives::{Address, B256, hex};
use hallpass_auth::recover;
use hallpass_policy::message::read;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::task::LocalSet;

/// How many requests a client makes of a session before it takes the next: as many as may be in flight.
const EACH: usize = 64;

/// What was asked and what came back, to be verified when nothing is measured any more.
pub struct Answered {
    session: Session,
    number: usize,
    line: Vec<u8>,
}

/// What many clients got in a while.
pub struct Round {
    pub answers: Vec<Answered>,
    pub refused: usize,
    pub took: Duration,
    /// Cores that the server used, and this program.
    pub cpu: (f64, f64),
}

/// A connection that is authenticated for a session.
pub struct Client {
    read: BufReader<OwnedReadHalf>,
    write: OwnedWriteHalf,
    session: Session,
}

impl Client {
    pub async fn open(socket: &Path, session: Session) -> io::Result<Self> {
        let (read, write) = UnixStream::connect(socket).await?.into_split();
        let mut client = Self { read: BufReader::with_capacity(8192, read), write, session };
        let shown =
            json!({ "jsonrpc": "2.0", "id": 0, "method": "hallpass_authenticate", "params": [&*client.session.token] });
        let answer = client.line(&shown.to_string()).await?;
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer["result"]["key"], client.session.key.to_checksum(None), "{answer}");
        Ok(client)
    }

    /// Asks once more; `number` makes the request a new one.
    pub async fn ask(&mut self, number: usize) -> io::Result<Vec<u8>> {
        let line = request(self.session.kind, self.session.key, number);
        self.line(&line).await
    }

    async fn line(&mut self, line: &str) -> io::Result<Vec<u8>> {
        self.write.write_all(line.as_bytes()).await?;
        self.write.write_all(b"\n").await?;
        let mut answer = Vec::with_capacity(1536);
        self.read.read_until(b'\n', &mut answer).await?;
        Ok(answer)
    }
}

/// Whether a line is a result; an error's name sorts before an id's.
pub fn is_result(line: &[u8]) -> bool {
    line.starts_with(b"{\"id\"")
}

fn request(kind: Kind, key: Address, number: usize) -> String {
    let action = match kind {
        Kind::Call => {
            let data = format!("a9059cbb{:0>64}{:064x}", hex::encode(SHOP), number + 1);
            format!(
                "{{\"call\":{{\"chain\":\"eip155:31337\",\"to\":\"{TOKEN}\",\"value\":\"0\",\"data\":\"0x{data}\"}}}}"
            )
        }
        Kind::Typed => format!("{{\"typed\":{}}}", order(key, number)),
    };
    format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":{number},\"method\":\"hallpass_sign\",\"params\":\
         [{{\"idempotency_key\":\"n{number}\",\"action\":{action}}}]}}"
    )
}

fn order(maker: Address, number: usize) -> String {
    format!(
        "{{\"types\":{{\"EIP712Domain\":[{{\"name\":\"name\",\"type\":\"string\"}},{{\"name\":\"version\",\"type\":\"string\"}},\
         {{\"name\":\"chainId\",\"type\":\"uint256\"}}],\"Order\":[{{\"name\":\"maker\",\"type\":\"address\"}},\
         {{\"name\":\"market\",\"type\":\"uint256\"}},{{\"name\":\"price\",\"type\":\"uint256\"}},\
         {{\"name\":\"size\",\"type\":\"uint256\"}}]}},\"primaryType\":\"Order\",\"domain\":{{\"name\":\"Exchange\",\
         \"version\":\"1\",\"chainId\":31337}},\"message\":{{\"maker\":\"{maker}\",\"market\":2,\"price\":\"{}\",\"size\":\"1\"}}}}",
        number + 1,
    )
}

/// `clients` clients for `length`, each with fresh sessions one after the other. What is answered later does not count.
pub async fn round(
    server: &Server,
    sessions: &mut dyn Iterator<Item = Session>,
    clients: usize,
    length: Duration,
) -> Round {
    let before = (server.cpu(), cpu("self"));
    let socket: Arc<Path> = server.socket.as_path().into();
    // As many as could be used at most, were the server three times as fast as is hoped for.
    let most = clients + length.as_secs() as usize * 30_000 / EACH;
    let fresh = RefCell::new(sessions.take(most).collect::<Vec<_>>());
    let (answers, refused) = (RefCell::new(Vec::new()), Cell::new(0));
    let (started, shared) = (Instant::now(), std::rc::Rc::new((fresh, answers, refused)));
    let local = LocalSet::new();
    for _ in 0..clients {
        let (socket, shared) = (Arc::clone(&socket), std::rc::Rc::clone(&shared));
        local.spawn_local(async move {
            let (fresh, answers, refused) = &*shared;
            while started.elapsed() < length {
                let session = fresh.borrow_mut().pop().unwrap();
                let mut client = Client::open(&socket, session.clone()).await.unwrap();
                for number in 0..EACH {
                    let line = client.ask(number).await.unwrap();
                    if started.elapsed() >= length {
                        return;
                    }
                    if is_result(&line) {
                        answers.borrow_mut().push(Answered { session: session.clone(), number, line });
                    } else if refused.replace(refused.get() + 1) == 0 {
                        eprintln!("refused: {}", String::from_utf8_lossy(&line));
                    }
                }
            }
        });
    }
    local.await;
    let took = length.as_secs_f64();
    let cpu = ((server.cpu() - before.0) / took, (cpu("self") - before.1) / took);
    Round { answers: shared.1.take(), refused: shared.2.get(), took: length, cpu }
}

/// That each answer is a signature by its session's key, over what was asked for where that can be told from the request.
pub fn verify(answers: &[Answered]) {
    for Answered { session, number, line } in answers {
        let answer: Value = serde_json::from_slice(line).unwrap();
        let result = &answer["result"];
        let digest: B256 = result["digest"].as_str().unwrap().parse().unwrap();
        let signature = hex::decode(result["signature"].as_str().unwrap()).unwrap();
        assert_eq!(recover(digest, &signature), Ok(session.key), "a signature is not its session's");
        assert_eq!(answer["id"], *number);
        match session.kind {
            Kind::Typed => {
                let asked: Value = serde_json::from_str(&order(session.key, *number)).unwrap();
                assert_eq!(read::message(&asked).unwrap().digest(), Some(digest), "something else was signed");
            }
            Kind::Call => assert_eq!(result["route"], "direct"),
        }
    }
}
