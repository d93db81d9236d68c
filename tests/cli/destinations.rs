//! Every bundled destination, on a server of today and on one of June 2025: what is applied is as
//! declared, and what is exported is as it is.

use std::collections::BTreeSet;

use super::harness::{Output, Server, Tree, repository};
use secsync::provider::infisical;
use secsync::sandbox::Era;
use secsync::schema::store::SchemaStore;
use serde_json::{Value, json};

/// The example with a sync for each destination and scope.
const SYNCS: &str = "examples/destinations/syncs.yaml";

fn store() -> SchemaStore {
    SchemaStore::bundled()
}

fn slugs() -> Vec<String> {
    store().destinations(infisical::PLATFORM)
}

fn create_of(slug: &str) -> Value {
    let file = store().file(&(infisical::PLATFORM, slug.to_owned()));
    file.unwrap().unwrap().definitions["create"].clone()
}

/// A world with a connection to every app.
fn world() -> Value {
    let apps: BTreeSet<String> = slugs()
        .iter()
        .filter_map(|slug| {
            let destination = store().destination(infisical::PLATFORM, slug);
            destination.unwrap().unwrap().spec.connection_app.clone()
        })
        .collect();
    let connections = apps.iter().map(|app| json!({"app": app, "name": app}));
    json!({
        "enterprise": true,
        "projects": [{"slug": "shop", "environments": [{"slug": "prod"}]}],
        "connections": connections.collect::<Vec<_>>(),
    })
}

fn run(tree: &Tree, server: &Server, arguments: &str, exit: i32) -> Output {
    tree.secsync(arguments).on(server).run().exits_with(exit)
}

#[test]
fn the_example_has_every_destination_with_every_scope() {
    let tree = Tree::new(&[("syncs.yaml", &repository(SYNCS))]);
    tree.secsync("validate syncs.yaml").run().exits_with(0);
    let text = repository(SYNCS);
    for slug in slugs() {
        assert!(
            text.contains(&format!("destination: {slug}\n"))
                || text.contains(&format!("destination: \"{slug}\"\n")),
            "{slug}"
        );
        let config = &create_of(&slug)["properties"]["destinationConfig"];
        let branches = config["allOf"].as_array().into_iter().flatten();
        for branch in branches {
            let (tag, condition) = branch["if"]["properties"]
                .as_object()
                .unwrap()
                .iter()
                .next()
                .unwrap();
            let value = condition["const"].as_str().unwrap();
            assert!(
                text.contains(&format!("{slug}-{value}:\n")),
                "{slug}: {tag}"
            );
        }
    }
}

#[test]
fn every_destination_converges_and_is_exported_as_it_is_in_both_eras() {
    for era in [Era::Today, Era::June2025] {
        let server = Server::with(&world(), |options| options.era = era);
        let tree = Tree::new(&[("syncs.yaml", &repository(SYNCS))]);
        run(
            &tree,
            &server,
            "apply syncs.yaml --auto-approve --wait -q",
            0,
        );
        run(&tree, &server, "plan syncs.yaml --detailed-exitcode", 0);
        let exported = Tree::new(&[]);
        run(&exported, &server, "export --project shop --dir out", 0);
        run(&exported, &server, "plan out --detailed-exitcode", 0);
        run(&exported, &server, "validate out", 0);
    }
}
