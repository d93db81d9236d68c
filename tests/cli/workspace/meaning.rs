//! What comparing, planning and applying mean, sentence by sentence, if no other test says it
//! from the outside.

use serde_json::Value;

use super::support::{FILE, applied_on, world};
use crate::harness::{Output, Server, Tree, repository};

#[track_caller]
fn run(tree: &Tree, server: &Server, arguments: &str, exit: i32) -> Output {
    tree.secsync(arguments).on(server).run().exits_with(exit)
}

/// The actions of a plan, each with the sync's name.
fn actions(tree: &Tree, server: &Server, arguments: &str) -> Vec<String> {
    let plan = run(tree, server, &format!("{arguments} -o json"), 0).json();
    let actions = plan["actions"].as_array().unwrap().iter();
    let reported = |action: &Value| format!("{} {}", action["action"], action["name"]);
    actions
        .map(|action| reported(action).replace('"', ""))
        .collect()
}

#[test]
fn an_infisical_sync_is_its_name_in_a_project_whatever_its_destination() {
    let twice = FILE.to_owned() + "  elsewhere: {name: web, destination: vercel}\n";
    let tree = Tree::new(&[("syncs/a.yaml", &twice)]);
    let refused = tree.secsync("validate").run().exits_with(3);
    assert!(
        refused.stderr.contains("`web` is declared twice"),
        "{refused}"
    );
}

#[test]
fn an_enkryptify_sync_is_its_name_in_a_project_for_one_destination() {
    let server = Server::new(&world());
    let start = |key: &str, destination: &str| {
        format!(
            "provider: enkryptify\nproject: prj\nsyncs:\n  {key}: {{name: web, destination: {destination}}}\n"
        )
    };
    let tree = Tree::new(&[
        ("syncs/a.yaml", &start("a", "vercel")),
        ("syncs/b.yaml", &start("b", "netlify")),
    ]);
    run(&tree, &server, "state init", 0);
    run(&tree, &server, "apply --auto-approve", 0);
    assert_eq!(server.starts(), 2);
    tree.write("syncs/c.yaml", start("c", "vercel"));
    tree.secsync("validate").run().exits_with(3);
}

#[test]
fn an_unknown_connection_lists_its_candidates() {
    let server = Server::new(&world());
    let tree = Tree::new(&[("syncs/a.yaml", &FILE.replace("humanitec-main", "other"))]);
    let refused = run(&tree, &server, "plan", 3).stderr;
    assert!(
        refused.contains("This identity may use `humanitec-main`."),
        "{refused}"
    );
}

#[test]
fn ignores_differences_in_the_form_that_the_platform_stores() {
    let server = Server::new(&world());
    let tree = applied_on(&server, "apply --auto-approve", 0);
    let same = FILE
        .replace("secretPath: /web", "secretPath: /web/")
        .replace("description: The API", "description: \" The API  \"");
    tree.write("syncs/payments.yaml", same);
    run(&tree, &server, "plan --detailed-exitcode", 0);
    for blank in ["\"\"", "\"  \"", "null"] {
        let blank = format!("description: {blank}");
        tree.write(
            "syncs/payments.yaml",
            FILE.replace("description: The API", &blank),
        );
        run(&tree, &server, "apply --auto-approve", 0);
        run(&tree, &server, "plan --detailed-exitcode", 0);
    }
}

#[test]
fn everything_else_is_compared_exactly() {
    let server = Server::new(&world());
    let tree = applied_on(&server, "apply --auto-approve", 0);
    for (old, new) in [
        ("org: acme", "org: Acme"),
        ("The API", "The api"),
        (
            "disableSecretDeletion: true",
            "disableSecretDeletion: true, keySchema: \"\"",
        ),
    ] {
        tree.write("syncs/payments.yaml", FILE.replace(old, new));
        run(&tree, &server, "plan --detailed-exitcode", 2);
    }
}

#[test]
fn a_key_that_is_set_remotely_and_not_declared_is_shown_as_a_removal_and_goes() {
    let server = Server::new(&world());
    let tree = applied_on(&server, "apply --auto-approve", 0);
    tree.write(
        "syncs/payments.yaml",
        FILE.replace(", disableSecretDeletion: true", ""),
    );
    let plan = run(&tree, &server, "plan", 0).stdout;
    assert_eq!(
        plan.matches("- syncOptions.disableSecretDeletion: true")
            .count(),
        2,
        "{plan}"
    );
    run(&tree, &server, "apply --auto-approve", 0);
    run(&tree, &server, "plan --detailed-exitcode", 0);
}

