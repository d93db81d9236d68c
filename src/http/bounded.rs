//! JSON of servers, read within a limit of values: a value takes up to a hundred times the memory
//! of its text.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// How many values one answer may hold, or one item of a list that is read item by item.
pub const MOST_VALUES: usize = 1_000_000;

/// So many fields an item has, or fewer.
const USUAL_FIELDS: usize = 40;

/// So many entries an object in a field has, or fewer.
const USUAL_ENTRIES: usize = 8;

const TOO_MANY: &str = "too many values";

/// Why a text is not read.
#[derive(Debug)]
pub enum Unread<E> {
    /// It is not JSON, not the object that was asked for, or holds too many values.
    Json(serde_json::Error),
    /// An item was refused.
    Item(E),
}

/// A JSON text of at most so many values.
pub fn value(text: &[u8], most: usize) -> Result<Value, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let left = Cell::new(most);
    let value = Bounded(&left).deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// The fields of an object, as its text has them: each key is looked for and not hashed. A key can
/// be there twice, and then the last one counts.
#[derive(Debug, PartialEq)]
pub struct Fields<'t>(Vec<(Cow<'t, str>, Value)>);

impl Fields<'_> {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let mut fields = self.0.iter().rev();
        fields.find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Takes the value of a key, and leaves null.
    pub fn take(&mut self, key: &str) -> Option<Value> {
        let mut fields = self.0.iter_mut().rev();
        let (_, value) = fields.find(|(name, _)| name == key)?;
        Some(std::mem::take(value))
    }

    /// The fields but for some.
    pub fn without(self, keys: &[&str]) -> Map<String, Value> {
        let mut rest = self.0;
        rest.retain(|(name, _)| !keys.contains(&name.as_ref()));
        // From a list of known length, so that no room is kept for more.
        let rest = rest.into_iter();
        rest.map(|(name, value)| (name.into_owned(), value))
            .collect()
    }
}

impl From<Map<String, Value>> for Fields<'_> {
    fn from(object: Map<String, Value>) -> Self {
        let fields = object.into_iter();
        Self(fields.map(|(key, value)| (key.into(), value)).collect())
    }
}

/// Reads an object with a list of objects in one of its fields, and takes each item as soon as it is
/// read, so that the whole text is never held as values. Returns the other fields; `None` if the list
/// is missing.
pub fn items<'t, E>(
    text: &'t [u8],
    list: &str,
    take: impl FnMut(Fields<'t>) -> Result<(), E>,
) -> Result<Option<Map<String, Value>>, Unread<E>> {
    let mut refused = None;
    let mut envelope = Envelope {
        list,
        take,
        refused: &mut refused,
    };
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = reader.deserialize_map(&mut envelope);
    let read = read.and_then(|fields| reader.end().map(|()| fields));
    match (read, refused) {
        (_, Some(error)) => Err(Unread::Item(error)),
        (read, None) => read.map_err(Unread::Json),
    }
}

/// Whether a text is JSON of another form than was asked for.
pub fn is_of_another_form(error: &serde_json::Error) -> bool {
    error.is_data() && !error.to_string().starts_with(TOO_MANY)
}

/// A value that takes from what is left.
#[derive(Clone, Copy)]
struct Bounded<'l>(&'l Cell<usize>);

impl Bounded<'_> {
    fn count<E: Error>(self) -> Result<(), E> {
        let left = self.0.get().checked_sub(1);
        self.0.set(left.ok_or_else(|| E::custom(TOO_MANY))?);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        self.count()?;
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut entries = Vec::with_capacity(USUAL_ENTRIES);
        while let Some(key) = fields.next_key::<String>()? {
            entries.push((key, fields.next_value_seed(self)?));
        }
        // From a list of known length, so that no room is kept for more.
        Ok(Value::Object(entries.into_iter().collect()))
    }
}

/// An object that takes from what is left.
struct BoundedFields<'l>(Bounded<'l>);

/// A key, borrowed from the text if it is spelled without escapes.
#[derive(Deserialize)]
struct Key<'t>(#[serde(borrow)] Cow<'t, str>);

impl<'de> DeserializeSeed<'de> for BoundedFields<'_> {
    type Value = Fields<'de>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Fields<'de>, D::Error> {
        self.0.count()?;
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for BoundedFields<'_> {
    type Value = Fields<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Vec::with_capacity(USUAL_FIELDS);
        while let Some(Key(key)) = object.next_key()? {
            fields.push((key, object.next_value_seed(self.0)?));
        }
        Ok(Fields(fields))
    }
}

