//! Examples, and random histories against a chain that enforces no cap at all: the ledger alone must hold it.

use super::*;
use crate::{
    Counter, Counters, FinalBlock, FinalView, FurtherLane, GrantState, Lane, NonceState, Release, ReservationState,
    Route,
};
use alloy_primitives::aliases::U192;
use alloy_primitives::{B256, Bytes};
use hallpass_policy::{Cost, EntryPoint, LaneUsed, Status};
use hallpass_types::{GrantId, IdempotencyKey, ReservationId, SessionId, UnixSeconds};
use proptest::prelude::*;

const PERIOD: u64 = 100;

fn at(s: u64) -> UnixSeconds {
    UnixSeconds::new(s).unwrap()
}

fn cost(meter: u16, window: u32, amount: u64) -> Cost {
    Cost { meter, window, amount: U256::from(amount) }
}

fn reservation(sequence: u32, costs: Vec<Cost>) -> Reservation {
    let window = costs.first().map_or(0, |c| u64::from(c.window));
    Reservation {
        id: ReservationId::from_bytes([0; 16]),
        session: SessionId::from_bytes([2; 16]),
        grant: GrantId::repeat_byte(3),
        idempotency: IdempotencyKey::try_from("k".to_owned()).unwrap(),
        request_hash: B256::ZERO,
        route: Route::Direct,
        op: Bytes::new(),
        digest: B256::with_last_byte(1),
        sequence,
        counter: Counter::Own,
        valid_from: at(window * PERIOD),
        valid_until: at((window + 1) * PERIOD),
        costs,
        state: ReservationState::Reserved,
    }
}

fn key(lane: u8) -> EntryKey {
    EntryKey::new(EntryPoint::V08, GrantId::repeat_byte(3), Lane::new(lane).unwrap())
}

/// The same number in an EntryPoint's counter.
fn by_entry_point(lane: u8, r: Reservation) -> Reservation {
    Reservation { route: Route::EntryPoint, counter: Counter::EntryPoint(key(lane)), ..r }
}

fn further(lane: u8) -> Counter {
    Counter::Further(FurtherLane::try_from(lane).unwrap())
}

/// The same number in another lane.
fn in_lane(lane: u8, r: Reservation) -> Reservation {
    Reservation { counter: further(lane), ..r }
}

fn in_lane_0(ledger: &Ledger, live: &[Reservation], first: u32, end: u32) -> Option<u32> {
    next_sequence(Counter::Own, ledger, live, first, end)
}

fn own(sequence: u32) -> Nonce {
    Nonce { counter: Counter::Own, sequence }
}

fn at_nonce(nonce: Nonce, costs: Vec<Cost>) -> Reservation {
    let r = reservation(nonce.sequence, costs);
    match nonce.counter {
        Counter::Own => r,
        Counter::Further(lane) => in_lane(lane.into(), r),
        counter => Reservation { route: Route::EntryPoint, counter, ..r },
    }
}

fn released(r: Reservation, why: Release) -> Reservation {
    Reservation { state: ReservationState::Released { why, block: FinalBlock { number: 1, time: at(1) } }, ..r }
}

fn ledger(base: u32, used: u64, meters: Vec<Spent>) -> Ledger {
    Ledger { frozen: false, epoch: 0, status: Status::Active, base, used, lanes: Vec::new(), meters }
}

#[test]
fn operations_that_share_a_nonce_hold_the_dearest_and_nonces_add_up() {
    let live = [
        reservation(0, vec![cost(0, 5, 10)]),
        reservation(0, vec![cost(0, 5, 7), cost(0, 5, 6)]),
        reservation(1, vec![cost(0, 5, 4), cost(0, 6, 100), cost(1, 5, 100)]),
        released(reservation(2, vec![cost(0, 5, 1000)]), Release::Expired),
    ];
    assert_eq!(held(&live, 0, 5), U256::from(17));
    assert_eq!(remaining(U256::from(100), U256::from(20), U256::from(30), U256::from(17)), U256::from(53));
    assert_eq!(remaining(U256::from(100), U256::from(90), U256::from(30), U256::from(17)), U256::ZERO);
}

