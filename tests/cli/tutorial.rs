//! The commands of the tutorial, run as they stand there by a shell.

use std::env;
use std::fs;
use std::process::Command;
use std::sync::LazyLock;

use camino::{Utf8Path, Utf8PathBuf};

use regex::Regex;

use super::harness::{Tree, repository};

static TIME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC").unwrap());

/// The commands and what they print, with the files that stand between them written first.
///
/// `SECSYNC_BLESS=1 cargo test --test cli tutorial` (`just generate`) writes what they print anew.
#[test]
fn the_tutorial_prints_what_it_says() {
    let page = repository("docs/tutorial.md");
    let tree = Tree::new(&[]);
    let mut directory = tree.root().to_owned();
    let mut found = String::new();
    for (number, part) in page.split("```").enumerate() {
        let is_block = number % 2 == 1;
        if let Some((path, text)) = titled(part).filter(|_| is_block) {
            fs::write(directory.join(path), text).unwrap();
        }
        let part = match part.strip_prefix("console\n").filter(|_| is_block) {
            Some(block) => format!("console\n{}", run(&commands(block), &mut directory)),
            None => part.to_owned(),
        };
        found += if number == 0 { "" } else { "```" };
        found += &part;
    }
    if env::var_os("SECSYNC_BLESS").is_some() {
        fs::write("docs/tutorial.md", &found).unwrap();
    }
    assert_eq!(
        found,
        repository("docs/tutorial.md"),
        "`just generate` writes it anew"
    );
}

/// The path and the text of a block that has a title.
fn titled(block: &str) -> Option<(&str, &str)> {
    let (first, text) = block.split_once('\n')?;
    let (_, path) = first.split_once("title=\"")?;
    Some((path.strip_suffix('"')?, text))
}

fn commands(block: &str) -> Vec<&str> {
    block
        .lines()
        .filter_map(|line| line.strip_prefix("$ "))
        .collect()
}

/// What a terminal would show of commands, which may change the directory.
fn run(commands: &[&str], directory: &mut Utf8PathBuf) -> String {
    let mut shown = String::new();
    for command in commands {
        shown += &format!("$ {command}\n");
        if let Some(into) = command.strip_prefix("cd ") {
            directory.push(into);
            continue;
        }
        let output = Command::new("sh")
            .args(["-c", &format!("{{ {command}\n}} 2>&1")])
            .current_dir(&directory)
            .env_clear()
            .env("HOME", &directory)
            .env("PATH", path())
            .output()
            .unwrap();
        let output = String::from_utf8(output.stdout).unwrap();
        shown += &TIME.replace_all(&output, "2026-11-28 09:30:00 UTC");
    }
    shown
}

/// Where `secsync` is found, and the programs of the system.
fn path() -> String {
    let program = env::var("CARGO_BIN_EXE_secsync")
        .unwrap_or_else(|_| env!("CARGO_BIN_EXE_secsync").to_owned());
    let directory = Utf8Path::new(&program).parent().unwrap();
    format!("{directory}:{}", env::var("PATH").unwrap_or_default())
}
