//! A third platform, made up: what it takes to add one, and that nothing else has to know it.
//!
//! Strongbox identifies a sync by its destination, too, knows neither connections nor folders nor
//! jobs, and has its own fields and its own rule for names. All that is true of it is in
//! `door`; `register` is the only line outside that names it. The program with it is this test's
//! own binary, run again.

mod door;
mod server;

use std::env;
use std::process::{self, Command};

use secsync::cli;
use secsync::environment::Environment;
use secsync::provider;

use super::harness::{Tree, repository};
use serde_json::Value;
use server::Server;

/// Holds the arguments of the program with the third platform, one a line.
const ARGUMENTS: &str = "THIRD_PLATFORM_ARGUMENTS";

/// The program with the third platform. Run by the tests below, and by nothing else.
#[test]
#[ignore = "the program that the tests beside it run"]
fn program() {
    let Ok(arguments) = env::var(ARGUMENTS) else {
        return;
    };
    provider::register(&door::Strongbox);
    let arguments = ["secsync"].into_iter().chain(arguments.lines());
    let exit = cli::main(arguments.map(Into::into), &Environment::from_process());
    process::exit(i32::from(exit.code()));
}

/// Runs the program, and returns its exit code, what it reported and what went wrong.
fn run(tree: &Tree, server: &Server, arguments: &str) -> String {
    let report = tree.root().join("report.txt");
    tree.write("report.txt", "");
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    let lines = format!("{}\n--output=human={report}", arguments.join("\n"));
    let output = Command::new(env::current_exe().unwrap())
        .args(["third_platform::program", "--exact", "--ignored"])
        .arg("--nocapture")
        .current_dir(tree.root())
        .env_clear()
        .env(ARGUMENTS, lines)
        .env("STRONGBOX_URL", &server.url)
        .env("STRONGBOX_TOKEN", server::TOKEN)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let said = said.replace(&server.url, "SERVER");
    format!(
        "exit {}\n{}{said}",
        output.status.code().unwrap(),
        tree.read("report.txt")
    )
}

const FILES: [(&str, &str); 2] = [
    ("secsync.yaml", "version: 1\n"),
    (
        "syncs/web.yaml",
        "version: 1
provider: strongbox
project: shop
defaults:
  vault: prod
syncs:
  Web:
    destination: locker
    settings: {shelf: top}
  web-to-drawer:
    name: Web
    destination: drawer
",
    ),
];

