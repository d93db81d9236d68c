//! What a server refuses, in its own words and with the advice that fits.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::harness::{Output, Routes, Tree};

const PAYMENTS: &str = "5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a11";
const SHOP: &str = "5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a12";
const BILLING: &str = "5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a13";
const CONNECTION: &str = "9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d";

fn file() -> String {
    format!(
        "\
provider: infisical
defaults:
  environment: prod
  secretPath: /api
  connectionId: {CONNECTION}
  syncOptions: {{ initialSyncBehavior: overwrite-destination }}
syncs:
  web: {{ project: payments, destination: vercel, destinationConfig: {{ scope: project, app: prj_1, appName: Web, env: production, teamId: t1 }} }}
  shop: {{ project: shop, destination: vercel, destinationConfig: {{ scope: project, app: prj_2, appName: Shop, env: production, teamId: t1 }} }}
"
    )
}

/// A sync of the project `shop`, which pushes to that app.
fn shop(name: &str, app: &str) -> Value {
    json!({
        "id": "0b1f6c1e-3a7d-4c7e-8f6f-2f4f5a6b7c8d", "name": name, "description": null,
        "isAutoSyncEnabled": true, "version": 1, "projectId": SHOP, "folderId": "f1",
        "connectionId": CONNECTION, "createdAt": "2026-01-02T03:04:05.000Z",
        "updatedAt": "2026-01-02T03:04:06.000Z", "syncStatus": "succeeded",
        "syncOptions": {"initialSyncBehavior": "overwrite-destination"},
        "connection": {"id": CONNECTION, "name": "v", "app": "vercel"},
        "environment": {"id": "e1", "slug": "prod", "name": "Prod"},
        "folder": {"id": "f1", "path": "/api"}, "destination": "vercel",
        "destinationConfig": {"scope": "project", "app": app, "appName": "As shown", "env": "production", "teamId": "t1"},
    })
}

/// A server that refuses to create anything, and has this sync in the project `shop`.
fn refusing(status: u16, message: &str, there: &Value) -> Routes {
    let project = |id: &str, slug: &str| json!({"id": id, "slug": slug, "name": slug});
    Routes::infisical()
        .with(
            "GET",
            "/api/v1/projects",
            &json!({"projects": [project(PAYMENTS, "payments"), project(SHOP, "shop")]}),
        )
        .asked(
            "GET",
            "/api/v1/secret-syncs",
            ("projectId", SHOP),
            &json!({"secretSyncs": [there]}),
        )
        .refusing("POST", "/api/v1/secret-syncs/vercel", status, message)
}

fn apply(server: &Routes, arguments: &str) -> Output {
    let tree = Tree::new(&[("syncs/all.yaml", &file())]);
    let command = format!("apply syncs --auto-approve --target web {arguments}");
    server.serve(tree.secsync(&command)).run()
}

/// What is said about a create that is refused so, and the kind that machines are told.
fn said(status: u16, message: &str) -> String {
    let server = refusing(status, message, &shop("shop", "prj_2"));
    let exit = if status == 403 { 4 } else { 5 };
    let output = apply(&server, "").exits_with(exit);
    let (_, said) = output.stdout.split_once("Failed\n\n").unwrap();
    let (said, _) = said.split_once("\n\n").unwrap();
    let document = apply(&server, "-o json").exits_with(exit).json();
    let kind = document["results"][0]["errorKind"]
        .as_str()
        .unwrap_or("no kind");
    format!("{said}\n[{kind}]")
}

#[test]
fn a_clash_in_subfolders_is_known_however_its_folders_are_quoted() {
    for message in [
        "Secret \"DB_URL\" exists in more than one folder: \"/api\", \"/api/v2\"",
        "Duplicate secret names found across sub-folders: DB_URL in \"/api\" and \"/api/v2\"",
        "Cannot include all sub-folders: the secret \"DB_URL\" exists in folders \"/api\" and \"/api/v2\".",
    ] {
        let said = said(400, message);
        for part in ["[folder-clash]", "DB_URL", "/api/v2", "Infisical says"] {
            assert!(said.contains(part), "{said}");
        }
    }
}

