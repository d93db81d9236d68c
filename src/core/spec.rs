//! A destination as plain data, made from its schema.
//!
//! The code knows no destination by name: whatever merging, comparing and
//! planning need to know about one is in a [`DestinationSpec`].

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::desired::DesiredSync;
use super::platform::Platform;

/// Destinations by their platform and slug.
#[derive(Debug, Clone, Default)]
pub struct Specs(BTreeMap<Platform, BTreeMap<String, Arc<DestinationSpec>>>);

impl Specs {
    /// A destination of a platform, by its slug.
    pub fn get(&self, platform: Platform, slug: &str) -> Option<&Arc<DestinationSpec>> {
        self.0.get(&platform)?.get(slug)
    }

    /// The destination that a sync names.
    pub fn of(&self, sync: &DesiredSync) -> Option<&Arc<DestinationSpec>> {
        self.get(sync.platform, &sync.destination.text)
    }

    /// Adds a destination under a slug, in place of the one that it has there.
    pub fn insert(&mut self, platform: Platform, slug: String, spec: Arc<DestinationSpec>) {
        self.0.entry(platform).or_default().insert(slug, spec);
    }

    /// Adds all of another set, in place of its own where both have one.
    pub fn extend(&mut self, other: &Self) {
        for (platform, specs) in &other.0 {
            let own = self.0.entry(*platform).or_default();
            own.extend(
                specs
                    .iter()
                    .map(|(slug, spec)| (slug.clone(), Arc::clone(spec))),
            );
        }
    }

    /// Each destination, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Arc<DestinationSpec>> {
        self.0.values_mut().flat_map(BTreeMap::values_mut)
    }
}

impl FromIterator<((Platform, String), Arc<DestinationSpec>)> for Specs {
    fn from_iter<I: IntoIterator<Item = ((Platform, String), Arc<DestinationSpec>)>>(
        all: I,
    ) -> Self {
        let mut specs = Self::default();
        for ((platform, slug), spec) in all {
            specs.insert(platform, slug, spec);
        }
        specs
    }
}

/// What there is to know about one destination of a provider.
#[derive(Debug, Clone, PartialEq)]
pub struct DestinationSpec {
    /// The slug that files and the API use: `humanitec`.
    pub slug: String,
    /// What people call it: `Humanitec`.
    pub name: String,
    /// The app that a connection must be of, if the provider has connections.
    pub connection_app: Option<String>,
    /// Whether secrets can be imported from the destination.
    pub can_import: bool,
    /// The fields that a create request takes, secsync's own not included.
    pub create: ObjectSpec,
    /// The fields that an update request takes; empty if the provider cannot update.
    pub update: ObjectSpec,
}

/// The fields of an object. A saved plan holds what of it decides what is compared.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectSpec {
    /// The fields that every value of this object can have, in the schema's order.
    pub fields: Vec<FieldSpec>,
    /// Where the value of one field decides which others there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub union: Option<UnionSpec>,
    /// Whether keys that are not listed are allowed (`additionalProperties`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
}

/// One field of an object.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldSpec {
    /// Its key.
    pub name: String,
    /// Whether it must be given.
    #[serde(skip)]
    pub required: bool,
    /// Whether null is allowed.
    #[serde(skip)]
    pub nullable: bool,
    /// The value that the server takes when it is not given.
    #[serde(default, skip_serializing_if = "fills_in_nothing")]
    pub default: Option<Value>,
    /// The value that means the same as none: `false` for a boolean and `""` for a string without a
    /// default. The web page and Terraform store these for what nobody set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blank: Option<Value>,
    /// Which way its value goes.
    #[serde(default, skip_serializing_if = "Access::is_both_ways")]
    pub access: Access,
    /// Whether an update keeps those of its own fields that the request does not have.
    #[serde(skip)]
    pub merged: bool,
    /// What it says about the place that a destination is.
    #[serde(default, skip_serializing_if = "Identifies::is_by_its_value")]
    pub identifies: Identifies,
    /// The only values that it can have; `None` if they are not listed.
    #[serde(skip)]
    pub values: Option<Vec<Value>>,
    /// What the destination does with it.
    #[serde(skip)]
    pub support: Support,
    /// Its own fields, if it is an object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectSpec>,
    /// The fields of its items, if it is a list of objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<ObjectSpec>,
}

