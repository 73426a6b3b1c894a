//! Killed at every moment, and started again on the same file.

use super::client::{Connection, Folder, Signer};
use super::common::model::{Model, Promise};
use super::common::world::{SESSIONS, Want, What};
use super::wire::Reply;
use hallpass_signer::points::Point;
use hallpass_store::testing::SeededRng;
use std::sync::Mutex;

/// Those who ask at once.
const CLIENTS: u64 = 4;
/// Requests of each, at most; the point lies among the first few.
const ASKS: u64 = 200;
/// Keys of one session.
const KEYS: u64 = 120;
/// The first time that a point is passed, and later ones, when the signer remembers what it read.
const TIMES: [u64; 3] = [1, 4, 12];

struct Driver {
    model: Mutex<Model>,
}

pub fn every_moment() {
    let folder = Folder::new("kill");
    let driver = Driver { model: Mutex::new(Model::default()) };
    let mut start = 0;
    for point in Point::ALL {
        for nth in TIMES {
            let mut signer = Signer::start(&folder, start);
            driver.look(&mut signer.connect());
            let connections: Vec<Connection> = (0..CLIENTS).map(|_| signer.connect()).collect();
            std::thread::scope(|scope| {
                for (client, connection) in (0..).zip(connections) {
                    let driver = &driver;
                    let first = (client == 0).then(|| format!("arm {} {nth}", point as usize));
                    scope.spawn(move || driver.client(connection, start, client, first));
                }
                assert_eq!(signer.hears(), "reached", "{point:?} was not passed {nth} times");
                signer.kill();
            });
            start += 1;
        }
    }
    let signer = Signer::start(&folder, start);
    let mut connection = signer.connect();
    driver.look(&mut connection);
    driver.exhaust(&mut connection);
    let mut model = driver.model.into_inner().unwrap();
    model.add_up();
    println!(
        "killed {start} times at {} moments: {} operations left, {} keys answered, {} revocations acknowledged",
        Point::ALL.len(),
        model.left(),
        model.answered.len(),
        model.revoked().count()
    );
    assert!(model.broken.is_empty(), "{:#?}", model.broken);
    assert!(model.answered.len() > 80 && model.revoked().count() == 2, "too little happened to mean anything");
}

impl Driver {
    /// The first one revokes, where it is due, and then arms the point: a revocation is always acknowledged.
    fn client(&self, mut connection: Connection, start: u64, client: u64, first: Option<String>) {
        let rng = SeededRng::new(start << 8 ^ client);
        // In the midst of the others, before a late point: what is revoked stays so over all later starts.
        let revokes = match start {
            11 => Some(0),
            17 => Some(3),
            _ => None,
        };
        if let Some(arm) = &first {
            if let Some(session) = revokes {
                let line = connection.line(&format!("revoke {session} {KEYS}")).unwrap();
                self.model.lock().unwrap().revoke(session, serde_json::from_str(&line).unwrap());
            }
            assert_eq!(connection.line(arm).unwrap(), "armed");
        }
        for _ in 0..ASKS {
            let (session, key) = (rng.below(SESSIONS as u64) as usize, rng.below(KEYS));
            let what = What::random(session, 6, &SeededRng::new((session as u64) << 32 ^ key));
            if self.ask(&mut connection, Want { session, key, what }).is_none() {
                return;
            }
        }
        // The point was not passed: the signer ends by itself, and the parent sees that it said nothing.
        if first.is_some() {
            connection.line("quit");
        }
    }

    fn ask(&self, connection: &mut Connection, want: Want) -> Option<Reply> {
        let after = self.model.lock().unwrap().is_revoked(want.session);
        let reply = connection.ask(&want)?;
        let mut model = self.model.lock().unwrap();
        match &reply {
            Reply::Signed(reservation) => model.leave(want, reservation, after),
            Reply::Earlier(reservation) => model.answer(want, reservation),
            Reply::Denied(..) | Reply::Failed(_) => {}
        }
        Some(reply)
    }

    /// After a restart: everything promised is there.
    fn look(&self, connection: &mut Connection) {
        let (answered, revoked): (Vec<_>, Vec<_>) = {
            let model = self.model.lock().unwrap();
            (model.answered.values().map(|(want, _)| *want).collect(), model.revoked().collect())
        };
        for session in revoked {
            if connection.line(&format!("active {session}")).unwrap() == "true" {
                self.model.lock().unwrap().breaks(Promise::Revoked, format!("session {session} is active again"));
            }
        }
        for want in answered {
            match self.ask(connection, want).unwrap() {
                Reply::Signed(_) | Reply::Earlier(_) => {}
                // Its time is over, or its session's.
                Reply::Failed(code) if ["window_past", "grant_ended", "op_expired", "not_yet"].contains(&&*code) => {}
                other => self.model.lock().unwrap().breaks(Promise::Key, format!("{want:?}, asked again: {other:?}")),
            }
        }
    }

    /// Asks each session for all that is left.
    fn exhaust(&self, connection: &mut Connection) {
        let (mut key, mut nonce) = (KEYS, 6);
        for session in 0..SESSIONS {
            for amount in [40, 20, 10, 5, 2, 1] {
                for _ in 0..100 {
                    key += 1;
                    nonce += 1;
                    let what = match session {
                        0 | 1 => What::Pay(amount),
                        2 if nonce % 2 == 0 => What::Transact(nonce, amount),
                        _ => What::Order(amount),
                    };
                    if !matches!(self.ask(connection, Want { session, key, what }).unwrap(), Reply::Signed(_)) {
                        break;
                    }
                }
            }
        }
    }
}
