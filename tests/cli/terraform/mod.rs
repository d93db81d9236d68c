//! `secsync import --from-terraform`: what Terraform manages becomes sync files.

#![allow(
    clippy::needless_pass_by_value,
    reason = "values are written where they are given"
)]

mod resources;
mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::harness::{Output, Server, Tree};
use support::{CREDENTIAL, PROJECT, at, others, resource_type, server, state, sync};

fn tree(document: &Value) -> Tree {
    Tree::new(&[("state.json", &document.to_string())])
}

#[track_caller]
fn run(tree: &Tree, server: &Server, arguments: &str, exit: i32) -> Output {
    tree.secsync(arguments).on(server).run().exits_with(exit)
}

/// Without a credential.
#[track_caller]
fn offline(tree: &Tree, arguments: &str, exit: i32) -> Output {
    let output = tree.secsync(arguments).run().exits_with(exit);
    let said = format!("{output}");
    assert!(!said.contains(CREDENTIAL), "{said}");
    output
}

/// What a file says of a sync, two levels further left.
fn block(file: &str, key: &str) -> String {
    let lines = file.lines().skip_while(|line| {
        let line = line.trim_matches([' ', ':', '"', '\'']);
        line != key
    });
    let inside = lines.skip(1).map_while(|line| line.strip_prefix("    "));
    inside.flat_map(|line| [line, "\n"]).collect()
}

#[test]
fn all_resources_of_the_provider_import_and_plan_nothing_on_a_server_that_has_them() {
    let resources = resources::all();
    assert_eq!(resources.len(), 17);
    let slug = |kind: &str| kind.replace('_', "-");
    let syncs: Vec<Value> = resources
        .iter()
        .map(|one| sync(one.kind, &slug(one.kind), json!({})))
        .collect();
    let tree = tree(&state(&syncs, &[]));
    let server = server(&resources);
    let imported = run(
        &tree,
        &server,
        "import --from-terraform state.json --dir syncs",
        0,
    );
    assert!(
        imported
            .stdout
            .contains("Import complete! 17 syncs. `secsync plan` has nothing to do"),
        "{imported}"
    );
    assert!(!imported.stderr.contains("left out"), "{imported}");
    let plan = run(&tree, &server, "plan --detailed-exitcode", 0);
    assert!(plan.stdout.contains("No changes."), "{plan}");
}

/// What is declared of one resource, without a server.
#[track_caller]
fn declares(kind: &str) {
    let resources = resources::all();
    let resource = resources.iter().find(|one| one.kind == kind).unwrap();
    let slug = kind.replace('_', "-");
    let tree = tree(&state(&[sync(kind, &slug, json!({}))], &[]));
    let imported = offline(&tree, "import --from-terraform state.json", 0);
    let id = support::connection(resource.app);
    // A word that is a number to some readers is quoted.
    let found = block(&imported.stdout, &slug).replace('"', "");
    let head =
        format!("destination: {slug}\nconnectionId: {id}\nenvironment: prod\nsecretPath: /apps\n");
    let expected = format!("{head}{}", resource.declared).replace('"', "");
    assert_eq!(found, expected, "{imported}");
}

macro_rules! each_resource {
    ($($test:ident: $kind:literal,)*) => {
        $(#[test]
        fn $test() {
            declares($kind);
        })*

        #[test]
        fn each_resource_has_a_test() {
            let kinds: Vec<&str> = resources::all().iter().map(|one| one.kind).collect();
            assert_eq!(kinds, [$($kind),*]);
        }
    };
}

each_resource! {
    declares_1password: "1password",
    declares_aws_parameter_store: "aws_parameter_store",
    declares_aws_secrets_manager: "aws_secrets_manager",
    declares_azure_app_configuration: "azure_app_configuration",
    declares_azure_devops: "azure_devops",
    declares_azure_key_vault: "azure_key_vault",
    declares_bitbucket: "bitbucket",
    declares_circleci: "circleci",
    declares_cloudflare_pages: "cloudflare_pages",
    declares_cloudflare_workers: "cloudflare_workers",
    declares_databricks: "databricks",
    declares_flyio: "flyio",
    declares_gcp_secret_manager: "gcp_secret_manager",
    declares_github: "github",
    declares_gitlab: "gitlab",
    declares_render: "render",
    declares_supabase: "supabase",
}

const GITHUB_REPOSITORY: &str = "github";

fn repository(name: &str) -> Value {
    json!({
        "destination_config": {
            "scope": "repository", "repository_owner": "acme", "repository_name": name,
            "repository_environment": null, "visibility": null, "selected_repository_ids": null,
        },
    })
}

fn github(name: &str) -> Value {
    sync(GITHUB_REPOSITORY, name, repository(name))
}

