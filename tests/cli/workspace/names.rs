//! Names of projects, connections and syncs, as servers know them.

use serde_json::json;

use super::support::{FILE, applied_on, world};
use crate::harness::{Server, Tree};

/// A project that no server has.
const NOWHERE: &str = "00000000-0000-4000-8000-000000000000";

fn planned(file: &str, exit: i32) -> (String, Vec<String>) {
    planned_in(&world(), file, exit)
}

fn planned_in(world: &serde_json::Value, file: &str, exit: i32) -> (String, Vec<String>) {
    let server = Server::new(world);
    let tree = Tree::new(&[("syncs/payments.yaml", file)]);
    let plan = tree.secsync("plan").on(&server).run().exits_with(exit);
    (plan.stderr, server.requests())
}

#[test]
fn a_project_goes_by_its_id_its_slug_or_its_only_name() {
    let mut world = world();
    let id = "11111111-1111-4111-8111-111111111111";
    world["projects"][0]["id"] = json!(id);
    for word in [id, "payments", "Payments"] {
        let file = FILE.replace("project: payments", &format!("project: {word}"));
        planned_in(&world, &file, 0);
    }
}

#[test]
fn a_name_that_two_projects_have_lists_both() {
    let mut world = world();
    world["projects"][1]["name"] = json!("Payments");
    let (reported, _) = planned_in(
        &world,
        &FILE.replace("project: payments", "project: Payments"),
        3,
    );
    assert!(
        reported.contains("2 projects of infisical are named `Payments`"),
        "{reported}"
    );
    assert!(reported.contains("`payments` and `shop`"), "{reported}");
}

#[test]
fn a_project_that_is_not_there_may_also_be_hidden_and_the_refusal_says_both() {
    let (reported, _) = planned(&FILE.replace("project: payments", "project: paymnets"), 3);
    assert!(
        reported.contains("The project `paymnets` does not exist"),
        "{reported}"
    );
    assert!(
        reported.contains("or this identity is not a member of it"),
        "{reported}"
    );
    assert!(reported.contains("Did you mean `payments`?"), "{reported}");
    let by_id = FILE.replace("project: payments", &format!("project: {NOWHERE}"));
    let (reported, _) = planned(&by_id, 4);
    assert!(
        reported.contains("does not exist") && reported.contains("member"),
        "{reported}"
    );
}

#[test]
fn an_identity_that_sees_no_project_or_connection_at_all_lacks_a_permission() {
    let mut world = world();
    world["identities"] =
        json!([{"clientId": "outsider", "clientSecret": "outsider-secret", "role": "outsider"}]);
    let server = Server::new(&world);
    for project in ["payments", NOWHERE] {
        let file = FILE.replace("project: payments", &format!("project: {project}"));
        Tree::new(&[("syncs/payments.yaml", &file)])
            .secsync("plan")
            .on(&server)
            .variable("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", "outsider")
            .variable("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET", "outsider-secret")
            .run()
            .exits_with(4);
    }
}

#[test]
fn a_failure_to_read_a_project_names_it_as_the_file_does() {
    for (fault, exit) in [("list=500", 1), ("list=403", 4)] {
        let server = Server::failing(&world(), &[fault]);
        let tree = Tree::new(&[("syncs/payments.yaml", FILE)]);
        let refused = tree.secsync("plan").on(&server).run().exits_with(exit);
        let reported = "Cannot list the syncs of project \"payments\": ";
        assert!(refused.stderr.contains(reported), "{refused}");
    }
}

#[test]
fn reports_a_connection_to_another_app() {
    let file = "\
provider: infisical
project: payments
defaults:
  environment: prod
  secretPath: /web
  syncOptions: {initialSyncBehavior: overwrite-destination, disableSecretDeletion: true}
syncs:
  site:
    destination: vercel
    connection: vercel-main
    destinationConfig: {scope: project, app: a, appName: b, env: production, teamId: t}
  web:
    destination: humanitec
    connection: vercel-main
    destinationConfig: {scope: application, org: acme, app: web}
";
    let (reported, _) = planned(file, 3);
    let said = reported.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains(
            "The connection `vercel-main` is for vercel, but this destination needs one for humanitec."
        ),
        "{reported}"
    );
}

