//! Random grants, random histories: the chain allows nothing that the evaluator denies.

use crate::asks::{Ask, Bench};
use crate::draws::{draw, step};
use crate::grants;
use crate::rng::Rng;
use crate::world::World;
use alloy_primitives::U256;
use hallpass_chain::backend::{Answer, Backend, Enforced};
use hallpass_chain::erc7710::Erc7710;
use hallpass_chain::erc7710::caveat::{Period, Term};
use std::collections::BTreeMap;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap())
}

/// What came of a run: how often each answer, and the first thing that the chain allowed and the evaluator denies.
#[derive(Debug, Default)]
struct Tally {
    total: u64,
    counts: BTreeMap<&'static str, u64>,
    exact: u64,
    stricter: u64,
    looser: Option<String>,
}

impl Tally {
    fn share(&self, code: &str) -> f64 {
        self.counts.get(code).copied().unwrap_or(0) as f64 * 100.0 / self.total as f64
    }
}

/// Runs until `asks` questions were asked, or the chain was looser.
fn run(asks: u64, seed: u64, change: Change) -> Tally {
    let mut tally = Tally::default();
    let mut world = Some(World::new(&mut Rng::new(seed, 0)));
    let mut history = 0;
    while tally.total < asks && tally.looser.is_none() {
        history += 1;
        let mut rng = Rng::new(seed, history);
        let mut bench = Bench::on(world.take().unwrap(), &mut rng, grants::draw);
        let place = format!("seed {seed}, history {history}");
        bench.grant.check().unwrap_or_else(|e| panic!("{place}: {e}"));
        let card = Erc7710.compile(&bench.grant);
        assert!(card.answer() <= Answer::Stricter, "{place}: {:?}", card.unsupported());
        bench.sign(change);
        let mut now = bench.grant.not_before.get() - 2;
        // A few questions after it has ended are enough.
        let mut more = 4;
        while now < bench.grant.not_after.get() + 2 && more > 0 && tally.looser.is_none() {
            if bench.ended.contains(&true) || bench.ledger.epoch != bench.grant.epoch {
                more -= 1;
            }
            now += step(&bench.grant, now, &mut rng);
            let ask = draw(&bench, now, &mut rng);
            let strict = card.rules[ask.rule].enforced != Enforced::Exact;
            one(&mut bench, &ask, strict, &place, &mut tally);
            match rng.below(100) {
                0 if !bench.ended[ask.rule] => bench.disable(ask.rule, now),
                1 => bench.move_nonce(now),
                _ => {}
            }
        }
        world = Some(bench.world);
    }
    tally
}

fn one(bench: &mut Bench, ask: &Ask, strict: bool, place: &str, tally: &mut Tally) {
    let honest = bench.is_honest(ask);
    let verdict = bench.judge(ask);
    let sent = bench.send(ask);
    tally.total += 1;
    let code = match (&verdict, honest) {
        (_, false) => "dishonest",
        (Ok(_), _) => "allowed",
        (Err(denial), _) => denial.code.as_str(),
    };
    *tally.counts.entry(code).or_default() += 1;
    let story =
        || format!("{place}: {ask:?}\n{:?}\n{:?}\nevaluator {verdict:?}, chain {sent:?}", bench.grant, bench.ledger);
    match (&sent, &verdict) {
        (Ok(()), Ok(allowed)) if honest => {
            let costs = allowed.costs.clone();
            bench.ledger.charge(&costs);
            *if strict { &mut tally.stricter } else { &mut tally.exact } += 1;
        }
        (Ok(()), _) => tally.looser = Some(story()),
        // Where the card says Exact, and for whoever may redeem, the chain allows what the evaluator does.
        (Err(_), Ok(_)) if honest && !strict => {
            let may = hallpass_chain::erc7710::whole::redeemers(&bench.grant);
            assert!(!may.contains(&bench.who(ask.who).address), "stricter than its card: {}", story());
        }
        (Err(_), _) => {}
    }
}

