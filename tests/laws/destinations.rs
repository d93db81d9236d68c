//! The laws for every bundled destination, with syncs made from its schema: whatever the file says,
//! the server fills, others store for what nobody set, or nobody knows, at any depth.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use secsync::core::plan::{Blocked, Plan, Step};
use secsync::provider::infisical;
use secsync::sandbox::{self, Catalog, Era};
use secsync::schema::store::SchemaStore;
use serde_json::{Map, Value, json};

use super::support::case::{block_on, cases};
use super::support::site::{Planned, Site, assert_all_done, summary};
use super::support::world::PROJECTS;

/// A field that the server has and no schema in use knows.
const UNKNOWN: &str = "newField";
/// A field that is sent and never given back.
const UNREAD: &str = "hint";
/// A field that only the server sets.
const FILLED: &str = "filled";

/// The objects of a sync that are a destination's own.
const OBJECTS: [&str; 2] = ["syncOptions", "destinationConfig"];

/// A bundled destination.
struct Destination {
    slug: String,
    app: String,
    /// Its schemas as the program has them.
    known: Value,
    /// Its schemas as the server has them.
    newer: Value,
}

fn destinations() -> &'static [Destination] {
    static ALL: OnceLock<Vec<Destination>> = OnceLock::new();
    ALL.get_or_init(|| {
        let store = SchemaStore::bundled();
        let slugs = store.destinations(infisical::PLATFORM).into_iter();
        slugs.map(|slug| destination(&store, slug)).collect()
    })
}

fn destination(store: &SchemaStore, slug: String) -> Destination {
    let spec = store.destination(infisical::PLATFORM, &slug);
    let key = (infisical::PLATFORM, slug.clone());
    let file = store.file(&key).unwrap().unwrap();
    let mut known: Value = serde_json::from_str(&file.to_text(&key)).unwrap();
    let mut add = |requests: &[&str], name: &str, field: Value| {
        for request in requests {
            for object in OBJECTS {
                let object = &mut known["$defs"][request]["properties"][object];
                add_everywhere(object, name, &field);
            }
        }
        known.clone()
    };
    add(
        &["create", "update"],
        UNREAD,
        json!({"type": "string", "writeOnly": true}),
    );
    let filled = json!({"type": "string", "readOnly": true, "x-server-filled": true});
    let known = add(&["read"], FILLED, filled);
    let requests = ["create", "update", "read"];
    let newer = add(&requests, UNKNOWN, json!({"type": "string"}));
    Destination {
        app: spec.unwrap().unwrap().spec.connection_app.clone().unwrap(),
        slug,
        known,
        newer,
    }
}

/// Adds a field to an object and to all within it, in every variant.
fn add_everywhere(schema: &mut Value, name: &str, field: &Value) {
    for keyword in ["items", "then"] {
        if let Some(inner) = schema.get_mut(keyword) {
            add_everywhere(inner, name, field);
        }
    }
    for keyword in ["allOf", "anyOf"] {
        let members = schema.get_mut(keyword).and_then(Value::as_array_mut);
        for member in members.into_iter().flatten() {
            add_everywhere(member, name, field);
        }
    }
    let has_variants = schema.get("allOf").is_some();
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for inner in properties.values_mut().filter(|inner| inner.is_object()) {
            add_everywhere(inner, name, field);
        }
        // The fields of an object with variants are in these.
        if !has_variants {
            properties.insert(name.to_owned(), field.clone());
        }
    }
}

/// Texts of which each form that a schema asks for has one.
const TEXTS: [&str; 15] = [
    "shop",
    "Shop_2",
    "",
    "1",
    "/shop/",
    "/shop",
    "u/shop/web/",
    "{{secretKey}}",
    "P_{{secretKey}}",
    "https://shop.example",
    "ocid1.tenancy.oc1..shop",
    "ocid1.key.oc1..shop",
    "ocid1.vault.oc1..shop",
    "shop.example",
    "0d9f9c5e-6a52-4c3f-8f0e-3f3f3a1f2b4c",
];

fn is_type(schema: &Value, name: &str) -> bool {
    match &schema["type"] {
        Value::Array(types) => types.iter().any(|known| known == name),
        known => known == name,
    }
}

