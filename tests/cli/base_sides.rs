//! `plan --base`: what each side consists of, and what is shown of the difference.

use insta::assert_snapshot;
use serde_json::Value;

use super::base::{commit, plan, repository, shown, without_commits};
use super::harness::{Tree, git, payments};

/// What a plan does: `create web`; `gone web` for what is no longer declared.
fn actions(tree: &Tree, arguments: &str) -> Vec<String> {
    let json = plan(tree, &format!("{arguments} --base main -o json"), 0).json();
    let all = |list: &Value, word: &str| -> Vec<String> {
        let list = list.as_array().unwrap().iter();
        let verb = |one: &Value| one["action"].as_str().unwrap_or(word).to_owned();
        list.map(|one| format!("{} {}", verb(one), one["name"].as_str().unwrap()))
            .collect()
    };
    let mut found = all(&json["actions"], "");
    found.extend(all(&json["unmanaged"], "gone"));
    found
}

fn nothing() -> [String; 0] {
    []
}

#[test]
fn a_sync_that_moves_to_another_file_is_the_same_whichever_file_is_named() {
    let tree = repository(&[
        ("syncs/a.yaml", &payments(&[("api", ""), ("web", "")])),
        ("syncs/b.yaml", &payments(&[("cron", "")])),
    ]);
    tree.write("syncs/a.yaml", payments(&[("api", "")]));
    tree.write("syncs/b.yaml", payments(&[("cron", ""), ("web", "")]));
    for paths in ["", "syncs/a.yaml", "syncs/b.yaml", "syncs/*.yaml"] {
        assert_eq!(actions(&tree, paths), nothing(), "{paths}");
    }
    // A change on the way belongs to both files.
    let changed = payments(&[("cron", "secretPath: /cron"), ("web", "secretPath: /web")]);
    tree.write("syncs/b.yaml", changed);
    assert_eq!(actions(&tree, "syncs/a.yaml"), ["update web"]);
    assert_eq!(
        actions(&tree, "syncs/b.yaml"),
        ["update cron", "update web"]
    );
    assert_eq!(actions(&tree, "--target cron"), ["update cron"]);
    let only = plan(&tree, "syncs/a.yaml --base main", 0);
    assert!(
        only.stdout.contains("Plan: 0 to add, 1 to change"),
        "{only}"
    );
}

#[test]
fn what_a_named_file_declares_on_either_side_is_shown() {
    let tree = repository(&[
        ("syncs/a.yaml", &payments(&[("api", ""), ("web", "")])),
        ("syncs/b.yaml", &payments(&[("cron", "")])),
    ]);
    // Removed from a file, renamed with its file, and new in a new file.
    tree.write("syncs/a.yaml", payments(&[("api", "")]));
    std::fs::rename(
        tree.root().join("syncs/b.yaml"),
        tree.root().join("syncs/c.yaml"),
    )
    .unwrap();
    tree.write("syncs/d.yaml", payments(&[("new", "secretPath: /new")]));
    assert_eq!(actions(&tree, ""), ["create new", "gone web"]);
    assert_eq!(actions(&tree, "syncs/a.yaml"), ["gone web"]);
    assert_eq!(actions(&tree, "syncs/b.yaml"), nothing());
    assert_eq!(actions(&tree, "syncs/c.yaml"), nothing());
    assert_eq!(actions(&tree, "syncs/d.yaml"), ["create new"]);
    assert_eq!(
        actions(&tree, "-f syncs/d.yaml -f syncs/a.yaml"),
        ["create new", "gone web"]
    );
    // A rename belongs to the files of the old and of the new name.
    tree.write(
        "syncs/d.yaml",
        payments(&[("new", "secretPath: /new\nrenamedFrom: web")]),
    );
    for paths in [
        "syncs/a.yaml",
        "syncs/d.yaml",
        "--target web",
        "--target new",
    ] {
        assert_eq!(actions(&tree, paths), ["update new"], "{paths}");
    }
}

