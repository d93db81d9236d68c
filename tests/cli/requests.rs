//! How many requests a run needs: one login, one list a project, look-ups only for names.

use serde_json::json;

use super::harness::{Server, Tree, payments, world};

fn count(requests: &[String], part: &str) -> usize {
    requests
        .iter()
        .filter(|request| request.contains(part))
        .count()
}

#[test]
fn fifty_syncs_in_three_projects_are_read_by_three_requests() {
    let names: Vec<String> = (0..50).map(|index| format!("sync-{index}")).collect();
    let syncs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    let tree = Tree::new(&[]);
    let projects = ["payments", "shop", "blog"];
    for project in projects {
        let text = payments(&syncs).replace("project: payments", &format!("project: {project}"));
        tree.write(&format!("syncs/{project}.yaml"), text);
    }
    let mut world = world();
    world["projects"] = json!(projects.map(|slug| json!({"slug": slug})));
    let server = Server::new(&world);
    // A connection is looked up for what is to be created: by project and app.
    for looked_up in [3, 0] {
        tree.secsync("plan syncs").on(&server).run().exits_with(0);
        let requests = server.requests();
        assert_eq!(count(&requests, "/universal-auth/login"), 1, "{requests:?}");
        assert_eq!(
            count(&requests, "/secret-syncs?projectId="),
            3,
            "{requests:?}"
        );
        assert_eq!(count(&requests, "/projects"), 1, "{requests:?}");
        assert_eq!(
            count(&requests, "/app-connections/humanitec/available?projectId="),
            looked_up,
            "{requests:?}"
        );
        assert_eq!(requests.len(), 5 + looked_up, "{requests:?}");
        tree.secsync("apply syncs --auto-approve --parallelism 16 -q")
            .on(&server)
            .run()
            .exits_with(0);
        server.requests();
    }
}

#[test]
fn ids_need_no_look_up() {
    let id = "5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a11";
    let connection = "9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d";
    let text = payments(&[("api", ""), ("web", "")])
        .replace("project: payments", &format!("project: {id}"))
        .replace(
            "connection: humanitec-main",
            &format!("connectionId: {connection}"),
        );
    let tree = Tree::new(&[("syncs/payments.yaml", &text)]);
    let server = Server::new(&json!({
        "projects": [{"id": id, "slug": "payments"}],
        "connections": [{"app": "humanitec", "name": "main", "id": connection}],
    }));
    tree.secsync("plan syncs").on(&server).run().exits_with(0);
    assert_eq!(
        server.requests(),
        [
            "POST /api/v1/auth/universal-auth/login".to_owned(),
            format!("GET /api/v1/secret-syncs?projectId={id}"),
        ]
    );
}

#[test]
fn a_token_needs_no_login() {
    let tree = Tree::new(&[("syncs/payments.yaml", &payments(&[("api", "")]))]);
    let server = Server::new(&world());
    tree.secsync("plan syncs")
        .variable("INFISICAL_HOST", &server.origin())
        .variable("INFISICAL_TOKEN", secsync::sandbox::INFISICAL_TOKEN)
        .run()
        .exits_with(0);
    assert_eq!(count(&server.requests(), "login"), 0);
}

#[test]
fn sends_no_request_to_validate() {
    let tree = Tree::new(&[("syncs/payments.yaml", &payments(&[("api", "")]))]);
    let server = Server::new(&world());
    tree.secsync("validate syncs")
        .on(&server)
        .run()
        .exits_with(0);
    assert!(server.requests().is_empty());
}

#[test]
fn an_apply_reads_once_and_writes_each_action_once() {
    let tree = Tree::new(&[(
        "syncs/payments.yaml",
        &payments(&[("api", ""), ("web", "")]),
    )]);
    let server = Server::new(&world());
    tree.secsync("apply syncs --auto-approve")
        .on(&server)
        .run()
        .exits_with(0);
    let requests = server.requests();
    assert_eq!(
        count(&requests, "GET /api/v1/secret-syncs?"),
        1,
        "{requests:?}"
    );
    assert_eq!(
        count(&requests, "POST /api/v1/secret-syncs/humanitec"),
        2,
        "{requests:?}"
    );
    assert_eq!(requests.len(), 6, "{requests:?}");
}
