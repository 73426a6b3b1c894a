//! One question about six rules, asked of three engines.

use core::hint::black_box;
use criterion::{Criterion, criterion_group, criterion_main};
use hallpass_bench::engines::{Cedar, Hallpass, RegoInterpreter, RegoMachine, agree, rego_input};
use hallpass_bench::six;

fn rule_match(c: &mut Criterion) {
    agree();
    let grant = hallpass_bench::grant(six::TEXT);
    let ours = Hallpass::new(&grant);
    let (cedar, mut machine, mut interpreter) = <(Cedar, RegoMachine, RegoInterpreter)>::default();
    for (name, question) in [("rule_match_allowed", six::allowed()), ("rule_match_denied", six::denied())] {
        let mut group = c.benchmark_group(name);
        let action = Hallpass::ask(&question);
        group.bench_function("hallpass", |b| b.iter(|| ours.decide(black_box(&action))));
        let request = Cedar::ask(&question);
        group.bench_function("cedar-policy", |b| b.iter(|| cedar.decide(black_box(&request))));
        let input = rego_input(&question);
        group.bench_function("regorus", |b| b.iter(|| machine.decide(black_box(&input))));
        group.bench_function("regorus_eval_rule", |b| b.iter(|| interpreter.decide(black_box(&input))));
        group.finish();
    }
    // What of regorus's time is setting the input.
    let input = rego_input(&six::allowed());
    let mut group = c.benchmark_group("peer_part");
    group.bench_function("regorus_set_input", |b| b.iter(|| machine.set(black_box(&input))));
    group.finish();
}

criterion_group! { name = benches; config = hallpass_bench::criterion(); targets = rule_match }
criterion_main!(benches);
