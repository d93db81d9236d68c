//! Renames that nobody declared.

use serde_json::json;

use super::{absent, desired, plan, plan_with, with};
use crate::core::plan::Policy;
use crate::core::testing::remote_sync;

#[test]
fn an_equal_sync_that_goes_is_the_likely_old_name_of_one_that_comes() {
    let found = plan(
        vec![absent("old"), desired("web")],
        vec![remote_sync("old")],
    );
    let web = usize::from(found.actions[1].subject.name == "web");
    let likely = found.likely_renames().into_iter();
    let likely: Vec<_> = likely.map(|(index, old)| (index, old.name)).collect();
    assert_eq!(likely, [(web, "old")]);
    let pruning = Policy {
        prune: true,
        ..Policy::default()
    };
    let pruned = plan_with(vec![desired("web")], vec![remote_sync("old")], &pruning);
    assert_eq!(pruned.likely_renames().len(), 1);
    // Without a deletion nothing is renamed, nor if something differs.
    let kept = plan(vec![desired("web")], vec![remote_sync("old")]);
    assert!(kept.likely_renames().is_empty());
    let other = with("web", |fields| {
        fields["syncOptions"]["keySchema"] = json!("K");
    });
    let differing = plan_with(vec![other], vec![remote_sync("old")], &pruning);
    assert!(differing.likely_renames().is_empty());
}

#[test]
fn each_sync_that_goes_is_the_old_name_of_one_at_most() {
    let pruning = Policy {
        prune: true,
        ..Policy::default()
    };
    let found = plan_with(
        vec![desired("one"), desired("two")],
        vec![remote_sync("old")],
        &pruning,
    );
    assert_eq!(found.likely_renames().len(), 1);
}