#[test]
fn numbers_of_another_counter_are_other_numbers() {
    let live = [
        reservation(0, vec![cost(0, 5, 10)]),
        by_entry_point(0, reservation(0, vec![cost(0, 5, 7)])),
        by_entry_point(0, reservation(0, vec![cost(0, 5, 9)])),
        by_entry_point(1, reservation(0, vec![cost(0, 5, 3)])),
    ];
    assert_eq!(held(&live, 0, 5), U256::from(22));
    // No number of an EntryPoint's is taken, or too far, in lane 0; nor the other way round.
    let far = by_entry_point(0, reservation(500, vec![]));
    assert_eq!(in_lane_0(&ledger(0, 0, vec![]), &[far.clone(), live[1].clone()], 0, 9), Some(0));
    assert_eq!(project(&ledger(0, 0, vec![]), &[far]), ledger(0, 0, vec![]));
    assert_eq!(next_in(key(0), 0, &live[..1]), Some(0));
    assert_eq!(next_in(key(0), 0, &live), Some(1));
    assert_eq!(next_in(key(2), 0, &live), Some(0));
}

#[test]
fn an_entry_point_s_operation_is_held_until_the_block_that_shows_its_number_used() {
    let chain = ledger(0, u64::MAX, vec![Spent { meter: 0, window: 0, spent: 50 }]);
    let live = [by_entry_point(0, reservation(0, vec![cost(0, 0, 9)]))];
    let spent = |counters: &Counters| project(Seen { ledger: &chain, counters }, &live).meters[0].spent;
    // Not read, not yet used, and used: only then the ledger has it.
    assert_eq!(spent(&Counters::new()), 59);
    assert_eq!(spent(&Counters::from([(key(0), 0), (key(1), 9)])), 59);
    assert_eq!(spent(&Counters::from([(key(0), 1)])), 50);
}

#[test]
fn an_entry_point_s_number_that_time_alone_released_is_given_again_and_none_is_below_the_next() {
    let expired = released(by_entry_point(0, reservation(4, vec![])), Release::Expired);
    assert_eq!(next_in(key(0), 4, &[expired.clone(), by_entry_point(0, reservation(5, vec![]))]), Some(4));
    assert_eq!(next_in(key(0), 4, &[released(expired, Release::NonceUsed)]), Some(5));
    assert_eq!(next_in(key(0), 7, &[]), Some(7));
    let full: Vec<Reservation> = (7..71).map(|s| by_entry_point(0, reservation(s, vec![]))).collect();
    assert_eq!(next_in(key(0), 7, &full), None);
    assert_eq!(next_in(key(0), 1 << 32, &[]), None);
}

#[test]
fn a_plain_transaction_is_held_though_its_nonce_is_used_until_it_is_counted() {
    let plain = |state| Reservation { route: Route::Plain, state, ..reservation(0, vec![cost(0, 0, 10)]) };
    let used = ledger(1, 0, Vec::new());
    let spent = |all: &[Reservation]| project(&used, all).meters.first().map_or(0, |m| m.spent);
    assert_eq!(spent(&[plain(ReservationState::Reserved)]), 10);
    let after = project(&used, &[plain(ReservationState::Reserved)]);
    assert_eq!((after.base, after.used), (1, 0));
    assert_eq!(spent(&[Reservation { route: Route::Direct, ..plain(ReservationState::Reserved) }]), 0);
    let both = [
        plain(ReservationState::Reserved),
        Reservation { costs: vec![cost(0, 0, 7), cost(1, 2, 3)], ..plain(ReservationState::Reserved) },
    ];
    let dear = |meter, window, spent| Spent { meter, window, spent };
    assert_eq!(dearest(&both), [dear(0, 0, 10), dear(1, 2, 3)]);
    assert_eq!(plain(ReservationState::Reserved).count().unwrap().state, ReservationState::Counted);
    assert!(plain(ReservationState::Counted).count().is_err());
    assert!(reservation(0, vec![]).count().is_err());
}

