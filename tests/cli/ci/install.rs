//! Installing a release.

use std::env;
use std::process::Command;

use sha2::{Digest as _, Sha256};

use super::reviewed_plan::{encrypted, with_method, zip};
use super::script::{Ran, Script};
use crate::harness::{Canned, Tree, repository};

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
    let url = format!("file://{}/secsync-{{version}}.tar.gz", tree.root());
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
    let url = format!("file://{}/secsync-{{version}}.tar.gz", tree.root());
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
fn an_archive_that_is_cut_off_or_cannot_be_unpacked_is_refused() {
    let (tree, _) = archive();
    let tarball = std::fs::read(tree.root().join("secsync-1.2.3.tar.gz")).unwrap();
    let zipped = zip(&[("secsync", "program")]);
    let mut flipped = tarball.clone();
    let middle = flipped.len() / 2;
    flipped[middle..middle + 8].fill(0xff);
    for bytes in [
        tarball[..tarball.len() / 2].to_vec(),
        tarball[..30].to_vec(),
        b"\x1f\x8b".to_vec(),
        b"\xfd7zXZ\0".to_vec(),
        b"BZh9".to_vec(),
        Vec::new(),
        flipped,
        zipped[..zipped.len() - 9].to_vec(),
        with_method(&zipped, 99),
        encrypted(&zipped),
    ] {
        std::fs::write(tree.root().join("bad"), &bytes).unwrap();
        let url = format!("file://{}/bad", tree.root());
        install(&tree, &url, "", &format!("{:x}", Sha256::digest(&bytes)))
            .exits_with(1)
            .says("cannot be unpacked");
        assert!(!tree.has("installed/bin/secsync"));
    }
}

#[test]
fn without_a_version_an_installed_program_is_taken() {
    let tree = Tree::new(&[]);
    Script::new(&tree, "install.py", &[])
        .run()
        .exits_with(0)
        .says("which is installed.");
}

#[test]
fn what_is_installed_on_each_system_is_what_a_release_publishes() {
    let action = repository("action.yml");
    let (_, url) = action.split_once("releases/download/").unwrap();
    let (url, _) = url.split_once('\'').unwrap();
    // In a format of GitHub, two braces are one.
    let url = url.replace("{{", "{").replace("}}", "}");
    let text = "import platform, sys; sys.path.insert(0, sys.argv[1]); import install\n\
                for system in install.TARGETS:\n    \
                    platform.system, platform.machine = (lambda: system[0]), (lambda: system[1])\n    \
                    print(install.filled_in(sys.argv[2], '1.2.3'))\n";
    let scripts = format!("{}/ci", env::var("CARGO_MANIFEST_DIR").unwrap());
    let tree = Tree::new(&[]);
    let asked = Script::program(&tree, &["python3", "-c", text, &scripts, &url])
        .run()
        .exits_with(0);
    let release = repository(".github/workflows/release.yml");
    let targets = release.split("target: ").skip(1);
    let targets = targets.filter_map(|rest| Some(rest.split_once(", system:")?.0));
    let published: Vec<String> = targets
        .map(|target| format!("v1.2.3/secsync-1.2.3-{target}.tar.gz"))
        .collect();
    assert!(asked.stdout.lines().count() > 5, "{asked}");
    for name in asked.stdout.lines() {
        assert!(
            published.iter().any(|one| one == name),
            "{name}: {published:?}"
        );
    }
    let archive = repository("packaging/archive");
    assert!(archive.contains("f\"secsync-{version}-{target}\""));
    assert!(archive.contains("f\"{folder}.tar.gz\""));
    assert!(
        repository("Cargo.toml").contains("/v{ version }/secsync-{ version }-{ target }.tar.gz")
    );
}
