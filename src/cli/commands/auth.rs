//! `secsync auth check`: whether the credentials work, without touching anything.

use std::collections::BTreeSet;
use std::fmt;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::cli::arguments::{LoadArguments, NetworkArguments};
use crate::cli::command::{Command, CommandFrame, CommandOutcome, Human, Session, View};
use crate::cli::output::{Offer, OutputArguments};
use crate::core::remote::IdentityScope;
use crate::core::text::visible;
use crate::core::words::count;
use crate::environment::rfc_3339;
use crate::error::CommandError;
use crate::pipeline::link::Providers;
use crate::pipeline::{Checked, Link};
use crate::provider::Provider;
use crate::render::json::JsonBody;
use crate::render::warning;

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

    fn frame(&self) -> CommandFrame<'_> {
        CommandFrame::of(&self.output).in_sandbox(self.network.sandbox)
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
    let known = match provider {
        Provider::Managed(provider) => {
            let projects = provider.projects().await?.len();
            let known = provider.identity().await?;
            Known {
                method: Some(provider.auth_method()),
                projects: Some(projects),
                identity: (known.id.is_some() || known.name.is_some()).then_some(Named {
                    id: known.id,
                    name: known.name,
                    slug: None,
                }),
                organization: known.organization.map(|organization| Named {
                    id: Some(organization.id),
                    name: organization.name,
                    slug: organization.slug,
                }),
                missed_organization: known.missed_organization,
                scope: known.scope.map(IdentityScope::word),
                token_ends: known.token_ends.and_then(rfc_3339),
            }
        }
        Provider::StartOnly(_) => Known::default(),
    };
    Ok(Identity {
        provider: name,
        server,
        known,
    })
}

/// What follows for an identity that sees no project.
const NO_PROJECT: &str = "This identity can neither plan nor apply anything. Add it to a project, \
                          or check that the server and the organization (--organization-slug) are the right ones.";

/// The identities that the credentials belong to.
pub struct Identities(Vec<Identity>);

/// An identity on a platform.
#[derive(Serialize)]
struct Identity {
    provider: String,
    server: String,
    #[serde(flatten)]
    known: Known,
}

/// What a platform shows of an identity; nothing if it has no way to check a credential.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Known {
    /// How it logged in.
    method: Option<String>,
    /// How many projects it can see.
    projects: Option<usize>,
    identity: Option<Named>,
    organization: Option<Named>,
    /// The slug of the organization that the login asked for, if this is another one.
    #[serde(skip)]
    missed_organization: Option<String>,
    scope: Option<&'static str>,
    /// When its access token ends, in RFC 3339 and UTC.
    token_ends: Option<String>,
}

/// Something that a platform names in up to three ways.
#[derive(Serialize)]
struct Named {
    id: Option<String>,
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slug: Option<String>,
}

impl fmt::Display for Named {
    /// The best way to name it, and the others behind it: `ci (3d9a4c1e-…)`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = [&self.name, &self.slug, &self.id].into_iter().flatten();
        let first = names.next().map_or("", String::as_str);
        let others: Vec<&str> = names.map(String::as_str).collect();
        match others.as_slice() {
            [] => write!(formatter, "{first}"),
            others => write!(formatter, "{first} ({})", others.join(", ")),
        }
    }
}

impl Known {
    /// What is likely wrong with the login although the server accepted it, as full sentences.
    fn warnings(&self) -> Vec<String> {
        let elsewhere = self.missed_organization.as_ref().map(|slug| {
            format!(
                "The login asked for the organization `{}`, and acts in another one: this server does \
                 not know it, or does not know sub-organizations.",
                visible(slug)
            )
        });
        let blind = (self.projects == Some(0)).then(|| NO_PROJECT.to_owned());
        elsewhere.into_iter().chain(blind).collect()
    }

    /// A line for each thing that there is to know of an identity.
    fn lines(&self) -> String {
        let text = |named: &Option<Named>| named.as_ref().map(|named| visible(&named.to_string()));
        [
            ("identity", text(&self.identity)),
            ("organization", text(&self.organization)),
            ("scope", self.scope.map(str::to_owned)),
            ("token ends", self.token_ends.clone()),
        ]
        .map(|(what, value)| {
            let what = format!("{what}:");
            let value = value.unwrap_or_else(|| "not shown by this server".to_owned());
            format!("  {what:<14}{value}\n")
        })
        .concat()
    }
}

impl CommandOutcome for Identities {
    fn human(&self, _view: View) -> Human {
        let mut text = String::new();
        for Identity {
            provider,
            server,
            known,
        } in &self.0
        {
            text.push_str(&match (&known.method, known.projects) {
                (Some(method), Some(projects)) => {
                    let sees = count(projects, "project");
                    let mut lines = format!(
                        "{provider}: logged in to {server} with {method}, and sees {sees}.\n{}",
                        known.lines()
                    );
                    for text in known.warnings() {
                        lines.push_str(&warning(&text));
                    }
                    lines
                }
                _ => format!(
                    "{provider}: a token for {server} is set; the platform has no way to check \
                     it.\n"
                ),
            });
        }
        text.into()
    }

    fn json(&self) -> Box<dyn JsonBody + '_> {
        #[derive(Serialize)]
        struct Body<'a> {
            identities: &'a [Identity],
            warnings: Vec<String>,
        }
        let of = |identity: &Identity| {
            let named = |text| format!("{}: {text}", identity.provider);
            identity
                .known
                .warnings()
                .into_iter()
                .map(named)
                .collect::<Vec<_>>()
        };
        Box::new(Body {
            identities: &self.0,
            warnings: self.0.iter().flat_map(of).collect(),
        })
    }
}
