//! Who may do what.

use serde_json::{Value, json};

use super::refusal::Refusal;
use crate::sandbox::world::{Identity, OrganizationRole, Project, Role, World};

/// What can be done with syncs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    Read,
    Create,
    Edit,
    Delete,
    SyncSecrets,
    ImportSecrets,
    RemoveSecrets,
}

impl Permission {
    const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Edit => "edit",
            Self::Delete => "delete",
            Self::SyncSecrets => "sync-secrets",
            Self::ImportSecrets => "import-secrets",
            Self::RemoveSecrets => "remove-secrets",
        }
    }
}

/// What an identity that is bound to one environment may do there.
const RESTRICTED_ACTIONS: [Permission; 6] = [
    Permission::Read,
    Permission::Create,
    Permission::Edit,
    Permission::Delete,
    Permission::SyncSecrets,
    Permission::RemoveSecrets,
];

/// The project, if the identity is a member. A project that does not exist is refused in
/// the same words.
pub fn member<'a>(
    world: &'a World,
    identity: &Identity,
    project_id: &str,
) -> Result<&'a Project, Refusal> {
    world
        .project_by_id(project_id)
        .filter(|project| identity.is_member_of(project))
        .ok_or_else(|| {
            Refusal::no_access(&format!(
                "Identity is not a member of the specified project with ID '{project_id}'"
            ))
        })
}

/// Refuses an action on the syncs of an environment; `None` is for a sync whose source
/// folder is gone, to which no condition applies.
pub fn may(
    identity: &Identity,
    action: Permission,
    environment: Option<&str>,
) -> Result<(), Refusal> {
    if is_allowed(identity, action, environment) {
        return Ok(());
    }
    let details = identity.environment.as_deref().map_or_else(
        || json!([]),
        |environment| {
            let actions: Vec<&str> = RESTRICTED_ACTIONS
                .iter()
                .map(|action| action.name())
                .collect();
            json!([{
                "action": actions,
                "inverted": false,
                "subject": ["secret-syncs"],
                "conditions": {"environment": {"$eq": environment}}
            }])
        },
    );
    Err(Refusal::permission(action.name(), "secret-syncs", details))
}

/// Whether an action on the syncs of an environment is allowed.
pub fn is_allowed(identity: &Identity, action: Permission, environment: Option<&str>) -> bool {
    let by_role = match identity.role {
        Role::Admin | Role::Member | Role::NoConnect => true,
        Role::Viewer => action == Permission::Read,
        Role::Outsider => false,
    };
    let by_environment = match (identity.environment.as_deref(), environment) {
        (None, _) => true,
        (Some(own), Some(environment)) => {
            own == environment && RESTRICTED_ACTIONS.contains(&action)
        }
        (Some(_), None) => RESTRICTED_ACTIONS.contains(&action),
    };
    by_role && by_environment
}

/// Refuses to use a connection of the organisation.
pub fn may_connect(identity: &Identity) -> Result<(), Refusal> {
    let by_organization = identity.organization_role == OrganizationRole::Member;
    let allowed = by_organization && identity.role != Role::NoConnect;
    on_connections(identity, "connect", allowed)
}

/// Refuses to use the connections of a project.
pub fn may_connect_in_project(identity: &Identity) -> Result<(), Refusal> {
    let allowed = matches!(identity.role, Role::Admin | Role::Member);
    on_connections(identity, "connect", allowed)
}

/// Refuses to look at or change connections themselves.
pub fn may_administer_connections(identity: &Identity, action: &str) -> Result<(), Refusal> {
    on_connections(identity, action, identity.role == Role::Admin)
}

/// Refuses to make tokens for identities.
pub fn may_issue_tokens(identity: &Identity) -> Result<(), Refusal> {
    if identity.role == Role::Admin {
        Ok(())
    } else {
        let details = Value::Array(Vec::new());
        Err(Refusal::permission("create-token", "identity", details))
    }
}

fn on_connections(identity: &Identity, action: &str, allowed: bool) -> Result<(), Refusal> {
    if allowed && identity.role != Role::Outsider {
        Ok(())
    } else {
        Err(Refusal::permission(
            action,
            "app-connections",
            Value::Array(Vec::new()),
        ))
    }
}
