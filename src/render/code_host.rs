//! The page of a line on a code host, and how long a comment is there, by the variables that its CI
//! sets.
//!
//! The variables are read here alone. They are data: an address that is not plain https, or a commit
//! that is not hexadecimal, makes no link.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::environment::Environment;

/// The commit that links lead to, if it is not the one that CI names: a job that shows what another
/// one planned runs on a commit of its own.
pub const COMMIT: &str = "SECSYNC_COMMIT";
/// What a code host's CI says, each with what it is for.
pub const VARIABLES: [(&str, &str); 12] = [
    (
        COMMIT,
        "the commit to link to, if it is not the one that the job runs on",
    ),
    ("GITHUB_SERVER_URL", "the address of GitHub"),
    ("GITHUB_REPOSITORY", "the repository there"),
    ("GITHUB_SHA", "the commit there"),
    (
        "GITHUB_EVENT_NAME",
        "whether the job runs on another commit than it is about",
    ),
    (
        "GITHUB_WORKSPACE",
        "the checkout, if it is not a Git repository",
    ),
    ("CI_PROJECT_URL", "the repository on GitLab"),
    ("CI_COMMIT_SHA", "the commit there"),
    ("CI_PROJECT_DIR", "the checkout there"),
    ("BITBUCKET_GIT_HTTP_ORIGIN", "the repository on Bitbucket"),
    ("BITBUCKET_COMMIT", "the commit there"),
    ("BITBUCKET_CLONE_DIR", "the checkout there"),
];
/// What CI calls the directory that the repository is in.
const WORKSPACES: [&str; 3] = ["GITHUB_WORKSPACE", "CI_PROJECT_DIR", "BITBUCKET_CLONE_DIR"];
/// What no part of a path needs to have escaped.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// A commit of a repository on a code host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeHost {
    kind: Kind,
    /// The page of the repository, without a slash at its end.
    repository: String,
    /// In hexadecimal.
    commit: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    GitHub,
    GitLab,
    Bitbucket,
}

/// How many characters a comment can have on the code host that CI is of; on GitHub if it is none.
pub fn longest_comment(environment: &Environment) -> usize {
    Kind::of(environment)
        .map_or(Kind::GitHub, |(kind, _)| kind)
        .longest_comment()
}

impl Kind {
    /// The code host that CI is of, and the address of the repository there.
    fn of(environment: &Environment) -> Option<(Self, String)> {
        let get = |name| environment.get(name);
        if let (Some(server), Some(name)) = (get("GITHUB_SERVER_URL"), get("GITHUB_REPOSITORY")) {
            return Some((Self::GitHub, format!("{server}/{name}")));
        }
        if let Some(url) = get("CI_PROJECT_URL") {
            return Some((Self::GitLab, url.to_owned()));
        }
        let url = get("BITBUCKET_GIT_HTTP_ORIGIN")?;
        // Bitbucket writes http, and answers https.
        let url = match url.strip_prefix("http://") {
            Some(rest) => format!("https://{rest}"),
            None => url.to_owned(),
        };
        Some((Self::Bitbucket, url))
    }

    const fn longest_comment(self) -> usize {
        match self {
            Self::GitHub => 65_536,
            Self::GitLab => 1_000_000,
            Self::Bitbucket => 32_768,
        }
    }
}

impl CodeHost {
    /// The commit that CI runs on; `None` outside of CI, or if its variables are not what they should
    /// be.
    pub fn of(environment: &Environment) -> Option<Self> {
        let get = |name| environment.get(name);
        let (kind, repository) = Kind::of(environment)?;
        let commit = match kind {
            Kind::GitHub => {
                // These events run on the default branch, whatever they are about.
                let is_elsewhere = matches!(
                    get("GITHUB_EVENT_NAME"),
                    Some("workflow_run" | "pull_request_target" | "issue_comment")
                );
                get("GITHUB_SHA").filter(|_| !is_elsewhere)
            }
            Kind::GitLab => get("CI_COMMIT_SHA"),
            Kind::Bitbucket => get("BITBUCKET_COMMIT"),
        };
        let commit = get(COMMIT).or(commit)?;
        let repository = repository.trim_end_matches('/').to_owned();
        (is_page(&repository) && is_commit(commit)).then(|| Self {
            kind,
            repository,
            commit: commit.to_owned(),
        })
    }

    /// The page of a line, counted from 1, in a file that is named from the repository's root on;
    /// `None` for a name that leads out of it.
    pub fn link(&self, file: &str, line: usize) -> Option<String> {
        let path = Utf8Path::new(file);
        let mut parts = path.components();
        let is_inside = parts.all(|part| matches!(part, Utf8Component::Normal(_)));
        // Browsers read a backslash as a slash, and `.` and `..` however they are escaped.
        if file.is_empty() || !is_inside || file.starts_with('<') || file.contains('\\') {
            return None;
        }
        let Self {
            kind,
            repository,
            commit,
        } = self;
        let path = utf8_percent_encode(path.as_str(), ESCAPED);
        Some(match kind {
            Kind::GitHub => format!("{repository}/blob/{commit}/{path}#L{line}"),
            Kind::GitLab => format!("{repository}/-/blob/{commit}/{path}#L{line}"),
            Kind::Bitbucket => format!("{repository}/src/{commit}/{path}#lines-{line}"),
        })
    }
}

