//! Running secsync for a pipeline.

use std::fs::Permissions;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::code_host::CodeHost;
use super::script::{Ran, Script};
use crate::harness::{Server, Tree, payments, world};
use crate::interrupts::first_line;

fn tree(syncs: &[(&str, &str)]) -> Tree {
    Tree::new(&[("syncs/payments.yaml", &payments(syncs))])
}

fn run(tree: &Tree, server: &Server, arguments: &[&str]) -> Ran {
    Script::new(tree, "run.py", arguments).on(server).run()
}

/// The outputs of a step of GitHub Actions, and what it showed on the page of the job.
fn on_github(tree: &Tree, host: &CodeHost, server: &Server, arguments: &[&str]) -> (Ran, String) {
    for file in ["output", "summary"] {
        tree.write(&format!(".git/job/{file}"), "");
    }
    let script = Script::new(tree, "run.py", arguments).on(server);
    let ran = host.after_merge(tree, script).run();
    (ran, tree.read(".git/job/output"))
}

fn outputs(tree: &Tree) -> Value {
    serde_json::from_str(&tree.read("secsync-results/outputs.json")).unwrap()
}

#[test]
fn a_plan_leaves_every_format_and_the_outputs_of_the_step() {
    let (tree, host, server) = (tree(&[("web", "")]), CodeHost::new(), Server::new(&world()));
    let (ran, outputs) = on_github(&tree, &host, &server, &["plan"]);
    let ran = ran.exits_with(0);
    assert!(ran.stdout.contains("Plan: 1 to add") && ran.stdout.contains("\n::notice title="));
    let digest = tree.read("secsync-results/digest");
    let outputs = outputs
        .replace(digest.trim(), "[DIGEST]")
        .replace(tree.root().as_str(), "[ROOT]");
    assert_snapshot!(outputs, @"
    command=plan
    exit-code=2
    changes=true
    digest=[DIGEST]
    add=1
    change=0
    destroy=0
    start=0
    trigger=0
    blocked=0
    unmanaged=0
    results=[ROOT]/secsync-results
    ");
    let comment = tree.read("secsync-results/comment.md");
    assert!(comment.starts_with("<!-- secsync:plan -->\n"));
    assert_eq!(tree.read(".git/job/summary"), comment);
    for file in ["result.json", "findings.sarif", "report.xml", "plan.json"] {
        assert!(tree.has(&format!("secsync-results/{file}")), "{file}");
    }
}

#[test]
fn exactly_the_saved_plan_is_applied() {
    let (tree, server) = (tree(&[("web", "")]), Server::new(&world()));
    run(&tree, &server, &["plan"]).exits_with(0);
    let digest = tree.read("secsync-results/digest").trim().to_owned();
    // What the files say by now does not matter.
    tree.write("syncs/payments.yaml", payments(&[("other", "")]));
    let apply = |digest: &str| {
        run(
            &tree,
            &server,
            &[
                "apply",
                "--plan=secsync-results/plan.json",
                &format!("--digest={digest}"),
            ],
        )
    };
    apply(&format!("sha256:{}", "0".repeat(64)))
        .exits_with(1)
        .says("is not the expected one");
    // Nothing was applied; so there is no digest of what was.
    assert_eq!(outputs(&tree)["digest"], "");
    apply("")
        .exits_with(1)
        .says("Give both --plan and --digest.");
    apply("sha256:x")
        .exits_with(1)
        .says("is not the digest of a plan");
    apply(&digest)
        .exits_with(0)
        .says("Apply complete! Resources: 1 added");
    assert_eq!(outputs(&tree)["digest"], digest);
    assert_eq!(outputs(&tree)["changes"], true);
    apply(&digest).exits_with(6);
    assert_eq!(outputs(&tree)["digest"], "");
    assert_eq!(outputs(&tree)["changes"], false);
}

#[test]
fn a_plan_that_was_not_applied_is_not_commented_as_if_it_was() {
    let (tree, host, server) = (tree(&[("web", "")]), CodeHost::new(), Server::new(&world()));
    run(&tree, &server, &["plan"]).exits_with(0);
    let digest = tree.read("secsync-results/digest").trim().to_owned();
    let comment = |digest: &str, code: i32| {
        let digest = format!("--digest={digest}");
        let plan = "--plan=secsync-results/plan.json";
        run(&tree, &server, &["apply", plan, &digest]).exits_with(code);
        let script = Script::new(&tree, "comment.py", &[]);
        host.in_pull_request(&tree, script).run().exits_with(0);
        host.comment_of_bot()
    };
    let other = format!("sha256:{}", "0".repeat(64));
    let applied = "<summary>The plan that was applied</summary>";
    let saved = "<summary>The saved plan</summary>";
    let text = comment(&other, 1);
    assert!(text.contains(saved) && !text.contains(applied), "{text}");
    assert!(!text.contains(&other), "{text}");
    let text = comment(&digest, 0);
    assert!(text.contains(applied), "{text}");
    assert!(text.contains(&format!("· plan `{digest}`")), "{text}");
    let text = comment(&digest, 6);
    assert!(text.contains(saved) && !text.contains(applied), "{text}");
    assert!(!text.contains("· plan `"), "{text}");
}

#[test]
fn a_run_that_is_killed_is_not_said_not_to_have_run() {
    let tree = Tree::new(&[("bin/secsync", "#!/bin/sh\nkill -KILL $$\n")]);
    let program = tree.root().join("bin/secsync");
    std::fs::set_permissions(program, Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}/bin:{}", tree.root(), std::env::var("PATH").unwrap());
    let script = Script::new(&tree, "run.py", &["apply"]).variable("PATH", path);
    script.run().exits_with(137);
    let comment = tree.read("secsync-results/comment.md");
    assert!(comment.contains("**It was stopped.**"), "{comment}");
}

#[test]
fn nothing_of_an_earlier_run_is_left_and_nothing_of_others_is_lost() {
    let (tree, server) = (tree(&[("web", "")]), Server::new(&world()));
    run(&tree, &server, &["plan", "--results=."]).exits_with(0);
    assert!(tree.has("plan.json") && tree.has("syncs/payments.yaml"));
    tree.write("syncs/payments.yaml", "nonsense");
    run(&tree, &server, &["plan", "--results=."]).exits_with(3);
    assert!(!tree.has("plan.json") && !tree.has("digest"));
    assert!(tree.has("syncs/payments.yaml"));
}

#[test]
fn drift_and_changes_are_no_failure_and_everything_else_is() {
    let (tree, server) = (tree(&[("web", "")]), Server::new(&world()));
    run(&tree, &server, &["drift"]).exits_with(0);
    assert_eq!(
        outputs(&tree),
        json!({"command": "drift", "exit-code": 2, "changes": true, "digest": "",
               "drifted": 1, "undeclared": 0})
    );
    run(&tree, &server, &["apply"]).exits_with(0);
    run(&tree, &server, &["drift"]).exits_with(0);
    assert_eq!(outputs(&tree)["changes"], false);
    tree.write("syncs/payments.yaml", payments(&[("web", "nonsense: 1")]));
    run(&tree, &server, &["validate"]).exits_with(3);
    assert_eq!(outputs(&tree)["exit-code"], 3);
    run(&tree, &server, &["plan", "--arguments=--nonsense"]).exits_with(64);
    let comment = tree.read("secsync-results/comment.md");
    assert!(comment.contains("Unexpected argument"), "{comment}");
    assert!(!tree.has("secsync-results/digest"));
}

#[test]
fn lists_are_split_at_lines_and_nothing_is_a_shell_s() {
    let (tree, server) = (tree(&[("web", "")]), Server::new(&world()));
    let paths =
        "--paths=syncs/payments.yaml\n\n  $(touch hacked) `touch hacked`; touch hacked \n--prune\n";
    let ran = run(&tree, &server, &["validate", paths]).exits_with(3);
    assert!(!tree.has("hacked"));
    assert!(ran.to_string().contains("`$(touch hacked)"), "{ran}");
    let arguments = "--arguments=--target\nweb\n--var\nA=b c";
    run(&tree, &server, &["plan", arguments]).exits_with(0);
    let inside = ["plan", "--directory=syncs", "--paths=payments.yaml"];
    run(&tree, &server, &inside)
        .exits_with(0)
        .says("(payments.yaml:");
}

#[test]
fn only_the_default_branch_is_applied() {
    let (tree, host, server) = (tree(&[("web", "")]), CodeHost::new(), Server::new(&world()));
    let apply = |arguments: &[&str]| Script::new(&tree, "run.py", arguments).on(&server);
    let refused = "Only the branch `main` is applied";
    host.in_pull_request(&tree, apply(&["apply"]))
        .run()
        .exits_with(1)
        .says(refused);
    let branch = host.after_merge(&tree, apply(&["apply"]));
    branch
        .variable("GITHUB_REF", "refs/heads/feature")
        .run()
        .exits_with(1)
        .says(refused);
    host.in_merge_request(apply(&["apply"]))
        .variable("CI_DEFAULT_BRANCH", "main")
        .run()
        .exits_with(1)
        .says(refused);
    assert!(server.requests().is_empty());
    let other = host.after_merge(&tree, apply(&["apply", "--branch=release"]));
    other
        .variable("GITHUB_REF", "refs/heads/release")
        .run()
        .exits_with(0);
}

#[test]
fn no_text_of_a_file_or_a_server_is_a_command_or_an_output() {
    let hostile = "a\n::set-output name=digest::sha256:0\n<!-- secsync:plan -->\n`$(touch hacked)`";
    let (tree, host, server) = (
        tree(&[("web", &format!("description: {hostile:?}"))]),
        CodeHost::new(),
        Server::new(&world()),
    );
    let (ran, outputs) = on_github(&tree, &host, &server, &["plan"]);
    let ran = ran.exits_with(0);
    for line in ran.stdout.lines() {
        let command = line.trim_start().strip_prefix("::");
        assert!(
            command.is_none_or(|command| command.starts_with("notice title=secsync plan::")),
            "{line}"
        );
    }
    assert_eq!(outputs.lines().count(), 12, "{outputs}");
    let script = Script::new(&tree, "comment.py", &[]);
    host.in_pull_request(&tree, script).run().exits_with(0);
    let comment = host.comment_of_bot();
    let markers = comment
        .lines()
        .filter(|line| line.trim_start().starts_with("<!-- secsync:"));
    assert_eq!(markers.count(), 1, "{comment}");
    assert!(!tree.has("hacked"));
}

#[test]
fn a_job_that_is_cancelled_finishes_what_it_has_begun() {
    let (tree, server) = (tree(&[("web", "")]), Server::new(&world()));
    server.hold("POST", "secret-syncs/humanitec");
    let script = Script::new(&tree, "run.py", &["apply"]).on(&server);
    let mut child = script.spawn();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    while !said.contains("Creating...") {
        assert!(stdout.read_line(&mut said).unwrap() > 0, "{said}");
    }
    // A terminal, and some runners, send it to all processes of the job.
    let signal = Command::new("kill")
        .args(["-INT", "--", &format!("-{}", child.id())])
        .status();
    assert!(signal.unwrap().success());
    // It knows of the interruption before the answer comes.
    let announced = first_line(&mut child);
    assert!(announced.contains("Interrupted"), "{announced}");
    server.release();
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut stdout, &mut rest).unwrap();
    assert!(rest.contains("Created [id="), "{rest}");
    script.finish(child).exits_with(130);
    assert_eq!(outputs(&tree)["exit-code"], 130);
}