#[test]
fn one_sync_under_two_spellings_of_its_project_is_declared_twice() {
    let again = FILE.replace("project: payments", "project: Payments");
    let (reported, requests) = planned(&format!("{FILE}---\n{again}"), 3);
    assert!(
        reported.contains("The sync `web` is declared twice."),
        "{reported}"
    );
    assert!(reported.contains("first declared here"), "{reported}");
    let lists = requests.iter().filter(|one| one.contains("/secret-syncs"));
    assert_eq!(lists.count(), 0, "nothing is read for an invalid workspace");
}

#[test]
fn each_name_is_looked_up_once_and_each_project_read_once() {
    let shop = FILE.replace("project: payments", "project: shop");
    let (_, requests) = planned(&format!("{FILE}---\n{shop}"), 0);
    let count = |part: &str| requests.iter().filter(|one| one.contains(part)).count();
    assert_eq!(count("/auth/"), 1, "{requests:#?}");
    assert_eq!(count("/projects"), 1, "{requests:#?}");
    assert_eq!(count("/app-connections/"), 2, "{requests:#?}");
    assert_eq!(count("/secret-syncs?projectId="), 2, "{requests:#?}");
    assert_eq!(requests.len(), 6, "{requests:#?}");
}

#[test]
fn uses_the_project_of_the_environment_only_if_the_files_name_none() {
    let server = Server::new(&world());
    let plan = |file: &str| {
        let tree = Tree::new(&[("syncs/payments.yaml", file)]);
        tree.secsync("plan")
            .variable("INFISICAL_PROJECT_ID", "shop")
            .on(&server)
            .run()
            .exits_with(0)
    };
    let named = plan(FILE);
    assert!(named.stdout.contains("infisical/payments/web"), "{named}");
    let unnamed = plan(&FILE.replace("project: payments\n", ""));
    assert!(unnamed.stdout.contains("infisical/shop/web"), "{unnamed}");
}

#[test]
fn a_project_that_is_not_allowed_ends_the_run_before_anything_is_read() {
    let server = Server::new(&world());
    let shop = FILE.replace("project: payments", "project: Shop");
    let tree = Tree::new(&[("syncs/payments.yaml", &format!("{FILE}---\n{shop}"))]);
    let allowed = "plan --allow-project payments --allow-project shop";
    tree.secsync(allowed).on(&server).run().exits_with(0);
    server.requests();
    let refused = tree
        .secsync("plan --allow-project payments")
        .on(&server)
        .run()
        .exits_with(4);
    assert!(refused.stderr.contains("`Shop`"), "{refused}");
    let requests = server.requests();
    assert!(
        !requests.iter().any(|one| one.contains("/secret-syncs")),
        "{requests:#?}"
    );
}

#[test]
fn a_url_and_a_host_variable_that_differ_stop_the_run_and_nothing_is_sent() {
    let (server, other) = (Server::new(&world()), Server::new(&world()));
    let tree = Tree::new(&[
        ("syncs/payments.yaml", FILE),
        (
            "secsync.yaml",
            &format!("providers:\n  infisical: {{url: \"{}\"}}\n", other.origin()),
        ),
    ]);
    let refused = tree.secsync("plan").on(&server).run().exits_with(1);
    assert!(refused.stderr.contains("INFISICAL_HOST"), "{refused}");
    assert_eq!(server.requests(), Vec::<String>::new());
    assert_eq!(other.requests(), Vec::<String>::new());
}

