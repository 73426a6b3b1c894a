//! The same call under 10, 100 and 1,000 rules.

use core::hint::black_box;
use criterion::{Criterion, criterion_group, criterion_main};
use hallpass_bench::engines::Hallpass;
use hallpass_bench::many::{COUNTS, grant, pay};
use hallpass_policy::Policy;

fn growth(c: &mut Criterion) {
    let mut group = c.benchmark_group("growth");
    for count in COUNTS {
        let (spread, one) = (grant(count, false), grant(count, true));
        let (on_spread, on_one) = (Hallpass::new(&spread), Hallpass::new(&one));
        let last = count - 1;
        for (name, engine, action, expected) in [
            ("spread", &on_spread, pay(last, last), Some(last)),
            ("one_target_last_allows", &on_one, pay(0, last), Some(last)),
            ("one_target_none_allows", &on_one, pay(0, count), None),
        ] {
            assert_eq!(engine.decide(&action), expected, "{name}");
            group.bench_function(format!("{name}_{count}"), |b| b.iter(|| engine.decide(black_box(&action))));
        }
        group.bench_function(format!("policy_new_{count}"), |b| b.iter(|| Policy::new(black_box(&spread))));
    }
    group.finish();
}

criterion_group! { name = benches; config = hallpass_bench::criterion(); targets = growth }
criterion_main!(benches);
