//! The question before an apply, answered on a terminal.
#![cfg(unix)]

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Stdio};

use insta::assert_snapshot;

use super::harness::{Invocation, Output, Server, Tree, payments, world};

const QUESTION: &str = "Do you want to perform these actions?";

fn tree() -> Tree {
    Tree::new(&[("syncs/payments.yaml", &payments(&[("api", "")]))])
}

fn writes(server: &Server) -> Vec<String> {
    let mut requests = server.requests();
    requests.retain(|request| request.starts_with("POST /api/v1/secret-syncs"));
    requests
}

/// Starts the program with a terminal as its standard input; what is written to the other end is
/// what a person types.
fn on_a_terminal(invocation: &Invocation) -> (Child, File) {
    let terminal = rustix_openpty::openpty(None, None).unwrap();
    let mut command = invocation.command();
    command.stdin(Stdio::from(terminal.user));
    (command.spawn().unwrap(), File::from(terminal.controller))
}

fn answered(run: Invocation, answer: &str) -> Output {
    let (child, mut keyboard) = on_a_terminal(&run);
    keyboard.write_all(answer.as_bytes()).unwrap();
    let output = run.finish(child);
    drop(keyboard);
    output
}

#[test]
fn an_apply_on_a_terminal_asks_and_does_it_after_a_yes() {
    let tree = tree();
    let server = Server::new(&world());
    let output = answered(tree.secsync("apply syncs").on(&server), "yes\n").exits_with(0);
    assert_snapshot!(output, @r#"
    $ secsync apply syncs
    secsync will perform the following actions:

      # infisical/payments/api will be created  (syncs/payments.yaml:11)
      + humanitec sync
          + connection:                        "humanitec-main"
          + destinationConfig.scope:           "application"
          + destinationConfig.app:             "payments"
          + destinationConfig.org:             "acme"
          + environment:                       "prod"
          + secretPath:                        "/"
          + syncOptions.disableSecretDeletion: true
          + syncOptions.initialSyncBehavior:   "overwrite-destination"
          Note: The first sync overwrites secrets at the destination that have the same keys.

    Plan: 1 to add, 0 to change, 0 to destroy.
    infisical/payments/api: Creating...
    infisical/payments/api: Created [id=[UUID]]

    1 job left running; --wait follows them.

    Apply complete! Resources: 1 added, 0 changed, 0 destroyed.
    --- stderr

    Do you want to perform these actions? Only 'yes' is accepted: --- exit 0
    "#);
    assert_eq!(writes(&server), ["POST /api/v1/secret-syncs/humanitec"]);
}

#[test]
fn applies_nothing_without_a_yes() {
    for answer in ["no\n", "y\n", "YES\n", "\n", "yes, but later\n", "\u{4}"] {
        let tree = tree();
        let server = Server::new(&world());
        let output = answered(tree.secsync("apply syncs").on(&server), answer).exits_with(1);
        assert!(output.stdout.contains("Apply cancelled."), "{output}");
        assert_eq!(writes(&server), [""; 0], "after {answer:?}");
    }
}

#[test]
fn an_apply_that_has_nothing_to_do_does_not_ask() {
    let tree = tree();
    let server = Server::new(&world());
    tree.secsync("apply syncs --auto-approve")
        .on(&server)
        .run()
        .exits_with(0);
    let output = answered(tree.secsync("apply syncs").on(&server), "").exits_with(0);
    assert!(!output.stderr.contains(QUESTION), "{output}");
}

#[test]
fn applies_nothing_after_an_interrupt_at_the_question() {
    let tree = tree();
    let server = Server::new(&world());
    let run = tree.secsync("apply syncs").on(&server);
    let (mut child, keyboard) = on_a_terminal(&run);
    let mut said = String::new();
    let mut letter = [0];
    while !said.contains(QUESTION) {
        let stderr = child.stderr.as_mut().unwrap();
        stderr.read_exact(&mut letter).unwrap();
        said.push(char::from(letter[0]));
    }
    super::interrupts::signal(&child, "INT");
    run.finish(child).exits_with(130);
    drop(keyboard);
    assert_eq!(writes(&server), [""; 0]);
}
