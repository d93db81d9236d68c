//! What the Infisical of today does, one sentence of what is known a test; and that a server of
//! June 2025 does not.

use secsync::sandbox::{Call, Era, Options, Reply};
use serde_json::{Value, json};

use super::support::Server;

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
        ],
    })
}

fn server() -> Server {
    server_with(|_| {})
}

fn server_with(change: impl FnOnce(&mut Options)) -> Server {
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
