//! `plan --base`: what a branch changes in what is declared, from Git alone.

use super::harness::{Output, Server, Tree, git, payments, world};
use insta::assert_snapshot;

pub(super) fn commit(tree: &Tree) {
    git(tree.root(), &["add", "--all"]);
    git(tree.root(), &["commit", "--quiet", "--message", "x"]);
}

/// A repository with these files on `main`, and the branch `feature` checked out.
pub(super) fn repository(files: &[(&str, &str)]) -> Tree {
    let tree = Tree::new(files);
    git(
        tree.root(),
        &["init", "--quiet", "--initial-branch", "main"],
    );
    commit(&tree);
    git(tree.root(), &["switch", "--quiet", "--create", "feature"]);
    tree
}

pub(super) fn plan(tree: &Tree, arguments: &str, exit: i32) -> Output {
    tree.secsync(&format!("plan {arguments}"))
        .run()
        .exits_with(exit)
}

/// The plan without its commit, which is another one each time.
pub(super) fn shown(output: &Output) -> String {
    without_commits(&output.harmless(&output.stdout))
}

pub(super) fn without_commits(text: &str) -> String {
    let commit = regex::Regex::new(r"\b[0-9a-f]{10}\b").unwrap();
    commit.replace_all(text, "[COMMIT]").into_owned()
}

const BEFORE: [(&str, &str); 5] = [
    ("api", ""),
    ("web", ""),
    ("old", "secretPath: /old"),
    ("gone", "secretPath: /gone"),
    ("bye", ""),
];

