//! Merging defaults: workspace, then file, then sync.
//!
//! Maps merge, lists and scalars replace, and null removes what was inherited.
//! Three rules need more than that: `connection` and `connectionId` displace each
//! other, `project` and `projectId` likewise, and a `destinationConfig` of another
//! kind is not mixed with the inherited one.

use std::collections::HashMap;

use super::fields::{ALTERNATIVES, DESTINATION, DESTINATION_CONFIG};
use super::value::{Entry, Mapping, Node, Value};

/// Lays `over` upon `base`.
///
/// `union_tag` is the key in `destinationConfig` that decides its other fields, if the
/// sync's destination has one: if both sides give it and differ, the inherited
/// `destinationConfig` is discarded. So it is if the destination itself differs.
#[must_use]
pub fn merge(base: &Mapping, over: &Mapping, union_tag: Option<&str>) -> Mapping {
    let mut merged = base.clone();
    for (one, other) in ALTERNATIVES {
        for (given, displaced) in [(one, other), (other, one)] {
            if over.get(given).is_some_and(|node| !node.is_null()) {
                merged.remove(displaced);
            }
        }
    }
    if is_of_another_kind(base, over, union_tag) {
        merged.remove(DESTINATION_CONFIG);
    }
    merge_maps(&merged, over)
}

fn is_of_another_kind(base: &Mapping, over: &Mapping, union_tag: Option<&str>) -> bool {
    let differs = |key: &str, base: &Mapping, over: &Mapping| matches!((base.get(key), over.get(key)), (Some(one), Some(other)) if one.value != other.value);
    if differs(DESTINATION, base, over) {
        return true;
    }
    let (Some(tag), Some(base), Some(over)) = (
        union_tag,
        base.get(DESTINATION_CONFIG).and_then(Node::as_mapping),
        over.get(DESTINATION_CONFIG).and_then(Node::as_mapping),
    ) else {
        return false;
    };
    differs(tag, base, over)
}

/// In a map of so few keys, looking at each is the fastest way to find one.
const FEW: usize = 16;

fn merge_maps(base: &Mapping, over: &Mapping) -> Mapping {
    let inherited = base.entries();
    let mut places: HashMap<&str, usize> = HashMap::new();
    if inherited.len() > FEW {
        let keys = inherited.iter().map(|entry| entry.key.as_str());
        places.extend(keys.zip(0..));
    }
    // The keys of each side are unique, so that only what was inherited can be met again.
    let place_of = |key: &str| match inherited.len() {
        0..=FEW => inherited.iter().position(|entry| entry.key == key),
        _ => places.get(key).copied(),
    };
    let mut entries: Vec<Option<Entry>> = Vec::with_capacity(inherited.len() + over.len());
    entries.extend(inherited.iter().cloned().map(Some));
    for entry in over.entries() {
        let place = place_of(&entry.key);
        let merged = match &entry.value.value {
            Value::Null => None,
            Value::Mapping(over) => {
                let old = place.and_then(|place| inherited[place].value.as_mapping());
                let fields = match old {
                    Some(old) => merge_maps(old, over),
                    None if removes_something(over) => merge_maps(&Mapping::default(), over),
                    None => over.clone(),
                };
                // The nearest declaration is where a missing field is to be added.
                Some(Entry {
                    key: entry.key.clone(),
                    key_span: entry.key_span,
                    value: Node {
                        value: Value::Mapping(fields),
                        span: entry.value.span,
                        style: entry.value.style,
                    },
                })
            }
            _ => Some(entry.clone()),
        };
        match place {
            Some(place) => entries[place] = merged,
            None => entries.extend(merged.map(Some)),
        }
    }
    entries.into_iter().flatten().collect()
}

