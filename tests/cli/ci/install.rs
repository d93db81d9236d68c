//! Installing a release.

use std::process::Command;

use sha2::{Digest as _, Sha256};

use super::script::{Ran, Script};
use crate::harness::{Canned, Tree};

/// An archive with a program that says that it ran, and with a file that wants to be elsewhere.
fn archive() -> (Tree, String) {
    let tree = Tree::new(&[
        ("secsync-1.2.3/secsync", "#!/bin/sh\necho ran\n"),
        ("README", "x"),
    ]);
    let words = [
        "-czf",
        "secsync-1.2.3.tar.gz",
        "README",
        "secsync-1.2.3/secsync",
    ];
    let packed = Command::new("tar")
        .args(words)
        .current_dir(tree.root())
        .status();
    assert!(packed.unwrap().success());
    let bytes = std::fs::read(tree.root().join("secsync-1.2.3.tar.gz")).unwrap();
    (tree, format!("{:x}", Sha256::digest(bytes)))
}

fn install(tree: &Tree, url: &str, version: &str, checksum: &str) -> Ran {
    let arguments = [
        format!("--url={url}"),
        format!("--version={version}"),
        format!("--checksum={checksum}"),
        "--to=installed".to_owned(),
    ];
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Script::new(tree, "install.py", &arguments)
        .variable("GITHUB_PATH", tree.root().join("path"))
        .run()
}

#[test]
fn a_release_is_installed_if_its_checksum_is_right() {
    let (tree, checksum) = archive();
    let url = format!("file://{}/secsync-{{version}}.{{extension}}", tree.root());
    install(&tree, &url, "1.2.3", &checksum.to_uppercase()).exits_with(0);
    let program = tree.root().join("installed/bin/secsync");
    let ran = Command::new(&program).output().unwrap();
    assert_eq!(String::from_utf8(ran.stdout).unwrap(), "ran\n");
    let path = tree.read("path");
    assert_eq!(path.trim(), program.parent().unwrap());
    assert!(!tree.has("installed/README"));
}

#[test]
fn a_release_with_another_checksum_is_not_unpacked() {
    let (tree, _) = archive();
    let url = format!("file://{}/secsync-{{version}}.{{extension}}", tree.root());
    install(&tree, &url, "1.2.3", &"0".repeat(64))
        .exits_with(1)
        .says("Nothing was installed.");
    for (version, checksum, sentence) in [
        ("1.2.3", "", "`` is not a SHA-256 checksum"),
        ("../1", &"0".repeat(64), "`../1` is not a version"),
        ("9", &"0".repeat(64), "cannot be read"),
    ] {
        install(&tree, &url, version, checksum)
            .exits_with(1)
            .says(sentence);
    }
    assert!(!tree.has("installed/bin/secsync") && !tree.has("path"));
}

#[test]
fn an_archive_without_the_program_is_refused() {
    let answer = Canned::new(200, "application/gzip", "no archive");
    let tree = Tree::new(&[]);
    let checksum = format!("{:x}", Sha256::digest("no archive"));
    let url = format!("{}/{{target}}.tar.gz", answer.origin());
    install(&tree, &url, "", &checksum)
        .exits_with(1)
        .says("cannot be unpacked");
    assert!(!tree.has("installed/bin/secsync"));
}

#[test]
fn without_a_version_an_installed_program_is_taken() {
    let tree = Tree::new(&[]);
    Script::new(&tree, "install.py", &[])
        .run()
        .exits_with(0)
        .says("which is installed.");
}
