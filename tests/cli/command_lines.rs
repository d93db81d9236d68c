//! The command lines that the pages of `docs/` show: the program takes each of them.

use std::env;
use std::fs;

use camino::Utf8PathBuf;

use super::harness::Tree;

#[test]
fn every_command_line_of_the_docs_is_taken() {
    let tree = Tree::new(&[]);
    let root = Utf8PathBuf::from(env::var("CARGO_MANIFEST_DIR").unwrap());
    let mut directories = vec![root.join("docs")];
    let mut taken = 0;
    while let Some(directory) = directories.pop() {
        for entry in directory.read_dir_utf8().unwrap() {
            let path = entry.unwrap().into_path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension() == Some("md") {
                for line in command_lines(&fs::read_to_string(&path).unwrap()) {
                    // Whatever is wrong with the words before it, `--help` does not hide.
                    let run = tree.secsync(&format!("{line} --help")).run();
                    assert!(run.stdout.contains("Usage: "), "{path}: {line}\n{run}");
                    taken += 1;
                }
            }
        }
    }
    assert!(taken > 40, "{taken}");
}

/// What follows `$ secsync`, without what a shell does with it.
fn command_lines(page: &str) -> Vec<String> {
    page.lines()
        .filter_map(|line| line.strip_prefix("$ secsync "))
        .map(|line| {
            let end = [" | ", " || ", " > ", " # "]
                .iter()
                .filter_map(|mark| line.find(mark));
            line[..end.min().unwrap_or(line.len())]
                .replace('\'', "")
                .replace('…', &"0".repeat(64))
        })
        .collect()
}
