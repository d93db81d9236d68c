//! From a branch to the result of its apply: a repository, a code host and the sandbox.

use serde_json::json;

use super::code_host::{CodeHost, HEAD};
use super::reviewed_plan::{run, zip};
use super::script::{Ran, Script};
use crate::harness::{Server, Tree, git, payments, world};

const BEFORE: [(&str, &str); 3] = [("web", ""), ("old", "secretPath: /api"), ("gone", "")];
/// What is said of the one that is added.
const CONFLICT: &str = "`infisical/payments/rival` deletes secrets of the others at each sync.";
/// It changes, renames, deletes, and adds one that deletes the secrets of others at its destination.
const AFTER: [(&str, &str); 4] = [
    ("web", "description: new"),
    ("api", "secretPath: /api\nrenamedFrom: old"),
    ("gone", "ensure: absent"),
    (
        "rival",
        "secretPath: /api\nsyncOptions: { disableSecretDeletion: false }",
    ),
];

/// A repository whose branch `feature` changes what `main` declares, and a clone of each kind.
fn clones() -> Tree {
    let tree = Tree::new(&[("origin/syncs/payments.yaml", &payments(&BEFORE))]);
    let origin = tree.root().join("origin");
    git(&origin, &["init", "--quiet", "--initial-branch", "main"]);
    git(&origin, &["add", "--all"]);
    git(&origin, &["commit", "--quiet", "--message", "x"]);
    git(&origin, &["switch", "--quiet", "--create", "feature"]);
    tree.write("origin/syncs/payments.yaml", payments(&AFTER));
    git(&origin, &["commit", "--quiet", "--all", "--message", "y"]);
    for clone in ["stranger", "trusted"] {
        let words = ["clone", "--quiet", "--branch", "feature", "origin", clone];
        git(tree.root(), &words);
    }
    tree
}

#[test]
fn a_branch_is_reviewed_planned_applied_and_its_result_commented() {
    let (tree, host, server) = (clones(), CodeHost::new(), Server::new(&world()));
    let script = |name: &str, clone: &str, arguments: &[&str]| {
        Script::new(&tree, name, arguments).inside(clone)
    };

    // Without credentials: what the branch declares, compared with where it left main.
    let plan = script("run.py", "stranger", &["plan", "--base=origin/main"]);
    host.in_fork(&tree, plan).run().exits_with(0);
    let comment = tree.read("stranger/secsync-results/comment.md");
    for line in [
        "This compares what is declared now with ",
        "- `+` `infisical/payments/rival` (`humanitec`) will be created",
        "- `~` `infisical/payments/api` (`humanitec`) will be renamed from old",
        "- `-` `infisical/payments/gone` (`humanitec`) will be deleted",
        "- `~` `infisical/payments/web` (`humanitec`) will be updated in place",
        "`syncs/payments.yaml:",
        CONFLICT,
    ] {
        assert!(comment.contains(line), "not `{line}`:\n{comment}");
    }
    assert!(server.requests().is_empty());
    assert!(!tree.has("stranger/secsync-results/plan.json"));

    // With the sandbox's: what main declares is what is remote.
    let on_main = |arguments: &[&str]| -> Ran {
        git(
            &tree.root().join("trusted"),
            &["switch", "--quiet", "--detach", "origin/main"],
        );
        script("run.py", "trusted", arguments).on(&server).run()
    };
    on_main(&["apply"]).exits_with(0);
    git(
        &tree.root().join("trusted"),
        &["switch", "--quiet", "feature"],
    );
    let plan_and_comment = || {
        let plan = script("run.py", "trusted", &["plan"]).on(&server);
        host.in_pull_request(&tree, plan).run().exits_with(0);
        let comment = script("comment.py", "trusted", &[]);
        host.in_pull_request(&tree, comment).run().exits_with(0);
        host.comment_of_bot()
    };
    let first = plan_and_comment();
    let digest = tree.read("trusted/secsync-results/digest");
    assert!(
        first.contains("Plan: 1 to add, 2 to change, 1 to destroy."),
        "{first}"
    );
    assert!(first.contains(digest.trim()) && first.contains(HEAD));
    assert!(first.contains(CONFLICT), "{first}");

    // Another commit: the same comment, and another plan.
    let changed = payments(&[AFTER[0], AFTER[1], AFTER[2], ("rival", "")]);
    tree.write("trusted/syncs/payments.yaml", changed);
    let second = plan_and_comment();
    assert_ne!(second, first);
    assert!(!second.contains(digest.trim()));

    // The host keeps the artifact of that run; after the merge exactly its plan is applied.
    let kept = ["plan.json", "digest"]
        .map(|file| (file, tree.read(&format!("trusted/secsync-results/{file}"))));
    let kept = kept.each_ref().map(|(name, text)| (*name, text.as_str()));
    host.content().runs = vec![run(10)];
    let archive = zip(&kept);
    host.content()
        .artifacts
        .insert(5, ("secsync-plan", archive));
    let get = script("saved_plan.py", "trusted", &["--workflow=secsync-plan.yml"]);
    host.after_merge(&tree, get).run().exits_with(0);
    let digest = format!("--digest={}", kept[1].1.trim());
    let apply = script(
        "run.py",
        "trusted",
        &["apply", "--plan=secsync-plan/plan.json", &digest],
    );
    host.after_merge(&tree, apply.on(&server))
        .run()
        .exits_with(0);
    let comment = script("comment.py", "trusted", &[]);
    host.after_merge(&tree, comment).run().exits_with(0);
    // The same comment has the result, and below it the plan.
    let text = host.comment_of_bot();
    assert!(
        text.starts_with("<!-- secsync:pull-request -->\n"),
        "{text}"
    );
    let result = "Apply complete! Resources: 1 added, 2 changed, 1 destroyed.";
    let (_, below) = text.split_once(result).unwrap();
    assert!(
        below.contains("Plan: 1 to add, 2 to change, 1 to destroy."),
        "{text}"
    );

    let outputs = tree.read("trusted/secsync-results/outputs.json");
    let outputs: serde_json::Value = serde_json::from_str(&outputs).unwrap();
    assert_eq!(outputs["exit-code"], json!(0));
    script("run.py", "trusted", &["drift"])
        .on(&server)
        .run()
        .exits_with(0);
    assert!(
        tree.read("trusted/secsync-results/comment.md")
            .contains("No drift")
    );
}
