//! The schema of `secsync.yaml` for editors. Its defaults are those of sync files, beside it.

use serde_json::{Map, Value, json};

use crate::core::platform::Platform;
use crate::provider::{codes, platforms};

/// The schema. Nothing in it differs from workspace to workspace.
pub fn schema() -> Value {
    let kinds: Vec<&str> = platforms().into_iter().map(Platform::name).collect();
    let lints: Map<String, Value> = codes::lints()
        .into_iter()
        .map(|code| {
            let level = json!({
                "enum": ["allow", "warn", "deny"],
                "default": code.default_level(),
                "description": code.summary(),
            });
            (code.name().to_owned(), level)
        })
        .collect();
    let texts = || json!({"type": "array", "items": {"type": "string"}});
    let described = |mut schema: Value, description: &str| {
        schema["description"] = description.into();
        schema
    };
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "secsync workspace",
        "description": "What applies to all sync files below this one. Everything in it is optional.",
        "type": ["object", "null"],
        "properties": {
            "version": {
                "enum": [1],
                "description": "The version of the file's form. 1 is the only one, and can be left out.",
            },
            "include": described(texts(), "Where the sync files are: files, directories and globs, from here."),
            "providers": {
                "type": ["object", "null"],
                "description": "The servers, by the names that sync files give them.",
                "additionalProperties": {
                    "type": ["object", "null"],
                    "properties": {
                        "type": {
                            "enum": kinds,
                            "description": "The platform. It can be left out if the name is a platform's.",
                        },
                        "url": {
                            "type": "string",
                            "description": "Another server than the platform's own. Credentials go there only if it is also named outside the files.",
                        },
                    },
                    "additionalProperties": false,
                },
            },
            "defaults": {"$ref": "sync-file.json#/definitions/defaults"},
            "variables": {
                "type": ["object", "null"],
                "description": "What `${var.NAME}` stands for, unless the command line or the environment says otherwise.",
                "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
                "additionalProperties": {
                    "type": ["object", "null"],
                    "properties": {
                        "default": {
                            "type": ["string", "number", "boolean", "null"],
                            "description": "The value that counts if nothing else is given.",
                        },
                    },
                    "additionalProperties": false,
                },
            },
            "lint": {
                "type": ["object", "null"],
                "description": "The levels of lints.",
                "properties": lints,
                "additionalProperties": false,
            },
            "unmanaged": {
                "type": ["object", "null"],
                "description": "What exists remotely and is not declared.",
                "properties": {
                    "ignore": described(texts(), "Names that are not counted, exported or pruned. `*` stands for any characters."),
                },
                "additionalProperties": false,
            },
            "protect": described(texts(), "Names that are never deleted or replaced. `*` stands for any characters."),
            "limits": limits(),
            "state": {
                "type": "string",
                "description": "Where the record of started syncs is kept, from here.",
            },
            "$schema": {"type": "string", "description": "The schema of this file, for editors."},
        },
        "additionalProperties": false,
    })
}

fn limits() -> Value {
    let number = |description: &str| json!({"type": ["integer", "null"], "minimum": 0, "description": description});
    json!({
        "type": ["object", "null"],
        "description": "How much one apply may change. Beyond it nothing is applied.",
        "properties": {
            "deletes": number("How many syncs may be deleted or replaced; 5 unless it is said."),
            "changes": number("How many syncs may be created, changed, deleted, replaced or started."),
            "projects": {
                "type": ["object", "null"],
                "description": "The limits of each project whose id, slug or name a pattern matches; the first that matches holds.",
                "additionalProperties": {
                    "type": "object",
                    "properties": {
                        "deletes": number("How many of its syncs may be deleted or replaced."),
                        "changes": number("How many of its syncs may be changed."),
                    },
                    "additionalProperties": false,
                },
            },
        },
        "additionalProperties": false,
    })
}
