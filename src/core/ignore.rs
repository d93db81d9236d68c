//! `ignoreRemote`: fields of a sync that are left to whoever changes them remotely.
//!
//! A pattern is a path with dots, in which `*` stands for any field: `destinationConfig.*`. The
//! fields that it names are not compared, and a request that replaces the object around one carries
//! its remote value.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::desired::DesiredSync;
use super::diff;
use super::fields::{CONNECTION, CONNECTION_ID, OWN_FIELDS};
use super::spec::{Access, DestinationSpec, FieldSpec, ObjectSpec};

/// Why a pattern can never be taken, as the end of a sentence that begins with it.
pub fn problem(pattern: &str) -> Option<&'static str> {
    let segments = segments(pattern);
    let is_malformed = segments.iter().any(|segment| segment.is_empty());
    let own = segments
        .first()
        .is_some_and(|first| OWN_FIELDS.contains(first));
    if is_malformed {
        Some("is not a path of fields")
    } else if own && segments != [CONNECTION_ID] {
        Some("decides which sync it is or how secsync treats it, and cannot be ignored")
    } else if segments == ["*"] {
        Some("is the whole sync, and cannot be ignored")
    } else {
        None
    }
}

/// Whether a sync leaves its connection to others.
pub fn names_connection(sync: &DesiredSync) -> bool {
    let mut patterns = sync.ignore_remote.iter();
    patterns.any(|pattern| segments(&pattern.text) == [CONNECTION_ID])
}

fn segments(pattern: &str) -> Vec<&str> {
    match pattern {
        CONNECTION => vec![CONNECTION_ID],
        _ => pattern.split('.').collect(),
    }
}

fn has_path(fields: &Map<String, Value>, path: &[&str]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return true;
    };
    let mut named = fields.iter().filter(|(key, _)| fits(first, key));
    named.any(|(_, value)| rest.is_empty() || objects_in(value).any(|inner| has_path(inner, rest)))
}

/// A value if it is an object, or the objects in a list.
fn objects_in(value: &Value) -> impl Iterator<Item = &Map<String, Value>> {
    let values = match value {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    values.iter().filter_map(Value::as_object)
}

fn fits(segment: &str, name: &str) -> bool {
    segment == "*" || segment == name
}

/// The same destination as it is compared if the fields that the patterns name are ignored, given
/// what is remote and what is declared or sent.
pub fn ignoring<'p>(
    spec: &Arc<DestinationSpec>,
    patterns: impl IntoIterator<Item = &'p str>,
    remote: &Map<String, Value>,
    declared: &Map<String, Value>,
) -> Arc<DestinationSpec> {
    let mut patterns = patterns.into_iter().peekable();
    if patterns.peek().is_none() {
        return Arc::clone(spec);
    }
    let mut ignoring = DestinationSpec::clone(spec);
    ignoring.create = spec.create.ignoring(patterns, remote, declared);
    Arc::new(ignoring)
}