/// The values of a schema that are no list and no object, each being valid.
fn plain_values(schema: &Value) -> Vec<Value> {
    if let Value::Array(values) = &schema["enum"] {
        return values.clone();
    }
    let candidates: Vec<Value> = if is_type(schema, "boolean") {
        vec![true.into(), false.into()]
    } else if is_type(schema, "integer") || is_type(schema, "number") {
        vec![0.into(), 1.into(), 7.into(), 100.into()]
    } else if schema["format"] == "uri" {
        vec!["https://shop.example".into()]
    } else {
        TEXTS.map(Value::from).into()
    };
    let validator = jsonschema::validator_for(schema).unwrap();
    let is_valid = |value: &Value| validator.is_valid(value);
    let mut valid: Vec<Value> = candidates.into_iter().filter(is_valid).collect();
    valid.truncate(4);
    assert!(!valid.is_empty(), "no value fits {schema}");
    valid
}

/// The values of a schema.
fn value(schema: &Value) -> BoxedStrategy<Value> {
    if let Value::Array(members) = &schema["anyOf"] {
        return Union::new(members.iter().map(value)).boxed();
    }
    if is_type(schema, "object") {
        return object(schema).prop_map(Value::Object).boxed();
    }
    if !is_type(schema, "array") {
        return select(plain_values(schema)).boxed();
    }
    let least = usize::from(schema["minItems"].as_u64().is_some());
    let is_unique = schema["uniqueItems"] == true;
    let without_repeats = move |mut items: Vec<Value>| {
        let mut seen = BTreeSet::new();
        items.retain(|item| !is_unique || seen.insert(item.to_string()));
        Value::Array(items)
    };
    vec(value(&schema["items"]), least..=2)
        .prop_map(without_repeats)
        .boxed()
}

/// The fields of an object: those that must be given, and some of the others.
fn object(schema: &Value) -> BoxedStrategy<Map<String, Value>> {
    let branches = schema["allOf"].as_array().cloned().unwrap_or_default();
    let common = fields(schema, None);
    if branches.is_empty() {
        return common;
    }
    let variants = branches.into_iter().flat_map(|branch| {
        let conditions = branch["if"]["properties"].as_object().unwrap();
        let (tag, condition) = conditions.iter().next().unwrap();
        let values = match &condition["const"] {
            Value::Null => condition["enum"].as_array().unwrap().clone(),
            only => vec![only.clone()],
        };
        let tag = tag.clone();
        values.into_iter().map(move |value| {
            let tag = tag.clone();
            let own = fields(&branch["then"], Some(&tag));
            own.prop_map(move |mut fields| {
                fields.insert(tag.clone(), value.clone());
                fields
            })
        })
    });
    let variants = Union::new(variants);
    (common, variants)
        .prop_map(|(mut fields, own)| {
            fields.extend(own);
            fields
        })
        .boxed()
}

fn fields(schema: &Value, without: Option<&str>) -> BoxedStrategy<Map<String, Value>> {
    let none = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&none);
    let is_required = |name: &str| {
        let mut required = schema["required"].as_array().into_iter().flatten();
        required.any(|required| required == name)
    };
    let of = |(name, field): (&String, &Value)| {
        let name = name.clone();
        let given = if is_required(&name) {
            value(field).prop_map(Some).boxed()
        } else {
            prop::option::of(value(field)).boxed()
        };
        given
            .prop_map(move |value| Some((name.clone(), value?)))
            .boxed()
    };
    let fields: Vec<_> = (properties.iter())
        // What a variant only repeats is true.
        .filter(|(name, field)| Some(name.as_str()) != without && field.is_object())
        .map(of)
        .collect();
    fields
        .prop_map(|fields| fields.into_iter().flatten().collect())
        .boxed()
}

/// What a file says of one sync.
type Content = Map<String, Value>;