impl FieldSpec {
    /// What describes the objects in a value of it, whether that is one or a list of them.
    pub(super) fn inner(&self) -> impl Iterator<Item = &ObjectSpec> {
        self.object.iter().chain(&self.items)
    }

    /// The objects in a value of it, itself or the items of a list, each with what describes it.
    pub fn objects<'a>(
        &'a self,
        value: &'a Value,
    ) -> impl Iterator<Item = (&'a ObjectSpec, &'a Map<String, Value>)> {
        let (spec, values) = match value {
            Value::Array(items) => (&self.items, items.as_slice()),
            one => (&self.object, std::slice::from_ref(one)),
        };
        spec.iter().flat_map(move |spec| {
            let objects = values.iter().filter_map(Value::as_object);
            objects.map(move |object| (spec, object))
        })
    }

    /// As [`Self::objects`], to be changed.
    pub fn objects_mut<'a>(
        &'a self,
        value: &'a mut Value,
    ) -> impl Iterator<Item = (&'a ObjectSpec, &'a mut Map<String, Value>)> {
        let (spec, values) = match value {
            Value::Array(items) => (&self.items, items.as_mut_slice()),
            one => (&self.object, std::slice::from_mut(one)),
        };
        let objects = values.iter_mut().filter_map(Value::as_object_mut);
        objects.filter_map(move |object| Some((spec.as_ref()?, object)))
    }
}

impl FieldSpec {
    /// Whether the destination does something with the field.
    pub fn has_effect(&self) -> bool {
        self.support == Support::Full
    }

    /// Whether the field can have a value, as far as its schema lists values.
    pub fn can_be(&self, value: &Value) -> bool {
        let values = self.values.as_ref();
        values.is_none_or(|values| values.contains(value))
    }
}

/// What a destination does with a field that its API takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Support {
    /// What its name says.
    #[default]
    Full,
    /// Nothing.
    WithoutEffect,
}

/// Which way a field's value goes. Only what goes both ways is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// It is sent, and given back as it was sent.
    #[default]
    BothWays,
    /// It is sent and never given back.
    WriteOnly,
    /// It is given back and never sent.
    ReadOnly,
    /// The server decides its value, whatever is sent.
    ServerFilled,
    /// The sync leaves it to others (`ignoreRemote`): what is remote is sent back as it is.
    Ignored,
}

impl Access {
    /// Whether what is declared and what is remote must be the same.
    pub fn is_both_ways(&self) -> bool {
        *self == Self::BothWays
    }

    /// Whether a file cannot keep its remote value, or has no say in it.
    pub const fn is_of_the_server(self) -> bool {
        matches!(self, Self::ReadOnly | Self::ServerFilled)
    }
}

/// What a field of a destination says about the place that it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Identifies {
    /// With another value it is another place.
    #[default]
    ByValue,
    /// As [`Self::ByValue`], but this value takes in all others.
    TakenInBy(String),
    /// Nothing: it is a display name, or an option.
    Nothing,
}

impl Identifies {
    /// Whether each value means another place.
    pub fn is_by_its_value(&self) -> bool {
        *self == Self::ByValue
    }
}

/// A tagged union: the tag's value decides the other fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnionSpec {
    /// The key of the tag: `scope`.
    pub tag: String,
    /// What each value of the tag brings.
    pub variants: Vec<VariantSpec>,
}

/// A value of a union's tag, and the further fields that it brings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariantSpec {
    /// The value of the tag.
    pub value: String,
    /// The further fields.
    pub fields: Vec<FieldSpec>,
}

/// A default of null fills in nothing.
#[expect(clippy::ref_option, reason = "serde passes the field by reference")]
fn fills_in_nothing(default: &Option<Value>) -> bool {
    default.as_ref().is_none_or(Value::is_null)
}

impl UnionSpec {
    fn variant(&self, value: &str) -> &[FieldSpec] {
        let mut variants = self.variants.iter();
        variants
            .find(|variant| variant.value == value)
            .map_or(&[], |variant| &variant.fields)
    }
}

impl ObjectSpec {
    /// Whether every value of this object can have a field of that name.
    pub fn names(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }

