//! What Git has of an earlier version of a repository's files.
//!
//! Objects are read and nothing else is done: no work tree is touched, no hook, filter or external
//! program is run, and nothing is fetched, whatever the repository's settings say.

use std::collections::HashSet;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use thiserror::Error;

use crate::core::text::visible;

/// The largest file that is read, in bytes.
const MAX_SIZE: u64 = 64 * 1024 * 1024;

/// Why an earlier version cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct GitError {
    /// What is wrong, as a full sentence.
    pub message: String,
    /// What to do, as a full sentence.
    pub help: String,
}

impl GitError {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: help.into(),
        }
    }
}

/// A commit of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    repository: Utf8PathBuf,
    /// Its id, in hexadecimal digits.
    pub id: String,
}

impl Commit {
    /// The last commit that the checkout and a revision have in common: what a branch began from.
    pub fn common_with(repository: &Utf8Path, revision: &str) -> Result<Self, GitError> {
        if revision.starts_with('^') || revision.contains("..") {
            return Err(GitError::new(
                format!("`{revision}` does not name one commit."),
                "Name the branch, tag or commit to compare with, such as `origin/main`.",
            ));
        }
        let named = format!("{revision}^{{commit}}");
        let tip = ask(
            repository,
            &[
                "rev-parse",
                "--verify",
                "--quiet",
                "--end-of-options",
                &named,
            ],
        )?;
        let Some(tip) = tip else {
            return Err(unknown(repository, revision)?);
        };
        let base = ask(
            repository,
            &["merge-base", "--end-of-options", &tip, "HEAD"],
        )?;
        if is_shallow(repository)? {
            return match base {
                Some(id) if !may_lack_later(repository, [&tip, "HEAD"], &id)? => {
                    Ok(Self::new(repository, id))
                }
                _ => Err(shallow(revision)),
            };
        }
        base.map(|id| Self::new(repository, id)).ok_or_else(|| {
            GitError::new(
                format!("`{revision}` and the checkout have no commit in common."),
                "Name the branch that this one began from.",
            )
        })
    }

    fn new(repository: &Utf8Path, id: String) -> Self {
        Self {
            repository: repository.to_owned(),
            id,
        }
    }

    /// Its id, as short as people write it.
    pub fn short(&self) -> &str {
        self.id.get(..10).unwrap_or(&self.id)
    }

    /// Writes the files below a directory of the repository that are `wanted`, by their paths in the
    /// repository, into another, empty directory. Links are written as links; submodules are left out.
    pub fn extract(
        &self,
        below: &Utf8Path,
        into: &Utf8Path,
        wanted: impl Fn(&Utf8Path) -> bool,
    ) -> Result<(), GitError> {
        let mut entries: Vec<Entry> = self
            .list(below)?
            .into_iter()
            .filter(|entry| entry.size <= MAX_SIZE && (entry.is_link || wanted(&entry.path)))
            .collect();
        if let Some(path) = leads_out(&entries) {
            return Err(GitError::new(
                format!(
                    "{} holds `{}`, which Git itself would not check out.",
                    self.short(),
                    visible(path.as_str())
                ),
                "Compare with another revision. `git fsck` says what is wrong with this one.",
            ));
        }
        // As long as there is no link, none can be followed.
        entries.sort_by_key(|entry| entry.is_link);
        self.read(&entries, |entry, content| {
            let place = into.join(&entry.path);
            if let Some(parent) = place.parent() {
                std::fs::create_dir_all(parent)?;
            }
            if entry.is_link {
                link(&String::from_utf8_lossy(&content), &place)
            } else {
                std::fs::write(&place, content)
            }
        })
    }

    /// Why objects of it are missing: the reason that is given, unless the clone is one without them.
    fn missing(&self, otherwise: GitError) -> GitError {
        if !is_partial(&self.repository) {
            return otherwise;
        }
        GitError::new(
            format!(
                "This clone is partial, and lacks files of {}.",
                self.short()
            ),
            "Clone without `--filter`; for actions/checkout, leave out `filter`. Or fetch what is \
             missing: `git fetch --refetch --no-filter`.",
        )
    }

