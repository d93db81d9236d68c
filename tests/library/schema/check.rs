//! What a user reads when a sync does not fit its destination.
use secsync::core::diagnostic::Diagnostic;
use secsync::core::platform::Platform;
use secsync::core::sources::Sources;
use secsync::core::span::Span;
use secsync::core::value::Mapping;
use secsync::provider::{enkryptify, infisical};
use secsync::schema::store::SchemaStore;
use secsync::schema::validate;

/// Every diagnostic as `line:column code: message -> help`. The sync's key is on line 1.
fn check_of(kind: Platform, destination: &str, fields: &str) -> String {
    let mut sources = Sources::default();
    let text = format!("sync:\n{fields}");
    let source = sources.add("x.yaml", text.as_str());
    let loaded = secsync::yaml::load(source, &text);
    assert_eq!(loaded.diagnostics, [], "{text}");
    let sync = loaded.documents[0]
        .as_mapping()
        .and_then(|document| document.entry("sync"))
        .unwrap();
    let destination = SchemaStore::bundled()
        .destination(kind, destination)
        .unwrap()
        .unwrap();
    let line = |diagnostic: &Diagnostic| {
        let position = sources.position(diagnostic.span().unwrap());
        let help = diagnostic
            .help
            .as_ref()
            .map_or_else(String::new, |help| format!(" -> {help}"));
        format!(
            "{}:{} {}: {}{help}",
            position.line, position.column, diagnostic.code, diagnostic.message
        )
    };
    validate::check(
        &destination,
        sync.value.as_mapping().unwrap_or(&Mapping::default()),
        Span::new(source, 0, 4),
        "sync",
    )
    .iter()
    .map(line)
    .collect::<Vec<_>>()
    .join("\n")
}

fn check(destination: &str, fields: &str) -> String {
    check_of(infisical::PLATFORM, destination, fields)
}

/// A sync whose first four lines below its key are right.
fn check_rest(destination: &str, rest: &str) -> String {
    check(
        destination,
        &format!(
            "  environment: prod\n  secretPath: /payments\n  syncOptions:\n    initialSyncBehavior: overwrite-destination\n{rest}"
        ),
    )
}

fn humanitec(configuration: &str) -> String {
    check_rest(
        "humanitec",
        &format!("  destinationConfig: {configuration}\n"),
    )
}

#[test]
fn a_sync_that_fits_gives_nothing() {
    assert_eq!(
        humanitec("{scope: application, org: acme, app: payments}"),
        ""
    );
}

