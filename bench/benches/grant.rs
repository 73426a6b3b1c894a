//! Six rules: from text and JSON to a grant, its checks, its hash, and the policy that answers.

use core::hint::black_box;
use criterion::{Criterion, criterion_group, criterion_main};
use hallpass_bench::{fill, six};
use hallpass_policy::{Draft, Policy, json, text};

fn grant(c: &mut Criterion) {
    let grant = hallpass_bench::grant(six::TEXT);
    let (draft, fill) = (text::parse(six::TEXT).unwrap(), fill());
    let printed = json::print(&Draft::from(&grant));
    assert_eq!(json::parse_grant(&printed).unwrap().id(), grant.id());
    let mut group = c.benchmark_group("grant");
    group.bench_function("parse_text", |b| b.iter(|| text::parse(black_box(six::TEXT)).unwrap()));
    group.bench_function("parse_json", |b| b.iter(|| json::parse(black_box(&printed)).unwrap()));
    group.bench_function("complete", |b| b.iter(|| black_box(&draft).complete(black_box(&fill)).unwrap()));
    group.bench_function("check", |b| b.iter(|| black_box(&grant).check().unwrap()));
    group.bench_function("hash", |b| b.iter(|| black_box(&grant).id()));
    group.bench_function("policy_new", |b| b.iter(|| Policy::new(black_box(&grant))));
    group.finish();
}

criterion_group! { name = benches; config = hallpass_bench::criterion(); targets = grant }
criterion_main!(benches);
