//! A schema file: what `schemas/` holds about one destination.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::core::platform::Platform;
use crate::core::words::capitalized;

/// The name of the file that describes how any sync of a platform is started.
pub const START: &str = "start";

/// The dialect of every schema file.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Which schema file: the platform, and the destination's slug (or [`START`]).
pub type SchemaKey = (Platform, String);

/// One schema file. Whatever a document does not say is absent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SchemaFile {
    /// What people call the destination.
    pub title: Option<String>,
    /// The app that a connection must be of.
    pub connection_app: Option<String>,
    /// Whether secrets can be imported from the destination.
    pub can_import: Option<bool>,
    /// `create`, `update`, `read` (or `start`, `started`, `destination`), and what they refer to.
    pub definitions: BTreeMap<String, Value>,
}

impl SchemaFile {
    /// Takes over from `newer` whatever it says; a definition is taken over whole.
    pub fn overlay(&mut self, newer: Self) {
        fn replace<T>(old: &mut Option<T>, new: Option<T>) {
            if new.is_some() {
                *old = new;
            }
        }
        replace(&mut self.title, newer.title);
        replace(&mut self.connection_app, newer.connection_app);
        replace(&mut self.can_import, newer.can_import);
        self.definitions.extend(newer.definitions);
    }

    /// The file's text: the same bytes for the same content.
    pub fn to_text(&self, (platform, name): &SchemaKey) -> String {
        let mut facts = Map::new();
        facts.insert("provider".into(), json!(platform.name()));
        if platform.lists_destinations() {
            facts.insert("destination".into(), json!(name));
        }
        if let Some(app) = &self.connection_app {
            facts.insert("connectionApp".into(), json!(app));
        }
        if let Some(can_import) = self.can_import {
            facts.insert("canImport".into(), json!(can_import));
        }
        let mut document = Map::new();
        document.insert("$schema".into(), json!(DIALECT));
        if let Some(title) = &self.title {
            document.insert("title".into(), json!(title));
        }
        document.insert("x-secsync".into(), Value::Object(facts));
        document.insert("$defs".into(), json!(self.definitions));
        format!("{:#}\n", Value::Object(document))
    }

    /// Reads a file's text. The error is the end of a sentence that starts with the file's name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let document: Value =
            serde_json::from_str(text).map_err(|error| format!("is not valid JSON: {error}"))?;
        let definitions = document
            .get("$defs")
            .and_then(Value::as_object)
            .ok_or("has no `$defs`")?;
        let facts = &document["x-secsync"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Ok(Self {
            title: text(&document["title"]),
            connection_app: text(&facts["connectionApp"]),
            can_import: facts["canImport"].as_bool(),
            definitions: definitions
                .iter()
                .map(|(name, schema)| (name.clone(), schema.clone()))
                .collect(),
        })
    }

    /// A definition on its own, with the further definitions that it refers to.
    pub fn standalone(&self, name: &str) -> Option<Value> {
        let mut schema = self.definitions.get(name)?.clone();
        let shared: Map<String, Value> = self
            .definitions
            .iter()
            .filter(|(name, _)| !RESERVED.contains(&name.as_str()))
            .map(|(name, schema)| (name.clone(), schema.clone()))
            .collect();
        if let Value::Object(map) = &mut schema
            && !shared.is_empty()
        {
            map.insert("$defs".into(), Value::Object(shared));
        }
        Some(schema)
    }
}

/// The definitions that have a meaning of their own.
pub const RESERVED: [&str; 6] = ["create", "update", "read", START, "started", "destination"];

/// The path of a schema file below a schema directory: `infisical/humanitec.json`.
pub fn path_of((platform, name): &SchemaKey) -> String {
    format!("{}/{name}.json", platform.name())
}

/// Whether a text can be a destination's slug, and so a file's name.
pub fn is_slug(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=64).contains(&text.len())
        && text.chars().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// A destination's name made from its slug, for documents that give it none.
pub fn title_from_slug(slug: &str) -> String {
    slug.split('-')
        .filter(|word| !word.is_empty())
        .map(|word| match word {
            "aws" | "gcp" | "oci" | "ovh" | "kms" | "ci" | "scim" | "id" => word.to_uppercase(),
            "github" => "GitHub".into(),
            "gitlab" => "GitLab".into(),
            _ => capitalized(word),
        })
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{SchemaFile, is_slug, title_from_slug};

    use crate::provider::infisical;

    fn file() -> SchemaFile {
        SchemaFile {
            title: Some("Demo".into()),
            connection_app: Some("demo".into()),
            can_import: Some(true),
            definitions: [("create".to_owned(), json!({"type": "object"}))].into(),
        }
    }

    #[test]
    fn a_file_is_read_back_as_it_was_written() {
        let text = file().to_text(&(infisical::PLATFORM, "demo".into()));
        assert!(text.ends_with("}\n"));
        assert_eq!(SchemaFile::parse(&text), Ok(file()));
    }

    #[test]
    fn a_newer_file_wins_by_definition_and_keeps_what_it_does_not_say() {
        let mut merged = file();
        merged.overlay(SchemaFile {
            definitions: [
                (
                    "create".to_owned(),
                    json!({"type": "object", "minProperties": 1}),
                ),
                ("read".to_owned(), json!(true)),
            ]
            .into(),
            ..SchemaFile::default()
        });
        assert_eq!(merged.title.as_deref(), Some("Demo"));
        assert_eq!(merged.definitions["create"]["minProperties"], 1);
        assert_eq!(merged.definitions.len(), 2);
    }

    #[test]
    fn rejects_a_file_that_is_not_a_schema_file() {
        assert!(SchemaFile::parse("[1").is_err());
        assert_eq!(SchemaFile::parse("{}"), Err("has no `$defs`".into()));
        assert!(SchemaFile::parse("3").is_err());
    }

    #[test]
    fn slugs_cannot_leave_the_directory() {
        assert!(is_slug("aws-parameter-store") && is_slug("1password"));
        for text in ["", "..", "a/b", "A", "-a", "a-", "{syncId}"] {
            assert!(!is_slug(text), "{text}");
        }
    }

    #[test]
    fn a_title_is_made_from_the_slug() {
        assert_eq!(
            title_from_slug("aws-parameter-store"),
            "AWS Parameter Store"
        );
        assert_eq!(title_from_slug("humanitec"), "Humanitec");
    }
}
