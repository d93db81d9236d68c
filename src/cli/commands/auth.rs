//! `secsync auth check`: whether the credentials work, without touching anything.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::cli::arguments::{LoadArguments, NetworkArguments, OutputArguments};
use crate::cli::command::{Command, Human, Outcome, Session, View};
use crate::cli::output::Offer;
use crate::core::words::count;
use crate::error::CommandError;
use crate::pipeline::link::Providers;
use crate::pipeline::{Checked, Link};
use crate::provider::Provider;
use crate::render::{SANDBOX, warning};

/// The arguments of `auth`.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// Log in to each provider that the files use, and count the projects that it shows. Without
    /// sync files, to each provider whose credentials are set.
    Check(Check),
}

/// The arguments of `auth check`.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    load: LoadArguments,
    #[command(flatten)]
    network: NetworkArguments,
    #[command(flatten)]
    output: OutputArguments,
}

impl Command for Check {
    const NAME: &'static str = "auth";
    const FORMATS: Offer = Offer::Basic;
    type Outcome = Identities;

    fn output(&self) -> &OutputArguments {
        &self.output
    }

    fn is_sandbox(&self) -> bool {
        self.network.sandbox
    }

    fn run(self, session: &Session) -> Result<Identities, CommandError> {
        let checked = if self.load.names_files() {
            self.load.check(session)?
        } else {
            self.load.check_what_exists(session)?
        };
        session.online(&self.network, checked, async |checked: Checked, link| {
            let mut identities = Vec::new();
            for (name, provider) in connect(&checked, link)? {
                identities.push(identity(name, &provider).await?);
            }
            Ok(Identities(identities))
        })
    }
}

/// The providers that the files use; if they use none, those whose credentials are set.
fn connect(checked: &Checked, link: &Link) -> Result<Providers, CommandError> {
    let used = checked.connect(link)?;
    if !used.is_empty() {
        return Ok(used);
    }
    let mut providers = Providers::new();
    let mut errors = Vec::new();
    for name in checked.opened.workspace.config.providers.keys() {
        match link.connect(&checked.opened, &BTreeSet::from([name.clone()])) {
            Ok(connected) => providers.extend(connected),
            Err(error) => errors.push(error),
        }
    }
    if providers.is_empty() {
        CommandError::all(errors)?;
    }
    Ok(providers)
}

async fn identity(name: String, provider: &Provider) -> Result<Identity, CommandError> {
    let server = provider.server().to_owned();
    let (method, projects) = match provider {
        Provider::Managed(provider) => {
            let projects = provider.projects().await?.len();
            (Some(provider.auth_method()), Some(projects))
        }
        Provider::StartOnly(_) => (None, None),
    };
    Ok(Identity {
        provider: name,
        server,
        method,
        projects,
    })
}

/// What follows for an identity that sees no project.
const NO_PROJECT: &str = "This identity can neither plan nor apply anything. Add it to a project, \
                          or check that the server and the organization are the right ones.";

/// The identities that the credentials belong to.
pub struct Identities(Vec<Identity>);

/// An identity on a platform, as far as the platform shows it.
#[derive(Serialize)]
struct Identity {
    provider: String,
    server: String,
    /// How it logged in; `None` if the platform has no way to check a credential.
    method: Option<String>,
    /// How many projects it can see.
    projects: Option<usize>,
}

impl Outcome for Identities {
    fn human(&self, view: View) -> Human {
        let mut text = String::new();
        if view.is_sandbox {
            text.push_str(SANDBOX);
            text.push('\n');
        }
        for Identity {
            provider,
            server,
            method,
            projects,
        } in &self.0
        {
            text.push_str(&match (method, projects) {
                (Some(method), Some(projects)) => {
                    let sees = count(*projects, "project");
                    let mut line = format!(
                        "{provider}: logged in to {server} with {method}, and sees {sees}.\n"
                    );
                    if *projects == 0 {
                        line.push_str(&warning(NO_PROJECT));
                    }
                    line
                }
                _ => format!(
                    "{provider}: a token for {server} is set; the platform has no way to check \
                     it.\n"
                ),
            });
        }
        text.into()
    }

    fn json(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Body<'a> {
            identities: &'a [Identity],
            warnings: Vec<String>,
        }
        let blind = self
            .0
            .iter()
            .filter(|identity| identity.projects == Some(0));
        Body {
            identities: &self.0,
            warnings: blind
                .map(|identity| format!("{}: {NO_PROJECT}", identity.provider))
                .collect(),
        }
    }
}
