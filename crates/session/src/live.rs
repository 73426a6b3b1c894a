//! The logins that are live, by their tokens: what every request is checked against, without the store.
//!
//! A table of one process, changed after each commit by whoever commits. Pure: time is handed in, and whoever shares it
//! locks it. All that a request is told stands in one row, so that a check goes to one place in memory, as a look-up in a map
//! with nothing else in it does; times are kept as seconds since the login's start.

use crate::login::{Binding, Jkt, ends};
use crate::{LoginSession, TokenHash};
use alloy_primitives::Address;
use core::sync::atomic::{AtomicU32, Ordering};
use hallpass_types::{AccountId, ChainId, SessionId, UnixSeconds, UserId};
use hashbrown::HashTable;
use std::collections::HashMap;

/// What a request is told of its login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveLogin {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The account that was proved.
    pub account: AccountId,
    /// What its tokens must come with.
    pub binding: Binding,
    /// Inclusive start.
    pub created: UnixSeconds,
    /// Exclusive end, whatever the activity.
    pub not_after: UnixSeconds,
    /// Seconds without use after which it ends.
    pub idle: u64,
    /// When its wallet last proved itself.
    pub proved_at: UnixSeconds,
    /// Where the signature of a grant did that, and no message: the only session that it may use.
    pub own_pass: Option<SessionId>,
}

/// A token that is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// Its login.
    pub login: LiveLogin,
    /// The token's exclusive end.
    pub not_after: UnixSeconds,
    /// Whether it came with a successor that was not used yet: that is to be made durable before anything else.
    pub pending: bool,
    /// Whether this use is far enough after the last durable one to be written.
    pub note: bool,
}

/// The logins that are live.
#[derive(Debug, Default)]
pub struct LiveLogins {
    /// By the access token's hash.
    rows: HashTable<Row>,
    /// By the login's id.
    by_id: HashTable<Named>,
    /// Access tokens that came with a successor which is not in use yet: their login, and their end.
    pending: HashMap<TokenHash, (SessionId, UnixSeconds)>,
    pending_of: HashMap<SessionId, TokenHash>,
    /// Those that a contract wallet proved.
    contracts: HashMap<SessionId, Contract>,
    /// Those that a grant's signature proved: the only session that each may use.
    own_passes: HashMap<SessionId, SessionId>,
}

/// A login. Seconds count from its start; what does not fit is cut to the largest that does, which is earlier.
#[derive(Debug)]
struct Row {
    hash: TokenHash,
    id: SessionId,
    user: UserId,
    chain: ChainId,
    address: Address,
    cookie: bool,
    /// Whether a contract wallet proved it.
    contract: bool,
    /// Whether a grant's signature did, so that it may use one session alone.
    narrow: bool,
    created: UnixSeconds,
    not_after: u32,
    access_not_after: u32,
    idle: u32,
    proved: u32,
    /// The last use.
    used: AtomicU32,
    /// The last use that is durable.
    noted: AtomicU32,
    jkt: Option<Box<Jkt>>,
}

/// When a contract wallet is asked again, and until when its last answer is good, exclusive.
#[derive(Debug, Clone, Copy)]
struct Contract {
    due: UnixSeconds,
    until: UnixSeconds,
}

/// Where a login's row is: what its id and its token's hash end with, which no two rows share.
#[derive(Debug, Clone, Copy)]
struct Named {
    id: u64,
    token: u64,
}

/// How far, in seconds, a durable last use may lie behind.
pub const NOTE_EVERY: u64 = 60;

impl LiveLogins {
    /// Nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The login of a token that is good at `now`; `None` for every other. Using it is noted by [`Self::used`].
    #[must_use]
    pub fn check(&self, token: &TokenHash, now: UnixSeconds) -> Option<Checked> {
        let (row, mut checked) = match self.rows.find(spread(token.as_bytes()), |row| row.hash == *token) {
            Some(row) => (row, row.check(row.at(row.access_not_after), false, now)?),
            None => {
                let (id, not_after) = *self.pending.get(token)?;
                let row = self.row(id)?;
                (row, row.check(not_after, true, now)?)
            }
        };
        let good = !row.contract || self.contracts.get(&row.id).is_some_and(|contract| now < contract.until);
        if row.narrow {
            checked.login.own_pass = Some(*self.own_passes.get(&row.id)?);
        }
        good.then_some(checked)
    }

