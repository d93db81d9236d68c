//! Fields further inside: of objects that no file declares, and of the items of lists.

use std::sync::Arc;

use super::harness::{Output, Server, Tree, repository, world};
use secsync::provider::infisical;
use secsync::sandbox::Catalog;
use secsync::schema::store::SchemaStore;
use serde_json::{Value, json};

const PULLED: &str = ".secsync/schemas/infisical";

const OCTOPUS: &str = "\
provider: infisical
project: payments
syncs:
  web:
    destination: octopus-deploy
    connection: octopus
    environment: prod
    secretPath: /
    IGNORED
    syncOptions: { initialSyncBehavior: overwrite-destination }
    destinationConfig: { projectId: p, scope: project, spaceId: s, SCOPES }
";

const AWS: &str = "\
provider: infisical
project: payments
syncs:
  web:
    destination: aws-secrets-manager
    connection: aws
    environment: prod
    secretPath: /
    IGNORED
    syncOptions: { initialSyncBehavior: overwrite-destination, tags: [TAGS] }
    destinationConfig: { mappingBehavior: one-to-one, region: us-east-1 }
";

const HUMANITEC: &str = "\
provider: infisical
project: payments
syncs:
  web:
    destination: humanitec
    connection: humanitec-main
    environment: prod
    secretPath: /
    IGNORED
    syncOptions: { initialSyncBehavior: overwrite-destination }
    destinationConfig: { scope: application, org: acme, app: web }
";

/// A destination's schema after a change of one of its parts.
fn schema(slug: &str, places: &[&str], change: impl Fn(&mut Value)) -> Value {
    let text = repository(&format!("schemas/infisical/{slug}.json"));
    let mut schema: Value = serde_json::from_str(&text).unwrap();
    for place in places {
        for request in ["create", "update", "read"] {
            change(
                schema
                    .pointer_mut(&format!("/$defs/{request}/properties/{place}"))
                    .unwrap(),
            );
        }
    }
    schema
}

/// A server on which one destination has another schema.
fn server(slug: &str, other: &Value) -> Server {
    let store = SchemaStore::bundled();
    let slugs = store.destinations(infisical::PLATFORM);
    let schemas = slugs.into_iter().map(|own| {
        if own == slug {
            return other.clone();
        }
        serde_json::from_str(&repository(&format!("schemas/infisical/{own}.json"))).unwrap()
    });
    let catalog = Arc::new(Catalog::from_schemas(schemas));
    let mut world = world();
    let connections = world["connections"].as_array_mut().unwrap();
    connections.push(json!({"app": "octopus-deploy", "name": "octopus"}));
    connections.push(json!({"app": "aws", "name": "aws"}));
    Server::with(&world, |options| options.catalog = catalog)
}

struct Site {
    server: Server,
    tree: Tree,
    slug: &'static str,
    file: &'static str,
    newer: Value,
}

impl Site {
    /// A server whose schema of a destination a fresh program does not know.
    fn new(slug: &'static str, file: &'static str, newer: Value) -> Self {
        Self {
            server: server(slug, &newer),
            tree: Tree::new(&[("syncs/web.yaml", "")]),
            slug,
            file,
            newer,
        }
    }

    fn run(&self, arguments: &str, exit: i32) -> Output {
        self.tree
            .secsync(arguments)
            .on(&self.server)
            .run()
            .exits_with(exit)
    }

    fn declare(&self, changes: &[(&str, &str)]) {
        let mut file = self.file.to_owned();
        for (from, to) in changes {
            file = file.replace(from, to);
        }
        for left in ["    IGNORED\n", ", SCOPES"] {
            file = file.replace(left, "");
        }
        self.tree.write("syncs/web.yaml", file);
    }

