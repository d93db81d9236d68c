//! The schemas that files are checked against: listed, pulled, compared, written for editors.

use serde_json::Value;

use super::harness::{Server, Tree, world};

/// A document of a platform with one destination, `depot`, that the program does not know.
const DEPOT: &str = include_str!("../fixtures/openapi/depot.openapi.json");

fn destinations(tree: &Tree) -> Vec<Value> {
    let listed = tree.secsync("schema list -o json").run().exits_with(0);
    listed.json()["destinations"].as_array().unwrap().clone()
}

#[test]
fn the_list_shows_every_bundled_destination_with_its_digest() {
    let found = destinations(&Tree::new(&[]));
    assert_eq!(found.len(), 52);
    for row in found {
        assert_eq!(row["origin"], "bundled");
        assert_eq!(row["digest"].as_str().unwrap().len(), 64, "{row}");
    }
}

#[test]
fn what_a_server_serves_is_pulled_and_then_used_and_changes_nothing_that_is_the_same() {
    let tree = Tree::new(&[]);
    let server = Server::new(&world());
    let pull = || {
        tree.secsync("schema pull --from-server")
            .on(&server)
            .run()
            .exits_with(0)
    };
    pull();
    let found = destinations(&tree);
    assert!(
        found
            .iter()
            .all(|row| row["origin"] == "pulled" && row["pulledAt"].is_string())
    );
    let manifest = tree.read(".secsync/schemas/manifest.json");
    pull();
    assert_eq!(tree.read(".secsync/schemas/manifest.json"), manifest);
    let same = tree.secsync("schema diff").run().exits_with(0);
    assert!(
        same.stdout.contains("The schemas are the same."),
        "{}",
        same.stdout
    );
}

#[test]
fn a_destination_that_a_document_adds_validates_at_once() {
    let sync = "provider: infisical\nproject: p\nsyncs:\n  a: { destination: depot }\n";
    let tree = Tree::new(&[("depot.json", DEPOT), ("a.yaml", sync)]);
    let before = tree.secsync("validate a.yaml").run().exits_with(3);
    assert!(
        before.stderr.contains("unknown-destination"),
        "{}",
        before.stderr
    );
    tree.secsync("schema pull depot.json").run().exits_with(0);
    let after = tree.secsync("validate a.yaml").run().exits_with(3);
    assert!(
        !after.stderr.contains("unknown-destination"),
        "{}",
        after.stderr
    );
    let diff = tree.secsync("schema diff").run().exits_with(0);
    assert!(
        diff.stdout.contains("infisical/depot: new destination"),
        "{}",
        diff.stdout
    );
}

#[test]
fn a_document_that_is_none_is_an_error_and_changes_nothing() {
    let cut = &DEPOT[..DEPOT.len() / 2];
    let tree = Tree::new(&[("cut.json", cut), ("page.html", "<html></html>")]);
    for document in ["cut.json", "page.html", "missing.json"] {
        let refused = tree
            .secsync(&format!("schema pull {document}"))
            .run()
            .exits_with(1);
        assert!(refused.stderr.contains(document), "{}", refused.stderr);
        assert!(!tree.root().join(".secsync").exists(), "{document}");
    }
}

#[test]
fn the_schema_for_editors_is_written_where_it_is_asked_for() {
    let tree = Tree::new(&[]);
    let told = tree.secsync("schema editor").run().exits_with(0);
    assert!(
        told.stdout.contains("# yaml-language-server: $schema="),
        "{}",
        told.stdout
    );
    let written: Value = serde_json::from_str(&tree.read(".secsync/sync-file.json")).unwrap();
    let printed = tree.secsync("schema editor --out -").run().exits_with(0);
    assert_eq!(printed.json(), written);
}
