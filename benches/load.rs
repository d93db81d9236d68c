//! What it costs to load and check a workspace: the part of every command that needs no network.
#![allow(missing_docs, reason = "criterion generates a public function")]

#[path = "../tests/library/examples.rs"]
#[allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "an example that cannot be made ends the benchmark"
)]
mod common_examples;

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use camino::Utf8PathBuf;
use common_examples::examples;
use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use secsync::environment::Environment;
use secsync::error::CommandError;
use secsync::pipeline::{Opened, Options};
use secsync::provider::infisical::PLATFORM;
use secsync::schema::store::SchemaStore;
use secsync::workspace::LoadOptions;
use serde_json::{Map, Value, json};

/// How many syncs there are, and in how many files.
const SIZES: [(usize, usize); 3] = [(100, 1), (1_000, 10), (10_000, 100)];

const WORKSPACE: &str = "version: 1
include: [\"syncs/**/*.yaml\"]
defaults:
  syncOptions:
    initialSyncBehavior: overwrite-destination
    disableSecretDeletion: true
variables:
  ENV: { default: production }
";

/// The top of a file: what its syncs have in common.
const FILE: &str = "# yaml-language-server: $schema=https://secsync.example/sync-file.json
version: 1
provider: infisical
project: payments
defaults:
  environment: prod
  connection: humanitec-main
  labels: { team: payments }
syncs:
";

fn write_workspace(root: &Path, syncs: usize, files: usize) -> io::Result<()> {
    fs::write(root.join("secsync.yaml"), WORKSPACE)?;
    fs::create_dir(root.join("syncs"))?;
    for file in 0..files {
        let mut text = FILE.to_owned();
        for index in 0..syncs / files {
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "  app-{file}-{index}:
    destination: humanitec
    secretPath: /apps/app-{index}
    description: Pushes what app {index} needs.
    syncOptions:
      keySchema: \"APP_{{{{secretKey}}}}\"
    destinationConfig:
      scope: environment
      org: acme
      app: app-{index}
      env: ${{var.ENV}}
"
            );
        }
        fs::write(root.join(format!("syncs/team-{file}.yaml")), text)?;
    }
    Ok(())
}

/// A workspace whose syncs go to all destinations in turn, with every field that each can have.
fn write_every_destination(root: &Path, syncs: usize, files: usize) -> io::Result<()> {
    let store = SchemaStore::bundled();
    let mut kinds: Vec<Value> = Vec::new();
    for slug in store.destinations(PLATFORM) {
        let file = store
            .file(&(PLATFORM, slug.clone()))
            .map_err(io::Error::other)?;
        let create = file.and_then(|file| file.definitions.get("create").cloned());
        for mut example in examples(&create.unwrap_or_default()) {
            for (key, value) in [
                ("destination", json!(slug)),
                (
                    "connectionId",
                    json!("0b81bdb2-4c1e-48fd-aa17-40c5a9b51d2e"),
                ),
                ("secretPath", json!("/apps")),
            ] {
                example[key] = value;
            }
            if let Value::Object(fields) = &mut example {
                fields.retain(|key, _| key != "name" && key != "projectId");
            }
            // An import is not to be had together with subfolders.
            example["syncOptions"]["initialSyncBehavior"] = json!("overwrite-destination");
            kinds.push(example);
        }
    }
    fs::write(
        root.join("secsync.yaml"),
        "version: 1\ninclude: [\"syncs/**/*.yaml\"]\n",
    )?;
    fs::create_dir(root.join("syncs"))?;
    let mut kinds = kinds.iter().cycle();
    for file in 0..files {
        let syncs: Map<String, Value> = (0..syncs / files)
            .filter_map(|index| Some((format!("app-{file}-{index}"), kinds.next()?.clone())))
            .collect();
        let whole = json!({"provider": "infisical", "project": "payments", "syncs": syncs});
        fs::write(
            root.join(format!("syncs/team-{file}.yaml")),
            secsync::yaml::to_string(&whole),
        )?;
    }
    Ok(())
}

fn load_and_check(root: &Path) -> Result<usize, CommandError> {
    let directory = Utf8PathBuf::from_path_buf(root.to_owned())
        .map_err(|path| CommandError::usage(format!("{} is not UTF-8.", path.display())))?;
    let options = Options {
        request: LoadOptions {
            directory,
            ..LoadOptions::default()
        },
        environment: Environment::default(),
        selectors: Vec::new(),
        targets: Vec::new(),
        names: Vec::new(),
        excluded: Vec::new(),
        prune: false,
        resend: Vec::new(),
        shard: None,
    };
    let checked = Opened::open(options)?.load(&mut io::empty())?.check()?;
    Ok(checked.opened.workspace.syncs.len())
}

fn load(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("load and check");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(3));
    for (syncs, files) in SIZES {
        measure(&mut group, "humanitec", syncs, files, write_workspace);
    }
    let (syncs, files) = (10_000, 100);
    measure(
        &mut group,
        "every destination",
        syncs,
        files,
        write_every_destination,
    );
    group.finish();
}

fn measure(
    group: &mut BenchmarkGroup<'_, WallTime>,
    destinations: &str,
    syncs: usize,
    files: usize,
    write: impl Fn(&Path, usize, usize) -> io::Result<()>,
) {
    let Ok(directory) = tempfile::tempdir() else {
        return;
    };
    let written = write(directory.path(), syncs, files);
    let loaded = load_and_check(directory.path());
    assert!(
        written.is_ok() && loaded.as_ref().is_ok_and(|loaded| *loaded == syncs),
        "the workspace does not load: {loaded:?}"
    );
    group.throughput(Throughput::Elements(syncs as u64));
    group.bench_function(BenchmarkId::new(destinations, syncs), |bencher| {
        bencher.iter(|| load_and_check(directory.path()));
    });
}

criterion_group!(benches, load);
criterion_main!(benches);
