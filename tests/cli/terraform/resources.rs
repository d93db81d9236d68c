//! The resources of Infisical's Terraform provider, version 0.19.24, as its schema describes them:
//! what a refreshed state holds of each, what the provider sent for it, and what a sync file says.

use serde_json::{Value, json};

/// One resource.
pub struct Resource {
    /// What comes after `infisical_secret_sync_` in its type.
    pub kind: &'static str,
    /// The app of its connection.
    pub app: &'static str,
    /// Its `sync_options` in a state.
    pub options: Value,
    /// Its `destination_config` in a state.
    pub config: Value,
    /// What the provider sent as `syncOptions`.
    pub sent_options: Value,
    /// What it sent as `destinationConfig`.
    pub sent_config: Value,
    /// What a sync file says from `syncOptions` on.
    pub declared: &'static str,
}

fn overwrite() -> Value {
    json!({
        "initial_sync_behavior": "overwrite-destination",
        "disable_secret_deletion": false,
        "key_schema": null,
    })
}

fn sent() -> Value {
    json!({
        "initialSyncBehavior": "overwrite-destination",
        "disableSecretDeletion": false,
        "keySchema": "",
    })
}

fn with(mut object: Value, more: Value) -> Value {
    for (key, value) in more.as_object().unwrap() {
        object[key] = value.clone();
    }
    object
}