#[test]
fn modules_instances_and_old_objects_are_read_as_the_state_has_them() {
    let kind = resource_type("github");
    let each =
        |name: &str, key: &str| at(github(name), &format!("{kind}.each[\"{key}\"]"), key.into());
    let mut deposed = github("old");
    deposed["deposed_key"] = "abcd1234".into();
    let mut data = github("read");
    data["mode"] = "data".into();
    data["address"] = format!("data.{kind}.read").into();
    let inner = json!({
        "address": "module.outer[0].module.inner",
        "resources": [at(github("deep"), &format!("module.outer[0].module.inner.{kind}.n[1]"), 1.into())],
    });
    let outer = json!({"address": "module.outer[0]", "child_modules": [inner]});
    let mut resources = vec![
        github("web"),
        each("a", "a"),
        each("b", "it's \\\"b\\\""),
        deposed,
        data,
    ];
    resources.extend(others());
    let tree = tree(&state(&resources, &[outer]));
    let imported = offline(
        &tree,
        "import --from-terraform state.json --into syncs/all.yaml",
        0,
    );
    insta::assert_snapshot!(imported, @r#"
    $ secsync import --from-terraform state.json --into syncs/all.yaml
    Wrote syncs/all.yaml: 4 syncs.
    Wrote .secsync/sync-file.json, with which editors complete and check sync files.

    Import complete! 4 syncs, not compared with the server, because there is no credential for infisical. Run `secsync plan` with one before the first apply.

    Terraform still manages them. To let it go of them without destroying anything, put this in the place of their resource blocks, and apply it:

    removed {
      from = infisical_secret_sync_github.each

      lifecycle {
        destroy = false
      }
    }

    removed {
      from = infisical_secret_sync_github.web

      lifecycle {
        destroy = false
      }
    }

    removed {
      from = module.outer.module.inner.infisical_secret_sync_github.n

      lifecycle {
        destroy = false
      }
    }

    A block lets go of every instance. To let go of single ones instead, take their keys out of the configuration and run:

    terraform state rm 'infisical_secret_sync_github.each["a"]'
    terraform state rm 'infisical_secret_sync_github.each["it'\''s \"b\""]'
    terraform state rm 'module.outer[0].module.inner.infisical_secret_sync_github.n[1]'

    Left alone in Terraform: 1 aws_s3_bucket, 1 infisical_app_connection_github, 1 infisical_project.
    --- exit 0
    "#);
    insta::assert_snapshot!(tree.read("syncs/all.yaml"), @"
    # yaml-language-server: $schema=../.secsync/sync-file.json
    version: 1
    provider: infisical
    project: shop
    syncs:
      web:
        destination: github
        connection: github-main
        environment: prod
        secretPath: /apps
        syncOptions:
          initialSyncBehavior: overwrite-destination
        destinationConfig:
          scope: repository
          owner: acme
          repo: web
      a:
        destination: github
        connection: github-main
        environment: prod
        secretPath: /apps
        syncOptions:
          initialSyncBehavior: overwrite-destination
        destinationConfig:
          scope: repository
          owner: acme
          repo: a
      b:
        destination: github
        connection: github-main
        environment: prod
        secretPath: /apps
        syncOptions:
          initialSyncBehavior: overwrite-destination
        destinationConfig:
          scope: repository
          owner: acme
          repo: b
      deep:
        destination: github
        connection: github-main
        environment: prod
        secretPath: /apps
        syncOptions:
          initialSyncBehavior: overwrite-destination
        destinationConfig:
          scope: repository
          owner: acme
          repo: deep
    ");
    tree.secsync("validate").run().exits_with(0);
}

#[test]
fn an_import_into_a_file_that_is_not_loaded_can_be_repeated() {
    let tree = tree(&state(&[github("web")], &[]));
    for into in ["--dir other", "--into one.yaml"] {
        let import = format!("import --from-terraform state.json {into}");
        offline(&tree, &import, 0);
        let before = tree.files();
        let again = offline(&tree, &import, 0);
        assert!(
            again.stdout.contains("The sync web is already declared: o"),
            "{again}"
        );
        assert!(again.stdout.contains("removed {"), "{again}");
        assert!(again.stderr.is_empty(), "{again}");
        assert_eq!(tree.files(), before);
    }
}

#[test]
fn a_project_that_the_identity_cannot_see_does_not_stop_the_others() {
    let resources: Vec<_> = resources::all()
        .into_iter()
        .filter(|one| one.kind == "flyio")
        .collect();
    let server = server(&resources);
    let mut elsewhere = github("web");
    elsewhere["values"]["project_id"] = "65f1c0ffee65f1c0ffee65f1".into();
    let syncs = [sync("flyio", "flyio", json!({})), elsewhere];
    let tree = tree(&state(&syncs, &[]));
    let import = "import --from-terraform state.json --dir syncs";
    // What was written cannot be compared.
    let imported = run(&tree, &server, import, 3);
    assert!(
        imported.stderr.contains("65f1c0ffee65f1c0ffee65f1"),
        "{imported}"
    );
    assert!(
        imported.stdout.contains("Wrote syncs/shop.yaml: 1 sync."),
        "{imported}"
    );
    assert!(
        tree.read("syncs/65f1c0ffee65f1c0ffee65f1.yaml")
            .contains("web:")
    );
}

#[test]
fn single_instances_are_let_go_by_commands() {
    let kind = resource_type("github");
    let mut broken = github("b");
    broken["values"]["sync_options"]["brand_new"] = "x".into();
    let each =
        |resource: Value, key: &str| at(resource, &format!("{kind}.each[\"{key}\"]"), key.into());
    let document = state(
        &[
            each(github("a"), "it's\\n$(id)"),
            each(broken, "b"),
            github("c"),
            at(github("d"), &format!("{kind}.whole[0]"), 0.into()),
            at(github("e"), &format!("{kind}.whole[1]"), 1.into()),
        ],
        &[],
    );
    let tree = tree(&document);
    let imported = offline(
        &tree,
        "import --from-terraform state.json --dir syncs -q",
        0,
    );
    insta::assert_snapshot!(imported, @r#"
    $ secsync import --from-terraform state.json --dir syncs -q

    Terraform still manages them. To let it go of them without destroying anything, put this in the place of their resource blocks, and apply it:

    removed {
      from = infisical_secret_sync_github.c

      lifecycle {
        destroy = false
      }
    }

    removed {
      from = infisical_secret_sync_github.whole

      lifecycle {
        destroy = false
      }
    }

    A block lets go of every instance. To let go of single ones instead, take their keys out of the configuration and run:

    terraform state rm 'infisical_secret_sync_github.whole[0]'
    terraform state rm 'infisical_secret_sync_github.whole[1]'

    Of some resources only single instances were imported. Take their keys out of the configuration, and run before the next apply:

    terraform state rm 'infisical_secret_sync_github.each["it'\''s\n$(id)"]'
    --- stderr
    Warning: infisical_secret_sync_github.each["b"] was left out. Neither secsync nor the schema of its destination knows its attribute `sync_options.brand_new`. Run `secsync schema pull --from-server`, which reads the server's own schemas, and try again.
      The next `secsync apply --prune` would delete what no file declares. To keep it, write this into secsync.yaml: `unmanaged: {ignore: ["b"]}`
    --- exit 0
    "#);
}

#[test]
fn a_second_import_finds_all_declared_and_adds_what_is_new() {
    let tree = tree(&state(&[github("web")], &[]));
    offline(&tree, "import --from-terraform state.json --dir syncs", 0);
    tree.write(
        "state.json",
        state(&[github("web"), github("api")], &[])
            .to_string()
            .as_str(),
    );
    let again = offline(&tree, "import --from-terraform state.json --dir syncs", 0);
    insta::assert_snapshot!(again, @"
    $ secsync import --from-terraform state.json --dir syncs
    Wrote syncs/[UUID].yaml: 1 sync.
    The sync web is already declared: syncs/[UUID].yaml:6:3.

    Import complete! 1 sync, not compared with the server, because there is no credential for infisical. Run `secsync plan` with one before the first apply.

    Terraform still manages them. To let it go of them without destroying anything, put this in the place of their resource blocks, and apply it:

    removed {
      from = infisical_secret_sync_github.api

      lifecycle {
        destroy = false
      }
    }

    removed {
      from = infisical_secret_sync_github.web

      lifecycle {
        destroy = false
      }
    }
    --- exit 0
    ");
    let validated = tree.secsync("validate -v").run().exits_with(0);
    assert!(validated.stdout.contains("2 syncs"), "{validated}");
}

fn support_tree(resources: &[Value]) -> Tree {
    tree(&state(resources, &[]))
}

#[test]
fn sensitive_values_become_variables_and_are_never_shown() {
    const SECRET: &str = "hunter2-the-owner";
    let mut resource = github("web");
    resource["values"]["destination_config"]["repository_owner"] = SECRET.into();
    resource["sensitive_values"] = json!({
        "connection_id": true,
        "auto_sync_enabled": true,
        "destination_config": {"repository_owner": true, "scope": true},
        "sync_options": {},
    });
    let mut other = github("api");
    other["values"]["project_id"] = "44444444-4444-4444-8444-444444444444".into();
    other["sensitive_values"] = json!({"project_id": true, "secret_path": true});
    other["values"]["secret_path"] = "hunter2/broken path".into();
    let mut third = github("cron");
    third["values"]["project_id"] = "44444444-4444-4444-8444-444444444444".into();
    let mut named = github("hunter2-name");
    named["sensitive_values"] = true.into();
    named["address"] = "infisical_secret_sync_github.named".into();
    let mut resources = vec![resource, other, third, named];
    resources.extend(others());
    let tree = support_tree(&resources);
    let imported = offline(
        &tree,
        "import --from-terraform state.json --into syncs/all.yaml -vvv",
        3,
    );
    let file = tree.read("syncs/all.yaml");
    let said = format!("{imported}{file}");
    assert!(!said.contains("hunter2"), "{said}");
    assert!(!said.contains("44444444-4444"), "{said}");
    insta::assert_snapshot!(file, @r#"
    # yaml-language-server: $schema=../.secsync/sync-file.json
    version: 1
    provider: infisical
    project: "${var.SYNC_GITHUB_API_PROJECT_ID}"
    syncs:
      api:
        destination: github
        connectionId: "${var.SYNC_GITHUB_WEB_CONNECTION_ID}"
        environment: prod
        secretPath: "${var.SYNC_GITHUB_API_SECRET_PATH}"
        syncOptions:
          initialSyncBehavior: overwrite-destination
        destinationConfig:
          scope: repository
          owner: acme
          repo: api
      cron:
        destination: github
        connectionId: "${var.SYNC_GITHUB_WEB_CONNECTION_ID}"
        environment: prod
        secretPath: /apps
        syncOptions:
          initialSyncBehavior: overwrite-destination
        destinationConfig:
          scope: repository
          owner: acme
          repo: cron
    ---
    version: 1
    provider: infisical
    project: shop
    syncs:
      web:
        destination: github
        connectionId: "${var.SYNC_GITHUB_WEB_CONNECTION_ID}"
        environment: prod
        secretPath: /apps
        syncOptions:
          initialSyncBehavior: overwrite-destination
        destinationConfig:
          scope: "${var.SYNC_GITHUB_WEB_SCOPE}"
          owner: "${var.SYNC_GITHUB_WEB_REPOSITORY_OWNER}"
          repo: web
        isAutoSyncEnabled: ${var.SYNC_GITHUB_WEB_AUTO_SYNC_ENABLED}
    "#);
    let again = support_tree(&resources);
    let imported = offline(
        &again,
        "import --from-terraform state.json --into syncs/all.yaml -q",
        3,
    );
    insta::assert_snapshot!(imported, @r#"
    $ secsync import --from-terraform state.json --into syncs/all.yaml -q

    Sensitive values are not in the files. Give each variable its value by `--var NAME=…` or SECSYNC_VAR_NAME:
      SYNC_GITHUB_WEB_CONNECTION_ID  the connection_id of infisical_secret_sync_github.web
      SYNC_GITHUB_WEB_AUTO_SYNC_ENABLED  the auto_sync_enabled of infisical_secret_sync_github.web
      SYNC_GITHUB_WEB_SCOPE  the destination_config.scope of infisical_secret_sync_github.web
      SYNC_GITHUB_WEB_REPOSITORY_OWNER  the destination_config.repository_owner of infisical_secret_sync_github.web
      SYNC_GITHUB_API_PROJECT_ID  the project_id of infisical_secret_sync_github.api
      SYNC_GITHUB_API_SECRET_PATH  the secret_path of infisical_secret_sync_github.api

    Terraform still manages them. To let it go of them without destroying anything, put this in the place of their resource blocks, and apply it:

    removed {
      from = infisical_secret_sync_github.api

      lifecycle {
        destroy = false
      }
    }

    removed {
      from = infisical_secret_sync_github.cron

      lifecycle {
        destroy = false
      }
    }

    removed {
      from = infisical_secret_sync_github.web

      lifecycle {
        destroy = false
      }
    }
    --- stderr
    secret-path-form

      × The sensitive value of `${var.SYNC_GITHUB_API_SECRET_PATH}` is not valid here (secret-path-form).
        ╭─[syncs/all.yaml:10:17]
      9 │     environment: prod
     10 │     secretPath: "${var.SYNC_GITHUB_API_SECRET_PATH}"
        ·                 ────────────────────────────────────
     11 │     syncOptions:
        ╰────

    Found 1 error.
    Run `secsync explain secret-path-form` to see why it matters and how to fix it.
    Warning: infisical_secret_sync_github.named was left out. Its `name` is marked as sensitive, and the name of a sync is shown wherever the sync is. Take the mark off with `nonsensitive(…)`, apply that, and try again.
    --- exit 3
    "#);
    let variables = format!(
        "validate --var SYNC_GITHUB_WEB_REPOSITORY_OWNER=acme --var SYNC_GITHUB_WEB_SCOPE=repository \
         --var SYNC_GITHUB_WEB_AUTO_SYNC_ENABLED=true --var SYNC_GITHUB_API_PROJECT_ID={PROJECT} \
         --var SYNC_GITHUB_WEB_CONNECTION_ID={PROJECT} --var SYNC_GITHUB_API_SECRET_PATH=/apps"
    );
    tree.secsync(&variables).run().exits_with(0);
}

#[test]
fn sensitive_names_of_projects_and_connections_are_not_shown() {
    for marks in [json!(true), json!({"slug": true, "name": true})] {
        let mut resources = vec![github("web")];
        resources.extend(others());
        resources[1]["values"]["slug"] = "hunter2-slug".into();
        resources[1]["values"]["name"] = "hunter2-project".into();
        resources[2]["values"]["name"] = "hunter2-connection".into();
        for resource in &mut resources[1..3] {
            resource["sensitive_values"] = marks.clone();
        }
        let tree = support_tree(&resources);
        let command = "import --from-terraform state.json --into syncs/all.yaml -vvv";
        let imported = offline(&tree, command, 0);
        let file = tree.read("syncs/all.yaml");
        assert!(file.contains("connectionId: "), "{file}");
        let said = format!("{imported}{file}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn sensitive_values_are_compared_with_the_server_and_not_shown() {
    let resources: Vec<_> = resources::all()
        .into_iter()
        .filter(|one| ["flyio", "render"].contains(&one.kind))
        .collect();
    let server = server(&resources);
    let marked = |kind: &str, more: Value| {
        let mut resource = sync(kind, kind, more);
        resource["sensitive_values"] = json!({
            "project_id": true, "connection_id": true, "environment": true, "secret_path": true,
            "sync_options": true, "destination_config": true,
        });
        resource
    };
    let app = |id: &str| json!({"destination_config": {"app_id": id}});
    for (id, exit) in [("f1", 0), ("hunter2-app", 2)] {
        let syncs = [marked("flyio", app(id)), marked("render", json!({}))];
        let tree = tree(&state(&syncs, &[]));
        let import = "import --from-terraform state.json --dir syncs -vvv";
        let imported = run(&tree, &server, import, exit);
        let said = format!("{}{}", imported.stdout, imported.stderr);
        let files: Vec<String> = tree.files().iter().map(|file| tree.read(file)).collect();
        for secret in [PROJECT, "hunter2", "srv-1", "22222222-2222"] {
            assert!(!said.contains(secret), "{secret}: {said}");
            let is_written = |file: &&String| !file.starts_with("{\"") && file.contains(secret);
            assert_eq!(files.iter().find(is_written), None, "{secret}");
        }
    }
}

#[test]
fn a_sensitive_value_that_is_not_valid_is_not_quoted() {
    let mut resource = github("web");
    resource["values"]["destination_config"]["scope"] = "hunter2-scope".into();
    resource["sensitive_values"] = json!({"destination_config": {"scope": true}});
    let mut path = github("api");
    path["values"]["secret_path"] = "hunter2 with {{a}} path".into();
    path["sensitive_values"] = json!({"secret_path": true});
    let mut key = github("cron");
    key["values"]["sync_options"]["initial_sync_behavior"] = "hunter2-behavior".into();
    key["sensitive_values"] = json!({"sync_options": {"initial_sync_behavior": true}});
    let tree = tree(&state(&[resource, path, key], &[]));
    let imported = offline(&tree, "import --from-terraform state.json -vvv", 3);
    let said = format!("{}{}", imported.stdout, imported.stderr);
    assert!(!said.contains("hunter2"), "{said}");
    insta::assert_snapshot!(imported.stdout, @r#"
    # yaml-language-server: $schema=../.secsync/sync-file.json
    # Not declared here, as a sync file cannot say it:
    # - cron: The sensitive value of `${var.SYNC_GITHUB_CRON_INITIAL_SYNC_BEHAVIOR}` is not valid here (wrong-value). Run `secsync schema pull --from-server`, which reads the server's own schemas, and try again.
    version: 1
    provider: infisical
    project: 11111111-1111-4111-8111-111111111111
    syncs:
      api:
        destination: github
        connectionId: 22222222-2222-4222-8222-000000000011
        environment: prod
        secretPath: "${var.SYNC_GITHUB_API_SECRET_PATH}"
        syncOptions:
          initialSyncBehavior: overwrite-destination
        destinationConfig:
          scope: repository
          owner: acme
          repo: api
    "#);
}

#[test]
fn a_server_that_differs_is_reported() {
    let resources: Vec<_> = resources::all()
        .into_iter()
        .filter(|one| ["flyio", "render"].contains(&one.kind))
        .collect();
    let server = server(&resources);
    let changed = json!({"auto_sync_enabled": false, "description": "x"});
    let syncs = [
        sync("flyio", "flyio", changed),
        sync("render", "render", json!({})),
        sync("databricks", "databricks", json!({})),
    ];
    let tree = tree(&state(&syncs, &[]));
    let imported = run(
        &tree,
        &server,
        "import --from-terraform state.json --dir syncs",
        2,
    );
    insta::assert_snapshot!(imported, @"
    $ secsync import --from-terraform state.json --dir syncs
    Wrote syncs/shop.yaml: 3 syncs.
    Wrote .secsync/sync-file.json, with which editors complete and check sync files.

    Import complete! 3 syncs, of which 2 differ from what is on the server.
      shop/databricks: it does not exist there
      shop/flyio: update `description` and `isAutoSyncEnabled`
    An apply would change that, as a plan shows. Correct the files, or refresh Terraform's state and import again.

    Terraform still manages them. To let it go of them without destroying anything, put this in the place of their resource blocks, and apply it:

    removed {
      from = infisical_secret_sync_databricks.databricks

      lifecycle {
        destroy = false
      }
    }

    removed {
      from = infisical_secret_sync_flyio.flyio

      lifecycle {
        destroy = false
      }
    }

    removed {
      from = infisical_secret_sync_render.render

      lifecycle {
        destroy = false
      }
    }
    --- exit 2
    ");
}

fn plan(prior: Option<Value>, changes: Value) -> Value {
    let mut document = json!({
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {}},
        "resource_changes": changes,
        "configuration": {},
    });
    if let Some(prior) = prior {
        document["prior_state"] = prior;
    }
    document
}

fn change(name: &str, actions: Value, unknown: Value) -> Value {
    json!({
        "address": format!("infisical_secret_sync_github.{name}"),
        "mode": "managed",
        "type": "infisical_secret_sync_github",
        "name": name,
        "change": {"actions": actions, "before": null, "after": {}, "after_unknown": unknown},
    })
}

#[test]
fn of_a_plan_the_state_before_it_is_taken_and_what_is_unknown_is_an_error() {
    let prior = state(&[github("web"), github("api"), github("cron")], &[]);
    let changes = json!([
        change("web", json!(["update"]), json!({"id": false})),
        change(
            "api",
            json!(["update"]),
            json!({"connection_id": true, "sync_options": {"tags": [true]}})
        ),
        change("cron", json!(["no-op"]), json!({})),
        change(
            "new",
            json!(["create"]),
            json!({"id": true, "connection_id": true})
        ),
    ]);
    let tree = tree(&plan(Some(prior), changes));
    let imported = offline(
        &tree,
        "import --from-terraform state.json --into syncs/a.yaml -q",
        1,
    );
    insta::assert_snapshot!(imported, @r#"
    $ secsync import --from-terraform state.json --into syncs/a.yaml -q
    Warning: infisical_secret_sync_github.web would be changed by the plan. What it is now was imported.

    Terraform still manages them. To let it go of them without destroying anything, put this in the place of their resource blocks, and apply it:

    removed {
      from = infisical_secret_sync_github.cron

      lifecycle {
        destroy = false
      }
    }

    removed {
      from = infisical_secret_sync_github.web

      lifecycle {
        destroy = false
      }
    }
    --- stderr
    Error: infisical_secret_sync_github.api was not imported. The plan changes it, and `connection_id` and `sync_options.tags.0` are not known until apply.
      Bring it up to date with `terraform apply`, print the state again, and import that.
    Error: infisical_secret_sync_github.new was not imported. It does not exist yet, and `connection_id` is not known until apply.
      Bring it up to date with `terraform apply`, print the state again, and import that.
      The next `secsync apply --prune` would delete what no file declares. To keep it, write this into secsync.yaml: `unmanaged: {ignore: ["api"]}`
    --- exit 1
    "#);
    let file = tree.read("syncs/a.yaml");
    assert!(file.contains("  web:") && file.contains("  cron:") && !file.contains("  api:"));
}

#[test]
fn what_is_no_such_document_is_named_with_the_command_that_prints_one() {
    let first = plan(
        None,
        json!([change(
            "new",
            json!(["create"]),
            json!({"id": true, "connection_id": true})
        )]),
    );
    let raw = json!({"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "x", "resources": []});
    let old = json!({"format_version": "0.2", "values": {}});
    let hcl =
        "# The syncs.\nresource \"infisical_secret_sync_github\" \"web\" {\n  name = \"web\"\n}\n";
    let broken = format!("{{\"format_version\": \"1.0\", \"values\": \"{CREDENTIAL}\"}}");
    let mut said = String::new();
    for text in [
        first.to_string().as_str(),
        &raw.to_string(),
        &old.to_string(),
        hcl,
        &broken,
        "",
        "[]",
        "{\"format_version\": \"1.0\", ",
        "{\"format_version\": \"1.0\", x",
        "{\"@level\": \"info\"}\n{\"@level\": \"info\"}\n",
        "{}",
        "# infisical_secret_sync_github.web:\nname = \"web\"\n",
    ] {
        let tree = Tree::new(&[("state.json", text)]);
        said += &offline(&tree, "import --from-terraform state.json", 1).stderr;
    }
    insta::assert_snapshot!(said, @"
    Error: The file state.json cannot be imported: it is a plan without a prior state, so that nothing of it exists yet: `connection_id` of infisical_secret_sync_github.new is not known until apply.
      Apply it with Terraform, and import the state: `terraform show -json > FILE`.
    Error: The file state.json cannot be imported: it is Terraform's own file of a state, whose form may change with each version.
      Let Terraform print it: `terraform show -json terraform.tfstate > FILE`.
    Error: The file state.json cannot be imported: it has the format version 0.2, and secsync reads version 1.
      Print it with a Terraform or OpenTofu of version 1.1 or later: `terraform show -json > FILE`.
    Error: The file state.json cannot be imported: it is a Terraform configuration, which says what is wanted and not what there is.
      Print the state where Terraform runs, `terraform show -json > FILE`, or a saved plan, `terraform show -json PLANFILE > FILE`.
    Error: The file state.json cannot be imported: it does not have the form of `terraform show -json` at line 1, column 63.
      Print the state where Terraform runs, `terraform show -json > FILE`, or a saved plan, `terraform show -json PLANFILE > FILE`.
    Error: The file state.json cannot be imported: it is empty.
      Print the state where Terraform runs, `terraform show -json > FILE`, or a saved plan, `terraform show -json PLANFILE > FILE`.
    Error: The file state.json cannot be imported: it is not the JSON that Terraform prints.
      Print the state where Terraform runs, `terraform show -json > FILE`, or a saved plan, `terraform show -json PLANFILE > FILE`.
    Error: The file state.json cannot be imported: it ends in the middle, at line 1, column 26.
      Print the state where Terraform runs, `terraform show -json > FILE`, or a saved plan, `terraform show -json PLANFILE > FILE`.
    Error: The file state.json cannot be imported: it is not JSON at line 1, column 27.
      Print the state where Terraform runs, `terraform show -json > FILE`, or a saved plan, `terraform show -json PLANFILE > FILE`.
    Error: The file state.json cannot be imported: it is a log of Terraform and neither a state nor a plan.
      Print the state where Terraform runs, `terraform show -json > FILE`, or a saved plan, `terraform show -json PLANFILE > FILE`.
    Error: The file state.json cannot be imported: it has no `format_version`, as every output of `terraform show -json` has.
      Print the state where Terraform runs, `terraform show -json > FILE`, or a saved plan, `terraform show -json PLANFILE > FILE`.
    Error: The file state.json cannot be imported: it is not the JSON that Terraform prints.
      Print the state where Terraform runs, `terraform show -json > FILE`, or a saved plan, `terraform show -json PLANFILE > FILE`.
    ");
}

#[test]
fn an_empty_state_imports_nothing() {
    let tree = tree(&json!({"format_version": "1.0"}));
    let imported = offline(
        &tree,
        "import --from-terraform state.json --into syncs/a.yaml",
        0,
    );
    insta::assert_snapshot!(imported, @"
    $ secsync import --from-terraform state.json --into syncs/a.yaml

    Nothing was imported.
    --- exit 0
    ");
    assert!(!tree.has("syncs/a.yaml"));
}

#[test]
fn what_no_file_can_say_is_left_out_whole_with_the_reason() {
    let with = |name: &str, path: &[&str], value: Value| {
        let mut resource = github(name);
        let mut at = &mut resource;
        for step in path {
            at = &mut at[*step];
        }
        *at = value;
        resource
    };
    let config = ["values", "destination_config"];
    let in_config = |key: &'static str| [config[0], config[1], key];
    let mut unknown_type = github("unheard");
    unknown_type["type"] = "infisical_secret_sync_unheard_of".into();
    unknown_type["address"] = "infisical_secret_sync_unheard_of.x".into();
    let mut twice = github("ok");
    twice["address"] = "infisical_secret_sync_github.twice".into();
    let document = state(
        &[
            github("ok"),
            with("blank", &in_config("brand_new"), json!(null)),
            with("one", &in_config("brand_new"), json!("x")),
            with("two", &["values", "brand_new"], json!(false)),
            with("three", &in_config("visibility"), json!("all")),
            with("four", &in_config("repository_name"), json!(null)),
            with("five", &in_config("scope"), json!(null)),
            with("six", &["values", "connection_id"], json!(null)),
            with("seven", &["schema_version"], json!(1)),
            with("eight", &["values", "secret_path"], json!(7)),
            with(
                "nine",
                &["values", "sync_options", "initial_sync_behavior"],
                json!("import-prioritize-source"),
            ),
            unknown_type,
            twice,
        ],
        &[],
    );
    let tree = tree(&document);
    let imported = offline(
        &tree,
        "import --from-terraform state.json --into syncs/a.yaml -q",
        1,
    );
    insta::assert_snapshot!(imported, @r#"
    $ secsync import --from-terraform state.json --into syncs/a.yaml -q

    Terraform still manages them. To let it go of them without destroying anything, put this in the place of their resource blocks, and apply it:

    removed {
      from = infisical_secret_sync_github.blank

      lifecycle {
        destroy = false
      }
    }

    removed {
      from = infisical_secret_sync_github.ok

      lifecycle {
        destroy = false
      }
    }
    --- stderr
    Error: infisical_secret_sync_github.six was not imported. Its attribute `connection_id` has no value.
      Bring it up to date with `terraform apply`, print the state again, and import that.
    Error: infisical_secret_sync_github.seven was not imported. It is of another version of the provider: its `schema_version` is 1, and secsync reads 0.
      Use a version of secsync that knows that version of the provider.
    Error: infisical_secret_sync_github.eight was not imported. Its attribute `secret_path` is not a text.
      Check that the document is what Terraform printed.
    Warning: infisical_secret_sync_github.one was left out. Neither secsync nor the schema of its destination knows its attribute `destination_config.brand_new`. Run `secsync schema pull --from-server`, which reads the server's own schemas, and try again.
    Warning: infisical_secret_sync_github.two was left out. Neither secsync nor the schema of its destination knows its attribute `brand_new`. Run `secsync schema pull --from-server`, which reads the server's own schemas, and try again.
    Warning: infisical_secret_sync_github.three was left out. Its attribute `destination_config.visibility` means nothing together with its `scope`.
    Warning: infisical_secret_sync_github.five was left out. Its `destination_config` has no `scope`, which decides what the other attributes mean.
    Warning: infisical_secret_sync_unheard_of.x was left out. Its destination `unheard-of` is not known to the schemas in use. Run `secsync schema pull --from-server`, which reads the server's own schemas, and try again.
    Warning: infisical_secret_sync_github.twice was left out. It has the project and the name of infisical_secret_sync_github.ok, which was taken.
    Warning: infisical_secret_sync_github.four was left out. `destinationConfig.repo` is missing. It is required if `scope` is "repository". Run `secsync schema pull --from-server`, which reads the server's own schemas, and try again.
    Warning: infisical_secret_sync_github.nine was left out. `syncOptions.initialSyncBehavior` is "import-prioritize-source", but must be "overwrite-destination". Run `secsync schema pull --from-server`, which reads the server's own schemas, and try again.
      The next `secsync apply --prune` would delete what no file declares. To keep it, write this into secsync.yaml: `unmanaged: {ignore: ["eight","five","four","nine","one","seven","six","three","two","unheard"]}`
    --- exit 1
    "#);
    let file = tree.read("syncs/a.yaml");
    assert!(
        file.contains("  ok:") && file.contains("  blank:"),
        "{file}"
    );
}

#[test]
fn a_document_can_come_from_standard_input_and_from_opentofu() {
    let mut resource = at(
        github("web"),
        "infisical_secret_sync_github.web[0]",
        0.into(),
    );
    resource["provider_name"] = "registry.opentofu.org/infisical/infisical".into();
    let tree = Tree::new(&[]);
    let imported = tree
        .secsync("import --from-terraform - --into syncs/a.yaml -o json")
        .stdin(&state(&[resource], &[]).to_string())
        .run()
        .exits_with(0);
    let mut document = imported.json();
    document["files"].take();
    insta::assert_snapshot!(format!("{document:#}"), @r#"
    {
      "version": 1,
      "kind": "import",
      "sandbox": false,
      "diagnostics": [],
      "files": null,
      "leftOut": [],
      "unknown": [],
      "projects": [],
      "unlistedApps": [],
      "hiddenConnections": [],
      "terraform": {
        "removed": [
          "infisical_secret_sync_github.web"
        ],
        "commands": [
          "tofu state rm 'infisical_secret_sync_github.web[0]'"
        ],
        "leftAlone": {},
        "variables": [],
        "pending": [],
        "differences": null
      },
      "exitCode": 0
    }
    "#);
}

/// What people wrote stays, and what is added fits what it inherits.
#[test]
fn a_file_of_another_project_and_with_defaults_takes_the_syncs() {
    let file = "\
provider: infisical
project: elsewhere   # kept
defaults:
  environment: prod
  syncOptions: { keySchema: \"A_{{secretKey}}\" }
syncs:
  web:
    destination: github
    ensure: absent
";
    let tree = tree(&state(&[github("web"), github("api")], &[]));
    tree.write("syncs/mine.yaml", file);
    offline(
        &tree,
        "import --from-terraform state.json --into syncs/mine.yaml",
        0,
    );
    insta::assert_snapshot!(tree.read("syncs/mine.yaml"), @r#"
    provider: infisical
    project: elsewhere   # kept
    defaults:
      environment: prod
      syncOptions: { keySchema: "A_{{secretKey}}" }
    syncs:
      web:
        destination: github
        ensure: absent
      11111111-1111-4111-8111-111111111111-web:
        name: web
        project: 11111111-1111-4111-8111-111111111111
        destination: github
        connectionId: 22222222-2222-4222-8222-000000000011
        environment: prod
        secretPath: /apps
        syncOptions:
          initialSyncBehavior: overwrite-destination
          keySchema: null
        destinationConfig:
          scope: repository
          owner: acme
          repo: web
      api:
        project: 11111111-1111-4111-8111-111111111111
        destination: github
        connectionId: 22222222-2222-4222-8222-000000000011
        environment: prod
        secretPath: /apps
        syncOptions:
          initialSyncBehavior: overwrite-destination
          keySchema: null
        destinationConfig:
          scope: repository
          owner: acme
          repo: api
    "#);
    tree.secsync("validate").run().exits_with(0);
}

/// A release takes less than a second for five thousand syncs; this build three, on a machine of its own.
#[test]
fn a_state_of_many_syncs_and_of_many_bytes_is_imported_soon() {
    let mut resources: Vec<Value> = (0..5_000)
        .map(|number| github(&format!("sync-{number}")))
        .collect();
    let bytes = "x".repeat(50 * 1024 * 1024);
    resources.push(json!({
        "address": "null_resource.big", "mode": "managed", "type": "null_resource", "name": "big",
        "schema_version": 0, "values": {"triggers": bytes}, "sensitive_values": {},
    }));
    let tree = tree(&state(&resources, &[]));
    let begin = Instant::now();
    let imported = offline(
        &tree,
        "import --from-terraform state.json --dir syncs -q",
        0,
    );
    let time = begin.elapsed();
    assert!(imported.stdout.matches("removed {").count() == 5_000);
    assert!(time < Duration::from_secs(60), "{time:?}");
}

#[test]
fn a_file_that_is_written_with_errors_ends_as_an_invalid_one() {
    let tree = tree(&state(&[github("web")], &[]));
    tree.write("secsync.yaml", "lint: { destructive-first-sync: deny }\n");
    let imported = offline(&tree, "import --from-terraform state.json --dir syncs", 3);
    assert!(imported.stdout.contains("Wrote syncs/"), "{imported}");
    tree.secsync("validate").run().exits_with(3);
}

#[test]
fn what_was_not_imported_is_among_what_a_pruning_would_delete() {
    let mut old = github("old");
    old["schema_version"] = json!(7);
    let tree = tree(&state(&[github("web"), old], &[]));
    let imported = offline(&tree, "import --from-terraform state.json --dir syncs", 1);
    assert!(
        imported
            .stderr
            .contains(r#"`unmanaged: {ignore: ["old"]}`"#),
        "{imported}"
    );
}

#[test]
fn a_later_format_of_terraform_needs_a_later_secsync() {
    let tree = tree(&json!({"format_version": "2.0", "values": {}}));
    let refused = offline(&tree, "import --from-terraform state.json --dir syncs", 1);
    assert!(
        refused
            .stderr
            .contains("Look for a newer version of secsync"),
        "{refused}"
    );
}

#[test]
fn what_a_plan_would_delete_is_said_to_be_deleted_and_not_changed() {
    let prior = state(&[github("web")], &[]);
    let tree = tree(&plan(
        Some(prior),
        json!([change("web", json!(["delete"]), json!({}))]),
    ));
    let imported = offline(&tree, "import --from-terraform state.json --dir syncs", 0);
    let said = "infisical_secret_sync_github.web would be deleted by the plan.";
    assert!(imported.stdout.contains(said), "{imported}");
}
