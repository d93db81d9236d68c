//! `secsync export`: sync files of what is there.

use std::sync::Arc;

use secsync::sandbox::Catalog;
use secsync::schema::store::SchemaStore;
use serde_json::{Value, json};

use super::support::{FILE, applied_on, delete_folder, world};
use crate::harness::{Output, Routes, Server, Tree};
use secsync::provider::infisical;

/// A server on which somebody clicked two syncs together.
fn server() -> Server {
    let server = Server::new(&world());
    applied_on(&server, "apply --auto-approve --wait", 0);
    server.requests();
    server
}

#[track_caller]
fn run(tree: &Tree, server: &Server, arguments: &str, exit: i32) -> Output {
    tree.secsync(arguments).on(server).run().exits_with(exit)
}

#[track_caller]
fn has_nothing_to_do(tree: &Tree, server: &Server) {
    let plan = run(tree, server, "plan --detailed-exitcode", 0);
    assert!(plan.stdout.contains("No changes."), "{plan}");
}

#[test]
fn exports_remote_syncs_by_names_and_plans_nothing_afterwards() {
    let (tree, server) = (Tree::new(&[]), server());
    let exported = run(
        &tree,
        &server,
        "export --project payments --project shop --dir syncs",
        0,
    );
    insta::assert_snapshot!(exported, @"
    $ secsync export --project payments --project shop --dir syncs
    Wrote syncs/payments.yaml: 2 syncs.
    Wrote .secsync/sync-file.json, with which editors complete and check sync files.
    shop: It has no sync that this identity can read.

    Export complete! 2 syncs. `secsync plan` has nothing to do for them.
    --- exit 0
    ");
    insta::assert_snapshot!(tree.read("syncs/payments.yaml"), @"
    # yaml-language-server: $schema=../.secsync/sync-file.json
    version: 1
    provider: infisical
    project: payments
    syncs:
      api:
        destination: humanitec
        connection: humanitec-main
        environment: prod
        secretPath: /api
        description: The API
        syncOptions:
          initialSyncBehavior: overwrite-destination
          disableSecretDeletion: true
        destinationConfig:
          scope: application
          app: api
          org: acme
      web:
        destination: humanitec
        connection: humanitec-main
        environment: prod
        secretPath: /web
        syncOptions:
          initialSyncBehavior: overwrite-destination
          disableSecretDeletion: true
        destinationConfig:
          scope: application
          app: web
          org: acme
    ");
    assert!(!tree.has("syncs/shop.yaml"));
    tree.secsync("validate").run().exits_with(0);
    has_nothing_to_do(&tree, &server);
}

#[test]
fn each_project_is_listed_once_and_names_are_looked_up_once() {
    let (tree, server) = (Tree::new(&[]), server());
    run(&tree, &server, "export --all-projects --dir syncs", 0);
    let requests = server.requests();
    let count = |part: &str| {
        requests
            .iter()
            .filter(|request| request.contains(part))
            .count()
    };
    let lists = (
        count("/secret-syncs?"),
        count("/projects"),
        count("/app-connections/"),
    );
    assert_eq!((lists, requests.len()), ((2, 1, 1), 5), "{requests:?}");
}

#[test]
fn without_a_place_the_files_go_to_standard_output_and_nothing_else_does() {
    let (tree, server) = (Tree::new(&[]), server());
    let exported = run(&tree, &server, "export --project Payments --target web", 0);
    tree.write("syncs/all.yaml", &exported.stdout);
    let line = "# yaml-language-server: $schema=../.secsync/sync-file.json\n";
    assert!(exported.stdout.starts_with(line), "{exported}");
    assert!(
        exported.stderr.contains("Export complete! 1 sync."),
        "{exported}"
    );
    has_nothing_to_do(&tree, &server);
    let refused = run(&tree, &server, "export -o json", 64);
    assert!(refused.stderr.contains("another format"), "{refused}");
}

#[test]
fn nothing_to_export_is_explained() {
    let tree = Tree::new(&[]);
    let server = Routes::infisical().with("GET", "/api/v1/projects", &json!({"projects": []}));
    let run = server.serve(tree.secsync("export --all-projects"));
    insta::assert_snapshot!(run.run().exits_with(0), @"
    $ secsync export --all-projects
    --- stderr
    This identity sees no project.

    Nothing was exported.
    --- exit 0
    ");
}

#[test]
fn a_dash_is_standard_output() {
    let (tree, server) = (Tree::new(&[]), server());
    let export = "export --project Payments --target web";
    let dash = run(&tree, &server, &format!("{export} --out -"), 0);
    assert_eq!(dash.stdout, run(&tree, &server, export, 0).stdout);
    assert!(!tree.has("-"));
}

#[test]
fn what_is_declared_or_ignored_is_left_out_and_taken_with_all() {
    let server = server();
    let tree = Tree::new(&[
        (
            "secsync.yaml",
            "include: [syncs]\nunmanaged: {ignore: [\"web\"]}\n",
        ),
        (
            "syncs/payments.yaml",
            &FILE.replace(
                "  web:\n    secretPath: /web\n    destinationConfig: {app: web}\n",
                "",
            ),
        ),
    ]);
    let exported = run(&tree, &server, "export", 0);
    assert_eq!(exported.stdout, "", "{exported}");
    insta::assert_snapshot!(exported.stderr, @"
    payments: 1 sync is already declared.
    payments: 1 sync is ignored by `unmanaged.ignore`.

    Nothing was exported.
    ");
    let exported = run(&tree, &server, "export --all", 0);
    assert!(
        exported.stdout.contains("  api:\n") && exported.stdout.contains("  web:\n"),
        "{exported}"
    );
}

/// An id of a connection.
const CONNECTION: &str = "c0ffee00-0000-4000-8000-000000000000";

#[test]
fn writes_ids_if_asked_or_if_connections_cannot_be_listed() {
    let tree = Tree::new(&[]);
    let server = server();
    let exported = run(&tree, &server, "export --project payments --ids", 0).stdout;
    assert!(exported.contains("    connectionId: "), "{exported}");
    assert!(!exported.contains("project: payments"), "{exported}");

    let mut world = world();
    world["connections"][0]["id"] = CONNECTION.into();
    let server = Server::failing(&world, &["connections=403"]);
    let by_id = FILE.replace(
        "connection: humanitec-main",
        &format!("connectionId: {CONNECTION}"),
    );
    let maker = Tree::new(&[("syncs/a.yaml", &by_id)]);
    run(&maker, &server, "apply --auto-approve", 0);
    let exported = run(&tree, &server, "export --project payments", 0);
    let line = format!("    connectionId: {CONNECTION}\n");
    assert!(exported.stdout.contains(&line), "{exported}");
    assert!(exported.stderr.contains("may not list them"), "{exported}");
}

#[test]
fn overwrites_an_existing_file_only_with_force_and_never_loses_a_declaration() {
    let server = server();
    let tree = Tree::new(&[
        ("syncs/payments.yaml", FILE),
        ("out/payments.yaml", "mine\n"),
    ]);
    let refused = run(&tree, &server, "export --all --dir out", 1);
    insta::assert_snapshot!(refused.stderr, @"
    Error: The file out/payments.yaml already exists. Nothing was written.
      Name another place; add to it with `secsync import --into`; or overwrite it with --force.
    ");
    assert_eq!(tree.read("out/payments.yaml"), "mine\n");
    run(&tree, &server, "export --all --dir out --force", 0);
    assert!(tree.read("out/payments.yaml").contains("  web:\n"));

    let kept = FILE.replace("  api:\n", "  other:\n    name: api\n    labels: {a: b}\n");
    tree.write("syncs/payments.yaml", &kept);
    let refused = run(
        &tree,
        &server,
        "export --all --target web --dir syncs --force",
        1,
    );
    assert!(refused.stderr.contains("declares `api`"), "{refused}");
    assert_eq!(tree.read("syncs/payments.yaml"), kept);
}

#[test]
fn leaves_out_a_sync_without_its_source_folder_and_says_so_in_the_file() {
    let (tree, server) = (Tree::new(&[]), server());
    let exported = run(&tree, &server, "export --project payments --ids", 0).stdout;
    let project = exported.split("project: ").nth(1).unwrap();
    let project = project.lines().next().unwrap();
    delete_folder(&server, project, "prod", "web");
    let exported = run(&tree, &server, "export --project payments --dir syncs", 0);
    insta::assert_snapshot!(exported.stderr, @r#"
    Warning: payments/web was left out. Its source folder was deleted. Give it another one on the platform and try again, or delete it there.
      The next `secsync apply --prune` would delete what no file declares. To keep it, write this into secsync.yaml: `unmanaged: {ignore: ["web"]}`
    "#);
    assert!(
        tree.read("syncs/payments.yaml")
            .contains("\n# - web: Its source folder was deleted.")
    );
    has_nothing_to_do(&tree, &server);
}

/// A server whose syncs have an option that the bundled schemas do not know, switched on in one.
fn newer_server() -> Server {
    let store = SchemaStore::bundled();
    let schemas = store
        .destinations(infisical::PLATFORM)
        .into_iter()
        .map(|slug| {
            let key = (infisical::PLATFORM, slug);
            let file = store.file(&key).unwrap().unwrap();
            let mut schema: Value = serde_json::from_str(&file.to_text(&key)).unwrap();
            for body in ["create", "update", "read"] {
                let options = &mut schema["$defs"][body]["properties"]["syncOptions"];
                options["properties"]["brandNew"] = json!({"type": "boolean"});
            }
            schema
        });
    let catalog = Arc::new(Catalog::from_schemas(schemas));
    let server = Server::with(&world(), |options| options.catalog = catalog);
    let maker = Tree::new(&[]);
    run(&maker, &server, "schema pull --from-server", 0);
    maker.write(
        "syncs/payments.yaml",
        FILE.replace(
            "    secretPath: /web\n",
            "    secretPath: /web\n    syncOptions: {brandNew: true}\n",
        ),
    );
    run(&maker, &server, "apply --auto-approve --wait", 0);
    server
}

#[test]
fn a_field_that_the_schemas_do_not_know_is_named_and_with_the_servers_own_it_is_exported() {
    let (tree, server) = (Tree::new(&[]), newer_server());
    let exported = run(&tree, &server, "export --project payments --dir syncs", 0);
    insta::assert_snapshot!(exported.stderr, @"
    Note: `syncOptions.brandNew` is set on 1 sync of infisical/payments, and the schemas in use do not know it.
      Run `secsync schema pull --from-server`, so that it can be declared and compared.
    ");
    assert!(tree.read("syncs/payments.yaml").contains("  web:\n"));
    has_nothing_to_do(&tree, &server);
    run(&tree, &server, "schema pull --from-server", 0);
    run(
        &tree,
        &server,
        "export --project payments --dir syncs --force --all",
        0,
    );
    assert!(
        tree.read("syncs/payments.yaml")
            .contains("      brandNew: true\n")
    );
    has_nothing_to_do(&tree, &server);
}

#[test]
fn exports_and_reports_what_a_lint_denies() {
    let server = Server::new(&world());
    let maker = Tree::new(&[(
        "syncs/a.yaml",
        &FILE.replace(", disableSecretDeletion: true", ""),
    )]);
    run(&maker, &server, "apply --auto-approve --wait", 0);
    let tree = Tree::new(&[("secsync.yaml", "lint: {destructive-first-sync: deny}\n")]);
    let exported = run(
        &tree,
        &server,
        "export --project payments --dir syncs --target web",
        0,
    );
    assert!(
        tree.read("syncs/payments.yaml").contains("  web:\n"),
        "{exported}"
    );
    assert!(
        exported.stderr.contains("syncs/payments.yaml:"),
        "{exported}"
    );
    tree.secsync("validate").run().exits_with(3);
}

#[test]
fn defaults_of_the_workspace_do_not_change_what_is_exported_into_it() {
    let server = server();
    let tree = Tree::new(&[(
        "secsync.yaml",
        "include: [syncs]\nvariables: {D: {default: inherited}}\ndefaults:\n  description: ${var.D}\n  isAutoSyncEnabled: false\n  \
         syncOptions: {keySchema: \"A_{{secretKey}}\"}\n  destinationConfig: {scope: environment, env: x}\n",
    )]);
    run(&tree, &server, "export --project payments --dir syncs", 0);
    let text = tree.read("syncs/payments.yaml");
    assert!(
        text.contains("    description: null\n") && text.contains("      keySchema: null\n"),
        "{text}"
    );
    has_nothing_to_do(&tree, &server);
}

#[test]
fn writes_a_file_for_each_destination_below_its_project() {
    let (tree, server) = (Tree::new(&[]), server());
    let arguments = "export --project payments --dir syncs --split destination -o json";
    let document = run(&tree, &server, arguments, 0).json();
    assert_eq!(
        document["files"][0]["file"],
        "syncs/payments/humanitec.yaml"
    );
    assert_eq!(
        document["files"][0]["syncs"][0],
        json!({"project": "payments", "name": "api"})
    );
    let line = "# yaml-language-server: $schema=../../.secsync/sync-file.json\n";
    assert!(tree.read("syncs/payments/humanitec.yaml").starts_with(line));
    has_nothing_to_do(&tree, &server);
}

#[test]
fn reports_a_file_that_the_workspace_does_not_load() {
    let server = server();
    let tree = Tree::new(&[("secsync.yaml", "include: [\"syncs/*.yaml\"]\n")]);
    let written = |dir: &str| {
        run(
            &tree,
            &server,
            &format!("export --project payments --dir {dir}"),
            0,
        )
        .stdout
    };
    assert!(written("other").contains("no pattern of `include:` in secsync.yaml matches it"));
    assert!(!written("syncs").contains("include"));
}

#[test]
fn applies_selectors_to_remote_syncs_and_rejects_one_that_cannot_match() {
    let (tree, server) = (Tree::new(&[]), server());
    let selected = "export --project payments -l environment=prod,destination=hum* --target a*";
    let exported = run(&tree, &server, selected, 0).stdout;
    assert!(
        exported.contains("  api:\n") && !exported.contains("  web:\n"),
        "{exported}"
    );
    let refused = run(&tree, &server, "export --project payments --target x*", 64);
    assert!(
        refused
            .stderr
            .contains("`--target x*` matches no remote sync"),
        "{refused}"
    );
}

#[test]
fn reports_a_missing_unknown_or_forbidden_project() {
    let (tree, server) = (Tree::new(&[]), server());
    let reported = |arguments: &str, exit: i32| run(&tree, &server, arguments, exit).stderr;
    assert!(reported("export", 64).contains("--all-projects"));
    assert!(reported("export --project paymets", 64).contains("Did you mean `payments`?"));
    assert!(reported("export --provider nope", 64).contains("The provider `nope` is unknown"));
    let refused = reported("export --project payments --allow-project shop", 4);
    assert!(refused.contains("`payments`"), "{refused}");
    let exported = run(
        &tree,
        &server,
        "export --all-projects --allow-project shop",
        0,
    );
    assert_eq!(exported.stdout, "", "{exported}");
    assert!(reported("export --project shop", 0).contains("no sync that this identity can read"));
}

#[test]
fn of_enkryptify_nothing_can_be_exported() {
    let tree = Tree::new(&[]);
    let refused = tree
        .secsync("export --provider enkryptify")
        .run()
        .exits_with(64);
    insta::assert_snapshot!(refused.stderr, @"
    Error: The provider `enkryptify` is Enkryptify, which does not show its syncs, so that nothing can be exported.
      Declare each one with `secsync import --started-as`, with the id that the dashboard shows.
    ");
}

#[test]
fn half_an_answer_is_an_error_and_nothing_is_written() {
    let tree = Tree::new(&[]);
    for fault in [
        "list=truncate",
        "list=nonsense",
        "list=403",
        "projects=nonsense",
    ] {
        let server = Server::failing(&world(), &[fault]);
        let arguments = "export --project payments --dir syncs";
        let refused = tree.secsync(arguments).on(&server).run();
        assert!(matches!(refused.code, Some(1 | 4)), "{fault}: {refused}");
        assert!(!tree.has("syncs"), "{fault}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn fails_if_standard_output_cannot_be_written() {
    let (tree, server) = (Tree::new(&[]), server());
    for arguments in ["export --project payments", "import web --project payments"] {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let output = tree
            .secsync(arguments)
            .on(&server)
            .command()
            .stdin(std::process::Stdio::null())
            .stdout(full.unwrap())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments}");
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            "Error: Standard output cannot be written: there is no space left.\n",
            "{arguments}"
        );
    }
}

#[test]
fn exports_invisible_characters_as_escapes_of_the_same_meaning() {
    let server = Server::new(&world());
    let hidden = FILE.replace(
        "The API",
        "\"The\\u202E API\\U000E0041\\nof two lines\\u200b\"",
    );
    let tree = Tree::new(&[("syncs/payments.yaml", &hidden)]);
    run(&tree, &server, "apply --auto-approve --wait", 0);
    let tree = Tree::new(&[]);
    let exported = run(&tree, &server, "export --project payments", 0).stdout;
    let description = r#"    description: "The\u202E API\U000E0041\nof two lines\u200B""#;
    assert!(exported.contains(description), "{exported}");
    tree.write("syncs/payments.yaml", &exported);
    has_nothing_to_do(&tree, &server);
    let tree = Tree::new(&[]);
    run(
        &tree,
        &server,
        "import infisical/payments/api --into syncs/api.yaml",
        0,
    );
    assert!(tree.read("syncs/api.yaml").contains(description));
    has_nothing_to_do(&tree, &server);
}

/// The command lines below the list of what is not declared.
fn advised(plan: &Output) -> Vec<String> {
    let (_, list) = plan.stdout.split_once("not declared:").unwrap();
    let lines = list
        .lines()
        .filter_map(|line| line.strip_prefix("  secsync "));
    lines.map(str::to_owned).collect()
}

#[test]
fn what_is_not_declared_is_followed_by_the_line_that_exports_it() {
    let server = server();
    let one = FILE.replace(
        "  api:\n    secretPath: /api\n    description: The API\n    destinationConfig: {app: api}\n",
        "",
    );
    // Of the whole workspace an export knows what is declared, and of other files it does not.
    for (place, plan) in [
        ("syncs/web.yaml", "plan -v"),
        ("web.yaml", "plan -v web.yaml"),
    ] {
        let tree = Tree::new(&[(place, &one)]);
        let planned = run(&tree, &server, plan, 0);
        let commands = advised(&planned);
        let [command] = commands.as_slice() else {
            panic!("{planned}");
        };
        let exported = run(&tree, &server, command, 0);
        assert!(exported.stdout.contains("  api:\n"), "{planned}{exported}");
        assert!(!exported.stdout.contains("  web:\n"), "{planned}{exported}");
    }
}