/// All of them.
pub fn all() -> Vec<Resource> {
    vec![
        Resource {
            kind: "1password",
            app: "1password",
            options: with(
                overwrite(),
                json!({"initial_sync_behavior": "import-prioritize-source"}),
            ),
            config: json!({"vault_id": "hfmk5znkwt5hzwf4wwjrqrpgdi", "value_label": ""}),
            sent_options: with(
                sent(),
                json!({"initialSyncBehavior": "import-prioritize-source"}),
            ),
            sent_config: json!({"vaultId": "hfmk5znkwt5hzwf4wwjrqrpgdi", "valueLabel": ""}),
            declared: "\
syncOptions:
  initialSyncBehavior: import-prioritize-source
destinationConfig:
  vaultId: hfmk5znkwt5hzwf4wwjrqrpgdi
",
        },
        Resource {
            kind: "aws_parameter_store",
            app: "aws",
            options: with(
                overwrite(),
                json!({
                    "disable_secret_deletion": true,
                    "key_schema": "A_{{secretKey}}",
                    "aws_kms_key_id": "alias/one",
                    "sync_secret_metadata_as_tags": true,
                    "tags": [{"key": "team_name", "value": "x"}, {"key": "e", "value": ""}],
                }),
            ),
            config: json!({"aws_region": "eu-west-1", "path": "/shop/"}),
            sent_options: json!({
                "initialSyncBehavior": "overwrite-destination",
                "disableSecretDeletion": true,
                "keySchema": "A_{{secretKey}}",
                "keyId": "alias/one",
                "syncSecretMetadataAsTags": true,
                "tags": [{"key": "team_name", "value": "x"}, {"key": "e", "value": ""}],
            }),
            sent_config: json!({"region": "eu-west-1", "path": "/shop/"}),
            declared: "\
syncOptions:
  initialSyncBehavior: overwrite-destination
  disableSecretDeletion: true
  keyId: alias/one
  keySchema: \"A_{{secretKey}}\"
  syncSecretMetadataAsTags: true
  tags:
  - key: team_name
    value: x
  - key: e
    value: \"\"
destinationConfig:
  path: /shop/
  region: eu-west-1
",
        },
        Resource {
            kind: "aws_secrets_manager",
            app: "aws",
            options: with(
                overwrite(),
                json!({
                    "aws_kms_key_id": "",
                    "sync_secret_metadata_as_tags": null,
                    "tags": null,
                }),
            ),
            config: json!({
                "mapping_behavior": "one-to-one",
                "aws_region": "us-east-1",
                "aws_secrets_manager_secret_name": null,
            }),
            sent_options: with(sent(), json!({"syncSecretMetadataAsTags": false})),
            sent_config: json!({"mappingBehavior": "one-to-one", "region": "us-east-1"}),
            declared: "\
syncOptions:
  initialSyncBehavior: overwrite-destination
destinationConfig:
  mappingBehavior: one-to-one
  region: us-east-1
",
        },
        Resource {
            kind: "azure_app_configuration",
            app: "azure-app-configuration",
            options: overwrite(),
            config: json!({"configuration_url": "https://shop.azconfig.io", "label": ""}),
            sent_options: sent(),
            sent_config: json!({"configurationUrl": "https://shop.azconfig.io", "label": ""}),
            declared: "\
syncOptions:
  initialSyncBehavior: overwrite-destination
destinationConfig:
  configurationUrl: https://shop.azconfig.io
",
        },
        Resource {
            kind: "azure_devops",
            app: "azure-devops",
            options: json!({"disable_secret_deletion": false, "key_schema": null}),
            config: json!({"devops_project_id": "d1"}),
            sent_options: sent(),
            sent_config: json!({"devopsProjectId": "d1"}),
            declared: "\
syncOptions:
  initialSyncBehavior: overwrite-destination
destinationConfig:
  devopsProjectId: d1
",
        },
        Resource {
            kind: "azure_key_vault",
            app: "azure-key-vault",
            options: overwrite(),
            config: json!({"vault_base_url": "https://shop.vault.azure.net"}),
            sent_options: sent(),
            sent_config: json!({"vaultBaseUrl": "https://shop.vault.azure.net"}),
            declared: "\
syncOptions:
  initialSyncBehavior: overwrite-destination
destinationConfig:
  vaultBaseUrl: https://shop.vault.azure.net
",
        },
        Resource {
            kind: "bitbucket",
            app: "bitbucket",
            options: overwrite(),
            config: json!({
                "repository_slug": "shop", "workspace_slug": "acme", "environment_id": null,
            }),
            sent_options: sent(),
            sent_config: json!({"repositorySlug": "shop", "workspaceSlug": "acme"}),
            declared: "\
syncOptions:
  initialSyncBehavior: overwrite-destination
destinationConfig:
  repositorySlug: shop
  workspaceSlug: acme
",
        },
        Resource {
            kind: "circleci",
            app: "circleci",
            options: overwrite(),
            config: json!({"org_name": "acme", "project_name": "shop", "project_id": "c1"}),
            sent_options: sent(),
            sent_config: json!({"orgName": "acme", "projectName": "shop", "projectId": "c1"}),
            declared: "\
syncOptions:
  initialSyncBehavior: overwrite-destination
destinationConfig:
  orgName: acme
  projectId: c1
  projectName: shop
",
        },
        Resource {
            kind: "cloudflare_pages",
            app: "cloudflare",
            options: overwrite(),
            config: json!({"project_name": "shop", "environment": "preview"}),
            sent_options: sent(),
            sent_config: json!({"projectName": "shop", "environment": "preview"}),
            declared: "\
syncOptions:
  initialSyncBehavior: overwrite-destination
destinationConfig:
  environment: preview
  projectName: shop
",
        },
        Resource {
            kind: "cloudflare_workers",
            app: "cloudflare",
            options: overwrite(),
            config: json!({"script_id": "shop-worker"}),
            sent_options: sent(),
            sent_config: json!({"scriptId": "shop-worker"}),
            declared: "\
syncOptions:
  initialSyncBehavior: overwrite-destination
destinationConfig:
  scriptId: shop-worker
",
        },
        Resource {
            kind: "databricks",
            app: "databricks",
            options: overwrite(),
            config: json!({"scope": "a-scope"}),
            sent_options: sent(),
            sent_config: json!({"scope": "a-scope"}),
            declared: "\
syncOptions:
  initialSyncBehavior: overwrite-destination
destinationConfig:
  scope: a-scope
",
        },
        Resource {
            kind: "flyio",
            app: "flyio",
            options: overwrite(),
            config: json!({"app_id": "f1"}),
            sent_options: sent(),
            sent_config: json!({"appId": "f1"}),
            declared: "\
syncOptions:
  initialSyncBehavior: overwrite-destination
destinationConfig:
  appId: f1
",
        },
        Resource {
            kind: "gcp_secret_manager",
            app: "gcp",
            options: overwrite(),
            config: json!({
                "project_id": "acme-1", "scope": "global", "location_id": null,
                "user_replica_location_ids": null,
            }),
            sent_options: sent(),
            sent_config: json!({"projectId": "acme-1", "scope": "global"}),
            declared: "\
syncOptions:
  initialSyncBehavior: overwrite-destination
destinationConfig:
  scope: global
  projectId: acme-1
",
        },
        Resource {
            kind: "github",
            app: "github",
            options: overwrite(),
            config: json!({
                "scope": "organization", "repository_owner": "acme", "repository_name": null,
                "repository_environment": null, "visibility": "selected",
                "selected_repository_ids": [7, 812_345_678],
            }),
            sent_options: sent(),
            sent_config: json!({
                "scope": "organization", "org": "acme", "visibility": "selected",
                "selectedRepositoryIds": [7, 812_345_678],
            }),
            declared: "\
syncOptions:
  initialSyncBehavior: overwrite-destination
destinationConfig:
  scope: organization
  org: acme
  visibility: selected
  selectedRepositoryIds:
  - 7
  - 812345678
",
        },
        Resource {
            kind: "gitlab",
            app: "gitlab",
            options: overwrite(),
            config: json!({
                "scope": "project", "project_id": "42", "project_name": "acme/shop",
                "group_id": null, "group_name": null, "target_environment": "*",
                "should_protect_secrets": false, "should_mask_secrets": true,
                "should_hide_secrets": false,
            }),
            sent_options: json!({
                "initialSyncBehavior": "overwrite-destination", "disableSecretDeletion": false,
            }),
            sent_config: json!({
                "scope": "project", "projectId": "42", "projectName": "acme/shop",
                "targetEnvironment": "*", "shouldProtectSecrets": false,
                "shouldMaskSecrets": true, "shouldHideSecrets": false,
            }),
            declared: "\
syncOptions:
  initialSyncBehavior: overwrite-destination
destinationConfig:
  scope: project
  projectId: \"42\"
  projectName: acme/shop
  shouldMaskSecrets: true
",
        },
        Resource {
            kind: "render",
            app: "render",
            options: overwrite(),
            config: json!({"scope": "service", "type": "env", "service_id": "srv-1"}),
            sent_options: sent(),
            sent_config: json!({"scope": "service", "type": "env", "serviceId": "srv-1"}),
            declared: "\
syncOptions:
  initialSyncBehavior: overwrite-destination
destinationConfig:
  scope: service
  serviceId: srv-1
  type: env
",
        },
        Resource {
            kind: "supabase",
            app: "supabase",
            options: overwrite(),
            config: json!({"project_id": "s1", "project_name": "shop"}),
            sent_options: sent(),
            sent_config: json!({"projectId": "s1", "projectName": "shop"}),
            declared: "\
syncOptions:
  initialSyncBehavior: overwrite-destination
destinationConfig:
  projectId: s1
  projectName: shop
",
        },
    ]
}
