//! One client with one request at a time; and, between its requests, what the disk and the curve cost by themselves.

use crate::Sessions;
use crate::load::{Client, is_result};
use crate::processes::Server;
use redb::{Database, Durability, TableDefinition};
use secp256k1::ecdsa::RecoverableSignature;
use secp256k1::{Message, SecretKey};
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

const TABLE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");
/// What a reservation and its lines add to the store, about.
const ROW: usize = 1400;
/// Rows that stand in the raw store before, so that its tree has some depth.
const ROWS: u64 = 100_000;
/// Requests of one session, and raw commits between two sessions.
const CHUNK: usize = 50;

/// p50 and p99, in nanoseconds.
pub struct Percentiles {
    pub ours: (f64, f64),
    pub raw: (f64, f64),
}

/// `count` requests, and as many raw commits of a row of the same size with a raw signature each.
pub async fn measure(server: &Server, sessions: Sessions<'_>, folder: &Path, count: usize) -> Percentiles {
    let raw = Raw::new(&folder.join("raw.redb"));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    while ours.len() < count {
        let mut client = Client::open(&server.socket, sessions.next().unwrap()).await.unwrap();
        for number in 0..CHUNK {
            let started = Instant::now();
            let line = client.ask(number).await.unwrap();
            ours.push(started.elapsed().as_nanos() as f64);
            assert!(is_result(&line), "{}", String::from_utf8_lossy(&line));
        }
        for _ in 0..CHUNK {
            let started = Instant::now();
            raw.commit_and_sign();
            theirs.push(started.elapsed().as_nanos() as f64);
        }
    }
    Percentiles { ours: percentiles(ours), raw: percentiles(theirs) }
}

fn percentiles(mut times: Vec<f64>) -> (f64, f64) {
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

struct Raw {
    database: Database,
    key: SecretKey,
}

impl Raw {
    fn new(path: &Path) -> Self {
        let _ = std::fs::remove_file(path);
        let database = Database::create(path).unwrap();
        let txn = database.begin_write().unwrap();
        {
            let mut table = txn.open_table(TABLE).unwrap();
            for _ in 0..ROWS {
                table.insert(&random::<32>()[..], &[7; ROW][..]).unwrap();
            }
        }
        txn.commit().unwrap();
        Self { database, key: SecretKey::from_secret_bytes([7; 32]).unwrap() }
    }

    fn commit_and_sign(&self) {
        let (key, row) = (random::<32>(), [7; ROW]);
        let mut txn = self.database.begin_write().unwrap();
        txn.set_durability(Durability::Immediate).unwrap();
        txn.open_table(TABLE).unwrap().insert(&key[..], &row[..]).unwrap();
        txn.commit().unwrap();
        black_box(RecoverableSignature::sign_ecdsa_recoverable(Message::from_digest(key), &self.key));
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}
