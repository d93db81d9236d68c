//! Ctrl-C, and readers that go away.
#![cfg(unix)]

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use insta::assert_snapshot;
use serde_json::Value;

use super::harness::{Server, Tree, payments, world};

fn tree() -> Tree {
    Tree::new(&[(
        "syncs/payments.yaml",
        &payments(&[("api", ""), ("bot", ""), ("web", "")]),
    )])
}

pub fn signal(child: &Child, signal: &str) {
    let done = Command::new("sh")
        .args(["-c", &format!("kill -{signal} {}", child.id())])
        .status()
        .unwrap();
    assert!(done.success());
}

/// Waits until the server has heard so many requests of a kind.
fn wait_for(server: &Server, times: usize, part: &str) {
    let mut heard = 0;
    for _ in 0..1000 {
        let requests = server.requests();
        heard += requests
            .iter()
            .filter(|request| request.contains(part))
            .count();
        if heard >= times {
            return;
        }
        sleep(Duration::from_millis(10));
    }
    panic!("{heard} requests with {part}");
}

/// The first line that a program writes to standard error; nothing after it is read.
#[allow(
    clippy::unbuffered_bytes,
    reason = "a buffer would read beyond the line"
)]
pub fn first_line(child: &mut Child) -> String {
    let mut line = Vec::new();
    for byte in child.stderr.as_mut().unwrap().bytes() {
        line.push(byte.unwrap());
        if line.ends_with(b"\n") {
            break;
        }
    }
    String::from_utf8(line).unwrap()
}