    /// The same object with only those defaults that another description of it also has, and
    /// with only those fields left to the server or uncompared.
    #[must_use]
    pub fn with_defaults_agreed(&self, other: Option<&Self>) -> Self {
        let union = self.union.as_ref().map(|union| {
            let others = other.and_then(|other| other.union.as_ref());
            let others = others.filter(|others| others.tag == union.tag);
            let variants = union.variants.iter().map(|variant| {
                let same = others.map_or(&[][..], |others| others.variant(&variant.value));
                VariantSpec {
                    value: variant.value.clone(),
                    fields: agreed(&variant.fields, same),
                }
            });
            UnionSpec {
                tag: union.tag.clone(),
                variants: variants.collect(),
            }
        });
        Self {
            fields: agreed(&self.fields, other.map_or(&[], |other| &other.fields)),
            union,
            open: self.open,
        }
    }

    /// Adds what only answers have: those fields of `read` that are the server's.
    #[must_use]
    pub fn with_fields_of_the_server(mut self, read: &Self) -> Self {
        for field in read.fields_of_any_value() {
            let mut is_known = false;
            let own = self.fields.iter_mut().chain(
                (self.union.iter_mut())
                    .flat_map(|union| &mut union.variants)
                    .flat_map(|variant| &mut variant.fields),
            );
            for own in own.filter(|own| own.name == field.name) {
                is_known = true;
                if field.access == Access::ServerFilled {
                    own.access = field.access;
                }
                for (own, read) in [
                    (&mut own.object, &field.object),
                    (&mut own.items, &field.items),
                ] {
                    if let (Some(inner), Some(read)) = (own.take(), read) {
                        *own = Some(inner.with_fields_of_the_server(read));
                    }
                }
            }
            if !is_known && field.access.is_of_the_server() {
                self.fields.push(FieldSpec {
                    required: false,
                    default: None,
                    ..field.clone()
                });
            }
        }
        self
    }

    /// The same object as if answers gave back all that is sent, for comparing two declarations.
    #[must_use]
    pub fn given_back(mut self) -> Self {
        let variants = self.union.iter_mut().flat_map(|union| &mut union.variants);
        let of_variants = variants.flat_map(|variant| &mut variant.fields);
        for field in self.fields.iter_mut().chain(of_variants) {
            if field.access == Access::WriteOnly {
                field.access = Access::BothWays;
            }
            field.object = field.object.take().map(Self::given_back);
            field.items = field.items.take().map(Self::given_back);
        }
        self
    }

    /// Whether any value of this object can have a field of that name.
    pub fn has_field(&self, name: &str) -> bool {
        self.fields_of_any_value().any(|field| field.name == name)
    }

    pub(super) fn fields_of_any_value(&self) -> impl Iterator<Item = &FieldSpec> {
        let variants = self.union.iter().flat_map(|union| &union.variants);
        let of_variants = variants.flat_map(|variant| &variant.fields);
        self.fields.iter().chain(of_variants)
    }

    /// Whether there is a field, at any depth, that no answer gives back.
    pub fn has_unread(&self) -> bool {
        self.fields_of_any_value()
            .any(|field| field.access == Access::WriteOnly || field.inner().any(Self::has_unread))
    }

    /// The paths, with dots, of the fields that a value has and no answer gives back.
    pub fn unread(&self, fields: &Map<String, Value>) -> Vec<String> {
        self.paths_where(fields, &|field, value| {
            field.access == Access::WriteOnly && value.is_some()
        })
    }

    /// The paths, with dots, of the fields that must be given, that no answer gives back, and that a
    /// value does not have.
    pub fn missing_unread(&self, fields: &Map<String, Value>) -> Vec<String> {
        self.paths_where(fields, &|field, value| {
            field.access == Access::WriteOnly && field.required && value.is_none()
        })
    }

    /// The paths of the fields of which something holds, as deep as they are listed. `holds` is given
    /// each field that a value can have, and what it has there.
    fn paths_where(
        &self,
        fields: &Map<String, Value>,
        holds: &impl Fn(&FieldSpec, Option<&Value>) -> bool,
    ) -> Vec<String> {
        let mut paths = Vec::new();
        self.collect_paths(fields, "", holds, &mut paths);
        paths
    }

