//! The flags that commands share.

use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use clap::Args;

use crate::cancel::Cancellation;
use crate::core::code::Code;
use crate::core::diagnostic::Diagnostic;
use crate::core::shard::Shard;
use crate::environment::Environment;
use crate::error::CommandError;
use crate::http::HttpOptions;
use crate::pipeline::{Checked, Link, Loaded, Opened, Options};
use crate::planfile::ALGORITHM;
use crate::provider::credential::LoginOptions;
use crate::workspace::{LoadOptions, Settings, Where};

use super::command::{Files, Session};
use super::named_files::working_directory;

/// Which files are loaded, and which syncs count.
#[derive(Debug, Clone, Default, Args)]
pub struct LoadArguments {
    /// Files, directories or globs of sync files; - for standard input.
    pub paths: Vec<String>,
    #[command(flatten)]
    pub files: FileArguments,
    /// Which workspace it is if no path says so.
    #[arg(skip)]
    pub workspace: Where,
}

/// The same without paths as arguments, for commands whose arguments are something else.
#[derive(Debug, Clone, Default, Args)]
pub struct FileArguments {
    /// Files, directories or globs of sync files; - for standard input.
    #[arg(short, long = "file", value_name = "PATH")]
    pub file: Vec<String>,
    /// Only syncs for which all of these hold: KEY=GLOB, KEY!=GLOB, KEY in (GLOB,…) or KEY notin
    /// (GLOB,…). A key is provider, project, destination, environment, matrix.AXIS, or a label.
    #[arg(short = 'l', long, value_name = "KEY=GLOB,…")]
    pub selector: Vec<String>,
    /// Only syncs of these names.
    #[arg(long, value_name = "NAME-GLOB")]
    pub target: Vec<String>,
    /// Not the syncs of these names.
    #[arg(long, value_name = "NAME-GLOB")]
    pub exclude: Vec<String>,
    /// Names that are given without an option.
    #[arg(skip)]
    pub names: Vec<String>,
    /// The value of a variable.
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    pub var: Vec<(String, String)>,
    /// A YAML file of variables.
    #[arg(long, value_name = "FILE")]
    pub var_file: Vec<Utf8PathBuf>,
}

impl LoadArguments {
    /// Whether a file comes from standard input, so that no answer can.
    pub fn reads_stdin(&self) -> bool {
        let mut paths = self.paths.iter().chain(&self.files.file);
        paths.any(|path| path == "-")
    }
}

/// What a plan does besides following the files.
#[derive(Debug, Clone, Default, Args)]
pub struct PlanArguments {
    /// Delete what exists and is not declared. Needs the whole workspace.
    #[arg(long)]
    pub prune: bool,
    /// Send syncs of these names whole again, also what the platform never gives back.
    #[arg(long, value_name = "NAME-GLOB")]
    pub resend: Vec<String>,
    #[command(flatten)]
    pub shard: ShardArguments,
}

/// Which part of the projects a run is about.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct ShardArguments {
    /// Only this part of the projects, such as 1/3: the parts are disjoint and together all of them,
    /// so that several runs share the work.
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
}

/// How requests are sent, and where the state is kept.
#[derive(Debug, Clone, Args)]
pub struct TransportArguments {
    /// How long one request may take: 30s, 2m.
    #[arg(long, default_value = "30s", value_name = "DURATION", value_parser = duration)]
    pub timeout: Duration,
    /// A PEM file with further certificate authorities to trust.
    #[arg(long, value_name = "FILE")]
    pub ca_cert: Option<Utf8PathBuf>,
    /// Where the record of started syncs is kept: a file, or s3://, gs://, az:// and a path.
    #[arg(long, value_name = "PLACE")]
    pub state: Option<String>,
}

/// How servers are talked to.
#[derive(Debug, Clone, Args)]
pub struct NetworkArguments {
    /// How many requests and actions go at once.
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = parallelism)]
    pub parallelism: usize,
    #[command(flatten)]
    pub transport: TransportArguments,
    /// A server that credentials may go to.
    #[arg(long, value_name = "ORIGIN")]
    pub trust_host: Vec<String>,
    /// Who the identity token of a GitHub Actions job is meant for.
    #[arg(long, value_name = "AUDIENCE")]
    pub oidc_audience: Option<String>,
    /// The organization to log in to, if the identity belongs to several.
    #[arg(long, value_name = "SLUG")]
    pub organization_slug: Option<String>,
    /// The only projects that may be read, by id or slug.
    #[arg(long, value_name = "PROJECT")]
    pub allow_project: Vec<String>,
    /// Use the built-in emulator instead of real servers and credentials.
    #[arg(long)]
    pub sandbox: bool,
}

/// Reads `NAME=VALUE`.
pub fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    if !crate::core::vars::is_name(name) {
        return Err(format!("a variable cannot be named `{name}`"));
    }
    Ok((name.to_owned(), value.to_owned()))
}

fn parallelism(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=64) => Ok(number),
        _ => Err("write a number from 1 to 64".to_owned()),
    }
}

/// Reads `30s`, `2m`, `500ms`, `1h`, or seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(format!("`{unit}` is not a unit; write ms, s, m or h")),
    };
    number
        .parse::<f64>()
        .ok()
        .and_then(|number| Duration::try_from_secs_f64(number * factor).ok())
        .filter(|duration| !duration.is_zero() && *duration <= Duration::from_secs(86_400))
        .ok_or_else(|| format!("`{text}` is not a duration between 1ms and 24h"))
}

