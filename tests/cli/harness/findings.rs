//! What runs report that do nothing: findings in files, and other refusals.

use super::{Output, Tree};

fn validate(text: &str) -> Output {
    Tree::new(&[("sync.yaml", text)])
        .secsync("validate sync.yaml")
        .run()
}

/// The whole output for a file that is invalid.
pub fn invalid(text: &str) -> String {
    validate(text).exits_with(3).to_string()
}

/// The findings in several files, each under its name.
pub fn findings<const N: usize>(cases: [(&str, &str); N]) -> String {
    found(cases.map(|(name, text)| (name, validate(text))))
}

/// The findings of several runs, each under its name. All of them are counted at the end.
pub fn found<const N: usize>(cases: [(&str, Output); N]) -> String {
    let all = cases.map(|(name, output)| {
        let report = refusal(name, &output, 3);
        let (found, ending) = report.rsplit_once("\nFound ").unwrap();
        let errors = found.matches("\n  × ").count();
        assert!(
            ending.starts_with(&format!("{errors} error")),
            "{name}: {output}"
        );
        format!("# {name}\n\n{found}")
    });
    all.join("\n")
}

/// What several runs report on standard error, each under its name. They show no result.
pub fn refusals<const N: usize>(exit: i32, cases: [(&str, Output); N]) -> String {
    let all = cases.map(|(name, output)| format!("# {name}\n\n{}", refusal(name, &output, exit)));
    all.join("\n")
}

fn refusal(name: &str, output: &Output, exit: i32) -> String {
    assert_eq!(output.code, Some(exit), "{name}: {output}");
    assert_eq!(output.stdout, "", "{name}: {output}");
    output.harmless(&output.stderr)
}
