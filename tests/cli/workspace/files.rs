//! What the files of a workspace say together: include, defaults, variables, lints. No network.

use secsync::core::code::Code;
use secsync::core::diagnostic::Diagnostic;
use secsync::workspace::Workspace;
use serde_json::{Value, json};

use super::support::{FILE, checked, codes, findings, options};
use crate::harness::Tree;

const SETTINGS: &str = "\
include: [syncs/*.yaml]
defaults:
  provider: infisical
  project: payments
  destination: humanitec
  connection: humanitec-main
  environment: prod
  secretPath: /payments
  syncOptions: {initialSyncBehavior: overwrite-destination}
  destinationConfig: {scope: application, org: acme, app: payments}
";

fn tree(settings: &str, syncs: &str) -> Tree {
    Tree::new(&[("secsync.yaml", settings), ("syncs/a.yaml", syncs)])
}

/// The fields that the sync `web` would be created with.
fn fields(workspace: &Workspace) -> Value {
    assert_eq!(workspace.diagnostics, []);
    let web = workspace.syncs.iter().find(|sync| sync.name.text == "web");
    Value::Object(web.unwrap().fields_as_json())
}

fn only(found: Vec<Diagnostic>) -> Diagnostic {
    let [only] = <[Diagnostic; 1]>::try_from(found).unwrap();
    only
}

