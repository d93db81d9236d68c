//! The plan that was reviewed, from the workflow run of the commit that was merged.

use std::process::Command;

use serde_json::{Value, json};

use super::code_host::{CodeHost, HEAD, MERGE, REPOSITORY, pull_request};
use super::script::{Ran, Script};
use crate::harness::Tree;

const ARTIFACT: &str = "secsync-plan";

fn digest(digit: &str) -> String {
    format!("sha256:{}", digit.repeat(64))
}

/// An archive of these files, as the host hands one out.
pub fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let tree = Tree::new(files);
    let names = files.iter().map(|(name, _)| *name);
    let zipped = Command::new("python3")
        .args(["-m", "zipfile", "-c", "a.zip"])
        .args(names)
        .current_dir(tree.root())
        .status();
    assert!(zipped.unwrap().success());
    std::fs::read(tree.root().join("a.zip")).unwrap()
}

/// The same archive, as if its files were compressed by this method.
pub fn with_method(archive: &[u8], method: u8) -> Vec<u8> {
    patched(archive, 8, 10, method)
}

/// The same archive, as if its files were encrypted.
pub fn encrypted(archive: &[u8]) -> Vec<u8> {
    patched(archive, 6, 8, 1)
}

/// An archive with a byte of each local header, and the same one of each central header, replaced.
fn patched(archive: &[u8], local: usize, central: usize, byte: u8) -> Vec<u8> {
    let mut bytes = archive.to_vec();
    for at in 0..archive.len() - 4 {
        match &archive[at..at + 4] {
            b"PK\x03\x04" => bytes[at + local] = byte,
            b"PK\x01\x02" => bytes[at + central] = byte,
            _ => {}
        }
    }
    bytes
}

/// A run that is what is looked for.
pub fn run(id: u64) -> Value {
    json!({
        "id": id, "head_sha": HEAD, "conclusion": "success", "event": "pull_request",
        "path": ".github/workflows/secsync-plan.yml", "head_repository": {"full_name": REPOSITORY},
    })
}

/// A host with a run that saved a plan.
fn host() -> CodeHost {
    let host = CodeHost::new();
    {
        let mut content = host.content();
        content.runs = vec![run(10)];
        let files = [
            ("plan.json", "{}"),
            ("digest", &*format!("{}\n", digest("a"))),
        ];
        content.artifacts.insert(5, (ARTIFACT, zip(&files)));
    }
    host
}

fn get(host: &CodeHost, tree: &Tree, arguments: &[&str]) -> Ran {
    let arguments = [&["--workflow=secsync-plan.yml"], arguments].concat();
    let script = Script::new(tree, "saved_plan.py", &arguments);
    host.after_merge(tree, script).run()
}

#[test]
fn a_digest_comes_from_the_artifact_of_the_run_and_never_from_a_comment() {
    let (host, tree) = (host(), Tree::new(&[]));
    host.comment(
        "mallory",
        &format!("<!-- secsync:pull-request -->\n{}", digest("f")),
    );
    host.comment(
        "github-actions[bot]",
        &format!("<!-- secsync:pull-request -->\n{}", digest("f")),
    );
    get(&host, &tree, &[]).exits_with(0).says(&digest("a"));
    assert_eq!(tree.read("secsync-plan/plan.json"), "{}");
    let outputs = tree.read(".git/job/output");
    assert!(
        outputs.contains(&format!("digest={}\n", digest("a"))),
        "{outputs}"
    );
    let requests = host.content().requests.join("\n");
    assert!(
        !requests.contains("comments") && requests.contains(MERGE),
        "{requests}"
    );
    get(&host, &tree, &[&format!("--digest={}", digest("a"))]).exits_with(0);
    get(&host, &tree, &[&format!("--digest={}", digest("b"))])
        .exits_with(1)
        .says("Review that plan, or plan again.");
}

#[test]
fn only_a_run_of_that_workflow_for_that_commit_of_this_repository_counts() {
    let others = [
        ("head_sha", json!(MERGE)),
        ("conclusion", json!("failure")),
        ("event", json!("workflow_dispatch")),
        ("path", json!(".github/workflows/other.yml")),
        ("head_repository", json!({"full_name": "stranger/infra"})),
        ("head_repository", Value::Null),
    ];
    for (field, value) in others {
        let (host, tree) = (host(), Tree::new(&[]));
        host.content().runs[0][field] = value;
        get(&host, &tree, &[])
            .exits_with(1)
            .says("No run of secsync-plan.yml for the commit 1111");
        assert!(!tree.has("secsync-plan/plan.json"));
    }
    let (host, tree) = (host(), Tree::new(&[]));
    host.content().runs = [9, 12, 11, 8].map(run).into();
    get(&host, &tree, &[])
        .exits_with(0)
        .says("The plan of run 12 ");
}

#[test]
fn a_commit_that_merged_no_pull_request_of_this_repository_has_no_plan() {
    let (host, tree) = (host(), Tree::new(&[]));
    host.content().pull_requests = vec![pull_request("stranger/infra")];
    get(&host, &tree, &[])
        .exits_with(1)
        .says("came from a fork");
    host.content().pull_requests[0]["head"]["repo"] = Value::Null;
    get(&host, &tree, &[])
        .exits_with(1)
        .says("came from a fork");
    let mut open = pull_request(REPOSITORY);
    open["merged_at"] = Value::Null;
    host.content().pull_requests = vec![open];
    get(&host, &tree, &[])
        .exits_with(1)
        .says("merged no pull request, so nobody reviewed a plan for it.");
}

#[test]
fn an_artifact_that_is_gone_or_holds_something_else_is_refused() {
    let file = |name: &'static str, text: &str| (name, text.to_owned());
    let cases = [
        (vec![file("other", "")], "holds no plan"),
        (vec![file("plan.json", "{}")], "holds no plan"),
        (
            vec![file("plan.json", "{}"), file("digest", "sha256:x")],
            "The digest in the artifact is not one.",
        ),
    ];
    for (files, sentence) in cases {
        let (host, tree) = (host(), Tree::new(&[]));
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, &**text)).collect();
        host.content().artifacts.insert(5, (ARTIFACT, zip(&files)));
        get(&host, &tree, &[]).exits_with(1).says(sentence);
        assert!(!tree.has("secsync-plan/plan.json"));
    }
    let (host, tree) = (host(), Tree::new(&[]));
    let plan = zip(&[("plan.json", "{}"), ("digest", "x")]);
    for archive in [
        b"no archive".to_vec(),
        plan[..plan.len() / 2].to_vec(),
        with_method(&plan, 99),
        encrypted(&plan),
    ] {
        host.content().artifacts.insert(5, (ARTIFACT, archive));
        get(&host, &tree, &[]).exits_with(1).says("holds no plan");
    }
    host.content().artifacts.clear();
    get(&host, &tree, &[])
        .exits_with(1)
        .says("has no artifact `secsync-plan` any more.");
}

#[test]
fn the_name_of_a_workflow_is_only_a_name() {
    let (host, tree) = (host(), Tree::new(&[]));
    for workflow in ["../x.yml", "a.yml?x=y", "plan"] {
        let workflow = format!("--workflow={workflow}");
        let script = Script::new(&tree, "saved_plan.py", &[&workflow]);
        host.after_merge(&tree, script)
            .run()
            .exits_with(1)
            .says("is not the name of a workflow's file");
    }
    assert!(host.content().requests.is_empty());
}
