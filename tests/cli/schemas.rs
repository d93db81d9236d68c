//! The schemas that files are checked against: listed, pulled, compared, written for editors.

use std::fs;

use serde_json::{Value, json};

use super::harness::{Canned, Server, Tree, payments, repository, world};

/// A document of a platform with one destination, `depot`, that the program does not know.
const DEPOT: &str = include_str!("../fixtures/openapi/depot.openapi.json");

fn destinations(tree: &Tree) -> Vec<Value> {
    let listed = tree.secsync("schema list -o json").run().exits_with(0);
    listed.json()["destinations"].as_array().unwrap().clone()
}

/// A documentation page as the platforms publish them: one operation, as YAML in a code block.
fn page(document: &Value, method: &str, path: &str) -> String {
    let mut whole = document.clone();
    whole["paths"] = json!({path: {method: document["paths"][path][method]}});
    let yaml = secsync::yaml::to_string(&whole);
    format!(
        "> ## An index\n> Use it.\n\n# A page\n\n> One line.\n\n## OpenAPI\n\n````yaml {method} {path}\n{yaml}\n````\n"
    )
}

fn depot() -> Value {
    serde_json::from_str(DEPOT).unwrap()
}

#[test]
fn the_list_shows_every_bundled_destination_with_its_app_its_import_and_its_digest() {
    let found = destinations(&Tree::new(&[]));
    let slugs: Vec<&str> = found
        .iter()
        .map(|row| row["destination"].as_str().unwrap())
        .collect();
    let mut bundled: Vec<String> = fs::read_dir("schemas/infisical")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    bundled.sort();
    assert_eq!(slugs, bundled);
    for row in &found {
        assert_eq!(row["origin"], "bundled");
        assert_eq!(row["digest"].as_str().unwrap().len(), 64, "{row}");
        assert!(row["connectionApp"].is_string(), "{row}");
        assert!(row["canImport"].is_boolean(), "{row}");
    }
    let humanitec = found.iter().find(|row| row["destination"] == "humanitec");
    let mut humanitec = humanitec.unwrap().clone();
    humanitec["digest"] = json!("");
    assert_eq!(
        humanitec,
        json!({
            "provider": "infisical", "destination": "humanitec", "name": "Humanitec",
            "connectionApp": "humanitec", "canImport": false, "origin": "bundled",
            "pulledAt": null, "digest": "",
        })
    );
}

#[test]
fn distinguishes_pulled_and_bundled_schemas_in_the_list() {
    let tree = Tree::new(&[("depot.json", DEPOT)]);
    tree.secsync("schema pull depot.json").run().exits_with(0);
    let listed = tree.secsync("schema list").run().exits_with(0);
    let text = listed.harmless(&listed.stdout);
    let of = |word: &str| text.lines().find(|line| line.contains(word)).unwrap();
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(
        words(of("PROVIDER")),
        "PROVIDER DESTINATION NAME CONNECTION IMPORT SCHEMA"
    );
    assert_eq!(
        words(of(" depot ")),
        "infisical depot The Depot warehouse no pulled [TIME]"
    );
    assert_eq!(
        words(of(" humanitec ")),
        "infisical humanitec Humanitec humanitec no bundled"
    );
    assert_eq!(
        words(of("enkryptify")),
        "enkryptify (any slug) Enkryptify - no bundled"
    );
}

#[test]
fn what_a_server_serves_is_pulled_and_then_used_and_changes_nothing_that_is_the_same() {
    let tree = Tree::new(&[]);
    let server = Server::new(&world());
    let pull = || {
        tree.secsync("schema pull --from-server")
            .on(&server)
            .run()
            .exits_with(0)
    };
    pull();
    let found = destinations(&tree);
    assert!(
        found
            .iter()
            .all(|row| row["origin"] == "pulled" && row["pulledAt"].is_string())
    );
    let manifest = tree.read(".secsync/schemas/manifest.json");
    pull();
    assert_eq!(tree.read(".secsync/schemas/manifest.json"), manifest);
    let same = tree.secsync("schema diff").run().exits_with(0);
    assert!(
        same.stdout.contains("The schemas are the same."),
        "{}",
        same.stdout
    );
}

