//! What the Infisical of today does, one sentence of what is known a test; and that a server of
//! June 2025 does not.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secsync::sandbox::{Call, Catalog, Era, Reply, SandboxOptions};
use serde_json::{Value, json};

use super::support::{JOB, SETTLED, Server};

const SYNCS: &str = "/api/v1/secret-syncs";
const HUMANITEC: &str = "/api/v1/secret-syncs/humanitec";
const PAYMENTS: &str = "3d9a4c1e-0001-4000-8000-000000000001";
const WEB: &str = "3d9a4c1e-0002-4000-8000-000000000002";
const ORGANISATIONS: &str = "3d9a4c1e-0003-4000-8000-000000000003";
const PROJECTS: &str = "3d9a4c1e-0004-4000-8000-000000000004";

/// Two projects, a connection of the organisation, one of a project, and identities that may do
/// more or less.
fn world() -> Value {
    let identity = |name: &str| {
        json!({
            "clientId": format!("client-{name}"),
            "clientSecret": format!("secret-of-{name}"),
            "token": format!("token-of-{name}"),
        })
    };
    let with = |name: &str, key: &str, value: Value| {
        let mut identity = identity(name);
        identity[key] = value;
        identity
    };
    let folders = json!([{"slug": "dev", "folders": ["/apps/web", "/apps/api", "/shared"]}]);
    json!({
        "projects": [
            {"id": PAYMENTS, "slug": "payments", "environments": folders},
            {"id": WEB, "slug": "web_shop", "environments": folders},
            {"slug": "certificates", "type": "cert-manager"},
        ],
        "connections": [
            {"app": "humanitec", "name": "main", "id": ORGANISATIONS},
            {"app": "humanitec", "name": "main", "id": PROJECTS, "project": "payments"},
            {"app": "vercel", "name": "main"},
        ],
        "identities": [
            identity("ci"),
            with("viewer", "role", json!("viewer")),
            with("no-connect", "role", json!("no-connect")),
            with("guest", "organizationRole", json!("no-access")),
            with("outsider", "role", json!("outsider")),
            with("blind", "hiddenSecrets", json!(["/apps/web"])),
            with("payments-only", "projects", json!(["payments"])),
            with("cloud", "aws", json!({"accessKeyId": "AKIDEXAMPLE"})),
        ],
    })
}

/// A server of today whose catalog is these schemas.
fn server_of(
    schemas: impl IntoIterator<Item = Value>,
    change: impl FnOnce(&mut SandboxOptions),
) -> Server {
    server_with(|options| {
        options.catalog = Arc::new(Catalog::from_schemas(schemas));
        change(options);
    })
}

/// The schema file of a destination with these options and this configuration.
fn schema(slug: &str, create: &Value, read: &Value) -> Value {
    let text = json!({"type": "string"});
    let body = |objects: &Value| {
        let mut properties = json!({
            "name": text, "projectId": text, "description": {"type": ["string", "null"]},
            "connectionId": text, "environment": text, "secretPath": text,
            "isAutoSyncEnabled": {"type": "boolean", "default": true}
        });
        for (name, schema) in objects.as_object().unwrap() {
            properties[name] = schema.clone();
        }
        json!({"type": "object", "properties": properties})
    };
    json!({
        "title": "Some Where",
        "x-secsync": {
            "provider": "infisical", "destination": slug, "connectionApp": "humanitec",
            "canImport": true
        },
        "$defs": {"create": body(create), "read": body(read)}
    })
}