/// The declarations of one sync for each destination, with what servers of an era keep.
fn contents(era: Era) -> BoxedStrategy<Vec<Content>> {
    let of = |destination: &Destination| {
        let properties = &destination.known["$defs"]["create"]["properties"];
        let [options, config] = OBJECTS.map(|key| value(&properties[key]));
        (options, config).prop_map(move |(mut options, config)| {
            if options["keySchema"]
                .as_str()
                .is_some_and(|keys| !keys.is_empty() && !keys.contains("{{secretKey}}"))
            {
                options["keySchema"] = "{{secretKey}}".into();
            }
            let imports = (options["initialSyncBehavior"].as_str())
                .is_some_and(|behavior| behavior.starts_with("import"));
            if imports || era == Era::June2025 {
                let options = options.as_object_mut().unwrap();
                options.shift_remove("includeAllSubFolders");
            }
            OBJECTS
                .into_iter()
                .map(str::to_owned)
                .zip([options, config])
                .collect()
        })
    };
    let all: Vec<_> = destinations().iter().map(of).collect();
    all.boxed()
}

fn text(contents: &[Content], ignored: &BTreeSet<String>) -> String {
    let syncs: Map<String, Value> = destinations()
        .iter()
        .zip(contents)
        .map(|(destination, content)| {
            let mut sync = json!({
                "destination": destination.slug, "connection": destination.app,
                "environment": "dev", "secretPath": "/",
            });
            if !ignored.is_empty() {
                sync["ignoreRemote"] = json!(ignored);
            }
            sync.as_object_mut().unwrap().extend(content.clone());
            (destination.slug.clone(), sync)
        })
        .collect();
    json!({"provider": "infisical", "project": PROJECTS[0].slug, "syncs": syncs}).to_string()
}

async fn site(era: Era) -> Site {
    let apps: BTreeSet<&str> = (destinations().iter())
        .map(|destination| destination.app.as_str())
        .collect();
    let world = json!({
        "enterprise": true,
        "projects": PROJECTS.map(|project| json!({
            "id": project.id, "slug": project.slug, "name": project.name,
            "environments": [{"slug": "dev"}],
        })),
        "connections": apps.iter().map(|app| json!({"app": app, "name": app})).collect::<Vec<_>>(),
    });
    let newer = destinations().iter().map(|one| one.newer.clone());
    let site = Site::with(sandbox::SandboxOptions {
        era,
        world: serde_json::from_value(world).unwrap(),
        catalog: Arc::new(Catalog::from_schemas(newer)),
        ..Site::usual()
    })
    .await;
    let schemas = site.root().join(".secsync/schemas/infisical");
    std::fs::create_dir_all(&schemas).unwrap();
    for destination in destinations() {
        let path = schemas.join(format!("{}.json", destination.slug));
        std::fs::write(path, destination.known.to_string()).unwrap();
    }
    site
}

/// What the web page and Terraform store for an option that nobody set.
fn add_blanks(schema: &Value, value: &mut Value) {
    let Value::Object(object) = value else {
        return;
    };
    let none = Map::new();
    let branches = schema["allOf"].as_array().into_iter().flatten();
    let taken = branches.filter(|branch| {
        let conditions = &branch["if"];
        let validator = jsonschema::validator_for(conditions).unwrap();
        validator.is_valid(&Value::Object(object.clone()))
    });
    let objects: Vec<&Value> = std::iter::once(schema)
        .chain(taken.map(|branch| &branch["then"]))
        .collect();
    for (name, field) in objects
        .into_iter()
        .flat_map(|schema| schema["properties"].as_object().unwrap_or(&none))
        .filter(|(_, field)| field.is_object())
    {
        if let Some(inner) = object.get_mut(name) {
            add_blanks(field, inner);
        } else if field.get("default").is_none() && !is_type(field, "object") {
            let blank = [Value::from(false), Value::from("")];
            let validator = jsonschema::validator_for(field).unwrap();
            let blank = blank.into_iter().find(|blank| validator.is_valid(blank));
            object.extend(blank.map(|blank| (name.clone(), blank)));
        }
    }
}

/// Sets the field that no schema in use knows in each object, and in those that are not declared.
fn add_unknown(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(object) => {
            let none = Map::new();
            for (name, field) in schema["properties"].as_object().unwrap_or(&none) {
                if is_type(field, "object") {
                    object.entry(name.clone()).or_insert_with(|| json!({}));
                }
                if let Some(inner) = object.get_mut(name) {
                    add_unknown(field, inner);
                }
            }
            object.insert(UNKNOWN.to_owned(), "kept".into());
        }
        Value::Array(items) => {
            for item in items.iter_mut().filter(|item| item.is_object()) {
                add_unknown(&schema["items"], item);
            }
        }
        _ => {}
    }
}