#[test]
fn held_amounts_saturate_instead_of_wrapping() {
    let huge = Cost { meter: 0, window: 0, amount: U256::MAX };
    let live = [reservation(0, vec![huge, huge]), reservation(1, vec![huge])];
    assert_eq!(held(&live, 0, 0), U256::MAX);
    assert_eq!(project(&ledger(0, 0, vec![]), &live).meters[0].spent, u128::MAX);
}

#[test]
fn a_newer_window_replaces_an_older_one_and_an_older_one_adds_nothing() {
    let chain = ledger(0, 0, vec![Spent { meter: 0, window: 5, spent: 50 }]);
    let older = [reservation(0, vec![cost(0, 4, 9)])];
    assert_eq!(project(&chain, &older).meters, [Spent { meter: 0, window: 5, spent: 50 }]);
    let same = [reservation(0, vec![cost(0, 5, 9)])];
    assert_eq!(project(&chain, &same).meters, [Spent { meter: 0, window: 5, spent: 59 }]);
    let newer = [reservation(0, vec![cost(0, 5, 9)]), reservation(1, vec![cost(0, 6, 2)])];
    assert_eq!(project(&chain, &newer).meters, [Spent { meter: 0, window: 6, spent: 2 }]);
}

#[test]
fn a_spent_operation_counts_until_the_ledger_shows_it_and_never_twice() {
    let block = FinalBlock { number: 9, time: at(1) };
    let spent = [Reservation { state: ReservationState::Spent { block }, ..reservation(3, vec![cost(0, 0, 9)]) }];
    let stale = project(&ledger(0, 0, vec![]), &spent);
    assert_eq!((stale.used, stale.meters[0].spent), (0b1000, 9));
    let fresh = ledger(0, 0b1000, vec![Spent { meter: 0, window: 0, spent: 9 }]);
    assert_eq!(project(&fresh, &spent), fresh);
    let slid = ledger(40, 0, vec![Spent { meter: 0, window: 0, spent: 9 }]);
    assert_eq!(project(&slid, &spent), slid);
}

#[test]
fn an_operation_that_shares_a_nonce_is_judged_beside_the_other_nonces_alone() {
    let live = [reservation(0, vec![cost(0, 5, 10)]), reservation(1, vec![cost(0, 5, 4)])];
    let judged = project_sharing(&ledger(0, 0, vec![]), &live, own(1));
    assert_eq!((judged.used, judged.meters), (0b1, vec![Spent { meter: 0, window: 5, spent: 10 }]));
}

#[test]
fn the_bitmap_slides_as_on_chain() {
    let out = project(&ledger(0, 0b1, vec![]), &[reservation(65, vec![]), reservation(63, vec![])]);
    assert_eq!((out.base, out.used), (2, 1 << 63 | 1 << 61));
    let far = project(&ledger(0, u64::MAX, vec![]), &[reservation(1000, vec![])]);
    assert_eq!((far.base, far.used), (937, 1 << 63));
}

#[test]
fn the_next_sequence_is_the_lowest_free_one_inside_the_lane() {
    let none = ledger(0, 0, vec![]);
    assert_eq!(in_lane_0(&none, &[], 10, 12), Some(10));
    assert_eq!(in_lane_0(&none, &[reservation(10, vec![])], 10, 12), Some(11));
    assert_eq!(in_lane_0(&none, &[reservation(10, vec![]), reservation(11, vec![])], 10, 12), None);
    assert_eq!(in_lane_0(&ledger(11, 0b1, vec![]), &[], 10, 14), Some(12));
    // Lowest live 0: 63 is the last that does not kill it.
    let mut live: Vec<Reservation> = (0..63).map(|s| reservation(s, vec![])).collect();
    assert_eq!(in_lane_0(&none, &live, 0, 1000), Some(63));
    live.push(reservation(63, vec![]));
    assert_eq!(in_lane_0(&none, &live, 0, 1000), None);
    // 0 executed at the head: the lowest live is 1.
    assert_eq!(in_lane_0(&ledger(0, 1, vec![]), &live, 0, 1000), Some(64));
}