    fn list(&self, below: &Utf8Path) -> Result<Vec<Entry>, GitError> {
        let mut arguments = vec!["ls-tree", "-r", "-l", "-z", "--full-tree", &self.id];
        if !below.as_str().is_empty() {
            arguments.extend(["--", below.as_str()]);
        }
        let output = run(&self.repository, &arguments).map_err(|error| self.missing(error))?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.split('\0').filter_map(Entry::parse).collect())
    }

    /// Reads the contents of files, one after the other.
    fn read(
        &self,
        entries: &[Entry],
        mut take: impl FnMut(&Entry, Vec<u8>) -> io::Result<()>,
    ) -> Result<(), GitError> {
        let failed = |error: io::Error| {
            GitError::new(
                format!("Git cannot read the files of {}: {error}.", self.short()),
                "Run `git fsck`, and try again.",
            )
        };
        let mut process = command(&self.repository)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| missing(&error))?;
        let (Some(mut asked), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(failed(io::ErrorKind::BrokenPipe.into()));
        };
        let ids: Vec<String> = entries
            .iter()
            .map(|entry| format!("{}\n", entry.id))
            .collect();
        // Git answers while it is asked: one thread alone would wait for it forever.
        let asking = std::thread::spawn(move || {
            ids.iter().try_for_each(|id| asked.write_all(id.as_bytes()))
        });
        let mut answers = BufReader::new(answers);
        let mut is_missing = false;
        let mut read = || {
            for entry in entries {
                let mut header = String::new();
                answers.read_line(&mut header)?;
                is_missing = header.trim_end().ends_with(" missing");
                let size = header.trim_end().rsplit(' ').next().map(str::parse::<u64>);
                let Some(Ok(size)) = size.filter(|_| header.starts_with(&entry.id)) else {
                    return Err(io::Error::other(format!(
                        "it answers {:?}",
                        header.trim_end()
                    )));
                };
                let mut content = Vec::new();
                // The content is followed by a line break.
                (&mut answers).take(size + 1).read_to_end(&mut content)?;
                content.pop();
                take(entry, content)?;
            }
            Ok(())
        };
        let result = read().map_err(failed);
        let result = result.map_err(|error| {
            if is_missing {
                self.missing(error)
            } else {
                error
            }
        });
        drop(answers);
        let _ = asking.join();
        let _ = process.wait();
        result
    }
}

/// A file of a commit.
struct Entry {
    id: String,
    size: u64,
    is_link: bool,
    /// From the root of the repository.
    path: Utf8PathBuf,
}

impl Entry {
    /// Reads `mode type id size<TAB>path`.
    fn parse(line: &str) -> Option<Self> {
        let (facts, path) = line.split_once('\t')?;
        let mut facts = facts.split_ascii_whitespace();
        let (mode, kind, id) = (facts.next()?, facts.next()?, facts.next()?);
        (kind == "blob").then(|| Self {
            id: id.to_owned(),
            size: facts.next().and_then(|size| size.parse().ok()).unwrap_or(0),
            is_link: mode == "120000",
            path: path.into(),
        })
    }
}

/// A path by which a file would be written outside of the directory that it belongs into: one that is
/// there twice, goes upwards, or goes through a link. Only a forged tree has any.
fn leads_out(entries: &[Entry]) -> Option<&Utf8Path> {
    // Some file systems take `A` and `a` for one.
    let folded = |path: &Utf8Path| path.as_str().to_lowercase();
    let links = entries.iter().filter(|entry| entry.is_link);
    let links: HashSet<String> = links.map(|entry| folded(&entry.path)).collect();
    let mut seen = HashSet::new();
    let paths = entries.iter().map(|entry| entry.path.as_path());
    paths.into_iter().find(|path| {
        let mut parts = path.components();
        let is_plain = parts.all(|part| matches!(part, Utf8Component::Normal(_)));
        let mut parents = path.ancestors().skip(1);
        !is_plain || !seen.insert(*path) || parents.any(|parent| links.contains(&folded(parent)))
    })
}

#[cfg(unix)]
fn link(target: &str, place: &Utf8Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, place)
}

#[cfg(not(unix))]
fn link(_target: &str, _place: &Utf8Path) -> io::Result<()> {
    Ok(())
}

fn command(repository: &Utf8Path) -> Command {
    let mut command = Command::new("git");
    command
        .args([
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "core.fsmonitor=false",
        ])
        .args([
            "--no-optional-locks",
            "--no-replace-objects",
            "--literal-pathspecs",
        ])
        .current_dir(repository)
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
        // Where the repository is, the directory says.
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .stdin(Stdio::null());
    command
}

fn missing(error: &io::Error) -> GitError {
    GitError::new(
        format!("`git` cannot be run: {error}."),
        "Install Git, or put it on the PATH.",
    )
}

/// Runs Git and expects it to succeed.
fn run(repository: &Utf8Path, arguments: &[&str]) -> Result<std::process::Output, GitError> {
    let output = command(repository).args(arguments).output();
    let output = output.map_err(|error| missing(&error))?;
    if output.status.success() {
        return Ok(output);
    }
    Err(refused(&String::from_utf8_lossy(&output.stderr)))
}

