//! What parent and child say to each other: one line each way.

use super::common::world::{Want, What};
use hallpass_session::Reservation;

/// A request as a line.
pub fn ask(want: &Want) -> String {
    let (kind, at, amount) = match want.what {
        What::Pay(n) => ("pay", 0, n),
        What::PayAt(at, n) => ("pay_at", at, n),
        What::Transact(at, n) => ("transact", at, n),
        What::Order(n) => ("order", 0, n),
        What::Post(n) => ("post", 0, n),
    };
    format!("ask {} {} {kind} {at} {amount}", want.session, want.key)
}

/// [`ask`], read; without its first word.
pub fn want(line: &str) -> Want {
    let words: Vec<&str> = line.split(' ').collect();
    let (at, amount) = (words[3].parse().unwrap(), words[4].parse().unwrap());
    let what = match words[2] {
        "pay" => What::Pay(amount),
        "pay_at" => What::PayAt(at, amount),
        "transact" => What::Transact(at, amount),
        "order" => What::Order(amount),
        "post" => What::Post(amount),
        other => panic!("{other}"),
    };
    Want { session: words[0].parse().unwrap(), key: words[1].parse().unwrap(), what }
}

/// What came back.
#[derive(Debug)]
pub enum Reply {
    Signed(Box<Reservation>),
    Earlier(Box<Reservation>),
    /// The code, and the bound where there is one.
    Denied(String, Option<u64>),
    Failed(String),
}

impl Reply {
    pub fn read(line: &str) -> Self {
        let (kind, rest) = line.split_once(' ').unwrap();
        let reservation = || Box::new(serde_json::from_str(rest).unwrap());
        match kind {
            "signed" => Self::Signed(reservation()),
            "earlier" => Self::Earlier(reservation()),
            "denied" => {
                let (code, bound) = rest.split_once(' ').unwrap();
                Self::Denied(code.to_owned(), bound.parse().ok())
            }
            "failed" => Self::Failed(rest.to_owned()),
            other => panic!("{other}"),
        }
    }
}