    /// Applies a declaration as somebody whose schemas know all that the server does, and forgets
    /// those schemas again.
    fn made_by_others(&self, changes: &[(&str, &str)]) {
        let path = format!("{PULLED}/{}.json", self.slug);
        self.tree.write(&path, self.newer.to_string());
        self.declare(changes);
        self.run("apply syncs --auto-approve", 0);
        self.run("plan syncs --detailed-exitcode", 0);
        std::fs::remove_file(self.tree.root().join(path)).unwrap();
    }

    /// What the server has, as it would be declared.
    fn remote(&self) -> String {
        let path = format!("{PULLED}/{}.json", self.slug);
        self.tree.write(&path, self.newer.to_string());
        let exported = self.run("export --project payments --all", 0).stdout;
        std::fs::remove_file(self.tree.root().join(path)).unwrap();
        exported
    }
}

fn octopus() -> Site {
    let place = ["destinationConfig/properties/scopeValues/properties"];
    let newer = schema("octopus-deploy", &place, |fields| {
        fields["newScope"] = json!({"type": "array", "items": {"type": "string"}});
    });
    Site::new("octopus-deploy", OCTOPUS, newer)
}

const NEW_SCOPE: &str = "destinationConfig.scopeValues.newScope";

#[test]
fn an_object_that_is_not_declared_is_one_in_which_nothing_is_declared() {
    let site = octopus();
    site.made_by_others(&[(
        "SCOPES",
        "scopeValues: { environments: [x], newScope: [q] }",
    )]);
    // An update would erase the object, and with it what nobody knows.
    site.declare(&[]);
    let plan = site.run("plan syncs --detailed-exitcode", 2).stdout;
    assert!(
        plan.contains(&format!("Blocked: The remote sync has `{NEW_SCOPE}` set")),
        "{plan}"
    );
    site.run("apply syncs --auto-approve", 5);
    // What is ignored is kept, with the object around it.
    let ignored = format!("ignoreRemote: [{NEW_SCOPE}]");
    site.declare(&[("IGNORED", &ignored)]);
    site.run("plan syncs --out plan.json", 0);
    site.run("apply plan.json", 0);
    let remote = site.remote();
    assert!(
        remote.contains("newScope") && !remote.contains("environments"),
        "{remote}"
    );
    site.run("plan syncs --detailed-exitcode", 0);
    // Alone, it is no difference, and it is named.
    site.declare(&[]);
    let plan = site.run("plan syncs --detailed-exitcode", 0);
    assert!(
        plan.stderr.contains(NEW_SCOPE) || plan.stdout.contains(NEW_SCOPE),
        "{plan}"
    );
    site.run("drift syncs", 0);
    let exported = site.run("export --project payments --all", 0);
    assert!(exported.stderr.contains(NEW_SCOPE), "{exported}");
    site.tree.write("syncs/web.yaml", &exported.stdout);
    site.run("plan syncs --detailed-exitcode", 0);
}

#[test]
fn a_saved_plan_is_not_stale_because_of_what_it_ignores_in_an_object_that_is_not_declared() {
    let site = octopus();
    site.made_by_others(&[("SCOPES", "scopeValues: { newScope: [q] }")]);
    let ignored = format!("ignoreRemote: [{NEW_SCOPE}]\n    description: changed");
    site.declare(&[("IGNORED", &ignored)]);
    site.run("plan syncs --out saved.json", 0);
    site.made_by_others(&[]);
    site.run("apply saved.json", 0);
}

fn tags(field: &Value) -> Value {
    let place = ["syncOptions/properties/tags/items/properties"];
    schema("aws-secrets-manager", &place, |fields| {
        fields["propagate"] = field.clone();
    })
}

const PROPAGATE: &str = "syncOptions.tags.propagate";