#[test]
fn a_destination_that_a_document_adds_validates_at_once() {
    let sync = "provider: infisical\nproject: p\nsyncs:\n  a: { destination: depot }\n";
    let tree = Tree::new(&[("depot.json", DEPOT), ("a.yaml", sync)]);
    let before = tree.secsync("validate a.yaml").run().exits_with(3);
    assert!(
        before.stderr.contains("unknown-destination"),
        "{}",
        before.stderr
    );
    tree.secsync("schema pull depot.json").run().exits_with(0);
    let after = tree.secsync("validate a.yaml").run().exits_with(3);
    assert!(
        !after.stderr.contains("unknown-destination"),
        "{}",
        after.stderr
    );
}

#[test]
fn a_page_about_creating_and_one_about_starting_are_pulled() {
    let create = page(&depot(), "post", "/api/v1/secret-syncs/depot");
    let tree = Tree::new(&[
        ("create.md", &create),
        ("start.md", include_str!("../fixtures/openapi/start.md")),
    ]);
    let reported = tree
        .secsync("schema pull create.md start.md")
        .run()
        .exits_with(0);
    assert!(
        reported.stdout.starts_with("Pulled 2 schemas"),
        "{reported}"
    );
    assert_eq!(
        tree.files(),
        [
            ".secsync/schemas/enkryptify/start.json",
            ".secsync/schemas/infisical/depot.json",
            ".secsync/schemas/manifest.json",
            "create.md",
            "start.md",
        ]
    );
    let shown = tree.secsync("schema show depot -o json").run();
    assert!(shown.exits_with(0).json()["schema"]["$defs"]["create"].is_object());
    // Pages speak of some destinations; the others are as they were.
    let diff = tree.secsync("schema diff").run();
    assert!(!diff.stdout.contains("destination removed"), "{diff}");
    assert!(
        diff.stdout.contains("infisical/depot: new destination"),
        "{diff}"
    );
}

#[test]
fn a_page_about_triggering_adds_what_reads_return() {
    let server = Server::new(&world());
    let path = "/api/v1/secret-syncs/humanitec/{syncId}/sync-secrets";
    let tree = Tree::new(&[("trigger.md", &page(&server.api_document(), "post", path))]);
    tree.secsync("schema pull trigger.md").run().exits_with(0);
    let written: Value =
        serde_json::from_str(&tree.read(".secsync/schemas/infisical/humanitec.json")).unwrap();
    let definitions: Vec<_> = written["$defs"].as_object().unwrap().keys().collect();
    assert_eq!(definitions, ["read"]);
    let row = destinations(&tree)
        .into_iter()
        .find(|row| row["destination"] == "humanitec");
    assert_eq!(row.unwrap()["origin"], "pulled");
}

