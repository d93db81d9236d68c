//! What the editor says about fields and values, in this project's own words.

use crate::schema::keyword::{SERVER_FILLED, WRITE_ONLY};

pub const FILE: &str =
    "Secret syncs, declared as code. The file is the whole truth of each sync in it.";
pub const VERSION: &str = "The version of the file's form. 1 is the only one, and can be left out.";
pub const SCHEMA: &str = "Where editors find the schema of this file. secsync does not read it.";
pub const DEFAULTS: &str = "Merged under every sync of this file: maps merge, lists and scalars replace, and null removes what was inherited.";
pub const SYNCS: &str = "The syncs of this file, by name.";
pub const MATRIX_FROM: &str =
    "A file with the axes, from the root of the workspace on. Other axes can stand beside it.";
pub const MATRIX_AXIS: &str = "An axis: the values that `${matrix.AXIS}` takes, each in turn.";
pub const MATRIX_EXCLUDE: &str =
    "Combinations that are left out: those for which every value that an entry names is equal.";
pub const MATRIX_INCLUDE: &str = "What is added to the combinations that an entry matches; an entry that matches none is one of its own.";
pub const STARTED_DESTINATION: &str =
    "The destination's slug: 2 to 48 lowercase letters, digits and hyphens.";

/// What the marks of a field mean.
pub const MARKS: &[(&str, &str)] = &[
    (WRITE_ONLY, "The platform never gives it back."),
    (SERVER_FILLED, "The platform decides its value."),
];

/// What a destination's configuration is for.
pub fn configuration_of(destination: &str) -> String {
    format!("Where in {destination} the secrets go.")
}

/// What a field means that every sync can have.
pub fn of_field(name: &str) -> Option<&'static str> {
    Some(match name {
        "provider" => {
            "The provider that runs the sync: a platform's name, or one from `providers` in secsync.yaml."
        }
        "project" => {
            "The project that the secrets are in: its id, its slug, or its name if no other has it."
        }
        "projectId" => {
            "The id of the project that the secrets are in. `project` also takes a slug or a name."
        }
        "connection" => {
            "The name of the connection that the sync pushes through; or `{name, scope}` if one of the organization and one of the project have that name."
        }
        "connectionId" => {
            "The id of the connection that the sync pushes through. `connection` takes its name."
        }
        "destination" => "Where the secrets are pushed to.",
        "name" => "The sync's name on the platform, if the key cannot be it.",
        "labels" => "Words to select syncs by, such as `team: payments`. They are never sent.",
        "matrix" => {
            "Makes this block one sync for each combination of values. `${matrix.AXIS}` stands for a value, also in the key."
        }
        "ensure" => "Whether the sync should exist.",
        "renamedFrom" => "The name that the sync had before. It is renamed and not created anew.",
        "ignoreRemote" => {
            "Fields that others change: they are not compared, and keep their remote values. `destinationConfig.region`, or `*` for any field."
        }
        "protect" => "Whether secsync refuses to delete or replace the sync.",
        "onDelete" => "What happens to the secrets at the destination when the sync is deleted.",
        "trigger" => "When apply asks the platform to push.",
        "environment" => "The slug of the environment that the secrets are taken from.",
        "secretPath" => {
            "The folder that the secrets are taken from. It starts with a slash, and must exist."
        }
        "description" => "A note for people, of at most 255 characters.",
        "isAutoSyncEnabled" => {
            "Whether the platform pushes by itself after each change of a secret."
        }
        "syncOptions" => "How the secrets are pushed.",
        "destinationConfig" => {
            "Where at the destination the secrets go. Name the `destination` first, and its fields are offered."
        }
        "initialSyncBehavior" => {
            "What the first push does with secrets that the destination has already."
        }
        "keySchema" => {
            "How keys are written at the destination, such as `APP_{{secretKey}}`. It can also contain `{{environment}}`."
        }
        "disableSecretDeletion" => {
            "Whether secrets stay at the destination when they are gone from the source."
        }
        "includeAllSubFolders" | "recursive" => {
            "Whether the secrets of all folders below `secretPath` are also pushed."
        }
        _ => return None,
    })
}

/// The values of a field and what they mean; the default first, if there is one.
pub fn values_of(field: &str) -> &'static [(&'static str, &'static str)] {
    match field {
        "ensure" => &[
            ("present", "It is created, and kept as declared."),
            ("absent", "It is deleted if it exists."),
        ],
        "onDelete" => &[
            ("keep-secrets", "They stay."),
            ("remove-secrets", "The platform removes them first."),
        ],
        "trigger" => &[
            ("never", "Never: the platform pushes when it sees fit."),
            (
                "on-change",
                "After a change that the platform would not push by itself.",
            ),
            ("always", "With every apply."),
        ],
        "initialSyncBehavior" => &[
            (
                "overwrite-destination",
                "The destination gets what the source has. Secrets that only the destination has are removed, unless `disableSecretDeletion` is set.",
            ),
            (
                "import-prioritize-source",
                "The source first takes over secrets that only the destination has. Where both have one, the source's stays.",
            ),
            (
                "import-prioritize-destination",
                "The source first takes over all secrets of the destination. Where both have one, the destination's stays.",
            ),
        ],
        _ => &[],
    }
}
