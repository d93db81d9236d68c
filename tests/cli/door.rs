//! What files name, and where secsync writes: nothing outside of the workspace, whatever links a
//! pull request put there.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;

use crate::harness::{Output, Server, Tree, payments, world};

/// What must not be printed, in a file beside the workspace, in a hidden one in it, and in the
/// environment.
const SECRET: &str = "hunter2-is-the-password";

/// A Git repository in `repo` with a sync, a secret outside of it, and a hidden one in it.
fn tree() -> Tree {
    let env = format!("DATABASE_URL: postgres://{SECRET}\nTOKEN={SECRET}\n");
    Tree::new(&[
        (
            "repo/.git/config",
            &format!("[http]\n\textraheader = {SECRET}\n"),
        ),
        ("repo/.env", &env),
        ("repo/syncs/payments.yaml", &payments(&[("web", "")])),
        ("outside/secret.yaml", &env),
        ("outside/kept", "kept\n"),
    ])
}

/// A document that schemas can be pulled from.
const API: &str = r#"{"openapi": "3.0.0", "info": {"title": "x", "version": "1"}, "paths": {
  "/v1/sync/{slug}/start": {"post": {"requestBody": {"content": {"application/json":
    {"schema": {"type": "object", "properties": {"projectId": {"type": "string"}}}}}}}}}}"#;

fn link(tree: &Tree, target: &str, link: &str) {
    symlink(target, tree.root().join("repo").join(link)).unwrap();
}

fn run(tree: &Tree, arguments: &str) -> Output {
    let run = tree.secsync(arguments).inside("repo");
    // Nothing that the harness takes for a credential, so that the test says what is printed.
    let output = run.variable("DATABASE_URL", SECRET).run();
    let said = format!("{}{}", output.stdout, output.stderr);
    assert!(!said.contains(SECRET), "{output}");
    output
}

/// What is outside is as it was.
fn assert_kept(tree: &Tree) {
    assert_eq!(tree.read("outside/kept"), "kept\n");
    let outside = tree.root().join("outside").read_dir_utf8().unwrap();
    assert_eq!(outside.count(), 2);
}

#[test]
fn a_workspace_file_that_cannot_be_read_is_not_called_missing() {
    let tree = Tree::new(&[("repo/.git/HEAD", "")]);
    link(&tree, "/proc/self/environ", "secsync.yaml");
    let output = run(&tree, "validate").exits_with(3);
    assert!(!output.stderr.contains("No file was named"), "{output}");
}

#[test]
fn a_workspace_file_that_is_a_link_to_a_secret_is_not_read() {
    for target in [
        "/proc/self/environ",
        "../outside/secret.yaml",
        "/dev/zero",
        ".env",
        ".git/config",
    ] {
        let tree = tree();
        link(&tree, target, "secsync.yaml");
        for command in [
            "validate",
            "plan --sandbox",
            "init",
            "schema list",
            "state list",
        ] {
            let refused = run(&tree, command).exits_with(3);
            let said = "The file `secsync.yaml` cannot be read: ";
            assert!(refused.stderr.contains(said), "{target}: {refused}");
        }
    }
}

#[test]
fn an_include_takes_only_files_that_have_the_names_of_sync_files() {
    for pattern in [".env", ".git/config", "**/.env", ".git/*", "*", "notes.txt"] {
        let tree = tree();
        let settings = format!("include: [\"{pattern}\"]\n");
        tree.write("repo/secsync.yaml", settings);
        tree.write("repo/notes.txt", SECRET);
        let refused = run(&tree, "validate").exits_with(3);
        assert!(refused.stderr.contains("no-files"), "{pattern}: {refused}");
    }
}

#[test]
fn a_sync_file_that_is_a_link_to_a_hidden_file_is_not_read() {
    for target in ["../.env", "../.git/config"] {
        let tree = tree();
        link(&tree, target, "syncs/b.yaml");
        for named in ["validate", "validate syncs", "validate syncs/*.yaml"] {
            let refused = run(&tree, named).exits_with(3);
            assert!(refused.stderr.contains("`syncs/b.yaml`"), "{refused}");
        }
    }
}

#[test]
fn a_file_that_is_no_sync_file_shows_only_a_few_characters_of_itself() {
    for text in [
        format!("key: {SECRET}\n"),
        format!("- {SECRET}\n"),
        format!("{SECRET}\n"),
        format!("PASSWORD={SECRET} other='x\nNEXT: a: {SECRET}\n"),
        format!("{{\"a\": \"{SECRET}\", \"b\": [\n"),
        format!("a: |\n  {SECRET}\nb: [1, \"{SECRET}\"\n"),
        format!("{SECRET}: 1\n{SECRET}: 2\n"),
        format!("a: {{{{ {SECRET} }}}}\n"),
        format!("a: *{SECRET}\n"),
        format!("version: {SECRET}\nlist: [{SECRET}]\n"),
    ] {
        for name in ["repo/syncs/b.yaml", "repo/secsync.yaml"] {
            let tree = tree();
            tree.write(name, &text);
            run(&tree, "validate").exits_with(3);
            run(&tree, "validate -o json").exits_with(3);
            run(&tree, "validate -o sarif").exits_with(3);
        }
    }
}

#[test]
fn a_link_in_the_repository_that_leads_out_is_no_file_of_variables() {
    let tree = tree();
    link(&tree, "../outside/secret.yaml", "variables.yaml");
    let refused = run(&tree, "validate --var-file variables.yaml").exits_with(3);
    assert!(refused.stderr.contains("leads out"), "{refused}");
    let named = run(&tree, "validate --var-file ../outside/secret.yaml");
    assert!(!named.stderr.contains("leads out"), "{named}");
}

