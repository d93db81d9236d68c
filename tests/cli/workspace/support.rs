//! What the tests share: files that are checked without a network, and a world that they fit.

use std::sync::Arc;

use secsync::core::code::Code;
use secsync::core::diagnostic::Diagnostic;
use secsync::environment::Environment;
use secsync::pipeline::{Opened, Options};
use secsync::workspace::{LoadOptions, Workspace};
use serde_json::{Value, json};

use crate::harness::{Server, Tree};

/// The whole workspace in a tree, with an environment.
pub fn options(tree: &Tree, variables: &[(&str, &str)]) -> Options {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Options {
        request: LoadOptions {
            directory: tree.root().to_owned(),
            ..LoadOptions::default()
        },
        environment: variables.iter().map(owned).collect::<Environment>(),
        selectors: Vec::new(),
        targets: Vec::new(),
        names: Vec::new(),
        excluded: Vec::new(),
        prune: false,
        resend: Vec::new(),
        shard: None,
    }
}

/// Loads and checks, without a network. Standard input is empty.
pub fn checked(options: Options) -> Arc<Workspace> {
    let opened = Opened::open(options).unwrap();
    let loaded = opened.load(&mut std::io::empty()).unwrap();
    loaded.findings().unwrap()
}

/// What is wrong with the whole workspace in a tree.
pub fn findings(tree: &Tree) -> Vec<Diagnostic> {
    checked(options(tree, &[])).diagnostics.clone()
}

/// The codes of what is wrong.
pub fn codes(found: &[Diagnostic]) -> Vec<Code> {
    found.iter().map(|found| found.code).collect()
}

/// Two projects with the folders and connections that [`FILE`] needs.
pub fn world() -> Value {
    let environments = json!([
        {"slug": "dev", "folders": ["/web", "/api"]},
        {"slug": "prod", "folders": ["/web", "/api"]},
    ]);
    json!({
        "projects": [
            {"slug": "payments", "name": "Payments", "environments": environments},
            {"slug": "shop", "name": "Shop", "environments": environments},
        ],
        "connections": [
            {"app": "humanitec", "name": "humanitec-main"},
            {"app": "vercel", "name": "vercel-main"},
        ],
    })
}

/// Two syncs that fit [`world`]. Their first sync deletes nothing.
pub const FILE: &str = "\
provider: infisical
project: payments
defaults:
  destination: humanitec
  connection: humanitec-main
  environment: prod
  syncOptions: {initialSyncBehavior: overwrite-destination, disableSecretDeletion: true}
  destinationConfig: {scope: application, org: acme}
syncs:
  web:
    secretPath: /web
    destinationConfig: {app: web}
  api:
    secretPath: /api
    description: The API
    destinationConfig: {app: api}
";

/// A tree with [`FILE`], after an apply that ended so.
#[track_caller]
pub fn applied_on(server: &Server, apply: &str, exit: i32) -> Tree {
    let tree = Tree::new(&[("syncs/payments.yaml", FILE)]);
    tree.secsync(apply).on(server).run().exits_with(exit);
    tree
}

/// Deletes a folder at the root of an environment, as someone else would.
pub fn delete_folder(server: &Server, project_id: &str, environment: &str, name: &str) {
    let body = json!({"projectId": project_id, "environment": environment, "path": "/"});
    server.send("DELETE", &format!("/api/v2/folders/{name}"), &body);
}
