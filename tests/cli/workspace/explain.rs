//! `secsync explain`: its pages are true.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use secsync::core::code::Code;
use secsync::core::fields::OWN_FIELDS;
use secsync::provider::codes;

use super::support::{self, checked, findings, options};
use crate::harness::Tree;

/// What the examples leave out, so that they show one thing each.
const DEFAULTS: &str = "\
defaults:
  provider: infisical
  project: payments
  destination: humanitec
  connection: humanitec-main
  environment: prod
  secretPath: /payments
  syncOptions: {initialSyncBehavior: overwrite-destination, disableSecretDeletion: true}
  destinationConfig: {scope: application, org: acme, app: payments}
";

const WORKSPACE_FILE: &str = "# secsync.yaml\n";

/// The blocks of YAML in a part of a page.
fn blocks(part: &str) -> Vec<&str> {
    part.split("```yaml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

/// A workspace with the blocks in it; a block that begins with its name is `secsync.yaml`.
fn workspace(blocks: &[&str]) -> Tree {
    let mut settings = String::new();
    let mut syncs = "syncs:\n  web: {}\n".to_owned();
    for block in blocks {
        match block.strip_prefix(WORKSPACE_FILE) {
            Some(text) => text.clone_into(&mut settings),
            None => (*block).clone_into(&mut syncs),
        }
    }
    let settings = match settings.split_once("defaults:\n") {
        Some((before, own)) => format!("{before}{DEFAULTS}{own}"),
        None => settings + DEFAULTS,
    };
    Tree::new(&[("secsync.yaml", &settings), ("syncs/example.yaml", &syncs)])
}

/// The page's examples, and how they are fixed.
fn parts(code: Code) -> (Vec<&'static str>, Vec<&'static str>) {
    let (_, rest) = code.page().split_once("## Example").unwrap();
    let (example, fix) = rest.split_once("## Fix").unwrap();
    (blocks(example), blocks(fix))
}

#[test]
fn every_example_shows_its_code_and_nothing_else() {
    let mut wrong = Vec::new();
    for code in codes::codes() {
        let (example, _) = parts(code);
        let found = findings(&workspace(&example));
        let codes: BTreeSet<Code> = support::codes(&found).into_iter().collect();
        if !example.is_empty() && codes != BTreeSet::from([code]) {
            wrong.push((code, codes));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn accepts_every_fixed_example() {
    for code in codes::codes() {
        let (_, fix) = parts(code);
        if fix.is_empty() {
            continue;
        }
        let tree = workspace(&fix);
        let run = checked(options(&tree, &[("SECSYNC_VAR_SECRET_PATH", "/web")]));
        assert_eq!(run.diagnostics, [], "{code}");
    }
}

#[test]
fn only_what_needs_a_server_or_another_file_has_no_yaml_example() {
    let without: Vec<&str> = codes::codes()
        .into_iter()
        .filter(|code| parts(*code).0.is_empty())
        .map(Code::name)
        .collect();
    assert_eq!(
        without,
        [
            "unreadable-file",
            "not-utf8",
            "file-too-large",
            "unknown-project",
            "ambiguous-project",
            "unknown-connection",
            "ambiguous-connection",
        ]
    );
}

#[test]
fn explain_prints_a_page_and_without_a_code_the_list() {
    let tree = Tree::new(&[]);
    let page = tree.secsync("explain unknown-field").run().exits_with(0);
    let start = "unknown-field (error)\nA field is unknown here.\n";
    assert!(page.stdout.starts_with(start), "{page}");
    let list = tree.secsync("explain").run().exits_with(0);
    for code in codes::codes() {
        assert!(list.stdout.contains(code.name()), "{code}");
    }
}

#[test]
fn explain_is_there_for_machines() {
    let tree = Tree::new(&[]);
    let page = tree.secsync("explain name-form -o json").run().json();
    assert_eq!(page["codes"][0]["code"], "name-form");
    assert_eq!(page["codes"][0]["level"], "deny");
    assert_eq!(page["codes"][0]["lint"], true);
    let list = tree.secsync("explain -o json").run().json();
    assert_eq!(
        list["codes"].as_array().unwrap().len(),
        codes::codes().len()
    );
}

#[test]
fn explaining_an_unknown_code_is_wrong_usage_and_suggests_one() {
    let tree = Tree::new(&[]);
    let refused = tree.secsync("explain unknown-feild").run().exits_with(64);
    assert_eq!(
        refused.stderr,
        "Error: `unknown-feild` is neither a finding's code nor a field of every sync.\n  Did you mean `unknown-field`?\n"
    );
}

#[test]
fn explain_knows_the_fields_that_every_sync_can_have() {
    let tree = Tree::new(&[]);
    assert_snapshot!(tree.secsync("explain ignoreRemote").run().exits_with(0), @"
    $ secsync explain ignoreRemote
    ignoreRemote (a field of a sync)
    Fields that others change: they are not compared, and keep their remote values. `destinationConfig.region`, or `*` for any field.
    --- exit 0
    ");
    assert_snapshot!(tree.secsync("explain onDelete").run().exits_with(0), @"
    $ secsync explain onDelete
    onDelete (a field of a sync)
    What happens to the secrets at the destination when the sync is deleted.

        keep-secrets    They stay.
        remove-secrets  The platform removes them first.
    --- exit 0
    ");
    let document = tree.secsync("explain onDelete -o json").run().json();
    assert_eq!(document["fields"][0]["values"][0]["value"], "keep-secrets");
    for field in OWN_FIELDS {
        tree.secsync(&format!("explain {field}"))
            .run()
            .exits_with(0);
    }
    assert_snapshot!(tree.secsync("explain ignoreremote").run().exits_with(64), @"
    $ secsync explain ignoreremote
    --- stderr
    Error: `ignoreremote` is neither a finding's code nor a field of every sync.
      Did you mean `ignoreRemote`?
    --- exit 64
    ");
}

#[test]
fn says_once_where_to_read_more_about_findings() {
    let validated = |syncs: &str| workspace(&[syncs]).secsync("validate").run();
    let one = validated("syncs:\n  web: {nmae: x}\n  shop: {nmae: y}\n").exits_with(3);
    assert_eq!(
        one.stderr.matches("secsync explain unknown-field").count(),
        1
    );
    let several = validated("syncs:\n  web: {nmae: x, secretPath: web}\n").exits_with(3);
    assert_eq!(several.stderr.matches("secsync explain CODE").count(), 1);
    let none = validated("syncs:\n  web: {}\n").exits_with(0);
    assert_eq!(none.stderr, "");
}
