//! Rules that the OpenAPI documents cannot say.
//!
//! Each was seen on a self-hosted Infisical of June 2025.

use super::own_fields::{
    DISABLE_SECRET_DELETION, INITIAL_SYNC_BEHAVIOR, KEY_SCHEMA, SUBFOLDER_OPTIONS,
};
use super::reach::can_keep;
use crate::core::code::{Code, PlatformLint};
use crate::core::desired::{DesiredSync, Ensure};
use crate::core::diagnostic::{Diagnostic, Severity};
use crate::core::fields::{DESCRIPTION, SECRET_PATH, SYNC_OPTIONS};
use crate::core::spec::DestinationSpec;
use crate::core::value::{Mapping, Node};

/// The placeholder that every key schema needs.
pub const SECRET_KEY: &str = "{{secretKey}}";
/// The placeholder that a key schema can have.
pub const ENVIRONMENT_PLACEHOLDER: &str = "{{environment}}";

/// A lint with its page in `lint/`, under its name.
macro_rules! lint {
    ($name:literal, $severity:ident, $summary:literal) => {
        Code::OfPlatform(&PlatformLint {
            name: $name,
            severity: Severity::$severity,
            summary: $summary,
            page: include_str!(concat!("lint/", $name, ".md")),
        })
    };
}

const NAME_FORM: Code = lint!(
    "name-form",
    Error,
    "A sync's name is not a slug of at most 64 characters."
);
const DESCRIPTION_LENGTH: Code = lint!(
    "description-length",
    Error,
    "A description is longer than 255 characters."
);
const KEY_SCHEMA_FORM: Code = lint!(
    "key-schema-form",
    Error,
    "A keySchema has no {{secretKey}}, or a character that is not allowed."
);
const SECRET_PATH_FORM: Code = lint!(
    "secret-path-form",
    Error,
    "A secretPath is not an absolute path."
);
const SUBFOLDERS_WITH_IMPORT: Code = lint!(
    "subfolders-with-import",
    Error,
    "Subfolders cannot be combined with an import from the destination."
);
const DESTRUCTIVE_FIRST_SYNC: Code = lint!(
    "destructive-first-sync",
    Ignored,
    "The first sync deletes secrets that only the destination has."
);

/// All of them.
pub const LINTS: [Code; 6] = [
    NAME_FORM,
    DESCRIPTION_LENGTH,
    KEY_SCHEMA_FORM,
    SECRET_PATH_FORM,
    SUBFOLDERS_WITH_IMPORT,
    DESTRUCTIVE_FIRST_SYNC,
];

/// Checks one sync. What it reports has the severity that its code has by default.
pub fn check(
    sync: &DesiredSync,
    spec: Option<&DestinationSpec>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    name_form(sync, diagnostics);
    if sync.ensure == Ensure::Absent {
        return;
    }
    if let Some(description) = sync.fields.get(DESCRIPTION) {
        description_length(description, diagnostics);
    }
    if let Some(path) = sync.fields.get(SECRET_PATH) {
        secret_path_form(path, diagnostics);
    }
    if let Some(options) = sync.fields.get(SYNC_OPTIONS).and_then(Node::as_mapping) {
        if let Some(key_schema) = options.get(KEY_SCHEMA) {
            key_schema_form(key_schema, diagnostics);
        }
        subfolders_with_import(sync, options, diagnostics);
        destructive_first_sync(sync, options, spec, diagnostics);
    }
}

fn name_form(sync: &DesiredSync, diagnostics: &mut Vec<Diagnostic>) {
    let name = &sync.name.text;
    let is_slug = !name.is_empty()
        && name.split('-').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        });
    if is_slug && name.len() <= 64 {
        return;
    }
    let problem = if is_slug {
        format!(
            "The name `{name}` has {} characters, and 64 is the limit.",
            name.len()
        )
    } else {
        format!("The name `{name}` is not a slug.")
    };
    diagnostics.push(Diagnostic::new(NAME_FORM, sync.name.span, problem).help(
        "Use lowercase letters and digits, with single hyphens between them, and at most 64 \
         characters.",
    ));
}

fn description_length(description: &Node, diagnostics: &mut Vec<Diagnostic>) {
    let Some(text) = description.as_str().map(str::trim) else {
        return;
    };
    let characters = text.chars().count();
    // The API counts UTF-16 units up to 256, and the column behind it characters up to 255.
    if characters > 255 || text.encode_utf16().count() > 256 {
        diagnostics.push(
            Diagnostic::new(
                DESCRIPTION_LENGTH,
                description.span,
                format!("The description has {characters} characters, and 255 is the limit."),
            )
            .help("Shorten it."),
        );
    }
}