#[test]
fn a_field_of_an_item_that_no_schema_knows_is_no_difference_and_is_not_erased() {
    let newer = tags(&json!({"type": "number"}));
    let site = Site::new("aws-secrets-manager", AWS, newer);
    site.made_by_others(&[(
        "TAGS",
        "{key: a, value: b, propagate: 1}, {key: c, value: d}",
    )]);
    site.declare(&[("TAGS", "{key: a, value: b}, {key: c, value: d}")]);
    let plan = site.run("plan syncs --detailed-exitcode", 0);
    assert!(
        plan.stdout.contains(PROPAGATE) || plan.stderr.contains(PROPAGATE),
        "{plan}"
    );
    let exported = site.run("export --project payments --all", 0);
    assert!(exported.stderr.contains(PROPAGATE), "{exported}");
    assert!(!exported.stdout.contains("propagate"), "{exported}");
    assert!(exported.stdout.contains("key: a"), "{exported}");
    // Any update of the options replaces the list.
    let changed = "tags: [{key: a, value: b}, {key: c, value: d}], disableSecretDeletion: true";
    for (from, to) in [
        ("TAGS", "{key: a, value: changed}"),
        ("tags: [TAGS]", changed),
    ] {
        site.declare(&[(from, to)]);
        let plan = site.run("plan syncs --detailed-exitcode", 2).stdout;
        assert!(
            plan.contains(&format!("Blocked: The remote sync has `{PROPAGATE}` set")),
            "{plan}"
        );
    }
    // Ignored, it stays with its item.
    let ignored = format!("ignoreRemote: [{PROPAGATE}]");
    site.declare(&[
        ("IGNORED", &ignored),
        ("TAGS", "{key: new, value: n}, {key: a, value: b}"),
    ]);
    site.run("plan syncs --out plan.json", 0);
    site.run("apply plan.json", 0);
    site.run("plan syncs --detailed-exitcode", 0);
    let remote = site.remote();
    let of_a = remote.split("key: a").nth(1).unwrap();
    assert!(of_a.contains("propagate: 1"), "{remote}");
    assert_eq!(remote.matches("propagate").count(), 1, "{remote}");
    assert!(
        remote.contains("key: new") && !remote.contains("key: c"),
        "{remote}"
    );
}

#[test]
fn what_an_item_has_by_default_or_says_nothing_by_is_no_difference() {
    for field in [
        json!({"type": "boolean"}),
        json!({"type": "boolean", "default": false}),
    ] {
        let newer = tags(&field);
        let site = Site::new("aws-secrets-manager", AWS, newer.clone());
        site.made_by_others(&[("TAGS", "{key: a, value: b, propagate: false}")]);
        let path = format!("{PULLED}/aws-secrets-manager.json");
        site.tree.write(&path, newer.to_string());
        site.declare(&[("TAGS", "{key: a, value: b}")]);
        site.run("plan syncs --detailed-exitcode", 0);
        site.declare(&[("TAGS", "{key: a, value: b, propagate: true}")]);
        site.run("plan syncs --detailed-exitcode", 2);
    }
}

#[test]
fn a_field_of_the_sync_that_nobody_declares_any_more_goes_back_to_what_means_the_same_as_none() {
    let newer = schema("humanitec", &[], |_| {});
    let moved = |mut schema: Value| {
        for request in ["create", "update", "read"] {
            let fields = &mut schema["$defs"][request]["properties"];
            let options = fields["syncOptions"]["properties"].as_object_mut().unwrap();
            let option = options.remove("includeAllSubFolders").unwrap();
            fields["includeAllSubFolders"] = option;
        }
        schema
    };
    let site = Site::new("humanitec", HUMANITEC, moved(newer));
    let path = format!("{PULLED}/humanitec.json");
    site.tree.write(&path, site.newer.to_string());
    site.declare(&[("IGNORED", "includeAllSubFolders: true")]);
    site.run("apply syncs --auto-approve", 0);
    site.declare(&[]);
    let plan = site.run("plan syncs --out plan.json", 0).stdout;
    let shown = "~ includeAllSubFolders: true -> false";
    assert!(plan.contains(shown), "{plan}");
    let saved = site.run("show plan.json", 0).stdout;
    assert!(saved.contains(shown), "{saved}");
    site.run("apply plan.json", 0);
    site.run("plan syncs --detailed-exitcode", 0);
}