#[test]
fn what_a_branch_changes_is_planned_without_a_server() {
    let tree = repository(&[("syncs/payments.yaml", &payments(&BEFORE))]);
    tree.write(
        "syncs/payments.yaml",
        payments(&[
            ("api", ""),
            ("web", "secretPath: /web"),
            ("new", "secretPath: /old\nrenamedFrom: old"),
            ("gone", "secretPath: /gone\nensure: absent"),
            ("fresh", ""),
        ]),
    );
    let output = plan(&tree, "--base main --detailed-exitcode", 2);
    assert_snapshot!(shown(&output), @r#"
    This compares what is declared now with [COMMIT], where this branch left main. What is remote was not read.

    secsync will perform the following actions:

      # infisical/payments/fresh will be created  (syncs/payments.yaml:20)
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
          Note: It equals `bye`, which is no longer declared. If it is the same sync, write `renamedFrom: bye`.

      # infisical/payments/gone will be deleted, because the file says `ensure: absent`  (syncs/payments.yaml:17)
      - humanitec sync
          Note: Its secrets stay at the destination.
          The sync that is deleted is:
            gone:
              destination: humanitec
              projectId: payments
              connection: humanitec-main
              environment: prod
              secretPath: /gone
              syncOptions:
                initialSyncBehavior: overwrite-destination
                disableSecretDeletion: true
              destinationConfig:
                scope: application
                org: acme
                app: payments

      # infisical/payments/new will be renamed from old and updated in place  (syncs/payments.yaml:14)
      ~ humanitec sync
          ~ name: "old" -> "new"

      # infisical/payments/web will be updated in place  (syncs/payments.yaml:12)
      ~ humanitec sync
          ~ secretPath: "/" -> "/web"
          Note: The next sync overwrites secrets at the destination that have the same keys.

    Plan: 1 to add, 2 to change, 1 to destroy.

    Note: infisical/payments/bye is no longer declared. It stays as it is, unless apply is run with --prune.
    "#);
    let json = plan(&tree, "--base main -o json", 0).json();
    assert_eq!(json["base"]["revision"], "main");
    assert_eq!(json["unmanaged"][0]["name"], "bye");
    // A commit later the same, and the work tree is as it was.
    commit(&tree);
    assert_eq!(
        shown(&plan(&tree, "--base main --detailed-exitcode", 2)),
        shown(&output)
    );
    let markdown = plan(&tree, "--base main -o markdown", 0).stdout;
    assert!(
        markdown.contains("This compares what is declared now with"),
        "{markdown}"
    );
}

#[test]
fn commits_that_main_got_later_are_not_part_of_the_branch() {
    let tree = repository(&[("syncs/payments.yaml", &payments(&[("web", "")]))]);
    commit_on_main(&tree, &payments(&[("web", ""), ("later", "")]));
    let output = plan(&tree, "--base main --detailed-exitcode", 0);
    assert_snapshot!(shown(&output), @"
    This compares what is declared now with [COMMIT], where this branch left main. What is remote was not read.

    No changes. Nothing that is declared differs from [COMMIT], where this branch left main.
    ");
}

fn commit_on_main(tree: &Tree, text: &str) {
    git(tree.root(), &["switch", "--quiet", "main"]);
    tree.write("syncs/payments.yaml", text);
    commit(tree);
    git(tree.root(), &["switch", "--quiet", "feature"]);
}

#[test]
fn each_side_has_its_own_settings_defaults_and_variables() {
    let file = payments(&[("api", ""), ("web", "secretPath: \"${var.PATH_OF_WEB}\"")]);
    let settings = "variables: { PATH_OF_WEB: { default: /one } }\n";
    let tree = repository(&[
        ("infra/secsync.yaml", settings),
        ("infra/syncs/p.yaml", &file),
    ]);
    assert_eq!(
        plan(&tree, "infra --base main -o json", 0).json()["summary"]["change"],
        0
    );
    tree.write("infra/secsync.yaml", settings.replace("/one", "/two"));
    let changed = plan(&tree, "infra --base main", 0).stdout;
    assert!(
        changed.contains("~ secretPath: \"/one\" -> \"/two\""),
        "{changed}"
    );
    tree.write(
        "infra/syncs/p.yaml",
        file.replace("environment: prod", "environment: dev"),
    );
    assert_eq!(
        plan(&tree, "infra --base main -o json", 0).json()["summary"]["change"],
        2
    );
    // A variable that is given is given to both.
    let given = plan(&tree, "infra --base main --var PATH_OF_WEB=/three", 0).stdout;
    assert!(!given.contains("secretPath"), "{given}");
}

#[test]
fn a_matrix_is_expanded_on_both_sides() {
    let apps = |apps: &str| {
        payments(&[])
            + &format!(
                "  \"${{matrix.app}}\":\n    matrix: {{ app: [{apps}] }}\n    secretPath: \"/${{matrix.app}}\"\n"
            )
    };
    let tree = repository(&[("syncs/payments.yaml", &apps("api, web"))]);
    tree.write("syncs/payments.yaml", apps("api, cron"));
    let output = plan(&tree, "--base main", 0);
    assert_snapshot!(shown(&output), @r#"
    This compares what is declared now with [COMMIT], where this branch left main. What is remote was not read.

    secsync will perform the following actions:

      # infisical/payments/cron will be created  syncs/payments.yaml:11 (app=cron)
      + humanitec sync
          + connection:                        "humanitec-main"
          + destinationConfig.scope:           "application"
          + destinationConfig.app:             "payments"
          + destinationConfig.org:             "acme"
          + environment:                       "prod"
          + secretPath:                        "/cron"
          + syncOptions.disableSecretDeletion: true
          + syncOptions.initialSyncBehavior:   "overwrite-destination"
          Note: The first sync overwrites secrets at the destination that have the same keys.

    Plan: 1 to add, 0 to change, 0 to destroy.

    Note: infisical/payments/web is no longer declared. It stays as it is, unless apply is run with --prune.
    "#);
    // Written out, it is the same.
    let written_out = payments(&[("web", "secretPath: /web"), ("api", "secretPath: /api")]);
    tree.write("syncs/payments.yaml", written_out);
    let same = plan(&tree, "--base main --detailed-exitcode", 0);
    assert!(same.stdout.contains("No changes"), "{same}");
}

#[test]
fn nothing_is_sent_even_if_credentials_are_set() {
    let server = Server::new(&world());
    let tree = repository(&[("syncs/payments.yaml", &payments(&[("web", "")]))]);
    tree.write(
        "syncs/payments.yaml",
        payments(&[("web", "secretPath: /web")]),
    );
    let run = tree
        .secsync("plan --base main --detailed-exitcode")
        .on(&server)
        .run();
    run.exits_with(2);
    assert_eq!(server.requests(), Vec::<String>::new());
}

#[test]
fn whatever_git_lacks_is_a_sentence() {
    let tree = repository(&[("syncs/payments.yaml", &payments(&[("web", "")]))]);
    let refused = |arguments: &str, exit| {
        let output = plan(&tree, arguments, exit);
        without_commits(&output.harmless(&output.stderr))
    };
    assert_snapshot!(refused("--base nosuch", 1), @"
    Error: `nosuch` is not a commit of this repository.
      Name a branch, a tag or a commit that `git rev-parse` knows, such as `origin/main`.
    ");
    assert_snapshot!(refused("--base=--output=/tmp/x", 1), @"
    Error: `--output=/tmp/x` is not a commit of this repository.
      Name a branch, a tag or a commit that `git rev-parse` knows, such as `origin/main`.
    ");
    for missing in ["HEAD@{99}", "main@{7}"] {
        let said =
            format!("Error: `{missing}` is not a commit of this repository.\n  Name a branch,");
        let output = refused(&format!("--base={missing}"), 1);
        assert!(output.starts_with(&said), "{output}");
    }
    assert_snapshot!(refused("--base=^main", 1), @"
    Error: `^main` does not name one commit.
      Name the branch, tag or commit to compare with, such as `origin/main`.
    ");
    assert_snapshot!(refused("--base main --out plan.json", 64), @"
    Error: `--base` compares declarations alone, which is not a plan that could be applied, so `--out plan.json` has nothing to save.
      Leave out `--base` to save a plan, or write the comparison with `-o json=FILE`.
    ");
    assert_snapshot!(refused("--base main --prune", 64), @"
    Error: `--base` compares two versions of the files, and `--prune` is about what is remote.
      Give one of the two.
    ");
    assert_snapshot!(refused("--base main --sandbox", 64), @"
    Error: `--base` compares two versions of the files, and `--sandbox` is about what is remote.
      Give one of the two.
    ");
    let standard_input = tree
        .secsync("plan - --base main")
        .stdin(&payments(&[("web", "")]))
        .run()
        .exits_with(64);
    assert_snapshot!(standard_input.stderr, @"
    Error: `-` is not in Git, so `--base` has nothing to compare it with.
      Name files of the workspace, or none.
    ");
    tree.write("syncs/payments.yaml", "syncs: [");
    commit(&tree);
    tree.write("syncs/payments.yaml", payments(&[("web", "")]));
    assert_snapshot!(refused("--base HEAD", 3), @"
    Error: The files were invalid at [COMMIT] (where this branch left `HEAD`), so there is nothing to compare with: The `[` is not closed. (syncs/payments.yaml:1:8)
      Compare with a revision whose files are valid, or plan without `--base`.
    ");
    commit(&tree);
    let shallow = Tree::new(&[]);
    let from = format!("file://{}", tree.root());
    git(
        shallow.root(),
        &[
            "clone", "--quiet", "--depth", "1", "--branch", "feature", &from, ".",
        ],
    );
    assert_snapshot!(plan(&shallow, "--base main", 1).stderr, @"
    Error: This clone is shallow, and lacks `main` or the commits that lead to it.
      Fetch them: `fetch-depth: 0` for actions/checkout, `GIT_DEPTH: 0` on GitLab, or `git fetch --unshallow`.
    ");
    let outside = Tree::new(&[("syncs/payments.yaml", &payments(&[("web", "")]))]);
    assert_snapshot!(plan(&outside, "--base main", 64).stderr, @"
    Error: `--base` compares with Git, and the files are in no Git repository.
      Run it in a clone of the repository.
    ");
}

#[cfg(unix)]
#[test]
fn links_of_the_earlier_version_do_not_lead_out_of_it() {
    let secret = Tree::new(&[("secret.yaml", "syncs: { stolen: {} }\n")]);
    let tree = Tree::new(&[("syncs/payments.yaml", &payments(&[("web", "")]))]);
    std::os::unix::fs::symlink(
        secret.root().join("secret.yaml"),
        tree.root().join("syncs/link.yaml"),
    )
    .unwrap();
    git(
        tree.root(),
        &["init", "--quiet", "--initial-branch", "main"],
    );
    commit(&tree);
    std::fs::remove_file(tree.root().join("syncs/link.yaml")).unwrap();
    let output = plan(&tree, "--base main", 3);
    assert_snapshot!(without_commits(&output.stderr), @"
    Error: The files were invalid at [COMMIT] (where this branch left `main`), so there is nothing to compare with: `syncs/link.yaml` is a link that leads out of the repository.
      Compare with a revision whose files are valid, or plan without `--base`.
    ");
    // Whatever is read of it.
    for (link, target) in [
        ("secsync.yaml", "secret.yaml"),
        ("syncs", "."),
        (".secsync/schemas", "."),
    ] {
        let tree = Tree::new(&[("own/web.yaml", &payments(&[("web", "")]))]);
        let place = tree.root().join(link);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(secret.root().join(target), &place).unwrap();
        git(
            tree.root(),
            &["init", "--quiet", "--initial-branch", "main"],
        );
        commit(&tree);
        std::fs::remove_file(place).unwrap();
        let output = tree.secsync("plan own --base main").run();
        let said = output.to_string();
        assert!(
            !said.contains("stolen") && !said.contains("/tmp/"),
            "{said}"
        );
    }
}

#[test]
fn a_shallow_clone_does_not_take_an_older_base_for_the_right_one() {
    let tree = repository(&[("syncs/payments.yaml", &payments(&[("web", "")]))]);
    let on = |branch: &str| git(tree.root(), &["switch", "--quiet", branch]);
    let commit_file = |file: &str| {
        tree.write(file, "x");
        commit(&tree);
    };
    // Beside main, and merged by the branch at its end.
    git(tree.root(), &["switch", "--quiet", "--create", "side"]);
    commit_file("side");
    on("main");
    tree.write(
        "syncs/payments.yaml",
        payments(&[("web", "secretPath: /web")]),
    );
    commit(&tree);
    git(
        tree.root(),
        &["switch", "--quiet", "--force-create", "feature"],
    );
    commit_file("one");
    commit_file("two");
    git(
        tree.root(),
        &["merge", "--quiet", "--no-edit", "--no-ff", "side"],
    );
    on("main");
    commit_file("later");
    let from = format!("file://{}", tree.root());
    let cloned = |depth: &str| {
        let clone = Tree::new(&[]);
        let words = [
            "clone",
            "--quiet",
            "--no-single-branch",
            "--branch",
            "feature",
        ];
        let words = [&words[..], &["--depth", depth, &from, "."]].concat();
        git(clone.root(), &words);
        clone
    };
    let output = plan(&cloned("3"), "--base origin/main", 1);
    assert_snapshot!(output.stderr, @"
    Error: This clone is shallow, and lacks `origin/main` or the commits that lead to it.
      Fetch them: `fetch-depth: 0` for actions/checkout, `GIT_DEPTH: 0` on GitLab, or `git fetch --unshallow`.
    ");
    // A shallow clone that has all that matters is as good as a whole one.
    for depth in ["4", "100"] {
        let output = plan(&cloned(depth), "--base origin/main", 0);
        assert!(output.stdout.contains("No changes."), "{output}");
    }
}

#[test]
fn what_a_lint_denied_before_can_be_put_right() {
    let deletes = "syncOptions: { disableSecretDeletion: false }";
    let two = payments(&[("api", deletes), ("web", deletes)]);
    let tree = repository(&[
        ("secsync.yaml", "lint: { same-destination: deny }\n"),
        ("syncs/payments.yaml", &two),
    ]);
    tree.secsync("validate").run().exits_with(3);
    let elsewhere = format!("{deletes}\ndestinationConfig: {{ app: shop }}");
    let apart = payments(&[("api", deletes), ("web", &elsewhere)]);
    tree.write("syncs/payments.yaml", apart);
    let output = plan(&tree, "--base main", 0);
    assert!(output.stdout.contains("1 to change"), "{output}");
}

#[test]
fn what_syncs_inherit_changes_once_for_all_of_them() {
    let syncs = [
        ("api", ""),
        ("own", "secretPath: /old"),
        ("web", ""),
        ("zoo", "description: Old"),
    ];
    let tree = repository(&[("syncs/payments.yaml", &payments(&syncs))]);
    let syncs = [
        ("api", ""),
        ("own", "secretPath: /new"),
        ("web", ""),
        ("zoo", "description: New"),
    ];
    let text = payments(&syncs).replace("  secretPath: /\n", "  secretPath: /new\n");
    tree.write("syncs/payments.yaml", text);
    let output = plan(&tree, "--base main", 0);
    assert_snapshot!(shown(&output), @r#"
    This compares what is declared now with [COMMIT], where this branch left main. What is remote was not read.

    secsync will perform the following actions:

      # 2 syncs will be updated in place, by what they inherit  (syncs/payments.yaml:7)
      ~ humanitec syncs
          ~ secretPath: "/" -> "/new"
          Note: The next sync overwrites secrets at the destination that have the same keys.
          The syncs are:
            infisical/payments/api  (syncs/payments.yaml:11)
            infisical/payments/web  (syncs/payments.yaml:14)

      # infisical/payments/own will be updated in place  (syncs/payments.yaml:12)
      ~ humanitec sync
          ~ secretPath: "/old" -> "/new"
          Note: The next sync overwrites secrets at the destination that have the same keys.

      # infisical/payments/zoo will be updated in place  (syncs/payments.yaml:15)
      ~ humanitec sync
          ~ description: "Old" -> "New"
          ~ secretPath:  "/" -> "/new"
          Note: The next sync overwrites secrets at the destination that have the same keys.

    Plan: 0 to add, 4 to change, 0 to destroy.
    "#);
    let diff = without_commits(&plan(&tree, "--base main -o unified", 0).stdout);
    let (diff, _) = diff.split_once("# infisical/payments/own ").unwrap();
    assert_snapshot!(diff, @"
    # This compares what is declared now with [COMMIT], where this branch left main. What is remote was not read.
    # 2 syncs will be updated in place, by what they inherit (syncs/payments.yaml:7:15)
    #   infisical/payments/api
    #   infisical/payments/web
    # Note: The next sync overwrites secrets at the destination that have the same keys.
    --- main/2 syncs
    +++ declared/2 syncs
    @@ -1 +1 @@
    -secretPath: /
    +secretPath: /new
    ");
    let page = plan(&tree, "--base main -o html", 0).stdout;
    let (_, list) = page.split_once("<output></output>").unwrap();
    let (_, list) = list.split_once("<ul>\n").unwrap();
    let (group, _) = list.split_once("</li>\n<li class=\"sync").unwrap();
    assert_snapshot!(group, @r#"
    <li class="sync change" data-action="update" data-count="2">
    <p><span class="state badge">~ update</span> 2 syncs will be updated in place, by what they inherit (<code>humanitec</code>), declared at <code>syncs/payments.yaml:7:15</code></p>
    <ul>
    <li><code>infisical/payments/api</code>, declared at <code>syncs/payments.yaml:11:3</code></li>
    <li><code>infisical/payments/web</code>, declared at <code>syncs/payments.yaml:14:3</code></li>
    </ul>
    <p><span class="note">Note:</span> The next sync overwrites secrets at the destination that have the same keys.</p>
    <details><summary>Fields</summary><pre>@@ -1 +1 @@
    <span class="remove">-secretPath: /</span>
    <span class="add">+secretPath: /new</span>
    </pre></details>
    "#);
    let document = plan(&tree, "--base main -o json", 0).json();
    assert_eq!(
        document["shared"],
        serde_json::json!([{
            "place": {
                "file": "syncs/payments.yaml",
                "line": 7, "column": 15, "endLine": 7, "endColumn": 19,
            },
            "actions": [0, 2],
        }])
    );
    let markdown = without_commits(&plan(&tree, "--base main -o markdown", 0).stdout);
    let (_, list) = markdown.split_once("</details>\n\n").unwrap();
    assert_snapshot!(list, @"
    - `~` 2 syncs will be updated in place, by what they inherit (`humanitec`)

      <details><summary>Details</summary>

      Declared at `syncs/payments.yaml:7:15`, for:

      - `infisical/payments/api`
      - `infisical/payments/web`

      ```diff
      @@ -1 +1 @@
      -secretPath: /
      +secretPath: /new
      ```

      - The next sync overwrites secrets at the destination that have the same keys.

      </details>

    - `~` `infisical/payments/own` (`humanitec`) will be updated in place

      <details><summary>Details</summary>

      Declared at `syncs/payments.yaml:12:3`.

      ```diff
      @@ -1,5 +1,5 @@
       environment: prod
      -secretPath: /old
      +secretPath: /new
       syncOptions:
         initialSyncBehavior: overwrite-destination
         disableSecretDeletion: true
      ```

      - The next sync overwrites secrets at the destination that have the same keys.

      </details>

    - `~` `infisical/payments/zoo` (`humanitec`) will be updated in place

      <details><summary>Details</summary>

      Declared at `syncs/payments.yaml:15:3`.

      ```diff
      @@ -1,5 +1,5 @@
       environment: prod
      -secretPath: /
      +secretPath: /new
       syncOptions:
         initialSyncBehavior: overwrite-destination
         disableSecretDeletion: true
      @@ -7,5 +7,5 @@
         scope: application
         org: acme
         app: payments
      -description: Old
      +description: New
       isAutoSyncEnabled: true
      ```

      - The next sync overwrites secrets at the destination that have the same keys.

      </details>
    ");
    // For machines, each is an action of its own, and nothing has an id.
    let json = plan(&tree, "--base main -o json", 0).json();
    assert_eq!(json["summary"]["change"], 4);
    let actions = json["actions"].as_array().unwrap();
    assert_eq!(actions.len(), 4);
    assert!(actions.iter().all(|action| action.get("id").is_none()));
}
