//! What every case of a law begins with, and how many there are.

use std::future::Future;

use proptest::prelude::*;
use proptest::sample::select;
use secsync::sandbox::{self, Era};

use super::generate::{Stray, strays, workspace};
use super::model::Workspace;
use super::site::Site;

/// What a case begins with: the age of its server, what secsync made there before, and what others
/// made.
pub type Past = (Era, Option<Workspace>, Vec<Stray>);

/// Any past.
pub fn past() -> impl Strategy<Value = Past> {
    let era = select(vec![Era::Today, Era::June2025]);
    (era, proptest::option::of(workspace()), strays())
}

/// As many cases as `PROPTEST_CASES` says, or that many.
pub fn cases(usual: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig {
        cases: asked.and_then(|cases| cases.parse().ok()).unwrap_or(usual),
        failure_persistence: None,
        max_shrink_iters: 400,
        ..ProptestConfig::default()
    }
}

/// Runs a task to its end.
pub fn block_on<T>(task: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(task)
}

/// A site with that past, at rest.
pub async fn site_with_past((era, before, strays): &Past) -> Site {
    let options = sandbox::SandboxOptions {
        era: *era,
        ..Site::usual()
    };
    let mut site = Site::with(options).await;
    if let Some(before) = before {
        site.write(before, 0);
        site.converge().await;
    }
    site.make_strays(strays).await;
    site.settle().await;
    site
}
