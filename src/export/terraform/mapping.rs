//! How a platform's Terraform provider says what the platform's API says.
//!
//! Most of it is a rule: a resource type is a prefix and the destination's slug with `_` for `-`,
//! and an attribute is the API's field in snake case. The exceptions are data of the platform.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::core::platform::Platform;
use crate::provider::doors;

/// Those of all platforms, by platform.
static ALL: LazyLock<Vec<(Platform, ResourceMapping)>> = LazyLock::new(|| {
    let read = |text| serde_json::from_str(text).ok();
    let doors = doors().into_iter();
    doors
        .filter_map(|door| Some((door.platform(), read(door.terraform()?)?)))
        .collect()
});

/// The resource types of a platform's Terraform provider, and the names that no rule makes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourceMapping {
    /// What the types of syncs begin with.
    syncs: String,
    /// What the types of connections begin with.
    connections: String,
    /// The types of projects, and of lists of them.
    projects: Vec<String>,
    /// The only version of the resources' schemas that this describes.
    pub schema_version: u64,
    /// The attributes that a file does not declare.
    pub ignored: Vec<String>,
    /// Names of the API by those of attributes of every sync.
    names: BTreeMap<String, Name>,
    /// What holds for single types.
    #[serde(default)]
    resources: BTreeMap<String, Exceptions>,
}

/// What no rule says about a resource type.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Exceptions {
    /// Names of the API by the paths of attributes, with dots.
    names: BTreeMap<String, Name>,
    /// Fields of the API that the type has no attribute for, by the path of the attribute that they
    /// are in.
    constants: BTreeMap<String, Map<String, Value>>,
}

/// A field of the API.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
enum Name {
    Always(String),
    /// It depends on the value of the field beside it that is called so in the API.
    ByTag {
        tag: String,
        names: BTreeMap<String, String>,
    },
}

/// What a resource is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceKind {
    /// A sync.
    Sync,
    /// A connection.
    Connection,
    /// A project.
    Project,
    /// Nothing of the platform's syncs.
    Other,
}

impl ResourceMapping {
    /// That of a platform; `None` if it has no Terraform provider for syncs.
    pub fn of(platform: Platform) -> Option<&'static Self> {
        let of =
            |(other, mapping): &'static (Platform, Self)| (*other == platform).then_some(mapping);
        ALL.iter().find_map(of)
    }

    /// Whether a type can be that of a sync of any platform.
    pub fn may_be_sync(resource_type: &str) -> bool {
        let mut mappings = ALL.iter();
        mappings.any(|(_, mapping)| resource_type.starts_with(&mapping.syncs))
    }

    /// What a resource of a type is.
    pub fn kind(&self, resource_type: &str) -> ResourceKind {
        let has = |prefix: &str| suffix(resource_type, prefix).is_some();
        if has(&self.syncs) {
            ResourceKind::Sync
        } else if has(&self.connections) {
            ResourceKind::Connection
        } else if self.projects.iter().any(|one| one == resource_type) {
            ResourceKind::Project
        } else {
            ResourceKind::Other
        }
    }

    /// The destination of a sync of that type.
    pub fn destination(&self, resource_type: &str) -> String {
        slug(resource_type, &self.syncs)
    }

    /// The app of a connection of that type.
    pub fn app(&self, resource_type: &str) -> String {
        slug(resource_type, &self.connections)
    }

    /// What the types of syncs begin with.
    pub fn prefix(&self) -> &str {
        &self.syncs
    }

    /// The API's name for an attribute, by its path with dots. `fields` are those beside it, by their
    /// names in the API, as far as they are known.
    pub fn name(&self, resource_type: &str, path: &str, fields: &Map<String, Value>) -> String {
        let own = self.resources.get(resource_type);
        let exception = own
            .and_then(|own| own.names.get(path))
            .or_else(|| self.names.get(path));
        let by_rule = || camel_case(path.rsplit('.').next().unwrap_or(path));
        match exception {
            Some(Name::Always(name)) => name.clone(),
            Some(Name::ByTag { tag, names }) => {
                let value = fields.get(tag).and_then(Value::as_str);
                let name = value.and_then(|value| names.get(value));
                name.cloned().unwrap_or_else(by_rule)
            }
            None => by_rule(),
        }
    }

    /// The fields that belong into an attribute of a type although no attribute says so.
    pub fn constants(&self, resource_type: &str, path: &str) -> Map<String, Value> {
        let own = self.resources.get(resource_type);
        let constants = own.and_then(|own| own.constants.get(path));
        constants.cloned().unwrap_or_default()
    }
}

fn suffix<'a>(resource_type: &'a str, prefix: &str) -> Option<&'a str> {
    let suffix = resource_type.strip_prefix(prefix);
    suffix.filter(|suffix| !suffix.is_empty())
}

fn slug(resource_type: &str, prefix: &str) -> String {
    let suffix = suffix(resource_type, prefix).unwrap_or(resource_type);
    suffix.replace('_', "-")
}

/// `key_schema` as `keySchema`.
pub fn camel_case(snake_case: &str) -> String {
    let mut parts = snake_case.split('_');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut characters = part.chars();
        name.extend(characters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(characters.as_str());
    }
    name
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ResourceKind, ResourceMapping, camel_case};
    use crate::core::testing::fields;
    use crate::provider::{default_platform, platforms};

    fn mapping() -> &'static ResourceMapping {
        ResourceMapping::of(default_platform()).unwrap()
    }

    #[test]
    fn the_mapping_of_every_platform_that_has_one_can_be_read() {
        for platform in platforms() {
            let text = crate::provider::door(platform).unwrap().terraform();
            assert_eq!(text.is_some(), ResourceMapping::of(platform).is_some());
        }
    }

    #[test]
    fn types_say_what_they_are_and_which_destination_they_have() {
        let mapping = mapping();
        for (resource_type, kind) in [
            ("infisical_secret_sync_flyio", ResourceKind::Sync),
            ("infisical_secret_sync_", ResourceKind::Other),
            ("infisical_app_connection_aws", ResourceKind::Connection),
            ("infisical_project", ResourceKind::Project),
            ("infisical_projects", ResourceKind::Project),
            ("infisical_project_environment", ResourceKind::Other),
            ("infisical_certificate_sync_aws", ResourceKind::Other),
            ("aws_s3_bucket", ResourceKind::Other),
        ] {
            assert_eq!(mapping.kind(resource_type), kind, "{resource_type}");
        }
        let destination = mapping.destination("infisical_secret_sync_aws_secrets_manager");
        assert_eq!(destination, "aws-secrets-manager");
    }

    #[test]
    fn names_follow_the_rule_or_the_exceptions() {
        for (snake, camel) in [
            ("scope", "scope"),
            ("key_schema", "keySchema"),
            ("devops_project_id", "devopsProjectId"),
            ("vault_base_url", "vaultBaseUrl"),
        ] {
            assert_eq!(camel_case(snake), camel);
        }
        let mapping = mapping();
        let name = |path: &str, scope: &str| {
            let beside = fields(json!({ "scope": scope }));
            mapping.name("infisical_secret_sync_github", path, &beside)
        };
        let owner = "destination_config.repository_owner";
        assert_eq!(name(owner, "organization"), "org");
        assert_eq!(name(owner, "repository"), "owner");
        assert_eq!(name(owner, "galaxy"), "repositoryOwner");
        assert_eq!(name("auto_sync_enabled", ""), "isAutoSyncEnabled");
    }
}