#[test]
fn each_lane_has_numbers_of_its_own_and_a_window_of_192() {
    let lane = |base, used: u64| LaneUsed { lane: U192::from(1), base, used: U192::from(used) };
    let read = |of| Ledger { lanes: vec![of], ..ledger(0, 0, vec![]) };
    let next = |ledger: &Ledger, live: &[Reservation]| next_sequence(further(1), ledger, live, 0, 1000);
    let fresh = read(lane(0, 0));
    let mut live = vec![reservation(0, vec![cost(0, 5, 10)]), in_lane(2, reservation(0, vec![cost(0, 5, 3)]))];
    assert_eq!((next(&fresh, &live), in_lane_0(&fresh, &live, 0, 9)), (Some(0), Some(1)));
    // What was not read is not known.
    assert_eq!(next(&ledger(0, 0, vec![]), &[]), None);
    assert_eq!(next(&read(lane(7, 0b101)), &live), Some(8));
    live.extend((0..191).map(|s| in_lane(1, reservation(s, vec![cost(0, 5, 1)]))));
    assert_eq!(next(&fresh, &live), Some(191));
    live.push(in_lane(1, reservation(191, vec![])));
    assert_eq!(next(&fresh, &live), None);
    assert_eq!(next(&read(lane(0, 1)), &live), Some(192));
    assert_eq!(held(&live, 0, 5), U256::from(10 + 3 + 191));
    // Signed is as used, in its own lane; what was not read of a lane stays held.
    let judged = project(&read(lane(0, 0b11)), &live);
    assert_eq!((judged.base, judged.used), (0, 1));
    assert_eq!(judged.lane(U192::from(1)).map(|l| (l.base, l.used)), Some((0, U192::MAX)));
    assert_eq!(judged.lane(U192::from(2)).map(|l| (l.base, l.used)), Some((0, U192::from(1))));
    assert_eq!(judged.meters, [Spent { meter: 0, window: 5, spent: 10 + 3 + 189 }]);
}

#[test]
fn only_a_sequence_that_time_alone_released_is_given_again() {
    let chain = ledger(0, 0, vec![]);
    for (why, next) in
        [(Release::Expired, 0), (Release::NonceUsed, 1), (Release::BelowBase, 1), (Release::GrantEnded, 1)]
    {
        assert_eq!(in_lane_0(&chain, &[released(reservation(0, vec![]), why)], 0, 9), Some(next), "{why:?}");
    }
    let both = [released(reservation(0, vec![]), Release::Expired), reservation(0, vec![])];
    assert_eq!(in_lane_0(&chain, &both, 0, 9), Some(1));
}

// ---- random histories ----

const CAPS: [u64; 2] = [100, 250];

#[derive(Debug, Clone)]
enum Step {
    /// Sign for the present window or the next one, if the ledger allows: in lane 0, in two counters of an EntryPoint, and from 2
    /// on in further lanes.
    Sign { next_window: bool, lane: Option<u8>, daily: u64, lifetime: u64 },
    /// Sign another operation with the nonce of a live one.
    Share { which: usize, daily: u64, lifetime: u64 },
    /// Whoever holds the signature executes it.
    Execute { which: usize },
    /// Time passes into the next window.
    Advance,
    /// The head becomes final, and is settled against.
    Finalise,
    /// Everything that is not final is undone.
    Reorganise,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (any::<bool>(), prop::option::of(0..4u8), 0..60u64, 0..60u64)
            .prop_map(|(next_window, lane, daily, lifetime)| Step::Sign { next_window, lane, daily, lifetime }),
        3 => (0..200usize, 0..90u64, 0..90u64).prop_map(|(which, daily, lifetime)| Step::Share { which, daily, lifetime }),
        6 => (0..200usize).prop_map(|which| Step::Execute { which }),
        1 => Just(Step::Advance),
        1 => Just(Step::Finalise),
        1 => Just(Step::Reorganise),
    ]
}

/// A chain that counts, and denies used nonces, past windows and expired operations; it knows no cap.
#[derive(Debug, Clone, Default)]
struct Chain {
    executed: Vec<Reservation>,
}

