//! Plan files from strangers: damaged ones, edited ones, and what they can reach.

use insta::assert_snapshot;
use secsync::core::shard::Shard;
use secsync::digest;
use serde_json::{Value, json};

use super::harness::{Output, Server, Tree, payments, world};

/// A change to a plan file.
type Edit = fn(&mut Value);

/// A server with a sync, and a saved plan that changes it, creates another and deletes a third.
struct Case {
    tree: Tree,
    server: Server,
}

impl Case {
    fn new() -> Self {
        let case = Self {
            tree: Tree::new(&[]),
            server: Server::new(&world()),
        };
        case.declare(&[("api", ""), ("gone", "")]);
        case.run("apply syncs --auto-approve").exits_with(0);
        case.declare(&[
            ("api", "secretPath: /api"),
            ("gone", "ensure: absent"),
            ("web", "connection: humanitec-main"),
        ]);
        case.run("plan syncs --out plan.json").exits_with(0);
        case.server.requests();
        case
    }

    fn declare(&self, syncs: &[(&str, &str)]) {
        self.tree.write("syncs/payments.yaml", payments(syncs));
    }

    fn run(&self, arguments: &str) -> Output {
        self.tree.secsync(arguments).on(&self.server).run()
    }

    /// Edits the plan, and makes its digest right again.
    fn forge(&self, edit: impl FnOnce(&mut Value)) {
        let mut plan: Value = serde_json::from_str(&self.tree.read("plan.json")).unwrap();
        edit(&mut plan);
        plan.as_object_mut().unwrap().shift_remove("digest");
        plan["digest"] = format!("sha256:{}", digest::of_json(&plan)).into();
        self.tree.write("forged.json", plan.to_string());
    }

    /// What showing a forged plan says; it is refused by `show` and `apply` alike.
    #[track_caller]
    fn refuses(&self, edit: impl FnOnce(&mut Value)) -> String {
        self.forge(edit);
        let applied = self.run("apply forged.json").exits_with(1);
        let shown = self.run("show forged.json").exits_with(1);
        assert_eq!(shown.stderr, applied.stderr);
        assert_eq!(self.server.requests(), Vec::<String>::new());
        shown.stderr
    }

    /// What is said to each of these edits.
    #[track_caller]
    fn refuses_all(&self, edits: &[(&str, Edit)]) -> String {
        let said: Vec<String> = edits
            .iter()
            .map(|(what, edit)| {
                let refused = self.refuses(edit);
                // The advice is the same everywhere.
                format!("{what}\n{}", refused.lines().next().unwrap_or_default())
            })
            .collect();
        said.join("\n")
    }
}

#[test]
fn rejects_a_saved_plan_as_a_sync_file() {
    let case = Case::new();
    for command in ["validate", "plan"] {
        let refused = case.run(&format!("{command} plan.json")).exits_with(3);
        let found = "This is a saved plan, not a sync file.";
        assert!(refused.stderr.contains(found), "{refused}");
        assert!(refused.stderr.contains("Found 1 error."), "{refused}");
    }
}

