//! Whole decisions under a grant with two meters a rule; and the operation that is made of an allowed one.

use core::hint::black_box;
use criterion::{Criterion, criterion_group, criterion_main};
use hallpass_bench::{at, metered};
use hallpass_policy::{Action, Facts, Op, Policy, authorise, judge};

fn decision(c: &mut Criterion) {
    let grant = hallpass_bench::grant(metered::TEXT);
    let (policy, ledger, bounds) = (Policy::new(&grant), metered::ledger(&grant), metered::op());
    let (op, at, facts) = (Op::from(&bounds), at(), Facts::default());
    let mut group = c.benchmark_group("decision");
    for (name, action, rules) in metered::actions() {
        let verdict = policy.judge(&ledger, &action, &op, &at, &facts).unwrap();
        assert_eq!(verdict.rules.as_slice(), rules, "{name}");
        group.bench_function(name, |b| {
            b.iter(|| {
                policy.judge(black_box(&ledger), black_box(&action), black_box(&op), black_box(&at), black_box(&facts))
            });
        });
    }
    group.finish();

    // The same for who keeps no `Policy`: it is made anew; and then what the vault asks for before it signs.
    let (_, action, _) = metered::actions().swap_remove(0);
    let Action::Calls(batch) = &action else { panic!("the first is a call") };
    let mut group = c.benchmark_group("unprepared");
    group.bench_function("static_call", |b| {
        b.iter(|| judge(black_box(&grant), &ledger, black_box(&action), &op, &at, &facts));
    });
    group.bench_function("authorise_static_call", |b| {
        b.iter(|| authorise(black_box(&grant), &ledger, black_box(batch), &bounds, &at, &facts).unwrap());
    });
    group.finish();
}

criterion_group! { name = benches; config = hallpass_bench::criterion(); targets = decision }
criterion_main!(benches);
