//! Two syncs that push to one place, and delete each other's secrets.

use insta::assert_snapshot;
use serde_json::json;

use super::harness::{Output, Server, Tree, world};

/// A sync file of a project. Each sync pushes to one place and deletes there what it does not know,
/// unless its lines say otherwise.
fn file(project: &str, syncs: &[(&str, &str)]) -> String {
    let mut text = format!(
        "\
provider: infisical
project: {project}
defaults:
  destination: humanitec
  connection: humanitec-main
  environment: prod
  secretPath: /
  syncOptions: {{ initialSyncBehavior: overwrite-destination }}
  destinationConfig: {{ scope: application, org: acme, app: payments }}
syncs:
"
    );
    for (name, lines) in syncs {
        text.push_str(&format!("  {name}:\n"));
        for line in lines.lines() {
            text.push_str(&format!("    {line}\n"));
        }
    }
    text
}

fn validated(files: &[(&str, &str)]) -> Output {
    Tree::new(files).secsync("validate syncs").run()
}

/// What is said about two syncs with these lines.
fn about(one: &str, other: &str) -> String {
    let text = file("payments", &[("api", one), ("web", other)]);
    let output = validated(&[("syncs/a.yaml", &text)]).exits_with(0);
    output.stderr.clone()
}

/// How many findings of this rule a run showed.
fn findings(said: &str) -> usize {
    said.lines()
        .filter(|line| *line == "same-destination")
        .count()
}

fn is_silent(one: &str, other: &str) {
    let said = about(one, other);
    assert!(!said.contains("same-destination"), "{one}\n{other}\n{said}");
}

fn is_reported(one: &str, other: &str) {
    let said = about(one, other);
    assert_eq!(findings(&said), 1, "{one}\n{other}\n{said}");
}

const KEEPS: &str = "syncOptions: { disableSecretDeletion: true }";