    fn collect_paths(
        &self,
        fields: &Map<String, Value>,
        above: &str,
        holds: &impl Fn(&FieldSpec, Option<&Value>) -> bool,
        paths: &mut Vec<String>,
    ) {
        for field in self.fields_of(fields) {
            let value = fields.get(&field.name).filter(|value| !value.is_null());
            let path = match above {
                "" => field.name.clone(),
                above => format!("{above}.{}", field.name),
            };
            if holds(field, value) {
                if !paths.contains(&path) {
                    paths.push(path);
                }
                continue;
            }
            for (object, inner) in value.into_iter().flat_map(|value| field.objects(value)) {
                object.collect_paths(inner, &path, holds, paths);
            }
        }
    }

    /// The field of that name in an object with that value: the common ones,
    /// and those of the variant that the value's tag names.
    pub fn field<'a>(&'a self, name: &str, value: &Map<String, Value>) -> Option<&'a FieldSpec> {
        self.fields_of(value).find(|field| field.name == name)
    }

    /// All fields that an object with that value can have.
    pub fn fields_of<'a>(
        &'a self,
        value: &Map<String, Value>,
    ) -> impl Iterator<Item = &'a FieldSpec> {
        self.fields_with(|tag| value.get(tag)?.as_str())
    }

    /// All fields that an object can have, if `text` is what it has in its tag.
    pub fn fields_with<'a, 't>(
        &'a self,
        text: impl FnOnce(&str) -> Option<&'t str>,
    ) -> impl Iterator<Item = &'a FieldSpec> {
        let of_variant =
            (self.union.as_ref()).and_then(|union| Some(union.variant(text(&union.tag)?)));
        self.fields.iter().chain(of_variant.unwrap_or_default())
    }
}

/// The fields with only those defaults that the other fields of their names also have.
fn agreed(fields: &[FieldSpec], others: &[FieldSpec]) -> Vec<FieldSpec> {
    let one = |field: &FieldSpec| {
        let same = others.iter().find(|other| other.name == field.name);
        let default = same.and_then(|same| same.default.as_ref());
        FieldSpec {
            default: field.default.clone().filter(|own| default == Some(own)),
            access: match same {
                Some(same) if same.access == field.access => field.access,
                _ => Access::BothWays,
            },
            object: field.object.as_ref().map(|object| {
                object.with_defaults_agreed(same.and_then(|same| same.object.as_ref()))
            }),
            items: field
                .items
                .as_ref()
                .map(|items| items.with_defaults_agreed(same.and_then(|same| same.items.as_ref()))),
            ..field.clone()
        }
    };
    fields.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{FieldSpec, ObjectSpec};
    use crate::core::testing::{fields, spec};

    fn default_at(object: &ObjectSpec, path: &[&str], variant: &str) -> Option<Value> {
        let (last, inner) = path.split_last().unwrap();
        let value = fields(json!({"scope": variant}));
        let object = inner.iter().fold(object, |object, key| {
            object.field(key, &value).unwrap().object.as_ref().unwrap()
        });
        object.field(last, &value).unwrap().default.clone()
    }

    #[test]
    fn only_defaults_that_two_descriptions_agree_on_are_kept_at_every_depth() {
        let own = spec().create;
        let auto_sync: &[&str] = &["isAutoSyncEnabled"];
        let sensitive: &[&str] = &["destinationConfig", "sensitive"];
        let alone = own.with_defaults_agreed(None);
        let together = own.with_defaults_agreed(Some(&own));
        for (path, value) in [(auto_sync, json!(true)), (sensitive, json!(false))] {
            assert_eq!(default_at(&own, path, "environment"), Some(value));
            assert_eq!(default_at(&alone, path, "environment"), None);
        }
        assert_eq!(together, own);
        let mut other = own.clone();
        let is_auto_sync = |field: &&mut FieldSpec| field.name == "isAutoSyncEnabled";
        other.fields.iter_mut().find(is_auto_sync).unwrap().default = Some(json!(false));
        let mixed = own.with_defaults_agreed(Some(&other));
        assert_eq!(default_at(&mixed, auto_sync, "environment"), None);
        assert_eq!(
            default_at(&mixed, sensitive, "environment"),
            Some(json!(false))
        );
    }
}