#[test]
fn what_the_web_page_stores_for_nothing_is_no_difference_and_is_not_exported() {
    let server = Server::new(&world());
    let stored = "disableSecretDeletion: false, keySchema: \"\"";
    let tree = Tree::new(&[(
        "syncs/payments.yaml",
        &FILE.replace("disableSecretDeletion: true", stored),
    )]);
    run(&tree, &server, "apply syncs --auto-approve", 0);
    run(&tree, &server, "plan syncs --detailed-exitcode", 0);
    let undeclared = FILE.replace(", disableSecretDeletion: true", "");
    tree.write("syncs/payments.yaml", undeclared);
    run(&tree, &server, "plan syncs --detailed-exitcode", 0);
    let exported = run(&tree, &server, "export --project payments --all", 0).stdout;
    let is_left_out = |field| !exported.contains(field);
    assert!(
        is_left_out("keySchema") && is_left_out("disableSecretDeletion"),
        "{exported}"
    );
}

#[test]
fn a_remote_key_that_the_schema_in_use_does_not_know_is_named_and_blocks_only_what_would_erase_it()
{
    let server = Server::new(&world());
    let tree = applied_on(&server, "apply --auto-approve", 0);
    let older = older_schema("disableSecretDeletion");
    tree.write(".secsync/schemas/infisical/humanitec.json", older);
    let declared = FILE.replace(", disableSecretDeletion: true", "");
    tree.write("syncs/payments.yaml", declared);
    let plan = run(&tree, &server, "plan --detailed-exitcode", 0);
    insta::assert_snapshot!(plan.stdout, @"
    No changes. All 2 declared syncs are as they should be.

    Note: `syncOptions.disableSecretDeletion` is set on 2 syncs of infisical/payments, and the schemas in use do not know it.
      Run `secsync schema pull --from-server`, so that it can be declared and compared.
    ");
    for format in ["github", "sarif", "junit", "markdown", "html", "unified"] {
        for command in ["plan", "drift"] {
            if (command, format) == ("drift", "unified") {
                continue;
            }
            let output = run(&tree, &server, &format!("{command} -o {format}"), 0);
            assert!(output.stdout.contains("disableSecretDeletion"), "{output}");
        }
    }
    let drift = run(&tree, &server, "drift -o json", 0).json();
    assert_eq!(drift["unknown"][0]["syncs"], 2);
    let changed = FILE.replace(
        ", disableSecretDeletion: true",
        ", keySchema: \"{{secretKey}}\"",
    );
    tree.write("syncs/payments.yaml", changed);
    let plan = run(&tree, &server, "plan --detailed-exitcode --target web", 2);
    insta::assert_snapshot!(plan.stdout, @r#"
    secsync cannot perform any of the following actions:

      # infisical/payments/web cannot be updated  (syncs/payments.yaml:10)
      x humanitec sync
          + syncOptions.keySchema: "{{secretKey}}"
          Blocked: The remote sync has `syncOptions.disableSecretDeletion` set, which the schema in use does not know and this would erase.
          Run `secsync schema pull --from-server` and declare the field; or name it in `ignoreRemote`, which keeps its value.

    Plan: 0 to add, 0 to change, 0 to destroy, 1 blocked.

    Note: `syncOptions.disableSecretDeletion` is set on 1 sync of infisical/payments, and the schemas in use do not know it.
      Run `secsync schema pull --from-server`, so that it can be declared and compared.
    "#);
    server.requests();
    run(&tree, &server, "apply --auto-approve", 5);
    let is_write = |request: &String| request.starts_with("PATCH");
    assert_eq!(server.requests().into_iter().filter(is_write).count(), 0);
}

/// The bundled schema of humanitec without an option.
fn older_schema(option: &str) -> String {
    fn forget(value: &mut Value, option: &str) {
        match value {
            Value::Object(fields) => {
                fields.remove(option);
                fields.values_mut().for_each(|value| forget(value, option));
            }
            Value::Array(items) => items.iter_mut().for_each(|item| forget(item, option)),
            _ => {}
        }
    }
    let mut schema = serde_json::from_str(&repository("schemas/infisical/humanitec.json")).unwrap();
    forget(&mut schema, option);
    schema.to_string()
}

#[test]
fn what_is_only_in_a_project_that_no_file_names_is_not_pruned() {
    let server = Server::new(&world());
    let tree = applied_on(&server, "apply --auto-approve", 0);
    tree.write(
        "syncs/payments.yaml",
        FILE.replace("project: payments", "project: shop"),
    );
    assert_eq!(
        actions(&tree, &server, "plan --prune"),
        ["create api", "create web"]
    );
}

#[test]
fn a_changed_project_leaves_the_old_sync_unmanaged_while_its_project_is_still_named() {
    let server = Server::new(&world());
    let tree = applied_on(&server, "apply --auto-approve", 0);
    let moved = FILE.replace("  web:\n", "  web:\n    project: shop\n");
    tree.write("syncs/payments.yaml", moved);
    let plan = run(&tree, &server, "plan -o json", 0).json();
    assert_eq!(plan["actions"][0]["action"], "create");
    assert_eq!(plan["unmanaged"][0]["name"], "web");
    assert_eq!(plan["unmanaged"][0]["project"], "payments");
}

#[test]
fn max_deletes_counts_a_replacement_and_a_pruning_too() {
    let server = Server::new(&world());
    let tree = applied_on(&server, "apply --auto-approve", 0);
    let site = "{scope: project, app: prj_site, appName: site, env: production, teamId: t1}";
    let replaced = FILE.replace(
        "    secretPath: /web\n    destinationConfig: {app: web}\n",
        &format!("    destination: vercel\n    connection: vercel-main\n    secretPath: /web\n    destinationConfig: {site}\n"),
    );
    let pruned = replaced.split("  api:").next().unwrap();
    tree.write("syncs/payments.yaml", pruned);
    assert_eq!(
        actions(&tree, &server, "plan --prune"),
        ["delete api", "replace web"]
    );
    server.requests();
    let apply = "apply --prune --auto-approve --max-deletes";
    let refused = run(&tree, &server, &format!("{apply} 1"), 1);
    assert!(
        refused.stderr.contains("deletes or replaces 2 syncs"),
        "{refused}"
    );
    let is_delete = |request: &String| request.starts_with("DELETE");
    assert_eq!(server.requests().into_iter().filter(is_delete).count(), 0);
    run(&tree, &server, &format!("{apply} 2"), 0);
    run(&tree, &server, "plan --prune --detailed-exitcode", 0);
}

#[test]
fn adds_no_trigger_on_change_with_auto_sync_on() {
    let server = Server::new(&world());
    let tree = applied_on(&server, "apply --auto-approve", 0);
    let changed = FILE.replace(
        "description: The API",
        "description: Changed\n    trigger: on-change",
    );
    tree.write("syncs/payments.yaml", changed);
    assert_eq!(actions(&tree, &server, "plan"), ["update api"]);
    run(&tree, &server, "apply --auto-approve --wait", 0);
    assert_eq!(actions(&tree, &server, "plan"), [""; 0]);
}

#[test]
fn continues_after_a_failure_when_run_again() {
    let server = Server::failing(&world(), &["create:web=400@1"]);
    let tree = applied_on(&server, "apply --auto-approve", 5);
    assert_eq!(actions(&tree, &server, "plan"), ["create web"]);
    run(&tree, &server, "apply --auto-approve", 0);
    run(&tree, &server, "plan --detailed-exitcode", 0);
}

#[test]
fn a_start_that_is_recorded_for_one_server_says_nothing_about_another() {
    let servers = [Server::new(&world()), Server::new(&world())];
    let file = "provider: enkryptify\nproject: prj\nsyncs:\n  web: {destination: vercel}\n";
    let tree = Tree::new(&[("syncs/web.yaml", file)]);
    tree.secsync("state init").run().exits_with(0);
    for server in &servers {
        run(&tree, server, "apply --auto-approve", 0);
        run(&tree, server, "plan --detailed-exitcode", 0);
        assert_eq!(server.starts(), 1);
    }
}

#[test]
fn what_can_be_read_back_leaves_no_state() {
    let server = Server::new(&world());
    let tree = applied_on(&server, "apply --auto-approve", 0);
    assert_eq!(tree.files(), ["syncs/payments.yaml"]);
}

#[test]
fn without_wait_an_apply_says_how_many_jobs_it_left_running() {
    let server = Server::new(&world());
    let tree = Tree::new(&[("syncs/payments.yaml", FILE)]);
    let apply = run(&tree, &server, "apply --auto-approve", 0);
    assert!(
        apply
            .stdout
            .contains("2 jobs left running; --wait follows them."),
        "{apply}"
    );
}

#[test]
fn the_first_push_is_named_by_the_update_that_sets_it_off_and_by_its_saved_plan() {
    let idle = FILE.replace("  web:\n", "  web:\n    isAutoSyncEnabled: false\n");
    let server = Server::new(&world());
    let tree = Tree::new(&[("syncs/payments.yaml", &idle)]);
    run(&tree, &server, "apply --auto-approve", 0);
    tree.write("syncs/payments.yaml", FILE);
    let first = "The first sync overwrites secrets at the destination that have the same keys.";
    let plan = run(&tree, &server, "plan --out plan.json", 0);
    assert_eq!(plan.stdout.matches(first).count(), 1, "{plan}");
    let shown = tree.secsync("show plan.json").run().exits_with(0);
    assert_eq!(shown.stdout.matches(first).count(), 1, "{shown}");
}
