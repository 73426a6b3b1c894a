//! What Hallpass said of tokens, for a few seconds.

use crate::guard::Known;
use hallpass_session::TokenHash;
use hallpass_types::UnixSeconds;
use std::collections::HashMap;

/// Most answers that are kept at once; above it tokens are asked about each time.
pub const MOST: usize = 10_000;

/// Answers, by the token's hash. Only those that a token is good.
#[derive(Debug)]
pub struct Remembered {
    seconds: u64,
    answers: HashMap<TokenHash, (UnixSeconds, Known)>,
}

impl Remembered {
    /// Each for `seconds` after it was asked for; 0 for none.
    #[must_use]
    pub fn new(seconds: u64) -> Self {
        Self { seconds, answers: HashMap::new() }
    }

    /// What was said, if that is good now. A clock that was put back makes nothing good again.
    #[must_use]
    pub fn get(&self, token: &TokenHash, now: UnixSeconds) -> Option<Known> {
        let (asked, known) = self.answers.get(token)?;
        self.is_good(*asked, known, now).then(|| known.clone())
    }

    /// Keeps what was said of a token that was asked about at `asked`: before the question left, so that an answer that took
    /// its time is good for less.
    pub fn put(&mut self, token: TokenHash, asked: UnixSeconds, known: Known) {
        if self.seconds == 0 {
            return;
        }
        if self.answers.len() >= MOST {
            let mut answers = core::mem::take(&mut self.answers);
            answers.retain(|_, (at, known)| self.is_good(*at, known, asked));
            self.answers = answers;
        }
        if self.answers.len() < MOST {
            self.answers.insert(token, (asked, known));
        }
    }

    /// Forgets a token.
    pub fn remove(&mut self, token: &TokenHash) {
        self.answers.remove(token);
    }

    fn is_good(&self, asked: UnixSeconds, known: &Known, now: UnixSeconds) -> bool {
        let age = now.get().checked_sub(asked.get());
        age.is_some_and(|age| age < self.seconds) && now < known.login.not_after
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::Login;

    fn at(seconds: u64) -> UnixSeconds {
        UnixSeconds::new(seconds).unwrap()
    }

    fn known(not_after: u64) -> Known {
        let login = Login {
            account: "eip155:1:0x52908400098527886E0F7030069857D2E4169EE7".parse().unwrap(),
            user: hallpass_types::UserId::from_bytes([1; 16]),
            session: hallpass_types::SessionId::from_bytes([2; 16]),
            proved_at: at(1),
            not_after: at(not_after),
            roles: Vec::new(),
        };
        Known { login, jkt: None }
    }

    fn token(n: u64) -> TokenHash {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&n.to_le_bytes());
        TokenHash::from_bytes(bytes)
    }

    #[test]
    fn an_answer_is_good_for_its_seconds_and_not_past_the_tokens_end() {
        let mut remembered = Remembered::new(5);
        remembered.put(token(1), at(100), known(1_000));
        remembered.put(token(2), at(100), known(102));
        let good =
            |token: &TokenHash| [99, 100, 101, 102, 104, 105].map(|now| remembered.get(token, at(now)).is_some());
        assert_eq!(good(&token(1)), [false, true, true, true, true, false]);
        assert_eq!(good(&token(2)), [false, true, true, false, false, false]);
        assert_eq!(remembered.get(&token(3), at(100)), None);
        remembered.remove(&token(1));
        assert_eq!(remembered.get(&token(1), at(100)), None);
    }

    #[test]
    fn nothing_is_kept_where_nothing_is_to_be_and_never_more_than_the_bound() {
        let mut none = Remembered::new(0);
        none.put(token(1), at(100), known(1_000));
        assert_eq!((none.get(&token(1), at(100)), none.answers.len()), (None, 0));
        let mut full = Remembered::new(5);
        (0..MOST as u64 + 10).for_each(|n| full.put(token(n), at(100), known(1_000)));
        assert_eq!((full.answers.len(), full.get(&token(MOST as u64), at(100))), (MOST, None));
        // What is no good any more makes room.
        full.put(token(MOST as u64), at(105), known(1_000));
        assert_eq!((full.answers.len(), full.get(&token(MOST as u64), at(105)).is_some()), (1, true));
    }
}