#[test]
fn the_chain_allows_nothing_that_the_evaluator_denies() {
    let (asks, seed) = (setting("HALLPASS_ERC7710_CASES", 4000), setting("HALLPASS_ERC7710_SEED", 1));
    println!("HALLPASS_ERC7710_SEED={seed} HALLPASS_ERC7710_CASES={asks}");
    let tally = run(asks, seed, |terms| terms);
    println!("{tally:#?}");
    assert_eq!(tally.looser, None);
    assert!(tally.share("allowed") >= 25.0, "{:.1} in a hundred are allowed", tally.share("allowed"));
    for code in [
        "dishonest",
        "meter_exceeded",
        "value_over_max",
        "bad_calldata",
        "condition_failed",
        "no_rule",
        "grant_expired",
        "grant_not_started",
        "relayer_not_allowed",
        "grant_ended",
        "epoch_moved",
    ] {
        assert!(tally.share(code) >= 0.5, "`{code}` came up {:.2} times in a hundred", tally.share(code));
    }
    assert!(tally.exact > 10 * tally.stricter.min(1) && tally.stricter > 0, "both answers of the card came up");
}

/// What is done to the caveats before the owner signs.
type Change = fn(Vec<Term>) -> Vec<Term>;

/// Caveats changed so that the chain allows more, by name.
const PLANTED: [(&str, Change); 14] = [
    ("the end one second later", |t| {
        each(t, |t| {
            if let Term::Time { before, .. } = t {
                *before += 1
            }
        })
    }),
    ("the start one second earlier", |t| {
        each(t, |t| {
            if let Term::Time { after, .. } = t {
                *after -= 1
            }
        })
    }),
    ("no bound on the value", |t| without(t, |t| matches!(t, Term::ValueLte(_)))),
    ("dirty addresses", |t| without(t, |t| matches!(t, Term::Calldata(_, bytes) if bytes.len() == 12))),
    ("any redeemer", |t| without(t, |t| matches!(t, Term::Redeemers(_)))),
    ("any nonce", |t| without(t, |t| matches!(t, Term::Nonce(_)))),
    ("any target", |t| without(t, |t| matches!(t, Term::Target(_)))),
    ("any calldata", |t| without(t, |t| matches!(t, Term::ExactCalldata(_)))),
    ("any recipient", |t| without(t, |t| matches!(t, Term::Calldata(4, bytes) if bytes.len() == 32))),
    ("a cap one higher", |t| {
        each(t, |t| {
            if let Term::Erc20Total(_, cap) = t {
                *cap = cap.saturating_add(ONE)
            }
        })
    }),
    ("a cap of a window one higher", |t| {
        each(t, |t| {
            if let Term::Erc20Period(_, p) = t {
                p.cap += ONE
            }
        })
    }),
    ("windows one second later", |t| {
        each(t, |t| {
            if let Term::Erc20Period(_, p) | Term::NativePeriod(p) = t {
                later(p)
            }
        })
    }),
    ("one call more", |t| {
        each(t, |t| {
            if let Term::Calls(n) = t {
                *n += ONE
            }
        })
    }),
    ("one wei more", |t| {
        each(t, |t| {
            if let Term::NativeTotal(n) = t {
                *n += ONE
            }
        })
    }),
];
const ONE: U256 = U256::from_limbs([1, 0, 0, 0]);

fn later(period: &mut Period) {
    // Window 0 begins a period earlier, so that the shifted one is open from the grant's start too.
    period.start = period.start + 1 - period.seconds;
}

fn each(mut terms: Vec<Term>, change: impl Fn(&mut Term)) -> Vec<Term> {
    terms.iter_mut().for_each(change);
    terms
}

fn without(mut terms: Vec<Term>, gone: impl Fn(&Term) -> bool) -> Vec<Term> {
    terms.retain(|t| !gone(t));
    terms
}

#[test]
fn planted_looseness_is_noticed() {
    for (name, change) in PLANTED {
        let tally = run(6000, 2, change);
        assert!(tally.looser.is_some(), "{name}: not noticed in {} questions", tally.total);
        println!("{name}: noticed after {} questions", tally.total);
    }
}
