//! A schema as the plain data that merging, comparing and planning work with.

use serde_json::Value;

use super::keyword::{
    self, Branch, DISPLAY_NAME, MERGED_BY_UPDATE, NOT_IDENTIFYING, READ_ONLY, SERVER_FILLED,
    TAKES_IN_ALL, WITHOUT_EFFECT, WRITE_ONLY, branch, has_type, is_marked, members,
};
use super::schema_file::{SchemaFile, title_from_slug};
use crate::core::platform::Platform;
use crate::core::spec::{
    Access, DestinationSpec, FieldSpec, Identifies, ObjectSpec, Support, UnionSpec, VariantSpec,
};

/// How many cyclic references are followed before an object counts as open.
const MAX_REFERENCES: usize = 8;

/// The destination that a schema file describes, with what only its answers have. `create` and
/// `update` are the schemas of the two requests; `update` is null without such a request.
pub fn destination(
    platform: Platform,
    slug: &str,
    file: &SchemaFile,
    create: &Value,
    update: &Value,
) -> DestinationSpec {
    DestinationSpec {
        slug: slug.to_owned(),
        name: file.title.clone().unwrap_or_else(|| title_from_slug(slug)),
        // An app is most often named like its destination.
        connection_app: platform.has_connections().then(|| {
            file.connection_app
                .clone()
                .unwrap_or_else(|| slug.to_owned())
        }),
        can_import: file.can_import.unwrap_or(false),
        create: match file.standalone("read") {
            Some(read) => object(create).with_fields_of_the_server(&object(&read)),
            None => object(create),
        },
        update: if update.is_null() {
            ObjectSpec::default()
        } else {
            object(update)
        },
    }
}

/// The fields of an object's schema.
pub fn object(schema: &Value) -> ObjectSpec {
    Reader { root: schema }.object(schema, 0)
}

struct Reader<'s> {
    root: &'s Value,
}

