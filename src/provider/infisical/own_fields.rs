//! The fields that only syncs of Infisical have, and what they mean.

use crate::core::fields::{DESCRIPTION, IS_AUTO_SYNC_ENABLED};
use crate::provider::door::FieldMeaning;

/// The option that says what the first push does.
pub const INITIAL_SYNC_BEHAVIOR: &str = "initialSyncBehavior";
/// The option that says how keys are written at the destination.
pub const KEY_SCHEMA: &str = "keySchema";
/// The option to delete nothing at the destination.
pub const DISABLE_SECRET_DELETION: &str = "disableSecretDeletion";
/// What the option to include subfolders is called, in different server versions.
pub const SUBFOLDER_OPTIONS: [&str; 2] = ["includeAllSubFolders", "recursive"];

const SUBFOLDERS: &str = "Whether the secrets of all folders below `secretPath` are also pushed.";

/// What they mean.
pub const MEANINGS: &[FieldMeaning] = &[
    FieldMeaning::new(DESCRIPTION, "A note for people, of at most 255 characters."),
    FieldMeaning::new(
        IS_AUTO_SYNC_ENABLED,
        "Whether the platform pushes by itself after each change of a secret.",
    ),
    FieldMeaning::with_values(
        INITIAL_SYNC_BEHAVIOR,
        "What the first push does with secrets that the destination has already.",
        &[
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
    ),
    FieldMeaning::new(
        KEY_SCHEMA,
        "How keys are written at the destination, such as `APP_{{secretKey}}`. It can also contain `{{environment}}`.",
    ),
    FieldMeaning::new(
        DISABLE_SECRET_DELETION,
        "Whether secrets stay at the destination when they are gone from the source.",
    ),
    FieldMeaning::new(SUBFOLDER_OPTIONS[0], SUBFOLDERS),
    FieldMeaning::new(SUBFOLDER_OPTIONS[1], SUBFOLDERS),
];