#[test]
fn validates_plans_and_applies_on_a_third_platform() {
    let (tree, server) = (Tree::new(&FILES), Server::start());
    insta::assert_snapshot!(run(&tree, &server, "validate"), @"
    exit 0
    Success! 2 syncs in 1 file can be planned.
    ");
    insta::assert_snapshot!(run(&tree, &server, "plan --detailed-exitcode"), @r#"
    exit 2
    secsync will perform the following actions:

      # strongbox/shop/Web will be created  (syncs/web.yaml:10)
      + drawer sync
          + vault: "prod"
          Note: The first sync overwrites secrets at the destination that have the same keys.

      # strongbox/shop/Web will be created  (syncs/web.yaml:7)
      + locker sync
          + vault:          "prod"
          + settings.shelf: "top"
          Note: The first sync overwrites secrets at the destination that have the same keys.

    Plan: 2 to add, 0 to change, 0 to destroy.
    "#);
    insta::assert_snapshot!(run(&tree, &server, "apply --auto-approve --parallelism 1"), @r#"
    exit 0
    secsync will perform the following actions:

      # strongbox/shop/Web will be created  (syncs/web.yaml:10)
      + drawer sync
          + vault: "prod"
          Note: The first sync overwrites secrets at the destination that have the same keys.

      # strongbox/shop/Web will be created  (syncs/web.yaml:7)
      + locker sync
          + vault:          "prod"
          + settings.shelf: "top"
          Note: The first sync overwrites secrets at the destination that have the same keys.

    Plan: 2 to add, 0 to change, 0 to destroy.

    Apply complete! Resources: 2 added, 0 changed, 0 destroyed.
    strongbox/shop/Web: Creating...
    strongbox/shop/Web: Created [id=box-1]
    strongbox/shop/Web: Creating...
    strongbox/shop/Web: Created [id=box-2]
    "#);
    insta::assert_snapshot!(run(&tree, &server, "plan --detailed-exitcode"), @"
    exit 0
    No changes. All 2 declared syncs are as they should be.
    ");
    insta::assert_snapshot!(run(&tree, &server, "status"), @"
    exit 0
    SYNC                DESTINATION  JOB  RESULT        LAST SUCCESS
    strongbox/shop/Web  drawer            never synced
    strongbox/shop/Web  locker            never synced

    2 syncs: 2 never synced.
    ");
}

#[test]
fn its_drift_is_found_and_what_it_has_is_exported() {
    let (tree, server) = (Tree::new(&FILES), Server::start());
    run(&tree, &server, "apply --auto-approve --parallelism 1");
    server.change("locker", "vault", "staging");
    insta::assert_snapshot!(run(&tree, &server, "drift"), @r#"
    exit 2
    strongbox/shop/Web (locker)  (syncs/web.yaml:7)
      ~ differs from what is declared: vault "prod" -> "staging"

    Drift: 1 sync is not as declared, 1 as declared.
    `secsync apply` makes them as declared. To keep what is remote, write it into the files.
    "#);
    insta::assert_snapshot!(
        run(&tree, &server, "export --provider strongbox --project shop --all --out exported.yaml"),
        @"
    exit 0
    Wrote exported.yaml: 2 syncs.
      This workspace does not load it by itself: no pattern of `include:` in secsync.yaml matches it.
    Wrote .secsync/sync-file.json, with which editors complete and check sync files.
    shop: 2 syncs are already declared, and exported anyway.

    Export complete! 2 syncs.
    "
    );
    insta::assert_snapshot!(tree.read("exported.yaml"), @"
    # yaml-language-server: $schema=.secsync/sync-file.json
    version: 1
    provider: strongbox
    project: shop
    syncs:
      Web:
        destination: drawer
        vault: prod
      Web-locker:
        destination: locker
        vault: staging
        settings:
          shelf: top
        name: Web
    ");
    insta::assert_snapshot!(run(&tree, &server, "plan --detailed-exitcode exported.yaml"), @"
    exit 0
    No changes. All 2 declared syncs are as they should be.
    ");
}

#[test]
fn a_sync_that_changes_its_destination_is_another_one() {
    let (tree, server) = (Tree::new(&FILES), Server::start());
    run(&tree, &server, "apply --auto-approve --parallelism 1");
    let moved = FILES[1]
        .1
        .replace("destination: drawer", "destination: chest");
    tree.write("syncs/web.yaml", moved);
    insta::assert_snapshot!(run(&tree, &server, "plan -v"), @r#"
    exit 0
    secsync will perform the following actions:

      # strongbox/shop/Web will be created  (syncs/web.yaml:10)
      + chest sync
          + vault: "prod"
          Note: The first sync overwrites secrets at the destination that have the same keys.
          The values come from:
            provider:    "strongbox"  syncs/web.yaml:2 (inherited)
            project:     "shop"       syncs/web.yaml:3 (inherited)
            destination: "chest"      syncs/web.yaml:12
            vault:       "prod"       syncs/web.yaml:5 (inherited)

    Plan: 1 to add, 0 to change, 0 to destroy.

    1 sync in these projects is not declared:
      strongbox/shop/Web (drawer)
    This prints a sync file for it; --out or --dir writes it:
      secsync export --provider strongbox --project shop
    "#);
}

#[test]
fn its_own_rules_and_its_own_fields_are_checked_offline() {
    let (tree, server) = (Tree::new(&FILES), Server::start());
    tree.write(
        "syncs/web.yaml",
        "provider: strongbox
project: shop
syncs:
  web:
    destination: locker
    secretPath: /x
    connection: main
  Left:
    destination: locker
    vault: prod
    renamedFrom: Right
",
    );
    insta::assert_snapshot!(run(&tree, &server, "validate"), @"
    exit 3
    missing-field

      × `vault` is missing.
       ╭─[syncs/web.yaml:4:3]
     3 │ syncs:
     4 │   web:
       ·   ───
     5 │     destination: locker
       ╰────
      help: Add `vault` to the sync, or to the defaults.

    capital-name

      × The name `web` has no capital letter at its start.
       ╭─[syncs/web.yaml:4:3]
     3 │ syncs:
     4 │   web:
       ·   ───
     5 │     destination: locker
       ╰────

    unknown-field

      × `secretPath` is not a field of a sync to Locker.
       ╭─[syncs/web.yaml:6:5]
     5 │     destination: locker
     6 │     secretPath: /x
       ·     ──────────
     7 │     connection: main
       ╰────
      help: The fields here are `vault`, `paused`, `settings`, `provider`, `project`, `projectId`, `destination`, `name`, `labels`, `ensure`, `renamedFrom`, `ignoreRemote`, `protect`, `onDelete`, `trigger` and `matrix`.

    unknown-field

      × Syncs of Strongbox have no connection.
       ╭─[syncs/web.yaml:7:17]
     6 │     secretPath: /x
     7 │     connection: main
       ·                 ────
     8 │   Left:
       ╰────
      help: Remove it.

    unknown-field

      × Syncs of Strongbox cannot be renamed.
        ╭─[syncs/web.yaml:11:18]
     10 │     vault: prod
     11 │     renamedFrom: Right
        ·                  ─────
        ╰────
      help: Remove `renamedFrom`. Under a new name another sync is created.

    Found 5 errors.
    Run `secsync explain CODE` to see why it matters and how to fix it.
    ");
}

#[test]
fn its_own_lint_has_a_level_a_page_and_a_place_in_every_list() {
    let (tree, server) = (Tree::new(&FILES), Server::start());
    let names = tree.read("syncs/web.yaml").replace("Web:", "web:");
    tree.write("syncs/web.yaml", names);
    tree.write("secsync.yaml", "lint: {capital-name: warn}\n");
    insta::assert_snapshot!(run(&tree, &server, "validate --output=sarif=found.sarif"), @"
    exit 0
    Success! 2 syncs in 1 file can be planned.
    capital-name

      ⚠ The name `web` has no capital letter at its start.
       ╭─[syncs/web.yaml:7:3]
     6 │ syncs:
     7 │   web:
       ·   ───
     8 │     destination: locker
       ╰────

    Found 1 warning.
    Run `secsync explain capital-name` to see why it matters and how to fix it.
    ");
    let sarif: Value = serde_json::from_str(&tree.read("found.sarif")).unwrap();
    let rule = &sarif["runs"][0]["tool"]["driver"]["rules"][0];
    assert_eq!(rule["help"]["text"], include_str!("capital-name.md"));
    let page = run(&tree, &server, "explain capital-name");
    let start = "exit 0\ncapital-name (error, a lint)\nA sync's name has no capital";
    assert!(page.starts_with(start), "{page}");
    let list = run(&tree, &server, "explain");
    assert!(list.contains("\ncapital-name"), "{list}");
    tree.write("secsync.yaml", "lint: {capital-nam: warn}\n");
    let unknown = run(&tree, &server, "validate");
    assert!(
        unknown.contains("Did you mean `capital-name`?"),
        "{unknown}"
    );
}

#[test]
fn says_what_its_own_fields_mean() {
    let (tree, server) = (Tree::new(&FILES), Server::start());
    let page =
        "exit 0\npaused (a field of a sync)\nWhether changes wait until somebody pushes them.\n";
    assert_eq!(run(&tree, &server, "explain paused"), page);
    run(&tree, &server, "schema editor");
    let schema = tree.read(".secsync/sync-file.json");
    assert!(schema.contains("Whether changes wait until somebody pushes them. If omitted: false."));
}

#[test]
fn a_panic_is_one_sentence_and_hides_no_finding() {
    let (tree, server) = (Tree::new(&FILES), Server::start());
    let text = tree.read("syncs/web.yaml").replace("Web:", "Panic:");
    tree.write("syncs/web.yaml", format!("labels: 1\n{text}"));
    let line = regex::Regex::new(r"door\.rs:\d+").unwrap();
    let output = run(&tree, &server, "validate");
    insta::assert_snapshot!(line.replace(&output, "door.rs:[LINE]"), @"
    exit 1
    Error: secsync made a mistake of its own (tests/cli/third_platform/door.rs:[LINE]), and this result is not complete.
      Please report it with the command and what is special about the files.
    unknown-field

      × `labels` is not a field of a sync file.
       ╭─[syncs/web.yaml:1:1]
     1 │ labels: 1
       · ──────
     2 │ version: 1
       ╰────
      help: The fields are `version`, `provider`, `project`, `projectId`, `defaults`, `syncs` and `$schema`.

    Found 1 error.
    Run `secsync explain unknown-field` to see why it matters and how to fix it.
    ");
}

#[test]
fn the_page_on_adding_a_platform_quotes_this_one() {
    let files = ["door.rs", "mod.rs", "locker.json"];
    let code = files.map(|file| repository(&format!("tests/cli/third_platform/{file}")));
    let page = repository("docs/adding-a-platform.md");
    let blocks: Vec<&str> = page.split("```").skip(1).step_by(2).collect();
    assert!(blocks.len() > 5);
    for block in blocks {
        let (_language, quoted) = block.split_once('\n').unwrap();
        assert!(code.iter().any(|code| code.contains(quoted)), "{quoted}");
    }
}
