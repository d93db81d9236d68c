//! Every promise in SECURITY.md names the tests that hold it, and they exist.

use std::collections::BTreeSet;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

use super::repository;

#[test]
fn every_promise_is_held_by_tests_that_exist() {
    let root = repository();
    let text = fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let promises: Vec<(&str, &str)> = text.lines().filter_map(promise).collect();
    assert!(!promises.is_empty());
    let tests = tests(&root);
    for (promise, names) in promises {
        let names: Vec<&str> = names.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test holds: {promise}");
        for name in names {
            assert!(
                tests.contains(name),
                "there is no test {name}, which holds: {promise}"
            );
        }
    }
}

/// A row of a table of promises: a sentence, and the names of tests.
fn promise(line: &str) -> Option<(&str, &str)> {
    let row = line.strip_prefix("| ")?.strip_suffix(" |")?;
    let (sentence, names) = row.rsplit_once(" | ")?;
    (names.starts_with('`')).then_some((sentence, names))
}

/// The names of all tests: functions below an attribute that makes them one.
fn tests(root: &Utf8Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in rust_files(&root.join("src")).chain(rust_files(&root.join("tests"))) {
        let text = fs::read_to_string(&file).unwrap();
        let mut is_test = false;
        for line in text.lines().map(str::trim) {
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            let function = line.strip_prefix("async ").unwrap_or(line);
            if let Some(rest) = function.strip_prefix("fn ") {
                if is_test {
                    found.insert(rest.split('(').next().unwrap_or(rest).to_owned());
                }
                is_test = false;
            }
        }
    }
    found
}

fn rust_files(directory: &Utf8Path) -> impl Iterator<Item = Utf8PathBuf> {
    let mut files = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in directory.read_dir_utf8().unwrap() {
            let path = entry.unwrap().into_path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension() == Some("rs") {
                files.push(path);
            }
        }
    }
    files.into_iter()
}