/// Whether a map, or one in it, has a null.
fn removes_something(fields: &Mapping) -> bool {
    fields
        .entries()
        .iter()
        .any(|entry| match &entry.value.value {
            Value::Null => true,
            Value::Mapping(inner) => removes_something(inner),
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::merge;
    use crate::core::testing::mapping;

    fn merged(base: Json, over: Json, tag: Option<&str>) -> Json {
        crate::core::value::Value::Mapping(merge(&mapping(base), &mapping(over), tag)).to_json()
    }

    #[test]
    fn maps_merge_while_lists_and_scalars_replace() {
        let base = json!({"a": {"x": 1, "y": [1, 2]}, "b": 1});
        let over = json!({"a": {"y": [3]}, "b": "two", "c": true});
        let expected = json!({"a": {"x": 1, "y": [3]}, "b": "two", "c": true});
        assert_eq!(merged(base, over, None), expected);
    }

    #[test]
    fn replaces_a_value_that_is_not_a_map() {
        let over = json!({"a": {"x": 1}, "b": {"y": 2}});
        assert_eq!(
            merged(json!({"a": 1, "b": ["z"]}), over.clone(), None),
            over
        );
    }

    #[test]
    fn null_removes_what_was_inherited_at_every_depth() {
        let base = json!({"description": "d", "syncOptions": {"keySchema": "k", "keep": 1}});
        let over = json!({"description": null, "syncOptions": {"keySchema": null}});
        assert_eq!(
            merged(base, over, None),
            json!({"syncOptions": {"keep": 1}})
        );
    }

    #[test]
    fn null_without_anything_inherited_is_not_declared() {
        let over = json!({"description": null, "syncOptions": {"keySchema": null}});
        assert_eq!(merged(json!({}), over, None), json!({"syncOptions": {}}));
    }

    #[test]
    fn a_connection_id_displaces_an_inherited_connection_and_the_other_way_round() {
        let by_name = json!({"connection": "main"});
        let by_id = json!({"connectionId": "7"});
        assert_eq!(merged(by_name.clone(), by_id.clone(), None), by_id);
        assert_eq!(merged(by_id, by_name.clone(), None), by_name);
    }

    #[test]
    fn a_project_id_displaces_an_inherited_project_and_the_other_way_round() {
        let by_name = json!({"project": "payments"});
        let by_id = json!({"projectId": "7"});
        assert_eq!(merged(by_name.clone(), by_id.clone(), None), by_id);
        assert_eq!(merged(by_id, by_name.clone(), None), by_name);
    }

    #[test]
    fn a_null_alternative_displaces_nothing() {
        let base = json!({"connection": "main"});
        assert_eq!(
            merged(base.clone(), json!({"connectionId": null}), None),
            base
        );
    }

    #[test]
    fn a_different_union_tag_discards_the_inherited_destination_config() {
        let base =
            json!({"destinationConfig": {"scope": "environment", "org": "acme", "env": "dev"}});
        let other = json!({"destinationConfig": {"scope": "application", "org": "acme"}});
        assert_eq!(merged(base.clone(), other.clone(), Some("scope")), other);
        let same = json!({"destinationConfig": {"scope": "environment", "org": "globex"}});
        assert_eq!(
            merged(base.clone(), same, Some("scope")),
            json!({"destinationConfig": {"scope": "environment", "org": "globex", "env": "dev"}})
        );
        let silent = json!({"destinationConfig": {"env": "prod"}});
        assert_eq!(
            merged(base, silent, Some("scope")),
            json!({"destinationConfig": {"scope": "environment", "org": "acme", "env": "prod"}})
        );
    }

    #[test]
    fn without_a_union_an_equal_key_named_scope_is_an_ordinary_field() {
        let base = json!({"destinationConfig": {"scope": "one", "x": 1}});
        let over = json!({"destinationConfig": {"scope": "two"}});
        assert_eq!(
            merged(base, over, None),
            json!({"destinationConfig": {"scope": "two", "x": 1}})
        );
    }

    #[test]
    fn a_different_destination_discards_the_inherited_destination_config() {
        let base = json!({"destination": "humanitec", "destinationConfig": {"org": "acme"}});
        let over = json!({"destination": "vercel", "destinationConfig": {"app": "web"}});
        assert_eq!(merged(base, over.clone(), None), over);
    }
}
