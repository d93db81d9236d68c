//! The law: apply the plan, and the next plan is empty; and what goes with it.
//!
//! Every case is a random workspace against a sandbox in which other things exist already.
//! `PROPTEST_CASES` decides how many there are.

mod common_laws;

use std::future::Future;

use common_laws::generate::{Stray, strays, workspace};
use common_laws::model::Workspace;
use common_laws::site::{
    Site, assert_all_done, assert_as_declared, assert_quiet, assert_updates_are_minimal, blocked,
    meaning, told,
};
use proptest::prelude::*;

/// What a case begins with: what secsync made before, and what others made.
type Past = (Option<Workspace>, Vec<Stray>);

fn past() -> impl Strategy<Value = Past> {
    (proptest::option::of(workspace()), strays())
}

/// As many cases as `PROPTEST_CASES` says, or that many.
fn cases(usual: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig {
        cases: asked.and_then(|cases| cases.parse().ok()).unwrap_or(usual),
        failure_persistence: None,
        max_shrink_iters: 400,
        ..ProptestConfig::default()
    }
}

fn block_on<T>(task: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(task)
}

async fn site_with_past((before, strays): &Past, fail: &[&str]) -> Site {
    let mut site = Site::new(fail).await;
    if let Some(before) = before {
        site.write(before, 0);
        site.converge().await;
    }
    site.make_strays(strays).await;
    site.settle().await;
    site
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn after_an_apply_the_next_plan_is_empty_and_everything_is_as_declared(
        past in past(), workspace in workspace(), prune: bool
    ) {
        block_on(async {
            let mut site = site_with_past(&past, &[]).await;
            site.write(&workspace, 0);
            site.prune = prune;
            let (planned, report) = site.converge().await;
            assert_updates_are_minimal(&planned.plan);
            assert_all_done(&planned, &report);
            let next = site.plan().await.plan;
            assert_quiet(&next);
            assert_eq!(blocked(&planned.plan), blocked(&next));
            assert_as_declared(&site, &workspace, &planned.plan).await;
        });
    }
}