#[test]
fn a_whole_file_that_is_gone_or_new_is_compared() {
    let tree = repository(&[("syncs/a.yaml", &payments(&[("web", "")]))]);
    std::fs::remove_dir_all(tree.root().join("syncs")).unwrap();
    assert_eq!(actions(&tree, ""), ["gone web"]);
    assert_eq!(actions(&tree, "syncs/a.yaml"), ["gone web"]);
    assert_eq!(actions(&tree, "syncs"), ["gone web"]);
    // A file that no directory of the workspace includes, with any name.
    tree.write(
        "elsewhere/syncs.txt",
        payments(&[("web", "secretPath: /web")]),
    );
    assert_eq!(actions(&tree, "elsewhere/syncs.txt"), ["update web"]);
    commit(&tree);
    git(tree.root(), &["branch", "--force", "main"]);
    tree.write(
        "elsewhere/syncs.txt",
        payments(&[("web", "secretPath: /other")]),
    );
    assert_eq!(actions(&tree, "elsewhere/syncs.txt"), ["update web"]);
}

#[test]
fn selectors_choose_what_is_shown_of_either_side() {
    let labelled = |team: &str| format!("labels: {{ team: {team} }}");
    let (one, other) = (labelled("one"), labelled("other"));
    let tree = repository(&[(
        "syncs/a.yaml",
        &payments(&[("api", &one), ("gone", &one), ("web", &one)]),
    )]);
    let moved = format!("{other}\nsecretPath: /web");
    tree.write("syncs/a.yaml", payments(&[("api", &one), ("web", &moved)]));
    assert_eq!(actions(&tree, "-l team=one"), ["update web", "gone gone"]);
    assert_eq!(actions(&tree, "-l team=other"), ["update web"]);
    assert_eq!(actions(&tree, "--target gone"), ["gone gone"]);
    assert_eq!(actions(&tree, "--exclude gone"), ["update web"]);
    let unchanged = plan(&tree, "--target api --base main --detailed-exitcode", 0);
    let nothing = "No changes. None of the chosen syncs differs from";
    assert!(unchanged.stdout.contains(nothing), "{unchanged}");
    let output = plan(&tree, "--target nosuch --base main", 64);
    assert_snapshot!(output.stderr, @"
    Error: `--target nosuch` matches no sync of either version of the files.
      `secsync validate -v` lists the syncs that are declared now.
    ");
    let output = plan(&tree, "syncs/nosuch.yaml --base main", 64);
    assert_snapshot!(without_commits(&output.stderr), @"
    Error: `syncs/nosuch.yaml` names no sync file, neither now nor at [COMMIT].
      Name files of the workspace, or none.
    ");
}

#[test]
fn what_stays_whatever_is_pruned_is_said_to_stay() {
    let tree = repository(&[
        (
            "secsync.yaml",
            "protect: [web]\nunmanaged: { ignore: [api] }\n",
        ),
        (
            "syncs/a.yaml",
            &payments(&[("api", ""), ("cron", ""), ("web", "")]),
        ),
    ]);
    tree.write("syncs/a.yaml", payments(&[("cron", "")]));
    let output = plan(&tree, "--base main", 0);
    for (name, setting) in [("api", "unmanaged.ignore"), ("web", "protect")] {
        let note = format!(
            "infisical/payments/{name} is no longer declared. It stays as it is, even if apply is run \
             with --prune, because of `{setting}` in secsync.yaml."
        );
        assert!(output.stdout.contains(&note), "{output}");
    }
}

#[test]
fn a_job_that_is_asked_for_each_time_is_no_difference() {
    let syncs = [
        ("api", "trigger: always\nisAutoSyncEnabled: false"),
        ("web", "trigger: on-change\nisAutoSyncEnabled: false"),
    ];
    let tree = repository(&[("syncs/a.yaml", &payments(&syncs))]);
    assert_eq!(actions(&tree, ""), nothing());
    tree.write(
        "syncs/a.yaml",
        payments(&syncs).replace("secretPath: /", "secretPath: /new"),
    );
    let both = ["update api", "trigger api", "update web", "trigger web"];
    assert_eq!(actions(&tree, ""), both);
}

#[test]
fn a_file_of_variables_is_that_of_each_side() {
    let file = payments(&[("web", "secretPath: \"${var.WEB}\"")]);
    let tree = repository(&[
        ("infra/secsync.yaml", ""),
        ("infra/syncs/p.yaml", &file),
        ("vars/prod.yaml", "WEB: /one\n"),
    ]);
    assert_eq!(actions(&tree, "infra --var-file vars/prod.yaml"), nothing());
    tree.write("vars/prod.yaml", "WEB: /two\n");
    let output = plan(&tree, "infra --var-file vars/prod.yaml --base main", 0);
    assert!(
        output.stdout.contains("~ secretPath: \"/one\" -> \"/two\""),
        "{output}"
    );
    let below = tree
        .secsync("plan --var-file ../vars/prod.yaml --base main")
        .inside("infra")
        .run()
        .exits_with(0);
    assert_eq!(
        shown(&below).replace("(syncs/", "(infra/syncs/"),
        shown(&output)
    );
    // One that Git did not have, or has nothing of, is the same for both.
    tree.write("vars/new.yaml", "WEB: /three\n");
    let outside = Tree::new(&[("vars.yaml", "WEB: /four\n")]);
    let outside = format!("infra --var-file {}/vars.yaml", outside.root());
    for arguments in ["infra --var-file vars/new.yaml", &outside] {
        assert_eq!(actions(&tree, arguments), nothing(), "{arguments}");
    }
    // What was wrong with it then is named where it was.
    tree.write("vars/prod.yaml", "WEB: [\n");
    commit(&tree);
    tree.write("vars/prod.yaml", "WEB: /two\n");
    let output = plan(&tree, "infra --var-file vars/prod.yaml --base HEAD", 3);
    assert!(output.stderr.contains("(vars/prod.yaml:1:6)"), "{output}");
}

#[test]
fn a_start_that_is_no_longer_declared_is_not_called_recorded() {
    let file = |syncs: &str| format!("provider: enkryptify\nproject: prj_123\nsyncs:\n{syncs}");
    let sync = |name: &str| format!("  {name}: {{ destination: vercel }}\n");
    let tree = repository(&[("syncs/a.yaml", &file(&(sync("keep") + &sync("web"))))]);
    tree.write("syncs/a.yaml", file(&(sync("keep") + &sync("other"))));
    let output = plan(&tree, "--base main", 0);
    assert!(!output.stdout.contains("recorded"), "{output}");
    assert_snapshot!(shown(&output), @"
    This compares what is declared now with [COMMIT], where this branch left main. What is remote was not read.

    secsync will perform the following actions:

      # enkryptify/prj_123/other will be started  (syncs/a.yaml:5)
      > vercel sync
          Note: `web`, also to this destination, is no longer declared. If this is the same sync under a new name, a second configuration is made, and the first goes on running.

    Plan: 0 to add, 0 to change, 0 to destroy, 1 to start.

    Note: enkryptify/prj_123/web (vercel) is no longer declared. If it was started, it goes on running: remove it in the dashboard, then run `secsync state rm enkryptify/prj_123/web`.
    ");
    for format in ["markdown", "html", "unified", "github", "sarif", "junit"] {
        let output = plan(&tree, &format!("--base main -o {format}"), 0);
        assert!(!output.stdout.contains("recorded"), "{output}");
        assert!(output.stdout.contains("goes on running"), "{output}");
    }
}

#[test]
fn a_key_that_is_renamed_is_said_to_be_likely_a_rename() {
    let tree = repository(&[(
        "syncs/a.yaml",
        &payments(&[("api", ""), ("old", "secretPath: /web")]),
    )]);
    tree.write(
        "syncs/a.yaml",
        payments(&[("api", ""), ("new", "secretPath: /web")]),
    );
    let hint = "write `renamedFrom: old`";
    let output = plan(&tree, "--base main", 0);
    assert!(output.stdout.contains(hint), "{output}");
    assert!(
        output
            .stdout
            .contains("It equals `old`, which is no longer declared."),
        "{output}"
    );
    let json = plan(&tree, "--base main -o json", 0).json();
    assert_eq!(json["actions"][0]["likelyRenamedFrom"], "old");
    for format in ["markdown", "html", "unified", "github", "sarif", "junit"] {
        let output = plan(&tree, &format!("--base main -o {format}"), 0);
        assert!(output.stdout.contains("renamedFrom: old"), "{output}");
    }
    // The sync that goes can be in a file that is not named.
    tree.write("syncs/a.yaml", payments(&[("api", "")]));
    tree.write("syncs/b.yaml", payments(&[("new", "secretPath: /web")]));
    let output = plan(&tree, "syncs/b.yaml --base main", 0);
    assert!(output.stdout.contains(hint), "{output}");
    // What differs is another sync.
    tree.write("syncs/b.yaml", payments(&[("new", "secretPath: /other")]));
    let output = plan(&tree, "--base main", 0);
    assert!(!output.stdout.contains("renamedFrom"), "{output}");
}

#[test]
fn annotations_have_all_of_the_sync_that_is_deleted() {
    let tree = repository(&[("syncs/a.yaml", &payments(&[("web", "")]))]);
    tree.write("syncs/a.yaml", payments(&[("web", "ensure: absent")]));
    let output = plan(&tree, "--base main -o github", 0);
    let (_, last) = output.stdout.trim_end().rsplit_once('\n').unwrap();
    assert_snapshot!(last, @"::notice file=syncs/a.yaml,line=11,endLine=11,col=3,endColumn=6,title=secsync%3A delete::infisical/payments/web will be deleted, because the file says `ensure: absent`.%0AThe sync that is deleted is:%0Aweb:%0A  destination: humanitec%0A  projectId: payments%0A  connection: humanitec-main%0A  environment: prod%0A  secretPath: /%0A  syncOptions:%0A    initialSyncBehavior: overwrite-destination%0A    disableSecretDeletion: true%0A  destinationConfig:%0A    scope: application%0A    org: acme%0A    app: payments");
    let sarif = plan(&tree, "--base main -o sarif", 0).json();
    let notes = &sarif["runs"][0]["invocations"][0]["toolExecutionNotifications"];
    let last = notes.as_array().unwrap().last().unwrap();
    assert_snapshot!(last["message"]["text"].as_str().unwrap(), @"
    infisical/payments/web will be deleted, because the file says `ensure: absent`.
    The sync that is deleted is:
    web:
      destination: humanitec
      projectId: payments
      connection: humanitec-main
      environment: prod
      secretPath: /
      syncOptions:
        initialSyncBehavior: overwrite-destination
        disableSecretDeletion: true
      destinationConfig:
        scope: application
        org: acme
        app: payments
    ");
    assert_eq!(last["level"], "note");
    let place = &last["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "syncs/a.yaml");
    // A long one is cut at the end of a line.
    let long = "a".repeat(1_000);
    let syncs = format!("description: {long}\ndestinationConfig: {{ app: {long} }}");
    tree.write("syncs/a.yaml", payments(&[("web", &syncs)]));
    commit(&tree);
    tree.write("syncs/a.yaml", payments(&[("web", "ensure: absent")]));
    for format in ["github", "sarif"] {
        let output = plan(&tree, &format!("--base HEAD -o {format}"), 0);
        assert!(output.stdout.contains("will be deleted"), "{output}");
    }
}

#[test]
fn a_field_that_no_answer_gives_back_is_compared() {
    let sync = |key: &str| {
        format!(
            "destination: azure-entra-id-scim\ndestinationConfig: {{ scope: null, org: null, app: null, \
             servicePrincipalId: x }}\nsyncOptions: {{ disableSecretDeletion: null, secretKey: {key} }}"
        )
    };
    let tree = repository(&[("syncs/a.yaml", &payments(&[("web", &sync("A"))]))]);
    assert_eq!(actions(&tree, ""), nothing());
    tree.write("syncs/a.yaml", payments(&[("web", &sync("B"))]));
    let output = plan(&tree, "--base main --detailed-exitcode", 2);
    let change = "~ syncOptions.secretKey: \"A\" -> \"B\"";
    assert!(output.stdout.contains(change), "{output}");
}

#[test]
fn two_names_of_one_destination_are_one_node_of_the_graph() {
    let netlify = |id: &str, name: &str| {
        let config = format!("accountId: {id}, accountName: {name}");
        format!(
            "destination: netlify\ndestinationConfig: {{ scope: null, org: null, app: null, {config} }}"
        )
    };
    let (one, two, other) = (
        netlify("a", "One"),
        netlify("a", "Two"),
        netlify("b", "One"),
    );
    let tree = repository(&[("syncs/a.yaml", &payments(&[("web", "")]))]);
    let syncs = [
        ("web", ""),
        ("one", &*one),
        ("two", &two),
        ("other", &other),
    ];
    tree.write("syncs/a.yaml", payments(&syncs));
    let output = plan(&tree, "--base main -o markdown", 0);
    assert_eq!(output.stdout.matches("([\"netlify").count(), 2, "{output}");
    assert_eq!(output.stdout.matches("|\"create ").count(), 3, "{output}");
}

#[test]
fn a_clone_without_the_earlier_files_is_said_to_be_partial() {
    let tree = repository(&[("syncs/a.yaml", &payments(&[("web", "")]))]);
    tree.write("syncs/a.yaml", payments(&[("web", "secretPath: /web")]));
    commit(&tree);
    git(tree.root(), &["config", "uploadpack.allowFilter", "true"]);
    let partial = Tree::new(&[]);
    let from = format!("file://{}", tree.root());
    git(
        partial.root(),
        &[
            "clone",
            "--quiet",
            "--filter=blob:none",
            "--branch",
            "feature",
            &from,
            ".",
        ],
    );
    let output = plan(&partial, "--base origin/main", 1);
    assert_snapshot!(without_commits(&output.stderr), @"
    Error: This clone is partial, and lacks files of [COMMIT].
      Clone without `--filter`; for actions/checkout, leave out `filter`. Or fetch what is missing: `git fetch --refetch --no-filter`.
    ");
}

#[test]
fn two_spellings_of_a_server_are_one_server() {
    let settings = |url: &str| {
        format!(
            "providers:\n  one: {{ type: infisical, url: \"https://x.example/\" }}\n  \
             two: {{ type: infisical, url: \"{url}\" }}\n"
        )
    };
    let file = |provider: &str| {
        payments(&[("web", "syncOptions: { disableSecretDeletion: false }")])
            .replace("provider: infisical", &format!("provider: {provider}"))
    };
    for url in [
        "https://x.example/api",
        "HTTPS://X.Example:443",
        "https://x.example",
    ] {
        let tree = Tree::new(&[
            ("secsync.yaml", &settings(url)),
            ("syncs/a.yaml", &file("one")),
            ("syncs/b.yaml", &file("two")),
        ]);
        let twice = tree.secsync("validate").run().exits_with(3);
        assert!(twice.stderr.contains("is declared twice"), "{url}: {twice}");
        tree.write("syncs/b.yaml", file("two").replace("  web:", "  api:"));
        let same = tree.secsync("validate").run().exits_with(0);
        assert!(same.stderr.contains("same-destination"), "{url}: {same}");
    }
    for url in [
        "https://y.example",
        "https://x.example:8443",
        "http://x.example",
    ] {
        let tree = Tree::new(&[
            ("secsync.yaml", &settings(url)),
            ("syncs/a.yaml", &file("one")),
            ("syncs/b.yaml", &file("two")),
        ]);
        let apart = tree.secsync("validate").run().exits_with(0);
        assert!(!apart.stderr.contains("same-destination"), "{url}: {apart}");
    }
    // Neither another spelling nor another provider of the same server changes a sync.
    let tree = repository(&[
        ("secsync.yaml", &settings("https://x.example/api")),
        ("syncs/a.yaml", &file("one")),
    ]);
    let respelled = settings("https://x.example").replace("x.example/", "X.example:443/api");
    tree.write("secsync.yaml", respelled);
    assert_eq!(actions(&tree, ""), nothing());
    tree.write("syncs/a.yaml", file("two"));
    assert_eq!(actions(&tree, ""), nothing());
}