impl Chain {
    fn ledger(&self) -> Ledger {
        let mut out = ledger(0, 0, vec![]);
        out.lanes = (1..3).map(|lane| self.lane(lane)).collect();
        for op in &self.executed {
            if op.counter == Counter::Own && op.sequence >= out.base + 64 {
                let base = op.sequence - 63;
                out.used = if base - out.base > 63 { 0 } else { out.used >> (base - out.base) };
                out.base = base;
            }
            if op.counter == Counter::Own {
                out.used |= 1 << (op.sequence - out.base);
            }
            for c in &op.costs {
                let amount: u128 = c.amount.to();
                match out.meters.iter_mut().find(|m| m.meter == c.meter) {
                    Some(m) if m.window == c.window => m.spent += amount,
                    Some(m) => (m.window, m.spent) = (c.window, amount),
                    None => out.meters.push(Spent { meter: c.meter, window: c.window, spent: amount }),
                }
            }
        }
        out
    }

    /// Naively: the highest that was used, less 191, is the base, once that is above 0.
    fn lane(&self, lane: u8) -> LaneUsed {
        let all = self.executed.iter().filter(|op| op.counter == further(lane));
        let used: Vec<u64> = all.map(|op| op.sequence.into()).collect();
        let base = used.iter().max().map_or(0, |last| last.saturating_sub(191));
        let mut out = LaneUsed { base, ..LaneUsed::fresh(U192::from(lane)) };
        for sequence in used.into_iter().filter(|s| *s >= base) {
            out.used.set_bit((sequence - base) as usize, true);
        }
        out
    }

    /// An EntryPoint takes the numbers of each key in order.
    fn counters(&self) -> Counters {
        let next = |lane| self.executed.iter().filter(|op| op.counter == Counter::EntryPoint(key(lane))).count() as u64;
        (0..2).map(|lane| (key(lane), next(lane))).collect()
    }

    fn execute(&mut self, op: &Reservation, time: u64) -> bool {
        let now = self.ledger();
        let dead = match op.counter {
            Counter::EntryPoint(key) => self.counters()[&key] != u64::from(op.sequence),
            Counter::Further(lane) => now.lane(lane.number()).unwrap().is_used(op.sequence.into()),
            Counter::Own => {
                op.sequence < now.base || (op.sequence < now.base + 64 && now.used >> (op.sequence - now.base) & 1 == 1)
            }
        };
        let past = op.costs.iter().any(|c| now.meters.iter().any(|m| m.meter == c.meter && m.window > c.window));
        let ok = !dead && !past && at(time) < op.valid_until;
        if ok {
            self.executed.push(op.clone());
        }
        ok
    }

    fn spent(&self, meter: u16, window: u32) -> u64 {
        let all = self.executed.iter().flat_map(|op| &op.costs);
        all.filter(|c| c.meter == meter && c.window == window).map(|c| c.amount.to::<u64>()).sum()
    }
}

/// The evaluator's meters and nonce, naively.
fn allows(ledger: &Ledger, nonce: Nonce, costs: &[Cost]) -> bool {
    let free = nonce.counter.lane().is_none() || !Seen::from(ledger).is_used(nonce);
    free && costs.iter().all(|c| {
        let cap = U256::from(CAPS[usize::from(c.meter)]);
        let spent = match ledger.meters.iter().find(|m| m.meter == c.meter) {
            Some(m) if m.window > c.window => return false,
            Some(m) if m.window == c.window => m.spent,
            _ => 0,
        };
        U256::from(spent) + c.amount <= cap
    })
}

