//! `matrix:`: one block that declares many syncs.

use insta::assert_snapshot;
use secsync::core::sources::Sources;
use serde_json::json;

use super::harness::{Output, Tree};

/// What every block of these tests has.
const TOP: &str = "\
provider: infisical
project: payments
defaults:
  destination: humanitec
  connection: humanitec-main
  environment: prod
  secretPath: /
  syncOptions: {initialSyncBehavior: overwrite-destination, disableSecretDeletion: true}
  destinationConfig: {scope: application, org: acme, app: payments}
syncs:
";

const APPS: &str = r#"  "${matrix.app}-${matrix.env.slug}":
    matrix:
      app: [web, api, worker]
      env:
        - { slug: dev, target: development }
        - { slug: prod, target: production, protect: true }
      exclude: [{ app: worker, env: { slug: dev } }]
      include: [{ app: cron, env: { slug: prod, target: production } }]
    environment: "${matrix.env.slug}"
    secretPath: "/${matrix.app}"
    protect: "${matrix.env.protect}"
    destinationConfig: { scope: environment, org: acme, app: "${matrix.app}", env: "${matrix.env.target}" }
"#;

fn tree(block: &str) -> Tree {
    Tree::new(&[("syncs/web.yaml", &format!("{TOP}{block}"))])
}

/// What is planned: the syncs, and where they come from.
fn planned(tree: &Tree, arguments: &str) -> Vec<String> {
    let plan = format!("plan --sandbox {arguments}");
    let run = tree.secsync(&plan).run().exits_with(0);
    let lines = run.stdout.lines().map(str::trim);
    let lines = lines.filter(|line| line.starts_with("# "));
    lines
        .map(|line| line.trim_start_matches("# ").to_owned())
        .collect()
}

fn invalid(block: &str) -> String {
    refused(&tree(block))
}

