//! `secsync init`: the beginning of a workspace.

use crate::harness::Tree;

#[test]
fn a_new_workspace_is_valid_and_its_example_can_be_tried_at_once() {
    let tree = Tree::new(&[]);
    let made = tree.secsync("init").run().exits_with(0);
    insta::assert_snapshot!(made, @"
    $ secsync init
    Wrote secsync.yaml.
    Wrote .secsync/workspace.json.
    Wrote .secsync/sync-file.json.
    Wrote syncs/example.yaml.

    Next:
      secsync plan --sandbox       what syncs would do, on an emulator, without an account
      secsync schema list          where secrets can go
      secsync export --all-projects --dir syncs
                                   sync files of the syncs that you already have
    --- exit 0
    ");
    assert_eq!(
        tree.files(),
        [
            ".secsync/sync-file.json",
            ".secsync/workspace.json",
            "secsync.yaml",
            "syncs/example.yaml"
        ]
    );
    for (file, schema) in [
        ("secsync.yaml", ".secsync/workspace.json"),
        ("syncs/example.yaml", "../.secsync/sync-file.json"),
    ] {
        let line = format!("# yaml-language-server: $schema={schema}\n");
        assert!(tree.read(file).starts_with(&line), "{file}");
    }
    tree.secsync("validate").run().exits_with(0);
    tree.secsync("apply --sandbox --auto-approve")
        .run()
        .exits_with(0);
    tree.secsync("plan --sandbox --detailed-exitcode")
        .run()
        .exits_with(0);
}

#[test]
fn keeps_existing_files_and_changes_nothing_a_second_time() {
    let settings = "version: 1\nlint: {name-form: warn}\n";
    let tree = Tree::new(&[
        ("secsync.yaml", settings),
        ("syncs/mine.yaml", "syncs: {}\n"),
    ]);
    tree.secsync("init").run().exits_with(0);
    assert_eq!(tree.read("secsync.yaml"), settings);
    assert!(!tree.has("syncs/example.yaml"));
    let again = tree.secsync("init").run().exits_with(0);
    assert!(!again.stdout.contains("Wrote"), "{again}");
}
