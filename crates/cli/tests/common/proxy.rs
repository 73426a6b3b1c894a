//! Stands between server and node. It breaks the line at a chosen request: before the node hears of it, or after the
//! node has done it and before the server learns so.

use serde_json::Value;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// When the line breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The node does not get the request.
    Before,
    /// The node has answered; the server does not get the answer.
    After,
}

/// What happens at the break, beside the break.
type Act = Box<dyn FnOnce() + Send>;

/// Looks at a request and its answer, and may change the answer; or breaks the line where it answers `false`.
type Lie = Box<dyn FnMut(&Value, &mut Value) -> bool + Send>;

/// A break that waits for the `count`th request (from 1), of `method` only where one is given.
struct Trap {
    method: Option<&'static str>,
    count: u32,
    when: When,
    act: Act,
}

#[derive(Default)]
struct State {
    trap: Option<Trap>,
    down: bool,
    blocked: Option<&'static str>,
    lie: Option<Lie>,
    /// Methods that came through, oldest first.
    seen: Vec<String>,
}

/// The line. Its threads end with the test process.
#[derive(Clone)]
pub struct Proxy {
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl Proxy {
    pub fn to(node: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let upstream = node.trim_start_matches("http://").to_owned();
        let state = Arc::new(Mutex::new(State::default()));
        let proxy = Self { url, state: state.clone() };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, upstream) = (state.clone(), upstream.clone());
                std::thread::spawn(move || serve(stream, &upstream, &state));
            }
        });
        proxy
    }

    /// Breaks the line once, at the `count`th request from now (of `method`, where one is given), and does `act` then.
    pub fn trap(&self, method: Option<&'static str>, count: u32, when: When, act: impl FnOnce() + Send + 'static) {
        self.state.lock().unwrap().trap = Some(Trap { method, count, when, act: Box::new(act) });
    }

    /// Whether the trap still waits.
    pub fn is_set(&self) -> bool {
        self.state.lock().unwrap().trap.is_some()
    }

    /// Takes the trap away.
    pub fn disarm(&self) {
        self.state.lock().unwrap().trap = None;
    }

    /// Refuses everything, or lets it through again.
    pub fn down(&self, down: bool) {
        self.state.lock().unwrap().down = down;
    }

    /// Breaks the line at every request of `method`, before the node hears of it, until told otherwise.
    pub fn block(&self, method: Option<&'static str>) {
        self.state.lock().unwrap().blocked = method;
    }

    /// Lets every answer pass through `lie`, or through nothing again.
    pub fn lie(&self, lie: Option<impl FnMut(&Value, &mut Value) -> bool + Send + 'static>) {
        self.state.lock().unwrap().lie = lie.map(|lie| Box::new(lie) as Lie);
    }

    /// How often a method came through.
    pub fn count(&self, method: &str) -> usize {
        self.state.lock().unwrap().seen.iter().filter(|m| *m == method).count()
    }
}

impl State {
    /// Whether this request is the one, and what is to be done.
    fn spring(&mut self, method: &str) -> Option<(When, Act)> {
        let trap = self.trap.as_mut()?;
        if trap.method.is_some_and(|wanted| wanted != method) {
            return None;
        }
        trap.count = trap.count.saturating_sub(1);
        if trap.count > 0 {
            return None;
        }
        self.trap.take().map(|trap| (trap.when, trap.act))
    }
}

/// Serves one connection until either side ends it or the line breaks.
fn serve(mut client: TcpStream, upstream: &str, state: &Mutex<State>) -> Option<()> {
    let _ = client.set_nodelay(true);
    loop {
        let (request, body) = message(&mut client)?;
        let method = serde_json::from_slice::<Value>(&body).ok()?["method"].as_str()?.to_owned();
        let sprung = {
            let mut state = state.lock().ok()?;
            if state.down || state.blocked.is_some_and(|blocked| blocked == method) {
                return None;
            }
            state.spring(&method)
        };
        let (when, act) = match sprung {
            Some((when, act)) => (Some(when), Some(act)),
            None => (None, None),
        };
        if when == Some(When::Before) {
            act?();
            return None;
        }
        let mut node = TcpStream::connect(upstream).ok()?;
        let _ = node.set_nodelay(true);
        node.write_all(&request).ok()?;
        let (mut answer, told) = message(&mut node)?;
        let mut state = state.lock().ok()?;
        if let Some(lie) = state.lie.as_mut() {
            let asked: Value = serde_json::from_slice(&body).ok()?;
            let mut changed: Value = serde_json::from_slice(&told).ok()?;
            if !lie(&asked, &mut changed) {
                return None;
            }
            let text = changed.to_string();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length";
            answer = format!("{head}: {}\r\n\r\n{text}", text.len()).into_bytes();
        }
        state.seen.push(method);
        drop(state);
        if let Some(act) = act {
            act();
            return None;
        }
        client.write_all(&answer).ok()?;
    }
}

/// One HTTP message with a `content-length`: all its bytes, and its body.
fn message(stream: &mut TcpStream) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut all = Vec::new();
    let mut chunk = [0; 16 * 1024];
    loop {
        if let Some(head) = all.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4) {
            let text = String::from_utf8_lossy(&all[..head]).to_lowercase();
            let length = text.lines().find_map(|l| l.strip_prefix("content-length:"))?;
            if all.len() >= head + length.trim().parse::<usize>().ok()? {
                let body = all[head..].to_vec();
                return Some((all, body));
            }
        }
        let read = stream.read(&mut chunk).ok().filter(|n| *n > 0)?;
        all.extend(&chunk[..read]);
    }
}
