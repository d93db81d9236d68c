//! What a sync file means, sentence by sentence, if no other test says it from the outside.

use secsync::core::code::Code;
use serde_json::{Value, json};

use super::support::{FILE, applied_on, checked, codes, findings, options, world};
use crate::harness::{Output, Server, Tree};

/// A project's file with one sync; `lines` come on top of what makes it valid.
fn file(name: &str, lines: &str) -> String {
    let mut text = format!(
        "\
provider: infisical
project: payments
defaults:
  destination: humanitec
  connection: humanitec-main
  environment: prod
  secretPath: /web
  syncOptions: {{initialSyncBehavior: overwrite-destination, disableSecretDeletion: true}}
  destinationConfig: {{scope: application, org: acme, app: web}}
syncs:
  {name}:
"
    );
    for line in lines.lines() {
        text.push_str(&format!("    {line}\n"));
    }
    text
}

/// A server on which one sync was applied, and the tree that it was applied from.
struct Applied {
    tree: Tree,
    server: Server,
}

impl Applied {
    fn new(lines: &str) -> Self {
        let applied = Self {
            tree: Tree::new(&[]),
            server: Server::new(&world()),
        };
        applied.declare(lines);
        applied.run("apply --auto-approve", 0);
        applied
    }

    fn declare(&self, lines: &str) {
        self.tree.write("syncs/payments.yaml", file("web", lines));
    }

    #[track_caller]
    fn run(&self, arguments: &str, exit: i32) -> Output {
        let run = self.tree.secsync(arguments).on(&self.server).run();
        run.exits_with(exit)
    }

    /// The fields that a plan would change: path, before and after.
    #[track_caller]
    fn changes(&self) -> Vec<(String, Value, Value)> {
        let plan = self.run("plan -o json", 0).json();
        let actions = plan["actions"].as_array().unwrap().iter();
        actions
            .flat_map(|action| action["changes"].as_array().unwrap())
            .map(|change| {
                let path = change["path"].as_str().unwrap().to_owned();
                (path, change["before"].clone(), change["after"].clone())
            })
            .collect()
    }
}

#[test]
fn the_key_is_the_syncs_name_unless_name_gives_another() {
    let server = Server::new(&world());
    let tree = Tree::new(&[
        ("syncs/a.yaml", &file("by-key", "")),
        ("syncs/b.yaml", &file("Web, by name", "name: by-name")),
    ]);
    let plan = tree.secsync("plan -o json").on(&server).run().json();
    let actions = plan["actions"].as_array().unwrap().iter();
    let names: Vec<&Value> = actions.map(|action| &action["name"]).collect();
    assert_eq!(names, ["by-key", "by-name"]);
}

#[test]
fn an_optional_field_that_is_not_declared_any_more_goes_back_to_its_default() {
    let options = "syncOptions: {keySchema: \"A_{{secretKey}}\"}";
    let applied = Applied::new(&format!(
        "description: The web\nisAutoSyncEnabled: false\n{options}"
    ));
    applied.declare("");
    assert_eq!(
        applied.changes(),
        [
            ("description".to_owned(), json!("The web"), Value::Null),
            ("isAutoSyncEnabled".to_owned(), json!(false), json!(true)),
            (
                "syncOptions.keySchema".to_owned(),
                json!("A_{{secretKey}}"),
                Value::Null
            ),
        ]
    );
    applied.run("apply --auto-approve", 0);
    applied.run("plan --detailed-exitcode", 0);
}

#[test]
fn a_schema_default_means_the_same_spelled_out_or_left_out_on_either_side() {
    let applied = Applied::new("");
    applied.declare("isAutoSyncEnabled: true");
    applied.run("plan --detailed-exitcode", 0);
    let applied = Applied::new("isAutoSyncEnabled: true");
    applied.declare("");
    applied.run("plan --detailed-exitcode", 0);
}

#[test]
fn what_a_sync_says_displaces_the_inherited_alternative() {
    let mut world = world();
    let shop = "22222222-2222-4222-8222-222222222222";
    world["projects"][1]["id"] = json!(shop);
    let connection = "33333333-3333-4333-8333-333333333333";
    world["connections"][0]["id"] = json!(connection);
    let server = Server::new(&world);
    let lines = format!("connectionId: {connection}\nprojectId: {shop}");
    let tree = Tree::new(&[("syncs/a.yaml", &file("web", &lines))]);
    let plan = tree.secsync("plan -o json").on(&server).run().json();
    assert_eq!(plan["actions"][0]["projectId"], shop);
    assert_eq!(plan["actions"][0]["action"], "create");

    let ids = format!("connectionId: {connection}\n  projectId: {shop}\n");
    let by_id = file("web", "connection: humanitec-main\nproject: payments")
        .replacen("project: payments\n", "", 1)
        .replacen("connection: humanitec-main\n", &ids, 1);
    let tree = Tree::new(&[("syncs/a.yaml", &by_id)]);
    let plan = tree.secsync("plan -o json").on(&server).run().json();
    assert_eq!(plan["actions"][0]["project"], "payments");
    let shown = plan["actions"][0]["changes"].as_array().unwrap().iter();
    let connection = shown
        .map(|change| (&change["path"], &change["after"]))
        .next();
    assert_eq!(
        connection,
        Some((&json!("connection"), &json!("humanitec-main")))
    );
}