struct Envelope<'e, E, F> {
    list: &'e str,
    take: F,
    refused: &'e mut Option<E>,
}

impl<'de, E, F: FnMut(Fields<'de>) -> Result<(), E>> Visitor<'de> for &mut Envelope<'_, E, F> {
    type Value = Option<Map<String, Value>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "an object with a list of {}", self.list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let left = Cell::new(MOST_VALUES);
        let mut others = Map::new();
        let mut has_list = false;
        while let Some(key) = fields.next_key::<String>()? {
            if key == self.list {
                has_list = true;
                fields.next_value_seed(Items(self))?;
            } else {
                others.insert(key, fields.next_value_seed(Bounded(&left))?);
            }
        }
        Ok(has_list.then_some(others))
    }
}

struct Items<'i, 'e, E, F>(&'i mut Envelope<'e, E, F>);

impl<'de, E, F: FnMut(Fields<'de>) -> Result<(), E>> DeserializeSeed<'de> for Items<'_, '_, E, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'de, E, F: FnMut(Fields<'de>) -> Result<(), E>> Visitor<'de> for Items<'_, '_, E, F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a list of {}", self.0.list)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        loop {
            let left = Cell::new(MOST_VALUES);
            let Some(item) = items.next_element_seed(BoundedFields(Bounded(&left)))? else {
                return Ok(());
            };
            if let Err(error) = (self.0.take)(item) {
                *self.0.refused = Some(error);
                return Err(A::Error::custom("an item was refused"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Unread, items, value};

    #[test]
    fn a_value_is_the_same_as_without_a_limit() {
        let text =
            r#"{"a":[1,-2,3.5,1e300,"ü\n",null,true],"b":{"c":{}},"b":18446744073709551615}"#;
        let whole: Value = serde_json::from_str(text).unwrap();
        assert_eq!(value(text.as_bytes(), 100).unwrap(), whole);
        assert!(value(b"{} x", 100).is_err());
        assert!(value(b"[1", 100).unwrap_err().is_eof());
    }

    #[test]
    fn more_values_than_the_limit_are_refused() {
        assert!(value(b"[1,2,3]", 4).is_ok());
        assert!(value(b"[1,2,3]", 3).is_err());
    }

    #[test]
    fn items_are_taken_one_by_one_and_the_other_fields_are_kept() {
        let mut taken = Vec::new();
        let text = br#"{"totalCount": 2, "syncs": [{"a": 1}, {"b": 2, "a": 7, "b\u0062": 3}], "next": null}"#;
        let others = items(text, "syncs", |item| {
            taken.push(item);
            Ok::<(), ()>(())
        });
        assert_eq!(
            Value::from(others.unwrap().unwrap()),
            json!({"totalCount": 2, "next": null})
        );
        let taken: Vec<Value> = taken
            .into_iter()
            .map(|fields| Value::Object(fields.without(&["b"])))
            .collect();
        assert_eq!(taken, [json!({"a": 1}), json!({"a": 7, "bb": 3})]);
    }

    #[test]
    fn the_last_of_a_key_counts() {
        let mut taken = Vec::new();
        let text = br#"{"syncs": [{"a": 1, "b": 2, "a": 3}]}"#;
        let read = items(text, "syncs", |mut item| {
            taken.extend([item.get("a").cloned(), item.take("a"), item.take("c")]);
            Ok::<(), ()>(())
        });
        assert!(read.is_ok());
        assert_eq!(taken, [Some(json!(3)), Some(json!(3)), None]);
    }

    #[test]
    fn a_refused_item_ends_the_reading() {
        let mut count = 0;
        let read = items(br#"{"syncs": [{}, {}, {}]}"#, "syncs", |_| {
            count += 1;
            if count == 2 { Err("no") } else { Ok(()) }
        });
        assert!(matches!(read, Err(Unread::Item("no"))));
        assert_eq!(count, 2);
    }

    #[test]
    fn a_missing_list_and_one_of_another_type_are_told_apart() {
        let read = |text: &[u8]| items(text, "syncs", |_| Ok::<(), ()>(()));
        assert!(matches!(read(b"{}"), Ok(None)));
        assert!(matches!(read(br#"{"syncs": 7}"#), Err(Unread::Json(_))));
        assert!(
            matches!(read(br#"{"syncs": [7]}"#), Err(Unread::Json(error)) if super::is_of_another_form(&error))
        );
        assert!(
            matches!(read(br#"{"syncs": [{"a": 7"#), Err(Unread::Json(error)) if error.is_eof())
        );
        assert!(matches!(read(b"[]"), Err(Unread::Json(_))));
    }
}