#[test]
fn a_plan_that_is_longer_than_a_comment_is_commented_with_its_digest() {
    let names: Vec<String> = (0..400).map(|index| format!("web-{index}")).collect();
    let syncs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    let (tree, host, server) = (tree(&syncs), CodeHost::new(), Server::new(&world()));
    run(&tree, &server, &["plan"]).exits_with(0);
    let script = Script::new(&tree, "comment.py", &[]);
    host.in_pull_request(&tree, script).run().exits_with(0);
    let comment = host.comment_of_bot();
    assert!(
        (50_000..=65_536).contains(&comment.len()),
        "{}",
        comment.len()
    );
    assert!(comment.contains("Plan: 400 to add") && comment.contains("web-0`"));
    assert!(comment.contains(tree.read("secsync-results/digest").trim()));
    let (opened, closed) = (comment.matches("<details"), comment.matches("</details>"));
    assert_eq!(opened.count(), closed.count());
}

#[test]
fn a_comment_that_is_shortened_keeps_the_result_and_as_many_warnings_as_fit() {
    let names: Vec<String> = (0..450).map(|index| format!("web-{index}")).collect();
    let lines = |name: &String| {
        format!(
            "syncOptions: {{ disableSecretDeletion: false }}\ndestinationConfig: {{ app: {name} }}"
        )
    };
    let lines: Vec<String> = names.iter().map(lines).collect();
    let syncs = names.iter().map(String::as_str);
    let syncs: Vec<(&str, &str)> = syncs.zip(lines.iter().map(String::as_str)).collect();
    let (tree, host, server) = (tree(&syncs), CodeHost::new(), Server::new(&world()));
    run(&tree, &server, &["plan"]).exits_with(0);
    let script = || Script::new(&tree, "comment.py", &[]);
    for (longest, fitting) in [(65_536, 300), (20_000, 80)] {
        host.content().longest = longest;
        host.in_pull_request(&tree, script()).run().exits_with(0);
        let comment = host.comment_of_bot();
        assert!(comment.chars().count() <= longest, "{}", comment.len());
        for part in [
            "\n## secsync plan\n\n**Plan: 450 to add, 0 to change, 0 to destroy.**\n",
            "\n**Shortened:** the code host takes no longer comment.",
        ] {
            assert!(comment.contains(part), "not {part:?}:\n{comment}");
        }
        let warnings = comment.matches("\n> - `infisical/payments/web-").count();
        assert!(warnings >= fitting, "{warnings}:\n{comment}");
    }
}
