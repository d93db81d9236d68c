//! The scripts of the examples, run as they stand.

use std::env;
use std::process::Command;

use super::action::scripts;
use super::code_host::CodeHost;
use super::script::{Ran, Script};
use crate::harness::{Server, Tree, git, payments, repository, world};

const WEB: &str = "\
provider: enkryptify
project: prj_web
syncs:
  web: { destination: vercel }
";

/// The text of a file that Git has on a branch of the origin.
fn on_branch(tree: &Tree, branch: &str, file: &str) -> String {
    let shown = Command::new("git")
        .args(["-C", "origin", "show", &format!("{branch}:{file}")])
        .current_dir(tree.root())
        .output();
    String::from_utf8(shown.unwrap().stdout).unwrap()
}

/// The record of starts on a branch of its own, as the workflow has it.
#[test]
fn a_record_of_starts_in_git_is_pushed_and_found_by_the_next_run() {
    let (tree, server) = (
        Tree::new(&[("main/syncs/web.yaml", WEB)]),
        Server::new(&world()),
    );
    let example = repository("examples/ci/github/secsync-apply-state-in-git.yml");
    let keep = scripts(&example).remove(0);
    let keep = keep.trim().trim_start_matches('|');
    let root = tree.root().to_owned();
    let main = root.join("main");
    git(&root, &["init", "--quiet", "--bare", "origin"]);
    git(
        &main,
        &["init", "--quiet", "--initial-branch", "secsync-state"],
    );
    git(&main, &["remote", "add", "origin", "../origin"]);
    let secsync = |arguments: &str| {
        let run = tree.secsync(arguments).on(&server).inside("main");
        run.variable("SECSYNC_STATE", "state/state.json").run()
    };

    // What the head of the workflow says to do once.
    let begin = tree.secsync("state init --state state.json").inside("main");
    begin.run().exits_with(0);
    git(&main, &["add", "state.json"]);
    git(&main, &["commit", "--quiet", "--message", "x"]);
    git(&main, &["push", "--quiet", "origin", "secsync-state"]);

    let checkout = |directory: &str| {
        let words = [
            "clone",
            "--quiet",
            "--branch",
            "secsync-state",
            "origin",
            directory,
        ];
        git(&root, &words);
    };
    let keep_record = |directory: &str| {
        let ran = Command::new("bash")
            .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", keep])
            .current_dir(root.join(directory))
            .env("GITHUB_RUN_ID", "1")
            .output()
            .unwrap();
        (ran.status.success(), String::from_utf8(ran.stdout).unwrap())
    };
    checkout("main/state");
    checkout("other");
    secsync("apply --auto-approve").exits_with(0);
    assert_eq!(keep_record("main/state"), (true, String::new()));
    assert!(on_branch(&tree, "secsync-state", "state.json").contains("prj_web"));

    // The next run begins with the branch as it is.
    std::fs::remove_dir_all(root.join("main/state")).unwrap();
    checkout("main/state");
    secsync("plan --detailed-exitcode").exits_with(0);
    secsync("apply --auto-approve").exits_with(0);
    let nothing = (true, "Nothing was started.\n".to_owned());
    assert_eq!(keep_record("main/state"), nothing);
    assert_eq!(server.starts(), 1);

    // One that did not take its turn cannot overwrite the record, and fails.
    tree.write("other/state.json", "{}");
    assert!(!keep_record("other").0);
    assert!(on_branch(&tree, "secsync-state", "state.json").contains("prj_web"));
}

/// The script of a job of the component for GitLab.
fn gitlab_script(job: &str) -> String {
    let text = repository("examples/ci/gitlab/templates/secsync.yml");
    let (_, text) = text.split_once(&format!("\n{job}:\n")).unwrap();
    let (_, text) = text.split_once("  script:\n").unwrap();
    let lines = text.lines().take_while(|line| line.starts_with("    "));
    let mut script = String::new();
    for line in lines {
        match line.strip_prefix("    - ") {
            Some(">-") => script.push('\n'),
            Some(line) => script.push_str(&format!("\n{line}")),
            None => script.push_str(&format!(" {}", line.trim())),
        }
    }
    script
}

#[test]
fn the_jobs_for_gitlab_plan_comment_apply_and_look_for_drift() {
    let files = [("syncs/payments.yaml", &*payments(&[("web", "")]))];
    let (tree, host, server) = (Tree::new(&files), CodeHost::new(), Server::new(&world()));
    let scripts = format!("{}/ci", env::var("CARGO_MANIFEST_DIR").unwrap());
    let job = |name: &str| -> Script {
        let script = Script::shell(&tree, &gitlab_script(name)).on(&server);
        script.variable("SECSYNC_CI", &*scripts)
    };
    let on_main = |script: Script| -> Ran {
        host.in_merge_request(script)
            .variable("CI_COMMIT_BRANCH", "main")
            .variable("CI_DEFAULT_BRANCH", "main")
            .variable("CI_MERGE_REQUEST_IID", "")
            .variable("CI_COMMIT_SHA", super::code_host::MERGE)
            .run()
    };
    host.in_merge_request(job("secsync plan"))
        .run()
        .exits_with(0);
    let marker = "<!-- secsync:pull-request -->";
    assert!(host.comment_of_bot().starts_with(marker));
    on_main(job("secsync plan")).exits_with(0);
    on_main(job("secsync apply"))
        .exits_with(0)
        .says("Apply complete! Resources: 1 added");
    let text = host.comment_of_bot();
    assert!(text.starts_with(marker), "{text}");
    assert!(text.contains("Apply complete!"), "{text}");
    on_main(job("secsync drift")).exits_with(0);
    assert!(host.content().issues.is_empty());
    tree.write("syncs/payments.yaml", payments(&[("web", ""), ("api", "")]));
    on_main(job("secsync drift")).exits_with(0);
    assert_eq!(host.content().issues.len(), 1);
    tree.write("syncs/payments.yaml", payments(&[("web", "nonsense: 1")]));
    host.in_merge_request(job("secsync plan"))
        .run()
        .exits_with(3);
    assert!(host.comment_of_bot().contains("### Findings"));
}

/// The hook that needs no build, by the real pre-commit.
#[test]
#[ignore = "needs pre-commit, which the variable PRE_COMMIT names"]
fn pre_commit_checks_the_files_before_a_commit() {
    let pre_commit = env::var("PRE_COMMIT").unwrap();
    let tree = Tree::new(&[
        (
            "hooks/.pre-commit-hooks.yaml",
            &repository(".pre-commit-hooks.yaml"),
        ),
        ("repo/syncs/payments.yaml", &payments(&[("web", "")])),
    ]);
    for directory in ["hooks", "repo"] {
        let directory = tree.root().join(directory);
        git(&directory, &["init", "--quiet"]);
        git(&directory, &["add", "--all"]);
        git(&directory, &["commit", "--quiet", "--message", "x"]);
    }
    let run = || {
        let words = [
            &*pre_commit,
            "try-repo",
            "../hooks",
            "secsync-validate-system",
            "--all-files",
        ];
        Script::program(&tree, &words).inside("repo").run()
    };
    run().exits_with(0).says("Passed");
    tree.write(
        "repo/syncs/payments.yaml",
        payments(&[("web", "nonsense: 1")]),
    );
    run().exits_with(1).says("nonsense");
}
