//! What `secsync validate` finds in a file.

use super::Tree;

/// The whole output for a file that is invalid.
pub fn validate(text: &str) -> String {
    Tree::new(&[("sync.yaml", text)])
        .secsync("validate sync.yaml")
        .run()
        .exits_with(3)
        .to_string()
}

/// The findings in several files, each under its name.
pub fn findings(cases: &[(&str, &str)]) -> String {
    let found = cases.iter().map(|(name, text)| {
        let output = validate(text);
        let (_, found) = output.split_once("--- stderr\n").unwrap();
        let (found, _) = found.rsplit_once("\nFound ").unwrap();
        format!("# {name}\n\n{found}")
    });
    found.collect::<Vec<_>>().join("\n")
}