/// What Git said when it would not do something.
fn refused(said: &str) -> GitError {
    let said = said.trim().trim_start_matches("fatal: ");
    let first = said.lines().next().unwrap_or("it does not say why");
    let help = if said.contains("dubious ownership") {
        "Add the directory to Git's `safe.directory`."
    } else {
        "Run it in a Git repository that is whole."
    };
    GitError::new(
        format!("Git refuses: {}.", first.trim_end_matches('.')),
        help,
    )
}

/// Runs Git for one word; `None` if it has none. Of some words it ends with an error of which it
/// says nothing, such as `HEAD@{99}` in a log with fewer entries.
fn ask(repository: &Utf8Path, arguments: &[&str]) -> Result<Option<String>, GitError> {
    let output = command(repository).args(arguments).output();
    let output = output.map_err(|error| missing(&error))?;
    match output.status.code() {
        Some(0) => {
            let word = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            Ok(Some(word).filter(|word| !word.is_empty()))
        }
        Some(1) => Ok(None),
        Some(_) if output.stderr.trim_ascii().is_empty() => Ok(None),
        _ => Err(refused(&String::from_utf8_lossy(&output.stderr))),
    }
}

fn is_shallow(repository: &Utf8Path) -> Result<bool, GitError> {
    let answer = ask(repository, &["rev-parse", "--is-shallow-repository"])?;
    Ok(answer.as_deref() == Some("true"))
}

/// Whether a shallow clone may lack a commit that two have in common and that is later than the one
/// that it has: beyond the end of what was fetched, other than below that one.
fn may_lack_later(
    repository: &Utf8Path,
    [one, other]: [&str; 2],
    base: &str,
) -> Result<bool, GitError> {
    let unreadable = |error: &io::Error| {
        GitError::new(
            format!("Git's list of where this clone ends cannot be read: {error}."),
            "Clone it whole, or fetch the rest: `git fetch --unshallow`.",
        )
    };
    let Some(list) = ask(repository, &["rev-parse", "--git-path", "shallow"])? else {
        return Ok(true);
    };
    let list = repository.join(list);
    let ends = std::fs::read_to_string(list).map_err(|error| unreadable(&error))?;
    let ends: HashSet<&str> = ends.lines().map(str::trim).collect();
    let without = format!("^{base}");
    let later = run(
        repository,
        &["rev-list", "--end-of-options", one, other, &without],
    )?;
    let later = String::from_utf8_lossy(&later.stdout);
    Ok(later.lines().any(|commit| ends.contains(commit)))
}

/// Whether a clone leaves objects to be fetched when they are needed, which is never done here.
fn is_partial(repository: &Utf8Path) -> bool {
    let settings = r"^(extensions\.partialclone|remote\..*\.(promisor|partialclonefilter))$";
    let found = ask(repository, &["config", "--get-regexp", settings]);
    matches!(found, Ok(Some(_)))
}

fn unknown(repository: &Utf8Path, revision: &str) -> Result<GitError, GitError> {
    if is_shallow(repository)? {
        return Ok(shallow(revision));
    }
    Ok(GitError::new(
        format!("`{revision}` is not a commit of this repository."),
        "Name a branch, a tag or a commit that `git rev-parse` knows, such as `origin/main`.",
    ))
}

fn shallow(revision: &str) -> GitError {
    GitError::new(
        format!("This clone is shallow, and lacks `{revision}` or the commits that lead to it."),
        "Fetch them: `fetch-depth: 0` for actions/checkout, `GIT_DEPTH: 0` on GitLab, or \
         `git fetch --unshallow`.",
    )
}

#[cfg(test)]
mod tests {
    use super::{Entry, leads_out};

    #[test]
    fn a_forged_tree_leads_no_file_out() {
        let leads_out = |entries: &[(&str, bool)]| {
            let entries: Vec<Entry> = entries
                .iter()
                .map(|(path, is_link)| Entry {
                    id: String::new(),
                    size: 0,
                    is_link: *is_link,
                    path: (*path).into(),
                })
                .collect();
            leads_out(&entries).map(ToString::to_string)
        };
        let plain = [("a.yaml", false), ("b/a.yaml", false), ("b/link", true)];
        assert_eq!(leads_out(&plain), None);
        assert_eq!(leads_out(&[("A/x", false), ("a/x", false)]), None);
        for (entries, out) in [
            (&[("b/../../a.yaml", false)][..], "b/../../a.yaml"),
            (&[("../a", true)], "../a"),
            (&[("/a.yaml", false)], "/a.yaml"),
            (&[("b", true), ("b/a.yaml", false)], "b/a.yaml"),
            (&[("b/a/c.yaml", false), ("B", true)], "b/a/c.yaml"),
            (&[("b", true), ("b/link", true)], "b/link"),
            (&[("a", true), ("a", false)], "a"),
        ] {
            assert_eq!(leads_out(entries).as_deref(), Some(out));
        }
    }
}
