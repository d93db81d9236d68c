//! Git, as a person would run it, without the settings of whoever runs the tests.

use std::process::Command;

use camino::Utf8Path;

/// Runs Git in a directory.
pub fn git(directory: &Utf8Path, arguments: &[&str]) {
    let run = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@example.com"])
        .args(arguments)
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(run.status.success(), "{arguments:?}: {run:?}");
}
