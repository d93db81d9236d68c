//! Sync files and a world that most tests can do with.

use serde_json::{Value, json};

/// A sync file of the project "payments". Each sync is right without another line; the lines that
/// a test gives come on top.
pub fn payments(syncs: &[(&str, &str)]) -> String {
    let mut text = "\
provider: infisical
project: payments
defaults:
  destination: humanitec
  connection: humanitec-main
  environment: prod
  secretPath: /
  syncOptions: { initialSyncBehavior: overwrite-destination, disableSecretDeletion: true }
  destinationConfig: { scope: application, org: acme, app: payments }
syncs:
"
    .to_owned();
    for (name, lines) in syncs {
        text.push_str(&format!("  {name}:\n"));
        for line in lines.lines() {
            text.push_str(&format!("    {line}\n"));
        }
    }
    text
}

/// The project "payments" with a folder for the API, another one, and connections to two places.
pub fn world() -> Value {
    json!({
        "projects": [
            {"slug": "payments", "environments": [{"slug": "prod", "folders": ["/api"]}, {"slug": "dev"}]},
            {"slug": "shop"},
        ],
        "connections": [
            {"app": "humanitec", "name": "humanitec-main"},
            {"app": "checkly", "name": "checkly-main"},
        ],
    })
}