impl Reader<'_> {
    fn object(&self, schema: &Value, depth: usize) -> ObjectSpec {
        let (schema, depth) = self.follow(schema, depth);
        if depth > MAX_REFERENCES {
            return ObjectSpec {
                open: true,
                ..ObjectSpec::default()
            };
        }
        if schema.get("anyOf").is_some() {
            return self.untagged(members(schema, "anyOf"), depth);
        }
        let mut spec = ObjectSpec {
            fields: self.fields(schema, depth, None),
            union: None,
            open: !keyword::is_closed(schema),
        };
        let mut branches_are_open = false;
        for member in members(schema, "allOf") {
            match branch(member) {
                Some(branch) => {
                    branches_are_open |= !keyword::is_closed(branch.then);
                    self.add_variants(&mut spec, &branch, depth);
                }
                None => merge(&mut spec, self.object(member, depth + 1)),
            }
        }
        if spec.union.is_some() {
            spec.open = branches_are_open;
        }
        spec
    }

    fn add_variants(&self, spec: &mut ObjectSpec, branch: &Branch<'_>, depth: usize) {
        let fields = self.fields(branch.then, depth, Some(branch.tag));
        let union = spec.union.get_or_insert_with(|| UnionSpec {
            tag: branch.tag.to_owned(),
            variants: Vec::new(),
        });
        for value in branch.values.iter().filter_map(Value::as_str) {
            union.variants.push(VariantSpec {
                value: value.to_owned(),
                fields: fields.clone(),
            });
        }
    }

    /// Objects that no tag distinguishes: a field is required only if all of them require it.
    fn untagged(&self, members: &[Value], depth: usize) -> ObjectSpec {
        let mut merged: Option<ObjectSpec> = None;
        let objects: Vec<ObjectSpec> = members
            .iter()
            .filter(|member| self.is_object(member, depth))
            .map(|member| self.object(member, depth + 1))
            .collect();
        for mut next in objects {
            if let Some(spec) = &mut merged {
                for field in &mut spec.fields {
                    let other = next.fields.iter().find(|other| other.name == field.name);
                    field.required &= other.is_some_and(|other| other.required);
                }
                for field in &mut next.fields {
                    field.required = false;
                }
                merge(spec, next);
            } else {
                merged = Some(next);
            }
        }
        merged.unwrap_or_default()
    }

    fn fields(&self, schema: &Value, depth: usize, without: Option<&str>) -> Vec<FieldSpec> {
        keyword::properties(schema)
            .into_iter()
            .flatten()
            .filter(|(name, _)| Some(name.as_str()) != without)
            .map(|(name, field)| FieldSpec {
                name: name.clone(),
                required: keyword::requires(schema, name),
                nullable: self.allows_null(field, depth),
                default: field.get("default").cloned(),
                blank: self.blank(field, depth),
                access: access(field),
                merged: is_marked(field, MERGED_BY_UPDATE),
                identifies: identifies(field),
                values: self.values(field, depth),
                support: support(field),
                object: self
                    .is_object(field, depth)
                    .then(|| self.object(field, depth + 1)),
                items: self.items(field, depth),
            })
            .collect()
    }

    /// The fields of a list's items, if they are objects.
    fn items(&self, schema: &Value, depth: usize) -> Option<ObjectSpec> {
        let (schema, depth) = self.follow(schema, depth);
        if depth > MAX_REFERENCES {
            return None;
        }
        match schema.get("items") {
            Some(items) => self
                .is_object(items, depth)
                .then(|| self.object(items, depth + 1)),
            None => {
                (members(schema, "anyOf").iter()).find_map(|member| self.items(member, depth + 1))
            }
        }
    }

    fn values(&self, schema: &Value, depth: usize) -> Option<Vec<Value>> {
        let (schema, _) = self.follow(schema, depth);
        keyword::values(schema).map(<[Value]>::to_vec)
    }

    fn is_object(&self, schema: &Value, depth: usize) -> bool {
        let (schema, depth) = self.follow(schema, depth);
        if depth > MAX_REFERENCES {
            return false;
        }
        has_type(schema, "object")
            || members(schema, "anyOf")
                .iter()
                .any(|member| self.is_object(member, depth + 1))
    }

    fn allows_null(&self, schema: &Value, depth: usize) -> bool {
        let (schema, depth) = self.follow(schema, depth);
        if depth > MAX_REFERENCES {
            return true;
        }
        match schema {
            Value::Bool(allows_all) => *allows_all,
            _ if schema.get("anyOf").is_some() => members(schema, "anyOf")
                .iter()
                .any(|member| self.allows_null(member, depth + 1)),
            // Without a type, a list of values decides.
            _ if schema.get("type").is_none() => {
                keyword::values(schema).is_none_or(|values| values.contains(&Value::Null))
            }
            _ => has_type(schema, "null"),
        }
    }

    /// The value of a boolean or a string without a default that means the same as none.
    fn blank(&self, schema: &Value, depth: usize) -> Option<Value> {
        let (schema, _) = self.follow(schema, depth);
        match schema.get("default") {
            Some(default) if !default.is_null() => None,
            _ if has_type(schema, "boolean") => Some(false.into()),
            _ if has_type(schema, "string") => Some("".into()),
            _ => None,
        }
    }

    fn follow<'a>(&'a self, schema: &'a Value, depth: usize) -> (&'a Value, usize) {
        let mut schema = schema;
        let mut depth = depth;
        while let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            depth += 1;
            let target = reference
                .strip_prefix('#')
                .and_then(|pointer| self.root.pointer(pointer));
            match target {
                Some(target) if depth <= MAX_REFERENCES => schema = target,
                _ => return (schema, MAX_REFERENCES + 1),
            }
        }
        (schema, depth)
    }
}

fn access(field: &Value) -> Access {
    let marks = [
        (SERVER_FILLED, Access::ServerFilled),
        (READ_ONLY, Access::ReadOnly),
        (WRITE_ONLY, Access::WriteOnly),
    ];
    let found = marks.iter().find(|(mark, _)| is_marked(field, mark));
    found.map_or(Access::BothWays, |(_, access)| *access)
}

fn support(field: &Value) -> Support {
    if is_marked(field, WITHOUT_EFFECT) {
        Support::WithoutEffect
    } else {
        Support::Full
    }
}

