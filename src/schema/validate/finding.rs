//! What is wrong, in terms of fields.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use crate::core::diagnostic::MOST_AT_ONE_PLACE;
use crate::schema::keyword::{branch, properties, requires};

/// One thing that is wrong with a sync.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The way to the value: keys, and positions in lists.
    pub path: Vec<String>,
    /// What is wrong there.
    pub kind: FindingKind,
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum FindingKind {
    /// The map has a field that is not known.
    Unknown {
        /// The field.
        name: String,
        /// The fields that are known there.
        known: Rc<[String]>,
    },
    /// The map has so many further fields that are not known.
    FurtherUnknown {
        /// The first of them.
        first: String,
        /// How many there are.
        count: usize,
    },
    /// The map lacks a field.
    Missing {
        /// The field.
        name: String,
        /// The tag and its value, if they are why it is required.
        because: Option<(String, String)>,
    },
    /// The value is of another type.
    Type {
        /// The types that are allowed.
        expected: Vec<String>,
        /// The values that are allowed, if they are listed.
        allowed: Vec<Value>,
        /// Whether the field can be left out.
        optional: bool,
    },
    /// The value is not one of those allowed.
    Value {
        /// The allowed values.
        allowed: Vec<Value>,
    },
    /// The text does not match a pattern.
    Pattern {
        /// The regular expression.
        pattern: String,
    },
    /// The text does not have a named format.
    Format {
        /// The format's name in JSON Schema.
        format: String,
    },
    /// The text, list or map has too few or too many characters, items or fields.
    Length {
        /// Whether the bound is the least, and not the most.
        is_least: bool,
        /// How many are allowed.
        bound: u64,
    },
    /// The number is too small or too large.
    Number {
        /// How it must be to the bound: `at least`.
        rule: &'static str,
        /// The bound.
        bound: Value,
    },
    /// The list has an item twice.
    Repeated,
    /// Something rare, in the validator's words.
    Other {
        /// The validator's message.
        message: String,
    },
}

impl FindingKind {
    /// Of several things wrong with one value, the one that explains the others comes first.
    fn rank(&self) -> u8 {
        match self {
            Self::Type { .. } => 0,
            Self::Value { .. } => 1,
            Self::Length { .. } | Self::Number { .. } => 2,
            Self::Format { .. } => 3,
            Self::Pattern { .. } => 4,
            Self::Repeated => 5,
            Self::Other { .. } => 6,
            Self::Unknown { .. } | Self::FurtherUnknown { .. } | Self::Missing { .. } => 7,
        }
    }

    /// What tells several findings of one map apart that can stand side by side; none if a value
    /// has only one such finding.
    fn field(&self) -> Option<String> {
        match self {
            Self::Unknown { name, .. } => Some(format!("unknown {name}")),
            Self::FurtherUnknown { first, .. } => Some(format!("from {first} on")),
            Self::Missing {
                name,
                because: Some((tag, value)),
            } => Some(format!("missing {name}, because of {tag} {value}")),
            Self::Missing {
                name,
                because: None,
            } => Some(format!("missing {name}")),
            _ => None,
        }
    }
}

/// The findings for unknown fields of one map: one for each of the first, and the others counted.
pub fn unknown<'n>(
    path: &[String],
    names: impl IntoIterator<Item = &'n String>,
    known: &Rc<[String]>,
) -> Vec<Finding> {
    let one = |kind| Finding {
        path: path.to_vec(),
        kind,
    };
    let mut names = names.into_iter();
    let mut found: Vec<Finding> = names
        .by_ref()
        .take(MOST_AT_ONE_PLACE)
        .map(|name| {
            one(FindingKind::Unknown {
                name: name.clone(),
                known: Rc::clone(known),
            })
        })
        .collect();
    if let Some(first) = names.next() {
        found.push(one(FindingKind::FurtherUnknown {
            first: first.clone(),
            count: 1 + names.count(),
        }));
    }
    found
}