fn object(properties: Value) -> Value {
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

fn server() -> Server {
    server_with(|_| {})
}

fn server_with(change: impl FnOnce(&mut SandboxOptions)) -> Server {
    Server::in_world(&world(), change)
}

/// The same world on a server of June 2025.
fn older() -> Server {
    server_with(|options| options.era = Era::June2025)
}

fn body(name: &str, instead: &Value) -> Value {
    let mut body = json!({
        "name": name,
        "projectId": PAYMENTS,
        "connectionId": ORGANISATIONS,
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

fn create(server: &mut Server, name: &str, instead: &Value) -> Reply {
    server.post(HUMANITEC, &body(name, instead))
}

fn sync(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.body()["secretSync"].clone()
}

fn path(sync: &Value) -> String {
    let text = |key: &str| sync[key].as_str().unwrap();
    format!("{SYNCS}/{}/{}", text("destination"), text("id"))
}

#[track_caller]
fn assert_refused(reply: &Reply, status: u16, text: &str) {
    let message = reply.body()["message"].as_str().unwrap_or_default();
    assert_eq!((reply.status, message), (status, text), "{}", reply.text());
}

/// The column of a list in an answer.
fn column<'a>(reply: &'a Reply, list: &str, key: &str) -> Vec<&'a str> {
    assert_eq!(reply.status, 200, "{}", reply.text());
    let rows = reply.body()[list].as_array().unwrap();
    rows.iter().map(|row| row[key].as_str().unwrap()).collect()
}

mod routes {
    use super::*;

    #[test]
    fn projects_have_their_own_routes_and_a_list_holds_every_type_unless_it_is_asked_for_one() {
        let mut server = server();
        let all = server.get("/api/v1/projects");
        assert_eq!(
            column(&all, "projects", "slug"),
            ["certificates", "payments", "web_shop"]
        );
        let secrets = server.get("/api/v1/projects?type=secret-manager");
        assert_eq!(
            column(&secrets, "projects", "slug"),
            ["payments", "web_shop"]
        );
        let by_id = server.get(&format!("/api/v1/projects/{PAYMENTS}"));
        assert_eq!(by_id.body()["project"]["slug"], "payments");
        let by_slug = server.get("/api/v1/projects/slug/web_shop");
        assert_eq!(by_slug.body()["id"], WEB);
    }

    #[test]
    fn folders_are_found_by_project() {
        let target = format!("/api/v2/folders?projectId={PAYMENTS}&environment=dev&path=/apps");
        let folders = server().get(&target);
        assert_eq!(column(&folders, "folders", "name"), ["api", "web"]);
    }

    #[test]
    fn an_era_lacks_the_other_s_routes() {
        let folders = format!("environment=dev&path=/&projectId={PAYMENTS}&workspaceId={PAYMENTS}");
        let older_routes = [
            "/api/v1/workspace".to_owned(),
            format!("/api/v1/workspace/{PAYMENTS}"),
            "/api/v2/workspace/payments".to_owned(),
            format!("/api/v1/folders?{folders}"),
        ];
        let newer_routes = [
            "/api/v1/projects?type=secret-manager".to_owned(),
            format!("/api/v1/projects/{PAYMENTS}"),
            "/api/v1/projects/slug/payments".to_owned(),
            format!("/api/v2/folders?{folders}"),
            "/api/v1/identities/details".to_owned(),
        ];
        for (mut server, has, lacks) in [
            (older(), &older_routes[..], &newer_routes[..]),
            (server(), &newer_routes[..], &older_routes[..]),
        ] {
            for target in has {
                assert_eq!(server.get(target).status, 200, "{target}");
            }
            for target in lacks {
                let missing = format!("Route GET:{target} not found");
                assert_refused(&server.get(target), 404, &missing);
            }
        }
    }

    #[test]
    fn a_token_is_probed_with_the_details_of_its_identity() {
        let target = "/api/v1/identities/details";
        let mut server = server();
        let details = server.get(target);
        assert!(details.body()["identityDetails"]["organization"]["id"].is_string());
        let request = Call::new("GET", target);
        assert_eq!(server.send("garbage", request).status, 403);
    }

    #[test]
    fn options_say_what_a_destination_does_not_support() {
        let options = Server::bundled(&world()).get(&format!("{SYNCS}/options"));
        let rows = options.body()["secretSyncOptions"].as_array().unwrap();
        let lacking = |key: &str| -> Vec<&str> {
            rows.iter()
                .filter(|row| row[key] == false)
                .map(|row| row["destination"].as_str().unwrap())
                .collect()
        };
        let without_keys = lacking("supportsKeySchema");
        assert_eq!(without_keys, ["azure-entra-id-scim", "external-infisical"]);
        let deleting = lacking("supportsDisableSecretDeletion");
        assert_eq!(deleting, ["azure-entra-id-scim"]);
    }
}

mod connections {
    use super::*;

    const AVAILABLE: &str = "/api/v1/app-connections/humanitec/available";

    fn of_project(id: &str) -> String {
        format!("{AVAILABLE}?projectId={id}")
    }

    fn ids(server: &mut Server, identity: &str, target: &str) -> Vec<String> {
        let reply = server.send(identity, Call::new("GET", target));
        let ids = column(&reply, "appConnections", "id");
        ids.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn without_a_project_only_the_organisation_s_are_available() {
        assert_eq!(ids(&mut server(), "ci", AVAILABLE), [ORGANISATIONS]);
    }

    #[test]
    fn with_a_project_its_own_are_available_too_and_say_whose_they_are() {
        let mut server = server();
        let reply = server.get(&of_project(PAYMENTS));
        let organisation = &reply.body()["appConnections"][0]["orgId"];
        assert!(organisation.is_string());
        let row = |id: &str, project: Value| {
            json!({
                "app": "humanitec", "name": "main", "id": id, "projectId": project,
                "orgId": organisation,
            })
        };
        assert_eq!(
            reply.body()["appConnections"],
            json!([
                row(ORGANISATIONS, Value::Null),
                row(PROJECTS, json!(PAYMENTS))
            ])
        );
        assert_eq!(ids(&mut server, "ci", &of_project(WEB)), [ORGANISATIONS]);
    }

    #[test]
    fn with_a_project_it_takes_the_right_to_connect() {
        let mut server = server();
        for identity in ["viewer", "no-connect"] {
            let request = Call::new("GET", &of_project(PAYMENTS));
            assert_refused(
                &server.send(identity, request),
                403,
                "You are not allowed to connect on app-connections",
            );
        }
        let request = Call::new("GET", &of_project(PAYMENTS));
        assert_eq!(server.send("outsider", request).status, 403);
        // Without a project what may not be used is left out in silence.
        assert_eq!(ids(&mut server, "viewer", AVAILABLE), [ORGANISATIONS]);
        assert!(ids(&mut server, "no-connect", AVAILABLE).is_empty());
    }

    #[test]
    fn who_may_not_connect_in_the_organisation_sees_the_project_s_only() {
        let mut server = server();
        assert!(ids(&mut server, "guest", AVAILABLE).is_empty());
        assert_eq!(ids(&mut server, "guest", &of_project(PAYMENTS)), [PROJECTS]);
    }

    #[test]
    fn a_server_of_2025_ignores_the_project() {
        let mut server = older();
        let reply = server.get(&of_project(PAYMENTS));
        let row = json!({"app": "humanitec", "name": "main", "id": ORGANISATIONS});
        assert_eq!(reply.body(), &json!({"appConnections": [row]}));
        let foreign = server.get(&of_project("no-such-project"));
        assert_eq!(foreign.body(), reply.body());
    }

    #[test]
    fn a_project_s_connection_serves_that_project_and_no_other() {
        let mut server = server();
        let own = json!({"connectionId": PROJECTS});
        let made = sync(&create(&mut server, "own", &own));
        assert_eq!(made["connection"]["id"], PROJECTS);
        let refusal = format!(
            "You cannot connect project App Connection with ID \"{PROJECTS}\" from project with ID \"{PAYMENTS}\" to project with ID \"{WEB}\""
        );
        let foreign = json!({"connectionId": PROJECTS, "projectId": WEB});
        assert_refused(&create(&mut server, "foreign", &foreign), 400, &refusal);
        let made = sync(&create(&mut server, "other", &json!({"projectId": WEB})));
        let patched = server.patch(&path(&made), &json!({"connectionId": PROJECTS}));
        assert_refused(&patched, 400, &refusal);
    }

    #[test]
    fn a_connection_that_is_unknown_not_allowed_or_of_another_app_is_refused_in_this_order() {
        let mut server = server();
        let unknown = json!({"connectionId": "00000000-0000-4000-8000-000000000000"});
        assert_eq!(create(&mut server, "a", &unknown).status, 404);
        for (identity, connection) in [("guest", ORGANISATIONS), ("no-connect", PROJECTS)] {
            let request = body("a", &json!({"connectionId": connection}));
            let request = Call::new("POST", HUMANITEC).json(&request);
            assert_refused(
                &server.send(identity, request),
                403,
                "You are not allowed to connect on app-connections",
            );
        }
        // A foreign project's is refused for its app first.
        let config = json!({"app": "x", "appName": "x", "env": "preview", "teamId": "t"});
        let foreign =
            json!({"connectionId": PROJECTS, "projectId": WEB, "destinationConfig": config});
        let request = body("a", &foreign);
        let refused = server.post(&format!("{SYNCS}/vercel"), &request);
        assert_eq!(refused.status, 400, "{}", refused.text());
        let text = refused.body()["message"].as_str().unwrap();
        assert!(text.contains("cannot be used to connect to"), "{text}");
    }
}

mod refusals {
    use super::*;

    /// As the identity; the refusal of each create.
    fn refused(server: &mut Server, identity: &str, instead: &Value) -> (u16, String) {
        let request = Call::new("POST", HUMANITEC).json(&body("a", instead));
        let reply = server.send(identity, request);
        let message = reply.body()["message"].as_str().unwrap_or_default();
        (reply.status, message.to_owned())
    }

    #[test]
    fn a_create_is_refused_in_the_server_s_order() {
        const NOBODY: &str = "00000000-0000-4000-8000-000000000000";
        let mut world = world();
        world["syncLimit"] = json!(1);
        let mut server = Server::in_world(&world, |options| options.block_duplicates = true);
        sync(&create(&mut server, "a", &json!({})));

        // Every reason at once, and then one fewer each time.
        let mut instead = json!({
            "projectId": NOBODY, "secretPath": "/missing", "connectionId": NOBODY,
        });
        let limit = refused(&mut server, "blind", &instead);
        assert_eq!(limit.0, 400);
        assert!(limit.1.contains("plan limit reached"), "{}", limit.1);

        world.as_object_mut().unwrap().remove("syncLimit");
        let mut server = Server::in_world(&world, |options| options.block_duplicates = true);
        sync(&create(&mut server, "a", &json!({})));
        let project = refused(&mut server, "blind", &instead);
        assert_eq!(project.0, 403, "{}", project.1);

        instead["projectId"] = json!(PAYMENTS);
        let right = refused(&mut server, "viewer", &instead);
        assert_eq!(right.1, "You are not allowed to create on secret-syncs");

        let folder = refused(&mut server, "blind", &instead);
        assert!(
            folder.1.starts_with("Could not find folder"),
            "{}",
            folder.1
        );

        instead["secretPath"] = json!("/apps/web");
        let read = "You do not have permission to read secrets at path \"/apps/web\" in environment \"dev\".";
        assert_eq!(
            refused(&mut server, "blind", &instead),
            (403, read.to_owned())
        );

        let duplicate =
            format!("A secret sync with this destination already exists in project {PAYMENTS}.");
        assert_eq!(refused(&mut server, "ci", &instead), (400, duplicate));

        instead["destinationConfig"] = json!({"scope": "application", "org": "acme", "app": "b"});
        let connection = format!("Could not find App Connection with ID {NOBODY}");
        assert_eq!(refused(&mut server, "ci", &instead), (404, connection));

        instead["connectionId"] = json!(ORGANISATIONS);
        let name = refused(&mut server, "ci", &instead);
        assert!(
            name.1
                .starts_with("A Secret Sync with the name \"a\" already exists"),
            "{}",
            name.1
        );
    }

    #[test]
    fn a_server_of_2025_knows_no_limit_and_no_right_to_read_secrets_and_no_duplicates() {
        let mut world = world();
        world["syncLimit"] = json!(0);
        let mut server = Server::in_world(&world, |options| {
            options.era = Era::June2025;
            options.block_duplicates = true;
        });
        for name in ["a", "b"] {
            let request = Call::new("POST", HUMANITEC).json(&body(name, &json!({})));
            sync(&server.send("blind", request));
        }
    }

    #[test]
    fn a_patch_checks_the_secrets_of_a_new_source_only() {
        let mut server = server();
        let elsewhere = json!({"secretPath": "/shared"});
        let made = sync(&create(&mut server, "a", &elsewhere));
        let patch = |server: &mut Server, change: Value| {
            let request = Call::new("PATCH", &path(&made)).json(&change);
            server.send("blind", request)
        };
        assert_eq!(patch(&mut server, json!({"name": "b"})).status, 200);
        assert_eq!(patch(&mut server, elsewhere).status, 200);
        let moved = patch(&mut server, json!({"secretPath": "/apps/web"}));
        assert_eq!(moved.status, 403, "{}", moved.text());
    }

    #[test]
    fn a_patch_without_a_body_is_null_and_a_long_description_fails_in_the_database() {
        for mut server in [server(), older()] {
            let made = sync(&create(&mut server, "a", &json!({})));
            let bare = server.send("ci", Call::new("PATCH", &path(&made)));
            assert_eq!(bare.status, 422);
            assert_eq!(
                bare.body()["message"][0]["message"],
                "Expected object, received null"
            );
            let long = server.patch(&path(&made), &json!({"description": "x".repeat(256)}));
            assert_eq!(
                (long.status, &long.body()["error"]),
                (500, &json!("Update by id"))
            );
        }
    }

    #[test]
    fn a_delete_that_removes_secrets_needs_the_source_and_a_plain_one_does_not() {
        let mut server = server();
        let made = sync(&create(&mut server, "a", &json!({})));
        let folder = Call::new("DELETE", "/api/v2/folders/apps")
            .json(&json!({"projectId": PAYMENTS, "environment": "dev", "path": "/"}));
        assert_eq!(server.send("ci", folder).status, 200);
        let removing = server.delete(&format!("{}?removeSecrets=true", path(&made)));
        assert_eq!(removing.status, 400);
        assert_eq!(server.delete(&path(&made)).status, 200);
    }
}

mod reading {
    use super::*;

    #[test]
    fn a_list_straight_after_a_write_may_not_show_it_yet() {
        let mut server = server();
        server.emulator.fail(vec!["list=stale@1".parse().unwrap()]);
        sync(&create(&mut server, "a", &json!({})));
        let target = format!("{SYNCS}?projectId={PAYMENTS}");
        let stale = server.get(&target);
        assert!(column(&stale, "secretSyncs", "name").is_empty());
        assert_eq!(column(&server.get(&target), "secretSyncs", "name"), ["a"]);
    }
}

mod duplicates {
    use super::*;

    fn blocking() -> Server {
        server_with(|options| options.block_duplicates = true)
    }

    fn config(app: &str) -> Value {
        json!({"destinationConfig": {"scope": "application", "org": "acme", "app": app}})
    }

    #[test]
    fn they_are_accepted_unless_the_organisation_blocks_them() {
        let mut server = server();
        for name in ["a", "b"] {
            sync(&create(&mut server, name, &json!({})));
        }
    }

    #[test]
    fn one_in_a_project_of_which_the_identity_is_no_member_is_not_named() {
        let mut server = blocking();
        let elsewhere = json!({"projectId": WEB});
        sync(&create(&mut server, "a", &elsewhere));
        let request = || Call::new("POST", HUMANITEC).json(&body("b", &json!({})));
        assert_refused(
            &server.send("payments-only", request()),
            400,
            "A secret sync with this destination already exists in another project in your organization.",
        );
        assert_refused(
            &server.send("ci", request()),
            400,
            &format!("A secret sync with this destination already exists in project {WEB}."),
        );
    }

    #[test]
    fn a_patch_is_checked_whenever_configuration_or_connection_is_sent_even_unchanged() {
        let mut server = blocking();
        let others = sync(&create(&mut server, "a", &config("one")));
        let made = sync(&create(&mut server, "b", &config("two")));
        let own = json!({"destinationConfig": made["destinationConfig"]});
        sync(&server.patch(&path(&made), &own));
        let taken =
            format!("A secret sync with this destination already exists in project {PAYMENTS}.");
        assert_refused(&server.patch(&path(&made), &config("one")), 400, &taken);

        // Two that exist from the time before they were blocked.
        let world = world();
        let mut before = Server::in_world(&world, |_| {});
        sync(&create(&mut before, "a", &config("one")));
        let made = sync(&create(&mut before, "b", &config("one")));
        before.emulator.block_duplicates();
        for change in [config("one"), json!({"connectionId": ORGANISATIONS})] {
            assert_refused(&before.patch(&path(&made), &change), 400, &taken);
        }
        sync(&before.patch(&path(&made), &json!({"name": "c"})));
        sync(&server.patch(&path(&others), &config("three")));
    }

    #[test]
    fn a_destination_can_be_checked_before() {
        let mut server = server();
        let target = format!("{HUMANITEC}/check-destination");
        let made = sync(&create(&mut server, "a", &json!({"projectId": WEB})));
        let mut asked = config("web");
        asked["projectId"] = json!(PAYMENTS);
        let found = server.post(&target, &asked);
        assert_eq!(
            found.body(),
            &json!({"hasDuplicate": true, "duplicateProjectId": WEB})
        );
        let request = Call::new("POST", &target).json(&asked);
        let hidden = server.send("payments-only", request);
        assert_eq!(hidden.body(), &json!({"hasDuplicate": true}));
        asked["excludeSyncId"] = made["id"].clone();
        assert_eq!(
            server.post(&target, &asked).body(),
            &json!({"hasDuplicate": false})
        );
        let nothing = server.post(&target, &json!({"projectId": PAYMENTS}));
        assert_eq!(nothing.body(), &json!({"hasDuplicate": false}));
        assert_eq!(server.post(&target, &json!({})).status, 422);
        assert_eq!(older().post(&target, &asked).status, 404);
    }

    /// Whether the second configuration is a duplicate of the first. A field with a keyword has it
    /// in its schema.
    fn is_duplicate(keywords: &Value, one: &Value, other: &Value) -> bool {
        let properties: serde_json::Map<String, Value> = [one, other]
            .iter()
            .flat_map(|config| config.as_object().unwrap().keys())
            .map(|key| {
                let mut field = json!({"type": "string"});
                if let Some(keyword) = keywords[key].as_object() {
                    field.as_object_mut().unwrap().extend(keyword.clone());
                }
                (key.clone(), field)
            })
            .collect();
        let objects = json!({"destinationConfig": object(properties.into())});
        let mut server = server_of([schema("x", &objects, &objects)], |_| {});
        let target = format!("{SYNCS}/x");
        let request = body("a", &json!({"destinationConfig": one}));
        sync(&server.post(&target, &request));
        let asked = json!({"projectId": PAYMENTS, "destinationConfig": other});
        let answer = server.post(&format!("{target}/check-destination"), &asked);
        answer.body()["hasDuplicate"] == true
    }

    #[test]
    fn what_is_empty_does_not_count() {
        let with = |key: &str, value: &str| json!({"vaultId": "1", key: value});
        let is_duplicate = |one, other| is_duplicate(&json!({}), &one, &other);
        assert!(is_duplicate(with("region", ""), json!({"vaultId": "1"})));
        assert!(!is_duplicate(with("region", ""), with("region", "eu")));
        assert!(!is_duplicate(
            with("vaultName", "a"),
            with("vaultName", "b")
        ));
    }

    #[test]
    fn what_a_schema_marks_does_not_count_and_a_star_is_every_environment() {
        let with = |value: &str| json!({"vaultId": "1", "field": value});
        for mark in ["x-display-name", "x-not-identifying"] {
            let is_duplicate =
                |one, other| is_duplicate(&json!({"field": {mark: true}}), &one, &other);
            assert!(is_duplicate(with("a"), with("b")), "{mark}");
            assert!(is_duplicate(with("a"), json!({"vaultId": "1"})), "{mark}");
            let other = json!({"vaultId": "2", "field": "a"});
            assert!(!is_duplicate(with("a"), other), "{mark}");
        }
        let star = json!({"field": {"x-takes-in-all": "*"}});
        assert!(is_duplicate(&star, &with("*"), &with("prod")));
        assert!(is_duplicate(&star, &with("prod"), &with("*")));
        assert!(!is_duplicate(&star, &with("prod"), &with("dev")));
    }
}

mod subfolders {
    use super::*;

    /// A destination with the option in one of its two places.
    fn with_option(place: &str) -> Value {
        let option = json!({"type": "boolean"});
        let mut options = json!({
            "initialSyncBehavior": {"type": "string"}, "keySchema": {"type": "string"}
        });
        let mut objects = json!({"destinationConfig": {"type": "object"}});
        if place == "nested" {
            options["includeAllSubFolders"] = option;
        } else {
            objects["includeAllSubFolders"] = option;
        }
        objects["syncOptions"] = object(options);
        schema("somewhere", &objects, &objects)
    }

    const SOMEWHERE: &str = "/api/v1/secret-syncs/somewhere";

    fn sent(place: &str, value: bool, behavior: &str) -> Value {
        let mut sent = json!({"syncOptions": {"initialSyncBehavior": behavior}});
        if place == "nested" {
            sent["syncOptions"]["includeAllSubFolders"] = value.into();
        } else {
            sent["includeAllSubFolders"] = value.into();
        }
        sent
    }

    fn option<'a>(sync: &'a Value, place: &str) -> Option<&'a Value> {
        let object = if place == "nested" {
            &sync["syncOptions"]
        } else {
            sync
        };
        object.get("includeAllSubFolders")
    }

    #[test]
    fn where_the_schema_has_it_it_is_kept_and_absent_when_it_was_never_sent() {
        for place in ["nested", "top"] {
            let mut server = server_of([with_option(place)], |_| {});
            for (name, value) in [("a", true), ("b", false)] {
                let request = body(name, &sent(place, value, "overwrite-destination"));
                let made = sync(&server.post(SOMEWHERE, &request));
                assert_eq!(option(&made, place), Some(&json!(value)), "{place}");
            }
            let made = sync(&server.post(SOMEWHERE, &body("c", &json!({}))));
            assert_eq!(option(&made, place), None, "{place}");
            let on = sent(place, true, "overwrite-destination");
            let patched = sync(&server.patch(&path(&made), &on));
            assert_eq!(option(&patched, place), Some(&json!(true)), "{place}");
            let renamed = sync(&server.patch(&path(&made), &json!({"name": "d"})));
            assert_eq!(option(&renamed, place), Some(&json!(true)), "{place}");
        }
    }

    #[test]
    fn a_server_that_does_not_know_its_name_drops_it_with_200() {
        for place in ["nested", "top"] {
            let other = if place == "nested" { "top" } else { "nested" };
            let request = body("a", &sent(other, true, "overwrite-destination"));
            let mut server = server_of([with_option(place)], |_| {});
            let made = sync(&server.post(SOMEWHERE, &request));
            assert_eq!(option(&made, other), None, "{place}");

            let request = body("a", &sent(place, true, "overwrite-destination"));
            let mut older = server_of([with_option(place)], |options| options.era = Era::June2025);
            let made = sync(&older.post(SOMEWHERE, &request));
            assert_eq!(option(&made, place), None, "{place}");
            let document = older.get("/api/docs/json");
            assert!(!document.text().contains("includeAllSubFolders"), "{place}");
        }
    }

    #[test]
    fn true_does_not_go_together_with_an_import() {
        for place in ["nested", "top"] {
            let mut server = server_of([with_option(place)], |_| {});
            let both = |value: bool| body("a", &sent(place, value, "import-prioritize-source"));
            assert_eq!(server.post(SOMEWHERE, &both(true)).status, 422, "{place}");
            assert_eq!(server.post(SOMEWHERE, &both(false)).status, 200, "{place}");
        }
    }

    fn with_secrets() -> Server {
        let mut world = world();
        world["projects"][0]["environments"][0]["secrets"] =
            json!({"/apps/web": ["PORT", "TOKEN"], "/apps/api": ["PORT"], "/shared": ["PORT"]});
        let catalog = Catalog::from_schemas([with_option("nested")]);
        Server::in_world(&world, |options| options.catalog = Arc::new(catalog))
    }

    #[test]
    fn one_name_in_two_folders_is_a_clash_that_names_the_secrets_and_folders() {
        let mut server = with_secrets();
        let with_folders = |path: &str| {
            let mut sent = sent("nested", true, "overwrite-destination");
            sent["secretPath"] = path.into();
            body("a", &sent)
        };
        let clash = server.post(SOMEWHERE, &with_folders("/apps"));
        assert_eq!(clash.status, 400);
        let text = clash.body()["message"].as_str().unwrap();
        assert!(
            text.contains("\"PORT\" in /apps/api and /apps/web."),
            "{text}"
        );
        sync(&server.post(SOMEWHERE, &with_folders("/apps/web")));
    }

    #[test]
    fn the_right_to_read_secrets_is_needed_on_every_folder_beneath_and_checked_on_every_patch() {
        let mut server = server_of([with_option("nested")], |_| {});
        let mut around = sent("nested", true, "overwrite-destination");
        around["secretPath"] = json!("/apps");
        let request = Call::new("POST", SOMEWHERE).json(&body("a", &around));
        let refusal = "You do not have permission to read secrets at path \"/apps/web\" in environment \"dev\".";
        assert_refused(&server.send("blind", request), 403, refusal);
        let made = sync(&server.post(SOMEWHERE, &body("a", &around)));
        let rename = || Call::new("PATCH", &path(&made)).json(&json!({"name": "b"}));
        assert_refused(&server.send("blind", rename()), 403, refusal);
        let off = sent("nested", false, "overwrite-destination");
        let turned_off = Call::new("PATCH", &path(&made)).json(&off);
        sync(&server.send("blind", turned_off));
        sync(&server.send("blind", rename()));
    }
}

mod filled_fields {
    use super::*;

    fn filling() -> Server {
        let text = json!({"type": "string"});
        let marked = |marker: &str, schema: &Value| {
            let mut schema = schema.clone();
            schema[marker] = json!(true);
            schema
        };
        let uuid = json!({"type": "string", "format": "uuid"});
        let create = json!({
            "syncOptions": object(json!({
                "initialSyncBehavior": text, "note": text,
                "secretKey": marked("writeOnly", &text),
            })),
            "destinationConfig": object(json!({"principal": text, "displayName": text})),
        });
        let read = json!({
            "syncOptions": object(json!({
                "initialSyncBehavior": text, "note": text, "secretId": marked("readOnly", &uuid),
            })),
            "destinationConfig": object(json!({
                "principal": text, "displayName": marked("x-server-filled", &text),
            })),
        });
        let mut merged = create.clone();
        merged["syncOptions"]["x-merged-by-update"] = true.into();
        let schemas = [("merging", &merged), ("somewhere", &create)];
        server_of(
            schemas.map(|(slug, create)| schema(slug, create, &read)),
            |_| {},
        )
    }

    fn sent() -> Value {
        json!({
            "syncOptions": {
                "initialSyncBehavior": "overwrite-destination", "note": "x", "secretKey": "K"
            },
            "destinationConfig": {"principal": "p", "displayName": "mine"},
        })
    }

    #[test]
    fn what_is_marked_is_filled_or_never_given_back() {
        let mut server = filling();
        let target = format!("{SYNCS}/somewhere");
        let made = sync(&server.post(&target, &body("a", &sent())));
        let options = &made["syncOptions"];
        assert_eq!(options.get("secretKey"), None);
        assert_eq!(options["secretId"].as_str().unwrap().len(), 36);
        let name = &made["destinationConfig"]["displayName"];
        assert!(name.is_string() && name != "mine", "{name}");
        // The same after an update without the objects, and filled again after one with them.
        let renamed = sync(&server.patch(&path(&made), &json!({"name": "b"})));
        assert_eq!(renamed["syncOptions"], made["syncOptions"]);
        let config = json!({"destinationConfig": {"principal": "q", "displayName": "mine"}});
        let patched = sync(&server.patch(&path(&made), &config));
        assert_eq!(&patched["destinationConfig"]["displayName"], name);
        assert_eq!(patched["destinationConfig"]["principal"], "q");
    }

    #[test]
    fn options_are_replaced_whole_or_merged_as_the_schema_says() {
        let mut server = filling();
        for (slug, note) in [("somewhere", None), ("merging", Some(&json!("x")))] {
            let target = format!("{SYNCS}/{slug}");
            let made = sync(&server.post(&target, &body(slug, &sent())));
            let bare = json!({"syncOptions": {"initialSyncBehavior": "overwrite-destination"}});
            let patched = sync(&server.patch(&path(&made), &bare));
            assert_eq!(patched["syncOptions"].get("note"), note, "{slug}");
            assert_eq!(
                patched["syncOptions"]["secretId"],
                made["syncOptions"]["secretId"]
            );
        }
    }
}

mod jobs {
    use super::*;

    const SECOND: Duration = Duration::from_millis(10);

    /// Auto-sync on, and jobs of 100 ms where a second takes 10 ms.
    fn server(rules: &[&str]) -> Server {
        server_with(|options| {
            options.second = SECOND;
            options.fail = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        })
    }

    fn auto(server: &mut Server, count: usize, instead: &Value) {
        for at in 0..count {
            let mut instead = instead.clone();
            instead["isAutoSyncEnabled"] = true.into();
            sync(&create(server, &format!("s{at}"), &instead));
        }
    }

    /// How many syncs of each status there are.
    fn count(server: &mut Server, status: &str) -> usize {
        let list = server.get(&format!("{SYNCS}?projectId={PAYMENTS}"));
        let rows = list.body()["secretSyncs"].as_array().unwrap();
        rows.iter()
            .filter(|row| row["syncStatus"] == status)
            .count()
    }

    #[test]
    fn they_start_after_0_to_10_seconds() {
        let started_within = |seconds: u32| {
            let has_started = |seed: &u64| {
                let mut server = server_with(|options| {
                    options.second = SECOND;
                    options.seed = *seed;
                    options.job_duration = Duration::from_secs(1);
                });
                auto(&mut server, 1, &json!({}));
                server.wait(SECOND * seconds);
                count(&mut server, "running") == 1
            };
            (0..40).filter(has_started).count()
        };
        assert_eq!(started_within(10), 40);
        let half = started_within(5);
        assert!((10..30).contains(&half), "{half}");
    }

    #[test]
    fn five_of_a_connection_are_at_work_and_the_others_stand_in_line_with_their_status() {
        let mut server = server(&[]);
        auto(&mut server, 12, &json!({}));
        let mut most = 0;
        for _ in 0..1500 {
            most = most.max(count(&mut server, "running"));
        }
        assert_eq!(most, 5);
        assert_eq!(count(&mut server, "succeeded"), 12);
    }

    #[test]
    fn two_connections_have_a_line_each_and_a_server_of_2025_has_none() {
        let mut server = server(&["sync=hang"]);
        auto(&mut server, 7, &json!({}));
        for at in 7..14 {
            let instead = json!({"isAutoSyncEnabled": true, "connectionId": PROJECTS});
            sync(&create(&mut server, &format!("s{at}"), &instead));
        }
        server.wait(SETTLED);
        assert_eq!(count(&mut server, "running"), 10);
        assert_eq!(count(&mut server, "pending"), 4);

        let mut older = older();
        older.emulator.fail(vec!["sync=hang".parse().unwrap()]);
        auto(&mut older, 12, &json!({}));
        older.wait(SETTLED);
        assert_eq!(count(&mut older, "running"), 12);
    }

    #[test]
    fn after_120_turns_in_line_a_job_fails() {
        let mut server = server(&["sync=hang"]);
        auto(&mut server, 6, &json!({}));
        server.wait(SECOND * 120 * 30);
        assert_eq!(count(&mut server, "pending"), 1);
        server.wait(SECOND * 120 * 11);
        assert_eq!(
            (count(&mut server, "pending"), count(&mut server, "failed")),
            (0, 1)
        );
        let list = server.get(&format!("{SYNCS}?projectId={PAYMENTS}"));
        let rows = list.body()["secretSyncs"].as_array().unwrap();
        let failed = rows
            .iter()
            .find(|row| row["syncStatus"] == "failed")
            .unwrap();
        let message = failed["lastSyncMessage"].as_str().unwrap();
        assert!(message.starts_with("Failed to run job."), "{message}");
    }

    #[test]
    fn a_slow_job_takes_longer_and_a_hanging_one_never_ends() {
        let mut server = server(&["sync:s0=slow:20", "sync:s1=hang"]);
        auto(&mut server, 3, &json!({}));
        server.wait(SECOND * 10 + JOB);
        assert_eq!(count(&mut server, "succeeded"), 1);
        server.wait(JOB * 20);
        assert_eq!(count(&mut server, "succeeded"), 2);
        server.wait(Duration::from_secs(1_000_000));
        assert_eq!(count(&mut server, "running"), 1);
    }
}

mod logging_in {
    use super::*;

    fn login(server: &mut Server, method: &str, body: &Value) -> Reply {
        let target = format!("/api/v1/auth/{method}/login");
        server.send("none", Call::new("POST", &target).json(body))
    }

    fn universal(server: &mut Server, secret: &str) -> Reply {
        let body = json!({"clientId": "client-ci", "clientSecret": secret});
        login(server, "universal-auth", &body)
    }

    const LOCKED: &str = "This identity auth method is temporarily locked, please try again later";

    #[test]
    fn three_wrong_logins_within_30_seconds_lock_the_identity_for_300() {
        let mut server = server();
        for _ in 0..3 {
            assert_refused(&universal(&mut server, "wrong"), 401, "Invalid credentials");
        }
        assert_refused(&universal(&mut server, "secret-of-ci"), 401, LOCKED);
        let other = json!({"clientId": "client-guest", "clientSecret": "secret-of-guest"});
        assert_eq!(login(&mut server, "universal-auth", &other).status, 200);
        server.wait(Duration::from_secs(299));
        assert_refused(&universal(&mut server, "secret-of-ci"), 401, LOCKED);
        server.wait(Duration::from_secs(2));
        assert_eq!(universal(&mut server, "secret-of-ci").status, 200);
    }

    #[test]
    fn wrong_logins_further_apart_or_in_2025_lock_nothing() {
        for (mut server, pause) in [(server(), 15), (older(), 0)] {
            for _ in 0..5 {
                assert_eq!(universal(&mut server, "wrong").status, 401);
                server.wait(Duration::from_secs(pause));
            }
            assert_eq!(universal(&mut server, "secret-of-ci").status, 200);
        }
    }

    #[test]
    fn a_sub_organisation_has_its_own_projects_and_an_unknown_one_is_ignored() {
        let mut world = world();
        world["projects"][1]["organization"] = json!("shop");
        let slugs = |instead: &Value| {
            let mut server = Server::in_world(&world, |_| {});
            let mut body = json!({"clientId": "client-ci", "clientSecret": "secret-of-ci"});
            for (key, value) in instead.as_object().unwrap() {
                body[key] = value.clone();
            }
            let answer = login(&mut server, "universal-auth", &body);
            let token = answer.body()["accessToken"].as_str().unwrap().to_owned();
            let target = "/api/v1/projects?type=secret-manager";
            let reply = server.send(&token, Call::new("GET", target));
            column(&reply, "projects", "slug").join(" ")
        };
        assert_eq!(slugs(&json!({})), "payments");
        assert_eq!(slugs(&json!({"organizationSlug": "shop"})), "web_shop");
        assert_eq!(slugs(&json!({"subOrganizationName": "shop"})), "web_shop");
        assert_eq!(slugs(&json!({"organizationSlug": "other"})), "payments");
    }

    const IDENTITY: &str = "3d9a4c1e-0005-4000-8000-000000000005";

    /// A login with a signed request, after this change of its headers.
    fn aws(action: &str, change: impl FnOnce(&mut Value)) -> Reply {
        let mut world = world();
        let identities = world["identities"].as_array_mut().unwrap();
        identities.last_mut().unwrap()["id"] = json!(IDENTITY);
        let mut server = Server::in_world(&world, |_| {});
        let mut headers = json!({
            "Host": "sts.us-east-1.amazonaws.com",
            "X-Amz-Date": "20261128T000000Z",
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
            "Authorization": format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261128/us-east-1/sts/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature={}",
                "0a".repeat(32)
            ),
        });
        change(&mut headers);
        let body = json!({
            "identityId": IDENTITY,
            "iamHttpRequestMethod": "POST",
            "iamRequestBody": STANDARD.encode(format!("Action={action}&Version=2011-06-15")),
            "iamRequestHeaders": STANDARD.encode(headers.to_string()),
        });
        login(&mut server, "aws-auth", &body)
    }

    #[test]
    fn a_signed_request_for_the_caller_s_identity_logs_in() {
        let answer = aws("GetCallerIdentity", |_| {});
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.body()["accessToken"].is_string());
        assert_eq!(aws("GetSessionToken", |_| {}).status, 401);
        for header in ["Host", "X-Amz-Date", "Authorization"] {
            let without = aws("GetCallerIdentity", |headers| {
                headers.as_object_mut().unwrap().remove(header);
            });
            assert_eq!(without.status, 401, "{header}");
        }
        let other_key = aws("GetCallerIdentity", |headers| {
            let signed = headers["Authorization"].as_str().unwrap();
            headers["Authorization"] = signed.replace("AKIDEXAMPLE", "AKIDOTHER").into();
        });
        assert_eq!(other_key.status, 401);
    }
}