fn identifies(field: &Value) -> Identifies {
    if is_marked(field, DISPLAY_NAME) || is_marked(field, NOT_IDENTIFYING) {
        return Identifies::Nothing;
    }
    match field.get(TAKES_IN_ALL).and_then(Value::as_str) {
        Some(all) => Identifies::TakenInBy(all.to_owned()),
        None => Identifies::ByValue,
    }
}

fn merge(spec: &mut ObjectSpec, other: ObjectSpec) {
    for field in other.fields {
        match spec.fields.iter_mut().find(|old| old.name == field.name) {
            Some(old) => {
                old.required |= field.required;
                if old.values != field.values {
                    old.values = None;
                }
            }
            None => spec.fields.push(field),
        }
    }
    if spec.union.is_none() {
        spec.union = other.union;
    }
    spec.open |= other.open;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::object;

    #[test]
    fn fields_say_required_nullable_default_and_nesting() {
        let spec = object(&json!({
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "note": {"type": ["string", "null"]},
                "auto": {"type": "boolean", "default": true},
                "options": {"type": "object", "properties": {"key": {"type": "string"}}, "additionalProperties": false},
                "any": true,
            },
            "required": ["name", "options"],
            "additionalProperties": false,
        }));
        assert!(!spec.open);
        let field = |name: &str| spec.fields.iter().find(|field| field.name == name).unwrap();
        assert!(field("name").required && !field("name").nullable);
        assert!(field("note").nullable && !field("note").required);
        assert_eq!(field("auto").default, Some(json!(true)));
        let options = field("options").object.as_ref().unwrap();
        assert!(!options.open && options.fields[0].name == "key");
        assert!(field("any").nullable && field("any").object.is_none());
    }

    #[test]
    fn if_then_branches_become_the_variants_of_a_union() {
        let spec = object(&json!({
            "type": "object",
            "properties": {"scope": {"type": "string", "enum": ["a", "b", "c"]}},
            "required": ["scope"],
            "allOf": [
                {"if": {"properties": {"scope": {"const": "a"}}}, "then": {"properties": {"scope": true, "x": {"type": "string"}}, "required": ["x"], "additionalProperties": false}},
                {"if": {"properties": {"scope": {"enum": ["b", "c"]}}}, "then": {"properties": {"scope": true}, "additionalProperties": false}},
            ],
        }));
        let union = spec.union.as_ref().unwrap();
        assert_eq!(union.tag, "scope");
        let names: Vec<&str> = union
            .variants
            .iter()
            .map(|variant| variant.value.as_str())
            .collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert!(union.variants[0].fields[0].required && union.variants[1].fields.is_empty());
        assert!(!spec.open);
        assert!(
            spec.field("x", json!({"scope": "a"}).as_object().unwrap())
                .is_some()
        );
        assert!(
            spec.field("x", json!({"scope": "b"}).as_object().unwrap())
                .is_none()
        );
    }

    #[test]
    fn objects_without_a_tag_require_what_all_of_them_require() {
        let spec = object(&json!({"anyOf": [
            {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": ["a", "b"]},
            {"type": "object", "properties": {"a": {"type": "string"}, "c": {"type": "string"}}, "required": ["a", "c"]},
        ]}));
        let required: Vec<(&str, bool)> = spec
            .fields
            .iter()
            .map(|field| (field.name.as_str(), field.required))
            .collect();
        assert_eq!(required, [("a", true), ("b", false), ("c", false)]);
    }

    #[test]
    fn a_cyclic_schema_ends_in_an_open_object() {
        let spec = object(&json!({
            "$ref": "#/$defs/Tree",
            "$defs": {"Tree": {"type": "object", "properties": {"child": {"$ref": "#/$defs/Tree"}}, "additionalProperties": false}},
        }));
        let mut depth = 0;
        let mut next = Some(&spec);
        while let Some(object) = next {
            depth += 1;
            next = object
                .fields
                .first()
                .and_then(|field| field.object.as_ref());
        }
        assert!((2..20).contains(&depth), "{depth}");
    }
}
