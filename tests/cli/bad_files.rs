//! Files that cannot be read, are not YAML, or try to exhaust the program.

use std::fs;

use insta::assert_snapshot;

use super::harness::{Output, Tree, findings, found, invalid};

/// A sync that is right in every respect.
const WEB: &str = "\
provider: infisical
project: payments
syncs:
  web:
    destination: humanitec
    connection: humanitec-main
    environment: prod
    secretPath: /web
    syncOptions: { initialSyncBehavior: overwrite-destination }
    destinationConfig: { scope: application, org: acme, app: web }
";

fn validate(tree: &Tree, paths: &str) -> Output {
    tree.secsync(&format!("validate {paths}")).run()
}

#[test]
fn reports_paths_without_a_readable_sync_file() {
    let tree = Tree::new(&[("docs/readme.md", "# Docs\n"), ("syncs/web.yaml", WEB)]);
    tree.write("latin1.yaml", b"provider: infisical\nproject: caf\xe9\n");
    let utf16 = "\u{feff}provider: infisical\n".encode_utf16();
    let utf16: Vec<u8> = utf16.flat_map(u16::to_le_bytes).collect();
    tree.write("utf16.yaml", utf16);
    let large = fs::File::create(tree.root().join("large.yaml")).unwrap();
    large.set_len(50_000_000).unwrap();
    assert_snapshot!(found([
        ("a file that does not exist", validate(&tree, "missing.yaml")),
        ("bytes that are not UTF-8", validate(&tree, "latin1.yaml")),
        ("UTF-16", validate(&tree, "utf16.yaml")),
        ("50 MB", validate(&tree, "large.yaml")),
        ("a directory without sync files", validate(&tree, "docs")),
        ("a pattern that matches nothing", validate(&tree, "syncs/*.yml")),
        ("a malformed pattern", validate(&tree, "syncs/[a-.yaml")),
    ]), @"
    # a file that does not exist

    unreadable-file

      × The file `missing.yaml` cannot be read: it does not exist.
      help: Check the path.

    # bytes that are not UTF-8

    not-utf8

      × The file `latin1.yaml` is not UTF-8 text: line 2 has an invalid byte.
      help: Save it as UTF-8.

    # UTF-16

    not-utf8

      × The file `utf16.yaml` is not UTF-8 text: line 1 has an invalid byte.
      help: Save it as UTF-8.

    # 50 MB

    file-too-large

      × The file `large.yaml` is larger than 10 MiB.
      help: Split it into several files.

    # a directory without sync files

    no-files

      × The directory `docs` has no sync file.
      help: Sync files end in .yaml, .yml or .json, and are not hidden.

    # a pattern that matches nothing

    no-files

      × The pattern `syncs/*.yml` has no sync file.
      help: Sync files end in .yaml, .yml or .json, and are not hidden.

    # a malformed pattern

    no-files

      × The pattern `syncs/[a-.yaml` is malformed: invalid range; 'a' > '.'.
    ");
}

/// A tree with a named pipe that is never written to.
#[cfg(unix)]
fn with_pipe(path: &str) -> Tree {
    let tree = Tree::new(&[("syncs/web.yaml", WEB)]);
    let made = std::process::Command::new("mkfifo")
        .arg(tree.root().join(path))
        .status();
    assert!(made.unwrap().success());
    tree
}

/// A tree with a link beside a sync file that is right.
#[cfg(unix)]
fn linked(target: &str, link: &str) -> Tree {
    let tree = Tree::new(&[("syncs/web.yaml", WEB)]);
    std::os::unix::fs::symlink(target, tree.root().join(link)).unwrap();
    tree
}

#[cfg(unix)]
#[test]
fn reports_what_is_not_an_ordinary_readable_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let tree = Tree::new(&[("sync.yaml", WEB)]);
    let path = tree.root().join("sync.yaml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    let mut unpermitted = tree.secsync("validate sync.yaml");
    if fs::read(&path).is_ok() {
        // The superuser reads everything, unless it gives up its capabilities.
        unpermitted = unpermitted.through(&["setpriv", "--bounding-set=-all", "--inh-caps=-all"]);
    }
    let piped = with_pipe("syncs/pipe.yaml");
    assert_snapshot!(found([
        ("no permission", unpermitted.run()),
        ("a link to nowhere", validate(&linked("nowhere", "syncs/gone.yaml"), "syncs")),
        ("a link to a directory above it", validate(&linked("..", "syncs/loop"), "syncs")),
        ("a named pipe", validate(&piped, "syncs/pipe.yaml")),
        ("a directory with a named pipe", validate(&piped, "syncs")),
    ]), @"
    # no permission

    unreadable-file

      × The file `sync.yaml` cannot be read: permission is denied.
      help: Check the permissions of the file.

    # a link to nowhere

    unreadable-file

      × `syncs/gone.yaml` cannot be read: it does not exist.
      help: If it is a link, fix or remove it.

    # a link to a directory above it

    unreadable-file

      × `syncs/loop/syncs/loop` cannot be read: it is a link to a directory above it.
      help: Remove the link.

    # a named pipe

    unreadable-file

      × `syncs/pipe.yaml` cannot be read: it is neither a file nor a directory.
      help: Name an ordinary file.

    # a directory with a named pipe

    unreadable-file

      × `syncs/pipe.yaml` cannot be read: it is neither a file nor a directory.
      help: Remove it, or rename it.
    ");
}

#[cfg(target_os = "linux")]
#[test]
fn reports_a_file_whose_name_is_not_utf_8() {
    use std::os::unix::ffi::OsStrExt as _;
    let tree = Tree::new(&[("syncs/web.yaml", WEB)]);
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.yaml");
    fs::write(tree.root().join("syncs").as_std_path().join(name), WEB).unwrap();
    assert_snapshot!(tree.secsync("validate syncs").run().exits_with(3), @"
    $ secsync validate syncs
    --- stderr
    unreadable-file

      × The path of the file `syncs/caf�.yaml` is not UTF-8.
      help: Rename it.

    Found 1 error.
    Run `secsync explain unreadable-file` to see why it matters and how to fix it.
    --- exit 3
    ");
}

#[test]
fn accepts_a_byte_order_mark_and_windows_line_ends() {
    let tree = Tree::new(&[]);
    tree.write(
        "sync.yaml",
        format!("\u{feff}{}", WEB.replace('\n', "\r\n")),
    );
    assert_snapshot!(tree.secsync("validate sync.yaml").run().exits_with(0), @"
    $ secsync validate sync.yaml
    Success! 1 sync in 1 file can be planned.
    --- exit 0
    ");
}

#[cfg(unix)]
#[test]
fn does_not_wait_for_a_named_pipe() {
    let tree = with_pipe("syncs/pipe.yaml");
    for arguments in [
        "validate",
        "validate syncs/*.yaml",
        "validate syncs/web.yaml --var-file syncs/pipe.yaml",
    ] {
        let refused = tree.secsync(arguments).run().exits_with(3);
        assert!(
            refused.stderr.contains("neither a file nor a directory"),
            "{refused}"
        );
    }
    let workspace_file = with_pipe("secsync.yaml")
        .secsync("validate")
        .run()
        .exits_with(3);
    assert!(
        workspace_file
            .stderr
            .contains("`secsync.yaml` cannot be read"),
        "{workspace_file}"
    );
}

#[cfg(unix)]
#[test]
fn reads_what_a_shell_hands_over_as_a_stream() {
    let tree = Tree::new(&[]);
    for path in ["/dev/stdin", "/dev/fd/0"] {
        let run = tree
            .secsync(&format!("validate {path}"))
            .stdin(WEB)
            .run()
            .exits_with(0);
        assert!(run.stdout.contains("1 sync in 1 file"), "{run}");
    }
}

#[test]
fn reports_files_that_are_not_yaml() {
    let key_twice = WEB.replace(
        "    environment: prod\n",
        "    environment: prod\n    environment: dev\n",
    );
    let template = WEB.replace(
        "syncOptions: { initialSyncBehavior: overwrite-destination }",
        "syncOptions:\n      initialSyncBehavior: overwrite-destination\n      keySchema: {{secretKey}}_PAY",
    );
    let variable = WEB.replace("app: web }", "app: ${var.APP} }");
    assert_snapshot!(findings([
        ("a control character", "provider: infi\u{7}sical\nsyncs: {}\n"),
        ("a tab for indentation", "provider: infisical\nsyncs:\n\tweb:\n\t\tdestination: humanitec\n"),
        ("a bracket that is not closed", "provider: infisical\nsyncs: { web: { destination: humanitec\n"),
        ("a key twice in a map", &key_twice),
        ("an alias inside its own anchor", "provider: infisical\ndefaults: &all\n  syncOptions: *all\n"),
        ("an alias without an anchor", "provider: infisical\ndefaults: *base\n"),
        ("a template without quotes", &template),
        ("a variable without quotes in a map in braces", &variable),
        ("a byte order mark, which is neither shown nor counted as a column", "\u{feff}provder: infisical\nsyncs: {}\n"),
    ]), @r#"
    # a control character

    yaml-syntax

      × The invisible character U+0007 is not allowed here.
       ╭─[sync.yaml:1:15]
     1 │ provider: infi?sical
       ·               ─
     2 │ syncs: {}
       ╰────
      help: Remove it, or write it as an escape in double quotes.

    # a tab for indentation

    tab-indentation

      × A tab is used for indentation, which YAML does not allow.
       ╭─[sync.yaml:3:1]
     2 │ syncs:
     3 │     web:
       · ──┬─
       ·   ╰── a tab
     4 │         destination: humanitec
       ╰────
      help: Indent with spaces.

    # a bracket that is not closed

    yaml-syntax

      × The `{` is not closed.
       ╭─[sync.yaml:2:15]
     1 │ provider: infisical
     2 │ syncs: { web: { destination: humanitec
       ·               ─
       ╰────
      help: Close it, or quote the value if it is text.

    # a key twice in a map

    duplicate-key

      × The key `environment` appears twice in this map.
       ╭─[sync.yaml:7:5]
     6 │     connection: humanitec-main
     7 │     environment: prod
       ·     ─────┬─────
       ·          ╰── first here
     8 │     environment: dev
       ·     ─────┬─────
       ·          ╰── here again
     9 │     secretPath: /web
       ╰────
      help: Remove one of the two.

    # an alias inside its own anchor

    missing-field

      × This sync file has no `syncs`.
       ╭─[sync.yaml:1:1]
     1 │ provider: infisical
       · ───────────────────
     2 │ defaults: &all
       ╰────
      help: Add `syncs:` with one entry for each sync, under the sync's name.

    unknown-alias

      × The alias `*all` is inside its own anchor.
       ╭─[sync.yaml:3:16]
     2 │ defaults: &all
     3 │   syncOptions: *all
       ·                ────
       ╰────
      help: Remove the alias: a value cannot contain itself.

    # an alias without an anchor

    missing-field

      × This sync file has no `syncs`.
       ╭─[sync.yaml:1:1]
     1 │ provider: infisical
       · ───────────────────
     2 │ defaults: *base
       ╰────
      help: Add `syncs:` with one entry for each sync, under the sync's name.

    unknown-alias

      × The alias `*base` has no anchor `&base` before it in this document.
       ╭─[sync.yaml:2:11]
     1 │ provider: infisical
     2 │ defaults: *base
       ·           ─────
       ╰────
      help: Define the anchor first, or quote the value if it is text: "*base".

    # a template without quotes

    unquoted-template

      × `{{secretKey}}_PAY` must be quoted, or YAML reads its braces and colons as syntax.
        ╭─[sync.yaml:11:18]
     10 │       initialSyncBehavior: overwrite-destination
     11 │       keySchema: {{secretKey}}_PAY
        ·                  ────────┬────────
        ·                          ╰── needs quotes
     12 │     destinationConfig: { scope: application, org: acme, app: web }
        ╰────
      help: Quote it: `keySchema: "{{secretKey}}_PAY"`

    # a variable without quotes in a map in braces

    unquoted-template

      × `${var.APP}` must be quoted, or YAML reads its braces and colons as syntax. The variable `APP` has no value.
        ╭─[sync.yaml:10:62]
      9 │     syncOptions: { initialSyncBehavior: overwrite-destination }
     10 │     destinationConfig: { scope: application, org: acme, app: ${var.APP} }
        ·                                                              ─────┬────
        ·                                                                   ╰── needs quotes
        ╰────
      help: Set it with `--var APP=…`, with the environment variable `SECSYNC_VAR_APP`, or under `variables:` in secsync.yaml. Quote it: `destinationConfig: { scope: application, org: acme, app: "${var.APP}" }`

    # a byte order mark, which is neither shown nor counted as a column

    unknown-field

      × `provder` is not a field of a sync file.
       ╭─[sync.yaml:1:1]
     1 │ provder: infisical
       · ───────
     2 │ syncs: {}
       ╰────
      help: Did you mean `provider`?
    "#);
}

#[test]
fn reports_files_that_declare_nothing() {
    assert_snapshot!(findings([
        ("an empty file", ""),
        ("a file of comments", "# To be done.\n---\n# Later.\n"),
        ("a file without syncs", "provider: infisical\nproject: payments\n"),
    ]), @"
    # an empty file

    empty-file

      × The file `sync.yaml` declares nothing.
      help: Write `syncs:` with at least one sync, or remove the file.

    # a file of comments

    empty-file

      × The file `sync.yaml` declares nothing.
      help: Write `syncs:` with at least one sync, or remove the file.

    # a file without syncs

    missing-field

      × This sync file has no `syncs`.
       ╭─[sync.yaml:1:1]
     1 │ provider: infisical
       · ───────────────────
     2 │ project: payments
       ╰────
      help: Add `syncs:` with one entry for each sync, under the sync's name.
    ");
}

#[test]
fn accepts_an_empty_map_of_syncs() {
    let tree = Tree::new(&[(
        "sync.yaml",
        "provider: infisical\nproject: payments\nsyncs: {}\n",
    )]);
    assert_snapshot!(tree.secsync("validate sync.yaml").run().exits_with(0), @"
    $ secsync validate sync.yaml
    Success! 0 syncs in 1 file can be planned.
    --- exit 0
    ");
}

#[test]
fn rejects_deep_nesting() {
    for (open, middle, close) in [("[", "", "]"), ("{a: ", "x", "}"), ("- ", "x", "")] {
        let text = format!("{}{middle}{}\n", open.repeat(20_000), close.repeat(20_000));
        let found = Tree::new(&[("sync.yaml", &text)])
            .secsync("validate sync.yaml")
            .run()
            .exits_with(3);
        assert!(found.stderr.contains("too-deep"), "{open}: {found}");
        // Not the whole line of 20,000 brackets.
        assert!(found.stderr.len() < 2_000, "{open}: {found}");
    }
    assert_snapshot!(invalid(&format!("syncs: {}\n", "[".repeat(20_000))), @"
    $ secsync validate sync.yaml
    --- stderr
    too-deep

      × Values are nested more than 64 levels deep here.
       ╭─[sync.yaml:1:263]
     1 │ [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
       ·                                                                                                                         ─
       ╰────
      help: Flatten the structure.

    Found 1 error.
    Run `secsync explain too-deep` to see why it matters and how to fix it.
    --- exit 3
    ");
}

#[test]
fn rejects_aliases_that_explode() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    assert_snapshot!(invalid(&text), @"
    $ secsync validate sync.yaml
    --- stderr
    too-many-aliases

      × The aliases up to here make the file far larger than it is written.
       ╭─[sync.yaml:5:45]
     4 │ **********************************************************
     5 │ *****************************************3, *a3, *********
       ·                                             ───
     6 │ **********************************************************
       ╰────
      help: Write the values out, or put shared fields under `defaults:`.

    Found 1 error.
    Run `secsync explain too-many-aliases` to see why it matters and how to fix it.
    --- exit 3
    ");
}

#[test]
fn rejects_the_same_sync_in_two_files() {
    let tree = Tree::new(&[("a/web.yaml", WEB), ("b/web.yaml", WEB)]);
    assert_snapshot!(tree.secsync("validate a b").run().exits_with(3), @"
    $ secsync validate a b
    --- stderr
    duplicate-sync

      × The sync `web` is declared twice.
       ╭─[b/web.yaml:4:3]
     3 │ syncs:
     4 │   web:
       ·   ─┬─
       ·    ╰── declared again
     5 │     destination: humanitec
       ╰────
      help: Remove one of them, or give it another name.
            first declared here: a/web.yaml:4:3

    Found 1 error.
    Run `secsync explain duplicate-sync` to see why it matters and how to fix it.
    --- exit 3
    ");
}

#[test]
fn reads_a_file_that_is_named_twice_once() {
    let tree = Tree::new(&[("a/web.yaml", WEB)]);
    assert_snapshot!(tree.secsync("validate a a/web.yaml ./a/*.yaml").run().exits_with(0), @"
    $ secsync validate a a/web.yaml ./a/*.yaml
    Success! 1 sync in 1 file can be planned.
    --- exit 0
    ");
}

#[test]
fn reads_json_files() {
    let json = r#"{"provider": "infisical", "project": "payments", "syncs": {"web": {
        "destination": "humanitec", "connection": "humanitec-main", "environment": "prod",
        "secretPath": "/web", "syncOptions": {"initialSyncBehavior": "overwrite-destination"},
        "destinationConfig": {"scope": "application", "org": "acme", "app": "web"}}}}"#;
    let tree = Tree::new(&[
        ("web.json", json),
        (
            "wrong.json",
            &json.replace("acme", " acme").replace("web", "api"),
        ),
    ]);
    assert_snapshot!(tree.secsync("validate web.json").run().exits_with(0), @"
    $ secsync validate web.json
    Success! 1 sync in 1 file can be planned.
    --- exit 0
    ");
    assert_snapshot!(tree.secsync("validate wrong.json").run().exits_with(3), @r#"
    $ secsync validate wrong.json
    --- stderr
    padded-string

      × `destinationConfig.org` starts or ends with blanks: " acme".
       ╭─[wrong.json:4:62]
     3 │         "secretPath": "/api", "syncOptions": {"initialSyncBehavior": "overwrite-destination"},
     4 │         "destinationConfig": {"scope": "application", "org": " acme", "app": "api"}}}}
       ·                                                              ───────
       ╰────
      help: Write "acme".

    Found 1 error.
    Run `secsync explain padded-string` to see why it matters and how to fix it.
    --- exit 3
    "#);
}

#[test]
fn reads_standard_input() {
    let tree = Tree::new(&[]);
    assert_snapshot!(tree.secsync("validate -").stdin(WEB).run().exits_with(0), @"
    $ secsync validate -
    Success! 1 sync in 1 file can be planned.
    --- exit 0
    ");
    let wrong = WEB.replace("secretPath: /web", "secretPath: web");
    assert_snapshot!(tree.secsync("validate -").stdin(&wrong).run().exits_with(3), @"
    $ secsync validate -
    --- stderr
    secret-path-form

      × The secretPath `web` does not start with a slash.
       ╭─[<stdin>:8:17]
     7 │     environment: prod
     8 │     secretPath: web
       ·                 ───
     9 │     syncOptions: { initialSyncBehavior: overwrite-destination }
       ╰────
      help: Write `/web`.

    Found 1 error.
    Run `secsync explain secret-path-form` to see why it matters and how to fix it.
    --- exit 3
    ");
}

#[test]
fn keeps_defaults_to_their_own_document() {
    let other = WEB
        .replace("project: payments", "project: shop")
        .replace("app: web", "app: shop")
        .replace("environment: prod", "environmnet: prod");
    assert_snapshot!(invalid(&format!("{WEB}---\n{other}")), @"
    $ secsync validate sync.yaml
    --- stderr
    unknown-field

      × `environmnet` is not a field of a sync to Humanitec.
        ╭─[sync.yaml:18:5]
     17 │     connection: humanitec-main
     18 │     environmnet: prod
        ·     ───────────
     19 │     secretPath: /web
        ╰────
      help: Did you mean `environment`?

    Found 1 error.
    Run `secsync explain unknown-field` to see why it matters and how to fix it.
    --- exit 3
    ");
}

#[test]
fn reports_every_mistake_in_one_run() {
    let tree = Tree::new(&[
        ("syncs/a.yaml", "provider: infisical\n\tproject: payments\n"),
        ("syncs/b.yaml", &WEB.replace("humanitec\n", "humanitek\n")),
        ("syncs/c.yaml", ""),
        (
            "syncs/d.yaml",
            &WEB.replace("  web:", "  shop:")
                .replace(
                    "environment: prod",
                    "environment: prod \n    isAutoSyncEnabled: \"yes\"",
                )
                .replace("secretPath: /web", "secretPaht: /web")
                .replace("scope: application", "scope: applicatoin"),
        ),
    ]);
    tree.write("syncs/e.yaml", b"\xff\xfe");
    assert_snapshot!(tree.secsync("validate syncs").run().exits_with(3), @r#"
    $ secsync validate syncs
    --- stderr
    empty-file

      × The file `syncs/c.yaml` declares nothing.
      help: Write `syncs:` with at least one sync, or remove the file.

    not-utf8

      × The file `syncs/e.yaml` is not UTF-8 text: line 1 has an invalid byte.
      help: Save it as UTF-8.

    tab-indentation

      × A tab is used for indentation, which YAML does not allow.
       ╭─[syncs/a.yaml:2:1]
     1 │ provider: infisical
     2 │     project: payments
       · ──┬─
       ·   ╰── a tab
       ╰────
      help: Indent with spaces.

    unknown-destination

      × Infisical has no destination `humanitek`.
       ╭─[syncs/b.yaml:5:18]
     4 │   web:
     5 │     destination: humanitek
       ·                  ─────────
     6 │     connection: humanitec-main
       ╰────
      help: Did you mean `humanitec`?

    wrong-type

      × `isAutoSyncEnabled` is the string "yes", but must be true or false.
       ╭─[syncs/d.yaml:8:24]
     7 │     environment: prod 
     8 │     isAutoSyncEnabled: "yes"
       ·                        ─────
     9 │     secretPaht: /web
       ╰────
      help: Write true.

    unknown-field

      × `secretPaht` is not a field of a sync to Humanitec.
        ╭─[syncs/d.yaml:9:5]
      8 │     isAutoSyncEnabled: "yes"
      9 │     secretPaht: /web
        ·     ──────────
     10 │     syncOptions: { initialSyncBehavior: overwrite-destination }
        ╰────
      help: Did you mean `secretPath`?

    wrong-value

      × `destinationConfig.scope` is "applicatoin", which is not allowed.
        ╭─[syncs/d.yaml:11:33]
     10 │     syncOptions: { initialSyncBehavior: overwrite-destination }
     11 │     destinationConfig: { scope: applicatoin, org: acme, app: web }
        ·                                 ───────────
        ╰────
      help: Did you mean "application"? The allowed values are "application" and "environment".

    Found 7 errors.
    Run `secsync explain CODE` to see why it matters and how to fix it.
    --- exit 3
    "#);
}

#[test]
fn escapes_control_characters() {
    let text = WEB.replace("humanitec\n", "\"\\e[31mhumanitec\\u202e\"\n");
    assert_snapshot!(invalid(&text), @r#"
    $ secsync validate sync.yaml
    --- stderr
    unknown-destination

      × Infisical has no destination `\u{1b}[31mhumanitec\u{202e}`.
       ╭─[sync.yaml:5:18]
     4 │   web:
     5 │     destination: "\e[31mhumanitec\u202e"
       ·                  ───────────────────────
     6 │     connection: humanitec-main
       ╰────
      help: Did you mean `humanitec`?

    Found 1 error.
    Run `secsync explain unknown-destination` to see why it matters and how to fix it.
    --- exit 3
    "#);
}

#[test]
fn rejects_renames_in_a_circle() {
    let text = format!(
        "{WEB}{}",
        WEB.split_once("syncs:\n")
            .unwrap()
            .1
            .replace("  web:\n", "  api:\n    renamedFrom: web\n")
            .replace("app: web", "app: api")
    )
    .replacen("  web:\n", "  web:\n    renamedFrom: api\n", 1);
    assert_snapshot!(invalid(&text), @"
    $ secsync validate sync.yaml
    --- stderr
    rename-cycle

      × These renames form a circle: api ← web ← api.
        ╭─[sync.yaml:13:18]
     12 │   api:
     13 │     renamedFrom: web
        ·                  ───
     14 │     destination: humanitec
        ╰────
      help: Rename one of them to a free name, apply, and then make the next rename.

    Found 1 error.
    Run `secsync explain rename-cycle` to see why it matters and how to fix it.
    --- exit 3
    ");
}

#[cfg(target_os = "linux")]
#[test]
fn rejects_special_and_huge_documents_to_pull_from() {
    let tree = with_pipe("pipe.json");
    tree.write("huge.json", "");
    std::fs::File::options()
        .write(true)
        .open(tree.root().join("huge.json"))
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    let reported = |arguments: &str| tree.secsync(arguments).run().exits_with(1).stderr;
    assert_snapshot!(reported("schema pull pipe.json"), @"
    Error: The document pipe.json cannot be read: it is neither a file nor a directory.
      Name an ordinary file.
    ");
    assert_snapshot!(reported("schema pull /dev/zero"), @"
    Error: The document /dev/zero cannot be read: it is larger than 64 MiB.
      Check that it is the right file.
    ");
    assert_snapshot!(reported("schema pull huge.json"), @"
    Error: The document huge.json cannot be read: it is larger than 64 MiB.
      Check that it is the right file.
    ");
}

#[cfg(target_os = "linux")]
#[test]
fn rejects_special_files_as_a_state() {
    let tree = Tree::new(&[(".secsync/.gitignore", "")]);
    let pipe = |path: &str| {
        let made = std::process::Command::new("mkfifo")
            .arg(tree.root().join(path))
            .status();
        assert!(made.unwrap().success());
    };
    pipe(".secsync/state.json");
    let reported = |arguments: &str| {
        let refused = tree.secsync(arguments).run().exits_with(1);
        refused.harmless(&refused.stderr)
    };
    assert_snapshot!(reported("state list"), @"
    Error: The state .secsync/state.json cannot be read: it is neither a file nor a directory.
      Name an ordinary file.
    ");
    assert_snapshot!(reported("state list --state /dev/zero"), @"
    Error: The state /dev/zero cannot be read: it is neither a file nor a directory.
      Name an ordinary file.
    ");
    assert_snapshot!(reported("state init"), @"
    Error: The state .secsync/state.json cannot be locked: it is not an ordinary file.
      Name an ordinary file.
    ");
}
