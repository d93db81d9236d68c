//! `secsync init`: the beginning of a workspace.

use super::support::{applied_on, world};
use crate::harness::{Output, Server, Tree};

/// The commands that an init advises.
fn advised(made: &Output) -> Vec<String> {
    let lines = made
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("  secsync "));
    let words = lines.map(|line| line.split("  ").next().unwrap().to_owned());
    words.collect()
}

#[test]
fn what_an_init_advises_ends_in_a_plan_without_changes() {
    let server = Server::new(&world());
    applied_on(&server, "apply --auto-approve --wait", 0);
    let elsewhere = ("secsync.yaml", "include: [\"infra/all/*.yaml\"]\n");
    for (files, init) in [
        (&[][..], "init"),
        (&[], "init infra"),
        (&[elsewhere], "init"),
    ] {
        let tree = Tree::new(files);
        let made = tree.secsync(init).run().exits_with(0);
        let commands = advised(&made);
        assert!(commands.len() >= 4, "{made}");
        for command in &commands {
            tree.secsync(command).on(&server).run().exits_with(0);
        }
        let plan = commands.last().unwrap();
        let plan = format!("{plan} --detailed-exitcode");
        let plan = tree.secsync(&plan).on(&server).run().exits_with(0);
        assert!(plan.stdout.contains("All 2 declared syncs"), "{made}{plan}");
    }
}

#[test]
fn an_example_that_somebody_changed_stays() {
    let server = Server::new(&world());
    applied_on(&server, "apply --auto-approve --wait", 0);
    for (more, is_kept) in [("", false), ("# Mine.\n", true)] {
        let tree = Tree::new(&[]);
        tree.secsync("init").run().exits_with(0);
        let example = tree.read("syncs/example.yaml") + more;
        tree.write("syncs/example.yaml", &example);
        let import = "import infisical/payments/web --into syncs/web.yaml";
        let imported = tree.secsync(import).on(&server).run().exits_with(0);
        assert_eq!(tree.has("syncs/example.yaml"), is_kept, "{imported}");
        assert_eq!(
            imported.stdout.contains("Removed syncs/example.yaml"),
            !is_kept
        );
    }
}

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
      secsync plan --sandbox                     what the files would do, on an emulator, without an account
      secsync schema list                        where secrets can go
      secsync schema example github              a sync to fill in
      secsync export --all-projects --dir syncs  sync files of the syncs that you already have, in the place of an untouched example
      secsync plan                               what is left to do
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

#[test]
fn what_an_init_advises_ends_in_a_plan_without_changes_if_nothing_is_remote() {
    let server = Server::new(&world());
    let tree = Tree::new(&[]);
    let made = tree.secsync("init").run().exits_with(0);
    for command in advised(&made) {
        tree.secsync(&command).on(&server).run().exits_with(0);
    }
    tree.secsync("plan --detailed-exitcode")
        .on(&server)
        .run()
        .exits_with(0);
    assert!(tree.read("syncs/example.yaml").contains("# syncs:\n"));
    // Once there is something, nothing is left of the example.
    applied_on(&server, "apply --auto-approve --wait", 0);
    let export = "export --all-projects --dir syncs";
    tree.secsync(export).on(&server).run().exits_with(0);
    assert!(!tree.has("syncs/example.yaml"));
    tree.secsync("plan --detailed-exitcode")
        .on(&server)
        .run()
        .exits_with(0);
}