/// Sends each sync whole as somebody else would, with a change.
async fn others_send(site: &Site, contents: &[Content], change: impl Fn(&Value, &mut Value)) {
    let infisical = site.infisical();
    let remote = site.remote().await;
    for (destination, content) in destinations().iter().zip(contents) {
        let found = &remote[&(PROJECTS[0].id.to_owned(), destination.slug.clone())];
        let mut body = content.clone();
        for object in OBJECTS {
            let schema = &destination.known["$defs"]["update"]["properties"][object];
            change(schema, &mut body[object]);
        }
        let sent = infisical.update(&destination.slug, &found.id, &body).await;
        sent.unwrap_or_else(|error| panic!("{error:?}\n{body:?}"));
    }
}

#[track_caller]
fn assert_empty(plan: &Plan) {
    assert_eq!(summary(plan), Vec::<String>::new(), "the plan is not empty");
}

async fn converge(site: &Site) -> Planned {
    let (planned, report) = site.converge().await;
    assert_all_done(&planned, &report);
    let is_blocked = |step: &Step| matches!(step, Step::Blocked { .. });
    assert!(
        !planned
            .plan
            .actions
            .iter()
            .any(|action| is_blocked(&action.step)),
        "{:#?}",
        summary(&planned.plan)
    );
    assert_empty(&site.plan().await.plan);
    planned
}

async fn check(era: Era, [first, second]: [Vec<Content>; 2]) {
    let mut site = site(era).await;
    let nothing = BTreeSet::new();
    site.write_file(&text(&first, &nothing));
    let planned = converge(&site).await;
    assert_eq!(planned.plan.actions.len(), destinations().len());
    // What means the same as nothing is no difference, and options come and go beside it.
    others_send(&site, &first, add_blanks).await;
    assert_empty(&site.plan().await.plan);
    site.write_file(&text(&second, &nothing));
    converge(&site).await;
    // What nobody knows is no difference either, and named.
    others_send(&site, &second, add_unknown).await;
    let plan = site.plan().await.plan;
    assert_empty(&plan);
    let unknown: BTreeSet<String> = (plan.unknown.iter())
        .map(|unknown| unknown.field.clone())
        .collect();
    for object in OBJECTS {
        assert!(
            unknown.contains(&format!("{object}.{UNKNOWN}")),
            "{unknown:?}"
        );
    }
    let left_out = site.adopt("include: [syncs]\n", false).await;
    assert!(left_out.is_empty(), "{left_out:?}");
    assert_empty(&site.plan().await.plan);
    // It is never erased, and what is ignored is kept.
    site.write_file(&text(&first, &nothing));
    for action in &site.plan().await.plan.actions {
        let Step::Blocked { reason, .. } = &action.step else {
            panic!("{action:#?}");
        };
        assert!(matches!(reason, Blocked::UnknownFields(_)), "{action:#?}");
    }
    site.write_file(&text(&first, &unknown));
    converge(&site).await;
    let remote = site.remote().await;
    for (key, sync) in &remote {
        for object in OBJECTS {
            assert_eq!(sync.fields[object][UNKNOWN], "kept", "{key:?} {object}");
        }
    }
}

fn two_contents(era: Era) -> impl Strategy<Value = [Vec<Content>; 2]> {
    let one = contents(era);
    [one.clone(), one]
}

proptest! {
    // A case has a sync for each destination and takes seconds: it is not made smaller.
    #![proptest_config(ProptestConfig { max_shrink_iters: 0, ..cases(1) })]

    #[test]
    fn every_destination_converges_and_is_exported_as_it_is_today(all in two_contents(Era::Today)) {
        block_on(check(Era::Today, all));
    }

    #[test]
    fn every_destination_converges_and_is_exported_as_it_is_in_2025(
        all in two_contents(Era::June2025)
    ) {
        block_on(check(Era::June2025, all));
    }
}