    /// Notes a use; answers whether it is to be written, which one caller is told.
    #[must_use]
    pub fn used(&self, id: SessionId, now: UnixSeconds) -> bool {
        let Some(row) = self.row(id) else { return false };
        let at = row.since(now);
        row.used.fetch_max(at, Ordering::Relaxed);
        let noted = row.noted.load(Ordering::Relaxed);
        row.is_due(now) && row.noted.compare_exchange(noted, at, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// When it was last used; `None` where it is not here.
    #[must_use]
    pub fn last_used(&self, id: SessionId) -> Option<UnixSeconds> {
        self.row(id).map(Row::last_used)
    }

    /// Takes a login as it was committed: puts it in place of what was known of it, or takes it out where it has ended.
    pub fn put(&mut self, login: &LoginSession) {
        let used = self.remove(login.id).map_or(login.seen, |old| old.max(login.seen));
        if login.lifecycle.is_active() {
            self.add(login, used);
        }
    }

    /// Those whose contract wallet is to be asked again at `now`.
    #[must_use]
    pub fn due_contracts(&self, now: UnixSeconds) -> Vec<SessionId> {
        self.contracts.iter().filter(|(_, contract)| contract.due <= now).map(|(id, _)| *id).collect()
    }

    /// Takes one out; answers when it was last used.
    pub fn remove(&mut self, id: SessionId) -> Option<UnixSeconds> {
        self.contracts.remove(&id);
        self.own_passes.remove(&id);
        if let Some(token) = self.pending_of.remove(&id) {
            self.pending.remove(&token);
        }
        let name = spread(id.as_bytes());
        let named = self.by_id.find_entry(name, |named| named.id == name).ok()?;
        let token = named.get().token;
        let row = self.rows.find_entry(token, |row| row.id == id).ok()?;
        named.remove();
        let (row, _) = row.remove();
        Some(row.last_used())
    }

    fn row(&self, id: SessionId) -> Option<&Row> {
        let name = spread(id.as_bytes());
        let named = self.by_id.find(name, |named| named.id == name)?;
        self.rows.find(named.token, |row| row.id == id)
    }

    /// Two logins whose ids or tokens end alike do not happen by chance; the second is then not let in, so that what is ended
    /// by its id is always found.
    fn add(&mut self, login: &LoginSession, used: UnixSeconds) {
        let named = Named { id: spread(login.id.as_bytes()), token: spread(login.access.hash.as_bytes()) };
        let taken = self.by_id.find(named.id, |other| other.id == named.id).is_some()
            || self.rows.find(named.token, |row| spread(row.hash.as_bytes()) == named.token).is_some();
        if taken {
            return;
        }
        let since = |at: UnixSeconds| seconds(at.get().saturating_sub(login.created.get()));
        let row = Row {
            hash: login.access.hash,
            id: login.id,
            user: login.user,
            chain: login.account.chain,
            address: login.account.address,
            cookie: login.binding == Binding::Cookie,
            contract: login.contract.is_some(),
            narrow: login.own_pass.is_some(),
            created: login.created,
            not_after: since(login.not_after),
            access_not_after: since(login.access.not_after),
            idle: seconds(login.idle),
            proved: since(login.proved_at),
            used: AtomicU32::new(since(used)),
            noted: AtomicU32::new(since(login.seen)),
            jkt: login.binding.jkt().map(Box::new),
        };
        self.rows.insert_unique(named.token, row, |row| spread(row.hash.as_bytes()));
        self.by_id.insert_unique(named.id, named, |named| named.id);
        if let Some(proof) = &login.contract {
            self.contracts.insert(login.id, Contract { due: proof.due(), until: proof.ends() });
        }
        if let Some(pass) = login.own_pass {
            self.own_passes.insert(login.id, pass);
        }
        if let Some(pending) = login.refresh.and_then(|refresh| refresh.pending) {
            self.pending.insert(pending.access.hash, (login.id, pending.access.not_after));
            self.pending_of.insert(login.id, pending.access.hash);
        }
    }
}

impl Row {
    fn check(&self, access_not_after: UnixSeconds, pending: bool, now: UnixSeconds) -> Option<Checked> {
        let login = self.login();
        let ends = ends(login.not_after, login.idle, self.last_used());
        let live = login.created <= now && now < ends && now < access_not_after;
        live.then(|| Checked { login, not_after: access_not_after, pending, note: self.is_due(now) })
    }

    /// But for [`LiveLogin::own_pass`], which stands elsewhere.
    fn login(&self) -> LiveLogin {
        let binding = match (&self.jkt, self.cookie) {
            (Some(jkt), _) => Binding::Dpop { jkt: **jkt },
            (None, true) => Binding::Cookie,
            (None, false) => Binding::Bearer,
        };
        LiveLogin {
            id: self.id,
            user: self.user,
            account: AccountId { chain: self.chain, address: self.address },
            binding,
            created: self.created,
            not_after: self.at(self.not_after),
            idle: u64::from(self.idle),
            proved_at: self.at(self.proved),
            own_pass: None,
        }
    }

    /// A moment; past the end of the range it is the start, at which nothing is good any more.
    fn at(&self, seconds: u32) -> UnixSeconds {
        self.created.plus(u64::from(seconds)).unwrap_or(self.created)
    }

    fn since(&self, at: UnixSeconds) -> u32 {
        seconds(at.get().saturating_sub(self.created.get()))
    }

    fn last_used(&self) -> UnixSeconds {
        self.at(self.used.load(Ordering::Relaxed))
    }

    fn is_due(&self, now: UnixSeconds) -> bool {
        u64::from(self.since(now)) >= u64::from(self.noted.load(Ordering::Relaxed)).saturating_add(NOTE_EVERY)
    }
}

/// As many as fit.
fn seconds(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Keys here are SHA-256 or random already: their last eight bytes are hash enough. Whoever sends tokens cannot choose what
/// they hash to, and puts nothing in.
fn spread(key: &[u8]) -> u64 {
    key.last_chunk().map_or(0, |last| u64::from_le_bytes(*last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::login::tests::{at, session};
    use crate::login::{Access, Pending, Refresh};
    use crate::{Actor, Reason, Token, TokenKind};
    use std::collections::HashMap;

    fn hash(n: u32) -> TokenHash {
        let mut bits = [7; 32];
        bits[..4].copy_from_slice(&n.to_be_bytes());
        Token::from_random(TokenKind::Bearer, bits).hash()
    }

    fn login(n: u32) -> LoginSession {
        let mut id = [0; 16];
        id[12..].copy_from_slice(&n.to_be_bytes());
        let access = Access { hash: hash(n), not_after: at(180) };
        LoginSession { id: SessionId::from_bytes(id), access, ..session() }
    }

    fn good(table: &LiveLogins, token: &TokenHash, now: u64) -> bool {
        table.check(token, at(now)).is_some()
    }

    /// Asked at 110, good for ten seconds: due from 115 on, nothing from 120 on.
    #[test]
    fn what_a_contract_wallet_proved_is_as_good_as_its_last_answer() {
        let proof = |asked| crate::ContractProof {
            digest: alloy_primitives::B256::ZERO,
            signature: alloy_primitives::Bytes::new(),
            asked: at(asked),
            every: 10,
        };
        let mut table = LiveLogins::new();
        table.put(&login(2));
        table.put(&LoginSession { contract: Some(proof(110)), ..login(1) });
        assert_eq!([100, 119, 120, 121].map(|t| good(&table, &hash(1), t)), [true, true, false, false]);
        let due = |table: &LiveLogins, now| table.due_contracts(at(now));
        assert_eq!([114, 115, 116].map(|t| due(&table, t).len()), [0, 1, 1]);
        assert_eq!(due(&table, 115), [login(1).id]);
        table.put(&LoginSession { contract: Some(proof(118)), ..login(1) });
        assert_eq!([120, 127, 128].map(|t| good(&table, &hash(1), t)), [true, true, false], "asked again");
        table.remove(login(1).id);
        assert!(due(&table, 130).is_empty());
    }

    /// The pass of a login by a grant goes with it, and where it is not known the login is none.
    #[test]
    fn a_narrow_login_is_told_its_pass_or_is_none() {
        let pass = SessionId::from_bytes([9; 16]);
        let mut table = LiveLogins::new();
        table.put(&LoginSession { own_pass: Some(pass), ..login(1) });
        table.put(&login(2));
        let own = |table: &LiveLogins, n| table.check(&hash(n), at(110)).map(|checked| checked.login.own_pass);
        assert_eq!((own(&table, 1), own(&table, 2)), (Some(Some(pass)), Some(None)));
        table.put(&login(1));
        assert_eq!(own(&table, 1), Some(None), "stepped up");
        table.put(&LoginSession { own_pass: Some(pass), ..login(1) });
        table.own_passes.clear();
        assert_eq!(own(&table, 1), None);
    }

    #[test]
    fn a_token_is_good_inside_every_bound_alone() {
        let mut table = LiveLogins::new();
        table.put(&login(1));
        assert_eq!((table.len(), table.is_empty()), (1, false));
        assert_eq!([99, 100, 139, 140].map(|t| good(&table, &hash(1), t)), [false, true, true, false], "idle");
        assert!(!good(&table, &hash(2), 110));
        let _ = table.used(login(1).id, at(139));
        assert_eq!([178, 179].map(|t| good(&table, &hash(1), t)), [true, false]);
        let _ = table.used(login(1).id, at(178));
        assert_eq!([179, 180].map(|t| good(&table, &hash(1), t)), [true, false], "the token's own end");
        let mut long = login(1);
        long.access.not_after = at(900);
        table.put(&long);
        assert_eq!([199, 200].map(|t| good(&table, &hash(1), t)), [true, false], "the login's absolute end");
    }

    #[test]
    fn one_use_a_minute_is_to_be_written_and_by_one_caller() {
        let mut table = LiveLogins::new();
        let long = LoginSession { idle: 500, not_after: at(900), ..login(1) };
        table.put(&long);
        assert_eq!([159, 160, 160, 219, 220].map(|t| table.used(long.id, at(t))), [false, true, false, false, true]);
        assert_eq!(table.last_used(long.id), Some(at(220)));
        let _ = table.used(long.id, at(150));
        assert_eq!(table.last_used(long.id), Some(at(220)), "never back");
        // A row that is older than what is known here does not make it older.
        table.put(&long);
        assert_eq!(table.last_used(long.id), Some(at(220)));
    }

    #[test]
    fn an_ended_login_and_its_old_tokens_are_gone() {
        let mut table = LiveLogins::new();
        let pending =
            Pending { refresh: hash(50), access: Access { hash: hash(51), not_after: at(150) }, issued: at(110) };
        let both = LoginSession { refresh: Some(Refresh { current: hash(52), pending: Some(pending) }), ..login(1) };
        table.put(&both);
        assert!(!table.check(&hash(1), at(110)).unwrap().pending);
        assert!(table.check(&hash(51), at(110)).unwrap().pending);
        assert!(!good(&table, &hash(50), 110) && !good(&table, &hash(52), 110), "a refresh token is no access token");
        table.put(&both.clone().confirm(&hash(51)).unwrap());
        assert!(!good(&table, &hash(1), 110) && good(&table, &hash(51), 110));
        assert!(!table.check(&hash(51), at(110)).unwrap().pending);
        table.put(&both.clone().revoke(at(110), Reason::OwnerAsked, Actor::Server).unwrap());
        assert!(!good(&table, &hash(51), 110) && table.is_empty());
        assert_eq!((table.by_id.len(), table.pending.len(), table.pending_of.len()), (0, 0, 0));
    }

    /// What is told of a login is what was put in, for each way of being bound.
    #[test]
    fn a_row_says_what_the_login_does() {
        let mut table = LiveLogins::new();
        let bindings = [Binding::Bearer, Binding::Cookie, Binding::Dpop { jkt: Jkt([5; 32]) }];
        for (n, binding) in (1..).zip(bindings) {
            let own_pass = (n == 1).then(|| SessionId::from_bytes([9; 16]));
            let put = LoginSession { binding, proved_at: at(107), own_pass, ..login(n) };
            table.put(&put);
            let told = table.check(&hash(n), at(110)).unwrap();
            let LoginSession { id, user, account, created, not_after, idle, proved_at, .. } = put;
            assert_eq!(
                told.login,
                LiveLogin { id, user, account, binding, created, not_after, idle, proved_at, own_pass }
            );
            assert_eq!((told.not_after, told.pending, told.note), (at(180), false, false));
        }
    }

    /// Of two whose ids or tokens end alike the second is not let in: ending one by its id must end that one.
    #[test]
    fn no_two_rows_are_taken_for_each_other() {
        let mut table = LiveLogins::new();
        table.put(&login(1));
        let twin = |hash: &TokenHash| {
            let mut bytes = *hash.as_bytes();
            bytes[0] ^= 1;
            TokenHash::from_bytes(bytes)
        };
        let access = Access { hash: twin(&hash(1)), not_after: at(180) };
        table.put(&LoginSession { access, ..login(2) });
        let mut id = *login(1).id.as_bytes();
        id[0] ^= 1;
        table.put(&LoginSession { id: SessionId::from_bytes(id), ..login(3) });
        assert!(good(&table, &hash(1), 110) && !good(&table, &access.hash, 110) && !good(&table, &hash(3), 110));
        assert_eq!(table.remove(login(1).id), Some(at(100)));
        assert!(!good(&table, &hash(1), 110) && table.is_empty());
    }

    /// Against a plain map, over many logins that come, change and go.
    #[test]
    fn the_table_is_what_was_put_into_it() {
        let mut table = LiveLogins::new();
        let mut model = HashMap::new();
        let mut random = 1_u64;
        for step in 0..20_000_u32 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let n = (random >> 33) as u32 % 3_000;
            if random >> 62 == 0 {
                assert_eq!(table.remove(login(n).id).is_some(), model.remove(&n).is_some());
            } else {
                let access = Access { hash: hash(10_000 + step), not_after: at(180) };
                table.put(&LoginSession { access, ..login(n) });
                model.insert(n, access.hash);
            }
        }
        assert_eq!(table.len(), model.len());
        assert_eq!(table.by_id.len(), model.len());
        for (n, token) in &model {
            assert_eq!(table.check(token, at(110)).unwrap().login.id, login(*n).id);
        }
    }
}