#[test]
fn a_link_in_the_repository_that_leads_out_is_no_certificate() {
    let tree = tree();
    link(&tree, "../outside/secret.yaml", "ca.pem");
    let plan = tree
        .secsync("plan --ca-cert ca.pem")
        .inside("repo")
        .variable("INFISICAL_HOST", "https://127.0.0.1:9")
        .variable("INFISICAL_TOKEN", "token-of-the-test");
    let refused = plan.run().exits_with(1);
    assert!(refused.stderr.contains("leads out"), "{refused}");
}

#[test]
fn no_output_follows_a_link_that_leads_out() {
    for target in ["../outside/kept", "../outside/new", "/dev/full"] {
        let tree = tree();
        link(&tree, target, "out");
        for command in [
            "validate -o markdown=out",
            "plan --sandbox -o json=out",
            "plan --sandbox --out out",
            "schema editor --out out",
        ] {
            let refused = run(&tree, command).exits_with(1);
            assert!(refused.stderr.contains("is a link"), "{refused}");
            assert_kept(&tree);
        }
    }
    let tree = tree();
    link(&tree, "../outside", "deep");
    for command in [
        "validate -o markdown=deep/kept",
        "validate -o markdown=deep/new",
        "plan --sandbox --out deep/new",
    ] {
        let refused = run(&tree, command).exits_with(1);
        assert!(refused.stderr.contains("leads out"), "{refused}");
        assert_kept(&tree);
    }
}

#[test]
fn neither_an_export_nor_an_import_follows_a_link_that_leads_out() {
    let server = Server::new(&world());
    let tree = tree();
    let apply = tree.secsync("apply --auto-approve").inside("repo");
    apply.on(&server).run().exits_with(0);
    fs::remove_dir_all(tree.root().join("repo/syncs")).unwrap();
    link(&tree, "../outside/secret.yaml", "file.yaml");
    link(&tree, "../outside/new.yaml", "new.yaml");
    link(&tree, "../outside", "deep");
    for command in [
        "export --project payments --out file.yaml --force",
        "export --project payments --out new.yaml",
        "export --project payments --dir deep",
        "import infisical/payments/web --into file.yaml",
        "import infisical/payments/web --into new.yaml",
        "import infisical/payments/web --into deep/more.yaml",
    ] {
        let run = tree.secsync(command).inside("repo").on(&server).run();
        let refused = run.exits_with(1);
        assert!(refused.stderr.contains("is a link"), "{refused}");
        assert!(!refused.stderr.contains(SECRET), "{refused}");
        assert_kept(&tree);
    }
}

#[test]
fn an_output_goes_outside_of_the_workspace_if_a_person_says_so() {
    let tree = tree();
    run(&tree, "validate -o json=../outside/kept").exits_with(0);
    assert!(tree.read("outside/kept").starts_with('{'));
    // A link inside of the workspace that stays in it stays a link.
    tree.write("repo/reports/a.json", "");
    link(&tree, "reports/a.json", "report.json");
    run(&tree, "validate -o json=report.json").exits_with(0);
    assert!(tree.read("repo/reports/a.json").starts_with('{'));
    assert!(tree.root().join("repo/report.json").is_symlink());
}

#[test]
fn no_file_of_ours_is_written_through_a_link() {
    for (target, name) in [
        ("../../outside/kept", ".secsync/.gitignore"),
        ("../../outside/kept", ".secsync/sync-file.json"),
        ("../../outside/kept", ".secsync/workspace.json"),
        ("../../outside/new", ".secsync/sync-file.json"),
        ("../../outside", ".secsync/sandbox"),
        ("../../../outside/kept", ".secsync/sandbox/sandbox.json"),
        ("../outside", ".secsync"),
        ("other", ".secsync"),
    ] {
        let tree = tree();
        fs::create_dir(tree.root().join("repo/other")).unwrap();
        if name != ".secsync" {
            fs::create_dir_all(tree.root().join("repo/.secsync/sandbox")).unwrap();
        }
        let path = tree.root().join("repo").join(name);
        if path.is_dir() {
            fs::remove_dir(&path).unwrap();
        }
        link(&tree, target, name);
        tree.write("api.json", API);
        for command in [
            "init",
            "plan --sandbox",
            "schema editor",
            "schema pull ../api.json",
            "export --sandbox --all-projects --dir more",
        ] {
            run(&tree, command);
            assert_kept(&tree);
            let others = tree.root().join("repo/other").read_dir_utf8().unwrap();
            assert_eq!(others.count(), 0, "{name}: {command}");
        }
    }
}

#[test]
fn a_linked_directory_of_ours_is_refused_with_what_to_do() {
    let tree = tree();
    fs::create_dir(tree.root().join("repo/other")).unwrap();
    link(&tree, "other", ".secsync");
    for command in ["init", "plan --sandbox", "schema editor", "schema list"] {
        let refused = run(&tree, command);
        assert_ne!(refused.code, Some(0), "{refused}");
        assert!(refused.stderr.contains(".secsync"), "{refused}");
        assert!(refused.stderr.contains("is a link"), "{refused}");
    }
}

#[test]
fn pulled_schemas_are_not_read_through_a_link() {
    let tree = tree();
    fs::create_dir_all(tree.root().join("repo/.secsync/schemas/infisical")).unwrap();
    tree.write(
        "outside/secret.yaml",
        format!("{{\"$defs\": \"{SECRET}\"}}"),
    );
    link(
        &tree,
        "../../../../outside/secret.yaml",
        ".secsync/schemas/infisical/humanitec.json",
    );
    let refused = run(&tree, "validate");
    assert_ne!(refused.code, Some(0), "{refused}");
    assert!(refused.stderr.contains("is a link"), "{refused}");
}
