//! The formats for pull requests, code hosts and test reports, from the outside.
#![allow(
    clippy::too_many_lines,
    reason = "what a user sees is shown whole, in one format beside the other"
)]

use super::harness::{Output, Server, Tree, payments, world};

/// A file with an error, one with a warning, and what comes of them in a format.
fn of_bad_files(format: &str) -> Output {
    let tree = Tree::new(&[
        (
            "syncs/bad.yaml",
            &payments(&[(
                "api",
                "destinationConfig: { scope: environment, org: acme, app: payments }",
            )]),
        ),
        (
            "syncs/odd.yaml",
            &payments(&[("web", "description: odd # secsync: allow name-form")]),
        ),
    ]);
    tree.secsync(&format!("validate syncs -o {format}"))
        .run()
        .exits_with(3)
}

#[test]
fn findings_in_every_format() {
    insta::assert_snapshot!(of_bad_files("markdown").stdout, @r#"
    <!-- secsync:validate -->
    ## secsync validate

    **Found 1 error and 1 warning.**

    ### Findings

    - **Error** `missing-field` `syncs/bad.yaml:12:5`: `destinationConfig.env` is missing. It is required if `scope` is "environment".<br>Add `env` under `destinationConfig`.
    - **Warning** `allowance-form` `syncs/odd.yaml:12:22`: This comment is not of the form `# secsync: allow(CODE) REASON`.<br>Name the lint, and say why it is allowed here.
    "#);
    insta::assert_snapshot!(of_bad_files("github").stdout, @r#"
    ::error file=syncs/bad.yaml,line=12,endLine=12,col=5,endColumn=22,title=secsync%3A missing-field::`destinationConfig.env` is missing. It is required if `scope` is "environment".%0AAdd `env` under `destinationConfig`.
    ::warning file=syncs/odd.yaml,line=12,endLine=12,col=22,endColumn=48,title=secsync%3A allowance-form::This comment is not of the form `# secsync: allow(CODE) REASON`.%0AName the lint, and say why it is allowed here.
    ::notice title=secsync validate::Found 1 error and 1 warning.
    "#);
    insta::assert_snapshot!(of_bad_files("junit").stdout, @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="secsync" tests="2" failures="1" errors="0" skipped="0">
      <testsuite name="secsync validate" tests="2" failures="1" errors="0" skipped="0">
        <testcase name="syncs/bad.yaml" classname="secsync.files" file="syncs/bad.yaml" line="12">
          <failure type="missing-field" message="syncs/bad.yaml:12:5: `destinationConfig.env` is missing. It is required if `scope` is &quot;environment&quot;.">syncs/bad.yaml:12:5: `destinationConfig.env` is missing. It is required if `scope` is &quot;environment&quot;.
    Add `env` under `destinationConfig`.</failure>
        </testcase>
        <testcase name="syncs/odd.yaml" classname="secsync.files" file="syncs/odd.yaml">
          <system-out>syncs/odd.yaml:12:22: This comment is not of the form `# secsync: allow(CODE) REASON`.
    Name the lint, and say why it is allowed here.</system-out>
        </testcase>
      </testsuite>
    </testsuites>
    "#);
    let sarif = of_bad_files("sarif").json();
    let mut run = sarif["runs"][0].clone();
    for rule in run["tool"]["driver"]["rules"].as_array_mut().unwrap() {
        let help = rule["help"].take();
        assert!(help["text"].as_str().unwrap().contains("## Fix"));
    }
    insta::assert_snapshot!(format!("{run:#}"), @r#"
    {
      "tool": {
        "driver": {
          "name": "secsync",
          "version": "0.1.0",
          "semanticVersion": "0.1.0",
          "rules": [
            {
              "id": "allowance-form",
              "shortDescription": {
                "text": "A comment that allows a lint is malformed."
              },
              "fullDescription": {
                "text": "A comment that allows a lint is malformed."
              },
              "help": null,
              "defaultConfiguration": {
                "level": "warning"
              },
              "properties": {
                "tags": [
                  "secret-sync"
                ]
              }
            },
            {
              "id": "missing-field",
              "shortDescription": {
                "text": "A required field is missing."
              },
              "fullDescription": {
                "text": "A required field is missing."
              },
              "help": null,
              "defaultConfiguration": {
                "level": "error"
              },
              "properties": {
                "tags": [
                  "secret-sync"
                ]
              }
            }
          ]
        }
      },
      "automationDetails": {
        "id": "secsync/validate/"
      },
      "invocations": [
        {
          "executionSuccessful": true,
          "exitCode": 3,
          "toolExecutionNotifications": []
        }
      ],
      "columnKind": "unicodeCodePoints",
      "results": [
        {
          "ruleId": "missing-field",
          "ruleIndex": 1,
          "level": "error",
          "message": {
            "text": "`destinationConfig.env` is missing. It is required if `scope` is \"environment\".\nAdd `env` under `destinationConfig`."
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "syncs/bad.yaml",
                  "uriBaseId": "%SRCROOT%"
                },
                "region": {
                  "startLine": 12,
                  "startColumn": 5,
                  "endLine": 12,
                  "endColumn": 22
                }
              }
            }
          ]
        },
        {
          "ruleId": "allowance-form",
          "ruleIndex": 0,
          "level": "warning",
          "message": {
            "text": "This comment is not of the form `# secsync: allow(CODE) REASON`.\nName the lint, and say why it is allowed here."
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "syncs/odd.yaml",
                  "uriBaseId": "%SRCROOT%"
                },
                "region": {
                  "startLine": 12,
                  "startColumn": 22,
                  "endLine": 12,
                  "endColumn": 48
                }
              }
            }
          ]
        }
      ]
    }
    "#);
    let html = of_bad_files("html").stdout;
    let (_, body) = html.split_once("<body>").unwrap();
    insta::assert_snapshot!(body, @r#"

    <h1>secsync validate</h1>
    <p><strong>Found 1 error and 1 warning.</strong></p>
    <section class="findings">
    <h2>Findings</h2>
    <ul>
    <li><strong>Error</strong> <code>missing-field</code> <code>syncs/bad.yaml:12:5</code>: <code>destinationConfig.env</code> is missing. It is required if <code>scope</code> is &quot;environment&quot;.
    Add <code>env</code> under <code>destinationConfig</code>.</li>
    <li><strong>Warning</strong> <code>allowance-form</code> <code>syncs/odd.yaml:12:22</code>: This comment is not of the form <code># secsync: allow(CODE) REASON</code>.
    Name the lint, and say why it is allowed here.</li>
    </ul>
    </section>
    </body>
    </html>
    "#);
}