fn secret_path_form(path: &Node, diagnostics: &mut Vec<Diagnostic>) {
    let Some(text) = path.as_str().filter(|text| !text.is_empty()) else {
        return;
    };
    let (problem, corrected) = if !text.starts_with('/') {
        ("does not start with a slash", format!("/{text}"))
    } else if text.contains("//") {
        let mut corrected = text.to_owned();
        while corrected.contains("//") {
            corrected = corrected.replace("//", "/");
        }
        ("has two slashes in a row", corrected)
    } else {
        return;
    };
    diagnostics.push(
        Diagnostic::new(
            SECRET_PATH_FORM,
            path.span,
            format!("The secretPath `{text}` {problem}."),
        )
        .help(format!("Write `{corrected}`.")),
    );
}

fn key_schema_form(key_schema: &Node, diagnostics: &mut Vec<Diagnostic>) {
    let Some(text) = key_schema.as_str().filter(|text| !text.is_empty()) else {
        return;
    };
    let rest = text
        .replace(SECRET_KEY, "")
        .replace(ENVIRONMENT_PLACEHOLDER, "");
    let stranger = rest
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/')));
    let problem = if !text.contains(SECRET_KEY) {
        format!("The keySchema `{text}` has no `{SECRET_KEY}`.")
    } else if let Some(stranger) = stranger {
        format!("The keySchema `{text}` has `{stranger}` outside its placeholders.")
    } else {
        return;
    };
    diagnostics.push(
        Diagnostic::new(KEY_SCHEMA_FORM, key_schema.span, problem).help(format!(
            "Use letters, digits, `_`, `-` and `/` around `{SECRET_KEY}`, and `{ENVIRONMENT_PLACEHOLDER}` if you \
             like."
        )),
    );
}

/// The option stands in `syncOptions` or, on newer servers, beside it.
fn subfolders_with_import(
    sync: &DesiredSync,
    options: &Mapping,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let imports = options
        .get(INITIAL_SYNC_BEHAVIOR)
        .and_then(Node::as_str)
        .filter(|behavior| behavior.starts_with("import-"));
    let Some(behavior) = imports else { return };
    let entries = [options, &sync.fields]
        .into_iter()
        .flat_map(|fields| SUBFOLDER_OPTIONS.map(|option| (option, fields.entry(option))));
    for (option, entry) in entries {
        let Some(entry) = entry else { continue };
        if entry.value.as_bool() == Some(true) {
            diagnostics.push(
                Diagnostic::new(
                    SUBFOLDERS_WITH_IMPORT,
                    entry.key_span,
                    format!("`{option}` cannot be combined with `{behavior}`."),
                )
                .help("Remove it, or use `initialSyncBehavior: overwrite-destination`."),
            );
        }
    }
}