#[test]
fn a_destination_without_a_request_to_create_it_is_not_pulled() {
    let path = "/api/v1/secret-syncs/depot/{syncId}/sync-secrets";
    let tree = Tree::new(&[("trigger.md", &page(&depot(), "post", path))]);
    let refused = tree.secsync("schema pull trigger.md").run().exits_with(1);
    insta::assert_snapshot!(refused, @"
    $ secsync schema pull trigger.md
    --- stderr
    Error: The schema infisical/depot has no `create` definition.
      Nothing was changed in this workspace. Give the whole document, or also the page about creating such a sync.
    --- exit 1
    ");
    assert_eq!(tree.files(), ["trigger.md"]);
}

#[test]
fn what_a_whole_server_does_not_have_is_shown_as_removed_with_the_files_that_break() {
    let server = Server::new(&world());
    let mut document = server.api_document();
    let paths = document["paths"].as_object_mut().unwrap();
    paths.retain(|path, _| !path.contains("/humanitec"));
    let tree = Tree::new(&[
        ("older.json", &document.to_string()),
        (
            "syncs/payments.yaml",
            &payments(&[
                ("one", ""),
                (
                    "two",
                    "destination: checkly\nconnection: checkly-main\ndestinationConfig: { accountId: a }\n",
                ),
            ]),
        ),
        ("secsync.yaml", "include: [syncs/*.yaml]\n"),
    ]);
    tree.secsync("schema pull older.json").run().exits_with(0);
    let diff = tree.secsync("schema diff").run().exits_with(2);
    insta::assert_snapshot!(diff, @"
    $ secsync schema diff
    ! infisical/humanitec: destination removed

    In this workspace, these values do not fit the newer schemas:
    ! syncs/payments.yaml:4:16: Infisical has no destination `humanitec`.
    --- exit 2
    ");
    let json = tree.secsync("schema diff -o json").run().exits_with(2);
    insta::assert_snapshot!(json, @r#"
    $ secsync schema diff -o json
    {
      "version": 1,
      "kind": "schema-diff",
      "sandbox": false,
      "diagnostics": [],
      "changes": [
        {
          "provider": "infisical",
          "destination": "humanitec",
          "field": null,
          "change": "destination removed",
          "breaking": true
        }
      ],
      "broken": [
        {
          "message": "Infisical has no destination `humanitec`.",
          "place": {
            "file": "syncs/payments.yaml",
            "line": 4,
            "column": 16,
            "endLine": 4,
            "endColumn": 25
          }
        }
      ],
      "exitCode": 2
    }
    --- exit 2
    "#);
    // It is known all the same, for a workspace can have another server.
    tree.secsync("validate").run().exits_with(0);
}

#[test]
fn the_files_that_a_newer_schema_breaks_are_named() {
    let server = Server::new(&world());
    let mut document = server.api_document();
    let body =
        "/paths/~1api~1v1~1secret-syncs~1checkly/post/requestBody/content/application~1json/schema";
    let create = document.pointer_mut(body).unwrap();
    let config = &mut create["properties"]["destinationConfig"];
    config["properties"]["accountId"]["maxLength"] = json!(3);
    config["properties"]["region"] = json!({"type": "string"});
    config["required"] = json!(["accountId", "region"]);
    let answer = "/paths/~1api~1v1~1secret-syncs~1checkly~1{syncId}/get/responses/200/content\
                  /application~1json/schema/properties/secretSync";
    let read = document.pointer_mut(answer).unwrap();
    read["properties"]["destinationConfig"]["properties"]["region"] = json!({"type": "string"});
    let sync = |name: &str, account: &str| {
        let text = payments(&[(
            name,
            &format!(
                "destination: checkly\nconnection: checkly-main\ndestinationConfig: {{ accountId: {account} }}\n"
            ),
        )]);
        (format!("syncs/{name}.yaml"), text)
    };
    let (short, long) = (sync("short", "abc"), sync("long", "abcd"));
    let broken = payments(&[("broken", "secretPaht: /x\n")]);
    let tree = Tree::new(&[
        ("secsync.yaml", "include: [syncs/*.yaml]\n"),
        ("newer.json", &document.to_string()),
        (&short.0, &short.1),
        (&long.0, &long.1),
        // What was wrong before is not the newer schema's doing.
        ("syncs/broken.yaml", &broken),
    ]);
    tree.secsync("schema pull newer.json").run().exits_with(0);
    let diff = tree.secsync("schema diff").run().exits_with(2);
    insta::assert_snapshot!(diff, @"
    $ secsync schema diff
    ! infisical/checkly destinationConfig.accountId: narrowed: maxLength is 3
    ! infisical/checkly destinationConfig.region: new required field

    In this workspace, these values do not fit the newer schemas:
    ! syncs/long.yaml:14:5: `destinationConfig.region` is missing.
    ! syncs/long.yaml:14:37: `destinationConfig.accountId` has 4 characters, but may have at most 3.
    ! syncs/short.yaml:14:5: `destinationConfig.region` is missing.
    --- exit 2
    ");
    // And the way back fixes them.
    let back = tree.secsync("schema diff workspace bundled").run();
    insta::assert_snapshot!(back, @"
    $ secsync schema diff workspace bundled
      infisical/checkly destinationConfig.accountId: widened: maxLength is 255
    ! infisical/checkly destinationConfig.region: field removed
    --- exit 2
    ");
}

#[test]
fn two_directories_are_compared_without_the_workspaces_own() {
    let mut newer = depot();
    let moved = newer["paths"]["/api/v1/secret-syncs/quay"].take();
    newer["paths"]["/api/v1/secret-syncs/wharf"] = moved;
    newer["paths"]
        .as_object_mut()
        .unwrap()
        .remove("/api/v1/secret-syncs/quay");
    let tree = Tree::new(&[
        ("older.json", DEPOT),
        ("newer.json", &newer.to_string()),
        ("syncs/none.txt", ""),
    ]);
    for name in ["older", "newer"] {
        tree.secsync(&format!("schema pull {name}.json"))
            .run()
            .exits_with(0);
        fs::rename(tree.root().join(".secsync/schemas"), tree.root().join(name)).unwrap();
    }
    let diff = tree.secsync("schema diff older newer").run().exits_with(2);
    insta::assert_snapshot!(diff, @"
    $ secsync schema diff older newer
    ! infisical/quay: destination removed
      infisical/wharf: new destination
    --- exit 2
    ");
    let same = tree.secsync("schema diff newer newer").run().exits_with(0);
    assert_eq!(same.stdout, "The schemas are the same.\n");
    let missing = tree.secsync("schema diff older nowhere").run();
    insta::assert_snapshot!(missing.exits_with(64), @"
    $ secsync schema diff older nowhere
    --- stderr
    Error: The directory `nowhere` does not exist.
      Name `bundled`, `workspace`, or a directory that `schema pull` wrote.
    --- exit 64
    ");
}

#[test]
fn a_pull_that_was_cut_off_leaves_the_schemas_that_were_there_and_the_next_one_heals() {
    let tree = Tree::new(&[("depot.json", DEPOT)]);
    tree.secsync("schema pull depot.json").run().exits_with(0);
    let before = destinations(&tree);
    // What a process leaves that ends between the two steps of the replacement.
    let path = |name: &str| tree.root().join(".secsync").join(name);
    fs::rename(path("schemas"), path("schemas.old")).unwrap();
    assert_eq!(destinations(&tree), before);
    tree.secsync("schema show infisical/depot")
        .run()
        .exits_with(0);
    tree.secsync("schema pull depot.json").run().exits_with(0);
    let undated = |mut list: Vec<Value>| {
        for destination in &mut list {
            // The second pull can be in another second than the first.
            destination.as_object_mut().unwrap().remove("pulledAt");
        }
        list
    };
    assert_eq!(undated(destinations(&tree)), undated(before));
    assert!(tree.has(".secsync/schemas/manifest.json") && !tree.has(".secsync/schemas.old"));
}

#[test]
fn a_document_of_the_size_of_a_live_one_is_pulled() {
    let mut document = Server::new(&world()).api_document();
    // A live document describes everything in prose, and much besides syncs.
    let prose = "It says what the field is for, and what happens where it is left out. ".repeat(2);
    describe(&mut document["paths"], &prose);
    let sync = document["paths"]["/api/v1/secret-syncs/humanitec"].clone();
    for index in document["paths"].as_object().unwrap().len()..473 {
        document["paths"][format!("/api/v1/other-{index}")] = sync.clone();
    }
    let text = document.to_string();
    assert!(text.len() > 3_700_000, "{} bytes", text.len());
    let tree = Tree::new(&[("live.json", &text)]);
    let reported = tree.secsync("schema pull live.json").run().exits_with(0);
    assert!(
        reported.stdout.starts_with("Pulled 52 schemas"),
        "{reported}"
    );
    let diff = tree.secsync("schema diff").run().exits_with(0);
    assert_eq!(diff.stdout, "The schemas are the same.\n");
}

/// Gives every schema in a document a description.
fn describe(value: &mut Value, prose: &str) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(|value| describe(value, prose));
            if fields.get("type").is_some_and(Value::is_string) {
                fields.insert("description".to_owned(), json!(prose));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| describe(item, prose)),
        _ => {}
    }
}

#[test]
fn pulls_a_document_from_a_url_and_records_the_url_without_its_secrets() {
    let server = Canned::new(200, "application/json", DEPOT);
    let tree = Tree::new(&[]);
    let url = format!("{}/openapi.json", server.origin());
    tree.secsync(&format!("schema pull {url}?token=hunter2"))
        .run()
        .exits_with(0);
    let manifest: Value =
        serde_json::from_str(&tree.read(".secsync/schemas/manifest.json")).unwrap();
    let pulled = &manifest["providers"]["infisical"];
    assert_eq!(pulled["documents"][0]["source"], url);
    assert_eq!(pulled["documents"][0]["title"], "Depot API 1.2.0");
    assert_eq!(pulled["documents"][0]["digest"].as_str().unwrap().len(), 64);
    assert_eq!(
        (&pulled["whole"], &pulled["files"]),
        (&json!(true), &json!(2))
    );
    assert!(pulled["date"].is_string() && pulled["digest"].is_string());
    assert_eq!(manifest["version"], 1);
    assert!(
        !tree
            .read(".secsync/schemas/manifest.json")
            .contains("hunter2")
    );
}

#[test]
fn an_address_that_serves_no_document_is_an_error_and_changes_nothing() {
    for server in [
        Canned::new(200, "text/html", "<!DOCTYPE html><html></html>"),
        Canned::new(404, "application/json", "{}"),
        Canned::redirecting("https://example.com/openapi.json"),
    ] {
        let tree = Tree::new(&[]);
        let url = format!("{}/openapi.json", server.origin());
        let refused = tree.secsync(&format!("schema pull {url}")).run();
        assert!(refused.stderr.contains("/openapi.json"), "{refused}");
        refused.exits_with(1);
        assert_eq!(tree.files(), Vec::<String>::new());
    }
}

#[test]
fn a_schema_is_shown_by_its_platform_and_destination() {
    let tree = Tree::new(&[]);
    for name in ["infisical/humanitec", "enkryptify/start"] {
        let shown = tree.secsync(&format!("schema show {name} -o json")).run();
        let file = repository(&format!("schemas/{name}.json"));
        let file: Value = serde_json::from_str(&file).unwrap();
        assert_eq!(shown.exits_with(0).json()["schema"], file);
    }
    for name in ["infisical/nowhere", "nowhere", "infisical/../humanitec"] {
        let unknown = tree.secsync(&format!("schema show {name}")).run();
        assert!(
            unknown.stderr.contains("`secsync schema list` shows them."),
            "{unknown}"
        );
        unknown.exits_with(64);
    }
}

#[test]
fn a_run_opens_no_schema_but_those_of_its_own_destinations() {
    let tree = Tree::new(&[
        ("syncs/a.yaml", &payments(&[("api", "")])),
        // Opening this one would be an error.
        (".secsync/schemas/infisical/vercel.json", "{"),
    ]);
    tree.secsync("validate syncs").run().exits_with(0);
    let listed = tree.secsync("schema list").run().exits_with(1);
    assert!(
        listed.stderr.contains("vercel.json is not valid JSON"),
        "{listed}"
    );
}

#[test]
fn rejects_a_document_that_is_not_openapi_and_changes_nothing() {
    let cut = &DEPOT[..DEPOT.len() / 2];
    let tree = Tree::new(&[
        ("cut.json", cut),
        ("page.html", "<html></html>"),
        ("other.json", r#"{"openapi": "3.1.0", "paths": {}}"#),
        ("list.json", "[]"),
        ("empty.yaml", ""),
        ("depot.json", DEPOT),
    ]);
    let refused = |document: &str| {
        let refused = tree.secsync(&format!("schema pull {document}")).run();
        refused.exits_with(1).to_string()
    };
    let documents = [
        "cut.json",
        "page.html",
        "other.json",
        "list.json",
        "empty.yaml",
        "missing.json",
    ];
    let all: String = documents.map(refused).concat();
    assert!(!tree.has(".secsync"));
    insta::assert_snapshot!(all, @"
    $ secsync schema pull cut.json
    --- stderr
    Error: cut.json: The JSON document is cut off: it ends in the middle of a value.
      Nothing was changed in this workspace. Download the document again, and check that it is whole.
    --- exit 1
    $ secsync schema pull page.html
    --- stderr
    Error: page.html: The text is a web page, not an OpenAPI document.
      Nothing was changed in this workspace. Give an OpenAPI 3 document as JSON or YAML, or the documentation page that wraps one. A running Infisical serves its own at /api/docs/json.
    --- exit 1
    $ secsync schema pull other.json
    --- stderr
    Error: other.json: The OpenAPI document describes no secret sync.
      Nothing was changed in this workspace. Give a document that has paths below /api/v1/secret-syncs/ (Infisical) or the path /v1/sync/{slug}/start (Enkryptify).
    --- exit 1
    $ secsync schema pull list.json
    --- stderr
    Error: list.json: The document is not an OpenAPI document: it has no `openapi` version.
      Nothing was changed in this workspace. Give an OpenAPI 3 document as JSON or YAML, or the documentation page that wraps one. A running Infisical serves its own at /api/docs/json.
    --- exit 1
    $ secsync schema pull empty.yaml
    --- stderr
    Error: empty.yaml: The text is empty.
      Nothing was changed in this workspace. Give an OpenAPI 3 document as JSON or YAML, or the documentation page that wraps one. A running Infisical serves its own at /api/docs/json.
    --- exit 1
    $ secsync schema pull missing.json
    --- stderr
    Error: The document missing.json cannot be read: it does not exist.
      Check the path.
    --- exit 1
    ");
    // Nor does a right one beside it.
    tree.secsync("schema pull depot.json").run().exits_with(0);
    let before = tree.read(".secsync/schemas/manifest.json");
    refused("depot.json cut.json");
    assert_eq!(tree.read(".secsync/schemas/manifest.json"), before);
}

#[test]
fn writes_the_schema_for_editors_to_the_named_file() {
    let tree = Tree::new(&[]);
    let reported = tree.secsync("schema editor").run().exits_with(0);
    assert!(
        reported.stdout.contains("# yaml-language-server: $schema="),
        "{}",
        reported.stdout
    );
    let written: Value = serde_json::from_str(&tree.read(".secsync/sync-file.json")).unwrap();
    let printed = tree.secsync("schema editor --out -").run().exits_with(0);
    assert_eq!(printed.json(), written);
}

#[test]
fn explains_how_to_write_a_provider_that_is_separated_from_its_flag() {
    let tree = Tree::new(&[]);
    let refused = tree
        .secsync("schema pull --from-server infisical --sandbox")
        .run();
    insta::assert_snapshot!(refused.exits_with(64), @"
    $ secsync schema pull --from-server infisical --sandbox
    --- stderr
    Error: The provider `infisical` is separated from `--from-server`, and so is taken for a document.
      Write `--from-server=infisical`.
    --- exit 64
    ");
    let pulled = tree.secsync("schema pull --from-server=infisical --sandbox");
    pulled.run().exits_with(0);
}

/// Replaces the value of a key wherever it is an object.
fn replace(document: &mut Value, key: &str, by: &Value) {
    match document {
        Value::Object(fields) => {
            for (name, value) in fields {
                if name == key && value.is_object() {
                    value.clone_from(by);
                } else {
                    replace(value, key, by);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, key, by)),
        _ => {}
    }
}

#[test]
fn unions_that_multiply_stay_side_by_side() {
    let field = |name: String| json!({"type": "object", "properties": {&name: {"type": "string"}}, "required": [name]});
    let pair =
        |number| json!({"oneOf": [field(format!("a{number}")), field(format!("b{number}"))]});
    let config = json!({"allOf": (0..22).map(pair).collect::<Vec<_>>()});
    let mut document = depot();
    replace(&mut document, "destinationConfig", &config);
    let file = "\
provider: infisical
project: payments
syncs:
  web:
    destination: depot
    environment: prod
    secretPath: /web
    syncOptions: {initialSyncBehavior: overwrite-destination}
    destinationConfig: {a0: x}
";
    let document = document.to_string();
    let tree = Tree::new(&[("depot.json", document.as_str()), ("sync.yaml", file)]);
    tree.secsync("schema pull depot.json").run().exits_with(0);
    let pulled = tree.read(".secsync/schemas/infisical/depot.json");
    assert!(pulled.len() < 8_000_000, "{} bytes", pulled.len());
    let found = tree.secsync("validate sync.yaml").run().exits_with(3);
    assert!(
        found
            .stderr
            .contains("Add `a21` under `destinationConfig`."),
        "{found}"
    );
}

/// Newer servers have the option for subfolders beside `syncOptions`, and not in it.
#[test]
fn a_field_that_moved_between_servers_is_pointed_to_its_place() {
    let server = Server::new(&world());
    let mut document = server.api_document();
    let create = "/paths/~1api~1v1~1secret-syncs~1humanitec/post/requestBody/content\
                  /application~1json/schema";
    let answer = "/paths/~1api~1v1~1secret-syncs~1humanitec~1{syncId}/get/responses/200/content\
                  /application~1json/schema/properties/secretSync";
    for place in [create, answer] {
        let fields = &mut document.pointer_mut(place).unwrap()["properties"];
        let options = fields["syncOptions"]["properties"].as_object_mut().unwrap();
        let moved = options.remove("includeAllSubFolders").unwrap();
        fields["includeAllSubFolders"] = moved;
    }
    let nested = payments(&[("web", "syncOptions: { includeAllSubFolders: true }")]);
    let beside = payments(&[("web", "includeAllSubFolders: true")]);
    let tree = Tree::new(&[
        ("secsync.yaml", "include: [syncs]\n"),
        ("newer.json", &document.to_string()),
    ]);
    let help = |text: &str, exit| {
        tree.write("syncs/payments.yaml", text);
        let output = tree.secsync("validate").run().exits_with(exit);
        let help = output.stderr.lines().find(|line| line.contains("help:"));
        help.unwrap_or_default().trim().to_owned()
    };
    assert_eq!(help(&nested, 0), "");
    assert_eq!(help(&beside, 3), "help: Move it under `syncOptions`.");
    tree.secsync("schema pull newer.json").run().exits_with(0);
    assert_eq!(help(&beside, 0), "");
    assert_eq!(
        help(&nested, 3),
        "help: Move it out of `syncOptions`, to the top of the sync."
    );
}
