//! What a user reads when a sync does not fit its destination.

use secsync::core::diagnostic::Diagnostic;
use secsync::core::span::{Sources, Span};
use secsync::core::value::Mapping;
use secsync::provider::ProviderKind;
use secsync::schema::store::SchemaStore;
use secsync::schema::validate;

/// Every diagnostic as `line:column code: message -> help`. The sync's key is on line 1.
fn check_of(kind: ProviderKind, destination: &str, fields: &str) -> String {
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
        let help = diagnostic.help.as_deref().unwrap_or_default();
        format!(
            "{}:{} {}: {} -> {help}",
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
    check_of(ProviderKind::Infisical, destination, fields)
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
fn a_misspelt_tag_gives_one_error_with_the_allowed_tags() {
    insta::assert_snapshot!(humanitec("{scope: aplication, orgs: acme}"), @"");
}

#[test]
fn a_missing_tag_gives_one_error_with_the_allowed_tags() {
    insta::assert_snapshot!(humanitec("{org: acme}"), @"");
}

#[test]
fn a_tag_of_the_wrong_type_gives_one_error() {
    insta::assert_snapshot!(humanitec("{scope: 5, org: acme}"), @"");
}

#[test]
fn a_missing_field_is_told_at_the_map_that_lacks_it() {
    insta::assert_snapshot!(humanitec("{scope: environment, org: acme, app: payments}"), @"");
}

#[test]
fn a_misspelt_required_field_is_one_mistake() {
    insta::assert_snapshot!(humanitec("{scope: application, ogr: acme, app: payments}"), @"");
}

#[test]
fn a_field_of_another_variant_says_which_one_has_it() {
    insta::assert_snapshot!(humanitec("{scope: application, org: acme, app: pay, env: prod}"), @"");
}

#[test]
fn a_map_where_there_is_none_is_one_error() {
    insta::assert_snapshot!(humanitec("application"), @"");
    insta::assert_snapshot!(humanitec(""), @"");
}

#[test]
fn a_field_at_the_wrong_level_is_told_where_it_belongs() {
    insta::assert_snapshot!(
        check_rest("humanitec", "  keySchema: \"X_{{secretKey}}\"\n  scope: application\n  destinationConfig: {scope: application, org: acme, app: pay}\n"),
        @""
    );
}

#[test]
fn values_of_the_wrong_type_say_how_to_write_them() {
    insta::assert_snapshot!(
        check_rest("humanitec", "  isAutoSyncEnabled: \"true\"\n  description: 5\n  destinationConfig: {scope: application, org: 12, app: [pay]}\n"),
        @""
    );
}

#[test]
fn null_for_an_optional_field_says_to_leave_it_out() {
    insta::assert_snapshot!(
        check("humanitec", "  environment: prod\n  secretPath: ~\n  syncOptions:\n    initialSyncBehavior: overwrite-destination\n    keySchema:\n  destinationConfig: {scope: application, org: acme, app: pay}\n"),
        @""
    );
}

#[test]
fn an_empty_sync_misses_what_is_not_supplied_elsewhere() {
    insta::assert_snapshot!(check("humanitec", ""), @"");
}

#[test]
fn wrong_values_forms_and_sizes_are_told_apart() {
    insta::assert_snapshot!(
        check("humanitec", "  environment: Prod_1\n  secretPath: /payments\n  connectionId: humanitec-main\n  syncOptions:\n    initialSyncBehavior: import-prioritize-source\n    keySchema: INFISICAL_\n  destinationConfig: {scope: application, org: \"\", app: pay}\n"),
        @""
    );
    insta::assert_snapshot!(
        check("zabbix", "  environment: prod\n  secretPath: /\n  syncOptions:\n    initialSyncBehavior: overwrite-destinaton\n  destinationConfig: {scope: global, macroType: 7}\n"),
        @""
    );
    insta::assert_snapshot!(
        check_rest("portainer", "  destinationConfig: {environmentId: 0, stackId: 1.5}\n"),
        @""
    );
}

#[test]
fn a_mistake_in_a_list_names_the_item() {
    insta::assert_snapshot!(
        check("aws-parameter-store", "  environment: prod\n  secretPath: /\n  syncOptions:\n    initialSyncBehavior: overwrite-destination\n    tags:\n      - key: a\n        value: b\n      - key: \"\"\n        vale: c\n  destinationConfig: {region: eu-central-1, path: x}\n"),
        @""
    );
}

#[test]
fn alternatives_of_scalars_give_one_error() {
    insta::assert_snapshot!(
        check_rest("vercel", "  destinationConfig: {scope: project, app: a, appName: a, teamId: t, env: 5}\n"),
        @""
    );
}

#[test]
fn a_misspelt_field_of_secsync_itself_is_recognised() {
    insta::assert_snapshot!(
        check_rest("humanitec", "  conection: humanitec-main\n  destinationConfig: {scope: application, org: acme, app: pay}\n"),
        @""
    );
}

#[test]
fn an_enkryptify_start_takes_nothing_but_its_own_fields() {
    let enkryptify = |fields| check_of(ProviderKind::Enkryptify, "vercel", fields);
    assert_eq!(enkryptify("  projectId: prj_1\n"), "");
    insta::assert_snapshot!(enkryptify("  projectId: prj_1\n  secretPath: /x\n"), @"");
}