#[test]
fn reports_each_mistake_in_a_configuration_once() {
    let reported = [
        ("a misspelt tag", "{scope: aplication, org: acme}"),
        ("a missing tag", "{org: acme}"),
        ("a tag of the wrong type", "{scope: 5, org: acme}"),
        (
            "a missing field, at the map that lacks it",
            "{scope: environment, org: acme, app: payments}",
        ),
        (
            "a misspelt required field",
            "{scope: application, ogr: acme, app: payments}",
        ),
        (
            "a field of another variant",
            "{scope: application, org: acme, app: pay, env: prod}",
        ),
        ("a string instead of the map", "application"),
        ("no map", ""),
    ]
    .map(|(name, configuration)| format!("# {name}\n{}", humanitec(configuration)));
    insta::assert_snapshot!(reported.join("\n"), @r#"
    # a misspelt tag
    6:30 wrong-value: `destinationConfig.scope` is "aplication", which is not allowed. -> Did you mean "application"? The allowed values are "application" and "environment".
    # a missing tag
    6:3 missing-field: `destinationConfig.scope` is missing. -> Give it "application" or "environment".
    # a tag of the wrong type
    6:30 wrong-type: `destinationConfig.scope` is the number 5, but must be a string. -> The allowed values are "application" and "environment".
    # a missing field, at the map that lacks it
    6:3 missing-field: `destinationConfig.env` is missing. It is required if `scope` is "environment". -> Add `env` under `destinationConfig`.
    # a misspelt required field
    6:43 unknown-field: `ogr` is not a field of `destinationConfig` when `scope` is "application". -> Did you mean `org`?
    # a field of another variant
    6:64 unknown-field: `env` is not a field of `destinationConfig` when `scope` is "application". -> It belongs to `scope: environment`; the fields here are `app`, `org` and `scope`.
    # a string instead of the map
    6:22 wrong-type: `destinationConfig` is the string "application", but must be a map. -> Write its fields below it, indented.
    # no map
    6:3 wrong-type: `destinationConfig` is null, but must be a map. -> Write its fields below it, indented.
    "#);
}

#[test]
fn reports_where_a_misplaced_field_belongs() {
    insta::assert_snapshot!(
        check_rest("humanitec", "  destinationConfig: {scope: application, org: acme, app: pay, description: d, keySchema: K, environment: e}\n"),
        @r#"
6:64 unknown-field: `description` is not a field of `destinationConfig` when `scope` is "application". -> Move it out of `destinationConfig`, to the top of the sync.
6:80 unknown-field: `keySchema` is not a field of `destinationConfig` when `scope` is "application". -> Move it under `syncOptions`.
6:94 unknown-field: `environment` is not a field of `destinationConfig` when `scope` is "application". -> The fields here are `app`, `org` and `scope`.
"#
    );
    insta::assert_snapshot!(
        check_rest("humanitec", "  keySchema: \"X_{{secretKey}}\"\n  scope: application\n  destinationConfig: {scope: application, org: acme, app: pay}\n"),
        @r#"
6:3 unknown-field: `keySchema` is not a field of a sync to Humanitec. -> Move it under `syncOptions`.
7:3 unknown-field: `scope` is not a field of a sync to Humanitec. -> Move it under `destinationConfig`.
"#
    );
}

#[test]
fn values_of_the_wrong_type_say_how_to_write_them() {
    insta::assert_snapshot!(
        check_rest("humanitec", "  isAutoSyncEnabled: \"true\"\n  description: 5\n  destinationConfig: {scope: application, org: 12, app: [pay]}\n"),
        @r#"
6:22 wrong-type: `isAutoSyncEnabled` is the string "true", but must be true or false. -> Write it without quotes: true.
7:16 wrong-type: `description` is the number 5, but must be a string or null. -> Put it in quotes.
8:48 wrong-type: `destinationConfig.org` is the number 12, but must be a string. -> Put it in quotes.
8:52 wrong-type: `destinationConfig.app` is a list, but must be a string. -> Write a single value.
"#
    );
}

#[test]
fn null_for_an_optional_field_says_to_leave_it_out() {
    insta::assert_snapshot!(
        check("humanitec", "  environment: prod\n  secretPath: ~\n  syncOptions:\n    initialSyncBehavior: overwrite-destination\n    keySchema:\n  destinationConfig: {scope: application, org: acme, app: pay}\n"),
        @r#"
3:15 wrong-type: `secretPath` is null, but must be a string. -> Give it a value.
6:5 wrong-type: `syncOptions.keySchema` is null, but must be a string. -> Leave the field out if it is not to be set.
"#
    );
}

#[test]
fn an_empty_sync_misses_what_is_not_supplied_elsewhere() {
    insta::assert_snapshot!(check("humanitec", ""), @r#"
1:1 missing-field: `destinationConfig` is missing. -> Add `destinationConfig` to the sync, or to the defaults.
1:1 missing-field: `environment` is missing. -> Add `environment` to the sync, or to the defaults.
1:1 missing-field: `secretPath` is missing. -> Add `secretPath` to the sync, or to the defaults.
1:1 missing-field: `syncOptions` is missing. -> Add `syncOptions` to the sync, or to the defaults.
"#);
}

#[test]
fn distinguishes_wrong_values_forms_and_sizes() {
    insta::assert_snapshot!(
        check("humanitec", "  environment: Prod_1\n  secretPath: /payments\n  connectionId: humanitec-main\n  syncOptions:\n    initialSyncBehavior: import-prioritize-source\n    keySchema: INFISICAL_\n  destinationConfig: {scope: application, org: \"\", app: pay}\n"),
        @r#"
2:16 wrong-form: `environment` is "Prod_1", which does not have the required form. -> Use lowercase letters and digits, with single hyphens between them.
4:17 wrong-form: `connectionId` is "humanitec-main", which is not a UUID. -> Give the connection's id, or its name as `connection`.
6:26 wrong-value: `syncOptions.initialSyncBehavior` is "import-prioritize-source", but must be "overwrite-destination". -> Write "overwrite-destination".
7:16 wrong-form: `syncOptions.keySchema` is "INFISICAL_", which does not have the required form. -> It must contain {{secretKey}}, can contain {{environment}}, and otherwise takes only letters, digits, underscores and hyphens, and slashes for most destinations.
8:48 wrong-size: `destinationConfig.org` is empty, but must have at least 1 character. -> Give it a value.
"#
    );
    insta::assert_snapshot!(
        check("zabbix", "  environment: prod\n  secretPath: /\n  syncOptions:\n    initialSyncBehavior: overwrite-destinaton\n  destinationConfig: {scope: global, macroType: 7}\n"),
        @r#"
5:26 wrong-value: `syncOptions.initialSyncBehavior` is "overwrite-destinaton", which is not allowed. -> Did you mean "overwrite-destination"? The allowed values are "overwrite-destination", "import-prioritize-source" and "import-prioritize-destination".
6:49 wrong-size: `destinationConfig.macroType` is 7, but must be at most 1.
"#
    );
    insta::assert_snapshot!(
        check_rest("portainer", "  destinationConfig: {environmentId: 0, stackId: 1.5}\n"),
        @r#"
6:38 wrong-size: `destinationConfig.environmentId` is 0, but must be at least 1.
6:50 wrong-type: `destinationConfig.stackId` is the number 1.5, but must be a whole number.
"#
    );
}

#[test]
fn a_mistake_in_a_list_names_the_item() {
    insta::assert_snapshot!(
        check("aws-parameter-store", "  environment: prod\n  secretPath: /\n  syncOptions:\n    initialSyncBehavior: overwrite-destination\n    tags:\n      - key: a\n        value: b\n      - key: \"\"\n        vale: c\n  destinationConfig: {region: eu-central-1, path: x}\n"),
        @r#"
9:14 wrong-size: `syncOptions.tags[1].key` is empty, but must have at least 1 character. -> Give it a value.
10:9 unknown-field: `vale` is not a field of `syncOptions.tags[1]`. -> Did you mean `value`?
11:51 wrong-form: `destinationConfig.path` is "x", which does not have the required form. -> It must match the pattern ^/(?:[a-zA-Z0-9_-]*/)*$
"#
    );
}

#[test]
fn alternatives_of_scalars_give_one_error() {
    insta::assert_snapshot!(
        check_rest("vercel", "  destinationConfig: {scope: project, app: a, appName: a, teamId: t, env: 5}\n"),
        @r#"6:75 wrong-type: `destinationConfig.env` is the number 5, but must be a string. -> Put it in quotes."#
    );
}

#[test]
fn a_misspelt_field_of_secsync_itself_is_recognised() {
    insta::assert_snapshot!(
        check_rest("humanitec", "  conection: humanitec-main\n  destinationConfig: {scope: application, org: acme, app: pay}\n"),
        @r#"6:3 unknown-field: `conection` is not a field of a sync to Humanitec. -> Did you mean `connection`?"#
    );
}

#[test]
fn an_enkryptify_start_takes_nothing_but_its_own_fields() {
    let enkryptify = |fields| check_of(enkryptify::PLATFORM, "vercel", fields);
    assert_eq!(enkryptify("  projectId: prj_1\n"), "");
    insta::assert_snapshot!(enkryptify("  projectId: prj_1\n  secretPath: /x\n"), @r#"3:3 unknown-field: `secretPath` is not a field of a sync to Vercel. -> The fields here are `provider`, `project`, `projectId`, `destination`, `name`, `labels`, `ensure`, `renamedFrom`, `ignoreRemote`, `protect`, `onDelete`, `trigger` and `matrix`."#);
}

#[test]
fn a_missing_or_wrong_tag_does_not_hide_a_field_that_no_value_of_it_allows() {
    insta::assert_snapshot!(humanitec("{org: acme, app: payments, colour: red}"), @r#"
    6:3 missing-field: `destinationConfig.scope` is missing. -> Give it "application" or "environment".
    6:49 unknown-field: `colour` is not a field of `destinationConfig`. -> The fields here are `app`, `env`, `org` and `scope`.
    "#);
    insta::assert_snapshot!(humanitec("{scope: galaxy, org: acme, colour: red}"), @r#"
    6:30 wrong-value: `destinationConfig.scope` is "galaxy", which is not allowed. -> The allowed values are "application" and "environment".
    6:49 unknown-field: `colour` is not a field of `destinationConfig`. -> The fields here are `app`, `env`, `org` and `scope`.
    "#);
    insta::assert_snapshot!(humanitec("{scop: application, org: acme, app: payments}"), @"6:23 unknown-field: `scop` is not a field of `destinationConfig`. -> Did you mean `scope`?");
    insta::assert_snapshot!(humanitec("{org: acme, app: payments, env: production}"), @r#"6:3 missing-field: `destinationConfig.scope` is missing. -> Give it "application" or "environment"."#);
}