fn refused(tree: &Tree) -> String {
    let run = tree.secsync("validate").run().exits_with(3);
    let lines = run.stderr.lines();
    let lines = lines.filter(|line| !line.starts_with("Run `secsync explain"));
    let lines: Vec<&str> = lines.map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

fn json_of(run: &Output, field: &str) -> serde_json::Value {
    run.json()[field].clone()
}

#[test]
fn a_variable_without_a_value_in_an_axis_is_the_only_mistake() {
    let block = r#"  "a-${matrix.n}":
    matrix: {n: ["${var.Q}", "${var.Q}"]}
    name: "${matrix.n}"
    environment: "${matrix.n}"
    secretPath: "${matrix.n}"
    protect: "${matrix.n}"
    destinationConfig: {scope: "${matrix.n}"}
  "b-${matrix.n}":
    matrix: {n: ["${var.Q}", "x"]}
"#;
    let output = tree(block).secsync("validate").run().exits_with(3);
    let mut said = output.stderr.lines().filter(|line| line.contains('×'));
    let is_unset = |line: &str| line.ends_with("The variable `Q` has no value.");
    assert!(said.all(is_unset), "{output}");
}

#[test]
fn a_cell_of_nothing_has_a_label_and_one_axis_is_no_product() {
    let null = tree("  a:\n    matrix: {n: [null]}\n    description: \"${matrix.n}\"\n");
    let output = null.secsync("validate -v").run().exits_with(0);
    assert!(output.stdout.contains("(n=null)"), "{output}");
    let many: Vec<String> = (0..10_001).map(|number| number.to_string()).collect();
    let block = format!(
        "  \"a-${{matrix.n}}\":\n    matrix: {{n: [{}]}}\n",
        many.join(",")
    );
    let output = tree(&block).secsync("validate").run().exits_with(3);
    let says = "This matrix has more than 10,000 cells: its axis has 10001 values.";
    assert!(output.stderr.contains(says), "{output}");
}

#[test]
fn a_block_is_the_product_without_what_is_excluded_and_with_what_is_included() {
    assert_snapshot!(planned(&tree(APPS), "").join("\n"), @"
    infisical/payments/api-dev will be created  syncs/web.yaml:11 (app=api, env=dev)
    infisical/payments/api-prod will be created  syncs/web.yaml:11 (app=api, env=prod)
    infisical/payments/cron-prod will be created  syncs/web.yaml:11 (app=cron, env=prod)
    infisical/payments/web-dev will be created  syncs/web.yaml:11 (app=web, env=dev)
    infisical/payments/web-prod will be created  syncs/web.yaml:11 (app=web, env=prod)
    infisical/payments/worker-prod will be created  syncs/web.yaml:11 (app=worker, env=prod)
    ");
}

#[test]
fn a_cell_takes_values_with_their_types_and_lacks_what_it_does_not_have() {
    let block = r#"  "${matrix.app.name}":
    matrix:
      app:
        - { name: web, note: "a: b", config: { scope: application, org: acme, app: w }, labels: [] }
        - { name: api, auto: false, config: { scope: environment, org: acme, app: a, env: e } }
    isAutoSyncEnabled: ${matrix.app.auto}
    description: "${matrix.app.note}"
    destinationConfig: "${matrix.app.config}"
    labels: { app: "$${matrix.app} of ${matrix.app.name}" }
"#;
    let run = tree(block).secsync("plan --sandbox").run().exits_with(0);
    assert_snapshot!(run.stdout, @r#"
    Sandbox: an emulator on this machine answered. No real server was contacted.

    secsync will perform the following actions:

      # infisical/payments/api will be created  syncs/web.yaml:11 (app=api)
      + humanitec sync
          + connection:                        "humanitec-main"
          + destinationConfig.scope:           "environment"
          + destinationConfig.app:             "a"
          + destinationConfig.env:             "e"
          + destinationConfig.org:             "acme"
          + environment:                       "prod"
          + isAutoSyncEnabled:                 false
          + secretPath:                        "/"
          + syncOptions.disableSecretDeletion: true
          + syncOptions.initialSyncBehavior:   "overwrite-destination"
          Note: Auto-sync is off and nothing triggers a job: no secret is pushed until someone starts one.

      # infisical/payments/web will be created  syncs/web.yaml:11 (app=web)
      + humanitec sync
          + connection:                        "humanitec-main"
          + description:                       "a: b"
          + destinationConfig.scope:           "application"
          + destinationConfig.app:             "w"
          + destinationConfig.org:             "acme"
          + environment:                       "prod"
          + secretPath:                        "/"
          + syncOptions.disableSecretDeletion: true
          + syncOptions.initialSyncBehavior:   "overwrite-destination"
          Note: The first sync overwrites secrets at the destination that have the same keys.

    Plan: 2 to add, 0 to change, 0 to destroy.
    "#);
}

#[test]
fn include_extends_the_cells_that_it_matches_and_is_a_cell_otherwise() {
    // The example of GitHub Actions' documentation.
    let block = r#"  "${matrix.fruit}-${matrix.animal}":
    matrix:
      fruit: [apple, pear]
      animal: [cat, dog]
      include:
        - { color: green }
        - { color: pink, animal: cat }
        - { fruit: apple, shape: circle }
        - { fruit: banana, animal: none }
        - { fruit: banana, animal: cow }
    description: "${matrix.color}"
    destinationConfig: { scope: application, org: acme, app: "${matrix.fruit}" }
    labels: { shape: "${matrix.shape}" }
"#;
    let run = tree(block)
        .secsync("plan --sandbox -o json")
        .run()
        .exits_with(0);
    let actions = json_of(&run, "actions");
    let cells: Vec<String> = actions
        .as_array()
        .unwrap()
        .iter()
        .map(|action| action["matrix"].to_string())
        .collect();
    assert_snapshot!(cells.join("\n"), @r#"
    {"fruit":"apple","animal":"cat","color":"pink","shape":"circle"}
    {"fruit":"apple","animal":"dog","color":"green","shape":"circle"}
    {"fruit":"banana","animal":"cow"}
    {"fruit":"banana","animal":"none"}
    {"fruit":"pear","animal":"cat","color":"pink"}
    {"fruit":"pear","animal":"dog","color":"green"}
    "#);
}

#[test]
fn variables_are_put_into_a_matrix_and_nothing_is_put_in_twice() {
    let block = r#"  "${matrix.app.name}":
    matrix:
      app: [{ name: "${var.APP}", note: "$${var.APP} and $${matrix.app}" }]
    description: "${matrix.app.note}, ${var.LITERAL}, ${var.DOLLAR}{matrix.app}"
"#;
    let run = tree(block)
        .secsync("plan --sandbox --var APP=web --var DOLLAR=$ --var LITERAL=${matrix.app}")
        .run()
        .exits_with(0);
    let description = "\"${var.APP} and ${matrix.app}, ${matrix.app}, ${matrix.app}\"";
    assert!(run.stdout.contains(description), "{run}");
    assert!(run.stdout.contains("payments/web will be created"), "{run}");
}

#[test]
fn a_reference_needs_a_matrix_and_a_value() {
    let cases = [
        (
            "without a matrix",
            "  web: { secretPath: \"/${matrix.app}\" }\n",
        ),
        ("in the key", "  \"web-${matrix.app}\": {}\n"),
        (
            "in the matrix",
            "  \"${matrix.app}\": { matrix: { app: [\"${matrix.env}\"] } }\n",
        ),
        (
            "an unknown axis and an unknown field",
            "  \"${matrix.app}-${matrix.env.slug}\":
    matrix: { app: [web, api], env: [{ slug: dev, target: d }] }
    secretPath: \"/${matrix.ap}\"
    syncOptions: { keySchema: \"${matrix.env.targt}\" }
",
        ),
        (
            "only some cells have it",
            "  \"${matrix.app.name}\":
    matrix: { app: [{ name: web, path: w }, { name: api }, { name: cron }] }
    secretPath: \"/${matrix.app.path}\"
",
        ),
        (
            "a map in a text",
            "  \"x${matrix.app}\":\n    matrix: { app: [{ name: web }] }\n",
        ),
        (
            "a malformed reference",
            "  \"${matrix.app}\":\n    matrix: { app: [web] }\n    secretPath: \"/${matrix.}\"\n",
        ),
        (
            "in the key of a field",
            "  \"${matrix.app}\":\n    matrix: { app: [web] }\n    labels: { \"${matrix.app}\": x }\n",
        ),
    ];
    let found: Vec<String> = cases
        .iter()
        .map(|(title, block)| format!("# {title}\n{}", invalid(block)))
        .collect();
    assert_snapshot!(found.join("\n"), @r#"
    # without a matrix
    unknown-reference

      × `${matrix.app}` has no value: this is not in a sync with a `matrix:`.
        ╭─[syncs/web.yaml:11:22]
     10 │ syncs:
     11 │   web: { secretPath: "/${matrix.app}" }
        ·                      ────────────────
        ╰────
      help: Add `matrix:` to the sync, or write `$${matrix.` for the literal characters.

    Found 1 error.

    # in the key
    unknown-reference

      × `${matrix.app}` has no value: this is not in a sync with a `matrix:`.
        ╭─[syncs/web.yaml:11:3]
     10 │ syncs:
     11 │   "web-${matrix.app}": {}
        ·   ───────────────────
        ╰────
      help: Add `matrix:` to the sync, or write `$${matrix.` for the literal characters.

    Found 1 error.

    # in the matrix
    unknown-reference

      × `${matrix.env}` has no value in a matrix itself.
        ╭─[syncs/web.yaml:11:38]
     10 │ syncs:
     11 │   "${matrix.app}": { matrix: { app: ["${matrix.env}"] } }
        ·                                      ───────────────
        ╰────
      help: Write the value itself, or `$${matrix.` for the literal characters.

    Found 1 error.

    # an unknown axis and an unknown field
    unknown-reference

      × `ap` is not an axis of this matrix, and no cell has it.
        ╭─[syncs/web.yaml:13:17]
     12 │     matrix: { app: [web, api], env: [{ slug: dev, target: d }] }
     13 │     secretPath: "/${matrix.ap}"
        ·                 ───────────────
     14 │     syncOptions: { keySchema: "${matrix.env.targt}" }
        ╰────
      help: Did you mean `${matrix.app}`?

    unknown-reference

      × No cell of this matrix has `env.targt`.
        ╭─[syncs/web.yaml:14:31]
     13 │     secretPath: "/${matrix.ap}"
     14 │     syncOptions: { keySchema: "${matrix.env.targt}" }
        ·                               ─────────────────────
        ╰────
      help: Did you mean `${matrix.env.target}`?

    Found 2 errors.

    # only some cells have it
    unknown-reference

      × `app.path` is missing in this cell of the matrix, and a text needs it.
        ╭─[syncs/web.yaml:13:17]
     12 │     matrix: { app: [{ name: web, path: w }, { name: api }, { name: cron }] }
     13 │     secretPath: "/${matrix.app.path}"
        ·                 ─────────────────────
        ╰────
      help: Give it a value in every cell, or make `${matrix.app.path}` the whole value: then the field is absent where the cell lacks it.
            In syncs/web.yaml:13 (app=api) and 1 other cell.

    Found 1 error.

    # a map in a text
    unknown-reference

      × `${matrix.app}` is a map, which cannot be part of a text.
        ╭─[syncs/web.yaml:11:3]
     10 │ syncs:
     11 │   "x${matrix.app}":
        ·   ────────────────
     12 │     matrix: { app: [{ name: web }] }
        ╰────
      help: Name a field of it, such as `${matrix.app.name}`.
            In syncs/web.yaml:11 (app=web).

    Found 1 error.

    # a malformed reference
    variable-form

      × `/${matrix.}` contains a reference that is not written as `${matrix.AXIS}`.
        ╭─[syncs/web.yaml:13:17]
     12 │     matrix: { app: [web] }
     13 │     secretPath: "/${matrix.}"
        ·                 ─────────────
        ╰────
      help: Write `${matrix.AXIS}` or `${matrix.AXIS.field}` with letters, digits, `_` and `-` in the names, or `$${matrix.` for the literal characters.
            In syncs/web.yaml:13 (app=web).

    Found 1 error.

    # in the key of a field
    unknown-reference

      × `${matrix.app}` is the key of a field, and only values can refer to a matrix.
        ╭─[syncs/web.yaml:13:15]
     12 │     matrix: { app: [web] }
     13 │     labels: { "${matrix.app}": x }
        ·               ───────────────
        ╰────
      help: Refer to it in the sync's own key and in values.
            In syncs/web.yaml:13 (app=web).

    Found 1 error.
    "#);
}

#[test]
fn a_matrix_that_cannot_be_expanded_is_an_error_at_its_place() {
    let many: Vec<String> = (0..101).map(|n| format!("a{n}")).collect();
    let many = many.join(", ");
    let many = format!(
        "  \"${{matrix.a}}-${{matrix.b}}\":\n    matrix:\n      a: [{many}]\n      b: [{many}]\n"
    );
    let huge: Vec<String> = ('a'..='z')
        .map(|axis| format!("      {axis}: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n"))
        .collect();
    let huge = format!("  \"${{matrix.a}}\":\n    matrix:\n{}", huge.concat());
    let cases = [
        (
            "a key without an axis",
            "  \"${matrix.app}\":
    matrix: { app: [web, api], env: [{ slug: dev }, { slug: prod }] }
    environment: \"${matrix.env.slug}\"
",
        ),
        (
            "two cells of one name",
            "  \"${matrix.app}-${matrix.env.slug}\":
    matrix: { app: [web], env: [{ slug: dev, n: 1 }, { slug: dev, n: 2 }] }
",
        ),
        (
            "an unused axis",
            "  \"${matrix.app}\":
    matrix: { app: [web], region: [eu] }
",
        ),
        (
            "an empty axis",
            "  \"${matrix.app}\": { matrix: { app: [] } }\n",
        ),
        (
            "an axis that is no list",
            "  \"${matrix.app}\": { matrix: { app: web } }\n",
        ),
        ("no axis", "  web: { matrix: {} }\n"),
        ("no map", "  web: { matrix: [web] }\n"),
        (
            "all excluded",
            "  \"${matrix.app}\": { matrix: { app: [web], exclude: [{ app: web }] } }\n",
        ),
        (
            "an unknown axis in exclude",
            "  \"${matrix.app}\": { matrix: { app: [web, api], exclude: [{ ap: web }] } }\n",
        ),
        (
            "nothing to exclude from",
            "  \"${matrix.app}\":
    matrix: { include: [{ app: web }], exclude: [{ app: web }] }
",
        ),
        ("too many", &many),
        ("far too many", &huge),
    ];
    let found: Vec<String> = cases
        .iter()
        .map(|(title, block)| format!("# {title}\n{}", invalid(block)))
        .collect();
    let found = found.join("\n");
    // The lines of a hundred values say nothing.
    let short = regex::Regex::new(r"(a0, a1)[^\n]*").unwrap();
    assert_snapshot!(short.replace_all(&found, "$1…"), @r#"
    # a key without an axis
    matrix-form

      × The key `${matrix.app}` does not use the axis `env`, which has several values in 4 cells.
        ╭─[syncs/web.yaml:11:3]
     10 │ syncs:
     11 │   "${matrix.app}":
        ·   ───────────────
     12 │     matrix: { app: [web, api], env: [{ slug: dev }, { slug: prod }] }
        ╰────
      help: Use it in the key: `${matrix.app}-${matrix.env.slug}`.

    Found 1 error.

    # two cells of one name
    duplicate-sync

      × Two cells of this matrix have the name `web-dev`: (app=web, env={"slug":"dev","n":1}) and (app=web, env={"slug":"dev","n":2}).
        ╭─[syncs/web.yaml:11:3]
     10 │ syncs:
     11 │   "${matrix.app}-${matrix.env.slug}":
        ·   ──────────────────────────────────
     12 │     matrix: { app: [web], env: [{ slug: dev, n: 1 }, { slug: dev, n: 2 }] }
        ╰────
      help: Use a field in the key that differs between them, or remove one of them.

    Found 1 error.

    # an unused axis
    matrix-form

      × The axis `region` is not used in this sync.
        ╭─[syncs/web.yaml:12:27]
     11 │   "${matrix.app}":
     12 │     matrix: { app: [web], region: [eu] }
        ·                           ──────
        ╰────
      help: Use `${matrix.region}` in the key and in values, or remove it.

    Found 1 error.

    # an empty axis
    matrix-form

      × The axis `app` has no value, so the matrix has no cell.
        ╭─[syncs/web.yaml:11:37]
     10 │ syncs:
     11 │   "${matrix.app}": { matrix: { app: [] } }
        ·                                     ──
        ╰────
      help: Give it a value, or remove the sync.

    Found 1 error.

    # an axis that is no list
    matrix-form

      × The axis `app` must be a list of values, and this is a string.
        ╭─[syncs/web.yaml:11:37]
     10 │ syncs:
     11 │   "${matrix.app}": { matrix: { app: web } }
        ·                                     ───
        ╰────
      help: Write its values as a list, in brackets.

    Found 1 error.

    # no axis
    matrix-form

      × This matrix has no axis.
        ╭─[syncs/web.yaml:11:10]
     10 │ syncs:
     11 │   web: { matrix: {} }
        ·          ──────
        ╰────
      help: Write one: `app: [web, api]`.

    Found 1 error.

    # no map
    wrong-type

      × `matrix` must be a map, and this is a list.
        ╭─[syncs/web.yaml:11:18]
     10 │ syncs:
     11 │   web: { matrix: [web] }
        ·                  ─────
        ╰────
      help: Write `key: value` lines below it, indented by two spaces.

    Found 1 error.

    # all excluded
    matrix-form

      × This matrix has no cell: `exclude` takes all of them.
        ╭─[syncs/web.yaml:11:22]
     10 │ syncs:
     11 │   "${matrix.app}": { matrix: { app: [web], exclude: [{ app: web }] } }
        ·                      ──────
        ╰────
      help: Correct `exclude`, or remove the sync.

    Found 1 error.

    # an unknown axis in exclude
    unknown-reference

      × `ap` is not an axis of this matrix.
        ╭─[syncs/web.yaml:11:61]
     10 │ syncs:
     11 │   "${matrix.app}": { matrix: { app: [web, api], exclude: [{ ap: web }] } }
        ·                                                             ──
        ╰────
      help: Did you mean `app`?

    Found 1 error.

    # nothing to exclude from
    unknown-reference

      × `app` is not an axis of this matrix.
        ╭─[syncs/web.yaml:12:52]
     11 │   "${matrix.app}":
     12 │     matrix: { include: [{ app: web }], exclude: [{ app: web }] }
        ·                                                    ───
        ╰────
      help: It has no axis to exclude from: shorten `include`.

    Found 1 error.

    # too many
    matrix-form

      × This matrix has more than 10,000 cells: 101 × 101 are 10201.
        ╭─[syncs/web.yaml:12:5]
     12 │     matrix:
        ·     ──────
        ╰────
      help: Split it into several syncs with a matrix each.

    Found 1 error.

    # far too many
    matrix-form

      × The axes of this matrix have more than 1,000,000 combinations: the values of 26 axes.
        ╭─[syncs/web.yaml:12:5]
     11 │   "${matrix.a}":
     12 │     matrix:
        ·     ──────
     13 │       a: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
        ╰────
      help: Split it into several syncs with a matrix each, or list the cells under `include`.

    Found 1 error.
    "#);
}

#[test]
fn a_matrix_in_defaults_is_an_error() {
    let text = format!(
        "defaults: {{ matrix: {{ app: [web] }} }}\n{}",
        TOP.replace("defaults:\n", "x:\n")
    );
    let tree = Tree::new(&[("syncs/web.yaml", &format!("{text}  web: {{}}\n"))]);
    let found = refused(&tree);
    assert!(
        found.contains("`matrix` is not allowed in defaults"),
        "{found}"
    );
}

#[test]
fn a_mistake_of_all_cells_is_shown_once_and_that_of_one_names_it() {
    let block = r#"  "${matrix.app}-${matrix.env.slug}":
    matrix:
      app: [web, api]
      env: [{ slug: dev }, { slug: prod, behavior: overwrite }]
    connection: null
    environment: "${matrix.env.slug}"
    syncOptions: { initialSyncBehavior: "${matrix.env.behavior}" }
    secretPath: web
"#;
    assert_snapshot!(invalid(block), @r#"
    missing-field

      × The sync `${matrix.app}-${matrix.env.slug}` has no `connection`.
        ╭─[syncs/web.yaml:11:3]
     10 │ syncs:
     11 │   "${matrix.app}-${matrix.env.slug}":
        ·   ──────────────────────────────────
     12 │     matrix:
        ╰────
      help: Write `connection:` with the connection's name, or `connectionId:` with its id.
            In all 4 cells of the matrix.

    wrong-value

      × `syncOptions.initialSyncBehavior` is "overwrite", but must be "overwrite-destination".
        ╭─[syncs/web.yaml:14:52]
     13 │       app: [web, api]
     14 │       env: [{ slug: dev }, { slug: prod, behavior: overwrite }]
        ·                                                    ────┬────
        ·                                                        ╰── with this value
     15 │     connection: null
     16 │     environment: "${matrix.env.slug}"
     17 │     syncOptions: { initialSyncBehavior: "${matrix.env.behavior}" }
        ·                                         ────────────────────────
     18 │     secretPath: web
        ╰────
      help: Write "overwrite-destination".
            In syncs/web.yaml:17 (app=web, env=prod) and 1 other cell.

    secret-path-form

      × The secretPath `web` does not start with a slash.
        ╭─[syncs/web.yaml:18:17]
     17 │     syncOptions: { initialSyncBehavior: "${matrix.env.behavior}" }
     18 │     secretPath: web
        ·                 ───
        ╰────
      help: Write `/web`.
            In all 4 cells of the matrix.

    Found 3 errors.
    "#);
    let run = tree(block).secsync("validate -o json").run().exits_with(3);
    let cells: Vec<_> = json_of(&run, "diagnostics")
        .as_array()
        .unwrap()
        .iter()
        .map(|found| found["cells"].clone())
        .collect();
    let all = json!({"first": "app=web, env=dev", "count": 4, "of": 4});
    assert!(cells.contains(&all), "{cells:?}");
}

#[test]
fn what_each_cell_has_wrong_with_its_own_value_is_shown_once_and_else_value_by_value() {
    let block = |apps: &str| {
        format!(
            "  \"${{matrix.app.name}}\":\n    matrix: {{ app: [{apps}] }}\n    secretPath: \"${{matrix.app.path}}\"\n"
        )
    };
    let all = "{ name: a, path: a }, { name: b, path: b }, { name: c, path: c }";
    assert_snapshot!(invalid(&block(all)), @r#"
    secret-path-form

      × The secretPath `a` does not start with a slash.
        ╭─[syncs/web.yaml:12:38]
     11 │   "${matrix.app.name}":
     12 │     matrix: { app: [{ name: a, path: a }, { name: b, path: b }, { name: c, path: c }] }
        ·                                      ┬
        ·                                      ╰── with this value
     13 │     secretPath: "${matrix.app.path}"
        ·                 ────────────────────
        ╰────
      help: Write `/a`.
            In all 3 cells of the matrix.

    Found 1 error.
    "#);
    let two = all.replace("path: c", "path: /c");
    let found = invalid(&block(&two));
    assert!(
        found.contains("secretPath `a`") && found.contains("secretPath `b`"),
        "{found}"
    );
}

#[test]
fn a_matrix_comes_from_a_file_of_the_workspace() {
    let services = "app:\n  - { name: web, path: /web }\n  - { name: api, path: api }\n";
    let block = r#"  "${matrix.app.name}-${matrix.env}":
    matrix:
      from: services.yaml
      env: [dev, prod]
      exclude: [{ app: { name: api }, env: dev }]
    environment: "${matrix.env}"
    secretPath: "${matrix.app.path}"
"#;
    let sync_file = format!("{TOP}{block}");
    let tree = Tree::new(&[("syncs/web.yaml", &sync_file), ("services.yaml", services)]);
    assert_snapshot!(refused(&tree), @r#"
    secret-path-form

      × The secretPath `api` does not start with a slash.
        ╭─[syncs/web.yaml:17:17]
     16 │     environment: "${matrix.env}"
     17 │     secretPath: "${matrix.app.path}"
        ·                 ────────────────────
        ╰────
      help: Write `/api`.
            with this value: services.yaml:3:24
            In syncs/web.yaml:17 (app=api, env=prod).

    Found 1 error.
    "#);
    tree.write("services.yaml", services.replace("path: api", "path: /api"));
    assert_eq!(planned(&tree, "").len(), 3);
}

#[cfg(unix)]
#[test]
fn a_matrix_is_not_read_from_what_is_no_file_of_axes_in_the_workspace() {
    let tree = tree("");
    tree.write("broken.yaml", "app: [web\n");
    tree.write("two.yaml", "app: [web]\n---\napp: [api]\n");
    tree.write("list.yaml", "- web\n");
    tree.write("empty.yaml", "");
    tree.write("word.yaml", "app: web\n");
    tree.write("again.yaml", "app: [web]\nfrom: [word.yaml]\n");
    std::os::unix::fs::symlink("/etc", tree.root().join("out")).unwrap();
    std::fs::create_dir(tree.root().join("folder.yaml")).unwrap();
    let mut found = Vec::new();
    for from in [
        "../services.yaml",
        "/etc/services.yaml",
        "out/services.yaml",
        ".git/config.yaml",
        "services.txt",
        "nowhere.yaml",
        "folder.yaml",
        "broken.yaml",
        "two.yaml",
        "list.yaml",
        "empty.yaml",
        "word.yaml",
        "again.yaml",
        "3",
    ] {
        let block = format!("  \"${{matrix.app}}\": {{ matrix: {{ from: {from} }} }}\n");
        tree.write("syncs/web.yaml", format!("{TOP}{block}"));
        let refused = refused(&tree);
        let said = refused.lines().map(str::trim).filter(|line| {
            ["×", "╭─", "help:"]
                .iter()
                .any(|start| line.starts_with(start))
        });
        found.push(said.collect::<Vec<_>>().join("\n"));
    }
    assert_snapshot!(found.join("\n\n"), @"
    × `../services.yaml` leaves the workspace.
    ╭─[syncs/web.yaml:11:38]
    help: Name a file inside the workspace, from its root on.

    × `/etc/services.yaml` leaves the workspace.
    ╭─[syncs/web.yaml:11:38]
    help: Name a file inside the workspace, from its root on.

    × The file `out/services.yaml` cannot be read: it is a link that leads out of the workspace.
    ╭─[syncs/web.yaml:11:38]
    help: Remove the link, or name what it leads to.

    × `.git/config.yaml` is not the name of a file that a matrix can be read from.
    ╭─[syncs/web.yaml:11:38]
    help: Name a .yaml, .yml or .json file that is not hidden.

    × `services.txt` is not the name of a file that a matrix can be read from.
    ╭─[syncs/web.yaml:11:38]
    help: Name a .yaml, .yml or .json file that is not hidden.

    × The file `nowhere.yaml` cannot be read: it does not exist.
    ╭─[syncs/web.yaml:11:38]
    help: The path of a matrix starts at the root of the workspace.

    × The file `folder.yaml` cannot be read: it is a directory.
    ╭─[syncs/web.yaml:11:38]
    help: The path of a matrix starts at the root of the workspace.

    × The `[` is not closed.
    ╭─[broken.yaml:1:6]
    help: Close it, or quote the value if it is text.

    × The file `two.yaml` does not hold one map of axes.
    ╭─[syncs/web.yaml:11:38]
    help: Write each axis with its values: `app: [web, api]`.

    × A file of a matrix must be a map, and this is a list.
    ╭─[list.yaml:1:1]
    help: Write `key: value` lines below it, indented by two spaces.

    × The file `empty.yaml` does not hold one map of axes.
    ╭─[syncs/web.yaml:11:38]
    help: Write each axis with its values: `app: [web, api]`.

    × The axis `app` must be a list of values, and this is a string.
    ╭─[word.yaml:1:6]
    help: Write its values as a list, in brackets.

    × A file of a matrix has axes, and cannot name another file with `from`.
    ╭─[again.yaml:2:1]
    help: Write the axes into one file.

    × `matrix.from` must be the path of a file, and this is a number.
    ╭─[syncs/web.yaml:11:38]
    help: Name a YAML or JSON file of the workspace, from its root on.
    ");
}

#[test]
fn a_matrix_is_no_larger_than_what_can_be_expanded_soon() {
    let numbers = |count: usize| {
        let numbers: Vec<String> = (0..count).map(|n| n.to_string()).collect();
        numbers.join(", ")
    };
    let square = format!("a: [{0}]\n      b: [{0}]", numbers(100));
    let keys: Vec<String> = (0..100).map(|n| format!("k{n}: x")).collect();
    let entries = |count: usize, entry: &str| vec![entry; count].join(", ");
    let mut found = Vec::new();
    for further in [
        "include: [{ a: x, b: x }]".to_owned(),
        format!("include: [{{ {} }}]", keys.join(", ")),
        format!("exclude: [{}]", entries(11_000, "{ a: 1, b: x }")),
    ] {
        let block = format!(
            "  \"${{matrix.a}}-${{matrix.b}}\":\n    matrix:\n      {square}\n      {further}\n"
        );
        let refused = invalid(&block);
        let message = refused.lines().find(|line| line.contains('×'));
        found.push(message.unwrap().trim().to_owned());
    }
    assert_snapshot!(found.join("\n"), @"
    × This matrix has more than 10,000 cells: 10001 with `include`.
    × This matrix has 102 names, axes and what `include` adds, and at most 100 are possible.
    × `exclude` and `include` are too long for so many combinations.
    ");
}

#[test]
fn selects_by_what_the_matrix_says() {
    let tree = tree(APPS);
    let count = |arguments: &str| planned(&tree, arguments).len();
    assert_eq!(count("-l matrix.app=web"), 2);
    assert_eq!(count("-l matrix.env.slug=prod"), 4);
    assert_eq!(count("-l matrix.env.slug!=prod"), 2);
    assert_eq!(count("-l matrix.app=w* -l matrix.env.slug=prod"), 2);
    assert_eq!(count("--exclude *-prod"), 2);
    let none = tree.secsync("plan --sandbox -l matrix.app=wob").run();
    assert!(
        none.exits_with(64)
            .stderr
            .contains("`--selector matrix.app=wob` matches no declared sync")
    );
}

#[test]
fn a_saved_plan_and_an_apply_name_the_cells() {
    let tree = tree(APPS);
    tree.secsync("plan --sandbox --out plan.json")
        .run()
        .exits_with(0);
    let shown = tree.secsync("show plan.json").run().exits_with(0);
    let cell = "syncs/web.yaml:11 (app=web, env=prod)";
    assert!(shown.stdout.contains(cell), "{shown}");
    let json = tree.secsync("show plan.json -o json").run().exits_with(0);
    assert!(json.stdout.contains(r#""matrix""#), "{json}");
    let markdown = tree
        .secsync("plan --sandbox -o markdown")
        .run()
        .exits_with(0);
    assert!(
        markdown.stdout.contains("(app=web, env=prod)"),
        "{markdown}"
    );
    tree.secsync("apply --sandbox --auto-approve plan.json")
        .run()
        .exits_with(0);
    let again = tree.secsync("plan --sandbox").run().exits_with(0);
    assert!(again.stdout.contains("No changes."), "{again}");
}

#[test]
fn each_cell_is_renamed_from_its_own_old_name() {
    let old = "  \"${matrix.app}\": { matrix: { app: [web, api] } }\n";
    let tree = tree(old);
    tree.secsync("apply --sandbox --auto-approve")
        .run()
        .exits_with(0);
    let new = "  \"${matrix.app}-prod\": { matrix: { app: [web, api] }, renamedFrom: \"${matrix.app}\" }\n";
    tree.write("syncs/web.yaml", format!("{TOP}{new}"));
    let plan = tree.secsync("plan --sandbox").run().exits_with(0);
    assert!(
        plan.stdout
            .contains("Plan: 0 to add, 2 to change, 0 to destroy."),
        "{plan}"
    );
}

#[test]
fn a_lint_is_allowed_for_all_cells_by_a_comment_at_the_key() {
    let block = "  # secsync: allow(secret-path-form) they are relative here
  \"${matrix.app}\":
    matrix: { app: [web, api] }
    secretPath: \"${matrix.app}\"
";
    tree(block).secsync("validate").run().exits_with(0);
}

#[test]
fn importing_into_a_file_leaves_its_matrix_as_it_is() {
    let tree = tree(APPS);
    tree.secsync("apply --sandbox --auto-approve")
        .run()
        .exits_with(0);
    let other = "provider: infisical\nproject: payments\nsyncs:\n  other:\n    destination: humanitec\n    connection: humanitec-main\n    environment: prod\n    secretPath: /web\n    syncOptions: {initialSyncBehavior: overwrite-destination}\n    destinationConfig: {scope: application, org: acme, app: other}\n";
    tree.write("other.yaml", other);
    tree.secsync("apply --sandbox --auto-approve other.yaml")
        .run()
        .exits_with(0);
    let before = tree.read("syncs/web.yaml");
    tree.secsync("import --sandbox infisical/payments/other --into syncs/web.yaml")
        .run()
        .exits_with(0);
    let after = tree.read("syncs/web.yaml");
    assert!(after.starts_with(before.trim_end()), "{after}");
    let plan = tree
        .secsync("plan --sandbox syncs/web.yaml")
        .run()
        .exits_with(0);
    assert!(plan.stdout.contains("No changes."), "{plan}");
    let exported = tree
        .secsync("export --sandbox --project payments")
        .run()
        .exits_with(0);
    assert!(!exported.stdout.contains("syncs:"), "{exported}");
}

#[test]
fn the_cells_of_a_matrix_have_labels_that_tell_them_apart() {
    let labels = |block: &str| {
        let lines = planned(&tree(block), "");
        let labels = lines.iter().map(|line| line.rsplit_once(" (").unwrap().1);
        let mut labels: Vec<&str> = labels.map(|label| label.trim_end_matches(')')).collect();
        labels.sort_unstable();
        labels.join(" | ")
    };
    let long = "x".repeat(45);
    let found = [
        // All that differs, if there is no axis.
        labels(
            "  \"${matrix.app}-${matrix.env}\":\n    matrix: { include: [{ app: web, env: dev, team: t }, { app: web, env: prod, team: t }] }\n",
        ),
        // A long text that differs at its end.
        labels(&format!(
            "  \"a-${{matrix.app.id}}\":\n    matrix: {{ app: [{{ id: {long}1 }}, {{ id: {long}2 }}] }}\n"
        )),
        // What `include` adds is named only where axes are not enough.
        labels(
            "  \"${matrix.app}-${matrix.env}\":\n    matrix: { app: [web, api], env: [dev], include: [{ app: web, note: n }] }\n    description: \"${matrix.note}\"\n",
        ),
    ];
    assert_snapshot!(found.join("\n"), @r#"
    env=dev | env=prod
    app={"id":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx1"} | app={"id":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx2"}
    app=api, env=dev | app=web, env=dev
    "#);
}

#[test]
fn cells_are_counted_after_exclude_and_an_absurd_product_is_refused_at_once() {
    let numbers = |count: usize| {
        let numbers: Vec<String> = (0..count).map(|n| n.to_string()).collect();
        numbers.join(", ")
    };
    let block = |size: usize, further: &str| {
        format!(
            "  \"${{matrix.a}}-${{matrix.b}}\":\n    matrix:\n      a: [{0}]\n      b: [{0}]\n      {further}\n",
            numbers(size)
        )
    };
    // 110 × 110 are too many, and 12 × 110 are not.
    let excluded: Vec<String> = (12..110).map(|n| format!("{{ a: {n} }}")).collect();
    let exclude = format!("exclude: [{}]", excluded.join(", "));
    let many = tree(&block(110, &exclude))
        .secsync("validate")
        .run()
        .exits_with(0);
    assert!(
        many.stdout.contains("1320 syncs") || many.stdout.contains("1,320"),
        "{many}"
    );
    let message = |block: &str| {
        let refused = invalid(block);
        let message = refused.lines().find(|line| line.contains('×'));
        message.unwrap().trim().to_owned()
    };
    assert_snapshot!(
        [
            message(&block(110, "exclude: [{ a: 1 }]")),
            message(&block(1_001, &exclude)),
        ]
        .join("\n"),
        @"
    × This matrix has more than 10,000 cells: 110 × 110 are 12100, and `exclude` leaves 11990.
    × The axes of this matrix have more than 1,000,000 combinations: 1001 × 1001 are 1002001.
    "
    );
}

#[test]
fn an_entry_of_include_without_an_axis_does_not_make_that_axis_vary() {
    let block = "  \"${matrix.app}\":\n    matrix: { app: [web, api], env: [prod], include: [{ app: cron }] }\n    description: \"${matrix.env}\"\n";
    tree(block).secsync("validate").run().exits_with(0);
}

#[test]
fn the_editor_allows_the_references_that_are_valid_and_no_others() {
    let tree = Tree::new(&[]);
    tree.secsync("schema editor").run().exits_with(0);
    let schema = serde_json::from_str(&tree.read(".secsync/sync-file.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let app = "{ name: web, labels: { team: t }, scope: project, list: [description], text: x, flag: true }";
    for (line, is_valid) in [
        (r#"labels: "${matrix.app.labels}""#, true),
        (r#"labels: { team: "${matrix.app.text}" }"#, true),
        (r#"labels: "text""#, false),
        ("labels: [a]", false),
        (
            r#"connection: { name: "${matrix.app.text}", scope: "${matrix.app.scope}" }"#,
            true,
        ),
        ("connection: { name: main, scope: team }", false),
        ("connection: { name: main, scope: organization }", true),
        ("connection: { scope: [project] }", false),
        (r#"connection: "${matrix.app.text}""#, true),
        (r#"ignoreRemote: "${matrix.app.list}""#, true),
        ("ignoreRemote: 1", false),
        (r#"protect: "${matrix.app.flag}""#, true),
        (r#"protect: "yes""#, false),
        (r#"trigger: "sometimes""#, false),
    ] {
        let text = format!(
            "{TOP}  \"${{matrix.app.name}}\":\n    matrix: {{ app: [{app}] }}\n    {line}\n"
        );
        let run = Tree::new(&[("syncs/web.yaml", &text)])
            .secsync("validate")
            .run();
        assert_eq!(
            run.code,
            Some(if is_valid { 0 } else { 3 }),
            "{line}: {run}"
        );
        let document =
            secsync::yaml::load(Sources::default().add("web.yaml", text.as_str()), &text);
        let document = document.documents[0].to_json();
        assert_eq!(validator.is_valid(&document), is_valid, "{line}");
    }
}

#[test]
fn a_path_of_a_matrix_may_go_up_as_long_as_it_stays_inside() {
    let block = "  \"${matrix.app}\": { matrix: { from: ./data/../x.yaml } }\n";
    let tree = tree(block);
    tree.write("x.yaml", "app: [web]\n");
    tree.secsync("validate").run().exits_with(0);
    let outside = "  \"${matrix.app}\": { matrix: { from: data/../../x.yaml } }\n";
    assert!(invalid(outside).contains("leaves the workspace"));
}

#[test]
fn a_selector_of_a_map_names_a_field_of_it() {
    let refused = tree(APPS)
        .secsync("plan --sandbox -l matrix.env=prod")
        .run()
        .exits_with(64);
    assert!(refused.stderr.contains("`matrix.env.slug=…`"), "{refused}");
}

#[test]
fn every_format_says_which_cell_a_sync_is_of() {
    let block = r#"  "${matrix.app}-${matrix.env}":
    matrix: { app: [web, api], env: [prod] }
    destinationConfig: { app: "${matrix.app}" }
    syncOptions: { disableSecretDeletion: false }
    ensure: absent
"#;
    let tree = tree(&block.replace("    ensure: absent\n", ""));
    let run = |arguments: &str| tree.secsync(arguments).run().exits_with(0).stdout;
    run("apply --sandbox --auto-approve");
    tree.write(
        "syncs/web.yaml",
        format!(
            "{TOP}{}",
            block
                .replace("syncOptions", "# ")
                .replace("destinationConfig", "# ")
        ),
    );
    for format in [
        "human", "markdown", "html", "github", "sarif", "junit", "unified",
    ] {
        let text = run(&format!("plan --sandbox -o {format}"));
        for cell in ["app=web, env=prod", "app=api, env=prod"] {
            assert!(text.contains(cell), "not {cell} in {format}:\n{text}");
        }
    }
}