#[test]
fn finishes_what_is_in_flight_after_an_interruption_and_reports_it() {
    for name in ["INT", "TERM"] {
        let tree = tree();
        let server = Server::new(&world());
        server.hold("POST", "/secret-syncs/humanitec");
        let run = tree
            .secsync("apply syncs --auto-approve --parallelism 1")
            .on(&server);
        let mut child = run.spawn();
        wait_for(&server, 1, "POST /api/v1/secret-syncs/humanitec");
        signal(&child, name);
        // It knows of the interruption before the answer comes.
        let announced = first_line(&mut child);
        server.release();
        let output = run.finish_after(child, announced).exits_with(130);
        if name == "INT" {
            let reported = output.to_string();
            let report = reported.split_once("to destroy.\n").unwrap().1.to_owned();
            assert_snapshot!(report, @"
            infisical/payments/api: Creating...
            infisical/payments/api: Created [id=[UUID]]
            infisical/payments/bot: Not tried
            infisical/payments/web: Not tried

            Not tried: infisical/payments/bot: The run was interrupted before its turn.
            Not tried: infisical/payments/web: The run was interrupted before its turn.
            1 job not followed to the end; `secsync status` shows them.

            Apply interrupted! Resources: 1 added, 0 changed, 0 destroyed, 2 not tried.
            Run `secsync apply` again to continue.
            --- stderr
            Interrupted. Finishing what is in flight; again to stop at once.
            --- exit 130
            ");
        }
        let plan = tree.secsync("plan syncs").on(&server).run().exits_with(0);
        assert!(plan.stdout.contains("Plan: 2 to add"), "{plan}");
    }
}

#[test]
fn a_second_interruption_stops_at_once_and_reports_what_is_known() {
    let tree = tree();
    let server = Server::new(&world());
    server.hold("POST", "/secret-syncs/humanitec");
    let run = tree
        .secsync("apply syncs --auto-approve --parallelism 1 -o human -o json=apply.json")
        .on(&server);
    let mut child = run.spawn();
    wait_for(&server, 1, "POST /api/v1/secret-syncs/humanitec");
    signal(&child, "INT");
    let announced = first_line(&mut child);
    signal(&child, "INT");
    let output = run.finish_after(child, announced).exits_with(130);
    server.release();
    let reported = output.to_string();
    let report = reported.split_once("to destroy.\n").unwrap().1.to_owned();
    assert_snapshot!(report, @r#"
    infisical/payments/api: Creating...
    infisical/payments/api: Unknown
    infisical/payments/bot: Not tried
    infisical/payments/web: Not tried

    Unknown: infisical/payments/api: Cannot create the sync "api": the run was stopped before the answer came.
    Not tried: infisical/payments/bot: The run was interrupted before its turn.
    Not tried: infisical/payments/web: The run was interrupted before its turn.

    Apply interrupted! Resources: 0 added, 0 changed, 0 destroyed, 1 unknown, 2 not tried.
    Run `secsync apply` again to continue.
    --- stderr
    Interrupted. Finishing what is in flight; again to stop at once.
    --- exit 130
    "#);
    let document: Value = serde_json::from_str(&tree.read("apply.json")).unwrap();
    let results = document["results"].as_array().unwrap().iter();
    let results: Vec<&Value> = results.map(|result| &result["result"]).collect();
    assert_eq!(results, ["unknown", "not-tried", "not-tried"]);
    assert_eq!(document["exitCode"], 130);
}

#[test]
fn an_interrupted_wait_ends_at_once() {
    let tree = tree();
    let server = Server::with(&world(), |options| {
        options.job_duration = Duration::from_secs(3600);
    });
    let run = tree
        .secsync("apply syncs --auto-approve --wait=1h --parallelism 1")
        .on(&server);
    let child = run.spawn();
    // One to plan, and one to look after the jobs.
    wait_for(&server, 2, "GET /api/v1/secret-syncs?");
    signal(&child, "INT");
    let output = run.finish(child).exits_with(130);
    // However often it looked after them.
    let report = output.stdout.rsplit_once("...\n").unwrap().1;
    assert_snapshot!(report, @"

    3 jobs not followed to the end; `secsync status` shows them.

    Apply interrupted! Resources: 3 added, 0 changed, 0 destroyed.
    ");
}

#[test]
fn an_interrupted_plan_ends_without_a_plan() {
    let tree = tree();
    let server = Server::failing(&world(), &["list=hang"]);
    let run = tree.secsync("plan syncs").on(&server);
    let child = run.spawn();
    wait_for(&server, 1, "GET /api/v1/secret-syncs");
    signal(&child, "INT");
    assert_snapshot!(run.finish(child).exits_with(130), @r#"
    $ secsync plan syncs
    --- stderr
    Interrupted. Finishing what is in flight; again to stop at once.
    Error: The run was interrupted: it did not list the syncs of project "payments".
    --- exit 130
    "#);
}

#[test]
fn a_sandbox_ends_well_when_it_is_interrupted() {
    let tree = tree();
    let run = tree.secsync("sandbox --listen 127.0.0.1:0");
    let mut child = run.spawn();
    let mut first = [0];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut first)
        .unwrap();
    signal(&child, "INT");
    run.finish(child).exits_with(0);
}

/// The exit code of a program whose standard output nobody reads, after these signals.
fn ends_unread(arguments: &str, signals: &[&str]) -> Option<i32> {
    let names: Vec<String> = (0..300).map(|number| format!("sync-{number:03}")).collect();
    let syncs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    let tree = Tree::new(&[("syncs/payments.yaml", &payments(&syncs))]);
    let server = Server::new(&world());
    let mut child = tree.secsync(arguments).on(&server).spawn();
    wait_for(&server, 1, "GET /api/v1/secret-syncs?");
    // Until the plan is made, and the pipe is full.
    sleep(Duration::from_secs(2));
    for name in signals {
        assert_eq!(child.try_wait().unwrap(), None, "it waits for its reader");
        signal(&child, name);
        sleep(Duration::from_millis(300));
    }
    for _ in 0..600 {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        sleep(Duration::from_millis(50));
    }
    child.kill().unwrap();
    panic!("{arguments} goes on after {signals:?}");
}

#[test]
fn a_reader_that_does_not_read_holds_no_signal_up() {
    for arguments in [
        "plan syncs",
        "plan syncs -o json",
        "apply syncs --auto-approve",
    ] {
        assert_eq!(ends_unread(arguments, &["TERM"]), Some(130), "{arguments}");
    }
    let twice = ends_unread("apply syncs --auto-approve", &["INT", "INT"]);
    assert_eq!(twice, Some(130));
}

#[test]
fn a_slow_reader_gets_all_of_an_interrupted_run() {
    let names: Vec<String> = (0..300).map(|number| format!("sync-{number:03}")).collect();
    let syncs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    let tree = Tree::new(&[("syncs/payments.yaml", &payments(&syncs))]);
    let server = Server::new(&world());
    let run = tree.secsync("apply syncs --auto-approve --parallelism 1");
    let mut child = run.on(&server).spawn();
    let mut stdout = child.stdout.take().unwrap();
    let mut said = Vec::new();
    let mut portion = [0; 2048];
    loop {
        let length = stdout.read(&mut portion).unwrap();
        if length == 0 {
            break;
        }
        if said.is_empty() {
            signal(&child, "INT");
        }
        said.extend_from_slice(&portion[..length]);
        sleep(Duration::from_millis(20));
    }
    let said = String::from_utf8(said).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130), "{said}");
    assert!(
        said.contains(
            "Apply interrupted! Resources: 0 added, 0 changed, 0 destroyed, 300 not tried."
        ),
        "{said}"
    );
}

#[test]
fn a_reader_that_goes_away_does_no_harm() {
    let tree = tree();
    let server = Server::new(&world());
    for arguments in [
        "plan syncs",
        "plan syncs -o json",
        "apply syncs --auto-approve",
        "schema list",
        "--help",
    ] {
        let mut child = tree.secsync(arguments).on(&server).spawn();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments}: {stderr}");
        assert!(stderr.is_empty(), "{arguments}: {stderr}");
    }
    // What was applied is applied.
    let plan = tree
        .secsync("plan syncs --detailed-exitcode")
        .on(&server)
        .run();
    plan.exits_with(0);
}

#[test]
fn what_went_wrong_is_said_even_if_the_reader_has_gone() {
    let tree = tree();
    let server = Server::failing(&world(), &["create=400@1"]);
    let run = tree.secsync("apply syncs --auto-approve").on(&server);
    let mut child = run.spawn();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(5), "{stderr}");
    assert!(stderr.contains("Failed: infisical/payments/"), "{stderr}");
    assert!(stderr.contains("2 added, 0 changed"), "{stderr}");
}

#[cfg(target_os = "linux")]
#[test]
fn reports_a_full_disk() {
    let tree = tree();
    let server = Server::new(&world());
    for arguments in [
        "plan syncs",
        "apply syncs --auto-approve",
        "validate syncs",
        "schema list",
        "--help",
        "version",
    ] {
        let full = std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let output = tree
            .secsync(arguments)
            .on(&server)
            .command()
            .stdin(Stdio::null())
            .stdout(full)
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments}: {stderr}");
        assert!(
            !stderr.contains("mistake of its own"),
            "{arguments}: {stderr}"
        );
        let said = "Error: Standard output cannot be written: there is no space left.\n";
        assert_eq!(stderr, said, "{arguments}");
    }
    // What nobody could see is not acted on.
    tree.secsync("plan syncs --detailed-exitcode")
        .on(&server)
        .run()
        .exits_with(2);
}
