//! What Infisical was seen to do, one behaviour a test. The words of answers are compared
//! with the recording in `replay.rs`; here it is what happens that counts.

use std::time::Duration;

use secsync::sandbox::{Call, Payload, Reply};
use serde_json::{Value, json};

use super::support::{JOB, SETTLED, Server, jwt};

const MAIN: &str = "3d9a4c1e-0001-4000-8000-000000000001";
const OTHER: &str = "3d9a4c1e-0002-4000-8000-000000000002";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";
const SYNCS: &str = "/api/v1/secret-syncs";
const HUMANITEC: &str = "/api/v1/secret-syncs/humanitec";

/// A create request with auto-sync off, and these fields instead of the usual ones.
fn body(server: &mut Server, name: &str, instead: &Value) -> Value {
    let mut body = json!({
        "name": name,
        "projectId": MAIN,
        "connectionId": server.connection("humanitec", "humanitec-main"),
        "environment": "dev",
        "secretPath": "/apps/web",
        "isAutoSyncEnabled": false,
        "syncOptions": {"initialSyncBehavior": "overwrite-destination"},
        "destinationConfig": {"scope": "application", "org": "acme", "app": "web"}
    });
    for (key, value) in instead.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

/// The same for the destination that can import.
fn teamcity_body(server: &mut Server, name: &str, project: &str) -> Value {
    let connection = server.connection("teamcity", "teamcity-main");
    let instead = json!({"connectionId": connection, "destinationConfig": {"project": project}});
    body(server, name, &instead)
}

fn try_create(server: &mut Server, name: &str, instead: Value) -> Reply {
    let body = body(server, name, &instead);
    server.post(HUMANITEC, &body)
}

/// Creates a sync and returns it.
fn create(server: &mut Server, name: &str, instead: Value) -> Value {
    sync(&try_create(server, name, instead))
}

/// The sync of a successful answer.
fn sync(response: &Reply) -> Value {
    assert_eq!(response.status, 200, "{}", response.text());
    response.body()["secretSync"].clone()
}

fn path(sync: &Value) -> String {
    let text = |key: &str| sync[key].as_str().unwrap();
    format!("{SYNCS}/{}/{}", text("destination"), text("id"))
}

fn read(server: &mut Server, sync: &Value) -> Value {
    let response = server.get(&path(sync));
    self::sync(&response)
}

fn list(server: &mut Server, identity: &str) -> Vec<String> {
    let response = server.send(
        identity,
        Call::new("GET", &format!("{SYNCS}?projectId={MAIN}")),
    );
    assert_eq!(response.status, 200, "{}", response.text());
    let syncs = response.body()["secretSyncs"].as_array().unwrap();
    let mut names: Vec<String> = syncs
        .iter()
        .map(|sync| sync["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// The code, message and path of a 422's first issue.
fn issue(response: &Reply) -> (String, String, String) {
    assert_eq!(response.status, 422, "{}", response.text());
    let issue = &response.body()["message"][0];
    let path: Vec<&str> = issue["path"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part.as_str().unwrap())
        .collect();
    let text = |key: &str| issue[key].as_str().unwrap().to_owned();
    (text("code"), text("message"), path.join("."))
}

fn message(response: &Reply) -> (u16, String) {
    let message = response.body()["message"].as_str().unwrap().to_owned();
    (response.status, message)
}

#[track_caller]
fn assert_refused(response: &Reply, status: u16, text: &str) {
    assert_eq!(message(response), (status, text.to_owned()));
}

fn delete_folder(server: &mut Server, name: &str) {
    let request = Call::new("DELETE", &format!("/api/v1/folders/{name}"))
        .json(&json!({"workspaceId": MAIN, "environment": "dev", "path": "/"}));
    assert_eq!(server.send("ci", request).status, 200);
}

mod reading {
    use super::*;

    #[test]
    fn a_sync_has_these_fields_and_neither_a_secret_path_nor_an_environment_string() {
        let mut server = Server::new();
        let made = create(&mut server, "a", json!({}));
        let keys: Vec<&str> = made
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(
            keys,
            [
                "id",
                "name",
                "description",
                "isAutoSyncEnabled",
                "version",
                "projectId",
                "folderId",
                "connectionId",
                "createdAt",
                "updatedAt",
                "syncStatus",
                "lastSyncJobId",
                "lastSyncMessage",
                "lastSyncedAt",
                "importStatus",
                "lastImportJobId",
                "lastImportMessage",
                "lastImportedAt",
                "removeStatus",
                "lastRemoveJobId",
                "lastRemoveMessage",
                "lastRemovedAt",
                "syncOptions",
                "connection",
                "environment",
                "folder",
                "destination",
                "destinationConfig"
            ]
        );
        assert_eq!(made["folder"]["path"], "/apps/web");
        assert_eq!(made["folder"]["id"], made["folderId"]);
        assert_eq!(made["environment"]["slug"], "dev");
        assert_eq!(made["environment"]["name"], "Development");
    }

    #[test]
    fn the_source_is_null_once_its_folder_is_deleted() {
        let mut server = Server::new();
        let made = create(&mut server, "a", json!({}));
        let other = create(&mut server, "b", json!({"secretPath": "/shared"}));
        delete_folder(&mut server, "apps");
        let gone = read(&mut server, &made);
        for key in ["folderId", "folder", "environment"] {
            assert_eq!(gone[key], Value::Null, "{key}");
        }
        assert_eq!(read(&mut server, &other)["folder"]["path"], "/shared");
    }

    #[test]
    fn what_was_never_sent_is_filled_in_null_or_absent() {
        let mut server = Server::new();
        let mut request = body(&mut server, "a", &json!({}));
        request.as_object_mut().unwrap().remove("isAutoSyncEnabled");
        let made = sync(&server.post(HUMANITEC, &request));
        assert_eq!(made["isAutoSyncEnabled"], true);
        assert_eq!(made["description"], Value::Null);
        assert_eq!(
            made["syncOptions"],
            json!({"initialSyncBehavior": "overwrite-destination"})
        );
    }

    #[test]
    fn an_explicit_false_or_empty_option_is_stored_and_returned() {
        let mut server = Server::new();
        let options = json!({
            "initialSyncBehavior": "overwrite-destination",
            "keySchema": "",
            "disableSecretDeletion": false
        });
        let made = create(&mut server, "a", json!({"syncOptions": options}));
        assert_eq!(made["syncOptions"], options);
    }

    #[test]
    fn the_version_stays_one_and_updated_at_moves_with_patches_and_jobs() {
        let mut server = Server::new();
        let made = create(&mut server, "a", json!({}));
        let patched = sync(&server.patch(&path(&made), &json!({})));
        assert_eq!(patched["version"], 1);
        assert_ne!(patched["updatedAt"], made["updatedAt"]);
        server.trigger(&format!("{}/sync-secrets", path(&made)));
        server.wait(SETTLED);
        let synced = read(&mut server, &made);
        assert_eq!(
            (&synced["version"], &synced["syncStatus"]),
            (&json!(1), &json!("succeeded"))
        );
        assert_ne!(synced["updatedAt"], patched["updatedAt"]);
    }

    #[test]
    fn a_known_etag_gives_304_and_if_match_is_ignored() {
        let mut server = Server::new();
        let made = create(&mut server, "a", json!({}));
        let etag = server.get(&path(&made)).header("etag").unwrap().to_owned();
        let again = Call::new("GET", &path(&made)).header("if-none-match", &etag);
        let again = server.send("ci", again);
        assert_eq!((again.status, again.payload), (304, Payload::Empty));
        let stale = Call::new("PATCH", &path(&made))
            .json(&json!({"description": "x"}))
            .header("if-match", "\"stale\"");
        assert_eq!(sync(&server.send("ci", stale))["description"], "x");
    }

    #[test]
    fn limit_and_offset_are_ignored() {
        let mut server = Server::new();
        create(&mut server, "a", json!({}));
        create(&mut server, "b", json!({}));
        let page = server.get(&format!("{SYNCS}?projectId={MAIN}&limit=1&offset=1"));
        assert_eq!(page.body()["secretSyncs"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn one_request_lists_the_syncs_of_all_destinations_and_of_this_project_only() {
        let mut server = Server::new();
        create(&mut server, "a", json!({}));
        create(&mut server, "b", json!({"projectId": OTHER}));
        let teamcity = teamcity_body(&mut server, "c", "Proj");
        sync(&server.post(&format!("{SYNCS}/teamcity"), &teamcity));
        assert_eq!(list(&mut server, "ci"), ["a", "c"]);
        let one = server.get(&format!("{HUMANITEC}?projectId={MAIN}"));
        assert_eq!(one.body()["secretSyncs"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn a_list_leaves_out_what_the_identity_may_not_read_but_the_name_stays_taken() {
        let mut server = Server::new();
        create(&mut server, "seen", json!({}));
        create(&mut server, "unseen", json!({"environment": "staging"}));
        assert_eq!(list(&mut server, "dev-only"), ["seen"]);
        assert_eq!(list(&mut server, "ci"), ["seen", "unseen"]);
        let again = body(&mut server, "unseen", &json!({}));
        let again = server.send("dev-only", Call::new("POST", HUMANITEC).json(&again));
        assert_eq!(message(&again).0, 400);
        assert!(message(&again).1.contains("already exists"));
    }
}

mod creating {
    use super::*;

    #[test]
    fn success_is_200_with_the_sync_in_an_envelope() {
        let mut server = Server::new();
        let made = try_create(&mut server, "a", json!({}));
        assert_eq!(made.status, 200);
        let keys: Vec<_> = made.body().as_object().unwrap().keys().collect();
        assert_eq!(keys, ["secretSync"]);
    }

    #[test]
    fn a_name_is_a_slug_of_1_to_64_characters_and_is_trimmed() {
        let mut server = Server::new();
        for bad in [
            "My Sync", "my_sync", "my.sync", "MySync", "my--sync", "-my", "my-", "café",
        ] {
            let (code, _, path) = issue(&try_create(&mut server, bad, json!({})));
            assert_eq!((code.as_str(), path.as_str()), ("custom", "name"), "{bad}");
        }
        let long = "a".repeat(65);
        assert_eq!(
            issue(&try_create(&mut server, &long, json!({}))).0,
            "too_big"
        );
        assert_eq!(
            issue(&try_create(&mut server, "  ", json!({}))).0,
            "too_small"
        );
        create(&mut server, &long[1..], json!({}));
        assert_eq!(
            create(&mut server, " padded-1 ", json!({}))["name"],
            "padded-1"
        );
    }

    #[test]
    fn a_name_is_unique_in_a_project_across_destinations() {
        let mut server = Server::new();
        create(&mut server, "taken", json!({}));
        let teamcity = teamcity_body(&mut server, "taken", "Proj");
        let refused = server.post(&format!("{SYNCS}/teamcity"), &teamcity);
        assert_refused(
            &refused,
            400,
            &format!(
                "A Secret Sync with the name \"taken\" already exists for the project with ID \"{MAIN}\""
            ),
        );
        create(&mut server, "taken", json!({"projectId": OTHER}));
    }

    #[test]
    fn a_secret_path_must_exist_and_loses_one_trailing_slash() {
        let mut server = Server::new();
        let made = create(&mut server, "a", json!({"secretPath": " /apps/api/ "}));
        assert_eq!(made["folder"]["path"], "/apps/api");
        assert_eq!(
            create(&mut server, "root", json!({"secretPath": "/"}))["folder"]["path"],
            "/"
        );
        for bad in ["/nope", "apps/web", "/apps//web", "/apps/web//"] {
            let (status, text) = message(&try_create(&mut server, "b", json!({"secretPath": bad})));
            assert_eq!(status, 400, "{bad}");
            assert!(
                text.starts_with("Could not find folder with path"),
                "{text}"
            );
        }
        let nowhere = try_create(&mut server, "b", json!({"environment": "nope"}));
        assert_eq!(
            message(&nowhere).1,
            format!(
                "Could not find folder with path \"/apps/web\" in environment \"nope\" for project with ID \"{MAIN}\""
            )
        );
    }

    #[test]
    fn a_description_of_257_is_422_and_of_256_is_500() {
        let mut server = Server::new();
        let mut with =
            |length| try_create(&mut server, "a", json!({"description": "x".repeat(length)}));
        assert_eq!(issue(&with(257)).0, "too_big");
        assert_eq!(with(256).status, 500);
        assert_eq!(with(255).status, 200);
    }

    #[test]
    fn a_description_is_trimmed_and_a_blank_one_is_stored_as_nothing_between_quotes() {
        let mut server = Server::new();
        assert_eq!(
            create(&mut server, "a", json!({"description": " x y "}))["description"],
            "x y"
        );
        assert_eq!(
            create(&mut server, "b", json!({"description": "  "}))["description"],
            ""
        );
    }

    #[test]
    fn a_key_schema_needs_its_placeholder_and_may_be_empty_but_not_null() {
        let mut server = Server::new();
        let mut with = |name: &str, key_schema: Value| {
            let options =
                json!({"initialSyncBehavior": "overwrite-destination", "keySchema": key_schema});
            try_create(&mut server, name, json!({"syncOptions": options}))
        };
        for (at, good) in ["", "A-b_/{{secretKey}}", "{{environment}}_{{secretKey}}"]
            .iter()
            .enumerate()
        {
            assert_eq!(with(&format!("s{at}"), json!(good)).status, 200, "{good}");
        }
        for bad in [
            "NOPE",
            "{{environment}}",
            "{{secretKey}}!",
            "{{secretKey}} ",
        ] {
            assert_eq!(
                issue(&with("bad", json!(bad))).2,
                "syncOptions.keySchema",
                "{bad}"
            );
        }
        assert_eq!(issue(&with("bad", Value::Null)).0, "invalid_type");
    }

    #[test]
    fn unknown_fields_are_dropped_at_every_level_with_200() {
        let mut server = Server::new();
        let made = create(
            &mut server,
            "a",
            json!({
                "zzz": 1,
                "destination": "vercel",
                "syncOptions": {"initialSyncBehavior": "overwrite-destination", "zzz": 1},
                "destinationConfig": {"scope": "application", "org": "acme", "app": "web", "env": "x"}
            }),
        );
        assert_eq!(made.get("zzz"), None);
        assert_eq!(made["destination"], "humanitec");
        assert_eq!(
            made["syncOptions"],
            json!({"initialSyncBehavior": "overwrite-destination"})
        );
        assert_eq!(
            made["destinationConfig"],
            json!({"scope": "application", "org": "acme", "app": "web"})
        );
    }

    #[test]
    fn trimming_differs_by_field() {
        let mut server = Server::new();
        let made = create(
            &mut server,
            "a",
            json!({
                "environment": " dev ",
                "destinationConfig": {"scope": "application", "org": " acme ", "app": "web"}
            }),
        );
        assert_eq!(made["environment"]["slug"], "dev");
        assert_eq!(made["destinationConfig"]["org"], " acme ");
        let teamcity = teamcity_body(&mut server, "b", " Proj ");
        let made = sync(&server.post(&format!("{SYNCS}/teamcity"), &teamcity));
        assert_eq!(made["destinationConfig"]["project"], "Proj");
    }

    #[test]
    fn two_syncs_with_the_same_destination_are_accepted() {
        let mut server = Server::new();
        let first = create(&mut server, "a", json!({}));
        let second = create(&mut server, "b", json!({}));
        assert_eq!(first["destinationConfig"], second["destinationConfig"]);
    }

    #[test]
    fn whether_the_destination_exists_is_only_found_out_by_the_job() {
        let mut server = Server::new();
        let config = json!({"scope": "application", "org": "acme", "app": "missing"});
        let made = create(
            &mut server,
            "a",
            json!({"destinationConfig": config, "isAutoSyncEnabled": true}),
        );
        assert_eq!(made["syncStatus"], "pending");
        server.wait(SETTLED);
        let failed = read(&mut server, &made);
        assert_eq!(failed["syncStatus"], "failed");
        let answer: Value =
            serde_json::from_str(failed["lastSyncMessage"].as_str().unwrap()).unwrap();
        assert_eq!(answer["message"], "application acme/missing not found");
    }

    #[test]
    fn a_null_description_is_accepted_and_any_other_null_refused() {
        let mut server = Server::new();
        create(&mut server, "a", json!({"description": null}));
        let refused = try_create(&mut server, "b", json!({"isAutoSyncEnabled": null}));
        assert_eq!(issue(&refused).1, "Expected boolean, received null");
    }

    #[test]
    fn a_connection_of_another_app_is_refused() {
        let mut server = Server::new();
        let vercel = server.connection("vercel", "vercel-main");
        assert_eq!(
            try_create(&mut server, "a", json!({"connectionId": vercel})).status,
            400
        );
    }
}

mod updating {
    use super::*;

    const FULL: &str = "INF_{{secretKey}}";

    fn full(server: &mut Server) -> Value {
        create(
            server,
            "full",
            json!({
                "description": "kept",
                "syncOptions": {
                    "initialSyncBehavior": "overwrite-destination",
                    "keySchema": FULL,
                    "disableSecretDeletion": true
                },
                "destinationConfig": {"scope": "environment", "org": "acme", "app": "api", "env": "staging"}
            }),
        )
    }

    #[test]
    fn omitted_fields_stay() {
        let mut server = Server::new();
        let made = full(&mut server);
        let mut renamed = sync(&server.patch(&path(&made), &json!({"name": "renamed"})));
        assert_eq!(renamed["name"], "renamed");
        renamed["name"] = made["name"].clone();
        renamed["updatedAt"] = made["updatedAt"].clone();
        assert_eq!(renamed, made);
    }

    #[test]
    fn a_null_clears_the_description_and_is_refused_for_everything_else() {
        let mut server = Server::new();
        let made = full(&mut server);
        for key in [
            "name",
            "connectionId",
            "environment",
            "secretPath",
            "isAutoSyncEnabled",
            "syncOptions",
            "destinationConfig",
        ] {
            let (code, _, at) = issue(&server.patch(&path(&made), &json!({key: null})));
            assert_eq!((code.as_str(), at.as_str()), ("invalid_type", key));
        }
        let cleared = sync(&server.patch(&path(&made), &json!({"description": null})));
        assert_eq!(cleared["description"], Value::Null);
    }

    #[test]
    fn options_and_configuration_are_replaced_whole() {
        let mut server = Server::new();
        let made = full(&mut server);
        let bare = json!({"initialSyncBehavior": "overwrite-destination"});
        let patched = sync(&server.patch(&path(&made), &json!({"syncOptions": bare})));
        assert_eq!(patched["syncOptions"], bare);
        let config = json!({"scope": "application", "org": "acme", "app": "worker"});
        let patched = sync(&server.patch(&path(&made), &json!({"destinationConfig": config})));
        assert_eq!(patched["destinationConfig"], config);
        let partly = server.patch(&path(&made), &json!({"syncOptions": {"keySchema": FULL}}));
        assert_eq!(issue(&partly).2, "syncOptions.initialSyncBehavior");
        let partly = server.patch(&path(&made), &json!({"destinationConfig": {"app": "x"}}));
        assert_eq!(issue(&partly).2, "destinationConfig.scope");
    }

    #[test]
    fn project_and_destination_are_ignored_with_200() {
        let mut server = Server::new();
        let made = full(&mut server);
        let change = json!({"projectId": OTHER, "destination": "vercel"});
        let patched = sync(&server.patch(&path(&made), &change));
        assert_eq!(
            (&patched["projectId"], &patched["destination"]),
            (&json!(MAIN), &json!("humanitec"))
        );
    }

    #[test]
    fn the_connection_can_change_within_the_same_app_only() {
        let mut server = Server::new();
        let made = full(&mut server);
        let second = server.connection("humanitec", "humanitec-second");
        let patched = sync(&server.patch(&path(&made), &json!({"connectionId": second})));
        assert_eq!(patched["connection"]["name"], "humanitec-second");
        let vercel = server.connection("vercel", "vercel-main");
        assert_eq!(
            server
                .patch(&path(&made), &json!({"connectionId": vercel}))
                .status,
            400
        );
        assert_eq!(
            server
                .patch(&path(&made), &json!({"connectionId": NOBODY}))
                .status,
            404
        );
    }

    #[test]
    fn after_its_folder_is_gone_a_sync_needs_environment_and_path_together() {
        let mut server = Server::new();
        let made = full(&mut server);
        delete_folder(&mut server, "apps");
        for half in [
            json!({"secretPath": "/shared"}),
            json!({"environment": "dev"}),
        ] {
            let refused = server.patch(&path(&made), &half);
            assert_refused(
                &refused,
                400,
                "Must specify both source environment and secret path",
            );
        }
        let both = json!({"environment": "dev", "secretPath": "/shared"});
        assert_eq!(
            sync(&server.patch(&path(&made), &both))["folder"]["path"],
            "/shared"
        );
    }

    #[test]
    fn with_auto_sync_on_any_patch_queues_a_job_even_an_empty_one() {
        let mut server = Server::new();
        let made = create(&mut server, "a", json!({"isAutoSyncEnabled": true}));
        server.wait(SETTLED);
        let before = read(&mut server, &made);
        let patched = sync(&server.patch(&path(&made), &json!({})));
        assert_eq!(patched["syncStatus"], "pending");
        assert_eq!(patched["lastSyncJobId"], before["lastSyncJobId"]);
        server.wait(SETTLED);
        assert_ne!(
            read(&mut server, &made)["lastSyncJobId"],
            before["lastSyncJobId"]
        );
    }

    #[test]
    fn with_auto_sync_off_a_patch_queues_nothing_until_it_turns_it_on() {
        let mut server = Server::new();
        let made = full(&mut server);
        let patched = sync(&server.patch(&path(&made), &json!({"description": "x"})));
        assert_eq!(patched["syncStatus"], Value::Null);
        let patched = sync(&server.patch(&path(&made), &json!({"isAutoSyncEnabled": true})));
        assert_eq!(patched["syncStatus"], "pending");
    }

    #[test]
    fn a_name_that_is_taken_is_refused_and_the_own_name_is_not() {
        let mut server = Server::new();
        let made = full(&mut server);
        create(&mut server, "taken", json!({}));
        assert_eq!(
            message(&server.patch(&path(&made), &json!({"name": "taken"}))).0,
            400
        );
        sync(&server.patch(&path(&made), &json!({"name": "full"})));
    }

    #[test]
    fn a_renamed_sync_is_found_by_its_new_name_and_frees_the_old_one() {
        let mut server = Server::new();
        let made = full(&mut server);
        sync(&server.patch(&path(&made), &json!({"name": "new"})));
        let find = |name: &str| format!("{HUMANITEC}/sync-name/{name}?projectId={MAIN}");
        assert_eq!(server.get(&find("new")).status, 200);
        assert_eq!(server.get(&find("full")).status, 404);
        create(&mut server, "full", json!({}));
    }
}

mod jobs {
    use super::*;

    /// Long enough for a job to be at work, and too short for it to end.
    const AT_WORK: Duration = JOB;

    const IN_PROGRESS: &str =
        "A job for this sync is already in progress. Please try again shortly.";

    fn auto(server: &mut Server, name: &str) -> Value {
        create(server, name, json!({"isAutoSyncEnabled": true}))
    }

    #[test]
    fn a_create_with_auto_sync_is_pending_then_running_then_succeeded() {
        let mut server = Server::new();
        let made = auto(&mut server, "a");
        assert_eq!(
            (&made["syncStatus"], &made["lastSyncJobId"]),
            (&json!("pending"), &Value::Null)
        );
        server.wait(AT_WORK);
        let running = read(&mut server, &made);
        assert_eq!(
            (&running["syncStatus"], &running["lastSyncJobId"]),
            (&json!("running"), &Value::Null)
        );
        server.wait(JOB);
        let ended = read(&mut server, &made);
        assert_eq!(
            (&ended["syncStatus"], &ended["lastSyncJobId"]),
            (&json!("succeeded"), &json!("1"))
        );
        assert!(ended["lastSyncedAt"].is_string());
    }

    #[test]
    fn has_no_status_without_auto_sync_until_sync_secrets_is_called() {
        let mut server = Server::new();
        let made = create(&mut server, "a", json!({}));
        server.wait(SETTLED);
        assert_eq!(read(&mut server, &made)["syncStatus"], Value::Null);
        let queued = sync(&server.trigger(&format!("{}/sync-secrets", path(&made))));
        assert_eq!(queued["syncStatus"], "pending");
    }

    #[test]
    fn while_a_job_runs_others_are_refused_but_a_patch_waits_its_turn() {
        let mut server = Server::new();
        let made = auto(&mut server, "a");
        server.wait(AT_WORK);
        let refused = [
            server.trigger(&format!("{}/sync-secrets", path(&made))),
            server.trigger(&format!("{}/remove-secrets", path(&made))),
            server.delete(&format!("{}?removeSecrets=true", path(&made))),
        ];
        for response in refused {
            assert_refused(&response, 400, IN_PROGRESS);
        }
        assert_eq!(
            sync(&server.patch(&path(&made), &json!({})))["syncStatus"],
            "pending"
        );
        server.wait(SETTLED);
        assert_eq!(read(&mut server, &made)["lastSyncJobId"], "2");
    }

    #[test]
    fn an_empty_body_that_calls_itself_json_is_500_and_no_body_or_an_empty_object_is_fine() {
        let mut server = Server::new();
        let made = create(&mut server, "a", json!({}));
        let target = format!("{}/sync-secrets", path(&made));
        let empty = Call::new("POST", &target).bytes("application/json", b"");
        assert_eq!(server.send("ci", empty).status, 500);
        sync(&server.post(&target, &json!({})));
        sync(&server.trigger(&target));
    }

    #[test]
    fn job_ids_grow_across_syncs() {
        let mut server = Server::new();
        let (one, two) = (auto(&mut server, "a"), auto(&mut server, "b"));
        server.wait(SETTLED);
        assert_eq!(read(&mut server, &one)["lastSyncJobId"], "1");
        assert_eq!(read(&mut server, &two)["lastSyncJobId"], "2");
    }

    #[test]
    fn a_failing_destination_shows_running_without_a_message_until_the_fifth_try() {
        let mut server = Server::failing(&["sync:a=fail:{\"error\":\"DOWN\"}@5"]);
        let made = auto(&mut server, "a");
        // Half a job to start, five tries, and waits of 3, 6, 12 and 24 jobs between them.
        let until_failed = JOB / 2 + JOB * (5 + 45);
        server.wait(until_failed.saturating_sub(Duration::from_millis(10)));
        let waiting = read(&mut server, &made);
        assert_eq!(
            (&waiting["syncStatus"], &waiting["lastSyncMessage"]),
            (&json!("running"), &Value::Null)
        );
        server.wait(Duration::from_millis(10));
        let failed = read(&mut server, &made);
        assert_eq!(failed["syncStatus"], "failed");
        assert_eq!(failed["lastSyncMessage"], "{\"error\":\"DOWN\"}");
        assert_eq!(
            (&failed["lastSyncJobId"], &failed["lastSyncedAt"]),
            (&json!("1"), &Value::Null)
        );
    }

    #[test]
    fn a_destination_that_recovers_in_time_ends_well() {
        let mut server = Server::failing(&["sync:a=fail@4"]);
        let made = auto(&mut server, "a");
        server.wait(SETTLED);
        assert_eq!(read(&mut server, &made)["syncStatus"], "succeeded");
    }

    #[test]
    fn a_job_that_waits_is_not_in_progress_and_can_set_the_last_id_back() {
        let mut server = Server::failing(&["sync:a=fail@2"]);
        let made = auto(&mut server, "a");
        // After the second try the first job waits for six jobs' time.
        server.wait(JOB * 6);
        assert_eq!(read(&mut server, &made)["syncStatus"], "running");
        sync(&server.trigger(&format!("{}/sync-secrets", path(&made))));
        server.wait(JOB * 2);
        let newer = read(&mut server, &made);
        assert_eq!(
            (&newer["syncStatus"], &newer["lastSyncJobId"]),
            (&json!("succeeded"), &json!("2"))
        );
        server.wait(SETTLED);
        assert_eq!(read(&mut server, &made)["lastSyncJobId"], "1");
    }

    #[test]
    fn a_message_is_cut_at_1024_characters() {
        let rule = format!("sync:a=fail:{}", "é".repeat(2000));
        let mut server = Server::failing(&[&rule]);
        let made = auto(&mut server, "a");
        server.wait(SETTLED);
        let failed = read(&mut server, &made);
        assert_eq!(
            failed["lastSyncMessage"].as_str().unwrap().chars().count(),
            1024
        );
    }

    #[test]
    fn imports_need_a_behaviour_and_a_destination_that_can() {
        let mut server = Server::new();
        let made = create(&mut server, "a", json!({}));
        let cannot = server.trigger(&format!(
            "{}/import-secrets?importBehavior=prioritize-source",
            path(&made)
        ));
        assert_refused(
            &cannot,
            400,
            "Humanitec does not support importing secrets.",
        );
        let teamcity = teamcity_body(&mut server, "b", "Proj");
        let made = sync(&server.post(&format!("{SYNCS}/teamcity"), &teamcity));
        let target = format!("{}/import-secrets", path(&made));
        assert_eq!(issue(&server.trigger(&target)).0, "invalid_type");
        assert_eq!(
            issue(&server.trigger(&format!("{target}?importBehavior=x"))).0,
            "invalid_enum_value"
        );
        let queued =
            sync(&server.trigger(&format!("{target}?importBehavior=prioritize-destination")));
        assert_eq!(
            (&queued["importStatus"], &queued["syncStatus"]),
            (&json!("pending"), &Value::Null)
        );
        server.wait(SETTLED);
        assert_eq!(read(&mut server, &made)["importStatus"], "succeeded");
    }

    #[test]
    fn a_job_without_a_source_folder_fails_at_once_and_cannot_be_asked_for() {
        let mut server = Server::new();
        let made = auto(&mut server, "a");
        server.wait(SETTLED);
        delete_folder(&mut server, "apps");
        let refused = server.trigger(&format!("{}/sync-secrets", path(&made)));
        assert_refused(
            &refused,
            400,
            "Invalid source configuration: folder no longer exists. Please configure a valid source and try again.",
        );
        sync(&server.patch(&path(&made), &json!({})));
        server.wait(JOB * 2);
        assert_eq!(read(&mut server, &made)["syncStatus"], "failed");
    }
}

mod deleting {
    use super::*;

    #[test]
    fn by_default_it_is_immediate_and_a_second_one_is_404() {
        let mut server = Server::new();
        let made = create(&mut server, "a", json!({"isAutoSyncEnabled": true}));
        assert_eq!(
            sync(&server.delete(&path(&made)))["removeStatus"],
            Value::Null
        );
        assert_eq!(server.get(&path(&made)).status, 404);
        assert_eq!(server.delete(&path(&made)).status, 404);
        create(&mut server, "a", json!({}));
    }

    #[test]
    fn removing_secrets_keeps_the_sync_and_its_name_until_the_job_ends() {
        let mut server = Server::new();
        let made = create(&mut server, "a", json!({}));
        let pending = sync(&server.delete(&format!("{}?removeSecrets=true", path(&made))));
        assert_eq!(pending["removeStatus"], "pending");
        assert_eq!(list(&mut server, "ci"), ["a"]);
        let again = try_create(&mut server, "a", json!({}));
        assert_eq!(message(&again).0, 400);
        server.wait(SETTLED);
        assert_eq!(server.get(&path(&made)).status, 404);
        create(&mut server, "a", json!({}));
    }

    #[test]
    fn if_the_destination_fails_the_sync_remains() {
        let mut server = Server::failing(&["remove:a=fail:{\"error\":\"DOWN\"}"]);
        let made = create(&mut server, "a", json!({}));
        server.delete(&format!("{}?removeSecrets=true", path(&made)));
        server.wait(SETTLED);
        let left = read(&mut server, &made);
        assert_eq!(
            (&left["removeStatus"], &left["lastRemoveMessage"]),
            (&json!("failed"), &json!("{\"error\":\"DOWN\"}"))
        );
        assert_eq!(sync(&server.delete(&path(&made)))["removeStatus"], "failed");
        assert_eq!(server.get(&path(&made)).status, 404);
    }

    #[test]
    fn only_true_and_false_are_answers_to_remove_secrets() {
        let mut server = Server::new();
        let made = create(&mut server, "a", json!({}));
        assert_eq!(
            issue(&server.delete(&format!("{}?removeSecrets=yes", path(&made)))).0,
            "invalid_enum_value"
        );
        sync(&server.delete(&format!("{}?removeSecrets=false", path(&made))));
    }

    #[test]
    fn removing_the_secrets_alone_keeps_the_sync() {
        let mut server = Server::new();
        let made = create(&mut server, "a", json!({}));
        server.trigger(&format!("{}/remove-secrets", path(&made)));
        server.wait(SETTLED);
        assert_eq!(read(&mut server, &made)["removeStatus"], "succeeded");
    }
}

mod errors {
    use super::*;

    #[test]
    fn an_error_has_an_id_and_its_status_in_the_body() {
        let mut server = Server::new();
        let refused = server.get(&format!("{HUMANITEC}/{NOBODY}"));
        let keys: Vec<_> = refused.body().as_object().unwrap().keys().collect();
        assert_eq!(keys, ["reqId", "statusCode", "message", "error"]);
        assert_eq!(refused.body()["statusCode"], 404);
    }

    #[test]
    fn an_unknown_route_is_404_without_an_id_and_without_a_token() {
        let mut server = Server::new();
        for target in [
            "/api/v1/nope",
            "/api/v1/secret-syncs/nope?projectId=x",
            "/nope",
        ] {
            let refused = server.send("none", Call::new("GET", target));
            assert_eq!(
                refused.body(),
                &json!({"message": format!("Route GET:{target} not found"), "error": "Not Found", "statusCode": 404})
            );
        }
    }

    #[test]
    fn an_invalid_body_query_or_uuid_is_422_with_an_array_of_all_issues() {
        let mut server = Server::new();
        let paths = |response: &Reply| -> Vec<Value> {
            assert_eq!(
                (response.status, &response.body()["error"]),
                (422, &json!("ValidationFailure"))
            );
            let issues = response.body()["message"].as_array().unwrap();
            issues
                .iter()
                .map(|issue| issue["path"][0].clone())
                .collect()
        };
        let refused = server.post(HUMANITEC, &json!({}));
        assert_eq!(
            paths(&refused),
            [
                "name",
                "projectId",
                "connectionId",
                "environment",
                "secretPath",
                "syncOptions",
                "destinationConfig"
            ]
        );
        assert_eq!(paths(&server.get(SYNCS)), ["projectId"]);
        assert_eq!(
            paths(&server.get(&format!("{HUMANITEC}/not-a-uuid"))),
            ["syncId"]
        );
        let refused = try_create(&mut server, "a", json!({"connectionId": "x"}));
        assert_eq!(paths(&refused), ["connectionId"]);
    }

    #[test]
    fn malformed_json_and_a_body_over_a_megabyte_are_500() {
        let mut server = Server::new();
        let broken = Call::new("POST", HUMANITEC).bytes("application/json", b"{\"name\":");
        assert_eq!(server.send("ci", broken).status, 500);
        let mut large = Call::new("POST", HUMANITEC);
        large.body = None;
        assert_eq!(server.send("ci", large).status, 500);
    }

    #[test]
    fn answers_422_to_plain_text_because_it_is_not_an_object() {
        let mut server = Server::new();
        let text = Call::new("POST", HUMANITEC).bytes("text/plain", b"name=x");
        assert_eq!(
            issue(&server.send("ci", text)).1,
            "Expected object, received string"
        );
    }

    #[test]
    fn an_unknown_sync_or_connection_is_404() {
        let mut server = Server::new();
        assert_refused(
            &server.get(&format!("{HUMANITEC}/{NOBODY}")),
            404,
            &format!("Could not find Humanitec Sync with ID \"{NOBODY}\""),
        );
        // A patch leaves the quotes out.
        assert_eq!(
            message(&server.patch(&format!("{HUMANITEC}/{NOBODY}"), &json!({}))).1,
            format!("Could not find Humanitec Sync with ID {NOBODY}")
        );
        assert_refused(
            &try_create(&mut server, "a", json!({"connectionId": NOBODY})),
            404,
            &format!("Could not find App Connection with ID {NOBODY}"),
        );
    }

    #[test]
    fn a_sync_under_another_destination_is_400() {
        let mut server = Server::new();
        let made = create(&mut server, "a", json!({}));
        let elsewhere = path(&made).replace("humanitec", "vercel");
        let id = made["id"].as_str().unwrap();
        assert_refused(
            &server.get(&elsewhere),
            400,
            &format!("Secret sync with ID \"{id}\" is not configured for Vercel"),
        );
    }

    #[test]
    fn an_unknown_project_and_a_foreign_one_are_the_same_403() {
        let mut server = Server::new();
        let unknown = server.get(&format!("{SYNCS}?projectId={NOBODY}"));
        let foreign = server.send(
            "outsider",
            Call::new("GET", &format!("{SYNCS}?projectId={MAIN}")),
        );
        for (response, project) in [(unknown, NOBODY), (foreign, MAIN)] {
            assert_eq!(response.status, 403);
            assert_eq!(
                response.body()["error"],
                format!("Identity is not a member of the specified project with ID '{project}'")
            );
        }
    }

    #[test]
    fn no_token_is_401_before_the_body_is_read() {
        let mut server = Server::new();
        let broken = Call::new("POST", HUMANITEC).bytes("application/json", b"{");
        assert_refused(&server.send("none", broken), 401, "Token missing");
    }

    #[test]
    fn a_malformed_or_forged_token_is_403() {
        let mut server = Server::new();
        let request = || Call::new("GET", "/api/v1/workspace");
        let basic = request().header("authorization", "Basic abc");
        let malformed = [
            server.send("garbage", request()),
            server.send("none", basic),
        ];
        for response in malformed {
            assert_eq!(
                (response.status, &response.body()["error"]),
                (403, &json!("TokenError"))
            );
        }
        assert_refused(&server.send("forged", request()), 403, "invalid signature");
    }

    #[test]
    fn a_missing_permission_is_403_with_details() {
        let mut server = Server::new();
        let made = create(&mut server, "a", json!({}));
        let refused = server.send("viewer", Call::new("PATCH", &path(&made)).json(&json!({})));
        assert_eq!(
            message(&refused).1,
            "You are not allowed to edit on secret-syncs"
        );
        assert_eq!(
            (
                refused.status,
                &refused.body()["error"],
                &refused.body()["details"]
            ),
            (403, &json!("PermissionDenied"), &json!([]))
        );
        let staging = create(&mut server, "b", json!({"environment": "staging"}));
        let refused = server.send("dev-only", Call::new("GET", &path(&staging)));
        assert_eq!(
            refused.body()["details"][0]["conditions"],
            json!({"environment": {"$eq": "dev"}})
        );
    }

    #[test]
    fn a_connection_that_may_not_be_used_is_403() {
        let mut server = Server::new();
        let request = body(&mut server, "a", &json!({}));
        let refused = server.send("no-connect", Call::new("POST", HUMANITEC).json(&request));
        assert_refused(
            &refused,
            403,
            "You are not allowed to connect on app-connections",
        );
    }

    #[test]
    fn an_enterprise_destination_without_a_licence_is_400() {
        let mut server = Server::new();
        let request = body(
            &mut server,
            "a",
            &json!({"destinationConfig": {
                "compartmentOcid": "ocid1.tenancy.oc1..a", "vaultOcid": "ocid1.vault.oc1.x", "keyOcid": "ocid1.key.oc1.x"
            }}),
        );
        let (status, text) = message(&server.post(&format!("{SYNCS}/oci-vault"), &request));
        assert_eq!(status, 400);
        assert!(text.contains("plan restriction"), "{text}");
    }

    #[test]
    fn beyond_the_rate_limit_it_is_429_with_the_seconds_left() {
        let mut server = Server::with(|options| options.rate_limit = Some(2));
        let target = format!("{SYNCS}?projectId={MAIN}");
        let first = server.get(&target);
        assert_eq!(first.header("x-ratelimit-limit"), Some("2"));
        assert_eq!(first.header("x-ratelimit-remaining"), Some("1"));
        assert_eq!(first.header("x-ratelimit-reset"), Some("60"));
        server.get(&target);
        server.wait(Duration::from_secs(2));
        let refused = server.get(&target);
        assert_eq!(refused.status, 429);
        assert_eq!(
            refused.body(),
            &json!({"statusCode": 429, "message": "Rate limit exceeded. Please try again in 58 seconds", "error": "RateLimitExceeded"})
        );
        assert_eq!(refused.header("retry-after"), Some("58"));
        server.wait(Duration::from_secs(58));
        assert_eq!(server.get(&target).status, 200);
    }

    #[test]
    fn limits_count_by_route_and_client_and_not_without_a_token() {
        let mut server = Server::with(|options| options.rate_limit = Some(1));
        let target = format!("{SYNCS}?projectId={MAIN}");
        server.get(&target);
        assert_eq!(server.get(&target).status, 429);
        assert_eq!(
            server.get(&format!("{HUMANITEC}?projectId={MAIN}")).status,
            200
        );
        let other_client = Call::new("GET", &target).header("x-forwarded-for", "10.9.9.9");
        assert_eq!(server.send("ci", other_client).status, 200);
        assert_eq!(server.send("none", Call::new("GET", &target)).status, 401);
        let invalid = server.post(HUMANITEC, &json!({}));
        assert_eq!(
            (invalid.status, invalid.header("x-ratelimit-remaining")),
            (422, Some("0"))
        );
    }
}

mod names_instead_of_ids {
    use super::*;

    #[test]
    fn a_project_is_found_by_list_id_and_slug() {
        let mut server = Server::new();
        let all = server.get("/api/v1/workspace");
        let names: Vec<&Value> = all.body()["workspaces"]
            .as_array()
            .unwrap()
            .iter()
            .map(|project| &project["name"])
            .collect();
        assert_eq!(names, ["GitOps Load", "GitOps Main", "GitOps Other"]);
        let by_id = server.get(&format!("/api/v1/workspace/{MAIN}"));
        assert_eq!(by_id.body()["workspace"]["slug"], "gitops-main");
        assert_eq!(
            server.get("/api/v2/workspace/gitops-main").body()["id"],
            MAIN
        );
        assert_eq!(server.get("/api/v2/workspace/nope").status, 404);
        assert_eq!(
            server.get(&format!("/api/v1/workspace/{NOBODY}")).status,
            403
        );
    }

    #[test]
    fn an_outsider_sees_no_project() {
        let mut server = Server::new();
        let all = server.send("outsider", Call::new("GET", "/api/v1/workspace"));
        assert_eq!(all.body(), &json!({"workspaces": []}));
    }

    #[test]
    fn a_member_sees_the_connections_it_can_use_and_nothing_more() {
        let mut server = Server::new();
        let available = server.get("/api/v1/app-connections/humanitec/available");
        let names: Vec<&Value> = available.body()["appConnections"]
            .as_array()
            .unwrap()
            .iter()
            .map(|connection| &connection["name"])
            .collect();
        assert_eq!(names, ["humanitec-main", "humanitec-second"]);
        assert_eq!(server.get("/api/v1/app-connections").status, 403);
        let by_name = "/api/v1/app-connections/humanitec/connection-name/humanitec-main";
        assert_eq!(server.get(by_name).status, 403);
        assert_eq!(server.send("admin", Call::new("GET", by_name)).status, 200);
    }

    #[test]
    fn the_app_of_a_destination_is_in_the_options() {
        let mut server = Server::new();
        let options = server.get(&format!("{SYNCS}/options"));
        let options = options.body()["secretSyncOptions"].as_array().unwrap();
        let aws = options
            .iter()
            .find(|option| option["destination"] == "aws-parameter-store")
            .unwrap();
        assert_eq!(aws["connection"], "aws");
        let oci = options
            .iter()
            .find(|option| option["destination"] == "oci-vault")
            .unwrap();
        assert_eq!(oci["enterprise"], true);
        assert_eq!(aws.get("enterprise"), None);
    }
}

mod logging_in {
    use super::*;

    fn login(server: &mut Server, method: &str, body: &Value) -> Reply {
        let target = format!("/api/v1/auth/{method}/login");
        server.send("none", Call::new("POST", &target).json(body))
    }

    fn token(response: &Reply) -> String {
        assert_eq!(response.status, 200, "{}", response.text());
        response.body()["accessToken"].as_str().unwrap().to_owned()
    }

    fn short(server: &mut Server) -> String {
        let body = json!({"clientId": "client-short", "clientSecret": "secret-of-short"});
        token(&login(server, "universal-auth", &body))
    }

    fn projects(server: &mut Server, token: &str) -> Reply {
        server.send(token, Call::new("GET", "/api/v1/workspace"))
    }

    #[test]
    fn the_answer_says_how_long_the_token_lives() {
        let mut server = Server::new();
        let body = json!({"clientId": "client-ci", "clientSecret": "secret-of-ci"});
        let answer = login(&mut server, "universal-auth", &body);
        let token = token(&answer);
        assert_eq!(
            answer.body(),
            &json!({"accessToken": token, "expiresIn": 2_592_000, "accessTokenMaxTTL": 2_592_000, "tokenType": "Bearer"})
        );
        assert_eq!(projects(&mut server, &token).status, 200);
    }

    #[test]
    fn accepts_a_login_as_a_form_or_as_json() {
        let mut server = Server::new();
        let form = Call::new("POST", "/api/v1/auth/universal-auth/login").bytes(
            "application/x-www-form-urlencoded",
            b"clientId=client-ci&clientSecret=secret-of-ci",
        );
        token(&server.send("none", form));
    }

    #[test]
    fn a_wrong_secret_is_401_and_an_unknown_client_404() {
        let mut server = Server::new();
        let wrong = json!({"clientId": "client-ci", "clientSecret": "wrong"});
        assert_refused(
            &login(&mut server, "universal-auth", &wrong),
            401,
            "Invalid credentials",
        );
        let unknown = json!({"clientId": "nobody", "clientSecret": "wrong"});
        assert_eq!(login(&mut server, "universal-auth", &unknown).status, 404);
    }

    #[test]
    fn an_expired_token_is_403() {
        let mut server = Server::new();
        let token = short(&mut server);
        server.wait(Duration::from_secs(2));
        assert_refused(
            &projects(&mut server, &token),
            403,
            "Your token has expired. Please re-authenticate.",
        );
    }

    #[test]
    fn a_token_beyond_its_uses_is_401() {
        let mut server = Server::new();
        let token = short(&mut server);
        for _ in 0..3 {
            assert_eq!(projects(&mut server, &token).status, 200);
        }
        assert_eq!(projects(&mut server, &token).status, 401);
    }

    #[test]
    fn a_revoked_token_is_401_and_a_renewed_one_lives_on() {
        let mut server = Server::new();
        let token = short(&mut server);
        server.wait(Duration::from_millis(1500));
        let named = json!({"accessToken": token});
        assert_eq!(server.post("/api/v1/auth/token/renew", &named).status, 200);
        server.wait(Duration::from_millis(1500));
        assert_eq!(projects(&mut server, &token).status, 200);
        assert_eq!(server.post("/api/v1/auth/token/revoke", &named).status, 200);
        assert_refused(
            &projects(&mut server, &token),
            401,
            "No identity access token found",
        );
    }

    #[test]
    fn the_token_of_a_deleted_identity_is_401() {
        let mut server = Server::new();
        let token = short(&mut server);
        server.emulator.remove_identity("client-short");
        assert_eq!(projects(&mut server, &token).status, 401);
    }

    #[test]
    fn a_service_token_is_not_accepted() {
        let mut server = Server::new();
        let refused = projects(&mut server, "service");
        assert_refused(&refused, 404, "Service token with ID 'abc' not found");
    }

    #[test]
    fn an_identity_provider_s_token_must_have_the_right_claims() {
        let mut server = Server::new();
        let mut with = |claims: Value| {
            let body =
                json!({"identityId": "3d9a4c1e-0010-4000-8000-000000000010", "jwt": jwt(&claims)});
            login(&mut server, "oidc-auth", &body).status
        };
        let good =
            json!({"sub": "repo:acme/syncs", "aud": ["x", "secsync"], "exp": 4_000_000_000_u64});
        assert_eq!(with(good), 200);
        assert_eq!(with(json!({"sub": "repo:acme/syncs", "aud": "other"})), 401);
        assert_eq!(
            with(json!({"sub": "repo:acme/syncs", "aud": "secsync", "exp": 1})),
            401
        );
        assert_eq!(
            with(json!({"sub": "repo:acme/other", "aud": "secsync"})),
            403
        );
        let unknown = json!({"identityId": NOBODY, "jwt": jwt(&json!({}))});
        assert_eq!(login(&mut server, "oidc-auth", &unknown).status, 404);
    }
}