/// The directory that CI has the repository in; `None` outside of CI.
pub fn workspace(environment: &Environment) -> Option<Utf8PathBuf> {
    let mut directories = WORKSPACES.iter().filter_map(|name| environment.get(name));
    directories
        .next()
        .map(Utf8PathBuf::from)
        .filter(|path| path.is_absolute())
}

/// Whether it is the address of a page: https, a host, and a path without anything to escape.
fn is_page(url: &str) -> bool {
    let Some((host, path)) = url
        .strip_prefix("https://")
        .and_then(|rest| rest.split_once('/'))
    else {
        return false;
    };
    let is_plain = |text: &str, others: &[u8]| {
        let mut bytes = text.bytes();
        bytes.all(|byte| byte.is_ascii_alphanumeric() || others.contains(&byte))
    };
    let is_name = |part: &str| !matches!(part, "" | "." | "..") && is_plain(part, b"-._~");
    !host.is_empty() && is_plain(host, b"-.:") && path.split('/').all(is_name)
}

/// Whether it is the whole id of a commit, of SHA-1 or SHA-256.
fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::CodeHost;
    use crate::environment::Environment;

    const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

    fn link(variables: &[(&str, &str)], file: &str) -> Option<String> {
        let environment: Environment = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        CodeHost::of(&environment)?.link(file, 7)
    }

    fn on_github<'a>(
        server: &'a str,
        repository: &'a str,
        sha: &'a str,
    ) -> [(&'a str, &'a str); 3] {
        [
            ("GITHUB_SERVER_URL", server),
            ("GITHUB_REPOSITORY", repository),
            ("GITHUB_SHA", sha),
        ]
    }

    #[test]
    fn each_code_host_has_pages_of_its_own() {
        let shown = |variables: &[(&str, &str)]| link(variables, "syncs/pay ments.yaml").unwrap();
        assert_eq!(
            shown(&on_github("https://github.com", "acme/infra", SHA)),
            format!("https://github.com/acme/infra/blob/{SHA}/syncs/pay%20ments.yaml#L7")
        );
        assert_eq!(
            shown(&[
                ("CI_PROJECT_URL", "https://gitlab.corp.example:8443/a/b/c"),
                ("CI_COMMIT_SHA", SHA),
            ]),
            format!(
                "https://gitlab.corp.example:8443/a/b/c/-/blob/{SHA}/syncs/pay%20ments.yaml#L7"
            )
        );
        assert_eq!(
            shown(&[
                (
                    "BITBUCKET_GIT_HTTP_ORIGIN",
                    "http://bitbucket.org/acme/infra"
                ),
                ("BITBUCKET_COMMIT", SHA),
            ]),
            format!("https://bitbucket.org/acme/infra/src/{SHA}/syncs/pay%20ments.yaml#lines-7")
        );
    }

    #[test]
    fn variables_that_are_no_address_or_no_commit_make_no_link() {
        for (server, repository, sha) in [
            ("http://github.com", "acme/infra", SHA),
            ("javascript:alert(1)//", "acme/infra", SHA),
            ("https://user:password@github.com", "acme/infra", SHA),
            ("https://github.com", "acme/in)fra", SHA),
            ("https://github.com", "acme/../evil", SHA),
            ("https://github.com", "acme/infra?x=", SHA),
            ("https://github.com", "acme/infra#", SHA),
            ("https://github.com", "acme/infra", "main"),
            ("https://github.com", "acme/infra", "0123456"),
            ("https://github.com", "acme/infra", &"g".repeat(40)),
            ("https://", "acme/infra", SHA),
        ] {
            let variables = on_github(server, repository, sha);
            assert_eq!(link(&variables, "a.yaml"), None, "{variables:?}");
        }
    }

    #[test]
    fn a_path_stays_in_the_repository_and_has_no_meaning() {
        let variables = on_github("https://github.com", "acme/infra", SHA);
        for file in [
            "../a.yaml",
            "a/../../b.yaml",
            "/etc/a.yaml",
            "<stdin>",
            "",
            "a\\..\\b.yaml",
        ] {
            assert_eq!(link(&variables, file), None, "{file}");
        }
        assert_eq!(
            link(&variables, "a)](#?%2e\n\"<b.yaml").unwrap(),
            format!(
                "https://github.com/acme/infra/blob/{SHA}/a%29%5D%28%23%3F%252e%0A%22%3Cb.yaml#L7"
            )
        );
    }

    #[test]
    fn a_job_on_another_commit_links_only_to_the_one_that_it_is_told() {
        let mut variables = on_github("https://github.com", "acme/infra", SHA).to_vec();
        variables.push(("GITHUB_EVENT_NAME", "workflow_run"));
        assert_eq!(link(&variables, "a.yaml"), None);
        let head = "f".repeat(40);
        variables.push(("SECSYNC_COMMIT", &head));
        assert!(link(&variables, "a.yaml").unwrap().contains(&head));
    }
}
