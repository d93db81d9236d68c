//! Fields that the server fills, keeps to itself or never gives back, and those that a sync leaves to
//! others.

use super::harness::{Act, Gateway, Server, Tree, payments, repository, world};
use insta::assert_snapshot;
use secsync::sandbox::Era;
use serde_json::{Value, json};

const SCIM: &str = "\
provider: infisical
project: payments
syncs:
  scim:
    destination: azure-entra-id-scim
    connection: entra
    environment: prod
    secretPath: /
    syncOptions: { initialSyncBehavior: overwrite-destination, disableSecretDeletion: false, secretKey: TOKEN }
    destinationConfig: { servicePrincipalId: principal-1 }
";

fn server() -> Server {
    let mut world = world();
    let connections = world["connections"].as_array_mut().unwrap();
    connections.push(json!({"app": "azure-entra-id", "name": "entra"}));
    Server::new(&world)
}

fn patches(server: &Server) -> usize {
    let requests = server.requests();
    requests
        .iter()
        .filter(|one| one.starts_with("PATCH"))
        .count()
}

#[test]
fn what_the_server_fills_and_what_it_never_gives_back_is_no_difference() {
    let server = server();
    let tree = Tree::new(&[("syncs/scim.yaml", SCIM)]);
    let run = |arguments: &str, exit| tree.secsync(arguments).on(&server).run().exits_with(exit);
    run("apply syncs --auto-approve", 0);
    assert_snapshot!(run("plan syncs --detailed-exitcode -v", 0), @"
    $ secsync plan syncs --detailed-exitcode -v
    No changes. The one declared sync is as it should be.

    Note: `syncOptions.secretKey` of 1 sync in infisical/payments is not read back: a change of it alone is not seen. `--resend` sends it again.
    --- exit 0
    ");
    run("drift syncs", 0);
    // A change of what is never given back is not seen, and can be sent.
    tree.write("syncs/scim.yaml", SCIM.replace("TOKEN", "OTHER_TOKEN"));
    run("plan syncs --detailed-exitcode", 0);
    server.requests();
    assert_snapshot!(run("apply syncs --auto-approve --resend sc*", 0), @"
    $ secsync apply syncs --auto-approve --resend sc*
    secsync will perform the following actions:

      # infisical/payments/scim will be updated in place  (syncs/scim.yaml:4)
      ~ azure-entra-id-scim sync
          Note: It is sent whole again, because `--resend` names it.
          Note: The request has fields that the platform never gives back, as they are declared.

    Plan: 0 to add, 1 to change, 0 to destroy.
    infisical/payments/scim: Updating...
    infisical/payments/scim: Updated [id=[UUID]]

    1 job left running; --wait follows them.

    Apply complete! Resources: 0 added, 1 changed, 0 destroyed.
    --- exit 0
    ");
    assert_eq!(patches(&server), 1);
    run("plan syncs --detailed-exitcode", 0);
    run("plan syncs --resend nothing", 64);
    let json = run("plan syncs -o json", 0).json();
    assert_eq!(json["notReadBack"][0]["field"], "syncOptions.secretKey");
    // A saved plan says it, too.
    run("plan syncs --out saved.json", 0);
    let shown = run("show saved.json -o json", 0).json();
    assert_eq!(shown["notReadBack"], json["notReadBack"]);
}

#[test]
fn an_option_that_goes_is_unset_also_if_the_server_merges_what_it_is_sent() {
    let server = server();
    let with = |options: &str| {
        let from = "disableSecretDeletion: false, ";
        SCIM.replace(from, options)
    };
    let on = with("includeAllSubFolders: true, ");
    let tree = Tree::new(&[("syncs/scim.yaml", &on)]);
    let run = |arguments: &str, exit| tree.secsync(arguments).on(&server).run().exits_with(exit);
    for apply in [
        "apply syncs --auto-approve",
        "apply syncs --auto-approve --resend scim",
    ] {
        tree.write("syncs/scim.yaml", &on);
        run("apply syncs --auto-approve", 0);
        tree.write("syncs/scim.yaml", with(""));
        let applied = run(apply, 0).stdout;
        assert!(
            applied.contains("~ syncOptions.includeAllSubFolders: true -> false"),
            "{applied}"
        );
        run("plan syncs --detailed-exitcode", 0);
    }
    tree.write("syncs/scim.yaml", &on);
    run("apply syncs --auto-approve", 0);
    tree.write("syncs/scim.yaml", with(""));
    let planned = run("plan syncs --out plan.json -o json", 0).json();
    let shown = run("show plan.json -o json", 0).json();
    assert_eq!(
        planned["actions"][0]["changes"],
        shown["actions"][0]["changes"]
    );
    assert_eq!(planned["actions"][0]["changes"][0]["after"], false);
    run("apply plan.json", 0);
    run("plan syncs --detailed-exitcode", 0);
}

#[test]
fn an_export_leaves_out_what_cannot_be_declared_and_plans_empty() {
    let server = server();
    let tree = Tree::new(&[("syncs/scim.yaml", SCIM)]);
    tree.secsync("apply syncs --auto-approve")
        .on(&server)
        .run()
        .exits_with(0);
    let exported = Tree::new(&[]);
    let run = |arguments: &str, exit| {
        exported
            .secsync(arguments)
            .on(&server)
            .run()
            .exits_with(exit)
    };
    let text = run("export --project payments", 0).stdout;
    for left_out in ["secretKey", "secretId", "servicePrincipalDisplayName"] {
        assert!(!text.contains(left_out), "{text}");
    }
    exported.write("syncs/out.yaml", &text);
    assert_snapshot!(run("plan syncs --detailed-exitcode", 0), @"
    $ secsync plan syncs --detailed-exitcode
    No changes. The one declared sync is as it should be.
    --- stderr
    not-read-back

      ⚠ The sync `scim` does not declare `syncOptions.secretKey`, which is needed to create it and which Infisical never gives back.
        ╭─[syncs/out.yaml:11:5]
     10 │     secretPath: /
     11 │     syncOptions:
        ·     ───────────
     12 │       initialSyncBehavior: overwrite-destination
        ╰────
      help: Declare it, unless the sync exists and never changes.

    Found 1 warning.
    Run `secsync explain not-read-back` to see why it matters and how to fix it.
    --- exit 0
    ");
    // What nobody declared cannot be sent.
    exported.write("syncs/out.yaml", text.replace("scim:", "other:"));
    assert_snapshot!(run("plan syncs", 0).stdout, @r#"
    secsync cannot perform any of the following actions:

      # infisical/payments/other cannot be created  (syncs/out.yaml:6)
      x azure-entra-id-scim sync
          + connection:                           "entra"
          + destinationConfig.servicePrincipalId: "principal-1"
          + environment:                          "prod"
          + secretPath:                           "/"
          + syncOptions.initialSyncBehavior:      "overwrite-destination"
          Blocked: The request needs `syncOptions.secretKey`, which the file does not declare and the platform never gives back.
          Declare it.

    Plan: 0 to add, 0 to change, 0 to destroy, 1 blocked.

    1 sync in these projects is not declared (-v lists them).
    "#);
}

#[test]
fn what_is_never_to_be_given_back_is_neither_exported_nor_compared_if_a_server_returns_it() {
    let server = server();
    let tree = Tree::new(&[("syncs/scim.yaml", SCIM)]);
    tree.secsync("apply syncs --auto-approve")
        .on(&server)
        .run()
        .exits_with(0);
    let run = |arguments: &str| {
        let gateway = Gateway::before(&server);
        let returned = Act::Edited("\"secretId\"", "\"secretKey\":\"RETURNED\",\"secretId\"");
        gateway.does("GET", "secret-syncs", 9, returned);
        let run = gateway.before_server_of(tree.secsync(arguments).on(&server));
        run.run().exits_with(0)
    };
    for arguments in [
        "export --project payments --all",
        "import infisical/payments/scim --into other.yaml",
    ] {
        if arguments.starts_with("import") {
            std::fs::remove_file(tree.root().join("syncs/scim.yaml")).unwrap();
        }
        let written = run(arguments);
        let file = std::fs::read_to_string(tree.root().join("other.yaml")).unwrap_or_default();
        let text = format!("{written}{file}");
        assert!(
            !text.contains("RETURNED") && !text.contains("secretKey:"),
            "{text}"
        );
    }
    tree.write("syncs/scim.yaml", SCIM);
    for arguments in ["plan syncs --detailed-exitcode", "drift syncs"] {
        run(arguments);
    }
}

/// The bundled schema of a destination without a field.
fn older_schema(destination: &str, field: &str) -> String {
    fn forget(value: &mut Value, field: &str) {
        match value {
            Value::Object(fields) => {
                fields.remove(field);
                fields.values_mut().for_each(|value| forget(value, field));
            }
            Value::Array(items) => items.iter_mut().for_each(|item| forget(item, field)),
            _ => {}
        }
    }
    let text = repository(&format!("schemas/infisical/{destination}.json"));
    let mut schema = serde_json::from_str(&text).unwrap();
    forget(&mut schema, field);
    schema.to_string()
}

#[test]
fn a_field_that_others_change_is_not_compared_and_keeps_its_remote_value() {
    let server = Server::new(&world());
    let file = |lines: &str| payments(&[("web", lines)]);
    let tree = Tree::new(&[(
        "syncs/payments.yaml",
        &file("syncOptions: { keySchema: 'R_{{secretKey}}' }"),
    )]);
    let run = |arguments: &str, exit| tree.secsync(arguments).on(&server).run().exits_with(exit);
    run("apply syncs --auto-approve", 0);
    let ignoring = "ignoreRemote: [syncOptions.keySchema]\n";
    tree.write("syncs/payments.yaml", file(ignoring));
    run("plan syncs --detailed-exitcode", 0);
    // Another change of the object around it leaves it as it is.
    let changed = format!(
        "{ignoring}syncOptions: {{ keySchema: 'D_{{{{secretKey}}}}', disableSecretDeletion: null }}"
    );
    tree.write("syncs/payments.yaml", file(&changed));
    let plan = run("plan syncs --out plan.json", 0).stdout;
    assert!(!plan.contains("keySchema"), "{plan}");
    run("apply plan.json", 0);
    let exported = run("export --all --project payments", 0).stdout;
    assert!(exported.contains("R_{{secretKey}}"), "{exported}");
    assert!(!exported.contains("disableSecretDeletion"), "{exported}");
    run("plan syncs --detailed-exitcode", 0);
}

#[test]
fn a_field_that_no_schema_knows_is_kept_if_it_is_ignored() {
    let server = Server::new(&world());
    let tree = Tree::new(&[("syncs/payments.yaml", &payments(&[("web", "")]))]);
    let run = |arguments: &str, exit| tree.secsync(arguments).on(&server).run().exits_with(exit);
    run("apply syncs --auto-approve", 0);
    tree.write(
        ".secsync/schemas/infisical/humanitec.json",
        older_schema("humanitec", "disableSecretDeletion"),
    );
    let unaware = payments(&[("web", "IGNORE")]).replace(
        ", disableSecretDeletion: true",
        ", keySchema: '{{secretKey}}'",
    );
    tree.write(
        "syncs/payments.yaml",
        unaware.replace("IGNORE", "labels: {}"),
    );
    run("plan syncs --detailed-exitcode", 2);
    run("apply syncs --auto-approve", 5);
    let pattern = "ignoreRemote: [syncOptions.disableSecretDeletion, syncOptions.misspelt]";
    tree.write("syncs/payments.yaml", unaware.replace("IGNORE", pattern));
    assert_snapshot!(run("apply syncs --auto-approve", 0), @r#"
    $ secsync apply syncs --auto-approve
    secsync will perform the following actions:

      # infisical/payments/web will be updated in place  (syncs/payments.yaml:11)
      ~ humanitec sync
          + syncOptions.keySchema: "{{secretKey}}"
          Note: The secrets under their old keys stay at the destination.
          Note: The next sync overwrites secrets at the destination that have the same keys.

    Plan: 0 to add, 1 to change, 0 to destroy.
    infisical/payments/web: Updating...
    infisical/payments/web: Updated [id=[UUID]]

    1 job left running; --wait follows them.

    Apply complete! Resources: 0 added, 1 changed, 0 destroyed.
    --- stderr
    ignores-nothing

      ⚠ `syncOptions.misspelt` in `ignoreRemote` names no field that the schemas know.
        ╭─[syncs/payments.yaml:12:55]
     11 │   web:
     12 │     ignoreRemote: [syncOptions.disableSecretDeletion, syncOptions.misspelt]
        ·                                                       ────────────────────
        ╰────
      help: Correct it, or remove it. If the server is newer than the schemas and has it, `secsync plan` knows.

    Found 1 warning.
    Run `secsync explain ignores-nothing` to see why it matters and how to fix it.
    --- exit 0
    "#);
    let renamed = payments(&[("web2", "renamedFrom: web\nIGNORE")]).replace(
        ", disableSecretDeletion: true",
        ", keySchema: '{{secretKey}}'",
    );
    let pattern = "ignoreRemote: [syncOptions.disableSecretDeletion]";
    tree.write("syncs/payments.yaml", renamed.replace("IGNORE", pattern));
    let plan = run("plan syncs --detailed-exitcode", 2);
    assert_eq!(
        plan.stderr, "",
        "its field is that of the sync that is renamed"
    );
    std::fs::remove_dir_all(tree.root().join(".secsync/schemas")).unwrap();
    let exported = run("export --all --project payments", 0).stdout;
    assert!(
        exported.contains("disableSecretDeletion: true"),
        "{exported}"
    );
}

#[test]
fn an_import_names_the_fields_that_it_cannot_declare() {
    let server = Server::new(&world());
    let tree = Tree::new(&[("syncs/payments.yaml", &payments(&[("web", "")]))]);
    let run = |arguments: &str, exit| tree.secsync(arguments).on(&server).run().exits_with(exit);
    run("apply syncs --auto-approve", 0);
    tree.write(
        ".secsync/schemas/infisical/humanitec.json",
        older_schema("humanitec", "disableSecretDeletion"),
    );
    std::fs::remove_file(tree.root().join("syncs/payments.yaml")).unwrap();
    let into = "import infisical/payments/web --into syncs/other.yaml";
    assert_snapshot!(run(into, 0), @"
    $ secsync import infisical/payments/web --into syncs/other.yaml
    Wrote syncs/other.yaml: 1 sync.
    Wrote .secsync/sync-file.json, with which editors complete and check sync files.

    Import complete! 1 sync. `secsync plan` has nothing to do for it.
    --- stderr
    Note: `syncOptions.disableSecretDeletion` is set on 1 sync of infisical/payments, and the schemas in use do not know it.
      Run `secsync schema pull --from-server`, so that it can be declared and compared.
    --- exit 0
    ");
}

#[test]
fn what_is_ignored_is_not_sent_again_either() {
    let server = Server::new(&world());
    let file = |description: &str, config: &str| {
        payments(&[(
            "web",
            &format!(
                "ignoreRemote: [description, secretPath, 'destinationConfig.*']\n\
                 description: {description}\n{config}"
            ),
        )])
    };
    let tree = Tree::new(&[("syncs/payments.yaml", &file("mine", ""))]);
    let run = |arguments: &str, exit| tree.secsync(arguments).on(&server).run().exits_with(exit);
    run("apply syncs --auto-approve", 0);
    tree.write("syncs/payments.yaml", file("changed", "secretPath: /api"));
    run("plan syncs --detailed-exitcode", 0);
    let planned = run("plan syncs --resend web --out plan.json", 0).stdout;
    let shown = run("show plan.json", 0).stdout;
    assert!(
        !planned.contains("description") && !shown.contains("description"),
        "{shown}"
    );
    run("apply plan.json", 0);
    let exported = run("export --all --project payments", 0).stdout;
    assert!(exported.contains("description: mine"), "{exported}");
    assert!(!exported.contains("/api"), "{exported}");
    // Another variant brings fields of its own, which nobody has remotely.
    let moved = "destinationConfig: { scope: environment, org: acme, app: payments, env: live }";
    tree.write("syncs/payments.yaml", file("mine", moved));
    run("apply syncs --auto-approve", 0);
    run("plan syncs --detailed-exitcode", 0);
    let exported = run("export --all --project payments", 0).stdout;
    assert!(exported.contains("env: live"), "{exported}");
}

#[test]
fn what_is_never_given_back_cannot_be_kept_and_is_sent_as_declared() {
    let server = server();
    let tree = Tree::new(&[("syncs/scim.yaml", SCIM)]);
    let run = |arguments: &str, exit| tree.secsync(arguments).on(&server).run().exits_with(exit);
    run("apply syncs --auto-approve", 0);
    let ignoring = SCIM
        .replace(
            "    syncOptions",
            "    ignoreRemote: [syncOptions.secretKey]\n    syncOptions",
        )
        .replace("disableSecretDeletion: false, ", "");
    tree.write("syncs/scim.yaml", &ignoring);
    run("apply syncs --auto-approve --resend scim", 0);
    run("validate syncs", 0);
}

#[test]
fn a_server_that_does_not_keep_a_declared_nothing_has_done_what_was_asked() {
    let server = Server::with(&world(), |options| options.era = Era::June2025);
    let declared = payments(&[("web", "syncOptions: { includeAllSubFolders: false }")]);
    let tree = Tree::new(&[("syncs/payments.yaml", &declared)]);
    let applied = tree.secsync("apply syncs --auto-approve").on(&server).run();
    let applied = applied.exits_with(0).stdout;
    let note = "Note: infisical/payments/web: This version of the server does not keep \
                `syncOptions.includeAllSubFolders` as declared, which means the same as leaving it out. \
                Leave it out of the file, or the next plan lists it again.";
    assert!(applied.contains(note), "{applied}");
    // What means something is missed.
    let subfolders = payments(&[("api", "syncOptions: { includeAllSubFolders: true }")]);
    tree.write("syncs/payments.yaml", subfolders);
    let applied = tree.secsync("apply syncs --auto-approve").on(&server).run();
    applied.exits_with(5);
}
