//! The schemas of saved plans and of the documents for machines, against what is really written.

use serde_json::{Value, json};

use super::harness::{Server, Tree, payments, world};

/// The schema of what a program reads: it may contain more than that program knows.
const DOCUMENTS: &str = include_str!("../../schemas/plan.json");
/// The schema of what only secsync reads.
const PLAN_FILE: &str = include_str!("../../schemas/plan-file.json");

/// A schema that refuses fields that it does not list.
fn closed(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.values_mut().for_each(closed);
            let is_listing = fields.get("properties").is_some_and(Value::is_object)
                && fields.get("type") == Some(&json!("object"));
            if is_listing {
                fields.insert("additionalProperties".to_owned(), false.into());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(closed),
        _ => {}
    }
}

#[track_caller]
fn assert_fits(schema: &str, document: &Value) {
    let mut schema: Value = serde_json::from_str(schema).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    closed(&mut schema);
    let validator = jsonschema::validator_for(&schema).unwrap();
    let wrong: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{}\n{document:#}", wrong.join("\n"));
}

fn read(tree: &Tree, path: &str) -> Value {
    serde_json::from_str(&tree.read(path)).unwrap()
}

/// Every kind of action.
fn every_action() -> (Tree, Server) {
    let tree = Tree::new(&[("secsync.yaml", "include: [syncs]\nprotect: [spared]")]);
    let server = Server::failing(&world(), &["create:new=400@1", "sync:bad=fail"]);
    let checkly = "destination: checkly\nconnection: checkly-main\ndestinationConfig: { app: null, org: null, scope: null, accountId: '1', accountName: acme }";
    let before = [
        ("api", ""),
        ("bad", ""),
        ("forgotten", ""),
        ("gone", ""),
        ("kept", ""),
        ("moving", ""),
        ("named", ""),
        ("spared", ""),
    ];
    tree.write("syncs/payments.yaml", payments(&before));
    let apply = |arguments: &str| tree.secsync(arguments).on(&server).run();
    apply("apply --auto-approve").exits_with(0);
    let after = [
        (
            "api",
            "secretPath: /api\nisAutoSyncEnabled: false\ntrigger: always",
        ),
        ("bad", ""),
        ("gone", "ensure: absent\nonDelete: remove-secrets"),
        ("kept", "ensure: absent\nprotect: true"),
        ("moving", checkly),
        ("new", ""),
        ("renamed", "renamedFrom: named"),
    ];
    tree.write("syncs/payments.yaml", payments(&after));
    let started =
        "provider: enkryptify\nproject: prj_web\nsyncs:\n  web: { destination: vercel }\n";
    tree.write("syncs/web.yaml", started);
    apply("state init").exits_with(0);
    (tree, server)
}

#[test]
fn every_document_about_a_plan_fits_its_schema() {
    let (tree, server) = every_action();
    let run = |arguments: &str| tree.secsync(arguments).on(&server).run();
    let planned = run("plan --prune --out plan.json -o json")
        .exits_with(0)
        .json();
    assert_eq!(planned["kept"].as_array().unwrap().len(), 1);
    assert_fits(DOCUMENTS, &planned);
    assert_fits(PLAN_FILE, &read(&tree, "plan.json"));
    let words: Vec<&Value> = planned["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|action| &action["action"])
        .collect();
    for word in [
        "create", "update", "replace", "delete", "start", "trigger", "blocked",
    ] {
        assert!(words.contains(&&json!(word)), "{word}: {words:?}");
    }
    run("plan --shard 1/1 --out unmanaged.json").exits_with(0);
    assert_fits(PLAN_FILE, &read(&tree, "unmanaged.json"));
    assert_fits(DOCUMENTS, &run("plan -o json").json());
    assert_fits(
        DOCUMENTS,
        &run("show plan.json unmanaged.json missing.json -o json").json(),
    );
    let applied = run("apply plan.json --wait -o json").json();
    assert_eq!(applied["results"].as_array().unwrap().len(), words.len());
    assert_fits(DOCUMENTS, &applied);
    // One was refused, and is still to do.
    let again = run("apply plan.json -o json").json();
    assert!(!again["alreadyDone"].as_array().unwrap().is_empty());
    assert_fits(DOCUMENTS, &again);
    let applied_already = run("apply plan.json -o json").exits_with(6).json();
    assert_fits(DOCUMENTS, &applied_already);
    assert_fits(DOCUMENTS, &run("apply --auto-approve -o json").json());
    tree.write("syncs/payments.yaml", payments(&[("api", "unknown: 1")]));
    assert_fits(DOCUMENTS, &run("plan -o json").exits_with(3).json());
}
