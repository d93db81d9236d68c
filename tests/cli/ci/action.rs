//! What no check of YAML says of the Action and the examples.

use std::collections::BTreeSet;
use std::{env, fs};

use camino::{Utf8Path, Utf8PathBuf};
use regex::Regex;

use crate::harness::repository;

/// The YAML files below a directory of the repository.
fn files(directory: &str) -> Vec<Utf8PathBuf> {
    let root = env::var("CARGO_MANIFEST_DIR").unwrap();
    let mut directories = vec![Utf8Path::new(&root).join(directory)];
    let mut files = Vec::new();
    while let Some(directory) = directories.pop() {
        for entry in directory.read_dir_utf8().unwrap() {
            let path = entry.unwrap().into_path();
            if path.is_dir() {
                directories.push(path);
            } else if matches!(path.extension(), Some("yml" | "yaml")) {
                files.push(path);
            }
        }
    }
    files
}

/// The Action, and every workflow of GitHub.
fn texts() -> Vec<(String, String)> {
    let mut texts = vec![("action.yml".to_owned(), repository("action.yml"))];
    for directory in [".github/workflows", "examples/ci/github"] {
        for file in files(directory) {
            texts.push((file.to_string(), fs::read_to_string(&file).unwrap()));
        }
    }
    assert!(texts.len() > 4);
    texts
}

/// The scripts of a workflow: the texts of its `run:`.
pub fn scripts(text: &str) -> Vec<String> {
    let mut scripts = Vec::new();
    let mut indent = None;
    for line in text.lines() {
        let depth = line.len() - line.trim_start().len();
        if indent.is_some_and(|indent| depth > indent || line.trim().is_empty()) {
            let script: &mut String = scripts.last_mut().unwrap();
            script.push_str(line);
            script.push('\n');
            continue;
        }
        indent = None;
        let key = line.trim_start().trim_start_matches("- ");
        if let Some(script) = key.strip_prefix("run:") {
            scripts.push(format!("{script}\n"));
            indent = Some(line.find("run:").unwrap());
        }
    }
    scripts
}

#[test]
fn nothing_of_an_event_or_an_input_is_a_part_of_a_script() {
    let mut found = 0;
    for (name, text) in texts() {
        for script in scripts(&text) {
            assert!(!script.contains("${{"), "{name}: {script}");
            found += 1;
        }
    }
    assert!(found > 4, "{found}");
}

#[test]
fn every_action_of_others_is_pinned_to_a_commit() {
    let pinned = Regex::new(r"^[\w./-]+@[0-9a-f]{40} # v\d").unwrap();
    for (name, text) in texts() {
        for line in text.lines() {
            let Some((_, action)) = line.split_once("uses: ") else {
                continue;
            };
            assert!(
                action.starts_with("./") || pinned.is_match(action),
                "{name}: {line}"
            );
        }
    }
}

#[test]
fn every_input_is_used_and_every_output_is_one_of_the_scripts() {
    let text = repository("action.yml");
    let (head, steps) = text.split_once("\nruns:\n").unwrap();
    let (inputs, outputs) = head.split_once("\noutputs:\n").unwrap();
    let (_, inputs) = inputs.split_once("\ninputs:\n").unwrap();
    let names = |text: &str| -> BTreeSet<String> {
        let lines = text.lines().filter_map(|line| line.strip_prefix("  "));
        lines
            .filter(|line| !line.starts_with([' ', '#']))
            .filter_map(|line| line.strip_suffix(':').map(str::to_owned))
            .collect()
    };
    for input in names(inputs) {
        assert!(steps.contains(&format!("inputs.{input}")), "{input}");
    }
    for input in Regex::new(r"inputs\.([a-z-]+)")
        .unwrap()
        .captures_iter(steps)
    {
        assert!(names(inputs).contains(&input[1]), "{}", &input[1]);
    }
    let script = repository("ci/run.py");
    for output in names(outputs) {
        assert!(script.contains(&format!("\"{output}\"")), "{output}");
        let value = format!("steps.run.outputs.{output} }}}}");
        assert!(outputs.contains(&value), "{output}");
    }
}

#[test]
fn no_job_has_a_permission_that_it_does_not_name() {
    for (name, text) in texts() {
        if name == "action.yml" {
            continue;
        }
        assert!(text.contains("\npermissions: {}\n"), "{name}");
        assert!(!text.contains("write-all"), "{name}");
    }
}

#[test]
fn nothing_is_installed_into_the_python_of_a_system() {
    let installs = Regex::new(r"(?m)(^|[;&|]|\bpython3? -m)\s*pip3? install").unwrap();
    for (name, text) in texts() {
        for script in scripts(&text) {
            assert!(!installs.is_match(&script), "{name}: {script}");
        }
    }
}
