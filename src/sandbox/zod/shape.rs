//! Reads what a schema says, as zod would have it said.

use serde_json::{Map, Value};

use crate::schema::keyword::{branch, members, properties, types, values};

/// An object whose tag decides which further keys it has.
pub struct TaggedUnion<'a> {
    pub schema: &'a Value,
    pub tag: &'a str,
    /// Keys that every variant has.
    pub shared: Option<&'a Map<String, Value>>,
    pub variants: Vec<(&'a Value, &'a Value)>,
}

impl<'a> TaggedUnion<'a> {
    /// Finds the two ways to write one: `allOf` with `if` and `then`, and `anyOf` of objects that
    /// each have one value for the same key.
    pub fn of(schema: &'a Value) -> Option<Self> {
        Self::of_branches(schema).or_else(|| Self::of_alternatives(schema))
    }

    fn of_branches(schema: &'a Value) -> Option<Self> {
        let branches = members(schema, "allOf").iter().map(branch);
        let branches = branches.collect::<Option<Vec<_>>>()?;
        let tag = branches.first()?.tag;
        let variants = branches
            .iter()
            .flat_map(|branch| branch.values.iter().map(|value| (value, branch.then)));
        Some(Self {
            schema,
            tag,
            shared: properties(schema),
            variants: variants.collect(),
        })
    }

    fn of_alternatives(schema: &'a Value) -> Option<Self> {
        let alternatives = members(schema, "anyOf");
        let (tag, _) = properties(alternatives.first()?)?
            .iter()
            .find(|(_, property)| single_value(property).is_some())?;
        let variants = alternatives
            .iter()
            .map(|variant| Some((single_value(properties(variant)?.get(tag)?)?, variant)))
            .collect::<Option<Vec<_>>>()?;
        Some(Self {
            schema,
            tag,
            shared: None,
            variants,
        })
    }
}

/// The properties that an object has by its schema: in a tagged union, those that go with its tag.
pub fn properties_of<'a>(
    schema: &'a Value,
    object: &Map<String, Value>,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let variant = TaggedUnion::of(schema).and_then(|union| {
        let tag = object.get(union.tag)?;
        let mut variants = union.variants.into_iter();
        variants.find_map(|(value, variant)| (value == tag).then_some(variant))
    });
    let both = [Some(schema), variant].into_iter().flatten();
    both.filter_map(properties).flatten()
}

fn single_value(schema: &Value) -> Option<&Value> {
    match listed(schema)?.as_slice() {
        [only] => Some(only),
        _ => None,
    }
}

/// The values that a schema lists; null aside, which zod treats apart.
pub fn listed(schema: &Value) -> Option<Vec<&Value>> {
    let values = values(schema)?.iter();
    Some(values.filter(|value| !value.is_null()).collect())
}

/// The schema's type, null aside.
pub fn type_of(schema: &Value) -> Option<&str> {
    let mut names = types(schema).iter().filter_map(Value::as_str);
    names.find(|name| *name != "null")
}