impl ObjectSpec {
    /// The same object with the fields that the patterns name left to the remote side. `remote` has
    /// those that the schema does not know. The tag of a union stays what it is; if it changes, the
    /// fields that come with it do too, and none of them is left to the remote side.
    #[must_use]
    pub fn ignoring<'p>(
        &self,
        patterns: impl IntoIterator<Item = &'p str>,
        remote: &Map<String, Value>,
        declared: &Map<String, Value>,
    ) -> Self {
        let mut spec = self.clone();
        for pattern in patterns {
            spec.ignore(&segments(pattern), remote, declared);
        }
        spec
    }

    fn ignore(
        &mut self,
        path: &[&str],
        remote: &Map<String, Value>,
        declared: &Map<String, Value>,
    ) {
        let Some((first, rest)) = path.split_first() else {
            return;
        };
        let tag = self.union.as_ref().map(|union| union.tag.clone());
        let changes_variant = tag.as_ref().is_some_and(|tag| {
            let (before, after) = (remote.get(tag), declared.get(tag));
            before.is_some() && after.is_some() && before != after
        });
        let variants = (self.union.iter_mut())
            .filter(|_| !changes_variant)
            .flat_map(|union| &mut union.variants);
        let fields = self
            .fields
            .iter_mut()
            .chain(variants.flat_map(|variant| &mut variant.fields));
        for field in
            fields.filter(|field| fits(first, &field.name) && tag.as_ref() != Some(&field.name))
        {
            if rest.is_empty() {
                // What is never given back has no remote value that could be kept.
                if field.access != Access::WriteOnly {
                    field.access = Access::Ignored;
                }
                continue;
            }
            let empty = Map::new();
            if let Some(object) = &mut field.object {
                let [remote, declared] = [remote, declared].map(|fields| {
                    let inner = fields.get(&field.name).and_then(Value::as_object);
                    inner.unwrap_or(&empty)
                });
                object.ignore(rest, remote, declared);
            }
            if let Some(items) = &mut field.items {
                items.ignore(rest, &empty, &empty);
                for item in remote.get(&field.name).into_iter().flat_map(objects_in) {
                    items.ignore(rest, item, item);
                }
            }
        }
        if !rest.is_empty() {
            return;
        }
        let unknown: Vec<&String> = remote
            .keys()
            .filter(|key| fits(first, key) && self.field(key, remote).is_none())
            .collect();
        self.fields.extend(unknown.into_iter().map(|key| FieldSpec {
            name: key.clone(),
            access: Access::Ignored,
            ..FieldSpec::default()
        }));
    }

    /// Whether a pattern names a field that the schema or a remote sync has.
    pub fn has_match(&self, pattern: &str, remote: &Map<String, Value>) -> bool {
        let path = segments(pattern);
        let is_known = self.ignoring([pattern], remote, &Map::new()) != *self;
        is_known || has_path(remote, &path) || self.is_write_only(&path)
    }

    fn is_write_only(&self, path: &[&str]) -> bool {
        let Some((first, rest)) = path.split_first() else {
            return false;
        };
        let mut named = self.fields.iter().filter(|field| fits(first, &field.name));
        named.any(|field| {
            let mut inner = field.inner();
            match rest {
                [] => field.access == Access::WriteOnly,
                rest => inner.any(|inner| inner.is_write_only(rest)),
            }
        })
    }

    /// The tag of a union that a pattern names, or an object with a tag in it.
    pub fn tag_within(&self, pattern: &str) -> Option<String> {
        let path = segments(pattern);
        let (first, rest) = path.split_first()?;
        let inner = self.fields.iter().find(|field| field.name == *first)?;
        let tag = &inner.object.as_ref()?.union.as_ref()?.tag;
        let names_it = rest.is_empty() || rest == [tag.as_str()];
        names_it.then(|| format!("{first}.{tag}"))
    }

    /// Leaves what is ignored as it is: an ignored field of the sync itself is not sent, and within an
    /// object that is sent, and so replaced, it has its remote value. An object around it that is not
    /// declared is sent for its sake.
    pub fn keep_ignored(&self, sent: &mut Map<String, Value>, remote: &Map<String, Value>) {
        let is_ignored = |field: &&FieldSpec| field.access == Access::Ignored;
        for field in self.fields.iter().filter(is_ignored) {
            sent.shift_remove(&field.name);
        }
        let names: Vec<String> = sent.keys().cloned().collect();
        self.keep_ignored_inside(&names, sent, remote);
    }

    /// Does so in the objects and lists of these names.
    fn keep_ignored_inside(
        &self,
        names: &[String],
        sent: &mut Map<String, Value>,
        remote: &Map<String, Value>,
    ) {
        for name in names {
            let Some(field) = self.field(name, sent) else {
                continue;
            };
            match (sent.get_mut(name), remote.get(name)) {
                (Some(Value::Object(own)), Some(Value::Object(there))) => {
                    if let Some(object) = &field.object {
                        object.keep_ignored_within(own, there);
                    }
                }
                (None | Some(Value::Null), Some(Value::Object(there))) => {
                    let mut kept = Map::new();
                    if let Some(object) = &field.object {
                        object.keep_ignored_within(&mut kept, there);
                    }
                    if !kept.is_empty() {
                        sent.insert(name.clone(), kept.into());
                    }
                }
                (Some(Value::Array(own)), Some(Value::Array(there))) => {
                    if let Some(items) = &field.items {
                        items.keep_ignored_in_items(own, there);
                    }
                }
                _ => {}
            }
        }
    }

    /// Does so in the items of a list. An item goes on in one that is the same but for what is
    /// ignored, and if no item came or went, in the one in its place.
    fn keep_ignored_in_items(&self, sent: &mut [Value], remote: &[Value]) {
        if !self.has_ignored() {
            return;
        }
        let mut left: Vec<Option<&Map<String, Value>>> =
            remote.iter().map(Value::as_object).collect();
        let is_same_length = sent.len() == remote.len();
        let mut without = Vec::new();
        for (index, item) in sent.iter_mut().enumerate() {
            let Value::Object(own) = item else { continue };
            let in_place = std::iter::once(index).chain(0..left.len());
            let is_same = |place: &usize| {
                let there = left.get(*place).copied().flatten();
                there.is_some_and(|there| diff::are_alike(self, own, there))
            };
            match in_place.into_iter().find(is_same) {
                Some(place) => {
                    if let Some(there) = left[place].take() {
                        self.keep_ignored_within(own, there);
                    }
                }
                None => without.push((index, own)),
            }
        }
        for (index, own) in without.into_iter().filter(|_| is_same_length) {
            if let Some(there) = left[index].take() {
                self.keep_ignored_within(own, there);
            }
        }
    }

    /// Whether there is an ignored field, at any depth.
    fn has_ignored(&self) -> bool {
        self.fields_of_any_value()
            .any(|field| field.access == Access::Ignored || field.inner().any(Self::has_ignored))
    }

    fn keep_ignored_within(&self, sent: &mut Map<String, Value>, remote: &Map<String, Value>) {
        let ignored: Vec<&String> = self
            .fields_of(sent)
            .filter(|field| field.access == Access::Ignored)
            .map(|field| &field.name)
            .collect();
        for name in ignored {
            match remote.get(name) {
                Some(value) => {
                    sent.insert(name.clone(), value.clone());
                }
                None => {
                    sent.shift_remove(name);
                }
            }
        }
        let names: Vec<String> = (self.fields_of(sent))
            .map(|field| field.name.clone())
            .collect();
        self.keep_ignored_inside(&names, sent, remote);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::problem;
    use crate::core::spec::Access;
    use crate::core::testing::{fields, spec};

    #[test]
    fn what_a_sync_is_known_by_cannot_be_ignored() {
        for pattern in [
            "name",
            "destination",
            "project",
            "projectId",
            "provider",
            "protect",
            "*",
            "",
            "a..b",
        ] {
            assert!(problem(pattern).is_some(), "{pattern}");
        }
        for pattern in [
            "connection",
            "connectionId",
            "description",
            "syncOptions",
            "destinationConfig.*",
        ] {
            assert_eq!(problem(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn the_tag_of_a_union_cannot_be_named_by_any_pattern() {
        let spec = spec().create;
        let tag = Some("destinationConfig.scope".to_owned());
        for pattern in ["destinationConfig.scope", "destinationConfig"] {
            assert_eq!(spec.tag_within(pattern), tag, "{pattern}");
        }
        for pattern in [
            "destinationConfig.*",
            "destinationConfig.org",
            "syncOptions",
            "x.y",
        ] {
            assert_eq!(spec.tag_within(pattern), None, "{pattern}");
        }
        let all = spec.ignoring(
            ["destinationConfig.*"],
            &fields(json!({})),
            &fields(json!({})),
        );
        let config = all
            .fields
            .iter()
            .find(|field| field.name == "destinationConfig");
        let config = config.unwrap().object.as_ref().unwrap();
        let access = |name: &str| {
            let value = fields(json!({"scope": "application"}));
            config.field(name, &value).unwrap().access
        };
        assert_eq!(
            (access("scope"), access("org")),
            (Access::BothWays, Access::Ignored)
        );
    }

    #[test]
    fn a_field_that_only_the_server_knows_can_be_ignored() {
        let spec = spec().create;
        let remote = fields(json!({"syncOptions": {"filled": 1}, "newField": 2}));
        for pattern in ["syncOptions.filled", "newField", "syncOptions.*"] {
            assert!(spec.has_match(pattern, &remote), "{pattern}");
        }
        for pattern in ["syncOptions.missing", "nothing", "destinationConfig.org.x"] {
            assert!(!spec.has_match(pattern, &remote), "{pattern}");
        }
    }

    #[test]
    fn what_is_sent_carries_the_remote_value_of_what_is_ignored() {
        let remote = fields(json!({
            "syncOptions": {"filled": 1, "n": 2, "keySchema": "R"},
            "description": "remote",
        }));
        let spec = spec().create.ignoring(
            [
                "syncOptions.filled",
                "syncOptions.keySchema",
                "syncOptions.disableSecretDeletion",
                "description",
            ],
            &remote,
            &remote,
        );
        let mut sent = fields(json!({
            "syncOptions": {"n": 3, "keySchema": "D", "disableSecretDeletion": true},
            "description": "declared",
        }));
        spec.keep_ignored(&mut sent, &remote);
        assert_eq!(
            serde_json::Value::Object(sent),
            json!({"syncOptions": {"n": 3, "keySchema": "R", "filled": 1}})
        );
    }

    #[test]
    fn another_tag_brings_its_own_fields_whatever_is_ignored() {
        let config = |value: serde_json::Value| fields(json!({"destinationConfig": value}));
        let remote = config(json!({"scope": "application", "org": "r", "app": "r"}));
        let declared = config(json!({"scope": "environment", "org": "d", "app": "d", "env": "d"}));
        let spec = spec()
            .create
            .ignoring(["destinationConfig.*"], &remote, &declared);
        let mut sent = declared.clone();
        spec.keep_ignored(&mut sent, &remote);
        assert_eq!(sent, declared);
    }
}