#[test]
fn merges_defaults_of_workspace_and_file_under_the_sync() {
    let tree = tree(
        SETTINGS,
        "\
defaults:
  environment: staging
  syncOptions: {disableSecretDeletion: true, keySchema: \"A_{{secretKey}}\"}
syncs:
  web:
    secretPath: /web
    syncOptions: {keySchema: null}
    destinationConfig: {app: web}
",
    );
    assert_eq!(
        fields(&checked(options(&tree, &[]))),
        json!({
            "environment": "staging",
            "secretPath": "/web",
            "syncOptions": {
                "initialSyncBehavior": "overwrite-destination", "disableSecretDeletion": true,
            },
            "destinationConfig": {"scope": "application", "org": "acme", "app": "web"},
        })
    );
}

#[test]
fn another_scope_discards_the_inherited_destination_config_and_the_same_scope_does_not() {
    let config = |own: &str| {
        let syncs = format!("syncs:\n  web:\n    destinationConfig: {own}\n");
        let run = checked(options(&tree(SETTINGS, &syncs), &[]));
        run.syncs[0].fields_as_json()["destinationConfig"].clone()
    };
    assert_eq!(
        config("{scope: environment, org: globex}"),
        json!({"scope": "environment", "org": "globex"})
    );
    assert_eq!(
        config("{scope: application, org: globex}"),
        json!({"scope": "application", "org": "globex", "app": "payments"})
    );
}

#[test]
fn a_default_that_only_another_platform_knows_is_not_inherited() {
    let settings = format!("{SETTINGS}  protect: true\n  onDelete: remove-secrets\n");
    let syncs = "\
syncs:
  web: {}
  site: {provider: enkryptify, project: prj_123, destination: vercel}
";
    let run = checked(options(&tree(&settings, syncs), &[]));
    assert_eq!(run.diagnostics, []);
    let site = &run.syncs[1];
    assert_eq!(site.fields_as_json(), serde_json::Map::new());
    assert_eq!(site.connection, None);
    assert!(fields(&run).get("syncOptions").is_some());
}

#[test]
fn a_field_that_only_another_platform_knows_is_an_error_in_the_sync_itself() {
    let syncs = "\
syncs:
  site: {provider: enkryptify, project: prj_123, destination: vercel, secretPath: /web}
";
    let found = only(findings(&tree(SETTINGS, syncs)));
    assert_eq!(found.code, Code::UnknownField);
}

#[test]
fn a_default_that_no_platform_knows_is_an_error_whoever_inherits_it() {
    for sync in [
        "{}",
        "{provider: enkryptify, project: prj_123, destination: vercel}",
    ] {
        let settings = SETTINGS.replace("  secretPath:", "  secretpath: /a\n  secretPath:");
        let found = findings(&tree(&settings, &format!("syncs:\n  web: {sync}\n")));
        let found = only(found);
        assert_eq!(
            (found.code, found.sync.as_deref()),
            (Code::UnknownField, Some("web"))
        );
        assert!(found.message.contains("`secretpath`"), "{}", found.message);
    }
}

#[test]
fn reports_an_inherited_value_once_at_the_default_with_the_names_of_the_syncs() {
    let tree = tree(
        &SETTINGS.replace("/payments", "payments"),
        "syncs:\n  a: {}\n  b: {destinationConfig: {app: b}}\n  c: {secretPath: /c, destinationConfig: {app: c}}\n  d: {destinationConfig: {app: d}}\n",
    );
    let run = checked(options(&tree, &[]));
    let place = run.diagnostics[0].span().unwrap();
    assert_eq!(run.sources.describe(place), "secsync.yaml:8:15");
    let found = only(run.diagnostics.clone());
    assert_eq!(found.code.name(), "secret-path-form");
    assert_eq!(found.heirs().as_deref(), Some("a and 2 others"));
}

#[test]
fn rejects_fields_of_one_sync_as_workspace_defaults() {
    for field in ["ensure: absent", "renamedFrom: old", "name: web"] {
        let settings = format!("{SETTINGS}  {field}\n");
        let found = findings(&tree(&settings, "syncs: {}\n"));
        assert_eq!(codes(&found), [Code::NotAllowedInDefaults], "{field}");
    }
}

#[test]
fn variables_come_from_the_flag_then_the_file_then_the_environment_then_the_default() {
    let settings = format!("{SETTINGS}variables: {{V: {{default: default}}}}\n");
    let tree = tree(&settings, "syncs:\n  web: {secretPath: \"/${var.V}\"}\n");
    tree.write("vars.yaml", "V: file\n");
    let path = |has_flag: bool, has_file: bool, environment: &[(&str, &str)]| {
        let mut options = options(&tree, environment);
        if has_flag {
            let flag = ("V".to_owned(), "flag".to_owned());
            options.request.variables.push(flag);
        }
        if has_file {
            options.request.variable_files.push("vars.yaml".into());
        }
        fields(&checked(options))["secretPath"].clone()
    };
    let environment = [("SECSYNC_VAR_V", "environment")];
    assert_eq!(path(true, true, &environment), "/flag");
    assert_eq!(path(false, true, &environment), "/file");
    assert_eq!(path(false, false, &environment), "/environment");
    assert_eq!(path(false, false, &[]), "/default");
}

#[test]
fn no_other_environment_variable_can_be_read_from_a_file() {
    let environment = [
        ("INFISICAL_TOKEN", "hunter2"),
        ("V", "hunter2"),
        ("HOME", "/root"),
    ];
    for name in ["INFISICAL_TOKEN", "V", "HOME", "env.V"] {
        let syncs = format!("syncs:\n  web: {{secretPath: \"/${{var.{name}}}\"}}\n");
        let run = checked(options(&tree(SETTINGS, &syncs), &environment));
        let found = only(run.diagnostics.clone());
        let expected = if name.contains('.') {
            Code::VariableForm
        } else {
            Code::UnknownVariable
        };
        assert_eq!(found.code, expected, "{name}");
        assert!(!format!("{found:?}").contains("hunter2"));
    }
    for literal in ["/$V", "/${V}", "/$(V)", "/${env.V}"] {
        let syncs = format!("syncs:\n  web: {{secretPath: \"{literal}\"}}\n");
        let run = checked(options(&tree(SETTINGS, &syncs), &environment));
        assert_eq!(fields(&run)["secretPath"], literal);
    }
}

#[test]
fn a_plain_scalar_that_is_wholly_a_variable_is_typed_and_a_quoted_one_is_a_string() {
    let auto_sync = |written: &str| {
        let syncs = format!("syncs:\n  web: {{isAutoSyncEnabled: {written}}}\n");
        let tree = tree(SETTINGS, &syncs);
        checked(options(&tree, &[("SECSYNC_VAR_AUTO", "false")]))
    };
    // In a flow map a plain `${…}` would end at its brace.
    let block = tree(
        SETTINGS,
        "syncs:\n  web:\n    isAutoSyncEnabled: ${var.AUTO}\n",
    );
    let run = checked(options(&block, &[("SECSYNC_VAR_AUTO", "false")]));
    assert_eq!(fields(&run)["isAutoSyncEnabled"], false);
    let quoted = auto_sync("\"${var.AUTO}\"").diagnostics.clone();
    assert_eq!(codes(&quoted), [Code::WrongType]);
}

#[test]
fn nothing_is_expanded_twice_and_two_dollars_escape() {
    let tree = tree(
        SETTINGS,
        "syncs:\n  web:\n    secretPath: /${var.A}\n    description: $${var.A} costs $5\n",
    );
    let run = checked(options(
        &tree,
        &[("SECSYNC_VAR_A", "${var.B}"), ("SECSYNC_VAR_B", "b")],
    ));
    assert_eq!(fields(&run)["secretPath"], "/${var.B}");
    assert_eq!(fields(&run)["description"], "${var.A} costs $5");
}

#[test]
fn an_include_that_leaves_the_root_is_refused_and_the_file_is_not_read() {
    for pattern in [
        "../outside/*.yaml",
        "syncs/../../outside/*.yaml",
        "/etc/*.yaml",
    ] {
        let tree = Tree::new(&[
            ("outside/secret.yaml", "password: hunter2\n"),
            ("inside/syncs/a.yaml", "syncs: {}\n"),
            (
                "inside/secsync.yaml",
                &format!("include: [\"{pattern}\"]\n"),
            ),
        ]);
        let refused = tree
            .secsync("validate")
            .inside("inside")
            .run()
            .exits_with(3);
        assert!(refused.stderr.contains("outside-root"), "{refused}");
        assert!(!refused.stderr.contains("hunter2"), "{refused}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_of_the_root_is_refused_as_a_file_and_as_a_directory() {
    for (link, target) in [
        ("inside/syncs/b.yaml", "outside/secret.yaml"),
        ("inside/syncs/deep", "outside"),
    ] {
        let tree = Tree::new(&[
            ("outside/secret.yaml", "password: hunter2\n"),
            ("inside/syncs/a.yaml", "syncs: {}\n"),
            ("inside/secsync.yaml", "include: [\"syncs/**/*.yaml\"]\n"),
        ]);
        std::os::unix::fs::symlink(tree.root().join(target), tree.root().join(link)).unwrap();
        let refused = tree
            .secsync("validate")
            .inside("inside")
            .run()
            .exits_with(3);
        assert!(refused.stderr.contains("outside-root"), "{refused}");
        assert!(!refused.stderr.contains("hunter2"), "{refused}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_in_the_default_directory_that_leads_out_of_the_root_is_refused() {
    let tree = Tree::new(&[
        ("outside/secret.yaml", "password: hunter2\n"),
        ("inside/.git/HEAD", ""),
        ("inside/syncs/a.yaml", "syncs: {}\n"),
    ]);
    let link = tree.root().join("inside/syncs/b.yaml");
    std::os::unix::fs::symlink(tree.root().join("outside/secret.yaml"), link).unwrap();
    let refused = tree
        .secsync("validate")
        .inside("inside")
        .run()
        .exits_with(3);
    assert!(!refused.stderr.contains("hunter2"), "{refused}");
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_of_what_the_command_line_names_is_refused_and_not_read() {
    let tree = Tree::new(&[
        ("outside/secret.yaml", "password: hunter2\n"),
        ("inside/.git/HEAD", ""),
        ("inside/syncs/a.yaml", FILE),
        ("elsewhere/a.yaml", FILE),
    ]);
    for link in ["inside/syncs/b.yaml", "elsewhere/b.yaml"] {
        let target = tree.root().join("outside/secret.yaml");
        std::os::unix::fs::symlink(target, tree.root().join(link)).unwrap();
    }
    for named in [
        "syncs",
        ".",
        "syncs/*.yaml",
        "-f syncs/b.yaml",
        "../elsewhere",
        "../elsewhere/*.yaml",
    ] {
        let run = tree.secsync(&format!("validate {named}")).inside("inside");
        let refused = run.run().exits_with(3);
        assert!(refused.stderr.contains("outside-root"), "{refused}");
        assert!(!refused.stderr.contains("hunter2"), "{refused}");
    }
}

#[cfg(unix)]
#[test]
fn a_path_outside_of_the_workspace_that_the_command_line_names_is_read() {
    let tree = Tree::new(&[("inside/.git/HEAD", ""), ("outside/a.yaml", FILE)]);
    let link = tree.root().join("outside/link.yaml");
    std::os::unix::fs::symlink("a.yaml", link).unwrap();
    for named in ["../outside", "../outside/link.yaml", "../outside/*.yaml"] {
        let run = tree.secsync(&format!("validate {named}")).inside("inside");
        run.run().exits_with(0);
    }
}

#[cfg(unix)]
#[test]
fn a_directory_that_cannot_be_read_to_its_end_is_an_error_for_an_include_too() {
    let tree = tree("include: [\"syncs/**/*.yaml\"]\n", FILE);
    // A link to nowhere cannot be followed, whoever asks.
    std::os::unix::fs::symlink("nowhere", tree.root().join("syncs/b.yaml")).unwrap();
    let found = findings(&tree);
    assert_eq!(codes(&found), [Code::UnreadableFile]);
}

#[test]
fn a_malformed_include_says_what_is_wrong_with_it() {
    let found = only(findings(&tree("include: [\"syncs/[\"]\n", FILE)));
    assert_eq!(found.code, Code::NoFiles);
    assert!(found.message.contains("malformed"), "{found:?}");
    assert!(found.span().is_some());
}

#[test]
fn a_state_that_the_file_names_stays_inside_the_root() {
    for state in ["../state.json", "/tmp/state.json", "a/../../state.json"] {
        let tree = tree(&format!("{SETTINGS}state: {state}\n"), "syncs: {}\n");
        let refused = tree.secsync("state init").run().exits_with(3);
        assert!(refused.stderr.contains("leaves the workspace"), "{refused}");
    }
}

#[cfg(unix)]
#[test]
fn a_state_behind_a_link_that_leads_out_of_the_root_is_refused_and_nothing_is_written() {
    let declared = format!("{SETTINGS}state: deep/state.json\n");
    for (settings, link, target, command) in [
        (declared.as_str(), "inside/deep", "outside", "state init"),
        (&declared, "inside/deep", "nowhere", "state init"),
        (SETTINGS, "inside/.secsync", "outside", "state init"),
        (SETTINGS, "inside/.secsync", "outside", "plan --sandbox"),
    ] {
        let tree = Tree::new(&[
            ("outside/kept", ""),
            ("inside/syncs/a.yaml", "syncs: {}\n"),
            ("inside/secsync.yaml", settings),
        ]);
        std::os::unix::fs::symlink(tree.root().join(target), tree.root().join(link)).unwrap();
        let refused = tree.secsync(command).inside("inside").run().exits_with(3);
        assert!(refused.stderr.contains("is a link"), "{refused}");
        let outside = tree.root().join("outside").read_dir_utf8().unwrap();
        assert_eq!(outside.count(), 1, "{command}");
        assert!(!tree.has("nowhere"));
    }
    // As a link itself, also one to nowhere.
    let tree = Tree::new(&[
        ("inside/syncs/a.yaml", "syncs: {}\n"),
        (
            "inside/secsync.yaml",
            &format!("{SETTINGS}state: state.json\n"),
        ),
    ]);
    let link = tree.root().join("inside/state.json");
    std::os::unix::fs::symlink(tree.root().join("stolen.json"), link).unwrap();
    let refused = tree
        .secsync("state init")
        .inside("inside")
        .run()
        .exits_with(3);
    assert!(refused.stderr.contains("is a link"), "{refused}");
    assert!(!tree.has("stolen.json"));
}

#[test]
fn an_identity_a_method_an_audience_and_an_authority_are_never_taken_from_a_file() {
    for key in [
        "identityId",
        "machineIdentityId",
        "authMethod",
        "auth",
        "oidcAudience",
        "audience",
        "caCert",
        "ca",
        "token",
        "clientId",
        "clientSecret",
        "trustHosts",
    ] {
        for settings in [
            format!("{SETTINGS}{key}: x\n"),
            format!("{SETTINGS}providers: {{infisical: {{{key}: x}}}}\n"),
        ] {
            let found = findings(&tree(&settings, FILE));
            assert_eq!(codes(&found), [Code::UnknownField], "{settings}");
            assert!(found[0].message.contains(&format!("`{key}`")), "{found:?}");
        }
        let file = format!("{key}: x\n{FILE}");
        let found = findings(&tree(SETTINGS, &file));
        assert_eq!(codes(&found), [Code::UnknownField], "{file}");
    }
}

#[test]
fn two_providers_cannot_share_a_prefix() {
    let settings = "include: [syncs/*.yaml]\nproviders:\n  on-prem: {type: infisical}\n  on_prem: {type: infisical}\n  On-Prem: {type: infisical}\n";
    let found = findings(&tree(settings, "syncs: {}\n"));
    assert_eq!(codes(&found), [Code::WrongForm, Code::WrongForm]);
}

#[test]
fn an_unknown_key_of_the_workspace_file_is_an_error_with_its_place() {
    let refused = tree("includes: []\n", FILE)
        .secsync("validate syncs")
        .run()
        .exits_with(3);
    assert!(refused.stderr.contains("secsync.yaml:1:1"), "{refused}");
    assert!(
        refused.stderr.contains("Did you mean `include`?"),
        "{refused}"
    );
}

#[test]
fn a_lint_has_the_level_that_the_workspace_sets() {
    let found = |level: &str| {
        let settings = format!("{SETTINGS}lint: {{destructive-first-sync: {level}}}\n");
        tree(&settings, "syncs:\n  web: {}\n")
            .secsync("validate")
            .run()
    };
    assert_eq!(found("allow").exits_with(0).stderr, "");
    assert!(
        found("warn")
            .exits_with(0)
            .stderr
            .contains("Found 1 warning.")
    );
    assert!(
        found("deny")
            .exits_with(3)
            .stderr
            .contains("Found 1 error.")
    );
}

#[test]
fn a_comment_allows_a_lint_on_its_line_on_the_next_one_or_in_a_whole_sync() {
    let settings = format!("{SETTINGS}lint: {{destructive-first-sync: deny}}\n");
    let lint = "initialSyncBehavior: overwrite-destination";
    let allow = "# secsync: allow(destructive-first-sync) the app is new";
    for allowed in [
        format!("syncs:\n  web:\n    syncOptions:\n      {lint}  {allow}\n"),
        format!("syncs:\n  web:\n    syncOptions:\n      {allow}\n\n      {lint}\n"),
        format!("syncs:\n  web:  {allow}\n    syncOptions:\n      {lint}\n"),
        format!("syncs:\n  {allow}\n  web:\n    syncOptions:\n      {lint}\n"),
    ] {
        assert_eq!(findings(&tree(&settings, &allowed)), [], "{allowed}");
    }
    for other in [
        format!("syncs:\n  web:\n    syncOptions:\n      {lint}\n      {allow}\n"),
        format!(
            "syncs:\n  other: {{destinationConfig: null, ensure: absent}}  {allow}\n  web:\n    syncOptions:\n      {lint}\n"
        ),
    ] {
        let found = findings(&tree(&settings, &other));
        let names: Vec<&str> = found.iter().map(|found| found.code.name()).collect();
        assert_eq!(names, ["destructive-first-sync"], "{other}");
    }
}

#[test]
fn what_makes_a_file_invalid_cannot_be_allowed() {
    let found = findings(&tree(
        SETTINGS,
        "syncs:\n  web: {nmae: x}  # secsync: allow(unknown-field) it is fine\n",
    ));
    assert_eq!(codes(&found), [Code::UnknownField, Code::UnknownLint]);
}

#[test]
fn labels_select_and_are_not_sent() {
    let tree = tree(SETTINGS, "syncs:\n  web: {labels: {team: pay}}\n");
    assert!(
        fields(&checked(options(&tree, &[])))
            .get("labels")
            .is_none()
    );
}
