//! What the schemas cost a run: opening a destination, and checking syncs against it.
#![allow(missing_docs, reason = "criterion generates a public function")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use secsync::core::sources::Sources;
use secsync::core::span::Span;
use secsync::provider::infisical::PLATFORM;
use secsync::schema::store::SchemaStore;
use secsync::schema::validate;

const SYNC: &str = "environment: prod
secretPath: /payments
syncOptions:
  initialSyncBehavior: overwrite-destination
  keySchema: \"PAY_{{secretKey}}\"
destinationConfig:
  scope: environment
  org: acme
  app: payments
  env: production
";

fn schemas(criterion: &mut Criterion) {
    let mut sources = Sources::default();
    let source = sources.add("sync.yaml", SYNC);
    let loaded = secsync::yaml::load(source, SYNC);
    let Some(fields) = loaded.documents.first().and_then(|node| node.as_mapping()) else {
        return;
    };
    let at = Span::new(source, 0, 0);
    let open = |store: &SchemaStore| store.destination(PLATFORM, "humanitec").ok().flatten();
    let Some(destination) = open(&SchemaStore::bundled()) else {
        return;
    };
    let json = serde_json::Value::Object(
        fields
            .entries()
            .iter()
            .map(|entry| (entry.key.clone(), entry.value.to_json()))
            .collect(),
    );

    criterion.bench_function("open a destination", |bencher| {
        bencher.iter_batched_ref(
            SchemaStore::bundled,
            |store| open(store),
            BatchSize::SmallInput,
        );
    });
    criterion.bench_function("open every destination", |bencher| {
        bencher.iter_batched_ref(
            SchemaStore::bundled,
            |store| {
                for slug in store.destinations(PLATFORM) {
                    let _ = black_box(store.destination(PLATFORM, &slug));
                }
            },
            BatchSize::SmallInput,
        );
    });
    criterion.bench_function("check 10,000 syncs", |bencher| {
        bencher.iter(|| {
            for _ in 0..10_000 {
                black_box(validate::check(&destination, black_box(fields), at, "sync"));
            }
        });
    });
    criterion.bench_function("check 10,000 syncs, conversion apart", |bencher| {
        bencher.iter(|| {
            for _ in 0..10_000 {
                black_box(validate::check_json(
                    &destination,
                    fields,
                    black_box(&json),
                    at,
                    "sync",
                ));
            }
        });
    });
}

criterion_group!(benches, schemas);
criterion_main!(benches);