#[test]
fn two_syncs_of_two_files_to_one_place_are_one_finding_at_both() {
    let api = file("payments", &[("api", "")]);
    let shop = file("shop", &[("web", "")]);
    let output = validated(&[("syncs/a.yaml", &api), ("syncs/b.yaml", &shop)]).exits_with(0);
    assert_snapshot!(output.harmless(&output.stderr), @"
    same-destination

      ⚠ `infisical/payments/api` and `infisical/shop/web` push to the same destination through the same connection, and their keys can meet: each deletes the other's secrets at each sync.
        ╭─[syncs/a.yaml:11:3]
     10 │ syncs:
     11 │   api:
        ·   ─┬─
        ·    ╰── `api` deletes what it does not know
        ╰────
      help: Give each its own `keySchema`, such as `A_{{secretKey}}` and `B_{{secretKey}}`; or set `disableSecretDeletion: true` on each; or choose different destinations.
            `web` deletes what it does not know: syncs/b.yaml:11:3

    Found 1 warning.
    Run `secsync explain same-destination` to see why it matters and how to fix it.
    ");
}

#[test]
fn the_finding_says_which_sync_deletes() {
    assert_snapshot!(about(KEEPS, ""), @"
    same-destination

      ⚠ `infisical/payments/api` and `infisical/payments/web` push to the same destination through the same connection, and their keys can meet: `infisical/payments/web` deletes the secrets of `infisical/payments/api` at each sync.
        ╭─[syncs/a.yaml:11:3]
     10 │ syncs:
     11 │   api:
        ·   ─┬─
        ·    ╰── `api` deletes nothing
     12 │     syncOptions: { disableSecretDeletion: true }
     13 │   web:
        ·   ─┬─
        ·    ╰── `web` deletes what it does not know
        ╰────
      help: Give each its own `keySchema`, such as `A_{{secretKey}}` and `B_{{secretKey}}`; or set `disableSecretDeletion: true` on each; or choose different destinations.

    Found 1 warning.
    Run `secsync explain same-destination` to see why it matters and how to fix it.
    ");
    is_silent(KEEPS, KEEPS);
}

#[test]
fn what_separates_two_syncs() {
    is_reported("", "");
    let schema = |schema: &str| format!("syncOptions: {{ keySchema: \"{schema}\" }}");
    is_silent(&schema("A_{{secretKey}}"), &schema("B_{{secretKey}}"));
    is_reported(&schema("A_{{secretKey}}"), &schema("A_B_{{secretKey}}"));
    is_reported(&schema("A_{{secretKey}}"), "");
    let environment = format!(
        "{}\nenvironment: dev",
        schema("{{environment}}_{{secretKey}}")
    );
    is_silent(&schema("{{environment}}_{{secretKey}}"), &environment);
    is_silent("connection: other", "");
    is_silent("connection: { name: humanitec-main, scope: project }", "");
    is_silent("destinationConfig: { app: other }", "");
    is_silent("ensure: absent", "");
}

#[test]
fn only_what_a_destination_supports_separates_two_syncs_and_is_advised() {
    let of = |destination: &str, config: &str, options: &str| {
        format!(
            "destination: {destination}\nconnection: main\n\
             destinationConfig: {{ scope: null, org: null, app: null, {config} }}\n\
             syncOptions: {{ {options} }}"
        )
    };
    let help = |said: &str| {
        let (_, said) = said.split_once("same-destination\n").unwrap();
        let mut lines = said.lines().map(str::trim);
        lines
            .find(|line| line.starts_with("help: "))
            .unwrap()
            .to_owned()
    };
    // It does nothing with a keySchema.
    let external = |options: &str| {
        let config = "projectId: p, environment: prod, secretPath: /";
        of("external-infisical", config, options)
    };
    let schema = |schema: &str| external(&format!("keySchema: \"{schema}\""));
    let said = about(&schema("A_{{secretKey}}"), &schema("B_{{secretKey}}"));
    assert_eq!(
        help(&said),
        "help: Set `disableSecretDeletion: true` on each; or choose different destinations."
    );
    let keeps = external("disableSecretDeletion: true");
    is_silent(&keeps, &keeps);
    // Nor does this one, and it deletes whatever is asked for.
    let scim = |options: &str| {
        let config = "servicePrincipalId: s";
        of(
            "azure-entra-id-scim",
            config,
            &format!("secretKey: A, {options}"),
        )
    };
    let schema = |schema: &str| scim(&format!("keySchema: \"{schema}\""));
    let said = about(&schema("A_{{secretKey}}"), &schema("B_{{secretKey}}"));
    assert_eq!(help(&said), "help: Choose different destinations.");
}

#[test]
fn no_lint_advises_what_a_destination_refuses() {
    let sync = "destination: azure-entra-id-scim\n\
                destinationConfig: { scope: null, org: null, app: null, servicePrincipalId: s }\n\
                syncOptions: { secretKey: A }";
    let text = file("payments", &[("api", sync)]);
    let settings = "lint: { destructive-first-sync: warn }\n";
    let output = validated(&[("secsync.yaml", settings), ("syncs/a.yaml", &text)]).exits_with(0);
    assert!(output.stderr.contains("destructive-first-sync"), "{output}");
    assert!(!output.stderr.contains("disableSecretDeletion"), "{output}");
}

#[test]
fn syncs_without_a_project_have_only_that_mistake() {
    let text = file("payments", &[("api", ""), ("web", "")]).replace("project: payments\n", "");
    let output = validated(&[("syncs/a.yaml", &text)]).exits_with(3);
    assert_eq!(findings(&output.stderr), 0, "{output}");
}

#[test]
fn display_names_and_options_do_not_make_another_place() {
    let netlify = |more: &str| {
        format!(
            "destination: netlify\ndestinationConfig: {{ scope: null, org: null, app: null, accountId: a, {more} }}"
        )
    };
    is_reported(&netlify("accountName: One"), &netlify("accountName: Two"));
    is_silent(&netlify("siteId: '1'"), &netlify("siteId: '2'"));
    let gitlab = |more: &str| {
        format!(
            "destination: gitlab\ndestinationConfig: {{ scope: project, projectId: '1', projectName: a{more} }}"
        )
    };
    is_reported(&gitlab(""), &gitlab(", targetEnvironment: prod"));
    is_reported(
        &gitlab(", targetEnvironment: '*'"),
        &gitlab(", targetEnvironment: prod"),
    );
    is_silent(
        &gitlab(", targetEnvironment: dev"),
        &gitlab(", targetEnvironment: prod"),
    );
    let vault = |label: &str| {
        format!(
            "destination: 1password\ndestinationConfig: {{ scope: null, org: null, app: null, vaultId: v, valueLabel: {label} }}"
        )
    };
    is_reported(&vault("a"), &vault("b"));
}

#[test]
fn a_comment_at_either_sync_allows_it_and_the_workspace_sets_its_level() {
    let text = file("payments", &[("api", ""), ("web", ""), ("job", "")]);
    let allowed = |names: &[&str]| {
        let comment = " # secsync: allow(same-destination) moves next week\n";
        let text = names.iter().fold(text.clone(), |text, name| {
            text.replace(&format!("  {name}:\n"), &format!("  {name}:{comment}"))
        });
        let output = validated(&[("syncs/a.yaml", &text)]).exits_with(0);
        output.stderr
    };
    assert!(allowed(&["api"]).contains("/web` and `infisical/payments/job` push"));
    assert!(allowed(&["web"]).contains("/api` and `infisical/payments/job` push"));
    assert!(!allowed(&["web", "job"]).contains("same-destination"));
    let level = |level: &str| format!("lint: {{ same-destination: {level} }}\n");
    let run = |level: &str, exit| {
        validated(&[("secsync.yaml", level), ("syncs/a.yaml", &text)]).exits_with(exit);
    };
    run(&level("deny"), 3);
    run(&level("allow"), 0);
}

#[test]
fn many_syncs_of_one_place_are_one_finding() {
    let names: Vec<String> = (0..20).map(|index| format!("s{index:02}")).collect();
    let mut syncs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    syncs[12].1 = KEEPS;
    let output = validated(&[("syncs/a.yaml", &file("payments", &syncs))]).exits_with(0);
    assert_snapshot!(output.harmless(&output.stderr), @"
    same-destination

      ⚠ `infisical/payments/s00`, `infisical/payments/s01`, `infisical/payments/s02`, `infisical/payments/s03`, `infisical/payments/s04`, `infisical/payments/s05`, `infisical/payments/s06`, `infisical/payments/s07`, `infisical/payments/s08`, `infisical/payments/s09`, and 10 more push to the same destination through the same connection, and their keys can meet: 19 of them delete secrets of the others at each sync.
        ╭─[syncs/a.yaml:11:3]
     10 │ syncs:
     11 │   s00:
        ·   ─┬─
        ·    ╰── `s00` deletes what it does not know
     12 │   s01:
        ·   ─┬─
        ·    ╰── `s01` deletes what it does not know
     13 │   s02:
        ·   ─┬─
        ·    ╰── `s02` deletes what it does not know
     14 │   s03:
        ·   ─┬─
        ·    ╰── `s03` deletes what it does not know
     15 │   s04:
        ·   ─┬─
        ·    ╰── `s04` deletes what it does not know
     16 │   s05:
        ·   ─┬─
        ·    ╰── `s05` deletes what it does not know
     17 │   s06:
        ·   ─┬─
        ·    ╰── `s06` deletes what it does not know
     18 │   s07:
        ·   ─┬─
        ·    ╰── `s07` deletes what it does not know
     19 │   s08:
        ·   ─┬─
        ·    ╰── `s08` deletes what it does not know
     20 │   s09:
        ·   ─┬─
        ·    ╰── `s09` deletes what it does not know
     21 │   s10:
        ╰────
      help: Give each its own `keySchema`, such as `A_{{secretKey}}` and `B_{{secretKey}}`; or set `disableSecretDeletion: true` on each; or choose different destinations.

    Found 1 warning.
    Run `secsync explain same-destination` to see why it matters and how to fix it.
    ");
}

fn run(tree: &Tree, server: &Server, command: &str, exit: i32) -> Output {
    tree.secsync(command).on(server).run().exits_with(exit)
}

#[test]
fn a_plan_compares_with_what_is_remote_by_ids() {
    let server = Server::new(&world());
    let tree = Tree::new(&[("secsync.yaml", "")]);
    let declare = |syncs: &[(&str, &str)]| tree.write("syncs/a.yaml", file("payments", syncs));
    declare(&[("old", "secretPath: /api")]);
    run(&tree, &server, "apply --auto-approve", 0);
    declare(&[("web", "")]);
    let output = run(&tree, &server, "plan", 0);
    assert_snapshot!(output.harmless(&output.stderr), @"
    same-destination

      ⚠ `infisical/payments/web` and `infisical/payments/old` push to the same destination through the same connection, and their keys can meet: each deletes the other's secrets at each sync. `infisical/payments/old` is remote and not declared.
        ╭─[syncs/a.yaml:11:3]
     10 │ syncs:
     11 │   web:
        ·   ─┬─
        ·    ╰── `web` deletes what it does not know
        ╰────
      help: Give each its own `keySchema`, such as `A_{{secretKey}}` and `B_{{secretKey}}`; or set `disableSecretDeletion: true` on each; or choose different destinations.

    Found 1 warning.
    Run `secsync explain same-destination` to see why it matters and how to fix it.
    ");
    // What else was found is still found once.
    declare(&[("web", "# secsync: allow(name-form)\n")]);
    let output = run(&tree, &server, "plan -o json", 0).json();
    let codes = output["diagnostics"].as_array().unwrap().iter();
    let codes: Vec<&str> = codes.map(|found| found["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["same-destination", "allowance-form"]);
    declare(&[("web", KEEPS), ("job", KEEPS)]);
    let output = run(&tree, &server, "plan", 0);
    assert_snapshot!(output.harmless(&output.stderr), @"
    same-destination

      ⚠ `infisical/payments/web`, `infisical/payments/job` and `infisical/payments/old` push to the same destination through the same connection, and their keys can meet: `infisical/payments/old` deletes secrets of the others at each sync. `infisical/payments/old` is remote and not declared.
        ╭─[syncs/a.yaml:11:3]
     10 │ syncs:
     11 │   web:
        ·   ─┬─
        ·    ╰── `web` deletes nothing
     12 │     syncOptions: { disableSecretDeletion: true }
     13 │   job:
        ·   ─┬─
        ·    ╰── `job` deletes nothing
     14 │     syncOptions: { disableSecretDeletion: true }
        ╰────
      help: Give each its own `keySchema`, such as `A_{{secretKey}}` and `B_{{secretKey}}`; or set `disableSecretDeletion: true` on each; or choose different destinations.

    Found 1 warning.
    Run `secsync explain same-destination` to see why it matters and how to fix it.
    ");

    tree.write("secsync.yaml", "lint: { same-destination: deny }\n");
    run(&tree, &server, "plan", 3);
    // By its result a plan has one sync there: the old one is renamed, replaced or deleted.
    declare(&[("web", "renamedFrom: old")]);
    run(&tree, &server, "plan", 0);
    let elsewhere = "destination: checkly\nconnection: checkly-main\ndestinationConfig: { scope: null, org: null, app: null, accountId: a }";
    declare(&[("web", ""), ("old", elsewhere)]);
    run(&tree, &server, "plan", 0);
    declare(&[("web", ""), ("old", "ensure: absent")]);
    run(&tree, &server, "plan", 0);
    declare(&[("web", "")]);
    run(&tree, &server, "plan --prune", 0);
}

#[test]
fn a_chain_of_renames_leaves_nothing_behind() {
    let server = Server::new(&world());
    let tree = Tree::new(&[("secsync.yaml", "lint: { same-destination: deny }\n")]);
    let app = |app: &str| format!("destinationConfig: {{ app: {app} }}");
    let declare = |names: [&str; 2], more: [&str; 2]| {
        let lines = [app("one") + "\n" + more[0], app("two") + "\n" + more[1]];
        let syncs = [(names[0], &*lines[0]), (names[1], &*lines[1])];
        tree.write("syncs/a.yaml", file("payments", &syncs));
    };
    declare(["a", "b"], ["", ""]);
    run(&tree, &server, "apply --auto-approve", 0);
    declare(["b", "c"], ["renamedFrom: a", "renamedFrom: b"]);
    run(&tree, &server, "plan", 0);
}

#[test]
fn an_apply_shows_it_before_it_does_anything_and_is_stopped_if_it_is_denied() {
    let server = Server::new(&world());
    let tree = Tree::new(&[("secsync.yaml", "lint: { same-destination: deny }\n")]);
    let declare = |syncs: &[(&str, &str)]| tree.write("syncs/a.yaml", file("payments", syncs));
    declare(&[("old", "secretPath: /api")]);
    run(&tree, &server, "apply --auto-approve", 0);
    server.requests();
    declare(&[("web", "")]);
    let output = run(&tree, &server, "apply --auto-approve", 3);
    assert_eq!(findings(&output.stderr), 1, "{output}");
    let writes = |request: &String| request.contains("/secret-syncs/");
    assert!(!server.requests().iter().any(writes));

    tree.write("secsync.yaml", "");
    let apply = tree.secsync("apply --auto-approve").on(&server);
    let merged = apply.through(&["sh", "-c", "exec \"$0\" \"$@\" 2>&1"]);
    let output = merged.run().exits_with(0);
    assert_eq!(findings(&output.stdout), 1, "{output}");
    let place = |text: &str| output.stdout.find(text).unwrap();
    assert!(place("same-destination") < place("will be created"));
}

#[test]
fn projects_with_connections_of_one_name_are_two_places() {
    let mut world = world();
    world["connections"] = json!([
        {"app": "humanitec", "name": "humanitec-main", "project": "payments"},
        {"app": "humanitec", "name": "humanitec-main", "project": "shop"},
    ]);
    world["projects"][1]["environments"] = json!([{"slug": "prod"}]);
    let server = Server::new(&world);
    let tree = Tree::new(&[
        ("syncs/a.yaml", &file("payments", &[("api", "")])),
        ("syncs/b.yaml", &file("shop", &[("web", "")])),
    ]);
    assert!(
        tree.secsync("validate")
            .run()
            .stderr
            .contains("same-destination")
    );
    let output = run(&tree, &server, "plan", 0);
    assert!(!output.stderr.contains("same-destination"), "{output}");
}

#[test]
fn a_server_that_blocks_a_second_sync_to_one_place_is_explained_by_the_first_one() {
    let server = Server::with(&world(), |options| options.block_duplicates = true);
    let tree = Tree::new(&[]);
    let declare = |syncs: &[(&str, &str)]| tree.write("syncs/a.yaml", file("payments", syncs));
    let refused = || {
        let output = run(&tree, &server, "apply syncs --auto-approve", 5);
        let (_, said) = output.stdout.split_once("Failed: ").unwrap();
        output.harmless(said.lines().next().unwrap())
    };
    let elsewhere = "destinationConfig: { app: other }";
    declare(&[("api", ""), ("web", elsewhere)]);
    run(&tree, &server, "apply syncs --auto-approve", 0);

    declare(&[("api", ""), ("web", elsewhere), ("job", "")]);
    assert_snapshot!(refused(), @r#"infisical/payments/job: Cannot create the sync "job": Infisical says: A secret sync with this destination already exists in project [UUID]. `infisical/payments/api` has the same destination."#);
    declare(&[("api", ""), ("web", "")]);
    assert_snapshot!(refused(), @r#"infisical/payments/web: Cannot update the sync "[UUID]": Infisical says: A secret sync with this destination already exists in project [UUID]. `infisical/payments/api` has the same destination."#);
}