/// The findings behind a validator's errors: one for each value, and one for each
/// field that is unknown or missing.
pub fn findings<'e>(
    schema: &Value,
    errors: impl Iterator<Item = ValidationError<'e>>,
) -> Vec<Finding> {
    let mut all = Vec::new();
    for error in errors {
        translate(schema, &error, &mut all);
    }
    let mut kept: Vec<Finding> = Vec::new();
    let mut fields = BTreeSet::new();
    let mut values: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    for finding in all {
        if let Some(field) = finding.kind.field() {
            if fields.insert((finding.path.clone(), field)) {
                kept.push(finding);
            }
            continue;
        }
        match values.get(&finding.path).map(|index| &mut kept[*index]) {
            Some(other) if finding.kind.rank() < other.kind.rank() => *other = finding,
            Some(_) => {}
            None => {
                values.insert(finding.path.clone(), kept.len());
                kept.push(finding);
            }
        }
    }
    kept
}

fn translate(schema: &Value, error: &ValidationError<'_>, found: &mut Vec<Finding>) {
    let path = segments(error.instance_path().as_str());
    let schema_path = segments(error.schema_path().as_str());
    let one = |kind| Finding {
        path: path.clone(),
        kind,
    };
    let length = |is_least, bound| one(FindingKind::Length { is_least, bound });
    let number = |rule, bound: &Value| {
        let bound = bound.clone();
        one(FindingKind::Number { rule, bound })
    };
    let unknown_one = |name: &str, keyword: &[String]| FindingKind::Unknown {
        name: name.to_owned(),
        known: known_fields(schema, keyword),
    };
    let finding = match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            found.extend(unknown(
                &path,
                unexpected,
                &known_fields(schema, &schema_path),
            ));
            return;
        }
        ValidationErrorKind::FalseSchema => {
            let Some((name, parent)) = path.split_last() else {
                return;
            };
            Finding {
                path: parent.to_vec(),
                kind: unknown_one(name, &schema_path),
            }
        }
        ValidationErrorKind::PropertyNames { error } => {
            let name = error.instance().as_str().unwrap_or_default().to_owned();
            one(unknown_one(&name, &schema_path))
        }
        ValidationErrorKind::Required { property } => one(FindingKind::Missing {
            name: property.as_str().unwrap_or_default().to_owned(),
            because: deciding_tag(schema, &schema_path),
        }),
        ValidationErrorKind::Type { kind } => one(FindingKind::Type {
            expected: type_names(kind),
            allowed: parent_schema(schema, &schema_path)
                .and_then(|schema| schema.get("enum")?.as_array().cloned())
                .unwrap_or_default(),
            optional: is_optional(schema, &schema_path),
        }),
        ValidationErrorKind::Enum { options } => one(FindingKind::Value {
            allowed: options.as_array().cloned().unwrap_or_default(),
        }),
        ValidationErrorKind::Constant { expected_value } => one(FindingKind::Value {
            allowed: vec![expected_value.as_ref().clone()],
        }),
        ValidationErrorKind::Pattern { pattern } => one(FindingKind::Pattern {
            pattern: pattern.clone(),
        }),
        ValidationErrorKind::Format { format } => one(FindingKind::Format {
            format: format.clone(),
        }),
        ValidationErrorKind::MinLength { limit }
        | ValidationErrorKind::MinItems { limit }
        | ValidationErrorKind::MinProperties { limit } => length(true, *limit),
        ValidationErrorKind::MaxLength { limit }
        | ValidationErrorKind::MaxItems { limit }
        | ValidationErrorKind::MaxProperties { limit } => length(false, *limit),
        ValidationErrorKind::Minimum { limit } => number("at least", limit),
        ValidationErrorKind::Maximum { limit } => number("at most", limit),
        ValidationErrorKind::ExclusiveMinimum { limit } => number("more than", limit),
        ValidationErrorKind::ExclusiveMaximum { limit } => number("less than", limit),
        ValidationErrorKind::MultipleOf { multiple_of } => {
            number("a multiple of", &Value::from(*multiple_of))
        }
        ValidationErrorKind::UniqueItems => one(FindingKind::Repeated),
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            alternatives(schema, error, context, path, found);
            return;
        }
        // The engine gave up; the server decides.
        ValidationErrorKind::BacktrackLimitExceeded { .. }
        | ValidationErrorKind::RegexEngineFailure { .. } => return,
        _ => one(FindingKind::Other {
            message: error.to_string(),
        }),
    };
    found.push(finding);
}

