//! The names of the fields of sync files that this program knows.

/// The fields at the top of a sync file.
pub const FILE_FIELDS: [&str; 7] = [
    "version",
    "provider",
    "project",
    "projectId",
    "defaults",
    "syncs",
    "$schema",
];

/// secsync's own fields in a sync. Everything else goes to the platform as it is.
pub const OWN_FIELDS: [&str; 15] = [
    "provider",
    "project",
    "projectId",
    "connection",
    CONNECTION_ID,
    "destination",
    "name",
    "labels",
    "ensure",
    "renamedFrom",
    "ignoreRemote",
    "protect",
    "onDelete",
    "trigger",
    MATRIX,
];

/// Fields that are about one sync and make no sense as a default.
pub const NOT_IN_DEFAULTS: [&str; 4] = ["ensure", "renamedFrom", "name", MATRIX];

/// Pairs of fields that say the same in two ways: the one displaces the other when it is inherited.
pub const ALTERNATIVES: [(&str, &str); 2] =
    [("connection", CONNECTION_ID), ("project", "projectId")];

/// What makes a block one sync for each cell.
pub const MATRIX: &str = "matrix";
/// The field of all syncs of a file.
pub const SYNCS: &str = "syncs";
/// The id of the connection that a sync pushes through.
pub const CONNECTION_ID: &str = "connectionId";
/// The slug of the source environment.
pub const ENVIRONMENT: &str = "environment";
/// What says which place of its destination a sync pushes to.
pub const DESTINATION_CONFIG: &str = "destinationConfig";
/// The path of the source folder.
pub const SECRET_PATH: &str = "secretPath";

/// Fields of a create request that are a sync's identity, and not compared.
pub const IDENTITY: [&str; 2] = ["name", "projectId"];

/// The platform's field that a field of a sync becomes; `None` for those that are secsync's alone.
pub fn platform_field(key: &str) -> Option<&str> {
    match key {
        "connection" | CONNECTION_ID => Some(CONNECTION_ID),
        own if OWN_FIELDS.contains(&own) => None,
        field => Some(field),
    }
}
