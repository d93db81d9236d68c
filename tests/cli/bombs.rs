//! Files that are small or legal and want to become enormous: the work is bounded, and what is left
//! out is counted.

use super::harness::Tree;

const SYNC: &str = "\
provider: infisical
project: payments
syncs:
  web:
    destination: humanitec
    connection: humanitec-main
    secretPath: /web
    syncOptions: {initialSyncBehavior: overwrite-destination}
    destinationConfig: {scope: application, org: acme, app: web}
";

/// What `secsync validate` says of a file that is invalid, with flags.
fn found(text: &str, flags: &str) -> String {
    let tree = Tree::new(&[("sync.yaml", text)]);
    let run = tree.secsync(&format!("validate sync.yaml {flags}")).run();
    run.exits_with(3).to_string()
}

/// Runs its arguments, and writes the most that they held in kilobytes into the file `peak`.
#[cfg(target_os = "linux")]
const MEASURED: &str = "import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
open('peak', 'w').write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)";

#[cfg(target_os = "linux")]
#[test]
fn what_wants_to_become_enormous_takes_little_memory() {
    let variables = (0..8_000).map(|name| format!("${{var.A{name}}}"));
    let variables = variables.collect::<Vec<_>>().concat();
    let fields = (0..50_000).map(|field| format!("    f{field}: 1\n"));
    let fields = fields.collect::<Vec<_>>().concat();
    let mut aliases = "labels: {a0: &a0 [x, x, x, x, x, x, x, x, x, x]".to_owned();
    for level in 1..12 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        aliases.push_str(&format!(", a{level}: &a{level} [{before}]"));
    }
    for text in [
        format!("{SYNC}    environment: \"{variables}\"\n"),
        format!("{SYNC}{fields}"),
        format!("{SYNC}    {aliases}}}\n"),
        format!("{SYNC}    description: {}\n", "[".repeat(100_000)),
    ] {
        let tree = Tree::new(&[("sync.yaml", &text)]);
        let run = tree.secsync("validate sync.yaml -o json=found.json");
        run.through(&["python3", "-c", MEASURED])
            .run()
            .exits_with(3);
        let peak: u64 = tree.read("peak").parse().unwrap();
        assert!(
            peak < 200_000,
            "{peak} kB for {}",
            &text[SYNC.len()..][..60]
        );
    }
}

#[test]
fn thousands_of_variables_without_a_value_are_counted() {
    let names = (0..8_000)
        .map(|name| format!("${{var.A{name}}}"))
        .collect::<Vec<_>>()
        .concat();
    let text = format!("{SYNC}    environment: \"{names}\"\n");
    for flags in [
        "",
        "-o json",
        "-o sarif",
        "-o github",
        "-o markdown",
        "-o junit",
        "-o html",
    ] {
        let shown = found(&text, flags);
        assert!(shown.len() < 400_000, "{flags}: {} bytes", shown.len());
        assert!(
            shown.contains("7980 further findings of this kind in this file, which are not shown."),
            "{flags}"
        );
    }
    assert!(found(&text, "").contains("Found 8000 errors."));
}

#[test]
fn many_unknown_fields_are_counted_and_hide_no_other_mistake() {
    let fields = (0..50_000)
        .map(|field| format!("    f{field}: 1\n"))
        .collect::<Vec<_>>()
        .concat();
    let text = format!("{SYNC}{fields}  api:\n    destination: humanitec\n    enviroment: 1\n");
    let shown = found(&text, "");
    assert!(shown.len() < 400_000, "{} bytes", shown.len());
    assert!(
        shown.contains("49980 further findings of this kind"),
        "{shown}"
    );
    assert!(shown.contains("Did you mean `environment`?"));
    assert!(shown.contains("`environment` is the number 1"));
}

#[test]
fn the_same_mistake_in_every_sync_of_a_large_file_is_one_block() {
    let syncs = (0..2_000)
        .map(|sync| format!("  s{sync}:\n"))
        .collect::<Vec<_>>()
        .concat();
    let shown = found(&format!("project: payments\nsyncs:\n{syncs}"), "");
    assert!(shown.len() < 10_000, "{} bytes", shown.len());
    assert_eq!(shown.matches("has no `provider`").count(), 1);
    assert!(shown.contains("Found 4000 errors."), "{shown}");
}

#[test]
fn a_finding_on_a_very_long_line_is_shown_around_its_place() {
    let long = "x".repeat(70_000);
    let text = format!(
        "{SYNC}    environment: \"{long} \"\n    trigger: {long}\n    description: {{a: {long}, b: 1, b: 2}}\n"
    );
    for flags in ["", "-v", "-o sarif", "-o github", "-o markdown"] {
        let shown = found(&text, flags);
        assert!(shown.len() < 20_000, "{flags}: {} bytes", shown.len());
    }
    let shown = found(&text, "");
    assert!(shown.contains("`trigger` cannot be `xxx"), "{shown}");
    assert!(shown.contains("duplicate-key"), "{shown}");
}

#[test]
fn a_chain_of_thousands_of_renames_is_planned() {
    let mut text = SYNC.replace("  web:\n", "  s0:\n") + "    environment: prod\n";
    let body = SYNC.split_once("  web:\n").unwrap().1;
    for sync in 1..3_000 {
        text += &format!(
            "  s{sync}:\n    renamedFrom: s{}\n{body}    environment: prod\n",
            sync - 1
        );
    }
    let tree = Tree::new(&[("sync.yaml", &text)]);
    let run = tree.secsync("validate sync.yaml").run();
    assert!(
        run.exits_with(0)
            .to_string()
            .contains("3000 syncs in 1 file")
    );
}

#[test]
fn values_of_any_length_are_planned() {
    let long = "x".repeat(70_000);
    let text = format!("{SYNC}    environment: prod\n    labels: {{{long}: a}}\n")
        .replace("app: web", &format!("app: {long}"));
    let tree = Tree::new(&[("sync.yaml", &text)]);
    for format in ["", "-v", "-o markdown", "-o unified", "-o html", "-o junit"] {
        let command = format!("plan sync.yaml --sandbox --out plan.json {format}");
        tree.secsync(&command).run().exits_with(0);
    }
    let shown = tree.secsync("plan sync.yaml --sandbox -v").run();
    let shown = shown.exits_with(0).to_string();
    assert!(
        shown.contains("app:") && shown.len() < 10_000,
        "{} bytes",
        shown.len()
    );
    for format in ["", "-v", "-o json"] {
        tree.secsync(&format!("show plan.json {format}"))
            .run()
            .exits_with(0);
    }
}
