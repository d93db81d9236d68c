//! Where each value of a sync comes from: its own block, or a default.

use serde_json::Value;

use super::desired::DesiredSync;
use super::span::Span;
use super::value::Mapping;
use crate::core::fields::{DESTINATION, PROJECT, PROVIDER};

/// One effective value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectiveValue {
    /// The field, with dots.
    pub path: String,
    /// The value as it counts, with variables put in.
    pub value: Value,
    /// Its place; `None` if it comes from the environment.
    pub place: Option<Span>,
    /// Whether it comes from outside the sync's own block.
    pub is_inherited: bool,
}

/// The values of a sync: first what secsync itself needs to know, then the platform's own fields,
/// ordered by path. Maps are listed value by value.
pub fn values(sync: &DesiredSync) -> Vec<EffectiveValue> {
    let mut reader = Reader {
        sync,
        found: Vec::new(),
    };
    let words = [
        (PROVIDER, Some(&sync.provider)),
        (PROJECT, sync.project.as_ref()),
        (DESTINATION, Some(&sync.destination)),
    ];
    for (key, word) in words {
        if let Some(word) = word {
            reader.add(key.to_owned(), word.text.clone().into(), word.span);
        }
    }
    if let Some((reference, span)) = &sync.connection {
        let (key, value) = reference.field();
        reader.add(key.to_owned(), value, *span);
    }
    let words = reader.found.len();
    reader.add_fields("", &sync.fields);
    reader.found[words..].sort_by(|one, other| one.path.cmp(&other.path));
    reader.found
}

struct Reader<'a> {
    sync: &'a DesiredSync,
    found: Vec<EffectiveValue>,
}

impl Reader<'_> {
    fn add(&mut self, path: String, value: Value, span: Span) {
        // The place of what no file says is the sync's key.
        let place = (span != self.sync.key).then_some(span);
        self.found.push(EffectiveValue {
            path,
            value,
            place,
            is_inherited: !self.sync.block.contains(span),
        });
    }

    fn add_fields(&mut self, above: &str, fields: &Mapping) {
        for entry in fields.entries() {
            let path = match above {
                "" => entry.key.clone(),
                above => format!("{above}.{}", entry.key),
            };
            match entry.value.as_mapping() {
                Some(inner) if !inner.is_empty() => self.add_fields(&path, inner),
                _ => self.add(path, entry.value.to_json(), entry.value.span),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::values;
    use crate::core::sources::Sources;
    use crate::core::span::Span;
    use crate::core::testing::desired_sync;

    #[test]
    fn every_value_has_its_place_and_whether_it_is_inherited() {
        let mut sync = desired_sync(
            "web",
            json!({"environment": "dev", "syncOptions": {"keySchema": "k", "x": {}}, "list": [1]}),
        );
        let mut sources = Sources::default();
        let (own, defaults) = (sources.add("own", ""), sources.add("defaults", ""));
        sync.block = Span::new(own, 10, 90);
        sync.key = Span::new(own, 10, 13);
        sync.provider.span = Span::new(defaults, 20, 30);
        if let Some(project) = &mut sync.project {
            project.span = sync.key;
        }
        sync.destination.span = Span::new(own, 0, 9);
        for entry in sync.fields.entries_mut() {
            entry.value.span = Span::new(own, 20, 30);
        }
        let found: Vec<_> = values(&sync)
            .into_iter()
            .map(|value| (value.path, value.is_inherited, value.place.is_some()))
            .collect();
        let row = |path: &str, is_inherited, has_place| (path.to_owned(), is_inherited, has_place);
        assert_eq!(
            found,
            [
                row("provider", true, true),
                row("project", false, false),
                row("destination", true, true),
                row("connection", true, true),
                row("environment", false, true),
                row("list", false, true),
                row("syncOptions.keySchema", true, true),
                row("syncOptions.x", true, true),
            ]
        );
    }
}
