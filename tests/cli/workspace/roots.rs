//! The workspace is where the files are, wherever the command is typed.

use std::fs;

use serde_json::Value;

use super::support::{FILE, world};
use crate::harness::{Server, Tree};

const SETTINGS: &str = "\
include: [syncs/*.yaml]
protect: [\"old-*\"]
defaults: {environment: prod}
variables: {APP: {default: web}}
lint: {destructive-first-sync: deny}
state: state/started.json
";

const SYNCS: &str = "\
provider: infisical
project: payments
defaults:
  destination: humanitec
  connection: humanitec-main
  secretPath: /web
  syncOptions: {initialSyncBehavior: overwrite-destination, disableSecretDeletion: true}
  destinationConfig: {scope: application, org: acme, app: \"${var.APP}\"}
syncs:
  web: {}
  old-web: {ensure: absent}
";

/// A repository with one workspace, which is not at its root.
fn monorepo() -> Tree {
    Tree::new(&[
        (".git/HEAD", "ref: refs/heads/main\n"),
        ("docs/guide.md", ""),
        ("infra/secsync.yaml", SETTINGS),
        ("infra/syncs/payments.yaml", SYNCS),
    ])
}

/// A plan without what says where its files are from here.
fn plan(document: Value) -> Value {
    let Value::Object(fields) = document else {
        panic!("{document}");
    };
    let is_place = |name: &str| ["file", "path", "directory"].contains(&name);
    fields
        .into_iter()
        .filter(|(name, _)| !is_place(name))
        .map(|(name, value)| {
            let value = match value {
                Value::Object(_) => plan(value),
                Value::Array(items) => items
                    .into_iter()
                    .map(|item| if item.is_object() { plan(item) } else { item })
                    .collect(),
                other => other,
            };
            (name, value)
        })
        .collect()
}

#[test]
fn no_format_names_a_file_by_where_this_machine_keeps_it() {
    let tree = monorepo();
    tree.write(
        "infra/syncs/payments.yaml",
        SYNCS.replace("secretPath", "secretPth"),
    );
    tree.write("infra/syncs/more.yaml", b"\xff");
    tree.write("infra/secsync.yaml", format!("{SETTINGS}lnt: {{}}\n"));
    let formats = ["json", "github", "sarif", "junit", "markdown", "html"];
    let outputs: Vec<String> = formats
        .iter()
        .map(|format| format!("-o {format}=out.{format}"))
        .collect();
    let (outputs, root) = (outputs.join(" "), tree.root().to_string());
    let typed = format!("{root}/infra");
    for (directory, path) in [
        ("docs", "../infra"),
        ("infra/syncs", ".."),
        ("infra", "syncs"),
        (".", "infra"),
        ("docs", typed.as_str()),
    ] {
        let arguments = format!("validate {path} -o human {outputs}");
        let output = tree.secsync(&arguments).inside(directory).run();
        let output = output.exits_with(3);
        let shown = if directory == "docs" { "../infra/" } else { "" };
        let person = format!("[{shown}");
        assert!(
            directory != "docs" || output.stderr.contains(&person),
            "{output}"
        );
        assert!(!output.stderr.contains(&root), "{output}");
        for format in formats {
            let text = tree.read(&format!("{directory}/out.{format}"));
            assert!(!text.contains(&root), "{directory} {format}: {text}");
            // What is read apart from the directory names files as the repository does.
            let is_whole = text.contains("infra/syncs/payments.yaml");
            assert!(is_whole || format == "json", "{directory} {format}: {text}");
            if ["github", "sarif", "junit", "markdown"].contains(&format) {
                assert!(
                    !text.contains("../infra/syncs/payments"),
                    "{format}: {text}"
                );
            }
        }
    }
}

#[test]
fn one_plan_is_made_from_five_directories() {
    let server = Server::new(&world());
    let tree = monorepo();
    let mut plans = Vec::new();
    for (directory, arguments) in [
        (".", "plan infra/syncs"),
        ("infra", "plan"),
        ("infra/syncs", "plan ."),
        ("docs", "plan ../infra/syncs/payments.yaml"),
        ("docs", "-C ../infra plan syncs/*.yaml"),
        (".", "plan -C infra/syncs"),
    ] {
        let run = tree
            .secsync(&format!("{arguments} -o json"))
            .inside(directory)
            .on(&server)
            .run()
            .exits_with(0);
        plans.push((directory, plan(run.json())));
    }
    for (directory, other) in &plans {
        assert_eq!(*other, plans[0].1, "{directory}");
    }
}

#[test]
fn settings_hold_wherever_the_command_is_typed() {
    let server = Server::new(&world());
    let tree = monorepo();
    let unprotected = "include: [syncs/*.yaml]\ndefaults: {environment: prod}\n";
    let made = Tree::new(&[
        ("secsync.yaml", unprotected),
        (
            "syncs/a.yaml",
            &SYNCS
                .replace("${var.APP}", "web")
                .replace(": {ensure: absent}", ": {}"),
        ),
    ]);
    made.secsync("apply --auto-approve")
        .on(&server)
        .run()
        .exits_with(0);
    for (directory, arguments) in [(".", "plan infra/syncs"), ("infra/syncs", "plan .")] {
        let run = tree.secsync(arguments).inside(directory).on(&server).run();
        assert!(run.stdout.contains("protect"), "{run}");
        assert!(run.stdout.contains("0 to destroy"), "{run}");
    }
}

#[test]
fn state_and_directories_of_ours_are_at_the_root_of_the_workspace() {
    let tree = monorepo();
    tree.secsync("-C infra/syncs state init")
        .run()
        .exits_with(0);
    tree.secsync("plan infra --sandbox").run().exits_with(0);
    tree.secsync("schema editor")
        .inside("infra/syncs")
        .run()
        .exits_with(0);
    assert!(tree.has("infra/state/started.json"));
    assert!(tree.has("infra/.secsync/sandbox/sandbox.json"));
    assert!(tree.has("infra/.secsync/sync-file.json"));
    assert!(!tree.has(".secsync") && !tree.has("infra/syncs/.secsync"));
}

#[test]
fn paths_on_the_command_line_are_relative_to_the_working_directory() {
    let tree = monorepo();
    let plan = "plan ../infra --sandbox --out plan.json -o markdown=plan.md";
    tree.secsync(plan).inside("docs").run().exits_with(0);
    tree.secsync("schema editor --out schema.json")
        .inside("docs")
        .run()
        .exits_with(0);
    for file in ["docs/plan.json", "docs/plan.md", "docs/schema.json"] {
        assert!(tree.has(file), "{file}");
    }
}

#[test]
fn a_directory_with_a_workspace_file_means_its_workspace() {
    let tree = monorepo();
    let run = tree.secsync("validate infra").run().exits_with(0);
    assert!(run.stdout.contains("2 syncs in 1 file"), "{run}");
}

#[test]
fn two_workspaces_in_one_run_are_a_wrong_usage_that_names_both() {
    let tree = monorepo();
    tree.write("apps/secsync.yaml", "{}\n");
    tree.write("apps/syncs/a.yaml", FILE);
    for (arguments, roots) in [
        ("validate infra apps", ["infra", "apps"]),
        (
            "validate infra/syncs/payments.yaml apps/syncs/*.yaml",
            ["infra", "apps"],
        ),
        ("validate apps -f infra", ["apps", "infra"]),
        ("validate apps docs", ["apps", "."]),
        // What is found below a directory belongs to a workspace, too.
        ("validate .", [".", "apps"]),
        ("validate **/*.yaml", [".", "apps"]),
    ] {
        let refused = tree.secsync(arguments).run().exits_with(64);
        for root in roots {
            assert!(refused.stderr.contains(&format!("`{root}`")), "{refused}");
        }
    }
}

#[test]
fn an_include_does_not_reach_into_another_workspace() {
    let tree = monorepo();
    tree.write("secsync.yaml", "include: [\"**/*.yaml\"]\n");
    let refused = tree.secsync("validate").run().exits_with(64);
    assert!(refused.stderr.contains("`infra`"), "{refused}");
}

#[test]
fn a_workspace_file_above_the_git_root_is_not_taken() {
    let stray = "protect: []\ninclude: [wrong.yaml]\n";
    let tree = Tree::new(&[
        ("secsync.yaml", stray),
        ("repo/.git/HEAD", ""),
        ("repo/syncs/a.yaml", FILE),
        ("repo/docs/x", ""),
    ]);
    for directory in ["repo", "repo/docs", "repo/syncs"] {
        let run = tree.secsync("validate").inside(directory).run();
        let run = run.exits_with(0);
        assert!(run.stdout.contains("2 syncs in 1 file"), "{run}");
    }
    tree.secsync("plan --sandbox")
        .inside("repo/docs")
        .run()
        .exits_with(0);
    assert!(tree.has("repo/.secsync") && !tree.has(".secsync"));
}

#[test]
fn outside_of_git_only_the_directory_of_a_path_and_the_working_directory_are_looked_at() {
    let tree = Tree::new(&[
        ("secsync.yaml", "include: [wrong.yaml]\n"),
        ("deep/syncs/a.yaml", FILE),
    ]);
    // Above the working directory: a stranger's.
    let run = tree.secsync("validate").inside("deep").run().exits_with(0);
    assert!(run.stdout.contains("2 syncs in 1 file"), "{run}");
    // The working directory itself.
    tree.secsync("validate").run().exits_with(3);
    // The directory of the path.
    tree.write(
        "deep/secsync.yaml",
        "include: [syncs/a.yaml]\nlint: {name-form: wrong}\n",
    );
    let run = tree.secsync("validate deep").run().exits_with(3);
    assert!(run.stderr.contains("deep/secsync.yaml"), "{run}");
}

#[test]
fn init_begins_where_it_is_asked() {
    let tree = monorepo();
    tree.secsync("init apps/web").run().exits_with(0);
    assert!(tree.has("apps/web/secsync.yaml") && tree.has("apps/web/syncs/example.yaml"));
    tree.secsync("init").inside("docs").run().exits_with(0);
    assert!(tree.has("docs/secsync.yaml"));
    tree.secsync("init -C docs ../more").run().exits_with(0);
    assert!(tree.has("more/.secsync/workspace.json"));
    assert!(!tree.has("secsync.yaml") && !tree.has(".secsync"));
    // Without a directory, a workspace that is already there is completed.
    tree.secsync("init")
        .inside("infra/syncs")
        .run()
        .exits_with(0);
    assert!(tree.has("infra/.secsync/workspace.json"));
    assert!(!tree.has("infra/syncs/secsync.yaml"));
}

#[test]
fn a_directory_to_change_to_that_does_not_exist_is_a_wrong_usage() {
    let tree = monorepo();
    let refused = tree.secsync("-C nowhere plan").run().exits_with(64);
    assert!(refused.stderr.contains("nowhere"), "{refused}");
}

#[test]
fn a_project_that_another_workspace_names_is_not_pruned() {
    let server = Server::new(&world());
    let tree = monorepo();
    tree.write("apps/secsync.yaml", "{}\n");
    // The same project by its name instead of its slug.
    tree.write(
        "apps/syncs/a.yaml",
        FILE.replace("project: payments", "project: Payments"),
    );
    for command in [
        "plan --prune",
        "apply --prune --auto-approve",
        "drift --prune",
    ] {
        let run = tree.secsync(command).inside("infra").on(&server).run();
        assert_eq!(run.code, Some(64), "{run}");
        assert!(run.stderr.contains("apps"), "{run}");
        assert!(run.stderr.contains("payments"), "{run}");
    }
    // Another project does not count.
    tree.write(
        "apps/syncs/a.yaml",
        FILE.replace("project: payments", "project: shop"),
    );
    tree.secsync("plan --prune")
        .inside("infra")
        .on(&server)
        .run()
        .exits_with(0);
    // Nor does a repository inside this one.
    tree.write("apps/.git/HEAD", "ref: refs/heads/main\n");
    tree.write("apps/syncs/a.yaml", FILE);
    tree.secsync("plan --prune")
        .inside("infra")
        .on(&server)
        .run()
        .exits_with(0);
    fs::remove_dir_all(tree.root().join("apps/.git")).unwrap();
    // What cannot be read could name it.
    tree.write("apps/syncs/a.yaml", "syncs: [\n");
    let run = tree
        .secsync("plan --prune")
        .inside("infra")
        .on(&server)
        .run();
    assert_eq!(run.code, Some(64), "{run}");
}

#[test]
fn sync_files_of_the_repository_without_a_workspace_file_count_when_pruning() {
    let server = Server::new(&world());
    let tree = monorepo();
    tree.write("syncs/a.yaml", FILE);
    let run = tree
        .secsync("plan --prune")
        .inside("infra")
        .on(&server)
        .run();
    assert_eq!(run.code, Some(64), "{run}");
}