#[test]
fn files_directories_patterns_and_standard_input_work_together() {
    let tree = Tree::new(&[
        ("one.yaml", &file("one", "")),
        ("directory/deep/two.json", "{\"syncs\": {}}"),
        ("patterns/three.yml", &file("three", "")),
        ("patterns/not.txt", "nonsense: ["),
    ]);
    let run = tree
        .secsync("validate one.yaml directory patterns/*.yml - -v")
        .stdin(&file("four", ""))
        .run()
        .exits_with(0);
    insta::assert_snapshot!(run, @"
    $ secsync validate one.yaml directory patterns/*.yml - -v
    Success! 3 syncs in 4 files can be planned.
      one (one.yaml:11:3)
      three (patterns/three.yml:11:3)
      four (<stdin>:11:3)
    --- exit 0
    ");
}

#[test]
fn a_word_means_what_yaml_1_2_says_and_a_leading_zero_is_pointed_out() {
    let config = |app: &str| {
        let lines = format!("destinationConfig: {{app: {app}}}");
        let tree = Tree::new(&[("syncs/a.yaml", &file("web", &lines))]);
        let run = checked(options(&tree, &[]));
        let app = run.syncs[0].fields_as_json()["destinationConfig"]["app"].clone();
        (app, codes(&run.diagnostics))
    };
    for word in ["no", "on", "1e3x", "yes", "off", "0o8"] {
        let (app, _) = config(word);
        assert_eq!(app, word);
    }
    assert_eq!(config("1e3x").1, []);
    assert_eq!(config("true").1, [Code::WrongType]);
    let (app, found) = config("010");
    assert_eq!(app, 10);
    assert!(found.contains(&Code::AmbiguousScalar), "{found:?}");
}

#[test]
fn blanks_at_the_ends_are_an_error_except_in_the_description_which_the_platform_trims() {
    let applied = Applied::new("description: \" The web \"");
    applied.declare("description: The web");
    applied.run("plan --detailed-exitcode", 0);
    applied.declare("description: \"  \\n\"");
    assert_eq!(
        applied.changes(),
        [("description".to_owned(), json!("The web"), Value::Null)]
    );
    let found = findings(&Tree::new(&[(
        "syncs/a.yaml",
        &file("web", "environment: \"prod \""),
    )]));
    assert_eq!(codes(&found), [Code::PaddedString]);
}

#[test]
fn a_sync_of_two_providers_that_are_one_server_is_declared_twice() {
    let server = Server::new(&world());
    let settings = format!(
        "providers:\n  infisical: {{url: \"{}\"}}\n  other: {{type: infisical}}\n",
        server.origin()
    );
    let other = FILE.replace("provider: infisical", "provider: other");
    let tree = Tree::new(&[
        ("secsync.yaml", &settings),
        ("syncs/a.yaml", FILE),
        ("syncs/b.yaml", &other),
    ]);
    // Offline it can be another server: the environment names it.
    tree.secsync("validate").run().exits_with(0);
    let run = tree.secsync("plan").on(&server);
    let refused = run
        .variable("OTHER_INFISICAL_HOST", &server.origin())
        .variable(
            "OTHER_INFISICAL_UNIVERSAL_AUTH_CLIENT_ID",
            secsync::sandbox::CLIENT_ID,
        )
        .variable(
            "OTHER_INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET",
            secsync::sandbox::CLIENT_SECRET,
        )
        .variable("SECSYNC_TRUST_HOSTS", &server.origin())
        .run()
        .exits_with(3);
    assert_eq!(
        refused.stderr.matches("is declared twice").count(),
        2,
        "{refused}"
    );
}

#[test]
fn the_nearest_workspace_file_upwards_counts() {
    let tree = Tree::new(&[
        (".git/HEAD", ""),
        ("secsync.yaml", "include: [outer.yaml]\n"),
        ("outer.yaml", "wrong: 1\n"),
        ("team/secsync.yaml", "include: [inner/*.yaml]\n"),
        ("team/inner/a.yaml", &file("web", "")),
        ("team/docs/readme.md", ""),
    ]);
    let run = tree.secsync("validate").inside("team/docs").run();
    run.exits_with(0);
    tree.secsync("validate").run().exits_with(3);
}

#[test]
fn the_workspace_file_is_optional() {
    let server = Server::new(&world());
    let tree = applied_on(&server, "apply syncs --auto-approve", 0);
    assert!(!tree.has("secsync.yaml"));
}