/// Plays a history; `Err` names the first broken promise.
fn play(steps: &[Step]) -> Result<usize, TestCaseError> {
    let (mut head, mut last_final) = (Chain::default(), Chain::default());
    let mut all: Vec<Reservation> = Vec::new();
    let (mut window, mut serial) = (0u32, 0u64);
    for step in steps {
        let time = u64::from(window) * PERIOD + 50;
        let sign = |all: &mut Vec<Reservation>, serial: &mut u64, judged: &Ledger, nonce: Nonce, costs: Vec<Cost>| {
            if allows(judged, nonce, &costs) {
                *serial += 1;
                all.push(Reservation { digest: B256::from(U256::from(*serial)), ..at_nonce(nonce, costs) });
            }
        };
        match *step {
            Step::Sign { next_window, lane, daily, lifetime } => {
                let w = window + u32::from(next_window);
                let (ledger, counters) = (last_final.ledger(), last_final.counters());
                let judged = project(Seen { ledger: &ledger, counters: &counters }, &all);
                let costs = vec![cost(0, w, daily), cost(1, 0, lifetime)];
                if let Some(lane) = lane.filter(|lane| *lane < 2) {
                    if let Some(sequence) = next_in(key(lane), head.counters()[&key(lane)], &all) {
                        let nonce = Nonce { counter: Counter::EntryPoint(key(lane)), sequence };
                        prop_assert!(
                            all.iter().all(|r| r.is_released() || r.nonce() != nonce),
                            "{nonce:?} given twice"
                        );
                        sign(&mut all, &mut serial, &judged, nonce, costs);
                    }
                } else {
                    let counter = lane.map_or(Counter::Own, |lane| further(lane - 1));
                    if let Some(s) = next_sequence(counter, &head.ledger(), &all, 0, 1 << 20) {
                        let nonce = Nonce { counter, sequence: s };
                        let lowest = all
                            .iter()
                            .filter(|r| {
                                r.counter == counter && r.is_live() && !Seen::from(&head.ledger()).is_used(r.nonce())
                            })
                            .map(|r| r.sequence)
                            .min();
                        let width = if counter == Counter::Own { 64 } else { 192 };
                        prop_assert!(lowest.is_none_or(|low| s < low + width), "{nonce:?} kills {lowest:?}");
                        prop_assert!(
                            all.iter().all(|r| r.is_released() || r.nonce() != nonce),
                            "{nonce:?} given twice"
                        );
                        sign(&mut all, &mut serial, &judged, nonce, costs);
                    }
                }
            }
            Step::Share { which, daily, lifetime } => {
                let live: Vec<Nonce> = all.iter().filter(|r| r.is_live()).map(Reservation::nonce).collect();
                if !live.is_empty() {
                    let s = live[which % live.len()];
                    let (ledger, counters) = (last_final.ledger(), last_final.counters());
                    let judged = project_sharing(Seen { ledger: &ledger, counters: &counters }, &all, s);
                    sign(&mut all, &mut serial, &judged, s, vec![cost(0, window, daily), cost(1, 0, lifetime)]);
                }
            }
            Step::Execute { which } => {
                if !all.is_empty() {
                    head.execute(&all[which % all.len()], time);
                }
            }
            Step::Advance => window += 1,
            Step::Finalise => {
                last_final = head.clone();
                let chain = last_final.ledger();
                let block = FinalBlock { number: 1, time: at(time) };
                for r in all.iter_mut().filter(|r| r.is_live()) {
                    let nonce = match last_final.executed.iter().find(|op| op.nonce() == r.nonce()) {
                        Some(op) => NonceState::UsedBy(op.digest),
                        None if r.counter == Counter::Own && r.sequence < chain.base => NonceState::BelowBase,
                        None => NonceState::Unused,
                    };
                    *r = r.clone().settle(FinalView { block, nonce, grant: GrantState::Live }).unwrap();
                }
            }
            Step::Reorganise => head = last_final.clone(),
        }
        for (meter, windows) in [(0, 0..window + 2), (1, 0..1)] {
            for w in windows {
                let spent = head.spent(meter, w);
                prop_assert!(
                    spent <= CAPS[usize::from(meter)],
                    "meter {meter} window {w}: {spent} spent after {step:?}"
                );
            }
        }
    }
    Ok(head.executed.len())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_subset_and_no_order_of_what_was_signed_spends_more_than_the_cap(steps in prop::collection::vec(step(), 1..150)) {
        play(&steps)?;
    }
}

/// The property above says something only if histories do spend and do come near the caps.
#[test]
fn histories_reach_the_caps() {
    let mut steps = Vec::new();
    for round in 0..4 {
        let lanes = [None, Some(0), Some(2)];
        steps.extend(lanes.map(|lane| Step::Sign { next_window: round % 2 == 1, lane, daily: 50, lifetime: 30 }));
        steps.extend((0..12).map(|which| Step::Execute { which }));
        steps.push(Step::Advance);
        steps.push(Step::Finalise);
    }
    assert!(play(&steps).unwrap() >= 6, "too little was executed for the property to mean anything");
}