/// Reads the digest of a saved plan, as `plan --out` prints it, with or without its algorithm.
pub fn digest(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix(ALGORITHM).unwrap_or(text);
    if digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "it is not a digest, which is `{ALGORITHM}` and 64 hexadecimal digits"
        ))
    }
}

/// The workspace of the working directory with its settings, and none of its sync files.
pub fn open_workspace(session: &Session) -> Result<Opened<Settings>, CommandError> {
    LoadArguments::default().open(session)?.without_mistakes()
}

impl LoadArguments {
    /// The same for another workspace than that of the working directory.
    #[must_use]
    pub fn of(self, workspace: Where) -> Self {
        Self { workspace, ..self }
    }

    /// Whether any file is named.
    pub fn names_files(&self) -> bool {
        !(self.paths.is_empty() && self.files.file.is_empty())
    }

    /// Loads and checks the files of a workspace, which may have none yet.
    pub fn check_what_exists(&self, session: &Session) -> Result<Checked, CommandError> {
        let checked = self.open(session)?.load_what_exists()?.check()?;
        session.findings(&*checked.opened.workspace);
        Ok(checked)
    }

    /// Opens the workspace.
    pub fn open(&self, session: &Session) -> Result<Opened<Settings>, CommandError> {
        self.open_for(session, &PlanArguments::default())
    }

    fn open_for(
        &self,
        session: &Session,
        plan: &PlanArguments,
    ) -> Result<Opened<Settings>, CommandError> {
        let files = &self.files;
        Opened::open(Options {
            request: LoadOptions {
                directory: working_directory()?,
                paths: self.paths.iter().chain(&files.file).cloned().collect(),
                workspace: self.workspace.clone(),
                // The last one of a name wins, and the first one that is looked at is taken.
                variables: files.var.iter().rev().cloned().collect(),
                variable_files: files.var_file.iter().rev().cloned().collect(),
                with_whole: false,
            },
            environment: session.environment.clone(),
            selectors: files.selector.clone(),
            targets: files.target.clone(),
            names: files.names.clone(),
            excluded: files.exclude.clone(),
            prune: plan.prune,
            resend: plan.resend.clone(),
            shard: plan.shard.shard,
        })
    }

    /// Loads the files and checks them. Their findings are shown before anything is sent.
    pub fn check(&self, session: &Session) -> Result<Checked, CommandError> {
        self.check_for(session, &PlanArguments::default())
    }

    /// The same for a run that makes a plan.
    pub fn check_for(
        &self,
        session: &Session,
        plan: &PlanArguments,
    ) -> Result<Checked, CommandError> {
        let opened = self.open_for(session, plan)?;
        check(opened.load(&mut std::io::stdin())?, session)
    }

    /// The same for a run that compares with an earlier version of the files: the whole workspace.
    pub fn check_to_compare(&self, session: &Session) -> Result<Checked, CommandError> {
        let opened = self.open(session)?;
        check(opened.load_to_compare()?, session)
    }
}

/// Checks what was loaded. Its findings are shown before anything is sent.
fn check(loaded: Loaded, session: &Session) -> Result<Checked, CommandError> {
    session.loaded(loaded.workspace());
    let checked = loaded.check()?;
    let mut early = Files::from(&*checked.opened.workspace);
    // Whether a pattern fits nothing, and whether two names mean one connection, may only be
    // known once what is remote is.
    let is_certain =
        |found: &&Diagnostic| !matches!(found.code, Code::IgnoresNothing | Code::SameDestination);
    let findings: Vec<Diagnostic> = early.findings.iter().filter(is_certain).cloned().collect();
    early.findings = &findings;
    session.findings(early);
    Ok(checked)
}

impl NetworkArguments {
    /// The link to the servers that these flags describe.
    pub fn link(&self, environment: &Environment, cancellation: Cancellation) -> Link {
        Link {
            http: HttpOptions {
                trust_hosts: self.trust_host.clone(),
                ..self.transport.http()
            },
            login: LoginOptions {
                oidc_audience: self.oidc_audience.clone(),
                organization_slug: self.organization_slug.clone(),
            },
            environment: environment.clone(),
            parallelism: self.parallelism,
            allow_projects: self.allow_project.clone(),
            state: self.transport.state.clone(),
            cancellation,
            watch: Arc::new(|_| {}),
        }
    }
}

impl TransportArguments {
    fn http(&self) -> HttpOptions {
        HttpOptions {
            timeout: self.timeout,
            ca_cert: self.ca_cert.clone(),
            ..HttpOptions::default()
        }
    }

    /// The link of a command that asks no provider.
    pub fn link(&self, environment: &Environment, cancellation: Cancellation) -> Link {
        Link {
            http: self.http(),
            login: LoginOptions::default(),
            environment: environment.clone(),
            parallelism: 1,
            allow_projects: Vec::new(),
            state: self.state.clone(),
            cancellation,
            watch: Arc::new(|_| {}),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{duration, parallelism, variable};

    #[test]
    fn durations_have_units() {
        for (text, millis) in [
            ("30s", 30_000),
            ("2m", 120_000),
            ("500ms", 500),
            ("7", 7_000),
            ("1.5s", 1_500),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "s", "0s", "-1s", "2 m", "1d", "1e9s", "25h", "."] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_variable_has_a_name_and_any_value() {
        assert_eq!(variable("A=b=c"), Ok(("A".to_owned(), "b=c".to_owned())));
        assert_eq!(variable("A="), Ok(("A".to_owned(), String::new())));
        assert!(variable("A").is_err() && variable("1A=x").is_err());
    }

    #[test]
    fn parallelism_is_bounded() {
        assert!(
            parallelism("0").is_err() && parallelism("65").is_err() && parallelism("4") == Ok(4)
        );
    }
}
