//! What is different on a terminal: the question before an apply, the line at its foot, and tables that fit.
#![cfg(unix)]

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Stdio};

use insta::assert_snapshot;
use rustix_openpty::rustix::termios::Winsize;

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

/// Runs a program on a screen of that size, and returns what is written to it. `until` ends it by
/// Ctrl-C as soon as that was written.
fn on_a_screen(run: &Invocation, (columns, rows): (u16, u16), until: Option<&str>) -> String {
    let size = Winsize {
        ws_col: columns,
        ws_row: rows,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let terminal = rustix_openpty::openpty(None, Some(&size)).unwrap();
    let mut command = run.command();
    command.stdin(Stdio::null());
    command.stdout(Stdio::from(terminal.user.try_clone().unwrap()));
    command.stderr(Stdio::from(terminal.user));
    let mut child = command.spawn().unwrap();
    // The program alone holds the screen open.
    drop(command);
    let mut written = Vec::new();
    let mut controller = File::from(terminal.controller);
    let mut portion = [0; 4096];
    let mut is_interrupted = false;
    // When the last one has closed the screen, reading fails.
    while let Ok(count) = controller.read(&mut portion) {
        written.extend(&portion[..count]);
        let text = String::from_utf8_lossy(&written);
        if !is_interrupted && until.is_some_and(|until| text.contains(until)) {
            super::interrupts::signal(&child, "INT");
            is_interrupted = true;
        }
        if count == 0 {
            break;
        }
    }
    child.wait().unwrap();
    String::from_utf8(written).unwrap()
}

/// A sync for each number.
fn many(count: usize) -> Tree {
    let names: Vec<String> = (0..count)
        .map(|number| format!("a-service-with-a-long-name-{number:02}"))
        .collect();
    let syncs: Vec<(&str, String)> = names
        .iter()
        .map(|name| {
            let config =
                format!("destinationConfig: {{ scope: application, org: {name}, app: a }}");
            (name.as_str(), config)
        })
        .collect();
    let syncs: Vec<(&str, &str)> = syncs
        .iter()
        .map(|(name, config)| (*name, &**config))
        .collect();
    Tree::new(&[("syncs/payments.yaml", &payments(&syncs))])
}

#[test]
fn a_slow_run_says_what_it_does_at_the_foot_of_the_terminal_and_leaves_nothing_of_it() {
    let server = Server::with(&world(), |options| {
        options.latency = std::time::Duration::from_millis(300);
    });
    let tree = tree();
    let run = tree.secsync("apply syncs --auto-approve --wait");
    let run = run.on(&server).variable("TERM", "xterm");
    let written = on_a_screen(&run, (80, 24), None);
    assert!(written.contains("Asking the servers"), "{written}");
    assert!(
        written.contains("Applying: 0 of 1 done, now api"),
        "{written}"
    );
    assert!(written.contains("Waiting for 1 job"), "{written}");
    // What was drawn last is cleared, and nothing of it follows.
    let (_, rest) = written.rsplit_once("\u{1b}[2K").unwrap();
    assert!(rest.contains("Apply complete!"), "{written}");
    assert!(
        !rest.contains("Waiting") && !rest.contains("Applying"),
        "{written}"
    );
}

#[test]
fn each_command_that_asks_a_server_says_so_at_the_foot_of_the_terminal() {
    let server = Server::with(&world(), |options| {
        options.latency = std::time::Duration::from_millis(700);
    });
    let check = |arguments: &str| {
        let tree = tree();
        let run = tree.secsync(arguments).on(&server);
        let run = run
            .variable("TERM", "xterm")
            .variable("INFISICAL_TOKEN", "");
        let written = on_a_screen(&run, (80, 24), None);
        assert!(
            written.contains("Asking the servers"),
            "{arguments}: {written}"
        );
        let (_, rest) = written.rsplit_once("\u{1b}[2K").unwrap();
        assert!(!rest.contains("Asking"), "{arguments}: {written}");
    };
    std::thread::scope(|scope| {
        for arguments in [
            "list projects",
            "list connections",
            "auth check syncs",
            "schema pull --from-server",
            "export --all-projects",
        ] {
            scope.spawn(move || check(arguments));
        }
    });
}

#[test]
fn a_quiet_run_has_no_foot() {
    let server = Server::new(&world());
    let tree = tree();
    for arguments in ["plan syncs -q", "apply syncs -q --auto-approve"] {
        let run = tree.secsync(arguments).on(&server);
        let written = on_a_screen(&run.variable("TERM", "xterm"), (80, 24), None);
        assert!(!written.contains("Asking"), "{written}");
    }
}

#[test]
fn a_table_fits_the_screen_and_shows_failures_first() {
    let tree = many(12);
    let last = "a-service-with-a-long-name-11";
    let server = Server::failing(&world(), &[&format!("sync:{last}=fail")]);
    let run = |arguments: &str| {
        tree.secsync(arguments)
            .on(&server)
            .variable("TERM", "xterm")
    };
    run("apply syncs --auto-approve --wait").run().exits_with(7);
    for columns in [40, 43, 80, 120, 200] {
        let run = run("status syncs --no-color").variable("TERM", "dumb");
        let written = on_a_screen(&run, (columns, 24), None);
        fits(&written, columns);
        let mut table = written.lines().skip_while(|line| !line.starts_with("SYNC"));
        let first = table.find(|line| line.contains("infisical/"));
        let is_failure = first.is_some_and(|line| line.contains("ame-11"));
        assert!(is_failure, "{written}");
    }
    let watched = on_a_screen(&run("status syncs --watch"), (80, 10), Some(" more lines"));
    assert!(watched.contains("\u{1b}[H"), "{watched}");
    assert!(watched.contains("… 8 more lines"), "{watched}");
    let watched = on_a_screen(
        &run("status syncs --watch --no-color"),
        (40, 12),
        Some(" more lines"),
    );
    fits(&watched, 40);
    // Each line that is written is one on the screen, so that all are written over.
    let (_, screen) = watched.split_once("\u{1b}[H").unwrap();
    let (screen, _) = screen.split_once("\u{1b}[J").unwrap();
    assert_eq!(screen.matches('\n').count(), 11, "{watched}");
}

/// Checks that no line is wider than the screen.
fn fits(written: &str, columns: u16) {
    let lines = written.split(['\n', '\r']);
    for line in lines.map(anstream::adapter::strip_str) {
        let line = line.to_string();
        // A name that somebody copies is whole.
        let is_word = !line.trim().contains(' ');
        let is_fitting = is_word || line.trim_end().chars().count() <= usize::from(columns);
        assert!(is_fitting, "more than {columns}: {line}\n{written}");
    }
}

#[test]
fn every_table_of_the_program_fits_the_screen() {
    let server = Server::new(&world());
    let tree = tree();
    for arguments in [
        "schema list",
        "schema show github",
        "explain",
        "help environment",
        "help formats",
        "list destinations",
        "list projects",
    ] {
        for columns in [40, 80] {
            let run = tree.secsync(arguments).on(&server);
            let written = on_a_screen(&run.variable("TERM", "xterm"), (columns, 24), None);
            fits(&written, columns);
        }
    }
}

#[test]
fn sentences_are_wrapped_at_words_on_a_terminal_alone() {
    let tree = tree();
    let run = |arguments: &str| tree.secsync(arguments).variable("TERM", "xterm");
    let written = on_a_screen(&run("plan syncs"), (40, 24), None);
    fits(&written, 40);
    assert!(
        written.contains("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID"),
        "{written}"
    );
    let written = on_a_screen(&run("plan syncs --sandbox --no-color"), (40, 24), None);
    assert!(
        written.contains("# infisical/payments/api will be\r\n"),
        "{written}"
    );
    tree.write(
        "syncs/more.yaml",
        "provider: infisical\nproject: p\nsyncs:\n  a: {destination: x}\n",
    );
    fits(&on_a_screen(&run("validate syncs"), (60, 24), None), 60);
    let plain = run("plan syncs/payments.yaml").run().stderr;
    assert!(plain.lines().any(|line| line.len() > 100), "{plain}");
}

#[test]
fn no_color_holds_for_help_and_for_wrong_usage() {
    let tree = tree();
    for arguments in [
        "plan --no-color --help",
        "plan --no-color --nothing",
        "plan -y --no-color",
        "plan --no-color -o x",
    ] {
        let run = tree.secsync(arguments).variable("TERM", "xterm");
        let written = on_a_screen(&run, (80, 24), None);
        assert!(!written.contains('\u{1b}'), "{written}");
    }
}

#[test]
fn what_a_field_takes_is_wrapped_at_words() {
    let tree = Tree::new(&[]);
    let run = tree.secsync("schema show vercel --no-color");
    let written = on_a_screen(&run.variable("TERM", "xterm"), (80, 24), None);
    let table = written
        .lines()
        .skip_while(|line| !line.starts_with("FIELD"));
    let lines: Vec<&str> = table.map(str::trim_end).collect();
    assert!(lines.len() > 20, "{written}");
    let widest = lines.iter().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "{written}");
    let first = lines
        .iter()
        .position(|line| line.contains("`overwrite-destination`"));
    let start = lines[first.unwrap()].find('`');
    assert!(start.is_some());
    assert_eq!(lines[first.unwrap() + 1].find('`'), start, "{written}");
}
