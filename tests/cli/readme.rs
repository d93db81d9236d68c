//! The commands that the README shows, run as it shows them.

use std::env;

use camino::Utf8PathBuf;
use serde_json::json;

use super::harness::{Server, Tree, repository};

/// The texts of the README's code blocks in a language.
fn blocks(language: &str) -> Vec<String> {
    let readme = repository("README.md");
    let fence = format!("```{language}\n");
    readme
        .split(&fence)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

/// The commands of the README's consoles, without comments.
fn commands() -> Vec<String> {
    blocks("console")
        .iter()
        .flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|line| Some(line.strip_prefix("$ ")?.to_owned()))
        .map(|line| line.split(" #").next().unwrap().trim().to_owned())
        .collect()
}

/// The README's sync file, on a server that has what it speaks of.
fn example() -> (Tree, Server) {
    let yaml = blocks("yaml");
    let tree = Tree::new(&[("syncs/payments.yaml", &yaml[0])]);
    let server = Server::new(&json!({
        "projects": [{
            "slug": "payments",
            "environments": [{"slug": "prod", "folders": ["/api"]}],
        }],
        "connections": [{"app": "humanitec", "name": "humanitec-main"}],
    }));
    (tree, server)
}

#[test]
fn every_command_of_the_readme_works() {
    let (tree, server) = example();
    let mut ran = 0;
    for command in commands() {
        if let Some(arguments) = command.strip_prefix("secsync ") {
            tree.secsync(arguments).on(&server).run().exits_with(0);
            ran += 1;
        } else {
            // The test run itself, the installation, the script below, and credentials.
            let is_known = command == "cargo test"
                || command == "cargo install --path ."
                || command == "sh examples/quickstart/run.sh"
                || command.starts_with("export ");
            assert!(
                is_known,
                "the README has a command without a test: {command}"
            );
        }
    }
    assert!(ran >= 2, "the README shows how to plan and to apply");
    tree.secsync("plan syncs --detailed-exitcode")
        .on(&server)
        .run()
        .exits_with(0);
}

#[test]
fn the_readme_is_a_screen_and_a_half() {
    assert!(repository("README.md").lines().count() <= 75);
}

#[test]
fn every_link_to_a_file_leads_to_one() {
    let root = Utf8PathBuf::from(env::var("CARGO_MANIFEST_DIR").unwrap());
    for page in [
        "README.md",
        "CONTRIBUTING.md",
        "ARCHITECTURE.md",
        "SECURITY.md",
    ] {
        for link in repository(page).split("](").skip(1) {
            let target = link.split([')', '#']).next().unwrap();
            let is_elsewhere = target.starts_with("https://");
            assert!(
                is_elsewhere || root.join(target).exists(),
                "{page}: {target}"
            );
        }
    }
}

#[test]
fn every_variable_of_the_program_is_in_the_docs() {
    let sources = [
        "src/pipeline/state_place.rs",
        "src/http/encryption.rs",
        "src/provider/trust.rs",
        "src/provider/enkryptify/mod.rs",
        "src/provider/infisical/mod.rs",
        "src/provider/infisical/login.rs",
        "src/provider/infisical/identity_token.rs",
    ];
    let page = repository("docs/reference/environment.md");
    let mut found = 0;
    for source in sources {
        let text = repository(source);
        let code = text.split("#[cfg(test)]").next().unwrap();
        for word in code.split('"').skip(1).step_by(2) {
            let is_variable = ["SECSYNC_", "INFISICAL_", "ENKRYPTIFY_"]
                .iter()
                .any(|prefix| word.starts_with(prefix) && word.len() > prefix.len());
            if is_variable {
                assert!(page.contains(&format!("`{word}`")), "{word} of {source}");
                found += 1;
            }
        }
    }
    assert!(found > 10, "{found}");
    assert!(page.contains("`SECSYNC_VAR_NAME`"));
}

#[test]
fn installing_comes_before_the_first_command_of_the_program() {
    let commands = commands();
    let at = |start: &str| {
        commands
            .iter()
            .position(|command| command.starts_with(start))
    };
    assert!(at("cargo install") < at("secsync "), "{commands:?}");
}

#[test]
fn the_first_example_of_the_readme_is_valid() {
    let (tree, _) = example();
    tree.secsync("validate syncs").run().exits_with(0);
}

/// How many syncs a plan in the sandbox creates.
fn creates(tree: &Tree) -> usize {
    let plan = tree.secsync("plan --sandbox").run().exits_with(0);
    plan.stdout.matches(" will be created").count()
}

#[test]
fn the_matrix_of_the_readme_declares_a_sync_for_each_cell() {
    let blocks = blocks("yaml");
    let matrix = blocks
        .iter()
        .find(|block| block.contains("matrix:"))
        .unwrap();
    assert!(matrix.lines().count() <= 10, "{matrix}");
    let top = "\
provider: infisical
project: payments
defaults:
  destination: humanitec
  connection: humanitec-main
  secretPath: /
  syncOptions: {initialSyncBehavior: overwrite-destination}
";
    let tree = Tree::new(&[("syncs/apps.yaml", &format!("{top}{matrix}"))]);
    assert_eq!(creates(&tree), 6);
}

#[test]
fn the_example_of_a_matrix_plans_a_sync_for_each_cell() {
    let tree = Tree::new(&[]);
    for file in ["secsync.yaml", "services.yaml", "syncs/services.yaml"] {
        tree.write(file, repository(&format!("examples/matrix/{file}")));
    }
    assert_eq!(creates(&tree), 5);
}

#[test]
fn the_quickstart_plans_applies_and_finds_nothing_more_to_do() {
    let tree = Tree::new(&[]);
    for file in ["secsync.yaml", "syncs/payments.yaml", "syncs/web.yaml"] {
        tree.write(file, repository(&format!("examples/quickstart/{file}")));
    }
    let script = repository("examples/quickstart/run.sh");
    let steps: Vec<&str> = script
        .lines()
        .filter_map(|line| line.strip_prefix("step "))
        .collect();
    assert_eq!(steps.len(), 3, "{script}");
    let mut last = String::new();
    for step in steps {
        last = tree.secsync(step).run().exits_with(0).stdout;
    }
    assert!(last.contains("No changes."), "{last}");
}
