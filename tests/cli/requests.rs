//! How many requests a run needs: one login, one list a project, look-ups only for names.

use serde_json::json;

use super::harness::{Server, Tree, payments, repository, world};

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

/// What each command sends, counted: how the workspace is before, and the command.
const COMMANDS: [(&str, &str); 24] = [
    ("", "validate syncs"),
    ("nothing is remote", "plan syncs"),
    ("", "plan syncs --out plan.json"),
    ("", "apply plan.json --auto-approve"),
    ("all is as declared", "plan syncs"),
    ("", "plan syncs --target sync-0"),
    ("", "apply syncs --auto-approve"),
    ("", "apply syncs --auto-approve --resend sync-0"),
    ("", "drift syncs"),
    ("", "status syncs"),
    ("", "sync sync-0 -f syncs --no-wait"),
    ("", "export --all --project payments"),
    ("", "export --all --all-projects --dir exported"),
    ("", "list projects"),
    ("", "list environments --project payments"),
    (
        "",
        "list environments --project 5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a11",
    ),
    ("", "list folders --project payments --environment prod"),
    (
        "",
        "list folders --project 5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a11 --environment prod",
    ),
    ("", "list connections --app humanitec"),
    (
        "",
        "list connections --app humanitec --project 5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a11",
    ),
    ("", "list connections --project payments"),
    ("", "list destinations"),
    ("", "auth check"),
    ("", "version"),
];

/// The kinds of request, as the table counts them.
const KINDS: [&str; 4] = ["logins", "look-ups", "lists", "writes"];

fn kind(request: &str) -> &'static str {
    if request.contains("/auth/") && request.ends_with("/login") {
        "logins"
    } else if request.starts_with("GET /api/v1/secret-syncs?projectId=") {
        "lists"
    } else if request.starts_with("GET ") {
        "look-ups"
    } else {
        "writes"
    }
}

/// `SECSYNC_BLESS=1 cargo test --test cli requests` (`just generate`) writes the page anew.
#[test]
fn the_table_says_what_each_command_sends() {
    const PATH: &str = "docs/reference/requests.md";
    let projects = ["payments", "shop", "blog"];
    let tree = Tree::new(&[]);
    for project in projects {
        let names: Vec<String> = (0..4).map(|index| format!("sync-{index}")).collect();
        let syncs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
        let text = payments(&syncs).replace("project: payments", &format!("project: {project}"));
        tree.write(&format!("syncs/{project}.yaml"), text);
    }
    let mut world = world();
    world["projects"] = json!(projects.map(|slug| json!({"slug": slug})));
    world["projects"][0]["id"] = json!("5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a11");
    let server = Server::new(&world);
    let mut rows = String::new();
    for (before, command) in COMMANDS {
        let run = tree.secsync(command).on(&server).run();
        assert!(matches!(run.code, Some(0 | 2)), "{run}");
        let requests = server.requests();
        let kinds: Vec<&str> = requests.iter().map(|request| kind(request)).collect();
        let counts = KINDS.map(|kind| {
            let count = kinds.iter().filter(|counted| **counted == kind).count();
            format!(" {count} |")
        });
        if !before.is_empty() {
            rows.push_str(&format!("| *{before}* | | | | |\n"));
        }
        rows.push_str(&format!("| `secsync {command}` |{}\n", counts.concat()));
    }
    let page = format!(
        "# Requests\n\n\
         What each command sends to Infisical, counted: four syncs in each of three projects, which the \
         files name by their slugs, and one connection, which they name by its name. Top to bottom, one \
         command after the other.\n\n\
         | command | {} |\n|---|---|---|---|---|\n{rows}\n\
         - **Logins:** one a run, however many projects; none with `INFISICAL_TOKEN`.\n\
         - **Look-ups:** the list of projects, once a run, if a file names a project by anything but its id; \
         the usable connections, once for each project and app, if a sync is to be created, or is to \
         have another connection, and the file names it by its name. Ids need no look-up, unless \
         `limits.projects` or `-l project=…` may mean a project by another word.\n\
         - **`list`:** one look-up. A project that is given by its slug or name needs the list of projects \
         first, which also has the environments. An identity that may not list all connections is shown those \
         to the apps of the files, by a look-up each.\n\
         - **Lists:** one for each project, however many syncs it has.\n\
         - **Writes:** one for each action; a replacement is two. Following jobs (`--wait`) adds a list for \
         each project and each look.\n\n\
         A request that the server puts off (429, 503) or that got no answer is sent again, and counts \
         again.\n",
        KINDS.join(" | ")
    );
    if std::env::var_os("SECSYNC_BLESS").is_some() {
        std::fs::write(PATH, &page).unwrap();
    }
    assert!(
        repository(PATH) == page,
        "{PATH} is stale; `just generate` writes it anew"
    );
}