fn destructive_first_sync(
    sync: &DesiredSync,
    options: &Mapping,
    spec: Option<&DestinationSpec>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(behavior) = options.get(INITIAL_SYNC_BEHAVIOR) else {
        return;
    };
    let keeps = options.get(DISABLE_SECRET_DELETION).and_then(Node::as_bool) == Some(true);
    if behavior.as_str() == Some("overwrite-destination") && !keeps {
        diagnostics.push(
            Diagnostic::new(
                DESTRUCTIVE_FIRST_SYNC,
                behavior.span,
                format!(
                    "The first sync of `{}` deletes secrets that the destination has and the source \
                     has not.",
                    sync.name.text
                ),
            )
            .help(if spec.is_none_or(can_keep) {
                "Set `disableSecretDeletion: true`, or allow it: `# secsync: \
                 allow(destructive-first-sync) reason`."
            } else {
                "If that is right, allow it: `# secsync: allow(destructive-first-sync) reason`."
            }),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{
        DESCRIPTION_LENGTH, DESTRUCTIVE_FIRST_SYNC, KEY_SCHEMA_FORM, NAME_FORM, SECRET_PATH_FORM,
        SUBFOLDERS_WITH_IMPORT, check,
    };
    use crate::core::code::Code;
    use crate::core::desired::Ensure;
    use crate::core::testing::{ENKRYPTIFY, desired_sync};

    fn codes(name: &str, fields: Value) -> Vec<Code> {
        let mut diagnostics = Vec::new();
        check(&desired_sync(name, fields), None, &mut diagnostics);
        diagnostics
            .iter()
            .map(|found| found.code)
            .filter(|code| *code != DESTRUCTIVE_FIRST_SYNC)
            .collect()
    }

    #[test]
    fn a_name_is_a_slug_of_at_most_64_characters() {
        let longest = "a".repeat(64);
        for name in ["a", "123", "a-b-1", longest.as_str()] {
            assert_eq!(codes(name, json!({})), [], "{name}");
        }
        let too_long = "a".repeat(65);
        for name in [
            "My",
            "a_b",
            "a.b",
            "a--b",
            "-a",
            "a-",
            "café",
            "",
            too_long.as_str(),
        ] {
            assert_eq!(codes(name, json!({})), [NAME_FORM], "{name}");
        }
    }

    #[test]
    fn a_description_has_at_most_255_characters_after_trimming() {
        let description = |text: String| codes("a", json!({"description": text}));
        assert_eq!(description("ü".repeat(255)), []);
        assert_eq!(description(format!("  {}  ", "x".repeat(255))), []);
        assert_eq!(description("x".repeat(256)), [DESCRIPTION_LENGTH]);
        assert_eq!(description("😀".repeat(129)), [DESCRIPTION_LENGTH]);
    }

    #[test]
    fn a_secret_path_is_absolute_and_has_no_empty_part() {
        let path = |text: &str| codes("a", json!({"secretPath": text}));
        for good in ["/", "/a", "/a/", "/a/b"] {
            assert_eq!(path(good), [], "{good}");
        }
        for bad in ["a", "a/b", "/a//b", "//"] {
            assert_eq!(path(bad), [SECRET_PATH_FORM], "{bad}");
        }
    }

    #[test]
    fn a_key_schema_needs_its_placeholder_and_takes_few_other_characters() {
        let schema = |text: &str| codes("a", json!({"syncOptions": {"keySchema": text}}));
        for good in [
            "",
            "{{secretKey}}",
            "A-b_1/{{environment}}_{{secretKey}}",
            "{{secretKey}}{{secretKey}}",
        ] {
            assert_eq!(schema(good), [], "{good}");
        }
        for bad in [
            "NOPE",
            "{{environment}}",
            "a b{{secretKey}}",
            "{{secretKey}}.x",
            "{{other}}{{secretKey}}",
        ] {
            assert_eq!(schema(bad), [KEY_SCHEMA_FORM], "{bad}");
        }
    }

    #[test]
    fn subfolders_exclude_an_import_under_either_name() {
        for option in ["includeAllSubFolders", "recursive"] {
            let with = |behavior: &str, on: bool| {
                codes(
                    "a",
                    json!({"syncOptions": {"initialSyncBehavior": behavior, option: on}}),
                )
            };
            assert_eq!(
                with("import-prioritize-source", true),
                [SUBFOLDERS_WITH_IMPORT]
            );
            assert_eq!(with("import-prioritize-source", false), []);
            assert_eq!(with("overwrite-destination", true), []);
            let beside = json!({
                "syncOptions": {"initialSyncBehavior": "import-prioritize-source"},
                option: true,
            });
            assert_eq!(codes("a", beside), [SUBFOLDERS_WITH_IMPORT]);
        }
    }

    #[test]
    fn a_first_sync_that_deletes_at_the_destination_is_found() {
        let found = |options: Value| {
            let mut diagnostics = Vec::new();
            check(
                &desired_sync("a", json!({"syncOptions": options})),
                None,
                &mut diagnostics,
            );
            diagnostics.len()
        };
        assert_eq!(
            found(json!({"initialSyncBehavior": "overwrite-destination"})),
            1
        );
        assert_eq!(
            found(
                json!({"initialSyncBehavior": "overwrite-destination", "disableSecretDeletion": true})
            ),
            0
        );
        assert_eq!(
            found(json!({"initialSyncBehavior": "import-prioritize-source"})),
            0
        );
    }

    #[test]
    fn of_a_sync_that_is_to_be_absent_only_the_name_counts() {
        let mut sync = desired_sync("a", json!({"secretPath": "relative"}));
        sync.ensure = Ensure::Absent;
        let mut diagnostics = Vec::new();
        check(&sync, None, &mut diagnostics);
        assert_eq!(diagnostics, []);
    }

    #[test]
    fn the_rules_of_one_platform_do_not_bind_another() {
        let mut sync = desired_sync("Not A Slug", json!({}));
        sync.platform = ENKRYPTIFY;
        let mut diagnostics = Vec::new();
        crate::provider::rules(sync.platform).lint(&sync, None, &mut diagnostics);
        assert_eq!(diagnostics, []);
    }
}
