//! The names of the fields of sync files that this program knows.

/// The version of a file's form.
pub const VERSION: &str = "version";
/// Where editors find the schema of a file.
pub const SCHEMA: &str = "$schema";
/// What every sync of a file inherits.
pub const DEFAULTS: &str = "defaults";
/// The field of all syncs of a file.
pub const SYNCS: &str = "syncs";
/// The provider that runs a sync.
pub const PROVIDER: &str = "provider";
/// The project of a sync, by its id, slug or name.
pub const PROJECT: &str = "project";
/// The project of a sync by its id, also in requests.
pub const PROJECT_ID: &str = "projectId";
/// The name of the connection that a sync pushes through.
pub const CONNECTION: &str = "connection";
/// The id of the connection that a sync pushes through, also in requests.
pub const CONNECTION_ID: &str = "connectionId";
/// The slug of the destination that a sync pushes to.
pub const DESTINATION: &str = "destination";
/// A sync's name on the platform, also in requests.
pub const NAME: &str = "name";
/// Words to select syncs by.
pub const LABELS: &str = "labels";
/// What makes a block one sync for each cell.
pub const MATRIX: &str = "matrix";
/// Whether a sync should exist.
pub const ENSURE: &str = "ensure";
/// The name that a sync had before.
pub const RENAMED_FROM: &str = "renamedFrom";
/// Fields that are not compared.
pub const IGNORE_REMOTE: &str = "ignoreRemote";
/// Whether deleting and replacing a sync is refused.
pub const PROTECT: &str = "protect";
/// What happens to the secrets of a sync that is deleted.
pub const ON_DELETE: &str = "onDelete";
/// When apply asks the platform to push.
pub const TRIGGER: &str = "trigger";

/// The slug of the source environment.
pub const ENVIRONMENT: &str = "environment";
/// The path of the source folder.
pub const SECRET_PATH: &str = "secretPath";
/// A note for people.
pub const DESCRIPTION: &str = "description";
/// Whether the platform pushes by itself after each change of a secret.
pub const IS_AUTO_SYNC_ENABLED: &str = "isAutoSyncEnabled";
/// How a sync pushes.
pub const SYNC_OPTIONS: &str = "syncOptions";
/// What says which place of its destination a sync pushes to.
pub const DESTINATION_CONFIG: &str = "destinationConfig";

/// The fields of a sync that a person would write first, in that order.
pub const FIRST: [&str; 9] = [
    DESTINATION,
    CONNECTION,
    CONNECTION_ID,
    ENVIRONMENT,
    SECRET_PATH,
    DESCRIPTION,
    IS_AUTO_SYNC_ENABLED,
    SYNC_OPTIONS,
    DESTINATION_CONFIG,
];

/// The fields at the top of a sync file.
pub const FILE_FIELDS: [&str; 7] = [
    VERSION, PROVIDER, PROJECT, PROJECT_ID, DEFAULTS, SYNCS, SCHEMA,
];

/// secsync's own fields in a sync. Everything else goes to the platform as it is.
pub const OWN_FIELDS: [&str; 15] = [
    PROVIDER,
    PROJECT,
    PROJECT_ID,
    CONNECTION,
    CONNECTION_ID,
    DESTINATION,
    NAME,
    LABELS,
    ENSURE,
    RENAMED_FROM,
    IGNORE_REMOTE,
    PROTECT,
    ON_DELETE,
    TRIGGER,
    MATRIX,
];

/// Fields that are about one sync and make no sense as a default.
pub const NOT_IN_DEFAULTS: [&str; 4] = [ENSURE, RENAMED_FROM, NAME, MATRIX];

/// Pairs of fields that say the same in two ways: the one displaces the other when it is inherited.
pub const ALTERNATIVES: [(&str, &str); 2] = [(CONNECTION, CONNECTION_ID), (PROJECT, PROJECT_ID)];

/// Fields of a create request that are a sync's identity, and not compared.
pub const IDENTITY: [&str; 2] = [NAME, PROJECT_ID];

/// The platform's field that a field of a sync becomes; `None` for those that are secsync's alone.
pub fn platform_field(key: &str) -> Option<&str> {
    match key {
        CONNECTION | CONNECTION_ID => Some(CONNECTION_ID),
        own if OWN_FIELDS.contains(&own) => None,
        field => Some(field),
    }
}