#[test]
fn a_rename_goes_by_either_name() {
    let server = Server::new(&world());
    let tree = applied_on(&server, "apply --auto-approve", 0);
    let renamed = FILE.replace("  web:\n", "  front:\n    renamedFrom: web\n");
    tree.write("syncs/payments.yaml", renamed.replace("The API", "Other"));
    for target in ["web", "front"] {
        let plan = tree
            .secsync(&format!("plan --target {target}"))
            .on(&server)
            .run()
            .exits_with(0);
        assert!(plan.stdout.contains("will be renamed from web"), "{plan}");
        assert!(
            plan.stdout.contains("Plan: 0 to add, 1 to change"),
            "{plan}"
        );
    }
}

#[test]
fn a_chain_of_renames_is_carried_out_from_its_free_end() {
    let server = Server::new(&world());
    let tree = applied_on(&server, "apply --auto-approve --wait", 0);
    let chain = FILE
        .replace("  api:\n", "  backend:\n    renamedFrom: api\n")
        .replace("  web:\n", "  api:\n    renamedFrom: web\n");
    tree.write("syncs/payments.yaml", &chain);
    let apply = tree
        .secsync("apply --auto-approve")
        .on(&server)
        .run()
        .exits_with(0);
    assert!(
        apply.stdout.contains("0 added, 2 changed, 0 destroyed"),
        "{apply}"
    );
    // Left in the file, the renames do nothing more.
    let plan = tree.secsync("plan --detailed-exitcode").on(&server).run();
    plan.exits_with(0);
}

#[test]
fn a_swap_of_names_is_refused() {
    let swap = FILE
        .replace("  api:\n", "  api:\n    renamedFrom: web\n")
        .replace("  web:\n", "  web:\n    renamedFrom: api\n");
    let tree = Tree::new(&[("syncs/payments.yaml", &swap)]);
    let refused = tree.secsync("validate").run().exits_with(3);
    assert!(refused.stderr.contains("form a circle"), "{refused}");
}

#[test]
fn a_selector_that_means_nothing_is_wrong_usage_even_beside_one_that_does() {
    let server = Server::new(&world());
    let tree = applied_on(&server, "apply --auto-approve", 0);
    for arguments in [
        "plan --target nope",
        "plan --target web --target nope",
        "plan -l team=nope",
        "plan -l environment=prod,team=nope",
        "plan -l provider=infisical -l destination=vercel",
        "drift --target nope",
        "status --target web --target nope",
    ] {
        tree.secsync(arguments).on(&server).run().exits_with(64);
    }
}

#[test]
fn selectors_filter_what_is_done_and_never_what_is_checked() {
    let server = Server::new(&world());
    let tree = Tree::new(&[("syncs/payments.yaml", FILE)]);
    let plan = tree
        .secsync("plan --target web")
        .on(&server)
        .run()
        .exits_with(0);
    assert!(plan.stdout.contains("Plan: 1 to add"), "{plan}");
    tree.write("syncs/other.yaml", "syncs:\n  other: {nonsense: true}\n");
    tree.secsync("plan --target web")
        .on(&server)
        .run()
        .exits_with(3);
}

#[test]
fn what_is_not_declared_is_counted_and_with_v_listed_but_not_while_selecting() {
    let server = Server::new(&world());
    let tree = applied_on(&server, "apply --auto-approve", 0);
    tree.write("syncs/payments.yaml", FILE.split("  api:").next().unwrap());
    let plan = |arguments: &str| {
        tree.secsync(arguments)
            .on(&server)
            .run()
            .exits_with(0)
            .stdout
    };
    let counted = plan("plan");
    assert!(
        counted.contains("1 sync in these projects is not declared (-v lists them)."),
        "{counted}"
    );
    let listed = plan("plan -v");
    assert!(
        listed.contains("\n  infisical/payments/api (humanitec)\n"),
        "{listed}"
    );
    let selecting = plan("plan -v --target web");
    assert!(!selecting.contains("not declared"), "{selecting}");
    tree.write(
        "secsync.yaml",
        "include: [syncs/*.yaml]\nunmanaged: {ignore: [a*]}\n",
    );
    let ignored = plan("plan -v");
    assert!(!ignored.contains("not declared"), "{ignored}");
}