#[test]
fn an_edited_plan_is_refused() {
    let case = Case::new();
    let plan = case.tree.read("plan.json").replace("/api", "/else");
    case.tree.write("plan.json", plan);
    assert_snapshot!(case.run("apply plan.json").exits_with(1), @"
    $ secsync apply plan.json
    --- stderr
    Error: The plan file plan.json is damaged or was edited: its content does not match its digest.
      Make a new one with `secsync plan --out`.
    --- exit 1
    ");
    assert_eq!(case.server.requests(), Vec::<String>::new());
}

#[test]
fn a_plan_of_which_the_end_is_missing_is_refused_and_taken_for_no_sync_file() {
    let case = Case::new();
    let plan = case.tree.read("plan.json");
    case.tree.write("plan.json", &plan[..plan.len() - 20]);
    let refused = case.run("apply plan.json").exits_with(1);
    let said = "The plan file plan.json is not a saved plan, or is damaged: it is not JSON";
    assert!(refused.stderr.contains(said), "{refused}");
}

#[test]
fn another_order_of_keys_is_the_same_plan() {
    let case = Case::new();
    let plan: std::collections::BTreeMap<String, Value> =
        serde_json::from_str(&case.tree.read("plan.json")).unwrap();
    case.tree
        .write("sorted.json", serde_json::to_string(&plan).unwrap());
    let [one, other] = ["plan.json", "sorted.json"]
        .map(|file| case.run(&format!("show {file}")).exits_with(0).stdout);
    assert_eq!(one.replace("plan.json", "sorted.json"), other);
    case.run("apply sorted.json").exits_with(0);
}

#[test]
fn a_plan_of_a_newer_version_is_refused_with_advice() {
    let case = Case::new();
    case.forge(|plan| {
        plan["version"] = 2.into();
        plan["madeBy"] = "9.1.0".into();
        plan["unheardOf"] = true.into();
    });
    assert_snapshot!(case.run("show forged.json").exits_with(1), @"
    $ secsync show forged.json
    --- stderr
    Error: The plan file forged.json has version 2, and this program reads version 1: it was saved by secsync 9.1.0.
      Use that version of secsync or a newer one, or plan again with this one.
    --- exit 1
    ");
}

#[test]
fn what_is_sent_is_shown_whatever_a_plan_says() {
    let case = Case::new();
    case.forge(|plan| {
        let api = &mut plan["actions"][0]["step"]["update"]["body"];
        api["syncOptions"] = json!({"initialSyncBehavior": "import-prioritize-destination"});
        api["unheardOf"] = json!({"deep": ["x"]});
        let web = &mut plan["actions"][2]["step"]["create"];
        web["body"]["destinationConfig"]["org"] = "evil".into();
        web["body"]["unheardOf"] = "y".into();
        web["connection"] = "trustworthy".into();
    });
    assert_snapshot!(case.run("show forged.json").exits_with(0), @r#"
    $ secsync show forged.json
    Saved plan forged.json, sha256:[DIGEST]
      server      infisical                           http://127.0.0.1:[PORT]
      project     infisical/payments                  [UUID]
      connection  infisical/trustworthy to humanitec  [UUID]

    secsync will perform the following actions:

      # infisical/payments/api will be updated in place  (syncs/payments.yaml:11)
      ~ humanitec sync
          ~ secretPath:                        "/" -> "/api"
          - syncOptions.disableSecretDeletion: true
          ~ syncOptions.initialSyncBehavior:   "overwrite-destination" -> "import-prioritize-destination"
          + unheardOf.deep:                    ["x"]
          Warning: The next sync overwrites the destination's secrets, and deletes those that the source does not have.

      # infisical/payments/gone will be deleted, because the file says `ensure: absent`  (syncs/payments.yaml:13)
      - humanitec sync
          Note: Its secrets stay at the destination.
          The sync that is deleted is:
            gone:
              destination: humanitec
              projectId: [UUID]
              connection: humanitec-main
              environment: prod
              secretPath: /
              isAutoSyncEnabled: true
              syncOptions:
                initialSyncBehavior: overwrite-destination
                disableSecretDeletion: true
              destinationConfig:
                scope: application
                app: payments
                org: acme

      # infisical/payments/web will be created  (syncs/payments.yaml:15)
      + humanitec sync
          + connection:                        "trustworthy"
          + destinationConfig.scope:           "application"
          + destinationConfig.app:             "payments"
          + destinationConfig.org:             "evil"
          + environment:                       "prod"
          + secretPath:                        "/"
          + syncOptions.disableSecretDeletion: true
          + syncOptions.initialSyncBehavior:   "overwrite-destination"
          + unheardOf:                         "y"
          Note: The first sync overwrites secrets at the destination that have the same keys.

    Plan: 1 to add, 1 to change, 1 to destroy.
    --- exit 0
    "#);
}

#[test]
fn an_invented_default_hides_nothing() {
    let case = Case::new();
    case.forge(|plan| {
        // "This is so anyway", says the plan, of an option that the update takes away.
        let of_destination = &mut plan["destinations"]["infisical"]["humanitec"]["fields"];
        for field in of_destination.as_array_mut().unwrap() {
            if field["name"] == "syncOptions" {
                let options = field["object"]["fields"].as_array_mut().unwrap();
                let option = |field: &&mut Value| field["name"] == "disableSecretDeletion";
                options.iter_mut().find(option).unwrap()["default"] = true.into();
            }
        }
        let body = &mut plan["actions"][0]["step"]["update"]["body"];
        body["syncOptions"] = json!({"initialSyncBehavior": "overwrite-destination"});
    });
    let shown = case.run("show forged.json").exits_with(0);
    assert!(
        shown
            .stdout
            .contains("- syncOptions.disableSecretDeletion: true"),
        "{shown}"
    );
    assert!(shown.stdout.contains("Warning:"), "{shown}");
}

#[test]
fn shows_a_name_with_its_meaning() {
    let case = Case::new();
    let other = "11111111-2222-4333-8444-555555555555";
    case.forge(|plan| {
        let web = &mut plan["actions"][2];
        web["sync"]["project"] = "harmless".into();
        web["step"]["create"]["body"]["connectionId"] = other.into();
    });
    let shown = case.run("show forged.json").exits_with(0);
    assert!(
        shown.stdout.contains("project     infisical/harmless"),
        "{shown}"
    );
    assert!(
        shown
            .stdout
            .contains(&format!("humanitec-main to humanitec  {other}")),
        "{shown}"
    );
}

#[test]
fn nothing_in_a_plan_can_move_the_cursor() {
    let case = Case::new();
    case.forge(|plan| {
        let web = &mut plan["actions"][2];
        web["sync"]["project"] = "pay\u{1b}[2Jments".into();
        web["step"]["create"]["body"]["description"] = "a\u{1b}[1A\u{202e}b\r".into();
        web["step"]["create"]["connection"] = "main\u{1b}]0;x".into();
        plan["actions"][0]["declaredAt"]["file"] = "a\u{1b}c.yaml".into();
    });
    let shown = case.run("show forged.json").exits_with(0);
    assert!(
        !shown.stdout.contains(['\u{1b}', '\u{202e}', '\r']),
        "{shown:}"
    );
}

/// A trusted job comments what it shows of a stranger's plan.
#[test]
fn nothing_in_a_plan_has_a_meaning_in_a_comment_or_on_a_page() {
    let case = Case::new();
    let evil = "a|`](https://evil.example)\n<img src=x>@octocat #1.yaml";
    case.forge(|plan| {
        for action in plan["actions"].as_array_mut().unwrap() {
            action["declaredAt"]["file"] = evil.into();
        }
    });
    let sha = "0123456789abcdef0123456789abcdef01234567";
    let shown = |format: &str| {
        let line = format!("show forged.json -o {format}");
        let run = case.tree.secsync(&line).variable("GITHUB_SHA", sha);
        let run = run.variable("GITHUB_SERVER_URL", "https://github.com");
        let run = run.variable("GITHUB_REPOSITORY", "acme/infra");
        run.run().exits_with(0).stdout
    };
    let comment = shown("markdown");
    let page = format!(
        "https://github.com/acme/infra/blob/{sha}/a%7C%60%5D%28https%3A//evil.example%29%0A%3Cimg%20src%3Dx%3E%40octocat%20%231.yaml#L"
    );
    let place =
        format!("[``a|`](https://evil.example)\\n<img src=x>@octocat #1.yaml:11:3``]({page}11)");
    assert!(comment.contains(&place), "{comment}");
    assert!(!shown("html").contains("<img"));
}

#[test]
fn requests_that_are_about_something_else_than_their_action_are_refused() {
    let edits: [(&str, Edit); 7] = [
        ("another name", |plan| {
            plan["actions"][2]["step"]["create"]["body"]["name"] = "else".into();
        }),
        ("another project", |plan| {
            plan["actions"][2]["step"]["create"]["body"]["projectId"] = "else".into();
        }),
        ("a hidden rename", |plan| {
            plan["actions"][0]["step"]["update"]["body"]["name"] = "else".into();
        }),
        ("a move", |plan| {
            plan["actions"][0]["step"]["update"]["body"]["projectId"] = "else".into();
        }),
        ("an update of nothing", |plan| {
            plan["actions"][0]["step"]["update"]["body"] = json!({});
        }),
        ("a deletion of another sync", |plan| {
            plan["actions"][1]["step"]["delete"]["found"]["name"] = "api".into();
        }),
        ("a deletion elsewhere", |plan| {
            plan["actions"][1]["step"]["delete"]["found"]["destination"] = "vercel".into();
        }),
    ];
    assert_snapshot!(Case::new().refuses_all(&edits), @"
    another name
    Error: The plan file forged.json was not written by secsync: in its action 3, the request and the sync differ in name or project.
    another project
    Error: The plan file forged.json was not written by secsync: in its action 3, the request and the sync differ in name or project.
    a hidden rename
    Error: The plan file forged.json was not written by secsync: in its action 1, the request and the sync differ in their new name.
    a move
    Error: The plan file forged.json was not written by secsync: in its action 1, the request moves the sync, which no update can.
    an update of nothing
    Error: The plan file forged.json was not written by secsync: in its action 1, its update changes nothing.
    a deletion of another sync
    Error: The plan file forged.json was not written by secsync: in its action 2, the action is about another sync than it found.
    a deletion elsewhere
    Error: The plan file forged.json was not written by secsync: in its action 2, the action is about another sync than it found.
    ");
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let edits: [(&str, Edit); 16] = [
        ("an unknown field", |plan| {
            plan["actions"][1]["step"]["delete"]["removesecrets"] = true.into();
        }),
        ("an unknown field at the top", |plan| {
            plan["more"] = 1.into();
        }),
        ("an unknown step", |plan| {
            plan["actions"][1]["step"] = json!({"destroy": {}});
        }),
        ("two steps", |plan| {
            plan["actions"][1]["step"]["start"] = json!({});
        }),
        ("a start on a platform that has none", |plan| {
            plan["actions"][1]["step"] = json!({"start": {}});
        }),
        ("a provider that there is not", |plan| {
            plan["actions"][1]["sync"]["provider"] = "else".into();
        }),
        ("a provider's name that is none", |plan| {
            let provider = plan["providers"]["infisical"].clone();
            plan["providers"]["IN FISICAL"] = provider;
        }),
        ("a server that is none", |plan| {
            plan["providers"]["infisical"]["server"] = "http://user:pass@host/x".into();
        }),
        ("a destination that climbs", |plan| {
            plan["actions"][1]["sync"]["destination"] = "../v3".into();
        }),
        ("an action that comes after itself", |plan| {
            plan["actions"][0]["after"] = json!([0]);
        }),
        ("an action that comes after none", |plan| {
            plan["actions"][0]["after"] = json!([9]);
        }),
        ("the same action twice", |plan| {
            let action = plan["actions"][1].clone();
            plan["actions"].as_array_mut().unwrap().push(action);
        }),
        ("a trigger of nothing", |plan| {
            plan["actions"][1]["step"] = json!({"trigger": {}});
        }),
        ("a project's name with two meanings", |plan| {
            plan["actions"][1]["sync"]["projectId"] = "else".into();
        }),
        ("a shard that there is not", |plan| {
            plan["shard"] = json!({"index": 4, "of": 3});
        }),
        ("a shard of other projects", |plan| {
            let server = plan["providers"]["infisical"]["server"].as_str().unwrap();
            let project = plan["actions"][1]["sync"]["projectId"].as_str().unwrap();
            let first: Shard = "1/2".parse().unwrap();
            let other = if first.holds(server, project) { 2 } else { 1 };
            plan["shard"] = json!({"index": other, "of": 2});
        }),
    ];
    assert_snapshot!(Case::new().refuses_all(&edits), @r#"
    an unknown field
    Error: The plan file forged.json was not written by secsync: unknown field `removesecrets`, expected one of `found`, `removeSecrets`, `reason`.
    an unknown field at the top
    Error: The plan file forged.json was not written by secsync: unknown field `more`, expected one of `format`, `version`, `madeBy`, `digest`, `sandbox`, `shard`, `providers`, `destinations`, `actions`, `unchanged`, `unmanaged`, `kept`, `failing`, `unknown`, `unread`, `findings`.
    an unknown step
    Error: The plan file forged.json was not written by secsync: unknown variant `destroy`, expected one of `create`, `update`, `replace`, `delete`, `start`, `trigger`, `blocked`.
    two steps
    Error: The plan file forged.json was not written by secsync: invalid value: map, expected map with a single key.
    a start on a platform that has none
    Error: The plan file forged.json was not written by secsync: in its action 2, its platform Infisical cannot do that.
    a provider that there is not
    Error: The plan file forged.json was not written by secsync: in its action 2, the provider "else" is unknown.
    a provider's name that is none
    Error: The plan file forged.json was not written by secsync: its provider "IN FISICAL" is invalid.
    a server that is none
    Error: The plan file forged.json was not written by secsync: its provider "infisical" is invalid.
    a destination that climbs
    Error: The plan file forged.json was not written by secsync: in its action 2, "../v3" is not a valid destination.
    an action that comes after itself
    Error: The plan file forged.json was not written by secsync: its actions wait for each other.
    an action that comes after none
    Error: The plan file forged.json was not written by secsync: its actions wait for each other.
    the same action twice
    Error: The plan file forged.json was not written by secsync: its actions on "infisical/payments/gone" do not fit together.
    a trigger of nothing
    Error: The plan file forged.json was not written by secsync: its actions on "infisical/payments/gone" do not fit together.
    a project's name with two meanings
    Error: The plan file forged.json was not written by secsync: "payments" stands for two different things in it.
    a shard that there is not
    Error: The plan file forged.json was not written by secsync: there is no shard 4 of 3.
    a shard of other projects
    Error: The plan file forged.json was not written by secsync: "infisical/payments/api" is in another shard than the plan.
    "#);
}

#[test]
fn a_server_that_only_the_plan_names_gets_no_credential() {
    let case = Case::new();
    let anonymous = case
        .run_with_credentials_only("apply plan.json")
        .exits_with(4);
    assert_snapshot!(anonymous, @r#"
    $ secsync apply plan.json
    --- stderr
    Error: The credential of the provider "infisical" is not sent to http://127.0.0.1:[PORT], which only a file names.
      If that server is yours, set SECSYNC_TRUST_HOSTS=http://127.0.0.1:[PORT] in the environment (a comma list).
    --- exit 4
    "#);
    assert_eq!(case.server.requests(), Vec::<String>::new());
    let origin = case.server.origin();
    case.run_with_credentials_only(&format!("apply plan.json --trust-host {origin}"))
        .exits_with(0);
}

#[test]
fn a_plan_for_another_server_than_the_environment_names_is_refused() {
    let case = Case::new();
    let elsewhere = Server::new(&world());
    let refused = case
        .tree
        .secsync("apply plan.json")
        .on(&elsewhere)
        .run()
        .exits_with(1);
    assert!(refused.stderr.contains("INFISICAL_HOST names"), "{refused}");
    assert_eq!(elsewhere.requests(), Vec::<String>::new());
    assert_eq!(case.server.requests(), Vec::<String>::new());
}

#[test]
fn only_allowed_projects_are_read_whatever_the_plan_calls_them() {
    let case = Case::new();
    case.run("apply plan.json --allow-project shop")
        .exits_with(4);
    let plan: Value = serde_json::from_str(&case.tree.read("plan.json")).unwrap();
    let id = plan["actions"][0]["sync"]["projectId"].as_str().unwrap();
    let lists = |case: &Case| {
        let requests = case.server.requests();
        let lists = requests.iter();
        lists
            .filter(|request| request.contains("secret-syncs"))
            .count()
    };
    assert_eq!(lists(&case), 0);
    case.forge(|plan| {
        for action in plan["actions"].as_array_mut().unwrap() {
            action["sync"]["project"] = "shop".into();
        }
    });
    let refused = case.run("apply forged.json --allow-project shop");
    assert_snapshot!(refused.exits_with(4), @"
    $ secsync apply forged.json --allow-project shop
    --- stderr
    Error: The plan is about projects that `--allow-project` does not allow: `shop`.
      Allow them by id or slug, or leave their syncs out of this run.
    --- exit 4
    ");
    assert_eq!(lists(&case), 0);
    case.run(&format!(
        "apply plan.json --allow-project {id} --max-deletes 0"
    ))
    .exits_with(1);
    case.run("apply plan.json --allow-project payments")
        .exits_with(0);
}

#[test]
fn a_plan_holds_no_credential() {
    let case = Case::new();
    let plan = case.tree.read("plan.json");
    for secret in [
        secsync::sandbox::CLIENT_ID,
        secsync::sandbox::CLIENT_SECRET,
        secsync::sandbox::ENKRYPTIFY_TOKEN,
        "updatedAt",
        "lastSync",
        "syncStatus",
    ] {
        assert!(!plan.contains(secret), "{secret}");
    }
}

impl Case {
    /// With the credentials of the server, and nothing that names it.
    fn run_with_credentials_only(&self, arguments: &str) -> Output {
        self.tree
            .secsync(arguments)
            .on(&self.server)
            .without("INFISICAL_HOST")
            .without("ENKRYPTIFY_API_URL")
            .run()
    }
}
