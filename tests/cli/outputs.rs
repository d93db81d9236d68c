//! Formats, files and colours.

use insta::assert_snapshot;
use serde_json::json;

use super::harness::{Server, Tree, payments, world};

fn tree() -> Tree {
    Tree::new(&[(
        "syncs/payments.yaml",
        &payments(&[("api", "description: The API")]),
    )])
}

#[test]
fn a_plan_in_json() {
    let tree = tree();
    let server = Server::new(&world());
    let plan = tree
        .secsync("plan syncs -o json --detailed-exitcode")
        .on(&server)
        .run()
        .exits_with(2);
    assert_snapshot!(plan, @r#"
    $ secsync plan syncs -o json --detailed-exitcode
    {
      "version": 1,
      "kind": "plan",
      "sandbox": false,
      "diagnostics": [],
      "summary": {
        "add": 1,
        "change": 0,
        "destroy": 0,
        "start": 0,
        "trigger": 0,
        "blocked": 0,
        "unchanged": 0,
        "unmanaged": 0
      },
      "actions": [
        {
          "action": "create",
          "provider": "infisical",
          "server": "http://127.0.0.1:[PORT]",
          "project": "payments",
          "projectId": "[UUID]",
          "name": "api",
          "destination": "humanitec",
          "place": {
            "file": "syncs/payments.yaml",
            "line": 11,
            "column": 3,
            "endLine": 11,
            "endColumn": 6
          },
          "changes": [
            {
              "path": "connection",
              "before": null,
              "after": "humanitec-main"
            },
            {
              "path": "description",
              "before": null,
              "after": "The API"
            },
            {
              "path": "destinationConfig",
              "before": null,
              "after": {
                "scope": "application",
                "app": "payments",
                "org": "acme"
              }
            },
            {
              "path": "environment",
              "before": null,
              "after": "prod"
            },
            {
              "path": "secretPath",
              "before": null,
              "after": "/"
            },
            {
              "path": "syncOptions",
              "before": null,
              "after": {
                "disableSecretDeletion": true,
                "initialSyncBehavior": "overwrite-destination"
              }
            }
          ],
          "effects": [
            {
              "code": "first-sync-overwrites",
              "message": "The first sync overwrites secrets at the destination that have the same keys.",
              "destructive": false
            }
          ],
          "dependsOn": []
        }
      ],
      "unmanaged": [],
      "kept": [],
      "failing": [],
      "unknown": [],
      "notReadBack": [],
      "exitCode": 2
    }
    --- exit 2
    "#);
}

#[test]
fn no_changes_in_json() {
    let tree = tree();
    let server = Server::new(&world());
    tree.secsync("apply syncs --auto-approve")
        .on(&server)
        .run()
        .exits_with(0);
    let plan = tree
        .secsync("plan syncs -o json")
        .on(&server)
        .run()
        .exits_with(0)
        .json();
    assert_eq!(plan["actions"], json!([]));
    assert_eq!(plan["summary"]["unchanged"], 1);
    assert_eq!(plan["exitCode"], 0);
}

#[test]
fn an_apply_in_json() {
    let tree = tree();
    let server = Server::failing(&world(), &["create=400"]);
    let report = tree
        .secsync("apply syncs --auto-approve -o json")
        .on(&server)
        .run()
        .exits_with(5);
    // Progress goes to standard error, so that it does not mix with the report.
    assert!(report.stderr.contains("Creating..."), "{report}");
    let report = report.json();
    assert_eq!(report["kind"], "apply");
    assert_eq!(report["actions"][0]["action"], "create");
    assert_eq!(report["results"][0]["result"], "failed");
    assert_eq!(report["interrupted"], false);
    assert_eq!(report["exitCode"], 5);
}

#[test]
fn findings_in_json_have_their_places() {
    let tree = Tree::new(&[(
        "syncs/payments.yaml",
        &payments(&[("api", "secretPath: api\ncolour: red")]),
    )]);
    assert_snapshot!(tree.secsync("validate syncs -o json").run().exits_with(3).stdout, @r#"
    {
      "version": 1,
      "kind": "validate",
      "sandbox": false,
      "diagnostics": [
        {
          "code": "secret-path-form",
          "severity": "error",
          "message": "The secretPath `api` does not start with a slash.",
          "help": "Write `/api`.",
          "file": null,
          "sync": null,
          "places": [
            {
              "file": "syncs/payments.yaml",
              "line": 12,
              "column": 17,
              "endLine": 12,
              "endColumn": 20,
              "text": ""
            }
          ]
        },
        {
          "code": "unknown-field",
          "severity": "error",
          "message": "`colour` is not a field of a sync to Humanitec.",
          "help": "The fields here are `description`, `destinationConfig`, `environment`, `isAutoSyncEnabled`, `secretPath`, `syncOptions`, `provider`, `project`, `projectId`, `connection`, `connectionId`, `destination`, `name`, `labels`, `ensure`, `renamedFrom`, `ignoreRemote`, `protect`, `onDelete`, `trigger` and `matrix`.",
          "file": null,
          "sync": null,
          "places": [
            {
              "file": "syncs/payments.yaml",
              "line": 13,
              "column": 5,
              "endLine": 13,
              "endColumn": 11,
              "text": ""
            }
          ]
        }
      ],
      "files": 1,
      "syncs": 1,
      "errors": [],
      "exitCode": 3
    }
    "#);
}

#[test]
fn a_stop_in_json_has_its_reason() {
    let tree = tree();
    let plan = tree
        .secsync("plan syncs -o json")
        .run()
        .exits_with(4)
        .json();
    assert_eq!(plan["exitCode"], 4);
    assert!(plan["actions"].is_null(), "{plan}");
    let message = plan["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("INFISICAL_TOKEN"), "{message}");
}

#[test]
fn a_stop_before_any_file_is_read_leaves_a_document_too() {
    let tree = Tree::new(&[("elsewhere/a.txt", "")]);
    for command in [
        "validate",
        "plan",
        "apply",
        "apply --auto-approve",
        "drift",
        "status",
        "sync web",
    ] {
        let stop = tree.secsync(&format!("{command} -o json")).run();
        let stop = stop.exits_with(64);
        let json = stop.json();
        assert_eq!(json["kind"], command.split(' ').next().unwrap());
        assert_eq!(json["exitCode"], 64);
        assert_eq!(json["diagnostics"], json!([]));
        assert!(json["errors"][0]["message"].is_string(), "{stop}");
    }
}

#[test]
fn one_run_can_serve_people_and_machines() {
    let tree = tree();
    let server = Server::new(&world());
    let output = tree
        .secsync("plan syncs -o human -o json=plan.json -o human=plan.txt")
        .on(&server)
        .run()
        .exits_with(0);
    assert!(output.stdout.contains("Plan: 1 to add"), "{output}");
    assert_eq!(tree.read("plan.txt"), output.stdout);
    let plan: serde_json::Value = serde_json::from_str(&tree.read("plan.json")).unwrap();
    assert_eq!(plan["summary"]["add"], 1);
}

#[test]
fn an_apply_leaves_its_plan_and_its_report_in_a_file() {
    let tree = tree();
    let server = Server::new(&world());
    tree.secsync("apply syncs --auto-approve -q -o human=log.txt")
        .on(&server)
        .run()
        .exits_with(0);
    let log = tree.read("log.txt");
    assert!(
        log.contains("Plan: 1 to add") && log.contains("Apply complete!"),
        "{log}"
    );
}

#[test]
fn two_formats_cannot_share_standard_output() {
    let tree = tree();
    assert_snapshot!(tree.secsync("plan syncs -o human -o json").run().exits_with(64), @"
    $ secsync plan syncs -o human -o json
    --- stderr
    Error: Two formats cannot both go to standard output.
      Give all but one of them a file: `-o json=plan.json`.
    --- exit 64
    ");
}

#[test]
fn two_formats_cannot_share_a_file() {
    let tree = tree();
    tree.write("plan.json", "before");
    assert_snapshot!(tree.secsync("plan syncs -o json=plan.json -o markdown=syncs/../plan.json").run().exits_with(64), @"
    $ secsync plan syncs -o json=plan.json -o markdown=syncs/../plan.json
    --- stderr
    Error: Two outputs cannot both go to the file syncs/../plan.json.
      Give each one a file of its own.
    --- exit 64
    ");
    assert_eq!(tree.read("plan.json"), "before");
    tree.secsync("plan syncs -o json=new.txt -o markdown=./new.txt")
        .run()
        .exits_with(64);
    assert!(!tree.has("new.txt"));
}

#[cfg(unix)]
#[test]
fn two_formats_cannot_share_a_file_by_a_link_but_a_device() {
    let tree = tree();
    tree.write("new.txt", "");
    std::os::unix::fs::symlink("new.txt", tree.root().join("link")).unwrap();
    for file in ["new.txt", "link"] {
        let shared = format!("validate syncs -o json={file} -o markdown=link");
        tree.secsync(&shared).run().exits_with(64);
        assert_eq!(tree.read("new.txt"), "");
    }
    tree.secsync("validate syncs -o json=/dev/null -o markdown=/dev/null")
        .run()
        .exits_with(0);
}

#[test]
fn a_result_does_not_overwrite_what_may_be_a_sync_file() {
    let tree = tree();
    let path = tree.files().concat();
    let syncs = tree.read(&path);
    assert_snapshot!(tree.secsync(&format!("plan syncs -o human -o json={path}")).run().exits_with(64), @"
    $ secsync plan syncs -o human -o json=syncs/payments.yaml
    --- stderr
    Error: The file syncs/payments.yaml already exists, and may be a sync file: no result is written over it.
      Name another file, or remove this one.
    --- exit 64
    ");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&path, tree.root().join("link.json")).unwrap();
        tree.secsync("plan syncs -o json=link.json")
            .run()
            .exits_with(64);
    }
    assert_eq!(tree.read(&path), syncs);
    let declared = r#"{"provider": "infisical", "project": "payments", "syncs": {}}"#;
    tree.write("syncs/web.json", declared);
    tree.secsync("validate syncs -o json=syncs/web.json")
        .run()
        .exits_with(64);
    assert_eq!(tree.read("syncs/web.json"), declared);
    // A result of the last run is overwritten.
    for _ in 0..2 {
        tree.secsync("validate syncs/payments.yaml -o json=result.json")
            .run()
            .exits_with(0);
    }
    tree.write("empty.YML", "");
    tree.secsync("validate syncs -o json=empty.YML")
        .run()
        .exits_with(0);
}

#[test]
fn a_result_does_not_overwrite_a_saved_plan() {
    let tree = tree();
    tree.secsync("plan syncs --sandbox --out web.plan")
        .run()
        .exits_with(0);
    let saved = tree.read("web.plan");
    for command in [
        "apply --sandbox web.plan",
        "plan syncs",
        "show web.plan --bogus",
    ] {
        let line = format!("{command} -o markdown=web.plan");
        tree.secsync(&line).run().exits_with(64);
        assert_eq!(tree.read("web.plan"), saved, "{line}");
    }
    assert_snapshot!(tree.secsync("show web.plan -o json=web.plan").run().exits_with(64), @"
    $ secsync show web.plan -o json=web.plan
    --- stderr
    Error: The file web.plan already exists, and is a saved plan: no result is written over it.
      Name another file, or remove this one.
    --- exit 64
    ");
    assert_eq!(tree.read("web.plan"), saved);
}

#[test]
fn a_result_overwrites_nothing_that_can_be_read_as_sync_files() {
    let strict = r#"{"provider": "infisical", "syncs": {"web": null}}"#;
    for (name, text) in [
        ("strict.json", strict.to_owned()),
        ("comma.json", strict.replace("null}}", "null}, }")),
        ("mark.json", format!("\u{feff}{strict}")),
        ("comment.json", format!("# ours\n{strict}")),
        ("syncs.txt", strict.to_owned()),
        ("mine", "provider: infisical\nsyncs: {}\n".to_owned()),
        ("several", "syncs: {}\n---\nsyncs: {}\n".to_owned()),
    ] {
        let tree = tree();
        tree.write(name, &text);
        for line in [
            format!("validate syncs -o json={name}"),
            format!("validate syncs --bogus -o sarif={name}"),
        ] {
            tree.secsync(&line).run().exits_with(64);
            assert_eq!(tree.read(name), text, "{line}");
        }
    }
}

#[test]
fn a_result_does_not_overwrite_the_record_of_starts() {
    let tree = tree();
    tree.secsync("state init").run().exits_with(0);
    let state = tree.read(".secsync/state.json");
    tree.secsync("state list --bogus -o json=.secsync/state.json")
        .run()
        .exits_with(64);
    assert_snapshot!(tree.secsync("validate syncs -o json=.secsync/state.json").run().exits_with(64), @"
    $ secsync validate syncs -o json=.secsync/state.json
    --- stderr
    Error: The file .secsync/state.json already exists, and records what was started: no result is written over it.
      Name another file, or remove this one.
    --- exit 64
    ");
    assert_eq!(tree.read(".secsync/state.json"), state);
}

#[test]
fn a_result_overwrites_earlier_results() {
    let tree = tree();
    for format in ["json", "sarif", "junit", "markdown", "html", "github"] {
        for line in [
            format!("validate syncs -o {format}=result"),
            format!("validate syncs -o {format}=result"),
        ] {
            tree.secsync(&line).run().exits_with(0);
        }
    }
    tree.write("list.json", "[1, 2, 3, 4, 5]");
    tree.secsync("validate syncs -o json=list.json")
        .run()
        .exits_with(0);
}

#[test]
fn a_format_that_does_not_exist() {
    let tree = tree();
    assert_snapshot!(tree.secsync("plan syncs -o yaml").run().exits_with(64), @"
    $ secsync plan syncs -o yaml
    --- stderr
    error: invalid value 'yaml' for '--output <FORMAT[=FILE]>': `yaml` is not a format; the formats are `human`, `unified`, `json`, `markdown`, `html`, `sarif`, `github` and `junit`

    For more information, try '--help'.
    --- exit 64
    ");
}

#[test]
fn a_file_that_cannot_be_written_is_found_out_before_anything_is_applied() {
    let tree = tree();
    let server = Server::new(&world());
    assert_snapshot!(tree.secsync("apply syncs --auto-approve -o json=nowhere/report.json").on(&server).run().exits_with(1), @"
    $ secsync apply syncs --auto-approve -o json=nowhere/report.json
    --- stderr
    Error: The file nowhere/report.json cannot be written: its directory does not exist.
    --- exit 1
    ");
    assert!(server.requests().is_empty());
}

#[test]
fn an_output_that_cannot_be_written_empties_no_other_one() {
    let tree = tree();
    tree.write("good.json", "precious");
    for other in ["nowhere/x.md", "syncs", "/dev/full"] {
        let arguments = format!("validate syncs -o json=good.json -o markdown={other}");
        tree.secsync(&arguments).run().exits_with(1);
        assert_eq!(tree.read("good.json"), "precious", "{other}");
    }
    tree.secsync("validate syncs -o json=good.json")
        .run()
        .exits_with(0);
    assert!(tree.read("good.json").starts_with('{'));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_found_out_before_anything_is_applied() {
    let tree = tree();
    let server = Server::new(&world());
    let output = tree
        .secsync("apply syncs --auto-approve -o json=/dev/full")
        .on(&server)
        .run();
    let requests = server.requests();
    assert!(
        !requests
            .iter()
            .any(|request| request.starts_with("POST /api/v1/secret-syncs")),
        "{output}"
    );
    assert_snapshot!(output.exits_with(1), @"
    $ secsync apply syncs --auto-approve -o json=/dev/full
    --- stderr
    Error: The file /dev/full cannot be written: there is no space left.
    --- exit 1
    ");
}

#[test]
fn colours_are_for_terminals_and_for_who_asks() {
    let tree = tree();
    let server = Server::new(&world());
    let has_colour = |arguments: &str, variables: &[(&str, &str)]| {
        let run = tree.secsync(arguments).on(&server);
        let run = variables
            .iter()
            .fold(run, |run, (name, value)| run.variable(name, value));
        run.run().exits_with(0).stdout.contains('\u{1b}')
    };
    assert!(!has_colour("plan syncs", &[]));
    assert!(has_colour("plan syncs", &[("CLICOLOR_FORCE", "1")]));
    assert!(!has_colour(
        "plan syncs",
        &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]
    ));
    assert!(!has_colour(
        "plan syncs --no-color",
        &[("CLICOLOR_FORCE", "1")]
    ));
}

#[test]
fn prints_only_results_when_quiet() {
    let tree = tree();
    let server = Server::new(&world());
    assert_snapshot!(tree.secsync("validate syncs -q").run().exits_with(0), @"
    $ secsync validate syncs -q
    --- exit 0
    ");
    assert_snapshot!(tree.secsync("apply syncs -q --auto-approve").on(&server).run().exits_with(0), @r#"
    $ secsync apply syncs -q --auto-approve
    secsync will perform the following actions:

      # infisical/payments/api will be created  (syncs/payments.yaml:11)
      + humanitec sync
          + connection:                        "humanitec-main"
          + description:                       "The API"
          + destinationConfig.scope:           "application"
          + destinationConfig.app:             "payments"
          + destinationConfig.org:             "acme"
          + environment:                       "prod"
          + secretPath:                        "/"
          + syncOptions.disableSecretDeletion: true
          + syncOptions.initialSyncBehavior:   "overwrite-destination"
          Note: The first sync overwrites secrets at the destination that have the same keys.

    Plan: 1 to add, 0 to change, 0 to destroy.

    1 job left running; --wait follows them.

    Apply complete! Resources: 1 added, 0 changed, 0 destroyed.
    --- exit 0
    "#);
}

/// Every command with flags about output, in a workspace without sync files, on the sandbox.
const COMMANDS: [(&str, &str, i32); 13] = [
    ("init", "init", 0),
    ("state", "state init --sandbox", 0),
    ("state", "state list --sandbox", 0),
    ("auth", "auth check --sandbox", 0),
    ("explain", "explain", 0),
    ("schemas", "schema list", 0),
    ("schema", "schema show infisical/humanitec", 0),
    ("schema-example", "schema example humanitec", 0),
    ("schema-editor", "schema editor", 0),
    ("schema-diff", "schema diff", 0),
    ("validate", "validate missing.yaml", 3),
    ("plan", "plan --sandbox missing.yaml", 3),
    ("state", "state rm --sandbox web", 1),
];

#[test]
fn every_command_writes_its_json_document_to_the_file_that_is_named() {
    let tree = Tree::new(&[("secsync.yaml", "version: 1\n")]);
    for (kind, command, code) in COMMANDS {
        let run = tree.secsync(&format!("{command} -o json=out.json")).run();
        assert_eq!(run.code, Some(code), "{run}");
        let document: serde_json::Value = serde_json::from_str(&tree.read("out.json"))
            .unwrap_or_else(|error| panic!("{command}: {error}"));
        assert_eq!(
            (&document["kind"], &document["exitCode"]),
            (&json!(kind), &json!(code)),
            "{command}"
        );
        assert_eq!(document.get("errors").is_some(), code != 0, "{command}");
    }
}

#[test]
fn a_wrong_usage_is_reported_in_every_format() {
    let tree = Tree::new(&[]);
    let formats = ["json", "markdown", "html", "sarif", "github", "junit"];
    let outputs: String = formats
        .map(|format| format!(" -o {format}={format}.out"))
        .concat();
    tree.secsync(&format!("validate{outputs}"))
        .run()
        .exits_with(64);
    for format in formats {
        let text = tree.read(&format!("{format}.out"));
        assert!(text.contains("No file was named"), "{format}: {text}");
    }
}

/// The document that a run with wrong usage leaves in a file, in place of what an earlier run did.
fn refused(tree: &Tree, line: &str, file: &str) -> serde_json::Value {
    let old = r#"{"kind": "plan", "exitCode": 0}"#;
    tree.write(file, old);
    let run = tree.secsync(line).run().exits_with(64);
    let document: serde_json::Value =
        serde_json::from_str(&tree.read(file)).unwrap_or_else(|error| panic!("{error}: {run}"));
    assert_eq!(document["exitCode"], 64, "{run}");
    assert_eq!(document["diagnostics"], json!([]), "{run}");
    document
}

#[test]
fn arguments_that_cannot_be_read_leave_a_document_in_place_of_an_old_one() {
    let tree = tree();
    for (line, kind, message) in [
        (
            "plan -o json=out.json --bogus",
            "plan",
            "Unexpected argument '--bogus' found.",
        ),
        (
            "plan syncs --var --output json=out.json",
            "plan",
            "A value is required for '--var <NAME=VALUE>' but none was supplied.",
        ),
        (
            "diff --timeout soon -qo=json=out.json",
            "plan",
            "Invalid value 'soon' for '--timeout <DURATION>': `soon` is not a unit; write ms, s, m or h.",
        ),
        (
            "apply -y --output=json=out.json",
            "apply",
            "secsync has no flag `-y`.",
        ),
        (
            "-C . schema show -vojson=out.json",
            "schema",
            "The following required arguments were not provided: <NAME>.",
        ),
        (
            "validate -o xml -o unified=plan.diff -o json=out.json",
            "validate",
            "Invalid value 'xml' for '--output <FORMAT[=FILE]>': `xml` is not a format; the formats \
             are `human`, `unified`, `json`, `markdown`, `html`, `sarif`, `github` and `junit`.",
        ),
        (
            "validate -C -o json=out.json",
            "validate",
            "A value is required for '-C <DIR>' but none was supplied.",
        ),
    ] {
        let document = refused(&tree, line, "out.json");
        assert_eq!(
            (&document["kind"], &document["errors"][0]["message"]),
            (&json!(kind), &json!(message)),
            "{line}"
        );
    }
    assert!(!tree.has("plan.diff"));
    let help = &refused(&tree, "plan --sandbx -o json=out.json", "out.json")["errors"][0]["help"];
    assert_eq!(*help, "A similar argument exists: '--sandbox'.");
    let output = tree.secsync("drift --bogus -o json").run().exits_with(64);
    assert_eq!(output.json()["kind"], "drift");
    assert!(output.stderr.starts_with("error: unexpected"), "{output}");
}

#[test]
fn arguments_that_cannot_be_read_are_reported_in_every_format() {
    let tree = tree();
    let formats = [
        "human", "json", "markdown", "html", "sarif", "github", "junit",
    ];
    let outputs: String = formats
        .map(|format| format!(" -o {format}={format}.out"))
        .concat();
    tree.secsync(&format!("validate{outputs} --bogus"))
        .run()
        .exits_with(64);
    for format in &formats[1..] {
        let text = tree.read(&format!("{format}.out"));
        assert!(text.contains("Unexpected argument"), "{format}: {text}");
    }
    assert_eq!(tree.read("human.out"), "");
}

#[test]
fn nothing_is_written_for_arguments_that_ask_for_no_output() {
    let tree = tree();
    let syncs = tree.read("syncs/payments.yaml");
    for line in [
        "--bogus -o json=out.json",
        "aply -o json=out.json",
        "version -o json=out.json",
        "plan --bogus -- -o json=out.json",
        "plan --bogus=-ojson=out.json",
        "plan --bogus -o json=nowhere/out.json",
        "plan --bogus -o json=syncs/payments.yaml",
        "plan --bogus --out out.json -o json=out.json",
    ] {
        let output = tree.secsync(line).run().exits_with(64);
        assert_eq!(output.stdout, "", "{output}");
        assert!(!tree.has("out.json"), "{output}");
    }
    assert_eq!(tree.read("syncs/payments.yaml"), syncs);
}

#[test]
fn outputs_that_a_command_cannot_have_hide_no_other_one() {
    let tree = tree();
    for (line, message) in [
        (
            "validate syncs -o json=out.json -o unified=plan.diff",
            "This command has no format `unified`; it has `human`, `json`, `markdown`, `html`, \
             `sarif`, `github` and `junit`.",
        ),
        (
            "validate syncs -o json=out.json -o human -o sarif",
            "Two formats cannot both go to standard output.",
        ),
        (
            "validate syncs -o json=out.json -o sarif=a.txt -o junit=a.txt",
            "Two outputs cannot both go to the file a.txt.",
        ),
        (
            "validate syncs -o json=out.json -o sarif=syncs/payments.yaml",
            "The file syncs/payments.yaml already exists, and may be a sync file: no result is written \
             over it.",
        ),
        (
            "plan syncs --out web.plan -o json=out.json -o sarif=web.plan",
            "Both `--out` and `--output` would write web.plan.",
        ),
    ] {
        let document = refused(&tree, line, "out.json");
        assert_eq!(document["errors"][0]["message"], message, "{line}");
    }
    assert!(!tree.has("a.txt") && !tree.has("plan.diff") && !tree.has("web.plan"));
}

#[test]
fn a_directory_that_does_not_exist_is_reported_where_outputs_do_not_depend_on_it() {
    let tree = tree();
    let absolute = tree.root().join("out.json");
    let line = format!("-C nowhere validate -o json={absolute} -o junit=out.xml");
    let document = refused(&tree, &line, "out.json");
    assert_eq!(
        document["errors"][0]["message"],
        "The directory nowhere (-C) cannot be entered: it does not exist."
    );
    assert!(!tree.has("out.xml"));
    let output = tree.secsync("plan -o json -C nowhere").run().exits_with(64);
    assert_eq!(output.json()["exitCode"], 64);
    refused(
        &tree,
        "-C syncs validate --bogus -o json=out.json",
        "syncs/out.json",
    );
}

#[test]
fn credentials_are_checked_without_any_sync_file() {
    let (tree, server) = (Tree::new(&[]), Server::new(&world()));
    let check = tree.secsync("auth check").on(&server).run().exits_with(0);
    assert!(check.stdout.contains("infisical: logged in to"), "{check}");
}
