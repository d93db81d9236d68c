//! Files that are YAML and say something wrong.

use insta::assert_snapshot;
use serde_json::Value;

use super::harness::{Tree, findings, invalid};

/// A sync that is right, with one thing replaced.
fn with(old: &str, new: &str) -> String {
    let right = "\
provider: infisical
project: payments
syncs:
  web:
    destination: humanitec
    connection: humanitec-main
    environment: prod
    secretPath: /web
    syncOptions:
      initialSyncBehavior: overwrite-destination
    destinationConfig:
      scope: environment
      org: acme
      app: web
      env: production
";
    assert!(right.contains(old), "{old}");
    right.replacen(old, new, 1)
}

/// The findings of a file, each as its code and its first sentence.
fn codes(text: &str) -> Vec<String> {
    let output = Tree::new(&[("sync.yaml", text)])
        .secsync("validate sync.yaml -o json")
        .run()
        .exits_with(3);
    let found = output.json()["diagnostics"].as_array().unwrap().clone();
    let said = |value: &Value| value.as_str().unwrap().to_owned();
    let one = |found: &Value| format!("{}: {}", said(&found["code"]), said(&found["message"]));
    found.iter().map(one).collect()
}

#[test]
fn a_field_of_a_sync_without_a_destination_is_not_said_to_be_of_one() {
    let file = "provider: infisical\nproject: p\nsyncs:\n  a: {foo: 1}\n  b: {destination: \"${var.D}\", foo: 1}\n  c: {destination: null, foo: 1}\n";
    let tree = Tree::new(&[("syncs/a.yaml", file)]);
    let output = tree.secsync("validate --all").run().exits_with(3);
    let says = "`foo` is not a field of a sync to Infisical.";
    assert_eq!(output.stderr.matches(says).count(), 3, "{output}");
}

#[test]
fn what_a_sync_is_identified_by_hides_no_other_mistake() {
    let wrong = with("secretPath", "secretPth").replace("app: web", "app: 5");
    for (old, new, rest) in [
        ("provider: infisical\n", "", 1),
        ("provider: infisical", "provider: doppler", 1),
        ("provider: infisical", "provider: 5", 1),
        ("provider: infisical", "provider: \"\"", 1),
        ("project: payments\n", "", 1),
        ("project: payments", "project: 5", 1),
        ("project: payments", "project: [payments]", 1),
        ("project: payments", "project: \"\"", 1),
        ("connection: humanitec-main\n", "\n", 1),
        ("connection: humanitec-main", "connection: 5", 1),
        ("connection: humanitec-main", "connection: {}", 1),
        ("connection: humanitec-main", "connectionId: 5", 1),
        ("connection: humanitec-main", "connectionId: \"\"", 1),
        ("destination: humanitec\n", "\n", 0),
        ("destination: humanitec", "destination: 5", 0),
        ("destination: humanitec", "destination: fax-machine", 0),
    ] {
        assert!(wrong.contains(old));
        let found = codes(&wrong.replacen(old, new, 1));
        let has = |part: &str| found.iter().any(|found| found.contains(part));
        assert!(has("`secretPth`"), "{new}: {found:#?}");
        // What only the destination knows cannot be checked without one.
        assert_eq!(has("destinationConfig.app"), rest == 1, "{new}: {found:#?}");
        assert_eq!(found.len(), 2 + rest, "{new}: {found:#?}");
    }
}