/// A value that fits no alternative is compared with the alternative that it most likely
/// means: one of its own type, and of those the one with the fewest errors.
fn alternatives(
    schema: &Value,
    error: &ValidationError<'_>,
    context: &[Vec<ValidationError<'static>>],
    path: Vec<String>,
    found: &mut Vec<Finding>,
) {
    let here = error.instance_path().as_str();
    let wrong_types = |errors: &[ValidationError<'static>]| -> Option<Vec<String>> {
        errors.iter().find_map(|error| match error.kind() {
            ValidationErrorKind::Type { kind } if error.instance_path().as_str() == here => {
                Some(type_names(kind))
            }
            _ => None,
        })
    };
    let meant = context
        .iter()
        .filter(|errors| wrong_types(errors).is_none())
        .min_by_key(|errors| errors.len());
    if let Some(errors) = meant {
        for error in errors {
            translate(schema, error, found);
        }
        return;
    }
    let mut expected: Vec<String> = Vec::new();
    for name in context
        .iter()
        .filter_map(|errors| wrong_types(errors))
        .flatten()
    {
        if !expected.contains(&name) {
            expected.push(name);
        }
    }
    found.push(Finding {
        path,
        kind: FindingKind::Type {
            expected,
            allowed: Vec::new(),
            optional: is_optional(schema, &segments(error.schema_path().as_str())),
        },
    });
}

fn type_names(kind: &TypeKind) -> Vec<String> {
    match kind {
        TypeKind::Single(name) => vec![name.to_string()],
        TypeKind::Multiple(names) => {
            let mut names: Vec<String> = names.iter().map(|name| name.to_string()).collect();
            names.sort_by_key(|name| name == "null");
            names
        }
    }
}

/// The segments of a JSON Pointer.
fn segments(pointer: &str) -> Vec<String> {
    pointer
        .split('/')
        .skip(1)
        .map(|segment| segment.replace("~1", "/").replace("~0", "~"))
        .collect()
}

/// The value at the end of a way.
pub(super) fn lookup<'s>(schema: &'s Value, path: &[String]) -> Option<&'s Value> {
    path.iter()
        .try_fold(schema, |schema, segment| match schema {
            Value::Object(map) => map.get(segment),
            Value::Array(items) => items.get(segment.parse::<usize>().ok()?),
            _ => None,
        })
}

/// The schema that a failed keyword belongs to.
fn parent_schema<'s>(schema: &'s Value, keyword: &[String]) -> Option<&'s Value> {
    lookup(schema, keyword.split_last()?.1)
}

/// The fields that the schema which refused one lists.
fn known_fields(schema: &Value, keyword: &[String]) -> Rc<[String]> {
    let fields = parent_schema(schema, keyword).and_then(properties);
    fields
        .into_iter()
        .flat_map(|fields| fields.keys().cloned())
        .collect()
}

/// Whether the field whose keyword failed can be left out.
fn is_optional(schema: &Value, keyword: &[String]) -> bool {
    let [object @ .., properties, name, _] = keyword else {
        return false;
    };
    properties == "properties"
        && lookup(schema, object).is_some_and(|object| !requires(object, name))
}

/// The tag and value whose `if` asks for what failed in its `then`.
fn deciding_tag(schema: &Value, keyword: &[String]) -> Option<(String, String)> {
    let [member @ .., then, _] = keyword else {
        return None;
    };
    let branch = branch(lookup(schema, member)?).filter(|_| then == "then")?;
    match branch.values {
        [Value::String(value)] => Some((branch.tag.to_owned(), value.clone())),
        _ => None,
    }
}
