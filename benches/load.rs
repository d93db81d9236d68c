//! What it costs to load and check a workspace: the part of every command that needs no network.
#![allow(missing_docs, reason = "criterion generates a public function")]

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use camino::Utf8PathBuf;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use secsync::environment::Environment;
use secsync::error::Stop;
use secsync::http::HttpOptions;
use secsync::pipeline::{Options, Run};
use secsync::workspace::Request;

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

fn load_and_check(root: &Path) -> Result<usize, Stop> {
    let directory = Utf8PathBuf::from_path_buf(root.to_owned())
        .map_err(|path| Stop::usage(format!("{} is not UTF-8.", path.display())))?;
    let options = Options {
        request: Request {
            directory,
            ..Request::default()
        },
        environment: Environment::default(),
        http: HttpOptions::default(),
        parallelism: 4,
        allow_projects: Vec::new(),
        selectors: Vec::new(),
        targets: Vec::new(),
        prune: false,
        state: None,
    };
    let mut run = Run::load(options, &mut io::empty())?;
    run.check()?;
    Ok(run.workspace.syncs.len())
}

fn load(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("load and check");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(3));
    for (syncs, files) in SIZES {
        let Ok(directory) = tempfile::tempdir() else {
            return;
        };
        let written = write_workspace(directory.path(), syncs, files);
        let loaded = load_and_check(directory.path());
        assert!(
            written.is_ok() && loaded == Ok(syncs),
            "the workspace does not load: {loaded:?}"
        );
        group.throughput(Throughput::Elements(syncs as u64));
        group.bench_function(BenchmarkId::from_parameter(syncs), |bencher| {
            bencher.iter(|| load_and_check(directory.path()));
        });
    }
    group.finish();
}

criterion_group!(benches, load);
criterion_main!(benches);
