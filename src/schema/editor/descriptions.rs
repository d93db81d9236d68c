//! What the editor says about fields and values, in this project's own words. What those of one
//! platform alone mean, its door says.

use crate::core::fields::{
    CONNECTION, CONNECTION_ID, DESTINATION, DESTINATION_CONFIG, ENSURE, ENVIRONMENT, IGNORE_REMOTE,
    LABELS, MATRIX, NAME, ON_DELETE, PROJECT, PROJECT_ID, PROTECT, PROVIDER, RENAMED_FROM,
    SECRET_PATH, SYNC_OPTIONS, TRIGGER,
};
use crate::provider::door::{Door, FieldMeaning};
use crate::provider::doors;
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

/// What the fields mean that every sync can have.
const FIELDS: &[FieldMeaning] = &[
    FieldMeaning::new(
        PROVIDER,
        "The provider that runs the sync: a platform's name, or one from `providers` in secsync.yaml.",
    ),
    FieldMeaning::new(
        PROJECT,
        "The project that the secrets are in: its id, its slug, or its name if no other has it.",
    ),
    FieldMeaning::new(
        PROJECT_ID,
        "The id of the project that the secrets are in. `project` also takes a slug or a name.",
    ),
    FieldMeaning::new(
        CONNECTION,
        "The name of the connection that the sync pushes through; or `{name, scope}` if one of the organization and one of the project have that name.",
    ),
    FieldMeaning::new(
        CONNECTION_ID,
        "The id of the connection that the sync pushes through. `connection` takes its name.",
    ),
    FieldMeaning::new(DESTINATION, "Where the secrets are pushed to."),
    FieldMeaning::new(
        NAME,
        "The sync's name on the platform, if the key cannot be it.",
    ),
    FieldMeaning::new(
        LABELS,
        "Words to select syncs by, such as `team: payments`. They are never sent.",
    ),
    FieldMeaning::new(
        MATRIX,
        "Makes this block one sync for each combination of values. `${matrix.AXIS}` stands for a value, also in the key.",
    ),
    FieldMeaning::with_values(
        ENSURE,
        "Whether the sync should exist.",
        &[
            ("present", "It is created, and kept as declared."),
            ("absent", "It is deleted if it exists."),
        ],
    ),
    FieldMeaning::new(
        RENAMED_FROM,
        "The name that the sync had before. It is renamed and not created anew.",
    ),
    FieldMeaning::new(
        IGNORE_REMOTE,
        "Fields that others change: they are not compared, and keep their remote values. `destinationConfig.region`, or `*` for any field.",
    ),
    FieldMeaning::new(
        PROTECT,
        "Whether secsync refuses to delete or replace the sync.",
    ),
    FieldMeaning::with_values(
        ON_DELETE,
        "What happens to the secrets at the destination when the sync is deleted.",
        &[
            ("keep-secrets", "They stay."),
            ("remove-secrets", "The platform removes them first."),
        ],
    ),
    FieldMeaning::with_values(
        TRIGGER,
        "When apply asks the platform to push.",
        &[
            ("never", "Never: the platform pushes when it sees fit."),
            (
                "on-change",
                "After a change that the platform would not push by itself.",
            ),
            ("always", "With every apply."),
        ],
    ),
    FieldMeaning::new(
        ENVIRONMENT,
        "The slug of the environment that the secrets are taken from.",
    ),
    FieldMeaning::new(
        SECRET_PATH,
        "The folder that the secrets are taken from. It starts with a slash, and must exist.",
    ),
    FieldMeaning::new(SYNC_OPTIONS, "How the secrets are pushed."),
    FieldMeaning::new(
        DESTINATION_CONFIG,
        "Where at the destination the secrets go. Name the `destination` first, and its fields are offered.",
    ),
];

/// What a field means, by its name: one that every sync can have, or else one of any platform.
pub fn of_field(name: &str) -> Option<&'static FieldMeaning> {
    let of_platforms = doors().into_iter().flat_map(Door::fields);
    FIELDS
        .iter()
        .chain(of_platforms)
        .find(|field| field.name == name)
}

/// What a field of a platform means, whose own fields these are.
pub fn of_field_among(own: &'static [FieldMeaning], name: &str) -> Option<&'static FieldMeaning> {
    own.iter().chain(FIELDS).find(|field| field.name == name)
}