#[test]
fn files_that_are_right_in_every_format() {
    let tree = Tree::new(&[("syncs/a.yaml", &payments(&[("api", "")]))]);
    let of = |format: &str| {
        let run = tree.secsync(&format!("validate syncs -o {format}"));
        run.run().exits_with(0).stdout
    };
    insta::assert_snapshot!(of("markdown"), @"
    <!-- secsync:validate -->
    ## secsync validate

    **Success! 1 sync in 1 file can be planned.**
    ");
    insta::assert_snapshot!(of("github"), @"::notice title=secsync validate::Success! 1 sync in 1 file can be planned.");
    insta::assert_snapshot!(of("junit"), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="secsync" tests="1" failures="0" errors="0" skipped="0">
      <testsuite name="secsync validate" tests="1" failures="0" errors="0" skipped="0">
        <testcase name="syncs/a.yaml" classname="secsync.files" file="syncs/a.yaml"/>
      </testsuite>
    </testsuites>
    "#);
}

/// What a run printed, without what differs from run to run.
fn shown(output: &Output) -> String {
    output.harmless(&output.stdout)
}

/// A server with a sync that is to change, and files that change it, add one and block one.
fn pending() -> (Tree, Server) {
    let server = Server::new(&world());
    let tree = Tree::new(&[(
        "syncs/payments.yaml",
        &payments(&[("api", "description: Old"), ("gone", ""), ("kept", "")]),
    )]);
    tree.secsync("apply syncs --auto-approve")
        .on(&server)
        .run()
        .exits_with(0);
    tree.write(
        "syncs/payments.yaml",
        payments(&[
            (
                "api",
                "description: New\nsyncOptions: { disableSecretDeletion: false }",
            ),
            ("gone", "ensure: absent\nonDelete: remove-secrets"),
            ("kept", "ensure: absent\nprotect: true"),
            ("web", ""),
        ]),
    );
    (tree, server)
}

#[test]
fn a_plan_in_every_format() {
    let (tree, server) = pending();
    let plan = |format: &str| {
        let run = tree.secsync(&format!("plan syncs -o {format}")).on(&server);
        shown(&run.run().exits_with(0))
    };
    insta::assert_snapshot!(plan("unified"), @"
    # infisical/payments/api will be updated in place
    # Warning: The next sync overwrites the destination's secrets, and deletes those that the source does not have.
    --- remote/infisical/payments/api
    +++ declared/infisical/payments/api
    @@ -2,10 +2,10 @@
     secretPath: /
     syncOptions:
       initialSyncBehavior: overwrite-destination
    -  disableSecretDeletion: true
    +  disableSecretDeletion: false
     destinationConfig:
       scope: application
       org: acme
       app: payments
    -description: Old
    +description: New
     isAutoSyncEnabled: true
    # infisical/payments/gone will be deleted, because the file says `ensure: absent`
    # Warning: Its secrets are removed from the destination.
    --- remote/infisical/payments/gone
    +++ declared/infisical/payments/gone
    @@ -1,12 +0,0 @@
    -destination: humanitec
    -destinationConfig:
    -  scope: application
    -  app: payments
    -  org: acme
    -environment: prod
    -secretPath: /
    -isAutoSyncEnabled: true
    -syncOptions:
    -  initialSyncBehavior: overwrite-destination
    -  disableSecretDeletion: true
    -connection: humanitec-main
    # infisical/payments/kept cannot be deleted
    # Blocked: It is protected.
    # Remove `protect` from the sync, or its name from `protect:` in secsync.yaml, in a change of its own.
    # infisical/payments/web will be created
    # Note: The first sync overwrites secrets at the destination that have the same keys.
    # Note: It equals `gone`, which this plan deletes. If it is the same sync, write `renamedFrom: gone`.
    --- /dev/null
    +++ declared/infisical/payments/web
    @@ -0,0 +1,10 @@
    +connection: humanitec-main
    +destinationConfig:
    +  scope: application
    +  app: payments
    +  org: acme
    +environment: prod
    +secretPath: /
    +syncOptions:
    +  disableSecretDeletion: true
    +  initialSyncBehavior: overwrite-destination
    # Plan: 1 to add, 1 to change, 1 to destroy, 1 blocked.
    ");
    insta::assert_snapshot!(plan("markdown"), @r#"
    <!-- secsync:plan -->
    ## secsync plan

    **Plan: 1 to add, 1 to change, 1 to destroy, 1 blocked.**

    ### Findings

    - **Warning** `same-destination` `syncs/payments.yaml:11:3`: `infisical/payments/api` and `infisical/payments/web` push to the same destination through the same connection, and their keys can meet: `infisical/payments/api` deletes the secrets of `infisical/payments/web` at each sync.<br>Give each its own `keySchema`, such as `A_{{secretKey}}` and `B_{{secretKey}}`; or set `disableSecretDeletion: true` on each; or choose different destinations.<br>`web` deletes nothing: syncs/payments.yaml:20:3

    > [!WARNING]
    > This deletes or overwrites secrets:
    >
    > - `infisical/payments/api`: The next sync overwrites the destination's secrets, and deletes those that the source does not have.
    > - `infisical/payments/gone`: Its secrets are removed from the destination.

    <details open><summary>Sources and destinations</summary>

    ```mermaid
    flowchart LR
      s1["payments prod /"]
      d2(["humanitec application acme payments"])
      s1 ==>|"update api"| d2
      s1 ==>|"delete gone"| d2
      s1 -->|"create web"| d2
    ```

    A thick arrow can delete secrets at its destination.

    </details>

    - `~` `infisical/payments/api` (`humanitec`) will be updated in place

      <details><summary>Details</summary>

      Declared at `syncs/payments.yaml:11:3`.

      ```diff
      @@ -2,10 +2,10 @@
       secretPath: /
       syncOptions:
         initialSyncBehavior: overwrite-destination
      -  disableSecretDeletion: true
      +  disableSecretDeletion: false
       destinationConfig:
         scope: application
         org: acme
         app: payments
      -description: Old
      +description: New
       isAutoSyncEnabled: true
      ```

      - The next sync overwrites the destination's secrets, and deletes those that the source does not have.

      </details>

    - `-` `infisical/payments/gone` (`humanitec`) will be deleted, because the file says `ensure: absent`

      <details><summary>Details</summary>

      Declared at `syncs/payments.yaml:14:3`.

      ```diff
      @@ -1,12 +0,0 @@
      -destination: humanitec
      -destinationConfig:
      -  scope: application
      -  app: payments
      -  org: acme
      -environment: prod
      -secretPath: /
      -isAutoSyncEnabled: true
      -syncOptions:
      -  initialSyncBehavior: overwrite-destination
      -  disableSecretDeletion: true
      -connection: humanitec-main
      ```

      - Its secrets are removed from the destination.

      </details>

    - `x` `infisical/payments/kept` (`humanitec`) cannot be deleted. **Blocked:** It is protected.<br>Remove `protect` from the sync, or its name from `protect:` in secsync.yaml, in a change of its own.

      <details><summary>Details</summary>

      Declared at `syncs/payments.yaml:17:3`.

      </details>

    - `+` `infisical/payments/web` (`humanitec`) will be created

      <details><summary>Details</summary>

      Declared at `syncs/payments.yaml:20:3`.

      ```diff
      @@ -0,0 +1,10 @@
      +connection: humanitec-main
      +destinationConfig:
      +  scope: application
      +  app: payments
      +  org: acme
      +environment: prod
      +secretPath: /
      +syncOptions:
      +  disableSecretDeletion: true
      +  initialSyncBehavior: overwrite-destination
      ```

      - The first sync overwrites secrets at the destination that have the same keys.
      - It equals `gone`, which this plan deletes. If it is the same sync, write `renamedFrom: gone`.

      </details>
    "#);
    insta::assert_snapshot!(plan("github"), @"
    ::warning file=syncs/payments.yaml,line=11,endLine=11,col=3,endColumn=6,title=secsync%3A same-destination::`infisical/payments/api` and `infisical/payments/web` push to the same destination through the same connection, and their keys can meet: `infisical/payments/api` deletes the secrets of `infisical/payments/web` at each sync.%0AGive each its own `keySchema`, such as `A_{{secretKey}}` and `B_{{secretKey}}`; or set `disableSecretDeletion: true` on each; or choose different destinations.%0A`web` deletes nothing: syncs/payments.yaml:20:3
    ::notice title=secsync plan::Plan: 1 to add, 1 to change, 1 to destroy, 1 blocked.
    ::warning file=syncs/payments.yaml,line=11,endLine=11,col=3,endColumn=6,title=secsync%3A update::infisical/payments/api will be updated in place.%0AThe next sync overwrites the destination's secrets, and deletes those that the source does not have.
    ::warning file=syncs/payments.yaml,line=14,endLine=14,col=3,endColumn=7,title=secsync%3A delete::infisical/payments/gone will be deleted, because the file says `ensure: absent`.%0AIts secrets are removed from the destination.%0AThe sync that is deleted is:%0Agone:%0A  destination: humanitec%0A  projectId: [UUID]%0A  connection: humanitec-main%0A  environment: prod%0A  secretPath: /%0A  isAutoSyncEnabled: true%0A  syncOptions:%0A    initialSyncBehavior: overwrite-destination%0A    disableSecretDeletion: true%0A  destinationConfig:%0A    scope: application%0A    app: payments%0A    org: acme
    ::warning file=syncs/payments.yaml,line=17,endLine=17,col=3,endColumn=7,title=secsync%3A blocked::infisical/payments/kept cannot be deleted.%0AIt is protected.%0ARemove `protect` from the sync, or its name from `protect:` in secsync.yaml, in a change of its own.
    ::notice file=syncs/payments.yaml,line=20,endLine=20,col=3,endColumn=6,title=secsync%3A create::infisical/payments/web will be created.%0AIt equals `gone`, which this plan deletes. If it is the same sync, write `renamedFrom: gone`.
    ");
    insta::assert_snapshot!(plan("junit"), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="secsync" tests="5" failures="0" errors="0" skipped="1">
      <testsuite name="secsync plan" tests="5" failures="0" errors="0" skipped="1">
        <testcase name="syncs/payments.yaml" classname="secsync.files" file="syncs/payments.yaml">
          <system-out>syncs/payments.yaml:11:3: `infisical/payments/api` and `infisical/payments/web` push to the same destination through the same connection, and their keys can meet: `infisical/payments/api` deletes the secrets of `infisical/payments/web` at each sync.
    Give each its own `keySchema`, such as `A_{{secretKey}}` and `B_{{secretKey}}`; or set `disableSecretDeletion: true` on each; or choose different destinations.
    `web` deletes nothing: syncs/payments.yaml:20:3</system-out>
        </testcase>
        <testcase name="infisical/payments/api" classname="secsync.plan.update" file="syncs/payments.yaml" line="11">
          <system-out>will be updated in place
    The next sync overwrites the destination&#39;s secrets, and deletes those that the source does not have.
    @@ -2,10 +2,10 @@
     secretPath: /
     syncOptions:
       initialSyncBehavior: overwrite-destination
    -  disableSecretDeletion: true
    +  disableSecretDeletion: false
     destinationConfig:
       scope: application
       org: acme
       app: payments
    -description: Old
    +description: New
     isAutoSyncEnabled: true</system-out>
        </testcase>
        <testcase name="infisical/payments/gone" classname="secsync.plan.delete" file="syncs/payments.yaml" line="14">
          <system-out>will be deleted, because the file says `ensure: absent`
    Its secrets are removed from the destination.
    @@ -1,12 +0,0 @@
    -destination: humanitec
    -destinationConfig:
    -  scope: application
    -  app: payments
    -  org: acme
    -environment: prod
    -secretPath: /
    -isAutoSyncEnabled: true
    -syncOptions:
    -  initialSyncBehavior: overwrite-destination
    -  disableSecretDeletion: true
    -connection: humanitec-main</system-out>
        </testcase>
        <testcase name="infisical/payments/kept" classname="secsync.plan.blocked" file="syncs/payments.yaml" line="17">
          <skipped type="blocked" message="It is protected.">It is protected.
    Remove `protect` from the sync, or its name from `protect:` in secsync.yaml, in a change of its own.</skipped>
          <system-out>cannot be deleted</system-out>
        </testcase>
        <testcase name="infisical/payments/web" classname="secsync.plan.create" file="syncs/payments.yaml" line="20">
          <system-out>will be created
    The first sync overwrites secrets at the destination that have the same keys.
    It equals `gone`, which this plan deletes. If it is the same sync, write `renamedFrom: gone`.
    @@ -0,0 +1,10 @@
    +connection: humanitec-main
    +destinationConfig:
    +  scope: application
    +  app: payments
    +  org: acme
    +environment: prod
    +secretPath: /
    +syncOptions:
    +  disableSecretDeletion: true
    +  initialSyncBehavior: overwrite-destination</system-out>
        </testcase>
      </testsuite>
    </testsuites>
    "#);
    let html = plan("html");
    let (_, body) = html.split_once("<body>").unwrap();
    let (body, _) = body.split_once("<script>").unwrap();
    insta::assert_snapshot!(body, @r#"

    <h1>secsync plan</h1>
    <p><strong>Plan: 1 to add, 1 to change, 1 to destroy, 1 blocked.</strong></p>
    <section class="findings">
    <h2>Findings</h2>
    <ul>
    <li><strong>Warning</strong> <code>same-destination</code> <code>syncs/payments.yaml:11:3</code>: <code>infisical/payments/api</code> and <code>infisical/payments/web</code> push to the same destination through the same connection, and their keys can meet: <code>infisical/payments/api</code> deletes the secrets of <code>infisical/payments/web</code> at each sync.
    Give each its own <code>keySchema</code>, such as <code>A_{{secretKey}}</code> and <code>B_{{secretKey}}</code>; or set <code>disableSecretDeletion: true</code> on each; or choose different destinations.
    <code>web</code> deletes nothing: syncs/payments.yaml:20:3</li>
    </ul>
    </section>
    <section class="warning">
    <h2>This deletes or overwrites secrets</h2>
    <ul>
    <li><code>infisical/payments/api</code>: The next sync overwrites the destination&#39;s secrets, and deletes those that the source does not have.</li>
    <li><code>infisical/payments/gone</code>: Its secrets are removed from the destination.</li>
    </ul>
    </section>
    <section class="syncs">
    <h2>Syncs</h2>
    <form hidden>
    <label>Show <select name="action">
    <option value="">everything</option>
    <option value="blocked">blocked (1)</option>
    <option value="create">create (1)</option>
    <option value="delete">delete (1)</option>
    <option value="update">update (1)</option>
    </select></label>
    <label>with <input name="text" type="search" placeholder="any text"></label>
    <output></output>
    </form>
    <ul>
    <li class="sync change" data-action="update">
    <p><span class="state badge">~ update</span> <code>infisical/payments/api</code> (<code>humanitec</code>) will be updated in place, declared at <code>syncs/payments.yaml:11:3</code></p>
    <p><span class="state change">Warning:</span> The next sync overwrites the destination&#39;s secrets, and deletes those that the source does not have.</p>
    <details><summary>Fields</summary><pre>@@ -2,10 +2,10 @@
     secretPath: /
     syncOptions:
       initialSyncBehavior: overwrite-destination
    <span class="remove">-  disableSecretDeletion: true</span>
    <span class="add">+  disableSecretDeletion: false</span>
     destinationConfig:
       scope: application
       org: acme
       app: payments
    <span class="remove">-description: Old</span>
    <span class="add">+description: New</span>
     isAutoSyncEnabled: true
    </pre></details>
    </li>
    <li class="sync remove" data-action="delete">
    <p><span class="state badge">- delete</span> <code>infisical/payments/gone</code> (<code>humanitec</code>) will be deleted, because the file says <code>ensure: absent</code>, declared at <code>syncs/payments.yaml:14:3</code></p>
    <p><span class="state change">Warning:</span> Its secrets are removed from the destination.</p>
    <details><summary>Fields</summary><pre>@@ -1,12 +0,0 @@
    <span class="remove">-destination: humanitec</span>
    <span class="remove">-destinationConfig:</span>
    <span class="remove">-  scope: application</span>
    <span class="remove">-  app: payments</span>
    <span class="remove">-  org: acme</span>
    <span class="remove">-environment: prod</span>
    <span class="remove">-secretPath: /</span>
    <span class="remove">-isAutoSyncEnabled: true</span>
    <span class="remove">-syncOptions:</span>
    <span class="remove">-  initialSyncBehavior: overwrite-destination</span>
    <span class="remove">-  disableSecretDeletion: true</span>
    <span class="remove">-connection: humanitec-main</span>
    </pre></details>
    </li>
    <li class="sync remove" data-action="blocked">
    <p><span class="state badge">x blocked</span> <code>infisical/payments/kept</code> (<code>humanitec</code>) cannot be deleted, declared at <code>syncs/payments.yaml:17:3</code></p>
    <p><span class="state">Blocked:</span> It is protected.
    Remove <code>protect</code> from the sync, or its name from <code>protect:</code> in secsync.yaml, in a change of its own.</p>
    </li>
    <li class="sync add" data-action="create">
    <p><span class="state badge">+ create</span> <code>infisical/payments/web</code> (<code>humanitec</code>) will be created, declared at <code>syncs/payments.yaml:20:3</code></p>
    <p><span class="note">Note:</span> The first sync overwrites secrets at the destination that have the same keys.</p>
    <p><span class="note">Note:</span> It equals <code>gone</code>, which this plan deletes. If it is the same sync, write <code>renamedFrom: gone</code>.</p>
    <details><summary>Fields</summary><pre>@@ -0,0 +1,10 @@
    <span class="add">+connection: humanitec-main</span>
    <span class="add">+destinationConfig:</span>
    <span class="add">+  scope: application</span>
    <span class="add">+  app: payments</span>
    <span class="add">+  org: acme</span>
    <span class="add">+environment: prod</span>
    <span class="add">+secretPath: /</span>
    <span class="add">+syncOptions:</span>
    <span class="add">+  disableSecretDeletion: true</span>
    <span class="add">+  initialSyncBehavior: overwrite-destination</span>
    </pre></details>
    </li>
    </ul>
    </section>
    "#);
}

#[test]
fn what_was_applied_and_what_failed_in_every_format() {
    let of = |format: &str| {
        let server = Server::failing(&world(), &["create=403"]);
        let tree = Tree::new(&[("syncs/a.yaml", &payments(&[("api", "")]))]);
        let run = tree.secsync(&format!("apply syncs --auto-approve -o {format}"));
        shown(&run.on(&server).run().exits_with(4))
    };
    insta::assert_snapshot!(of("markdown"), @r#"
    <!-- secsync:apply -->
    ## secsync apply

    **Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed, 1 failed.**

    - `+` `infisical/payments/api` (`humanitec`) was not created. **Failed:** Cannot create the sync "api": this identity lacks the permission "read" on "secret-syncs".<br>Give the identity a role in the project with that permission.

      <details><summary>Details</summary>

      Declared at `syncs/a.yaml:11:3`.

      ```diff
      @@ -0,0 +1,10 @@
      +connection: humanitec-main
      +destinationConfig:
      +  scope: application
      +  app: payments
      +  org: acme
      +environment: prod
      +secretPath: /
      +syncOptions:
      +  disableSecretDeletion: true
      +  initialSyncBehavior: overwrite-destination
      ```

      - The first sync overwrites secrets at the destination that have the same keys.

      </details>
    "#);
    insta::assert_snapshot!(of("github"), @r#"
    ::notice title=secsync apply::Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed, 1 failed.
    ::error file=syncs/a.yaml,line=11,endLine=11,col=3,endColumn=6,title=secsync%3A create::infisical/payments/api was not created.%0ACannot create the sync "api": this identity lacks the permission "read" on "secret-syncs".%0AGive the identity a role in the project with that permission.
    "#);
    insta::assert_snapshot!(of("junit"), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="secsync" tests="2" failures="1" errors="0" skipped="0">
      <testsuite name="secsync apply" tests="2" failures="1" errors="0" skipped="0">
        <testcase name="syncs/a.yaml" classname="secsync.files" file="syncs/a.yaml"/>
        <testcase name="infisical/payments/api" classname="secsync.apply.create" file="syncs/a.yaml" line="11">
          <failure type="create" message="Cannot create the sync &quot;api&quot;: this identity lacks the permission &quot;read&quot; on &quot;secret-syncs&quot;.">Cannot create the sync &quot;api&quot;: this identity lacks the permission &quot;read&quot; on &quot;secret-syncs&quot;.
    Give the identity a role in the project with that permission.</failure>
          <system-out>was not created
    The first sync overwrites secrets at the destination that have the same keys.
    @@ -0,0 +1,10 @@
    +connection: humanitec-main
    +destinationConfig:
    +  scope: application
    +  app: payments
    +  org: acme
    +environment: prod
    +secretPath: /
    +syncOptions:
    +  disableSecretDeletion: true
    +  initialSyncBehavior: overwrite-destination</system-out>
        </testcase>
      </testsuite>
    </testsuites>
    "#);
}

#[test]
fn drift_in_every_format() {
    let (tree, server) = pending();
    let drift = |format: &str| {
        let run = tree.secsync(&format!("drift syncs -o {format}"));
        shown(&run.on(&server).run().exits_with(2))
    };
    insta::assert_snapshot!(drift("unified"), @"
    # infisical/payments/api differs from what is declared
    --- declared/infisical/payments/api
    +++ remote/infisical/payments/api
    @@ -1,3 +1,3 @@
    -description: New
    +description: Old
     syncOptions:
    -  disableSecretDeletion: false
    +  disableSecretDeletion: true
    # infisical/payments/gone exists remotely, although the file says `ensure: absent`
    # infisical/payments/kept exists remotely, although the file says `ensure: absent`
    # Note: It is protected.
    # Remove `protect` from the sync, or its name from `protect:` in secsync.yaml, in a change of its own.
    # infisical/payments/web is missing remotely
    # Drift: 4 syncs are not as declared, 0 as declared.
    # `secsync apply` makes them as declared. To keep what is remote, write it into the files.
    ");
    insta::assert_snapshot!(drift("markdown"), @"
    <!-- secsync:drift -->
    ## secsync drift

    **Drift: 4 syncs are not as declared, 0 as declared.<br>`secsync apply` makes them as declared. To keep what is remote, write it into the files.**

    ### Findings

    - **Warning** `same-destination` `syncs/payments.yaml:11:3`: `infisical/payments/api` and `infisical/payments/web` push to the same destination through the same connection, and their keys can meet: `infisical/payments/api` deletes the secrets of `infisical/payments/web` at each sync.<br>Give each its own `keySchema`, such as `A_{{secretKey}}` and `B_{{secretKey}}`; or set `disableSecretDeletion: true` on each; or choose different destinations.<br>`web` deletes nothing: syncs/payments.yaml:20:3

    - `~` `infisical/payments/api` (`humanitec`) differs from what is declared

      <details><summary>Details</summary>

      Declared at `syncs/payments.yaml:11:3`.

      ```diff
      @@ -1,3 +1,3 @@
      -description: New
      +description: Old
       syncOptions:
      -  disableSecretDeletion: false
      +  disableSecretDeletion: true
      ```

      </details>

    - `+` `infisical/payments/gone` (`humanitec`) exists remotely, although the file says `ensure: absent`

      <details><summary>Details</summary>

      Declared at `syncs/payments.yaml:14:3`.

      </details>

    - `+` `infisical/payments/kept` (`humanitec`) exists remotely, although the file says `ensure: absent`

      <details><summary>Details</summary>

      Declared at `syncs/payments.yaml:17:3`.

      - It is protected.<br>Remove `protect` from the sync, or its name from `protect:` in secsync.yaml, in a change of its own.

      </details>

    - `-` `infisical/payments/web` (`humanitec`) is missing remotely

      <details><summary>Details</summary>

      Declared at `syncs/payments.yaml:20:3`.

      </details>
    ");
    insta::assert_snapshot!(drift("github"), @"
    ::warning file=syncs/payments.yaml,line=11,endLine=11,col=3,endColumn=6,title=secsync%3A same-destination::`infisical/payments/api` and `infisical/payments/web` push to the same destination through the same connection, and their keys can meet: `infisical/payments/api` deletes the secrets of `infisical/payments/web` at each sync.%0AGive each its own `keySchema`, such as `A_{{secretKey}}` and `B_{{secretKey}}`; or set `disableSecretDeletion: true` on each; or choose different destinations.%0A`web` deletes nothing: syncs/payments.yaml:20:3
    ::notice title=secsync drift::Drift: 4 syncs are not as declared, 0 as declared.%0A`secsync apply` makes them as declared. To keep what is remote, write it into the files.
    ::warning file=syncs/payments.yaml,line=11,endLine=11,col=3,endColumn=6,title=secsync%3A changed::infisical/payments/api differs from what is declared.
    ::warning file=syncs/payments.yaml,line=14,endLine=14,col=3,endColumn=7,title=secsync%3A unwanted::infisical/payments/gone exists remotely, although the file says `ensure: absent`.
    ::warning file=syncs/payments.yaml,line=17,endLine=17,col=3,endColumn=7,title=secsync%3A unwanted::infisical/payments/kept exists remotely, although the file says `ensure: absent`.
    ::warning file=syncs/payments.yaml,line=20,endLine=20,col=3,endColumn=6,title=secsync%3A missing::infisical/payments/web is missing remotely.
    ");
    insta::assert_snapshot!(drift("junit"), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="secsync" tests="5" failures="4" errors="0" skipped="0">
      <testsuite name="secsync drift" tests="5" failures="4" errors="0" skipped="0">
        <testcase name="syncs/payments.yaml" classname="secsync.files" file="syncs/payments.yaml">
          <system-out>syncs/payments.yaml:11:3: `infisical/payments/api` and `infisical/payments/web` push to the same destination through the same connection, and their keys can meet: `infisical/payments/api` deletes the secrets of `infisical/payments/web` at each sync.
    Give each its own `keySchema`, such as `A_{{secretKey}}` and `B_{{secretKey}}`; or set `disableSecretDeletion: true` on each; or choose different destinations.
    `web` deletes nothing: syncs/payments.yaml:20:3</system-out>
        </testcase>
        <testcase name="infisical/payments/api" classname="secsync.drift.changed" file="syncs/payments.yaml" line="11">
          <failure type="changed" message="differs from what is declared">differs from what is declared</failure>
          <system-out>differs from what is declared
    @@ -1,3 +1,3 @@
    -description: New
    +description: Old
     syncOptions:
    -  disableSecretDeletion: false
    +  disableSecretDeletion: true</system-out>
        </testcase>
        <testcase name="infisical/payments/gone" classname="secsync.drift.unwanted" file="syncs/payments.yaml" line="14">
          <failure type="unwanted" message="exists remotely, although the file says `ensure: absent`">exists remotely, although the file says `ensure: absent`</failure>
          <system-out>exists remotely, although the file says `ensure: absent`</system-out>
        </testcase>
        <testcase name="infisical/payments/kept" classname="secsync.drift.unwanted" file="syncs/payments.yaml" line="17">
          <failure type="unwanted" message="exists remotely, although the file says `ensure: absent`">exists remotely, although the file says `ensure: absent`</failure>
          <system-out>exists remotely, although the file says `ensure: absent`
    It is protected.
    Remove `protect` from the sync, or its name from `protect:` in secsync.yaml, in a change of its own.</system-out>
        </testcase>
        <testcase name="infisical/payments/web" classname="secsync.drift.missing" file="syncs/payments.yaml" line="20">
          <failure type="missing" message="is missing remotely">is missing remotely</failure>
          <system-out>is missing remotely</system-out>
        </testcase>
      </testsuite>
    </testsuites>
    "#);
}

#[test]
fn how_syncs_are_doing_in_every_format() {
    let server = Server::failing(&world(), &["sync:api=fail:no `app` <b>here</b>"]);
    let tree = Tree::new(&[(
        "syncs/a.yaml",
        &payments(&[
            (
                "api",
                "destinationConfig: { scope: application, org: acme, app: missing }",
            ),
            ("web", ""),
        ]),
    )]);
    tree.secsync("apply syncs --auto-approve --target api --wait")
        .on(&server)
        .run();
    let status = |format: &str| {
        let run = tree
            .secsync(&format!("status syncs -o {format}"))
            .on(&server);
        shown(&run.run().exits_with(7))
    };
    insta::assert_snapshot!(status("markdown"), @"
    <!-- secsync:status -->
    ## secsync status

    **2 syncs: 1 missing, 1 failed.**

    - `infisical/payments/api` (`humanitec`) has failed. **Failed:** The sync job failed: no `app` &lt;b&gt;here&lt;/b&gt;

      <details><summary>Details</summary>

      Declared at `syncs/a.yaml:11:3`.

      </details>

    - `infisical/payments/web` (`humanitec`) is missing. **Note:** `secsync apply` creates it.

      <details><summary>Details</summary>

      Declared at `syncs/a.yaml:13:3`.

      </details>
    ");
    insta::assert_snapshot!(status("github"), @"
    ::notice title=secsync status::2 syncs: 1 missing, 1 failed.
    ::error file=syncs/a.yaml,line=11,endLine=11,col=3,endColumn=6,title=secsync%3A failed::infisical/payments/api has failed.%0AThe sync job failed: no `app` <b>here</b>
    ::warning file=syncs/a.yaml,line=13,endLine=13,col=3,endColumn=6,title=secsync%3A missing::infisical/payments/web is missing.%0A`secsync apply` creates it.
    ");
    insta::assert_snapshot!(status("junit"), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="secsync" tests="3" failures="1" errors="0" skipped="1">
      <testsuite name="secsync status" tests="3" failures="1" errors="0" skipped="1">
        <testcase name="syncs/a.yaml" classname="secsync.files" file="syncs/a.yaml"/>
        <testcase name="infisical/payments/api" classname="secsync.status.failed" file="syncs/a.yaml" line="11">
          <failure type="failed" message="The sync job failed: no `app` &lt;b&gt;here&lt;/b&gt;">The sync job failed: no `app` &lt;b&gt;here&lt;/b&gt;</failure>
          <system-out>has failed</system-out>
        </testcase>
        <testcase name="infisical/payments/web" classname="secsync.status.missing" file="syncs/a.yaml" line="13">
          <skipped type="missing" message="`secsync apply` creates it.">`secsync apply` creates it.</skipped>
          <system-out>is missing</system-out>
        </testcase>
      </testsuite>
    </testsuites>
    "#);
}

#[test]
fn reports_a_refusal_in_every_format() {
    let tree = Tree::new(&[("syncs/a.yaml", &payments(&[("api", "")]))]);
    let of = |format: &str| {
        let server = Server::failing(&world(), &["list=403"]);
        let run = tree.secsync(&format!("plan syncs -o {format}")).on(&server);
        shown(&run.run().exits_with(4))
    };
    insta::assert_snapshot!(of("markdown"), @r#"
    <!-- secsync:plan -->
    ## secsync plan

    ### Errors

    - Cannot list the syncs of project "payments": this identity lacks the permission "read" on "secret-syncs".<br>Give the identity a role in the project with that permission.
    "#);
    insta::assert_snapshot!(of("github"), @r#"::error title=secsync plan::Cannot list the syncs of project "payments": this identity lacks the permission "read" on "secret-syncs".%0AGive the identity a role in the project with that permission."#);
    insta::assert_snapshot!(of("junit"), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="secsync" tests="2" failures="0" errors="1" skipped="0">
      <testsuite name="secsync plan" tests="2" failures="0" errors="1" skipped="0">
        <testcase name="syncs/a.yaml" classname="secsync.files" file="syncs/a.yaml"/>
        <testcase name="secsync plan" classname="secsync.plan">
          <error type="exit-4" message="Cannot list the syncs of project &quot;payments&quot;: this identity lacks the permission &quot;read&quot; on &quot;secret-syncs&quot;.">Cannot list the syncs of project &quot;payments&quot;: this identity lacks the permission &quot;read&quot; on &quot;secret-syncs&quot;.
    Give the identity a role in the project with that permission.</error>
        </testcase>
      </testsuite>
    </testsuites>
    "#);
    insta::assert_snapshot!(of("sarif"), @r#"
    {
      "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
      "version": "2.1.0",
      "runs": [
        {
          "tool": {
            "driver": {
              "name": "secsync",
              "version": "0.1.0",
              "semanticVersion": "0.1.0",
              "rules": []
            }
          },
          "automationDetails": {
            "id": "secsync/plan/"
          },
          "invocations": [
            {
              "executionSuccessful": false,
              "exitCode": 4,
              "toolExecutionNotifications": [
                {
                  "level": "error",
                  "message": {
                    "text": "Cannot list the syncs of project \"payments\": this identity lacks the permission \"read\" on \"secret-syncs\".\nGive the identity a role in the project with that permission."
                  }
                }
              ]
            }
          ],
          "columnKind": "unicodeCodePoints",
          "results": []
        }
      ]
    }
    "#);
}

#[test]
fn one_run_writes_several_formats() {
    let tree = Tree::new(&[("syncs/a.yaml", &payments(&[("api", "")]))]);
    let server = Server::new(&world());
    let plan = tree
        .secsync("plan syncs -o human -o markdown=comment.md -o json=plan.json -o sarif=plan.sarif -o junit=plan.xml -o html=plan.html -o unified=plan.diff -o github=annotations.txt")
        .on(&server)
        .run()
        .exits_with(0);
    assert!(plan.stdout.contains("Plan: 1 to add"), "{plan}");
    for (file, start) in [
        ("comment.md", "<!-- secsync:plan -->\n"),
        ("plan.json", "{"),
        ("plan.sarif", "{"),
        ("plan.xml", "<?xml"),
        ("plan.html", "<!DOCTYPE html>"),
        ("plan.diff", "# infisical/payments/api will be created\n"),
        ("annotations.txt", "::"),
    ] {
        assert!(tree.read(file).starts_with(start), "{file}");
    }
}

#[test]
fn a_format_that_a_command_does_not_have_is_refused_with_those_that_it_has() {
    let tree = Tree::new(&[("syncs/a.yaml", &payments(&[("api", "")]))]);
    let refused: String = [
        "schema list -o sarif",
        "validate syncs -o unified",
        "status syncs -o unified",
        "plan syncs -o xml",
    ]
    .map(|arguments| tree.secsync(arguments).run().exits_with(64).to_string())
    .concat();
    insta::assert_snapshot!(refused, @"
    $ secsync schema list -o sarif
    --- stderr
    Error: This command has no format `sarif`; it has `human` and `json`.
    --- exit 64
    $ secsync validate syncs -o unified
    --- stderr
    Error: This command has no format `unified`; it has `human`, `json`, `markdown`, `html`, `sarif`, `github` and `junit`.
    --- exit 64
    $ secsync status syncs -o unified
    --- stderr
    Error: This command has no format `unified`; it has `human`, `json`, `markdown`, `html`, `sarif`, `github` and `junit`.
    --- exit 64
    $ secsync plan syncs -o xml
    --- stderr
    error: invalid value 'xml' for '--output <FORMAT[=FILE]>': `xml` is not a format; the formats are `human`, `unified`, `json`, `markdown`, `html`, `sarif`, `github` and `junit`

    For more information, try '--help'.
    --- exit 64
    ");
}

#[test]
fn the_sandbox_says_so_in_every_format() {
    let tree = Tree::new(&[("syncs/a.yaml", &payments(&[("api", "")]))]);
    for format in ["unified", "markdown", "html", "github"] {
        let plan = tree.secsync(&format!("plan syncs --sandbox -o {format}"));
        let plan = plan.run().exits_with(0);
        assert!(plan.stdout.to_lowercase().contains("sandbox"), "{plan}");
    }
}

#[test]
fn places_for_code_hosts_begin_at_the_root_of_the_repository() {
    let bad = payments(&[("api", "nonsense: 1")]);
    let tree = Tree::new(&[
        (".git/HEAD", ""),
        ("infra/secsync.yaml", "include: [syncs]"),
        ("infra/syncs/p.yaml", &bad),
        ("infra/other/.keep", ""),
    ]);
    for directory in ["infra", "infra/syncs", "infra/other"] {
        let validate = |format: &str| {
            tree.secsync(&format!("validate -o {format}"))
                .inside(directory)
                .run()
                .exits_with(3)
                .stdout
        };
        let annotations = validate("github");
        assert!(
            annotations.contains("::error file=infra/syncs/p.yaml,line="),
            "{directory}: {annotations}"
        );
        let sarif = validate("sarif");
        assert!(
            sarif.contains(r#""uri": "infra/syncs/p.yaml""#),
            "{directory}: {sarif}"
        );
        let junit = validate("junit");
        assert!(
            junit.contains(r#" file="infra/syncs/p.yaml""#),
            "{directory}: {junit}"
        );
    }
}