#[test]
fn one_mistake_with_a_variable_is_one_finding() {
    let found = findings([(
        "unquoted in a flow map, and unset",
        &with(
            "syncOptions:\n      initialSyncBehavior: overwrite-destination",
            "syncOptions: { initialSyncBehavior: ${var.FIRST} }",
        ),
    )]);
    assert_snapshot!(found, @r#"
    # unquoted in a flow map, and unset

    unquoted-template

      × `${var.FIRST}` must be quoted, or YAML reads its braces and colons as syntax. The variable `FIRST` has no value.
        ╭─[sync.yaml:9:41]
      8 │     secretPath: /web
      9 │     syncOptions: { initialSyncBehavior: ${var.FIRST} }
        ·                                         ──────┬─────
        ·                                               ╰── needs quotes
     10 │     destinationConfig:
        ╰────
      help: Set it with `--var FIRST=…`, with the environment variable `SECSYNC_VAR_FIRST`, or under `variables:` in secsync.yaml. Quote it: `syncOptions: { initialSyncBehavior: "${var.FIRST}" }`
    "#);
}

#[test]
fn reports_providers_projects_and_destinations() {
    assert_snapshot!(findings([
        ("a misspelt provider", &with("provider: infisical", "provider: infisicle")),
        ("a provider unlike any other", &with("provider: infisical", "provider: doppler")),
        ("no provider", &with("provider: infisical\n", "")),
        ("no project", &with("project: payments\n", "")),
        ("a misspelt destination", &with("humanitec\n", "humanitek\n")),
        ("a destination unlike any other", &with("humanitec\n", "fax-machine\n")),
    ]), @"
    # a misspelt provider

    unknown-provider

      × `infisicle` is not a known provider.
       ╭─[sync.yaml:1:11]
     1 │ provider: infisicle
       ·           ─────────
     2 │ project: payments
       ╰────
      help: Did you mean `infisical`?
            Inherited by the sync web.

    # a provider unlike any other

    unknown-provider

      × `doppler` is not a known provider.
       ╭─[sync.yaml:1:11]
     1 │ provider: doppler
       ·           ───────
     2 │ project: payments
       ╰────
      help: The providers are `enkryptify` and `infisical`. Declare others under `providers:` in secsync.yaml.
            Inherited by the sync web.

    # no provider

    missing-field

      × The sync `web` has no `provider`.
       ╭─[sync.yaml:3:3]
     2 │ syncs:
     3 │   web:
       ·   ───
     4 │     destination: humanitec
       ╰────
      help: Write `provider:` here or at the top of the file. It can be `enkryptify` or `infisical`.

    # no project

    missing-field

      × The sync `web` has no `project`.
       ╭─[sync.yaml:3:3]
     2 │ syncs:
     3 │   web:
       ·   ───
     4 │     destination: humanitec
       ╰────
      help: Write `project:` here or at the top of the file.

    # a misspelt destination

    unknown-destination

      × Infisical has no destination `humanitek`.
       ╭─[sync.yaml:5:18]
     4 │   web:
     5 │     destination: humanitek
       ·                  ─────────
     6 │     connection: humanitec-main
       ╰────
      help: Did you mean `humanitec`?

    # a destination unlike any other

    unknown-destination

      × Infisical has no destination `fax-machine`.
       ╭─[sync.yaml:5:18]
     4 │   web:
     5 │     destination: fax-machine
       ·                  ───────────
     6 │     connection: humanitec-main
       ╰────
      help: `secsync schema list` shows the 52 that it knows. If the server is newer, run `secsync schema pull --from-server`.
    ");
}

#[test]
fn reports_unknown_fields() {
    assert_snapshot!(findings([
        ("a misspelt field of the platform", &with("secretPath:", "secretPaht:")),
        ("misspelt fields of secsync", &with("    environment: prod\n", "    environment: prod\n    renamedform: api\n    onDelet: keep-secrets\n")),
        ("a misspelt connection", &with("connection:", "conection:")),
        ("a misspelt field in a map", &with("org: acme", "orgg: acme")),
        ("a field that belongs in a map of the sync", &with("    environment: prod\n", "    environment: prod\n    keySchema: \"{{secretKey}}\"\n")),
        ("a field of a sync in the file", &with("project: payments\n", "project: payments\nenvironment: prod\n")),
        ("a field of the file in a sync", &with("    environment: prod\n", "    environment: prod\n    defaults: {}\n")),
        ("a field of another scope", &with("scope: environment", "scope: application")),
        ("a connection on a platform without connections", "provider: enkryptify\nproject: prj_web\nsyncs:\n  web:\n    destination: vercel\n    connection: main\n    environment: prod\n"),
    ]), @r#"
    # a misspelt field of the platform

    unknown-field

      × `secretPaht` is not a field of a sync to Humanitec.
       ╭─[sync.yaml:8:5]
     7 │     environment: prod
     8 │     secretPaht: /web
       ·     ──────────
     9 │     syncOptions:
       ╰────
      help: Did you mean `secretPath`?

    # misspelt fields of secsync

    unknown-field

      × `renamedform` is not a field of a sync.
       ╭─[sync.yaml:8:5]
     7 │     environment: prod
     8 │     renamedform: api
       ·     ───────────
     9 │     onDelet: keep-secrets
       ╰────
      help: Did you mean `renamedFrom`?

    unknown-field

      × `onDelet` is not a field of a sync.
        ╭─[sync.yaml:9:5]
      8 │     renamedform: api
      9 │     onDelet: keep-secrets
        ·     ───────
     10 │     secretPath: /web
        ╰────
      help: Did you mean `onDelete`?

    # a misspelt connection

    unknown-field

      × `conection` is not a field of a sync.
       ╭─[sync.yaml:6:5]
     5 │     destination: humanitec
     6 │     conection: humanitec-main
       ·     ─────────
     7 │     environment: prod
       ╰────
      help: Did you mean `connection`?

    # a misspelt field in a map

    unknown-field

      × `orgg` is not a field of `destinationConfig` when `scope` is "environment".
        ╭─[sync.yaml:13:7]
     12 │       scope: environment
     13 │       orgg: acme
        ·       ────
     14 │       app: web
        ╰────
      help: Did you mean `org`?

    # a field that belongs in a map of the sync

    unknown-field

      × `keySchema` is not a field of a sync to Humanitec.
       ╭─[sync.yaml:8:5]
     7 │     environment: prod
     8 │     keySchema: "{{secretKey}}"
       ·     ─────────
     9 │     secretPath: /web
       ╰────
      help: Move it under `syncOptions`.

    # a field of a sync in the file

    unknown-field

      × `environment` is not a field of a sync file.
       ╭─[sync.yaml:3:1]
     2 │ project: payments
     3 │ environment: prod
       · ───────────
     4 │ syncs:
       ╰────
      help: The fields are `version`, `provider`, `project`, `projectId`, `defaults`, `syncs` and `$schema`.

    # a field of the file in a sync

    unknown-field

      × `defaults` is not a field of a sync to Humanitec.
       ╭─[sync.yaml:8:5]
     7 │     environment: prod
     8 │     defaults: {}
       ·     ────────
     9 │     secretPath: /web
       ╰────
      help: The fields here are `description`, `destinationConfig`, `environment`, `isAutoSyncEnabled`, `secretPath`, `syncOptions`, `provider`, `project`, `projectId`, `connection`, `connectionId`, `destination`, `name`, `labels`, `ensure`, `renamedFrom`, `ignoreRemote`, `protect`, `onDelete`, `trigger` and `matrix`.

    # a field of another scope

    unknown-field

      × `env` is not a field of `destinationConfig` when `scope` is "application".
        ╭─[sync.yaml:15:7]
     14 │       app: web
     15 │       env: production
        ·       ───
        ╰────
      help: It belongs to `scope: environment`; the fields here are `app`, `org` and `scope`.

    # a connection on a platform without connections

    unknown-field

      × Syncs of Enkryptify have no connection.
       ╭─[sync.yaml:6:17]
     5 │     destination: vercel
     6 │     connection: main
       ·                 ────
     7 │     environment: prod
       ╰────
      help: Remove it.

    unknown-field

      × `environment` is not a field of a sync to Vercel.
       ╭─[sync.yaml:7:5]
     6 │     connection: main
     7 │     environment: prod
       ·     ───────────
       ╰────
      help: The fields here are `provider`, `project`, `projectId`, `destination`, `name`, `labels`, `ensure`, `renamedFrom`, `ignoreRemote`, `protect`, `onDelete`, `trigger` and `matrix`.
    "#);
}

#[test]
fn reports_missing_fields() {
    assert_snapshot!(findings([
        ("a required field", &with("    environment: prod\n", "")),
        ("the connection", &with("    connection: humanitec-main\n", "")),
        ("the scope", &with("      scope: environment\n", "")),
        ("a field that the scope requires", &with("      env: production\n", "")),
        ("everything", "provider: infisical\nproject: payments\nsyncs:\n  web:\n"),
        ("everything but the destination", "provider: infisical\nproject: payments\nsyncs:\n  web: { destination: humanitec }\n"),
    ]), @r#"
    # a required field

    missing-field

      × `environment` is missing.
       ╭─[sync.yaml:4:3]
     3 │ syncs:
     4 │   web:
       ·   ───
     5 │     destination: humanitec
       ╰────
      help: Add `environment` to the sync, or to the defaults.

    # the connection

    missing-field

      × The sync `web` has no `connection`.
       ╭─[sync.yaml:4:3]
     3 │ syncs:
     4 │   web:
       ·   ───
     5 │     destination: humanitec
       ╰────
      help: Write `connection:` with the connection's name, or `connectionId:` with its id.

    # the scope

    missing-field

      × `destinationConfig.scope` is missing.
        ╭─[sync.yaml:11:5]
     10 │       initialSyncBehavior: overwrite-destination
     11 │     destinationConfig:
        ·     ─────────────────
     12 │       org: acme
        ╰────
      help: Give it "application" or "environment".

    # a field that the scope requires

    missing-field

      × `destinationConfig.env` is missing. It is required if `scope` is "environment".
        ╭─[sync.yaml:11:5]
     10 │       initialSyncBehavior: overwrite-destination
     11 │     destinationConfig:
        ·     ─────────────────
     12 │       scope: environment
        ╰────
      help: Add `env` under `destinationConfig`.

    # everything

    missing-field

      × The sync `web` has no `destination`.
       ╭─[sync.yaml:4:3]
     3 │ syncs:
     4 │   web:
       ·   ───
       ╰────
      help: Write `destination:` with one of the words that `secsync schema list` shows.

    # everything but the destination

    missing-field

      × The sync `web` has no `connection`.
       ╭─[sync.yaml:4:3]
     3 │ syncs:
     4 │   web: { destination: humanitec }
       ·   ───
       ╰────
      help: Write `connection:` with the connection's name, or `connectionId:` with its id.

    missing-field

      × `destinationConfig` is missing.
       ╭─[sync.yaml:4:3]
     3 │ syncs:
     4 │   web: { destination: humanitec }
       ·   ───
       ╰────
      help: Add `destinationConfig` to the sync, or to the defaults.

    missing-field

      × `environment` is missing.
       ╭─[sync.yaml:4:3]
     3 │ syncs:
     4 │   web: { destination: humanitec }
       ·   ───
       ╰────
      help: Add `environment` to the sync, or to the defaults.

    missing-field

      × `secretPath` is missing.
       ╭─[sync.yaml:4:3]
     3 │ syncs:
     4 │   web: { destination: humanitec }
       ·   ───
       ╰────
      help: Add `secretPath` to the sync, or to the defaults.

    missing-field

      × `syncOptions` is missing.
       ╭─[sync.yaml:4:3]
     3 │ syncs:
     4 │   web: { destination: humanitec }
       ·   ───
       ╰────
      help: Add `syncOptions` to the sync, or to the defaults.
    "#);
}

#[test]
fn reports_wrong_values() {
    assert_snapshot!(findings([
        ("a misspelt word", &with("overwrite-destination", "overwrite_destination")),
        ("a scope that does not exist", &with("scope: environment", "scope: env")),
        ("a version that does not exist", &with("provider:", "version: 2\nprovider:")),
        ("fields of secsync", &with(
        "secretPath: /web",
        "secretPath: /web\n    trigger: sometimes\n    onDelete: remove\n    protect: 1\n    ensure: gone\n    labels: [a]",
    )),
    ]), @r#"
    # a misspelt word

    wrong-value

      × `syncOptions.initialSyncBehavior` is "overwrite_destination", but must be "overwrite-destination".
        ╭─[sync.yaml:10:28]
      9 │     syncOptions:
     10 │       initialSyncBehavior: overwrite_destination
        ·                            ─────────────────────
     11 │     destinationConfig:
        ╰────
      help: Write "overwrite-destination".

    # a scope that does not exist

    wrong-value

      × `destinationConfig.scope` is "env", which is not allowed.
        ╭─[sync.yaml:12:14]
     11 │     destinationConfig:
     12 │       scope: env
        ·              ───
     13 │       org: acme
        ╰────
      help: Did you mean "environment"? The allowed values are "application" and "environment".

    # a version that does not exist

    unsupported-version

      × The version `2` is not supported; 1 is the only one.
       ╭─[sync.yaml:1:10]
     1 │ version: 2
       ·          ─
     2 │ provider: infisical
       ╰────
      help: Write `version: 1`, or leave it out.

    # fields of secsync

    wrong-value

      × `trigger` cannot be `sometimes`.
        ╭─[sync.yaml:9:14]
      8 │     secretPath: /web
      9 │     trigger: sometimes
        ·              ─────────
     10 │     onDelete: remove
        ╰────
      help: It can be `never`, `on-change` or `always`.

    wrong-value

      × `onDelete` cannot be `remove`.
        ╭─[sync.yaml:10:15]
      9 │     trigger: sometimes
     10 │     onDelete: remove
        ·               ──────
     11 │     protect: 1
        ╰────
      help: Did you mean `remove-secrets`?

    wrong-type

      × `protect` must be true or false, and this is a number.
        ╭─[sync.yaml:11:14]
     10 │     onDelete: remove
     11 │     protect: 1
        ·              ─
     12 │     ensure: gone
        ╰────

    wrong-value

      × `ensure` cannot be `gone`.
        ╭─[sync.yaml:12:13]
     11 │     protect: 1
     12 │     ensure: gone
        ·             ────
     13 │     labels: [a]
        ╰────
      help: It can be `present` or `absent`.

    wrong-type

      × `labels` must be a map, and this is a list.
        ╭─[sync.yaml:13:13]
     12 │     ensure: gone
     13 │     labels: [a]
        ·             ───
     14 │     syncOptions:
        ╰────
      help: Write `key: value` lines below it, indented by two spaces.
    "#);
}

#[test]
fn reports_wrong_types() {
    assert_snapshot!(findings([
        ("a list for a string", &with("app: web", "app: [web]")),
        ("a string for a boolean", &with("secretPath: /web", "secretPath: /web\n    isAutoSyncEnabled: yes")),
        ("a fraction for a string", &with("app: web", "app: 1.10")),
        ("a number for a string", &with("environment: prod", "environment: 1")),
        ("nothing for a string", &with("secretPath: /web", "secretPath: /web\n    ignoreRemote: [null]")),
        ("a list for the syncs", "provider: infisical\nsyncs:\n  - name: web\n    destination: humanitec\n"),
        ("a string for the file", "hello\n"),
    ]), @r#"
    # a list for a string

    wrong-type

      × `destinationConfig.app` is a list, but must be a string.
        ╭─[sync.yaml:14:7]
     13 │       org: acme
     14 │       app: [web]
        ·       ───
     15 │       env: production
        ╰────
      help: Write a single value.

    # a string for a boolean

    wrong-type

      × `isAutoSyncEnabled` is the string "yes", but must be true or false.
        ╭─[sync.yaml:9:24]
      8 │     secretPath: /web
      9 │     isAutoSyncEnabled: yes
        ·                        ───
     10 │     syncOptions:
        ╰────
      help: Write true.

    # a fraction for a string

    wrong-type

      × `destinationConfig.app` is the number 1.1, but must be a string.
        ╭─[sync.yaml:14:12]
     13 │       org: acme
     14 │       app: 1.10
        ·            ────
     15 │       env: production
        ╰────
      help: Put it in quotes.

    # a number for a string

    wrong-type

      × `environment` is the number 1, but must be a string.
       ╭─[sync.yaml:7:18]
     6 │     connection: humanitec-main
     7 │     environment: 1
       ·                  ─
     8 │     secretPath: /web
       ╰────
      help: Put it in quotes.

    # nothing for a string

    wrong-type

      × `ignoreRemote[0]` must be a string, and this is null.
        ╭─[sync.yaml:9:20]
      8 │     secretPath: /web
      9 │     ignoreRemote: [null]
        ·                    ────
     10 │     syncOptions:
        ╰────

    # a list for the syncs

    wrong-type

      × `syncs` must be a map, and this is a list.
       ╭─[sync.yaml:3:3]
     2 │ syncs:
     3 │   - name: web
       ·   ───────────
     4 │     destination: humanitec
       ╰────
      help: Write each sync below its name: `web:` instead of `- name: web`.

    # a string for the file

    wrong-type

      × A sync file must be a map, and this is a string.
       ╭─[sync.yaml:1:1]
     1 │ hello
       · ─────
       ╰────
      help: Write `key: value` lines below it, indented by two spaces.
    "#);
}

#[test]
fn reports_wrong_forms() {
    assert_snapshot!(findings([
        ("a name as a connection id", &with("connection: humanitec-main", "connectionId: humanitec-main")),
        ("a name that is not a slug", &with("  web:", "  Web_Frontend:")),
        ("a name of 65 characters", &with("  web:", &format!("  {}:", "w".repeat(65)))),
        ("a description of 256 characters", &with("secretPath: /web", &format!("secretPath: /web\n    description: {}", "d".repeat(256)))),
        ("a key schema without its placeholder", &with("initialSyncBehavior: overwrite-destination", "initialSyncBehavior: overwrite-destination\n      keySchema: PAY_")),
        ("a secret path that is not absolute", &with("secretPath: /web", "secretPath: web")),
        ("blanks at the end of a string", &with("org: acme", "org: \"acme \"")),
    ]), @r#"
    # a name as a connection id

    wrong-form

      × `connectionId` must be a UUID, and `humanitec-main` is not one.
       ╭─[sync.yaml:6:19]
     5 │     destination: humanitec
     6 │     connectionId: humanitec-main
       ·                   ──────────────
     7 │     environment: prod
       ╰────
      help: Write `connection:` to name a connection by its name.

    # a name that is not a slug

    name-form

      × The name `Web_Frontend` is not a slug.
       ╭─[sync.yaml:4:3]
     3 │ syncs:
     4 │   Web_Frontend:
       ·   ────────────
     5 │     destination: humanitec
       ╰────
      help: Use lowercase letters and digits, with single hyphens between them, and at most 64 characters.

    # a name of 65 characters

    name-form

      × The name `wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww` has 65 characters, and 64 is the limit.
       ╭─[sync.yaml:4:3]
     3 │ syncs:
     4 │   wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww:
       ·   ─────────────────────────────────────────────────────────────────
     5 │     destination: humanitec
       ╰────
      help: Use lowercase letters and digits, with single hyphens between them, and at most 64 characters.

    # a description of 256 characters

    description-length

      × The description has 256 characters, and 255 is the limit.
        ╭─[sync.yaml:9:18]
      8 │     secretPath: /web
      9 │     description: dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd
        ·                  ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
     10 │     syncOptions:
        ╰────
      help: Shorten it.

    # a key schema without its placeholder

    key-schema-form

      × The keySchema `PAY_` has no `{{secretKey}}`.
        ╭─[sync.yaml:11:18]
     10 │       initialSyncBehavior: overwrite-destination
     11 │       keySchema: PAY_
        ·                  ────
     12 │     destinationConfig:
        ╰────
      help: Use letters, digits, `_`, `-` and `/` around `{{secretKey}}`, and `{{environment}}` if you like.

    # a secret path that is not absolute

    secret-path-form

      × The secretPath `web` does not start with a slash.
       ╭─[sync.yaml:8:17]
     7 │     environment: prod
     8 │     secretPath: web
       ·                 ───
     9 │     syncOptions:
       ╰────
      help: Write `/web`.

    # blanks at the end of a string

    padded-string

      × `destinationConfig.org` starts or ends with blanks: "acme ".
        ╭─[sync.yaml:13:12]
     12 │       scope: environment
     13 │       org: "acme "
        ·            ───────
     14 │       app: web
        ╰────
      help: Write "acme".
    "#);
}

#[test]
fn reports_fields_that_contradict_each_other() {
    assert_snapshot!(findings([
        ("a connection by name and by id", &with("connection: humanitec-main", "connection: humanitec-main\n    connectionId: 0b1f6c1e-3a7d-4c7e-8f6f-2f4f5a6b7c8d")),
        ("a rename of a sync that is to be deleted", &with("destination: humanitec", "destination: humanitec\n    ensure: absent\n    renamedFrom: old")),
        ("`ensure` in defaults", &with("syncs:", "defaults: { ensure: absent }\nsyncs:")),
    ]), @"
    # a connection by name and by id

    conflicting-fields

      × `connection` and `connectionId` cannot be given together.
       ╭─[sync.yaml:6:5]
     5 │     destination: humanitec
     6 │     connection: humanitec-main
       ·     ─────┬────
       ·          ╰── the other one
     7 │     connectionId: [UUID]
       ·     ────────────
     8 │     environment: prod
       ╰────
      help: Keep one of the two.

    # a rename of a sync that is to be deleted

    conflicting-fields

      × `renamedFrom` and `ensure: absent` are given together: a sync is either renamed or deleted.
       ╭─[sync.yaml:6:5]
     5 │     destination: humanitec
     6 │     ensure: absent
       ·     ───┬──
       ·        ╰── the other one
     7 │     renamedFrom: old
       ·     ───────────
     8 │     connection: humanitec-main
       ╰────
      help: Keep one of the two. A sync is deleted under the name that it has on the platform.

    # `ensure` in defaults

    not-allowed-in-defaults

      × `ensure` is not allowed in defaults, because it belongs to one sync.
       ╭─[sync.yaml:3:13]
     2 │ project: payments
     3 │ defaults: { ensure: absent }
       ·             ──────
     4 │ syncs:
       ╰────
      help: Write `ensure` in the sync that it is meant for.
    ");
}

#[test]
fn warns_of_octal_numbers() {
    let tree = Tree::new(&[("sync.yaml", &with("app: web", "app: 010"))]);
    assert_snapshot!(tree.secsync("validate sync.yaml").run(), @r#"
    $ secsync validate sync.yaml
    --- stderr
    ambiguous-scalar

      ⚠ `010` is the number 10 here, but YAML 1.1 reads a leading zero as octal.
        ╭─[sync.yaml:14:12]
     13 │       org: acme
     14 │       app: 010
        ·            ───
     15 │       env: production
        ╰────
      help: Write `10` for the number, or "010" for the text.

    wrong-type

      × `destinationConfig.app` is the number 10, but must be a string.
        ╭─[sync.yaml:14:12]
     13 │       org: acme
     14 │       app: 010
        ·            ───
     15 │       env: production
        ╰────
      help: Put it in quotes.

    Found 1 error and 1 warning.
    Run `secsync explain CODE` to see why it matters and how to fix it.
    --- exit 3
    "#);
}

#[test]
fn reports_a_variable_without_a_value() {
    assert_snapshot!(invalid(&with("org: acme", "org: ${var.ORG}")), @"
    $ secsync validate sync.yaml
    --- stderr
    unknown-variable

      × The variable `ORG` has no value.
        ╭─[sync.yaml:13:12]
     12 │       scope: environment
     13 │       org: ${var.ORG}
        ·            ──────────
     14 │       app: web
        ╰────
      help: Set it with `--var ORG=…`, with the environment variable `SECSYNC_VAR_ORG`, or under `variables:` in secsync.yaml.

    Found 1 error.
    Run `secsync explain unknown-variable` to see why it matters and how to fix it.
    --- exit 3
    ");
}

#[test]
fn does_not_read_credentials_as_variables() {
    let text = with(
        "org: acme",
        "org: \"${INFISICAL_TOKEN}-${var.INFISICAL_TOKEN}\"",
    );
    let tree = Tree::new(&[("sync.yaml", &text)]);
    let run = tree
        .secsync("validate sync.yaml")
        .variable("INFISICAL_TOKEN", "hunter2-token");
    assert_snapshot!(run.run().exits_with(3), @r#"
    $ secsync validate sync.yaml
    --- stderr
    unknown-variable

      × The variable `INFISICAL_TOKEN` has no value.
        ╭─[sync.yaml:13:12]
     12 │       scope: environment
     13 │       org: "${INFISICAL_TOKEN}-${var.INFISICAL_TOKEN}"
        ·            ───────────────────────────────────────────
     14 │       app: web
        ╰────
      help: Set it with `--var INFISICAL_TOKEN=…`, with the environment variable `SECSYNC_VAR_INFISICAL_TOKEN`, or under `variables:` in secsync.yaml.

    Found 1 error.
    Run `secsync explain unknown-variable` to see why it matters and how to fix it.
    --- exit 3
    "#);
}

#[test]
fn names_the_syncs_that_inherit_a_mistake() {
    let text = with(
        "syncs:",
        "defaults:\n  syncOptions: { initialSyncBehaviour: overwrite-destination }\nsyncs:",
    );
    let second = text.split_once("  web:\n").unwrap().1;
    let second = second.replace("app: web", "app: api");
    assert_snapshot!(invalid(&format!("{text}  api:\n{second}")), @"
    $ secsync validate sync.yaml
    --- stderr
    unknown-field

      × `initialSyncBehaviour` is not a field of `syncOptions`.
       ╭─[sync.yaml:4:18]
     3 │ defaults:
     4 │   syncOptions: { initialSyncBehaviour: overwrite-destination }
       ·                  ────────────────────
     5 │ syncs:
       ╰────
      help: It looks like `initialSyncBehavior`, which is already given: remove it.
            Inherited by the sync web and 1 other.

    Found 1 error.
    Run `secsync explain unknown-field` to see why it matters and how to fix it.
    --- exit 3
    ");
}

#[test]
fn warns_of_fields_without_effect_on_a_platform_that_only_starts() {
    let text = "provider: enkryptify\nproject: prj_web\nsyncs:\n  web:\n    destination: vercel\n    onDelete: remove-secrets\n    protect: true\n";
    let tree = Tree::new(&[("syncs/web.yaml", text)]);
    assert_snapshot!(tree.secsync("validate syncs").run().exits_with(0), @"
    $ secsync validate syncs
    Success! 1 sync in 1 file can be planned.
    --- stderr
    no-effect

      ⚠ `onDelete` has no effect on the sync `web`: Enkryptify publishes no way to delete a sync.
       ╭─[syncs/web.yaml:6:5]
     5 │     destination: vercel
     6 │     onDelete: remove-secrets
       ·     ────────
     7 │     protect: true
       ╰────
      help: Remove it.

    no-effect

      ⚠ `protect` has no effect on the sync `web`: Enkryptify publishes no way to delete or replace a sync.
       ╭─[syncs/web.yaml:7:5]
     6 │     onDelete: remove-secrets
     7 │     protect: true
       ·     ───────
       ╰────
      help: Remove it.

    Found 2 warnings.
    Run `secsync explain no-effect` to see why it matters and how to fix it.
    --- exit 0
    ");
    tree.write("secsync.yaml", "lint: { no-effect: deny }\n");
    tree.secsync("validate").run().exits_with(3);
}

#[test]
fn reports_mistakes_in_a_workspace_file() {
    let tree = Tree::new(&[
        (
            "secsync.yaml",
            "version: 1\nincludes: [\"syncs/*.yaml\"]\ninclude: [\"../other/*.yaml\", \"/etc/*.yaml\"]\nproviders:\n  infisical: { uri: https://x.example }\n  onprem: {}\nlint: { destructive-first-sync: forbid, no-such-lint: warn }\n",
        ),
        ("syncs/web.yaml", &with("org: acme", "org: acme")),
    ]);
    assert_snapshot!(tree.secsync("validate").run().exits_with(3), @r#"
    $ secsync validate
    --- stderr
    unknown-field

      × `includes` is not a field of secsync.yaml.
       ╭─[secsync.yaml:2:1]
     1 │ version: 1
     2 │ includes: ["syncs/*.yaml"]
       · ────────
     3 │ include: ["../other/*.yaml", "/etc/*.yaml"]
       ╰────
      help: Did you mean `include`?

    outside-root

      × `../other/*.yaml` has a `..`, and only files inside the workspace can be included.
       ╭─[secsync.yaml:3:11]
     2 │ includes: ["syncs/*.yaml"]
     3 │ include: ["../other/*.yaml", "/etc/*.yaml"]
       ·           ─────────────────
     4 │ providers:
       ╰────

    outside-root

      × `/etc/*.yaml` is an absolute path, and only files inside the workspace can be included.
       ╭─[secsync.yaml:3:30]
     2 │ includes: ["syncs/*.yaml"]
     3 │ include: ["../other/*.yaml", "/etc/*.yaml"]
       ·                              ─────────────
     4 │ providers:
       ╰────

    unknown-field

      × `uri` is not a field of a provider.
       ╭─[secsync.yaml:5:16]
     4 │ providers:
     5 │   infisical: { uri: https://x.example }
       ·                ───
     6 │   onprem: {}
       ╰────
      help: Did you mean `url`?

    missing-field

      × The provider `onprem` has no `type`.
       ╭─[secsync.yaml:6:3]
     5 │   infisical: { uri: https://x.example }
     6 │   onprem: {}
       ·   ──────
     7 │ lint: { destructive-first-sync: forbid, no-such-lint: warn }
       ╰────
      help: Say which platform it is: `infisical` or `enkryptify`.

    wrong-value

      × The level of a lint cannot be `forbid`.
       ╭─[secsync.yaml:7:33]
     6 │   onprem: {}
     7 │ lint: { destructive-first-sync: forbid, no-such-lint: warn }
       ·                                 ──────
       ╰────
      help: It can be `allow`, `warn` or `deny`.

    unknown-lint

      × `no-such-lint` is not a known lint.
       ╭─[secsync.yaml:7:41]
     6 │   onprem: {}
     7 │ lint: { destructive-first-sync: forbid, no-such-lint: warn }
       ·                                         ────────────
       ╰────
      help: The lints are `ambiguous-scalar`, `same-destination`, `unfamiliar-destination`, `ignores-nothing`, `not-read-back`, `no-effect`, `name-form`, `description-length`, `key-schema-form`, `secret-path-form`, `subfolders-with-import` and `destructive-first-sync`.

    Found 7 errors.
    Run `secsync explain CODE` to see why it matters and how to fix it.
    --- exit 3
    "#);
}

#[test]
fn a_misspelt_absent_is_checked_on_as_absent() {
    let tree = Tree::new(&[(
        "syncs/web.yaml",
        "provider: infisical\nproject: payments\nsyncs:\n  web: {destination: humanitec, ensure: Absent}\n",
    )]);
    let refused = tree.secsync("validate").run().exits_with(3);
    assert!(refused.stderr.contains("Found 1 error."), "{refused}");
    assert!(
        refused.stderr.contains("Did you mean `absent`?"),
        "{refused}"
    );
}

#[test]
fn one_mistake_never_hides_the_next() {
    let wrong = with("environment: prod", "enviroment: 7");
    assert_snapshot!(findings([
        (
            "five misspelt keys",
            "\
project: payments
syncs:
  web:
    provder: infisical
    destinaton: github
    conection: main
    enviroment: prod
    secretPth: web
",
        ),
        ("a destination in another case", &wrong.replace("humanitec\n", "Humanitec\n")),
        ("a provider in another case", &wrong.replace("infisical", "Infisical")),
        (
            "misspelt keys at the top and in the defaults",
            "\
provder: infisical
projct: payments
defalts:
  destinaton: humanitec
  conection: main
sync:
  web:
    environment: 7
",
        ),
        (
            "a misspelt map",
            &with("destinationConfig:\n      scope", "destinationConfg:\n      scop"),
        ),
        (
            "a variable without a value",
            &with("environment: prod", "environment: ${var.ENVIRONMENT}")
                .replace("secretPath: /web", "secretPath: \"${var.PATH}\""),
        ),
    ]), @r#"
    # five misspelt keys

    missing-field

      × `destinationConfig` is missing.
       ╭─[sync.yaml:3:3]
     2 │ syncs:
     3 │   web:
       ·   ───
     4 │     provder: infisical
       ╰────
      help: Add `destinationConfig` to the sync, or to the defaults.

    missing-field

      × `syncOptions` is missing.
       ╭─[sync.yaml:3:3]
     2 │ syncs:
     3 │   web:
       ·   ───
     4 │     provder: infisical
       ╰────
      help: Add `syncOptions` to the sync, or to the defaults.

    unknown-field

      × `provder` is not a field of a sync.
       ╭─[sync.yaml:4:5]
     3 │   web:
     4 │     provder: infisical
       ·     ───────
     5 │     destinaton: github
       ╰────
      help: Did you mean `provider`?

    unknown-field

      × `destinaton` is not a field of a sync.
       ╭─[sync.yaml:5:5]
     4 │     provder: infisical
     5 │     destinaton: github
       ·     ──────────
     6 │     conection: main
       ╰────
      help: Did you mean `destination`?

    unknown-field

      × `conection` is not a field of a sync.
       ╭─[sync.yaml:6:5]
     5 │     destinaton: github
     6 │     conection: main
       ·     ─────────
     7 │     enviroment: prod
       ╰────
      help: Did you mean `connection`?

    unknown-field

      × `enviroment` is not a field of a sync to GitHub.
       ╭─[sync.yaml:7:5]
     6 │     conection: main
     7 │     enviroment: prod
       ·     ──────────
     8 │     secretPth: web
       ╰────
      help: Did you mean `environment`?

    unknown-field

      × `secretPth` is not a field of a sync to GitHub.
       ╭─[sync.yaml:8:5]
     7 │     enviroment: prod
     8 │     secretPth: web
       ·     ─────────
       ╰────
      help: Did you mean `secretPath`?

    secret-path-form

      × The secretPath `web` does not start with a slash.
       ╭─[sync.yaml:8:16]
     7 │     enviroment: prod
     8 │     secretPth: web
       ·                ───
       ╰────
      help: Write `/web`.

    # a destination in another case

    unknown-destination

      × Infisical has no destination `Humanitec`.
       ╭─[sync.yaml:5:18]
     4 │   web:
     5 │     destination: Humanitec
       ·                  ─────────
     6 │     connection: humanitec-main
       ╰────
      help: Did you mean `humanitec`?

    unknown-field

      × `enviroment` is not a field of a sync to Humanitec.
       ╭─[sync.yaml:7:5]
     6 │     connection: humanitec-main
     7 │     enviroment: 7
       ·     ──────────
     8 │     secretPath: /web
       ╰────
      help: Did you mean `environment`?

    wrong-type

      × `environment` is the number 7, but must be a string.
       ╭─[sync.yaml:7:17]
     6 │     connection: humanitec-main
     7 │     enviroment: 7
       ·                 ─
     8 │     secretPath: /web
       ╰────
      help: Put it in quotes.

    # a provider in another case

    unknown-provider

      × `Infisical` is not a known provider.
       ╭─[sync.yaml:1:11]
     1 │ provider: Infisical
       ·           ─────────
     2 │ project: payments
       ╰────
      help: Did you mean `infisical`?
            Inherited by the sync web.

    unknown-field

      × `enviroment` is not a field of a sync to Humanitec.
       ╭─[sync.yaml:7:5]
     6 │     connection: humanitec-main
     7 │     enviroment: 7
       ·     ──────────
     8 │     secretPath: /web
       ╰────
      help: Did you mean `environment`?

    wrong-type

      × `environment` is the number 7, but must be a string.
       ╭─[sync.yaml:7:17]
     6 │     connection: humanitec-main
     7 │     enviroment: 7
       ·                 ─
     8 │     secretPath: /web
       ╰────
      help: Put it in quotes.

    # misspelt keys at the top and in the defaults

    unknown-field

      × `provder` is not a field of a sync file.
       ╭─[sync.yaml:1:1]
     1 │ provder: infisical
       · ───────
     2 │ projct: payments
       ╰────
      help: Did you mean `provider`?

    unknown-field

      × `projct` is not a field of a sync file.
       ╭─[sync.yaml:2:1]
     1 │ provder: infisical
     2 │ projct: payments
       · ──────
     3 │ defalts:
       ╰────
      help: Did you mean `project`?

    unknown-field

      × `defalts` is not a field of a sync file.
       ╭─[sync.yaml:3:1]
     2 │ projct: payments
     3 │ defalts:
       · ───────
     4 │   destinaton: humanitec
       ╰────
      help: Did you mean `defaults`?

    unknown-field

      × `destinaton` is not a field of a sync.
       ╭─[sync.yaml:4:3]
     3 │ defalts:
     4 │   destinaton: humanitec
       ·   ──────────
     5 │   conection: main
       ╰────
      help: Did you mean `destination`?

    unknown-field

      × `conection` is not a field of a sync.
       ╭─[sync.yaml:5:3]
     4 │   destinaton: humanitec
     5 │   conection: main
       ·   ─────────
     6 │ sync:
       ╰────
      help: Did you mean `connection`?

    unknown-field

      × `sync` is not a field of a sync file.
       ╭─[sync.yaml:6:1]
     5 │   conection: main
     6 │ sync:
       · ────
     7 │   web:
       ╰────
      help: Did you mean `syncs`?

    missing-field

      × `destinationConfig` is missing.
       ╭─[sync.yaml:7:3]
     6 │ sync:
     7 │   web:
       ·   ───
     8 │     environment: 7
       ╰────
      help: Add `destinationConfig` to the sync, or to the defaults.

    missing-field

      × `secretPath` is missing.
       ╭─[sync.yaml:7:3]
     6 │ sync:
     7 │   web:
       ·   ───
     8 │     environment: 7
       ╰────
      help: Add `secretPath` to the sync, or to the defaults.

    missing-field

      × `syncOptions` is missing.
       ╭─[sync.yaml:7:3]
     6 │ sync:
     7 │   web:
       ·   ───
     8 │     environment: 7
       ╰────
      help: Add `syncOptions` to the sync, or to the defaults.

    wrong-type

      × `environment` is the number 7, but must be a string.
       ╭─[sync.yaml:8:18]
     7 │   web:
     8 │     environment: 7
       ·                  ─
       ╰────
      help: Put it in quotes.

    # a misspelt map

    unknown-field

      × `destinationConfg` is not a field of a sync to Humanitec.
        ╭─[sync.yaml:11:5]
     10 │       initialSyncBehavior: overwrite-destination
     11 │     destinationConfg:
        ·     ────────────────
     12 │       scop: environment
        ╰────
      help: Did you mean `destinationConfig`?

    unknown-field

      × `scop` is not a field of `destinationConfig`.
        ╭─[sync.yaml:12:7]
     11 │     destinationConfg:
     12 │       scop: environment
        ·       ────
     13 │       org: acme
        ╰────
      help: Did you mean `scope`?

    # a variable without a value

    unknown-variable

      × The variable `ENVIRONMENT` has no value.
       ╭─[sync.yaml:7:18]
     6 │     connection: humanitec-main
     7 │     environment: ${var.ENVIRONMENT}
       ·                  ──────────────────
     8 │     secretPath: "${var.PATH}"
       ╰────
      help: Set it with `--var ENVIRONMENT=…`, with the environment variable `SECSYNC_VAR_ENVIRONMENT`, or under `variables:` in secsync.yaml.

    unknown-variable

      × The variable `PATH` has no value.
       ╭─[sync.yaml:8:17]
     7 │     environment: ${var.ENVIRONMENT}
     8 │     secretPath: "${var.PATH}"
       ·                 ─────────────
     9 │     syncOptions:
       ╰────
      help: Set it with `--var PATH=…`, with the environment variable `SECSYNC_VAR_PATH`, or under `variables:` in secsync.yaml.
    "#);
}

#[test]
fn the_same_mistake_in_many_syncs_is_shown_once_with_its_places() {
    let mut text = "provider: infisical\nproject: payments\nsyncs:\n".to_owned();
    for sync in 0..6 {
        text += &format!("  s{sync}:\n    destination: humanitek\n");
    }
    let shown = invalid(&text);
    assert_eq!(
        shown
            .matches("The same in 5 other places: sync.yaml:")
            .count(),
        6,
        "{shown}"
    );
    assert!(
        shown.contains("has no destination `humanitek`.\n"),
        "{shown}"
    );
    assert!(
        shown.contains("The same in 5 other places: sync.yaml:6:3, sync.yaml:8:3, "),
        "{shown}"
    );
    assert!(shown.contains("Found 36 errors."), "{shown}");

    let tree = Tree::new(&[("sync.yaml", &text)]);
    let each = tree.secsync("validate --all sync.yaml").run();
    let each = each.exits_with(3).to_string();
    assert_eq!(each.matches("╭─[sync.yaml:").count(), 36, "{each}");
    assert!(!each.contains("The same in"), "{each}");
    assert!(each.contains("Found 36 errors."), "{each}");
}
