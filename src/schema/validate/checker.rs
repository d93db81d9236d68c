//! Compiled schemas.

use jsonschema::{ValidationError, Validator};
use serde_json::Value;

/// A compiled schema.
#[derive(Debug)]
pub struct Checker {
    schema: Value,
    validator: Validator,
}

impl Checker {
    /// Compiles a schema. The error is the end of a sentence.
    pub fn compile(schema: Value) -> Result<Self, String> {
        let validator = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(true)
            .should_ignore_unknown_formats(true)
            .build(&schema)
            .map_err(|error| error.to_string())?;
        Ok(Self { schema, validator })
    }

    /// What was compiled.
    pub const fn schema(&self) -> &Value {
        &self.schema
    }

    /// Whether a value fits.
    pub fn fits(&self, value: &Value) -> bool {
        self.validator.is_valid(value)
    }

    /// Why a value does not fit.
    pub fn errors<'v>(&'v self, value: &'v Value) -> impl Iterator<Item = ValidationError<'v>> {
        self.validator.iter_errors(value)
    }
}

/// Whether a regular expression is one that the validator can check.
pub fn pattern_works(pattern: &str) -> bool {
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .build(&serde_json::json!({"pattern": pattern}))
        .is_ok()
}
