//! A third platform, made up: what it takes to add one, and that nothing else has to know it.
//!
//! Strongbox identifies a sync by its destination, too, knows neither connections nor folders nor
//! jobs, and has its own fields and its own rule for names. All that is true of it stands in
//! `door`; `register` is the only line outside that names it. The program with it is this test's
//! own binary, run again.

mod door;
mod server;

use std::env;
use std::process::{self, Command};

use secsync::cli;
use secsync::environment::Environment;
use secsync::provider;

use super::harness::Tree;
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
    let exit = cli::main(arguments.map(Into::into), Environment::from_process());
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
fn a_third_platform_is_validated_planned_applied_and_then_there_is_nothing_to_do() {
    let (tree, server) = (Tree::new(&FILES), Server::start());
    insta::assert_snapshot!(run(&tree, &server, "validate"), @"");
    insta::assert_snapshot!(run(&tree, &server, "plan --detailed-exitcode"), @"");
    insta::assert_snapshot!(run(&tree, &server, "apply --auto-approve"), @"");
    insta::assert_snapshot!(run(&tree, &server, "plan --detailed-exitcode"), @"");
    insta::assert_snapshot!(run(&tree, &server, "status"), @"");
}

#[test]
fn its_drift_is_found_and_what_it_has_is_exported() {
    let (tree, server) = (Tree::new(&FILES), Server::start());
    run(&tree, &server, "apply --auto-approve");
    server.change("locker", "vault", "staging");
    insta::assert_snapshot!(run(&tree, &server, "drift"), @"");
    insta::assert_snapshot!(
        run(&tree, &server, "export --provider strongbox --project shop --all --out exported.yaml"),
        @""
    );
    insta::assert_snapshot!(tree.read("exported.yaml"), @"");
    insta::assert_snapshot!(run(&tree, &server, "plan --detailed-exitcode exported.yaml"), @"");
}

#[test]
fn a_sync_that_changes_its_destination_is_another_one() {
    let (tree, server) = (Tree::new(&FILES), Server::start());
    run(&tree, &server, "apply --auto-approve");
    let moved = FILES[1]
        .1
        .replace("destination: drawer", "destination: chest");
    tree.write("syncs/web.yaml", moved);
    insta::assert_snapshot!(run(&tree, &server, "plan -v"), @"");
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
    insta::assert_snapshot!(run(&tree, &server, "validate"), @"");
}
