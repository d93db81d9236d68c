//! Where each value of a sync comes from: its own block, or a default.

use serde_json::Value;

use super::desired::{ConnectionRef, DesiredSync};
use super::span::Span;
use super::value::Mapping;

/// One effective value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    /// The field, with dots.
    pub path: String,
    /// The value as it counts, with variables put in.
    pub value: Value,
    /// Where it stands; none for what the environment gives.
    pub place: Option<Span>,
    /// Whether it stands outside of the sync's own block.
    pub is_inherited: bool,
}

/// The values of a sync: first what secsync itself needs to know, then the platform's own fields,
/// ordered by path. Maps are told value by value.
pub fn of(sync: &DesiredSync) -> Vec<Origin> {
    let mut origins = Origins {
        sync,
        found: Vec::new(),
    };
    let words = [
        ("provider", Some(&sync.provider)),
        ("project", sync.project.as_ref()),
        ("destination", Some(&sync.destination)),
    ];
    for (key, word) in words {
        if let Some(word) = word {
            origins.add(key.to_owned(), word.text.clone().into(), word.span);
        }
    }
    if let Some((reference, span)) = &sync.connection {
        let (key, text) = match reference {
            ConnectionRef::Name(name) => ("connection", name),
            ConnectionRef::Id(id) => ("connectionId", id),
        };
        origins.add(key.to_owned(), text.clone().into(), *span);
    }
    let words = origins.found.len();
    origins.add_fields("", &sync.fields);
    origins.found[words..].sort_by(|one, other| one.path.cmp(&other.path));
    origins.found
}

struct Origins<'a> {
    sync: &'a DesiredSync,
    found: Vec<Origin>,
}

impl Origins<'_> {
    fn add(&mut self, path: String, value: Value, span: Span) {
        let block = self.sync.block;
        let is_own =
            span.source == block.source && block.start <= span.start && span.end <= block.end;
        // The place of what no file says is the sync's key.
        let place = (span != self.sync.key).then_some(span);
        self.found.push(Origin {
            path,
            value,
            place,
            is_inherited: !is_own,
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

    use super::of;
    use crate::core::span::{Sources, Span};
    use crate::core::testing::desired_sync;

    #[test]
    fn every_value_is_told_with_its_place_and_whether_it_is_inherited() {
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
        let told: Vec<_> = of(&sync)
            .into_iter()
            .map(|origin| (origin.path, origin.is_inherited, origin.place.is_some()))
            .collect();
        let row = |path: &str, is_inherited, has_place| (path.to_owned(), is_inherited, has_place);
        assert_eq!(
            told,
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