#[test]
fn each_refusal_of_a_create_is_a_kind_with_its_own_advice() {
    assert_snapshot!(said(400, "Failed to create secret sync due to plan restriction. Upgrade plan to access enterprise secret syncs."), @r#"
    Failed: infisical/payments/web: Cannot create the sync "web": Infisical says: Failed to create secret sync due to plan restriction. Upgrade plan to access enterprise secret syncs.
      This destination needs an Infisical plan that includes it.
    [plan-restriction]
    "#);
    assert_snapshot!(said(400, "Failed to create secret sync due to plan limit reached. Upgrade plan to add more secret syncs."), @r#"
    Failed: infisical/payments/web: Cannot create the sync "web": Infisical says: Failed to create secret sync due to plan limit reached. Upgrade plan to add more secret syncs.
      The organization has as many syncs as its Infisical plan allows: delete some that are not needed, or have the plan changed.
    [plan-limit]
    "#);
    assert_snapshot!(said(403, "You do not have permission to read secrets at path \"/api\" in environment \"prod\"."), @r#"
    Failed: infisical/payments/web: Cannot create the sync "web": this identity may not read the secrets at path "/api" in environment "prod".
      A sync pushes what its identity may read: give the identity a role that reads secrets (a permission on "secrets", not on "secret-syncs") in that environment, at that path, and with subfolders at each one beneath.
    [secrets-unreadable]
    "#);
    assert_snapshot!(said(403, "You do not have permission to read secrets at path \"/api/v2\" in environment \"prod\". This sync includes subfolders, so it reads every folder beneath \"/api\"."), @r#"
    Failed: infisical/payments/web: Cannot create the sync "web": this identity may not read the secrets at path "/api/v2" in environment "prod".
      A sync pushes what its identity may read: give the identity a role that reads secrets (a permission on "secrets", not on "secret-syncs") in that environment, at that path, and with subfolders at each one beneath.
    [secrets-unreadable]
    "#);
    assert_snapshot!(said(400, "This destination stores secrets in a single flat list, so each name can be used only once. These names are used in more than one folder: \"DB_URL\" in /api and /api/v2; \"KEY\" in /api and /api/v3. Rename or move one secret in each pair, or point the sync at a narrower secret path."), @r#"
    Failed: infisical/payments/web: Cannot create the sync "web": it includes subfolders, and these names are in more than one of them: "DB_URL" in /api and /api/v2; "KEY" in /api and /api/v3.
      The destination holds each name once: rename one secret of each pair, choose a folder further down, or leave the subfolders out.
    [folder-clash]
    "#);
    assert_snapshot!(said(400, &format!("You cannot connect project App Connection with ID \"{CONNECTION}\" from project with ID \"{SHOP}\" to project with ID \"{PAYMENTS}\"")), @r#"
    Failed: infisical/payments/web: Cannot create the sync "web": Infisical says: You cannot connect project App Connection with ID "9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d" from project with ID "5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a12" to project with ID "5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a11".
      A connection of a project serves that project alone: use one of this project, or one of the organization.
    [foreign-connection]
    "#);
    assert_snapshot!(said(400, "App connection belongs to a different project"), @r#"
    Failed: infisical/payments/web: Cannot create the sync "web": Infisical says: App connection belongs to a different project.
      A connection of a project serves that project alone: use one of this project, or one of the organization.
    [foreign-connection]
    "#);
    assert_snapshot!(said(404, &format!("Could not find App Connection with ID \"{CONNECTION}\"")), @r#"
    Failed: infisical/payments/web: Cannot create the sync "web": Infisical says: Could not find App Connection with ID "9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d".
      The connection does not exist, or this identity cannot see it: `secsync list connections` shows those that it can.
    [not-found]
    "#);
    assert_snapshot!(said(403, "You are not allowed to connect on app-connections"), @r#"
    Failed: infisical/payments/web: Cannot create the sync "web": this identity lacks the permission "connect" on "app-connections".
      Give the identity a role in the project or the organization, whichever has the connection, with that permission.
    [permission]
    "#);
    assert_snapshot!(said(400, "A secret sync with this destination already exists in another project in your organization."), @r#"
    Failed: infisical/payments/web: Cannot create the sync "web": Infisical says: A secret sync with this destination already exists in another project in your organization. No sync that this run sees has it.
      The organization blocks a second sync to one destination: delete the other one first, choose another destination, or have an administrator allow duplicates.
    [destination-taken]
    "#);
    // A name that is taken says so alone, and the list does not show whose it is.
    assert_snapshot!(said(400, &format!("A Secret Sync with the name \"web\" already exists for the project with ID \"{PAYMENTS}\"")), @"
    Failed: infisical/payments/web: A sync named `web` exists, but this identity cannot read it.
      Grant the identity the permission to read it, or choose another name.
    [name-taken]
    ");
    assert_snapshot!(said(400, "Something else that already exists"), @r#"
    Failed: infisical/payments/web: Cannot create the sync "web": Infisical says: Something else that already exists.
    [rejected]
    "#);
}

#[test]
fn a_duplicate_destination_names_the_sync_that_holds_it() {
    let message = format!("A secret sync with this destination already exists in project {SHOP}.");
    let failures = |server: &Routes, file: &str| {
        let tree = Tree::new(&[("syncs/all.yaml", file)]);
        let command = "apply syncs --auto-approve --parallelism 1";
        let output = server.serve(tree.secsync(command)).run().exits_with(5);
        let (_, said) = output.stdout.split_once("Failed: ").unwrap();
        said.split_once("Apply incomplete").unwrap().0.to_owned()
    };
    // A remote one that is not declared, by whatever name its app is shown.
    let remote = refusing(400, &message, &shop("storefront", "prj_1"));
    let one = file().replace("  shop: {", "  mobile: {");
    assert_snapshot!(failures(&remote, &one).replace(SHOP, "[SHOP]"), @r#"
    infisical/payments/web: Cannot create the sync "web": Infisical says: A secret sync with this destination already exists in project [SHOP]. `infisical/shop/storefront` has the same destination.
      The organization blocks a second sync to one destination: delete the other one first, choose another destination, or have an administrator allow duplicates.
    Failed: infisical/shop/mobile: Cannot create the sync "mobile": Infisical says: A secret sync with this destination already exists in project [SHOP]. That project is `shop`, in which this identity sees no other sync with it.
      The organization blocks a second sync to one destination: delete the other one first, choose another destination, or have an administrator allow duplicates.
    "#);
    // One that the same plan declares.
    let other = refusing(400, &message, &shop("storefront", "prj_3"));
    let both = file().replace("prj_2", "prj_1");
    assert_snapshot!(failures(&other, &both).replace(SHOP, "[SHOP]"), @r#"
    infisical/payments/web: Cannot create the sync "web": Infisical says: A secret sync with this destination already exists in project [SHOP]. `infisical/shop/shop` has the same destination.
      The organization blocks a second sync to one destination: delete the other one first, choose another destination, or have an administrator allow duplicates.
    Failed: infisical/shop/shop: Cannot create the sync "shop": Infisical says: A secret sync with this destination already exists in project [SHOP]. That project is `shop`, in which this identity sees no other sync with it.
      The organization blocks a second sync to one destination: delete the other one first, choose another destination, or have an administrator allow duplicates.
    "#);
}

#[test]
fn the_holder_of_a_destination_that_is_named_is_where_the_server_says_that_it_is() {
    let said = |message: &str| {
        // The project `shop` has it, and the file declares it for `billing`, too.
        let server = refusing(400, message, &shop("storefront", "prj_1")).with(
            "GET",
            "/api/v1/projects",
            &json!({"projects": [
                {"id": PAYMENTS, "slug": "payments", "name": "Payments"},
                {"id": SHOP, "slug": "shop", "name": "Shop"},
                {"id": BILLING, "slug": "billing", "name": "Billing"},
            ]}),
        );
        let tree = Tree::new(&[("syncs/all.yaml", &file())]);
        let command = "apply syncs --auto-approve --parallelism 1";
        let output = server.serve(tree.secsync(command)).run().exits_with(5);
        let (_, said) = output
            .stdout
            .split_once("Failed: infisical/payments/web")
            .unwrap();
        let (_, said) = said.split_once("Infisical says: ").unwrap();
        said.lines().next().unwrap().to_owned()
    };
    let exists = "A secret sync with this destination already exists in";
    let elsewhere = format!("{exists} another project in your organization");
    assert_eq!(
        said(&elsewhere),
        format!("{elsewhere}. `infisical/shop/storefront` has the same destination.")
    );
    let named = format!("{exists} project \"{SHOP}\"");
    assert_eq!(
        said(&named),
        format!("{named}. `infisical/shop/storefront` has the same destination.")
    );
    // The project of the sync itself has another one, which nobody sees.
    for own in [
        format!("{exists} project {PAYMENTS}"),
        format!("{exists} this project"),
    ] {
        assert_eq!(
            said(&own),
            format!(
                "{own}. That project is `payments`, in which this identity sees no other sync with it."
            )
        );
    }
    let unread = format!("{exists} project with ID '{BILLING}'");
    assert_eq!(
        said(&unread),
        format!("{unread}. That project is `billing`, which this run does not read.")
    );
    let unknown = format!("{exists} project 5f0c8a52-6d0e-4f3b-9a53-0d3a3f0f7a99");
    assert_eq!(
        said(&unknown),
        format!("{unknown}. This run does not know that project.")
    );
}

#[test]
fn many_names_that_clash_are_all_quoted() {
    let names: Vec<String> = (0..40)
        .map(|n| format!("\"SECRET_{n}\" in /a and /b"))
        .collect();
    let message = format!(
        "These names are used in more than one folder: {}, and 3 more. Rename one.",
        names.join("; ")
    );
    let said = said(400, &message);
    assert!(
        said.contains("\"SECRET_39\" in /a and /b, and 3 more."),
        "{said}"
    );
}
